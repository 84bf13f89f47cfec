//! JSON-RPC 2.0 over lines: a side of a conversation in which both may ask.
//!
//! Nothing here reads or writes: a [`Peer`] takes the lines that were heard and gives those that are to be said. Both
//! directions are bounded, answers come in any order, and whoever asked may take it back.

mod message;
mod peer;

pub use message::{Fault, Id, Message, RpcError, Version};
pub use peer::{Answered, Heard, NotAsked, Peer, PeerLimits};
