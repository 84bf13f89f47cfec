//! `yoikit ptc`.

use std::fs;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use yoi_host::ptc::{Client, ClientError, ToolCall, ToolError};

use crate::run::{assert_ran, cache, yoikit, yoikit_with_input};

/// See to it that Monty was compiled, by one of the tests that need it.
fn warm() {
    static WARM: OnceLock<()> = OnceLock::new();
    WARM.get_or_init(|| {
        let ran = yoikit(&std::env::temp_dir(), &["ptc", "run", "-"]);
        assert_eq!(ran.status, 0, "{}", ran.whole());
    });
}

/// Run code from a file.
fn ptc(code: &str, words: &[&str]) -> crate::run::Ran {
    warm();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("code.py"), code).unwrap();
    let all = [&["ptc", "run", "code.py"], words].concat();
    yoikit(folder.path(), &all)
}

#[test]
fn code_runs_with_local_commands_for_tools() {
    let code = "print('begin')\nr = await tools.echo(text='hi', n=1)\n[r, await tools.nothing()]";
    assert_ran!(ptc(code, &["--tool", "echo=cat", "--tool", "nothing=cat >/dev/null"]), @r#"
    exit 0
    --- stdout
    code        code.py (engine monty, [TIME], 2.8 MiB of memory)
    stdout      6 B
                │ begin
    calls       2
                   1 echo [TIME]  19 B → 19 B
                   2 nothing [TIME]  2 B → 4 B
    value       [{"text":"hi","n":1},null]
    "#);
}

#[test]
fn a_command_that_fails_is_an_error_of_the_code() {
    let code = "await tools.fails()";
    assert_ran!(ptc(code, &["--tool", "fails=echo out of luck >&2; exit 3"]), @r#"
    exit 1
    --- stdout
    code        code.py (engine monty, [TIME], 2.8 MiB of memory)
    calls       1
                   1 fails [TIME]  ToolError
    error       RuntimeError: ToolError: out of luck
                │ Traceback (most recent call last):
                │   File "<python-input-0>", line 1, in <module>
                │     await tools.fails()
                │     ~~~~~~~~~~~~~~~~~~~
                │ RuntimeError: ToolError: out of luck
    "#);
}

#[test]
fn a_command_that_answers_with_no_json_is_named() {
    let code = "try:\n    await tools.f()\nexcept ValueError as e:\n    x = str(e)\nx";
    let ran = ptc(code, &["--tool", "f=echo hello"]);
    assert!(
        ran.stdout.contains("`echo hello` did not answer with JSON"),
        "{}",
        ran.whole()
    );
}

#[test]
fn code_that_takes_too_long_ends_with_what_is_known() {
    let code = "print('so far')\nwhile True:\n    pass";
    assert_ran!(ptc(code, &["--timeout", "200ms"]), @r#"
    exit 1
    --- stdout
    code        code.py (engine monty, [TIME], 2.8 MiB of memory)
    stdout      7 B
                │ so far
    calls       none
    error       TimeoutError: the run took longer than 200ms
                run.deadline
    "#);
}

#[test]
fn the_tools_of_a_plugin_become_those_of_the_code() {
    let plugin = yoi_guests::COUNTER.package().to_str().unwrap();
    // One instance lives as long as the run.
    let code = "import json\nawait tools.counter_add(by=2)\nr = await tools.counter_add(by=3)\n[r['summary'], json.loads(r['content'])]";
    let ran = ptc(code, &["--json", "--tool-plugin", plugin]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.whole()));
    assert_eq!(
        report["envelope"]["value"],
        json!(["the count is 5", {"count": 5}])
    );
}

#[test]
fn a_plugins_tool_that_fails_is_an_error_of_the_code() {
    let plugin = yoi_guests::NOTES.package().to_str().unwrap();
    let code = "await tools.notes_list(path='.')";
    let ran = ptc(code, &["--tool-plugin", plugin]);
    assert_eq!(ran.status, 1, "{}", ran.whole());
    assert!(
        ran.stdout.contains("RuntimeError: ToolError: denied: "),
        "{}",
        ran.whole()
    );
}

#[test]
fn two_tools_of_one_name_are_refused() {
    let ran = ptc("1", &["--tool", "f=cat", "--tool", "f=true"]);
    assert_eq!(
        (ran.status, ran.stderr.as_str()),
        (2, "error: two tools have the name `f`\n")
    );
}

#[test]
fn a_report_for_machines_fits_its_schema() {
    let ran = ptc("await tools.f(a=1)", &["--json", "--tool", "f=cat"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap();
    let schema = yoikit(std::env::temp_dir().as_path(), &["schema", "ptc-run"]);
    let schema: Value = serde_json::from_str(&schema.stdout).unwrap();
    jsonschema::validate(&schema, &report).unwrap();
    assert_eq!(report["envelope"]["value"], json!({"a": 1}));
    assert_eq!(report["calls"][0]["fate"], json!({"answered": {"bytes": 7}}));
}

#[test]
fn code_comes_from_standard_input_too() {
    warm();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("code.py");
    fs::write(&file, "6 * 7").unwrap();
    let ran = yoikit_with_input(
        folder.path(),
        &["ptc", "run", "-"],
        Stdio::from(fs::File::open(file).unwrap()),
    );
    assert_eq!(ran.status, 0, "{}", ran.whole());
    assert!(ran.stdout.contains("42"), "{}", ran.whole());
}

#[test]
fn an_engine_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("code.py"), "1").unwrap();
    fs::copy(yoi_guests::ECHO.component(), folder.path().join("echo.wasm")).unwrap();
    let ran = yoikit(folder.path(), &["ptc", "run", "code.py", "--engine", "echo.wasm"]);
    assert_eq!(ran.status, 3, "{}", ran.whole());
    assert!(ran.stderr.contains("yoi:ptc/engine"), "{}", ran.whole());
    let ran = yoikit(
        folder.path(),
        &["ptc", "run", "code.py", "--engine", "ghost.wasm"],
    );
    assert!(
        ran.stderr.contains("failed to read the engine ghost.wasm"),
        "{}",
        ran.whole()
    );
}

async fn client() -> Client {
    warm();
    let mut command = Command::new(env!("CARGO_BIN_EXE_yoikit"));
    command.args(["ptc", "serve"]).env("YOIKIT_CACHE_DIR", cache());
    Client::spawn(&mut command).await.unwrap()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[tokio::test]
async fn a_client_drives_a_host_in_another_process() {
    let mut client = client().await;
    assert_eq!(client.capabilities()["cancel"], "v1");
    let init = client.request("init", json!({})).await.unwrap();
    assert_eq!(init["version"], "0.1.0");
    let echo = |call: ToolCall| async move {
        match call.tool.as_str() {
            "echo" => Ok(call.args),
            other => Err(ToolError::new("ValueError", format!("no {other}"))),
        }
    };
    let code = "import asyncio\nprint('x')\ny = await asyncio.gather(*[tools.echo(n=i) for i in range(20)])\n\
                try:\n    await tools.fails()\nexcept ValueError as e:\n    z = str(e)\n[len(y), y[7], z]";
    let envelope = client
        .run(code, &names(&["echo", "fails"]), &echo, json!({}))
        .await
        .unwrap();
    assert_eq!(envelope.stdout, "x\n");
    assert_eq!(envelope.value.unwrap().get(), "[20,{\"n\":7},\"no fails\"]");
    // The session goes on.
    let envelope = client.run("len(y)", &[], &echo, json!({})).await.unwrap();
    assert_eq!(envelope.value.unwrap().get(), "20");
    let refused = client.request("run", json!({"command": "ls"})).await.unwrap_err();
    assert!(
        matches!(&refused, ClientError::Refused { code: Some(code), .. } if code == "unsupported"),
        "{refused}"
    );
    client.close().await.unwrap();
}

#[tokio::test]
async fn a_host_that_is_killed_is_noticed() {
    let mut client = client().await;
    let process = rustix::process::Pid::from_raw(client.process().try_into().unwrap()).unwrap();
    let kill = move |_: ToolCall| async move {
        rustix::process::kill_process(process, rustix::process::Signal::KILL).unwrap();
        std::future::pending().await
    };
    let gone = client
        .run("await tools.f()", &names(&["f"]), &kill, json!({}))
        .await;
    assert!(matches!(gone, Err(ClientError::Gone(_))), "{gone:?}");
}

#[tokio::test]
async fn a_program_that_does_not_greet_is_no_host() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo no host here >&2; exit 1"]);
    let error = Client::spawn(&mut command).await.unwrap_err();
    insta::assert_snapshot!(error, @"the host is gone: no host here");
    let mut command = Command::new("yes");
    let error = Client::spawn(&mut command).await.unwrap_err();
    insta::assert_snapshot!(error, @"the host does not speak the protocol: it sends lines that are no messages");
}

#[tokio::test]
async fn a_request_that_is_not_answered_in_time_says_so() {
    let mut client = client().await.within(Duration::from_millis(200));
    let never = |_: ToolCall| std::future::pending();
    let late = client
        .run("await tools.f()", &names(&["f"]), &never, json!({}))
        .await;
    assert!(matches!(late, Err(ClientError::Time { .. })), "{late:?}");
}
