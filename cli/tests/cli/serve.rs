//! `yoikit serve`: a real process, real sockets, real signals.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};
use yoi_guests::Guest;

use crate::run::{command, yoikit};

/// Longer than anything here takes: a test that waits for what never comes is to fail and not to hang.
const AT_MOST: Duration = Duration::from_secs(60);

/// A `yoikit serve --json` that runs.
pub(crate) struct Serving {
    child: Child,
    lines: Receiver<Value>,
}

impl Serving {
    pub(crate) fn start(folder: &Path, words: &[&str]) -> Self {
        let mut child = command(folder, &[&["serve", "--json"], words].concat())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines() {
                // Who stopped listening has seen enough.
                let _ = tell.send(serde_json::from_str(&line.unwrap()).unwrap());
            }
        });
        Self { child, lines }
    }

    /// The next line of this event; those before are passed over.
    pub(crate) fn event(&mut self, event: &str) -> Value {
        self.find(event, |_| true)
    }

    pub(crate) fn find(&mut self, event: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            match self.lines.recv_timeout(AT_MOST) {
                Ok(line) if line["event"] == event && wanted(&line) => return line,
                Ok(line) => assert_eq!(line["schema"], "yoikit.serve/1"),
                Err(error) => panic!("no {event}: {error}; {}", self.stderr()),
            }
        }
    }

    fn stderr(&mut self) -> String {
        let _ = self.child.kill();
        let mut text = String::new();
        let _ = self.child.stderr.take().unwrap().read_to_string(&mut text);
        text
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    pub(crate) fn exit(&mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A package as a folder of the test's own, with all that it asks for granted in `grants.toml`.
pub(crate) fn package(guest: Guest, change: impl Fn(String) -> String) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(guest.package()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.path().join(entry.file_name())).unwrap();
    }
    let manifest = folder.path().join("plugin.toml");
    fs::write(&manifest, change(fs::read_to_string(&manifest).unwrap())).unwrap();
    let asked = yoikit(folder.path(), &["grant", "."]);
    assert_eq!(asked.status, 0, "{}", asked.whole());
    fs::write(folder.path().join("grants.toml"), asked.stdout).unwrap();
    folder
}

pub(crate) fn unchanged(manifest: String) -> String {
    manifest
}

pub(crate) const GRANTED: &[&str] = &[".", "--grants", "grants.toml", "--socket", "sock"];

pub(crate) fn send(folder: &Path, ingress: &str, event: &Value) -> crate::run::Ran {
    let event = event.to_string();
    yoikit(folder, &["send", ".", ingress, &event, "--socket", "sock"])
}

/// The other side of a chat room.
struct Room(WebSocket<TcpStream>);

impl Room {
    fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(AT_MOST)).unwrap();
        Self(tungstenite::accept(stream).unwrap())
    }

    fn ask(&mut self, text: &str) -> String {
        self.0.send(Message::text(text)).unwrap();
        self.hear()
    }

    fn hear(&mut self) -> String {
        loop {
            if let Message::Text(text) = self.0.read().unwrap() {
                return text.to_string();
            }
        }
    }
}

