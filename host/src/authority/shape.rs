//! The form of a TOML document, as data, and a reader that finds every deviation from it.
//!
//! serde stops at the first. So the form is written down here a second time, beside the types; a test holds
//! the two against each other, and where they disagree the types win: a file that serde does not take is
//! refused.

use std::ops::Range;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::fault::{Fault, Problem};
use crate::nearest::nearest;

/// What a value has to be.
pub(super) enum Shape {
    Text,
    Bool,
    /// An integer from 0 to this.
    Whole(u64),
    /// Anything that JSON has.
    Json,
    /// Anything, and it is not looked at.
    Unread,
    OneOf(&'static [&'static str]),
    List(&'static Shape),
    Table(&'static [Field]),
    Permission,
}

/// A field of a table.
pub(super) struct Field {
    name: &'static str,
    required: bool,
    shape: Shape,
}

pub(super) const fn required(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        required: true,
        shape,
    }
}

pub(super) const fn optional(name: &'static str, shape: Shape) -> Field {
    Field {
        name,
        required: false,
        shape,
    }
}

/// A value with its place.
pub(super) type Node<'i> = Spanned<DeValue<'i>>;

/// The document, or all that is wrong with its TOML.
pub(super) fn parse(text: &str) -> Result<Spanned<DeTable<'_>>, Vec<Fault>> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(document);
    }
    let mut faults: Vec<Fault> = errors
        .iter()
        .map(|error| {
            let span = error.span().unwrap_or(0..0);
            Fault::new(Problem::Syntax(error.message().to_owned()), span)
        })
        .collect();
    // One slip can be noticed twice in the same place.
    faults.dedup_by(|next, first| next.span == first.span);
    Err(faults)
}

/// Every deviation of a table from its fields, in the order of the text within each table.
pub(super) fn check(table: &DeTable<'_>, fields: &[Field], faults: &mut Vec<Fault>) {
    let mut checker = Checker { faults };
    checker.table(table, 0..0, fields, "");
}

/// The same for a value that should be a table with these fields, at this path of the document.
pub(super) fn check_at(node: &Node<'_>, fields: &'static [Field], path: &str, faults: &mut Vec<Fault>) {
    let mut checker = Checker { faults };
    checker.value(node, &Shape::Table(fields), path);
}

struct Checker<'a> {
    faults: &'a mut Vec<Fault>,
}

impl Checker<'_> {
    fn table(&mut self, table: &DeTable<'_>, span: Range<usize>, fields: &[Field], path: &str) {
        for (key, value) in table {
            let here = join(path, key.get_ref());
            match fields.iter().find(|field| field.name == key.get_ref()) {
                Some(field) => self.value(value, &field.shape, &here),
                None => self.unknown(key, here, fields.iter().map(|field| field.name)),
            }
        }
        for field in fields.iter().filter(|field| field.required) {
            if !table.contains_key(field.name) {
                let path = join(path, field.name);
                self.faults
                    .push(Fault::new(Problem::MissingField { path }, span.clone()));
            }
        }
    }

    fn value(&mut self, node: &Node<'_>, shape: &Shape, path: &str) {
        match (shape, node.get_ref()) {
            (Shape::Unread, _) | (Shape::Text, DeValue::String(_)) | (Shape::Bool, DeValue::Boolean(_)) => {}
            (Shape::Whole(most), DeValue::Integer(number)) => {
                let number = u64::from_str_radix(number.as_str(), number.radix());
                if !number.is_ok_and(|number| number <= *most) {
                    self.wrong(node, shape, path);
                }
            }
            (Shape::Json, _) => {
                if json(node).is_none() {
                    self.wrong(node, shape, path);
                }
            }
            (Shape::OneOf(choices), DeValue::String(found)) => self.choice(node, found, choices, path),
            (Shape::List(shape), DeValue::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(item, shape, &format!("{path}[{index}]"));
                }
            }
            (Shape::Table(fields), DeValue::Table(table)) => self.table(table, node.span(), fields, path),
            (Shape::Permission, DeValue::Table(table)) => self.permission(table, node.span(), path),
            _ => self.wrong(node, shape, path),
        }
    }

    fn permission(&mut self, table: &DeTable<'_>, span: Range<usize>, path: &str) {
        let here = join(path, "kind");
        let Some(kind) = table.get("kind") else {
            self.faults
                .push(Fault::new(Problem::MissingField { path: here }, span));
            return;
        };
        let DeValue::String(name) = kind.get_ref() else {
            self.wrong(kind, &Shape::Text, &here);
            return;
        };
        match PERMISSIONS.iter().find(|(known, _)| known == name) {
            None => self.choice(kind, name, PERMISSION_KINDS, &here),
            Some(("external_write", _)) => {
                let extra = table.keys().filter(|key| key.get_ref() != "kind");
                for key in extra {
                    let path = join(path, key.get_ref());
                    self.faults
                        .push(Fault::new(Problem::Ignored { path }, key.span()));
                }
            }
            Some((_, fields)) => self.table(table, span, fields, path),
        }
    }

    fn choice(&mut self, node: &Node<'_>, found: &str, choices: &'static [&'static str], path: &str) {
        if !choices.contains(&found) {
            let problem = Problem::UnknownValue {
                path: path.to_owned(),
                found: shown(found),
                choices,
                nearest: nearest(found, choices.iter().copied()),
            };
            self.faults.push(Fault::new(problem, node.span()));
        }
    }

    fn unknown(
        &mut self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        path: String,
        known: impl Iterator<Item = &'static str>,
    ) {
        let nearest = nearest(key.get_ref(), known);
        self.faults
            .push(Fault::new(Problem::UnknownField { path, nearest }, key.span()));
    }

    fn wrong(&mut self, node: &Node<'_>, shape: &Shape, path: &str) {
        let problem = Problem::WrongType {
            path: path.to_owned(),
            wanted: shape.wanted(),
            found: found(node.get_ref()),
        };
        self.faults.push(Fault::new(problem, node.span()));
    }
}

