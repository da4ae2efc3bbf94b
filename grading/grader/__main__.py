"""The lecturer's commands: `python -m grader release|grade|export|similarity|formgrader|demo`.

The Makefile calls these. What has to be changed is said in one sentence: exit code 1, and 2 where
there is no sandbox to grade in.
"""

import argparse
import fcntl
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from descent.language import _, count

from . import assignment as assignments
from .course import Course, CourseError
from .language import languages

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def alone(course):
    """Nobody else writes to this course folder meanwhile. Raises CourseError if somebody does."""
    with open(course.folder / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CourseError(_("Another command is working on {folder}: wait for it.").format(
                folder=course.folder)) from None
        yield


def release(course, args):
    from .course import release
    language = args.language or course.config["language"]
    for name in [args.assignment] if args.assignment else assignments.names():
        print(release(course, assignments.load(name, args.overlay), language))


def grade(course, args):
    from . import batch, course as courses
    assignment = assignments.load(args.assignment, args.overlay)
    everyone = batch.grade(course, assignment, args.submissions, args.regrade, args.overlay)
    if args.feedback:
        print(_("Writing the feedback ..."), flush=True)
        courses.show(course, assignment, everyone)
    export(course, args)


def export(course, args):
    from . import course as courses
    from .export import export
    assignment = assignments.load(args.assignment, args.overlay)
    everyone = graded(course, assignment)
    if args.command == "export" and args.feedback:
        print(_("Writing the feedback ..."), flush=True)
        courses.show(course, assignment, everyone)
    folder, waiting = export(course, assignment)
    if waiting:
        print(count("{n} waits for a score by hand: make formgrader, then make export",
                    "{n} wait for a score by hand: make formgrader, then make export", waiting))
    print(folder)


def similarity(course, args):
    from .similarity import similarity
    assignment = assignments.load(args.assignment, args.overlay)
    graded(course, assignment)
    folder, pairs = similarity(course, assignment)
    print(count("{n} pair, to be looked at by a person:",
                "{n} pairs, to be looked at by a person:", pairs), folder / "similarity.html")


def graded(course, assignment):
    """code -> Outcome of everyone graded so far. Raises CourseError if that is nobody."""
    from .batch import outcomes
    if everyone := outcomes(course, assignment):
        return everyone
    raise CourseError(_("Nothing of {name} is graded in {folder}: make grade comes first.").format(
        name=assignment.name, folder=course.folder))


def formgrader(args, course=None):
    from .course import formgrader
    formgrader(course or Course(args.course), args.port, not quiet())


def demo(args):
    from . import demo, sandbox
    sandbox.check()
    with TemporaryDirectory(prefix="grading-demo-") as folder:
        course = Course(folder)
        demo.run(course)
        if not quiet():
            formgrader(args, course)


def folder(text):
    return Path(text).expanduser() if text else None


def quiet():
    """Whether nobody sits at this machine: nothing is opened then."""
    return bool(os.environ.get("NO_BROWSER") or os.environ.get("CI"))


def main():
    parser = argparse.ArgumentParser(prog="grader", description=__doc__.split("\n")[0])
    parser.add_argument("command", choices=["release", "grade", "export", "similarity",
                                            "formgrader", "demo"])
    parser.add_argument("--course", type=folder, default=ROOT / "grading" / "course")
    parser.add_argument("--assignment", default="")
    parser.add_argument("--submissions", type=folder)
    parser.add_argument("--overlay", type=folder)
    parser.add_argument("--language", choices=languages())
    parser.add_argument("--regrade", action="store_true")
    parser.add_argument("--no-feedback", dest="feedback", action="store_false")
    parser.add_argument("--port", type=int, default=8888)
    args = parser.parse_args()
    if args.command in ("grade", "export", "similarity") and not args.assignment:
        sys.exit(_("Say which: ASSIGNMENT=... is one of {names}.").format(
            names=", ".join(assignments.names())))
    if args.command == "grade" and not args.submissions:
        sys.exit(_("Say where the submissions are: SUBMISSIONS=folder."))
    from . import sandbox
    try:
        command = globals()[args.command]
        if command in (demo, formgrader):
            command(args)
        else:
            made = not args.course.exists()
            if command is grade:
                sandbox.check()
                if made:
                    raise CourseError(_(
                        "There is no course folder {folder}: look at COURSE, or let make release "
                        "make it first.").format(folder=args.course))
            course = Course(args.course)
            if made and command is release:
                print(_("A new course folder: {folder}").format(folder=args.course), flush=True)
            with alone(course):
                command(course, args)
    except sandbox.NoSandbox as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except (CourseError, ValueError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(_("\nInterrupted: run it again, and it goes on where it was."))


if __name__ == "__main__":
    main()
