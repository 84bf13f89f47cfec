"""Runs: code is read, runs until every task of it waits, goes on with answers, and ends."""

import __future__

import ast
import asyncio
import builtins
import inspect
import linecache
import sys
import traceback
import types

from wit_world.imports.types import (
    Outcome_Raised,
    Outcome_Unreadable,
    Outcome_Value,
    Pause,
    Step_Finished,
    Step_Paused,
    Uncaught,
)

from . import console, machine, values
from .loop import Loop
from .tools import Switchboard

# What runs are called in tracebacks, with a number each.
_INPUT = "<python-input-"

# Runs whose source is kept for tracebacks: a function that fails was defined in one of the last.
_SOURCES = 100

# How often what is left of a run is cancelled. What has not ended by then is dropped.
_CANCELLATIONS = 16

_RETURN = "__ptc_return__"

# Where the engine's own code is.
_ENGINE = "/ptc_engine/"

_FUTURES = sum(getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)


class _Returned(BaseException):
    """`return` outside of a function: it ends the run with a value."""

    def __init__(self, value=None):
        self.value = value


class Session:
    def __init__(self):
        self._loop = Loop()
        self._switchboard = Switchboard(self._loop)
        self._runs = 0
        self._main = None
        self._outcome = None
        # A module like that of a script, so that its classes can be pickled.
        module = types.ModuleType("__main__")
        module.__builtins__ = builtins
        sys.modules["__main__"] = module
        self._names = vars(module)
        setattr(builtins, _RETURN, _Returned)

    def run(self, code, tools):
        if self._main is not None:
            self.abandon()
        if self._runs == 0:
            machine.begin()
        console.install()
        name = f"{_INPUT}{self._runs}>"
        self._runs += 1
        try:
            parts = _read(code, name)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            console.flush()
            return Step_Finished(Outcome_Unreadable(_uncaught(error, False)))
        self._keep_source(name, code)
        self._names["tools"] = self._switchboard.open(tools)
        # What was warned of before, by line. The lines are others now.
        self._names.pop("__warningregistry__", None)
        self._outcome = None
        self._main = self._loop.create_task(self._execute(parts))
        return self._go_on()

    def resume(self, answers):
        if self._main is None:
            said = "nothing is paused that could go on"
            return Step_Finished(Outcome_Raised(Uncaught("RuntimeError", said, None)))
        if answers:
            self._switchboard.answer(answers)
        else:
            self._loop.skip()
        return self._go_on()

    def abandon(self):
        self._end()
        console.flush()

    def _go_on(self):
        try:
            self._loop.advance()
        except (SystemExit, KeyboardInterrupt) as error:
            # Of a task that the code made: it ends a program, and so this run.
            self._outcome = Outcome_Raised(_uncaught(error))
        if self._outcome is not None:
            outcome = self._outcome
            self._end()
            console.flush()
            return Step_Finished(outcome)
        console.flush()
        return Step_Paused(Pause(self._switchboard.take_made(), self._loop.wake_after()))

    async def _execute(self, parts):
        """Run the code, and keep what became of it."""
        try:
            value = None
            for part in parts:
                value = eval(part, self._names)
                if part.co_flags & inspect.CO_COROUTINE:
                    value = await value
            self._outcome = Outcome_Value(values.result(value))
        except _Returned as returned:
            try:
                self._outcome = Outcome_Value(values.result(returned.value))
            except BaseException as error:
                self._outcome = Outcome_Raised(_uncaught(error))
        except BaseException as error:
            self._outcome = Outcome_Raised(_uncaught(error))

    def _end(self):
        """End what is left of the run."""
        self._switchboard.close()
        if self._main is None:
            return
        self._main = None
        for _ in range(_CANCELLATIONS):
            left = asyncio.all_tasks(self._loop)
            if not left:
                break
            for task in left:
                task.cancel()
            try:
                self._loop.advance()
            except (SystemExit, KeyboardInterrupt):
                pass
        for task in asyncio.all_tasks(self._loop):
            task._log_destroy_pending = False
        self._loop.forget()
        self._outcome = None

    def _keep_source(self, name, code):
        linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
        linecache.cache.pop(f"{_INPUT}{self._runs - 1 - _SOURCES}>", None)


def _read(code, name):
    """The code, in parts of which the last has the value."""
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    tree = compile(code, name, "exec", flags | ast.PyCF_ONLY_AST, dont_inherit=True)
    _TopLevel().visit(tree)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    parts = []
    if tree.body or last is None:
        part = compile(tree, name, "exec", flags, dont_inherit=True)
        # What the code says about its future holds for all of it.
        flags |= part.co_flags & _FUTURES
        parts.append(part)
    if last is not None:
        parts.append(compile(last, name, "eval", flags, dont_inherit=True))
    return parts


class _TopLevel(ast.NodeTransformer):
    """What means something else outside of functions here than in a file: a `return` ends the run with a value, and
    `asyncio.run(main())` is what a file writes for `await main()`."""

    def visit_Return(self, node):
        self.generic_visit(node)
        function = ast.Name(_RETURN, ast.Load())
        call = ast.Call(function, [node.value] if node.value else [], [])
        return _in_place_of(node, ast.Raise(call, None))

    def visit_Call(self, node):
        self.generic_visit(node)
        match node:
            case ast.Call(ast.Attribute(ast.Name("asyncio"), "run"), [main], []):
                return _in_place_of(node, ast.Await(main))
        return node

    def _leave(self, node):
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = visit_Lambda = _leave
    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _leave


def _in_place_of(old, new):
    return ast.fix_missing_locations(ast.copy_location(new, old))


def _uncaught(error, with_trace=True):
    return Uncaught(type(error).__name__, _message(error), _trace(error) if with_trace else None)


def _message(error):
    try:
        if isinstance(error, SystemExit):
            return "" if error.code is None else str(error.code)
        return str(error)
    except Exception:
        return f"<unprintable {type(error).__name__} object>"


def _hide_engine(told):
    """Leave the engine's own frames out: the code's author did not write them, and cannot see their source."""
    to_do, seen = [told], set()
    while to_do:
        told = to_do.pop()
        if told is None or id(told) in seen:
            continue
        seen.add(id(told))
        shown = [frame for frame in told.stack if _ENGINE not in frame.filename]
        told.stack = traceback.StackSummary.from_list(shown)
        to_do += [told.__cause__, told.__context__, *(told.exceptions or ())]


def _trace(error):
    """As Python shows it, from the code's own first line on."""
    if isinstance(error, SystemExit):
        return None
    frame = error.__traceback__
    while frame is not None and not frame.tb_frame.f_code.co_filename.startswith(_INPUT):
        frame = frame.tb_next
    if frame is None:
        return None
    try:
        told = traceback.TracebackException(type(error), error, frame, compact=True)
        _hide_engine(told)
        return "".join(told.format()).rstrip("\n")
    except Exception:
        return None
