//! A path that a person gave, and the component that it stands for.
//!
//! A path is a component, a core module (which is made a component in memory), a plugin package, a folder with a
//! `plugin.toml` that names its component, or a Cargo project (which is built). Nothing of it runs here, but a
//! project's own build.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::Profile;
use crate::authority::{Manifest, ManifestFaults, render_faults};
use crate::build::{self, BuildError, BuiltProject, ComponentizeError};
use crate::component::{Encoding, NotWasm};
use crate::limits::{COMPONENT_BYTES, MANIFEST_BYTES};
use crate::package::{Digest, Package, PackageFaults};

/// A component, and how it was come by.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The component's bytes.
    pub component: Vec<u8>,
    /// The file that they are, or were made from.
    pub file: PathBuf,
    /// What was done to the file, in order.
    pub steps: Vec<Step>,
    /// What the plugin asks for, where a folder or a package was opened that says so.
    pub manifest: Option<ManifestFile>,
    /// What the package is known by, where one was opened.
    pub digest: Option<Digest>,
}

/// A `plugin.toml` that keeps every rule, as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ManifestFile {
    /// The file, or the package that it is in.
    pub file: PathBuf,
    /// What it says.
    pub manifest: Manifest,
    text: String,
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
    /// A `plugin.toml` that breaks a rule.
    #[error("the manifest cannot be used\n{}", .faults.render(&path.display().to_string()))]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// All that is wrong with it.
        faults: Box<ManifestFaults>,
    },
    /// A `plugin.toml` that names no component in its folder.
    #[error("failed to find the component that {} names: {reason}", path.display())]
    NoComponent {
        /// The manifest, or the package that it is in.
        path: PathBuf,
        /// What stands in the way.
        reason: String,
    },
    /// A file that would be a plugin package, and is none that can be used.
    #[error("failed to read the package {}: {faults}", path.display())]
    Package {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        faults: Box<PackageFaults>,
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
    /// Open what `path` stands for; a package is read as the profile reads it. `building` is called before a
    /// project is built, with its folder: it may take a minute, and cargo reports on standard error.
    ///
    /// # Errors
    ///
    /// Whatever stands between the path and a WebAssembly file. Whether the component keeps the contract is
    /// not asked here.
    pub fn open(path: &Path, profile: Profile, building: impl FnOnce(&Path)) -> Result<Self, SourceError> {
        let data = fs::metadata(path).map_err(io_error(path))?;
        if data.is_file() {
            let named = path
                .file_name()
                .is_some_and(|name| name == "Cargo.toml" || name == "plugin.toml");
            return match path.parent() {
                // Who names the manifest means what it describes.
                Some(folder) if named && folder.as_os_str().is_empty() => {
                    Self::open(Path::new("."), profile, building)
                }
                Some(folder) if named => Self::open(folder, profile, building),
                _ if is_package(path)? => Self::open_package(path, profile),
                _ => Self::open_file(path),
            };
        }
        if !data.is_dir() {
            return Err(SourceError::Special(path.to_owned()));
        }
        // A project beats the component that its manifest names: what is called is the source as it stands now.
        let manifest = Some(path.join("plugin.toml")).filter(|manifest| manifest.is_file());
        let manifest = manifest
            .map(|manifest| ManifestFile::open(&manifest))
            .transpose()?;
        if path.join("Cargo.toml").is_file() {
            building(path);
            return Ok(Self {
                manifest,
                ..Self::build(path)?
            });
        }
        let Some(named) = manifest else {
            return Err(SourceError::EmptyFolder(path.to_owned()));
        };
        let component = component_of(path, &named)?;
        // As with cargo: what is called is the source as it stands now.
        let is_stale = build::is_project(path) && !build::is_up_to_date(path, &component);
        let source = if is_stale {
            building(path);
            let built = build::build_plugin(path, &named.manifest, build::Mode::Release)?;
            Self::of_built(built, path)
        } else if component.is_file() {
            Self::open_file(&component)?
        } else {
            return Err(SourceError::NoComponent {
                path: named.file,
                reason: format!(
                    "there is no file `{}`; build the plugin first",
                    component.strip_prefix(path).unwrap_or(&component).display()
                ),
            });
        };
        Ok(Self {
            manifest: Some(named),
            ..source
        })
    }

    fn open_package(path: &Path, profile: Profile) -> Result<Self, SourceError> {
        let package = Package::open(path, profile).map_err(|faults| SourceError::Package {
            path: path.to_owned(),
            faults: Box::new(faults),
        })?;
        let component = package.component().ok_or_else(|| SourceError::NoComponent {
            path: path.to_owned(),
            reason: "it has none".to_owned(),
        })?;
        let source = Self::of_bytes(component.to_vec(), path)?;
        let text = package.files.get("plugin.toml").unwrap_or_default();
        Ok(Self {
            manifest: Some(ManifestFile {
                file: path.to_owned(),
                text: String::from_utf8_lossy(text).into_owned(),
                manifest: package.manifest,
            }),
            digest: Some(package.digest),
            ..source
        })
    }

    /// Open a component or core module, the file only.
    ///
    /// # Errors
    ///
    /// As [`Source::open`].
    pub fn component(path: &Path) -> Result<Self, SourceError> {
        let data = fs::metadata(path).map_err(io_error(path))?;
        if data.is_file() {
            Self::open_file(path)
        } else {
            Err(SourceError::Special(path.to_owned()))
        }
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
        Self::of_bytes(read_bounded(path)?, path)
    }

    fn of_bytes(bytes: Vec<u8>, path: &Path) -> Result<Self, SourceError> {
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
                digest: None,
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
            digest: None,
        })
    }

    fn build(folder: &Path) -> Result<Self, SourceError> {
        let built = build::build_project(folder, build::Mode::Release)?;
        Ok(Self::of_built(built, folder))
    }

    fn of_built(built: BuiltProject, folder: &Path) -> Self {
        let mut steps = vec![Step::Built {
            package: built.package,
        }];
        steps.extend(denied(built.denied));
        Self {
            component: built.bytes,
            file: built.artifact.unwrap_or_else(|| folder.to_owned()),
            steps,
            manifest: None,
            digest: None,
        }
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

impl ManifestFile {
    /// Read a `plugin.toml`.
    ///
    /// # Errors
    ///
    /// [`SourceError::Io`] where it cannot be read, [`SourceError::Manifest`] where it breaks a rule.
    pub fn open(path: &Path) -> Result<Self, SourceError> {
        let mut bytes = Vec::new();
        File::open(path)
            .and_then(|file| file.take(MANIFEST_BYTES as u64 + 1).read_to_end(&mut bytes))
            .map_err(io_error(path))?;
        let manifest = Manifest::parse_bytes(Some(&bytes), None).map_err(|faults| SourceError::Manifest {
            path: path.to_owned(),
            faults: Box::new(faults),
        })?;
        Ok(Self {
            file: path.to_owned(),
            manifest,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        })
    }

    /// What is wrong with it and does not keep it from being used, as a terminal shows it: lines, or nothing.
    #[must_use]
    pub fn remarks(&self) -> String {
        render_faults(
            &self.file.display().to_string(),
            &self.text,
            self.manifest.remarks(),
        )
    }
}

/// Whether a file is a package, by its name or its first bytes.
fn is_package(path: &Path) -> Result<bool, SourceError> {
    if path
        .extension()
        .is_some_and(|extension| extension == "yoi-plugin")
    {
        return Ok(true);
    }
    let mut start = Vec::new();
    File::open(path)
        .and_then(|file| file.take(4).read_to_end(&mut start))
        .map_err(io_error(path))?;
    Ok(matches!(start[..], [b'P', b'K', 3, 4] | [b'P', b'K', 5, 6]))
}

/// The file that a plugin's manifest names as its component.
fn component_of(folder: &Path, manifest: &ManifestFile) -> Result<PathBuf, SourceError> {
    let refuse = |reason: String| SourceError::NoComponent {
        path: manifest.file.clone(),
        reason,
    };
    let runtime = manifest.manifest.declared().runtime.as_ref();
    // Its manifest keeps the rules: it does not lead out of its folder.
    let component = runtime
        .and_then(|runtime| runtime.component.as_deref())
        .ok_or_else(|| refuse("it has no `component` under `[runtime]`".to_owned()))?;
    Ok(folder.join(component))
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
        Source::open(path, Profile::Documented, |_| panic!("nothing here is a project"))
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

    /// A manifest with this component.
    fn manifest(component: &str) -> String {
        format!(
            "schema_version = 1\nid = \"x\"\nname = \"X\"\nversion = \"1\"\n\n[runtime]\nkind = \"wasm-component\"\nworld = \
             \"yoi:plugin/tool@1.0.0\"\ncomponent = \"{component}\"\n"
        )
    }

    #[test]
    fn a_plugin_folder_stands_for_the_component_it_names() {
        let text = manifest("c.wasm");
        let folder = folder(&[("c.wasm", EMPTY_COMPONENT), ("plugin.toml", text.as_bytes())]);
        let source = open(folder.path()).unwrap();
        assert_eq!(source.component, EMPTY_COMPONENT);
        assert_eq!(source.manifest.unwrap().manifest.declared().id, "x");
    }

    #[test]
    fn a_package_stands_for_its_component_whatever_it_is_called() {
        let text = manifest("c.wasm");
        let folder = folder(&[("c.wasm", EMPTY_COMPONENT), ("plugin.toml", text.as_bytes())]);
        let out = tempfile::tempdir().unwrap();
        for name in ["x.yoi-plugin", "x"] {
            let path = out.path().join(name);
            let packed = crate::package::pack(folder.path(), Some(&path), Profile::Documented).unwrap();
            let source = open(&path).unwrap();
            assert_eq!(source.component, EMPTY_COMPONENT);
            assert_eq!(source.digest, Some(packed.package.digest));
            assert_eq!(source.manifest.unwrap().file, path);
        }
        fs::write(out.path().join("none.yoi-plugin"), EMPTY_COMPONENT).unwrap();
        insta::assert_snapshot!(refusal(&out, "none.yoi-plugin"), @"failed to read the package FOLDER/none.yoi-plugin: this is no zip archive, or its end is missing: 8 bytes hold no end record");
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
        let refusals = [
            manifest("c.wasm").split("[runtime]").next().unwrap().to_owned(),
            manifest("../c.wasm"),
            manifest("/c.wasm"),
            manifest("c.wasm"),
        ]
        .map(|text| refusal(&folder(&[("plugin.toml", text.as_bytes())]), ""));
        insta::assert_snapshot!(refusals.join("\n"), @r#"
        failed to find the component that FOLDER/plugin.toml names: it has no `component` under `[runtime]`
        the manifest cannot be used
        refused: plugin manifest references a path outside the package root
          in FOLDER/plugin.toml:9:13
          9 | component = "../c.wasm"
            |             ^^^^^^^^^^^
          help: a path in the package has `/` between its parts, and neither `.` nor `..` among them

        the manifest cannot be used
        refused: plugin manifest references a path outside the package root
          in FOLDER/plugin.toml:9:13
          9 | component = "/c.wasm"
            |             ^^^^^^^^^
          help: a path in the package has `/` between its parts, and neither `.` nor `..` among them

        failed to find the component that FOLDER/plugin.toml names: there is no file `c.wasm`; build the plugin first
        "#);
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
