"""Honest work is never hurt: whatever a notebook went through, each answer gets its points."""

import json

import pytest

pytestmark = pytest.mark.usefixtures("sandboxed")
FULL = {"bias_correct": 4, "adam_step": 6, "descent_history": 5}
CORRECT = "def bias_correct(m, beta, t):\n    {}return m / (1 - beta**t)\n"
STEP = """
def adam_step(theta, m, v, t, g, lr, beta1, beta2, eps):
    t = t + 1
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = {}
    return {}
"""
PLAIN = "bias_correct(m, beta1, t), bias_correct(v, beta2, t)"
NEW = "theta - lr * m_hat / (v_hat**0.5 + eps)"
STEPPED = STEP.format(PLAIN, f"{NEW}, m, v, t")


def test_all_right_is_all_points(grade, points, notebook, right):
    report = grade(notebook(right))
    assert points(report) == FULL and not report.reason
    assert all(part.text.startswith("✓") and not part.mistake for part in report.parts)


def through_windows(data, make_cell):
    return json.dumps(json.loads(data), indent=1).replace("\n", "\r\n").replace(
        "\\n", "\\r\\n").encode()


def in_format_3(data, make_cell):
    cells = json.loads(data)["cells"]
    for one in cells:
        one["input"] = one.pop("source")
    return json.dumps({"nbformat": 3, "metadata": {"name": ""},
                       "worksheets": [{"cells": cells}]}).encode()


def in_format_4_0(data, make_cell):
    book = json.loads(data) | {"nbformat_minor": 0}
    for one in book["cells"]:
        del one["id"]
    return json.dumps(book).encode()


def with_extra_cells(data, make_cell):
    book = json.loads(data)
    extra = [make_cell("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()"),
             make_cell("1/0"), make_cell("# Notes", kind="markdown"), make_cell("while True: pass"),
             make_cell("bias_correct = None"), make_cell("import warnings; warnings.warn('!')")]
    return json.dumps(book | {"cells": extra + book["cells"] + extra}).encode()


def with_much_output(data, make_cell):
    output = {"output_type": "stream", "name": "stdout", "text": "0.1, 0.2\n" * 1_200_000}
    book = json.loads(data)
    book["cells"][0]["outputs"] = [output]
    book["cells"].append(make_cell("adam_step(...)", outputs=[
        {"output_type": "error", "ename": "E", "evalue": "", "traceback": ["\x1b[31mE"]},
        {"output_type": "stream", "name": "stderr", "text": "RuntimeWarning: overflow"}]))
    return json.dumps(book).encode()


def with_another_kernel(data, make_cell):
    return json.dumps(json.loads(data) | {"metadata": {"kernelspec": {
        "name": "my-env", "display_name": "Julia", "language": "julia"}}}).encode()


def with_cells_in_another_order(data, make_cell):
    book = json.loads(data)
    return json.dumps(book | {"cells": book["cells"][::-1]}).encode()


def without_marks(data, make_cell):
    book = json.loads(data)
    for one in book["cells"]:
        one["metadata"] = {}
    return json.dumps(book).encode()


@pytest.mark.parametrize("saved", [
    through_windows, in_format_3, in_format_4_0, with_extra_cells, with_much_output,
    with_another_kernel, with_cells_in_another_order, without_marks], ids=lambda f: f.__name__)
def test_what_happens_to_files_costs_nothing(grade, points, notebook, right, make_cell, saved):
    texts = {name: right[name] for name in ("bias_correct", "adam_step")}
    assert points(grade(saved(notebook(texts), make_cell))) == {"bias_correct": 4, "adam_step": 6}


def test_a_lost_test_cell_costs_nothing(grade, points, notebook, right, make_cell):
    kept = grade(notebook(right, make_cell("bias_correct(1, 0.9, 1)", "bias_correct-test")))
    assert kept == grade(notebook(right)) and points(kept) == FULL


@pytest.mark.parametrize("before", [
    "import warnings; warnings.warn('careful'); ", "np.array([1e308]) * 10; np.log(0.0); ",
    "print('now', m, '\\n' * 1000); ", "print('x' * 10**7); ",
    "import sys; sys.stderr.write('!'); ",
    "display(m); ", "np.seterr(all='warn'); ", "np.random.seed(0); ",
    "import os; os.system('true') if 0 else None; ", "open('log.txt', 'a').write('called'); "])
def test_what_a_function_does_beside_its_answer_costs_nothing(grade, points, notebook, before):
    assert points(grade(notebook({"bias_correct": CORRECT.format(before)}))) == {"bias_correct": 4}


