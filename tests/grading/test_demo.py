"""The demonstration class: everybody gets what they have to, and one command does it all."""
import os
import re
import subprocess
import sys
from pathlib import Path

from grader import demo

ROOT = Path(__file__).resolve().parents[2]


def test_twelve_hand_in_what_the_course_knows(tmp_path, momentum):
    points = demo.hand_in(tmp_path)
    assert len(points) == len(list(tmp_path.iterdir())) == 12
    right = demo.solutions(momentum)
    for mistake, (name, old, _new) in demo.MISTAKES.items():
        assert right[name].count(old) == 1
        [item] = [item for item in momentum.items if item.name == name]
        assert 0 < item.cost(mistake) < item.points or mistake in [
            m.name for m in item.exercise.mistakes]


def test_one_command_grades_the_class(nbgrader, sandboxed, tmp_path, momentum):
    paths = os.pathsep.join([str(ROOT / "grading"), str(ROOT / "lib")])
    done = subprocess.run([sys.executable, "-m", "grader", "demo"], text=True, capture_output=True,
                          cwd=tmp_path, env=os.environ | {"PYTHONPATH": paths, "CI": "1"})
    assert done.returncode == 0, done.stderr
    table = done.stdout.split("\n\n")[-1]
    got = dict(re.findall(r"^(.{29}) \w{10}  +(\d+)/", table, flags=re.M))
    of = demo.hand_in(tmp_path / "class")
    assert {name.strip(): int(points) for name, points in got.items()} == {
        name[:29]: points for name, points in of.items()}
    for mistake, (name, _old, _new) in demo.MISTAKES.items():
        assert f"{name}: {mistake}" in table
    assert list(tmp_path.iterdir()) == [tmp_path / "class"]  # the course folder is gone
