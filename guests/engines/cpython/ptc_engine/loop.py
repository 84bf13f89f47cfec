"""asyncio's event loop, driven by the host: it runs what is ready, and leaves waiting to whoever called it."""

import asyncio
import collections
import contextvars
import heapq
import sys
import traceback
import weakref
from asyncio import events

from wit_world.imports import host

NANOS = 1_000_000_000


class _Handle(asyncio.Handle):
    """As the library's, without asking the loop whether it is being debugged: there is one for every step of a task."""

    __slots__ = ()

    def __init__(self, callback, args, loop, context=None):
        self._context = contextvars.copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None


class Loop(asyncio.AbstractEventLoop):
    """What code of a session runs in, all its runs."""

    def __init__(self):
        self._ready = collections.deque()
        self._timers = []
        # Among timers of one moment, which was first.
        self._timer_count = 0
        # How far this loop is ahead of the host's clock, in nanoseconds. See `skip`.
        self._ahead = 0
        self._generators = weakref.WeakSet()

    # Driving it.

    def advance(self):
        """Run whatever is ready, until nothing is."""
        ready = self._ready
        take = ready.popleft
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(self._generators.add, self._finalize)
        events._set_running_loop(self)
        try:
            while True:
                if self._timers:
                    self._ring()
                if not ready:
                    return
                # Those that were ready before the timers were looked at.
                for _ in range(len(ready)):
                    handle = take()
                    if handle._cancelled:
                        continue
                    try:
                        handle._context.run(handle._callback, *handle._args)
                    except (SystemExit, KeyboardInterrupt):
                        raise
                    except BaseException as error:
                        said = f"Exception in callback {handle._callback!r}"
                        self.call_exception_handler({"message": said, "exception": error, "handle": handle})
        finally:
            events._set_running_loop(None)
            sys.set_asyncgen_hooks(*hooks)

    def wake_after(self):
        """Nanoseconds until the next timer; None if there is none."""
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heapq.heappop(timers)
        if not timers:
            return None
        return max(0, timers[0][0] - self._now())

    def skip(self):
        """Let the next timer be due: the host says that its time has come, and a clock may stand, or be set back."""
        after = self.wake_after()
        if after:
            self._ahead += after

    def forget(self):
        """Drop all that is still to be done."""
        self._ready.clear()
        self._timers.clear()

    def _ring(self):
        timers = self._timers
        now = self._now()
        while timers and timers[0][0] <= now:
            self._ready.append(heapq.heappop(timers)[2])

    def _now(self):
        return host.now() + self._ahead

    def _finalize(self, generator):
        # Outside of a run there is nobody to do it.
        if self.is_running():
            self.create_task(generator.aclose())

    # What asyncio asks of a loop.

    def time(self):
        return self._now() / NANOS

    def call_soon(self, callback, *args, context=None):
        handle = _Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    # There is one thread.
    call_soon_threadsafe = call_soon

    def call_later(self, delay, callback, *args, context=None):
        # A delay beyond what the host counts is as good as that.
        nanos = min(max(0, delay) * NANOS, 2**62)
        return self._call_at(self._now() + int(nanos), callback, args, context)

    def call_at(self, when, callback, *args, context=None):
        return self._call_at(int(min(when * NANOS, 2**63)), callback, args, context)

    def _call_at(self, when, callback, args, context):
        handle = asyncio.TimerHandle(when / NANOS, callback, args, self, context)
        self._timer_count += 1
        heapq.heappush(self._timers, (when, self._timer_count, handle))
        return handle

    def _timer_handle_cancelled(self, handle):
        # It is dropped when its time comes.
        pass

    def create_future(self):
        return asyncio.Future(loop=self)

    def create_task(self, coro, **kwargs):
        return asyncio.Task(coro, loop=self, **kwargs)

    def run_in_executor(self, executor, func, *args):
        raise RuntimeError("can't start new thread")

    def is_running(self):
        return events._get_running_loop() is self

    def is_closed(self):
        return False

    def get_debug(self):
        return False

    def set_debug(self, enabled):
        pass

    def close(self):
        raise RuntimeError("Cannot close a running event loop")

    def stop(self):
        raise RuntimeError("the host drives this event loop, and it cannot be stopped")

    def run_forever(self):
        raise RuntimeError("This event loop is already running")

    def run_until_complete(self, future):
        raise RuntimeError("This event loop is already running")

    async def shutdown_asyncgens(self):
        for generator in list(self._generators):
            await generator.aclose()

    async def shutdown_default_executor(self, timeout=None):
        pass

    def call_exception_handler(self, context):
        print(context.get("message", "Unhandled exception in event loop"), file=sys.stderr)
        error = context.get("exception")
        if error is not None:
            traceback.print_exception(error, file=sys.stderr)
