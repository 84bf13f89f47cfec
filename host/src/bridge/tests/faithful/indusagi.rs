//! `indusagi-wire`, what `indusagi --rpc` speaks, and `indusagi-cli`, what the reference has it speak.

use super::*;

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
