//! A file that is there whole or not at all.
//!
//! What is written goes into a temporary file in the same directory, which takes the name when it is on the
//! disk. Whatever fails, the temporary file goes; only a host that is killed on the way leaves one behind.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;

use cap_std::fs::{Dir, File, Metadata, OpenOptions, Permissions};
use cap_std::fs::{OpenOptionsExt, PermissionsExt};

use crate::limits::FS_TEMPORARY_NAMES;

/// Fill a file and give it `name`, in place of what has the name now: nothing, or the regular file `old`,
/// whose permissions it gets.
pub(super) fn replace(
    dir: &Dir,
    name: &str,
    old: Option<&Metadata>,
    fill: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    // First, so that a directory that cannot be opened for this is left as it was.
    let durable = dir.open(".")?;
    let mut temporary = Temporary::create(dir, old)?;
    fill(&mut temporary.file)?;
    temporary.file.sync_all()?;
    temporary.rename(name)?;
    match durable.sync_all() {
        // Some file systems have no such thing. There, every write would be one that failed.
        Err(cause)
            if matches!(
                cause.kind(),
                io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        other => other,
    }
}

/// A file under a name that nobody asked for. It goes when this goes, unless it got another.
struct Temporary<'a> {
    dir: &'a Dir,
    name: Option<String>,
    file: File,
}

impl<'a> Temporary<'a> {
    fn create(dir: &'a Dir, old: Option<&Metadata>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        if old.is_some() {
            // Until it has the permissions of the file that it replaces, which may be secret.
            options.mode(0o600);
        }
        let (name, file) = unused(dir, &options)?;
        let temporary = Self {
            dir,
            name: Some(name),
            file,
        };
        if let Some(old) = old {
            // Not set-user-id and its like: the content is another.
            let mode = old.permissions().mode() & 0o777;
            temporary.file.set_permissions(Permissions::from_mode(mode))?;
        }
        Ok(temporary)
    }

    fn rename(mut self, to: &str) -> io::Result<()> {
        if let Some(name) = &self.name {
            self.dir.rename(name, self.dir, to)?;
        }
        self.name = None;
        Ok(())
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            let _ = self.dir.remove_file(name);
        }
    }
}

/// Create a file under a name that nobody can foresee, and so nobody occupy.
fn unused(dir: &Dir, options: &OpenOptions) -> io::Result<(String, File)> {
    let mut tried = 0;
    loop {
        let name = format!(".yoi-{:016x}.tmp", RandomState::new().build_hasher().finish());
        tried += 1;
        match dir.open_with(&name, options) {
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists && tried < FS_TEMPORARY_NAMES => {}
            opened => return Ok((name, opened?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cap_std::ambient_authority;
    use std::io::Write;

    fn dir() -> (tempfile::TempDir, Dir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = Dir::open_ambient_dir(folder.path(), ambient_authority()).unwrap();
        (folder, dir)
    }

    fn names(dir: &Dir) -> Vec<String> {
        let mut names: Vec<_> = dir
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_written_has_another_name_until_it_is_whole() {
        let (_folder, dir) = dir();
        dir.write("a", "old").unwrap();
        replace(&dir, "a", None, |file| {
            file.write_all(b"new")?;
            assert_eq!(dir.read_to_string("a")?, "old");
            let names = names(&dir);
            assert_eq!(names.len(), 2);
            assert!(names[0].starts_with(".yoi-"), "{names:?}");
            Ok(())
        })
        .unwrap();
        assert_eq!(dir.read_to_string("a").unwrap(), "new");
        assert_eq!(names(&dir), ["a"]);
    }

    #[test]
    fn a_full_disk_leaves_the_old_file_and_nothing_else() {
        let (_folder, dir) = dir();
        dir.write("a", "old").unwrap();
        let error = replace(&dir, "a", None, |file| {
            file.write_all(b"ne")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(dir.read_to_string("a").unwrap(), "old");
        assert_eq!(names(&dir), ["a"]);
    }

    #[test]
    fn a_panic_leaves_nothing() {
        let (_folder, dir) = dir();
        let fill = |_: &mut File| -> io::Result<()> { std::panic::resume_unwind(Box::new("on the way")) };
        let filling = std::panic::AssertUnwindSafe(|| replace(&dir, "a", None, fill));
        std::panic::catch_unwind(filling).unwrap_err();
        assert_eq!(names(&dir), [""; 0]);
    }

    #[test]
    fn a_name_that_cannot_be_taken_leaves_nothing() {
        let (_folder, dir) = dir();
        // Between the check and the rename somebody makes a directory of it.
        replace(&dir, "a", None, |_| dir.create_dir("a")).unwrap_err();
        assert_eq!(names(&dir), ["a"]);
        assert!(dir.metadata("a").unwrap().is_dir());
    }

    #[test]
    fn a_link_swapped_in_is_replaced_and_not_followed() {
        let (_folder, dir) = dir();
        dir.write("b", "untouched").unwrap();
        replace(&dir, "a", None, |file| {
            dir.symlink("b", "a")?;
            file.write_all(b"new")
        })
        .unwrap();
        assert!(dir.symlink_metadata("a").unwrap().is_file());
        assert_eq!(dir.read_to_string("b").unwrap(), "untouched");
    }

    #[test]
    fn what_replaces_a_secret_is_secret_while_it_is_written() {
        let (_folder, dir) = dir();
        dir.write("a", "old").unwrap();
        dir.set_permissions("a", Permissions::from_mode(0o600)).unwrap();
        let old = dir.metadata("a").unwrap();
        replace(&dir, "a", Some(&old), |file| {
            assert_eq!(file.metadata()?.permissions().mode() & 0o777, 0o600);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_directory_that_is_gone_is_an_error() {
        let (folder, dir) = dir();
        folder.close().unwrap();
        let error = replace(&dir, "a", None, |_| Ok(())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn no_two_temporary_names_are_the_same() {
        let (_folder, dir) = dir();
        let (name, _file) = unused(&dir, OpenOptions::new().write(true).create_new(true)).unwrap();
        let (other, _file) = unused(&dir, OpenOptions::new().write(true).create_new(true)).unwrap();
        assert_ne!(name, other);
    }
}
