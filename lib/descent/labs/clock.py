"""Chapter 01: the training clock, on digits."""

from functools import cache

import numpy as np
from matplotlib import rcParams
from matplotlib.ticker import MaxNLocator

from .. import figures
from ..batches import epoch_length, full_batch, mini_batches, random_batches
from ..data import digits
from ..language import _
from ..networks import Network
from ..optimizers import gradient_descent
from ..training import descend, record
from .engine import Choice, Lab, Number, geometric, plain, powers, within

N, COLUMNS, ROWS = 1797, 45, 40     # a board of 45 x 40 dots; the last row is three short
LOW, HIGH = .03, 10               # what the loss curve shows
PALE, SEEN = "#d9d9d9", "#7f9fbf"
NETWORK = Network((64, 32, 10))
SEED = 4


def training_clock(**start):
    """The lab: every training example is a dot; each iteration lights its batch."""
    hand = {"per_epoch": 57, "total": 171, "share": 20 / 171, "iteration": 20}

    def iterations(settings):           # the hand keeps its share of the way, whatever was between
        size = N if settings["feeding"] == "full_batch" else settings["batch_size"]
        per_epoch = epoch_length(N, size)
        if settings["iteration"] != hand["iteration"]:
            hand["share"] = settings["iteration"] / hand["total"]
        if per_epoch == hand["per_epoch"]:              # only the end has moved
            hand["share"] *= hand["total"] / (settings["epochs"] * per_epoch)
        hand.update(per_epoch=per_epoch, total=settings["epochs"] * per_epoch)
        hand["iteration"] = min(max(1, round(hand["share"] * hand["total"])), hand["total"])
        return {"iteration": (range(1, hand["total"] + 1), hand["iteration"])}

    controls = {
        "feeding": Choice(_("way of feeding"), {
            "mini_batches": _("mini-batches: a shuffle, cut"),
            "random_subset": _("a random subset each iteration"),
            "random_with_replacement": _("random, with replacement"),
            "full_batch": _("full batch: all examples")}, "mini_batches"),
        "batch_size": Number(_("batch size B"), powers(N), 32, "B"),
        "learning_rate": Number(_("learning rate η"), geometric(1e-3, 10), 0.1, r"\eta"),
        "epochs": Number(_("epochs"), [1, 2, 3, 4, 5], 3, "e"),
        "iteration": Number(_("iteration k"), range(1, 172), 20, "k"),
    }
    presets = {
        "a batch": (_("a batch"), {"iteration": 1}),
        "the short last batch": (_("the short last batch"), {"iteration": 57}),
        "an epoch of subsets": (_("an epoch of subsets"),
                                {"feeding": "random_subset", "iteration": 57}),
        "with replacement": (_("with replacement"),
                             {"feeding": "random_with_replacement", "iteration": 57}),
        "full batch": (_("full batch"), {"feeding": "full_batch", "learning_rate": 0.5,
                                         "iteration": 1}),
        "one at a time": (_("one at a time"), {"batch_size": 1, "learning_rate": 0.01, "epochs": 1,
                                               "iteration": 900}),
        "too fast": (_("too fast"), {"learning_rate": 5.0, "iteration": 171}),
    }
    legend = [(figures.COLORS["mark"], _("this batch")), (SEEN, _("seen in this epoch")),
              (PALE, _("not yet")), (figures.COLORS["mini_batches"], _("loss of each batch")),
              ("black", _("mean loss of an epoch"))]
    return Lab(_("A board with a dot for each training example, the batch lit, and the loss of "
                 "each iteration and epoch"), _build, controls, presets, more=("epochs",), lines=3,
               start=start,
               follow={name: iterations for name in ("feeding", "batch_size", "epochs")},
               point=lambda k, _loss: {"iteration": round(k)}, twin_size=(2.1, 2.2),
               legend=legend)


@cache
def prepared():
    """The digits in random order, for the file is sorted by writer; the weights to start from."""
    x, y = digits()
    rng = np.random.default_rng(SEED)
    order = rng.permutation(N)
    return (x[order], y[order], np.arange(N)), NETWORK.initial(rng)


def train(feeding, batch_size, learning_rate, epochs):
    """The rows of each batch (a list of arrays) and its loss (iterations,)."""
    data, weights = prepared()
    rng = np.random.default_rng(SEED + 1)
    feed = {"full_batch": lambda: full_batch(*data),
            "random_with_replacement":
                lambda: random_batches(*data, size=batch_size, rng=rng, replace=True),
            "random_subset": lambda: random_batches(*data, size=batch_size, rng=rng),
            "mini_batches": lambda: mini_batches(*data, size=batch_size, rng=rng)}[feeding]()
    lit = []

    def lighting():
        for x, y, rows in feed:
            lit.append(rows)
            yield x, y

    run = record(descend(NETWORK.loss_and_gradient, weights, gradient_descent,
                         lighting(), lr=learning_rate),
                 epochs * epoch_length(N, len(data[0]) if feeding == "full_batch" else batch_size),
                 keep=("loss",))
    return lit, run


