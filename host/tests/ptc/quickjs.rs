//! QuickJS: JavaScript whose promises are the engine's own, held by the same bounds.

use std::sync::Arc;
use std::time::{Duration, Instant};

use yoi_engines::Recipe;
use yoi_host::ptc::{Outcome, Progress, PtcLimits, Scripted, Session};

use crate::support::{
    NOW, echo, error, fails, finished, json, made, names, raw, run, run_timed, run_with, value,
};

fn session() -> Option<Session> {
    session_with(PtcLimits::default())
}

fn session_with(limits: PtcLimits) -> Option<Session> {
    let quickjs = made(Recipe::QuickJs)?;
    let surroundings = Arc::new(Scripted::new(NOW, 7));
    Some(Session::with_surroundings(&quickjs, limits, surroundings))
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
            ("({a: 1})", "{\"a\":1}"),
            ("let a = 1", "null"),
            ("", "null"),
            ("// nothing", "null"),
            ("if (a) return [a]; 5", "[1]"),
            ("await tools.echo({n: 1})", "{\"n\":1}"),
        ],
    );
}

#[test]
fn what_a_run_defines_is_there_for_the_next() {
    let Some(mut session) = session() else { return };
    values(
        &mut session,
        &[
            (
                "const x = [1]; let {y, ...rest} = {y: 2, z: 3}; var [v = 4] = []\nfunction f(n) { return n + x[0] }\nclass C { m() { return y } }",
                "null",
            ),
            (
                "x.push(2); [f(1), new C().m(), rest, v, x]",
                "[2,2,{\"z\":3},4,[1,2]]",
            ),
            ("async function g() { return (await tools.echo({y})).y }", "null"),
            ("y = 9; await g()", "9"),
        ],
    );
    // What failed had defined something before.
    run(&mut session, "const before = 1; null.x");
    assert_eq!(value(&run(&mut session, "before")), "1");
}

#[test]
fn async_functions_of_every_kind_run() {
    let Some(mut session) = session() else { return };
    values(
        &mut session,
        &[
            ("const f = async (a, b = 2) => a + b + await 1; await f(1)", "4"),
            (
                "const o = {async m(x) { return this.n + await x}, n: 1}; await o.m(Promise.resolve(2))",
                "3",
            ),
            (
                "class A { static async s() { return 's' } async ['t']() { return await A.s() + 't' } }\nawait new A().t()",
                "\"st\"",
            ),
            (
                "async function* g() { for (let i = 0; i < 3; i++) yield (await tools.echo({i})).i; yield* [7, 8] }\n\
                 const all = []; for await (const x of g()) { if (x === 1) continue; all.push(x) } all",
                "[0,2,7,8]",
            ),
            (
                "let closed = false; async function* h() { try { yield 1; yield 2 } finally { closed = true } }\n\
                 for await (const x of h()) break; closed",
                "true",
            ),
            (
                "try { await (async () => { throw new RangeError('x') })() } catch (e) { return e.name }",
                "\"RangeError\"",
            ),
            (
                "async function args() { return arguments.length } await args(1, 2, 3)",
                "3",
            ),
            (
                "`${await 1}${await Promise.all([1, tools.echo({n: 2}).then((r) => r.n)])}`",
                "\"11,2\"",
            ),
            (
                "const s = await Promise.allSettled([Promise.reject(1), 2]); s.map((r) => r.status)",
                "[\"rejected\",\"fulfilled\"]",
            ),
            (
                "await Promise.any([Promise.reject(1), new Promise((r) => setTimeout(r, 5, 'later')), 3])",
                "3",
            ),
            (
                "const order = []; Promise.resolve().then(() => order.push(2)); order.push(1); await null; order",
                "[1,2]",
            ),
            ("await Promise.resolve(1).finally(() => 2)", "1"),
            ("await {then(yes) { yes('thenable') }}", "\"thenable\""),
            (
                "a: for await (const x of [1, 2]) { for (;;) { if (x === 1) continue a; break a } }\nlet {y = await 5} = {}\ny",
                "5",
            ),
            ("function* plain() { yield 1; yield 2 } [...plain()]", "[1,2]"),
        ],
    );
}

