//! The protocol over a pipe, from the client's side: drives any host that speaks it, in a process of its own.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::call::{CallId, ToolCall, ToolError, ToolResult};
use super::drive::Tools;
use crate::limits::{
    PTC_CLIENT_STRAY_LINES, PTC_CLIENT_TIME, PTC_FAREWELL, PTC_LINE_BYTES, PTC_SHOWN_BYTES, WIRE_READ_BYTES,
};
use crate::text::bounded;
use crate::wire::{Line, LineReader};

/// Lines of a host that may wait for whoever drives it.
const WAITING_LINES: usize = 1024;

/// How long the last words of a host that is gone may take.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Bytes that are kept of the end of what a host writes to standard error.
const KEPT_STDERR: usize = 64 * 1024;

/// A host in a process of its own. Dropped, it is killed.
pub struct Client {
    child: Child,
    /// Lines for it.
    to: Option<Sender<Vec<u8>>>,
    /// Lines of it. It is over when the host's output is.
    from: mpsc::Receiver<Line>,
    stderr: Arc<Mutex<Vec<u8>>>,
    /// Done when the host's standard error is over.
    stderr_over: oneshot::Receiver<()>,
    capabilities: BTreeMap<String, Value>,
    requests: u64,
    time: Duration,
    strays: usize,
}

/// Why a host gave no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// It could not be started.
    #[error("failed to start the host: {0}")]
    Spawn(io::Error),
    /// It is gone.
    #[error("the host is gone{}", said(.0))]
    Gone(String),
    /// It says too much that is no part of the protocol, or too much that nobody asked for.
    #[error("the host does not speak the protocol: {0}")]
    Protocol(String),
    /// It answered with a failure.
    #[error("{error}")]
    Refused {
        /// What it says.
        error: String,
        /// Its name for it, where it has one.
        code: Option<String>,
    },
    /// It did not answer in time.
    #[error("the host did not answer `{method}` within {time:?}")]
    Time {
        /// What it was asked.
        method: String,
        /// How long it had.
        time: Duration,
    },
    /// It cannot call tools.
    #[error("the host does not announce the capability `host_call`: it cannot call tools")]
    NoHostCall,
}

/// A run's envelope, as a host in another process has it.
#[derive(Debug, Clone, Deserialize)]
pub struct PeerEnvelope {
    /// Whether there is a value.
    pub ok: bool,
    /// What the code printed.
    #[serde(default)]
    pub stdout: String,
    /// What it printed as an error.
    #[serde(default)]
    pub stderr: String,
    /// Its value, where it has one: JSON as the host wrote it.
    #[serde(default)]
    pub value: Option<Box<RawValue>>,
    /// The name of its error's class.
    #[serde(default)]
    pub error: Option<String>,
    /// What the error says.
    #[serde(default)]
    pub message: Option<String>,
    /// Where it was raised.
    #[serde(default)]
    pub traceback: Option<String>,
    /// Why the host ended it, for machines.
    #[serde(default)]
    pub error_code: Option<String>,
    /// Whether the session's state is gone with the run, where the host says so.
    #[serde(default)]
    pub session_lost: Option<bool>,
}

/// A line of a host, whichever it is.
#[derive(Debug, Deserialize)]
struct Incoming {
    #[serde(rename = "type")]
    kind: Option<String>,
    id: Option<Value>,
    ok: Option<bool>,
    result: Option<Box<RawValue>>,
    error: Option<String>,
    error_code: Option<String>,
    tool: Option<String>,
    args: Option<Box<RawValue>>,
    capabilities: Option<BTreeMap<String, Value>>,
}

#[derive(Serialize)]
struct CallResult<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

