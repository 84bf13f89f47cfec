//! Links in a file that only grows: one line of JSON for each that was kept or forgotten.
//!
//! Several processes may use one file: each line is written whole under a lock, and the last of a key counts. A
//! line that was cut off, because a machine stopped in the middle, is left where it is and skipped; the next one
//! begins on a line of its own.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{LinkError, LinkKey, LinkStore, RuntimeLink};
use crate::limits::{BRIDGE_LINK_BYTES, BRIDGE_LINK_LOCK_TIME, BRIDGE_LINK_STORE_BYTES};
use crate::world::Pending;

/// Links in a file.
#[derive(Debug, Clone)]
pub struct LinksOnDisk {
    path: Arc<PathBuf>,
    /// How long another process may hold the file.
    patience: Duration,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "entry")]
enum Entry {
    /// The contract's name for it.
    #[serde(rename = "external-runtime-link")]
    Link(RuntimeLink),
    #[serde(rename = "external-runtime-link-forgotten")]
    Forgotten(LinkKey),
}

/// What every line begins with, whatever it says of a link.
const BEGINS: &[u8] = br#"{"entry":"external-runtime-link"#;

impl LinksOnDisk {
    /// Those of a file. It is made, folders included, when the first link is kept.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: Arc::new(path.into()),
            patience: BRIDGE_LINK_LOCK_TIME,
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the file holds links, or is not there yet.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    pub fn is_one(&self) -> io::Result<bool> {
        let mut begins = Vec::new();
        match File::open(&*self.path).and_then(|file| file.take(BEGINS.len() as u64).read_to_end(&mut begins))
        {
            // A first line may have been cut off anywhere.
            Ok(_) => Ok(BEGINS.starts_with(&begins)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(true),
            Err(cause) => Err(cause),
        }
    }

    fn read(&self, key: &LinkKey) -> Result<Option<RuntimeLink>, LinkError> {
        let bytes = match File::open(&*self.path).and_then(|file| self.latest(&file)) {
            Ok(bytes) => bytes,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(self.error("read the links in", cause)),
        };
        for line in bytes.rsplit(|&byte| byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(Entry::Link(link)) if link.key() == *key => return Ok(Some(link)),
                Ok(Entry::Forgotten(forgotten)) if forgotten == *key => return Ok(None),
                // Of another key, or cut off.
                _ => {}
            }
        }
        Ok(None)
    }

    fn append(&self, entry: &Entry) -> Result<(), LinkError> {
        let mut line = serde_json::to_vec(entry).map_err(|error| LinkError::Other(error.to_string()))?;
        if line.len() > BRIDGE_LINK_BYTES {
            return Err(LinkError::TooLarge(line.len()));
        }
        line.push(b'\n');
        self.write(line)
            .map_err(|cause| self.error("keep a link in", cause))
    }

    fn write(&self, mut line: Vec<u8>) -> io::Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        // A token is as good as the conversation.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&*self.path)?;
        self.lock(|| file.try_lock())?;
        if file.seek(SeekFrom::End(0))? > 0 {
            let mut last = [0];
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                line.insert(0, b'\n');
            }
        }
        file.write_all(&line)?;
        file.sync_data()
    }

    /// The end of a file, as much of it as is read. No writer is in the middle of a line meanwhile.
    fn latest(&self, mut file: &File) -> io::Result<Vec<u8>> {
        self.lock(|| file.try_lock_shared())?;
        let length = file.seek(SeekFrom::End(0))?;
        file.seek(SeekFrom::Start(length.saturating_sub(BRIDGE_LINK_STORE_BYTES)))?;
        let mut bytes = Vec::new();
        file.take(BRIDGE_LINK_STORE_BYTES).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Whoever has the file has it for a line; one that was stopped in the middle may have it for ever.
    fn lock(&self, attempt: impl Fn() -> Result<(), TryLockError>) -> io::Result<()> {
        let until = Instant::now() + self.patience;
        loop {
            match attempt() {
                Ok(()) => return Ok(()),
                Err(TryLockError::Error(cause)) => return Err(cause),
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    thread::sleep(Duration::from_millis(1));
                }
                Err(TryLockError::WouldBlock) => {
                    let held = format!("another program has held it for {:?}", self.patience);
                    return Err(io::Error::new(io::ErrorKind::WouldBlock, held));
                }
            }
        }
    }

    fn error(&self, doing: &'static str, cause: io::Error) -> LinkError {
        LinkError::File {
            path: self.path.to_path_buf(),
            doing,
            cause,
        }
    }

    async fn apart<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Self) -> Result<T, LinkError> + Send + 'static,
    ) -> Result<T, LinkError> {
        let store = self.clone();
        let done = tokio::task::spawn_blocking(move || act(&store)).await;
        done.map_err(|error| LinkError::Other(error.to_string()))?
    }
}

impl LinkStore for LinksOnDisk {
    fn find<'a>(&'a self, key: &'a LinkKey) -> Pending<'a, Result<Option<RuntimeLink>, LinkError>> {
        let key = key.clone();
        Box::pin(self.apart(move |store| store.read(&key)))
    }

