"""What the lecture says about mini-batch gradient descent, M1 to M9."""

from functools import cache
from itertools import islice, tee

import numpy as np

from . import Condition, claim, generators
from .batch import BOTTOU, GOODFELLOW
from .stochastic import (SHALLUE, SUBSET, balance, birds, clouds, excess, flock, less_memory, line,
                         softmax)
from .tuning import TUNING_SEEDS, stored, tune
from ..batches import epoch_length, mini_batches, random_batches
from ..data import digits, split
from ..language import mark as _
from ..networks import Network
from ..optimizers import gradient_descent
from ..training import descend, record


@claim("M1", _("One step per batch of data: take x training points, run them through the network."),
       kind="definition", reference=GOODFELLOW, anchor="Cut-a-shuffle")
def one_step_a_batch(seeds):
    """The steps of an epoch that change the weights, counted."""
    x, y = digits()
    conditions = []
    for size, label in ((16, _("B = 16")), (32, _("B = 32")), (100, _("B = 100")),
                        (256, _("B = 256"))):
        batches = epoch_length(len(y), size)
        theta = record(descend(softmax.loss_and_gradient, np.zeros(softmax.size), gradient_descent,
                               mini_batches(x, y, size=size, rng=np.random.default_rng(seeds[0])),
                               lr=0.1), batches + 1, keep=("theta",)).theta
        moved = (np.diff(theta, axis=0) != 0).any(axis=-1)
        conditions.append(Condition(label, _("changes of the weights in an epoch, per batch"),
                                    moved.sum() / batches, "=", 1))
    return conditions


@claim("M2", _("Steps 3 and 4: update weights and compute gradients; adjust the weights based on "
               "gradients and learning rate."), anchor="Cut-a-shuffle",
       note=_("first the gradient, then one update: the order as written uses each gradient twice"))
def literal_order(seeds):
    """The order as written, each iteration all penguins of the seed; λ is the largest curvature.

    A gradient is used at once and again at the next iteration's first update. By hand, along a
    direction of curvature lambda an iteration multiplies the distance by 1 - 2 lr lambda.
    """
    x, y, best, hessian = birds(seeds)
    curvature = np.linalg.eigvalsh(hessian)
    conditions = []
    for factor, label in ((0.5, _("the rate is 0.5 / λ")), (0.9, _("the rate is 0.9 / λ")),
                          (1.1, _("the rate is 1.1 / λ")), (1.9, _("the rate is 1.9 / λ"))):
        lr = factor / curvature[:, -1:]
        theta, g, away = np.tile([0.0, 2.0], (len(seeds), 1)), 0.0, []
        for _k in range(200):
            theta = theta - lr * g
            g = line.loss_and_gradient(theta, x, y)[1]
            theta = theta - lr * g
            away.append(np.linalg.norm(theta - best, axis=-1))
        conditions.append(Condition(
            label, _("factor on the distance to the minimum in one iteration"),
            (away[-1] / away[99])**(1 / 100), "<", 1,
            theory=float(np.median(np.abs(1 - 2 * lr * curvature).max(axis=-1)))))
    return conditions


@claim("M3", _("It consists of segmenting the training data into smaller groups for gradients and "
               "updates."),
       reference="Mishchenko, Khaled & Richtárik 2020, NeurIPS, arXiv:2006.05988",
       anchor="Cut-a-shuffle",
       note=_("near the minimum its epochs end lower than with draws, if no short batch is left"))
