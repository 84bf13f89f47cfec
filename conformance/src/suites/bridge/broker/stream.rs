//! What the framework is told: blocks of a message that grows.

use serde_json::Value;
use yoi_host::bridge::{NormalizedEvent, Voice};

use super::super::door::Ability;
use super::super::transcripts::said;
use super::play::Turn;
use super::talk::{Talk, talks};
use super::{BrokerTarget, BrokerTest};
use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Clause, Context, Excuse, Side, Stop};

const BLOCKS: Clause = Clause::new(
    "contracts/bridge.md#the-frameworks-stream",
    "It begins with `start` and ends with one `done` or `error`; between them blocks come one after the other, each begun, \
     told in pieces and ended with what the pieces come to, under numbers that count up from 0.",
);
const MOMENT: Clause = Clause::new(
    "contracts/bridge.md#the-frameworks-stream",
    "Every event shows the message as it was then.",
);
const WHOLE: Clause = Clause::new(
    "contracts/bridge.md#the-frameworks-stream",
    "The message in the end holds what the events came to, without what is void.",
);

pub(super) fn tests() -> Vec<BrokerTest> {
    let must = |id, clause| Case::must(id, clause).side(Side::Host).profiles(&["faithful"]);
    vec![
        must("bridge.host.stream.blocks", BLOCKS)
            .property(talks, blocks)
            .excused(excuse),
        must("bridge.host.stream.moments", MOMENT)
            .property(talks, moments)
            .excused(excuse),
        must("bridge.host.stream.message", WHOLE)
            .property(talks, message)
            .excused(excuse),
    ]
}

fn excuse(target: &BrokerTarget) -> Option<Excuse> {
    target.lacks(Ability::Framework)
}

fn told(target: &BrokerTarget, context: &Context, talk: &Talk) -> Result<Turn, Stop> {
    let mut play = talk.play();
    play.as_framework = true;
    let (turn, _) = target.turn(context, &play)?;
    Ok(turn)
}

fn kind(event: &Value) -> &str {
    event["type"].as_str().unwrap_or_default()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn is_last(event: &Value) -> bool {
    matches!(kind(event), "done" | "error")
}

fn blocks(target: &BrokerTarget, context: &Context, talk: &Talk) -> Checked {
    let stream = told(target, context, talk)?.stream;
    let wrong = |expected: &str, event: &Value| Stop::fail(expected, event.to_string());
    let (mut open, mut pieces, mut next) = (None::<String>, String::new(), 0_u64);
    for (place, event) in stream.iter().enumerate() {
        let (is_first, kind) = (place == 0, kind(event));
        if is_first != (kind == "start") {
            return Err(wrong("`start` first, and only there", event));
        }
        if is_last(event) != (place + 1 == stream.len()) {
            return Err(wrong("`done` or `error` last, and only there", event));
        }
        let index = &event["contentIndex"];
        match kind.split_once('_') {
            Some((what, "start")) => {
                if open.is_some() || *index != next {
                    return Err(wrong(
                        &format!("a block {next} after the end of the one before"),
                        event,
                    ));
                }
                (open, next) = (Some(what.to_owned()), next + 1);
                pieces.clear();
            }
            Some((what, step)) => {
                if open.as_deref() != Some(what) || *index != next - 1 {
                    return Err(wrong("what belongs to the block under way", event));
                }
                if step == "delta" {
                    pieces.push_str(text(&event["delta"]));
                    continue;
                }
                let whole = match what {
                    "toolcall" => event["toolCall"]["arguments"].to_string(),
                    _ => text(&event["content"]).to_owned(),
                };
                let told = match what {
                    "toolcall" => json(&pieces).to_string(),
                    _ => pieces.clone(),
                };
                expect_eq("what the pieces of the block come to", &told, &whole)?;
                open = None;
            }
            None if is_last(event) && open.is_some() => {
                return Err(wrong("every block ended before the end", event));
            }
            None => {}
        }
    }
    expect(
        stream.len() >= 2,
        || "a first and a last event".to_owned(),
        || format!("{stream:?}"),
    )
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

/// The texts of a message, and the names of the tools that it calls.
fn parts(message: &Value) -> Vec<String> {
    let parts = message["content"].as_array().into_iter().flatten();
    parts
        .map(|part| {
            let named = ["text", "thinking", "name"].map(|name| text(&part[name]));
            named.concat()
        })
        .collect()
}

fn moments(target: &BrokerTarget, context: &Context, talk: &Talk) -> Checked {
    let mut so_far: Vec<String> = Vec::new();
    for event in told(target, context, talk)?.stream {
        if is_last(&event) {
            break;
        }
        match kind(&event) {
            "text_start" | "thinking_start" => so_far.push(String::new()),
            "toolcall_start" => {
                let shown = parts(&event["partial"]);
                so_far.push(shown.last().cloned().unwrap_or_default());
            }
            "text_delta" | "thinking_delta" => {
                if let Some(last) = so_far.last_mut() {
                    last.push_str(text(&event["delta"]));
                }
            }
            _ => {}
        }
        expect_eq(
            &format!("the message at `{}`", kind(&event)),
            &so_far,
            &parts(&event["partial"]),
        )?;
    }
    Ok(())
}

fn message(target: &BrokerTarget, context: &Context, talk: &Talk) -> Checked {
    let stream = told(target, context, talk)?.stream;
    let (turn, _) = target.turn(context, &talk.play())?;
    let last = stream.last().cloned().unwrap_or_default();
    let message = match kind(&last) {
        "done" => &last["message"],
        _ => &last["error"],
    };
    let all = |name: &str| {
        let parts = message["content"].as_array().into_iter().flatten();
        parts.map(|part| text(&part[name])).collect::<String>()
    };
    expect_eq("the answer", &said(&turn.events, Voice::Text), &all("text"))?;
    expect_eq(
        "the thoughts",
        &said(&turn.events, Voice::Thinking),
        &all("thinking"),
    )?;
    let calls = turn
        .events
        .iter()
        .filter(|event| event.kind() == "tool_call")
        .count();
    let parts = message["content"].as_array().into_iter().flatten();
    let told = parts.filter(|part| part["type"] == "toolCall").count();
    expect_eq("the number of tool calls", &calls, &told)?;
    let reason = match turn.events.last() {
        Some(NormalizedEvent::Finish { reason }) => serde_json::to_value(reason).unwrap_or_default(),
        Some(NormalizedEvent::Failed { error }) if error.aborted => "aborted".into(),
        _ => "error".into(),
    };
    expect_eq("why it is over", &reason, &message["stopReason"])
}
