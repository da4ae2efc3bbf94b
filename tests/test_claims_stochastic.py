"""What claims S and M stand on: minima that are minima, rates inside their grids, clear verdicts."""

import numpy as np
import pytest

from descent import claims, digits
from descent.claims import mini_batch, stochastic
from descent.claims.tuning import stored

SEEDS = tuple(range(100, 120))   # the chapters report 0 to 19, rates were tuned on 1000 and up
IDS = [f"{letter}{k}" for letter in "SM" for k in range(1, 10)]


@pytest.mark.parametrize("id", IDS)
def test_no_verdict_hangs_by_a_thread(id):
    """A rule that decides on 9 seeds of 10 holds on nearly all of them, or on few."""
    for condition in claims.run(id, SEEDS).conditions:
        holds = claims.RULES[condition.rule][0](np.asarray(condition.values), condition.threshold)
        assert not 0.3 < np.mean(holds) < 0.95, condition.label


@pytest.mark.parametrize("id", IDS)
def test_theory_is_within_the_spread_of_the_seeds_or_near(id):
    for condition in claims.run(id, SEEDS).conditions:
        if condition.theory is not None:
            assert np.median(condition.values) == pytest.approx(condition.theory, rel=0.15)


def test_the_minimum_is_one_and_the_gap_counts_from_it():
    theta, loss = stochastic.minimum()
    x, y = digits()
    assert np.linalg.norm(stochastic.penalised(theta, x, y)[1]) < 1e-12
    other = theta + np.random.default_rng(0).normal(size=theta.shape)
    points = np.stack([np.zeros(theta.size), theta, other])
    way = np.log(10) - loss
    expected = [(stochastic.penalised(point, x, y)[0] - loss) / way for point in points]
    assert stochastic.gap(points) == pytest.approx(expected, abs=1e-12)
    assert expected[0] == pytest.approx(1) and expected[2] > 0


def test_the_excess_is_the_loss_above_the_minimum():
    x, y, best, _hessian = stochastic.birds(SEEDS)
    theta = best + np.random.default_rng(0).normal(size=best.shape)
    loss = stochastic.line.loss_and_gradient
    assert stochastic.excess(theta, SEEDS) == pytest.approx(loss(theta, x, y)[0]
                                                            - loss(best, x, y)[0])
    assert np.abs(loss(best, x, y)[1]).max() < 1e-12


def test_the_subsets_of_a_few_have_the_variance_of_the_theory():
    """All 10 pairs of 5 gradients, beside sigma^2 / B times (N - B) / (N - 1)."""
    g = np.random.default_rng(0).normal(size=(5, 3))
    pairs = [(g[i] + g[j]) / 2 for i in range(5) for j in range(i)]
    variance = np.mean([((pair - g.mean(axis=0))**2).sum() for pair in pairs])
    sigma2 = ((g - g.mean(axis=0))**2).sum(axis=1).mean()
    assert stochastic.spread(dict(sigma2=sigma2), 2, n=5) == pytest.approx(variance)


def test_stored_rates_lie_inside_their_grid():
    rates = stored("stochastic")
    tuned = [rates["random"], rates["sorted"], *rates["full"].values(), *rates["subset"].values(),
             *rates["drawn"].values(), *rates["cut"].values(), *stored("mini_batch").values()]
    assert min(stochastic.RATES) < min(tuned) and max(tuned) < max(stochastic.RATES)


def test_a_drawback_needs_a_well_that_noise_can_leave(monkeypatch):
    """Planted: without noise nobody leaves, and the claim must not hold anywhere."""
    monkeypatch.setattr(mini_batch, "good_ends", lambda size, cut, seeds: np.zeros((3, 3)))
    monkeypatch.setattr(mini_batch, "tested", lambda size, lr, seeds: np.zeros(3))
    assert not any(c.passes for c in mini_batch.variation_missed((0, 1, 2)))
