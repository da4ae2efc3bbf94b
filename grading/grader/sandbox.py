"""The trusted end: a student's answers run in bubblewrap, their functions called from here.

Inside there is a read-only Python with NumPy, a small folder of its own, and nothing else: no
network, no file of the course or the machine's users, no second process. What comes out of the
pipe is checked against limits; whatever else it is, it is an error of the student's function.
"""

import json
import os
import platform
import resource
import select
import shutil
import signal
import struct
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from descent.language import _

from .wire import WORD, WireError, decode, encode

HERE = Path(__file__).parent
ENVIRONMENT = {"LD_LIBRARY_PATH": "/python/lib", "HOME": "/tmp", "LANG": "C.UTF-8",
               "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1",
               "MKL_NUM_THREADS": "1"}
BEGIN = "import json, sys; sys.path.insert(0, '/packages'); import inside; inside.main("\
        "json.loads(sys.argv[1]))"
START = 60  # seconds for a sandbox to start, which is no fault of a student's
UID = 60800  # and one more for each slot: a range that neither Debian nor systemd gives to anyone
# What a program can ask of the kernel beyond files, memory and time, refused by number: a second
# process, tracing another, mounts and namespaces, sockets, keys, and memory that no limit counts.
# The numbers of: ptrace process_vm_readv process_vm_writev pidfd_getfd clone clone3 unshare setns mount
# pivot_root socket socketpair add_key request_key keyctl shmget msgget semget mq_open memfd_create
# memfd_secret bpf perf_event_open userfaultfd io_uring_setup open_by_handle_at (fork vfork)
REFUSED = {
    "x86_64": (0xC000003E, (101, 310, 311, 438, 56, 435, 272, 308, 165, 155, 41, 53, 248, 249, 250,
                            29, 68, 64, 240, 319, 447, 321, 298, 323, 425, 304, 57, 58)),
    "aarch64": (0xC00000B7, (117, 270, 271, 438, 220, 435, 97, 268, 40, 41, 198, 199, 217, 218, 219,
                             194, 186, 190, 180, 279, 447, 280, 241, 282, 425, 265)),
}


@dataclass(frozen=True)
class Limits:
    """What one submission may use."""

    call: float = 10.0           # seconds for a call, or for running an answer's cell
    total: float = 60.0          # seconds for all of them
    memory: int = 1 << 30        # bytes
    disk: int = 16 << 20         # bytes in its own folder
    message: int = 4 << 20       # bytes of one reply
    traffic: int = 256 << 20     # bytes of all replies
    questions: int = 10_000      # calls of the grader's functions during one call


class NoSandbox(RuntimeError):
    """Why nothing can be graded on this machine, in a sentence."""


class StudentError(Exception):
    """What a student's function raised, or why no answer came from it; `line` is where.

    It is always of a subclass with the name of the student's error, for example ValueError.
    """

    line = ""


def student_error(kind, text, line=""):
    """A StudentError of that kind; words that come from a student are made harmless."""
    kind = kind if WORD.fullmatch(kind) else "Exception"
    error = type(kind, (StudentError,), {"__module__": "builtins"})(clean(text))
    error.line = clean(line)
    return error


def clean(text, most=200):
    """The text without control characters, and not too long."""
    text = "".join(c if c.isprintable() else " " for c in text[:most + 1])
    return text if len(text) <= most else text[:most - 1] + "…"


def check():
    """Raises NoSandbox if this machine can't make one."""
    with Sandbox({}) as sandbox:
        sandbox.function("nothing")


