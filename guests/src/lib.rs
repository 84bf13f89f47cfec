//! Sample plugins, built as components and named, for tests and demonstrations to load.
//!
//! | guest      | world      | what it does                                                                 |
//! |------------|------------|------------------------------------------------------------------------------|
//! | `caller`   | `instance` | calls what the host offers, and hands on what came back                       |
//! | `chatbot`  | `instance` | sits in a chat room on a WebSocket of the host's, learns and answers           |
//! | `counter`  | `instance` | counts: a state that lasts from call to call                                  |
//! | `echo`     | `tool`     | says what it was told                                                         |
//! | `fetch`    | `tool`     | fetches over HTTP                                                             |
//! | `hostile`  | `instance` | breaks whatever it is told to break; imports nothing                          |
//! | `notes`    | `tool`     | reads, lists and writes files                                                 |
//! | `socket`   | `tool`     | talks over WebSockets                                                         |
//! | `std-rich` | `tool`     | keeps WASI imports, which a host has to refuse or replace                     |
//!
//! Besides, the dialects of child agents that yoikit's host speaks, as components ([`dialect()`]).
//!
//! The build script compiles them, so nothing built lies in the repository. It needs the Rust target
//! `wasm32-wasip2`, and adds it where rustup can.

use std::path::Path;

/// A plugin that is ready to be loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guest {
    name: &'static str,
    package: &'static str,
    component: &'static str,
}

impl Guest {
    /// Its name, which is that of its folder and of its package.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The directory with its manifest, `plugin.toml`, and its component, and nothing else: what a package is
    /// made of.
    pub fn package(self) -> &'static Path {
        Path::new(self.package)
    }

    /// Its component.
    pub fn component(self) -> &'static Path {
        Path::new(self.component)
    }
}

/// All guests, in order of name.
pub fn all() -> &'static [Guest] {
    ALL
}

/// The component of a dialect that yoikit speaks, by the name of its adapter; with `-compat` behind it, as the
/// reference reads that child.
pub fn dialect(name: &str) -> Option<&'static Path> {
    let found = DIALECTS.iter().find(|(known, _)| *known == name);
    found.map(|(_, path)| Path::new(*path))
}

include!(concat!(env!("OUT_DIR"), "/names.rs"));