@pytest.mark.parametrize("around", [
    "import matplotlib.pyplot as plt\n{}plt.plot([1, 2])\nplt.show()\n",
    "%matplotlib inline\n{}", "!pip install numpy\n{}", "{}bias_correct?\n", "{}?bias_correct\n",
    "{}bias_correct(1.0, 0.9, 1)", "{}print(bias_correct(1.0, 0.9, 1))", "{}1 / 0", "{}input()\n",
    "get_ipython().run_line_magic('matplotlib', 'inline')\n{}", "from descent import say\n{}",
    "from __future__ import annotations\n{}", "import numpy as np, math\n{}", "{}exit()\n",
    "{}assert bias_correct(1.0, 0.5, 1) == 3\n",
    "#!/usr/bin/env python\n# -*- coding: latin-1 -*-\n{}",
    "'''Notes,\nin lines.'''\n{}", "class Helper:\n    pass\n\n\n{}", "{}del Helper\n",
    "%%time\n{}", "raise ValueError\n{}", "np.set_printoptions(3)\n{}"],
    ids=lambda text: repr(text)[1:20])
def test_what_stands_beside_a_function_costs_nothing(grade, points, notebook, around):
    assert points(grade(notebook({"bias_correct": around.format(CORRECT.format(""))}))) == {
        "bias_correct": 4}


@pytest.mark.parametrize("answer", [
    "np.float32(m) / np.float32(1 - beta**t)", "[x / (1 - beta**t) for x in m]",
    "tuple(x / (1 - beta**t) for x in m)", "(x / (1 - beta**t) for x in m)",
    "map(lambda x: x / (1 - beta**t), m)", "np.ma.array(m / (1 - beta**t))",
    "np.array(m / (1 - beta**t), dtype=np.longdouble)", "np.array([m])[0] / (1 - beta**t)",
    "np.asfortranarray(m) / (1 - np.array(beta)**t)", "list(map(np.float64, m / (1 - beta**t)))"])
def test_the_type_of_an_array_costs_nothing(grade, points, notebook, answer):
    text = CORRECT.format(f"return {answer}\n    ")
    assert points(grade(notebook({"bias_correct": text}))) == {"bias_correct": 4}


@pytest.mark.parametrize("answer", [
    f"{NEW}, m, v, t", f"[{NEW}, m, v, t]", f"({NEW}).tolist(), list(m), tuple(v), t",
    f"{NEW}, m, v, np.array(t)", f"{NEW}, m, v, float(t)", f"{NEW}, m, v, np.int8(t)",
    f"iter([{NEW}, m, v, t])", f"{NEW}, m, v, np.float16(t)", f"{NEW}, m, v, np.uint64(t)"])
def test_the_type_of_a_number_costs_nothing(grade, points, notebook, answer):
    report = grade(notebook({"adam_step": STEP.format(PLAIN, answer)}))
    assert points(report) == {"adam_step": 6}


@pytest.mark.parametrize("corrected", [
    PLAIN, "bias_correct(m, beta=beta1, t=t), bias_correct(m=v, beta=beta2, t=t)",
    "np.array(bias_correct([*m] * np.ones(1), beta1, t)), bias_correct(v, beta2, np.int64(t))",
    "(bias_correct(x, b, t) for x, b in ((m, beta1), (v, beta2)))",
    "[*map(bias_correct, (m, v), (beta1, beta2), (t, t))]"])
def test_a_function_that_is_built_on_can_be_called_in_every_way(grade, points, notebook, corrected):
    wrong = CORRECT.format("return m\n    ")
    report = grade(notebook({"bias_correct": wrong,
                             "adam_step": STEP.format(corrected, f"{NEW}, m, v, t")}))
    assert points(report) == {"adam_step": 6} and report.parts[0].mistake == "not-corrected"


def test_a_mistake_costs_once(grade, points, notebook):
    report = grade(notebook({"bias_correct": CORRECT.format("t = t + 1; "), "adam_step": STEPPED}))
    assert points(report) == {"bias_correct": 3, "adam_step": 6}
    assert report.parts[0].mistake == "one-too-many"


def test_what_is_built_on_need_not_be_there(grade, points, notebook):
    assert points(grade(notebook({"adam_step": STEPPED}))) == {"adam_step": 6}


@pytest.mark.parametrize("texts", [
    {"bias_correct": "powers = {}\n\ndef power(b, t):\n    return b**t\n\n\n"
                     + CORRECT.format("return m / (1 - power(beta, t))\n    "),
     "descent_history": "def walk(gradient, theta, lr, k):\n"
                        "    rest = walk(gradient, theta - lr * gradient(theta), lr, k - 1)"
                        " if k else []\n    return [theta, *rest]\n",
     "adam_step": "def descent_history(*a):\n    return np.array(walk(*a))\n" + STEPPED},
    {"bias_correct": "calls = 0\n" + CORRECT.format("global calls; calls += 1; "),
     "descent_history": "def descent_history(gradient, theta, lr, steps):\n    if steps == 0:\n"
                        "        return theta[None] * 1.0\n"
                        "    seen = descent_history(gradient, theta, lr, steps - 1)\n"
                        "    return np.vstack([seen, seen[-1] - lr * gradient(seen[-1])])",
     "adam_step": STEPPED + "calls += 1"}], ids=["helpers", "globals and recursion"])
