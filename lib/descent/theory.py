"""What theory predicts, to draw beside what we measure."""

import numpy as np

from .networks import ACTIVATIONS, INITIALISATIONS


def signal_factors(network, x):
    """By which factor the signal dL/dz changes from layer l + 1 back to hidden layer l.

    An array with one factor for each hidden layer, the first layer first: the root of
    n σ² E[φ'(z)²], where n is the width of layer l and σ the standard deviation of the weights of
    layer l + 1. z is taken as normal, with the variance that the layers before hand on (biases 0).
    For wide layers at the start of training: Schoenholz et al. (2017), arXiv:1611.01232.
    """
    function, slope = ACTIVATIONS[network.activation]
    u = np.linspace(-8, 8, 2002)                        # a normal variable and its density
    density = np.exp(-u * u / 2) / np.exp(-u * u / 2).sum()
    square = np.mean(np.sum(np.square(x), axis=-1))     # of what a layer takes in
    factors = []
    for k, (n, m) in enumerate(zip(network.sizes, network.sizes[1:])):
        std = network.gain * INITIALISATIONS[network.init](n, m)
        if k:
            factors.append(std * (n * (density * slope(a)**2).sum())**0.5)
        a = function(std * square**0.5 * u)
        square = m * (density * a * a).sum()
    return np.array(factors)


def momentum_factor(curvature, lr, beta=0.0, nesterov=False):
    """By which factor an iteration multiplies the error along this curvature, in the long run.

    The larger root of the recursion e' = (1 + β - ηλ) e - β e_before (heavy ball), with
    (1 + β)(1 - ηλ) and β (1 - ηλ) for Nesterov; β = 0 is gradient descent, |1 - ηλ|. Arguments
    broadcast. Below 1 is stable: Polyak (1964), Lessard, Recht & Packard (2016).
    """
    left = 1 - np.asarray(lr) * curvature
    trace, product = ((1 + beta) * left, beta * left) if nesterov else (beta + left, beta)
    under = np.asarray(trace**2 - 4 * product, float)
    real = (np.abs(trace) + np.maximum(under, 0)**0.5) / 2
    return np.where(under >= 0, real, np.abs(product)**0.5)[()]


def momentum_limit(curvature, beta=0.0, nesterov=False):
    """The largest stable learning rate: 2 (1 + β) / λ, for Nesterov that over 1 + 2β."""
    return 2 * (1 + beta) / curvature / (1 + 2 * beta if nesterov else 1)


def best_momentum(low, high):
    """The rate and β with which the heavy ball is fastest between two curvatures, Polyak (1964).

    The factor an iteration is then (√κ - 1) / (√κ + 1), with κ = high / low.
    """
    a, b = low**0.5, high**0.5
    return 4 / (a + b)**2, ((b - a) / (b + a))**2
