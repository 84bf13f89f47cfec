//! How many connections there are, and for how long.

use super::*;

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
