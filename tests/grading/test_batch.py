"""A folder of submissions: layouts, attempts, results that are kept, and stopping at any moment."""
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from grader import assignment as assignments
from grader import batch, demo
from grader.course import Course, CourseError

NAME = "05-momentum"
ROOT = Path(__file__).resolve().parents[2]
PATHS = os.pathsep.join([str(ROOT / "grading"), str(ROOT / "lib")])


# Who handed in what.

def made(folder, *paths):
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("{}")
    return {student: [str(path.relative_to(folder)) for path in found]
            for student, found in batch.collect(folder, NAME).items()}


def test_moodle_is_a_folder_for_each_student(tmp_path):
    assert made(tmp_path, "Ada B_11_assignsubmission_file_/momentum.ipynb",
                "Ada B_11_assignsubmission_file_/notes.txt",
                "Eva Öberg_12_assignsubmission_file_/x/y/Deep One.IPYNB",
                "Nil_13_assignsubmission_file_/essay.pdf") == {
        "Ada B_11_assignsubmission_file_": ["Ada B_11_assignsubmission_file_/momentum.ipynb"],
        "Eva Öberg_12_assignsubmission_file_": [
            "Eva Öberg_12_assignsubmission_file_/x/y/Deep One.IPYNB"],
        "Nil_13_assignsubmission_file_": []}


def test_moodle_without_folders_and_canvas_are_files(tmp_path):
    assert made(tmp_path, "Ada B_11_assignsubmission_file_momentum.ipynb",
                "bergada_77_901_momentum.ipynb", "bergada_LATE_77_1002_momentum-1.ipynb",
                "bergada_78_903_momentum.ipynb", "dora.ipynb", "grades.csv") == {
        "Ada B_11_assignsubmission_file_": ["Ada B_11_assignsubmission_file_momentum.ipynb"],
        "bergada_77": ["bergada_77_901_momentum.ipynb", "bergada_LATE_77_1002_momentum-1.ipynb"],
        "bergada_78": ["bergada_78_903_momentum.ipynb"], "dora": ["dora.ipynb"]}


def test_nbgrader_is_a_folder_for_each_assignment(tmp_path):
    assert made(tmp_path, f"ada/{NAME}/{NAME}.ipynb", f"ada/{NAME}/timestamp.txt",
                "ada/04-gradient-problems/04-gradient-problems.ipynb",
                "bo/04-gradient-problems/04-gradient-problems.ipynb") == {
        "ada": [f"ada/{NAME}/{NAME}.ipynb"], "bo": []}


def test_hidden_files_do_not_matter_and_attempts_are_in_order(tmp_path):
    assert made(tmp_path, "ada/m.ipynb", "ada/m (10).ipynb", "ada/m (9).ipynb", "ada/._m.ipynb",
                "ada/.ipynb_checkpoints/m-checkpoint.ipynb", "__MACOSX/ada/m.ipynb",
                ".hidden/m.ipynb", "ada/__MACOSX/m.ipynb") == {
        "ada": ["ada/m.ipynb", "ada/m (9).ipynb", "ada/m (10).ipynb"]}


def test_what_only_looks_like_a_notebook_is_an_attempt(tmp_path):
    (tmp_path / "ada" / "folder.ipynb").mkdir(parents=True)
    (tmp_path / "ada" / "link.ipynb").symlink_to("/etc/passwd")
    (tmp_path / "bo").symlink_to(tmp_path / "ada")  # no student: another's folder
    os.mkfifo(tmp_path / "pipe.ipynb")
    found = batch.collect(tmp_path, NAME)
    assert {name: [path.name for path in paths] for name, paths in found.items()} == {
        "ada": ["folder.ipynb", "link.ipynb"], "pipe": ["pipe.ipynb"]}


@pytest.mark.parametrize("name", [
    "$(touch pwned)", "; rm -rf ..", "<img src=x onerror=alert(1)>", "=cmd|'/C calc'!A0", "*",
    "-rf", "?[a]", "'\"\n\t", "{student_id}", "%s%n", "\x1b[2J", "𝓐\u202e", b"\xff\xfe",
    "a" * 200, " "])
