//! The room as its caller sees it: JSON in, JSON or an error out, on real trees.

mod answers;
mod grants;
mod race;
mod reference;
mod refusals;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::Visit;
use crate::authority::{Authority, Binding, FsGrant, FsOperation, Grants, HostApi, Permission};
use crate::imports::HostError;

/// A folder with a root to grant in it, and a folder beside that root which nobody may reach.
struct World {
    folder: TempDir,
    authority: Authority,
}

/// What the file beside the root holds.
const SECRET: &str = "nobody may read this";

impl World {
    /// An empty root, every operation granted.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("root")).unwrap();
        fs::create_dir(folder.path().join("outside")).unwrap();
        fs::write(folder.path().join("outside/secret"), SECRET).unwrap();
        let authority = granting(vec![grant(&folder.path().join("root"), &FsOperation::ALL)]);
        Self { folder, authority }
    }

    /// A path beside or, with `root/…`, in the root.
    fn at(&self, path: &str) -> std::path::PathBuf {
        self.folder.path().join(path)
    }

    fn file(&self, path: &str, content: &str) {
        fs::write(self.at("root").join(path), content).unwrap();
    }

    fn dir(&self, path: &str) {
        fs::create_dir(self.at("root").join(path)).unwrap();
    }

    fn link(&self, path: &str, target: impl AsRef<Path>) {
        std::os::unix::fs::symlink(target, self.at("root").join(path)).unwrap();
    }

    fn hard_link(&self, path: &str, original: impl AsRef<Path>) {
        fs::hard_link(self.folder.path().join(original), self.at("root").join(path)).unwrap();
    }

    fn fifo(&self, path: &str) {
        fifo(&self.at("root").join(path));
    }

    fn read(&self, path: &str) -> Result<Value, HostError> {
        call(&self.authority, FsOperation::Read, &json!({ "path": path }))
    }

    fn list(&self, path: &str) -> Result<Value, HostError> {
        call(&self.authority, FsOperation::List, &json!({ "path": path }))
    }

    fn write(&self, path: &str, content: &str) -> Result<Value, HostError> {
        call(
            &self.authority,
            FsOperation::Write,
            &json!({ "path": path, "content": content }),
        )
    }

    /// The names in the root.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.at("root"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn fifo(path: &Path) {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

fn grant(root: &Path, operations: &[FsOperation]) -> FsGrant {
    FsGrant {
        root: root.to_str().unwrap().to_owned(),
        operations: operations.to_vec(),
    }
}

fn granting(fs: Vec<FsGrant>) -> Authority {
    let mut grants = Grants::default();
    grants.permissions = vec![Permission::HostApi { api: HostApi::Fs }];
    grants.fs = fs;
    Authority::without_manifest(grants, &Binding::Unbound)
}

fn text(authority: &Authority, operation: FsOperation, json: &str) -> Result<String, HostError> {
    let mut visit = Visit::new(authority, None);
    match operation {
        FsOperation::Read => super::read(&mut visit, json),
        FsOperation::List => super::list(&mut visit, json),
        FsOperation::Write => super::write(&mut visit, json),
    }
}

fn call(authority: &Authority, operation: FsOperation, json: &Value) -> Result<Value, HostError> {
    text(authority, operation, &json.to_string()).map(|answer| serde_json::from_str(&answer).unwrap())
}

/// `code: message`, as in a snapshot.
fn refusal(outcome: Result<Value, HostError>) -> String {
    let error = outcome.unwrap_err();
    let code = serde_json::to_value(error.code).unwrap();
    format!("{}: {}", code.as_str().unwrap(), error.message)
}
