//! Rewriting a core module so that it no longer imports from WASI.
//!
//! The stand-ins come right after the imports that stay. So no function that the module defines changes its
//! index; only imported ones do.

use std::convert::Infallible;

use wasm_encoder::reencode::{self, Reencode};
use wasm_encoder::{CodeSection, FunctionSection, ImportSection, Module, NameMap, NameSection};
use wasmparser::{FuncType, KnownCustom, Name, Parser, Payload, TypeRef};

use super::stub::Stub;
use crate::component::is_wasi;

/// Why a core module cannot be rewritten.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RewriteError {
    /// The module is broken, or uses a feature that cannot be written back.
    #[error("the core module cannot be rewritten: {0}")]
    Module(String),
    /// It imports something from WASI that is no function.
    #[error("the core module imports `{name}` from `{module}`, which is no function")]
    NotAFunction {
        /// The module it imports from.
        module: String,
        /// The name of the import.
        name: String,
    },
    /// It has no code into which the stand-ins could go.
    #[error("the core module imports from WASI but has no code of its own")]
    NoCode,
}

impl From<wasmparser::Error> for RewriteError {
    fn from(error: wasmparser::Error) -> Self {
        Self::Module(error.to_string())
    }
}

impl From<reencode::Error<Infallible>> for RewriteError {
    fn from(error: reencode::Error<Infallible>) -> Self {
        Self::Module(error.to_string())
    }
}

/// A core module that imports nothing from WASI any more.
pub(super) struct Rewritten {
    pub(super) bytes: Vec<u8>,
    /// The modules it imported from, each once.
    pub(super) denied: Vec<String>,
}

/// The module with every import from WASI replaced. None if it imports nothing from WASI.
pub(super) fn replace_wasi(module: &[u8]) -> Result<Option<Rewritten>, RewriteError> {
    let plan = Plan::of(module)?;
    if plan.stubs.is_empty() {
        return Ok(None);
    }
    if !plan.has_code {
        return Err(RewriteError::NoCode);
    }
    let mut rewriter = Rewriter {
        plan,
        names_written: false,
    };
    let mut out = Module::new();
    rewriter.parse_core_module(&mut out, Parser::new(0), module)?;
    if !rewriter.names_written {
        let mut names = NameSection::new();
        names.functions(&rewriter.function_names(None));
        out.section(&names);
    }
    let mut denied: Vec<String> = Vec::new();
    for stub in rewriter.plan.stubs {
        if !denied.contains(&stub.module) {
            denied.push(stub.module);
        }
    }
    Ok(Some(Rewritten {
        bytes: out.finish(),
        denied,
    }))
}

/// What is known of a module before it is rewritten.
#[derive(Default)]
struct Plan {
    /// The new index of each imported function.
    imported: Vec<u32>,
    /// The functions that are replaced. The first one's new index is the number of imports that stay.
    stubs: Vec<Replaced>,
    has_code: bool,
}

struct Replaced {
    module: String,
    name: String,
    type_index: u32,
    ty: FuncType,
    stub: Stub,
}

impl Plan {
    fn of(module: &[u8]) -> Result<Self, RewriteError> {
        let mut types: Vec<Option<FuncType>> = Vec::new();
        let mut imports: Vec<Option<Replaced>> = Vec::new();
        let mut has_memory = false;
        let mut has_code = false;
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        for ty in group?.into_types() {
                            types.push(match ty.composite_type.inner {
                                wasmparser::CompositeInnerType::Func(ty) => Some(ty),
                                _ => None,
                            });
                        }
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        has_memory |= matches!(import.ty, TypeRef::Memory(_));
                        let wasi = is_wasi(import.module);
                        match import.ty {
                            TypeRef::Func(type_index) if wasi => {
                                let ty = types.get(type_index as usize).cloned().flatten();
                                imports.push(Some(Replaced {
                                    module: import.module.to_owned(),
                                    name: import.name.to_owned(),
                                    type_index,
                                    ty: ty.ok_or_else(|| {
                                        RewriteError::Module(format!("type {type_index} is no function type"))
                                    })?,
                                    stub: Stub::Trap,
                                }));
                            }
                            TypeRef::Func(_) | TypeRef::FuncExact(_) if !wasi => imports.push(None),
                            _ if wasi => {
                                return Err(RewriteError::NotAFunction {
                                    module: import.module.to_owned(),
                                    name: import.name.to_owned(),
                                });
                            }
                            _ => {}
                        }
                    }
                }
                Payload::MemorySection(section) => has_memory |= section.count() > 0,
                Payload::CodeSectionStart { count, .. } => has_code = count > 0,
                _ => {}
            }
        }

        let kept = imports.iter().filter(|import| import.is_none()).count() as u32;
        let (mut next_kept, mut next_stub) = (0, kept);
        let mut plan = Self {
            has_code,
            ..Self::default()
        };
        for import in imports {
            let next = if import.is_some() {
                &mut next_stub
            } else {
                &mut next_kept
            };
            plan.imported.push(*next);
            *next += 1;
            plan.stubs.extend(import.map(|mut replaced| {
                replaced.stub = Stub::of(&replaced.module, &replaced.name, &replaced.ty, has_memory);
                replaced
            }));
        }
        Ok(plan)
    }

    fn first_stub(&self) -> u32 {
        (self.imported.len() - self.stubs.len()) as u32
    }
}

