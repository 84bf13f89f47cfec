//! Real processes, small ones: shells that do as a child agent might.

use std::fs;
use std::time::Duration;

use crate::bridge::{Adapter, BridgeFailure, Dialect, Mode, Opening, RuntimeBridge, Start};
use crate::bridge::{Broker, Context, Exchange, ExchangeOptions, ExternalRuntimeSpec, NormalizedEvent};
use crate::wire::Line;
use crate::wire::child::{Child, EndedBy, Environment, Farewell, How, Launch, StartError};

fn shell(script: &str) -> Launch {
    Launch {
        program: "sh".into(),
        args: vec!["-c".into(), script.into()],
        environment: Environment::listed(&[]),
        cwd: None,
    }
}

/// More time than any of them needs, on a busy machine too.
const FAREWELL: Farewell = Farewell {
    alone: Duration::from_secs(60),
    asked: Duration::from_secs(60),
};

async fn heard(child: &mut Child) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(line) = child.hear().await.unwrap() {
        match line {
            Line::Text(text) => lines.push(text),
            other => panic!("{other:?}"),
        }
    }
    lines
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

#[tokio::test]
async fn a_child_is_told_heard_and_waited_for() {
    let mut child = Child::start(&shell("read a; echo \"got $a\"; echo oops >&2; cat; exit 3")).unwrap();
    child.say("one");
    child.say("two");
    child.say_no_more();
    assert_eq!(heard(&mut child).await, ["got one", "two"]);
    let ending = child.end(FAREWELL).await;
    assert_eq!((ending.how, ending.stderr.as_str()), (How::Exited(3), "oops\n"));
}

#[tokio::test]
async fn a_child_that_writes_much_to_both_pipes_while_it_is_told_much_does_not_stand_still() {
    let script = "cat >/dev/null & i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; \
                  echo 0123456789012345678901234567890123456789 >&2; i=$((i+1)); done; wait";
    let mut child = Child::start(&shell(script)).unwrap();
    child.say(&"x".repeat(1 << 20));
    child.say_no_more();
    assert_eq!(heard(&mut child).await.len(), 3000);
    let ending = child.end(FAREWELL).await;
    assert_eq!(ending.how, How::Exited(0));
    assert!(ending.stderr.len() <= crate::limits::CHILD_STDERR_BYTES + 8);
}

#[tokio::test]
async fn arguments_and_variables_reach_a_child_as_they_are() {
    let mut launch = shell("printf '%s\\n' \"$1\" \"$A\" \"${B-unset}\"");
    launch.args.extend(["sh".into(), "$(id) ; `id` \"'".into()]);
    launch.environment = Environment::empty()
        .with("A", "$PATH")
        .with("PATH", std::env::var_os("PATH").unwrap());
    let mut child = Child::start(&launch).unwrap();
    assert_eq!(heard(&mut child).await, ["$(id) ; `id` \"'", "$PATH", "unset"]);
    child.end(FAREWELL).await;
}

#[tokio::test]
async fn a_child_that_does_not_want_to_go_is_killed() {
    let script = "trap '' TERM; echo ready; while :; do sleep 1; done";
    let mut child = Child::start(&shell(script)).unwrap();
    child.hear().await.unwrap().unwrap();
    let farewell = Farewell {
        alone: Duration::ZERO,
        asked: Duration::from_millis(50),
    };
    let ending = child.end(farewell).await;
    assert_eq!((ending.how, ending.by), (How::Signalled(9), EndedBy::Killed));
}

#[tokio::test]
async fn a_child_that_is_asked_may_end_in_its_own_way() {
    let mut child = Child::start(&shell(
        "trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done",
    ))
    .unwrap();
    child.hear().await.unwrap().unwrap();
    let farewell = Farewell {
        alone: Duration::ZERO,
        ..FAREWELL
    };
    let ending = child.end(farewell).await;
    assert_eq!((ending.how, ending.by), (How::Exited(7), EndedBy::Asked));
}

#[tokio::test]
async fn a_child_that_is_over_ended_by_itself_however_little_time_it_is_given() {
    let child = Child::start(&shell("exit 3")).unwrap();
    let pid = child.id().unwrap().to_string();
    while lives(&pid) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let farewell = Farewell {
        alone: Duration::ZERO,
        asked: Duration::ZERO,
    };
    let ending = child.end(farewell).await;
    assert_eq!((ending.how, ending.by), (How::Exited(3), EndedBy::Itself));
}

/// What it takes to leave a session, and whether this machine has it.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn has_setsid() -> bool {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|folder| folder.join("setsid").exists());
    if !found {
        eprintln!("skipped: there is no `setsid` here");
    }
    found
}

