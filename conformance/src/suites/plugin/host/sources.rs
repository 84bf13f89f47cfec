//! WebSockets that the host holds for a plugin, because an ingress names them as its sources: what comes on them is an
//! event, and commands send on them.
//!
//! What a plugin got is seen at the other end of a second socket, to which it sends every event on: there is nothing
//! to be asked again and again.

use serde_json::{Value, json};

use super::super::door::{Ability, CommandVerdict, Lifecycle, SocketState};
use super::peer::{Peer, Turn};
use super::plugin::{INGRESS, Plugin};
use super::puppet::{Part, Puppet, text};
use super::stage::{Stage, verdicts};
use super::{HostTest, documented, must};
use crate::{Checked, Stop, expect, expect_eq};

const SOURCES: &str = "contracts/plugin.md#sources";

pub(super) fn tests() -> Vec<HostTest> {
    let mut tests = vec![
        must(
            "plugin.host.sources.text",
            SOURCES,
            "A text that comes on a socket of an ingress is an event for it, whole and from that source.",
            |stage| {
                let source = Peer::websocket(vec![Turn::Text("né".to_owned()), Turn::Linger])?;
                let event = told_of(stage, &source)?;
                let url = address(&source);
                expect_eq("its kind", &json!("websocket_text"), &event["kind"])?;
                expect_eq("its source", &json!(format!("websocket:{url}")), &event["source"])?;
                expect_eq("its ingress", &json!(INGRESS), &event["ingress_name"])?;
                expect_eq(
                    "its payload",
                    &json!({ "url": url, "text": "né" }),
                    &event["payload"],
                )?;
                expect_eq("its attempt", &json!(1), &event["attempt"])?;
                for field in ["created_at", "correlation_id"] {
                    let has = event[field].as_str().is_some_and(|text| !text.trim().is_empty());
                    expect(has, || format!("an event with `{field}`"), || event.to_string())?;
                }
                Ok(())
            },
        ),
        must(
            "plugin.host.sources.close",
            SOURCES,
            "That the other side closes a socket is an event.",
            |stage| {
                let source = Peer::websocket(vec![Turn::Close])?;
                let event = told_of(stage, &source)?;
                expect_eq("its kind", &json!("websocket_close"), &event["kind"])?;
                expect_eq("its address", &json!(address(&source)), &event["payload"]["url"])
            },
        ),
        must(
            "plugin.host.sources.broken-off",
            SOURCES,
            "That a socket breaks is an event.",
            |stage| broken(stage, Turn::Break),
        ),
        must(
            "plugin.host.sources.binary",
            SOURCES,
            "Messages are texts: bytes break the socket.",
            |stage| broken(stage, Turn::Binary(vec![1, 2])),
        ),
        documented(
            "plugin.host.sources.again",
            SOURCES,
            "A socket that was lost is connected again.",
            |stage| {
                let source = Peer::websocket(vec![Turn::Text("once more".to_owned()), Turn::Close])?;
                let sink = heard(stage, &source)?;
                let texts = |seen: &[String]| {
                    let is_text = |event: &&String| event.contains("once more");
                    seen.iter().filter(is_text).count()
                };
                sink.wait_for(stage.ctx(), "the texts of two connections", |seen| {
                    texts(seen) >= 2
                })
            },
        ),
        must(
            "plugin.host.sources.reply",
            SOURCES,
            "A command sends a text on a socket that the host holds.",
            |stage| {
                let source = Peer::websocket(vec![Turn::Text("ask".to_owned()), Turn::Collect])?;
                stage.reach(source.port, "PORT");
                stage.needs(Ability::Sources)?;
                stage.run(&telling(&[&source], &source))?;
                source.wait_for(stage.ctx(), "an answer on the socket of the event", |seen| {
                    !seen.is_empty()
                })
            },
        ),
        must(
            "plugin.host.sources.reply-elsewhere",
            SOURCES,
            "A command sends on no socket but those that are held, whatever is granted.",
            |stage| {
                let source = Peer::websocket(vec![Turn::Collect])?;
                stage.reach(source.port, "PORT");
                stage.needs(Ability::Sources)?;
                let elsewhere = format!("{}elsewhere", address(&source));
                let command = json!({
                    "correlation_id": "e-1:send",
                    "source_event_id": "e-1",
                    "command_id": "send",
                    "kind": "websocket_send",
                    "payload": { "url": elsewhere, "text": "hello" },
                    "requested_at": "2026-11-20T10:00:00.000Z",
                });
                let answer = json!({ "accepted": true, "output_commands": [command] });
                let puppet = Puppet::instance().answering("handle-ingress", answer.to_string());
                stage.run(&listening(puppet, &[&source]))?;
                source.wait_connected(stage.ctx())?;
                let service = stage.deliver()?;
                let service = stage.done("the event to be taken", service)?;
                expect_eq(
                    "the verdicts",
                    [CommandVerdict::Rejected].as_slice(),
                    &verdicts(&service),
                )?;
                expect_eq("what the other side got", &Vec::<String>::new(), &source.seen())
            },
        ),
        must(
            "plugin.host.sources.not-granted",
            SOURCES,
            "A source that is not granted is not dialled, and the plugin runs without it.",
            |stage| {
                let source = Peer::websocket(vec![Turn::Collect])?;
                stage.reach(source.port, "PORT");
                stage.needs(Ability::Sources)?;
                let plugin = with_sources(Plugin::of(Puppet::instance()), &[&source])
                    .host_api("websocket")
                    .asks_for_targets(TARGET);
                stage.run(&plugin)?;
                stage.expect_lifecycle(Lifecycle::Running)?;
                no_connection(stage, &source)
            },
        ),
        documented(
            "plugin.host.sources.ingress-not-granted",
            SOURCES,
            "The source of an ingress that is not granted is not dialled.",
            |stage| {
                let source = Peer::websocket(vec![Turn::Collect])?;
                stage.reach(source.port, "PORT");
                stage.needs(Ability::Sources)?;
                let ingress = format!("{{ kind = \"ingress\", name = \"{INGRESS}\" }}");
                let plugin = listening(Puppet::instance(), &[&source]).not_granted(&ingress);
                stage.run(&plugin)?;
                no_connection(stage, &source)
            },
        ),
        must(
            "plugin.host.sources.four",
            SOURCES,
            "A host holds four sockets for a plugin, and no fifth.",
            |stage| {
                let peers: Vec<Peer> = (0..5)
                    .map(|_| Peer::websocket(vec![Turn::Collect]))
                    .collect::<Result<_, _>>()?;
                for (peer, shown) in peers
                    .iter()
                    .zip(["PORT-1", "PORT-2", "PORT-3", "PORT-4", "PORT-5"])
                {
                    stage.reach(peer.port, shown);
                }
                stage.needs(Ability::Sources)?;
                stage.run(&listening(Puppet::instance(), &peers.iter().collect::<Vec<_>>()))?;
                for peer in &peers[..4] {
                    peer.wait_connected(stage.ctx())?;
                }
                no_connection(stage, &peers[4])
            },
        ),
        must(
            "plugin.host.sources.seen",
            SOURCES,
            "A host says of every socket that it holds whether it is connected, and how many texts came.",
            |stage| {
                let source = Peer::websocket(vec![Turn::Text("one".to_owned()), Turn::Collect])?;
                stage.reach(source.port, "PORT");
                stage.needs(Ability::Sources)?;
                stage.run(&telling(&[&source], &source))?;
                source.wait_for(stage.ctx(), "an answer on the socket of the event", |seen| {
                    !seen.is_empty()
                })?;
                let sockets = stage.report()?.sockets;
                expect_eq("how many sockets are held", &1, &sockets.len())?;
                expect_eq("its ingress", INGRESS, sockets[0].ingress.as_str())?;
                expect_eq("its state", &SocketState::Connected, &sockets[0].state)?;
                expect_eq("how many texts came", &1, &sockets[0].received)
            },
        ),
        must(
            "plugin.host.sources.closed-by-stop",
            SOURCES,
            "A plugin that is stopped leaves no socket behind.",
            |stage| {
                let source = Peer::websocket(vec![Turn::Collect, Turn::Tell("gone")])?;
                stage.reach(source.port, "PORT");
                stage.needs(Ability::Sources)?;
                stage.run(&listening(Puppet::instance(), &[&source]))?;
                source.wait_connected(stage.ctx())?;
                let stopped = stage.stop()?;
                stage.done("the plugin to stop", stopped)?;
                source.wait_for(stage.ctx(), "the end of the socket", |seen| !seen.is_empty())
            },
        ),
        must(
            "plugin.host.sources.service-alone",
            SOURCES,
            "A plugin that offers a service and nothing else runs all the same.",
            |stage| {
                let service =
                    Plugin::bare(Puppet::instance().build(), "yoi:plugin/instance@1.0.0").service("worker");
                stage.run(&service)?;
                stage.expect_lifecycle(Lifecycle::Running)
            },
        ),
    ];
    for (id, says, source) in NO_SOURCES {
        tests.push(must(id, SOURCES, says, move |stage| {
            stage.needs(Ability::Sources)?;
            let plugin = Plugin::of(Puppet::instance())
                .service("worker")
                .ingress_from("other", &[source]);
            stage.run(&plugin)?;
            stage.expect_lifecycle(Lifecycle::Running)
        }));
    }
    tests
}

