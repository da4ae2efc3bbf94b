"""The trusted end: a student's answers run in bubblewrap, their functions called from here.

Inside are a read-only Python with NumPy, a small folder for files, and nothing else: no network,
no file of the course or of anybody, no second process. What comes out of the pipe is held against
limits; whatever else it is, it is an error of the student's function.
"""

import json
import os
import platform
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from descent.language import _, mark

from .wire import WORD, WireError, decode, encode

HERE = Path(__file__).parent
START = 60   # seconds for a sandbox to start; that it is slow is no fault of the student's
UID = 60800  # root runs slot k as user 60800 + k, numbers that Debian and systemd give to nobody
ENVIRONMENT = {"LD_LIBRARY_PATH": "/python/lib", "HOME": "/tmp", "LANG": "C.UTF-8",
               "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
BEGIN = "import sys; sys.path[:0] = ['/packages']; import grader.inside as i; i.main(*sys.argv[1:])"
# Calls of the kernel that no other limit holds: ptrace process_vm_readv process_vm_writev
# pidfd_getfd clone clone3 unshare setns mount pivot_root socket socketpair add_key request_key
# keyctl shmget msgget semget mq_open memfd_create memfd_secret bpf perf_event_open userfaultfd
# io_uring_setup open_by_handle_at (fork vfork). Beside them what the architecture is called.
REFUSED = {
    "x86_64": (0xC000003E, (101, 310, 311, 438, 56, 435, 272, 308, 165, 155, 41, 53, 248, 249, 250,
                            29, 68, 64, 240, 319, 447, 321, 298, 323, 425, 304, 57, 58)),
    "aarch64": (0xC00000B7, (117, 270, 271, 438, 220, 435, 97, 268, 40, 41, 198, 199, 217, 218, 219,
                             194, 186, 190, 180, 279, 447, 280, 241, 282, 425, 265)),
}
HINTS = {
    "ModuleNotFoundError": mark("when answers are graded there is NumPy and what Python brings"),
    "NameError": mark("only the cells of answers are run when they are graded, with np given"),
    "EOFError": mark("nobody is there to type when answers are graded"),
}


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    call: float = 10.0          # seconds for a call, or for running an answer's cell
    total: float = 60.0         # seconds for all of them
    memory: int = 1 << 30       # bytes
    disk: int = 16 << 20        # bytes in its own folder
    message: int = 2 << 20      # bytes of one reply
    parts: int = 100_000        # commas and brackets in it
    traffic: int = 256 << 20    # bytes of all replies
    questions: int = 10_000     # calls of the grader's functions during one call


class NoSandbox(RuntimeError):
    """Why nothing can be graded on this machine, in a sentence."""


class StudentError(Exception):
    """What a student's function raised, or why no answer came; its class has the error's name."""

    line = ""  # of the student's code, where it stopped


def student_error(kind, text, line=""):
    """A StudentError of this kind, for example "ValueError"; all words are made harmless."""
    kind = kind if WORD.fullmatch(kind) else "Exception"
    text = clean(text) + (f" ({_(HINTS[kind])})" if kind in HINTS else "")
    if it := re.fullmatch(r"it returned a (\w+), which is neither a number nor an array", text):
        text = _("it returned a {kind}, which is neither a number nor an array").format(kind=it[1])
    error = type(kind, (StudentError,), {"__module__": "builtins"})(text)
    error.line = clean(line)
    return error


def clean(text, most=200):
    """The text with spaces for control characters, cut to a length."""
    text = "".join(c if c.isprintable() else " " for c in text[:most + 1])
    return text if len(text) <= most else text[:most - 1] + "…"


def check():
    """Raises NoSandbox if this machine can't make one."""
    with Sandbox({"check": "def check(): return 1"}) as sandbox:
        sandbox.function("check")()


class Sandbox(AbstractContextManager):
    """One submission's answers, {id: text}; a context manager that ends what it started.

    slot tells apart what runs at the same time. Works in the main thread of a process only: the
    time is kept by an alarm.
    """

    def __init__(self, answers, slot=0, limits=Limits()):
        self.answers, self.slot, self.limits = dict(answers), slot, limits
        self.seconds, self.bytes = limits.total, limits.traffic  # what is left of them
        self.program, self.errors = None, {}  # errors: what running an answer raised, by its id

    def close(self, *error):
        if self.program:
            self.program.end()

    __exit__ = close

    def function(self, name, given={}):
        """The student's function of that name, in a fresh program; the one before ends.

        given: {name: function}; in there these names stand for the grader's functions. What is
        returned takes and returns what `wire` carries, and changes the arrays that the student's
        function changes. It raises StudentError; so does this if the cell makes no such function,
        saying what is wrong with it. Raises NoSandbox.
        """
        self._start()
        program, numbers = self.program, {other: k for k, other in enumerate(given)}
        if program.ask({"find": name})["value"] is not True:
            raise self.errors.get(name) or student_error(
                "LookupError", _("the cell makes no function of this name"))

        def called(*args):
            known = list(given.values())
            sent = [encode(a, lambda f: known.append(f) or len(known) - 1) for a in args]
            reply = program.ask({"call": name, "args": sent, "given": numbers}, known)
            for old, new in zip(args, reply["changed"]):
                if (isinstance(old, np.ndarray) and isinstance(new, np.ndarray)
                        and (old.shape, old.dtype.kind) == (new.shape, new.dtype.kind)):
                    old[...] = new
            if reply["said"]:
                print("…")  # so that who listens here knows that it printed
            return reply["value"]

        called.__name__ = called.__qualname__ = name
        return called

    def _start(self):
        """A new program that has run the answers; what stops or ends it is left out from then."""
        self.close()
        self.program = _Program(self)
        for name, text in self.answers.items():
            try:
                self.program.ask({"text": text, "name": name})
            except StudentError as error:
                self.errors[name] = error
                if self.program.lost:
                    del self.answers[name]
                    return self._start()


class _Program:
    """One process in a sandbox and the pipes to it; lost as soon as it breaks a limit."""

    def __init__(self, owner):
        self.owner, self.limits, self.lost = owner, owner.limits, None
        with os.fdopen(os.memfd_create("refused"), "r+b", 0) as refused:
            refused.write(_filter())
            refused.seek(0)
            self.process = subprocess.Popen(
                _command(owner.limits, UID + owner.slot, refused.fileno()), cwd="/", env={},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                pass_fds=[refused.fileno()], start_new_session=True)
        try:
            with _watched(START):
                self._talk({"find": "start"}, ())
        except (OSError, WireError, json.JSONDecodeError):
            os.killpg(self.process.pid, signal.SIGKILL)
            said = self.process.communicate()[1].decode("utf-8", "replace").split("\n")
            raise _no_sandbox([_("it did not start"), *filter(None, said)][-1]) from None
        self.process.stderr.close()

    def end(self):
        """Kill it and wait until all is gone: the pipe closes with the last process inside."""
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # ours, and early on the one inside too
        while not self.process.stdout.closed and os.read(self.process.stdout.fileno(), 1 << 16):
            pass
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def ask(self, request, functions=()):
        """The reply to a request; what it asks about these functions on the way is answered.

        Raises StudentError.
        """
        if self.lost:
            raise self.lost
        start = time.monotonic()
        try:
            with _watched(min(self.limits.call, self.owner.seconds)):
                reply = self._talk(request, functions)
                if "error" not in reply:
                    return {"value": decode(reply["value"]), "said": reply.get("said") is True,
                            "changed": [decode(array) for array in reply.get("changed", ())]}
                (kind, text), line = reply["error"], reply["line"]
                error = student_error(kind, text, line)
        except TimeoutError:
            error = self.lost = student_error("TimeoutError", _("no answer in the time it has"))
        except BrokenPipeError:
            error = self.lost = student_error("SystemExit", _("the program ended"))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError, MemoryError):
            error = self.lost = student_error("ValueError", _("what it sent is no answer"))
        self.owner.seconds -= time.monotonic() - start
        if self.lost:
            self.end()
        raise error

    def _talk(self, message, functions):
        for question in range(self.limits.questions + 1):
            data = json.dumps(message).encode() + b"\n"
            while data:
                data = data[os.write(self.process.stdin.fileno(), data):]
            line = self.process.stdout.readline(self.limits.message)
            self.owner.bytes -= len(line)
            if not line:
                raise BrokenPipeError
            if (self.owner.bytes < 0 or not line.endswith(b"\n")
                    or line.count(b",") + line.count(b"[") > self.limits.parts):
                raise WireError("too much")
            reply = json.loads(line)
            if "ask" not in reply:
                return reply
            message = _answered(functions, **reply)
        raise WireError("too many questions")


