"""Exercise checks: `check(function)` prints one line, ✓ or the mistake by its name.

An exercise is a solution, inputs to try it on, and the usual wrong ideas, each a function beside
the sentence that puts it right. A wrong idea is recognised by its behaviour: it gives the same
answers as the student's function on all inputs. What shuffles is described by its properties
(`play`), and descriptions are compared.
"""

import dis
import inspect
import linecache
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import dataclass
from importlib import import_module
from io import StringIO
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from ..language import _, wrapped

CHAPTERS = ("start", "terminology", "gradient_descent", "variants", "gradient_problems", "momentum",
            "rmsprop", "adam", "ledger")
ENDLESS = 10_000  # a generator that yields more than this is taken for one that never stops


class Mistake:
    """A wrong idea: its name, the sentence that puts it right, and functions that have it."""

    def __init__(self, name, text, *functions):
        self.name, self.text, self.functions = name, text, functions


@dataclass(frozen=True)
class Exercise:
    """What a student is to write, how it is tried, and what usually goes wrong."""

    solution: Callable          # its name is the exercise's
    returns: str                # what it has to return, in words
    praise: str                 # what a right answer has got right
    cases: Callable             # rng -> list of inputs, the smallest first
    mistakes: tuple
    play: Callable = lambda function, *inputs: listed(function(*inputs))  # -> what is compared
    tolerance: float = 1e-6     # relative to the largest number of an answer


class Outcome(NamedTuple):
    """What came of one trial: the answer or the error, and which arguments were changed."""

    answer: Any
    error: Exception | None
    changed: tuple
    printed: bool


class Verdict(NamedTuple):
    kind: str  # "right", "open", "wrong", or the mistake's name
    text: str  # the line to print
    hits: int = 0  # in how many trials the answer was right


def check(function):
    """Print in one line whether the function solves the exercise of its name, or what to change.

    Raises ValueError if no exercise has this name.
    """
    print(wrapped(verdict(function).text))


def solution(name):
    """The source of an exercise's solution. Raises ValueError if no exercise has this name."""
    return inspect.getsource(_find(name).solution)


def exercises():
    """All exercises by name, in the order of the chapters."""
    chapters = (import_module(f".{name}", __name__) for name in CHAPTERS)
    return {e.solution.__name__: e for chapter in chapters for e in chapter.EXERCISES}


def verdict(function):
    """The Verdict on a function: what `check` prints, and its kind. Raises as `check` does."""
    name = getattr(function, "__name__", function)
    exercise = _find(name if callable(function) else f"{function!r}, which is no function")
    return judge(exercise, function, exercise.cases(np.random.default_rng(0)))


def judge(exercise, function, cases):
    """The Verdict on a function that is to solve the exercise, tried on these inputs."""
    name, hits = exercise.solution.__name__, 0

    def wrong(text, kind="wrong"):
        return Verdict(kind, f"✗ {name}: {' '.join(text.split())}", hits)

    try:
        inspect.signature(function).bind(*cases[0])
    except TypeError:
        return wrong(_("it takes {given}, but the exercise calls it with {wanted}.").format(
            given=inspect.signature(function), wanted=f"({', '.join(_names(exercise))})"))
    mine = list(_outcomes(exercise, function, cases))
    if all(o.answer is None and o.error is None for o in mine):
        if any(o.printed for o in mine):
            return wrong(_("it prints its answer; write return instead of print."))
        if not _is_stub(function):
            return wrong(_("it returns nothing yet: end with return and {returns}.").format(
                returns=_(exercise.returns)))
        return Verdict("open", f"○ {name}: " + _("not attempted yet."))
    right = list(_outcomes(exercise, exercise.solution, cases))
    agree = [_agree(exercise, [a], [b]) for a, b in zip(mine, right)]
    answered, hits = all(agree), sum(agree)
    if answered and not any(o.changed for o in mine):
        return Verdict("right", f"✓ {name}: " + _("right in all {n} trials; {praise}.").format(
            n=len(cases), praise=_(exercise.praise)), hits)
    for changes in (True,) if answered else (True, False):
        for mistake in exercise.mistakes:
            for idea in mistake.functions:
                if _agree(exercise, mine, _outcomes(exercise, idea, cases), changes):
                    return wrong(_(mistake.text), mistake.name)
    if answered:
        names = ", ".join(sorted({name for outcome in mine for name in outcome.changed}))
        return wrong(_("the answers are right, but it changes {names} of its caller: work on a "
                       "copy.").format(names=names))
    factor = _factor(mine, right)
    if factor:
        return wrong(_("every number is {factor} times the right one: look for what is multiplied "
                       "or divided once too often.").format(factor=shown(factor)))
    k = agree.index(False)
    inputs = ", ".join(f"{name} = {shown(value)}" for name, value in zip(_names(exercise), cases[k])
                       if not isinstance(value, np.random.Generator))
    return wrong(_("for {inputs}: {difference}").format(
        inputs=inputs, difference=_difference(exercise, function, mine[k], right[k])))


def _find(name):
    known = exercises()
    if name not in known:
        raise ValueError(f"check takes the function of an exercise, {', '.join(known)}; got {name}")
    return known[name]


def _names(exercise):
    return list(inspect.signature(exercise.solution).parameters)


def _is_stub(function):
    """Nothing but a docstring, `...`, `pass` or `return` in it."""
    idle = {"RESUME", "NOP", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}
    return hasattr(function, "__code__") and {i.opname for i in dis.Bytecode(function)} <= idle


