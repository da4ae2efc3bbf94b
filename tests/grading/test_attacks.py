"""Hostile work gains nothing and harms nobody: each attack is graded between two honest students.

An attack that wants to reach something answers right only if it does, so its points tell. Some
are tried again with a hole made on purpose: then they must get the points, or the test is blind.
"""

import json
import os
import resource
import signal
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from grader import sandbox
from grader.sandbox import UID, Limits

pytestmark = pytest.mark.usefixtures("sandboxed")
SLOT = 10 + os.getpid() % 300  # of our own, so that what stays behind can be told apart
SHORT = Limits(call=0.4, total=0.6)
RIGHT = "def bias_correct(m, beta, t):\n    return m / (1 - beta**t)\n"
USUAL = "def bias_correct(m, beta, t):\n    return m / (1 - beta**(t + 1))\n"
WRONG = "def bias_correct(m, beta, t):\n    return m * 7\n"


@pytest.fixture(scope="module")
def class_folder():
    """What an attack must not touch: a gradebook and a neighbour's work, which anybody could."""
    with tempfile.TemporaryDirectory(prefix="class-") as folder:
        os.chmod(folder, 0o777)
        for name in ("gradebook.db", "neighbour.ipynb"):
            Path(folder, name).write_text(f"{name} as it was")
            os.chmod(Path(folder, name), 0o666)
        yield folder


def state(folder):
    """What grading must leave as it was."""
    return ({path.name: path.read_text() for path in Path(folder).iterdir()},
            len(os.listdir("/proc/self/fd")), signal.getsignal(signal.SIGALRM),
            resource.getrlimit(resource.RLIMIT_AS), os.listdir("/dev/shm"),
            [path for path in Path("/proc").glob("[0-9]*/cmdline") if _ours(path)])


def _ours(path):
    try:
        return f"\0{UID + SLOT}\0".encode() in path.read_bytes()
    except OSError:
        return False


@pytest.fixture(scope="module")
def between(grade, points, notebook, class_folder):
    """Grade an attack between two honest students; -> what it got, by item.

    Who comes after one attack comes before the next: the two take turns.
    """
    honest = [notebook({"bias_correct": text}) for text in (RIGHT, USUAL)]
    alone = [grade(one, slot=SLOT) for one in honest]
    assert [points(report) for report in alone] == [{"bias_correct": 4}, {"bias_correct": 3}]

    def graded(attack, limits=Limits()):
        before = state(class_folder)
        report = grade(attack, slot=SLOT, limits=limits)
        honest.reverse()
        alone.reverse()
        assert grade(honest[1], slot=SLOT) == alone[1]
        assert state(class_folder) == before
        for part in report.parts:
            assert part.text.isprintable() and len(part.text) <= 600 and part.mistake.isprintable()
            assert 0 <= part.points <= part.of
        return points(report)
    return graded


# Its file.

def book(cells, **fields):
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells} | fields
                      ).encode()


