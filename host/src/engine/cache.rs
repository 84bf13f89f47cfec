//! Compiled components on disk, so that a component is compiled once per machine.
//!
//! An entry is named after the component's bytes and the engine's settings; it appears whole (written aside,
//! flushed, renamed) or not at all, and one that cannot be read is a miss. Entries are machine code that
//! will be run, so the folder must belong to the user and be writable by nobody else.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

/// Most bytes the cache keeps. The entries longest unused go first.
const CACHE_BYTES: u64 = 1024 * 1024 * 1024;

/// How stale an entry's time of use may get. Each use would otherwise be a write.
const USE_GRAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder of compiled components.
#[derive(Debug, Clone)]
pub struct CodeCache {
    folder: PathBuf,
}

/// Why the cache cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The folder or an entry cannot be read or written.
    #[error("failed to use the cache of compiled components at {}: {cause}", folder.display())]
    Io {
        /// The cache's folder.
        folder: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Somebody else may write the folder, and so choose what code runs.
    #[error(
        "the cache of compiled components at {} may be written by other users, and what it holds is run \
         as machine code: make it yours alone (`chmod go-w`), or name another folder",
        folder.display()
    )]
    Shared {
        /// The cache's folder.
        folder: PathBuf,
    },
}

/// The name of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(String);

impl CodeCache {
    /// The user's own cache: `yoikit/code` below `$XDG_CACHE_HOME`, or below `~/.cache`. `None` where the
    /// environment names neither.
    #[must_use]
    pub fn user_folder() -> Option<PathBuf> {
        let absolute = |name: &str| {
            std::env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        absolute("XDG_CACHE_HOME")
            .or_else(|| Some(absolute("HOME")?.join(".cache")))
            .map(|cache| cache.join("yoikit").join("code"))
    }

    /// The cache in `folder`, which is made when it is not there.
    ///
    /// # Errors
    ///
    /// [`CacheError::Io`] where the folder cannot be made, [`CacheError::Shared`] where others may write it.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, CacheError> {
        let folder = folder.into();
        let io = |cause| CacheError::Io {
            folder: folder.clone(),
            cause,
        };
        make_private_folder(&folder).map_err(io)?;
        if others_may_write(&folder).map_err(io)? {
            return Err(CacheError::Shared { folder });
        }
        Ok(Self { folder })
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn key(&self, engine: &wasmtime::Engine, component: &[u8]) -> Key {
        let mut settings = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut settings);
        let mut name = String::with_capacity(90);
        for byte in Sha256::digest(component) {
            let _ = write!(name, "{byte:02x}");
        }
        let _ = write!(name, "-{:016x}.cwasm", settings.finish());
        Key(name)
    }

