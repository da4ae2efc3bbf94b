"""The methods race: a network on digits, each method at its own best learning rate.

To tell what batches bring from what the optimizer brings, every method is fed both ways: with the
full batch and with small ones. The data is the same for all; the seed draws the first weights and
the batches. Work is counted in updates, and in examples whose gradient is taken.
"""

from functools import cache
from itertools import repeat

import numpy as np

from . import generators
from .tuning import TUNING_SEEDS, iterations_until, stored
from ..batches import epoch_length, mini_batches
from ..data import digits
from ..networks import Network
from ..optimizers import adam, gradient_descent, momentum, nesterov, rmsprop
from ..training import descend

METHODS = {"gradient descent": gradient_descent, "momentum": momentum, "nesterov": nesterov,
           "rmsprop": rmsprop, "adam": adam}   # but for the rate with their usual hyperparameters
N = 768                                        # examples: 24 batches of 32
SIZE = 32
TARGETS = (0.1, 0.01)                          # losses of all examples to reach
LONGEST = 1500                                 # updates after which a run is given up
net = Network((64, 32, 10))


@cache
def data():
    """The digits of the race, x (N, 64) and y (N,)."""
    rows = np.random.default_rng(0).permutation(1797)[:N]
    return tuple(a[rows] for a in digits())


def loss_of(net, theta, x, y):
    """The loss on these examples, (...), forward only."""
    z = net.forward(theta, x)[-1]
    z -= z.max(axis=-1, keepdims=True)
    return (np.log(np.exp(z).sum(axis=-1)) - z[..., np.arange(len(y)), y]).mean(axis=-1)


def loss(theta):
    """The loss of all examples, (runs,), without its gradient."""
    return loss_of(net, theta, *data())


def updates(method, size, target, lr, seeds, optimizer=None, **hyper):
    """Updates until the loss of all examples is at most the target, (seeds,); inf if it never is.

    It is looked at in every iteration with the full batch, else 4 times an epoch, and given up
    after 1,500 updates and 100 epochs. With `optimizer` the method's name is only a name.
    """
    length = epoch_length(N, size)
    feed = (repeat(data()) if size == N else
            mini_batches(*data(), size=size, rng=generators(seeds)))
    steps = descend(net.loss_and_gradient, net.initial(generators(seeds)),
                    optimizer or METHODS[method], feed, lr=lr, **hyper)
    if size == N:                              # then each step knows the loss of all
        return iterations_until(lambda losses: losses <= target,
                                (step._replace(theta=step.loss) for step in steps), LONGEST)
    return iterations_until(lambda theta: loss(theta) <= target, steps, max(LONGEST, 100 * length),
                            max(1, length // 4))


def tune_outward(cost, start, beside=2, factor=2.0):
    """The rate start * factor^k whose slowest seed is fastest, by cost(rate, seeds) -> (seeds,).

    Not the median: at the largest rates a network on digits is fast on most seeds and never
    arrives on others. The grid grows until `beside` rates on either side of the best are worse.
    Raises ValueError if the best is 20 factors away from the start.
    """
    costs = {}

    def at(k):
        if k not in costs:
            costs[k] = float(np.max(cost(start * factor**k, TUNING_SEEDS)))
        return costs[k]

    best = 0
    while abs(best) < 20:
        near = min(range(best - beside, best + beside + 1), key=at)   # if none arrives: lower
        if np.isfinite(at(best)) and at(near) == at(best):
            return start * factor**best
        best = near
    raise ValueError(f"the best rate is not within 20 factors of {start}")


STARTS = {"gradient descent": 1.0, "momentum": 0.125, "nesterov": 0.125, "rmsprop": 2.0**-7,
          "adam": 2.0**-5}
# What is tuned: the race of G2, and batches of other sizes for MO3.
TUNED = [*((method, size, target) for method in METHODS for size in (N, SIZE)
           for target in TARGETS),
         *((method, size, 0.02) for method in ("gradient descent", "momentum")
           for size in (N, 256, 8))]


def key(method, size, target):
    """The name under which a rate is stored."""
    return f"{method}, B = {size}, loss {target:g}"


def tuned():
    """The best rate of each method for each batch size and target, on a grid of factors of 2."""
    return {key(method, size, target): tune_outward(lambda lr, seeds: updates(
        method, size, target, lr, seeds), STARTS[method]) for method, size, target in TUNED}


@cache
def work(method, size, target, seeds):
    """Updates to the target, (seeds,), with the stored best rate."""
    return updates(method, size, target, stored("race")[key(method, size, target)], seeds)


def epochs(method, size, target, seeds):
    """Epochs' worth of example gradients to the target, (seeds,), with the stored best rate."""
    return work(method, size, target, seeds) * size / N
