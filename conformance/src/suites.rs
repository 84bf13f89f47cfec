//! The contracts, a room each.

pub mod bridge;
pub mod plugin;
pub mod ptc;

use crate::Case;

/// A contract that there are cases of. Whoever adds one gives it its cases here, and `yoikit test` the way to its
/// targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Contract {
    /// Components that act as plugins of coding agents, and their hosts.
    #[default]
    Plugin,
    /// Dialects of child agents, and hosts that run them.
    Bridge,
    /// Engines of code that calls tools, and their hosts.
    Ptc,
}

impl Contract {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Plugin, Self::Bridge, Self::Ptc];

    /// Its name, with which the ids of its cases begin.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Plugin => "plugin",
            Self::Bridge => "bridge",
            Self::Ptc => "ptc",
        }
    }

    /// Its cases, of both sides.
    #[must_use]
    pub fn cases(self) -> Vec<Case> {
        match self {
            Self::Plugin => plugin::guest()
                .cases()
                .chain(plugin::host().cases())
                .cloned()
                .collect(),
            Self::Bridge => bridge::dialect()
                .cases()
                .chain(bridge::broker().cases())
                .cloned()
                .collect(),
            Self::Ptc => ptc::engine().cases().cloned().collect(),
        }
    }
}
