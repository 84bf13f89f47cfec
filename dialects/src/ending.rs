//! How a child ended.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a child ended, and its last words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ending {
    /// How.
    pub how: How,
    /// What its host had to do for that.
    pub by: EndedBy,
    /// The end of what it wrote to standard error.
    pub stderr: String,
}

impl Ending {
    /// That of a child which ended without anybody's help.
    #[must_use]
    pub const fn itself(how: How, stderr: String) -> Self {
        Self {
            how,
            by: EndedBy::Itself,
            stderr,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.how)?;
        f.write_str(match self.by {
            EndedBy::Itself => "",
            EndedBy::Asked => ", when it was asked to end",
            EndedBy::Killed => ", after it did not end when it was asked to",
        })
    }
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

/// What its host did before a child ended. That is known of what was done, and no matter of time: a child may take its
/// time to die, and its host to see it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndedBy {
    /// Nothing.
    #[default]
    Itself,
    /// It was there still, and was asked to end: SIGTERM.
    Asked,
    /// It was there even then, and was made to: SIGKILL.
    Killed,
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
            Self::Signalled(signal) => {
                write!(f, "killed by signal {signal}")?;
                name(*signal).map_or(Ok(()), |name| write!(f, " ({name})"))
            }
            Self::Silent => f.write_str("its output ends here"),
        }
    }
}

/// What a signal is called. Only those are here whose number is the same on every Unix: who reads it may be elsewhere.
const fn name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_says_how_and_who_had_a_hand_in_it() {
        let ending = |how, by| Ending {
            how,
            by,
            ..Ending::default()
        };
        let all = [
            ending(How::Exited(7), EndedBy::Itself),
            ending(How::Signalled(11), EndedBy::Itself),
            ending(How::Signalled(40), EndedBy::Itself),
            ending(How::Exited(0), EndedBy::Asked),
            ending(How::Signalled(9), EndedBy::Killed),
            ending(How::Silent, EndedBy::Itself),
        ];
        insta::assert_snapshot!(all.map(|ending| ending.to_string()).join("\n"), @"
        exit status 7
        killed by signal 11 (SIGSEGV)
        killed by signal 40
        exit status 0, when it was asked to end
        killed by signal 9 (SIGKILL), after it did not end when it was asked to
        its output ends here
        ");
    }
}
