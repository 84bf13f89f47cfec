//! A plugin's folder, watched while its author works on it.
//!
//! The system says only *that* something happened. *What* changed is found by looking: which files there are, how
//! large, how old, now and when last looked. So a burst of events is one change, a file that is saved by renaming
//! another is a file that changed, and an event that was lost costs nothing once the next one comes. Where the
//! system cannot tell at all, this looks on its own from time to time.
//!
//! What counts is what an author writes, not what git is told to ignore or what tools leave.
//!
//! This room knows files. It must not know what becomes of a change.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use notify::event::{EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

use crate::authored;
use crate::limits::{WATCH_POLL, WATCH_QUIET, WATCH_SETTLES, WATCHED_NAMES, WATCHED_PASSES};

/// A folder, and a few files beside it, of which every change is told.
#[derive(Debug)]
pub struct Watch {
    folder: PathBuf,
    /// Files that count wherever they are.
    also: Vec<PathBuf>,
    seen: BTreeMap<PathBuf, Stamp>,
    notifier: Option<Notifier>,
    wakes: Receiver<Wake>,
    /// Kept, so that there is always somebody who could wake it.
    stop: Stop,
}

/// Ends the wait for the next change, from any thread.
#[derive(Debug, Clone)]
pub struct Stop(Sender<Wake>);

/// Why a folder cannot be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WatchError {
    /// It cannot be looked through.
    #[error("failed to watch {}: {cause}", folder.display())]
    Look {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// It holds more than anybody writes.
    #[error(
        "failed to watch {}: it holds more than {WATCHED_NAMES} files and folders; a `.gitignore` in it says \
         which do not count",
        .0.display()
    )]
    TooMany(PathBuf),
}

enum Wake {
    /// Something happened; these paths may be gone.
    Event(Vec<PathBuf>),
    Stop,
}