struct Rewriter {
    plan: Plan,
    names_written: bool,
}

impl Rewriter {
    /// The names of all functions by their new index. A stand-in is named for what it replaces, because its
    /// name is what a trap's backtrace shows.
    fn function_names(&self, old: Option<wasmparser::NameMap<'_>>) -> NameMap {
        let first_stub = self.plan.first_stub();
        let stubs = self.plan.stubs.iter().zip(first_stub..);
        let mut names: Vec<(u32, String)> = stubs
            .map(|(stub, index)| (index, format!("[denied] {}#{}", stub.module, stub.name)))
            .collect();
        let replaced = first_stub..first_stub + self.plan.stubs.len() as u32;
        for naming in old.into_iter().flatten().map_while(Result::ok) {
            let index = self
                .plan
                .imported
                .get(naming.index as usize)
                .copied()
                .unwrap_or(naming.index);
            if !replaced.contains(&index) {
                names.push((index, naming.name.to_owned()));
            }
        }
        // The format wants ascending indices, and imports have changed theirs.
        names.sort_by_key(|(index, _)| *index);
        let mut map = NameMap::new();
        for (index, name) in &names {
            map.append(*index, name);
        }
        map
    }
}

impl Reencode for Rewriter {
    type Error = Infallible;

    fn function_index(&mut self, index: u32) -> Result<u32, reencode::Error> {
        Ok(self.plan.imported.get(index as usize).copied().unwrap_or(index))
    }

    fn parse_import_section(
        &mut self,
        imports: &mut ImportSection,
        section: wasmparser::ImportSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for import in section.into_imports() {
            let import = import?;
            if !is_wasi(import.module) {
                self.parse_import(imports, import)?;
            }
        }
        Ok(())
    }

    fn parse_function_section(
        &mut self,
        functions: &mut FunctionSection,
        section: wasmparser::FunctionSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for stub in &self.plan.stubs {
            functions.function(stub.type_index);
        }
        reencode::utils::parse_function_section(self, functions, section)
    }

    fn parse_code_section(
        &mut self,
        code: &mut CodeSection,
        section: wasmparser::CodeSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        for replaced in &self.plan.stubs {
            code.function(&replaced.stub.body(&replaced.ty));
        }
        reencode::utils::parse_code_section(self, code, section)
    }

    fn parse_custom_section(
        &mut self,
        module: &mut Module,
        section: wasmparser::CustomSectionReader<'_>,
    ) -> Result<(), reencode::Error> {
        // These name places in the code by offset, and the offsets have changed.
        let by_offset = section.name().starts_with(".debug_")
            || section.name() == "sourceMappingURL"
            || section.name() == "metadata.code.branch_hint";
        match section.as_known() {
            _ if by_offset => Ok(()),
            KnownCustom::Name(names) => {
                // A name section that cannot be read is worth nothing, and no reason to fail.
                if let Ok(names) = self.custom_name_section(names) {
                    module.section(&names);
                    self.names_written = true;
                }
                Ok(())
            }
            _ => reencode::utils::parse_custom_section(self, module, section),
        }
    }

