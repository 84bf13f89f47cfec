//! The dialects as the real children speak them.

mod app_server;
mod claude;
mod codex;
mod indusagi;

use super::*;
use crate::bridge::{BridgeFailure, FailureCode, FinishReason, Usage};

fn faithful(adapter: Adapter, output: &str) -> String {
    told(adapter, Mode::Faithful, output)
}

fn failure(events: &[NormalizedEvent]) -> &BridgeFailure {
    match events.last() {
        Some(NormalizedEvent::Failed { error }) => error,
        other => panic!("{other:?}"),
    }
}

fn finish(events: &[NormalizedEvent]) -> FinishReason {
    match events.last() {
        Some(NormalizedEvent::Finish { reason }) => *reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_child_that_ends_out_of_turn_fails_with_its_status_and_its_last_words() {
    let stderr = "error: unexpected argument '--json' found\n".to_owned();
    let ending = Ending::itself(How::Exited(1), stderr);
    let events = replay(Adapter::CodexCli, Mode::Faithful, b"Invalid API key\n", &ending);
    insta::assert_snapshot!(failure(&events).message, @"
    the child ended before it was done: exit status 1; its last words on standard error:
    error: unexpected argument '--json' found
    and on standard output, where its protocol was expected:
    Invalid API key
    ");
    let ending = Ending::itself(How::Signalled(9), String::new());
    let output = r#"{"type":"error","message":"Reconnecting... 1/2"}"#;
    let events = replay(Adapter::CodexCli, Mode::Faithful, output.as_bytes(), &ending);
    insta::assert_snapshot!(failure(&events).message, @"Reconnecting... 1/2 (killed by signal 9 (SIGKILL))");
}

#[test]
fn what_is_not_known_is_kept_word_for_word_and_noise_is_counted() {
    let output = "\u{feff}{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s\"}\n[SandboxDebug] x\n{\"type\":\"new_thing\",\"a\":1.50}\n[1]\n";
    let (mut translation, _, _) = opened(Adapter::ClaudeCli, Mode::Faithful, Opening::default());
    let mut lines = Lines::new(40);
    lines.push(output.as_bytes());
    lines.push(b"\xff\n");
    lines.push(&[b'x'; 50]);
    lines.finish();
    let mut events = Vec::new();
    for line in std::iter::from_fn(|| lines.next()) {
        events.extend(translation.line(&line).events);
    }
    let counts = translation.counts();
    assert_eq!(
        (
            counts.lines,
            counts.unknown,
            counts.noise,
            counts.not_text,
            counts.too_long
        ),
        (6, 1, 2, 1, 2)
    );
    insta::assert_snapshot!(json(&events), @r#"{"kind":"unknown","line":"{\"type\":\"new_thing\",\"a\":1.50}"}"#);
}
