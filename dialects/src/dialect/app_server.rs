//! `codex-app-server`: a conversation with `codex app-server`, JSON-RPC without its version member.
//!
//! Initialise, begin or take up a thread, begin a turn, and hear it to its end. An item whose model call is tried
//! again begins anew under the same id. Requests of the server are refused: there is nobody to decide anything.

use std::borrow::Cow;

use serde_json::json;
use serde_json::value::RawValue;

use super::items::{activity, is_cut_off, is_unknown_thread};
use super::telling::Telling;
use super::{Dialect, Heard, Opening, Said};
use crate::ending::Ending;
use crate::event::{BridgeFailure, FailureCode, FinishReason, NormalizedEvent, Voice};
use crate::json as read;
use crate::message::Usage;

/// The ids of our three requests, in order.
const INITIALIZE: u64 = 1;
const THREAD: u64 = 2;
const TURN: u64 = 3;

#[derive(Debug)]
pub(super) struct AppServer {
    opening: Opening,
    thread: Option<String>,
    text: Telling,
    thinking: Telling,
    /// What the thread had used before this turn, once it is known.
    before: Option<Usage>,
    told: Usage,
    /// The last error that ended nothing.
    error: Option<String>,
}

impl AppServer {
    pub(super) fn new(opening: Opening) -> Self {
        Self {
            opening,
            thread: None,
            text: Telling::of(Voice::Text),
            thinking: Telling::of(Voice::Thinking),
            before: None,
            told: Usage::default(),
            error: None,
        }
    }

    fn reply(&mut self, id: u64, result: Option<&RawValue>, error: Option<&RawValue>, said: &mut Said) {
        if let Some(error) = error {
            let [message] = read::of(Some(error), ["message"]);
            let message = read::filled(message).unwrap_or_else(|| error.get().into());
            let refused = id == THREAD && self.opening.resume.is_some() && is_unknown_thread(&message);
            let code = match refused {
                true => FailureCode::TokenRefused,
                false => FailureCode::Reported,
            };
            said.failed(BridgeFailure::new(code, message));
            return;
        }
        match id {
            INITIALIZE => {
                said.lines.push(json!({ "method": "initialized" }).to_string());
                said.lines.push(self.thread_request());
            }
            THREAD => {
                let [thread] = read::of(result, ["thread"]);
                let [thread] = read::of(thread, ["id"]);
                let Some(thread) = read::filled(thread) else {
                    let message = "codex app-server begins a thread without an id";
                    said.failed(BridgeFailure::new(FailureCode::Unsupported, message));
                    return;
                };
                let prompt = &self.opening.prompt;
                let params = json!({ "threadId": thread, "input": [{ "type": "text", "text": prompt }] });
                said.lines
                    .push(json!({ "id": TURN, "method": "turn/start", "params": params }).to_string());
                self.thread = Some(thread.clone().into_owned());
                said.resume(thread);
            }
            _ => {}
        }
    }

    fn thread_request(&self) -> String {
        // Nobody is there to approve anything. What it may do without is its own configuration's business.
        let mut params = json!({ "approvalPolicy": "never" });
        if let Some(cwd) = &self.opening.cwd {
            params["cwd"] = json!(cwd);
        }
        if let Some(model) = &self.opening.model {
            params["model"] = json!(model);
        }
        let method = match &self.opening.resume {
            None => "thread/start",
            Some(thread) => {
                params["threadId"] = json!(thread);
                "thread/resume"
            }
        };
        json!({ "id": THREAD, "method": method, "params": params }).to_string()
    }

    fn notification(&mut self, method: &str, params: Option<&RawValue>, said: &mut Said) -> Heard {
        let names = [
            "threadId",
            "item",
            "itemId",
            "delta",
            "summaryIndex",
            "contentIndex",
        ];
        let [thread, item, item_id, delta, summary, content] = read::of(params, names);
        // Threads of sub-agents are theirs.
        if let (Some(ours), Some(thread)) = (&self.thread, read::string(thread))
            && *ours != thread
        {
            return Heard::Understood;
        }
        let item_id = read::string(item_id).unwrap_or_default();
        let delta = read::filled(delta);
        match method {
            "item/started" | "item/completed" => {
                return item.map_or(Heard::Unknown, |item| {
                    self.item(item, method == "item/completed", said)
                });
            }
            "item/agentMessage/delta" => {
                if let Some(delta) = delta {
                    self.text.piece(&item_id, &delta, &mut said.events);
                }
            }
            "item/reasoning/summaryTextDelta" => self.thought(&part(&item_id, "s", summary), delta, said),
            "item/reasoning/textDelta" => self.thought(&part(&item_id, "c", content), delta, said),
            "thread/tokenUsage/updated" => self.usage(params, said),
            "error" => {
                let [error] = read::of(params, ["error"]);
                let [message] = read::of(error, ["message"]);
                let message = read::string(message).unwrap_or_default().into_owned();
                said.notice(message.as_str());
                // One that is not tried again ends the turn, which says so itself.
                self.error = Some(message);
            }
            "turn/completed" => self.turn_is_over(params, said),
            "warning" | "configWarning" | "deprecationNotice" => {
                let [message, summary] = read::of(params, ["message", "summary"]);
                said.notice(
                    read::filled(message)
                        .or_else(|| read::filled(summary))
                        .unwrap_or_default(),
                );
            }
            _ if method.starts_with("item/")
                || method.starts_with("turn/")
                || method.starts_with("thread/")
                || method.starts_with("account/")
                || method.starts_with("mcpServer/")
                || method.starts_with("remoteControl/") => {}
            _ => return Heard::Unknown,
        }
        Heard::Understood
    }

