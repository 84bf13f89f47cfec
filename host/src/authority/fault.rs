//! What can be wrong with a manifest, grants or an enablement: as data, with a message, a place in the text
//! and an advice.

use std::fmt::{self, Write as _};
use std::ops::Range;

use schemars::JsonSchema;
use serde::Serialize;

use super::target::METHODS;
use crate::excerpt::excerpt;
use crate::limits::{MANIFEST_BYTES, SHOWN_FAULTS, TOOL_NAME_BYTES};

/// One thing that is wrong in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Fault {
    /// What it leads to.
    pub severity: Severity,
    /// Of which kind it is.
    pub kind: FaultKind,
    /// When it is noticed.
    pub phase: Phase,
    /// The message.
    pub message: String,
    /// Where in the text, in bytes. Empty and at the start for what has no place.
    pub span: Range<usize>,
    /// What to do about it, where there is something to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// What it is.
    #[serde(skip)]
    pub(super) problem: Problem,
}

/// What a fault leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The file counts; this part of it does nothing, or something else than meant.
    Warns,
    /// The file counts; the plugin is not installed.
    FailsInstall,
    /// The file does not count.
    Refuses,
}

/// The kinds of diagnostics of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Something is not there.
    Missing,
    /// Something is there twice.
    Duplicate,
    /// Something could mean several things.
    Ambiguous,
    /// A version does not fit.
    Version,
    /// A digest does not fit.
    Digest,
    /// A version or kind that the host does not have.
    Api,
    /// A surface is not declared, or not possible.
    Surface,
    /// Grants do not fit.
    Grant,
    /// Something is not written as it must be.
    Malformed,
    /// A path leads out.
    Traversal,
    /// Something is too large.
    Bounds,
    /// Something could not be read.
    Io,
}

/// The phases of the contract in which a diagnostic arises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// While packages are looked for.
    Discovery,
    /// While a manifest is read.
    Manifest,
    /// While enablements are matched with packages.
    Resolution,
}

/// What is wrong. Those with a message of the contract display as that, word for word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    // Reading, for every file.
    #[error("plugin package is missing root plugin.toml")]
    Absent,
    #[error("plugin.toml exceeds the configured manifest size bound")]
    ManifestTooLarge,
    #[error("it has more than {MANIFEST_BYTES} bytes")]
    TooLarge,
    #[error("plugin.toml is not valid UTF-8")]
    NotUtf8,
    #[error("not valid TOML: {0}")]
    Syntax(String),
    #[error("unknown field `{path}`")]
    UnknownField {
        path: String,
        nearest: Option<&'static str>,
    },
    #[error("`{path}` is missing")]
    MissingField { path: String },
    #[error("`{path}` must be {wanted}, not {found}")]
    WrongType {
        path: String,
        wanted: String,
        found: String,
    },
    #[error("`{path}` cannot be `{found}`: choose {}", choices.join(", "))]
    UnknownValue {
        path: String,
        found: String,
        choices: &'static [&'static str],
        nearest: Option<&'static str>,
    },
    #[error("`{path}` has no meaning here and is ignored")]
    Ignored { path: String },

    // The rules for a manifest, in the order of the contract.
    #[error("plugin schema/API version is unsupported")]
    SchemaVersion,
    #[error("plugin manifest id is not a safe local id")]
    UnsafeId,
    #[error("plugin manifest name and version are required")]
    Blank,
    #[error("legacy raw wasm plugin runtime `wasm` / `{abi}` is retired; use `wasm-component`")]
    RetiredRuntime { abi: String },
    #[error("plugin component runtime must not declare raw WASM ABI metadata")]
    RawAbi,
    #[error("plugin component world is unsupported")]
    World,
    #[error("plugin component runtime artifact is required")]
    NoComponent,
    #[error("plugin manifest references a path outside the package root")]
    OutsidePackage,
    #[error("plugin manifest references a path not present in the package")]
    NotInPackage,
    #[error("plugin runtime kind is unsupported")]
    RuntimeKind,
    #[error("plugin service/ingress declarations require the yoi:plugin/instance@1.0.0 component world")]
    NeedsInstanceWorld,
    #[error("plugin service name is not safe")]
    ServiceName,
    #[error("plugin ingress name is not safe")]
    IngressName,
    #[error("plugin hook id is not safe")]
    HookId,

    // What an install stumbles over.
    #[error("tool `{tool}` has duplicate name within plugin manifest")]
    DuplicateTool { tool: String },
    #[error("{place} has invalid name: {fault}")]
    Name { place: String, fault: NameFault },
    #[error("tool `{tool}` has invalid input_schema: {fault}")]
    InputSchema {
        /// Its place among the tools.
        index: usize,
        tool: String,
        fault: String,
    },

    // Targets and folders that are allowed to stand there and do nothing.
    #[error("this target never matches: {0}")]
    DeadTarget(String),
    #[error("this method never matches: host_api.request has {} only", METHODS.join(", "))]
    DeadMethod,
    #[error("this prefix never matches: {0}")]
    DeadPrefix(&'static str),
    #[error("this folder is never used: {0}")]
    DeadFolder(&'static str),

    // Enablements.
    #[error("plugin enablement id must be source-qualified as user:<id>, project:<id>, or builtin:<id>")]
    UnqualifiedId,
    #[error("plugin enablement id is not a valid source-qualified plugin id")]
    BadEnablementId,
}

/// How a tool's name breaks the rules for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NameFault {
    /// It is empty.
    #[error("name must not be empty")]
    Empty,
    /// It is too long.
    #[error("name is longer than {TOOL_NAME_BYTES} bytes")]
    TooLong,
    /// It has characters that are not allowed.
    #[error("name must not contain whitespace or control characters")]
    Characters,
}

