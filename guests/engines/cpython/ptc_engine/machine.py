"""What of the library would look for a machine around it, told that there is none.

Files, sockets, processes and the environment need nothing here: WASI has none to give, and the library raises what
it raises where a system refuses. What is left is what would wait.
"""

import asyncio
import builtins
import importlib.resources
import io
import random
import select
import sys
import time
import warnings
import zoneinfo
import zoneinfo._common

from wit_world.imports import host


def detach():
    time.sleep = _sleep
    select.select = _select
    asyncio.run = _run
    sys.stdin = sys.__stdin__ = io.StringIO()
    sys.argv[:] = [""]
    for name in ("exit", "quit"):
        setattr(builtins, name, _exit)
    warnings._warn_unawaited_coroutine = _warn_unawaited
    zoneinfo._common.load_tzdata = _zone


def begin():
    """What an instance does first: its memory, and the state of `random` in it, is that of every other."""
    random.seed(host.random() << 64 | host.random())


def _zones():
    """The rules of all time zones, by name: here too there are no files to read them from later."""
    zones = {}
    root = importlib.resources.files("tzdata")
    for name in root.joinpath("zones").read_text().split():
        zones[name] = root.joinpath("zoneinfo", *name.split("/")).read_bytes()
    return zones


_ZONES = _zones()


def _zone(key):
    try:
        return io.BytesIO(_ZONES[key])
    except KeyError:
        raise zoneinfo.ZoneInfoNotFoundError(f"No time zone found with key {key}") from None


def _warn_unawaited(coroutine):
    # Without the advice to look for where it was made by `tracemalloc`, which the code has no means to follow.
    said = f"coroutine {coroutine.__qualname__!r} was never awaited"
    warnings.warn(said, RuntimeWarning, stacklevel=2)


def _sleep(seconds, /):
    raise RuntimeError("time.sleep() cannot wait here: write `await asyncio.sleep(seconds)`")


def _select(rlist, wlist, xlist, timeout=None, /):
    raise RuntimeError("select() cannot wait here: there is nothing to wait for")


def _run(main, *, debug=None, loop_factory=None):
    if asyncio.iscoroutine(main):
        main.close()
    raise RuntimeError("asyncio.run() cannot be called here, inside of a running loop: write `await main()`")


def _exit(code=None):
    raise SystemExit(code)


_sleep.__name__ = _sleep.__qualname__ = "sleep"
_select.__name__ = _select.__qualname__ = "select"
_run.__name__ = _run.__qualname__ = "run"
_exit.__name__ = _exit.__qualname__ = "exit"