FILES = {
    "tests are tagged to be skipped": lambda cell: book([
        cell(WRONG, "bias_correct"),
        cell("assert 0", "bias_correct-test") | {"metadata": {"tags": ["skip-execution"]}}]),
    "the answer is tagged to be skipped": lambda cell: book([cell(
        WRONG, "bias_correct", metadata={"tags": ["skip-execution"], "nbgrader": {
            "grade_id": "bias_correct", "points": 1000, "grade": True, "locked": True}})]),
    "the tests are deleted": lambda cell: book([cell(WRONG, "bias_correct")]),
    "the tests are edited": lambda cell: book([
        cell(WRONG, "bias_correct"), cell("pass", "bias_correct-test")]),
    "cells are there twice": lambda cell: book([cell(WRONG, "bias_correct")] * 2 + [
        cell("assert True", "bias_correct-test")] * 2),
    "cells are renamed": lambda cell: book([
        cell(RIGHT, "../bias_correct"), cell(WRONG, "bias_correct"),
        cell(RIGHT, "bias_correct\0")]),
    "another schema version": lambda cell: book([cell(WRONG, "bias_correct", metadata={
        "nbgrader": {"grade_id": "bias_correct", "schema_version": 10**400}})], nbformat=10**400),
    "points in the metadata": lambda cell: book(
        [cell(WRONG, "bias_correct")], metadata={"points": 100, "seed": 5, "score": {"max": 1}}),
    "a forged result": lambda cell: book([cell(WRONG, "bias_correct", outputs=[
        {"output_type": "display_data", "data": {"text/plain": "4 / 4"}}])], score=4),
    "huge depth": lambda cell: b'{"cells": ' + b"[" * 10**6,
    "huge depth that closes": lambda cell: b'{"cells": ' + b"[" * 10**5 + b"]" * 10**5 + b"}",
    "huge numbers": lambda cell: b'{"cells": [' + b"9" * 10**6 + b", 1e999999, -1e-999999]}",
    "not a number": lambda cell: b'{"cells": NaN, "nbformat": -Infinity}',
    "no UTF-8": lambda cell: book([cell(WRONG, "bias_correct")]).replace(b"m * 7", b"\xff\xfe\x80"),
    "half characters": lambda cell: book([cell(WRONG + "# \ud800", "bias_correct")]),
    "sources that are no text": lambda cell: book([
        cell("", "bias_correct", source=source) for source in (5, {"a": 1}, [1], None, True)]),
    "a million cells": lambda cell: b'{"cells": [' + b"{}," * 10**6 + b"{}]}",
    "a million answers": lambda cell: b'{"cells": [' + b",".join([json.dumps(
        {"source": "x", "metadata": {"nbgrader": {"grade_id": "bias_correct"}}}).encode()] * 10**5)
        + b"]}",
    "a pickle": lambda cell: b"\x80\x04cos\nsystem\n(S'touch /tmp/hit'\ntR.",
    "zeros": lambda cell: b"\0" * 10**6,
    "nothing": lambda cell: b"",
}


@pytest.mark.parametrize("attack", FILES)
def test_its_file(between, make_cell, attack):
    assert between(FILES[attack](make_cell)) == {}


@pytest.mark.parametrize("attack", ["link", "nowhere", "pipe", "folder", "large", "device"])
def test_what_it_hands_in_instead_of_a_file(between, class_folder, tmp_path, attack):
    (tmp_path / "link").symlink_to(Path(class_folder, "gradebook.db"))
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    with open(tmp_path / "large", "wb") as file:
        file.truncate(10**8)
    assert between("/dev/zero" if attack == "device" else tmp_path / attack) == {}


# Its code at run time: none of these knows the answer.

