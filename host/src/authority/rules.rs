//! The rules for a manifest's values, each with the message of the contract, and what an install would
//! stumble over.

use std::ops::Range;

use toml::de::DeTable;

use super::fault::{Fault, Problem};
use super::hints;
use super::manifest::is_safe_id;
use super::schema;
use super::shape::{
    Field, PERMISSION_LIST, REQUEST_TARGETS, SURFACES, Shape, TEXTS, WEBSOCKET_TARGETS, at, optional,
    required, shown, tables_at, text_at,
};
use crate::component::World;

const TEXT: Shape = Shape::Text;

/// The fields of a manifest.
pub(super) const FIELDS: &[Field] = &[
    required("schema_version", Shape::Whole(u32::MAX as u64)),
    required("id", TEXT),
    required("name", TEXT),
    required("version", TEXT),
    optional("description", TEXT),
    optional("surfaces", Shape::List(&SURFACES)),
    optional(
        "runtime",
        Shape::Table(&[
            required("kind", TEXT),
            optional("component", TEXT),
            optional("world", TEXT),
            optional("entry", TEXT),
            optional("abi", TEXT),
        ]),
    ),
    optional(
        "hooks",
        Shape::List(&Shape::Table(&[required("id", TEXT), required("file", TEXT)])),
    ),
    optional(
        "tools",
        Shape::List(&Shape::Table(&[
            required("name", TEXT),
            required("description", TEXT),
            required("input_schema", Shape::Json),
            optional("external_write", Shape::Bool),
        ])),
    ),
    optional(
        "services",
        Shape::List(&Shape::Table(&[
            required("name", TEXT),
            required("description", TEXT),
            optional("lifecycle", TEXT),
            optional("status_schema", Shape::Json),
            optional("side_effects", TEXTS),
        ])),
    ),
    optional(
        "ingresses",
        Shape::List(&Shape::Table(&[
            required("name", TEXT),
            required("description", TEXT),
            optional("event_kinds", TEXTS),
            optional("input_schema", Shape::Json),
            optional("sources", TEXTS),
            optional("side_effects", TEXTS),
        ])),
    ),
    optional("permissions", PERMISSION_LIST),
    optional("request", REQUEST_TARGETS),
    optional("websocket", WEBSOCKET_TARGETS),
];

/// The files of a package: whether this path is one of them.
pub(super) type Files<'a> = &'a dyn Fn(&str) -> bool;

/// Every rule that a manifest breaks, in the order of the contract; then what an install would stumble over.
/// A value whose type is wrong has been reported already and breaks no rule.
pub(super) fn check(manifest: &DeTable<'_>, files: Option<Files<'_>>, faults: &mut Vec<Fault>) {
    let mut push = |problem, span| faults.push(Fault::new(problem, span));
    if let Some(node) = at(manifest, &["schema_version"])
        && let Some(number) = node.get_ref().as_integer()
        && u32::from_str_radix(number.as_str(), number.radix()).is_ok_and(|number| number != 1)
    {
        push(Problem::SchemaVersion, node.span());
    }
    if let Some((id, span)) = text_at(manifest, &["id"])
        && !is_safe_id(id)
    {
        push(Problem::UnsafeId, span);
    }
    for field in ["name", "version"] {
        if let Some((text, span)) = text_at(manifest, &[field])
            && text.trim().is_empty()
        {
            push(Problem::Blank, span);
        }
    }
    runtime(manifest, files, &mut push);
    for (list, problem) in [
        ("services", Problem::ServiceName),
        ("ingresses", Problem::IngressName),
    ] {
        for (entry, _) in tables_at(manifest, &[list]) {
            if let Some((name, span)) = text_at(entry, &["name"])
                && !is_safe_id(name)
            {
                push(problem.clone(), span);
            }
        }
    }
    for (hook, _) in tables_at(manifest, &["hooks"]) {
        if let Some((id, span)) = text_at(hook, &["id"])
            && !is_safe_id(id)
        {
            push(Problem::HookId, span);
        }
        if let Some((file, span)) = text_at(hook, &["file"])
            && let Some(problem) = path_problem(file, files)
        {
            push(problem, span);
        }
    }
    install(manifest, &mut push);
    hints::targets(manifest, &mut push);
}

