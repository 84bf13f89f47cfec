//! `yoikit test` and `yoikit report`: what is typed, what is printed, what is written, and the exit status. What the
//! cases look at is the business of the crate that has them.

mod kept;
mod refusals;
mod services;
mod signals;
mod tables;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::run::{Ran, assert_ran, yoikit};

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
fn a_verdict_stands_and_reports_are_written_though_nobody_reads_what_is_printed() {
    let folder = folder();
    for words in [
        &["--junit", "report.xml"][..],
        &["--json", "--junit", "report.xml"],
    ] {
        let mut run = Command::new(env!("CARGO_BIN_EXE_yoikit"))
            .current_dir(folder.path())
            .args(["test", "hostile", "--case", TOOLS, "--no-regressions"])
            .args(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        drop(run.stdout.take());
        assert_eq!(run.wait().unwrap().code(), Some(1), "{words:?}");
        let report = folder.path().join("report.xml");
        assert!(
            fs::read_to_string(&report).unwrap().contains("<failure"),
            "{words:?}"
        );
        fs::remove_file(&report).unwrap();
    }
}
