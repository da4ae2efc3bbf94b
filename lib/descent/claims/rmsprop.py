"""What the lecture says about RMSProp, R1 to R7.

Beside it stands gradient descent on the same problem, each at the rate that is best for it.
"""

import inspect
from functools import cache
from itertools import islice, repeat

import numpy as np

from . import Condition, claim, generators, race
from .landscapes import more_arrive
from .tuning import TUNING_SEEDS, stored, tune
from ..batches import epoch_length, mini_batches
from ..data import digits, penguins, split
from ..language import mark as _
from ..networks import Network
from ..optimizers import gradient_descent, rmsprop
from ..training import descend, record

KINGMA = "Kingma & Ba 2015, arXiv:1412.6980"
BALLES = "Balles & Hennig 2018, arXiv:1705.07774"
CHOI = "Choi et al. 2019, arXiv:1910.05446"
SIZE = 32
small = Network((64, 32, 10))
METHODS = {"gradient descent": gradient_descent, "rmsprop": rmsprop}


def feed(seeds, size=SIZE):
    """The digits in mini-batches, every seed with its own shuffles."""
    return mini_batches(*digits(), size=size, rng=generators(seeds))


def layer_norms(net, flat):
    """The length of each layer's part of theta or of a gradient, (layers, runs)."""
    return np.stack([np.sqrt((part**2).sum(axis=(-2, -1))) for part in net.layers(flat)])


# How it answers to the size of the gradient.

def walk(optimizer, factor, lr, seeds, steps=30):
    """30 steps of a small network on digits whose loss is multiplied by a factor; a History."""
    def scaled(theta, *batch):
        loss, g = small.loss_and_gradient(theta, *batch)
        return factor * loss, factor * g

    return record(descend(scaled, small.initial(generators(seeds)), optimizer, feed(seeds), lr=lr),
                  steps + 1, keep=("theta", "grad"))


def moved_away(optimizer, factor, lr, seeds):
    """How far from the usual end the scaled loss ends, over the length of the usual way, (seeds,).
    """
    usual, scaled = (walk(optimizer, one, lr, seeds).theta for one in (1, factor))
    return (np.linalg.norm(scaled[-1] - usual[-1], axis=-1)
            / np.linalg.norm(usual[-1] - usual[0], axis=-1))


def same_way(optimizer, lr, seeds):
    """Conditions: a scaled loss leads the optimizer the same way, and gradient descent away."""
    changed = _("how far the end of 30 steps moves, over the way")
    compared = _("the same with gradient descent, for comparison")
    conditions = []
    for label, factor in ((_("the loss is multiplied by 1,000"), 1000),
                          (_("the loss is multiplied by 0.001"), 0.001)):
        conditions += [
            Condition(label, changed, moved_away(optimizer, factor, lr, seeds), "<", 0.1),
            Condition(label, compared, moved_away(gradient_descent, factor, 0.1, seeds), ">", 0.1)]
    return sorted(conditions, key=lambda c: c.metric != changed)


@claim("R1", _("RMSProp has an adaptive learning rate that adapts to the size of the gradient."),
       reference=KINGMA, anchor="Multiply-the-loss-by-a-thousand",
       note=_("a large ε, or gradients as small as ε, end it"))
def adapts(seeds, lr=0.001):
    """A loss of another size, and the rate of one weight beside the rates of the others."""
    history = walk(rmsprop, 1, lr, seeds)
    sizes = (history.grad**2).mean(axis=0)**0.5
    rates = lr / (history.last.memory["s"]**0.5 + 1e-8)
    slopes = [np.polyfit(np.log(g[g > 1e-7]), np.log(rate[g > 1e-7]), 1)[0]
              for g, rate in zip(sizes, rates)]
    return [*same_way(rmsprop, lr, seeds),
            Condition(_("weights are compared with each other"),
                      _("slope of log effective rate against log gradient, over the weights"),
                      np.array(slopes), "<", -0.5, theory=-1)]


@claim("R2", _("It decreases the steps for large gradients and increases them for small ones."),
       reference=BALLES, anchor="Test-the-lecture's-sentence",
       note=_("it makes all steps alike; a sudden large gradient still gets the longest step"))
