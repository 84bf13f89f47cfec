//! `yoikit plugin dev`: the program itself over real files, waited for by what it prints.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// A program that hangs fails its test, after longer than any build takes.
const PATIENCE: Duration = Duration::from_secs(300);

/// The line after which it waits.
const WAITS: &str = "Ctrl-C ends it";

/// `yoikit plugin dev` at work.
struct Dev {
    child: Child,
    lines: Receiver<String>,
}

impl Dev {
    fn start(folder: &Path, words: &[&str]) -> Self {
        // One pipe for both, so that the lines come in the order in which they were printed.
        let (reader, writer) = std::io::pipe().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_yoikit"))
            .args(["plugin", "dev"])
            .args(words)
            .current_dir(folder)
            .env("YOIKIT_CACHE_DIR", crate::run::cache())
            .env(
                "CARGO_TARGET_DIR",
                Path::new(crate::run::HOUSE).join("guests/rust/target"),
            )
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("RUST_BACKTRACE")
            .stdin(Stdio::null())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer)
            .spawn()
            .unwrap();
        let (send, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(reader).lines() {
                let _ = send.send(line.unwrap());
            }
        });
        Self { child, lines }
    }

    /// All that it prints until it waits for a change.
    fn until_it_waits(&self) -> String {
        self.until(WAITS)
    }

    fn until(&self, end: &str) -> String {
        let mut told = String::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|_| panic!("no line with `{end}` after\n{told}"));
            told += &line;
            told.push('\n');
            if line.contains(end) {
                return told;
            }
        }
    }

    /// Press Ctrl-C, and say how it ended and what else it printed.
    fn interrupt(mut self) -> (Option<i32>, String) {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let status = self.child.wait().unwrap();
        let rest: Vec<_> = self.lines.iter().collect();
        (status.code(), rest.join("\n"))
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        // A test that failed leaves nothing running.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A plugin that others built: its manifest and its component.
fn built(guest: &yoi_guests::Guest, name: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join(name);
    fs::create_dir(&folder).unwrap();
    fs::copy(guest.package().join("plugin.toml"), folder.join("plugin.toml")).unwrap();
    fs::copy(guest.component(), folder.join(format!("{name}.wasm"))).unwrap();
    place
}

fn echo() -> tempfile::TempDir {
    built(&yoi_guests::ECHO, "echo")
}

/// Write a file as editors save: at once. One that is written in place may be seen half.
fn put(file: &Path, content: impl AsRef<[u8]>) {
    let half = file.with_extension("tmp");
    fs::write(&half, content).unwrap();
    fs::rename(&half, file).unwrap();
}

fn edit(file: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(old), "{text}");
    put(file, text.replace(old, new));
}

/// The digest that it printed last.
fn digest(told: &str) -> String {
    let line = told.lines().rfind(|line| line.starts_with("digest")).unwrap();
    line.split_whitespace().nth(1).unwrap().to_owned()
}

