//! `yoikit bridge`, with shells in place of child agents.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::thread;

use rustix::io::ioctl_fionread;
use rustix::process::{Pid, Signal, kill_process};

use crate::run::{Ran, assert_ran, command, yoikit, yoikit_with_input};

const TURN: &str = r#"{"type":"thread.started","thread_id":"01a1"}
{"type":"turn.started"}
{"type":"item.completed","item":{"id":"item_0","type":"reasoning","text":"**Look**"}}
{"type":"item.completed","item":{"id":"item_1","type":"command_execution","command":"ls","exit_code":0,"status":"completed"}}
{"type":"item.completed","item":{"id":"item_2","type":"agent_message","text":"One\u001b[31m file."}}
{"type":"new.thing"}
{"type":"turn.completed","usage":{"input_tokens":22,"cached_input_tokens":8,"output_tokens":14}}
"#;

/// A folder in which `sh` is asked instead of codex: the script sees codex's arguments.
fn folder(script: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("turn.ndjson"), TURN).unwrap();
    fs::write(folder.path().join("codex.sh"), script).unwrap();
    folder
}

fn ask(folder: &Path, words: &[&str]) -> Ran {
    let words = [words, &["--binary", "sh", "--arg", "codex.sh"]].concat();
    yoikit(folder, &words)
}

