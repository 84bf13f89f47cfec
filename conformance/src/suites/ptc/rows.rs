//! What code comes to: the cases, as data. [`code`](super::code) says what is done with them.

use super::code::Wanted::{Calls, CallsNothing, Errors, Fails, Raises, Stderr, Stdout, Unreadable, Value};
use super::code::{Form, Row};
use super::{BLOCKS, CALLS, ENVELOPE, ERRORS, LANGUAGE, Mark, SANDBOX, STATE, TASKS, TOOLS, VALUES};
use crate::Case;

use Mark::{Fix, Match, Tighten};

/// A row has its blocks in Python and what the last of them comes to, then the same in JavaScript: without a word, it
/// comes to the same; in parentheses, why there is no such thing.
macro_rules! rows {
    ($($mark:ident $case:ident $id:literal $clause:ident
        $python:tt => $wanted:expr,
        $javascript:tt $(=> $otherwise:expr)?;)+) => {
        &[$(Row {
            mark: $mark,
            case: Case::$case,
            id: $id,
            clause: $clause,
            python: form!($python, $wanted),
            javascript: form!($javascript, $wanted $(, $otherwise)?),
        }),+]
    };
}

macro_rules! form {
    ([$($block:expr),+], $wanted:expr) => { Form::Blocks(&[$($block),+], $wanted) };
    ([$($block:expr),+], $python:expr, $wanted:expr) => { Form::Blocks(&[$($block),+], $wanted) };
    (($reason:literal), $python:expr) => { Form::None($reason) };
}

