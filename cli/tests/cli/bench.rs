//! `yoikit bench` and `yoikit profile`.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::run::{Ran, assert_ran, yoikit};

/// As short as a run can be that still has calls in it.
fn bench(words: &[&str]) -> Ran {
    let short = [
        "bench",
        ".",
        "--no-cold",
        "--duration",
        "20ms",
        "--warm-up",
        "1ms",
    ];
    yoikit(yoi_guests::COUNTER.package(), &[&short[..], words].concat())
}

fn json(ran: &Ran) -> Value {
    serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.whole()))
}

fn assert_fits(report: &Value, schema: &str) {
    let schema = json(&yoikit(Path::new("/"), &["schema", schema]));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<_> = validator
        .iter_errors(report)
        .map(|error| error.to_string())
        .collect();
    assert!(faults.is_empty(), "{faults:?}");
}

#[test]
fn a_report_fits_its_schema_also_as_a_comparison() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("before.json");
    let words = ["--tool", "counter_add", "--input", r#"{"by":1}"#, "--json"];
    let before = bench(&words);
    assert_eq!(before.status, 0, "{}", before.whole());
    assert_fits(&json(&before), "bench");
    fs::write(&file, &before.stdout).unwrap();

    let file = file.to_str().unwrap();
    let again = bench(&[&words[..], &["--baseline", file, "--fail-on-regression"]].concat());
    assert_eq!(again.status, 0, "{}", again.whole());
    let report = json(&again);
    assert_fits(&report, "bench");
    assert_eq!(report["comparison"]["fuel"]["verdict"], "same");
    assert_eq!(report["comparison"]["same_component"], true);

    let mut cheaper = json(&before);
    let calls = cheaper["probe"]["fuel"].as_array().unwrap().len();
    cheaper["probe"]["fuel"] = vec![1; calls].into();
    fs::write(file, cheaper.to_string()).unwrap();
    let more = bench(&[&words[..], &["--baseline", file, "--fail-on-regression"]].concat());
    assert_eq!(more.status, 1, "{}", more.whole());
    let told = bench(&[&words[..], &["--baseline", file]].concat());
    assert_eq!(told.status, 0, "who does not ask is only told");
}

#[test]
fn a_tool_that_the_plugin_does_not_declare_is_not_measured() {
    let ran = bench(&["--tool", "counter_ad"]);
    assert_eq!(ran.status, 2, "{}", ran.whole());
    assert!(
        ran.stderr
            .contains("the plugin declares no tool `counter_ad`: it has counter_add, counter_get"),
        "{}",
        ran.stderr
    );
    let ran = yoikit(
        yoi_guests::COUNTER.package(),
        &["profile", ".", "counter_ad", "{}"],
    );
    assert_eq!(ran.status, 2, "{}", ran.whole());
}

#[test]
fn a_baseline_that_is_not_there_is_a_file_that_could_not_be_had() {
    let ran = bench(&["--tool", "counter_get", "--baseline", "nothing.json"]);
    assert_eq!(ran.status, 3, "{}", ran.whole());
    assert!(ran.stderr.contains("nothing.json"), "{}", ran.stderr);
}

#[test]
fn the_terminal_has_the_same_numbers_and_no_chart_in_a_pipe() {
    let ran = bench(&["--tool", "counter_get", "--concurrency", "1,2"]);
    assert_eq!(ran.status, 0, "{}", ran.whole());
    for part in [
        "1 worker",
        "2 workers",
        "calls/s",
        "p99.9",
        "instructions a call",
        "failed      none",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {}", ran.stdout);
    }
    assert!(!ran.stdout.contains('█'), "{}", ran.stdout);
    assert_eq!(ran.stderr, "");
}

