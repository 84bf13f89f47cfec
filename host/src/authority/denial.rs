//! Decisions as values: by what something is allowed, or why it is not and what would allow it.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;
use url::Url;

use super::api::{FsOperation, HostApi};
use super::binding::BindingFault;
use super::lines::{Missing, Side};
use super::permission::Permission;
use super::target::Part;
use crate::limits::SHOWN_URL_PATH_BYTES;

/// By what something is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Allowed {
    /// What asks for it in the manifest. None if no manifest stands above the grants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<Entry>,
    /// What grants it.
    pub grants: Entry,
}

/// An entry of a manifest or of grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Entry {
    /// The list it stands in.
    pub list: List,
    /// Its place in that list, the first being 0.
    pub index: usize,
}

/// The lists of manifests and grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// `permissions`.
    Permissions,
    /// `request`.
    Request,
    /// `websocket`.
    Websocket,
}

/// Why something is not allowed, and what would allow it. It displays as the message of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Denial {
    /// The message: that of the first reason.
    message: String,
    reasons: Vec<Reason>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    near: Vec<NearMiss>,
    lines: Vec<Missing>,
}

/// One thing that stands in the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Reason {
    /// The grants are for another package, or do not say for which.
    Binding {
        /// How.
        fault: BindingFault,
    },
    /// A permission is not there.
    Permission {
        /// Who does not have it.
        side: Side,
        /// The permission.
        #[serde(flatten)]
        permission: Permission,
    },
    /// There is no target (for files: no folder) that the host API could use.
    NoTarget {
        /// Who has none.
        side: Side,
        /// The host API.
        api: HostApi,
    },
    /// No target matches the URL.
    Url {
        /// Whose targets.
        side: Side,
        /// The host API.
        api: HostApi,
        /// The method, for a request.
        #[serde(skip_serializing_if = "Option::is_none")]
        method: Option<String>,
        /// The URL as messages show it: without its query, the path cut.
        url: String,
        /// Whether a target would have to name the host itself, `*` not being enough.
        literal: bool,
    },
    /// No folder is granted for this.
    Operation {
        /// What was to be done.
        operation: FsOperation,
    },
}

/// A target that names the URL's host, and still does not match it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NearMiss {
    /// Whose target.
    pub side: Side,
    /// Which.
    pub entry: Entry,
    /// By which parts it differs from what was asked for.
    pub differs: Vec<Part>,
}

impl Denial {
    /// At least one reason, the first being the one to tell.
    pub(super) fn new(reasons: Vec<Reason>, near: Vec<NearMiss>, lines: Vec<Missing>) -> Self {
        Self {
            message: reasons.first().map(Reason::to_string).unwrap_or_default(),
            reasons,
            near,
            lines,
        }
    }

    /// Everything that stands in the way, in the order in which the contract looks.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// Targets of the same host that do not match for another part.
    #[must_use]
    pub fn near_misses(&self) -> &[NearMiss] {
        &self.near
    }

    /// The same decision with the lines of another, which knows better what was wanted.
    pub(crate) fn with_lines_of(mut self, other: Self) -> Self {
        self.lines = other.lines;
        self
    }

