"""The race: its numbers against single runs, its best rates, its drag."""
import re

import numpy as np
import pytest

from descent import labs, optimizers
from descent.labs.engine import within
from descent.labs.race import (DIGITS_RATES, GRID, KNOBS, METHODS, SIZES, SURFACES, best_rate,
                               run_on_digits, run_on_surface, tune_on_digits)
from descent.training import descend, record

USUAL = {"beta": 0.9, "rho": 0.9, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}


def hyper(method, lr):
    return {"lr": lr, **{name: USUAL[name] for name in KNOBS[method]}}


def iterations_to_a_minimum(surface, theta):
    """Counted backwards, one by one: since when has it been within 0.05 of where it ends?"""
    distance = np.linalg.norm(within(theta)[:, None] - np.array(surface.minima), axis=-1)
    near = distance < 0.05
    if not near[-1].any():
        return np.inf
    which, k = near[-1].argmax(), len(theta) - 1
    while k > 0 and near[k - 1, which]:
        k -= 1
    return k if k < 0.95 * len(theta) else np.inf


def test_no_preset_brings_a_method_back():
    lab = labs.race(rmsprop=False, adam=False)
    for settings in lab.presets.values():
        lab.set(**settings)
        assert [method for method in METHODS if lab.settings[method]] == list(METHODS[:3])
    assert not lab.controls["adam"].value and "Adam" not in lab.summary


@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize("alone", [False, True])
def test_the_team_runs_as_each_alone(name, alone):
    surface, start = SURFACES[name], SURFACES[name].start
    lr = 0.001 if name == "rosenbrock" else 0.01
    runs = run_on_surface(surface, start, {m: hyper(m, lr) for m in METHODS}, 200, alone)
    assert list(runs) == list(METHODS)
    for method, run in runs.items():
        single = record(descend(surface, start, getattr(optimizers, method), **hyper(method, lr)),
                        201)
        assert run.diverged == single.diverged
        if run.diverged < 0:
            assert run.theta == pytest.approx(single.theta, rel=1e-12)
            assert run.arrived == iterations_to_a_minimum(surface, single.theta)
            moves = np.linalg.norm(np.diff(single.theta, axis=0), axis=-1)
            assert run.walked[-1] == pytest.approx(moves.sum())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["ravine", "ravine_turned", "double_well", "himmelblau"])
def test_the_best_rate_is_the_best_of_the_grid(name, method):
    surface, usual = SURFACES[name], hyper(method, 1)
    usual.pop("lr")
    best = best_rate(name, surface.start, 200, method, tuple(usual.items()))
    costs = [iterations_to_a_minimum(surface, record(descend(
        surface, surface.start, getattr(optimizers, method), lr=lr, **usual), 201).theta)
        for lr in GRID]
    assert costs[GRID.index(best)] == min(costs) < np.inf
    assert GRID[0] < best < GRID[-1]            # neither end of the grid


@pytest.mark.parametrize("method", METHODS)
def test_the_stored_rates_are_the_best_on_digits(method):
    assert len(DIGITS_RATES[method]) == len(SIZES)
    stored = DIGITS_RATES[method][SIZES.index(8)]
    score = tune_on_digits(8, method)
    assert GRID[score.argmax()] == stored and 0 < score.argmax() < len(GRID) - 1


def test_the_first_in_the_sentence_is_the_first():
    lab = labs.race()
    found = re.findall(r"(Nesterov|Momentum) (\d+)", lab.summary)
    runs = run_on_surface(SURFACES["ravine"], SURFACES["ravine"].start,
                          {m: hyper(m, 0.02) for m in METHODS}, 100)
    assert found == [(name, f"{runs[name.lower()].arrived:.0f}") for name in
                     ("Nesterov", "Momentum")]
    assert int(found[0][1]) < int(found[1][1])
    assert "Not there after 100: gradient descent, RMSProp, Adam." in lab.summary
    lab.set(learning_rate=0.085, **dict.fromkeys(METHODS[1:], False))
    assert lab.summary.endswith("for all. Diverges: gradient descent at iteration 32.")
    assert labs.descent_on_a_surface(learning_rate=0.085).summary.count("at iteration 32.") == 1


def test_who_only_passes_at_the_end_has_not_arrived():
    lab = labs.race(learning_rate=10.0)         # Adam is at 0 in iteration 100, by chance
    assert "Not there after 100: RMSProp, Adam." in lab.summary