def _answered(functions, ask, args, named):
    """The answer to a question; an error of the grader's function goes back to who asked."""
    try:
        args, named = decode(args, functions.__getitem__), decode(named, functions.__getitem__)
        return {"value": encode(functions[ask](*args, **named))}
    except TimeoutError:
        raise
    except Exception as error:
        return {"error": [type(error).__name__, clean(str(error))]}


@contextmanager
def _watched(seconds):
    """What runs in it has these seconds, and 1 GiB more of memory: it works on a student's data."""
    def stop(*_):
        raise TimeoutError

    limits = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    room = min(pages * resource.getpagesize() + (1 << 30), *(n % 2**64 for n in limits))
    before = signal.signal(signal.SIGALRM, stop)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (room, limits[1]))
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
        try:
            with np.errstate(all="ignore"):
                yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, limits)


def _command(limits, uid, refused):
    """How bubblewrap is called, by root or by anybody; refused is the open file of `_filter`."""
    bwrap = shutil.which("bwrap")
    if not bwrap:
        raise _no_sandbox(_("bubblewrap is missing; on Debian and Ubuntu: sudo apt-get install "
                            "bubblewrap"))
    command = [bwrap, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
               "--unshare-cgroup-try", "--hostname", "sandbox", "--die-with-parent",
               "--new-session", "--clearenv", "--seccomp", refused]
    # Root becomes somebody else as the first step inside; others have no way to any other user.
    command += (["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if os.getuid() == 0 else
                ["--unshare-user", "--disable-userns"])
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    for folder in ("/usr", "/packages", "/packages/grader", "/dev"):
        command += ["--perms", "0755", "--dir", folder]
    for folder in ("/usr/lib", "/usr/lib32", "/usr/lib64", "/lib", "/lib64"):
        command += (["--symlink", os.readlink(folder), folder] if os.path.islink(folder) else
                    ["--ro-bind-try", folder, folder])
    command += ["--ro-bind", sys.base_prefix, "/python"]
    for folder in Path(sys.base_prefix).glob("lib/python3*/*-packages"):  # what else is installed
        hidden = f"/python/{folder.relative_to(sys.base_prefix)}"
        command += ["--size", 4096, "--tmpfs", hidden, "--remount-ro", hidden]
    for folder in (Path(np.__path__[0]), Path(np.__path__[0] + ".libs")):
        command += ["--ro-bind-try", folder, f"/packages/{folder.name}"]
    for name in ("wire.py", "inside.py"):
        command += ["--ro-bind", HERE / name, f"/packages/grader/{name}"]
    command += ["--dev-bind", "/dev/null", "/dev/null", "--perms", "1777", "--size", limits.disk,
                "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp",
                f"/python/bin/python3.{sys.version_info.minor}", "-I", "-S", "-B", "-c", BEGIN,
                uid, int(limits.total) + 1, limits.memory, limits.disk]
    return list(map(str, command))


def _filter():
    """The seccomp program that refuses what is REFUSED, and all calls of other architectures."""
    if platform.machine() not in REFUSED:
        raise _no_sandbox(_("it is known for {machines} only").format(machines=", ".join(REFUSED)))
    architecture, numbers = REFUSED[platform.machine()]
    n, load, equal, at_least, give = len(numbers), 0x20, 0x15, 0x35, 0x06
    steps = [(load, 0, 0, 4), (equal, 0, n + 3, architecture), (load, 0, 0, 0),
             (at_least, n + 1, 0, 1 << 30),  # from 2**30 on: another way of numbering, x32
             *((equal, n - k, 0, number) for k, number in enumerate(numbers)),
             (give, 0, 0, 0x7FFF0000), (give, 0, 0, 0x00050001)]  # allowed; EPERM
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _no_sandbox(reason):
    return NoSandbox(_("No sandbox can be made on this machine, so nothing is graded: {reason}.")
                     .format(reason=clean(reason)))