def evens_out(seeds, rho=0.9):
    """50 weights with gradients of 1e-4 to 1e4; and one weight whose gradient jumps or sinks.

    The steps of the second are counted in usual steps, those before the change.
    """
    sizes, rngs = np.logspace(-4, 4, 50), generators(seeds)
    noise = np.stack([sizes * rng.normal(size=(100, 50)) for rng in rngs], axis=1)
    lengths = steps_for(noise, rho=rho)[20:].mean(axis=0)
    plain = np.abs(noise[20:]).mean(axis=0)

    def slopes(lengths):
        return np.polyfit(np.log(sizes), np.log(lengths).T, 1)[0]

    steady = np.stack([rng.choice((-1, 1), 80) * rng.normal(1, 0.1, 80) for rng in rngs], axis=1)
    jump, lull = steady.copy(), steady.copy()
    jump[50] *= 100
    lull[50:70] /= 100
    steady, jump, lull = (steps_for(g[..., None], rho=rho)[..., 0] for g in (steady, jump, lull))
    usual = steady[20:50].mean(axis=0)
    across = _("slope of log step against log gradient, over the weights")
    own = _("length of its step, over a usual one")
    after = _("mean step after it, over a usual one")
    return [
        Condition(_("the step of one weight is set beside gradient descent's"),
                  _("slope of log ratio of the two steps against log gradient"),
                  slopes(lengths / plain), "<", -0.5, theory=-1),
        Condition(_("the step of one weight is set beside those of other weights"), across,
                  slopes(lengths), "<", -0.5, theory=0),
        Condition(_("it is the step of a large gradient itself (100 times the usual)"), own,
                  jump[50] / usual, "<", 1, theory=1 / (1 - rho)**0.5),
        Condition(_("it is the 10 steps after a large gradient"), after,
                  jump[51:61].mean(axis=0) / usual, "<", 1),
        Condition(_("it is the step of a small gradient itself (a hundredth of the usual)"), own,
                  lull[50] / usual, ">", 1),
        Condition(_("it is the step after 20 small gradients"), after, lull[70] / usual, ">", 1)]


def steps_for(gradients, optimizer=rmsprop, **hyper):
    """The length of the step, over lr, for each of these gradients (T, runs, P) in turn."""
    feed = iter(gradients)
    steps = descend(lambda theta: (np.zeros(theta.shape[:-1]), next(feed)),
                    np.zeros(gradients.shape[1:]), optimizer,
                    repeat((), len(gradients)), lr=1, **hyper)
    theta = record(steps, len(gradients), keep=("theta",)).theta
    return np.abs(np.diff(theta, axis=0))


# How fast it is.

KAPPA, COORDINATES = 1000, 20


@cache
def valley(turned, seeds):
    """A quadratic with curvatures 1 to 1,000 in 20 directions: objective, starts (seeds, 20).

    The directions are the axes, or turned at random; the way to the minimum is the same.
    """
    curvatures = np.logspace(0, np.log10(KAPPA), COORDINATES)
    axes, ways = [], []
    for rng in generators(seeds):
        axes.append(np.linalg.qr(rng.normal(size=(COORDINATES, COORDINATES)))[0])
        ways.append(rng.normal(size=COORDINATES))
    axes = np.stack(axes) if turned else np.tile(np.eye(COORDINATES), (len(seeds), 1, 1))
    hessian, ways = axes @ (curvatures[:, None] * axes.mT), np.stack(ways)[..., None]

    def objective(theta):
        g = (hessian @ theta[..., None])[..., 0]
        return (g * theta).sum(axis=-1) / 2, g

    return objective, (axes @ (ways / np.linalg.norm(ways, axis=1, keepdims=True)))[..., 0]


@cache
def left_of_valley(method, turned, lr, seeds, n=50):
    """How much of the valley's loss is left after n iterations, (seeds,)."""
    objective, start = valley(turned, seeds)
    last = record(descend(objective, start, METHODS[method], lr=lr), n + 1, keep=()).last
    left = last.loss / objective(start)[0]
    return np.where(np.isfinite(left), left, np.inf)


