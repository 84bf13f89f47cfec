//! Whatever a guest does, its call ends with a named error, and the process goes on.

use std::time::Duration;

use yoi_host::component::World;
use yoi_host::engine::{Denied, EngineOptions};
use yoi_host::imports::{HostError, HostErrorCode};
use yoi_host::plugin::message::IngressEvent;
use yoi_host::plugin::{CallError, Cause, Entry, FailureCode, Fault, Lifecycle, Plugin};
use yoi_host::{Limits, Profile};

use crate::support::{bytes_of, engine, error, failure, hostile, plugin};

/// The fault of a tool call on a fresh plugin; afterwards the plugin can be restarted and is well.
fn fault(mode: &str) -> String {
    let mut instance = hostile("null");
    let message = failure(&mut instance, mode);
    assert_eq!(instance.lifecycle(), Lifecycle::Failed, "after {mode}");
    assert!(matches!(
        instance.handle_tool("echo", "1"),
        Err(CallError::NotRunning { .. })
    ));
    instance.restart().unwrap();
    instance.handle_tool("echo", "1").unwrap();
    message
}

#[test]
fn an_endless_loop_uses_up_its_instructions() {
    insta::assert_snapshot!(fault("loop"), @"`handle-tool` used up its 5000000 instructions");
}

#[test]
fn an_endless_loop_with_instructions_to_spare_meets_its_deadline() {
    let limits = Limits::of(Profile::Documented)
        .with_fuel(u64::MAX)
        .with_call_timeout(Duration::from_millis(50));
    let hostile = bytes_of(yoi_guests::HOSTILE);
    let plugin = Plugin::load_with(engine(Profile::Documented), &hostile, limits).unwrap();
    let mut instance = plugin.instance("null").unwrap();
    instance.start().unwrap();
    insta::assert_snapshot!(failure(&mut instance, "loop"), @"`handle-tool` ran longer than 50ms");
}

#[test]
fn an_endless_loop_can_be_cancelled_from_another_thread() {
    let limits = Limits::of(Profile::Documented)
        .with_fuel(u64::MAX)
        .with_call_timeout(Duration::from_secs(600));
    let hostile = bytes_of(yoi_guests::HOSTILE);
    let plugin = Plugin::load_with(engine(Profile::Documented), &hostile, limits).unwrap();
    let mut instance = plugin.instance("null").unwrap();
    instance.start().unwrap();
    let cancel = instance.canceller();
    let canceller = std::thread::spawn(move || cancel.cancel());
    insta::assert_snapshot!(failure(&mut instance, "loop"), @"`handle-tool` was cancelled");
    canceller.join().unwrap();
    // Cancelling lasts until it is taken back.
    assert!(matches!(instance.restart(), Err(CallError::Fault(fault)) if fault.cause == Cause::Cancelled));
    instance.canceller().reset();
    instance.restart().unwrap();
}

#[test]
fn a_runaway_recursion_uses_up_its_stack() {
    insta::assert_snapshot!(fault("recursion"), @"`handle-tool` used up its 1048576 bytes of stack");
}

#[test]
fn a_runaway_recursion_is_harmless_on_a_small_thread_too() {
    for profile in Profile::ALL {
        let mut instance = plugin(yoi_guests::HOSTILE, profile).instance("null").unwrap();
        let small = std::thread::Builder::new().stack_size(128 * 1024);
        let handle = small.spawn(move || {
            instance.start().unwrap();
            error(&mut instance, "recursion").code()
        });
        assert_eq!(handle.unwrap().join().unwrap(), FailureCode::Stack);
    }
}

