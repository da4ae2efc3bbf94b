"""The project: a schedule, a fair choice of settings, and an optimizer that is put to the test."""

import numpy as np
from grader.assignment import Item, Question, said

from descent import Network, digits, mini_batches, split
from descent.checks import Exercise, Mistake
from descent.language import _ as translated
from descent.language import filled
from descent.language import mark as _

RUNS = 5
LEVELS = ((0.915, 1.0), (0.80, 0.6), (0.60, 0.3))  # from this mean accuracy on: share of points
# Measured on 100 students' seeds, the least and the greatest mean accuracy:
#   gradient descent, lr 0.0625: 0.835 to 0.895; 0.09: 0.842 to 0.909; 0.125: 0.832 to 0.910;
#     with scheduled_rate and a peak of 0.2: 0.865 to 0.907
#   RMSProp (rho 0.9), lr 0.004: 0.862 to 0.919, above 0.91 on 5 seeds
#   Momentum (beta 0.9), lr 0.03: 0.917 to 0.949; 0.045: 0.923 to 0.953; 0.06: 0.925 to 0.954
#   Nesterov (beta 0.9), lr 0.05: 0.937 to 0.958
#   Adam, lr 0.006: 0.921 to 0.943; 0.008: 0.922 to 0.947; 0.012: 0.921 to 0.949; 0.001: 0.790 to
#     0.857


def scheduled_rate(k, warmup, total, peak):
    """The learning rate in iteration k = 0, 1, ..., total - 1. One number.

    In the first `warmup` iterations it grows by equal steps, to peak in the last of them; warmup
    can be 0. From iteration warmup on, where it is peak again, it falls to 0 along half a cosine
    wave, so that it would be 0 in iteration total.
    """
    if k < warmup:
        return peak * (k + 1) / warmup
    return peak * (1 + np.cos(np.pi * (k - warmup) / (total - warmup))) / 2


def safest_rate(rates, accuracies):
    """The rate whose worst run is best; the smallest of them, if there are several.

    rates: (R,), in any order. accuracies: (R, seeds), one row for each rate. One number.
    """
    worst = accuracies.min(axis=1)
    return min(rates[worst == worst.max()])


def step(theta, g, memory, k):
    """One step of an optimizer of your own: the new theta (P,) and the new memory.

    theta, g: arrays (P,). memory: what the step before returned, a dict of numbers and arrays;
    {} at the start. k = 0, 1, 2, ... counts the iterations, and 0 starts a new run.
    """
    v = 0.9 * memory.get("v", 0) + g
    return theta - 0.05 * (g + 0.9 * v), {"v": v}


def train(step, seed):
    """Accuracy on unseen digits after training a network with step; None if step returns None."""
    rng = np.random.default_rng(seed)
    x, y = digits()
    x, y = x[:, rng.permutation(64)] + 1, rng.permutation(10)[y]  # shuffled, under a grey veil
    (x, y), (x_unseen, y_unseen) = split(x, y, rng=rng, test=0.5)
    net = Network((64, 24, 10), "tanh", "xavier")
    theta, memory = net.initial(rng), {}
    for k, batch in zip(range(250), mini_batches(x, y, size=100, rng=rng)):
        answer = step(theta, net.loss_and_gradient(theta, *batch)[1], memory, k)
        if answer is None:
            return None
        theta, memory = answer
    return np.mean(net.predict(theta, x_unseen) == y_unseen)


def _score(function, rng):
    """The share of the points that an optimizer is worth, and why, in a sentence."""
    reached = []
    for run in range(RUNS):
        where = []

        def watched(theta, g, memory, k):
            answer = function(theta.copy(), g.copy(), memory, k)
            if answer is None:
                return None
            theta, memory = answer
            if np.shape(theta) != g.shape:
                raise ValueError("theta has another shape than before")
            theta = np.asarray(theta, float)
            where.append(np.isfinite(theta).all())
            return np.where(np.isfinite(theta), theta, 0), memory

        accuracy = train(watched, int(rng.integers(2**62)))
        if accuracy is None:
            return 0, "○ step: " + translated("not attempted yet.")
        if not all(where):
            return 0, "✗ step: " + translated(
                "in iteration {k} of a run theta is not finite any more: does it go uphill, or is "
                "the rate too large?").format(k=where.index(False))
        reached.append(accuracy)
    mean = np.mean(reached)
    share = next((share for level, share in LEVELS if mean >= level), 0)
    words = [filled(_("it reads {mean:.1%} of unseen digits, on average over {n} runs, in the "
                      "worst {worst:.1%}."), mean=mean, n=RUNS, worst=min(reached))]
    if mean < 0.2:
        words.append(translated("That is little more than guessing: does it go uphill, is the rate "
                               "far too large or too small?"))
    if share < 1:
        level, more = min(pair for pair in LEVELS if pair[1] > share)
        words.append(filled(_("From {level:.1%} on it gets {more:.0%} of the points."),
                            level=level, more=more))
    return share, f"{'✓' if share == 1 else '✗'} step: " + " ".join(words)


