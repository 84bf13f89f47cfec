//! What a host says of plugins that it does not run: those that lie in its stores, and what of a package could be used.
//!
//! The words are those of the contract; what a host says besides, in sentences, no case looks at.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use yoi_host::Profile;
use yoi_host::authority::Surface;

/// Stores to look into, and what a person turned on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Survey {
    /// Which promises the host is held to.
    pub profile: Profile,
    /// The store of the user: its packages are `user:…`. It need not be there.
    pub user: PathBuf,
    /// The store of the project: its packages are `project:…`. It need not be there.
    pub project: PathBuf,
    /// What of a person's profile is about plugins, TOML: `feature.plugins`, and a `[[plugins.enabled]]` for each that
    /// is turned on. Nothing is turned on where it is empty.
    pub enablement: String,
}

/// A package, and grants that it would have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Examine {
    /// Which promises the host is held to.
    pub profile: Profile,
    /// The archive, `*.yoi-plugin`. It is to be taken for one of the source `project`.
    pub package: PathBuf,
    /// What the operator would give: as when it is loaded.
    pub grants: String,
}

/// The plugins that there are, and those that were to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Plugins {
    /// Whether plugins run at all: `feature.plugins.enabled`.
    pub on: bool,
    /// One for each.
    pub plugins: Vec<Listed>,
}

/// A plugin that is there, or was to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Listed {
    /// `user:notes`. Where an enablement names no plugin, what it names; where a package does not say which plugin it
    /// is, the source and the name of its file without `.yoi-plugin`.
    pub reference: String,
    /// What becomes of it.
    pub standing: Standing,
    /// The version of its package, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// What its package is known by, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The surfaces with which it takes part, where it is turned on and its package is the one meant.
    #[serde(default)]
    pub surfaces: Vec<Surface>,
    /// The tools of it that can be used.
    #[serde(default)]
    pub tools: Vec<String>,
    /// What is wrong with it.
    #[serde(default)]
    pub troubles: Vec<Trouble>,
}

/// What becomes of a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
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

/// What is wrong with a plugin: the kinds of diagnostics of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It is not there.
    Missing,
    /// It is there several times.
    Duplicate,
    /// What turns it on does not say which source it is from.
    Ambiguous,
    /// It has another version than the one that is wanted.
    Version,
    /// It has other content than what is wanted.
    Digest,
    /// Its format, runtime or world is none that there is.
    Api,
    /// A surface is wanted that it does not have.
    Surface,
    /// Its grants are for something else.
    Grant,
    /// It is not written as it must be.
    Malformed,
    /// A path of it leads out.
    Traversal,
    /// There is too much of it.
    Bounds,
    /// It could not be read.
    Io,
    /// Something of it cannot be used: its grants lack it, or it breaks a rule.
    StaticEligibility,
}

/// What of a package could be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rows {
    /// Whether it has code that can be run.
    pub runtime: bool,
    /// The host APIs that it asks for or is granted, then their targets.
    #[serde(default)]
    pub host_apis: Vec<Row>,
    /// Its tools.
    #[serde(default)]
    pub tools: Vec<Row>,
    /// Its services.
    #[serde(default)]
    pub services: Vec<Row>,
    /// Its ingresses.
    #[serde(default)]
    pub ingresses: Vec<Row>,
}

/// Whether one thing could be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// The permission for it: `tool.search`, `host_api.fs`; of a target `host_api.request target URL METHODS PATHS`,
    /// `… grant …` where the grants name it, and `… grant-only …` where nothing that is asked for meets it.
    pub permission: String,
    /// Whether the manifest asks for it.
    pub requested: bool,
    /// Whether the grants give it, in part at least.
    pub granted: bool,
    /// Whether it could be used.
    pub eligible: bool,
}
