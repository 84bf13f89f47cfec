//! Code that calls tools: user code runs in a sandbox and awaits what the host answers, several calls at a time.
//!
//! An engine of user code is a component of the world `yoi:ptc/engine` (`wit/ptc`). It runs code until every task
//! waits, and says for which tools; it reaches nothing by itself. So a run that waits is data: it can be looked
//! at, bounded, gone on with in any order, and given up with the session's state kept.
//!
//! **Every call is told once and answered once.** Answers that come again, too late or for no call are refused by
//! name. **Whatever the code does, a run ends with an [`Envelope`]** that has all that is known of it.
//!
//! - [`Interpreter`]: bytes to an engine
//! - [`Session`]: runs, one after the other, with the state that lasts between them
//! - [`Tools`]: who answers, when a session is driven by an executor
//! - [`CommandTools`], [`PluginTools`], [`McpTools`], [`Toolbox`]: local commands that do, a plugin's tools, those of
//!   an MCP server, and several of these
//! - [`Envelope`], [`Ended`]: what a run came to
//! - [`Host`]: sessions for another process, by lines of JSON over a pipe
//! - [`Client`]: the other end of that pipe, to drive any host that speaks the protocol
//! - [`Surroundings`]: what an engine sees of the machine
//! - [`transcript`]: a run's calls on file, to be answered again

mod call;
mod client;
mod command;
mod drive;
mod ended;
mod envelope;
mod group;
mod guest;
mod interpreter;
mod ledger;
mod mcp;
mod names;
mod plugin;
mod protocol;
mod serve;
mod session;
mod surroundings;
mod toolbox;
pub mod transcript;
mod wasi;
mod wit;

pub use call::{CallFate, CallId, CallRecord, ToolCall, ToolError, ToolResult};
pub use client::{Client, ClientError, PeerEnvelope};
pub use command::CommandTools;
pub use drive::Tools;
pub use ended::Ended;
pub use envelope::{Envelope, Outcome, Uncaught};
pub use interpreter::{Interpreter, InterpreterError};
pub use ledger::RefusedAnswer;
pub use mcp::{McpError, McpTools};
pub use names::{identifier, is_identifier};
pub use plugin::PluginTools;
pub use serve::{Host, ServeError};
pub use session::{Canceller, Progress, RefusedRun, Session};
pub use surroundings::{Machine, Scripted, Surroundings};
pub use toolbox::Toolbox;

pub use crate::limits::PtcLimits;
