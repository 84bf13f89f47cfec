//! Runs that are ended before their time.

use std::fs;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

use super::folder;

#[test]
fn whoever_interrupts_a_run_ends_its_children() {
    let folder = folder();
    let pid = folder.path().join("pid");
    // It reads nothing, so that the end of its input does not end it.
    let script = "echo $$ > pid.new; mv pid.new pid; exec tail -f /dev/null";
    let mut run = Command::new(env!("CARGO_BIN_EXE_yoikit"))
        .args(["test", "--", "/bin/sh", "-c", script])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while !pid.exists() {
        assert!(
            run.try_wait().unwrap().is_none(),
            "it ended before its child began"
        );
        std::thread::yield_now();
    }
    let child: i32 = fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
    let child = Pid::from_raw(child).unwrap();
    assert!(test_kill_process(child).is_ok());
    kill_process(Pid::from_child(&run), Signal::INT).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(130));
    assert!(test_kill_process(child).is_err(), "the child is still there");
}

/// An adapter of a host that refuses to read packages, and hangs with the first that it is to load.
const HANGS: &str = r#"
while read -r line; do
    id=${line#*:}; id=${id%%,*}
    case $line in
    *'"op":"hello"'*) echo "{\"id\":$id,\"done\":{\"hello\":{\"protocol\":\"yoikit.host/1\",\"host\":\"h\",\"version\":\"1\",\"profiles\":[\"documented\"]}}}" ;;
    *'"op":"inspect"'*) echo "{\"id\":$id,\"refused\":{\"kind\":\"package\",\"message\":\"no\"}}" ;;
    *) echo $$ > pid.new; mv pid.new pid; exec tail -f /dev/null ;;
    esac
done"#;

#[test]
fn a_run_that_is_interrupted_tells_what_it_knows_and_leaves_no_earlier_report() {
    for (signal, status, name) in [(Signal::INT, 130, "SIGINT"), (Signal::TERM, 143, "SIGTERM")] {
        let folder = tempfile::tempdir().unwrap();
        let here = |file: &str| folder.path().join(file);
        let (errors, output) = (here("stderr"), here("stdout"));
        let earlier = [
            ("r.jsonl", "{}"),
            ("r.xml", "<?xml"),
            ("r.html", "<!DOCTYPE html>"),
        ];
        for (file, before) in earlier {
            fs::write(here(file), before).unwrap();
        }
        // Cases of packages end; one of those for which a plugin is loaded does not.
        let words = [
            "test",
            "--side",
            "host",
            "--case",
            "plugin.host.packages",
            "--case",
            "plugin.host.websocket",
            "--jobs",
            "1",
            "--timeout",
            "1day",
            "--jsonl",
            "r.jsonl",
            "--junit",
            "r.xml",
            "--html",
            "r.html",
            "--",
            "/bin/sh",
            "-c",
            HANGS,
        ];
        let mut run = crate::run::command(folder.path(), &words)
            .stdout(fs::File::create(&output).unwrap())
            .stderr(fs::File::create(&errors).unwrap())
            .spawn()
            .unwrap();
        while !here("pid").exists() {
            assert!(run.try_wait().unwrap().is_none(), "it ended before a case hung");
            std::thread::yield_now();
        }
        let child: i32 = fs::read_to_string(here("pid")).unwrap().trim().parse().unwrap();
        assert!(
            !here("r.xml").exists(),
            "an earlier report is taken for this run's"
        );
        kill_process(Pid::from_child(&run), signal).unwrap();
        assert_eq!(run.wait().unwrap().code(), Some(status));
        let child = Pid::from_raw(child).unwrap();
        assert!(test_kill_process(child).is_err(), "the child is still there");

        let told = fs::read_to_string(&errors).unwrap();
        assert_eq!(
            told,
            format!("interrupted by {name}: what runs is ended, and what is known is told\n")
        );
        let lines = fs::read_to_string(here("r.jsonl")).unwrap();
        let lines: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let end = lines.last().unwrap();
        assert_eq!(end["outcome"], "interrupted");
        assert_eq!(end["interrupted"]["by"], name);
        assert!(lines.len() > 2, "no case ended");
        let junit = fs::read_to_string(here("r.xml")).unwrap();
        assert!(junit.contains("type=\"interrupted\""), "{junit}");
        for file in ["r.html", "stdout"] {
            let told = fs::read_to_string(here(file)).unwrap();
            assert!(told.contains(&format!("interrupted by {name}")), "{file}: {told}");
        }
    }
}
