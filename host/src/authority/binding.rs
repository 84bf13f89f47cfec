//! The binding of grants to a package: what was granted to one is never used by another.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::grants::Grants;
use super::lines::Piece;
use super::manifest::is_safe_id;

/// Where a plugin was found. The place decides, never the plugin itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PluginSource {
    /// Among the user's own.
    User,
    /// In the project that is worked on.
    Project,
    /// In the agent itself.
    Builtin,
}

/// A plugin's id with its source, written `user:notes`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PluginId {
    /// Where it was found.
    pub source: PluginSource,
    /// The id in its manifest.
    pub local: String,
}

/// Not the id of a plugin with its source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a plugin with its source, as `user:notes` or `project:notes` is")]
pub struct NotAPluginId(pub String);

/// A package as grants are bound to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundPackage {
    /// Which plugin it is.
    pub id: PluginId,
    /// The version in its manifest.
    pub version: String,
    /// The digest of its content: `sha256:` and 64 hexadecimal digits.
    pub digest: String,
}

/// How strictly grants have to be bound.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Binding {
    /// Grants that grant anything name this package: id, digest and version. This is the rule for
    /// everything that is enabled.
    Package(BoundPackage),
    /// What the grants name has to be of this package; they need not name all of it.
    IfWritten(BoundPackage),
    /// A person hands over grants for one run of something that is no package. They may name none.
    #[default]
    Unbound,
}

/// How grants fail to be bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BindingFault {
    /// No id.
    #[error("plugin grant is missing a source-qualified package id binding")]
    NoId,
    /// An id that is none.
    #[error("plugin grant package id binding is not a valid source-qualified plugin id")]
    BadId,
    /// The id of another plugin.
    #[error("plugin grant package id binding does not match enabled package")]
    OtherId,
    /// No digest.
    #[error("plugin grant is missing a deterministic digest binding")]
    NoDigest,
    /// The digest of other content.
    #[error("plugin grant digest binding does not match enabled package digest")]
    OtherDigest,
    /// No version.
    #[error("plugin grant is missing an exact package version binding")]
    NoVersion,
    /// Another version.
    #[error("plugin grant version binding does not match enabled package version")]
    OtherVersion,
    /// The grants name a package where there is none to hold them against.
    #[error(
        "plugin grant is bound to a package, and what runs here is none: remove its id, version and digest"
    )]
    NoPackage,
}

impl Binding {
    /// How the grants fail it, in the order of the contract.
    pub(super) fn faults(&self, grants: &Grants) -> Vec<BindingFault> {
        if grants.is_empty() {
            return Vec::new();
        }
        let (package, strict) = match self {
            Binding::Package(package) => (package, true),
            Binding::IfWritten(package) => (package, false),
            Binding::Unbound => {
                let bound = grants.id.is_some() || grants.version.is_some() || grants.digest.is_some();
                return bound.then_some(BindingFault::NoPackage).into_iter().collect();
            }
        };
        let id = match grants.id.as_deref().map(str::parse::<PluginId>) {
            None => strict.then_some(BindingFault::NoId),
            Some(Err(_)) => Some(BindingFault::BadId),
            Some(Ok(id)) => (id != package.id).then_some(BindingFault::OtherId),
        };
        let digest = match &grants.digest {
            None => strict.then_some(BindingFault::NoDigest),
            Some(digest) => (*digest != package.digest).then_some(BindingFault::OtherDigest),
        };
        let version = match &grants.version {
            None => strict.then_some(BindingFault::NoVersion),
            Some(version) => (*version != package.version).then_some(BindingFault::OtherVersion),
        };
        [id, digest, version].into_iter().flatten().collect()
    }

    /// What has to be written for these grants, with something granted in them, to be bound.
    pub(super) fn pieces(&self, grants: &Grants) -> Vec<Piece> {
        let (package, strict) = match self {
            Binding::Package(package) => (package, true),
            Binding::IfWritten(package) => (package, false),
            Binding::Unbound => return Vec::new(),
        };
        let id = package.id.to_string();
        [
            ("id", &grants.id, &id),
            ("version", &grants.version, &package.version),
            ("digest", &grants.digest, &package.digest),
        ]
        .into_iter()
        .filter(|(_, written, wanted)| match written {
            Some(written) => written != *wanted,
            None => strict,
        })
        .map(|(key, written, wanted)| Piece::Binding {
            key,
            value: wanted.clone(),
            replaces: written.is_some(),
        })
        .collect()
    }
}

impl PluginSource {
    /// Every source.
    pub const ALL: [PluginSource; 3] = [PluginSource::User, PluginSource::Project, PluginSource::Builtin];

    /// The name before the colon.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            PluginSource::User => "user",
            PluginSource::Project => "project",
            PluginSource::Builtin => "builtin",
        }
    }
}

impl FromStr for PluginId {
    type Err = NotAPluginId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parse = || {
            let (source, local) = text.split_once(':')?;
            let source = PluginSource::ALL
                .into_iter()
                .find(|known| known.name() == source)?;
            is_safe_id(local).then(|| Self {
                source,
                local: local.to_owned(),
            })
        };
        parse().ok_or_else(|| NotAPluginId(text.to_owned()))
    }
}

impl fmt::Display for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source.name(), self.local)
    }
}
