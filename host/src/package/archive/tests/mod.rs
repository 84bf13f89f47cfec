//! An archive for every refusal, and archives that nobody made.

mod builder;
mod properties;
mod refusals;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use self::builder::{Item, item, zip};
use super::{read, write};
use crate::Profile;
use crate::package::Files;
use crate::package::fixtures::{files, golden};

/// What both profiles make of an archive.
fn judged(archive: &[u8]) -> String {
    let mut out = String::new();
    for profile in Profile::ALL {
        let said = match read(archive, profile) {
            Ok(files) => format!("takes {files:?}"),
            Err(fault) if profile == Profile::Yoi => match fault.yoi() {
                Some(yoi) => format!("{} {} {yoi}", yoi.kind, serde_json::json!(yoi.phase)),
                None => panic!("no word of the yoi host: {fault}"),
            },
            Err(fault) => format!("{} {} {fault}", fault.code(), fault.kind()),
        };
        let _ = writeln!(out, "{profile}: {said}");
    }
    out
}

fn taken(archive: &[u8]) -> Files {
    let files = read(archive, Profile::Documented).unwrap();
    assert_eq!(read(archive, Profile::Yoi).unwrap(), files);
    files
}

#[test]
fn an_archive_is_that_of_the_yoi_packer_but_for_the_crc() {
    let archive = write(&golden());
    assert_eq!(archive.len(), 490);
    // The CRC is at byte 14 of a header and 16 of an entry of the directory.
    let mut without = archive.clone();
    for (signature, field) in [(b"PK\x03\x04", 14), (b"PK\x01\x02", 16)] {
        let found: Vec<usize> = archive
            .windows(4)
            .enumerate()
            .filter(|(_, bytes)| bytes == signature)
            .map(|(at, _)| at + field)
            .collect();
        assert_eq!(found.len(), 4);
        for at in found {
            without[at..at + 4].fill(0);
        }
    }
    let hash: String = Sha256::digest(&without)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(
        hash,
        "923c28d789c871009f847a26c9904ff6c29b552a6f5ef7a981bc2628af949fed"
    );
    // What that packer writes is read as what this one writes is.
    assert_eq!(taken(&without), golden());
    assert_eq!(taken(&archive), golden());
}

#[test]
fn no_files_are_an_archive_too() {
    assert_eq!(write(&Files::new()).len(), 22);
    assert_eq!(taken(&write(&Files::new())), Files::new());
}

#[test]
fn the_order_of_entries_is_not_that_of_files() {
    let archive = zip(&[item("b", "2"), item("a", "1")]);
    assert_eq!(taken(&archive), files(&[("a", b"1"), ("b", b"2")]));
}

#[test]
fn a_name_is_utf_8_whatever_its_flag_says() {
    let flagged = Item {
        flags: 0x0800,
        ..item("é", "x")
    };
    assert_eq!(taken(&zip(&[flagged])), files(&[("é", b"x")]));
    assert_eq!(taken(&zip(&[item("é", "x")])), files(&[("é", b"x")]));
}

#[test]
fn a_comment_that_ends_the_archive_is_passed_over() {
    let mut archive = zip(&[item("a", "1")]);
    let at = archive.len() - 2;
    archive[at] = 5;
    archive.extend(b"hello");
    assert_eq!(taken(&archive), files(&[("a", b"1")]));
}

#[test]
fn sizes_and_crc_may_follow_the_content() {
    let mut streamed = Item {
        flags: 1 << 3,
        after: b"PK\x07\x08............".to_vec(),
        ..item("a", "1")
    };
    streamed.local.crc = Some(0);
    streamed.local.compressed = Some(0);
    streamed.local.uncompressed = Some(0);
    assert_eq!(taken(&zip(&[streamed.clone()])), files(&[("a", b"1")]));
    // But not without the flag for that.
    streamed.flags = 0;
    assert_eq!(
        read(&zip(&[streamed]), Profile::Documented).unwrap_err().code(),
        "headers_differ"
    );
}

#[test]
fn attributes_of_a_regular_file_are_passed_over() {
    for mode in [0o100_644_u32, 0o100_755, 0o644] {
        let entry = Item {
            attributes: mode << 16,
            ..item("a", "1")
        };
        assert_eq!(taken(&zip(&[entry])), files(&[("a", b"1")]));
    }
}

#[test]
fn bytes_that_are_no_entrys_are_in_no_file() {
    let mut apart = item("b", "2");
    apart.local.signature = None;
    let first = Item {
        after: b"something between".to_vec(),
        ..item("a", "1")
    };
    assert_eq!(taken(&zip(&[first, apart])), files(&[("a", b"1"), ("b", b"2")]));
}

#[test]
fn entries_for_folders_are_dropped() {
    let folder = |name: &str| Item {
        attributes: 0o040_755 << 16 | 0x10,
        ..item(name, "")
    };
    let archive = zip(&[folder("a/"), folder("a/empty/"), item("a/b", "1")]);
    insta::assert_snapshot!(judged(&archive), @r#"
    documented: takes {"a/b": 1}
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
}
