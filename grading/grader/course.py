"""The course folder, as nbgrader knows it: release, gradebook, rebuilt notebooks and feedback.

    nbgrader_config.py  source/  release/  gradebook.db  autograded/  feedback/     nbgrader's
    results/            one JSON file for each graded attempt, and what counts      batch.py's
    secret  key.csv     what codes and seeds are drawn from, whose code is whose    mode 0600

nbgrader never runs anything of a submission here. The autograded notebooks are the released one
with the texts of the answers put in, and the scores go to the gradebook through nbgrader.api.
"""

import base64
import csv
import hmac
import io
import json
import os
import re
import secrets
import sys
import tomllib
import warnings
from contextlib import contextmanager
from pathlib import Path

import nbformat

from descent.language import _, in_context, mark

from .assignment import released_notebook, rubric, source_notebook
from .language import languages, speaking

HERE = Path(__file__).parent
# nbgrader's words in its pages of feedback, each where no text of a submission can be.
WORDS = {
    mark("Score"): r"{}(?=: -?[\d.]+ / [\d.]+(?:\)</h4>|\)</li>| <a href=\"#top\">))",
    mark("Test cell"): r"(?<=\">){}(?=</a>)",
    mark("Written response"): r"(?<=\">){}(?=</a>)",
    mark("Comment"): r"(?<=\">){}(?=</a>)",
    mark("Student's answer"): r"(?<=<span class=\"nbgrader-label\">){}(?=</span>)",
    mark("Grade cell"): r"(?<=<span class=\"nbgrader-label\">){}(?=: <code>)",
    mark("Top"): r"(?<=<a href=\"#top\">\(){}(?=\)</a>)",
    mark("Comments:"): r"(?<=<b>){}(?=</b>)",
}
FORMULA = "[=+@\t\r-]"  # what begins with one of these is a formula to a spreadsheet
SETTINGS = """\
# Written by the grader each time. It makes nbgrader's own commands and formgrader use the grader's
# templates, in which no script of a submission can run and nothing is loaded from the internet.
from nbconvert.preprocessors import CSSHTMLHeaderPreprocessor, TagRemovePreprocessor
from nbgrader.preprocessors import GetGrades

c = get_config()
c.CourseDirectory.root = {root!r}
c.CourseDirectory.course_id = "descent"
# nbgrader's own autograder runs submissions in the lecturer's kernel: where it looks for them there
# are only pages of feedback, one folder for each student, so it counts them right and runs nothing.
c.CourseDirectory.submitted_directory = "feedback"
c.ClearSolutions.code_stub = {{"python": "..."}}
c.ClearSolutions.text_stub = {text!r}
c.HTMLExporter.extra_template_basedirs = {templates!r}
# The rubric is for the one who scores: it is in formgrader, not in the feedback.
c.GenerateFeedback.preprocessors = [
    GetGrades, CSSHTMLHeaderPreprocessor,
    TagRemovePreprocessor(remove_cell_tags={{"rubric"}}, enabled=True)]
"""


class CourseError(Exception):
    """What the lecturer has to know, in one sentence."""


class Course:
    """A course folder. It is made, for its owner's eyes only, when it isn't there."""

    def __init__(self, folder):
        self.folder = Path(folder).absolute()
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise CourseError(_("{folder} can't be a course folder: {why}").format(
                folder=self.folder, why=error.strerror)) from None
        if not (self.folder / "secret").exists():
            write(self.folder / "secret", secrets.token_hex(32).encode(), mode=0o600)
        self.secret = (self.folder / "secret").read_text()
        self.config = tomllib.loads((HERE.parent / "config.toml").read_text("utf-8"))
        if (own := self.folder / "config.toml").exists():
            self.config |= tomllib.loads(own.read_text("utf-8"))
        if self.config["language"] not in languages():
            raise CourseError(_("The language in config.toml is one of {known}; it is {it!r}.")
                              .format(known=", ".join(languages()), it=self.config["language"]))

    def code(self, student):
        """The anonymous code of a student: of the secret and the name, so it is always the same."""
        digest = hmac.digest(self.secret.encode(), student.encode(), "sha256")
        return base64.b32encode(digest)[:10].decode().lower()

    def key(self):
        """code -> name of everyone whose work was graded."""
        path = self.folder / "key.csv"
        if not path.exists():
            return {}
        with open(path, newline="", encoding="utf-8") as file:
            return {row["code"]: re.sub(f"^'({FORMULA})", r"\1", row["name"])
                    for row in csv.DictReader(file)}

    def remember(self, students):
        """Put these names into the key."""
        key = self.key() | {self.code(name): name for name in students}
        rows = [["code", "name"], *sorted(map(list, key.items()))]
        write_csv(self.folder / "key.csv", rows, mode=0o600)

    def notebook(self, step, assignment, code="."):
        """The path of an assignment's notebook at a step of nbgrader's, for example "release"."""
        return self.folder / step / code / assignment / f"{assignment}.ipynb"


