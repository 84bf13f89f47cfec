//! What of a plugin could be used under given grants, row by row, before anything of it runs.
//!
//! Each row is the answer to one question that [`Authority`] would be asked later. It reads no file: a manifest,
//! grants and surfaces go in.

mod inspector;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::Serialize;

use self::inspector::Inspector;
use super::binding::Binding;
use super::decision::Authority;
use super::grants::Grants;
use super::lines::Missing;
use super::manifest::Manifest;
use super::permission::Surface;
use crate::Profile;

/// What of a plugin could be used: a row for each thing that it declares for a surface that is turned on, and
/// for each host API and target that it asks for or is granted.
///
/// In the profile [`Yoi`](Profile::Yoi) the rows are those of that host, word for word. They have no remarks and
/// no lines, and whatever is said of a row is said as a diagnostic.
///
/// In the profile [`Documented`](Profile::Documented) a host API that is asked for and not granted, and a target
/// that is wide, are remarks: the plugin can be installed all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Inspection {
    /// Whether its code can be run.
    pub runtime: RuntimeRow,
    /// Host APIs, then their targets: those of the manifest, then those of the grants.
    pub host_apis: Vec<PermissionRow>,
    /// Its tools, if the surface `tool` is turned on.
    pub tools: Vec<ToolRow>,
    /// Its services, if the surface `service` is turned on.
    pub services: Vec<ItemRow>,
    /// Its ingresses, if the surface `ingress` is turned on.
    pub ingresses: Vec<ItemRow>,
}

/// Whether a plugin's code can be run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct RuntimeRow {
    /// Whether it can.
    pub eligible: bool,
    /// Its kind and world, `wasm-component/yoi:plugin/tool@1.0.0`; `none` for a plugin without code.
    pub status: String,
    /// What is wrong.
    pub diagnostic: Option<String>,
}

/// Whether a host API can be used, or a target of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PermissionRow {
    /// Which: `host_api.request`, or `host_api.request target https://api.example.com GET /v1`.
    pub permission: String,
    /// Whether the manifest asks for it.
    pub requested: bool,
    /// Whether the grants give it, in part at least.
    pub granted: bool,
    /// Whether it can be used.
    pub eligible: bool,
    /// What is wrong.
    pub diagnostic: Option<String>,
    /// What is worth knowing and does not keep the plugin from being installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// The lines that would grant it, where it is asked for and not granted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Missing>,
}

/// Whether a tool can be offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ToolRow {
    /// Its name.
    pub name: String,
    /// The permission for it: `tool.search`.
    pub permission: String,
    /// Whether the manifest asks for that.
    pub requested: bool,
    /// Whether the grants give it. A `tool_namespace` that covers the tool counts, in `requested` as well. In the
    /// profile [`Yoi`](Profile::Yoi) only the permission itself does, and the tool is eligible all the same.
    pub granted: bool,
    /// Whether it can be offered.
    pub eligible: bool,
    /// Whether it says that it changes something outside.
    pub external_write: bool,
    /// What is wrong.
    pub diagnostic: Option<String>,
    /// The lines that would allow it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Missing>,
}

/// Whether a service or an ingress can be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ItemRow {
    /// Its name.
    pub name: String,
    /// The permission for it: `service.feed`.
    pub permission: String,
    /// Whether the manifest asks for that.
    pub requested: bool,
    /// Whether the grants give it.
    pub granted: bool,
    /// Whether it can be had.
    pub eligible: bool,
    /// What is wrong.
    pub diagnostic: Option<String>,
    /// The lines that would allow it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<Missing>,
}

impl Inspection {
    /// What could be used with these surfaces turned on, the grants taken as being for this plugin, whatever
    /// they are bound to.
    #[must_use]
    pub fn of(manifest: &Manifest, grants: &Grants, surfaces: &[Surface], profile: Profile) -> Self {
        let for_this = Grants {
            id: None,
            version: None,
            digest: None,
            ..grants.clone()
        };
        Self::of_bound(manifest, &for_this, &Binding::Unbound, surfaces, profile)
    }

    /// What could be used with these surfaces turned on, if the grants are bound as `binding` wants it. Lines to
    /// add then come with those that bind them.
    #[must_use]
    pub fn of_bound(
        manifest: &Manifest,
        grants: &Grants,
        binding: &Binding,
        surfaces: &[Surface],
        profile: Profile,
    ) -> Self {
        let inspector = Inspector {
            authority: Authority::new(manifest, grants.clone(), binding),
            manifest,
            declared: manifest.declared(),
            grants,
            profile,
        };
        Self {
            runtime: inspector.runtime(),
            host_apis: inspector.host_apis(),
            tools: rows_if(surfaces.contains(&Surface::Tool), || inspector.tools()),
            services: rows_if(surfaces.contains(&Surface::Service), || inspector.services()),
            ingresses: rows_if(surfaces.contains(&Surface::Ingress), || inspector.ingresses()),
        }
    }

    /// Whether nothing speaks against the plugin: its code can be run, and every row can be used or has no more
    /// than a remark.
    #[must_use]
    pub fn statically_eligible(&self) -> bool {
        let free = |eligible: bool, diagnostic: &Option<String>| eligible || diagnostic.is_none();
        let items = self.services.iter().chain(&self.ingresses);
        self.runtime.eligible
            && self
                .host_apis
                .iter()
                .all(|row| free(row.eligible, &row.diagnostic))
            && self.tools.iter().all(|row| free(row.eligible, &row.diagnostic))
            && items.into_iter().all(|row| free(row.eligible, &row.diagnostic))
    }

    /// What keeps the plugin from being used to the full, row by row: every diagnostic, and the remark on what
    /// it asks for and cannot use.
    pub fn findings(&self) -> impl Iterator<Item = &str> {
        let runtime = self.runtime.diagnostic.as_deref().into_iter();
        let host_apis = self.host_apis.iter().filter_map(|row| {
            let lacking = row.remark.as_deref().filter(|_| row.requested && !row.eligible);
            row.diagnostic.as_deref().or(lacking)
        });
        let tools = self.tools.iter().filter_map(|row| row.diagnostic.as_deref());
        let items = self.services.iter().chain(&self.ingresses);
        runtime
            .chain(host_apis)
            .chain(tools)
            .chain(items.filter_map(|row| row.diagnostic.as_deref()))
    }
}

/// Rows of a surface, if it is turned on.
fn rows_if<T>(is_on: bool, rows: impl FnOnce() -> Vec<T>) -> Vec<T> {
    if is_on { rows() } else { Vec::new() }
}
