//! The host's functions as they stand in the contract: JSON text in, JSON text out.
//!
//! For a plugin that hands text through, or asks for what the typed functions beside this do not know. Nothing
//! is checked or parsed: an error comes back as the text `{"error": {"code", "message"}}`, and a socket that
//! nobody closes stays open.

pub use crate::bindings::tool::yoi::host::{fs, request, websocket};