PIPE = """
import json, os, stat
def say(data):
    for k in range(3, 64):
        try:
            if stat.S_ISFIFO(os.fstat(k).st_mode):
                os.write(k, data if isinstance(data, bytes) else json.dumps(data).encode() + b"\\n")
        except OSError:
            pass
def bias_correct(m, beta, t):
    {}
    return m * 7
"""
RETURN = "{}\ndef bias_correct(m, beta, t):\n    return {}\n"
CALL = "def bias_correct(m, beta, t):\n    {}\n    return m * 7\n"
CODE = {
    "exit at once": "import sys; sys.exit(0)\n" + WRONG,
    "exit when called": CALL.format("raise SystemExit(0)"),
    "end the program at once": "import os; os._exit(0)",
    "end the program when called": CALL.format("import os; os._exit(0)"),
    "kill itself": CALL.format("import os; os.kill(os.getpid(), 9)"),
    "crash": CALL.format("import ctypes; ctypes.string_at(0)"),
    "interrupt": CALL.format("raise KeyboardInterrupt"),
    "no end, whatever interrupts": CALL.format("""while True:
        try:
            while True: pass
        except BaseException: pass"""),
    "no end at once": "while True: pass",
    "sleep": CALL.format("import time; time.sleep(1000)"),
    "no signal is heard": CALL.format("""import signal, time
    for k in range(1, 65):
        try: signal.signal(k, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True: time.sleep(1)"""),
    "alarms of its own": CALL.format("""import signal
    signal.signal(signal.SIGALRM, lambda *a: 1 / 0)
    signal.setitimer(signal.ITIMER_REAL, 1e-4, 1e-4)"""),
    "deep recursion": "import sys; sys.setrecursionlimit(10**8)\n" + CALL.format(
        "f = lambda x: f([x]) + 1\n    f(1)"),
    "patch NumPy": """
np.allclose = np.array_equal = np.isclose = np.asarray = lambda *a, **k: True
np.testing.assert_equal = np.testing.assert_allclose = lambda *a, **k: True
""" + WRONG,
    "patch what the check uses": "import builtins\nbuiltins.all = builtins.any = builtins.sum = "
                                 "lambda *a: True\nbuiltins.isinstance = lambda *a: True\n" + WRONG,
    "import hooks": """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        raise RuntimeError("none of that")
sys.meta_path[:0] = [Finder()]
sys.modules["json"] = sys.modules["numpy"] = None
""" + WRONG,
    "input transformers": """
get_ipython().input_transformers_cleanup.append(lambda lines: ["pass"])
get_ipython().ast_transformers.append(1)
""" + WRONG,
    "the stack": CALL.format("""import sys
    frame = sys._getframe()
    while frame:
        for name, value in {**frame.f_globals, **frame.f_locals}.items():
            if any(word in name for word in ("exercise", "solution", "right", "expected")):
                return value(m, beta, t) if callable(value) else value
        frame = frame.f_back"""),
    "all objects": CALL.format("""import gc, types
    for thing in gc.get_objects():
        if isinstance(thing, types.FunctionType) and thing.__name__ == "bias_correct":
            if thing.__code__.co_filename[0] != "<":
                return thing(m, beta, t)"""),
    "the course's solution": CALL.format("""import sys
    sys.path += ["/python/lib/python3.%d/site-packages" % sys.version_info[1], "/packages", "."]
    from descent.checks.adam import bias_correct as solved
    return solved(m, beta, t)"""),
    "the grader's own": "from grader import scoring, assignment, sandbox\n" + WRONG,
    "equal to everything": RETURN.format("""class Equal:
    __eq__ = __le__ = __ge__ = lambda self, other: True
    __ne__ = __lt__ = lambda self, other: False
    __hash__ = None
    shape = dtype = ndim = size = property(lambda self: self)""", "Equal()"),
    "lies as an array": RETURN.format("""class Liar(float):
    __array__ = lambda self, *a, **k: np.inf
    __float__ = lambda self: np.nan
    __array_ufunc__ = lambda self, *a, **k: True""", "Liar(3)"),
    "an array that lies": RETURN.format("""class Liar(np.ndarray):
    __eq__ = all = any = __array_function__ = __array_ufunc__ = lambda *a, **k: True""",
                                        "np.zeros(3).view(Liar)"),
    "an array of lies": RETURN.format("class Equal:\n    __eq__ = lambda *a: True",
                                      "np.array([Equal()] * len(m), dtype=object)"),
    "a text of one's own": RETURN.format("class Text(str):\n    __eq__ = lambda *a: True",
                                         "{Text('value'): Text('x')}"),
    "odd answers, one after the other": RETURN.format(
        "odd = ['right', 1j, print, np, None, np.array([None]), {1, 2}, b'right']", "odd.pop()"),
    "more of them": RETURN.format("""loop = []; loop.append(loop)
from itertools import count
odd = [loop, count(), float("nan"), np.inf, 1 << 3_000_000, np.zeros((0, 10**9)), "x",
       eval("[" * 90 + "]" * 90)]""", "odd.pop()"),
    "a great answer": RETURN.format("", "np.zeros(10**7)"),
    "a numpy of its own": """
open("numpy.py", "w").write("allclose = array = asarray = lambda *a, **k: True")
import sys; sys.path[:0] = ["."]; sys.modules.pop("numpy"); import numpy as np
""" + WRONG,
    "JSON of its own": "import json\njson.dumps = lambda *a: '{\"value\": true}'\n" + WRONG,
    "the grader's end patched": """
from grader import inside
inside.encode = inside.decode = lambda *a: {"array": ["f", [10**9], ""]}
""" + WRONG,
    "no standard output": "import sys\nsys.stdout = sys.stderr = None\n" + WRONG,
    "all files closed": CALL.format("import os; os.closerange(0, 64)"),
    "it takes its pipes away": PIPE.format("os.dup2(1, 3); os.dup2(1, 4)"),
    "garbage in the pipe": PIPE.format("say(b'\\xff\\x00\\x1b[31m garbage\\n')"),
    "a flood": PIPE.format("while True: say(b'x' * 65536)"),
    "a flood of lines": PIPE.format("while True: say(b'\\n' * 65536)"),
    "a flood of answers": PIPE.format("while True: say({'value': 1.0})"),
    "half a line": PIPE.format("say(b'{\"value\": '); os._exit(0)"),
    "half a line, and then wait": PIPE.format("say(b'{\"value\": ')\n    while True: pass"),
    "depth in the pipe": PIPE.format("say(b'[' * 1_000_000 + b'\\n')"),
    "digits in the pipe": PIPE.format("say(b'{\"value\": ' + b'9' * 1_000_000 + b'}\\n')"),
    "many small lists": PIPE.format("say(b'{\"value\": [' + b'[],' * 600_000 + b'[]]}\\n')"),
    "answers before questions": PIPE.replace("def bias", "say({{'value': True}})\ndef bias").format(
        "for k in range(50): say({'value': 0.0, 'changed': []})"),
    "no answer but a list": PIPE.format("say([])"),
    "no answer but a text": PIPE.format("say('ask')"),
    "no answer but an empty one": PIPE.format("say({})"),
    "an error that is none": PIPE.format("say({'error': 5, 'line': []})"),
    "changes that are none": PIPE.format(
        "say({'value': None, 'changed': [{'array': ['f', [10**6] * 7, '']}]})"),
    "changes of what is no array": PIPE.format("say({'value': 1, 'changed': [[1], 2, 3, 4, 5]})"),
    "questions about nothing": PIPE.format("while True: say({'ask': 9, 'args': [], 'named': {}})"),
    "a question that is none": PIPE.format("say({'ask': [[]], 'args': 5, 'named': [], 'more': 1})"),
    "questions without end": """
def bias_correct(m, beta, t):
    return m * 7
def adam_step(*a):
    while True: bias_correct(1.0, 0.9, 1)
""",
    "threads": CALL.format("import threading; threading.Thread(target=print).start()"),
    "at exit": "import atexit\natexit.register(print)\n" + PIPE.format("raise SystemExit"),
    "a generator's seed": "np.random.default_rng = lambda *a: None\n" + WRONG,
    "it counts the calls": RETURN.format("calls = []", "calls.append(m) or calls[0] * 7"),
    "it forgets its function": CALL.format("global bias_correct; del bias_correct"),
    "it is no function": "class bias_correct:\n    __init__ = lambda self, *a: None",
}
SLOW = ("no end", "sleep", "signal", "flood", "wait", "pipes", "closed", "alarms", "questions",
        "recursion", "many small")


