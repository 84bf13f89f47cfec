//! One plugin as a list has it, and its status by the table of the contract.

use std::fmt;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::authority::{Inspection, PluginId, PluginSource, Surface, ToolRow};
use crate::package::Digest;

/// One plugin, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[non_exhaustive]
pub struct Item {
    /// Which plugin: `user:notes`. What an enablement has for an id where that is none; the name of the file of a
    /// package that does not say; `<global>` for what is about no plugin.
    pub reference: String,
    /// The same without its source, where it is a plugin with one.
    pub local_ref: Option<String>,
    /// What becomes of it.
    pub status: Status,
    /// Where it was found, or is looked for.
    pub source: Option<PluginSource>,
    /// What the package is called in its store.
    pub package: Option<String>,
    /// Where the package is, or would be, was it called after its plugin.
    #[serde(serialize_with = "as_text")]
    #[schemars(with = "Option<String>")]
    pub package_path: Option<PathBuf>,
    /// Its version.
    pub version: Option<String>,
    /// The version of its manifest's format.
    pub schema_version: Option<u32>,
    /// The same under its other name.
    pub api_version: Option<u32>,
    /// What the package is known by.
    pub digest: Option<Digest>,
    /// Whether an enablement turns it on.
    pub configured: bool,
    /// Whether there is a package of it.
    pub discovered: bool,
    /// Whether the enablement fits the package.
    pub resolved: bool,
    /// Whether nothing speaks against it, grants included: [`Inspection::statically_eligible`].
    pub static_eligible: bool,
    /// The ways in which it can take part; in the profile [`Yoi`](crate::Profile::Yoi), those that the manifest lists.
    pub declared_surfaces: Vec<Surface>,
    /// The ways in which it takes part; before it is resolved, those that the enablement lists.
    pub enabled_surfaces: Vec<Surface>,
    /// What it asks for, as labels.
    pub requested_permissions: Vec<String>,
    /// What it is granted, as labels.
    pub configured_grants: Vec<String>,
    /// Where its requests may go, as labels.
    pub configured_request_grants: Vec<String>,
    /// Where it may connect to, as labels.
    pub configured_websocket_grants: Vec<String>,
    /// Which folders it may use, as labels: `/home/me/notes read,list`.
    pub configured_fs_grants: Vec<String>,
    /// Its tools: as they are inspected, or all that it declares, none eligible, while it is not resolved.
    pub tools: Vec<ToolRow>,
    /// What can be used. None while it is not resolved.
    pub static_runtime: Option<Inspection>,
    /// What is wrong, sorted by kind and message.
    pub diagnostics: Vec<ItemDiagnostic>,
}

/// What becomes of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It runs, and nothing is wrong.
    Active,
    /// It is there, and nobody turned it on.
    Disabled,
    /// It is turned on, and not there.
    Missing,
    /// It cannot be used.
    Rejected,
    /// A tool of it can be used, and something is wrong.
    Partial,
}

/// One thing that is wrong with a plugin, or with what turns it on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct ItemDiagnostic {
    /// The kind of a diagnostic of the contract, or `static_eligibility` for what inspection finds.
    pub kind: &'static str,
    /// The same in words: one line, at most 240 characters and `…`.
    pub message: String,
    /// What to do about it, where there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// All that a status depends on.
pub(super) struct Facts {
    pub(super) configured: bool,
    pub(super) discovered: bool,
    pub(super) resolved: bool,
    pub(super) has_diagnostic: bool,
    pub(super) has_usable_tool: bool,
    /// Whether nothing speaks against it, and it takes part in some way.
    pub(super) is_eligible: bool,
    /// Whether there is a file for it, or more is wrong than that it is not there.
    pub(super) is_present: bool,
}

impl Status {
    /// Every status.
    pub const ALL: [Status; 5] = [
        Status::Active,
        Status::Disabled,
        Status::Missing,
        Status::Rejected,
        Status::Partial,
    ];

    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Disabled => "disabled",
            Status::Missing => "missing",
            Status::Rejected => "rejected",
            Status::Partial => "partial",
        }
    }

    /// The table of the contract.
    pub(super) const fn of(facts: &Facts) -> Self {
        if facts.resolved {
            return match (facts.has_usable_tool, facts.has_diagnostic) {
                (true, true) => Status::Partial,
                (true, false) => Status::Active,
                (false, _) if facts.is_eligible => Status::Active,
                (false, _) => Status::Rejected,
            };
        }
        match (facts.configured, facts.discovered) {
            (false, true) => Status::Disabled,
            (true, false) if !facts.is_present => Status::Missing,
            _ => Status::Rejected,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Item {
    pub(super) fn empty(reference: &str) -> Self {
        Self {
            reference: reference.to_owned(),
            local_ref: reference.parse::<PluginId>().ok().map(|id| id.local),
            status: Status::Rejected,
            source: None,
            package: None,
            package_path: None,
            version: None,
            schema_version: None,
            api_version: None,
            digest: None,
            configured: false,
            discovered: false,
            resolved: false,
            static_eligible: false,
            declared_surfaces: Vec::new(),
            enabled_surfaces: Vec::new(),
            requested_permissions: Vec::new(),
            configured_grants: Vec::new(),
            configured_request_grants: Vec::new(),
            configured_websocket_grants: Vec::new(),
            configured_fs_grants: Vec::new(),
            tools: Vec::new(),
            static_runtime: None,
            diagnostics: Vec::new(),
        }
    }
}

/// A path that is not text has to be written all the same.
fn as_text<S: Serializer>(path: &Option<PathBuf>, to: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => to.collect_str(&path.display()),
        None => to.serialize_none(),
    }
}