impl Shape {
    fn wanted(&self) -> String {
        match self {
            Shape::Text => "a string".to_owned(),
            Shape::Bool => "a boolean".to_owned(),
            Shape::Whole(most) => format!("an integer from 0 to {most}"),
            Shape::Json | Shape::Unread => "a value that JSON has".to_owned(),
            Shape::OneOf(choices) => format!("one of {}", choices.join(", ")),
            Shape::List(_) => "an array".to_owned(),
            Shape::Table(_) | Shape::Permission => "a table".to_owned(),
        }
    }
}

const PERMISSION_KINDS: &[&str] = &[
    "surface",
    "tool",
    "tool_namespace",
    "service",
    "ingress",
    "external_write",
    "host_api",
];

pub(super) const SURFACES: Shape = Shape::OneOf(&["hook", "tool", "service", "ingress", "wasm"]);

const KIND: Field = required("kind", Shape::Text);

/// The fields of each kind of permission.
const PERMISSIONS: &[(&str, &[Field])] = &[
    ("surface", &[KIND, required("surface", SURFACES)]),
    ("tool", &[KIND, required("name", Shape::Text)]),
    ("tool_namespace", &[KIND, required("namespace", Shape::Text)]),
    ("service", &[KIND, required("name", Shape::Text)]),
    ("ingress", &[KIND, required("name", Shape::Text)]),
    ("external_write", &[KIND]),
    (
        "host_api",
        &[
            KIND,
            required("api", Shape::OneOf(&["request", "websocket", "fs"])),
        ],
    ),
];

pub(super) const PERMISSION_LIST: Shape = Shape::List(&Shape::Permission);

pub(super) const TEXTS: Shape = Shape::List(&Shape::Text);

const PORT: Shape = Shape::Whole(u16::MAX as u64);

pub(super) const REQUEST_TARGETS: Shape = Shape::List(&Shape::Table(&[
    optional("scheme", Shape::Text),
    optional("host", Shape::Text),
    optional("port", PORT),
    optional("methods", TEXTS),
    optional("path_prefixes", TEXTS),
]));

pub(super) const WEBSOCKET_TARGETS: Shape = Shape::List(&Shape::Table(&[
    optional("scheme", Shape::Text),
    optional("host", Shape::Text),
    optional("port", PORT),
    optional("path_prefixes", TEXTS),
]));

/// The value as JSON. None if a number in it is larger than JSON's here.
pub(super) fn json(node: &Node<'_>) -> Option<Value> {
    Value::deserialize(ValueDeserializer::from(node.clone())).ok()
}

