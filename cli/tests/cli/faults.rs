//! `yoikit call --fault`: real files and a real server, broken on purpose.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use serde_json::Value;

use crate::run::{Ran, VARIES, assert_ran, yoikit};

/// A folder with a fault plan of these lines.
fn planned(faults: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("faults.toml"),
        format!("schema = \"yoikit.faults/1\"\n{faults}"),
    )
    .unwrap();
    folder
}

/// Fetch from a server on this machine that always says hello.
fn fetch(folder: &Path, words: &[&str]) -> Ran {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    // It ends with the process.
    thread::spawn(move || {
        for stream in server.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
        }
    });
    let grants = format!(
        "permissions = [{{ kind = \"host_api\", api = \"request\" }}]\n\n[[request]]\nscheme = \"http\"\nhost = \
         \"127.0.0.1\"\nport = {port}\nmethods = [\"GET\"]\n"
    );
    fs::write(folder.join("grants.toml"), grants).unwrap();
    let plugin = yoi_guests::FETCH.package().to_str().unwrap();
    let input = format!("{{\"url\":\"http://127.0.0.1:{port}/\"}}");
    let call = ["call", plugin, "fetch_get", &input, "--grants", "grants.toml"];
    let mut ran = yoikit(folder, &[&call[..], &["--fault", "faults.toml"], words].concat());
    for text in [&mut ran.stdout, &mut ran.stderr] {
        *text = text.replace(&port.to_string(), "PORT");
    }
    ran
}

/// Write a note where there is one.
fn write_note(folder: &Path) -> Ran {
    fs::create_dir(folder.join("notes")).unwrap();
    fs::write(folder.join("notes/one.txt"), "the first note").unwrap();
    let grants = format!(
        "permissions = [{{ kind = \"host_api\", api = \"fs\" }}]\n\n[[fs]]\nroot = \"{}\"\noperations = [\"write\"]\n",
        folder.join("notes").canonicalize().unwrap().display()
    );
    fs::write(folder.join("grants.toml"), grants).unwrap();
    let plugin = yoi_guests::NOTES.package().to_str().unwrap();
    let input = r#"{"path":"one.txt","content":"another"}"#;
    let words = ["--grants", "grants.toml", "--fault", "faults.toml"];
    yoikit(
        folder,
        &[&["call", plugin, "notes_write", input], &words[..]].concat(),
    )
}

/// What of a screen is about the answer and the host calls.
fn told(ran: &Ran) -> String {
    let about = |line: &&str| {
        ["answer", "status", "host calls", "            "]
            .iter()
            .any(|begins| line.starts_with(begins))
    };
    let measured = ran.stdout.lines().filter(|line| !line.contains("instructions"));
    let lines: Vec<&str> = measured.filter(about).collect();
    format!("exit {}\n{}", ran.status, lines.join("\n"))
}

