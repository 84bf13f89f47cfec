//! Why a host call was not carried out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::authority::Denial;

/// Why a host call was not carried out. It never holds a secret or the content of a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, JsonSchema)]
#[error("{message}")]
pub struct HostError {
    /// Which of the known reasons it is.
    pub code: HostErrorCode,
    /// The same in words, for a person.
    pub message: String,
    /// The decision behind it, where it was denied by one. The host's operator sees it, the guest does not.
    #[serde(skip)]
    pub denial: Option<Box<Denial>>,
}

/// The reasons for which a host call is not carried out. The set is closed: a guest may match on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostErrorCode {
    /// It was not declared, or not granted.
    Denied,
    /// What the guest asked for is malformed.
    Invalid,
    /// It is larger than may be.
    TooLarge,
    /// It is well-formed, and something that this host API does not do.
    Unsupported,
    /// It took too long.
    Timeout,
    /// The other side could not be reached.
    Unreachable,
    /// The other side answered against its protocol, or broke off.
    Failed,
    /// More are open than may be.
    TooMany,
    /// The handle is not open.
    UnknownHandle,
    /// There is no such file or directory.
    NotFound,
    /// A file or directory could not be used for another reason.
    Io,
}

impl HostError {
    /// An error with its message.
    #[must_use]
    pub fn new(code: HostErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            denial: None,
        }
    }

    /// A denial of the authority's, in these words.
    #[must_use]
    pub fn denied(message: impl Into<String>, denial: Denial) -> Self {
        Self {
            code: HostErrorCode::Denied,
            message: message.into(),
            denial: Some(Box::new(denial)),
        }
    }

    /// What a guest is given in place of an answer.
    #[must_use]
    pub fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Answer<'a> {
            error: &'a HostError,
        }
        serde_json::to_string(&Answer { error: self }).expect("a code and a text are JSON")
    }
}