/// The table or value at a path of keys.
pub(super) fn at<'a, 'i>(table: &'a DeTable<'i>, path: &[&str]) -> Option<&'a Node<'i>> {
    let (first, rest) = path.split_first()?;
    let node = table.get(*first)?;
    match (rest, node.get_ref()) {
        ([], _) => Some(node),
        (rest, DeValue::Table(table)) => at(table, rest),
        _ => None,
    }
}

/// The text at a path of keys, with its place.
pub(super) fn text_at<'a>(table: &'a DeTable<'_>, path: &[&str]) -> Option<(&'a str, Range<usize>)> {
    let node = at(table, path)?;
    Some((node.get_ref().as_str()?, node.span()))
}

/// The tables of a list at a path of keys, with their places. Empty if there is no such list.
pub(super) fn tables_at<'a, 'i>(
    table: &'a DeTable<'i>,
    path: &[&str],
) -> impl Iterator<Item = (&'a DeTable<'i>, Range<usize>)> {
    let list = at(table, path).and_then(|node| node.get_ref().as_array());
    list.into_iter()
        .flat_map(|list| list.iter())
        .filter_map(|item| Some((item.get_ref().as_table()?, item.span())))
}

/// The texts of a list at a path of keys, with their places. Empty if there is no such list.
pub(super) fn texts_at<'a>(
    table: &'a DeTable<'_>,
    path: &[&str],
) -> impl Iterator<Item = (&'a str, Range<usize>)> {
    let list = at(table, path).and_then(|node| node.get_ref().as_array());
    list.into_iter()
        .flat_map(|list| list.iter())
        .filter_map(|item| Some((item.get_ref().as_str()?, item.span())))
}

fn join(path: &str, key: &str) -> String {
    let key = shown(key);
    if path.is_empty() {
        key
    } else {
        format!("{path}.{key}")
    }
}

/// A text of the file, fit for a message.
pub(super) fn shown(text: &str) -> String {
    crate::text::bounded(text, SHOWN_BYTES).into_owned()
}

/// Most bytes of a key or value that a message repeats.
const SHOWN_BYTES: usize = 80;

