//! What a component may import and has to export.

use super::super::door::RefusalKind::{Component, Fault, NoExport};
use super::plugin::{Plugin, TOOL};
use super::puppet::{HostCall, HostFunction, Puppet, calling, echo};
use super::stage::Stage;
use super::{HostTest, documented, must, yoi};
use crate::{Checked, Stop};

const GATE: &str = "contracts/plugin.md#imports";
const EXPORTS: &str = "contracts/plugin.md#exports";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![
        must(
            "plugin.host.imports.none",
            GATE,
            "A component that imports nothing is loaded.",
            |stage| lives(stage, &Plugin::of(Puppet::tool(echo()))),
        ),
        documented(
            "plugin.host.imports.request",
            GATE,
            "A component may import `yoi:host/request`.",
            |stage| lives(stage, &importing(HostFunction::Request)),
        ),
        documented(
            "plugin.host.imports.websocket",
            GATE,
            "A component may import `yoi:host/websocket`.",
            |stage| lives(stage, &importing(HostFunction::Open)),
        ),
        documented(
            "plugin.host.imports.fs",
            GATE,
            "A component may import `yoi:host/fs`.",
            |stage| lives(stage, &importing(HostFunction::Read)),
        ),
        yoi(
            "plugin.host.imports.one-core-instance",
            GATE,
            "The yoi host allows one core instance, and a component that uses an import needs more: it is refused.",
            |stage| refused(stage, &importing(HostFunction::Read)),
        ),
    ];
    for (id, text, import) in FOREIGN {
        tests.push(must(id, GATE, text, move |stage| {
            refused(stage, &Plugin::of(Puppet::tool(echo()).importing(*import)))
        }));
    }
    for (id, text, bytes) in NO_COMPONENTS {
        tests.push(must(id, EXPORTS, text, move |stage| {
            let bytes = bytes();
            refused(stage, &Plugin::bare(bytes, "yoi:plugin/tool@1.0.0").tool(TOOL))
        }));
    }
    tests.push(must(
        "plugin.host.exports.start-is-needed",
        EXPORTS,
        "A component of the world `instance` exports `start`.",
        |stage| refused(stage, &Plugin::of(Puppet::instance().without("start"))),
    ));
    for (id, text, export) in [
        (
            "plugin.host.exports.missing-handle-tool",
            "A component without `handle-tool` serves no tool.",
            "handle-tool",
        ),
        (
            "plugin.host.exports.missing-handle-ingress",
            "A component without `handle-ingress` takes no event.",
            "handle-ingress",
        ),
        (
            "plugin.host.exports.missing-status",
            "A component without `status` says nothing of itself.",
            "status",
        ),
        (
            "plugin.host.exports.missing-stop",
            "A component without `stop` is not stopped in order.",
            "stop",
        ),
    ] {
        tests.push(must(id, EXPORTS, text, move |stage| {
            let plugin = Plugin::of(Puppet::instance().without(export));
            // A host may look before anything runs, or when the export is wanted.
            if let Err(refusal) = stage.bring_to_life(&plugin)? {
                stage.refused::<()>(&[Component, NoExport], Err(refusal))?;
                return Ok(());
            }
            let refusal = match export {
                "handle-tool" => stage.call("null")?.map(|_| ()),
                "handle-ingress" => stage.deliver()?.map(|_| ()),
                "status" => stage.status()?.map(|_| ()),
                _ => stage.stop()?.map(|_| ()),
            };
            stage.refused(&[NoExport], refusal).map(|_| ())
        }));
    }
    tests
}

