//! Requests, broken.

use std::sync::mpsc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::io::AsyncWriteExt;

use super::{Guest, first, http, plan, said, short};
use crate::imports::Import;
use crate::imports::egress::fixtures::{
    PUBLIC, answering, at, granted_hosts, head, name, scripted, scripted_with,
};
use crate::imports::faults::{FaultKind, FaultPlan};
use crate::world::ScriptedDialer;

const HELLO: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
const HEAD: usize = HELLO.len() - 5;

fn hello(plan: FaultPlan) -> (String, Guest) {
    let mut guest = Guest::of_http(plan, HELLO);
    (said(&guest.get("http://a.test/")), guest)
}

#[test]
fn every_kind_breaks_a_request_in_its_own_way() {
    let mut answers = String::new();
    for kind in FaultKind::ALL {
        let counts = matches!(kind, FaultKind::Silence | FaultKind::Reset | FaultKind::Cut);
        let afters = [0, 10, HEAD, HEAD + 2];
        for after in afters.into_iter().take(if counts { 4 } else { 1 }) {
            if !kind.applies_to(Import::Request) {
                continue;
            }
            let more = if counts {
                format!(", after_bytes = {after}")
            } else {
                String::new()
            };
            let (answer, guest) = hello(first(kind, &more));
            assert_eq!(guest.last().fault, Some(kind));
            assert_eq!(guest.unused(), [""; 0]);
            answers.push_str(&format!("{kind} {after}: {answer}\n"));
        }
    }
    insta::assert_snapshot!(answers, @r#"
    timeout 0: timeout: request to http://a.test/ timed out
    silence 0: timeout: request to http://a.test/ timed out
    silence 10: timeout: request to http://a.test/ timed out
    silence 38: timeout: request to http://a.test/ timed out
    silence 40: timeout: request to http://a.test/ timed out
    refuse 0: unreachable: request to http://a.test/ failed: Connection refused (os error 111)
    unresolved 0: unreachable: DNS lookup failed for "a.test": failed to lookup address information: Name or service not known
    reset 0: failed: request to http://a.test/ failed: connection error: Connection reset by peer (os error 104)
    reset 10: failed: request to http://a.test/ failed: connection error: Connection reset by peer (os error 104)
    reset 38: failed: request response read failed: error reading a body from connection: Connection reset by peer (os error 104)
    reset 40: failed: request response read failed: error reading a body from connection: Connection reset by peer (os error 104)
    cut 0: failed: request to http://a.test/ failed: connection closed before message completed
    cut 10: failed: request to http://a.test/ failed: connection closed before message completed
    cut 38: failed: request response read failed: error reading a body from connection: end of file before message length reached
    cut 40: failed: request response read failed: error reading a body from connection: end of file before message length reached
    short_read 0: {"status":200,"headers":[{"name":"content-length","value":"5"}],"body":"hello","truncated":false}
    slow_body 0: {"status":200,"headers":[{"name":"content-length","value":"5"}],"body":"hello","truncated":false}
    bad_utf8 0: {"status":200,"headers":[{"name":"content-length","value":"5"}],"body":"�ello","truncated":false}
    "#);
}

#[test]
fn a_request_that_is_late_by_plan_says_what_one_that_is_late_says_and_sends_nothing() {
    let late = hello(first(FaultKind::Silence, "")).0;
    let world = http(HELLO);
    let mut guest = Guest::new(first(FaultKind::Timeout, ""), granted_hosts(&["a.test"]), &world);
    assert_eq!(said(&guest.get("http://a.test/")), late);
    assert_eq!(world.resolver.asked(), [""; 0]);
    assert_eq!(world.dialer.dialled(), []);
}

#[test]
fn what_does_not_answer_was_asked() {
    for kind in [FaultKind::Silence, FaultKind::Reset, FaultKind::Cut] {
        let (told, hears) = mpsc::channel();
        let dialer = ScriptedDialer::new().peer(at(PUBLIC, 80), move |mut stream| {
            let told = told.clone();
            async move {
                told.send(head(&mut stream).await).unwrap();
                let _ = stream.write_all(HELLO).await;
            }
        });
        let world = scripted_with(name("a.test"), dialer, |options| options.times(short()));
        Guest::new(first(kind, ""), granted_hosts(&["a.test"]), &world).get("http://a.test/asked");
        // The peer may hear it only now.
        let heard = hears.recv_timeout(Duration::from_secs(30)).unwrap();
        assert!(heard.starts_with("GET /asked HTTP/1.1\r\n"), "{kind}: {heard}");
    }
}

#[test]
fn a_peer_that_says_nothing_itself_is_reset_all_the_same() {
    let dialer = ScriptedDialer::new().peer(at(PUBLIC, 80), |stream| async move {
        let _held = stream;
        std::future::pending::<()>().await;
    });
    let world = scripted(name("a.test"), dialer);
    let mut guest = Guest::new(first(FaultKind::Reset, ""), granted_hosts(&["a.test"]), &world);
    assert!(guest.get("http://a.test/").contains("Connection reset by peer"));
}

#[test]
fn a_connection_that_is_refused_is_not_dialled() {
    let world = http(HELLO);
    let mut guest = Guest::new(first(FaultKind::Refuse, ""), granted_hosts(&["a.test"]), &world);
    guest.get("http://a.test/");
    assert_eq!(world.resolver.asked(), ["a.test"]);
    assert_eq!(world.dialer.dialled(), []);
}

#[test]
fn an_address_has_no_name_to_resolve() {
    let mut guest = Guest::of_http(first(FaultKind::Unresolved, ""), HELLO);
    assert!(guest.get(&format!("http://{PUBLIC}/")).contains("hello"));
    assert_eq!(guest.last().fault, None);
    assert_eq!(guest.faults.unused().len(), 1);
}

#[test]
fn bytes_past_the_answer_break_nothing() {
    for kind in [
        FaultKind::Reset,
        FaultKind::Cut,
        FaultKind::Silence,
        FaultKind::BadUtf8,
    ] {
        let (answer, guest) = hello(first(kind, ", after_bytes = 1_000"));
        assert!(answer.contains("hello"), "{kind}: {answer}");
        assert_eq!(guest.last().fault, None);
        assert_eq!(guest.faults.unused().len(), 1);
    }
}

#[test]
fn one_byte_of_the_body_is_bad_however_it_was_sent() {
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    for response in [HELLO, chunked] {
        let mut guest = Guest::of_http(first(FaultKind::BadUtf8, ", after_bytes = 2"), response);
        let answer = guest.get("http://a.test/");
        assert!(answer.contains("\"body\":\"he\u{FFFD}lo\""), "{answer}");
    }
}

#[test]
fn a_slow_body_comes_whole_while_there_is_time_and_not_at_all_when_it_is_over() {
    let (answer, _) = hello(first(FaultKind::SlowBody, ", pause_ms = 1"));
    assert!(answer.contains("hello"), "{answer}");
    let (answer, guest) = hello(first(FaultKind::SlowBody, ", pause_ms = 10_000"));
    assert_eq!(answer, "timeout: request to http://a.test/ timed out");
    assert_eq!(guest.last().fault, Some(FaultKind::SlowBody));
    // Only what comes after the last byte of the body would be slow.
    let (answer, _) = hello(first(FaultKind::SlowBody, ", pause_ms = 10_000, after_bytes = 5"));
    assert!(answer.contains("hello"), "{answer}");
}

#[test]
fn what_is_broken_in_one_request_is_whole_in_the_next() {
    for kind in FaultKind::ALL {
        if !kind.applies_to(Import::Request) {
            continue;
        }
        let (_, mut guest) = hello(first(kind, ""));
        let next = guest.get("http://a.test/");
        assert!(next.contains("\"body\":\"hello\""), "{kind}: {next}");
        assert_eq!(guest.last().fault, None);
    }
}

/// A response with this body, sent in one of the three ways.
fn response(body: &[u8], way: usize) -> Vec<u8> {
    let mut response = b"HTTP/1.1 200 OK\r\nx-one: 1\r\n".to_vec();
    match way {
        0 => {
            response.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
            response.extend(body);
        }
        1 => {
            response.extend(b"transfer-encoding: chunked\r\n\r\n");
            for chunk in body.chunks(700) {
                response.extend(format!("{:x}\r\n", chunk.len()).bytes());
                response.extend(chunk);
                response.extend(b"\r\n");
            }
            response.extend(b"0\r\n\r\n");
        }
        _ => {
            response.extend(b"\r\n");
            response.extend(body);
        }
    }
    response
}

fn patiently(plan: FaultPlan, response: &[u8]) -> String {
    let dialer = ScriptedDialer::new().peer(at(PUBLIC, 80), answering(response));
    let world = scripted(name("a.test"), dialer);
    Guest::new(plan, granted_hosts(&["a.test"]), &world).get("http://a.test/")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn short_reads_change_no_answer(
        body in prop::collection::vec(any::<u8>(), 0..1500),
        times in prop_oneof![8 => 1_usize..4, 1 => 40_usize..60],
        way in 0_usize..3,
    ) {
        let response = response(&body.repeat(times), way);
        let whole = patiently(plan(&[]), &response);
        let short = patiently(first(FaultKind::ShortRead, ""), &response);
        prop_assert_eq!(short, whole);
    }

    #[test]
    fn a_body_is_bad_in_the_one_byte_that_was_named(
        body in "[a-z]{1,300}",
        at in any::<prop::sample::Index>(),
        way in 0_usize..3,
    ) {
        let at = at.index(body.len());
        let answer = patiently(
            first(FaultKind::BadUtf8, &format!(", after_bytes = {at}")),
            &response(body.as_bytes(), way),
        );
        let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
        let expected = format!("{}\u{FFFD}{}", &body[..at], &body[at + 1..]);
        prop_assert_eq!(answer["body"].as_str(), Some(expected.as_str()));
    }
}
