//! CPython: what it has and Monty lacks, and that it is held by the same bounds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use yoi_engines::Recipe;
use yoi_host::ptc::{Ended, Envelope, Outcome, Progress, PtcLimits, Scripted, Session};

use crate::support::{
    NOW, answers, echo, error, fails, finished, json, made, names, raw, run, run_with, value,
};

fn session() -> Option<Session> {
    session_with(PtcLimits::default())
}

fn session_with(limits: PtcLimits) -> Option<Session> {
    let cpython = made(Recipe::CPython)?;
    let surroundings = Arc::new(Scripted::new(NOW, 7));
    Some(Session::with_surroundings(&cpython, limits, surroundings))
}

/// What several pieces of code come to, one after the other in one session, each with the answers of `echo`.
fn values(session: &mut Session, runs: &[(&str, &str)]) {
    for (code, expected) in runs {
        let envelope = run_with(session, code, &["echo"], echo);
        assert_eq!(value(&envelope), *expected, "{code}");
    }
}

#[test]
fn the_value_is_that_of_the_last_expression_or_of_a_return() {
    let Some(mut session) = session() else { return };
    values(
        &mut session,
        &[
            ("1+1", "2"),
            ("5;", "5"),
            ("x = 1", "null"),
            ("", "null"),
            ("# nothing", "null"),
            ("def f():\n    return 1", "null"),
            ("return [x]", "[1]"),
            ("if x:\n    return 'early'\nx = 2", "\"early\""),
            ("x", "1"),
        ],
    );
}

#[test]
fn a_byte_order_mark_is_no_code() {
    let Some(mut session) = session() else { return };
    assert_eq!(value(&run(&mut session, "\u{feff}1 + 1")), "2");
}

#[test]
fn the_whole_language_is_there() {
    let Some(mut session) = session() else { return };
    values(
        &mut session,
        &[
            (
                "class A:\n    def f(self):\n        return 1\nclass B(A):\n    def f(self):\n        return super().f() + 1\nB().f()",
                "2",
            ),
            (
                "class Mine(Exception):\n    pass\ntry:\n    raise Mine('x')\nexcept Mine as e:\n    y = str(e)\ny",
                "\"x\"",
            ),
            (
                "def g():\n    got = yield 1\n    yield got\ni = g()\n[next(i), i.send(2)]",
                "[1,2]",
            ),
            ("x = [1, 2]\ndel x[0]\nx", "[2]"),
            (
                "async def a():\n    for i in range(3):\n        yield (await tools.echo(i=i))['i']\n[i async for i in a()]",
                "[0,1,2]",
            ),
            (
                "try:\n    raise ExceptionGroup('g', [ValueError(1)])\nexcept* ValueError as g:\n    n = len(g.exceptions)\nn",
                "1",
            ),
            (
                "import pickle\nclass P:\n    n = 5\npickle.loads(pickle.dumps(P())).n",
                "5",
            ),
        ],
    );
}

#[test]
fn the_standard_library_is_there_with_its_time_zones() {
    let Some(mut session) = session() else { return };
    values(
        &mut session,
        &[
            (
                "import sqlite3\nsqlite3.connect(':memory:').execute('select 6*7').fetchall()",
                "[[42]]",
            ),
            (
                "import statistics, textwrap, hashlib\n[statistics.mean([1, 2, 3]), hashlib.sha256(b'').hexdigest()[:6]]",
                "[2,\"e3b0c4\"]",
            ),
            (
                "import csv, io\nlist(csv.reader(io.StringIO('a,b')))",
                "[[\"a\",\"b\"]]",
            ),
            (
                "from decimal import Decimal\nstr(Decimal('0.1') + Decimal('0.2'))",
                "\"0.3\"",
            ),
            (
                "from datetime import datetime\nfrom zoneinfo import ZoneInfo\ndatetime(2026, 7, 1, tzinfo=ZoneInfo('Europe/Berlin')).isoformat()",
                "\"2026-07-01T00:00:00+02:00\"",
            ),
            (
                "import xml.etree.ElementTree as T\nT.fromstring('<a><b/></a>')[0].tag",
                "\"b\"",
            ),
        ],
    );
}

