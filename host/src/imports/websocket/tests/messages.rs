//! What is sent and received.

use super::*;

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