def test_a_hostile_name_is_only_a_name(tmp_path, name):
    own = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path / "in"), os.fsencode(name))))
    own.mkdir(parents=True)
    (own / "m.ipynb").write_text("{}")
    [(student, paths)] = batch.collect(tmp_path / "in", NAME).items()
    course = Course(tmp_path / "course")
    course.remember([student])
    [(code, known)] = course.key().items()
    assert code.isalnum() and code == course.code(student)
    assert known == student and paths == [own / "m.ipynb"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course", "in"]


def test_a_folder_in_a_folder_a_thousand_times_is_no_trouble(tmp_path):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "m.ipynb").touch()
    with contextlib.chdir(tmp_path / "ada"):
        for _deeper in range(1500):
            os.mkdir("d")
            os.chdir("d")
    assert len(batch.collect(tmp_path, NAME)["ada"]) == 1
    subprocess.run(["rm", "-rf", str(tmp_path / "ada")], check=True)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CourseError, match="There is no folder .*nowhere"):
        batch.collect(tmp_path / "nowhere", NAME)


# Side by side. Stand-ins for the process that scores: each stands at the other end of a pipe.

def honest(connection, slot):
    while True:
        try:
            answers, seed, _language = json.loads(connection.recv_bytes())
        except EOFError:
            return
        connection.send_bytes(b'"begun"')
        if answers.get("do") == "die" or answers.get("do") == "die once" and not _done(answers):
            os.kill(os.getpid(), signal.SIGKILL)
        if answers.get("do") == "hang":
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
            time.sleep(1000)
        if answers.get("do") == "babble":
            connection.send_bytes(b"\xff{")
            continue
        connection.send_bytes(json.dumps([[["f", seed, 9, "", ""]], ""]).encode())


def _done(answers):
    """Whether this was tried before: there is a file that says so."""
    try:
        Path(answers["file"]).touch(exist_ok=False)
    except FileExistsError:
        return True


def pending(*wishes, **more):
    return {str(k): batch.Outcome("code", k, (), {"do": wish, **more}) for k, wish in
            enumerate(wishes)}


SETTINGS = {"at_a_time": 2, "seconds": 20}


def test_workers_score_everything(tmp_path):
    done = dict(batch.scored(pending(*"abcdefg"), honest, SETTINGS))
    assert {key: parts[0][1] for key, (parts, reason) in done.items()} == {
        str(k): k for k in range(7)}
    assert dict(batch.scored({}, honest, SETTINGS)) == {}


def test_a_worker_that_dies_is_that_submissions_end_only(tmp_path):
    done = dict(batch.scored(pending("a", "die", "b", "die", "babble", "c"), honest, SETTINGS))
    assert [bool(done[str(k)][0]) for k in range(6)] == [True, False, True, False, False, True]
    assert done["1"][1] == done["4"][1] == "the grading of it broke off, twice"


def test_a_worker_that_died_by_accident_is_given_a_second_chance(tmp_path):
    done = dict(batch.scored(pending("die once", file=str(tmp_path / "tried")), honest, SETTINGS))
    assert done["0"][0] and (tmp_path / "tried").exists()


def test_a_worker_that_hangs_is_ended(tmp_path):
    settings = SETTINGS | {"seconds": 3}
    done = dict(batch.scored(pending("a", "hang", "b", "c"), honest, settings))
    assert done["1"] == ([], "it was not graded within 3 seconds")
    assert done["0"][0] and done["2"][0] and done["3"][0]


def test_nothing_is_left_running(tmp_path):
    generator = batch.scored(pending("a", "hang", "b"), honest, SETTINGS)
    next(generator)
    generator.close()
    import multiprocessing
    assert multiprocessing.active_children() == []


# The whole way, with the sandbox and nbgrader.

