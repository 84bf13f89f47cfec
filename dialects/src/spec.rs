//! Which child agents there are, and how a model says that it is one.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::message::Model;

/// What the address of a model begins with that is a child agent.
pub const RUNTIME_ENDPOINT_SCHEME: &str = "bridge:";

/// The name of the transcript entry that holds a link.
pub const RUNTIME_LINK_ENTRY: &str = "external-runtime-link";

/// A dialect that yoikit speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Adapter {
    /// `claude -p --output-format stream-json`.
    ClaudeCli,
    /// `codex exec --json`.
    CodexCli,
    /// `codex app-server`, which streams.
    CodexAppServer,
    /// A peer that answers `runExchange` over JSON-RPC, as the reference describes it.
    IndusagiCli,
    /// What `indusagi --rpc` really speaks.
    IndusagiWire,
}

impl Adapter {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::ClaudeCli,
        Self::CodexCli,
        Self::CodexAppServer,
        Self::IndusagiCli,
        Self::IndusagiWire,
    ];

    /// Its id.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClaudeCli => "claude-cli",
            Self::CodexCli => "codex-cli",
            Self::CodexAppServer => "codex-app-server",
            Self::IndusagiCli => "indusagi-cli",
            Self::IndusagiWire => "indusagi-wire",
        }
    }

    /// Whether the reference has it. What it has not cannot be compared with it.
    #[must_use]
    pub const fn is_of_reference(self) -> bool {
        matches!(self, Self::ClaudeCli | Self::CodexCli | Self::IndusagiCli)
    }

    /// The spec it is run by where nobody gives another one.
    #[must_use]
    pub fn spec(self) -> ExternalRuntimeSpec {
        let binary = match self {
            Self::ClaudeCli => "claude",
            Self::CodexCli | Self::CodexAppServer => "codex",
            Self::IndusagiCli | Self::IndusagiWire => "indusagi",
        };
        ExternalRuntimeSpec {
            adapter: self.name().to_owned(),
            auth_mode: RuntimeAuthMode::ExternalCli,
            binary_path: Some(binary.to_owned()),
            args: Vec::new(),
            env: BTreeMap::new(),
            delegate: None,
        }
    }

    /// The spec that the reference has for it, whose arguments are the protocol's flags. No such child accepts
    /// all of them as they stand.
    #[must_use]
    pub fn reference_spec(self) -> Option<ExternalRuntimeSpec> {
        let args: &[&str] = match self {
            Self::ClaudeCli => &["--output-format", "stream-json", "--verbose"],
            Self::CodexCli => &["--json"],
            Self::IndusagiCli => &["--rpc"],
            Self::CodexAppServer | Self::IndusagiWire => return None,
        };
        Some(ExternalRuntimeSpec {
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            ..self.spec()
        })
    }
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no adapter's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no adapter `{0}`: choose `claude-cli`, `codex-cli`, `codex-app-server`, `indusagi-cli` or `indusagi-wire`"
)]
pub struct UnknownAdapter(pub String);

impl FromStr for Adapter {
    type Err = UnknownAdapter;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|adapter| adapter.name() == name);
        found.ok_or_else(|| UnknownAdapter(name.to_owned()))
    }
}

/// How a child's output is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// As the real children mean it.
    #[default]
    Faithful,
    /// Exactly as the reference does, its mistakes included.
    Compat,
}

impl Mode {
    /// All of them.
    pub const ALL: &[Self] = &[Self::Faithful, Self::Compat];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Faithful => "faithful",
            Self::Compat => "compat",
        }
    }
}

/// How a child agent is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalRuntimeSpec {
    /// The dialect it speaks: one of [`Adapter`], or one that somebody registered.
    pub adapter: String,
    /// Who holds the key.
    pub auth_mode: RuntimeAuthMode,
    /// The program: a path, or a name that is looked for in `PATH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub binary_path: Option<String>,
    /// Arguments before those of the protocol.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<String>,
    /// Environment variables besides those that a child gets anyway.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// Whom the peer is to hand the work on to. Only `indusagi-cli` has such a thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegate: Option<String>,
}

/// Who holds the key to a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuntimeAuthMode {
    /// The child; none is needed here.
    ExternalCli,
    /// We do.
    ApiKey,
}

impl Model {
    /// The adapter that its address names, if it names one. The scheme is matched as it is written.
    #[must_use]
    pub fn adapter(&self) -> Option<&str> {
        let adapter = self.base_url.strip_prefix(RUNTIME_ENDPOINT_SCHEME)?;
        Some(adapter).filter(|adapter| !adapter.is_empty())
    }

    /// The same model, run by a child agent.
    #[must_use]
    pub fn with_runtime_endpoint(mut self, spec: &ExternalRuntimeSpec) -> Self {
        self.base_url = format!("{RUNTIME_ENDPOINT_SCHEME}{}", spec.adapter);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(base_url: &str) -> Model {
        Model {
            id: "m".to_owned(),
            api: "a".to_owned(),
            provider: "p".to_owned(),
            base_url: base_url.to_owned(),
        }
    }

    #[test]
    fn a_model_names_its_adapter_in_its_address() {
        assert_eq!(model("bridge:codex-cli").adapter(), Some("codex-cli"));
        for other in ["bridge:", "Bridge:codex-cli", " bridge:codex-cli", "https://x"] {
            assert_eq!(model(other).adapter(), None, "{other}");
        }
        let spec = Adapter::ClaudeCli.spec();
        let bound = model("https://x").with_runtime_endpoint(&spec);
        assert_eq!(bound.base_url, "bridge:claude-cli");
    }

    #[test]
    fn every_adapter_is_found_by_its_name() {
        for adapter in Adapter::ALL {
            assert_eq!(adapter.name().parse(), Ok(adapter));
            assert_eq!(serde_json::to_value(adapter).unwrap(), adapter.name());
        }
        insta::assert_snapshot!("gemini".parse::<Adapter>().unwrap_err(), @"there is no adapter `gemini`: choose `claude-cli`, `codex-cli`, `codex-app-server`, `indusagi-cli` or `indusagi-wire`");
    }
}
