//! Runs the contracts that plugins of coding agents live by.
//!
//! The way through the house is the way a plugin takes: a file is read and held against the contract before
//! anything runs ([`component`]; [`build`] makes such a file), it is compiled ([`engine`]), linked with the
//! imports it may call ([`imports`]), and lives ([`plugin`]). What it may reach is decided in one place
//! ([`authority`]), and reached by a way that can be replaced ([`world`]). Each room uses those before it and
//! none after.
//!
//! Code that calls tools takes another way through the same house: an engine of user code is compiled, linked
//! with next to nothing, and driven from pause to pause ([`ptc`]), over a pipe where its caller is another process
//! ([`wire`]).
//!
//! - [`package`]: a plugin as it is handed on: its files, its digest, its archive
//! - [`source`]: a path, and the component it stands for
//! - [`watch`]: what changes in a plugin's folder while its author works
//! - [`bridge`]: child agents behind one stream of events
//! - [`wire`]: lines of a pipe and children behind it, which every protocol between processes stands on
//! - [`Profile`]: which host a plugin is held to
//! - [`harmless`]: a guest's text, fit for a terminal
//! - [`limits`]: every number, with its reason

#![warn(missing_docs)]

mod authored;
pub mod authority;
pub mod bridge;
pub mod build;
pub mod component;
mod difference;
pub mod engine;
mod excerpt;
pub mod harmless;
pub mod imports;
pub mod limits;
mod nearest;
pub mod package;
pub mod plugin;
mod profile;
pub mod ptc;
pub mod source;
mod text;
pub mod watch;
pub mod wire;
pub mod world;

pub use limits::Limits;
pub use profile::{Profile, UnknownProfile};
pub use text::shell_word;
