//! What cannot be meant or had: told before anything runs.

use std::fs;

use super::{FITS, TOOLS, folder};
use crate::run::{assert_ran, yoikit};

#[test]
fn what_cannot_be_meant_is_told_before_anything_runs() {
    let folder = folder();
    let said = |words: &[&str]| yoikit(folder.path(), &[&["test"], words].concat()).whole();
    insta::assert_snapshot!(said(&[]), @"
    exit 2
    --- stderr
    error: name a target: a component, a plugin's folder or package, a Cargo project, or `-- COMMAND`
    ");
    insta::assert_snapshot!(said(&["none"]), @"
    exit 3
    --- stderr
    error: failed to read none: No such file or directory (os error 2)
    ");
    insta::assert_snapshot!(said(&["text.wasm"]), @"
    exit 3
    --- stderr
    error: text.wasm is not a component: not WebAssembly: a text file
    ");
    insta::assert_snapshot!(said(&["counter", "--case", "plugin.component.fits"]), @"
    exit 2
    --- stderr
    error: there is no case `plugin.component.fits`: is `plugin.component.fits-the-contract` meant?
    ");
    insta::assert_snapshot!(said(&["counter", "--case", FITS, "--case", "plugin.tool.deep-inputs"]), @"
    exit 2
    --- stderr
    error: there is no case `plugin.tool.deep-inputs`: is `plugin.tool.deep-input` or `plugin.tool.deeper-input` meant?
    ");
    insta::assert_snapshot!(said(&["counter", "--case", "plugin.host.imports.none"]), @"
    exit 2
    --- stderr
    error: `plugin.host.imports.none` is not asked here: it is a case of `yoikit test --side host`
    ");
    insta::assert_snapshot!(said(&["--list", "--case", "plugin.tool.deep-inputs"]), @"
    exit 2
    --- stderr
    error: there is no case `plugin.tool.deep-inputs`: is `plugin.tool.deep-input` or `plugin.tool.deeper-input` meant?
    ");
    insta::assert_snapshot!(said(&["--list", "--side", "host", "--case", "ptc.wire"]), @"
    exit 2
    --- stderr
    error: `ptc.wire` is not asked here: it is a case of `yoikit test --contract ptc`
    ");
    insta::assert_snapshot!(said(&["--list", "--level", "may"]), @"
    exit 2
    --- stderr
    error: no case of these targets is selected: level may
    ");
    insta::assert_snapshot!(said(&["counter", "--case", TOOLS, "--kind", "example"]), @"
    exit 2
    --- stderr
    error: no case of these targets is selected: id plugin.tool.answers-any-json, kind example
    ");
    insta::assert_snapshot!(said(&["counter", "--certified", "--case", FITS]), @"
    exit 2
    --- stderr
    error: the argument '--certified' cannot be used with '--case <ID>'

    Usage: yoikit test --certified --cache-dir <FOLDER> <TARGET>... [-- <COMMAND>...]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(said(&["counter", "--seed", "x"]), @"
    exit 2
    --- stderr
    error: invalid value 'x' for '--seed <N>': choose a number, as 7 or 0xff, or `random`

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(said(&["counter", "--shard", "3/2"]), @"
    exit 2
    --- stderr
    error: invalid value '3/2' for '--shard <K/N>': `3/2` is no shard: write `K/N`, from `1/N` to `N/N`

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(said(&["counter", "--replay", "text.wasm"]), @"
    exit 2
    --- stderr
    error: text.wasm is no kept input: expected ident at line 1 column 2
    ");
    insta::assert_snapshot!(said(&["counter", "--replay", "none.json"]), @"
    exit 3
    --- stderr
    error: failed to read none.json: No such file or directory (os error 2)
    ");
    insta::assert_snapshot!(said(&["counter", "--regressions", "text.wasm"]), @"
    exit 3
    --- stderr
    error: failed to read text.wasm: Not a directory (os error 20)
    ");
    insta::assert_snapshot!(said(&["counter", "--baseline", "counter/plugin.toml"]), @r#"
    exit 2
    --- stderr
    error: counter/plugin.toml is no baseline: TOML parse error at line 5, column 1
      |
    5 | description = "Counts, on request and with every event; the configuration may say where to start: { start = 10 }"
      | ^^^^^^^^^^^
    unknown field `description`, expected `schema` or `known`
    "#);
}

#[test]
fn what_was_typed_is_looked_at_before_a_target_is_built() {
    let folder = folder();
    // There is no such target: that would be told first if it were looked for first.
    let said = |words: &[&str]| yoikit(folder.path(), &[&["test", "none"], words].concat()).whole();
    insta::assert_snapshot!(said(&["--case", "plugin.tol"]), @"
    exit 2
    --- stderr
    error: there is no case `plugin.tol`: is `plugin.tool` meant?
    ");
    insta::assert_snapshot!(said(&["--"]), @"
    exit 2
    --- stderr
    error: there is no command behind `--`
    ");
    insta::assert_snapshot!(said(&["--dry-run", "--clause", "no such words"]), @"
    exit 2
    --- stderr
    error: no case of these targets is selected: clause no such words
    ");
    insta::assert_snapshot!(said(&["--level", "may", "--kind", "fault"]), @"
    exit 2
    --- stderr
    error: no case of these targets is selected: level may, kind fault
    ");
    insta::assert_snapshot!(said(&["--replay", "nothing.json"]), @"
    exit 3
    --- stderr
    error: failed to read nothing.json: No such file or directory (os error 2)
    ");
    let kept = serde_json::json!({
        "schema": "yoikit.regression/1", "case": "plugin.tool.gone", "revision": "plugin/1", "profile": "documented",
        "seed": 1, "yoikit": "0.1.0", "target": "none", "expected": "an answer", "input": null,
    });
    fs::write(folder.path().join("kept.json"), kept.to_string()).unwrap();
    insta::assert_snapshot!(said(&["--replay", "kept.json"]), @"
    exit 2
    --- stderr
    error: there is no case `plugin.tool.gone`: is `plugin.tool.longest-input` or `plugin.tool.long-input` or `plugin.tool.blanks` meant?
    ");
}

#[test]
fn a_heading_of_the_contract_selects_the_cases_under_it() {
    let folder = folder();
    let listed = |words: &str| yoikit(folder.path(), &["test", "--list", "--clause", words]).whole();
    let commands = listed("Output commands");
    assert!(
        commands.contains("plugin.ingress.commands-are-sound"),
        "{commands}"
    );
    assert_eq!(commands, listed("output-commands"));
}

#[test]
fn a_program_that_is_no_plugin_is_told() {
    let ran = yoikit(
        folder().path(),
        &[
            "test",
            "--profile",
            "documented",
            "--",
            "/bin/sh",
            "-c",
            "echo hello",
        ],
    );
    assert_ran!(ran, @"
    exit 3
    --- stdout
    suite       plugin/4 (58 cases, seed 1, 64 inputs for a property)
    target      sh -c echo hello (process)

    could not run (1 case, documented) the target will not run: it does not say hello: it wrote a line to standard output that is no JSON object: `hello`
                plugin.process.says-what-it-is

    documented: will not run: it does not say hello: it wrote a line to standard output that is no JSON object: `hello`
    ");
    assert_ran!(yoikit(folder().path(), &["test", "--mcp", "--profile", "documented", "--", "/no/such/server"]), @"
    exit 3
    --- stdout
    suite       plugin/4 (58 cases, seed 1, 64 inputs for a property)
    target      server (mcp)
                a server has tools only: no more is asked of it

    could not run (1 case, documented) the target will not run: `/no/such/server` cannot be run: No such file or directory (os error 2)
                plugin.process.says-what-it-is

    documented: will not run: `/no/such/server` cannot be run: No such file or directory (os error 2)
    ");
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_anything_is_tested() {
    let folder = folder();
    fs::write(folder.path().join("old.xml"), "<?xml of an earlier run").unwrap();
    fs::write(folder.path().join("own.toml"), "id = \"own\"").unwrap();
    let said = |words: &[&str]| yoikit(folder.path(), &[&["test", "counter"], words].concat()).whole();
    insta::assert_snapshot!(said(&["--jsonl", "x", "--junit", "x"]), @"
    exit 2
    --- stderr
    error: `--jsonl` and `--junit` name the same file, x
    ");
    insta::assert_snapshot!(said(&["--jsonl", "-"]), @"
    exit 2
    --- stderr
    error: `--jsonl` takes a file: `--json` prints the report as lines of JSON
    ");
    insta::assert_snapshot!(said(&["--html", "none/x"]), @"
    exit 3
    --- stderr
    error: failed to write the report to none/x: No such file or directory (os error 2)
    ");
    insta::assert_snapshot!(said(&["--jsonl", "own.toml"]), @"
    exit 2
    --- stderr
    error: own.toml is there and is no report of this form: remove it, or name another file
    ");
    // A run that is refused is none: it has no report, and takes away nobody's.
    insta::assert_snapshot!(said(&["--case", "nix", "--junit", "old.xml"]), @"
    exit 2
    --- stderr
    error: there is no case `nix`
    ");
    assert_eq!(
        fs::read_to_string(folder.path().join("old.xml")).unwrap(),
        "<?xml of an earlier run"
    );
}