impl Client {
    /// Start a host and wait for its greeting. Its standard streams are the client's.
    ///
    /// # Errors
    ///
    /// [`ClientError::Spawn`], and whatever keeps it from greeting.
    pub async fn spawn(command: &mut Command) -> Result<Self, ClientError> {
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(ClientError::Spawn)?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("all three were asked for");
        };
        let (to, lines) = channel();
        let (into, from) = mpsc::channel(WAITING_LINES);
        let kept = Arc::new(Mutex::new(Vec::new()));
        let (over, stderr_over) = oneshot::channel();
        // They end with the host's ends of the pipes.
        thread::spawn(move || write_lines(stdin, &lines));
        thread::spawn(move || read_lines(stdout, &into));
        thread::spawn({
            let kept = Arc::clone(&kept);
            move || {
                keep_stderr(stderr, &kept);
                // Nobody may wait for it any more.
                let _ = over.send(());
            }
        });
        let mut client = Self {
            child,
            to: Some(to),
            from,
            stderr: kept,
            stderr_over,
            capabilities: BTreeMap::new(),
            requests: 0,
            time: PTC_CLIENT_TIME,
            strays: 0,
        };
        client.greeting().await?;
        Ok(client)
    }

    /// Wait at most so long for each request's answer.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// What the host announced.
    #[must_use]
    pub fn capabilities(&self) -> &BTreeMap<String, Value> {
        &self.capabilities
    }

    /// The host's process.
    #[must_use]
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// The end of what the host wrote to standard error.
    #[must_use]
    pub fn stderr(&self) -> String {
        let kept = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&kept).into_owned()
    }

    /// Ask something that calls no tools, and read its result.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub async fn request(&mut self, method: &str, params: Value) -> Result<Value, ClientError> {
        let result = self.exchange(method, &params, None).await?;
        read_result(&result)
    }

    /// Run code, its calls answered by `tools`. `params` may have what a host takes besides `code` and `tools`.
    ///
    /// # Errors
    ///
    /// [`ClientError`]. Code that fails is no error: its envelope says so.
    pub async fn run(
        &mut self,
        code: &str,
        names: &[String],
        tools: &dyn Tools,
        params: Value,
    ) -> Result<PeerEnvelope, ClientError> {
        #[derive(Deserialize)]
        struct Enveloped {
            envelope: PeerEnvelope,
        }
        if !self.capabilities.contains_key("host_call") {
            return Err(ClientError::NoHostCall);
        }
        let mut params = match params {
            Value::Object(params) => params,
            _ => serde_json::Map::new(),
        };
        params.insert("code".to_owned(), code.into());
        params.insert("tools".to_owned(), json!(names));
        let result = self
            .exchange("runPtc", &Value::Object(params), Some(tools))
            .await?;
        Ok(read_result::<Enveloped>(&result)?.envelope)
    }

    /// Say goodbye and wait until the host is gone.
    ///
    /// # Errors
    ///
    /// [`ClientError`] where it does not go, or not in order. It is killed then.
    pub async fn close(mut self) -> Result<(), ClientError> {
        self.request("close", json!({})).await?;
        self.to = None;
        // Its output is over when it is.
        let gone = async { while self.from.recv().await.is_some() {} };
        let time = PTC_FAREWELL;
        tokio::time::timeout(time, gone)
            .await
            .map_err(|_| ClientError::Time {
                method: "close".to_owned(),
                time,
            })
    }

    async fn greeting(&mut self) -> Result<(), ClientError> {
        let over = Instant::now() + self.time;
        loop {
            let incoming = self.next("start", over).await?;
            if incoming.kind.as_deref() == Some("ack") {
                self.capabilities = incoming.capabilities.unwrap_or_default();
                return Ok(());
            }
            self.stray("something before its greeting")?;
        }
    }

    /// One request and its answer, with the calls between them.
    async fn exchange(
        &mut self,
        method: &str,
        params: &Value,
        tools: Option<&dyn Tools>,
    ) -> Result<Box<RawValue>, ClientError> {
        self.requests += 1;
        let id = self.requests;
        let line = json!({"id": id, "method": method, "params": params});
        self.send(line.to_string().into_bytes());
        let over = Instant::now() + self.time;
        let mut with_tools: FuturesUnordered<BoxFuture<'_, (String, ToolResult)>> = FuturesUnordered::new();
        let mut calls = 0;
        loop {
            let incoming = tokio::select! {
                incoming = self.next(method, over) => incoming?,
                Some((name, outcome)) = with_tools.next(), if !with_tools.is_empty() => {
                    self.answer(&name, outcome);
                    continue;
                }
            };
            match incoming {
                Incoming {
                    kind: Some(kind),
                    id: Some(Value::String(name)),
                    tool: Some(tool),
                    args,
                    ..
                } if kind == "host_call" => {
                    calls += 1;
                    let call = ToolCall {
                        id: CallId::new(calls),
                        tool,
                        args: args.unwrap_or_else(|| RawValue::NULL.to_owned()),
                    };
                    match tools {
                        Some(tools) => {
                            let answered = tools.call(call).map(move |outcome| (name, outcome));
                            with_tools.push(answered.boxed());
                        }
                        None => {
                            let said = "no run of this client is under way";
                            self.answer(&name, Err(ToolError::new("PTCNotEnabled", said)));
                        }
                    }
                }
                Incoming {
                    id: Some(answered),
                    ok: Some(ok),
                    result,
                    error,
                    error_code,
                    ..
                } if answered == json!(id) => {
                    if !ok {
                        return Err(ClientError::Refused {
                            error: error.unwrap_or_default(),
                            code: error_code,
                        });
                    }
                    return result.ok_or_else(|| {
                        ClientError::Protocol(format!("`{method}` was answered without a result"))
                    });
                }
                _ => self.stray("an answer to nothing that was asked")?,
            }
        }
    }

    fn answer(&self, name: &str, outcome: ToolResult) {
        let outcome = outcome.as_ref();
        let line = CallResult {
            kind: "host_call_result",
            id: name,
            ok: outcome.is_ok(),
            value: outcome.ok().map(AsRef::as_ref),
            error: outcome.err().map(|error| error.name.as_str()),
            message: outcome.err().map(|error| error.message.as_str()),
        };
        if let Ok(line) = serde_json::to_vec(&line) {
            self.send(line);
        }
    }

    /// A host that is gone is noticed where its lines are read.
    fn send(&self, line: Vec<u8>) {
        if let Some(to) = &self.to {
            let _ = to.send(line);
        }
    }

    /// The next line that is JSON.
    async fn next(&mut self, method: &str, over: Instant) -> Result<Incoming, ClientError> {
        loop {
            let line = match tokio::time::timeout_at(over, self.from.recv()).await {
                Ok(Some(line)) => line,
                Ok(None) => {
                    // Its last words are on their way, unless somebody else holds that pipe.
                    let _ = tokio::time::timeout(LAST_WORDS, &mut self.stderr_over).await;
                    return Err(ClientError::Gone(self.stderr()));
                }
                Err(_) => {
                    return Err(ClientError::Time {
                        method: method.to_owned(),
                        time: self.time,
                    });
                }
            };
            let incoming = match &line {
                Line::Text(text) => serde_json::from_str(text).ok(),
                Line::TooLong { .. } | Line::NotText { .. } => None,
            };
            match incoming {
                Some(incoming) => return Ok(incoming),
                None => self.stray("lines that are no messages")?,
            }
        }
    }

    fn stray(&mut self, what: &str) -> Result<(), ClientError> {
        self.strays += 1;
        if self.strays > PTC_CLIENT_STRAY_LINES {
            return Err(ClientError::Protocol(format!("it sends {what}")));
        }
        Ok(())
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // One that is gone already cannot be killed; either way it is waited for, so that nothing is left of it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("process", &self.child.id())
            .field("capabilities", &self.capabilities)
            .finish_non_exhaustive()
    }
}

