"""Grades on the scales, and files that Canvas and Moodle import.

grades.csv is for reading, with codes instead of names. canvas.csv has the columns of Canvas's
gradebook import, moodle.csv those of Moodle's offline grading worksheet, and feedback.zip a folder
for each student, named as Moodle's "upload multiple feedback files" wants it. The last three hold
names, so only their owner can read them. Who still waits for a score by hand is left out of what
Canvas and Moodle import, the feedback as well, which would show 0 points for a text that nobody has
read: neither system changes anything for a student who isn't in the file.
"""

import io
import re
import zipfile

from . import course as courses
from .batch import outcomes

CANVAS = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
NAME = re.compile(r"(.*?)(?:_(\d+)(?:_assignsubmission_file_?)?)?", re.S)
MOODLE = ["Identifier", "Full name", "Grade", "Maximum grade", "Last modified (grade)",
          "Feedback comments"]


def grade(points, of, scale):
    """The best grade of the scale {grade: share of the points that it needs} that is reached."""
    reached = [(share, name) for name, share in scale.items() if points >= share * of - 1e-9]
    return max(reached)[1]


def export(course, assignment):
    """Write the four files; their folder, and how many wait for a score by hand."""
    folder, key = course.folder / "export" / assignment.name, course.key()
    done, scales = outcomes(course, assignment), course.config["scales"]
    totals, of = courses.totals(course, assignment), assignment.total
    table = [["code", "points", "of", *scales, "by hand", *(i.name for i in assignment.items),
              "mistakes", "attempts", "counts", "seed", "reason"]]
    canvas = [[*CANVAS, assignment.name], ["    Points Possible", *[""] * 4, of]]
    moodle, archive = [MOODLE], io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as feedback:
        for name, code in sorted((key[code], code) for code in done):
            outcome = done[code]
            points, waits = totals[code]
            shown = "" if waits else round(points, 2)
            grades = ["" if waits else grade(points, of, scale) for scale in scales.values()]
            mistakes = ", ".join(part.mistake for part in outcome.parts if part.mistake)
            table.append([code, shown, of, *grades, "waits" if waits else "",
                          *(part.points for part in outcome.parts), mistakes, outcome.attempts,
                          outcome.kept, outcome.seed, outcome.reason])
            who, id = NAME.fullmatch(name).groups()
            if not waits:
                canvas.append([who, id or "", "", "" if id else name, "", shown])
                moodle.append([f"Participant {id}" if id else name, who, shown, of, "",
                               " / ".join(grades)])
            page = (course.folder / "feedback" / code / assignment.name / f"{assignment.name}.html")
            if page.exists() and not waits:
                inner = re.sub(r"[/\\\0]|^\.+", "_", name)
                feedback.writestr(f"{inner}/{assignment.name}.html", page.read_bytes())
    courses.write_csv(folder / "grades.csv", [table[0], *sorted(table[1:])])
    courses.write_csv(folder / "canvas.csv", canvas, mode=0o600)
    courses.write_csv(folder / "moodle.csv", moodle, mode=0o600)
    courses.write(folder / "feedback.zip", archive.getvalue(), mode=0o600)
    return folder, sum(waits for _points, waits in totals.values())
