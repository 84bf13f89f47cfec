//! What happens to a service, for whoever watches it.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use serde_json::Value;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::State;
use super::commands::CommandResult;
use super::sockets::SocketState;
use super::ticket::{Failure, Report, Settlement};
use crate::authority::Missing;
use crate::imports::Import;

/// Something that happened to a service.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Happening {
    /// When: RFC 3339, UTC.
    pub at: String,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum What {
    /// The service went from one state to another.
    State {
        /// From this one.
        from: State,
        /// To this one.
        to: State,
        /// Why, where it did not go by itself.
        why: Option<String>,
    },
    /// An event was accepted.
    Accepted {
        /// Its id.
        correlation_id: String,
        /// Its ingress.
        ingress: String,
        /// Where it came from.
        source: String,
        /// What it is.
        kind: String,
        /// Events in the queue with it.
        queue_depth: usize,
    },
    /// An event that is known already was sent again.
    Duplicate {
        /// Its id.
        correlation_id: String,
    },
    /// An event was not accepted.
    Refused {
        /// Its ingress, as far as it is worth telling.
        ingress: String,
        /// Its id, if it had one.
        correlation_id: Option<String>,
        /// Why.
        #[serde(flatten)]
        why: Failure,
        /// Where it was denied: the lines that would have allowed it.
        missing: Vec<Missing>,
    },
    /// An event was delivered, or could not be.
    Delivery {
        /// The delivery.
        #[serde(serialize_with = "whole")]
        #[schemars(with = "Report")]
        report: Arc<Report>,
        /// How the event ended with it; none where it is to be tried again.
        settlement: Option<Settlement>,
        /// Where it is to be tried again: after which time, in microseconds.
        #[serde(rename = "retry_in_us", serialize_with = "maybe_micros")]
        #[schemars(with = "Option<f64>")]
        retry_in: Option<Duration>,
    },
    /// An event made room for a newer one.
    Dropped {
        /// Its id.
        correlation_id: String,
        /// Its ingress.
        ingress: String,
    },
    /// The service ended before it had dealt with these events.
    Abandoned {
        /// How many.
        events: usize,
        /// Whether the journal keeps them, for the next service.
        kept: bool,
    },
    /// A command of a plugin was carried out, or was not.
    Command(CommandResult),
    /// A tool was called.
    Tool {
        /// Which.
        tool: String,
        /// Why it gave no answer, if it did not.
        failure: Option<Failure>,
        /// What the call took, in microseconds; none where the guest was not entered.
        #[serde(rename = "wall_us", serialize_with = "maybe_micros")]
        #[schemars(with = "Option<f64>")]
        wall: Option<Duration>,
    },
    /// The plugin was asked how it is.
    Status {
        /// What it said; none where it did not.
        status: Option<Value>,
        /// Why it did not, if so.
        failure: Option<Failure>,
    },
    /// A host call of the plugin was not carried out.
    HostCall {
        /// Which.
        import: Import,
        /// Why.
        message: String,
        /// Where it was denied: the lines that would have allowed it.
        missing: Vec<Missing>,
    },
    /// The plugin is to be restarted.
    Restart {
        /// Whether it counts against the limit: it does not where an event is to blame that was delivered before.
        counts: bool,
        /// How many do, with this one if so.
        count: u32,
        /// After which time, in microseconds.
        #[serde(rename = "pause_us", serialize_with = "crate::text::micros")]
        #[schemars(with = "f64")]
        pause: Duration,
        /// Why.
        why: String,
    },
    /// A WebSocket that the host holds for the plugin changed.
    Socket {
        /// Where it leads, without query.
        url: String,
        /// The ingress that its events are for.
        ingress: String,
        /// How it is now.
        state: SocketState,
        /// Why, where something went wrong.
        why: Option<String>,
        /// Where it was denied: the lines that would have allowed it.
        missing: Vec<Missing>,
        /// Where it is connected again: after which time, in microseconds.
        #[serde(rename = "again_in_us", serialize_with = "maybe_micros")]
        #[schemars(with = "Option<f64>")]
        again_in: Option<Duration>,
    },
    /// A WebSocket that is not even tried.
    SocketTrouble {
        /// Why.
        why: String,
        /// Where it was denied: the lines that would have allowed it.
        missing: Vec<Missing>,
    },
    /// What the plugin had printed when it ended, or when it broke.
    Log {
        /// The text, as it is: a terminal should not be given it as it is.
        text: String,
        /// How many bytes before it are lost.
        lost_bytes: u64,
    },
}

/// Watches a service. It sees what happens from the moment it was made, and never holds the service up: where it
/// is too slow, it misses something and is told.
#[derive(Debug)]
pub struct Observer {
    happenings: broadcast::Receiver<Arc<Happening>>,
}

/// What an observer sees.
#[derive(Debug, Clone)]
pub enum Observed {
    /// Something happened.
    Happened(Arc<Happening>),
    /// So many happenings were missed.
    Missed(u64),
}

impl Observer {
    pub(super) fn new(happenings: broadcast::Receiver<Arc<Happening>>) -> Self {
        Self { happenings }
    }

    /// What happens next. None once the service has ended and everything was seen.
    pub async fn next(&mut self) -> Option<Observed> {
        match self.happenings.recv().await {
            Ok(happening) => Some(Observed::Happened(happening)),
            Err(RecvError::Lagged(missed)) => Some(Observed::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }

    /// The same on this thread, which must not be one that drives other futures.
    pub fn wait(&mut self) -> Option<Observed> {
        pollster::block_on(self.next())
    }
}

fn whole<T: Serialize, S: Serializer>(value: &Arc<T>, to: S) -> Result<S::Ok, S::Error> {
    T::serialize(value, to)
}

fn maybe_micros<S: Serializer>(duration: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    match duration {
        Some(duration) => crate::text::micros(duration, to),
        None => to.serialize_none(),
    }
}
