//! What a host offers to a plugin, as it stands in the contract: JSON text in, JSON text out.
//!
//! A component imports an interface only if the plugin calls a function of it, and a host links it only
//! where the manifest asks for it and the operator has granted it. The functions exist in a component alone:
//! a native build compiles, and panics when it gets to one.

pub use crate::bindings::tool::yoi::host::{fs, request, websocket};