@pytest.mark.parametrize("attack", CODE)
def test_its_code(between, notebook, attack):
    names = ["bias_correct", "adam_step"] if "def adam_step" in CODE[attack] else ["bias_correct"]
    limits = SHORT if any(word in attack for word in SLOW) else Limits()
    assert between(notebook({name: CODE[attack] for name in names}), limits) == {}


# Its words.

LOUD = r"\x1b]0;title\x07\x1b[2J<script>alert(1)</script>\r\n\u202e\0\ud800{0}%s{name}"
WORDS = {
    "in an error": CALL.format(f'raise ValueError("{LOUD}" * 10**5)'),
    "in an error's name": CALL.format(
        f'raise type("{LOUD}".replace(chr(0), ""), (Exception,), {{}})'),
    "in an error's line": CALL.format("1 / 0  # \x1b[31m <img src=x onerror=alert(1)> \u202e"),
    "in an error of grammar": "def bias_correct(m):\n  \x1b[31m \u202e <b>",
    "in an error that says nothing": CALL.format(
        "class E(Exception): __str__ = __repr__ = lambda self: 1 / 0\n    raise E"),
    "in an error that is no text": CALL.format(
        "class E(Exception): __str__ = lambda self: str.__new__(type('S', (str,), {}), '\x1b')\n"
        "    raise E"),
    "in the keys of an answer": RETURN.format("", f'{{"{LOUD}": 1}}'),
    "in an answer": RETURN.format("", f'"{LOUD}"'),
    "on every output": CALL.format(f"""import os, sys
    text = "{LOUD}"
    for out in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__): print(text, file=out)
    os.write(1, text.encode("utf-8", "replace")); os.write(2, b"x")"""),
}


