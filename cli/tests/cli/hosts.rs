//! `yoikit test --side host`, and `yoikit host-adapter` at its other end.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use crate::run::{Ran, yoikit, yoikit_with_input};

fn held_to_the_contract(words: &[&str]) -> Ran {
    let mut all = vec![
        "test",
        "--side",
        "host",
        "--no-regressions",
        "--property-cases",
        "4",
    ];
    all.extend_from_slice(words);
    yoikit(Path::new("."), &all)
}

#[test]
fn our_own_host_conforms_behind_its_adapter() {
    let ran = held_to_the_contract(&["--", env!("CARGO_BIN_EXE_yoikit"), "host-adapter"]);
    assert_eq!(ran.status, 0, "{}", ran.whole());
}

#[test]
fn a_command_that_is_no_adapter_is_not_judged() {
    for command in [&["cat"][..], &["true"], &["/no/such/adapter"]] {
        let mut words = vec!["--case", "plugin.host.life", "--profile", "documented", "--"];
        words.extend_from_slice(command);
        let ran = held_to_the_contract(&words);
        assert_eq!(ran.status, 3, "{command:?}: {}", ran.whole());
    }
}

#[test]
fn a_host_has_no_path() {
    let ran = held_to_the_contract(&["plugin.wasm"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("a host has no path"), "{}", ran.whole());
}

#[test]
fn an_adapter_answers_line_by_line_until_there_is_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("asked");
    fs::write(
        &asked,
        "{\"id\":1,\"op\":\"hello\",\"protocol\":\"yoikit.host/1\"}\n",
    )
    .unwrap();
    let input = Stdio::from(fs::File::open(&asked).unwrap());
    let ran = yoikit_with_input(folder.path(), &["host-adapter"], input);
    assert_eq!(ran.status, 0, "{}", ran.whole());
    assert!(
        ran.stdout.starts_with("{\"id\":1,\"done\":{\"hello\":"),
        "{}",
        ran.whole()
    );
}

#[test]
fn the_protocol_of_an_adapter_is_as_its_schemas_say() {
    let schema = |name: &str| {
        let schema = yoikit(Path::new("/"), &["schema", name]).stdout;
        jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("asked");
    let lines = "{\"id\":1,\"op\":\"hello\",\"protocol\":\"yoikit.host/1\"}\n{\"id\":2,\"op\":\"report\"}\n";
    fs::write(&asked, lines).unwrap();
    let input = Stdio::from(fs::File::open(&asked).unwrap());
    let answers = yoikit_with_input(folder.path(), &["host-adapter"], input).stdout;
    for (name, lines) in [("host-ask", lines), ("host-answer", answers.as_str())] {
        let schema = schema(name);
        assert_eq!(lines.lines().count(), 2, "{lines}");
        for line in lines.lines() {
            assert!(
                schema.is_valid(&serde_json::from_str(line).unwrap()),
                "{name}: {line}"
            );
        }
    }
}
