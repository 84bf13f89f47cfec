//! Why an event is not accepted, and a tool not called.

use crate::authority::{Denial, Missing};
use crate::limits::{COMMAND_ID_BYTES, SERVICE_REQUESTS, SHOWN_ID_BYTES};
use crate::plugin::message::EventError;
use crate::plugin::{CallError, FailureCode};
use crate::text::bounded;

use super::{JournalError, State};

/// Why an event is not accepted. The words are the contract's, where it has some.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The plugin takes no part as an ingress: it is not declared, or not turned on.
    #[error("invalid plugin ingress event: the surface `ingress` is not enabled")]
    SurfaceOff,
    /// The plugin is in no state to take events.
    #[error("plugin service is not running for ingress dispatch (state {0}){hint}", hint = hint(*.0))]
    NotRunning(State),
    /// The plugin stopped, or is about to.
    #[error("plugin service rejects ingress while stopping/stopped (state {0})")]
    Stopping(State),
    /// The plugin failed, and stays so.
    #[error("plugin service is failed for ingress dispatch: {0}")]
    Failed(String),
    /// A field of the event breaks a rule.
    #[error("invalid plugin ingress event: {0}")]
    Event(#[from] EventError),
    /// The event's id is longer than output commands may name one, so that nothing could answer it.
    #[error(
        "invalid plugin ingress event: correlation_id must be at most {COMMAND_ID_BYTES} bytes without control characters"
    )]
    BadId,
    /// The manifest does not have that ingress.
    #[error("invalid plugin ingress event: requested ingress is not declared by plugin manifest: `{}`", bounded(.0, SHOWN_ID_BYTES))]
    Undeclared(String),
    /// The ingress does not take events of that kind.
    #[error("invalid plugin ingress event: event kind `{}` is not declared for ingress `{ingress}`", bounded(.kind, SHOWN_ID_BYTES))]
    UndeclaredKind {
        /// The ingress.
        ingress: String,
        /// The event's kind.
        kind: String,
    },
    /// The ingress is not asked for, or not granted.
    #[error("invalid plugin ingress event: plugin ingress permission denied: {0}")]
    Denied(Box<Denial>),
    /// There is no room.
    #[error("plugin ingress queue is full (capacity {events})")]
    Full {
        /// Events that there is room for.
        events: usize,
    },
    /// The journal did not store it.
    #[error("the event could not be stored: {0}")]
    NotStored(#[from] JournalError),
}

impl Refusal {
    /// A stable name, for machines.
    #[must_use]
    pub const fn code(&self) -> FailureCode {
        match self {
            Refusal::SurfaceOff => FailureCode::IngressSurfaceOff,
            Refusal::NotRunning(_) => FailureCode::IngressNotRunning,
            Refusal::Stopping(_) => FailureCode::IngressStopping,
            Refusal::Failed(_) => FailureCode::IngressFailed,
            Refusal::Event(_) | Refusal::BadId => FailureCode::IngressInvalid,
            Refusal::Undeclared(_) => FailureCode::IngressUndeclared,
            Refusal::UndeclaredKind { .. } => FailureCode::IngressUndeclaredKind,
            Refusal::Denied(_) => FailureCode::IngressDenied,
            Refusal::Full { .. } => FailureCode::IngressFull,
            Refusal::NotStored(_) => FailureCode::IngressNotStored,
        }
    }

    /// Whether the same event may be accepted when it is sent again later.
    #[must_use]
    pub const fn may_pass(&self) -> bool {
        matches!(
            self,
            Refusal::NotRunning(_) | Refusal::Full { .. } | Refusal::NotStored(_)
        )
    }

    /// The lines that would allow it, where it was denied.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        match self {
            Refusal::Denied(denial) => denial.lines(),
            _ => &[],
        }
    }
}

fn hint(state: State) -> &'static str {
    match state {
        State::Ready => ": a plugin of the world `tool` takes no events",
        _ => "",
    }
}

/// Why a tool gave no answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ToolFailure {
    /// The call was made, and failed; or it could not be made.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The plugin has no tools: none is declared, or they are not turned on.
    #[error("the surface `tool` is not enabled")]
    SurfaceOff,
    /// The manifest does not have that tool.
    #[error("the tool `{}` is not declared by the plugin's manifest", bounded(.0, SHOWN_ID_BYTES))]
    Undeclared(String),
    /// The tool is not asked for, or not granted.
    #[error("plugin tool permission denied: {0}")]
    Denied(Box<Denial>),
    /// Too many calls wait already.
    #[error("{SERVICE_REQUESTS} calls wait for this service already")]
    Busy,
    /// The service ended.
    #[error("the service has ended")]
    Ended,
}

impl ToolFailure {
    /// A stable name, for machines.
    #[must_use]
    pub const fn code(&self) -> FailureCode {
        match self {
            ToolFailure::Call(error) => error.code(),
            ToolFailure::SurfaceOff => FailureCode::ToolSurfaceOff,
            ToolFailure::Undeclared(_) => FailureCode::ToolUndeclared,
            ToolFailure::Denied(_) => FailureCode::ToolDenied,
            ToolFailure::Busy => FailureCode::ServiceBusy,
            ToolFailure::Ended => FailureCode::ServiceEnded,
        }
    }

    /// The lines that would allow it, where it was denied.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        match self {
            ToolFailure::Denied(denial) => denial.lines(),
            _ => &[],
        }
    }
}
