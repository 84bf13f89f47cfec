//! What is in a store and is no package: in our words, and in those of the yoi host.

use std::io;
use std::path::PathBuf;

use super::EXTENSION;
use crate::Profile;
use crate::authority::{FaultKind, Phase, PluginId, PluginSource, YoiDiagnostic};
use crate::limits::{STORE_NAMES_READ, STORE_PACKAGES};
use crate::package::fault::{io_word, shown};
use crate::package::{Diagnostic, PackageFaults};

/// Something in a store that is no package, or no good one, and where.
#[derive(Debug)]
#[non_exhaustive]
pub struct StoreFinding {
    /// In which store.
    pub source: PluginSource,
    /// What it is called there. None for what is about the store.
    pub label: Option<String>,
    /// Which plugin it would be, where that could be read.
    pub id: Option<PluginId>,
    /// What is wrong.
    pub fault: StoreFault,
}

/// What is wrong in a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreFault {
    /// The store is there and cannot be opened.
    #[error("failed to open the store {}: {cause}", store.display())]
    Unread {
        /// The store.
        store: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The names in it cannot be had, or not all.
    #[error("failed to list the store {}: {cause}", store.display())]
    Unlisted {
        /// The store.
        store: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// More packages than are read.
    #[error(
        "the store {} has {packages} packages; the first {STORE_PACKAGES} by name are read",
        store.display()
    )]
    TooManyPackages {
        /// The store.
        store: PathBuf,
        /// How many it has.
        packages: usize,
    },
    /// More names than are looked at.
    #[error(
        "the store {} has more than {STORE_NAMES_READ} names; what comes after them is not looked at",
        store.display()
    )]
    TooManyNames {
        /// The store.
        store: PathBuf,
    },
    /// A package that went away, or a link to nowhere.
    #[error("failed to find where `{}` is: {cause}", shown(label))]
    Gone {
        /// What it is called.
        label: String,
        /// What the system said.
        cause: io::Error,
    },
    /// A link out of the store.
    #[error("`{}` leads out of its store, to {}", shown(label), target.display())]
    Escapes {
        /// What it is called.
        label: String,
        /// Where it leads.
        target: PathBuf,
    },
    /// Something that is no file, a folder for example.
    #[error("`{}` is no file; a store has archives", shown(label))]
    NotAFile {
        /// What it is called.
        label: String,
        /// Whether it is a folder.
        is_folder: bool,
    },
    /// Something that may be meant for a package, and is not called as one: a folder with a manifest in it, an archive
    /// of another name.
    #[error(
        "`{}` is not looked at: the packages of a store are archives called `*.{EXTENSION}`",
        shown(label)
    )]
    NotCalledOne {
        /// What it is called.
        label: String,
        /// Whether it is a folder.
        is_folder: bool,
    },
    /// No package that could be used.
    #[error(transparent)]
    Package(#[from] PackageFaults),
    /// Several packages of one plugin.
    #[error("{} packages are the plugin `{id}`: {}", labels.len(), shown(&labels.join(", ")))]
    Duplicate {
        /// Which plugin.
        id: PluginId,
        /// What they are called.
        labels: Vec<String>,
    },
}

impl StoreFinding {
    pub(super) fn of_store(source: PluginSource, fault: StoreFault) -> Self {
        Self {
            source,
            label: None,
            id: None,
            fault,
        }
    }

    /// It as data: everything that is wrong, at least one; in the profile [`Yoi`](Profile::Yoi) the one thing that
    /// this host says.
    #[must_use]
    pub fn diagnostics(&self, profile: Profile) -> Vec<Diagnostic> {
        match profile {
            Profile::Documented => self.fault.diagnostics(),
            Profile::Yoi => {
                let YoiDiagnostic { kind, phase, message } = self.fault.yoi_first();
                let code = self.fault.code();
                vec![Diagnostic::without_place(code, kind, phase, message)]
            }
        }
    }
}

impl StoreFault {
    /// Which fault it is: a word for records, which does not change.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.class().0
    }

    /// Of which kind of the contract it is.
    #[must_use]
    pub fn kind(&self) -> FaultKind {
        self.class().1
    }

    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NotAFile { is_folder: true, .. } | Self::NotCalledOne { is_folder: true, .. } => {
                Some("pack the folder, and put the archive in the store")
            }
            Self::NotCalledOne { is_folder: false, .. } => Some("if it is a package, give it such a name"),
            Self::Escapes { .. } => Some("put a copy of the archive in the store"),
            Self::Duplicate { .. } => Some("leave one of them in the store"),
            _ => None,
        }
    }

    /// All of it as data, in the order in which the contract looks. At least one.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        if let Self::Package(faults) = self {
            return faults.diagnostics();
        }
        let (code, kind, _) = self.class();
        vec![Diagnostic {
            advice: self.advice().map(str::to_owned),
            ..Diagnostic::without_place(code, kind, Phase::Discovery, self.to_string())
        }]
    }

    /// The one diagnostic that the yoi host has for it. It has our words for bounds that are ours.
    #[must_use]
    pub fn yoi_first(&self) -> YoiDiagnostic {
        if let Self::Package(faults) = self {
            return faults.yoi_first();
        }
        let (_, kind, message) = self.class();
        let message = match self {
            Self::Unread { cause, .. } | Self::Unlisted { cause, .. } | Self::Gone { cause, .. } => {
                format!("{message}: {}", io_word(cause.kind()))
            }
            Self::TooManyNames { .. } => self.to_string(),
            _ => message.to_owned(),
        };
        YoiDiagnostic {
            kind,
            phase: Phase::Discovery,
            message,
        }
    }

    /// Its code, its kind, and what the yoi host says.
    fn class(&self) -> (&'static str, FaultKind, &'static str) {
        use FaultKind::{Bounds, Duplicate, Io, Malformed, Traversal};
        match self {
            Self::Unread { .. } => ("store_unread", Io, "plugin store could not be read"),
            Self::Unlisted { .. } => ("store_unlisted", Io, "plugin store could not be listed"),
            Self::TooManyPackages { .. } => (
                "too_many_packages",
                Bounds,
                "plugin store contains more packages than the configured discovery bound",
            ),
            Self::TooManyNames { .. } => ("too_many_names", Bounds, ""),
            Self::Gone { .. } => ("gone", Io, "plugin package could not be read"),
            Self::Escapes { .. } => (
                "escapes_store",
                Traversal,
                "plugin package path escapes its source store",
            ),
            Self::NotAFile { .. } => (
                "not_a_file",
                Malformed,
                "plugin package candidate is not a regular file",
            ),
            Self::NotCalledOne { .. } => ("not_called_one", Malformed, ""),
            Self::Package(PackageFaults::Files(fault)) => (fault.code(), fault.kind(), ""),
            Self::Package(faults @ PackageFaults::Manifest(_)) => ("manifest", faults.yoi_first().kind, ""),
            Self::Duplicate { .. } => (
                "duplicate_plugin",
                Duplicate,
                "duplicate plugin package identity in one source store",
            ),
        }
    }
}
