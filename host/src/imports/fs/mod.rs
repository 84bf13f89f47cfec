//! What a guest may call to touch files: `yoi:host/fs`, `read`, `list` and `write`.
//!
//! A guest names a file relative to a granted root, and nothing it can name lies outside: directories are
//! entered one by one through handles, no symbolic link is followed anywhere, and what is decided is decided
//! on the opened handle, so that a tree that changes during the call changes nothing. This room knows files;
//! which roots are granted it asks [`crate::authority`], and how a guest is told it leaves to its caller.
//!
//! - `descriptor`: the JSON that a guest hands in
//! - `path`: the rules for the path in it
//! - `root`: from a grant to a handle, and from there to the file
//! - [`Visit`]: one call's way there, and which granted folder it led to
//! - `read`, `list`, `write`: the three functions
//! - `replace`: a file that is there whole or not at all
//! - `error`: every reason for a refusal, with its code
//!
//! What is checked, in order: the descriptor's size, the authority to use this host API at all, the JSON,
//! the content's size, the path, the grants.
//!
//! Three things are stricter than in the yoi host: a trailing slash names a directory, so neither `read` nor
//! `write` takes it; a descriptor is an object, never an array of its values; and a regular file of several
//! names (hard links) is not opened, because nobody can tell whether the others lie outside the root.

mod descriptor;
mod error;
mod list;
mod path;
mod read;
mod replace;
mod root;
mod visit;
mod write;

#[cfg(test)]
mod tests;

use serde::Serialize;

pub(crate) use list::list;
pub(crate) use read::read;
pub(crate) use visit::Visit;
pub(crate) use write::write;

/// An answer as the guest gets it, its fields in the contract's order.
fn json(answer: &impl Serialize) -> String {
    serde_json::to_string(answer).expect("an answer of text, numbers and truth values is JSON")
}
