//! `claude-cli`.

use super::*;

/// A turn of two messages with a tool between them, in pieces and whole.
const CLAUDE: &str = r#"
{"type":"system","subtype":"init","session_id":"5b1f","model":"claude-x","tools":["Bash"]}
{"type":"stream_event","session_id":"5b1f","parent_tool_use_id":null,"event":{"type":"message_start","message":{"id":"msg_1","role":"assistant","content":[],"usage":{"input_tokens":10,"output_tokens":1}}}}
{"type":"stream_event","event":{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"list "}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"first"}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"xx"}}}
{"type":"stream_event","event":{"type":"content_block_stop","index":0}}
{"type":"stream_event","event":{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"Bash","input":{}}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"command\": \"l"}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"s\"}"}}}
{"type":"assistant","message":{"id":"msg_1","role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"Bash","input":{"command":"ls"}}]},"parent_tool_use_id":null}
{"type":"stream_event","event":{"type":"content_block_stop","index":1}}
{"type":"stream_event","event":{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":5}}}
{"type":"stream_event","event":{"type":"message_stop"}}
{"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"a.rs","is_error":false}]},"parent_tool_use_id":null}
{"type":"stream_event","event":{"type":"message_start","message":{"id":"msg_2","role":"assistant","content":[],"usage":{"input_tokens":20,"output_tokens":1}}}}
{"type":"stream_event","event":{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"One "}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"file."}}}
{"type":"stream_event","event":{"type":"content_block_stop","index":0}}
{"type":"assistant","message":{"id":"msg_2","role":"assistant","content":[{"type":"text","text":"One file."}]},"parent_tool_use_id":null}
{"type":"stream_event","event":{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}}
{"type":"stream_event","event":{"type":"message_stop"}}
{"type":"result","subtype":"success","is_error":false,"result":"One file.","stop_reason":"end_turn","total_cost_usd":0.25,"usage":{"input_tokens":30,"output_tokens":12,"cache_read_input_tokens":4}}
"#;

#[test]
fn a_turn_of_claude_is_told_with_its_tool_and_ended_by_its_result() {
    insta::assert_snapshot!(faithful(Adapter::ClaudeCli, CLAUDE), @r#"
    {"kind":"resume","resumeToken":"5b1f"}
    {"kind":"thinking","delta":"list "}
    {"kind":"thinking","delta":"first"}
    {"kind":"break"}
    {"kind":"tool_call","call":{"id":"toolu_1","name":"Bash","arguments":{"command": "ls"}}}
    {"kind":"usage","usage":{"input":10,"output":5,"cacheRead":0,"cacheWrite":0,"totalTokens":15,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"wholeConversation":false}
    {"kind":"activity","id":"toolu_1","tool":"Bash","state":"done","title":"","detail":{"type":"tool_result","tool_use_id":"toolu_1","content":"a.rs","is_error":false}}
    {"kind":"text","delta":"One "}
    {"kind":"text","delta":"file."}
    {"kind":"usage","usage":{"input":20,"output":7,"cacheRead":0,"cacheWrite":0,"totalTokens":27,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"wholeConversation":false}
    {"kind":"usage","usage":{"input":0,"output":0,"cacheRead":4,"cacheWrite":0,"totalTokens":4,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.25}},"wholeConversation":false}
    {"kind":"finish","reason":"stop"}
    "#);
}

#[test]
fn whole_messages_of_claude_are_told_when_they_did_not_come_in_pieces() {
    let output = r#"
{"type":"assistant","message":{"id":"m1","content":[{"type":"text","text":"Look:"},{"type":"tool_use","id":"t1","name":"Read","input":{"path":"a"}}]}}
{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t1","content":"no such file","is_error":true}]}}
{"type":"assistant","message":{"id":"m2","content":[{"type":"text","text":"Gone."}],"stop_reason":"max_tokens"}}
{"type":"result","subtype":"success","is_error":false,"result":"Gone."}
"#;
    insta::assert_snapshot!(faithful(Adapter::ClaudeCli, output), @r#"
    {"kind":"text","delta":"Look:"}
    {"kind":"break"}
    {"kind":"tool_call","call":{"id":"t1","name":"Read","arguments":{"path":"a"}}}
    {"kind":"activity","id":"t1","tool":"Read","state":"failed","title":"","detail":{"type":"tool_result","tool_use_id":"t1","content":"no such file","is_error":true}}
    {"kind":"text","delta":"Gone."}
    {"kind":"finish","reason":"length"}
    "#);
}

#[test]
fn what_a_sub_agent_of_claude_says_is_no_part_of_the_answer() {
    let output = r#"
{"type":"assistant","message":{"id":"m1","content":[{"type":"tool_use","id":"t1","name":"Task","input":{}}]}}
{"type":"stream_event","parent_tool_use_id":"t1","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"inner"}}}
{"type":"assistant","message":{"id":"s1","content":[{"type":"text","text":"inner"}]},"parent_tool_use_id":"t1"}
{"type":"result","subtype":"success","is_error":false,"result":"outer"}
"#;
    let events = replay(Adapter::ClaudeCli, Mode::Faithful, output.as_bytes(), &exited(0));
    assert_eq!(text_of(&events), "outer");
    let inner = events.iter().find_map(|event| match event {
        NormalizedEvent::Activity(activity) => Some(activity),
        _ => None,
    });
    let inner = inner.unwrap();
    assert_eq!((inner.id.as_str(), inner.tool.as_str()), ("t1", "Task"));
    assert!(inner.detail.as_ref().unwrap().text().contains("inner"));
}

#[test]
fn a_result_of_claude_that_is_an_error_in_either_way_fails() {
    let results = [
        r#"{"type":"result","subtype":"error_max_turns","is_error":false}"#,
        r#"{"type":"result","subtype":"success","is_error":true,"result":"Not logged in"}"#,
        r#"{"type":"result","subtype":"error_during_execution","is_error":true,"errors":["one","two"]}"#,
        r#"{"type":"result","subtype":"error_during_execution","is_error":true,"errors":["No conversation found with session ID: 5b1f"]}"#,
        r#"{"type":"control_request","request_id":"1","request":{"subtype":"can_use_tool"}}"#,
        r#"{"type":"error","error":{"message":"overloaded"}}"#,
        r#"{"type":"error","error":"overloaded"}"#,
    ];
    let failures = results.map(|result| {
        let events = replay(Adapter::ClaudeCli, Mode::Faithful, result.as_bytes(), &exited(0));
        let failure = failure(&events);
        format!("{:?}: {}", failure.code.unwrap(), failure.message)
    });
    insta::assert_snapshot!(failures.join("\n"), @"
    Reported: claude ended with `error_max_turns`
    Reported: Not logged in
    Reported: one; two
    TokenRefused: No conversation found with session ID: 5b1f
    Unsupported: claude asks for a decision, and there is nobody to take it: give it the permissions that it needs by its own settings
    Reported: overloaded
    Reported: overloaded
    ");
}

#[test]
fn an_error_of_the_api_on_the_way_is_told_and_ends_nothing() {
    let output = r#"
{"type":"stream_event","event":{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}}
{"type":"result","subtype":"success","is_error":false,"result":"fine"}
"#;
    let events = replay(Adapter::ClaudeCli, Mode::Faithful, output.as_bytes(), &exited(0));
    assert_eq!(text_of(&events), "fine");
    assert!(
        events
            .iter()
            .any(|event| matches!(event, NormalizedEvent::Notice { message } if message == "Overloaded"))
    );
}

#[test]
fn tool_calls_of_claude_under_way_have_one_bound_together() {
    let begins = |index: usize, input: &str| {
        format!(
            r#"{{"type":"content_block_start","index":{index},"content_block":{{"type":"tool_use","id":"{index}","name":"Write","input":{input}}}}}"#
        )
    };
    let piece = |index: usize| {
        format!(
            r#"{{"type":"content_block_delta","index":{index},"delta":{{"type":"input_json_delta","partial_json":"{}"}}}}"#,
            "x".repeat(1 << 20)
        )
    };
    let ends = |index: usize| format!(r#"{{"type":"content_block_stop","index":{index}}}"#);
    // One after the other there may be any number.
    let (mut translation, ..) = opened(Adapter::ClaudeCli, Mode::Faithful, Opening::default());
    for index in 0..16 {
        for text in [begins(index, "{}"), piece(index), ends(index)] {
            translation.line(&line(&text));
        }
    }
    assert!(!translation.is_settled());
    // At once, however they are cut, no more than the bound.
    let large = format!(r#"{{"content":"{}"}}"#, "x".repeat(1 << 20));
    let in_pieces = (16..32).flat_map(|index| [begins(index, "{}"), piece(index)]);
    let whole = (16..32).map(|index| begins(index, &large));
    for lines in [in_pieces.collect::<Vec<_>>(), whole.collect()] {
        let (mut translation, ..) = opened(Adapter::ClaudeCli, Mode::Faithful, Opening::default());
        let told: Vec<_> = lines
            .iter()
            .flat_map(|text| translation.line(&line(text)).events)
            .collect();
        assert_eq!(failure(&told).code, Some(FailureCode::TooLarge));
    }
}

#[test]
fn arguments_of_claude_that_are_no_object_are_told_and_the_call_goes_on() {
    let output = r#"
{"type":"stream_event","event":{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"X","input":{}}}}
{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":"}}}
{"type":"stream_event","event":{"type":"content_block_stop","index":0}}
"#;
    insta::assert_snapshot!(faithful(Adapter::ClaudeCli, output), @r#"
    {"kind":"notice","message":"the arguments of the tool call `t` are no JSON object: {\"a\":"}
    {"kind":"tool_call","call":{"id":"t","name":"X","arguments":{}}}
    {"kind":"failed","error":{"message":"the child ended before it was done: exit status 0","aborted":false,"code":"child-ended"}}
    "#);
}
