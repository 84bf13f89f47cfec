//! `yoikit plugin`: a plugin from its first line to its archive.
//!
//! - `project`: how one begins, and all of its way
//! - `build`, `check`, `archive`: one command each

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::run::{HOUSE, Ran, VARIES, yoikit, yoikit_with_env};

/// What of these commands differs from build to build and from place to place, beside all else.
const MORE: [(&str, &str); 4] = [
    (r"sha256:[0-9a-f]{64}", "sha256:[…]"),
    (r"[\d.]+ (B|KiB|MiB)(\)| smaller)", "[SIZE]$2"),
    (r"/\S*/(\w+\.yoi-plugin)", "[PLACE]/$1"),
    (r"\d{5,} bytes hold", "[N] bytes hold"),
];

macro_rules! assert_plugin {
    ($ran:expr, @$snapshot:literal) => {{
        let whole = $ran.whole();
        insta::with_settings!({ filters => [&VARIES[..], &MORE[..]].concat() }, {
            insta::assert_snapshot!(whole, @$snapshot);
        });
    }};
}

mod archive;
mod build;
mod check;
mod project;

/// A folder to work in. Projects in it are built by the toolchain of this repository, with crates that it has
/// fetched already, beside what the sample guests left.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let toolchain = Path::new(HOUSE).join("rust-toolchain.toml");
        fs::copy(toolchain, place.path().join("rust-toolchain.toml")).unwrap();
        Self(place)
    }

    /// With a project in it, from a template.
    fn with(template: &str, name: &str) -> Self {
        let place = Self::new();
        let ran = place.run(&["plugin", "new", template, name]);
        assert_eq!(ran.status, 0, "{}", ran.whole());
        place.lock(name);
        place
    }

    /// Give a project the versions that the sample guests have.
    fn lock(&self, name: &str) {
        let lock = Path::new(HOUSE).join("guests/rust/Cargo.lock");
        fs::copy(lock, self.path(name).join("Cargo.lock")).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, words: &[&str]) -> Ran {
        yoikit_with_env(self.0.path(), words, &Self::env())
    }

    /// A build, without what cargo says while it works.
    fn build(&self, words: &[&str]) -> Ran {
        let mut ran = self.run(&[&["plugin", "build"], words].concat());
        ran.stderr = ours(&ran.stderr);
        ran
    }

    /// Cargo itself, in a project.
    fn cargo(&self, project: &str, words: &[&str]) {
        let output = Command::new("cargo")
            .args(words)
            .current_dir(self.path(project))
            .envs(Self::env())
            .env_remove("RUSTUP_TOOLCHAIN")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn env() -> [(&'static str, &'static OsStr); 2] {
        const TARGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guests/rust/target");
        [
            ("CARGO_TARGET_DIR", OsStr::new(TARGET)),
            ("CARGO_NET_OFFLINE", OsStr::new("true")),
        ]
    }

    fn edit(&self, file: &str, old: &str, new: &str) {
        let file = self.path(file);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(old), "{text}");
        fs::write(&file, text.replace(old, new)).unwrap();
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.path(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// What is ours on standard error: cargo begins each line with a verb, at the right of twelve columns.
fn ours(stderr: &str) -> String {
    let is_cargos = |line: &str| {
        let verb = line.trim_start();
        line.len() - verb.len() >= 3 && verb.starts_with(|c: char| c.is_ascii_uppercase())
    };
    let ours = stderr.lines().filter(|line| !is_cargos(line));
    ours.map(|line| format!("{line}\n")).collect()
}

/// The sample `notes`, which asks for files, as an author has it after a build.
fn notes() -> Place {
    let place = Place::new();
    fs::create_dir(place.path("notes")).unwrap();
    for file in ["plugin.toml", "notes.wasm"] {
        fs::copy(
            yoi_guests::NOTES.package().join(file),
            place.path("notes").join(file),
        )
        .unwrap();
    }
    place
}

fn holds(schema: &str, report: &Value) {
    let schema: Value = serde_json::from_str(&yoikit(Path::new("/"), &["schema", schema]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<_> = validator
        .iter_errors(report)
        .map(|error| error.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
}
