//! What a hurried user gets wrong. Each has a message to act on, and its exit status.

use std::fs::{self, File};

use crate::run::{assert_ran, yoikit};

/// A folder with everything that is not a plugin.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let whole = fs::read(yoi_guests::ECHO.component()).unwrap();
    write("empty.wasm", b"");
    write("text.wasm", b"(component)");
    write("archive.wasm", b"PK\x03\x04 and so on");
    write("cut.wasm", &whole[..whole.len() / 2]);
    write("header.wasm", &whole[..6]);
    write("core.wasm", b"\0asm\x01\0\0\0");
    write("nothing.wasm", b"\0asm\x0d\0\x01\0");
    write(
        "std-rich.wasm",
        &fs::read(yoi_guests::STD_RICH.component()).unwrap(),
    );
    write("caller.wasm", &fs::read(yoi_guests::CALLER.component()).unwrap());
    File::create(folder.path().join("zeros.wasm"))
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    File::create(folder.path().join("few-zeros.wasm"))
        .unwrap()
        .set_len(10 << 20)
        .unwrap();
    fs::create_dir(folder.path().join("folder")).unwrap();
    folder
}

fn call(file: &str, rest: &[&str]) -> crate::run::Ran {
    let words = [&["call", file, "any", "{}"], rest].concat();
    yoikit(folder().path(), &words)
}

