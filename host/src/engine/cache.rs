//! Compiled components on disk, so that a component is compiled once per machine.
//!
//! An entry is named after the component's bytes and the engine's settings; it appears whole (written aside,
//! flushed, renamed) or not at all, and one that is damaged is a miss. Entries are machine code that will be
//! run, so the folder and every entry must belong to the user and be writable by nobody else.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use wasmtime::component::Component;

/// Most bytes the cache keeps. The entries longest unused go first.
const CACHE_BYTES: u64 = 1024 * 1024 * 1024;

/// How stale an entry's time of use may get. Each use would otherwise be a write.
const USE_GRAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// What stands at the end of an entry: the SHA-256 of all before it. A disk that fails must not be run.
const CHECKSUM_BYTES: usize = 32;

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
    /// Somebody else owns or may write the folder, and so could choose what code runs.
    #[error(
        "the cache of compiled components at {} belongs to another user or may be written by others, and \
         what it holds is run as machine code: make it yours alone (`chmod go-w`), or name another folder",
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
        let ours = fs::metadata(&folder)
            .map(|data| is_ours_alone(&data))
            .map_err(io)?;
        if !ours {
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
        let Some(entry) = self.read(&path).map_err(|cause| self.io(cause))? else {
            return Ok(None);
        };
        let Some(code) = checked(&entry) else {
            return Ok(None);
        };
        // SAFETY: these bytes were written by `store`, as the checksum says, from a component that this very
        // version of wasmtime compiled (it checks version and settings itself), into a file and a folder that
        // nobody but the user could write, which `open` and `read` have checked.
        let loaded = unsafe { Component::deserialize(engine, code) };
        // What does not load all the same was left by another version: compile again.
        Ok(loaded.ok())
    }

    /// An entry's bytes, unless there is none that is ours alone.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(cause),
        };
        let data = file.metadata()?;
        if !data.is_file() || !is_ours_alone(&data) {
            return Ok(None);
        }
        self.mark_used(path, &data);
        let mut entry = Vec::with_capacity(usize::try_from(data.len()).unwrap_or(0));
        file.read_to_end(&mut entry)?;
        Ok(Some(entry))
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
        entry.write_all(&Sha256::digest(code))?;
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

/// The code in an entry, if its checksum says that it is whole.
fn checked(entry: &[u8]) -> Option<&[u8]> {
    let (code, checksum) = entry.split_at_checked(entry.len().checked_sub(CHECKSUM_BYTES)?)?;
    (Sha256::digest(code).as_slice() == checksum).then_some(code)
}

#[cfg(unix)]
fn is_ours_alone(data: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    data.uid() == rustix::process::geteuid().as_raw() && data.mode() & 0o022 == 0
}

/// Elsewhere a user's folders are the user's by default.
#[cfg(not(unix))]
fn is_ours_alone(_data: &fs::Metadata) -> bool {
    true
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
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for damaged in [
            &whole[..whole.len() / 2],
            &whole[..10],
            b"",
            b"not machine code",
            &flipped,
        ] {
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
        insta::assert_snapshot!(error, @"the cache of compiled components at FOLDER belongs to another user or may be written by others, and what it holds is run as machine code: make it yours alone (`chmod go-w`), or name another folder");
    }

    #[cfg(unix)]
    #[test]
    fn an_entry_that_others_may_write_is_compiled_again() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let cache = CodeCache::open(folder.path().join("code")).unwrap();
        let engine = engine(Profile::Documented, &cache);
        engine.compile(EMPTY_COMPONENT).unwrap();
        fs::set_permissions(&entries(&cache)[0], fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(engine.compile(EMPTY_COMPONENT).unwrap().1, Origin::Compiler);
        assert_eq!(engine.compile(EMPTY_COMPONENT).unwrap().1, Origin::Cache);
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
