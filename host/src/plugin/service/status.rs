//! How a service is: a picture of it, and its numbers.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::commands::{CommandResult, CommandStatus};
use super::sockets::SocketStatus;
use crate::limits::{MESSAGE_BYTES, SERVICE_DIAGNOSTICS};
use crate::text::bounded;

/// Where a service stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub enum State {
    /// Of the world `tool`, always: each call is a life of its own.
    Ready,
    /// `start` runs.
    Starting,
    /// It takes events.
    Running,
    /// The plugin failed, and is started anew in a moment. Events are accepted, and wait. Not in profile `yoi`.
    Restarting,
    /// It takes no events any more, and ends.
    Stopping,
    /// It ended in order.
    Stopped,
    /// It is broken for good.
    Failed,
}

/// How a service is, in the shape of the contract.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ServiceStatus {
    /// Which plugin it is.
    pub plugin_ref: String,
    /// Where it stands in its life.
    pub lifecycle: State,
    /// What the plugin last said of itself: by `start`, `status` or a command.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component_status: Option<Value>,
    /// Events in the queue, the one under way included.
    pub queue_depth: usize,
    /// Events that there is room for.
    pub queue_capacity: usize,
    /// What last went wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// What became of events.
    pub dispatch_counters: DispatchCounters,
    /// The last results of commands, the newest last.
    pub output_command_results: Vec<CommandResult>,
    /// The WebSockets that the host holds for the plugin, by URL.
    pub websocket_connections: Vec<SocketStatus>,
    /// The last diagnostics, the newest last. The yoi host keeps all of them for ever; here they are bounded in
    /// either profile.
    pub diagnostics: Vec<Diagnostic>,
}

/// What became of events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DispatchCounters {
    /// Events that were accepted.
    pub enqueued: u64,
    /// Deliveries that the plugin dealt with.
    pub dispatched: u64,
    /// Events that were not accepted.
    pub rejected: u64,
    /// Deliveries that failed.
    pub failed: u64,
    /// Of those, the ones that took too long.
    pub timed_out: u64,
}

/// Something worth knowing about a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Diagnostic {
    /// What it is about.
    pub kind: DiagnosticKind,
    /// The service's state when it was noted.
    pub state: State,
    /// In words.
    pub message: String,
}

/// What a diagnostic is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
pub enum DiagnosticKind {
    /// The life of the service.
    Lifecycle,
    /// An event that breaks a rule, or is not allowed.
    InvalidEvent,
    /// An event for which there was no room.
    QueueFull,
    /// A delivery that took too long.
    DispatchTimeout,
    /// A delivery that failed otherwise.
    DispatchFailed,
    /// An event for a service that does not run.
    ServiceUnavailable,
    /// An event for a service that failed.
    ServiceFailed,
    /// An event for a service that has stopped.
    ServiceStopped,
    /// A command that was carried out.
    ServiceOutputCommandRecorded,
    /// A command that was not carried out.
    ServiceOutputCommandRejected,
    /// A command that no host carries out.
    ServiceOutputCommandUnsupported,
    /// A WebSocket that was connected.
    ServiceWebSocketConnected,
    /// A WebSocket that the other side closed.
    ServiceWebSocketClosed,
    /// A WebSocket that could not be had, or what it brought could not be accepted.
    ServiceWebSocketError,
    /// A text that could not be sent on a WebSocket.
    ServiceWebSocketSendFailed,
}