#[test]
fn a_tool_that_always_fails_fails_the_run() {
    let ran = bench(&["--tool", "counter_add", "--input", r#"{"by":"x"}"#]);
    assert_eq!(ran.status, 1, "{}", ran.whole());
    assert!(ran.stdout.contains("tool.invalid_input"), "{}", ran.stdout);
    assert!(ran.stdout.contains("no call was answered well"), "{}", ran.stdout);
}

#[test]
fn what_cannot_be_measured_is_refused_with_what_to_do() {
    assert_ran!(bench(&[]), @"
    exit 2
    --- stderr
    error: name the tool with `--tool`: the plugin has counter_add, counter_get
    ");
    assert_ran!(bench(&["--tool", "counter_get", "--input", "{"]), @"
    exit 2
    --- stderr
    error: the tool input is not valid JSON: EOF while parsing an object at line 1 column 1
    ");
    assert_ran!(bench(&["--tool", "counter_get", "--concurrency", "0"]), @"
    exit 2
    --- stderr
    error: choose a concurrency between 1 and 4096
    ");
    let words = ["bench", ".", "--tool", "counter_get", "--duration", "0s"];
    let zero = yoikit(yoi_guests::COUNTER.package(), &words);
    assert_eq!(zero.status, 2);
    assert!(zero.stderr.contains("between 1ms and 1day"), "{}", zero.stderr);
    let rate = bench(&["--tool", "counter_get", "--rate", "-1"]);
    assert_eq!(rate.status, 2, "{}", rate.whole());
}

#[test]
fn what_cannot_be_written_is_told_before_anything_is_measured() {
    // An hour would be too long to wait for it.
    let words = [
        "--tool",
        "counter_add",
        "--input",
        r#"{"by":1}"#,
        "--html",
        "nowhere/page.html",
    ];
    let words = [&["bench", ".", "--duration", "1h"], &words[..]].concat();
    let ran = yoikit(yoi_guests::COUNTER.package(), &words);
    assert_eq!((ran.status, ran.stdout.as_str()), (3, ""), "{}", ran.whole());
    assert!(
        ran.stderr
            .contains("failed to write the page to nowhere/page.html"),
        "{}",
        ran.whole()
    );

    let words = [
        "profile",
        ".",
        "counter_add",
        r#"{"by":1}"#,
        "--duration",
        "1h",
        "-o",
        "nowhere/calls.json",
    ];
    let ran = yoikit(yoi_guests::COUNTER.package(), &words);
    assert_eq!((ran.status, ran.stdout.as_str()), (3, ""), "{}", ran.whole());
    assert!(
        ran.stderr
            .contains("failed to write the profile to nowhere/calls.json"),
        "{}",
        ran.whole()
    );
}

#[test]
fn a_baseline_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("before.json");
    let baseline = |text: &str| {
        fs::write(&file, text).unwrap();
        let ran = bench(&["--tool", "counter_get", "--baseline", file.to_str().unwrap()]);
        assert_eq!(ran.status, 2, "{}", ran.whole());
        ran.stderr
    };
    assert!(baseline("not JSON").contains("is no report"));
    assert!(baseline(r#"{"schema":"yoikit.call/1"}"#).contains("its schema is `yoikit.call/1`"));
    let other = bench(&["--tool", "counter_add", "--input", r#"{"by":1}"#, "--json"]).stdout;
    assert!(baseline(&other).contains("of another tool, `counter_add`"));
}

#[test]
fn a_profile_names_what_spends_and_writes_what_viewers_open() {
    let folder = tempfile::tempdir().unwrap();
    let profile = |words: &[&str]| {
        let words = [&["profile", ".", "counter_add", r#"{"by":1}"#], words].concat();
        let ran = yoikit(yoi_guests::COUNTER.package(), &words);
        assert_eq!(ran.status, 0, "{}", ran.whole());
        ran
    };
    let report = json(&profile(&["--json", "--calls", "3"]));
    assert_fits(&report, "profile");
    let functions = report["functions"].as_array().unwrap();
    let own: u64 = functions.iter().map(|line| line["own"].as_u64().unwrap()).sum();
    assert_eq!(
        (own, 3),
        (
            report["fuel"].as_u64().unwrap(),
            report["calls"].as_u64().unwrap()
        )
    );
    let named = |part: &str| {
        let name = |line: &Value| line["name"].as_str().unwrap().contains(part);
        functions.iter().any(name)
    };
    assert!(named("counter") || named("serde_json"), "{functions:?}");

    for (name, part) in [
        ("a.json", "\"preprocessedProfileVersion\""),
        ("a.speedscope.json", "\"unit\":\"none\""),
        ("a.folded", ";"),
    ] {
        let file = folder.path().join(name);
        let ran = profile(&["-o", file.to_str().unwrap()]);
        assert!(fs::read_to_string(&file).unwrap().contains(part), "{name}");
        assert!(ran.stdout.contains("written"), "{}", ran.stdout);
    }
}

#[test]
fn a_profile_of_a_call_that_never_ends_says_where_it_is_or_that_it_does_not_know() {
    let loops = |words: &[&str]| {
        let words = [&["profile", ".", "loop", "null"], words].concat();
        yoikit(yoi_guests::HOSTILE.package(), &words)
    };
    let fuel = loops(&[]);
    assert_eq!(fuel.status, 1, "{}", fuel.whole());
    assert!(fuel.stdout.contains("hostile::mode::answer"), "{}", fuel.stdout);
    assert!(fuel.stdout.contains("nothing left out"), "{}", fuel.stdout);

    let late = loops(&["--fuel", "100000000000", "--timeout", "100ms"]);
    assert_eq!(late.status, 1, "{}", late.whole());
    assert!(!late.stdout.contains("nothing left out"), "{}", late.stdout);
    assert!(
        late.stdout.contains("is not counted: with a `--fuel`"),
        "{}",
        late.stdout
    );
}

#[test]
fn a_profile_of_a_call_that_traps_says_so() {
    let ran = yoikit(
        yoi_guests::HOSTILE.package(),
        &["profile", "hostile.wasm", "trap", "null"],
    );
    assert_eq!(ran.status, 1, "{}", ran.whole());
    assert!(ran.stdout.contains("fault.trap"), "{}", ran.stdout);
}

/// A core module that stands in the world `tool` without any kit, as a C compiler makes one.
const GREETS: &str = r#"(module
  (memory (export "memory") 2)
  (global $used (mut i32) (i32.const 4096))
  (data (i32.const 1024) "{\"summary\":\"greeted\",\"content\":\"Hello!\"}")
  ;; Where the answer is, and its length.
  (data (i32.const 1000) "\00\04\00\00\28\00\00\00")
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
    global.get $used
    (global.set $used (i32.and (i32.add (i32.add (global.get $used) (local.get 3)) (i32.const 7)) (i32.const -8))))
  (func (export "call") (param i32 i32 i32 i32) (result i32)
    i32.const 1000))"#;

#[test]
fn a_core_module_is_measured_and_sampled_as_the_component_that_it_becomes() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("core.wasm"), wat::parse_str(GREETS).unwrap()).unwrap();
    for profile in ["documented", "yoi"] {
        let bench = [
            "bench",
            "core.wasm",
            "--tool",
            "greet",
            "--profile",
            profile,
            "--json",
        ];
        let short = ["--no-cold", "--duration", "20ms", "--warm-up", "1ms"];
        let ran = yoikit(folder.path(), &[&bench[..], &short].concat());
        assert_eq!(ran.status, 0, "{}", ran.whole());
        let report = json(&ran);
        assert_eq!(
            (&report["subject"]["profile"], &report["levels"][0]["failed"]),
            (&profile.into(), &0.into())
        );

        let words = [
            "profile",
            "core.wasm",
            "greet",
            "{}",
            "--profile",
            profile,
            "--json",
        ];
        let ran = yoikit(folder.path(), &words);
        assert_eq!(ran.status, 0, "{}", ran.whole());
        assert!(json(&ran)["fuel"].as_u64() > Some(0), "{}", ran.whole());
    }
}
