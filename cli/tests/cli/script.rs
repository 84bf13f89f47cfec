//! Plugins in JavaScript and Python: from the template to a call.
//!
//! What needs npm's `componentize-qjs` looks for it in `guests/js` of this repository (`npm ci --prefix guests/js`);
//! where it is not there, the test says so and does nothing. That for Python is asked for by name, since it takes a
//! minute: `YOIKIT_TEST_COMPONENTIZE_PY` is the folder that the program is in.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::run::{HOUSE, Ran, assert_ran, yoikit, yoikit_with_env};

fn begun(template: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    let ran = yoikit(place.path(), &["plugin", "new", template, "hello"]);
    assert_eq!(ran.status, 0, "{}", ran.whole());
    place
}

/// A folder with npm's modules in it, around that of a project. None where they are not installed.
fn with_modules() -> Option<tempfile::TempDir> {
    let modules = Path::new(HOUSE).join("guests/js/node_modules");
    if !modules.join(".bin/componentize-qjs").is_file() {
        skipped("componentize-qjs is not installed: `npm ci --prefix guests/js`");
        return None;
    }
    let place = begun("js");
    symlink(modules.canonicalize().unwrap(), place.path().join("node_modules")).unwrap();
    Some(place)
}

/// Said past the harness, which shows only what failing tests print.
fn skipped(why: &str) {
    let name = std::thread::current().name().unwrap_or_default().to_owned();
    let _ = writeln!(std::io::stderr(), "skipped {name}: {why}");
}

/// Without anything on the path that could build a script.
fn bare(place: &Path, words: &[&str]) -> Ran {
    yoikit_with_env(place, words, &[("PATH", "/nowhere".as_ref())])
}

#[test]
fn the_templates_are_written_whole() {
    for (template, next) in [
        ("js", "npm install --prefix hello"),
        ("python", "python3 -m venv hello/.venv"),
    ] {
        let place = tempfile::tempdir().unwrap();
        let ran = yoikit(place.path(), &["plugin", "new", template, "hello"]);
        assert!(ran.stdout.contains(next), "{}", ran.whole());
        let ignored = fs::read_to_string(place.path().join("hello/.gitignore")).unwrap();
        assert!(ignored.contains("/hello.wasm\n"), "{ignored}");
    }
}

