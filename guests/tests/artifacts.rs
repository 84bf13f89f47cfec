//! What the build has to deliver. How the guests behave is the matter of those who run them.

use std::fs;

use wasmparser::{Encoding, Parser, Payload};
use yoi_guests::{Guest, all, for_each_guest};

/// What a component of wasm begins with: the magic, the version of the format, the layer.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

macro_rules! has_a_test {
    ($guest:ident) => {
        const _: fn() = $guest;
    };
}
for_each_guest!(has_a_test);

#[test]
fn caller() {
    let imports = imports(yoi_guests::CALLER);
    assert_eq!(
        imports,
        [
            "yoi:host/request@1.0.0",
            "yoi:host/websocket@1.0.0",
            "yoi:host/fs@1.0.0"
        ]
    );
}

#[test]
fn chatbot() {
    assert_eq!(imports(yoi_guests::CHATBOT), [""; 0]);
}

#[test]
fn counter() {
    assert_eq!(imports(yoi_guests::COUNTER), [""; 0]);
}

#[test]
fn echo() {
    assert_eq!(imports(yoi_guests::ECHO), [""; 0]);
}

#[test]
fn fetch() {
    assert_eq!(imports(yoi_guests::FETCH), ["yoi:host/request@1.0.0"]);
}

#[test]
fn hostile() {
    assert_eq!(imports(yoi_guests::HOSTILE), [""; 0]);
}

#[test]
fn notes() {
    assert_eq!(imports(yoi_guests::NOTES), ["yoi:host/fs@1.0.0"]);
}

#[test]
fn socket() {
    assert_eq!(imports(yoi_guests::SOCKET), ["yoi:host/websocket@1.0.0"]);
}

#[test]
fn std_rich() {
    let imports = imports(yoi_guests::STD_RICH);
    assert!(
        imports.iter().any(|name| name.starts_with("wasi:random/"))
            && imports.iter().any(|name| name.starts_with("wasi:clocks/")),
        "{imports:?}"
    );
}

#[test]
fn all_are_components_of_a_reasonable_size() {
    for guest in all() {
        let bytes = component(*guest);
        assert!(bytes.starts_with(COMPONENT), "{} is no component", guest.name());
        // The smallest plausible guest, and twice the largest of today.
        assert!(
            (20_000..350_000).contains(&bytes.len()),
            "{}: {} bytes",
            guest.name(),
            bytes.len()
        );
    }
}

#[test]
fn a_package_holds_a_manifest_and_the_component_it_names() {
    for guest in all() {
        let mut files: Vec<_> = fs::read_dir(guest.package())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let component = format!("{}.wasm", guest.name());
        let manifest = fs::read_to_string(guest.package().join("plugin.toml")).unwrap();

        assert!(
            manifest.contains(&format!("component = {component:?}\n")),
            "{}",
            guest.name()
        );
        let mut expected = [component, "plugin.toml".to_owned()];
        expected.sort();
        assert_eq!(files, expected);
    }
}

/// A host finds the log by looking for its magic.
#[test]
fn the_magic_of_the_log_occurs_once() {
    for guest in all() {
        let bytes = component(*guest);
        let magic = b"yoi-guest-log/1\0";
        let count = bytes
            .windows(magic.len())
            .filter(|window| window == magic)
            .count();
        assert_eq!(count, 1, "{}", guest.name());
    }
}

fn component(guest: Guest) -> Vec<u8> {
    fs::read(guest.component()).unwrap()
}

/// The names of what the component itself imports, in its order.
fn imports(guest: Guest) -> Vec<String> {
    let bytes = component(guest);
    let mut depth = 0;
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.unwrap() {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::Version { encoding, .. } if depth == 0 => {
                assert_eq!(encoding, Encoding::Component);
            }
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
