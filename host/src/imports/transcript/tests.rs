use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::exchange::Refusal;
use super::{Came, Exchange, Header, Recorder, Replay, ReplayFault, Transcript, TranscriptError};
use crate::Profile;
use crate::authority::Footprint;
use crate::imports::ctx::Asked;
use crate::imports::faults::FaultKind;
use crate::imports::{HostError, HostErrorCode, Import};
use crate::limits::{TRANSCRIPT_LINE_BYTES, TRANSCRIPT_TEXT_BYTES};

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

fn header() -> Header {
    Header {
        profile: Profile::Documented,
        component: "sha256:00".to_owned(),
        plugin: None,
        tool: Some("get".to_owned()),
    }
}

fn asked(import: Import, text: &str) -> Asked<'_> {
    Asked {
        import,
        handle: 0,
        timeout_ms: 0,
        text,
    }
}

fn error(code: HostErrorCode, message: &str) -> HostError {
    HostError::new(code, message)
}

fn exchange_of(asked: &Asked<'_>, outcome: &Result<String, HostError>, root: Option<&str>) -> Exchange {
    let came = Came {
        outcome,
        root,
        fault: None,
        unseen: false,
    };
    Exchange::of(asked, came)
}

/// The file that a run with these calls leaves.
fn recorded(calls: &[(Asked<'_>, Result<String, HostError>)]) -> String {
    let out = Shared::default();
    let recorder = Recorder::new(out.clone(), &header());
    for (asked, outcome) in calls {
        recorder.note(&exchange_of(asked, outcome, None));
    }
    assert_eq!(recorder.finish().unwrap(), calls.len() as u64);
    out.text()
}

fn read(text: &str) -> Result<Transcript, TranscriptError> {
    Transcript::read(text.as_bytes())
}

#[test]
fn a_run_is_a_line_for_each_call_between_two_others() {
    let (get, send) = (r#"{"method":"GET","url":"https://a.test/"}"#, "{not JSON\n");
    let text = recorded(&[
        (asked(Import::Request, get), Ok(r#"{"status":200}"#.to_owned())),
        (
            Asked {
                handle: 7,
                ..asked(Import::WebsocketSendText, send)
            },
            Err(error(HostErrorCode::Timeout, "WebSocket send timed out")),
        ),
        (
            Asked {
                handle: 7,
                timeout_ms: 250,
                ..asked(Import::WebsocketRecv, "")
            },
            Ok(r#"{"type":"closed"}"#.to_owned()),
        ),
    ]);
    insta::assert_snapshot!(text, @r#"
    {"schema":"yoikit.transcript/1","profile":"documented","component":"sha256:00","tool":"get"}
    {"call":1,"import":"request.request","given":{"method":"GET","url":"https://a.test/"},"answer":{"status":200}}
    {"call":2,"import":"websocket.send-text","handle":7,"text":"{not JSON\n","error":{"code":"timeout","message":"WebSocket send timed out"}}
    {"call":3,"import":"websocket.recv","handle":7,"timeout_ms":250,"answer":{"type":"closed"}}
    {"end":3}
    "#);
}

#[test]
fn credentials_do_not_get_in_wherever_they_stand() {
    let given = [
        r#"{"method":"GET","url":"https://a.test/?access_token=s3cret&page=2"}"#,
        r#"{"headers":[{"name":"x-api-key","value":"s3cret"},{"value":"s3cret","name":"Authorization"}]}"#,
        r#"{"body":"{\"password\":\"s3cret\",\"user\":\"me\"}"}"#,
        r#"{"token":"s3cret", "tokens": ["Bearer s3cret"], "n": 1e3}"#,
        "password=s3cret",
    ];
    let answers = [
        r#"{"status":200,"body":"{\"access_token\": \"s3cret\"}"}"#,
        r#"{"content":"KEY=1\nAPI_KEY=s3cret\n"}"#,
        r#"{"type":"text","text":"Authorization: Bearer s3cret"}"#,
        r#"{"headers":[{"name":"x-auth-token","value":"s3cret"}]}"#,
        r#"{"plain":true}"#,
    ];
    let calls: Vec<_> = given
        .iter()
        .zip(answers)
        .map(|(given, answer)| (asked(Import::Request, given), Ok(answer.to_owned())))
        .collect();
    let text = recorded(&calls);
    assert!(!text.contains("s3cret"), "{text}");
    insta::assert_snapshot!(text, @r#"
    {"schema":"yoikit.transcript/1","profile":"documented","component":"sha256:00","tool":"get"}
    {"call":1,"import":"request.request","given":{"method":"GET","url":"https://a.test/?access_token=<redacted>&page=2"},"answer":{"status":200,"body":"{\"access_token\":\"<redacted>\"}"},"redacted":true}
    {"call":2,"import":"request.request","given":{"headers":[{"name":"x-api-key","value":"<redacted>"},{"value":"<redacted>","name":"Authorization"}]},"answer":{"content":"KEY=1\nAPI_KEY=<redacted>\n"},"redacted":true}
    {"call":3,"import":"request.request","given":{"body":"{\"password\":\"<redacted>\",\"user\":\"me\"}"},"answer":{"type":"text","text":"Authorization: <redacted>"},"redacted":true}
    {"call":4,"import":"request.request","given":{"token":"<redacted>","tokens":["Bearer <redacted>"],"n":1e3},"answer":{"headers":[{"name":"x-auth-token","value":"<redacted>"}]},"redacted":true}
    {"call":5,"import":"request.request","text":"password=<redacted>","answer":{"plain":true},"redacted":true}
    {"end":5}
    "#);

    // And the same run, credentials and all, is recognised.
    let replay = Replay::new(read(&text).unwrap()).unwrap();
    for (asked, _) in &calls {
        replay.answer(asked).unwrap().unwrap();
    }
    replay.finish().unwrap();
}

#[test]
fn a_replay_answers_in_order_and_errors_as_well() {
    let calls = [
        (
            asked(Import::FsRead, r#"{"path":"a"}"#),
            Ok(r#"{"content":"A"}"#.to_owned()),
        ),
        (
            asked(Import::FsRead, r#"{"path":"b"}"#),
            Err(error(HostErrorCode::NotFound, "gone")),
        ),
    ];
    let replay = Replay::new(read(&recorded(&calls)).unwrap()).unwrap();
    // Blanks and the order of members are no difference.
    let spaced = asked(Import::FsRead, r#" { "path" : "a" } "#);
    assert_eq!(replay.answer(&spaced).unwrap().unwrap(), r#"{"content":"A"}"#);
    let refused = replay.answer(&calls[1].0).unwrap().unwrap_err();
    assert_eq!(
        (refused.code, refused.message.as_str()),
        (HostErrorCode::NotFound, "gone")
    );
    replay.finish().unwrap();
}

#[test]
fn every_difference_says_what_differs_and_where_it_is_recorded() {
    let request =
        r#"{"method":"GET","url":"https://a.test/items/1","headers":[{"name":"a","value":"b"}],"body":null}"#;
    let receive = Asked {
        handle: 1,
        timeout_ms: 500,
        ..asked(Import::WebsocketRecv, "")
    };
    let long = "x".repeat(TRANSCRIPT_TEXT_BYTES + 2);
    let text = recorded(&[
        (asked(Import::Request, request), Ok("{}".to_owned())),
        (receive, Ok("{}".to_owned())),
        (
            asked(Import::WebsocketSendText, "a text that goes on for a while"),
            Ok("{}".to_owned()),
        ),
        (
            asked(Import::WebsocketSendText, &long),
            Err(error(HostErrorCode::TooLarge, "too large")),
        ),
    ]);
    let after = |passed: &[Asked<'_>], next: Option<Asked<'_>>| {
        let replay = Replay::new(read(&text).unwrap()).unwrap();
        for asked in passed {
            let _ = replay.answer(asked).unwrap();
        }
        let Some(next) = next else {
            return replay.finish().unwrap_err().to_string();
        };
        let fault = replay.answer(&next).unwrap_err();
        // It stays the first.
        assert_eq!(replay.answer(&receive).unwrap_err(), fault);
        assert_eq!(replay.finish().unwrap_err(), fault);
        fault.to_string()
    };
    let first = asked(Import::Request, request);
    let third = asked(Import::WebsocketSendText, "a text that goes on for a while");
    let fourth = asked(Import::WebsocketSendText, &long);
    let faults = [
        after(&[], Some(asked(Import::FsRead, request))),
        after(
            &[],
            Some(asked(Import::Request, &request.replace("items/1", "items/2"))),
        ),
        after(&[], Some(asked(Import::Request, &request.replace("GET", "POST")))),
        after(
            &[],
            Some(asked(Import::Request, &request.replace(r#","body":null"#, ""))),
        ),
        after(
            &[],
            Some(asked(
                Import::Request,
                &request.replace("null", r#"null,"more/~":{"a":1}"#),
            )),
        ),
        after(&[], Some(asked(Import::Request, &request.replace("null", "[1]")))),
        after(&[], Some(asked(Import::Request, &request.replace("}]", "},7]")))),
        after(&[], Some(asked(Import::Request, "no JSON"))),
        after(&[first], Some(Asked { handle: 2, ..receive })),
        after(
            &[first],
            Some(Asked {
                timeout_ms: 0,
                ..receive
            }),
        ),
        after(
            &[first, receive],
            Some(asked(Import::WebsocketSendText, "a text that goes on for ever")),
        ),
        after(
            &[first, receive, third],
            Some(asked(Import::WebsocketSendText, &long[1..])),
        ),
        after(&[first, receive, third, fourth], Some(first)),
        after(&[first, receive], None),
        after(&[], None),
    ];
    insta::assert_snapshot!(faults.join("\n"), @r#"
    host call 1 is `fs.read`, recorded in line 2 is `request.request`
    host call 1, `request.request`, differs from line 2: `/url` is "…://a.test/items/2", recorded is "…://a.test/items/1"
    host call 1, `request.request`, differs from line 2: `/method` is "POST", recorded is "GET"
    host call 1, `request.request`, differs from line 2: `/body` is not there, recorded is null
    host call 1, `request.request`, differs from line 2: `/more~1~0` is {"a":1}, and was not there
    host call 1, `request.request`, differs from line 2: `/body` is [1], recorded is null
    host call 1, `request.request`, differs from line 2: `/headers` has 2 elements, recorded are 1
    host call 1, `request.request`, differs from line 2: the text is "no JSON", recorded is "{"method":"GET","url":"https://a.test/items/1","headers":[{"name":"a","value":"b…"
    host call 2, `websocket.recv`, differs from line 3: the handle is 2, recorded is 1
    host call 2, `websocket.recv`, differs from line 3: the time in milliseconds is 0, recorded is 500
    host call 3, `websocket.send-text`, differs from line 4: the text is "…hat goes on for ever", recorded is "…hat goes on for a while"
    host call 4, `websocket.send-text`, differs from line 5: the text has 65537 bytes, recorded are 65538
    host call 5, `request.request`, comes after the end: 4 are recorded
    the run ended after 2 of 4 recorded host calls: the next, in line 4, is `websocket.send-text`
    the run ended after 0 of 4 recorded host calls: the next, in line 2, is `request.request`
    "#);
}

#[test]
fn a_recording_that_breaks_off_is_read_and_not_replayed() {
    let text = recorded(&[(asked(Import::FsRead, "{}"), Ok("{}".to_owned()))]);
    let without_end = text.rsplit_once("{\"end\"").unwrap().0;
    for broken in [
        without_end,
        &format!("{without_end}{{\"call\":2,\"import\":\"fs.re"),
    ] {
        let transcript = read(broken).unwrap();
        assert_eq!((transcript.exchanges.len(), transcript.ended), (1, false));
        let error = Replay::new(transcript).unwrap_err();
        insta::allow_duplicates! {
            insta::assert_snapshot!(error, @r#"it breaks off after host call 1: its last line, `{"end":1}`, is not there"#);
        }
    }
}

#[test]
fn a_call_that_the_recorded_guest_did_not_survive_ends_the_replay() {
    let out = Shared::default();
    let recorder = Recorder::new(out.clone(), &header());
    let slow = asked(Import::Request, "{}");
    let outcome = Err(error(HostErrorCode::Timeout, "the time of the call was over"));
    let came = Came {
        outcome: &outcome,
        root: None,
        fault: Some(FaultKind::Silence),
        unseen: true,
    };
    recorder.note(&Exchange::of(&slow, came));
    recorder.finish().unwrap();
    let text = out.text();
    insta::assert_snapshot!(text.lines().nth(1).unwrap(), @r#"{"call":1,"import":"request.request","given":{},"error":{"code":"timeout","message":"the time of the call was over"},"fault":"silence","unseen":true}"#);
    let replay = Replay::new(read(&text).unwrap()).unwrap();
    let ended = replay.answer(&slow).unwrap_err();
    insta::assert_snapshot!(ended, @"host call 1, `request.request`, is where the recorded run was ended, in line 2");
    assert_eq!(replay.finish().unwrap_err(), ended);
}

#[test]
fn blank_lines_are_nothing() {
    let text = recorded(&[(asked(Import::FsRead, "{}"), Ok("{}".to_owned()))]);
    let spaced = text.replace('\n', "\n\n  \n");
    assert_eq!(read(&spaced).unwrap(), read(&text).unwrap());
}

#[test]
fn what_was_taken_out_of_a_path_and_what_looks_like_a_wildcard_is_not_granted() {
    let get = |url: &str| format!(r#"{{"method":"GET","url":"{url}"}}"#);
    let (secret, star) = (get("https://a.test/v1/token=s3cret/x"), get("https://*.a.test/"));
    let calls = [&secret, &star].map(|given| (asked(Import::Request, given), Ok("{}".to_owned())));
    let mut footprint = Footprint::new();
    read(&recorded(&calls)).unwrap().leave(&mut footprint);
    insta::assert_snapshot!(footprint.grants().to_toml(), @r#"
    permissions = [
        { kind = "host_api", api = "request" },
    ]

    [[request]]
    scheme = "https"
    host = "a.test"
    port = 443
    methods = ["GET"]
    path_prefixes = ["/v1/token="]
    "#);
}

#[test]
fn what_is_no_transcript_is_refused_by_line() {
    let head = recorded(&[]).replace("{\"end\":0}\n", "");
    let call = r#"{"call":1,"import":"fs.read","given":{},"answer":{}}"#;
    let long = format!("{head}{}", "x".repeat(TRANSCRIPT_LINE_BYTES + 1));
    let texts = [
        "".to_owned(),
        "yoikit\n".to_owned(),
        "{}\n".to_owned(),
        "{\"schema\":\"yoikit.report/1\"}\n".to_owned(),
        "{\"schema\":\"yoikit.transcript/1\"}\n".to_owned(),
        format!("{head}[]\n"),
        format!("{head}{}\n", call.replace('1', "2")),
        format!("{head}{}\n", call.replace("fs.read", "fs.rename")),
        format!("{head}{}\n", call.replace(r#","answer":{}"#, "")),
        format!(
            "{head}{}\n",
            call.replace(r#""given":{}"#, r#""given":{},"text":"""#)
        ),
        format!("{head}{}\n", call.replace("given", "gave")),
        format!("{head}{call}\n{{\"end\":2}}\n"),
        format!("{head}{call}\n{{\"end\":1}}\n{call}\n"),
        long,
    ];
    let errors = texts.map(|text| read(&text).unwrap_err().to_string());
    insta::assert_snapshot!(errors.join("\n"), @"
    the file is empty: a transcript begins with a line that names its schema, `yoikit.transcript/1`
    line 1: expected value at column 1
    line 1: missing field `schema` at column 2
    line 1: its schema is `yoikit.report/1`, and not `yoikit.transcript/1`
    line 1: missing field `profile` at column 32
    line 2: invalid length 0, expected struct CallLine with 13 elements at column 2
    line 2: call 2 where call 1 was to come
    line 2: unknown variant `fs.rename`, expected one of `request.request`, `websocket.open`, `websocket.send-text`, `websocket.recv`, `websocket.close`, `fs.read`, `fs.list`, `fs.write` at column 30
    line 2: a call has either `answer` or `error`
    line 2: a call has `given` or `text`, not both
    line 2: unknown field `gave`, expected one of `call`, `import`, `handle`, `timeout_ms`, `given`, `text`, `given_bytes`, `answer`, `error`, `root`, `fault`, `unseen`, `redacted` at column 35
    line 3: it ends after 2 host calls, and has 1
    line 4: nothing follows the line that ends it
    line 2 has more than 1048576 bytes
    ");
    let error = Transcript::read(&b"{\"schema\":\"\xff\"}"[..]).unwrap_err();
    insta::assert_snapshot!(error, @"line 1: it is not UTF-8");
}

#[test]
fn a_recording_that_cannot_be_written_is_reported_when_it_is_over() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(1).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    assert!(Recorder::new(Full(0), &header()).finish().is_err());
    let exchange = exchange_of(&asked(Import::FsRead, "{}"), &Ok("{}".to_owned()), None);
    let recorder = Recorder::new(Full(2), &header());
    recorder.note(&exchange);
    recorder.note(&exchange);
    recorder.note(&exchange);
    assert_eq!(recorder.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert!(recorder.finish().is_err());
}

#[test]
fn a_footprint_is_what_was_reached_for() {
    let get = |url: &str| format!(r#"{{"method":"GET","url":"{url}"}}"#);
    let (ok, denied, invalid) = (
        get("https://a.test/v1?q=1"),
        get("https://b.test/v1"),
        get("https://c.test:0x/"),
    );
    let exchange = |import, given: &str, outcome: Result<(), HostErrorCode>, root: Option<&str>| {
        let outcome = outcome.map(|()| "{}".to_owned()).map_err(|code| error(code, ""));
        exchange_of(&asked(import, given), &outcome, root)
    };
    let transcript = Transcript {
        header: header(),
        exchanges: vec![
            exchange(Import::Request, &ok, Ok(()), None),
            exchange(Import::Request, &denied, Err(HostErrorCode::Denied), None),
            exchange(Import::Request, &invalid, Err(HostErrorCode::Invalid), None),
            exchange(
                Import::WebsocketOpen,
                r#"{"url":"wss://d.test/feed"}"#,
                Err(HostErrorCode::Unreachable),
                None,
            ),
            exchange(Import::WebsocketRecv, "", Err(HostErrorCode::UnknownHandle), None),
            exchange(
                Import::FsRead,
                r#"{"path":"a"}"#,
                Err(HostErrorCode::Invalid),
                Some("/srv"),
            ),
            exchange(
                Import::FsWrite,
                r#"{"path":""}"#,
                Err(HostErrorCode::Invalid),
                None,
            ),
            exchange(Import::FsList, r#"{"path":"."}"#, Ok(()), Some("/srv")),
        ],
        ended: true,
    };
    assert_eq!(transcript.ungranted(), 0);
    let mut footprint = Footprint::new();
    transcript.leave(&mut footprint);
    insta::assert_snapshot!(footprint.grants().to_toml(), @r#"
    permissions = [
        { kind = "host_api", api = "request" },
        { kind = "host_api", api = "websocket" },
        { kind = "host_api", api = "fs" },
    ]

    [[request]]
    scheme = "https"
    host = "a.test"
    port = 443
    methods = ["GET"]
    path_prefixes = ["/v1"]

    [[request]]
    scheme = "https"
    host = "b.test"
    port = 443
    methods = ["GET"]
    path_prefixes = ["/v1"]

    [[websocket]]
    scheme = "wss"
    host = "d.test"
    port = 443
    path_prefixes = ["/feed"]

    [[fs]]
    root = "/srv"
    operations = ["read", "list"]
    "#);
}

fn any_import() -> impl Strategy<Value = Import> {
    proptest::sample::select(
        &[
            Import::Request,
            Import::WebsocketOpen,
            Import::WebsocketSendText,
            Import::WebsocketRecv,
            Import::WebsocketClose,
            Import::FsRead,
            Import::FsList,
            Import::FsWrite,
        ][..],
    )
}

fn any_text() -> impl Strategy<Value = String> {
    let json = prop_oneof![
        Just("{}".to_owned()),
        Just(" {\"a\" : [1, 2.50, \"\\u00e9\"]}\n".to_owned()),
        Just("null".to_owned()),
        "[a-z]{1,6}".prop_map(|word| format!("{{\"{word}\":\"{word}\",\"token\":\"{word}\"}}")),
    ];
    prop_oneof![any::<String>(), json, Just("[".repeat(300) + &"]".repeat(300))]
}

fn any_call() -> impl Strategy<Value = (Import, u32, u32, String, Result<String, String>)> {
    let answer = any_text().prop_map(|text| serde_json::json!({ "content": text }).to_string());
    let outcome = prop_oneof![answer.prop_map(Ok), "\\PC{0,20}".prop_map(Err)];
    (any_import(), any::<u32>(), any::<u32>(), any_text(), outcome)
}

proptest! {
    #[test]
    fn any_run_is_read_back_as_it_was_and_replays(calls in proptest::collection::vec(any_call(), 0..6)) {
        let calls: Vec<_> = calls
            .iter()
            .map(|(import, handle, timeout_ms, text, outcome)| {
                let asked = Asked { import: *import, handle: *handle, timeout_ms: *timeout_ms, text };
                let outcome = outcome.clone().map_err(|message| error(HostErrorCode::Failed, &message));
                (asked, outcome)
            })
            .collect();
        let transcript = read(&recorded(&calls)).unwrap();
        prop_assert!(transcript.ended);
        let kept: Vec<_> = calls.iter().map(|(asked, outcome)| exchange_of(asked, outcome, None)).collect();
        prop_assert_eq!(&transcript.exchanges, &kept);

        let replay = Replay::new(transcript).unwrap();
        for ((asked, _), exchange) in calls.iter().zip(&kept) {
            let answered = replay.answer(asked).map_err(|fault: ReplayFault| TestCaseError::fail(fault.to_string()))?;
            let answered = answered.map_err(|HostError { code, message, .. }| Refusal { code, message, ungranted: false });
            prop_assert_eq!(&answered, &exchange.outcome);
        }
        prop_assert_eq!(replay.finish(), Ok(()));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0_usize..400) {
        let _ = Transcript::read(&bytes[..]);
        let whole = recorded(&[(asked(Import::FsRead, "{}"), Ok("{}".to_owned()))]);
        let mut broken = whole.into_bytes();
        broken.truncate(cut);
        if let Ok(transcript) = Transcript::read(&broken[..]) {
            let is_whole = broken.trim_ascii_end().ends_with(b"{\"end\":1}");
            prop_assert_eq!(transcript.ended, is_whole);
        }
    }
}
