//! A guest's text, made harmless for a terminal.

pub(crate) use yoi_host::harmless::{harmless, harmless_line};
