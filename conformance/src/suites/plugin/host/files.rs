//! The host API `fs`: what is answered, and what no path leads to.

use std::fs;

use serde_json::{Value, json};

use super::grants::expect_code;
use super::plugin::Plugin;
use super::puppet::{HostCall, HostFunction, Part, Puppet, calling, text};
use super::stage::Stage;
use super::{HostTest, documented};
use crate::{Checked, Stop, expect_eq};

const FILES: &str = "contracts/plugin.md#fs";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![
        documented(
            "plugin.host.fs.read",
            FILES,
            "`read` answers with the path, the content, and whether that was cut off.",
            |stage| {
                tree(stage)?;
                let answer = one(stage, HostFunction::Read, &json!({ "path": "notes/a.txt" }))?;
                expect_eq(
                    "the answer",
                    r#"{"path":"notes/a.txt","content":"hello\n","truncated":false}"#,
                    answer.as_str(),
                )
            },
        ),
        documented(
            "plugin.host.fs.list",
            FILES,
            "`list` answers with the names, sorted, and what each is.",
            |stage| {
                tree(stage)?;
                let answer = one(stage, HostFunction::List, &json!({ "path": "." }))?;
                expect_eq(
                    "the answer",
                    r#"{"path":".","entries":[{"name":"link","kind":"symlink"},{"name":"notes","kind":"dir"},{"name":"out","kind":"symlink"},{"name":"z.txt","kind":"file"}],"truncated":false}"#,
                    answer.as_str(),
                )
            },
        ),
        documented(
            "plugin.host.fs.write",
            FILES,
            "`write` answers with the path and how many bytes were written; they are there.",
            |stage| {
                tree(stage)?;
                let answer = one(
                    stage,
                    HostFunction::Write,
                    &json!({ "path": "notes/new.txt", "content": "né" }),
                )?;
                expect_eq(
                    "the answer",
                    r#"{"path":"notes/new.txt","bytes_written":3}"#,
                    answer.as_str(),
                )?;
                expect_eq("the file", "né", read(stage, "root/notes/new.txt").as_str())
            },
        ),
        documented(
            "plugin.host.fs.write-replaces",
            FILES,
            "`write` replaces a file whole.",
            |stage| {
                tree(stage)?;
                one(
                    stage,
                    HostFunction::Write,
                    &json!({ "path": "z.txt", "content": "" }),
                )?;
                expect_eq("the file", "", read(stage, "root/z.txt").as_str())
            },
        ),
        documented(
            "plugin.host.fs.write-makes-no-folder",
            FILES,
            "`write` makes no folders.",
            |stage| {
                tree(stage)?;
                let answer = one(
                    stage,
                    HostFunction::Write,
                    &json!({ "path": "new/a", "content": "x" }),
                )?;
                expect_code(&answer, "not_found")?;
                expect_eq(
                    "whether there is a folder",
                    &false,
                    &stage.folder().join("root/new").exists(),
                )
            },
        ),
        documented(
            "plugin.host.fs.large-file",
            FILES,
            "Of a file 65536 bytes are read, and it is said that there are more.",
            |stage| {
                tree(stage)?;
                put(stage, "root/large", "x".repeat(65_537))?;
                let answer = ends(stage, HostFunction::Read, &json!({ "path": "large" }))?;
                crate::expect(
                    answer.ends_with(r#""truncated":true}"#) && answer.starts_with("00065582 "),
                    || "65536 bytes of content, and `truncated`".to_owned(),
                    || answer.clone(),
                )
            },
        ),
        documented(
            "plugin.host.fs.largest-file",
            FILES,
            "A file of 65536 bytes is read whole.",
            |stage| {
                tree(stage)?;
                put(stage, "root/large", "x".repeat(65_536))?;
                let answer = ends(stage, HostFunction::Read, &json!({ "path": "large" }))?;
                crate::expect(
                    answer.ends_with(r#""truncated":false}"#),
                    || "the whole file".to_owned(),
                    || answer.clone(),
                )
            },
        ),
        documented(
            "plugin.host.fs.not-text",
            FILES,
            "Bytes that are no text are replaced.",
            |stage| {
                tree(stage)?;
                put(stage, "root/bytes", b"a\xffb".as_slice())?;
                let answer = one(stage, HostFunction::Read, &json!({ "path": "bytes" }))?;
                let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
                expect_eq("the content", &json!("a\u{fffd}b"), &answer["content"])
            },
        ),
        documented(
            "plugin.host.fs.many-names",
            FILES,
            "Of a folder 256 names are listed, and it is said that there are more.",
            |stage| {
                let root = stage.kept_folder("many", |many| {
                    (0..257).try_for_each(|n| fs::write(many.join(format!("{n:03}")), ""))
                })?;
                let call = HostCall::of(HostFunction::List, r#"{"path":"."}"#);
                let plugin = Plugin::of(Puppet::tool(calling([call])))
                    .host_api("fs")
                    .granted_targets(&format!(
                        "[[fs]]\nroot = \"{}\"\noperations = [\"list\"]",
                        root.display()
                    ));
                stage.run(&plugin)?;
                let answer = stage.host_answer("null")?;
                let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
                expect_eq(
                    "how many names there are",
                    &256,
                    &answer["entries"].as_array().map_or(0, Vec::len),
                )?;
                expect_eq("truncated", &json!(true), &answer["truncated"])
            },
        ),
        documented(
            "plugin.host.fs.operations-apart",
            FILES,
            "No operation is granted with another.",
            |stage| {
                tree(stage)?;
                for granted in ["read", "list", "write"] {
                    for (function, operation) in [
                        (HostFunction::Read, "read"),
                        (HostFunction::List, "list"),
                        (HostFunction::Write, "write"),
                    ] {
                        if operation == granted {
                            continue;
                        }
                        let plugin = using(stage, function, &sound(function), &[granted]);
                        stage.run(&plugin)?;
                        expect_code(&stage.host_answer("null")?, "denied")?;
                    }
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.fs.second-folder",
            FILES,
            "Folders are tried in the order of the grants: the first where the path leads somewhere.",
            |stage| {
                tree(stage)?;
                fs::create_dir(stage.folder().join("second")).map_err(harness)?;
                put(stage, "second/only-here", "2")?;
                put(stage, "second/z.txt", "2")?;
                let second = stage.folder().join("second").display().to_string();
                for (path, content) in [("only-here", "2"), ("z.txt", "z\n")] {
                    let plugin = using(
                        stage,
                        HostFunction::Read,
                        &json!({ "path": path }).to_string(),
                        &["read"],
                    )
                    .granted_targets(&format!("[[fs]]\nroot = \"{second}\"\noperations = [\"read\"]"));
                    stage.run(&plugin)?;
                    let answer = stage.host_answer("null")?;
                    let answer: Value = serde_json::from_str(&answer).unwrap_or_default();
                    expect_eq("the content", &json!(content), &answer["content"])?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.fs.root-is-a-link",
            FILES,
            "A folder that is granted is no symbolic link.",
            |stage| {
                tree(stage)?;
                link(stage, "root", "alias")?;
                let root = stage.folder().join("alias").display().to_string();
                refused_root(stage, &root)
            },
        ),
        documented(
            "plugin.host.fs.root-is-a-file",
            FILES,
            "A folder that is granted is a folder.",
            |stage| {
                tree(stage)?;
                let root = stage.folder().join("outside").display().to_string();
                refused_root(stage, &root)
            },
        ),
        documented(
            "plugin.host.fs.root-is-missing",
            FILES,
            "A folder that is granted is there.",
            |stage| {
                let root = stage.folder().join("nowhere").display().to_string();
                refused_root(stage, &root)
            },
        ),
        documented(
            "plugin.host.fs.through-a-link",
            FILES,
            "No operation follows a symbolic link, not even one that stays within.",
            |stage| {
                tree(stage)?;
                for (function, description) in [
                    (HostFunction::Read, json!({ "path": "link/a.txt" })),
                    (HostFunction::List, json!({ "path": "link" })),
                    (
                        HostFunction::Write,
                        json!({ "path": "link/b.txt", "content": "x" }),
                    ),
                    (HostFunction::Read, json!({ "path": "out" })),
                    (HostFunction::Write, json!({ "path": "out", "content": "x" })),
                ] {
                    let answer = one(stage, function, &description)?;
                    is_error(&answer)?;
                }
                expect_eq("the file outside", "secret", read(stage, "outside").as_str())?;
                expect_eq(
                    "whether a file was written",
                    &false,
                    &stage.folder().join("root/notes/b.txt").exists(),
                )
            },
        ),
        documented(
            "plugin.host.fs.no-content-in-errors",
            FILES,
            "An error says nothing of what is in a file.",
            |stage| {
                tree(stage)?;
                for (function, description) in [
                    (HostFunction::Read, json!({ "path": "out" })),
                    (HostFunction::List, json!({ "path": "z.txt" })),
                ] {
                    let answer = one(stage, function, &description)?;
                    is_error(&answer)?;
                    crate::expect(
                        !answer.contains("secret"),
                        || "no content".to_owned(),
                        || answer.clone(),
                    )?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.fs.too-large-description",
            FILES,
            "A description of more than 65536 bytes is refused.",
            |stage| {
                tree(stage)?;
                let description = json!({ "path": "a", "content": "x".repeat(65_536) }).to_string();
                let plugin = using(stage, HostFunction::Write, &description, &["write"]);
                stage.run(&plugin)?;
                let answer = stage.host_answer("null")?;
                expect_code(&answer, "too_large")?;
                expect_eq(
                    "whether a file was written",
                    &false,
                    &stage.folder().join("root/a").exists(),
                )
            },
        ),
    ];
    for (id, says, function, description, codes) in REFUSED {
        tests.push(documented(id, FILES, says, move |stage| {
            tree(stage)?;
            let plugin = using(stage, *function, description, &["read", "list", "write"]);
            stage.run(&plugin)?;
            let answer = stage.host_answer("null")?;
            one_of(&answer, codes)
        }));
    }
    for (id, says, path) in WAYS_OUT {
        tests.push(documented(id, FILES, says, move |stage| {
            tree(stage)?;
            for function in [HostFunction::Read, HostFunction::List, HostFunction::Write] {
                let description = match function {
                    HostFunction::Write => json!({ "path": path, "content": "x" }),
                    _ => json!({ "path": path }),
                };
                let answer = one(stage, function, &description)?;
                is_error(&answer)?;
            }
            expect_eq("the file outside", "secret", read(stage, "outside").as_str())
        }));
    }
    tests
}

/// Descriptions that are refused, and the codes that they may be refused with.
const REFUSED: &[(&str, &str, HostFunction, &str, &[&str])] = &[
    (
        "plugin.host.fs.missing",
        "What is not there cannot be read.",
        HostFunction::Read,
        r#"{"path":"missing"}"#,
        &["not_found"],
    ),
    (
        "plugin.host.fs.read-folder",
        "A folder cannot be read.",
        HostFunction::Read,
        r#"{"path":"notes"}"#,
        &["io", "invalid"],
    ),
    (
        "plugin.host.fs.read-root",
        "The folder that is granted cannot be read as a file.",
        HostFunction::Read,
        r#"{"path":"."}"#,
        &["io", "invalid"],
    ),
    (
        "plugin.host.fs.list-file",
        "A file cannot be listed.",
        HostFunction::List,
        r#"{"path":"z.txt"}"#,
        &["io", "invalid"],
    ),
    (
        "plugin.host.fs.write-folder",
        "A folder cannot be written.",
        HostFunction::Write,
        r#"{"path":"notes","content":"x"}"#,
        &["io", "invalid"],
    ),
    (
        "plugin.host.fs.write-root",
        "The folder that is granted cannot be written as a file.",
        HostFunction::Write,
        r#"{"path":".","content":"x"}"#,
        &["io", "invalid"],
    ),
    (
        "plugin.host.fs.empty-path",
        "A path is not empty.",
        HostFunction::Read,
        r#"{"path":""}"#,
        &["invalid"],
    ),
    (
        "plugin.host.fs.nul",
        "A path has no NUL.",
        HostFunction::Read,
        r#"{"path":"a\u0000b"}"#,
        &["invalid"],
    ),
    (
        "plugin.host.fs.not-json",
        "A description is JSON.",
        HostFunction::Read,
        "path",
        &["invalid"],
    ),
    (
        "plugin.host.fs.no-path",
        "A description has a path.",
        HostFunction::Read,
        "{}",
        &["invalid"],
    ),
    (
        "plugin.host.fs.unknown-field",
        "A description has no fields but those of the contract.",
        HostFunction::Read,
        r#"{"path":"z.txt","offset":1}"#,
        &["invalid"],
    ),
    (
        "plugin.host.fs.path-number",
        "A path is a text.",
        HostFunction::List,
        r#"{"path":1}"#,
        &["invalid"],
    ),
    (
        "plugin.host.fs.no-content",
        "What is written is a text.",
        HostFunction::Write,
        r#"{"path":"a"}"#,
        &["invalid"],
    ),
];

/// Paths that would lead out of the folder that is granted.
const WAYS_OUT: &[(&str, &str, &str)] = &[
    (
        "plugin.host.fs.parent",
        "No path leads above the folder that is granted.",
        "../outside",
    ),
    (
        "plugin.host.fs.parent-within",
        "A path has no `..`, even where it leads back.",
        "notes/../z.txt",
    ),
    (
        "plugin.host.fs.parent-behind",
        "A path has no `..`, wherever it stands.",
        "notes/../../outside",
    ),
    ("plugin.host.fs.absolute", "A path is relative.", "/etc/hostname"),
    ("plugin.host.fs.link-out", "A symbolic link leads nowhere.", "out"),
    (
        "plugin.host.fs.too-long",
        "A path has 4096 bytes at most.",
        TOO_LONG,
    ),
];

const TOO_LONG: &str = {
    const BYTES: [u8; 4097] = [b'a'; 4097];
    match std::str::from_utf8(&BYTES) {
        Ok(text) => text,
        Err(_) => unreachable!(),
    }
};

fn harness(error: std::io::Error) -> Stop {
    Stop::Harness(format!("a file cannot be laid down: {error}"))
}

fn put(stage: &Stage<'_>, path: &str, content: impl AsRef<[u8]>) -> Checked {
    fs::write(stage.folder().join(path), content).map_err(harness)
}

fn read(stage: &Stage<'_>, path: &str) -> String {
    fs::read_to_string(stage.folder().join(path)).unwrap_or_else(|error| format!("{error}"))
}

fn link(stage: &Stage<'_>, to: &str, path: &str) -> Checked {
    std::os::unix::fs::symlink(stage.folder().join(to), stage.folder().join(path)).map_err(harness)
}

/// Files to be granted in `root`, and one outside of it.
fn tree(stage: &Stage<'_>) -> Checked {
    fs::create_dir_all(stage.folder().join("root/notes")).map_err(harness)?;
    put(stage, "root/notes/a.txt", "hello\n")?;
    put(stage, "root/z.txt", "z\n")?;
    put(stage, "outside", "secret")?;
    link(stage, "outside", "root/out")?;
    link(stage, "root/notes", "root/link")
}

/// A plugin that calls `function` with this, and may do these things in `root`.
fn using(stage: &Stage<'_>, function: HostFunction, description: &str, operations: &[&str]) -> Plugin {
    let root = stage.folder().join("root").display().to_string();
    Plugin::of(Puppet::tool(calling([HostCall::of(function, description)])))
        .host_api("fs")
        .granted_targets(&format!("[[fs]]\nroot = \"{root}\"\noperations = {operations:?}"))
}

fn sound(function: HostFunction) -> String {
    match function {
        HostFunction::Write => json!({ "path": "z.txt", "content": "x" }),
        HostFunction::List => json!({ "path": "notes" }),
        _ => json!({ "path": "z.txt" }),
    }
    .to_string()
}

/// The host's answer to one call, all operations granted.
fn one(stage: &mut Stage<'_>, function: HostFunction, description: &Value) -> Result<String, Stop> {
    let plugin = using(
        stage,
        function,
        &description.to_string(),
        &["read", "list", "write"],
    );
    stage.run(&plugin)?;
    stage.host_answer("null")
}

/// The length of the host's answer to one call, its beginning and its end.
fn ends(stage: &mut Stage<'_>, function: HostFunction, description: &Value) -> Result<String, Stop> {
    let root = stage.folder().join("root").display().to_string();
    let call = HostCall::of(function, description.to_string());
    let parts = vec![
        text(r#"{"summary":"s","content":""#),
        Part::HostEnds(call),
        text(r#""}"#),
    ];
    let plugin = Plugin::of(Puppet::tool(parts))
        .host_api("fs")
        .granted_targets(&format!("[[fs]]\nroot = \"{root}\"\noperations = [\"read\"]"));
    stage.run(&plugin)?;
    stage.host_answer("null")
}

fn is_error(answer: &str) -> Checked {
    let value: Value = serde_json::from_str(answer).unwrap_or_default();
    crate::expect(
        value["error"]["code"].is_string(),
        || "an error".to_owned(),
        || answer.to_owned(),
    )
}

fn one_of(answer: &str, codes: &[&str]) -> Checked {
    let value: Value = serde_json::from_str(answer).unwrap_or_default();
    let code = value["error"]["code"].as_str().unwrap_or_default();
    crate::expect(
        codes.contains(&code),
        || format!("an error with the code {}", codes.join(" or ")),
        || answer.to_owned(),
    )
}

/// That nothing is read where `root` is what is granted.
fn refused_root(stage: &mut Stage<'_>, root: &str) -> Checked {
    let call = HostCall::of(HostFunction::List, r#"{"path":"."}"#);
    let plugin = Plugin::of(Puppet::tool(calling([call])))
        .host_api("fs")
        .granted_targets(&format!("[[fs]]\nroot = \"{root}\"\noperations = [\"list\"]"));
    stage.run(&plugin)?;
    let answer = stage.host_answer("null")?;
    is_error(&answer)
}
