//! What a run comes to, for scripts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a run ended. The numbers never change their meaning; they are those of `yoikit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
#[non_exhaustive]
pub enum Exit {
    /// Every judged target keeps what it must, but for what the baseline knows.
    Conforms = 0,
    /// A judged target does not keep what it must and the baseline does not know it, or passes what the baseline
    /// lists, or left something out of a certified run.
    Fails = 1,
    /// The words or files given make no sense; nothing is selected. Nothing was run.
    Usage = 2,
    /// Nothing failed, but a judged target could not be brought to where some cases look; or there was no target.
    CouldNotRun = 3,
    /// The harness broke: a bug of yoikit or of a suite. Nothing is known of the target where it did.
    HarnessFault = 5,
    /// The run was ended before its time: nothing is known of the cases that were left. `yoikit` ends as a shell has it
    /// of the signal that came, with this for SIGINT and 143 for SIGTERM.
    Interrupted = 130,
}

impl Exit {
    /// The exit status.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}
