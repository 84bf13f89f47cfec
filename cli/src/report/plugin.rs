//! Reports of `yoikit plugin`: the shapes of the contract's own commands, and what is known beyond them.

use schemars::JsonSchema;
use serde::Serialize;
use yoi_host::Profile;
use yoi_host::authority::{Fault, Inspection, Severity, Surface, YoiDiagnostic};
use yoi_host::build::{Builder, Mode};
use yoi_host::component::World;
use yoi_host::package::{Diagnostic, Package, PackageKind, Packed};

use super::{FaultReport, VerdictReport};

/// What a command leaves alone. All of it holds, always.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
pub struct Safety {
    /// Nothing was sent or fetched.
    pub no_network: bool,
    /// Nothing of the plugin ran.
    pub no_plugin_execution: bool,
    /// No configuration of an agent was touched.
    pub no_enablement_config_mutation: bool,
    /// No secret was made.
    pub no_secrets_generated: bool,
}

impl Safety {
    pub(crate) const KEPT: Self = Self {
        no_network: true,
        no_plugin_execution: true,
        no_enablement_config_mutation: true,
        no_secrets_generated: true,
    };
}

/// What `yoikit plugin new --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NewReport {
    /// `yoikit.plugin-new/1`.
    pub schema: &'static str,
    /// `new`.
    pub command: &'static str,
    /// The template: `rust-tool`, `rust-service`, `js` or `python`.
    pub template: &'static str,
    /// The project's folder.
    pub destination: String,
    /// What was written, by its path in the folder.
    pub files: Vec<String>,
    /// What was left alone.
    pub safety: Safety,
    /// Commands that come next.
    pub next_steps: Vec<String>,
    /// What the plugin is called.
    pub name: String,
}

/// What `yoikit plugin build --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BuildReport {
    /// `yoikit.plugin-build/1`.
    pub schema: &'static str,
    /// `build`.
    pub command: &'static str,
    /// `built`, or `rejected` where the profile refuses what was built.
    pub status: BuildStatus,
    /// The profile that the component is held to.
    pub profile: Profile,
    /// The project's folder.
    pub input_path: String,
    /// The component, where the manifest has it.
    pub output_path: String,
    /// The package that was built: cargo's name for it, or else the plugin's id.
    pub package: String,
    /// What built it.
    pub builder: Builder,
    /// How far.
    pub mode: Mode,
    /// What cargo made. Other builders leave nothing behind.
    pub artifact: Option<String>,
    /// Bytes of what the builder made.
    pub artifact_bytes: usize,
    /// Bytes that were taken out of it and that no host reads: debugging information and the like.
    pub stripped_bytes: usize,
    /// Imports of WASI that were replaced by local functions.
    pub denied: Vec<String>,
    /// The component.
    pub component: ComponentReport,
    /// What is wrong with it.
    pub diagnostics: Vec<CheckDiagnostic>,
    /// Commands that come next.
    pub next_steps: Vec<String>,
}

/// How a build ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BuildStatus {
    /// The component is there, and fits.
    Built,
    /// The component is there, and the profile refuses it.
    Rejected,
}

/// A component, and what a profile says to it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ComponentReport {
    /// Its path in the package.
    pub path: String,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
    /// Its size in bytes.
    pub bytes: usize,
    /// The world that the manifest says it stands in.
    pub declared_world: Option<String>,
    /// The world it stands in, if that is one.
    pub world: Option<World>,
    /// What the profile says to it. None for what is no component.
    pub verdict: Option<VerdictReport>,
}

/// What `yoikit plugin check --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckReport {
    /// `yoikit.plugin-check/1`.
    pub schema: &'static str,
    /// `check`.
    pub command: &'static str,
    /// What came of it.
    pub status: CheckStatus,
    /// What was checked.
    pub input_path: String,
    /// Of which kind that is.
    pub input_kind: InputKind,
    /// The package, if it is one.
    pub package: Option<PackageReport>,
    /// What is wrong with it.
    pub diagnostics: Vec<CheckDiagnostic>,
    /// What of it could be used under the grants, if it is a package.
    pub static_inspection: Option<InspectionReport>,
    /// What was left alone.
    pub safety: Safety,
    /// Commands that come next.
    pub next_steps: Vec<String>,
    /// The profile that the result holds under.
    pub profile: Profile,
    /// Under which grants: those of a file, or all that the manifest asks for.
    pub grants: GrantsOf,
    /// Its component, if it has one.
    pub component: Option<ComponentReport>,
    /// What the yoi host says where it is no package; in profile `yoi` only.
    pub yoi_diagnostic: Option<YoiDiagnostic>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckStatus {
    /// It fits, and all of it can be used.
    Active,
    /// It fits, and a part of it cannot be used.
    Partial,
    /// A host would refuse it, or could use nothing of it.
    Rejected,
}

impl CheckStatus {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Partial => "partial",
            Self::Rejected => "rejected",
        }
    }
}

/// What was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// A folder.
    Directory,
    /// An archive, or what ought to be one.
    Package,
}

/// Where the grants of a check come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantsOf {
    /// From a file.
    File,
    /// All that the manifest asks for.
    Manifest,
}

/// One thing that is wrong with a package.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct CheckDiagnostic {
    /// Of which kind it is: one of the contract's (`missing`, `duplicate`, `api`, `malformed`, `traversal`,
    /// `bounds`, `io` and so on), or `component`.
    pub kind: String,
    /// When it is noticed: `discovery`, `manifest`, or `runtime` for what concerns the component.
    pub phase: String,
    /// The same in words.
    pub message: String,
    /// What it leads to.
    pub severity: Severity,
    /// Which fault it is.
    pub code: String,
    /// The path in the package that it is about, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// Where in the manifest, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<std::ops::Range<usize>>,
    /// What to do about it, where there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

