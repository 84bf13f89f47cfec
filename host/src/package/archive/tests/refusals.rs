use super::builder::{before_end, field, with_end};
use super::*;
use crate::limits::{PACKAGE_ARCHIVE_BYTES, PACKAGE_ENTRIES, PACKAGE_FILE_BYTES};

/// What both profiles make of an archive of `a` with something about it, between two others.
fn with(change: impl FnOnce(&mut Item)) -> String {
    let mut entry = item("a", "content");
    change(&mut entry);
    judged(&zip(&[item("0", "before"), entry, item("z", "after")]))
}

#[test]
fn what_is_no_archive() {
    insta::assert_snapshot!(judged(b""), @r#"
    documented: no_end malformed this is no zip archive, or its end is missing: 0 bytes hold no end record
    yoi: malformed "discovery" zip end-of-central-directory was not found
    "#);
    insta::assert_snapshot!(judged(b"PK\x05\x06"), @r#"
    documented: no_end malformed this is no zip archive, or its end is missing: 4 bytes hold no end record
    yoi: malformed "discovery" zip end-of-central-directory was not found
    "#);
    insta::assert_snapshot!(judged(&[b'x'; 100]), @r#"
    documented: no_end malformed this is no zip archive, or its end is missing: 100 bytes hold no end record
    yoi: malformed "discovery" zip end-of-central-directory was not found
    "#);
    let whole = zip(&[item("a", "content")]);
    insta::assert_snapshot!(judged(&whole[..whole.len() - 1]), @r#"
    documented: end_truncated malformed the archive's end record, at byte 85, is cut off at byte 106
    yoi: malformed "discovery" zip end record is truncated
    "#);
    // Farther from the end than a comment is long.
    let far = [&whole[..], &[0; 65_536]].concat();
    insta::assert_snapshot!(judged(&far), @r#"
    documented: no_end malformed this is no zip archive, or its end is missing: 65643 bytes hold no end record
    yoi: malformed "discovery" zip end-of-central-directory was not found
    "#);
}

#[test]
fn an_archive_that_is_too_large() {
    insta::assert_snapshot!(judged(&vec![0; PACKAGE_ARCHIVE_BYTES + 1]), @r#"
    documented: archive_too_large bounds the archive has 16777217 bytes; that of a package has at most 16777216
    yoi: bounds "discovery" plugin package exceeds the configured package size bound
    "#);
    let largest = vec![0; PACKAGE_ARCHIVE_BYTES];
    assert_eq!(read(&largest, Profile::Yoi).unwrap_err().code(), "no_end");
}

#[test]
fn an_end_record_that_is_not_one_of_a_package() {
    let whole = zip(&[item("a", "content")]);
    insta::assert_snapshot!(judged(&with_end(whole.clone(), 4, &[1, 0])), @r#"
    documented: multi_disk malformed the archive is part 1 of several; a package is one file
    yoi: malformed "discovery" multi-disk zip packages are unsupported
    "#);
    insta::assert_snapshot!(judged(&with_end(whole.clone(), 6, &[2, 0])), @r#"
    documented: multi_disk malformed the archive is part 2 of several; a package is one file
    yoi: malformed "discovery" multi-disk zip packages are unsupported
    "#);
    insta::assert_snapshot!(judged(&with_end(whole.clone(), 8, &[2, 0])), @r#"
    documented: counts_differ malformed the archive's end record counts 2 entries here and 1 in all
    yoi: takes {"a": 7}
    "#);
    insta::assert_snapshot!(judged(&with_end(whole.clone(), 12, &[255, 0])), @r#"
    documented: directory_outside malformed the archive's directory is said to be 255 bytes from byte 38 on, and the archive has 107
    yoi: malformed "discovery" zip central directory points outside the package
    "#);
    insta::assert_snapshot!(judged(&with_end(whole.clone(), 16, &[255, 255, 255, 127])), @r#"
    documented: directory_outside malformed the archive's directory is said to be 47 bytes from byte 2147483647 on, and the archive has 107
    yoi: malformed "discovery" zip central directory points outside the package
    "#);
    insta::assert_snapshot!(judged(&with_end(whole.clone(), 20, &[1, 0])), @r#"
    documented: loose_end malformed the archive's end record ends at byte 108, and ought to at byte 107
    yoi: takes {"a": 7}
    "#);
    insta::assert_snapshot!(judged(&[&whole[..], b"more"].concat()), @r#"
    documented: loose_end malformed the archive's end record ends at byte 107, and ought to at byte 111
    yoi: takes {"a": 7}
    "#);
    insta::assert_snapshot!(judged(&before_end(whole, b"between")), @r#"
    documented: loose_end malformed the archive's directory ends at byte 85, and ought to at byte 92
    yoi: takes {"a": 7}
    "#);
}

#[test]
fn an_archive_of_64_bits() {
    let whole = zip(&[item("a", "content")]);
    insta::assert_snapshot!(judged(&with_end(whole.clone(), 8, &[255; 12])), @r#"
    documented: zip64 malformed the archive uses ZIP64 (its end record), which no package needs
    yoi: bounds "discovery" plugin package contains more entries than the configured bound
    "#);
    let locator = [&b"PK\x06\x07"[..], &[0; 16]].concat();
    insta::assert_snapshot!(judged(&before_end(whole, &locator)), @r#"
    documented: zip64 malformed the archive uses ZIP64 (its end record), which no package needs
    yoi: takes {"a": 7}
    "#);
    insta::assert_snapshot!(with(|entry| entry.extra = field(1, &[0; 16])), @r#"
    documented: zip64 malformed the archive uses ZIP64 (the sizes of `a`), which no package needs
    yoi: takes {"0": 6, "a": 7, "z": 5}
    "#);
    insta::assert_snapshot!(with(|entry| entry.local.compressed = Some(u32::MAX)), @r#"
    documented: zip64 malformed the archive uses ZIP64 (the sizes of `a`), which no package needs
    yoi: takes {"0": 6, "a": 7, "z": 5}
    "#);
    insta::assert_snapshot!(with(|entry| entry.compressed = Some(u32::MAX)), @r#"
    documented: zip64 malformed the archive uses ZIP64 (the sizes of `a`), which no package needs
    yoi: malformed "discovery" zip entry data points outside the package
    "#);
}

#[test]
fn more_entries_than_may_be() {
    let items =
        |count: usize| -> Vec<Item> { (0..count).map(|index| item(format!("{index}"), "")).collect() };
    insta::assert_snapshot!(judged(&zip(&items(PACKAGE_ENTRIES + 1))), @r#"
    documented: too_many_entries bounds the archive has 513 entries; that of a package has at most 512
    yoi: bounds "discovery" plugin package contains more entries than the configured bound
    "#);
    assert_eq!(taken(&zip(&items(PACKAGE_ENTRIES))).len(), PACKAGE_ENTRIES);
}

#[test]
fn a_directory_that_is_not_what_the_end_record_says() {
    let whole = zip(&[item("a", "content")]);
    // More entries than are there, and fewer.
    insta::assert_snapshot!(judged(&with_end(whole.clone(), 8, &[2, 0, 2, 0])), @r#"
    documented: central_truncated malformed entry 2 of the archive's directory, at byte 85, is cut off at byte 85
    yoi: malformed "discovery" zip central directory entry is truncated
    "#);
    insta::assert_snapshot!(judged(&with_end(whole.clone(), 8, &[0, 0, 0, 0])), @"
    documented: loose_end malformed the archive's directory ends at byte 38, and ought to at byte 85
    yoi: takes {}
    ");
    // An end within the name, and within the record.
    insta::assert_snapshot!(judged(&with_end(whole.clone(), 12, &[46, 0])), @r#"
    documented: name_outside malformed the name of entry 1, from byte 84 to 85, is cut off at byte 84
    yoi: malformed "discovery" zip entry name points outside the package
    "#);
    insta::assert_snapshot!(judged(&with_end(whole.clone(), 12, &[45, 0])), @r#"
    documented: central_truncated malformed entry 1 of the archive's directory, at byte 38, is cut off at byte 83
    yoi: malformed "discovery" zip central directory entry is truncated
    "#);
    // A beginning a byte too soon.
    insta::assert_snapshot!(judged(&with_end(whole, 16, &[37, 0])), @r#"
    documented: central_malformed malformed entry 1 of the archive's directory, at byte 37, is none
    yoi: malformed "discovery" zip central directory entry is malformed
    "#);
}

#[test]
fn names_that_are_none_in_a_package() {
    insta::assert_snapshot!(with(|entry| entry.name = b"\xff\x1b[2J".to_vec()), @r#"
    documented: name_not_utf8 malformed the name `� [2J` is not UTF-8
    yoi: malformed "discovery" zip entry name is not UTF-8
    "#);
    insta::assert_snapshot!(with(|entry| entry.name = b"a/../../b".to_vec()), @r#"
    documented: escapes traversal path `a/../../b` is not one of a package: it has a part `..`
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
    insta::assert_snapshot!(with(|entry| entry.name = b"/etc/passwd".to_vec()), @r#"
    documented: escapes traversal path `/etc/passwd` is not one of a package: it begins with `/`
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
    insta::assert_snapshot!(with(|entry| entry.name = b"".to_vec()), @r#"
    documented: escapes traversal path `` is not one of a package: it is empty
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
    insta::assert_snapshot!(with(|entry| entry.name = b"/".to_vec()), @r#"
    documented: escapes traversal path `/` is not one of a package: it begins with `/`
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
    insta::assert_snapshot!(with(|entry| entry.name = b"a//".to_vec()), @r#"
    documented: escapes traversal path `a//` is not one of a package: it has an empty part
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
    insta::assert_snapshot!(with(|entry| entry.name = b"a/./b".to_vec()), @r#"
    documented: escapes traversal path `a/./b` is not one of a package: it has a part `.`
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
    insta::assert_snapshot!(with(|entry| entry.name = b"a\\b".to_vec()), @r#"
    documented: escapes traversal path `a\b` is not one of a package: it has a backslash, which some systems take for `/`
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
    insta::assert_snapshot!(with(|entry| entry.name = b"~a".to_vec()), @r#"
    documented: escapes traversal path `~a` is not one of a package: it begins with `~`
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
    insta::assert_snapshot!(with(|entry| entry.name = b"C:a".to_vec()), @r#"
    documented: escapes traversal path `C:a` is not one of a package: it begins with a drive's letter
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
    insta::assert_snapshot!(with(|entry| entry.name = b"a\0b".to_vec()), @r#"
    documented: escapes traversal path `a b` is not one of a package: it has a zero byte
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
}

#[test]
fn entries_that_are_no_plain_files() {
    insta::assert_snapshot!(with(|entry| entry.flags = 1), @r#"
    documented: encrypted malformed `a` is encrypted
    yoi: malformed "discovery" encrypted zip packages are unsupported
    "#);
    insta::assert_snapshot!(with(|entry| entry.attributes = 0o120_777 << 16), @r#"
    documented: symlink traversal `a` is a symbolic link
    yoi: traversal "discovery" plugin package contains a symlink entry
    "#);
    insta::assert_snapshot!(with(|entry| entry.attributes = 0o010_644 << 16), @r#"
    documented: special traversal `a` is neither a file nor a folder
    yoi: takes {"0": 6, "a": 7, "z": 5}
    "#);
    insta::assert_snapshot!(with(|entry| entry.attributes = 0o020_644 << 16), @r#"
    documented: special traversal `a` is neither a file nor a folder
    yoi: takes {"0": 6, "a": 7, "z": 5}
    "#);
    // A folder without its slash.
    insta::assert_snapshot!(with(|entry| entry.attributes = 0o040_755 << 16), @r#"
    documented: special traversal `a` is neither a file nor a folder
    yoi: takes {"0": 6, "a": 7, "z": 5}
    "#);
    insta::assert_snapshot!(with(|entry| entry.method = 8), @r#"
    documented: compressed api `a` is compressed by method 8 (deflate), and the entries of a package are stored
    yoi: api "discovery" plugin package uses an unsupported zip compression method
    "#);
    insta::assert_snapshot!(with(|entry| entry.method = 93), @r#"
    documented: compressed api `a` is compressed by method 93 (Zstandard), and the entries of a package are stored
    yoi: api "discovery" plugin package uses an unsupported zip compression method
    "#);
    insta::assert_snapshot!(with(|entry| entry.method = 1), @r#"
    documented: compressed api `a` is compressed by method 1, and the entries of a package are stored
    yoi: api "discovery" plugin package uses an unsupported zip compression method
    "#);
}

#[test]
fn content_that_is_too_large_or_says_that_it_is() {
    // Refused for what it says: there is no such content.
    insta::assert_snapshot!(with(|entry| {
        entry.compressed = Some(PACKAGE_FILE_BYTES as u32 + 1);
        entry.uncompressed = entry.compressed;
    }), @r#"
    documented: file_too_large bounds `a` has 8388609 bytes; a file of a package has at most 8388608
    yoi: bounds "discovery" plugin package entry exceeds the configured per-file bound
    "#);
    insta::assert_snapshot!(with(|entry| {
        entry.compressed = Some(PACKAGE_FILE_BYTES as u32);
        entry.uncompressed = entry.compressed;
    }), @r#"
    documented: data_outside malformed the content of `a` is said to be 8388608 bytes from byte 68 on, and the archive has 274
    yoi: malformed "discovery" zip entry data points outside the package
    "#);
    insta::assert_snapshot!(with(|entry| entry.uncompressed = Some(6)), @r#"
    documented: sizes_differ malformed `a` is stored in 7 bytes and is said to have 6
    yoi: malformed "discovery" zip stored entry size does not match central directory
    "#);
    insta::assert_snapshot!(with(|entry| entry.compressed = Some(8)), @r#"
    documented: sizes_differ malformed `a` is stored in 8 bytes and is said to have 7
    yoi: malformed "discovery" zip stored entry size does not match central directory
    "#);
}

#[test]
fn content_that_is_too_large_together() {
    // Nine entries share one content: only so can an archive of this size hold more than may be.
    let shared = item("0", vec![0; PACKAGE_FILE_BYTES]);
    let mut items = vec![shared];
    for index in 1..9 {
        let mut entry = item(format!("{index}"), "");
        entry.at = Some(0);
        entry.compressed = Some(PACKAGE_FILE_BYTES as u32);
        entry.uncompressed = entry.compressed;
        entry.crc = Some(0);
        entry.local.name = Some(b"0".to_vec());
        items.push(entry);
    }
    insta::assert_snapshot!(judged(&zip(&items[..9])).replace("8388608", "8 MiB"), @r#"
    documented: headers_differ malformed `1` has name `0` in its header, and `1` in the archive's directory
    yoi: bounds "discovery" plugin package expanded size exceeds the configured bound
    "#);
    // Eight are not too many for a host that does not mind where they are.
    let eight = read(&zip(&items[..8]), Profile::Yoi).unwrap();
    assert_eq!((eight.len(), eight.bytes()), (8, 8 * PACKAGE_FILE_BYTES));
}

#[test]
fn headers_that_are_not_there_or_say_something_else() {
    insta::assert_snapshot!(with(|entry| entry.local.signature = Some(*b"PK\x03\x05")), @r#"
    documented: local_malformed malformed `a` has no header at byte 37, where the archive's directory says that it is
    yoi: malformed "discovery" zip local file header is malformed
    "#);
    insta::assert_snapshot!(with(|entry| entry.at = Some(1)), @r#"
    documented: local_malformed malformed `a` has no header at byte 1, where the archive's directory says that it is
    yoi: malformed "discovery" zip local file header is malformed
    "#);
    insta::assert_snapshot!(with(|entry| entry.at = Some(u32::MAX - 1)), @r#"
    documented: local_truncated malformed the header of `a`, at byte 4294967294, is cut off at byte 274
    yoi: malformed "discovery" zip local file header is truncated
    "#);
    // The end record itself, with a signature put into its comment.
    let mut cut = zip(&[Item {
        at: Some(0),
        ..item("a", "content")
    }]);
    let at = cut.len() as u32;
    cut.extend(b"PK\x03\x04");
    let comment = cut.len() - 6;
    cut[comment] = 4;
    let place = comment - 20 - 5;
    cut[place..place + 4].copy_from_slice(&at.to_le_bytes());
    insta::assert_snapshot!(judged(&cut), @r#"
    documented: local_truncated malformed the header of `a`, at byte 107, is cut off at byte 111
    yoi: malformed "discovery" zip local file header is truncated
    "#);
    insta::assert_snapshot!(with(|entry| entry.local.flags = Some(0x0800)), @r#"
    documented: headers_differ malformed `a` has flags 2048 in its header, and 0 in the archive's directory
    yoi: malformed "discovery" zip local header disagrees with central directory
    "#);
    insta::assert_snapshot!(with(|entry| entry.local.method = Some(8)), @r#"
    documented: headers_differ malformed `a` has method 8 in its header, and 0 in the archive's directory
    yoi: malformed "discovery" zip local header disagrees with central directory
    "#);
    insta::assert_snapshot!(with(|entry| entry.local.name = Some(b"b".to_vec())), @r#"
    documented: headers_differ malformed `a` has name `b` in its header, and `a` in the archive's directory
    yoi: takes {"0": 6, "a": 7, "z": 5}
    "#);
    insta::assert_snapshot!(with(|entry| entry.local.compressed = Some(1)), @r#"
    documented: headers_differ malformed `a` has stored size 1 in its header, and 7 in the archive's directory
    yoi: takes {"0": 6, "a": 7, "z": 5}
    "#);
    insta::assert_snapshot!(with(|entry| entry.local.uncompressed = Some(1)), @r#"
    documented: headers_differ malformed `a` has size 1 in its header, and 7 in the archive's directory
    yoi: takes {"0": 6, "a": 7, "z": 5}
    "#);
    insta::assert_snapshot!(with(|entry| entry.local.crc = Some(1)), @r#"
    documented: headers_differ malformed `a` has CRC 00000001 in its header, and fec530a9 in the archive's directory
    yoi: takes {"0": 6, "a": 7, "z": 5}
    "#);
}

#[test]
fn content_that_was_damaged() {
    insta::assert_snapshot!(with(|entry| entry.crc = Some(1)), @r#"
    documented: damaged malformed the content of `a` has the CRC fec530a9, not 00000001: it was damaged
    yoi: takes {"0": 6, "a": 7, "z": 5}
    "#);
    // The content of a packer that writes no CRC cannot be seen to be.
    insta::assert_snapshot!(with(|entry| entry.crc = Some(0)), @r#"
    documented: takes {"0": 6, "a": 7, "z": 5}
    yoi: takes {"0": 6, "a": 7, "z": 5}
    "#);
}

#[test]
fn paths_that_are_there_twice() {
    insta::assert_snapshot!(judged(&zip(&[item("a", "1"), item("a", "2")])), @r#"
    documented: duplicate duplicate `a` is there twice
    yoi: duplicate "discovery" plugin package contains duplicate normalized entry paths
    "#);
    insta::assert_snapshot!(judged(&zip(&[item("a/", ""), item("a/", "")])), @r#"
    documented: duplicate duplicate `a` is there twice
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
    insta::assert_snapshot!(judged(&zip(&[item("a", "1"), item("a/b", "2")])), @r#"
    documented: file_and_folder duplicate `a` is a file, and a folder with other files in it
    yoi: takes {"a": 1, "a/b": 1}
    "#);
    insta::assert_snapshot!(judged(&zip(&[item("a/", ""), item("a", "2")])), @r#"
    documented: file_and_folder duplicate `a` is a file, and a folder with other files in it
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
    insta::assert_snapshot!(judged(&zip(&[item("a/", "2")])), @r#"
    documented: folder_with_content malformed `a` is a folder, and has content of its own (1 B)
    yoi: traversal "discovery" plugin package entry path escapes the archive root
    "#);
}

#[test]
fn entries_that_overlap() {
    let mut again = item("b", "");
    again.at = Some(0);
    again.compressed = Some(7);
    again.uncompressed = Some(7);
    again.crc = Some(crc32fast::hash(b"content"));
    again.local.name = Some(b"a".to_vec());
    // The very same bytes: a host that compares names refuses the name first.
    insta::assert_snapshot!(judged(&zip(&[item("a", "content"), again])), @r#"
    documented: headers_differ malformed `b` has name `a` in its header, and `b` in the archive's directory
    yoi: takes {"a": 7, "b": 7}
    "#);
    // An entry in the content of another.
    let inner = zip(&[item("b", "inner")]);
    let mut within = item("b", "inner");
    within.at = Some(31);
    let outer = item("a", &inner[..36]);
    insta::assert_snapshot!(judged(&zip(&[outer, within])), @r#"
    documented: overlaps malformed `a` overlaps with `b`
    yoi: takes {"a": 36, "b": 5}
    "#);
    // Content that runs on into the directory.
    let mut long = item("a", "1");
    long.compressed = Some(40);
    long.uncompressed = Some(40);
    long.crc = Some(0);
    insta::assert_snapshot!(judged(&zip(&[long])), @r#"
    documented: overlaps malformed `a` overlaps with the archive's directory
    yoi: takes {"a": 40}
    "#);
}

#[test]
fn a_name_that_other_readers_read_differently() {
    // A second name, in an extra field.
    let mut second = vec![1];
    second.extend(crc32fast::hash(b"a").to_le_bytes());
    second.extend(b"plugin.toml");
    insta::assert_snapshot!(with(|entry| entry.extra = field(0x7075, &second)), @r#"
    documented: other_name malformed other readers of zip archives know `a` as `plugin.toml`
    yoi: takes {"0": 6, "a": 7, "z": 5}
    "#);
    // Such a field, cut off.
    insta::assert_snapshot!(with(|entry| entry.extra = field(0x7075, &[1])), @r#"
    documented: other_reader malformed another reader of zip archives does not find the same in it: i/o error: failed to fill whole buffer
    yoi: takes {"0": 6, "a": 7, "z": 5}
    "#);
}

#[test]
fn a_refusal_is_data() {
    let archive = zip(&[Item {
        method: 8,
        ..item("a", "content")
    }]);
    let fault = read(&archive, Profile::Documented).unwrap_err();
    insta::assert_snapshot!(serde_json::to_string(&fault.diagnostic()).unwrap(), @r#"{"code":"compressed","kind":"api","phase":"discovery","message":"`a` is compressed by method 8 (deflate), and the entries of a package are stored","entry":"a","advice":"store the entries as they are, as `zip -0` does"}"#);
    insta::assert_snapshot!(serde_json::to_string(&fault.yoi()).unwrap(), @r#"{"kind":"api","phase":"discovery","message":"plugin package uses an unsupported zip compression method"}"#);
    let folder = read(&zip(&[item("a/", "")]), Profile::Yoi).unwrap_err();
    insta::assert_snapshot!(serde_json::to_string(&folder.diagnostic()).unwrap(), @r#"{"code":"escapes","kind":"traversal","phase":"discovery","message":"path `a/` is not one of a package: it ends with `/`, as an entry for a folder does","entry":"a/","advice":"leave entries for folders out of the archive, as `zip -D` does"}"#);
}
