//! Manifests: what every one of them keeps before anything of a plugin is used.

use super::super::door::RefusalKind::{Component, Denied, Input, Package};
use super::plugin::Plugin;
use super::puppet::{Puppet, echo};
use super::stage::Stage;
use super::zip::{Entry, Zip};
use super::{HostTest, must};
use crate::Checked;

const MANIFEST: &str = "contracts/plugin.md#manifest";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = Vec::new();
    for (id, says, manifest) in REFUSED {
        tests.push(must(id, MANIFEST, says, move |stage| {
            let found = stage.inspect(&package(manifest))?;
            stage.refused(&[Package], found).map(|_| ())
        }));
    }
    for (id, says, manifest) in TAKEN {
        tests.push(must(id, MANIFEST, says, move |stage| {
            let found = stage.inspect(&package(manifest))?;
            stage.done("the package to be read", found).map(|_| ())
        }));
    }
    for (id, says, tool) in BAD_TOOLS {
        tests.push(must(id, MANIFEST, says, move |stage| {
            // Whatever is granted.
            let plugin = Plugin::of(Puppet::tool(echo()))
                .permission("{ kind = \"tool_namespace\", namespace = \"t\" }");
            let manifest = format!("{}{tool}", plugin.manifest_text());
            not_offered(stage, &plugin.manifest(manifest))
        }));
    }
    tests
}

/// What came with the third set.
pub(super) fn third() -> Vec<HostTest> {
    let of_length = |bytes: usize| {
        let id = "a".repeat(bytes);
        package(&format!(
            "schema_version = 1\nid = \"{id}\"\nname = \"A\"\nversion = \"1\"\n"
        ))
    };
    vec![
        must(
            "plugin.host.manifest.longest-id",
            MANIFEST,
            "An id may have 128 bytes.",
            move |stage| {
                let found = stage.inspect(&of_length(128))?;
                stage.done("the package to be read", found).map(|_| ())
            },
        ),
        must(
            "plugin.host.manifest.too-long-id",
            MANIFEST,
            "An id has 128 bytes at most.",
            move |stage| {
                let found = stage.inspect(&of_length(129))?;
                stage.refused(&[Package], found).map(|_| ())
            },
        ),
        must(
            "plugin.host.manifest.longest-tool-name",
            MANIFEST,
            "A tool's name may have 128 bytes.",
            |stage| {
                let name = "t".repeat(128);
                let loaded = stage.load(&Plugin::of(Puppet::tool(echo())).tool(&name))?;
                crate::expect(
                    loaded.tools.contains(&name),
                    || "the tool to be offered".to_owned(),
                    || crate::shown(&loaded.tools),
                )
            },
        ),
        must(
            "plugin.host.manifest.too-long-tool-name",
            MANIFEST,
            "A tool's name has 128 bytes at most.",
            |stage| not_offered(stage, &Plugin::of(Puppet::tool(echo())).tool(&"t".repeat(129))),
        ),
    ]
}

/// That nothing is offered but the tool of most plugins. A package with another that breaks a rule may be read.
fn not_offered(stage: &mut Stage<'_>, plugin: &Plugin) -> Checked {
    match stage.try_load(plugin)? {
        Err(refusal) => stage
            .refused::<()>(&[Package, Component, Denied, Input], Err(refusal))
            .map(|_| ()),
        Ok(loaded) => crate::expect(
            !loaded.tools.iter().any(|tool| tool != "do"),
            || "the tool not to be offered".to_owned(),
            || crate::shown(&loaded.tools),
        ),
    }
}

/// A package of a manifest and a file that could be a component.
fn package(manifest: &str) -> Vec<u8> {
    Zip::new([
        Entry::new("plugin.toml", manifest),
        Entry::new("p.wasm", Puppet::tool(echo()).build()),
        Entry::new("hook.sh", ""),
    ])
    .build()
}

macro_rules! with_head {
    ($($rest:literal),* $(,)?) => {
        concat!("schema_version = 1\nid = \"suite.manifest\"\nname = \"Manifest\"\nversion = \"1\"\n", $($rest),*)
    };
}

macro_rules! with_runtime {
    ($world:literal, $($rest:literal),* $(,)?) => {
        with_head!("[runtime]\nkind = \"wasm-component\"\ncomponent = \"p.wasm\"\nworld = \"", $world, "\"\n", $($rest),*)
    };
}