    fn save(&self, link: RuntimeLink) -> Pending<'_, Result<(), LinkError>> {
        Box::pin(self.apart(move |store| store.append(&Entry::Link(link))))
    }

    fn forget<'a>(&'a self, key: &'a LinkKey) -> Pending<'a, Result<(), LinkError>> {
        let key = key.clone();
        Box::pin(self.apart(move |store| store.append(&Entry::Forgotten(key))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(model: &str, token: &str) -> RuntimeLink {
        RuntimeLink {
            source: "p".to_owned(),
            model: model.to_owned(),
            bridge: "codex-cli".to_owned(),
            resume_token: token.to_owned(),
            at: super::super::now(),
            used: None,
        }
    }

    fn token(store: &LinksOnDisk, model: &str) -> Option<String> {
        store
            .read(&link(model, "").key())
            .unwrap()
            .map(|link| link.resume_token)
    }

    fn store() -> (tempfile::TempDir, LinksOnDisk) {
        let folder = tempfile::tempdir().unwrap();
        let store = LinksOnDisk::at(folder.path().join("yoikit/links.jsonl"));
        (folder, store)
    }

    #[test]
    fn a_file_that_another_program_holds_is_not_waited_for_without_end() {
        let (_folder, mut store) = store();
        store.append(&Entry::Link(link("m", "1"))).unwrap();
        store.patience = Duration::from_millis(2);
        let other = File::open(store.path()).unwrap();
        other.lock().unwrap();
        let told = |error: LinkError| {
            error
                .to_string()
                .replace(&store.path().display().to_string(), "FILE")
        };
        let read = told(store.read(&link("m", "").key()).unwrap_err());
        let kept = told(store.append(&Entry::Link(link("m", "2"))).unwrap_err());
        insta::assert_snapshot!(format!("{read}\n{kept}"), @"
        failed to read the links in FILE: another program has held it for 2ms
        failed to keep a link in FILE: another program has held it for 2ms
        ");
        drop(other);
        assert_eq!(token(&store, "m").as_deref(), Some("1"));
    }

    #[test]
    fn the_last_link_of_a_key_counts_until_it_is_forgotten() {
        let (_folder, store) = store();
        assert_eq!(token(&store, "m"), None);
        for entry in [link("m", "1"), link("n", "2"), link("m", "3")] {
            store.append(&Entry::Link(entry)).unwrap();
        }
        assert_eq!(token(&store, "m").as_deref(), Some("3"));
        assert_eq!(token(&store, "n").as_deref(), Some("2"));
        store.append(&Entry::Forgotten(link("m", "").key())).unwrap();
        assert_eq!(token(&store, "m"), None);
        assert_eq!(token(&store, "n").as_deref(), Some("2"));
    }

    #[test]
    fn a_line_that_was_cut_off_anywhere_costs_that_line_alone() {
        let (_folder, store) = store();
        store.append(&Entry::Link(link("m", "1"))).unwrap();
        let before = fs::metadata(store.path()).unwrap().len();
        store.append(&Entry::Link(link("m", "2"))).unwrap();
        let whole = fs::read(store.path()).unwrap();
        for length in before as usize..whole.len() - 1 {
            fs::write(store.path(), &whole[..length]).unwrap();
            assert_eq!(token(&store, "m").as_deref(), Some("1"), "cut at {length}");
            store.append(&Entry::Link(link("m", "3"))).unwrap();
            assert_eq!(token(&store, "m").as_deref(), Some("3"), "cut at {length}");
        }
    }

    #[test]
    fn writers_at_the_same_time_lose_nothing_of_each_other() {
        let (_folder, store) = store();
        thread::scope(|scope| {
            for writer in 0..4 {
                let store = &store;
                scope.spawn(move || {
                    for _ in 0..25 {
                        let model = format!("m{writer}");
                        let token = "x".repeat(200);
                        store.append(&Entry::Link(link(&model, &token))).unwrap();
                    }
                });
            }
        });
        let text = fs::read_to_string(store.path()).unwrap();
        assert_eq!(text.lines().count(), 100);
        assert!(
            text.lines()
                .all(|line| serde_json::from_str::<Entry>(line).is_ok())
        );
    }

    #[test]
    fn a_file_of_something_else_is_known_by_how_it_begins() {
        let (folder, store) = store();
        assert!(store.is_one().unwrap());
        store.append(&Entry::Forgotten(link("m", "").key())).unwrap();
        assert!(store.is_one().unwrap());
        let whole = fs::read(store.path()).unwrap();
        for cut in 0..whole.len() {
            fs::write(store.path(), &whole[..cut]).unwrap();
            assert!(store.is_one().unwrap(), "cut at {cut}");
        }
        fs::write(store.path(), "{broken").unwrap();
        assert!(!store.is_one().unwrap());
        assert!(LinksOnDisk::at(folder.path()).is_one().is_err());
    }

    #[test]
    fn a_link_without_bounds_is_refused() {
        let (_folder, store) = store();
        let huge = Entry::Link(link("m", &"x".repeat(BRIDGE_LINK_BYTES)));
        assert!(matches!(store.append(&huge), Err(LinkError::TooLarge(_))));
        assert!(!store.path().exists());
    }
}