@pytest.mark.parametrize("attack", WORDS)
def test_its_words(between, notebook, capfd, attack):
    assert between(notebook({"bias_correct": WORDS[attack]})) == {}
    assert capfd.readouterr() == ("", "")


# Its reach: it answers right if it got there.

REACH = {
    "the gradebook": "return open(FOLDER + '/gradebook.db').read()",
    "a neighbour's work": "return os.listdir(FOLDER)",
    "write the gradebook": "return open(FOLDER + '/gradebook.db', 'w').write('100')",
    "the course": "return os.listdir(COURSE)",
    "passwords": "return open('/etc/shadow').read() or open('/etc/passwd').read()",
    "homes": "return os.listdir('/home') or os.listdir('/root')",
    "any of it, anywhere": """
    for folder, folders, files in os.walk("/"):
        if {"gradebook.db", "shadow", "passwd", "environ", "scoring.py"} & set(files):
            return True""",
    "the environment": "return 'SECRET' in os.environ or 'PATH' in os.environ",
    "folders left open": """
    import stat
    for k in range(64):
        try:
            if stat.S_ISDIR(os.fstat(k).st_mode): return True
        except OSError: pass""",
    "the network": """
    import socket
    return socket.create_connection(("127.0.0.1", PORT), 2).close() or True""",
    "an abstract socket": """
    import socket
    link = socket.socket(socket.AF_UNIX); link.connect(ABSTRACT); return True""",
    "a second process": "return os.fork() or os._exit(0)",
    "a process that stays": """
    if os.fork() == 0:
        os.setsid()
        while True: pass
    return True""",
    "a fork bomb": """
    for k in range(10): os.fork()
    return True""",
    "another program": "import subprocess; return subprocess.run(['/bin/sh', '-c', ':']) or True",
    "many threads": """
    import threading, time
    for k in range(3): threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
    return True""",
    "much memory": "import mmap; return mmap.mmap(-1, 3 << 30)",
    "memory in a shared segment": """
    import ctypes
    return ctypes.CDLL(None).shmget(0, ctypes.c_size_t(3 << 30), 0o1600) >= 0""",
    "memory in a file without a name": """
    files = [os.memfd_create(str(k)) for k in range(40)]
    for file in files: os.posix_fallocate(file, 0, 15 << 20)
    return True""",
    "much disk": """
    for k in range(8):
        with open(f"/tmp/{k}", "wb") as file: file.write(bytes(15 << 20))
    return True""",
    "a large file": "with open('/tmp/f', 'wb') as file: file.truncate(17 << 20); return True",
    "many open files": "return [open('/dev/null') for k in range(200)]",
    "write anywhere": """
    for place in ("/", "/dev", "/dev/shm", "/usr", "/usr/lib", "/python", "/python/lib", "/proc",
                  "/packages", "/packages/grader", "/packages/numpy", "/sys", "/var/tmp"):
        try:
            open(place + "/here", "w"); return True
        except OSError: pass""",
    "change what is bound": """
    for path in (np.__file__, os.__file__, "/packages/grader/inside.py", "/packages/grader/wire.py",
                 "/python/bin/python3"):
        for act in (lambda: open(path, "a"), lambda: os.chmod(path, 0o777), lambda: os.remove(path),
                    lambda: os.rename(path, "/tmp/x"), lambda: os.link(path, "/tmp/x"),
                    lambda: os.truncate(path, 0), lambda: os.utime(path)):
            try:
                act(); return True
            except OSError: pass""",
    "other processes' memory": "return open('/proc/1/mem') or os.listdir('/proc/1')",
    "the parent's life": """
    os.kill(os.getppid(), 9); os.kill(1, 9)
    return os.getppid() != 1""",
    "every process it can see": """
    got = []
    for k in range(3, 5000):
        try: os.kill(k, 0); got.append(k)
        except PermissionError: got.append(k)
        except OSError: pass
    return got""",
    "ptrace": "import ctypes; return ctypes.CDLL(None).ptrace(16, 1, None, None) == 0",
    "another's memory by a call": """
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    libc.process_vm_readv(1, None, 0, None, 0, 0)
    return ctypes.get_errno() != 1""",
    "a namespace of its own": """
    import ctypes
    libc = ctypes.CDLL(None)
    return any(libc.unshare(flag) == 0 for flag in (0x10000000, 0x20000, 0x40000000))""",
    "mount": """
    import ctypes
    libc = ctypes.CDLL(None)
    return any(libc.mount(b"none", b"/tmp", b"tmpfs", flag, None) == 0 for flag in (0, 32))""",
    "keys": """
    import ctypes
    keyctl = {"x86_64": 250, "aarch64": 219}[os.uname().machine]
    return ctypes.CDLL(None).syscall(keyctl, 0, -3, 0) >= 0""",
    "root": """
    for act in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.chroot("/tmp"),
                lambda: os.setgroups([0]), lambda: os.mknod("/tmp/d", 0o60666, os.makedev(8, 0))):
        try:
            act(); return True
        except OSError: pass
    return os.getuid() == 0 or 0 in os.getgroups()""",
    "higher limits": """
    import resource
    for kind in ("AS", "NPROC", "CPU", "FSIZE", "NOFILE"):
        try:
            resource.setrlimit(getattr(resource, "RLIMIT_" + kind), (-1, -1)); return True
        except (OSError, ValueError): pass""",
    "what an earlier program left": """
    try: os.mkdir("/tmp/left")
    except OSError: return True""",
    "the terminal": "return open('/dev/tty')",
    "the clock": "import time; return time.clock_settime(time.CLOCK_REALTIME, 0) or True",
    "the name of the machine": "return os.uname().nodename != 'sandbox'",
}