@cache
def left_of_line(method, scale, lr, seeds, n=1000):
    """How much of the way down is left for a line through 273 penguins, (seeds,); 1 at the start.

    After n iterations from theta = 0 with all of them; less than 1e-12 counts as that.
    """
    line = Network((1, 1), loss="mean_squared_error")
    parts = [split(*penguins(scale), rng=rng)[0] for rng in generators(seeds)]
    x, y = (np.stack(arrays) for arrays in zip(*parts))
    inputs = np.concatenate([x, np.ones_like(x)], axis=-1)
    best = np.linalg.solve(inputs.mT @ inputs, inputs.mT @ y[..., None])[..., 0]
    start, lowest = (line.loss_and_gradient(theta, x, y)[0] for theta in (0 * best, best))
    last = record(descend(line.loss_and_gradient, 0 * best, METHODS[method], repeat((x, y)),
                          lr=lr), n + 1, keep=()).last
    left = (last.loss - lowest) / (start - lowest)
    return np.where(np.isfinite(left), np.maximum(left, 1e-12), np.inf)


def left(method, name, lr, seeds):
    """What a method leaves of the loss of one of the four problems."""
    if name in ("raw", "standardised"):
        return left_of_line(method, name, lr, seeds)
    return left_of_valley(method, name == "turned", lr, seeds)


@claim("R3", _("RMSProp converges faster."), reference=BALLES, anchor="Turn-the-ravine",
       note=_("it shortens a valley along the axes; in a turned one, as of raw data, it does not"))
def faster(seeds):
    """Beside gradient descent, both at their best rates; turned, only the axes differ."""
    rates = stored("rmsprop")
    after = {50: _("what is left after 50 iterations, over gradient descent's"),
             1000: _("what is left after 1,000 iterations, over gradient descent's")}
    cases = [(_("a valley lies along the axes (κ = 1,000)"), "along", 50),
             (_("the same valley is turned"), "turned", 50),
             (_("a line is fitted to penguins in raw millimetres"), "raw", 1000),
             (_("a line is fitted to standardised penguins"), "standardised", 1000)]
    conditions = [Condition(label, after[n],
                            left("rmsprop", name, rates[name]["rmsprop"], seeds)
                            / left("gradient descent", name, rates[name]["gradient descent"],
                                   seeds), "<", 0.5) for label, name, n in cases]
    return [*conditions, Condition(
        _("a network learns digits"),
        _("updates with batches of 32 to a loss of 0.1, over gradient descent's"),
        race.work("rmsprop", SIZE, 0.1, seeds)
        / race.work("gradient descent", SIZE, 0.1, seeds), "<", 1)]


# What it does about gradients that explode or vanish.

DEEP = {"explodes": Network((64, *[32] * 8, 10), "relu", "he", 1.5),
        "explodes more": Network((64, *[32] * 8, 10), "relu", "he", 3.0),
        **{f"{depth} sigmoid": Network((64, *[32] * depth, 10), "sigmoid", "xavier")
           for depth in (4, 8, 14)}}
EPOCHS = 10


def train(name, method, lr, seeds):
    """The steps of a deep network on all digits."""
    net = DEEP[name]
    return descend(net.loss_and_gradient, net.initial(generators(seeds)), METHODS[method],
                   feed(seeds), lr=lr)


@cache
def accuracy(name, method, lr, seeds):
    """The share of every fourth digit that is right, a mean over the 10th epoch, (seeds,)."""
    (x, y), length = digits(), epoch_length(1797, SIZE)
    looks = islice(train(name, method, lr, seeds), (EPOCHS - 1) * length, EPOCHS * length + 1, 8)
    return np.mean([DEEP[name].predict(np.nan_to_num(step.theta), x[::4]) == y[::4]
                    for step in looks], axis=(0, -1))


def learned(name, method, seeds):
    """The accuracy at the best rate."""
    return accuracy(name, method, stored("rmsprop")[name][method], seeds)


