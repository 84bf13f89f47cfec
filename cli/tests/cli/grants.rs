//! `yoikit call --grants`: real files and a real server, reached only where that was asked for and granted.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;

use crate::run::{Ran, assert_ran, yoikit};

fn notes(folder: &Path, words: &[&str]) -> Ran {
    let plugin = yoi_guests::NOTES.package().to_str().unwrap();
    yoikit(folder, &[&["call", plugin], words].concat())
}

/// A folder with one note, and a grants file for these operations on it.
fn folder(operations: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("notes")).unwrap();
    fs::write(folder.path().join("notes/one.txt"), "the first note").unwrap();
    let root = folder.path().join("notes").canonicalize().unwrap();
    let grants = format!(
        "permissions = [{{ kind = \"host_api\", api = \"fs\" }}]\n\n[[fs]]\nroot = \"{}\"\noperations = [{operations}]\n",
        root.display()
    );
    fs::write(folder.path().join("grants.toml"), grants).unwrap();
    folder
}

#[test]
fn what_is_granted_is_done() {
    let folder = folder(r#""read", "list", "write""#);
    let read = notes(
        folder.path(),
        &["notes_read", r#"{"path":"one.txt"}"#, "--grants", "grants.toml"],
    );
    assert_eq!(read.status, 0, "{}", read.whole());
    assert!(read.stdout.contains("the first note"), "{}", read.stdout);
    let input = r#"{"path":"two.txt","content":"another"}"#;
    let written = notes(folder.path(), &["notes_write", input, "--grants", "grants.toml"]);
    assert_eq!(written.status, 0, "{}", written.whole());
    assert_eq!(
        fs::read_to_string(folder.path().join("notes/two.txt")).unwrap(),
        "another"
    );
}

#[test]
fn what_is_not_granted_is_denied_with_the_lines_to_add() {
    let folder = folder(r#""list""#);
    let ran = notes(
        folder.path(),
        &["notes_read", r#"{"path":"one.txt"}"#, "--grants", "grants.toml"],
    );
    assert_eq!(ran.status, 1);
    let root = folder.path().join("notes").canonicalize().unwrap();
    let lines = format!(
        "[[fs]]\n                root = \"{}\"\n                operations = [\"read\"]\n",
        root.display()
    );
    assert!(ran.stdout.contains(&lines), "{}", ran.stdout);

    // Adding them is all it takes.
    let grants = folder.path().join("grants.toml");
    let added = fs::read_to_string(&grants).unwrap() + &lines;
    fs::write(&grants, added).unwrap();
    let again = notes(
        folder.path(),
        &["notes_read", r#"{"path":"one.txt"}"#, "--grants", "grants.toml"],
    );
    assert_eq!(again.status, 0, "{}", again.whole());
}

#[test]
fn the_first_denial_knows_what_was_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let listed = notes(folder.path(), &["notes_list", r#"{"path":"."}"#]);
    assert!(
        listed.stdout.contains(r#"operations = ["list"]"#),
        "{}",
        listed.stdout
    );
    let fetch = yoi_guests::FETCH.component().to_str().unwrap();
    let input = r#"{"url":"http://127.0.0.1:9/greeting"}"#;
    let fetched = yoikit(folder.path(), &["call", fetch, "fetch_get", input]);
    for line in [
        r#"host = "127.0.0.1""#,
        "port = 9",
        r#"methods = ["GET"]"#,
        r#"path_prefixes = ["/greeting"]"#,
    ] {
        assert!(fetched.stdout.contains(line), "{line}: {}", fetched.stdout);
    }
}

#[test]
fn nothing_leaves_the_granted_folder() {
    let folder = folder(r#""read""#);
    for path in ["../grants.toml", "/etc/hostname"] {
        let input = serde_json::json!({ "path": path }).to_string();
        let ran = notes(folder.path(), &["notes_read", &input, "--grants", "grants.toml"]);
        assert_eq!(ran.status, 1, "{path}: {}", ran.whole());
        assert!(
            ran.stdout.contains("tool error: denied"),
            "{path}: {}",
            ran.stdout
        );
    }
}

#[test]
fn a_server_on_this_machine_is_reached_where_it_is_granted_by_name() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let served = std::thread::spawn(move || {
        let (mut stream, _) = server.accept().unwrap();
        let mut request = [0; 1024];
        let read = stream.read(&mut request).unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello")
            .unwrap();
        String::from_utf8_lossy(&request[..read]).into_owned()
    });
    let folder = tempfile::tempdir().unwrap();
    let grants = format!(
        "permissions = [{{ kind = \"host_api\", api = \"request\" }}]\n\n[[request]]\nscheme = \"http\"\nhost = \
         \"127.0.0.1\"\nport = {port}\nmethods = [\"GET\"]\n"
    );
    fs::write(folder.path().join("grants.toml"), grants).unwrap();
    let fetch = yoi_guests::FETCH.package().to_str().unwrap();
    let input = format!("{{\"url\":\"http://127.0.0.1:{port}/greeting\"}}");
    let ran = yoikit(
        folder.path(),
        &["call", fetch, "fetch_get", &input, "--grants", "grants.toml"],
    );
    assert_eq!(ran.status, 0, "{}", ran.whole());
    assert!(ran.stdout.contains("hello"), "{}", ran.stdout);
    assert!(served.join().unwrap().starts_with("GET /greeting HTTP/1.1\r\n"));
}

#[test]
fn grants_that_can_never_be_used_are_told() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("grants.toml"),
        "[[fs]]\nroot = \"notes\"\noperations = [\"read\"]\n",
    )
    .unwrap();
    let ran = notes(
        folder.path(),
        &["notes_read", r#"{"path":"a"}"#, "--grants", "grants.toml"],
    );
    let told = "warning: this folder is never used: `root` must be an absolute path\n  in grants.toml:2:8\n";
    assert!(ran.stderr.starts_with(told), "{}", ran.stderr);
}

#[test]
fn a_grants_file_that_cannot_be_used_says_where_and_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("grants.toml"),
        "permission = []\n\n[[fs]]\nroot = \"relative\"\n",
    )
    .unwrap();
    assert_ran!(notes(folder.path(), &["notes_read", "{}", "--grants", "grants.toml"]), @r#"
    exit 2
    --- stderr
    error: the grants cannot be used
    refused: unknown field `permission`
      in grants.toml:1:1
      1 | permission = []
        | ^^^^^^^^^^
      help: is `permissions` meant?
    warning: this folder is never used: it has no `operations`
      in grants.toml:3:1
      3 | [[fs]]
        | ^^^^^^
    warning: this folder is never used: `root` must be an absolute path
      in grants.toml:4:8
      4 | root = "relative"
        |        ^^^^^^^^^^
    "#);
    assert_ran!(notes(folder.path(), &["notes_read", "{}", "--grants", "none.toml"]), @"
    exit 3
    --- stderr
    error: failed to read the grants in none.toml: No such file or directory (os error 2)
    ");
}
