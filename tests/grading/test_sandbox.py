"""The sandbox: functions called from outside, its limits of time, and where it can be made."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from grader import sandbox
from grader.sandbox import Limits, NoSandbox, Sandbox, StudentError, clean, student_error

pytestmark = pytest.mark.usefixtures("sandboxed")


def call(text, *args, name="f", given={}, **limits):
    """The answer of the function that this text makes."""
    with Sandbox({name: text}, limits=Limits(**limits)) as inside:
        return inside.function(name, given)(*args)


def named(error):
    return pytest.raises(StudentError, match=error)


def test_numbers_and_arrays_go_in_and_come_out():
    text = "def f(*a):\n    return a"
    args = (1, 2.5, True, None, np.arange(6.0).reshape(2, 3), [1, (2, {"m": np.array(3)})])
    got = call(text, *args)
    assert repr(got) == repr(args)


def test_inside_are_arrays_tuples_and_generators():
    text = """def f(x, t, d, rng, h):
    return [isinstance(x, np.ndarray), isinstance(t, tuple), isinstance(d, dict),
            isinstance(rng, np.random.Generator), callable(h)]"""
    assert call(text, np.ones(2), (1,), {"a": 1}, np.random.default_rng(0), len) == [True] * 5


def test_a_generator_draws_the_same_for_the_same_seed_and_goes_on():
    text = "def f(rng):\n    return rng.random(3)"
    with Sandbox({"f": text}) as inside:
        f, rng, again = inside.function("f"), np.random.default_rng(1), np.random.default_rng(1)
        first = f(rng)
        assert np.array_equal(first, f(again)) and not np.array_equal(first, f(rng))


def test_changed_arguments_are_changed_here():
    x, y, z = np.arange(3.0), np.arange(3), np.arange(4.0)
    got = call("def f(x, y, z):\n    x *= 2\n    y[0] = 7\n    return z.resize(2, 2)", x, y, z)
    assert got is None and x.tolist() == [0, 2, 4] and y.tolist() == [7, 1, 2]
    assert z.tolist() == [0, 1, 2, 3]


def test_functions_are_called_on_this_side():
    asked = []

    def gradient(theta, *, scale=1):
        asked.append(theta.copy())
        return 2 * theta * scale
    text = "def f(g, theta):\n    return theta - g(theta), g(theta=theta, scale=3)"
    a, b = call(text, gradient, np.ones(2))
    assert a.tolist() == [-1, -1] and b.tolist() == [6, 6] and len(asked) == 2


def test_names_that_are_given_stand_for_functions_here():
    text = "def h(x):\n    return 0\ndef f(x):\n    return h(x) + k(x)"
    assert call(text, 1, given={"h": lambda x: x + 10, "k": lambda x: x + 100}) == 112


def test_a_function_that_is_given_can_be_passed_on():
    apply, double = (lambda f, x: f(x)), (lambda x: 2 * x)
    assert call("def f(g):\n    return apply(g, 4)", double, given={"apply": apply}) == 8
    with named("can't be passed on"):
        call("def f():\n    return apply(lambda x: x, 4)", given={"apply": apply})


def test_an_error_of_ours_is_raised_inside():
    def h(x):
        raise ValueError("x is \x1b[31mred")
    text = "def f(x):\n    try:\n        h(x)\n    except ValueError as e:\n" \
        "        return [ord(c) for c in str(e)]"
    assert bytes(call(text, 1, given={"h": h})) == b"x is  [31mred"
    with pytest.raises(StudentError, match="x is") as raised:
        call("def f(x):\n    return h(x)", 1, given={"h": h})
    assert type(raised.value).__name__ == "ValueError" and raised.value.line == "return h(x)"


@pytest.mark.parametrize("slow", [lambda n: sum(k for k in range(int(n))),
                                  lambda n: time.sleep(n / 1e8)])
def test_our_own_functions_have_the_time_of_the_call(slow):
    with named("no answer in the time"):
        call("def f():\n    return slow(1e12)", given={"slow": slow}, call=0.3)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_our_own_functions_have_no_endless_memory():
    text = "def f():\n    try:\n        big(3e8)\n    except MemoryError:\n        return 1"
    assert call(text, given={"big": lambda n: np.empty(int(n))}) == 1


def test_questions_are_limited():
    text = "def f(n):\n    return sum(h(0) for k in range(n))"
    assert call(text, 20, given={"h": lambda x: 1}, questions=20) == 20
    with named("no answer"):
        call(text, 21, given={"h": lambda x: 1}, questions=20)


def test_an_error_says_its_kind_its_text_and_the_line():
    with pytest.raises(StudentError) as raised:
        call("def f(x):\n    y = x + 1\n    return [1, 2][y]  # here", 5)
    error = raised.value
    assert (type(error).__name__, str(error), error.line) == (
        "IndexError", "list index out of range", "return [1, 2][y]  # here")


def test_an_error_that_a_function_survives_leaves_it_usable():
    with Sandbox({"f": "def f(x):\n    return 1 / x"}) as inside:
        f = inside.function("f")
        with named("division"):
            f(0)
        assert f(2) == 0.5


def test_a_program_that_is_lost_stays_lost_and_is_started_again_for_the_next_function():
    text = "def f(x):\n    import os\n    if x: os._exit(0)\n    return 5"
    with Sandbox({"f": text}) as inside:
        f = inside.function("f")
        assert f(0) == 5
        for again in range(2):
            with named("the program ended"):
                f(1)
        with named("the program ended"):
            f(0)
        assert inside.function("f")(0) == 5


def test_nothing_is_left_for_the_next_function():
    text = """import os
