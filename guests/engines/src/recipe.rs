//! Engines that cargo cannot build: what they are made of, and how.
//!
//! Each is made by a tool of its language, from sources that are part of this crate, in a folder that is gone
//! afterwards. What was made is kept under a name that follows from all of it, so that it is made once.
//!
//! This file knows recipes and what carries them out, and nothing of who runs an engine.

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

/// Components of one engine that are kept: of this release, and of some before or beside it.
const KEPT: usize = 3;

/// Lines that are told of what a tool said before it failed.
const TOLD: usize = 12;

/// A file of an engine's folder.
macro_rules! source {
    ($engine:literal, $path:literal) => {
        ($path, include_str!(concat!("../", $engine, "/", $path)))
    };
}

/// The world that engines are made for.
const WORLD: [(&str, &str); 3] = [
    ("wit/engine.wit", include_str!("../../../wit/ptc/engine.wit")),
    ("wit/host.wit", include_str!("../../../wit/ptc/host.wit")),
    ("wit/types.wit", include_str!("../../../wit/ptc/types.wit")),
];

/// An engine that a tool of its language makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    /// CPython 3.14 with its standard library, by `componentize-py`.
    CPython,
    /// QuickJS, by `componentize-qjs`.
    QuickJs,
}

/// Why an engine was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// A program is not there.
    #[error("`{program}` was not found; the engine {engine} is made with it: {advice}")]
    NoProgram {
        /// The engine.
        engine: Recipe,
        /// The program.
        program: &'static str,
        /// How one comes by it.
        advice: &'static str,
    },
    /// A program could not be started.
    #[error("failed to run `{command}`: {cause}")]
    Run {
        /// What was to run.
        command: String,
        /// What the system says.
        cause: io::Error,
    },
    /// A program failed.
    #[error("`{command}` ended with {status}{}:\n{said}", advice.map(|advice| format!(" ({advice})")).unwrap_or_default())]
    Failed {
        /// What ran.
        command: String,
        /// How it ended.
        status: ExitStatus,
        /// What may help.
        advice: Option<&'static str>,
        /// The last of what it said.
        said: String,
    },
    /// A file or folder could not be written or read.
    #[error("failed to {doing} {}: {cause}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

/// Where an engine is, and whether it was made just now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The component.
    pub path: PathBuf,
    /// Whether it was there before.
    pub was_kept: bool,
}

impl Recipe {
    /// All that there are.
    pub const ALL: [Self; 2] = [Self::CPython, Self::QuickJs];

