"""What the lecture claims, each claim as an experiment that returns evidence and a verdict.

A claim is a function of seeds that returns Conditions: what was measured, on every seed, and the
rule that decides. The verdict is computed: all conditions pass, some, or none. Texts are marked
where they are written (`from ..language import mark as _`) and translated here, when shown.
"""

import html
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import zip_longest
from typing import NamedTuple

import numpy as np

from .tuning import stored
from ..language import _, grouped
from ..language import mark as N_

SEEDS = tuple(range(20))    # what the chapters report; the tests use others
SHARE = 0.9                 # a condition passes if its rule holds on this share of the seeds
RULES = {"<": (np.less, N_("below {threshold}")), "<=": (np.less_equal, N_("at most {threshold}")),
         ">": (np.greater, N_("above {threshold}")), ">=": (np.greater_equal,
                                                           N_("at least {threshold}")),
         "=": (np.equal, N_("exactly {threshold}"))}
CHAPTERS = {"terminology": "01-terminology", "gradient_descent": "02-gradient-descent",
            "batch": "03-gradient-descent-variants", "stochastic": "03-gradient-descent-variants",
            "mini_batch": "03-gradient-descent-variants",
            "gradient_problems": "04-gradient-problems", "momentum": "05-momentum",
            "rmsprop": "06-rmsprop", "adam": "07-adam", "ledger": "08-what-the-lecture-claims"}
# The lecture's order, by the letters of the ids; X is what the lecture leaves out.
ORDER = ("T", "G", "B", "S", "M", "G4", "V", "E", "MO", "R", "A", "X")
_claims = {}


class Condition(NamedTuple):
    """One thing measured, and the rule it is held to."""

    label: str             # when this is so, as it follows "holds when": "B = 1"
    metric: str            # what is measured, in words
    values: np.ndarray     # one a seed; one number for an exact check
    rule: str              # <, <=, >, >= or =
    threshold: float
    form: str = ".2g"      # how a number of it is written; ".2%" is a share with two digits
    theory: float | None = None  # what it should be, where a formula tells

    @property
    def passes(self):
        """Whether the rule holds on at least 9 seeds of 10."""
        return bool(np.mean(RULES[self.rule][0](np.asarray(self.values), self.threshold)) >= SHARE)

    @property
    def effect(self):
        """The median over the seeds, between which values 8 seeds of 10 lie, and the theory."""
        values = np.atleast_1d(np.asarray(self.values, float))
        low, middle, high = (number(v, self.form) for v in np.quantile(
            values, (0.1, 0.5, 0.9), method="nearest"))  # inf stays inf
        text = middle if low == high else _("{middle} ({low} to {high})").format(
            middle=middle, low=low, high=high)
        return text if self.theory is None else _("{effect}, in theory {theory}").format(
            effect=text, theory=number(self.theory, self.form))

    @property
    def needs(self):
        """The rule in words: "below 0.1"."""
        return _(RULES[self.rule][1]).format(threshold=number(self.threshold, self.form))