#[test]
fn a_recursion_that_leaves_its_memory_is_told_from_any_other_trap() {
    // As compilers do it: the stack begins low in memory and grows down, to where there is nothing.
    let component = wat::parse_str(
        r#"(component
            (core module $m
                (memory (export "memory") 1)
                (global $stack (mut i32) (i32.const 65536))
                (func $deeper (result i32)
                    (global.set $stack (i32.sub (global.get $stack) (i32.const 1024)))
                    (i32.store (global.get $stack) (i32.const 1))
                    (i32.add (call $deeper) (i32.const 1)))
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0))
                (func (export "call") (param i32 i32 i32 i32) (result i32) (call $deeper)))
            (core instance $i (instantiate $m))
            (func (export "call") (param "tool-name" string) (param "input-json" string) (result string)
                (canon lift (core func $i "call") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#,
    )
    .unwrap();
    let plugin = Plugin::load(engine(Profile::Documented), &component).unwrap();
    let mut instance = plugin.instance("null").unwrap();
    insta::assert_snapshot!(failure(&mut instance, "any"), @"`call` used up the stack in its memory: `deeper` calls itself");
}

#[test]
fn growing_the_memory_ends_at_the_limit() {
    insta::assert_snapshot!(fault("memory"), @"`handle-tool` wanted too much: memory would grow to 2162688 bytes, 2097152 are allowed");
}

#[test]
fn growing_a_table_ends_at_the_limit() {
    insta::assert_snapshot!(fault("table"), @"`handle-tool` wanted too much: a table would grow to 8213 elements, 8192 are allowed");
}

#[test]
fn a_trap_keeps_its_cause() {
    insta::assert_snapshot!(fault("trap"), @"`handle-tool` trapped: wasm `unreachable` instruction executed");
}

#[test]
fn a_panic_tells_its_message_and_its_place() {
    let mut instance = hostile("null");
    let CallError::Fault(fault) = error(&mut instance, "panic") else {
        panic!("not a fault")
    };
    let Cause::Panic { message, place } = &fault.cause else {
        panic!("not a panic: {fault}")
    };
    assert_eq!(message, "the guest panics as it was told to, at call 2");
    assert!(place.starts_with("hostile/src/mode.rs:"), "{place}");
    // The trace begins where the panic was raised, not in what raises it.
    assert!(
        fault.trace[0].function.starts_with("hostile::"),
        "{:?}",
        fault.trace
    );
    assert!(fault.log.as_ref().unwrap().text.contains(message));
}

#[test]
fn what_is_no_string_is_no_answer() {
    insta::assert_snapshot!(fault("bad-utf8"), @"`handle-tool` handed over no valid string: invalid utf-8 sequence of 1 bytes from index 12");
    insta::assert_snapshot!(fault("bad-length"), @"`handle-tool` handed over no valid string: string pointer/length out of bounds of memory");
    insta::assert_snapshot!(fault("bad-pointer"), @"`handle-tool` handed over no valid string: string pointer/length out of bounds of memory");
}

#[test]
fn an_answer_against_the_contract_costs_that_call_only() {
    let mut instance = hostile("null");
    let mut say = |mode| failure(&mut instance, mode);
    insta::assert_snapshot!(say("empty"), @"`handle-tool` answered nothing");
    insta::assert_snapshot!(say("bad-json"), @"`handle-tool` answered something that is not JSON: EOF while parsing a string at line 1 column 18");
    insta::assert_snapshot!(say("array"), @"`handle-tool` answered an array where an object is wanted");
    insta::assert_snapshot!(say("not-an-object"), @"`handle-tool` answered a string where an object is wanted");
    insta::assert_snapshot!(say("unknown-key"), @"`handle-tool` answered an object with the key `attachments`, which is not part of it");
    insta::assert_snapshot!(say("big-output"), @"`handle-tool` answered 70041 bytes, 65536 are allowed");
    insta::assert_snapshot!(say("no-summary"), @"`handle-tool` answered an object without `summary`");
    insta::assert_snapshot!(say("empty-summary"), @"`handle-tool` answered with an empty `summary`");
    insta::assert_snapshot!(say("long-summary"), @"`handle-tool` answered with a `summary` of 1200 bytes, 1024 are allowed");
    insta::assert_snapshot!(say("bad-summary"), @"`handle-tool` answered with `summary` as a number; it must be a string");
    insta::assert_snapshot!(say("bad-content"), @"`handle-tool` answered with `content` as an object; it must be a string or null");
    assert_eq!(instance.lifecycle(), Lifecycle::Running);
    instance.handle_tool("echo", "1").unwrap();
}

