//! A disk that counts its syncs, and is full for a while.

use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

use super::super::store::{Store, open_file};
use super::*;

/// What is done to a disk, and what it did.
#[derive(Debug, Clone, Default)]
struct Disk {
    full: Arc<AtomicBool>,
    syncs: Arc<AtomicUsize>,
}

/// A file on it.
#[derive(Debug)]
struct OnDisk {
    file: FileBackend,
    disk: Disk,
}

impl OnDisk {
    fn room(&self) -> io::Result<()> {
        if self.disk.full.load(Ordering::SeqCst) {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(())
        }
    }
}

impl StorageBackend for OnDisk {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.room()?;
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.room()?;
        self.disk.syncs.fetch_add(1, Ordering::SeqCst);
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.room()?;
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }
}

fn journal_on(disk: &Disk, file: &Path) -> DiskJournal {
    let disk = disk.clone();
    let opens = move |builder: &redb::Builder, file: &Path| {
        builder.create_with_backend(OnDisk {
            file: open_file(file)?,
            disk: disk.clone(),
        })
    };
    let store = Store::open_by(Box::new(opens), file, OWNER).unwrap();
    DiskJournal::begin(store).unwrap()
}

#[test]
fn on_a_full_disk_nothing_is_acknowledged_and_nothing_acknowledged_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    let disk = Disk::default();
    let journal = journal_on(&disk, &file);
    accept(&journal, 0, "before");
    accept(&journal, 1, "settled");

    disk.full.store(true, Ordering::SeqCst);
    let refused = wait(journal.accept(2, &event("refused")))
        .unwrap_err()
        .to_string();
    let refused = refused.replace(&folder.path().display().to_string(), "FOLDER");
    insta::assert_snapshot!(refused, @"failed to write the journal FOLDER/journal: I/O error: no storage space");
    wait(journal.begin(0, 1)).unwrap_err();
    journal.settle(1, Settlement::Accepted, None);
    journal.close().unwrap_err();

    // There is room again, and what was only noted was not forgotten.
    disk.full.store(false, Ordering::SeqCst);
    accept(&journal, 3, "after");
    wait(journal.begin(0, 1)).unwrap();
    drop(journal);
    let (_journal, recovered) = reopened(&file);
    assert_eq!(waiting(&recovered), [("before", 2), ("after", 2)]);
    assert_eq!(recovered.settled, [("settled".to_owned(), Settlement::Accepted)]);
}

#[test]
fn a_host_that_dies_on_a_full_disk_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("journal");
    let disk = Disk::default();
    let journal = journal_on(&disk, &file);
    accept(&journal, 0, "kept");
    disk.full.store(true, Ordering::SeqCst);
    wait(journal.accept(1, &event("refused"))).unwrap_err();
    drop(journal);
    let (_journal, recovered) = reopened(&file);
    assert_eq!(waiting(&recovered), [("kept", 1)]);
}

#[test]
fn many_senders_share_a_sync() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Disk::default();
    let journal = journal_on(&disk, &folder.path().join("journal"));
    let before = disk.syncs.load(Ordering::SeqCst);
    // One is being written while the others come.
    let accepted: Vec<_> = (0..1000)
        .map(|seq| journal.accept(seq, &event(&format!("e-{seq}"))))
        .collect();
    for written in accepted {
        wait(written).unwrap();
    }
    let syncs = disk.syncs.load(Ordering::SeqCst) - before;
    assert!(syncs < 500, "1000 events took {syncs} syncs");
}
