//! The report of `yoikit dead`.

use schemars::JsonSchema;
use serde::Serialize;
use yoi_host::plugin::service::Letter;

/// What `yoikit dead list --json` prints, and `requeue` and `drop`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DeadReport {
    /// `yoikit.dead/1`.
    pub schema: &'static str,
    /// What was done.
    pub action: Action,
    /// The file or the stream that keeps them.
    pub place: String,
    /// The plugin that they are for.
    pub plugin: String,
    /// Those that it was done with, oldest first.
    pub letters: Vec<Letter>,
    /// How many others are still there.
    pub left: usize,
}

/// What was done with events that were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// They were looked at.
    List,
    /// They are to be delivered again.
    Requeue,
    /// They are gone.
    Drop,
}

impl DeadReport {
    pub(crate) fn new(
        action: Action,
        place: String,
        plugin: String,
        letters: Vec<Letter>,
        left: usize,
    ) -> Self {
        Self {
            schema: "yoikit.dead/1",
            action,
            place,
            plugin,
            letters,
            left,
        }
    }
}
