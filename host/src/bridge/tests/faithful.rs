//! The dialects as the real children speak them.

use super::*;
use crate::bridge::{BridgeFailure, FailureCode, FinishReason, Usage};

fn faithful(adapter: Adapter, output: &str) -> String {
    told(adapter, Mode::Faithful, output)
}

fn failure(events: &[NormalizedEvent]) -> &BridgeFailure {
    match events.last() {
        Some(NormalizedEvent::Failed { error }) => error,
        other => panic!("{other:?}"),
    }
}

fn finish(events: &[NormalizedEvent]) -> FinishReason {
    match events.last() {
        Some(NormalizedEvent::Finish { reason }) => *reason,
        other => panic!("{other:?}"),
    }
}

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

const CODEX: &str = r#"
{"type":"thread.started","thread_id":"01a1"}
{"type":"item.completed","item":{"id":"item_0","type":"error","message":"no metadata for this model"}}
{"type":"turn.started"}
{"type":"item.completed","item":{"id":"item_1","type":"reasoning","text":"**Look** first"}}
{"type":"item.started","item":{"id":"item_2","type":"command_execution","command":"ls","aggregated_output":"","exit_code":null,"status":"in_progress"}}
{"type":"item.completed","item":{"id":"item_2","type":"command_execution","command":"ls","aggregated_output":"a.rs\n","exit_code":0,"status":"completed"}}
{"type":"item.completed","item":{"id":"item_3","type":"web_search","id":"ws_1","query":"rust wasm"}}
{"type":"item.completed","item":{"id":"item_4","type":"agent_message","text":"One file."}}
{"type":"item.completed","item":{"id":"item_5","type":"holo_deck","text":"?"}}
{"type":"turn.completed","usage":{"input_tokens":22,"cached_input_tokens":8,"cache_write_input_tokens":0,"output_tokens":14,"reasoning_output_tokens":4}}
"#;

