//! Making a component of a core module.
//!
//! Bindings generators leave a description of the world in the module. Where there is none, the module was
//! written against the contract by hand, and its exports tell which world it stands in.

use std::fmt;

use wasmparser::types::EntityType;
use wasmparser::{
    CompositeInnerType, FuncType, KnownCustom, Parser, Payload, ValType, Validator, WasmFeatures,
};
use wit_component::{ComponentEncoder, StringEncoding};
use wit_parser::abi::{AbiVariant, WasmType};
use wit_parser::{WorldItem, WorldKey};

use super::deny::{Denied, DenyError, deny_wasi};
use super::rewrite::{self, RewriteError};
use crate::component::{Encoding, NotWasm, World, resolve};

/// The prefix of the custom sections in which a bindings generator describes the world.
const WORLD_SECTION: &str = "component-type";

/// The function by which a host asks the guest for memory.
const REALLOC: &str = "cabi_realloc";

/// A component that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The component.
    pub bytes: Vec<u8>,
    /// What of WASI was replaced: interfaces for a component, imported modules for a core module.
    pub denied: Vec<String>,
}

/// Why a core module makes no component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComponentizeError {
    /// The bytes are no WebAssembly.
    #[error(transparent)]
    NotWasm(#[from] NotWasm),
    /// They are a component already.
    #[error("a component already")]
    Component,
    /// The module is broken.
    #[error("not a valid core module: {reason} (at byte {offset} of {length})")]
    Broken {
        /// Where it shows, in bytes from the beginning.
        offset: usize,
        /// The length of the file in bytes.
        length: usize,
        /// What is wrong there.
        reason: String,
    },
    /// It says nothing about its world, and exports the first function of none.
    #[error(
        "exports neither `call` nor `start`, and describes no world; it exports {}",
        list(exports)
    )]
    NoWorld {
        /// The functions that it exports.
        exports: Vec<String>,
    },
    /// It exports the first functions of both worlds.
    #[error("exports both `call` and `start`, and describes no world")]
    BothWorlds,
    /// Exports are missing or have another type than the world's functions have in a core module.
    #[error("does not fit the world {world}: {}", join(problems))]
    Exports {
        /// The world that its exports stand for.
        world: World,
        /// What is wrong with each.
        problems: Vec<ExportProblem>,
    },
    /// An import from WASI cannot be replaced.
    #[error(transparent)]
    Rewrite(#[from] RewriteError),
    /// It cannot be wrapped for another reason.
    #[error("the module makes no component: {0}")]
    Encode(String),
}

/// An export of a core module that a world needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportProblem {
    /// Its name.
    pub name: String,
    /// What it must be, as in the text format.
    pub wanted: String,
    /// What it is; None if it is missing.
    pub found: Option<String>,
}

impl fmt::Display for ExportProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, wanted, found } = self;
        match found {
            Some(found) => write!(f, "`{name}` is `{found}` instead of `{wanted}`"),
            None => write!(f, "`{name}` is missing, a `{wanted}`"),
        }
    }
}

impl ComponentizeError {
    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NoWorld { .. } => Some(
                "generate bindings from the contract's WIT (`wit_bindgen::generate!`, `wit-bindgen c`), or export \
                 the world's functions by hand",
            ),
            Self::Exports { problems, .. } if problems.iter().any(|problem| problem.name == REALLOC) => Some(
                "the host writes strings to memory that `cabi_realloc(old, old-size, align, new-size)` returns; \
                 wit-bindgen's feature `realloc` has one",
            ),
            _ => None,
        }
    }
}

/// Why a file cannot be made a component without WASI.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MakeError {
    /// It is no WebAssembly.
    #[error(transparent)]
    NotWasm(#[from] NotWasm),
    /// It is a core module that makes no component.
    #[error(transparent)]
    Componentize(#[from] ComponentizeError),
    /// It is a component from which WASI cannot be taken.
    #[error(transparent)]
    Deny(#[from] DenyError),
}

impl MakeError {
    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NotWasm(_) => None,
            Self::Componentize(error) => error.advice(),
            Self::Deny(error) => error.advice(),
        }
    }
}

