//! The one vocabulary that every child agent's stream is put into.
//!
//! The first six kinds are the contract's. The others say what the contract has no word for; a reader that knows
//! only the six may leave them out and misses nothing that the six could have said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::message::Usage;
use crate::json::Json;

/// The kinds of the contract, in its order.
pub const NORMALIZED_EVENT_KINDS: [&str; 6] = ["text", "thinking", "tool_call", "resume", "finish", "failed"];

/// What a child agent did, in words that are the same for all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum NormalizedEvent {
    /// A piece of the answer.
    Text {
        /// What is added.
        delta: String,
    },
    /// A piece of what the model thinks.
    Thinking {
        /// What is added.
        delta: String,
    },
    /// A tool that the model calls, its arguments whole.
    ToolCall {
        /// The call.
        call: ToolCall,
    },
    /// By what the conversation can be taken up again.
    Resume {
        /// The child's own name for it.
        #[serde(rename = "resumeToken")]
        resume_token: String,
    },
    /// The exchange is over, and well. The last event.
    Finish {
        /// Why it is over.
        reason: FinishReason,
    },
    /// The exchange is over, and not well. The last event.
    Failed {
        /// What went wrong.
        error: BridgeFailure,
    },
    /// What follows begins a new block, also where it is of the kind that came before: another message.
    Break,
    /// The child began something over: so many bytes, the last that were told of that voice, are void.
    Discard {
        /// Whose.
        of: Voice,
        /// How many.
        bytes: usize,
    },
    /// A tool that the child runs by itself.
    Activity(Activity),
    /// What was used since this was last told, or since the exchange began.
    Usage {
        /// How much.
        usage: Usage,
        /// Whether it holds for the whole conversation, because what earlier exchanges used is not known.
        #[serde(rename = "wholeConversation")]
        whole_conversation: bool,
    },
    /// Something that went wrong on the way and ended nothing.
    Notice {
        /// In the child's words.
        message: String,
    },
    /// A line that says what the dialect has no word for.
    Unknown {
        /// The line.
        line: String,
    },
}

impl NormalizedEvent {
    /// Whether nothing comes after it.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Finish { .. } | Self::Failed { .. })
    }

    /// The name of its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Thinking { .. } => "thinking",
            Self::ToolCall { .. } => "tool_call",
            Self::Resume { .. } => "resume",
            Self::Finish { .. } => "finish",
            Self::Failed { .. } => "failed",
            Self::Break => "break",
            Self::Discard { .. } => "discard",
            Self::Activity(_) => "activity",
            Self::Usage { .. } => "usage",
            Self::Notice { .. } => "notice",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Bytes that it holds of the child's text, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        match self {
            Self::Text { delta } | Self::Thinking { delta } => delta.len(),
            Self::ToolCall { call } => call.id.len() + call.name.len() + call.arguments.text().len(),
            Self::Resume { resume_token } => resume_token.len(),
            Self::Failed { error } => error.message.len(),
            Self::Activity(activity) => activity.detail.as_ref().map_or(0, |json| json.text().len()),
            Self::Notice { message } => message.len(),
            Self::Unknown { line } => line.len(),
            Self::Finish { .. } | Self::Break | Self::Discard { .. } | Self::Usage { .. } => 0,
        }
    }
}

/// What a text is a part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Voice {
    /// The answer.
    Text,
    /// What the model thinks.
    Thinking,
}

/// Why an exchange that went well is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum FinishReason {
    /// The model is done.
    #[default]
    Stop,
    /// The model was cut off at a bound on its output.
    Length,
    /// The model waits for what a tool answers.
    ToolUse,
}

/// A tool that a model calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToolCall {
    /// The name of the call.
    pub id: String,
    /// The tool.
    pub name: String,
    /// An object.
    pub arguments: Json,
}

/// Something that a child does by itself, from when it begins until it is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Activity {
    /// Which it is: the same from beginning to end. Of a tool call, the call's.
    pub id: String,
    /// Of which sort, in the child's words: a tool's name, or as `command_execution`.
    pub tool: String,
    /// How far it is.
    pub state: ActivityState,
    /// What it is about, in a line: a command, a query. Empty where the child does not say.
    pub title: String,
    /// All that the child says of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<Json>,
}

/// How far something is that a child does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivityState {
    /// It began, or goes on.
    Running,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// It was not allowed.
    Declined,
}

/// Why an exchange failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BridgeFailure {
    /// In words.
    pub message: String,
    /// Whether somebody wanted it ended.
    pub aborted: bool,
    /// Which of the known failures it is. The reference has no such thing: in mode `compat` it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<FailureCode>,
}

/// Which of the known failures it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCode {
    /// The child says so.
    Reported,
    /// Somebody ended the exchange.
    Aborted,
    /// The child could not be started.
    NotStarted,
    /// The child was gone before it was done.
    ChildEnded,
    /// The child does not know the conversation that was to be taken up again.
    TokenRefused,
    /// What would be named to the child cannot be one of its names.
    BadToken,
    /// The child took longer than it may.
    Deadline,
    /// The child wants or says what a bridge cannot carry.
    Unsupported,
    /// The child said more than is held.
    TooLarge,
    /// What stands between us and the child failed.
    Transport,
    /// The dialect itself failed: a fault of it, not of the child.
    Dialect,
}

impl BridgeFailure {
    /// A failure, nobody having wanted it.
    #[must_use]
    pub fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            aborted: code == FailureCode::Aborted,
            code: Some(code),
        }
    }

    /// What the child says of itself.
    #[must_use]
    pub fn reported(message: impl Into<String>) -> Self {
        Self::new(FailureCode::Reported, message)
    }

    /// Somebody ended the exchange.
    #[must_use]
    pub fn aborted() -> Self {
        Self::new(FailureCode::Aborted, "exchange aborted")
    }
}
