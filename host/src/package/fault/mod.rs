//! Why a package is refused: as data, with a kind and phase of the contract, words that name the entry, and
//! the yoi host's own words.

mod class;

use std::borrow::Cow;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use self::class::Yoi;
pub(super) use self::class::io_word;
use super::MANIFEST;
use crate::authority::{FaultKind, ManifestFaults, Phase, YoiDiagnostic};
use crate::limits::{
    FS_PATH_SHOWN_BYTES, IGNORE_FILE_BYTES, PACKAGE_ARCHIVE_BYTES, PACKAGE_BYTES, PACKAGE_ENTRIES,
    PACKAGE_FILE_BYTES, PACKAGE_FOLDERS_DEEP, PACKAGE_NAMES_READ, PACKAGE_PATH_BYTES,
};
use crate::text::bounded;

/// Why the files of a package cannot be had. All offsets and sizes are in bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackageFault {
    // What is on the disk.
    /// Nothing is there, or it cannot be looked at.
    #[error("failed to look at {}: {cause}", path.display())]
    Metadata {
        /// The path.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It cannot be read.
    #[error("failed to read {}: {cause}", path.display())]
    Read {
        /// The path.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A device, a socket, a pipe in place of a package.
    #[error("{} is neither a file nor a folder", .0.display())]
    NotAPackage(PathBuf),

    // Of files, wherever they come from.
    /// A path that leads out of the package, or that some system reads otherwise than another.
    #[error("path `{}` is not one of a package: {}", shown(entry), escape(entry))]
    Escapes {
        /// The path.
        entry: String,
    },
    /// A path for which an archive has no room.
    #[error(
        "path `{}` has {bytes} bytes; one in a package has at most {PACKAGE_PATH_BYTES}",
        shown(entry)
    )]
    PathTooLong {
        /// The path.
        entry: String,
        /// How long it is.
        bytes: usize,
    },
    /// A path that is there twice.
    #[error("`{}` is there twice", shown(entry))]
    Duplicate {
        /// The path.
        entry: String,
    },
    /// A path that is that of a file, and of a folder with another.
    #[error("`{}` is a file, and a folder with other files in it", shown(entry))]
    FileAndFolder {
        /// The path.
        entry: String,
    },
    /// A file too many.
    #[error(
        "a package has at most {PACKAGE_ENTRIES} files; `{}` is one more",
        shown(entry)
    )]
    TooManyFiles {
        /// The first that is too many.
        entry: String,
    },
    /// A file that is too large.
    #[error(
        "`{}` has {bytes} bytes; a file of a package has at most {PACKAGE_FILE_BYTES}",
        shown(entry)
    )]
    FileTooLarge {
        /// The file.
        entry: String,
        /// Its size, or what was read of it.
        bytes: u64,
    },
    /// Files that are too large together.
    #[error(
        "the files have {bytes} bytes, up to and with `{}`; those of a package have at most {PACKAGE_BYTES}",
        shown(entry)
    )]
    TotalTooLarge {
        /// The file with which they are.
        entry: String,
        /// Their size with it.
        bytes: u64,
    },

    // The archive as a whole.
    /// An archive that is too large.
    #[error("the archive has {bytes} bytes; that of a package has at most {PACKAGE_ARCHIVE_BYTES}")]
    ArchiveTooLarge {
        /// Its size, or what was read of it.
        bytes: u64,
    },
    /// No zip archive, or one whose end is missing.
    #[error("this is no zip archive, or its end is missing: {bytes} bytes hold no end record")]
    NoEnd {
        /// The size of what was looked at.
        bytes: usize,
    },
    /// An end record that is cut off.
    #[error("the archive's end record, at byte {at}, is cut off at byte {bytes}")]
    EndTruncated {
        /// Where it begins.
        at: usize,
        /// The size of the archive.
        bytes: usize,
    },
    /// One part of an archive that has several.
    #[error("the archive is part {part} of several; a package is one file")]
    MultiDisk {
        /// Which part it says that it is, or the other part it names.
        part: u16,
    },
    /// An archive with fields of the format's 64-bit extension.
    #[error("the archive uses ZIP64 ({}), which no package needs", shown(place))]
    Zip64 {
        /// Where.
        place: String,
    },
    /// More entries than a package may have.
    #[error("the archive has {entries} entries; that of a package has at most {PACKAGE_ENTRIES}")]
    TooManyEntries {
        /// What its end record says.
        entries: u16,
    },
    /// A directory that is elsewhere.
    #[error(
        "the archive's directory is said to be {bytes} bytes from byte {start} on, and the archive has \
         {archive}"
    )]
    DirectoryOutside {
        /// Where it is said to begin.
        start: u32,
        /// How large it is said to be.
        bytes: u32,
        /// The size of the archive.
        archive: usize,
    },
    /// An end record that is not where the archive ends, or where its directory ends.
    #[error("the archive's {part} ends at byte {ends}, and ought to at byte {wanted}")]
    LooseEnd {
        /// What ends elsewhere.
        part: &'static str,
        /// Where it ends.
        ends: u64,
        /// Where it ought to.
        wanted: u64,
    },
    /// Two counts of the same entries.
    #[error("the archive's end record counts {here} entries here and {all} in all")]
    CountsDiffer {
        /// In this part.
        here: u16,
        /// In all.
        all: u16,
    },

    // The archive's entries. They are counted from 1 where there is no name yet.
    /// Something else where the directory ought to have an entry.
    #[error("entry {number} of the archive's directory, at byte {at}, is none")]
    CentralMalformed {
        /// Which entry.
        number: usize,
        /// Where it ought to begin.
        at: usize,
    },
    /// An entry that is cut off by the end of the directory.
    #[error("entry {number} of the archive's directory, at byte {at}, is cut off at byte {end}")]
    CentralTruncated {
        /// Which entry.
        number: usize,
        /// Where it begins.
        at: usize,
        /// Where the directory ends.
        end: usize,
    },
    /// A name that is longer than what is left of the directory.
    #[error("the name of entry {number}, from byte {at} to {to}, is cut off at byte {end}")]
    NameOutside {
        /// Which entry.
        number: usize,
        /// Where the name begins.
        at: usize,
        /// Where it is said to end.
        to: usize,
        /// Where the directory ends.
        end: usize,
    },
    /// A name that is not text, in an archive or in a folder.
    #[error("the name `{}` is not UTF-8", shown(entry))]
    NameNotUtf8 {
        /// The name, with what is not text replaced.
        entry: String,
    },
    /// An entry that needs a password.
    #[error("`{}` is encrypted", shown(entry))]
    Encrypted {
        /// The entry.
        entry: String,
    },
    /// A link, in an archive or in a folder.
    #[error("`{}` is a symbolic link", shown(entry))]
    Symlink {
        /// The entry.
        entry: String,
        /// Whether it is in a folder.
        in_folder: bool,
    },
    /// A device, a pipe, a socket, in an archive or in a folder.
    #[error("`{}` is neither a file nor a folder", shown(entry))]
    Special {
        /// The entry.
        entry: String,
    },
    /// An entry that is compressed.
    #[error(
        "`{}` is compressed by method {method}{}, and the entries of a package are stored",
        shown(entry),
        method_name(*method)
    )]
    Compressed {
        /// The entry.
        entry: String,
        /// How, in the numbers of the format.
        method: u16,
    },
    /// No local header where the directory says that there is one.
    #[error(
        "`{}` has no header at byte {at}, where the archive's directory says that it is",
        shown(entry)
    )]
    LocalMalformed {
        /// The entry.
        entry: String,
        /// Where it ought to be.
        at: u32,
    },
    /// A local header that is cut off by the end of the archive.
    #[error(
        "the header of `{}`, at byte {at}, is cut off at byte {archive}",
        shown(entry)
    )]
    LocalTruncated {
        /// The entry.
        entry: String,
        /// Where it begins.
        at: u32,
        /// The size of the archive.
        archive: usize,
    },
    /// A local header that says something else than the directory.
    #[error(
        "`{}` has {field} {} in its header, and {} in the archive's directory",
        shown(entry),
        shown(local),
        shown(central)
    )]
    HeadersDiffer {
        /// The entry.
        entry: String,
        /// In what they differ.
        field: &'static str,
        /// What the header says.
        local: String,
        /// What the directory says.
        central: String,
    },
    /// Content that is elsewhere.
    #[error(
        "the content of `{}` is said to be {bytes} bytes from byte {start} on, and the archive has {archive}",
        shown(entry)
    )]
    DataOutside {
        /// The entry.
        entry: String,
        /// Where it begins.
        start: u64,
        /// How large it is said to be.
        bytes: u32,
        /// The size of the archive.
        archive: usize,
    },
    /// Two sizes of content that is not compressed.
    #[error("`{}` is stored in {stored} bytes and is said to have {bytes}", shown(entry))]
    SizesDiffer {
        /// The entry.
        entry: String,
        /// Its size as it is stored.
        stored: u32,
        /// Its size.
        bytes: u32,
    },
    /// Content that is part of something else as well.
    #[error("`{}` overlaps with {}", shown(entry), shown(other))]
    Overlaps {
        /// The entry.
        entry: String,
        /// With what.
        other: String,
    },
    /// Content that was damaged.
    #[error(
        "the content of `{}` has the CRC {computed:08x}, not {stored:08x}: it was damaged",
        shown(entry)
    )]
    Damaged {
        /// The entry.
        entry: String,
        /// What the archive says.
        stored: u32,
        /// What the content has.
        computed: u32,
    },
    /// A folder with content of its own.
    #[error("`{}` is a folder, and has content of its own ({bytes} B)", shown(entry))]
    FolderWithContent {
        /// The entry.
        entry: String,
        /// How many.
        bytes: u32,
    },
    /// An entry that other readers of zip archives know by another name.
    #[error("other readers of zip archives know `{}` as `{}`", shown(entry), shown(other))]
    OtherName {
        /// The entry.
        entry: String,
        /// Its other name.
        other: String,
    },
    /// An archive in which another reader finds something else.
    #[error("another reader of zip archives does not find the same in it: {reason}")]
    OtherReader {
        /// What it finds.
        reason: String,
    },

    // Folders.
    /// Folders nested without end.
    #[error("folder `{}` is more than {PACKAGE_FOLDERS_DEEP} deep", shown(entry))]
    TooDeep {
        /// The first that is too deep.
        entry: String,
    },
    /// More names than are looked at.
    #[error(
        "there are more than {PACKAGE_NAMES_READ} names to look at, up to those in folder `{}`",
        shown(entry)
    )]
    TooManyNames {
        /// Where it became too many.
        entry: String,
    },
    /// A `.yoiignore` that is too large.
    #[error(".yoiignore has more than {IGNORE_FILE_BYTES} bytes")]
    IgnoreTooLarge,
    /// A `.yoiignore` that cannot be understood.
    #[error(".yoiignore, line {line}: {reason}")]
    IgnoreLine {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why there is no package: its files cannot be had, or its manifest breaks rules.
#[derive(Debug, thiserror::Error)]
pub enum PackageFaults {
    /// Its files cannot be had.
    #[error(transparent)]
    Files(#[from] PackageFault),
    /// All that is wrong with its manifest.
    #[error(transparent)]
    Manifest(#[from] ManifestFaults),
}

/// One fault of a package as data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Diagnostic {
    /// Which fault it is. `manifest` for all of those of a manifest.
    pub code: &'static str,
    /// Of which kind it is.
    pub kind: FaultKind,
    /// When it is noticed.
    pub phase: Phase,
    /// The same in words, for a person.
    pub message: String,
    /// The path in the package that it is about, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// Where in the manifest, in bytes, where it is about a place in that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<Range<usize>>,
    /// What to do about it, where there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl Diagnostic {
    /// One that is about no place in a package.
    pub(super) fn without_place(code: &'static str, kind: FaultKind, phase: Phase, message: String) -> Self {
        Self {
            code,
            kind,
            phase,
            message,
            entry: None,
            span: None,
            advice: None,
        }
    }
}

impl PackageFault {
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

    /// When it is noticed: always while packages are looked for.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        Phase::Discovery
    }

    /// What the yoi host says of it. None for what that host does not mind, and for bounds that are ours.
    #[must_use]
    pub fn yoi(&self) -> Option<YoiDiagnostic> {
        let (_, kind, yoi) = self.class();
        let message = match yoi {
            Yoi::Says(message) => message.to_owned(),
            Yoi::Io(message, cause) => format!("{message}: {}", io_word(cause)),
            Yoi::Takes => return None,
        };
        Some(YoiDiagnostic {
            kind,
            phase: self.phase(),
            message,
        })
    }

    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        Some(match self {
            Self::Escapes { entry } if entry.ends_with('/') => {
                "leave entries for folders out of the archive, as `zip -D` does"
            }
            Self::Compressed { .. } => "store the entries as they are, as `zip -0` does",
            Self::TooManyFiles { .. } | Self::TotalTooLarge { .. } | Self::TooManyNames { .. } => {
                "name what is no part of the package in a `.yoiignore` at its top"
            }
            Self::Symlink { in_folder: true, .. } | Self::Special { .. } => {
                "put a file in its place, or name it in a `.yoiignore` at the package's top"
            }
            _ => return None,
        })
    }

    /// The path in the package that it is about, where there is one, fit for a message.
    fn entry(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Escapes { entry }
            | Self::PathTooLong { entry, .. }
            | Self::Duplicate { entry }
            | Self::FileAndFolder { entry }
            | Self::TooManyFiles { entry }
            | Self::FileTooLarge { entry, .. }
            | Self::TotalTooLarge { entry, .. }
            | Self::NameNotUtf8 { entry }
            | Self::Encrypted { entry }
            | Self::Symlink { entry, .. }
            | Self::Special { entry }
            | Self::Compressed { entry, .. }
            | Self::LocalMalformed { entry, .. }
            | Self::LocalTruncated { entry, .. }
            | Self::HeadersDiffer { entry, .. }
            | Self::DataOutside { entry, .. }
            | Self::SizesDiffer { entry, .. }
            | Self::Overlaps { entry, .. }
            | Self::Damaged { entry, .. }
            | Self::FolderWithContent { entry, .. }
            | Self::OtherName { entry, .. }
            | Self::TooDeep { entry }
            | Self::TooManyNames { entry } => Some(shown(entry)),
            _ => None,
        }
    }

    /// It as data.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic {
            code: self.code(),
            kind: self.kind(),
            phase: self.phase(),
            message: self.to_string(),
            entry: self.entry().map(Cow::into_owned),
            span: None,
            advice: self.advice().map(str::to_owned),
        }
    }
}