fn found(value: &DeValue<'_>) -> String {
    let name = match value {
        DeValue::Integer(number) => return shown(&number.to_string()),
        DeValue::String(_) => "a string",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::{Declared, Enablement, Grants, grants, rules};
    use proptest::prelude::*;
    use serde::de::DeserializeOwned;

    const MANIFEST: &str = r#"schema_version = 1
id = "notes"
name = "Notes"
version = "1.0.0"
description = "Takes notes"
surfaces = ["tool", "wasm"]
permissions = [
  { kind = "surface", surface = "tool" },
  { kind = "tool", name = "note" },
  { kind = "tool_namespace", namespace = "note_" },
  { kind = "service", name = "sync" },
  { kind = "ingress", name = "feed" },
  { kind = "external_write" },
  { kind = "host_api", api = "request" },
]
[runtime]
kind = "wasm-component"
component = "plugin.wasm"
world = "yoi:plugin/instance@1.0.0"
[[hooks]]
id = "hook"
file = "hook.toml"
[[tools]]
name = "note"
description = "Takes a note"
external_write = true
[tools.input_schema]
type = "object"
properties.text.type = "string"
[[services]]
name = "sync"
description = "Syncs"
lifecycle = "host-managed"
status_schema = { type = "object" }
side_effects = ["network"]
[[ingresses]]
name = "feed"
description = "Feeds"
event_kinds = ["text"]
input_schema = true
sources = ["wss://a.b/"]
side_effects = []
[[request]]
scheme = "https"
host = "a.b"
port = 443
methods = ["GET"]
path_prefixes = ["/v1"]
[[websocket]]
scheme = "wss"
host = "a.b"
port = 443
path_prefixes = ["/live"]
"#;

    const GRANTS: &str = r#"id = "user:notes"
version = "1.0.0"
digest = "sha256:00"
permissions = [
  { kind = "surface", surface = "tool" },
  { kind = "external_write" },
]
[[request]]
scheme = "https"
host = "a.b"
port = 443
methods = ["GET"]
path_prefixes = ["/v1"]
[[websocket]]
scheme = "wss"
[[fs]]
root = "/a"
operations = ["read", "list", "write"]
"#;

    const ENABLED: &str = r#"id = "user:notes"
version = "1.0.0"
digest = "sha256:00"
surfaces = ["tool"]
config = { when = 2026-01-01, list = [1, nan] }
[grants]
id = "user:notes"
permissions = [{ kind = "host_api", api = "fs" }]
[[grants.fs]]
root = "/a"
operations = ["read"]
"#;

    /// What can be done to one line.
    #[derive(Debug, Clone)]
    enum Slip {
        Drop,
        Double,
        Rename,
        Value(&'static str),
    }

    fn slip() -> impl Strategy<Value = Slip> {
        let values = &[
            "1",
            "-1",
            "70000",
            "0x1_0000_0000",
            "1e3",
            "true",
            "2026-01-01",
            "\"x\"",
            "\"read\"",
            "[]",
            "[1]",
            "[\"tool\"]",
            "[{ kind = \"external_write\", more = 1 }]",
            "[{ kind = \"tool\" }, { kind = \"tool\", name = \"x\", more = 1 }, { kind = 1 }, {}]",
            "[{ kind = \"host_api\", api = \"https\" }, { kind = \"what\" }]",
            "{ x = 1 }",
            "{}",
        ];
        prop_oneof![
            Just(Slip::Drop),
            Just(Slip::Double),
            Just(Slip::Rename),
            proptest::sample::select(&values[..]).prop_map(Slip::Value),
        ]
    }

    fn slipped(text: &str, slips: &[(proptest::sample::Index, Slip)]) -> String {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        for (at, slip) in slips {
            let line = at.get_mut(&mut lines);
            match slip {
                Slip::Drop => line.clear(),
                Slip::Double => *line = format!("{line}\n{line}"),
                Slip::Rename => *line = line.replacen(" =", "s =", 1),
                Slip::Value(value) => {
                    if let Some((key, _)) = line.split_once(" = ")
                        && !key.contains('{')
                    {
                        *line = format!("{key} = {value}");
                    }
                }
            }
        }
        lines.join("\n")
    }

    /// The faults of form of a text that is TOML.
    fn faults(text: &str, fields: &[Field]) -> Option<Vec<Fault>> {
        let document = parse(text).ok()?;
        let mut faults = Vec::new();
        check(document.get_ref(), fields, &mut faults);
        faults.retain(Fault::refuses);
        Some(faults)
    }

    /// That serde takes just what has no fault.
    fn agrees<T: DeserializeOwned>(text: &str, fields: &[Field]) -> Result<(), TestCaseError> {
        let Some(faults) = faults(text, fields) else {
            return Ok(());
        };
        let read = toml::from_str::<T>(text).map(drop);
        prop_assert_eq!(
            faults.is_empty(),
            read.is_ok(),
            "{:?}\n{:?}\n{}",
            faults,
            read,
            text
        );
        for fault in &faults {
            prop_assert!(text.get(fault.span.clone()).is_some());
        }
        Ok(())
    }

    fn slips() -> impl Strategy<Value = Vec<(proptest::sample::Index, Slip)>> {
        proptest::collection::vec((any::<proptest::sample::Index>(), slip()), 0..4)
    }

    fn enablement_fields() -> &'static [Field] {
        match crate::authority::enablement::ENABLEMENT {
            Shape::Table(fields) => fields,
            _ => &[],
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2048))]

        #[test]
        fn a_manifest_without_faults_of_form_is_one_that_serde_takes(slips in slips()) {
            agrees::<Declared>(&slipped(MANIFEST, &slips), rules::FIELDS)?;
        }

        #[test]
        fn grants_without_faults_of_form_are_such_that_serde_takes(slips in slips()) {
            agrees::<Grants>(&slipped(GRANTS, &slips), grants::FIELDS)?;
        }

        #[test]
        fn an_enablement_without_faults_of_form_is_one_that_serde_takes(slips in slips()) {
            agrees::<Enablement>(&slipped(ENABLED, &slips), enablement_fields())?;
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "[\\[\\]{}=.\"'#\n a-z0-9é-]{0,60}") {
            let _ = crate::authority::Manifest::parse(&text);
            let _ = Grants::parse(&text);
            let _ = crate::authority::Enablements::parse(&text);
        }
    }

    #[test]
    fn the_samples_have_no_faults() {
        for (text, fields) in [
            (MANIFEST, rules::FIELDS),
            (GRANTS, grants::FIELDS),
            (ENABLED, enablement_fields()),
        ] {
            assert_eq!(faults(text, fields), Some(Vec::new()));
        }
    }
}