def _build(fig, compact):
    color, mark = figures.COLORS["mini_batches"], figures.COLORS["mark"]
    curve = None if compact else fig.add_axes([.555, .15, .415, .76])
    board = fig.add_axes([.03, .02, .94, .86] if compact else [.005, .02, .46, .96])
    place = np.stack([np.arange(N) % COLUMNS, -(np.arange(N) // COLUMNS)])
    size = 2.9 if compact else 5.4
    dot = {"linestyle": "none", "marker": "o", "markeredgewidth": 0}
    board.plot(*place, color=PALE, markersize=.8 * size, **dot)
    seen, = board.plot([], [], color=SEEN, markersize=.8 * size, animated=True, **dot)
    lit, = board.plot([], [], color=mark, markersize=1.25 * size, animated=True, **dot)
    board.set(xlim=(-1, COLUMNS), ylim=(-ROWS, 1), aspect="equal")
    board.axis("off")
    if curve:
        ahead, = curve.plot([], [], color="#d5d5d5", linewidth=1, animated=True)
        behind, = curve.plot([], [], color=color, linewidth=1.3, animated=True)
        means, = curve.plot([], [], color="black", linewidth=2.5, animated=True, zorder=3)
        now, = curve.plot([], [], "o", color=mark, markersize=8, clip_on=False, animated=True,
                          zorder=4)
        hand = curve.axvline(0, color=mark, linewidth=1, animated=True)
        curve.set(yscale="log", ylim=(LOW, HIGH), xlabel="$k$", ylabel="$L_B$",
                  yticks=[.1, 1, 10], yticklabels=["0.1", "1", "10"])
        curve.minorticks_off()
        curve.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        curve.grid(axis="x", visible=False)
    shown, marks = {}, []

    def rule(total, per_epoch):         # a line and a number for each epoch
        for artist in marks:
            artist.remove()
        ends = np.arange(per_epoch, total + 1, per_epoch) + .5
        marks[:] = [curve.vlines(ends[:-1], LOW, HIGH, color="#bbbbbb", linewidth=1, zorder=1)]
        marks.extend(curve.text(end - per_epoch / 2, HIGH * 1.15, f"$e = {e}$", ha="center",
                                fontsize=rcParams["xtick.labelsize"])
                     for e, end in enumerate(ends, start=1))
        curve.set_xlim(.5, total + .5)

    def draw(feeding, batch_size, learning_rate, epochs, iteration):
        trained = feeding, batch_size, learning_rate, epochs
        if shown.get("trained") != trained:
            rows, run = train(*trained)
            shown.update(trained=trained, rows=rows, run=run)
        rows, run = shown["rows"], shown["run"]
        total = len(rows)
        per_epoch, k = total // epochs, min(iteration, total)
        epoch = (k - 1) // per_epoch
        sizes = np.array([len(batch) for batch in rows])
        loss = within(run.loss, 1e12)
        averages = [np.average(loss[part], weights=sizes[part]) for part in
                    (slice(e * per_epoch, (e + 1) * per_epoch) for e in range(epochs))]
        before = np.concatenate(rows[epoch * per_epoch:k])
        seen.set_data(*place[:, before])
        lit.set_data(*place[:, rows[k - 1]])
        lit.set_markersize(size * (1.25 if len(rows[k - 1]) < N / 4 else .8))
        if curve:
            if shown.get("scale") != (total, per_epoch):
                rule(total, per_epoch)
                shown["scale"] = total, per_epoch
            ticks, visible = np.arange(1, total + 1), np.clip(loss, LOW / 3, HIGH * 3)
            dots = "o" if total <= 5 else ""
            ahead.set(xdata=ticks, ydata=visible, marker=dots)
            behind.set(xdata=ticks[:k], ydata=visible[:k], marker=dots)
            now.set_data([k], [np.clip(loss[k - 1], LOW, HIGH)])
            hand.set_xdata([k, k])
            done = np.arange(epochs)[: k // per_epoch]
            means.set_data(
                np.ravel([[e * per_epoch + .5, (e + 1) * per_epoch + .5, np.nan] for e in done]),
                np.ravel([[averages[e], averages[e], np.nan] for e in done]))
        return _summary(k, total, epoch, rows, loss, averages, per_epoch, int(run.diverged),
                        len(np.unique(before)))

    return draw


def _summary(k, total, epoch, rows, loss, averages, per_epoch, diverged, distinct):
    drawn = sum(len(batch) for batch in rows[:k])
    text = _("Iteration {k} of {total}, in epoch {epoch}: a batch of {size}, loss {loss}. Examples "
             "seen: {drawn} in all, {distinct} different ones of {n} in this epoch. Iterations per "
             "epoch: {per_epoch}, the last of {last}.").format(
        k=k, total=total, epoch=epoch + 1, size=len(rows[k - 1]), loss=plain(loss[k - 1]),
        drawn=drawn, distinct=distinct, n=N, per_epoch=per_epoch, last=len(rows[per_epoch - 1]))
    done = averages[:k // per_epoch]
    if done:
        text += " " + _("Loss of each whole epoch: {losses}.").format(
            losses=", ".join(plain(loss) for loss in done))
    if diverged > 0:
        text += " " + _("It diverges at iteration {k}.").format(k=diverged + 1)
    return text