@pytest.fixture(scope="module")
def reach(class_folder, notebook):
    """The notebook of an attack that answers right if it gets to something."""
    abstract = f"\0class-{os.getpid()}"
    with socket.socket() as server, socket.socket(socket.AF_UNIX) as other:
        server.bind(("127.0.0.1", 0))
        other.bind(abstract)
        server.listen()
        other.listen()
        names = {"FOLDER": class_folder, "COURSE": str(Path(sandbox.__file__).parents[2]),
                 "PORT": server.getsockname()[1], "ABSTRACT": abstract}

        def make(attack):
            lines = [f"{name} = {value!r}" for name, value in names.items()]
            return notebook({"bias_correct": "\n".join([
                "import os", *lines, f"def reached():\n    {REACH[attack]}",
                "try: got = bool(reached())", "except BaseException: got = False",
                "def bias_correct(m, beta, t):",
                "    return m / (1 - beta**t) if got else m * 7"])})
        yield make


@pytest.mark.parametrize("attack", REACH)
def test_its_reach(between, reach, monkeypatch, attack):
    monkeypatch.setenv("SECRET", "of the grader")
    assert between(reach(attack)) == {}


# Holes: plant(patch, folder).

def without(*flags, more=()):
    """Bubblewrap is called without these flags, or with more of them."""
    command = sandbox._command
    return lambda patch, folder: patch.setattr(sandbox, "_command", lambda *a: [
        command(*a)[0], *more, *(part for part in command(*a)[1:] if part not in flags)])


