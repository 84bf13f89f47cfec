//! How a child ended.

use std::fmt;

/// How a child ended, and its last words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// How.
    pub how: How,
    /// The end of what it wrote to standard error.
    pub stderr: String,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum How {
    /// By itself, with this status.
    Exited(i32),
    /// By this signal.
    Signalled(i32),
    /// Its output ended, and no more is known: a recording, or a peer that is no process.
    #[default]
    Silent,
}

impl How {
    /// Whether it ended by itself and calls that a success.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Exited(0))
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(code) => write!(f, "exit status {code}"),
            Self::Signalled(9) => f.write_str("killed by signal 9 (SIGKILL)"),
            Self::Signalled(15) => f.write_str("killed by signal 15 (SIGTERM)"),
            Self::Signalled(signal) => write!(f, "killed by signal {signal}"),
            Self::Silent => f.write_str("its output ends here"),
        }
    }
}
