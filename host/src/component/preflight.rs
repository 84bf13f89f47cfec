//! What is known of a component before it is loaded.
//!
//! `reading` goes through the file, `compare` holds what is there against the contract. What all of it leads to
//! is decided in `judge`, and only there is a profile known.

use schemars::JsonSchema;
use serde::Serialize;
use wasmparser::component_types::ComponentItem;
use wasmparser::{Validator, WasmFeatures};

use super::contract::World;
use super::encoding::{Encoding, NotWasm};
use super::fault::Fault;
use super::item::{Item, Verdict};
use super::needs::Needs;
use super::producers::{Producer, Toolchain, printable};
use super::reading::Reading;
use super::{compare, judge};
use crate::{Limits, Profile};

/// Most characters of a reason why a file cannot be read.
const REASON_CHARS: usize = 256;

/// What a component file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Preflight {
    /// Size of the file in bytes.
    pub bytes: u64,
    /// The worlds whose first export it has: one, if all is well.
    pub worlds: Vec<World>,
    /// What it imports, in the component's order.
    pub imports: Vec<Item>,
    /// What the world wants of it, in the world's order, then what it exports besides.
    pub exports: Vec<Item>,
    /// What it needs to be instantiated.
    pub needs: Needs,
    /// Which tools made it.
    pub producers: Vec<Producer>,
    /// The one of them that decides how to build it differently.
    pub toolchain: Toolchain,
    /// An exported interface that holds the first export of a world, which belongs at the top level.
    pub entry_within: Option<String>,
}

impl Preflight {
    /// Reads a component.
    ///
    /// # Errors
    ///
    /// If the bytes are no component, or one whose structure is broken.
    pub fn of(bytes: &[u8]) -> Result<Self, PreflightError> {
        match Encoding::of(bytes)? {
            Encoding::Component => {}
            Encoding::CoreModule => return Err(PreflightError::CoreModule),
        }
        let read = Reading::of(bytes)?;
        let types = read.types.as_ref();
        let imports = read
            .imports
            .iter()
            .filter_map(|name| Some((*name, types.component_item_for_import(name)?)))
            .flat_map(|(name, item)| compare::import(types, name, item))
            .collect();
        let exported: Vec<(&str, &ComponentItem)> = read
            .exports
            .iter()
            .filter_map(|name| Some((*name, types.component_item_for_export(name)?)))
            .collect();
        let worlds: Vec<World> = World::ALL
            .into_iter()
            .filter(|world| exported.iter().any(|(name, _)| *name == world.entry()))
            .collect();
        Ok(Self {
            bytes: bytes.len() as u64,
            imports,
            exports: compare::exports(types, &worlds, &exported),
            worlds,
            needs: read.needs,
            toolchain: Toolchain::of(&read.producers, &read.module_names),
            producers: read.producers,
            entry_within: compare::entry_within(types, &exported),
        })
    }

    /// Validates a component whole, the bodies of its functions included, which [`Preflight::of`] passes over
    /// because an engine does it when it compiles them.
    ///
    /// # Errors
    ///
    /// If the bytes are no component, or one that no engine would compile.
    pub fn validate(bytes: &[u8]) -> Result<(), PreflightError> {
        if Encoding::of(bytes)? == Encoding::CoreModule {
            return Err(PreflightError::CoreModule);
        }
        let validated = Validator::new_with_features(WasmFeatures::all()).validate_all(bytes);
        validated
            .map(drop)
            .map_err(|error| PreflightError::new(&error, bytes.len()))
    }

    /// The world it stands in, if there is exactly one.
    #[must_use]
    pub fn world(&self) -> Option<World> {
        match self.worlds[..] {
            [world] => Some(world),
            _ => None,
        }
    }

    /// Whether it calls a function of the host.
    #[must_use]
    pub fn uses_host_imports(&self) -> bool {
        self.imports.iter().any(|item| item.function.is_some())
    }

    /// The exports that nobody will call. They do no harm.
    pub fn extra_exports(&self) -> impl Iterator<Item = &Item> {
        self.exports.iter().filter(|item| item.verdict == Verdict::Extra)
    }

    /// What speaks against loading it: imports first, in the component's order, then exports, then needs.
    ///
    /// It may be loaded if none of them [refuses](super::Severity::Refuses).
    #[must_use]
    pub fn faults(&self, profile: Profile, limits: &Limits) -> Vec<Fault> {
        judge::faults(self, profile, limits)
    }
}

/// Why a file cannot be read as a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PreflightError {
    /// It is no WebAssembly at all.
    #[error(transparent)]
    NotWasm(#[from] NotWasm),
    /// It is a core module.
    #[error("a core module, not a component")]
    CoreModule,
    /// It begins like a component, and ends before its end.
    #[error("a component that is cut short: it goes on after the {length} bytes of the file")]
    Truncated {
        /// The length of the file in bytes.
        length: usize,
    },
    /// It begins like a component, but is damaged or wrongly made.
    #[error("not a valid component: {reason} (at byte {offset} of {length})")]
    Broken {
        /// Where the damage shows, in bytes from the beginning.
        offset: usize,
        /// The length of the file in bytes.
        length: usize,
        /// What is wrong there.
        reason: String,
    },
}

