"""A submission's answers -> points for each item, and the mistakes by name."""

import hashlib
import hmac
import math
from contextlib import redirect_stdout
from io import StringIO
from typing import NamedTuple

import numpy as np

from descent.checks import judge
from descent.language import _

from .sandbox import Limits, NoSandbox, Sandbox, StudentError, clean

TRIALS = 5  # at least


class Part(NamedTuple):
    """What an item's answer got: name is the item's, mistake the name of a known one or ""."""

    name: str
    points: int
    of: int
    mistake: str
    text: str


class Report(NamedTuple):
    parts: tuple
    seed: int
    reason: str = ""  # why it could not be graded


def seed_for(assignment, student, secret):
    """The seed of a student's data for the assignment of this name; nobody else's, and secret."""
    message = f"{assignment}\0{student}".encode(errors="backslashreplace")
    return int.from_bytes(hmac.digest(secret.encode(), message, hashlib.sha256)[:6], "big")


def score(assignment, answers, seed, slot=0, limits=Limits()):
    """The Report on answers {id: text}, the same for the same three; slot: see Sandbox.

    Raises NoSandbox.
    """
    references = {item.name: item.exercise.solution for item in assignment.items}
    code = {name: text for name, text in answers.items() if name in references}
    with Sandbox(code, slot, limits) as sandbox:
        return Report(tuple(_part(item, sandbox, references, seed) if item.name in code else Part(
            item.name, 0, item.points, "", f"○ {item.name}: " + _("not attempted yet."))
            for item in assignment.items), seed)


def ungraded(assignment, seed, reason):
    """The Report on a submission that can't be graded: no points, and why."""
    return Report(tuple(Part(item.name, 0, item.points, "", "") for item in assignment.items),
                  seed, clean(reason))


def _part(item, sandbox, references, seed):
    name, points, mistake = item.name, 0, ""
    rng = np.random.default_rng([seed, *name.encode()])
    try:
        function = sandbox.function(name, {other: references[other] for other in item.builds_on})
        with redirect_stdout(StringIO()), np.errstate(all="ignore"):
            points, mistake, text = _judged(item, function, rng)
    except NoSandbox:
        raise
    except StudentError as error:
        text = _("✗ {name}: it stops at “{line}”: {error}").format(
            name=name, line=error.line or name, error=f"{type(error).__name__}: {error}")
    except Exception:  # an answer that the grader's own code stumbles over
        text = _("✗ {name}: it should return {returns}.").format(
            name=name, returns=_(item.exercise.returns))
    return Part(name, points, item.points, mistake, clean(text, 600))


def _judged(item, function, rng):
    """(points, mistake, text); an item without a score of its own is judged like a self-check.

    The text never shows the data that count: of an unknown mistake it shows the notebook's sample.
    """
    if item.score:
        share, text = item.score(function, rng)
        return math.floor(item.points * min(max(share, 0), 1) + 1e-9), "", text
    exercise, cases = item.exercise, []
    while len(cases) < TRIALS:
        cases += exercise.cases(rng)
    kind, text, hits = judge(exercise, function, cases)
    if kind in ("right", "open"):
        return item.points * (kind == "right"), "", text
    if kind != "wrong":
        return max(0, item.points - item.cost(kind)), kind, text
    sample = judge(exercise, function, exercise.cases(np.random.default_rng(0)))
    text = sample.text.rstrip() if sample.kind == "wrong" else f"✗ {item.name}:"
    text += "" if text.endswith((".", ":", "!", "?")) else "."
    return (min(item.points * hits // len(cases), item.points - 1), "",
            _("{text} Right in {hits} of {n} trials.").format(text=text, hits=hits, n=len(cases)))
