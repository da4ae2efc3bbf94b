"""Make an environment from the locks: `python .ci/setup.py .venv [--test] [--lecture] ...`.

The Makefile calls this each time. A stamp, written last, says what the environment was made
from: with that stamp there is nothing to do, with another or none (an install that failed or
was interrupted) the environment is made anew.
What goes wrong on a student's machine is told in one sentence. The syntax is old on purpose:
a Python that is too old must be able to read this file, to say so.
"""
import errno
import hashlib
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST = (3, 11)
STUDENT, TESTER = "requirements.lock", os.path.join("tests", "requirements.lock")
GRADER = os.path.join("grading", "requirements.lock")
LECTURER = os.path.join("notebooks", "source", "requirements.lock")
DISK_FULL = ("The disk is full: the environment and pip's temporary files need about 1 GB."
             " Free some and run again.")
SAYINGS = [  # what pip says -> what we say
    (("No space left on device", "Disk quota exceeded"), DISK_FULL),
    (("DO NOT MATCH THE HASHES",),
     "A downloaded file isn't the one that the lock names, so it was not installed. Run again;"
     " if it stays so, something between you and the package index changes files."),
    (("Failed to establish a new connection", "Max retries exceeded", "Read timed out",
      "Temporary failure in name resolution", "Connection broken", "ConnectionError",
      "NewConnectionError", "ConnectTimeoutError"),
     "The packages could not be downloaded. Check the network connection and run again."),
]


def tell(sentence):
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


def stop(sentence):
    sys.stderr.write(sentence + "\n")
    sys.exit(1)


def version():
    return ".".join(str(part) for part in sys.version_info[:3])


def check_version():
    if sys.version_info < OLDEST:
        stop("Python 3.11 or newer is needed, {} is {}. If a newer one is installed, name it:"
             " make lab PYTHON=/path/to/python3.12".format(sys.executable, version()))


def check_venv():
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        stop("{} (Python {}) has no venv module: on Debian and Ubuntu install it by"
             " 'sudo apt install python{}.{}-venv', then run again."
             .format(sys.executable, version(), sys.version_info[0], sys.version_info[1]))


def recipe(test, bench, grading=False, lecture=False):
    """What the environment is made from, one line for each part."""
    lines = ["in " + ROOT]
    for name in (["pyproject.toml", STUDENT] + [TESTER] * test + [GRADER] * grading
                 + [LECTURER] * lecture):
        with open(os.path.join(ROOT, name), "rb") as file:
            lines.append(name + " " + hashlib.sha256(file.read()).hexdigest())
    return lines + ["bench"] * bench


def made_from(stamp, python):
    """The stamp's lines, or none where the environment is missing, unfinished or broken."""
    try:
        with open(stamp) as file:
            lines = file.read().splitlines()
        subprocess.check_output([python, "-c", "import pip"], stderr=subprocess.STDOUT)
        return lines
    except (OSError, subprocess.CalledProcessError):
        return []


def run(*command):
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode:
        said = done.stdout.decode(errors="replace")
        if shutil.disk_usage(ROOT).free < 2**25:  # venv hides what its pip said
            stop(DISK_FULL)
        for words, sentence in SAYINGS:
            if any(word in said for word in words):
                stop(sentence)
        sys.stderr.write("\n".join(said.splitlines()[-20:]) + "\n")
        stop("This command failed, and said what stands above: " + " ".join(command))


def bench_packages():
    import tomllib
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        return tomllib.load(file)["dependency-groups"]["bench"]


def set_up(folder, test, bench, grading=False, lecture=False):
    check_version()
    venv = os.path.join(ROOT, folder)
    stamp, python = os.path.join(venv, ".stamp"), os.path.join(venv, "bin", "python")
    want, have = recipe(test, bench, grading, lecture), made_from(stamp, python)
    if have[:len(want)] == want:
        return
    check_venv()
    pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
    locked = pip + ["--require-hashes", "--only-binary", ":all:", "-r"]
    if have and have == want[:len(have)]:
        tell("Adding to {} what the tests need ...".format(folder))
        os.remove(stamp)
    else:
        tell("Setting up {} with Python {}: once, a minute or two ..."
             .format(folder, version()))
        if os.path.lexists(venv):
            shutil.rmtree(venv)
        run(sys._base_executable, "-m", "venv", venv)  # .venv itself may be the active one
        run(*locked + [STUDENT])
        run(*pip + ["--no-deps", "--no-build-isolation", "-e", ROOT])
    if test:
        run(*locked + [TESTER])
    if grading:
        run(*locked + [GRADER])
    if lecture:
        run(*locked + [LECTURER])
    if bench:
        run(*pip + bench_packages())
    with open(stamp + ".new", "w") as file:
        file.write("\n".join(want) + "\n")
    os.rename(stamp + ".new", stamp)


if __name__ == "__main__":
    try:
        set_up(sys.argv[1], *("--" + part in sys.argv
                              for part in ("test", "bench", "grading", "lecture")))
    except KeyboardInterrupt:
        stop("\nInterrupted: run again to finish the set-up.")
    except OSError as error:
        if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", None)):
            stop(DISK_FULL)
        stop("The set-up failed: {}. Remove {} and run again.".format(error, sys.argv[1]))