const REFUSED: &[(&str, &str, &str)] = &[
    (
        "plugin.host.manifest.not-toml",
        "A manifest is TOML.",
        "schema_version = ",
    ),
    (
        "plugin.host.manifest.empty",
        "A manifest says what is needed.",
        "",
    ),
    (
        "plugin.host.manifest.other-schema",
        "The version of the format is 1.",
        "schema_version = 999\nid = \"a\"\nname = \"A\"\nversion = \"1\"\n",
    ),
    (
        "plugin.host.manifest.schema-as-text",
        "The version of the format is a number.",
        "schema_version = \"1\"\nid = \"a\"\nname = \"A\"\nversion = \"1\"\n",
    ),
    (
        "plugin.host.manifest.no-id",
        "A plugin has an id.",
        "schema_version = 1\nname = \"A\"\nversion = \"1\"\n",
    ),
    (
        "plugin.host.manifest.empty-id",
        "An id is not empty.",
        "schema_version = 1\nid = \"\"\nname = \"A\"\nversion = \"1\"\n",
    ),
    (
        "plugin.host.manifest.unsafe-id",
        "An id has letters, digits, `-`, `_` and `.` only.",
        "schema_version = 1\nid = \"a/b\"\nname = \"A\"\nversion = \"1\"\n",
    ),
    (
        "plugin.host.manifest.id-with-source",
        "An id has no source: the place decides that.",
        "schema_version = 1\nid = \"user:a\"\nname = \"A\"\nversion = \"1\"\n",
    ),
    (
        "plugin.host.manifest.id-begins-with-dot",
        "An id does not begin with a dot.",
        "schema_version = 1\nid = \".a\"\nname = \"A\"\nversion = \"1\"\n",
    ),
    (
        "plugin.host.manifest.id-not-ascii",
        "An id is ASCII.",
        "schema_version = 1\nid = \"é\"\nname = \"A\"\nversion = \"1\"\n",
    ),
    (
        "plugin.host.manifest.blank-name",
        "A plugin has a name.",
        "schema_version = 1\nid = \"a\"\nname = \" \"\nversion = \"1\"\n",
    ),
    (
        "plugin.host.manifest.blank-version",
        "A plugin has a version.",
        "schema_version = 1\nid = \"a\"\nname = \"A\"\nversion = \"\"\n",
    ),
    (
        "plugin.host.manifest.unknown-field",
        "A manifest has no fields but those of the contract.",
        with_head!("icon = \"a.png\"\n"),
    ),
    (
        "plugin.host.manifest.unknown-tool-field",
        "A tool has no fields but those of the contract.",
        with_runtime!(
            "yoi:plugin/tool@1.0.0",
            "[[tools]]\nname = \"t\"\ndescription = \"T\"\ninput_schema = { type = \"object\" }\noutput_schema = {}\n"
        ),
    ),
    (
        "plugin.host.manifest.unknown-surface",
        "There are five surfaces.",
        with_head!("surfaces = [\"window\"]\n"),
    ),
    (
        "plugin.host.manifest.unknown-permission",
        "There are seven kinds of permissions.",
        with_head!("permissions = [{ kind = \"shell\" }]\n"),
    ),
    (
        "plugin.host.manifest.unknown-host-api",
        "There are three host APIs.",
        with_head!("permissions = [{ kind = \"host_api\", api = \"https\" }]\n"),
    ),
    (
        "plugin.host.manifest.unknown-target-field",
        "A target has no fields but those of the contract.",
        with_head!("[[request]]\nscheme = \"https\"\nhost = \"a.test\"\nquery = \"a\"\n"),
    ),
    (
        "plugin.host.manifest.fs-target",
        "Files have no target in a manifest.",
        with_head!("[[fs]]\nroot = \"/\"\noperations = [\"read\"]\n"),
    ),
    (
        "plugin.host.manifest.port-too-large",
        "A port has 16 bits.",
        with_head!("[[request]]\nscheme = \"https\"\nhost = \"a.test\"\nport = 65536\n"),
    ),
    (
        "plugin.host.manifest.retired-runtime",
        "The runtime `wasm` is retired.",
        with_head!("[runtime]\nkind = \"wasm\"\nentry = \"p.wasm\"\n"),
    ),
    (
        "plugin.host.manifest.unknown-runtime",
        "There is one kind of runtime.",
        with_head!("[runtime]\nkind = \"native\"\ncomponent = \"p.wasm\"\n"),
    ),
    (
        "plugin.host.manifest.component-with-abi",
        "A component has no ABI of its own.",
        with_runtime!("yoi:plugin/tool@1.0.0", "abi = \"yoi-plugin-wasm-1\"\n"),
    ),
    (
        "plugin.host.manifest.component-with-entry",
        "A component has no entry of its own.",
        with_runtime!("yoi:plugin/tool@1.0.0", "entry = \"call\"\n"),
    ),
    (
        "plugin.host.manifest.no-world",
        "A component names its world.",
        with_head!("[runtime]\nkind = \"wasm-component\"\ncomponent = \"p.wasm\"\n"),
    ),
    (
        "plugin.host.manifest.unknown-world",
        "There are two worlds.",
        with_runtime!("yoi:plugin/tool@2.0.0",),
    ),
    (
        "plugin.host.manifest.world-without-version",
        "A world is named with its version.",
        with_runtime!("yoi:plugin/tool",),
    ),
    (
        "plugin.host.manifest.no-component",
        "A runtime names its component.",
        with_head!("[runtime]\nkind = \"wasm-component\"\nworld = \"yoi:plugin/tool@1.0.0\"\n"),
    ),
    (
        "plugin.host.manifest.component-outside",
        "A component lies in its package.",
        with_head!(
            "[runtime]\nkind = \"wasm-component\"\ncomponent = \"../p.wasm\"\nworld = \"yoi:plugin/tool@1.0.0\"\n"
        ),
    ),
    (
        "plugin.host.manifest.component-absolute",
        "A component is named by a path in its package.",
        with_head!(
            "[runtime]\nkind = \"wasm-component\"\ncomponent = \"/p.wasm\"\nworld = \"yoi:plugin/tool@1.0.0\"\n"
        ),
    ),
    (
        "plugin.host.manifest.service-in-tool-world",
        "A service needs the world `instance`.",
        with_runtime!(
            "yoi:plugin/tool@1.0.0",
            "[[services]]\nname = \"s\"\ndescription = \"S\"\n"
        ),
    ),
    (
        "plugin.host.manifest.ingress-in-tool-world",
        "An ingress needs the world `instance`.",
        with_runtime!(
            "yoi:plugin/tool@1.0.0",
            "[[ingresses]]\nname = \"i\"\ndescription = \"I\"\n"
        ),
    ),
    (
        "plugin.host.manifest.ingress-without-runtime",
        "An ingress needs a component.",
        with_head!("[[ingresses]]\nname = \"i\"\ndescription = \"I\"\n"),
    ),
    (
        "plugin.host.manifest.unsafe-service",
        "A service's name is safe.",
        with_runtime!(
            "yoi:plugin/instance@1.0.0",
            "[[services]]\nname = \"a b\"\ndescription = \"S\"\n"
        ),
    ),
    (
        "plugin.host.manifest.unsafe-ingress",
        "An ingress's name is safe.",
        with_runtime!(
            "yoi:plugin/instance@1.0.0",
            "[[ingresses]]\nname = \"a/b\"\ndescription = \"I\"\n"
        ),
    ),
    (
        "plugin.host.manifest.unsafe-hook",
        "A hook's id is safe.",
        with_head!("[[hooks]]\nid = \"a b\"\nfile = \"hook.sh\"\n"),
    ),
    (
        "plugin.host.manifest.hook-missing",
        "A hook's file is in the package.",
        with_head!("[[hooks]]\nid = \"h\"\nfile = \"missing.sh\"\n"),
    ),
    (
        "plugin.host.manifest.hook-outside",
        "A hook's file lies in the package.",
        with_head!("[[hooks]]\nid = \"h\"\nfile = \"../hook.sh\"\n"),
    ),
];

