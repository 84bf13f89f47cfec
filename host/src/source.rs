//! A path that a person gave, and the component that it stands for.
//!
//! A path is a component, a core module (which is made a component in memory), a folder with a `plugin.toml`
//! that names its component, or a Cargo project (which is built). Nothing of it runs here, but a project's
//! own build.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Component as PathPart, Path, PathBuf};

use serde::Deserialize;

use crate::build::{self, BuildError, ComponentizeError};
use crate::component::{Encoding, NotWasm};
use crate::limits::COMPONENT_BYTES;

/// Largest `plugin.toml` that is read.
const MANIFEST_BYTES: u64 = 64 * 1024;

/// A component, and how it was come by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The component's bytes.
    pub component: Vec<u8>,
    /// The file that they are, or were made from.
    pub file: PathBuf,
    /// What was done to the file, in order.
    pub steps: Vec<Step>,
    /// The plugin's `plugin.toml`, where a folder was opened that has one.
    pub manifest: Option<PathBuf>,
}

/// Something that was done on the way to a component.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Cargo built the project.
    Built {
        /// Its package.
        package: String,
    },
    /// A core module was made a component.
    Componentized,
    /// Imports of WASI were replaced by local functions.
    WasiDenied {
        /// The imports.
        imports: Vec<String>,
    },
}

/// Why a path gave no component.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// Nothing is there, or it cannot be read.
    #[error("failed to read {}: {cause}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A device, a socket, a pipe.
    #[error("{} is neither a file nor a folder", .0.display())]
    Special(PathBuf),
    /// A file larger than any component.
    #[error("{} has {bytes} bytes; a component of more than {COMPONENT_BYTES} is not read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
    },
    /// A folder with nothing to call in it.
    #[error(
        "{} holds neither a `plugin.toml` nor a `Cargo.toml`: name a component, a plugin folder or a Cargo \
         project",
        .0.display()
    )]
    EmptyFolder(PathBuf),
    /// A `plugin.toml` that names no component in its folder.
    #[error("failed to find the component in {}: {reason}", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What stands in the way.
        reason: String,
    },
    /// A file that is no WebAssembly.
    #[error("{} is not a component: {cause}", path.display())]
    NotWasm {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        cause: NotWasm,
    },
    /// A core module that cannot be made a component.
    #[error("failed to make a component of the core module {}: {cause}", path.display())]
    Componentize {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: ComponentizeError,
    },
    /// A project that does not build.
    #[error(transparent)]
    Build(#[from] BuildError),
}

impl SourceError {
    /// What to do about it, where there is something to do.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Build(error) => error.advice(),
            _ => None,
        }
    }
}

impl Source {
    /// Open what `path` stands for. `building` is called before a project is built, with its folder: it may
    /// take a minute, and cargo reports on standard error.
    ///
    /// # Errors
    ///
    /// Whatever stands between the path and a WebAssembly file. Whether the component keeps the contract is
    /// not asked here.
    pub fn open(path: &Path, building: impl FnOnce(&Path)) -> Result<Self, SourceError> {
        let data = fs::metadata(path).map_err(io_error(path))?;
        if data.is_file() {
            let named = path
                .file_name()
                .is_some_and(|name| name == "Cargo.toml" || name == "plugin.toml");
            return match path.parent() {
                // Who names the manifest means what it describes.
                Some(folder) if named && folder.as_os_str().is_empty() => {
                    Self::open(Path::new("."), building)
                }
                Some(folder) if named => Self::open(folder, building),
                _ => Self::open_file(path),
            };
        }
        if !data.is_dir() {
            return Err(SourceError::Special(path.to_owned()));
        }
        // A project beats its manifest: what is called is the source as it stands now.
        let manifest = Some(path.join("plugin.toml")).filter(|manifest| manifest.is_file());
        if path.join("Cargo.toml").is_file() {
            building(path);
            return Ok(Self {
                manifest,
                ..Self::build(path)?
            });
        }
        let Some(named) = &manifest else {
            return Err(SourceError::EmptyFolder(path.to_owned()));
        };
        let component = component_of(path, named)?;
        Ok(Self {
            manifest,
            ..Self::open_file(&component)?
        })
    }

    /// Read a component or core module, the file only.
    ///
    /// # Errors
    ///
    /// As [`Source::open`].
    pub fn read_file(path: &Path) -> Result<Vec<u8>, SourceError> {
        let data = fs::metadata(path).map_err(io_error(path))?;
        if data.is_file() {
            read_bounded(path)
        } else {
            Err(SourceError::Special(path.to_owned()))
        }
    }

    fn open_file(path: &Path) -> Result<Self, SourceError> {
        let bytes = read_bounded(path)?;
        let encoding = Encoding::of(&bytes).map_err(|cause| SourceError::NotWasm {
            path: path.to_owned(),
            cause,
        })?;
        if encoding == Encoding::Component {
            return Ok(Self {
                component: bytes,
                file: path.to_owned(),
                steps: Vec::new(),
                manifest: None,
            });
        }
        let built = build::componentize(&bytes).map_err(|cause| SourceError::Componentize {
            path: path.to_owned(),
            cause,
        })?;
        let mut steps = vec![Step::Componentized];
        steps.extend(denied(built.denied));
        Ok(Self {
            component: built.bytes,
            file: path.to_owned(),
            steps,
            manifest: None,
        })
    }

    fn build(folder: &Path) -> Result<Self, SourceError> {
        let built = build::build_project(folder)?;
        let mut steps = vec![Step::Built {
            package: built.package,
        }];
        steps.extend(denied(built.denied));
        Ok(Self {
            component: built.bytes,
            file: built.artifact,
            steps,
            manifest: None,
        })
    }
}

