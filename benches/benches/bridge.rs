//! What it costs to read a child agent.
//!
//! - `pass-through`: lines that the dialect has no word for, which are kept as they are, out of the bytes of a pipe;
//!   beside `serde_json::from_slice` of the same lines into a value, and beside the lines alone
//! - `deltas`: pieces of 20 bytes, out of the bytes of a pipe, through dialect and sink to the framework's events, each
//!   kept; beside parsing the same lines and no more
//! - `exchange`: a child that is started, asked, listened to and taken down, beside the bare pipe: the same child, and
//!   its output read to the end
//! - `deltas alone`: the same deltas in a process that does nothing else, for the most memory that it takes, beside one
//!   that does nothing at all
//! - `slow reader`: a child that says lines without end to somebody who does not read: what the host grows by, and how
//!   long it takes to end that
//!
//! The claims are those of the contract's issue with the reference, which takes 28 s and 3.9 GB for 20,000 deltas:
//! 300 MB/s, 100 ms and 50 MB; and an abort within 100 ms, however slow the reader.

#![expect(clippy::print_stdout, reason = "the figures are what the run is for")]

use std::fs;
use std::hint::black_box;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use yoi_benches::{Bench, Race, kept};
use yoi_host::bridge::{
    Adapter, Broker, Context, Exchange, ExchangeOptions, MessageSeed, Mode, Model, NormalizedEvent, Opening,
    Sink, StreamEvent, Translation, dialect,
};
use yoi_host::wire::{Line, Lines};

const DELTAS: usize = 20_000;

/// Deltas of a child that is started for them: what a long answer has.
const SAID: usize = 1000;

/// Most KiB that the deltas may take.
const DELTAS_AT_MOST: u64 = 50 * 1024;

/// How long it may take to end an exchange whose reader is slow.
const ABORT_AT_MOST: Duration = Duration::from_millis(100);

/// Has this program do one thing and say what that took. Its value is how many deltas.
const ALONE: &str = "YOIKIT_BENCH_DELTAS";

fn main() {
    if let Some(count) = std::env::var(ALONE).ok().and_then(|count| count.parse().ok()) {
        return alone(count);
    }
    let mut bench = Bench::from_args();
    let lines = pass_through();
    // So many milliseconds are 300 MB/s.
    let millis = lines.len() as f64 / 300e3;
    bench.run(
        Race::new("pass-through, 8 MB")
            .bytes(lines.len())
            .slow()
            .rival("bridge", || read(black_box(&lines)))
            .within_millis(millis.round())
            .rival("from_slice", || parse(black_box(&lines)))
            .at_most(1.0)
            .rival("lines alone", || split(black_box(&lines))),
    );
    let many = deltas(DELTAS);
    bench.run(
        Race::new("20,000 deltas")
            .bytes(many.len())
            .slow()
            .rival("bridge", || tell(black_box(&many)))
            .within_millis(100.0)
            .rival("from_slice", || parse(black_box(&many)))
            .rival("lines alone", || split(black_box(&many))),
    );
    let child = Child::that_says(&deltas(SAID));
    bench.run(
        Race::new("exchange of 1000 deltas")
            .slow()
            .rival("bridge", || child.asked())
            .rival("bare pipe", || child.read()),
    );
    let is_test = bench.is_test();
    println!("{}", bench.finish());
    deltas_alone();
    slow_reader(match is_test {
        true => (1, Duration::from_millis(10)),
        false => (50, Duration::from_secs(3)),
    });
}

/// What a process of its own says of so many deltas.
fn alone(count: usize) {
    let lines = deltas(count);
    let began = Instant::now();
    let told = tell(&lines);
    let took = began.elapsed();
    assert!(told.len() > count, "all is told");
    println!("{} {}", took.as_micros(), peak().unwrap_or_default());
}

/// How many microseconds so many deltas take in a process of their own, and how many KiB it had at most.
fn in_a_process(count: usize) -> Option<(u64, u64)> {
    let program = std::env::current_exe().ok()?;
    let output = Command::new(program)
        .env(ALONE, count.to_string())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (took, peak) = text.trim().split_once(' ')?;
    Some((took.parse().ok()?, peak.parse().ok()?))
}

