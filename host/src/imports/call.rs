//! What a guest may call, and what is kept of a call.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::HostError;
use super::faults::FaultKind;
use crate::authority::{FsOperation, Missing};

/// A function that a guest may import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Import {
    /// `yoi:host/request` `request`.
    #[serde(rename = "request.request")]
    Request,
    /// `yoi:host/websocket` `open`.
    #[serde(rename = "websocket.open")]
    WebsocketOpen,
    /// `yoi:host/websocket` `send-text`.
    #[serde(rename = "websocket.send-text")]
    WebsocketSendText,
    /// `yoi:host/websocket` `recv`.
    #[serde(rename = "websocket.recv")]
    WebsocketRecv,
    /// `yoi:host/websocket` `close`.
    #[serde(rename = "websocket.close")]
    WebsocketClose,
    /// `yoi:host/fs` `read`.
    #[serde(rename = "fs.read")]
    FsRead,
    /// `yoi:host/fs` `list`.
    #[serde(rename = "fs.list")]
    FsList,
    /// `yoi:host/fs` `write`.
    #[serde(rename = "fs.write")]
    FsWrite,
}

impl Import {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Request,
        Self::WebsocketOpen,
        Self::WebsocketSendText,
        Self::WebsocketRecv,
        Self::WebsocketClose,
        Self::FsRead,
        Self::FsList,
        Self::FsWrite,
    ];

    /// Interface and function, as `websocket.send-text`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Import::Request => "request.request",
            Import::WebsocketOpen => "websocket.open",
            Import::WebsocketSendText => "websocket.send-text",
            Import::WebsocketRecv => "websocket.recv",
            Import::WebsocketClose => "websocket.close",
            Import::FsRead => "fs.read",
            Import::FsList => "fs.list",
            Import::FsWrite => "fs.write",
        }
    }

    /// The host API it belongs to, as manifests and grants name it.
    #[must_use]
    pub const fn api(self) -> &'static str {
        match self {
            Import::Request => "request",
            Import::WebsocketOpen
            | Import::WebsocketSendText
            | Import::WebsocketRecv
            | Import::WebsocketClose => "websocket",
            Import::FsRead | Import::FsList | Import::FsWrite => "fs",
        }
    }

    /// What it does with files; none where it has nothing to do with them.
    #[must_use]
    pub const fn fs_operation(self) -> Option<FsOperation> {
        match self {
            Import::FsRead => Some(FsOperation::Read),
            Import::FsList => Some(FsOperation::List),
            Import::FsWrite => Some(FsOperation::Write),
            _ => None,
        }
    }
}

/// What is kept of one host call.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct HostCall {
    /// What was called.
    pub import: Import,
    /// Bytes of text that the guest gave.
    pub request_bytes: usize,
    /// Bytes of text that it got; none where it was ended instead.
    pub answer_bytes: usize,
    /// Why it was not carried out, if it was not.
    pub error: Option<HostError>,
    /// What was broken in it on purpose, if anything was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<FaultKind>,
    /// Where it was denied: the lines that would have allowed it, and where they belong.
    pub missing: Vec<Missing>,
    /// Wall time that the host took, in microseconds.
    #[serde(rename = "wall_us", serialize_with = "crate::text::micros")]
    #[schemars(with = "f64")]
    pub wall: Duration,
}
