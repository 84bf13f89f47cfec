//! The thread that commits: one sync for everybody who waits for one.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use super::DiskError;
use super::store::{Change, CommitError, Mark, Store};
use crate::limits::{JOURNAL_COMMIT_CHANGES, JOURNAL_NOTE_DELAY, JOURNAL_RETRY_DELAY};
use crate::plugin::service::journal::{JournalError, Kept, Seq};
use crate::plugin::service::letter::Letter;

/// Something that the thread is to do. As many wait as there are events under way, which their queue bounds.
pub(super) enum Job {
    /// Write it, and say when it is on the disk.
    Write {
        change: Change,
        done: oneshot::Sender<Result<(), JournalError>>,
    },
    /// Write it with what comes next, or in a moment.
    Note { change: Change },
    /// Write what was noted, and that nothing begins any more.
    Close {
        done: SyncSender<Result<(), JournalError>>,
    },
    /// Read events that an earlier host left.
    Read {
        after: Option<Seq>,
        most: usize,
        bytes: usize,
        done: SyncSender<Result<Vec<Kept>, JournalError>>,
    },
    /// Read the events that were given up.
    DeadLetters {
        done: SyncSender<Result<Vec<Letter>, JournalError>>,
    },
}

/// The events that are marked in this run, as the disk has it.
pub(super) type Marked = Arc<Mutex<BTreeMap<Seq, Mark>>>;

/// The thread, which ends when this is dropped and everything is written.
pub(super) struct Writer {
    jobs: Option<Sender<Job>>,
    marked: Marked,
    thread: Option<JoinHandle<()>>,
}

/// What is said where the thread is no more.
pub(super) fn gone() -> JournalError {
    JournalError("the journal's writer has ended".to_owned())
}

impl Writer {
    pub(super) fn start(store: Store) -> Result<Self, DiskError> {
        let (jobs, come) = mpsc::channel();
        let marked = Arc::clone(store.marked());
        let file = store.file().to_owned();
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || Desk::new(store).serve(&come))
            .map_err(DiskError::io(&file))?;
        Ok(Self {
            jobs: Some(jobs),
            marked,
            thread: Some(thread),
        })
    }

    pub(super) fn hand(&self, job: Job) -> Result<(), JournalError> {
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        jobs.send(job).map_err(|_| gone())
    }

    /// Begin a delivery, if the disk has it already that it may have begun.
    pub(super) fn begins_marked(&self, seq: Seq, attempt: u32) -> bool {
        let mut marked = self.marked.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = marked.get_mut(&seq).filter(|mark| mark.attempt >= attempt);
        mark.map(|mark| mark.begun = true).is_some()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It panicked, then: whoever waited has been told.
            let _ = thread.join();
        }
    }
}

/// What the thread has before it.
struct Desk {
    store: Store,
    /// What the next commit changes, in order.
    changes: Vec<Change>,
    /// Who waits for it.
    waiting: Vec<oneshot::Sender<Result<(), JournalError>>>,
    /// Whether the last commit failed, so that the next attempt on what was only noted can wait.
    failed: bool,
}

impl Desk {
    fn new(store: Store) -> Self {
        Self {
            store,
            changes: Vec::new(),
            waiting: Vec::new(),
            failed: false,
        }
    }

    fn serve(mut self, jobs: &Receiver<Job>) {
        loop {
            let first = if self.changes.is_empty() {
                jobs.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else if self.failed {
                jobs.recv_timeout(JOURNAL_RETRY_DELAY)
            } else {
                jobs.recv_timeout(JOURNAL_NOTE_DELAY)
            };
            match first {
                Ok(job) => self.take(job),
                Err(RecvTimeoutError::Timeout) => drop(self.commit()),
                Err(RecvTimeoutError::Disconnected) => {
                    let _ = self.commit();
                    return;
                }
            }
            while self.changes.len() < JOURNAL_COMMIT_CHANGES
                && let Ok(job) = jobs.try_recv()
            {
                self.take(job);
            }
            if !self.waiting.is_empty() || (self.changes.len() >= JOURNAL_COMMIT_CHANGES && !self.failed) {
                let _ = self.commit();
            }
        }
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::Write { change, done } => {
                self.changes.push(change);
                self.waiting.push(done);
            }
            Job::Note { change } => self.changes.push(change),
            Job::Close { done } => {
                let closed = self.commit().and_then(|()| {
                    let unmarked = self.store.unmark();
                    unmarked.map_err(|error| self.error("write", &error))
                });
                // Who asked may have gone.
                let _ = done.send(closed);
            }
            Job::Read {
                after,
                most,
                bytes,
                done,
            } => {
                let read = self.store.read(after, most, bytes);
                let _ = done.send(read.map_err(|error| self.error("read", &error)));
            }
            Job::DeadLetters { done } => {
                let letters = self.commit().and_then(|()| {
                    let read = self.store.dead_letters();
                    read.map_err(|error| self.error("read", &error))
                });
                let _ = done.send(letters);
            }
        }
    }

    /// Write what is there. What nobody waits for is kept where that fails: it is tried again with the next.
    fn commit(&mut self) -> Result<(), JournalError> {
        if self.changes.is_empty() {
            return Ok(());
        }
        let done = self.store.commit(&self.changes);
        let done = done.map_err(|error| self.error("write", &error));
        self.failed = done.is_err();
        match done {
            Ok(()) => self.changes.clear(),
            Err(_) => self
                .changes
                .retain(|change| matches!(change, Change::Settle { .. })),
        }
        for waiting in self.waiting.drain(..) {
            let _ = waiting.send(done.clone());
        }
        done
    }

    fn error(&self, doing: &str, error: &CommitError) -> JournalError {
        JournalError(match error {
            // It names the file by itself.
            CommitError::Open(error) => error.to_string(),
            error => format!(
                "failed to {doing} the journal {}: {error}",
                self.store.file().display()
            ),
        })
    }
}
