"""Chapter 03: learning rate times batch size, a live heat map."""

from functools import cache

import numpy as np

from .. import figures
from ..batches import mini_batches
from ..data import digits, spirals, split
from ..language import _, grouped
from ..networks import Network
from ..optimizers import gradient_descent
from ..training import descend, record
from .engine import Choice, Lab, Number, geometric, plain, within

RATES = [float(f"{rate:.2g}") for rate in np.geomspace(0.01, 10, 12)]
SIZES = [2**k for k in range(1, 9)]


@cache
def data(name):
    """(network, training x and y, test x and y)."""
    rng = np.random.default_rng(2)
    network = Network((64, 16, 10)) if name == "digits" else Network((2, 16, 3))
    x, y = digits() if name == "digits" else spirals(640, rng, arms=3, turns=0.5)
    (x, y), (x_test, y_test) = split(x, y, rng=rng)
    return network, x, y, x_test, y_test


def sweep(name, examples, seed=0):
    """Accuracy (8 sizes, 12 rates) after `examples` examples, and each run's loss by iteration.

    For each batch size one run on the runs axis with all rates, from the same weights, fed with the
    same batches. The losses are a list of arrays (iterations, 12).
    """
    network, x, y, x_test, y_test = data(name)
    accuracy, losses = [], []
    for size in SIZES:
        rng = np.random.default_rng(seed)
        theta = np.tile(network.initial(rng), (len(RATES), 1))
        run = record(descend(network.loss_and_gradient, theta, gradient_descent,
                             mini_batches(x, y, size=size, rng=rng), lr=np.array(RATES)[:, None]),
                     max(1, examples // size) + 1, keep=("loss",))
        with np.errstate(all="ignore"):
            right = network.predict(within(run.last.theta, 1e100), x_test) == y_test
        accuracy.append(right.mean(axis=-1))
        losses.append(run.loss)
    return np.array(accuracy), losses


def rate_by_batch(**start):
    """The lab: a heat map of accuracy over rates and batch sizes; one pair's curve beside it."""
    controls = {
        "learning_rate": Number(_("learning rate η"), RATES, RATES[5], r"\eta", snap=True),
        "batch_size": Number(_("batch size B"), SIZES, 16, "B", snap=True),
        "data": Choice(_("data"), {"digits": _("digits"), "spirals": _("spirals")}, "digits"),
        "examples": Number(_("examples seen"), [250, 500, 1000, 2000, 4000], 2000, "kB"),
        "seed": Number(_("seed"), range(10), 0, "s"),
    }
    presets = {
        "a good pair": (_("a good pair"), {}),
        "same rate, large batch": (_("same rate, large batch"), {"batch_size": 256}),
        "both larger": (_("both larger"), {"learning_rate": RATES[7], "batch_size": 128}),
        "too fast": (_("too fast"), {"learning_rate": RATES[10]}),
        "spirals": (_("spirals"), {"data": "spirals"}),
    }

    def point(column, row):
        return {"learning_rate": RATES[int(np.clip(round(column), 0, len(RATES) - 1))],
                "batch_size": SIZES[int(np.clip(round(row), 0, len(SIZES) - 1))]}

    return Lab(_("A heat map of accuracy over learning rate and batch size, and the loss curve of "
                 "the marked pair"), _build, controls, presets, more=("seed",), lines=2,
               start=start,
               point=point, twin_size=(4.2, 3.2))


def _build(fig, compact):
    mark = figures.COLORS["mark"]
    board = fig.add_axes([.16, .2, .63, .68] if compact else [.085, .2, .39, .74])
    side = fig.add_axes([.82, .2, .03, .68] if compact else [.49, .2, .014, .74])
    image = board.imshow(np.zeros((len(SIZES), len(RATES))), origin="lower", aspect="auto",
                         vmin=0, vmax=1, interpolation="nearest", animated=True)
    frame, = board.plot([], [], color=mark, linewidth=3, animated=True)
    board.set(xticks=range(0, len(RATES), 2), yticks=range(len(SIZES)), xlabel=r"$\eta$",
              ylabel="$B$", xticklabels=[f"{rate:g}" for rate in RATES[::2]], yticklabels=SIZES)
    board.grid(False)
    fig.colorbar(image, cax=side, ticks=[0, .5, 1],
                 format=lambda share, _place: grouped(share, ".0%"))
    curve = None if compact else fig.add_axes([.675, .2, .285, .74])
    if curve:
        line, = curve.plot([], [], color=mark, linewidth=1.3, animated=True)
        curve.set(yscale="log", ylim=(1e-2, 1e2), xlabel="$kB$", ylabel="$L_B$",
                  yticks=[1e-2, .1, 1, 10, 100])
        curve.minorticks_off()
    shown = {}

    def draw(learning_rate, batch_size, data, examples, seed):
        swept = data, examples, seed
        if shown.get("swept") != swept:
            shown["accuracy"], shown["losses"] = sweep(*swept)
            shown["swept"] = swept
        accuracy = shown["accuracy"]
        column, row = RATES.index(learning_rate), SIZES.index(batch_size)
        image.set_data(accuracy)
        frame.set_data(column + np.array([-.5, .5, .5, -.5, -.5]),
                       row + np.array([-.5, -.5, .5, .5, -.5]))
        loss = shown["losses"][row][:, column]
        if curve:
            if shown.get("width") != examples:
                curve.set_xlim(0, examples)
                shown["width"] = examples
            line.set_data(np.arange(len(loss)) * batch_size, np.clip(within(loss), 1e-4, 1e4))
        best = np.unravel_index(accuracy.argmax(), accuracy.shape)
        return _("η = {lr}, B = {size}: {accuracy} % right after {examples} examples in {k} "
                 "iterations. Best of the map: {best} % at η = {best_lr}, B = {best_size}; at "
                 "B = {size} the best rate is {column_lr}.").format(
            lr=plain(learning_rate), size=batch_size, examples=(len(loss) - 1) * batch_size,
            k=len(loss) - 1, accuracy=round(100 * accuracy[row, column]), best=round(100 * accuracy[best]),
            best_lr=plain(RATES[best[1]]), best_size=SIZES[best[0]],
            column_lr=plain(RATES[int(accuracy[row].argmax())]))

    return draw
