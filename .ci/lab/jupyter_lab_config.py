"""JupyterLab for the course: `make lab` and the browser tests start it with this file."""
import os
import pathlib
import sys

root = pathlib.Path(__file__).parents[2]
screen = not sys.platform.startswith("linux") or any(
    name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY"))

c = get_config()  # noqa: F821  (given by traitlets)
c.ServerApp.root_dir = str(root / "notebooks")
c.LabApp.default_url = "/lab/tree/00-start-here.ipynb"
c.ServerApp.open_browser = screen and "CI" not in os.environ  # if not, the address is printed
c.ServerApp.allow_root = True  # a container's only user is root
# Nothing leaves the machine: no look for updates, no news, and no question about them.
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"
c.LabApp.news_url = None
c.LabApp.app_settings_dir = str(root / ".ci" / "lab")  # overrides.json
c.LabApp.custom_css = True
c.ServerApp.tornado_settings = {"static_custom_path": [str(root / ".ci" / "lab")]}  # custom.css