seen = os.path.exists("/tmp/left"), getattr(np, "left", 0)
open("/tmp/left", "w").write("h"); np.left = 1
def f(): return seen"""
    with Sandbox({"f": text}) as inside:
        assert inside.function("f")() == inside.function("f")() == (False, 0)


def test_an_answer_that_stops_the_program_is_left_out_once_for_all():
    texts = {"f": "def f(): return 1", "g": "while True: pass", "h": "import os; os._exit(1)"}
    with Sandbox(texts, limits=Limits(call=0.4)) as inside:
        assert inside.function("f")() == 1
        left = inside.seconds
        assert inside.function("f")() == 1 and inside.seconds > left - 0.4
        with named("no answer in the time"):
            inside.function("g")
        with named("the program ended"):
            inside.function("h")


def test_the_time_of_all_calls_is_limited():
    text = "def f():\n    while True: pass"
    with Sandbox({"f": text}, limits=Limits(call=9, total=0.5)) as inside:
        for again in range(2):
            with named("no answer in the time"):
                inside.function("f")()
            assert inside.seconds <= 0


def test_the_bytes_of_all_replies_are_limited():
    text = "def f():\n    return np.zeros(9000)"
    with Sandbox({"f": text}, limits=Limits(traffic=200_000)) as inside:
        f = inside.function("f")
        assert f().sum() == 0
        with named("what it sent is no answer"):
            f(), f()


def test_the_parts_of_a_reply_are_limited():
    with named("what it sent is no answer"):
        call("def f():\n    return [[]] * 60_000")
    assert len(call("def f():\n    return [0] * 60_000")) == 60_000


def test_inside_one_sees_python_numpy_and_a_small_folder():
    text = """import os
def f(path):
    return [list(name) for name in sorted(os.listdir(bytes(path)))]"""

    def seen(path):
        return {bytes(name).decode() for name in call(text, list(path.encode()))}
    assert seen("/") <= {"dev", "lib", "lib32", "lib64", "packages", "python", "tmp", "usr"}
    assert seen("/usr") <= {"lib", "lib32", "lib64"}
    assert seen("/dev") == {"null"} and seen("/tmp") == set()
    assert seen("/packages") - {"numpy.libs"} == {"grader", "numpy"}
    assert seen("/packages/grader") == {"inside.py", "wire.py"}
    library = f"/python/lib/python3.{sys.version_info.minor}"
    assert "os.py" in seen(library) and seen(f"{library}/site-packages") == set()


def test_inside_are_no_open_files_but_the_pipes_and_nothing_of_the_environment(monkeypatch):
    monkeypatch.setenv("SECRET", "1")
    text = """import os, stat
def f():
    kinds = []
    for k in range(1000):
        try: kinds.append(stat.S_IFMT(os.fstat(k).st_mode))
        except OSError: pass
    return kinds, [list(name.encode()) for name in os.environ]"""
    kinds, names = call(text)
    assert sorted(set(kinds)) == [0o010000, 0o020000] and kinds.count(0o010000) == 2
    assert {bytes(name).decode() for name in names} == {*sandbox.ENVIRONMENT, "PWD"}


def test_a_killed_grader_takes_its_sandbox_along(tmp_path):
    script = "import os, sys\nfrom grader.sandbox import Sandbox, UID\n" \
        f"with Sandbox({{'f': 'def f():\\n    while True: pass'}}, slot=333) as inside:\n" \
        "    f = inside.function('f')\n    print('ready', flush=True)\n    f()"
    grader = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE,
                              env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    assert grader.stdout.readline() == b"ready\n" and _running(333)
    grader.kill()
    grader.wait()
    grader.stdout.close()
    for moment in range(1000):
        if not _running(333):
            break
        time.sleep(0.01)
    assert not _running(333)


def _running(slot):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [path] * (str(sandbox.UID + slot).encode() in path.read_bytes())
        except OSError:
            pass
    return found


def test_without_bubblewrap_one_sentence_says_so(monkeypatch):
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    with pytest.raises(NoSandbox, match="bubblewrap is missing; on Debian .* install bubblewrap.$"):
        sandbox.check()


def test_where_bubblewrap_can_not_work_its_reason_is_told(monkeypatch):
    command = sandbox._command
    monkeypatch.setattr(sandbox, "_command", lambda *a: [*command(*a)[:1], "--bind", "/none", "/",
                                                         *command(*a)[1:]])
    with pytest.raises(NoSandbox, match="so nothing is graded: bwrap: .*/none"):
        sandbox.check()


def test_where_python_does_not_start_the_reason_is_told(monkeypatch):
    monkeypatch.setattr(sandbox, "BEGIN", "import numpy_of_another_kind")
    with pytest.raises(NoSandbox, match="ModuleNotFoundError"):
        sandbox.check()


def test_a_machine_whose_calls_are_not_known_is_refused(monkeypatch):
    monkeypatch.setattr(sandbox.platform, "machine", lambda: "riscv64")
    with pytest.raises(NoSandbox, match="x86_64, aarch64 only"):
        sandbox.check()


@pytest.mark.parametrize("text, same", [
    ("plain η ✓", "plain η ✓"), ("a\nb\tc\0", "a b c "),
    ("\x1b[31mred\x1b]0;t\x07", " [31mred ]0;t "),
    ("\u202egnp.exe\u2028\ufeff", " gnp.exe  "), ("x" * 300, "x" * 199 + "…")])
def test_words_are_made_harmless(text, same):
    assert clean(text) == same


@pytest.mark.parametrize("kind", ["<script>", "", "A" * 99, "a b", "é", "\x1b"])
def test_the_kind_of_an_error_is_a_word(kind):
    error = student_error(kind, "text", "line\x1b")
    assert type(error).__name__ == "Exception" and error.line == "line "
