//! The client's end of the protocol, line by line: what a case says to a host and hears of it.

use std::io::{self, BufRead, BufReader, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use yoi_host::ptc::{Host, Interpreter, PtcLimits};

use super::language::Language;
use super::target::Tamper;
use crate::context::OnInterrupt;
use crate::target::{Child, ChildError};
use crate::{Context, Stop};

/// A host that has greeted.
pub(super) struct Peer {
    link: Link,
    greeting: Message,
    language: Language,
    requests: u64,
    /// A call that came where none was awaited.
    stray: Option<String>,
}

enum Link {
    Child(Child),
    Host {
        to: Option<io::PipeWriter>,
        from: Receiver<Vec<u8>>,
        tamper: Option<Tamper>,
    },
}

/// A line of a host.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    #[serde(rename = "type")]
    pub(super) kind: Option<String>,
    pub(super) id: Option<Value>,
    pub(super) ok: Option<bool>,
    pub(super) result: Option<Box<RawValue>>,
    pub(super) error: Option<Value>,
    pub(super) error_code: Option<String>,
    pub(super) tool: Option<String>,
    pub(super) args: Option<Box<RawValue>>,
    pub(super) request_id: Option<Value>,
    pub(super) capabilities: Map<String, Value>,
    /// As it was written.
    #[serde(skip)]
    pub(super) text: String,
}

/// A call of a tool, as a host tells it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) id: Value,
    pub(super) tool: String,
    /// JSON, as it was written.
    pub(super) args: String,
}

/// What a tool answers.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// A value, as JSON.
    Value(String),
    /// A failure of this name and message.
    Fails(&'static str, &'static str),
    /// The members of an answer besides its type and id, as JSON.
    Raw(&'static str),
    /// Nothing.
    Never,
}

/// What a run came to.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) envelope: Envelope,
    /// The envelope, as it was written, or the whole answer where there is none.
    pub(super) text: String,
    pub(super) calls: Vec<Call>,
    /// Why there is no envelope.
    pub(super) refused: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Envelope {
    pub(super) ok: bool,
    pub(super) stdout: String,
    pub(super) stderr: String,
    #[serde(deserialize_with = "present")]
    pub(super) value: Option<Box<RawValue>>,
    pub(super) error: Option<String>,
    pub(super) message: Option<String>,
    pub(super) traceback: Option<String>,
}

fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::deserialize(from).map(Some)
}

impl Message {
    fn read(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?.trim_end();
        let message: Self = serde_json::from_str(text).ok()?;
        Some(Self {
            text: text.to_owned(),
            ..message
        })
    }

    /// The call that it is, if it is one.
    pub(super) fn call(&self) -> Option<Call> {
        if self.kind.as_deref() != Some("host_call") {
            return None;
        }
        Some(Call {
            id: self.id.clone()?,
            tool: self.tool.clone()?,
            args: self.args.as_ref()?.get().to_owned(),
        })
    }
}

impl Ran {
    /// The value as it was written, of a run that has one.
    pub(super) fn value(&self) -> Option<&str> {
        let value = self.envelope.value.as_deref().filter(|_| self.envelope.ok);
        value.map(RawValue::get)
    }
}

impl Peer {
    /// A host in a process of its own.
    pub(super) fn spawn(context: &Context, command: &[String]) -> Result<(Self, Option<OnInterrupt>), Stop> {
        let (program, arguments) = command
            .split_first()
            .ok_or_else(|| Stop::Harness("a command has no words".to_owned()))?;
        let child = Child::spawn(program, arguments).map_err(could_not_run)?;
        let ender = child.ender();
        let hook = context.on_interrupt(move || ender.end());
        Ok((Self::greeted(context, Link::Child(child))?, Some(hook)))
    }

