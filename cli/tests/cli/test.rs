//! `yoikit test` and `yoikit report`: what is typed, what is printed, what is written, and the exit status. What the
//! cases look at is the business of the crate that has them.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::{Value, json};

use crate::run::{Ran, assert_ran, yoikit, yoikit_with_env};

/// A folder with plugins in it, and nothing that was kept before.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for guest in [yoi_guests::COUNTER, yoi_guests::HOSTILE, yoi_guests::CALLER] {
        let to = folder.path().join(guest.name());
        fs::create_dir(&to).unwrap();
        for file in fs::read_dir(guest.package()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
    fs::write(folder.path().join("text.wasm"), "no component").unwrap();
    folder
}

const FITS: &str = "plugin.component.fits-the-contract";
const TOOLS: &str = "plugin.tool.answers-any-json";

fn lines(ran: &Ran) -> Vec<Value> {
    ran.stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_plugin_that_conforms_has_a_line_for_every_profile() {
    assert_ran!(yoikit(folder().path(), &["test", "counter", "--case", FITS]), @"
    exit 0
    --- stdout
    suite       plugin/4 (1 case, seed 1, 64 inputs for a property)
    target      counter (component, sha256:[…])

    documented: conforms (1 of 1 must)
    yoi: conforms (1 of 1 must) — not judged
    ");
}

#[test]
fn a_host_that_will_not_load_a_plugin_is_told_and_judged_only_where_it_is_named() {
    let folder = folder();
    assert_ran!(yoikit(folder.path(), &["test", "caller", "--case", FITS]), @"
    exit 0
    --- stdout
    suite       plugin/4 (1 case, seed 1, 64 inputs for a property)
    target      caller (component, sha256:[…])
    with        yoikit 0.1.0, wasmtime [VERSION]

    fail        plugin.component.fits-the-contract (must, caller, yoi)
    clause      A component stands in the world `tool` or `instance`, and imports nothing but `yoi:host`. wit/plugin
    expected    a component that this profile's host loads
    seen        needs 3 core instances, the yoi host allows 1: it cannot instantiate a component that uses a host import
    repeat      yoikit test caller --case plugin.component.fits-the-contract --profile yoi --seed 1 --property-cases 64

    documented: conforms (1 of 1 must)
    yoi: will not run: needs 3 core instances, the yoi host allows 1: it cannot instantiate a component that uses a host import — not judged
    ");
    let judged = yoikit(
        folder.path(),
        &["test", "caller", "--case", FITS, "--profile", "yoi"],
    );
    assert_eq!(judged.status, 1, "{}", judged.whole());
}

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

#[test]
fn the_same_words_give_the_same_report() {
    let folder = folder();
    let words = [
        "test",
        "hostile",
        "counter",
        "--no-times",
        "--json",
        "--no-regressions",
        "--case",
        "plugin.tool",
    ];
    let (first, second) = (yoikit(folder.path(), &words), yoikit(folder.path(), &words));
    assert_eq!(first.stdout, second.stdout);
    let one = yoikit(folder.path(), &[&words[..], &["--jobs", "1"]].concat());
    assert_eq!(first.stdout, one.stdout);
    let other = yoikit(folder.path(), &[&words[..], &["--seed", "2"]].concat());
    assert_ne!(first.stdout, other.stdout);
}

#[test]
fn the_json_is_a_line_for_everything_and_fits_its_schema() {
    let folder = folder();
    let schema = |name: &str| -> jsonschema::Validator {
        let schema = yoikit(Path::new("/"), &["schema", name]).stdout;
        jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap()
    };
    let validator = schema("test");
    let ran = yoikit(
        folder.path(),
        &["test", "hostile", "--case", FITS, "--case", TOOLS, "--json"],
    );
    let lines = lines(&ran);
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["run", "case", "case", "case", "case", "end"]);
    for line in &lines {
        let errors: Vec<_> = validator
            .iter_errors(line)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(errors, [""; 0], "{line}");
    }
    assert_eq!(lines[0]["schema"], "yoikit.report/1");
    assert_eq!(lines[5]["outcome"], "fails");

    let kept = fs::read_dir(folder.path().join("yoikit-regressions"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    let kept: Value = serde_json::from_slice(&fs::read(kept.path()).unwrap()).unwrap();
    assert!(schema("test-regression").is_valid(&kept));
    for words in [
        &["test", "--list", "--json"][..],
        &["test", "counter", "--dry-run", "--json"],
    ] {
        let listed: Value = serde_json::from_str(&yoikit(folder.path(), words).stdout).unwrap();
        assert!(schema("test-list").is_valid(&listed), "{listed}");
        assert!(!listed["cases"].as_array().unwrap().is_empty());
    }
}

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

#[test]
fn a_component_without_a_manifest_is_said_to_be_asked_less() {
    let folder = folder();
    assert_ran!(yoikit(folder.path(), &["test", "counter/counter.wasm", "--case", FITS, "--profile", "yoi"]), @"
    exit 0
    --- stdout
    suite       plugin/4 (1 case, seed 1, 64 inputs for a property)
    target      counter.wasm (component, sha256:[…])
                without a `plugin.toml` its tools and ingresses are not known, and nothing is asked of them

    yoi: conforms (1 of 1 must)
    ");
    let words = [
        "test",
        "counter/counter.wasm",
        "--manifest",
        "counter/plugin.toml",
        "--case",
        TOOLS,
    ];
    assert_eq!(yoikit(folder.path(), &words).status, 0);
}

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
fn whoever_interrupts_a_run_ends_its_children() {
    let folder = folder();
    let pid = folder.path().join("pid");
    // It reads nothing, so that the end of its input does not end it.
    let script = "echo $$ > pid.new; mv pid.new pid; exec tail -f /dev/null";
    let mut run = Command::new(env!("CARGO_BIN_EXE_yoikit"))
        .args(["test", "--", "/bin/sh", "-c", script])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !pid.exists() {
        assert!(
            run.try_wait().unwrap().is_none(),
            "it ended before its child began"
        );
        std::thread::yield_now();
    }
    let child: i32 = fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
    let child = Pid::from_raw(child).unwrap();
    assert!(test_kill_process(child).is_ok());
    kill_process(Pid::from_child(&run), Signal::INT).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(130));
    assert!(test_kill_process(child).is_err(), "the child is still there");
}

/// An adapter of a host that refuses to read packages, and hangs with the first that it is to load.
const HANGS: &str = r#"
while read -r line; do
    id=${line#*:}; id=${id%%,*}
    case $line in
    *'"op":"hello"'*) echo "{\"id\":$id,\"done\":{\"hello\":{\"protocol\":\"yoikit.host/1\",\"host\":\"h\",\"version\":\"1\",\"profiles\":[\"documented\"]}}}" ;;
    *'"op":"inspect"'*) echo "{\"id\":$id,\"refused\":{\"kind\":\"package\",\"message\":\"no\"}}" ;;
    *) echo $$ > pid.new; mv pid.new pid; exec tail -f /dev/null ;;
    esac
done"#;

#[test]
fn a_run_that_is_interrupted_tells_what_it_knows_and_leaves_no_earlier_report() {
    for (signal, status, name) in [(Signal::INT, 130, "SIGINT"), (Signal::TERM, 143, "SIGTERM")] {
        let folder = tempfile::tempdir().unwrap();
        let here = |file: &str| folder.path().join(file);
        let (errors, output) = (here("stderr"), here("stdout"));
        for file in ["r.jsonl", "r.xml", "r.html"] {
            fs::write(here(file), "of an earlier run").unwrap();
        }
        // Cases of packages end; one of those for which a plugin is loaded does not.
        let words = [
            "test",
            "--side",
            "host",
            "--case",
            "plugin.host.packages",
            "--case",
            "plugin.host.websocket",
            "--jobs",
            "1",
            "--timeout",
            "1day",
            "--jsonl",
            "r.jsonl",
            "--junit",
            "r.xml",
            "--html",
            "r.html",
            "--",
            "/bin/sh",
            "-c",
            HANGS,
        ];
        let mut run = crate::run::command(folder.path(), &words)
            .stdout(fs::File::create(&output).unwrap())
            .stderr(fs::File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        while !here("pid").exists() {
            assert!(run.try_wait().unwrap().is_none(), "it ended before a case hung");
            std::thread::yield_now();
        }
        let child: i32 = fs::read_to_string(here("pid")).unwrap().trim().parse().unwrap();
        assert!(
            !here("r.xml").exists(),
            "an earlier report is taken for this run's"
        );
        kill_process(Pid::from_child(&run), signal).unwrap();
        assert_eq!(run.wait().unwrap().code(), Some(status));
        let child = Pid::from_raw(child).unwrap();
        assert!(test_kill_process(child).is_err(), "the child is still there");

        let told = fs::read_to_string(&errors).unwrap();
        assert_eq!(
            told,
            format!("interrupted by {name}: what runs is ended, and what is known is told\n")
        );
        let lines = fs::read_to_string(here("r.jsonl")).unwrap();
        let lines: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let end = lines.last().unwrap();
        assert_eq!(end["outcome"], "interrupted");
        assert_eq!(end["interrupted"]["by"], name);
        assert!(lines.len() > 2, "no case ended");
        let junit = fs::read_to_string(here("r.xml")).unwrap();
        assert!(junit.contains("type=\"interrupted\""), "{junit}");
        for file in ["r.html", "stdout"] {
            let told = fs::read_to_string(here(file)).unwrap();
            assert!(told.contains(&format!("interrupted by {name}")), "{file}: {told}");
        }
    }
}

#[test]
fn a_report_that_cannot_be_written_is_told_before_anything_is_tested() {
    let folder = folder();
    fs::write(folder.path().join("old.xml"), "of an earlier run").unwrap();
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
    // A run that is refused is none: it has no report, and takes away nobody's.
    insta::assert_snapshot!(said(&["--case", "nix", "--junit", "old.xml"]), @"
    exit 2
    --- stderr
    error: there is no case `nix`
    ");
    assert_eq!(
        fs::read_to_string(folder.path().join("old.xml")).unwrap(),
        "of an earlier run"
    );
}

#[test]
fn what_the_contract_promises_is_listed_with_the_cases_that_prove_it() {
    let words = ["test", "--behaviours"];
    let told = yoikit(Path::new("/"), &words).stdout;
    assert!(
        told.contains(
            "  A fifth socket is refused before it is dialled.\n      plugin.host.websocket.four\n"
        ),
        "{told}"
    );
    let json = yoikit(Path::new("/"), &[words[0], words[1], "--json"]).stdout;
    let schema = yoikit(Path::new("/"), &["schema", "test-behaviours"]).stdout;
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let json: Value = serde_json::from_str(&json).unwrap();
    assert!(schema.is_valid(&json), "{json}");
    assert_eq!(json["behaviours"].as_array().unwrap().len(), 139);
}

#[test]
fn what_is_broken_on_purpose_is_caught_by_the_case_that_was_to_catch_it() {
    let words = [
        "test",
        "--mutants",
        "--case",
        "plugin.status.changes-nothing",
        "--json",
    ];
    let told = yoikit(Path::new("/"), &words);
    assert_eq!(told.status, 0, "{}", told.stderr);
    let schema = yoikit(Path::new("/"), &["schema", "test-mutants"]).stdout;
    let schema = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let json: Value = serde_json::from_str(&told.stdout).unwrap();
    assert!(schema.is_valid(&json), "{json}");
    let mutant = json!({
        "name": "status-counts-itself",
        "contract": "plugin",
        "side": "guest",
        "caught_by": "plugin.status.changes-nothing",
        "caught": true,
        "surprises": [],
        "blind": [],
        "further": 0,
    });
    assert_eq!(json["mutants"], json!([mutant]));

    let none = yoikit(Path::new("/"), &["test", "--mutants", "--case", "plugin.no-such"]);
    assert_eq!(none.status, 2, "{}", none.stderr);
}
