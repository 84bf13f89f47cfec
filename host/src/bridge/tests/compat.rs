//! The reference's dialects, case by case, as it was seen to behave.

use super::*;

fn compat(adapter: Adapter, output: &str) -> String {
    told(adapter, Mode::Compat, output)
}

#[test]
fn claude_ends_at_the_first_message_and_loses_streamed_arguments() {
    let output = r#"
{"type":"system","subtype":"init","session_id":""}
{"type":"content_block_start","content_block":{"type":"tool_use","id":"","name":"","input":{}}}
{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{}"}}
{"type":"content_block_delta","delta":{"type":"text_delta","text":""}}
{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"hm"}}
{"type":"message_delta","delta":{"stop_reason":"tool_use"}}
{"type":"message_stop"}
{"type":"content_block_delta","delta":{"type":"text_delta","text":"too late"}}
"#;
    insta::assert_snapshot!(compat(Adapter::ClaudeCli, output), @r#"
    {"kind":"resume","resumeToken":""}
    {"kind":"tool_call","call":{"id":"","name":"","arguments":{}}}
    {"kind":"text","delta":""}
    {"kind":"thinking","delta":"hm"}
    {"kind":"finish","reason":"toolUse"}
    "#);
}

#[test]
fn claude_forgets_its_reason_at_a_message_delta_without_one() {
    let output = r#"
{"type":"message_delta","delta":{"stop_reason":"max_tokens"}}
{"type":"message_delta","delta":{}}
{"type":"result","subtype":"error_max_turns","is_error":true,"result":"lost"}
"#;
    insta::assert_snapshot!(compat(Adapter::ClaudeCli, output), @r#"{"kind":"finish","reason":"stop"}"#);
}

#[test]
fn a_real_session_of_claude_is_empty_and_successful() {
    let output = r#"
{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}}
{"type":"assistant","message":{"content":[{"type":"text","text":"Hi"}]}}
{"type":"result","subtype":"success","result":"Hi"}
"#;
    insta::assert_snapshot!(compat(Adapter::ClaudeCli, output), @r#"{"kind":"finish","reason":"stop"}"#);
}

#[test]
fn errors_have_the_words_of_the_reference() {
    let cases = [
        (
            Adapter::ClaudeCli,
            r#"{"type":"error","error":{"message":"boom"}}"#,
        ),
        (Adapter::ClaudeCli, r#"{"type":"error","error":{"message":""}}"#),
        (Adapter::ClaudeCli, r#"{"type":"error","error":"boom"}"#),
        (
            Adapter::CodexCli,
            r#"{"type":"error","message":"Reconnecting... 1/2"}"#,
        ),
        (
            Adapter::CodexCli,
            r#"{"type":"turn.failed","error":{"message":""},"message":"outer"}"#,
        ),
        (Adapter::CodexCli, r#"{"type":"turn.failed"}"#),
        (
            Adapter::IndusagiCli,
            r#"{"method":"stream/error","params":{"message":"m","aborted":true}}"#,
        ),
        (
            Adapter::IndusagiCli,
            r#"{"method":"stream/error","params":{"aborted":1}}"#,
        ),
        (Adapter::IndusagiCli, r#"{"id":"x","error":null,"result":{}}"#),
        (
            Adapter::IndusagiCli,
            r#"{"id":"whatever","error":{"message":"Unknown op: runExchange"}}"#,
        ),
    ];
    let all: Vec<_> = cases.map(|(adapter, line)| compat(adapter, line)).into();
    insta::assert_snapshot!(all.join("\n"), @r#"
    {"kind":"failed","error":{"message":"boom","aborted":false}}
    {"kind":"failed","error":{"message":"claude-cli error","aborted":false}}
    {"kind":"failed","error":{"message":"claude-cli error","aborted":false}}
    {"kind":"failed","error":{"message":"Reconnecting... 1/2","aborted":false}}
    {"kind":"failed","error":{"message":"outer","aborted":false}}
    {"kind":"failed","error":{"message":"codex-cli error","aborted":false}}
    {"kind":"failed","error":{"message":"m","aborted":true}}
    {"kind":"failed","error":{"message":"indusagi-cli error","aborted":false}}
    {"kind":"failed","error":{"message":"indusagi-cli rpc error","aborted":false}}
    {"kind":"failed","error":{"message":"Unknown op: runExchange","aborted":false}}
    "#);
}

#[test]
fn codex_doubles_what_was_streamed_and_tells_what_it_thinks_as_the_answer() {
    let output = r#"
{"type":"thread.started","thread_id":"t"}
{"type":"response.output_text.delta","delta":"Hi"}
{"type":"item.completed","item":{"id":"i","type":"agent_message","text":"Hi"}}
{"type":"item.completed","item":{"id":"j","type":"reasoning","text":"**Think**"}}
{"type":"item.completed","item":{"id":"k","type":"function_call","name":"f","arguments":"{\"a\": 1}"}}
{"type":"item.completed","item":{"id":"l","call_id":"c","type":"tool_call","name":"g","arguments":"not json"}}
{"type":"item.completed","item":{"type":"tool_call","name":"h","arguments":"[1]"}}
{"type":"item.completed","item":{"type":"tool_call"}}
{"type":"turn.completed","usage":{"input_tokens":1}}
"#;
    insta::assert_snapshot!(compat(Adapter::CodexCli, output), @r#"
    {"kind":"resume","resumeToken":"t"}
    {"kind":"text","delta":"Hi"}
    {"kind":"text","delta":"Hi"}
    {"kind":"text","delta":"**Think**"}
    {"kind":"tool_call","call":{"id":"k","name":"f","arguments":{"a": 1}}}
    {"kind":"tool_call","call":{"id":"c","name":"g","arguments":{}}}
    {"kind":"tool_call","call":{"id":"h","name":"h","arguments":{}}}
    {"kind":"finish","reason":"toolUse"}
    "#);
}

#[test]
fn any_answer_of_the_peer_ends_the_exchange() {
    let output = r#"
{"id":5,"method":"stream/toolCall","params":{"id":"a","name":"b","arguments":[]}}
{"method":"stream/done","params":{"reason":"toolUse"}}
"#;
    insta::assert_snapshot!(compat(Adapter::IndusagiCli, output), @r#"
    {"kind":"tool_call","call":{"id":"a","name":"b","arguments":{}}}
    {"kind":"finish","reason":"toolUse"}
    "#);
    let stranger = r#"{"id":"somebody else's","result":null}"#;
    insta::assert_snapshot!(compat(Adapter::IndusagiCli, stranger), @r#"{"kind":"finish","reason":"stop"}"#);
    let method = r#"{"method":5,"result":1}"#;
    insta::assert_snapshot!(compat(Adapter::IndusagiCli, method), @r#"{"kind":"finish","reason":"stop"}"#);
}

#[test]
fn the_opening_is_the_references() {
    let opening = Opening {
        context: crate::bridge::Context::of_prompt("hi"),
        resume: Some("r".to_owned()),
        cwd: Some("/w".to_owned()),
        session_id: Some("s".to_owned()),
        ..Opening::default()
    };
    let lines = [Adapter::ClaudeCli, Adapter::CodexCli, Adapter::IndusagiCli]
        .map(|adapter| opened(adapter, Mode::Compat, opening.clone()).1.join("\n"));
    insta::assert_snapshot!(lines.join("\n"), @r#"
    {"context":{"messages":[{"content":"hi","role":"user"}]},"cwd":"/w","resume":"r","sessionId":"s","type":"user"}
    {"context":{"messages":[{"content":"hi","role":"user"}]},"cwd":"/w","sessionId":"s","thread":"r","type":"turn"}
    {"id":"s","jsonrpc":"2.0","method":"runExchange","params":{"context":{"messages":[{"content":"hi","role":"user"}]},"cwd":"/w","delegate":null,"resume":"r","sessionId":"s"}}
    "#);
}

#[test]
fn what_the_reference_does_not_have_has_no_such_mode() {
    for adapter in Adapter::ALL {
        let has = dialect(adapter, Mode::Compat, Opening::default()).is_some();
        assert_eq!(has, adapter.is_of_reference());
    }
}
