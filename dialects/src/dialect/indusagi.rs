//! `indusagi-cli`: the reference's JSON-RPC peer, which answers `runExchange` and tells of it in notifications.
//!
//! No program is known that does. It is kept as the contract has it, with what JSON-RPC asks for besides: answers
//! are told apart by their ids, and requests of the peer are answered.

use serde_json::json;
use serde_json::value::RawValue;

use super::{Dialect, Heard, Opening, Said};
use crate::ending::Ending;
use crate::event::{BridgeFailure, FailureCode, FinishReason, NormalizedEvent, ToolCall};
use crate::json::{self as read, Json};

#[derive(Debug)]
pub(super) struct Indusagi {
    opening: Opening,
}

impl Indusagi {
    pub(super) fn new(opening: Opening) -> Self {
        Self { opening }
    }

    fn notification(method: &str, params: Option<&RawValue>, said: &mut Said) -> bool {
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
        match method {
            "stream/text" => {
                if let Some(delta) = read::filled(delta) {
                    said.text(delta);
                }
            }
            "stream/thinking" => {
                if let Some(delta) = read::filled(delta) {
                    said.thinking(delta);
                }
            }
            "stream/toolCall" => {
                if let (Some(id), Some(name)) = (read::string(id), read::string(name)) {
                    let arguments = arguments.filter(|arguments| read::is_object(arguments));
                    said.events.push(NormalizedEvent::ToolCall {
                        call: ToolCall {
                            id: id.into_owned(),
                            name: name.into_owned(),
                            arguments: arguments.map_or_else(Json::empty_object, Json::from),
                        },
                    });
                }
            }
            "session/resume" => {
                if let Some(token) = read::filled(token) {
                    said.resume(token);
                }
            }
            "stream/done" => {
                said.no_more_lines = true;
                said.finish(finish_reason(reason));
            }
            "stream/error" => {
                said.no_more_lines = true;
                let message = read::filled(message).unwrap_or_else(|| "indusagi-cli error".into());
                said.failed(BridgeFailure {
                    aborted: read::is_true(aborted),
                    ..BridgeFailure::reported(message)
                });
            }
            _ => return false,
        }
        true
    }

    fn is_ours(&self, id: Option<&RawValue>) -> bool {
        read::string(id).is_some_and(|id| id == request_id(&self.opening))
    }
}

/// The id of the one request.
pub(super) fn request_id(opening: &Opening) -> &str {
    opening.session_id.as_deref().unwrap_or("runExchange")
}

/// The one request.
pub(super) fn request(opening: &Opening) -> String {
    json!({
        "jsonrpc": "2.0",
        "id": request_id(opening),
        "method": "runExchange",
        "params": {
            "context": opening.context,
            "delegate": opening.delegate,
            "resume": opening.resume,
            "cwd": opening.cwd,
            "sessionId": opening.session_id,
        },
    })
    .to_string()
}

pub(super) fn finish_reason(reason: Option<&RawValue>) -> FinishReason {
    match read::string(reason).as_deref() {
        Some("length") => FinishReason::Length,
        Some("toolUse") => FinishReason::ToolUse,
        _ => FinishReason::Stop,
    }
}

impl Dialect for Indusagi {
    fn open(&mut self, said: &mut Said) {
        said.lines.push(request(&self.opening));
    }

    fn line(&mut self, line: &str, said: &mut Said) -> Heard {
        let names = ["id", "method", "params", "result", "error", "type", "message"];
        let Ok(Some([id, method, params, result, error, kind, message])) = read::members(line, names) else {
            return Heard::Noise;
        };
        if let Some(method) = read::string(method) {
            let known = Self::notification(&method, params, said);
            if let Some(id) = id {
                let id: serde_json::Value = serde_json::from_str(id.get()).unwrap_or_default();
                let answer = match known {
                    true => json!({ "jsonrpc": "2.0", "id": id, "result": null }),
                    false => {
                        let error = json!({ "code": -32601, "message": format!("Unknown op: {method}") });
                        json!({ "jsonrpc": "2.0", "id": id, "error": error })
                    }
                };
                said.lines.push(answer.to_string());
                return Heard::Understood;
            }
            return match known {
                true => Heard::Understood,
                false => Heard::Unknown,
            };
        }
        if id.is_none() && read::string(kind).as_deref() == Some("error") {
            // So `indusagi --rpc` answers what is no `submit`, and then waits for the next.
            let message = format!(
                "{}: the peer speaks no JSON-RPC; what `indusagi --rpc` speaks is the adapter `indusagi-wire`",
                read::string(message).unwrap_or_default()
            );
            said.no_more_lines = true;
            said.failed(BridgeFailure::new(FailureCode::Unsupported, message));
            return Heard::Understood;
        }
        if !self.is_ours(id) {
            return Heard::Unknown;
        }
        said.no_more_lines = true;
        if let Some(error) = error {
            let [code, message] = read::of(Some(error), ["code", "message"]);
            let message = read::filled(message).unwrap_or_else(|| "indusagi-cli rpc error".into());
            if code.is_some_and(|code| code.get() == "-32601") {
                let message = format!(
                    "{message}: the peer has no `runExchange`; what `indusagi --rpc` speaks is the adapter `indusagi-wire`"
                );
                said.failed(BridgeFailure::new(FailureCode::Unsupported, message));
            } else {
                said.failed(BridgeFailure::reported(message));
            }
            return Heard::Understood;
        }
        let [reason] = read::of(result, ["reason"]);
        said.finish(finish_reason(reason));
        Heard::Understood
    }

    fn end(&mut self, _: &Ending, _: &mut Said) {}
}
