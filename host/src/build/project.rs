//! Building a Cargo project into a plugin's component.

use std::path::{Path, PathBuf};

use super::cargo::{self, Artifact, CargoError};
use super::componentize::{Built, MakeError, make};
use crate::limits::COMPONENT_BYTES;

/// A project that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltProject {
    /// The package's name.
    pub package: String,
    /// What cargo made, as it lies in the project's target folder: it may still import WASI.
    pub artifact: PathBuf,
    /// The component, without WASI.
    pub bytes: Vec<u8>,
    /// The interfaces of WASI that were replaced.
    pub denied: Vec<String>,
}

/// Why a project was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no project.
    #[error("there is no Cargo.toml in {}", .0.display())]
    NoManifest(PathBuf),
    /// Cargo did not build it.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// The package is no library of the right kind.
    #[error("the package in {} makes no component: it is no `cdylib`", .0.display())]
    NotCdylib(PathBuf),
    /// There are several packages, each with a component.
    #[error("{} makes several components: {}", dir.display(), packages.join(", "))]
    Several {
        /// The project's folder.
        dir: PathBuf,
        /// The packages.
        packages: Vec<String>,
    },
    /// What cargo made cannot be read.
    #[error("reading {}: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// What cargo made is larger than any component may be.
    #[error("{} has {bytes} bytes, {COMPONENT_BYTES} are allowed", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// What cargo made is no component, or one from which WASI cannot be taken.
    #[error("{}: {error}", path.display())]
    Make {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        error: MakeError,
    },
}

impl BuildError {
    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NotCdylib(_) => Some("add to its Cargo.toml:\n\n[lib]\ncrate-type = [\"cdylib\"]"),
            Self::Several { .. } => Some("name the folder of one of them"),
            Self::TooLarge { .. } => Some("build with `opt-level = \"s\"`, `lto = true` and `strip = true`"),
            Self::Make { error, .. } => error.advice(),
            _ => None,
        }
    }
}

/// Builds the Cargo project in a folder for `wasm32-wasip2` in release mode, and takes WASI from the result.
///
/// Cargo decides everything about the build: the toolchain, the target folder, the workspace. Its progress
/// and its errors go to standard error while it works. The Rust target is added if it is missing and rustup
/// is there.
///
/// # Errors
///
/// If there is no project, cargo cannot build it, or the result is not one component.
pub fn build_project(dir: &Path) -> Result<BuiltProject, BuildError> {
    let no_manifest = || BuildError::NoManifest(dir.to_owned());
    let manifest = dir.join("Cargo.toml").canonicalize().map_err(|_| no_manifest())?;
    let home = manifest.parent().ok_or_else(no_manifest)?;
    let artifacts = cargo::build(&manifest, home)?;
    let (package, artifact) = choose(artifacts, &manifest, dir)?;

    let read = |error| BuildError::Read { path: artifact.clone(), error };
    let bytes = std::fs::metadata(&artifact).map_err(read)?.len();
    if bytes > COMPONENT_BYTES {
        return Err(BuildError::TooLarge { path: artifact, bytes });
    }
    let built = std::fs::read(&artifact).map_err(read)?;
    let Built { bytes, denied } =
        make(&built).map_err(|error| BuildError::Make { path: artifact.clone(), error })?;
    Ok(BuiltProject { package, artifact, bytes, denied })
}

/// The component among all that was built: that of the project's own package, or, if the folder is only the
/// root of a workspace, the single one of its members.
fn choose(
    artifacts: Vec<Artifact>,
    manifest: &Path,
    dir: &Path,
) -> Result<(String, PathBuf), BuildError> {
    let is_own = |artifact: &Artifact| artifact.manifest == manifest;
    let has_own_package = artifacts.iter().any(is_own);
    let mut components = artifacts
        .into_iter()
        .filter(|artifact| artifact.is_cdylib && (is_own(artifact) || !has_own_package))
        .filter_map(|artifact| Some((artifact.package, artifact.wasm?)));
    let Some(first) = components.next() else { return Err(BuildError::NotCdylib(dir.to_owned())) };
    let mut packages = vec![first.0.clone()];
    packages.extend(components.map(|(package, _)| package));
    match packages.len() {
        1 => Ok(first),
        _ => Err(BuildError::Several { dir: dir.to_owned(), packages }),
    }
}
