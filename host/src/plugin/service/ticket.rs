//! What becomes of an event, for whoever sent it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::commands::CommandResult;
use super::reply::{Answering, Reply};
use crate::plugin::message::ServiceOutput;
use crate::plugin::{CallError, FailureCode, Measures};

/// An event that was accepted. It is a future of its [`Outcome`], which can be [waited](Ticket::wait) for as well.
///
/// Dropping it takes nothing back: the event is delivered all the same.
#[derive(Debug, Clone)]
#[must_use = "whether the plugin took the event is told here only"]
pub struct Ticket {
    correlation_id: Arc<str>,
    duplicate: bool,
    outcome: Reply<Outcome>,
}

/// What became of an event.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// How it ended.
    pub settlement: Settlement,
    /// Its last delivery. None where there was none in this service's life, or where the event is a duplicate of
    /// one that was settled before.
    pub report: Option<Arc<Report>>,
}

/// How an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// The plugin took it.
    Accepted,
    /// The plugin looked at it and did not want it: `{"accepted": false}`. That is no failure.
    Declined,
    /// Every delivery failed.
    Dead,
    /// Its delivery failed, and whoever sent it may send it again: see [`Retry::by_sender`](super::Retry::by_sender).
    Returned,
    /// A newer event took its place in a full queue.
    Dropped,
    /// The service ended before. A journal keeps it for the next one.
    Abandoned,
}

/// One delivery of an event.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Report {
    /// The event's id.
    pub correlation_id: String,
    /// The ingress that it was for.
    pub ingress: String,
    /// Where it came from.
    pub source: String,
    /// What it was.
    pub kind: String,
    /// Which delivery it was, from 1.
    pub attempt: u32,
    /// What the plugin answered, if that was an answer.
    pub output: Option<ServiceOutput>,
    /// Why the delivery failed, if it did. In profile `yoi` an answer that came too late has both.
    pub failure: Option<Failure>,
    /// What became of each command of the answer.
    pub commands: Vec<CommandResult>,
    /// From its acceptance to the beginning of this delivery, in microseconds.
    #[serde(rename = "queued_us", serialize_with = "crate::text::micros")]
    #[schemars(with = "f64")]
    pub queued: Duration,
    /// What the call took. None where the guest was not entered.
    pub measures: Option<Measures>,
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Failure {
    /// A stable name, for machines.
    pub code: FailureCode,
    /// The same in words.
    pub message: String,
}

impl Ticket {
    /// The event's id: the sender's, or the one it was given.
    #[must_use]
    pub fn correlation_id(&self) -> &str {
        &self.correlation_id
    }

    /// Whether an event with this id was accepted before. What becomes of that one is told here, and nothing is
    /// delivered twice.
    #[must_use]
    pub fn duplicate(&self) -> bool {
        self.duplicate
    }

    /// Wait for it on this thread, which must not be one that drives other futures.
    #[must_use]
    pub fn wait(self) -> Outcome {
        self.outcome.wait()
    }

    /// A new event's, and who tells what becomes of it.
    pub(super) fn new(correlation_id: Arc<str>) -> (Answering<Outcome>, Self) {
        let (tell, outcome) = Reply::new(Outcome::abandoned);
        let ticket = Self {
            correlation_id,
            duplicate: false,
            outcome,
        };
        (tell, ticket)
    }

    /// The same for one who sent it again.
    pub(super) fn again(&self) -> Self {
        Self {
            duplicate: true,
            ..self.clone()
        }
    }

    /// That of an event which was settled before.
    pub(super) fn settled(correlation_id: Arc<str>, settlement: Settlement) -> Self {
        let outcome = Outcome {
            settlement,
            report: None,
        };
        Self {
            correlation_id,
            duplicate: true,
            outcome: Reply::now(outcome, Outcome::abandoned),
        }
    }
}

impl Future for Ticket {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome> {
        Pin::new(&mut self.outcome).poll(context)
    }
}

impl Outcome {
    pub(super) fn abandoned() -> Self {
        Self {
            settlement: Settlement::Abandoned,
            report: None,
        }
    }
}

impl From<&CallError> for Failure {
    fn from(error: &CallError) -> Self {
        Self {
            code: error.code(),
            message: error.to_string(),
        }
    }
}
