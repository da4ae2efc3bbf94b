"""A folder of submissions: who handed in what, graded side by side, each result kept on disk.

Accepted are a folder for each student (Moodle; the folder's name is the student), files of one
folder (Canvas: name_user_file_..., else the file's name is the student), and nbgrader's layout
student/assignment/. Several notebooks of one student are attempts, in the order of their names.

Results are JSON, one file for each student and attempt, named by a hash of everything that they
depend on, so a second run reuses them, and after a change of the tests there are none to reuse.
The gradebook is derived from them at the end, all at once: stopping at any moment harms nothing.
"""

import hashlib
import json
import multiprocessing
import os
import re
import time
import unicodedata
from dataclasses import asdict, dataclass, replace
from functools import partial
from multiprocessing.connection import wait
from pathlib import Path
from signal import SIG_IGN, SIGINT, signal

import numpy

from descent import checks
from descent.language import _, mark

from . import assignment as assignments
from . import course as courses
from . import inside, sandbox, scoring, submission, wire
from .language import speaking

# Moodle without folders: NAME_ID_assignsubmission_file_FILE; Canvas: NAME[_LATE]_USER_FILE_...
FLAT = re.compile(r"(?P<moodle>.+_\d+_assignsubmission_file_).*"
                  r"|(?P<name>[^_]+)(?:_LATE)?(?P<user>_\d+)_\d+_.*", re.S)
START = 120  # seconds that a process may take to start, on a busy machine


@dataclass(frozen=True)
class Outcome:
    """What counts of a student: the texts of the answers, and what they got."""

    code: str
    seed: int
    parts: tuple[scoring.Part, ...]
    answers: dict
    reason: str = ""        # why nothing could be graded
    attempts: int = 0
    kept: int = 0           # the number of the attempt that counts
    language: str = "en"    # what the student is told is in it: that of the notebook

    @property
    def points(self):
        return sum(part.points for part in self.parts)

    @classmethod
    def load(cls, fields):
        return cls(**fields | {"parts": tuple(scoring.Part(*part) for part in fields["parts"])})


def collect(folder, assignment):
    """student -> paths of what may be notebooks, as they lie in the folder; [] if there are none.

    Hidden files, and what is no notebook, don't matter. Raises CourseError for no folder.
    """
    if not Path(folder).is_dir():
        raise courses.CourseError(_("There is no folder {folder}.").format(folder=folder))
    students = {}
    for entry in sorted(os.scandir(folder), key=lambda entry: _natural(entry.name)):
        name = entry.name
        if name.startswith((".", "__MACOSX")):
            continue
        if entry.is_dir(follow_symlinks=False):
            found = _notebooks(entry.path, {*assignments.names()} - {assignment})
        elif name.lower().endswith(".ipynb"):
            flat, found = FLAT.fullmatch(name), [Path(entry)]
            name = (flat["moodle"] or flat["name"] + flat["user"]) if flat else name[:-6]
        else:
            continue
        name = unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "backslashreplace"))
        students.setdefault(name, []).extend(found)
    return students


def _notebooks(root, others):
    found = []
    for folder, folders, files in os.walk(root):
        found += [Path(folder, name) for name in files + folders
                  if name.lower().endswith(".ipynb") and not name.startswith(".")]
        deep = folder.count(os.sep) - root.count(os.sep) > 20
        folders[:] = [name for name in folders if name not in others and not deep
                      and not name.startswith((".", "__MACOSX"))]
    return sorted(found, key=lambda path: _natural(str(path)))