def _times(rng):
    """(k, warmup, total, peak): early, at the end of the warm-up, after it, late, without one."""
    cases = []
    for part in ("early", "top", "after", "late", "none", "late"):
        warmup = 0 if part == "none" else int(rng.integers(5, 30))
        total, peak = warmup + int(rng.integers(40, 200)), rng.uniform(0.01, 1)
        k = {"early": warmup // 3, "top": warmup - 1, "after": warmup}.get(
            part, int(rng.integers(warmup + 10, total - 10)))
        cases.append((k, warmup, total, peak))
    return cases


def _tunings(rng):
    """(rates, accuracies): a steady rate, or three alike, beside rates that are best otherwise."""
    cases = []
    for seeds, steady in ((5, 1), (7, 3), (5, 3), (9, 1), (7, 3)):
        half = seeds // 2
        rows = [[0.8] + (seeds - 1) * [0.82]] * steady + [
            [0.7] + (seeds - 1) * [0.9],                # the best mean
            half * [0.55] + (seeds - half) * [0.95],    # the best median
            (seeds - 1) * [0.5] + [0.99],               # the luckiest seed
            [0.2] + (seeds - 1) * [0.6]]                # the worst run
        rates = rng.permutation(0.01 * 2.0**np.arange(len(rows))) * rng.uniform(0.5, 1)
        rates[:steady].sort()
        order = rng.permutation(len(rows))
        if steady == 3:  # the first, the smallest and the largest of them are three rates
            places = np.sort(np.flatnonzero(order < 3))
            order[places] = (1, 0, 2)
        accuracies = np.array(rows) + rng.uniform(0, 0.01, (len(rows), seeds))
        accuracies[:steady, 0] = 0.8
        cases.append((rates[order], rng.permuted(accuracies, axis=1)[order]))
    return cases


def _rate(k, warmup, total, peak, grow=lambda k, warmup: (k + 1) / warmup,
          fall=lambda share: (1 + np.cos(np.pi * share)) / 2,
          share=lambda k, warmup, total: (k - warmup) / (total - warmup)):
    """The solution with another way up or down."""
    return peak * (grow(k, warmup) if k < warmup else fall(share(k, warmup, total)))


def _chosen(rates, accuracies, middle=np.min, tie=min):
    middles = middle(accuracies, axis=1)
    return tie(rates[middles == middles.max()])


