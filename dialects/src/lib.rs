//! What child agents say, put into one vocabulary.
//!
//! Functions from text to events, and the types that they share with whoever runs a child: no process, no clock, no
//! file, no network, and no engine. So the same code is a part of a host, and a component that any host of
//! `wit/bridge` loads.
//!
//! - [`mod@dialect`]: what a line means, a file for each child
//! - [`event`]: the vocabulary
//! - [`message`]: what a model is asked and what it answered
//! - [`spec`]: which children there are
//! - [`ending`]: how a child ended
//! - [`json`]: JSON of a peer, read no deeper than it has to be
//! - [`rpc`]: JSON-RPC 2.0, without whoever reads and writes it
//! - [`text`], [`limits`]

#![warn(missing_docs)]

pub mod dialect;
pub mod ending;
pub mod event;
pub mod json;
pub mod limits;
pub mod message;
pub mod rpc;
pub mod spec;
pub mod text;
