//! `yoi:host/websocket`: connections that a guest holds by number.
//!
//! A connection is made the way that `egress` says, `wss` like `https`. It carries text both
//! ways; pings are answered while the guest waits for a message. A call that is ended while it waits leaves
//! the connection as it was: what was received is not lost, and what was sent is sent whole or not at all.
//!
//! Otherwise than in the yoi host, the time of a `recv` is that of the whole call: it does not begin again
//! with every ping.
//!
//! - [`Sockets`]: the connections of one instance
//! - `descriptor`: what a guest asks for when it opens one
//! - `wire`: the protocol

mod descriptor;
mod sockets;
pub(crate) mod wire;

#[cfg(test)]
mod tests;

pub use sockets::Sockets;

/// URL of the connection that `json` describes, if it is one that may be asked for at all.
pub(super) fn target_of(json: &str) -> Option<url::Url> {
    descriptor::parse(json).ok()
}
