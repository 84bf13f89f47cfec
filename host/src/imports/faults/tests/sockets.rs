//! WebSockets, broken.

use std::sync::mpsc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use proptest::prelude::*;
use tokio::io::DuplexStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, accept_async};

use super::{Guest, first, plan, said, short};
use crate::imports::egress::fixtures::{PUBLIC, Scripted, at, granted_hosts, name, scripted_with};
use crate::imports::faults::{FaultKind, FaultPlan};
use crate::world::{NetTimes, ScriptedDialer};

type Peer = WebSocketStream<DuplexStream>;

fn world_of<F>(times: NetTimes, serve: impl Fn(Peer) -> F + Clone + Send + Sync + 'static) -> Scripted
where
    F: Future<Output = ()> + Send + 'static,
{
    let dialer = ScriptedDialer::new().peer(at(PUBLIC, 80), move |stream| {
        let serve = serve.clone();
        async move {
            if let Ok(peer) = accept_async(stream).await {
                serve(peer).await;
            }
        }
    });
    scripted_with(name("a.test"), dialer, |options| options.times(times))
}

/// A peer that says all of this at once, and tells what it hears, and the end.
fn saying(texts: &[&str]) -> (Scripted, mpsc::Receiver<String>) {
    saying_within(short(), texts)
}

fn saying_within(times: NetTimes, texts: &[&str]) -> (Scripted, mpsc::Receiver<String>) {
    let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
    let (told, hears) = mpsc::channel();
    let world = world_of(times, move |mut peer| {
        let (texts, told) = (texts.clone(), told.clone());
        async move {
            for text in texts {
                peer.feed(Message::text(text)).await.unwrap();
            }
            peer.flush().await.unwrap();
            while let Some(Ok(message)) = peer.next().await {
                if let Message::Text(text) = message {
                    // Most tests do not ask.
                    let _ = told.send(text.to_string());
                }
            }
            let _ = told.send("the end".to_owned());
        }
    });
    (world, hears)
}

fn guest(plan: FaultPlan, world: &Scripted) -> Guest {
    Guest::new(plan, granted_hosts(&["a.test"]), world)
}

#[test]
fn every_kind_breaks_opening_in_its_own_way() {
    let mut answers = String::new();
    for (kind, more) in [
        (FaultKind::Timeout, ""),
        (FaultKind::Silence, ""),
        (FaultKind::Silence, ", after_bytes = 20"),
        (FaultKind::Refuse, ""),
        (FaultKind::Unresolved, ""),
        (FaultKind::Reset, ""),
        (FaultKind::Reset, ", after_bytes = 20"),
        (FaultKind::Cut, ""),
        (FaultKind::Cut, ", after_bytes = 20"),
        (FaultKind::ShortRead, ""),
    ] {
        let mut times = NetTimes::default();
        if kind == FaultKind::Silence {
            times.open = Duration::from_millis(50);
        }
        let mut guest = guest(first(kind, more), &saying_within(times, &[]).0);
        let answer = said(&guest.open());
        assert_eq!(guest.last().fault, Some(kind), "{answer}");
        answers.push_str(&format!("{kind}{more}: {answer}\n"));
    }
    insta::assert_snapshot!(answers, @r#"
    timeout: timeout: WebSocket connection to ws://a.test/ timed out
    silence: timeout: WebSocket connection to ws://a.test/ timed out
    silence, after_bytes = 20: timeout: WebSocket connection to ws://a.test/ timed out
    refuse: unreachable: WebSocket connection to ws://a.test/ failed: Connection refused (os error 111)
    unresolved: unreachable: DNS lookup failed for "a.test": failed to lookup address information: Name or service not known
    reset: failed: WebSocket connection to ws://a.test/ failed: IO error: Connection reset by peer (os error 104)
    reset, after_bytes = 20: failed: WebSocket connection to ws://a.test/ failed: IO error: Connection reset by peer (os error 104)
    cut: failed: WebSocket connection to ws://a.test/ failed: WebSocket protocol error: Handshake not finished
    cut, after_bytes = 20: failed: WebSocket connection to ws://a.test/ failed: WebSocket protocol error: Handshake not finished
    short_read: {"handle":1,"url":"ws://a.test/"}
    "#);
}

/// The kinds are in the second `recv`, and what they break came together with what the first one received.
#[test]
fn every_kind_breaks_receiving_in_its_own_way_and_only_its_own_call() {
    let mut answers = String::new();
    for (kind, more) in [
        (FaultKind::Timeout, ""),
        (FaultKind::Silence, ""),
        (FaultKind::Silence, ", after_bytes = 3"),
        (FaultKind::Reset, ""),
        (FaultKind::Reset, ", after_bytes = 3"),
        (FaultKind::Cut, ""),
        (FaultKind::Cut, ", after_bytes = 3"),
        (FaultKind::ShortRead, ""),
        (FaultKind::BadUtf8, ""),
        (FaultKind::BadUtf8, ", after_bytes = 2"),
    ] {
        let fault = format!("{{ call = 2, import = \"websocket.recv\", kind = \"{kind}\"{more} }}");
        let mut guest = guest(plan(&[&fault]), &saying(&["one", "two", "three"]).0);
        guest.open();
        assert_eq!(guest.recv(), r#"{"type":"text","text":"one"}"#);
        let answer = match kind {
            FaultKind::Silence => guest.recv_briefly(),
            _ => guest.recv(),
        };
        answers.push_str(&format!("{kind}{more}: {}", said(&answer)));
        assert_eq!(guest.last().fault, Some(kind), "{answers}");
        answers.push_str(&format!(", then {}\n", said(&guest.recv())));
        assert_eq!(guest.last().fault, None);
        assert_eq!(guest.unused(), [""; 0]);
    }
    insta::assert_snapshot!(answers, @r#"
    timeout: timeout: WebSocket receive timed out, then {"type":"text","text":"two"}
    silence: timeout: WebSocket receive timed out, then {"type":"text","text":"two"}
    silence, after_bytes = 3: timeout: WebSocket receive timed out, then {"type":"text","text":"two"}
    reset: failed: WebSocket receive failed: IO error: Connection reset by peer (os error 104), then failed: WebSocket stream ended
    reset, after_bytes = 3: failed: WebSocket receive failed: IO error: Connection reset by peer (os error 104), then failed: WebSocket stream ended
    cut: failed: WebSocket receive failed: WebSocket protocol error: Connection reset without closing handshake, then failed: WebSocket stream ended
    cut, after_bytes = 3: failed: WebSocket receive failed: WebSocket protocol error: Connection reset without closing handshake, then failed: WebSocket stream ended
    short_read: {"type":"text","text":"two"}, then {"type":"text","text":"three"}
    bad_utf8: failed: WebSocket receive failed: UTF-8 encoding error: invalid utf-8 sequence of 1 bytes from index 0, then failed: WebSocket stream ended
    bad_utf8, after_bytes = 2: failed: WebSocket receive failed: UTF-8 encoding error: invalid utf-8 sequence of 1 bytes from index 2, then failed: WebSocket stream ended
    "#);
}

#[test]
fn every_kind_breaks_sending_in_its_own_way() {
    let mut answers = String::new();
    for kind in [FaultKind::Timeout, FaultKind::Silence, FaultKind::Reset] {
        let fault = format!("{{ call = 1, import = \"websocket.send-text\", kind = \"{kind}\" }}");
        let (world, hears) = saying(&[]);
        let mut guest = guest(plan(&[&fault]), &world);
        guest.open();
        answers.push_str(&format!("{kind}: {}", said(&guest.send("one"))));
        assert_eq!(guest.last().fault, Some(kind));
        answers.push_str(&format!(", then {}", said(&guest.send("two"))));
        guest.close();
        let heard: Vec<String> = hears.iter().take_while(|text| text != "the end").collect();
        answers.push_str(&format!(", heard {heard:?}\n"));
    }
    insta::assert_snapshot!(answers, @r#"
    timeout: timeout: WebSocket send timed out, then {"sent":true,"bytes":3}, heard ["two"]
    silence: timeout: WebSocket send timed out, then {"sent":true,"bytes":3}, heard ["one", "two"]
    reset: failed: WebSocket send failed: IO error: Connection reset by peer (os error 104), then failed: WebSocket send failed: IO error: Connection reset by peer (os error 104), heard []
    "#);
}

#[test]
fn every_kind_breaks_closing_in_its_own_way_and_frees_the_handle() {
    let mut answers = String::new();
    for kind in [FaultKind::Timeout, FaultKind::Reset] {
        let fault = format!("{{ call = 1, import = \"websocket.close\", kind = \"{kind}\" }}");
        let mut guest = guest(plan(&[&fault]), &saying(&[]).0);
        guest.open();
        answers.push_str(&format!("{kind}: {}", said(&guest.close())));
        assert_eq!(guest.last().fault, Some(kind));
        answers.push_str(&format!(", then {}\n", said(&guest.close())));
    }
    insta::assert_snapshot!(answers, @r#"
    timeout: timeout: WebSocket close timed out, then {"closed":false}
    reset: failed: WebSocket close failed: IO error: Connection reset by peer (os error 104), then {"closed":false}
    "#);
}

#[test]
fn what_a_plan_could_break_carries_everything_while_it_does_not() {
    let (told, hears) = mpsc::channel();
    let world = world_of(NetTimes::default(), move |mut peer| {
        let told = told.clone();
        async move {
            peer.send(Message::Ping("a".into())).await.unwrap();
            while let Some(Ok(message)) = peer.next().await {
                told.send(message.clone()).unwrap();
                if message.is_text() {
                    peer.send(message).await.unwrap();
                }
            }
        }
    });
    let mut guest = guest(plan(&[r#"{ call = 99, kind = "reset" }"#]), &world);
    guest.open();
    let long = "grüß dich ".repeat(2_500);
    for text in ["", "short", &long] {
        guest.send(text);
        let answer: serde_json::Value = serde_json::from_str(&guest.recv()).unwrap();
        assert!(answer["text"] == text, "{} bytes", text.len());
    }
    assert_eq!(guest.close(), r#"{"closed":true}"#);
    let heard: Vec<Message> = hears.iter().take(5).collect();
    assert_eq!(heard[0], Message::text(""));
    assert!(heard.contains(&Message::Pong("a".into())), "{heard:?}");
    assert_eq!(guest.unused().len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn short_reads_change_no_message(
        messages in prop::collection::vec((any::<String>(), 1_usize..300, any::<bool>()), 1..5),
    ) {
        let texts: Vec<String> = messages
            .iter()
            .map(|(text, times, _)| {
                let mut text = text.repeat(*times);
                text.truncate(text.floor_char_boundary(20_000));
                text
            })
            .collect();
        let pings: Vec<bool> = messages.iter().map(|(_, _, ping)| *ping).collect();
        let saying = texts.clone();
        let world = world_of(NetTimes::default(), move |mut peer| {
            let said: Vec<_> = saying.clone().into_iter().zip(pings.clone()).collect();
            async move {
                for (text, ping) in said {
                    if ping {
                        peer.feed(Message::Ping("p".into())).await.unwrap();
                    }
                    peer.feed(Message::text(text)).await.unwrap();
                }
                peer.flush().await.unwrap();
                while let Some(Ok(_)) = peer.next().await {}
            }
        });
        let faults: Vec<String> = (1..=texts.len() + 1)
            .map(|call| format!("{{ call = {call}, kind = \"short_read\" }}"))
            .collect();
        let faults: Vec<&str> = faults.iter().map(String::as_str).collect();
        let mut guest = guest(plan(&faults), &world);
        guest.open();
        for text in &texts {
            let answer: serde_json::Value = serde_json::from_str(&guest.recv()).unwrap();
            prop_assert_eq!(answer["text"].as_str(), Some(text.as_str()));
        }
        prop_assert_eq!(guest.unused(), [""; 0]);
    }
}