class Sandbox:
    """One submission's answers, {id: text}; a context manager that ends what it started.

    slot tells apart what runs at the same time. To be used in the main thread of a process: an
    alarm watches over the grader's own functions while a student's function asks them.
    """

    def __init__(self, answers, slot=0, limits=Limits()):
        self.answers, self.slot, self.limits = dict(answers), slot, limits
        self.seconds, self.bytes, self.program = limits.total, limits.traffic, None  # what is left
        self.errors = {}  # of running the answers, by id

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """End the program inside, if there is one."""
        if self.program:
            self.program.end()

    def function(self, name, given={}):
        """The student's function of that name, in a fresh program; the one before ends.

        given: {name: function}; these names stand for the grader's functions in there. The
        function takes and returns what `wire` carries, changes the arrays that the student's
        function changes, and raises StudentError. Raises StudentError if there is no function of
        this name, with what is wrong with its cell; NoSandbox.
        """
        self._start()
        if self.program.ask({"find": name})["value"] is not True:
            raise self.errors.get(name) or student_error(
                "NameError", _("its cell makes no function of this name"))
        program, numbers = self.program, {other: k for k, other in enumerate(given)}

        def called(*args):
            known = list(given.values())
            sent = [encode(a, lambda f: known.append(f) or len(known) - 1) for a in args]
            reply = program.ask({"call": name, "args": sent, "given": numbers}, known)
            for old, new in zip(args, reply["changed"]):
                if (isinstance(old, np.ndarray) and isinstance(new, np.ndarray)
                        and (old.shape, old.dtype.kind) == (new.shape, new.dtype.kind)):
                    old[...] = new
            if reply.get("said"):
                print("…")  # so that who listens here knows that it printed
            return reply["value"]

        called.__name__ = called.__qualname__ = name
        return called

    def _start(self):
        """A program that has run the answers, without those that stopped or ended it."""
        again = True
        while again:
            self.close()
            self.program, again = _Program(self), False
            for name, text in list(self.answers.items()):
                try:
                    self.program.ask({"text": text, "name": name})
                except StudentError as error:
                    self.errors[name] = error
                if self.program.lost:
                    del self.answers[name]
                    again = True
                    break


class _Program:
    """One process in a sandbox and the pipes to it; lost as soon as it breaks a limit."""

    def __init__(self, owner):
        self.owner, self.limits, self.lost, self.unread = owner, owner.limits, None, b""
        files = [_file((HERE / "wire.py").read_bytes()), _file((HERE / "inside.py").read_bytes()),
                 _file(_filter())]
        try:
            self.process = subprocess.Popen(
                _command(owner.limits, UID + owner.slot, *files), cwd="/", env={}, bufsize=0,
                pass_fds=files, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE)
        finally:
            for file in files:
                os.close(file)
        self.requests, self.replies = self.process.stdin.fileno(), self.process.stdout.fileno()
        os.set_blocking(self.requests, False)
        try:
            self._receive(time.monotonic() + START)
        except (OSError, EOFError, WireError):
            self.process.kill()
            said = self.process.communicate()[1].decode("utf-8", "replace").split("\n")
            raise _no_sandbox([_("it did not start"), *filter(None, said)][-1]) from None
        self.process.stderr.close()

    def end(self):
        """Kill it, and wait until all is gone: its pipe closes with the last process inside."""
        if not self.process.stdout.closed:
            self.process.kill()
            while os.read(self.replies, 1 << 16):
                pass
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()

    def ask(self, request, functions=()):
        """The reply to a request, a dict with its value; questions on the way are answered.

        Raises StudentError.
        """
        if self.lost:
            raise self.lost
        start = time.monotonic()
        try:
            end = start + min(self.limits.call, self.owner.seconds)
            reply = self._talk(request, functions, end)
            if "error" in reply:
                (kind, text), line = reply["error"], reply["line"]
                raise student_error(str(kind), str(text), str(line))
            return {"value": decode(reply["value"]), "said": reply.get("said") is True,
                    "changed": [decode(array) for array in reply.get("changed", ())]}
        except TimeoutError:
            self._lose("TimeoutError", _("it did not answer in the time that it has"))
        except (OSError, EOFError):
            self._lose("SystemExit", _("the program ended before it answered"))
        except (WireError, ValueError, TypeError, KeyError, AttributeError):
            self._lose("RuntimeError", _("what the program sent is no answer, or too much of it"))
        finally:
            self.owner.seconds -= time.monotonic() - start
        raise self.lost

    def _lose(self, kind, text):
        self.lost = student_error(kind, text)
        self.end()

    def _talk(self, message, functions, end):
        for question in range(self.limits.questions + 1):
            self._send(message, end)
            reply = self._receive(end)
            if "ask" not in reply:
                return reply
            message = _answered(reply, functions, end)
        raise WireError("too many questions")

    def _send(self, message, end):
        if self.unread:
            raise WireError("it answers what was not asked")
        data = memoryview(json.dumps(message).encode() + b"\n")
        while data:
            _wait(self.requests, select.POLLOUT, end)
            data = data[os.write(self.requests, data):]

    def _receive(self, end):
        """The next line as a dict."""
        while b"\n" not in self.unread[-(1 << 16):]:
            _wait(self.replies, select.POLLIN, end)
            part = os.read(self.replies, 1 << 16)
            self.unread += part
            self.owner.bytes -= len(part)
            if not part:
                raise EOFError
            if self.owner.bytes < 0 or len(self.unread) > self.limits.message:
                raise WireError("too much")
        line, self.unread = self.unread.split(b"\n", 1)
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            raise WireError("no JSON") from None
        if not isinstance(reply, dict):
            raise WireError("no reply")
        return reply


