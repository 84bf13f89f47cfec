//! What the contract promises, and who tests the tester.

use std::path::Path;

use serde_json::{Value, json};

use crate::run::yoikit;

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