impl PackageFaults {
    /// All of them as data, in the order in which the contract looks. At least one.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        match self {
            Self::Files(fault) => vec![fault.diagnostic()],
            Self::Manifest(faults) => {
                let all = faults.list().iter();
                all.map(|fault| Diagnostic {
                    code: "manifest",
                    kind: fault.kind,
                    phase: fault.phase,
                    message: fault.message.clone(),
                    entry: Some(MANIFEST.to_owned()),
                    span: (!fault.span.is_empty()).then(|| fault.span.clone()),
                    advice: fault.advice.clone(),
                })
                .collect()
            }
        }
    }

    /// The one diagnostic that the yoi host has for a package. It has our words for bounds that are ours.
    #[must_use]
    pub fn yoi_first(&self) -> YoiDiagnostic {
        match self {
            Self::Files(fault) => fault.yoi().unwrap_or_else(|| YoiDiagnostic {
                kind: fault.kind(),
                phase: fault.phase(),
                message: fault.to_string(),
            }),
            Self::Manifest(faults) => faults.yoi_first(),
        }
    }
}

/// A name from a package, fit for a message.
pub(super) fn shown(text: &str) -> Cow<'_, str> {
    bounded(text, FS_PATH_SHOWN_BYTES)
}

/// Which part of the path rule this breaks.
fn escape(path: &str) -> &'static str {
    let path = path
        .strip_suffix('/')
        .map_or(path, |folder| if folder.is_empty() { path } else { folder });
    match path {
        "" => "it is empty",
        _ if path.contains('\0') => "it has a zero byte",
        _ if path.contains('\\') => "it has a backslash, which some systems take for `/`",
        _ if path.starts_with('/') => "it begins with `/`",
        _ if path.starts_with('~') => "it begins with `~`",
        _ if path.split('/').any(|part| part == "..") => "it has a part `..`",
        _ if path.split('/').any(|part| part == ".") => "it has a part `.`",
        _ if path.split('/').any(str::is_empty) => "it has an empty part",
        _ if path.as_bytes().get(1) == Some(&b':') => "it begins with a drive's letter",
        _ => "it ends with `/`, as an entry for a folder does",
    }
}

/// What a method of compression is called, in brackets.
fn method_name(method: u16) -> &'static str {
    match method {
        8 => " (deflate)",
        9 => " (deflate64)",
        12 => " (bzip2)",
        14 => " (LZMA)",
        93 => " (Zstandard)",
        95 => " (XZ)",
        99 => " (AES)",
        _ => "",
    }
}
