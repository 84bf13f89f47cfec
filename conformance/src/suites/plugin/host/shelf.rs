//! Where packages are laid out for a host. A folder with its files is used again by the cases that follow: to make
//! and remove files, thousands a run, costs some file systems more than everything else in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tempfile::TempDir;

/// What the folder of a case's own is called.
const OWN: &str = "own";

/// Folders that nobody uses at the moment. They end with this.
#[derive(Default)]
pub(crate) struct Shelves {
    free: Mutex<Vec<TempDir>>,
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

    fn lock(&self) -> MutexGuard<'_, Vec<TempDir>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shelf {
    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        self.folder.as_ref().map_or(Path::new(""), TempDir::path)
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
}