#[test]
fn a_turn_of_codex_is_told_with_what_it_does_by_itself() {
    insta::assert_snapshot!(faithful(Adapter::CodexCli, CODEX), @r#"
    {"kind":"resume","resumeToken":"01a1"}
    {"kind":"notice","message":"no metadata for this model"}
    {"kind":"thinking","delta":"**Look** first"}
    {"kind":"activity","id":"item_2","tool":"command_execution","state":"running","title":"ls","detail":{"id":"item_2","type":"command_execution","command":"ls","aggregated_output":"","exit_code":null,"status":"in_progress"}}
    {"kind":"activity","id":"item_2","tool":"command_execution","state":"done","title":"ls","detail":{"id":"item_2","type":"command_execution","command":"ls","aggregated_output":"a.rs\n","exit_code":0,"status":"completed"}}
    {"kind":"activity","id":"item_3","tool":"web_search","state":"done","title":"rust wasm","detail":{"id":"item_3","type":"web_search","id":"ws_1","query":"rust wasm"}}
    {"kind":"break"}
    {"kind":"text","delta":"One file."}
    {"kind":"unknown","line":"{\"type\":\"item.completed\",\"item\":{\"id\":\"item_5\",\"type\":\"holo_deck\",\"text\":\"?\"}}"}
    {"kind":"usage","usage":{"input":14,"output":14,"cacheRead":8,"cacheWrite":0,"totalTokens":36,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"wholeConversation":false}
    {"kind":"finish","reason":"stop"}
    "#);
}

#[test]
fn a_reconnect_of_codex_ends_nothing_and_a_failed_turn_does() {
    let output = r#"
{"type":"error","message":"Reconnecting... 1/2 (stream closed)"}
{"type":"item.completed","item":{"id":"item_1","type":"agent_message","text":"Recovered"}}
{"type":"turn.completed"}
"#;
    let events = replay(Adapter::CodexCli, Mode::Faithful, output.as_bytes(), &exited(0));
    assert_eq!(
        (text_of(&events).as_str(), finish(&events)),
        ("Recovered", FinishReason::Stop)
    );
    let output = r#"
{"type":"error","message":"nope"}
{"type":"turn.failed","error":{"message":"nope"}}
"#;
    let events = replay(Adapter::CodexCli, Mode::Faithful, output.as_bytes(), &exited(1));
    assert_eq!(failure(&events).message, "nope");
}

#[test]
fn codex_that_was_cut_off_finishes_by_length() {
    let output = r#"{"type":"turn.failed","error":{"message":"Incomplete response returned, reason: max_output_tokens"}}"#;
    let events = replay(Adapter::CodexCli, Mode::Faithful, output.as_bytes(), &exited(1));
    assert_eq!(finish(&events), FinishReason::Length);
}

#[test]
fn that_codex_was_cut_off_is_told_once() {
    let why = "Incomplete response returned, reason: max_output_tokens";
    let exec = format!(
        "{{\"type\":\"error\",\"message\":\"{why}\"}}\n{{\"type\":\"turn.failed\",\"error\":{{\"message\":\"{why}\"}}}}\n"
    );
    let turn = format!("{{\"turn\":{{\"status\":\"failed\",\"error\":{{\"message\":\"{why}\"}}}}}}");
    let server = format!(
        "{{\"method\":\"error\",\"params\":{{\"error\":{{\"message\":\"{why}\"}}}}}}\n{{\"method\":\"turn/completed\",\"params\":{turn}}}\n"
    );
    for (adapter, output) in [(Adapter::CodexCli, exec), (Adapter::CodexAppServer, server)] {
        let events = replay(adapter, Mode::Faithful, output.as_bytes(), &exited(1));
        let kinds: Vec<_> = events.iter().map(NormalizedEvent::kind).collect();
        assert_eq!(kinds, ["notice", "finish"], "{adapter}");
    }
}

#[test]
fn text_of_codex_in_pieces_and_whole_is_told_once() {
    let output = r#"
{"type":"response.output_text.delta","delta":"H"}
{"type":"response.output_text.delta","delta":"i"}
{"type":"item.completed","item":{"id":"item_1","type":"agent_message","text":"Hi!"}}
{"type":"turn.completed"}
"#;
    let events = replay(Adapter::CodexCli, Mode::Faithful, output.as_bytes(), &exited(0));
    assert_eq!(text_of(&events), "Hi!");
}

#[test]
fn usage_of_codex_is_what_this_turn_added() {
    let opening = |used| Opening {
        resume: Some("01a1".to_owned()),
        used,
        ..Opening::default()
    };
    let output = br#"{"type":"turn.completed","usage":{"input_tokens":22,"cached_input_tokens":8,"output_tokens":14}}"#;
    let usage = |opening| {
        let events = replay_with(Adapter::CodexCli, Mode::Faithful, opening, output, &exited(0));
        events.into_iter().find_map(|event| match event {
            NormalizedEvent::Usage {
                usage,
                whole_conversation,
            } => Some((usage, whole_conversation)),
            _ => None,
        })
    };
    let (new, whole) = usage(opening(Some(Usage::of_tokens(7, 7, 4, 0)))).unwrap();
    assert_eq!((new.input, new.output, new.cache_read, whole), (7, 7, 4, false));
    // What was used before is not known: that is said.
    let (all, whole) = usage(opening(None)).unwrap();
    assert_eq!((all.input, all.output, all.cache_read, whole), (14, 14, 8, true));
}

#[test]
fn codex_that_goes_on_with_another_conversation_is_told_and_its_usage_is_no_difference() {
    let opening = Opening {
        resume: Some("no-thread".to_owned()),
        used: Some(Usage::of_tokens(5, 5, 0, 0)),
        ..Opening::default()
    };
    let output = br#"
{"type":"thread.started","thread_id":"01a2"}
{"type":"turn.completed","usage":{"input_tokens":7,"output_tokens":6}}
"#;
    let events = replay_with(Adapter::CodexCli, Mode::Faithful, opening, output, &exited(0));
    insta::assert_snapshot!(json(&events), @r#"
    {"kind":"notice","message":"codex was to go on with `no-thread`, and calls its conversation `01a2`: it may be a new one"}
    {"kind":"resume","resumeToken":"01a2"}
    {"kind":"usage","usage":{"input":7,"output":6,"cacheRead":0,"cacheWrite":0,"totalTokens":13,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"wholeConversation":true}
    {"kind":"finish","reason":"stop"}
    "#);
}

#[test]
fn a_conversation_that_codex_does_not_know_is_told_by_its_last_words() {
    let ending = Ending {
        how: How::Exited(1),
        stderr:
            "Error: thread/resume: thread/resume failed: no rollout found for thread id 01a1 (code -32600)\n"
                .to_owned(),
        ..Ending::default()
    };
    let events = replay(Adapter::CodexCli, Mode::Faithful, b"", &ending);
    assert_eq!(failure(&events).code, Some(FailureCode::TokenRefused));
}

/// The server's side of a turn whose model call was tried three times.
const APP_SERVER: [&str; 20] = [
    r#"{"id":1,"result":{"userAgent":"x"}}"#,
    r#"{"method":"configWarning","params":{"summary":"no bubblewrap","details":null}}"#,
    r#"{"id":2,"result":{"thread":{"id":"01a1"}}}"#,
    r#"{"id":3,"result":{"turn":{"id":"t1","status":"inProgress"}}}"#,
    r#"{"method":"item/completed","params":{"threadId":"01a1","item":{"type":"userMessage","id":"u1","content":[{"type":"text","text":"hi"}]}}}"#,
    r#"{"method":"item/started","params":{"threadId":"01a1","item":{"type":"reasoning","id":"rs_1","summary":[],"content":[]}}}"#,
    r#"{"method":"item/reasoning/summaryTextDelta","params":{"threadId":"01a1","itemId":"rs_1","delta":"**Think**","summaryIndex":0}}"#,
    r#"{"method":"item/completed","params":{"threadId":"01a1","item":{"type":"reasoning","id":"rs_1","summary":["**Think**"],"content":[]}}}"#,
    r#"{"method":"item/started","params":{"threadId":"01a1","item":{"type":"agentMessage","id":"msg_1","text":""}}}"#,
    r#"{"method":"item/agentMessage/delta","params":{"threadId":"01a1","itemId":"msg_1","delta":"Par"}}"#,
    r#"{"method":"item/agentMessage/delta","params":{"threadId":"01a1","itemId":"msg_1","delta":"tial text"}}"#,
    r#"{"method":"error","params":{"error":{"message":"Reconnecting... 1/2"},"willRetry":true,"threadId":"01a1"}}"#,
    r#"{"method":"item/started","params":{"threadId":"01a1","item":{"type":"agentMessage","id":"msg_1","text":""}}}"#,
    r#"{"method":"item/agentMessage/delta","params":{"threadId":"01a1","itemId":"msg_1","delta":"Par"}}"#,
    r#"{"method":"item/started","params":{"threadId":"01a1","item":{"type":"agentMessage","id":"msg_1","text":""}}}"#,
    r#"{"method":"item/agentMessage/delta","params":{"threadId":"01a1","itemId":"msg_1","delta":"Recovered text"}}"#,
    r#"{"method":"item/completed","params":{"threadId":"01a1","item":{"type":"agentMessage","id":"msg_1","text":"Recovered text"}}}"#,
    r#"{"method":"item/agentMessage/delta","params":{"threadId":"sub","itemId":"x","delta":"of another thread"}}"#,
    r#"{"method":"thread/tokenUsage/updated","params":{"threadId":"01a1","tokenUsage":{"total":{"totalTokens":36,"inputTokens":22,"cachedInputTokens":8,"outputTokens":14},"last":{"totalTokens":18,"inputTokens":11,"cachedInputTokens":4,"outputTokens":7}}}}"#,
    r#"{"method":"turn/completed","params":{"threadId":"01a1","turn":{"id":"t1","status":"completed","error":null}}}"#,
];

#[test]
fn a_conversation_with_the_app_server_goes_its_steps_and_a_text_begun_anew_is_told_once() {
    let opening = Opening {
        prompt: "hi".to_owned(),
        cwd: Some("/work".to_owned()),
        ..Opening::default()
    };
    let (mut translation, lines, _) = opened(Adapter::CodexAppServer, Mode::Faithful, opening);
    let mut dialog: Vec<String> = lines.into_iter().map(|line| format!("> {line}")).collect();
    let mut events = Vec::new();
    for text in APP_SERVER {
        let said = translation.line(&line(text));
        dialog.extend(said.lines.into_iter().map(|line| format!("> {line}")));
        dialog.extend(said.no_more_lines.then(|| "> (no more)".to_owned()));
        events.extend(said.events);
    }
    assert_eq!(text_of(&events), "Recovered text");
    let version = env!("CARGO_PKG_VERSION");
    insta::assert_snapshot!(dialog.join("\n").replace(version, "VERSION"), @r#"
    > {"id":1,"method":"initialize","params":{"clientInfo":{"name":"yoikit","version":"VERSION"}}}
    > {"method":"initialized"}
    > {"id":2,"method":"thread/start","params":{"approvalPolicy":"never","cwd":"/work"}}
    > {"id":3,"method":"turn/start","params":{"input":[{"text":"hi","type":"text"}],"threadId":"01a1"}}
    > (no more)
    "#);
    insta::assert_snapshot!(json(&events), @r#"
    {"kind":"notice","message":"no bubblewrap"}
    {"kind":"resume","resumeToken":"01a1"}
    {"kind":"thinking","delta":"**Think**"}
    {"kind":"break"}
    {"kind":"text","delta":"Par"}
    {"kind":"text","delta":"tial text"}
    {"kind":"notice","message":"Reconnecting... 1/2"}
    {"kind":"discard","of":"text","bytes":12}
    {"kind":"break"}
    {"kind":"text","delta":"Recovered text"}
    {"kind":"usage","usage":{"input":7,"output":7,"cacheRead":4,"cacheWrite":0,"totalTokens":18,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"wholeConversation":false}
    {"kind":"finish","reason":"stop"}
    "#);
}

#[test]
fn what_the_app_server_asks_of_us_is_refused_in_its_words() {
    let (mut translation, _, _) = opened(Adapter::CodexAppServer, Mode::Faithful, Opening::default());
    let request = r#"{"id":"a","method":"item/commandExecution/requestApproval","params":{}}"#;
    let said = translation.line(&line(request));
    insta::assert_snapshot!(said.lines[0], @r#"{"id":"a","error":{"code":-32601,"message":"yoikit does not answer item/commandExecution/requestApproval"}}"#);
    // One whose name is `null` is asked as well.
    let said = translation.line(&line(r#"{"id":null,"method":"ask"}"#));
    insta::assert_snapshot!(said.lines[0], @r#"{"id":null,"error":{"code":-32601,"message":"yoikit does not answer ask"}}"#);
}

#[test]
fn an_answer_of_the_app_server_counts_for_the_question_of_that_very_id_and_once() {
    let (mut translation, _, _) = opened(Adapter::CodexAppServer, Mode::Faithful, Opening::default());
    let mut hear = |text: &str| {
        let said = translation.line(&line(text));
        let kinds: Vec<&str> = said.events.iter().map(NormalizedEvent::kind).collect();
        (said.lines, kinds.join(" "))
    };
    let nothing = || (Vec::new(), "unknown".to_owned());
    // Of what was not asked, or not yet.
    for id in ["null", "\"1\"", "\"x\"", "\"\"", "0", "2", "3", "99", "1.0"] {
        assert_eq!(
            hear(&format!(r#"{{"id":{id},"result":{{"thread":{{"id":"t"}}}}}}"#)),
            nothing(),
            "{id}"
        );
        let error = format!(r#"{{"id":{id},"error":{{"code":-32600,"message":"no"}}}}"#);
        assert_eq!(hear(&error), nothing(), "{id}");
    }
    assert_eq!(hear(r#"{"error":{"code":-32700,"message":"no"}}"#), nothing());
    let (lines, _) = hear(r#"{"id":1,"result":{}}"#);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(hear(r#"{"id":1,"result":{}}"#), nothing());
    let (lines, events) = hear(r#"{"id":2,"result":{"thread":{"id":"t"}}}"#);
    assert_eq!((lines.len(), events.as_str()), (1, "resume"));
    assert_eq!(hear(r#"{"id":2,"result":{"thread":{"id":"u"}}}"#), nothing());
    assert_eq!(hear(r#"{"id":3,"error":"no"}"#).1, "failed");
}

#[test]
fn a_thread_that_the_app_server_does_not_know_is_a_token_refused() {
    let opening = Opening {
        resume: Some("01a1".to_owned()),
        ..Opening::default()
    };
    // As codex 0.169.0 says of a thread that is gone, and of what is the name of none.
    for why in [
        "no rollout found for thread id 01a1",
        "invalid session id: invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], \
         found `n` at 1",
    ] {
        let output = format!(
            "{{\"id\":1,\"result\":{{}}}}\n{{\"id\":2,\"error\":{{\"code\":-32600,\"message\":\"{why}\"}}}}\n"
        );
        let events = replay_with(
            Adapter::CodexAppServer,
            Mode::Faithful,
            opening.clone(),
            output.as_bytes(),
            &exited(0),
        );
        assert_eq!(failure(&events).code, Some(FailureCode::TokenRefused), "{why}");
    }
}

const WIRE: &str = r#"
{"type":"event","event":{"kind":"snapshot","snapshot":{"runId":"r","phase":"invoking","messages":[{"role":"user","blocks":[{"kind":"text","text":"hello"}]}],"usageTotal":{"inputTokens":0,"outputTokens":0}}}}
{"type":"event","event":{"kind":"thinking_delta","delta":"hm"}}
{"type":"event","event":{"kind":"tool_started","id":"c1","name":"bash"}}
{"type":"event","event":{"kind":"tool_finished","id":"c1","name":"bash","outcome":{"id":"c1","output":"ok","isError":false}}}
{"type":"event","event":{"kind":"text_delta","delta":"Hello "}}
{"type":"event","event":{"kind":"text_delta","delta":"world"}}
{"type":"event","event":{"kind":"settled","snapshot":{}}}
{"type":"result","snapshot":{"phase":"settled","messages":[{"role":"user","blocks":[]},{"role":"assistant","blocks":[{"kind":"text","text":"Hello world"}]}],"usageTotal":{"inputTokens":16,"outputTokens":10}}}
"#;

#[test]
fn a_turn_of_indusagi_is_told_from_its_events_and_ended_by_its_result() {
    insta::assert_snapshot!(faithful(Adapter::IndusagiWire, WIRE), @r#"
    {"kind":"thinking","delta":"hm"}
    {"kind":"break"}
    {"kind":"activity","id":"c1","tool":"bash","state":"running","title":""}
    {"kind":"activity","id":"c1","tool":"bash","state":"done","title":"","detail":{"id":"c1","output":"ok","isError":false}}
    {"kind":"text","delta":"Hello "}
    {"kind":"text","delta":"world"}
    {"kind":"usage","usage":{"input":16,"output":10,"cacheRead":0,"cacheWrite":0,"totalTokens":26,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"wholeConversation":false}
    {"kind":"finish","reason":"stop"}
    "#);
}

#[test]
fn indusagi_that_streams_nothing_is_heard_by_its_result_and_a_fault_fails() {
    let silent = r#"{"type":"result","snapshot":{"phase":"settled","messages":[{"role":"assistant","blocks":[{"kind":"text","text":"Hi"}]}]}}"#;
    let events = replay(
        Adapter::IndusagiWire,
        Mode::Faithful,
        silent.as_bytes(),
        &exited(0),
    );
    assert_eq!(text_of(&events), "Hi");
    let fault = r#"{"type":"result","snapshot":{"phase":"faulted","messages":[],"error":{"kind":"model_failed","message":"no such model"}}}"#;
    let events = replay(
        Adapter::IndusagiWire,
        Mode::Faithful,
        fault.as_bytes(),
        &exited(0),
    );
    assert_eq!(failure(&events).message, "no such model");
    let refusal = r#"{"type":"error","message":"malformed JSON request line"}"#;
    let events = replay(
        Adapter::IndusagiWire,
        Mode::Faithful,
        refusal.as_bytes(),
        &exited(0),
    );
    assert_eq!(failure(&events).message, "malformed JSON request line");
}

#[test]
fn answers_of_the_peer_are_told_apart_by_their_ids_and_its_requests_are_answered() {
    let (mut translation, lines, _) = opened(Adapter::IndusagiCli, Mode::Faithful, Opening::default());
    assert!(lines[0].contains(r#""id":"runExchange""#), "{lines:?}");
    let mut hear = |text: &str| translation.line(&line(text));
    assert!(hear(r#"{"jsonrpc":"2.0","id":"other","result":{}}"#).events[0].kind() == "unknown");
    assert!(
        hear(r#"{"jsonrpc":"2.0","id":"runExchange-2","error":{"message":"x"}}"#).events[0].kind()
            == "unknown"
    );
    let said = hear(r#"{"jsonrpc":"2.0","id":7,"method":"dialog/ask","params":{}}"#);
    insta::assert_snapshot!(said.lines[0], @r#"{"jsonrpc":"2.0","id":7,"error":{"code":-32601,"message":"Unknown op: dialog/ask","data":{"method":"dialog/ask"}}}"#);
    assert_eq!(
        hear(r#"{"method":"stream/text","params":{"delta":"hi"}}"#).events[0].kind(),
        "text"
    );
    // An error that is `null` is none.
    let said = hear(r#"{"jsonrpc":"2.0","id":"runExchange","error":null,"result":{"reason":"length"}}"#);
    assert_eq!(finish(&said.events), FinishReason::Length);
}

#[test]
fn a_peer_without_run_exchange_is_told_where_to_look() {
    let output =
        r#"{"jsonrpc":"2.0","id":"runExchange","error":{"code":-32601,"message":"Unknown op: runExchange"}}"#;
    let events = replay(
        Adapter::IndusagiCli,
        Mode::Faithful,
        output.as_bytes(),
        &exited(0),
    );
    insta::assert_snapshot!(failure(&events).message, @"Unknown op: runExchange: the peer has no `runExchange`; what `indusagi --rpc` speaks is the adapter `indusagi-wire`");
    let output = r#"{"type":"error","message":"unrecognised request"}"#;
    let events = replay(
        Adapter::IndusagiCli,
        Mode::Faithful,
        output.as_bytes(),
        &exited(0),
    );
    insta::assert_snapshot!(failure(&events).message, @"unrecognised request: the peer speaks no JSON-RPC; what `indusagi --rpc` speaks is the adapter `indusagi-wire`");
}

#[test]
fn a_child_that_ends_out_of_turn_fails_with_its_status_and_its_last_words() {
    let stderr = "error: unexpected argument '--json' found\n".to_owned();
    let ending = Ending::itself(How::Exited(1), stderr);
    let events = replay(Adapter::CodexCli, Mode::Faithful, b"Invalid API key\n", &ending);
    insta::assert_snapshot!(failure(&events).message, @"
    the child ended before it was done: exit status 1; its last words on standard error:
    error: unexpected argument '--json' found
    and on standard output, where its protocol was expected:
    Invalid API key
    ");
    let ending = Ending::itself(How::Signalled(9), String::new());
    let output = r#"{"type":"error","message":"Reconnecting... 1/2"}"#;
    let events = replay(Adapter::CodexCli, Mode::Faithful, output.as_bytes(), &ending);
    insta::assert_snapshot!(failure(&events).message, @"Reconnecting... 1/2 (killed by signal 9 (SIGKILL))");
}

#[test]
fn what_is_not_known_is_kept_word_for_word_and_noise_is_counted() {
    let output = "\u{feff}{\"type\":\"system\",\"subtype\":\"init\",\"session_id\":\"s\"}\n[SandboxDebug] x\n{\"type\":\"new_thing\",\"a\":1.50}\n[1]\n";
    let (mut translation, _, _) = opened(Adapter::ClaudeCli, Mode::Faithful, Opening::default());
    let mut lines = Lines::new(40);
    lines.push(output.as_bytes());
    lines.push(b"\xff\n");
    lines.push(&[b'x'; 50]);
    lines.finish();
    let mut events = Vec::new();
    for line in std::iter::from_fn(|| lines.next()) {
        events.extend(translation.line(&line).events);
    }
    let counts = translation.counts();
    assert_eq!(
        (
            counts.lines,
            counts.unknown,
            counts.noise,
            counts.not_text,
            counts.too_long
        ),
        (6, 1, 2, 1, 2)
    );
    insta::assert_snapshot!(json(&events), @r#"{"kind":"unknown","line":"{\"type\":\"new_thing\",\"a\":1.50}"}"#);
}
