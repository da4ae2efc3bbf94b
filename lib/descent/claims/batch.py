"""What the lecture says about batch gradient descent, B1 to B9, its step and its price."""

from functools import cache
from itertools import islice, repeat

import numpy as np

from . import Condition, claim, generators
from .tuning import TUNING_SEEDS, iterations_until, stored, tune
from ..batches import epoch_length, full_batch, mini_batches, random_batches
from ..data import digits, penguins, split
from ..language import mark as _
from ..networks import Network, with_l2
from ..optimizers import gradient_descent, nesterov
from ..training import descend, record

GOODFELLOW = "Goodfellow, Bengio & Courville 2016, ch. 8"
BOTTOU = "Bottou, Curtis & Nocedal 2018, SIAM Review"
ANCHOR = "Take-one-step-an-epoch"
SIZE = 32
N = 1797
softmax = Network((64, 10))


# What a step of batch gradient descent is.

@claim("B1", _("Batch GD takes its step when the model has seen all the data."),
       kind="definition", reference=GOODFELLOW, anchor=ANCHOR)
def sees_everything(seeds):
    """What the first batch holds; and each digit of 200 left out in turn: does the step change?"""
    seen, = next(full_batch(np.arange(N)))
    x, y = next(full_batch(*(a[:200] for a in digits())))
    theta = softmax.initial(np.random.default_rng(0))
    whole = softmax.loss_and_gradient(theta, x, y)[1]
    others = np.nonzero(~np.eye(200, dtype=bool))[1].reshape(200, 199)
    without = softmax.loss_and_gradient(np.tile(theta, (200, 1)), x[others], y[others])[1]
    changed = (np.abs(without - whole).max(axis=1) > 1e-9).mean()
    return [Condition("", _("share of the data seen before the first step"),
                      np.unique(seen).size / N, "=", 1, ".2%"),
            Condition("", _("share of the examples that change the step when left out"),
                      changed, "=", 1, ".2%")]


@claim("B2", _("In batch GD one iteration is one epoch."), kind="definition",
       reference=GOODFELLOW, anchor=ANCHOR)
def one_update_an_epoch(seeds):
    """Updates until every digit has been in a batch, counted."""
    rows = np.arange(N)

    def updates(batches):
        seen = np.zeros(N, bool)
        for k, (batch,) in enumerate(batches, 1):
            seen[batch] = True
            if seen.all():
                return k

    metric = _("updates until every example has been seen")
    return [Condition("B = N", metric, updates(full_batch(rows)), "=", 1, "d", theory=1)]


@claim("B3", _("It uses the mean of the gradients of all training examples."),
       kind="definition", anchor=ANCHOR)
def mean_gradient(seeds):
    """400 gradients of one digit each, averaged; and the data twice, which would double a sum."""
    x, y = (a[:400] for a in digits())
    theta = softmax.initial(np.random.default_rng(0))
    whole = softmax.loss_and_gradient(theta, x, y)[1]
    single = softmax.loss_and_gradient(np.tile(theta, (400, 1)), x[:, None], y[:, None])[1]
    twice = softmax.loss_and_gradient(theta, np.tile(x, (2, 1)), np.tile(y, 2))[1]
    metric = _("share of its components equal to 9 digits")

    def equal(g):
        return np.isclose(g, whole, rtol=1e-9, atol=1e-12).mean()

    return [Condition(_("beside the mean of 400 single gradients"), metric,
                      equal(single.mean(axis=0)), "=", 1, ".2%"),
            Condition(_("with every example twice"), metric, equal(twice), "=", 1, ".2%")]


# What a step costs, counted on the arrays that it makes.

def multiplications(examples, features):
    """Multiplications in one gradient of softmax regression: forward, and back to the weights."""
    net = Network((features, 10))
    x, y = np.ones((examples, features)), np.arange(examples) % 10
    _loss, handed_on, signals = net.backward(np.zeros(net.size), x, y)
    return sum(2 * a.size * signal.shape[-1] for a, signal in zip(handed_on, signals))


@claim("B5", _("Otherwise (much data, many features) it is very costly."),
       anchor=ANCHOR, note=_("more features cost a small batch just as much"))
def costly(seeds):
    """The work of one step beside that of a batch of 32. Costly: an order of magnitude more."""
    cases = [(_("there is much data (N = 1,797, 64 features)"), N, 64),
             (_("there are many features (N = 200, D = 1,024)"), 200, 1024),
             (_("there are both (N = 1,797, D = 1,024)"), N, 1024)]
    return [Condition(label, _("multiplications of a step, over those of a step with B = 32"),
                      multiplications(n, d) / multiplications(SIZE, d), ">", 10, theory=n / SIZE)
            for label, n, d in cases]


