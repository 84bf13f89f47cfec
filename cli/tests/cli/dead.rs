//! `yoikit dead`: events that a service gave up, of a journal and of a stream.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::run::yoikit;
use crate::serve::{GRANTED, Serving, package, send, unchanged};

/// Longer than anything here takes.
const AT_MOST: Duration = Duration::from_secs(60);

/// A plugin that does what each event tells it, and one that takes all of them.
const TOLD: &[&str] = &["--config", r#"{"ingress":"told"}"#];
const ECHO: &[&str] = &["--config", r#"{"ingress":"echo"}"#];

/// An event that a plugin which is told what to do answers with what is no JSON.
fn bad(id: &str) -> Value {
    json!({
        "payload": { "mode": "bad-json" },
        "kind": "test",
        "source": "123456789",
        "created_at": "2026-11-20T10:00:00.000Z",
        "correlation_id": id,
    })
}

#[test]
fn what_a_journal_keeps_is_shown_and_tried_again_by_the_next_host() {
    let folder = package(yoi_guests::HOSTILE, unchanged);
    let dead = |words: &[&str]| {
        let ran = yoikit(
            folder.path(),
            &[&["dead"], words, &["--durable", "events"]].concat(),
        );
        ran.whole()
    };
    let durable: &[&str] = &["--durable", "events"];
    let mut serving = Serving::start(folder.path(), &[GRANTED, durable, TOLD].concat());
    serving.event("serving");
    for id in ["e-1", "e-2"] {
        let sent = send(folder.path(), "events", &bad(id));
        assert_eq!(sent.status, 1, "{}", sent.whole());
    }
    insta::assert_snapshot!(dead(&["list"]), @"
    exit 3
    --- stderr
    error: the journal events is in use by another process: a journal has one host at a time, stop that one or name another file
    ");
    serving.signal(Signal::TERM);
    serving.event("ended");
    assert_eq!(serving.exit(), 0);

    insta::assert_snapshot!(dead(&["list"]), @r#"
    exit 0
    --- stdout
    kept in     events (of the plugin yoikit.hostile)
    given up    2 events

    0           e-1  events test from 123456789, attempt 5, 2026-11-20T10:00:00.000Z
                `handle-ingress` answered something that is not JSON: EOF while parsing a string at line 1 column 18
                {"mode":"bad-json"}

    1           e-2  events test from 123456789, attempt 5, 2026-11-20T10:00:00.000Z
                `handle-ingress` answered something that is not JSON: EOF while parsing a string at line 1 column 18
                {"mode":"bad-json"}

    `yoikit dead requeue` with a number has one delivered again, `yoikit dead drop` drops it
    "#);
    insta::assert_snapshot!(dead(&["drop", "7"]), @"
    exit 2
    --- stderr
    error: no event with the number 7 was given up there; nothing was done
    ");
    insta::assert_snapshot!(dead(&["drop", "0"]), @"
    exit 0
    --- stdout
    kept in     events (of the plugin yoikit.hostile)
    dropped     1 event

    0           e-1  events test from 123456789, attempt 5, 2026-11-20T10:00:00.000Z

    left there: 1
    ");
    insta::assert_snapshot!(dead(&["requeue", "--all"]), @"
    exit 0
    --- stdout
    kept in     events (of the plugin yoikit.hostile)
    requeued    1 event

    1           e-2  events test from 123456789, attempt 5, 2026-11-20T10:00:00.000Z
    ");

    let mut serving = Serving::start(folder.path(), &[GRANTED, durable, ECHO].concat());
    let delivery = serving.event("delivery");
    assert_eq!(delivery["report"]["correlation_id"], "e-2");
    assert_eq!(delivery["report"]["attempt"], 1);
    assert_eq!(delivery["settlement"], "accepted");
    serving.signal(Signal::TERM);
    serving.event("ended");
    assert_eq!(serving.exit(), 0);
    insta::assert_snapshot!(dead(&["list"]), @"
    exit 0
    --- stdout
    kept in     events (of the plugin yoikit.hostile)
    given up    nothing
    ");
    assert!(!folder.path().join("none").exists());
    insta::assert_snapshot!(yoikit(folder.path(), &["dead", "list", "--durable", "none"]).whole(), @"
    exit 3
    --- stderr
    error: failed to open the journal none: No such file or directory (os error 2)
    ");
}

#[test]
fn the_report_fits_its_schema() {
    let folder = package(yoi_guests::HOSTILE, unchanged);
    let durable: &[&str] = &["--durable", "events"];
    let mut serving = Serving::start(folder.path(), &[GRANTED, durable, TOLD].concat());
    serving.event("serving");
    send(folder.path(), "events", &bad("e-1"));
    serving.signal(Signal::TERM);
    serving.event("ended");
    // Until it is gone it has the file.
    assert_eq!(serving.exit(), 0);
    let schema = yoikit(folder.path(), &["schema", "dead"]);
    let schema: Value = serde_json::from_str(&schema.stdout).unwrap();
    let list = yoikit(folder.path(), &["dead", "list", "--durable", "events", "--json"]);
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    assert!(jsonschema::is_valid(&schema, &list), "{list}");
    let letter = &list["letters"][0];
    assert_eq!(letter["event"]["payload"], json!({ "mode": "bad-json" }));
    assert_eq!(
        (&letter["number"], &letter["event"]["attempt"]),
        (&json!(0), &json!(5))
    );
}

#[cfg(feature = "nats")]
#[test]
fn what_a_stream_keeps_is_shown_while_hosts_go_on() {
    let Some(server) = Server::start("what_a_stream_keeps_is_shown_while_hosts_go_on") else {
        return;
    };
    let folder = package(yoi_guests::HOSTILE, unchanged);
    let stream: &[&str] = &["--nats", &server.url, "--stream", "harm"];
    let dead = |words: &[&str]| yoikit(folder.path(), &[&["dead"], words, stream].concat()).whole();
    insta::assert_snapshot!(dead(&["list"]), @"
    exit 3
    --- stderr
    error: there is no stream `harm` of a plugin on that server
    ");
    let mut serving = Serving::start(folder.path(), &[GRANTED, stream, TOLD].concat());
    assert_eq!(serving.event("serving")["stream"], "harm");
    let mut event = bad("e-1");
    event["ingress_name"] = "events".into();
    event["attempt"] = 1.into();
    event["payload"] = json!({ "mode": "echo" });
    // Any client does: the source of the event is the check value of CRC-32, which ends in 6.
    server.publish("harm.event.6", &event.to_string());
    let taken = serving.event("stream");
    assert_eq!(
        (&taken["taken"], &taken["attempt"]),
        (&json!("acknowledged"), &json!(1)),
        "{taken}"
    );
    server.publish("harm.event.6", &event.to_string().replace("echo", "bad-json"));
    serving.find("stream", |line| line["taken"] == "dead");
    insta::assert_snapshot!(dead(&["list"]), @r#"
    exit 0
    --- stdout
    kept in     harm (of the plugin yoikit.hostile)
    given up    1 event

    1           e-1  events test from 123456789, attempt 5, 2026-11-20T10:00:00.000Z
                `handle-ingress` answered something that is not JSON: EOF while parsing a string at line 1 column 18
                {"mode":"bad-json"}

    `yoikit dead requeue` with a number has one delivered again, `yoikit dead drop` drops it
    "#);
    insta::assert_snapshot!(dead(&["drop", "1"]), @"
    exit 0
    --- stdout
    kept in     harm (of the plugin yoikit.hostile)
    dropped     1 event

    1           e-1  events test from 123456789, attempt 5, 2026-11-20T10:00:00.000Z
    ");
    insta::assert_snapshot!(dead(&["list"]), @"
    exit 0
    --- stdout
    kept in     harm (of the plugin yoikit.hostile)
    given up    nothing
    ");
    serving.signal(Signal::TERM);
    let ended = serving.event("ended");
    assert_eq!(ended["exit"], 0, "{ended}");
}

/// A server on loopback. Where there is none on this machine, that is told.
#[cfg(feature = "nats")]
struct Server {
    child: Child,
    url: String,
    _folder: tempfile::TempDir,
}

#[cfg(feature = "nats")]
impl Server {
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
        server.url = wait_for_port(&ports);
        Some(server)
    }

    /// Publish as the protocol of NATS has it, and wait until the server has it.
    fn publish(&self, subject: &str, payload: &str) {
        let address = self.url.strip_prefix("nats://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(AT_MOST)).unwrap();
        let connect = r#"CONNECT {"verbose":false,"pedantic":false}"#;
        let words = format!(
            "{connect}\r\nPUB {subject} {}\r\n{payload}\r\nPING\r\n",
            payload.len()
        );
        stream.write_all(words.as_bytes()).unwrap();
        let mut said = String::new();
        let mut some = [0; 4096];
        while !said.contains("PONG") {
            let count = stream.read(&mut some).unwrap();
            assert_ne!(count, 0, "{said}");
            said.push_str(&String::from_utf8_lossy(&some[..count]));
        }
    }
}

#[cfg(feature = "nats")]
impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The server writes where it listens once it does.
#[cfg(feature = "nats")]
fn wait_for_port(ports: &Path) -> String {
    let began = Instant::now();
    loop {
        let url = fs::read_dir(ports).unwrap().find_map(|entry| {
            let text = fs::read_to_string(entry.unwrap().path()).ok()?;
            let ports: Value = serde_json::from_str(&text).ok()?;
            Some(ports["nats"][0].as_str()?.to_owned())
        });
        if let Some(url) = url {
            return url;
        }
        assert!(began.elapsed() < AT_MOST, "the server does not listen");
        thread::yield_now();
    }
}
