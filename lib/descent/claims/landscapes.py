"""Does a method get past local minima? Three landscapes in one parameter, and XOR.

Whether it does depends exponentially on the knobs, so they stand here, all of them: 200 starts a
seed, uniform over the landscape; 400 steps; a rate that falls linearly to 0; for each method the
rate of 23 that takes most starts to the global minimum, tuned on other starts, or 0.01 for all.
On XOR, a network of two hidden tanh units: 50 initialisations a seed, 1,500 steps, a constant rate.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from . import Condition, generators
from .race import METHODS
from .tuning import TUNING_SEEDS, stored, tune
from ..batches import full_batch
from ..language import mark as _
from ..networks import Network
from ..surfaces import double_well
from ..training import descend, record

STARTS, STEPS = 200, 400
INITIALISATIONS, XOR_STEPS = 50, 1500
RATES = tuple(2.0**k for k in range(-14, 9))
FIXED = 0.01


class Landscape(NamedTuple):
    """A loss in one parameter; call it like any objective."""

    function: object   # x -> (loss, slope)
    domain: tuple      # where the starts lie
    minimum: float     # the global one
    within: float      # how near it a run must end

    def __call__(self, theta):
        loss, slope = self.function(theta[..., 0])
        return loss, slope[..., None]


def _tilted_wells(x):
    return double_well.function(x, 0.0)[:2]


def _ripples(x):
    return x * x / 2 + (1 - np.cos(5 * x)) / 2, x + 2.5 * np.sin(5 * x)


def _hole(x):
    hole = 4 * np.exp(-((x - 2) / 0.1)**2 / 2)
    return x * x / 2 - hole, x + hole * (x - 2) / 0.01


LANDSCAPES = {"double well": Landscape(_tilted_wells, (-2, 2), double_well.minima[0][0], 0.1),
              "ripples": Landscape(_ripples, (-5, 5), 0.0, 0.1),
              "hole": Landscape(_hole, (-4, 4), 2.0, 0.05)}
xor = Network((2, 2, 1), "tanh", "xavier", loss="mean_squared_error")
XOR = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0.0, 1, 1, 0])


@cache
def arrived(where, method, lr, seeds):
    """Which starts (seeds, starts) end in the global minimum, or learn XOR (loss below 0.01)."""
    rng = generators(seeds)
    if where == "XOR":
        first = np.stack([xor.initial([one] * INITIALISATIONS) for one in rng])
        steps = descend(lambda theta: xor.loss_and_gradient(theta, *XOR), first, METHODS[method],
                        lr=lr)
        return record(steps, XOR_STEPS + 1, keep=()).last.loss < 0.01
    land = LANDSCAPES[where]
    first = np.stack([one.uniform(*land.domain, (STARTS, 1)) for one in rng])
    steps = descend(land, first, METHODS[method], lr=lambda k: lr * max(0, 1 - k / STEPS))
    end = record(steps, STEPS + 1, keep=()).last.theta[..., 0]
    return np.abs(end - land.minimum) < land.within


def share(where, method, seeds, lr=None):
    """The share of starts that arrive, (seeds,); without a rate at the stored best one."""
    lr = stored("landscapes")[where][method] if lr is None else lr
    return arrived(where, method, lr, seeds).mean(axis=-1)


def tuned():
    """The rate of 23 with which most starts arrive, for each method on each landscape."""
    return {where: {method: tune(lambda lr, seeds: -share(where, method, seeds, lr), RATES,
                                 TUNING_SEEDS) for method in METHODS}
            for where in (*LANDSCAPES, "XOR")}


SETTINGS = (
    (_("the loss is a tilted double well, each rate tuned"), "double well", None),
    (_("the loss is a bowl with ripples, each rate tuned"), "ripples", None),
    (_("the loss is a wide bowl with a narrow deep hole, each rate tuned"), "hole", None),
    (_("the loss is the double well, the rate 0.01 for all"), "double well", FIXED),
    (_("the loss is the bowl with ripples, the rate 0.01 for all"), "ripples", FIXED),
    (_("the loss is the bowl with the hole, the rate 0.01 for all"), "hole", FIXED),
    (_("two hidden units learn XOR, each rate tuned"), "XOR", None))


def more_arrive(method, metric, seeds):
    """Conditions: how many more starts arrive than with gradient descent, of the same starts.

    Clearly more: 20 of 100.
    """
    return [Condition(label, metric, share(where, method, seeds, lr)
                      - share(where, "gradient descent", seeds, lr), ">", 0.2, ".2%")
            for label, where, lr in SETTINGS]
