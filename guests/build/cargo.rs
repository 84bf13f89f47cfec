//! Building for WebAssembly from a build script: the build that `cargo build --release --target wasm32-wasip2`
//! would do by hand in that folder, in the same target directory. Neither makes the other start over.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

pub(crate) const TARGET: &str = "wasm32-wasip2";

/// Adds the target to the toolchain if it is not there: rustup may be told not to fetch what the toolchain file
/// asks for.
pub(crate) fn ensure_target() -> Result<(), String> {
    if target_is_installed() {
        return Ok(());
    }
    let added = Command::new("rustup").args(["target", "add", TARGET]).status();
    match added {
        Ok(status) if status.success() && target_is_installed() => Ok(()),
        _ => Err(format!(
            "what is built for WebAssembly needs the target {TARGET}, which this toolchain does not have; \
             install it with\n    rustup target add {TARGET}"
        )),
    }
}

fn target_is_installed() -> bool {
    let output = Command::new(var("RUSTC"))
        .args(["--print", "target-libdir", "--target", TARGET])
        .stderr(Stdio::inherit())
        .output();
    output.is_ok_and(|output| {
        output.status.success()
            && str::from_utf8(&output.stdout).is_ok_and(|path| Path::new(path.trim()).is_dir())
    })
}

/// Builds the workspace or package in `folder`, in its own target directory: `what` of it, or all that is no example.
pub(crate) fn build_components(folder: &Path, what: &[&str]) -> Result<(), String> {
    let manifest = folder.join("Cargo.toml");
    let mut cargo = Command::new(var("CARGO"));
    cargo
        .args(["build", "--release", "--target", TARGET, "--manifest-path"])
        .arg(&manifest)
        .args(what);
    cargo.arg("--target-dir").arg(folder.join("target"));
    if folder.join("Cargo.lock").is_file() {
        cargo.arg("--locked");
    }
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(belongs_to_outer_build) {
            cargo.env_remove(name);
        }
    }
    // What a build script prints there is meant for cargo.
    cargo.stdout(Stdio::null());

    let status = cargo
        .status()
        .map_err(|error| format!("failed to run cargo: {error}"))?;
    if status.success() {
        return Ok(());
    }
    Err(format!(
        "failed to build {} ({status}); for more, or if their Cargo.lock is out of date, run\n    \
         cargo build --release --target {TARGET} --manifest-path {}",
        folder.display(),
        manifest.display()
    ))
}

/// Whether a variable describes the build that this script is part of: flags, wrappers (clippy is one) and
/// profiles for other code, and where that goes.
fn belongs_to_outer_build(name: &str) -> bool {
    const NAMES: [&str; 6] = [
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_INCREMENTAL",
        "CARGO_TARGET_DIR",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "RUSTFLAGS",
    ];
    const PREFIXES: [&str; 6] = [
        "CARGO_BUILD_",
        "CARGO_CFG_",
        "CARGO_FEATURE_",
        "CARGO_MANIFEST_",
        "CARGO_PKG_",
        "CARGO_PROFILE_",
    ];
    NAMES.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        || (name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS"))
}

pub(crate) fn var(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
