//! Taking WASI away from a finished component.
//!
//! A component of one linker run is a core module with glue around it that follows from the module alone. So
//! the module is taken out, rewritten, and wrapped anew.

use std::ops::Range;

use wasmparser::{ExternalKind, Parser, Payload};
use wit_component::{ComponentEncoder, DecodedWasm, StringEncoding};

use super::rewrite::{self, RewriteError};
use crate::component::{Preflight, PreflightError, Toolchain, Verdict};

/// A component without WASI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The component.
    pub bytes: Vec<u8>,
    /// The interfaces that were replaced, as they were imported. Empty if there was nothing to do; the bytes
    /// are unchanged then.
    pub denied: Vec<String>,
}

/// Why WASI cannot be taken away from a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DenyError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] PreflightError),
    /// Its types cannot be written as WIT.
    #[error("the component's world cannot be read: {0}")]
    World(String),
    /// It is not made of one core module: there is no single one that has its memory and its exports.
    #[error(
        "the component is made of {modules} core modules; WASI can be taken only from one that is linked into one"
    )]
    SeveralModules {
        /// How many core modules there are, those in nested components included.
        modules: usize,
        /// What it was built with.
        toolchain: Toolchain,
    },
    /// The core module cannot be rewritten.
    #[error(transparent)]
    Rewrite(#[from] RewriteError),
    /// What was rewritten makes no component.
    #[error("the rewritten module makes no component: {0}")]
    Encode(String),
    /// Something of WASI is still imported: its types are used elsewhere in the component's world.
    #[error("the component's own interfaces use types of {}", .0.join(", "))]
    Remains(Vec<String>),
}

impl DenyError {
    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable(error) => error.advice(),
            Self::SeveralModules { toolchain, .. } => Some(match toolchain {
                Toolchain::ComponentizeQjs => "build it without WASI: `componentize-qjs … --stub-wasi`",
                Toolchain::ComponentizePy => {
                    "build it without WASI: `componentize-py … componentize --stub-wasi …`"
                }
                Toolchain::ComponentizeJs => {
                    "build it without WASI: `disableFeatures: ['stdio', 'random', 'clocks', 'http', 'fetch-event']`"
                }
                _ => {
                    "take WASI from each part before they are composed, or use the toolchain's own switch for it"
                }
            }),
            _ => None,
        }
    }
}

/// Replaces every import of WASI by a local function.
///
/// What a runtime calls unasked is answered: clocks stand at zero, the seeds of hash maps are zero, output is
/// thrown away, input is at its end, the environment is empty and there are no directories. Everything else
/// traps.
///
/// # Errors
///
/// If the bytes are no component, or one that is made of several core modules.
pub fn deny_wasi(component: &[u8]) -> Result<Denied, DenyError> {
    let before = Preflight::of(component)?;
    let denied = wasi_imports(&before);
    if denied.is_empty() {
        return Ok(Denied {
            bytes: component.to_vec(),
            denied,
        });
    }
    let main = main_module(component, &before)?;
    let mut core = match rewrite::replace_wasi(&component[main.clone()])? {
        Some(rewritten) => rewritten.bytes,
        None => component[main].to_vec(),
    };
    let decoded = wit_component::decode(component).map_err(|error| DenyError::World(format!("{error:#}")))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err(DenyError::World("it is the encoding of a WIT package".to_owned()));
    };
    let encoded = wit_component::embed_component_metadata(&mut core, &resolve, world, StringEncoding::UTF8)
        .and_then(|()| ComponentEncoder::default().validate(true).module(&core)?.encode());
    // Interfaces of the world that the module no longer uses are left out by the encoder.
    let bytes = encoded.map_err(|error| DenyError::Encode(format!("{error:#}")))?;
    let remaining = wasi_imports(&Preflight::of(&bytes)?);
    if !remaining.is_empty() {
        return Err(DenyError::Remains(remaining));
    }
    Ok(Denied { bytes, denied })
}

fn wasi_imports(preflight: &Preflight) -> Vec<String> {
    let wasi = preflight
        .imports
        .iter()
        .filter(|item| item.verdict == Verdict::Wasi);
    wasi.map(|item| item.name.clone()).collect()
}

