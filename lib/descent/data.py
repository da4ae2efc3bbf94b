"""Real data that ships with the course, spirals to draw, and random splits."""

from numbers import Integral, Real
from pathlib import Path

import numpy as np

DATASETS = Path(__file__).parent / "datasets"


def digits():
    """1,797 handwritten digits: pixels x (1797, 64) from 0 to 1 and labels y (1797,) 0 to 9.

    UCI optical digits, Alpaydin & Kaynak (1998), the test part, by 13 writers. The file goes
    writer by writer, so split it at random; a random split mixes the writers.
    """
    with np.load(DATASETS / "digits.npz") as stored:
        return stored["images"] / 16.0, stored["labels"].astype(int)


def penguins(scale="shifted"):
    """Flipper length x (342, 1) and body mass y (342,) of 342 penguins, Gorman et al. (2014).

    scale "shifted": x = (mm - 180) / 10 and kg; "raw": mm and g; "standardised": x with mean 0
    and variance 1, and kg. Only the unit of x changes the shape of the loss.
    """
    if scale not in ("shifted", "raw", "standardised"):
        raise ValueError(f"scale must be shifted, raw or standardised, got {scale!r}")
    mm, gram = np.loadtxt(DATASETS / "penguins.csv", delimiter=",", skiprows=1, usecols=(1, 2)).T
    x = {"shifted": (mm - 180) / 10, "raw": mm, "standardised": (mm - mm.mean()) / mm.std()}[scale]
    return x[:, None], gram if scale == "raw" else gram / 1000


def spirals(n, rng, arms=3, turns=1.0, noise=0.1):
    """n points on `arms` intertwined spirals: x (n, 2) within about [-1, 1], labels y (n,)."""
    if not (isinstance(n, Integral) and isinstance(arms, Integral) and min(n, arms) >= 1):
        raise ValueError(f"n and arms must be whole numbers from 1, got {n!r} and {arms!r}")
    y = np.arange(n) % arms
    radius = np.sqrt(rng.uniform(0.01, 1, size=y.size))
    angle = 2 * np.pi * (turns * radius + y / arms) + noise * rng.normal(size=y.size)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1), y


def split(*arrays, rng, test=0.2):
    """Split rows at random: (training arrays, test arrays), the training part floor((1 - test) N).

    Raises ValueError if the lengths differ or a part would be empty.
    """
    arrays = [np.atleast_1d(a) for a in arrays]
    lengths = [len(a) for a in arrays]
    n = min(lengths, default=0)
    cut = int(round((1 - test) * n, 9)) if isinstance(test, Real) and 0 < test < 1 else 0
    if len(set(lengths)) != 1 or not 0 < cut < n:
        raise ValueError("the arrays need equal lengths and test must leave examples in both parts,"
                         f" got lengths {lengths} and test={test}")
    order = rng.permutation(n)
    return tuple(a[order[:cut]] for a in arrays), tuple(a[order[cut:]] for a in arrays)
