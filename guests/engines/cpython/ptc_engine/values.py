"""Values, across the boundary and back.

Nothing is lost on the way where JSON has a place for it: `None` is `null`, whole floats stay floats, integers keep
all their digits, objects keep their order. What JSON has no place for is written as its `repr` in a result, and
refused in an argument, where a tool would take the repr for data.
"""

import json
import math

# How deep a value may be nested, on either way. Each level takes a frame of the stack.
DEPTH = 500

# Most characters of a repr in a result.
REPR = 4000

SCALARS = frozenset((str, int, bool, type(None)))
KEYS = (str, int, float, bool, type(None))

def _encoder(encode_text):
    # What `json.JSONEncoder` makes anew for every value. There is no default for what is no JSON: `_plain` has seen
    # to that, as it has to circles.
    encode = json.encoder.c_make_encoder(None, None, encode_text, None, ":", ",", False, False, False)
    return lambda value: "".join(encode(value, 0))


_encode = _encoder(json.encoder.encode_basestring)
_encode_ascii = _encoder(json.encoder.encode_basestring_ascii)
_scan = json.JSONDecoder().scan_once


def result(value):
    """The result of a run, as JSON."""
    return _text(_plain(value, True, 0))


def arguments(named):
    """The arguments of a call, as JSON."""
    # Nearly always. The names are text, for a call has no others.
    if SCALARS.issuperset(map(type, named.values())):
        return _text(named)
    return _text(_plain(named, False, 0))


def parse(text):
    """A tool's answer."""
    try:
        value, end = _scan(text, 0)
        if end == len(text):
            return value
    except StopIteration:
        pass
    except RecursionError:
        raise ValueError("the tool's answer cannot be read: it is nested too deep") from None
    # With blanks around it; or it is none, which is the library's to say.
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("the tool's answer cannot be read: it is nested too deep") from None


def _text(plain):
    text = _encode(plain)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            # Half of a surrogate pair is no text; as an escape it is JSON.
            return _encode_ascii(plain)
    return text


def _plain(value, lenient, depth):
    """The value, or where it has parts that JSON has no place for, a copy without them."""
    kind = type(value)
    if kind in SCALARS:
        return value
    if kind is float:
        # As every other host of this contract has it.
        return value if math.isfinite(value) else None
    if depth > DEPTH:
        raise RecursionError("maximum recursion depth exceeded")
    if isinstance(value, dict):
        return _plain_dict(value, lenient, depth)
    if isinstance(value, (list, tuple)):
        if SCALARS.issuperset(map(type, value)):
            return value
        return [_plain(item, lenient, depth + 1) for item in value]
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return _plain(float(value), lenient, depth)
    if not lenient:
        raise TypeError(f"Object of type {kind.__name__} is not JSON serializable")
    return _repr(value)


def _plain_dict(value, lenient, depth):
    if all(map(_is_str, map(type, value))):
        if SCALARS.issuperset(map(type, value.values())):
            return dict(value) if type(value) is not dict else value
        return {key: _plain(item, lenient, depth + 1) for key, item in value.items()}
    plain = {}
    for key, item in value.items():
        if not (lenient or isinstance(key, KEYS)):
            raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")
        # The last of several equal keys counts, in the place of the first: as in a dict.
        plain[_key(key)] = _plain(item, lenient, depth + 1)
    return plain


def _is_str(kind):
    return kind is str


def _key(key):
    return str.__str__(key) if isinstance(key, str) else str(key)


def _repr(value):
    try:
        text = repr(value)
    except Exception as error:
        text = f"<unrepresentable: {type(value).__name__}: {error}>"
    return text if len(text) <= REPR else text[: REPR - 1] + "…"
