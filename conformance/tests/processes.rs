//! Targets that are processes: those that keep the contract, and every way not to speak it.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use yoi_conformance::report::{CaseLine, Report, Styles};
use yoi_conformance::run::{self, Entrant, Settings};
use yoi_conformance::suites::plugin::open::{Opening, Speaks};
use yoi_conformance::suites::plugin::target::{GuestTarget, ProcessTimes, Setup};
use yoi_conformance::{Case, Clause, Exit, Suite, Verdict, expect};
use yoi_host::Profile;

/// The samples are in Python, which is not everywhere: the other tests here need a shell only.
fn python() -> bool {
    let mut python = Command::new("python3");
    python
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}

fn sample(name: &str) -> Vec<String> {
    let guests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guests/process");
    vec!["python3".to_owned(), guests.join(name).display().to_string()]
}

fn report(command: &[String], speaks: Speaks) -> Report {
    let opening = Opening {
        profiles: vec![Profile::Documented],
        ..Opening::default()
    };
    let entrants: Vec<Entrant> = opening.command(command, speaks);
    let mut settings = Settings::default();
    settings.options.property_cases = 8;
    // A machine that is busy starts an interpreter in seconds, and that is no fault of the target's.
    settings.options.time_box = Some(Duration::from_secs(600));
    run::run(&entrants, &settings, &mut ()).unwrap()
}

#[test]
fn the_sample_in_python_conforms() {
    if python() {
        let report = report(&sample("counter.py"), Speaks::Plugin);
        assert_eq!(
            report.end.outcome,
            Exit::Conforms,
            "{}",
            report.to_text(Styles::PLAIN)
        );
    }
}