/// The one core module that has a memory of its own and the component's exports.
fn main_module(component: &[u8], preflight: &Preflight) -> Result<Range<usize>, DenyError> {
    let exports: Vec<&str> = preflight
        .exports
        .iter()
        .filter(|item| item.found.is_some())
        .map(|item| item.name.as_str())
        .collect();
    let modules = modules(component).map_err(RewriteError::from)?;
    let mut main = None;
    for (range, _) in modules.iter().filter(|(_, depth)| *depth == 1) {
        if is_main(&component[range.clone()], &exports).map_err(RewriteError::from)?
            && main.replace(range.clone()).is_some()
        {
            main = None;
            break;
        }
    }
    main.ok_or(DenyError::SeveralModules {
        modules: modules.len(),
        toolchain: preflight.toolchain,
    })
}

/// Where the core modules are, and how many components deep.
fn modules(component: &[u8]) -> wasmparser::Result<Vec<(Range<usize>, usize)>> {
    let mut depth = 0_usize;
    let mut modules = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ModuleSection { unchecked_range, .. } => modules.push((unchecked_range, depth)),
            _ => {}
        }
    }
    Ok(modules)
}

fn is_main(module: &[u8], component_exports: &[&str]) -> wasmparser::Result<bool> {
    let mut has_memory = false;
    let mut has_export = false;
    for payload in Parser::new(0).parse_all(module) {
        match payload? {
            Payload::MemorySection(section) => has_memory = section.count() > 0,
            Payload::ExportSection(section) => {
                for export in section {
                    let export = export?;
                    has_export |= export.kind == ExternalKind::Func
                        && component_exports.iter().any(|name| implements(export.name, name));
                }
            }
            _ => {}
        }
    }
    Ok(has_memory && has_export)
}

