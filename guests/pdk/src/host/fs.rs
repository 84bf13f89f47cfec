//! Small text files below the directories that the operator has granted.
//!
//! A path is relative to a granted directory, at most 4096 bytes, without `..` and NUL; symbolic links are not
//! followed. Each of the three operations is granted by itself.
//!
//! ```no_run
//! use yoi_pdk::host::fs;
//!
//! let bytes = fs::write("todo.md", "- sleep\n")?;
//! assert_eq!(fs::read("todo.md")?.content.len() as u64, bytes);
//! assert!(fs::list(".")?.entries.iter().any(|entry| entry.name == "todo.md"));
//! # Ok::<(), yoi_pdk::ToolError>(())
//! ```

use serde::{Deserialize, Serialize};

use super::answer::parse;
use super::error::HostError;
use super::raw;

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadFile {
    /// The path as the host says it: what was asked for, cut if it is long. It is there to be shown.
    pub path: String,
    /// The first 65 536 bytes as text, with U+FFFD for what is no UTF-8.
    pub content: String,
    /// Whether there was more.
    pub truncated: bool,
}

/// What a directory holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The path as the host says it: what was asked for, cut if it is long. It is there to be shown.
    pub path: String,
    /// At most 256 entries, in order of name.
    pub entries: Vec<Entry>,
    /// Whether there were more.
    pub truncated: bool,
}

/// Something in a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name, without the directory's.
    pub name: String,
    /// What it is.
    pub kind: EntryKind,
}

/// What something in a directory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A file.
    File,
    /// A directory.
    Dir,
    /// A symbolic link, which the host does not follow.
    Symlink,
    /// Something else, which the host does not open.
    #[serde(other)]
    Other,
}

/// Reads a file.
pub fn read(path: &str) -> Result<ReadFile, HostError> {
    read_answer(&raw::fs::read(&path_json(path)))
}

/// Lists a directory; `.` is the one that was granted.
pub fn list(path: &str) -> Result<Listing, HostError> {
    list_answer(&raw::fs::list(&path_json(path)))
}

/// Creates a file, or replaces what it holds, and answers how many bytes were written. Directories are not
/// created.
///
/// The host takes at most 65 536 bytes of path and content together, as JSON: the content may be a bit less
/// than that, and half as much if it is all quotes.
pub fn write(path: &str, content: &str) -> Result<u64, HostError> {
    write_answer(&raw::fs::write(&write_json(path, content)))
}

fn path_json(path: &str) -> String {
    #[derive(Serialize)]
    struct At<'a> {
        path: &'a str,
    }
    serde_json::to_string(&At { path }).expect("a string has a form as JSON")
}

fn write_json(path: &str, content: &str) -> String {
    #[derive(Serialize)]
    struct Write<'a> {
        path: &'a str,
        content: &'a str,
    }
    serde_json::to_string(&Write { path, content }).expect("two strings have a form as JSON")
}

fn read_answer(answer: &str) -> Result<ReadFile, HostError> {
    parse("fs.read", answer)
}

fn list_answer(answer: &str) -> Result<Listing, HostError> {
    parse("fs.list", answer)
}

fn write_answer(answer: &str) -> Result<u64, HostError> {
    #[derive(Deserialize)]
    struct Written {
        bytes_written: u64,
    }
    let Written { bytes_written } = parse("fs.write", answer)?;
    Ok(bytes_written)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::error::HostErrorCode;
    use super::*;

    #[test]
    fn a_path_is_all_that_reading_and_listing_take() {
        assert_snapshot!(path_json("a/b.md"), @r#"{"path":"a/b.md"}"#);
    }

    #[test]
    fn writing_takes_the_content_too() {
        assert_snapshot!(write_json("a", "line\n"), @r#"{"path":"a","content":"line\n"}"#);
    }

    #[test]
    fn a_file_is_read() {
        assert_eq!(
            read_answer(r#"{"path":"a","content":"hi","truncated":false}"#),
            Ok(ReadFile {
                path: "a".to_owned(),
                content: "hi".to_owned(),
                truncated: false,
            })
        );
    }

    #[test]
    fn a_directory_is_listed() {
        let answer = json!({
            "path": ".",
            "entries": [
                { "name": "a", "kind": "file" },
                { "name": "b", "kind": "dir" },
                { "name": "c", "kind": "symlink" },
                { "name": "d", "kind": "other" },
                { "name": "e", "kind": "whiteout" },
            ],
            "truncated": true,
        });
        let listing = list_answer(&answer.to_string()).unwrap();
        assert_eq!(
            listing.entries.iter().map(|entry| entry.kind).collect::<Vec<_>>(),
            [
                EntryKind::File,
                EntryKind::Dir,
                EntryKind::Symlink,
                EntryKind::Other,
                EntryKind::Other,
            ]
        );
        assert!(listing.truncated);
    }

    #[test]
    fn a_write_says_how_much() {
        assert_eq!(write_answer(r#"{"path":"a","bytes_written":7}"#), Ok(7));
    }

    #[test]
    fn a_file_that_is_not_there_is_an_error_to_match_on() {
        let answer = r#"{"error":{"code":"not_found","message":"FS path component is unavailable for a"}}"#;
        for error in [
            read_answer(answer).unwrap_err(),
            list_answer(answer).unwrap_err(),
            write_answer(answer).unwrap_err(),
        ] {
            assert_eq!(error.code, HostErrorCode::NotFound);
        }
    }

    #[test]
    fn an_answer_to_another_call_is_malformed() {
        let file = r#"{"path":"a","content":"hi","truncated":false}"#;
        assert_snapshot!(
            list_answer(file).unwrap_err(),
            @"malformed: the host answered fs.list with neither a result nor an error (line 1, column 45)"
        );
        assert_eq!(write_answer(file).unwrap_err().code, HostErrorCode::Malformed);
    }

    proptest! {
        #[test]
        fn any_path_and_content_are_asked_for_as_they_are(
            path in any::<String>(),
            content in any::<String>(),
        ) {
            let read: Value = serde_json::from_str(&path_json(&path)).unwrap();
            prop_assert_eq!(read, json!({ "path": path }));
            let write: Value = serde_json::from_str(&write_json(&path, &content)).unwrap();
            prop_assert_eq!(write, json!({ "path": path, "content": content }));
        }

        #[test]
        fn any_content_comes_through(
            path in any::<String>(),
            content in any::<String>(),
            truncated in any::<bool>(),
        ) {
            let file = ReadFile { path, content, truncated };
            prop_assert_eq!(read_answer(&serde_json::to_string(&file).unwrap()), Ok(file));
        }

        #[test]
        fn any_answer_has_a_meaning(answer in any::<String>()) {
            let _ = read_answer(&answer);
            let _ = list_answer(&answer);
            let _ = write_answer(&answer);
        }
    }
}
