//! The JSON that crosses the boundary between host and guest, with every bound of the contract.
//!
//! Guests answer with text. What it has to be depends on the export, and, where the yoi host is more
//! lenient than its documents, on the [`Profile`](crate::Profile). Every reader here takes the text once;
//! only a text that is refused is read a second time, to say exactly why.
//!
//! - to the guest: [`IngressEvent`]
//! - from the guest: [`PluginStatus`], [`ToolOutput`], [`ServiceOutput`], [`OutputCommand`]

mod command;
mod event;
mod scan;
mod service;
mod status;
mod tool;

pub use command::{CommandKind, CommandRejection, OutputCommand};
pub use event::{EventError, IngressEvent};
pub(super) use scan::is_surely_json;
pub use service::{ServiceAnswer, ServiceOutput};
pub use status::{PluginStatus, StatusAnswer};
pub use tool::{ToolError, ToolOutput};

use serde_json::Value;

use crate::limits;
use crate::text::bounded;

/// How an answer breaks the contract. The messages read after the name of the export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// No bytes at all.
    #[error("answered nothing")]
    Empty,
    /// More than the export may answer with.
    #[error("answered {bytes} bytes, {limit} are allowed")]
    TooLarge {
        /// Bytes of the answer.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not JSON; what the parser says, with line and column.
    #[error("answered something that is not JSON: {0}")]
    NotJson(String),
    /// JSON, but not the object that was wanted.
    #[error("answered {found} where an object is wanted")]
    NotAnObject {
        /// What kind of value it was.
        found: &'static str,
    },
    /// An object with a key that it may not have.
    #[error("answered an object with the key `{0}`, which is not part of it")]
    UnsupportedKey(String),
    /// An object without a key that it must have.
    #[error("answered an object without `{0}`")]
    Missing(&'static str),
    /// A key whose value is of the wrong kind.
    #[error("answered with `{key}` as {found}; it must be {wanted}")]
    WrongType {
        /// The key.
        key: &'static str,
        /// What its value must be.
        wanted: &'static str,
        /// What it is.
        found: &'static str,
    },
    /// A summary of no characters.
    #[error("answered with an empty `summary`")]
    EmptySummary,
    /// A summary longer than a model is given.
    #[error("answered with a `summary` of {bytes} bytes, {limit} are allowed")]
    LongSummary {
        /// Bytes of the summary.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
}

/// Read `answer` as JSON once its size is known to be right.
fn read_value(answer: &str, limit: usize) -> Result<Value, OutputError> {
    check_size(answer, limit)?;
    serde_json::from_str(answer).map_err(not_json)
}

fn check_size(answer: &str, limit: usize) -> Result<(), OutputError> {
    if answer.is_empty() {
        return Err(OutputError::Empty);
    }
    if answer.len() > limit {
        return Err(OutputError::TooLarge {
            bytes: answer.len(),
            limit,
        });
    }
    Ok(())
}

fn not_json(error: serde_json::Error) -> OutputError {
    OutputError::NotJson(bounded(&error.to_string(), limits::MESSAGE_BYTES).into_owned())
}

/// The kind of a value, with its article, for a message.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
