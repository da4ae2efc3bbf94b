"""A handed-in file is data: what is taken from it, whatever else it holds; when it is refused."""

import json
import os
import socket

import pytest

from grader.inside import CELL
from grader.submission import BRACKETS, LONGEST, MOST, Unreadable, answers, read

STUBS = {"f": "def f(x):\n    ...", "g": "def g(x):\n    ...", "words": "Write here."}
F = "def f(x):\n    return x"


def edited(data, change):
    """The notebook's bytes after change(its JSON)."""
    book = json.loads(data)
    return json.dumps(change(book) or book).encode()


def test_only_answers_that_were_attempted_are_taken(notebook, make_cell):
    data = notebook({"f": F, "g": STUBS["g"], "words": "Because."}, make_cell("import os", "test"),
                    make_cell("print('an extra cell')"))
    assert answers(data, STUBS) == {"f": F, "words": "Because."}


@pytest.mark.parametrize("text", ["", "  \n", "def f(x):\n\n    ...\n", "def f(x): ..."])
def test_the_stub_is_no_answer_whatever_its_blanks(notebook, text):
    assert answers(notebook({"f": text}), STUBS) == {}


def test_a_source_is_a_string_or_a_list_of_lines(notebook):
    def joined(book):
        book["cells"][0]["source"] = "".join(book["cells"][0]["source"])
    assert answers(edited(notebook({"f": F}), joined), STUBS) == {"f": F}


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_are_made_one_kind(notebook, end):
    assert answers(notebook({"f": F.replace("\n", end)}), STUBS) == {"f": F}


def test_a_file_with_windows_line_ends(notebook):
    data = json.dumps(json.loads(notebook({"f": F})), indent=1).replace("\n", "\r\n")
    assert answers(data.encode(), STUBS) == {"f": F}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le"])
def test_a_file_in_another_encoding(notebook, encoding):
    data = json.dumps(json.loads(notebook({"f": F + "  # η"})), ensure_ascii=False)
    assert answers(data.encode(encoding), STUBS) == {"f": F + "  # η"}


def test_letters_that_are_no_utf_8_do_not_hurt_the_rest(notebook):
    data = notebook({"f": F + "  # size"}).replace(b"size", b"gr\xf6\xdfe")
    assert answers(data, STUBS) == {"f": F + "  # gr��e"}


def test_half_characters_become_question_marks(notebook):
    text = answers(notebook({"f": F + "  # \ud800 \ud83d"}), STUBS)["f"]
    assert text == F + "  # ? ?" and text.encode()


def test_a_notebook_of_format_3():
    data = {"nbformat": 3, "nbformat_minor": 0, "metadata": {}, "worksheets": [{"cells": [
        {"cell_type": "code", "input": F.splitlines(True), "language": "python",
         "metadata": {"nbgrader": {"grade_id": "f"}}, "outputs": []},
        {"cell_type": "markdown", "source": ["Because."],
         "metadata": {"nbgrader": {"grade_id": "words"}}}]}]}
    assert answers(json.dumps(data).encode(), STUBS) == {"f": F, "words": "Because."}


def test_a_notebook_of_format_4_0(notebook):
    def older(book):
        book["nbformat_minor"] = 0
        for cell in book["cells"]:
            del cell["id"]
    assert answers(edited(notebook({"f": F}), older), STUBS) == {"f": F}


def test_a_cell_in_two_is_both_halves(notebook, make_cell):
    """Jupyter copies the marks to both when a cell is split."""
    data = notebook({"f": "def half(x):\n    return x / 2"}, make_cell(F, "f"))
    assert answers(data, STUBS)["f"].split(f"\n\n{CELL}\n") == ["def half(x):\n    return x / 2", F]


def test_of_copies_the_stub_does_not_count_and_the_same_counts_once(notebook, make_cell):
    data = notebook({"f": F}, make_cell(STUBS["f"], "f"), make_cell(F, "f"))
    assert answers(data, STUBS) == {"f": F}


@pytest.mark.parametrize("name", [None, "renamed"])
def test_a_lost_mark_is_made_up_for_by_the_function(notebook, make_cell, name):
    data = notebook({"g": STUBS["g"]}, make_cell("f = 1", name), make_cell(F, name),
                    make_cell(F, name, kind="markdown"), make_cell("# def f(x)", name))
    assert answers(data, STUBS) == {"f": F}


def test_the_function_is_not_taken_from_another_answer(notebook):
    assert answers(notebook({"g": F}), STUBS) == {"g": F}


def test_an_answer_is_not_longer_than_allowed(notebook):
    assert len(answers(notebook({"f": "#" * 2 * LONGEST}), STUBS)["f"]) == LONGEST