/// A service's numbers: everything that only ever grows, and what is now.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Metrics {
    /// Events in the queue.
    pub queue_depth: usize,
    /// Bytes of them.
    pub queue_bytes: usize,
    /// Events accepted, those of the journal included.
    pub accepted: u64,
    /// Events refused.
    pub refused: u64,
    /// Of those, the ones that were not granted.
    pub denied: u64,
    /// Of those, the ones that there was no room for.
    pub full: u64,
    /// Of those, the ones that the journal did not store.
    pub not_stored: u64,
    /// Events that were known already.
    pub duplicates: u64,
    /// Deliveries begun.
    pub attempts: u64,
    /// Deliveries that failed.
    pub failures: u64,
    /// Events that the plugin took.
    pub taken: u64,
    /// Events that the plugin did not want.
    pub declined: u64,
    /// Events given up.
    pub dead: u64,
    /// Events that made room for newer ones.
    pub dropped: u64,
    /// Events that the end of the service left.
    pub abandoned: u64,
    /// Restarts of the plugin.
    pub restarts: u64,
    /// Tool calls.
    pub tools: u64,
    /// Of those, the ones without an answer.
    pub tool_failures: u64,
    /// Host calls of the plugin that were not carried out.
    pub host_call_failures: u64,
    /// Commands, by what became of them.
    pub commands: CommandCounts,
    /// From the acceptance of an event to the beginning of a delivery.
    pub queued: Latencies,
    /// Calls of `handle-ingress`.
    pub deliveries: Latencies,
}

/// Commands, by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CommandCounts {
    /// Carried out.
    pub recorded: u64,
    /// Refused, or failed.
    pub rejected: u64,
    /// Nothing that a host does.
    pub unsupported: u64,
    /// Not carried out because of another.
    pub withheld: u64,
}

/// How long things took, counted by bounds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct Latencies {
    /// How many took at most as long as the bound of the same place, and longer than the one before; the last
    /// counts those that took longer than all.
    pub counts: [u64; LATENCY_BOUNDS.len() + 1],
    /// How long all of them took, in microseconds.
    #[serde(rename = "sum_us", serialize_with = "crate::text::micros")]
    #[schemars(with = "f64")]
    pub sum: Duration,
}

/// The bounds of [`Latencies`], in microseconds.
pub const LATENCY_BOUNDS: [u64; 16] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 10_000_000,
];

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl State {
    /// Whether the service is over: nothing changes it any more.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, State::Stopped)
    }
}

impl Latencies {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(super) fn note(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = LATENCY_BOUNDS.partition_point(|bound| *bound < micros);
        self.counts[place] += 1;
        self.sum += took;
    }
}

impl CommandCounts {
    pub(super) fn note(&mut self, status: CommandStatus) {
        *match status {
            CommandStatus::Recorded => &mut self.recorded,
            CommandStatus::Rejected => &mut self.rejected,
            CommandStatus::Unsupported => &mut self.unsupported,
            CommandStatus::Withheld => &mut self.withheld,
        } += 1;
    }
}

/// The last so many of something.
#[derive(Debug)]
pub(super) struct Ring<T> {
    most: usize,
    items: VecDeque<T>,
}

impl<T: Clone> Ring<T> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            items: VecDeque::new(),
        }
    }

    pub(super) fn push(&mut self, item: T) {
        if self.items.len() == self.most {
            self.items.pop_front();
        }
        self.items.push_back(item);
    }

    pub(super) fn to_vec(&self) -> Vec<T> {
        self.items.iter().cloned().collect()
    }
}

impl Ring<Diagnostic> {
    pub(super) fn diagnostics() -> Self {
        Self::new(SERVICE_DIAGNOSTICS)
    }

    pub(super) fn note(&mut self, kind: DiagnosticKind, state: State, message: &str) {
        self.push(Diagnostic {
            kind,
            state,
            message: bounded(message, MESSAGE_BYTES).into_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_is_counted_under_the_first_bound_that_holds_it() {
        let mut latencies = Latencies::default();
        for micros in [0, 50, 51, 10_000_000, 10_000_001] {
            latencies.note(Duration::from_micros(micros));
        }
        assert_eq!(latencies.counts[..2], [2, 1]);
        assert_eq!(latencies.counts[15..], [1, 1]);
        assert_eq!(latencies.count(), 5);
    }

    #[test]
    fn a_ring_holds_the_newest() {
        let mut ring = Ring::new(2);
        for n in 1..4 {
            ring.push(n);
        }
        assert_eq!(ring.to_vec(), [2, 3]);
    }
}
