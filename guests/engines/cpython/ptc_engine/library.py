"""The standard library, imported when the component is built: an instance has no files to import it from."""

import contextlib
import importlib
import io
import pkgutil
import sys
import warnings

# What is of no use without a machine, a screen or a person, and what does something when it is imported.
LEFT_OUT = frozenset(
    """antigravity curses dbm ensurepip idlelib lib2to3 multiprocessing pydoc_data test this tkinter turtle
    turtledemo venv _pyrepl __main__ site sitecustomize usercustomize""".split()
)

# Of packages, what code asks for by name. The others come with what imports them.
WITHIN = frozenset(
    """asyncio collections compression concurrent ctypes dbm email encodings html http importlib json logging
    pathlib re string sysconfig tomllib unittest urllib wsgiref xml xmlrpc zipfile zoneinfo""".split()
)


def load():
    """Import all that there is."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in sorted(sys.stdlib_module_names):
            if name not in LEFT_OUT:
                _load(name)


def _load(name):
    if name.rpartition(".")[2] in ("__main__", "tests", "test"):
        return
    try:
        # Some greet whoever imports them.
        with contextlib.redirect_stdout(io.StringIO()):
            module = importlib.import_module(name)
    except Exception:
        # One that is made for another platform, or lacks a library.
        return
    if name.partition(".")[0] in WITHIN and hasattr(module, "__path__"):
        for part in pkgutil.iter_modules(module.__path__):
            _load(f"{name}.{part.name}")
