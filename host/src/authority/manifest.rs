//! `plugin.toml`: what a plugin says about itself and asks for.

use std::fmt;
use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use toml::de::DeTable;

use super::fault::{Fault, FaultKind, Faults, Phase, Problem};
use super::lines::{Forms, Home};
use super::permission::{Permission, Surface};
use super::rules::{self, Files};
use super::shape;
use super::target::{RequestTarget, WebsocketTarget};
use crate::limits::{MANIFEST_BYTES, PLUGIN_ID_BYTES};

/// A `plugin.toml` that keeps every rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    declared: Declared,
    remarks: Vec<Fault>,
    forms: Forms,
}

/// What a `plugin.toml` says, field by field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// The version of the format: 1.
    pub schema_version: u32,
    /// The plugin's id: 1 to 128 of `a-z A-Z 0-9 - _ .`, no dot first or last.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// Its version. It is compared as text.
    pub version: String,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// In which ways it takes part, beside those that follow from what it declares.
    #[serde(default)]
    pub surfaces: Vec<Surface>,
    /// How its code runs. None if it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Runtime>,
    /// Its hooks. No host runs them.
    #[serde(default)]
    pub hooks: Vec<Hook>,
    /// Its tools.
    #[serde(default)]
    pub tools: Vec<Tool>,
    /// Its services.
    #[serde(default)]
    pub services: Vec<Service>,
    /// Its ingresses.
    #[serde(default)]
    pub ingresses: Vec<Ingress>,
    /// What it asks for by name.
    #[serde(default)]
    pub permissions: Vec<Permission>,
    /// Where its requests go.
    #[serde(default)]
    pub request: Vec<RequestTarget>,
    /// Where it connects to.
    #[serde(default)]
    pub websocket: Vec<WebsocketTarget>,
}

/// How a plugin's code runs: `[runtime]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Runtime {
    /// `wasm-component`.
    pub kind: String,
    /// The component's path in the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// The world it stands in: `yoi:plugin/tool@1.0.0` or `yoi:plugin/instance@1.0.0`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub world: Option<String>,
    /// Of a retired kind of runtime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// Of a retired kind of runtime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abi: Option<String>,
}

/// A hook: `[[hooks]]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hook {
    /// Its id.
    pub id: String,
    /// Its path in the package.
    pub file: String,
}

/// A tool: `[[tools]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does, for a model.
    pub description: String,
    /// What it takes, for a model: JSON Schema, a part of it. No input is held against it.
    pub input_schema: Value,
    /// Whether it changes something outside.
    #[serde(default)]
    pub external_write: bool,
}

/// A service: `[[services]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// Free text that no host reads.
    #[serde(default)]
    pub lifecycle: String,
    /// Not read by any host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_schema: Option<Value>,
    /// Not read by any host.
    #[serde(default)]
    pub side_effects: Vec<String>,
}

/// An ingress: `[[ingresses]]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ingress {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The kinds of events it takes; any, if there are none.
    #[serde(default)]
    pub event_kinds: Vec<String>,
    /// Not read by any host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    /// Where its events come from: `websocket:<url>`, or a URL with `ws` or `wss`.
    #[serde(default)]
    pub sources: Vec<String>,
    /// Not read by any host.
    #[serde(default)]
    pub side_effects: Vec<String>,
}

/// Everything that is wrong with a `plugin.toml`, and what the yoi host would say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestFaults {
    faults: Faults,
    /// Where the yoi host's reader stops, if it does.
    stops: Option<Range<usize>>,
}

/// The one diagnostic that the yoi host has for a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct YoiDiagnostic {
    /// Its kind.
    pub kind: FaultKind,
    /// Its phase.
    pub phase: Phase,
    /// Its message, word for word.
    pub message: String,
}

impl Manifest {
    /// Read a `plugin.toml` by itself. Whether the files it names are there is not asked.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, what would only fail later included.
    pub fn parse(text: &str) -> Result<Self, ManifestFaults> {
        Self::read(text, None)
    }

    /// Read a `plugin.toml` together with its package: `files` says whether a path is a file of it.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, what would only fail later included.
    pub fn parse_in_package(text: &str, files: &dyn Fn(&str) -> bool) -> Result<Self, ManifestFaults> {
        Self::read(text, Some(files))
    }

