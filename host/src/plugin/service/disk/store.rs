//! The tables of a journal, and what one commit changes in them.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use redb::backends::FileBackend;
use redb::{
    Builder, Database, DatabaseError, ReadTransaction, ReadableDatabase, ReadableTable,
    ReadableTableMetadata, StorageError, Table, TableDefinition, TableError, WriteTransaction,
};
use serde_json::value::RawValue;

use super::DiskError;
use super::writer::Marked;
use crate::limits::{JOURNAL_CACHE_BYTES, JOURNAL_DEAD_LETTERS, JOURNAL_MARKED_AHEAD, KNOWN_EVENTS};
use crate::plugin::message::IngressEvent;
use crate::plugin::service::Settlement;
use crate::plugin::service::journal::{Kept, Recovered, Seq};
use crate::plugin::service::letter::{Letter, Stored};

/// The format of the tables. Another one is not read.
pub(super) const FORMAT: &str = "yoikit.journal/1";

/// What the file is: its format, and whose it is.
const ABOUT: TableDefinition<'_, &str, &str> = TableDefinition::new("about");
/// The number that the next event gets, under one name: numbers are never given twice, whatever was removed.
pub(super) const COUNTS: TableDefinition<'_, &str, u64> = TableDefinition::new("counts");
/// The events that are accepted and not settled, as JSON.
pub(super) const WAITING: TableDefinition<'_, Seq, &[u8]> = TableDefinition::new("waiting");
/// How many deliveries of each may have begun. Apart from the events: it changes, and they do not.
const ATTEMPTS: TableDefinition<'_, Seq, u32> = TableDefinition::new("attempts");
/// The ids of those that were settled and how they were, in the order in which they were.
pub(super) const SETTLED: TableDefinition<'_, u64, (&str, &str)> = TableDefinition::new("settled");
/// The events that were given up, as JSON.
pub(super) const DEAD: TableDefinition<'_, Seq, &[u8]> = TableDefinition::new("dead");

pub(super) const NEXT: &str = "next";

/// Something that a commit is to change.
#[derive(Debug)]
pub(super) enum Change {
    /// Keep an event, which has this number.
    Accept { seq: Seq, json: Vec<u8> },
    /// This delivery of it is about to begin.
    Begin { seq: Seq, attempt: u32 },
    /// It is over.
    Settle {
        seq: Seq,
        how: Settlement,
        why: Option<String>,
    },
}

/// What opens the file. Tests put one that breaks in its place.
pub(super) type Opens = Box<dyn Fn(&Builder, &Path) -> Result<Database, DatabaseError> + Send>;

/// The tables in a file.
pub(super) struct Store {
    file: PathBuf,
    opens: Opens,
    /// Gone after a failure: the library refuses everything until the file is opened again.
    database: Option<Database>,
    marked: Marked,
    /// All waiting events up to this one are marked, or were.
    ahead: Option<Seq>,
}

/// Which delivery of an event is marked on the disk, and whether it has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) attempt: u32,
    /// It is not where the event was marked ahead with another one.
    pub(super) begun: bool,
}

impl Store {
    pub(super) fn open(file: &Path, owner: &str) -> Result<Self, DiskError> {
        let opens = |builder: &Builder, file: &Path| builder.create_with_backend(open_file(file)?);
        Self::open_by(Box::new(opens), file, owner)
    }

    pub(super) fn open_by(opens: Opens, file: &Path, owner: &str) -> Result<Self, DiskError> {
        let database = open_database(&opens, file)?;
        check(&database, file, owner)?;
        Ok(Self::of(opens, file, database))
    }

    /// A journal that is there, whosever it is, and its owner.
    pub(super) fn open_any(file: &Path) -> Result<(Self, String), DiskError> {
        let nothing = || DiskError::NotAJournal {
            file: file.to_owned(),
            what: "it is empty".to_owned(),
        };
        // Where there is nothing, opening it would lay it out.
        if std::fs::metadata(file).map_err(DiskError::io(file))?.len() == 0 {
            return Err(nothing());
        }
        let opens: Opens = Box::new(|builder, file| builder.create_with_backend(open_file(file)?));
        let database = open_database(&opens, file)?;
        let owner = owner_of(&database, file)?.ok_or_else(nothing)?;
        Ok((Self::of(opens, file, database), owner))
    }

