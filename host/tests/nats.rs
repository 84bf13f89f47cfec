//! Hosts that take from one stream of NATS JetStream: a real server, which each test starts and stops. Where
//! `nats-server` is not installed, a test says so and is skipped.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, mpsc};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::watch;
use yoi_guests::Guest;
use yoi_host::Profile;
use yoi_host::authority::{Authority, Binding, Grants, Manifest};
use yoi_host::engine::{Engine, EngineOptions};
use yoi_host::imports::Access;
use yoi_host::plugin::Plugin;
use yoi_host::plugin::message::IngressEvent;
use yoi_host::plugin::service::nats::{EventStream, StreamError, Taken, Taking, partition};
use yoi_host::plugin::service::{
    Journal, JournalError, Plan, Recovered, Seq, Service, ServiceOptions, Settlement, StopTimes, Written,
};
use yoi_host::world::Net;

/// Longer than anything here takes: a test that waits for what never comes is to fail and not to hang.
const AT_MOST: Duration = Duration::from_secs(60);

/// How long a host may say nothing of an event that it has: longer than any test, so that nothing is given to another
/// host but what is given back.
const WAIT: Duration = Duration::from_secs(600);

/// A server of the test's own, on loopback, with its files in a folder.
struct Server {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Server {
    /// None where there is none on this machine, which is told.
    fn start(test: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let ports = folder.path().join("ports");
        fs::create_dir(&ports).unwrap();
        let child = Command::new("nats-server")
            .args([
                "--addr",
                "127.0.0.1",
                "--port",
                "-1",
                "--jetstream",
                "--store_dir",
            ])
            .arg(folder.path().join("store"))
            .arg("--ports_file_dir")
            .arg(&ports)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(child) = child else {
            let skipped = format!("skipped: {test}: `nats-server` is not installed\n");
            std::io::stderr().write_all(skipped.as_bytes()).unwrap();
            return None;
        };
        let mut server = Self {
            child,
            url: String::new(),
            _folder: folder,
        };
        server.url = server.wait_for_port(&ports);
        Some(server)
    }