const HELLO: [&str; 4] = ["echo", "--call", "example_echo", r#"{"text":"hello"}"#];

#[test]
fn a_change_is_called_again_with_the_package_that_it_makes() {
    let place = echo();
    let dev = Dev::start(place.path(), &HELLO);
    let first = dev.until_it_waits();
    assert!(
        first.starts_with("round 1") && first.contains("echoed 5 bytes"),
        "{first}"
    );
    assert!(digest(&first).starts_with("sha256:"), "{first}");

    // A component that others build anew is a change like any other; here it is one that does something else.
    put(
        &place.path().join("echo/echo.wasm"),
        fs::read(yoi_guests::NOTES.component()).unwrap(),
    );
    let second = dev.until_it_waits();
    assert!(
        second.contains("echo.wasm changed") && second.contains("failed"),
        "{second}"
    );
    assert!(
        second.contains("the component: ") && second.contains("it fails now"),
        "{second}"
    );
    assert_ne!(digest(&first), digest(&second));

    put(
        &place.path().join("echo/echo.wasm"),
        fs::read(yoi_guests::ECHO.component()).unwrap(),
    );
    let third = dev.until_it_waits();
    assert!(third.contains("it works now"), "{third}");
    assert_eq!(digest(&first), digest(&third));
    let (status, rest) = dev.interrupt();
    assert_eq!((status, rest.as_str()), (Some(0), ""));
}

#[test]
fn a_manifest_that_changes_is_read_again_and_one_that_breaks_is_told() {
    let place = echo();
    let manifest = place.path().join("echo/plugin.toml");
    let dev = Dev::start(place.path(), &HELLO);
    let first = dev.until_it_waits();
    edit(&manifest, "version = \"0.1.0\"", "version = \"0.2.0\"");
    let second = dev.until_it_waits();
    assert!(
        second.contains("plugin.toml changed") && second.contains("0.2.0"),
        "{second}"
    );
    assert_ne!(digest(&first), digest(&second));
    edit(&manifest, "schema_version = 1", "schema_version = ");
    let third = dev.until_it_waits();
    assert!(third.contains("error: the manifest cannot be used"), "{third}");
    edit(&manifest, "schema_version = ", "schema_version = 1");
    let fourth = dev.until_it_waits();
    assert_eq!(digest(&second), digest(&fourth));
    assert_eq!(dev.interrupt().0, Some(0));
}

#[test]
fn what_changes_nothing_that_runs_is_not_called_again() {
    let place = echo();
    let dev = Dev::start(place.path(), &HELLO);
    dev.until_it_waits();
    let ignored = place.path().join("echo/.yoiignore");
    put(&ignored, "/notes\n");
    let told = dev.until_it_waits();
    assert!(told.contains("as before, not called again"), "{told}");
    fs::create_dir_all(place.path().join("echo/target/release")).unwrap();
    fs::write(place.path().join("echo/target/release/x"), "").unwrap();
    fs::write(place.path().join("echo/notes"), "").unwrap();
    let told = dev.until_it_waits();
    assert!(
        told.contains("notes changed") && !told.contains("target"),
        "{told}"
    );
    assert!(told.contains("as before, not called again"), "{told}");
}

#[test]
fn grants_and_input_in_files_are_read_again() {
    let place = built(&yoi_guests::NOTES, "notes");
    let notes = tempfile::tempdir().unwrap();
    fs::write(notes.path().join("a.txt"), "the note").unwrap();
    let grants = place.path().join("grants.toml");
    let input = place.path().join("input.json");
    fs::write(&grants, "").unwrap();
    fs::write(&input, r#"{"path":"a.txt"}"#).unwrap();
    let words = [
        "notes",
        "--call",
        "notes_read",
        "@input.json",
        "--grants",
        "grants.toml",
    ];
    let dev = Dev::start(place.path(), &words);
    let denied = dev.until_it_waits();
    assert!(
        denied.contains("tool.denied") || denied.contains("denied"),
        "{denied}"
    );
    let given = format!(
        "permissions = [{{ kind = \"host_api\", api = \"fs\" }}]\n[[fs]]\nroot = \"{}\"\noperations = [\"read\"]\n",
        notes.path().display()
    );
    put(&grants, given);
    let read = dev.until_it_waits();
    assert!(
        read.contains("the note") && read.contains("it works now"),
        "{read}"
    );
    put(&input, r#"{"path":"b.txt"}"#);
    let gone = dev.until_it_waits();
    assert!(
        gone.contains("input.json changed") && gone.contains("it fails now"),
        "{gone}"
    );
    fs::remove_file(&grants).unwrap();
    let unread = dev.until_it_waits();
    assert!(
        unread.contains("grants.toml") && unread.contains("No such file"),
        "{unread}"
    );
}

#[test]
fn a_saved_call_is_made_without_being_typed_and_is_no_part_of_the_package() {
    let place = echo();
    fs::write(place.path().join("echo/words.json"), r#"{"text":"saved"}"#).unwrap();
    let save = [
        "echo",
        "--call",
        "example_echo",
        "@echo/words.json",
        "--fuel",
        "4000000",
        "--save",
        "--once",
    ];
    let ran = crate::run::yoikit(place.path(), &[&["plugin", "dev"], &save[..]].concat());
    assert_eq!(ran.status, 0, "{}", ran.whole());
    let saved = fs::read_to_string(place.path().join("echo/.yoi/dev.toml")).unwrap();
    insta::assert_snapshot!(saved, @r#"
    # What `yoikit plugin dev` calls after each build. Paths are those from the plugin's folder.
    tool = "example_echo"
    input = "@words.json"
    fuel = 4000000
    "#);
    let dev = Dev::start(place.path(), &["echo"]);
    let told = dev.until_it_waits();
    assert!(
        told.contains("echoed 5 bytes") && told.contains("4 000 000"),
        "{told}"
    );
    edit(
        &place.path().join("echo/.yoi/dev.toml"),
        "@words.json",
        "{\\\"text\\\":\\\"other words\\\"}",
    );
    let told = dev.until_it_waits();
    assert!(told.contains("other words"), "{told}");
    let packed = crate::run::yoikit(place.path(), &["plugin", "pack", "echo", "--json"]);
    let packed: Value = serde_json::from_str(&packed.stdout).unwrap();
    assert!(
        packed["left_out"].as_array().unwrap().contains(&".yoi/".into()),
        "{packed}"
    );
}

#[test]
fn a_guest_that_never_ends_is_ended_by_ctrl_c() {
    let place = built(&yoi_guests::HOSTILE, "hostile");
    let words = [
        "hostile",
        "--call",
        "loop",
        "{}",
        "--timeout",
        "1h",
        "--fuel",
        "9223372036854775807",
    ];
    let dev = Dev::start(place.path(), &words);
    dev.until("round 1");
    let (status, _) = dev.interrupt();
    assert_eq!(status, Some(0));
}

#[test]
fn every_round_is_a_line_of_json_where_that_is_asked_for() {
    let place = echo();
    let dev = Dev::start(place.path(), &[&HELLO[..], &["--json"]].concat());
    let told = dev.until_it_waits();
    let report: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    let schema = crate::run::yoikit(place.path(), &["schema", "plugin-dev"]).stdout;
    let schema: Value = serde_json::from_str(&schema).unwrap();
    assert!(jsonschema::is_valid(&schema, &report), "{report}");
    assert_eq!(report["schema"], "yoikit.plugin-dev/1");
    assert_eq!((&report["outcome"], &report["round"]), (&"ok".into(), &1.into()));
    fs::remove_file(place.path().join("echo/echo.wasm")).unwrap();
    let told = dev.until_it_waits();
    let line = told.lines().find(|line| line.starts_with('{')).unwrap();
    let report: Value = serde_json::from_str(line).unwrap();
    assert_eq!(
        (&report["outcome"], &report["changed"][0]),
        (&"failed".into(), &"echo.wasm".into())
    );
    assert!(
        report["failure"]["message"]
            .as_str()
            .unwrap()
            .contains("echo.wasm"),
        "{report}"
    );
}

#[test]
fn a_project_is_built_again_and_a_build_that_fails_shows_what_the_compiler_says() {
    let place = tempfile::tempdir().unwrap();
    let toolchain = Path::new(crate::run::HOUSE).join("rust-toolchain.toml");
    fs::copy(toolchain, place.path().join("rust-toolchain.toml")).unwrap();
    let ran = crate::run::yoikit(place.path(), &["plugin", "new", "rust-tool", "watched"]);
    assert_eq!(ran.status, 0, "{}", ran.whole());
    let lock = Path::new(crate::run::HOUSE).join("guests/rust/Cargo.lock");
    fs::copy(lock, place.path().join("watched/Cargo.lock")).unwrap();
    let code: PathBuf = place.path().join("watched/src/lib.rs");

    let words = ["watched", "--call", "watched_greet", r#"{"name":"Ada"}"#];
    let dev = Dev::start(place.path(), &words);
    let first = dev.until_it_waits();
    assert!(first.contains("Hello, Ada!"), "{first}");
    edit(&code, "Hello, {name}!", "Good day, {name}!");
    // What the build itself wrote is no change.
    let second = dev.until_it_waits();
    assert!(second.contains("round 2     src/lib.rs changed"), "{second}");
    assert!(
        second.contains("Good day, Ada!") && second.contains("the answer"),
        "{second}"
    );
    assert_ne!(digest(&first), digest(&second));
    edit(&code, "Good day, {name}!\"))", "Good day, {name}!\")");
    let third = dev.until_it_waits();
    assert!(
        third.contains("src/lib.rs:") && third.contains("`cargo build` ended with"),
        "{third}"
    );
    edit(&code, "Good day, {name}!\")", "Good day, {name}!\"))");
    let fourth = dev.until_it_waits();
    assert!(
        fourth.contains("Good day, Ada!") && !fourth.contains("the answer"),
        "{fourth}"
    );
    assert_eq!(digest(&second), digest(&fourth));
    assert_eq!(dev.interrupt().0, Some(0));
}

/// What it says to words that make no sense, and its exit status.
fn refused(place: &Path, words: &[&str]) -> String {
    let ran = crate::run::yoikit(place, &[&["plugin", "dev"], words].concat());
    format!("{} {}", ran.status, ran.stderr)
}

#[test]
fn what_cannot_be_watched_or_saved_is_refused_at_once() {
    let place = echo();
    insta::assert_snapshot!(refused(place.path(), &["nowhere"]), @"3 error: failed to watch nowhere: No such file or directory (os error 2)");
    insta::assert_snapshot!(refused(place.path(), &["echo/plugin.toml"]), @"2 error: echo/plugin.toml is not a folder: name the plugin's folder");
    insta::assert_snapshot!(refused(place.path(), &["echo", "--save"]), @"2 error: there is no call to save: name it with `--call TOOL JSON`");
    let saved = place.path().join("echo/.yoi/dev.toml");
    fs::create_dir(saved.parent().unwrap()).unwrap();
    fs::write(&saved, "tool = \"example_echo\"\nmemory = \"many\"\n").unwrap();
    insta::assert_snapshot!(refused(place.path(), &["echo"]), @"2 error: `memory` of the saved call cannot be used: invalid digit found in string; write it as `8MiB`");
    fs::write(&saved, "tool = \"exam").unwrap();
    insta::assert_snapshot!(refused(place.path(), &["echo"]), @r#"
    2 error: the saved call in echo/.yoi/dev.toml cannot be used
    TOML parse error at line 1, column 13
      |
    1 | tool = "exam
      |             ^
    invalid basic string, expected `"`
    "#);
}
