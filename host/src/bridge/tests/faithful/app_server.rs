//! `codex-app-server`.

use super::*;

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
