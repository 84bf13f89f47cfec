//! Why a file was not touched.
//!
//! The texts are the contract's where it has one. A path in them is the one that the guest gave, shown by
//! [`RequestPath::shown`](super::path::RequestPath::shown); neither a root nor a file's content is ever in one.

use std::io;

use crate::authority::{Denial, FsOperation};
use crate::imports::{HostError, HostErrorCode};
use crate::limits::{FS_CONTENT_BYTES, FS_DESCRIPTOR_BYTES, FS_ENTRIES_READ, FS_PATH_BYTES};

#[derive(Debug, thiserror::Error)]
pub(super) enum FsError {
    #[error("FS request descriptor exceeds {FS_DESCRIPTOR_BYTES} bytes")]
    DescriptorTooLarge,
    #[error("plugin host API dispatch denied: {0}")]
    HostApi(Denial),
    #[error("{0}")]
    Operation(Denial),
    #[error("invalid FS {operation} request JSON: {fault}")]
    Json { operation: FsOperation, fault: String },
    #[error("FS write content exceeds {FS_CONTENT_BYTES} bytes")]
    ContentTooLarge,

    #[error("FS path exceeds {FS_PATH_BYTES} bytes")]
    PathTooLong,
    #[error("FS path must not be empty")]
    PathEmpty,
    #[error("FS path contains a NUL byte")]
    PathNul,
    #[error("FS request paths must be relative to a configured fs grant root")]
    PathAbsolute,
    #[error("FS path traversal outside the grant root is denied")]
    PathTraversal,
    #[error("FS write path must name a file")]
    NoFileName,

    #[error("configured fs grant root is invalid")]
    RootInvalid,
    #[error("configured fs grant root must be an absolute path")]
    RootRelative,
    #[error("configured fs grant root is unavailable")]
    RootUnavailable,
    #[error("configured fs grant root must not be a symlink")]
    RootSymlink,
    #[error("configured fs grant root must be a directory")]
    RootNoDirectory,

    #[error("FS path component is unavailable for {path}: {cause}")]
    Unavailable { path: String, cause: io::Error },
    #[error("FS path symlink escape is denied: {path}")]
    Symlink { path: String },
    #[error("FS write target is a symlink: {path}")]
    WriteSymlink { path: String },
    #[error("FS write target is a directory: {path}")]
    WriteDirectory { path: String },
    #[error("FS {operation} target is not a regular file: {path}")]
    NotRegular { operation: FsOperation, path: String },
    #[error("FS list target is not a directory: {path}")]
    NotDirectory { path: String },
    #[error(
        "FS {operation} target has other names (hard links), which may lie outside the grant root: {path}"
    )]
    HardLink { operation: FsOperation, path: String },
    #[error("FS list target has more than {FS_ENTRIES_READ} entries: {path}")]
    TooManyEntries { path: String },
    #[error("FS {operation} metadata failed for {path}: {cause}")]
    Metadata {
        operation: FsOperation,
        path: String,
        cause: io::Error,
    },
    #[error("FS {operation} failed for {path}: {cause}")]
    Failed {
        operation: FsOperation,
        path: String,
        cause: io::Error,
    },
}

impl FsError {
    fn code(&self) -> HostErrorCode {
        match self {
            Self::HostApi(_)
            | Self::Operation(_)
            | Self::PathAbsolute
            | Self::PathTraversal
            | Self::RootInvalid
            | Self::RootRelative
            | Self::RootSymlink
            | Self::RootNoDirectory
            | Self::Symlink { .. }
            | Self::WriteSymlink { .. }
            | Self::HardLink { .. } => HostErrorCode::Denied,
            Self::Json { .. }
            | Self::PathEmpty
            | Self::PathNul
            | Self::NoFileName
            | Self::WriteDirectory { .. }
            | Self::NotRegular { .. }
            | Self::NotDirectory { .. } => HostErrorCode::Invalid,
            Self::DescriptorTooLarge
            | Self::ContentTooLarge
            | Self::PathTooLong
            | Self::TooManyEntries { .. } => HostErrorCode::TooLarge,
            // Not `not_found`: to a guest that would be about its file.
            Self::RootUnavailable => HostErrorCode::Io,
            Self::Unavailable { cause, .. } | Self::Metadata { cause, .. } | Self::Failed { cause, .. } => {
                match cause.kind() {
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => HostErrorCode::NotFound,
                    _ => HostErrorCode::Io,
                }
            }
        }
    }
}

impl From<FsError> for HostError {
    fn from(error: FsError) -> Self {
        let message = error.to_string();
        match error {
            FsError::HostApi(denial) | FsError::Operation(denial) => Self::denied(message, denial),
            other => Self::new(other.code(), message),
        }
    }
}