    fn thought(&mut self, name: &str, delta: Option<Cow<'_, str>>, said: &mut Said) {
        if let Some(delta) = delta {
            self.thinking.piece(name, &delta, &mut said.events);
        }
    }

    fn item(&mut self, item: &RawValue, over: bool, said: &mut Said) -> Heard {
        let [kind, text, summary, content] = read::of(Some(item), ["type", "text", "summary", "content"]);
        let id = read::string(read::first(item, "id")).unwrap_or_default();
        match read::string(kind).as_deref() {
            // What was asked, said back.
            Some("userMessage") => {}
            Some("agentMessage") if over => {
                if let Some(text) = read::filled(text) {
                    self.text.whole(&id, &text, &mut said.events);
                }
            }
            Some("agentMessage") => self.text.begin(&id),
            Some("reasoning") => {
                for (kind, parts) in [("s", summary), ("c", content)] {
                    for (index, text) in read::elements(parts).into_iter().enumerate() {
                        let name = format!("{id}/{kind}{index}");
                        match read::filled(Some(text)) {
                            Some(text) if over => self.thinking.whole(&name, &text, &mut said.events),
                            _ => {}
                        }
                    }
                }
                if !over {
                    self.thinking.begin_all(&format!("{id}/"));
                }
            }
            Some(kind) => match activity(kind, item, over) {
                Some(activity) => said.events.push(NormalizedEvent::Activity(activity)),
                None => return Heard::Unknown,
            },
            None => return Heard::Unknown,
        }
        Heard::Understood
    }

    /// The counts are the whole thread's; what the first model call of this turn added tells what was before.
    fn usage(&mut self, params: Option<&RawValue>, said: &mut Said) {
        let [usage] = read::of(params, ["tokenUsage"]);
        let [total, last] = read::of(usage, ["total", "last"]).map(usage_of);
        let before = *self.before.get_or_insert_with(|| total.since(&last));
        let used = total.since(&before);
        let new = used.since(&self.told);
        self.told = used;
        if !new.is_nothing() {
            said.events.push(NormalizedEvent::Usage {
                usage: new,
                whole_conversation: false,
            });
        }
    }

    fn turn_is_over(&mut self, params: Option<&RawValue>, said: &mut Said) {
        let [turn] = read::of(params, ["turn"]);
        let [status, error] = read::of(turn, ["status", "error"]);
        said.no_more_lines = true;
        match read::string(status).as_deref() {
            Some("completed") => said.finish(FinishReason::Stop),
            Some("interrupted") => said.failed(BridgeFailure {
                message: "codex says that the turn was interrupted".to_owned(),
                aborted: true,
                code: Some(FailureCode::Reported),
            }),
            _ => {
                let [message] = read::of(error, ["message"]);
                let message = read::filled(message).map(|message| message.into_owned());
                let message = message.or_else(|| self.error.take());
                let message = message.unwrap_or_else(|| "codex says that the turn failed".to_owned());
                if is_cut_off(&message) {
                    said.notice(message);
                    said.finish(FinishReason::Length);
                } else {
                    said.failed(BridgeFailure::reported(message));
                }
            }
        }
    }
}

impl Dialect for AppServer {
    fn open(&mut self, said: &mut Said) {
        let client = json!({ "name": "yoikit", "version": env!("CARGO_PKG_VERSION") });
        let params = json!({ "clientInfo": client });
        said.lines
            .push(json!({ "id": INITIALIZE, "method": "initialize", "params": params }).to_string());
    }

    fn line(&mut self, line: &str, said: &mut Said) -> Heard {
        let Ok(Some([id, method, params, result, error])) =
            read::members(line, ["id", "method", "params", "result", "error"])
        else {
            return Heard::Noise;
        };
        match (read::string(method), id) {
            (Some(method), None) => self.notification(&method, params, said),
            (Some(method), Some(id)) => {
                let id: serde_json::Value = serde_json::from_str(id.get()).unwrap_or_default();
                let message = format!("yoikit does not answer {method}");
                let answer = json!({ "id": id, "error": { "code": -32601, "message": message } });
                said.lines.push(answer.to_string());
                said.notice(format!("codex asked for `{method}`, and was refused"));
                Heard::Understood
            }
            (None, Some(id)) => {
                self.reply(read::number(Some(id)), result, error, said);
                Heard::Understood
            }
            (None, None) => Heard::Unknown,
        }
    }

    fn end(&mut self, ending: &Ending, said: &mut Said) {
        if let Some(error) = self.error.take() {
            let message = format!("{error} ({})", ending.how);
            said.failed(BridgeFailure::new(FailureCode::ChildEnded, message));
        }
    }
}

/// The name of a part of what is thought.
fn part(item: &str, kind: &str, index: Option<&RawValue>) -> String {
    format!("{item}/{kind}{}", read::number(index))
}

/// Codex counts what came out of the cache as input too.
fn usage_of(usage: Option<&RawValue>) -> Usage {
    let names = [
        "inputTokens",
        "cachedInputTokens",
        "cacheWriteInputTokens",
        "outputTokens",
    ];
    let [input, cached, written, output] = read::of(usage, names).map(read::number);
    Usage::of_tokens(input.saturating_sub(cached), output, cached, written)
}
