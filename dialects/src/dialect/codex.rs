//! `codex-cli`: what `codex exec --json` prints.
//!
//! The prompt is all that is said, and as it is: standard input is text. Items come whole. Only `turn.completed` and
//! `turn.failed` end a turn: an `error` by itself is a reconnect that may go well, or comes again as `turn.failed`.

use serde_json::value::RawValue;

use super::items::{activity, is_cut_off, is_unknown_thread};
use super::telling::Telling;
use super::{Dialect, Heard, Meter, Opening, Said};
use crate::ending::Ending;
use crate::event::{BridgeFailure, FailureCode, FinishReason, NormalizedEvent, ToolCall, Voice};
use crate::json::{self, Json};
use crate::message::Usage;

/// The name of a text that comes in pieces which do not say what item they belong to.
const NAMELESS: &str = "";

#[derive(Debug)]
pub(super) struct Codex {
    prompt: String,
    text: Telling,
    thinking: Telling,
    called: bool,
    /// The conversation that was to be taken up again, until codex says which it is.
    resume: Option<String>,
    meter: Meter,
    /// The last error that ended nothing.
    error: Option<String>,
}

impl Codex {
    pub(super) fn new(opening: Opening) -> Self {
        Self {
            text: Telling::of(Voice::Text),
            thinking: Telling::of(Voice::Thinking),
            called: false,
            meter: Meter::from(&opening),
            prompt: opening.prompt,
            resume: opening.resume,
            error: None,
        }
    }

    /// Asked to go on with what it has no thread of, and what could be a thread's title, codex begins a new one.
    fn begins(&mut self, thread: &str, said: &mut Said) {
        if let Some(asked) = self.resume.take().filter(|asked| asked != thread) {
            said.notice(format!(
                "codex was to go on with `{asked}`, and calls its conversation `{thread}`: it may be a new one"
            ));
            self.meter = Meter::of_another_conversation();
        }
        said.resume(thread);
    }

    fn item(&mut self, item: &RawValue, phase: Phase, said: &mut Said) -> Heard {
        let [kind, text, message] = json::of(Some(item), ["type", "text", "message"]);
        let Some(kind) = json::string(kind) else {
            return Heard::Unknown;
        };
        let id = json::string(json::first(item, "id")).unwrap_or_default();
        match &*kind {
            "agent_message" => told(&mut self.text, &id, text, phase, said),
            "reasoning" => told(&mut self.thinking, &id, text, phase, said),
            "error" => said.notice(json::string(message).unwrap_or_default()),
            "function_call" | "tool_call" if phase == Phase::Over => self.call(item, said),
            "function_call" | "tool_call" => {}
            kind => match activity(kind, item, phase == Phase::Over) {
                Some(activity) => said.events.push(NormalizedEvent::Activity(activity)),
                None => return Heard::Unknown,
            },
        }
        Heard::Understood
    }

    fn call(&mut self, item: &RawValue, said: &mut Said) {
        let [call_id, id, name, arguments] = json::of(Some(item), ["call_id", "id", "name", "arguments"]);
        let Some(name) = json::filled(name) else {
            return;
        };
        self.called = true;
        let id = json::filled(call_id).or_else(|| json::filled(id));
        let call = ToolCall {
            id: id.unwrap_or_else(|| name.clone()).into_owned(),
            name: name.into_owned(),
            arguments: arguments_of(arguments),
        };
        said.events.push(NormalizedEvent::ToolCall { call });
    }
}

/// The arguments of a call: an object, or a text that is one.
pub(super) fn arguments_of(arguments: Option<&RawValue>) -> Json {
    let object = match arguments {
        Some(object) if json::is_object(object) => Some(Json::from(object)),
        text => json::string(text).and_then(|text| Json::of_text(&text)),
    };
    object
        .filter(|object| object.text().starts_with('{'))
        .unwrap_or_else(Json::empty_object)
}

/// How far an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Begun,
    Going,
    Over,
}

