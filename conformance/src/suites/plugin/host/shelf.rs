//! Where packages are laid out for a host. A folder with its files is used again by the cases that follow: to make
//! and remove files, thousands a run, costs some file systems more than everything else in it.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// What the folder of a case's own is called.
const OWN: &str = "own";

/// Where folders are that stay.
const KEPT: &str = "kept";

/// Packages of more bytes are written once, for all cases that have the same.
const LARGE: usize = 1 << 20;

/// Folders that nobody uses at the moment, and large packages. They end with this.
#[derive(Default)]
pub(crate) struct Shelves {
    free: Mutex<Vec<TempDir>>,
    large: Mutex<HashMap<[u8; 32], TempDir>>,
}

/// A folder for the packages of one case, with packages of others that may be overwritten.
pub(crate) struct Shelf {
    folder: Option<TempDir>,
    of: Arc<Shelves>,
}

impl Shelves {
    /// One that nobody else uses.
    pub(crate) fn take(self: &Arc<Self>) -> io::Result<Shelf> {
        let free = self.lock().pop();
        Ok(Shelf {
            folder: Some(match free {
                Some(folder) => folder,
                None => tempfile::tempdir()?,
            }),
            of: Arc::clone(self),
        })
    }

    /// A large package, which is written where no case had it before.
    fn large(&self, archive: &[u8]) -> io::Result<PathBuf> {
        let mut large = self.large.lock().unwrap_or_else(PoisonError::into_inner);
        let key = Sha256::digest(archive).into();
        if let Some(folder) = large.get(&key) {
            return Ok(folder.path().join("large.yoi-plugin"));
        }
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("large.yoi-plugin");
        fs::write(&path, archive)?;
        large.insert(key, folder);
        Ok(path)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<TempDir>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.as_ref().map_or(Path::new(""), TempDir::path)
    }

    /// The package of this number of a case.
    pub(crate) fn lay_out(&self, number: u32, archive: &[u8]) -> io::Result<PathBuf> {
        if archive.len() > LARGE {
            return self.of.large(archive);
        }
        let path = self.path().join(format!("{number}.yoi-plugin"));
        fs::write(&path, archive)?;
        Ok(path)
    }

    /// A folder in it that stays as it was made.
    pub(crate) fn kept(&self, name: &str, make: impl FnOnce(&Path) -> io::Result<()>) -> io::Result<PathBuf> {
        let kept = self.path().join(KEPT).join(name);
        if !kept.is_dir() {
            let made = tempfile::tempdir_in(self.path())?;
            make(made.path())?;
            fs::create_dir_all(self.path().join(KEPT))?;
            // One that is there is whole.
            fs::rename(made.keep(), &kept)?;
        }
        Ok(kept)
    }

    /// A folder in it for what is of this case alone. It is made where it is not there; that it cannot be made shows
    /// when something is written to it.
    pub(crate) fn own(&self) -> PathBuf {
        let own = self.path().join(OWN);
        let _ = fs::create_dir_all(&own);
        own
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        let is_clean = match fs::remove_dir_all(self.path().join(OWN)) {
            Ok(()) => true,
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if is_clean {
            self.of.lock().extend(self.folder.take());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_used_again_and_by_one_at_a_time() {
        let shelves = Arc::new(Shelves::default());
        let (first, second) = (shelves.take().unwrap(), shelves.take().unwrap());
        assert_ne!(first.path(), second.path());
        let used = first.path().to_owned();
        fs::write(first.own().join("a.txt"), "a").unwrap();
        drop(first);
        assert!(!used.join(OWN).exists());
        assert_eq!(shelves.take().unwrap().path(), used);
        drop((second, shelves));
        assert!(!used.exists());
    }

    #[test]
    fn what_is_kept_is_made_once_a_shelf_and_large_packages_are_written_once() {
        let shelves = Arc::new(Shelves::default());
        let (one, other) = (shelves.take().unwrap(), shelves.take().unwrap());
        let kept = one.kept("many", |many| fs::write(many.join("a"), "")).unwrap();
        assert_eq!(
            one.kept("many", |_| Err(io::ErrorKind::Other.into())).unwrap(),
            kept
        );
        assert!(kept.join("a").exists());
        let large = vec![0; LARGE + 1];
        let (here, there) = (one.lay_out(1, &large), other.lay_out(2, &large));
        assert_eq!(here.unwrap(), there.unwrap());
        let (here, there) = (one.lay_out(1, b"small"), other.lay_out(1, b"small"));
        assert_ne!(here.unwrap(), there.unwrap());
    }
}
