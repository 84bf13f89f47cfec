"""The object `tools`, and its calls.

The host judges each call again; what is told here is told in the language's own words.
"""

import builtins

from componentize_py_types import Err
from wit_world.imports.types import Call

from . import values


class _PtcTools:
    """The tools that code may call: an attribute each."""


class _PtcTool:
    __slots__ = ("_name", "_switchboard")

    def __init__(self, name, switchboard):
        self._name = name
        self._switchboard = switchboard

    def __call__(self, /, *args, **named):
        if args:
            raise TypeError(
                f"_PtcTool.__call__() takes 1 positional argument but {len(args) + 1} were given "
                f"(name them: tools.{self._name}(key=value))"
            )
        call = self._switchboard.call(self._name, named)
        call.__qualname__ = f"tools.{self._name}"
        return call

    def __repr__(self):
        return f"<tool {self._name}>"


class Switchboard:
    """Calls that were made, those that were not told yet first, and who waits for them."""

    def __init__(self, loop):
        self._loop = loop
        self._made = []
        self._waiting = {}
        self._next_id = 0
        self._is_open = False

    def open(self, names):
        """Begin a run; its `tools`."""
        self._is_open = True
        tools = _PtcTools()
        vars(tools).update((name, _PtcTool(name, self)) for name in names)
        return tools

    def close(self):
        """The run is over. No call is made any more, and none answered."""
        self._is_open = False
        self._made.clear()
        self._waiting.clear()

    async def call(self, tool, named):
        if not self._is_open:
            raise RuntimeError(f"tools.{tool}() cannot be called: its run is over")
        arguments = values.arguments(named)
        answer = self._loop.create_future()
        call_id = self._next_id
        self._next_id += 1
        self._waiting[call_id] = answer
        self._made.append(Call(call_id, tool, arguments))
        return values.parse(await answer)

    def take_made(self):
        """The calls since the last time, in their order."""
        made, self._made = self._made, []
        return made

    def answer(self, answers):
        for answer in answers:
            # The host has seen to it that there is no other; who waited may have been cancelled.
            future = self._waiting.pop(answer.id, None)
            if future is None or future.done():
                continue
            outcome = answer.outcome
            if isinstance(outcome, Err):
                future.set_exception(_raised(outcome.value))
            else:
                future.set_result(outcome.value)


def _raised(error):
    """A tool's failure, under its own name where Python has an exception of that name, so that `except ValueError`
    catches a tool's `ValueError`."""
    kind = getattr(builtins, error.name, None)
    # Not what ends a program past its handlers.
    if isinstance(kind, type) and issubclass(kind, Exception) and kind is not StopIteration:
        try:
            return kind(error.message)
        except TypeError:
            # Some are made of more than a message.
            pass
    return RuntimeError(f"{error.name}: {error.message}")
