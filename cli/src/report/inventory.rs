//! What the commands about the stores of plugins print with `--json`.

use schemars::JsonSchema;
use serde::Serialize;
use yoi_host::Profile;
use yoi_host::package::{Item, Status};

/// What `yoikit plugin list --json` prints. `yoikit plugin show --json` prints one of its items.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListReport {
    /// `yoikit.plugin-list/1`.
    pub schema: &'static str,
    /// The folder whose plugins are listed beside the user's.
    pub workspace: String,
    /// The host whose rules were applied.
    pub profile: Profile,
    /// Whether plugins are turned on at all: `feature.plugins.enabled`.
    pub feature: bool,
    /// The plugins, by their references.
    pub items: Vec<Item>,
}

/// What `yoikit plugin enable --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EnableReport {
    /// `yoikit.plugin-enable/1`.
    pub schema: &'static str,
    /// The plugin, with its source.
    pub reference: String,
    /// The file that was written.
    pub file: String,
    /// The content that is pinned.
    pub digest: String,
    /// The version that is pinned.
    pub version: String,
    /// What becomes of it now.
    pub status: Status,
    /// What it has now that it had not before, in words.
    pub news: Vec<String>,
    /// What it had before and has no longer, in words.
    pub gone: Vec<String>,
}
