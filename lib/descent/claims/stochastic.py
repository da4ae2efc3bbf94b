"""What the lecture says about stochastic gradient descent, S1 to S9.

Where the lecture's "stochastic" can mean B = 1 or a fresh random subset, both are judged. Two
losses serve: softmax regression on all 1,797 digits with an L2 penalty, whose minimum is known (the
seed draws the batches), and a line through 273 penguins that the seed draws, whose whole loss
costs nothing to follow.
"""

from functools import cache
from itertools import islice, repeat
from time import perf_counter

import numpy as np

from . import Condition, claim, generators
from .batch import BOTTOU, GOODFELLOW, whole_memory
from .tuning import TUNING_SEEDS, iterations_until, stored, tune
from ..batches import epoch_length, full_batch, mini_batches, random_batches
from ..data import digits, penguins, split
from ..language import mark as _
from ..networks import Network, with_l2
from ..optimizers import gradient_descent, nesterov
from ..training import descend, record

LAM = 0.1              # the L2 penalty: 91 % of the digits are still right at the minimum
SUBSET = 32
N = 1797
softmax = Network((64, 10))
line = Network((1, 1), loss="mean_squared_error")
penalised = with_l2(softmax.loss_and_gradient, LAM, softmax.is_weight)
SHALLUE = "Shallue et al. 2019, JMLR 20(112)"


# The loss of all digits, and the way down to it.

@cache
def minimum():
    """Parameters (650,) and loss at the minimum, by 400 long steps of the full batch."""
    last = record(descend(penalised, np.zeros(softmax.size), nesterov, full_batch(*digits()),
                          lr=0.75, beta=0.85), 400, keep=()).last
    return last.theta, last.loss


def gap(theta):
    """How much of the way from theta = 0 down to the minimum is left, (runs,); 1 at the start."""
    x, y = digits()
    z = softmax.forward(theta, x)[-1]
    z -= z.max(axis=-1, keepdims=True)
    loss = np.log(np.exp(z).sum(axis=-1)).mean(axis=-1) - z[..., np.arange(N), y].mean(axis=-1)
    loss += LAM / 2 * (softmax.is_weight * theta**2).sum(axis=-1)
    return (loss - minimum()[1]) / (np.log(10) - minimum()[1])


def feed(size, seeds, cut=False):
    """Batches of digits for one run a seed: fresh subsets, or a cut shuffle; all for size N."""
    if size == N:
        return full_batch(*digits())
    return (mini_batches if cut else random_batches)(*digits(), size=size, rng=generators(seeds))