    fn of(opens: Opens, file: &Path, database: Database) -> Self {
        Self {
            file: file.to_owned(),
            opens,
            database: Some(database),
            marked: Marked::default(),
            ahead: None,
        }
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// The attempts that are marked in this run.
    pub(super) fn marked(&self) -> &Marked {
        &self.marked
    }

    /// What an earlier host left. The events are counted and not given: [`Store::read`] gives them. Each is looked at,
    /// so that a journal with one that cannot be read is not begun with.
    pub(super) fn recover(&self) -> Result<Recovered, DiskError> {
        let damaged = |what: String| DiskError::damaged(&self.file, what);
        let Some(database) = &self.database else {
            return Err(damaged("it is not open".to_owned()));
        };
        let reading = || -> Result<_, redb::Error> {
            let read = database.begin_read()?;
            let mut left = 0;
            let mut unreadable = None;
            for entry in read.open_table(WAITING)?.iter()? {
                let (seq, json) = entry?;
                if let Err(error) = serde_json::from_slice::<IngressEvent>(json.value()) {
                    unreadable = Some((seq.value(), error));
                    break;
                }
                left += 1;
            }
            let mut settled = Vec::new();
            for entry in read.open_table(SETTLED)?.iter()? {
                let entry = entry?.1;
                let (id, how) = entry.value();
                settled.push((id.to_owned(), settlement_named(how)));
            }
            Ok((left, unreadable, settled, next_of(&read)?))
        };
        let (left, unreadable, settled, next) = reading().map_err(|error| damaged(error.to_string()))?;
        match unreadable {
            Some((seq, error)) => Err(damaged(format!("event {seq} cannot be read: {error}"))),
            None => Ok(Recovered {
                events: Vec::new(),
                left,
                settled,
                next,
            }),
        }
    }

    /// The events that wait after this number, or from the first: at most so many, with at most so many bytes, and one
    /// at least.
    pub(super) fn read(
        &mut self,
        after: Option<Seq>,
        most: usize,
        most_bytes: usize,
    ) -> Result<Vec<Kept>, CommitError> {
        let read = self.database()?.begin_read().map_err(storage)?;
        let attempts = read.open_table(ATTEMPTS).map_err(storage)?;
        let waiting = read.open_table(WAITING).map_err(storage)?;
        let from = after.map_or(0, |after| after.saturating_add(1));
        let marked = self.marked.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = Vec::new();
        let mut bytes = 0;
        for entry in waiting.range(from..).map_err(storage)?.take(most) {
            let (seq, json) = entry.map_err(storage)?;
            bytes += json.value().len();
            if bytes > most_bytes && !kept.is_empty() {
                break;
            }
            let seq = seq.value();
            let mut event: IngressEvent = serde_json::from_slice(json.value())
                .map_err(|error| CommitError::Unreadable(seq, error.to_string()))?;
            event.attempt = match marked.get(&seq) {
                // In this run, ahead of the delivery that is to come.
                Some(mark) => mark.attempt,
                None => {
                    let begun = attempts.get(seq).map_err(storage)?;
                    begun.map_or(0, |begun| begun.value()).saturating_add(1)
                }
            };
            kept.push(Kept { seq, event });
        }
        Ok(kept)
    }

    /// Make all these changes, in order, or none of them.
    pub(super) fn commit(&mut self, changes: &[Change]) -> Result<(), CommitError> {
        let done = self.try_commit(changes);
        if let Err(CommitError::Storage(_)) = &done {
            // What the library held in memory is not to be trusted any more; what is in the file is.
            self.database = None;
        }
        done
    }

    fn try_commit(&mut self, changes: &[Change]) -> Result<(), CommitError> {
        let write = self.database()?.begin_write().map_err(storage)?;
        let mut marks = Marks {
            marked: BTreeMap::new(),
            ahead: self.ahead,
        };
        let mut settled = Vec::new();
        {
            let mut tables = Tables::open(&write)?;
            for change in changes {
                match change {
                    Change::Accept { seq, json } => tables.accept(*seq, json)?,
                    Change::Begin { seq, attempt } => tables.begin(*seq, *attempt, &mut marks)?,
                    Change::Settle { seq, how, why } => {
                        tables.settle(*seq, *how, why.as_deref())?;
                        settled.push(*seq);
                    }
                }
            }
        }
        write.commit().map_err(storage)?;
        // Only now is any of it so.
        self.ahead = marks.ahead;
        let mut marked = self.marked.lock().unwrap_or_else(PoisonError::into_inner);
        marked.append(&mut marks.marked);
        for seq in settled {
            marked.remove(&seq);
        }
        Ok(())
    }

    /// Take the marks back of what has not begun and will not any more: the host ends in order.
    pub(super) fn unmark(&mut self) -> Result<(), CommitError> {
        let mut marked = self.marked.lock().unwrap_or_else(PoisonError::into_inner);
        let ahead: Vec<Seq> = marked
            .iter()
            .filter(|(_, mark)| !mark.begun)
            .map(|(seq, _)| *seq)
            .collect();
        for seq in &ahead {
            marked.remove(seq);
        }
        drop(marked);
        self.ahead = None;
        if ahead.is_empty() {
            return Ok(());
        }
        let unmarking = |database: &Database| -> Result<(), CommitError> {
            let write = database.begin_write().map_err(storage)?;
            {
                let mut attempts = write.open_table(ATTEMPTS).map_err(storage)?;
                for seq in ahead {
                    attempts.remove(seq).map_err(storage)?;
                }
            }
            write.commit().map_err(storage)
        };
        let done = unmarking(self.database()?);
        if done.is_err() {
            self.database = None;
        }
        done
    }

    /// The events that were given up, oldest first.
    pub(super) fn dead_letters(&mut self) -> Result<Vec<Letter>, CommitError> {
        let read = self.database()?.begin_read().map_err(storage)?;
        let mut letters = Vec::new();
        for entry in read.open_table(DEAD).map_err(storage)?.iter().map_err(storage)? {
            let (number, json) = entry.map_err(storage)?;
            let stored: Stored = serde_json::from_slice(json.value())
                .map_err(|error| CommitError::Unreadable(number.value(), error.to_string()))?;
            letters.push(stored.letter(number.value()));
        }
        Ok(letters)
    }

    /// The tables, which are opened again where they failed before.
    pub(super) fn database(&mut self) -> Result<&Database, CommitError> {
        Ok(match &mut self.database {
            Some(database) => database,
            none => none.insert(open_database(&self.opens, &self.file)?),
        })
    }
}

/// Why a commit did not come about. Nothing of it is in the file then.
#[derive(Debug, thiserror::Error)]
pub(super) enum CommitError {
    #[error("{0}")]
    Open(#[from] DiskError),
    #[error("{0}")]
    Storage(redb::Error),
    #[error("event {0} cannot be read: {1}")]
    Unreadable(Seq, String),
}

pub(super) fn storage(error: impl Into<redb::Error>) -> CommitError {
    CommitError::Storage(error.into())
}

/// What a commit marks as begun.
struct Marks {
    marked: BTreeMap<Seq, Mark>,
    ahead: Option<Seq>,
}

struct Tables<'t> {
    counts: Table<'t, &'static str, u64>,
    waiting: Table<'t, Seq, &'static [u8]>,
    attempts: Table<'t, Seq, u32>,
    settled: Table<'t, u64, (&'static str, &'static str)>,
    dead: Table<'t, Seq, &'static [u8]>,
}

impl<'t> Tables<'t> {
    fn open(write: &'t WriteTransaction) -> Result<Self, CommitError> {
        Ok(Self {
            counts: write.open_table(COUNTS).map_err(storage)?,
            waiting: write.open_table(WAITING).map_err(storage)?,
            attempts: write.open_table(ATTEMPTS).map_err(storage)?,
            settled: write.open_table(SETTLED).map_err(storage)?,
            dead: write.open_table(DEAD).map_err(storage)?,
        })
    }