/// Whether a core export stands behind a component's: a function has its own name, one of an interface that
/// of the interface before a `#`. The newer naming puts `cm32p2` and bars in front.
fn implements(core: &str, component: &str) -> bool {
    let plain = core.rsplit("||").next().unwrap_or(core);
    plain == component
        || plain
            .strip_prefix(component)
            .is_some_and(|rest| rest.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use wasmtime::component::{Component, Linker};
    use wasmtime::{Engine, Store};

    use super::*;
    use crate::component::fixtures::{self, CALL, MEMORY, REQUEST, assemble};

    /// As much of WASI as these tests call.
    const WIT: &str = r#"
        package fixture:fixture;

        package wasi:io@0.2.6 {
            interface error { resource error; }
            interface poll { resource pollable { block: func(); ready: func() -> bool; } }
            interface streams {
                use error.{error};
                use poll.{pollable};
                variant stream-error { last-operation-failed(error), closed }
                resource input-stream {
                    blocking-read: func(len: u64) -> result<list<u8>, stream-error>;
                    skip: func(len: u64) -> result<u64, stream-error>;
                }
                resource output-stream {
                    check-write: func() -> result<u64, stream-error>;
                    write: func(contents: list<u8>) -> result<_, stream-error>;
                    blocking-flush: func() -> result<_, stream-error>;
                    subscribe: func() -> pollable;
                }
            }
        }

        package wasi:cli@0.2.6 {
            interface stdout {
                use wasi:io/streams@0.2.6.{output-stream};
                get-stdout: func() -> output-stream;
            }
            interface environment { get-environment: func() -> list<tuple<string, string>>; }
            interface exit { exit: func(status: result); }
        }

        package wasi:clocks@0.2.6 {
            interface monotonic-clock { now: func() -> u64; resolution: func() -> u64; }
            interface wall-clock { record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; }
        }

        package wasi:random@0.2.6 {
            interface insecure-seed { insecure-seed: func() -> tuple<u64, u64>; }
            interface random { get-random-u64: func() -> u64; }
        }

        package yoi:host@1.0.0 { interface request { request: func(request-json: string) -> string; } }

        world fixture {
            import wasi:io/streams@0.2.6;
            import wasi:cli/stdout@0.2.6;
            import wasi:cli/environment@0.2.6;
            import wasi:cli/exit@0.2.6;
            import wasi:clocks/monotonic-clock@0.2.6;
            import wasi:clocks/wall-clock@0.2.6;
            import wasi:random/insecure-seed@0.2.6;
            import wasi:random/random@0.2.6;
            import yoi:host/request@1.0.0;
            export call: func(tool-name: string, input-json: string) -> string;
            export check: func() -> u64;
        }
    "#;

    fn guest(imports: &str, check: &str) -> Vec<u8> {
        let check = format!(r#"(func $check (export "check") (result i64) {check})"#);
        fixtures::component_of(WIT, &[imports, MEMORY, CALL, &check])
    }

    /// What `check` gives once WASI is taken away, or how it traps.
    fn run(component: &[u8]) -> Result<u64, String> {
        let engine = Engine::default();
        let component = Component::new(&engine, component).unwrap();
        let mut store = Store::new(&engine, ());
        let mut linker = Linker::new(&engine);
        linker
            .instance("yoi:host/request@1.0.0")
            .unwrap()
            .func_wrap("request", |_, (text,): (String,)| Ok((text,)))
            .unwrap();
        let instance = linker.instantiate(&mut store, &component).unwrap();
        let check = instance
            .get_typed_func::<(), (u64,)>(&mut store, "check")
            .unwrap();
        check
            .call(&mut store, ())
            .map(|(value,)| value)
            .map_err(|error| format!("{error:?}"))
    }

    fn denied(imports: &str, check: &str) -> Result<u64, String> {
        let guest = guest(imports, check);
        let Denied { bytes, denied } = deny_wasi(&guest).unwrap();
        assert!(!denied.is_empty());
        run(&bytes)
    }

    #[test]
    fn a_component_without_wasi_stays_as_it_is() {
        let tool = fixtures::tool();
        assert_eq!(
            deny_wasi(&tool),
            Ok(Denied {
                bytes: tool,
                denied: Vec::new()
            })
        );
    }

    #[test]
    fn only_wasi_goes_and_the_second_time_there_is_nothing_to_do() {
        let now = r#"(import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $now (result i64)))"#;
        let first = deny_wasi(&guest(&format!("{now} {REQUEST}"), "(call $now)")).unwrap();
        assert_eq!(first.denied, ["wasi:clocks/monotonic-clock@0.2.6"]);
        let imports = Preflight::of(&first.bytes).unwrap().imports;
        assert_eq!(
            imports.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(),
            ["yoi:host/request@1.0.0"]
        );
        assert_eq!(run(&first.bytes), Ok(0));
        let second = deny_wasi(&first.bytes).unwrap();
        assert_eq!(
            second,
            Denied {
                bytes: first.bytes,
                denied: Vec::new()
            }
        );
    }

    #[test]
    fn calls_of_the_host_still_reach_it_when_imports_before_and_after_have_gone() {
        let imports = format!(
            r#"(import "wasi:clocks/monotonic-clock@0.2.6" "resolution" (func $resolution (result i64)))
               {REQUEST}
               (import "wasi:clocks/monotonic-clock@0.2.6" "now" (func $now (result i64)))"#
        );
        // The host answers with what it is asked, whose length comes back.
        let check = r#"
            (call $request (i32.const 0) (i32.const 7) (i32.const 64))
            (i64.add (i64.load32_u (i32.const 68)) (i64.add (call $resolution) (call $now)))"#;
        assert_eq!(denied(&imports, check), Ok(8));
    }

    #[test]
    fn printing_succeeds_quietly() {
        let imports = r#"
            (import "wasi:cli/stdout@0.2.6" "get-stdout" (func $stdout (result i32)))
            (import "wasi:io/streams@0.2.6" "[method]output-stream.check-write" (func $room (param i32 i32)))
            (import "wasi:io/streams@0.2.6" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
            (import "wasi:io/streams@0.2.6" "[method]output-stream.blocking-flush" (func $flush (param i32 i32)))
            (import "wasi:io/streams@0.2.6" "[method]output-stream.subscribe" (func $subscribe (param i32) (result i32)))
            (import "wasi:io/streams@0.2.6" "[resource-drop]output-stream" (func $drop (param i32)))"#;
        // Every result is read back; a one in the first byte would be an error.
        let check = r#"
            (local $out i32)
            (memory.fill (i32.const 64) (i32.const 255) (i32.const 64))
            (local.set $out (call $stdout))
            (call $room (local.get $out) (i32.const 64))
            (call $write (local.get $out) (i32.const 0) (i32.const 5) (i32.const 80))
            (call $flush (local.get $out) (i32.const 84))
            (drop (call $subscribe (local.get $out)))
            (call $drop (local.get $out))
            (i64.add
                (i64.load (i32.const 72))
                (i64.extend_i32_u (i32.or (i32.load8_u (i32.const 64))
                    (i32.or (i32.load8_u (i32.const 80)) (i32.load8_u (i32.const 84))))))"#;
        assert_eq!(denied(imports, check), Ok(65536));
    }

    #[test]
    fn input_is_at_its_end() {
        let imports = r#"
            (import "wasi:io/streams@0.2.6" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
            (import "wasi:io/streams@0.2.6" "[method]input-stream.skip" (func $skip (param i32 i64 i32)))"#;
        // Each answers `err(closed)`: a one for the case of the result, and a one for that of the error.
        let check = r#"
            (call $read (i32.const 1) (i64.const 10) (i32.const 64))
            (call $skip (i32.const 1) (i64.const 10) (i32.const 80))
            (i64.extend_i32_u (i32.add
                (i32.add (i32.load8_u (i32.const 64)) (i32.load8_u (i32.const 68)))
                (i32.add (i32.load8_u (i32.const 80)) (i32.load8_u (i32.const 88)))))"#;
        assert_eq!(denied(imports, check), Ok(4));
    }

    #[test]
    fn the_environment_is_empty_and_time_and_seeds_are_zero() {
        let imports = r#"
            (import "wasi:cli/environment@0.2.6" "get-environment" (func $environment (param i32)))
            (import "wasi:clocks/wall-clock@0.2.6" "now" (func $now (param i32)))
            (import "wasi:random/insecure-seed@0.2.6" "insecure-seed" (func $seed (param i32)))"#;
        let check = r#"
            (memory.fill (i32.const 64) (i32.const 255) (i32.const 64))
            (call $environment (i32.const 64))
            (call $now (i32.const 72))
            (call $seed (i32.const 88))
            (i64.or (i64.or (i64.load (i32.const 64)) (i64.load (i32.const 72)))
                (i64.or (i64.load (i32.const 88)) (i64.load (i32.const 96))))"#;
        assert_eq!(denied(imports, check), Ok(0));
    }

    #[test]
    fn what_cannot_be_answered_traps_and_the_trap_names_it() {
        let exit = denied(
            r#"(import "wasi:cli/exit@0.2.6" "exit" (func $exit (param i32)))"#,
            "(call $exit (i32.const 1)) (i64.const 0)",
        );
        let exit = exit.unwrap_err();
        assert!(exit.contains("[denied] wasi:cli/exit@0.2.6#exit"), "{exit}");
        assert!(exit.contains("!check"), "the guest's own names are kept: {exit}");
        let random = denied(
            r#"(import "wasi:random/random@0.2.6" "get-random-u64" (func $random (result i64)))"#,
            "(call $random)",
        );
        assert!(random.unwrap_err().contains("get-random-u64"));
    }

    #[test]
    fn a_component_of_several_modules_is_refused_with_its_own_remedy() {
        let component = |traces: &str| {
            assemble(&format!(
                r#"(component
                    (import "wasi:cli/exit@0.2.6" (instance))
                    (core module $memory (memory (export "memory") 1) {traces})
                    (core instance $shared (instantiate $memory))
                    (core module $code (import "env" "memory" (memory 1)) (func (export "call")))
                    (core instance $i (instantiate $code (with "env" (instance $shared))))
                    (func $f (canon lift (core func $i "call")))
                    (export "call" (func $f)))"#
            ))
        };
        let plain = deny_wasi(&component("")).unwrap_err();
        insta::assert_snapshot!(plain, @"the component is made of 2 core modules; WASI can be taken only from one that is linked into one");
        insta::assert_snapshot!(plain.advice().unwrap(), @"take WASI from each part before they are composed, or use the toolchain's own switch for it");
        let python = deny_wasi(&component(
            r#"(@producers (processed-by "componentize-py" "0.25"))"#,
        ));
        insta::assert_snapshot!(python.unwrap_err().advice().unwrap(), @"build it without WASI: `componentize-py … componentize --stub-wasi …`");
    }

    #[test]
    fn what_is_no_component_is_refused() {
        let error = deny_wasi(&fixtures::core(&[MEMORY])).unwrap_err();
        insta::assert_snapshot!(error, @"a core module, not a component");
        assert!(error.advice().is_some());
    }
}
