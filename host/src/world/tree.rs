//! Files laid down before, and what became of them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

/// Files and folders as data: laid down in a real folder for a run, and read from it afterwards to be compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScriptedTree {
    nodes: BTreeMap<PathBuf, Node>,
}

/// What a path in a tree stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A file with this content.
    File(Vec<u8>),
    /// A folder.
    Folder,
    /// A symbolic link to this path.
    Link(PathBuf),
    /// A device, a FIFO, a socket: read, and never laid down.
    Other,
}

/// A tree in a temporary folder, which goes with this.
#[derive(Debug)]
pub struct LaidTree {
    folder: tempfile::TempDir,
    root: PathBuf,
}

impl ScriptedTree {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a file. The folders above it come with it.
    #[must_use]
    pub fn file(self, path: impl Into<PathBuf>, content: impl Into<Vec<u8>>) -> Self {
        self.with(path.into(), Node::File(content.into()))
    }

    /// The same with a folder. Those above it come with it.
    #[must_use]
    pub fn folder(self, path: impl Into<PathBuf>) -> Self {
        self.with(path.into(), Node::Folder)
    }

    /// The same with a symbolic link to any path, there or not.
    #[must_use]
    pub fn link(self, path: impl Into<PathBuf>, to: impl Into<PathBuf>) -> Self {
        self.with(path.into(), Node::Link(to.into()))
    }

    /// What a path stands for.
    #[must_use]
    pub fn get(&self, path: impl AsRef<Path>) -> Option<&Node> {
        self.nodes.get(path.as_ref())
    }

    /// Every path in it and what it stands for, sorted.
    pub fn iter(&self) -> impl Iterator<Item = (&Path, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_path(), node))
    }

    fn with(mut self, path: PathBuf, node: Node) -> Self {
        for above in path
            .ancestors()
            .skip(1)
            .filter(|above| !above.as_os_str().is_empty())
        {
            self.nodes.entry(above.to_owned()).or_insert(Node::Folder);
        }
        self.nodes.insert(path, node);
        self
    }

    /// Lay it down in a temporary folder.
    ///
    /// # Errors
    ///
    /// Where a path is absolute or has `..`, and where the system refuses.
    pub fn lay(&self) -> io::Result<LaidTree> {
        let folder = tempfile::tempdir()?;
        let root = folder.path().canonicalize()?;
        for (path, node) in &self.nodes {
            if !path.components().all(|part| matches!(part, Component::Normal(_))) {
                let message = format!("{} does not stay in the tree", path.display());
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
            let path = root.join(path);
            match node {
                Node::File(content) => fs::write(path, content)?,
                Node::Folder => fs::create_dir(path)?,
                Node::Link(to) => symlink(to, path)?,
                Node::Other => {
                    let message = format!("{} is nothing that can be laid down", path.display());
                    return Err(io::Error::new(io::ErrorKind::Unsupported, message));
                }
            }
        }
        Ok(LaidTree { folder, root })
    }
}

impl LaidTree {
    /// Its absolute path, without links: what a grant names.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What is there now. No link is followed.
    ///
    /// # Errors
    ///
    /// Where the system refuses.
    pub fn read(&self) -> io::Result<ScriptedTree> {
        let mut tree = ScriptedTree::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(self.root.join(&folder))? {
                let entry = entry?;
                let path = folder.join(entry.file_name());
                let kind = entry.file_type()?;
                let node = if kind.is_file() {
                    Node::File(fs::read(entry.path())?)
                } else if kind.is_symlink() {
                    Node::Link(fs::read_link(entry.path())?)
                } else if kind.is_dir() {
                    folders.push(path.clone());
                    Node::Folder
                } else {
                    Node::Other
                };
                tree.nodes.insert(path, node);
            }
        }
        Ok(tree)
    }

    /// Remove it, and learn whether that went well. Dropping it removes it too.
    ///
    /// # Errors
    ///
    /// Where the system refuses.
    pub fn close(self) -> io::Result<()> {
        self.folder.close()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_laid_down_is_read_back(
            files in proptest::collection::btree_map("[a-c]/[a-c]{1,2}", proptest::collection::vec(any::<u8>(), 0..9), 0..6),
            links in proptest::collection::btree_map("[d-f]/[a-c]", "[a-z/.]{1,6}", 0..4),
        ) {
            let mut tree = ScriptedTree::new().folder("empty");
            for (path, content) in files {
                tree = tree.file(path, content);
            }
            for (path, to) in links {
                tree = tree.link(path, to);
            }
            let laid = tree.lay().unwrap();
            prop_assert_eq!(laid.read().unwrap(), tree);
        }
    }

    #[test]
    fn a_tree_stays_in_its_folder() {
        for path in ["../a", "/a", "a/../b", "./a"] {
            let error = ScriptedTree::new().file(path, "").lay().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{path}");
        }
    }

    #[test]
    fn it_goes_with_its_folder() {
        let laid = ScriptedTree::new().file("a/b", "c").lay().unwrap();
        let root = laid.root().to_owned();
        assert!(root.is_absolute() && root.join("a/b").exists());
        laid.close().unwrap();
        assert!(!root.exists());
    }
}