fn deltas_alone() {
    let (Some((_, nothing)), Some((_, half)), Some((took, peak))) =
        (in_a_process(0), in_a_process(DELTAS / 2), in_a_process(DELTAS))
    else {
        println!("deltas alone   the process says nothing: not measured");
        return;
    };
    let mib = |kib: u64| kib as f64 / 1024.0;
    println!(
        "deltas alone   {DELTAS} in {:.1} ms, all events kept; at most {:.1} MiB, half of them {:.1} MiB, none {:.1} MiB  (at most {} MiB: {})",
        took as f64 / 1000.0,
        mib(peak),
        mib(half),
        mib(nothing),
        DELTAS_AT_MOST / 1024,
        kept(peak <= DELTAS_AT_MOST),
    );
}

/// So many exchanges with a child that never stops talking, the first of which is left unread for that long.
fn slow_reader((times, unread): (usize, Duration)) {
    let child = Child::that_says_for_ever(&pieces(SAID));
    let mut told = Vec::new();
    let mut gone = Vec::new();
    let mut grown = 0;
    for time in 0..times {
        child.runtime.block_on(async {
            let mut exchange = child.begin();
            exchange.next().await.expect("it talks");
            // Long enough for all room to be taken.
            tokio::time::sleep(Duration::from_millis(100)).await;
            if time == 0 {
                let before = resident();
                tokio::time::sleep(unread).await;
                grown = resident().saturating_sub(before);
            }
            let began = Instant::now();
            exchange.cancel();
            let mut last = None;
            while let Some(event) = exchange.next().await {
                last = Some(event);
            }
            told.push(began.elapsed());
            assert!(
                matches!(&last, Some(NormalizedEvent::Failed { error }) if error.aborted),
                "{last:?}"
            );
            exchange.ended().await;
            gone.push(began.elapsed());
        });
    }
    let millis = |times: &mut Vec<Duration>| {
        times.sort_unstable();
        let millis = |time: Duration| time.as_secs_f64() * 1000.0;
        let last = times[times.len() - 1];
        (millis(times[times.len() / 2]), millis(last), last)
    };
    let (told, most_told, most) = millis(&mut told);
    let (gone, most_gone, _) = millis(&mut gone);
    println!("slow reader    {unread:?} unread: the host grew by {grown} KiB, of a child that never stops");
    println!(
        "ended then     told after {told:.2} ms (most of {times}: {most_told:.2} ms), child gone after {gone:.1} ms (most: {most_gone:.1} ms)  \
         (at most {ABORT_AT_MOST:?}: {})",
        kept(most <= ABORT_AT_MOST)
    );
}

/// A program that says what it was made to say, whatever it is asked.
struct Child {
    folder: tempfile::TempDir,
    runtime: Runtime,
}

impl Child {
    fn that_says(lines: &[u8]) -> Self {
        Self::that_does("exec /bin/cat \"$SAID\"", lines)
    }

    /// The same again and again.
    fn that_says_for_ever(lines: &[u8]) -> Self {
        Self::that_does("while :; do /bin/cat \"$SAID\"; done", lines)
    }

