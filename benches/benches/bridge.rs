//! What it costs to read a child agent, beside parsing the same lines and no more.
//!
//! - `pass-through`: lines that the dialect has no word for, which are kept as they are, out of the bytes of a pipe;
//!   the floor is `serde_json::from_slice` of the same lines into a value
//! - `deltas`: 20,000 pieces of 20 bytes, out of the bytes of a pipe, through dialect and sink to the framework's
//!   events, each kept
//!
//! The claims are those of the contract's issue with the reference, which takes 28 s and 3.9 GB for the second:
//! 300 MB/s, and 100 ms.

#![expect(clippy::print_stdout, reason = "the figures are what the run is for")]

use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

use criterion::{Criterion, Throughput};
use yoi_benches::{Claim, Compare, criterion_home, judge};
use yoi_host::bridge::{Adapter, MessageSeed, Mode, Opening, Sink, StreamEvent, Translation, dialect};
use yoi_host::wire::{Line, Lines};

const DELTAS: usize = 20_000;

fn main() {
    let began = SystemTime::now();
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .configure_from_args();
    let lines = pass_through();
    let mut group = criterion.benchmark_group("pass-through");
    group.throughput(Throughput::Bytes(lines.len() as u64));
    group.bench_function("bridge", |bencher| bencher.iter(|| read(black_box(&lines))));
    group.bench_function("from_slice", |bencher| bencher.iter(|| parse(black_box(&lines))));
    group.finish();
    let deltas = deltas();
    let mut group = criterion.benchmark_group("deltas");
    group.throughput(Throughput::Bytes(deltas.len() as u64));
    group.bench_function("bridge", |bencher| bencher.iter(|| tell(black_box(&deltas))));
    group.finish();
    criterion.final_summary();

    let claim = Claim {
        ours: ("pass-through", "bridge"),
        floor: ("pass-through", "from_slice"),
        compare: Compare::Ratio,
        at_most: Some(1.0),
    };
    match judge(&criterion_home(), began, &claim) {
        Ok(line) => println!("{line}"),
        Err(error) => println!("not judged: {error}"),
    }
    let start = Instant::now();
    let mut rounds = 0_u32;
    while start.elapsed() < Duration::from_secs(2) {
        black_box(read(&lines));
        rounds += 1;
    }
    let rate = lines.len() as f64 * f64::from(rounds) / start.elapsed().as_secs_f64() / 1e6;
    println!(
        "pass-through: {rate:.0} MB/s  (at least 300: {})",
        kept(rate >= 300.0)
    );
    let start = Instant::now();
    let events = tell(&deltas);
    let millis = start.elapsed().as_secs_f64() * 1e3;
    println!(
        "{DELTAS} deltas: {millis:.1} ms for {} events  (at most 100: {}); the process had at most {} MB",
        events.len(),
        kept(millis <= 100.0),
        peak().map_or_else(|| "?".to_owned(), |kib| (kib / 1024).to_string()),
    );
}

const fn kept(kept: bool) -> &'static str {
    if kept { "kept" } else { "NOT KEPT" }
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

fn deltas() -> Vec<u8> {
    let delta = r#"{"type":"stream_event","event":{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"twenty bytes of text"}},"session_id":"5b1f","parent_tool_use_id":null}"#;
    let mut lines = format!("{delta}\n").repeat(DELTAS);
    lines.push_str("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":false}\n");
    lines.into_bytes()
}

fn translation() -> Translation {
    let dialect = dialect(Adapter::ClaudeCli, Mode::Faithful, Opening::default()).expect("a dialect");
    Translation::new(dialect, Mode::Faithful)
}

/// What the driver does: pieces of a pipe into lines, and lines into events.
fn each(bytes: &[u8], mut take: impl FnMut(yoi_host::bridge::NormalizedEvent)) {
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
    let mut lines = Lines::new(1 << 20);
    let mut count = 0;
    for piece in bytes.chunks(64 * 1024) {
        lines.push(piece);
        while let Some(Line::Text(line)) = lines.next() {
            black_box(serde_json::from_slice::<serde_json::Value>(line.as_bytes()).expect("JSON"));
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
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}
