"""Exercises on batches: how they are drawn, their gradients, an epoch, a rate that decays."""

from copy import deepcopy

import numpy as np

from ..language import mark as _
from . import Exercise, Mistake, listed
from .terminology import OWN, describe, shuffles


def batch_gradient(gradients, batch):
    """The batch's gradient: the mean of its examples' gradients."""
    return gradients[batch].mean(axis=0)


def random_subset(x, y, size, rng):
    """A random batch: size different examples, each with its own target."""
    rows = rng.choice(len(x), size, replace=False)
    return x[rows], y[rows]


def mini_batch_epoch(gradient, theta, x, y, size, lr, rng):
    """Theta after one epoch of mini-batch gradient descent."""
    order = rng.permutation(len(x))
    for start in range(0, len(x), size):
        rows = order[start:start + size]
        theta = theta - lr * gradient(theta, x[rows], y[rows])
    return theta


def cloud_variance(gradients, size):
    """Variance of the mean gradient of a random subset, drawn without replacement."""
    n = len(gradients)
    variance = np.mean(np.sum((gradients - gradients.mean(axis=0))**2, axis=1))
    return variance / size * (n - size) / (n - 1)


def decaying_rate(lr0, k0):
    """A learning rate that falls with the iteration k, to half of lr0 at k0."""
    def rate(k):
        return lr0 / (1 + k / k0)
    return rate


def _slope(theta, x, y):
    return 2 / len(y) * x.T @ (x @ theta - y)


_slope.__doc__ = _("the gradient of the mean squared error")


def _play_subset(function, x, y, size, rng):
    known, again = deepcopy((x, y)), deepcopy((x, y, size, rng))
    drawn = [deepcopy(listed(function(x, y, size, rng))) for draw in range(80)]
    repeated = listed(function(*again))
    if drawn[0] is None:
        return None
    sizes, seen = [len(b) for a, b in drawn], np.concatenate([b for a, b in drawn])
    return {
        _("the largest batch"): max(sizes),
        _("all batches have the same size"): len(set(sizes)) == 1,
        **describe(*known, [[pair] for pair in drawn]),
        _("every example is drawn now and then"): set(seen.tolist()) == set(known[1].tolist()),
        _("the same rng gives the same batch"): np.array_equal(repeated[1], drawn[0][1]),
    }


def _play_epoch(function, gradient, theta, x, y, size, lr, rng):
    """Watch every gradient that is asked for: where, of which batch, and what came of it."""
    known, again = deepcopy((x, y)), deepcopy((theta, x, y, size, lr, rng))
    epochs, moves, whole, calls = [], [], [], []

    def watched(theta, x_batch, y_batch):
        g = gradient(theta, x_batch, y_batch)
        calls.append(deepcopy((np.asarray(theta), x_batch, y_batch, g)))
        return g

    for epoch in range(8):
        calls.clear()
        start = theta.copy()
        end = listed(function(watched, theta, x, y, size, lr, rng))
        if end is None:
            return None
        places = [call[0] for call in calls] + [np.asarray(end, float)]
        steps = [call[3] for call in calls]
        epochs.append([call[1:3] for call in calls])
        moves.append([_times(b - a, -lr * g) for a, b, g in zip(places, places[1:], steps)])
        whole.append(_times(places[-1] - start, -lr * sum(steps)))
    first = np.concatenate([np.ravel(b) for a, b in epochs[0]]).tolist()
    calls.clear()
    function(watched, *again)
    return {
        _("the sizes of the batches"): sorted([len(b) for a, b in epochs[0]], reverse=True),
        _("every example is in an epoch once"): all(sorted(np.concatenate(
            [np.ravel(b) for a, b in batches]).tolist()) == sorted(known[1]) for batches in epochs),
        **describe(*known, epochs),
        _("the moves from batch to batch, in steps of lr times the gradient"): moves[0],
        _("the whole way, in sums of these steps"): whole[0],
        _("the same rng gives the same batches"):
            np.concatenate([np.ravel(call[2]) for call in calls]).tolist() == first,
    }


def _times(move, step):
    """How many times the step the move is; NaN if it goes elsewhere."""
    times = float(np.round(np.sum(move * step) / np.sum(step * step), 6))
    return times if np.allclose(move, times * step, 1e-6, 1e-9) else np.nan


