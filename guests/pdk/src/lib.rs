//! What an author writes a plugin of a coding agent with.
//!
//! A plugin is a WebAssembly component that meets one of two worlds. JSON text goes in and comes out; this
//! crate makes types of it, keeps every answer to the sizes that a host allows, and carries the bindings, so
//! that a plugin needs neither the WIT files nor wit-bindgen. It can do without serde as a dependency too:
//! `#[serde(crate = "yoi_pdk::serde")]` on a type derives with the one in here.
//!
//! # A plugin without state: the world `tool`
//!
//! One handler for each tool. The host makes an instance for every call.
//!
//! ```
//! use serde::Deserialize;
//! use yoi_pdk::{Result, ToolContext, ToolError, ToolOutput};
//!
//! #[derive(Deserialize)]
//! struct Greet {
//!     name: String,
//! }
//!
//! fn greet(_: &ToolContext, input: Greet) -> Result<ToolOutput> {
//!     if input.name.is_empty() {
//!         return Err(ToolError::invalid_input("`name` is empty"));
//!     }
//!     Ok(ToolOutput::new("greeted").with_content(format!("Hello, {}!", input.name)))
//! }
//!
//! yoi_pdk::export_tool!("greet" => greet);
//! ```
//!
//! # A plugin with state: the world `instance`
//!
//! One type, which is a [`Plugin`]. It lives as long as its host and may take events from outside too.
//!
//! ```
//! use yoi_pdk::{Plugin, PluginStatus, Result, ToolContext, ToolInput, ToolOutput, json};
//!
//! struct Notes(Vec<String>);
//!
//! impl Plugin for Notes {
//!     type Config = ();
//!
//!     fn start((): ()) -> Result<Self> {
//!         Ok(Self(Vec::new()))
//!     }
//!
//!     fn handle_tool(&mut self, _: &ToolContext, input: ToolInput<'_>) -> Result<ToolOutput> {
//!         self.0.push(input.parse()?);
//!         ToolOutput::json("noted", &self.0)
//!     }
//!
//!     fn status(&self) -> PluginStatus {
//!         PluginStatus::running(json!({ "notes": self.0.len() }))
//!     }
//! }
//!
//! yoi_pdk::export_plugin!(Notes);
//! ```
//!
//! # Calling the host
//!
//! A plugin touches the outside world through its host alone, and only where its manifest asks for it and the
//! operator has granted it: HTTP, WebSockets and small files are in [`host`], with types for what goes out, what
//! comes back, and why nothing did.
//!
//! # Building one
//!
//! The crate is a library with `crate-type = ["cdylib"]`, and
//! `cargo build --release --target wasm32-wasip2` makes the component. A native build exports nothing:
//! handlers are tested as the functions they are, and a whole plugin behind [`PluginInstance`] or
//! [`run_tool`].
//!
//! # Without WASI
//!
//! A host of these worlds gives a plugin no WASI, and refuses a component that imports any. Ordinary std code
//! has none all the same, since this crate stands in for the few functions of the C library through which
//! std would reach it: to panic, format, allocate, parse, use [`BTreeMap`](std::collections::BTreeMap) or
//! print is fine. What brings WASI back is everything with nothing behind it:
//!
//! - `HashMap` and `HashSet` with their default hasher, which asks for random seeds: use `BTreeMap` or a
//!   hasher with a fixed seed;
//! - `Instant`, `SystemTime` and `thread::sleep`;
//! - `std::fs`, `std::net`, standard input, `std::env::args` and `vars`, `std::process::exit`.
//!
//! # Printing
//!
//! What a plugin prints, with `println!` or by a panic, goes to a [`log`] in its memory, which a host can read
//! even after a trap.

#![warn(missing_docs)]

mod bindings;
mod error;
mod event;
pub mod host;
mod input;
#[cfg(target_os = "wasi")]
mod libc;
mod limits;
pub mod log;
mod output;
mod plugin;
mod service;
mod status;
mod text;
mod tool;

pub use serde;
pub use serde_json::{self, Value, json};

pub use error::{Result, ToolError, ToolErrorCode};
pub use event::{IngressEvent, WebsocketText};
pub use input::{ToolContext, ToolInput};
pub use limits::*;
pub use output::ToolOutput;
pub use plugin::{Plugin, PluginInstance};
pub use service::{OutputCommand, OutputCommandKind, ServiceOutput};
pub use status::PluginStatus;
pub use text::bounded;
pub use tool::run_tool;

/// What the macros expand to.
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings::{instance, tool};
    pub use crate::tool::run_unknown_tool;
}
