//! What an operator decides about a service.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Backoff;
use crate::{Profile, limits};

/// How a service is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceOptions {
    /// Most events in the queue, the one under way included.
    pub queue_events: usize,
    /// Most bytes of them.
    pub queue_bytes: usize,
    /// What happens to an event that is sent and for which there is no room.
    pub when_full: WhenFull,
    /// What happens to one that came over a WebSocket which the host holds. Nobody is there to be told that it is
    /// refused; one that waits keeps the rest where it is, with the peer.
    pub sources_when_full: WhenFull,
    /// What happens to an event that failed.
    pub retry: Retry,
    /// What happens to a plugin that failed.
    pub restart: Restart,
    /// Settled events whose ids are remembered. With none, nothing is recognised.
    pub known_events: usize,
    /// Happenings that wait for each observer.
    pub happenings: usize,
    /// Whether the tools of a plugin that was stopped are called all the same, for as long as there is a handle: the
    /// yoi host does not look. Its log is not told then.
    pub calls_stopped: bool,
}

/// What happens to an event for which there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// It is refused.
    Refuse,
    /// The oldest that waits is dropped for it. Where nothing can be dropped it is refused.
    DropOldest,
    /// Its sender waits. A socket that the host holds is not read meanwhile.
    Wait,
}

/// What happens to an event that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// How many times it is delivered, at least once.
    pub attempts: u32,
    /// How long is waited in between. Events of the same source wait as well.
    pub backoff: Backoff,
    /// Whether it is for whoever sent it to send it again, with its `attempt` raised: then it is delivered once each time,
    /// and given up with the last.
    pub by_sender: bool,
}

/// What happens to a plugin that failed.
///
/// The limit is for a plugin that is broken, and not for one that some events break. So what counts against it is what
/// happened since the plugin last dealt with an event or answered a tool; and of an event that breaks it in each of its
/// deliveries, the first one alone: it is the event that is given up then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restart {
    /// How many times it is restarted [within](Restart::within); once more, and it stays failed.
    pub most: u32,
    /// Restarts that are longer ago do not count.
    pub within: Duration,
    /// How long is waited before. The pauses grow with the restarts that count.
    pub backoff: Backoff,
}

/// How long a service that is to stop may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StopTimes {
    /// So long it goes on with what is in the queue. Events that wait to be tried again are not waited for.
    pub drain: Duration,
    /// After this time, from the beginning, whatever still runs is ended.
    pub hard: Duration,
}

impl ServiceOptions {
    /// How a service of a profile is run.
    ///
    /// | | `documented` | `yoi` |
    /// |---|---|---|
    /// | queue | 32 events, refuses what is more | the same |
    /// | what WebSockets bring | waits for room | is refused as well |
    /// | deliveries of an event | 5, with pauses | 1 |
    /// | restarts | 10 within five minutes, none to any avail, with pauses | none |
    /// | known events | 4096 | none: nothing is recognised |
    #[must_use]
    pub const fn of(profile: Profile) -> Self {
        let once = match profile {
            Profile::Documented => false,
            Profile::Yoi => true,
        };
        Self {
            queue_events: limits::INGRESS_QUEUE,
            queue_bytes: limits::INGRESS_QUEUE_BYTES,
            when_full: WhenFull::Refuse,
            sources_when_full: if once { WhenFull::Refuse } else { WhenFull::Wait },
            retry: Retry {
                attempts: if once { 1 } else { limits::DELIVERY_ATTEMPTS },
                backoff: Backoff {
                    first: limits::DELIVERY_PAUSE,
                    most: limits::DELIVERY_PAUSE_AT_MOST,
                },
                by_sender: false,
            },
            restart: Restart {
                most: if once { 0 } else { limits::SERVICE_RESTARTS },
                within: limits::SERVICE_RESTARTS_WITHIN,
                backoff: Backoff {
                    first: limits::SERVICE_RESTART_PAUSE,
                    most: limits::SERVICE_RESTART_PAUSE_AT_MOST,
                },
            },
            known_events: if once { 0 } else { limits::KNOWN_EVENTS },
            happenings: limits::SERVICE_HAPPENINGS,
            calls_stopped: false,
        }
    }
}

impl Default for ServiceOptions {
    fn default() -> Self {
        Self::of(Profile::default())
    }
}

impl Default for StopTimes {
    fn default() -> Self {
        Self {
            drain: limits::SERVICE_DRAIN_TIME,
            hard: limits::SERVICE_STOP_TIME,
        }
    }
}
