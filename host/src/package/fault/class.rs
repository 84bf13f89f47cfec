//! Each fault's code and kind, and what the yoi host says of it.

use std::io;

use super::PackageFault;
use crate::authority::FaultKind;

/// What the yoi host says, where it refuses the same.
pub(super) enum Yoi {
    Says(&'static str),
    Io(&'static str, io::ErrorKind),
    /// It takes it.
    Takes,
}

impl PackageFault {
    /// Its code, its kind, and what the yoi host says.
    pub(super) fn class(&self) -> (&'static str, FaultKind, Yoi) {
        use FaultKind::{Api, Bounds, Duplicate, Io, Malformed, Traversal};
        use Yoi::{Says, Takes};
        match self {
            Self::Metadata { cause, .. } => {
                let yoi = Yoi::Io("plugin package metadata could not be read", cause.kind());
                ("metadata", Io, yoi)
            }
            Self::Read { cause, .. } => {
                let yoi = Yoi::Io("plugin package content could not be read", cause.kind());
                ("read", Io, yoi)
            }
            Self::NotAPackage(_) => (
                "not_a_package",
                Malformed,
                Says("plugin package candidate is not a regular file"),
            ),
            Self::Escapes { .. } => (
                "escapes",
                Traversal,
                Says("plugin package entry path escapes the archive root"),
            ),
            Self::PathTooLong { .. } => ("path_too_long", Bounds, Takes),
            Self::Duplicate { .. } => (
                "duplicate",
                Duplicate,
                Says("plugin package contains duplicate normalized entry paths"),
            ),
            Self::FileAndFolder { .. } => ("file_and_folder", Duplicate, Takes),
            Self::TooManyFiles { .. } => (
                "too_many_files",
                Bounds,
                Says("plugin directory contains more files than the configured bound"),
            ),
            Self::FileTooLarge { .. } => (
                "file_too_large",
                Bounds,
                Says("plugin package entry exceeds the configured per-file bound"),
            ),
            Self::TotalTooLarge { .. } => (
                "total_too_large",
                Bounds,
                Says("plugin package expanded size exceeds the configured bound"),
            ),
            Self::ArchiveTooLarge { .. } => (
                "archive_too_large",
                Bounds,
                Says("plugin package exceeds the configured package size bound"),
            ),
            Self::NoEnd { .. } => (
                "no_end",
                Malformed,
                Says("zip end-of-central-directory was not found"),
            ),
            Self::EndTruncated { .. } => ("end_truncated", Malformed, Says("zip end record is truncated")),
            Self::MultiDisk { .. } => (
                "multi_disk",
                Malformed,
                Says("multi-disk zip packages are unsupported"),
            ),
            Self::Zip64 { .. } => ("zip64", Malformed, Takes),
            Self::TooManyEntries { .. } => (
                "too_many_entries",
                Bounds,
                Says("plugin package contains more entries than the configured bound"),
            ),
            Self::DirectoryOutside { .. } => (
                "directory_outside",
                Malformed,
                Says("zip central directory points outside the package"),
            ),
            Self::LooseEnd { .. } => ("loose_end", Malformed, Takes),
            Self::CountsDiffer { .. } => ("counts_differ", Malformed, Takes),
            Self::CentralMalformed { .. } => (
                "central_malformed",
                Malformed,
                Says("zip central directory entry is malformed"),
            ),
            Self::CentralTruncated { .. } => (
                "central_truncated",
                Malformed,
                Says("zip central directory entry is truncated"),
            ),
            Self::NameOutside { .. } => (
                "name_outside",
                Malformed,
                Says("zip entry name points outside the package"),
            ),
            Self::NameNotUtf8 { .. } => ("name_not_utf8", Malformed, Says("zip entry name is not UTF-8")),
            Self::Encrypted { .. } => (
                "encrypted",
                Malformed,
                Says("encrypted zip packages are unsupported"),
            ),
            Self::Symlink { in_folder: false, .. } => (
                "symlink",
                Traversal,
                Says("plugin package contains a symlink entry"),
            ),
            Self::Symlink { in_folder: true, .. } => (
                "symlink",
                Traversal,
                Says("plugin directory contains a symlink entry"),
            ),
            Self::Special { .. } => ("special", Traversal, Takes),
            Self::Compressed { .. } => (
                "compressed",
                Api,
                Says("plugin package uses an unsupported zip compression method"),
            ),
            Self::LocalMalformed { .. } => (
                "local_malformed",
                Malformed,
                Says("zip local file header is malformed"),
            ),
            Self::LocalTruncated { .. } => (
                "local_truncated",
                Malformed,
                Says("zip local file header is truncated"),
            ),
            Self::HeadersDiffer { .. } => (
                "headers_differ",
                Malformed,
                Says("zip local header disagrees with central directory"),
            ),
            Self::DataOutside { .. } => (
                "data_outside",
                Malformed,
                Says("zip entry data points outside the package"),
            ),
            Self::SizesDiffer { .. } => (
                "sizes_differ",
                Malformed,
                Says("zip stored entry size does not match central directory"),
            ),
            Self::Overlaps { .. } => ("overlaps", Malformed, Takes),
            Self::Damaged { .. } => ("damaged", Malformed, Takes),
            Self::FolderWithContent { .. } => ("folder_with_content", Malformed, Takes),
            Self::OtherName { .. } => ("other_name", Malformed, Takes),
            Self::OtherReader { .. } => ("other_reader", Malformed, Takes),
            Self::TooDeep { .. } => ("too_deep", Bounds, Takes),
            Self::TooManyNames { .. } => ("too_many_names", Bounds, Takes),
            Self::IgnoreTooLarge => ("ignore_too_large", Bounds, Takes),
            Self::IgnoreLine { .. } => ("ignore_line", Malformed, Takes),
        }
    }
}

/// The yoi host's words for what a system says.
pub(in crate::package) fn io_word(kind: io::ErrorKind) -> &'static str {
    match kind {
        io::ErrorKind::NotFound => "not found",
        io::ErrorKind::PermissionDenied => "permission denied",
        io::ErrorKind::AlreadyExists => "already exists",
        io::ErrorKind::InvalidData => "invalid data",
        io::ErrorKind::InvalidInput => "invalid input",
        _ => "I/O error",
    }
}
