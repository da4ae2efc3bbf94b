"""The end inside the sandbox: runs the text of answers, then calls their functions when asked.

It has the standard library, NumPy and `wire`, and is at the mercy of the code that it runs: what
it sends is taken for that code's answer and for nothing else. Lines of JSON come and go:

{"text": text, "name": id}                             -> {"value": null}
{"find": name}                                         -> {"value": whether it is a function}
{"call": name, "args": [...], "given": {name: number}} -> {"value": ..., "said": whether it printed,
                                                           "changed": [array or null for each arg]}

The given names stand for functions of the grader's. A reply can be {"error": [kind, text], "line":
...} instead, and before it can come questions, {"ask": number, "args": ..., "named": ...}, which
are answered by {"value": ...} or {"error": ...}.
"""

import ast
import builtins
import io
import json
import os
import re
import resource
import traceback
import warnings
from contextlib import redirect_stderr, redirect_stdout

import numpy as np

from .wire import WireError, decode, encode

CELL = "# %% the next cell of this answer"  # between the parts of an answer in several cells


def main(uid, *limits):
    """Serve requests until there are no more. Limits: seconds and bytes, see `restrict`."""
    restrict(int(uid), *map(int, limits))
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    warnings.simplefilter("ignore")
    with redirect_stdout(Quiet(null)) as out, redirect_stderr(Quiet(null)):
        student = Student(requests, replies, out)
        for line in requests:
            student.send(student.reply(json.loads(line)))


def restrict(uid, seconds, memory, disk):
    """Give up for good what the rest doesn't need, before any student's code is read."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    for name, value in dict(CPU=seconds, AS=memory, FSIZE=disk, NOFILE=64, CORE=0, NPROC=0,
                            MSGQUEUE=0, MEMLOCK=0).items():
        kind = getattr(resource, f"RLIMIT_{name}")
        value = min(value, *(n % 2**63 for n in resource.getrlimit(kind)))
        resource.setrlimit(kind, (value, value))


class Quiet(io.TextIOWrapper):
    """An output that goes nowhere, and knows whether anything was printed."""

    def __init__(self, file):
        super().__init__(os.fdopen(os.dup(file), "wb"), "utf-8", "replace", write_through=True)
        self.said = False

    def write(self, text):
        self.said = True
        return super().write(text)


class Student:
    """The namespace in which a student's answers live, and what can be asked of it."""

    def __init__(self, requests, replies, out):
        self.requests, self.replies, self.out, self.texts = requests, replies, out, {}
        self.space = {"__name__": "__main__", "np": np, "display": print}

    def send(self, message):
        self.replies.write(json.dumps(message).encode() + b"\n")
        self.replies.flush()

    def reply(self, request):
        action = {"text": self.run, "find": self.find, "call": self.call}[next(iter(request))]
        try:
            return action(*request.values())
        except BaseException as error:
            try:
                text = str(error)[:500]
            except BaseException:
                text = ""
            return {"error": [type(error).__name__, text], "line": self.line(error)}

    def run(self, text, name):
        """Run every statement, whatever became of the one before; then raise the first error."""
        first = None
        for k, cell in enumerate(text.split(CELL)):
            file = f"<{name} {k}>"
            self.texts[file] = cell.splitlines()
            try:
                statements = parsed(cell, file)
            except BaseException as error:
                statements, first = [], first or error
            for statement in statements:
                try:
                    exec(compile(ast.Module([statement], []), file, "exec"), self.space)
                except BaseException as error:
                    first = first or error
        if first:
            raise first
        return {"value": None}

    def find(self, name):
        return {"value": callable(self.space.get(name))}

    def call(self, name, args, given):
        self.space.update({other: self.stand_in(k) for other, k in given.items()})
        args, self.out.said = decode(args, self.stand_in), False
        before = [a.copy() if isinstance(a, np.ndarray) else None for a in args]
        value = self.space[name](*args)
        try:
            value = encode(value)
        except WireError as error:
            raise TypeError(f"it returned {error}") from None
        changed = [None if old is None or np.array_equal(old, new, equal_nan=True) else encode(new)
                   for old, new in zip(before, args)]
        return {"value": value, "said": self.out.said, "changed": changed}

    def stand_in(self, k):
        """A function of the grader's: it asks, and waits for the answer."""
        def function(*args, **named):
            self.send({"ask": k, "args": encode([*args], number), "named": encode(named, number)})
            answer = json.loads(self.requests.readline())
            if "error" in answer:
                kind, text = answer["error"]
                raise getattr(builtins, kind, Exception)(text)
            return decode(answer["value"])

        def number(other):
            if not hasattr(other, "number"):
                raise TypeError("functions of your own can't be passed on to what is given")
            return other.number

        function.number = k
        return function

    def line(self, error):
        """The last line of the student's own text that the error went through."""
        places = [(frame.filename, frame.lineno) for frame in traceback.extract_tb(
            error.__traceback__)] + [(getattr(error, "filename", ""), getattr(error, "lineno", 0))]
        lines = [self.texts[file][k - 1] for file, k in places
                 if file in self.texts and 0 < k <= len(self.texts[file])]
        return lines[-1].strip()[:200] if lines else ""


def parsed(cell, file):
    """The statements of a cell; lines for Jupyter itself (%magic, !shell, help?) are left out."""
    try:
        return ast.parse(cell, file).body
    except SyntaxError:
        plain = re.sub(r"(?m)^([%!?].*|.*\?)$", "", cell)
        if plain == cell:
            raise
        return ast.parse(plain, file).body
