//! The protocol over a pipe, from the client's side: drives any host that speaks it, in a process of its own.
//!
//! - `process`: the host's process, and its three streams

mod process;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::process::Command;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::time::Instant;

use self::process::Process;
use super::call::{CallId, ToolCall, ToolError, ToolResult};
use super::drive::Tools;
use crate::limits::{PTC_CLIENT_STRAY_LINES, PTC_CLIENT_TIME, PTC_FAREWELL, PTC_SHOWN_BYTES};
use crate::text::bounded;
use crate::wire::Line;

/// A host in a process of its own. Dropped, it is killed.
pub struct Client {
    process: Process,
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
        let mut client = Self {
            process: Process::start(command).map_err(ClientError::Spawn)?,
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
        self.process.id()
    }

    /// The end of what the host wrote to standard error.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.process.stderr()
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
        let time = PTC_FAREWELL;
        tokio::time::timeout(time, self.process.gone())
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
        self.process.say(line.to_string().into_bytes());
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
            self.process.say(line);
        }
    }

    /// The next line that is JSON.
    async fn next(&mut self, method: &str, over: Instant) -> Result<Incoming, ClientError> {
        loop {
            let line = match tokio::time::timeout_at(over, self.process.hear()).await {
                Ok(Some(line)) => line,
                Ok(None) => {
                    return Err(ClientError::Gone(self.process.last_words().await));
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

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("process", &self.process.id())
            .field("capabilities", &self.capabilities)
            .finish_non_exhaustive()
    }
}

fn read_result<T: for<'de> Deserialize<'de>>(result: &RawValue) -> Result<T, ClientError> {
    serde_json::from_str(result.get())
        .map_err(|error| ClientError::Protocol(format!("its result cannot be read: {error}")))
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