def write(path, data, mode=0o644):
    """Write bytes so that the file is the old one or the new one at any moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)


def write_csv(path, rows, mode=0o644):
    """Rows as CSV, atomically. No cell is a formula to a spreadsheet, whatever it begins with."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(
        [re.sub(f"^({FORMULA})", r"'\1", cell) if isinstance(cell, str) else cell for cell in row]
        for row in rows)
    write(path, text.getvalue().encode("utf-8", "backslashreplace"), mode)


def plain(text, limit=20_000):
    """The text without what no file can hold, and not longer than a person reads."""
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= limit else text[:limit] + "\n[...]"


def neutral(text):
    """The text as Markdown that shows it as it was typed: each line indented, so all of it is code.

    No HTML, link, image or formula is left in it for any renderer to act on.
    """
    return "\n".join("    " + line for line in plain(text).splitlines()) or "    "


# Release.

def nbgrader(course):
    """nbgrader's Python API on this course folder."""
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    import nbgrader.server_extensions.formgrader as formgrader  # which calls alembic by its name
    from nbgrader.apps.api import NbGraderAPI
    from traitlets.config import PyFileConfigLoader

    templates = [str(HERE / "templates"), str(Path(formgrader.__file__).parent / "templates")]
    settings = SETTINGS.format(root=str(course.folder), templates=templates,
                               text=_("Write your answer here."))
    write(course.folder / "nbgrader_config.py", settings.encode())
    config = PyFileConfigLoader("nbgrader_config.py", path=str(course.folder)).load_config()
    api = NbGraderAPI(config=config)
    api.log_level = "ERROR"
    return api


def release(course, assignment, language="en"):
    """Write release/NAME/NAME.ipynb by nbgrader, so that the gradebook knows every cell of it.

    The notebook in another language, which has the same cells, goes to release/LANGUAGE. Raises
    CourseError where nbgrader refuses, as it does if cells came or went after grading.
    """
    source = course.notebook("source", assignment.name)
    released = course.notebook("release", assignment.name)
    data = json.dumps(source_notebook(assignment), indent=1).encode()
    if language != "en":
        release(course, assignment)
        path = course.notebook("release", assignment.name, language)
        write(path, nbformat.writes(released_notebook(assignment, language)).encode())
        return path
    if released.exists() and source.exists() and source.read_bytes() == data:
        return released
    released.unlink(missing_ok=True)  # so that half of this is never taken for all of it
    write(source, data)
    done = nbgrader(course).generate_assignment(assignment.name)
    if not done["success"]:
        source.unlink()
        raise CourseError(_("nbgrader could not release {name}: {why}").format(
            name=assignment.name, why=(done["error"] or done["log"]).strip().splitlines()[-1]))
    return released


# Gradebook.

@contextmanager
def gradebook(course):
    """nbgrader's gradebook in one transaction: all that is done within, or nothing."""
    with nbgrader(course).gradebook as book, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nbgrader adds objects while SQLAlchemy flushes others
        commit, book.db.commit = book.db.commit, book.db.flush
        yield book
        commit()


def stubs(assignment, language="en"):
    """answer id -> the text of its cell as released."""
    return {cell.metadata.nbgrader.grade_id: cell.source
            for cell in released_notebook(assignment, language).cells
            if cell.metadata.nbgrader.solution}


def editions(assignment):
    """language -> {cell id: text} of all that is released."""
    return {language: {cell.id: cell.source
                       for cell in released_notebook(assignment, language).cells}
            for language in languages()}


def scored_cells(assignment):
    """answer id -> the id of the cell that carries its points."""
    answer, scored = None, {}
    for cell in source_notebook(assignment).cells:
        marks = cell.metadata.nbgrader
        answer = marks.grade_id if marks.solution else answer
        if marks.grade:
            scored[answer] = marks.grade_id
    return scored


def record(course, assignment, outcomes):
    """Put what each student gets into the gradebook; what was scored by hand stays as it is.

    outcomes: code -> Outcome (see batch). A score by hand is only marked for another look, where
    the text that it was given for has changed, or the points that it took the place of.
    """
    cells, texts = scored_cells(assignment), editions(assignment)
    with gradebook(course) as book:
        for code, outcome in outcomes.items():
            book.update_or_create_student(code)
            submission = book.update_or_create_submission(assignment.name, code)
            grades = {grade.name: grade for grade in submission.notebooks[0].grades}
            comments = {comment.name: comment for comment in submission.notebooks[0].comments}
            said, nothing = _comments(outcome)
            before = _texts(course.notebook("autograded", assignment.name, code))
            for part in outcome.parts:
                grade = grades[cells[part.name]]
                changed = grade.auto_score != part.points
                grade.needs_manual_grade = grade.manual_score is not None and (
                    changed or grade.needs_manual_grade)
                grade.auto_score = part.points
                comments[part.name].auto_comment = neutral(said[part.name])
            for question in assignment.questions:
                grade, answered = grades[cells[question.id]], question.id in outcome.answers
                now = (neutral(outcome.answers[question.id]) if answered else
                       texts[outcome.language][question.id])
                changed = before.get(question.id) != now
                grade.needs_manual_grade = (answered or grade.manual_score is not None) and (
                    grade.manual_score is None or changed or grade.needs_manual_grade)
                grade.auto_score = None if answered else 0
                comments[question.id].auto_comment = None if answered else neutral(nothing)


