"""What theory predicts: beside matrices whose eigenvalues NumPy finds, and beside real networks."""

import numpy as np
import pytest

from descent import Network, descend, digits, momentum, nesterov, ravine, record
from descent.theory import best_momentum, momentum_factor, momentum_limit, signal_factors


def spectral_radius(curvature, lr, beta, of_nesterov):
    """Largest |eigenvalue| of one iteration on (error, velocity), written as a matrix."""
    pull = lr * (1 + beta) if of_nesterov else lr
    push = lr * beta**2 if of_nesterov else lr * beta
    step = np.array([[1 - pull * curvature, -push], [curvature, beta]])
    return np.abs(np.linalg.eigvals(step)).max()


@pytest.mark.parametrize("of_nesterov", [False, True])
@pytest.mark.parametrize("beta", [0.0, 0.3, 0.9])
def test_factor_and_limit_are_those_of_the_iteration_matrix(beta, of_nesterov):
    for lr in (0.001, 0.05, 0.3, 0.7):
        for curvature in (0.1, 1.0, 5.0):
            assert momentum_factor(curvature, lr, beta, of_nesterov) == pytest.approx(
                spectral_radius(curvature, lr, beta, of_nesterov), rel=1e-6)
    limit = momentum_limit(5.0, beta, of_nesterov)
    assert spectral_radius(5.0, limit * 0.999, beta, of_nesterov) < 1
    assert spectral_radius(5.0, limit * 1.001, beta, of_nesterov) > 1


@pytest.mark.parametrize("method, of_nesterov", [(momentum, False), (nesterov, True)])
def test_a_run_shrinks_as_predicted(method, of_nesterov):
    run = record(descend(ravine(20), (3.0, 0.0), method, lr=0.01, beta=0.5), 400)
    size = np.abs(run.theta[:, 0])
    assert (size[300] / size[200])**0.01 == pytest.approx(
        momentum_factor(1.0, 0.01, 0.5, of_nesterov), rel=1e-6)


def test_no_other_rate_and_beta_beat_the_best():
    low, high = 1.0, 30.0
    lr, beta = best_momentum(low, high)
    best = max(momentum_factor(np.array([low, high]), lr, beta))
    assert best == pytest.approx((30**0.5 - 1) / (30**0.5 + 1), abs=1e-6)
    for other_lr in lr * np.linspace(0.5, 1.5, 41):
        for other_beta in np.linspace(0, 0.99, 100):
            factors = momentum_factor(np.array([low, high]), other_lr, other_beta)
            assert max(factors) > best - 1e-6


@pytest.mark.parametrize("activation, init, gain", [
    ("relu", "he", 1.0), ("relu", "he", 2.0), ("tanh", "xavier", 1.0), ("tanh", "xavier", 3.0),
    ("sigmoid", "xavier", 1.0), ("sigmoid", "normal", 1.0), ("identity", "lecun", 1.5)])
def test_signals_shrink_or_grow_as_predicted(activation, init, gain):
    x, y = (a[:50] for a in digits())
    net = Network((64, *[300] * 6, 10), activation, init, gain)
    theta = net.initial([np.random.default_rng(seed) for seed in range(5)])
    norms = [np.linalg.norm(s, axis=(-2, -1)) for s in net.backward(theta, x, y)[2]]
    measured = np.exp(np.mean(np.log(np.array(norms[:-1]) / norms[1:]), axis=-1))
    assert measured == pytest.approx(signal_factors(net, x), rel=0.15)
