"""The course folder: release, gradebook, what is scored by hand, and pages that run no script."""
import os
import re
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from grader import assignment as assignments
from grader import course as courses
from grader import demo
from grader.batch import Outcome
from grader.course import Course, CourseError
from grader.scoring import Part

NAME = "05-momentum"
ROOT = Path(__file__).resolve().parents[2]
QUESTION = "fair-race"


def outcome(momentum, points=1, text="damped: it goes uphill", answers=None, **more):
    parts = tuple(Part(item.name, points, item.points, "uphill", text) for item in momentum.items)
    return Outcome("code1", 42, parts, demo.solutions(momentum) | {QUESTION: "Tune both."}
                   if answers is None else answers, attempts=1, kept=1, **more)


def grades(course):
    """cell -> (automatic score, manual score, waits), of code1; and the comments likewise."""
    with courses.gradebook(course) as book:
        notebook = book.find_submission(NAME, "code1").notebooks[0]
        return ({g.name: (g.auto_score, g.manual_score, g.needs_manual_grade)
                 for g in notebook.grades},
                {c.name: (c.auto_comment, c.manual_comment) for c in notebook.comments})


def by_hand(course, points, comment):
    """What formgrader does when a person scores the free text."""
    with courses.gradebook(course) as book:
        grade = book.find_grade(QUESTION, NAME, NAME, "code1")
        grade.manual_score, grade.needs_manual_grade = points, False
        book.find_comment(QUESTION, NAME, NAME, "code1").manual_comment = comment


# The folder.

def test_a_course_folder_is_its_owners(tmp_path):
    course = Course(tmp_path / "course")
    course.remember(["Ada", "Bo"])
    modes = {name: stat.S_IMODE((course.folder / name).stat().st_mode)
             for name in (".", "secret", "key.csv")}
    assert modes == {".": 0o700, "secret": 0o600, "key.csv": 0o600}
    again = Course(tmp_path / "course")
    assert again.code("Ada") == course.code("Ada") != course.code("Bo")
    assert again.key() == {course.code("Ada"): "Ada", course.code("Bo"): "Bo"}
    assert Course(tmp_path / "other").code("Ada") != course.code("Ada")


def test_a_lecturers_own_settings_win(tmp_path):
    (tmp_path / "config.toml").write_text('keep = "last"')
    config = Course(tmp_path).config
    assert config["keep"] == "last" and config["at_a_time"] == 2


def test_a_file_is_the_old_one_or_the_new_one(tmp_path, monkeypatch):
    path = tmp_path / "x" / "file"
    courses.write(path, b"old")
    monkeypatch.setattr(os, "replace", lambda *a: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        courses.write(path, b"new")
    assert path.read_bytes() == b"old"


# Release.

@pytest.mark.parametrize("name", assignments.names())
def test_nbgrader_releases_what_the_assignment_says(fresh, name):
    assignment = assignments.load(name)
    path = courses.release(fresh, assignment)
    notebook, wanted = nbformat.read(path, 4), assignments.released_notebook(assignment)
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in wanted.cells]
    assert "BEGIN SOLUTION" not in path.read_text()
    with courses.gradebook(fresh) as book:
        known = book.find_notebook(name, name)
        assert known.max_score == assignment.total
        assert {cell.name for cell in known.solution_cells} == {
            *(item.name for item in assignment.items), *(q.id for q in assignment.questions)}
        points = {cell.name: cell.max_score for cell in known.grade_cells}
    cells = courses.scored_cells(assignment)
    assert {name: points[cell] for name, cell in cells.items()} == {
        **{item.name: item.points for item in assignment.items},
        **{question.id: question.points for question in assignment.questions}}


def test_what_nbgrader_refuses_is_said_in_a_sentence(fresh, momentum):
    courses.record(fresh, momentum, {"code1": outcome(momentum)})
    more = replace(momentum, text=momentum.text + "\n\n```{code-cell} ipython3\n1 + 1\n```\n")
    with pytest.raises(CourseError, match="nbgrader could not release 05-momentum"):
        courses.release(fresh, more)


def test_points_can_change_after_grading(fresh, momentum):
    courses.record(fresh, momentum, {"code1": outcome(momentum)})
    items = (replace(momentum.items[0], points=7), *momentum.items[1:])
    courses.release(fresh, replace(momentum, items=items))
    with courses.gradebook(fresh) as book:
        assert book.find_submission(NAME, "code1").max_score == momentum.total + 3
    assert grades(fresh)[0]["damped_step-sample"][0] == 1


