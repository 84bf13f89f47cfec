//! `yoikit call --record`, `--replay` and `yoikit grant`: what a run did, once more and on paper.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread::JoinHandle;

use crate::run::{Ran, VARIES, assert_ran, yoikit};

const GREETING: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

/// A server on loopback that answers `times` requests, and its port.
fn server(times: usize) -> (u16, JoinHandle<()>) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let served = std::thread::spawn(move || {
        for _ in 0..times {
            let (mut stream, _) = server.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]).unwrap();
            stream.write_all(GREETING).unwrap();
        }
    });
    (port, served)
}

fn fetch(folder: &Path, port: u16, path: &str, words: &[&str]) -> Ran {
    let plugin = yoi_guests::FETCH.package().to_str().unwrap();
    let input = format!("{{\"url\":\"http://127.0.0.1:{port}{path}\"}}");
    yoikit(folder, &[&["call", plugin, "fetch_get", &input], words].concat())
}

fn notes(folder: &Path, words: &[&str]) -> Ran {
    let plugin = yoi_guests::NOTES.package().to_str().unwrap();
    yoikit(folder, &[&["call", plugin], words].concat())
}

fn grant_all_of_loopback(folder: &Path) {
    let grants = "permissions = [{ kind = \"host_api\", api = \"request\" }]\n\n[[request]]\nscheme = \"http\"\n\
                  host = \"127.0.0.1\"\nmethods = [\"GET\", \"POST\"]\n";
    fs::write(folder.join("wide.toml"), grants).unwrap();
}

/// Output lines that are the same in every run of the same thing.
fn steady(text: &str) -> Vec<&str> {
    let varies = |line: &&str| {
        !["call", "limit", "building", "replay", " "]
            .iter()
            .any(|start| line.starts_with(start))
    };
    text.lines().filter(varies).collect()
}