/// The system's own watch, over folders one by one.
#[derive(Debug)]
struct Notifier {
    watcher: RecommendedWatcher,
    watched: BTreeMap<PathBuf, u64>,
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    node: u64,
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Watch {
    /// Watch a folder, and these files wherever they are. What is there now is what the first change is told
    /// from.
    ///
    /// # Errors
    ///
    /// [`WatchError`] where the folder cannot be looked through.
    pub fn over(folder: &Path, also: Vec<PathBuf>) -> Result<Self, WatchError> {
        Self::with(folder, also, Notifier::new)
    }

    fn with(
        folder: &Path,
        also: Vec<PathBuf>,
        notifier: impl FnOnce(Sender<Wake>) -> Option<Notifier>,
    ) -> Result<Self, WatchError> {
        let (send, wakes) = mpsc::channel();
        let mut watch = Self {
            folder: folder.to_owned(),
            also,
            seen: BTreeMap::new(),
            notifier: notifier(send.clone()),
            wakes,
            stop: Stop(send),
        };
        watch.seen = watch.look()?;
        Ok(watch)
    }

    /// What ends the wait in [`changes`](Self::changes).
    #[must_use]
    pub fn stop(&self) -> Stop {
        self.stop.clone()
    }

    /// Whether the system tells of changes. Where it does not, the folder is looked through twice a second.
    #[must_use]
    pub fn is_told(&self) -> bool {
        self.notifier.is_some()
    }

    /// Let these files count besides, in place of those that did. One that counted before is known as it was
    /// then; any other as it is now.
    pub fn also(&mut self, files: Vec<PathBuf>) {
        for file in &files {
            if !self.also.contains(file) {
                self.accept(file);
            }
        }
        let earlier = std::mem::replace(&mut self.also, files);
        // One that counts no more has not gone.
        if let Ok((files, _)) = self.walk() {
            for file in earlier.iter().filter(|file| !files.contains_key(*file)) {
                self.seen.remove(file);
            }
        }
    }

    /// Take a file as it is now: a change of it up to here is none.
    pub fn accept(&mut self, file: &Path) {
        match stamp_of(file) {
            Some(stamp) => self.seen.insert(file.to_owned(), stamp),
            None => self.seen.remove(file),
        };
    }

    /// Wait for a change, and for the quiet after it: the files that came, went or changed, sorted. None when it
    /// was told to [stop](Self::stop).
    ///
    /// # Errors
    ///
    /// [`WatchError`] where the folder cannot be looked through any more.
    pub fn changes(&mut self) -> Result<Option<Vec<PathBuf>>, WatchError> {
        // At once: what happened since the last look, and what is watched only now.
        let mut wait = Some(Duration::ZERO);
        loop {
            if !self.wait(wait) {
                return Ok(None);
            }
            let now = self.look()?;
            let changed = differences(&self.seen, &now);
            self.seen = now;
            if !changed.is_empty() {
                return Ok(Some(changed));
            }
            wait = self.notifier.is_none().then_some(WATCH_POLL);
        }
    }

    /// Wait for an event and the quiet after it, or for this time. False when told to stop.
    fn wait(&mut self, longest: Option<Duration>) -> bool {
        let first = match longest {
            None => self.wakes.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(time) => self.wakes.recv_timeout(time),
        };
        let mut woken = first;
        let settled = Instant::now() + WATCH_SETTLES;
        loop {
            match woken {
                Ok(Wake::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => return true,
                Ok(Wake::Event(gone)) => {
                    if let Some(notifier) = &mut self.notifier {
                        notifier.forget(&gone);
                    }
                    if Instant::now() >= settled {
                        return true;
                    }
                }
            }
            woken = self.wakes.recv_timeout(WATCH_QUIET);
        }
    }

    /// All that counts, as it is now. Folders that are new are watched before what is in them is believed.
    fn look(&mut self) -> Result<BTreeMap<PathBuf, Stamp>, WatchError> {
        let mut passes = 0;
        loop {
            let (files, folders) = self.walk()?;
            let is_watched = match &mut self.notifier {
                Some(notifier) => notifier.watch(folders),
                None => Ok(false),
            };
            passes += 1;
            match is_watched {
                // One who makes folders faster than they are read has to wait for the next look.
                Ok(true) if passes < WATCHED_PASSES => {}
                Ok(_) => return Ok(files),
                // Too many folders for the system: look on our own from now on.
                Err(_) => {
                    self.notifier = None;
                    return Ok(files);
                }
            }
        }
    }

    /// The files that count, and the folders in which something could come to count.
    #[expect(
        clippy::type_complexity,
        reason = "files, and folders: two of a kind for one caller"
    )]
    fn walk(&self) -> Result<(BTreeMap<PathBuf, Stamp>, BTreeMap<PathBuf, u64>), WatchError> {
        let mut files = BTreeMap::new();
        let mut folders = BTreeMap::new();
        fs::read_dir(&self.folder).map_err(|cause| WatchError::Look {
            folder: self.folder.clone(),
            cause,
        })?;
        for entry in authored::walk(&self.folder) {
            // What is gone meanwhile, or cannot be read, does not count.
            let Ok(entry) = entry else { continue };
            let Ok(found) = fs::symlink_metadata(entry.path()) else {
                continue;
            };
            if found.is_dir() {
                folders.insert(entry.into_path(), found.ino());
            } else {
                files.insert(entry.into_path(), Stamp::of(&found));
            }
            if files.len() + folders.len() > WATCHED_NAMES {
                return Err(WatchError::TooMany(self.folder.clone()));
            }
        }
        for file in &self.also {
            if let Some(stamp) = stamp_of(file) {
                files.insert(file.clone(), stamp);
            }
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            if let Ok(found) = fs::metadata(folder) {
                folders.insert(folder.to_owned(), found.ino());
            }
        }
        Ok((files, folders))
    }
}

impl Stop {
    /// Let the wait end, this one or the next.
    pub fn stop(&self) {
        // Nobody waits any more: it is stopped.
        let _ = self.0.send(Wake::Stop);
    }
}