const TAKEN: &[(&str, &str, &str)] = &[
    (
        "plugin.host.manifest.smallest",
        "Four fields are enough.",
        with_head!(),
    ),
    (
        "plugin.host.manifest.hook-only",
        "A plugin may have hooks only.",
        with_head!(
            "description = \"hooks\"\nsurfaces = [\"hook\"]\n[[hooks]]\nid = \"h\"\nfile = \"hook.sh\"\n"
        ),
    ),
    (
        "plugin.host.manifest.dots-in-id",
        "Dots within an id are letters.",
        "schema_version = 1\nid = \"a..b-c_D.9\"\nname = \"A\"\nversion = \"next\"\n",
    ),
    (
        "plugin.host.manifest.tool-surface-follows",
        "Tools need no surface to be named.",
        with_runtime!(
            "yoi:plugin/tool@1.0.0",
            "[[tools]]\nname = \"t\"\ndescription = \"T\"\ninput_schema = { type = \"object\" }\n"
        ),
    ),
    (
        "plugin.host.manifest.targets",
        "`request` and `websocket` have targets of their own.",
        with_head!(
            "permissions = [{ kind = \"host_api\", api = \"request\" }, { kind = \"host_api\", api = \"websocket\" }]\n[[request]]\nscheme = \"https\"\nhost = \"a.test\"\nport = 443\nmethods = [\"GET\"]\npath_prefixes = [\"/v1\"]\n[[websocket]]\nscheme = \"wss\"\nhost = \"a.test\"\npath_prefixes = [\"/\"]\n"
        ),
    ),
    (
        "plugin.host.manifest.service",
        "A service and an ingress stand in the world `instance`.",
        with_runtime!(
            "yoi:plugin/instance@1.0.0",
            "[[services]]\nname = \"s\"\ndescription = \"S\"\nlifecycle = \"host-managed\"\nside_effects = [\"none\"]\n[[ingresses]]\nname = \"i\"\ndescription = \"I\"\nevent_kinds = [\"k\"]\nsources = []\n"
        ),
    ),
];