#[test]
fn an_answer_too_large_is_measured_all_the_same() {
    let mut instance = hostile("null");
    let error = error(&mut instance, "big-output");
    assert_eq!(error.code(), FailureCode::OutputTooLarge);
    assert!(instance.last_call().unwrap().output_bytes.unwrap() > 65536);
}

#[test]
fn every_export_may_trap_and_says_which_it_was() {
    let event = |name: &str| IngressEvent {
        kind: "test".into(),
        source: "test".into(),
        ingress_name: name.into(),
        payload: serde_json::Value::Null,
        created_at: "2026-11-20T10:00:00.000Z".into(),
        attempt: 1,
        correlation_id: "e-1".into(),
    };
    for mode in [
        "trap",
        "loop",
        "recursion",
        "memory",
        "table",
        "panic",
        "bad-length",
    ] {
        for entry in [Entry::Start, Entry::HandleIngress, Entry::Status, Entry::Stop] {
            let key = match entry {
                Entry::HandleIngress => "ingress",
                other => other.name(),
            };
            let config = format!("{{\"{key}\": \"{mode}\"}}");
            let mut instance = plugin(yoi_guests::HOSTILE, Profile::Documented)
                .instance(&config)
                .unwrap();
            let started = instance.start();
            let ended = match entry {
                Entry::Start => started.map(drop),
                Entry::HandleIngress => instance.handle_ingress("any", &event("any")).map(drop),
                Entry::Status => instance.status().map(drop),
                _ => instance.stop().map(drop),
            };
            let Err(CallError::Fault(fault)) = ended else {
                panic!("{entry} {mode}: {ended:?}")
            };
            assert_eq!(fault.entry, entry, "{mode}");
            assert_eq!(instance.lifecycle(), Lifecycle::Failed);
        }
    }
}

