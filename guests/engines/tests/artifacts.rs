//! What the build has to deliver. How an engine behaves is the matter of those who run it.

use wasmparser::{Parser, Payload};

/// The names of what a component itself imports.
fn imports(component: &[u8]) -> Vec<String> {
    let mut depth = 0;
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    names.push(import.unwrap().name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    names
}

#[test]
fn monty_asks_for_its_host_and_of_wasi_for_random_numbers_alone() {
    let interfaces = imports(yoi_engines::MONTY)
        .into_iter()
        .filter(|name| name.contains(':'));
    for import in interfaces {
        assert!(
            import.starts_with("yoi:ptc/") || import.starts_with("wasi:random/"),
            "{import}"
        );
    }
}

#[test]
fn monty_has_a_reasonable_size() {
    // What it has today, and half as much again.
    let bytes = yoi_engines::MONTY.len();
    assert!((3_000_000..10_000_000).contains(&bytes), "{bytes} bytes");
}
