//! An exchange under way: a child is asked, listened to, and taken down, and whoever asked reads what it did.
//!
//! The child is listened to only while there is room for what it says. The last event has a place of its own, so
//! that an exchange which is to end does so at once, however slow its reader is.

mod outbox;
mod run;
mod silence;

use std::time::Duration;

use tokio::sync::watch;

use super::dialect::Dialect;
use super::event::{BridgeFailure, NormalizedEvent};
use super::spec::Mode;
use super::translation::LineCounts;
use super::transport::Transport;
use crate::limits::{
    BRIDGE_IDLE_TIME, BRIDGE_LEAVE_TIME, BRIDGE_SOFT_TIME, BRIDGE_START_TIME, BRIDGE_TOTAL_TIME,
};
use crate::wire::child::Ending;
use crate::world::Pending;

use outbox::Reader;
use run::Run;

/// How long an exchange may take, and its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeTimes {
    /// Until the child's first line.
    pub start: Duration,
    /// Between one line and the next, those left out that are nothing but a notice.
    pub idle: Duration,
    /// The whole.
    pub total: Duration,
    /// For a child that is done to go by itself.
    pub leave: Duration,
    /// For a child that was told to end, until it is killed.
    pub soft: Duration,
}

impl Default for ExchangeTimes {
    fn default() -> Self {
        Self {
            start: BRIDGE_START_TIME,
            idle: BRIDGE_IDLE_TIME,
            total: BRIDGE_TOTAL_TIME,
            leave: BRIDGE_LEAVE_TIME,
            soft: BRIDGE_SOFT_TIME,
        }
    }
}

/// What an exchange asks of whoever knows the adapter, the child, and what is remembered of conversations.
pub(super) trait Errand: Send {
    /// A dialect for one attempt, and what it is given.
    fn dialect(&mut self) -> Result<Box<dyn Dialect>, BridgeFailure>;

    /// A child for one attempt.
    fn connect(&mut self) -> Result<Box<dyn Transport>, BridgeFailure>;

    /// Wait for one's turn, and find out what is to be taken up again.
    fn prepare(&mut self) -> Pending<'_, Vec<NormalizedEvent>>;

    /// Whether a conversation is taken up again.
    fn resumes(&self) -> bool;

    /// The child does not know the conversation: forget it.
    fn forget(&mut self) -> Pending<'_, Vec<NormalizedEvent>>;

    /// Something happened that may be worth to be remembered. What is told of it, in order: most often that alone.
    fn note(&mut self, event: NormalizedEvent) -> Pending<'_, Vec<NormalizedEvent>>;
}

/// An exchange under way. Dropped, it ends.
#[derive(Debug)]
pub struct Exchange {
    reader: Reader,
    cancel: watch::Sender<bool>,
    report: watch::Receiver<Option<ExchangeReport>>,
}

/// What is known of an exchange when its child is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeReport {
    /// How the child ended; none where there was none.
    pub ending: Option<Ending>,
    /// What its lines were.
    pub counts: LineCounts,
    /// How many children it took.
    pub attempts: u32,
    /// Whether it was ended from outside: by whoever asked, or because a time was over.
    pub stopped: bool,
}

impl ExchangeReport {
    /// That of an exchange of which nothing is known.
    fn unknown() -> Self {
        Self {
            ending: None,
            counts: LineCounts::default(),
            attempts: 0,
            stopped: false,
        }
    }
}

impl Exchange {
    /// Begin. Needs a runtime of tokio.
    pub(super) fn begin(errand: Box<dyn Errand>, mode: Mode, times: ExchangeTimes) -> Self {
        let (cancel, cancelled) = watch::channel(false);
        let (report, reported) = watch::channel(None);
        let (run, reader) = Run::new(errand, mode, times, cancelled);
        tokio::spawn(async move {
            let done = run.run().await;
            report.send_replace(Some(done));
        });
        Self {
            reader,
            cancel,
            report: reported,
        }
    }

    /// The next event; none after the last. May be dropped and called again at any time.
    pub async fn next(&mut self) -> Option<NormalizedEvent> {
        self.reader.next().await
    }

    /// End it. What the child has said is still to be read, and then that it was aborted; nothing changes where it
    /// is over.
    pub fn cancel(&self) {
        self.cancel.send_replace(true);
    }

    /// Something that ends it from elsewhere.
    #[must_use]
    pub fn canceller(&self) -> Canceller {
        Canceller(self.cancel.clone())
    }

    /// Wait until nothing of the child is left. Events that are not read keep it from ending by itself.
    pub async fn ended(&mut self) -> ExchangeReport {
        self.watcher().ended().await
    }

    /// Something that sees its end from elsewhere.
    #[must_use]
    pub fn watcher(&self) -> Watcher {
        Watcher(self.report.clone())
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // The task takes the child down. Where the runtime ends first, it is dropped with the task, and killed.
        self.cancel.send_replace(true);
    }
}

/// Ends an exchange from elsewhere.
#[derive(Debug, Clone)]
pub struct Canceller(watch::Sender<bool>);

impl Canceller {
    /// End it.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

/// Sees the end of an exchange from elsewhere.
#[derive(Debug, Clone)]
pub struct Watcher(watch::Receiver<Option<ExchangeReport>>);

impl Watcher {
    /// As [`Exchange::ended`].
    pub async fn ended(&mut self) -> ExchangeReport {
        let report = self.0.wait_for(Option::is_some).await;
        let report = report.ok().and_then(|report| report.clone());
        report.unwrap_or_else(ExchangeReport::unknown)
    }
}
