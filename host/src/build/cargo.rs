//! Running cargo and rustup, and reading what cargo says.
//!
//! This file knows processes and cargo's messages. It must not know what becomes of an artifact.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::wire::child::tie;

/// The target that plugins are built for.
pub(super) const TARGET: &str = "wasm32-wasip2";

/// Why cargo did not build.
#[derive(Debug, thiserror::Error)]
pub enum CargoError {
    /// There is no cargo.
    #[error("`cargo` was not found; it comes with Rust, from https://rustup.rs")]
    Missing,
    /// The Rust target is not installed and could not be added.
    #[error("the Rust target {TARGET} is not installed ({reason}); run `rustup target add {TARGET}`")]
    TargetMissing {
        /// Why it was not added.
        reason: String,
    },
    /// A program could not be started or read from.
    #[error("running `{program}`: {error}")]
    Run {
        /// The program.
        program: &'static str,
        /// What the system says.
        error: std::io::Error,
    },
    /// Cargo ended with an error, which it has told itself.
    #[error("`{command}` ended with {status}")]
    Failed {
        /// What was run.
        command: &'static str,
        /// How it ended.
        status: ExitStatus,
    },
}

/// Which program builds a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Builder {
    /// Cargo.
    Cargo,
    /// The cargo subcommand `cargo component`, for which the project was made.
    CargoComponent,
    /// Cargo, though the project was made for `cargo component`, which is not installed.
    CargoInstead,
    /// `componentize-qjs`, for JavaScript.
    ComponentizeQjs,
    /// `componentize-py`, for Python.
    ComponentizePy,
}

/// How far a build goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Cargo's profile `release`: what is handed on.
    #[default]
    Release,
    /// Cargo's profile `dev`: there sooner, and many times as large.
    Dev,
}

/// Something that cargo built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Artifact {
    /// The package's name.
    pub(super) package: String,
    /// Its `Cargo.toml`.
    pub(super) manifest: PathBuf,
    /// Whether it is a library for programs in other languages: the one kind that makes a component of
    /// functions.
    pub(super) is_cdylib: bool,
    /// The `.wasm` file, if there is one.
    pub(super) wasm: Option<PathBuf>,
}

/// The program for a project that was made for `cargo component`: that, where it is installed.
pub(super) fn component_builder(dir: &Path) -> Builder {
    let asked = outside_cargo("cargo", dir)
        .args(["component", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match asked {
        Ok(status) if status.success() => Builder::CargoComponent,
        _ => Builder::CargoInstead,
    }
}

/// Builds a package for [`TARGET`]. Cargo's own words go to standard error as they come.
pub(super) fn build(
    manifest: &Path,
    dir: &Path,
    builder: Builder,
    mode: Mode,
) -> Result<Vec<Artifact>, CargoError> {
    add_target(dir)?;
    let mut command = outside_cargo("cargo", dir);
    if builder == Builder::CargoComponent {
        command.arg("component");
    }
    command.arg("build");
    if mode == Mode::Release {
        command.arg("--release");
    }
    let mut child = command
        .args(["--target", TARGET, "--message-format=json-render-diagnostics"])
        .arg("--manifest-path")
        .arg(manifest)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => CargoError::Missing,
            _ => CargoError::Run {
                program: "cargo",
                error,
            },
        })?;
    let mut artifacts = Vec::new();
    let mut broken = None;
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).split(b'\n') {
            match line {
                Ok(line) => artifacts.extend(artifact(&line)),
                Err(error) => {
                    broken = Some(error);
                    break;
                }
            }
        }
    }
    let status = child.wait().map_err(|error| CargoError::Run {
        program: "cargo",
        error,
    })?;
    if !status.success() {
        let command = match builder {
            Builder::CargoComponent => "cargo component build",
            _ => "cargo build",
        };
        return Err(CargoError::Failed { command, status });
    }
    match broken {
        Some(error) => Err(CargoError::Run {
            program: "cargo",
            error,
        }),
        None => Ok(artifacts),
    }
}

