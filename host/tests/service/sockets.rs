//! WebSockets that the host holds for a plugin.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, mpsc};

use axum::Router;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::routing::any;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use yoi_host::Profile;
use yoi_host::authority::Manifest;
use yoi_host::plugin::service::{
    CommandStatus, Observed, Observer, Report, Service, ServiceOptions, SocketState, SocketStatus, State,
    What, WhenFull,
};
use yoi_host::world::{Clock, Net, NetOptions, ScriptedDialer, ScriptedResolver, WebsocketPeer};

use crate::support::{Gate, TestJournal, at_once, event, outcome, plan_of, plugin, started_with};

const PORT: u16 = 9000;

const SOURCE: &str = "websocket:ws://chat.test:9000/?room=1";

/// Hostile as a chat service: `ingresses` in place of its own, and connections to `chat.test`.
fn manifest(ingresses: &str) -> Manifest {
    let toml = format!(
        r#"
        schema_version = 1
        id = "yoikit.hostile"
        name = "Hostile"
        version = "0.1.0"
        [runtime]
        kind = "wasm-component"
        component = "hostile.wasm"
        world = "yoi:plugin/instance@1.0.0"
        [[services]]
        name = "chat"
        description = "Listens"
        {ingresses}
        [[permissions]]
        kind = "surface"
        surface = "service"
        [[permissions]]
        kind = "surface"
        surface = "ingress"
        [[permissions]]
        kind = "service"
        name = "chat"
        [[permissions]]
        kind = "ingress"
        name = "chat"
        [[permissions]]
        kind = "host_api"
        api = "websocket"
        [[websocket]]
        scheme = "ws"
        host = "chat.test"
        "#
    );
    Manifest::parse(&toml).unwrap_or_else(|faults| panic!("{}", faults.render("plugin.toml")))
}

fn ingress(name: &str, source: &str) -> String {
    format!("[[ingresses]]\nname = \"{name}\"\ndescription = \"Events\"\nsources = [\"{source}\"]\n")
}

fn chat() -> Manifest {
    manifest(&ingress("chat", SOURCE))
}

fn here() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))
}

fn resolver() -> ScriptedResolver {
    ScriptedResolver::new().answer("chat.test", [IpAddr::from(Ipv4Addr::LOCALHOST)])
}

fn scripted(dialer: &ScriptedDialer) -> Net {
    NetOptions::new()
        .resolver(resolver())
        .dialer(dialer.clone())
        .clock(Clock::Scripted)
        .seed(7)
        .build()
}

