//! How each row is made: what would be decided, and what stands against it.

use super::{ItemRow, PermissionRow, RuntimeRow, ToolRow};
use crate::Profile;
use crate::authority::api::HostApi;
use crate::authority::decision::Authority;
use crate::authority::denial::Denial;
use crate::authority::fault::Problem;
use crate::authority::grants::Grants;
use crate::authority::lines::{Missing, Piece, Side};
use crate::authority::manifest::{Declared, Manifest};
use crate::authority::permission::Permission;
use crate::authority::remedy::Lacking;
use crate::authority::schema;
use crate::authority::target::{Matcher, RequestTarget, WebsocketTarget};
use crate::limits::MESSAGE_BYTES;
use crate::text::bounded;

/// All that rows are made from.
pub(super) struct Inspector<'a> {
    pub(super) authority: Authority,
    pub(super) manifest: &'a Manifest,
    pub(super) declared: &'a Declared,
    pub(super) grants: &'a Grants,
    pub(super) profile: Profile,
}

/// A target of a manifest or of grants, of either host API.
struct Target {
    label: String,
    matcher: Matcher,
    is_broad: bool,
    piece: Piece,
}

impl Inspector<'_> {
    /// A manifest that was read has no runtime, or one of a kind and a world that there is.
    pub(super) fn runtime(&self) -> RuntimeRow {
        match &self.declared.runtime {
            Some(runtime) => RuntimeRow {
                eligible: true,
                status: format!(
                    "{}/{}",
                    runtime.kind,
                    runtime.world.as_deref().unwrap_or_default()
                ),
                diagnostic: None,
            },
            None => RuntimeRow {
                eligible: false,
                status: "none".to_owned(),
                diagnostic: Some("plugin runtime is not declared".to_owned()),
            },
        }
    }

    pub(super) fn host_apis(&self) -> Vec<PermissionRow> {
        let mut rows: Vec<PermissionRow> = HostApi::ALL
            .into_iter()
            .filter_map(|api| self.host_api(api))
            .collect();
        let request =
            |targets: &[RequestTarget]| -> Vec<Target> { targets.iter().map(Target::from).collect() };
        let websocket =
            |targets: &[WebsocketTarget]| -> Vec<Target> { targets.iter().map(Target::from).collect() };
        rows.extend(self.targets(
            HostApi::Request,
            &request(&self.declared.request),
            &request(&self.grants.request),
        ));
        rows.extend(self.targets(
            HostApi::Websocket,
            &websocket(&self.declared.websocket),
            &websocket(&self.grants.websocket),
        ));
        rows
    }

    fn host_api(&self, api: HostApi) -> Option<PermissionRow> {
        let permission = Permission::HostApi { api };
        let requested = self.declared.permissions.contains(&permission);
        let granted = self.grants.permissions.contains(&permission);
        if !requested && !granted {
            return None;
        }
        let denial = self.authority.host_api(api).err();
        let lines = denial
            .iter()
            .filter(|_| requested)
            .flat_map(|denial| denial.lines().to_vec());
        Some(self.permission_row(PermissionRow {
            permission: permission.label(),
            requested,
            granted,
            eligible: denial.is_none(),
            diagnostic: denial.as_ref().map(ToString::to_string),
            remark: None,
            lines: lines.collect(),
        }))
    }

    /// A row as the profile has it, its diagnostic and its lines being given.
    fn permission_row(&self, row: PermissionRow) -> PermissionRow {
        let said = row
            .diagnostic
            .as_deref()
            .map(|text| bounded(text, MESSAGE_BYTES).into_owned());
        let (diagnostic, remark) = match self.profile {
            Profile::Documented => (None, said),
            Profile::Yoi => (said, None),
        };
        PermissionRow {
            diagnostic,
            remark,
            lines: self.lines(row.lines),
            ..row
        }
    }

    /// Lines in the profile that has them.
    fn lines(&self, lines: Vec<Missing>) -> Vec<Missing> {
        match self.profile {
            Profile::Documented => lines,
            Profile::Yoi => Vec::new(),
        }
    }

    /// The rows of the targets that are declared, then of those that are granted.
    fn targets(&self, api: HostApi, declared: &[Target], granted: &[Target]) -> Vec<PermissionRow> {
        let grant = match api {
            HostApi::Websocket => "WebSocket grant",
            HostApi::Request | HostApi::Fs => "request grant",
        };
        let wide = |target: &Target| {
            if target.is_broad {
                "; broad/arbitrary target"
            } else {
                ""
            }
        };
        let mut rows = Vec::new();
        for target in declared {
            let covering = granted.iter().find(|other| other.matcher.covers(&target.matcher));
            let meets = |other: &Target| other.matcher.intersects(&target.matcher);
            let is_granted = covering.is_some() || granted.iter().any(meets);
            let diagnostic = match covering {
                _ if !is_granted => Some(format!(
                    "missing enabled {grant} for manifest target{}",
                    wide(target)
                )),
                None if target.is_broad => Some(format!(
                    "partially covered by enabled {grant}; broad manifest target is constrained by narrower grants"
                )),
                None => Some(format!(
                    "partially covered by enabled {grant}; only intersecting URLs are allowed"
                )),
                Some(covering) if covering.is_broad => {
                    Some(format!("covered by broad/arbitrary enabled {grant}"))
                }
                Some(_) => None,
            };
            let lines = if is_granted {
                Vec::new()
            } else {
                self.lines_for(api, target)
            };
            rows.push(self.permission_row(PermissionRow {
                permission: format!("host_api.{api} target {}", target.label),
                requested: true,
                granted: is_granted,
                eligible: is_granted,
                diagnostic,
                remark: None,
                lines,
            }));
        }
        for target in granted {
            let meets = |other: &&Target| other.matcher.intersects(&target.matcher);
            let (kind, diagnostic) = match declared.iter().find(meets) {
                None => (
                    "grant-only",
                    Some(format!(
                        "enabled {grant} has no matching manifest declaration{}",
                        wide(target)
                    )),
                ),
                Some(_) if target.is_broad => (
                    "grant",
                    Some(format!(
                        "broad/arbitrary enabled {grant} is constrained by manifest declarations"
                    )),
                ),
                // The first that it meets, as the yoi host has it, not any.
                Some(other) if !other.matcher.covers(&target.matcher) => (
                    "grant",
                    Some(format!(
                        "enabled {grant} is only usable where it intersects manifest declarations"
                    )),
                ),
                Some(_) => ("grant", None),
            };
            let is_declared = kind == "grant";
            rows.push(self.permission_row(PermissionRow {
                permission: format!("host_api.{api} {kind} {}", target.label),
                requested: is_declared,
                granted: true,
                eligible: is_declared,
                diagnostic,
                remark: None,
                lines: Vec::new(),
            }));
        }
        rows
    }

    /// The lines that grant a target. None for one that never matches, which no grant helps.
    fn lines_for(&self, api: HostApi, target: &Target) -> Vec<Missing> {
        if !target.matcher.usable || !target.matcher.covers(&target.matcher) {
            return Vec::new();
        }
        self.authority
            .lines(&[Permission::HostApi { api }], |side| match side {
                Side::Manifest => Lacking::default(),
                Side::Grants => Lacking {
                    pieces: vec![target.piece.clone()],
                    example: false,
                },
            })
    }

    pub(super) fn tools(&self) -> Vec<ToolRow> {
        let tools = &self.declared.tools;
        let rows = tools.iter().enumerate().map(|(index, tool)| {
            let permission = Permission::Tool {
                name: tool.name.clone(),
            };
            let decision = self.authority.tool(&tool.name, tool.external_write);
            let mut wrong = Vec::new();
            if tools.iter().filter(|other| other.name == tool.name).count() > 1 {
                let tool = tool.name.clone();
                wrong.push(Problem::DuplicateTool { tool }.to_string());
            }
            if let Some(fault) = schema::name_fault(&tool.name) {
                let place = format!("tool `{}`", tool.name);
                wrong.push(Problem::Name { place, fault }.to_string());
            }
            wrong.extend(self.schema_faults(index));
            wrong.extend(decision.as_ref().err().map(ToString::to_string));
            ToolRow {
                name: tool.name.clone(),
                permission: permission.label(),
                requested: self.holds(&self.declared.permissions, &permission),
                granted: self.holds(&self.grants.permissions, &permission),
                eligible: wrong.is_empty(),
                external_write: tool.external_write,
                diagnostic: joined(&wrong),
                lines: self.lines_of(decision.err()),
            }
        });
        rows.collect()
    }

    /// What is wrong with a tool's input schema; the first of it, where that is all that is looked for.
    fn schema_faults(&self, tool: usize) -> impl Iterator<Item = String> {
        let most = match self.profile {
            Profile::Documented => usize::MAX,
            Profile::Yoi => 1,
        };
        let remarks = self.manifest.remarks().iter();
        let of_it = remarks.filter(
            move |remark| matches!(&remark.problem, Problem::InputSchema { index, .. } if *index == tool),
        );
        of_it.map(|remark| remark.message.clone()).take(most)
    }

    pub(super) fn services(&self) -> Vec<ItemRow> {
        let names = self.declared.services.iter().map(|service| &service.name);
        let rows = names.map(|name| {
            let permission = Permission::Service { name: name.clone() };
            self.item(name, &permission, self.authority.service(name).err())
        });
        rows.collect()
    }

    pub(super) fn ingresses(&self) -> Vec<ItemRow> {
        let names = self.declared.ingresses.iter().map(|ingress| &ingress.name);
        let rows = names.map(|name| {
            let permission = Permission::Ingress { name: name.clone() };
            self.item(name, &permission, self.authority.ingress(name).err())
        });
        rows.collect()
    }

    /// The row of a service or an ingress. Only a plugin of the world that has these can be read.
    fn item(&self, name: &str, permission: &Permission, denial: Option<Denial>) -> ItemRow {
        ItemRow {
            name: name.to_owned(),
            permission: permission.label(),
            requested: self.holds(&self.declared.permissions, permission),
            granted: self.holds(&self.grants.permissions, permission),
            eligible: denial.is_none(),
            diagnostic: denial
                .as_ref()
                .map(|denial| bounded(&denial.to_string(), MESSAGE_BYTES).into_owned()),
            lines: self.lines_of(denial),
        }
    }

    /// Whether a permission is among these.
    fn holds(&self, held: &[Permission], wanted: &Permission) -> bool {
        match (self.profile, wanted) {
            (Profile::Documented, Permission::Tool { name }) => {
                held.iter().any(|held| held.covers_tool(name))
            }
            _ => held.contains(wanted),
        }
    }

    fn lines_of(&self, denial: Option<Denial>) -> Vec<Missing> {
        self.lines(denial.map(|denial| denial.lines().to_vec()).unwrap_or_default())
    }
}

/// What is wrong, as one text.
fn joined(wrong: &[String]) -> Option<String> {
    (!wrong.is_empty()).then(|| bounded(&wrong.join("; "), MESSAGE_BYTES).into_owned())
}

impl From<&RequestTarget> for Target {
    fn from(target: &RequestTarget) -> Self {
        Self {
            label: target.to_string(),
            matcher: target.matcher(),
            is_broad: target.is_broad(),
            piece: Piece::Request(target.clone()),
        }
    }
}

impl From<&WebsocketTarget> for Target {
    fn from(target: &WebsocketTarget) -> Self {
        Self {
            label: target.to_string(),
            matcher: target.matcher(),
            is_broad: target.is_broad(),
            piece: Piece::Websocket(target.clone()),
        }
    }
}
