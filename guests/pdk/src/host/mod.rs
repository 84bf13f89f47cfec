//! What a host offers to a plugin: HTTP, WebSockets and small files, each where the manifest asks for it
//! **and** the operator has granted it.
//!
//! - [`request`]: one HTTP exchange
//! - [`websocket`]: connections that the plugin opens and reads at its own pace
//! - [`fs`]: files below the directories that the operator has granted
//! - [`HostError`]: why a call brought no result
//! - [`raw`]: the same functions as they stand in the contract, JSON text in and out
//!
//! A component imports an interface only if the plugin calls a function of it. The functions exist in a
//! component alone: a native build compiles, and panics when it gets to one. What is to be tested natively
//! takes the typed result as an argument.
//!
//! # When a call is refused, or fails
//!
//! A host that reports errors to guests answers `{"error": {"code", "message"}}`, and that is a [`HostError`]
//! here. `?` makes a [`ToolError`](crate::ToolError) of it, which keeps a refusal a refusal:
//!
//! ```
//! use serde::Deserialize;
//! use yoi_pdk::host::{HostErrorCode, fs};
//! use yoi_pdk::{Result, ToolContext, ToolOutput};
//!
//! #[derive(Deserialize)]
//! struct Input {
//!     topic: String,
//! }
//!
//! fn recall(_: &ToolContext, input: Input) -> Result<ToolOutput> {
//!     match fs::read(&format!("{}.md", input.topic)) {
//!         Ok(file) => Ok(ToolOutput::new("found").with_content(file.content)),
//!         Err(error) if error.code == HostErrorCode::NotFound => Ok(ToolOutput::new("nothing known")),
//!         Err(error) => Err(error.into()),
//!     }
//! }
//!
//! yoi_pdk::export_tool!("recall" => recall);
//! ```
//!
//! A host of the profile `yoi` reports nothing: whatever would be an error traps, the plugin gets no chance to
//! catch it, and its instance is lost. A time-out is among them, so do not wait there for what may not come.

mod answer;
mod error;
pub mod fs;
pub mod raw;
pub mod request;
pub mod websocket;

pub use error::{HostError, HostErrorCode};
