//! A host that is killed, which has no time to end its children.

use std::env;
use std::fs;
use std::future::pending;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use yoi_host::wire::Line;
use yoi_host::wire::child::{Child, Environment, Launch, tie};

/// Set for the host that is killed.
const KILLED: &str = "YOIKIT_TEST_KILLED";

/// Not a test of its own but the host of the other one: it starts children, says who has to go with it, and waits to
/// be killed.
#[tokio::test]
async fn a_host_that_is_killed() {
    if env::var_os(KILLED).is_none() {
        return;
    }
    // In the background, in a session of its own, without its environment; and the shell itself.
    let script = "sleep 300 & echo $!; setsid sleep 301 & echo $!; env -i sleep 302 & echo $!; echo $$; wait";
    let mut child = Child::start(&Launch {
        program: "sh".into(),
        args: vec!["-c".into(), script.into()],
        environment: Environment::listed(&[]),
        cwd: None,
    })
    .unwrap();
    for _ in 0..4 {
        if let Ok(Some(Line::Text(pid))) = child.hear().await {
            tell(&format!("pid {pid}"));
        }
    }
    let mut command = Command::new("sleep");
    tie(command.arg("303"));
    tell(&format!("pid {}\nall", command.spawn().unwrap().id()));
    pending::<()>().await;
}

/// On lines of their own, which the harness that runs this does not begin.
#[expect(clippy::print_stdout, reason = "it is how the one process tells the other")]
fn tell(lines: &str) {
    println!("\n{lines}");
}

#[test]
#[cfg(target_os = "linux")]
fn nobody_outlives_a_host_that_is_killed() {
    let mut host = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_host_that_is_killed", "--nocapture"])
        .env(KILLED, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said: Vec<String> = BufReader::new(host.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap)
        .take_while(|line| line != "all")
        .collect();
    let pids: Vec<&str> = said.iter().filter_map(|line| line.strip_prefix("pid ")).collect();
    assert_eq!(pids.len(), 5, "{said:?}");
    assert!(pids.iter().all(|pid| lives(pid)), "{pids:?}");

    host.kill().unwrap();
    host.wait().unwrap();
    // As long as the machine needs; what is never done ends the test.
    for _ in 0..10_000 {
        if !pids.iter().any(|pid| lives(pid)) {
            return;
        }
        thread::sleep(Duration::from_millis(5));
    }
    panic!("{pids:?} are left");
}

/// Whether a process is there, and not only to be waited for.
fn lives(pid: &str) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.split_ascii_whitespace().next());
    !matches!(state, Some("Z" | "X"))
}