#[test]
fn tasks_groups_time_limits_and_queues_work() {
    let Some(mut session) = session() else { return };
    values(
        &mut session,
        &[
            (
                "import asyncio\nt = asyncio.create_task(tools.echo(n=1))\nawait asyncio.wait_for(t, 5)",
                "{\"n\":1}",
            ),
            (
                "async with asyncio.TaskGroup() as g:\n    a = g.create_task(tools.echo(n=1))\n    b = g.create_task(tools.echo(n=2))\n\
                 [a.result()['n'], b.result()['n']]",
                "[1,2]",
            ),
            (
                "r = []\nfor f in asyncio.as_completed([tools.echo(n=i) for i in range(3)]):\n    r.append((await f)['n'])\nsorted(r)",
                "[0,1,2]",
            ),
            (
                "done, left = await asyncio.wait([asyncio.create_task(tools.echo(n=1))])\n[len(done), len(left)]",
                "[1,0]",
            ),
            (
                "q = asyncio.Queue()\nasync def put():\n    for i in range(3):\n        await q.put((await tools.echo(i=i))['i'])\n\
                 t = asyncio.create_task(put())\n[await q.get() for _ in range(3)]",
                "[0,1,2]",
            ),
            (
                "async def main():\n    return await tools.echo(n=1)\nasyncio.run(main())",
                "{\"n\":1}",
            ),
            (
                "s = asyncio.Semaphore(2)\nasync def held(i):\n    async with s:\n        return (await tools.echo(i=i))['i']\n\
                 await asyncio.gather(*map(held, range(5)))",
                "[0,1,2,3,4]",
            ),
        ],
    );
}

#[test]
fn timers_go_off_when_the_host_says_so_even_if_its_clock_stands() {
    let Some(mut session) = session() else { return };
    let code = "import asyncio\nawait asyncio.sleep(3)\nasync with asyncio.timeout(60):\n    await asyncio.sleep(1)\n\
                try:\n    await asyncio.wait_for(tools.f(), 5)\nexcept TimeoutError:\n    r = 'too late'\nr";
    let began = Instant::now();
    let mut progress = session.start(code, &names(&["f"]), began).unwrap();
    let mut waited = Vec::new();
    while matches!(progress, Progress::Waiting) {
        while session.next_call(Instant::now()).is_some() {}
        let due = session.due().unwrap();
        waited.push(due.duration_since(began).as_secs());
        progress = session.go_on(due);
    }
    assert_eq!(value(&finished(progress)), "\"too late\"");
    assert_eq!(waited, [3, 1, 5]);
}

#[test]
fn a_failed_gather_ends_and_what_was_left_of_it_is_cancelled() {
    let Some(mut session) = session() else { return };
    let code = "import asyncio\nseen = []\nasync def slow():\n    try:\n        await tools.slow()\n    finally:\n        seen.append('ended')\n\
                await asyncio.gather(tools.fails(), slow())";
    let mut progress = session
        .start(code, &names(&["fails", "slow"]), Instant::now())
        .unwrap();
    let call = session.next_call(Instant::now()).unwrap();
    session
        .answer(call.id, fails("KeyError", "no"), Instant::now())
        .unwrap();
    progress = match progress {
        Progress::Waiting => session.go_on(Instant::now()),
        over => over,
    };
    let envelope = finished(progress);
    assert_eq!(error(&envelope), "KeyError: 'no'");
    assert_eq!(value(&run(&mut session, "seen")), "[\"ended\"]");
}