#[test]
fn statements_end_with_their_lines_as_well_as_with_semicolons() {
    let Some(mut session) = session() else { return };
    let runs = [
        (
            "const later = (x) => new Promise((done) => setTimeout(done, 1, x))\nawait later(1)\nawait later(2)",
            "2",
        ),
        (
            "const a = later(3)\nawait later(4)\nconst b = await a\nawait later(b)\nb",
            "3",
        ),
        (
            "let n = 0 // of all\n/* and\n */ await later()\nfor (let i = 0; i < 2; i++) await later()\nn += 1\nn",
            "1",
        ),
        (
            "if (await later(1)) await later(2)\nelse await later(3)\ndo await later(n--)\nwhile (n > 0)\nn",
            "0",
        ),
        (
            "const f = async (x) => { await later(x)\nawait later(x)\nreturn x }\nawait f(5)\nawait f(6)",
            "6",
        ),
        (
            "class C { x = 1\ny = 2\nasync g() { await later()\nreturn this.x } }\nawait new C().g()\n",
            "1",
        ),
        ("const g = f\nasync () => { await g(7) }\nawait g(8)", "8"),
        ("var x = later\n(9)\nawait x", "9"),
    ];
    for (code, wanted) in runs {
        let envelope = run_timed(&mut session, code);
        assert_eq!(value(&envelope), wanted, "{code}");
    }
}

