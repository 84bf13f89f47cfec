//! What holds for every dialect in both modes, whatever a child says.

use proptest::prelude::*;

use super::*;
use crate::wire::child::EndedBy;

/// Lines that dialects know, and some that none does.
const LINES: [&str; 40] = [
    r#"{"type":"system","subtype":"init","session_id":"s"}"#,
    r#"{"type":"stream_event","event":{"type":"message_start","message":{"id":"m1","usage":{"input_tokens":1}}}}"#,
    r#"{"type":"stream_event","event":{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"n","input":{}}}}"#,
    r#"{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}}"#,
    r#"{"type":"stream_event","event":{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"語"}}}"#,
    r#"{"type":"stream_event","event":{"type":"content_block_stop","index":0}}"#,
    r#"{"type":"stream_event","event":{"type":"message_stop"}}"#,
    r#"{"type":"content_block_delta","delta":{"type":"text_delta","text":"bare"}}"#,
    r#"{"type":"assistant","message":{"id":"m2","content":[{"type":"text","text":"whole"}]}}"#,
    r#"{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t","is_error":true}]}}"#,
    r#"{"type":"result","subtype":"success","is_error":false,"result":"whole","usage":{"input_tokens":5}}"#,
    r#"{"type":"result","subtype":"error_max_turns"}"#,
    r#"{"type":"thread.started","thread_id":"t"}"#,
    r#"{"type":"turn.started"}"#,
    r#"{"type":"item.started","item":{"id":"i","type":"command_execution","command":"ls","status":"in_progress"}}"#,
    r#"{"type":"item.completed","item":{"id":"i","type":"web_search","id":"w","query":"q"}}"#,
    r#"{"type":"item.updated","item":{"id":"a","type":"agent_message","text":"Hel"}}"#,
    r#"{"type":"item.completed","item":{"id":"a","type":"agent_message","text":"Hello"}}"#,
    r#"{"type":"item.completed","item":{"id":"a","type":"agent_message","text":"Other"}}"#,
    r#"{"type":"item.completed","item":{"type":"function_call","name":"f","arguments":"{}"}}"#,
    r#"{"type":"response.output_text.delta","delta":"He"}"#,
    r#"{"type":"error","message":"Reconnecting... 1/2"}"#,
    r#"{"type":"turn.failed","error":{"message":"nope"}}"#,
    r#"{"type":"turn.completed","usage":{"input_tokens":3,"output_tokens":1}}"#,
    r#"{"id":1,"result":{}}"#,
    r#"{"id":2,"result":{"thread":{"id":"t"}}}"#,
    r#"{"id":3,"error":{"message":"no"}}"#,
    r#"{"method":"item/started","params":{"item":{"type":"agentMessage","id":"a"}}}"#,
    r#"{"method":"item/agentMessage/delta","params":{"itemId":"a","delta":"He"}}"#,
    r#"{"method":"item/completed","params":{"item":{"type":"agentMessage","id":"a","text":"Hello"}}}"#,
    r#"{"method":"turn/completed","params":{"turn":{"status":"completed"}}}"#,
    r#"{"id":9,"method":"ask","params":{}}"#,
    r#"{"method":"stream/text","params":{"delta":"x"}}"#,
    r#"{"method":"stream/done","params":{"reason":"length"}}"#,
    r#"{"type":"event","event":{"kind":"text_delta","delta":"x"}}"#,
    r#"{"type":"result","snapshot":{"phase":"faulted"}}"#,
    r#"{"type":"\ud800","event":{"kind":"text_delta","delta":"\udc00"}}"#,
    "[1,2]",
    "not json",
    "{",
];

fn adapters() -> impl Strategy<Value = (Adapter, Mode)> {
    let pairs: Vec<_> = Adapter::ALL
        .into_iter()
        .flat_map(|adapter| [(adapter, Mode::Faithful), (adapter, Mode::Compat)])
        .filter(|&(adapter, mode)| mode == Mode::Faithful || adapter.is_of_reference())
        .collect();
    prop::sample::select(pairs)
}

fn output() -> impl Strategy<Value = Vec<u8>> {
    let line = prop_oneof![
        8 => prop::sample::select(&LINES[..]).prop_map(|line| line.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..30),
    ];
    prop::collection::vec((line, prop::sample::select(&["\n", "\r\n", "\n\n"][..])), 0..20).prop_map(
        |lines| {
            lines
                .into_iter()
                .flat_map(|(line, end)| [line, end.into()].concat())
                .collect()
        },
    )
}

fn endings() -> impl Strategy<Value = Ending> {
    let how = prop_oneof![
        any::<u8>().prop_map(|code| How::Exited(code.into())),
        (1..32).prop_map(How::Signalled),
        Just(How::Silent),
    ];
    let by = prop::sample::select(vec![EndedBy::Itself, EndedBy::Asked, EndedBy::Killed]);
    (how, by, ".{0,40}").prop_map(|(how, by, stderr)| Ending { how, by, stderr })
}

fn has_one_end(events: &[NormalizedEvent]) -> bool {
    events.iter().filter(|event| event.is_terminal()).count() == 1 && events.last().unwrap().is_terminal()
}

proptest! {
    #[test]
    fn any_output_and_any_ending_give_exactly_one_end(
        (adapter, mode) in adapters(),
        output in output(),
        cut in any::<prop::sample::Index>(),
        ending in endings(),
        resume in any::<bool>(),
    ) {
        let opening = Opening { resume: resume.then(|| "t".to_owned()), ..Opening::default() };
        let output = &output[..cut.index(output.len() + 1)];
        let events = replay_with(adapter, mode, opening, output, &ending);
        prop_assert!(has_one_end(&events), "{events:?}");
    }

    #[test]
    fn any_cutting_of_the_output_gives_the_same_events(
        (adapter, mode) in adapters(),
        output in output(),
        size in 1_usize..40,
    ) {
        let whole = replay(adapter, mode, &output, &exited(0));
        let (mut translation, _, mut events) = opened(adapter, mode, Opening::default());
        let mut lines = Lines::new(1 << 20);
        for piece in output.chunks(size) {
            lines.push(piece);
            while let Some(line) = lines.next() {
                events.extend(translation.line(&line).events);
            }
        }
        lines.finish();
        while let Some(line) = lines.next() {
            events.extend(translation.line(&line).events);
        }
        events.extend(translation.end(&exited(0)).events);
        prop_assert_eq!(events, whole);
    }

    #[test]
    fn an_exchange_ended_from_outside_says_so_once((adapter, mode) in adapters(), output in output()) {
        let (mut translation, _, mut events) = opened(adapter, mode, Opening::default());
        let mut lines = Lines::new(1 << 20);
        lines.push(&output);
        while let Some(line) = lines.next() {
            events.extend(translation.line(&line).events);
        }
        for _ in 0..2 {
            let aborted = crate::bridge::BridgeFailure::aborted();
            events.extend(translation.fail(aborted).events);
        }
        events.extend(translation.end(&exited(0)).events);
        prop_assert!(has_one_end(&events), "{events:?}");
    }

    #[test]
    fn events_survive_their_json((adapter, mode) in adapters(), output in output()) {
        for event in replay(adapter, mode, &output, &exited(0)) {
            let json = serde_json::to_string(&event).unwrap();
            let read: NormalizedEvent = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::to_value(&event).unwrap());
        }
    }
}
