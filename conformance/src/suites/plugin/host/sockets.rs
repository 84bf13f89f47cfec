//! The host API `websocket`: opening, talking, closing, and how many at a time.

use serde_json::{Value, json};

use super::grants::expect_code;
use super::peer::{Peer, Turn};
use super::plugin::Plugin;
use super::puppet::{HostCall, HostFunction, Puppet, calling};
use super::stage::Stage;
use super::{HostTest, documented};
use crate::{Stop, expect, expect_eq};

const SOCKETS: &str = "contracts/plugin.md#websocket";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![
        documented(
            "plugin.host.websocket.conversation",
            SOCKETS,
            "A WebSocket is opened, sends, receives and is closed, with the answers of the contract.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Echo, Turn::Linger])?;
                let answers = talk(
                    stage,
                    &peer,
                    vec![
                        open(&peer, "/chat?key=1"),
                        HostCall::of(HostFunction::SendText, "né").on(1),
                        recv(1),
                        close(1),
                    ],
                )?;
                let port = peer.port;
                expect_eq(
                    "`open`",
                    &format!(r#"{{"handle":1,"url":"ws://127.0.0.1:{port}/chat"}}"#),
                    &answers[0],
                )?;
                expect_eq("`send-text`", r#"{"sent":true,"bytes":3}"#, answers[1].as_str())?;
                expect_eq("`recv`", r#"{"type":"text","text":"né"}"#, answers[2].as_str())?;
                expect_eq("`close`", r#"{"closed":true}"#, answers[3].as_str())?;
                expect_eq("what the other side got", &vec!["né".to_owned()], &peer.seen())
            },
        ),
        documented(
            "plugin.host.websocket.closed-by-the-other-side",
            SOCKETS,
            "That the other side closes is an answer of `recv`.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Text("last".to_owned()), Turn::Close])?;
                let answers = talk(stage, &peer, vec![open(&peer, "/"), recv(1), recv(1), close(1)])?;
                expect_eq("`recv`", r#"{"type":"text","text":"last"}"#, answers[1].as_str())?;
                expect_eq("`recv` afterwards", r#"{"type":"closed"}"#, answers[2].as_str())
            },
        ),
        documented(
            "plugin.host.websocket.broken-off",
            SOCKETS,
            "That the other side breaks off is an error, and the plugin goes on.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Break])?;
                let answers = talk(stage, &peer, vec![open(&peer, "/"), recv(1)])?;
                expect_code(&answers[1], "failed")
            },
        ),
        documented(
            "plugin.host.websocket.binary",
            SOCKETS,
            "Messages are texts: bytes are an error.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Binary(vec![1, 2]), Turn::Linger])?;
                let answers = talk(stage, &peer, vec![open(&peer, "/"), recv(1)])?;
                expect_code(&answers[1], "unsupported")
            },
        ),
        documented(
            "plugin.host.websocket.ping",
            SOCKETS,
            "Pings are answered by the host; a plugin does not see them.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Ping, Turn::Text("after".to_owned()), Turn::Linger])?;
                let answers = talk(stage, &peer, vec![open(&peer, "/"), recv(1)])?;
                expect_eq("`recv`", r#"{"type":"text","text":"after"}"#, answers[1].as_str())
            },
        ),
        documented(
            "plugin.host.websocket.flood-of-pings",
            SOCKETS,
            "One `recv` looks at 16 frames, and no more.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Ping; 64].into_iter().chain([Turn::Linger]).collect())?;
                let answers = talk(stage, &peer, vec![open(&peer, "/"), recv(1)])?;
                expect(
                    answers[1].contains("\"error\""),
                    || "an error".to_owned(),
                    || answers[1].clone(),
                )
            },
        ),
        documented(
            "plugin.host.websocket.time-out",
            SOCKETS,
            "A `recv` whose time is over is an error, and the WebSocket stays open.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Echo, Turn::Linger])?;
                let answers = talk(
                    stage,
                    &peer,
                    vec![
                        open(&peer, "/"),
                        HostCall::of(HostFunction::Recv, "").on(1).within(1),
                        HostCall::of(HostFunction::SendText, "still").on(1),
                        recv(1),
                    ],
                )?;
                expect_code(&answers[1], "timeout")?;
                expect_eq(
                    "`recv` afterwards",
                    r#"{"type":"text","text":"still"}"#,
                    answers[3].as_str(),
                )
            },
        ),
        documented(
            "plugin.host.websocket.longest-text",
            SOCKETS,
            "A text may have 32768 bytes.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Echo, Turn::Linger])?;
                let long = HostCall::of(HostFunction::SendText, "x".repeat(32_768)).on(1);
                let answers = talk(stage, &peer, vec![open(&peer, "/"), long])?;
                expect_eq(
                    "`send-text`",
                    r#"{"sent":true,"bytes":32768}"#,
                    answers[1].as_str(),
                )
            },
        ),
        documented(
            "plugin.host.websocket.too-long-text",
            SOCKETS,
            "A text of 32769 bytes is refused.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Linger])?;
                let long = HostCall::of(HostFunction::SendText, "x".repeat(32_769)).on(1);
                let answers = talk(stage, &peer, vec![open(&peer, "/"), long])?;
                expect_code(&answers[1], "too_large")?;
                expect_eq("what the other side got", &0, &peer.seen().len())
            },
        ),
        documented(
            "plugin.host.websocket.too-long-message",
            SOCKETS,
            "A message of more than 65536 bytes is not handed on.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Text("x".repeat(70_000)), Turn::Linger])?;
                let answers = talk(stage, &peer, vec![open(&peer, "/"), recv(1)])?;
                expect(
                    answers[1].contains("\"error\""),
                    || "an error".to_owned(),
                    || "a message".to_owned(),
                )
            },
        ),
        documented(
            "plugin.host.websocket.unknown-handle",
            SOCKETS,
            "A handle that is not open is `unknown_handle`; to close it closes nothing.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Linger])?;
                let answers = talk(
                    stage,
                    &peer,
                    vec![
                        HostCall::of(HostFunction::SendText, "x").on(7),
                        recv(7),
                        close(7),
                        open(&peer, "/"),
                        close(1),
                        close(1),
                        recv(1),
                    ],
                )?;
                expect_code(&answers[0], "unknown_handle")?;
                expect_code(&answers[1], "unknown_handle")?;
                expect_eq("`close`", r#"{"closed":false}"#, answers[2].as_str())?;
                expect_eq("`close`", r#"{"closed":true}"#, answers[4].as_str())?;
                expect_eq("`close` again", r#"{"closed":false}"#, answers[5].as_str())?;
                expect_code(&answers[6], "unknown_handle")
            },
        ),
        documented(
            "plugin.host.websocket.four",
            SOCKETS,
            "A plugin has 4 WebSockets at most; one that is closed makes room.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Linger])?;
                let mut calls: Vec<HostCall> = (0..5).map(|_| open(&peer, "/")).collect();
                calls.push(close(2));
                calls.push(open(&peer, "/"));
                let answers = talk(stage, &peer, calls)?;
                for answer in &answers[..4] {
                    handle(stage, answer)?;
                }
                expect_code(&answers[4], "too_many")?;
                handle(stage, &answers[6]).map(|_| ())
            },
        ),
        documented(
            "plugin.host.websocket.failed-open-makes-room",
            SOCKETS,
            "A WebSocket that could not be opened takes no room and no handle.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Linger])?;
                let rude = Peer::rude()?;
                stage.reach(rude.port, "OTHER");
                let bad = format!(r#"{{"url":"ws://127.0.0.1:{}/"}}"#, rude.port);
                let mut calls: Vec<HostCall> =
                    (0..6).map(|_| HostCall::of(HostFunction::Open, &bad)).collect();
                calls.push(open(&peer, "/"));
                let answers = talk(stage, &peer, calls)?;
                expect_eq("the handle", &1, &handle(stage, &answers[6])?)
            },
        ),
        documented(
            "plugin.host.websocket.handles-differ",
            SOCKETS,
            "Handles are counted from 1.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Linger])?;
                let answers = talk(
                    stage,
                    &peer,
                    vec![open(&peer, "/"), open(&peer, "/"), open(&peer, "/")],
                )?;
                for (answer, wanted) in answers.iter().zip(1..) {
                    expect_eq("the handle", &wanted, &handle(stage, answer)?)?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.websocket.lasts",
            SOCKETS,
            "In the world `instance` a WebSocket lasts from call to call.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Echo, Turn::Echo, Turn::Linger])?;
                let opening = calling([open(&peer, "/")]);
                let sending = calling([HostCall::of(HostFunction::SendText, "a").on(1), recv(1)]);
                let puppet = Puppet::instance().doing("handle-tool", sending).doing(
                    "start",
                    [super::puppet::text(r#"{"state":"running","data":""#)]
                        .into_iter()
                        .chain(opening.into_iter().skip(1).take(1))
                        .chain([super::puppet::text(r#""}"#)]),
                );
                stage.reach(peer.port, "PORT");
                stage.run(&with_access(Plugin::of(puppet)))?;
                for _ in 0..2 {
                    let answers = stage.host_answers("null", 2)?;
                    expect_eq("`recv`", r#"{"type":"text","text":"a"}"#, answers[1].as_str())?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.websocket.ends-with-the-call",
            SOCKETS,
            "In the world `tool` a WebSocket ends with its call.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Linger])?;
                stage.reach(peer.port, "PORT");
                let plugin = with_access(Plugin::of(Puppet::tool(calling([recv(1), open(&peer, "/")]))));
                stage.run(&plugin)?;
                for _ in 0..6 {
                    let answers = stage.host_answers("null", 2)?;
                    expect_code(&answers[0], "unknown_handle")?;
                    expect_eq("the handle", &1, &handle(stage, &answers[1])?)?;
                }
                Ok(())
            },
        ),
        documented(
            "plugin.host.websocket.denied",
            SOCKETS,
            "A WebSocket that is not granted is not opened.",
            |stage| {
                let peer = Peer::websocket(vec![Turn::Linger])?;
                stage.reach(peer.port, "PORT");
                let table = format!(
                    "[[websocket]]\nscheme = \"ws\"\nhost = \"127.0.0.1\"\nport = {}\npath_prefixes = [\"/chat\"]",
                    peer.port
                );
                let plugin = Plugin::of(Puppet::tool(calling([
                    open(&peer, "/other"),
                    open(&peer, "/chat"),
                ])))
                .host_api("websocket")
                .targets(&table);
                stage.run(&plugin)?;
                let answers = stage.host_answers("null", 2)?;
                expect_code(&answers[0], "denied")?;
                handle(stage, &answers[1]).map(|_| ())
            },
        ),
        documented(
            "plugin.host.websocket.no-websocket",
            SOCKETS,
            "Who speaks no WebSocket is no other side.",
            |stage| {
                let peer = Peer::http(super::peer::answer("200 OK", &[], b"hello"))?;
                let answers = talk(stage, &peer, vec![open(&peer, "/")])?;
                expect_code(&answers[0], "failed")
            },
        ),
    ];
    for (id, says, description, code) in REFUSED {
        tests.push(documented(id, SOCKETS, says, move |stage| {
            let call = HostCall::of(HostFunction::Open, description());
            let plugin = Plugin::of(Puppet::tool(calling([call])))
                .host_api("websocket")
                .targets(ANY);
            stage.run(&plugin)?;
            let answer = stage.host_answer("null")?;
            expect_code(&answer, code)
        }));
    }
    tests
}

const ANY: &str = "[[websocket]]\nscheme = \"*\"\nhost = \"*\"";

type Description = fn() -> String;

/// What is no WebSocket to open, and the code of each.
const REFUSED: &[(&str, &str, Description, &str)] = &[
    (
        "plugin.host.websocket.not-json",
        "A description is JSON.",
        || "ws://a.test".to_owned(),
        "invalid",
    ),
    (
        "plugin.host.websocket.no-url",
        "A description has a URL.",
        || "{}".to_owned(),
        "invalid",
    ),
    (
        "plugin.host.websocket.unknown-field",
        "A description has no fields but those of the contract.",
        || r#"{"url":"ws://a.test/","origin":"x"}"#.to_owned(),
        "invalid",
    ),
    (
        "plugin.host.websocket.too-large-description",
        "A description has 8192 bytes at most.",
        || json!({ "url": format!("ws://a.test/{}", "x".repeat(8192)) }).to_string(),
        "too_large",
    ),
    (
        "plugin.host.websocket.protocols",
        "No subprotocol is negotiated.",
        || r#"{"url":"ws://a.test/","protocols":["chat"]}"#.to_owned(),
        "unsupported",
    ),
    (
        "plugin.host.websocket.headers",
        "A plugin sends no headers of a handshake.",
        || r#"{"url":"ws://a.test/","headers":[{"name":"a","value":"b"}]}"#.to_owned(),
        "unsupported",
    ),
    (
        "plugin.host.websocket.http-url",
        "A WebSocket goes to `ws` or `wss`.",
        || r#"{"url":"http://a.test/"}"#.to_owned(),
        "unsupported",
    ),
    (
        "plugin.host.websocket.file-url",
        "A WebSocket goes to no file.",
        || r#"{"url":"file:///a"}"#.to_owned(),
        "unsupported",
    ),
    (
        "plugin.host.websocket.relative-url",
        "A URL is absolute.",
        || r#"{"url":"/chat"}"#.to_owned(),
        "invalid",
    ),
    (
        "plugin.host.websocket.user-in-url",
        "A URL has no credentials.",
        || r#"{"url":"ws://user:pass@a.test/"}"#.to_owned(),
        "invalid",
    ),
];

fn open(peer: &Peer, path: &str) -> HostCall {
    HostCall::of(
        HostFunction::Open,
        format!(r#"{{"url":"ws://127.0.0.1:{}{path}"}}"#, peer.port),
    )
}

fn recv(handle: u32) -> HostCall {
    HostCall::of(HostFunction::Recv, "").on(handle)
}

fn close(handle: u32) -> HostCall {
    HostCall::of(HostFunction::Close, "").on(handle)
}

/// The plugin, and any port of the machine for it.
fn with_access(plugin: Plugin) -> Plugin {
    plugin
        .host_api("websocket")
        .targets("[[websocket]]\nscheme = \"ws\"\nhost = \"127.0.0.1\"\npath_prefixes = [\"/\"]")
}

/// The answers to these calls, made one after the other in one call of a tool.
fn talk(stage: &mut Stage<'_>, peer: &Peer, calls: Vec<HostCall>) -> Result<Vec<String>, Stop> {
    stage.reach(peer.port, "PORT");
    let count = calls.len();
    stage.run(&with_access(Plugin::of(Puppet::tool(calling(calls)))))?;
    stage.host_answers("null", count)
}

/// The handle in an answer of `open`.
fn handle(stage: &Stage<'_>, answer: &str) -> Result<u64, Stop> {
    let value: Value = serde_json::from_str(answer).unwrap_or_default();
    value["handle"]
        .as_u64()
        .ok_or_else(|| Stop::fail("a handle", stage.shown(answer)))
}
