//! The files of a package, within the limits.

use std::collections::BTreeMap;

use super::{Digest, PackageFault};
use crate::authority::is_package_path;
use crate::limits::{PACKAGE_BYTES, PACKAGE_ENTRIES, PACKAGE_FILE_BYTES, PACKAGE_PATH_BYTES};

/// The regular files of a package: each path is one that stays in the package, and has `/` between its parts.
/// There are never more of them, nor larger ones, than [`limits`](crate::limits) let in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Files {
    files: BTreeMap<String, Vec<u8>>,
    bytes: usize,
}

impl Files {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Add a file.
    ///
    /// # Errors
    ///
    /// Where the path is not one of a package or is taken, or the file is one too many or too large. The
    /// files are as they were then.
    pub fn insert(
        &mut self,
        path: impl Into<String>,
        content: impl Into<Vec<u8>>,
    ) -> Result<(), PackageFault> {
        let (entry, content) = (path.into(), content.into());
        self.has_room(&entry)?;
        self.bytes = self.total_with(&entry, content.len())?;
        self.files.insert(entry, content);
        Ok(())
    }

    /// Whether a file with this path may be added, if it is not too large.
    pub(super) fn has_room(&self, path: &str) -> Result<(), PackageFault> {
        let entry = || path.to_owned();
        if !is_package_path(path) {
            return Err(PackageFault::Escapes { entry: entry() });
        }
        if path.len() > PACKAGE_PATH_BYTES {
            return Err(PackageFault::PathTooLong {
                entry: entry(),
                bytes: path.len(),
            });
        }
        if self.files.contains_key(path) {
            return Err(PackageFault::Duplicate { entry: entry() });
        }
        if self.files.len() == PACKAGE_ENTRIES {
            return Err(PackageFault::TooManyFiles { entry: entry() });
        }
        Ok(())
    }

    /// The bytes of all files with one more of this size, where it may be added.
    pub(super) fn total_with(&self, entry: &str, bytes: usize) -> Result<usize, PackageFault> {
        if bytes > PACKAGE_FILE_BYTES {
            return Err(PackageFault::FileTooLarge {
                entry: entry.to_owned(),
                bytes: bytes as u64,
            });
        }
        let total = self.bytes + bytes;
        if total > PACKAGE_BYTES {
            return Err(PackageFault::TotalTooLarge {
                entry: entry.to_owned(),
                bytes: total as u64,
            });
        }
        Ok(total)
    }

    /// The content of the file with this path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// Paths and contents, in the order of the paths' bytes.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        self.files
            .iter()
            .map(|(path, content)| (path.as_str(), content.as_slice()))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// How many bytes they have together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// What they are known by.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(self)
    }

    /// A file that has the path of a folder with another file in it. No disk has both.
    pub(super) fn file_and_folder(&self) -> Option<&str> {
        let parents = |path: &str| -> Vec<String> {
            let cuts = path.match_indices('/');
            cuts.map(|(at, _)| path[..at].to_owned()).collect()
        };
        self.files
            .keys()
            .flat_map(|path| parents(path))
            .find_map(|parent| self.files.get_key_value(&parent))
            .map(|(path, _)| path.as_str())
    }
}

/// Paths and sizes: nobody reads the contents.
impl std::fmt::Debug for Files {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sizes = self.iter().map(|(path, content)| (path, content.len()));
        f.debug_map().entries(sizes).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_the_order_of_their_paths_bytes() {
        let mut files = Files::new();
        for path in ["b", "a/b", "a.b", "é", "a", "B"] {
            files.insert(path, "x").unwrap();
        }
        let paths: Vec<&str> = files.iter().map(|(path, _)| path).collect();
        assert_eq!(paths, ["B", "a", "a.b", "a/b", "b", "é"]);
        assert_eq!((files.len(), files.bytes()), (6, 6));
        assert_eq!(files.get("a/b"), Some(&b"x"[..]));
        assert_eq!(files.get("a/c"), None);
    }

    #[test]
    fn what_cannot_be_added_leaves_the_files_as_they_were() {
        let mut files = Files::new();
        files.insert("a", "1").unwrap();
        let before = files.clone();
        let mut refused = |path: String, bytes: usize| {
            let fault = files.insert(path, vec![0; bytes]).unwrap_err();
            assert_eq!(files, before);
            fault.to_string()
        };
        insta::assert_snapshot!(refused("a".into(), 0), @"`a` is there twice");
        insta::assert_snapshot!(refused("a/../b".into(), 0), @"path `a/../b` is not one of a package: it has a part `..`");
        insta::assert_snapshot!(refused("b".into(), PACKAGE_FILE_BYTES + 1), @"`b` has 8388609 bytes; a file of a package has at most 8388608");
        insta::assert_snapshot!(refused("p".repeat(PACKAGE_PATH_BYTES + 1), 0), @"path `pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp…` has 65536 bytes; one in a package has at most 65535");
    }

    #[test]
    fn as_many_and_as_large_files_as_may_be_are_taken_and_no_more() {
        let mut files = Files::new();
        for index in 0..8 {
            files
                .insert(format!("{index}"), vec![0; PACKAGE_FILE_BYTES])
                .unwrap();
        }
        insta::assert_snapshot!(files.insert("more", "x").unwrap_err(), @"the files have 67108865 bytes, up to and with `more`; those of a package have at most 67108864");
        for index in 8..PACKAGE_ENTRIES {
            files.insert(format!("{index}"), "").unwrap();
        }
        insta::assert_snapshot!(files.insert("more", "").unwrap_err(), @"a package has at most 512 files; `more` is one more");
        assert_eq!((files.len(), files.bytes()), (PACKAGE_ENTRIES, PACKAGE_BYTES));
    }

    #[test]
    fn a_file_that_is_a_folder_too_is_found() {
        let mut files = Files::new();
        files.insert("a/b/c", "").unwrap();
        files.insert("a.b", "").unwrap();
        assert_eq!(files.file_and_folder(), None);
        files.insert("a/b", "").unwrap();
        assert_eq!(files.file_and_folder(), Some("a/b"));
    }
}
