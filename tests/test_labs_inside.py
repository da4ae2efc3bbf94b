"""Inside the optimizer: its numbers by hand, its identities, its sentences."""
import re

import numpy as np
import pytest

from descent import labs
from descent.labs.inside import OPTIMIZERS, adam_uncorrected, look_inside, scaled
from descent.optimizers import adam, rmsprop
from descent.surfaces import ravine

HYPER = {"momentum": {"lr": 0.02, "beta": 0.9}, "rmsprop": {"lr": 0.1, "rho": 0.9, "eps": 1e-8},
         "adam": {"lr": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
         "adam_uncorrected": {"lr": 0.1, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}}


def looked(optimizer, factor=1.0, **hyper):
    surface = ravine()
    return look_inside(optimizer, scaled(surface, factor), surface.start,
                       **{**HYPER[optimizer], **hyper})[0]


def test_two_steps_of_adam_by_hand():
    found = looked("adam")
    x, y = -4.0, 1.0
    for k in range(2):
        g = np.array([x, 25 * y])
        m = 0.1 * g if k == 0 else 0.9 * m + 0.1 * g
        v = 0.001 * g**2 if k == 0 else 0.999 * v + 0.001 * g**2
        c1, c2 = 1 / (1 - 0.9**(k + 1)), 1 / (1 - 0.999**(k + 1))
        rate = 0.1 / (np.sqrt(c2 * v) + 1e-8)
        wanted = {"theta": [x, y], "g": g, "m": m, "root": np.sqrt(v), "c1": [c1, c1],
                  "c2": [c2, c2], "rate": rate, "step": -rate * c1 * m}
        for name, value in wanted.items():
            assert found[name][k] == pytest.approx(value, rel=1e-9), name
        x, y = np.array([x, y]) - rate * c1 * m


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_step_is_the_rate_times_what_it_multiplies(optimizer):
    found = looked(optimizer)
    what = {"momentum": "v", "rmsprop": "g"}.get(optimizer, "m")
    direction = found[what] * found.get("c1", 1.0)
    assert found["step"] == pytest.approx(-found["rate"] * direction, rel=1e-6, abs=1e-12)
    assert found["theta"][1:] == pytest.approx((found["theta"] + found["step"])[:-1])


def test_without_correction_one_memory_takes_another_step():
    theta, g, memory = np.zeros(2), np.array([3.0, -2.0]), {}
    t = 7
    m, v = g * (1 - 0.9**t), g**2 * (1 - 0.999**t)      # after t times the same gradient
    before = dict(m=(m - 0.1 * g) / 0.9, v=(v - 0.001 * g**2) / 0.999)
    plain, memory = adam_uncorrected(theta, g, **before, lr=0.1)
    whole = adam(theta, g, **before, t=t - 1, lr=0.1)[0]
    assert plain / whole == pytest.approx((1 - 0.9**t) / np.sqrt(1 - 0.999**t), rel=1e-6)
    assert memory["m"] == pytest.approx(m) and memory["v"] == pytest.approx(v)
    slow = adam_uncorrected(theta, g, lr=0.1, beta1=0.0, beta2=0.9)[0]
    assert slow == pytest.approx(rmsprop(theta, g, lr=0.1, rho=0.9)[0])


def test_the_loss_times_1000():
    for optimizer in ("rmsprop", "adam", "adam_uncorrected"):
        one, large = looked(optimizer), looked(optimizer, 1000.0)
        assert large["g"][0] == pytest.approx(1000 * one["g"][0])
        assert large["rate"][:50] == pytest.approx(one["rate"][:50] / 1000, rel=1e-3)
        assert large["theta"][:50] == pytest.approx(one["theta"][:50], rel=1e-3, abs=1e-6)
    one, large = looked("momentum"), looked("momentum", 1000.0)
    assert large["step"][0] == pytest.approx(1000 * one["step"][0])


def sentence(**settings):
    lab = labs.inside(**settings)
    assert lab.error is None
    return lab.summary


def test_what_the_presets_say():
    lab = labs.inside()
    said = {}
    for name, settings in lab.presets.items():
        lab.set(**settings)
        said[name] = lab.summary
    assert "g = (-4, 25), step (0.1, -0.1), 36° from −g." in said["first step"]
    assert "multiplies m by 10 and v by 1000" in said["first step"]
    assert "step (0.316, -0.316)" in said["without correction"]
    assert "the step is 3.16 times as long" in said["without correction"]
    assert "g = (-2520, 1210)" in said["large loss"]
    assert "It diverges at iteration 1." in said["Momentum, large loss"]
    lab.set(**{**lab.presets["large loss"], "times_1000": False})
    assert re.search(r"step \(.*?\)", lab.summary)[0] in said["large loss"]
    assert "g = (-2.52, 1.21)" in lab.summary


def test_the_angle_is_that_between_the_step_and_the_gradient():
    found = looked("momentum")
    g, step = found["g"][9], found["step"][9]
    turn = np.degrees(np.arctan2(*step[::-1]) - np.arctan2(*-g[::-1]))
    assert f"{abs((turn + 180) % 360 - 180):.0f}° from −g" in sentence(
        optimizer="momentum", learning_rate=0.02, iteration=10)


def test_an_iteration_after_the_divergence_shows_the_last_before():
    lab = labs.inside(optimizer="momentum", learning_rate=0.2, iteration=100)
    gone = int(re.search(r"diverges at iteration (\d+)", lab.summary)[1])
    assert 1 < gone < 100 and f"iteration {gone} at" in lab.summary
    lab.set(iteration=2)
    assert "iteration 2 at" in lab.summary and f"diverges at iteration {gone}." in lab.summary


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam", "adam_uncorrected"])
def test_an_epsilon_of_zero_is_a_sentence(optimizer):
    text = sentence(optimizer=optimizer, eps=0.0, start_x=0.0)
    assert "With ε = 0 a gradient of 0 makes 0 / 0, and there is no step." in text
    assert "no step" not in sentence(optimizer=optimizer, eps=1e-12, start_x=0.0)


def test_what_is_beyond_the_edge_is_hollow():
    lab = labs.inside(optimizer="rmsprop", start_x=0.0)
    found = {}
    for line in lab.figure.axes[1].lines:
        if line.get_visible():
            for size in line.get_xdata():
                found.setdefault(line.get_fillstyle(), []).append(float(size))
    # g, the root and the step of θ₁ are 0, its rate is lr / eps: 1e7
    assert sorted(found["none"]) == [1e-6, 1e-6, 1e-6, 1e6]
    assert len(found["full"]) == 4 and all(1e-6 < size < 1e6 for size in found["full"])


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_at_the_minimum_nothing_moves(optimizer):
    text = sentence(optimizer=optimizer, start_x=0.0, start_y=0.0, iteration=5)
    assert "g = (0, 0), step (0, 0). " in text and "°" not in text
