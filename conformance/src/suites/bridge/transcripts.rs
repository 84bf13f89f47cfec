//! What the known children say, and what has to come of it.

use yoi_host::bridge::{Adapter, FinishReason, NormalizedEvent, Voice};

use super::DialectTarget;
use super::dialect::last_of;
use crate::verdict::{expect, expect_eq};
use crate::{Checked, Context};

/// What a child says, and what it means.
#[derive(Debug)]
pub struct Transcript {
    /// The case that it is.
    pub id: &'static str,
    /// Whose it is.
    pub adapter: Adapter,
    /// The lines.
    pub lines: &'static str,
    /// The answer, what is void left out.
    text: &'static str,
    /// What the model thinks.
    thinking: &'static str,
    /// How it ends; none for a failure.
    finish: Option<FinishReason>,
    /// Arguments of the tool calls, as JSON.
    arguments: &'static [&'static str],
}

/// All of them.
pub const ALL: &[Transcript] = &[
    Transcript {
        id: "bridge.claude-cli.wrapped-events-are-read",
        adapter: Adapter::ClaudeCli,
        lines: r#"
{"type":"system","subtype":"init","session_id":"s"}
{"type":"stream_event","event":{"type":"message_start","message":{"id":"m"}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hel"}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"lo"}}}
{"type":"stream_event","event":{"type":"message_stop"}}
{"type":"assistant","message":{"id":"m","content":[{"type":"text","text":"Hello"}]}}
{"type":"result","subtype":"success","is_error":false,"result":"Hello"}
"#,
        text: "Hello",
        thinking: "hm",
        finish: Some(FinishReason::Stop),
        arguments: &[],
    },
    Transcript {
        id: "bridge.claude-cli.arguments-are-assembled",
        adapter: Adapter::ClaudeCli,
        lines: r#"
{"type":"stream_event","event":{"type":"message_start","message":{"id":"m"}}}
{"type":"stream_event","event":{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"Bash","input":{}}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"command\":"}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"ls\"}"}}}
{"type":"stream_event","event":{"type":"content_block_stop","index":0}}
{"type":"stream_event","event":{"type":"message_stop"}}
{"type":"result","subtype":"success","is_error":false}
"#,
        text: "",
        thinking: "",
        finish: Some(FinishReason::Stop),
        arguments: &[r#"{"command":"ls"}"#],
    },
    Transcript {
        id: "bridge.claude-cli.the-result-decides",
        adapter: Adapter::ClaudeCli,
        lines: r#"
{"type":"assistant","message":{"id":"m","content":[{"type":"text","text":"half"}]}}
{"type":"assistant","message":{"id":"n","content":[{"type":"text","text":"a sub-agent's"}]},"parent_tool_use_id":"t"}
{"type":"result","subtype":"error_max_turns","is_error":false}
"#,
        text: "half",
        thinking: "",
        finish: None,
        arguments: &[],
    },
    Transcript {
        id: "bridge.codex-cli.a-reconnect-ends-nothing",
        adapter: Adapter::CodexCli,
        lines: r#"
{"type":"thread.started","thread_id":"t"}
{"type":"turn.started"}
{"type":"error","message":"Reconnecting... 1/2 (stream disconnected before completion)"}
{"type":"item.completed","item":{"id":"item_1","type":"reasoning","text":"hm"}}
{"type":"item.completed","item":{"id":"item_2","type":"agent_message","text":"Recovered"}}
{"type":"turn.completed","usage":{"input_tokens":1,"output_tokens":1}}
"#,
        text: "Recovered",
        thinking: "hm",
        finish: Some(FinishReason::Stop),
        arguments: &[],
    },
    Transcript {
        id: "bridge.codex-cli.what-was-cut-off-is-so",
        adapter: Adapter::CodexCli,
        lines: r#"
{"type":"turn.failed","error":{"message":"Incomplete response returned, reason: max_output_tokens"}}
"#,
        text: "",
        thinking: "",
        finish: Some(FinishReason::Length),
        arguments: &[],
    },
    Transcript {
        id: "bridge.codex-app-server.a-text-begun-anew-is-told-once",
        adapter: Adapter::CodexAppServer,
        lines: r#"
{"id":1,"result":{}}
{"id":2,"result":{"thread":{"id":"t"}}}
{"id":3,"result":{"turn":{"id":"u"}}}
{"method":"item/started","params":{"item":{"type":"agentMessage","id":"m","text":""}}}
{"method":"item/agentMessage/delta","params":{"itemId":"m","delta":"Partial"}}
{"method":"error","params":{"error":{"message":"Reconnecting"},"willRetry":true}}
{"method":"item/started","params":{"item":{"type":"agentMessage","id":"m","text":""}}}
{"method":"item/agentMessage/delta","params":{"itemId":"m","delta":"Recovered"}}
{"method":"item/completed","params":{"item":{"type":"agentMessage","id":"m","text":"Recovered"}}}
{"method":"turn/completed","params":{"turn":{"status":"completed"}}}
"#,
        text: "Recovered",
        thinking: "",
        finish: Some(FinishReason::Stop),
        arguments: &[],
    },
    Transcript {
        id: "bridge.codex-app-server.an-answer-to-another-ends-nothing",
        adapter: Adapter::CodexAppServer,
        lines: r#"
{"id":null,"error":{"code":-32700,"message":"no"}}
{"id":"1","error":{"code":-32600,"message":"no"}}
{"id":99,"error":{"code":-32600,"message":"no"}}
{"id":1,"result":{}}
{"id":2,"result":{"thread":{"id":"t"}}}
{"id":2,"error":{"code":-32600,"message":"no"}}
{"id":3,"result":{"turn":{"id":"u"}}}
{"method":"item/completed","params":{"item":{"type":"agentMessage","id":"m","text":"Hi"}}}
{"method":"turn/completed","params":{"turn":{"status":"completed"}}}
"#,
        text: "Hi",
        thinking: "",
        finish: Some(FinishReason::Stop),
        arguments: &[],
    },
    Transcript {
        id: "bridge.indusagi-cli.an-answer-to-another-ends-nothing",
        adapter: Adapter::IndusagiCli,
        lines: r#"
{"jsonrpc":"2.0","id":"another","result":{}}
{"jsonrpc":"2.0","method":"stream/text","params":{"delta":"Hi"}}
{"jsonrpc":"2.0","method":"stream/toolCall","params":{"id":"a","name":"b","arguments":{"c":1}}}
{"jsonrpc":"2.0","method":"stream/done","params":{"reason":"toolUse"}}
"#,
        text: "Hi",
        thinking: "",
        finish: Some(FinishReason::ToolUse),
        arguments: &[r#"{"c":1}"#],
    },
    Transcript {
        id: "bridge.indusagi-wire.the-result-ends-the-turn",
        adapter: Adapter::IndusagiWire,
        lines: r#"
{"type":"event","event":{"kind":"thinking_delta","delta":"hm"}}
{"type":"event","event":{"kind":"text_delta","delta":"Hi"}}
{"type":"event","event":{"kind":"settled","snapshot":{}}}
{"type":"result","snapshot":{"phase":"settled"}}
"#,
        text: "Hi",
        thinking: "hm",
        finish: Some(FinishReason::Stop),
        arguments: &[],
    },
    Transcript {
        id: "bridge.indusagi-wire.a-fault-is-a-failure",
        adapter: Adapter::IndusagiWire,
        lines: r#"
{"type":"event","event":{"kind":"faulted","error":{"kind":"model_failed","message":"no"},"snapshot":{}}}
{"type":"result","snapshot":{"phase":"faulted","error":{"kind":"model_failed","message":"no"}}}
"#,
        text: "",
        thinking: "",
        finish: None,
        arguments: &[],
    },
];

/// Every transcript of a child.
#[must_use]
pub fn of(adapter: Adapter) -> Vec<Vec<String>> {
    let whose = ALL.iter().filter(|transcript| transcript.adapter == adapter);
    whose.map(|transcript| lines_of(transcript.lines)).collect()
}

/// Every line that a child is known to say.
pub(super) fn known_lines(adapter: Adapter) -> Vec<String> {
    of(adapter).concat()
}

fn lines_of(text: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(str::to_owned).collect()
}

impl Transcript {
    /// Whether a dialect makes of it what it means.
    pub(super) fn holds(&self, target: &DialectTarget, context: &Context) -> Checked {
        let heard = target.hear(context, &lines_of(self.lines))?;
        expect(
            heard.is_over(),
            || "an exchange that is over with its last line".to_owned(),
            || last_of(heard.events()),
        )?;
        let events = heard.events();
        expect_eq("the answer", self.text, said(events, Voice::Text).as_str())?;
        expect_eq(
            "the thoughts",
            self.thinking,
            said(events, Voice::Thinking).as_str(),
        )?;
        let finish = match events.last() {
            Some(NormalizedEvent::Finish { reason }) => Some(*reason),
            _ => None,
        };
        expect_eq("the end", &self.finish, &finish)?;
        let arguments = events.iter().filter_map(|event| match event {
            NormalizedEvent::ToolCall { call } => Some(call.arguments.compact()),
            _ => None,
        });
        let wanted: Vec<String> = self.arguments.iter().map(|&json| json.to_owned()).collect();
        expect_eq("the arguments of the tool calls", &wanted, &arguments.collect())
    }
}

/// What a reader has of a voice who honours what is void.
pub(super) fn said(events: &[NormalizedEvent], voice: Voice) -> String {
    let mut said = String::new();
    for event in events {
        match event {
            NormalizedEvent::Text { delta } if voice == Voice::Text => said.push_str(delta),
            NormalizedEvent::Thinking { delta } if voice == Voice::Thinking => said.push_str(delta),
            NormalizedEvent::Discard { of, bytes } if *of == voice => {
                said.truncate(said.len().saturating_sub(*bytes));
            }
            _ => {}
        }
    }
    said
}
