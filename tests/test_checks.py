"""The exercises' checks: a solution gets ✓, a stub is not attempted, each mistake is named."""

import inspect

import numpy as np
import pytest

from descent.checks import ENDLESS, check, exercises, solution, verdict

EXERCISES = exercises()
IDEAS = [pytest.param(name, mistake, idea, id=f"{name}-{mistake.name}-{k}")
         for name, exercise in EXERCISES.items() for mistake in exercise.mistakes
         for k, idea in enumerate(mistake.functions)]


def student(name, function):
    """The function as a student's: with the exercise's name and parameters."""
    function.__name__ = name
    return function


@pytest.mark.parametrize("name", EXERCISES)
def test_the_solution_is_right(name):
    namespace = {"np": np}
    exec(solution(name), namespace)  # as a student pastes it: nothing but NumPy at hand
    assert verdict(namespace[name]).kind == "right", verdict(namespace[name]).text


@pytest.mark.parametrize("name", EXERCISES)
@pytest.mark.parametrize("body", ["'''What it is.'''\n    ...", "...", "pass", "return ...",
                                  "return None"])
def test_a_stub_is_not_attempted(name, body, capsys):
    namespace = {}
    signature = inspect.signature(EXERCISES[name].solution)
    exec(f"def {name}{signature}:\n    {body}", namespace)
    check(namespace[name])
    assert capsys.readouterr().out == f"○ {name}: not attempted yet.\n"


@pytest.mark.parametrize("name, mistake, idea", IDEAS)
def test_a_mistake_is_named_as_itself(name, mistake, idea):
    found = verdict(student(name, lambda *inputs: idea(*inputs)))
    assert (found.kind, found.text) == (mistake.name, f"✗ {name}: {mistake.text}")


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercise_knows_at_least_four_mistakes_with_names_of_their_own(name):
    names = [mistake.name for mistake in EXERCISES[name].mistakes]
    assert len(names) >= 4 and len(set(names)) == len(names)
