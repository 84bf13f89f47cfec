//! `indusagi-wire`: what `indusagi --rpc` really speaks.
//!
//! One `submit`, events, and one `result`, also after a fault. Every snapshot holds the whole conversation, so no
//! more of one is read than is needed. The conversation lives in the process and cannot be taken up again.

use serde_json::json;
use serde_json::value::RawValue;

use super::{Dialect, Heard, Meter, Opening, Said};
use crate::ending::Ending;
use crate::event::{Activity, ActivityState, BridgeFailure, FailureCode, FinishReason, NormalizedEvent};
use crate::json::{self as read, Json};
use crate::message::Usage;

#[derive(Debug)]
pub(super) struct Wire {
    opening: Opening,
    meter: Meter,
    told_text: bool,
}

impl Wire {
    pub(super) fn new(opening: Opening) -> Self {
        Self {
            opening,
            meter: Meter::default(),
            told_text: false,
        }
    }

    fn event(&mut self, event: &RawValue, said: &mut Said) -> Heard {
        let [kind, delta, id, name, outcome] =
            read::of(Some(event), ["kind", "delta", "id", "name", "outcome"]);
        let delta = read::filled(delta);
        let activity = |state, detail: Option<&RawValue>| {
            NormalizedEvent::Activity(Activity {
                id: read::string(id).unwrap_or_default().into_owned(),
                tool: read::string(name).unwrap_or_default().into_owned(),
                state,
                title: String::new(),
                detail: detail.map(Json::from),
            })
        };
        match read::string(kind).as_deref() {
            Some("text_delta") => {
                if let Some(delta) = delta {
                    self.told_text = true;
                    said.text(delta);
                }
            }
            Some("thinking_delta") => {
                if let Some(delta) = delta {
                    said.thinking(delta);
                }
            }
            Some("tool_started") => {
                said.events.push(NormalizedEvent::Break);
                said.events.push(activity(ActivityState::Running, None));
            }
            Some("tool_finished") => {
                let [is_error] = read::of(outcome, ["isError"]);
                let state = match read::is_true(is_error) {
                    true => ActivityState::Failed,
                    false => ActivityState::Done,
                };
                said.events.push(activity(state, outcome));
            }
            // What they say comes once more with `result`, which is the end.
            Some("snapshot" | "settled" | "faulted") => {}
            _ => return Heard::Unknown,
        }
        Heard::Understood
    }

    fn result(&mut self, snapshot: Option<&RawValue>, said: &mut Said) {
        let [phase, messages, usage, error] =
            read::of(snapshot, ["phase", "messages", "usageTotal", "error"]);
        if usage.is_some() {
            self.meter.reads(usage_of(usage), said);
        }
        if error.is_some() || read::string(phase).as_deref() == Some("faulted") {
            let [kind, message] = read::of(error, ["kind", "message"]);
            let kind = read::string(kind).unwrap_or_default();
            let message = read::filled(message).unwrap_or_else(|| kind.clone());
            said.failed(BridgeFailure {
                aborted: kind == "aborted",
                ..BridgeFailure::reported(match message.is_empty() {
                    true => "indusagi says that the turn failed".into(),
                    false => message,
                })
            });
            return;
        }
        if !self.told_text {
            last_answer(messages, said);
        }
        said.finish(FinishReason::Stop);
    }
}

/// The texts of the last message, where it is the model's.
fn last_answer(messages: Option<&RawValue>, said: &mut Said) {
    let messages = read::elements(messages);
    let Some(last) = messages.last() else {
        return;
    };
    let [role, blocks] = read::of(Some(last), ["role", "blocks"]);
    if read::string(role).as_deref() != Some("assistant") {
        return;
    }
    for block in read::elements(blocks) {
        let [kind, text] = read::of(Some(block), ["kind", "text"]);
        if read::string(kind).as_deref() == Some("text")
            && let Some(text) = read::filled(text)
        {
            said.events.push(NormalizedEvent::Break);
            said.text(text);
        }
    }
}

impl Dialect for Wire {
    fn open(&mut self, said: &mut Said) {
        if self.opening.resume.is_some() {
            let message =
                "indusagi keeps a conversation no longer than its process: it cannot be taken up again";
            said.failed(BridgeFailure::new(FailureCode::Unsupported, message));
            return;
        }
        said.lines
            .push(json!({ "type": "submit", "input": self.opening.prompt }).to_string());
        // It works off what it was given before it looks at the end of its input.
        said.no_more_lines = true;
    }

    fn line(&mut self, line: &str, said: &mut Said) -> Heard {
        let Ok(Some([kind, event, snapshot, message])) =
            read::members(line, ["type", "event", "snapshot", "message"])
        else {
            return Heard::Noise;
        };
        match (read::string(kind).as_deref(), event) {
            (Some("event"), Some(event)) => return self.event(event, said),
            (Some("result"), _) => self.result(snapshot, said),
            (Some("error"), _) => {
                let message = read::filled(message).unwrap_or_else(|| "indusagi refused the request".into());
                said.failed(BridgeFailure::reported(message));
            }
            _ => return Heard::Unknown,
        }
        Heard::Understood
    }

    fn end(&mut self, _: &Ending, _: &mut Said) {}
}

fn usage_of(usage: Option<&RawValue>) -> Usage {
    let names = [
        "inputTokens",
        "outputTokens",
        "cacheReadTokens",
        "cacheWriteTokens",
    ];
    let [input, output, cached, written] = read::of(usage, names).map(read::number);
    Usage::of_tokens(input, output, cached, written)
}
