"""What is asked in 01: updates, examples seen, learning curves and accumulated gradients."""

import numpy as np
from grader.assignment import Item, Question, said

from descent.checks import Exercise, Mistake
from descent.language import mark as _


def count_updates(n, size, every, epochs):
    """How often the weights change in this many epochs.

    n examples are cut into batches of size; the gradients of `every` batches make one update, and
    what is left over at the end of an epoch makes one too. One whole number.
    """
    batches = -(-n // size)
    return epochs * -(-batches // every)


def examples_seen(n, size, iterations):
    """How many examples went through the network in this many iterations, from the start on.

    Each of the n examples is in an epoch once, in batches of size; one batch is one iteration. An
    example that comes again counts again. One whole number.
    """
    epochs, begun = divmod(iterations, -(-n // size))
    return epochs * n + begun * size


def learning_curve(losses, n, size):
    """One mean loss for each epoch, from the losses of all iterations so far, shape (iterations,).

    Each loss is the mean over its batch. An epoch that has only begun is there too, with the mean
    over the examples that it has seen. An array of shape (epochs,).
    """
    per_epoch = -(-n // size)
    sizes = np.full(per_epoch, size)
    sizes[-1] = n - size * (per_epoch - 1)
    curve = []
    for start in range(0, len(losses), per_epoch):
        part = losses[start:start + per_epoch]
        curve.append(np.average(part, weights=sizes[:len(part)]))
    return np.array(curve)


def accumulated_gradients(gradients, sizes, every):
    """The gradient of each update, shape (updates, P).

    gradients: the mean gradient of each part, (parts, P); sizes: how many examples each part has,
    (parts,). `every` parts make one update, and what is left over at the end makes one too.
    """
    updates = []
    for start in range(0, len(sizes), every):
        g, b = gradients[start:start + every], sizes[start:start + every]
        updates.append(b @ g / b.sum())
    return np.array(updates)


def _ceil(a, b):
    return -(-a // b)


def _loops(rng):
    """(n, size, every, epochs): all even, and what can be left over: a short batch, a short group,
    both, a short batch that makes a group full, and chance.
    """
    size, every = rng.integers(3, 12), rng.integers(3, 6)
    short, left = rng.integers(1, size), rng.integers(1, every - 1)
    groups, epochs = rng.integers(2, 8, 6), rng.integers(3, 8, 6)
    n = [size * every * groups[0], size * every * groups[1] + short,
         size * (every * groups[2] + left), size * (every * groups[3] + left) + short,
         size * (every * groups[4] + every - 1) + short, rng.integers(30, 300)]
    return [(int(a), int(size), int(every), int(b)) for a, b in zip(n, epochs)]


def _stops(rng):
    """(n, size, iterations): in the first epoch, at the end of one, and on the way in others."""
    cases = []
    for k in (0, 1, 2, 2, 3, 4):
        size, full = (int(a) for a in rng.integers((4, 4), (20, 12)))
        n = size * full + int(rng.integers(1, size))
        begun = 0 if len(cases) == 2 else int(rng.integers(1, full + 1))
        cases.append((n, size, k * (full + 1) + begun))
    return cases


def _curves(rng):
    """(losses, n, size): with a short last batch; all but one with an epoch that has only begun."""
    cases = []
    for epochs, whole in ((1, False), (2, False), (3, True), (2, False), (3, False)):
        size, full = (int(a) for a in rng.integers((4, 3), (16, 6)))
        n = size * full + int(rng.integers(1, size - 1))
        begun = 0 if whole else int(rng.integers(2, full + 1))
        cases.append((rng.uniform(0.2, 2.5, epochs * (full + 1) + begun), n, size))
    return cases


def _accumulations(rng):
    """(gradients, sizes, every): parts of unlike sizes, mostly with a group that is left over."""
    return [(rng.normal(1, 2, (parts, p)), rng.integers(2, 20, parts), every)
            for parts, p, every in ((4, 2, 2), (5, 3, 2), (7, 2, 3), (8, 4, 3), (9, 2, 4))]


def _curve(losses, n, size, value=None, per_epoch=None):
    """The solution with another mean: value(losses of an epoch, sizes) -> number."""
    per_epoch = per_epoch or _ceil(n, size)
    sizes = np.full(per_epoch, size)
    sizes[-1] = n - size * (_ceil(n, size) - 1) if per_epoch == _ceil(n, size) else size
    parts = [losses[k:k + per_epoch] for k in range(0, len(losses), per_epoch)]
    return np.array([value(part, sizes) for part in parts])


def _groups(gradients, sizes, every, value):
    """The solution with another value(gradients of a group, sizes) -> array."""
    return np.array([value(gradients[k:k + every], sizes[k:k + every])
                     for k in range(0, len(sizes), every)])


ITEMS = (
    Item(Exercise(
        count_updates, cases=_loops,
        returns=_("one number"),
        praise=_("short batches and short groups count in every epoch"),
        mistakes=(
            Mistake("last-batch-forgotten", said("count_iterations", "last-batch-forgotten"),
                    lambda n, size, every, epochs: epochs * _ceil(n // size, every)),
            Mistake("last-update-forgotten",
                    _("the batches left over at an epoch's end make an update too: round the "
                      "number of groups up."),
                    lambda n, size, every, epochs: epochs * (_ceil(n, size) // every)),
            Mistake("both-forgotten",
                    _("the short batch is forgotten, and the short group too: round up both "
                      "times."),
                    lambda n, size, every, epochs: epochs * (n // size // every)),
            Mistake("across-epochs",
                    _("no update mixes two epochs: round up in each epoch, then multiply."),
                    lambda n, size, every, epochs: _ceil(epochs * _ceil(n, size), every),
                    lambda n, size, every, epochs: _ceil(epochs * n, size * every)),
            Mistake("backward-passes-counted",
                    _("this counts batches, that is backward passes: the weights change once for "
                      "each group of them."),
                    lambda n, size, every, epochs: epochs * _ceil(n, size)),
            Mistake("fraction", said("count_iterations", "fraction"),
                    lambda n, size, every, epochs: epochs * n / size / every,
                    lambda n, size, every, epochs: epochs * _ceil(n, size) / every),
            Mistake("one-epoch", said("count_iterations", "one-epoch"),
                    lambda n, size, every, epochs: _ceil(n, size * every)),
            Mistake("examples-counted", said("count_iterations", "examples-counted"),
                    lambda n, size, every, epochs: n * epochs),
        )),
        points=3, costs={"last-batch-forgotten": 1, "last-update-forgotten": 1, "both-forgotten": 2,
                         "across-epochs": 2, "one-epoch": 1, "fraction": 2}),
    Item(Exercise(
        examples_seen, cases=_stops,
        returns=_("one number"),
        praise=_("the short batch at the end of every epoch is counted as short as it is"),
        mistakes=(
            Mistake("all-batches-full", said("epoch_and_position", "all-batches-full"),
                    lambda n, size, iterations: iterations * size),
            Mistake("last-batch-forgotten", said("epoch_and_position", "last-batch-forgotten"),
                    lambda n, size, iterations: (iterations // (n // size) * n
                                                 + iterations % (n // size) * size)),
            Mistake("different-examples",
                    _("this counts every example once: one that comes again is seen again."),
                    lambda n, size, iterations: min(iterations * size, n)),
            Mistake("whole-epochs",
                    _("the epoch that has only begun is missing: its batches were seen too."),
                    lambda n, size, iterations: iterations // _ceil(n, size) * n),
            Mistake("begun-counts-whole",
                    _("the epoch that has only begun counts as a whole one: count the batches "
                      "that it has dealt."),
                    lambda n, size, iterations: _ceil(iterations, _ceil(n, size)) * n,
                    lambda n, size, iterations: (iterations // _ceil(n, size) + 1) * n),
            Mistake("first-epochs-forgotten",
                    _("these are the examples of the epoch that has begun: add those of the "
                      "epochs before."),
                    lambda n, size, iterations: iterations % _ceil(n, size) * size),
        )),
        points=3, costs={"all-batches-full": 2, "last-batch-forgotten": 2, "whole-epochs": 2,
                         "begun-counts-whole": 2}),
    Item(Exercise(
        learning_curve, cases=_curves,
        returns=_("an array with one loss for each epoch"),
        praise=_("every example of an epoch weighs the same, also where the epoch has only begun"),
        mistakes=(
            Mistake("plain-mean", said("epoch_loss", "plain-mean"),
                    lambda *a: _curve(*a, lambda part, sizes: np.mean(part))),
            Mistake("last-batch-forgotten", said("epoch_and_position", "last-batch-forgotten"),
                    lambda losses, n, size: _curve(losses, n, size, lambda part, sizes:
                                                   np.mean(part), n // size)),
            Mistake("unfinished-dropped",
                    _("the epoch that has only begun is missing: its mean so far belongs to the "
                      "curve."),
                    lambda losses, n, size: learning_curve(losses, n, size)[:len(losses)
                                                                           // _ceil(n, size)]),
            Mistake("unfinished-over-n",
                    _("the epoch that has only begun is divided by all n examples: divide by "
                      "those that it has seen."),
                    lambda losses, n, size: _curve(losses, n, size, lambda part, sizes: np.sum(
                        part * sizes[:len(part)]) / n)),
            Mistake("short-batch-first",
                    _("the weights are turned around: the short batch comes last in an epoch."),
                    lambda *a: _curve(*a, lambda part, sizes: np.average(
                        part, weights=sizes[::-1][:len(part)]))),
            Mistake("not-divided", said("epoch_loss", "not-divided"),
                    lambda *a: _curve(*a, lambda part, sizes: np.sum(part * sizes[:len(part)]))),
            Mistake("divided-by-batches", said("epoch_loss", "divided-by-batches"),
                    lambda *a: _curve(*a, lambda part, sizes: np.mean(part * sizes[:len(part)]))),
            Mistake("last-loss", said("epoch_loss", "last-loss"),
                    lambda *a: _curve(*a, lambda part, sizes: part[-1])),
        )),
        points=4, costs={"plain-mean": 2, "unfinished-dropped": 1, "unfinished-over-n": 1,
                         "short-batch-first": 3, "last-batch-forgotten": 3}),
    Item(Exercise(
        accumulated_gradients, cases=_accumulations,
        returns=_("an array with one row for each update"),
        praise=_("it is the gradient that one large batch would have had"),
        mistakes=(
            Mistake("plain-mean",
                    _("the short part weighs as much as a long one: weight each gradient by its "
                      "part's size."),
                    lambda *a: _groups(*a, lambda g, b: g.mean(axis=0))),
            Mistake("sum", said("batch_gradient", "sum"),
                    lambda *a: _groups(*a, lambda g, b: g.sum(axis=0))),
            Mistake("not-divided", said("epoch_loss", "not-divided"),
                    lambda *a: _groups(*a, lambda g, b: b @ g)),
            Mistake("divided-by-batches", said("epoch_loss", "divided-by-batches"),
                    lambda *a: _groups(*a, lambda g, b: b @ g / len(b))),
            Mistake("divided-by-every",
                    _("the group that is left over has fewer parts: divide by the examples that "
                      "it has."),
                    lambda gradients, sizes, every: _groups(
                        gradients, sizes, every, lambda g, b: g.sum(axis=0) / every)),
            Mistake("last-group-dropped",
                    _("the parts that are left over make an update too: let the last group be as "
                      "short as it is."),
                    lambda gradients, sizes, every: accumulated_gradients(
                        gradients, sizes, every)[:len(sizes) // every]),
            Mistake("overwritten",
                    _("each part overwrites the one before: add up within a group."),
                    lambda *a: _groups(*a, lambda g, b: g[-1])),
            Mistake("not-emptied",
                    _("the sum is not emptied after an update: each group starts from 0."),
                    lambda gradients, sizes, every: np.array([
                        sizes[:k] @ gradients[:k] / sizes[:k].sum()
                        for k in (min(a + every, len(sizes))
                                  for a in range(0, len(sizes), every))])),
        )),
        points=4, costs={"plain-mean": 2, "last-group-dropped": 1, "divided-by-batches": 3,
                         "divided-by-every": 3, "not-emptied": 2}),
)

QUESTIONS = (
    Question("two-runs", 3, """
1 point: the counts. Both saw 2,000 · 16 = 500 · 64 = 32,000 examples, which is 20 epochs of 1,600,
and both made 2,000 backward passes. Anna made 2,000 updates, Bo 500. (All right: 1. One of them
wrong or missing: 0.)

1 point: what they measure. Examples, epochs and backward passes measure the work; updates, at a
given learning rate, measure how often the weights could move. So "four times as much" is true of
the updates and of nothing else.

1 point: what is missing. No count says how good a network is: compare the loss (or accuracy) on
data that neither has seen, at equal work, each with a learning rate chosen for it. Saying "the
learning rates must be known too" is enough if the reason is given (Bo's gradients are less noisy
and allow a larger rate).
"""),
)
