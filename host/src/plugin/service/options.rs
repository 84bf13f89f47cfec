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
    /// What happens to an event for which there is no room.
    pub when_full: WhenFull,
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
}

/// What happens to a plugin that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restart {
    /// How many times it is restarted [within](Restart::within); once more, and it stays failed.
    pub most: u32,
    /// Restarts that are longer ago do not count.
    pub within: Duration,
    /// How long is waited before.
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
    /// | deliveries of an event | 5, with pauses | 1 |
    /// | restarts | 10 within a minute, with pauses | none |
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
            retry: Retry {
                attempts: if once { 1 } else { limits::DELIVERY_ATTEMPTS },
                backoff: Backoff {
                    first: limits::DELIVERY_PAUSE,
                    most: limits::DELIVERY_PAUSE_AT_MOST,
                },
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