@cache
def first_gradient(name, method, lr, seeds):
    """The length of the first layer's gradient after 10 updates, (seeds,)."""
    steps = train(name, method, lr, seeds)
    return layer_norms(DEEP[name], next(islice(steps, 10, None)).grad)[0]


@claim("R5", _("RMSProp reduces the risk of exploding gradients."),
       reference="Philipp, Song & Carbonell 2018, arXiv:1712.05577",
       anchor="Bound-the-update",
       note=_("it bounds the update, not the gradient; far too large weights stay a problem"))
def bounded(seeds, rho=0.9):
    """Gradients without a mean, up to 1e10 times as large; and networks that start too large."""
    wild = np.stack([rng.standard_cauchy((200, 3)) for rng in generators(seeds)], axis=1)
    longest = steps_for(wild * [1, 1e3, 1e10], rho=rho).max(axis=(0, 2))
    bound = 1 / (1 - rho)**0.5
    rates = stored("rmsprop")["explodes"]
    gain, learns = _("the weights are 1.5 times He's (8 layers)"), _("accuracy in the 10th epoch")
    return [
        Condition(_("the update is meant"), _("largest step of a weight, over the learning rate"),
                  longest, "<=", bound * (1 + 1e-9), ".3g", theory=bound),
        Condition(_("the gradient is meant"),
                  _("gradient of the first layer after 10 updates, over gradient descent's"),
                  first_gradient("explodes", "rmsprop", rates["rmsprop"], seeds)
                  / first_gradient("explodes", "gradient descent", rates["gradient descent"],
                                   seeds), "<", 0.1),
        Condition(gain, learns, learned("explodes", "rmsprop", seeds), ">", 0.8, ".2%"),
        Condition(gain, _("whether more is right than with gradient descent (1: yes)"),
                  learned("explodes", "rmsprop", seeds)
                  > learned("explodes", "gradient descent", seeds), "=", 1),
        Condition(_("the weights are 3 times He's"), learns,
                  learned("explodes more", "rmsprop", seeds), ">", 0.8, ".1%")]


@claim("R6", _("RMSProp reduces the risk of vanishing gradients."),
       anchor="Vanishing-and-exploding,-once-more",
       note=_("early layers get full steps though their gradients stay small, down to ε"))
def lifted(seeds):
    """Sigmoid networks with Xavier weights, each method at the rate that is best for it.

    With 8 layers no rate lets gradient descent learn; it gets the one that is best with 4.
    """
    rates = stored("rmsprop")

    def first_step(name):
        """The first layer's relative change in the first update, over the last layer's."""
        steps = train(name, "rmsprop", 0.01, seeds)
        before, after = (step.theta for step in islice(steps, 2))
        change = layer_norms(DEEP[name], after - before) / layer_norms(DEEP[name], before)
        return change[0] / change[-1]

    change = _("relative change of the first layer in one update, over the last layer's")
    four, learns = _("there are 4 hidden layers"), _("accuracy in the 10th epoch")
    return [
        Condition(_("the update is meant (8 hidden layers)"), change,
                  first_step("8 sigmoid"), ">", 0.1),
        Condition(_("the update is meant (14 hidden layers)"), change,
                  first_step("14 sigmoid"), ">", 0.1),
        Condition(_("the gradient is meant"),
                  _("gradient of the first of 8 layers after 10 updates, over gradient descent's"),
                  first_gradient("8 sigmoid", "rmsprop", rates["8 sigmoid"]["rmsprop"], seeds)
                  / first_gradient("8 sigmoid", "gradient descent",
                                   rates["4 sigmoid"]["gradient descent"], seeds), ">", 10),
        Condition(four, _("accuracy in the 10th epoch with gradient descent, for comparison"),
                  learned("4 sigmoid", "gradient descent", seeds), "<", 0.8, ".2%"),
        Condition(four, learns, learned("4 sigmoid", "rmsprop", seeds), ">", 0.8, ".2%"),
        Condition(_("there are 8 hidden layers"), learns,
                  learned("8 sigmoid", "rmsprop", seeds), ">", 0.8, ".2%")]


# What it costs.

