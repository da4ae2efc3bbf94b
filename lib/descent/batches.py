"""The lecture's three ways to feed data to `descend`: endless iterators of batches.

Each takes arrays with one example a row, (N, ...), and yields tuples of arrays (B, ...). `rng` is a
NumPy Generator; a list of Generators gives every run its own batches, (runs, B, ...).
All raise ValueError for data that is empty, of unequal lengths or not finite, and for a batch size
that is not a whole number from 1 to N.
"""

from itertools import repeat
from numbers import Integral, Real

import numpy as np


def epoch_length(n, size):
    """Iterations per epoch: ceil(N / B), the short last batch counted."""
    return len(range(0, n, _checked_size(size, n)))


def full_batch(*arrays):
    """Batch gradient descent: every iteration sees all N examples, so an epoch is one iteration."""
    return repeat(_checked(arrays))


def random_batches(*arrays, size, rng, replace=False):
    """A fresh random subset each iteration; with `replace` an example can be drawn twice.

    Nothing makes an epoch's worth of draws cover the data; size=1 is SGD in the strict sense.
    """
    def subset(rng, n, size):
        return rng.integers(n, size=size) if replace else rng.choice(n, size, replace=False)

    return _batches(arrays, size, rng, subset)


def mini_batches(*arrays, size, rng):
    """Shuffle, cut into parts of `size`, keep the short last one; shuffle anew every epoch.

    An epoch, `epoch_length(N, size)` iterations, sees each of the N examples exactly once.
    """
    return _batches(arrays, size, rng, lambda rng, n, size: rng.permutation(n))


def _batches(arrays, size, rng, deal):
    """Cut the rows that deal(rng, n, size) hands out into parts of `size`, and deal again."""
    arrays = _checked(arrays)
    n = len(arrays[0])
    size = _checked_size(size, n)
    alone = isinstance(rng, np.random.Generator)
    rngs = [rng] if alone else list(rng) if hasattr(rng, "__iter__") else []
    if not rngs or not all(isinstance(one, np.random.Generator) for one in rngs):
        raise ValueError(f"rng must be a NumPy Generator, or a list with one for each run: {rng!r}")

    def batches():
        while True:
            rows = deal(rng, n, size) if alone else np.stack([deal(one, n, size) for one in rngs])
            for start in range(0, rows.shape[-1], size):
                yield tuple(a[rows[..., start:start + size]] for a in arrays)

    return batches()


def _checked(arrays):
    arrays = tuple(np.asarray(a) for a in arrays)
    lengths = [len(a) if a.ndim else 0 for a in arrays]
    if len(set(lengths)) != 1 or 0 in lengths:
        raise ValueError("the data must not be empty and every array must have one row for each "
                         f"example, got {lengths} rows")
    if not all(a.dtype.kind in "fiub" and np.isfinite(a).all() for a in arrays):
        raise ValueError("the data must be finite numbers, got NaN, inf or something else in it")
    return arrays


def _checked_size(size, n):
    if (not isinstance(size, Real) or isinstance(size, bool) or not isinstance(n, Integral)
            or size not in range(1, n + 1)):
        raise ValueError("the batch size must be a whole number from 1 to the number of examples, "
                         f"{n}, got {size!r}")
    return int(size)