def segments(seeds, lr=0.005, epochs=60):
    """A cut shuffle beside draws with replacement on 273 penguins, at a rate at which an epoch's
    errors can cancel: 13 batches of 21, or 17 batches of 16 and one of a single bird."""
    x, y, best, _hessian = birds(seeds)
    n = y.shape[1]
    far = np.tile([0.0, 2.0], (len(seeds), 1))

    def ends(start, size, feed, epochs, **how):
        """The excess at the end of each epoch, (epochs, runs)."""
        each = epoch_length(n, size)
        steps = descend(line.loss_and_gradient, start, gradient_descent,
                        flock(seeds, size, feed, **how), lr=lr)
        return excess(record(steps, epochs * each + 1, keep=("theta",)).theta[each::each], seeds)

    def ratio(start, size, epochs):
        cut = ends(start, size, mini_batches, epochs)
        drawn = ends(start, size, random_batches, epochs, replace=True)
        return cut[epochs // 4:].mean(axis=0) / drawn[epochs // 4:].mean(axis=0)

    seen = np.zeros((len(seeds), n), bool)
    for rows, in islice(mini_batches(np.arange(n), size=16, rng=generators(seeds)),
                        epoch_length(n, 16)):
        seen[np.arange(len(seeds))[:, None], rows] = True
    metric = _("loss above the minimum at epoch ends, over that of draws with replacement")
    return [Condition(_("every example is to be seen once an epoch"),
                      _("share of the data seen in an epoch"), seen.mean(axis=1), "=", 1, ".3%"),
            Condition(_("the walk is near the minimum and all batches have one size"), metric,
                      ratio(best, 21, epochs), "<", 0.5),
            Condition(_("the walk is near the minimum and a last batch of one example is left"),
                      metric, ratio(best, 16, epochs), "<", 0.5),
            Condition(_("the walk is on its way down"), metric, ratio(far, 21, 3), "<", 0.5)]


@claim("M4", _("Repeat until the desired accuracy or the number of iterations is reached."),
       anchor="Cut-a-shuffle",
       note=_("judge by all data, or by a whole epoch of batches: one lucky batch stops too early"))
def until_accurate(seeds, size=16, target=0.9, lr=0.2):
    """Softmax regression on digits until 90 % are right: of a batch, of an epoch, of all data."""
    x, y = digits()
    each = epoch_length(len(y), size)
    batches, seen = tee(mini_batches(x, y, size=size, rng=generators(seeds)))
    steps = descend(softmax.loss_and_gradient, np.zeros((len(seeds), softmax.size)),
                    gradient_descent, batches, lr=lr)
    thetas, right, weight = [], [], []
    for step, (bx, by) in islice(zip(steps, seen), 4 * each):
        thetas.append(step.theta)
        right.append((softmax.predict(step.theta, bx) == by).mean(axis=-1))
        weight.append(by.shape[-1])
    right, weight = np.array(right), np.array(weight)[:, None]
    runs = np.arange(len(seeds))

    def on_all(k):
        """The share of all digits that each run has right at its own iteration k (runs,)."""
        return (softmax.predict(np.array(thetas)[k, runs], x) == y).mean(axis=-1)

    ends = np.arange(each, len(thetas), each)
    an_epoch = np.array([(right * weight)[k - each:k].sum(axis=0) / len(y) for k in ends])
    everything = np.array([on_all(np.full(len(seeds), k)) for k in ends])
    metric = _("share of all digits that are right when it stops at 90 %")
    return [Condition(label, metric, on_all(k), ">=", target, ".2%") for label, k in (
        (_("the accuracy is that of one batch"), (right >= target).argmax(axis=0)),
        (_("the accuracy is that of an epoch's batches"),
         ends[(an_epoch >= target).argmax(axis=0)]),
        (_("the accuracy is that of all data"), ends[(everything >= target).argmax(axis=0)]))]


@claim("M5", _("Balance between stability and speed for large data sets."), reference=SHALLUE,
       anchor="Choose-rate-and-batch-size-together",
       note=_("at its best rate B = 32 is as unsteady as B = 1, and as fast or faster"))
def cut_balance(seeds):
    """With parts of a cut shuffle in the middle."""
    return balance(True, seeds)


@claim("M6", _("Needs less memory than batch GD."), anchor="Cut-a-shuffle",
       note=_("batch GD whose gradient is added up over parts needs one more vector, no more"))
def mini_batch_memory(seeds):
    """Counted in the arrays that one gradient makes; a shuffle's part is as large as a subset."""
    return less_memory([(_("batch GD takes the data in one piece"),
                         _("batch GD adds up over parts of 32"), SUBSET)])


@claim("M7", _("Less variation in gradient and steps than stochastic batch GD."), reference=BOTTOU,
       anchor="Measure-the-cloud",
       note=_("a mini-batch varies less than one example, and just as a fresh subset of its size"))
def less_variation(seeds):
    """Mean square distance from the full gradient, 120 batches each, at the start."""
    conditions, n = [], 1437
    for way, label, theory in (
            ("one", _("the other is B = 1"), (n - SUBSET) / (n - 1) / SUBSET),
            ("subset", _("the other is a fresh subset of the same size"), 1.0)):
        cloud = clouds(seeds)["start"]
        conditions.append(Condition(
            label, _("variance of the gradient of a mini-batch of 32, over the other's"),
            cloud["cut", "variance"] / cloud[way, "variance"], "<", 0.5, theory=theory))
    return conditions


# Where variation helps, and where it does not.

HOT, COOL, WALKS = 600, 200, 25   # iterations at a constant rate, then down to 0; walks a seed
# Each landscape: its slope, a start in one well, and where it is best to end. The poor well of
# (x^2 - 1)^2 + 0.3 x is shallow; 4 times as wide and 25 times as high it is deep; the third has a
# narrow hole, the best place, in a wide bowl.
SHALLOW = (lambda x: 4 * x * (x * x - 1) + 0.3, 0.96, lambda x: x < 0)
DEEP = (lambda x: 25 / 4 * SHALLOW[0](x / 4), 3.84, lambda x: x < 0)
HOLE = (lambda x: x / 2 + 100 / 3 * (x - 2) * np.exp(-(x - 2)**2 / 0.18), 1.98,
        lambda x: np.abs(x - 2) < 0.5)


@cache
def good_ends(size, cut, seeds):
    """The share of walks on each landscape that end where it is best, (3, runs).

    The loss is a mean over 1,024 examples whose slopes differ from its own by 9 (standard
    deviation). What is not cut is drawn with replacement, which of 1,024 is nearly a subset.
    """
    examples = np.random.default_rng(0).normal(size=1024)
    examples = 9 * (examples - examples.mean()) / examples.std()
    rngs = generators(seeds)

    def batches():
        while True:
            order = np.stack([rng.permuted(np.tile(examples, (WALKS, 1)), axis=1) if cut else
                              rng.choice(examples, (WALKS, 16 * size)) for rng in rngs])
            for start in range(0, order.shape[-1], size):
                yield order[..., start:start + size],

    def objective(theta, slopes):
        g = np.stack([slope(x) for (slope, *_rest), x in zip((SHALLOW, DEEP, HOLE), theta)])
        return np.zeros(theta.shape[:-1]), g + slopes.mean(axis=-1, keepdims=True)

    start = np.empty((3, len(seeds), WALKS, 1))
    start[:] = np.reshape([begin for _slope, begin, _good in (SHALLOW, DEEP, HOLE)], (3, 1, 1, 1))
    steps = descend(objective, start, gradient_descent, batches(),
                    lr=lambda k: 0.02 * min(1, max(0, HOT + COOL - k) / COOL))
    end = record(steps, HOT + COOL + 1, keep=()).last.theta[..., 0]
    return np.array([good(x).mean(axis=-1)
                     for (*_rest, good), x in zip((SHALLOW, DEEP, HOLE), end)])


def tested(size, lr, seeds, n=200):
    """The share of unseen digits right after training on n of them to the end, (runs,).

    All batch sizes look at the same data until it is learnt: 15 epochs of 4, or 90 of 100.
    """
    rngs = generators(seeds)
    parts = [split(*digits(), rng=rng, test=1 - (n + 0.5) / 1797) for rng in rngs]
    (x, y), (unseen, label) = ([np.stack(arrays) for arrays in zip(*part)] for part in zip(*parts))
    runs = np.arange(len(seeds))[:, None]
    net = Network((64, 32, 10))
    epochs = {4: 15, 100: 90}[size]
    batches = ((x[runs, rows], y[runs, rows]) for rows, in
               mini_batches(np.arange(n), size=size, rng=rngs))
    steps = descend(net.loss_and_gradient, net.initial(rngs), gradient_descent, batches, lr=lr)
    theta = record(steps, epochs * epoch_length(n, size) + 1, keep=()).last.theta
    return (net.predict(theta, unseen) == label).mean(axis=-1)


def tuned():
    """The rates with the fewest errors on unseen digits, on seeds of their own."""
    return {str(size): tune(lambda lr, seeds: 1 - tested(size, lr, seeds),
                            tuple(2.0**k for k in range(-6, 2)), TUNING_SEEDS) for size in (4, 100)}


@claim("M8", _("A drawback: less variation in gradient and steps than stochastic batch GD."),
       reference="Kleinberg, Li & Yuan 2018, ICML, arXiv:1802.06175",
       anchor="Choose-rate-and-batch-size-together",
       note=_("variation frees a walk from a shallow well; elsewhere it does nothing, or harm"))
def variation_missed(seeds):
    """Walks on three landscapes with noise of B = 1 and 16 at the same rate, and digits unseen.

    It would be a drawback of mini-batches if more walks reached the lowest loss with more noise.
    """
    one, same, cut = (good_ends(1, False, seeds), good_ends(16, False, seeds),
                      good_ends(16, True, seeds))
    metric = _("walks that end at the lowest loss, those with more variation minus those with less")
    rates = stored("mini_batch")
    return [
        Condition(_("the poor minimum is a shallow well, and the other is B = 1"), metric,
                  one[0] - cut[0], ">", 0.1, ".2%"),
        Condition(_("the poor minimum is a deep well, and the other is B = 1"), metric,
                  one[1] - cut[1], ">", 0.1, ".2%"),
        Condition(_("the best minimum is a narrow hole, and the other is B = 1"), metric,
                  one[2] - cut[2], ">", 0.1, ".2%"),
        Condition(_("the poor minimum is a shallow well, and the other is a fresh subset of the "
                    "same size"), metric, same[0] - cut[0], ">", 0.1, ".2%"),
        Condition(_("unseen digits are the goal"),
                  _("share of unseen digits right with B = 4, minus that with B = 100"),
                  tested(4, rates["4"], seeds) - tested(100, rates["100"], seeds), ">", 0.01,
                  ".2%")]


@claim("M9", _("This approach is used to train neural networks."), kind="definition",
       reference=GOODFELLOW, anchor="Choose-rate-and-batch-size-together")
def trains_networks(seeds):
    """A network of 64-32-10 on digits, split at random by the seed: ten epochs of batches of 32."""
    rngs = generators(seeds)
    parts = [split(*digits(), rng=rng) for rng in rngs]
    (x, y), (unseen, label) = ([np.stack(arrays) for arrays in zip(*part)] for part in zip(*parts))
    runs = np.arange(len(seeds))[:, None]
    net = Network((64, 32, 10))
    batches = ((x[runs, rows], y[runs, rows]) for rows, in
               mini_batches(np.arange(y.shape[1]), size=32, rng=rngs))
    steps = descend(net.loss_and_gradient, net.initial(rngs), gradient_descent, batches, lr=0.3)
    theta = record(steps, 10 * epoch_length(y.shape[1], 32) + 1, keep=()).last.theta
    return [Condition("", _("share of unseen digits right after ten epochs"),
                      (net.predict(theta, unseen) == label).mean(axis=-1), ">", 0.8, ".2%")]