    /// The server writes where it listens once it does.
    fn wait_for_port(&mut self, ports: &Path) -> String {
        let began = Instant::now();
        loop {
            let file = fs::read_dir(ports).unwrap().find_map(|entry| {
                let text = fs::read_to_string(entry.unwrap().path()).ok()?;
                serde_json::from_str::<Value>(&text).ok()
            });
            if let Some(url) = file.as_ref().and_then(|file| file["nats"][0].as_str()) {
                return url.to_owned();
            }
            assert!(began.elapsed() < AT_MOST, "the server does not listen");
            assert!(self.child.try_wait().unwrap().is_none(), "the server has ended");
            std::thread::yield_now();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a host began to deliver: source, id, attempt, and which host.
type Begun = Arc<Mutex<Vec<(String, String, u32, usize)>>>;

/// Tells of every delivery before it begins.
#[derive(Debug)]
struct Watching {
    host: usize,
    begun: Begun,
    events: Mutex<HashMap<Seq, (String, String)>>,
    gate: Gate,
}

/// Deliveries wait while it is shut.
type Gate = watch::Receiver<bool>;

fn open_gate() -> Gate {
    watch::channel(true).1
}

impl Journal for Watching {
    fn recover(&self) -> Result<Recovered, JournalError> {
        Ok(Recovered::default())
    }

    fn accept(&self, seq: Seq, event: &IngressEvent) -> Written {
        let known = (event.source.clone(), event.correlation_id.clone());
        self.events.lock().unwrap().insert(seq, known);
        Written::Now(Ok(()))
    }

    fn begin(&self, seq: Seq, attempt: u32) -> Written {
        let (source, id) = self.events.lock().unwrap()[&seq].clone();
        self.begun.lock().unwrap().push((source, id, attempt, self.host));
        let mut gate = self.gate.clone();
        Written::Later(Box::pin(async move {
            // Whoever could shut it is gone: it stays as it is.
            let _ = gate.wait_for(|open| *open).await;
            Ok(())
        }))
    }

    fn settle(&self, seq: Seq, _: Settlement, _: Option<&str>) {
        self.events.lock().unwrap().remove(&seq);
    }

    fn close(&self) -> Result<(), JournalError> {
        Ok(())
    }
}

fn service(guest: Guest, config: &str, host: usize, begun: &Begun, gate: Gate) -> Service {
    static ENGINE: LazyLock<Engine> = LazyLock::new(|| {
        EngineOptions::new(Profile::Documented)
            .instances(8)
            .build()
            .unwrap()
    });
    let plugin = Plugin::load(&ENGINE, &fs::read(guest.component()).unwrap()).unwrap();
    let manifest =
        Manifest::parse(&fs::read_to_string(guest.package().join("plugin.toml")).unwrap()).unwrap();
    let grants = Grants::as_asked_by(&manifest);
    let access = Access::new(Authority::new(&manifest, grants, &Binding::Unbound), Net::new());
    let journal = Watching {
        host,
        begun: Arc::clone(begun),
        events: Mutex::default(),
        gate,
    };
    let plan = Plan::new(plugin, access, &manifest)
        .config(config)
        .options(Taking::options(ServiceOptions::of(Profile::Documented)))
        .journal(Arc::new(journal));
    Service::start(plan).unwrap()
}

fn event(ingress: &str, source: &str, id: String, payload: Value) -> IngressEvent {
    IngressEvent {
        kind: "test".into(),
        source: source.into(),
        ingress_name: ingress.into(),
        payload,
        created_at: "2026-11-20T10:00:00.000Z".into(),
        attempt: 1,
        correlation_id: id,
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn two_hosts_take_from_one_stream_and_the_order_of_a_source_is_kept() {
    let Some(server) = Server::start("two_hosts_take_from_one_stream_and_the_order_of_a_source_is_kept")
    else {
        return;
    };
    runtime().block_on(async {
        let stream = EventStream::open(&server.url, "ticks", "project:counter")
            .await
            .unwrap();
        let (sources, each) = (8, 25);
        let begun = Begun::default();
        let (tell, told) = mpsc::channel();
        let mut hosts = Vec::new();
        for host in 0..2 {
            let service = service(yoi_guests::COUNTER, "null", host, &begun, open_gate());
            let tell = tell.clone();
            let taking = Taking::begin(&stream, &service, 5, WAIT, move |taken| tell.send(taken).unwrap());
            hosts.push((taking.await.unwrap(), service));
        }
        for number in 0..each {
            for source in 0..sources {
                let id = format!("{source}-{number:02}");
                let event = event("tick", &format!("source-{source}"), id, Value::Null);
                stream.send(&event).await.unwrap();
            }
        }
        // An event that is sent again is there once.
        let again = event("tick", "source-0", "0-00".to_owned(), Value::Null);
        stream.send(&again).await.unwrap();

        let told = tokio::task::spawn_blocking(move || {
            let next = |_| told.recv_timeout(AT_MOST).unwrap();
            (0..sources * each).map(next).collect::<Vec<_>>()
        });
        for taken in told.await.unwrap() {
            assert!(
                matches!(taken, Taken::Acknowledged { attempt: 1, .. }),
                "{taken:?}"
            );
        }
        for (taking, service) in hosts {
            taking.stop().await;
            let ending = service.stop(StopTimes::default()).await;
            assert_eq!(ending.abandoned, 0);
        }
        let begun = begun.lock().unwrap();
        assert_eq!(begun.len(), sources * each);
        for source in 0..sources {
            let name = format!("source-{source}");
            let of_source = begun.iter().filter(|(of, ..)| *of == name);
            let ids: Vec<&str> = of_source.map(|(_, id, ..)| id.as_str()).collect();
            assert!(ids.is_sorted() && ids.len() == each, "{name}: {ids:?}");
        }
        let of_first = begun.iter().filter(|(.., host)| *host == 0).count();
        assert!(
            (1..begun.len()).contains(&of_first),
            "one of them took everything"
        );
    });
}

#[test]
fn an_event_that_fails_is_given_back_and_at_last_put_aside() {
    let Some(server) = Server::start("an_event_that_fails_is_given_back_and_at_last_put_aside") else {
        return;
    };
    runtime().block_on(async {
        let stream = EventStream::open(&server.url, "harm", "project:hostile")
            .await
            .unwrap();
        let begun = Begun::default();
        let service = service(
            yoi_guests::HOSTILE,
            r#"{"ingress":"told"}"#,
            0,
            &begun,
            open_gate(),
        );
        let (tell, told) = mpsc::channel();
        let taking = Taking::begin(&stream, &service, 2, WAIT, move |taken| tell.send(taken).unwrap());
        let taking = taking.await.unwrap();
        stream
            .send(&event(
                "events",
                "test",
                "bad".into(),
                json!({ "mode": "bad-json" }),
            ))
            .await
            .unwrap();
        let told = tokio::task::spawn_blocking(move || {
            let next = || told.recv_timeout(AT_MOST).unwrap();
            ([next(), next()], told)
        });
        let ([first, second], told) = told.await.unwrap();
        assert!(matches!(first, Taken::Returned { attempt: 1, .. }), "{first:?}");
        let Taken::Dead { correlation_id, why } = second else {
            panic!("{second:?}");
        };
        assert_eq!(correlation_id.as_deref(), Some("bad"));
        assert!(why.contains("not JSON"), "{why}");
        let attempts: Vec<u32> = begun
            .lock()
            .unwrap()
            .iter()
            .map(|(_, _, attempt, _)| *attempt)
            .collect();
        assert_eq!(attempts, [1, 2]);

        // It lies where it can be looked at, with the reason.
        let client = async_nats::connect(&server.url).await.unwrap();
        let context = async_nats::jetstream::new(client.clone());
        let dead = context.get_stream("harm-dead").await.unwrap();
        let letter = dead.get_last_raw_message_by_subject("harm.dead").await.unwrap();
        let letter: Value = serde_json::from_slice(&letter.payload).unwrap();
        assert_eq!(letter["event"]["correlation_id"], "bad");
        assert_eq!(letter["why"], Value::String(why));

        // What is no event at all is not tried again, and lies there as it came.
        client.publish("harm.event.3", "hello".into()).await.unwrap();
        let told = tokio::task::spawn_blocking(move || told.recv_timeout(AT_MOST).unwrap());
        let Taken::Dead {
            correlation_id: None,
            why,
        } = told.await.unwrap()
        else {
            panic!("it was taken for an event");
        };
        assert!(why.starts_with("this is no event: "), "{why}");
        let letter = dead.get_last_raw_message_by_subject("harm.dead").await.unwrap();
        let letter: Value = serde_json::from_slice(&letter.payload).unwrap();
        assert_eq!(letter["event"], "hello");
        taking.stop().await;
        let _ = service.stop(StopTimes::default()).await;
    });
}

#[test]
fn what_a_host_had_when_it_ended_another_one_gets() {
    let Some(server) = Server::start("what_a_host_had_when_it_ended_another_one_gets") else {
        return;
    };
    runtime().block_on(async {
        let stream = EventStream::open(&server.url, "relay", "project:hostile")
            .await
            .unwrap();
        let begun = Begun::default();
        let (tell, told) = mpsc::channel();
        let (shut, gate) = watch::channel(false);
        // As long as this test takes.
        let wait = Duration::from_secs(2);
        let lost = service(yoi_guests::HOSTILE, r#"{"ingress":"echo"}"#, 0, &begun, gate);
        let taking = Taking::begin(&stream, &lost, 9, wait, |_| {}).await.unwrap();
        stream
            .send(&event("events", "test", "e-1".into(), Value::Null))
            .await
            .unwrap();
        // Under way there, and never said to be settled: the host is gone without a word.
        while begun.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
        drop(taking);
        drop(shut);
        let _ = lost.kill().await;

        let other = service(
            yoi_guests::HOSTILE,
            r#"{"ingress":"echo"}"#,
            1,
            &begun,
            open_gate(),
        );
        let taking = Taking::begin(&stream, &other, 9, wait, move |taken| tell.send(taken).unwrap());
        let taking = taking.await.unwrap();
        let told = tokio::task::spawn_blocking(move || told.recv_timeout(AT_MOST).unwrap());
        let taken = told.await.unwrap();
        assert!(
            matches!(taken, Taken::Acknowledged { attempt: 2.., .. }),
            "{taken:?}"
        );
        taking.stop().await;
        let _ = other.stop(StopTimes::default()).await;
    });
}

#[test]
fn a_host_that_is_to_stop_gives_back_at_once_what_it_has_not_begun() {
    let Some(server) = Server::start("a_host_that_is_to_stop_gives_back_at_once_what_it_has_not_begun")
    else {
        return;
    };
    runtime().block_on(async {
        let stream = EventStream::open(&server.url, "ticks", "project:counter")
            .await
            .unwrap();
        let begun = Begun::default();
        let (open, gate) = watch::channel(false);
        let first = service(yoi_guests::COUNTER, "null", 0, &begun, gate);
        let (tell, told) = mpsc::channel();
        let first_tell = tell.clone();
        let taking = Taking::begin(&stream, &first, 5, WAIT, move |taken| {
            first_tell.send((0, taken)).unwrap();
        });
        let taking = taking.await.unwrap();
        // Sources of as many partitions.
        let mut sources = HashMap::new();
        for number in 0..64 {
            let source = format!("source-{number}");
            sources.entry(partition(&source)).or_insert(source);
        }
        for source in sources.values() {
            stream
                .send(&event("tick", source, format!("id of {source}"), Value::Null))
                .await
                .unwrap();
        }
        let client = async_nats::connect(&server.url).await.unwrap();
        let events = async_nats::jetstream::new(client)
            .get_stream("ticks")
            .await
            .unwrap();
        for partition in sources.keys() {
            while events
                .consumer_info(format!("partition-{partition}"))
                .await
                .unwrap()
                .num_ack_pending
                == 0
            {
                tokio::task::yield_now().await;
            }
        }
        while begun.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }

        taking.halt();
        let given_back = sources.len() - 1;
        let (told, returned) = tokio::task::spawn_blocking(move || {
            let next = |_| told.recv_timeout(AT_MOST).unwrap();
            let returned: Vec<_> = (0..given_back).map(next).collect();
            (told, returned)
        })
        .await
        .unwrap();
        for (host, taken) in returned {
            assert!(
                host == 0 && matches!(taken, Taken::Returned { .. }),
                "{host} {taken:?}"
            );
        }
        let second = service(yoi_guests::COUNTER, "null", 1, &begun, open_gate());
        let other = Taking::begin(&stream, &second, 5, WAIT, move |taken| {
            tell.send((1, taken)).unwrap();
        });
        let other = other.await.unwrap();
        let (told, elsewhere) = tokio::task::spawn_blocking(move || {
            let next = |_| told.recv_timeout(AT_MOST).unwrap();
            let elsewhere: Vec<_> = (0..given_back).map(next).collect();
            (told, elsewhere)
        })
        .await
        .unwrap();
        for (host, taken) in elsewhere {
            let acknowledged = matches!(taken, Taken::Acknowledged { attempt: 2, .. });
            assert!(host == 1 && acknowledged, "{host} {taken:?}");
        }

        // What had begun goes on to its end where it is.
        open.send(true).unwrap();
        taking.stop().await;
        let (host, taken) = told.try_recv().unwrap();
        assert!(
            host == 0 && matches!(taken, Taken::Acknowledged { attempt: 1, .. }),
            "{host} {taken:?}"
        );
        other.stop().await;
        assert_eq!(begun.lock().unwrap().len(), sources.len());
    });
}

#[test]
fn a_stream_that_cannot_be_used_says_why() {
    let Some(server) = Server::start("a_stream_that_cannot_be_used_says_why") else {
        return;
    };
    let refusal = |url: &str, name: &str, owner: &str| {
        let error: StreamError = runtime()
            .block_on(EventStream::open(url, name, owner))
            .unwrap_err();
        error.to_string()
    };
    runtime()
        .block_on(EventStream::open(&server.url, "mine", "project:one"))
        .unwrap();
    insta::assert_snapshot!(refusal(&server.url, "mine", "project:other"), @"the stream `mine` is not one of the plugin `project:other`: it says of itself `yoikit.stream/1 project:one`; name another stream");
    insta::assert_snapshot!(refusal(&server.url, "a.b", "project:one"), @"`a.b` cannot be the name of a stream: 1 to 64 letters, digits, `-` and `_` can");
    let nobody = refusal("nats://127.0.0.1:1", "mine", "project:one");
    assert!(
        nobody.starts_with("failed to connect to the NATS server nats://127.0.0.1:1: "),
        "{nobody}"
    );
}