pub(super) const ROWS: &[Row] = rows! {
    Match must "ptc.block.empty-has-no-value" BLOCKS
        [""] => Value("null"),
        [""];
    Match must "ptc.block.comment-has-no-value" BLOCKS
        ["# nothing"] => Value("null"),
        ["// nothing"];
    Match must "ptc.block.last-expression-is-the-value" BLOCKS
        ["1;2;3"] => Value("3"),
        ["1;2;3"];
    Match must "ptc.block.semicolon-hides-nothing" BLOCKS
        ["5;"] => Value("5"),
        ["5;"];
    Match must "ptc.block.string-alone-is-a-value" BLOCKS
        ["'text'"] => Value("\"text\""),
        ["'text'"];
    Match must "ptc.block.assignment-has-no-value" BLOCKS
        ["x = 5"] => Value("null"),
        ("an assignment is an expression there");
    Match must "ptc.block.if-has-no-value" BLOCKS
        ["if True:\n    5"] => Value("null"),
        ["if (true) {\n    5\n}"];
    Match must "ptc.block.for-has-no-value" BLOCKS
        ["for i in [1]:\n    i"] => Value("null"),
        ["for (const i of [1]) {\n    i\n}"];
    Match must "ptc.block.def-has-no-value" BLOCKS
        ["def f():\n    return 1"] => Value("null"),
        ["function f() {\n    return 1\n}"];
    Match must "ptc.block.await-is-an-expression" BLOCKS
        ["await tools.one()"] => Value("1"),
        ["await tools.one()"];
    Match must "ptc.block.lines-may-end-with-cr" BLOCKS
        ["x = 1\r\nx + 1"] => Value("2"),
        ["var x = 1\r\nx + 1"];
    Match must "ptc.block.function-may-be-recursive" BLOCKS
        ["def f(n):\n    return 1 if n == 0 else n * f(n - 1)\nf(5)"] => Value("120"),
        ["function f(n) {\n    return n === 0 ? 1 : n * f(n - 1)\n}\nf(5)"];
    Match must "ptc.block.function-may-await" BLOCKS
        ["async def f():\n    return await tools.one() + 1\nawait f()"] => Value("2"),
        ["async function f() {\n    return await tools.one() + 1\n}\nawait f()"];
    Match should "ptc.block.may-return" BLOCKS
        ["if True:\n    return 5\n6"] => Value("5"),
        ["if (true) {\n    return 5\n}\n6"];
    Match must "ptc.block.unreadable-runs-nothing" ENVELOPE
        ["print('x')\ndef"] => Unreadable,
        ["console.log('x')\nfunction"];

    Fix must "ptc.state.variable-stays" STATE
        ["kept_v = [1]", "kept_v"] => Value("[1]"),
        ["let kept_v = [1]", "kept_v"];
    Fix must "ptc.state.identity-stays" STATE
        ["kept_a = []\nkept_b = kept_a", "kept_b.append(1)\nkept_a"] => Value("[1]"),
        ["let kept_a = []\nlet kept_b = kept_a", "kept_b.push(1)\nkept_a"];
    Fix must "ptc.state.function-stays" STATE
        ["def kept_f(n):\n    return n + 1", "kept_f(1)"] => Value("2"),
        ["function kept_f(n) {\n    return n + 1\n}", "kept_f(1)"];
    Fix must "ptc.state.import-stays" STATE
        ["import math", "math.floor(2.5)"] => Value("2"),
        ("it has nothing to import here");
    Fix must "ptc.state.name-is-bound-anew" STATE
        ["kept_n = 1", "kept_n += 1\nkept_n"] => Value("2"),
        ["let kept_n = 1", "kept_n += 1\nkept_n"];
    Fix must "ptc.state.failed-block-keeps-what-it-did" STATE
        ["kept_e = 1\n1/0", "kept_e"] => Value("1"),
        ["let kept_e = 1\nthrow new Error('no')", "kept_e"];
    Fix should "ptc.state.class-stays" STATE
        ["class Kept:\n    def __init__(self):\n        self.a = 7", "Kept().a"] => Value("7"),
        ["class Kept {\n    constructor() {\n        this.a = 7\n    }\n}", "new Kept().a"];

    Match must "ptc.envelope.exception" ENVELOPE
        ["raise ValueError('no')"] => Raises("ValueError", "no"),
        ["throw new RangeError('no')"] => Raises("RangeError", "no");
    Match must "ptc.envelope.division" ENVELOPE
        ["1/0"] => Raises("ZeroDivisionError", "division by zero"),
        ["1n / 0n"] => Raises("RangeError", "division by zero");
    Match must "ptc.envelope.unknown-name" ENVELOPE
        ["no_such_name"] => Raises("NameError", "no_such_name"),
        ["no_such_name"] => Raises("ReferenceError", "no_such_name");
    Match must "ptc.envelope.stdout" ENVELOPE
        ["print('a', 1, sep='-')\nprint('b', end='')"] => Stdout("a-1\nb"),
        ["console.log('a-1')\nconsole.log('b')"] => Stdout("a-1\nb\n");
    Match must "ptc.envelope.stdout-of-a-failed-block" ENVELOPE
        ["print('so far')\n1/0"] => Stdout("so far\n"),
        ["console.log('so far')\nnull.x"];
    Match must "ptc.envelope.stdout-is-of-its-block" ENVELOPE
        ["print('before')", "print('now')"] => Stdout("now\n"),
        ["console.log('before')", "console.log('now')"];
    Match should "ptc.envelope.stderr" ENVELOPE
        ["import sys\nprint('careful', file=sys.stderr)"] => Stderr("careful"),
        ["console.error('careful')"];
    Match should "ptc.envelope.call-that-nobody-awaits-is-warned-of" ENVELOPE
        ["x = tools.one()\nx = None"] => Stderr("never awaited"),
        ["tools.one()\nnull"] => Stderr("not awaited");

    Match must "ptc.value.scalars" VALUES
        ["[None, True, 1, 'a']"] => Value("[null,true,1,\"a\"]"),
        ["[null, true, 1, 'a']"];
    Match must "ptc.value.tuple-is-a-list" VALUES
        ["(1, (2,))"] => Value("[1,[2]]"),
        ("it has no tuples");
    Match must "ptc.value.object" VALUES
        ["{'b': 1, 'a': {'c': []}}"] => Value("{\"b\":1,\"a\":{\"c\":[]}}"),
        ["({b: 1, a: {c: []}})"];
    Match must "ptc.value.keys-are-texts" VALUES
        ["{1: 'x'}"] => Value("{\"1\":\"x\"}"),
        ["({1: 'x'})"];
    Match must "ptc.value.other-things-are-told" VALUES
        ["b'ab'"] => Value("\"b'ab'\""),
        ["/ab/"] => Value("\"/ab/\"");
    Match must "ptc.value.long-text-is-whole" VALUES
        ["len('x' * 5000)"] => Value("5000"),
        ["'x'.repeat(5000).length"];
    Match must "ptc.value.cycle-is-an-error" VALUES
        ["a = []\na.append(a)\na"] => Errors("RecursionError"),
        ["var a = []\na.push(a)\na"] => Errors("TypeError");
    Fix must "ptc.value.float-stays-one" VALUES
        ["[1.0, -0.0]"] => Value("[1.0,-0.0]"),
        ("it has one kind of number");
    Fix must "ptc.value.integer-keeps-its-digits" VALUES
        ["[2**53 + 1, 2**70]"] => Value("[9007199254740993,1180591620717411303424]"),
        ["[2n ** 53n + 1n, 2n ** 70n]"];
    Fix must "ptc.value.object-keeps-its-order" VALUES
        ["{'b': 1, '1': 2, 'a': 3}"] => Value("{\"b\":1,\"1\":2,\"a\":3}"),
        ("its objects have keys that are numbers first");
    Fix must "ptc.value.nan-is-null" VALUES
        ["float('nan')"] => Value("null"),
        ["NaN"];

    Match must "ptc.args.none" VALUES
        ["await tools.echo()"] => Calls(&[("echo", "{}")]),
        ["await tools.echo()"];
    Match must "ptc.args.nested" VALUES
        ["await tools.echo(a=[1, {'b': True}], s='x')"] => Calls(&[("echo", "{\"a\":[1,{\"b\":true}],\"s\":\"x\"}")]),
        ["await tools.echo({a: [1, {b: true}], s: 'x'})"];
    Match must "ptc.args.any-text-is-a-name" VALUES
        ["await tools.echo(**{'a b': 1, 'class': 2})"] => Calls(&[("echo", "{\"a b\":1,\"class\":2}")]),
        ["await tools.echo({'a b': 1, 'class': 2})"];
    Match must "ptc.args.tuple-is-a-list" VALUES
        ["await tools.echo(t=(1, 2))"] => Calls(&[("echo", "{\"t\":[1,2]}")]),
        ("it has no tuples");
    Match must "ptc.args.have-names" TOOLS
        ["await tools.echo('x')"] => CallsNothing,
        ["await tools.echo('x')"];
    Fix must "ptc.args.none-is-null" VALUES
        ["await tools.echo(a=None, b=[None])"] => Calls(&[("echo", "{\"a\":null,\"b\":[null]}")]),
        ["await tools.echo({a: null, b: [null]})"];
    Fix must "ptc.args.float-stays-one" VALUES
        ["await tools.echo(x=1.0)"] => Calls(&[("echo", "{\"x\":1.0}")]),
        ("it has one kind of number");
    Fix must "ptc.args.integer-keeps-its-digits" VALUES
        ["await tools.echo(x=2**53 + 1)"] => Calls(&[("echo", "{\"x\":9007199254740993}")]),
        ["await tools.echo({x: 2n ** 53n + 1n})"];
    Fix must "ptc.args.object-keeps-its-order" VALUES
        ["await tools.echo(d={'b': 1, '1': 2})"] => Calls(&[("echo", "{\"d\":{\"b\":1,\"1\":2}}")]),
        ("its objects have keys that are numbers first");
    Fix must "ptc.args.what-json-has-no-place-for-is-refused" VALUES
        ["await tools.echo(s={1})"] => CallsNothing,
        ["await tools.echo({s: new Set([1])})"];

    Match must "ptc.answer.as-python-reads-it" VALUES
        ["r = await tools.echo(a=[1, 'x', True, {}])\n[type(r).__name__, r['a'][1]]"] => Value("[\"dict\",\"x\"]"),
        ("it is no Python");
    Match must "ptc.answer.absent-is-none" VALUES
        ["await tools.absent() is None"] => Value("true"),
        ["await tools.absent() === null"];
    Match must "ptc.answer.success-is-what-javascript-takes-for-true" CALLS
        ["await tools.truthy()"] => Value("7"),
        ["await tools.truthy()"];
    Fix must "ptc.answer.null-is-none" VALUES
        ["await tools.none() is None"] => Value("true"),
        ["await tools.none() === null"];
    Fix must "ptc.answer.null-within-is-none" VALUES
        ["r = await tools.nested()\n[r['a'] is None, r['b'][0] is None]"] => Value("[true,true]"),
        ["var r = await tools.nested();\n[r.a === null, r.b[0] === null]"];
    Fix must "ptc.answer.float-stays-one" VALUES
        ["type(await tools.float()).__name__"] => Value("\"float\""),
        ("it has one kind of number");
    Fix must "ptc.answer.integer-keeps-its-digits" VALUES
        ["str(await tools.exact())"] => Value("\"9007199254740993\""),
        ("it has one kind of number");
    Fix must "ptc.answer.integer-of-any-size" VALUES
        ["str(await tools.huge())"] => Value("\"123456789012345678901234567890\""),
        ("it has one kind of number");
    Fix must "ptc.answer.any-name-is-a-key" VALUES
        ["type(await tools.names()).__name__"] => Value("\"dict\""),
        ["Object.keys(await tools.names())"] => Value("[\"constructor\",\"__proto__\"]");
    Fix must "ptc.answer.object-keeps-its-order" VALUES
        ["list(await tools.order())"] => Value("[\"b\",\"1\",\"a\"]"),
        ("its objects have keys that are numbers first");

    Match must "ptc.error.can-be-caught" ERRORS
        ["try:\n    await tools.boom()\nexcept Exception as e:\n    x = 'tool exploded' in str(e)\nx"] => Value("true"),
        ["try {\n    await tools.boom()\n} catch (e) {\n    var x = String(e).includes('tool exploded')\n}\nx"];
    Match must "ptc.error.ends-the-block-uncaught" ERRORS
        ["await tools.boom()"] => Fails,
        ["await tools.boom()"];
    Match must "ptc.error.code-goes-on-behind-it" ERRORS
        ["try:\n    await tools.boom()\nexcept Exception:\n    pass\nawait tools.one()"] => Value("1"),
        ["try {\n    await tools.boom()\n} catch {}\nawait tools.one()"];
    Match must "ptc.error.without-words-has-those-of-the-contract" ERRORS
        ["try:\n    await tools.bare()\nexcept Exception as e:\n    x = 'host tool error' in str(e)\nx"] => Value("true"),
        ["try {\n    await tools.bare()\n} catch (e) {\n    var x = String(e).includes('host tool error')\n}\nx"];
    Fix must "ptc.error.has-its-own-class" ERRORS
        ["try:\n    await tools.fails()\nexcept ValueError as e:\n    x = str(e)\nx"] => Value("\"out of luck\""),
        ["try {\n    await tools.fails()\n} catch (e) {\n    var x = e.name + ': ' + e.message\n}\nx"] => Value("\"ValueError: out of luck\"");
    Match should "ptc.error.is-caught-in-its-task" TASKS
        ["import asyncio\nasync def f():\n    try:\n        await tools.fails()\n    except Exception:\n        return 'caught'\nasync def g():\n    return await tools.one()\nawait asyncio.gather(f(), g())"] => Value("[\"caught\",1]"),
        ["async function f() {\n    try {\n        await tools.fails()\n    } catch {\n        return 'caught'\n    }\n}\nawait Promise.all([f(), tools.one()])"];

    Match must "ptc.tools.unlisted-is-not-there" TOOLS
        ["await tools.ghost()"] => Raises("AttributeError", "ghost"),
        ["await tools.ghost()"] => Raises("TypeError", "ghost");
    Match must "ptc.tools.unlisted-is-not-called" TOOLS
        ["await tools.ghost()"] => CallsNothing,
        ["await tools.ghost()"];
    Match must "ptc.tools.are-attributes" TOOLS
        ["await getattr(tools, 'one')()"] => Value("1"),
        ["await tools['one']()"];
    Match should "ptc.tools.can-be-asked-for" TOOLS
        ["[hasattr(tools, 'one'), hasattr(tools, 'ghost')]"] => Value("[true,false]"),
        ["['one' in tools, 'ghost' in tools]"];

    Match must "ptc.task.gather-keeps-its-order" TASKS
        ["import asyncio\nr = await asyncio.gather(tools.echo(n=1), tools.echo(n=2))\n[x['n'] for x in r]"] => Value("[1,2]"),
        ["var r = await Promise.all([tools.echo({n: 1}), tools.echo({n: 2})])\nr.map((x) => x.n)"];
    Match should "ptc.task.gather-may-return-exceptions" TASKS
        ["import asyncio\nr = await asyncio.gather(tools.one(), tools.boom(), return_exceptions=True)\n[r[0], 'exploded' in str(r[1])]"] => Value("[1,true]"),
        ["var r = await Promise.allSettled([tools.one(), tools.boom()]);\n[r[0].value, String(r[1].reason).includes('exploded')]"];
    Match should "ptc.task.sleep" TASKS
        ["import asyncio\nawait asyncio.sleep(0.01)\n1"] => Value("1"),
        ["await new Promise((done) => setTimeout(done, 10))\n1"];
    Match should "ptc.task.create-task" TASKS
        ["import asyncio\nt = asyncio.create_task(tools.echo(n=1))\n(await t)['n']"] => Value("1"),
        ["var t = tools.echo({n: 1});\n(await t).n"];
    Match should "ptc.task.wait-for" TASKS
        ["import asyncio\nawait asyncio.wait_for(tools.one(), 5)"] => Value("1"),
        ["await Promise.race([tools.one(), new Promise((_, late) => setTimeout(late, 5000))])"];
    Match should "ptc.task.timeout" TASKS
        ["import asyncio\ntry:\n    await asyncio.wait_for(asyncio.sleep(30), 0.01)\nexcept TimeoutError:\n    x = 'late'\nx"] => Value("\"late\""),
        ["var after = (ms, x) => new Promise((done) => setTimeout(done, ms, x))\nawait Promise.race([after(30000), after(10, 'late')])"];
    Match should "ptc.task.group" TASKS
        ["import asyncio\nasync with asyncio.TaskGroup() as g:\n    t = g.create_task(tools.echo(n=1))\nt.result()['n']"] => Value("1"),
        ("it has no groups of tasks");
    Match should "ptc.task.semaphore" TASKS
        ["import asyncio\ns = asyncio.Semaphore(1)\nasync def f(n):\n    async with s:\n        return (await tools.echo(n=n))['n']\nawait asyncio.gather(f(1), f(2))"] => Value("[1,2]"),
        ("it has no semaphores");

    Match should "ptc.language.generators" LANGUAGE
        ["def g():\n    yield 1\n    yield 2\nlist(g())"] => Value("[1,2]"),
        ["function* g() {\n    yield 1\n    yield 2\n}\nArray.from(g())"];
    Match should "ptc.language.inheritance" LANGUAGE
        ["class A:\n    def f(self):\n        return 1\nclass B(A):\n    pass\nB().f()"] => Value("1"),
        ["class A {\n    f() {\n        return 1\n    }\n}\nclass B extends A {}\nnew B().f()"];
    Match should "ptc.language.exceptions-of-its-own" LANGUAGE
        ["class Mine(Exception):\n    pass\ntry:\n    raise Mine('x')\nexcept Mine as e:\n    r = str(e)\nr"] => Value("\"x\""),
        ["class Mine extends Error {}\ntry {\n    throw new Mine('x')\n} catch (e) {\n    var r = e instanceof Mine && e.message\n}\nr"];
    Match should "ptc.language.match" LANGUAGE
        ["match [1, 2]:\n    case [a, b]:\n        r = a + b\nr"] => Value("3"),
        ("it has no match");
    Match should "ptc.language.del" LANGUAGE
        ["x = [1, 2]\ndel x[0]\nx"] => Value("[2]"),
        ["var x = {a: 1, b: 2}\ndelete x.a\nx"] => Value("{\"b\":2}");
    Match should "ptc.language.async-comprehension" LANGUAGE
        ["[await tools.one() for _ in range(2)]"] => Value("[1,1]"),
        ("it has no comprehensions");
    Match should "ptc.language.json" LANGUAGE
        ["import json\njson.loads(json.dumps({'a': [1]}))"] => Value("{\"a\":[1]}"),
        ["JSON.parse(JSON.stringify({a: [1]}))"];
    Match should "ptc.language.regular-expressions" LANGUAGE
        ["import re\nre.findall('[0-9]+', 'a1b22')"] => Value("[\"1\",\"22\"]"),
        ["'a1b22'.match(/[0-9]+/g)"];
    Match should "ptc.language.datetime" LANGUAGE
        ["from datetime import datetime\ndatetime(2026, 1, 2).isoformat()"] => Value("\"2026-01-02T00:00:00\""),
        ["new Date(Date.UTC(2026, 0, 2)).toISOString()"] => Value("\"2026-01-02T00:00:00.000Z\"");
    Match should "ptc.language.statistics" LANGUAGE
        ["import statistics\nstatistics.mean([1, 3])"] => Value("2"),
        ("it has no library for that");
    Match should "ptc.language.random" LANGUAGE
        ["import random\n0 <= random.random() < 1"] => Value("true"),
        ["var x = Math.random()\n0 <= x && x < 1"];

    Tighten must "ptc.sandbox.no-files-of-the-host" SANDBOX
        ["open('/etc/passwd').read()"] => Fails,
        ["require('fs').readFileSync('/etc/passwd')"];
    Tighten must "ptc.sandbox.no-sockets" SANDBOX
        ["import socket\nsocket.create_connection(('127.0.0.1', 9), 1)"] => Fails,
        ["await fetch('http://127.0.0.1:9')"];
    Tighten must "ptc.sandbox.no-processes" SANDBOX
        ["import subprocess\nsubprocess.run(['true'])"] => Fails,
        ["require('child_process').execSync('true')"];
    Match must "ptc.sandbox.recursion-is-an-error" SANDBOX
        ["def f(n):\n    return f(n + 1)\nf(0)"] => Raises("RecursionError", ""),
        ["function f(n) {\n    return f(n + 1) + 1\n}\nf(0)"] => Fails;
    Match should "ptc.sandbox.recursion-can-be-caught" SANDBOX
        ["def f(n):\n    return f(n + 1)\ntry:\n    f(0)\nexcept RecursionError:\n    x = 'caught'\nx"] => Value("\"caught\""),
        ["function f(n) {\n    return f(n + 1) + 1\n}\ntry {\n    f(0)\n} catch {\n    var x = 'caught'\n}\nx"];
};