#[test]
fn a_chatbot_answers_survives_its_server_and_stops_in_order() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let port = address.port().to_string();
    let folder = package(yoi_guests::CHATBOT, |manifest| manifest.replace("4180", &port));
    let mut serving = Serving::start(folder.path(), &[GRANTED, &["--metrics", "0"]].concat());
    let begun = serving.event("serving");
    assert_eq!(begun["status"]["lifecycle"], "Running", "{begun}");

    let mut room = Room::accept(&listener);
    assert_eq!(room.ask("!learn tea = a leaf"), "Noted: tea is a leaf");

    // The server goes down, and comes back at the same place.
    drop((room, listener));
    serving.find("socket", |line| {
        line["state"] != "Connected" && line["state"] != "Connecting"
    });
    let listener = TcpListener::bind(address).unwrap();
    let mut room = Room::accept(&listener);
    assert_eq!(room.ask("!what tea"), "As far as I know, tea is a leaf");

    // An event by hand reaches the same plugin, and what it asks for is done.
    let url = format!("ws://{address}/room");
    let event = json!({ "kind": "websocket_text", "payload": { "url": url, "text": "!stats" } });
    let sent = send(folder.path(), "room", &event);
    assert_eq!(sent.status, 0, "{}", sent.whole());
    assert!(
        sent.stdout.contains("done: websocket_send sent"),
        "{}",
        sent.stdout
    );
    let stats = "I heard 3 messages, answered 2, and know 1 facts";
    assert_eq!(room.hear(), stats);

    let numbers = scrape(begun["metrics"].as_str().unwrap());
    for line in [
        r#"yoikit_service_info{plugin="yoikit.chatbot",profile="documented"} 1"#,
        "yoikit_service_running 1",
        "yoikit_queue_events 0",
        "yoikit_restarts_total 0",
        r#"yoikit_commands_total{status="rejected"} 0"#,
        r#"yoikit_events_refused_total{reason="denied"} 0"#,
        "# EOF",
    ] {
        assert!(numbers.lines().any(|found| found == line), "{line}:\n{numbers}");
    }
    // Three messages, and at least one event of the connection that was lost.
    let taken = number(&numbers, r#"yoikit_events_settled_total{settlement="accepted"}"#);
    assert!(taken >= 4.0, "{numbers}");
    assert_eq!(number(&numbers, "yoikit_call_seconds_count"), taken);
    assert_eq!(number(&numbers, "yoikit_delivery_attempts_total"), taken);

    serving.signal(Signal::TERM);
    let ended = serving.event("ended");
    assert_eq!((&ended["exit"], serving.exit()), (&json!(0), 0), "{ended}");
    let last = &ended["ending"]["status"];
    assert_eq!(
        (&last["state"], &last["data"]["facts"]),
        (&json!("stopped"), &json!(1))
    );
    assert!(!folder.path().join("sock").exists());
}

/// A real HTTP request for numbers.
fn scrape(url: &str) -> String {
    let address = url
        .strip_prefix("http://")
        .unwrap()
        .strip_suffix("/metrics")
        .unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("application/openmetrics-text"), "{answer}");
    answer
}

fn number(numbers: &str, name: &str) -> f64 {
    let line = numbers.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().parse().unwrap()
}

