"""The slow proofs, after `make test`: the notebooks on other Pythons and without AVX, the audit.

Every part runs, even after one has failed; the exit code says whether all passed.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
MINORS = range(11, 15)
SYSTEMS = ["manylinux_2_28_x86_64", "macosx_14_0_arm64", "win_amd64"]
SPREAD = "-q", "-n", "auto", "--maxprocesses=4"
NOTEBOOKS = *SPREAD, "--dist=loadfile", "notebooks", "--ignore=notebooks/sv"  # its code is the same
ASK = "import sys, ensurepip; print(sys.version_info[1], sys.executable)"


def run(title, *command, **environment):
    print(f"\n--- {title}", flush=True)
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment).returncode == 0


def pythons():
    """minor version -> executable, of the Pythons on the path and of pyenv's."""
    found = {}
    names = [f"python3.{minor}" for minor in MINORS]
    kept = sorted(Path.home().glob(".pyenv/versions/3.*/bin/python"))
    for name in [*names, "python3", *map(str, kept)]:
        try:
            said = subprocess.run([name, "-c", ASK], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        minor, path = said.stdout.strip().split(" ", 1)
        if int(minor) in MINORS:
            found.setdefault(int(minor), path)
    return found


def notebooks_on(minor, python):
    """All notebooks compared on another Python; its environment is kept for the next time."""
    venv = f".venv-3.{minor}"
    return (run(f"Python 3.{minor}: set-up", python, ".ci/setup.py", venv, "--test")
            and run(f"Python 3.{minor}: the notebooks", f"{venv}/bin/python", "-m", "pytest",
                    *NOTEBOOKS))


def resolves(minor, system):
    """Whether the lock has a file of every package for a Python that isn't at hand."""
    with tempfile.TemporaryDirectory() as target:
        return run(f"Python 3.{minor} on {system}: every locked package has a file",
                   sys.executable, "-m", "pip", "install", "-qq", "--dry-run",
                   "--ignore-installed", "--require-hashes", "--only-binary", ":all:",
                   "--python-version", f"3.{minor}", "--platform", system, *older(system),
                   "--target", target, "-r", "requirements.lock")


def older(system):
    """A wheel for an older Linux or macOS fits too; pip must be told each tag."""
    tags = {"manylinux_2_28_x86_64": ["manylinux_2_17_x86_64", "manylinux2014_x86_64",
                                      "manylinux_2_12_x86_64", "manylinux_2_5_x86_64"],
            "macosx_14_0_arm64": [f"macosx_{major}_0_{arch}" for major in (13, 12, 11)
                                  for arch in ("arm64", "universal2")]
            + ["macosx_10_9_universal2", "macosx_10_12_universal2", "macosx_10_13_universal2"]}
    return [part for tag in tags.get(system, ()) for part in ("--platform", tag)]


def dispatched():
    """The loops beyond the baseline that NumPy would use on this processor: AVX2, AVX-512 ..."""
    return " ".join(np.show_config(mode="dicts")["SIMD Extensions"].get("found", []))


def main():
    found = pythons()
    others = {min(found), max(found)} - {sys.version_info[1]}
    passed = [notebooks_on(minor, found[minor]) for minor in sorted(others)]
    passed += [resolves(minor, system) for system in SYSTEMS for minor in MINORS
               if minor not in found or minor == max(MINORS)]
    if dispatched():
        passed.append(run(f"NumPy without {dispatched()}", sys.executable, "-m", "pytest",
                          *NOTEBOOKS, NPY_DISABLE_CPU_FEATURES=dispatched()))
    passed.append(run("The audit of printed numbers, three times", sys.executable, "-m", "pytest",
                      *SPREAD, "tests/test_audit.py", "--audit-seeds=3"))
    passed.append(run("The outputs of every edition, in English", sys.executable, "-m", "pytest",
                      *SPREAD, "tests/test_editions.py"))
    sys.exit(not all(passed))


if __name__ == "__main__":
    main()
