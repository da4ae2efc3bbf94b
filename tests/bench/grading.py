"""How fast a class is graded, beside `nbgrader autograde` on the same notebooks and machine.

    make grading && PYTHONPATH=grading .venv-grading/bin/python tests/bench/grading.py [--class 200]

Prints one table: submissions a minute, how many times nbgrader's, and the most memory that all
processes of the run had at once. nbgrader runs each notebook in a kernel, unprotected, so all
submissions here are honest; and one after the other, which is all that it can do.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from grader import assignment as assignments
from grader import course as courses
from grader import demo

NAME = "05-momentum"
HERE = Path(__file__).resolve().parents[2]


def hand_in(folder, n):
    """n submissions in nbgrader's layout: right ones, known mistakes, and unfinished ones."""
    assignment = assignments.load(NAME)
    right, mistakes = demo.solutions(assignment), list(demo.MISTAKES.values())
    for k in range(n):
        name, old, new = mistakes[k % len(mistakes)]
        answers = [right, right | {name: right[name].replace(old, new)},
                   dict(list(right.items())[:1 + k % 4])][k % 3]
        answers = {id: f"{text}\n# {k}\n" for id, text in answers.items()}
        answers["fair-race"] = demo.TEXT
        path = folder / f"student{k:03}" / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(demo.notebook(assignment, answers))


def memory(root):
    """Bytes of all processes below this one."""
    parents, resident = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":\t", 1) for line in status.read_text().splitlines()
                          if ":\t" in line)
        except OSError:
            continue
        parents[int(fields["Pid"])] = int(fields["PPid"])
        resident[int(fields["Pid"])] = int(fields.get("VmRSS", "0").split()[0]) * 1024

    def below(pid):
        while pid > 1 and pid != root:
            pid = parents.get(pid, 0)
        return pid == root
    return sum(size for pid, size in resident.items() if below(pid))


def timed(*command):
    """(seconds, most memory in bytes) of a command of the grader's environment."""
    environment = os.environ | {"PYTHONPATH": str(HERE / "grading"), "CI": "1",
                                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    start, most = time.perf_counter(), 0
    process = subprocess.Popen([sys.executable, "-m", *command], env=environment, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = []
    reader = threading.Thread(target=lambda: said.append(process.stdout.read()))
    reader.start()
    while process.poll() is None:
        most = max(most, memory(process.pid))
        time.sleep(0.3)
    reader.join()
    if process.returncode:
        sys.exit(said[0])
    return time.perf_counter() - start, most


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--class", dest="size", type=int, default=30, help="how many hand in (30)")
    parser.add_argument("--nbgrader", type=int, default=30, help="how many of them nbgrader grades")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="grading-bench-") as folder:
        folder = Path(folder)
        hand_in(folder / "in", args.size)
        courses.release(courses.Course(folder / "released"), assignments.load(NAME))
        rows = []

        def run(what, n, *command):
            seconds, most = timed(*command)
            rows.append((what, n, 60 * n / seconds, most / 1e6))

        ours = ["grader", "grade", "--assignment", NAME, "--submissions", str(folder / "in")]
        for what, more in ("ours", ["--no-feedback"]), ("ours, with feedback", []):
            course = shutil.copytree(folder / "released", folder / what)
            run(what, args.size, *ours, "--course", str(course), *more)
        run("ours, again (nothing new)", args.size, *ours, "--course", str(course), "--no-feedback")
        theirs = shutil.copytree(folder / "released", folder / "theirs")
        (theirs / "nbgrader_config.py").write_text("c = get_config()\nc.Exchange.root = '/tmp'\n")
        for path in sorted((folder / "in").iterdir())[:args.nbgrader]:
            shutil.copytree(path, theirs / "submitted" / path.name)
        n = min(args.nbgrader, args.size)
        for what, command in (("nbgrader autograde", "autograde"),
                              ("nbgrader generate_feedback", "generate_feedback")):
            run(what, n, "nbgrader", command, NAME, "--course-dir", str(theirs))
    rate = {what: rate for what, _n, rate, _memory in rows}
    whole = 1 / (1 / rate["nbgrader autograde"] + 1 / rate["nbgrader generate_feedback"])
    print("| | submissions | a minute | times nbgrader's | MB |\n|---|---|---|---|---|")
    for what, n, rate, most in rows:
        beside = whole if "feedback" in what else [r[2] for r in rows if "autograde" in r[0]][0]
        times = f"{rate / beside:.1f}" if what.startswith("ours") else ""
        print(f"| {what} | {n} | {rate:.0f} | {times} | {most:.0f} |")


if __name__ == "__main__":
    main()
