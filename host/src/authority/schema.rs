//! The part of JSON Schema in which a tool says what it takes, and the rule for a tool's name.
//!
//! A host holds no input against a schema: models read it. But a host does not install a tool whose schema
//! has more than this.

use std::ops::Range;

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::fault::NameFault;
use super::shape::{Node, json, shown};
use crate::limits::TOOL_NAME_BYTES;

const KEYWORDS: [&str; 8] = [
    "type",
    "title",
    "description",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
];

const TYPES: [&str; 7] = [
    "object", "array", "string", "number", "integer", "boolean", "null",
];

/// How a name breaks the rules for a tool's name, which is also that for a service's at its install.
pub(super) fn name_fault(name: &str) -> Option<NameFault> {
    if name.is_empty() {
        Some(NameFault::Empty)
    } else if name.len() > TOOL_NAME_BYTES {
        Some(NameFault::TooLong)
    } else if name.contains(|c: char| c.is_whitespace() || c.is_control()) {
        Some(NameFault::Characters)
    } else {
        None
    }
}

/// Everything in a schema that the subset does not have, each with the place it has in the file.
pub(super) fn faults(schema: &Node<'_>) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    node(schema, "$", &mut found);
    found
}

type Found = Vec<(String, Range<usize>)>;

fn node(schema: &Node<'_>, path: &str, found: &mut Found) {
    let DeValue::Table(table) = schema.get_ref() else {
        found.push((
            format!("{path}: schema node must be a JSON object"),
            schema.span(),
        ));
        return;
    };
    for key in table.keys() {
        if !KEYWORDS.contains(&key.get_ref().as_ref()) {
            let keyword = shown(key.get_ref());
            found.push((
                format!("{path}: unsupported schema keyword `{keyword}`"),
                key.span(),
            ));
        }
    }
    let kind = kind(schema, table, path, found);
    for keyword in ["title", "description"] {
        if let Some(value) = table.get(keyword)
            && !value.get_ref().is_str()
        {
            found.push((format!("{path}: {keyword} must be a string"), value.span()));
        }
    }
    let wants_object = kind.is_some_and(|kind| kind != "object");
    let wants_array = kind.is_some_and(|kind| kind != "array");
    for (keyword, wrong, of) in [
        ("properties", wants_object, "object"),
        ("required", wants_object, "object"),
        ("additionalProperties", wants_object, "object"),
        ("items", wants_array, "array"),
    ] {
        let Some(value) = table.get(keyword) else { continue };
        if wrong {
            let message = format!("{path}: {keyword} is only supported for {of} schemas");
            found.push((message, value.span()));
            continue;
        }
        match keyword {
            "properties" => properties(value, path, found),
            "required" => required(value, table, path, found),
            "additionalProperties" => additional(value, path, found),
            _ => node(value, &format!("{path}.items"), found),
        }
    }
    if let Some(value) = table.get("enum") {
        choices(value, path, found);
    }
}

/// The type, if it is one that there is.
fn kind<'a>(schema: &Node<'_>, table: &'a DeTable<'_>, path: &str, found: &mut Found) -> Option<&'a str> {
    let root = path == "$";
    let Some(value) = table.get("type") else {
        let message = if root {
            "root schema must declare type = `object`".to_owned()
        } else {
            format!("{path}: schema node must declare type")
        };
        found.push((message, schema.span()));
        return None;
    };
    let Some(kind) = value.get_ref().as_str() else {
        found.push((format!("{path}: type must be a string"), value.span()));
        return None;
    };
    if !TYPES.contains(&kind) {
        let kind = shown(kind);
        found.push((format!("{path}: unsupported schema type `{kind}`"), value.span()));
        return None;
    }
    if root && kind != "object" {
        found.push(("root schema type must be `object`".to_owned(), value.span()));
    }
    Some(kind)
}

fn properties(value: &Node<'_>, path: &str, found: &mut Found) {
    let Some(table) = value.get_ref().as_table() else {
        found.push((format!("{path}: properties must be a JSON object"), value.span()));
        return;
    };
    for (name, schema) in table {
        node(
            schema,
            &format!("{path}.properties.{}", shown(name.get_ref())),
            found,
        );
    }
}

fn required(value: &Node<'_>, schema: &DeTable<'_>, path: &str, found: &mut Found) {
    let Some(entries) = value.get_ref().as_array() else {
        found.push((format!("{path}: required must be an array"), value.span()));
        return;
    };
    let properties = schema
        .get("properties")
        .and_then(|value| value.get_ref().as_table());
    let mut seen: Vec<&str> = Vec::new();
    for entry in entries {
        let Some(name) = entry.get_ref().as_str() else {
            found.push((format!("{path}: required entries must be strings"), entry.span()));
            continue;
        };
        if seen.contains(&name) {
            found.push((format!("{path}: required entries must be unique"), entry.span()));
            continue;
        }
        seen.push(name);
        if properties.is_some_and(|properties| !properties.contains_key(name)) {
            let name = shown(name);
            let message = format!("{path}: required entry `{name}` is not declared in properties");
            found.push((message, entry.span()));
        }
    }
}

fn additional(value: &Node<'_>, path: &str, found: &mut Found) {
    match value.get_ref() {
        DeValue::Boolean(_) => {}
        DeValue::Table(_) => node(value, &format!("{path}.additionalProperties"), found),
        _ => {
            let message = format!("{path}: additionalProperties must be boolean or schema object");
            found.push((message, value.span()));
        }
    }
}

