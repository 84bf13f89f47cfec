//! The fuzzer's seeds, and what becomes of each.

#[path = "../../fuzz/properties.rs"]
#[expect(unreachable_pub, reason = "it is a crate of its own for the fuzzer")]
mod properties;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use yoi_host::Profile;
use yoi_host::authority::Manifest;
use yoi_host::package::archive;

/// The names and contents of a folder's seeds, in order.
fn seeds(of: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fuzz/corpus")
        .join(of);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        // What a fuzzer found lies there as well, under names without an ending.
        .filter(|path| path.extension().is_some())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, fs::read(path).unwrap())
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn every_archive_is_read_or_refused() {
    let mut all = String::new();
    for (name, bytes) in seeds("archive") {
        properties::archive(&bytes);
        let said = Profile::ALL.map(|profile| match archive::read(&bytes, profile) {
            Ok(files) => format!("{} files", files.len()),
            Err(fault) => fault.code().to_owned(),
        });
        let _ = writeln!(all, "{name}: {}", said.join(", "));
    }
    insta::assert_snapshot!(all, @"
    cut.zip: no_end, no_end
    damaged.zip: damaged, 1 files
    empty.zip: 0 files, 0 files
    infozip_recursive.zip: 3 files, escapes
    infozip_stored.zip: 3 files, 3 files
    infozip_streamed.zip: 3 files, 3 files
    overlap.zip: overlaps, 2 files
    prefixed.zip: central_malformed, central_malformed
    python_comment.zip: 2 files, 2 files
    python_deflated.zip: compressed, compressed
    python_folders.zip: 2 files, escapes
    python_link.zip: symlink, symlink
    python_names.zip: 3 files, 3 files
    python_stored.zip: 2 files, 2 files
    python_streamed.zip: 2 files, 2 files
    python_twice.zip: duplicate, duplicate
    python_zip64.zip: zip64, 1 files
    traversal.zip: escapes, escapes
    yoi_packer.zip: 4 files, 4 files
    ");
}

#[test]
fn every_manifest_is_read_or_refused() {
    let mut all = String::new();
    for (name, bytes) in seeds("manifest") {
        properties::manifest(&bytes);
        let said = match Manifest::parse_bytes(Some(&bytes), None) {
            Ok(manifest) => format!("read, {} remarks", manifest.remarks().len()),
            Err(faults) => format!("{} faults, the first: {}", faults.list().len(), faults.list()[0]),
        };
        let _ = writeln!(all, "{name}: {said}");
    }
    insta::assert_snapshot!(all, @"
    controls.toml: 1 faults, the first: `surfaces[0]` cannot be ` é語`: choose hook, tool, service, ingress, wasm
    deep.toml: read, 2 remarks
    empty.toml: 4 faults, the first: `schema_version` is missing
    long_key.toml: 1 faults, the first: not valid TOML: recursion limit
    mark.toml: read, 0 remarks
    no_toml.toml: 3 faults, the first: not valid TOML: unclosed table, expected `]`
    not_text.toml: 1 faults, the first: plugin.toml is not valid UTF-8
    numbers.toml: 3 faults, the first: `tools[0].input_schema` must be a value that JSON has, not a table
    smallest.toml: read, 0 remarks
    unknown_fields.toml: 5 faults, the first: unknown field `hooks[0].q`
    whole.toml: read, 0 remarks
    wrong_types.toml: 8 faults, the first: `id` must be a string, not 1
    ");
}