impl Notifier {
    /// None where the system has no such thing to give.
    fn new(wake: Sender<Wake>) -> Option<Self> {
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let gone = match event {
                // Who only reads, this program first of all, changes nothing.
                Ok(event) if matches!(event.kind, EventKind::Access(_)) => return,
                Ok(event) => match event.kind {
                    EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)) => event.paths,
                    _ => Vec::new(),
                },
                // Events were lost: look.
                Err(_) => Vec::new(),
            };
            let _ = wake.send(Wake::Event(gone));
        });
        Some(Self {
            watcher: watcher.ok()?,
            watched: BTreeMap::new(),
        })
    }

    /// Watch these folders and no others. Whether one of them was not watched before.
    fn watch(&mut self, folders: BTreeMap<PathBuf, u64>) -> notify::Result<bool> {
        let is_as_before = |watched: &BTreeMap<PathBuf, u64>, (folder, node): (&PathBuf, &u64)| {
            watched.get(folder).is_some_and(|known| known == node)
        };
        let gone: Vec<_> = self
            .watched
            .iter()
            .filter(|one| !is_as_before(&folders, *one))
            .collect();
        for (folder, _) in gone {
            // Gone with the folder, mostly.
            let _ = self.watcher.unwatch(folder);
        }
        let mut has_new = false;
        for (folder, node) in &folders {
            if is_as_before(&self.watched, (folder, node)) {
                continue;
            }
            match self.watcher.watch(folder, RecursiveMode::NonRecursive) {
                Ok(()) => has_new = true,
                Err(error) if is_out_of_watches(&error) => return Err(error),
                // It went meanwhile, or cannot be read: then nothing in it counts.
                Err(_) => {}
            }
        }
        self.watched = folders;
        Ok(has_new)
    }

    /// What had these paths is no longer watched, even if something else has them now.
    fn forget(&mut self, gone: &[PathBuf]) {
        for path in gone {
            if self.watched.remove(path).is_some() {
                let _ = self.watcher.unwatch(path);
            }
        }
    }
}

fn is_out_of_watches(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => true,
        notify::ErrorKind::Io(cause) => cause.kind() == io::ErrorKind::StorageFull,
        _ => false,
    }
}

impl Stamp {
    fn of(found: &Metadata) -> Self {
        Self {
            node: found.ino(),
            bytes: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        }
    }
}

fn stamp_of(file: &Path) -> Option<Stamp> {
    fs::symlink_metadata(file).ok().map(|found| Stamp::of(&found))
}

