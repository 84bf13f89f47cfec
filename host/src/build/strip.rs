//! Taking out of a component what a host never reads.
//!
//! Sections go by their names, and only those that are known to be of no use to whoever runs, inspects or
//! debugs the component by names: whatever else somebody put into it stays.

use wasm_encoder::{ComponentSectionId, Encode};
use wasmparser::{Encoding, Parser, Payload};

use crate::component::PreflightError;

/// A WebAssembly file without debugging information by offset, and without what linkers leave for each other.
/// Names, producers and all that is not known to be such stay. Instructions do not change.
///
/// # Errors
///
/// If it is no WebAssembly that can be read to its end.
pub fn strip(bytes: &[u8]) -> Result<Vec<u8>, PreflightError> {
    strip_known(bytes).map_err(|error| PreflightError::new(&error, bytes.len()))
}

/// Whether a custom section is one that only costs its size.
fn is_dead_weight(name: &str) -> bool {
    const NAMES: [&str; 5] = [
        "build_id",
        "external_debug_info",
        "linking",
        "sourceMappingURL",
        "target_features",
    ];
    const PREFIXES: [&str; 3] = [".debug_", ".llvm", "reloc."];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

fn strip_known(bytes: &[u8]) -> wasmparser::Result<Vec<u8>> {
    let mut out = Vec::with_capacity(bytes.len());
    // What surrounds the module or component that is being read, so far.
    let mut around: Vec<(Encoding, Vec<u8>)> = Vec::new();
    let mut encoding = Encoding::Component;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        match &payload {
            Payload::Version {
                encoding: found,
                range,
                ..
            } => {
                encoding = *found;
                out.extend_from_slice(&bytes[range.clone()]);
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                around.push((encoding, std::mem::take(&mut out)));
                continue;
            }
            Payload::End(_) => {
                let Some((outer_encoding, outer)) = around.pop() else {
                    break;
                };
                let inner = std::mem::replace(&mut out, outer);
                out.push(match encoding {
                    Encoding::Module => ComponentSectionId::CoreModule.into(),
                    Encoding::Component => ComponentSectionId::Component.into(),
                });
                inner.as_slice().encode(&mut out);
                encoding = outer_encoding;
            }
            Payload::CustomSection(section) if is_dead_weight(section.name()) => continue,
            _ => {}
        }
        if let Some((id, range)) = payload.as_section() {
            out.push(id);
            bytes[range].encode(&mut out);
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{CustomSection, Section};

    use super::*;
    use crate::component::Preflight;
    use crate::component::fixtures::{self, CALL, MEMORY, assemble};

    /// The names of all custom sections, outer ones last.
    fn customs(bytes: &[u8]) -> Vec<String> {
        Parser::new(0)
            .parse_all(bytes)
            .filter_map(|payload| match payload.unwrap() {
                Payload::CustomSection(section) => Some(section.name().to_owned()),
                _ => None,
            })
            .collect()
    }

    fn with(mut bytes: Vec<u8>, names: &[&str]) -> Vec<u8> {
        for name in names {
            CustomSection {
                name: (*name).into(),
                data: (&[7; 100]).into(),
            }
            .append_to(&mut bytes);
        }
        bytes
    }

    #[test]
    fn dead_weight_goes_at_every_depth_and_all_else_stays() {
        let dead = [
            ".debug_info",
            "target_features",
            "reloc.CODE",
            "linking",
            "sourceMappingURL",
            "build_id",
        ];
        let kept = ["producers", "authors", "metadata.code.branch_hint", "mine"];
        let core = with(fixtures::core(&[MEMORY, CALL]), &[&dead[..], &kept[..]].concat());
        let mut inner = Vec::from(*b"\0asm\x0d\0\x01\0");
        inner.push(ComponentSectionId::CoreModule.into());
        core.as_slice().encode(&mut inner);
        let inner = with(inner, &[".debug_str", "component-name"]);
        let mut outer = Vec::from(*b"\0asm\x0d\0\x01\0");
        outer.push(ComponentSectionId::Component.into());
        inner.as_slice().encode(&mut outer);
        let outer = with(outer, &[".debug_line", "producers"]);

        let stripped = strip(&outer).unwrap();
        // The module comes with names.
        let all = [&["name"], &kept[..], &["component-name", "producers"]].concat();
        assert_eq!(customs(&stripped), all);
        assert!(
            outer.len() - stripped.len() > 800,
            "{} {}",
            outer.len(),
            stripped.len()
        );
        assert_eq!(strip(&stripped).unwrap(), stripped);
    }

    #[test]
    fn a_stripped_component_is_the_same_to_whoever_reads_it() {
        let component = fixtures::instance();
        let stripped = strip(&component).unwrap();
        Preflight::validate(&stripped).unwrap();
        let (before, mut after) = (
            Preflight::of(&component).unwrap(),
            Preflight::of(&stripped).unwrap(),
        );
        after.bytes = before.bytes;
        assert_eq!(after, before);
    }

    #[test]
    fn a_module_after_a_nested_one_goes_where_it_was() {
        let component = assemble(
            r#"(component (component (core module)) (core module (func (export "f"))) (component))"#,
        );
        assert_eq!(strip(&component).unwrap(), component);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let component = fixtures::tool();
        let error = strip(&component[..component.len() / 2]).unwrap_err();
        assert!(
            matches!(
                error,
                PreflightError::Truncated { .. } | PreflightError::Broken { .. }
            ),
            "{error}"
        );
    }
}
