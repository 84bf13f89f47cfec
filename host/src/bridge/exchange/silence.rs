//! How long a child may go on saying nothing.
//!
//! A notice by itself says nothing: an agent without a network says `Reconnecting...` for as long as it is let.

use std::time::Duration;

use tokio::time::Instant;

use super::ExchangeTimes;
use crate::bridge::event::NormalizedEvent;
use crate::limits::MESSAGE_BYTES;
use crate::text::bounded;

/// A silence, and how long it may be.
#[derive(Debug)]
pub(super) struct Silence {
    /// What may be between one line and the next.
    idle: Duration,
    since: Instant,
    time: Duration,
    /// Whether any line was heard.
    heard: bool,
    /// The last notice, where nothing else was said.
    notice: Option<String>,
}

impl Silence {
    /// That before the first line.
    pub(super) fn begin(times: &ExchangeTimes) -> Self {
        Self {
            idle: times.idle,
            since: Instant::now(),
            time: times.start,
            heard: false,
            notice: None,
        }
    }

    /// A line was heard, which came to these events.
    pub(super) fn is_broken_by(&mut self, events: &[NormalizedEvent]) {
        let notice = match events.last() {
            Some(NormalizedEvent::Notice { message }) => Some(message),
            _ => None,
        };
        let is_notice = |event: &NormalizedEvent| matches!(event, NormalizedEvent::Notice { .. });
        match notice.filter(|_| events.iter().all(is_notice)) {
            Some(notice) => self.notice = Some(bounded(notice.trim(), MESSAGE_BYTES).into_owned()),
            None => self.notice = None,
        }
        // The first line is one, whatever it says: the child is there.
        if self.notice.is_none() || !self.heard {
            self.since = Instant::now();
            self.time = self.idle;
        }
        self.heard = true;
    }

    /// So much of it was not the child's.
    pub(super) fn does_not_count(&mut self, time: Duration) {
        self.since += time;
    }

    /// Until when.
    pub(super) fn until(&self) -> Instant {
        self.since + self.time
    }

    /// That it was too long.
    pub(super) fn words(&self) -> String {
        let time = self.time;
        match (self.heard, &self.notice) {
            (false, _) => format!("the child did not say its first line within {time:?}"),
            (true, None) => format!("the child did not say its next line within {time:?}"),
            (true, Some(notice)) => {
                format!("the child said nothing but notices within {time:?}, the last of them: {notice}")
            }
        }
    }
}