    fn that_does(what: &str, lines: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let said = folder.path().join("said");
        fs::write(&said, lines).expect("a file");
        let program = folder.path().join("agent");
        let script = format!("#!/bin/sh\nSAID='{}'\n{what}\n", said.display());
        fs::write(&program, script).expect("a file");
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).expect("our own file");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        Self { folder, runtime }
    }

    fn program(&self) -> &Path {
        self.folder.path()
    }

    fn begin(&self) -> Exchange {
        let broker = Broker::new();
        let mut spec = Adapter::ClaudeCli.spec();
        spec.binary_path = Some(self.program().join("agent").display().to_string());
        let model = Model {
            id: "m".to_owned(),
            api: "a".to_owned(),
            provider: "p".to_owned(),
            base_url: String::new(),
        };
        let model = broker.bind(model, spec);
        let exchange = broker.begin(&model, &Context::of_prompt("x"), &ExchangeOptions::default());
        exchange.expect("a bridge")
    }

    /// Events that the bridge gives.
    fn asked(&self) -> usize {
        self.runtime.block_on(async {
            let mut exchange = self.begin();
            let mut events = 0;
            while let Some(event) = exchange.next().await {
                assert!(!matches!(event, NormalizedEvent::Failed { .. }), "{event:?}");
                events += 1;
            }
            exchange.ended().await;
            assert!(events > SAID, "all is told");
            events
        })
    }

    /// The same child, and nothing of ours.
    fn read(&self) -> usize {
        let mut child = Command::new(self.program().join("agent"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut said = Vec::new();
        let mut from = child.stdout.take().expect("it is piped");
        from.read_to_end(&mut said).expect("a pipe");
        child.wait().expect("it ends");
        said.len()
    }
}

/// Some 8 MB of lines as children write them and no dialect knows: telemetry, tools' outputs.
fn pass_through() -> Vec<u8> {
    let mut lines = Vec::new();
    let mut n = 0;
    while lines.len() < 8 << 20 {
        n += 1;
        let line = serde_json::json!({
            "type": "trace_event",
            "session_id": "5b1f2c1e-90aa-4a3e-9a51-3f2f6f0d8e11",
            "seq": n,
            "payload": {
                "tool": "read_file",
                "path": format!("src/module_{n}/lib.rs"),
                "output": "fn main() {\n    println!(\"hello\");\n}\n".repeat(12),
                "timing": { "queued_ms": 0.25, "ran_ms": 12.5, "ok": true, "tags": ["a", "b", null] },
            },
        });
        lines.extend_from_slice(line.to_string().as_bytes());
        lines.push(b'\n');
    }
    lines
}

fn deltas(count: usize) -> Vec<u8> {
    let mut lines = pieces(count);
    lines.extend_from_slice(b"{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false}\n");
    lines
}

/// The same without their end.
fn pieces(count: usize) -> Vec<u8> {
    let delta = r#"{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"twenty bytes of text"}},"session_id":"5b1f","parent_tool_use_id":null}"#;
    format!("{delta}\n").repeat(count).into_bytes()
}

fn translation() -> Translation {
    let dialect = dialect(Adapter::ClaudeCli, Mode::Faithful, Opening::default()).expect("a dialect");
    Translation::new(dialect, Mode::Faithful)
}

/// What the driver does: pieces of a pipe into lines, and lines into events.
fn each(bytes: &[u8], mut take: impl FnMut(NormalizedEvent)) {
    let (mut lines, mut translation) = (Lines::new(1 << 20), translation());
    for piece in bytes.chunks(64 * 1024) {
        lines.push(piece);
        while let Some(line) = lines.next() {
            for event in translation.line(&line).events {
                take(event);
            }
        }
    }
}

fn read(bytes: &[u8]) -> usize {
    let mut events = 0;
    each(bytes, |event| {
        black_box(event);
        events += 1;
    });
    events
}

fn parse(bytes: &[u8]) -> usize {
    each_line(bytes, |line| {
        black_box(serde_json::from_slice::<serde_json::Value>(line.as_bytes()).expect("JSON"));
    })
}

fn split(bytes: &[u8]) -> usize {
    each_line(bytes, |line| {
        black_box(line);
    })
}

fn each_line(bytes: &[u8], mut take: impl FnMut(&str)) -> usize {
    let mut lines = Lines::new(1 << 20);
    let mut count = 0;
    for piece in bytes.chunks(64 * 1024) {
        lines.push(piece);
        while let Some(Line::Text(line)) = lines.next() {
            take(&line);
            count += 1;
        }
    }
    count
}

fn tell(bytes: &[u8]) -> Vec<StreamEvent> {
    let mut sink = Sink::new(MessageSeed {
        api: "a".to_owned(),
        provider: "p".to_owned(),
        model: "m".to_owned(),
        timestamp: 0,
    });
    let mut told = Vec::new();
    each(bytes, |event| sink.take(event, &mut told));
    told
}

/// The most memory that this process had so far, in KiB.
fn peak() -> Option<u64> {
    status("VmHWM:")
}

/// What it has now.
fn resident() -> u64 {
    status("VmRSS:").unwrap_or_default()
}

fn status(name: &str) -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with(name))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}
