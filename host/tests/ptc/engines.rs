//! The README's table of engines says what they do.

use std::sync::Arc;

use yoi_engines::Recipe;
use yoi_host::ptc::{Interpreter, Progress, PtcLimits, Scripted, Session};

use crate::support::{NOW, echo, made, monty, names};

/// A row of the table, and code for each language that gives `true` where the engine can do it.
const ROWS: &[(&str, &str, &str)] = &[
    (
        "state that lasts from run to run",
        "x = 1\n---\nx == 1",
        "const x = 1\n---\nx === 1",
    ),
    (
        "several calls at once",
        "import asyncio\nlen(await asyncio.gather(tools.echo(n=1), tools.echo(n=2))) == 2",
        "(await Promise.all([tools.echo({n: 1}), tools.echo({n: 2})])).length === 2",
    ),
    (
        "tasks beside the code",
        "import asyncio\nt = asyncio.create_task(tools.echo(n=1))\n(await t) == {'n': 1}",
        "const t = tools.echo({n: 1}); (await t).n === 1",
    ),
    (
        "timers",
        "import asyncio\nawait asyncio.sleep(0.001)\nTrue",
        "await new Promise((done) => setTimeout(done, 1)); true",
    ),
    (
        "a time limit around a call",
        "import asyncio\n(await asyncio.wait_for(tools.echo(n=1), 60)) == {'n': 1}",
        "const late = new Promise((_, no) => setTimeout(no, 60000)); (await Promise.race([tools.echo({n: 1}), late])).n === 1",
    ),
    (
        "generators",
        "def g():\n    yield 1\nlist(g()) == [1]",
        "function* g() { yield 1 } [...g()][0] === 1",
    ),
    (
        "classes that inherit, errors of its own",
        "class E(ValueError):\n    pass\ntry:\n    raise E()\nexcept ValueError:\n    r = True\nr",
        "class E extends TypeError {}; try { throw new E() } catch (e) { return e instanceof TypeError }",
    ),
    (
        "integers of any size",
        "2**70 == 1180591620717411303424",
        "2n ** 70n === 1180591620717411303424n",
    ),
    (
        "regular expressions",
        "import re\nre.match('a+', 'aab').group() == 'aa'",
        "/a+/.exec('aab')[0] === 'aa'",
    ),
    (
        "date and time",
        "from datetime import datetime\ndatetime.now().year == 2026",
        "new Date().getUTCFullYear() === 2026",
    ),
    (
        "time zones",
        "from zoneinfo import ZoneInfo\nZoneInfo('Europe/Berlin') is not None",
        "new Intl.DateTimeFormat('en', {timeZone: 'Europe/Berlin'}) !== null",
    ),
    (
        "random numbers",
        "import random\n0 <= random.random() < 1",
        "Math.random() < 1",
    ),
    (
        "printing to standard error",
        "import sys\nprint('x', file=sys.stderr)\nTrue",
        "console.error('x'); true",
    ),
    (
        "a library beyond the language (SQLite, CSV, XML, hashes)",
        "import csv, hashlib, sqlite3\nTrue",
        "require('crypto') !== null",
    ),
    (
        "packages to install",
        "import numpy\nTrue",
        "require('lodash') !== null",
    ),
    ("files", "open('x', 'w')\nTrue", "require('fs') !== null"),
    (
        "endless recursion is an error that code can catch",
        "def f():\n    f()\ntry:\n    f()\nexcept RecursionError:\n    r = True\nr",
        "const f = () => f() + 1; try { f() } catch { return true }",
    ),
];

#[test]
fn the_readmes_table_of_engines_is_true() {
    let readme = include_str!("../../../README.md");
    let engines: [(&str, Option<Interpreter>, bool); 3] = [
        ("monty", Some(monty().clone()), true),
        ("cpython", made(Recipe::CPython), true),
        ("quickjs", made(Recipe::QuickJs), false),
    ];
    let head = "| | `monty` | `cpython` | `quickjs` |";
    let table: Vec<&str> = readme
        .lines()
        .skip_while(|line| *line != head)
        .take_while(|line| line.starts_with('|'))
        .collect();
    assert!(!table.is_empty(), "there is no table `{head}`");
    let mut wrong = Vec::new();
    for (title, python, javascript) in ROWS {
        let begins = format!("| {title} | ");
        let Some(row) = table.iter().find_map(|line| line.strip_prefix(&begins)) else {
            panic!("the table has no row `{title}`");
        };
        let cells: Vec<&str> = row.trim_end_matches(" |").split(" | ").collect();
        for ((name, engine, is_python), cell) in engines.iter().zip(cells) {
            let Some(engine) = engine else { continue };
            let can = can(engine, if *is_python { python } else { javascript });
            if cell != if can { "yes" } else { "no" } {
                wrong.push(format!("{title}: {name} is said to be `{cell}`, and is {can}"));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// Whether the last of several runs gives `true`.
fn can(engine: &Interpreter, code: &str) -> bool {
    let surroundings = Arc::new(Scripted::new(NOW, 7));
    let mut session = Session::with_surroundings(engine, PtcLimits::default(), surroundings);
    let mut last = None;
    for code in code.split("\n---\n") {
        let began = std::time::Instant::now();
        let mut progress = session.start(code, &names(&["echo"]), began).unwrap();
        let envelope = loop {
            match progress {
                Progress::Finished(envelope) => break envelope,
                Progress::Waiting => {
                    let mut answered = false;
                    while let Some(call) = session.next_call(began) {
                        session.answer(call.id, echo(&call), began).unwrap();
                        answered = true;
                    }
                    let due = if answered { began } else { session.due().unwrap() };
                    progress = session.go_on(due);
                }
            }
        };
        last = envelope.value().map(|value| value.get() == "true");
    }
    last == Some(true)
}