def _comments(outcome):
    """What is said to each part, {name: text}, and to a free text that isn't there."""
    with speaking(outcome.language):
        named = {part.name: f"{part.text} ({in_context(part.mistake, 'mistake')})" if part.mistake
                 else part.text for part in outcome.parts}
        nothing = _("There is no answer here.")
    reason = outcome.reason
    return {name: reason or text for name, text in named.items()}, reason or nothing


def totals(course, assignment):
    """code -> (points, whether a part still has to be scored by hand), of everyone graded."""
    with gradebook(course) as book:
        return {s.student_id: (s.score, bool(s.needs_manual_grade))
                for s in book.assignment_submissions(assignment.name)}


def _texts(path):
    """id -> source of the marked cells of a rebuilt notebook, none where there is no such file."""
    if not path.exists():
        return {}
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return {cell["metadata"]["nbgrader"]["grade_id"]: cell["source"] for cell in cells
            if "nbgrader" in cell["metadata"]}


# What is shown to the student and in formgrader.

def rebuilt(assignment, outcome):
    """The released notebook with the answers' texts in it, and nothing else of a submission."""
    with speaking(outcome.language):
        return _rebuilt(assignment, outcome, released_notebook(assignment, outcome.language))


def _rebuilt(assignment, outcome, notebook):
    cells, rubrics = [], {question.id: rubric(assignment, question)
                          for question in assignment.questions}
    for cell in notebook.cells:
        name = cell.metadata.nbgrader.grade_id
        if name in outcome.answers:
            text = outcome.answers[name]
            cell.source = plain(text) if cell.cell_type == "code" else neutral(text)
        cells.append(cell)
        if name in rubrics:
            how = _("How this is scored:") + "\n\n" + rubrics[name]
            cells.append(_note(f"rubric-{name}", "rubric", how))
    about = _("Code {code}. Attempt {k} of {n} counts. Your data are drawn from the seed {seed}.")
    about = about if outcome.attempts else _("Code {code}.")
    about = about.format(code=outcome.code, k=outcome.kept, n=outcome.attempts, seed=outcome.seed)
    about += f"\n\n{neutral(outcome.reason)}" * bool(outcome.reason)
    notebook.cells = [_note("about", "about", about), *cells]
    return notebook


def _note(id, tag, text):
    return nbformat.v4.new_markdown_cell(text, id=id, metadata={"tags": [tag]})


def show(course, assignment, outcomes):
    """Write the rebuilt notebooks, and nbgrader's feedback of everyone in the gradebook.

    Raises CourseError where nbgrader's feedback fails.
    """
    for code, outcome in outcomes.items():
        data = json.dumps(rebuilt(assignment, outcome), indent=1).encode()
        write(course.notebook("autograded", assignment.name, code), data)
    done = nbgrader(course).generate_feedback(assignment.name)
    if not done["success"]:
        raise CourseError(_("nbgrader could not write the feedback: {why}").format(
            why=(done["error"] or done["log"]).strip().splitlines()[-1]))
    for code, outcome in outcomes.items():
        path = course.folder / "feedback" / code / assignment.name / f"{assignment.name}.html"
        if outcome.language != "en":
            write(path, worded(path.read_text("utf-8"), outcome.language).encode())


def worded(page, language):
    """A page of feedback with nbgrader's own words in this language."""
    with speaking(language):
        for word, place in WORDS.items():
            page = re.sub(place.format(word), lambda found: _(found[0]), page)
    return page.replace("<html>", f'<html lang="{language}">', 1)


def formgrader(course, port=8888, browser=True):
    """Serve formgrader on this course folder, on this machine only, until it is interrupted.

    The server has nothing else: no kernels, no terminals, no files. So "Open live notebook" opens
    nothing, and nobody runs a submission by mistake.
    """
    from jupyter_server.serverapp import ServerApp
    from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

    class NoFiles(AsyncLargeFileManager):
        def get_extra_handlers(self):
            return []

    class Server(ServerApp):
        default_services = ("auth", "security")

        def find_server_extensions(self):
            self.jpserver_extensions = {"nbgrader.server_extensions.formgrader": True}

    nbgrader(course)
    os.chdir(course.folder)  # where formgrader looks for nbgrader_config.py
    Server.launch_instance(argv=[], root_dir=str(course.folder), ip="127.0.0.1", port=port,
                           open_browser=browser, default_url="/formgrader/gradebook",
                           contents_manager_class=NoFiles, allow_root=True)