    /// The lines that would allow it, all of them together. None if no lines could, as for a method that
    /// the host API does not have.
    #[must_use]
    pub fn lines(&self) -> &[Missing] {
        &self.lines
    }
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Denial {}

impl Reason {
    /// Who would have to say more for it to go away.
    #[must_use]
    pub const fn side(&self) -> Side {
        match self {
            Reason::Binding { .. } | Reason::Operation { .. } => Side::Grants,
            Reason::Permission { side, .. } | Reason::NoTarget { side, .. } | Reason::Url { side, .. } => {
                *side
            }
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Binding { fault } => fault.fmt(f),
            Reason::Permission { side, permission } => {
                let adjective = match side {
                    Side::Manifest => "requested",
                    Side::Grants => "granted",
                };
                match permission {
                    Permission::Tool { name } => {
                        write!(f, "{adjective} tool permission for `{name}` is missing")
                    }
                    Permission::Service { name } => {
                        write!(f, "{adjective} service permission for `{name}` is missing")
                    }
                    Permission::Ingress { name } => {
                        write!(f, "{adjective} ingress permission for `{name}` is missing")
                    }
                    permission => write!(f, "{adjective} {permission} permission is missing"),
                }
            }
            Reason::NoTarget { api: HostApi::Fs, .. } => {
                f.write_str("granted host_api.fs scope allowlist is missing")
            }
            Reason::NoTarget {
                side: Side::Manifest,
                api,
            } => write!(f, "manifest host_api.{api} target declaration is missing"),
            Reason::NoTarget {
                side: Side::Grants,
                api,
            } => write!(f, "enabled host_api.{api} grants are missing"),
            Reason::Url {
                side,
                api,
                method,
                url,
                literal,
            } => {
                write!(f, "host_api.{api} target ")?;
                if let Some(method) = method {
                    write!(f, "{method} ")?;
                }
                let kind = match api {
                    HostApi::Websocket => "WebSocket",
                    HostApi::Request | HostApi::Fs => "request",
                };
                match side {
                    Side::Manifest => write!(f, "{url} is not declared by the plugin manifest")?,
                    Side::Grants => write!(f, "{url} is not covered by enabled {kind} grants")?,
                }
                f.write_str(if *literal {
                    ": it has to be named, `*` does not cover it"
                } else {
                    ""
                })
            }
            Reason::Operation { operation } => {
                write!(f, "host_api.fs {operation} denied: no matching operation grant")
            }
        }
    }
}

impl List {
    /// The key in the file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            List::Permissions => "permissions",
            List::Request => "request",
            List::Websocket => "websocket",
        }
    }
}

/// As an index into the file: `request[0]`.
impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.list.name(), self.index)
    }
}

impl fmt::Display for Allowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(manifest) = self.manifest {
            write!(f, "declared by {manifest} of {}, ", Side::Manifest)?;
        }
        write!(f, "granted by {} of {}", self.grants, Side::Grants)
    }
}

/// A sentence: which target it is, and what of it does not fit.
impl fmt::Display for NearMiss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.differs.iter().map(|part| format!("`{part}`")).collect();
        let (side, entry) = (self.side, self.entry);
        write!(
            f,
            "{entry} of {side} names the host, but differs in {}",
            parts.join(", ")
        )
    }
}