/// Makes a component without WASI of whatever WebAssembly file there is: [`componentize()`] for a core module,
/// [`deny_wasi`] for a component.
///
/// # Errors
///
/// If the file is no WebAssembly, or for the reasons of those two.
pub fn make(bytes: &[u8]) -> Result<Built, MakeError> {
    match Encoding::of(bytes)? {
        Encoding::CoreModule => Ok(componentize(bytes)?),
        Encoding::Component => {
            let Denied { bytes, denied } = deny_wasi(bytes)?;
            Ok(Built { bytes, denied })
        }
    }
}

/// Makes a component of a core module. Imports from WASI are replaced first, as [`deny_wasi`] does.
///
/// The world is the one that the module describes. If it describes none, its exports decide.
///
/// # Errors
///
/// If the module is broken, fits no world, or imports what a component cannot import.
pub fn componentize(core: &[u8]) -> Result<Built, ComponentizeError> {
    match Encoding::of(core)? {
        Encoding::CoreModule => {}
        Encoding::Component => return Err(ComponentizeError::Component),
    }
    let module = CoreModule::read(core).map_err(|error| ComponentizeError::Broken {
        offset: error.offset(),
        length: core.len(),
        reason: error.message().to_owned(),
    })?;
    let world = if module.describes_world {
        None
    } else {
        Some(module.check_world()?)
    };
    let (mut core, denied) = match rewrite::replace_wasi(core)? {
        Some(rewritten) => (rewritten.bytes, rewritten.denied),
        None => (core.to_vec(), Vec::new()),
    };
    let embedded = match world {
        Some(world) => wit_component::embed_component_metadata(
            &mut core,
            resolve(),
            world.in_resolve(),
            StringEncoding::UTF8,
        ),
        None => Ok(()),
    };
    let bytes = embedded
        .and_then(|()| ComponentEncoder::default().validate(true).module(&core)?.encode())
        .map_err(|error| ComponentizeError::Encode(format!("{error:#}")))?;
    Ok(Built { bytes, denied })
}

/// What counts of a core module.
struct CoreModule {
    describes_world: bool,
    functions: Vec<(String, FuncType)>,
    others: Vec<String>,
    has_memory: bool,
}

impl CoreModule {
    fn read(core: &[u8]) -> wasmparser::Result<Self> {
        let mut describes_world = false;
        for payload in Parser::new(0).parse_all(core) {
            if let Payload::CustomSection(section) = payload?
                && let KnownCustom::Unknown = section.as_known()
            {
                describes_world |= section.name().starts_with(WORLD_SECTION);
            }
        }
        let types = Validator::new_with_features(WasmFeatures::all()).validate_all(core)?;
        let types = types.as_ref();
        let mut module = Self {
            describes_world,
            functions: Vec::new(),
            others: Vec::new(),
            has_memory: false,
        };
        for (name, entity) in types.core_exports().into_iter().flatten() {
            match entity {
                EntityType::Func(id) | EntityType::FuncExact(id) => {
                    if let CompositeInnerType::Func(ty) = &types[id].composite_type.inner {
                        module.functions.push((name.to_owned(), ty.clone()));
                    }
                }
                EntityType::Memory(_) if name == "memory" => module.has_memory = true,
                _ => module.others.push(name.to_owned()),
            }
        }
        Ok(module)
    }

