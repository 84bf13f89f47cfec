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
    #[error("the component is made of {modules} core modules; WASI can be taken only from one that is linked into one")]
    SeveralModules {
        /// How many core modules there are, those in nested components not counted.
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
                Toolchain::ComponentizePy => "build it without WASI: `componentize-py … componentize --stub-wasi …`",
                Toolchain::ComponentizeJs => {
                    "build it without WASI: `disableFeatures: ['stdio', 'random', 'clocks', 'http', 'fetch-event']`"
                }
                _ => "take WASI from each part before they are composed, or use the toolchain's own switch for it",
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
        return Ok(Denied { bytes: component.to_vec(), denied });
    }
    let main = main_module(component, &before)?;
    let mut core = match rewrite::replace_wasi(&component[main.clone()])? {
        Some((core, _)) => core,
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
    let wasi = preflight.imports.iter().filter(|item| item.verdict == Verdict::Wasi);
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
    let modules = top_level_modules(component).map_err(RewriteError::from)?;
    let mut main = None;
    for range in &modules {
        if is_main(&component[range.clone()], &exports).map_err(RewriteError::from)?
            && main.replace(range.clone()).is_some()
        {
            main = None;
            break;
        }
    }
    main.ok_or(DenyError::SeveralModules { modules: modules.len(), toolchain: preflight.toolchain })
}

fn top_level_modules(component: &[u8]) -> wasmparser::Result<Vec<Range<usize>>> {
    let mut depth = 0_usize;
    let mut modules = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ModuleSection { unchecked_range, .. } if depth == 1 => modules.push(unchecked_range),
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
    plain == component || plain.strip_prefix(component).is_some_and(|rest| rest.starts_with('#'))
}

#[cfg(test)]
mod scratch {
    use super::*;
    use wasmtime::component::{Component, Linker};
    use wasmtime::{Config, Engine, Store};

    #[test]
    fn scratch() {
        let path = std::env::var("RICH").unwrap();
        let bytes = std::fs::read(&path).unwrap();
        for payload in Parser::new(0).parse_all(&bytes) {
            if let Payload::ImportSection(s) = payload.unwrap() {
                for i in s.into_imports() { let i = i.unwrap(); println!("{} {}", i.module, i.name); }
            }
        }
        let t = std::time::Instant::now();
        let pre = Preflight::of(&bytes).unwrap();
        println!("preflight first {:?}", t.elapsed());
        let t = std::time::Instant::now();
        for _ in 0..10 { Preflight::of(&bytes).unwrap(); }
        println!("preflight {:?}", t.elapsed()/10);
        println!("{:#?}", pre.producers);
        println!("{:?} {:?}", pre.needs, pre.toolchain);
        for p in crate::Profile::ALL {
        println!("{}", crate::component::render(&pre.faults(p, &crate::Limits::of(p))));
        }
        let t = std::time::Instant::now();
        let out = deny_wasi(&bytes).unwrap();
        println!("deny {:?} {} -> {}", t.elapsed(), bytes.len(), out.bytes.len());
        println!("{:?}", out.denied);
        std::fs::write("/tmp/rich.denied.wasm", &out.bytes).unwrap();
        let mut c = Config::new(); c.concurrency_support(false);
        let engine = Engine::new(&c).unwrap();
        let comp = Component::new(&engine, &out.bytes).unwrap();
        let mut linker = Linker::<()>::new(&engine);
        linker.instance("yoi:host/request@1.0.0").unwrap().func_wrap("request", |_, (s,): (String,)| Ok((format!("got {s}"),))).unwrap();
        let mk = || { let mut store = Store::new(&engine, ()); let i = linker.instantiate(&mut store, &comp).unwrap(); (store, i) };
        let (mut store, i) = mk();
        let f = i.get_typed_func::<(&str,), (String,)>(&mut store, "start").unwrap();
        println!("{:?}", f.call(&mut store, ("cfg",)));
        println!("{:?}", f.call(&mut store, ("cfg",)));
        for n in ["map", "time", "env", "fs", "write", "stdin", "request", "net", "exit", "panic"] {
            let (mut store, i) = mk();
            let f = i.get_typed_func::<(&str, &str), (String,)>(&mut store, "handle-tool").unwrap();
            match f.call(&mut store, (n, "in")) { Ok((s,)) => println!("{n}: {s}"), Err(e) => println!("{n}: ERR {e:?}") }
        }
    }
}