#[tokio::test]
async fn nothing_of_a_childs_tree_is_left() {
    if !has_setsid() {
        return;
    }
    // One in the child's group, one in a session of its own, and one there whose parent is gone.
    let script = "sleep 300 & echo $!; setsid sh -c 'echo $$; exec sleep 300' & \
                  setsid sh -c '(echo started; exec sleep 300) & echo $!; exit'; wait";
    for drops in [false, true] {
        let mut child = Child::start(&shell(script)).unwrap();
        let mut pids = Vec::new();
        while pids.len() < 4 {
            match child.hear().await.unwrap() {
                Some(Line::Text(text)) => pids.push(text),
                other => panic!("{other:?}"),
            }
        }
        pids.retain(|pid| pid != "started");
        assert!(pids.iter().all(|pid| lives(pid)), "{pids:?}");
        if drops {
            drop(child);
        } else {
            let farewell = Farewell {
                alone: Duration::ZERO,
                ..FAREWELL
            };
            child.end(farewell).await;
        }
        // Who drops it does not wait until they are dead.
        while drops && pids.iter().any(|pid| lives(pid)) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(!pids.iter().any(|pid| lives(pid)), "{pids:?}");
    }
}

#[tokio::test]
async fn a_process_that_a_child_leaves_behind_does_not_keep_its_output_open() {
    let mut child = Child::start(&shell("sleep 300 & echo done; exit 0")).unwrap();
    assert_eq!(heard(&mut child).await, ["done"]);
    assert_eq!(child.end(FAREWELL).await.how, How::Exited(0));
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let mut launch = shell("");
    launch.program = "yoikit-no-such-program".into();
    assert!(matches!(Child::start(&launch), Err(StartError::NoProgram(_))));
    let mut launch = shell("");
    launch.cwd = Some("/no/such/folder".into());
    assert!(matches!(Child::start(&launch), Err(StartError::NoFolder(_))));
    let mut launch = shell("");
    launch.program = "/etc/passwd".into();
    assert!(matches!(Child::start(&launch), Err(StartError::NotExecutable(_))));
}

/// A shell in place of `indusagi`.
struct Shell(&'static str);

impl RuntimeBridge for Shell {
    fn adapter(&self) -> &str {
        "shell"
    }

    fn spec(&self) -> ExternalRuntimeSpec {
        let mut spec = Adapter::IndusagiWire.spec();
        spec.adapter = "shell".to_owned();
        spec
    }

    fn dialect(&self, mode: Mode, opening: Opening) -> Result<Box<dyn Dialect>, BridgeFailure> {
        RuntimeBridge::dialect(&Adapter::IndusagiWire, mode, opening)
    }

    fn launch(&self, _: &ExternalRuntimeSpec, _: &Start) -> Result<Launch, BridgeFailure> {
        Ok(shell(self.0))
    }
}

fn begin(script: &'static str) -> Exchange {
    begin_with(script, &ExchangeOptions::default())
}

fn begin_with(script: &'static str, options: &ExchangeOptions) -> Exchange {
    let broker = Broker::new();
    broker.register(std::sync::Arc::new(Shell(script)));
    let model = super::scripted::model("shell");
    broker.begin(&model, &Context::of_prompt("hi"), options).unwrap()
}

#[tokio::test]
async fn a_process_that_closes_its_output_and_stays_is_ended_and_not_said_to_have_ended() {
    let mut options = ExchangeOptions::default();
    options.times.leave = Duration::from_millis(20);
    options.times.soft = FAREWELL.asked;
    let mut exchange = begin_with("exec >&- 2>&-; exec sleep 300", &options);
    let Some(NormalizedEvent::Failed { error }) = exchange.next().await else {
        panic!("there is one event");
    };
    insta::assert_snapshot!(error.message, @"the child closed its output before it was done, and stayed: killed by signal 15 (SIGTERM), when it was asked to end");
}

#[tokio::test]
async fn an_exchange_with_a_real_process_is_the_same() {
    let script = r#"read line; echo "$line" >&2
        echo '{"type":"event","event":{"kind":"text_delta","delta":"Hello"}}'
        echo '{"type":"result","snapshot":{"phase":"settled"}}'"#;
    let mut exchange = begin(script);
    let mut events = Vec::new();
    while let Some(event) = exchange.next().await {
        events.push(event);
    }
    assert_eq!(super::text_of(&events), "Hello");
    let ending = exchange.ended().await.ending.unwrap();
    assert_eq!(
        (ending.how, ending.stderr.as_str()),
        (How::Exited(0), "{\"input\":\"hi\",\"type\":\"submit\"}\n")
    );
}

#[tokio::test]
async fn a_process_that_dies_fails_the_exchange_with_what_is_known() {
    let mut exchange = begin("echo not json; echo last words >&2; kill -9 $$");
    let Some(NormalizedEvent::Failed { error }) = exchange.next().await else {
        panic!("there is one event");
    };
    insta::assert_snapshot!(error.message, @"
    the child ended before it was done: killed by signal 9 (SIGKILL); its last words on standard error:
    last words
    and on standard output, where its protocol was expected:
    not json
    ");
}