    /// The engine of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|recipe| recipe.name() == name)
    }

    /// What it is called, as in `--engine`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CPython => "cpython",
            Self::QuickJs => "quickjs",
        }
    }

    /// What it is made of besides the world: paths and contents.
    const fn sources(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::CPython => &[
                source!("cpython", "requirements.txt"),
                source!("cpython", "ptc_engine/__init__.py"),
                source!("cpython", "ptc_engine/console.py"),
                source!("cpython", "ptc_engine/library.py"),
                source!("cpython", "ptc_engine/loop.py"),
                source!("cpython", "ptc_engine/machine.py"),
                source!("cpython", "ptc_engine/session.py"),
                source!("cpython", "ptc_engine/tools.py"),
                source!("cpython", "ptc_engine/values.py"),
            ],
            Self::QuickJs => &[
                source!("quickjs", "package.json"),
                source!("quickjs", "package-lock.json"),
                source!("quickjs", "engine/drive.js"),
                source!("quickjs", "engine/main.js"),
                source!("quickjs", "engine/print.js"),
                source!("quickjs", "engine/promise.js"),
                source!("quickjs", "engine/rewrite.js"),
                source!("quickjs", "engine/session.js"),
                source!("quickjs", "engine/timers.js"),
                source!("quickjs", "engine/tools.js"),
                source!("quickjs", "engine/values.js"),
            ],
        }
    }

    /// Where the component that this recipe makes is kept in `folder`, made or not.
    #[must_use]
    pub fn path(self, folder: &Path) -> PathBuf {
        let mut hash = Sha256::new();
        // How it is made is told by this file.
        let steps = ("src/recipe.rs", include_str!("recipe.rs"));
        for (path, text) in WORLD.iter().chain(self.sources()).chain([&steps]) {
            for part in [path, text] {
                hash.update((part.len() as u64).to_le_bytes());
                hash.update(part);
            }
        }
        let digest = hash.finalize();
        let key = digest
            .iter()
            .take(8)
            .fold(String::new(), |key, byte| format!("{key}{byte:02x}"));
        folder.join(format!("{}{key}.wasm", self.prefix()))
    }

    /// The component in `folder`, if it was made before.
    #[must_use]
    pub fn kept(self, folder: &Path) -> Option<PathBuf> {
        Some(self.path(folder)).filter(|path| path.is_file())
    }

    /// Make the component, unless `folder` has it. What is being done is told to `say`.
    ///
    /// # Errors
    ///
    /// [`RecipeError`], where a program is not there or fails: without a network, most of all.
    pub fn make(self, folder: &Path, say: &mut dyn FnMut(&str)) -> Result<Made, RecipeError> {
        let path = self.path(folder);
        if path.is_file() {
            return Ok(Made { path, was_kept: true });
        }
        fs::create_dir_all(folder).map_err(file("make the folder", folder))?;
        let room = tempfile::Builder::new()
            .prefix("making-")
            .tempdir_in(folder)
            .map_err(file("make a folder in", folder))?;
        for (name, text) in WORLD.iter().chain(self.sources()) {
            let path = room.path().join(name);
            let parent = path.parent().unwrap_or(room.path());
            fs::create_dir_all(parent).map_err(file("make the folder", parent))?;
            fs::write(&path, text).map_err(file("write", &path))?;
        }
        let made = match self {
            Self::CPython => self.make_cpython(room.path(), say)?,
            Self::QuickJs => self.make_quickjs(room.path(), say)?,
        };
        // Whole, or not at all: another may look for it now.
        fs::rename(&made, &path).map_err(file("keep the component as", &path))?;
        self.forget_old(folder);
        Ok(Made {
            path,
            was_kept: false,
        })
    }

    fn make_cpython(self, room: &Path, say: &mut dyn FnMut(&str)) -> Result<PathBuf, RecipeError> {
        let python = find("python3").ok_or(RecipeError::NoProgram {
            engine: self,
            program: "python3",
            advice: "install Python 3.10 or newer, with pip and venv",
        })?;
        let venv = room.join("venv");
        say("making an environment for componentize-py");
        run(
            Command::new(python)
                .args(["-m", "venv"])
                .arg(&venv)
                .current_dir(room),
            Some("on Debian the package `python3-venv` is needed"),
        )?;
        say("fetching componentize-py (70 MB installed)");
        run(
            Command::new(venv.join("bin/python"))
                .args([
                    "-m",
                    "pip",
                    "install",
                    "--quiet",
                    "--disable-pip-version-check",
                    "--requirement",
                ])
                .arg("requirements.txt")
                .current_dir(room),
            Some("it has to reach pypi.org, or the index that pip is set up for"),
        )?;
        say("importing the standard library, and making a component of it (half a minute)");
        let component = room.join("engine.wasm");
        run(
            Command::new(venv.join("bin/componentize-py"))
                .args([
                    "--quiet",
                    "--wit-path",
                    "wit",
                    "--world",
                    "engine",
                    "componentize",
                    "ptc_engine",
                    "--output",
                ])
                .arg(&component)
                .env("VIRTUAL_ENV", &venv)
                .current_dir(room),
            None,
        )?;
        Ok(component)
    }

    fn make_quickjs(self, room: &Path, say: &mut dyn FnMut(&str)) -> Result<PathBuf, RecipeError> {
        let npm = find("npm").ok_or(RecipeError::NoProgram {
            engine: self,
            program: "npm",
            advice: "install Node.js 20 or newer",
        })?;
        say("fetching componentize-qjs (35 MB installed)");
        run(
            Command::new(npm)
                .args(["ci", "--no-audit", "--no-fund"])
                .current_dir(room),
            Some("it has to reach registry.npmjs.org, or the registry that npm is set up for"),
        )?;
        say("making a component");
        let component = room.join("engine.wasm");
        run(
            Command::new(room.join("node_modules/.bin/componentize-qjs"))
                .args(["--sync", "--wit", "wit", "--world", "engine"])
                .args(["--module-root", ".", "--js", "engine/main.js", "--output"])
                .arg(&component)
                .current_dir(room),
            None,
        )?;
        Ok(component)
    }

    fn prefix(self) -> String {
        format!("ptc-{}-", self.name())
    }

    /// Remove what other sources made, but for the last few. To tidy up is a convenience.
    fn forget_old(self, folder: &Path) {
        let mut all: Vec<(SystemTime, PathBuf)> = fs::read_dir(folder)
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(&self.prefix()))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        all.sort();
        for (_, path) in all.iter().rev().skip(KEPT) {
            let _ = fs::remove_file(path);
        }
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where engines are kept: `yoikit/engines` in the user's cache folder. None where there is no such folder.
#[must_use]
pub fn user_folder() -> Option<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(cache.join("yoikit").join("engines"))
}