def hyperparameters(optimizer):
    """Names of what has to be chosen, from the optimizer's signature."""
    known = inspect.signature(optimizer).parameters.values()
    return [p.name for p in known if p.kind is p.KEYWORD_ONLY]


@cache
def losses(name, values, seeds, lr=0.003):
    """The loss of all digits after 3 epochs of RMSProp, for each value of a hyperparameter."""
    start = np.tile(small.initial(generators(seeds)), (len(values), 1, 1))
    steps = descend(small.loss_and_gradient, start, rmsprop, feed(seeds), lr=lr,
                    **{name: np.array(values)[:, None, None]})
    x, y = digits()
    theta = record(steps, 3 * epoch_length(len(y), SIZE) + 1, keep=()).last.theta
    return race.loss_of(small, theta, x, y)


@claim("R7", _("(Drawback.) RMSProp introduces a new parameter."), reference=CHOI,
       anchor="Look-inside-the-optimizer",
       note=_("two, ρ and ε; in their usual ranges neither doubles the loss"))
def new_parameter(seeds):
    """A drawback: it is one more, and a wrong choice costs at least twice the loss."""
    new = set(hyperparameters(rmsprop)) - set(hyperparameters(gradient_descent))
    rho = losses("rho", (0.5, 0.8, 0.9, 0.95, 0.99), seeds)
    eps = losses("eps", (1e-8, 1e-6, 1e-4, 0.1), seeds)
    loss = _("loss after 3 epochs, worst choice over best")
    return [Condition(_("parameters are counted"), _("new hyperparameters in the signature"),
                      len(new), ">=", 1, "d"),
            Condition(_("ρ is chosen from 0.5 to 0.99"), loss, rho.max(axis=0) / rho.min(axis=0),
                      ">", 2),
            Condition(_("ε is chosen from 1e-8 to 1e-4"), loss,
                      eps[:3].max(axis=0) / eps[:3].min(axis=0), ">", 2),
            Condition(_("ε can be as large as 0.1"), loss, eps.max(axis=0) / eps.min(axis=0),
                      ">", 2)]


# The rates.

HALF = tuple(2.0**(k / 2) for k in range(-50, 13))    # 3e-8 to 64, by factors of the root of 2


def grid(low, high):
    """The rates of HALF between two."""
    return tuple(lr for lr in HALF if low <= lr <= high)


RANGES = {"along": {"gradient descent": (2e-4, 3e-3), "rmsprop": (2e-4, 0.5)},
          "turned": {"gradient descent": (2e-4, 3e-3), "rmsprop": (2e-4, 0.5)},
          "raw": {"gradient descent": (1e-6, 1e-3), "rmsprop": (0.01, 32)},
          "standardised": {"gradient descent": (1e-3, 2), "rmsprop": (1e-4, 1)},
          "explodes": {"gradient descent": (2e-4, 0.1), "rmsprop": (2e-4, 0.05)},
          "explodes more": {"gradient descent": (5e-7, 1e-4), "rmsprop": (2e-4, 0.05)},
          "4 sigmoid": {"gradient descent": (0.5, 32), "rmsprop": (2e-3, 0.25)},
          "8 sigmoid": {"rmsprop": (1e-3, 0.1)}}


def tuned():
    """The best rate of each method for each problem of R3, R5 and R6."""
    def cost(name, method):
        if name in DEEP:
            return lambda lr, seeds: 1 - accuracy(name, method, lr, seeds)
        return lambda lr, seeds: left(method, name, lr, seeds)

    return {name: {method: tune(cost(name, method), grid(*ends), TUNING_SEEDS)
                   for method, ends in methods.items()} for name, methods in RANGES.items()}


# Local minima.

@claim("R4", _("It can avoid getting stuck in local minima."),
       reference="Kleinberg, Li & Yuan 2018, arXiv:1802.06175", anchor="What-the-lecture-claims",
       note=_("a rate of 32 jumps across the whole landscape; that is search, not descent"))
def local_minima(seeds):
    """The shared landscapes, beside gradient descent."""
    return more_arrive("rmsprop", _("more starts that end in the global minimum than with "
                                    "gradient descent"), seeds)
