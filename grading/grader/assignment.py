"""Assignments: what is asked, how it is tried, what it is worth, and the notebooks to hand out.

An assignment is two files of one name in grading/assignments. NN-slug.py holds ITEMS, the functions
to write, and QUESTIONS, the free text. NN-slug.md is the notebook in MyST Markdown, where these
marks stand for what is written once elsewhere:

- a code cell `# setup` becomes setup.py, `# answer: NAME` the stub of item NAME (in the source
  notebook its reference), and a code cell that begins with `# sample: NAME` carries its points;
- `# shown: NAME` becomes the source of one of the functions SHOWN, if the module has any;
- a Markdown cell `<!-- text: ID -->` is where the answer to question ID is written;
- `<!-- points: NAME -->`, `<!-- total -->` and `<!-- rules -->` become words.

In another language the words are the catalogue's (see notebooks/source/translate.py). All that
nbgrader knows of a cell is the same, and the code, but for its first cell, which sets the language.
"""

import ast
import importlib.util
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

from descent.checks import Exercise, exercises
from descent.language import _, count, in_context, mark

from .language import speaking

FOLDER = Path(__file__).resolve().parents[1] / "assignments"
MARK = r"(?:# |<!-- )(setup|answer|sample|shown|text)(?:: ([\w-]+))?(?: -->)?$"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python",
                      "nbconvert_exporter": "python", "pygments_lexer": "ipython3"},
}
CHOOSE = 'import descent\ndescent.set_language("{language}")\n'

RULES = mark("""
## How it is scored

- Write each answer where its empty function stands. Keep the function's name and its parameters,
  and let it leave the arrays that it is given as they are.
- Only the text of the answer cells is graded. They are run in their order, with `np` given and
  nothing else: no other cell, no other file, and of packages only NumPy. Prints, pictures and
  cells of your own do no harm, and no good.
- Below each answer a cell calls it on a small sample and prints what it gives beside what it
  should give. The grader calls it with other numbers, drawn for you alone. What counts is the
  method: an answer is right if it agrees to six digits, that is up to 10⁻⁶ of its largest number.
- All calls right: all points. A usual mistake is called by its name and costs what it weighs. Any
  other wrong answer gets a share of the points, rounded down, for the calls that it gets right.
- Where a function builds on an earlier one, it is tried with a right version of that one: a
  mistake costs once.
- The free text is read and scored by a person.
""")


@dataclass(frozen=True)
class Item:
    """A function to write, scored by machine; its name is the answer's id."""

    exercise: Exercise
    points: int
    builds_on: tuple = ()       # names of functions that are served as references while it is tried
    costs: dict = field(default_factory=dict)  # mistake's name -> points lost; else all of them
    score: Callable | None = None  # (function, rng) -> (share of the points, text) for a project

    @property
    def name(self):
        return self.exercise.solution.__name__

    def cost(self, mistake):
        """The points that a mistake of this name loses."""
        return self.costs.get(mistake, self.points)


@dataclass(frozen=True)
class Question:
    """A free text, scored by hand; the rubric is shown to the one who scores."""

    id: str
    points: int
    rubric: str


@dataclass(frozen=True)
class Assignment:
    name: str
    title: str
    items: tuple
    questions: tuple
    text: str         # of the notebook, in MyST Markdown
    shown: tuple = ()  # functions whose source the notebook shows

    @property
    def total(self):
        return sum(part.points for part in (*self.items, *self.questions))


def names():
    """The names of all assignments, in order."""
    return sorted(path.stem for path in FOLDER.glob("[0-9][0-9]-*.py"))