/// The rules for the runtime, and for what needs a certain one.
fn runtime(manifest: &DeTable<'_>, files: Option<Files<'_>>, push: &mut impl FnMut(Problem, Range<usize>)) {
    let kind = text_at(manifest, &["runtime", "kind"]);
    let world = text_at(manifest, &["runtime", "world"]);
    let table = at(manifest, &["runtime"])
        .map(|node| node.span())
        .unwrap_or_default();
    // A field of another type has been reported, and is not missing.
    let absent = |field| at(manifest, &["runtime", field]).is_none();
    match &kind {
        Some(("wasm", span)) => {
            let abi = text_at(manifest, &["runtime", "abi"]);
            let abi = abi.map_or_else(|| "yoi-plugin-wasm-1".to_owned(), |(abi, _)| shown(abi));
            push(Problem::RetiredRuntime { abi }, span.clone());
        }
        Some(("wasm-component", _)) => {
            for field in ["entry", "abi"] {
                if let Some((_, span)) = text_at(manifest, &["runtime", field]) {
                    push(Problem::RawAbi, span);
                }
            }
            match &world {
                Some((world, span)) if world_of(world).is_none() => push(Problem::World, span.clone()),
                None if absent("world") => push(Problem::World, table.clone()),
                _ => {}
            }
            match text_at(manifest, &["runtime", "component"]) {
                Some((path, span)) => {
                    if let Some(problem) = path_problem(path, files) {
                        push(problem, span);
                    }
                }
                None if absent("component") => push(Problem::NoComponent, table),
                None => {}
            }
        }
        Some((_, span)) => push(Problem::RuntimeKind, span.clone()),
        None => {}
    }
    let is_component = kind.is_some_and(|(kind, _)| kind == "wasm-component");
    let is_instance = world.is_some_and(|(world, _)| world_of(world) == Some(World::Instance));
    if is_component && is_instance {
        return;
    }
    let first = ["services", "ingresses"]
        .into_iter()
        .find_map(|list| tables_at(manifest, &[list]).next());
    if let Some((_, span)) = first {
        push(Problem::NeedsInstanceWorld, span);
    }
}

/// The world of this name.
fn world_of(name: &str) -> Option<World> {
    World::ALL.into_iter().find(|world| world.to_string() == name)
}

/// What speaks against a path of the manifest.
fn path_problem(path: &str, files: Option<Files<'_>>) -> Option<Problem> {
    if !is_package_path(path) {
        return Some(Problem::OutsidePackage);
    }
    files
        .is_some_and(|files| !files(path))
        .then_some(Problem::NotInPackage)
}

