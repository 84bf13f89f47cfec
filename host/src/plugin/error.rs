//! What can go wrong, apart by whose fault it is.

use super::fault::Fault;
use super::message::{EventError, OutputError};
use super::{Entry, FailureCode, Lifecycle};
use crate::Profile;
use crate::component::{self, NotWasm, PreflightError, World};
use crate::engine::EngineError;
use crate::limits::MESSAGE_BYTES;
use crate::text::bounded;

/// Why bytes did not become a plugin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// They are no WebAssembly.
    #[error(transparent)]
    NotWasm(#[from] NotWasm),
    /// They are a core module: not a plugin yet.
    #[error("this is a core WebAssembly module, not a component: it has to be made one first")]
    CoreModule,
    /// They are not a sound component.
    #[error(transparent)]
    Preflight(#[from] PreflightError),
    /// The component does not keep the contract.
    #[error(
        "the component does not fit the contract under profile `{profile}`:\n{}",
        component::render(faults)
    )]
    Refused {
        /// The profile it was held to.
        profile: Profile,
        /// What speaks against it; at least one of them refuses.
        faults: Vec<component::Fault>,
    },
    /// The engine could not compile it.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The engine could not link it, though the preflight saw nothing against that.
    #[error("failed to link the component: {0}")]
    Link(String),
}

/// Why a call gave no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The caller asked for something that the contract does not allow. The guest was not entered.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The plugin is in no state to be called. The guest was not entered.
    #[error("`{entry}` cannot be called: the plugin is {lifecycle}{}", because(last_error.as_deref()))]
    NotRunning {
        /// What was to be called.
        entry: Entry,
        /// How the plugin is.
        lifecycle: Lifecycle,
        /// Why it failed, if it did.
        last_error: Option<String>,
    },
    /// The plugin's world has no such export, or the component lacks it.
    #[error("`{entry}` cannot be called: {}", no_export(*entry, *world))]
    NoExport {
        /// What was to be called.
        entry: Entry,
        /// The plugin's world.
        world: World,
    },
    /// The profile's host never restarts a plugin.
    #[error("the yoi host does not restart a plugin")]
    NoRestart,
    /// The guest ended without an answer. The instance is lost.
    #[error(transparent)]
    Fault(#[from] Box<Fault>),
    /// The guest answered, against the contract.
    #[error("`{entry}` {error}")]
    Output {
        /// What was called.
        entry: Entry,
        /// How the answer breaks the contract.
        error: OutputError,
    },
    /// The guest answered that it failed.
    #[error("`{entry}` reported a failure: {}", bounded(answer, MESSAGE_BYTES))]
    Reported {
        /// What was called.
        entry: Entry,
        /// Its answer, JSON.
        answer: String,
    },
    /// The guest answered, but too late for a host that looks at the clock only afterwards. What it did is
    /// done.
    #[error("`{entry}` answered after {took:?}, {limit:?} are allowed")]
    TooLate {
        /// What was called.
        entry: Entry,
        /// How long it took.
        took: std::time::Duration,
        /// How long it may take.
        limit: std::time::Duration,
    },
}