    fn custom_name_section(
        &mut self,
        section: wasmparser::NameSectionReader<'_>,
    ) -> Result<NameSection, reencode::Error> {
        let (mut module, mut functions, mut others) = (None, None, Vec::new());
        for subsection in section {
            match subsection? {
                Name::Module { name, .. } => module = Some(name),
                Name::Function(map) => functions = Some(map),
                other => others.push(other),
            }
        }
        let mut names = NameSection::new();
        if let Some(name) = module {
            names.module(name);
        }
        names.functions(&self.function_names(functions));
        for other in others {
            self.parse_custom_name_subsection(&mut names, other)?;
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wasmtime::{Engine, Instance, Module as Compiled, Store};

    use super::*;
    use crate::component::fixtures::{MEMORY, core};

    const PREVIEW1: &str = r#"
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_seek" (func $seek (param i32 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))"#;

    fn run(check: &str) -> i32 {
        let check = format!(r#"(func (export "check") (result i32) {check})"#);
        let Rewritten { bytes, denied } = replace_wasi(&core(&[PREVIEW1, MEMORY, &check])).unwrap().unwrap();
        assert_eq!(denied, ["wasi_snapshot_preview1"]);
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &Compiled::new(&engine, &bytes).unwrap(), &[]).unwrap();
        instance
            .get_typed_func::<(), i32>(&mut store, "check")
            .unwrap()
            .call(&mut store, ())
            .unwrap()
    }

    #[test]
    fn preview_1_takes_all_that_is_written() {
        let lengths = r#"
            (i32.store (i32.const 68) (i32.const 5))
            (i32.store (i32.const 76) (i32.const 0))
            (i32.store (i32.const 84) (i32.const 37))"#;
        let write = |count: u32| {
            format!(
                "{lengths} (drop (call $write (i32.const 1) (i32.const 64) (i32.const {count}) (i32.const 32)))
                 (i32.load (i32.const 32))"
            )
        };
        assert_eq!(run(&write(0)), 0);
        assert_eq!(run(&write(1)), 5);
        assert_eq!(run(&write(3)), 42);
    }

    #[test]
    fn preview_1_seeds_are_zero_and_what_is_not_there_says_so() {
        let random = r#"
            (memory.fill (i32.const 64) (i32.const 255) (i32.const 16))
            (drop (call $random (i32.const 64) (i32.const 8)))
            (i32.add (i32.load (i32.const 68)) (i32.load8_u (i32.const 72)))"#;
        assert_eq!(run(random), 255);
        assert_eq!(
            run("(call $seek (i32.const 3) (i64.const 0) (i32.const 0) (i32.const 0))"),
            52
        );
        let time = "(drop (call $time (i32.const 0) (i64.const 0) (i32.const 64))) (i32.load (i32.const 64))";
        assert_eq!(run(time), 0);
    }

    #[test]
    fn names_stay_with_their_functions() {
        let module = core(&[
            r#"(import "wasi:cli/exit@0.2.6" "exit" (func $theirs (param i32)))
               (import "host" "log" (func $log))
               (import "wasi:cli/exit@0.2.6" "more" (func $more))"#,
            r#"(func $first (call $log)) (func $second (param $status i32) (call $theirs (local.get $status)))
               (table 4 funcref) (elem (i32.const 0) func $theirs $log $more $second)"#,
        ]);
        let Rewritten { bytes, .. } = replace_wasi(&module).unwrap().unwrap();
        let mut names = Vec::new();
        for payload in Parser::new(0).parse_all(&bytes) {
            let Payload::CustomSection(section) = payload.unwrap() else {
                continue;
            };
            let KnownCustom::Name(section) = section.as_known() else {
                continue;
            };
            for subsection in section {
                if let Name::Function(map) = subsection.unwrap() {
                    names.extend(
                        map.into_iter()
                            .map(|naming| naming.map(|naming| naming.name).unwrap()),
                    );
                }
            }
        }
        insta::assert_snapshot!(names.join("\n"), @"
        log
        [denied] wasi:cli/exit@0.2.6#exit
        [denied] wasi:cli/exit@0.2.6#more
        first
        second
        ");
        wasmparser::validate(&bytes).unwrap();
    }

    #[test]
    fn a_stripped_module_gets_the_names_of_what_was_replaced() {
        let module = core(&[r#"(import "wasi:cli/exit@0.2.6" "exit" (func (param i32))) (func)"#]);
        let Rewritten { bytes, .. } = replace_wasi(&module).unwrap().unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(text.contains("[denied] wasi:cli/exit@0.2.6#exit"));
        wasmparser::validate(&bytes).unwrap();
    }

    #[test]
    fn what_cannot_be_replaced_is_named() {
        let memory = replace_wasi(&core(&[r#"(import "wasi:cli/exit" "memory" (memory 1))"#]))
            .err()
            .unwrap();
        insta::assert_snapshot!(memory, @"the core module imports `memory` from `wasi:cli/exit`, which is no function");
        let no_code = replace_wasi(&core(&[r#"(import "wasi:cli/exit" "exit" (func))"#]))
            .err()
            .unwrap();
        insta::assert_snapshot!(no_code, @"the core module imports from WASI but has no code of its own");
    }

    #[test]
    fn a_function_of_another_type_than_expected_traps_instead_of_writing_anywhere() {
        let module = core(&[
            r#"(import "wasi:clocks/wall-clock@0.3.0" "now" (func (param f32) (result f64))) (func)"#,
            MEMORY,
        ]);
        let Rewritten { bytes, .. } = replace_wasi(&module).unwrap().unwrap();
        wasmparser::validate(&bytes).unwrap();
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_damage_to_a_module_makes_it_panic(
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let mut bytes = core(&[PREVIEW1, MEMORY, r#"(func (export "call"))"#]);
            for (index, byte) in damage {
                let index = index.index(bytes.len());
                bytes[index] = byte;
            }
            let _ = replace_wasi(&bytes);
        }
    }
}
