"""Numbers and arrays as JSON: what crosses between the grader and a student's functions.

Both ends use this module, so it needs NumPy and the standard library only. A number, a truth
value or None crosses as itself, a list as a list. Everything else is an object with one key:
"array" (kind, shape and bytes), "tuple", "dict" (its keys are words), "function" (its number at
the grader's end) or "rng" (a seed). Nothing is ever unpickled.
"""

import base64
import re
from collections.abc import Iterator
from itertools import islice

import numpy as np

DEPTH, SIDE, ENDLESS = 8, 1_000_000, 10_000  # of lists in lists; of an array; of a generator
KINDS = {"b": np.dtype("u1"), "i": np.dtype("<i8"), "f": np.dtype("<f8")}
WORD = re.compile(r"[A-Za-z_]\w{0,40}", re.ASCII)


class WireError(ValueError):
    """What can't cross, in a sentence."""


def encode(value, number=None, depth=0):
    """The value as json.dumps takes it; number(function) says which number a function has.

    Raises WireError for what is neither number nor array nor a list, tuple or dict of them.
    """
    def inner(values):
        return [encode(v, number, depth + 1) for v in values]

    if depth > DEPTH:
        raise WireError("lists in lists in lists, too deep to be an answer")
    if isinstance(value, np.generic) and value.dtype.kind in "biuf":
        value = {"b": bool, "f": float}.get(value.dtype.kind, int)(value)
    if value is None or value is Ellipsis:
        return None
    if isinstance(value, (bool, int, float)):
        return _number(value)
    if isinstance(value, np.ndarray):
        return _array(np.asarray(value))
    if isinstance(value, tuple):
        return {"tuple": inner(value)}
    if isinstance(value, (list, range, Iterator)):
        return inner(islice(value, ENDLESS) if isinstance(value, Iterator) else value)
    if isinstance(value, dict) and all(isinstance(k, str) and WORD.fullmatch(k) for k in value):
        return {"dict": dict(zip(value, inner(value.values())))}
    if isinstance(value, np.random.Generator) and number:
        return {"rng": int(value.integers(2**62))}
    if callable(value) and number:
        return {"function": number(value)}
    raise WireError(f"a {type(value).__name__}, which is neither a number nor an array")


def decode(value, function=None, depth=0):
    """The value that `encode` made this of; function(number) stands in for a function.

    Raises WireError for all that `encode` doesn't write.
    """
    def inner(values, kind=list):
        if not isinstance(values, kind):
            raise WireError("this is no list")
        return [decode(v, function, depth + 1) for v in (
            values.values() if kind is dict else values)]

    if depth > DEPTH:
        raise WireError("too deep")
    if value is None or isinstance(value, (bool, int, float)):
        return _number(value)
    if isinstance(value, list):
        return inner(value)
    if not isinstance(value, dict) or not value:
        raise WireError("neither a number nor an array")
    tag, body = next(iter(value.items()))
    if tag == "array":
        return _from_bytes(body)
    if tag == "tuple":
        return tuple(inner(body))
    if tag == "dict":
        values = inner(body, dict)
        if not all(WORD.fullmatch(key) for key in body):
            raise WireError("the keys of a dict are words")
        return dict(zip(body, values))
    if tag in ("function", "rng") and function and type(body) is int:
        return np.random.default_rng(body) if tag == "rng" else function(body)
    raise WireError("neither a number nor an array")


def _number(value):
    if isinstance(value, int) and not -2**63 <= value < 2**63:
        raise WireError("a whole number of more than 64 bits")
    return value


def _array(array):
    kind = array.dtype.kind
    if kind == "u":
        kind = "i" if array.max(initial=0) < 2**63 else "f"
    if kind not in KINDS or max(array.shape, default=0) > SIDE:
        raise WireError(f"an array of {array.dtype} and shape {array.shape}")
    data = np.ascontiguousarray(array, KINDS[kind]).tobytes()
    return {"array": [kind, list(array.shape), base64.b64encode(data).decode()]}


def _from_bytes(body):
    try:
        kind, shape, text = body
        data = np.frombuffer(base64.b64decode(text, validate=True), KINDS[kind])
        if not all(type(n) is int and 0 <= n <= SIDE for n in shape) or len(shape) > DEPTH:
            raise ValueError
        array = data.reshape(shape)
    except (ValueError, TypeError, KeyError):
        raise WireError("this is no array") from None
    return np.array(array != 0 if kind == "b" else array)