def test_answers_share_what_they_make(grade, points, notebook, texts):
    assert points(grade(notebook(texts))) == FULL


def test_a_memory_of_earlier_calls_costs_nothing(grade, points, notebook):
    text = "from functools import lru_cache\n@lru_cache\ndef power(b, t):\n    return b**t\n"
    text += CORRECT.format("return m / (1 - power(beta, t))\n    ")
    assert points(grade(notebook({"bias_correct": text}))) == {"bias_correct": 4}


@pytest.mark.parametrize("broken", [
    "def bias_correct(m, beta, t)\n    return m", "def bias_correct(m, beta, t):\nreturn m",
    "x = (", "\x00", "1" * 5000, "raise SystemExit", "import torch", "(" * 300, "-" * 50_000 + "1",
    "while True: pass", "import os; os._exit(1)", "import sys; sys.setrecursionlimit(10**9)\n"
    "def f(x):\n    return f([x]) + f(x)\nf(1)"], ids=lambda text: repr(text)[1:20])
def test_an_answer_that_fails_does_not_hurt_the_others(grade, points, notebook, right, broken):
    from grader.sandbox import Limits
    texts = {"bias_correct": broken, "adam_step": right["adam_step"]}
    report = grade(notebook(texts), limits=Limits(call=2))
    assert points(report) == {"adam_step": 6}
    assert report.parts[0].text.startswith("✗ bias_correct: it stops at “")


def test_what_is_not_attempted_is_said_so(grade, points, notebook, stubs, right):
    report = grade(notebook(stubs | {"adam_step": right["adam_step"]}))
    assert points(report) == {"adam_step": 6}
    assert report.parts[0].text == "○ bias_correct: not attempted yet."


@pytest.mark.parametrize("body", ["# later\n    ...", "pass", "return None", "return ...",
                                  "'''No idea.'''"])
def test_an_empty_function_gets_nothing_and_a_kind_word(grade, points, notebook, body):
    report = grade(notebook({"bias_correct": f"def bias_correct(m, beta, t):\n    {body}"}))
    assert points(report) == {}
    assert report.parts[0].text.startswith("✗ bias_correct: it returns nothing yet: end with")


def test_who_prints_instead_of_returning_is_told(grade, notebook):
    report = grade(notebook({"bias_correct": "def bias_correct(m, beta, t):\n    print(m)"}))
    assert "write return instead of print" in report.parts[0].text


@pytest.mark.parametrize("text, said", [
    ("def bias_correct(m, beta, t):\n    import matplotlib\n    return m",
     "“import matplotlib”: ModuleNotFoundError: No module named 'matplotlib' (when answers are"),
    ("def bias_correct(m, beta, t):\n    return my_helper(m)",
     "“return my_helper(m)”: NameError: name 'my_helper' is not defined (only the cells of"),
    ("def bias_correct(m, beta, t):\n    return input()", "EOFError: EOF when reading a line ("),
    ("bias_corect = 1", "LookupError: the cell makes no function of this name"),
    ("def bias_correct(m, beta, t):\n    return f'{m}'", "TypeError: it returned a str, which is"),
    ("def bias_correct(m, beta):\n    return m", "bias_correct() takes 2 positional arguments"),
    ("def bias_correct(m, beta, t):\n    return m @ t", "“return m @ t”: ValueError: matmul"),
    ("def bias_correct(m, beta, t):\n  return m[", "it stops at “return m[”: SyntaxError:"),
    ("from scipy import stats\n", "it stops at “from scipy import stats”: ModuleNotFoundError:"),
    ("def bias_correct(m, beta, t):\n    return bias_correct(m, beta, t)", "RecursionError: max")])
def test_errors_are_told_with_the_line_and_a_hint(grade, notebook, text, said):
    assert said in grade(notebook({"bias_correct": text})).parts[0].text


def test_arrays_that_are_changed_in_place_are_seen(grade, points, notebook):
    text = "def descent_history(gradient, theta, lr, steps):\n    seen = [theta.copy()]\n" \
        "    for k in range(steps):\n        theta -= lr * gradient(theta)\n" \
        "        seen.append(theta.copy())\n    return np.array(seen)"
    report = grade(notebook({"descent_history": text}))
    assert report.parts[2].points < 5 and report.parts[2].points > 0, report.parts[2]
