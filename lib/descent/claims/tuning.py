"""A fair comparison: every method at its own best learning rate, its work counted.

The rate is tuned on a grid whose ends are worse than its inside, on seeds that no chapter reports.
Tuned rates are stored beside the claims; `python -m descent.claims.sweeps` tunes them again.
"""

import json
from itertools import islice
from pathlib import Path

import numpy as np

STORED = Path(__file__).parent / "stored"
TUNING_SEEDS = tuple(range(1000, 1005))  # the chapters use 0 to 19, the tests 100 and more
GRID = tuple(2.0**k for k in range(-10, 7))


def tune(cost, grid=GRID, seeds=TUNING_SEEDS):
    """The rate of the grid with the smallest median of cost(rate, seeds) -> (seeds,).

    The cost is counted work, inf where the goal was not reached; among equals the middle rate.
    Raises ValueError if no rate reaches the goal or if the best rate is an end of the grid.
    """
    costs = np.array([np.median(cost(rate, seeds)) for rate in grid])
    best = np.flatnonzero(costs == costs.min())
    if np.isinf(costs.min()):
        raise ValueError(f"no rate of {grid} reaches the goal")
    if best[0] == 0 or best[-1] == len(grid) - 1:
        raise ValueError(f"the best rate {grid[best[0]]} is an end of the grid {grid}: widen it")
    return float(grid[best[len(best) // 2]])


def iterations_until(good, steps, n, every=1):
    """Iterations until good(theta) (runs,) is first so, looked at `every` so many; else inf.

    Counts at most n; where good already holds at the start it is 0.
    """
    first = None
    for k, step in enumerate(islice(steps, n + 1)):
        if k % every == 0:
            with np.errstate(all="ignore"):  # a run that diverges never gets there
                hit = np.asarray(good(step.theta))
            first = np.full(hit.shape, np.inf) if first is None else first
            first[hit & np.isinf(first)] = k
            if np.isfinite(first).all():
                break
    return first


def stored(name):
    """What a sweep has stored under this name, as plain data."""
    return json.loads((STORED / f"{name}.json").read_text())
