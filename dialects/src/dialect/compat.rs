//! The reference's three dialects, exactly as they are, mistakes included, so that the two can be compared.
//!
//! The reference knows no lines and no ends: what is no JSON does not reach its parsers, and an exchange that its
//! child does not end stays open for ever. There alone this differs: every exchange ends.

use serde_json::json;
use serde_json::value::RawValue;

use super::codex::arguments_of;
use super::indusagi::{finish_reason, request_id, request_params};
use super::{Dialect, Heard, Opening, Said};
use crate::ending::Ending;
use crate::event::{BridgeFailure, FinishReason, NormalizedEvent, ToolCall};
use crate::json::{self as read, Json};

fn failed(message: Option<std::borrow::Cow<'_, str>>, otherwise: &str, aborted: bool, said: &mut Said) {
    said.failed(BridgeFailure {
        message: message.unwrap_or_else(|| otherwise.into()).into_owned(),
        aborted,
        code: None,
    });
}

fn object(value: Option<&RawValue>) -> Json {
    let object = value.filter(|value| read::is_object(value));
    object.map_or_else(Json::empty_object, Json::from)
}

#[derive(Debug)]
pub(super) struct Claude {
    opening: Opening,
    stop: FinishReason,
}

impl Claude {
    pub(super) fn new(opening: Opening) -> Self {
        Self {
            opening,
            stop: FinishReason::Stop,
        }
    }
}

impl Dialect for Claude {
    fn open(&mut self, said: &mut Said) {
        let opening = &self.opening;
        let body = json!({
            "type": "user",
            "context": opening.context,
            "resume": opening.resume,
            "cwd": opening.cwd,
            "sessionId": opening.session_id,
        });
        said.lines.push(body.to_string());
    }

    fn line(&mut self, line: &str, said: &mut Said) -> Heard {
        let names = ["type", "subtype", "session_id", "content_block", "delta", "error"];
        let Ok(members) = read::members(line, names) else {
            return Heard::Noise;
        };
        let Some([kind, subtype, session, block, delta, error]) = members else {
            return Heard::Unknown;
        };
        match read::string(kind).as_deref() {
            Some("system") => {
                if let (Some("init"), Some(session)) =
                    (read::string(subtype).as_deref(), read::string(session))
                {
                    said.resume(session);
                }
            }
            Some("content_block_start") => {
                let [kind, id, name, input] = read::of(block, ["type", "id", "name", "input"]);
                let is_tool = read::string(kind).as_deref() == Some("tool_use");
                if let (true, Some(id), Some(name)) = (is_tool, read::string(id), read::string(name)) {
                    said.events.push(NormalizedEvent::ToolCall {
                        call: ToolCall {
                            id: id.into_owned(),
                            name: name.into_owned(),
                            arguments: object(input),
                        },
                    });
                }
            }
            Some("content_block_delta") => {
                let [kind, text, thinking] = read::of(delta, ["type", "text", "thinking"]);
                match (
                    read::string(kind).as_deref(),
                    read::string(text),
                    read::string(thinking),
                ) {
                    (Some("text_delta"), Some(text), _) => said.text(text),
                    (Some("thinking_delta"), _, Some(thinking)) => said.thinking(thinking),
                    _ => {}
                }
            }
            Some("message_delta") => {
                let [reason] = read::of(delta, ["stop_reason"]);
                self.stop = match read::string(reason).as_deref() {
                    Some("max_tokens") => FinishReason::Length,
                    Some("tool_use") => FinishReason::ToolUse,
                    _ => FinishReason::Stop,
                };
            }
            Some("message_stop" | "result") => said.finish(self.stop),
            Some("error") => {
                let [message] = read::of(error, ["message"]);
                failed(read::filled(message), "claude-cli error", false, said);
            }
            _ => return Heard::Unknown,
        }
        Heard::Understood
    }

    fn end(&mut self, _: &Ending, _: &mut Said) {}
}

#[derive(Debug)]
pub(super) struct Codex {
    opening: Opening,
    called: bool,
}

impl Codex {
    pub(super) fn new(opening: Opening) -> Self {
        Self {
            opening,
            called: false,
        }
    }

