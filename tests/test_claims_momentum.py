"""What claims MO, G2, G3 and R4 stand on: the ball, the bowls, the landscapes, the race."""

from itertools import islice

import numpy as np
import pytest

from descent import claims, gradient_descent, momentum, record, surfaces
from descent.batches import mini_batches
from descent.claims import landscapes, ledger, race
from descent.claims import momentum as chapter
from descent.claims.tuning import TUNING_SEEDS, stored
from descent.theory import best_momentum
from descent.training import descend

SEEDS = tuple(range(100, 120))   # the chapters report 0 to 19, rates were tuned on 1000 and up


def test_the_ball_loses_no_energy_without_friction_and_stops_with_it():
    x, h = np.array([1.7]), 1e-4
    before = surfaces.double_well.function(x, 0.0)[0]
    there, later = chapter.ball(x, 0.0, 2.0), chapter.ball(x, 0.0, 2.005)
    speed = (later - there) / 0.005
    middle = surfaces.double_well.function((there + later) / 2, 0.0)[0]
    assert middle + speed**2 / 2 == pytest.approx(before, rel=1e-3)
    assert abs(surfaces.double_well.function(chapter.ball(x, 1.0, 40.0), 0.0)[1]) < h


def test_the_ball_in_a_bowl_is_where_the_formula_says(monkeypatch):
    """x'' + x' = -x from rest: a damped cosine."""
    monkeypatch.setattr(chapter, "_force", lambda x: -x)
    w, t = 0.75**0.5, 3.0
    exact = np.exp(-t / 2) * (np.cos(w * t) + np.sin(w * t) / (2 * w))
    assert chapter.ball(np.array([1.0]), 1.0, t) == pytest.approx(exact, abs=1e-9)


def test_another_friction_is_another_ball(monkeypatch):
    monkeypatch.setattr(chapter, "ball", lambda x, friction, time, ball=chapter.ball: ball(
        x, 2 * friction, time))
    assert not chapter.rolling_ball(SEEDS)[0].passes


def test_an_average_of_gradients_is_not_their_sum(monkeypatch):
    def averaging(theta, g, v=0.0, *, lr=0.01, beta=0.9):
        v = beta * v + (1 - beta) * g
        return theta - lr * v, dict(v=v)

    monkeypatch.setattr(chapter, "momentum", averaging)
    passes = [c.passes for c in chapter.history(SEEDS)]
    assert not any(passes[:4])


@pytest.mark.parametrize("kappa", chapter.KAPPAS)
def test_the_bowls_have_the_curvatures_that_they_are_said_to_have(kappa):
    curvature, start = chapter.quadratics(kappa, SEEDS)
    assert curvature.shape == start.shape == (20, 50)
    assert (curvature.min(axis=1) == 1).all() and (curvature.max(axis=1) == kappa).all()
    assert len(np.unique(curvature[:, 1:-1])) == 20 * 48


def test_a_turned_bowl_takes_as_many_iterations():
    curvature, start = (a[0] for a in chapter.quadratics(10, SEEDS))
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(50, 50)))[0]
    matrix = turn @ np.diag(curvature) @ turn.T
    lr, beta = best_momentum(1, 10)
    steps = descend(lambda theta: (theta[..., 0], theta @ matrix), turn @ start, momentum, lr=lr,
                    beta=beta)
    away = [np.linalg.norm(step.theta) for step in islice(steps, 60)]
    first = np.argmax(np.array(away) <= 1e-6 * away[0])
    assert first == chapter.needed(10, "best", SEEDS)[0]


@pytest.mark.parametrize("kappa, low, high", [(10, 50, 72), (100, 450, 690)])
def test_gradient_descent_on_a_bowl_needs_no_more_than_the_theory_says(kappa, low, high):
    """At most log(1e6) / log((κ + 1) / (κ - 1)): 69 and 691."""
    needed = chapter.needed(kappa, "gradient descent", SEEDS)
    assert (needed > low).all()
    assert (needed <= np.ceil(np.log(1e6) / np.log((kappa + 1) / (kappa - 1)))).all()
    assert high >= needed.max()


@pytest.mark.parametrize("where", landscapes.LANDSCAPES)
def test_the_landscapes_have_the_slope_and_the_minimum_that_they_say(where):
    land = landscapes.LANDSCAPES[where]
    x = np.linspace(*land.domain, 40000)
    loss, grad = land(x[:, None])
    assert grad.shape == (40000, 1)
    h = 1e-6
    slope = (land(x[:, None] + h)[0] - land(x[:, None] - h)[0]) / (2 * h)
    assert np.allclose(grad[:, 0], slope, atol=1e-5 * np.abs(slope).max())
    assert x[loss.argmin()] == pytest.approx(land.minimum, abs=land.within / 2)
    inner = np.diff(np.sign(grad[:, 0])) > 0
    others = np.abs(x[1:][inner] - land.minimum)
    assert inner.sum() >= 2 and np.sort(others)[1] > 2 * land.within


@pytest.mark.parametrize("where", landscapes.LANDSCAPES)
def test_a_start_is_judged_as_it_would_be_alone(where):
    land = landscapes.LANDSCAPES[where]
    start = np.random.default_rng(103).uniform(*land.domain, (landscapes.STARTS, 1))
    for method, lr in (("gradient descent", 0.01), ("momentum", 0.01)):
        together = landscapes.arrived(where, method, lr, SEEDS)[3]
        for k in (0, 17, 101):
            theta, v, beta = start[k], 0.0, 0.9 if method == "momentum" else 0.0
            for t in range(400):
                v = beta * v + land(theta)[1]
                theta = theta - lr * (1 - t / 400) * v
            assert together[k] == (abs(theta[0] - land.minimum) < land.within)