/// A URL as messages show it: scheme, host, a port that is not the scheme's own, and the path, cut. Neither
/// user nor query, where secrets travel.
#[must_use]
pub fn shown_url(url: &Url) -> String {
    let path = url.path();
    let kept = &path[..path.floor_char_boundary(SHOWN_URL_PATH_BYTES)];
    let cut = if kept.len() < path.len() { "…" } else { "" };
    let host = url.host_str().unwrap_or_default();
    let scheme = url.scheme();
    match url.port() {
        None => format!("{scheme}://{host}{kept}{cut}"),
        Some(port) => format!("{scheme}://{host}:{port}{kept}{cut}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::Surface;

    /// What is said of each permission, on either side.
    fn permissions() -> Vec<Reason> {
        let name = || "a".to_owned();
        let mut permissions: Vec<Permission> = HostApi::ALL.map(|api| Permission::HostApi { api }).into();
        permissions.extend(Surface::ALL.map(|surface| Permission::Surface { surface }));
        permissions.extend([
            Permission::Tool { name: name() },
            Permission::ToolNamespace { namespace: name() },
            Permission::Service { name: name() },
            Permission::Ingress { name: name() },
            Permission::ExternalWrite,
        ]);
        let sides = [Side::Manifest, Side::Grants];
        let both = permissions
            .into_iter()
            .flat_map(|permission| sides.map(|side| (side, permission.clone())));
        both.map(|(side, permission)| Reason::Permission { side, permission })
            .collect()
    }

    fn targets() -> Vec<Reason> {
        let mut reasons = Vec::new();
        for side in [Side::Manifest, Side::Grants] {
            let network = [HostApi::Request, HostApi::Websocket];
            reasons.extend(network.map(|api| Reason::NoTarget { side, api }));
            for (api, method, scheme) in [
                (HostApi::Request, Some("GET"), "https"),
                (HostApi::Websocket, None, "wss"),
            ] {
                reasons.extend([false, true].map(|literal| Reason::Url {
                    side,
                    api,
                    method: method.map(str::to_owned),
                    url: format!("{scheme}://a.test/"),
                    literal,
                }));
            }
        }
        // A manifest has no folders.
        reasons.push(Reason::NoTarget {
            side: Side::Grants,
            api: HostApi::Fs,
        });
        reasons.extend(FsOperation::ALL.map(|operation| Reason::Operation { operation }));
        reasons
    }

    #[test]
    fn every_reason_has_its_words_and_a_side() {
        let bindings = [
            BindingFault::NoId,
            BindingFault::BadId,
            BindingFault::OtherId,
            BindingFault::NoDigest,
            BindingFault::OtherDigest,
            BindingFault::NoVersion,
            BindingFault::OtherVersion,
            BindingFault::NoPackage,
        ]
        .map(|fault| Reason::Binding { fault });
        let reasons = [bindings.into(), permissions(), targets()].concat();
        let told = reasons
            .iter()
            .map(|reason| format!("{}: {reason}", reason.side()));
        insta::assert_snapshot!(told.collect::<Vec<_>>().join("\n"), @"
        the grants: plugin grant is missing a source-qualified package id binding
        the grants: plugin grant package id binding is not a valid source-qualified plugin id
        the grants: plugin grant package id binding does not match enabled package
        the grants: plugin grant is missing a deterministic digest binding
        the grants: plugin grant digest binding does not match enabled package digest
        the grants: plugin grant is missing an exact package version binding
        the grants: plugin grant version binding does not match enabled package version
        the grants: plugin grant is bound to a package, and what runs here is none: remove its id, version and digest
        plugin.toml: requested host_api.request permission is missing
        the grants: granted host_api.request permission is missing
        plugin.toml: requested host_api.websocket permission is missing
        the grants: granted host_api.websocket permission is missing
        plugin.toml: requested host_api.fs permission is missing
        the grants: granted host_api.fs permission is missing
        plugin.toml: requested surfaces.hook permission is missing
        the grants: granted surfaces.hook permission is missing
        plugin.toml: requested surfaces.tool permission is missing
        the grants: granted surfaces.tool permission is missing
        plugin.toml: requested surfaces.service permission is missing
        the grants: granted surfaces.service permission is missing
        plugin.toml: requested surfaces.ingress permission is missing
        the grants: granted surfaces.ingress permission is missing
        plugin.toml: requested surfaces.wasm permission is missing
        the grants: granted surfaces.wasm permission is missing
        plugin.toml: requested tool permission for `a` is missing
        the grants: granted tool permission for `a` is missing
        plugin.toml: requested tool_namespace.a permission is missing
        the grants: granted tool_namespace.a permission is missing
        plugin.toml: requested service permission for `a` is missing
        the grants: granted service permission for `a` is missing
        plugin.toml: requested ingress permission for `a` is missing
        the grants: granted ingress permission for `a` is missing
        plugin.toml: requested external_write permission is missing
        the grants: granted external_write permission is missing
        plugin.toml: manifest host_api.request target declaration is missing
        plugin.toml: manifest host_api.websocket target declaration is missing
        plugin.toml: host_api.request target GET https://a.test/ is not declared by the plugin manifest
        plugin.toml: host_api.request target GET https://a.test/ is not declared by the plugin manifest: it has to be named, `*` does not cover it
        plugin.toml: host_api.websocket target wss://a.test/ is not declared by the plugin manifest
        plugin.toml: host_api.websocket target wss://a.test/ is not declared by the plugin manifest: it has to be named, `*` does not cover it
        the grants: enabled host_api.request grants are missing
        the grants: enabled host_api.websocket grants are missing
        the grants: host_api.request target GET https://a.test/ is not covered by enabled request grants
        the grants: host_api.request target GET https://a.test/ is not covered by enabled request grants: it has to be named, `*` does not cover it
        the grants: host_api.websocket target wss://a.test/ is not covered by enabled WebSocket grants
        the grants: host_api.websocket target wss://a.test/ is not covered by enabled WebSocket grants: it has to be named, `*` does not cover it
        the grants: granted host_api.fs scope allowlist is missing
        the grants: host_api.fs read denied: no matching operation grant
        the grants: host_api.fs list denied: no matching operation grant
        the grants: host_api.fs write denied: no matching operation grant
        ");
    }
}