/// What came with the third set.
pub(super) fn third() -> Vec<HostTest> {
    vec![
        must(
            "plugin.host.sources.without-service",
            SOURCES,
            "For a plugin without a service no socket is held.",
            |stage| {
                let source = Peer::websocket(vec![Turn::Collect])?;
                stage.reach(source.port, "PORT");
                stage.needs(Ability::Sources)?;
                let from = format!("websocket:{}", address(&source));
                let plugin = Plugin::of(Puppet::instance())
                    .ingress_from(INGRESS, &[&from])
                    .host_api("websocket")
                    .targets(TARGET);
                stage.run(&plugin)?;
                no_connection(stage, &source)
            },
        ),
        must(
            "plugin.host.sources.too-large-text",
            SOURCES,
            "A text that is too large for an event is left out, and the socket goes on.",
            |stage| {
                // Six bytes each, in JSON.
                let large = "\u{1}".repeat(30_000);
                let turns = vec![Turn::Text(large), Turn::Text("after".to_owned()), Turn::Linger];
                let source = Peer::websocket(turns)?;
                let event = told_of(stage, &source)?;
                expect_eq("its text", &json!("after"), &event["payload"]["text"])
            },
        ),
    ]
}

/// What stands among the sources and leads nowhere.
const NO_SOURCES: &[(&str, &str, &str)] = &[
    (
        "plugin.host.sources.of-another-kind",
        "A source of a kind that the host does not know is nothing to it.",
        "timer:5s",
    ),
    (
        "plugin.host.sources.no-address",
        "A source without an address keeps no plugin from running.",
        "websocket:",
    ),
    (
        "plugin.host.sources.http",
        "A source that is no WebSocket keeps no plugin from running.",
        "websocket:http://127.0.0.1/",
    ),
];

