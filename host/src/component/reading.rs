//! Going through a component file once, from front to back.
//!
//! Its structure is validated on the way; the bodies of functions are passed over, because an engine validates
//! them when it compiles them.

use std::mem;

use wasmparser::types::Types;
use wasmparser::{
    Chunk, ComponentName, KnownCustom, NameMap, Parser, Payload, ValidPayload, Validator, WasmFeatures,
};

use super::needs::{Counter, Needs};
use super::preflight::PreflightError;
use super::producers::{self, Producer, printable};

/// Most characters of a module's name that are kept.
const MODULE_NAME_CHARS: usize = 256;

/// What was met on the way.
pub(super) struct Reading<'a> {
    pub(super) types: Types,
    pub(super) imports: Vec<&'a str>,
    pub(super) exports: Vec<&'a str>,
    pub(super) needs: Needs,
    pub(super) producers: Vec<Producer>,
    pub(super) module_names: Vec<String>,
}

impl<'a> Reading<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, PreflightError> {
        // What an engine does not support it says itself when it compiles; here everything can be read.
        let mut validator = Validator::new_with_features(WasmFeatures::all());
        let mut counter = Counter::default();
        let (mut imports, mut exports) = (Vec::new(), Vec::new());
        let (mut producers, mut module_names) = (Vec::new(), Vec::new());

        let broken = |error| PreflightError::new(&error, bytes.len());
        let truncated = PreflightError::Truncated { length: bytes.len() };
        let mut rest = bytes;
        let mut parser = Parser::new(0);
        let mut outer: Vec<Parser> = Vec::new();
        loop {
            let Chunk::Parsed { consumed, payload } = parser.parse(rest, true).map_err(broken)? else {
                return Err(truncated);
            };
            rest = &rest[consumed..];
            let types = match validator.payload(&payload).map_err(broken)? {
                ValidPayload::End(types) => Some(types),
                _ => None,
            };
            let needs = counter.payload(&payload).map_err(broken)?;
            match payload {
                Payload::ModuleSection { parser: inner, .. }
                | Payload::ComponentSection { parser: inner, .. } => {
                    outer.push(mem::replace(&mut parser, inner));
                }
                Payload::End(_) => match (outer.pop(), types, needs) {
                    (Some(parent), ..) => parser = parent,
                    (None, Some(types), Some(needs)) => {
                        return Ok(Self {
                            types,
                            imports,
                            exports,
                            needs,
                            producers,
                            module_names,
                        });
                    }
                    // The parser and the counter agree on what is outermost; a file that divides them is broken.
                    _ => return Err(truncated),
                },
                Payload::CodeSectionStart { size, .. } => {
                    parser.skip_section();
                    rest = rest.get(size as usize..).ok_or_else(|| truncated.clone())?;
                }
                Payload::ComponentImportSection(section) if outer.is_empty() => {
                    for import in section {
                        imports.push(import.map_err(broken)?.name.name);
                    }
                }
                Payload::ComponentExportSection(section) if outer.is_empty() => {
                    for export in section {
                        exports.push(export.map_err(broken)?.name.name);
                    }
                }
                Payload::CustomSection(section) => match section.as_known() {
                    KnownCustom::Producers(section) => producers::collect(section, &mut producers),
                    KnownCustom::ComponentName(section) => {
                        for name in section.into_iter().map_while(Result::ok) {
                            if let ComponentName::CoreModules(names) = name {
                                collect_names(names, &mut module_names);
                            }
                        }
                    }
                    _ => {}
                },
                _ => {}
            }
        }
    }
}

/// Module names are looked at for traces of a toolchain only; a component has a handful.
fn collect_names(names: NameMap<'_>, into: &mut Vec<String>) {
    const NAMES: usize = 64;
    for name in names.into_iter().map_while(Result::ok) {
        if into.len() == NAMES {
            return;
        }
        into.push(printable(name.name, MODULE_NAME_CHARS));
    }
}
