//! `claude-cli`: what `claude -p --output-format stream-json --verbose --include-partial-messages` prints.
//!
//! The prompt is all that is said, and as it is: standard input is text. Messages come as the API's own events, each within
//! a `stream_event`, or whole; whoever is told of one in pieces is not told again. Only `result` ends the turn: it
//! has several messages, one for each round of tools.

use serde_json::value::RawValue;

use super::calls::{Calls, Whole};
use super::recent::Recent;
use super::{Dialect, Heard, Meter, Opening, Said};
use crate::ending::Ending;
use crate::event::{
    Activity, ActivityState, BridgeFailure, FailureCode, FinishReason, NormalizedEvent, ToolCall,
};
use crate::json::{self, Json};
use crate::message::Usage;

#[derive(Debug, Default)]
pub(super) struct Claude {
    prompt: String,
    session: Option<String>,
    /// The message that comes in pieces.
    message: Option<String>,
    /// Those that came so.
    in_pieces: Recent<()>,
    calls: Calls,
    /// Names of tools by the ids of their calls.
    tools: Recent<String>,
    stop: FinishReason,
    told_text: bool,
    used: Used,
    meter: Meter,
}

/// What messages in pieces have used. The whole is known with `result` only, which may never come.
#[derive(Debug, Default)]
struct Used {
    before: Usage,
    message: Usage,
}

impl Claude {
    pub(super) fn new(opening: Opening) -> Self {
        Self {
            prompt: opening.prompt,
            ..Self::default()
        }
    }

    fn system(&mut self, subtype: Option<&RawValue>, session: Option<&RawValue>, said: &mut Said) {
        if json::string(subtype).as_deref() != Some("init") {
            return;
        }
        // It comes again where the conversation was made shorter.
        if let Some(session) = json::filled(session)
            && self.session.as_deref() != Some(&session)
        {
            self.session = Some(session.clone().into_owned());
            said.resume(session);
        }
    }

    /// An event of the API.
    fn event(&mut self, event: &RawValue, said: &mut Said) -> Heard {
        let [kind, index, message, block, delta, usage, error] = json::of(
            Some(event),
            [
                "type",
                "index",
                "message",
                "content_block",
                "delta",
                "usage",
                "error",
            ],
        );
        let index = json::number(index);
        match json::string(kind).as_deref() {
            Some("message_start") => self.message_starts(message, said),
            Some("content_block_start") => self.block_starts(index, block, said),
            Some("content_block_delta") => return self.block_goes_on(index, delta, said),
            Some("content_block_stop") => self.block_stops(index, said),
            Some("message_delta") => {
                let [reason] = json::of(delta, ["stop_reason"]);
                if let Some(reason) = json::string(reason) {
                    self.stop = finish_reason(&reason);
                }
                if let Some(usage) = usage {
                    self.used.message = merged(self.used.message, usage);
                }
            }
            Some("message_stop") => {
                self.used.before = self.used.before.plus(&self.used.message);
                self.used.message = Usage::default();
                self.meter.reads(self.used.before, said);
            }
            Some("ping") => {}
            // The child tries again by itself, or ends with a `result` that says what came of it.
            Some("error") => {
                said.notice(error_text(error).unwrap_or_else(|| "the model's API failed".to_owned()));
            }
            _ => return Heard::Unknown,
        }
        Heard::Understood
    }

    fn message_starts(&mut self, message: Option<&RawValue>, said: &mut Said) {
        let [id, usage] = json::of(message, ["id", "usage"]);
        self.message = json::filled(id).map(|id| id.into_owned());
        if let Some(id) = &self.message {
            self.in_pieces.insert(id, ());
        }
        self.calls.clear();
        self.used.before = self.used.before.plus(&self.used.message);
        self.used.message = usage.map_or_else(Usage::default, |usage| merged(Usage::default(), usage));
        said.events.push(NormalizedEvent::Break);
    }

    fn block_starts(&mut self, index: u64, block: Option<&RawValue>, said: &mut Said) {
        let [kind, id, name, input, text, thinking] =
            json::of(block, ["type", "id", "name", "input", "text", "thinking"]);
        said.events.push(NormalizedEvent::Break);
        match json::string(kind).as_deref() {
            Some("tool_use" | "server_tool_use") => {
                if let (Some(id), Some(name)) = (json::string(id), json::string(name)) {
                    let input = input.filter(|input| json::is_object(input)).map(Json::from);
                    let begun = self
                        .calls
                        .begins(index, id.into_owned(), name.into_owned(), input);
                    bounded_by(begun, said);
                }
            }
            Some("text") => self.text(json::filled(text), said),
            Some("thinking") => {
                if let Some(thinking) = json::filled(thinking) {
                    said.thinking(thinking);
                }
            }
            // Others are the API's own: what is thought in secret, what a server's tool found.
            _ => {}
        }
    }

