"""An assignment in another language: the same code and the same points, in other words."""
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import nbclient
import numpy as np
import pytest

from descent import language as spoken
from descent.checks import Verdict
from grader import assignment as assignments
from grader import batch, demo
from grader import course as courses
from grader.assignment import load, released_notebook, source_notebook
from grader.course import Course, CourseError
from grader.language import languages, most_held, speaking

NAME, QUESTION = "05-momentum", "fair-race"
ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {"PYTHONPATH": os.pathsep.join([str(ROOT / "grading"), str(ROOT / "lib")])}
every_language = pytest.mark.parametrize("language", languages()[1:])
every_assignment = pytest.mark.parametrize("name", assignments.names())


def command(*arguments):
    return subprocess.run([sys.executable, "-m", "grader", *map(str, arguments)], cwd=ROOT,
                          env=os.environ | ENVIRONMENT, text=True, capture_output=True)


# What a student gets.

def test_there_is_swedish():
    assert languages() == ["en", "sv"]


@every_assignment
@every_language
@pytest.mark.parametrize("make", [released_notebook, source_notebook])
def test_only_words_differ(make, language, name):
    english, there = make(load(name)), make(load(name), language)
    assert there.metadata == english.metadata and len(there.cells) == len(english.cells)
    for a, b in zip(english.cells, there.cells):
        assert (a.id, a.cell_type, a.metadata) == (b.id, b.cell_type, b.metadata)
        if a.cell_type == "markdown":
            assert a.source != b.source and "<!--" not in b.source
    codes = [(a.source, b.source) for a, b in zip(english.cells, there.cells)
             if a.cell_type == "code"]
    assert codes[0][1] == f'import descent\ndescent.set_language("{language}")\n{codes[0][0]}'
    assert all(a == b for a, b in codes[1:])
    assert spoken._("not attempted yet.") == "not attempted yet."  # the language is English again


@every_assignment
@every_language
def test_nbgrader_would_release_the_same(nbgrader, language, name):
    from nbgrader.nbgraderformat import MetadataValidator
    from nbgrader.preprocessors import ClearSolutions
    source, released = (make(load(name), language) for make in (source_notebook, released_notebook))
    MetadataValidator().validate_nb(released)
    with speaking(language):
        clear = ClearSolutions(code_stub={"python": "..."},
                               text_stub=spoken._("Write your answer here."))
    cleared, _resources = clear.preprocess(source, {"language": "python"})
    assert [cell.source for cell in cleared.cells] == [cell.source for cell in released.cells]


@every_assignment
@every_language
def test_it_runs_and_shows_the_same_numbers(language, name):
    said = {}
    for code in ("en", language):
        notebook = released_notebook(load(name), code)
        nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
        outputs = [o for cell in notebook.cells for o in cell.get("outputs", ())]
        assert outputs and all(o.output_type == "stream" and o.name == "stdout" for o in outputs)
        said[code] = "".join(o.text for o in outputs)
    assert [re.findall(r"\d+(?:\.\d+)?", said[code]) for code in said] == [
        re.findall(r"\d+(?:\.\d+)?", said["en"])] * 2
    assert "should be" in said["en"] and "should be" not in said[language]


def test_the_command_writes_the_one_that_is_asked_for(tmp_path, nbgrader):
    course = tmp_path / "course"
    done = command("release", "--course", course, "--assignment", NAME, "--language", "sv")
    assert done.returncode == 0, done.stderr
    path = course / "release" / "sv" / NAME / f"{NAME}.ipynb"
    assert done.stdout == f"A new course folder: {course}\n{path}\n"
    assert json.loads(path.read_text())["cells"] == json.loads(json.dumps([
        cell | {"source": cell.source.splitlines(keepends=True)}
        for cell in released_notebook(load(NAME), "sv").cells]))
    english = course / "release" / NAME / f"{NAME}.ipynb"
    assert "You need" in english.read_text()  # nbgrader's own, which the gradebook knows
    before = english.read_bytes()
    (course / "config.toml").write_text('language = "sv"')
    done = command("release", "--course", course, "--assignment", NAME)
    assert (done.stdout, english.read_bytes()) == (f"{path}\n", before)
    done = command("release", "--course", course, "--language", "../sv")
    assert done.returncode == 2 and "'../sv'" in done.stderr