#[test]
fn a_tool_that_is_not_installed_is_named_with_the_command_that_does_it() {
    let place = begun("js");
    assert_ran!(bare(place.path(), &["plugin", "build", "hello"]), @"
    exit 4
    --- stderr
    building hello
    error: `componentize-qjs` was not found, in the project or on the path; run `npm install --prefix hello`
    ");
    let place = begun("python");
    assert_ran!(bare(place.path(), &["plugin", "build", "hello"]), @"
    exit 4
    --- stderr
    building hello
    error: `componentize-py` was not found, in the project or on the path; run `python3 -m venv hello/.venv && hello/.venv/bin/pip install -r hello/requirements.txt`
    ");
}

#[test]
fn a_tool_in_javascript_goes_from_its_first_line_to_its_archive() {
    let Some(place) = with_modules() else { return };
    let place = place.path();
    let built = yoikit(place, &["plugin", "build", "hello"]);
    assert_eq!(built.status, 0, "{}", built.whole());
    assert!(built.stdout.contains("(componentize-qjs, "), "{}", built.whole());
    // Nothing is imported that the manifest does not ask for.
    let checked = yoikit(place, &["plugin", "check", "hello"]);
    assert!(
        checked.stdout.contains("active (profile documented)"),
        "{}",
        checked.whole()
    );
    let called = yoikit(place, &["call", "hello", "hello_greet", r#"{"name":"Ada"}"#]);
    assert!(called.stdout.contains("Hello, Ada!"), "{}", called.whole());
    let refused = yoikit(place, &["call", "hello", "hello_greet", "{}"]);
    assert!(
        refused.stdout.contains("tool.invalid_input"),
        "{}",
        refused.whole()
    );
    let packed = yoikit(place, &["plugin", "pack", "hello"]);
    assert!(
        packed.stdout.contains("README.md, hello.wasm, plugin.toml"),
        "{}",
        packed.whole()
    );
    // The host that yoi is today does not take it, and says so before anything runs.
    let yoi = yoikit(place, &["plugin", "check", "hello", "--profile", "yoi"]);
    assert_eq!(yoi.status, 1, "{}", yoi.whole());
    assert!(yoi.stdout.contains("core instances"), "{}", yoi.whole());
}

#[test]
fn a_tool_in_javascript_reads_a_file_that_it_was_granted() {
    let Some(place) = with_modules() else { return };
    let place = place.path();
    let code = r#"
        import { read } from "yoi:host/fs@1.0.0";
        export function call(name, input) {
          const answer = JSON.parse(read(JSON.stringify({ path: JSON.parse(input).path })));
          return JSON.stringify({ summary: "read", content: answer.content ?? answer.error.code });
        }
    "#;
    fs::write(place.join("hello/src/plugin.js"), code).unwrap();
    let manifest = place.join("hello/plugin.toml");
    let text =
        fs::read_to_string(&manifest).unwrap() + "\n[[permissions]]\nkind = \"host_api\"\napi = \"fs\"\n";
    fs::write(manifest, text).unwrap();
    fs::write(place.join("note.txt"), "the note").unwrap();
    let grants = format!(
        "permissions = [{{ kind = \"host_api\", api = \"fs\" }}]\n[[fs]]\nroot = \"{}\"\noperations = [\"read\"]\n",
        place.display()
    );
    fs::write(place.join("grants.toml"), grants).unwrap();
    let input = r#"{"path":"note.txt"}"#;
    // It is built on the way, since nothing has built it yet.
    let built = yoikit(place, &["plugin", "build", "hello"]);
    assert_eq!(built.status, 0, "{}", built.whole());
    let denied = yoikit(place, &["call", "hello", "hello_greet", input]);
    assert!(denied.stdout.contains("│ denied"), "{}", denied.whole());
    let read = yoikit(
        place,
        &["call", "hello", "hello_greet", input, "--grants", "grants.toml"],
    );
    assert!(read.stdout.contains("│ the note"), "{}", read.whole());
}

#[test]
fn a_script_that_changed_is_built_again_before_it_is_called() {
    let Some(place) = with_modules() else { return };
    let place = place.path();
    assert_eq!(yoikit(place, &["plugin", "build", "hello"]).status, 0);
    let call = || yoikit(place, &["call", "hello", "hello_greet", r#"{"name":"Ada"}"#]);
    assert!(!call().stderr.contains("building"));
    let code = place.join("hello/src/plugin.js");
    let text = fs::read_to_string(&code)
        .unwrap()
        .replace("Hello, $", "Good day, $");
    fs::write(&code, text).unwrap();
    let called = call();
    assert!(called.stderr.contains("building hello"), "{}", called.whole());
    assert!(called.stdout.contains("Good day, Ada!"), "{}", called.whole());
}

#[test]
fn what_is_wrong_with_a_script_is_said_with_its_line() {
    let Some(place) = with_modules() else { return };
    let place = place.path();
    fs::write(
        place.join("hello/src/plugin.js"),
        "export function call() {\n  return '\n}\n",
    )
    .unwrap();
    let built = yoikit(place, &["plugin", "build", "hello"]);
    assert_eq!(built.status, 4, "{}", built.whole());
    assert!(built.stderr.contains("plugin.js:2"), "{}", built.whole());
    assert!(
        built
            .stderr
            .contains("`componentize-qjs` ended with exit status: 1"),
        "{}",
        built.whole()
    );
}

#[test]
fn a_tool_in_python_is_called_with_memory_of_its_own() {
    let Some(folder) = std::env::var_os("YOIKIT_TEST_COMPONENTIZE_PY").map(PathBuf::from) else {
        skipped("it takes a minute: set YOIKIT_TEST_COMPONENTIZE_PY to the folder of componentize-py");
        return;
    };
    let place = begun("python");
    let path = std::env::join_paths([folder]).unwrap();
    let run = |words: &[&str]| yoikit_with_env(place.path(), words, &[("PATH", path.as_os_str())]);
    let built = run(&["plugin", "build", "hello", "--memory", "32MiB"]);
    assert_eq!(built.status, 0, "{}", built.whole());
    assert!(
        built.stderr.contains("it can be called, and not packed"),
        "{}",
        built.whole()
    );
    let called = run(&[
        "call",
        "hello",
        "hello_greet",
        r#"{"name":"Ada"}"#,
        "--memory",
        "32MiB",
    ]);
    assert!(called.stdout.contains("Hello, Ada!"), "{}", called.whole());
    let packed = run(&["plugin", "pack", "hello"]);
    assert_eq!(packed.status, 1, "{}", packed.whole());
    assert!(
        packed.stderr.contains("hello.wasm") && packed.stderr.contains("8388608"),
        "{}",
        packed.whole()
    );
}
