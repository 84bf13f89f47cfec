//! What code comes to: blocks, state, values, errors, tools. Each case is data.

use serde_json::value::RawValue;

use super::peer::{Answer, Call, Ran};
use super::{BLOCKS, CALLS, ENVELOPE, ERRORS, LANGUAGE, Mark, Marked, SANDBOX, STATE, TASKS, TOOLS, VALUES};
use crate::suite::Test;
use crate::verdict::{expect, expect_eq};
use crate::{Case, Checked, Clause, Stop};

/// A case: blocks of one session, and what the last of them comes to.
#[derive(Clone, Copy)]
struct Row {
    mark: Mark,
    case: fn(&'static str, Clause) -> Case,
    id: &'static str,
    clause: Clause,
    blocks: &'static [&'static str],
    wanted: Wanted,
}

/// What is wanted of the last block.
#[derive(Clone, Copy)]
enum Wanted {
    /// This value, sign by sign.
    Value(&'static str),
    /// An exception of this class, whose message has these words.
    Raises(&'static str, &'static str),
    /// An error of this class, wherever it comes from.
    Errors(&'static str),
    /// That it fails, however.
    Fails,
    /// That its code is refused, without a value.
    Unreadable,
    /// These calls, in this order: the tool and its arguments, sign by sign.
    Calls(&'static [(&'static str, &'static str)]),
    /// That it fails, and calls nothing.
    CallsNothing,
    /// This output.
    Stdout(&'static str),
    /// This in standard error.
    Stderr(&'static str),
}

use Mark::{Fix, Match, Tighten};
use Wanted::{Calls, CallsNothing, Errors, Fails, Raises, Stderr, Stdout, Unreadable, Value};

/// The tools that there are, and what they answer.
const THERE: &[&str] = &[
    "echo", "one", "none", "nested", "absent", "float", "exact", "huge", "names", "order", "fails", "boom",
    "bare", "truthy",
];

fn standard(call: &Call) -> Answer {
    let value = |json: &str| Answer::Value(json.to_owned());
    match call.tool.as_str() {
        "echo" => Answer::Value(call.args.clone()),
        "one" => value("1"),
        "none" => value("null"),
        "nested" => value("{\"a\":null,\"b\":[null]}"),
        "absent" => Answer::Raw(",\"ok\":true"),
        "float" => value("1.0"),
        "exact" => value("9007199254740993"),
        "huge" => value("123456789012345678901234567890"),
        "names" => value("{\"constructor\":1,\"__proto__\":2}"),
        "order" => value("{\"b\":1,\"1\":2,\"a\":3}"),
        "fails" => Answer::Fails("ValueError", "out of luck"),
        "boom" => Answer::Fails("BoomError", "tool exploded"),
        "bare" => Answer::Raw(",\"ok\":false"),
        "truthy" => Answer::Raw(",\"ok\":\"no\",\"value\":7"),
        _ => Answer::Never,
    }
}

macro_rules! rows {
    ($($mark:ident $case:ident $id:literal $clause:ident [$($block:expr),+] => $wanted:expr;)+) => {
        &[$(Row {
            mark: $mark,
            case: Case::$case,
            id: $id,
            clause: $clause,
            blocks: &[$($block),+],
            wanted: $wanted,
        }),+]
    };
}

const ROWS: &[Row] = rows! {
    Match must "ptc.block.empty-has-no-value" BLOCKS [""] => Value("null");
    Match must "ptc.block.comment-has-no-value" BLOCKS ["# nothing"] => Value("null");
    Match must "ptc.block.last-expression-is-the-value" BLOCKS ["1;2;3"] => Value("3");
    Match must "ptc.block.semicolon-hides-nothing" BLOCKS ["5;"] => Value("5");
    Match must "ptc.block.string-alone-is-a-value" BLOCKS ["'text'"] => Value("\"text\"");
    Match must "ptc.block.assignment-has-no-value" BLOCKS ["x = 5"] => Value("null");
    Match must "ptc.block.if-has-no-value" BLOCKS ["if True:\n    5"] => Value("null");
    Match must "ptc.block.for-has-no-value" BLOCKS ["for i in [1]:\n    i"] => Value("null");
    Match must "ptc.block.def-has-no-value" BLOCKS ["def f():\n    return 1"] => Value("null");
    Match must "ptc.block.await-is-an-expression" BLOCKS ["await tools.one()"] => Value("1");
    Match must "ptc.block.lines-may-end-with-cr" BLOCKS ["x = 1\r\nx + 1"] => Value("2");
    Match must "ptc.block.function-may-be-recursive" BLOCKS ["def f(n):\n    return 1 if n == 0 else n * f(n - 1)\nf(5)"] => Value("120");
    Match must "ptc.block.function-may-await" BLOCKS ["async def f():\n    return await tools.one() + 1\nawait f()"] => Value("2");
    Match should "ptc.block.may-return" BLOCKS ["if True:\n    return 5\n6"] => Value("5");
    Match must "ptc.block.unreadable-runs-nothing" ENVELOPE ["print('x')\ndef"] => Unreadable;

    Fix must "ptc.state.variable-stays" STATE ["kept_v = [1]", "kept_v"] => Value("[1]");
    Fix must "ptc.state.identity-stays" STATE ["kept_a = []\nkept_b = kept_a", "kept_b.append(1)\nkept_a"] => Value("[1]");
    Fix must "ptc.state.function-stays" STATE ["def kept_f(n):\n    return n + 1", "kept_f(1)"] => Value("2");
    Fix must "ptc.state.import-stays" STATE ["import math", "math.floor(2.5)"] => Value("2");
    Fix must "ptc.state.name-is-bound-anew" STATE ["kept_n = 1", "kept_n += 1\nkept_n"] => Value("2");
    Fix must "ptc.state.failed-block-keeps-what-it-did" STATE ["kept_e = 1\n1/0", "kept_e"] => Value("1");
    Fix should "ptc.state.class-stays" STATE ["class Kept:\n    def __init__(self):\n        self.a = 7", "Kept().a"] => Value("7");

    Match must "ptc.envelope.exception" ENVELOPE ["raise ValueError('no')"] => Raises("ValueError", "no");
    Match must "ptc.envelope.division" ENVELOPE ["1/0"] => Raises("ZeroDivisionError", "division by zero");
    Match must "ptc.envelope.unknown-name" ENVELOPE ["no_such_name"] => Raises("NameError", "no_such_name");
    Match must "ptc.envelope.stdout" ENVELOPE ["print('a', 1, sep='-')\nprint('b', end='')"] => Stdout("a-1\nb");
    Match must "ptc.envelope.stdout-of-a-failed-block" ENVELOPE ["print('so far')\n1/0"] => Stdout("so far\n");
    Match must "ptc.envelope.stdout-is-of-its-block" ENVELOPE ["print('before')", "print('now')"] => Stdout("now\n");
    Match should "ptc.envelope.stderr" ENVELOPE ["import sys\nprint('careful', file=sys.stderr)"] => Stderr("careful");
    Match should "ptc.envelope.call-that-nobody-awaits-is-warned-of" ENVELOPE ["x = tools.one()\nx = None"] => Stderr("never awaited");

    Match must "ptc.value.scalars" VALUES ["[None, True, 1, 'a']"] => Value("[null,true,1,\"a\"]");
    Match must "ptc.value.tuple-is-a-list" VALUES ["(1, (2,))"] => Value("[1,[2]]");
    Match must "ptc.value.object" VALUES ["{'b': 1, 'a': {'c': []}}"] => Value("{\"b\":1,\"a\":{\"c\":[]}}");
    Match must "ptc.value.keys-are-texts" VALUES ["{1: 'x'}"] => Value("{\"1\":\"x\"}");
    Match must "ptc.value.other-things-are-told" VALUES ["b'ab'"] => Value("\"b'ab'\"");
    Match must "ptc.value.long-text-is-whole" VALUES ["len('x' * 5000)"] => Value("5000");
    Match must "ptc.value.cycle-is-an-error" VALUES ["a = []\na.append(a)\na"] => Errors("RecursionError");
    Fix must "ptc.value.float-stays-one" VALUES ["[1.0, -0.0]"] => Value("[1.0,-0.0]");
    Fix must "ptc.value.integer-keeps-its-digits" VALUES ["[2**53 + 1, 2**70]"] => Value("[9007199254740993,1180591620717411303424]");
    Fix must "ptc.value.object-keeps-its-order" VALUES ["{'b': 1, '1': 2, 'a': 3}"] => Value("{\"b\":1,\"1\":2,\"a\":3}");
    Fix must "ptc.value.nan-is-null" VALUES ["float('nan')"] => Value("null");

    Match must "ptc.args.none" VALUES ["await tools.echo()"] => Calls(&[("echo", "{}")]);
    Match must "ptc.args.nested" VALUES ["await tools.echo(a=[1, {'b': True}], s='x')"] => Calls(&[("echo", "{\"a\":[1,{\"b\":true}],\"s\":\"x\"}")]);
    Match must "ptc.args.any-text-is-a-name" VALUES ["await tools.echo(**{'a b': 1, 'class': 2})"] => Calls(&[("echo", "{\"a b\":1,\"class\":2}")]);
    Match must "ptc.args.tuple-is-a-list" VALUES ["await tools.echo(t=(1, 2))"] => Calls(&[("echo", "{\"t\":[1,2]}")]);
    Match must "ptc.args.have-names" TOOLS ["await tools.echo('x')"] => CallsNothing;
    Fix must "ptc.args.none-is-null" VALUES ["await tools.echo(a=None, b=[None])"] => Calls(&[("echo", "{\"a\":null,\"b\":[null]}")]);
    Fix must "ptc.args.float-stays-one" VALUES ["await tools.echo(x=1.0)"] => Calls(&[("echo", "{\"x\":1.0}")]);
    Fix must "ptc.args.integer-keeps-its-digits" VALUES ["await tools.echo(x=2**53 + 1)"] => Calls(&[("echo", "{\"x\":9007199254740993}")]);
    Fix must "ptc.args.object-keeps-its-order" VALUES ["await tools.echo(d={'b': 1, '1': 2})"] => Calls(&[("echo", "{\"d\":{\"b\":1,\"1\":2}}")]);
    Fix must "ptc.args.what-json-has-no-place-for-is-refused" VALUES ["await tools.echo(s={1})"] => CallsNothing;

    Match must "ptc.answer.as-python-reads-it" VALUES ["r = await tools.echo(a=[1, 'x', True, {}])\n[type(r).__name__, r['a'][1]]"] => Value("[\"dict\",\"x\"]");
    Match must "ptc.answer.absent-is-none" VALUES ["await tools.absent() is None"] => Value("true");
    Match must "ptc.answer.success-is-what-javascript-takes-for-true" CALLS ["await tools.truthy()"] => Value("7");
    Fix must "ptc.answer.null-is-none" VALUES ["await tools.none() is None"] => Value("true");
    Fix must "ptc.answer.null-within-is-none" VALUES ["r = await tools.nested()\n[r['a'] is None, r['b'][0] is None]"] => Value("[true,true]");
    Fix must "ptc.answer.float-stays-one" VALUES ["type(await tools.float()).__name__"] => Value("\"float\"");
    Fix must "ptc.answer.integer-keeps-its-digits" VALUES ["str(await tools.exact())"] => Value("\"9007199254740993\"");
    Fix must "ptc.answer.integer-of-any-size" VALUES ["str(await tools.huge())"] => Value("\"123456789012345678901234567890\"");
    Fix must "ptc.answer.any-name-is-a-key" VALUES ["type(await tools.names()).__name__"] => Value("\"dict\"");
    Fix must "ptc.answer.object-keeps-its-order" VALUES ["list(await tools.order())"] => Value("[\"b\",\"1\",\"a\"]");

    Match must "ptc.error.can-be-caught" ERRORS ["try:\n    await tools.boom()\nexcept Exception as e:\n    x = 'tool exploded' in str(e)\nx"] => Value("true");
    Match must "ptc.error.ends-the-block-uncaught" ERRORS ["await tools.boom()"] => Fails;
    Match must "ptc.error.code-goes-on-behind-it" ERRORS ["try:\n    await tools.boom()\nexcept Exception:\n    pass\nawait tools.one()"] => Value("1");
    Match must "ptc.error.without-words-has-those-of-the-contract" ERRORS ["try:\n    await tools.bare()\nexcept Exception as e:\n    x = 'host tool error' in str(e)\nx"] => Value("true");
    Fix must "ptc.error.has-its-own-class" ERRORS ["try:\n    await tools.fails()\nexcept ValueError as e:\n    x = str(e)\nx"] => Value("\"out of luck\"");
    Match should "ptc.error.is-caught-in-its-task" TASKS ["import asyncio\nasync def f():\n    try:\n        await tools.fails()\n    except Exception:\n        return 'caught'\nasync def g():\n    return await tools.one()\nawait asyncio.gather(f(), g())"] => Value("[\"caught\",1]");

    Match must "ptc.tools.unlisted-is-not-there" TOOLS ["await tools.ghost()"] => Raises("AttributeError", "ghost");
    Match must "ptc.tools.unlisted-is-not-called" TOOLS ["await tools.ghost()"] => CallsNothing;
    Match must "ptc.tools.are-attributes" TOOLS ["await getattr(tools, 'one')()"] => Value("1");
    Match should "ptc.tools.can-be-asked-for" TOOLS ["[hasattr(tools, 'one'), hasattr(tools, 'ghost')]"] => Value("[true,false]");

    Match must "ptc.task.gather-keeps-its-order" TASKS ["import asyncio\nr = await asyncio.gather(tools.echo(n=1), tools.echo(n=2))\n[x['n'] for x in r]"] => Value("[1,2]");
    Match should "ptc.task.gather-may-return-exceptions" TASKS ["import asyncio\nr = await asyncio.gather(tools.one(), tools.boom(), return_exceptions=True)\n[r[0], 'exploded' in str(r[1])]"] => Value("[1,true]");
    Match should "ptc.task.sleep" TASKS ["import asyncio\nawait asyncio.sleep(0.01)\n1"] => Value("1");
    Match should "ptc.task.create-task" TASKS ["import asyncio\nt = asyncio.create_task(tools.echo(n=1))\n(await t)['n']"] => Value("1");
    Match should "ptc.task.wait-for" TASKS ["import asyncio\nawait asyncio.wait_for(tools.one(), 5)"] => Value("1");
    Match should "ptc.task.timeout" TASKS ["import asyncio\ntry:\n    await asyncio.wait_for(asyncio.sleep(30), 0.01)\nexcept TimeoutError:\n    x = 'late'\nx"] => Value("\"late\"");
    Match should "ptc.task.group" TASKS ["import asyncio\nasync with asyncio.TaskGroup() as g:\n    t = g.create_task(tools.echo(n=1))\nt.result()['n']"] => Value("1");
    Match should "ptc.task.semaphore" TASKS ["import asyncio\ns = asyncio.Semaphore(1)\nasync def f(n):\n    async with s:\n        return (await tools.echo(n=n))['n']\nawait asyncio.gather(f(1), f(2))"] => Value("[1,2]");

    Match should "ptc.language.generators" LANGUAGE ["def g():\n    yield 1\n    yield 2\nlist(g())"] => Value("[1,2]");
    Match should "ptc.language.inheritance" LANGUAGE ["class A:\n    def f(self):\n        return 1\nclass B(A):\n    pass\nB().f()"] => Value("1");
    Match should "ptc.language.exceptions-of-its-own" LANGUAGE ["class Mine(Exception):\n    pass\ntry:\n    raise Mine('x')\nexcept Mine as e:\n    r = str(e)\nr"] => Value("\"x\"");
    Match should "ptc.language.match" LANGUAGE ["match [1, 2]:\n    case [a, b]:\n        r = a + b\nr"] => Value("3");
    Match should "ptc.language.del" LANGUAGE ["x = [1, 2]\ndel x[0]\nx"] => Value("[2]");
    Match should "ptc.language.async-comprehension" LANGUAGE ["[await tools.one() for _ in range(2)]"] => Value("[1,1]");
    Match should "ptc.language.json" LANGUAGE ["import json\njson.loads(json.dumps({'a': [1]}))"] => Value("{\"a\":[1]}");
    Match should "ptc.language.regular-expressions" LANGUAGE ["import re\nre.findall('[0-9]+', 'a1b22')"] => Value("[\"1\",\"22\"]");
    Match should "ptc.language.datetime" LANGUAGE ["from datetime import datetime\ndatetime(2026, 1, 2).isoformat()"] => Value("\"2026-01-02T00:00:00\"");
    Match should "ptc.language.statistics" LANGUAGE ["import statistics\nstatistics.mean([1, 3])"] => Value("2");
    Match should "ptc.language.random" LANGUAGE ["import random\n0 <= random.random() < 1"] => Value("true");

    Tighten must "ptc.sandbox.no-files-of-the-host" SANDBOX ["open('/etc/passwd').read()"] => Fails;
    Tighten must "ptc.sandbox.no-sockets" SANDBOX ["import socket\nsocket.create_connection(('127.0.0.1', 9), 1)"] => Fails;
    Tighten must "ptc.sandbox.no-processes" SANDBOX ["import subprocess\nsubprocess.run(['true'])"] => Fails;
    Match must "ptc.sandbox.recursion-is-an-error" SANDBOX ["def f(n):\n    return f(n + 1)\nf(0)"] => Raises("RecursionError", "");
    Match must "ptc.sandbox.recursion-can-be-caught" SANDBOX ["def f(n):\n    return f(n + 1)\ntry:\n    f(0)\nexcept RecursionError:\n    x = 'caught'\nx"] => Value("\"caught\"");
};

pub(super) fn cases() -> Vec<Marked> {
    ROWS.iter().map(|row| row.mark.of(row.test())).collect()
}

impl Row {
    fn test(&'static self) -> Test<super::PtcTarget> {
        (self.case)(self.id, self.clause).example(move |target: &super::PtcTarget, context| {
            let mut lent = target.booted(context)?;
            let mut last = None;
            for block in self.blocks {
                last = Some(lent.peer.run(context, block, THERE, standard)?);
            }
            let last = last.ok_or_else(|| Stop::Harness("a case has no block".to_owned()))?;
            lent.peer.settle(context)?;
            // A value that is another one harms nobody else.
            lent.give_back();
            self.wanted.check(&last)
        })
    }
}

impl Wanted {
    fn check(self, ran: &Ran) -> Checked {
        let envelope = &ran.envelope;
        let error = envelope.error.as_deref().unwrap_or_default();
        let message = envelope.message.as_deref().unwrap_or_default();
        let failed = ran.refused.is_none() && !envelope.ok;
        let told = || ran.text.clone();
        let calls: Vec<(&str, &str)> = ran
            .calls
            .iter()
            .map(|call| (call.tool.as_str(), call.args.as_str()))
            .collect();
        match self {
            Value(wanted) => expect(
                ran.value() == Some(wanted),
                || format!("the value {wanted}"),
                told,
            ),
            Raises(name, words) => {
                let as_asked = failed
                    && error == name
                    && message.contains(words)
                    && envelope.traceback.is_some()
                    && envelope.value.as_deref().map(RawValue::get) == Some("null");
                let wanted = || {
                    format!(
                        "an envelope with value null, error {name}, a message with `{words}`, and a traceback"
                    )
                };
                expect(as_asked, wanted, told)
            }
            Errors(name) => expect(failed && error == name, || format!("the error {name}"), told),
            Fails => expect(failed, || "an envelope with an error".to_owned(), told),
            Unreadable => {
                let as_asked = failed
                    && error == "SyntaxError"
                    && envelope.value.is_none()
                    && envelope.traceback.is_none()
                    && envelope.stdout.is_empty();
                expect(
                    as_asked,
                    || "a SyntaxError, no value, no traceback and no output".to_owned(),
                    told,
                )
            }
            Calls(wanted) => {
                expect_eq("the calls", wanted, calls.as_slice())?;
                expect(envelope.ok, || "a value".to_owned(), told)
            }
            CallsNothing => {
                expect_eq("the calls", &[][..], calls.as_slice())?;
                expect(failed, || "an envelope with an error".to_owned(), told)
            }
            Stdout(wanted) => expect_eq("standard output", wanted, envelope.stdout.as_str()),
            Stderr(words) => expect(
                envelope.stderr.contains(words),
                || format!("`{words}` in standard error"),
                told,
            ),
        }
    }
}
