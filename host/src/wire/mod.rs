//! Lines of a pipe, bounded, and the child behind it: what every protocol over standard input and output stands on.
//!
//! This room knows bytes, lines and processes, and nothing of what a line says.
//!
//! - [`Lines`]: bytes in, lines out
//! - [`LineReader`]: the same over something that is read
//! - [`Json`]: a value as it was written
//! - [`rpc`]: JSON-RPC 2.0, as dialects speak it too
//! - [`child`]: a supervised child process

pub mod child;
mod lines;
mod reader;

pub use lines::{Line, Lines};
pub use reader::LineReader;
pub use yoi_dialects::json::Json;
pub use yoi_dialects::rpc;

pub(crate) use yoi_dialects::json;