#[test]
fn a_start_function_that_never_ends_is_a_fault_of_the_instantiation() {
    let component = wat::parse_str(
        r#"(component
            (core module $m
                (func $spin (loop br 0))
                (start $spin)
                (memory (export "memory") 1)
                (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
                (func (export "call") (param i32 i32 i32 i32) (result i32) unreachable))
            (core instance $i (instantiate $m))
            (func (export "call") (param "tool-name" string) (param "input-json" string) (result string)
                (canon lift (core func $i "call") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#,
    )
    .unwrap();
    let plugin = Plugin::load(engine(Profile::Documented), &component).unwrap();
    let mut instance = plugin.instance("null").unwrap();
    insta::assert_snapshot!(failure(&mut instance, "any"), @"`instantiate` used up its 5000000 instructions");
}

#[test]
fn an_instance_for_which_there_is_no_room_is_not_set_up() {
    let options = EngineOptions::new(Profile::Documented).instances(1);
    let plugin = Plugin::load(&options.build().unwrap(), &bytes_of(yoi_guests::COUNTER)).unwrap();
    let mut first = plugin.instance("null").unwrap();
    first.start().unwrap();
    let mut second = plugin.instance("null").unwrap();
    insta::assert_snapshot!(second.start().unwrap_err(), @"`instantiate` could not be set up: maximum concurrent limit of 1 for component instances reached");
    drop(first);
    second.restart().unwrap();
}

#[test]
fn a_failure_that_the_plugin_reports_is_told_in_its_words() {
    let mut said = Vec::new();
    for (config, entry) in [
        (r#"{"start":"error"}"#, Entry::Start),
        (r#"{"start":"failed"}"#, Entry::Start),
        (r#"{"status":"error"}"#, Entry::Status),
        (r#"{"stop":"error"}"#, Entry::Stop),
        (r#"{"start":"array"}"#, Entry::Start),
        (r#"{"start":"bad-json"}"#, Entry::Start),
        (r#"{"status":"empty"}"#, Entry::Status),
        (r#"{"stop":"big-output"}"#, Entry::Stop),
    ] {
        let mut instance = plugin(yoi_guests::HOSTILE, Profile::Documented)
            .instance(config)
            .unwrap();
        let ended = match (instance.start(), entry) {
            (started, Entry::Start) => started,
            (_, Entry::Status) => instance.status(),
            _ => instance.stop(),
        };
        said.push(ended.unwrap_err().to_string());
        assert_eq!(instance.lifecycle(), Lifecycle::Failed);
    }
    insta::assert_snapshot!(said.join("\n"), @r#"
    `start` reported a failure: {"error":{"message":"guest said no"}}
    `start` reported a failure: {"data":{"reason":"guest said no"},"state":"failed"}
    `status` reported a failure: {"error":{"message":"guest said no"}}
    `stop` reported a failure: {"error":{"message":"guest said no"}}
    `start` answered an array where an object is wanted
    `start` answered something that is not JSON: EOF while parsing a string at line 1 column 18
    `status` answered nothing
    `stop` answered 70029 bytes, 65536 are allowed
    "#);
}

#[test]
fn every_cause_has_its_words_and_its_code() {
    let text = || "a".to_owned();
    let told = [
        Cause::Fuel { budget: 7 },
        Cause::Deadline(Duration::from_millis(50)),
        Cause::Cancelled,
        Cause::Stack { limit: 7 },
        Cause::OwnStack { function: text() },
        Cause::Limit(Denied::Memory { wanted: 8, limit: 7 }),
        Cause::Limit(Denied::Table { wanted: 8, limit: 7 }),
        Cause::Panic {
            message: text(),
            place: "src/lib.rs:1:2".to_owned(),
        },
        Cause::Trap(text()),
        Cause::HostCall(HostError::new(HostErrorCode::Io, text())),
        Cause::NotAString(text()),
        Cause::Gone,
        Cause::Setup(text()),
    ]
    .map(|cause| {
        let code = cause.code();
        let fault = Fault {
            entry: Entry::Call,
            cause,
            trace: Vec::new(),
            log: None,
        };
        format!("{code}: {fault}")
    });
    insta::assert_snapshot!(told.join("\n"), @"
    fault.fuel: `call` used up its 7 instructions
    fault.deadline: `call` ran longer than 50ms
    fault.cancelled: `call` was cancelled
    fault.stack: `call` used up its 7 bytes of stack
    fault.stack: `call` used up the stack in its memory: `a` calls itself
    fault.memory: `call` wanted too much: memory would grow to 8 bytes, 7 are allowed
    fault.table: `call` wanted too much: a table would grow to 8 elements, 7 are allowed
    fault.panic: `call` panicked at src/lib.rs:1:2: a
    fault.trap: `call` trapped: a
    fault.host-call: `call` was ended by a host call: a
    fault.not-a-string: `call` handed over no valid string: a
    fault.gone: `call` cannot be entered: an earlier fault ended this instance
    fault.setup: `call` could not be set up: a
    ");
}

#[test]
fn a_call_that_fails_without_a_fault_says_why() {
    let entry = Entry::Status;
    let told = [
        CallError::NotRunning {
            entry,
            lifecycle: Lifecycle::Stopping,
            last_error: Some("because".to_owned()),
        },
        CallError::NoExport {
            entry,
            world: World::Instance,
        },
        CallError::NoExport {
            entry: Entry::HandleIngress,
            world: World::Tool,
        },
        CallError::NoRestart,
        CallError::TooLate {
            entry,
            took: Duration::from_millis(1500),
            limit: Duration::from_secs(1),
        },
    ]
    .map(|error| format!("{}: {error}", error.code()));
    insta::assert_snapshot!(told.join("\n"), @"
    not-running: `status` cannot be called: the plugin is stopping (because)
    no-export: `status` cannot be called: component does not export expected `yoi:plugin/instance@1.0.0` status function
    no-export: `handle-ingress` cannot be called: component tool runtime does not expose ingress dispatch (the world `tool` has no events)
    no-restart: the yoi host does not restart a plugin
    too-late: `status` answered after 1.5s, 1s are allowed
    ");
}
