//! Connections over a network that is all script.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::mpsc;
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::time::MissedTickBehavior;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error as WireError, Message};
use tokio_tungstenite::{WebSocketStream, accept_async};

use super::Sockets;
use super::wire::{self, Fault, Received};
use crate::authority::{Authority, Side};
use crate::engine::Cancel;
use crate::imports::egress::ConnectError;
use crate::imports::egress::fixtures::{
    Files, PUBLIC, Scripted, answering, at, granted, granted_hosts, impatient, ip, name, nothing, patient,
    scripted, scripted_with, words,
};
use crate::imports::{HostError, HostErrorCode, Patience};
use crate::limits;
use crate::world::{ByteStream, NetTimes, ScriptedDialer, ScriptedResolver};

type Peer = WebSocketStream<DuplexStream>;

/// One guest's connections, and what it may do with them.
struct Guest {
    sockets: Sockets,
    authority: Authority,
    now: Instant,
}

impl Guest {
    fn new(authority: Authority, world: &Scripted) -> Self {
        Self {
            sockets: Sockets::new(world.net.clone()),
            authority,
            now: Instant::now(),
        }
    }

    fn open(&mut self, url: &str) -> Result<String, HostError> {
        self.open_with(&json!({ "url": url }))
    }

    fn open_with(&mut self, descriptor: &Value) -> Result<String, HostError> {
        self.sockets
            .open(&self.authority, &patient(), self.now, &descriptor.to_string())
    }

    /// Open `ws://a.test/`, and the handle.
    fn handle(&mut self) -> u32 {
        let opened: Value = serde_json::from_str(&self.open("ws://a.test/").unwrap()).unwrap();
        u32::try_from(opened["handle"].as_u64().unwrap()).unwrap()
    }

    fn send(&mut self, handle: u32, text: &str) -> Result<String, HostError> {
        self.sockets
            .send_text(&self.authority, &patient(), self.now, handle, text)
    }

    fn recv(&mut self, handle: u32, timeout_ms: u32) -> Result<String, HostError> {
        self.sockets
            .recv(&self.authority, &patient(), self.now, handle, timeout_ms)
    }

    fn close(&mut self, handle: u32) -> Result<String, HostError> {
        self.sockets.close(&self.authority, &patient(), self.now, handle)
    }
}

/// A guest that may open `ws://a.test`, where every connection is served by `serve`.
fn guest_of<F>(serve: impl Fn(Peer) -> F + Clone + Send + Sync + 'static) -> (Guest, Scripted)
where
    F: Future<Output = ()> + Send + 'static,
{
    guest_within(NetTimes::default(), serve)
}

fn guest_within<F>(
    times: NetTimes,
    serve: impl Fn(Peer) -> F + Clone + Send + Sync + 'static,
) -> (Guest, Scripted)
where
    F: Future<Output = ()> + Send + 'static,
{
    let dialer = ScriptedDialer::new().peer(at(PUBLIC, 80), move |stream| {
        let serve = serve.clone();
        async move { serve(accept_async(stream).await.unwrap()).await }
    });
    let world = scripted_with(name("a.test"), dialer, |options| options.times(times));
    (Guest::new(granted_hosts(&["a.test"]), &world), world)
}

/// A peer that answers each text with the same.
async fn echo(mut peer: Peer) {
    while let Some(Ok(message)) = peer.next().await {
        if message.is_text() {
            peer.send(message).await.unwrap();
        }
    }
}

/// A peer that says this and then waits for the end.
fn saying(
    messages: impl IntoIterator<Item = Message>,
) -> impl Fn(Peer) -> Pin<Box<dyn Future<Output = ()> + Send>> + Clone + Send + Sync + 'static {
    let messages: Vec<Message> = messages.into_iter().collect();
    move |mut peer| {
        let messages = messages.clone();
        Box::pin(async move {
            for message in messages {
                peer.feed(message).await.unwrap();
            }
            peer.flush().await.unwrap();
            while let Some(Ok(_)) = peer.next().await {}
        })
    }
}

// Who may open, and what.