def test_at_0_01_gradient_descent_goes_to_the_nearest_minimum_and_momentum_does_not():
    x = np.linspace(-4, 4, 200001)
    slope = landscapes.LANDSCAPES["hole"](x[:, None])[1][:, 0]
    turns = x[1:][np.diff(np.sign(slope)) < 0]           # the hill beside the hole
    starts = np.stack([rng.uniform(-4, 4, landscapes.STARTS) for rng in claims.generators(SEEDS)])
    from_right = starts > turns[-1]
    plain = landscapes.arrived("hole", "gradient descent", 0.01, SEEDS)
    assert (plain == from_right).mean() > 0.99
    assert landscapes.share("hole", "momentum", SEEDS, 0.01).max() < 0.15


def test_xor_is_learned_where_all_four_are_right():
    x, y = landscapes.XOR
    assert y.tolist() == [float(a != b) for a, b in x]
    arrived = landscapes.arrived("XOR", "adam", 0.03125, SEEDS[:2])
    first = landscapes.xor.initial([np.random.default_rng(101)] * landscapes.INITIALISATIONS)
    assert arrived.shape == (2, landscapes.INITIALISATIONS) and len(np.unique(first)) > 100
    end = record(descend(lambda theta: landscapes.xor.loss_and_gradient(theta, x, y), first,
                         race.METHODS["adam"], lr=0.03125), 1501, keep=()).last.theta
    right = (np.abs(landscapes.xor.predict(end, x)[..., 0] - y) < 0.5).all(axis=1)
    assert right[arrived[1]].all() and (right == arrived[1]).mean() > 0.9


def test_an_optimizer_that_does_not_remember_frees_nothing(monkeypatch):
    monkeypatch.setitem(landscapes.METHODS, "momentum",
                        lambda theta, g, *, lr: gradient_descent(theta, g, lr=lr))
    landscapes.arrived.cache_clear()
    assert not any(c.passes for c in chapter.local_minima(SEEDS[:5]))
    landscapes.arrived.cache_clear()


# The race.

@pytest.mark.parametrize("size", [race.N, race.SIZE])
def test_updates_are_counted_until_the_loss_of_all_digits_is_there(size):
    """One seed by hand: the loop written out, the loss from the network."""
    x, y = race.data()
    rng = np.random.default_rng(7)
    theta, v = race.net.initial(np.random.default_rng(7)), 0.0
    batches = mini_batches(x, y, size=size, rng=rng)
    for count in range(2000):
        if count % max(1, race.N // size // 4) == 0:
            if race.net.loss_and_gradient(theta, x, y)[0] <= 0.3:
                break
        v = 0.9 * v + race.net.loss_and_gradient(theta, *next(batches))[1]
        theta = theta - 0.1 * v
    assert race.updates("momentum", size, 0.3, 0.1, (7,)).tolist() == [count]


def test_the_loss_of_the_race_is_the_networks():
    theta = race.net.initial(claims.generators(SEEDS[:3]))
    assert race.loss(theta) == pytest.approx(race.net.loss_and_gradient(theta, *race.data())[0])


def test_the_grid_grows_until_its_best_rate_is_inside():
    asked = []

    def cost(lr, seeds):
        asked.append(lr)
        return np.abs(np.log2(lr / 2.0**-9)) + np.arange(len(seeds))

    assert race.tune_outward(cost, 1.0) == 2.0**-9
    assert min(asked) == 2.0**-11 and len(asked) == len(set(asked))
    assert race.tune_outward(lambda lr, seeds: np.where(lr > 0.01, np.inf, -lr), 1.0) == 2.0**-7
    with pytest.raises(ValueError, match="not within 20 factors of 1"):
        race.tune_outward(lambda lr, seeds: np.full(len(seeds), np.inf), 1.0)
    # One seed that never arrives is enough to lose.
    assert race.tune_outward(lambda lr, seeds: [lr if lr > 0.2 else np.inf] + [lr] * 4, 1.0) == 0.25


@pytest.mark.parametrize("method, size, target", [
    ("gradient descent", race.SIZE, 0.1), ("momentum", race.SIZE, 0.1), ("adam", race.N, 0.1),
    ("rmsprop", race.SIZE, 0.1), ("momentum", 8, 0.02)])
def test_stored_rates_of_the_race_are_better_than_their_neighbours(method, size, target):
    lr = stored("race")[race.key(method, size, target)]
    here, *beside = (race.updates(method, size, target, rate, TUNING_SEEDS).max()
                     for rate in (lr, lr / 2, 2 * lr))
    assert np.isfinite(here) and here <= min(beside)


def test_every_rate_of_the_race_is_stored():
    assert set(stored("race")) == {race.key(*case) for case in race.TUNED}


@pytest.mark.parametrize("method, where", [("momentum", "ripples"), ("rmsprop", "double well"),
                                           ("gradient descent", "ripples"), ("adam", "hole")])
def test_stored_rates_of_the_landscapes_are_as_good_as_their_neighbours(method, where):
    lr = stored("landscapes")[where][method]
    assert min(landscapes.RATES) < lr < max(landscapes.RATES)
    here, *beside = (np.median(landscapes.share(where, method, TUNING_SEEDS, rate))
                     for rate in (lr, lr / 2, 2 * lr))
    assert here >= max(beside)


def test_the_best_of_the_four_is_not_gradient_descent(monkeypatch):
    monkeypatch.setattr(ledger, "share", lambda where, method, seeds, lr: np.full(
        len(seeds), method == "gradient descent", float))
    assert not any(c.passes for c in ledger.without_getting_stuck(SEEDS))
