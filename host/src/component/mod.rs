//! What a component file holds, read before anything runs.
//!
//! This room turns bytes into data: is it a component at all ([`Encoding`]), which world does it stand in
//! and what does it import, export and need ([`Preflight`]), and what of that speaks against loading it
//! ([`Fault`]). What is wanted comes from the contract's own WIT ([`World`], [`host_imports`]) and is
//! written nowhere else.
//!
//! It knows no engine, no file and no manifest: bytes in, data out. No input makes it panic, and its cost
//! grows with the number of items in a file, hardly with the amount of code.

mod compare;
mod contract;
mod encoding;
mod fault;
#[cfg(test)]
pub(crate) mod fixtures;
mod item;
mod judge;
mod needs;
mod preflight;
mod producers;
mod reading;
mod render;
mod signature;
mod wasi;

pub use contract::{Function, Interface, UnknownWorld, World, host_imports};
pub use encoding::{Encoding, NotWasm};
pub use fault::{Fault, Nearest, Problem, Resource, Severity};
pub use item::{Direction, Item, Verdict};
pub use needs::{Amount, Needs};
pub use preflight::{Preflight, PreflightError};
pub use producers::{Producer, Toolchain};
pub use render::render;
pub use signature::Signature;
pub use wasi::WasiCause;

pub(crate) use contract::resolve;
pub(crate) use wasi::is_wasi;