@pytest.mark.parametrize("arguments, there", [
    (["LANGUAGE=sv"], '--language "sv"'), ([], ""), (["LANGUAGE=en"], '--language "en"')])
def test_make_hands_the_language_on(arguments, there):
    done = subprocess.run(["make", "-n", "release", f"ASSIGNMENT={NAME}", *arguments], cwd=ROOT,
                          env=os.environ | {"LANGUAGE": "de_DE"}, text=True, capture_output=True)
    [line] = [line for line in done.stdout.splitlines() if "-m grader release" in line]
    assert line.partition(f'--assignment "{NAME}"')[2].strip() == there


def test_a_language_that_is_not_known_is_refused(tmp_path):
    (tmp_path / "config.toml").write_text('language = "../sv"')
    with pytest.raises(CourseError, match=r"The language in config.toml is one of en, sv"):
        Course(tmp_path)


# In which language a submission is.

EDITIONS = {"en": {"a": "one", "b": "two", "code": "x = 1", "only": "more"},
            "sv": {"a": "ett", "b": "två", "code": "x = 1", "only": "mer"}}


@pytest.mark.parametrize("texts, language", [
    (["one", "x = 1"], "en"), (["ett\n", "two", "två"], "sv"), (["x = 1"], None), ([], None),
    (["one", "ett"], None), (["sv"] * 9, None), (['descent.set_language("../../etc")'], None),
    (["one", 'descent.set_language("sv")'], "en"), (["ett"] * 10**5 + ["one", "two"], "en")])
def test_it_is_that_of_most_of_its_texts(texts, language):
    assert most_held(texts, EDITIONS) == language


def test_no_word_of_a_submission_chooses_another(tmp_path, momentum):
    editions = courses.editions(momentum)
    book = json.loads(demo.notebook(momentum, demo.solutions(momentum), "sv"))
    for k, value in enumerate(["en", "../../etc", "", None, 5, ["sv"], {"sv": 1}, "x" * 10**6]):
        book["metadata"] |= {"language": value, "lang": value, "language_info": value}
        book["cells"][1]["source"] = f"descent.set_language({value!r})"
        path = tmp_path / f"{k}.ipynb"
        path.write_text(json.dumps(book))
        answers, language = batch.submission.read(path, courses.stubs(momentum), editions)
        assert language == "sv" and answers == demo.solutions(momentum)


@every_language
def test_what_was_not_touched_is_no_answer_in_any_language(tmp_path, momentum, language):
    path = tmp_path / "a.ipynb"
    path.write_bytes(demo.notebook(momentum, {}, language))
    assert batch.submission.read(path, courses.stubs(momentum), courses.editions(momentum)) == (
        {}, language)


# What a student is told.

WRONG = {  # student -> answers, beside those that are right
    "ADA": {}, "BO": {"damped_step": ("theta - lr * v", "theta + lr * v")},  # a known mistake
    "CY": {"convergence_factor": ("max(np.abs", "2.5 + max(np.abs")},        # another
    "DAN": {"lookahead_run": ("gradient(theta +", "gradeint(theta +"),       # an error
            "best_settings": ("return 4", "return str, 4")},                 # neither number nor array
}