    fn function(&self, name: &str) -> Option<&FuncType> {
        self.functions
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, ty)| ty)
    }

    /// The world that the exports stand for, with everything that it needs of a core module.
    fn check_world(&self) -> Result<World, ComponentizeError> {
        let worlds = World::ALL.map(|world| self.function(world.entry()).is_some());
        let world = match worlds {
            [true, false] => World::Tool,
            [false, true] => World::Instance,
            [true, true] => return Err(ComponentizeError::BothWorlds),
            [false, false] => {
                let exports = self.functions.iter().map(|(name, _)| name.clone()).collect();
                return Err(ComponentizeError::NoWorld { exports });
            }
        };
        let mut problems = Vec::new();
        for (name, wanted) in core_exports(world) {
            let found = self.function(&name).map(describe);
            if found.as_ref() != Some(&wanted) {
                problems.push(ExportProblem { name, wanted, found });
            }
        }
        if !self.has_memory {
            let found = self
                .others
                .iter()
                .any(|name| name == "memory")
                .then(|| "not a memory".to_owned());
            problems.push(ExportProblem {
                name: "memory".to_owned(),
                wanted: "(memory)".to_owned(),
                found,
            });
        }
        if problems.is_empty() {
            Ok(world)
        } else {
            Err(ComponentizeError::Exports { world, problems })
        }
    }
}

/// The functions that a core module of a world exports, with their types: the world's own by the canonical
/// ABI, and the one that gives the host memory for strings.
fn core_exports(world: World) -> impl Iterator<Item = (String, String)> {
    let resolve = resolve();
    let functions = resolve.worlds[world.in_resolve()]
        .exports
        .iter()
        .filter_map(move |(key, item)| {
            let (WorldKey::Name(name), WorldItem::Function(function)) = (key, item) else {
                return None;
            };
            let signature = resolve.wasm_signature(AbiVariant::GuestExport, function);
            let flat = |types: &[WasmType]| types.iter().map(|ty| flat_type(*ty)).collect::<Vec<_>>();
            Some((
                name.clone(),
                describe(&FuncType::new(flat(&signature.params), flat(&signature.results))),
            ))
        });
    let realloc = describe(&FuncType::new([ValType::I32; 4], [ValType::I32]));
    functions.chain([(REALLOC.to_owned(), realloc)])
}

fn flat_type(ty: WasmType) -> ValType {
    match ty {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => ValType::I32,
        WasmType::I64 | WasmType::PointerOrI64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    }
}

