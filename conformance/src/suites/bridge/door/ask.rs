//! What a host of child agents is asked, and what it answers: the protocol `yoikit.bridge-host/1`, whoever stands behind
//! it.
//!
//! Models, specs and events are the contract's own and are written as it writes them.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use yoi_host::bridge::{ExchangeTimes, ExternalRuntimeSpec, Mode, Model, NormalizedEvent};

/// The name of the protocol, which changes with every change of its meaning.
pub const PROTOCOL: &str = "yoikit.bridge-host/1";

/// What a host is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Who are you? Always first, and answered by `hello`.
    Hello {
        /// [`PROTOCOL`]. A host that does not speak it answers with a refusal.
        protocol: String,
    },
    /// Begin an exchange. Answered by `begun` at once: what goes wrong with its child is an event of it.
    Begin(Box<Begin>),
    /// Tell what comes next in an exchange. Answered by `event` or `framework` once there is one, and by `over` after the
    /// last. One is told for each that is asked for, in order, and none is read ahead.
    Next {
        /// The exchange.
        exchange: u64,
    },
    /// End an exchange. Answered by `aborted` at once; its last event says so too, to whoever reads on.
    Abort {
        /// The exchange.
        exchange: u64,
    },
    /// Let go of an exchange: nobody reads it any more, and its child is taken down. Answered by `dropped`. What was asked
    /// of it and not answered need not be.
    Drop {
        /// The exchange.
        exchange: u64,
    },
    /// Remember a conversation with a model, as if an exchange had told it. Answered by `remembered`. Only hosts with the
    /// ability `conversations` are asked.
    Remember {
        /// The model.
        model: Model,
        /// What its child calls the conversation.
        token: String,
    },
    /// Say what the conversation with a model is called that its next exchange goes on with. Answered by `recalled`. Only
    /// hosts with the ability `conversations` are asked.
    Recall {
        /// The model.
        model: Model,
    },
    /// Say whether a key has to be there for a child that is run so. Answered by `credential`. Only hosts with the
    /// ability `credentials` are asked.
    Credential {
        /// How it is run.
        spec: ExternalRuntimeSpec,
    },
}

/// An exchange to be begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    /// The number by which it is spoken of from here on. None is used twice.
    pub exchange: u64,
    /// The model that is asked. Its address says who answers. Models of different providers have nothing in common, and
    /// a provider is not named again by another case.
    pub model: Model,
    /// How its child is run, if one answers: this program, with these arguments before those of the dialect, and these
    /// variables besides those that it gets anyway.
    pub spec: ExternalRuntimeSpec,
    /// What it is asked.
    pub prompt: String,
    /// The conversation that is to be taken up again, where none is remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<String>,
    /// How long its parts may take.
    pub times: Times,
    /// How the child is read.
    #[serde(default)]
    pub mode: Mode,
    /// In whose words it is told.
    #[serde(default)]
    pub telling: Telling,
    /// What the framework answers, where it is there to answer for models that no child answers for. Only hosts with the
    /// ability `framework` are given any, and are told to tell in its words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framework: Option<String>,
}

/// In whose words an exchange is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Telling {
    /// In those that are the same for all children: each is an `event`.
    #[default]
    Events,
    /// In the framework's, as a message that grows: each is a `framework`. Only hosts with that ability are asked.
    Framework,
}

/// How long the parts of an exchange may take, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// Until the child's first line.
    pub start: u64,
    /// Between one line and the next.
    pub idle: u64,
    /// The whole.
    pub total: u64,
    /// For a child that is done to go by itself. A host that has no such time ends it at once, or after its own.
    pub leave: u64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was done.
    Done(Done),
    /// It was not.
    Refused(Refusal),
}

/// What was done. Which of them it is follows from what was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// Who the host is.
    Hello(Hello),
    /// An exchange is under way.
    Begun,
    /// What was told next, in the words of all children.
    Event(NormalizedEvent),
    /// What was told next, in the framework's words.
    Framework(Value),
    /// Nothing is told any more.
    Over,
    /// The exchange is being ended.
    Aborted,
    /// The exchange is let go of.
    Dropped,
    /// The conversation is remembered.
    Remembered,
    /// What is remembered.
    Recalled(Recalled),
    /// Whether a key has to be there.
    Credential(Credential),
}

/// What is told of an exchange at a time.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// In the words of all children.
    Event(NormalizedEvent),
    /// In the framework's.
    Framework(Value),
}

/// Who a host is, and what it can do beyond the least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hello {
    /// [`PROTOCOL`].
    pub protocol: String,
    /// Its name.
    pub host: String,
    /// Its version.
    pub version: String,
    /// The dialects that it speaks with children, by the names that stand in a model's address.
    pub adapters: Vec<String>,
    /// What it can do beyond the least. Cases that need an ability which it lacks are skipped.
    #[serde(default)]
    pub abilities: Vec<Ability>,
}

/// What not every host can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// Remember what children call their conversations, and say what is remembered.
    Conversations,
    /// Tell of an exchange in the framework's words, and have the framework answer what it is told to.
    Framework,
    /// Say for whom a key has to be there.
    Credentials,
}

impl Ability {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Conversations, Self::Framework, Self::Credentials];
}

/// What is remembered of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recalled {
    /// What its child calls the conversation, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
}

/// Whether a key has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Credential {
    /// Whether.
    pub required: bool,
}

/// Why something was not done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Of which sort it is.
    pub kind: RefusalKind,
    /// The same in words, which no case looks at.
    #[serde(default)]
    pub message: String,
}

/// Of which sort a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// The host does not do this at all.
    Unsupported,
    /// The host failed to: it threw where an exchange should have told of a failure. An exchange that is refused so has
    /// no events and no end.
    Failed,
}

impl Ask {
    /// Its name in the protocol.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "hello",
            Self::Begin(_) => "begin",
            Self::Next { .. } => "next",
            Self::Abort { .. } => "abort",
            Self::Drop { .. } => "drop",
            Self::Remember { .. } => "remember",
            Self::Recall { .. } => "recall",
            Self::Credential { .. } => "credential",
        }
    }
}

impl Refusal {
    /// A refusal in these words.
    pub fn new(kind: RefusalKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            RefusalKind::Unsupported => "the host does not do it",
            RefusalKind::Failed => "the host failed to",
        };
        write!(f, "{kind}: {}", self.message)
    }
}

impl From<Told> for Done {
    fn from(told: Told) -> Self {
        match told {
            Told::Event(event) => Self::Event(event),
            Told::Framework(event) => Self::Framework(event),
        }
    }
}

impl From<ExchangeTimes> for Times {
    fn from(times: ExchangeTimes) -> Self {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            start: millis(times.start),
            idle: millis(times.idle),
            total: millis(times.total),
            leave: millis(times.leave),
        }
    }
}

impl From<Times> for ExchangeTimes {
    fn from(times: Times) -> Self {
        Self {
            start: Duration::from_millis(times.start),
            idle: Duration::from_millis(times.idle),
            total: Duration::from_millis(times.total),
            leave: Duration::from_millis(times.leave),
            ..Self::default()
        }
    }
}
