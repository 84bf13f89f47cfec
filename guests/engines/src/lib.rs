//! Engines of user code, as components of the world `yoi:ptc/engine`.
//!
//! | engine  | language                                                             |
//! |---------|----------------------------------------------------------------------|
//! | `monty` | a subset of Python, by the interpreter of that name, written in Rust |
//!
//! The build script compiles them, so nothing built lies in the repository.

/// Monty: a subset of Python that starts in a tenth of a millisecond.
pub const MONTY: &[u8] = include_bytes!(env!("YOI_ENGINE_MONTY"));