fn read_result<T: for<'de> Deserialize<'de>>(result: &RawValue) -> Result<T, ClientError> {
    serde_json::from_str(result.get())
        .map_err(|error| ClientError::Protocol(format!("its result cannot be read: {error}")))
}

fn write_lines(stdin: ChildStdin, lines: &Receiver<Vec<u8>>) {
    let mut stdin = BufWriter::new(stdin);
    while let Ok(line) = lines.recv() {
        let mut next = Some(line);
        // Whatever waits goes out in one piece.
        while let Some(line) = next {
            if stdin
                .write_all(&line)
                .and_then(|()| stdin.write_all(b"\n"))
                .is_err()
            {
                return;
            }
            next = lines.try_recv().ok();
        }
        if stdin.flush().is_err() {
            return;
        }
    }
}

fn read_lines(stdout: ChildStdout, into: &mpsc::Sender<Line>) {
    let mut lines = LineReader::new(stdout, PTC_LINE_BYTES);
    while let Ok(Some(line)) = lines.next_line() {
        if into.blocking_send(line).is_err() {
            return;
        }
    }
}

fn keep_stderr(mut stderr: ChildStderr, kept: &Mutex<Vec<u8>>) {
    let mut bytes = [0; WIRE_READ_BYTES];
    while let Ok(read @ 1..) = stderr.read(&mut bytes) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&bytes[..read]);
        let over = kept.len().saturating_sub(KEPT_STDERR);
        kept.drain(..over);
    }
}

/// What a host said before it went, for a message.
fn said(stderr: &str) -> String {
    match stderr.trim() {
        "" => String::new(),
        text => {
            // Its last words tell most.
            let from = text.ceil_char_boundary(text.len().saturating_sub(PTC_SHOWN_BYTES));
            format!(": {}", bounded(&text[from..], PTC_SHOWN_BYTES))
        }
    }
}