#[test]
fn every_line_fits_its_schema() {
    let folder = package(yoi_guests::COUNTER, unchanged);
    let schema = yoikit(folder.path(), &["schema", "serve"]);
    let schema: Value = serde_json::from_str(&schema.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut serving = Serving::start(folder.path(), GRANTED);
    let check = |line: Value| assert!(validator.is_valid(&line), "{line}");
    check(serving.event("serving"));
    let sent = send(folder.path(), "tick", &json!({ "payload": null }));
    assert_eq!(sent.status, 0, "{}", sent.whole());
    check(serving.event("accepted"));
    check(serving.event("command"));
    let delivery = serving.event("delivery");
    assert_eq!(delivery["report"]["output"]["data"], json!({ "count": 1 }));
    check(delivery);
    serving.signal(Signal::INT);
    check(serving.event("signal"));
    check(serving.event("ended"));
    assert_eq!(serving.exit(), 0);
}

#[test]
fn events_outlive_a_host_that_is_killed() {
    let folder = package(yoi_guests::HOSTILE, unchanged);
    // Its answer never comes: the event is under way when the host is killed.
    let durable: &[&str] = &["--durable", "events", "--config", r#"{"ingress":"loop"}"#];
    let endless: &[&str] = &["--fuel", "18446744073709551615", "--timeout", "600s"];
    let mut serving = Serving::start(folder.path(), &[GRANTED, durable, endless].concat());
    serving.event("serving");
    let event = json!({ "payload": 1, "correlation_id": "e-1" }).to_string();
    let words = ["send", ".", "events", &event, "--socket", "sock"];
    let sender = command(folder.path(), &words)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    serving.event("accepted");
    drop(serving);
    let told = sender.wait_with_output().unwrap();
    assert_eq!(told.status.code(), Some(3), "its host is gone");
    // Whether it was told before that the event is kept is a matter of moments.
    let said = String::from_utf8_lossy(&told.stderr);
    assert!(
        said.starts_with("error: the running `yoikit serve` gave no answer: it ended"),
        "{said}"
    );

    // The next one takes the socket that was left, and delivers what was accepted.
    let durable: &[&str] = &["--durable", "events", "--config", r#"{"ingress":"echo"}"#];
    let mut serving = Serving::start(folder.path(), &[GRANTED, durable].concat());
    let delivery = serving.event("delivery");
    assert_eq!(delivery["report"]["correlation_id"], "e-1");
    assert_eq!(delivery["settlement"], "accepted");
    serving.signal(Signal::TERM);
    assert_eq!(serving.event("ended")["exit"], 0);
}

#[test]
fn a_second_signal_ends_what_does_not_stop() {
    let folder = package(yoi_guests::HOSTILE, unchanged);
    let loops: &[&str] = &["--config", r#"{"ingress":"loop"}"#];
    let endless: &[&str] = &[
        "--fuel",
        "18446744073709551615",
        "--timeout",
        "600s",
        "--drain",
        "500s",
    ];
    let mut serving = Serving::start(folder.path(), &[GRANTED, loops, endless].concat());
    serving.event("serving");
    let event = json!({ "payload": 1 }).to_string();
    let words = ["send", ".", "events", &event, "--socket", "sock", "--json"];
    let sender = command(folder.path(), &words)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    serving.event("accepted");
    serving.signal(Signal::INT);
    assert_eq!(serving.event("signal")["again"], false);
    // One that comes at once is the same order; so until one is another.
    let pid = serving.pid();
    let heard = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !heard.load(Ordering::Relaxed) {
                let _ = kill_process(pid, Signal::INT);
                thread::sleep(Duration::from_millis(20));
            }
        });
        assert_eq!(serving.event("signal")["again"], true);
        heard.store(true, Ordering::Relaxed);
    });
    let ended = serving.event("ended");
    assert_eq!((&ended["exit"], serving.exit()), (&json!(130), 130), "{ended}");
    assert_eq!(ended["ending"]["forced"], true);
    // Whoever waited is told.
    let told = sender.wait_with_output().unwrap();
    assert_eq!(told.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["ok"], false, "{told}");
}