# Gradebook.

def test_points_and_mistakes_are_in_the_gradebook(fresh, momentum):
    courses.record(fresh, momentum, {"code1": outcome(momentum)})
    scores, comments = grades(fresh)
    assert scores == {f"{item.name}-sample": (1, None, False) for item in momentum.items} | {
        QUESTION: (None, None, True)}
    assert comments["damped_step"][0].strip() == "damped: it goes uphill (uphill)"
    assert courses.totals(fresh, momentum) == {"code1": (len(momentum.items), True)}


def test_no_free_text_needs_nobody(fresh, momentum):
    courses.record(fresh, momentum, {"code1": outcome(momentum, answers={})})
    assert grades(fresh)[0][QUESTION] == (0, None, False)
    assert courses.totals(fresh, momentum) == {"code1": (len(momentum.items), False)}


def test_what_was_scored_by_hand_survives_a_regrade(fresh, momentum):
    first = outcome(momentum)
    for _twice in range(2):
        courses.record(fresh, momentum, {"code1": first})
        courses.show(fresh, momentum, {"code1": first})
    by_hand(fresh, 2.5, "Good, but **tune** both.")
    courses.record(fresh, momentum, {"code1": outcome(momentum, points=2)})  # a repaired test
    scores, comments = grades(fresh)
    assert scores[QUESTION] == (None, 2.5, False) and scores["damped_step-sample"][0] == 2
    assert comments[QUESTION][1] == "Good, but **tune** both."
    courses.show(fresh, momentum, {"code1": first})
    page = fresh.folder / "feedback" / "code1" / NAME / f"{NAME}.html"
    assert "<strong>tune</strong>" in page.read_text()


def test_another_text_is_looked_at_again(fresh, momentum):
    first = outcome(momentum)
    courses.record(fresh, momentum, {"code1": first})
    courses.show(fresh, momentum, {"code1": first})
    by_hand(fresh, 2.5, "Good.")
    other = outcome(momentum, answers=first.answers | {QUESTION: "Another text."})
    for _twice in range(2):  # also where the first was stopped before the notebook was written
        courses.record(fresh, momentum, {"code1": other})
        assert grades(fresh)[0][QUESTION] == (None, 2.5, True)
        assert grades(fresh)[1][QUESTION][1] == "Good."
    courses.show(fresh, momentum, {"code1": other})
    courses.record(fresh, momentum, {"code1": other})
    assert grades(fresh)[0][QUESTION] == (None, 2.5, True)  # until somebody has looked


def test_points_given_by_hand_for_code_stay(fresh, momentum):
    courses.record(fresh, momentum, {"code1": outcome(momentum)})
    with courses.gradebook(fresh) as book:
        book.find_grade("damped_step-sample", NAME, NAME, "code1").manual_score = 3
    courses.record(fresh, momentum, {"code1": outcome(momentum)})
    assert grades(fresh)[0]["damped_step-sample"] == (1, 3, False)
    courses.record(fresh, momentum, {"code1": outcome(momentum, points=2)})
    assert grades(fresh)[0]["damped_step-sample"] == (2, 3, True)


def test_the_gradebook_is_written_all_at_once(fresh, momentum, monkeypatch):
    courses.record(fresh, momentum, {"code1": outcome(momentum)})
    before = grades(fresh)
    bad = replace(outcome(momentum, points=2), code="code2", parts=(Part("none", 1, 1, "", ""),))
    with pytest.raises(KeyError):
        courses.record(fresh, momentum, {"code1": outcome(momentum, points=2), "code2": bad})
    assert grades(fresh) == before
    assert set(courses.totals(fresh, momentum)) == {"code1"}


# Feedback.

