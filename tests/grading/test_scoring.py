"""Points: all for what is right, less for a mistake by its name, a share for what is half right."""

import inspect
from pathlib import Path

import numpy as np
import pytest

from descent.checks import exercises
from grader.assignment import Assignment, Item
from grader.scoring import Part, score, seed_for, ungraded

pytestmark = pytest.mark.usefixtures("sandboxed")
EXERCISES = exercises()


def alone(item, text, seed=1):
    """The Part of one item that is answered by this text."""
    return score(Assignment("00", "", (item,), (), ""), {item.name: text}, seed).parts[0]


def item(name, points=6, **fields):
    return Item(EXERCISES[name], points, **fields)


def body(name, text):
    return f"def {name}{inspect.signature(EXERCISES[name].solution)}:\n    {text}\n"


@pytest.mark.parametrize("name", [name for name in EXERCISES if name != "decaying_rate"])
def test_the_solution_of_every_exercise_gets_all_points(name):
    source = inspect.getsource(EXERCISES[name].solution)
    part = alone(item(name), source)
    assert part[:4] == (name, 6, 6, "") and part.text.startswith(f"✓ {name}: right in all ")
    assert int(part.text.split("all ")[1].split()[0]) >= 5


@pytest.mark.parametrize("cost, points", [({}, 0), ({"multiplied": 2}, 4), ({"multiplied": 0}, 6),
                                          ({"multiplied": 9}, 0), ({"times-t": 1}, 0)])
def test_a_known_mistake_costs_what_it_weighs(cost, points):
    part = alone(item("bias_correct", costs=cost), body("bias_correct", "return m * (1 - beta**t)"))
    assert part == Part("bias_correct", points, 6, "multiplied", part.text)
    assert part.text == "✗ bias_correct: this multiplies: the average started at 0 and is too " \
        "small, so divide."


@pytest.mark.parametrize("when, hits, points", [("t == 1", 2, 1), ("t > 1", 6, 4),
                                                ("t in (1, 3)", 4, 3), ("t == -1", 0, 0)])
def test_an_unknown_mistake_leaves_the_share_that_is_right(when, hits, points):
    text = body("bias_correct", f"return m / (1 - beta**t) if {when} else m + 100 * beta")
    part = alone(item("bias_correct"), text)
    assert part[:4] == ("bias_correct", points, 6, "")
    assert part.text.endswith(f" Right in {hits} of 8 trials.")


def test_an_unknown_mistake_never_gets_all_points():
    text = body("bias_correct", "new = m / (1 - beta**t)\n    m[:] = 7\n    return new")
    part = alone(item("bias_correct", points=1), text)
    assert part[:4] == ("bias_correct", 0, 1, "") and "changes m of its caller" in part.text
    assert alone(item("bias_correct", points=5), text).points == 4


def test_texts_show_the_sample_and_not_the_data_that_count():
    text = body("bias_correct", "return m / (1 - beta**t) + 7.5 * (len(m) == 3)")
    texts = {alone(item("bias_correct"), text, seed).text for seed in range(4)}
    assert len(texts) == 1  # the data differ from seed to seed, the texts do not
    m, beta, t = EXERCISES["bias_correct"].cases(np.random.default_rng(0))[2]
    assert f"for m = [{m[0]:.4g}, {m[1]:.4g}, {m[2]:.4g}], beta = 0.999, t = 10" in texts.pop()


def test_who_is_right_on_the_sample_only_is_told_so():
    cases = EXERCISES["bias_correct"].cases(np.random.default_rng(0))
    sample = [inputs[0].tolist() for inputs in cases]
    text = body("bias_correct", f"return m / (1 - beta**t) if m.tolist() in {sample} else m + t")
    part = alone(item("bias_correct"), text)
    assert part.points < 6 and part.text == "✗ bias_correct: Right in 4 of 8 trials."


