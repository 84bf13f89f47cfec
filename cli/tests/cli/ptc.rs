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
    assert_ran!(yoikit(folder.path(), &["ptc", "run", "code.py", "--engine", "quick"]), @r"
    exit 2
    --- stderr
    error: there is no engine `quick`, and no such file. There are `monty`, and `cpython` and `quickjs` once `yoikit ptc build` has made them; or name the file of a component
    ");
}

/// The folder of a program, to be run in more than once.
fn folder(code: &str) -> tempfile::TempDir {
    warm();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("code.py"), code).unwrap();
    folder
}

#[test]
fn a_recorded_run_is_had_again_without_its_tools() {
    let folder = folder("r = await tools.f(n=1)\nawait tools.g()\nr");
    let tools = ["--tool", "f=cat; touch called", "--tool", "g=true"];
    let ran = yoikit(
        folder.path(),
        &[&["ptc", "run", "code.py", "--record", "run.jsonl"], &tools[..]].concat(),
    );
    assert_eq!(ran.status, 0, "{}", ran.whole());
    fs::remove_file(folder.path().join("called")).unwrap();
    let replay = ["ptc", "run", "code.py", "--replay", "run.jsonl"];
    assert_ran!(yoikit(folder.path(), &replay), @r#"
    exit 0
    --- stdout
    code        code.py (engine monty, [TIME], 2.8 MiB of memory)
    replay      run.jsonl
    calls       2
                   1 f [TIME]  7 B → 7 B
                   2 g [TIME]  2 B → 4 B
    value       {"n":1}
    "#);
    assert!(!folder.path().join("called").exists());
    // Another program.
    fs::write(folder.path().join("code.py"), "await tools.f(n=2)").unwrap();
    assert_ran!(yoikit(folder.path(), &replay), @r#"
    exit 1
    --- stdout
    code        code.py (engine monty, [TIME], 2.8 MiB of memory)
    replay      run.jsonl
                warning: recorded with other code
    calls       1
                   1 f [TIME]  not answered
    error       ReplayError: the run differs from its recording: call 1, of `f`, differs from line 2: `/n` is 2, recorded is 1
                replay.differs
    "#);
    // One that is over too early.
    fs::write(folder.path().join("code.py"), "await tools.f(n=1)").unwrap();
    assert_ran!(yoikit(folder.path(), &replay), @r#"
    exit 1
    --- stdout
    code        code.py (engine monty, [TIME], 2.8 MiB of memory)
    replay      run.jsonl
                warning: recorded with other code
    calls       1
                   1 f [TIME]  7 B → 7 B
    value       {"n":1}
    error       the run was over before line 4 of the recording, which has another call
    "#);
}

#[test]
fn what_is_no_recording_is_not_replaced_and_not_replayed() {
    let folder = folder("1");
    fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    let ran = yoikit(folder.path(), &["ptc", "run", "code.py", "--record", "notes.txt"]);
    assert_eq!(ran.status, 2, "{}", ran.whole());
    assert_eq!(
        fs::read_to_string(folder.path().join("notes.txt")).unwrap(),
        "mine"
    );
    assert_ran!(yoikit(folder.path(), &["ptc", "run", "code.py", "--replay", "notes.txt"]), @r#"
    exit 2
    --- stderr
    error: the recording notes.txt cannot be used: line 1: expected value at column 1
    "#);
}

/// The sample server.
fn greeter() -> String {
    format!("python3 {}/guests/process/mcp.py", crate::run::HOUSE)
}

#[test]
fn the_tools_of_an_mcp_server_become_those_of_the_code() {
    let code = "try:\n    await tools.greet(name=1)\nexcept Exception as e:\n    x = str(e)\n[await tools.greet(name='you'), x, await tools.f()]";
    let ran = ptc(code, &["--json", "--tool-mcp", &greeter(), "--tool", "f=echo 1"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.whole()));
    assert_eq!(
        report["envelope"]["value"],
        json!(["Hello, you!", "ToolError: `name` is a text", 1])
    );
}

#[test]
fn a_tool_of_a_server_that_another_has_as_well_is_refused() {
    let ran = ptc("1", &["--tool-mcp", &greeter(), "--tool", "greet=cat"]);
    assert_eq!(
        (ran.status, ran.stderr.contains("two tools have the name `greet`")),
        (2, true),
        "{}",
        ran.whole()
    );
}

#[test]
fn a_server_that_does_not_begin_says_why() {
    let mut said = String::new();
    for command in ["echo out of luck >&2; exit 3", "echo hello", "/no/such/server"] {
        let ran = ptc("1", &["--tool-mcp", command]);
        said += &format!("{} {}", ran.status, ran.stderr.replace("/bin/sh", "sh"));
    }
    insta::assert_snapshot!(said);
}

/// A server in the shell: it greets, lists two tools, and goes at the first call of one.
const FRAIL: &str = r#"read l; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}}}'; read l; read l; echo '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"get-weather","inputSchema":{"type":"object"}},{"name":"2nd","inputSchema":{"type":"object"}}]}}'; read l; echo out of luck >&2; exit 1"#;

#[test]
fn a_server_that_goes_is_an_error_of_the_code_with_its_last_words() {
    let code = "try:\n    await tools.get_weather(city='x')\nexcept Exception as e:\n    x = str(e)\nx";
    let ran = ptc(code, &["--json", "--tool-mcp", FRAIL]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.whole()));
    let said = report["envelope"]["value"]
        .as_str()
        .unwrap_or_else(|| panic!("{}", ran.whole()));
    assert!(said.contains("is gone; it said: out of luck"), "{said}");
}

/// A server of the library that most servers in Python are made with.
#[test]
fn a_server_made_with_the_library_of_others_is_understood() {
    let Some(python) = python_with_mcp() else { return };
    let folder = tempfile::tempdir().unwrap();
    let server = "from mcp.server.fastmcp import FastMCP\nserver = FastMCP('s')\n@server.tool(name='add-up')\ndef add_up(a: int, b: int) -> int:\n    return a + b\n@server.tool()\ndef fails() -> str:\n    raise ValueError('out of luck')\nserver.run()\n";
    fs::write(folder.path().join("server.py"), server).unwrap();
    let command = format!("{python} {}", folder.path().join("server.py").display());
    let code = "try:\n    await tools.fails()\nexcept Exception as e:\n    x = str(e)\n[await tools.add_up(a=2, b=3), 'out of luck' in x]";
    let ran = ptc(code, &["--json", "--tool-mcp", &command]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.whole()));
    assert_eq!(
        report["envelope"]["value"],
        json!([{"result": 5}, true]),
        "{}",
        ran.whole()
    );
}

/// A Python that has the package `mcp`, where there is one: that of indusagi, which comes with it, or the machine's.
fn python_with_mcp() -> Option<String> {
    let beside = std::env::var_os("YOIKIT_INDUSAGI").and_then(|agent| {
        Some(
            std::path::Path::new(&agent)
                .parent()?
                .join("python3")
                .display()
                .to_string(),
        )
    });
    beside.into_iter().chain(["python3".to_owned()]).find(|python| {
        let mut import = Command::new(python);
        import
            .args(["-c", "import mcp.server.fastmcp"])
            .stderr(Stdio::null());
        import.status().is_ok_and(|status| status.success())
    })
}

#[test]
fn a_tool_that_code_cannot_call_is_refused() {
    let ran = ptc("1", &["--tool", "rea d=cat"]);
    assert_eq!(
        (ran.status, ran.stderr.contains("as `rea_d`")),
        (2, true),
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

/// What there is of a process group. A process that is over and was not waited for does not count.
#[cfg(target_os = "linux")]
fn left_of_group(group: u32) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let stats = processes.filter_map(|process| fs::read_to_string(process.path().join("stat")).ok());
    let is_left = |stat: &String| {
        // After the name: the state, the parent, the group.
        let mut rest = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        rest.next() != Some("Z") && rest.nth(1) == Some(group.to_string().as_str())
    };
    stats.filter(is_left).collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_is_killed_takes_its_tools_along() {
    use std::io::{BufRead as _, BufReader};

    warm();
    let folder = folder("await tools.waits()");
    // What it says itself is kept for its answer: so its number comes by a pipe.
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, rustix::fs::Mode::RWXU).unwrap();
    let tool = "waits=echo $$ > pipe; sleep 300";
    let mut command = crate::run::command(folder.path(), &["ptc", "run", "code.py", "--tool", tool]);
    let mut run = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut group = String::new();
    BufReader::new(fs::File::open(&pipe).unwrap())
        .read_line(&mut group)
        .unwrap();
    let group = group.trim().parse().unwrap();
    assert_ne!(left_of_group(group), Vec::<String>::new());
    run.kill().unwrap();
    run.wait().unwrap();
    for _ in 0..10_000 {
        if left_of_group(group).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{:?}", left_of_group(group));
}

#[cfg(target_os = "linux")]
#[test]
fn a_host_that_is_killed_at_any_point_leaves_nothing_behind() {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::process::CommandExt as _;

    warm();
    let run = |code: &str| {
        let params = json!({"code": code, "tools": ["f"]});
        format!("{}\n", json!({"id": 1, "method": "runPtc", "params": params}))
    };
    // What it is told before it is killed, and how many lines it says to that.
    let points = [
        (String::new(), 1),
        ("{\"id\":1,\"method\":\"init\"}\n".to_owned(), 2),
        (run("while True:\n    pass"), 1),
        (run("await tools.f()"), 2),
        (
            run("import asyncio\nawait asyncio.gather(*[tools.f() for _ in range(100)])"),
            50,
        ),
        (run("1"), 2),
        (run("1").replace('\n', ""), 1),
        ("nonsense\n".to_owned(), 2),
    ];
    for (told, lines) in points {
        let mut command = crate::run::command(std::env::temp_dir().as_path(), &["ptc", "serve"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0);
        let mut host = command.spawn().unwrap();
        host.stdin.as_mut().unwrap().write_all(told.as_bytes()).unwrap();
        let said = BufReader::new(host.stdout.take().unwrap()).lines().take(lines);
        assert_eq!(said.flatten().count(), lines, "{told}");
        host.kill().unwrap();
        host.wait().unwrap();
        assert_eq!(left_of_group(host.id()), Vec::<String>::new(), "{told}");
    }
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
