"""The lecture's three ways to feed data to `descend`: endless iterators of batches.

Each takes arrays with one example a row, (N, ...), and yields tuples of arrays (B, ...). `rng` is a
NumPy Generator; a list of Generators gives every run its own batches, (runs, B, ...).
All raise ValueError for data that is empty, of unequal lengths or not finite, and for a batch size
that is not a whole number from 1 to N.
"""

from itertools import repeat

import numpy as np


def epoch_length(n, size):
    """Iterations per epoch: ceil(N / B), the short last batch counted."""
    return -(-n // size)


def full_batch(*arrays):
    """Batch gradient descent: every iteration sees all N examples, so an epoch is one iteration."""
    arrays, _ = _checked(arrays)
    return repeat(arrays)


def random_batches(*arrays, size, rng, replace=False):
    """A fresh random subset each iteration; with `replace` an example can be drawn twice.

    Nothing makes the draws of an epoch's length cover the data: see the notebooks on variance
    and coverage. size=1 is stochastic gradient descent in the strict sense.
    """
    arrays, size = _checked(arrays, size)
    n = len(arrays[0])

    def draw(rng):
        return rng.integers(n, size=size) if replace else rng.choice(n, size, replace=False)

    def batches():
        while True:
            rows = draw(rng) if not _many(rng) else np.stack([draw(one) for one in rng])
            yield tuple(a[rows] for a in arrays)

    return batches()


def mini_batches(*arrays, size, rng):
    """Shuffle, cut into parts of `size`, keep the short last one; shuffle anew every epoch.

    An epoch, `epoch_length(N, size)` iterations, sees each of the N examples exactly once.
    """
    arrays, size = _checked(arrays, size)
    n = len(arrays[0])

    def batches():
        while True:
            order = rng.permutation(n) if not _many(rng) else np.stack(
                [one.permutation(n) for one in rng], axis=-1)
            shuffled = [a[order] for a in arrays]
            for start in range(0, n, size):
                part = tuple(a[start:start + size] for a in shuffled)
                yield part if not _many(rng) else tuple(a.swapaxes(0, 1) for a in part)

    return batches()


def _many(rng):
    return not isinstance(rng, np.random.Generator)


def _checked(arrays, size=1):
    arrays = tuple(np.asarray(a) for a in arrays)
    lengths = [len(a) if a.ndim else 0 for a in arrays]
    if not arrays or min(lengths) == 0:
        raise ValueError("the data is empty: give arrays with one example a row")
    if len(set(lengths)) > 1:
        raise ValueError(f"the arrays must have one row for each example, got {lengths} rows")
    for a in arrays:
        if a.dtype.kind == "f" and not np.isfinite(a).all():
            raise ValueError("the data must be finite, got NaN or inf in it")
    if not np.isscalar(size) or size != int(size) or not 1 <= size <= lengths[0]:
        raise ValueError("the batch size must be a whole number from 1 to the number of examples, "
                         f"{lengths[0]}, got {size}")
    return arrays, int(size)