    /// Read the bytes of a `plugin.toml`; None if there is no such file.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, what would only fail later included.
    pub fn parse_bytes(
        bytes: Option<&[u8]>,
        files: Option<&dyn Fn(&str) -> bool>,
    ) -> Result<Self, ManifestFaults> {
        let bytes = bytes.ok_or_else(|| ManifestFaults::single(Problem::Absent))?;
        if bytes.len() > MANIFEST_BYTES {
            return Err(ManifestFaults::single(Problem::ManifestTooLarge));
        }
        let text = str::from_utf8(bytes).map_err(|_| ManifestFaults::single(Problem::NotUtf8))?;
        Self::read(text, files)
    }

    fn read(text: &str, files: Option<Files<'_>>) -> Result<Self, ManifestFaults> {
        if text.len() > MANIFEST_BYTES {
            return Err(ManifestFaults::single(Problem::ManifestTooLarge));
        }
        let refused = |faults: Vec<Fault>, stops: Option<Range<usize>>| ManifestFaults {
            faults: Faults::new(FILE_NAME, text, faults),
            stops,
        };
        let document = shape::parse(text).map_err(|faults| {
            // The reader that stops need not stop at the first slip of the text.
            let stopped = DeTable::parse(text).err().and_then(|error| error.span());
            refused(faults, Some(stopped.unwrap_or(0..0)))
        })?;
        let table = document.get_ref();
        let mut faults = Vec::new();
        shape::check(table, rules::FIELDS, &mut faults);
        rules::check(table, files, &mut faults);
        let declared = match toml::from_str::<Declared>(text) {
            Ok(declared) => declared,
            Err(error) => {
                let span = error.span().unwrap_or(0..0);
                if !faults.iter().any(|fault| fault.problem.is_shape()) {
                    let problem = Problem::Syntax(error.message().to_owned());
                    faults.insert(0, Fault::new(problem, span.clone()));
                }
                return Err(refused(faults, Some(span)));
            }
        };
        if faults.iter().any(Fault::refuses) {
            let shape = faults.iter().find(|fault| fault.problem.is_shape());
            let stops = shape.map(|fault| fault.span.clone());
            return Err(refused(faults, stops));
        }
        Ok(Self {
            declared,
            remarks: faults,
            forms: Forms::of(table, text, Home::File),
        })
    }

    /// What it says.
    #[must_use]
    pub fn declared(&self) -> &Declared {
        &self.declared
    }

    /// What is wrong with it and does not keep it from being read: an install would fail, or a target never
    /// matches.
    #[must_use]
    pub fn remarks(&self) -> &[Fault] {
        &self.remarks
    }

    /// The ways in which the plugin takes part: those it names, and those that follow from what it declares.
    #[must_use]
    pub fn surfaces(&self) -> Vec<Surface> {
        let declared = &self.declared;
        let follows = |surface| match surface {
            Surface::Hook => !declared.hooks.is_empty(),
            Surface::Tool => !declared.tools.is_empty(),
            Surface::Service => !declared.services.is_empty(),
            Surface::Ingress => !declared.ingresses.is_empty(),
            Surface::Wasm => declared.runtime.is_some(),
        };
        let all = Surface::ALL.into_iter();
        all.filter(|surface| declared.surfaces.contains(surface) || follows(*surface))
            .collect()
    }

    pub(super) fn forms(&self) -> Forms {
        self.forms
    }
}

/// What a manifest's file is called.
const FILE_NAME: &str = "plugin.toml";

impl ManifestFaults {
    fn single(problem: Problem) -> Self {
        Self {
            faults: Faults::new(FILE_NAME, "", vec![Fault::new(problem, 0..0)]),
            stops: None,
        }
    }

    /// All of them. At least one refuses the manifest.
    #[must_use]
    pub fn list(&self) -> &[Fault] {
        self.faults.list()
    }

    /// All of them as a terminal shows them, from the top of the file to its end, under the name that the
    /// file has. Ends with a line break.
    #[must_use]
    pub fn render(&self, name: &str) -> String {
        self.faults.render(name)
    }

    /// What the yoi host says: it stops at the first fault, and has one message for all that its reader of
    /// TOML does not take. The byte span there is that reader's, and may differ from one release of it to
    /// the next.
    #[must_use]
    pub fn yoi_first(&self) -> YoiDiagnostic {
        if let Some(span) = &self.stops {
            return YoiDiagnostic {
                kind: FaultKind::Malformed,
                phase: Phase::Manifest,
                message: format!(
                    "{FILE_NAME} could not be parsed near byte span {}..{}",
                    span.start, span.end
                ),
            };
        }
        // The list is in the order of the contract.
        let first = self
            .list()
            .iter()
            .find(|fault| fault.refuses())
            .unwrap_or(&self.list()[0]);
        YoiDiagnostic {
            kind: first.kind,
            phase: first.phase,
            message: first.message.clone(),
        }
    }
}