    #[expect(
        unsafe_code,
        reason = "running precompiled code is what the cache is for; see the comment on the block"
    )]
    pub(crate) fn load(&self, engine: &wasmtime::Engine, key: &Key) -> Result<Option<Component>, CacheError> {
        let path = self.folder.join(&key.0);
        match fs::metadata(&path) {
            Ok(entry) => self.mark_used(&path, &entry),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(self.io(cause)),
        }
        // SAFETY: the file was written by `store`, whole, from a component that this very version of
        // wasmtime compiled (it checks version and settings itself); nobody but the user could have changed
        // it since, which `open` has checked.
        let loaded = unsafe { Component::deserialize_file(engine, &path) };
        // An entry that does not load is one that a failing disk or another version left: compile again.
        Ok(loaded.ok())
    }

    pub(crate) fn store(&self, key: &Key, component: &Component) -> Result<(), CacheError> {
        let code = component
            .serialize()
            .map_err(|cause| self.io(io::Error::other(format!("{cause:#}"))))?;
        self.write(key, &code).map_err(|cause| self.io(cause))?;
        self.prune().map_err(|cause| self.io(cause))
    }

    fn write(&self, key: &Key, code: &[u8]) -> io::Result<()> {
        let mut entry = tempfile::NamedTempFile::new_in(&self.folder)?;
        entry.write_all(code)?;
        // Otherwise a crash may leave the name with holes for content, which would be run.
        entry.as_file().sync_all()?;
        entry
            .persist(self.folder.join(&key.0))
            .map_err(|failed| failed.error)?;
        Ok(())
    }

    /// Remove the entries longest unused until the rest fits.
    fn prune(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // Another process may have removed it since.
            let Ok(data) = entry.metadata() else { continue };
            if data.is_file() {
                entries.push((data.modified()?, data.len(), entry.path()));
            }
        }
        let mut total: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
        entries.sort();
        for (_, bytes, path) in entries {
            if total <= CACHE_BYTES {
                break;
            }
            remove_if_there(&path)?;
            total -= bytes;
        }
        Ok(())
    }

    /// Best effort: an entry that cannot be marked is only removed sooner.
    fn mark_used(&self, path: &Path, entry: &fs::Metadata) {
        let now = SystemTime::now();
        let stale = entry
            .modified()
            .ok()
            .and_then(|used| now.duration_since(used).ok())
            .is_some_and(|age| age > USE_GRAIN);
        if stale && let Ok(file) = File::options().append(true).open(path) {
            let _ = file.set_modified(now);
        }
    }

    fn io(&self, cause: io::Error) -> CacheError {
        CacheError::Io {
            folder: self.folder.clone(),
            cause,
        }
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(cause) if cause.kind() != io::ErrorKind::NotFound => Err(cause),
        _ => Ok(()),
    }
}

fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(unix)]
fn others_may_write(folder: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::metadata(folder)?.permissions().mode() & 0o022 != 0)
}

/// Elsewhere a user's folders are the user's by default.
#[cfg(not(unix))]
fn others_may_write(_folder: &Path) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;
    use crate::engine::{Engine, EngineOptions, Origin};

    const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    fn engine(profile: Profile, cache: &CodeCache) -> Engine {
        EngineOptions::new(profile)
            .instances(1)
            .cache(cache.clone())
            .build()
            .unwrap()
    }

    fn entries(cache: &CodeCache) -> Vec<PathBuf> {
        fs::read_dir(cache.folder())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    }

    #[test]
    fn a_component_is_compiled_once_for_the_same_settings() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CodeCache::open(folder.path().join("code")).unwrap();
        let origin = |engine: &Engine| engine.compile(EMPTY_COMPONENT).unwrap().1;
        let first = engine(Profile::Documented, &cache);
        assert_eq!(origin(&first), Origin::Compiler);
        assert_eq!(origin(&first), Origin::Cache);
        assert_eq!(origin(&engine(Profile::Documented, &cache)), Origin::Cache);
    }

    #[test]
    fn an_entry_that_is_cut_or_garbage_is_compiled_again() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CodeCache::open(folder.path().join("code")).unwrap();
        let engine = engine(Profile::Documented, &cache);
        engine.compile(EMPTY_COMPONENT).unwrap();
        let entry = entries(&cache).remove(0);
        let whole = fs::read(&entry).unwrap();
        for damaged in [&whole[..whole.len() / 2], &whole[..10], b"", b"not machine code"] {
            // By another name first: the engine may still have the old file mapped.
            fs::remove_file(&entry).unwrap();
            fs::write(&entry, damaged).unwrap();
            assert_eq!(engine.compile(EMPTY_COMPONENT).unwrap().1, Origin::Compiler);
            assert_eq!(engine.compile(EMPTY_COMPONENT).unwrap().1, Origin::Cache);
        }
        assert_eq!(entries(&cache).len(), 1, "nothing is left beside the entry");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_others_may_write_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let error = CodeCache::open(folder.path()).unwrap_err().to_string();
        let error = error.replace(&folder.path().display().to_string(), "FOLDER");
        insta::assert_snapshot!(error, @"the cache of compiled components at FOLDER may be written by other users, and what it holds is run as machine code: make it yours alone (`chmod go-w`), or name another folder");
    }

    #[test]
    fn a_file_in_the_place_of_the_folder_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(
            CodeCache::open(file.path().join("code")),
            Err(CacheError::Io { .. })
        ));
    }
}
