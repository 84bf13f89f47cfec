//! Components that do one thing each, most of them a wrong one.

use super::*;
use crate::bridge::{FinishReason, Translation};
use crate::wire::Line;

/// A component whose `line` is this body, and whose other exports answer with `{}`.
fn component(line: &str) -> Vec<u8> {
    let exports: String = ["open", "line", "end"]
        .iter()
        .map(|name| {
            format!(
                "(func (export \"{name}\") (param \"text\" string) (result string)
                   (canon lift (core func $i \"{name}\") (memory (core memory $i \"memory\")) (realloc (core func $i \"realloc\"))))"
            )
        })
        .collect();
    let text = format!(
        "(component
          (core module $m
            (memory (export \"memory\") 2)
            (data (i32.const 0) \"\\20\\00\\00\\00\\02\\00\\00\\00\")
            (data (i32.const 32) \"{{}}\")
            (func (export \"realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 65536))
            (func (export \"open\") (param i32 i32) (result i32) (i32.const 0))
            (func (export \"end\") (param i32 i32) (result i32) (i32.const 0))
            {line})
          (core instance $i (instantiate $m))
          {exports})"
    );
    wat::parse_str(text).unwrap()
}

/// A `line` that always answers this.
fn answering(answer: &str) -> Vec<u8> {
    let length = answer.len();
    let bytes: String = answer.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let length: String = length.to_le_bytes()[..4]
        .iter()
        .map(|byte| format!("\\{byte:02x}"))
        .collect();
    component(&format!(
        "(data (i32.const 8) \"\\00\\01\\00\\00{length}\")
         (data (i32.const 256) \"{bytes}\")
         (func (export \"line\") (param i32 i32) (result i32) (i32.const 8))"
    ))
}

fn doing(body: &str) -> Vec<u8> {
    component(&format!(
        "(func (export \"line\") (param i32 i32) (result i32) {body} (i32.const 0))"
    ))
}

fn engine() -> Engine {
    Engine::new(Profile::Documented).unwrap()
}

fn heard(engine: &Engine, bytes: &[u8]) -> Vec<NormalizedEvent> {
    let component = DialectComponent::load(engine, bytes).unwrap();
    let dialect = component.dialect(&Opening::default()).unwrap();
    let mut translation = Translation::new(dialect, Mode::Faithful);
    let mut events = translation.open().events;
    events.extend(translation.line(&Line::Text("hello".to_owned())).events);
    events.extend(translation.end(&Ending::default()).events);
    events
}

fn failure(events: &[NormalizedEvent]) -> String {
    match events {
        [NormalizedEvent::Failed { error }] => format!("{:?}: {}", error.code.unwrap(), error.message),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_component_says_is_told_as_it_was_written() {
    let answer = r#"{"events":[{"kind":"tool_call","call":{"id":"a","name":"b","arguments":{"z": 1.0, "a": 2}}},
        {"kind":"finish","reason":"length"}],"lines":["bye"],"noMoreLines":true}"#;
    let events = heard(&engine(), &answering(answer));
    let [
        NormalizedEvent::ToolCall { call },
        NormalizedEvent::Finish { reason },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(
        (call.arguments.text(), *reason),
        (r#"{"z": 1.0, "a": 2}"#, FinishReason::Length)
    );
}

#[test]
fn a_dialect_that_fails_fails_its_exchange_and_no_other() {
    let engine = engine();
    let cases = [
        (doing("unreachable"), "it trapped: "),
        (doing("(loop $l (br $l))"), "it used up its instructions"),
        (
            doing("(drop (memory.grow (i32.const 20000)))"),
            "memory would grow to ",
        ),
        (answering("[]"), "its answer is none of a dialect: "),
        (answering(r#"{"heard":"perhaps"}"#), "it says `perhaps` of a line"),
        (
            answering(r#"{"events":[{"kind":"song"}]}"#),
            "its event is none: unknown variant `song`",
        ),
        (
            answering(r#"{"lines":["one\ntwo"]}"#),
            "what it says to the child is more than a line: one two",
        ),
    ];
    for (bytes, words) in cases {
        let failure = failure(&heard(&engine, &bytes));
        let wanted = format!("Dialect: the dialect failed: {words}");
        assert!(failure.starts_with(&wanted), "{failure}");
    }
    let fine = heard(
        &engine,
        &answering(r#"{"events":[{"kind":"finish","reason":"stop"}]}"#),
    );
    assert!(matches!(fine[..], [NormalizedEvent::Finish { .. }]), "{fine:?}");
}

#[test]
fn what_is_no_dialect_is_not_loaded() {
    let engine = engine();
    let import = wat::parse_str("(component (import \"wasi:clocks/wall-clock@0.2.6\" (instance)))").unwrap();
    let empty = wat::parse_str("(component)").unwrap();
    let module = wat::parse_str("(module)").unwrap();
    let text = br#"{"type":"thread.started"}"#.to_vec();
    let refused = [import, empty, module, text]
        .map(|bytes| DialectComponent::load(&engine, &bytes).unwrap_err().to_string());
    insta::assert_snapshot!(refused.join("\n"), @"
    a dialect has nothing but the text that it is given, and this imports `wasi:clocks/wall-clock@0.2.6`
    it does not export `open: func(string) -> string`: a dialect stands in the world yoi:bridge/dialect
    this is a core WebAssembly module, not a component: it has to be made one first
    not WebAssembly: a text file
    ");
}