impl PreflightError {
    pub(crate) fn new(error: &wasmparser::Error, length: usize) -> Self {
        let offset = error.offset();
        // The parser has these words for the end of a section as well.
        if offset == length && error.message().starts_with("unexpected end") {
            return Self::Truncated { length };
        }
        Self::Broken {
            offset,
            length,
            reason: printable(error.message().trim_end(), REASON_CHARS),
        }
    }

    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::CoreModule => Some("`yoikit componentize FILE -o OUT` makes a component of it"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixtures::{self, CALL, INSTANCE, MEMORY, REQUEST, assemble};
    use super::*;

    /// One line an item: direction, name, wanted, found, verdict.
    fn table(preflight: &Preflight) -> String {
        let mut text = String::new();
        for item in preflight.imports.iter().chain(&preflight.exports) {
            let function = item
                .function
                .as_ref()
                .map(|name| format!(" {name}"))
                .unwrap_or_default();
            let type_of = |ty: &Option<String>| ty.clone().unwrap_or_else(|| "-".to_owned());
            text += &format!("{} {}{function}\n", item.direction, item.name);
            text += &format!(
                "    wanted {}\n    found  {}\n",
                type_of(&item.wanted),
                type_of(&item.found)
            );
            text += &format!("    {:?}\n", item.verdict);
        }
        text
    }

    #[test]
    fn a_tool_is_listed_with_its_one_export() {
        let bytes = fixtures::tool();
        let preflight = Preflight::of(&bytes).unwrap();
        assert_eq!(preflight.world(), Some(World::Tool));
        assert_eq!(preflight.bytes, bytes.len() as u64);
        assert!(!preflight.uses_host_imports());
        assert_eq!(preflight.needs.core_instances, 1);
        assert_eq!(preflight.needs.memories.together, 65536);
        insta::assert_snapshot!(table(&preflight), @"
        export call
            wanted func(tool-name: string, input-json: string) -> string
            found  func(tool-name: string, input-json: string) -> string
            Matches
        ");
    }

    #[test]
    fn an_import_is_listed_by_its_functions() {
        let preflight = Preflight::of(&fixtures::component(
            World::Instance,
            &[REQUEST, MEMORY, INSTANCE],
        ))
        .unwrap();
        assert_eq!(preflight.world(), Some(World::Instance));
        assert!(preflight.uses_host_imports());
        // The encoder adds two instances and a table to give the import its memory.
        assert_eq!(preflight.needs.core_instances, 3);
        assert_eq!(preflight.needs.tables.count, 1);
        insta::assert_snapshot!(table(&preflight), @"
        import yoi:host/request@1.0.0 request
            wanted func(request-json: string) -> string
            found  func(request-json: string) -> string
            Matches
        export start
            wanted func(config-json: string) -> string
            found  func(config-json: string) -> string
            Matches
        export handle-tool
            wanted func(name: string, input-json: string) -> string
            found  func(name: string, input-json: string) -> string
            Matches
        export handle-ingress
            wanted func(name: string, event-json: string) -> string
            found  func(name: string, event-json: string) -> string
            Matches
        export status
            wanted func() -> string
            found  func() -> string
            Matches
        export stop
            wanted func() -> string
            found  func() -> string
            Matches
        ");
    }

    #[test]
    fn what_deviates_is_found_item_by_item() {
        let bytes = assemble(
            r#"(component
                (import "yoi:host/request@2.0.0" (instance))
                (import "yoi:host/fs@1.0.0" (instance
                    (export "read" (func (param "path" string) (result string)))
                    (export "write" (func (param "path" string) (param "content" string)))
                    (export "lits" (func))))
                (import "yoi:host/websocket@1.0.0" (func))
                (import "yoi:hots/request@1.0.0" (instance (export "request" (func))))
                (import "log" (func (param "text" string)))
                (import "wasi:cli/exit@0.2.6" (instance))
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (func $f (canon lift (core func $i "f")))
                (export "start" (func $f))
                (export "handle-tools" (func $f))
                (export "init" (func $f)))"#,
        );
        insta::assert_snapshot!(table(&Preflight::of(&bytes).unwrap()), @r#"
        import yoi:host/request@2.0.0
            wanted -
            found  interface of 0 items
            WrongVersion { available: "yoi:host/request@1.0.0" }
        import yoi:host/fs@1.0.0 read
            wanted func(request-json: string) -> string
            found  func(path: string) -> string
            Matches
        import yoi:host/fs@1.0.0 write
            wanted func(request-json: string) -> string
            found  func(path: string, content: string)
            WrongType
        import yoi:host/fs@1.0.0 lits
            wanted -
            found  func()
            Unknown { nearest: Some("list") }
        import yoi:host/websocket@1.0.0
            wanted -
            found  func()
            WrongType
        import yoi:hots/request@1.0.0
            wanted -
            found  interface of 1 item
            Unknown { nearest: Some("yoi:host/request@1.0.0") }
        import log
            wanted -
            found  func(text: string)
            Unknown { nearest: None }
        import wasi:cli/exit@0.2.6
            wanted -
            found  interface of 0 items
            Wasi
        export start
            wanted func(config-json: string) -> string
            found  func()
            WrongType
        export handle-tool
            wanted func(name: string, input-json: string) -> string
            found  -
            Missing { nearest: Some("handle-tools") }
        export handle-ingress
            wanted func(name: string, event-json: string) -> string
            found  -
            Missing { nearest: None }
        export status
            wanted func() -> string
            found  -
            Missing { nearest: None }
        export stop
            wanted func() -> string
            found  -
            Missing { nearest: None }
        export handle-tools
            wanted -
            found  func()
            Extra
        export init
            wanted -
            found  func()
            Extra
        "#);
    }

    #[test]
    fn names_of_parameters_do_not_matter() {
        let wit = "package a:b; world fixture { export call: func(a: string, b: string) -> string; }";
        let preflight = Preflight::of(&fixtures::component_of(wit, &[MEMORY, CALL])).unwrap();
        assert_eq!(preflight.exports[0].verdict, Verdict::Matches);
    }

    #[test]
    fn exports_that_no_wit_can_express_are_reported_all_the_same() {
        let bytes = assemble(
            r#"(component
                (core module $m)
                (component $c)
                (export "module" (core module $m))
                (export "component" (component $c)))"#,
        );
        let preflight = Preflight::of(&bytes);
        insta::assert_snapshot!(
            preflight.map(|preflight| table(&preflight)).unwrap_or_else(|error| error.to_string()), @"
        export module
            wanted -
            found  core module
            Extra
        export component
            wanted -
            found  component
            Extra
        ");
    }

    #[test]
    fn control_characters_of_a_file_reach_no_message() {
        let text = r#"(component (import "unlocked-dep=<a:b>" (func)) (import "url=<\1b[31m>" (func)))"#;
        if let Ok(preflight) = Preflight::of(&assemble(text)) {
            assert!(preflight.imports.iter().all(|item| !item.name.contains('\x1b')));
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_says_why() {
        let tool = fixtures::tool();
        let messages = [
            Preflight::of(b""),
            Preflight::of(&fixtures::core(&[MEMORY])),
            Preflight::of(&tool[..tool.len() / 2]),
            Preflight::of(&[&tool[..], b"trailing"].concat()),
            Preflight::of(&vec![0; 100 * 1024 * 1024]),
        ]
        .map(|result| result.unwrap_err().to_string());
        insta::assert_snapshot!(messages.join("\n"), @"
        the file is empty
        a core module, not a component
        a component that is cut short: it goes on after the 224 bytes of the file
        not a valid component: unexpected end-of-file (at byte 451 of 457)
        not WebAssembly: the file begins with zeros
        ");
        insta::assert_snapshot!(PreflightError::CoreModule.advice().unwrap(), @"`yoikit componentize FILE -o OUT` makes a component of it");
    }

    #[test]
    fn a_file_cut_anywhere_never_passes_for_something_else() {
        let bytes = fixtures::tool();
        let whole = Preflight::of(&bytes).unwrap();
        for length in 0..bytes.len() {
            // At the end of a section a shorter component ends as well: one without its export, or one that
            // has lost no more than the names at the end.
            if let Ok(cut) = Preflight::of(&bytes[..length]) {
                assert!(
                    cut.exports.is_empty() || cut.exports == whole.exports,
                    "cut after {length} bytes"
                );
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..256)) {
            let _ = Preflight::of(&bytes);
            let _ = Preflight::of(&[b"\0asm\x0d\0\x01\0", &bytes[..]].concat());
        }

        #[test]
        fn no_damage_to_a_component_makes_it_panic(
            damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
            cut in proptest::option::of(any::<prop::sample::Index>()),
        ) {
            let mut bytes = fixtures::component(World::Instance, &[REQUEST, MEMORY, INSTANCE]);
            for (index, byte) in damage {
                let index = index.index(bytes.len());
                bytes[index] = byte;
            }
            if let Some(cut) = cut {
                bytes.truncate(cut.index(bytes.len()));
            }
            if let Ok(preflight) = Preflight::of(&bytes) {
                for profile in Profile::ALL {
                    let _ = super::super::render(&preflight.faults(profile, &Limits::of(profile)));
                }
            }
        }
    }
}