@pytest.fixture(scope="module")
def two(released, tmp_path_factory, sandboxed, momentum):
    """The same class in two courses of one secret; who hands in in English in the one does so in
    Swedish in the other. -> [(course, {student: Outcome})]"""
    found = []
    for turn in range(2):
        folder = tmp_path_factory.mktemp("class")
        course = Course(shutil.copytree(released.folder, folder / "course"))
        (folder / "in").mkdir()
        right = demo.solutions(momentum) | {QUESTION: "Score: 1 / 2 Student's answer Top"}
        for k, (student, changes) in enumerate(WRONG.items()):
            answers = right | {name: right[name].replace(*pair) for name, pair in changes.items()}
            (folder / "in" / f"{student}.ipynb").write_bytes(
                demo.notebook(momentum, answers, ("en", "sv")[(k + turn) % 2]))
        (folder / "in" / "EVA.ipynb").write_bytes(
            demo.notebook(momentum, {}, ("en", "sv")[turn]))
        (folder / "in" / "FAY.ipynb").write_text("{}")
        (course.folder / "config.toml").write_text(f'language = "{("en", "sv")[turn]}"')
        course = Course(course.folder)
        everyone = batch.grade(course, momentum, folder / "in", say=str)
        courses.show(course, momentum, everyone)
        found.append((course, {course.key()[code]: o for code, o in everyone.items()}))
    return found


def page(course, outcome):
    path = course.folder / "feedback" / outcome.code / NAME / f"{NAME}.html"
    text = re.sub(r"<style.*?</style>", "", path.read_text("utf-8"), flags=re.S)
    return path.read_text("utf-8"), re.sub(r"<[^>]*>", "", text).replace("&#39;", "'")


def test_the_same_work_gets_the_same_points(two):
    (_a, first), (_b, second) = two
    assert [first[student].language for student in sorted(first)] == [
        "en", "sv", "en", "sv", "en", "en"]
    assert [second[student].language for student in sorted(first)] == [
        "sv", "en", "sv", "en", "sv", "sv"]
    for student in first:
        a, b = first[student], second[student]
        assert (a.code, a.seed, a.answers) == (b.code, b.seed, b.answers)
        assert [part[:4] for part in a.parts] == [part[:4] for part in b.parts]
        assert bool(a.reason) == bool(b.reason) == (student == "FAY")
    assert first["ADA"].points == 16 and first["BO"].parts[0].mistake == "uphill"
    assert 0 < first["DAN"].points < 16 and first["EVA"].points == 0


def test_everyone_is_told_in_the_language_of_their_notebook(two):
    (_a, first), (_b, second) = two
    for student in first:
        english, swedish = sorted((first[student], second[student]), key=lambda o: o.language)
        if student == "FAY":
            assert english.reason == "The file is not a notebook (no cells)."
            assert swedish.reason == "Filen är ingen notebook (inga celler)."
        for a, b in zip(english.parts, swedish.parts):
            assert a.text != b.text or student == "FAY", a
    assert second["ADA"].parts[0].text.startswith("✓ damped_step: rätt i alla 5 försök; dämpning")
    assert first["BO"].parts[0].text == "✗ damped_step: det här går uppför: subtrahera lr * v."
    assert "you get" in first["CY"].parts[2].text and "Right in 0 of" in first["CY"].parts[2].text
    assert "du får" in second["CY"].parts[2].text and "Rätt i 0 av" in second["CY"].parts[2].text
    assert "den stannar vid ”" in first["DAN"].parts[1].text
    for told, words in ((first, "den returnerade något av typen type, som varken är ett tal"),
                        (second, "it returned a type, which is neither a number")):
        assert words in told["DAN"].parts[3].text
    assert second["EVA"].parts[0].text == "○ damped_step: inte påbörjad ännu."