@pytest.fixture(scope="module")
def handed_in(tmp_path_factory, momentum):
    """A small class: right, a mistake, half of it, attempts, nothing, and no notebook."""
    folder = tmp_path_factory.mktemp("class") / "handed in"
    right = demo.solutions(momentum)
    first, *_others = right
    wrong = right | {first: right[first].replace("theta - lr * v", "theta + lr * v")}
    text = {momentum.questions[0].id: demo.TEXT}
    for name, answers in {"ADA/a": right | text, "BO/a": wrong | text,
                          "CY/a": {first: right[first]}, "DAN/a 1": right,
                          "DAN/a 2": wrong, "EVA/a": {}}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.ipynb").write_bytes(demo.notebook(momentum, answers))
    (folder / "FAY").mkdir()
    (folder / "FAY" / "letter.docx").write_text("Dear Sir")
    (folder / "GUS").mkdir()
    (folder / "GUS" / "a.ipynb").write_text("not JSON")
    return folder


@pytest.fixture(scope="module")
def graded(tmp_path_factory, sandboxed, released, momentum, handed_in):
    """The course folder of one uninterrupted run, and the lines that it printed."""
    folder, lines = tmp_path_factory.mktemp("graded") / "course", []
    course = Course(shutil.copytree(released.folder, folder))
    batch.grade(course, momentum, handed_in, say=lines.append)
    return course, lines


def told(course):
    """What the gradebook says, without the numbers that nbgrader draws for each row."""
    with sqlite3.connect(course.folder / "gradebook.db") as db:
        return sorted(map(str, db.execute("""
            select student_id, base_cell.name, auto_score, manual_score, needs_manual_grade, '' from
            grade join base_cell on base_cell.id = cell_id join submitted_notebook s on s.id =
            grade.notebook_id join submitted_assignment a on a.id = s.assignment_id union
            select student_id, base_cell.name, auto_comment, manual_comment, '', '' from
            comment join base_cell on base_cell.id = cell_id join submitted_notebook s on s.id =
            comment.notebook_id join submitted_assignment a on a.id = s.assignment_id""")))


def results(course):
    folder = course.folder / "results"
    return {path.name: path.read_bytes() for path in folder.rglob("*.json")}


def test_everyone_gets_what_they_earn(graded, momentum):
    course, lines = graded
    of = sum(item.points for item in momentum.items)
    first = momentum.items[0]
    lost = first.cost("uphill")
    outcome = {name: o for code, o in batch.outcomes(course, momentum).items()
               for name in [course.key()[code]]}
    assert {name: o.points for name, o in outcome.items()} == {
        "ADA": of, "BO": of - lost, "CY": first.points, "DAN": of, "EVA": 0, "FAY": 0, "GUS": 0}
    assert (outcome["DAN"].attempts, outcome["DAN"].kept) == (2, 1)
    assert outcome["FAY"].reason == "no notebook was handed in"
    assert "not a notebook" in outcome["GUS"].reason
    assert len(lines) == 7 and f"{of - lost:>2}/{of}  {first.name}: uphill" in "\n".join(lines)
    assert not any(name in "\n".join(lines) for name in outcome)  # codes instead of names
    assert len({o.seed for o in outcome.values()}) == 7


def test_a_second_run_grades_nothing_and_changes_nothing(graded, momentum, handed_in, monkeypatch):
    course, before = graded[0], (told(graded[0]), results(graded[0]))
    monkeypatch.setattr(batch, "scored", lambda pending, *rest: pending)  # nobody grades anything
    batch.grade(course, momentum, handed_in, say=str)
    assert (told(course), results(course)) == before


def test_two_runs_give_identical_results(graded, momentum, handed_in, fresh):
    course = fresh
    batch.grade(course, momentum, handed_in, say=str)
    assert (told(course), results(course)) == (told(graded[0]), results(graded[0]))


def test_the_last_attempt_if_the_lecturer_wants_it(graded, momentum, handed_in, fresh):
    course = fresh
    (course.folder / "config.toml").write_text('keep = "last"')
    shutil.copytree(graded[0].folder / "results", course.folder / "results")
    everyone = batch.grade(Course(course.folder), momentum, handed_in, say=str)
    dan = everyone[course.code("DAN")]
    assert dan.kept == dan.attempts == 2
    assert dan.points == sum(i.points for i in momentum.items) - momentum.items[0].cost("uphill")


