//! What build services have from a run: shards, a baseline, annotations.

use std::ffi::OsStr;
use std::fs;

use super::{FITS, TOOLS, folder, lines};
use crate::run::{assert_ran, yoikit, yoikit_with_env};

#[test]
fn shards_are_joined_into_the_report_of_the_whole() {
    let folder = folder();
    let test = |rest: &[&str]| {
        let words = [
            "test",
            "hostile",
            "counter",
            "--no-times",
            "--no-regressions",
            "--case",
            "plugin.tool",
            "--case",
            FITS,
        ];
        yoikit(folder.path(), &[&words[..], rest].concat())
    };
    for shard in ["1/2", "2/2"] {
        let file = format!("{}.jsonl", &shard[..1]);
        test(&["--shard", shard, "--jsonl", &file]);
    }
    let whole = test(&["--json"]);
    let merged = yoikit(
        folder.path(),
        &[
            "report",
            "merge",
            "2.jsonl",
            "1.jsonl",
            "--json",
            "--html",
            "page.html",
            "--junit",
            "junit.xml",
        ],
    );
    assert_eq!(merged.stdout, whole.stdout);
    assert_eq!(merged.status, 1);
    assert!(
        fs::read_to_string(folder.path().join("page.html"))
            .unwrap()
            .contains("<table>")
    );
    assert!(
        fs::read_to_string(folder.path().join("junit.xml"))
            .unwrap()
            .contains("<testsuites")
    );
    assert_ran!(yoikit(folder.path(), &["report", "merge", "2.jsonl"]), @"
    exit 2
    --- stderr
    error: shard 1/2 is missing
    ");
}

#[test]
fn a_build_service_says_which_shard_it_is() {
    let folder = folder();
    let env = |of: &'static str| {
        [
            ("JOB_COMPLETION_INDEX", OsStr::new("1")),
            ("JOB_COMPLETIONS", OsStr::new(of)),
        ]
    };
    let words = ["test", "counter", "--json", "--case", FITS];
    let ran = yoikit_with_env(folder.path(), &words, &env("2"));
    assert_eq!(lines(&ran)[0]["shard"], serde_json::json!({"number": 2, "of": 2}));
    let typed = yoikit_with_env(
        folder.path(),
        &[&words[..], &["--shard", "1/2"]].concat(),
        &env("2"),
    );
    assert_eq!(lines(&typed)[0]["shard"]["number"], 1);
    assert_ran!(yoikit_with_env(folder.path(), &words, &env("1")), @r#"
    exit 2
    --- stdout
    {"schema":"yoikit.failure/1","exit":2,"message":"JOB_COMPLETION_INDEX=1 and JOB_COMPLETIONS=1 name no shard","advice":null}
    --- stderr
    error: JOB_COMPLETION_INDEX=1 and JOB_COMPLETIONS=1 name no shard
    "#);
}

#[test]
fn a_known_failure_is_none_and_one_that_is_none_any_more_is_one() {
    let folder = folder();
    let baseline = |target: &str| {
        let text = format!(
            "schema = \"yoikit.baseline/1\"\n\n[[known]]\ncase = \"{TOOLS}\"\nreason = \"it is hostile\"\n"
        );
        fs::write(folder.path().join("known.toml"), text).unwrap();
        yoikit(
            folder.path(),
            &[
                "test",
                target,
                "--case",
                TOOLS,
                "--baseline",
                "known.toml",
                "--no-regressions",
            ],
        )
    };
    assert_ran!(baseline("hostile"), @"
    exit 0
    --- stdout
    suite       plugin/4 (1 case, seed 1, 64 inputs for a property)
    target      hostile (component, sha256:[…])

    known to fail (documented and yoi) it is hostile
                plugin.tool.answers-any-json

    documented: conforms but for what is known (0 of 1 must, 1 known to fail)
    yoi: conforms but for what is known (0 of 1 must, 1 known to fail) — not judged
    ");
    assert_ran!(baseline("counter"), @"
    exit 1
    --- stdout
    suite       plugin/4 (1 case, seed 1, 64 inputs for a property)
    target      counter (component, sha256:[…])

    stale       plugin.tool.answers-any-json (counter, documented) passes though the baseline lists it: take it out

    documented: does not match its baseline (1 of 1 must, 1 listed and passing)
    yoi: conforms (1 of 1 must) — not judged
    ");
}

#[test]
fn github_gets_annotations_and_a_summary() {
    let folder = folder();
    let summary = folder.path().join("summary.md");
    fs::write(&summary, "before\n").unwrap();
    let words = [
        "test",
        "hostile",
        "--profile",
        "documented",
        "--case",
        TOOLS,
        "--github",
        "--no-regressions",
    ];
    let ran = yoikit_with_env(
        folder.path(),
        &words,
        &[("GITHUB_STEP_SUMMARY", summary.as_os_str())],
    );
    let annotations: Vec<_> = ran.stdout.lines().filter(|line| line.starts_with("::")).collect();
    insta::assert_snapshot!(annotations.join("\n"), @"::error title=plugin.tool.answers-any-json (hostile%2C documented)::expected a ToolOutput from `loop`%0Aseen: `handle-tool` used up its 5000000 instructions%0Ayoikit test hostile --case plugin.tool.answers-any-json --profile documented --seed 1 --property-cases 64 --no-regressions");
    let summary = fs::read_to_string(&summary).unwrap();
    assert!(summary.starts_with("before\n## yoikit test\n"), "{summary}");
}