def _regressions(rng):
    return [(_slope, np.array([1.5, -0.5]), x, y, size, 0.001, rng)
            for x, y, size, rng in shuffles(rng)]


def _play_rate(function, lr0, k0):
    rate = function(lr0, k0)
    iterations = np.array([0, 1, 3, 10, 100, 3])
    return None if rate is None or rate is ... else [rate(k) for k in iterations]


def _epoch(gradient, theta, x, y, size, lr, order, updates=1, at=None):
    """The solution with the order given, more updates a batch, or all gradients at one point."""
    for k in range(0, len(order), size):
        rows = order[k:k + size]
        for update in range(updates):
            theta = theta - lr * gradient(theta if at is None else at, x[rows], y[rows])
    return theta


def _same_gradient_twice(gradient, theta, x, y, size, lr, rng):
    order = rng.permutation(len(x))
    for k in range(0, len(x), size):
        rows = order[k:k + size]
        g = gradient(theta, x[rows], y[rows])
        theta = theta - lr * g
        theta = theta - lr * g
    return theta


def _all_data(gradient, theta, x, y, size, lr, rng):
    for k in range(0, len(x), size):
        theta = theta - lr * gradient(theta, x, y)
    return theta


def _all_data_shuffled(gradient, theta, x, y, size, lr, rng):
    order = rng.permutation(len(x))
    return _all_data(gradient, theta, x[order], y[order], size, lr, rng)


def _fresh_subsets(gradient, theta, x, y, size, lr, rng):
    for k in range(0, len(x), size):
        rows = rng.choice(len(x), min(size, len(x) - k), replace=False)
        theta = theta - lr * gradient(theta, x[rows], y[rows])
    return theta


def _fresh_full_subsets(gradient, theta, x, y, size, lr, rng):
    for k in range(0, len(x), size):
        rows = rng.choice(len(x), size, replace=False)
        theta = theta - lr * gradient(theta, x[rows], y[rows])
    return theta


def _shuffled_each_iteration(gradient, theta, x, y, size, lr, rng):
    for k in range(0, len(x), size):
        rows = rng.permutation(len(x))[k:k + size]
        theta = theta - lr * gradient(theta, x[rows], y[rows])
    return theta


def _mean_at_the_end(gradient, theta, x, y, size, lr, rng):
    order = rng.permutation(len(x))
    return theta - lr * np.mean([gradient(theta, x[order[k:k + size]], y[order[k:k + size]])
                                 for k in range(0, len(x), size)], axis=0)


def _times_size(gradient, theta, x, y, size, lr, rng):
    order = rng.permutation(len(x))
    for k in range(0, len(x), size):
        rows = order[k:k + size]
        theta = theta - lr * len(rows) * gradient(theta, x[rows], y[rows])
    return theta


def _divided_by_size(gradient, theta, x, y, size, lr, rng):
    order = rng.permutation(len(x))
    for k in range(0, len(x), size):
        rows = order[k:k + size]
        theta = theta - lr * gradient(theta, x[rows], y[rows]) / len(rows)
    return theta


def _in_place(gradient, theta, x, y, size, lr, rng):
    order = rng.permutation(len(x))
    for k in range(0, len(x), size):
        rows = order[k:k + size]
        theta -= lr * gradient(theta, x[rows], y[rows])
    return theta


def _first_batch_only(gradient, theta, x, y, size, lr, rng):
    rows = rng.permutation(len(x))[:size]
    return theta - lr * gradient(theta, x[rows], y[rows])


def _subset_with(rows):
    """A way to draw: rows(n, size, rng) gives the row numbers of x and y."""
    return lambda x, y, size, rng: (x[rows(len(x), size, rng)], y[rows(len(x), size, rng)])


def _rows(draw):
    """A way to draw one set of row numbers for both: draw(n, size, rng)."""
    def subset(x, y, size, rng):
        rows = draw(len(x), size, rng)
        return x[rows], y[rows]
    return subset


def _neighbours(n, size, rng):
    start = rng.integers(n - size + 1)
    return np.arange(start, start + size)


def _sorted_in_place(x, y, size, rng):
    order = rng.permutation(len(x))
    x[:], y[:] = x[order], y[order]
    return x[:size], y[:size]


def _each_in_place(x, y, size, rng):
    rng.shuffle(x)
    rng.shuffle(y)
    return x[:size], y[:size]