impl Fault {
    pub(super) fn new(problem: Problem, span: Range<usize>) -> Self {
        let (kind, phase) = problem.classified();
        Self {
            severity: problem.severity(),
            kind,
            phase,
            message: problem.to_string(),
            span,
            advice: problem.advice(),
            problem,
        }
    }

    /// Whether the file does not count because of it.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.severity == Severity::Refuses
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Warns => "warning",
            Severity::FailsInstall => "not installable",
            Severity::Refuses => "refused",
        })
    }
}

impl FaultKind {
    /// Its name in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            FaultKind::Missing => "missing",
            FaultKind::Duplicate => "duplicate",
            FaultKind::Ambiguous => "ambiguous",
            FaultKind::Version => "version",
            FaultKind::Digest => "digest",
            FaultKind::Api => "api",
            FaultKind::Surface => "surface",
            FaultKind::Grant => "grant",
            FaultKind::Malformed => "malformed",
            FaultKind::Traversal => "traversal",
            FaultKind::Bounds => "bounds",
            FaultKind::Io => "io",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Problem {
    /// Whether it is TOML that does not say what the file's types want: the yoi host has one message for all
    /// of these.
    pub(super) fn is_shape(&self) -> bool {
        matches!(
            self,
            Problem::Syntax(_)
                | Problem::UnknownField { .. }
                | Problem::MissingField { .. }
                | Problem::WrongType { .. }
                | Problem::UnknownValue { .. }
        )
    }

    fn severity(&self) -> Severity {
        match self {
            Problem::DuplicateTool { .. }
            | Problem::Name { .. }
            | Problem::InputSchema { .. }
            | Problem::UnqualifiedId
            | Problem::BadEnablementId => Severity::FailsInstall,
            Problem::Ignored { .. }
            | Problem::DeadTarget(_)
            | Problem::DeadMethod
            | Problem::DeadPrefix(_)
            | Problem::DeadFolder(_) => Severity::Warns,
            _ => Severity::Refuses,
        }
    }

    fn classified(&self) -> (FaultKind, Phase) {
        let kind = match self {
            Problem::Absent | Problem::NoComponent | Problem::NotInPackage => FaultKind::Missing,
            Problem::ManifestTooLarge | Problem::TooLarge => FaultKind::Bounds,
            Problem::SchemaVersion
            | Problem::RetiredRuntime { .. }
            | Problem::World
            | Problem::RuntimeKind => FaultKind::Api,
            Problem::OutsidePackage => FaultKind::Traversal,
            Problem::NeedsInstanceWorld => FaultKind::Surface,
            Problem::DuplicateTool { .. } => FaultKind::Duplicate,
            Problem::UnqualifiedId => FaultKind::Ambiguous,
            _ => FaultKind::Malformed,
        };
        let phase = match self {
            Problem::UnqualifiedId | Problem::BadEnablementId => Phase::Resolution,
            _ => Phase::Manifest,
        };
        (kind, phase)
    }

    fn advice(&self) -> Option<String> {
        let text = match self {
            Problem::UnknownField {
                nearest: Some(nearest),
                ..
            }
            | Problem::UnknownValue {
                nearest: Some(nearest),
                ..
            } => return Some(format!("is `{nearest}` meant?")),
            Problem::SchemaVersion => "write `schema_version = 1`",
            Problem::UnsafeId | Problem::ServiceName | Problem::IngressName | Problem::HookId => {
                "1 to 128 of the characters a-z A-Z 0-9 - _ . with no dot first or last"
            }
            Problem::RawAbi => "remove `entry` and `abi`",
            Problem::World => {
                "write `world = \"yoi:plugin/tool@1.0.0\"` or `world = \"yoi:plugin/instance@1.0.0\"`"
            }
            Problem::NoComponent => "write `component = \"plugin.wasm\"`, with the path in the package",
            Problem::OutsidePackage => {
                "a path in the package has `/` between its parts, and neither `.` nor `..` among them"
            }
            Problem::RuntimeKind => "write `kind = \"wasm-component\"`",
            Problem::NeedsInstanceWorld => {
                "give `[runtime]` the kind `wasm-component` and the world `yoi:plugin/instance@1.0.0`"
            }
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// Everything that is wrong in one file, in the order in which the contract looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    name: &'static str,
    text: String,
    faults: Vec<Fault>,
}

impl Faults {
    pub(super) fn new(name: &'static str, text: &str, faults: Vec<Fault>) -> Self {
        Self {
            name,
            text: text.to_owned(),
            faults,
        }
    }

    /// All of them. At least one refuses the file.
    #[must_use]
    pub fn list(&self) -> &[Fault] {
        &self.faults
    }

    /// All of them as a terminal shows them, from the top of the file to its end, under the name that the
    /// file has. Ends with a line break.
    #[must_use]
    pub fn render(&self, name: &str) -> String {
        render(name, &self.text, &self.faults)
    }
}

/// As a terminal shows them, under the usual name of such a file, without the final line break.
impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(self.name).trim_end())
    }
}

