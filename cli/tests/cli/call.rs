//! `yoikit call`.

use std::fs::{self, File};
use std::path::Path;

use serde_json::Value;

use crate::run::{assert_ran, yoikit, yoikit_with_input};

fn echo(words: &[&str]) -> crate::run::Ran {
    let all = [&["call", "echo.wasm", "example_echo"], words].concat();
    yoikit(yoi_guests::ECHO.package(), &all)
}

fn hostile(words: &[&str]) -> crate::run::Ran {
    let all = [&["call", "hostile.wasm"], words].concat();
    yoikit(yoi_guests::HOSTILE.package(), &all)
}

#[test]
fn a_tool_answers_on_one_screen() {
    assert_ran!(echo(&[r#"{"text":"hello"}"#]), @"
    exit 0
    --- stdout
    plugin      echo.wasm (tool, [SIZE], profile documented)
    tool        example_echo
    answer      echoed 5 bytes
                │ hello
    status      ok

                         wall   instructions     memory         in        out
    call [TIME] [COUNT]    1.1 MiB       16 B       46 B
    limit [TIME] [COUNT]      2 MiB     64 KiB     64 KiB

    host calls  none
    log         empty
    ");
}

#[test]
fn an_instance_is_started_called_asked_and_stopped() {
    let words = [
        "call",
        "counter.wasm",
        "counter_add",
        r#"{"by":2}"#,
        "--config",
        r#"{"start":40}"#,
    ];
    assert_ran!(yoikit(yoi_guests::COUNTER.package(), &words), @r#"
    exit 0
    --- stdout
    plugin      counter.wasm (instance, [SIZE], profile documented)
    tool        counter_add
    answer      the count is 42
                │ {"count":42}
    status      ok  running {"count":42}

                         wall   instructions     memory         in        out
    start [TIME] [COUNT]    1.1 MiB       12 B       39 B
    handle-tool [TIME] [COUNT]    1.1 MiB        8 B       56 B
    status [TIME] [COUNT]    1.1 MiB        0 B       39 B
    stop [TIME] [COUNT]    1.1 MiB        0 B       39 B
    limit [TIME] [COUNT]      2 MiB     64 KiB     64 KiB

    host calls  none
    log         empty
    "#);
}

#[test]
fn a_plugin_folder_stands_for_its_component() {
    let ran = yoikit(
        yoi_guests::ECHO.package(),
        &["call", ".", "example_echo", r#"{"text":"x"}"#],
    );
    assert_eq!(ran.status, 0, "{}", ran.whole());
}

#[test]
fn a_cargo_project_is_built_first() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let ran = yoikit(
        &root,
        &["call", "guests/rust/echo", "example_echo", r#"{"text":"hello"}"#],
    );
    assert_eq!(ran.status, 0, "{}", ran.whole());
    assert!(
        ran.stderr.starts_with("building guests/rust/echo\n"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.contains("echoed 5 bytes"), "{}", ran.stdout);
}

#[test]
fn a_core_module_is_made_a_component_first() {
    let folder = tempfile::tempdir().unwrap();
    // A tool that answers the same to everything, without any bindings.
    let core = wat::parse_str(
        r#"(module
            (memory (export "memory") 1)
            (data (i32.const 16) "\20\00\00\00\10\00\00\00")
            (data (i32.const 32) "{\22summary\22:\22hi\22}")
            (global $next (mut i32) (i32.const 1024))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
                (local $at i32)
                (local.set $at (global.get $next))
                (global.set $next (i32.add (global.get $next) (local.get 3)))
                (local.get $at))
            (func (export "call") (param i32 i32 i32 i32) (result i32) (i32.const 16)))"#,
    )
    .unwrap();
    fs::write(folder.path().join("core.wasm"), core).unwrap();
    assert_ran!(yoikit(folder.path(), &["call", "core.wasm", "any", "{}"]), @"
    exit 0
    --- stdout
    plugin      core.wasm (tool, 466 B, profile documented)
                a core module, made a component in memory
    tool        any
    answer      hi
    status      ok

                         wall   instructions     memory         in        out
    call [TIME]             18     64 KiB        2 B       16 B
    limit [TIME] [COUNT]      2 MiB     64 KiB     64 KiB

    host calls  none
    log         the guest keeps none
    ");
}

#[test]
fn the_input_may_be_a_file_or_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("in.json");
    fs::write(&file, r#"{"text":"from a file"}"#).unwrap();
    let named = format!("@{}", file.display());
    assert!(echo(&[&named]).stdout.contains("from a file"));
    let words = ["call", "echo.wasm", "example_echo", "-"];
    let piped = yoikit_with_input(
        yoi_guests::ECHO.package(),
        &words,
        File::open(&file).unwrap().into(),
    );
    assert!(piped.stdout.contains("from a file"), "{}", piped.whole());
}

#[test]
fn a_fault_is_told_with_its_cause_and_its_place() {
    assert_ran!(hostile(&["panic", "null"]), @"
    exit 1
    --- stdout
    plugin      hostile.wasm (instance, [SIZE], profile documented)
    tool        panic
    status      failed: `handle-tool` panicked at hostile/src/mode.rs:46:20: the guest panics as it was told to, at call 2 [fault.panic]
                0: hostile::mode::answer at [OFFSET]
                1: handle-tool at [OFFSET]

                         wall   instructions     memory         in        out
    start [TIME] [COUNT]    1.1 MiB        4 B       51 B
    handle-tool [TIME] ≥ [COUNT]    1.1 MiB        4 B       none
    limit [TIME] [COUNT]      2 MiB     64 KiB     64 KiB

    host calls  none
    log         3 lines
                │ thread '<unnamed>' (1) panicked at hostile/src/mode.rs:46:20:
                │ the guest panics as it was told to, at call 2
                │ note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
    ");
}

#[test]
fn an_endless_loop_costs_its_budget() {
    assert_ran!(hostile(&["loop", "null", "--fuel", "100000"]), @"
    exit 1
    --- stdout
    plugin      hostile.wasm (instance, [SIZE], profile documented)
    tool        loop
    status      failed: `handle-tool` used up its 100000 instructions [fault.fuel]
                0: hostile::mode::answer at [OFFSET]
                1: handle-tool at [OFFSET]

                         wall   instructions     memory         in        out
    start [TIME] [COUNT]    1.1 MiB        4 B       51 B
    handle-tool [TIME] [COUNT]    1.1 MiB        4 B       none
    limit [TIME] [COUNT]      2 MiB     64 KiB     64 KiB

    host calls  none
    log         empty
    ");
}

#[test]
fn a_deadline_ends_what_has_instructions_to_spare() {
    assert_ran!(hostile(&["loop", "null", "--fuel", "1000000000000", "--timeout", "50ms"]), @"
    exit 1
    --- stdout
    plugin      hostile.wasm (instance, [SIZE], profile documented)
    tool        loop
    status      failed: `handle-tool` ran longer than 50ms [fault.deadline]
                0: hostile::mode::answer at [OFFSET]
                1: handle-tool at [OFFSET]

                         wall   instructions     memory         in        out
    start [TIME] [COUNT]    1.1 MiB        4 B       51 B
    handle-tool [TIME]          ≥ [COUNT]    1.1 MiB        4 B       none
    limit [TIME] [COUNT]      2 MiB     64 KiB     64 KiB

    host calls  none
    log         empty
    ");
}

#[test]
fn an_answer_too_large_is_shown_against_its_limit() {
    assert_ran!(hostile(&["big-output", "null"]), @"
    exit 1
    --- stdout
    plugin      hostile.wasm (instance, [SIZE], profile documented)
    tool        big-output
    status      failed: `handle-tool` answered 70041 bytes, 65536 are allowed [output.too-large]

                         wall   instructions     memory         in        out
    start [TIME] [COUNT]    1.1 MiB        4 B       51 B
    handle-tool [TIME] [COUNT]    1.3 MiB        4 B   68.4 KiB
    status [TIME] [COUNT]    1.3 MiB        0 B       51 B
    stop [TIME] [COUNT]    1.3 MiB        0 B       51 B
    limit [TIME] [COUNT]      2 MiB     64 KiB     64 KiB

    host calls  none
    log         empty
    ");
}

#[test]
fn what_a_guest_prints_cannot_drive_the_terminal() {
    let ran = hostile(&["print", "null"]);
    let harmful = |c: char| c.is_control() && c != '\n';
    assert!(
        !ran.stdout.contains(harmful) && !ran.stderr.contains(harmful),
        "{:?}",
        ran.stdout
    );
    assert_ran!(ran, @r#"
    exit 0
    --- stdout
    plugin      hostile.wasm (instance, [SIZE], profile documented)
    tool        print
    answer      \u{1b}]0;owned\u{7}\u{1b}[31mred\nnext\u{9b}2J
                │ \u{1b}]0;owned\u{7}\u{1b}[31mred
                │ next\u{9b}2J
    status      ok  running {"calls":3,"input":null}

                         wall   instructions     memory         in        out
    start [TIME] [COUNT]    1.1 MiB        4 B       51 B
    handle-tool [TIME] [COUNT]    1.1 MiB        4 B      113 B
    status [TIME] [COUNT]    1.1 MiB        0 B       51 B
    stop [TIME] [COUNT]    1.1 MiB        0 B       51 B
    limit [TIME] [COUNT]      2 MiB     64 KiB     64 KiB

    host calls  none
    log         4 lines
                │ a line to standard output
                │ a line to standard error
                │ \u{1b}]0;owned\u{7}\u{1b}[31mred\u{1b}]8;;https://example.com/\u{1b}\link
                │ \u{d}error: not what it seems\u{8}\u{9b}2J\u{7f}\u{202e}txet
    "#);
}

#[test]
fn under_the_yoi_profile_its_own_words_are_shown_too() {
    assert_ran!(hostile(&["empty", "null", "--profile", "yoi"]), @"
    exit 1
    --- stdout
    plugin      hostile.wasm (instance, [SIZE], profile yoi)
    tool        empty
    status      failed: `handle-tool` answered nothing [output.empty]
                the yoi host shows: WASM output error: guest did not call output_write

                         wall   instructions     memory         in        out
    start [TIME] [COUNT]    1.1 MiB        4 B       51 B
    handle-tool [TIME]            826    1.1 MiB        4 B        0 B
    status [TIME] [COUNT]    1.1 MiB        0 B       51 B
    stop [TIME] [COUNT]    1.1 MiB        0 B       51 B
    limit [TIME] [COUNT]      2 MiB     64 KiB     64 KiB

    host calls  none
    log         empty
    ");
}

#[test]
fn host_calls_are_listed() {
    let words = [
        "call",
        "caller.wasm",
        "call-import",
        r#"{"call":"fs.read","args":{"path":"x"}}"#,
    ];
    assert_ran!(yoikit(yoi_guests::CALLER.package(), &words), @r#"
    exit 0
    --- stdout
    plugin      caller.wasm (instance, [SIZE], profile documented)
    tool        call-import
    answer      called fs.read
                │ {"error":{"code":"denied","message":"plugin host API dispatch denied: granted host_api.fs permission is missing"}}
    status      ok  running {"answer-at-start":null}

                         wall   instructions     memory         in        out
    start [TIME] [COUNT]    1.1 MiB        4 B       51 B
    handle-tool [TIME] [COUNT]    1.1 MiB       38 B      165 B
    status [TIME] [COUNT]    1.1 MiB        0 B       51 B
    stop [TIME] [COUNT]    1.1 MiB        0 B       31 B
    limit [TIME] [COUNT]      2 MiB     64 KiB     64 KiB

    host calls  1
                fs.read  12 B given, refused: plugin host API dispatch denied: granted host_api.fs permission is missing
                add at the top of the grants:

                    permissions = [
                        { kind = "host_api", api = "fs" },
                    ]
                add at the end of the grants, with your own values:

                    [[fs]]
                    root = "/path/to/folder"
                    operations = ["read"]
    log         empty
    "#);
}

#[test]
fn one_json_object_says_the_same() {
    let ran = echo(&[r#"{"text":"hello"}"#, "--json"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(report["schema"], "yoikit.call/1");
    assert_eq!(report["profile"], "documented");
    assert_eq!(report["ok"], true);
    assert_eq!(report["output"]["content"], "hello");
    assert_eq!(report["plugin"]["world"], "yoi:plugin/tool@1.0.0");
    assert_eq!(report["calls"][0]["entry"], "call");
    assert!(report["calls"][0]["fuel"].as_u64().unwrap() > 0);

    let failed: Value = serde_json::from_str(&hostile(&["trap", "null", "--json"]).stdout).unwrap();
    assert_eq!(failed["ok"], false);
    assert_eq!(failed["errors"][0]["code"], "fault.trap");
}

#[test]
fn the_json_fits_its_schema() {
    let schema: Value = serde_json::from_str(&yoikit(Path::new("/"), &["schema", "call"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for ran in [
        echo(&[r#"{"text":"hello"}"#, "--json"]),
        hostile(&["panic", "null", "--json"]),
        hostile(&["empty", "null", "--json", "--profile", "yoi"]),
        hostile(&["print", "null", "--json"]),
    ] {
        let report: Value = serde_json::from_str(&ran.stdout).unwrap();
        let faults: Vec<_> = validator
            .iter_errors(&report)
            .map(|error| error.to_string())
            .collect();
        assert!(faults.is_empty(), "{faults:?}");
    }
}

#[test]
fn no_cache_goes_before_a_cache_that_the_environment_names() {
    let ran = echo(&[r#"{"text":"x"}"#, "--no-cache"]);
    assert_eq!(ran.status, 0, "{}", ran.whole());
}

#[test]
fn machine_code_is_kept_for_the_next_time() {
    let cache = tempfile::tempdir().unwrap();
    let folder = cache.path().join("code");
    let words = [r#"{"text":"x"}"#, "--cache-dir", folder.to_str().unwrap()];
    assert_eq!(echo(&words).status, 0);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    assert_eq!(echo(&words).status, 0);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}
