//! How long a guest may run, and who may end it sooner.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::clock::Clock;

/// Why the clock ended a guest. It is the cause that wasmtime's error carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The call took longer than it may.
    #[error("the call ran longer than {0:?}")]
    Deadline(Duration),
    /// Somebody holding its [`Cancel`] ended it.
    #[error("the call was cancelled")]
    Cancelled,
}

/// Ends calls from outside: cloned freely, used from any thread.
///
/// A cancelled call ends at the next tick of the clock, with the instance lost. Calls made after
/// [`Cancel::cancel`] end at once, until [`Cancel::reset`].
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
}

impl Cancel {
    /// End the call under way.
    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Release);
    }

    /// Let later calls run again.
    pub fn reset(&self) {
        self.flag.store(false, Ordering::Release);
    }

    /// Whether calls are being ended.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Acquire)
    }
}

/// The deadline of the call under way, in a store's data.
#[derive(Debug)]
pub(crate) struct Deadline {
    clock: Arc<Clock>,
    cancel: Cancel,
    limit: Duration,
    at: Instant,
}

impl Deadline {
    pub(crate) fn new(clock: Arc<Clock>, cancel: Cancel, limit: Duration, now: Instant) -> Self {
        Self {
            clock,
            cancel,
            limit,
            at: now + limit,
        }
    }

    /// A call begins.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.at = now + self.limit;
    }

    /// When the call is over.
    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    /// Another call begins, with what it may take and with who may end it.
    pub(crate) fn renew(&mut self, cancel: Cancel, limit: Duration, now: Instant) {
        self.cancel = cancel;
        self.limit = limit;
        self.begin(now);
    }

    /// The guest is entered, or goes on, until the next tick at least, which is the epoch that it stops at.
    pub(crate) fn watch(&self) {
        self.clock.beat();
    }

    /// The guest met a tick: whether it may go on. If so, there will be another tick.
    pub(crate) fn tick(&self) -> Result<(), Stopped> {
        self.watch();
        self.check(Instant::now())
    }

    /// Whether the call may go on.
    pub(crate) fn check(&self, now: Instant) -> Result<(), Stopped> {
        if self.cancel.is_cancelled() {
            return Err(Stopped::Cancelled);
        }
        if now >= self.at {
            return Err(Stopped::Deadline(self.limit));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_may_go_on_until_its_limit() {
        let start = Instant::now();
        let deadline = Deadline::new(Arc::default(), Cancel::default(), Duration::from_secs(1), start);
        assert_eq!(deadline.check(start + Duration::from_millis(999)), Ok(()));
        assert_eq!(
            deadline.check(start + Duration::from_secs(1)),
            Err(Stopped::Deadline(Duration::from_secs(1)))
        );
    }

    #[test]
    fn cancelling_comes_before_the_deadline_and_can_be_taken_back() {
        let start = Instant::now();
        let cancel = Cancel::default();
        let deadline = Deadline::new(Arc::default(), cancel.clone(), Duration::ZERO, start);
        cancel.cancel();
        assert_eq!(deadline.check(start), Err(Stopped::Cancelled));
        cancel.reset();
        assert_eq!(deadline.check(start), Err(Stopped::Deadline(Duration::ZERO)));
    }
}
