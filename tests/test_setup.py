"""The set-up: its three statements of what is needed agree, and what goes wrong is said in one line."""
import errno
import importlib.util
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = (ROOT / "requirements.lock").read_text()
TEST_LOCK = (ROOT / "tests" / "requirements.lock").read_text()
GRADING_LOCK = (ROOT / "grading" / "requirements.lock").read_text()
LECTURE_LOCK = (ROOT / "notebooks" / "source" / "requirements.lock").read_text()
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
CONDA_NAMES = {"matplotlib-base": "matplotlib"}  # without the windows that it can open


def pins(lock):
    """name -> version of every package in a lock."""
    return dict(re.findall(r"^([a-z0-9-]+)==([^ ;\\]+)", lock, flags=re.M))


def ranges(requirements):
    return {Requirement(r).name: Requirement(r).specifier for r in requirements}


@pytest.mark.parametrize("lock, needed", [
    (LOCK, PROJECT["project"]["dependencies"]),
    (LOCK, PROJECT["build-system"]["requires"]),
    (LOCK, PROJECT["dependency-groups"]["build"]),
    (LOCK + TEST_LOCK, PROJECT["dependency-groups"]["test"]),
    (GRADING_LOCK, PROJECT["dependency-groups"]["grading"]),
    (LECTURE_LOCK, PROJECT["dependency-groups"]["lecture"]),
], ids=["runtime", "backend", "build", "test", "grading", "lecture"])
def test_the_locks_pin_what_pyproject_asks_for(lock, needed):
    for name, allowed in ranges(needed).items():
        assert pins(lock)[name] in allowed


def test_conda_gets_the_same_packages_and_ranges():
    conda = dict(line.partition(" ")[::2] for line in CONDA["dependencies"] if isinstance(line, str))
    python = SpecifierSet(conda.pop("python"))
    assert conda.pop("pip") == ""
    assert {CONDA_NAMES.get(name, name): SpecifierSet(text) for name, text in conda.items()} == (
        ranges(PROJECT["project"]["dependencies"]))
    minors = [f"3.{minor}.9" for minor in range(9, 20)]
    assert list(python.filter(minors)) == [f"3.{minor}.9" for minor in (11, 12, 13, 14)]
    assert SpecifierSet(PROJECT["project"]["requires-python"]).contains("3.11.0")
    assert CONDA["dependencies"][-1] == {"pip": ["-e ."]}


def test_the_locks_check_every_file_and_name_no_registry():
    for lock in (LOCK, TEST_LOCK, GRADING_LOCK, LECTURE_LOCK):
        for entry in re.split(r"\n(?=\S)", lock.strip()):
            assert entry.startswith("#") or re.search(r"\n +--hash=sha256:[0-9a-f]{64}", entry), entry
        assert not re.search(r"://|^-|/", lock, flags=re.M)
    assert not pins(LOCK).keys() & pins(TEST_LOCK).keys()
    for lock in (GRADING_LOCK, LECTURE_LOCK):
        assert not pins(LOCK + TEST_LOCK).keys() & pins(lock).keys()
    # packages with compiled parts come for every system and Python, not for one machine
    for name in ("numpy", "matplotlib", "pyzmq"):
        assert len(re.search(rf"^{name}==(?:.*\\\n)*.*", LOCK, flags=re.M)[0].split("--hash")) > 20


def test_students_get_no_test_tools():
    assert not pins(LOCK).keys() & {"playwright", "jupytext", "torch", "scikit-learn", "nbgrader",
                                    "voila"}


def test_the_readme_names_the_two_commands():
    readme = (ROOT / "README.md").read_text()
    assert "make lab" in readme and "make test" in readme and "environment.yml" in readme


# The set-up script, in a copy of the project and without the network.