#[test]
fn a_connection_opens_carries_text_both_ways_and_closes() {
    let (mut guest, _world) = guest_of(echo);
    let answers = [
        words(&guest.open("ws://a.test/chat?token=abc#top")),
        words(&guest.send(1, "grüß dich")),
        words(&guest.recv(1, 0)),
        words(&guest.close(1)),
        words(&guest.close(1)),
        words(&guest.send(1, "more")),
        words(&guest.recv(1, 0)),
    ];
    insta::assert_snapshot!(answers.join("\n"), @r#"
    answered {"handle":1,"url":"ws://a.test/chat"}
    answered {"sent":true,"bytes":11}
    answered {"type":"text","text":"grüß dich"}
    answered {"closed":true}
    answered {"closed":false}
    UnknownHandle: unknown WebSocket handle 1
    UnknownHandle: unknown WebSocket handle 1
    "#);
}

#[test]
fn without_a_grant_every_call_is_denied_before_anything_is_read() {
    let mut guest = Guest::new(Authority::none(), &nothing());
    let refusals = [
        words(&guest.open_with(&json!("x".repeat(10_000)))),
        words(&guest.send(1, &"x".repeat(100_000))),
        words(&guest.recv(1, 0)),
        words(&guest.close(1)),
    ];
    insta::assert_snapshot!(refusals.join("\n"), @r"
    Denied: plugin host API dispatch denied: requested host_api.websocket permission is missing
    Denied: plugin host API dispatch denied: requested host_api.websocket permission is missing
    Denied: plugin host API dispatch denied: requested host_api.websocket permission is missing
    Denied: plugin host API dispatch denied: requested host_api.websocket permission is missing
    ");
}

#[test]
fn every_rule_for_opening_has_its_words() {
    let world = nothing();
    let authority = granted(
        r#"
        permissions = [{ kind = "host_api", api = "websocket" }]
        [[websocket]]
        scheme = "wss"
        host = "a.test"
        path_prefixes = ["/live"]
        "#,
    );
    let mut guest = Guest::new(authority, &world);
    let url = |url: &str| json!({ "url": url });
    let descriptors = [
        json!({"url": "x".repeat(8192)}),
        json!([]),
        json!({}),
        json!({"url": "wss://a.test", "more": 1}),
        json!({"url": "wss://a.test", "headers": [{"name": "a"}]}),
        json!({"url": "wss://a.test", "protocols": ["chat"]}),
        json!({"url": "wss://a.test", "headers": [{"name": "a", "value": "b"}]}),
        url("nowhere"),
        url("https://a.test"),
        url("ftp://a.test"),
        url("wss://"),
        url("wss://user:pass@a.test/live"),
        url("ws://a.test/live"),
        url("wss://a.test/other?secret=x"),
    ];
    let refusals = descriptors.map(|descriptor| words(&guest.open_with(&descriptor)));
    assert_eq!(world.resolver.asked(), Vec::<String>::new());
    assert_eq!(world.dialer.dialled(), []);
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    TooLarge: WebSocket open descriptor exceeds 8192 bytes
    Invalid: invalid WebSocket open request JSON: invalid type, expected an object at line 1 column 0
    Invalid: invalid WebSocket open request JSON: missing field `url` at line 1 column 2
    Invalid: invalid WebSocket open request JSON: unknown field `more`, expected one of `url`, `protocols`, `headers` at line 1 column 7
    Invalid: invalid WebSocket open request JSON: missing field `value` at line 1 column 24
    Unsupported: WebSocket subprotocol negotiation is not supported by host_api.websocket v1
    Unsupported: WebSocket handshake headers from guest memory are not supported; future secret-ref grants must inject credential-bearing headers explicitly
    Invalid: invalid WebSocket URL: relative URL without a base
    Unsupported: HTTP URLs are not supported by host_api.websocket
    Unsupported: unsupported WebSocket URL scheme "ftp"; only ws and wss are allowed
    Invalid: invalid WebSocket URL: empty host
    Invalid: WebSocket URLs with embedded credentials are not allowed
    Denied: host_api.websocket target ws://a.test/live is not covered by enabled WebSocket grants
    Denied: host_api.websocket target wss://a.test/other is not covered by enabled WebSocket grants
    "#);
}

#[test]
fn wss_takes_the_same_way_out_as_https() {
    let world = scripted(
        ScriptedResolver::new()
            .answer("metadata.test", [ip("169.254.169.254")])
            .answer("mixed.test", [ip(PUBLIC), ip("::ffff:169.254.0.1")])
            .fail("broken.test", "the server is down")
            .answer("empty.test", []),
        ScriptedDialer::new(),
    );
    let mut guest = Guest::new(granted_hosts(&["*"]), &world);
    let refusals = [
        "wss://127.1/",
        "ws://0x7f000001:8080/",
        "wss://[::1]/",
        "wss://[64:ff9b::a9fe:a9fe]/",
        "wss://metadata.test/",
        "wss://mixed.test/",
        "wss://broken.test/",
        "wss://empty.test/",
        "wss://unknown.test/",
    ]
    .map(|url| words(&guest.open(url)));
    assert_eq!(world.dialer.dialled(), []);
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    Denied: host_api.websocket target wss://127.0.0.1/ is 127.0.0.1, a loopback address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.websocket target ws://127.0.0.1:8080/ is 127.0.0.1, a loopback address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.websocket target wss://[::1]/ is ::1, a loopback address: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: host_api.websocket target wss://[64:ff9b::a9fe:a9fe]/ is 64:ff9b::a9fe:a9fe (169.254.169.254 inside), the address of a metadata service: a wildcard does not cover it, manifest and grant must name the address itself
    Denied: "metadata.test" resolves to 169.254.169.254, the address of a metadata service: it is reached by no name, manifest and grant must name the address itself
    Denied: one of the 2 addresses of "mixed.test" is ::ffff:169.254.0.1 (169.254.0.1 inside), a link-local address: it is reached by no name, manifest and grant must name the address itself
    Unreachable: DNS lookup failed for "broken.test": the server is down
    Unreachable: DNS lookup for "empty.test" returned no addresses
    Unreachable: DNS lookup failed for "unknown.test": no such name
    "#);
}

#[test]
fn public_only_holds_for_connections_as_well() {
    let world = scripted_with(
        ScriptedResolver::new().answer("a.test", [ip("127.0.0.1")]),
        ScriptedDialer::new(),
        |options| options.public_only(true),
    );
    let refusal = Guest::new(granted_hosts(&["a.test"]), &world).open("ws://a.test/");
    insta::assert_snapshot!(words(&refusal), @r#"Denied: "a.test" resolves to 127.0.0.1, a loopback address: names may lead to public addresses only"#);
    assert_eq!(world.dialer.dialled(), []);
}

#[test]
fn a_wildcard_leads_connections_to_the_internet_alone_until_the_host_is_named() {
    let mut told = Vec::new();
    for addresses in [
        vec!["127.0.0.1"],
        vec![PUBLIC, "10.0.0.1"],
        vec!["10.0.0.1", "224.0.0.1"],
    ] {
        for public_only in [false, true] {
            let world = scripted_with(
                ScriptedResolver::new().answer("a.test", addresses.iter().map(|address| ip(address))),
                ScriptedDialer::new().peer(at(addresses[0], 80), |stream| async {
                    echo(accept_async(stream).await.unwrap()).await;
                }),
                |options| options.public_only(public_only),
            );
            let files = Files::new("*", "*");
            let refusal = Guest::new(files.authority(), &world).open("ws://a.test/");
            assert_eq!(world.dialer.dialled(), []);
            told.push(words(&refusal));
            let refusal = refusal.unwrap_err();
            if refusal.denial.is_some() {
                let (files, sides) = files.completed(&refusal);
                assert_eq!(sides, [Side::Manifest, Side::Grants]);
                let opened = Guest::new(files.authority(), &world).open("ws://a.test/");
                told.push(format!("  with the lines: {}", words(&opened)));
            }
        }
    }
    insta::assert_snapshot!(told.join("\n"), @r#"
    Denied: "a.test" resolves to 127.0.0.1, a loopback address: a wildcard leads to public addresses only, manifest and grant must name the host itself
      with the lines: answered {"handle":1,"url":"ws://a.test/"}
    Denied: "a.test" resolves to 127.0.0.1, a loopback address: names may lead to public addresses only
    Denied: one of the 2 addresses of "a.test" is 10.0.0.1, a private address: a wildcard leads to public addresses only, manifest and grant must name the host itself
      with the lines: answered {"handle":1,"url":"ws://a.test/"}
    Denied: one of the 2 addresses of "a.test" is 10.0.0.1, a private address: names may lead to public addresses only
    Denied: one of the 2 addresses of "a.test" is 224.0.0.1, a multicast address: it is reached by no name, manifest and grant must name the address itself
    Denied: one of the 2 addresses of "a.test" is 10.0.0.1, a private address: names may lead to public addresses only
    "#);
}

#[test]
fn a_name_that_changes_its_address_is_asked_for_once() {
    let (mut guest, world) = guest_of(echo);
    let _ = world.resolver.clone().answer("a.test", [ip("127.0.0.1")]);
    guest.handle();
    assert_eq!(world.resolver.asked(), ["a.test"]);
    assert_eq!(world.dialer.dialled(), [at(PUBLIC, 80)]);
}

#[test]
fn a_server_that_does_not_shake_hands_is_a_failure() {
    let failures = [
        "HTTP/1.1 302 Found\r\nlocation: ws://127.0.0.1/\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: wrong\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
        "",
    ]
    .map(|response| {
        let dialer = ScriptedDialer::new().peer(at(PUBLIC, 80), answering(response));
        let world = scripted(name("a.test"), dialer);
        let failure = words(&Guest::new(granted_hosts(&["a.test"]), &world).open("ws://a.test/"));
        assert_eq!(world.dialer.dialled(), [at(PUBLIC, 80)]);
        failure
    });
    insta::assert_snapshot!(failures.join("\n"), @r#"
    Failed: WebSocket connection to ws://a.test/ failed: HTTP error: 302 Found
    Failed: WebSocket connection to ws://a.test/ failed: WebSocket protocol error: Key mismatch in "Sec-WebSocket-Accept" header
    Failed: WebSocket connection to ws://a.test/ failed: WebSocket protocol error: httparse error: invalid HTTP version
    Failed: WebSocket connection to ws://a.test/ failed: WebSocket protocol error: Handshake not finished
    "#);
}

// How many, and for how long.

#[test]
fn a_fifth_connection_is_refused_before_dialling_until_one_is_closed() {
    let (mut guest, world) = guest_of(echo);
    let handles: Vec<u32> = (0..limits::SOCKETS).map(|_| guest.handle()).collect();
    assert_eq!(handles, [1, 2, 3, 4]);
    insta::assert_snapshot!(words(&guest.open("ws://a.test/")), @"TooMany: host_api.websocket open connection limit (4) exceeded before dialing");
    assert_eq!(world.dialer.dialled().len(), limits::SOCKETS);
    guest.close(2).unwrap();
    assert_eq!(guest.handle(), 5);
}

#[test]
fn a_failed_opening_takes_neither_slot_nor_handle() {
    let world = scripted(
        name("a.test").fail("broken.test", "down"),
        ScriptedDialer::new().peer(at(PUBLIC, 80), |stream| async {
            echo(accept_async(stream).await.unwrap()).await;
        }),
    );
    let mut guest = Guest::new(granted_hosts(&["*"]), &world);
    for _ in 0..=limits::SOCKETS {
        guest.open("ws://broken.test/").unwrap_err();
    }
    assert_eq!(guest.handle(), 1);
}

#[test]
fn a_handle_that_is_live_is_not_given_twice() {
    let (mut guest, _world) = guest_of(echo);
    guest.sockets.next = u32::MAX;
    let handles = [guest.handle(), guest.handle()];
    assert_eq!(handles, [u32::MAX, 1]);
    guest.sockets.next = u32::MAX;
    assert_eq!(guest.handle(), 2);
}

#[test]
fn a_connection_past_its_age_is_closed_and_its_slot_free() {
    let (closed, is_closed) = mpsc::channel();
    let (mut guest, _world) = guest_of(move |mut peer: Peer| {
        let closed = closed.clone();
        async move {
            let last = peer.next().await.unwrap().unwrap();
            closed.send(last.is_close()).unwrap();
        }
    });
    for _ in 0..limits::SOCKETS {
        guest.handle();
    }
    guest.now += limits::SOCKET_AGE - Duration::from_secs(1);
    guest.open("ws://a.test/").unwrap_err();
    guest.now += Duration::from_secs(1);
    insta::assert_snapshot!(words(&guest.recv(1, 0)), @"UnknownHandle: unknown WebSocket handle 1");
    for _ in 0..limits::SOCKETS {
        assert!(is_closed.recv().unwrap());
    }
    assert_eq!(guest.handle(), 5);
}

#[test]
fn connections_are_closed_when_the_instance_goes() {
    let (closed, is_closed) = mpsc::channel();
    let (mut guest, _world) = guest_of(move |mut peer: Peer| {
        let closed = closed.clone();
        async move {
            let last = peer.next().await.unwrap().unwrap();
            closed.send(last.is_close()).unwrap();
        }
    });
    guest.handle();
    guest.handle();
    drop(guest);
    assert!(is_closed.recv().unwrap() && is_closed.recv().unwrap());
}

#[test]
fn closing_and_dropping_end_where_the_peer_takes_nothing() {
    let (mut guest, _world) = guest_within(impatient(), |peer: Peer| async {
        // It holds the connection and reads nothing.
        std::future::pending::<()>().await;
        drop(peer);
    });
    let text = "x".repeat(limits::SOCKET_FRAME_BYTES);
    for handle in [guest.handle(), guest.handle()] {
        while guest.send(handle, &text).is_ok() {}
    }
    insta::assert_snapshot!(words(&guest.close(1)), @"Timeout: WebSocket close timed out");
    insta::assert_snapshot!(words(&guest.close(1)), @r#"answered {"closed":false}"#);
    drop(guest);
}

// What is sent and received.

#[test]
fn a_text_past_the_limit_is_refused_before_its_handle_is_looked_at() {
    let (mut guest, _world) = guest_of(echo);
    let text = "x".repeat(limits::SOCKET_FRAME_BYTES + 1);
    insta::assert_snapshot!(words(&guest.send(9, &text)), @"TooLarge: WebSocket text frame exceeds 32768 bytes");
    let handle = guest.handle();
    guest.send(handle, &text[1..]).unwrap();
    let message: Value = serde_json::from_str(&guest.recv(handle, 0).unwrap()).unwrap();
    assert_eq!(message["text"], text[1..]);
}

#[test]
fn a_slow_peer_is_timed_out_and_holds_a_bounded_amount() {
    let (mut guest, _world) = guest_within(impatient(), |peer: Peer| async {
        std::future::pending::<()>().await;
        drop(peer);
    });
    let handle = guest.handle();
    let text = "x".repeat(limits::SOCKET_FRAME_BYTES);
    let mut refusals: Vec<String> = (0..8).map(|_| words(&guest.send(handle, &text))).collect();
    refusals.dedup();
    insta::assert_snapshot!(refusals.join("\n"), @r#"
    answered {"sent":true,"bytes":32768}
    Timeout: WebSocket send timed out
    "#);
}

#[test]
fn pings_are_answered_and_a_message_behind_them_is_received() {
    let (answered, is_answered) = mpsc::channel();
    let (mut guest, _world) = guest_of(move |mut peer: Peer| {
        let answered = answered.clone();
        async move {
            for _ in 0..3 {
                peer.send(Message::Ping("are you there".into())).await.unwrap();
            }
            for _ in 0..3 {
                answered.send(peer.next().await.unwrap().unwrap()).unwrap();
            }
            peer.send(Message::text("good")).await.unwrap();
            let _ = peer.next().await;
        }
    });
    let handle = guest.handle();
    insta::assert_snapshot!(words(&guest.recv(handle, 0)), @r#"answered {"type":"text","text":"good"}"#);
    for _ in 0..3 {
        assert_eq!(is_answered.recv().unwrap(), Message::Pong("are you there".into()));
    }
}

#[test]
fn a_ping_is_answered_even_if_no_message_follows() {
    let (answered, is_answered) = mpsc::channel();
    let (mut guest, _world) = guest_within(impatient(), move |mut peer: Peer| {
        let answered = answered.clone();
        async move {
            peer.send(Message::Ping("x".into())).await.unwrap();
            answered.send(peer.next().await.unwrap().unwrap()).unwrap();
            while let Some(Ok(_)) = peer.next().await {}
        }
    });
    let handle = guest.handle();
    let answer = loop {
        let refusal = guest.recv(handle, 0).unwrap_err();
        assert_eq!(refusal.message, "WebSocket receive timed out");
        if let Ok(answer) = is_answered.try_recv() {
            break answer;
        }
    };
    assert_eq!(answer, Message::Pong("x".into()));
}

#[test]
fn a_peer_that_sends_only_pings_uses_up_the_budget_of_one_call() {
    let pings = (0..limits::SOCKET_FRAMES_PER_RECEIVE).map(|_| Message::Ping("x".into()));
    let (mut guest, _world) = guest_of(saying(pings.chain([Message::text("at last")])));
    let handle = guest.handle();
    let answers = [words(&guest.recv(handle, 0)), words(&guest.recv(handle, 0))];
    insta::assert_snapshot!(answers.join("\n"), @r#"
    Failed: WebSocket receive exceeded bounded control-frame budget
    answered {"type":"text","text":"at last"}
    "#);
}

#[test]
fn the_time_of_a_call_does_not_begin_again_with_a_ping() {
    let (mut guest, _world) = guest_within(impatient(), |mut peer: Peer| async move {
        let mut pinging = tokio::time::interval(Duration::from_millis(10));
        // On a machine that stood still, the pings that were missed would come all at once.
        pinging.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            pinging.tick().await;
            if peer.send(Message::Ping("x".into())).await.is_err() {
                return;
            }
        }
    });
    let handle = guest.handle();
    // Fifty milliseconds have room for some five pings; sixteen would use up the budget.
    insta::assert_snapshot!(words(&guest.recv(handle, 0)), @"Timeout: WebSocket receive timed out");
}

#[test]
fn a_binary_message_is_refused_and_the_next_text_received() {
    let (mut guest, _world) = guest_of(saying([Message::binary(vec![1, 2]), Message::text("text")]));
    let handle = guest.handle();
    let answers = [words(&guest.recv(handle, 0)), words(&guest.recv(handle, 0))];
    insta::assert_snapshot!(answers.join("\n"), @r#"
    Unsupported: binary WebSocket messages are not supported by host_api.websocket v1
    answered {"type":"text","text":"text"}
    "#);
}

#[test]
fn a_frame_or_message_past_the_limit_ends_the_connection() {
    let (mut guest, _world) = guest_of(saying([Message::text(
        "x".repeat(limits::SOCKET_FRAME_BYTES + 1),
    )]));
    let handle = guest.handle();
    let answers = [
        words(&guest.recv(handle, 0)),
        words(&guest.recv(handle, 0)),
        words(&guest.close(handle)),
    ];
    insta::assert_snapshot!(answers.join("\n"), @r#"
    TooLarge: WebSocket receive failed: Space limit exceeded: Message too long: 32769 > 32768
    Failed: WebSocket stream ended
    answered {"closed":true}
    "#);
}

#[test]
fn a_farewell_is_received_once_and_keeps_its_slot() {
    let (mut guest, _world) = guest_of(|mut peer: Peer| async move {
        peer.close(None).await.unwrap();
        while let Some(Ok(_)) = peer.next().await {}
    });
    let handle = guest.handle();
    let answers = [
        words(&guest.recv(handle, 0)),
        words(&guest.recv(handle, 0)),
        words(&guest.send(handle, "more")),
    ];
    assert_eq!(guest.sockets.len(), 1);
    insta::assert_snapshot!(answers.join("\n"), @r#"
    answered {"type":"closed"}
    Failed: WebSocket stream ended
    Failed: WebSocket send failed: Trying to work with closed connection
    "#);
    insta::assert_snapshot!(words(&guest.close(handle)), @r#"answered {"closed":true}"#);
}

#[test]
fn a_connection_that_breaks_off_is_a_failure() {
    let (mut guest, _world) = guest_of(|peer: Peer| async move { drop(peer) });
    let handle = guest.handle();
    let answers = [
        words(&guest.recv(handle, 0)),
        words(&guest.recv(handle, 0)),
        words(&guest.close(handle)),
    ];
    insta::assert_snapshot!(answers.join("\n"), @r#"
    Failed: WebSocket receive failed: WebSocket protocol error: Connection reset without closing handshake
    Failed: WebSocket stream ended
    answered {"closed":true}
    "#);
}

#[test]
fn a_peer_that_speaks_something_else_is_a_failure() {
    let (mut guest, _world) = guest_of(|mut peer: Peer| async move {
        peer.get_mut()
            .write_all(&b"HTTP/1.1 400 Bad Request\r\n\r\n".repeat(9))
            .await
            .unwrap();
        let _ = peer.get_mut().read_to_end(&mut Vec::new()).await;
    });
    let handle = guest.handle();
    let failure = guest.recv(handle, 0).unwrap_err();
    assert_eq!(failure.code, HostErrorCode::Failed, "{failure}");
}

#[test]
fn an_answer_to_a_ping_that_the_peer_does_not_take_is_timed_out() {
    let times = NetTimes {
        send: Duration::from_millis(20),
        close: Duration::from_millis(20),
        ..NetTimes::default()
    };
    let (mut guest, _world) = guest_within(times, |mut peer: Peer| async move {
        peer.send(Message::Ping("x".into())).await.unwrap();
        // It holds the connection and reads nothing.
        std::future::pending::<()>().await;
        drop(peer);
    });
    let handle = guest.handle();
    let text = "x".repeat(limits::SOCKET_FRAME_BYTES);
    while guest.send(handle, &text).is_ok() {}
    insta::assert_snapshot!(words(&guest.recv(handle, 0)), @"Timeout: WebSocket pong timed out");
}

#[test]
fn a_connection_that_is_gone_fails_whatever_is_done_next() {
    let told = [
        |guest: &mut Guest| guest.recv(1, 0),
        |guest: &mut Guest| guest.send(1, "more"),
        |guest: &mut Guest| guest.close(1),
    ]
    .map(|call| {
        let (gone, is_gone) = mpsc::channel();
        let (mut guest, _world) = guest_of(move |mut peer: Peer| {
            let gone = gone.clone();
            async move {
                peer.send(Message::Ping("x".into())).await.unwrap();
                drop(peer);
                gone.send(()).unwrap();
            }
        });
        guest.handle();
        is_gone.recv().unwrap();
        words(&call(&mut guest))
    });
    insta::assert_snapshot!(told.join("\n"), @"
    Failed: WebSocket pong failed: IO error: broken pipe
    Failed: WebSocket send failed: IO error: broken pipe
    Failed: WebSocket close failed: IO error: broken pipe
    ");
}

#[test]
fn every_fault_of_the_wire_has_its_code_and_words() {
    let unsendable = || http::Request::builder().uri("a b").body(()).unwrap_err();
    let broken = || WireError::ConnectionClosed;
    let told = [
        Fault::Connect(ConnectError::Silence),
        Fault::Connect(ConnectError::Dial(std::io::Error::other("the cause"))),
        Fault::Url(unsendable()),
        Fault::OpenTimeout,
        Fault::Handshake(broken()),
        Fault::SendTimeout,
        Fault::Send(broken()),
        Fault::ReceiveTimeout,
        Fault::Receive(broken()),
        Fault::Ended,
        Fault::Binary,
        Fault::PongTimeout,
        Fault::Pong(broken()),
        Fault::ControlFrames,
        Fault::CloseTimeout,
        Fault::Close(broken()),
    ]
    .map(|fault| format!("{:?}: {}", fault.code(), fault.message("ws://a.test/")));
    insta::assert_snapshot!(told.join("\n"), @"
    Timeout: WebSocket connection to ws://a.test/ timed out
    Unreachable: WebSocket connection to ws://a.test/ failed: the cause
    Invalid: WebSocket connection to ws://a.test/ failed: the URL cannot be sent: invalid uri character
    Timeout: WebSocket connection to ws://a.test/ timed out
    Failed: WebSocket connection to ws://a.test/ failed: Connection closed normally
    Timeout: WebSocket send timed out
    Failed: WebSocket send failed: Connection closed normally
    Timeout: WebSocket receive timed out
    Failed: WebSocket receive failed: Connection closed normally
    Failed: WebSocket stream ended
    Unsupported: binary WebSocket messages are not supported by host_api.websocket v1
    Timeout: WebSocket pong timed out
    Failed: WebSocket pong failed: Connection closed normally
    Failed: WebSocket receive exceeded bounded control-frame budget
    Timeout: WebSocket close timed out
    Failed: WebSocket close failed: Connection closed normally
    ");
}

// A call that ends before its time leaves the connection as it was.

#[test]
fn what_arrives_after_the_time_of_a_call_is_received_by_the_next() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = std::sync::Arc::new(std::sync::Mutex::new(gone));
    let (mut guest, _world) = guest_of(move |mut peer: Peer| {
        let gone = std::sync::Arc::clone(&gone);
        async move {
            let wait = tokio::task::spawn_blocking(move || gone.lock().unwrap().recv());
            wait.await.unwrap().unwrap();
            peer.send(Message::text("late")).await.unwrap();
            while let Some(Ok(_)) = peer.next().await {}
        }
    });
    let handle = guest.handle();
    let mut answers = vec![words(&guest.recv(handle, 1))];
    go.send(()).unwrap();
    answers.push(words(&guest.recv(handle, 0)));
    insta::assert_snapshot!(answers.join("\n"), @r#"
    Timeout: WebSocket receive timed out
    answered {"type":"text","text":"late"}
    "#);
}

#[test]
fn half_a_message_is_kept_for_the_next_call() {
    let (go, gone) = mpsc::channel::<()>();
    let gone = std::sync::Arc::new(std::sync::Mutex::new(gone));
    let (mut guest, _world) = guest_of(move |mut peer: Peer| {
        let gone = std::sync::Arc::clone(&gone);
        async move {
            // A text frame of four bytes, as a server writes it.
            peer.get_mut().write_all(b"\x81\x04ha").await.unwrap();
            let wait = tokio::task::spawn_blocking(move || gone.lock().unwrap().recv());
            wait.await.unwrap().unwrap();
            peer.get_mut().write_all(b"lf").await.unwrap();
            while let Some(Ok(_)) = peer.next().await {}
        }
    });
    let handle = guest.handle();
    let mut answers = vec![words(&guest.recv(handle, 20))];
    go.send(()).unwrap();
    answers.push(words(&guest.recv(handle, 0)));
    insta::assert_snapshot!(answers.join("\n"), @r#"
    Timeout: WebSocket receive timed out
    answered {"type":"text","text":"half"}
    "#);
}

#[test]
fn a_cancelled_call_leaves_the_connection_usable() {
    let (mut guest, _world) = guest_of(echo);
    let handle = guest.handle();
    let cancel = Cancel::default();
    let canceller = std::thread::spawn({
        let cancel = cancel.clone();
        move || cancel.cancel()
    });
    let patience = Patience::endless(cancel);
    let refusal = guest
        .sockets
        .recv(&guest.authority, &patience, guest.now, handle, 0);
    canceller.join().unwrap();
    insta::assert_snapshot!(words(&refusal), @"Timeout: the call was cancelled while the host waited");
    guest.send(handle, "still here").unwrap();
    insta::assert_snapshot!(words(&guest.recv(handle, 0)), @r#"answered {"type":"text","text":"still here"}"#);
}

/// What `work` comes to, unless it is dropped before: after this many polls.
async fn polled_at_most<T>(work: impl Future<Output = T>, mut polls: usize) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        // Whoever else is there has its turn, and then this again, woken or not.
        context.waker().wake_by_ref();
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// Two ends of a connection that holds a few bytes at a time, so that everything takes many polls.
async fn narrow() -> (wire::Stream, Peer) {
    let (near, far) = tokio::io::duplex(5);
    let near: Box<dyn ByteStream> = Box::new(near);
    (
        WebSocketStream::from_raw_socket(near, Role::Client, None).await,
        WebSocketStream::from_raw_socket(far, Role::Server, None).await,
    )
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(work)
}

const LONG: Duration = Duration::from_secs(60);

proptest! {
    #[test]
    fn receiving_that_is_dropped_at_any_point_loses_nothing(polls in vec(0_usize..8, 0..24)) {
        let texts: Vec<String> = (0..5).map(|number| format!("message {number}")).collect();
        let received = block_on(async {
            let (mut stream, peer) = narrow().await;
            let (mut mouth, mut ear) = peer.split();
            let saying = texts.clone();
            tokio::spawn(async move {
                for text in saying {
                    mouth.send(Message::Ping("x".into())).await.unwrap();
                    mouth.send(Message::text(text)).await.unwrap();
                }
            });
            // Nobody could answer a ping if nobody listened.
            tokio::spawn(async move { while let Some(Ok(_)) = ear.next().await {} });
            let mut polls = polls.into_iter();
            let mut received = Vec::new();
            while received.len() < texts.len() {
                let work = wire::receive(&mut stream, LONG, LONG);
                let answer = polled_at_most(work, polls.next().unwrap_or(usize::MAX)).await;
                received.extend(answer.map(Result::unwrap));
            }
            received
        });
        let expected: Vec<Received> = texts.into_iter().map(Received::Text).collect();
        prop_assert_eq!(received, expected);
    }

    #[test]
    fn sending_that_is_dropped_at_any_point_sends_whole_texts_in_order(polls in vec(0_usize..8, 0..24)) {
        let (done, arrived) = block_on(async {
            let (mut stream, mut peer) = narrow().await;
            let hearing = tokio::spawn(async move {
                let mut arrived = Vec::new();
                while let Some(Ok(Message::Text(text))) = peer.next().await {
                    arrived.push(text.to_string());
                    if arrived.last().is_some_and(|text| text == "end") {
                        break;
                    }
                }
                arrived
            });
            let mut done = Vec::new();
            for (number, polls) in polls.into_iter().enumerate() {
                let text = format!("message {number}");
                let work = wire::send(&mut stream, text.clone(), LONG);
                let sent = polled_at_most(work, polls).await;
                done.push((text, sent.is_some()));
            }
            wire::send(&mut stream, "end".to_owned(), LONG).await.unwrap();
            done.push(("end".to_owned(), true));
            (done, hearing.await.unwrap())
        });
        let mut next = arrived.iter().peekable();
        for (text, sent) in &done {
            let came = next.next_if_eq(&text).is_some();
            prop_assert!(came || !sent, "{text} was sent and did not arrive: {arrived:?}");
        }
        prop_assert_eq!(next.next(), None);
    }
}