def test_feedback_shows_points_mistakes_and_the_seed_and_no_solution(fresh, momentum):
    answers = {"damped_step": "def damped_step(*a):\n    return 1 < 2  # mine"}
    one = outcome(momentum, answers=answers)
    courses.record(fresh, momentum, {"code1": one})
    courses.show(fresh, momentum, {"code1": one})
    page = (fresh.folder / "feedback" / "code1" / NAME / f"{NAME}.html").read_text()
    text = re.sub(r"<[^>]*>", "", re.sub(r"<style.*?</style>", "", page, flags=re.S))
    assert "Score: 4.0 / 19.0" in text and "Score: 1.0 / 4.0" in text
    assert "it goes uphill (uphill)" in text and "seed 42" in text and "# mine" in text
    assert "How this is scored" not in text  # the rubric is for the one who scores
    for item, solution in demo.solutions(momentum).items():
        assert solution.splitlines()[-1].strip() not in text
    assert "http" not in re.sub(r"https?://www.w3.org/\S+", "", " ".join(
        re.findall(r'(?:src|href)="([^"]*)"', page)))


def test_why_nothing_could_be_graded_is_in_the_feedback(fresh, momentum):
    one = outcome(momentum, points=0, answers={}, reason="The file is not <b>JSON</b>.")
    courses.record(fresh, momentum, {"code1": one})
    courses.show(fresh, momentum, {"code1": one})
    page = (fresh.folder / "feedback" / "code1" / NAME / f"{NAME}.html").read_text()
    assert "The file is not &lt;b&gt;JSON&lt;/b&gt;." in page


def test_nbgraders_own_autograder_finds_nothing_to_run(fresh, momentum):
    one = outcome(momentum, answers={"damped_step": "open('/tmp/ran-by-nbgrader', 'w')"})
    courses.record(fresh, momentum, {"code1": one})
    courses.show(fresh, momentum, {"code1": one})
    done = courses.nbgrader(fresh).autograde(NAME, "code1")
    assert not done["success"] and "No notebooks were matched" in done["log"] + done["error"]
    assert not Path("/tmp/ran-by-nbgrader").exists()


@pytest.mark.parametrize("text", ["", "a\r\nb\x0bc\u2028<b>d", "```\n<script>", "    x",
                                  "\x00\ud800", "$$\n<i>x</i>\n$$", "[a]: javascript:x\n[a]",
                                  "x" * 10**6])
def test_words_of_a_submission_are_only_shown(nbgrader, text):
    from nbconvert.filters import markdown2html
    shown = str(markdown2html(courses.neutral(text)))
    assert len(shown) < 30_000
    assert re.sub(r"</?(pre|code)>", "", shown).count("<") == 0


# In a real browser.

PAYLOADS = [
    "<script>window.pwned = 1</script>", "<img src=x onerror='window.pwned = 2'>",
    "[click](javascript:window.pwned=3)", "<svg onload='window.pwned = 4'></svg>",
    r"$\href{javascript:window.pwned=5}{x}$ $$\unicode{<img src=x onerror=window.pwned=6>}$$",
    "```\n</code></pre><script>window.pwned = 7</script>",
    "<a href='javascript:window.pwned=8'>a</a>", "<base href=//evil.test/>",
    "</textarea></script><script>window.pwned = 9</script>",
    "![x](http://127.0.0.1:1/leak.png)", "<iframe srcdoc='<script>parent.pwned = 10</script>'>",
    "\\begin{a}<img src=x onerror='window.pwned = 11'>\\end{a}",
    "<style>* { display: none }</style>",
    "<form action=javascript:window.pwned=12><button id=notebook>go", "{{ 7 * 7 }} {% raw %}",
    "<meta http-equiv=refresh content='0;url=javascript:window.pwned=13'>",
    "<https://javascript:window.pwned=14>", "<details open ontoggle=window.pwned=15>",
]


@pytest.fixture(scope="module")
def hostile(released, tmp_path_factory, momentum):
    """A course folder with a submission whose every word is an attack, graded and shown."""
    import shutil
    folder = tmp_path_factory.mktemp("hostile") / "course"
    course = Course(shutil.copytree(released.folder, folder))
    every = "\n\n".join(PAYLOADS)
    answers = {name: f'x = """{every}"""\n{every}' for name in demo.solutions(momentum)}
    one = outcome(momentum, text=f"it stops at “{every}”: ValueError: {every}", reason=every,
                  answers=answers | {QUESTION: every})
    courses.record(course, momentum, {"code1": one})
    courses.show(course, momentum, {"code1": one})
    return course