fn told(telling: &mut Telling, id: &str, text: Option<&RawValue>, phase: Phase, said: &mut Said) {
    if phase == Phase::Begun {
        telling.begin(id);
    }
    if telling.knows(NAMELESS) {
        telling.rename(NAMELESS, id);
    }
    if let Some(text) = json::filled(text) {
        telling.whole(id, &text, &mut said.events);
    }
}

impl Dialect for Codex {
    fn open(&mut self, said: &mut Said) {
        said.lines.push(std::mem::take(&mut self.prompt));
        said.no_more_lines = true;
    }

    fn line(&mut self, line: &str, said: &mut Said) -> Heard {
        let names = [
            "type",
            "thread_id",
            "item",
            "usage",
            "error",
            "message",
            "delta",
            "item_id",
        ];
        let Ok(Some([kind, thread, item, usage, error, message, delta, item_id])) =
            json::members(line, names)
        else {
            return Heard::Noise;
        };
        let Some(kind) = json::string(kind) else {
            return Heard::Unknown;
        };
        let item_id = || json::string(item_id).unwrap_or(NAMELESS.into());
        match (&*kind, item) {
            ("thread.started", _) => {
                if let Some(thread) = json::filled(thread) {
                    self.begins(&thread, said);
                }
            }
            ("turn.started" | "item.plan.delta", _) => {}
            ("item.started", Some(item)) => return self.item(item, Phase::Begun, said),
            ("item.updated", Some(item)) => return self.item(item, Phase::Going, said),
            ("item.completed" | "response.output_item.done", Some(item)) => {
                return self.item(item, Phase::Over, said);
            }
            // What the reference expects, and codex does not print.
            ("response.output_text.delta", _) => {
                if let Some(delta) = json::filled(delta) {
                    self.text.piece(&item_id(), &delta, &mut said.events);
                }
            }
            ("response.reasoning_text.delta" | "response.reasoning.delta", _) => {
                if let Some(delta) = json::filled(delta) {
                    self.thinking.piece(&item_id(), &delta, &mut said.events);
                }
            }
            ("turn.completed" | "response.completed", _) => {
                if let Some(usage) = usage {
                    self.meter.reads(usage_of(usage), said);
                }
                said.finish(match self.called {
                    true => FinishReason::ToolUse,
                    false => FinishReason::Stop,
                });
            }
            ("turn.failed", _) => {
                let [why] = json::of(error, ["message"]);
                let why = json::filled(why).or_else(|| json::filled(message));
                let why = why.map(|why| why.into_owned()).or_else(|| self.error.take());
                let why = why.unwrap_or_else(|| "codex-cli error".to_owned());
                if is_cut_off(&why) {
                    if self.error.as_ref() != Some(&why) {
                        said.notice(why);
                    }
                    said.finish(FinishReason::Length);
                } else {
                    said.failed(BridgeFailure::reported(why));
                }
            }
            ("error", _) => {
                let why = json::string(message).unwrap_or_default().into_owned();
                said.notice(why.as_str());
                self.error = Some(why);
            }
            ("request_user_input", _) => {
                let message = "codex asks its user something, and there is nobody to answer";
                said.failed(BridgeFailure::new(FailureCode::Unsupported, message));
            }
            _ => return Heard::Unknown,
        }
        Heard::Understood
    }

    fn end(&mut self, ending: &Ending, said: &mut Said) {
        if is_unknown_thread(&ending.stderr) {
            let message = ending.stderr.trim();
            said.failed(BridgeFailure::new(FailureCode::TokenRefused, message));
        } else if let Some(error) = self.error.take() {
            let message = format!("{error} ({})", ending.how);
            said.failed(BridgeFailure::new(FailureCode::ChildEnded, message));
        }
    }
}

/// Codex counts what came out of the cache as input too.
fn usage_of(usage: &RawValue) -> Usage {
    let names = [
        "input_tokens",
        "cached_input_tokens",
        "cache_write_input_tokens",
        "output_tokens",
    ];
    let [input, read, written, output] = json::of(Some(usage), names).map(json::number);
    Usage::of_tokens(input.saturating_sub(read), output, read, written)
}
