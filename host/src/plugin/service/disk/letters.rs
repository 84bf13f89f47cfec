//! What was given up, while no host has the file.

use std::path::Path;

use redb::ReadableTable;

use super::DiskError;
use super::store::{COUNTS, CommitError, DEAD, NEXT, SETTLED, Store, WAITING, storage};
use crate::plugin::message::IngressEvent;
use crate::plugin::service::JournalError;
use crate::plugin::service::letter::{Letter, LetterError, Stored};

/// The events of a journal that were given up, to be looked at, tried anew, or dropped. It has the file for itself: a
/// host that runs is to be stopped before.
pub struct DiskLetters {
    store: Store,
    owner: String,
}

/// Why nothing was done with some letters of a journal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiskLetterError {
    /// They cannot be had as they were asked for.
    #[error(transparent)]
    Letter(#[from] LetterError),
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl DiskLetters {
    /// Those of the journal in `file`, whichever plugin it belongs to.
    ///
    /// # Errors
    ///
    /// Where there is no journal, or another process has it.
    pub fn open(file: &Path) -> Result<Self, DiskError> {
        let (store, owner) = Store::open_any(file)?;
        Ok(Self { store, owner })
    }

    /// The plugin that the journal belongs to.
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// All of them, oldest first.
    ///
    /// # Errors
    ///
    /// Where they cannot be read.
    pub fn list(&mut self) -> Result<Vec<Letter>, JournalError> {
        let letters = self.store.dead_letters();
        letters.map_err(|error| self.error("read", &error))
    }

    /// Have these delivered by the next host, after all that waits, as if they had never been: all of them, or none.
    ///
    /// # Errors
    ///
    /// Where one of them is not there, or the journal cannot be written. Nothing is done then.
    pub fn requeue(&mut self, numbers: &[u64]) -> Result<(), DiskLetterError> {
        LetterError::check(&self.list()?, numbers, true)?;
        Ok(self.change(numbers, true)?)
    }

    /// Drop these for good: all of them, or none.
    ///
    /// # Errors
    ///
    /// Where one of them is not there, or the journal cannot be written. Nothing is done then.
    pub fn discard(&mut self, numbers: &[u64]) -> Result<(), DiskLetterError> {
        LetterError::check(&self.list()?, numbers, false)?;
        Ok(self.change(numbers, false)?)
    }

    fn change(&mut self, numbers: &[u64], requeue: bool) -> Result<(), JournalError> {
        let changed = try_change(&mut self.store, numbers, requeue);
        changed.map_err(|error| self.error("write", &error))
    }

    fn error(&self, doing: &str, error: &CommitError) -> JournalError {
        JournalError(format!(
            "failed to {doing} the journal {}: {error}",
            self.store.file().display()
        ))
    }
}

/// Take them out, in the order of their numbers, and put them where events wait if they are to be tried again.
fn try_change(store: &mut Store, numbers: &[u64], requeue: bool) -> Result<(), CommitError> {
    let write = store.database()?.begin_write().map_err(storage)?;
    {
        let mut dead = write.open_table(DEAD).map_err(storage)?;
        let mut waiting = write.open_table(WAITING).map_err(storage)?;
        let mut counts = write.open_table(COUNTS).map_err(storage)?;
        let mut settled = write.open_table(SETTLED).map_err(storage)?;
        let mut numbers = numbers.to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        let mut ids = Vec::new();
        for number in numbers {
            let Some(json) = dead.remove(number).map_err(storage)? else {
                continue;
            };
            if !requeue {
                continue;
            }
            let unreadable = |error: serde_json::Error| CommitError::Unreadable(number, error.to_string());
            let stored: Stored = serde_json::from_slice(json.value()).map_err(unreadable)?;
            let event: IngressEvent = serde_json::from_str(stored.event.get()).map_err(unreadable)?;
            let event = IngressEvent { attempt: 1, ..event };
            let next = counts.get(NEXT).map_err(storage)?.map_or(0, |next| next.value());
            let json = serde_json::to_vec(&event).unwrap_or_default();
            waiting.insert(next, json.as_slice()).map_err(storage)?;
            counts.insert(NEXT, next + 1).map_err(storage)?;
            ids.push(event.correlation_id);
        }
        // Whoever sends one of them again is told what becomes of it now.
        if !ids.is_empty() {
            settled
                .retain(|_, (id, _)| !ids.iter().any(|tried| tried == id))
                .map_err(storage)?;
        }
    }
    write.commit().map_err(storage)
}

impl std::fmt::Debug for DiskLetters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiskLetters")
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}