#[test]
fn a_recorded_run_is_replayed_without_its_server() {
    let folder = tempfile::tempdir().unwrap();
    grant_all_of_loopback(folder.path());
    let (port, served) = server(1);
    let recorded = fetch(
        folder.path(),
        port,
        "/?token=s3cret",
        &["--grants", "wide.toml", "--record", "run.jsonl"],
    );
    assert_eq!(recorded.status, 0, "{}", recorded.whole());
    served.join().unwrap();
    let transcript = fs::read_to_string(folder.path().join("run.jsonl")).unwrap();
    assert!(!transcript.contains("s3cret"), "{transcript}");
    let port_filter = (port.to_string(), "[PORT]");
    insta::with_settings!({ filters => vec![
        (port_filter.0.as_str(), port_filter.1),
        ("sha256:[0-9a-f]{64}", "sha256:[…]"),
    ] }, {
        insta::assert_snapshot!(transcript, @r#"
        {"schema":"yoikit.transcript/1","profile":"documented","component":"sha256:[…]","plugin":"yoikit.fetch","tool":"fetch_get"}
        {"call":1,"import":"request.request","given":{"method":"GET","url":"http://127.0.0.1:[PORT]/?token=<redacted>"},"answer":{"status":200,"headers":[{"name":"content-length","value":"5"}],"body":"hello","truncated":false},"redacted":true}
        {"end":1}
        "#);
    });

    // Nobody listens any more.
    let replayed = fetch(folder.path(), port, "/?token=s3cret", &["--replay", "run.jsonl"]);
    assert_eq!(replayed.status, 0, "{}", replayed.whole());
    assert!(replayed.stdout.contains("hello"));
    assert_eq!(steady(&replayed.stdout), steady(&recorded.stdout));

    let other = fetch(folder.path(), port, "/other", &["--replay", "run.jsonl"]);
    insta::with_settings!({ filters => VARIES.iter().copied().chain([
        (port_filter.0.as_str(), port_filter.1),
        (r" \d: .* at .*", " [FRAME]"),
        (r"plugin +.*", "[PLUGIN]"),
    ]).collect::<Vec<_>>() }, {
        insta::assert_snapshot!(other.whole(), @r#"
        exit 1
        --- stdout
        [PLUGIN]
        tool        fetch_get
        status      failed: `call` left its recording: host call 1, `request.request`, differs from line 2: `/url` is "…127.0.0.1:[PORT]/other", recorded is "…127.0.0.1:[PORT]/?token=<redacted>" [fault.replay]
                    [FRAME]
                    [FRAME]
                    [FRAME]

                             wall   instructions     memory         in        out
        call [TIME] ≥ [COUNT]    1.1 MiB       38 B       none
        limit [TIME] [COUNT]      2 MiB     64 KiB     64 KiB

        replay      run.jsonl
        host calls  none
        log         empty
        "#);
    });
    let none = notes(
        folder.path(),
        &["nothing", "{}", "--replay", "run.jsonl", "--json"],
    );
    assert_eq!(none.status, 1, "{}", none.whole());
    let report: serde_json::Value = serde_json::from_str(&none.stdout).unwrap();
    assert_eq!(report["errors"][1]["code"], "replay.leftover");
}

#[test]
fn the_grants_that_a_run_needed_are_enough_for_it_and_no_wider() {
    let folder = tempfile::tempdir().unwrap();
    grant_all_of_loopback(folder.path());
    let (port, served) = server(2);
    let recorded = fetch(
        folder.path(),
        port,
        "/a",
        &["--grants", "wide.toml", "--record", "run.jsonl"],
    );
    assert_eq!(recorded.status, 0, "{}", recorded.whole());

    let plugin = yoi_guests::FETCH.package().to_str().unwrap();
    let granted = yoikit(folder.path(), &["grant", plugin, "--from", "run.jsonl"]);
    let port_filter = (port.to_string(), "[PORT]");
    insta::with_settings!({ filters => vec![(port_filter.0.as_str(), port_filter.1)] }, {
        insta::assert_snapshot!(granted.whole(), @r#"
        exit 0
        --- stdout
        permissions = [
            { kind = "surface", surface = "tool" },
            { kind = "tool", name = "fetch_get" },
            { kind = "host_api", api = "request" },
        ]

        [[request]]
        scheme = "http"
        host = "127.0.0.1"
        port = [PORT]
        methods = ["GET"]
        path_prefixes = ["/a"]
        "#);
    });
    fs::write(folder.path().join("narrow.toml"), &granted.stdout).unwrap();
    let again = fetch(folder.path(), port, "/a", &["--grants", "narrow.toml"]);
    assert_eq!(again.status, 0, "{}", again.whole());
    served.join().unwrap();
    let other = fetch(folder.path(), port, "/b", &["--grants", "narrow.toml"]);
    assert_eq!(other.status, 1);
    assert!(other.stdout.contains("tool error: denied"), "{}", other.stdout);
}

#[test]
fn a_denied_run_tells_what_to_grant() {
    let folder = tempfile::tempdir().unwrap();
    let denied = notes(
        folder.path(),
        &["notes_read", r#"{"path":"a"}"#, "--record", "run.jsonl"],
    );
    assert_eq!(denied.status, 1, "{}", denied.whole());
    let plugin = yoi_guests::NOTES.package().to_str().unwrap();
    assert_ran!(yoikit(folder.path(), &["grant", plugin, "--from", "run.jsonl"]), @r#"
    exit 0
    --- stdout
    permissions = [
        { kind = "surface", surface = "tool" },
        { kind = "tool", name = "notes_read" },
        { kind = "host_api", api = "fs" },
    ]

    [[fs]]
    root = "/path/to/folder"
    operations = ["read"]
    --- stderr
    warning: 1 host call was denied in run.jsonl, which these grants would allow: read what was wanted first
    warning: no folder was granted in that run: put your own in place of /path/to/folder
    "#);
    // Without a run, all that the manifest asks for.
    assert_ran!(yoikit(folder.path(), &["grant", plugin]), @r#"
    exit 0
    --- stdout
    permissions = [
        { kind = "surface", surface = "tool" },
        { kind = "tool", name = "notes_read" },
        { kind = "tool", name = "notes_list" },
        { kind = "tool", name = "notes_write" },
        { kind = "host_api", api = "fs" },
    ]

    [[fs]]
    root = "/path/to/folder"
    operations = ["read", "list", "write"]
    --- stderr
    warning: it asks for files: put your own folder in place of /path/to/folder
    "#);
}

#[test]
fn a_folder_is_granted_for_what_was_done_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    for name in ["one", "two"] {
        fs::create_dir(root.join(name)).unwrap();
    }
    fs::write(root.join("two/a"), "A").unwrap();
    let all = |name| {
        let root = root.join(name);
        format!(
            "[[fs]]\nroot = \"{}\"\noperations = [\"read\", \"list\", \"write\"]\n",
            root.display()
        )
    };
    let grants = format!(
        "permissions = [{{ kind = \"host_api\", api = \"fs\" }}]\n{}{}",
        all("one"),
        all("two")
    );
    fs::write(root.join("grants.toml"), grants).unwrap();
    for (tool, input, run) in [
        ("notes_read", r#"{"path":"a"}"#, "read.jsonl"),
        ("notes_read", r#"{"path":"b"}"#, "none.jsonl"),
        ("notes_list", r#"{"path":"."}"#, "list.jsonl"),
    ] {
        notes(&root, &[tool, input, "--grants", "grants.toml", "--record", run]);
    }
    let plugin = yoi_guests::NOTES.package().to_str().unwrap();
    let granted = |runs: &[&str]| {
        let words: Vec<&str> = runs.iter().flat_map(|run| ["--from", run]).collect();
        let ran = yoikit(&root, &[&["grant", plugin], &words[..]].concat());
        assert_eq!(ran.stderr, "");
        let folders = ran.stdout.split_once("[[fs]]").unwrap().1.to_owned();
        folders.replace(root.to_str().unwrap(), "")
    };
    insta::assert_snapshot!(granted(&["read.jsonl"]), @r#"

    root = "/two"
    operations = ["read"]
    "#);
    insta::assert_snapshot!(granted(&["none.jsonl"]), @r#"

    root = "/one"
    operations = ["read"]
    "#);
    insta::assert_snapshot!(granted(&["read.jsonl", "list.jsonl"]), @r#"

    root = "/one"
    operations = ["list"]

    [[fs]]
    root = "/two"
    operations = ["read"]
    "#);
}

#[test]
fn what_a_manifest_does_not_ask_for_is_told() {
    let folder = tempfile::tempdir().unwrap();
    grant_all_of_loopback(folder.path());
    let manifest = fs::read_to_string(yoi_guests::FETCH.package().join("plugin.toml")).unwrap();
    // It asks for another host.
    let other = manifest
        .replace("127.0.0.1", "192.0.2.1")
        .replace("localhost", "other.test");
    fs::write(folder.path().join("plugin.toml"), other).unwrap();
    let component = yoi_guests::FETCH.component().to_str().unwrap();
    let (port, served) = server(1);
    let input = format!("{{\"url\":\"http://127.0.0.1:{port}/\"}}");
    let recorded = yoikit(
        folder.path(),
        &[
            "call",
            component,
            "fetch_get",
            &input,
            "--grants",
            "wide.toml",
            "--record",
            "run.jsonl",
        ],
    );
    assert_eq!(recorded.status, 0, "{}", recorded.whole());
    served.join().unwrap();
    let ran = yoikit(
        folder.path(),
        &[
            "grant",
            component,
            "--manifest",
            "plugin.toml",
            "--from",
            "run.jsonl",
        ],
    );
    let port_filter = (port.to_string(), "[PORT]");
    insta::with_settings!({ filters => vec![(port_filter.0.as_str(), port_filter.1)] }, {
        insta::assert_snapshot!(ran.stderr, @r#"
        warning: plugin.toml does not ask for all that the run did

        add at the end of plugin.toml:

            [[request]]
            scheme = "http"
            host = "127.0.0.1"
            port = [PORT]
            methods = ["GET"]
            path_prefixes = ["/"]
        "#);
    });
}

#[test]
fn recordings_that_cannot_be_used_say_why() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("empty.jsonl"), "").unwrap();
    fs::write(
        folder.path().join("cut.jsonl"),
        "{\"schema\":\"yoikit.transcript/1\",\"profile\":\"yoi\",\"component\":\"\"}\n",
    )
    .unwrap();
    let call = ["nothing", "{}"];
    let run = |words: &[&str]| notes(folder.path(), &[&call[..], words].concat()).whole();
    let component = yoi_guests::ECHO.component().to_str().unwrap();
    let refusals = [
        run(&["--replay", "none.jsonl"]),
        run(&["--replay", "empty.jsonl"]),
        run(&["--replay", "cut.jsonl"]),
        run(&["--replay", "cut.jsonl", "--record", "other.jsonl"]),
        run(&["--replay", "cut.jsonl", "--grants", "grants.toml"]),
        run(&["--record", "no/such/folder.jsonl"]),
        yoikit(folder.path(), &["grant", component])
            .whole()
            .replace(component, "[COMPONENT]"),
        yoikit(folder.path(), &["grant", component, "--from", "empty.jsonl"]).whole(),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    exit 3
    --- stderr
    error: failed to read the recorded host calls in none.jsonl: No such file or directory (os error 2)

    exit 2
    --- stderr
    error: the recording empty.jsonl cannot be used: the file is empty: a transcript begins with a line that names its schema, `yoikit.transcript/1`

    exit 2
    --- stderr
    error: the recording cut.jsonl cannot be used: it breaks off after host call 0: its last line, `{"end":0}`, is not there

    exit 2
    --- stderr
    error: the argument '--replay <FILE>' cannot be used with '--record <FILE>'

    Usage: yoikit call --replay <FILE> --cache-dir <FOLDER> <PATH> <TOOL> <INPUT>

    For more information, try '--help'.

    exit 2
    --- stderr
    error: the argument '--replay <FILE>' cannot be used with '--grants <FILE>'

    Usage: yoikit call --replay <FILE> --cache-dir <FOLDER> <PATH> <TOOL> <INPUT>

    For more information, try '--help'.

    exit 3
    --- stderr
    error: failed to record the host calls in no/such/folder.jsonl: No such file or directory (os error 2)

    exit 2
    --- stderr
    error: [COMPONENT] has no plugin.toml that says what it asks for: record a run of it with `yoikit call … --record FILE`, and name that file with `--from`

    exit 2
    --- stderr
    error: the recording empty.jsonl cannot be used: the file is empty: a transcript begins with a line that names its schema, `yoikit.transcript/1`
    "#);
    assert!(!folder.path().join("other.jsonl").exists());
}

#[test]
fn what_is_no_recording_is_never_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let kept = ["grants.toml", "input.json", "notes.wasm"];
    for name in kept {
        fs::write(folder.path().join(name), "permissions = []\n").unwrap();
        let ran = notes(folder.path(), &["nothing", "{}", "--record", name]);
        assert_eq!(ran.status, 2, "{name}: {}", ran.whole());
        assert_eq!(
            fs::read_to_string(folder.path().join(name)).unwrap(),
            "permissions = []\n"
        );
    }
    assert_ran!(notes(folder.path(), &["nothing", "{}", "--record", "input.json"]), @"
    exit 2
    --- stderr
    error: input.json is there and is no recording: remove it, or name another file
    ");
}

#[test]
fn a_run_that_does_not_begin_leaves_the_recording_of_the_last() {
    let folder = tempfile::tempdir().unwrap();
    let run = |input: &str| notes(folder.path(), &["nothing", input, "--record", "run.jsonl"]);
    let there = || fs::read_to_string(folder.path().join("run.jsonl")).ok();
    // Nor does it leave one where there was none.
    assert_eq!((run("{bad").status, there()), (2, None));
    assert_eq!(run("{}").status, 1);
    let first = there().unwrap();
    assert!(first.ends_with("{\"end\":0}\n"), "{first}");
    assert_eq!((run("{bad").status, there()), (2, Some(first.clone())));
    // One that does replaces it, a longer one as well.
    fs::write(folder.path().join("run.jsonl"), first.repeat(3)).unwrap();
    assert_eq!((run("{}").status, there()), (1, Some(first)));
    let mode = fs::metadata(folder.path().join("run.jsonl"))
        .unwrap()
        .permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o077, 0);
}

#[test]
fn a_recording_that_does_not_fit_on_the_disk_is_an_error_in_every_report() {
    let folder = tempfile::tempdir().unwrap();
    let ran = notes(
        folder.path(),
        &["nothing", "{}", "--record", "/dev/full", "--json"],
    );
    assert_eq!(ran.status, 3, "{}", ran.whole());
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&report["ok"], &report["errors"][1]["code"]),
        (&false.into(), &"recording.incomplete".into())
    );
}

#[test]
fn a_recording_of_something_else_is_replayed_and_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    notes(folder.path(), &["nothing", "{}", "--record", "run.jsonl"]);
    let ran = notes(folder.path(), &["notes_read", "{}", "--replay", "run.jsonl"]);
    assert!(
        ran.stdout.contains("recorded with a call of the tool `nothing`"),
        "{}",
        ran.stdout
    );
    let fetch = yoi_guests::FETCH.package().to_str().unwrap();
    let echo = yoi_guests::ECHO.package().to_str().unwrap();
    assert_ran!(yoikit(folder.path(), &["grant", fetch, "--from", "run.jsonl"]), @"
    exit 2
    --- stderr
    error: run.jsonl was recorded with the plugin `yoikit.notes`, and this is `yoikit.fetch`
    ");
    let words = [
        "call",
        echo,
        "example_echo",
        "{}",
        "--replay",
        "run.jsonl",
        "--json",
    ];
    let report: serde_json::Value = serde_json::from_str(&yoikit(folder.path(), &words).stdout).unwrap();
    assert_eq!(report["replayed"]["differs"][0], "another build of the plugin");
}