#[test]
fn an_answer_for_a_call_that_was_cancelled_is_taken_and_changes_nothing() {
    let Some(mut session) = session() else { return };
    let code = "import asyncio\nt = asyncio.create_task(tools.a())\nb = asyncio.create_task(tools.b())\nawait b\nt.cancel()\nawait tools.c()";
    let mut progress = session
        .start(code, &names(&["a", "b", "c"]), Instant::now())
        .unwrap();
    let (a, b) = (
        session.next_call(Instant::now()).unwrap(),
        session.next_call(Instant::now()).unwrap(),
    );
    session.answer(b.id, answers("1"), Instant::now()).unwrap();
    assert!(matches!(session.go_on(Instant::now()), Progress::Waiting));
    session.answer(a.id, answers("2"), Instant::now()).unwrap();
    assert!(matches!(session.go_on(Instant::now()), Progress::Waiting));
    let c = session.next_call(Instant::now()).unwrap();
    session.answer(c.id, answers("3"), Instant::now()).unwrap();
    progress = match progress {
        Progress::Waiting => session.go_on(Instant::now()),
        over => over,
    };
    assert_eq!(value(&finished(progress)), "3");
}

#[test]
fn a_run_that_is_given_up_leaves_its_session_as_it_was() {
    let Some(mut session) = session() else { return };
    let code = "x = 1\nimport asyncio\ntry:\n    await tools.never()\nfinally:\n    print('closing')";
    assert!(matches!(
        session.start(code, &names(&["never"]), Instant::now()).unwrap(),
        Progress::Waiting
    ));
    let envelope = session.end(Ended::Cancelled, Instant::now()).unwrap();
    assert_eq!(
        (envelope.stdout.as_str(), envelope.session_lost),
        ("closing\n", false)
    );
    assert_eq!(value(&run(&mut session, "x")), "1");
}

