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
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{kept}{cut}", url.scheme())
}
