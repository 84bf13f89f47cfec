//! The messages, and what is wrong with what is none.

use std::borrow::Cow;
use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::json::{self, Json};

/// Whether messages bear their version. There are peers that leave it out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Version {
    /// `"jsonrpc":"2.0"`.
    #[default]
    Written,
    /// Left out.
    Omitted,
}

/// The name of a request: a string, a number, or `null`, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(String);

impl Id {
    /// A number.
    #[must_use]
    pub fn of_number(number: u64) -> Self {
        Self(number.to_string())
    }

    /// A string.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        Self(quoted(text))
    }

    /// The JSON text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    fn of(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        // Two ways to write one string are one id.
        if let Some(string) = json::string(Some(raw)) {
            return Some(Self::of_text(&string));
        }
        let is_one = !text.starts_with(['{', '[']) && text != "true" && text != "false";
        is_one.then(|| Self(text.to_owned()))
    }
}

/// Something that a peer says.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// A question.
    Request {
        /// Its name.
        id: Id,
        /// What is asked for.
        method: String,
        /// With what.
        params: Option<Json>,
    },
    /// Something that is told, and not answered.
    Notification {
        /// What.
        method: String,
        /// With what.
        params: Option<Json>,
    },
    /// An answer.
    Reply {
        /// To which question. One that names none is an answer all the same, which belongs to nobody.
        id: Option<Id>,
        /// What is answered.
        outcome: Result<Json, RpcError>,
    },
}

/// Why a question is not answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct RpcError {
    /// Which error. Those from -32768 to -32000 are the protocol's.
    pub code: i64,
    /// In words.
    pub message: String,
    /// What is known besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Json>,
}

impl RpcError {
    /// No JSON.
    pub const PARSE: i64 = -32700;
    /// JSON, and no message.
    pub const INVALID_REQUEST: i64 = -32600;
    /// No such method.
    pub const METHOD_NOT_FOUND: i64 = -32601;
    /// A method that takes something else.
    pub const INVALID_PARAMS: i64 = -32602;
    /// A fault of whoever answers.
    pub const INTERNAL: i64 = -32603;
    /// Whoever answers failed at it.
    pub const FAILED: i64 = -32000;
    /// Whoever answers has too much to do.
    pub const BUSY: i64 = -32001;
    /// Whoever asked took it back.
    pub const CANCELLED: i64 = -32800;

    /// An error without more to it than words.
    #[must_use]
    pub fn new(code: i64, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// What a peer calls an error, as far as it is one: without a code it has the code 0, and without a message its
    /// text.
    fn of(raw: &RawValue) -> Self {
        let [code, message, data] = json::of(Some(raw), ["code", "message", "data"]);
        Self {
            code: code.and_then(|code| code.get().parse().ok()).unwrap_or_default(),
            message: json::string(message).map_or_else(|| raw.get().to_owned(), Cow::into_owned),
            data: data.map(Json::from),
        }
    }

    /// There is no such method.
    #[must_use]
    pub fn method_not_found(method: &str) -> Self {
        let data = serde_json::json!({ "method": method });
        Self {
            data: Some(Json::from(&data)),
            ..Self::new(Self::METHOD_NOT_FOUND, format!("Unknown op: {method}"))
        }
    }
}

/// What is wrong with a line that is no message.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// The name of the request that it may have been, as far as it has one.
    pub id: Option<Id>,
    /// What is wrong.
    pub error: RpcError,
}

impl Fault {
    /// The line that tells the other side. Whoever has no name for what they asked is told under the name `null`.
    #[must_use]
    pub fn line(self, version: Version) -> String {
        let (id, outcome) = (self.id, Err(self.error));
        Message::Reply { id, outcome }.line(version)
    }
}

impl Message {
    /// The message that a line is.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub fn read(line: &str) -> Result<Self, Fault> {
        let fault = |id: Option<Id>, code, message: Cow<'static, str>| Fault {
            id,
            error: RpcError::new(code, message),
        };
        let names = ["jsonrpc", "id", "method", "params", "result", "error"];
        let members = json::members_and_nulls(line, names)
            .map_err(|error| fault(None, RpcError::PARSE, format!("Parse error: {error}").into()))?;
        let invalid = |id, what: &'static str| fault(id, RpcError::INVALID_REQUEST, what.into());
        let Some([version, id, method, params, result, error]) = members else {
            return Err(invalid(
                None,
                "Invalid Request: a message is an object; batches are not taken",
            ));
        };
        let named = id.and_then(Id::of);
        if version.is_some() && json::string(version).as_deref() != Some("2.0") {
            return Err(invalid(named, "Invalid Request: the version is not 2.0"));
        }
        if id.is_some() && named.is_none() {
            return Err(invalid(
                None,
                "Invalid Request: an id is a string, a number or null",
            ));
        }
        let params = params.filter(|params| params.get() != "null");
        match (json::string(method), method.is_some()) {
            (Some(method), _) => {
                if params.is_some_and(|params| !params.get().starts_with(['{', '['])) {
                    return Err(invalid(named, "Invalid Request: params are an object or a list"));
                }
                let (method, params) = (method.into_owned(), params.map(Json::from));
                Ok(match named {
                    Some(id) => Self::Request { id, method, params },
                    None => Self::Notification { method, params },
                })
            }
            (None, true) => Err(invalid(named, "Invalid Request: a method is a string")),
            (None, false) => {
                // An error that is `null` is none.
                let is_error = error.is_some_and(|error| error.get() != "null");
                let outcome = match (error, result) {
                    (Some(error), _) if is_error => Err(RpcError::of(error)),
                    (_, Some(result)) => Ok(Json::from(result)),
                    (Some(null), None) => Ok(Json::from(null)),
                    (None, None) => return Err(invalid(named, "Invalid Request: there is no method")),
                };
                Ok(Self::Reply { id: named, outcome })
            }
        }
    }

    /// The line that it is.
    #[must_use]
    pub fn line(&self, version: Version) -> String {
        let mut line = String::from(match version {
            Version::Written => r#"{"jsonrpc":"2.0""#,
            Version::Omitted => "{",
        });
        let mut member = |name: &str, json: &str| {
            let comma = if line.len() > 1 { "," } else { "" };
            let _ = write!(line, "{comma}\"{name}\":{json}");
        };
        match self {
            Self::Request { id, method, params } => {
                member("id", id.text());
                member("method", &quoted(method));
                if let Some(params) = params {
                    member("params", &params.compact());
                }
            }
            Self::Notification { method, params } => {
                member("method", &quoted(method));
                if let Some(params) = params {
                    member("params", &params.compact());
                }
            }
            Self::Reply { id, outcome } => {
                member("id", id.as_ref().map_or("null", Id::text));
                match outcome {
                    Ok(result) => member("result", &result.compact()),
                    Err(error) => member("error", &serde_json::to_string(error).unwrap_or_default()),
                }
            }
        }
        line.push('}');
        line
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