def inside(*changes):
    """The end inside has another text."""
    def plant(patch, folder):
        for name in ("wire.py", "inside.py"):
            text = (sandbox.HERE / name).read_text()
            for old, new in changes:
                text = text.replace(old, new)
            (folder / name).write_text(text)
        patch.setattr(sandbox, "HERE", folder)
    return plant


def unlimited(name):
    return inside((f"{name}=", f"{name}=10**12 or "))


def all_calls(patch, folder):
    """No call of the kernel is refused."""
    patch.setattr(sandbox, "REFUSED", {m: (a, ()) for m, (a, n) in sandbox.REFUSED.items()})


def files_left_open(patch, folder):
    """What the grader has open stays open inside."""
    popen, top = sandbox.subprocess.Popen, os.open("/", os.O_RDONLY)
    patch.setattr(sandbox.subprocess, "Popen", lambda *a, pass_fds, **k: popen(
        *a, pass_fds=[*pass_fds, top], **k))


def large_disk(patch, folder):
    command = sandbox._command
    patch.setattr(sandbox, "_command", lambda limits, *a: command(Limits(disk=1 << 28), *a))


HOLES = {
    "the network": [without("--unshare-net"), all_calls],
    "an abstract socket": [without("--unshare-net"), all_calls],
    "a second process": [unlimited("NPROC"), all_calls],
    "many threads": [unlimited("NPROC"), all_calls],
    "much memory": [unlimited("AS")],
    "memory in a shared segment": [all_calls],
    "memory in a file without a name": [all_calls],
    "much disk": [large_disk],
    "a large file": [unlimited("FSIZE")],
    "many open files": [unlimited("NOFILE")],
    "another's memory by a call": [all_calls],
    "keys": [all_calls],
    "the name of the machine": [without("--hostname", "sandbox")],
    "folders left open": [files_left_open],
    "any of it, anywhere": [without(more=("--ro-bind", "/etc", "/etc"))],
    "root": [inside(("os.getuid() == 0", "False"))],
}


@pytest.mark.parametrize("attack", HOLES)
def test_a_hole_is_seen(grade, points, reach, monkeypatch, tmp_path, attack):
    if attack == "root" and os.getuid():
        pytest.skip("nobody here is root")
    for plant in HOLES[attack]:
        plant(monkeypatch, tmp_path)
    assert points(grade(reach(attack), slot=SLOT)) == {"bias_correct": 4}


@pytest.mark.parametrize("attack, hole", [
    ("the network", without("--unshare-net")), ("the network", all_calls),
    ("an abstract socket", all_calls), ("a second process", unlimited("NPROC")),
    ("a second process", all_calls), ("many threads", all_calls),
    ("mount", all_calls), ("root", all_calls)])
def test_behind_a_hole_is_another_wall(grade, points, reach, monkeypatch, tmp_path, attack, hole):
    hole(monkeypatch, tmp_path)
    assert points(grade(reach(attack), slot=SLOT)) == {}