def _variance(gradients):
    return np.mean(np.sum((gradients - gradients.mean(axis=0))**2, axis=1))


def _finite(gradients, size):
    return (len(gradients) - size) / (len(gradients) - 1)


def _calls(lr0, k0):
    made = iter(range(10**9))
    return lambda k: lr0 / (1 + next(made) / k0)


def _compound(lr0, k0):
    rates = [lr0]

    def rate(k):
        rates[0] = rates[0] / (1 + k / k0)
        return rates[0]
    return rate


EXERCISES = (
    Exercise(
        batch_gradient,
        returns=_("an array with one number for each parameter"),
        praise=_("it is the mean over the batch's own examples"),
        cases=lambda rng: [(np.array([[1.0, 2.0], [3.0, -4.0], [5.0, 9.0]]), np.array([2, 0])),
                           (rng.normal(1, 1, (7, 3)), np.array([5, 1, 3, 6, 0])),
                           (rng.normal(1, 1, (11, 2)), np.array([4, 10, 7]))],
        mistakes=(
            Mistake("sum",
                    _("this is the sum: take the mean, or the step grows with the batch."),
                    lambda gradients, batch: gradients[batch].sum(axis=0)),
            Mistake("divided-by-n",
                    _("you divide by all N examples: divide by those in the batch, len(batch)."),
                    lambda gradients, batch: gradients[batch].sum(axis=0) / len(gradients)),
            Mistake("wrong-axis",
                    _("the mean runs over the parameters: take it over the examples, axis=0."),
                    lambda gradients, batch: gradients[batch].mean(axis=1),
                    lambda gradients, batch: gradients[batch].sum(axis=1)),
            Mistake("one-number",
                    _("the parameters are mixed into one number: take the mean over the examples "
                      "alone, axis=0."),
                    lambda gradients, batch: gradients[batch].mean(),
                    lambda gradients, batch: gradients[batch].sum()),
            Mistake("all-examples",
                    _("this is the gradient of all the data: take the batch's rows, "
                      "gradients[batch]."),
                    lambda gradients, batch: gradients.mean(axis=0)),
            Mistake("first-rows",
                    _("these are the first rows: batch holds the numbers of the rows to take, "
                      "gradients[batch]."),
                    lambda gradients, batch: gradients[:len(batch)].mean(axis=0)),
            Mistake("unit-length",
                    _("the mean is shortened or stretched to length 1: leave it as long as it is."),
                    lambda gradients, batch: gradients[batch].mean(axis=0) / np.linalg.norm(
                        gradients[batch].mean(axis=0))),
            Mistake("not-averaged",
                    _("these are the batch's gradients one by one: take their mean, axis=0."),
                    lambda gradients, batch: gradients[batch]),
            Mistake("wrong-sign",
                    _("the sign is wrong: this is the gradient, the minus comes with the step."),
                    lambda gradients, batch: -gradients[batch].mean(axis=0)),
        )),
    Exercise(
        random_subset, play=_play_subset,
        returns=_("a pair (x_batch, y_batch)"),
        praise=_("the examples of a batch differ, and each keeps its target"),
        cases=shuffles,
        mistakes=(
            Mistake("with-replacement",
                    _("an example can be in the batch twice: draw with rng.choice and "
                      "replace=False."),
                    _rows(lambda n, size, rng: rng.integers(n, size=size))),
            Mistake("made-unique",
                    _("throwing out what was drawn twice makes the batch too small: draw with "
                      "replace=False."),
                    _rows(lambda n, size, rng: np.unique(rng.integers(n, size=size)))),
            Mistake("drawn-apart",
                    _("x and y are drawn each on its own: draw row numbers once and use them for "
                      "both."),
                    _subset_with(lambda n, size, rng: rng.choice(n, size, replace=False)),
                    _each_in_place,
                    _subset_with(lambda n, size, rng: rng.integers(n, size=size))),
            Mistake("y-from-the-start",
                    _("the rows of x are drawn, those of y are the first: take both with the "
                      "same row numbers."),
                    lambda x, y, size, rng: (x[rng.choice(len(x), size, replace=False)], y[:size])),
            Mistake("first-rows",
                    _("these are the first rows, the same each time: draw the row numbers from "
                      "rng."),
                    lambda x, y, size, rng: (x[:size], y[:size])),
            Mistake("neighbours",
                    _("only the start is random, and neighbours always come together: draw each "
                      "row number."),
                    _rows(_neighbours)),
            Mistake("own-seed",
                    _("every batch is the same: use the rng you are given, not a new one with a "
                      "seed."),
                    _rows(lambda n, size, rng: np.random.default_rng(0).permutation(n)[:size])),
            Mistake("own-rng",
                    _("the batch does not come from rng, so nobody can repeat it: use rng.choice."),
                    _rows(lambda n, size, rng: OWN.permutation(n)[:size])),
            Mistake("one-too-few",
                    _("the batch is one example short: a slice [:size] has size elements."),
                    _rows(lambda n, size, rng: rng.permutation(n)[:size - 1])),
            Mistake("one-too-many",
                    _("the batch has one example too many: a slice [:size] has size elements."),
                    _rows(lambda n, size, rng: rng.permutation(n)[:size + 1])),
            Mistake("all-shuffled",
                    _("these are all the examples, shuffled: take size of them."),
                    _rows(lambda n, size, rng: rng.permutation(n))),
            Mistake("last-never-drawn",
                    _("the last example is never drawn: rng.choice(n) draws from 0 to n - 1, so "
                      "give it len(x)."),
                    _rows(lambda n, size, rng: rng.permutation(n - 1)[:size])),
            Mistake("shuffled-in-place",
                    _("this shuffles the caller's own arrays: draw row numbers and index with "
                      "them, x[rows], which makes a copy."),
                    _sorted_in_place),
            Mistake("wrong-axis",
                    _("the columns are shuffled, the inputs of one example: draw rows."),
                    lambda x, y, size, rng: (rng.permutation(x, axis=1)[:size], y[:size])),
        )),
    Exercise(
        mini_batch_epoch, play=_play_epoch,
        returns=_("theta after the epoch, an array"),
        praise=_("one step for each batch, and every example is used once"),
        cases=_regressions,
        mistakes=(
            Mistake("all-data",
                    _("every gradient is that of all the data: give gradient the batch's rows "
                      "alone."),
                    _all_data, _all_data_shuffled),
            Mistake("twice-in-an-iteration",
                    _("the weights change twice in an iteration: one batch, one gradient, one "
                      "step."),
                    _same_gradient_twice,
                    lambda gradient, theta, x, y, size, lr, rng: _epoch(
                        gradient, theta, x, y, size, lr, rng.permutation(len(x)), updates=2)),
            Mistake("last-batch-dropped",
                    _("the short last batch is dropped: let the last slice be as short as it is."),
                    lambda gradient, theta, x, y, size, lr, rng: _epoch(
                        gradient, theta, x, y, size, lr,
                        rng.permutation(len(x))[:len(x) // size * size])),
            Mistake("x-alone-shuffled",
                    _("only x is shuffled, so its rows lose their targets: take x and y with the "
                      "same order."),
                    lambda gradient, theta, x, y, size, lr, rng: _epoch(
                        gradient, theta, rng.permutation(x), y, size, lr, np.arange(len(x)))),
            Mistake("shuffled-apart",
                    _("x and y are shuffled each on its own: draw one order and use it for both."),
                    lambda gradient, theta, x, y, size, lr, rng: _epoch(
                        gradient, theta, rng.permutation(x), rng.permutation(y), size, lr,
                        np.arange(len(x)))),
            Mistake("wrong-axis",
                    _("this shuffles the columns, the inputs of one example: shuffle the rows, "
                      "axis 0."),
                    lambda gradient, theta, x, y, size, lr, rng: _epoch(
                        gradient, theta, rng.permutation(x, axis=1), y, size, lr,
                        np.arange(len(x))),
                    lambda gradient, theta, x, y, size, lr, rng: _epoch(
                        gradient, theta, rng.permuted(x, axis=1), y, size, lr,
                        np.arange(len(x)))),
            Mistake("not-shuffled",
                    _("the examples keep their order: cut a permutation, rng.permutation(len(x))."),
                    lambda gradient, theta, x, y, size, lr, rng: _epoch(
                        gradient, theta, x, y, size, lr, np.arange(len(x)))),
            Mistake("fresh-subsets",
                    _("every batch is drawn anew, so some examples come twice and others never: "
                      "shuffle once, then cut."),
                    _fresh_subsets, _fresh_full_subsets, _shuffled_each_iteration),
            Mistake("first-batch-only",
                    _("this is one iteration: an epoch goes on until every example was in a "
                      "batch."),
                    _first_batch_only),
            Mistake("gradient-at-the-start",
                    _("every gradient is taken at the epoch's start: take it where theta stands "
                      "now."),
                    lambda gradient, theta, x, y, size, lr, rng: _epoch(
                        gradient, theta, x, y, size, lr, rng.permutation(len(x)), at=theta)),
            Mistake("one-step-at-the-end",
                    _("there is one step for the whole epoch: take a step after each batch."),
                    _mean_at_the_end,
                    lambda gradient, theta, x, y, size, lr, rng: (
                        theta - lr * gradient(theta, x, y))),
            Mistake("times-batch-size",
                    _("the gradient is multiplied by the batch size: it is a mean already, leave "
                      "it as it is."),
                    _times_size),
            Mistake("divided-by-batch-size",
                    _("the gradient is divided by the batch size: it is a mean already, leave it "
                      "as it is."),
                    _divided_by_size),
            Mistake("uphill", _("this goes uphill: subtract lr times the gradient."),
                    lambda gradient, theta, x, y, size, lr, rng: _epoch(
                        gradient, theta, x, y, size, -lr, rng.permutation(len(x)))),
            Mistake("in-place",
                    _("-= moves the caller's own theta: write theta = theta - lr * g, which "
                      "makes a new array."),
                    _in_place),
            Mistake("own-seed",
                    _("every epoch has the same order: use the rng you are given, not a new one "
                      "with a seed."),
                    lambda gradient, theta, x, y, size, lr, rng: _epoch(
                        gradient, theta, x, y, size, lr,
                        np.random.default_rng(0).permutation(len(x)))),
        )),
    Exercise(
        cloud_variance,
        returns=_("one number"),
        praise=_("σ²/B shrinks to 0 as the batch becomes all the data"),
        cases=lambda rng: [(np.array([[1.0, 2.0], [3.0, -4.0], [5.0, 9.0]]), 2),
                           (rng.normal(2, 1, (7, 3)), 3), (rng.normal(-1, 2, (11, 4)), 5),
                           (rng.normal(1, 2, (6, 2)), 6)],
        mistakes=(
            Mistake("with-replacement",
                    _("σ²/B holds for draws with replacement: without, multiply by (N - B)/(N - "
                      "1)."),
                    lambda g, size: _variance(g) / size),
            Mistake("one-minus-b-over-n",
                    _("1 - B/N belongs to a variance with N - 1 below: with σ² over N the factor "
                      "is (N - B)/(N - 1)."),
                    lambda g, size: _variance(g) / size * (1 - size / len(g))),
            Mistake("n-minus-1-twice",
                    _("N - 1 is there twice: σ² divides by N, the factor (N - B)/(N - 1) does "
                      "the rest."),
                    lambda g, size: _variance(g) * len(g) / (len(g) - 1) / size * _finite(g, size)),
            Mistake("standard-deviation",
                    _("this is the standard deviation: the variance is its square, take no root."),
                    lambda g, size: np.sqrt(_variance(g) / size * _finite(g, size)),
                    lambda g, size: np.sqrt(_variance(g)) / size * _finite(g, size),
                    lambda g, size: np.sqrt(_variance(g)) / np.sqrt(size) * _finite(g, size)),
            Mistake("size-squared",
                    _("you divide by B²: that is for the variance of a sum, and σ² is that of "
                      "one example; divide by B."),
                    lambda g, size: _variance(g) / size**2 * _finite(g, size)),
            Mistake("root-of-size",
                    _("√B is for the width of the cloud: its variance is divided by B."),
                    lambda g, size: _variance(g) / np.sqrt(size) * _finite(g, size)),
            Mistake("mean-not-subtracted",
                    _("the mean gradient is still in it: measure each gradient's distance to the "
                      "mean, gᵢ - ḡ."),
                    lambda g, size: np.mean(np.sum(g**2, axis=1)) / size * _finite(g, size)),
            Mistake("averaged-over-parameters",
                    _("this is the mean over the parameters: ‖gᵢ - ḡ‖² adds them up."),
                    lambda g, size: _variance(g) / g.shape[1] / size * _finite(g, size)),
            Mistake("one-for-each-parameter",
                    _("this is one variance for each parameter: ‖gᵢ - ḡ‖² adds them up."),
                    lambda g, size: g.var(axis=0) / size * _finite(g, size)),
            Mistake("spread-over-everything",
                    _("np.var or mean without an axis mixes the parameters: take it over the "
                      "examples, axis=0, then add up."),
                    lambda g, size: g.var() / size * _finite(g, size),
                    lambda g, size: g.var() * g.shape[1] / size * _finite(g, size)),
            Mistake("summed-over-examples",
                    _("σ² is a mean over the examples: divide the sum by N."),
                    lambda g, size: _variance(g) * len(g) / size * _finite(g, size)),
            Mistake("wrong-way-round",
                    _("the factor is upside down: it goes to 0 as B goes to N, (N - B)/(N - 1)."),
                    lambda g, size: _variance(g) / size * (size - 1) / (len(g) - 1),
                    lambda g, size: _variance(g) / size * size / len(g)),
            Mistake("size-forgotten",
                    _("the batch size is missing below: divide σ² by B."),
                    lambda g, size: _variance(g) * _finite(g, size)),
        )),
    Exercise(
        decaying_rate, play=_play_rate,
        returns=_("a function of the iteration k that returns the rate"),
        praise=_("it starts at lr0 and has fallen to half of it at k0"),
        cases=lambda rng: [(0.5, 10), (0.1, 50), (0.03, 7)],
        mistakes=(
            Mistake("off-by-one",
                    _("the first iteration is number 0 and has the whole lr0: divide by 1 + "
                      "k/k0, not by 1 + (k + 1)/k0."),
                    lambda lr0, k0: lambda k: lr0 / (1 + (k + 1) / k0)),
            Mistake("stairs",
                    _("// makes stairs, the rate stays for k0 iterations: use k / k0."),
                    lambda lr0, k0: lambda k: lr0 / (1 + k // k0)),
            Mistake("exponential",
                    _("this falls exponentially, so the steps add up to a finite way and may "
                      "stop short: divide by 1 + k/k0."),
                    lambda lr0, k0: lambda k: lr0 * np.exp(-k / k0),
                    lambda lr0, k0: lambda k: lr0 * 0.5**(k / k0)),
            Mistake("square-root",
                    _("this falls with a square root, too slowly: divide by 1 + k/k0 itself."),
                    lambda lr0, k0: lambda k: lr0 / np.sqrt(1 + k / k0)),
            Mistake("times-k0",
                    _("a larger k0 shall make it fall more slowly: divide k by k0."),
                    lambda lr0, k0: lambda k: lr0 / (1 + k * k0)),
            Mistake("k0-forgotten",
                    _("k0 is missing: divide k by it, so that the rate is halved at k0."),
                    lambda lr0, k0: lambda k: lr0 / (1 + k)),
            Mistake("brackets",
                    _("brackets are missing: lr0 / 1 + k / k0 is not lr0 / (1 + k / k0)."),
                    lambda lr0, k0: lambda k: lr0 / 1 + k / k0),
            Mistake("brackets-misplaced",
                    _("the brackets are in the wrong place: k alone is divided by k0, lr0 / (1 + "
                      "k / k0)."),
                    lambda lr0, k0: lambda k: lr0 / (1 + k) / k0,
                    lambda lr0, k0: lambda k: lr0 / ((1 + k) / k0)),
            Mistake("growing",
                    _("the rate grows: divide by 1 + k/k0 instead of multiplying."),
                    lambda lr0, k0: lambda k: lr0 * (1 + k / k0)),
            Mistake("straight-line",
                    _("a straight line goes below 0 after k0: divide by 1 + k/k0."),
                    lambda lr0, k0: lambda k: lr0 * (1 - k / k0)),
            Mistake("one-not-added",
                    _("the 1 is missing, so the first rate divides by 0: divide by 1 + k/k0."),
                    lambda lr0, k0: lambda k: lr0 * k0 / k),
            Mistake("counts-calls",
                    _("the rate depends on how often it was asked for: work it out from k, lr0 "
                      "and k0 alone."),
                    _calls, _compound),
            Mistake("constant",
                    _("the rate stays the same: let it depend on k."),
                    lambda lr0, k0: lambda k: lr0),
        )),
)