#[test]
fn what_another_one_has_is_not_taken_from_it() {
    let folder = package(yoi_guests::COUNTER, unchanged);
    let mut serving = Serving::start(folder.path(), &[GRANTED, &["--durable", "events"]].concat());
    serving.event("serving");
    let mode = fs::metadata(folder.path().join("sock"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    let same = yoikit(folder.path(), &[&["serve"], GRANTED].concat());
    assert_eq!(same.status, 3);
    insta::assert_snapshot!(same.stderr, @"error: another `yoikit serve` runs this plugin, and `yoikit send` would reach that one: stop it, or give this one a socket of its own with `--socket PATH` (it listens on sock)");
    let other: &[&str] = &["serve", ".", "--grants", "grants.toml", "--socket", "other"];
    let same_file = yoikit(folder.path(), &[other, &["--durable", "events"]].concat());
    assert_eq!(same_file.status, 3);
    insta::assert_snapshot!(same_file.stderr, @"error: the journal events is in use by another process: a journal has one host at a time, stop that one or name another file");

    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let no_port = yoikit(folder.path(), &[other, &["--metrics", &address]].concat());
    assert_eq!(no_port.status, 3);
    insta::assert_snapshot!(no_port.stderr.replace(&address, "ADDRESS"), @"error: failed to serve numbers on ADDRESS: Address already in use (os error 98)");

    let no_journal = yoikit(folder.path(), &[other, &["--durable", "plugin.toml"]].concat());
    assert_eq!(no_journal.status, 3);
    insta::assert_snapshot!(no_journal.stderr, @"error: plugin.toml is no journal: it begins like something else; it was left as it is, name another file");
    let no_socket: &[&str] = &["serve", ".", "--grants", "grants.toml", "--socket", "grants.toml"];
    let no_socket = yoikit(folder.path(), no_socket);
    assert_eq!(no_socket.status, 3);
    insta::assert_snapshot!(no_socket.stderr, @"error: failed to listen on the socket grants.toml: it is there already, and is no socket");
    assert!(folder.path().join("grants.toml").is_file());
}

#[test]
fn without_grants_it_says_what_to_add() {
    let folder = package(yoi_guests::COUNTER, unchanged);
    let ran = yoikit(folder.path(), &["serve", ".", "--socket", "sock"]);
    assert_eq!(ran.status, 1);
    insta::assert_snapshot!(ran.whole(), @r#"
    exit 1
    --- stderr
    error: nothing that the plugin offers is granted: granted surfaces.ingress permission is missing
    add at the top of the grants:

        permissions = [
            { kind = "surface", surface = "ingress" },
            { kind = "ingress", name = "tick" },
        ]

    `yoikit grant . > grants.toml` writes all that it asks for: read it, and add `--grants grants.toml`
    "#);
    // Doing what it says is all it takes.
    let mut serving = Serving::start(folder.path(), GRANTED);
    serving.event("serving");
}

#[test]
fn what_is_no_service_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let echo = yoi_guests::ECHO.package().to_str().unwrap();
    insta::assert_snapshot!(yoikit(folder.path(), &["serve", echo]).whole(), @"
    exit 2
    --- stderr
    error: this plugin stands in the world `tool`: it has no life but its calls, and takes no events; `yoikit call` calls its tools
    ");
    let counter = yoi_guests::COUNTER.component().to_str().unwrap();
    let alone = folder.path().join("counter.wasm");
    fs::copy(counter, &alone).unwrap();
    insta::assert_snapshot!(yoikit(folder.path(), &["serve", "counter.wasm"]).whole(), @"
    exit 2
    --- stderr
    error: counter.wasm has no plugin.toml that says which ingresses it has: name the folder that has one, or the file itself with `--manifest`
    ");
    insta::assert_snapshot!(yoikit(folder.path(), &["serve", "none"]).whole(), @"
    exit 3
    --- stderr
    error: nothing lies at `none`, and there is no package `none` that can be used: `yoikit plugin list` has those that are there
    ");
    insta::assert_snapshot!(yoikit(folder.path(), &["serve", "./none"]).whole(), @"
    exit 3
    --- stderr
    error: failed to find ./none: No such file or directory (os error 2)
    ");
}

#[test]
fn a_person_sees_a_line_for_whatever_happens() {
    let folder = package(yoi_guests::COUNTER, unchanged);
    let mut child = command(folder.path(), &[&["serve"], GRANTED].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut shown = String::new();
    let mut until = |shown: &mut String, word: &str| {
        while !shown.contains(word) {
            assert_ne!(stdout.read_line(shown).unwrap(), 0, "no {word}: {shown}");
        }
    };
    until(&mut shown, "is running");
    let sent = send(
        folder.path(),
        "tick",
        &json!({ "payload": null, "correlation_id": "e-1" }),
    );
    assert_eq!(sent.status, 0, "{}", sent.whole());
    until(&mut shown, "ticked");
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    stdout.read_to_string(&mut shown).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    insta::with_settings!({ filters => [
        (r"\d\d:\d\d:\d\d\.\d{3}", "[CLOCK]"),
        (r" +[\d.]+ (µs|ms|s)\b", " [TIME]"),
        (r"\([a-z]+, [\d.]+ KiB, ", "([SIZE], "),
        (r"plugin .*counter.wasm", "plugin      counter.wasm"),
    ] }, {
        insta::assert_snapshot!(shown, @r#"
        plugin      counter.wasm ([SIZE], profile documented)
        service     yoikit.counter is running
        send        sock

        [CLOCK]  accepted   tick  manual e-1 [TIME]
                      tick-1  ticked
        [CLOCK]  signal     stopping in order; once more ends it at once
        [CLOCK]  state      stopping
        [CLOCK]  state      stopped

        service     stopped
        last word   stopped {"count":1}
        "#);
    });
}

#[test]
fn nobody_who_reads_is_a_reason_to_stop_and_to_say_so() {
    let folder = package(yoi_guests::COUNTER, unchanged);
    let mut child = command(folder.path(), &[&["serve"], GRANTED].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut shown = String::new();
    while !shown.ends_with("\n\n") {
        assert_ne!(stdout.read_line(&mut shown).unwrap(), 0);
    }
    drop(stdout);
    // There is something to print, and nobody to print it for.
    let sent = send(folder.path(), "tick", &json!({ "payload": null }));
    assert!(sent.status == 0 || sent.status == 1, "{}", sent.whole());
    let left = child.wait_with_output().unwrap();
    assert_eq!(
        left.status.code(),
        Some(3),
        "{}",
        String::from_utf8_lossy(&left.stderr)
    );
    insta::assert_snapshot!(String::from_utf8_lossy(&left.stderr), @"error: nobody reads standard output any more, and so the service was stopped");
}

#[test]
fn an_enabled_plugin_is_served_by_its_name_and_with_its_own_grants() {
    let folder = tempfile::tempdir().unwrap();
    let stores: PathBuf = folder.path().join(".yoi/plugins");
    fs::create_dir_all(&stores).unwrap();
    let counter = package(yoi_guests::COUNTER, unchanged);
    let archive = stores.join("counter.yoi-plugin");
    fs::rename(
        counter.path().join("grants.toml"),
        folder.path().join("grants.toml"),
    )
    .unwrap();
    let packed = yoikit(
        counter.path(),
        &["plugin", "pack", ".", "-o", archive.to_str().unwrap()],
    );
    assert_eq!(packed.status, 0, "{}", packed.whole());

    let name = "project:yoikit.counter";
    let off = yoikit(folder.path(), &["serve", name, "--socket", "sock"]);
    insta::assert_snapshot!(off.whole().replace(&folder.path().display().to_string(), "FOLDER"), @"
    exit 2
    --- stderr
    error: project:yoikit.counter is not run: FOLDER/.yoi/enablement.toml does not turn it on; `yoikit plugin enable project:yoikit.counter --grant FILE` does
    ");
    let enabled = yoikit(
        folder.path(),
        &["plugin", "enable", name, "--grant", "grants.toml", "--yes"],
    );
    assert_eq!(enabled.status, 0, "{}", enabled.whole());
    let enablement = folder.path().join(".yoi/enablement.toml");
    let text = fs::read_to_string(&enablement).unwrap();
    if !text.contains("enabled = true") {
        fs::write(
            &enablement,
            format!("[feature.plugins]\nenabled = true\n\n{text}"),
        )
        .unwrap();
    }
    // A journal is the plugin's, by whatever name it is called.
    let by_path = counter.path().to_str().unwrap();
    let flags: &[&str] = &["--socket", "sock", "--durable", "events"];
    let of_path: &[&str] = &[by_path, "--grants", "grants.toml"];
    let mut serving = Serving::start(folder.path(), &[of_path, flags].concat());
    serving.event("serving");
    serving.signal(Signal::TERM);
    assert_eq!(serving.exit(), 0);
    let mut serving = Serving::start(folder.path(), &[&["yoikit.counter"], flags].concat());
    assert_eq!(serving.event("serving")["name"], name);
    let words = ["send", name, "tick", r#"{"payload":null}"#, "--socket", "sock"];
    let sent = yoikit(folder.path(), &words);
    assert_eq!(sent.status, 0, "{}", sent.whole());
    serving.signal(Signal::TERM);
    assert_eq!(
        serving.event("ended")["ending"]["status"]["data"],
        json!({ "count": 1 })
    );
}

#[test]
fn a_service_that_is_failed_for_good_ends_the_program() {
    let folder = package(yoi_guests::HOSTILE, unchanged);
    let told: &[&str] = &["--config", r#"{"ingress":"told"}"#];
    let mut serving = Serving::start(folder.path(), &[GRANTED, told].concat());
    serving.event("serving");
    // One after the other breaks the plugin, and nothing goes well in between.
    let mut senders = Vec::new();
    for n in 0..11 {
        let event = json!({ "payload": { "mode": "trap" }, "source": format!("s{n}"), "correlation_id": format!("t{n}") });
        let words = ["send", ".", "events", &event.to_string(), "--socket", "sock"];
        let mut sender = command(folder.path(), &words);
        let quiet = sender.stdout(Stdio::null()).stderr(Stdio::null());
        senders.push(quiet.spawn().unwrap());
    }
    let ended = serving.event("ended");
    assert_eq!((&ended["exit"], serving.exit()), (&json!(1), 1), "{ended}");
    for mut sender in senders {
        sender.wait().unwrap();
    }
}

/// A host whose plugin is asked something that takes for ever, and which is told to stop and not to wait for it; and what
/// its sender was told.
fn left(durable: &[&str]) -> (Value, i32, String) {
    let folder = package(yoi_guests::HOSTILE, unchanged);
    let told: &[&str] = &["--config", r#"{"ingress":"told"}"#, "--drain", "0s"];
    let mut serving = Serving::start(folder.path(), &[GRANTED, told, durable].concat());
    serving.event("serving");
    // It fails, and waits to be tried again when the host is told to stop.
    let event = json!({ "payload": { "mode": "error" }, "correlation_id": "e-1" }).to_string();
    let words = ["send", ".", "events", &event, "--socket", "sock"];
    let sender = command(folder.path(), &words)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    serving.event("delivery");
    serving.signal(Signal::TERM);
    let ended = serving.event("ended");
    let exit = serving.exit();
    let told = sender.wait_with_output().unwrap();
    assert_eq!(told.status.code(), Some(1));
    let told = String::from_utf8_lossy(&told.stdout);
    let verdict = told.lines().find(|line| line.starts_with("verdict"));
    (ended, exit, verdict.unwrap().to_owned())
}

#[test]
fn what_is_left_at_the_end_is_kept_by_a_journal_and_else_the_program_says_that_it_is_not() {
    let (ended, exit, verdict) = left(&["--durable", "events"]);
    assert_eq!((&ended["ending"]["abandoned"], exit), (&json!(1), 0), "{ended}");
    insta::assert_snapshot!(verdict, @"verdict     not dealt with yet: the service ended, and keeps the event for the next one");
    let (ended, exit, verdict) = left(&[]);
    assert_eq!((&ended["ending"]["abandoned"], exit), (&json!(1), 1), "{ended}");
    insta::assert_snapshot!(verdict, @"verdict     not dealt with: the service ended before");
}

#[test]
fn a_flood_of_a_source_waits_with_its_sender_unless_somebody_wants_it_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let folder = package(yoi_guests::CHATBOT, |manifest| manifest.replace("4180", &port));
    for (words, refused) in [(&[] as &[&str], false), (&["--when-full", "refuse"], true)] {
        let flags: &[&str] = &["--metrics", "0", "--queue", "1"];
        let mut serving = Serving::start(folder.path(), &[GRANTED, flags, words].concat());
        let metrics = serving.event("serving")["metrics"].clone();
        let mut room = Room::accept(&listener);
        for _ in 0..500 {
            room.0.send(Message::text("hello")).unwrap();
        }
        let numbers = loop {
            let numbers = scrape(metrics.as_str().unwrap());
            let accepted = number(&numbers, "yoikit_events_accepted_total");
            let full = number(&numbers, r#"yoikit_events_refused_total{reason="full"}"#);
            if accepted + full >= 500.0 {
                break full;
            }
        };
        assert_eq!(numbers > 0.0, refused, "{numbers}");
    }
}

#[test]
fn who_connects_for_numbers_and_says_nothing_keeps_nobody_from_them() {
    let folder = package(yoi_guests::COUNTER, unchanged);
    let mut serving = Serving::start(folder.path(), &[GRANTED, &["--metrics", "0"]].concat());
    let metrics = serving.event("serving")["metrics"].clone();
    let metrics = metrics.as_str().unwrap();
    let address = metrics
        .strip_prefix("http://")
        .unwrap()
        .strip_suffix("/metrics")
        .unwrap();
    let silent: Vec<TcpStream> = (0..150)
        .map(|_| {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(b"GET /metrics HTTP/1.1\r\n").unwrap();
            stream
        })
        .collect();
    assert!(scrape(metrics).contains("# EOF"));
    drop(silent);
}
