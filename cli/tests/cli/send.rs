//! `yoikit send` where no service runs: an instance is started for the event, and stopped again.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::run::{Ran, yoikit, yoikit_with_input};

/// The counter, with all that it asks for granted in `grants.toml`.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let asked = yoikit(
        folder.path(),
        &["grant", yoi_guests::COUNTER.package().to_str().unwrap()],
    );
    fs::write(folder.path().join("grants.toml"), asked.stdout).unwrap();
    folder
}

fn send(folder: &Path, words: &[&str]) -> Ran {
    let counter = yoi_guests::COUNTER.package().to_str().unwrap();
    yoikit(folder, &[&["send", counter, "--fresh"], words].concat())
}

const GRANTED: &[&str] = &["--grants", "grants.toml"];

#[test]
fn an_event_is_delivered_to_an_instance_of_its_own() {
    let folder = folder();
    let event = r#"{"payload":null,"correlation_id":"e-1"}"#;
    insta::assert_snapshot!(send(folder.path(), &[&["tick", event], GRANTED].concat()).whole(), @r#"
    exit 0
    --- stdout
    plugin      yoikit.counter (started for this event, profile documented)
    event       tick  e-1
    verdict     accepted
    answer      {"count":1}
    commands    tick-1  done: ticked
    last word   {"data":{"count":1},"state":"stopped"}
    "#);
}

#[test]
fn the_report_fits_its_schema() {
    let folder = folder();
    let schema = yoikit(folder.path(), &["schema", "send"]);
    let schema: Value = serde_json::from_str(&schema.stdout).unwrap();
    let ran = send(
        folder.path(),
        &[&["tick", r#"{"payload":1}"#, "--json"], GRANTED].concat(),
    );
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(jsonschema::is_valid(&schema, &report), "{report}");
    assert_eq!((&report["ok"], &report["fresh"]), (&true.into(), &true.into()));
    assert_eq!(report["commands"][0]["verdict"], "recorded");
}

#[test]
fn an_event_comes_from_a_file_or_from_standard_input() {
    let folder = folder();
    let event = folder.path().join("event.json");
    fs::write(&event, r#"{"payload":null}"#).unwrap();
    let ran = send(folder.path(), &[&["tick", "@event.json"], GRANTED].concat());
    assert_eq!(ran.status, 0, "{}", ran.whole());
    let counter = yoi_guests::COUNTER.package().to_str().unwrap();
    let words = ["send", counter, "tick", "-", "--fresh", "--grants", "grants.toml"];
    let input = Stdio::from(fs::File::open(&event).unwrap());
    let ran = yoikit_with_input(folder.path(), &words, input);
    assert_eq!(ran.status, 0, "{}", ran.whole());
}

#[test]
fn without_grants_it_says_what_to_add() {
    let folder = folder();
    let ran = send(folder.path(), &["tick", r#"{"payload":null}"#]);
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains("permissions"), "{}", ran.stderr);
    // What is granted may be less than the ingress needs.
    let tools = "permissions = [\n    { kind = \"surface\", surface = \"tool\" },\n    { kind = \"tool_namespace\", \
                 namespace = \"counter_\" },\n]\n";
    fs::write(folder.path().join("tools.toml"), tools).unwrap();
    let ran = send(
        folder.path(),
        &[
            "tick",
            r#"{"payload":null,"correlation_id":"e-1"}"#,
            "--grants",
            "tools.toml",
        ],
    );
    insta::assert_snapshot!(ran.whole(), @r#"
    exit 1
    --- stdout
    plugin      yoikit.counter (started for this event, profile documented)
    event       tick  e-1
    verdict     not accepted: invalid plugin ingress event: plugin ingress permission denied: granted surfaces.ingress permission is missing
                  add to `permissions` in the grants:

                      { kind = "surface", surface = "ingress" },
                      { kind = "ingress", name = "tick" },
    last word   {"data":{"count":0},"state":"stopped"}
    "#);
}

#[test]
fn what_cannot_be_meant_is_usage() {
    let folder = folder();
    for (ingress, event) in [("tock", "{}"), ("tick", "{"), ("tick", r#"{"text":"hi"}"#)] {
        let ran = send(folder.path(), &[&[ingress, event], GRANTED].concat());
        assert_eq!(ran.status, 2, "{}", ran.whole());
    }
    let none = send(folder.path(), &[&["tick", "@none.json"], GRANTED].concat());
    assert_eq!(
        (none.status, none.stderr.as_str()),
        (
            3,
            "error: failed to read the event from none.json: No such file or directory (os error 2)\n"
        )
    );
    let nobody = yoikit(folder.path(), &["send", ".", "tick", "{}", "--socket", "sock"]);
    insta::assert_snapshot!(nobody.whole(), @"
    exit 3
    --- stderr
    error: no `yoikit serve` listens on that socket; without `--socket` an instance is started for the event
    ");
}
