//! Items while they are made of packages, enablements and what was found beside them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::item::{Facts, Item, ItemDiagnostic, Status};
use super::one_line;
use crate::Profile;
use crate::authority::{
    Binding, BoundPackage, Enablement, FsGrant, Inspection, Permission, PluginSource, Surface, ToolRow,
};
use crate::package::{Discovered, Stores};

/// The items while they are made.
pub(super) struct Drafts<'a> {
    pub(super) stores: &'a Stores,
    pub(super) profile: Profile,
    pub(super) drafts: BTreeMap<String, Draft>,
}

/// An item while it is made.
pub(super) struct Draft {
    pub(super) item: Item,
    /// Whether there is a file that would be its package.
    pub(super) is_present: bool,
}

impl Drafts<'_> {
    pub(super) fn at(&mut self, reference: &str) -> &mut Draft {
        let draft = || Draft {
            item: Item::empty(reference),
            is_present: false,
        };
        self.drafts.entry(reference.to_owned()).or_insert_with(draft)
    }

    /// Where a package of this name would be.
    pub(super) fn path(&self, source: PluginSource, label: &str) -> Option<PathBuf> {
        let path = |folder: &Path| folder.join(label);
        match (self.stores.path(source), self.profile) {
            (Some(store), _) => Some(path(store)),
            (None, Profile::Documented) => None,
            (None, Profile::Yoi) => match source {
                PluginSource::Builtin => Some(path(Path::new("<builtin>"))),
                PluginSource::User => Some(path(Path::new("<unavailable-user-data-dir>/yoi/plugins"))),
                PluginSource::Project => None,
            },
        }
    }

    pub(super) fn enablement(&mut self, enablement: &Enablement) {
        let id = enablement.plugin_id().ok();
        let path = id
            .as_ref()
            .and_then(|id| self.path(id.source, &format!("{}.yoi-plugin", id.local)));
        let profile = self.profile;
        let draft = self.at(&enablement.id);
        if draft.item.configured && profile == Profile::Documented {
            let message = "plugin is enabled more than once: an install fails";
            draft.diagnostic("duplicate", message, Some("leave one entry for it".to_owned()));
        }
        draft.configured(enablement);
        if let Some(id) = id {
            draft.item.source.get_or_insert(id.source);
            draft.item.package_path = draft.item.package_path.take().or(path);
        }
        if profile == Profile::Documented {
            for tool in &mut draft.item.tools {
                tool.diagnostic = Some("plugin is enabled and not resolved".to_owned());
            }
        }
    }
}

impl Draft {
    /// What a package says of itself.
    pub(super) fn package(&mut self, package: &Discovered, profile: Profile) {
        let declared = package.manifest.declared();
        self.is_present = true;
        let item = &mut self.item;
        item.discovered = true;
        item.source = Some(package.id.source);
        item.package = Some(package.label.clone());
        item.package_path = Some(package.path.clone());
        item.version = Some(declared.version.clone());
        item.schema_version = Some(declared.schema_version);
        item.api_version = Some(declared.schema_version);
        item.digest = Some(package.digest);
        item.declared_surfaces = sorted_surfaces(&match profile {
            Profile::Documented => package.manifest.surfaces(),
            Profile::Yoi => declared.surfaces.clone(),
        });
        item.requested_permissions = labels(&declared.permissions, Permission::label);
        let tools = Inspection::of(&package.manifest, &Default::default(), &[Surface::Tool], profile).tools;
        let tools = tools.into_iter().map(|tool| ToolRow {
            granted: false,
            eligible: false,
            diagnostic: Some("plugin is discovered but not enabled".to_owned()),
            lines: Vec::new(),
            ..tool
        });
        item.tools = tools.collect();
    }

    /// What an enablement says.
    pub(super) fn configured(&mut self, enablement: &Enablement) {
        let grants = &enablement.grants;
        let item = &mut self.item;
        item.configured = true;
        item.enabled_surfaces = sorted_surfaces(&enablement.surfaces);
        item.configured_grants = labels(&grants.permissions, Permission::label);
        item.configured_request_grants = labels(&grants.request, ToString::to_string);
        item.configured_websocket_grants = labels(&grants.websocket, ToString::to_string);
        item.configured_fs_grants = labels(&grants.fs, fs_label);
    }

    /// What comes of both, where they fit.
    pub(super) fn resolved(
        &mut self,
        package: &Discovered,
        enablement: &Enablement,
        bound: BoundPackage,
        surfaces: &[Surface],
        profile: Profile,
    ) {
        self.configured(enablement);
        let binding = Binding::Package(bound);
        let grants = &enablement.grants;
        let inspection = Inspection::of_bound(&package.manifest, grants, &binding, surfaces, profile);
        let findings: Vec<String> = inspection.findings().map(str::to_owned).collect();
        for finding in findings {
            self.diagnostic("static_eligibility", &finding, None);
        }
        let item = &mut self.item;
        item.resolved = true;
        item.enabled_surfaces = sorted_surfaces(surfaces);
        item.static_eligible = inspection.statically_eligible();
        item.tools = inspection.tools.clone();
        for tool in &mut item.tools {
            tool.diagnostic = tool.diagnostic.as_deref().map(one_line);
            // They stand in the inspection.
            tool.lines.clear();
        }
        item.static_runtime = Some(inspection);
    }

    pub(super) fn diagnostic(&mut self, kind: &'static str, message: &str, advice: Option<String>) {
        self.item.diagnostics.push(ItemDiagnostic {
            kind,
            message: one_line(message),
            advice,
        });
    }

    pub(super) fn finish(self, profile: Profile) -> Item {
        let Self { mut item, is_present } = self;
        item.diagnostics.sort();
        if profile == Profile::Documented {
            item.diagnostics.dedup();
        }
        let is_faulty = |tool: &ToolRow| !tool.eligible || tool.diagnostic.is_some();
        item.status = Status::of(&Facts {
            configured: item.configured,
            discovered: item.discovered,
            resolved: item.resolved,
            // Inspection's rows are among the diagnostics.
            has_diagnostic: !item.diagnostics.is_empty() || item.tools.iter().any(is_faulty),
            has_usable_tool: item.tools.iter().any(|tool| tool.eligible),
            is_eligible: item.static_eligible && !item.enabled_surfaces.is_empty(),
            is_present: is_present || item.diagnostics.iter().any(|found| found.kind != "missing"),
        });
        item
    }
}

fn labels<T>(all: &[T], label: impl Fn(&T) -> String) -> Vec<String> {
    let mut labels: Vec<String> = all.iter().map(label).collect();
    labels.sort();
    labels.dedup();
    labels
}

/// Sorted by their names, each once.
fn sorted_surfaces(surfaces: &[Surface]) -> Vec<Surface> {
    let mut sorted = surfaces.to_vec();
    sorted.sort_by_key(|surface| surface.name());
    sorted.dedup();
    sorted
}

pub(super) fn fs_label(grant: &FsGrant) -> String {
    let or = |text: String, filler: &str| if text.is_empty() { filler.to_owned() } else { text };
    let operations: Vec<&str> = grant
        .operations
        .iter()
        .map(|operation| operation.name())
        .collect();
    format!(
        "{} {}",
        or(grant.root.trim().to_owned(), "<no-root>"),
        or(operations.join(","), "<no-operations>")
    )
}
