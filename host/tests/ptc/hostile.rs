//! Code that means harm: each ends in an envelope, and the next run is served.

use std::thread;
use std::time::{Duration, Instant};

use yoi_host::ptc::{Ended, Outcome, Progress, PtcLimits, Session};

use crate::support::{error, finished, json, names, run, session, session_with, value};

/// A session in which nothing may take long.
fn short() -> Session {
    let mut limits = PtcLimits::default();
    limits.run_time = Duration::from_millis(300);
    limits.output_bytes = 100_000;
    limits.memory_bytes = 64 * 1024 * 1024;
    session_with(limits)
}

/// The run is over, its session lost, and the next begins a new one.
#[track_caller]
fn lost(mut session: Session, code: &str) -> (Ended, String) {
    run(&mut session, "before = 1");
    let envelope = run(&mut session, code);
    let Outcome::Ended(ended) = envelope.outcome.clone() else {
        panic!("{}", json(&envelope));
    };
    assert!(envelope.session_lost);
    assert_eq!(
        error(&run(&mut session, "before")),
        "NameError: name 'before' is not defined"
    );
    (ended, envelope.stdout)
}

#[test]
fn an_endless_loop_ends_with_its_time_and_what_it_printed() {
    let (ended, stdout) = lost(short(), "print('so far')\nwhile True:\n    pass");
    assert_eq!(ended, Ended::Deadline(Duration::from_millis(300)));
    assert_eq!(stdout, "so far\n");
}

#[test]
fn an_endless_loop_ends_when_it_is_cancelled() {
    let mut session = session();
    // So that there is an engine: one that is being started is cancelled otherwise.
    assert_eq!(value(&run(&mut session, "0")), "0");
    let canceller = session.canceller().clone();
    let envelope = thread::scope(|scope| {
        scope.spawn(move || canceller.cancel());
        run(&mut session, "while True:\n    pass")
    });
    assert!(
        matches!(envelope.outcome, Outcome::Ended(Ended::Cancelled)),
        "{}",
        json(&envelope)
    );
    assert_eq!(value(&run(&mut session, "1")), "1");
}

#[test]
fn memory_beyond_the_limit_ends_the_run() {
    for code in [
        "x = []\nwhile True:\n    x.append('y' * 1000)",
        "x = 'y' * (200 * 1024 * 1024)",
    ] {
        let mut limits = PtcLimits::default();
        limits.memory_bytes = 64 * 1024 * 1024;
        let (ended, _) = lost(session_with(limits), code);
        assert!(matches!(ended, Ended::Memory(_)), "{code}: {ended:?}");
    }
}

#[test]
fn a_flood_of_output_ends_at_the_limit_and_is_kept_up_to_it() {
    let (ended, stdout) = lost(short(), "while True:\n    print('x' * 99)");
    assert_eq!(ended, Ended::Output { limit: 100_000 });
    assert_eq!(stdout.len(), 100_000);
}

#[test]
fn a_runaway_recursion_is_an_error_that_code_can_catch() {
    let mut session = session();
    let code = "def f(n):\n    return f(n + 1)\n";
    let said = error(&run(&mut session, &format!("{code}f(0)")));
    assert_eq!(said, "RecursionError: maximum recursion depth exceeded");
    let caught = format!("{code}try:\n    f(0)\nexcept RecursionError:\n    x = 'caught'\nx");
    assert_eq!(value(&run(&mut session, &caught)), "\"caught\"");
}

#[test]
fn deeply_nested_code_ends_in_an_error() {
    let mut session = session();
    for code in [
        format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000)),
        format!("{}1", "-".repeat(100_000)),
        "[".repeat(50_000),
    ] {
        let envelope = run(&mut session, &code);
        assert!(!envelope.is_ok(), "{}", json(&envelope));
        assert_eq!(value(&run(&mut session, "1")), "1");
    }
}

#[test]
fn what_is_nested_too_deeply_does_not_cross_the_boundary() {
    let mut session = session();
    let deep = "x = []\nfor _ in range(3000):\n    x = [x]\n";
    let said = error(&run(&mut session, &format!("{deep}x")));
    assert!(said.starts_with("RecursionError: "), "{said}");
    let fits = "x = []\nfor _ in range(400):\n    x = [x]\nx";
    assert_eq!(value(&run(&mut session, fits)).len(), 802);
}

#[test]
fn code_reaches_no_files_no_environment_and_no_other_modules() {
    let mut session = session();
    for (code, expected) in [
        ("open('/etc/passwd').read()", "PermissionError"),
        ("import os\nos.listdir('/')", "PermissionError"),
        (
            "from pathlib import Path\nPath('/etc/passwd').read_text()",
            "PermissionError",
        ),
        (
            "from pathlib import Path\nPath('x').write_text('y')",
            "PermissionError",
        ),
        ("import socket", "ModuleNotFoundError"),
        ("import subprocess", "ModuleNotFoundError"),
        ("import ctypes", "ModuleNotFoundError"),
        ("import os\nos.system('id')", "AttributeError"),
        ("__import__('os').system('id')", "NameError"),
        ("eval('1')", "NameError"),
        ("().__class__.__bases__", "AttributeError"),
    ] {
        let envelope = run(&mut session, code);
        let said = error(&envelope);
        assert!(said.starts_with(&format!("{expected}: ")), "{code}: {said}");
    }
    let code =
        "import os\nfrom pathlib import Path\n[dict(os.environ), os.getenv('HOME'), Path('/etc').exists()]";
    assert_eq!(value(&run(&mut session, code)), "[{},null,false]");
}

#[test]
fn a_loop_of_refused_calls_ends_with_the_runs_time() {
    let mut limits = PtcLimits::default();
    limits.run_time = Duration::from_millis(300);
    limits.calls = 5;
    let mut session = session_with(limits);
    let now = Instant::now();
    let code = "while True:\n    try:\n        await tools.f()\n    except RuntimeError:\n        pass";
    let mut progress = session.start(code, &names(&["f"]), now).unwrap();
    let mut answered = 0;
    while matches!(progress, Progress::Waiting) {
        let call = session.next_call(Instant::now()).unwrap();
        answered += 1;
        session
            .answer(call.id, Ok(crate::support::number(1)), Instant::now())
            .unwrap();
        progress = session.go_on(Instant::now());
    }
    let envelope = finished(progress);
    assert!(
        matches!(envelope.outcome, Outcome::Ended(Ended::Deadline(_))),
        "{}",
        json(&envelope)
    );
    assert_eq!(answered, 5);
}

#[test]
fn a_value_above_the_limit_ends_the_run_and_keeps_the_session() {
    let mut limits = PtcLimits::default();
    limits.value_bytes = 100;
    let mut session = session_with(limits);
    let envelope = run(&mut session, "x = 'y' * 99\nx");
    assert_eq!(
        error(&envelope),
        "OutputLimitError: the run has a value of 101 bytes, 100 are allowed"
    );
    assert_eq!(value(&run(&mut session, "len(x)")), "99");
}