def load(name, overlay=None):
    """The assignment of this name. A file of the folder `overlay` wins over the public one.

    Raises ValueError if there is no such assignment, naming those that there are, or no overlay, or
    if a file there has the name of no public one: it would win over nothing.
    """
    if overlay and not Path(overlay).is_dir():
        raise ValueError(_("There is no folder {folder}.").format(folder=overlay))
    for file in Path(overlay).iterdir() if overlay else ():
        known = {f"{known}{suffix}" for known in names() for suffix in (".py", ".md")}
        if re.match(r"\d|(?!readme).*\.(py|md)$", file.name, re.I) and file.name not in known:
            raise ValueError(_("{file} in {folder} belongs to no assignment; there are {names}.")
                             .format(file=file.name, folder=overlay, names=", ".join(names())))
    if name not in names():
        raise ValueError(_("There is no assignment {name!r}; there are {names}.").format(
            name=name, names=", ".join(names())))

    def found(suffix):
        private = Path(overlay or FOLDER) / f"{name}{suffix}"
        return private if private.is_file() else FOLDER / f"{name}{suffix}"

    spec = importlib.util.spec_from_file_location(re.sub(r"\W", "_", name), found(".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = found(".md").read_text(encoding="utf-8")
    return Assignment(name, re.search(r"^# (.*)$", text, re.M)[1], tuple(module.ITEMS),
                      tuple(module.QUESTIONS), text, tuple(getattr(module, "SHOWN", ())))


def said(exercise, mistake):
    """What the course's own check says to this mistake in this exercise: the same words here."""
    return next(m.text for m in exercises()[exercise].mistakes if m.name == mistake)


def source_notebook(assignment, language="en"):
    """The notebook with its solutions, in nbgrader's form of a source."""
    with speaking(language):
        return _notebook(assignment, language, solved=True)


def released_notebook(assignment, language="en"):
    """The notebook to hand out: stubs for solutions, and what is not to be edited is locked."""
    with speaking(language):
        notebook = _notebook(assignment, language, solved=False)
    for cell in notebook.cells:
        marks = cell.metadata.nbgrader
        cell.metadata.deletable = False
        if marks.locked:
            cell.metadata.editable = False
    return notebook


def stub(item):
    """The text of an answer cell that was not touched."""
    return _code(item, solved=False)


def rubric(assignment, question):
    """How a free text is scored, in the chosen language."""
    return in_context(question.rubric, context(assignment.name)).strip()


def context(name):
    """The context of an assignment's words in the catalogue."""
    return f"assignment {name}"


def _notebook(assignment, language, solved):
    items = {item.name: item for item in assignment.items}
    questions = {question.id: question for question in assignment.questions}
    notebook = nbformat.v4.new_notebook(metadata=METADATA)
    for kind, text in _parts(assignment.text):
        found = re.match(MARK, text, re.M)
        what, name = found.groups() if found else (kind, None)
        if what == "answer":
            cell = _cell("code", _code(items[name], solved), name, solution=True)
        elif what == "sample":
            cell = _cell("code", text[found.end():].strip(), f"{name}-sample", grade=True,
                         points=items[name].points)
        elif what == "text":
            cell = _cell("markdown", _written(assignment, questions[name], solved), name,
                         grade=True, solution=True, points=questions[name].points)
        else:
            if what == "shown":
                text = next(inspect.getsource(f) for f in assignment.shown if f.__name__ == name)
            elif what == "setup":
                text = CHOOSE.format(language=language) if language != "en" else ""
                text += (FOLDER / "setup.py").read_text(encoding="utf-8")
            elif what == "markdown":
                text = _words(assignment, in_context(text, context(assignment.name)))
            cell = _cell(kind, text.rstrip(), f"read-{len(notebook.cells)}")
        notebook.cells.append(cell)
    return notebook


def _parts(text):
    """The cells of a MyST source, as pairs of kind and text."""
    text = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.S)
    pieces = re.split(r"^```\{code-cell\}.*?\n(.*?)\n```$|^\+\+\+$", text, flags=re.M | re.S)
    for k, piece in enumerate(pieces):
        if piece and piece.strip():
            yield "code" if k % 2 else "markdown", piece.strip()


def _cell(kind, source, name, grade=False, solution=False, points=None):
    """A cell with nbgrader's metadata; what is no answer is locked."""
    make = nbformat.v4.new_code_cell if kind == "code" else nbformat.v4.new_markdown_cell
    marks = dict(grade=grade, grade_id=name, locked=not solution, schema_version=3,
                 solution=solution, task=False)
    if grade:
        marks["points"] = points
    return make(source, id=name, metadata={"nbgrader": marks})


def _code(item, solved):
    """The answer cell: head and docstring of the reference, then its body or `...`."""
    lines = inspect.getsource(item.exercise.solution).rstrip().split("\n")
    head = ast.parse("\n".join(lines)).body[0].body[0].end_lineno
    body = (["    ### BEGIN SOLUTION", *lines[head:], "    ### END SOLUTION"] if solved else
            ["    ..."])
    return "\n".join([*lines[:head], *body])


def _written(assignment, question, solved):
    if solved:
        return f"### BEGIN SOLUTION\n{rubric(assignment, question)}\n### END SOLUTION"
    return _("Write your answer here.")


def _words(assignment, text):
    worth = {part.name if isinstance(part, Item) else part.id: part.points
             for part in (*assignment.items, *assignment.questions)}

    def points(n):
        return count("{n} point", "{n} points", n)

    text = re.sub(r"<!-- points: ([\w-]+) -->", lambda found: f"({points(worth[found[1]])})", text)
    text = text.replace("<!-- total -->", points(assignment.total))
    return text.replace("<!-- rules -->", _(RULES).strip())