@cache
def memory(size, parts=1):
    """Bytes that a gradient holds at once beside data and weights: {"activations", "weights"}.

    A network 64-256-256-10 on `size` digits that go through in so many parts, one after the other:
    the outputs of every layer and the backpropagated signals, of the largest part. With parts
    there is one more vector as long as the weights, the sum of the gradients.
    """
    x, y = digits()
    net = Network((64, 256, 256, 10))
    theta = net.initial(np.random.default_rng(0))
    rows = np.array_split(np.arange(size), parts)[0]
    _loss, handed_on, signals = net.backward(theta, x[rows], y[rows])
    return {"activations": sum(a.nbytes for a in (*handed_on[1:], *signals)),
            "weights": theta.nbytes * (3 if parts > 1 else 2)}  # and as much for each gradient


def whole_memory(size, parts=1):
    """All that `memory` counts, in bytes."""
    return sum(memory(size, parts).values())


@claim("B8", _("Needs a lot of memory to hold the whole data set."), anchor=ANCHOR,
       note=_("what takes memory is the activations; added up over parts it needs little"))
def much_memory(seeds):
    """A lot: more than the weights and their gradients take. The data itself is 0.9 MB."""
    def ratio(parts):
        held = memory(N, parts)
        return held["activations"] / held["weights"]

    metric = _("bytes of activations and signals, over those of weights and gradients")
    return [Condition(_("all 1,797 digits go through in one piece"), metric, ratio(1), ">", 1),
            Condition(_("their gradient is added up over parts of 32"), metric,
                      ratio(epoch_length(N, SIZE)), ">", 1)]


# What it costs to arrive.

LAM = 0.01
RATES = tuple(2.0**(k / 2) for k in range(-12, 8))   # 0.016 to 11
MANY = 1792                                          # 56 batches of 32: none is short
CASES = {"few": (256, 16), "many features": (256, 64), "many digits": (MANY, 16),
         "both": (MANY, 64)}                         # examples and pixels
GOALS = {"rough": 0.05, "exact": 0.001}              # of the way down that may be left


