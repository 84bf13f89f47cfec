//! Permissions: what a manifest asks for and a grant gives, one item each.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::api::HostApi;

/// A way in which a plugin takes part in an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// It hooks into the agent's steps. No host runs these yet.
    Hook,
    /// It has tools that a model may call.
    Tool,
    /// It runs as long as the agent does.
    Service,
    /// It is handed events from outside.
    Ingress,
    /// It has code.
    Wasm,
}

/// One thing that is asked for or granted. It is written the same way in a manifest and in a grant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Permission {
    /// To take part in one way.
    Surface {
        /// Which way.
        surface: Surface,
    },
    /// To offer one tool.
    Tool {
        /// Its name.
        name: String,
    },
    /// To offer every tool whose name begins so.
    ToolNamespace {
        /// The beginning. It is not anchored: `a` covers `ab`. An empty one covers nothing.
        namespace: String,
    },
    /// To run one service.
    Service {
        /// Its name.
        name: String,
    },
    /// To receive the events of one ingress.
    Ingress {
        /// Its name.
        name: String,
    },
    /// To have tools that change something outside.
    ExternalWrite,
    /// To call a host API, as far as its targets go.
    HostApi {
        /// Which one.
        api: HostApi,
    },
}

impl Surface {
    /// Every surface.
    pub const ALL: [Surface; 5] = [
        Surface::Hook,
        Surface::Tool,
        Surface::Service,
        Surface::Ingress,
        Surface::Wasm,
    ];

    /// The name that manifests and grants use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Surface::Hook => "hook",
            Surface::Tool => "tool",
            Surface::Service => "service",
            Surface::Ingress => "ingress",
            Surface::Wasm => "wasm",
        }
    }
}

impl Permission {
    /// Its `kind`, as it is written.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Permission::Surface { .. } => "surface",
            Permission::Tool { .. } => "tool",
            Permission::ToolNamespace { .. } => "tool_namespace",
            Permission::Service { .. } => "service",
            Permission::Ingress { .. } => "ingress",
            Permission::ExternalWrite => "external_write",
            Permission::HostApi { .. } => "host_api",
        }
    }

    /// Its short name in messages: `surfaces.tool`, `tool.search`, `host_api.request`.
    #[must_use]
    pub fn label(&self) -> String {
        match self {
            Permission::Surface { surface } => format!("surfaces.{surface}"),
            Permission::ExternalWrite => self.kind().to_owned(),
            _ => format!("{}.{}", self.kind(), self.value().map_or("", |(_, value)| value)),
        }
    }

    /// Whether it lets a tool of this name be offered.
    #[must_use]
    pub fn covers_tool(&self, tool: &str) -> bool {
        match self {
            Permission::Tool { name } => name == tool,
            Permission::ToolNamespace { namespace } => !namespace.is_empty() && tool.starts_with(namespace),
            _ => false,
        }
    }

    /// The field beside `kind`, and its value.
    pub(super) fn value(&self) -> Option<(&'static str, &str)> {
        Some(match self {
            Permission::Surface { surface } => ("surface", surface.name()),
            Permission::Tool { name } | Permission::Service { name } | Permission::Ingress { name } => {
                ("name", name)
            }
            Permission::ToolNamespace { namespace } => ("namespace", namespace),
            Permission::ExternalWrite => return None,
            Permission::HostApi { api } => ("api", api.name()),
        })
    }
}

impl fmt::Display for Surface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_permission_has_the_label_of_the_contract() {
        let name = || "search".to_owned();
        let all = [
            Permission::Surface {
                surface: Surface::Tool,
            },
            Permission::Tool { name: name() },
            Permission::ToolNamespace { namespace: name() },
            Permission::Service { name: name() },
            Permission::Ingress { name: name() },
            Permission::ExternalWrite,
            Permission::HostApi { api: HostApi::Fs },
        ];
        let labels: Vec<String> = all.iter().map(Permission::label).collect();
        insta::assert_snapshot!(labels.join("\n"), @r"
        surfaces.tool
        tool.search
        tool_namespace.search
        service.search
        ingress.search
        external_write
        host_api.fs
        ");
    }

    #[test]
    fn a_namespace_is_an_unanchored_prefix_and_never_empty() {
        let namespace = |namespace: &str| Permission::ToolNamespace {
            namespace: namespace.to_owned(),
        };
        assert!(namespace("git").covers_tool("github"));
        assert!(!namespace("git").covers_tool("gi"));
        assert!(!namespace("").covers_tool("anything"));
    }
}