/// A function type as in the text format.
fn describe(ty: &FuncType) -> String {
    let list = |keyword: &str, types: &[ValType]| {
        if types.is_empty() {
            return String::new();
        }
        let types: Vec<String> = types.iter().map(ToString::to_string).collect();
        format!(" ({keyword} {})", types.join(" "))
    };
    format!(
        "(func{}{})",
        list("param", ty.params()),
        list("result", ty.results())
    )
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 12;
    if names.is_empty() {
        return "no function".to_owned();
    }
    let shown: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{}`", name.escape_debug()))
        .collect();
    let more = names.len().saturating_sub(SHOWN);
    if more == 0 {
        shown.join(", ")
    } else {
        format!("{} and {more} more", shown.join(", "))
    }
}

fn join(problems: &[ExportProblem]) -> String {
    problems
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::Preflight;
    use crate::component::fixtures::{self, CALL, INSTANCE, MEMORY, REQUEST};

    #[test]
    fn the_exports_decide_the_world() {
        let worlds = [&[MEMORY, CALL][..], &[REQUEST, MEMORY, INSTANCE][..]].map(|parts| {
            let built = componentize(&fixtures::core(parts)).unwrap();
            assert_eq!(built.denied, [] as [&str; 0]);
            Preflight::of(&built.bytes).unwrap().world()
        });
        assert_eq!(worlds, [Some(World::Tool), Some(World::Instance)]);
    }

    #[test]
    fn a_world_that_the_module_describes_goes_before_its_exports() {
        let mut core = fixtures::core(&[MEMORY, CALL, INSTANCE]);
        assert_eq!(componentize(&core), Err(ComponentizeError::BothWorlds));
        wit_component::embed_component_metadata(
            &mut core,
            resolve(),
            World::Instance.in_resolve(),
            StringEncoding::UTF8,
        )
        .unwrap();
        let built = componentize(&core).unwrap();
        assert_eq!(
            Preflight::of(&built.bytes).unwrap().world(),
            Some(World::Instance)
        );
    }

    #[test]
    fn wasi_of_either_preview_is_replaced() {
        let imports = r#"
            (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32)))
            (import "wasi_snapshot_preview1" "proc_exit" (func (param i32)))
            (import "wasi:clocks/monotonic-clock@0.2.0" "now" (func (result i64)))"#;
        let built = componentize(&fixtures::core(&[imports, MEMORY, CALL])).unwrap();
        assert_eq!(
            built.denied,
            ["wasi_snapshot_preview1", "wasi:clocks/monotonic-clock@0.2.0"]
        );
        assert_eq!(Preflight::of(&built.bytes).unwrap().imports, []);
    }

    #[test]
    fn a_module_that_does_not_fit_says_what_it_would_need() {
        let start = r#"(func (export "start") (param i32 i32) (result i64) unreachable)"#;
        let no_memory = r#"(func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)"#;
        let modules: [&[&str]; 6] = [
            &[MEMORY],
            &[],
            &[start, r#"(memory 1)"#],
            &[r#"(memory (export "memory") 1)"#, CALL],
            &[
                no_memory,
                r#"(func (export "call") (param i32 i32 i32 i32) (result i32) unreachable)"#,
            ],
            &[r#"(import "env" "log" (func))"#, MEMORY, CALL],
        ];
        let messages = modules.map(|parts| componentize(&fixtures::core(parts)).unwrap_err().to_string());
        insta::assert_snapshot!(messages.join("\n"), @"
        exports neither `call` nor `start`, and describes no world; it exports `cabi_realloc`
        exports neither `call` nor `start`, and describes no world; it exports no function
        does not fit the world yoi:plugin/instance@1.0.0: `start` is `(func (param i32 i32) (result i64))` instead of `(func (param i32 i32) (result i32))`; `handle-tool` is missing, a `(func (param i32 i32 i32 i32) (result i32))`; `handle-ingress` is missing, a `(func (param i32 i32 i32 i32) (result i32))`; `status` is missing, a `(func (result i32))`; `stop` is missing, a `(func (result i32))`; `cabi_realloc` is missing, a `(func (param i32 i32 i32 i32) (result i32))`; `memory` is missing, a `(memory)`
        does not fit the world yoi:plugin/tool@1.0.0: `cabi_realloc` is missing, a `(func (param i32 i32 i32 i32) (result i32))`
        does not fit the world yoi:plugin/tool@1.0.0: `memory` is missing, a `(memory)`
        the module makes no component: failed to decode world from module: module was not valid: failed to resolve import `env::log`: module requires an import interface named `env`
        ");
    }

    #[test]
    fn what_is_no_module_is_refused() {
        let module = fixtures::core(&[MEMORY, CALL]);
        let messages = [
            componentize(b"(module)"),
            componentize(&fixtures::tool()),
            componentize(&module[..module.len() / 2]),
        ]
        .map(|result| result.unwrap_err().to_string());
        insta::assert_snapshot!(messages.join("\n"), @"
        not WebAssembly: the text form (WAT); it is to be assembled first
        a component already
        not a valid core module: unexpected end-of-file (at byte 40 of 71)
        ");
    }

    #[test]
    fn either_kind_of_file_can_be_made_a_component() {
        assert_eq!(make(&fixtures::tool()).unwrap().bytes, fixtures::tool());
        let made = make(&fixtures::core(&[MEMORY, CALL])).unwrap();
        assert_eq!(Preflight::of(&made.bytes).unwrap().world(), Some(World::Tool));
        insta::assert_snapshot!(make(b"\x7fELF\x02\x01\x01\0").unwrap_err(), @"not WebAssembly: a native program or library (ELF)");
    }
}