#[test]
fn lines_of_errors_are_those_of_the_author() {
    let Some(mut session) = session() else { return };
    let code = "async function f(\n  a,\n) {\n  const {\n    b,\n  } = await a;\n  throw new TypeError('here')\n}\nlet\n  x = 1\nawait f({b: 1})";
    insta::assert_snapshot!(json(&run(&mut session, code)), @r#"{"ok":false,"stdout":"","stderr":"","value":null,"error":"TypeError","message":"here","traceback":"TypeError: here\n    at <anonymous> (<input>:7:13)"}"#);
    insta::assert_snapshot!(json(&run(&mut session, "let = ")), @r#"{"ok":false,"error":"SyntaxError","message":"Unexpected token (1:6)","stdout":"","stderr":""}"#);
    insta::assert_snapshot!(json(&run(&mut session, "throw {code: 7}")), @r#"{"ok":false,"stdout":"","stderr":"","value":null,"error":"Uncaught","message":"{code: 7}"}"#);
}

#[test]
fn a_tools_failure_has_its_name_and_its_class_where_there_is_one() {
    let Some(mut session) = session() else { return };
    for (name, expected) in [
        ("TypeError", "[true,\"TypeError\",\"no\"]"),
        ("OddError", "[false,\"OddError\",\"no\"]"),
    ] {
        let code = "try { await tools.f() } catch (e) { return [e instanceof TypeError, e.name, e.message] }";
        let envelope = run_with(&mut session, code, &["f"], |_| fails(name, "no"));
        assert_eq!(value(&envelope), expected);
    }
    for (code, said) in [
        (
            "await tools.f(1)",
            "TypeError: tools.f() takes one object: tools.f({ key: value })",
        ),
        (
            "await tools.f({a: () => 1})",
            "TypeError: JSON has no place for a function",
        ),
        ("tools.ghost()", "TypeError: there is no tool 'ghost'"),
    ] {
        let envelope = run_with(&mut session, code, &["f"], |call| panic!("{call:?}"));
        assert_eq!(error(&envelope), said);
    }
}

#[test]
fn timers_go_off_when_the_host_says_so_even_if_its_clock_stands() {
    let Some(mut session) = session() else { return };
    let code = "const seen = []; const every = setInterval(() => seen.push('i'), 1000);\n\
                setTimeout(() => seen.push('never'), 9000);\n\
                await new Promise((done) => setTimeout(done, 2500)); clearInterval(every); seen";
    assert_eq!(value(&run_timed(&mut session, code)), "[\"i\",\"i\"]");
}

#[test]
fn values_that_json_has_no_place_for_are_shown() {
    let Some(mut session) = session() else { return };
    let code = "[NaN, undefined, 10n ** 20n, () => 1, new Map([[1, {a: 'x'}]]), new Date(0), /x/g, new Uint8Array(2), {a: undefined, b: '\\ud800'}]";
    insta::assert_snapshot!(value(&run(&mut session, code)), @r#"[null,null,100000000000000000000,"[Function (anonymous)]","Map(1) {1 => {a: \"x\"}}","1970-01-01T00:00:00.000Z","/x/g","Uint8Array(2) [0, 0]",{"b":"\ud800"}]"#);
    assert_eq!(
        error(&run(&mut session, "const a = []; a[0] = a; a")),
        "TypeError: the value contains itself"
    );
}

#[test]
fn what_is_printed_goes_where_it_belongs() {
    let Some(mut session) = session() else { return };
    let code = "console.log('a %s', 1, {b: [2, 'c']}); console.group('g'); console.info('in'); console.error(new Error('e'))\n\
                Promise.reject(new Error('nobody'))\ntools.f({})\n1";
    let envelope = run_with(&mut session, code, &["f"], |call| panic!("{call:?}"));
    insta::assert_snapshot!(envelope.stdout, @r#"
    a 1 {b: [2, "c"]}
    g
      in
    "#);
    insta::assert_snapshot!(envelope.stderr, @r#"
    Error: e
        at <anonymous> (<input>:1:114)
    Unhandled rejection: Error: nobody
        at <anonymous> (<input>:2:20)
    tools.f() was not awaited, and is not called
    "#);
}

#[test]
fn clock_and_randomness_are_the_hosts() {
    let code = "[new Date().toISOString(), Math.random()]";
    let Some(mut one) = session() else { return };
    let mut other = session().unwrap();
    let drawn = value(&run(&mut one, code));
    assert!(drawn.starts_with("[\"2026-11-25T08:00:00.250Z\",0."), "{drawn}");
    assert_eq!(
        value(&run(&mut other, code)),
        drawn,
        "the same seed, the same numbers"
    );
    assert_ne!(value(&run(&mut one, code)), drawn);
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
    let mut ended = |code: &str| {
        let envelope = run(&mut session, code);
        let printed = envelope.stdout.len();
        match envelope.outcome {
            Outcome::Ended(ended) => (ended.code(), printed),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ended("console.log('so far'); for (;;) {}"), ("run.deadline", 7));
    assert_eq!(
        ended("const all = []; for (;;) all.push(new Uint8Array(1e6))"),
        ("run.memory", 0)
    );
    assert_eq!(
        ended("for (;;) console.log('x'.repeat(1000))"),
        ("run.output", 100_000)
    );
    assert_eq!(ended("(function f() { f() })()"), ("run.stack", 0));
    assert_eq!(ended("await new Promise(() => {})"), ("run.stuck", 0));
    assert_eq!(
        value(&run(
            &mut session,
            "typeof process + typeof require + typeof fetch"
        )),
        "\"undefinedundefinedundefined\""
    );
}

#[test]
fn ten_thousand_calls_at_once_are_answered() {
    let Some(mut session) = session() else { return };
    let code = "(await Promise.all(Array.from({length: 10_000}, (_, n) => tools.f({n})))).length";
    let mut progress = session.start(code, &names(&["f"]), Instant::now()).unwrap();
    while matches!(progress, Progress::Waiting) {
        while let Some(call) = session.next_call(Instant::now()) {
            session.answer(call.id, Ok(raw("1")), Instant::now()).unwrap();
        }
        progress = session.go_on(Instant::now());
    }
    assert_eq!(value(&finished(progress)), "10000");
}