def _natural(name):
    """"momentum (10)" comes after "momentum (9)", and both after "momentum"."""
    parts = re.split(r"(\d+)", re.sub(r"\.ipynb$", "", name, flags=re.I))
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def grade(course, assignment, submissions, regrade=False, overlay=None,
          say=partial(print, flush=True)):
    """Grade a folder of submissions into the course folder; code -> Outcome of all graded so far.

    `say` gets one line for each student. Raises CourseError with what the lecturer has to change.
    """
    students = collect(submissions, assignment.name)
    if not students:
        raise courses.CourseError(_("There is no submission in {folder}.").format(
            folder=submissions))
    courses.release(course, assignment)
    course.remember(students)
    folder, version = course.folder / "results" / assignment.name, _version(assignment, overlay)
    stubs, editions = courses.stubs(assignment), courses.editions(assignment)
    results, pending, attempts, finished = {}, {}, {}, {}
    for student, paths in students.items():
        code = course.code(student)
        seed = scoring.seed_for(assignment.name, student, course.secret)
        blank = Outcome(code, seed, scoring.ungraded(assignment, seed, "").parts, {},
                        language=course.config["language"])
        attempts[code] = []
        for k, path in enumerate(paths[-course.config["attempts"]:]):
            try:
                with speaking(blank.language):
                    answers, language = submission.read(path, stubs, editions)
                outcome = replace(blank, answers=answers, language=language or blank.language)
                key = _hash(version, outcome)
                if known := None if regrade else _known(folder / f"{key}.json"):
                    results[key] = known
                else:
                    pending[key] = outcome
            except Exception as error:  # noqa: BLE001 - this file's reason, never the batch's end
                key = f"{code}-{k}"
                results[key] = replace(blank, reason=str(error) or type(error).__name__)
            attempts[code].append(key)
        if not paths:
            attempts[code] = [code]
            results[code] = _reasoned(blank, mark("no notebook was handed in"))

    def report(code):
        if all(key in results for key in attempts[code]):
            finished[code] = _counting([results[key] for key in attempts[code]], course.config)
            if attempts[code] == [code]:
                finished[code] = replace(finished[code], attempts=0, kept=0)
            say(f"{len(finished):>4}/{len(attempts)}  {line(finished[code])}")

    for code in attempts:
        report(code)
    work = partial(_work, name=assignment.name, overlay=overlay)
    for key, (parts, reason) in scored(pending, work, course.config):
        parts = tuple(scoring.Part(*part) for part in parts) or pending[key].parts
        results[key] = replace(pending[key], parts=parts, reason=reason)
        if not reason:  # what could not be finished is tried again the next time
            courses.write(folder / f"{key}.json", _dumped(results[key]))
        report(pending[key].code)
    everyone = outcomes(course, assignment) | finished
    courses.write(folder.with_suffix(".json"), _dumped(everyone))
    courses.record(course, assignment, everyone)
    return everyone


def _reasoned(outcome, reason, **values):
    """The outcome with a reason why it can't be graded, in its language."""
    with speaking(outcome.language):
        return replace(outcome, reason=_(reason).format(**values))


def outcomes(course, assignment):
    """code -> Outcome of everyone that was graded so far."""
    path = course.folder / "results" / f"{assignment.name}.json"
    kept = json.loads(path.read_text()) if path.exists() else {}
    return {code: Outcome.load(fields) for code, fields in kept.items()}


def line(outcome):
    """What a person reads of an outcome: code, points, and the mistakes by name or the reason."""
    lost = [f"{part.name}: {part.mistake or f'{part.points}/{part.of}'}" for part in outcome.parts
            if part.points < part.of]
    said = outcome.reason or ", ".join(lost) or _("all right")
    said = "".join(c if c.isprintable() else "?" for c in said)
    return f"{outcome.code}  {outcome.points:>2}/{sum(part.of for part in outcome.parts)}  {said}"


def _counting(tries, config):
    """The Outcome that counts: the best, or the last. What can't be graded counts if all can't."""
    choice = [k for k, outcome in enumerate(tries) if not outcome.reason] or range(len(tries))
    best = max(choice, key=lambda k: (config["keep"] == "best" and tries[k].points, k))
    return replace(tries[best], attempts=len(tries), kept=best + 1)


