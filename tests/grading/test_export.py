"""Grades on the scales, and the files for Canvas and Moodle."""
import csv
import stat
import tomllib
import zipfile
from pathlib import Path

import pytest

from grader import course as courses
from grader import export
from grader.batch import Outcome, _dumped
from grader.scoring import Part

NAME = "05-momentum"
CONFIG = tomllib.loads((Path(export.__file__).parents[1] / "config.toml").read_text())
UGVG, AF = CONFIG["scales"]["U-G-VG"], CONFIG["scales"]["A-F"]


@pytest.mark.parametrize("points, of, ugvg, af", [
    (0, 20, "U", "F"), (9.99, 20, "U", "F"), (10, 20, "G", "E"), (12, 20, "G", "D"),
    (14, 20, "G", "C"), (14.99, 20, "G", "C"), (15, 20, "VG", "C"), (16, 20, "VG", "B"),
    (18, 20, "VG", "A"), (20, 20, "VG", "A"), (21, 20, "VG", "A"), (8.5, 17, "G", "E"),
    (0.7 * 17, 17, "G", "C"), (0.9 * 19, 19, "VG", "A")])
def test_thresholds(points, of, ugvg, af):
    assert export.grade(points, of, UGVG) == ugvg and export.grade(points, of, AF) == af


@pytest.fixture
def course(fresh, momentum):
    """Four who were graded: all right, mistakes, one whose text nobody has read, a hostile name."""
    outcomes = {}
    people = {"Ada Berg_11_assignsubmission_file_": (4, ""), "bergbo_77": (2, ""),
              "Cy_13_assignsubmission_file_": (4, "I tuned."), "=2+5|' !A0/../x": (0, "")}
    fresh.remember(people)
    for name, (points, text) in people.items():
        parts = tuple(Part(item.name, min(points, item.points), item.points,
                           "uphill" if points < item.points and points else "", "well")
                      for item in momentum.items)
        outcomes[fresh.code(name)] = Outcome(
            fresh.code(name), 7, parts, {"fair-race": text} if text else {}, attempts=1, kept=1,
            reason="" if points else "broken")
    courses.write(fresh.folder / "results" / f"{NAME}.json", _dumped(outcomes))
    courses.record(fresh, momentum, outcomes)
    return fresh


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_canvas_gets_the_columns_of_its_gradebook(course, momentum):
    folder, waiting = export.export(course, momentum)
    head, possible, *people = rows(folder / "canvas.csv")
    assert head == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", NAME]
    assert possible == ["    Points Possible", "", "", "", "", "19"]
    assert ["bergbo", "77", "", "", "", "8.0"] in people
    assert ["Ada Berg", "11", "", "", "", "15.0"] in people
    assert "Cy" not in [row[0] for row in people] and waiting == 1
    assert ["'=2+5|' !A0/../x", "", "", "'=2+5|' !A0/../x", "", "0.0"] in people


def test_moodle_gets_its_grading_worksheet(course, momentum):
    folder, _waiting = export.export(course, momentum)
    head, *people = rows(folder / "moodle.csv")
    assert head == ["Identifier", "Full name", "Grade", "Maximum grade", "Last modified (grade)",
                    "Feedback comments"]
    assert ["Participant 11", "Ada Berg", "15.0", "19", "", "VG / C"] in people
    assert "Cy" not in [row[1] for row in people]
    assert not any(cell.startswith(tuple("=+-@")) for row in people for cell in row)


def test_the_table_to_read_has_codes_and_no_names(course, momentum):
    folder, _waiting = export.export(course, momentum)
    text = (folder / "grades.csv").read_text()
    assert not any(name in text for name in ("Ada", "bergbo", "Cy_13", "2+5"))
    head, *people = rows(folder / "grades.csv")
    table = {row[0]: dict(zip(head, row)) for row in people}
    ada, bo, cy = (table[course.code(name)] for name in (
        "Ada Berg_11_assignsubmission_file_", "bergbo_77", "Cy_13_assignsubmission_file_"))
    assert (ada["points"], ada["U-G-VG"], ada["A-F"], ada["seed"]) == ("15.0", "VG", "C", "7")
    assert bo["mistakes"] == "uphill, uphill, uphill, uphill" and bo["U-G-VG"] == "U"
    assert (cy["points"], cy["U-G-VG"], cy["by hand"]) == ("", "", "waits")
    assert {"broken", ""} == {row["reason"] for row in table.values()}


def test_what_holds_names_is_for_its_owner(course, momentum):
    folder, _waiting = export.export(course, momentum)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes["canvas.csv"] == modes["moodle.csv"] == modes["feedback.zip"] == 0o600


def test_feedback_goes_back_in_folders_as_they_came(course, momentum):
    for code in course.key():
        courses.write(course.folder / "feedback" / code / NAME / f"{NAME}.html", code.encode())
    folder, _waiting = export.export(course, momentum)
    with zipfile.ZipFile(folder / "feedback.zip") as archive:
        assert archive.read(f"Ada Berg_11_assignsubmission_file_/{NAME}.html").decode() == (
            course.code("Ada Berg_11_assignsubmission_file_"))
        assert f"=2+5|' !A0_.._x/{NAME}.html" in archive.namelist()


def test_a_score_by_hand_completes_the_grade(course, momentum):
    with courses.gradebook(course) as book:
        code = course.code("Cy_13_assignsubmission_file_")
        grade = book.find_grade("fair-race", NAME, NAME, code)
        grade.manual_score, grade.needs_manual_grade = 2.5, False
    folder, waiting = export.export(course, momentum)
    assert waiting == 0 and ["Participant 13", "Cy", "17.5", "19", "", "VG / A"] in rows(
        folder / "moodle.csv")
