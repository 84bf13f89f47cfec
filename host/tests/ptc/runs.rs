//! What a run comes to, and what it leaves for the next.

use crate::support::{NOW, error, json, run, run_with, session, value};

#[test]
fn the_value_is_that_of_the_last_expression() {
    let mut session = session();
    for (code, expected) in [
        ("1+1", "2"),
        ("5;", "5"),
        ("1;2;3", "3"),
        ("'text'", "\"text\""),
        ("x = 1\nx", "1"),
        ("", "null"),
        ("# nothing", "null"),
        ("pass", "null"),
        ("x = 5", "null"),
        ("if True:\n    5", "null"),
        ("for i in [1]:\n    i", "null"),
        ("def f():\n    return 1", "null"),
    ] {
        assert_eq!(value(&run(&mut session, code)), expected, "{code}");
    }
}

#[test]
fn what_a_run_defines_is_there_for_the_next() {
    let mut session = session();
    run(
        &mut session,
        "import math\nx = [1]\ndef f(n):\n    return n + x[0]\nclass C:\n    def __init__(self):\n        self.a = 7",
    );
    run(&mut session, "x.append(2)\nc = C()");
    assert_eq!(
        value(&run(&mut session, "[f(1), x, c.a, math.floor(2.5)]")),
        "[2,[1,2],7,2]"
    );
    // A name that is there can be bound anew from what it was.
    assert_eq!(value(&run(&mut session, "x += [3]\nx")), "[1,2,3]");
}

#[test]
fn what_a_failed_run_defined_before_it_failed_is_there_too() {
    let mut session = session();
    assert_eq!(
        error(&run(&mut session, "x = 1\n1/0\nx = 2")),
        "ZeroDivisionError: division by zero"
    );
    assert_eq!(value(&run(&mut session, "x")), "1");
}

#[test]
fn sessions_share_nothing() {
    let (mut one, mut other) = (session(), session());
    run(&mut one, "x = 1");
    assert_eq!(error(&run(&mut other, "x")), "NameError: name 'x' is not defined");
}

#[test]
fn an_exception_has_its_class_its_message_and_where_it_was_raised() {
    let mut session = session();
    insta::assert_snapshot!(json(&run(&mut session, "print('before')\ndef f():\n    raise ValueError('no')\nf()")), @r#"{"ok":false,"stdout":"before\n","stderr":"","value":null,"error":"ValueError","message":"no","traceback":"Traceback (most recent call last):\n  File \"<python-input-0>\", line 4, in <module>\n    f()\n    ~~~\n  File \"<python-input-0>\", line 3, in f\n    raise ValueError('no')\nValueError: no"}"#);
    insta::assert_snapshot!(json(&run(&mut session, "import json\njson.loads('{')")), @r#"{"ok":false,"stdout":"","stderr":"","value":null,"error":"JSONDecodeError","message":"Expecting ',' delimiter: line 1 column 2 (char 1)","traceback":"Traceback (most recent call last):\n  File \"<python-input-1>\", line 2, in <module>\n    json.loads('{')\n    ~~~~~~~~~~~~~~~\njson.JSONDecodeError: Expecting ',' delimiter: line 1 column 2 (char 1)"}"#);
}

#[test]
fn code_that_cannot_be_read_is_told_without_a_value() {
    let mut session = session();
    insta::assert_snapshot!(json(&run(&mut session, "def")), @r#"{"ok":false,"error":"SyntaxError","message":"Expected an identifier","stdout":"","stderr":""}"#);
    insta::assert_snapshot!(json(&run(&mut session, "(")), @r#"{"ok":false,"error":"SyntaxError","message":"unexpected EOF while parsing","stdout":"","stderr":""}"#);
    // One that the code raises itself is another matter.
    insta::assert_snapshot!(json(&run(&mut session, "raise SyntaxError('mine')")), @r#"{"ok":false,"stdout":"","stderr":"","value":null,"error":"SyntaxError","message":"mine","traceback":"Traceback (most recent call last):\n  File \"<python-input-2>\", line 1, in <module>\n    raise SyntaxError('mine')\nSyntaxError: mine"}"#);
}

#[test]
fn what_is_printed_comes_with_the_envelope() {
    let mut session = session();
    let envelope = run(&mut session, "print('a', 1, sep='-')\nprint('b', end='')");
    assert_eq!(
        (envelope.stdout.as_str(), envelope.stderr.as_str()),
        ("a-1\nb", "")
    );
    // Nothing of it is left for the next.
    assert_eq!(run(&mut session, "1").stdout, "");
}

#[test]
fn the_clock_is_the_hosts() {
    let mut session = session();
    let code = "from datetime import datetime, date, timezone\n\
                n = datetime.now()\n[n.isoformat(), datetime.now(timezone.utc).isoformat(), date.today().isoformat()]";
    let expected = "[\"2026-11-25T08:00:00.250000\",\"2026-11-25T08:00:00.250000+00:00\",\"2026-11-25\"]";
    assert_eq!(NOW / 1_000_000_000, 1_795_593_600);
    assert_eq!(value(&run(&mut session, code)), expected);
}

#[test]
fn a_call_that_nobody_awaits_is_not_made_and_warned_of() {
    let mut session = session();
    let envelope = run_with(&mut session, "x = tools.search(q=1)\n1", &["search"], |call| {
        panic!("{call:?} was made")
    });
    assert_eq!(value(&envelope), "1");
    assert_eq!(
        envelope.stderr,
        "RuntimeWarning: coroutine 'tools.search' was never awaited\n"
    );
    assert!(envelope.calls.is_empty());
}

#[test]
fn a_call_of_an_earlier_run_cannot_be_awaited() {
    let mut session = session();
    run_with(
        &mut session,
        "x = tools.search(q=1)",
        &["search"],
        |_| unreachable!(),
    );
    assert_eq!(
        error(&run(&mut session, "await x")),
        "RuntimeError: cannot await a call of an earlier run"
    );
    assert_eq!(value(&run(&mut session, "1")), "1");
}
