use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::builder::field;
use super::*;
use crate::limits::{PACKAGE_BYTES, PACKAGE_ENTRIES};

/// Something done to an archive.
#[derive(Debug, Clone)]
enum Change {
    Set(usize, u8),
    Word(usize, u32),
    Cut(usize),
    Remove(usize, usize),
    Repeat(usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    // Near the end is the directory, where most fields are.
    let place = || prop_oneof![0_usize..2000, 0_usize..120];
    let word = prop_oneof![Just(0), Just(u32::MAX), 0_u32..600, any::<u32>()];
    prop_oneof![
        4 => (place(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        4 => (place(), word).prop_map(|(at, word)| Change::Word(at, word)),
        1 => place().prop_map(Change::Cut),
        1 => (place(), 0_usize..80).prop_map(|(at, bytes)| Change::Remove(at, bytes)),
        1 => (place(), 0_usize..80).prop_map(|(at, bytes)| Change::Repeat(at, bytes)),
    ]
}

/// Places count from the end.
fn changed(mut archive: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let length = archive.len();
        let from_end = |at: &usize| length - (at % length.max(1)).min(length);
        match change {
            Change::Set(at, byte) => {
                if let Some(place) = archive.get_mut(from_end(at).saturating_sub(1)) {
                    *place = *byte;
                }
            }
            Change::Word(at, word) => {
                if let Some(place) = archive
                    .get_mut(from_end(at).saturating_sub(4)..)
                    .and_then(|rest| rest.get_mut(..4))
                {
                    place.copy_from_slice(&word.to_le_bytes());
                }
            }
            Change::Cut(at) => archive.truncate(from_end(at)),
            Change::Remove(at, bytes) => {
                let start = from_end(at).min(length);
                archive.drain(start..(start + bytes).min(length));
            }
            Change::Repeat(at, bytes) => {
                let start = from_end(at).min(length);
                let again = archive[start..(start + bytes).min(length)].to_vec();
                archive.splice(start..start, again);
            }
        }
    }
    archive
}

fn some_files() -> impl Strategy<Value = Files> {
    let path = vec("[a-cé][b.]{0,2}", 1..3).prop_map(|parts| parts.join("/"));
    btree_map(path, vec(any::<u8>(), 0..40), 0..8).prop_map(|all| {
        let mut files = Files::new();
        for (path, content) in all {
            files.insert(path, content).unwrap();
        }
        files
    })
}

/// What holds for any bytes at all.
fn is_sound(archive: &[u8]) {
    let [strict, lenient] = Profile::ALL.map(|profile| read(archive, profile));
    for files in [&strict, &lenient].into_iter().flatten() {
        assert!(files.len() <= PACKAGE_ENTRIES && files.bytes() <= PACKAGE_BYTES);
    }
    for fault in [&strict, &lenient]
        .into_iter()
        .filter_map(|read| read.as_ref().err())
    {
        assert!(!fault.to_string().contains(char::is_control), "{fault:?}");
    }
    if let Err(fault) = &lenient {
        assert!(fault.yoi().is_some(), "{fault:?}");
    }
    let Ok(files) = strict else {
        return;
    };
    // Strict is stricter, but for entries of folders.
    match lenient {
        Ok(same) => assert_eq!(same, files),
        Err(fault) => assert_eq!(fault.code(), "escapes"),
    }
    // No content was made up: an archive that overlaps nowhere is larger than all that is in it.
    assert!(files.bytes() < archive.len());
    assert_eq!(taken(&write(&files)), files);
}

proptest! {
    #[test]
    fn what_is_written_is_read(files in some_files()) {
        let archive = write(&files);
        prop_assert_eq!(&read(&archive, Profile::Yoi).unwrap(), &files);
        prop_assert_eq!(&archive, &write(&files.clone()));
        match files.file_and_folder() {
            None => prop_assert_eq!(read(&archive, Profile::Documented).unwrap(), files),
            Some(_) => prop_assert_eq!(read(&archive, Profile::Documented).unwrap_err().code(), "file_and_folder"),
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(archive in vec(any::<u8>(), 0..300)) {
        is_sound(&archive);
    }

    #[test]
    fn any_bytes_before_an_end_record_are_read_or_refused(
        mut archive in vec(any::<u8>(), 0..300),
        entries in 0_u8..4,
        start in 0_u16..300,
    ) {
        let bytes = (archive.len() as u16).saturating_sub(start);
        archive.extend(b"PK\x05\x06\0\0\0\0");
        archive.extend([entries, 0, entries, 0]);
        archive.extend(u32::from(bytes).to_le_bytes());
        archive.extend(u32::from(start).to_le_bytes());
        archive.extend([0, 0]);
        is_sound(&archive);
    }

    #[test]
    fn an_archive_that_somebody_changed_is_read_or_refused(
        files in some_files(),
        changes in vec(change(), 1..6),
    ) {
        is_sound(&changed(write(&files), &changes));
    }

    #[test]
    fn entries_with_anything_in_them_are_read_or_refused(
        items in vec(
            ("[ab/.]{0,3}", vec(any::<u8>(), 0..9), any::<u8>(), prop_oneof![Just(0_u16), Just(8), Just(2048)],
             proptest::option::of(0_u32..120), proptest::option::of(0_u32..20),
             prop_oneof![Just(0_u32), Just(0o040_755), Just(0o120_777), Just(0o100_644)]),
            0..5,
        ),
    ) {
        let items: Vec<Item> = items.into_iter().map(|(name, content, kind, flags, at, size, mode)| {
            let mut made = item(name, content);
            made.flags = flags;
            made.at = at;
            made.compressed = size;
            made.uncompressed = size;
            made.attributes = mode << 16;
            made.extra = if kind < 32 { field(kind.into(), &[kind; 8]) } else { Vec::new() };
            made
        }).collect();
        is_sound(&zip(&items));
    }
}

#[test]
fn archives_that_somebody_changed_are_not_all_refused() {
    // Or the properties above would say little.
    let files = files(&[("a", b"content"), ("b/c", b"")]);
    let mut read_all_the_same = 0;
    let archive = write(&files);
    for at in 0..archive.len() {
        let changed = changed(archive.clone(), &[Change::Set(at, 0xff)]);
        read_all_the_same += usize::from(read(&changed, Profile::Documented).is_ok());
    }
    // Versions, times and attributes, of which a half are looked at by nobody.
    assert!(read_all_the_same > 20, "{read_all_the_same}");
}
