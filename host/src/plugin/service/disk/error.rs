//! Why a file cannot be used as a journal.

use std::io;
use std::path::{Path, PathBuf};

use redb::{DatabaseError, StorageError};

/// Why a file cannot be used as a journal. In every case it was left as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// Another host has it open.
    #[error(
        "the journal {} is in use by another process: a journal has one host at a time, stop that one or name \
         another file",
        .0.display()
    )]
    InUse(PathBuf),
    /// A file, but no journal.
    #[error(
        "{} is no journal: {what}; it was left as it is, name another file",
        file.display()
    )]
    NotAJournal {
        /// The file.
        file: PathBuf,
        /// What it is, as far as that can be told.
        what: String,
    },
    /// A journal of another program's version.
    #[error(
        "the journal {} has the format {found}, and this program reads {}: let the program that wrote it deliver \
         what is in it, or name another file",
        file.display(),
        super::store::FORMAT
    )]
    OtherFormat {
        /// The file.
        file: PathBuf,
        /// What it says of itself.
        found: String,
    },
    /// A journal of another plugin.
    #[error(
        "the journal {} belongs to the plugin `{owner}`, and this is `{wanted}`: give each plugin a file of its own",
        file.display()
    )]
    OtherOwner {
        /// The file.
        file: PathBuf,
        /// Whose it is.
        owner: String,
        /// For whom it was opened.
        wanted: String,
    },
    /// A journal that no longer holds together.
    #[error(
        "the journal {} is damaged: {what}; it was left as it is, move it away to begin anew",
        file.display()
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The system does not give it out.
    #[error("failed to open the journal {}: {cause}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
}

impl DiskError {
    pub(super) fn io(file: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |cause| Self::Io {
            file: file.to_owned(),
            cause,
        }
    }

    pub(super) fn damaged(file: &Path, what: impl ToString) -> Self {
        Self::Damaged {
            file: file.to_owned(),
            what: what.to_string(),
        }
    }

    pub(super) fn opening(file: &Path, error: DatabaseError) -> Self {
        let file = file.to_owned();
        match error {
            DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch => Self::InUse(file),
            DatabaseError::UpgradeRequired(version) => Self::OtherFormat {
                file,
                found: format!("of an older database, {version}"),
            },
            DatabaseError::Storage(StorageError::Io(cause)) if cause.kind() == io::ErrorKind::InvalidData => {
                Self::NotAJournal {
                    file,
                    what: "it begins like something else".to_owned(),
                }
            }
            DatabaseError::Storage(error) => Self::of_storage(&file, error),
            other => Self::damaged(&file, other),
        }
    }

    pub(super) fn of_storage(file: &Path, error: StorageError) -> Self {
        match error {
            StorageError::Io(cause) => Self::io(file)(cause),
            StorageError::Corrupted(what) => Self::damaged(file, what),
            other => Self::damaged(file, other),
        }
    }
}