@cache
def problem(case, seeds):
    """Softmax regression with L2: network, objective, x, y, and the lowest loss.

    A seed draws its own few digits; the many are the same for all. 16 pixels are means of 2 x 2.
    """
    n, pixels = CASES[case]
    images, labels = digits()
    if pixels == 16:
        images = images.reshape(N, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(N, 16)
    rows = (np.random.default_rng(0).permutation(N)[:MANY] if n == MANY else
            np.stack([rng.permutation(N)[:n] for rng in generators(seeds)]))
    x, y = images[rows], labels[rows]
    net = Network((pixels, 10))
    objective = with_l2(net.loss_and_gradient, LAM, net.is_weight)
    lowest = record(descend(objective, np.zeros((*rows.shape[:-1], net.size)), nesterov,
                            repeat((x, y)), lr=1.0, beta=0.93), 200, keep=()).last.loss
    return net, objective, x, y, lowest


def examples_needed(case, goal, size, lr, seeds):
    """Examples looked at until a goal is reached, (seeds,), by batches of `size`.

    The exact goal is looked at after every epoch, the rough one up to 14 times in an epoch.
    """
    n = CASES[case][0]
    net, objective, x, y, lowest = problem(case, seeds)
    hot = y[..., None] == np.arange(10)
    rngs = generators(seeds[:1] if n == size == MANY else seeds)   # then all runs are the same
    runs = np.arange(len(rngs))[:, None]

    def left(theta):
        z = net.forward(theta, x)[-1]
        z -= z.max(axis=-1, keepdims=True)
        loss = (np.log(np.exp(z).sum(axis=-1)) - (z * hot).sum(axis=-1)).mean(axis=-1)
        loss += LAM / 2 * (net.is_weight * theta**2).sum(axis=-1)
        return (loss - lowest) / (np.log(10) - lowest)

    def cut():
        for part, in mini_batches(np.arange(n), size=size, rng=rngs):
            yield (x[part], y[part]) if n == MANY else (x[runs, part], y[runs, part])

    steps = descend(objective, np.zeros((len(rngs), net.size)), gradient_descent,
                    repeat((x, y)) if size == n else cut(), lr=lr)
    length = epoch_length(n, size)
    needed = iterations_until(lambda theta: left(theta) <= GOALS[goal], steps,
                              (300 if goal == "exact" else 60) * length,
                              length if goal == "exact" else max(1, length // 14))
    return np.broadcast_to(needed * size, len(seeds))


TUNED = [(case, "rough") for case in CASES] + [("few", "exact"), ("both", "exact")]


def tuned():
    """The best rate of batch GD and of batches of 32 for each case and goal."""
    return {f"{case}, {goal}": {name: tune(lambda lr, seeds: examples_needed(
        case, goal, size, lr, seeds), RATES, TUNING_SEEDS)
        for name, size in (("N", CASES[case][0]), ("32", SIZE))} for case, goal in TUNED}


@cache
def work(case, goal, seeds):
    """Examples that batch GD needs over those of batches of 32, (seeds,), each at its best rate."""
    rates = stored("batch")[f"{case}, {goal}"]
    return (examples_needed(case, goal, CASES[case][0], rates["N"], seeds)
            / examples_needed(case, goal, SIZE, rates["32"], seeds))


@claim("B4", _("Good if you have a small data set and few features."),
       anchor=ANCHOR,
       note=_("on little data its exact answers are cheaper than those of noisy steps"))
def good_if_small(seeds):
    """Good: no more work than with batches of 32, for a rough answer and for an exact one."""
    metric = _("examples to the goal, batch GD over B = 32")
    return [Condition(label, metric, work(case, goal, seeds), "<=", 1) for label, case, goal in (
        (_("data and features are few (256 digits, 16 pixels), the goal rough (5 % left)"),
         "few", "rough"),
        (_("data and features are few, the goal exact (0.1 % left)"), "few", "exact"),
        (_("data and features are many (1,792 digits, 64 pixels), the goal exact"),
         "both", "exact"))]


@claim("B9", _("Can be slow for large data sets and many features."), reference=BOTTOU,
       anchor=ANCHOR,
       note=_("an update costs N / 32 times as much, and does not save as many updates"))
def slow(seeds):
    """Slow: at least twice the work of batches of 32."""
    metric = _("examples until 5 % is left, batch GD over B = 32")
    return [Condition(label, metric, work(case, "rough", seeds), ">=", 2) for label, case in (
        (_("there are many features (64; 256 digits)"), "many features"),
        (_("there are many digits (1,792; 16 features)"), "many digits"),
        (_("there are many of both"), "both"))]


# How steady its steps are.

@cache
def spread(size, seeds):
    """Spread of batches' gradients at theta = 0, over the full gradient's length; and in theory.

    Root mean square distance from the full gradient (seeds,), over 100 batches of digits or 3 of
    them all; a learning rate of 0 keeps every run where it is.
    """
    x, y = digits()
    theta = np.zeros((len(seeds), softmax.size))
    full = softmax.loss_and_gradient(theta, x, y)[1]
    single = softmax.loss_and_gradient(np.zeros((N, softmax.size)), x[:, None], y[:, None])[1]
    length, sigma2 = np.linalg.norm(full[0]), ((single - full[0])**2).sum(axis=-1).mean()
    batches = full_batch(x, y) if size == N else random_batches(x, y, size=size,
                                                               rng=generators(seeds))
    steps = islice(descend(softmax.loss_and_gradient, theta, gradient_descent, batches, lr=0),
                   3 if size == N else 100)
    measured = np.mean([((step.grad - full)**2).sum(axis=-1) for step in steps], axis=0)**0.5
    theory = (sigma2 / size * (N - size) / (N - 1))**0.5
    return np.round(measured / length, 9), theory / length    # the 9 digits that rounding leaves


@claim("B6", _("Less variable steps towards the minimum."), reference=BOTTOU, anchor=ANCHOR)
def less_variable(seeds):
    """At one point and one rate, over 100 batches: batch GD always takes the same step."""
    metric = _("spread of a batch's gradient at one point, over the full gradient's length")
    conditions = []
    for label, size, rule in ((_("B = N"), N, "="), (_("beside B = 32"), SIZE, ">"),
                              (_("beside B = 1"), 1, ">")):
        measured, theory = spread(size, seeds)
        conditions.append(Condition(label, metric, measured, rule, 0, theory=float(theory)))
    return conditions


@claim("B7", _("Stable steps towards the minimum."), anchor=ANCHOR,
       note=_("above 2/λ the full gradient climbs, too"))
def stable(seeds):
    """100 steps for a line through 273 penguins that the seed draws, λ the largest curvature."""
    parts = [split(*penguins(), rng=rng)[0] for rng in generators(seeds)]
    x, y = (np.stack(arrays) for arrays in zip(*parts))
    line = Network((1, 1), loss="mean_squared_error")
    inputs = np.concatenate([x, np.ones_like(x)], axis=-1)
    hessian = 2 / y.shape[1] * inputs.mT @ inputs
    best = np.linalg.solve(hessian, 2 / y.shape[1] * inputs.mT @ y[..., None])[..., 0]
    limit = 2 / np.linalg.eigvalsh(hessian)[:, -1:]
    starts = best + np.stack([rng.normal(size=2) for rng in generators(seeds)])
    conditions = []
    for label, factor in ((_("the rate is 0.9 of 2/λ"), 0.9), (_("the rate is 1.1 of 2/λ"), 1.1)):
        history = record(descend(lambda theta: line.loss_and_gradient(theta, x, y), starts,
                                 gradient_descent, lr=factor * limit), 100, keep=("theta", "loss"))
        away = np.linalg.norm(history.theta - best, axis=-1)
        conditions += [
            Condition(label, _("share of steps uphill"),
                      (np.diff(history.loss, axis=0) > 0).mean(axis=0), "=", 0, ".2%"),
            Condition(label, _("share of steps that come closer to the minimum"),
                      (np.diff(away, axis=0) < 0).mean(axis=0), "=", 1, ".2%")]
    return sorted(conditions, key=lambda c: c.metric)