/// Whether a path stays in its package, as the path rule of packages has it.
pub(crate) fn is_package_path(path: &str) -> bool {
    let mut bytes = path.bytes();
    let has_drive = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic()) && bytes.next() == Some(b':');
    !path.starts_with('~')
        && !has_drive
        && !path.contains(['\0', '\\'])
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// What an install would stumble over: names and schemas of tools, names of services and ingresses.
fn install(manifest: &DeTable<'_>, push: &mut impl FnMut(Problem, Range<usize>)) {
    let mut seen: Vec<&str> = Vec::new();
    for (index, (tool, _)) in tables_at(manifest, &["tools"]).enumerate() {
        let name = text_at(tool, &["name"]);
        if let Some((name, span)) = &name {
            if let Some(fault) = schema::name_fault(name) {
                let place = format!("tool `{}`", shown(name));
                push(Problem::Name { place, fault }, span.clone());
            }
            if seen.contains(name) {
                push(Problem::DuplicateTool { tool: shown(name) }, span.clone());
            }
            seen.push(name);
        }
        let tool_name = name.map_or_else(|| format!("tools[{index}]"), |(name, _)| shown(name));
        if let Some(node) = at(tool, &["input_schema"]) {
            for (fault, span) in schema::faults(node) {
                let tool = tool_name.clone();
                push(Problem::InputSchema { index, tool, fault }, span);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::Manifest;

    /// A manifest with one line in another wording, and everything that is then said of it.
    fn judged(line: &str, other: &str) -> String {
        let text = SOUND.replace(line, other);
        assert_ne!(text, SOUND, "{line}");
        let Err(faults) = Manifest::parse_in_package(&text, &|path| path == "plugin.wasm") else {
            return "accepted".to_owned();
        };
        assert_eq!(faults.yoi_first().message, faults.list()[0].message);
        let lines: Vec<String> = faults
            .list()
            .iter()
            .map(|fault| format!("{} {fault}  <- {}", fault.kind, &text[fault.span.clone()]))
            .collect();
        lines.join("\n")
    }

    const SOUND: &str = r#"schema_version = 1
id = "notes"
name = "Notes"
version = "1.0.0"
hooks = []
ingresses = []
[runtime]
kind = "wasm-component"
component = "plugin.wasm"
world = "yoi:plugin/instance@1.0.0"
[[services]]
name = "sync"
description = "Syncs"
"#;

    #[test]
    fn each_rule_of_the_contract_has_its_message() {
        insta::assert_snapshot!(judged("_version = 1", "_version = 2"), @"api plugin schema/API version is unsupported  <- 2");
        insta::assert_snapshot!(judged("\"notes\"", "\".notes\""), @r#"malformed plugin manifest id is not a safe local id  <- ".notes""#);
        insta::assert_snapshot!(judged("\"Notes\"", "\" \""), @r#"malformed plugin manifest name and version are required  <- " ""#);
        insta::assert_snapshot!(judged("\"1.0.0\"", "\"\""), @r#"malformed plugin manifest name and version are required  <- """#);
        insta::assert_snapshot!(judged("component = \"plugin.wasm\"\n", "component = \"plugin.wasm\"\nabi = \"x\"\n"), @r#"malformed plugin component runtime must not declare raw WASM ABI metadata  <- "x""#);
        insta::assert_snapshot!(judged("instance@1.0.0", "instance@2.0.0"), @r#"
        api plugin component world is unsupported  <- "yoi:plugin/instance@2.0.0"
        surface plugin service/ingress declarations require the yoi:plugin/instance@1.0.0 component world  <- [[services]]
        "#);
        insta::assert_snapshot!(judged("component = \"plugin.wasm\"\n", ""), @r#"missing plugin component runtime artifact is required  <- [runtime]"#);
        insta::assert_snapshot!(judged("plugin.wasm", "../plugin.wasm"), @r#"traversal plugin manifest references a path outside the package root  <- "../plugin.wasm""#);
        insta::assert_snapshot!(judged("plugin.wasm", "other.wasm"), @r#"missing plugin manifest references a path not present in the package  <- "other.wasm""#);
        insta::assert_snapshot!(judged("\"sync\"", "\"a b\""), @r#"malformed plugin service name is not safe  <- "a b""#);
        insta::assert_snapshot!(judged("ingresses = []", "ingresses = [{ name = '.', description = '' }]"), @"malformed plugin ingress name is not safe  <- '.'");
        insta::assert_snapshot!(judged("hooks = []", "hooks = [{ id = 'a/b', file = '/etc/passwd' }]"), @r"
        malformed plugin hook id is not safe  <- 'a/b'
        traversal plugin manifest references a path outside the package root  <- '/etc/passwd'
        ");
    }

    #[test]
    fn other_runtimes_are_refused_by_name() {
        insta::assert_snapshot!(judged("\"wasm-component\"", "\"wasm\""), @r#"
        api legacy raw wasm plugin runtime `wasm` / `yoi-plugin-wasm-1` is retired; use `wasm-component`  <- "wasm"
        surface plugin service/ingress declarations require the yoi:plugin/instance@1.0.0 component world  <- [[services]]
        "#);
        insta::assert_snapshot!(judged("\"wasm-component\"", "\"wasm\"\nabi = \"mine\""), @r#"
        api legacy raw wasm plugin runtime `wasm` / `mine` is retired; use `wasm-component`  <- "wasm"
        surface plugin service/ingress declarations require the yoi:plugin/instance@1.0.0 component world  <- [[services]]
        "#);
        insta::assert_snapshot!(judged("\"wasm-component\"", "\"python\""), @r#"
        api plugin runtime kind is unsupported  <- "python"
        surface plugin service/ingress declarations require the yoi:plugin/instance@1.0.0 component world  <- [[services]]
        "#);
    }

    #[test]
    fn a_service_needs_the_instance_world() {
        insta::assert_snapshot!(judged("plugin/instance", "plugin/tool"), @"surface plugin service/ingress declarations require the yoi:plugin/instance@1.0.0 component world  <- [[services]]");
    }

    #[test]
    fn an_id_of_two_dots_within_is_safe() {
        assert_eq!(judged("\"notes\"", "\"a..b\""), "accepted");
        assert_eq!(
            judged("\"notes\"", &format!("\"{}\"", "n".repeat(128))),
            "accepted"
        );
        assert_ne!(
            judged("\"notes\"", &format!("\"{}\"", "n".repeat(129))),
            "accepted"
        );
    }

    #[test]
    fn a_path_of_a_package_does_not_lead_out() {
        for path in ["a", "a/b.wasm", "a b", "...", "ä", "ab:c"] {
            assert!(is_package_path(path), "{path}");
        }
        for path in [
            "", "/a", "~a", "C:a", "c:/a", "a//b", "a/", "./a", "a/../b", "a\\b", "a\0",
        ] {
            assert!(!is_package_path(path), "{path}");
        }
    }
}
