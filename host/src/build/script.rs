//! Plugins in JavaScript and Python, made by the tools that make components of these languages.
//!
//! Both tools keep every import of the world that they are given, whether the code uses it or not, and a host looks
//! at the imports. So the world that they are given has those only that the plugin's manifest asks for.
//!
//! This file knows what to run and where it may be. It must not know what becomes of the component.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::SystemTime;

use serde::Deserialize;

use super::cargo::Builder;
use crate::authored;
use crate::authority::{HostApi, Manifest, Permission};
use crate::component::World;
use crate::wire::child::tie;

/// A language whose plugins are not built by cargo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    /// By `componentize-qjs`: QuickJS, and the code.
    JavaScript,
    /// By `componentize-py`: CPython, and the code.
    Python,
}

/// Why a plugin in JavaScript or Python was not built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// The tool that makes a component is not there.
    #[error("`{tool}` was not found, in the project or on the path; run `{install}`")]
    Missing {
        /// The tool.
        tool: &'static str,
        /// The command that installs it.
        install: String,
    },
    /// A file of the project cannot be used.
    #[error("failed to read {}: {cause}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        cause: io::Error,
    },
    /// The manifest says nothing of a world.
    #[error("the manifest names no world of the contract under `[runtime]`")]
    NoWorld,
    /// What the tool works with or makes cannot be written or read.
    #[error("failed to make room for a build: {0}")]
    Scratch(io::Error),
    /// The tool could not be started.
    #[error("running {}: {cause}", tool.display())]
    Run {
        /// The tool.
        tool: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The tool ended with an error, which it has told itself.
    #[error("`{tool}` ended with {status}")]
    Failed {
        /// The tool.
        tool: &'static str,
        /// How it ended.
        status: ExitStatus,
    },
}

impl Script {
    /// The language of the project in a folder: by its `package.json` or `requirements.txt`, if that asks for the
    /// tool.
    pub(super) fn of(dir: &Path) -> Option<Self> {
        let names = |file: &str, tool: &str| {
            let text = fs::read_to_string(dir.join(file)).unwrap_or_default();
            text.contains(tool)
        };
        if names("package.json", Self::JavaScript.tool()) {
            return Some(Self::JavaScript);
        }
        names("requirements.txt", Self::Python.tool()).then_some(Self::Python)
    }

    const fn tool(self) -> &'static str {
        match self {
            Self::JavaScript => "componentize-qjs",
            Self::Python => "componentize-py",
        }
    }

    pub(super) const fn builder(self) -> Builder {
        match self {
            Self::JavaScript => Builder::ComponentizeQjs,
            Self::Python => Builder::ComponentizePy,
        }
    }

    /// Build the project in a folder into a component, for the world that its manifest names. What the tool says
    /// goes to standard error.
    pub(super) fn build(self, dir: &Path, manifest: &Manifest) -> Result<Vec<u8>, ScriptError> {
        let declared = manifest.declared();
        let world = declared
            .runtime
            .as_ref()
            .and_then(|runtime| runtime.world.as_deref());
        let world: World = world
            .and_then(|world| world.parse().ok())
            .ok_or(ScriptError::NoWorld)?;
        let named = dir;
        let dir = named.canonicalize().map_err(|cause| ScriptError::Read {
            path: named.to_owned(),
            cause,
        })?;
        let tool = self.find(&dir).ok_or_else(|| ScriptError::Missing {
            tool: self.tool(),
            install: self.install(named),
        })?;
        let scratch = tempfile::tempdir().map_err(ScriptError::Scratch)?;
        let wit = scratch.path().join("wit");
        let is_asked_for = |name: &str| {
            let mut all = HostApi::ALL.into_iter();
            let api = all.find(|api| api.to_string() == name);
            api.is_some_and(|api| declared.permissions.contains(&Permission::HostApi { api }))
        };
        write_wit(&wit, world, is_asked_for).map_err(ScriptError::Scratch)?;
        let component = scratch.path().join("component.wasm");

        let mut command = Command::new(&tool);
        tie(&mut command);
        // What a tool prints on standard output belongs beside its errors, not into ours.
        command
            .current_dir(&dir)
            .stdin(Stdio::null())
            .stdout(io::stderr());
        match self {
            Self::JavaScript => {
                // No `--minify`: it saves the author's comments, of a megabyte, and costs the lines in every error.
                command
                    .args(["--stub-wasi", "--sync", "--opt-size", "--world", world.name()])
                    .arg("--wit")
                    .arg(&wit)
                    .arg("--js")
                    .arg(entry(&dir)?)
                    .arg("--module-root")
                    .arg(&dir)
                    .arg("--output")
                    .arg(&component);
            }
            Self::Python => {
                command
                    .args(["--quiet", "--world", world.name(), "--wit-path"])
                    .arg(&wit)
                    .args([
                        "componentize",
                        "app",
                        "--stub-wasi",
                        "--python-path",
                        ".",
                        "--output",
                    ])
                    .arg(&component);
            }
        }
        let status = command
            .status()
            .map_err(|cause| ScriptError::Run { tool, cause })?;
        if !status.success() {
            let tool = self.tool();
            return Err(ScriptError::Failed { tool, status });
        }
        fs::read(&component).map_err(ScriptError::Scratch)
    }

    /// The tool, in the project or a folder around it, or on the path.
    fn find(self, dir: &Path) -> Option<PathBuf> {
        let places: &[&str] = match self {
            Self::JavaScript => &["node_modules/.bin"],
            Self::Python => &[".venv/bin", "venv/bin"],
        };
        let inside = dir
            .ancestors()
            .flat_map(|dir| places.iter().map(move |place| dir.join(place)));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let tool = self.tool();
        inside
            .chain(std::env::split_paths(&path))
            .map(|place| place.join(tool))
            .find(|file| file.is_file())
    }

    /// The command that installs the tool for a project.
    fn install(self, dir: &Path) -> String {
        let dir = crate::text::shell_word(&dir.display().to_string());
        match self {
            Self::JavaScript => format!("npm install --prefix {dir}"),
            Self::Python => format!(
                "python3 -m venv {dir}/.venv && {dir}/.venv/bin/pip install -r {dir}/requirements.txt"
            ),
        }
    }
}