#[test]
fn what_is_no_component_is_named() {
    assert_ran!(call("none.wasm", &[]), @"
    exit 3
    --- stderr
    error: failed to read none.wasm: No such file or directory (os error 2)
    ");
    assert_ran!(call("empty.wasm", &[]), @"
    exit 3
    --- stderr
    error: empty.wasm is not a component: the file is empty
    ");
    assert_ran!(call("text.wasm", &[]), @"
    exit 3
    --- stderr
    error: text.wasm is not a component: not WebAssembly: the text form (WAT); it is to be assembled first
    ");
    assert_ran!(call("archive.wasm", &[]), @"
    exit 3
    --- stderr
    error: failed to read the package archive.wasm: this is no zip archive, or its end is missing: 14 bytes hold no end record
    ");
    assert_ran!(call("header.wasm", &[]), @"
    exit 3
    --- stderr
    error: header.wasm is not a component: the file ends within its header, after 6 of 8 bytes
    ");
    assert_ran!(call("zeros.wasm", &[]), @"
    exit 3
    --- stderr
    error: zeros.wasm has 104857600 bytes; a component of more than 67108864 is not read
    ");
    assert_ran!(call("few-zeros.wasm", &[]), @"
    exit 3
    --- stderr
    error: few-zeros.wasm is not a component: not WebAssembly: the file begins with zeros
    ");
    assert_ran!(call("folder", &[]), @"
    exit 3
    --- stderr
    error: folder holds neither a `plugin.toml` nor a `Cargo.toml`: name a component, a plugin folder or a Cargo project
    ");
}

#[test]
fn a_component_cut_short_is_named() {
    let ran = call("cut.wasm", &[]);
    assert_eq!(ran.status, 3);
    insta::with_settings!({ filters => vec![(r"\d{3,}", "[N]")] }, {
        insta::assert_snapshot!(ran.stderr, @"error: a component that is cut short: it goes on after the [N] bytes of the file");
    });
}

#[test]
fn what_does_not_fit_the_contract_is_refused() {
    assert_ran!(call("core.wasm", &[]), @"
    exit 3
    --- stderr
    error: failed to make a component of the core module core.wasm: exports neither `call` nor `start`, and describes no world; it exports no function
    ");
    assert_ran!(call("nothing.wasm", &[]), @"
    exit 3
    --- stderr
    error: the component does not fit the contract under profile `documented`:
    refused: exports neither `call` (world yoi:plugin/tool@1.0.0) nor `start` (world yoi:plugin/instance@1.0.0)
    ");
    assert_ran!(call("std-rich.wasm", &[]), @"
    exit 3
    --- stderr
    error: the component does not fit the contract under profile `documented`:
    refused: 3 imports of WASI, which a yoi host does not have
      from Rust's standard library: `Instant`
        wasi:clocks@0.2.6: monotonic-clock
        help: take the time from the input; a plugin has no clock
      from Rust's standard library: `SystemTime`
        wasi:clocks@0.2.6: wall-clock
        help: take the time from the input; a plugin has no clock
      from Rust's standard library: the random seed of `HashMap` and `HashSet`
        wasi:random@0.2.6: insecure-seed
        help: use `BTreeMap` and `BTreeSet`, or a hasher with a fixed seed
      help: `yoikit componentize FILE -o OUT` replaces every WASI import of a component by a local function
    ");
    assert_ran!(call("caller.wasm", &["--profile", "yoi"]), @"
    exit 3
    --- stderr
    error: the component does not fit the contract under profile `yoi`:
    refused: needs 3 core instances, the yoi host allows 1: it cannot instantiate a component that uses a host import
    ");
}

#[test]
fn what_was_typed_wrong_is_a_usage_error() {
    let echo = |words: &[&str]| yoikit(yoi_guests::ECHO.package(), words);
    assert_ran!(echo(&["call", "echo.wasm", "example_echo", "{text:1}"]), @"
    exit 2
    --- stderr
    error: the tool input is not valid JSON: key must be a string at line 1 column 2
    ");
    assert_ran!(echo(&["call", "echo.wasm", "example_echo", "@none.json"]), @"
    exit 3
    --- stderr
    error: failed to read the input from none.json: No such file or directory (os error 2)
    ");
    assert_ran!(echo(&["call", "echo.wasm", "example_echo", "{}", "--config", "{"]), @"
    exit 2
    --- stderr
    error: the configuration is not valid JSON: EOF while parsing an object at line 1 column 1
    ");
    assert_ran!(echo(&["call", "echo.wasm", "example_echo", "{}", "--profile", "strict"]), @"
    exit 2
    --- stderr
    error: invalid value 'strict' for '--profile <PROFILE>': there is no profile `strict`: choose `documented` or `yoi`

    For more information, try '--help'.
    ");
    assert_ran!(echo(&["call", "echo.wasm", "example_echo", "{}", "--memory", "much"]), @"
    exit 2
    --- stderr
    error: invalid value 'much' for '--memory <SIZE>': invalid digit found in string

    For more information, try '--help'.
    ");
    assert_ran!(echo(&["call", "echo.wasm", "example_echo", "{}", "--timeout", "0s"]), @"
    exit 2
    --- stderr
    error: invalid value '0s' for '--timeout <TIME>': choose something between 1ms and 1day

    For more information, try '--help'.
    ");
    assert_ran!(echo(&["call", "echo.wasm"]), @"
    exit 2
    --- stderr
    error: the following required arguments were not provided:
      <TOOL>
      <INPUT>

    Usage: yoikit call --cache-dir <FOLDER> <PATH> <TOOL> <INPUT>

    For more information, try '--help'.
    ");
}

#[test]
fn too_little_memory_is_refused_before_anything_runs() {
    let words = ["call", "echo.wasm", "example_echo", "{}", "--memory", "64KiB"];
    let ran = yoikit(yoi_guests::ECHO.package(), &words);
    assert_eq!(ran.status, 3);
    insta::with_settings!({ filters => vec![(r"\d{6,}", "[N]")] }, {
        insta::assert_snapshot!(ran.stderr, @"
        error: the component does not fit the contract under profile `documented`:
        refused: begins with [N] bytes of memory, the host allows 65536
        help: `--memory SIZE` gives it more here; a host of the contract gives 2 MiB
        ");
    });
}

#[test]
fn a_project_that_does_not_build_has_its_own_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("src")).unwrap();
    let manifest =
        "[package]\nname = \"broken\"\nedition = \"2024\"\n[lib]\ncrate-type = [\"cdylib\"]\n[workspace]\n";
    fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.path().join("src/lib.rs"), "fn broken( {}").unwrap();
    let ran = yoikit(folder.path(), &["call", ".", "any", "{}"]);
    assert_eq!(ran.status, 4, "{}", ran.whole());
    assert!(
        ran.stderr.contains("this file contains an unclosed delimiter"),
        "{}",
        ran.stderr
    );
}

/// What the program says to a reader that is gone: its exit status, and what it says to whoever else listens.
#[cfg(unix)]
fn unread(words: &[&str]) -> (Option<i32>, String) {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_yoikit"))
        .args(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_early_is_no_error() {
    assert_eq!(unread(&["schema", "call"]), (Some(0), String::new()));
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_early_makes_no_success_of_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("plugin.toml"), "schema_version = 1\n").unwrap();
    let path = folder.path().to_str().unwrap();
    assert_eq!(unread(&["plugin", "check", path]).0, Some(1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_protocol_whose_answers_are_lost_ends_as_a_failure() {
    use std::process::{Command, Stdio};
    let output = Command::new(env!("CARGO_BIN_EXE_yoikit"))
        .args(["ptc", "serve"])
        .stdin(Stdio::null())
        .stdout(File::create("/dev/full").unwrap())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("failed to write answers: No space left on device"),
        "{said}"
    );
}