def test_the_same_answers_and_seed_get_the_same_report(assignment, right):
    texts = right | {"adam_step": right["adam_step"].replace("g**2", "g**2 * 1.5"),
                     "descent_history": "def descent_history(g, theta, lr, n):\n    return 0"}
    assert score(assignment, texts, 3) == score(assignment, texts, 3)


def test_the_data_of_an_item_do_not_depend_on_the_other_items(right):
    drawn = []
    items = [item(name, score=lambda function, rng: (0, drawn.append(rng.random()) or ""))
             for name in right]
    for some in (items, items[::-1], items[1:2]):
        score(Assignment("00", "", tuple(some), (), ""), right, 5)
    assert drawn[:3] == drawn[3:6][::-1] and drawn[6] == drawn[1] and len(set(drawn)) == 3


def test_a_seed_belongs_to_a_student_an_assignment_and_a_secret():
    seeds = {seed_for(*a) for a in [("01", "ada", "s"), ("02", "ada", "s"), ("01", "bob", "s"),
                                    ("01", "ada", "t"), ("0", "1\0ada", "s"), ("01a", "da", "s")]}
    assert len(seeds) == 6 and all(0 <= seed < 2**48 for seed in seeds)
    assert seed_for("01", "ada", "s") == seed_for("01", "ada", "s")
    assert seed_for("01", "Åsa \udce9", "s")


def test_what_can_not_be_graded_has_no_points_and_a_reason(assignment):
    report = ungraded(assignment, 5, "No\x1b file.")
    assert [(part.points, part.of) for part in report.parts] == [(0, 4), (0, 6), (0, 5)]
    assert report.reason == "No  file." and report.seed == 5


def test_answers_that_are_no_items_are_not_run(assignment):
    report = score(assignment, {"why": "while True: pass", "other": "x"}, 1)
    assert all("not attempted" in part.text for part in report.parts)


# An item with a score of its own, as the project has.

@pytest.mark.parametrize("share, points", [(1, 6), (0.5, 3), (0.99, 5), (2, 6), (-1, 0),
                                           (float("nan"), 0), (1 / 3, 2), (np.float64(1), 6)])
def test_a_score_of_its_own(share, points):
    one = item("bias_correct", score=lambda function, rng: (share, f"{function.__name__}\x1b"))
    part = alone(one, body("bias_correct", "return 1"))
    assert part[:4] == ("bias_correct", points, 6, "")
    assert part.text == "bias_correct " or share != share


def test_a_score_calls_the_students_function_with_the_students_data():
    drawn = []

    def scored(function, rng):
        drawn.append(rng.integers(10**9))
        return float(function(0.5, 0, 0)), "fine"
    for seed in (1, 1, 2):
        part = alone(item("bias_correct", score=scored), body("bias_correct", "return m"), seed)
        assert part.points == 3 and part.text == "fine"
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_score_that_meets_an_error_is_none():
    def scored(function, rng):
        return function(np.ones(2), 0, 0) @ np.ones(3), ""
    part = alone(item("bias_correct", score=scored), body("bias_correct", "return m / None"))
    assert part.points == 0
    assert part.text.startswith("✗ bias_correct: it stops at “return m / None”: TypeError: unsup")
    part = alone(item("bias_correct", score=scored), body("bias_correct", "return m"))
    assert part.points == 0 and part.text.startswith("✗ bias_correct: it should return ")


def test_the_grader_prints_nothing_of_a_students(capsys):
    one = item("bias_correct", score=lambda function, rng: (function(1, 2, 3), ""))
    assert alone(one, body("bias_correct", "print(5); return m")).points == 6
    assert capsys.readouterr().out == ""


def test_the_modules_that_are_trusted_are_short():
    """What stands between a class and its gradebook is to be read in an hour."""
    folder = Path(__file__).parents[2] / "grading" / "grader"
    names = ("submission", "wire", "sandbox", "inside", "scoring")
    lines = [line for name in names for line in (folder / f"{name}.py").read_text().splitlines()]
    assert sum(bool(line.strip()) for line in lines) <= 660
