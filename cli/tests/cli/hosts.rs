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

const CHILDREN: [&str; 3] = ["host-adapter", "--contract", "bridge"];

#[test]
fn our_own_host_of_child_agents_conforms_behind_its_adapter() {
    let mut words = vec!["--contract", "bridge", "--next", "--timeout", "10m", "--"];
    words.push(env!("CARGO_BIN_EXE_yoikit"));
    words.extend_from_slice(&CHILDREN);
    let ran = held_to_the_contract(&words);
    assert_eq!(ran.status, 0, "{}", ran.whole());
    assert!(
        ran.stdout.contains("it says that it is yoikit"),
        "{}",
        ran.whole()
    );
    // It has every ability that there is.
    assert!(!ran.stdout.contains("skipped"), "{}", ran.whole());
}

#[test]
fn the_protocol_of_an_adapter_for_child_agents_is_as_its_schemas_say() {
    let schema = |name: &str| {
        let schema = yoikit(Path::new("/"), &["schema", name]).stdout;
        jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap()
    };
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("asked");
    // As the page about it has them.
    let page = include_str!("../../../docs/bridge-host-adapter.md");
    let page = page.replace("\n   ", " ");
    let on_page =
        |sign: &str| -> Vec<&str> { page.lines().filter_map(|line| line.strip_prefix(sign)).collect() };
    let (asks, answers) = (on_page("→ "), on_page("← "));
    let credential = r#"{"id":8,"op":"credential","spec":{"adapter":"codex-cli","authMode":"api-key"}}"#;
    fs::write(&asked, [&asks[..], &[credential]].concat().join("\n")).unwrap();
    let input = Stdio::from(fs::File::open(&asked).unwrap());
    let ran = yoikit_with_input(folder.path(), &CHILDREN, input);
    assert_eq!(ran.status, 0, "{}", ran.whole());
    let said: Vec<&str> = ran.stdout.lines().collect();
    // What is asked of an exchange that is let go of need not be answered.
    assert!(said.len() >= 4, "{}", ran.whole());
    for (name, lines) in [
        ("bridge-host-ask", &asks),
        ("bridge-host-answer", &answers),
        ("bridge-host-answer", &said),
    ] {
        let schema = schema(name);
        assert!(lines.len() >= 4, "{lines:?}");
        for line in lines {
            assert!(
                schema.is_valid(&serde_json::from_str(line).unwrap()),
                "{name}: {line}"
            );
        }
    }
}

#[test]
fn a_contract_without_such_an_adapter_says_what_there_is_instead() {
    let ran = yoikit(Path::new("/"), &["host-adapter", "--contract", "ptc"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("yoikit ptc serve"), "{}", ran.whole());
}
