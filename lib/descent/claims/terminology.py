"""The lecture's words iteration, batch and epoch, as counters and exact checks on digits."""

from functools import wraps
from itertools import islice

import numpy as np

from . import Condition, claim, generators
from ..batches import epoch_length, full_batch, mini_batches, random_batches
from ..data import digits
from ..language import mark as _
from ..networks import Network
from ..optimizers import gradient_descent
from ..training import descend, record

SOURCE = "Goodfellow, Bengio & Courville 2016, ch. 8"
SIZE = 32


def counted(function):
    """The same function, and a list that grows by one with each call."""
    calls = []

    @wraps(function)
    def call(*args, **kwargs):
        calls.append(1)
        return function(*args, **kwargs)

    return call, calls


def _per_update(x, y, batches, parts=1):
    """Backpropagations per update over an epoch; a batch goes through the network in parts."""
    net = Network((64, 10))
    backpropagation, backward = counted(net.loss_and_gradient)
    update, updates = counted(gradient_descent)

    def objective(theta, x, y):
        pieces = [backpropagation(theta, *piece) for piece in zip(np.array_split(x, parts),
                                                                   np.array_split(y, parts))]
        return tuple(sum(values) / parts for values in zip(*pieces))

    list(descend(objective, net.initial(np.random.default_rng(0)), update, batches, lr=0.1))
    return len(backward) / len(updates)


@claim("T1", _("An iteration is one backpropagation with an update of the weights."),
       kind="definition", reference=SOURCE, anchor="Count-an-iteration",
       note=_("an iteration is one update, however many backpropagations"))
def iteration(seeds):
    """Calls counted in the loop: an update each, and as many backpropagations as a batch has parts.
    """
    x, y = digits()
    rng = np.random.default_rng(0)
    whole = [_per_update(x, y, islice(mini_batches(x, y, size=size, rng=rng), 50))
             for size in (1, SIZE, len(x))]
    parts = _per_update(x, y, islice(mini_batches(x, y, size=64, rng=rng), 20), parts=4)
    metric = _("backpropagations per update")
    return [Condition(_("a batch goes through in one piece"), metric, whole, "=", 1),
            Condition(_("a batch of 64 goes through in 4 parts"), metric, parts, "=", 1)]


@claim("T2", _("A batch is the data used in one iteration, not always all of it."),
       kind="definition", reference=SOURCE, anchor="Cut-the-data-into-batches")
def batch(seeds):
    """Noise in place of all other examples leaves the gradient as it is, bit by bit."""
    x, y = digits()
    net = Network((64, 10))
    rng = np.random.default_rng(0)
    theta = net.initial(rng)
    outside, inside, sizes = [], [], []
    for (rows,) in islice(mini_batches(np.arange(len(x)), size=SIZE, rng=rng),
                          epoch_length(len(x), SIZE)):
        true = net.loss_and_gradient(theta, x[rows], y[rows])[1]
        noise = rng.uniform(size=x.shape)
        noise[rows] = x[rows]
        outside.append(np.abs(net.loss_and_gradient(theta, noise[rows], y[rows])[1] - true).max())
        noise[rows[0]] = rng.uniform(size=64)
        inside.append(np.abs(net.loss_and_gradient(theta, noise[rows], y[rows])[1] - true).max())
        sizes.append(len(rows))
    share = np.mean(np.array(sizes) < len(x))
    return [Condition(_("all other digits replaced"), _("the gradient changes at most by"),
                      max(outside), "=", 0),
            Condition(_("one of the batch's digits replaced"),
                      _("the gradient changes at least by"), min(inside), ">", 0),
            Condition(_("an epoch of batches of 32"), _("share of batches smaller than the data"),
                      share, ">", 0, ".3%")]


@claim("T3", _("An epoch is going through all data, forward and backward."),
       kind="definition", reference=SOURCE, anchor="Go-through-an-epoch",
       note=_("batches drawn anew miss over a third of the data in an epoch's iterations"))
def epoch(seeds):
    """The share of the digits seen in the iterations of an epoch, beside what to expect."""
    n = len(digits()[0])
    rows, length = np.arange(n), epoch_length(n, SIZE)

    def seen(batches, iterations):
        flags = np.zeros((len(seeds), n), bool)
        for (drawn,) in islice(batches, iterations):
            flags[np.arange(len(seeds))[:, None], drawn] = True
        return flags.mean(axis=1)

    metric = _("share of the digits seen")
    return [Condition("B = N", metric, seen(full_batch(rows), 1), "=", 1, ".3%", 1),
            Condition(_("a shuffle is cut into parts"), metric,
                      seen(mini_batches(rows, size=SIZE, rng=generators(seeds)), length),
                      "=", 1, ".3%", 1),
            Condition(_("a fresh subset each iteration"), metric,
                      seen(random_batches(rows, size=SIZE, rng=generators(seeds)), length),
                      "=", 1, ".3%", 1 - (1 - SIZE / n)**length),
            Condition(_("drawn with replacement"), metric,
                      seen(random_batches(rows, size=SIZE, rng=generators(seeds), replace=True),
                           length), "=", 1, ".3%", 1 - (1 - 1 / n)**(SIZE * length))]
