//! A journal on a disk: events that outlive their host.
//!
//! One file of the embedded database `redb`, which was taken over SQLite since it is Rust all the way down (no C to
//! build), and its one promise is the one needed: a commit is on the disk whole, or not at all.
//!
//! **Nothing is acknowledged before it is synced.** A sync takes milliseconds, so one thread writes for all: whatever
//! came while it was busy goes into its next commit, and everybody who waited for it is told at once.
//!
//! - `store`: the tables, and what one commit changes in them; knows no threads
//! - `writer`: the thread that commits
//! - [`DiskLetters`]: what was given up, while no host has the file
//! - [`DiskError`]: why a file is not used, with what to do
//!
//! This room knows how events are kept. When they are delivered, tried again or given up is its caller's matter.

mod error;
mod letters;
mod store;
mod writer;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

use self::store::{Change, Store};
use self::writer::{Job, Writer};
use super::Settlement;
use super::journal::{Journal, JournalError, Kept, Recovered, Seq, Written};
use super::letter::Letter;
use crate::plugin::message::IngressEvent;

pub use self::error::DiskError;
pub use self::letters::{DiskLetterError, DiskLetters};

/// A journal in a file, which belongs to one plugin and is used by one host at a time.
///
/// Dropped, it ends in order: what was settled is written, and the file is free for the next host.
pub struct DiskJournal {
    file: PathBuf,
    writer: Writer,
    /// What was in the file when it was opened, until somebody asks.
    recovered: Mutex<Option<Recovered>>,
}

impl DiskJournal {
    /// Open the journal in `file`, or begin one there, for the plugin that `owner` names.
    ///
    /// # Errors
    ///
    /// Whatever keeps the file from being used. What is in it stays there.
    pub fn open(file: &Path, owner: &str) -> Result<Self, DiskError> {
        Self::begin(Store::open(file, owner)?)
    }

    fn begin(store: Store) -> Result<Self, DiskError> {
        let recovered = store.recover()?;
        Ok(Self {
            file: store.file().to_owned(),
            writer: Writer::start(store)?,
            recovered: Mutex::new(Some(recovered)),
        })
    }

    /// Where it is.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The events that were given up, oldest first: the last thousand.
    ///
    /// # Errors
    ///
    /// Where they cannot be read.
    pub fn dead_letters(&self) -> Result<Vec<Letter>, JournalError> {
        let (done, told) = mpsc::sync_channel(1);
        self.writer.hand(Job::DeadLetters { done })?;
        told.recv().map_err(|_| writer::gone())?
    }

    /// Have something written, and say when it is.
    fn write(&self, change: Change) -> Written {
        let (done, told) = oneshot::channel();
        match self.writer.hand(Job::Write { change, done }) {
            Ok(()) => Written::Later(Box::pin(async { told.await.map_err(|_| writer::gone())? })),
            Err(error) => Written::Now(Err(error)),
        }
    }
}

impl Journal for DiskJournal {
    fn recover(&self) -> Result<Recovered, JournalError> {
        let recovered = self
            .recovered
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        recovered.ok_or_else(|| JournalError("a journal is recovered once".to_owned()))
    }

    fn more(&self, after: Option<Seq>, most: usize, bytes: usize) -> Result<Vec<Kept>, JournalError> {
        let (done, told) = mpsc::sync_channel(1);
        let read = Job::Read {
            after,
            most,
            bytes,
            done,
        };
        self.writer.hand(read)?;
        told.recv().map_err(|_| writer::gone())?
    }

    fn accept(&self, seq: Seq, event: &IngressEvent) -> Written {
        // A value, strings and a number: nothing that cannot be JSON.
        let json = serde_json::to_vec(event).unwrap_or_default();
        self.write(Change::Accept { seq, json })
    }

    fn begin(&self, seq: Seq, attempt: u32) -> Written {
        if self.writer.begins_marked(seq, attempt) {
            return Written::Now(Ok(()));
        }
        self.write(Change::Begin { seq, attempt })
    }

    fn settle(&self, seq: Seq, how: Settlement, why: Option<&str>) {
        let change = Change::Settle {
            seq,
            how,
            why: why.map(str::to_owned),
        };
        // A writer that is gone loses this: the event is delivered once more, which is allowed.
        let _ = self.writer.hand(Job::Note { change });
    }

    fn close(&self) -> Result<(), JournalError> {
        let (done, told) = mpsc::sync_channel(1);
        self.writer.hand(Job::Close { done })?;
        told.recv().map_err(|_| writer::gone())?
    }
}

impl fmt::Debug for DiskJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskJournal")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}