/// A plugin that asks its host for something, and says what it was answered.
const PEEK: &str = r#"
import json, sys
def say(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    if asked["method"] == "hello":
        result = {"protocol": "yoikit.plugin/1", "world": "tool", "tools": [{"name": "peek"}], "renews": True}
    else:
        say(id="a", method="fs.read", params={"request": {"path": "todo.md"}})
        told = json.loads(sys.stdin.readline())
        result = {"summary": "peeked", "content": json.dumps(told["result"])}
    say(id=asked["id"], result=result)
"#;

#[test]
fn every_line_of_a_run_is_as_the_schemas_of_the_wire_say() {
    use yoi_conformance::suites::plugin::target::process::wire::{LineIn, LineOut};
    if !python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let kept = |name: &str| folder.path().join(name).display().to_string();
    let said = |command: &[String]| {
        // Each process keeps what it says and hears for itself: several of them run at a time.
        let script = format!(
            "tee '{}'.$$ | {} | tee '{}'.$$",
            kept("in"),
            command.join(" "),
            kept("out")
        );
        report(&["/bin/sh".to_owned(), "-c".to_owned(), script], Speaks::Plugin)
    };
    let peek = folder.path().join("peek.py");
    std::fs::write(&peek, PEEK).unwrap();
    said(&sample("counter.py"));
    said(&["python3".to_owned(), peek.display().to_string()]);
    let lines = |side: &str| -> Vec<serde_json::Value> {
        let files = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().path());
        let of_side = files.filter(|file| file.file_stem().is_some_and(|stem| stem == side));
        let text: Vec<String> = of_side
            .map(|file| std::fs::read_to_string(file).unwrap())
            .collect();
        // The last one may be cut off where a process was ended.
        let whole = text.iter().flat_map(|text| text.lines());
        whole.filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let into = schemars::generate::SchemaSettings::default().for_serialize();
    let into = into.into_generator().into_root_schema_for::<LineIn>();
    let out = schemars::schema_for!(LineOut);
    for (side, schema) in [("in", into), ("out", out)] {
        let schema = jsonschema::validator_for(&schema.to_value()).unwrap();
        let lines = lines(side);
        assert!(lines.len() > 100, "{side}: {}", lines.len());
        for line in &lines {
            assert!(schema.is_valid(line), "{side}: {line}");
        }
    }
    let is_valid = |line: serde_json::Value| {
        let schema = schemars::schema_for!(LineOut).to_value();
        jsonschema::validator_for(&schema).unwrap().is_valid(&line)
    };
    assert!(!is_valid(
        serde_json::json!({"jsonrpc": "1.0", "id": 1, "result": {"state": "ready"}})
    ));
    assert!(!is_valid(serde_json::json!({"jsonrpc": "2.0", "id": 1})));
    assert!(!is_valid(
        serde_json::json!({"jsonrpc": "2.0", "id": "a", "method": "fs.delete", "params": {"request": {}}})
    ));
}

#[test]
fn a_program_that_says_it_renews_itself_is_held_to_it() {
    const KEEPS: &str = r#"
import json, sys
count = 0
for line in sys.stdin:
    asked = json.loads(line)
    count += asked["method"] == "handle-tool"
    if asked["method"] == "hello":
        result = {"protocol": "yoikit.plugin/1", "world": "instance", "tools": [{"name": "t"}], "renews": True}
    elif asked["method"] == "handle-tool":
        result = {"summary": "counted"}
    else:
        result = {"state": "stopped" if asked["method"] == "stop" else "running", "data": count}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"#;
    if !python() {
        return;
    }
    let command = ["python3", "-c", KEEPS].map(str::to_owned);
    let report = report(&command, Speaks::Plugin);
    let verdict = |case: &str| {
        let mut lines = report.cases.iter();
        lines
            .find(|line| line.case == case)
            .map(|line| line.verdict.name())
    };
    assert_eq!(verdict("plugin.process.renews-itself"), Some("fail"));
    assert_eq!(verdict("plugin.process.says-what-it-is"), Some("pass"));
}

#[test]
fn one_that_ends_at_every_call_is_at_its_smallest_soon_and_is_told_of_once() {
    const ENDS: &str = r#"
import json, sys
open(sys.argv[1], "a").write("started\n")
schema = {"type": "object", "required": ["text", "count"], "properties": {"text": {"type": "string"}, "count": {"type": "integer"}}}
for line in sys.stdin:
    asked = json.loads(line)
    if asked["method"] == "hello":
        result = {"protocol": "yoikit.plugin/1", "world": "tool", "tools": [{"name": "t", "input_schema": schema}], "renews": True}
    else:
        sys.exit("out of order")
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"#;
    if !python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let starts = folder.path().join("starts");
    let command = ["python3", "-c", ENDS].map(str::to_owned);
    let report = report(
        &[&command[..], &[starts.display().to_string()]].concat(),
        Speaks::Plugin,
    );
    let failed = |line: &&CaseLine| line.verdict.evidence().is_some();
    let failures: Vec<&CaseLine> = report.cases.iter().filter(failed).collect();
    assert!(failures.len() > 5, "{failures:?}");
    let fits = failures
        .iter()
        .find(|line| line.case == "plugin.tool.answers-what-fits");
    assert_eq!(
        fits.unwrap().verdict.evidence().unwrap().input,
        Some(serde_json::json!({"tool": "t", "input": {"text": "", "count": 0}}))
    );
    // Once to hear what it is, and for each case that makes inputs up those and a handful to make one smaller.
    let started = std::fs::read_to_string(&starts).unwrap().lines().count();
    assert!(started < 10 * report.cases.len(), "{started}");
    let text = report.to_text(Styles::PLAIN);
    let whole = text.matches("clause      ").count();
    let alike = text
        .matches("seen        the same end of the target as in ")
        .count();
    assert_eq!((whole, alike), (1, failures.len() - 1), "{text}");
}

/// A server that writes a line whenever it is started, and answers with nonsense from this call on.
fn server(starts: &Path, fails_from: u32) -> Vec<String> {
    let code = format!(
        r#"
import json, sys
open({starts:?}, "a").write("started\n")
calls = 0
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    message = {{"jsonrpc": "2.0", "id": asked["id"]}}
    if asked["method"] == "initialize":
        message["result"] = {{"protocolVersion": "2025-06-18", "capabilities": {{"tools": {{}}}}, "serverInfo": {{"name": "s", "version": "1"}}}}
    elif asked["method"] == "tools/list":
        message["result"] = {{"tools": [{{"name": "t", "inputSchema": {{"type": "object"}}}}]}}
    else:
        calls += 1
        content = [{{"type": "text", "text": "done"}}]
        message["result"] = {{"content": content if calls < {fails_from} else "none"}}
    print(json.dumps(message), flush=True)
"#
    );
    ["python3", "-c", &code].map(str::to_owned).to_vec()
}

#[test]
fn a_server_is_kept_for_all_that_a_case_asks_and_what_fails_is_tried_alone() {
    if !python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let starts = folder.path().join("starts");
    let started = || std::fs::read_to_string(&starts).unwrap().lines().count();
    let sound = report(&server(&starts, u32::MAX), Speaks::Mcp);
    // Once to list its tools, and no more often than there are cases, of which none asks for two lives.
    assert!(started() <= sound.cases.len(), "{}", started());
    let failing = report(&server(&starts, 4), Speaks::Mcp);
    let text = failing.to_text(Styles::PLAIN);
    assert!(
        text.contains("alone this input does not fail: what was asked before had a part in it"),
        "{text}"
    );
}

#[test]
fn what_a_stopped_life_leaves_behind_is_seen_in_the_next() {
    const LEAVES: &str = r#"
import json, sys
count = left = 0
for line in sys.stdin:
    asked = json.loads(line)
    if asked["method"] == "hello":
        count = 0
        result = {"protocol": "yoikit.plugin/1", "world": "instance", "tools": [{"name": "t"}], "renews": True}
    elif asked["method"] == "handle-tool":
        count += 1
        result = {"summary": "counted"}
    else:
        if asked["method"] == "start":
            count = left
        if asked["method"] == "stop":
            left = count
        result = {"state": "stopped" if asked["method"] == "stop" else "running", "data": count}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}), flush=True)
