"""The end inside the sandbox: runs the text of answers, then calls their functions when asked.

It is given the standard library, NumPy and `wire`, and is at the mercy of the code that it runs:
whatever it sends is only ever taken for an answer of that code. One request a line on standard
input, one reply a line on standard output:

{"text": text, "name": id}                            -> {"value": null}
{"find": name}                                         -> {"value": whether it is a function}
{"call": name, "args": [...], "given": {name: number}} -> {"value": ..., "said": whether it printed,
                                                           "changed": [array or null for each arg]}

The given names stand for functions of the grader's. Any reply can be {"error": [kind, text],
"line": ...} instead, and before a reply can come questions, {"ask": number, "args": [...]}, which
are answered by {"value": ...} or {"error": ...}.
"""

import ast
import builtins
import io
import json
import os
import re
import resource
import sys
import traceback
import warnings

CELL = "# %% the next cell of this answer"  # between the parts of an answer in several cells


class Quiet(io.TextIOWrapper):
    """Standard output that goes nowhere, and knows whether anything was printed."""

    said = False

    def write(self, text):
        self.said = True
        return super().write(text)


def restrict(limits):
    """Give up what the rest doesn't need, for good: before any student's code is read."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(*3 * (limits["uid"],))
        os.setresuid(*3 * (limits["uid"],))
    for name in ("CPU", "AS", "FSIZE", "NOFILE", "CORE", "NPROC", "MSGQUEUE", "MEMLOCK"):
        kind = getattr(resource, "RLIMIT_" + name)
        value = min(limits.get(name, 0), *(n for n in resource.getrlimit(kind) if n >= 0), 2**62)
        resource.setrlimit(kind, (value, value))


def main(limits):
    restrict(limits)
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(null, standard)
    sys.stdin, sys.stderr = open(os.devnull), open(os.devnull, "w")
    sys.stdout = Quiet(open(os.devnull, "wb"), "utf-8", "replace", write_through=True)
    import numpy as np
    from wire import WireError, decode, encode
    warnings.simplefilter("ignore")
    texts, quiet = {}, sys.stdout
    space = {"__name__": "__main__", "np": np, "display": print}

    def send(reply):
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()

    def stand_in(number):
        """A function of the grader's: it asks, and waits for the answer."""
        def function(*args):
            send({"ask": number, "args": encode(list(args), number_of)})
            answer = json.loads(requests.readline())
            if "error" in answer:
                kind, text = answer["error"]
                raise getattr(builtins, kind, Exception)(text)
            return decode(answer["value"])
        function.number = number
        return function

    def number_of(function):
        if not hasattr(function, "number"):
            raise TypeError("a function of one's own can't be passed on to the grader's")
        return function.number

    def find(find):
        return {"value": callable(space.get(find))}

    def run(text, name):
        first = None
        for k, cell in enumerate(text.split(CELL)):
            file = f"<{name} {k}>"
            texts[file] = cell.splitlines()
            try:
                for statement in parsed(cell, file):
                    try:
                        exec(compile(ast.Module([statement], []), file, "exec"), space)
                    except BaseException as error:
                        first = first or error
            except BaseException as error:
                first = first or error
        if first:
            raise first
        return {"value": None}

    def call(call, args, given):
        space.update({name: stand_in(number) for name, number in given.items()})
        inputs, quiet.said = decode(args, stand_in), False
        before = [x.copy() if isinstance(x, np.ndarray) else None for x in inputs]
        value = space[call](*inputs)
        try:
            value = encode(value)
        except WireError as error:
            raise TypeError(f"it returned {error}") from None
        changed = [None if old is None or np.array_equal(x, old, equal_nan=True) else encode(x)
                   for x, old in zip(inputs, before)]
        return {"value": value, "changed": changed, "said": quiet.said}

    requested = {"find": find, "text": run, "call": call}
    send({"value": None})
    for line in requests:
        request = json.loads(line)
        try:
            reply = requested[next(iter(request))](**request)
        except BaseException as error:
            reply = {"error": said(error), "line": last_line(error, texts)}
        send(reply)


def parsed(cell, file):
    """The statements of a cell; lines for Jupyter itself (%magic, !shell, help?) are left out."""
    try:
        return ast.parse(cell, file).body
    except SyntaxError as error:
        plain = re.sub(r"(?m)^([%!?].*|.*\?)$", "", cell)
        if plain == cell:
            raise
        try:
            return ast.parse(plain, file).body
        except SyntaxError:
            raise error from None


def said(error):
    try:
        return [type(error).__name__, str(error)[:500]]
    except BaseException:
        return [type(error).__name__, ""]


def last_line(error, texts):
    """The last line of the student's own text that the error went through."""
    places = [(f.filename, f.lineno) for f in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        places.append((error.filename, error.lineno))
    lines = [texts[file][line - 1:line] for file, line in places if file in texts and line]
    return lines[-1][0].strip()[:200] if lines and lines[-1] else ""