@pytest.mark.parametrize("odd", [
    5, None, "cell", [], {}, {"cell_type": "code"}, {"source": 5}, {"source": {"f": 1}},
    {"source": [1, 2]}, {"source": [["def f(x)"]]}, {"source": F, "metadata": 3},
    {"source": F, "metadata": {"nbgrader": []}}, {"source": F, "metadata": {"nbgrader": None}},
    {"source": F, "metadata": {"nbgrader": {"grade_id": ["f"]}}},
    {"source": F, "metadata": {"nbgrader": {"grade_id": {"f": 1}}}},
    {"source": 3, "metadata": {"nbgrader": {"grade_id": "f"}}}])
def test_cells_that_are_no_cells_do_not_matter(notebook, odd):
    data = notebook({"f": F})
    assert answers(edited(data, lambda book: book["cells"].insert(0, odd)), STUBS) == {"f": F}
    assert answers(edited(data, lambda book: book["cells"].append(odd)), STUBS) == {"f": F}


@pytest.mark.parametrize("fields", [
    {"nbformat": 99}, {"nbformat": "4"}, {"metadata": []}, {"metadata": {"kernelspec": {"name":
     "julia"}}}, {"nbformat_minor": 10**30}, {"nbformat_minor": float("nan")},
    {"metadata": {"deep": float("-inf")}}, {"worksheets": 3}, {"worksheets": [3, {"cells": 3}]}])
def test_nothing_else_in_the_file_matters(notebook, fields):
    assert answers(notebook({"f": F}, **fields), STUBS) == {"f": F}


def test_marks_of_other_versions_do_not_matter(notebook):
    def marked(book):
        book["cells"][0]["metadata"] = {"tags": ["skip-execution", "hide"], "deletable": False,
                                        "nbgrader": {"grade_id": "f", "schema_version": 99,
                                                     "points": 1e9, "grade": "yes"}}
    assert answers(edited(notebook({"f": F}), marked), STUBS) == {"f": F}


def test_ten_megabytes_of_output_do_not_matter(notebook, make_cell):
    lines = [f"[{k} 0.5, 1.5]\n" for k in range(700_000)]
    output = {"output_type": "stream", "name": "stdout", "text": lines}
    data = notebook({"f": F}, make_cell("f(1)", outputs=[output]))
    assert len(data) > 10**7 and answers(data, STUBS) == {"f": F}


@pytest.mark.parametrize("data", [
    b"", b"{", b"hello", b"\x00" * 100, b"\xff\xfe\xff", b"[]", b"3", b"null", b'"text"', b"{}",
    b'{"cells": []}', b'{"cells": {"a": 1}}', b'{"cells": null, "worksheets": [[]]}',
    b'{"cells": [' * 50_000, b"[" * 100_000, b'{"cells": ' + b"[" * 9_000 + b"]" * 9_000 + b"}",
    b"PK\x03\x04 a zip file", b"<html></html>", b"-" + b"9" * 100_000])
def test_what_is_no_notebook_is_refused(data):
    with pytest.raises(Unreadable):
        answers(data, STUBS)


def test_a_whole_number_of_a_million_digits_does_not_matter(notebook):
    data = notebook({"f": F}).replace(b"null", b"1" * 10**6)
    assert answers(data, STUBS) == {"f": F}


def test_too_many_parts_are_refused_before_they_are_made():
    with pytest.raises(Unreadable, match="too many parts"):
        answers(b'{"cells": [' + b"[]," * BRACKETS + b"0]}", STUBS)


def test_a_million_empty_cells_do_not_matter(notebook):
    data = notebook({"f": F}).replace(b'"cells": [', b'"cells": [' + b"{}, " * 10**6)
    assert answers(data, STUBS) == {"f": F}


def test_a_file_is_read_from_its_path(notebook, tmp_path):
    (tmp_path / "a.ipynb").write_bytes(notebook({"f": F}))
    assert read(tmp_path / "a.ipynb", STUBS) == ({"f": F}, None)


def test_links_pipes_folders_and_devices_are_refused(notebook, tmp_path):
    (tmp_path / "a.ipynb").write_bytes(notebook({"f": F}))
    (tmp_path / "link.ipynb").symlink_to(tmp_path / "a.ipynb")
    (tmp_path / "nowhere.ipynb").symlink_to(tmp_path / "gone")
    (tmp_path / "folder.ipynb").mkdir()
    os.mkfifo(tmp_path / "pipe.ipynb")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.ipynb"))
        for path in [*tmp_path.glob("[!a]*.ipynb"), tmp_path / "missing.ipynb", "/dev/zero",
                     tmp_path / ("x" * 300)]:
            with pytest.raises(Unreadable, match="plain file"):
                read(path, STUBS)


def test_a_file_that_is_too_large_is_refused_and_not_read(tmp_path):
    with open(tmp_path / "a.ipynb", "wb") as file:
        file.truncate(100 * MOST)  # takes no space on the disk
    with pytest.raises(Unreadable, match="larger than"):
        read(tmp_path / "a.ipynb", STUBS)