fn choices(value: &Node<'_>, path: &str, found: &mut Found) {
    let Some(entries) = value.get_ref().as_array() else {
        found.push((format!("{path}: enum must be an array"), value.span()));
        return;
    };
    if entries.is_empty() {
        found.push((format!("{path}: enum must not be empty"), value.span()));
    }
    let mut seen: std::collections::HashSet<String> = std::collections::HashSet::new();
    for entry in entries {
        // Equal values have equal texts: a table's keys are sorted.
        if !seen.insert(json(entry).unwrap_or(Value::Null).to_string()) {
            found.push((format!("{path}: enum entries must be unique"), entry.span()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The faults of `schema = ..` and the text at each.
    fn judged(schema: &str) -> String {
        let text = format!("schema = {schema}\n");
        let document = DeTable::parse(&text).unwrap();
        let faults = faults(document.get_ref().get("schema").unwrap());
        let lines: Vec<String> = faults
            .iter()
            .map(|(message, span)| format!("{message}  <- {}", &text[span.clone()]))
            .collect();
        lines.join("\n")
    }

    #[test]
    fn a_schema_of_the_subset_has_no_faults() {
        let schema = "{ type = 'object', title = 't', description = 'd', required = ['a'], \
            additionalProperties = { type = 'null' }, properties = { a = { type = 'array', items = \
            { type = 'string', enum = ['x', 'y'] } }, b = { type = 'object', additionalProperties = false } } }";
        assert_eq!(judged(schema), "");
    }

    #[test]
    fn a_root_is_an_object() {
        insta::assert_snapshot!(judged("true"), @"$: schema node must be a JSON object  <- true");
        insta::assert_snapshot!(judged("{}"), @"root schema must declare type = `object`  <- {}");
        insta::assert_snapshot!(judged("{ type = 'string' }"), @"root schema type must be `object`  <- 'string'");
        insta::assert_snapshot!(judged("{ type = ['object'] }"), @"$: type must be a string  <- ['object']");
        insta::assert_snapshot!(judged("{ type = 'file' }"), @"$: unsupported schema type `file`  <- 'file'");
    }

    #[test]
    fn each_node_has_a_type_and_known_keywords() {
        insta::assert_snapshot!(
            judged("{ type = 'object', '$ref' = 'x', properties = { a = {}, b = 1, c = { type = 'string', minLength = 1 } } }"),
            @r"
        $: unsupported schema keyword `$ref`  <- '$ref'
        $.properties.a: schema node must declare type  <- {}
        $.properties.b: schema node must be a JSON object  <- 1
        $.properties.c: unsupported schema keyword `minLength`  <- minLength
        "
        );
    }

    #[test]
    fn keywords_belong_to_their_type() {
        insta::assert_snapshot!(
            judged("{ type = 'object', items = {}, properties = { a = { type = 'array', properties = {}, required = [], \
                additionalProperties = true, items = { type = 'any' } } } }"),
            @r"
        $.properties.a: properties is only supported for object schemas  <- {}
        $.properties.a: required is only supported for object schemas  <- []
        $.properties.a: additionalProperties is only supported for object schemas  <- true
        $.properties.a.items: unsupported schema type `any`  <- 'any'
        $: items is only supported for array schemas  <- {}
        "
        );
    }

    #[test]
    fn keywords_have_their_types() {
        insta::assert_snapshot!(
            judged("{ type = 'object', title = 1, description = [], properties = [], required = 'a', \
                additionalProperties = 1, enum = 1 }"),
            @r"
        $: title must be a string  <- 1
        $: description must be a string  <- []
        $: properties must be a JSON object  <- []
        $: required must be an array  <- 'a'
        $: additionalProperties must be boolean or schema object  <- 1
        $: enum must be an array  <- 1
        "
        );
    }

    #[test]
    fn what_is_required_is_declared_once() {
        insta::assert_snapshot!(
            judged("{ type = 'object', properties = { a = { type = 'null' } }, required = ['a', 'a', 'b', 1] }"),
            @r"
        $: required entries must be unique  <- 'a'
        $: required entry `b` is not declared in properties  <- 'b'
        $: required entries must be strings  <- 1
        "
        );
        assert_eq!(judged("{ type = 'object', required = ['anything'] }"), "");
    }

    #[test]
    fn choices_are_some_and_different() {
        insta::assert_snapshot!(judged("{ type = 'object', enum = [] }"), @"$: enum must not be empty  <- []");
        insta::assert_snapshot!(judged("{ type = 'object', enum = [1, '1', 1.0, {a=1,b=2}, {b=2,a=1}] }"), @"$: enum entries must be unique  <- {b=2,a=1}");
    }

    #[test]
    fn a_schema_within_additional_properties_is_judged() {
        insta::assert_snapshot!(judged("{ type = 'object', additionalProperties = { type = 'array', items = {} } }"), @"$.additionalProperties.items: schema node must declare type  <- {}");
    }

    #[test]
    fn a_name_has_1_to_128_bytes_and_no_whitespace() {
        assert_eq!(name_fault("git.log-1/é"), None);
        assert_eq!(name_fault(&"n".repeat(128)), None);
        let faults = ["", &"n".repeat(129), "a b", "a\u{a0}b", "a\u{7}"]
            .map(|name| name_fault(name).unwrap().to_string());
        insta::assert_snapshot!(faults.join("\n"), @r"
        name must not be empty
        name is longer than 128 bytes
        name must not contain whitespace or control characters
        name must not contain whitespace or control characters
        name must not contain whitespace or control characters
        ");
    }
}
