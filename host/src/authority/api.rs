//! The names of what a plugin may be allowed to use.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One of the three interfaces through which a plugin reaches the outside world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostApi {
    /// HTTP requests, one at a time.
    Request,
    /// WebSocket connections.
    Websocket,
    /// Files and folders.
    Fs,
}

/// What a plugin may do with files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FsOperation {
    /// Read a file.
    Read,
    /// List a folder.
    List,
    /// Create or overwrite a file.
    Write,
}

impl HostApi {
    /// Every host API.
    pub const ALL: [HostApi; 3] = [HostApi::Request, HostApi::Websocket, HostApi::Fs];

    /// The name that manifests and grants use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            HostApi::Request => "request",
            HostApi::Websocket => "websocket",
            HostApi::Fs => "fs",
        }
    }
}

impl FsOperation {
    /// Every operation.
    pub const ALL: [FsOperation; 3] = [FsOperation::Read, FsOperation::List, FsOperation::Write];

    /// The name that grants use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            FsOperation::Read => "read",
            FsOperation::List => "list",
            FsOperation::Write => "write",
        }
    }
}

impl fmt::Display for HostApi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for FsOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
