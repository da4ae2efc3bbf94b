"""What is asked in 03: dealt batches, the batch size for a noise, averaging, the noise scale."""

import numpy as np
from grader.assignment import Item, Question, said

from descent.checks import Exercise, Mistake
from descent.language import mark as _


def batch_rows(orders, size, k):
    """The row numbers of the batch in iteration k = 0, 1, 2, ...

    orders: one shuffle of the N row numbers for each epoch, (epochs, N). Each is cut into batches
    of size, the last as short as it must be. An array of whole numbers.
    """
    epoch, place = divmod(k, -(-orders.shape[1] // size))
    return orders[epoch, place * size:(place + 1) * size]


def smallest_batch(gradients, limit):
    """The smallest batch whose mean gradient has a variance of at most limit.

    gradients: those of all N examples, (N, P). The batch is drawn without replacement, and the
    variance is that of a vector: the mean of its squared distance to the mean of all. limit is
    above 0. One whole number, from 1 to N.
    """
    n = len(gradients)
    variance = np.sum((gradients - gradients.mean(axis=0))**2) / n
    return int(np.ceil(n * variance / (limit * (n - 1) + variance)))


def averaged_descent(gradient, theta, orders, size, lr, power, iterations):
    """Mini-batch descent with the rate lr / (k + 1)**power in iteration k = 0, 1, 2, ...

    Builds on batch_rows: gradient(theta, rows) is the mean gradient (P,) of these rows, and the
    rows of iteration k are batch_rows(orders, size, k). Returns the last theta (P,) and the mean
    of the thetas after each of the iterations, without the start.
    """
    mean = np.zeros(len(theta))
    for k in range(iterations):
        theta = theta - lr / (k + 1)**power * gradient(theta, batch_rows(orders, size, k))
        mean = mean + theta / iterations
    return theta, mean


def noise_scale(small, large, g_small, g_large):
    """The batch size at which a gradient is as much noise as signal, from two batches.

    g_small, g_large: the mean gradients (P,) of a batch of `small` and one of `large` examples.
    One number, S / G2 from the two equations |g|^2 = G2 + S / size.
    """
    a, b = np.sum(g_small**2), np.sum(g_large**2)
    noise = (a - b) / (1 / small - 1 / large)
    signal = (large * b - small * a) / (large - small)
    return noise / signal


def _shuffles(rng, epochs, n):
    return np.array([rng.permutation(n) for epoch in range(epochs)])


def _deals(rng):
    """(orders, size, k): a full batch, short ones, the next epoch, sizes that divide N or not."""
    cases = []
    for full, rest, epoch, place in ((3, 2, 0, 1), (3, 1, 0, 3), (2, 2, 1, 1), (4, 1, 2, 4),
                                     (3, 0, 1, 2), (2, 1, 3, 0)):
        size = int(rng.integers(3, 6))
        orders = _shuffles(rng, 6, full * size + rest)
        cases.append((orders, size, epoch * (full + (rest > 0)) + place))
    return cases


def _noises(rng):
    """(gradients, limit): limits a little above and below what a batch reaches, and in between."""
    cases = []
    for p, off in ((2, 0.4), (3, -0.4), (3, 0.4), (2, -0.4), (4, None), (2, None)):
        n = int(rng.integers(16, 40))
        gradients = rng.normal(rng.uniform(1, 2, p), rng.uniform(1, 3, p), (n, p))
        size = int(rng.integers(4, n // 2))
        near = size if off else size + (0.35 if p == 4 else 0.7)
        reached = _spread(gradients) / near * (n - near) / (n - 1)
        cases.append((gradients, reached * (1 + (off or 0) / n)))
    return cases


def _regressions(rng):
    """(gradient, theta, orders, size, lr, power, iterations)"""
    cases = []
    for n, size, p, power, iterations in ((7, 3, 2, 1, 4), (8, 3, 2, 0.6, 5), (9, 4, 3, 0.75, 6),
                                          (6, 2, 2, 0.5, 7), (10, 4, 3, 0.9, 5)):
        x, y = rng.normal(1, 1, (n, p)), rng.normal(size=n)

        def gradient(theta, rows, x=x, y=y):
            rows = np.asarray(rows)
            return 2 / len(rows) * x[rows].T @ (x[rows] @ theta - y[rows])
        gradient.__doc__ = _("the gradient of the mean squared error of these rows")
        cases.append((gradient, rng.normal(3, 1, p), _shuffles(rng, iterations, n), size,
                      rng.uniform(0.1, 0.2), power, iterations))
    return cases


def _pairs(rng):
    """(small, large, g_small, g_large): the small batch's gradient is longer."""
    cases = []
    for p in (2, 3, 5, 4, 8):
        g, small = rng.normal(size=p), int(rng.integers(2, 9))
        large = small * int(rng.integers(3, 9)) + 1
        g_large = g / np.linalg.norm(g) * rng.uniform(1, 1.5)
        g_small = rng.normal(size=p)
        cases.append((small, large, g_small / np.linalg.norm(g_small) * rng.uniform(1.7, 2.4),
                      g_large))
    return cases


def _spread(gradients):
    return np.mean(np.sum((gradients - gradients.mean(axis=0))**2, axis=1))


def _size(gradients, limit, variance=_spread, below=lambda v, limit, n: (
        n * v / (limit * (n - 1) + v)), whole=np.ceil):
    """The solution with another variance, another equation or another rounding."""
    return float(whole(below(variance(gradients), limit, len(gradients))))


def _run(gradient, theta, orders, size, lr, power, iterations, rows=batch_rows,
         rate=lambda lr, power, k: lr / (k + 1)**power, at=lambda theta, mean: theta,
         mean=lambda thetas: np.mean(thetas[1:], axis=0)):
    """The solution with other rows, another rate, other places, or another mean of all thetas."""
    thetas = [theta]
    for k in range(iterations):
        there = at(theta, mean(thetas) if k else theta)
        theta = theta - rate(lr, power, k) * gradient(there, rows(orders, size, k))
        thetas.append(theta)
    return theta, mean(thetas)


def _fading(thetas):
    mean = thetas[0]
    for theta in thetas[1:]:
        mean = (mean + theta) / 2
    return mean


def _solved(small, large, g_small, g_large):
    """S and G2, which solve the two equations."""
    a, b = g_small @ g_small, g_large @ g_large
    return (a - b) / (1 / small - 1 / large), (large * b - small * a) / (large - small)


def _norms_not_squared(small, large, g_small, g_large):
    a, b = np.linalg.norm(g_small), np.linalg.norm(g_large)
    return (a - b) / (1 / small - 1 / large) / ((large * b - small * a) / (large - small))


ITEMS = (
    Item(Exercise(
        batch_rows, cases=_deals,
        returns=_("an array of row numbers"),
        praise=_("each epoch has its own shuffle, and its short last batch"),
        mistakes=(
            Mistake("last-batch-dropped",
                    _("an epoch has one more iteration than N // size where a short batch is "
                      "left: round N / size up."),
                    lambda orders, size, k: (lambda full: orders[
                        k // full, k % full * size:(k % full + 1) * size])(
                            orders.shape[1] // size)),
            Mistake("across-epochs",
                    _("a batch never runs on into the next epoch: cut every shuffle by itself."),
                    lambda orders, size, k: orders.ravel()[k * size:(k + 1) * size]),
            Mistake("always-the-first-shuffle",
                    _("every epoch has its own shuffle: take row k // K of orders, with K "
                      "iterations in an epoch."),
                    lambda orders, size, k: batch_rows(
                        orders, size, k % -(-orders.shape[1] // size))),
            Mistake("last-batch-filled-up",
                    _("the last batch is filled up with examples that were there before: leave "
                      "it short."),
                    lambda orders, size, k: (lambda epoch, rows: np.append(
                        rows, orders[epoch, :size - len(rows)]))(
                            k // -(-orders.shape[1] // size), batch_rows(orders, size, k))),
            Mistake("not-shuffled",
                    _("these are the places in the shuffle: return the row numbers that stand "
                      "there."),
                    lambda orders, size, k: batch_rows(
                        np.tile(np.arange(orders.shape[1]), (len(orders), 1)), size, k)),
            Mistake("iterations-from-one", said("epoch_and_position", "iterations-from-one"),
                    lambda orders, size, k: batch_rows(orders, size, k - 1),
                    lambda orders, size, k: batch_rows(orders, size, k + 1)),
            Mistake("one-too-few", said("random_subset", "one-too-few"),
                    lambda orders, size, k: batch_rows(orders, size, k)[:size - 1]),
        )),
        points=3, costs={"last-batch-dropped": 1, "across-epochs": 2, "last-batch-filled-up": 1,
                         "always-the-first-shuffle": 1, "iterations-from-one": 1,
                         "one-too-few": 1, "not-shuffled": 2}),
    Item(Exercise(
        smallest_batch, cases=_noises,
        returns=_("one whole number"),
        praise=_("without replacement the noise falls faster than 1/B"),
        mistakes=(
            Mistake("with-replacement", said("cloud_variance", "with-replacement"),
                    lambda *a: _size(*a, below=lambda v, limit, n: v / limit),
                    lambda g, limit: min(_size(g, limit, below=lambda v, limit, n: v / limit),
                                         len(g))),
            Mistake("one-minus-b-over-n", said("cloud_variance", "one-minus-b-over-n"),
                    lambda *a: _size(*a, below=lambda v, limit, n: n * v / (limit * n + v))),
            Mistake("n-minus-1-twice", said("cloud_variance", "n-minus-1-twice"),
                    lambda *a: _size(*a, variance=lambda g: _spread(g) * len(g) / (len(g) - 1))),
            Mistake("rounded-down",
                    _("rounded down, the batch is a little too small for the limit: round up."),
                    lambda *a: _size(*a, whole=np.floor)),
            Mistake("rounded-to-nearest",
                    _("to the nearest number may be down, and then the noise is above the limit: "
                      "round up."),
                    lambda *a: _size(*a, whole=np.round)),
            Mistake("not-rounded",
                    _("a batch has a whole number of examples: round up."),
                    lambda *a: _size(*a, whole=lambda b: b)),
            Mistake("one-too-many",
                    _("this is one more than it takes: the smallest batch that keeps the limit "
                      "is asked for."),
                    lambda *a: _size(*a, whole=lambda b: np.ceil(b) + 1)),
            Mistake("standard-deviation",
                    _("this compares a standard deviation with the limit: the variance is its "
                      "square, take no root."),
                    lambda g, limit: _size(g, limit**2)),
            Mistake("mean-not-subtracted", said("cloud_variance", "mean-not-subtracted"),
                    lambda *a: _size(*a, variance=lambda g: np.mean(np.sum(g**2, axis=1)))),
            Mistake("averaged-over-parameters", said("cloud_variance", "averaged-over-parameters"),
                    lambda *a: _size(*a, variance=lambda g: _spread(g) / g.shape[1])),
        )),
        points=4, costs={"with-replacement": 2, "one-minus-b-over-n": 1, "n-minus-1-twice": 1,
                         "rounded-down": 1, "rounded-to-nearest": 1, "not-rounded": 1,
                         "one-too-many": 1, "mean-not-subtracted": 2,
                         "averaged-over-parameters": 2, "standard-deviation": 2}),
    Item(Exercise(
        averaged_descent, cases=_regressions,
        returns=_("the last theta and the mean theta, in this order"),
        praise=_("the rate falls with every iteration, and the walk's mean is quieter than its "
                 "end"),
        mistakes=(
            Mistake("uphill", said("mini_batch_epoch", "uphill"),
                    lambda *a: _run(*a, rate=lambda lr, power, k: -lr / (k + 1)**power)),
            Mistake("constant", said("decaying_rate", "constant"),
                    lambda *a: _run(*a, rate=lambda lr, power, k: lr)),
            Mistake("off-by-one",
                    _("the first iteration is number 0 and has the whole lr: divide by (k + "
                      "1)**power, not by (k + 2)**power."),
                    lambda *a: _run(*a, rate=lambda lr, power, k: lr / (k + 2)**power)),
            Mistake("power-forgotten",
                    _("the power is missing: (k + 1)**power."),
                    lambda *a: _run(*a, rate=lambda lr, power, k: lr / (k + 1))),
            Mistake("times-power",
                    _("k + 1 to the power, not times it."),
                    lambda *a: _run(*a, rate=lambda lr, power, k: lr / ((k + 1) * power))),
            Mistake("rate-by-epoch",
                    _("the rate falls only from epoch to epoch here: k counts iterations."),
                    lambda g, theta, orders, size, *a: _run(
                        g, theta, orders, size, *a, rate=lambda lr, power, k: lr / (
                            1 + k // -(-orders.shape[1] // size))**power)),
            Mistake("start-averaged",
                    _("the start is in the mean: average the thetas after the iterations."),
                    lambda *a: _run(*a, mean=lambda thetas: np.mean(thetas, axis=0))),
            Mistake("last-left-out",
                    _("the last theta is not in the mean: add theta after the step."),
                    lambda *a: (_run(*a)[0], _run(*a, mean=lambda thetas: np.mean(
                        thetas[:-1], axis=0))[1])),
            Mistake("fading",
                    _("halving the mean each time forgets the early thetas: all of them weigh "
                      "the same, 1 / iterations."),
                    lambda *a: _run(*a, mean=_fading),
                    lambda *a: _run(*a, mean=lambda thetas: _fading(thetas[1:]))),
            Mistake("sum",
                    _("this adds up the thetas: divide by their number."),
                    lambda *a: _run(*a, mean=lambda thetas: np.sum(thetas[1:], axis=0))),
            Mistake("gradient-at-the-mean",
                    _("the gradient is taken at the mean: the walk itself knows nothing of its "
                      "mean."),
                    lambda *a: _run(*a, at=lambda theta, mean: mean)),
            Mistake("all-data", said("mini_batch_epoch", "all-data"),
                    lambda *a: _run(*a, rows=lambda orders, size, k: orders[0])),
            Mistake("first-batch-only",
                    _("every iteration takes the first batch: that of iteration k is "
                      "batch_rows(orders, size, k)."),
                    lambda *a: _run(*a, rows=lambda orders, size, k: batch_rows(orders, size, 0))),
            Mistake("pair-swapped",
                    _("the two are in the wrong order: the last theta comes first."),
                    lambda *a: _run(*a)[::-1]),
        )),
        points=5, builds_on=("batch_rows",),
        costs={"uphill": 3, "constant": 2, "off-by-one": 1, "power-forgotten": 2, "times-power": 2,
               "rate-by-epoch": 2, "start-averaged": 1, "last-left-out": 1, "fading": 2, "sum": 1,
               "gradient-at-the-mean": 3, "all-data": 3, "first-batch-only": 3,
               "pair-swapped": 1}),
    Item(Exercise(
        noise_scale, cases=_pairs,
        returns=_("one number"),
        praise=_("from there on, a larger batch buys less and less"),
        mistakes=(
            Mistake("turned-around",
                    _("this is signal over noise: the noise stands above the line."),
                    lambda *a: 1 / np.divide(*_solved(*a))),
            Mistake("norms-not-squared",
                    _("the equations hold for squares: square the norms."),
                    _norms_not_squared),
            Mistake("noise-alone",
                    _("this is the noise S: divide it by the signal G2."),
                    lambda *a: _solved(*a)[0]),
            Mistake("signal-alone",
                    _("this is the signal G2: the noise S is to be divided by it."),
                    lambda *a: _solved(*a)[1]),
            Mistake("large-batch-for-the-truth",
                    _("the large batch has noise in it too: take G2 from both equations, not "
                      "from the large batch alone."),
                    lambda small, large, a, b: _solved(small, large, a, b)[0] / (b @ b)),
            Mistake("difference-of-sizes",
                    _("the noise falls as 1/size: divide by 1/small - 1/large, not by the "
                      "difference of the sizes."),
                    lambda small, large, a, b: (a @ a - b @ b) / (large - small)
                    / _solved(small, large, a, b)[1]),
            Mistake("sizes-swapped",
                    _("the sizes are swapped: the long gradient belongs to the small batch."),
                    lambda small, large, a, b: np.divide(*_solved(large, small, a, b))),
            Mistake("wrong-sign",
                    _("the sign is wrong: the small batch's gradient is longer, and 1/small is "
                      "larger than 1/large."),
                    lambda *a: -np.divide(*_solved(*a))),
        )),
        points=3, costs={"turned-around": 1, "norms-not-squared": 1, "noise-alone": 1,
                         "signal-alone": 2, "large-batch-for-the-truth": 1,
                         "difference-of-sizes": 2, "sizes-swapped": 2, "wrong-sign": 1}),
)

QUESTIONS = (
    Question("noise-floor", 3, """
1 point: why it stops falling. At the minimum the batches' gradients are not 0, only their mean is;
with a constant rate each step carries the noise of its batch, so the walk hovers, at a height
proportional to the rate (and to the variance of a batch's gradient). It is not a local minimum and
not a bug.

1 point: which powers. With lr/(k+1)^power the steps must reach any distance (their sum infinite:
power ≤ 1) and their noise must die out (the sum of squares finite: power > 1/2). So 0.75 and 1 are
in, 2 is out (its steps add up to a finite way and may stop short), and 0.5 is just out (the sum of
1/(k+1) is infinite). Both conditions, put to use, are the point; a slip at 0.5 alone costs nothing.

1 point: another way, with its price. A larger batch (more work each step; noise falls with 1/B, and
faster as B nears N), the mean of the thetas (nearly free; needs the start to be forgotten), or a
lower constant rate (slower on the way down). One with its price is enough.
"""),
)
