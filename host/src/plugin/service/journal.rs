//! Where events are kept that must not be lost with the host.

use std::fmt;
use std::pin::Pin;

use super::Settlement;
use crate::plugin::message::IngressEvent;

/// The number of an event in the order in which a service accepted them.
pub type Seq = u64;

/// Keeps the events that a service accepted, until they are settled.
///
/// A service has one, calls it from any of its threads, and never waits for it while it holds a lock of its own:
/// what takes time is handed to a writer, and told by [`Written::Later`]. Many events may be stored at once.
pub trait Journal: fmt::Debug + Send + Sync {
    /// What an earlier service left. It is asked once, before the first event is accepted.
    ///
    /// # Errors
    ///
    /// Where it cannot be read. The service does not start then.
    fn recover(&self) -> Result<Recovered, JournalError>;

    /// The next of the events that an earlier service left, after this number, or from the first: at most so many, with
    /// at most so many bytes, and one at least if there is one. It may take its time, and is asked as the queue empties.
    /// A journal that gave all of them at once has no more.
    ///
    /// # Errors
    ///
    /// Where they cannot be read. It is asked again after a pause.
    fn more(&self, after: Option<Seq>, most: usize, bytes: usize) -> Result<Vec<Kept>, JournalError> {
        let _ = (after, most, bytes);
        Ok(Vec::new())
    }

    /// Keep an event. It is accepted when it is stored, and its sender waits for that. Calls come in the order of
    /// `seq`, one at a time.
    fn accept(&self, seq: Seq, event: &IngressEvent) -> Written;

    /// The event is about to be delivered for the `attempt`-th time. The guest is not entered before this is
    /// written, so that nothing is ever delivered with an attempt that was used before. Where it cannot be written,
    /// it is tried again after a pause.
    fn begin(&self, seq: Seq, attempt: u32) -> Written;

    /// The event is settled and need not be kept; `why` says of a dead one what its last failure was. Where this
    /// is lost, it is delivered once more.
    ///
    /// One that is [`Settlement::Abandoned`] is not settled here: it is what [`Journal::recover`] gives the next
    /// time.
    fn settle(&self, seq: Seq, how: Settlement, why: Option<&str>);

    /// Whether events outlive the service: one that it leaves is given to the next one.
    fn keeps(&self) -> bool {
        true
    }

    /// The service ends: what was only handed over is to be written now.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    fn close(&self) -> Result<(), JournalError>;
}

/// When something is stored, or why it is not.
pub enum Written {
    /// It is known at once.
    Now(Result<(), JournalError>),
    /// It is known when this is done. Any thread may drive it.
    Later(Pin<Box<dyn Future<Output = Result<(), JournalError>> + Send>>),
}

/// What an earlier service left.
#[derive(Debug, Default)]
pub struct Recovered {
    /// The events that it accepted and did not settle, in the order of their numbers; or the first of them. They are
    /// taken however many they are; the queue has room again when there are fewer than its bound.
    pub events: Vec<Kept>,
    /// How many come after these, which [`Journal::more`] gives. Until all are in the queue it has no room for another
    /// event.
    pub left: u64,
    /// The ids of events that it settled, the newest last: they are known, and not accepted again.
    pub settled: Vec<(String, Settlement)>,
    /// The number of the next event: higher than any before.
    pub next: Seq,
}

/// An event that was kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its number.
    pub seq: Seq,
    /// The event, as it is to be delivered next: its `attempt` is one more than the deliveries that were begun.
    pub event: IngressEvent,
}

/// Why a journal did not do its work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct JournalError(pub String);

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Written::Now(result) => f.debug_tuple("Now").field(result).finish(),
            Written::Later(_) => f.write_str("Later"),
        }
    }
}

/// Keeps nothing: events live as long as the host does.
#[derive(Debug, Clone, Copy, Default)]
pub struct InMemory;

impl Journal for InMemory {
    fn recover(&self) -> Result<Recovered, JournalError> {
        Ok(Recovered::default())
    }

    fn accept(&self, _: Seq, _: &IngressEvent) -> Written {
        Written::Now(Ok(()))
    }

    fn begin(&self, _: Seq, _: u32) -> Written {
        Written::Now(Ok(()))
    }

    fn settle(&self, _: Seq, _: Settlement, _: Option<&str>) {}

    fn keeps(&self) -> bool {
        false
    }

    fn close(&self) -> Result<(), JournalError> {
        Ok(())
    }
}
