//! The ways into a guest.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// A way into a guest: its instantiation, or one of its exports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// The instantiation, which may run start functions.
    Instantiate,
    /// `call`, of the world `tool`.
    Call,
    /// `start`, of the world `instance`.
    Start,
    /// `handle-tool`, of the world `instance`.
    HandleTool,
    /// `handle-ingress`, of the world `instance`.
    HandleIngress,
    /// `status`, of the world `instance`.
    Status,
    /// `stop`, of the world `instance`.
    Stop,
}

impl Entry {
    /// The name of the export; of the instantiation, that.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Entry::Instantiate => "instantiate",
            Entry::Call => "call",
            Entry::Start => "start",
            Entry::HandleTool => "handle-tool",
            Entry::HandleIngress => "handle-ingress",
            Entry::Status => "status",
            Entry::Stop => "stop",
        }
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