#[test]
fn a_connection_that_is_reset_by_plan_is_shown_as_that() {
    let folder = planned("[[fault]]\ncall = 1\nkind = \"reset\"\nafter_bytes = 10\n");
    let ran = fetch(folder.path(), &[]);
    insta::with_settings!({ filters => VARIES.to_vec() }, {
        insta::assert_snapshot!(told(&ran), @r#"
        exit 1
        answer      tool error: failed
                    │ {"error":{"code":"failed","message":"request to http://127.0.0.1:PORT/ failed: connection error: Connection reset by peer (os error 104)","details":{"host_error":"failed"}}}
        status      failed: the tool says `failed`: request to http://127.0.0.1:PORT/ failed: connection error: Connection reset by peer (os error 104) [tool.failed]
        host calls  1
                    request.request  48 B given, refused: request to http://127.0.0.1:PORT/ failed: connection error: Connection reset by peer (os error 104), broken on purpose: reset
        "#);
    });
}

#[test]
fn a_body_that_is_no_text_by_plan_arrives_and_is_shown_as_that() {
    let folder =
        planned("[[fault]]\ncall = 1\nimport = \"request.request\"\nkind = \"bad_utf8\"\nafter_bytes = 1\n");
    let ran = fetch(folder.path(), &[]);
    insta::with_settings!({ filters => VARIES.to_vec() }, {
        insta::assert_snapshot!(told(&ran), @r#"
        exit 0
        answer      GET answered 200 with 7 bytes
                    │ {"status":200,"headers":[{"name":"content-length","value":"5"}],"body":"h�llo","body_bytes":7,"truncated":false}
        status      ok
        host calls  1
                    request.request  48 B given, 99 B back, broken on purpose: bad_utf8
        "#);
    });
}

#[test]
fn a_server_that_is_silent_by_plan_is_ended_by_the_time_of_the_call() {
    let folder = planned("[[fault]]\ncall = 1\nkind = \"silence\"\n");
    let ran = fetch(folder.path(), &["--timeout", "300ms", "--json"]);
    assert_eq!(ran.status, 1);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["host_calls"][0]["fault"], "silence");
    assert_eq!(report["host_calls"][0]["error"]["code"], "timeout");
    assert_eq!(report["errors"].as_array().unwrap().len(), 1, "{}", ran.stdout);
}

#[test]
fn a_disk_that_is_full_by_plan_leaves_the_file_as_it_was() {
    let folder = planned("[[fault]]\ncall = 1\nkind = \"disk_full\"\nafter_bytes = 3\n");
    let ran = write_note(folder.path());
    insta::with_settings!({ filters => VARIES.to_vec() }, {
        insta::assert_snapshot!(told(&ran), @r#"
        exit 1
        answer      tool error: failed
                    │ {"error":{"code":"failed","message":"FS write failed for one.txt: No space left on device (os error 28)","details":{"host_error":"io"}}}
        status      failed: the tool says `failed`: FS write failed for one.txt: No space left on device (os error 28) [tool.failed]
        host calls  1
                    fs.write  38 B given, refused: FS write failed for one.txt: No space left on device (os error 28), broken on purpose: disk_full
        "#);
    });
    let notes = folder.path().join("notes");
    assert_eq!(
        fs::read_to_string(notes.join("one.txt")).unwrap(),
        "the first note"
    );
    assert_eq!(fs::read_dir(notes).unwrap().count(), 1);
}

#[test]
fn a_plan_that_was_not_used_up_fails_the_run() {
    let folder = planned("[[fault]]\ncall = 1\nkind = \"io\"\n[[fault]]\ncall = 2\nkind = \"reset\"\n");
    let ran = fetch(folder.path(), &[]);
    insta::with_settings!({ filters => VARIES.to_vec() }, {
        insta::assert_snapshot!(told(&ran), @r#"
        exit 1
        answer      GET answered 200 with 5 bytes
                    │ {"status":200,"headers":[{"name":"content-length","value":"5"}],"body":"hello","body_bytes":5,"truncated":false}
        status      failed: fault 1 broke nothing, `io` in host call 1: that was request.request, and it breaks only fs.read, fs.list, fs.write [plan.unused]
                    failed: fault 2 broke nothing, `reset` in host call 2: there was only one such call [plan.unused]
        host calls  1
                    request.request  48 B given, 97 B back
        "#);
    });
}

#[test]
fn the_json_says_what_was_broken_and_what_was_not_and_fits_its_schema() {
    let folder =
        planned("[[fault]]\ncall = 1\nkind = \"short_read\"\n[[fault]]\ncall = 2\nkind = \"reset\"\n");
    let ran = fetch(folder.path(), &["--json"]);
    assert_eq!(ran.status, 1);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["ok"], false);
    assert_eq!(report["host_calls"][0]["fault"], "short_read");
    assert_eq!(report["errors"][0]["code"], "plan.unused");
    assert!(report["output"]["content"].as_str().unwrap().contains("hello"));

    let schema: Value = serde_json::from_str(&yoikit(Path::new("/"), &["schema", "call"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<_> = validator
        .iter_errors(&report)
        .map(|error| error.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn a_plan_that_is_used_up_and_changes_nothing_is_a_success() {
    let folder = planned("[[fault]]\ncall = 1\nkind = \"short_read\"\n");
    let ran = fetch(folder.path(), &[]);
    assert_eq!(ran.status, 0, "{}", ran.whole());
    assert!(
        ran.stdout.contains("broken on purpose: short_read"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_plan_that_cannot_be_used_says_where_and_why() {
    let folder = planned("[[fault]]\ncall = 0\nkind = \"resett\"\n");
    let fetch = yoi_guests::FETCH.package().to_str().unwrap();
    let call = |words: &[&str]| {
        yoikit(
            folder.path(),
            &[&["call", fetch, "fetch_get", "{}"], words].concat(),
        )
    };
    assert_ran!(call(&["--fault", "faults.toml"]), @r#"
    exit 2
    --- stderr
    error: the fault plan cannot be used
    refused: `call` must be an integer from 1 to 4294967295
      in faults.toml:3:8
      3 | call = 0
        |        ^
    refused: `kind` cannot be `resett`: choose timeout, silence, refuse, unresolved, reset, cut, short_read, slow_body, bad_utf8, disk_full, io
      in faults.toml:4:8
      4 | kind = "resett"
        |        ^^^^^^^^
    "#);
    assert_ran!(call(&["--fault", "none.toml"]), @"
    exit 3
    --- stderr
    error: failed to read the fault plan none.toml: No such file or directory (os error 2)
    ");
    assert_ran!(call(&["--fault", "faults.toml", "--replay", "run.jsonl"]), @"
    exit 2
    --- stderr
    error: the argument '--fault <FILE>' cannot be used with '--replay <FILE>'

    Usage: yoikit call --fault <FILE> --cache-dir <FOLDER> <PATH> <TOOL> <INPUT>

    For more information, try '--help'.
    ");
}
