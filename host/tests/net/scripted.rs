//! A world that is all script: names, servers and time. Nothing of it takes a moment or touches a socket.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use yoi_host::authority::{Authority, Binding, Grants};
use yoi_host::engine::Cancel;
use yoi_host::imports::request::request;
use yoi_host::imports::websocket::Sockets;
use yoi_host::imports::{HostErrorCode, Patience};
use yoi_host::world::{Clock, HttpPeer, Net, NetOptions, ScriptedDialer, ScriptedResolver, WebsocketPeer};

const ADDRESS: [u8; 4] = [192, 88, 98, 7];

fn at(port: u16) -> SocketAddr {
    SocketAddr::from((ADDRESS, port))
}

fn net(dialer: ScriptedDialer) -> Net {
    let resolver = ScriptedResolver::new().answer("a.test", [IpAddr::from(ADDRESS)]);
    NetOptions::new()
        .resolver(resolver)
        .dialer(dialer)
        .clock(Clock::Scripted)
        .build()
}

fn authority() -> Authority {
    let grants = "permissions = [{ kind = 'host_api', api = 'request' }, { kind = 'host_api', api = 'websocket' }]\n\
                  [[request]]\nscheme = 'http'\nhost = 'a.test'\nmethods = ['GET', 'POST']\n\
                  [[websocket]]\nscheme = 'ws'\nhost = 'a.test'\n";
    Authority::without_manifest(Grants::parse(grants).unwrap(), &Binding::Unbound)
}

fn patience() -> Patience {
    Patience::endless(Cancel::default())
}

fn parsed(answer: &str) -> Value {
    serde_json::from_str(answer).unwrap()
}

#[test]
fn a_scripted_server_answers_in_order_and_keeps_what_it_was_asked() {
    let peer = HttpPeer::new()
        .answer(200, "first")
        .answer(404, "second")
        .answer(200, "never");
    let net = net(ScriptedDialer::new().http(at(80), peer.clone()));
    let post = json!({"method": "POST", "url": "http://a.test/x", "body": "payload"}).to_string();
    let get = json!({"method": "GET", "url": "http://a.test/y"}).to_string();
    let ask = |json: &str| parsed(&request(&authority(), &net, &patience(), json).unwrap());
    let (first, second) = (ask(&post), ask(&get));
    assert_eq!((&first["status"], &first["body"]), (&json!(200), &json!("first")));
    assert_eq!(
        (&second["status"], &second["body"]),
        (&json!(404), &json!("second"))
    );
    let requests = peer.requests();
    assert!(requests[0].starts_with("POST /x HTTP/1.1\r\n") && requests[0].ends_with("\r\n\r\npayload"));
    assert!(requests[1].starts_with("GET /y HTTP/1.1\r\n"));
    assert_eq!((requests.len(), peer.leftovers()), (2, 1));
}

#[test]
fn a_server_that_never_answers_costs_its_time_on_the_clock_only() {
    let net = net(ScriptedDialer::new().silence(at(80)));
    let began = net.now();
    let get = json!({"method": "GET", "url": "http://a.test/"}).to_string();
    let error = request(&authority(), &net, &patience(), &get).unwrap_err();
    assert_eq!(error.code, HostErrorCode::Timeout);
    assert_eq!(net.now() - began, net.times().request);
}

#[test]
fn a_conversation_goes_as_it_is_written() {
    let peer = WebsocketPeer::new()
        .say("hello")
        .ping()
        .hear()
        .say_binary([1])
        .say("never");
    let net = net(ScriptedDialer::new().websocket(at(80), peer.clone()));
    let (authority, patience) = (authority(), patience());
    let mut sockets = Sockets::new(net.clone());
    let open = json!({"url": "ws://a.test/feed"}).to_string();
    let opened = parsed(&sockets.open(&authority, &patience, net.now(), &open).unwrap());
    assert_eq!(opened, json!({"handle": 1, "url": "ws://a.test/feed"}));
    let heard = sockets.recv(&authority, &patience, net.now(), 1, 0).unwrap();
    assert_eq!(parsed(&heard), json!({"type": "text", "text": "hello"}));
    sockets
        .send_text(&authority, &patience, net.now(), 1, "hi")
        .unwrap();
    let binary = sockets.recv(&authority, &patience, net.now(), 1, 0).unwrap_err();
    assert_eq!(binary.code, HostErrorCode::Unsupported);
    drop(sockets);
    assert_eq!(peer.heard(), ["hi"]);
}

#[test]
fn the_longest_wait_and_the_oldest_socket_take_no_time() {
    let peer = WebsocketPeer::new().hear();
    let net = net(ScriptedDialer::new().websocket(at(80), peer.clone()));
    let (authority, patience) = (authority(), patience());
    let mut sockets = Sockets::new(net.clone());
    let open = json!({"url": "ws://a.test/"}).to_string();
    sockets.open(&authority, &patience, net.now(), &open).unwrap();
    let began = net.now();
    let error = sockets
        .recv(&authority, &patience, net.now(), 1, u32::MAX)
        .unwrap_err();
    assert_eq!(error.code, HostErrorCode::Timeout);
    assert_eq!(net.now() - began, Duration::from_secs(30));

    net.advance(net.times().socket_age - Duration::from_secs(31));
    assert!(
        sockets
            .send_text(&authority, &patience, net.now(), 1, "young")
            .is_ok()
    );
    net.advance(Duration::from_secs(1));
    let error = sockets
        .send_text(&authority, &patience, net.now(), 1, "old")
        .unwrap_err();
    assert_eq!(error.code, HostErrorCode::UnknownHandle);
    assert_eq!((peer.heard(), peer.leftovers()), (vec!["young".to_owned()], 0));
}