def listed(answer):
    """The answer, a generator's as a list; None for `...`, which is no answer."""
    answer = list(islice(answer, ENDLESS)) if isinstance(answer, Iterator) else answer
    return None if answer is Ellipsis else answer


def _outcomes(exercise, function, cases):
    return (_outcome(exercise, function, inputs) for inputs in cases)


def _outcome(exercise, function, inputs):
    """Try the function on copies of the inputs; quiet, and whatever it raises is kept."""
    copies, answer, error, said = deepcopy(inputs), None, None, StringIO()
    with redirect_stdout(said), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            answer = exercise.play(function, *copies)
        except (Exception, SystemExit) as raised:
            error = raised
    changed = tuple(name for name, before, after in zip(_names(exercise), inputs, copies)
                    if isinstance(before, np.ndarray) and not same(before, after, 1e-12))
    return Outcome(answer, error, changed, bool(said.getvalue()))


def _agree(exercise, mine, others, changes=False):
    """Whether two lists of outcomes tell the same; `changes` to arguments too, if asked for."""
    return all(_kind(a) == _kind(b) and same(a.answer, b.answer, exercise.tolerance)
               and (a.changed == b.changed or not changes) for a, b in zip(mine, others))


def _kind(outcome):
    return type(outcome.error).__name__


def same(a, b, tolerance):
    """Equal in structure and shape, and in numbers up to the tolerance."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k], tolerance) for k in a)
    x, y = _numbers(a), _numbers(b)
    if x is None and y is None and isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(same(c, d, tolerance) for c, d in zip(a, b))
    if x is None or y is None:
        return type(a) is type(b) and repr(a) == repr(b)
    scale = np.abs(y[np.isfinite(y)]).max(initial=0) or 1
    return x.shape == y.shape and np.allclose(x, y, tolerance, tolerance * scale, equal_nan=True)


def _numbers(value):
    try:
        array = np.asarray(value)
    except ValueError:  # rows of unequal lengths
        return None
    return array.astype(float) if array.dtype.kind in "biuf" else None


def _factor(mine, right):
    """The number that all right answers were multiplied by, None if there is no such number."""
    pairs = [(_numbers(a.answer), _numbers(b.answer)) for a, b in zip(mine, right)]
    if any(a is None or b is None or a.shape != b.shape for a, b in pairs):
        return None
    a, b = (np.concatenate([np.ravel(x) for x in side]) for side in zip(*pairs))
    factor = float(a @ b / (b @ b))
    return factor if factor and np.isfinite(factor) and same(a, factor * b, 1e-6) else None


def _difference(exercise, function, outcome, right):
    """How an outcome differs from the right one, in a sentence."""
    wanted = _("it should return {returns}.").format(returns=_(exercise.returns))
    if outcome.error is not None:
        line = _last_line(function, outcome.error)
        if line is None:  # not the function stopped, but what reads its answer
            return wanted
        return _("it stops at “{line}”: {error}").format(
            line=line or function.__name__,
            error=traceback.format_exception_only(outcome.error)[-1])
    if right.error is not None:
        return _("you get {mine}; it should stop with this: {error}").format(
            mine=shown(outcome.answer), error=traceback.format_exception_only(right.error)[-1])
    if isinstance(right.answer, dict) and isinstance(outcome.answer, dict) and (
            outcome.answer.keys() == right.answer.keys()):
        key = next(k for k, v in right.answer.items()
                   if not same(outcome.answer[k], v, exercise.tolerance))
        if right.answer[key] is True:
            return _("it does not hold that {what}.").format(what=_(key))
        return _("{what}: you get {mine}, and {right} is right.").format(
            what=_(key), mine=shown(outcome.answer[key]), right=shown(right.answer[key]))
    mine, true = _numbers(outcome.answer), _numbers(right.answer)
    if true is None and isinstance(outcome.answer, (tuple, list)) and (
            len(outcome.answer) == len(right.answer)):
        k, parts = next((k, parts) for k, parts in enumerate(zip(outcome.answer, right.answer), 1)
                        if not same(*parts, exercise.tolerance))
        return _("number {k} of what it returns: {difference}").format(k=k, difference=_difference(
            exercise, function, *(o._replace(answer=a) for o, a in zip((outcome, right), parts))))
    if mine is None or true is None:
        return _("you get {mine};").format(mine=shown(outcome.answer)) + " " + wanted
    if mine.shape != true.shape:
        return _("the answer has shape {mine} instead of {right};").format(
            mine=mine.shape, right=true.shape) + " " + wanted
    if np.isnan(mine).any():
        return _("the answer is not a number (NaN): look for 0/0 or inf - inf.")
    return _("you get {mine}, and {right} is right.").format(mine=shown(mine), right=shown(true))


def _last_line(function, error):
    """The function's line at which it stopped, None if it didn't; a grader's error brings it."""
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    lines = [linecache.getline(file, frame.lineno).strip()
             for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return getattr(error, "line", lines[-1] if lines else None)


def shown(value):
    """A value in a few characters: numbers with four digits, large arrays by their shape."""
    numbers = _numbers(value)
    if callable(value) or numbers is None:
        said = getattr(value, "__doc__", None) if callable(value) else repr(value)[:60]
        return _(said) if callable(value) and said else said
    if numbers.size > 6:
        return _("an array of shape {shape}").format(shape=numbers.shape)
    return str(_rounded(numbers.tolist())).replace("'", "")


def _rounded(value):
    return [_rounded(v) for v in value] if isinstance(value, list) else f"{value:.4g}"