    /// A host in this process, of this engine.
    pub(super) fn of_engine(
        context: &Context,
        engine: &Interpreter,
        limits: PtcLimits,
        tamper: Option<Tamper>,
    ) -> Result<Self, Stop> {
        let harness = |error: io::Error| Stop::Harness(error.to_string());
        let (input, to) = io::pipe().map_err(harness)?;
        let (output, from_host) = io::pipe().map_err(harness)?;
        let engine = engine.clone();
        // It ends with its input.
        thread::spawn(move || {
            let host = Host {
                boot: &|| Ok(engine.clone()),
                engine: "target",
                limits,
                process: 1,
            };
            // Whatever it could not write or read, whoever listens has noticed.
            let _ = host.serve(input, from_host, io::sink());
        });
        let (lines, from) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while let Ok(1..) = output.read_until(b'\n', &mut line) {
                let said = std::mem::take(&mut line);
                for line in Tamper::said(tamper, said) {
                    if lines.send(line).is_err() {
                        return;
                    }
                }
            }
        });
        Self::greeted(
            context,
            Link::Host {
                to: Some(to),
                from,
                tamper,
            },
        )
    }

    fn greeted(context: &Context, link: Link) -> Result<Self, Stop> {
        let mut peer = Self {
            link,
            greeting: Message::default(),
            language: Language::Python,
            requests: 0,
            stray: None,
        };
        peer.greeting = peer.next(context).map_err(|stop| match stop {
            Stop::Fail(finding) => Stop::CouldNotRun(format!("the host does not greet: {}", finding.seen)),
            other => other,
        })?;
        Ok(peer)
    }

    /// Its first line.
    pub(super) const fn greeting(&self) -> &Message {
        &self.greeting
    }

    /// What its code is written in: Python, until it was asked.
    pub(super) const fn language(&self) -> Language {
        self.language
    }

    /// Ask what its code is written in. It boots for that.
    pub(super) fn learn_language(&mut self, context: &Context) -> Result<(), Stop> {
        let ran = self.run(context, Language::QUESTION, &[], |_| Answer::Never)?;
        self.language = Language::of_answer(ran.value());
        Ok(())
    }

    /// Say a line, whatever it is.
    pub(super) fn say(&mut self, context: &Context, line: &str) -> Result<(), Stop> {
        context.sent("line", line);
        self.say_bytes(format!("{line}\n").into_bytes())
    }

    /// Say bytes, whatever they are.
    pub(super) fn say_bytes(&mut self, bytes: Vec<u8>) -> Result<(), Stop> {
        match &mut self.link {
            Link::Child(child) => child.send_bytes(bytes).map_err(gone),
            Link::Host { to, tamper, .. } => {
                let Some(to) = to else {
                    return Err(Stop::Harness("its input is over".to_owned()));
                };
                to.write_all(&Tamper::heard(*tamper, bytes)).map_err(gone)
            }
        }
    }

    /// Its input is over.
    pub(super) fn say_no_more(&mut self) {
        match &mut self.link {
            Link::Child(child) => child.send_no_more(),
            Link::Host { to, .. } => *to = None,
        }
    }

    /// Its next line.
    pub(super) fn next(&mut self, context: &Context) -> Result<Message, Stop> {
        self.line(context)?
            .ok_or_else(|| Stop::fail("another line", "the host's output is over"))
    }

    /// Its next line, if there is one more.
    pub(super) fn line(&mut self, context: &Context) -> Result<Option<Message>, Stop> {
        let patience = context.remaining();
        match self.read(patience) {
            Ok(line) => Self::message(context, &line).map(Some),
            Err(Silence::Over) => Ok(None),
            Err(Silence::Quiet) => Err(Stop::fail(
                "a line of the host's",
                format!("nothing for {patience:?}"),
            )),
            Err(Silence::Broken(said)) => Err(Stop::fail("a line of the host's", said)),
        }
    }

    /// Its next line, if one comes so soon.
    pub(super) fn within(&mut self, context: &Context, patience: Duration) -> Result<Option<Message>, Stop> {
        match self.read(patience.min(context.remaining())) {
            Ok(line) => Self::message(context, &line).map(Some),
            Err(Silence::Quiet) => Ok(None),
            Err(Silence::Over) => Err(Stop::fail("another line", "the host's output is over")),
            Err(Silence::Broken(said)) => Err(Stop::fail("a line of the host's", said)),
        }
    }

    fn message(context: &Context, line: &[u8]) -> Result<Message, Stop> {
        let message = Message::read(line).ok_or_else(|| {
            Stop::fail(
                "lines of JSON objects",
                String::from_utf8_lossy(line).into_owned(),
            )
        })?;
        context.got("line", &message.text);
        Ok(message)
    }

    fn read(&mut self, patience: Duration) -> Result<Vec<u8>, Silence> {
        match &mut self.link {
            Link::Child(child) => child.receive_line(patience).map_err(|error| match error {
                ChildError::Ended { .. } => Silence::Over,
                ChildError::Silent { .. } => Silence::Quiet,
                other => Silence::Broken(other.to_string()),
            }),
            Link::Host { from, .. } => from.recv_timeout(patience).map_err(|error| match error {
                RecvTimeoutError::Disconnected => Silence::Over,
                RecvTimeoutError::Timeout => Silence::Quiet,
            }),
        }
    }

    /// The exit status of a process whose output is over; 0 of a host in this one.
    pub(super) fn status(&mut self, context: &Context) -> Result<Option<i32>, Stop> {
        match &mut self.link {
            Link::Child(child) => {
                let status = child.finish(context.remaining()).map_err(gone)?;
                Ok(status.code())
            }
            Link::Host { .. } => Ok(Some(0)),
        }
    }

    /// Ask for a run, and give back the request's id.
    pub(super) fn start(
        &mut self,
        context: &Context,
        code: &str,
        tools: &[&str],
        more: &Value,
    ) -> Result<u64, Stop> {
        self.requests += 1;
        let mut params = json!({"code": code, "tools": tools});
        if let (Some(params), Some(more)) = (params.as_object_mut(), more.as_object()) {
            params.extend(more.clone());
        }
        let line = json!({"id": self.requests, "method": "runPtc", "params": params});
        self.say(context, &line.to_string())?;
        Ok(self.requests)
    }

    /// Answer a call.
    pub(super) fn answer(&mut self, context: &Context, id: &Value, answer: &Answer) -> Result<(), Stop> {
        let rest = match answer {
            Answer::Value(value) => format!(",\"ok\":true,\"value\":{value}"),
            Answer::Fails(error, message) => {
                format!(
                    ",\"ok\":false,\"error\":{},\"message\":{}",
                    json!(error),
                    json!(message)
                )
            }
            Answer::Raw(rest) => (*rest).to_owned(),
            Answer::Never => return Ok(()),
        };
        self.say(
            context,
            &format!("{{\"type\":\"host_call_result\",\"id\":{id}{rest}}}"),
        )
    }

    /// Run code to its end, its calls answered as they come.
    pub(super) fn run(
        &mut self,
        context: &Context,
        code: &str,
        tools: &[&str],
        mut tool: impl FnMut(&Call) -> Answer,
    ) -> Result<Ran, Stop> {
        let id = self.start(context, code, tools, &Value::Null)?;
        let mut calls = Vec::new();
        loop {
            let message = self.next(context)?;
            if let Some(call) = message.call() {
                let answer = tool(&call);
                self.answer(context, &call.id, &answer)?;
                calls.push(call);
            } else if message.id == Some(id.into()) {
                return ran(message, calls);
            } else {
                return Err(Stop::fail(
                    format!("a call, or the answer to request {id}"),
                    message.text,
                ));
            }
        }
    }

    /// The answer to a request, after which nothing was called.
    pub(super) fn ask(&mut self, context: &Context, method: &str, params: &Value) -> Result<Message, Stop> {
        self.requests += 1;
        let id = self.requests;
        let line = json!({"id": id, "method": method, "params": params});
        self.say(context, &line.to_string())?;
        loop {
            let message = self.next(context)?;
            if message.id == Some(id.into()) && message.kind.is_none() {
                return Ok(message);
            }
            self.stray.get_or_insert(message.text);
        }
    }

    /// See to it that nothing comes any more of what was.
    pub(super) fn settle(&mut self, context: &Context) -> Result<(), Stop> {
        self.ask(context, "nothing-of-the-kind", &json!({}))?;
        match self.stray.take() {
            None => Ok(()),
            Some(text) => Err(Stop::fail("nothing after a run's answer", text)),
        }
    }
}

/// The answer to a run.
pub(super) fn ran(message: Message, calls: Vec<Call>) -> Result<Ran, Stop> {
    #[derive(Deserialize)]
    struct Enveloped {
        envelope: Box<RawValue>,
    }
    if message.ok != Some(true) {
        let refused = message.error.as_ref().and_then(Value::as_str).unwrap_or_default();
        return Ok(Ran {
            envelope: Envelope::default(),
            refused: Some(refused.to_owned()),
            text: message.text,
            calls,
        });
    }
    let result = message.result.as_ref().map_or("null", |result| result.get());
    let none = || Stop::fail("a result with an envelope", message.text.clone());
    let Enveloped { envelope } = serde_json::from_str(result).map_err(|_| none())?;
    Ok(Ran {
        text: envelope.get().to_owned(),
        envelope: serde_json::from_str(envelope.get()).map_err(|_| none())?,
        calls,
        refused: None,
    })
}

enum Silence {
    Over,
    Quiet,
    Broken(String),
}

fn could_not_run(error: ChildError) -> Stop {
    Stop::CouldNotRun(error.to_string())
}

fn gone(error: impl std::fmt::Display) -> Stop {
    Stop::fail("a host that goes on", error.to_string())
}
