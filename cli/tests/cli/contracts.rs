//! `yoikit test --contract …`: that each contract has its own targets, and that what is typed for another is refused.

use std::fs;
use std::path::Path;

use crate::run::{assert_ran, yoikit};

const SILENCE: &str = "bridge.dialect.silence-is-no-success";

#[test]
fn a_dialect_of_the_hosts_own_is_held_to_the_contract_in_both_modes() {
    let here = tempfile::tempdir().unwrap();
    let test = ["test", "--contract", "bridge", "codex-cli", "--case", SILENCE];
    assert_ran!(yoikit(here.path(), &test), @"
    exit 0
    --- stdout
    suite       bridge/2 (1 case, seed 1, 64 inputs for a property)
    target      codex-cli (native)

    faithful: conforms (1 of 1 must)
    compat: conforms (1 of 1 must) — not judged
    ");
}

#[test]
fn the_command_that_repeats_a_failure_names_the_contract() {
    let here = tempfile::tempdir().unwrap();
    let test = [
        "test",
        "--contract",
        "bridge",
        "--speaks",
        "codex-cli",
        "--case",
        SILENCE,
        "--",
        "sh",
        "-c",
    ];
    // It says that all is well, whatever it hears.
    let script = r#"while read -r line; do echo '{"events":[{"kind":"finish","reason":"stop"}]}'; done"#;
    let failed = yoikit(here.path(), &[&test[..], &[script]].concat());
    assert_eq!(failed.status, 1, "{}", failed.whole());
    let repeat = failed.stdout.lines().find(|line| line.starts_with("repeat"));
    insta::assert_snapshot!(repeat.unwrap(), @r#"repeat      yoikit test --contract bridge --speaks codex-cli --case bridge.dialect.silence-is-no-success --profile faithful --seed 1 --property-cases 64 -- sh -c 'while read -r line; do echo '\''{"events":[{"kind":"finish","reason":"stop"}]}'\''; done'"#);
}

#[test]
fn the_cases_of_a_contract_are_listed() {
    let here = tempfile::tempdir().unwrap();
    let listed = yoikit(
        here.path(),
        &["test", "--list", "--contract", "bridge", "--case", SILENCE],
    );
    assert_ran!(listed, @"
    exit 0
    --- stdout
    bridge.dialect.silence-is-no-success must, guest, example, bridge/1
        The child has said its last, and the exchange is not over. wit/bridge/dialect.wit#end
    ");
    let all = yoikit(here.path(), &["test", "--list", "--contract", "bridge"]);
    assert!(!all.stdout.contains("plugin."), "{}", all.stdout);
}

#[test]
fn what_is_no_target_of_a_contract_is_refused_with_what_is() {
    let here = tempfile::tempdir().unwrap();
    let empty = wat::parse_str("(component)").unwrap();
    fs::write(here.path().join("empty.wasm"), empty).unwrap();
    let refused = |words: &[&str]| -> String {
        let words = [&["test"], words].concat();
        let ran = yoikit(Path::new(here.path()), &words);
        assert!(matches!(ran.status, 2 | 3), "{}", ran.whole());
        format!("{} {}", ran.status, ran.stderr.trim_end())
    };
    let all = [
        refused(&["--contract", "bridge"]),
        refused(&["--contract", "bridge", "greeter"]),
        refused(&["--contract", "bridge", "empty.wasm"]),
        refused(&["--contract", "bridge", "indusagi-wire", "--profile", "compat"]),
        refused(&["--contract", "bridge", "codex-cli", "--profile", "yoi"]),
        refused(&["--contract", "bridge", "--mcp", "--", "server"]),
        refused(&["--speaks", "codex-cli", "greeter"]),
        refused(&["greeter", "--profile", "faithful"]),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    2 error: name a target: a dialect as `codex-cli`, one in a component, `FILE.wasm`, or `-- COMMAND`
    2 error: `greeter` is no dialect: give one of `claude-cli`, `codex-cli`, `codex-app-server`, `indusagi-cli`, `indusagi-wire`, a component, `FILE.wasm`, or `-- COMMAND`
    3 error: empty.wasm is no dialect: it does not export `open: func(string) -> string`: a dialect stands in the world yoi:bridge/dialect
    2 error: the reference has no `indusagi-wire`: there is no profile `compat` of it
    2 error: a profile of `bridge` is a mode: choose `faithful` or `compat`
    2 error: `--mcp` is of the contract `plugin`: add `--contract plugin`, or leave it out
    2 error: `--speaks` is of the contract `bridge`: add `--contract bridge`, or leave it out
    2 error: there is no profile `faithful`: choose `documented` or `yoi`
    ");
}

#[test]
fn an_engine_and_a_host_in_another_process_are_held_to_the_contract_of_code() {
    let here = tempfile::tempdir().unwrap();
    let engine = [
        "test",
        "--contract",
        "ptc",
        "monty",
        "--case",
        "ptc.block",
        "--case",
        "ptc.end",
    ];
    let ran = yoikit(here.path(), &engine);
    assert!(
        ran.status == 0 && ran.stdout.contains("yoikit: conforms ("),
        "{}",
        ran.whole()
    );
    let program = env!("CARGO_BIN_EXE_yoikit");
    let host = [
        "test",
        "--contract",
        "ptc",
        "--case",
        "ptc.request",
        "--case",
        "ptc.end",
        "--",
        program,
        "ptc",
        "serve",
    ];
    let ran = yoikit(here.path(), &host);
    assert!(
        ran.status == 0 && ran.stdout.contains("yoikit: conforms ("),
        "{}",
        ran.whole()
    );
}

#[test]
fn what_is_no_engine_and_no_host_is_told() {
    let here = tempfile::tempdir().unwrap();
    let said = |words: &[&str]| {
        let ran = yoikit(here.path(), &[&["test", "--contract", "ptc"], words].concat());
        format!("{} {}", ran.status, ran.stderr)
    };
    let all = [
        said(&[]),
        said(&["ghost.wasm"]),
        said(&["monty", "--profile", "yoi"]),
        said(&["monty", "--side", "host"]),
    ];
    insta::assert_snapshot!(all.concat(), @"
    2 error: name a target: an engine, `monty`, `cpython` or `quickjs`, one in a component, `FILE.wasm`, or `-- COMMAND`, a host that speaks the protocol
    3 error: failed to read the engine ghost.wasm: No such file or directory (os error 2)
    2 error: `ptc` has no profile `yoi`: it has `yoikit` alone
    2 error: `ptc` has one side: name an engine, or `-- COMMAND`, and leave out `--side host`
    ");
}
