//! `request` against real HTTP servers.

use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::thread;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::response::Redirect;
use axum::routing::{get as on_get, post};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpSocket;
use yoi_host::imports::HostErrorCode;
use yoi_host::imports::request::request;
use yoi_host::world::{Net, NetOptions};

use crate::support::{Servers, get, granted, impatient, net, net_with, patient, words};

#[test]
fn a_request_arrives_whole_and_its_answer_comes_back() {
    let servers = Servers::new();
    let echo = |headers: HeaderMap, body: String| async move {
        format!("{} said {body}", headers["x-name"].to_str().unwrap())
    };
    let port = servers.http(Router::new().route("/echo", post(echo)));
    let json = json!({
        "method": "POST",
        "url": format!("http://api.test:{port}/echo"),
        "headers": [{"name": "X-Name", "value": "guest"}],
        "body": "grüß dich",
    });
    let answer = request(
        &granted(&["api.test"]),
        &net(&["api.test"]),
        &patient(),
        &json.to_string(),
    );
    let answer: Value = serde_json::from_str(&answer.unwrap()).unwrap();
    assert_eq!(answer["status"], 200);
    assert_eq!(answer["body"], "guest said grüß dich");
    assert_eq!(answer["truncated"], false);
}

#[test]
fn the_system_resolves_names_and_the_policy_judges_them() {
    let servers = Servers::new();
    let port = servers.http(Router::new().route("/", on_get(|| async { "here" })));
    let (authority, url) = (granted(&["localhost"]), format!("http://localhost:{port}/"));
    assert_eq!(get(&authority, &Net::new(), &url).unwrap()["body"], "here");
    let refusal = get(&granted(&["*"]), &Net::new(), &url).unwrap_err();
    assert_eq!(refusal.denial.unwrap().lines().len(), 2, "one for each file");

    let public = NetOptions::new().public_only(true).build();
    assert_eq!(
        get(&authority, &public, &url).unwrap_err().code,
        HostErrorCode::Denied
    );
}

#[test]
fn an_address_is_reached_by_its_own_name_only() {
    let servers = Servers::new();
    let port = servers.http(Router::new().route("/", on_get(|| async { "here" })));
    let url = format!("http://127.1:{port}/");
    let answer = get(&granted(&["127.0.0.1"]), &net(&[]), &url).unwrap();
    assert_eq!(answer["body"], "here");

    let refusal = get(&granted(&["*"]), &net(&[]), &url).unwrap_err();
    insta::assert_snapshot!(words(&refusal, port), @"Denied: host_api.request target GET http://127.0.0.1:PORT/ is 127.0.0.1, a loopback address: a wildcard does not cover it, manifest and grant must name the address itself");
}

#[test]
fn a_redirect_is_handed_on_and_not_followed() {
    let servers = Servers::new();
    let router = Router::new()
        .route(
            "/away",
            on_get(|| async { Redirect::to("http://169.254.169.254/secret") }),
        )
        .route("/loop", on_get(|| async { Redirect::to("/loop") }));
    let port = servers.http(router);
    let (authority, net) = (granted(&["api.test"]), net(&["api.test"]));
    for path in ["away", "loop"] {
        let answer = get(&authority, &net, &format!("http://api.test:{port}/{path}")).unwrap();
        assert_eq!(answer["status"], 303);
    }
}

#[test]
fn a_large_body_is_cut() {
    let servers = Servers::new();
    let port = servers.http(Router::new().route("/", on_get(|| async { "x".repeat(4 << 20) })));
    let answer = get(
        &granted(&["api.test"]),
        &net(&["api.test"]),
        &format!("http://api.test:{port}/"),
    )
    .unwrap();
    assert_eq!(answer["body"].as_str().unwrap().len(), 64 * 1024);
    assert_eq!(answer["truncated"], true);
}

#[test]
fn a_body_that_does_not_end_is_ended_by_the_time() {
    let servers = Servers::new();
    let stalled = || async {
        let beginning = stream::once(async { Ok::<_, Infallible>(Bytes::from("beginning")) });
        Body::from_stream(beginning.chain(stream::pending()))
    };
    let port = servers.http(Router::new().route("/", on_get(stalled)));
    let net = net_with(&["api.test"], |options| options.times(impatient()));
    let error = get(&granted(&["api.test"]), &net, &format!("http://api.test:{port}/")).unwrap_err();
    insta::assert_snapshot!(words(&error, port), @"Timeout: request to http://api.test:PORT/ timed out");
}

#[test]
fn a_body_that_breaks_off_is_a_failure() {
    let servers = Servers::new();
    let listener = servers.listener();
    let port = listener.local_addr().unwrap().port();
    servers.runtime().spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await.unwrap();
        let half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf";
        stream.write_all(half).await.unwrap();
    });
    let net = net(&["api.test"]);
    let error = get(&granted(&["api.test"]), &net, &format!("http://api.test:{port}/")).unwrap_err();
    insta::assert_snapshot!(words(&error, port), @"Failed: request response read failed: error reading a body from connection: end of file before message length reached");
}

#[test]
fn a_port_where_nobody_listens_is_unreachable() {
    // It is taken, so that no other test listens there either.
    let taken = TcpSocket::new_v4().unwrap();
    taken.bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    let port = taken.local_addr().unwrap().port();
    let net = net(&["api.test"]);
    let error = get(&granted(&["api.test"]), &net, &format!("http://api.test:{port}/")).unwrap_err();
    insta::assert_snapshot!(words(&error, port), @"Unreachable: request to http://api.test:PORT/ failed: Connection refused (os error 111)");
}

#[test]
fn many_instances_share_one_network() {
    let servers = Servers::new();
    let port = servers.http(Router::new().route("/", on_get(|| async { "here" })));
    let (authority, net) = (granted(&["api.test"]), net(&["api.test"]));
    let url = format!("http://api.test:{port}/");
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..8 {
                    assert_eq!(get(&authority, &net, &url).unwrap()["body"], "here");
                }
            });
        }
    });
}

#[test]
fn a_call_from_a_thread_of_another_runtime_does_not_panic() {
    let servers = Servers::new();
    let port = servers.http(Router::new().route("/", on_get(|| async { "here" })));
    let authority = granted(&["api.test"]);
    let other = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = other.block_on(async {
        let net = net(&["api.test"]);
        get(&authority, &net, &format!("http://api.test:{port}/"))
    });
    assert_eq!(answer.unwrap()["body"], "here");
}