fn denied(imports: Vec<String>) -> Option<Step> {
    (!imports.is_empty()).then_some(Step::WasiDenied { imports })
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> SourceError + '_ {
    move |cause| SourceError::Io {
        path: path.to_owned(),
        cause,
    }
}

/// A file's bytes, and never more than a component may have, whatever the file says of its size.
fn read_bounded(path: &Path) -> Result<Vec<u8>, SourceError> {
    let file = File::open(path).map_err(io_error(path))?;
    let size = file.metadata().map_err(io_error(path))?.len();
    let too_large = |bytes| SourceError::TooLarge {
        path: path.to_owned(),
        bytes,
    };
    if size > COMPONENT_BYTES {
        return Err(too_large(size));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    file.take(COMPONENT_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(io_error(path))?;
    if bytes.len() as u64 > COMPONENT_BYTES {
        return Err(too_large(bytes.len() as u64));
    }
    Ok(bytes)
}

/// The file that a plugin's manifest names as its component.
fn component_of(folder: &Path, manifest: &Path) -> Result<PathBuf, SourceError> {
    /// Only what is needed to find the file; what else a manifest says is not judged here.
    #[derive(Deserialize)]
    struct Manifest {
        runtime: Option<Runtime>,
    }
    #[derive(Deserialize)]
    struct Runtime {
        component: Option<PathBuf>,
    }
    let refuse = |reason: String| SourceError::Manifest {
        path: manifest.to_owned(),
        reason,
    };
    let mut text = String::new();
    let read = File::open(manifest).and_then(|file| file.take(MANIFEST_BYTES + 1).read_to_string(&mut text));
    read.map_err(io_error(manifest))?;
    if text.len() as u64 > MANIFEST_BYTES {
        return Err(refuse(format!("it has more than {MANIFEST_BYTES} bytes")));
    }
    let parsed: Manifest =
        toml::from_str(&text).map_err(|error| refuse(error.to_string().trim_end().to_owned()))?;
    let component = parsed
        .runtime
        .and_then(|runtime| runtime.component)
        .ok_or_else(|| refuse("it has no `component` under `[runtime]`".to_owned()))?;
    let within = component
        .components()
        .all(|part| matches!(part, PathPart::Normal(_)));
    if !within {
        return Err(refuse(format!(
            "`{}` leads out of its folder",
            component.display()
        )));
    }
    let file = folder.join(&component);
    if !file.is_file() {
        return Err(refuse(format!(
            "there is no file `{}`; build the plugin first",
            component.display()
        )));
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            fs::write(folder.path().join(name), content).unwrap();
        }
        folder
    }

    fn open(path: &Path) -> Result<Source, SourceError> {
        Source::open(path, |_| panic!("nothing here is a project"))
    }

    fn refusal(folder: &tempfile::TempDir, name: &str) -> String {
        let error = open(&folder.path().join(name)).unwrap_err().to_string();
        error.replace(&folder.path().display().to_string(), "FOLDER")
    }

    #[test]
    fn a_component_is_taken_as_it_is() {
        let folder = folder(&[("c.wasm", EMPTY_COMPONENT)]);
        let source = open(&folder.path().join("c.wasm")).unwrap();
        assert_eq!(
            (source.component.as_slice(), source.steps.len()),
            (EMPTY_COMPONENT, 0)
        );
    }

    #[test]
    fn a_plugin_folder_stands_for_the_component_it_names() {
        let folder = folder(&[
            ("c.wasm", EMPTY_COMPONENT),
            ("plugin.toml", b"id = \"x\"\n[runtime]\ncomponent = \"c.wasm\"\n"),
        ]);
        assert_eq!(open(folder.path()).unwrap().component, EMPTY_COMPONENT);
    }

    #[test]
    fn paths_without_a_component_say_why() {
        let folder = folder(&[("empty.wasm", b""), ("text.wasm", b"(component)")]);
        insta::assert_snapshot!(refusal(&folder, "none.wasm"), @"failed to read FOLDER/none.wasm: No such file or directory (os error 2)");
        insta::assert_snapshot!(refusal(&folder, ""), @"FOLDER/ holds neither a `plugin.toml` nor a `Cargo.toml`: name a component, a plugin folder or a Cargo project");
        assert!(refusal(&folder, "empty.wasm").starts_with("FOLDER/empty.wasm is not a component: "));
        assert!(refusal(&folder, "text.wasm").starts_with("FOLDER/text.wasm is not a component: "));
    }

    #[test]
    fn a_manifest_that_leads_nowhere_says_why() {
        for (manifest, reason) in [
            ("id = \"x\"\n", "it has no `component` under `[runtime]`"),
            (
                "[runtime]\ncomponent = \"../c.wasm\"\n",
                "`../c.wasm` leads out of its folder",
            ),
            (
                "[runtime]\ncomponent = \"/c.wasm\"\n",
                "`/c.wasm` leads out of its folder",
            ),
            (
                "[runtime]\ncomponent = \"c.wasm\"\n",
                "there is no file `c.wasm`; build the plugin first",
            ),
        ] {
            let folder = folder(&[("plugin.toml", manifest.as_bytes())]);
            let error = open(folder.path()).unwrap_err().to_string();
            assert!(error.ends_with(reason), "{error}");
        }
    }

    #[test]
    fn a_file_larger_than_any_component_is_not_read() {
        let folder = folder(&[]);
        let path = folder.path().join("zeros.wasm");
        File::create(&path).unwrap().set_len(COMPONENT_BYTES + 1).unwrap();
        assert!(matches!(open(&path), Err(SourceError::TooLarge { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_read() {
        assert!(matches!(
            open(Path::new("/dev/zero")),
            Err(SourceError::Special(_))
        ));
    }
}