impl CheckDiagnostic {
    /// A fault of a package whose files or manifest are refused.
    pub(crate) fn of_package(diagnostic: Diagnostic, severity: Severity) -> Self {
        Self {
            kind: word(&diagnostic.kind),
            phase: word(&diagnostic.phase),
            message: diagnostic.message,
            severity,
            code: diagnostic.code.to_owned(),
            entry: diagnostic.entry,
            span: diagnostic.span,
            advice: diagnostic.advice,
        }
    }

    /// A remark on a manifest that is not refused.
    pub(crate) fn of_remark(fault: &Fault) -> Self {
        Self {
            kind: word(&fault.kind),
            phase: word(&fault.phase),
            message: fault.message.clone(),
            severity: fault.severity,
            code: "manifest".to_owned(),
            entry: Some("plugin.toml".to_owned()),
            span: (!fault.span.is_empty()).then(|| fault.span.clone()),
            advice: fault.advice.clone(),
        }
    }

    /// What the profile has against the component.
    pub(crate) fn of_component(entry: &str, fault: &FaultReport) -> Self {
        let severity = if fault.fault.refuses() {
            Severity::Refuses
        } else {
            Severity::Warns
        };
        let code = serde_json::to_value(&fault.fault.problem)
            .ok()
            .and_then(|problem| Some(problem.get("kind")?.as_str()?.to_owned()));
        Self {
            advice: fault.advice.clone(),
            code: code.unwrap_or_default(),
            ..Self::about(entry, "", severity, fault.message.clone())
        }
    }

    /// Something about the component that is no fault of it alone.
    pub(crate) fn about(entry: &str, code: &str, severity: Severity, message: String) -> Self {
        Self {
            kind: "component".to_owned(),
            phase: "runtime".to_owned(),
            message,
            severity,
            code: code.to_owned(),
            entry: Some(entry.to_owned()),
            span: None,
            advice: None,
        }
    }
}

/// The word by which a report names one of few.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

/// What of a plugin could be used: the contract's two fields, and the rows behind them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InspectionReport {
    /// How its code runs: `wasm-component/yoi:plugin/tool@1.0.0`.
    pub status: String,
    /// How many things keep it from being used to the full.
    pub diagnostics: usize,
    /// The rows.
    #[serde(flatten)]
    pub rows: Inspection,
}

impl InspectionReport {
    pub(crate) fn of(rows: Inspection) -> Self {
        Self {
            status: rows.runtime.status.clone(),
            diagnostics: rows.findings().count(),
            rows,
        }
    }
}

/// A package as the contract's commands describe one. Where it will be installed is not known: `source` and
/// `reference` are those of a project's own plugin.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct PackageReport {
    /// `project:` and its id.
    pub reference: String,
    /// Its id.
    pub package: String,
    /// `project`.
    pub source: &'static str,
    /// Its version.
    pub version: String,
    /// The version of the manifest's format.
    pub schema_version: u32,
    /// What it is known by: `sha256:` and 64 hexadecimal digits.
    pub digest: String,
    /// Where it is.
    pub package_path: String,
    /// Its files, by their paths.
    pub entries: Vec<String>,
    /// The ways in which it takes part.
    pub surfaces: Vec<Surface>,
    /// Its tools.
    pub tools: Vec<String>,
    /// What it asks for.
    pub permissions: Vec<String>,
}

impl PackageReport {
    pub(crate) fn of(package: &Package, path: String) -> Self {
        let declared = package.manifest.declared();
        Self {
            reference: format!("project:{}", declared.id),
            package: declared.id.clone(),
            source: "project",
            version: declared.version.clone(),
            schema_version: declared.schema_version,
            digest: package.digest.to_string(),
            package_path: path,
            entries: package.files.iter().map(|(path, _)| path.to_owned()).collect(),
            surfaces: package.manifest.surfaces(),
            tools: declared.tools.iter().map(|tool| tool.name.clone()).collect(),
            permissions: declared.permissions.iter().map(|asked| asked.label()).collect(),
        }
    }
}

/// What `yoikit plugin pack --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PackReport {
    /// `yoikit.plugin-pack/1`.
    pub schema: &'static str,
    /// `pack`.
    pub command: &'static str,
    /// `packed`.
    pub status: &'static str,
    /// The folder.
    pub input_path: String,
    /// The archive.
    pub output_path: String,
    /// What was packed.
    pub package: PackageReport,
    /// What was left alone.
    pub safety: Safety,
    /// Commands that come next: to turn it on in this workspace.
    pub next_steps: Vec<String>,
    /// Bytes of the archive.
    pub bytes: usize,
    /// What of the folder was left out, by its path; of folders only the topmost, with `/` at its end.
    pub left_out: Vec<String>,
}

impl PackReport {
    pub(crate) fn of(packed: &Packed, input_path: String) -> Self {
        let output_path = packed.output.display().to_string();
        Self {
            schema: "yoikit.plugin-pack/1",
            command: "pack",
            status: "packed",
            input_path,
            package: PackageReport::of(&packed.package, output_path.clone()),
            output_path,
            safety: Safety::KEPT,
            next_steps: Vec::new(),
            bytes: packed.bytes,
            left_out: packed.left_out.clone(),
        }
    }
}

impl From<PackageKind> for InputKind {
    fn from(kind: PackageKind) -> Self {
        match kind {
            PackageKind::Folder => Self::Directory,
            PackageKind::Archive => Self::Package,
        }
    }
}
