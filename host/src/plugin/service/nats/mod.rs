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
//! - [`EventStream`]: the stream, for whoever sends and for whoever takes
//! - [`Taking`]: a service that takes from it
//! - [`StreamLetters`]: what was given up

mod begun;
mod deal;
mod letters;
mod stream;
mod take;

pub use letters::StreamLetters;
pub use stream::{EventStream, StreamError, partition};
pub use take::{Taken, Taking};