@pytest.fixture
def page(browser):
    page = browser.new_page()
    page.asked, page.complaints = [], []
    page.on("dialog", lambda dialog: (page.asked.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda m: m.type == "error" and page.complaints.append(m.text))
    yield page
    page.close()


def harmless(page):
    """Nothing of a submission acts in the page, whatever is clicked."""
    assert page.evaluate("window.pwned") is None
    for selector in ("script:not([src])", "a[href^='javascript:' i]", "iframe", "object", "form"):
        for element in page.query_selector_all(f":is(.nbgrader_cell, .rendered_html) {selector}"):
            pytest.fail(f"{selector}: {element.evaluate('e => e.outerHTML')[:200]}")
    assert not page.evaluate("""[...document.querySelectorAll('.nbgrader_cell *, .rendered_html *')]
        .filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).length""")
    assert page.locator("text=window.pwned = 1").count() >= 2  # it is there, to be read


def test_feedback_runs_no_script(hostile, page):
    page.goto((hostile.folder / "feedback" / "code1" / NAME / f"{NAME}.html").as_uri())
    page.wait_for_timeout(500)
    harmless(page)
    assert [url for url in page.asked if not url.startswith(("file:", "data:"))] == []
    assert [c for c in page.complaints if "font" not in c] == []
    page.evaluate("document.body.innerHTML += '<img src=x onerror=\"window.pwned = 20\">'")
    page.wait_for_timeout(300)
    assert page.evaluate("window.pwned") is None  # nor would it, if some came through


def answers(address):
    try:
        urllib.request.urlopen(address, timeout=5).close()
    except urllib.error.HTTPError as refused:       # it wants the token
        refused.close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def served(hostile, port, tmp_path_factory):
    """formgrader on it: the address and the token."""
    paths = os.pathsep.join([str(ROOT / "grading"), str(ROOT / "lib")])
    log = tmp_path_factory.mktemp("formgrader") / "log"
    with open(log, "w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "grader", "formgrader", "--course", str(hostile.folder),
             "--port", str(port)], stdout=out, stderr=out,
            env=os.environ | {"PYTHONPATH": paths, "CI": "1"})
    try:
        for _patience in range(300):
            found = re.search(r"(http://127\S+?)/formgrader\S+token=(\w+)", log.read_text())
            if found and answers(found[1]):     # it says its address before it listens
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        yield found.groups()
    finally:
        process.terminate()
        process.wait(30)


def test_formgrader_runs_no_script_and_scores_by_hand(hostile, served, page, momentum):
    address, token = served
    page.goto(f"{address}/formgrader/gradebook?token={token}")
    page.goto(f"{address}/formgrader/gradebook/{NAME}/{NAME}")
    page.locator("#main-table a[href*='/submissions/']").first.click()
    score = page.locator(f"#{QUESTION}")
    score.wait_for()
    page.wait_for_timeout(1000)
    assert page.complaints == []  # its own scripts may run, those in the menu too
    harmless(page)
    page.locator(".glyphicon-eye-open").click()
    assert page.locator(".name-shown", has_text="code1").is_visible()
    with page.expect_response("**/api/grade/*"):
        score.fill("2")
        score.press("Tab")
    comment = page.locator(f"#{QUESTION}-comment")
    with page.expect_response("**/api/comment/*"):
        comment.fill("Tune both.")
        comment.press("Tab")
    assert [url for url in page.asked if not url.startswith((address, "data:"))] == []
    page.evaluate("document.body.innerHTML += '<img src=x onerror=\"window.pwned = 20\">'")
    page.wait_for_timeout(300)
    assert page.evaluate("window.pwned") is None
    scores, comments = grades(hostile)
    assert scores[QUESTION] == (None, 2, False) and comments[QUESTION][1] == "Tune both."
    for path in ("manage_assignments", "gradebook", f"gradebook/{NAME}", "manage_students",
                 "manage_students/code1", f"manage_students/code1/{NAME}",
                 f"manage_submissions/{NAME}"):
        page.goto(f"{address}/formgrader/{path}")
        page.wait_for_timeout(300)
        assert page.evaluate("window.pwned") is None
        assert page.locator("text=code1").count() or "student" not in path


@pytest.mark.parametrize("path", ["api/kernels", "api/kernelspecs", "api/contents", "api/sessions",
                                  "files/secret", "view/key.csv", "terminals/1", "api/terminals",
                                  "notebooks/x.ipynb", "lab", "nbconvert/html/x.ipynb"])
def test_formgraders_server_has_nothing_else(served, path):
    address, token = served
    request = urllib.request.Request(f"{address}/{path}?token={token}")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    refused.value.close()
    assert refused.value.code == 404
