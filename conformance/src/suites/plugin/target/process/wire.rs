//! The lines of the wire as types, which its published schemas are made of. What a plugin sends is read by others, who
//! take more: what it says against the contract is for the cases to judge.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use yoi_host::Profile;
use yoi_host::plugin::message::{IngressEvent, OutputCommand, PluginStatus, ToolOutput};

use super::Hello;

/// A line that a plugin is given: what it is asked, or the answer to what it asked itself.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LineIn {
    /// It is asked something.
    Ask(Request<u64, HostAsk>),
    /// What it asked is answered.
    Answer(Answer<Id, Value>),
}

/// A line that a plugin writes: the answer to what it is asked, or something that it asks itself before it answers.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum LineOut {
    /// It asks something.
    Ask(Request<Id, PluginAsk>),
    /// It answers.
    Answer(Answer<u64, PluginAnswer>),
}

/// A request of JSON-RPC 2.0.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Request<I, W> {
    /// `2.0`.
    pub jsonrpc: Version,
    /// What its answer repeats.
    pub id: I,
    /// What is asked, and with what.
    #[serde(flatten)]
    pub what: W,
}

/// An answer of JSON-RPC 2.0.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Answer<I, W> {
    /// `2.0`.
    pub jsonrpc: Version,
    /// That of the request.
    pub id: I,
    /// What came of it.
    #[serde(flatten)]
    pub what: Result<W>,
}

/// What came of a request.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Result<W> {
    /// It was answered.
    Result(W),
    /// It was none, or it failed.
    Error(RpcFault),
}

/// An error of JSON-RPC 2.0.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct RpcFault {
    /// Its number: -32601 for a method that there is not.
    pub code: i64,
    /// The same in words.
    pub message: String,
}

/// The version of JSON-RPC.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub enum Version {
    /// The one that there is.
    #[serde(rename = "2.0")]
    Two,
}

/// An id that a plugin gives.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Id {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

/// What a plugin is asked.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "method", content = "params", rename_all = "kebab-case")]
pub enum HostAsk {
    /// Who are you? Always first. With `renews` in its answer, again for every life.
    Hello {
        /// `yoikit.plugin/1`.
        protocol: String,
        /// Which promises it is held to.
        profile: Profile,
    },
    /// Begin.
    Start {
        /// The operator's configuration; `null` where there is none.
        config: Value,
    },
    /// Run a tool.
    HandleTool {
        /// Its name.
        name: String,
        /// Its input.
        input: Value,
    },
    /// Take an event.
    HandleIngress {
        /// The ingress.
        name: String,
        /// The event.
        event: IngressEvent,
    },
    /// How are you?
    Status {},
    /// End.
    Stop {},
}

/// What a plugin answers with: which of them follows from what it was asked.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum PluginAnswer {
    /// `hello`.
    Hello(Hello),
    /// Any but `hello` and `handle-tool`, where it failed.
    Failure(Failure),
    /// `handle-tool`.
    Tool(ToolOutput),
    /// `start`, `status` and `stop`.
    Status(PluginStatus),
    /// `handle-ingress`.
    Service(ServiceAnswer),
}

/// An answer that says that the plugin failed.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Why: anything, be it `null`; `{"code", "message"}` is what most say.
    pub error: Value,
}

/// What a plugin answers an event with.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct ServiceAnswer {
    /// Whether it took the event. Absent means that it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<bool>,
    /// Whatever it adds.
    #[serde(default)]
    pub data: Value,
    /// What it wants done, in order: at most 16.
    #[serde(default)]
    #[schemars(length(max = 16))]
    pub output_commands: Vec<OutputCommand>,
}

/// What a plugin asks of its host while it is being asked. The result is what the import answers with.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "method", content = "params")]
pub enum PluginAsk {
    /// Make an HTTP request.
    #[serde(rename = "request.request")]
    Request {
        /// What the import takes, as JSON.
        request: Value,
    },
    /// Open a WebSocket.
    #[serde(rename = "websocket.open")]
    Open {
        /// What the import takes, as JSON.
        request: Value,
    },
    /// Send a text.
    #[serde(rename = "websocket.send-text")]
    SendText {
        /// The WebSocket.
        handle: u32,
        /// The text.
        text: String,
    },
    /// Wait for a text.
    #[serde(rename = "websocket.recv")]
    Recv {
        /// The WebSocket.
        handle: u32,
        /// How long; 0 for as long as is usual.
        timeout_ms: u32,
    },
    /// Close a WebSocket.
    #[serde(rename = "websocket.close")]
    Close {
        /// The WebSocket.
        handle: u32,
    },
    /// Read a file.
    #[serde(rename = "fs.read")]
    Read {
        /// What the import takes, as JSON.
        request: Value,
    },
    /// List a folder.
    #[serde(rename = "fs.list")]
    List {
        /// What the import takes, as JSON.
        request: Value,
    },
    /// Write a file.
    #[serde(rename = "fs.write")]
    Write {
        /// What the import takes, as JSON.
        request: Value,
    },
}