#[test]
fn an_exception_is_told_as_python_does_without_the_frames_of_the_engine() {
    let Some(mut session) = session() else { return };
    let envelope = run_with(
        &mut session,
        "def f():\n    raise ValueError('no')\nf()",
        &[],
        echo,
    );
    insta::assert_snapshot!(json(&envelope), @r#"{"ok":false,"stdout":"","stderr":"","value":null,"error":"ValueError","message":"no","traceback":"Traceback (most recent call last):\n  File \"<python-input-0>\", line 3, in <module>\n    f()\n    ~^^\n  File \"<python-input-0>\", line 2, in f\n    raise ValueError('no')\nValueError: no"}"#);
    let envelope = run_with(&mut session, "await tools.f(a={1})", &["f"], echo);
    insta::assert_snapshot!(json(&envelope), @r#"{"ok":false,"stdout":"","stderr":"","value":null,"error":"TypeError","message":"Object of type set is not JSON serializable","traceback":"Traceback (most recent call last):\n  File \"<python-input-1>\", line 1, in <module>\n    await tools.f(a={1})\nTypeError: Object of type set is not JSON serializable"}"#);
    let envelope = run_with(&mut session, "await tools.f()", &["f"], |_| {
        fails("OddError", "no")
    });
    insta::assert_snapshot!(json(&envelope), @r#"{"ok":false,"stdout":"","stderr":"","value":null,"error":"RuntimeError","message":"OddError: no","traceback":"Traceback (most recent call last):\n  File \"<python-input-2>\", line 1, in <module>\n    await tools.f()\nRuntimeError: OddError: no"}"#);
    insta::assert_snapshot!(json(&run(&mut session, "def")), @r#"{"ok":false,"error":"SyntaxError","message":"invalid syntax (<python-input-3>, line 1)","stdout":"","stderr":""}"#);
    insta::assert_snapshot!(json(&run(&mut session, "import sys\nsys.exit(3)")), @r#"{"ok":false,"stdout":"","stderr":"","value":null,"error":"SystemExit","message":"3"}"#);
    insta::assert_snapshot!(json(&run(&mut session, "class Bad(Exception):\n    def __str__(self):\n        raise OSError\nraise Bad")), @r#"{"ok":false,"stdout":"","stderr":"","value":null,"error":"Bad","message":"<unprintable Bad object>","traceback":"Traceback (most recent call last):\n  File \"<python-input-5>\", line 4, in <module>\n    raise Bad\nBad: <exception str() failed>"}"#);
}

#[test]
fn values_keep_what_json_has_a_place_for() {
    let Some(mut session) = session() else { return };
    values(
        &mut session,
        &[
            (
                "[1.0, -0.0, 2**70, None, True, float('inf')]",
                "[1.0,-0.0,1180591620717411303424,null,true,null]",
            ),
            (
                "{'b': 1, 'a': (2, 3), 1: 4, True: 5, None: 6}",
                "{\"b\":1,\"a\":[2,3],\"1\":5,\"None\":6}",
            ),
            (
                "import enum\nclass E(enum.IntEnum):\n    A = 7\n[E.A, type('S', (str,), {})('x')]",
                "[7,\"x\"]",
            ),
            (
                "[b'x', {1}, 'é', '\\ud800']",
                "[\"b'x'\",\"{1}\",\"\\u00e9\",\"\\ud800\"]",
            ),
            (
                "await tools.echo(a=None, b=1.0, c=2**70, self=(1, 2))",
                "{\"a\":null,\"b\":1.0,\"c\":1180591620717411303424,\"self\":[1,2]}",
            ),
        ],
    );
    let deep = run(&mut session, "x = []\nx.append(x)\nx");
    assert_eq!(error(&deep), "RecursionError: maximum recursion depth exceeded");
}

#[test]
fn clock_and_randomness_are_the_hosts() {
    let code = "import random, time, uuid\nfrom datetime import datetime\n\
                [datetime.now().isoformat(), time.time(), random.random(), str(uuid.uuid4())]";
    let Some(mut one) = session() else { return };
    let mut other = session().unwrap();
    let drawn = value(&run(&mut one, code));
    assert!(
        drawn.starts_with("[\"2026-11-25T08:00:00.250000\",1795593600.2"),
        "{drawn}"
    );
    assert_eq!(
        value(&run(&mut other, code)),
        drawn,
        "the same seed, the same numbers"
    );
    let cpython = made(Recipe::CPython).unwrap();
    let seeded = Arc::new(Scripted::new(NOW, 8));
    let mut third = Session::with_surroundings(&cpython, PtcLimits::default(), seeded);
    assert_ne!(
        value(&run(&mut third, code)),
        drawn,
        "an instance has numbers of its own"
    );
}

#[test]
fn a_machine_is_looked_for_in_vain() {
    let Some(mut session) = session() else { return };
    let tried = [
        "open('/etc/passwd')",
        "open('x', 'w')",
        "import os\nos.listdir('/')",
        "os.environ['HOME']",
        "os.system('ls')",
        "import subprocess\nsubprocess.run(['ls'])",
        "import socket\nsocket.socket()",
        "socket.create_connection(('127.0.0.1', 80))",
        "import threading\nthreading.Thread(target=print).start()",
        "import time\ntime.sleep(1)",
        "import asyncio\ndef f():\n    asyncio.run(asyncio.sleep(0))\nf()",
        "input()",
        "import numpy",
        "__import__('ctypes')",
        "tools.ghost()",
    ];
    let said: Vec<String> = tried.iter().map(|code| error(&run(&mut session, code))).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    FileNotFoundError: [Errno 44] No such file or directory: '/etc/passwd'
    FileNotFoundError: [Errno 44] No such file or directory: 'x'
    FileNotFoundError: [Errno 44] No such file or directory: '/'
    KeyError: 'HOME'
    AttributeError: module 'os' has no attribute 'system'
    OSError: [Errno 58] wasi does not support processes.
    PermissionError: [Errno 2] Permission denied
    PermissionError: [Errno 2] Permission denied
    RuntimeError: can't start new thread
    RuntimeError: time.sleep() cannot wait here: write `await asyncio.sleep(seconds)`
    RuntimeError: asyncio.run() cannot be called here, inside of a running loop: write `await main()`
    EOFError: EOF when reading a line
    ModuleNotFoundError: No module named 'numpy'
    ModuleNotFoundError: No module named 'ctypes'
    AttributeError: '_PtcTools' object has no attribute 'ghost'
    "#);
}

#[test]
fn code_that_means_harm_is_ended_with_what_it_printed() {
    let mut limits = PtcLimits::default();
    limits.run_time = Duration::from_secs(1);
    limits.output_bytes = 100_000;
    limits.memory_bytes = 64 * 1024 * 1024;
    let Some(mut session) = session_with(limits) else {
        return;
    };
    let mut ended = |code: &str| match run(&mut session, code) {
        Envelope {
            outcome: Outcome::Ended(ended),
            stdout,
            ..
        } => (ended.code(), stdout.len()),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        ended("print('so far')\nwhile True:\n    pass"),
        ("run.deadline", 7)
    );
    assert_eq!(ended("x = bytearray(200_000_000)"), ("run.memory", 0));
    assert_eq!(
        ended("while True:\n    print('x' * 1000)"),
        ("run.output", 100_000)
    );
}

#[test]
fn recursion_is_an_error_of_the_code_also_through_c() {
    let Some(mut session) = session() else { return };
    for code in [
        "def f():\n    f()\nf()",
        "def f(x):\n    return sorted([1], key=f)\nf(1)",
        "x = []\nfor _ in range(100_000):\n    x = [x]\nrepr(x)",
        "import json\njson.loads('[' * 100_000)",
    ] {
        let envelope = run(&mut session, code);
        assert!(
            error(&envelope).starts_with("RecursionError"),
            "{code}: {}",
            json(&envelope)
        );
    }
    assert_eq!(value(&run(&mut session, "1")), "1");
}

#[test]
fn a_call_that_nobody_awaits_is_not_made_and_warned_of_every_time() {
    let Some(mut session) = session() else { return };
    for n in 0..2 {
        let envelope = run_with(&mut session, "tools.f(q=1)\n1", &["f"], |call| panic!("{call:?}"));
        assert_eq!(value(&envelope), "1");
        assert_eq!(
            envelope.stderr,
            format!(
                "<python-input-{n}>:1: RuntimeWarning: coroutine 'tools.f' was never awaited\n  tools.f(q=1)\n"
            )
        );
    }
}

#[test]
fn what_a_task_leaves_behind_belongs_to_its_run() {
    let Some(mut session) = session() else { return };
    let code = "import asyncio\nasync def late():\n    try:\n        await asyncio.sleep(100)\n    finally:\n        print('late')\n\
                asyncio.create_task(late())\nasyncio.create_task(tools.f())\nawait asyncio.sleep(0)\n1";
    let progress = session.start(code, &names(&["f"]), Instant::now()).unwrap();
    let envelope = finished(progress);
    assert_eq!(
        (value(&envelope).as_str(), envelope.stdout.as_str()),
        ("1", "late\n")
    );
    let next = run(&mut session, "2");
    assert_eq!((next.stdout.as_str(), next.stderr.as_str()), ("", ""));
}

#[test]
fn ten_thousand_calls_under_one_gather_are_answered() {
    let Some(mut session) = session() else { return };
    let code = "import asyncio\nsum(await asyncio.gather(*[tools.f(n=i) for i in range(10_000)]))";
    let mut progress = session.start(code, &names(&["f"]), Instant::now()).unwrap();
    while matches!(progress, Progress::Waiting) {
        while let Some(call) = session.next_call(Instant::now()) {
            session.answer(call.id, Ok(raw("1")), Instant::now()).unwrap();
        }
        progress = session.go_on(Instant::now());
    }
    assert_eq!(value(&finished(progress)), "10000");
}
