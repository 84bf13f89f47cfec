//! Failures that are shown again.

use super::{TOOLS, folder};
use crate::run::{Ran, assert_ran, yoikit};

#[test]
fn a_failure_is_kept_and_played_again_by_the_command_that_was_printed() {
    let folder = folder();
    let failed = yoikit(
        folder.path(),
        &["test", "hostile", "--case", TOOLS, "--profile", "documented"],
    );
    assert_ran!(failed, @r#"
    exit 1
    --- stdout
    suite       plugin/4 (1 case, seed 1, 64 inputs for a property)
    target      hostile (component, sha256:[…])
    with        yoikit 0.1.0, wasmtime [VERSION]

    fail        plugin.tool.answers-any-json (must, hostile, documented)
    clause      `input-json` is any JSON value of at most 65536 bytes; the host does not hold it against the tool's schema. The answer is a ToolOutput. wit/plugin/tool.wit#call
    expected    a ToolOutput from `loop`
    seen        `handle-tool` used up its 5000000 instructions
    input       null
    transcript  → start
                ← start {"state":"running","data":{"calls":1,"input":null}}
                → handle-tool echo null
                ← handle-tool echo {"summary":"echo","content":"{\"calls\":2,\"input\":null}"}
                → start
                ← start {"state":"running","data":{"calls":1,"input":null}}
                → handle-tool loop null
                ← handle-tool loop fault.fuel: `handle-tool` used up its 5000000 instructions
    repeat      yoikit test hostile --replay yoikit-regressions/plugin.tool.answers-any-json.documented.47df8532.json

    documented: does not conform (0 of 1 must, 1 failed)
    "#);
    let repeat = failed
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("repeat      yoikit "))
        .unwrap();
    let words: Vec<&str> = repeat.split(' ').collect();
    let again = yoikit(folder.path(), &words);
    assert_eq!(again.status, 1, "{}", again.whole());
    assert!(again.stdout.contains("input       null"), "{}", again.stdout);
    // Another target is held to the same input.
    let other = yoikit(
        folder.path(),
        &["test", "counter", "--replay", words.last().unwrap()],
    );
    assert_eq!(other.status, 0, "{}", other.whole());
}

/// The commands of a report that show its failures again.
fn repeats(ran: &Ran) -> Vec<String> {
    let repeats = ran
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("repeat      yoikit "));
    repeats.map(str::to_owned).collect()
}

#[test]
fn the_command_that_repeats_a_failure_carries_all_that_the_run_was_given() {
    let folder = folder();
    let here = folder.path();
    let given = [
        "test",
        "hostile/hostile.wasm",
        "--manifest",
        "hostile/plugin.toml",
        "--profile",
        "documented",
        "--timeout",
        "20s",
        "--strict",
        "--case",
        TOOLS,
    ];
    let by_file = yoikit(here, &given);
    let by_seed = yoikit(here, &[&given[..], &["--no-regressions"]].concat());
    let shown = [repeats(&by_file), repeats(&by_seed)].concat();
    insta::assert_snapshot!(shown.join("\n"), @"
    test hostile/hostile.wasm --manifest hostile/plugin.toml --replay yoikit-regressions/plugin.tool.answers-any-json.documented.47df8532.json --timeout 20s --strict
    test hostile/hostile.wasm --manifest hostile/plugin.toml --case plugin.tool.answers-any-json --profile documented --seed 1 --property-cases 64 --timeout 20s --strict --no-regressions
    ");
    for words in &shown {
        let words: Vec<&str> = words.split(' ').collect();
        let again = yoikit(here, &words);
        assert_eq!(again.status, 1, "{}", again.whole());
        // And so does the one that this prints.
        assert_eq!(repeats(&again), [words.join(" ")]);
    }
}

#[test]
fn an_input_that_cannot_be_kept_is_told_and_the_failure_is_shown_again_by_its_seed() {
    let folder = folder();
    // Nobody makes folders there, not even root.
    let words = [
        "test",
        "hostile",
        "--profile",
        "documented",
        "--case",
        TOOLS,
        "--regressions",
        "/proc/none",
    ];
    let ran = yoikit(folder.path(), &words);
    assert_eq!(ran.status, 1, "{}", ran.whole());
    let file = "/proc/none/plugin.tool.answers-any-json.documented";
    assert!(
        ran.stderr.starts_with(&format!(
            "warning: an input that fails is not kept: failed to write {file}"
        )),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stdout
            .contains(&format!("not kept    failed to write {file}")),
        "{}",
        ran.stdout
    );
    assert!(repeats(&ran)[0].contains("--seed 1"), "{}", ran.stdout);
}