impl Artifact {
    /// Whether it was built for [`TARGET`]. `cargo component` may build for its own target besides.
    pub(super) fn is_for_target(&self) -> bool {
        let file = self.wasm.as_deref();
        file.is_none_or(|file| file.iter().any(|part| part == TARGET))
    }
}

/// Sees to it that the target is there, for the toolchain that the project's folder chooses.
fn add_target(dir: &Path) -> Result<(), CargoError> {
    let libraries = outside_cargo("rustc", dir)
        .args(["--print", "target-libdir", "--target", TARGET])
        .stderr(Stdio::null())
        .output();
    let installed = match libraries {
        Ok(output) if output.status.success() => {
            Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
        }
        // Whatever is wrong with the toolchain, cargo will say it better.
        _ => true,
    };
    if installed {
        return Ok(());
    }
    // What rustup prints on standard output belongs beside cargo's progress, not into ours.
    let added = outside_cargo("rustup", dir)
        .args(["target", "add", TARGET])
        .stdout(std::io::stderr())
        .status();
    match added {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(CargoError::TargetMissing {
            reason: format!("rustup ended with {status}"),
        }),
        Err(error) => Err(CargoError::TargetMissing {
            reason: format!("rustup: {error}"),
        }),
    }
}

/// A program as the user would start it in a folder, even if this process runs below another cargo. A build that
/// nobody waits for any more does not go on.
fn outside_cargo(program: &str, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir).stdin(Stdio::null());
    tie(&mut command);
    // The variable is set by cargo for whatever it runs.
    let below_cargo = std::env::var_os("CARGO").is_some();
    let names: Vec<OsString> = std::env::vars_os().map(|(name, _)| name).collect();
    for name in names {
        if below_cargo && name.to_str().is_some_and(is_of_surrounding_cargo) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether a variable is one that cargo or rustup set for the programs they run. What a user sets to shape a
/// build stays: `CARGO_TARGET_DIR`, `RUSTFLAGS`, `CARGO_PROFILE_*`, `CARGO_HOME` and the like.
fn is_of_surrounding_cargo(name: &str) -> bool {
    const NAMES: [&str; 22] = [
        "CARGO",
        "CARGO_BIN_NAME",
        "CARGO_CRATE_NAME",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_MAKEFLAGS",
        "CARGO_MANIFEST_DIR",
        "CARGO_MANIFEST_LINKS",
        "CARGO_MANIFEST_PATH",
        "CARGO_PRIMARY_PACKAGE",
        "CARGO_TARGET_TMPDIR",
        "DEBUG",
        "HOST",
        "NUM_JOBS",
        "OPT_LEVEL",
        "OUT_DIR",
        "PROFILE",
        "RUSTC",
        "RUSTC_LINKER",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTDOC",
        // Chosen for the surrounding project; this one may choose another.
        "RUSTUP_TOOLCHAIN",
        "TARGET",
    ];
    const PREFIXES: [&str; 5] = [
        "CARGO_BIN_EXE_",
        "CARGO_CFG_",
        "CARGO_FEATURE_",
        "CARGO_PKG_",
        "DEP_",
    ];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
    manifest_path: Option<PathBuf>,
    target: Option<MessageTarget>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct MessageTarget {
    #[serde(default)]
    crate_types: Vec<String>,
    #[serde(default)]
    kind: Vec<String>,
}

/// The artifact in one line of cargo's messages. A build script may print lines of its own among them.
fn artifact(line: &[u8]) -> Option<Artifact> {
    let message: Message = serde_json::from_slice(line).ok()?;
    let target = message.target?;
    let is_product = !target
        .kind
        .iter()
        .any(|kind| kind == "custom-build" || kind == "proc-macro");
    if message.reason != "compiler-artifact" || !is_product {
        return None;
    }
    Some(Artifact {
        package: package_name(&message.package_id?)?,
        manifest: message.manifest_path?,
        is_cdylib: target.crate_types.iter().any(|kind| kind == "cdylib"),
        wasm: message
            .filenames
            .into_iter()
            .find(|file| file.extension().is_some_and(|kind| kind == "wasm")),
    })
}

/// The name in a package id: `path+file:///dir/name#1.0.0`, or `…/dir#name@1.0.0` where the folder has another
/// name. Before cargo 1.77 it was `name 1.0.0 (path+file:///dir)`.
fn package_name(id: &str) -> Option<String> {
    if let Some((name, _)) = id.split_once(' ') {
        return Some(name.to_owned());
    }
    let (source, fragment) = id.rsplit_once('#')?;
    if let Some((name, _)) = fragment.rsplit_once('@') {
        return Some(name.to_owned());
    }
    let path = source.split('?').next().unwrap_or(source);
    path.rsplit('/')
        .next()
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_artifact_is_read_from_cargos_message() {
        let line = br#"{"reason":"compiler-artifact","package_id":"path+file:///p/hello#0.1.0",
            "manifest_path":"/p/hello/Cargo.toml","target":{"kind":["cdylib"],"crate_types":["cdylib"],
            "name":"hello","src_path":"/p/hello/src/lib.rs"},"filenames":["/t/hello.d","/t/hello.wasm"],"fresh":true}"#;
        let expected = Artifact {
            package: "hello".to_owned(),
            manifest: "/p/hello/Cargo.toml".into(),
            is_cdylib: true,
            wasm: Some("/t/hello.wasm".into()),
        };
        assert_eq!(artifact(line), Some(expected));
    }

    #[test]
    fn what_was_built_for_another_target_is_told_apart() {
        let built = |file: &str| Artifact {
            package: "hello".to_owned(),
            manifest: "/p/Cargo.toml".into(),
            is_cdylib: true,
            wasm: Some(file.into()),
        };
        assert!(built("/t/wasm32-wasip2/release/hello.wasm").is_for_target());
        assert!(!built("/t/wasm32-wasip1/release/hello.wasm").is_for_target());
    }

    #[test]
    fn other_messages_and_lines_are_passed_over() {
        assert_eq!(artifact(br#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(artifact(b"a line of a build script"), None);
        assert_eq!(artifact(b""), None);
        let build_script = br#"{"reason":"compiler-artifact","package_id":"path+file:///p/hello#0.1.0",
            "manifest_path":"/p/hello/Cargo.toml","target":{"kind":["custom-build"],"crate_types":["bin"]},
            "filenames":["/t/build"]}"#;
        assert_eq!(artifact(build_script), None);
    }

    #[test]
    fn a_package_id_of_any_age_has_a_name() {
        let name = |id| package_name(id).unwrap();
        assert_eq!(name("path+file:///p/hello#0.1.0"), "hello");
        assert_eq!(name("path+file:///p/folder#hello@0.1.0"), "hello");
        assert_eq!(
            name("registry+https://github.com/rust-lang/crates.io-index#serde@1.0.0"),
            "serde"
        );
        assert_eq!(name("git+https://example.org/hello?branch=main#0.1.0"), "hello");
        assert_eq!(name("hello 0.1.0 (path+file:///p/hello)"), "hello");
    }

    #[test]
    fn what_a_surrounding_cargo_sets_is_told_from_what_a_user_sets() {
        for name in [
            "CARGO_MANIFEST_DIR",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_PKG_NAME",
            "RUSTUP_TOOLCHAIN",
        ] {
            assert!(is_of_surrounding_cargo(name), "{name}");
        }
        for name in [
            "CARGO_TARGET_DIR",
            "CARGO_HOME",
            "RUSTFLAGS",
            "RUSTC_WRAPPER",
            "CARGO_PROFILE_RELEASE_LTO",
        ] {
            assert!(!is_of_surrounding_cargo(name), "{name}");
        }
    }

    #[test]
    fn a_missing_target_names_the_command_that_adds_it() {
        let error = CargoError::TargetMissing {
            reason: "rustup ended with exit status: 1".to_owned(),
        };
        insta::assert_snapshot!(error, @"the Rust target wasm32-wasip2 is not installed (rustup ended with exit status: 1); run `rustup target add wasm32-wasip2`");
        insta::assert_snapshot!(CargoError::Missing, @"`cargo` was not found; it comes with Rust, from https://rustup.rs");
    }
}