/// Imports that no plugin gets.
const FOREIGN: &[(&str, &str, &str)] = &[
    (
        "plugin.host.imports.wasi-environment",
        "No import of WASI is given: environment.",
        r#"(import "wasi:cli/environment@0.2.0" (instance))"#,
    ),
    (
        "plugin.host.imports.wasi-filesystem",
        "No import of WASI is given: files.",
        r#"(import "wasi:filesystem/preopens@0.2.0" (instance))"#,
    ),
    (
        "plugin.host.imports.wasi-sockets",
        "No import of WASI is given: sockets.",
        r#"(import "wasi:sockets/tcp@0.2.0" (instance))"#,
    ),
    (
        "plugin.host.imports.wasi-clocks",
        "No import of WASI is given: clocks.",
        r#"(import "wasi:clocks/wall-clock@0.2.0" (instance))"#,
    ),
    (
        "plugin.host.imports.other-version",
        "An interface of another version is another interface.",
        r#"(import "yoi:host/fs@1.1.0" (instance))"#,
    ),
    (
        "plugin.host.imports.without-version",
        "An interface without a version is another interface.",
        r#"(import "yoi:host/fs" (instance))"#,
    ),
    (
        "plugin.host.imports.unknown-interface",
        "There are three interfaces of `yoi:host` and no more.",
        r#"(import "yoi:host/environment@1.0.0" (instance))"#,
    ),
    (
        "plugin.host.imports.bare-function",
        "An import that is no interface of `yoi:host` is refused.",
        r#"(import "request" (func (param "request-json" string) (result string)))"#,
    ),
    (
        "plugin.host.imports.unknown-function",
        "An interface has the functions of the contract and no more.",
        r#"(import "yoi:host/fs@1.0.0" (instance (export "remove" (func (param "request-json" string) (result string)))))"#,
    ),
    (
        "plugin.host.imports.other-signature",
        "A function has the type of the contract.",
        r#"(import "yoi:host/fs@1.0.0" (instance (export "read" (func (param "request-json" u32) (result string)))))"#,
    ),
];

type Bytes = fn() -> Vec<u8>;

/// What is no component of the world `tool`.
const NO_COMPONENTS: &[(&str, &str, Bytes)] = &[
    (
        "plugin.host.exports.core-module",
        "A core module is not taken for a component.",
        || wat("(module (func (export \"call\")))"),
    ),
    (
        "plugin.host.exports.no-wasm",
        "What is no WebAssembly is refused.",
        || b"not wasm".to_vec(),
    ),
    (
        "plugin.host.exports.empty-file",
        "An empty file is refused.",
        Vec::new,
    ),
    (
        "plugin.host.exports.cut-off",
        "A component that was cut off is refused.",
        || {
            let mut whole = Puppet::tool(echo()).build();
            whole.truncate(whole.len() / 2);
            whole
        },
    ),
    (
        "plugin.host.exports.nothing",
        "A component that exports nothing is refused.",
        || wat("(component)"),
    ),
    (
        "plugin.host.exports.other-type",
        "An export has the type of the contract.",
        || {
            wat(r#"(component
            (core module $m (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
                (func (export "call") (param i32 i32) (result i32) (i32.const 0)))
            (core instance $i (instantiate $m))
            (func (export "call") (param "input-json" string) (result string)
                (canon lift (core func $i "call") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#)
        },
    ),
    (
        "plugin.host.exports.other-world",
        "A component of the other world is refused.",
        || Puppet::instance().build(),
    ),
];

fn wat(source: &str) -> Vec<u8> {
    wat::parse_str(source).expect("the suite's own text is sound")
}

/// A plugin that uses one function of the host, to which nothing is granted.
fn importing(function: HostFunction) -> Plugin {
    Plugin::of(Puppet::tool(calling([HostCall::of(function, "{}")])))
}

fn lives(stage: &mut Stage<'_>, plugin: &Plugin) -> Checked {
    let answer = stage.bring_to_life(plugin)?;
    stage.done("the plugin to be loaded, started and called", answer)
}

/// That it is not brought to life, and that the host goes on.
fn refused(stage: &mut Stage<'_>, plugin: &Plugin) -> Checked {
    let answer = stage.bring_to_life(plugin)?;
    stage.refused(&[Component, Fault, NoExport], answer)?;
    match stage.bring_to_life(&Plugin::of(Puppet::tool(echo())))? {
        Ok(()) => Ok(()),
        Err(refusal) => Err(Stop::fail(
            "the host to load the next plugin",
            format!("refused: {}", stage.shown(&refusal.message)),
        )),
    }
}
