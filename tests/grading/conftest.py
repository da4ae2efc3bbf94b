"""What the tests of the grader share: a small assignment, notebooks to hand in, and the sandbox."""

import importlib.util
import inspect
import json
import os
import shutil

import pytest

from descent.checks import exercises
from grader import sandbox
from grader.assignment import Assignment, Item, load
from grader.course import Course, release
from grader.scoring import score, ungraded
from grader.submission import Unreadable, answers, read

EXERCISES = exercises()
ITEMS = (
    Item(EXERCISES["bias_correct"], 4, costs={"one-too-many": 1}),
    Item(EXERCISES["adam_step"], 6, builds_on=("bias_correct",), costs={"eps-forgotten": 2}),
    Item(EXERCISES["descent_history"], 5, costs={"in-place": 2}),
)


@pytest.fixture(scope="session")
def sandboxed():
    """Where no sandbox can be made the test is skipped; in CI it fails."""
    try:
        sandbox.check()
    except sandbox.NoSandbox as reason:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(reason))


@pytest.fixture(scope="session")
def assignment():
    """Three items: a formula, a step that builds on it, and a loop that is given a function."""
    return Assignment("00-test", "A test", ITEMS, (), "")


@pytest.fixture(scope="session")
def right():
    """A right answer for each item."""
    return {item.name: inspect.getsource(item.exercise.solution) for item in ITEMS}


@pytest.fixture(scope="session")
def stubs():
    """What is released: a line of the function, and nothing in it."""
    return {item.name: f"def {item.name}{inspect.signature(item.exercise.solution)}:\n    ..."
            for item in ITEMS}


@pytest.fixture(scope="session")
def notebook():
    """Make a notebook: notebook({id: text}, *other cells, **fields) -> its bytes."""
    def make(texts, *cells, **fields):
        cells = [cell(text, name) for name, text in texts.items()] + list(cells)
        return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}
                          | fields).encode()
    return make


def cell(text, name=None, kind="code", **fields):
    """A cell as Jupyter writes it; with a name it is the answer to that item."""
    marks = {"nbgrader": {"grade_id": name, "solution": True, "grade": False, "locked": False,
                          "schema_version": 3, "task": False}} if name else {}
    return {"cell_type": kind, "id": "c", "metadata": marks, "outputs": [],
            "execution_count": None, "source": text.splitlines(keepends=True)} | fields


@pytest.fixture(scope="session")
def make_cell():
    return cell


@pytest.fixture(scope="session")
def grade(assignment, stubs):
    """Grade what was handed in, bytes or a path, as the batch does: -> Report."""
    def graded(submitted, seed=1, slot=0, limits=sandbox.Limits()):
        try:
            texts = (answers(submitted, stubs) if isinstance(submitted, bytes) else
                     read(submitted, stubs)[0])
        except Unreadable as reason:
            return ungraded(assignment, seed, str(reason))
        return score(assignment, texts, seed, slot, limits)
    return graded


@pytest.fixture(scope="session")
def points():
    """The points of a report, by item, without those that got none."""
    return lambda report: {part.name: part.points for part in report.parts if part.points}


# What the lecturer's side shares: nbgrader, and a course folder.

@pytest.fixture(scope="session")
def nbgrader():
    """Where nbgrader isn't installed (it is in .venv-grading) the test is skipped."""
    if importlib.util.find_spec("nbgrader") is None:
        pytest.skip("nbgrader is not in this environment: make grading")


@pytest.fixture(scope="session")
def momentum():
    return load("05-momentum")


@pytest.fixture(scope="session")
def released(tmp_path_factory, nbgrader, momentum):
    """A course folder in which nothing was graded."""
    course = Course(tmp_path_factory.mktemp("released") / "course")
    release(course, momentum)
    return course


@pytest.fixture
def fresh(released, tmp_path):
    """A copy of it, with the same secret."""
    return Course(shutil.copytree(released.folder, tmp_path / "course"))
