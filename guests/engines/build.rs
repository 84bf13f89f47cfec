//! Builds the engines, and names them for the library.
//!
//! Monty takes some minutes of a processor to compile and changes seldom. So what was built is kept among the
//! user's other compiled code, under a name that follows from everything it is made of, and a second checkout or a
//! cleaned one takes it from there. Where there is no such folder it is only built.

#[path = "../build/cargo.rs"]
mod cargo;

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::SystemTime;

use cargo::{TARGET, build_components, ensure_target, var};

/// Components that are kept, of all sources that there were. A change of branch goes back to one of the last.
const KEPT: usize = 8;

/// How their names begin.
const PREFIX: &str = "ptc-monty-";

fn main() -> ExitCode {
    match build() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            for line in message.lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<(), String> {
    let here = PathBuf::from(var("CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(var("OUT_DIR")).join("monty.wasm");
    let monty = here.join("monty");
    let sources = sources(&here, &monty)?;
    for path in [here.join("build.rs"), here.join("../build")] {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    for path in &sources {
        println!("cargo::rerun-if-changed={}", path.display());
    }
    println!("cargo::rustc-env=YOI_ENGINE_MONTY={}", out.display());

    let kept = kept_as(&sources)?;
    if let Some(kept) = &kept
        && fs::copy(kept, &out).is_ok()
    {
        return Ok(());
    }
    ensure_target()?;
    build_components(&monty, &[])?;
    let built = monty.join("target").join(TARGET).join("release/ptc_monty.wasm");
    fs::copy(&built, &out).map_err(failed("copy", &built))?;
    if let Some(kept) = kept {
        // To keep it is a convenience.
        let _ = keep(&built, &kept);
    }
    Ok(())
}

/// Everything that the engine is made of, in order.
fn sources(here: &Path, monty: &Path) -> Result<Vec<PathBuf>, String> {
    let mut sources = vec![monty.join("Cargo.toml"), monty.join("Cargo.lock")];
    for folder in [monty.join("src"), here.join("../../wit/ptc")] {
        for entry in fs::read_dir(&folder).map_err(failed("list", &folder))? {
            sources.push(entry.map_err(failed("list", &folder))?.path());
        }
    }
    sources.sort();
    Ok(sources)
}

/// Where the component of these sources and this compiler is kept, if anywhere.
fn kept_as(sources: &[PathBuf]) -> Result<Option<PathBuf>, String> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    let Some(cache) = cache else { return Ok(None) };
    let mut hash = DefaultHasher::new();
    for source in sources {
        fs::read(source).map_err(failed("read", source))?.hash(&mut hash);
    }
    let compiler = Command::new(var("RUSTC"))
        .arg("-vV")
        .output()
        .map_err(|error| format!("failed to ask the compiler for its version: {error}"))?;
    compiler.stdout.hash(&mut hash);
    let name = format!("{PREFIX}{:016x}.wasm", hash.finish());
    Ok(Some(cache.join("yoikit").join("engines").join(name)))
}

/// Whole, or not at all: another build may look for it now.
fn keep(built: &Path, kept: &Path) -> io::Result<()> {
    let folder = kept.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(folder)?;
    let aside = kept.with_extension(format!("{}.part", std::process::id()));
    fs::copy(built, &aside)?;
    fs::rename(&aside, kept)?;
    let mut all: Vec<(SystemTime, PathBuf)> = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Others keep theirs here too.
        if !entry.file_name().to_string_lossy().starts_with(PREFIX) {
            continue;
        }
        all.push((entry.metadata()?.modified()?, entry.path()));
    }
    all.sort();
    for (_, path) in all.iter().rev().skip(KEPT) {
        fs::remove_file(path)?;
    }
    Ok(())
}

fn failed(what: &str, path: &Path) -> impl FnOnce(io::Error) -> String {
    let context = format!("failed to {what} {}", path.display());
    move |error| format!("{context}: {error}")
}