    fn accept(&mut self, seq: Seq, json: &[u8]) -> Result<(), CommitError> {
        self.waiting.insert(seq, json).map_err(storage)?;
        self.counts.insert(NEXT, seq + 1).map_err(storage)?;
        Ok(())
    }

    /// Mark this delivery as begun, and the first one of those events that will probably be next: a delivery is not
    /// to cost a sync of its own. One that may have been delivered before is not marked ahead: so a host that dies takes
    /// one try at most from an event that it had not begun, however often it dies.
    fn begin(&mut self, seq: Seq, attempt: u32, marks: &mut Marks) -> Result<(), CommitError> {
        self.attempts.insert(seq, attempt).map_err(storage)?;
        let begun = Mark { attempt, begun: true };
        marks.marked.insert(seq, begun);
        let from = marks.ahead.map_or(seq, |ahead| ahead.max(seq)) + 1;
        let next = self.waiting.range(from..).map_err(storage)?;
        for entry in next.take(JOURNAL_MARKED_AHEAD) {
            let seq = entry.map_err(storage)?.0.value();
            marks.ahead = Some(seq);
            if self.attempts.get(seq).map_err(storage)?.is_some() {
                continue;
            }
            let first = Mark {
                attempt: 1,
                begun: false,
            };
            self.attempts.insert(seq, first.attempt).map_err(storage)?;
            marks.marked.insert(seq, first);
        }
        Ok(())
    }

