//! What real children said, word for word: `yoikit bridge record` of codex 0.169.0 and indusagi 0.1.5 against a model on
//! loopback, which for codex breaks off its first answer after two pieces. Folders and names of the machine were
//! replaced.

use super::*;
use crate::bridge::LineCounts;

const CODEX: &str = include_str!("recorded/codex-cli.ndjson");
const APP_SERVER: &str = include_str!("recorded/codex-app-server.ndjson");
const INDUSAGI: &str = include_str!("recorded/indusagi-wire.ndjson");

/// What becomes of a recording, every line of which has to be understood.
fn understood(adapter: Adapter, recorded: &str) -> Vec<NormalizedEvent> {
    let (mut translation, _, mut events) = opened(adapter, Mode::Faithful, Opening::default());
    for text in recorded.lines() {
        events.extend(translation.line(&line(text)).events);
    }
    events.extend(translation.end(&exited(0)).events);
    let lines = u64::try_from(recorded.lines().count()).unwrap();
    let counts = LineCounts {
        lines,
        ..LineCounts::default()
    };
    assert_eq!(translation.counts(), counts, "{}", json(&events));
    events
}

#[test]
fn codex_is_understood_to_the_last_line_and_not_given_up_when_it_tries_again() {
    let events = understood(Adapter::CodexCli, CODEX);
    assert_eq!(text_of(&events), "Recovered text \u{2028}🦀");
    insta::assert_snapshot!(json(&events), @r#"
    {"kind":"resume","resumeToken":"01a214e4-bf80-7082-a164-86688a269b77"}
    {"kind":"notice","message":"Model metadata for `gpt-5.1-codex` not found. Defaulting to fallback metadata; this can degrade performance and cause issues."}
    {"kind":"notice","message":"Reconnecting... 1/2 (stream disconnected before completion: stream closed before response.completed)"}
    {"kind":"thinking","delta":"**Thinking** about it"}
    {"kind":"break"}
    {"kind":"text","delta":"Recovered text  🦀"}
    {"kind":"usage","usage":{"input":7,"output":7,"cacheRead":4,"cacheWrite":0,"totalTokens":18,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"wholeConversation":false}
    {"kind":"finish","reason":"stop"}
    "#);
    // The reference gives up where codex does not.
    insta::assert_snapshot!(told(Adapter::CodexCli, Mode::Compat, CODEX), @r#"
    {"kind":"resume","resumeToken":"01a214e4-bf80-7082-a164-86688a269b77"}
    {"kind":"failed","error":{"message":"Reconnecting... 1/2 (stream disconnected before completion: stream closed before response.completed)","aborted":false}}
    "#);
}

#[test]
fn the_app_server_is_understood_to_the_last_line_and_told_once_what_it_begins_again() {
    let events = understood(Adapter::CodexAppServer, APP_SERVER);
    assert_eq!(text_of(&events), "Recovered text \u{2028}🦀");
    insta::assert_snapshot!(json(&events), @r#"
    {"kind":"notice","message":"Codex could not find bubblewrap on PATH. Install bubblewrap with your OS package manager. See the sandbox prerequisites: https://developers.openai.com/codex/concepts/sandboxing#prerequisites. Codex will use the bundled bubblewrap in the meantime."}
    {"kind":"resume","resumeToken":"01a214e4-c584-75c2-b927-ea49d86f6773"}
    {"kind":"notice","message":"Model metadata for `gpt-5.1-codex` not found. Defaulting to fallback metadata; this can degrade performance and cause issues."}
    {"kind":"text","delta":"Par"}
    {"kind":"text","delta":"tial 語"}
    {"kind":"notice","message":"Reconnecting... 1/2"}
    {"kind":"break"}
    {"kind":"thinking","delta":"**Thinking** about it"}
    {"kind":"discard","of":"text","bytes":11}
    {"kind":"break"}
    {"kind":"text","delta":"Recovered "}
    {"kind":"text","delta":"text  🦀"}
    {"kind":"usage","usage":{"input":7,"output":7,"cacheRead":4,"cacheWrite":0,"totalTokens":18,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"wholeConversation":false}
    {"kind":"finish","reason":"stop"}
    "#);
}

#[test]
fn indusagi_is_understood_to_the_last_line() {
    let events = understood(Adapter::IndusagiWire, INDUSAGI);
    assert_eq!(text_of(&events), "Hello world");
    insta::assert_snapshot!(json(&events), @r#"
    {"kind":"text","delta":"Hello world"}
    {"kind":"usage","usage":{"input":16,"output":10,"cacheRead":0,"cacheWrite":0,"totalTokens":26,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"wholeConversation":false}
    {"kind":"finish","reason":"stop"}
    "#);
}
