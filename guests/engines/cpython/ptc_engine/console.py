"""What the code prints, handed to the host."""

import io
import sys

from wit_world.imports import host

# What is collected of a line before it is handed over.
PIECE = 8 * 1024


class Console(io.TextIOBase):
    """A stream of text to the host.

    A line is handed over when it ends: code that is stopped in an endless loop has no moment for it afterwards.
    """

    encoding = "utf-8"
    errors = "backslashreplace"

    def __init__(self, to):
        self._to = to
        self._waiting = []
        self._length = 0

    def writable(self):
        return True

    def write(self, text, /):
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._waiting.append(text)
        self._length += len(text)
        if "\n" in text or self._length >= PIECE:
            self.flush()
        return len(text)

    def flush(self):
        if not self._waiting:
            return
        text = "".join(self._waiting)
        self._waiting.clear()
        self._length = 0
        if not text.isascii():
            # Half of a surrogate pair is no text anywhere else.
            text = text.encode(self.encoding, self.errors).decode(self.encoding)
        host.write(self._to, text)

    def close(self):
        # Whoever closes it is not the last to print.
        self.flush()


_stdout = Console(host.Output.STDOUT)
_stderr = Console(host.Output.STDERR)


def install():
    """Take the streams' places, whatever the code put there before."""
    sys.stdout = sys.__stdout__ = _stdout
    sys.stderr = sys.__stderr__ = _stderr


def flush():
    if _stdout._waiting:
        _stdout.flush()
    if _stderr._waiting:
        _stderr.flush()