#[test]
fn an_answer_goes_to_standard_output_and_what_was_done_for_it_to_standard_error() {
    let folder = folder("cat >/dev/null; cat turn.ndjson; echo noise");
    assert_ran!(ask(folder.path(), &["bridge", "run", "codex-cli", "how many files?"]), @r#"
    exit 0
    --- stdout
    One\u{1b}[31m file.
    --- stderr
    **Look**
    ran command_execution ls
    done
    14 tokens in, 14 out, 8 out of a cache; 1 of 7 lines said what is not known (`--json` has them); `--resume 01a1` goes on
    "#);
}

#[test]
fn the_prompt_and_the_words_of_the_protocol_reach_the_child() {
    let script = r#"printf '{"type":"item.completed","item":{"id":"i","type":"agent_message","text":"'
printf '%s, ' "$@" "$A"; cat | tr -d '\n'; printf '"}}\n{"type":"turn.completed"}\n'"#;
    let folder = folder(script);
    fs::write(folder.path().join("prompt"), "from a file").unwrap();
    let prompt = Stdio::from(fs::File::open(folder.path().join("prompt")).unwrap());
    let words = [
        "bridge",
        "run",
        "codex-cli",
        "-",
        "--binary",
        "sh",
        "--arg",
        "codex.sh",
        "--model",
        "m-1",
        "--resume",
        "01a1",
        "--env",
        "A=b",
    ];
    let ran = yoikit_with_input(folder.path(), &words, prompt);
    assert_eq!(
        ran.stdout,
        "exec, resume, --json, --skip-git-repo-check, --model, m-1, 01a1, -, b, from a file\n"
    );
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

#[test]
fn events_are_lines_of_json_between_a_head_and_a_tail() {
    let folder = folder("cat >/dev/null; cat turn.ndjson");
    assert_ran!(ask(folder.path(), &["bridge", "run", "codex-cli", "hi", "--json"]), @r#"
    exit 0
    --- stdout
    {"kind":"head","schema":"yoikit.bridge-events/1","adapter":"codex-cli","mode":"faithful"}
    {"kind":"resume","resumeToken":"01a1"}
    {"kind":"thinking","delta":"**Look**"}
    {"kind":"activity","id":"item_1","tool":"command_execution","state":"done","title":"ls","detail":{"id":"item_1","type":"command_execution","command":"ls","exit_code":0,"status":"completed"}}
    {"kind":"break"}
    {"kind":"text","delta":"One\u001b[31m file."}
    {"kind":"unknown","line":"{\"type\":\"new.thing\"}"}
    {"kind":"usage","usage":{"input":14,"output":14,"cacheRead":8,"cacheWrite":0,"totalTokens":36,"cost":{"input":0.0,"output":0.0,"cacheRead":0.0,"cacheWrite":0.0,"total":0.0}},"wholeConversation":false}
    {"kind":"finish","reason":"stop"}
    {"kind":"tail","ended":"exit status 0","lines":{"lines":7,"unknown":1,"noise":0,"tooLong":0,"notText":0,"afterEnd":0},"attempts":1}
    "#);
}

#[test]
fn a_child_that_fails_fails_the_run_with_its_last_words() {
    let folder = folder("echo 'error: not logged in' >&2; exit 1");
    assert_ran!(ask(folder.path(), &["bridge", "run", "codex-cli", "hi"]), @"
    exit 1
    --- stderr
    failed: the child ended before it was done: exit status 1; its last words on standard error:
    error: not logged in
    help: run the program by itself: it may want a login first, or other arguments
    ");
}

#[test]
fn a_run_that_is_asked_to_end_tells_its_last_event_whoever_asks() {
    for (asks, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let folder = folder("cat >/dev/null; head -n 1 turn.ndjson; exec sleep 300");
        let words = [
            "bridge",
            "run",
            "codex-cli",
            "hi",
            "--json",
            "--binary",
            "sh",
            "--arg",
            "codex.sh",
        ];
        let mut run = crate::signals::hearing(folder.path(), &words);
        let mut lines = BufReader::new(run.stdout.take().unwrap())
            .lines()
            .map(Result::unwrap);
        let told = lines.find(|line| line.contains("resume"));
        assert!(told.is_some());
        kill_process(Pid::from_child(&run), asks).unwrap();
        let rest: Vec<String> = lines.collect();
        assert!(
            rest.len() == 2 && rest[0].contains(r#""aborted":true"#) && rest[1].contains(r#""kind":"tail""#),
            "{asks:?}: {rest:?}"
        );
        assert_eq!(run.wait().unwrap().code(), Some(status));
    }
}

/// Whether a process is not there any more, or is nothing but its status.
fn is_gone(process: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"));
    stat.map_or(true, |stat| stat.contains(") Z "))
}

#[test]
fn an_exchange_that_nobody_reads_ends_when_it_is_asked_to_and_when_its_time_is_over() {
    // Of these a pipe holds one to a page: 16.
    let text = "x".repeat(3000);
    let line = format!(r#"{{"type":"event","event":{{"kind":"text_delta","delta":"{text}"}}}}"#);
    let script = format!("echo $$ >child; exec yes '{line}'");
    for (times, asks, status) in [(&["--timeout", "2s"][..], 0, 3), (&[], 1, 130), (&[], 2, 130)] {
        let folder = folder(&script);
        let words = [
            "bridge",
            "run",
            "indusagi-wire",
            "hi",
            "--json",
            "--binary",
            "sh",
            "--arg",
            "codex.sh",
        ];
        let mut run = command(folder.path(), &[&words[..], times].concat())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let unread = run.stdout.take().unwrap();
        while ioctl_fionread(&unread).unwrap() < 15 * 3000 {
            thread::yield_now();
        }
        for _ in 0..asks {
            kill_process(Pid::from_child(&run), Signal::INT).unwrap();
        }
        let ended = run.wait().unwrap();
        let mut said = String::new();
        run.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        assert_eq!(ended.code(), Some(status), "{times:?} {asks}: {said}");
        assert!(said.contains("nobody reads what is told of it"), "{said}");
        let child = fs::read_to_string(folder.path().join("child")).unwrap();
        while !is_gone(child.trim()) {
            thread::yield_now();
        }
        drop(unread);
    }
}

#[test]
fn a_child_that_says_nothing_at_all_may_not_say_nothing_for_longer_than_was_said() {
    let folder = folder("cat >/dev/null; exec sleep 300");
    let words = ["bridge", "run", "codex-cli", "hi", "--idle", "50ms"];
    assert_ran!(ask(folder.path(), &words), @"
    exit 1
    --- stderr
    failed: the child did not say its first line within 50ms
    help: give it more time: `--idle TIME` for its silence, `--timeout TIME` for all of it
    ");
}

#[test]
fn what_cannot_be_asked_says_why() {
    let folder = folder("");
    let absent = ["bridge", "run", "codex-cli", "hi", "--binary", "no-such-codex"];
    assert_ran!(yoikit(folder.path(), &absent), @"
    exit 3
    --- stderr
    failed: there is no program `no-such-codex`
    help: install it, or say where it is with `--binary FILE`
    ");
    let flag = ["bridge", "run", "claude-cli", "hi", "--resume", "--yolo"];
    assert_ran!(yoikit(folder.path(), &flag), @"
    exit 2
    --- stderr
    failed: the resume token `--yolo` would be taken for a flag
    ");
    let unknown = yoikit(folder.path(), &["bridge", "run", "gemini", "hi"]);
    assert_eq!(unknown.status, 2);
    assert!(
        unknown.stderr.contains("there is no adapter `gemini`: choose"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn a_program_that_was_named_by_a_path_is_looked_for_from_here_and_called_what_it_is() {
    let folder = folder("");
    let script = format!(
        "#!/bin/sh\ncat >/dev/null; cat {}/turn.ndjson\n",
        folder.path().display()
    );
    let runnable = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).unwrap();
    };
    runnable("mine", &script);
    runnable("no-interpreter", "#!/no/such/python\n");
    fs::create_dir(folder.path().join("elsewhere")).unwrap();
    let words = [
        "bridge",
        "run",
        "codex-cli",
        "hi",
        "--cwd",
        "elsewhere",
        "--binary",
    ];
    // Another test may just be starting a process that has the files open for writing.
    let run = |binary: &str| loop {
        let ran = yoikit(folder.path(), &[&words[..], &[binary]].concat());
        if !ran.stderr.contains("Text file busy") {
            break ran;
        }
    };
    let ran = run("./mine");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let all = ["./turn.ndjson", "./no-interpreter", "./elsewhere", "./nobody"].map(|binary| {
        let ran = run(binary);
        assert_eq!(ran.status, 3, "{}", ran.stderr);
        ran.stderr.replace(&folder.path().display().to_string(), "[HERE]")
    });
    insta::assert_snapshot!(all.concat(), @"
    failed: `[HERE]/turn.ndjson` may not be run: make it executable (`chmod +x`), or look at the rights of its folders
    failed: `[HERE]/no-interpreter` is there, but not the program that its first line (`#!`) names
    failed: `[HERE]/elsewhere` is a folder, and no program
    failed: there is no program `[HERE]/nobody`
    ");
}

#[test]
fn what_to_do_about_a_failure_is_told_to_programs_too() {
    let folder = folder("cat >/dev/null; echo '{\"type\":\"another\"}'");
    let advice = |ran: &Ran| {
        let tail: serde_json::Value = serde_json::from_str(ran.stdout.lines().last().unwrap()).unwrap();
        tail["advice"].as_str().unwrap_or_default().to_owned()
    };
    let words = ["bridge", "run", "codex-cli", "hi", "--json"];
    let foreign = ask(folder.path(), &words);
    fs::write(folder.path().join("foreign.ndjson"), "{\"kind\":\"head\"}\n").unwrap();
    fs::write(folder.path().join("codex.sh"), "exit 0").unwrap();
    let mute = ask(folder.path(), &words);
    let absent = yoikit(
        folder.path(),
        &[&words[..], &["--binary", "no-such-codex"]].concat(),
    );
    let replayed = yoikit(
        folder.path(),
        &["bridge", "replay", "codex-cli", "foreign.ndjson"],
    );
    let all = [foreign, mute, absent, replayed].map(|ran| advice(&ran));
    insta::assert_snapshot!(all.join("\n"), @"
    nothing that it said was understood: is this the adapter of that program?
    run the program by itself: it may want a login first, or other arguments
    install it, or say where it is with `--binary FILE`
    no line was understood: are they what that program said, and not events or another's lines?
    ");
}

#[test]
fn conversations_are_remembered_in_a_file_of_their_own_and_in_a_folder_that_is_there() {
    let folder = folder("cat >/dev/null; cat turn.ndjson");
    fs::write(folder.path().join("other"), "{broken").unwrap();
    let with = |links: &str| {
        ask(
            folder.path(),
            &["bridge", "run", "codex-cli", "hi", "--links", links],
        )
    };
    let (absent, other) = (with("no-such/links"), with("other"));
    assert_eq!((absent.status, other.status), (3, 2));
    insta::assert_snapshot!(absent.stderr + &other.stderr, @"
    error: failed to remember conversations in no-such/links: No such file or directory (os error 2)
    error: other holds something else than conversations: name another file
    ");
    assert!(!folder.path().join("no-such").exists());
    assert_eq!(
        fs::read_to_string(folder.path().join("other")).unwrap(),
        "{broken"
    );
}

#[test]
fn a_prompt_that_is_no_text_is_a_mistake_of_whoever_asks() {
    let folder = folder("");
    fs::write(folder.path().join("prompt"), b"\xff\xfe").unwrap();
    let prompt = Stdio::from(fs::File::open(folder.path().join("prompt")).unwrap());
    let ran = yoikit_with_input(folder.path(), &["bridge", "run", "codex-cli", "-"], prompt);
    assert_eq!(
        (ran.status, ran.stderr.trim()),
        (2, "error: the prompt is no UTF-8")
    );
}

#[test]
fn a_mark_of_the_byte_order_before_a_prompt_is_no_part_of_it() {
    let folder = folder("cat >asked; cat turn.ndjson");
    fs::write(folder.path().join("prompt"), "\u{feff}hello").unwrap();
    let prompt = Stdio::from(fs::File::open(folder.path().join("prompt")).unwrap());
    let words = [
        "bridge",
        "run",
        "codex-cli",
        "-",
        "--binary",
        "sh",
        "--arg",
        "codex.sh",
    ];
    assert_eq!(yoikit_with_input(folder.path(), &words, prompt).status, 0);
    let asked = fs::read_to_string(folder.path().join("asked")).unwrap();
    assert_eq!(asked, "hello\n");
}

#[test]
fn a_conversation_whose_name_cannot_be_handed_on_is_not_offered() {
    let folder = folder("cat >/dev/null; sed 's/01a1/-x/' turn.ndjson | head -n 1; tail -n 1 turn.ndjson");
    let words = ["bridge", "run", "codex-cli", "hi", "--links", "links"];
    assert_ran!(ask(folder.path(), &words), @"
    exit 0
    --- stderr
    notice: the resume token `-x` would be taken for a flag: the child calls its conversation so, and it cannot be taken up again
    done
    14 tokens in, 14 out, 8 out of a cache; there is nothing to remember: it said no name by which its conversation is taken up again
    ");
    // Nothing stands in the way of the next turn.
    assert_eq!(ask(folder.path(), &words).status, 0);
}

#[test]
fn a_failure_fails_a_replay_however_it_is_read() {
    let folder = folder("");
    let failed = "{\"type\":\"error\",\"message\":\"no\"}\n";
    fs::write(folder.path().join("failed.ndjson"), failed).unwrap();
    let words = [
        "bridge",
        "replay",
        "codex-cli",
        "failed.ndjson",
        "--mode",
        "compat",
    ];
    let ran = yoikit(folder.path(), &words);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
}

#[test]
fn a_failure_is_one_line_of_json_where_lines_of_json_are_expected() {
    let folder = folder("");
    let failed = |words: &[&str]| {
        let ran = yoikit(folder.path(), &[&["bridge"], words].concat());
        let lines: Vec<serde_json::Value> = ran
            .stdout
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(lines.len(), 1, "{}", ran.stdout);
        assert_eq!(lines[0]["schema"], "yoikit.failure/1");
        assert_eq!(lines[0]["exit"], ran.status);
        assert!(!ran.stderr.is_empty());
        format!(
            "{} {}",
            ran.status,
            lines[0]["message"].as_str().unwrap().lines().next().unwrap()
        )
    };
    let all = [
        failed(&["run", "codex-cli", " ", "--json"]),
        failed(&["run", "codex-cli", "hi", "--cwd", "no-such", "--json"]),
        failed(&["run", "no.wasm", "hi", "--binary", "sh", "--json"]),
        failed(&["run", "codex-cli", "hi", "--env", "=x", "--json"]),
        failed(&["record", "codex-cli", "hi", "-o", "no-such/kept", "--json"]),
        failed(&["replay", "codex-cli", "no-such"]),
        failed(&["replay", "codex-cli", "."]),
        failed(&["replay", "codex-cli", "turn.ndjson", "--mode", "exact"]),
        failed(&["replay", "gemini", "turn.ndjson"]),
        failed(&["replay", "turn.wasm", "turn.ndjson", "--mode", "compat"]),
        failed(&["probe", "codex-cli", "--binary", "no-such", "--json"]),
        failed(&["probe", "codex-cli", "--binary", "turn.ndjson", "--json"]),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    2 there is nothing to ask: the prompt is empty
    3 failed to work in no-such: No such file or directory (os error 2)
    3 failed to read the dialect no.wasm: No such file or directory (os error 2)
    2 error: invalid value '=x' for '--env <VARIABLE>': a variable has a name
    3 failed to begin the recording no-such/kept: No such file or directory (os error 2)
    3 failed to read what a child said in no-such: No such file or directory (os error 2)
    3 failed to read what a child said in .: is a directory
    2 error: invalid value 'exact' for '--mode <MODE>': choose `faithful` or `compat`
    2 error: invalid value 'gemini' for '<ADAPTER>': there is no adapter `gemini`: choose `claude-cli`, `codex-cli`, `codex-app-server`, `indusagi-cli` or `indusagi-wire`; or the file of a dialect, `NAME.wasm`
    2 the reference has no `turn`, so there is nothing to be compared with: leave out `--mode compat`
    3 there is no program `no-such`: install it, or say where it is with `--binary FILE`
    3 there is no program `turn.ndjson`: install it, or say where it is with `--binary FILE`
    ");
}

#[test]
fn a_child_that_says_nothing_leaves_no_recording() {
    let folder = folder("");
    let words = ["bridge", "record", "codex-cli", "hi", "-o", "kept.ndjson"];
    let absent = [&words[..], &["--binary", "no-such-codex"]].concat();
    assert_eq!(yoikit(folder.path(), &absent).status, 3);
    assert!(!folder.path().join("kept.ndjson").exists());
    fs::write(
        folder.path().join("codex.sh"),
        "cat >/dev/null; echo 'not logged in' >&2; exit 1",
    )
    .unwrap();
    assert_ran!(ask(folder.path(), &words), @"
    exit 1
    --- stderr
    failed: the child ended before it was done: exit status 1; its last words on standard error:
    not logged in
    help: run the program by itself: it may want a login first, or other arguments
    warning: the child said no line of text: there is no recording
    ");
    assert!(!folder.path().join("kept.ndjson").exists());
    // So that whoever mends it can try again.
    fs::write(folder.path().join("codex.sh"), "cat >/dev/null; cat turn.ndjson").unwrap();
    assert_eq!(ask(folder.path(), &words).status, 0);
}

#[test]
fn a_conversation_is_gone_on_with_and_begun_anew_where_it_is_lost() {
    let script = r#"cat >/dev/null
case "$*" in *resume*) test -e lost && { echo 'no rollout found for thread id' >&2; exit 1; };; esac
cat turn.ndjson"#;
    let folder = folder(script);
    let run = || {
        ask(
            folder.path(),
            &[
                "bridge",
                "run",
                "codex-cli",
                "hi",
                "--links",
                "links.jsonl",
                "--json",
            ],
        )
    };
    assert_eq!(run().status, 0);
    let again = run();
    // The child counts on: nothing was used since.
    assert!(!again.stdout.contains("\"usage\""), "{}", again.stdout);
    fs::write(folder.path().join("lost"), "").unwrap();
    let lost = run();
    assert_eq!(lost.status, 0);
    assert!(
        lost.stdout
            .contains("does not know the conversation `01a1` any more"),
        "{}",
        lost.stdout
    );
    assert!(lost.stdout.contains("\"attempts\":2"), "{}", lost.stdout);
}

#[test]
fn a_child_that_has_no_name_for_its_conversation_is_said_to_have_none() {
    let folder = folder("cat >/dev/null; tail -n 1 turn.ndjson");
    let words = ["bridge", "run", "codex-cli", "hi", "--links", "links"];
    assert_ran!(ask(folder.path(), &words), @"
    exit 0
    --- stderr
    done
    14 tokens in, 14 out, 8 out of a cache; there is nothing to remember: it said no name by which its conversation is taken up again
    ");
}

#[test]
fn what_was_recorded_is_replayed_to_the_same_events() {
    let folder = folder("cat >/dev/null; cat turn.ndjson");
    let words = [
        "bridge",
        "record",
        "codex-cli",
        "hi",
        "-o",
        "kept.ndjson",
        "--json",
    ];
    let recorded = ask(folder.path(), &words);
    assert_eq!(recorded.status, 0, "{}", recorded.stderr);
    assert_eq!(
        fs::read_to_string(folder.path().join("kept.ndjson")).unwrap(),
        TURN
    );
    let events = |ran: &Ran| {
        let lines = ran
            .stdout
            .lines()
            .filter(|line| !line.contains("\"kind\":\"tail\""));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    for json in [&["--json"][..], &[]] {
        let words = [&["bridge", "replay", "codex-cli", "kept.ndjson"], json].concat();
        let replayed = yoikit(folder.path(), &words);
        assert_eq!(events(&replayed), events(&recorded));
    }
    // What is there is not written over.
    assert_ran!(ask(folder.path(), &words), @r#"
    exit 2
    --- stdout
    {"schema":"yoikit.failure/1","exit":2,"message":"kept.ndjson is there, and no recording is written over anything: remove it, or name another file","advice":null}
    --- stderr
    error: kept.ndjson is there, and no recording is written over anything: remove it, or name another file
    "#);
}

#[test]
fn of_a_turn_that_was_tried_again_the_second_child_is_recorded() {
    let script = r#"cat >/dev/null
case "$*" in *resume*) echo '{"type":"turn.started"}'; echo 'no rollout found for thread id' >&2; exit 1;; esac
cat turn.ndjson"#;
    let folder = folder(script);
    let words = [
        "bridge",
        "record",
        "codex-cli",
        "hi",
        "-o",
        "kept.ndjson",
        "--resume",
        "01a0",
    ];
    let recorded = ask(folder.path(), &words);
    assert_eq!(recorded.status, 0, "{}", recorded.stderr);
    assert_eq!(
        fs::read_to_string(folder.path().join("kept.ndjson")).unwrap(),
        TURN
    );
}

#[test]
fn the_references_reading_is_at_hand_where_there_is_one() {
    let folder = folder("");
    let words = ["bridge", "replay", "codex-cli", "turn.ndjson", "--mode", "compat"];
    assert_ran!(yoikit(folder.path(), &words), @r#"
    exit 0
    --- stdout
    {"kind":"head","schema":"yoikit.bridge-events/1","adapter":"codex-cli","mode":"compat"}
    {"kind":"resume","resumeToken":"01a1"}
    {"kind":"text","delta":"**Look**"}
    {"kind":"text","delta":"One\u001b[31m file."}
    {"kind":"finish","reason":"stop"}
    {"kind":"tail","ended":null,"lines":{"lines":7,"unknown":2,"noise":0,"tooLong":0,"notText":0,"afterEnd":0},"attempts":0}
    "#);
    let words = [
        "bridge",
        "replay",
        "indusagi-wire",
        "turn.ndjson",
        "--mode",
        "compat",
    ];
    let refused = yoikit(folder.path(), &words);
    assert_eq!(refused.status, 2);
    insta::assert_snapshot!(refused.stderr, @"error: the reference has no `indusagi-wire`, so there is nothing to be compared with: leave out `--mode compat`");
}

#[test]
fn a_recording_that_breaks_off_fails() {
    let folder = folder("");
    let cut = &TURN[..TURN.len() / 2];
    fs::write(folder.path().join("cut.ndjson"), cut).unwrap();
    let ran = yoikit(folder.path(), &["bridge", "replay", "codex-cli", "cut.ndjson"]);
    assert_eq!(ran.status, 1);
    assert!(
        ran.stdout.contains("the child ended before it was done"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_probe_says_who_is_there_and_what_is_missing() {
    let folder = folder("");
    let ran = yoikit(
        folder.path(),
        &["bridge", "probe", "indusagi-wire", "--binary", "no-such-program"],
    );
    assert_ran!(ran, @"
    exit 3
    --- stderr
    error: there is no program `no-such-program`: install it, or say where it is with `--binary FILE`
    ");
    // A program that is there, and no child agent.
    let ran = yoikit(
        folder.path(),
        &[
            "bridge",
            "probe",
            "codex-app-server",
            "--binary",
            "/bin/sh",
            "--json",
        ],
    );
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(
        (&report["fits"], &report["program"]),
        (&false.into(), &"/bin/sh".into())
    );
}

#[test]
fn a_dialect_may_be_a_component() {
    let folder = folder("echo '{\"anything\":1}'");
    let answer =
        r#"{\"events\":[{\"kind\":\"text\",\"delta\":\"heard\"},{\"kind\":\"finish\",\"reason\":\"stop\"}]}"#;
    let length = answer.replace('\\', "").len();
    let component = format!(
        r#"(component
          (core module $m
            (memory (export "memory") 1)
            (data (i32.const 0) "\20\00\00\00\02\00\00\00\00\01\00\00\{length:02x}\00\00\00")
            (data (i32.const 32) "{{}}")
            (data (i32.const 256) "{answer}")
            (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
            (func (export "none") (param i32 i32) (result i32) (i32.const 0))
            (func (export "some") (param i32 i32) (result i32) (i32.const 8)))
          (core instance $i (instantiate $m))
          (func (export "open") (param "opening" string) (result string)
            (canon lift (core func $i "none") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
          (func (export "line") (param "line" string) (result string)
            (canon lift (core func $i "some") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
          (func (export "end") (param "ending" string) (result string)
            (canon lift (core func $i "none") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))"#
    );
    fs::write(
        folder.path().join("mine.wasm"),
        wat::parse_str(component).unwrap(),
    )
    .unwrap();
    let replayed = yoikit(folder.path(), &["bridge", "replay", "mine.wasm", "turn.ndjson"]);
    assert_ran!(replayed, @r#"
    exit 0
    --- stdout
    {"kind":"head","schema":"yoikit.bridge-events/1","adapter":"mine","mode":"faithful"}
    {"kind":"text","delta":"heard"}
    {"kind":"finish","reason":"stop"}
    {"kind":"tail","ended":null,"lines":{"lines":7,"unknown":0,"noise":0,"tooLong":0,"notText":0,"afterEnd":6},"attempts":0}
    "#);
    let ran = ask(folder.path(), &["bridge", "run", "mine.wasm", "hi"]);
    assert_eq!(
        (ran.status, ran.stdout.as_str()),
        (0, "heard\n"),
        "{}",
        ran.stderr
    );
    let ran = yoikit(folder.path(), &["bridge", "run", "mine.wasm", "hi"]);
    assert_eq!(ran.status, 2);
    assert!(
        ran.stderr.contains("name the program with `--binary FILE`"),
        "{}",
        ran.stderr
    );
    fs::write(
        folder.path().join("no.wasm"),
        wat::parse_str("(component)").unwrap(),
    )
    .unwrap();
    let ran = yoikit(folder.path(), &["bridge", "replay", "no.wasm", "turn.ndjson"]);
    assert_eq!(ran.status, 3);
    insta::assert_snapshot!(ran.stderr, @"error: no.wasm is no dialect: it does not export `open: func(string) -> string`: a dialect stands in the world yoi:bridge/dialect");
}

#[test]
fn every_line_is_as_its_schema_says() {
    let folder = folder("cat >/dev/null; cat turn.ndjson");
    let schema = yoikit(folder.path(), &["schema", "bridge-events"]);
    let schema: serde_json::Value = serde_json::from_str(&schema.stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let ran = ask(folder.path(), &["bridge", "run", "codex-cli", "hi", "--json"]);
    assert!(ran.stdout.lines().count() > 8);
    for line in ran.stdout.lines() {
        let line = serde_json::from_str(line).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&line)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{line}: {errors:?}");
    }
}
