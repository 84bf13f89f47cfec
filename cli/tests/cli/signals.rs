//! Signals that tell a program to end: the same for every command that has something to end.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// What the system says of a process: a mask of signals, by the name of its line.
fn mask(child: &Child, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    u64::from_str_radix(line.trim(), 16).unwrap()
}

fn bit(signal: Signal) -> u64 {
    1 << (signal.as_raw() - 1)
}

/// The program with these words, from when it hears signals.
pub(crate) fn hearing(folder: &Path, words: &[&str]) -> Child {
    // Whoever runs the tests may ignore it, which is inherited.
    begun(
        folder,
        words,
        "--default-signal=HUP",
        bit(Signal::INT) | bit(Signal::TERM) | bit(Signal::HUP),
    )
}

/// The program with these words, from when it hears `signals`.
fn begun(folder: &Path, words: &[&str], hang_ups: &str, signals: u64) -> Child {
    let mut child = Command::new("env")
        .arg(hang_ups)
        .arg(env!("CARGO_BIN_EXE_yoikit"))
        .args(words)
        .current_dir(folder)
        .env("YOIKIT_CACHE_DIR", crate::run::cache())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while mask(&child, "SigCgt:") & signals != signals {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it heard");
        thread::yield_now();
    }
    child
}

fn tell(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// All that it still prints, and how it ends.
fn rest(mut child: Child) -> (String, Option<i32>) {
    let mut printed = String::new();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_string(&mut printed).unwrap();
    (printed, child.wait().unwrap().code())
}

/// One order after the other, until it ends.
fn insist(child: &mut Child, signal: Signal) -> ExitStatus {
    loop {
        if let Some(ended) = child.try_wait().unwrap() {
            return ended;
        }
        tell(child, signal);
        thread::yield_now();
    }
}

/// A folder with code that never ends, and one that says much before that.
fn endless() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("endless.py"), "while True:\n    pass\n").unwrap();
    let says = "print('x' * 200_000)\nwhile True:\n    pass\n";
    fs::write(folder.path().join("says.py"), says).unwrap();
    folder
}

#[test]
fn what_a_signal_ends_before_it_is_done_tells_what_it_knows_and_has_the_status_of_the_signal() {
    let folder = endless();
    let counter = yoi_guests::COUNTER.package();
    type IsTold = fn(&Value) -> bool;
    let commands: [(&Path, &[&str], IsTold); 3] = [
        (
            counter,
            &[
                "bench",
                ".",
                "--tool",
                "counter_get",
                "--no-cold",
                "--duration",
                "1h",
                "--json",
            ],
            |report| {
                let remarks = report["remarks"].as_array().unwrap();
                remarks.iter().any(|remark| remark["remark"] == "interrupted")
            },
        ),
        (
            counter,
            &["profile", ".", "counter_get", "{}", "--duration", "1h", "--json"],
            |report| report["interrupted"] == true,
        ),
        (
            folder.path(),
            &["ptc", "run", "endless.py", "--timeout", "1h", "--json"],
            |report| report["envelope"]["error_code"] == "run.cancelled",
        ),
    ];
    for (folder, words, is_told) in commands {
        for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
            let child = hearing(folder, words);
            tell(&child, signal);
            let (printed, ended) = rest(child);
            assert_eq!(ended, Some(status), "{words:?}: {printed}");
            let report: Value = serde_json::from_str(&printed).unwrap();
            assert!(is_told(&report), "{words:?}: {printed}");
        }
    }
}

#[test]
fn what_is_told_to_end_by_signals_alone_has_done_well_then() {
    let place = crate::serve::package(yoi_guests::COUNTER, crate::serve::unchanged);
    let serve = [&["serve"], crate::serve::GRANTED].concat();
    for words in [&serve[..], &["plugin", "dev", "."]] {
        for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
            let child = hearing(place.path(), words);
            tell(&child, signal);
            let (printed, ended) = rest(child);
            assert_eq!(ended, Some(0), "{words:?} {signal:?}: {printed}");
        }
    }
}

#[test]
fn a_second_signal_ends_at_once_what_nobody_lets_end_in_order() {
    let folder = endless();
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        // More than a pipe holds, and nobody reads it.
        let words = ["ptc", "run", "says.py", "--timeout", "1h"];
        let mut child = hearing(folder.path(), &words);
        let unread = child.stdout.take();
        assert_eq!(insist(&mut child, signal).code(), Some(status));
        drop(unread);
    }
}

#[test]
fn a_program_that_was_started_to_ignore_hang_ups_does_not_hear_them() {
    let folder = endless();
    let words = ["ptc", "run", "endless.py", "--timeout", "1h"];
    let signals = bit(Signal::INT) | bit(Signal::TERM);
    let child = begun(folder.path(), &words, "--ignore-signal=HUP", signals);
    assert_eq!(mask(&child, "SigCgt:") & bit(Signal::HUP), 0);
    tell(&child, Signal::HUP);
    tell(&child, Signal::TERM);
    assert_eq!(rest(child).1, Some(143));
}
