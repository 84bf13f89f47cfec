//! A call of a tool, and what becomes of it.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::limits::PTC_ANSWER_LEVELS;

/// A call's number: 1 for the first of its session, and never used again in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct CallId(pub(super) u64);

impl CallId {
    /// The call of this number. Whether there is one, a session says.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A call that is handed to its tool.
#[derive(Debug, Clone)]
pub struct ToolCall {
    /// By which it is answered.
    pub id: CallId,
    /// The tool's name. It is on the run's list.
    pub tool: String,
    /// The arguments by name: a JSON object.
    pub args: Box<RawValue>,
}

/// How a tool failed. Code sees an exception of that name where its language has one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{name}: {message}")]
pub struct ToolError {
    /// The name of an error's class.
    pub name: String,
    /// What happened.
    pub message: String,
}

impl ToolError {
    /// A failure with this name and message.
    pub fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            message: message.into(),
        }
    }

    /// What becomes of an answer that is too large.
    pub(super) fn too_large(bytes: usize, limit: usize) -> Self {
        let said = format!("the tool's answer has {bytes} bytes as JSON, {limit} are allowed");
        Self::new("ResultLimitError", said)
    }

    /// What becomes of one that is nested too deeply for an engine to read.
    pub(super) fn too_deep() -> Self {
        let said = format!("the tool's answer is nested more than {PTC_ANSWER_LEVELS} levels deep");
        Self::new("ValueError", said)
    }
}

/// What a tool answers with: JSON, or a failure.
pub type ToolResult = Result<Box<RawValue>, ToolError>;

/// What is kept of a call.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct CallRecord {
    /// Its number.
    pub id: CallId,
    /// The tool's name.
    pub tool: String,
    /// Bytes of its arguments, as JSON.
    pub argument_bytes: usize,
    /// What became of it.
    pub fate: CallFate,
    /// From the beginning of the run until it was handed to its tool.
    #[serde(rename = "began_us", serialize_with = "maybe_micros")]
    #[schemars(with = "Option<f64>")]
    pub began: Option<Duration>,
    /// From then until it was answered, or until the run was over.
    #[serde(rename = "took_us", serialize_with = "maybe_micros")]
    #[schemars(with = "Option<f64>")]
    pub took: Option<Duration>,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CallFate {
    /// Its tool answered with a value.
    Answered {
        /// Bytes of the value, as JSON.
        bytes: usize,
    },
    /// Its tool failed.
    Failed {
        /// The error's name.
        error: String,
    },
    /// It was never handed to a tool: the run may not make it.
    Refused {
        /// The error's name.
        error: String,
    },
    /// Its tool did not answer in time.
    TimedOut,
    /// The run was over before it was answered.
    Pending,
}

fn maybe_micros<S: Serializer>(time: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => crate::text::micros(time, to),
        None => to.serialize_none(),
    }
}
