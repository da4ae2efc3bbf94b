"""Exercises on iterations, batches and epochs."""

from copy import deepcopy

import numpy as np

from ..language import mark as _
from . import Exercise, Mistake, listed

OWN = np.random.default_rng(1)  # what a wrong idea draws from instead of the rng it is given


def count_iterations(n, size, epochs):
    """Iterations in this many epochs over n examples in batches of size."""
    per_epoch = -(-n // size)  # rounded up: the short last batch is an iteration too
    return per_epoch * epochs


def epoch_and_position(iteration, n, size):
    """The epoch an iteration belongs to, and its position there; all counted from 0."""
    per_epoch = -(-n // size)
    return iteration // per_epoch, iteration % per_epoch


def cut_into_batches(x, y, size, rng):
    """One epoch: shuffle the examples, cut them into batches, keep the short last one."""
    order = rng.permutation(len(x))
    batches = []
    for start in range(0, len(x), size):
        rows = order[start:start + size]
        batches.append((x[rows], y[rows]))
    return batches


def epoch_loss(losses, sizes):
    """The mean loss over all examples of an epoch, from each batch's loss and size."""
    return np.sum(losses * sizes) / np.sum(sizes)


def examples(rng, n, p=2):
    """n rows of p inputs and n targets, each number once, so that every row can be recognised."""
    return rng.permuted(np.arange(n * p) + 0.5).reshape(n, p), rng.permuted(np.arange(n) + 100.25)


def shuffles(rng):
    """Examples, batch size and rng; sizes that divide the number of examples and that don't."""
    return [(*examples(rng, n), size, rng) for n, size in ((7, 3), (11, 5), (12, 4))]


def describe(x, y, epochs):
    """What must hold of shuffled batches, whatever the shuffle.

    epochs: a list of batches (x_batch, y_batch) for each time the student shuffled.
    """
    def places(known, parts):  # the row of each example seen, -1 for what was never handed out
        seen = np.concatenate([np.asarray(part) for part in parts]).tolist()
        return [known.index(value) if value in known else -1 for value in seen]

    xs = [places(x.tolist(), [a for a, b in batches]) for batches in epochs]
    ys = [places(y.tolist(), [b for a, b in batches]) for batches in epochs]
    batches = [frozenset(np.ravel(b).tolist()) for batches in epochs for a, b in batches]
    return {
        _("the inputs of each example are left as they are"): min(map(min, xs)) >= 0,
        _("every input stays in its column"): all(
            np.isin(column, own).all() for batches in epochs
            for column, own in zip(np.concatenate([a for a, b in batches]).T, x.T)),
        _("x and y stay together"): xs == ys,
        _("no example is twice in a batch"):
            [len(b) for b in batches] == [np.size(b) for batches in epochs for a, b in batches],
        _("the order is another one each time"): any(order != ys[0] for order in ys),
        _("any example can be in a batch with any other"): len(set(batches)) > len(epochs[0]),
        _("neighbours in the data are parted"):
            sum(b - a == 1 for order in ys for a, b in zip(order, order[1:]))
            < 0.6 * sum(len(order) - 1 for order in ys),  # at most 0.45 if a subset is sorted
    }


def _play_cut(function, x, y, size, rng):
    known, again = deepcopy((x, y)), deepcopy((x, y, size, rng))
    epochs = [deepcopy(listed(function(x, y, size, rng))) for epoch in range(8)]
    repeated = listed(function(*again))
    if epochs[0] is None:
        return None
    seen = [np.concatenate([b for a, b in batches]).tolist() for batches in epochs]
    return {
        _("the batch sizes"): sorted([len(b) for a, b in epochs[0]], reverse=True),
        _("every example is in an epoch once"): all(sorted(s) == sorted(known[1]) for s in seen),
        **describe(*known, epochs),
        _("the same rng gives the same order"):
            np.concatenate([b for a, b in repeated]).tolist() == seen[0],
    }


def _cut(x, y, order, size):
    return _pairs(x[order], y[order], size)


def _pairs(x, y, size):
    return [(x[k:k + size], y[k:k + size]) for k in range(0, len(x), size)]


def _shuffled_in_place(x, y, size, rng):
    order = rng.permutation(len(x))
    x[:], y[:] = x[order], y[order]
    return _pairs(x, y, size)


def _each_shuffled_in_place(x, y, size, rng):
    rng.shuffle(x)
    rng.shuffle(y)
    return _pairs(x, y, size)


def _x_shuffled_in_place(x, y, size, rng):
    rng.shuffle(x)
    return _pairs(x, y, size)


def _filled_up(x, y, size, rng):
    order = rng.permutation(len(x))
    return _cut(x, y, np.append(order, order[:-len(x) % size]), size)


def _split_evenly(x, y, size, rng):
    return [(x[rows], y[rows])
            for rows in np.array_split(rng.permutation(len(x)), _per_epoch(len(x), size))]


def _split_into_size_parts(x, y, size, rng):
    return [(x[rows], y[rows]) for rows in np.array_split(rng.permutation(len(x)), size)]


def _fresh_subsets(x, y, size, rng):
    rows = [rng.permutation(len(x))[:len(part)] for part, other in _pairs(x, y, size)]
    return [(x[r], y[r]) for r in rows]


def _shuffled_within(x, y, size, rng):
    return [_cut(a, b, rng.permutation(len(a)), size)[0] for a, b in _pairs(x, y, size)]


def _batches_shuffled(x, y, size, rng):
    parts = _pairs(x, y, size)
    return [parts[k] for k in rng.permutation(len(parts))]


def _empty_batch(x, y, size, rng):
    order = rng.permutation(len(x))
    return [(x[order[k:k + size]], y[order[k:k + size]]) for k in range(0, len(x) + 1, size)]


def _per_epoch(n, size):
    return -(-n // size)


CUT = Exercise(
    cut_into_batches, play=_play_cut,
    returns=_("a list of pairs (x_batch, y_batch)"),
    praise=_("every example is there once, beside its own target, in a new order each time"),
    cases=shuffles,
    mistakes=(
        Mistake("not-shuffled",
                _("the examples keep their order: cut a permutation, rng.permutation(len(x))."),
                lambda x, y, size, rng: _pairs(x, y, size)),
        Mistake("x-alone-shuffled",
                _("only x is shuffled, so its rows lose their targets: take x and y with the "
                  "same order."),
                lambda x, y, size, rng: _pairs(rng.permutation(x), y, size),
                _x_shuffled_in_place),
        Mistake("shuffled-apart",
                _("x and y are shuffled each on its own: draw one order and use it for both."),
                lambda x, y, size, rng: _pairs(rng.permutation(x), rng.permutation(y), size),
                _each_shuffled_in_place),
        Mistake("wrong-axis",
                _("this shuffles the columns, the inputs of one example: shuffle the rows, "
                  "axis 0."),
                lambda x, y, size, rng: _pairs(rng.permutation(x, axis=1), y, size),
                lambda x, y, size, rng: _pairs(rng.permuted(x, axis=1), y, size),
                lambda x, y, size, rng: _cut(rng.permuted(x, axis=1), y,
                                             rng.permutation(len(x)), size)),
        Mistake("rows-torn",
                _("every column is shuffled on its own, which tears the examples apart: "
                  "shuffle whole rows."),
                lambda x, y, size, rng: _pairs(rng.permuted(x, axis=0), rng.permuted(y), size)),
        Mistake("last-batch-dropped",
                _("the short last batch is dropped: let the last slice be as short as it is."),
                lambda x, y, size, rng: _cut(
                    x, y, rng.permutation(len(x))[:len(x) // size * size], size)),
        Mistake("last-batch-filled-up",
                _("the last batch is filled up with examples that were there before: leave "
                  "it short."),
                _filled_up),
        Mistake("parts-of-equal-size",
                _("this cuts into parts of nearly equal size: give every batch size "
                  "examples, and the last what is left."),
                _split_evenly),
        Mistake("size-batches",
                _("size is the number of examples in a batch, not the number of batches: cut "
                  "every size examples."),
                _split_into_size_parts),
        Mistake("with-replacement",
                _("some examples come twice and others never: cut one permutation instead of "
                  "drawing row numbers."),
                lambda x, y, size, rng: _cut(x, y, rng.integers(len(x), size=len(x)), size)),
        Mistake("fresh-subsets",
                _("every batch is drawn anew from all examples: shuffle once an epoch and "
                  "cut that order."),
                _fresh_subsets),
        Mistake("own-seed",
                _("every epoch has the same order: use the rng you are given, not a new one "
                  "with a seed."),
                lambda x, y, size, rng: _cut(
                    x, y, np.random.default_rng(0).permutation(len(x)), size)),
        Mistake("own-rng",
                _("the shuffle does not come from rng, so nobody can repeat it: use "
                  "rng.permutation."),
                lambda x, y, size, rng: _cut(
                    x, y, OWN.permutation(len(x)), size)),
        Mistake("shuffled-in-place",
                _("this shuffles the caller's own arrays: index with a permutation, "
                  "x[order], which makes a copy."),
                _shuffled_in_place),
        Mistake("shuffled-within-batches",
                _("the same examples always meet in a batch: shuffle first, then cut."),
                _shuffled_within, _batches_shuffled),
        Mistake("start-rolled",
                _("neighbours stay neighbours: shuffle the rows instead of starting "
                  "somewhere else."),
                lambda x, y, size, rng: _cut(
                    x, y, np.roll(np.arange(len(x)), rng.integers(len(x))), size)),
        Mistake("empty-batch",
                _("where size divides the number of examples an empty batch comes last: stop "
                  "at len(x)."),
                _empty_batch),
    ))

EXERCISES = (
    Exercise(
        count_iterations,
        returns=_("one number"),
        praise=_("the short last batch counts in every epoch"),
        cases=lambda rng: [(12, 4, 1), (7, 3, 2), (11, 4, 5), (5, 5, 4), (9, 1, 3), (1797, 32, 20)],
        mistakes=(
            Mistake("last-batch-forgotten",
                    _("n // size forgets the short last batch: round n / size up."),
                    lambda n, size, epochs: n // size * epochs),
            Mistake("one-too-many",
                    _("where size divides n there is no short batch: round n / size up instead "
                      "of adding 1 to n // size."),
                    lambda n, size, epochs: (n // size + 1) * epochs),
            Mistake("across-epochs",
                    _("a batch never runs on into the next epoch: round up in each epoch, then "
                      "multiply."),
                    lambda n, size, epochs: -(-n * epochs // size)),
            Mistake("fraction",
                    _("there are no fractions of an iteration: round n / size up before you "
                      "multiply."),
                    lambda n, size, epochs: n / size * epochs),
            Mistake("rounded-to-nearest",
                    _("a short last batch counts however short it is: round up, not to the "
                      "nearest number."),
                    lambda n, size, epochs: round(n / size) * epochs),
            Mistake("one-epoch",
                    _("this is one epoch: multiply by the number of epochs."),
                    lambda n, size, epochs: -(-n // size)),
            Mistake("examples-counted",
                    _("this counts examples: an iteration is one update, after a whole batch."),
                    lambda n, size, epochs: n * epochs),
        )),
    Exercise(
        epoch_and_position,
        returns=_("two whole numbers, the epoch and the position in it"),
        praise=_("each epoch ends with its short batch"),
        cases=lambda rng: [(0, 7, 3), (2, 7, 3), (3, 7, 3), (11, 7, 3), (5, 12, 4), (9, 5, 5),
                           (1000, 1797, 32)],
        mistakes=(
            Mistake("last-batch-forgotten",
                    _("an epoch is longer than n // size iterations when a short batch is left: "
                      "round n / size up."),
                    lambda i, n, size: divmod(i, n // size)),
            Mistake("epoch-from-one",
                    _("your epochs start at 1: iteration 0 belongs to epoch 0."),
                    lambda i, n, size: (i // _per_epoch(n, size) + 1, i % _per_epoch(n, size))),
            Mistake("position-from-one",
                    _("your positions start at 1: the first iteration of an epoch has position 0."),
                    lambda i, n, size: (i // _per_epoch(n, size), i % _per_epoch(n, size) + 1)),
            Mistake("both-from-one",
                    _("you count epochs and positions from 1: let both start at 0."),
                    lambda i, n, size: (i // _per_epoch(n, size) + 1, i % _per_epoch(n, size) + 1)),
            Mistake("iterations-from-one",
                    _("you take iteration 1 for the first: the first is iteration 0, so nothing "
                      "is to be subtracted or added."),
                    lambda i, n, size: divmod(i - 1, _per_epoch(n, size)),
                    lambda i, n, size: divmod(i + 1, _per_epoch(n, size))),
            Mistake("divided-by-n",
                    _("n counts examples, not iterations: divide by the iterations per epoch."),
                    lambda i, n, size: divmod(i, n)),
            Mistake("divided-by-size",
                    _("size is the length of a batch, not of an epoch: divide by the iterations "
                      "per epoch."),
                    lambda i, n, size: divmod(i, size)),
            Mistake("all-batches-full",
                    _("iteration * size counts the short batches as full ones: divide the "
                      "iteration by the iterations per epoch."),
                    lambda i, n, size: (i * size // n, i % _per_epoch(n, size)),
                    lambda i, n, size: (i * size // n, i * size % n // size),
                    lambda i, n, size: (i * size // n, i * size % n)),
            Mistake("pair-swapped",
                    _("the two are in the wrong order: the epoch comes first."),
                    lambda i, n, size: divmod(i, _per_epoch(n, size))[::-1]),
            Mistake("fraction",
                    _("an epoch is a whole number: use // instead of /."),
                    lambda i, n, size: (i / _per_epoch(n, size), i % _per_epoch(n, size))),
        )),
    CUT,
    Exercise(
        epoch_loss,
        returns=_("one number"),
        praise=_("every example weighs the same, in whatever batch it was"),
        cases=lambda rng: [(np.array([1.0, 2.0, 6.0]), np.array([4, 4, 1])),
                           (rng.uniform(1, 3, 5), np.array([32, 32, 32, 32, 5])),
                           (rng.uniform(1, 3, 4), np.array([3, 3, 3, 2]))],
        mistakes=(
            Mistake("plain-mean",
                    _("the short last batch weighs as much as a full one: weight each loss by "
                      "its batch's size."),
                    lambda losses, sizes: np.mean(losses)),
            Mistake("sum-of-means",
                    _("this adds up means: weight each loss by its size, then divide by the "
                      "number of examples."),
                    lambda losses, sizes: np.sum(losses)),
            Mistake("not-divided",
                    _("this is the sum over all examples: divide by their number, sum(sizes)."),
                    lambda losses, sizes: np.sum(losses * sizes)),
            Mistake("divided-by-batches",
                    _("you divide by the number of batches: divide by the number of examples, "
                      "sum(sizes)."),
                    lambda losses, sizes: np.mean(losses * sizes)),
            Mistake("sum-divided-by-examples",
                    _("the losses are means already: multiply each by its size before you add."),
                    lambda losses, sizes: np.sum(losses) / np.sum(sizes)),
            Mistake("last-loss",
                    _("this is the last batch's loss: an epoch's loss is over all its batches."),
                    lambda losses, sizes: losses[-1]),
            Mistake("last-batch-left-out",
                    _("the last batch is left out: its examples belong to the epoch too."),
                    lambda losses, sizes: np.sum((losses * sizes)[:-1]) / np.sum(sizes[:-1]),
                    lambda losses, sizes: np.mean(losses[:-1])),
            Mistake("divided-by-size",
                    _("small batches weigh more here: multiply by the size instead of dividing."),
                    lambda losses, sizes: np.sum(losses / sizes) / np.sum(1 / sizes),
                    lambda losses, sizes: np.mean(losses / sizes),
                    lambda losses, sizes: np.sum(losses / sizes)),
        )),
)
