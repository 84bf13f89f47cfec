//! What is started as a child, and why it was not.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::bond::bear;
use super::environment::Environment;

/// What is started. No shell has part in it: every argument reaches the program as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Launch {
    /// The program: a path, or a name that is looked for in the child's `PATH`.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its environment.
    pub environment: Environment,
    /// The folder that it starts in; ours where none is named.
    pub cwd: Option<PathBuf>,
}

impl Launch {
    /// Start it, with a mark that all which comes of it bears.
    pub(super) fn spawn(&self, mark: &str) -> Result<tokio::process::Child, StartError> {
        if let Some(cwd) = self.cwd.as_ref().filter(|cwd| !cwd.is_dir()) {
            return Err(StartError::NoFolder(cwd.clone()));
        }
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .env_clear()
            .envs(self.environment.iter())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        bear(command.as_std_mut(), mark);
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        command.spawn().map_err(|cause| self.refused(cause))
    }

    /// Why it was not started.
    fn refused(&self, cause: io::Error) -> StartError {
        let program = self.program.clone();
        let path = Path::new(&program);
        // A name that is looked for may be a file here that has nothing to do with it.
        let path = (path.components().count() > 1).then(|| match &self.cwd {
            Some(cwd) => cwd.join(path),
            None => path.to_owned(),
        });
        let is = |what: fn(&Path) -> bool| path.as_deref().is_some_and(what);
        match cause.kind() {
            io::ErrorKind::NotFound if is(Path::is_file) => StartError::NoInterpreter(program),
            io::ErrorKind::NotFound => StartError::NoProgram(program),
            io::ErrorKind::PermissionDenied if is(Path::is_dir) => StartError::Folder(program),
            io::ErrorKind::PermissionDenied if path.is_some() => StartError::NotExecutable(program),
            _ => StartError::Refused { program, cause },
        }
    }
}

/// Why there is no child.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// No such program.
    #[error("there is no program `{}`", .0.display())]
    NoProgram(OsString),
    /// A folder, where a program was named.
    #[error("`{}` is a folder, and no program", .0.display())]
    Folder(OsString),
    /// A script whose first line names a program that is not there.
    #[error("`{}` is there, but not the program that its first line (`#!`) names", .0.display())]
    NoInterpreter(OsString),
    /// A file that may not be run.
    #[error("`{}` may not be run: make it executable (`chmod +x`), or look at the rights of its folders", .0.display())]
    NotExecutable(OsString),
    /// No such folder.
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    /// The system refuses.
    #[error("failed to start `{}`: {cause}", .program.display())]
    Refused {
        /// The program.
        program: OsString,
        /// Why.
        cause: io::Error,
    },
}
