//! What a guest may call: the `yoi:host` interfaces, and a record of every call.
//!
//! Nothing is granted yet, so every call is refused by name. How a guest learns of a refusal is a matter of
//! the [`Profile`]: it gets `{"error": {"code", "message"}}`, or, from the yoi host, ends with a trap.
//!
//! - [`ImportsCtx`]: the state of one instance's imports, in its store
//! - [`ImportsView`]: how a store gives access to it
//! - [`HostCall`]: what is kept of a call

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;
use wasmtime::StoreContextMut;
use wasmtime::component::Linker;

use crate::Profile;
use crate::limits::RECORDED_HOST_CALLS;

/// A function that a guest may import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
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
}

/// Why a host call was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, JsonSchema)]
#[error("{message}")]
pub struct HostError {
    /// Which of the known reasons it is.
    pub code: HostErrorCode,
    /// The same in words, for a person.
    pub message: String,
}

/// The reasons for which a host call is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HostErrorCode {
    /// It was not granted.
    Denied,
}

impl HostError {
    fn not_granted(import: Import) -> Self {
        Self {
            code: HostErrorCode::Denied,
            message: format!(
                "plugin host API dispatch denied: granted host_api.{} permission is missing",
                import.api()
            ),
        }
    }

    /// What a guest is given in place of an answer.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::json!({ "error": self }).to_string()
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
    /// Wall time that the host took, in microseconds.
    #[serde(rename = "wall_us", serialize_with = "crate::text::micros")]
    #[schemars(with = "f64")]
    pub wall: Duration,
}

/// The state of one instance's imports.
#[derive(Debug)]
pub struct ImportsCtx {
    profile: Profile,
    calls: Vec<HostCall>,
    count: u64,
}

/// Gives access to the imports' state in a store.
pub trait ImportsView {
    /// The state of this store's imports.
    fn imports(&mut self) -> &mut ImportsCtx;
}

impl ImportsCtx {
    /// Nothing granted, nothing called.
    #[must_use]
    pub const fn new(profile: Profile) -> Self {
        Self {
            profile,
            calls: Vec::new(),
            count: 0,
        }
    }

    /// A guest call begins: forget those of the last.
    pub fn begin(&mut self) {
        self.calls.clear();
        self.count = 0;
    }

    /// The calls of the guest call under way, the first 256 of them.
    #[must_use]
    pub fn calls(&self) -> &[HostCall] {
        &self.calls
    }

    /// How many there were.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    fn serve(&mut self, import: Import, request: &str) -> wasmtime::Result<(String,)> {
        let began = Instant::now();
        let error = HostError::not_granted(import);
        let answer = match self.profile {
            Profile::Documented => Ok((error.to_json(),)),
            Profile::Yoi => Err(error.clone().into()),
        };
        self.count += 1;
        if self.calls.len() < RECORDED_HOST_CALLS {
            self.calls.push(HostCall {
                import,
                request_bytes: request.len(),
                answer_bytes: answer.as_ref().map_or(0, |(text,): &(String,)| text.len()),
                error: Some(error),
                wall: began.elapsed(),
            });
        }
        answer
    }
}

/// Define every import for stores whose data is `T`.
///
/// # Errors
///
/// Where the linker has them already.
pub fn link<T: ImportsView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    fn serve<T: ImportsView + 'static>(
        mut store: StoreContextMut<'_, T>,
        import: Import,
        request: &str,
    ) -> wasmtime::Result<(String,)> {
        store.data_mut().imports().serve(import, request)
    }

    let mut request = linker.instance("yoi:host/request@1.0.0")?;
    request.func_wrap("request", |store, (json,): (String,)| {
        serve(store, Import::Request, &json)
    })?;

    let mut websocket = linker.instance("yoi:host/websocket@1.0.0")?;
    websocket.func_wrap("open", |store, (json,): (String,)| {
        serve(store, Import::WebsocketOpen, &json)
    })?;
    websocket.func_wrap("send-text", |store, (_handle, text): (u32, String)| {
        serve(store, Import::WebsocketSendText, &text)
    })?;
    websocket.func_wrap("recv", |store, (_handle, _timeout_ms): (u32, u32)| {
        serve(store, Import::WebsocketRecv, "")
    })?;
    websocket.func_wrap("close", |store, (_handle,): (u32,)| {
        serve(store, Import::WebsocketClose, "")
    })?;

    let mut fs = linker.instance("yoi:host/fs@1.0.0")?;
    fs.func_wrap("read", |store, (json,): (String,)| {
        serve(store, Import::FsRead, &json)
    })?;
    fs.func_wrap("list", |store, (json,): (String,)| {
        serve(store, Import::FsList, &json)
    })?;
    fs.func_wrap("write", |store, (json,): (String,)| {
        serve(store, Import::FsWrite, &json)
    })?;
    Ok(())
}