/// A service that listens.
fn listening(profile: Profile, manifest: &Manifest, net: &Net) -> Service {
    let plan = plan_of(plugin(yoi_guests::HOSTILE, profile), manifest, net);
    Service::start(plan.config(r#"{"ingress":"echo"}"#)).unwrap()
}

/// What was delivered next.
fn delivered(observer: &mut Observer) -> Arc<Report> {
    loop {
        match observer.wait() {
            Some(Observed::Happened(happening)) => {
                if let What::Delivery { report, .. } = &happening.what {
                    return Arc::clone(report);
                }
            }
            other => panic!("the service went on without it: {other:?}"),
        }
    }
}

fn input(report: &Report) -> Value {
    report.output.as_ref().unwrap().data["input"].clone()
}

/// Wait until the status of the sockets is as it should be.
fn until(service: &Service, wanted: impl Fn(&[SocketStatus]) -> bool) -> Vec<SocketStatus> {
    loop {
        let sockets = service.status().websocket_connections;
        if wanted(&sockets) {
            return sockets;
        }
        std::thread::yield_now();
    }
}

#[test]
fn what_a_source_says_is_delivered_and_its_end_as_well() {
    for profile in Profile::ALL {
        let peer = WebsocketPeer::new().say("one").say("two");
        let dialer = ScriptedDialer::new().websocket(here(), peer);
        let journal = Arc::new(TestJournal::default());
        let gate = journal.hold_delivery();
        let plan = plan_of(plugin(yoi_guests::HOSTILE, profile), &chat(), &scripted(&dialer));
        let service = started_with(plan, &journal);
        let mut observer = service.observe();
        gate.open();
        let reports = [(); 3].map(|()| delivered(&mut observer));
        let told = reports.map(|report| {
            let input = input(&report);
            assert_eq!(input["source"], SOURCE);
            assert_eq!(input["ingress_name"], "chat");
            format!("{} {}", input["kind"].as_str().unwrap(), input["payload"])
        });
        insta::allow_duplicates! {
            insta::assert_snapshot!(told.join("\n"), @r#"
            websocket_text {"text":"one","url":"ws://chat.test:9000/?room=1"}
            websocket_text {"text":"two","url":"ws://chat.test:9000/?room=1"}
            websocket_close {"reason":"host-owned WebSocket closed by peer","url":"ws://chat.test:9000/?room=1"}
            "#);
        }
        let _ = service.stop(at_once()).wait();
    }
}

#[test]
fn a_connection_that_is_lost_is_made_again_but_not_by_the_yoi_host() {
    for profile in Profile::ALL {
        let dialer = ScriptedDialer::new().websocket(here(), WebsocketPeer::new());
        let service = listening(profile, &chat(), &scripted(&dialer));
        match profile {
            Profile::Documented => {
                while dialer.dialled().len() < 5 {
                    std::thread::yield_now();
                }
            }
            Profile::Yoi => {
                until(&service, |sockets| sockets[0].state == SocketState::Closed);
                // The network has nothing left to do.
                assert_eq!(dialer.dialled().len(), 1);
            }
        }
        let _ = service.stop(at_once()).wait();
    }
}

#[test]
fn a_peer_that_is_silent_is_asked_and_left_when_it_does_not_answer_but_not_by_the_yoi_host() {
    for profile in Profile::ALL {
        // It shakes hands, and is never heard of again.
        let dialer = ScriptedDialer::new().peer(here(), |stream| async {
            let _open = tokio_tungstenite::accept_async(stream).await;
            std::future::pending::<()>().await;
        });
        let net = scripted(&dialer);
        let began = net.now();
        let service = listening(profile, &chat(), &net);
        match profile {
            Profile::Documented => {
                let sockets = until(&service, |sockets| sockets[0].last_error.is_some());
                insta::assert_snapshot!(sockets[0].last_error.as_deref().unwrap(), @"nothing came for 60s");
                while dialer.dialled().len() < 2 {
                    std::thread::yield_now();
                }
            }
            Profile::Yoi => {
                while net.now() - began < std::time::Duration::from_secs(3600) {
                    std::thread::yield_now();
                }
                assert_eq!(
                    service.status().websocket_connections[0].state,
                    SocketState::Connected
                );
                assert_eq!(dialer.dialled().len(), 1);
            }
        }
    }
}

#[test]
fn a_peer_that_answers_is_not_left() {
    let dialer = ScriptedDialer::new().websocket(here(), WebsocketPeer::new().hear());
    let net = scripted(&dialer);
    let began = net.now();
    let service = listening(Profile::Documented, &chat(), &net);
    while net.now() - began < std::time::Duration::from_secs(3600) {
        std::thread::yield_now();
    }
    assert_eq!(
        service.status().websocket_connections[0].state,
        SocketState::Connected
    );
    assert_eq!(dialer.dialled().len(), 1);
}

#[test]
fn a_server_that_is_not_there_is_tried_again_with_longer_and_longer_pauses() {
    let dialer = ScriptedDialer::new();
    let net = scripted(&dialer);
    let began = net.now();
    let service = listening(Profile::Documented, &chat(), &net);
    let mut seen = Vec::new();
    for tries in 1..=9 {
        while dialer.dialled().len() < tries {
            std::thread::yield_now();
        }
        seen.push(net.now() - began);
    }
    let status = &service.status().websocket_connections[0];
    insta::assert_snapshot!(status.last_error.as_deref().unwrap(), @"host-owned WebSocket open failed for ws://chat.test:9000/: WebSocket connection to ws://chat.test:9000/ failed: connection refused");
    // Nine tries with pauses of at least a quarter of a second that double: 0.25 to 32 s, and the bound.
    assert!(seen[8] >= std::time::Duration::from_secs(32), "{seen:?}");
    assert_eq!(service.state(), State::Running);
}

#[test]
fn an_ingress_that_is_not_granted_is_not_dialled_but_by_the_yoi_host() {
    let other = manifest(&ingress("other", SOURCE));
    for (profile, dials) in [(Profile::Documented, 0), (Profile::Yoi, 1)] {
        let dialer = ScriptedDialer::new().websocket(here(), WebsocketPeer::new().say("one"));
        let service = listening(profile, &other, &scripted(&dialer));
        match profile {
            Profile::Documented => {
                let why = service.status().last_error.unwrap();
                insta::assert_snapshot!(why, @"no connection is made for the ingress `other`: requested ingress permission for `other` is missing");
            }
            // What it says is refused.
            Profile::Yoi => {
                until(&service, |sockets| sockets[0].queue_drops > 0);
            }
        }
        assert_eq!(dialer.dialled().len(), dials, "{profile}");
        assert_eq!(service.metrics().accepted, 0);
    }
}

#[test]
fn an_ingress_that_takes_no_events_of_sockets_is_not_dialled_but_by_the_yoi_host() {
    let timers = ingress("chat", SOURCE) + "event_kinds = [\"timer\"]\n";
    let timers = manifest(&timers);
    for (profile, dials) in [(Profile::Documented, 0), (Profile::Yoi, 1)] {
        let dialer = ScriptedDialer::new().websocket(here(), WebsocketPeer::new().say("one"));
        let service = listening(profile, &timers, &scripted(&dialer));
        if profile == Profile::Yoi {
            until(&service, |sockets| sockets[0].queue_drops > 0);
        }
        assert_eq!(dialer.dialled().len(), dials, "{profile}");
        assert_eq!(service.metrics().accepted, 0);
    }
}

#[test]
fn the_end_of_a_connection_is_no_event_where_the_ingress_does_not_take_it() {
    let texts = ingress("chat", SOURCE) + "event_kinds = [\"websocket_text\"]\n";
    let peer = WebsocketPeer::new().say("one");
    let dialer = ScriptedDialer::new().websocket(here(), peer);
    let service = listening(Profile::Documented, &manifest(&texts), &scripted(&dialer));
    while dialer.dialled().len() < 3 {
        std::thread::yield_now();
    }
    let metrics = service.metrics();
    assert_eq!((metrics.accepted, metrics.refused), (1, 0));
}

#[test]
fn a_service_that_failed_listens_no_longer_but_the_yoi_host_drops_what_it_hears() {
    for profile in Profile::ALL {
        let peer = WebsocketPeer::new().hear().say("one");
        let dialer = ScriptedDialer::new().websocket(here(), peer.clone());
        let plan = plan_of(plugin(yoi_guests::HOSTILE, profile), &chat(), &scripted(&dialer));
        let mut options = ServiceOptions::of(profile);
        options.restart.most = 0;
        options.retry.attempts = 1;
        let service = Service::start(plan.config(r#"{"ingress":"told"}"#).options(options)).unwrap();
        until(&service, |sockets| sockets[0].state == SocketState::Connected);
        // It makes the peer speak, and then it breaks.
        let url = SOURCE.strip_prefix("websocket:").unwrap();
        let send =
            json!([{"command_id": "a", "kind": "websocket_send", "payload": {"url": url, "text": "go"}}]);
        match profile {
            Profile::Documented => {
                let _ = outcome(&service, event("chat", "test", json!({"mode": "trap"})));
                assert_eq!(service.state(), State::Failed);
                // The peer sees the end of the connection, and has nothing heard.
                until(&service, |sockets| sockets[0].state != SocketState::Connected);
                assert!(peer.heard().is_empty());
            }
            Profile::Yoi => {
                let asked = json!({"mode": "commands", "commands": send});
                let said = service.send_blocking(event("chat", "test", asked)).unwrap();
                let broke = service.send_blocking(event("chat", "test", json!({"mode": "trap"})));
                let _ = said.wait();
                let _ = broke.unwrap().wait();
                assert_eq!(service.state(), State::Failed);
                until(&service, |sockets| {
                    sockets[0].received_text_frames == 1 && sockets[0].state == SocketState::Closed
                });
            }
        }
    }
}

#[test]
fn a_url_that_is_not_granted_is_not_dialled() {
    let elsewhere = manifest(&ingress("chat", "wss://other.test/"));
    for profile in Profile::ALL {
        let dialer = ScriptedDialer::new();
        let service = listening(profile, &elsewhere, &scripted(&dialer));
        let status = service.status();
        assert_eq!(status.websocket_connections[0].state, SocketState::Failed);
        insta::allow_duplicates! {
            insta::assert_snapshot!(status.last_error.unwrap(), @"host-owned websocket not granted: host_api.websocket target wss://other.test/ is not declared by the plugin manifest");
        }
        assert!(dialer.dialled().is_empty());
    }
}

#[test]
fn two_ingresses_may_have_the_same_source_but_the_yoi_host_sees_the_last_only() {
    let both = manifest(&(ingress("chat", SOURCE) + &ingress("other", SOURCE)));
    for (profile, seen) in [(Profile::Documented, vec!["chat"]), (Profile::Yoi, vec!["other"])] {
        let dialer = ScriptedDialer::new().websocket(here(), WebsocketPeer::new().hear());
        let service = listening(profile, &both, &scripted(&dialer));
        let sockets = service.status().websocket_connections;
        let names: Vec<&str> = sockets
            .iter()
            .map(|socket| socket.ingress_name.as_str())
            .collect();
        assert_eq!(names, seen, "{profile}");
    }
}

#[test]
fn a_fifth_connection_is_one_too_many() {
    let sources: Vec<String> = (0..5).map(|n| format!("\"ws://chat.test:{PORT}/{n}\"")).collect();
    let many = format!(
        "[[ingresses]]\nname = \"chat\"\ndescription = \"Events\"\nsources = [{}]\n",
        sources.join(",")
    );
    let dialer = ScriptedDialer::new().websocket(here(), WebsocketPeer::new().hear());
    let service = listening(Profile::Documented, &manifest(&many), &scripted(&dialer));
    assert_eq!(service.status().websocket_connections.len(), 4);
    let trouble = service.status().diagnostics;
    assert!(
        trouble.iter().any(|diagnostic| diagnostic
            .message
            .contains("host-owned WebSocket connection limit (4) exceeded for ws://chat.test:9000/4")),
        "{trouble:?}"
    );
}

#[test]
fn a_command_sends_on_the_socket_of_its_url() {
    for profile in Profile::ALL {
        let peer = WebsocketPeer::new().hear().hear();
        let dialer = ScriptedDialer::new().websocket(here(), peer.clone());
        let plan = plan_of(plugin(yoi_guests::HOSTILE, profile), &chat(), &scripted(&dialer));
        let service = Service::start(plan.config(r#"{"ingress":"told"}"#)).unwrap();
        until(&service, |sockets| sockets[0].state == SocketState::Connected);
        let send = |id: &str, url: &str| json!({"command_id": id, "kind": "websocket_send", "payload": {"url": url, "text": "grüß dich"}});
        let commands = json!([
            send("a", &format!("ws://CHAT.test:{PORT}/?room=1")),
            send("b", &format!("ws://chat.test:{PORT}/?room=2")),
        ]);
        let asked = event("chat", "test", json!({"mode": "commands", "commands": commands}));
        let outcome = outcome(&service, asked);
        let told: Vec<String> = outcome
            .report
            .unwrap()
            .commands
            .iter()
            .map(|result| format!("{:?}: {}", result.status, result.message))
            .collect();
        insta::allow_duplicates! {
            insta::assert_snapshot!(told.join("\n"), @"
            Recorded: websocket_send sent 11 bytes to ws://chat.test:9000/?room=1
            Rejected: no host-owned WebSocket connection is active for ws://chat.test:9000/?room=2
            ");
        }
        while peer.heard().is_empty() {
            std::thread::yield_now();
        }
        assert_eq!(peer.heard(), ["grüß dich"]);
        assert_eq!(service.status().websocket_connections[0].sent_text_frames, 1);
    }
}

/// A source that says `texts` texts to a service that cannot deliver before the gate is opened.
fn flooded(texts: u32, when_full: WhenFull) -> (Service, Arc<TestJournal>, Gate) {
    let peer = (0..texts).fold(WebsocketPeer::new(), |peer, n| peer.say(&n.to_string()));
    let dialer = ScriptedDialer::new().websocket(here(), peer.hear());
    let mut options = ServiceOptions::of(Profile::Documented);
    options.queue_events = 4;
    options.sources_when_full = when_full;
    options.happenings = 1024;
    let journal = Arc::new(TestJournal::default());
    let gate = journal.hold_delivery();
    let plan = plan_of(
        plugin(yoi_guests::HOSTILE, Profile::Documented),
        &chat(),
        &scripted(&dialer),
    );
    let service = started_with(plan.options(options), &journal);
    (service, journal, gate)
}

#[test]
fn a_source_is_not_read_while_there_is_no_room() {
    let (service, _journal, gate) = flooded(100, WhenFull::Wait);
    let mut observer = service.observe();
    until(&service, |sockets| sockets[0].received_text_frames == 5);
    gate.open();
    let mut texts = Vec::new();
    while texts.len() < 96 {
        let text = input(&delivered(&mut observer))["payload"]["text"].clone();
        texts.push(text.as_str().unwrap().parse::<u32>().unwrap());
    }
    let first = texts[0];
    assert!(texts.iter().copied().eq(first..first + 96), "{texts:?}");
    until(&service, |sockets| sockets[0].received_text_frames == 100);
    assert_eq!(service.status().websocket_connections[0].queue_drops, 0);
}

#[test]
fn a_text_for_which_there_is_no_room_is_dropped_and_counted() {
    let (service, _journal, gate) = flooded(100, WhenFull::Refuse);
    let sockets = until(&service, |sockets| sockets[0].queue_drops == 96);
    assert_eq!(sockets[0].received_text_frames, 100);
    gate.open();
}

/// A server that greets, and tells what it hears.
struct Server {
    runtime: Runtime,
    heard: mpsc::Receiver<String>,
    address: SocketAddr,
}

impl Server {
    fn at(address: SocketAddr) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let (tell, heard) = mpsc::channel();
        let serve = move |mut socket: WebSocket| {
            let tell = tell.clone();
            async move {
                let _ = socket.send(Message::Text("hello".into())).await;
                while let Some(Ok(message)) = socket.recv().await {
                    if let Message::Text(text) = message {
                        let _ = tell.send(text.to_string());
                    }
                }
            }
        };
        let upgrade = move |upgrade: WebSocketUpgrade| async move { upgrade.on_upgrade(serve) };
        let router = Router::new().route("/", any(upgrade));
        let listener = runtime.block_on(TcpListener::bind(address)).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async { axum::serve(listener, router).await.unwrap() });
        Self {
            runtime,
            heard,
            address,
        }
    }
}

#[test]
fn a_real_server_may_go_down_and_come_back() {
    let server = Server::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let address = server.address;
    let url = format!("ws://chat.test:{}/", address.port());
    let net = NetOptions::new().resolver(resolver()).build();
    let plan = plan_of(
        plugin(yoi_guests::HOSTILE, Profile::Documented),
        &manifest(&ingress("chat", &url)),
        &net,
    );
    let journal = Arc::new(TestJournal::default());
    let gate = journal.hold_delivery();
    let service = started_with(plan.config(r#"{"ingress":"told"}"#), &journal);
    let mut observer = service.observe();
    gate.open();
    let kind = |report: &Report| report.kind.clone();
    assert_eq!(input(&delivered(&mut observer))["payload"]["text"], "hello");

    // It goes down with its connections.
    server.runtime.shutdown_background();
    let ended = kind(&delivered(&mut observer));
    assert!(
        ended == "websocket_error" || ended == "websocket_close",
        "{ended}"
    );
    let sending = |text: &str| json!([{"command_id": "a", "kind": "websocket_send", "payload": {"url": url, "text": text}}]);
    let say = |text: &str| {
        let payload = json!({"mode": "commands", "commands": sending(text)});
        outcome(&service, event("chat", "test", payload)).report.unwrap()
    };
    let lost = say("into the void");
    insta::assert_snapshot!(lost.commands[0].message.replace(&address.port().to_string(), "PORT"), @"host-owned WebSocket connection is not connected for ws://chat.test:PORT/");

    let server = Server::at(address);
    loop {
        let report = delivered(&mut observer);
        if kind(&report) == "websocket_text" {
            assert_eq!(input(&report)["payload"]["text"], "hello");
            break;
        }
    }
    assert_eq!(say("back again").commands[0].status, CommandStatus::Recorded);
    assert_eq!(server.heard.recv().unwrap(), "back again");
    let _ = service.stop(at_once()).wait();
}
