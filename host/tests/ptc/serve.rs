//! The protocol, line by line.

use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Write as _, pipe};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use yoi_host::ptc::{Host, PtcLimits};

use crate::support::monty;

/// A host on a thread of its own, and the ends of its pipes.
struct Peer {
    to: Option<PipeWriter>,
    from: Receiver<String>,
    notes: Arc<Mutex<Vec<u8>>>,
    host: JoinHandle<()>,
}

#[derive(Clone)]
struct Notes(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Notes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// After which a test fails that waits for a line.
const PATIENCE: Duration = Duration::from_secs(60);

fn lines_of(from: PipeReader) -> Receiver<String> {
    let (into, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(from).lines() {
            if into.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    lines
}

impl Peer {
    fn new() -> Self {
        let mut peer = Self::before_its_greeting();
        peer.read();
        peer
    }

    fn before_its_greeting() -> Self {
        let (input, to) = pipe().unwrap();
        let (from, output) = pipe().unwrap();
        let notes = Arc::default();
        let kept = Notes(Arc::clone(&notes));
        let host = thread::spawn(move || {
            let host = Host {
                boot: &|| Ok(monty().clone()),
                engine: "monty",
                limits: PtcLimits::default(),
                process: 77,
            };
            host.serve(input, output, kept).unwrap();
        });
        Self {
            to: Some(to),
            from: lines_of(from),
            notes,
            host,
        }
    }

    fn line(&mut self, line: &str) {
        writeln!(self.to.as_mut().unwrap(), "{line}").unwrap();
    }

    fn send(&mut self, message: &Value) {
        self.line(&message.to_string());
    }

    fn read_line(&mut self) -> String {
        self.from.recv_timeout(PATIENCE).expect("a line")
    }

    fn read(&mut self) -> Value {
        let line = self.read_line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    fn ask(&mut self, message: &Value) -> Value {
        self.send(message);
        self.read()
    }

    fn run(&mut self, id: u64, code: &str, tools: &[&str]) {
        self.send(&json!({"id": id, "method": "runPtc", "params": {"code": code, "tools": tools}}));
    }

    fn answer(&mut self, call: &Value, value: &Value) {
        self.send(&json!({"type": "host_call_result", "id": call["id"], "ok": true, "value": value}));
    }

    /// Close the input, and read what is still said until the host is gone.
    fn rest(mut self) -> (Vec<Value>, String) {
        self.to = None;
        let mut lines = Vec::new();
        loop {
            match self.from.recv_timeout(PATIENCE) {
                Ok(line) => lines.push(serde_json::from_str(&line).unwrap()),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the host does not end"),
            }
        }
        self.host.join().unwrap();
        let notes = self.notes.lock().unwrap().clone();
        (lines, String::from_utf8(notes).unwrap())
    }
}

fn value(reply: &Value) -> &Value {
    &reply["result"]["envelope"]["value"]
}

#[test]
fn the_greeting_comes_first_and_announces_what_was_added() {
    let mut peer = Peer::before_its_greeting();
    insta::assert_snapshot!(peer.read_line(), @r#"{"type":"ack","capabilities":{"host_call":"v1","cancel":"v1","budgets":"v1","error_code":"v1","request_id":"v1"}}"#);
}

#[test]
fn a_run_with_two_calls_under_a_gather_is_answered_in_any_order() {
    let mut peer = Peer::new();
    let code = "import asyncio\nprint('x')\nawait asyncio.gather(tools.f(n=0), tools.f(n=1))";
    peer.run(9, code, &["f"]);
    let first = peer.read_line();
    insta::assert_snapshot!(first, @r#"{"type":"host_call","id":"hc_77_1","tool":"f","args":{"n":0},"request_id":9}"#);
    let (first, second) = (serde_json::from_str(&first).unwrap(), peer.read());
    assert_eq!(second["args"], json!({"n": 1}));
    peer.answer(&second, &json!("b"));
    peer.answer(&first, &json!("a"));
    insta::assert_snapshot!(peer.read_line(), @r#"{"id":9,"ok":true,"result":{"envelope":{"ok":true,"stdout":"x\n","stderr":"","value":["a","b"]}}}"#);
}

#[test]
fn init_answers_with_the_published_version() {
    let mut peer = Peer::new();
    peer.send(&json!({"id": "i", "method": "init", "params": {"stepBudget": 0, "initialFiles": [], "allowedHosts": []}}));
    insta::assert_snapshot!(peer.read_line(), @r#"{"id":"i","ok":true,"result":{"events":[{"Version":"0.1.0"}],"version":"0.1.0"}}"#);
}

#[test]
fn requests_that_cannot_be_meant_are_answered_with_a_string_and_a_code() {
    let mut peer = Peer::new();
    let mut said = String::new();
    for line in [
        "nonsense",
        "\u{feff}{}",
        "42",
        "null",
        r#"{"id":{"a":1},"method":"fly"}"#,
        r#"{"type":"ack"}"#,
        r#"{"id":1,"method":"runPtc"}"#,
        r#"{"id":1,"method":"runPtc","params":{"code":7}}"#,
        r#"{"id":1,"method":"runPtc","params":[1]}"#,
        r#"{"id":1,"method":"runPtc","params":{"code":"1","tools":null}}"#,
        r#"{"id":1,"method":"runPtc","params":{"code":"1","tools":"f"}}"#,
        r#"{"id":1,"method":"runPtc","params":{"code":"1","tools":[1]}}"#,
        r#"{"id":1,"method":"runPtc","params":{"code":"1","budgets":{"fuel":1}}}"#,
        r#"{"id":1,"method":"runPtc","params":{"code":"1","budgets":[]}}"#,
        r#"{"id":1,"method":"runPtc","params":{"code":"1","budgets":{"maxCalls":"3"}}}"#,
        r#"{"id":1,"method":"runPtc","params":{"code":"1","budgets":{"maxCallsInFlight":0}}}"#,
        r#"{"id":1,"method":"cancel"}"#,
        r#"{"id":1,"method":"init","params":{"initialFiles":[{"path":"a","contentBase64":""}]}}"#,
        r#"{"id":1,"method":"run","params":{"command":"ls"}}"#,
        r#"{"id":1,"method":"writeFile","params":{}}"#,
        r#"{"id":1,"method":"readFile","params":{"path":"/x"}}"#,
        r#"{"id":1,"method":"listDir","params":{"path":"/"}}"#,
        r#"{"id":1,"method":"installPythonPackages","params":{}}"#,
    ] {
        peer.line(line);
        said += &format!("{line}\n  {}\n", peer.read_line());
    }
    insta::assert_snapshot!(said);
    // It goes on.
    peer.run(2, "1+1", &[]);
    assert_eq!(value(&peer.read()), &json!(2));
}

#[test]
fn requests_are_answered_while_code_computes_and_it_can_be_cancelled() {
    let mut peer = Peer::new();
    peer.run(1, "print('on')\nwhile True:\n    pass", &[]);
    let init = peer.ask(&json!({"id": 2, "method": "init"}));
    assert_eq!(init["id"], 2);
    // It may not have begun yet, and is ended all the same.
    peer.send(&json!({"id": 3, "method": "cancel", "params": {"id": 1}}));
    let mut replies = [peer.read(), peer.read()];
    replies.sort_by_key(|reply| reply["id"].as_u64());
    assert_eq!(replies[0]["result"]["envelope"]["error_code"], "run.cancelled");
    assert_eq!(replies[1]["result"], json!({"cancelled": true}));
    assert_eq!(
        peer.ask(&json!({"id": 4, "method": "cancel", "params": {"id": 1}}))["result"],
        json!({"cancelled": false})
    );
    peer.run(5, "1+1", &[]);
    assert_eq!(value(&peer.read()), &json!(2));
}

#[test]
fn runs_that_are_asked_for_at_once_come_one_after_the_other() {
    let mut peer = Peer::new();
    peer.run(1, "x = await tools.f()\nx", &["f"]);
    peer.run(2, "x + 1", &[]);
    peer.run(3, "x + 2", &[]);
    let call = peer.read();
    // One that waits its turn can be cancelled.
    let cancelled = peer.ask(&json!({"id": 4, "method": "cancel", "params": {"id": 2}}));
    assert_eq!(
        (&cancelled["id"], &cancelled["result"]["envelope"]["error"]),
        (&json!(2), &json!("CancelledError"))
    );
    assert_eq!(peer.read()["id"], 4);
    peer.answer(&call, &json!(40));
    let replies = [peer.read(), peer.read()];
    assert_eq!((value(&replies[0]), value(&replies[1])), (&json!(40), &json!(42)));
}

#[test]
fn answers_for_nobody_are_noted_and_harm_nothing() {
    let mut peer = Peer::new();
    // Before anything runs, with no id, and with another process's.
    peer.line(r#"{"type":"host_call_result","id":"hc_77_1","ok":true}"#);
    peer.line(r#"{"type":"host_call_result","ok":true}"#);
    peer.line(r#"{"type":"host_call_result","id":"hc_1_1","ok":true}"#);
    peer.run(
        1,
        "import asyncio\nawait asyncio.gather(tools.f(), tools.f())",
        &["f"],
    );
    let calls = [peer.read(), peer.read()];
    peer.answer(&calls[0], &json!(1));
    peer.answer(&calls[0], &json!(2));
    peer.line(r#"{"type":"host_call_result","id":"hc_77_3","ok":true}"#);
    peer.answer(&calls[1], &json!(3));
    assert_eq!(value(&peer.read()), &json!([1, 3]));
    peer.answer(&calls[1], &json!(4));
    let (rest, notes) = peer.rest();
    assert_eq!(rest, Vec::<Value>::new());
    insta::assert_snapshot!(notes, @r#"
    [yoikit] host_call_result for unknown id hc_77_1
    [yoikit] host_call_result for unknown id undefined
    [yoikit] host_call_result for unknown id hc_1_1
    [yoikit] host_call_result for unknown id hc_77_1: call 1 was answered before
    [yoikit] host_call_result for unknown id hc_77_3: call 3 is unknown: there was none of this number
    [yoikit] host_call_result for unknown id hc_77_2: the answer to call 2 is late: nobody waits for it any more
    "#);
}

/// A client that writes each answer before it reads the next line: no pipe may fill up for good.
#[test]
fn many_calls_at_once_are_answered_by_a_client_that_does_one_thing_at_a_time() {
    let (input, mut to) = pipe().unwrap();
    let (from, output) = pipe().unwrap();
    let host = thread::spawn(move || {
        let mut limits = PtcLimits::default();
        limits.calls_in_flight = usize::MAX;
        let host = Host {
            boot: &|| Ok(monty().clone()),
            engine: "monty",
            limits,
            process: 77,
        };
        host.serve(input, output, std::io::sink()).unwrap();
    });
    let code = "import asyncio\nsum(await asyncio.gather(*[tools.f(n=i) for i in range(20000)]))";
    writeln!(
        to,
        "{}",
        json!({"id": 1, "method": "runPtc", "params": {"code": code, "tools": ["f"]}})
    )
    .unwrap();
    let mut lines = BufReader::new(from).lines();
    lines.next().unwrap().unwrap();
    let reply = loop {
        let message: Value = serde_json::from_str(&lines.next().unwrap().unwrap()).unwrap();
        if message["type"] != "host_call" {
            break message;
        }
        let answer = json!({"type": "host_call_result", "id": message["id"], "ok": true, "value": 1});
        writeln!(to, "{answer}").unwrap();
    };
    assert_eq!(value(&reply), &json!(20_000));
    drop(to);
    host.join().unwrap();
}

#[test]
fn the_end_of_the_input_answers_what_waits_for_tools() {
    let mut peer = Peer::new();
    peer.run(1, "print('x')\nawait tools.f()", &["f"]);
    peer.run(2, "1+1", &[]);
    assert_eq!(peer.read()["type"], "host_call");
    let (rest, _) = peer.rest();
    insta::assert_snapshot!(rest[0], @r#"{"id":1,"ok":true,"result":{"envelope":{"calls_done":0,"calls_pending":[{"id":"hc_77_1","tool":"f"}],"error":"PTCAbandonedError","error_code":"run.abandoned","message":"the run waits for answers that cannot come any more","ok":false,"session_lost":false,"stderr":"","stdout":"x\n","value":null}}}"#);
    assert_eq!((rest.len(), value(&rest[1])), (2, &json!(2)));
}

#[test]
fn answers_that_came_before_the_end_of_the_input_are_used() {
    let mut peer = Peer::new();
    peer.run(1, "await tools.f()", &["f"]);
    let call = peer.read();
    peer.answer(&call, &json!("in time"));
    let (rest, _) = peer.rest();
    assert_eq!(value(&rest[0]), &json!("in time"));
}

#[test]
fn close_answers_every_run_before_it_is_answered_itself() {
    let mut peer = Peer::new();
    peer.run(1, "await tools.f()", &["f"]);
    peer.run(2, "1+1", &[]);
    assert_eq!(peer.read()["type"], "host_call");
    peer.send(&json!({"id": 3, "method": "close"}));
    // Later lines are not read.
    peer.run(4, "1", &[]);
    let (mut rest, _) = peer.rest();
    let closed = rest.pop().unwrap();
    assert_eq!(closed, json!({"id": 3, "ok": true, "result": {"closed": true}}));
    let mut ended: Vec<_> = rest
        .iter()
        .map(|reply| {
            (
                reply["id"].as_u64(),
                reply["result"]["envelope"]["error_code"].as_str(),
            )
        })
        .collect();
    ended.sort_unstable();
    assert_eq!(
        ended,
        [(Some(1), Some("run.cancelled")), (Some(2), Some("run.cancelled"))]
    );
}

#[test]
fn budgets_narrow_what_a_run_may_do() {
    let mut peer = Peer::new();
    let code = "n = 0\ntry:\n    while True:\n        await tools.f()\n        n += 1\nexcept RuntimeError as e:\n    x = [n, str(e)]\nx";
    let budgets = json!({"maxCalls": 2, "callTimeoutMs": 30_000, "maxArgumentBytes": 65_536});
    peer.send(
        &json!({"id": 1, "method": "runPtc", "params": {"code": code, "tools": ["f"], "budgets": budgets}}),
    );
    for _ in 0..2 {
        let call = peer.read();
        peer.answer(&call, &json!(null));
    }
    assert_eq!(
        value(&peer.read()),
        &json!([2, "CallLimitError: this run may make 2 calls"])
    );
}

#[test]
fn numbers_and_their_order_survive_the_way_through_the_protocol() {
    let mut peer = Peer::new();
    peer.run(1, "await tools.f(x=1.0, y=2**70, z=None)", &["f"]);
    let call = peer.read_line();
    assert!(
        call.contains(r#""args":{"x":1.0,"y":1180591620717411303424,"z":null}"#),
        "{call}"
    );
    peer.line(
        r#"{"type":"host_call_result","id":"hc_77_1","ok":true,"value":{"b":1.0,"1":18446744073709551616}}"#,
    );
    let reply = peer.read_line();
    assert!(
        reply.contains(r#""value":{"b":1.0,"1":18446744073709551616}"#),
        "{reply}"
    );
}

#[test]
fn a_line_above_the_limit_is_answered_and_the_next_is_read() {
    let mut peer = Peer::new();
    // Written by another thread: the pipe holds less than the line.
    let mut to = peer.to.take().unwrap();
    let writer = thread::spawn(move || {
        let chunk = vec![b'x'; 1 << 20];
        for _ in 0..129 {
            to.write_all(&chunk).unwrap();
        }
        to.write_all(b"\n{\"id\":1,\"method\":\"init\"}\n").unwrap();
        to
    });
    assert_eq!(peer.read()["error_code"], "limit.line");
    assert_eq!(peer.read()["id"], 1);
    drop(writer.join().unwrap());
}

/// A line of anything: bytes, JSON, and what is nearly a message.
fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let of = |text: &'static str| Just(text.as_bytes().to_vec());
    prop_oneof![
        prop::collection::vec(any::<u8>().prop_filter("a line", |byte| *byte != b'\n'), 0..64),
        "\\PC{0,40}".prop_map(String::into_bytes),
        "(\\{|\\[|\"|,|:|[0-9]|null|true|\\}|\\]){0,24}".prop_map(String::into_bytes),
        of("{\"type\":\"host_call_result\""),
        of("{\"type\":\"host_call_result\",\"id\":{}}"),
        of("{\"id\":1,\"method\":\"runPtc\",\"params\":{\"code\":1}}"),
        of("{\"id\":1,\"method\":[\"close\"]}"),
        of("{\"method\":\"cancel\",\"params\":{\"id\":{}}}"),
    ]
}

/// A request's id that none of those lines has.
const LAST: u64 = 424_242;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_line_ends_the_host(lines in prop::collection::vec(any_line(), 0..12)) {
        let mut peer = Peer::new();
        for line in lines {
            let to = peer.to.as_mut().unwrap();
            to.write_all(&line).unwrap();
            to.write_all(b"\n").unwrap();
        }
        peer.run(LAST, "1+1", &[]);
        loop {
            let reply = peer.read();
            if reply["id"] == LAST {
                prop_assert_eq!(value(&reply), &json!(2));
                break;
            }
        }
    }
}