    fn block_goes_on(&mut self, index: u64, delta: Option<&RawValue>, said: &mut Said) -> Heard {
        let [kind, text, thinking, arguments] = json::of(delta, ["type", "text", "thinking", "partial_json"]);
        match json::string(kind).as_deref() {
            Some("text_delta") => self.text(json::filled(text), said),
            Some("thinking_delta") => {
                if let Some(thinking) = json::filled(thinking) {
                    said.thinking(thinking);
                }
            }
            Some("input_json_delta") => {
                if let Some(piece) = json::filled(arguments) {
                    bounded_by(self.calls.goes_on(index, &piece), said);
                }
            }
            Some("signature_delta" | "citations_delta") => {}
            _ => return Heard::Unknown,
        }
        Heard::Understood
    }

    fn block_stops(&mut self, index: u64, said: &mut Said) {
        let Some(Whole { id, name, arguments }) = self.calls.ends(index) else {
            return;
        };
        let arguments = arguments.unwrap_or_else(|pieces| {
            said.notice(format!(
                "the arguments of the tool call `{id}` are no JSON object: {pieces}"
            ));
            Json::empty_object()
        });
        self.call(id, name, arguments, said);
    }

    fn text(&mut self, text: Option<std::borrow::Cow<'_, str>>, said: &mut Said) {
        if let Some(text) = text {
            self.told_text = true;
            said.text(text);
        }
    }

    fn call(&mut self, id: String, name: String, arguments: Json, said: &mut Said) {
        self.tools.insert(&id, name.clone());
        let call = ToolCall { id, name, arguments };
        said.events.push(NormalizedEvent::ToolCall { call });
    }

    /// A message, whole. One that came in pieces is known.
    fn assistant(&mut self, message: Option<&RawValue>, said: &mut Said) {
        let [id, content, reason] = json::of(message, ["id", "content", "stop_reason"]);
        if json::string(id).is_some_and(|id| self.in_pieces.contains(&id)) {
            return;
        }
        if let Some(reason) = json::string(reason) {
            self.stop = finish_reason(&reason);
        }
        for block in json::elements(content) {
            let [kind, text, thinking, id, name, input] =
                json::of(Some(block), ["type", "text", "thinking", "id", "name", "input"]);
            said.events.push(NormalizedEvent::Break);
            match json::string(kind).as_deref() {
                Some("text") => self.text(json::filled(text), said),
                Some("thinking") => {
                    if let Some(thinking) = json::filled(thinking) {
                        said.thinking(thinking);
                    }
                }
                Some("tool_use" | "server_tool_use") => {
                    if let (Some(id), Some(name)) = (json::string(id), json::string(name)) {
                        let input = input.filter(|input| json::is_object(input));
                        let arguments = input.map_or_else(Json::empty_object, Json::from);
                        self.call(id.into_owned(), name.into_owned(), arguments, said);
                    }
                }
                _ => {}
            }
        }
    }

    /// What tools answered.
    fn user(&mut self, message: Option<&RawValue>, said: &mut Said) {
        let [content] = json::of(message, ["content"]);
        for block in json::elements(content) {
            let [kind, id, is_error] = json::of(Some(block), ["type", "tool_use_id", "is_error"]);
            if json::string(kind).as_deref() != Some("tool_result") {
                continue;
            }
            let id = json::string(id).unwrap_or_default().into_owned();
            said.events.push(NormalizedEvent::Activity(Activity {
                tool: self.tools.remove(&id).unwrap_or_default(),
                id,
                state: match json::is_true(is_error) {
                    true => ActivityState::Failed,
                    false => ActivityState::Done,
                },
                title: String::new(),
                detail: Some(Json::from(block)),
            }));
        }
    }

    fn result(&mut self, line: &str, said: &mut Said) {
        let names = [
            "subtype",
            "is_error",
            "result",
            "stop_reason",
            "usage",
            "total_cost_usd",
            "errors",
        ];
        let [subtype, is_error, result, reason, usage, cost, errors] =
            json::members(line, names).ok().flatten().unwrap_or_default();
        if let Some(usage) = usage {
            let mut usage = merged(Usage::default(), usage);
            usage.cost.total = cost.and_then(|cost| cost.get().parse().ok()).unwrap_or_default();
            self.meter.reads(usage, said);
        }
        let result = json::filled(result);
        let subtype = json::string(subtype).unwrap_or_default();
        // Older versions say `error_max_turns` and that it is no error.
        if json::is_true(is_error) || subtype != "success" {
            let errors: Vec<_> = json::elements(errors)
                .into_iter()
                .filter_map(|error| json::filled(Some(error)))
                .collect();
            let why = match (result, errors.as_slice()) {
                (Some(result), _) => result.into_owned(),
                (None, []) => format!("claude ended with `{subtype}`"),
                (None, errors) => errors.join("; "),
            };
            let code = match is_unknown_session(&why) {
                true => FailureCode::TokenRefused,
                false => FailureCode::Reported,
            };
            said.failed(BridgeFailure::new(code, why));
            return;
        }
        if !self.told_text
            && let Some(result) = result
        {
            said.events.push(NormalizedEvent::Break);
            said.text(result);
        }
        let stop = json::string(reason).map_or(self.stop, |reason| finish_reason(&reason));
        said.finish(stop);
    }
}

