//! `indusagi-cli`: the reference's JSON-RPC peer, which answers `runExchange` and tells of it in notifications.
//!
//! No program is known that does. It is kept as the contract has it, with what JSON-RPC asks for besides: answers
//! are told apart by their ids, and requests of the peer are answered.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{Dialect, Heard, Opening, Said, no_message};
use crate::ending::Ending;
use crate::event::{BridgeFailure, FailureCode, FinishReason, NormalizedEvent, ToolCall};
use crate::json::{self as read, Json};
use crate::rpc::{self, Fault, Id, Peer, PeerLimits, RpcError, Version};

/// What is asked.
const METHOD: &str = "runExchange";

#[derive(Debug)]
pub(super) struct Indusagi {
    opening: Opening,
    peer: Peer,
}

impl Indusagi {
    pub(super) fn new(opening: Opening) -> Self {
        let peer = Peer::new(Version::Written, PeerLimits::default());
        Self { opening, peer }
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

    fn answered(outcome: Result<Json, RpcError>, said: &mut Said) {
        said.no_more_lines = true;
        let result = match outcome {
            Ok(result) => result,
            Err(error) if error.code == RpcError::METHOD_NOT_FOUND => {
                let message = format!(
                    "{}: the peer has no `{METHOD}`; what `indusagi --rpc` speaks is the adapter `indusagi-wire`",
                    error.message
                );
                said.failed(BridgeFailure::new(FailureCode::Unsupported, message));
                return;
            }
            Err(error) => {
                let message = match error.message.is_empty() {
                    true => "indusagi-cli rpc error".to_owned(),
                    false => error.message,
                };
                said.failed(BridgeFailure::reported(message));
                return;
            }
        };
        let [reason] = read::of(Some(result.raw()), ["reason"]);
        said.finish(finish_reason(reason));
    }

    /// What is no message may be what `indusagi --rpc` answers to what is no `submit`; then it waits for the next.
    fn refused(fault: Fault, line: &str, said: &mut Said) -> Heard {
        if fault.id.is_none()
            && let Ok(Some([kind, message])) = read::members(line, ["type", "message"])
            && read::string(kind).as_deref() == Some("error")
        {
            let message = format!(
                "{}: the peer speaks no JSON-RPC; what `indusagi --rpc` speaks is the adapter `indusagi-wire`",
                read::string(message).unwrap_or_default()
            );
            said.no_more_lines = true;
            said.failed(BridgeFailure::new(FailureCode::Unsupported, message));
            return Heard::Understood;
        }
        no_message(fault, Version::Written, line, said)
    }
}

/// The id of the one request.
pub(super) fn request_id(opening: &Opening) -> &str {
    opening.session_id.as_deref().unwrap_or(METHOD)
}

/// What goes with it.
pub(super) fn request_params(opening: &Opening) -> Value {
    json!({
        "context": opening.context,
        "delegate": opening.delegate,
        "resume": opening.resume,
        "cwd": opening.cwd,
        "sessionId": opening.session_id,
    })
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
        let id = Id::of_text(request_id(&self.opening));
        let params = Json::from(&request_params(&self.opening));
        // The one question that there is: there is room for it.
        said.lines.extend(self.peer.call_as(id, METHOD, Some(params)));
    }

    fn line(&mut self, line: &str, said: &mut Said) -> Heard {
        match self.peer.hear(line) {
            rpc::Heard::Told { method, params } => {
                match Self::notification(&method, params.as_ref().map(Json::raw), said) {
                    true => Heard::Understood,
                    false => Heard::Unknown,
                }
            }
            // Whoever asks to be told that it was heard is told.
            rpc::Heard::Asked { id, method, params } => {
                let known = Self::notification(&method, params.as_ref().map(Json::raw), said);
                let outcome = match known {
                    true => Ok(Json::from(&Value::Null)),
                    false => Err(RpcError::method_not_found(&method)),
                };
                said.lines.extend(self.peer.answer(id, outcome));
                Heard::Understood
            }
            rpc::Heard::Answered(answer) => {
                Self::answered(answer.outcome, said);
                Heard::Understood
            }
            rpc::Heard::TakenBack { .. } => Heard::Understood,
            rpc::Heard::Stray => Heard::Unknown,
            rpc::Heard::Refused(fault) => Self::refused(fault, line, said),
        }
    }

    fn end(&mut self, _: &Ending, _: &mut Said) {}
}