fn differences(before: &BTreeMap<PathBuf, Stamp>, now: &BTreeMap<PathBuf, Stamp>) -> Vec<PathBuf> {
    let came_or_changed = now
        .iter()
        .filter(|(path, stamp)| before.get(*path) != Some(*stamp));
    let went = before.iter().filter(|(path, _)| !now.contains_key(*path));
    let mut paths: Vec<_> = came_or_changed
        .chain(went)
        .map(|(path, _)| path.clone())
        .collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with a project's files.
    fn project() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in ["src", "target/release", "node_modules/x", "out"] {
            fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        for (name, content) in [
            ("src/lib.rs", "1"),
            ("plugin.toml", "1"),
            (".gitignore", "/out/\n*.wasm\n"),
        ] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        folder
    }

    /// What changes next, by paths in the folder.
    fn next(watch: &mut Watch) -> Vec<String> {
        let folder = watch.folder.clone();
        let changed = watch.changes().unwrap().unwrap();
        let inner = |path: PathBuf| path.strip_prefix(&folder).unwrap().display().to_string();
        changed.into_iter().map(inner).collect()
    }

    /// By the system's word, and without it.
    fn both(test: impl Fn(&Path, Watch)) {
        for is_told in [true, false] {
            let folder = project();
            let watch = match is_told {
                true => Watch::over(folder.path(), Vec::new()),
                false => Watch::with(folder.path(), Vec::new(), |_| None),
            };
            test(folder.path(), watch.unwrap());
        }
    }

    #[test]
    fn a_file_that_changes_comes_or_goes_is_told() {
        both(|folder, mut watch| {
            fs::write(folder.join("src/lib.rs"), "2").unwrap();
            assert_eq!(next(&mut watch), ["src/lib.rs"]);
            fs::write(folder.join("src/new.rs"), "").unwrap();
            assert_eq!(next(&mut watch), ["src/new.rs"]);
            fs::remove_file(folder.join("src/new.rs")).unwrap();
            assert_eq!(next(&mut watch), ["src/new.rs"]);
        });
    }

    #[test]
    fn a_file_that_is_replaced_by_another_of_its_size_is_told() {
        both(|folder, mut watch| {
            // As editors save.
            fs::write(folder.join("src/lib.rs~"), "2").unwrap();
            fs::rename(folder.join("src/lib.rs~"), folder.join("src/lib.rs")).unwrap();
            assert_eq!(next(&mut watch), ["src/lib.rs"]);
        });
    }

    #[test]
    fn what_builds_and_editors_leave_is_not_told() {
        both(|folder, mut watch| {
            for name in [
                "target/release/x.d",
                "node_modules/x/y.js",
                "out/a",
                "x.wasm",
                "a.yoi-plugin",
                ".lib.rs.swp",
            ] {
                fs::write(folder.join(name), "1").unwrap();
            }
            fs::write(folder.join("plugin.toml"), "2").unwrap();
            assert_eq!(next(&mut watch), ["plugin.toml"]);
        });
    }

    #[test]
    fn what_is_in_a_new_folder_is_told_and_in_one_that_was_made_again() {
        both(|folder, mut watch| {
            for _ in 0..3 {
                fs::create_dir_all(folder.join("src/a/b")).unwrap();
                fs::write(folder.join("src/a/b/c.rs"), "1").unwrap();
                assert_eq!(next(&mut watch), ["src/a/b/c.rs"]);
                fs::write(folder.join("src/a/b/c.rs"), "22").unwrap();
                assert_eq!(next(&mut watch), ["src/a/b/c.rs"]);
                fs::remove_dir_all(folder.join("src/a")).unwrap();
                assert_eq!(next(&mut watch), ["src/a/b/c.rs"]);
            }
        });
    }

    #[test]
    fn what_happens_between_two_waits_is_told_by_the_second() {
        both(|folder, mut watch| {
            fs::write(folder.join("src/lib.rs"), "22").unwrap();
            assert_eq!(next(&mut watch), ["src/lib.rs"]);
            fs::write(folder.join("src/lib.rs"), "333").unwrap();
            // Time that nobody waits in, as a build takes.
            fs::write(folder.join("plugin.toml"), "22").unwrap();
            assert_eq!(next(&mut watch), ["plugin.toml", "src/lib.rs"]);
        });
    }

    #[test]
    fn what_a_build_wrote_itself_is_taken_as_it_is() {
        both(|folder, mut watch| {
            let lock = folder.join("Cargo.lock");
            fs::write(&lock, "1").unwrap();
            watch.accept(&lock);
            fs::write(folder.join("src/lib.rs"), "22").unwrap();
            assert_eq!(next(&mut watch), ["src/lib.rs"]);
            fs::write(&lock, "22").unwrap();
            assert_eq!(next(&mut watch), ["Cargo.lock"]);
        });
    }

    #[test]
    fn a_file_outside_counts_where_it_is_named_though_git_ignores_it() {
        both(|folder, mut watch| {
            let beside = tempfile::tempdir().unwrap();
            let (grants, component) = (beside.path().join("grants.toml"), folder.join("x.wasm"));
            watch.also(vec![grants.clone(), component.clone()]);
            fs::write(&grants, "1").unwrap();
            assert_eq!(watch.changes().unwrap().unwrap(), std::slice::from_ref(&grants));
            fs::write(&component, "1").unwrap();
            assert_eq!(
                watch.changes().unwrap().unwrap(),
                std::slice::from_ref(&component)
            );
            watch.also(vec![grants.clone()]);
            fs::write(&component, "22").unwrap();
            fs::write(&grants, "22").unwrap();
            assert_eq!(watch.changes().unwrap().unwrap(), [grants]);
        });
    }

    #[test]
    fn the_wait_ends_when_it_is_told_to() {
        both(|_, mut watch| {
            let stop = watch.stop();
            let waits = std::thread::spawn(move || watch.changes().unwrap());
            stop.stop();
            assert_eq!(waits.join().unwrap(), None);
        });
    }

    #[test]
    fn a_folder_that_is_gone_is_named() {
        both(|folder, mut watch| {
            fs::remove_dir_all(folder).unwrap();
            let error = watch.changes().unwrap_err().to_string();
            let error = error.replace(&folder.display().to_string(), "FOLDER");
            assert_eq!(
                error,
                "failed to watch FOLDER: No such file or directory (os error 2)"
            );
        });
    }
}
