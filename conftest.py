"""What every test and every notebook under nbval shares: clean profiles, and kernels without ports.

A kernel is told its TCP ports before it opens them, and in between another process may take one:
of the thousands that the tests start, one then never answers. Here they talk through files.
"""
import json
import os
import secrets
import tempfile
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

PARTS = {"IPYTHONDIR": "ipython", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data",
         "JUPYTER_RUNTIME_DIR": "run"}


def pytest_configure(config):
    """No kernel or server of the tests reads or writes the user's own Jupyter and IPython files."""
    files = os.name == "posix"          # Windows has no such sockets
    place = tempfile.TemporaryDirectory(
        prefix="test-", dir="/tmp" if files else None,      # their paths must be short
        ignore_cleanup_errors=True)                         # a kernel may still be going
    patch = pytest.MonkeyPatch()
    config.add_cleanup(place.cleanup)
    config.add_cleanup(patch.undo)
    for name, part in PARTS.items():
        folder = Path(place.name, part)
        folder.mkdir()
        patch.setenv(name, str(folder))
    if not files:
        return
    patch.setattr(KernelManager, "__init__", _without_ports(KernelManager.__init__, place.name))
    (Path(place.name, "config") / "jupyter_config.json").write_text(
        json.dumps({"KernelManager": {"transport": "ipc"}}))    # for the servers


def _without_ports(start, folder):
    def manager(self, *args, **options):
        ip = str(Path(folder, secrets.token_hex(8)))    # what its files are called, here
        start(self, *args, **{"transport": "ipc", "ip": ip} | options)
    return manager