@cache
def examples_until(target, size, lr, seeds, cut=False, epochs=40):
    """Examples looked at until the gap is `target`, (seeds,); the full batch needs no seeds."""
    runs = 1 if size == N else len(seeds)
    steps = descend(penalised, np.zeros((runs, softmax.size)), gradient_descent,
                    feed(size, seeds, cut), lr=lr)
    every = max(1, N // (20 * size))
    needed = iterations_until(lambda theta: gap(theta) <= target, steps,
                              epochs * epoch_length(N, size), every)
    return np.broadcast_to(needed * size, len(seeds))


# The loss of a line through the penguins that the seed draws: all of it at every step.

@cache
def birds(seeds):
    """273 of the 342 penguins for each seed: x (runs, 273, 1), y, best (runs, 2), Hessian."""
    parts = [split(*penguins(), rng=rng)[0] for rng in generators(seeds)]
    x, y = (np.stack(arrays) for arrays in zip(*parts))
    inputs = np.concatenate([x, np.ones_like(x)], axis=-1)
    turned = inputs.swapaxes(-1, -2)
    hessian = 2 * turned @ inputs / y.shape[1]
    best = np.linalg.solve(hessian, 2 * turned @ y[..., None] / y.shape[1])[..., 0]
    return x, y, best, hessian


def flock(seeds, size, feed=random_batches, **how):
    """Batches of each seed's own penguins, fed in one of the three ways."""
    x, y, *_rest = birds(seeds)
    runs = np.arange(len(seeds))[:, None]
    for rows, in feed(np.arange(y.shape[1]), size=size, rng=generators(seeds), **how):
        yield x[runs, rows], y[runs, rows]


def excess(theta, seeds):
    """How far the loss of all of a seed's penguins is above its minimum, (..., runs)."""
    _x, _y, best, hessian = birds(seeds)
    away = (theta - best)[..., None]
    return (away.swapaxes(-1, -2) @ hessian @ away)[..., 0, 0] / 2


def floor(lr, size, seeds):
    """The mean excess at which fresh subsets stay, in theory, (runs,): the sum over directions of
    (lambda / 2) V with V = lr s^2 / (lambda (2 - lr lambda)), as if the noise were additive."""
    x, y, best, hessian = birds(seeds)
    n = y.shape[1]
    curvature, axes = np.linalg.eigh(hessian)
    errors = (x[..., 0] * best[:, :1] + best[:, 1:] - y)[..., None]
    own = 2 * errors * np.concatenate([x, np.ones_like(x)], axis=-1) @ axes  # along each direction
    s2 = (own**2).mean(axis=1) / size * (n - size) / (n - 1)
    return (lr * s2 / (2 * (2 - lr * curvature))).sum(axis=-1)


# The cloud of batch gradients.

@cache
def clouds(seeds, draws=120):
    """Gradients of batches of 1,437 digits beside the full one, at the start and near the minimum.

    For the points "start" and "late" a dict of (runs,): "full" is |g_N|^2, "sigma2" the variance of
    single examples' gradients; for each way of feeding, "one", "subset" and "cut", the mean |g_B|^2
    is (way, "length") and the mean |g_B - g_N|^2 is (way, "variance").
    """
    found = {point: {} for point in ("start", "late")}
    for seed in seeds:
        rng = np.random.default_rng(seed)
        (x, y), _rest = split(*digits(), rng=rng)
        start = np.zeros(softmax.size)
        steps = descend(penalised, start, gradient_descent,
                        mini_batches(x, y, size=SUBSET, rng=rng), lr=0.3)
        late = record(steps, 2 * epoch_length(len(y), SUBSET), keep=()).last.theta
        for point, theta in dict(start=start, late=late).items():
            full = penalised(theta, x, y)[1]
            own = penalised(np.tile(theta, (len(y), 1)), x[:, None], y[:, None])[1]
            row = dict(full=(full**2).sum(), sigma2=((own - full)**2).sum(axis=-1).mean())
            ways = {"one": random_batches(x, y, size=1, rng=rng),
                    "subset": random_batches(x, y, size=SUBSET, rng=rng),
                    "cut": whole_size(mini_batches(x, y, size=SUBSET, rng=rng))}
            for way, batches in ways.items():
                bx, by = (np.stack(arrays) for arrays in zip(*islice(batches, draws)))
                g = penalised(np.tile(theta, (draws, 1)), bx, by)[1]
                row[way, "length"] = (g**2).sum(axis=-1).mean()
                row[way, "variance"] = ((g - full)**2).sum(axis=-1).mean()
            for key, value in row.items():
                found[point].setdefault(key, []).append(value)
    return {point: {key: np.array(v) for key, v in rows.items()} for point, rows in found.items()}


def whole_size(batches):
    """The batches without the short last one of each epoch."""
    return (batch for batch in batches if len(batch[0]) == SUBSET)


# How fast and how steady each batch size is, every one at its own best rate.

RATES = tuple(2.0**(k / 2) for k in range(-16, 5))   # 0.004 to 4
TARGETS = ("0.1", "0.001")                           # gaps to reach


def gap_after(iterations, size, lr, seeds):
    """The gap after this many iterations with fresh subsets, (seeds,); inf if it diverged."""
    steps = descend(penalised, np.zeros((len(seeds), softmax.size)), gradient_descent,
                    feed(size, seeds), lr=lr)
    left = gap(record(steps, iterations + 1, keep=()).last.theta)
    return np.where(np.isfinite(left), left, np.inf)


def gap_full(iterations, lr):
    """The gap of the full batch after this many iterations, a number."""
    steps = descend(penalised, np.zeros((1, softmax.size)), gradient_descent, feed(N, ()), lr=lr)
    return gap(record(steps, iterations + 1, keep=()).last.theta)[0]


def by_class(seeds):
    """Batches of 32 in the order of a file sorted by class, the same every epoch."""
    x, y = digits()
    order = np.stack([np.lexsort((rng.permutation(N), y)) for rng in generators(seeds)])
    while True:
        for start in range(0, N, SUBSET):
            yield x[order[:, start:start + SUBSET]], y[order[:, start:start + SUBSET]]


def gap_two_epochs(batches, lr, seeds):
    """The gap after two epochs fed with these batches, (seeds,)."""
    steps = descend(penalised, np.zeros((len(seeds), softmax.size)), gradient_descent, batches,
                    lr=lr)
    return gap(record(steps, 2 * epoch_length(N, SUBSET) + 1, keep=()).last.theta)


def tuned():
    """The best rates on a grid of factors of the square root of 2, on seeds of their own."""
    def best(cost):
        return tune(cost, RATES, TUNING_SEEDS)

    rates = {"full": {}, "subset": {}, "iterations": {}}
    for target in TARGETS:
        def needed(lr, seeds):
            return examples_until(float(target), N, lr, seeds, epochs=200)
        lr = best(needed)
        n = int(needed(lr, TUNING_SEEDS)[0]) // N
        rates["full"][target], rates["iterations"][target] = lr, n
        rates["subset"][target] = best(
            lambda lr, seeds: gap_after(n * epoch_length(N, SUBSET), SUBSET, lr, seeds))
    for way, cut in dict(drawn=False, cut=True).items():
        rates[way] = {str(size): best(lambda lr, seeds: examples_until(
            0.05, size, lr, seeds, cut and size == SUBSET, epochs=10))
            for size in (1, SUBSET, N)}
    rates["random"] = best(lambda lr, seeds: gap_two_epochs(feed(SUBSET, seeds), lr, seeds))
    rates["sorted"] = best(lambda lr, seeds: gap_two_epochs(by_class(seeds), lr, seeds))
    return rates


def step_times(rounds=15):
    """The time of one step for each batch size, over that of B = 1; medians of rounds in turn."""
    def seconds(size, steps):
        batches = feed(size, (0,))
        begun = perf_counter()
        record(descend(penalised, np.zeros((1, softmax.size)), gradient_descent, batches, lr=0.1),
               steps, keep=())
        return (perf_counter() - begun) / steps

    steps = {1: 600, SUBSET: 400, N: 40}
    times = [{size: seconds(size, n) for size, n in steps.items()} for _round in range(rounds)]
    return {str(size): float(f"{np.median([t[size] / t[1] for t in times]):.2g}")
            for size in steps}


@cache
def unrest(size, lr, updates, cut, seeds):
    """The mean gap over the second half of so many updates that start at the minimum, (seeds,)."""
    steps = descend(penalised, np.tile(minimum()[0], (len(seeds), 1)), gradient_descent,
                    feed(size, seeds, cut), lr=lr)
    looks = islice(steps, updates // 2, updates + 1, max(1, updates // 10))
    return np.mean([gap(step.theta) for step in looks], axis=0)


def balance(cut, seeds):
    """Conditions of the balance between the speed of B = 1 and the steadiness of B = N.

    In the middle B = 32, drawn or cut. Nearer to one end than to the other on a scale of ratios:
    that is below, or above, the geometric mean of the two.
    """
    rates = stored("stochastic")["cut" if cut else "drawn"]
    slow, fast, longest = (rates[str(size)] for size in (1, SUBSET, N))
    one, some, full = (examples_until(0.05, size, lr, seeds, cut and size == SUBSET)
                       for size, lr in ((1, slow), (SUBSET, fast), (N, longest)))
    time = stored("seconds")
    timed = [work / size * time[str(size)] for work, size in ((one, 1), (some, SUBSET), (full, N))]
    return [
        Condition(_("work is counted in examples"),
                  _("work of B = 32 until 5 % is left, over the geometric mean of B = 1 and N"),
                  some / np.sqrt(one * full), "<", 1),
        Condition(_("work is counted in updates"),
                  _("work of B = 32 until 5 % is left, over the geometric mean of B = 1 and N"),
                  some / SUBSET / np.sqrt(one * full / N), "<", 1),
        Condition(_("work is counted in seconds (stored)"),
                  _("work of B = 32 until 5 % is left, over the geometric mean of B = 1 and N"),
                  timed[1] / np.sqrt(timed[0] * timed[2]), "<", 1),
        Condition(_("B = 1 and 32 have the same rate"),
                  _("loss above the minimum after a start there, B = 32 over B = 1"),
                  unrest(SUBSET, slow, 500, cut, seeds) / unrest(1, slow, 500, False, seeds),
                  "<", 0.5, theory=None if cut else (N - SUBSET) / (N - 1) / SUBSET),
        Condition(_("each has its own best rate"),
                  _("loss above the minimum after a start there, B = 32 over B = 1"),
                  unrest(SUBSET, fast, epoch_length(N, SUBSET), cut, seeds)
                  / unrest(1, slow, N, False, seeds), "<", 0.5)]


@claim("S1", _("It makes smaller adjustments of the weights, from the gradient of a random part of "
               "the data."), anchor="Look-at-a-cloud-of-gradients",
       note=_("at the same rate a smaller batch makes longer steps; a lower rate shortens them"))
def smaller_adjustments(seeds):
    """Root mean square length of 120 steps from one point; theory: 1 + sigma^2 / (B |g|^2).

    Then the same lengths with each batch size at the rate that brings it down fastest. Not judged
    there is B = 32: after two epochs some seeds step farther than the full batch, some less far.
    """
    labels = dict(start=(_("B = 1, at the start"),
                         _("the batch is a fresh subset of 32, at the start")),
                  late=(_("B = 1, after two epochs"),
                        _("the batch is a fresh subset of 32, after two epochs")))
    conditions = []
    for point, cloud in clouds(seeds).items():
        for way, size, label in zip(("one", "subset"), (1, SUBSET), labels[point]):
            theory = np.sqrt(1 + spread(cloud, size) / cloud["full"])
            conditions.append(Condition(
                label, _("length of a step, over that of the full batch at the same rate"),
                np.sqrt(cloud[way, "length"] / cloud["full"]), "<", 1,
                theory=float(np.median(theory))))
    rates = stored("stochastic")["drawn"]
    for point, metric in (
            ("start", _("length of a step, over the full batch's, at the start")),
            ("late", _("length of a step, over the full batch's, after two epochs"))):
        cloud = clouds(seeds)[point]
        conditions.append(Condition(
            _("B = 1 and each size has its own best rate"), metric,
            rates["1"] / rates[str(N)] * np.sqrt(cloud["one", "length"] / cloud["full"]), "<", 1))
    return conditions


def spread(cloud, size, n=1437):
    """The variance that theory gives a subset's gradient: sigma^2 / B times (N - B) / (N - 1)."""
    return cloud["sigma2"] / size * (n - size) / (n - 1)


@claim("S2", _("It combines batch GD and stochastic GD by working with small batches."),
       kind="identity", reference=GOODFELLOW,
       anchor="Meet-the-three-ways",
       note=_("one loop with one knob, B; its ends are the other two"))
def one_loop(seeds):
    """The loop at both ends of B beside softmax regression written by hand, 300 steps each."""
    x, y = (a[:300] for a in digits())
    inputs, hot = np.c_[x, np.ones(len(y))], np.eye(10)[y]

    def same(size, rows_by_hand):
        batches = random_batches(x, y, size=size, rng=np.random.default_rng(seeds[0]))
        steps = descend(softmax.loss_and_gradient, np.zeros(softmax.size), gradient_descent,
                        batches, lr=0.1)
        w, agree = np.zeros((65, 10)), 0
        for rows, step in zip(rows_by_hand, islice(steps, 1, 301)):
            p = np.exp(inputs[rows] @ w)
            p /= p.sum(axis=1, keepdims=True)
            w = w - 0.1 * inputs[rows].T @ (p - hot[rows]) / len(rows)
            agree += np.allclose(step.theta, w.ravel(), rtol=0, atol=1e-10)
        return agree

    everything = repeat(np.arange(len(y)))
    single = (rows for rows, in random_batches(np.arange(len(y)), size=1,
                                               rng=np.random.default_rng(seeds[0])))
    metric = _("steps of 300 that agree with the method written by hand")
    return [Condition(_("B = N"), metric, same(len(y), everything), "=", 300, ".3g"),
            Condition(_("B = 1"), metric, same(1, single), "=", 300, ".3g")]


@claim("S3", _("Step 1: choose a random subset of the training data."), reference=BOTTOU,
       anchor="Step-on-a-sample",
       note=_("random batches are right on average; batches of one class after the other are not"))
def random_subset(seeds):
    """The error of the mean of K batch gradients falls as K^(-1/2), or stops: -1/4 is between."""
    x, y = digits()
    theta, counts = np.zeros(softmax.size), np.array([1, 4, 16, 64])
    full, slopes = penalised(theta, x, y)[1], []
    for rng in generators(seeds):
        bx, by = (np.stack(arrays) for arrays in zip(*islice(
            random_batches(x, y, size=SUBSET, rng=rng), 512)))
        g = penalised(np.tile(theta, (512, 1)), bx, by)[1] - full
        errors = [(g.reshape(-1, k, softmax.size).mean(axis=1)**2).sum(axis=-1).mean()**0.5
                  for k in counts]
        slopes.append(np.polyfit(np.log(counts), np.log(errors), 1)[0])
    rates = stored("stochastic")
    mixed = gap_two_epochs(feed(SUBSET, seeds), rates["random"], seeds)
    in_order = gap_two_epochs(by_class(seeds), rates["sorted"], seeds)
    return [Condition(_("batches are to be right on average"),
                      _("slope of log error against log K, for the mean of K random batches"),
                      np.array(slopes), "<", -0.25, theory=-0.5),
            Condition(_("the other choice is the order of a file sorted by class"),
                      _("loss above the minimum after two epochs, in sorted over random order"),
                      in_order / mixed, ">", 1)]


@claim("S4", _("Steps 2 and 3: compute the gradient of the subset; update the weights with it and "
               "the learning rate."), kind="definition", anchor="Step-on-a-sample",
       note=_("it is the batch's own loss that this step lowers"))
def subset_step(seeds, lr=0.02, h=1e-4):
    """100 steps with batches of 32 penguins, each beside differences of the batch's own loss."""
    batches = islice(flock(seeds, SUBSET), 101)
    kept = list(batches)
    steps = list(descend(line.loss_and_gradient, np.tile([0.0, 2.0], (len(seeds), 1)),
                         gradient_descent, kept, lr=lr))
    right, lower = [], []
    for step, after, batch in zip(steps, steps[1:], kept):
        def loss(theta):
            return line.loss_and_gradient(theta, *batch)[0]

        slope = np.stack([loss(step.theta + d) - loss(step.theta - d) for d in h * np.eye(2)], -1)
        moved = -lr * slope / (2 * h)
        right.append(np.allclose(after.theta - step.theta, moved, rtol=1e-6, atol=1e-9))
        lower.append(loss(after.theta) < step.loss)
    return [Condition(_("the step is compared with differences of the batch's loss"),
                      _("steps of 100 that are -lr times the slope of the batch's loss"),
                      np.sum(right), "=", 100, form=".3g"),
            Condition(_("the batch's loss is looked at"),
                      _("steps of 100 that lower the loss of their batch"),
                      np.sum(lower, axis=0), "=", 100, form=".3g")]


@claim("S5", _("It can balance speed, as of stochastic GD, and stability, as of batch GD."),
       reference=SHALLUE, anchor="Choose-rate-and-batch-size-together",
       note=_("at its best rate B = 32 is as unsteady as B = 1, and as fast or faster"))
def drawn_balance(seeds):
    """With fresh subsets in the middle."""
    return balance(False, seeds)


@claim("S6", _("Faster convergence on large data sets."), reference=BOTTOU,
       anchor="Step-on-a-sample",
       note=_("with a constant rate it is fast to a rough answer and slow to an exact one"))
def faster_convergence(seeds):
    """Both at the rates that are best for the target; equal work, counted in examples."""
    rates = stored("stochastic")
    whens = (_("10 % of the way may be left"), _("0.1 % of the way may be left"))
    conditions = []
    for target, when in zip(TARGETS, whens):
        full = gap_full(rates["iterations"][target], rates["full"][target])
        left = gap_after(rates["iterations"][target] * epoch_length(N, SUBSET), SUBSET,
                         rates["subset"][target], seeds)
        conditions.append(Condition(
            when, _("loss above the minimum, batches of 32 over the full batch, for the same work"),
            left / full, "<", 1))
    return conditions


def less_memory(sizes):
    """Conditions: what batches of these sizes hold at once, beside batch GD done in two ways."""
    metric = _("bytes held at once, over those of batch GD on 1,797 digits")
    parts = epoch_length(N, SUBSET)
    return [condition for label, in_parts, size in sizes for condition in (
        Condition(label, metric, whole_memory(size) / whole_memory(N), "<", 1),
        Condition(in_parts, metric, whole_memory(size) / whole_memory(N, parts), "<", 1))]


@claim("S7", _("Needs less memory than batch GD."), anchor="Step-on-a-sample",
       note=_("batch GD whose gradient is added up over parts needs one more vector, no more"))
def subset_memory(seeds):
    """Counted in the arrays that one gradient makes: no seeds, no clock."""
    return less_memory([
        (_("B = 1"), _("B = 1, and batch GD adds up over parts of 32"), 1),
        (_("the batch is a fresh subset of 32"),
         _("the batch is a fresh subset of 32, and batch GD adds up over parts of 32"), SUBSET)])


@claim("S8", _("Unstable steps towards the minimum."), anchor="Step-on-a-sample",
       note=_("a subset's steps are steady on the way down and stagger near the minimum"))
def unstable_steps(seeds, lr=0.02):
    """The share of steps that raise the loss of all penguins; with the full batch none does.

    The threshold, 0.16, is the share that a normal distribution puts below minus one standard
    deviation: where the noise along the slope is as large as the slope itself.
    """
    def walk(size, start, n):
        steps = descend(line.loss_and_gradient, start, gradient_descent, flock(seeds, size), lr=lr)
        return excess(record(steps, n + 1, keep=("theta",)).theta, seeds)

    def uphill(losses):
        return (np.diff(losses, axis=0) > 0).mean(axis=0)

    far, best = np.tile([0.0, 2.0], (len(seeds), 1)), birds(seeds)[2]
    hover = {size: walk(size, best, 1500)[500:] for size in (1, SUBSET)}
    metric = _("share of steps that raise the loss of all data")
    return [
        Condition(_("B = 1, on the way down"), metric, uphill(walk(1, far, 50)), ">", 0.16, ".2%"),
        Condition(_("the batch is a fresh subset of 32, on the way down"), metric,
                  uphill(walk(SUBSET, far, 50)), ">", 0.16, ".2%"),
        Condition(_("B = 1, near the minimum"), metric, uphill(hover[1]), ">", 0.16, ".2%", 0.5),
        Condition(_("the batch is a fresh subset of 32, near the minimum"), metric,
                  uphill(hover[SUBSET]), ">", 0.16, ".2%", 0.5),
        Condition(_("the batch is a fresh subset of 32, near the minimum"),
                  _("mean loss above the minimum, over the noise floor of the theory"),
                  hover[SUBSET].mean(axis=0) / floor(lr, SUBSET, seeds), ">", 0.5, theory=1)]


@claim("S9", _("Higher variation in gradient and steps."), reference=BOTTOU,
       anchor="Measure-the-cloud",
       note=_("batch GD has none; a fourth of the spread takes 16 times the batch"))
def higher_variation(seeds):
    """Beside batch GD, whose gradient at a point is always the same: no spread at all."""
    cloud = clouds(seeds)["start"]
    return [Condition(label, _("spread of the gradient, over the length of the full one"),
                      np.sqrt(cloud[way, "variance"] / cloud["full"]), ">", 0,
                      theory=float(np.median(np.sqrt(spread(cloud, size) / cloud["full"]))))
            for way, size, label in (("one", 1, _("B = 1")),
                                     ("subset", SUBSET, _("the batch is a fresh subset of 32")))]