impl Dialect for Claude {
    fn open(&mut self, said: &mut Said) {
        said.lines.push(std::mem::take(&mut self.prompt));
        said.no_more_lines = true;
    }

    fn line(&mut self, line: &str, said: &mut Said) -> Heard {
        let names = [
            "type",
            "subtype",
            "session_id",
            "event",
            "message",
            "parent_tool_use_id",
            "error",
        ];
        let Ok(Some([kind, subtype, session, event, message, parent, error])) = json::members(line, names)
        else {
            return Heard::Noise;
        };
        let Some(kind) = json::string(kind) else {
            return Heard::Unknown;
        };
        if let Some(parent) = json::filled(parent) {
            // What a sub-agent says is no part of the answer. It is told as what its call does, whole messages
            // only: those that come in pieces come whole as well.
            if kind != "stream_event" {
                let tool = self.tools.get(&parent).cloned().unwrap_or_default();
                said.events.push(NormalizedEvent::Activity(Activity {
                    id: parent.into_owned(),
                    tool,
                    state: ActivityState::Running,
                    title: String::new(),
                    detail: message.map(Json::from),
                }));
            }
            return Heard::Understood;
        }
        match &*kind {
            "system" => self.system(subtype, session, said),
            "stream_event" => return event.map_or(Heard::Unknown, |event| self.event(event, said)),
            "assistant" => self.assistant(message, said),
            "user" => self.user(message, said),
            "result" => self.result(line, said),
            "rate_limit_event" => {}
            "error" => {
                let message = error_text(error).unwrap_or_else(|| "claude-cli error".to_owned());
                said.failed(BridgeFailure::reported(message));
            }
            "control_request" => {
                let message = "claude asks for a decision, and there is nobody to take it: give it the permissions \
                               that it needs by its own settings";
                said.failed(BridgeFailure::new(FailureCode::Unsupported, message));
            }
            // The API's events without a wrapping, as the reference expects them.
            "message_start"
            | "content_block_start"
            | "content_block_delta"
            | "content_block_stop"
            | "message_delta"
            | "message_stop"
            | "ping" => {
                let Ok(event) = serde_json::from_str(line) else {
                    return Heard::Noise;
                };
                return self.event(event, said);
            }
            _ => return Heard::Unknown,
        }
        Heard::Understood
    }

    fn end(&mut self, ending: &Ending, said: &mut Said) {
        if is_unknown_session(&ending.stderr) {
            let message = ending.stderr.trim();
            said.failed(BridgeFailure::new(FailureCode::TokenRefused, message));
        }
    }
}

/// Tool calls above their bound end the turn.
fn bounded_by(calls: Result<(), BridgeFailure>, said: &mut Said) {
    if let Err(error) = calls {
        said.failed(error);
    }
}

/// Whether claude says that it does not know the conversation it is to take up.
fn is_unknown_session(text: &str) -> bool {
    text.contains("No conversation found with session ID")
}

fn finish_reason(stop_reason: &str) -> FinishReason {
    match stop_reason {
        "max_tokens" => FinishReason::Length,
        "tool_use" => FinishReason::ToolUse,
        _ => FinishReason::Stop,
    }
}

/// The words of an error, which is a text or has a message.
fn error_text(error: Option<&RawValue>) -> Option<String> {
    let [message] = json::of(error, ["message"]);
    json::filled(message)
        .or_else(|| json::filled(error))
        .map(|text| text.into_owned())
}

/// Usage with the counts that an object of the API has in place of those known.
fn merged(known: Usage, usage: &RawValue) -> Usage {
    let names = [
        "input_tokens",
        "output_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
    ];
    let [input, output, read, written] = json::of(Some(usage), names);
    let or = |value: Option<&RawValue>, known| value.map_or(known, |value| json::number(Some(value)));
    Usage::of_tokens(
        or(input, known.input),
        or(output, known.output),
        or(read, known.cache_read),
        or(written, known.cache_write),
    )
}