def _version(assignment, overlay):
    """A hash of all that points depend on beside a submission: the tests and what runs them."""
    package = Path(checks.__file__).parents[1]
    folders = [Path(folder) for folder in (overlay, assignments.FOLDER) if folder]
    files = [*(folder / f"{assignment.name}.py" for folder in folders),
             *sorted(package.glob("*.py")), *sorted(package.glob("checks/*.py"))]
    files += [Path(module.__file__) for module in (inside, sandbox, scoring, submission, wire)]
    parts = [numpy.__version__, *(path.read_bytes() for path in files if path.exists())]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def _hash(version, outcome):
    whole = [version, outcome.code, outcome.seed, outcome.answers, outcome.language]
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:32]


def _known(path):
    try:
        return Outcome.load(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _dumped(value):
    return json.dumps(value, default=asdict, sort_keys=True, indent=1).encode()


# Side by side. The ends speak JSON, so that nothing is ever unpickled.

def scored(pending, work, config):
    """Yield (key, (parts, reason)) for each pending Outcome, in the order in which they finish.

    work(connection, slot) is a process of its own; one that dies at a submission is given a second
    chance at it, one that takes config["seconds"] for it is ended. Neither ends the others.
    """
    context = multiprocessing.get_context("spawn")
    queue, free, busy, started = list(pending), list(range(config["at_a_time"])), {}, {}
    again = set()
    try:
        while queue or busy:
            while queue and free:
                slot = free.pop(0)
                if slot not in started:
                    mine, other = context.Pipe()
                    process = context.Process(target=work, args=(other, slot), daemon=True)
                    process.start()
                    other.close()
                    started[slot] = process, mine
                outcome = pending[key := queue.pop(0)]
                _send(started[slot][1], [outcome.answers, outcome.seed, outcome.language])
                busy[started[slot][1]] = slot, key, time.monotonic() + START + config["seconds"]
            patience = min(end for *_rest, end in busy.values()) - time.monotonic()
            wait(busy, max(patience, 0))
            for connection, (slot, key, end) in list(busy.items()):
                result = None
                if connection.poll():
                    try:
                        result = json.loads(connection.recv_bytes())
                        if result == "begun":
                            busy[connection] = slot, key, time.monotonic() + config["seconds"]
                            continue
                    except (EOFError, OSError, ValueError):
                        if key not in again:
                            again.add(key)
                            queue.insert(0, key)
                        else:
                            result = [], _reasoned(
                                pending[key], mark("the grading of it broke off, twice")).reason
                elif time.monotonic() >= end:
                    result = [], _reasoned(pending[key], mark(
                        "it was not graded within {n} seconds"), n=config["seconds"]).reason
                else:
                    continue
                del busy[connection]
                free.append(slot)
                if result is None or not result[0]:
                    _end(*started.pop(slot))
                if result is not None:
                    yield key, result
    finally:
        for process, connection in started.values():
            _end(process, connection)


def _send(connection, value):
    try:
        connection.send_bytes(json.dumps(value).encode())
    except OSError:
        pass  # it has died; reading will tell


def _end(process, connection):
    connection.close()
    process.kill()  # its sandbox dies with it
    process.join()


def _work(connection, slot, name, overlay):
    """The other end: score what comes, until nothing more can come."""
    signal(SIGINT, SIG_IGN)  # Ctrl-C is for the parent
    assignment = assignments.load(name, overlay)
    while True:
        try:
            answers, seed, language = json.loads(connection.recv_bytes())
        except EOFError:
            return
        _send(connection, "begun")
        with speaking(language):
            try:
                report = scoring.score(assignment, answers, seed, slot)
                result = [list(map(list, report.parts)), report.reason]
            except Exception as error:  # noqa: BLE001 - one submission's score, not the batch's end
                result = [], _("the grader failed: {error}").format(error=repr(error)[:200])
        _send(connection, result)