/// A program on the path.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

fn run(command: &mut Command, advice: Option<&'static str>) -> Result<(), RecipeError> {
    let shown = shown(command);
    let ran = command
        .stdin(Stdio::null())
        .output()
        .map_err(|cause| RecipeError::Run {
            command: shown.clone(),
            cause,
        })?;
    if ran.status.success() {
        return Ok(());
    }
    let said = [ran.stdout, ran.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).collect();
    Err(RecipeError::Failed {
        command: shown,
        status: ran.status,
        advice,
        said: lines[lines.len().saturating_sub(TOLD)..].join("\n"),
    })
}

/// A command for people: the folder that it runs in is gone when they read this.
fn shown(command: &Command) -> String {
    let name = |word: &OsStr| {
        let path = Path::new(word);
        let last = path.file_name().filter(|_| path.is_absolute()).unwrap_or(word);
        last.to_string_lossy().into_owned()
    };
    let words = [command.get_program()].into_iter().chain(command.get_args());
    words.map(name).collect::<Vec<_>>().join(" ")
}

fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> RecipeError {
    let path = path.to_owned();
    move |cause| RecipeError::File { doing, path, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_an_engine_is_part_of_its_recipe() {
        let home = Path::new(env!("CARGO_MANIFEST_DIR"));
        for (recipe, folder) in [
            (Recipe::CPython, "cpython/ptc_engine"),
            (Recipe::QuickJs, "quickjs/engine"),
        ] {
            let inside = Path::new(folder).file_name().unwrap();
            let mut found: Vec<String> = fs::read_dir(home.join(folder))
                .unwrap()
                .map(|entry| Path::new(inside).join(entry.unwrap().file_name()))
                .filter(|path| path.extension().is_some())
                .map(|path| path.to_string_lossy().into_owned())
                .collect();
            found.sort();
            let told = recipe.sources().iter().map(|(path, _)| *path);
            let mut told: Vec<&str> = told.filter(|path| path.contains('/')).collect();
            told.sort_unstable();
            assert_eq!(found, told);
        }
    }

    #[test]
    fn what_was_made_is_found_again_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Recipe::QuickJs.kept(folder.path()), None);
        fs::write(
            folder.path().join("ptc-quickjs-0123456789abcdef.wasm"),
            "another's",
        )
        .unwrap();
        assert_eq!(Recipe::QuickJs.kept(folder.path()), None);
        let path = Recipe::QuickJs.path(folder.path());
        fs::write(&path, "component").unwrap();
        assert_eq!(Recipe::QuickJs.kept(folder.path()), Some(path.clone()));
        assert_eq!(Recipe::CPython.kept(folder.path()), None);
        let made = Recipe::QuickJs.make(folder.path(), &mut |doing| panic!("{doing}"));
        assert_eq!(made.unwrap(), Made { path, was_kept: true });
    }

    #[test]
    fn a_tool_that_fails_is_told_with_the_last_that_it_said() {
        let said = "for n in 1 2 3 4 5 6 7 8 9 10 11 12 13; do echo line $n; done; echo why >&2; exit 3";
        let error = run(Command::new("/bin/sh").args(["-c", said]), Some("an advice")).unwrap_err();
        let told = error.to_string();
        assert!(
            told.starts_with("`sh -c for n in")
                && told.contains("ended with exit status: 3 (an advice):\nline 3\n"),
            "{told}"
        );
        assert!(told.ends_with("line 13\nwhy"), "{told}");
        let error = run(&mut Command::new("/nowhere/componentize-py"), None).unwrap_err();
        assert!(
            error.to_string().starts_with("failed to run `componentize-py`: "),
            "{error}"
        );
    }
}
