"""Who is alike: names, comments and layout don't count, what all have got doesn't either."""
import csv

import pytest

from grader import course as courses
from grader import demo, similarity
from grader.assignment import released_notebook
from grader.batch import Outcome, _dumped

NAME = "05-momentum"
LOOP = """
def lookahead_run(gradient, theta, lr, beta, steps):
    v = np.zeros_like(theta)
    out = np.empty((steps + 1, len(theta)))
    out[0] = theta
    for k in range(1, steps + 1):
        ahead = out[k - 1] + beta * v
        v = v * beta - gradient(ahead) * lr
        out[k] = out[k - 1] + v
    return out
"""
DISGUISED = """
def lookahead_run(gradient, theta, lr, beta, steps):   # all my own work
    velocity = np.zeros_like( theta )

    points = np.empty(
        (steps + 1,
         len(theta)))
    points[0] = theta  # the start
    for i in range(1, steps + 1):
            where = points[i - 1] + beta * velocity
            velocity = velocity * beta - gradient(where) * lr
            points[i] = points[i - 1] + velocity
    return points
"""


def test_a_disguise_is_seen_through():
    assert similarity.tokens(LOOP) == similarity.tokens(DISGUISED)


def test_layout_is_no_difference_and_an_operator_is():
    def seen(text):
        return similarity.tokens(f"def f():\n {text}")

    assert seen("a = b+1") == seen("xyz  =  q + 27 # why") != seen("a = b*1")
    assert seen("if a: b") != seen("while a: b")


@pytest.mark.parametrize("text", ["", "def f(:", "'''", "\x00", "((((" * 1000, "é" * 9,
                                  "a\n b\n  c\n d", "\\", "0x", "f'{", "𝒳 = ½"])
def test_any_text_can_be_compared(text):
    similarity.runs(text)
    similarity.runs(f"def f():\n{text}")


@pytest.fixture
def texts(momentum):
    right = demo.solutions(momentum)
    texts = {f"honest{k}": dict(right) for k in range(8)}  # the usual form, which most find
    texts["copied1"] = right | {"lookahead_run": LOOP}
    texts["copied2"] = right | {"lookahead_run": DISGUISED}
    texts["alone"] = right | {"lookahead_run": LOOP.replace("v * beta -", "0.5 * v + v / 2 -")}
    texts["empty"] = {}
    return texts


def test_the_two_that_are_alike_come_first(texts, momentum):
    given = [cell.source for cell in released_notebook(momentum).cells]
    pairs = similarity.alike(texts, given)
    assert pairs[0] == (1.0, "copied1", "copied2")
    assert not any("empty" in pair for pair in pairs)
    share = {pair[1:]: pair[0] for pair in similarity.alike(texts, given, share=0)}
    assert share["alone", "copied1"] < 0.95
    assert ("honest1", "copied1") not in share


def test_the_stub_makes_nobody_alike(momentum):
    stubs = {cell.id: cell.source for cell in released_notebook(momentum).cells}
    texts = {"a": stubs, "b": stubs, "c": {"x": LOOP}}
    assert similarity.alike(texts, stubs.values(), share=0) == []


def test_free_text_is_compared_by_its_words():
    text = "Momentum walks ten times as far in the long run and so the race was never a fair one."
    pairs = similarity.alike({"a": {"q": text}, "b": {"q": text.replace(" and", "  AND")},
                              "c": {"q": "I do not know it, but I tried for an hour or so: sorry"}})
    assert pairs == [(1.0, "a", "b")]


def test_the_report_shows_both_escaped(tmp_path, texts, momentum):
    course = courses.Course(tmp_path / "course")
    evil = {"fair-race": "</pre><script>alert(1)</script> " + "word " * 20}
    texts |= {"copied1": texts["copied1"] | evil, "copied2": texts["copied2"] | evil}
    outcomes = {code: Outcome(code, 1, (), answers) for code, answers in texts.items()}
    courses.write(course.folder / "results" / f"{NAME}.json", _dumped(outcomes))
    folder, pairs = similarity.similarity(course, momentum)
    page = (folder / "similarity.html").read_text()
    assert "copied1, copied2" in page and "velocity * beta" in page and "v * beta" in page
    assert "<script" not in page and "&lt;script&gt;" in page and "default-src 'none'" in page
    with open(folder / "similarity.csv", newline="") as file:
        head, first, *_rest = csv.reader(file)
    assert head == ["share", "code", "code"] and first == ["1.0", "copied1", "copied2"]
    assert pairs >= 1
