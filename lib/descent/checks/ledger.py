"""Exercises on fair comparisons: the best rate, a speed-up seed by seed, an epoch to repair."""

import numpy as np

from ..language import mark as _
from . import Exercise, Mistake
from .terminology import CUT


def best_rate(rates, costs):
    """The rate with the lowest median cost, one row of costs (seeds) a rate, inside the grid."""
    best = np.median(costs, axis=1).argmin()
    if best in (0, len(rates) - 1):
        raise ValueError("the best rate is an end of the grid: widen the grid")
    return rates[best]


def speedup(baseline, method):
    """How many times cheaper a method is than a baseline, the median over paired seeds."""
    return np.median(baseline / method)


def repaired_epoch(x, y, size, rng):
    """One epoch of mini-batches that mixes the examples and keeps the short last batch."""
    order = rng.permutation(len(x))
    cuts = range(0, len(x), size)
    return [(x[order[k:k + size]], y[order[k:k + size]]) for k in cuts]


def _tunings(rng):
    """Rates with costs of three seeds or more: some with outliers, one best at an end."""
    rates = np.array([0.01, 0.02, 0.04, 0.08, 0.16])
    bowl = np.array([90.0, 50, 30, 40, 80])
    odd = np.array([[90.0, 92, 95], [12, 70, 75], [40, 41, 400], [30, 44, 300], [80, 85, 70]])
    two = np.array([[9.0, 8, 7], [6, 6.5, 9], [4, 5, 99], [5, 7, 8], [20, 30, 40]])
    one = np.array([[9.0, 9, 9], [1, 1, 12], [5, 5, 5], [6, 7, 8], [20, 30, 40]])
    wide = bowl[:, None] + rng.normal(size=(5, 9))
    lost = np.where(bowl[:, None] > 60, np.inf, wide)
    return [(rates, odd), (rates, two), (rates, one), (rates, wide), (rates, lost), (rates, wide[::-1] * 2),
            (rates, np.sort(wide, axis=0)), (rates, np.sort(wide, axis=0)[::-1])]


def _chosen(rates, costs, middle=np.median, refuse=True):
    best = middle(costs, axis=1).argmin()
    if refuse and best in (0, len(rates) - 1):
        raise ValueError("the best rate is an end of the grid: widen the grid")
    return rates[best]


def _half_refused(rates, costs, end):
    best = np.median(costs, axis=1).argmin()
    if best == end % len(rates):
        raise ValueError("the best rate is an end of the grid: widen the grid")
    return rates[best]


def _batches_shuffled(x, y, size, rng, last):
    batches = [(x[k:k + size], y[k:k + size]) for k in range(0, len(x) - last + 1, size)
               if k < len(x)]
    rng.shuffle(batches)
    return batches


EXERCISES = (
    Exercise(
        best_rate, cases=_tunings,
        returns=_("the best rate, or a ValueError if it is an end of the grid"),
        praise=_("an end of the grid is no answer: the best may lie beyond"),
        mistakes=(
            Mistake("end-accepted",
                    _("a best rate at an end of the grid is taken for the best of all: raise a "
                      "ValueError there, the grid must be widened."),
                    lambda r, c: _chosen(r, c, refuse=False)),
            Mistake("one-end-accepted",
                    _("only one end of the grid is refused: the best may lie beyond either."),
                    lambda r, c: _half_refused(r, c, 0), lambda r, c: _half_refused(r, c, -1)),
            Mistake("mean",
                    _("the mean is moved by a single bad seed: take the median over the seeds."),
                    lambda r, c: _chosen(r, c, np.mean),
                    lambda r, c: _chosen(r, c, np.mean, refuse=False)),
            Mistake("luckiest-seed",
                    _("this takes the luckiest seed: a fair choice looks at the median."),
                    lambda r, c: _chosen(r, c, np.min),
                    lambda r, c: _chosen(r, c, np.min, refuse=False)),
            Mistake("unluckiest-seed",
                    _("this takes the unluckiest seed: look at the median."),
                    lambda r, c: _chosen(r, c, np.max),
                    lambda r, c: _chosen(r, c, np.max, refuse=False)),
            Mistake("largest-cost", _("this is the most costly rate: look for the lowest cost."),
                    lambda r, c: _chosen(r, -c, refuse=False)),
            Mistake("number", _("this is the rate's number in the grid: return the rate itself."),
                    lambda r, c: float(np.flatnonzero(r == _chosen(r, c))[0]),
                    lambda r, c: float(np.flatnonzero(r == _chosen(r, c, refuse=False))[0])),
            Mistake("cost", _("this is the cost: return the rate that has it."),
                    lambda r, c: np.median(c, axis=1).min()),
        )),
    Exercise(
        speedup,
        returns=_("one number, above 1 if the method is cheaper"),
        praise=_("each seed is compared with itself"),
        cases=lambda rng: [(np.array([100.0, 20, 60]), np.array([10.0, 10, 20])),
                           (rng.uniform(50, 500, 9), rng.uniform(5, 50, 9)),
                           (np.array([30.0, 500, 40, 45, 50]), np.array([60.0, 20, 35, 44, 46]))],
        mistakes=(
            Mistake("turned-around", _("this is below 1 if the method is cheaper: divide the "
                                       "baseline by the method."),
                    lambda b, m: np.median(m / b)),
            Mistake("ratio-of-medians",
                    _("this divides two medians, which may be those of different seeds: divide "
                      "seed by seed, then take the median."),
                    lambda b, m: np.median(b) / np.median(m)),
            Mistake("ratio-of-means",
                    _("one costly seed decides a ratio of means or sums: divide seed by seed, "
                      "then take the median."),
                    lambda b, m: np.mean(b) / np.mean(m)),
            Mistake("mean-of-ratios",
                    _("one extreme seed decides a mean of ratios: take their median."),
                    lambda b, m: np.mean(b / m)),
            Mistake("best-of-each",
                    _("this compares the best seeds of both: compare each seed with itself."),
                    lambda b, m: b.min() / m.min(), lambda b, m: (b / m).max()),
            Mistake("difference", _("this is a difference: how many times is a ratio."),
                    lambda b, m: np.median(b - m), lambda b, m: np.median(b) - np.median(m)),
            Mistake("not-averaged", _("these are the ratios of all seeds: return their median."),
                    lambda b, m: b / m),
        )),
    Exercise(
        repaired_epoch, play=CUT.play, cases=CUT.cases, returns=CUT.returns, praise=CUT.praise,
        mistakes=(
            Mistake("as-given",
                    _("not repaired yet: count the examples of an epoch, and look which of them "
                      "ever meet in a batch."),
                    lambda *a: _batches_shuffled(*a, last=a[2])),
            Mistake("half-repaired",
                    _("the tail is back, but the same examples always meet in a batch: shuffle "
                      "first, then cut."),
                    lambda *a: _batches_shuffled(*a, last=1)),
            *(m for m in CUT.mistakes if m.name != "shuffled-within-batches"),
        )),
)
