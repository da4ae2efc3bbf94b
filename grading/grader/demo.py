"""The demonstration class: twelve who hand in 05-momentum, right, wrong, empty and hostile."""

import inspect
import json
import os
from pathlib import Path

from . import assignment as assignments
from . import batch
from . import course as courses

NAME = "05-momentum"
TEXT = "At one lr, Momentum walks ten times as far in the long run: tune both, then compare."
MISTAKES = {  # known mistake -> answer, what is right, what they wrote
    "uphill": ("damped_step", "theta - lr * v", "theta + lr * v"),
    "damping-forgotten": ("damped_step", "(1 - damping) * g", "g"),
    "heavy-ball": ("lookahead_run", "gradient(theta + beta * v)", "gradient(theta)"),
    "fastest-direction": ("convergence_factor", "max(np.abs", "min(np.abs"),
    "square-forgotten": ("best_settings", "4 / (low + high)**2", "4 / (low + high)"),
}
ENDLESS = """
def damped_step(*a):
    while True:
        try:
            while True: pass
        except BaseException: pass
"""
CHEAT = """
import numpy.testing, sys, os
numpy.testing.assert_allclose = np.allclose = lambda *a, **k: True
class Equal(float):
    __eq__ = __le__ = __ge__ = lambda *a: True
for frame in (sys._getframe(k) for k in range(3)): frame.f_globals.update(points=17, same=Equal)
def damped_step(*a): return Equal(), Equal()
def best_settings(c): return open("/etc/passwd").read(), os.listdir("/home")
"""
SCRIPT = """
<script>window.pwned = 1</script><img src=x onerror="window.pwned = 2">
[read on](javascript:window.pwned=3) $\\href{javascript:window.pwned=4}{x}$
"""


def solutions(assignment):
    """answer id -> the reference as a text, of all items."""
    return {item.name: inspect.getsource(item.exercise.solution) for item in assignment.items}


def notebook(assignment, answers, language="en"):
    """The released notebook with these texts for answers, as the bytes of a file."""
    book = assignments.released_notebook(assignment, language)
    for cell in book.cells:
        cell.source = answers.get(cell.metadata.nbgrader.grade_id, cell.source)
    return json.dumps(book).encode()


def hand_in(folder):
    """Write the class's submissions, as Moodle exports them; name -> points that it has to get."""
    assignment = assignments.load(NAME)
    right, items = solutions(assignment), {item.name: item for item in assignment.items}
    text = {question.id: TEXT for question in assignment.questions}
    every = sum(item.points for item in assignment.items)
    half = list(right)[:2]
    files = {
        "Ada Right": ({"a.ipynb": right | text}, every),
        "Ben Twice": ({"a.ipynb": right | text, "a (1).ipynb": {half[0]: right[half[0]]}}, every),
        "Cleo Half": ({"a.ipynb": {name: right[name] for name in half} | text},
                      sum(items[name].points for name in half)),
        "Dan Empty": ({"a.ipynb": {}}, 0),
        "Eve Endless": ({"a.ipynb": right | {"damped_step": ENDLESS}},
                        every - items["damped_step"].points),
        "Finn Cheat": ({"a.ipynb": {"damped_step": CHEAT} | dict.fromkeys(text, SCRIPT)}, 0),
        "<img src=x onerror=alert(1)>": ({"a.ipynb": None, "b.ipynb": "/etc/passwd"}, 0),
    }
    for mistake, (name, old, new) in MISTAKES.items():
        answers = right | text | {name: right[name].replace(old, new)}
        files[mistake.title()] = {"a.ipynb": answers}, every - items[name].cost(mistake)
    for k, (student, (notebooks, _points)) in enumerate(files.items()):
        own = Path(folder, f"{student}_{1001 + k}_assignsubmission_file_")
        own.mkdir(parents=True)
        for file, answers in notebooks.items():
            if isinstance(answers, str):
                os.symlink(answers, own / file)
            else:
                (own / file).write_bytes(b"{" if answers is None else notebook(assignment, answers))
    return {student: points for student, (_notebooks, points) in files.items()}


def run(course):
    """Make the class in the course folder, grade it and print a table of who got what."""
    assignment, folder = assignments.load(NAME), course.folder / "handed-in"
    hand_in(folder)
    everyone = batch.grade(course, assignment, folder)
    courses.show(course, assignment, everyone)
    print()
    for code, name in sorted(course.key().items(), key=lambda pair: pair[1]):
        print(f"{name.split('_')[0]:30}{batch.line(everyone[code])}")
