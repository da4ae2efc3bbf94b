"""A handed-in file as data: the text of its answer cells, and nothing else of it.

The JSON is read with limits and without nbformat, so neither a wrong schema nor a cell of the
wrong kind can stop anything; nothing is run, and no other file is opened.
"""

import json
import os
import re
import stat

from descent.language import _

from .inside import CELL
from .language import most_held

MOST = 40_000_000       # bytes of a file
BRACKETS = 3_000_000    # lists and dicts in it
LONGEST = 100_000       # characters of an answer


class Unreadable(ValueError):
    """Why there is nothing to grade in a file, in a sentence."""


def read(path, stubs, editions={}):
    """The answers in the notebook at this path, {id: text}, and the language that it is in.

    What is not attempted is not there. stubs: {id: the text of the released cell}; editions:
    {language: the same of all cells}. Raises Unreadable if this is no notebook.
    """
    cells = _cells(_content(path))
    return _answers(cells, stubs, editions), most_held([text for *_rest, text in cells], editions)


def answers(data, stubs):
    """The answers alone, from the bytes of a notebook."""
    return _answers(_cells(data), stubs)


def _answers(cells, stubs, editions={}):
    found = {}
    for name, stub in stubs.items():
        own = [text for code, grade_id, text in cells if grade_id == name]
        if not own:  # the mark of the cell was lost: look for the function
            begins = re.compile(rf"^def\s+{re.escape(name)}\s*\(", re.MULTILINE)
            own = [text for code, grade_id, text in cells
                   if code and grade_id not in stubs and begins.search(text)][-1:]
        blank = ["", stub, *(texts[name] for texts in editions.values())]
        own = [text for text in own if text.split() not in [b.split() for b in blank]]
        if own:
            found[name] = f"\n\n{CELL}\n".join(dict.fromkeys(own))[:LONGEST]
    return found


def _content(path):
    """The bytes of a regular file; no link, pipe or device is followed or waited for."""
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(
                name, flags | os.O_NOFOLLOW | os.O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise OSError
            data = file.read(MOST + 1)
    except OSError:
        raise Unreadable(_("The file is not a plain file.")) from None
    if len(data) > MOST:
        raise Unreadable(_("The file is larger than {n} MB.").format(n=MOST // 10**6))
    return data


def _cells(data):
    if data.count(b"[") + data.count(b"{") > BRACKETS:
        raise Unreadable(_("The file has too many parts."))
    try:
        book = json.loads(data.decode(json.detect_encoding(data), "replace"), parse_int=float)
    except (ValueError, RecursionError):
        raise Unreadable(_("The file is not a notebook (no JSON).")) from None
    sheets = [book, *_list(book, "worksheets")]  # worksheets: up to nbformat 3
    cells = [cell for sheet in sheets for cell in _list(sheet, "cells")]
    if not cells:
        raise Unreadable(_("The file is not a notebook (no cells)."))
    return [cell for cell in map(_cell, cells) if cell]


def _list(value, key):
    value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def _cell(cell):
    """(whether it is code, its grade_id, its text), None if it is no cell."""
    if not isinstance(cell, dict):
        return None
    source = cell.get("source", cell.get("input"))  # input: up to nbformat 3
    source = source if isinstance(source, list) else [source]
    if not all(isinstance(line, str) for line in source):
        return None
    text = "".join(source).replace("\r\n", "\n").replace("\r", "\n")
    text = text.encode("utf-8", "replace").decode()  # half characters become question marks
    grade_id = cell
    for key in ("metadata", "nbgrader", "grade_id"):
        grade_id = grade_id.get(key) if isinstance(grade_id, dict) else None
    return cell.get("cell_type") == "code", grade_id, text
