"""A multilayer perceptron whose weights are one flat vector, and L2 for any objective."""

from itertools import accumulate, pairwise
from numbers import Real

import numpy as np

# Each activation with its derivative, written in terms of the activation's own output a.
ACTIVATIONS = {
    "sigmoid": (lambda z: 0.5 * (1 + np.tanh(0.5 * z)), lambda a: a * (1 - a)),
    "tanh": (np.tanh, lambda a: 1 - a * a),
    "relu": (lambda z: np.maximum(z, 0), lambda a: a > 0),
    "identity": (lambda z: z, lambda a: 1.0),
}
# Standard deviation of a weight in a layer with n inputs and m outputs.
INITIALISATIONS = {
    "normal": lambda n, m: 1.0,                     # naive: blind to the layer's width
    "lecun": lambda n, m: (1 / n)**0.5,             # LeCun et al. (1998)
    "xavier": lambda n, m: (2 / (n + m))**0.5,      # Glorot & Bengio (2010)
    "he": lambda n, m: (2 / n)**0.5,                # He et al. (2015)
}


class Network:
    """A multilayer perceptron: sizes (inputs, hidden ..., outputs), one activation throughout.

    loss "cross_entropy": softmax and the mean of -log p over the batch, in nats, for labels y
    0, 1, ... (B,). loss "mean_squared_error": the mean over the batch of the squared distance to
    y (B, outputs), or (B,) with one output. init and gain: weights are normal with gain times the
    standard deviation of INITIALISATIONS, biases 0. Sizes (D, K): softmax or linear regression.
    Weights theta (..., P) are flat. Data x (B, inputs) is shared by all runs; x (..., B, inputs)
    gives every run its own. Raises ValueError for an unknown name or a size below 1.
    """

    def __init__(self, sizes, activation="relu", init="he", gain=1.0, loss="cross_entropy"):
        for name, given, allowed in [("activation", activation, ACTIVATIONS),
                                     ("init", init, INITIALISATIONS), ("loss", loss, LOSSES)]:
            if given not in list(allowed):
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {given!r}")
        whole = np.asarray(sizes)
        if whole.dtype.kind not in "iu" or whole.ndim != 1 or whole.size < 2 or whole.min() < 1:
            raise ValueError(f"sizes must be two or more whole numbers from 1, got {sizes}")
        if not (isinstance(gain, Real) and 0 < gain < np.inf):
            raise ValueError(f"gain must be a positive number, got {gain}")
        self.sizes, self.loss = tuple(whole.tolist()), loss
        self.activation, self.init, self.gain = activation, init, gain
        self._shapes = [(n + 1, m) for n, m in pairwise(self.sizes)]
        ends = [0, *accumulate(rows * m for rows, m in self._shapes)]
        self._parts, self.size = [slice(*part) for part in pairwise(ends)], ends[-1]  # size is P
        self.is_weight = np.concatenate([np.repeat([1.0, 0.0], [n * m, m])
                                         for n, m in pairwise(self.sizes)])  # biases are 0

    def layers(self, theta):
        """Views into theta (or a gradient), one a layer: (..., inputs + 1, outputs), bias last."""
        theta = np.asarray(theta, dtype=float)
        if theta.shape[-1:] != (self.size,):
            raise ValueError(f"theta must have shape (..., {self.size}), got {theta.shape}")
        return [theta[..., part].reshape(theta.shape[:-1] + shape)
                for part, shape in zip(self._parts, self._shapes)]

    def initial(self, rng):
        """Random weights (P,); with a list of Generators (runs, P), each run from its own."""
        if isinstance(rng, (list, tuple)) and rng:
            return np.stack([self.initial(one) for one in rng])
        if not isinstance(rng, np.random.Generator):
            raise ValueError(f"rng must be a NumPy Generator, or a list with one a run: {rng!r}")
        theta = np.zeros(self.size)
        for layer, (n, m) in zip(self.layers(theta), pairwise(self.sizes)):
            layer[:-1] = self.gain * INITIALISATIONS[self.init](n, m) * rng.normal(size=(n, m))
        return theta

    def forward(self, theta, x):
        """What each layer hands on: [x, hidden ..., outputs], the outputs before any softmax."""
        x, runs = np.asarray(x, dtype=float), np.shape(theta)[:-1]
        if (x.ndim < 2 or x.shape[-1] != self.sizes[0] or x.shape[-2] == 0
                or x.shape[:-2] != runs[len(runs) + 2 - x.ndim:]):
            raise ValueError(f"x must hold examples (B, {self.sizes[0]}), each run's own only if "
                             f"theta has as many runs, got {x.shape} for {runs} runs")
        activate = ACTIVATIONS[self.activation][0]
        handed_on = [x]
        for layer in self.layers(theta):
            z = handed_on[-1] @ layer[..., :-1, :]
            z += layer[..., -1:, :]
            handed_on.append(activate(z) if len(handed_on) < len(self._shapes) else z)
        return handed_on

    def predict(self, theta, x):
        """The most probable label (..., B); with mean squared error the outputs (..., B, K)."""
        outputs = self.forward(theta, x)[-1]
        return outputs.argmax(axis=-1) if self.loss == "cross_entropy" else outputs

    def backward(self, theta, x, y):
        """Loss (...), what each layer hands on, and each layer's signal dL/dz (..., B, outputs)."""
        handed_on = self.forward(theta, x)
        loss, signal = LOSSES[self.loss](handed_on[-1], np.asarray(y))
        slope = ACTIVATIONS[self.activation][1]
        signals = [signal]
        for layer, a in zip(self.layers(theta)[:0:-1], handed_on[-2:0:-1]):
            signal = signal @ layer[..., :-1, :].mT
            signal *= slope(a)
            signals.append(signal)
        return loss, handed_on, signals[::-1]

    def loss_and_gradient(self, theta, x, y):
        """Loss (...) and its gradient (..., P) by backpropagation, Rumelhart et al. (1986).

        Raises ValueError if x, y or theta do not fit the network or a label is not a class.
        """
        loss, handed_on, signals = self.backward(theta, x, y)
        grad = np.empty(np.shape(theta))
        for layer, a, signal in zip(self.layers(grad), handed_on, signals):
            np.matmul(a.mT, signal, out=layer[..., :-1, :])
            np.add.reduce(signal, axis=-2, out=layer[..., -1, :])
        return loss, grad


