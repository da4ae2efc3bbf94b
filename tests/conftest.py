"""What the tests share: a browser, and a JupyterLab with a copy of the course."""
import fcntl
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before a test imports NumPy: see descent
ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
NO_BROWSER = ("no Chromium on this machine, so the browser tests are skipped; "
              "on Debian and Ubuntu: sudo apt-get install chromium")
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic",
         "--disable-component-update", "--disable-sync", "--no-first-run")


def pytest_addoption(parser):
    parser.addoption("--audit-seeds", type=int, default=1,
                     help="how many times tests/test_audit.py runs each notebook (the design: 3)")


@pytest.fixture(scope="session")
def chromium():
    """The system's Chromium: its path. Without one the test is skipped; in CI it fails."""
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_BROWSER)
    return path


@pytest.fixture(scope="session")
def browser(chromium):
    """Chromium without a window, as a Playwright browser."""
    from playwright.sync_api import sync_playwright
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def book(tmp_path_factory):
    """The reading edition, made once for all workers: its folder. Skipped without Sphinx, unless CI."""
    python = lecture_python("sphinx", "the reading edition is not tested")
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    site = folder / "book"
    with open(folder / "book.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)        # the others wait for the one that is first
        if not site.exists():
            done = subprocess.run([python, ROOT / "notebooks" / "source" / "book.py",
                                   f"--output={site}"], capture_output=True, text=True)
            if done.returncode:
                shutil.rmtree(site, ignore_errors=True)
            assert done.returncode == 0, done.stdout + done.stderr
    return site


def lecture_python(package, otherwise):
    """A Python that has this package of `make lecture`; without one it skips, and in CI it fails."""
    found = [sys.executable] * bool(find_spec(package))
    found += [path for path in [ROOT / ".venv-lecture" / "bin" / "python"] if path.exists()]
    if not found:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(
            f"no {package}, so {otherwise}: make lecture-environment")
    return found[0]


def unused():
    """A port that no outgoing connection is given while a server starts: those begin at 32768."""
    while True:
        port = random.SystemRandom().randrange(20000, 32768)
        with socket.socket() as found:
            if found.connect_ex(("127.0.0.1", port)):
                return port


@pytest.fixture(scope="module")
def port():
    return unused()


@dataclass(frozen=True)
class LabServer:
    address: str
    token: str
    folder: Path  # the copy of notebooks/ that it shows

    def url(self, path=""):
        """Where JupyterLab opens a file of that folder, in a workspace that starts empty."""
        return f"{self.address}/lab/tree/{path}?reset&token={self.token}"


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory):
    """JupyterLab as `make lab` starts it, on a free port, over a copy of notebooks/."""
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    shutil.copytree(ROOT / "notebooks", folder,
                    ignore=shutil.ignore_patterns("source", ".*", "__pycache__"))
    port = unused()
    server = LabServer(f"http://127.0.0.1:{port}", secrets.token_hex(16), folder)
    log = folder.parent / "server.log"
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1",
               f"--port={port}", "--port-retries=0", f"--ServerApp.root_dir={folder}",
               f"--config={ROOT / '.ci' / 'lab' / 'jupyter_lab_config.py'}",
               f"--IdentityProvider.token={server.token}"]
    with open(log, "w") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out)
    try:
        _wait_for(server, process, log)
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(server, process, log, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            status = f"{server.address}/api/status?token={server.token}"
            return urllib.request.urlopen(status, timeout=5).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text()}")
