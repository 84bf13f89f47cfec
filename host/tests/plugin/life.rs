//! What may be called when.

use serde_json::json;
use yoi_host::Profile;
use yoi_host::plugin::message::CommandKind;
use yoi_host::plugin::{CallError, FailureCode, Lifecycle};

use crate::support::{hostile, plugin, started, tick};

#[test]
fn a_plugin_lives_from_start_to_stop_and_keeps_its_state() {
    for profile in Profile::ALL {
        let mut counter = plugin(yoi_guests::COUNTER, profile)
            .instance(r#"{"start": 40}"#)
            .unwrap();
        assert_eq!(counter.lifecycle(), Lifecycle::Ready);
        counter.start().unwrap();
        assert_eq!(counter.lifecycle(), Lifecycle::Running);
        let added = counter.handle_tool("counter_add", r#"{"by": 1}"#).unwrap();
        assert_eq!(added.summary, "the count is 41");
        let ticked = counter.handle_ingress("tick", &tick()).unwrap();
        assert!(ticked.accepted);
        assert_eq!(ticked.data, json!({"count": 42}));
        assert_eq!(
            ticked.output_commands[0].kind,
            CommandKind::DiagnosticStatusUpdate
        );
        assert_eq!(counter.status().unwrap().data, json!({"count": 42}));
        let last = counter.stop().unwrap();
        assert_eq!(
            (last.state.as_deref(), last.data),
            (Some("stopped"), json!({"count": 42}))
        );
        assert_eq!(counter.lifecycle(), Lifecycle::Stopped);
    }
}

#[test]
fn a_tool_has_no_life_but_its_call() {
    for profile in Profile::ALL {
        let mut echo = plugin(yoi_guests::ECHO, profile).instance("null").unwrap();
        echo.start().unwrap();
        for text in ["one", "two"] {
            let output = echo
                .handle_tool("example_echo", &json!({ "text": text }).to_string())
                .unwrap();
            assert_eq!(output.content.as_deref(), Some(text));
        }
        assert_eq!(echo.lifecycle(), Lifecycle::Ready);
        insta::allow_duplicates! {
            insta::assert_snapshot!(echo.handle_ingress("tick", &tick()).unwrap_err(), @"`handle-ingress` cannot be called: component tool runtime does not expose ingress dispatch (the world `tool` has no events)");
        }
        echo.status().unwrap();
        echo.stop().unwrap();
        echo.handle_tool("example_echo", r#"{"text":""}"#).unwrap();
    }
}

#[test]
fn nothing_is_called_before_start_or_after_stop() {
    let mut counter = plugin(yoi_guests::COUNTER, Profile::Documented)
        .instance("null")
        .unwrap();
    insta::assert_snapshot!(counter.handle_tool("counter_get", "{}").unwrap_err(), @"`handle-tool` cannot be called: the plugin is ready");
    insta::assert_snapshot!(counter.status().unwrap_err(), @"`status` cannot be called: the plugin is ready");
    counter.start().unwrap();
    insta::assert_snapshot!(counter.start().unwrap_err(), @"`start` cannot be called: the plugin is running");
    counter.stop().unwrap();
    insta::assert_snapshot!(counter.handle_tool("counter_get", "{}").unwrap_err(), @"`handle-tool` cannot be called: the plugin is stopped");
    insta::assert_snapshot!(counter.handle_ingress("tick", &tick()).unwrap_err(), @"`handle-ingress` cannot be called: the plugin is stopped");
    // Stopping twice is no error: whoever shuts down need not know.
    counter.stop().unwrap();
}

#[test]
fn a_plugin_never_started_is_stopped_without_being_entered() {
    let mut counter = plugin(yoi_guests::COUNTER, Profile::Documented)
        .instance("null")
        .unwrap();
    counter.stop().unwrap();
    assert_eq!(counter.lifecycle(), Lifecycle::Stopped);
    assert!(counter.last_call().is_none());
}

#[test]
fn a_restarted_plugin_is_a_fresh_one_with_the_same_configuration() {
    let mut counter = started(yoi_guests::COUNTER, Profile::Documented, r#"{"start": 7}"#);
    counter.handle_tool("counter_add", r#"{"by": 1}"#).unwrap();
    counter.restart().unwrap();
    assert_eq!(counter.status().unwrap().data, json!({"count": 7}));
    counter.stop().unwrap();
    counter.restart().unwrap();
    assert_eq!(counter.lifecycle(), Lifecycle::Running);
}

#[test]
fn a_failed_plugin_says_why() {
    let mut instance = hostile("null");
    let fault = instance.handle_tool("trap", "null").unwrap_err();
    assert_eq!(instance.last_error(), Some(fault.to_string().as_str()));
    insta::assert_snapshot!(instance.handle_tool("echo", "null").unwrap_err(), @"`handle-tool` cannot be called: the plugin is failed (`handle-tool` trapped: wasm `unreachable` instruction executed)");
    assert!(matches!(instance.stop(), Err(CallError::NotRunning { .. })));
}

#[test]
fn a_plugin_that_calls_itself_failed_still_gets_to_stop() {
    let mut instance = hostile(r#"{"status":"failed"}"#);
    instance.status().unwrap_err();
    assert_eq!(instance.lifecycle(), Lifecycle::Failed);
    instance.stop().unwrap();
    assert_eq!(instance.lifecycle(), Lifecycle::Stopped);
}

#[test]
fn a_refused_stop_ends_all_the_same() {
    let mut instance = hostile(r#"{"stop":"loop"}"#);
    insta::assert_snapshot!(instance.stop().unwrap_err(), @"`stop` used up its 5000000 instructions");
    assert_eq!(instance.lifecycle(), Lifecycle::Failed);
}

#[test]
fn an_event_the_plugin_refuses_is_an_error_but_no_end() {
    let mut counter = started(yoi_guests::COUNTER, Profile::Documented, "null");
    let mut event = tick();
    event.ingress_name = "tock".into();
    let error = counter.handle_ingress("tock", &event).unwrap_err();
    assert_eq!(error.code(), FailureCode::Reported);
    assert_eq!(counter.lifecycle(), Lifecycle::Running);
}

#[test]
fn what_the_caller_got_wrong_never_reaches_the_guest() {
    let mut counter = started(yoi_guests::COUNTER, Profile::Documented, "null");
    let started = *counter.last_call().unwrap();
    let huge = format!("\"{}\"", "x".repeat(65536));
    insta::assert_snapshot!(counter.handle_tool("counter_get", &huge).unwrap_err(), @"the tool input has 65538 bytes, 65536 are allowed");
    insta::assert_snapshot!(counter.handle_tool("counter_get", "{").unwrap_err(), @"the tool input is not valid JSON: EOF while parsing an object at line 1 column 1");
    let mut event = tick();
    event.attempt = 0;
    insta::assert_snapshot!(counter.handle_ingress("tick", &event).unwrap_err(), @"invalid plugin ingress event: attempt must be greater than zero");
    assert_eq!(counter.last_call(), Some(&started));
    let config = plugin(yoi_guests::COUNTER, Profile::Documented)
        .instance("{]")
        .unwrap_err();
    insta::assert_snapshot!(config, @"the configuration is not valid JSON: key must be a string at line 1 column 2");
}

#[test]
fn the_same_call_takes_the_same_instructions() {
    let measure = || {
        let mut counter = started(yoi_guests::COUNTER, Profile::Documented, "null");
        counter.handle_tool("counter_get", "{}").unwrap();
        let measures = *counter.last_call().unwrap();
        (
            measures.fuel,
            measures.memory_bytes,
            measures.input_bytes,
            measures.output_bytes,
        )
    };
    assert_eq!(measure(), measure());
}

#[test]
fn what_a_guest_printed_is_read_when_it_ends() {
    let mut instance = hostile("null");
    instance.handle_tool("print", "null").unwrap();
    let log = instance.into_log().unwrap();
    assert!(
        log.text
            .contains("a line to standard output\na line to standard error\n"),
        "{}",
        log.text
    );
    let counter = started(yoi_guests::COUNTER, Profile::Documented, "null");
    assert_eq!(counter.into_log().unwrap().text, "");
}
