//! `websocket` against real servers.

use std::sync::mpsc;

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use yoi_host::imports::HostErrorCode;

use crate::support::{Guest, Servers, granted, net, words};

/// A server of which every connection is served by `serve`.
fn serving<F>(serve: impl Fn(WebSocket) -> F + Clone + Send + Sync + 'static) -> Router
where
    F: Future<Output = ()> + Send + 'static,
{
    Router::new().route(
        "/",
        any(move |upgrade: WebSocketUpgrade| async move { upgrade.on_upgrade(serve) }),
    )
}

/// Answers each text with the same.
pub(crate) async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(_) = message
            && socket.send(message).await.is_err()
        {
            return;
        }
    }
}

pub(crate) fn echoing() -> Router {
    serving(echo)
}

#[test]
fn text_goes_both_ways_until_it_is_closed() {
    let servers = Servers::new();
    let (closed, is_closed) = mpsc::channel();
    let port = servers.http(serving(move |socket| {
        let closed = closed.clone();
        async move {
            echo(socket).await;
            closed.send(()).unwrap();
        }
    }));
    let mut guest = Guest::new(granted(&["feed.test"]), &net(&["feed.test"]));
    let handle = guest.open(&format!("ws://feed.test:{port}/?token=abc")).unwrap();
    assert_eq!(
        guest.send(handle, "grüß dich").unwrap(),
        r#"{"sent":true,"bytes":11}"#
    );
    assert_eq!(
        guest.recv(handle).unwrap(),
        r#"{"type":"text","text":"grüß dich"}"#
    );
    assert_eq!(guest.close(handle).unwrap(), r#"{"closed":true}"#);
    is_closed.recv().unwrap();
    assert_eq!(guest.close(handle).unwrap(), r#"{"closed":false}"#);
}

#[test]
fn messages_of_many_frames_pings_and_a_farewell_are_received() {
    let servers = Servers::new();
    let (answered, is_answered) = mpsc::channel();
    let port = servers.http(serving(move |mut socket: WebSocket| {
        let answered = answered.clone();
        async move {
            socket.send(Message::Ping("a".into())).await.unwrap();
            answered.send(socket.recv().await.unwrap().unwrap()).unwrap();
            socket
                .send(Message::Text("x".repeat(32 * 1024).into()))
                .await
                .unwrap();
            socket.send(Message::Close(None)).await.unwrap();
            while let Some(Ok(_)) = socket.recv().await {}
        }
    }));
    let mut guest = Guest::new(granted(&["feed.test"]), &net(&["feed.test"]));
    let handle = guest.open(&format!("ws://feed.test:{port}/")).unwrap();
    assert!(guest.recv(handle).unwrap().len() > 32 * 1024);
    assert_eq!(is_answered.recv().unwrap(), Message::Pong("a".into()));
    assert_eq!(guest.recv(handle).unwrap(), r#"{"type":"closed"}"#);
    assert_eq!(guest.sockets.len(), 1);
}

#[test]
fn a_silent_server_is_timed_out_and_still_connected() {
    let servers = Servers::new();
    let port = servers.http(echoing());
    let mut guest = Guest::new(granted(&["feed.test"]), &net(&["feed.test"]));
    let handle = guest.open(&format!("ws://feed.test:{port}/")).unwrap();
    let error = guest.recv_within(handle, 20).unwrap_err();
    insta::assert_snapshot!(words(&error, port), @"Timeout: WebSocket receive timed out");
    guest.send(handle, "still here").unwrap();
    assert_eq!(
        guest.recv(handle).unwrap(),
        r#"{"type":"text","text":"still here"}"#
    );
}

#[test]
fn a_message_past_the_limit_and_a_broken_connection_are_failures() {
    let servers = Servers::new();
    let port = servers.http(serving(|mut socket: WebSocket| async move {
        if let Some(Ok(Message::Text(_))) = socket.recv().await {
            socket
                .send(Message::Text("x".repeat(70_000).into()))
                .await
                .unwrap();
            while let Some(Ok(_)) = socket.recv().await {}
        }
    }));
    let mut guest = Guest::new(granted(&["feed.test"]), &net(&["feed.test"]));
    let handle = guest.open(&format!("ws://feed.test:{port}/")).unwrap();
    guest.send(handle, "go").unwrap();
    assert_eq!(guest.recv(handle).unwrap_err().code, HostErrorCode::TooLarge);

    let handle = guest.open(&format!("ws://feed.test:{port}/")).unwrap();
    drop(servers);
    assert_eq!(guest.recv(handle).unwrap_err().code, HostErrorCode::Failed);
}

#[test]
fn a_server_that_speaks_only_http_is_a_failure() {
    let servers = Servers::new();
    let port = servers.http(Router::new());
    let mut guest = Guest::new(granted(&["feed.test"]), &net(&["feed.test"]));
    let error = guest.open(&format!("ws://feed.test:{port}/")).unwrap_err();
    insta::assert_snapshot!(words(&error, port), @"Failed: WebSocket connection to ws://feed.test:PORT/ failed: HTTP error: 404 Not Found");
    assert!(guest.sockets.is_empty());
}
