//! Archives: which are read, and what a package is known by.

use super::super::door::RefusalKind::Package;
use super::zip::{Entry, Zip};
use super::{HostTest, documented, must};
use crate::{Case, Clause, Side, expect_eq};

const ARCHIVE: &str = "contracts/plugin.md#packages";
const DIGEST: &str = "contracts/plugin.md#digest";

const MANIFEST: &str = "schema_version = 1\nid = \"suite.package\"\nname = \"Package\"\nversion = \"1\"\n";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![
        must(
            "plugin.host.packages.sound",
            ARCHIVE,
            "An archive of stored files with a `plugin.toml` is a package.",
            |stage| {
                let found = stage.inspect(&with(&[("assets/a.txt", b"a"), ("b", b"")]).build())?;
                let found = stage.done("the package to be read", found)?;
                expect_eq("the id", "suite.package", found.id.as_str())?;
                expect_eq("the version", "1", found.version.as_str())?;
                let files: Vec<&str> = found.files.iter().map(String::as_str).collect();
                expect_eq(
                    "the files",
                    ["assets/a.txt", "b", "plugin.toml"].as_slice(),
                    &files,
                )
            },
        ),
        must(
            "plugin.host.packages.with-comment",
            ARCHIVE,
            "An archive may end in a comment.",
            |stage| {
                let mut zip = with(&[]);
                zip.comment = b"made by hand".to_vec();
                let found = stage.inspect(&zip.build())?;
                stage.done("the package to be read", found).map(|_| ())
            },
        ),
        must(
            "plugin.host.packages.as-many-as-allowed",
            ARCHIVE,
            "A package may have 512 files.",
            |stage| {
                let found = stage.inspect(&of_files(512).build())?;
                stage.done("the package to be read", found).map(|_| ())
            },
        ),
        must(
            "plugin.host.packages.too-many",
            ARCHIVE,
            "A package of 513 files is refused.",
            |stage| {
                let found = stage.inspect(&of_files(513).build())?;
                stage.refused(&[Package], found).map(|_| ())
            },
        ),
        must(
            "plugin.host.packages.largest-file",
            ARCHIVE,
            "A file may have 8 MiB.",
            |stage| {
                let found = stage.inspect(&with(&[("large", &vec![b'x'; 8 << 20])]).build())?;
                stage.done("the package to be read", found).map(|_| ())
            },
        ),
        must(
            "plugin.host.packages.too-large-file",
            ARCHIVE,
            "A file of more than 8 MiB is refused.",
            |stage| {
                let found = stage.inspect(&with(&[("large", &vec![b'x'; (8 << 20) + 1])]).build())?;
                stage.refused(&[Package], found).map(|_| ())
            },
        ),
        must(
            "plugin.host.packages.too-large",
            ARCHIVE,
            "An archive of more than 16 MiB is refused.",
            |stage| {
                let part = vec![b'x'; 6 << 20];
                let found = stage.inspect(&with(&[("a", &part), ("b", &part), ("c", &part)]).build())?;
                stage.refused(&[Package], found).map(|_| ())
            },
        ),
        must(
            "plugin.host.packages.no-archive",
            ARCHIVE,
            "What is no archive is refused.",
            |stage| {
                for bytes in [b"".as_slice(), b"not an archive", b"PK\x05\x06"] {
                    let found = stage.inspect(bytes)?;
                    stage.refused(&[Package], found)?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.packages.cut-off",
            ARCHIVE,
            "An archive that was cut off anywhere is refused.",
            |stage| {
                let whole = with(&[("a", b"content")]).build();
                for end in (0..whole.len()).step_by(7) {
                    let found = stage.inspect(&whole[..end])?;
                    stage.refused(&[Package], found)?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.packages.duplicate",
            ARCHIVE,
            "A path is there once.",
            |stage| {
                let found = stage.inspect(&with(&[("a", b"1"), ("a", b"2")]).build())?;
                stage.refused(&[Package], found).map(|_| ())
            },
        ),
        must(
            "plugin.host.packages.component-missing",
            ARCHIVE,
            "The component that a manifest names is in the package.",
            |stage| {
                let manifest = format!(
                    "{MANIFEST}[runtime]\nkind = \"wasm-component\"\ncomponent = \"missing.wasm\"\nworld = \"yoi:plugin/tool@1.0.0\"\n"
                );
                let found = stage.inspect(&Zip::new([Entry::new("plugin.toml", manifest)]).build())?;
                stage.refused(&[Package], found).map(|_| ())
            },
        ),
        must(
            "plugin.host.digest.golden",
            DIGEST,
            "A digest is that of the contract: paths and contents, whatever the archive.",
            |stage| {
                let found = stage.inspect(&golden([0, 1, 2, 3]).build())?;
                let found = stage.done("the package to be read", found)?;
                expect_eq("the digest", GOLDEN, found.digest.as_str())
            },
        ),
        must(
            "plugin.host.digest.order",
            DIGEST,
            "A digest does not depend on the order of the entries.",
            |stage| {
                for order in [[3, 2, 1, 0], [1, 3, 0, 2]] {
                    let found = stage.inspect(&golden(order).build())?;
                    let found = stage.done("the package to be read", found)?;
                    expect_eq("the digest", GOLDEN, found.digest.as_str())?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.digest.metadata",
            DIGEST,
            "A digest does not depend on what an archive says of its entries.",
            |stage| {
                let mut zip = golden([0, 1, 2, 3]);
                zip.comment = b"another".to_vec();
                for entry in &mut zip.entries {
                    entry.attributes = 0o100_755 << 16;
                }
                let found = stage.inspect(&zip.build())?;
                let found = stage.done("the package to be read", found)?;
                expect_eq("the digest", GOLDEN, found.digest.as_str())
            },
        ),
        must(
            "plugin.host.digest.every-file",
            DIGEST,
            "A digest changes with every file: its path, its content, its being there.",
            |stage| {
                let mut seen = Vec::new();
                for zip in [
                    with(&[("a", b"b")]),
                    with(&[("a", b"c")]),
                    with(&[("b", b"b")]),
                    with(&[("ab", b"")]),
                    with(&[("a", b"b"), ("c", b"")]),
                    with(&[]),
                ] {
                    let found = stage.inspect(&zip.build())?;
                    seen.push(stage.done("the package to be read", found)?.digest);
                }
                let all = seen.len();
                seen.sort();
                seen.dedup();
                expect_eq("how many digests there are", &all, &seen.len())
            },
        ),
    ];
    for (id, says, path) in BAD_PATHS {
        tests.push(must(id, ARCHIVE, says, move |stage| {
            let mut zip = with(&[]);
            zip.entries.push(Entry::new(*path, *b"x"));
            let found = stage.inspect(&zip.build())?;
            stage.refused(&[Package], found).map(|_| ())
        }));
    }
    for (id, says, path) in GOOD_PATHS {
        tests.push(must(id, ARCHIVE, says, move |stage| {
            let mut zip = with(&[]);
            zip.entries.push(Entry::new(*path, *b"x"));
            let found = stage.inspect(&zip.build())?;
            let found = stage.done("the package to be read", found)?;
            let path = String::from_utf8_lossy(path).into_owned();
            expect_eq("whether the file is there", &true, &found.files.contains(&path))
        }));
    }
    for (id, says, spoil) in SPOILT {
        tests.push(must(id, ARCHIVE, says, move |stage| {
            let mut zip = with(&[("a", b"content")]);
            spoil(&mut zip);
            let found = stage.inspect(&zip.build())?;
            stage.refused(&[Package], found).map(|_| ())
        }));
    }
    tests.push(documented(
        "plugin.host.packages.folders",
        ARCHIVE,
        "Entries for folders, as archivers write them, are no files and do no harm.",
        |stage| {
            let mut zip = with(&[]);
            zip.entries.push(Entry::new("assets/", ""));
            zip.entries.push(Entry::new("assets/a", "x"));
            let found = stage.inspect(&zip.build())?;
            let found = stage.done("the package to be read", found)?;
            let files: Vec<&str> = found.files.iter().map(String::as_str).collect();
            expect_eq("the files", ["assets/a", "plugin.toml"].as_slice(), &files)
        },
    ));
    tests.push(
        Case::must(
            "plugin.host.packages.any-bytes",
            Clause::new(
                ARCHIVE,
                "Whatever the bytes of an archive are, the host answers and goes on.",
            ),
        )
        .side(Side::Host)
        .property(
            |_: &super::HostTarget| damages(),
            |target, ctx, damages: &Vec<(u16, u8)>| {
                let mut stage = super::stage::Stage::new(target, ctx)?;
                let mut bytes = with(&[("a", b"content"), ("b/c", b"")]).build();
                let length = bytes.len();
                for (at, byte) in damages {
                    bytes[usize::from(*at) % length] = *byte;
                }
                // Some damage is no damage. What counts is that there is an answer, and another one after it.
                let _ = stage.inspect(&bytes)?;
                let found = stage.inspect(&with(&[]).build())?;
                stage.done("the next package to be read", found).map(|_| ())
            },
        ),
    );
    tests
}

/// Computed by another program than ours from the formula of the contract.
const GOLDEN: &str = "sha256:5271cb78bc655b5e65844397bea0a4663b61ff06a8ad38d73ae9fd585da68dd8";

fn golden(order: [usize; 4]) -> Zip {
    let files: [(&str, &[u8]); 4] = [
        (
            "plugin.toml",
            b"schema_version = 1\nid = \"gold.one\"\nname = \"Gold\"\nversion = \"1.2.3\"\n",
        ),
        ("assets/a.txt", b"hello\n"),
        ("assets/empty.bin", b""),
        ("z.bin", &[0, 1, 2]),
    ];
    Zip::new(order.map(|n| Entry::new(files[n].0, files[n].1)))
}

/// A package with these files beside its manifest.
fn with(files: &[(&str, &[u8])]) -> Zip {
    let manifest = [Entry::new("plugin.toml", MANIFEST)].into_iter();
    Zip::new(manifest.chain(files.iter().map(|(path, content)| Entry::new(*path, *content))))
}

/// A package of so many files, its manifest among them.
fn of_files(count: usize) -> Zip {
    let mut zip = with(&[]);
    zip.entries
        .extend((1..count).map(|n| Entry::new(format!("f/{n}"), "")));
    zip
}

const BAD_PATHS: &[(&str, &str, &[u8])] = &[
    (
        "plugin.host.packages.path-parent",
        "A path does not lead out of the package.",
        b"../evil",
    ),
    (
        "plugin.host.packages.path-parent-within",
        "A path has no `..`, even where it leads back.",
        b"a/../b",
    ),
    ("plugin.host.packages.path-current", "A path has no `.`.", b"./a"),
    (
        "plugin.host.packages.path-absolute",
        "A path is relative.",
        b"/etc/passwd",
    ),
    (
        "plugin.host.packages.path-home",
        "A path begins with no `~`.",
        b"~/a",
    ),
    ("plugin.host.packages.path-drive", "A path has no drive.", b"C:/a"),
    (
        "plugin.host.packages.path-backslash",
        "A path has no backslash.",
        b"a\\b",
    ),
    (
        "plugin.host.packages.path-empty-part",
        "A path has no empty part.",
        b"a//b",
    ),
    ("plugin.host.packages.path-empty", "A path is not empty.", b""),
    ("plugin.host.packages.path-nul", "A path has no NUL.", b"a\0b"),
    ("plugin.host.packages.path-not-text", "A path is UTF-8.", b"a\xff"),
];

const GOOD_PATHS: &[(&str, &str, &[u8])] = &[
    (
        "plugin.host.packages.path-not-ascii",
        "A path may be any text.",
        "日本語/é".as_bytes(),
    ),
    (
        "plugin.host.packages.path-dots",
        "Dots that are no part of their own are letters.",
        b"..a/b..c/...",
    ),
    (
        "plugin.host.packages.path-blank",
        "Blanks are letters.",
        b"a b/ c",
    ),
];

type Spoil = fn(&mut Zip);

const SPOILT: &[(&str, &str, Spoil)] = &[
    (
        "plugin.host.packages.encrypted",
        "An encrypted entry is refused.",
        |zip| zip.entries[1].flags |= 1,
    ),
    (
        "plugin.host.packages.link",
        "A symbolic link is refused.",
        |zip| zip.entries[1].attributes = 0o120_777 << 16,
    ),
    (
        "plugin.host.packages.compressed",
        "Entries are stored: a compressed one is refused.",
        |zip| zip.entries[1].method = 8,
    ),
    (
        "plugin.host.packages.several-disks",
        "An archive is one file.",
        |zip| zip.disk = 1,
    ),
    (
        "plugin.host.packages.directory-outside",
        "The directory is in the archive.",
        |zip| zip.directory_at = Some(0x00ff_ffff),
    ),
    (
        "plugin.host.packages.count-too-large",
        "An archive has as many entries as it says.",
        |zip| zip.count = Some(9),
    ),
    (
        "plugin.host.packages.central-signature",
        "An entry of the directory is one.",
        |zip| zip.entries[1].central_signature = *b"PKxx",
    ),
    (
        "plugin.host.packages.local-signature",
        "An entry is where the directory says.",
        |zip| zip.entries[1].local_signature = *b"PKxx",
    ),
    (
        "plugin.host.packages.local-flags",
        "An entry and the directory agree on its flags.",
        |zip| zip.entries[1].local_flags = Some(0),
    ),
    (
        "plugin.host.packages.local-method",
        "An entry and the directory agree on its method.",
        |zip| zip.entries[1].local_method = Some(8),
    ),
    (
        "plugin.host.packages.sizes-differ",
        "A stored entry has the size that it says.",
        |zip| zip.entries[1].uncompressed = Some(6),
    ),
    (
        "plugin.host.packages.data-outside",
        "The content of an entry is in the archive.",
        |zip| {
            zip.entries[1].compressed = Some(7_000_000);
            zip.entries[1].uncompressed = Some(7_000_000);
        },
    ),
    (
        "plugin.host.packages.no-manifest",
        "A package has a `plugin.toml` at its root.",
        |zip| zip.entries[0].name = b"a/plugin.toml".to_vec(),
    ),
    (
        "plugin.host.packages.manifest-too-large",
        "A manifest has 65536 bytes at most.",
        |zip| zip.entries[0].content.resize(65_537, b'\n'),
    ),
    (
        "plugin.host.packages.manifest-not-text",
        "A manifest is UTF-8.",
        |zip| zip.entries[0].content.extend_from_slice(b"#\xff"),
    ),
];

fn damages() -> impl proptest::strategy::Strategy<Value = Vec<(u16, u8)>> {
    use proptest::prelude::*;
    prop::collection::vec((any::<u16>(), any::<u8>()), 1..6)
}
