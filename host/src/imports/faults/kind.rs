//! What can be done to a call.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::imports::Import;

/// What can be done to a host call. The [table](super) says what each is. The set is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Its time is over before anything is done.
    Timeout,
    /// The other side says, or takes, nothing more.
    Silence,
    /// The connection is refused.
    Refuse,
    /// The name cannot be resolved.
    Unresolved,
    /// The connection is reset.
    Reset,
    /// The other side ends the connection.
    Cut,
    /// Every read gives one byte at most.
    ShortRead,
    /// A pause comes before every read of the body.
    SlowBody,
    /// One byte is 0xFF.
    BadUtf8,
    /// The disk is full.
    DiskFull,
    /// The disk fails.
    Io,
}

impl FaultKind {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 11] = [
        Self::Timeout,
        Self::Silence,
        Self::Refuse,
        Self::Unresolved,
        Self::Reset,
        Self::Cut,
        Self::ShortRead,
        Self::SlowBody,
        Self::BadUtf8,
        Self::DiskFull,
        Self::Io,
    ];

    /// Its name in plans and reports, as `short_read`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Silence => "silence",
            Self::Refuse => "refuse",
            Self::Unresolved => "unresolved",
            Self::Reset => "reset",
            Self::Cut => "cut",
            Self::ShortRead => "short_read",
            Self::SlowBody => "slow_body",
            Self::BadUtf8 => "bad_utf8",
            Self::DiskFull => "disk_full",
            Self::Io => "io",
        }
    }

    /// The imports whose calls it can break.
    #[must_use]
    pub const fn imports(self) -> &'static [Import] {
        use Import::{FsList, FsRead, FsWrite, Request};
        use Import::{WebsocketClose, WebsocketOpen, WebsocketRecv, WebsocketSendText};
        match self {
            Self::Timeout | Self::Reset => &[
                Request,
                WebsocketOpen,
                WebsocketSendText,
                WebsocketRecv,
                WebsocketClose,
            ],
            Self::Silence => &[Request, WebsocketOpen, WebsocketSendText, WebsocketRecv],
            Self::Refuse | Self::Unresolved => &[Request, WebsocketOpen],
            Self::Cut => &[Request, WebsocketOpen, WebsocketRecv],
            Self::ShortRead => &[Request, WebsocketOpen, WebsocketRecv, FsRead],
            Self::SlowBody => &[Request],
            Self::BadUtf8 => &[Request, WebsocketRecv, FsRead],
            Self::DiskFull => &[FsWrite],
            Self::Io => &[FsRead, FsList, FsWrite],
        }
    }

    /// Whether it can break calls of this import.
    #[must_use]
    pub fn applies_to(self, import: Import) -> bool {
        self.imports().contains(&import)
    }

    /// Whether it has a use for `after_bytes`.
    pub(super) const fn counts_bytes(self) -> bool {
        matches!(
            self,
            Self::Silence | Self::Reset | Self::Cut | Self::SlowBody | Self::BadUtf8 | Self::DiskFull
        )
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a call of it receives nothing.
pub(super) fn sends_only(import: Import) -> bool {
    matches!(import, Import::WebsocketSendText | Import::WebsocketClose)
}
