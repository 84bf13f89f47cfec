//! Which tools made a component, as its `producers` sections tell.
//!
//! The text in them is the file's own: it is cut and freed of control characters before anybody sees it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wasmparser::ProducersSectionReader;

/// Most entries that are kept; real components have fewer than twenty.
const ENTRIES: usize = 64;

/// Most characters of a name or version that are kept.
const TEXT_CHARS: usize = 80;

/// One entry of a `producers` section, of the component or of a core module in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Producer {
    /// `language`, `sdk` or `processed-by`.
    pub field: String,
    /// The language or tool.
    pub name: String,
    /// Its version, possibly empty.
    pub version: String,
}

/// What a component was built with, as far as it decides how to build it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Toolchain {
    /// rustc, by plain cargo.
    Rust,
    /// rustc, by cargo component, which links an adapter from WASI preview 1.
    CargoComponent,
    /// A C or C++ compiler with wasi-libc.
    C,
    /// componentize-js: StarlingMonkey.
    ComponentizeJs,
    /// componentize-qjs: QuickJS.
    ComponentizeQjs,
    /// componentize-py: CPython.
    ComponentizePy,
    /// Anything else, or no word about it.
    Unknown,
}

impl Toolchain {
    /// The toolchain that left these traces.
    pub(super) fn of(producers: &[Producer], module_names: &[String]) -> Self {
        let named = |part: &str| {
            producers
                .iter()
                .map(|producer| &producer.name)
                .chain(module_names)
                .any(|name| name.contains(part))
        };
        let language = |is: fn(&str) -> bool| {
            producers
                .iter()
                .any(|producer| producer.field == "language" && is(&producer.name))
        };
        // A runtime is written in C or Rust itself, so it is asked for first.
        if named("componentize-py") || named("python") {
            Toolchain::ComponentizePy
        } else if named("componentize-qjs") || named("quickjs") || named("qjs") {
            Toolchain::ComponentizeQjs
        } else if named("componentize-js") || named("ComponentizeJS") || named("starling") {
            Toolchain::ComponentizeJs
        } else if named("cargo-component") {
            Toolchain::CargoComponent
        } else if language(|name| name == "Rust") || named("rustc") {
            Toolchain::Rust
        } else if language(|name| {
            name == "C" || name.starts_with("C1") || name.starts_with("C9") || name.starts_with("C_plus")
        }) || named("clang")
        {
            Toolchain::C
        } else {
            Toolchain::Unknown
        }
    }
}

/// Adds the entries of a section. One that cannot be read is passed over: it decides nothing.
pub(super) fn collect(section: ProducersSectionReader<'_>, into: &mut Vec<Producer>) {
    for field in section.into_iter().map_while(Result::ok) {
        for value in field.values.into_iter().map_while(Result::ok) {
            if into.len() == ENTRIES {
                return;
            }
            let producer = Producer {
                field: field.name.to_owned(),
                name: printable(value.name, TEXT_CHARS),
                version: printable(value.version, TEXT_CHARS),
            };
            if !into.contains(&producer) {
                into.push(producer);
            }
        }
    }
}

/// Text of a file as it may reach a terminal: without control characters, and bounded.
pub(super) fn printable(text: &str, most_chars: usize) -> String {
    text.chars()
        .filter(|c| !c.is_control())
        .take(most_chars)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Preflight;
    use super::super::fixtures::assemble;
    use super::*;

    fn toolchain(producers: &[(&str, &str)]) -> Toolchain {
        let producers: Vec<Producer> = producers
            .iter()
            .map(|(field, name)| Producer {
                field: (*field).to_owned(),
                name: (*name).to_owned(),
                version: String::new(),
            })
            .collect();
        Toolchain::of(&producers, &[])
    }

    #[test]
    fn rust_is_rust_although_its_libc_is_c() {
        let producers = [
            ("language", "C11"),
            ("language", "Rust"),
            ("processed-by", "clang"),
        ];
        assert_eq!(toolchain(&producers), Toolchain::Rust);
        let with_component = [("language", "Rust"), ("processed-by", "cargo-component")];
        assert_eq!(toolchain(&with_component), Toolchain::CargoComponent);
        assert_eq!(
            toolchain(&[("language", "C11"), ("processed-by", "clang")]),
            Toolchain::C
        );
        assert_eq!(
            toolchain(&[("processed-by", "wit-component")]),
            Toolchain::Unknown
        );
    }

    #[test]
    fn a_runtime_is_known_by_its_tool_not_by_its_language() {
        let by = |tool| toolchain(&[("language", "C11"), ("language", "Rust"), ("processed-by", tool)]);
        assert_eq!(by("componentize-qjs"), Toolchain::ComponentizeQjs);
        assert_eq!(by("ComponentizeJS"), Toolchain::ComponentizeJs);
        assert_eq!(by("componentize-py"), Toolchain::ComponentizePy);
        assert_eq!(
            Toolchain::of(&[], &["libpython3.14.so".to_owned()]),
            Toolchain::ComponentizePy
        );
    }

    #[test]
    fn producers_of_core_modules_are_found_and_made_printable() {
        let long = "x".repeat(500);
        let bytes = assemble(&format!(
            r#"(component (core module (@producers (language "Ru\1b[31mst" "1") (processed-by "rustc" "{long}"))))"#
        ));
        let producers = Preflight::of(&bytes).unwrap().producers;
        assert_eq!(producers[0].name, "Ru[31mst");
        assert_eq!(producers[1].version.len(), TEXT_CHARS);
    }

    #[test]
    fn a_broken_section_is_passed_over() {
        let bytes = assemble(r#"(component (core module (@custom "producers" "\ff\ff\ff")))"#);
        assert_eq!(Preflight::of(&bytes).unwrap().producers, []);
    }
}