def test_the_page_of_feedback_has_no_english_words_in_swedish(two, momentum):
    words = ("Score", "Test cell", "Written response", "Student's answer", "Grade cell", "(Top)",
             "Comments:", "Code ", "Your data", "uphill", "There is no answer", "You need")
    theirs = "Score: 1 / 2 Student's answer Top"  # a student's own words stay
    for course, everyone in two:
        for outcome in everyone.values():
            whole, text = page(course, outcome)
            english = [word for word in words if word in text.replace(theirs, "")]
            assert (outcome.language == "sv") == ('<html lang="sv">' in whole)
            if outcome.language == "en":
                assert {"Score", "Test cell", "Student's answer", "(Top)", "Code "} <= {*english}
            else:
                assert english == [] and text.count("Poäng: ") == 11 and "Du behöver" in text
                assert "Hur det här poängsätts" not in text  # the rubric is for who scores
            assert (theirs in text) == (QUESTION in outcome.answers)
    assert "(uppför)" in page(two[0][0], two[0][1]["BO"])[1]
    assert "Kommentarer:" in page(two[0][0], two[0][1]["BO"])[1]


def test_a_second_run_grades_nothing_and_keeps_the_language(two, momentum, monkeypatch):
    course, before = two[0]
    monkeypatch.setattr(batch, "scored", lambda pending, *rest: pending)  # nobody grades anything
    again = batch.grade(course, momentum, course.folder.parent / "in", say=str)
    assert {course.key()[code]: o for code, o in again.items()} == before


def test_scored_by_hand_no_text_seems_new_for_its_language(two, momentum):
    for course, everyone in two:
        code = everyone["EVA"].code
        with courses.gradebook(course) as book:
            grade = book.find_grade(QUESTION, NAME, NAME, code)
            grade.manual_score, grade.needs_manual_grade = 1, False
        courses.record(course, momentum, {code: everyone["EVA"]})
        with courses.gradebook(course) as book:
            assert not book.find_grade(QUESTION, NAME, NAME, code).needs_manual_grade


@every_language
@every_assignment
def test_every_mistake_has_its_sentence_and_its_name(name, language):
    for item in load(name).items:
        with speaking(language):
            for mistake in item.exercise.mistakes:
                assert spoken._(mistake.text) != mistake.text
                assert spoken.in_context(mistake.name, "mistake") != mistake.name or (
                    mistake.name in ("adam", "nesterov", "momentum"))
            assert spoken._(item.exercise.returns) != item.exercise.returns


@every_language
def test_the_project_speaks_too(language):
    item = load("08-project").items[-1]
    with speaking(language), contextlib.redirect_stdout(StringIO()):
        share, text = item.score(lambda theta, g, memory, k: (theta + np.inf, {}), _Seeds())
    assert share == 0 and text.startswith("✗ step: i iteration ")


class _Seeds:
    def integers(self, _most):
        return 1


def test_a_function_that_was_given_is_named_in_the_language():
    from descent.checks import judge
    item = load(NAME).items[1]
    cases = item.exercise.cases(np.random.default_rng(0))
    with speaking("sv"):
        verdict = judge(item.exercise, lambda gradient, theta, lr, beta, steps: 5.0, cases)
    assert isinstance(verdict, Verdict) and "gradienten av en förlust" in verdict.text


# Where a name is misspelt.

def test_grading_into_a_course_that_is_not_there_is_refused(tmp_path, sandboxed):
    (tmp_path / "in").mkdir()
    done = command("grade", "--course", tmp_path / "cuorse", "--assignment", NAME, "--submissions",
                   tmp_path / "in")
    assert done.returncode == 1 and done.stderr.startswith("There is no course folder ")
    assert not (tmp_path / "cuorse").exists()


@pytest.mark.parametrize("file", ["05_momentum.py", "5-momentum.md", "05-momentum.py.txt",
                                  "momentum.py", "05-Momentum.md", "09-more.py"])
def test_a_private_file_of_no_assignment_is_refused(tmp_path, file):
    for harmless in ("README.md", "notes.txt", ".hidden.py~", f"{NAME}.md"):
        (tmp_path / harmless).write_text((assignments.FOLDER / f"{NAME}.md").read_text())
    load(NAME, tmp_path)
    (tmp_path / file).touch()
    with pytest.raises(ValueError, match=f"{re.escape(file)} in .* belongs to no assignment"):
        load(NAME, tmp_path)