def test_the_rate_at_hand_or_each_its_own():
    lab = labs.race(rates="best")
    assert len(re.findall(r"\(η = ", lab.summary)) == 5
    lab.controls["learning_rate"].value = 0.03  # who takes the slider wants one rate for all
    assert lab.settings["rates"] == "one" and "η = 0.03 for all." in lab.summary
    lab.set(rates="best")
    lab.set(surface="double_well")              # another surface keeps the choice
    assert lab.settings["rates"] == "best"


def test_each_knob_moves_its_methods_only():
    def losses(**settings):
        lab = labs.race(**settings)
        falls, = (ax for ax in lab.figure.axes if ax.get_yscale() == "log"
                  and ax.get_ylabel().startswith("$L"))
        return [line.get_ydata() for line in falls.lines if len(line.get_xdata()) > 1]

    before = losses()
    for knob, value in [("beta", 0.5), ("rho", 0.5), ("beta1", 0.5), ("beta2", 0.5), ("eps", 1.0)]:
        moved = {METHODS[i] for i, (a, b) in enumerate(zip(before, losses(**{knob: value})))
                 if not np.array_equal(a, b)}
        assert moved == {method for method in METHODS if knob in KNOBS[method]}


def test_digits_against_a_single_run():
    runs = run_on_digits({m: hyper(m, 0.02) for m in METHODS}, 32, 100, seed=3)
    alone = run_on_digits({"adam": hyper("adam", 0.02)}, 32, 100, seed=3)["adam"]
    assert alone.heights == pytest.approx(runs["adam"].heights, rel=1e-6)
    assert np.array_equal(alone.right, runs["adam"].right) and len(alone.k) == 26
    assert alone.arrived == alone.k[(alone.right >= 0.9).argmax()] < np.inf
    assert len({run.heights[0] for run in runs.values()}) == 1      # from the same weights
    assert runs["gradient_descent"].right[-1] < 0.6 < 0.9 < runs["adam"].right[-1]


def test_an_epsilon_of_zero_is_a_sentence():
    lab = labs.race(eps=0.0, start_x=0.0, start_y=0.0)
    assert "Diverges: RMSProp at iteration 1, Adam at iteration 1." in lab.summary
    assert "With ε = 0 a gradient of 0 makes 0 / 0." in lab.summary and lab.error is None


def test_who_diverges_has_a_mark_to_see():
    lab = labs.race(learning_rate=0.085, x_axis="distance")     # two, and far beyond the axis
    falls = lab.figure.axes[2]
    marks = [line for line in falls.lines if line.get_marker() == "x" and line.get_visible()]
    places = [tuple(line.get_transform().transform(line.get_xydata())[0]) for line in marks]
    assert len(set(places)) == 2 and all(falls.bbox.padded(1).contains(*place) for place in places)


def test_the_start_and_the_numbers_of_the_minima_stay_on_top():
    lab = labs.race(surface="himmelblau", start_x=5.0, start_y=5.0)
    board = lab.figure.axes[0]
    ring = max(board.lines, key=lambda line: line.zorder)
    assert ring.get_xydata().tolist() == [[5, 5]] and not ring.get_clip_on()
    numbers = [text for text in board.texts if text.get_text() in "1234"]
    assert len(numbers) == 4
    assert min(text.zorder for text in numbers) > ring.zorder and numbers[0].get_animated()
    lab.set(surface="digits")
    assert not [text for text in board.texts if text.get_text()]


def test_the_best_on_digits_is_that_of_the_usual_knobs():
    text = labs.race(surface="digits", rates="best", beta=0.99).summary
    assert "best rate for this batch size and the usual β, ρ, ε, on other seeds, B = 32." in text


def test_nobody_races():
    assert labs.race(**dict.fromkeys(METHODS, False)).summary == "No method is chosen."


def test_the_legend_names_the_methods_that_race():
    lab = labs.race(rmsprop=False, adam=False)
    shown = lab.projected((1, 2)).children[0].children[1]
    for legend in (lab.legend, shown.value):
        assert "Nesterov" in legend and "RMSProp" not in legend and "Adam" not in legend
    lab.set(adam=True, momentum=False)
    assert shown.value == lab.legend and "Adam" in lab.legend and "Momentum" not in lab.legend