def _cross_entropy(z, y):
    hot = y[..., None] == np.arange(z.shape[-1])
    if (y.ndim == 0 or y.shape != z.shape[z.ndim - 1 - y.ndim:-1]
            or np.count_nonzero(hot) != y.size):
        raise ValueError(f"y must hold one whole label from 0 to {z.shape[-1] - 1} for each of the "
                         f"{z.shape[-2]} examples, got shape {y.shape}, first {y.flat[:5]}")
    z = z - np.maximum.reduce(z, axis=-1, keepdims=True)   # log-sum-exp without overflow
    p = np.exp(z)
    total = np.add.reduce(p, axis=-1, keepdims=True)
    z -= np.log(total)                                     # log p
    loss = np.add.reduce(z * hot, axis=(-2, -1)) / -z.shape[-2]
    p /= total
    p -= hot
    p /= z.shape[-2]
    return loss, p


def _mean_squared_error(z, y):
    y = y[..., None] if z.shape[-1] == 1 and y.shape[-2:] != z.shape[-2:] else y
    if y.ndim < 2 or y.dtype.kind not in "fiu" or y.shape != z.shape[z.ndim - y.ndim:]:
        raise ValueError(f"y must hold numbers (..., {z.shape[-2]}, {z.shape[-1]}) for these "
                         f"examples, got shape {y.shape} of {y.dtype}")
    error = z - y
    loss = np.add.reduce(error * error, axis=(-2, -1)) / z.shape[-2]
    error *= 2 / z.shape[-2]
    return loss, error


LOSSES = {"cross_entropy": _cross_entropy, "mean_squared_error": _mean_squared_error}


def with_l2(objective, lam, weights=1.0):
    """The objective plus the penalty (lam / 2) * sum(weights * theta^2).

    weights: 1 where the penalty counts, 0 where not; `network.is_weight` leaves the biases out.
    Raises ValueError if lam is negative or not finite, or weights neither a number nor (P,).
    """
    weights = np.asarray(weights)
    if not (isinstance(lam, Real) and 0 <= lam < np.inf and weights.dtype.kind in "fiu"
            and weights.ndim <= 1 and np.isfinite(weights).all()):
        raise ValueError(f"lam must be a number from 0, got {lam}, weights a number or (P,)")

    def penalised(theta, *batch):
        loss, grad = objective(theta, *batch)
        kept = weights * theta
        return loss + lam / 2 * np.add.reduce(kept * theta, axis=-1), grad + lam * kept

    return penalised
