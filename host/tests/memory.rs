//! What a long answer and a slow reader cost in memory: the most that a process ever had which did that alone.
//!
//! Each test runs itself once more as a process of its own, which does the work and says how much it had. What the
//! machine is busy with besides makes that slower, and no larger.

#![cfg(target_os = "linux")]

use std::env;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use tempfile::TempDir;
use yoi_host::bridge::{
    Adapter, Broker, Context, Exchange, ExchangeOptions, Model, NormalizedEvent, StreamEvent,
};

/// Names what a process of a test does, in place of the test.
const ALONE: &str = "YOIKIT_TEST_ALONE";

/// What a process says its peak after.
const PEAK: &str = "peak KiB: ";

/// Deltas of the long answer that the reference needs 3.9 GB for, of 20 bytes each.
const DELTAS: usize = 20_000;

/// Most KiB that they may take, the process itself included.
const AT_MOST: u64 = 50 * 1024;

/// Most KiB that a host may have more while somebody reads slowly: its room for events, and twice the longest line
/// that comes here.
const SLOW_AT_MOST: u64 = 12 * 1024;

/// The most that a process ever had which ran the test of this name, doing only what `what` names.
fn peak_of(test: &str, what: &str) -> u64 {
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(ALONE, what)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = text.split_once(PEAK).map(|(_, rest)| rest);
    let Some(peak) = said.and_then(|rest| rest.split_whitespace().next()) else {
        panic!("{text}\n{}", String::from_utf8_lossy(&output.stderr));
    };
    peak.parse().unwrap()
}

/// What this process is to do, where it is one of a test's own.
fn alone() -> Option<String> {
    env::var(ALONE).ok()
}

#[expect(clippy::print_stdout, reason = "whoever started this process reads it")]
fn say_peak() {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    println!("{PEAK}{}", line.unwrap().split_whitespace().next().unwrap());
}

/// A child that says lines as soon as it is there. They are never in this process.
struct Agent {
    folder: TempDir,
}

impl Agent {
    /// One that says this line so many times, and then that it is done.
    fn saying(line: &str, times: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let said = folder.path().join("said");
        let mut file = BufWriter::new(File::create(&said).unwrap());
        for _ in 0..times {
            file.write_all(line.as_bytes()).unwrap();
        }
        file.write_all(RESULT.as_bytes()).unwrap();
        file.flush().unwrap();
        let program = folder.path().join("agent");
        fs::write(&program, format!("#!/bin/sh\nexec cat '{}'\n", said.display())).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
        Self { folder }
    }

    fn broker(&self) -> (Broker, Model) {
        let broker = Broker::new();
        let mut spec = Adapter::ClaudeCli.spec();
        spec.binary_path = Some(self.folder.path().join("agent").to_str().unwrap().to_owned());
        let model = Model {
            id: "m".to_owned(),
            api: "a".to_owned(),
            provider: "p".to_owned(),
            base_url: String::new(),
        };
        let model = broker.bind(model, spec);
        (broker, model)
    }

    fn begin(&self) -> Exchange {
        let (broker, model) = self.broker();
        let exchange = broker.begin(&model, &Context::of_prompt("hi"), &ExchangeOptions::default());
        exchange.unwrap()
    }
}

/// A delta as claude has it.
fn delta(text: &str) -> String {
    format!(
        r#"{{"type":"stream_event","event":{{"type":"content_block_delta","index":0,"delta":{{"type":"text_delta","text":"{text}"}}}}}}"#
    ) + "\n"
}

const RESULT: &str = r#"{"type":"result","subtype":"success","is_error":false}"#;

#[tokio::test]
async fn a_long_answer_in_small_pieces_takes_what_its_text_takes_and_every_event_can_be_kept() {
    let test = "a_long_answer_in_small_pieces_takes_what_its_text_takes_and_every_event_can_be_kept";
    let Some(what) = alone() else {
        let (none, half, all) = (peak_of(test, "0"), peak_of(test, "10000"), peak_of(test, "20000"));
        assert!(all <= AT_MOST, "{DELTAS} deltas take {all} KiB, none {none} KiB");
        // Twice as much text takes twice as much, and not four times.
        let (first, second) = (half.saturating_sub(none), all.saturating_sub(half));
        assert!(
            second <= 2 * first.max(2048),
            "the first half takes {first} KiB, the second {second} KiB"
        );
        return;
    };
    let count: usize = what.parse().unwrap();
    let agent = Agent::saying(&delta("twenty bytes of text"), count);
    let (broker, model) = agent.broker();
    let stream = broker.exchange(&model, &Context::of_prompt("hi"), &ExchangeOptions::default());
    let kept = stream.keep().await;
    let deltas = kept.iter().filter(|event| event.name() == "text_delta").count();
    assert_eq!(deltas, count);
    assert!(kept.iter().last().is_some_and(StreamEvent::is_terminal));
    assert_eq!(kept.result().unwrap().text().len(), 20 * count);
    say_peak();
}

#[tokio::test]
async fn a_slow_reader_makes_the_child_wait_and_not_the_host_grow() {
    let test = "a_slow_reader_makes_the_child_wait_and_not_the_host_grow";
    let Some(what) = alone() else {
        let (few, many) = (peak_of(test, "8"), peak_of(test, "4096"));
        assert!(
            many <= few + SLOW_AT_MOST,
            "64 MiB that are read slowly take {many} KiB, and 128 KiB take {few} KiB"
        );
        return;
    };
    let count: usize = what.parse().unwrap();
    let line = delta(&"x".repeat(16 * 1024));
    let agent = Agent::saying(&line, count);
    let mut exchange = agent.begin();
    let mut read = 0;
    while let Some(event) = exchange.next().await {
        if matches!(event, NormalizedEvent::Text { .. }) {
            read += 1;
        }
        // One thread has both: the host may go on as far as it likes for each event that is taken.
        for _ in 0..64 {
            tokio::task::yield_now().await;
        }
    }
    // And nothing is lost.
    assert_eq!(read, count);
    say_peak();
}