    fn settle(&mut self, seq: Seq, how: Settlement, why: Option<&str>) -> Result<(), CommitError> {
        let Some(json) = self.waiting.remove(seq).map_err(storage)? else {
            return Ok(());
        };
        let event = serde_json::from_slice::<IngressEvent>(json.value());
        drop(json);
        let Ok(event) = event else {
            // Cannot be: it was written or read by this run. In any case there is nothing to keep of it.
            return Ok(());
        };
        let begun = self.attempts.remove(seq).map_err(storage)?;
        let attempt = begun.map_or(event.attempt, |begun| begun.value());

        let last = self.settled.last().map_err(storage)?;
        let number = last.map_or(0, |(number, _)| number.value() + 1);
        self.settled
            .insert(number, (event.correlation_id.as_str(), name_of(how)))
            .map_err(storage)?;
        if self.settled.len().map_err(storage)? > KNOWN_EVENTS as u64 {
            self.settled.pop_first().map_err(storage)?;
        }

        if how == Settlement::Dead {
            let event = IngressEvent { attempt, ..event };
            // A value, strings and a number: nothing that cannot be JSON.
            let event: Box<RawValue> = serde_json::value::to_raw_value(&event).unwrap_or_default();
            let letter = Stored {
                why: why.map(str::to_owned),
                event,
            };
            let json = serde_json::to_vec(&letter).unwrap_or_default();
            self.dead.insert(seq, json.as_slice()).map_err(storage)?;
            if self.dead.len().map_err(storage)? > JOURNAL_DEAD_LETTERS as u64 {
                self.dead.pop_first().map_err(storage)?;
            }
        }
        Ok(())
    }
}

/// What the table of settled events calls it.
fn name_of(how: Settlement) -> &'static str {
    match how {
        Settlement::Accepted => "accepted",
        Settlement::Declined => "declined",
        Settlement::Dropped => "dropped",
        Settlement::Dead => "dead",
        Settlement::Returned => "returned",
        Settlement::Abandoned => "abandoned",
    }
}

