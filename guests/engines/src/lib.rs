//! Engines of user code, as components of the world `yoi:ptc/engine`.
//!
//! | engine    | language                                                             |
//! |-----------|----------------------------------------------------------------------|
//! | `monty`   | a subset of Python, by the interpreter of that name, written in Rust |
//! | `cpython` | Python 3.14 with its standard library                                |
//! | `quickjs` | JavaScript                                                           |
//!
//! Nothing built lies in the repository. The build script compiles Monty; the others are made by tools of their own
//! languages, when they are asked for: [`Recipe`].

mod recipe;

pub use recipe::{Made, Recipe, RecipeError, user_folder};

/// Monty: a subset of Python that starts in a tenth of a millisecond.
pub const MONTY: &[u8] = include_bytes!(env!("YOI_ENGINE_MONTY"));
