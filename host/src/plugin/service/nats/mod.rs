//! Events from a stream of NATS JetStream, which several hosts take from.
//!
//! The stream keeps events until they are settled, as a journal does on one machine. **The order of a source is kept
//! across hosts**: sources are spread over [partitions](partition), each is a consumer of its own with one event under
//! way at a time, whichever host has it. An event is acknowledged when the plugin has taken it; one that failed is
//! given back with a pause, and after the last attempt put aside under a subject of its own, with the reason.
//!
//! For a stream `NAME`, events lie under `NAME.event.0` to `NAME.event.15`, and those that were given up under
//! `NAME.dead` in a stream `NAME-dead`, the last thousand of them; which deliveries were begun stands in a bucket
//! `NAME-begun`.
//!
//! **What goes wrong is told, and what can be mended is.** A server that cannot be reached is waited for, for as long as it
//! takes. A consumer, the bucket or the stream of dead letters that somebody removed is laid out again. A stream that
//! was removed is not: its events went with it, and whoever takes from it ends ([`Taken::Gone`]).
//!
//! - [`EventStream`]: the stream, for whoever sends and for whoever takes
//! - [`Taking`]: a service that takes from it
//! - [`StreamLetters`]: what was given up
//! - [`Link`]: whether the server can be reached

mod begun;
mod deal;
mod letters;
mod link;
mod stream;
mod take;

pub use letters::StreamLetters;
pub use link::Link;
pub use stream::{EventStream, StreamError, partition};
pub use take::{Taken, Taking};
