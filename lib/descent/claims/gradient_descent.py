"""What gradient descent finds, and what slows it down."""

import numpy as np

from . import Condition, claim, generators
from ..data import digits, penguins, split
from ..language import mark as _
from ..networks import Network
from ..optimizers import gradient_descent
from ..surfaces import double_well
from ..training import descend, record


@claim("G1", _("Gradient descent finds \"the minima in the global maximum\"."),
       reference="Goodfellow, Bengio & Courville 2016, ch. 8",
       anchor="Seek-a-minimum,-not-the-minimum",
       note=_("from other starts it finds a local minimum, and never a maximum"))
def minimum(seeds):
    """The double well from 500 random starts a seed, and a line through the penguins from 20."""
    rng = generators(seeds)
    (low, high), (bottom, top) = double_well.domain
    starts = np.stack([one.uniform((low, bottom), (high, top), (500, 2)) for one in rng])
    end = record(descend(double_well, starts, gradient_descent, lr=0.05), 400, keep=()).last.theta
    reached = double_well.nearest(end, within=1e-3)
    hill = np.sort(np.roots([4, 0, -4, 0.3]).real)[1]   # the maximum between the wells
    at_hill = np.abs(end[..., 0] - hill) < 1e-3
    left = starts[..., 0] < hill
    from_left = np.array([np.mean(r[here] == 0) for r, here in zip(reached, left)])

    x, y = penguins()
    line = Network((1, 1), loss="mean_squared_error")
    best = np.linalg.lstsq(np.column_stack([x, np.ones(len(x))]), y, rcond=None)[0]
    lines = np.stack([one.uniform(-10, 10, (20, 2)) for one in rng])
    fitted = record(descend(lambda theta: line.loss_and_gradient(theta, x, y), lines,
                            gradient_descent, lr=0.13), 400, keep=()).last.theta
    near = (np.abs(fitted - best) < 1e-3).all(axis=-1)
    there = _("share of starts that reach the global minimum")
    return [Condition(_("any start, a global maximum"), _("share of starts that end on a hill"),
                      at_hill.mean(axis=1), "=", 1, ".2%"),
            Condition(_("any start, the global minimum"), there,
                      (reached == 0).mean(axis=1), "=", 1, ".2%"),
            Condition(_("the start lies on the global minimum's side of the hill"), there,
                      from_left, "=", 1, ".2%"),
            Condition(_("the loss is convex"), there, near.mean(axis=1), "=", 1, ".2%")]


@claim("X3", _("(Not in the lecture.) Saddle points rather than local minima slow training down."),
       reference="Dauphin et al. 2014, arXiv:1406.2572", anchor="Don't-mistake-flat-for-low",
       note=_("usual weights start beyond the saddle; in the double well a local minimum stops us"))
def saddle_points(seeds):
    """A small network on 100 digits a seed, its weights near 0, as usual and twice as large.

    The gradient at theta = 0 is all but 0, and a curvature is negative: a saddle. Where the
    gradient on the way is smallest, the curvature along the way out must be negative, too.
    """
    x, y = (np.stack(arrays) for arrays in zip(
        *(split(*digits(), rng=rng, test=1 - 100.5 / 1797)[0] for rng in generators(seeds))))
    net = Network((64, 8, 10), "tanh", "xavier")
    start = net.initial(generators(seeds))
    starts = np.stack([0.01 * start, start, 2 * start])
    history = record(descend(lambda theta: net.loss_and_gradient(theta, x, y), starts,
                             gradient_descent, lr=0.5), 150, keep=("theta", "loss"))
    done = history.loss <= np.log(10) / 2
    needed = np.where(done.any(axis=0), done.argmax(axis=0), np.inf)
    slowdown = needed / needed[[2, 2, 1]]        # against a start that is larger still

    runs = np.arange(len(seeds))
    near0 = history.theta[:, 0]
    steps = np.linalg.norm(np.diff(near0, axis=0), axis=-1)
    steps[np.arange(len(steps))[:, None] >= needed[0]] = np.inf
    plateau = near0[steps.argmin(axis=0), runs]
    out = near0[done[:, 0].argmax(axis=0), runs] - plateau
    out /= np.linalg.norm(out, axis=-1, keepdims=True)
    ahead, behind = (net.loss_and_gradient(plateau + h * out, x, y)[1] for h in (1e-4, -1e-4))
    curvature = ((ahead - behind) * out).sum(axis=-1) / 2e-4

    rng = generators(seeds)
    (low, high), (bottom, top) = double_well.domain
    points = np.stack([one.uniform((low, bottom), (high, top), (200, 2)) for one in rng])
    end = record(descend(double_well, points, gradient_descent, lr=0.05), 300, keep=()).last.theta
    stuck = (double_well.nearest(end, within=1e-3) == 1).mean(axis=1)
    times = _("times as many iterations to half the loss as from a larger start")
    stay = _("share of starts that get stuck")
    by0 = _("a network's weights start near 0")
    usual = _("a network's weights start at their usual size")
    well = _("the surface is the double well")
    return [Condition(by0, times, slowdown[0], ">", 2),
            Condition(usual, times, slowdown[1], ">", 2),
            Condition(by0, _("curvature along the way out"), curvature, "<", 0),
            Condition(by0, stay, np.isinf(needed[0]), "=", 0, ".2%"),
            Condition(well, stay, stuck, "=", 0, ".2%")]