    fn item(&mut self, item: Option<&RawValue>, said: &mut Said) {
        let names = ["type", "call_id", "id", "name", "arguments", "text"];
        let [kind, call_id, id, name, arguments, text] = read::of(item, names);
        if matches!(read::string(kind).as_deref(), Some("function_call" | "tool_call")) {
            let Some(name) = read::string(name) else {
                return;
            };
            self.called = true;
            let id = read::filled(call_id).or_else(|| read::filled(id));
            said.events.push(NormalizedEvent::ToolCall {
                call: ToolCall {
                    id: id.unwrap_or_else(|| name.clone()).into_owned(),
                    name: name.into_owned(),
                    arguments: arguments_of(arguments),
                },
            });
        } else if let Some(text) = read::filled(text) {
            // Also what was streamed before, and what is thought.
            said.text(text);
        }
    }
}

impl Dialect for Codex {
    fn open(&mut self, said: &mut Said) {
        let opening = &self.opening;
        let body = json!({
            "type": "turn",
            "context": opening.context,
            "thread": opening.resume,
            "cwd": opening.cwd,
            "sessionId": opening.session_id,
        });
        said.lines.push(body.to_string());
    }

    fn line(&mut self, line: &str, said: &mut Said) -> Heard {
        let Ok(members) = read::members(line, ["type", "thread_id", "delta", "item", "error", "message"])
        else {
            return Heard::Noise;
        };
        let Some([kind, thread, delta, item, error, message]) = members else {
            return Heard::Unknown;
        };
        match read::string(kind).as_deref() {
            Some("thread.started") => {
                if let Some(thread) = read::string(thread) {
                    said.resume(thread);
                }
            }
            Some("response.output_text.delta") => {
                if let Some(delta) = read::string(delta) {
                    said.text(delta);
                }
            }
            Some("response.reasoning_text.delta" | "response.reasoning.delta") => {
                if let Some(delta) = read::string(delta) {
                    said.thinking(delta);
                }
            }
            Some("response.output_item.done" | "item.completed") => self.item(item, said),
            Some("turn.completed" | "response.completed") => said.finish(match self.called {
                true => FinishReason::ToolUse,
                false => FinishReason::Stop,
            }),
            Some("error" | "turn.failed") => {
                let [inner] = read::of(error, ["message"]);
                let message = read::filled(inner).or_else(|| read::filled(message));
                failed(message, "codex-cli error", false, said);
            }
            _ => return Heard::Unknown,
        }
        Heard::Understood
    }

    fn end(&mut self, _: &Ending, _: &mut Said) {}
}

#[derive(Debug)]
pub(super) struct Indusagi {
    opening: Opening,
}

impl Indusagi {
    pub(super) fn new(opening: Opening) -> Self {
        Self { opening }
    }
}

impl Dialect for Indusagi {
    fn open(&mut self, said: &mut Said) {
        let request = json!({
            "jsonrpc": "2.0",
            "id": request_id(&self.opening),
            "method": "runExchange",
            "params": request_params(&self.opening),
        });
        said.lines.push(request.to_string());
    }

    fn line(&mut self, line: &str, said: &mut Said) -> Heard {
        let Ok(members) = read::members_and_nulls(line, ["method", "params", "error", "result"]) else {
            return Heard::Noise;
        };
        let Some([method, params, error, result]) = members else {
            return Heard::Unknown;
        };
        let Some(method) = read::string(method) else {
            if error.is_some() {
                let [message] = read::of(error, ["message"]);
                failed(read::filled(message), "indusagi-cli rpc error", false, said);
            } else if result.is_some() {
                said.finish(FinishReason::Stop);
            } else {
                return Heard::Unknown;
            }
            return Heard::Understood;
        };
        let names = [
            "delta",
            "id",
            "name",
            "arguments",
            "resumeToken",
            "reason",
            "message",
            "aborted",
        ];
        let [delta, id, name, arguments, token, reason, message, aborted] = read::of(params, names);
        match &*method {
            "stream/text" => {
                if let Some(delta) = read::string(delta) {
                    said.text(delta);
                }
            }
            "stream/thinking" => {
                if let Some(delta) = read::string(delta) {
                    said.thinking(delta);
                }
            }
            "stream/toolCall" => {
                if let (Some(id), Some(name)) = (read::string(id), read::string(name)) {
                    said.events.push(NormalizedEvent::ToolCall {
                        call: ToolCall {
                            id: id.into_owned(),
                            name: name.into_owned(),
                            arguments: object(arguments),
                        },
                    });
                }
            }
            "session/resume" => {
                if let Some(token) = read::string(token) {
                    said.resume(token);
                }
            }
            "stream/done" => said.finish(finish_reason(reason)),
            "stream/error" => failed(
                read::filled(message),
                "indusagi-cli error",
                read::is_true(aborted),
                said,
            ),
            _ => return Heard::Unknown,
        }
        Heard::Understood
    }

    fn end(&mut self, _: &Ending, _: &mut Said) {}
}