@pytest.fixture
def setup(tmp_path):
    """The script as a module whose project is an empty copy; `setup.commands` are what it ran."""
    for name in ("pyproject.toml", "requirements.lock", "tests/requirements.lock",
                 "grading/requirements.lock", "notebooks/source/requirements.lock", ".ci/setup.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    spec = importlib.util.spec_from_file_location("descent_setup", tmp_path / ".ci" / "setup.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.commands = []

    def run(*command):
        module.commands.append(command)
        if "venv" in command:
            python = Path(module.ROOT, ".venv", "bin", "python")
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)

    module.run = run
    return module


def test_a_second_set_up_has_nothing_to_do(setup):
    setup.set_up(".venv", test=False, bench=False)
    installs = [" ".join(command) for command in setup.commands]
    assert "--require-hashes" in installs[1] and "requirements.lock" in installs[1]
    assert "--no-deps --no-build-isolation -e" in installs[2]
    setup.commands.clear()
    setup.set_up(".venv", test=False, bench=False)
    assert setup.commands == []
    setup.set_up(".venv", test=True, bench=False)  # only adds
    assert len(setup.commands) == 1 and "tests" in setup.commands[0][-1]
    setup.set_up(".venv", test=True, bench=False)
    setup.set_up(".venv", test=False, bench=False)
    assert len(setup.commands) == 1
    setup.set_up(".venv", test=True, bench=False, grading=True)
    assert len(setup.commands) == 3 and "grading" in setup.commands[-1][-1]
    setup.set_up(".venv", test=True, bench=False, grading=True)
    assert len(setup.commands) == 3
    setup.set_up(".venv", test=True, bench=False, lecture=True)
    assert len(setup.commands) == 8 and "source" in setup.commands[-1][-1]
    setup.set_up(".venv", test=True, bench=False, lecture=True)
    assert len(setup.commands) == 8


@pytest.mark.parametrize("damage", ["interrupted", "python removed", "lock changed", "moved"])
def test_a_damaged_environment_is_made_anew(setup, tmp_path, damage):
    setup.set_up(".venv", test=False, bench=False)
    if damage == "interrupted":
        (tmp_path / ".venv" / ".stamp").unlink()
    elif damage == "python removed":
        (tmp_path / ".venv" / "bin" / "python").unlink()
    elif damage == "lock changed":
        (tmp_path / "requirements.lock").write_text("")
    else:
        setup.ROOT = str(shutil.copytree(tmp_path, tmp_path / "elsewhere", symlinks=True))
    setup.commands.clear()
    setup.set_up(".venv", test=False, bench=False)
    assert len(setup.commands) == 3 and "venv" in setup.commands[0]


def sentence(capsys):
    lines = capsys.readouterr().err.strip().split("\n")
    assert len(lines) == 1
    return lines[0]


def test_an_old_python_is_named(setup, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    with pytest.raises(SystemExit) as stopped:
        setup.set_up(".venv", test=False, bench=False)
    assert stopped.value.code == 1
    assert re.search(r"3\.11 or newer is needed.* is 3\.9\.18", sentence(capsys))


def test_a_missing_venv_module_is_named(setup, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(SystemExit):
        setup.set_up(".venv", test=False, bench=False)
    assert re.search(r"no venv module.*apt install python3\.\d+-venv", sentence(capsys))


@pytest.mark.parametrize("output, words", [
    (f"[Errno {errno.ENOSPC}] No space left on device", "disk is full"),
    ("THESE PACKAGES DO NOT MATCH THE HASHES", "isn't the one that the lock names"),
    ("Temporary failure in name resolution", "network"),
])
def test_what_pip_says_becomes_one_sentence(setup, capsys, output, words):
    spec = importlib.util.spec_from_file_location("fresh", ROOT / ".ci" / "setup.py")
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    with pytest.raises(SystemExit):
        fresh.run(sys.executable, "-c", f"import sys; print({output!r}); sys.exit(1)")
    assert words in sentence(capsys)


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_without_any_python_says_so(tmp_path):
    done = subprocess.run(["make", "-f", ROOT / "Makefile", "lab", "PYTHON=no-such-python"],
                          cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode
    assert done.stderr.startswith("Python 3.11 or newer is needed, and there is no no-such-python")
    assert len(done.stderr.strip().split("\n")) == 2  # the second is make's own