/// As a terminal shows them, without the final line break.
impl fmt::Display for ManifestFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.faults.fmt(f)
    }
}

impl std::error::Error for ManifestFaults {}

impl fmt::Display for YoiDiagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Whether a text may be the id of a plugin, and so part of a file name.
pub(super) fn is_safe_id(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=PLUGIN_ID_BYTES).contains(&id.len())
        && id.bytes().all(allowed)
        && !id.starts_with('.')
        && !id.ends_with('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::render_faults;

    const SOUND: &str = r#"schema_version = 1
id = "notes"
name = "Notes"
version = "1.0.0"
[runtime]
kind = "wasm-component"
component = "plugin.wasm"
world = "yoi:plugin/tool@1.0.0"
"#;

    #[test]
    fn what_is_declared_adds_to_the_surfaces_that_are_named() {
        let text = SOUND.replace("[runtime]", "surfaces = ['service']\n[runtime]");
        let tool = "[[tools]]\nname = 't'\ndescription = ''\ninput_schema.type = 'object'\n";
        let manifest = Manifest::parse(&format!("{text}{tool}")).unwrap();
        assert_eq!(
            manifest.surfaces(),
            [Surface::Tool, Surface::Service, Surface::Wasm]
        );
        assert_eq!(manifest.remarks(), []);
        assert!(!manifest.declared().tools[0].external_write);
    }

    #[test]
    fn all_faults_are_shown_at_once_where_they_are() {
        let text = r#"schema_version = 2
id = ".notes"
nmae = "Notes"
version = 1.0
permissions = [
    { kind = "host_api", api = "https" },
    { kind = "tools", name = "t" },
    { kind = "external_write", why = "é" },
]

[runtime]
kind = "wasm-component"
component = "/plugin.wasm"

[[tools]]
name = "a b"
description = "text"
input_schema = { type = "object", oneOf = [] }

[[request]]
scheme = "https"
host = "*.example.com"
prot = 443
"#;
        let faults = Manifest::parse(text).unwrap_err();
        insta::assert_snapshot!(faults, @r#"
        refused: `name` is missing
          in plugin.toml
        refused: plugin schema/API version is unsupported
          in plugin.toml:1:18
          1 | schema_version = 2
            |                  ^
          help: write `schema_version = 1`
        refused: plugin manifest id is not a safe local id
          in plugin.toml:2:6
          2 | id = ".notes"
            |      ^^^^^^^^
          help: 1 to 128 of the characters a-z A-Z 0-9 - _ . with no dot first or last
        refused: unknown field `nmae`
          in plugin.toml:3:1
          3 | nmae = "Notes"
            | ^^^^
          help: is `name` meant?
        refused: `version` must be a string, not a float
          in plugin.toml:4:11
          4 | version = 1.0
            |           ^^^
        refused: `permissions[0].api` cannot be `https`: choose request, websocket, fs
          in plugin.toml:6:32
          6 |     { kind = "host_api", api = "https" },
            |                                ^^^^^^^
        refused: `permissions[1].kind` cannot be `tools`: choose surface, tool, tool_namespace, service, ingress, external_write, host_api
          in plugin.toml:7:14
          7 |     { kind = "tools", name = "t" },
            |              ^^^^^^^
          help: is `tool` meant?
        warning: `permissions[2].why` has no meaning here and is ignored
          in plugin.toml:8:32
          8 |     { kind = "external_write", why = "é" },
            |                                ^^^
        refused: plugin component world is unsupported
          in plugin.toml:11:1
          11 | [runtime]
             | ^^^^^^^^^
          help: write `world = "yoi:plugin/tool@1.0.0"` or `world = "yoi:plugin/instance@1.0.0"`
        refused: plugin manifest references a path outside the package root
          in plugin.toml:13:13
          13 | component = "/plugin.wasm"
             |             ^^^^^^^^^^^^^^
          help: a path in the package has `/` between its parts, and neither `.` nor `..` among them
        not installable: tool `a b` has invalid name: name must not contain whitespace or control characters
          in plugin.toml:16:8
          16 | name = "a b"
             |        ^^^^^
        not installable: tool `a b` has invalid input_schema: $: unsupported schema keyword `oneOf`
          in plugin.toml:18:35
          18 | input_schema = { type = "object", oneOf = [] }
             |                                   ^^^^^
        warning: this target never matches: it has no `methods`
          in plugin.toml:20:1
          20 | [[request]]
             | ^^^^^^^^^^^
        warning: this target never matches: `*` stands for a whole host, not for a part of one
          in plugin.toml:22:8
          22 | host = "*.example.com"
             |        ^^^^^^^^^^^^^^^
        refused: unknown field `request[0].prot`
          in plugin.toml:23:1
          23 | prot = 443
             | ^^^^
          help: is `port` meant?
        "#);
        insta::assert_snapshot!(faults.yoi_first(), @"plugin.toml could not be parsed near byte span 33..37");
    }

    #[test]
    fn text_that_is_no_toml_is_shown_with_all_its_slips() {
        let faults = Manifest::parse("id = 'a'\nid = 'b'\nname = \n[runtime\n").unwrap_err();
        insta::assert_snapshot!(faults, @r"
        refused: not valid TOML: duplicate key
          in plugin.toml:2:1
          2 | id = 'b'
            | ^^
        refused: not valid TOML: string values must be quoted, expected literal string
          in plugin.toml:3:8
          3 | name = 
            |        ^
        refused: not valid TOML: unclosed table, expected `]`
          in plugin.toml:4:9
          4 | [runtime
            |         ^
        ");
        insta::assert_snapshot!(faults.yoi_first(), @"plugin.toml could not be parsed near byte span 34..34");
    }

    #[test]
    fn a_manifest_that_is_absent_too_large_or_no_text_has_no_place() {
        let refused = |bytes: Option<&[u8]>| Manifest::parse_bytes(bytes, None).unwrap_err();
        let all = [
            refused(None),
            refused(Some(&[b'#'; MANIFEST_BYTES + 1])),
            refused(Some(b"\xff")),
        ];
        let all = all.map(|faults| format!("{} {}", faults.yoi_first().kind, faults.yoi_first()));
        insta::assert_snapshot!(all.join("\n"), @r"
        missing plugin package is missing root plugin.toml
        bounds plugin.toml exceeds the configured manifest size bound
        malformed plugin.toml is not valid UTF-8
        ");
        insta::assert_snapshot!(refused(None), @r"
        refused: plugin package is missing root plugin.toml
          in plugin.toml
        ");
        let largest = format!("{SOUND}{}", "#".repeat(MANIFEST_BYTES - SOUND.len()));
        assert!(Manifest::parse_bytes(Some(largest.as_bytes()), None).is_ok());
    }

    #[test]
    fn the_yoi_host_stops_where_its_reader_does() {
        let text = SOUND
            .replace("name = \"Notes\"", "name = 1")
            .replace("= 1\n", "= 2\n");
        let faults = Manifest::parse(&text).unwrap_err();
        assert_eq!(faults.list().len(), 2);
        insta::assert_snapshot!(faults.yoi_first(), @"plugin.toml could not be parsed near byte span 39..40");
    }

    #[test]
    fn what_only_an_install_stumbles_over_is_a_remark() {
        let tool = |name: &str| {
            format!("[[tools]]\nname = '{name}'\ndescription = ''\ninput_schema.type = 'string'\n")
        };
        let text = format!("{SOUND}{}{}", tool("t"), tool("t"));
        let manifest = Manifest::parse(&text).unwrap();
        insta::assert_snapshot!(render_faults("plugin.toml", &text, manifest.remarks()), @r"
        not installable: tool `t` has invalid input_schema: root schema type must be `object`
          in plugin.toml:12:21
          12 | input_schema.type = 'string'
             |                     ^^^^^^^^
        not installable: tool `t` has duplicate name within plugin manifest
          in plugin.toml:14:8
          14 | name = 't'
             |        ^^^
        not installable: tool `t` has invalid input_schema: root schema type must be `object`
          in plugin.toml:16:21
          16 | input_schema.type = 'string'
             |                     ^^^^^^^^
        ");
    }

    #[test]
    fn a_path_that_is_too_deep_is_no_toml() {
        let deep = format!("{SOUND}[{}]\n", vec!["a"; 20_000].join("."));
        insta::assert_snapshot!(Manifest::parse(&deep).unwrap_err().list()[0], @"not valid TOML: recursion limit");
    }
}
