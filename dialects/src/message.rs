//! The messages of the framework: what a model is asked, and what it answered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::event::ToolCall;
use crate::json::Json;

/// A model, as far as a bridge looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Its name at its provider.
    pub id: String,
    /// The framework's name for how it is spoken to.
    pub api: String,
    /// Who runs it.
    pub provider: String,
    /// Where: a URL, or `bridge:` and an adapter.
    pub base_url: String,
}

/// What a model is asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Context {
    /// The conversation so far; the last message is the question.
    pub messages: Vec<Message>,
    /// What the model is told before all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_prompt: Option<String>,
    /// The tools that it may call. A child agent has its own: these are handed to peers that take a whole
    /// context, and to no others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Json>,
}

impl Context {
    /// One question.
    #[must_use]
    pub fn of_prompt(prompt: impl Into<String>) -> Self {
        Self {
            messages: vec![Message::User {
                content: Content::Text(prompt.into()),
                timestamp: None,
            }],
            ..Self::default()
        }
    }
}

/// A message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Message {
    /// Of a person.
    User {
        /// What they say.
        content: Content,
        /// When, in milliseconds since 1970.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timestamp: Option<u64>,
    },
    /// Of a model.
    Assistant(AssistantMessage),
    /// Of a tool.
    ToolResult {
        /// Which call it answers.
        tool_call_id: String,
        /// The tool.
        tool_name: String,
        /// What it answers.
        content: Vec<Part>,
        /// Whether it failed.
        is_error: bool,
        /// When, in milliseconds since 1970.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        timestamp: Option<u64>,
    },
}

/// What somebody says: a text, or parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// A text.
    Text(String),
    /// Several parts.
    Parts(Vec<Part>),
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Part {
    /// Text.
    Text {
        /// The text.
        text: String,
    },
    /// What a model thought.
    Thinking {
        /// The text.
        thinking: String,
    },
    /// A tool that a model calls.
    ToolCall(ToolCall),
    /// A picture.
    Image {
        /// Its bytes, in base64.
        data: String,
        /// What kind of file it is.
        mime_type: String,
    },
}

/// What a model answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AssistantMessage {
    /// The parts, in order.
    pub content: Vec<Part>,
    /// The framework's name for how the model was spoken to.
    pub api: String,
    /// Who runs the model.
    pub provider: String,
    /// Its name.
    pub model: String,
    /// What was used.
    pub usage: Usage,
    /// Why it is over; `stop` while it is not.
    pub stop_reason: StopReason,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_message: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub timestamp: u64,
}

impl AssistantMessage {
    /// The answer alone: its texts, one after the other.
    #[must_use]
    pub fn text(&self) -> String {
        let texts = self.content.iter().filter_map(|part| match part {
            Part::Text { text } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }
}

/// Why a message is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StopReason {
    /// The model is done.
    #[default]
    Stop,
    /// It was cut off at a bound on its output.
    Length,
    /// It waits for what a tool answers.
    ToolUse,
    /// It failed.
    Error,
    /// Somebody ended it.
    Aborted,
}

/// What was used, in tokens and in money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Read afresh.
    pub input: u64,
    /// Written.
    pub output: u64,
    /// Read out of a cache.
    pub cache_read: u64,
    /// Written into a cache.
    pub cache_write: u64,
    /// All of them.
    pub total_tokens: u64,
    /// What it cost, in dollars, as far as the child says.
    pub cost: Cost,
}

/// What something cost, in dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// What was read.
    pub input: f64,
    /// What was written.
    pub output: f64,
    /// What was read out of a cache.
    pub cache_read: f64,
    /// What was written into a cache.
    pub cache_write: f64,
    /// All of it.
    pub total: f64,
}

impl Usage {
    /// Tokens by what became of them.
    #[must_use]
    pub const fn of_tokens(input: u64, output: u64, cache_read: u64, cache_write: u64) -> Self {
        Self {
            input,
            output,
            cache_read,
            cache_write,
            total_tokens: input
                .saturating_add(output)
                .saturating_add(cache_read)
                .saturating_add(cache_write),
            cost: Cost {
                input: 0.0,
                output: 0.0,
                cache_read: 0.0,
                cache_write: 0.0,
                total: 0.0,
            },
        }
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        self.each(other, u64::saturating_add, |one, other| one + other)
    }

    /// What is new since `before`; a count that went down counts as none.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        self.each(before, u64::saturating_sub, |one, other| (one - other).max(0.0))
    }

    /// Whether it is nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    fn each(&self, other: &Self, tokens: fn(u64, u64) -> u64, dollars: fn(f64, f64) -> f64) -> Self {
        Self {
            input: tokens(self.input, other.input),
            output: tokens(self.output, other.output),
            cache_read: tokens(self.cache_read, other.cache_read),
            cache_write: tokens(self.cache_write, other.cache_write),
            total_tokens: tokens(self.total_tokens, other.total_tokens),
            cost: Cost {
                input: dollars(self.cost.input, other.cost.input),
                output: dollars(self.cost.output, other.cost.output),
                cache_read: dollars(self.cost.cache_read, other.cost.cache_read),
                cache_write: dollars(self.cost.cache_write, other.cost.cache_write),
                total: dollars(self.cost.total, other.cost.total),
            },
        }
    }
}