def number(value, form=".2g"):
    """A number as text for people: 0.031, 4,400, 3.2e-12, 64 %."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "–"
    share = form.endswith("%")
    value = float(f"{value * 100 if share else value:.12g}")   # 30.4999999999999 is 30.5 anywhere
    text = format(round(value) if form.endswith("d") else value,
                  form[:-1] + "g" if share else form)
    text = grouped(float(text), ",.0f") if "e" in text and 1 <= abs(value) < 1e6 else text
    return _("{number} %").format(number=text) if share else text


def generators(seeds):
    """One random Generator for each seed, for the runs axis."""
    return [np.random.default_rng(seed) for seed in seeds]


@dataclass(frozen=True)
class Claim:
    """A sentence of the lecture in our words, and the experiment that settles it."""

    id: str
    text: str
    experiment: Callable   # seeds -> [Condition, ...]
    kind: str              # definition, identity, measured or cited
    reference: str         # where the field says it; empty where only we measured it
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
    def labels(self):
        """The labels under which every condition passes, and those under which one fails."""
        failed = dict.fromkeys(c.label for c in self.conditions if not c.passes)
        return [label for label in dict.fromkeys(c.label for c in self.conditions)
                if label not in failed], list(failed)

    @property
    def verdict(self):
        """Holds, holds when ..., or does not hold as stated; computed from the conditions."""
        passed, failed = self.labels
        if not failed:
            return _("holds")
        if passed:
            return _("holds when {labels}").format(labels=_("; when ").join(map(_, passed)))
        return _("does not hold as stated")

    @property
    def judgement(self):
        """The verdict and, where there is one, the note on what holds instead."""
        return [self.verdict, *([_(self.claim.note)] if self.claim.note else [])]

    @property
    def effect(self):
        """What was measured, with its spread over the seeds."""
        return _("; ").join(_("{metric}: {effect}").format(metric=_(c.metric), effect=c.effect)
                            for c in self.conditions)

    @property
    def rule(self):
        """The decision rule in words."""
        return _("; ").join(_("{metric}: {effect}").format(metric=_(c.metric), effect=c.needs)
                            for c in self.conditions)

    @property
    def evidence(self):
        """The conditions as [(what was measured and what it needs, [✓ or ✗, when, effect])]."""
        groups = []
        for c in self.conditions:
            measured = _("{metric} (holds if {needs})").format(metric=_(c.metric), needs=c.needs)
            if not groups or groups[-1][0] != measured:
                groups.append((measured, []))
            found = c.effect if not c.label else _("{label}: {effect}").format(
                label=_(c.label), effect=c.effect)
            groups[-1][1].append(f"{'✓' if c.passes else '✗'} {found}")
        return groups


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

    def place(id):
        letters = id.rstrip("0123456789")
        return ORDER.index(id if id in ORDER else letters), int(id[len(letters):])

    return {id: _claims[id] for id in sorted(_claims, key=place)}


@cache
def run(id, seeds=SEEDS):
    """Run the experiment of a claim on these seeds, once; a Result.

    Raises ValueError for an unknown id, naming the known ones.
    """
    claim = _known(id)
    return Result(claim, tuple(claim.experiment(seeds)))


def kept(id):
    """The Result on the course's own seeds as it was stored; tests run it again and compare.

    Where training is chaotic another processor measures other last digits: what is shown is
    stored. Raises ValueError as `run` does.
    """
    return Result(_known(id), tuple(Condition(*c) for c in stored("ledger")[id]))


def _known(id):
    known = catalogue()
    if id not in known:
        raise ValueError(f"there is no claim {id!r}; there are {', '.join(known)}")
    return known[id]


def _results(ids, seeds):
    return [kept(id) if tuple(seeds) == SEEDS else run(id, seeds) for id in ids]


class Table:
    """Claims with their evidence and verdicts, to look at; pros and cons in two columns."""

    def __init__(self, results, cons=None, seeds=len(SEEDS)):
        self.results, self.cons, self.seeds = results, cons, seeds

    def __repr__(self):
        columns = [(None, self.results)] if self.cons is None else [(_("Pros"), self.results),
                                                                    (_("Cons"), self.cons)]
        lines = []
        for title, results in columns:
            lines += [title] if title else []
            for r in results:
                source = f" [{r.claim.reference}]" if r.claim.reference else ""
                lines.append(f"{r.claim.id}  {_(r.claim.text)}{source}")
                for measured, effects in r.evidence:
                    lines += [f"    {measured}", *(f"      {e}" for e in effects)]
                lines += [f"    → {text}" for text in r.judgement]
        return "\n".join([*lines, self._caption()])

    def _repr_html_(self):
        if self.cons is None:
            head = _row("th", _("What the lecture says"), _("What we measured"), _("Verdict"))
            body = "".join(_row("td", _said(r), _measured(r), _judged(r)) for r in self.results)
        else:
            head = _row("th", _("Pros"), _("Cons"))
            body = "".join(_row("td", *(_said(r) + _judged(r) + _measured(r) if r else ""
                                        for r in pair))
                           for pair in zip_longest(self.results, self.cons))
        return (f"<table><thead>{head}</thead><tbody>{body}</tbody></table>"
                f"<small>{html.escape(self._caption())}</small>")

    def _caption(self):
        text = _("Of {n} seeds the middle one; 8 of 10 lie between the two in brackets. A "
                 "condition passes where its rule holds on 9 seeds of 10.").format(n=self.seeds)
        if any("stored)" in c.label + c.metric for r in self.results for c in r.conditions):
            text += " " + _("What is stored takes long: it was measured once and came with the "
                            "course.")
        return text


def _said(result):
    link, text = html.escape(result.claim.link), html.escape(_(result.claim.text))
    source = f"<div><small>{html.escape(result.claim.reference)}</small></div>"
    return f'<div><a href="{link}">{result.claim.id}</a> {text}</div>{source}'


def _measured(result):
    return "".join(f'<div style="padding-top:.5em"><i>{html.escape(measured)}</i></div>' + "".join(
        f'<div style="padding-left:2em;text-indent:-1em">{html.escape(e)}</div>' for e in effects)
        for measured, effects in result.evidence)


def _judged(result):
    verdict, *note = (html.escape(text) for text in result.judgement)
    return "".join(f"<div>{text}</div>" for text in (f"<b>{verdict}</b>", *note))


def _row(kind, *cells):
    style = "text-align:left;vertical-align:top;max-width:32em"
    return "<tr>" + "".join(f'<{kind} style="{style}">{cell}</{kind}>' for cell in cells) + "</tr>"


def table(*ids, seeds=SEEDS):
    """The claims of these ids as a Table to look at: judged, linked; `run` measures one anew."""
    return Table(_results(ids, seeds), seeds=len(seeds))


def pros_and_cons(pros, cons, seeds=SEEDS):
    """The lecture's two columns: ids of pros and of cons, each claim with evidence and verdict."""
    return Table(_results(pros, seeds), _results(cons, seeds), len(seeds))
