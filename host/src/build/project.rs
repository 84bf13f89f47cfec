//! Building a Cargo project into a plugin's component.

use std::fs;
use std::path::{Path, PathBuf};

use ignore::DirEntry;

use super::cargo::{self, Artifact, Builder, CargoError, Mode};
use super::componentize::{Built, MakeError, make};
use super::script::{self, Script, ScriptError};
use crate::authored;
use crate::authority::Manifest;
use crate::limits::COMPONENT_BYTES;

/// A project that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltProject {
    /// The package's name.
    pub package: String,
    /// What built it.
    pub builder: Builder,
    /// What cargo made, as it lies in the project's target folder: it may still import WASI. Other builders leave
    /// nothing behind.
    pub artifact: Option<PathBuf>,
    /// Its size in bytes.
    pub artifact_bytes: usize,
    /// The component, without WASI.
    pub bytes: Vec<u8>,
    /// The interfaces of WASI that were replaced.
    pub denied: Vec<String>,
}

/// Why a project was not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// There is no project.
    #[error(
        "there is no project in {}: no Cargo.toml, no package.json that asks for `componentize-qjs`, no \
         requirements.txt that asks for `componentize-py`",
        .0.display()
    )]
    NoManifest(PathBuf),
    /// Cargo did not build it.
    #[error(transparent)]
    Cargo(#[from] CargoError),
    /// The tool for its language did not build it.
    #[error(transparent)]
    Script(#[from] ScriptError),
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

/// Whether a folder holds a project that [`build_plugin`] could build.
#[must_use]
pub fn is_project(dir: &Path) -> bool {
    is_cargo(dir) || Script::of(dir).is_some()
}

/// Whether the component that a project's last build left is what another would make, give or take: nothing that
/// its author wrote is younger. Cargo knows that better itself, and is always asked.
#[must_use]
pub fn is_up_to_date(dir: &Path, component: &Path) -> bool {
    !is_cargo(dir) && script::is_up_to_date(dir, component)
}

/// A source of a project that is younger than the component in its folder, if there is one: what the component
/// does is not what the sources say. A look at the times only, so a change that changes nothing counts as well.
#[must_use]
pub fn younger_source(dir: &Path, component: &Path) -> Option<PathBuf> {
    if !is_project(dir) {
        return None;
    }
    let age = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    let built = age(component)?;
    authored::walk(dir)
        .flatten()
        .map(DirEntry::into_path)
        .find(|path| {
            let within = path.strip_prefix(dir).unwrap_or(path);
            let is_code = path
                .extension()
                .is_some_and(|extension| SOURCES.iter().any(|source| extension == *source));
            (is_code || within == Path::new("Cargo.toml")) && age(path).is_some_and(|changed| changed > built)
        })
}

/// How the names of what a component is made of end.
const SOURCES: [&str; 4] = ["rs", "js", "mjs", "py"];

fn is_cargo(dir: &Path) -> bool {
    dir.join("Cargo.toml").is_file()
}

/// Builds the project of a plugin: with cargo where there is a `Cargo.toml`, with `componentize-qjs` or
/// `componentize-py` where a `package.json` or a `requirements.txt` asks for that. WASI is taken from the result.
///
/// The mode is cargo's affair alone.
///
/// # Errors
///
/// If there is no project, or its tool is missing or fails.
pub fn build_plugin(dir: &Path, manifest: &Manifest, mode: Mode) -> Result<BuiltProject, BuildError> {
    let script = match Script::of(dir) {
        Some(script) if !is_cargo(dir) => script,
        _ => return build_project(dir, mode),
    };
    let built = script.build(dir, manifest)?;
    if built.len() as u64 > COMPONENT_BYTES {
        return Err(BuildError::TooLarge {
            path: dir.to_owned(),
            bytes: built.len() as u64,
        });
    }
    let Built { bytes, denied } = make(&built).map_err(|error| BuildError::Make {
        path: dir.to_owned(),
        error,
    })?;
    Ok(BuiltProject {
        package: manifest.declared().id.clone(),
        builder: script.builder(),
        artifact: None,
        artifact_bytes: built.len(),
        bytes,
        denied,
    })
}

/// Builds the Cargo project in a folder for `wasm32-wasip2`, and takes WASI from the result.
///
/// A project that was made for `cargo component`, as `[package.metadata.component]` in its manifest says, is
/// built by that where it is installed, and by cargo where it is not.
///
/// Cargo decides everything about the build: the toolchain, the target folder, the workspace. Its progress
/// and its errors go to standard error while it works. The Rust target is added if it is missing and rustup
/// is there.
///
/// # Errors
///
/// If there is no project, cargo cannot build it, or the result is not one component.
pub fn build_project(dir: &Path, mode: Mode) -> Result<BuiltProject, BuildError> {
    let no_manifest = || BuildError::NoManifest(dir.to_owned());
    let manifest = dir.join("Cargo.toml").canonicalize().map_err(|_| no_manifest())?;
    let home = manifest.parent().ok_or_else(no_manifest)?;
    let builder = match is_for_cargo_component(&manifest) {
        true => cargo::component_builder(home),
        false => Builder::Cargo,
    };
    let mut artifacts = cargo::build(&manifest, home, builder, mode)?;
    artifacts.retain(Artifact::is_for_target);
    let (package, artifact) = choose(artifacts, &manifest, dir)?;

    let read = |error| BuildError::Read {
        path: artifact.clone(),
        error,
    };
    let bytes = fs::metadata(&artifact).map_err(read)?.len();
    if bytes > COMPONENT_BYTES {
        return Err(BuildError::TooLarge {
            path: artifact,
            bytes,
        });
    }
    let built = fs::read(&artifact).map_err(read)?;
    let Built { bytes, denied } = make(&built).map_err(|error| BuildError::Make {
        path: artifact.clone(),
        error,
    })?;
    Ok(BuiltProject {
        package,
        builder,
        artifact: Some(artifact),
        artifact_bytes: built.len(),
        bytes,
        denied,
    })
}

/// Whether a project's manifest has what `cargo component` reads. One that cannot be read is cargo's to refuse.
fn is_for_cargo_component(manifest: &Path) -> bool {
    let text = fs::read_to_string(manifest).unwrap_or_default();
    let Ok(manifest) = text.parse::<toml::Table>() else {
        return false;
    };
    let mut found = Some(&manifest);
    for key in ["package", "metadata", "component"] {
        found = found.and_then(|table| table.get(key)?.as_table());
    }
    found.is_some()
}

/// The component among all that was built: that of the project's own package, or, if the folder is only the
/// root of a workspace, the single one of its members.
fn choose(artifacts: Vec<Artifact>, manifest: &Path, dir: &Path) -> Result<(String, PathBuf), BuildError> {
    let is_own = |artifact: &Artifact| artifact.manifest == manifest;
    let has_own_package = artifacts.iter().any(is_own);
    let mut components = artifacts
        .into_iter()
        .filter(|artifact| artifact.is_cdylib && (is_own(artifact) || !has_own_package))
        .filter_map(|artifact| Some((artifact.package, artifact.wasm?)));
    let Some(first) = components.next() else {
        return Err(BuildError::NotCdylib(dir.to_owned()));
    };
    let mut packages = vec![first.0.clone()];
    packages.extend(components.map(|(package, _)| package));
    match packages.len() {
        1 => Ok(first),
        _ => Err(BuildError::Several {
            dir: dir.to_owned(),
            packages,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    fn built(package: &str, manifest: &str, is_cdylib: bool) -> Artifact {
        Artifact {
            package: package.to_owned(),
            manifest: manifest.into(),
            is_cdylib,
            wasm: is_cdylib.then(|| format!("/target/{package}.wasm").into()),
        }
    }

    #[test]
    fn a_source_that_was_changed_since_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let lay = |name: &str, seconds| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = fs::File::create(&path).unwrap();
            file.set_modified(at(seconds)).unwrap();
            path
        };
        let component = lay("plugin.wasm", 10);
        let source = lay("src/lib.rs", 20);
        lay("README.md", 20);
        assert_eq!(younger_source(folder.path(), &component), None, "no project");
        lay("Cargo.toml", 5);
        assert_eq!(younger_source(folder.path(), &component), Some(source));
        lay("src/lib.rs", 5);
        assert_eq!(younger_source(folder.path(), &component), None);
        assert_eq!(
            younger_source(folder.path(), &folder.path().join("none.wasm")),
            None
        );
    }

    fn chosen(artifacts: Vec<Artifact>) -> Result<String, String> {
        choose(artifacts, Path::new("/p/Cargo.toml"), Path::new("p"))
            .map(|(package, _)| package)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_projects_own_component_is_chosen_among_its_dependencies() {
        let artifacts = vec![
            built("other", "/o/Cargo.toml", true),
            built("own", "/p/Cargo.toml", true),
        ];
        assert_eq!(chosen(artifacts), Ok("own".to_owned()));
        let library = vec![
            built("other", "/o/Cargo.toml", true),
            built("own", "/p/Cargo.toml", false),
        ];
        insta::assert_snapshot!(chosen(library).unwrap_err(), @"the package in p makes no component: it is no `cdylib`");
    }

    #[test]
    fn the_root_of_a_workspace_stands_for_its_only_component() {
        let one = vec![
            built("library", "/l/Cargo.toml", false),
            built("one", "/p/one/Cargo.toml", true),
        ];
        assert_eq!(chosen(one), Ok("one".to_owned()));
        let two = vec![
            built("one", "/p/one/Cargo.toml", true),
            built("two", "/p/two/Cargo.toml", true),
        ];
        insta::assert_snapshot!(chosen(two).unwrap_err(), @"p makes several components: one, two");
    }

    #[test]
    fn a_project_for_cargo_component_is_known_by_its_metadata() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("Cargo.toml");
        let of = |text: &str| {
            fs::write(&manifest, text).unwrap();
            is_for_cargo_component(&manifest)
        };
        assert!(of("[package.metadata.component]\n"));
        assert!(of(
            "[package]\nname = \"x\"\nmetadata.component.package = \"a:b\"\n"
        ));
        assert!(!of("[package]\nname = \"x\"\n[package.metadata.docs]\n"));
        assert!(!of("[dependencies]\ncomponent = \"1\"\n"));
        assert!(!of("not toml"));
    }

    #[test]
    fn a_folder_without_a_project_is_named() {
        let error = build_project(Path::new("no/such/folder"), Mode::Release).unwrap_err();
        insta::assert_snapshot!(error, @"there is no project in no/such/folder: no Cargo.toml, no package.json that asks for `componentize-qjs`, no requirements.txt that asks for `componentize-py`");
    }

    #[test]
    fn a_library_that_is_no_cdylib_gets_the_lines_to_add() {
        insta::assert_snapshot!(BuildError::NotCdylib("p".into()).advice().unwrap(), @r#"
        add to its Cargo.toml:

        [lib]
        crate-type = ["cdylib"]
        "#);
    }
}