"#;
    if !python() {
        return;
    }
    let opening = Opening {
        profiles: vec![Profile::Documented],
        ..Opening::default()
    };
    let mut settings = Settings::default();
    settings.selection.ids = vec!["plugin.process".to_owned()];
    settings.selection.next = true;
    settings.options.time_box = Some(Duration::from_secs(600));
    let verdicts = |command: &[String]| -> Vec<_> {
        let report = run::run(&opening.command(command, Speaks::Plugin), &settings, &mut ()).unwrap();
        let verdict = |line: &CaseLine| (line.case.clone(), line.verdict.name());
        report.cases.iter().map(verdict).collect()
    };
    let renews = "plugin.process.renews-after-stop".to_owned();
    let leaves = ["python3", "-c", LEAVES].map(str::to_owned);
    assert!(verdicts(&leaves).contains(&(renews.clone(), "fail")));
    assert!(verdicts(&sample("counter.py")).contains(&(renews, "pass")));
}

#[test]
fn a_program_that_names_its_ingresses_is_asked_to_take_events() {
    if !python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let source = std::fs::read_to_string(&sample("counter.py")[1]).unwrap();
    let changed = source.replace(r#"return {"accepted": True, "#, r#"return {"accepted": 1, "#);
    assert_ne!(changed, source);
    let path = folder.path().join("counter.py");
    std::fs::write(&path, changed).unwrap();
    let report = report(
        &["python3".to_owned(), path.display().to_string()],
        Speaks::Plugin,
    );
    let mut answered = report.cases.iter();
    let answered = answered.find(|line| line.case == "plugin.ingress.answers-declared-kinds");
    assert_eq!(answered.unwrap().verdict.name(), "fail");
}

#[test]
fn content_that_mcp_does_not_know_is_no_answer_of_a_tool() {
    if !python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let with_content = |content: &str| {
        let source = std::fs::read_to_string(&sample("mcp.py")[1]).unwrap();
        let changed = source.replace(r#"{"type": "text", "text": text}"#, content);
        assert_ne!(changed, source);
        let path = folder.path().join("server.py");
        std::fs::write(&path, changed).unwrap();
        let report = report(&["python3".to_owned(), path.display().to_string()], Speaks::Mcp);
        let line = report
            .cases
            .iter()
            .find(|line| line.case == "plugin.tool.declared-are-served");
        line.unwrap().verdict.clone()
    };
    let Verdict::Fail(evidence) = with_content(r#"{"type": "txet", "text": text}"#) else {
        panic!("there is no such content")
    };
    insta::assert_snapshot!(evidence.finding.seen, @r#"its answer to `tools/call` has content of no kind that revision 2025-06-18 knows: {"text":"`name` is a text","type":"txet"}"#);
    let link = r#"{"type": "resource_link", "uri": "a:b", "name": text}"#;
    assert_eq!(with_content(link), Verdict::Pass);
}

#[test]
fn a_server_that_speaks_mcp_is_held_to_what_is_said_of_tools() {
    if python() {
        let report = report(&sample("mcp.py"), Speaks::Mcp);
        assert_eq!(report.end.outcome, Exit::Conforms);
        assert_eq!(
            report.end.subjects[0].failed,
            0,
            "{}",
            report.to_text(Styles::PLAIN)
        );
        assert!(
            report
                .cases
                .iter()
                .filter(|line| line.case.starts_with("plugin.start."))
                .all(|line| matches!(line.verdict, Verdict::Skipped { optional: true, .. }))
        );
        assert!(
            report
                .cases
                .iter()
                .any(|line| line.case.starts_with("plugin.tool."))
        );
    }
}

/// What is said of a target that is this script, if it is waited for so long.
fn trouble(script: &str, speaks: Speaks, hello: Duration) -> String {
    let command = ["/bin/sh", "-c", script].map(str::to_owned);
    let times = ProcessTimes { hello, call: hello };
    let target = match speaks {
        Speaks::Plugin => GuestTarget::process_of("script", &command, Profile::Documented, times),
        Speaks::Mcp => GuestTarget::mcp_of("script", &command, Profile::Documented, times),
    };
    target.about().trouble.clone().unwrap()
}

/// Longer than any of the scripts takes to say something, or to end, on whatever machine.
const LONG: Duration = Duration::from_secs(60);

#[test]
fn every_way_not_to_speak_is_told_within_its_time() {
    let said = |script| trouble(script, Speaks::Plugin, LONG);
    let silent = trouble(
        "read -r line; read -r line",
        Speaks::Plugin,
        Duration::from_millis(50),
    );
    insta::assert_snapshot!(silent, @"it does not say hello: it said nothing on standard output for 50ms");
    insta::assert_snapshot!(said("exit 7"), @"it does not say hello: it ended with exit status 7");
    insta::assert_snapshot!(said("read -r line; echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}' >&2"), @r#"it does not say hello: it ended with exit status 0; on standard error: `{"jsonrpc":"2.0","id":1,"result":{}}`"#);
    insta::assert_snapshot!(said("echo Hello, I am a plugin"), @"it does not say hello: it wrote a line to standard output that is no JSON object: `Hello, I am a plugin`");
    insta::assert_snapshot!(said("cat /dev/zero"), @"it does not say hello: it wrote a line of more than 1048576 bytes");
    insta::assert_snapshot!(said("yes '{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":1}'"), @r#"it does not say hello: it was asked `hello` with the id 1, and answered {"id":7,"jsonrpc":"2.0","result":1}"#);
    insta::assert_snapshot!(said("echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}'; read -r line"), @"its answer to `hello` is none: missing field `protocol`");
    insta::assert_snapshot!(said("echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":1}}'; read -r line"), @r#"it does not say hello: `hello` was answered with an error: {"code":1}"#);
    insta::assert_snapshot!(said("echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocol\":\"yoikit.plugin/9\",\"world\":\"tool\"}}'; read -r line"), @"it speaks `yoikit.plugin/9`, not `yoikit.plugin/1`");
    insta::assert_snapshot!(trouble("exit 1", Speaks::Mcp, LONG), @"it ended with exit status 1");
    insta::assert_snapshot!(trouble("echo '{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}'; echo '{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}'; read -r l; read -r l; read -r l; read -r l", Speaks::Mcp, LONG), @"its answer to `tools/list` is none: missing field `tools`");
}

#[test]
fn a_program_that_is_not_there_is_told_and_nothing_is_run() {
    let report = report(&["/no/such/plugin".to_owned()], Speaks::Plugin);
    assert_eq!(report.end.outcome, Exit::CouldNotRun);
    insta::assert_snapshot!(report.verdict_line(0), @"documented: will not run: it does not say hello: `/no/such/plugin` cannot be run: No such file or directory (os error 2)");
}

#[test]
fn a_target_that_hangs_later_fails_its_case_and_is_not_asked_for_ever() {
    // It says hello to every call anew, and answers nothing else.
    let script = r#"
        read -r l; echo '{"jsonrpc":"2.0","id":1,"result":{"protocol":"yoikit.plugin/1","world":"tool","tools":[{"name":"t"}]}}'
        while read -r l; do echo asked >> "$0"; done"#;
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("asked");
    let command = ["/bin/sh", "-c", script, &asked.display().to_string()].map(str::to_owned);
    let times = ProcessTimes {
        hello: LONG,
        call: Duration::from_millis(50),
    };
    let target = GuestTarget::process_of("script", &command, Profile::Documented, times);
    let about = target.about().clone();
    assert_eq!(about.trouble, None);
    let answers = Case::must("toy.answers", Clause::new("toy", "answers")).property(
        |_| "[a-z]{64}",
        |target: &GuestTarget, context, input: &String| {
            let mut session = target.started(context, Setup::default())?;
            let answer = session.handle_tool("t", &format!("{input:?}"));
            expect(answer.is_ok(), || "an answer".into(), || format!("{answer:?}"))
        },
    );
    let entrant = Entrant {
        subject: Suite::new("toy", 1, vec![answers]).bind(Arc::new(target), about),
        judged: true,
        words: Vec::new(),
    };
    let report = run::run(&[entrant], &Settings::default(), &mut ()).unwrap();
    let evidence = report.cases[0].verdict.evidence().unwrap();
    assert!(evidence.finding.seen.contains("process.silent"), "{evidence:?}");
    let asked = std::fs::read_to_string(asked).unwrap_or_default();
    assert!(asked.lines().count() <= 7, "{asked}");
}