/// The file that a JavaScript project begins with: `main` of its `package.json`.
fn entry(dir: &Path) -> Result<PathBuf, ScriptError> {
    #[derive(Deserialize)]
    struct PackageJson {
        main: Option<PathBuf>,
    }
    let path = dir.join("package.json");
    let read = fs::read(&path).and_then(|text| {
        serde_json::from_slice::<PackageJson>(&text)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))
    });
    let package = read.map_err(|cause| ScriptError::Read {
        path: path.clone(),
        cause,
    })?;
    let main = dir.join(package.main.as_deref().unwrap_or(Path::new("index.js")));
    match main.is_file() {
        true => Ok(main),
        false => Err(ScriptError::Read {
            path: main,
            cause: io::Error::new(io::ErrorKind::NotFound, "`main` in package.json names no file"),
        }),
    }
}

/// The contract as files, with one world that has those imports only.
fn write_wit(folder: &Path, world: World, is_asked_for: impl Fn(&str) -> bool) -> io::Result<()> {
    for (path, text) in world.wit(is_asked_for) {
        let path = folder.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// Whether a file is younger than all that an author wrote beside it.
pub(super) fn is_up_to_date(dir: &Path, component: &Path) -> bool {
    let age = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    let Some(built) = age(component) else {
        return false;
    };
    let is_older = |modified: Option<SystemTime>| modified.is_some_and(|modified| modified < built);
    authored::walk(dir).flatten().all(|entry| {
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        is_folder
            || entry.file_name() == component.file_name().unwrap_or(OsStr::new(""))
            || is_older(age(entry.path()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANIFEST: &str = "schema_version = 1\nid = \"x\"\nname = \"X\"\nversion = \"1\"\n\n[runtime]\nkind = \
        \"wasm-component\"\nworld = \"yoi:plugin/tool@1.0.0\"\ncomponent = \"x.wasm\"\n";

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    #[test]
    fn a_project_is_known_by_the_tool_that_it_asks_for() {
        let js = project(&[("package.json", r#"{"devDependencies":{"componentize-qjs":"1"}}"#)]);
        assert_eq!(Script::of(js.path()), Some(Script::JavaScript));
        let py = project(&[("requirements.txt", "componentize-py==1\n")]);
        assert_eq!(Script::of(py.path()), Some(Script::Python));
        let other = project(&[("package.json", "{}"), ("requirements.txt", "requests\n")]);
        assert_eq!(Script::of(other.path()), None);
    }

    #[test]
    fn a_tool_is_taken_from_the_project_or_one_around_it() {
        let folder = project(&[
            ("node_modules/.bin/componentize-qjs", ""),
            ("a/b/package.json", "{}"),
        ]);
        let inner = folder.path().join("a/b");
        let found = Script::JavaScript.find(&inner).unwrap();
        assert_eq!(found, folder.path().join("node_modules/.bin/componentize-qjs"));
    }

    #[test]
    fn the_command_that_installs_a_tool_can_be_typed() {
        let missing = |script: Script| ScriptError::Missing {
            tool: script.tool(),
            install: script.install(Path::new("my plugin")),
        };
        insta::assert_snapshot!(missing(Script::JavaScript), @"`componentize-qjs` was not found, in the project or on the path; run `npm install --prefix 'my plugin'`");
        insta::assert_snapshot!(missing(Script::Python), @"`componentize-py` was not found, in the project or on the path; run `python3 -m venv 'my plugin'/.venv && 'my plugin'/.venv/bin/pip install -r 'my plugin'/requirements.txt`");
    }

    #[test]
    fn a_project_begins_where_its_package_says() {
        let folder = project(&[("package.json", r#"{"main":"src/a.js"}"#), ("src/a.js", "")]);
        assert_eq!(entry(folder.path()).unwrap(), folder.path().join("src/a.js"));
        let refused = |package: &str| {
            let folder = project(&[("package.json", package)]);
            let error = entry(folder.path()).unwrap_err().to_string();
            error.replace(&folder.path().display().to_string(), "FOLDER")
        };
        insta::assert_snapshot!(refused("{}"), @"failed to read FOLDER/index.js: `main` in package.json names no file");
        insta::assert_snapshot!(refused("{"), @"failed to read FOLDER/package.json: EOF while parsing an object at line 1 column 1");
    }

    #[test]
    fn a_component_is_up_to_date_until_something_beside_it_is_younger() {
        let folder = project(&[("src/a.js", ""), ("x.wasm", "")]);
        let set = |name: &str, seconds: u64| {
            let file = fs::File::options()
                .write(true)
                .open(folder.path().join(name))
                .unwrap();
            file.set_modified(SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
                .unwrap();
        };
        let component = folder.path().join("x.wasm");
        set("src/a.js", 10);
        set("x.wasm", 11);
        assert!(is_up_to_date(folder.path(), &component));
        set("src/a.js", 11);
        assert!(!is_up_to_date(folder.path(), &component));
        assert!(!is_up_to_date(folder.path(), &folder.path().join("gone.wasm")));
    }

    /// Stands for the tool: it keeps what it was given, and makes a component of no account.
    const TOOL: &str = "#!/bin/sh\necho \"$@\" > args\nfor last; do :; done\nwit=$(ls -d \"$(dirname \"$last\")\"/wit)\n\
        cp -r \"$wit\" wit\nprintf component > \"$last\"\n";

    fn with_tool(tool: &str) -> tempfile::TempDir {
        use std::os::unix::fs::PermissionsExt;
        let folder = project(&[
            ("package.json", r#"{"main":"a.js"}"#),
            ("a.js", ""),
            ("node_modules/.bin/componentize-qjs", tool),
            (".venv/bin/componentize-py", tool),
        ]);
        for tool in ["node_modules/.bin/componentize-qjs", ".venv/bin/componentize-py"] {
            fs::set_permissions(folder.path().join(tool), fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    #[test]
    fn a_tool_is_given_the_world_of_the_manifest_and_the_imports_it_asks_for() {
        for script in [Script::JavaScript, Script::Python] {
            let folder = with_tool(TOOL);
            let text = format!("{MANIFEST}\n[[permissions]]\nkind = \"host_api\"\napi = \"fs\"\n");
            let manifest = Manifest::parse(&text).unwrap();
            assert_eq!(script.build(folder.path(), &manifest).unwrap(), b"component");
            let given = fs::read_to_string(folder.path().join("args")).unwrap();
            assert!(
                given.contains("--world tool") && given.contains("--stub-wasi"),
                "{given}"
            );
            let world = fs::read_to_string(folder.path().join("wit/tool.wit")).unwrap();
            assert!(world.contains("import yoi:host/fs@1.0.0;"), "{world}");
            assert!(
                !world.contains("request") && !world.contains("websocket"),
                "{world}"
            );
        }
    }

    #[test]
    fn a_tool_that_fails_is_named() {
        let folder = with_tool("#!/bin/sh\nexit 3\n");
        let manifest = Manifest::parse(MANIFEST).unwrap();
        let error = Script::JavaScript.build(folder.path(), &manifest).unwrap_err();
        insta::assert_snapshot!(error, @"`componentize-qjs` ended with exit status: 3");
    }
}