/// Whatever else stands there: it was settled.
fn settlement_named(name: &str) -> Settlement {
    match name {
        "declined" => Settlement::Declined,
        "dropped" => Settlement::Dropped,
        "dead" => Settlement::Dead,
        "returned" => Settlement::Returned,
        _ => Settlement::Accepted,
    }
}

/// The file, which is its owner's alone: events hold what people wrote.
pub(super) fn open_file(file: &Path) -> Result<FileBackend, DatabaseError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(file)?;
    if !opened.metadata()?.is_file() {
        return Err(io::Error::other("it is no file").into());
    }
    // A file whose name is not on the disk yet is lost with the power, whatever is in it.
    #[cfg(unix)]
    if opened.metadata()?.len() == 0 {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    FileBackend::new(opened)
}

fn open_database(opens: &Opens, file: &Path) -> Result<Database, DiskError> {
    let mut builder = Builder::new();
    builder.set_cache_size(JOURNAL_CACHE_BYTES);
    // Without it, a damaged file may be trusted.
    builder.set_check_integrity_on_open(true);
    opens(&builder, file).map_err(|error| DiskError::opening(file, error))
}

/// See that the file is a journal of this format and this owner; make it one if it is empty.
fn check(database: &Database, file: &Path, owner: &str) -> Result<(), DiskError> {
    match owner_of(database, file)? {
        None => lay_out(database, owner).map_err(|error| match error {
            CommitError::Storage(redb::Error::Io(cause)) => DiskError::io(file)(cause),
            other => DiskError::damaged(file, other),
        }),
        Some(found) if found != owner => Err(DiskError::OtherOwner {
            file: file.to_owned(),
            owner: found,
            wanted: owner.to_owned(),
        }),
        Some(_) => Ok(()),
    }
}

/// Whose journal it is; nobody's if it is empty.
fn owner_of(database: &Database, file: &Path) -> Result<Option<String>, DiskError> {
    let found = about(database).map_err(|error| match error {
        redb::Error::Io(cause) => DiskError::io(file)(cause),
        other => DiskError::damaged(file, other),
    })?;
    match found {
        About::Empty => Ok(None),
        About::Foreign => Err(DiskError::NotAJournal {
            file: file.to_owned(),
            what: "it is a database of another program's".to_owned(),
        }),
        About::Journal { format, .. } if format != FORMAT => Err(DiskError::OtherFormat {
            file: file.to_owned(),
            found: format,
        }),
        About::Journal { owner, .. } => Ok(Some(owner)),
    }
}

/// What a database says of itself.
enum About {
    Empty,
    Foreign,
    Journal { format: String, owner: String },
}

fn about(database: &Database) -> Result<About, redb::Error> {
    let read = database.begin_read()?;
    let table = match read.open_table(ABOUT) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => {
            let empty = read.list_tables()?.next().is_none() && read.list_multimap_tables()?.next().is_none();
            return Ok(if empty { About::Empty } else { About::Foreign });
        }
        Err(TableError::Storage(error)) => return Err(error.into()),
        Err(_) => return Ok(About::Foreign),
    };
    let get = |key| -> Result<Option<String>, StorageError> {
        Ok(table.get(key)?.map(|value| value.value().to_owned()))
    };
    Ok(match (get("format")?, get("owner")?) {
        (Some(format), Some(owner)) => About::Journal { format, owner },
        _ => About::Foreign,
    })
}

fn lay_out(database: &Database, owner: &str) -> Result<(), CommitError> {
    let write = database.begin_write().map_err(storage)?;
    {
        let mut about = write.open_table(ABOUT).map_err(storage)?;
        about.insert("format", FORMAT).map_err(storage)?;
        about.insert("owner", owner).map_err(storage)?;
        Tables::open(&write)?.counts.insert(NEXT, 0).map_err(storage)?;
    }
    write.commit().map_err(storage)
}

fn next_of(read: &ReadTransaction) -> Result<Seq, redb::Error> {
    Ok(read.open_table(COUNTS)?.get(NEXT)?.map_or(0, |next| next.value()))
}
