//! Packages for tests.

use std::fs;
use std::path::Path;

use super::Files;

/// A manifest with a component, `plugin.wasm`.
pub(super) const MANIFEST: &str = r#"schema_version = 1
id = "notes"
name = "Notes"
version = "1.0.0"
[runtime]
kind = "wasm-component"
component = "plugin.wasm"
world = "yoi:plugin/tool@1.0.0"
"#;

/// The package that the contract gives as an example, with a digest.
pub(super) fn golden() -> Files {
    let manifest = "schema_version = 1\nid = \"gold.one\"\nname = \"Gold\"\nversion = \"1.2.3\"\n";
    files(&[
        ("plugin.toml", manifest.as_bytes()),
        ("assets/a.txt", b"hello\n"),
        ("assets/empty.bin", b""),
        ("z.bin", &[0, 1, 2]),
    ])
}

pub(super) fn files(all: &[(&str, &[u8])]) -> Files {
    let mut files = Files::new();
    for (path, content) in all {
        files.insert(*path, *content).unwrap();
    }
    files
}

/// Files with [`MANIFEST`] and its component among them.
pub(super) fn with_manifest(all: &[(&str, &[u8])]) -> Files {
    let mut files = files(&[("plugin.toml", MANIFEST.as_bytes()), ("plugin.wasm", b"\0asm")]);
    for (path, content) in all {
        files.insert(*path, *content).unwrap();
    }
    files
}

/// Write files into a folder.
pub(super) fn unpack(files: &Files, into: &Path) {
    for (path, content) in files.iter() {
        let path = into.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}
