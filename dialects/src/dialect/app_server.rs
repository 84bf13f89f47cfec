//! `codex-app-server`: a conversation with `codex app-server`, JSON-RPC without its version member.
//!
//! Initialise, begin or take up a thread, begin a turn, and hear it to its end. An item whose model call is tried
//! again begins anew under the same id. Requests of the server are refused: there is nobody to decide anything.
//! Which answer belongs to which question is the peer's business ([`crate::rpc`]).

use std::borrow::Cow;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::items::{activity, is_cut_off, is_unknown_thread};
use super::telling::Telling;
use super::{Dialect, Heard, Opening, Said, no_message};
use crate::ending::Ending;
use crate::event::{BridgeFailure, FailureCode, FinishReason, NormalizedEvent, Voice};
use crate::json::{self as read, Json};
use crate::message::Usage;
use crate::rpc::{self, Peer, PeerLimits, RpcError, Version};

/// Our three questions, in order: a thread is begun or taken up.
const INITIALIZE: &str = "initialize";
const START: &str = "thread/start";
const RESUME: &str = "thread/resume";
const TURN: &str = "turn/start";

#[derive(Debug)]
pub(super) struct AppServer {
    opening: Opening,
    peer: Peer,
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
            peer: Peer::new(Version::Omitted, PeerLimits::default()),
            thread: None,
            text: Telling::of(Voice::Text),
            thinking: Telling::of(Voice::Thinking),
            before: None,
            told: Usage::default(),
            error: None,
        }
    }

    fn ask(&mut self, method: &str, params: &Value, said: &mut Said) {
        // One after the other, three in all: there is room for them.
        if let Ok((_, line)) = self.peer.call(method, Some(Json::from(params))) {
            said.lines.push(line);
        }
    }

    fn answered(&mut self, method: &str, outcome: Result<Json, RpcError>, said: &mut Said) {
        let result = match outcome {
            Ok(result) => result,
            Err(error) => {
                let code = match method == RESUME && is_unknown_thread(&error.message) {
                    true => FailureCode::TokenRefused,
                    false => FailureCode::Reported,
                };
                said.failed(BridgeFailure::new(code, error.message));
                return;
            }
        };
        match method {
            INITIALIZE => {
                said.lines.push(self.peer.notify("initialized", None));
                self.ask_for_a_thread(said);
            }
            START | RESUME => {
                let [thread] = read::of(Some(result.raw()), ["thread"]);
                let [thread] = read::of(thread, ["id"]);
                let Some(thread) = read::filled(thread) else {
                    let message = "codex app-server begins a thread without an id";
                    said.failed(BridgeFailure::new(FailureCode::Unsupported, message));
                    return;
                };
                let prompt = &self.opening.prompt;
                let params = json!({ "threadId": thread, "input": [{ "type": "text", "text": prompt }] });
                self.ask(TURN, &params, said);
                self.thread = Some(thread.clone().into_owned());
                said.resume(thread);
            }
            _ => {}
        }
    }

    fn ask_for_a_thread(&mut self, said: &mut Said) {
        // Nobody is there to approve anything. What it may do without is its own configuration's business.
        let mut params = json!({ "approvalPolicy": "never" });
        if let Some(cwd) = &self.opening.cwd {
            params["cwd"] = json!(cwd);
        }
        if let Some(model) = &self.opening.model {
            params["model"] = json!(model);
        }
        let method = match &self.opening.resume {
            None => START,
            Some(thread) => {
                params["threadId"] = json!(thread);
                RESUME
            }
        };
        self.ask(method, &params, said);
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
                    if self.error.as_ref() != Some(&message) {
                        said.notice(message);
                    }
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
        self.ask(INITIALIZE, &json!({ "clientInfo": client }), said);
    }

    fn line(&mut self, line: &str, said: &mut Said) -> Heard {
        match self.peer.hear(line) {
            rpc::Heard::Told { method, params } => {
                return self.notification(&method, params.as_ref().map(Json::raw), said);
            }
            rpc::Heard::Answered(answer) => self.answered(&answer.method, answer.outcome, said),
            rpc::Heard::Asked { id, method, .. } => {
                let message = format!("yoikit does not answer {method}");
                let refusal = RpcError::new(RpcError::METHOD_NOT_FOUND, message);
                said.lines.extend(self.peer.answer(id, Err(refusal)));
                said.notice(format!("codex asked for `{method}`, and was refused"));
            }
            rpc::Heard::TakenBack { .. } => {}
            rpc::Heard::Stray => return Heard::Unknown,
            rpc::Heard::Refused(fault) => return no_message(fault, Version::Omitted, line, said),
        }
        Heard::Understood
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