def test_an_attempt_that_cannot_be_graded_counts_only_if_there_is_no_other():
    tries = [batch.Outcome("c", 1, (), {}), batch.Outcome("c", 1, (), {}, reason="broken")]
    for keep in ("best", "last"):
        assert batch._counting(tries, {"keep": keep}).kept == 1
        assert batch._counting(tries[1:], {"keep": keep}).reason == "broken"


@pytest.mark.parametrize("how", ["REGRADE", "another test", "a broken file"])
def test_what_has_to_be_graded_anew_is(graded, momentum, handed_in, fresh, tmp_path, monkeypatch,
                                         how):
    course, asked = fresh, []
    shutil.copytree(graded[0].folder / "results", course.folder / "results")
    real = batch.scored
    monkeypatch.setattr(batch, "scored", lambda pending, *rest: asked.extend(pending) or
                        real(pending, *rest))
    overlay = None
    if how == "another test":
        overlay = tmp_path / "private"
        overlay.mkdir()
        text = (assignments.FOLDER / f"{NAME}.py").read_text()
        (overlay / f"{NAME}.py").write_text(text + "\n# a test was repaired\n")
    if how == "a broken file":
        next((course.folder / "results" / NAME).glob("*.json")).write_text('{"code": "half')
    batch.grade(course, momentum, handed_in, how == "REGRADE", overlay, say=str)
    assert len(asked) == {"a broken file": 1}.get(how, 6)
    assert told(course) == told(graded[0])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_stopping_at_any_moment_and_running_again(graded, handed_in, fresh, number):
    course = fresh
    command = [sys.executable, "-m", "grader", "grade", "--course", str(course.folder),
               "--assignment", NAME, "--submissions", str(handed_in)]
    took, moment = 12.0, random.Random()
    for _attempt in range(4):
        start = time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": PATHS},
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   start_new_session=True)
        wait = moment.uniform(1, took)
        try:
            process.communicate(timeout=wait)
            took = min(took, time.monotonic() - start)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, number)
            process.communicate(timeout=60)
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": PATHS},
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (told(course), results(course)) == (told(graded[0]), results(graded[0]))
    pages = {path.parent.parent.name for path in (course.folder / "feedback").rglob("*.html")}
    assert pages == set(course.key())


def test_two_commands_do_not_work_on_one_folder(tmp_path):
    import fcntl
    course = Course(tmp_path / "course")
    with open(course.folder / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run([sys.executable, "-m", "grader", "export", "--course",
                               str(course.folder), "--assignment", NAME], cwd=ROOT, text=True,
                              env=os.environ | {"PYTHONPATH": PATHS}, capture_output=True)
    assert done.returncode == 1 and done.stderr.startswith("Another command is working on")


def test_without_a_sandbox_nothing_is_graded(tmp_path, nbgrader):
    (tmp_path / "python3").symlink_to(sys.executable)
    for command in (["grade", "--assignment", NAME, "--submissions", str(tmp_path)], ["demo"]):
        done = subprocess.run([sys.executable, "-m", "grader", *command, "--course",
                               str(tmp_path / "course")], cwd=ROOT, text=True, capture_output=True,
                              env={"PYTHONPATH": PATHS, "PATH": str(tmp_path), "CI": "1"})
        assert done.returncode == 2 and len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert "bubblewrap" in done.stderr and not (tmp_path / "course" / "results").exists()


@pytest.mark.parametrize("arguments, words", [
    (["grade"], "Say which: ASSIGNMENT=... is one of 01-terminology, "),
    (["grade", "--assignment", NAME, "--submissions", ""], "Say where the submissions are"),
    (["export", "--assignment", "99-nothing"], "There is no assignment '99-nothing'"),
])
def test_what_is_missing_is_said_in_a_sentence(tmp_path, arguments, words):
    done = subprocess.run([sys.executable, "-m", "grader", *arguments, "--course",
                           str(tmp_path / "course")], cwd=ROOT, text=True, capture_output=True,
                          env=os.environ | {"PYTHONPATH": PATHS})
    assert done.returncode == 1 and done.stderr.startswith(words)
    assert len(done.stderr.strip().splitlines()) == 1
