"""How neural networks are trained: optimizers, training, experiments and labs for the course."""

import os

# Two BLAS threads gain nothing at the sizes of this course and can cost 15 times; the setting
# counts only if it is made before NumPy is imported, so import descent first.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402

# Linux takes the memory of every large array back at once, until it has seen a larger one freed:
# without this line 64 networks at a time take twice as long. It touches no memory.
np.empty(2**21)

from .batches import epoch_length, full_batch, mini_batches, random_batches  # noqa: E402
from .data import digits, penguins, spirals, split  # noqa: E402
from .language import say, set_language  # noqa: E402
from .networks import Network, with_l2  # noqa: E402
from .optimizers import adam, clipped, gradient_descent, momentum, nesterov, rmsprop  # noqa: E402
from .surfaces import (Surface, beale, double_well, himmelblau, ravine, rosenbrock,  # noqa: E402
                       saddle)
from .training import History, Step, descend, record  # noqa: E402

__all__ = ["History", "Network", "Step", "Surface", "adam", "beale", "clipped", "descend", "digits",
           "double_well", "epoch_length", "full_batch", "gradient_descent", "himmelblau",
           "mini_batches", "momentum", "nesterov", "penguins", "random_batches", "ravine", "record",
           "rmsprop", "rosenbrock", "saddle", "say", "set_language", "spirals", "split", "with_l2"]
