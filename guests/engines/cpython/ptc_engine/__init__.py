"""CPython as an engine of the world `yoi:ptc/engine`.

This is imported when the component is built, and an instance begins with the memory that was left then: with the
whole standard library imported, and a session that has run nothing.

- `library`: what is imported beforehand
- `machine`: what of the library would look for a machine around it
- `loop`: asyncio's event loop, driven by the host
- `tools`: the object `tools`, and its calls
- `values`: values, across the boundary and back
- `console`: what the code prints
- `session`: runs, and how they end
"""

import gc
import sys

import wit_world

from . import library

library.load()

from . import machine
from .session import Session

machine.detach()
_session = Session()

# Nothing of all that ever becomes garbage. Left to the collector, its first search would write to every page of it,
# and each instance would have its own copy.
gc.collect()
gc.freeze()
# And then more rarely than where a program's own objects are all that there is: a call of a tool makes a dozen that
# go by themselves.
gc.set_threshold(20_000)
# There is no file to import any more.
sys.path.clear()
sys.path_importer_cache.clear()


class WitWorld(wit_world.WitWorld):
    def run(self, code, tools):
        return _session.run(code, tools)

    def resume(self, answers):
        return _session.resume(answers)

    def abandon(self):
        _session.abandon()
