//! `codex-cli`.

use super::*;

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