/// What the caller got wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// More bytes than may go in.
    #[error("the {what} has {bytes} bytes, {limit} are allowed")]
    TooLarge {
        /// What was handed over.
        what: &'static str,
        /// Its bytes.
        bytes: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not JSON.
    #[error("the {what} is not valid JSON: {error}")]
    NotJson {
        /// What was handed over.
        what: &'static str,
        /// What the parser says.
        error: String,
    },
    /// An event that breaks a rule.
    #[error("invalid plugin ingress event: {0}")]
    Event(#[from] EventError),
}

impl From<Fault> for CallError {
    fn from(fault: Fault) -> Self {
        Self::Fault(Box::new(fault))
    }
}

impl CallError {
    /// A stable name, for machines.
    #[must_use]
    pub const fn code(&self) -> FailureCode {
        match self {
            CallError::Input(InputError::TooLarge { .. }) => FailureCode::InputTooLarge,
            CallError::Input(InputError::NotJson { .. }) => FailureCode::InputNotJson,
            CallError::Input(InputError::Event(_)) => FailureCode::InputEvent,
            CallError::NotRunning { .. } => FailureCode::NotRunning,
            CallError::NoExport { .. } => FailureCode::NoExport,
            CallError::NoRestart => FailureCode::NoRestart,
            CallError::Fault(fault) => fault.cause.code(),
            CallError::Output { error, .. } => match error {
                OutputError::Empty => FailureCode::OutputEmpty,
                OutputError::TooLarge { .. } => FailureCode::OutputTooLarge,
                OutputError::NotJson(_) => FailureCode::OutputNotJson,
                _ => FailureCode::OutputShape,
            },
            CallError::Reported { .. } => FailureCode::Reported,
            CallError::TooLate { .. } => FailureCode::TooLate,
        }
    }

    /// The fault behind it, if it is one.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            CallError::Fault(fault) => Some(fault),
            _ => None,
        }
    }

    /// What the yoi host would have shown its operator. It drops the cause of every trap, and its words are
    /// older than the worlds they speak of.
    #[must_use]
    pub fn in_yoi_words(&self) -> String {
        let text = match self {
            CallError::Fault(fault) => {
                let trace: String = fault
                    .trace
                    .iter()
                    .enumerate()
                    .map(|(n, frame)| format!("\n{n:>5}: {}", frame.function))
                    .collect();
                if trace.is_empty() {
                    format!("WASM execution error: {}", fault.cause)
                } else {
                    format!("WASM execution error: error while executing at wasm backtrace:{trace}")
                }
            }
            CallError::Output { entry, error } => in_yoi_words(*entry, error),
            CallError::Reported { entry, answer } => {
                let what = if answer.contains("\"error\"") {
                    "returned error"
                } else {
                    "returned failed status"
                };
                format!("plugin component {entry} {what}: {answer}")
            }
            CallError::TooLate { limit, .. } => format!("plugin tool timed out after {limit:?}"),
            other => other.to_string(),
        };
        if text.len() <= MESSAGE_BYTES {
            return text;
        }
        format!("{}…", &text[..text.floor_char_boundary(MESSAGE_BYTES)])
    }
}

fn in_yoi_words(entry: Entry, error: &OutputError) -> String {
    let tool = matches!(entry, Entry::Call | Entry::HandleTool);
    let said = match error {
        OutputError::TooLarge { limit, .. } if tool => format!("guest output exceeds {limit} bytes"),
        OutputError::TooLarge { limit, .. } => {
            format!("plugin component {entry} output exceeds {limit} bytes")
        }
        OutputError::NotJson(error) if tool => format!("guest output is not valid JSON: {error}"),
        OutputError::NotJson(error) => format!("plugin component {entry} output is not JSON: {error}"),
        OutputError::Empty if tool => "guest did not call output_write".to_owned(),
        OutputError::Empty => format!(
            "plugin component {entry} output is not JSON: EOF while parsing a value at line 1 column 0"
        ),
        OutputError::NotAnObject { .. } => "guest output JSON must be an object".to_owned(),
        OutputError::UnsupportedKey(key) => format!("guest output contains unsupported key `{key}`"),
        OutputError::Missing(_) => "guest output must include a summary string".to_owned(),
        OutputError::WrongType { key: "summary", .. } => "guest output summary must be a string".to_owned(),
        OutputError::WrongType { .. } => "guest output content must be a string or null".to_owned(),
        OutputError::EmptySummary => "guest output summary must not be empty".to_owned(),
        OutputError::LongSummary { limit, .. } => format!("guest output summary exceeds {limit} bytes"),
    };
    format!("WASM output error: {said}")
}

fn because(last_error: Option<&str>) -> String {
    last_error.map_or_else(String::new, |error| format!(" ({error})"))
}

fn no_export(entry: Entry, world: World) -> String {
    match (world, entry) {
        (World::Tool, Entry::HandleIngress) => {
            "component tool runtime does not expose ingress dispatch (the world `tool` has no events)"
                .to_owned()
        }
        _ => format!("component does not export expected `{world}` {entry} function"),
    }
}
