"""What the lecture claims, each claim as an experiment that returns evidence and a verdict.

A claim is a function of seeds that returns Conditions: what was measured, on every seed, and the
rule that decides. The verdict is computed: all conditions pass, some, or none.
"""

import html
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import NamedTuple

import numpy as np

from ..language import _
from ..language import mark as N_

SEEDS = tuple(range(20))    # what the chapters report; the tests use others
SHARE = 0.9                 # a condition passes if its rule holds on this share of the seeds
RULES = {"<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
         "=": np.equal}
CHAPTERS = {"terminology": "01-terminology", "gradient_descent": "02-gradient-descent",
            "batch": "03-gradient-descent-variants", "stochastic": "03-gradient-descent-variants",
            "mini_batch": "03-gradient-descent-variants"}
_claims = {}


class Condition(NamedTuple):
    """One thing measured, and the rule it is held to."""

    label: str             # when this is so, as it follows "holds when": "B = 1"
    metric: str            # what is measured, in words
    values: np.ndarray     # one a seed; one number for an exact check
    rule: str              # <, <=, >, >= or =
    threshold: float
    form: str = ".2g"      # how a number of it is written

    @property
    def passes(self):
        """Whether the rule holds on at least 9 seeds of 10."""
        return bool(np.mean(RULES[self.rule](np.asarray(self.values), self.threshold)) >= SHARE)

    @property
    def effect(self):
        """The median over the seeds, and between which values 8 seeds of 10 lie."""
        low, middle, high = (number(v, self.form) for v in
                             np.quantile(np.atleast_1d(self.values), (0.1, 0.5, 0.9)))
        return middle if low == high else _("{middle} ({low} to {high})").format(
            middle=middle, low=low, high=high)


def number(value, form=".2g"):
    """A number as text for people: 0.031, 4,400, 3.2e-12."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "–"
    text = format(value, form)
    return f"{float(text):,.0f}" if "e" in text and 1 <= abs(value) < 1e6 else text


@dataclass(frozen=True)
class Claim:
    """A sentence of the lecture in our words, and the experiment that settles it."""

    id: str
    text: str
    experiment: Callable   # seeds -> [Condition, ...]
    kind: str              # definition, identity, measured or cited
    reference: str
    chapter: str           # name of the module
    anchor: str            # heading in the chapter that tells about it
    note: str = ""         # what holds instead, in a dozen words

    @property
    def link(self):
        """Where the chapter tells about it."""
        return f"{CHAPTERS[self.chapter]}.ipynb#{self.anchor}"


@dataclass(frozen=True)
class Result:
    """A claim with its evidence."""

    claim: Claim
    conditions: tuple

    @property
    def verdict(self):
        """Holds, holds when ..., or does not hold as stated; computed from the conditions."""
        passed = [c.label for c in self.conditions if c.passes]
        if len(passed) == len(self.conditions):
            return _("holds")
        if passed:
            return _("holds when {labels}").format(labels=_("; ").join(passed))
        return _("does not hold as stated")

    @property
    def effect(self):
        """What was measured, with its spread over the seeds."""
        return _("; ").join(_("{metric}: {effect}").format(metric=c.metric, effect=c.effect)
                            for c in self.conditions)

    @property
    def rule(self):
        """The decision rule in words."""
        return _("; ").join(f"{c.label}: {c.rule} {number(c.threshold)}" for c in self.conditions)


def claim(id, text, *, kind="measured", reference="", anchor, note=""):
    """Register the function below as the experiment of a claim."""
    def register(experiment):
        chapter = experiment.__module__.rpartition(".")[2]
        _claims[id] = Claim(id, text, experiment, kind, reference, chapter, anchor, note)
        return experiment
    return register


def catalogue():
    """Every claim by its id, in the lecture's order."""
    for chapter in CHAPTERS:
        import_module(f".{chapter}", __name__)
    return dict(_claims)


@cache
def run(id, seeds=SEEDS):
    """Run the experiment of a claim on these seeds, once; a Result.

    Raises ValueError for an unknown id, naming the known ones.
    """
    known = catalogue()
    if id not in known:
        raise ValueError(f"there is no claim {id!r}; there are {', '.join(known)}")
    return Result(known[id], tuple(known[id].experiment(seeds)))


class Table:
    """Rows of the lecture's own table, each with its measured verdict."""

    HEAD = (N_("claim"), N_("what the lecture says"), N_("what we measured"), N_("holds if"),
            N_("verdict"))

    def __init__(self, results):
        self.results = results

    def _rows(self):
        for r in self.results:
            verdict = r.verdict + (_(": {note}").format(note=_(r.claim.note)) if r.claim.note else "")
            yield r.claim.id, _(r.claim.text), r.effect, r.rule, verdict

    def __repr__(self):
        return "\n".join(f"{row[0]}  {row[1]}\n    {row[2]}\n    {_('verdict')}: {row[4]}"
                         for row in self._rows())

    def _repr_html_(self):
        head = "".join(f'<th scope="col" style="text-align:left">{html.escape(_(h))}</th>'
                       for h in self.HEAD)
        body = ""
        for r, row in zip(self.results, self._rows()):
            cells = "".join(f'<td style="text-align:left">{html.escape(cell)}</td>'
                            for cell in row[1:])
            body += (f'<tr><th scope="row"><a href="{r.claim.link}">{row[0]}</a></th>'
                     f"{cells}</tr>")
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def table(*ids, seeds=SEEDS):
    """The claims of these ids as a Table to look at: run, judged, linked."""
    return Table([run(id, seeds) for id in ids])