const TARGET: &str = "[[websocket]]\nscheme = \"ws\"\nhost = \"127.0.0.1\"\npath_prefixes = [\"/\"]";

fn address(peer: &Peer) -> String {
    format!("ws://127.0.0.1:{}/", peer.port)
}

/// The plugin, with these for the sources of its ingress, and a service, without which nothing is held for it.
fn with_sources(plugin: Plugin, sources: &[&Peer]) -> Plugin {
    let sources: Vec<String> = sources
        .iter()
        .map(|peer| format!("websocket:{}", address(peer)))
        .collect();
    let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
    plugin.service("worker").ingress_from(INGRESS, &sources)
}

/// The puppet, listening to these.
fn listening(puppet: Puppet, sources: &[&Peer]) -> Plugin {
    with_sources(Plugin::of(puppet), sources)
        .host_api("websocket")
        .targets(TARGET)
}

/// A plugin that listens to `sources`, and sends every event to `sink`, whole.
fn telling(sources: &[&Peer], sink: &Peer) -> Plugin {
    let url = address(sink);
    let puppet = Puppet::instance().doing(
        "handle-ingress",
        [
            text(r#"{"accepted":true,"output_commands":[{"correlation_id":"told","command_id":"tell","kind":"websocket_send","requested_at":"2026-11-20T10:00:00.000Z","source_event_id":""#),
            Part::EventId,
            text(format!(r#"","payload":{{"url":"{url}","text":""#)),
            Part::Input,
            text(r#""}}]}"#),
        ],
    );
    let mut all = sources.to_vec();
    if !sources.iter().any(|source| source.port == sink.port) {
        all.push(sink);
    }
    listening(puppet, &all)
}

/// The first event that a plugin gets that listens to this one.
fn told_of(stage: &mut Stage<'_>, source: &Peer) -> Result<Value, Stop> {
    let sink = heard(stage, source)?;
    let url = format!("\"{}\"", address(source));
    let of_it = |event: &String| event.contains(&url);
    sink.wait_for(stage.ctx(), "an event to be told of", |seen| {
        seen.iter().any(of_it)
    })?;
    let event = sink.seen().into_iter().find(of_it).unwrap_or_default();
    stage.ctx().got("an event", &stage.shown(&event));
    serde_json::from_str(&event).map_err(|error| Stop::fail("an event in JSON", format!("{error}: {event}")))
}

/// Where a plugin that listens to this one sends what it gets. The source speaks once there is somebody to tell it to.
fn heard(stage: &mut Stage<'_>, source: &Peer) -> Result<Peer, Stop> {
    let sink = Peer::websocket(vec![Turn::Text("ready".to_owned()), Turn::Collect])?;
    stage.reach(source.port, "PORT");
    stage.reach(sink.port, "SINK");
    stage.needs(Ability::Sources)?;
    source.hold();
    stage.run(&telling(&[source], &sink))?;
    sink.wait_for(stage.ctx(), "the text that it sent itself", |seen| {
        !seen.is_empty()
    })?;
    source.release();
    Ok(sink)
}

fn broken(stage: &mut Stage<'_>, turn: Turn) -> Checked {
    let source = Peer::websocket(vec![turn, Turn::Linger])?;
    let event = told_of(stage, &source)?;
    expect_eq("its kind", &json!("websocket_error"), &event["kind"])?;
    expect_eq("its address", &json!(address(&source)), &event["payload"]["url"])?;
    stage.expect_lifecycle(Lifecycle::Running)
}

/// That nobody connects. The host is asked for something first, and what it was to dial it has dialled by then.
fn no_connection(stage: &mut Stage<'_>, peer: &Peer) -> Checked {
    let status = stage.status()?;
    stage.done("the plugin to say how it is", status)?;
    expect_eq("how often it was dialled", &0, &peer.connections())
}