macro_rules! tool {
    ($name:literal, $schema:literal) => {
        concat!(
            "\n[[tools]]\nname = \"",
            $name,
            "\"\ndescription = \"T\"\ninput_schema = ",
            $schema,
            "\n"
        )
    };
}

/// Tools that no host offers.
const BAD_TOOLS: &[(&str, &str, &str)] = &[
    (
        "plugin.host.manifest.tool-name-blank",
        "A tool's name has no blanks.",
        tool!("t x", "{ type = \"object\" }"),
    ),
    (
        "plugin.host.manifest.tool-name-empty",
        "A tool has a name.",
        tool!("", "{ type = \"object\" }"),
    ),
    (
        "plugin.host.manifest.tool-name-control",
        "A tool's name has no control characters.",
        tool!("t\\u0007", "{ type = \"object\" }"),
    ),
    (
        "plugin.host.manifest.tool-twice",
        "A tool is there once.",
        concat!(
            "\n[[tools]]\nname = \"t\"\ndescription = \"T\"\ninput_schema = { type = \"object\" }\n",
            "\n[[tools]]\nname = \"t\"\ndescription = \"T\"\ninput_schema = { type = \"object\" }\n"
        ),
    ),
    (
        "plugin.host.manifest.schema-root",
        "The root of an input schema is an object.",
        tool!("t", "{ type = \"string\" }"),
    ),
    (
        "plugin.host.manifest.schema-no-type",
        "Every node of an input schema has a type.",
        tool!("t", "{ type = \"object\", properties = { a = { } } }"),
    ),
    (
        "plugin.host.manifest.schema-keyword",
        "An input schema has no keywords but those of the contract.",
        tool!(
            "t",
            "{ type = \"object\", properties = { a = { type = \"string\", pattern = \"a\" } } }"
        ),
    ),
    (
        "plugin.host.manifest.schema-required-twice",
        "What is required is named once.",
        tool!(
            "t",
            "{ type = \"object\", properties = { a = { type = \"string\" } }, required = [\"a\", \"a\"] }"
        ),
    ),
    (
        "plugin.host.manifest.schema-required-unknown",
        "What is required is declared.",
        tool!(
            "t",
            "{ type = \"object\", properties = { a = { type = \"string\" } }, required = [\"b\"] }"
        ),
    ),
    (
        "plugin.host.manifest.schema-items",
        "Items are of an array.",
        tool!(
            "t",
            "{ type = \"object\", properties = { a = { type = \"string\", items = { type = \"string\" } } } }"
        ),
    ),
    (
        "plugin.host.manifest.schema-empty-enum",
        "An `enum` has members.",
        tool!(
            "t",
            "{ type = \"object\", properties = { a = { type = \"string\", enum = [] } } }"
        ),
    ),
    (
        "plugin.host.manifest.schema-additional",
        "`additionalProperties` is a boolean or a schema.",
        tool!("t", "{ type = \"object\", additionalProperties = \"no\" }"),
    ),
];
