//! Children of a process that starts and ends many, and what is left of them: nothing.
//!
//! In a program of its own, because it counts the descriptors and children of the whole process.

use std::fs;
use std::time::Duration;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use yoi_host::wire::Line;
use yoi_host::wire::child::{Child, Environment, Farewell, Launch};

fn shell(script: &str) -> Launch {
    Launch {
        program: "sh".into(),
        args: vec!["-c".into(), script.into()],
        environment: Environment::listed(&[]),
        cwd: None,
    }
}

const FAREWELL: Farewell = Farewell {
    alone: Duration::from_secs(10),
    asked: Duration::from_secs(10),
};

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

/// Children that are started, told something and ended at moments of chance. `YOIKIT_BRIDGE_CHILDREN` says how
/// many.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn children_that_end_at_any_moment_leave_nothing() {
    let count = std::env::var("YOIKIT_BRIDGE_CHILDREN")
        .ok()
        .and_then(|count| count.parse().ok())
        .unwrap_or(40);
    let script = "sleep 300 & echo $!; while read line; do echo \"$line\"; echo \"$line\" >&2; done";
    let mut runner = TestRunner::deterministic();
    let moment = (0_u32..4, 0_u64..3000);
    // One first, so that what a runtime opens once is open.
    Child::start(&shell("true")).unwrap().end(FAREWELL).await;
    let open = || fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let before = open();
    let mut left = Vec::new();
    for _ in 0..count {
        let (how, micros) = moment.new_tree(&mut runner).unwrap().current();
        let mut child = Child::start(&shell(script)).unwrap();
        child.say("one");
        let listening = async {
            while let Ok(Some(line)) = child.hear().await {
                if let Line::Text(text) = line
                    && text != "one"
                {
                    left.push(text);
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_micros(micros), listening).await;
        left.extend(child.id().map(|id| id.to_string()));
        match how {
            0 => drop(child),
            1 => {
                let farewell = Farewell {
                    alone: Duration::ZERO,
                    asked: Duration::from_millis(20),
                };
                child.end(farewell).await;
            }
            2 => {
                // Whoever ends it is interrupted.
                let _ = tokio::time::timeout(Duration::from_micros(micros), child.end(FAREWELL)).await;
            }
            _ => {
                child
                    .end(Farewell {
                        alone: Duration::ZERO,
                        asked: Duration::ZERO,
                    })
                    .await;
            }
        }
        // Who ended it in order has waited for all of them; the others are killed, and die when the machine gets to it.
        let in_order = matches!(how, 1 | 3);
        while left.iter().any(|pid| lives(pid)) {
            assert!(!in_order, "{left:?} after {how}");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        left.clear();
    }
    // Those that were dropped are waited for by the runtime, which does so when it is woken by the next one.
    for _ in 0..200 {
        Child::start(&shell("true")).unwrap().end(FAREWELL).await;
        if zombies() == 0 {
            break;
        }
    }
    assert_eq!(zombies(), 0);
    assert!(
        open() <= before,
        "{before} descriptors were open, and now {}",
        open()
    );
}

/// Children of this process that are dead and were not waited for.
fn zombies() -> usize {
    let own = format!(" Z {} ", std::process::id());
    let all = fs::read_dir("/proc").unwrap().flatten();
    all.filter(|entry| fs::read_to_string(entry.path().join("stat")).is_ok_and(|stat| stat.contains(&own)))
        .count()
}