ITEMS = (
    Item(Exercise(
        scheduled_rate, cases=_times,
        returns=_("one number"),
        praise=_("it grows to its peak, and falls to 0 without a corner"),
        mistakes=(
            Mistake("starts-at-zero",
                    _("the first iteration has rate 0 here, and peak comes one too late: k + 1 "
                      "equal steps lead to peak * (k + 1) / warmup."),
                    lambda *a: _rate(*a, grow=lambda k, warmup: k / warmup)),
            Mistake("no-warm-up",
                    _("the warm-up is missing: below warmup the rate grows by equal steps."),
                    lambda k, warmup, total, peak: _rate(k, 0, total, peak),
                    lambda *a: _rate(*a, grow=lambda k, warmup: 1)),
            Mistake("cosine-from-the-start",
                    _("the cosine counts from iteration 0: from the end of the warm-up on it is "
                      "(k - warmup) / (total - warmup)."),
                    lambda *a: _rate(*a, share=lambda k, warmup, total: k / total),
                    lambda *a: _rate(*a, share=lambda k, warmup, total: (k - warmup) / total)),
            Mistake("one-iteration-late",
                    _("it reaches 0 in the last iteration: it would be 0 in iteration total, one "
                      "after the last."),
                    lambda *a: _rate(*a, share=lambda k, warmup, total: (
                        (k - warmup) / (total - 1 - warmup)))),
            Mistake("quarter-wave",
                    _("this is a quarter of a wave, with a corner at the end: half a wave is (1 + "
                      "cos(π x)) / 2."),
                    lambda *a: _rate(*a, fall=lambda x: np.cos(np.pi * x / 2))),
            Mistake("not-halved",
                    _("this goes from peak below 0 or starts at twice the peak: (1 + cos(π x)) / "
                      "2."),
                    lambda *a: _rate(*a, fall=lambda x: np.cos(np.pi * x)),
                    lambda *a: _rate(*a, fall=lambda x: 1 + np.cos(np.pi * x))),
            Mistake("degrees",
                    _("np.cos counts in radians: half a wave is π."),
                    lambda *a: _rate(*a, fall=lambda x: (1 + np.cos(180 * x)) / 2)),
            Mistake("straight-line",
                    _("this falls along a straight line: half a cosine wave is (1 + cos(π x)) / "
                      "2."),
                    lambda *a: _rate(*a, fall=lambda x: 1 - x)),
            Mistake("grows",
                    _("after the warm-up the rate goes the wrong way: it falls from peak to 0."),
                    lambda *a: _rate(*a, fall=lambda x: (1 - np.cos(np.pi * x)) / 2)),
        )),
        points=3, costs={"starts-at-zero": 1, "no-warm-up": 2, "cosine-from-the-start": 1,
                         "one-iteration-late": 1, "quarter-wave": 1, "not-halved": 1,
                         "degrees": 2, "straight-line": 2, "grows": 2}),
    Item(Exercise(
        safest_rate, cases=_tunings,
        returns=_("one of the rates"),
        praise=_("it holds on the seed that suits it least"),
        mistakes=(
            Mistake("mean", _("this takes the best mean: here the worst run decides."),
                    lambda *a: _chosen(*a, middle=np.mean)),
            Mistake("median", _("this takes the best median: here the worst run decides."),
                    lambda *a: _chosen(*a, middle=np.median)),
            Mistake("luckiest-seed",
                    _("this takes the luckiest seed: here the worst run decides."),
                    lambda *a: _chosen(*a, middle=np.max)),
            Mistake("first-of-several",
                    _("of several equally good rates this takes the first: the smallest is asked "
                      "for."),
                    lambda *a: _chosen(*a, tie=lambda rates: rates[0])),
            Mistake("largest-of-several",
                    _("of several equally good rates this takes the largest: the smallest is "
                      "asked for."),
                    lambda *a: _chosen(*a, tie=max)),
            Mistake("worst-of-all",
                    _("this is the rate with the worst run of all: look for the best of the "
                      "worst."),
                    lambda rates, accuracies: rates[accuracies.min(axis=1).argmin()]),
            Mistake("number", said("best_rate", "number"),
                    lambda rates, accuracies: float(np.flatnonzero(
                        rates == safest_rate(rates, accuracies))[0]),
                    lambda rates, accuracies: float(accuracies.min(axis=1).argmax())),
            Mistake("accuracy", _("this is an accuracy: return the rate that has it."),
                    lambda rates, accuracies: accuracies.min(axis=1).max()),
        )),
        points=3, costs={"mean": 2, "median": 2, "luckiest-seed": 2, "first-of-several": 1,
                         "largest-of-several": 1, "worst-of-all": 2, "number": 1, "accuracy": 1}),
    Item(Exercise(
        step, cases=lambda rng: [(rng.normal(size=3), rng.normal(size=3), {}, 0)],
        returns=_("the new theta and the new memory"), praise="", mistakes=()),
        points=10, builds_on=("scheduled_rate",), score=_score),
)

SHOWN = (train,)

QUESTIONS = (
    Question("choices", 4, """
1 point: the optimizer, and why it suits this loss. The grey veil moves all pixels away from 0, so
one direction (all weights of a unit together) is far steeper than the rest: a large condition
number, and gradient descent's rate is bound by the steepest direction. What helps: a memory that
gathers speed along the flat directions (Momentum, Nesterov, Adam's m). RMSProp alone helps less,
for the steep direction is no axis.

1 point: how the settings were found. A grid of rates with the best one inside, more than one seed,
seeds of their own (not the sample's alone), each method at its own best.

1 point: evidence. Numbers: at least two methods or settings compared, with accuracies over several
seeds, and their spread.

1 point: an honest limit. What was not tried, where the choice may fail (another network, more
iterations, another batch size), or that a difference is within the spread.
"""),
)