def _wait(pipe, event, end):
    poll = select.poll()
    poll.register(pipe, event)
    left = end - time.monotonic()
    if left <= 0 or not poll.poll(1000 * left):
        raise TimeoutError


def _answered(question, functions, end):
    """The grader's answer to a question; its own errors go back to who asked."""
    try:
        args = decode(question["args"], functions.__getitem__)
        with _watched(end - time.monotonic()):
            return {"value": encode(functions[question["ask"]](*args))}
    except (WireError, TimeoutError):
        raise
    except Exception as error:
        return {"error": [type(error).__name__, clean(str(error))]}


@contextmanager
def _watched(seconds):
    """What runs in it has these seconds and 1 GiB more of memory: its inputs are a student's."""
    def stop(*_):
        raise TimeoutError

    limits = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    room = pages * resource.getpagesize() + (1 << 30)
    before = signal.signal(signal.SIGALRM, stop)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (
            min([room, *(n for n in limits if n >= 0)]), limits[1]))
        signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
        with np.errstate(all="ignore"):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        resource.setrlimit(resource.RLIMIT_AS, limits)


def _command(limits, uid, wire, inside, refused):
    """How bubblewrap is called, as root or as anybody; the last three are open files."""
    bwrap = shutil.which("bwrap")
    if not bwrap:
        raise _no_sandbox(_("bubblewrap is missing; on Debian and Ubuntu: sudo apt-get install "
                            "bubblewrap"))
    command = [bwrap, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
               "--unshare-cgroup-try", "--hostname", "sandbox", "--die-with-parent",
               "--new-session", "--clearenv", "--seccomp", refused]
    # Root becomes somebody else as its first step inside; others have no way to any other user.
    command += (["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if os.getuid() == 0 else
                ["--unshare-user", "--disable-userns"])
    for name, value in ENVIRONMENT.items():
        command += ["--setenv", name, value]
    for folder in ("/usr", "/packages", "/dev"):
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
    for file, name in ((wire, "wire.py"), (inside, "inside.py")):
        command += ["--perms", "0444", "--ro-bind-data", file, f"/packages/{name}"]
    command += ["--dev-bind", "/dev/null", "/dev/null", "--perms", "1777", "--size", limits.disk,
                "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp",
                f"/python/bin/python3.{sys.version_info.minor}", "-I", "-S", "-B", "-c", BEGIN,
                json.dumps({"uid": uid, "CPU": int(limits.total) + 1, "AS": limits.memory,
                            "FSIZE": limits.disk, "NOFILE": 64})]
    return list(map(str, command))


def _file(data):
    """An open file without a name that holds the data."""
    file = os.memfd_create("sandbox")
    os.write(file, data)
    os.lseek(file, 0, os.SEEK_SET)
    return file


def _filter():
    """The seccomp program that refuses what is REFUSED, and all calls of other architectures."""
    if platform.machine() not in REFUSED:
        raise _no_sandbox(_("it is known for {machines} only").format(machines=", ".join(REFUSED)))
    architecture, numbers = REFUSED[platform.machine()]
    n = len(numbers)
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06
    steps = [(load, 0, 0, 4), (equal, 0, n + 3, architecture), (load, 0, 0, 0),
             (at_least, n + 1, 0, 1 << 30)]  # from 2**30 on: the x32 way of calling
    steps += [(equal, n - k, 0, number) for k, number in enumerate(numbers)]
    steps += [(give, 0, 0, 0x7FFF0000), (give, 0, 0, 0x00050001)]  # allow; EPERM
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def _no_sandbox(reason):
    return NoSandbox(_("No sandbox can be made on this machine, so nothing is graded: {reason}.")
                     .format(reason=clean(reason)))
