//! What is different under profile `yoi`: today's host, faults included.

use std::time::Duration;

use yoi_host::Profile;
use yoi_host::plugin::message::OutputError;
use yoi_host::plugin::{CallError, Entry, FailureCode, Lifecycle, LoadError, Plugin};

use crate::support::{bytes_of, engine, error, started};

#[test]
fn a_component_that_uses_an_import_is_not_instantiated() {
    let refused = Plugin::load(engine(Profile::Yoi), &bytes_of(yoi_guests::CALLER)).unwrap_err();
    assert!(matches!(refused, LoadError::Refused { .. }));
    insta::assert_snapshot!(refused, @"
    the component does not fit the contract under profile `yoi`:
    refused: needs 3 core instances, the yoi host allows 1: it cannot instantiate a component that uses a host import
    ");
}

#[test]
fn a_trap_in_a_tool_goes_unnoticed_until_the_status_is_asked_for() {
    let mut instance = started(yoi_guests::HOSTILE, Profile::Yoi, "null");
    error(&mut instance, "trap");
    assert_eq!(instance.lifecycle(), Lifecycle::Running);
    insta::assert_snapshot!(error(&mut instance, "echo"), @"`handle-tool` cannot be entered: an earlier fault ended this instance");
    instance.status().unwrap_err();
    assert_eq!(instance.lifecycle(), Lifecycle::Failed);
    // Tools are called without a look at the life cycle; stopping cannot enter the guest either.
    assert_eq!(error(&mut instance, "echo").code(), FailureCode::Gone);
    assert_eq!(instance.stop().unwrap_err().code(), FailureCode::Gone);
    assert_eq!(instance.lifecycle(), Lifecycle::Failed);
}

#[test]
fn a_plugin_that_died_is_not_restarted() {
    let mut instance = started(yoi_guests::HOSTILE, Profile::Yoi, "null");
    insta::assert_snapshot!(instance.restart().unwrap_err(), @"the yoi host does not restart a plugin");
}

#[test]
fn the_operator_is_shown_older_and_fewer_words() {
    let shown = |mode: &str| {
        let mut instance = started(yoi_guests::HOSTILE, Profile::Yoi, "null");
        error(&mut instance, mode).in_yoi_words()
    };
    insta::assert_snapshot!(shown("empty"), @"WASM output error: guest did not call output_write");
    insta::assert_snapshot!(shown("unknown-key"), @"WASM output error: guest output contains unsupported key `attachments`");
    insta::assert_snapshot!(shown("big-output"), @"WASM output error: guest output exceeds 65536 bytes");
    insta::assert_snapshot!(shown("long-summary"), @"WASM output error: guest output summary exceeds 1024 bytes");
    let trap = shown("trap");
    assert!(
        trap.starts_with("WASM execution error: error while executing at wasm backtrace:\n    0: "),
        "{trap}"
    );
    assert!(!trap.contains("unreachable"), "the cause is lost: {trap}");
}

#[test]
fn every_answer_against_the_contract_has_its_older_words() {
    let text = || "a".to_owned();
    let told = [
        OutputError::Empty,
        OutputError::TooLarge { bytes: 8, limit: 7 },
        OutputError::NotJson(text()),
        OutputError::NotAnObject { found: "an array" },
        OutputError::UnsupportedKey(text()),
        OutputError::Missing("summary"),
        OutputError::WrongType {
            key: "summary",
            found: "a number",
            wanted: "a string",
        },
        OutputError::WrongType {
            key: "content",
            found: "a number",
            wanted: "a string or null",
        },
        OutputError::EmptySummary,
        OutputError::LongSummary { bytes: 8, limit: 7 },
    ]
    .map(|error| {
        let entry = Entry::Call;
        CallError::Output { entry, error }.in_yoi_words()
    });
    insta::assert_snapshot!(told.join("\n"), @"
    WASM output error: guest did not call output_write
    WASM output error: guest output exceeds 7 bytes
    WASM output error: guest output is not valid JSON: a
    WASM output error: guest output JSON must be an object
    WASM output error: guest output contains unsupported key `a`
    WASM output error: guest output must include a summary string
    WASM output error: guest output summary must be a string
    WASM output error: guest output content must be a string or null
    WASM output error: guest output summary must not be empty
    WASM output error: guest output summary exceeds 7 bytes
    ");

    let entry = Entry::Status;
    let told = [
        CallError::Output {
            entry,
            error: OutputError::Empty,
        },
        CallError::Output {
            entry,
            error: OutputError::TooLarge { bytes: 8, limit: 7 },
        },
        CallError::Output {
            entry,
            error: OutputError::NotJson(text()),
        },
        CallError::Reported {
            entry,
            answer: r#"{"error":"a"}"#.to_owned(),
        },
        CallError::Reported {
            entry,
            answer: r#"{"state":"failed"}"#.to_owned(),
        },
        CallError::TooLate {
            entry,
            took: Duration::from_secs(2),
            limit: Duration::from_secs(1),
        },
    ]
    .map(|error| error.in_yoi_words());
    insta::assert_snapshot!(told.join("\n"), @r#"
    WASM output error: plugin component status output is not JSON: EOF while parsing a value at line 1 column 0
    WASM output error: plugin component status output exceeds 7 bytes
    WASM output error: plugin component status output is not JSON: a
    plugin component status returned error: {"error":"a"}
    plugin component status returned failed status: {"state":"failed"}
    plugin tool timed out after 1s
    "#);
}

#[test]
fn an_answer_too_late_counts_as_none_though_it_was_given() {
    use yoi_host::Limits;
    let limits = Limits::of(Profile::Yoi).with_call_timeout(Duration::from_nanos(1));
    let plugin = Plugin::load_with(engine(Profile::Yoi), &bytes_of(yoi_guests::ECHO), limits).unwrap();
    let mut echo = plugin.instance("null").unwrap();
    // One nanosecond is over before the guest is entered, ten times as much may not be: either way it failed.
    let error = echo.handle_tool("example_echo", r#"{"text":"x"}"#).unwrap_err();
    assert!(
        matches!(error, CallError::TooLate { .. } | CallError::Fault(_)),
        "{error}"
    );
}