impl std::error::Error for Faults {}

/// Faults as a terminal shows them, from the top of the file to its end: what, where, the line, an advice.
/// `text` is what was read, `name` what the file is called. Ends with a line break unless there are none.
#[must_use]
pub fn render_faults(name: &str, text: &str, faults: &[Fault]) -> String {
    render(name, text, faults)
}

fn render(name: &str, text: &str, faults: &[Fault]) -> String {
    let mut sorted: Vec<&Fault> = faults.iter().collect();
    sorted.sort_by_key(|fault| fault.span.start);
    let mut out = String::new();
    for fault in sorted.iter().take(SHOWN_FAULTS) {
        // Writing to a String cannot fail.
        let _ = render_one(&mut out, name, text, fault);
    }
    if let Some(more) = sorted.len().checked_sub(SHOWN_FAULTS).filter(|more| *more > 0) {
        let _ = writeln!(out, "and {more} more");
    }
    out
}

fn render_one(out: &mut String, name: &str, text: &str, fault: &Fault) -> fmt::Result {
    writeln!(out, "{}: {fault}", fault.severity)?;
    excerpt(out, name, text, &fault.span)?;
    if let Some(advice) = &fault.advice {
        writeln!(out, "  help: {advice}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unknown(span: Range<usize>) -> Fault {
        let path = "x".to_owned();
        Fault::new(Problem::UnknownField { path, nearest: None }, span)
    }

    #[test]
    fn a_screen_of_faults_is_printed_and_the_rest_is_counted() {
        let text = "x\n".repeat(SHOWN_FAULTS + 2);
        let faults: Vec<Fault> = (0..SHOWN_FAULTS + 2)
            .map(|line| unknown(2 * line..2 * line + 1))
            .collect();
        let shown = render("plugin.toml", &text, &faults);
        assert_eq!(shown.lines().last(), Some("and 2 more"));
        assert!(!render("plugin.toml", &text, &faults[..SHOWN_FAULTS]).contains("more"));
    }

    #[test]
    fn a_long_line_is_cut_and_marked_as_far_as_it_is_shown() {
        let text = format!("key = \"{}\"", "é".repeat(200));
        insta::assert_snapshot!(render("plugin.toml", &text, &[unknown(6..text.len()), unknown(300..302)]), @r#"
        refused: unknown field `x`
          in plugin.toml:1:7
          1 | key = "ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé
            |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        refused: unknown field `x`
          in plugin.toml:1:154
          1 | key = "ééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééééé
        "#);
    }

    proptest! {
        #[test]
        fn any_span_of_any_text_can_be_shown(text: String, start in 0_usize..200, length in 0_usize..50) {
            let shown = render("plugin.toml", &text, &[unknown(start..start + length)]);
            prop_assert!(shown.contains("unknown field"));
        }
    }

    #[test]
    fn a_fault_is_data() {
        let json = serde_json::to_string(&unknown(3..4)).unwrap();
        insta::assert_snapshot!(json, @r#"{"severity":"refuses","kind":"malformed","phase":"manifest","message":"unknown field `x`","span":{"start":3,"end":4}}"#);
    }
}
