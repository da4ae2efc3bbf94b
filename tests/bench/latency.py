"""From slider to picture, in JupyterLab in Chromium; beside it the same figure by interact.

Part of `make bench`. Both stand in one notebook on one kernel and take turns, key by key: the time
runs in the browser from the key to the `load` of the changed picture. A ratio is the median over
the turns of the ratios within a turn. A drag is 60 mouse moves within a second; counted are the
pictures on the way and the time from the last move to the last picture.
"""

import json
import os
import secrets
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TURNS = 25
# lab, control, target in milliseconds, its module, what it starts with
ROWS = [("descent_on_a_surface", "learning_rate", 60, "surface", ""),
        ("three_ways", "learning_rate", 60, "ways", ""),
        ("training_clock", "learning_rate", 120, "clock", ""),
        ("rate_by_batch", "seed", 400, "heat", ""),
        ("depth", "depth", 60, "depth", ""),
        ("race", "learning_rate", 60, "race", ""),
        ("race", "learning_rate", 100, "race", "surface='digits'"),
        ("inside", "learning_rate", 60, "inside", "")]
CELL = """
from functools import partial
import matplotlib.pyplot as plt
from ipywidgets import SelectionSlider, interact
from descent import labs
from descent.labs.{module} import _build

lab = labs.{lab}({start})

def same(value):
    fig = plt.figure(figsize=lab.figure.get_size_inches())
    _build(fig, False)(**{{**lab.settings, "{control}": value}})
    for artist in fig.findobj(lambda artist: artist.get_animated()):
        artist.set_animated(False)
    plt.show()

part = lab._parts["{control}"]
slider = SelectionSlider(options=part.values, value=lab.settings["{control}"])
display(lab)
interact(same, value=slider);
"""
WATCH = """() => {
    window.pictures = []; window.moves = []; window.key = 0;
    addEventListener("keydown", () => { window.key = performance.now(); }, true);
    for (const kind of ["mousemove", "pointermove"])
        addEventListener(kind, () => window.moves.push(performance.now()), true);
    document.addEventListener("load", event => {
        if (event.target.tagName === "IMG") window.pictures.push(performance.now());
    }, true);
}"""

# The moves are made in the page: sixty through Playwright take longer than a second.
MOVES = """path => {
    window.pictures = []; window.moves = [];
    const begun = performance.now();
    const next = () => {
        while (path.length && performance.now() - begun >= (61 - path.length) * 1000 / 60) {
            const [clientX, clientY] = path.shift();
            const about = {clientX, clientY, buttons: 1, bubbles: true, cancelable: true,
                           pointerId: 1, isPrimary: true};
            const target = document.elementFromPoint(clientX, clientY);
            target.dispatchEvent(new PointerEvent("pointermove", about));
            target.dispatchEvent(new MouseEvent("mousemove", about));
        }
        if (path.length) setTimeout(next, 2);
    };
    next();
}"""


def main():
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser",
                                                    "google-chrome"))), None)
    if chromium is None:
        return print("\nFrom slider to picture: not measured, for there is no Chromium here.")
    from playwright.sync_api import sync_playwright
    print("\nFrom slider to picture, in JupyterLab in Chromium (milliseconds)")
    print(f"{'lab':<22} {'control':<14} {'median':>6} {'9 of 10':>8} {'interact':>9} {'ratio':>6}   "
          "target")
    with tempfile.TemporaryDirectory() as folder, server(Path(folder)) as address:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium,
                                                 args=["--no-sandbox", "--disable-gpu"])
            for k, (lab, control, target, module, start) in enumerate(ROWS):
                page = opened(browser, address, Path(folder), f"{k}", CELL.format(
                    lab=lab, control=control, module=module, start=start))
                name = f"{lab} {start}".strip()
                rates(page, name, control, target)
                if control != "seed":
                    drags(page, name)
                page.close()
            browser.close()


class server:
    """JupyterLab on a free port over an empty folder, until the block ends."""

    def __init__(self, folder):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.token = secrets.token_hex(16)
        self.log = open(folder / "server.log", "w")
        places = {name: str(folder / name) for name in (
            "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1",
             f"--port={self.port}", f"--ServerApp.root_dir={folder}",
             f"--config={ROOT / '.ci' / 'lab' / 'jupyter_lab_config.py'}",
             f"--IdentityProvider.token={self.token}"],
            env={**os.environ, **places}, stdout=self.log, stderr=self.log)

    def __enter__(self):
        for _patience in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api?token={self.token}",
                                       timeout=5).close()
                return f"http://127.0.0.1:{self.port}/lab/tree/{{}}?reset&token={self.token}"
            except OSError:
                time.sleep(0.2)
        raise SystemExit("JupyterLab did not start")

    def __exit__(self, *_error):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def opened(browser, address, folder, name, source):
    cell = {"cell_type": "code", "id": "lab", "metadata": {}, "source": source, "outputs": [],
            "execution_count": None}
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    (folder / f"{name}.ipynb").write_text(json.dumps({
        "cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}))
    page = browser.new_page(viewport={"width": 1280, "height": 1400})
    page.goto(address.format(f"{name}.ipynb"))
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=90_000)
    page.locator(".lm-MenuBar-itemLabel:text-is('Run')").click()
    page.locator(".lm-Menu-itemLabel:text-is('Run All Cells')").click()
    page.locator(".widget-interact img").wait_for(timeout=60_000)
    more = page.get_by_role("button", name="more")
    if more.count():
        more.click()
    page.wait_for_timeout(1500)
    page.evaluate(WATCH)
    return page


def one_key(page, handle, key):
    """Milliseconds from the key to the changed picture."""
    handle.focus()
    page.evaluate("window.pictures = []")
    page.keyboard.press(key)
    for _patience in range(1000):
        if page.evaluate("window.pictures.length"):
            break
        page.wait_for_timeout(5)
    page.wait_for_timeout(150)
    return page.evaluate("window.pictures.at(-1) - window.key")


def rates(page, lab, control, target):
    handles = page.locator(".noUi-handle")
    ours = handles.nth(handles.count() - 2 if control == "seed" else
                       {"training_clock": 1}.get(lab, 0))
    theirs = handles.last
    one_key(page, ours, "ArrowRight")
    one_key(page, theirs, "ArrowRight")
    turns = [[one_key(page, handle, key) for handle in (ours, theirs)]
             for key in ["ArrowRight", "ArrowLeft"] * (TURNS // 2) + ["ArrowRight"]]
    mine, interact = zip(*turns)
    median, ratio = statistics.median(mine), statistics.median(b / a for a, b in turns)
    met = median <= target and (control == "seed" or ratio >= 3)
    asked = f"{target} ms" + (", 3 times" if control != "seed" else "")
    print(f"{lab:<22} {control:<14} {median:6.0f} {sorted(mine)[int(.9 * len(mine))]:8.0f} "
          f"{statistics.median(interact):9.0f} {ratio:6.1f}   {asked}: {'met' if met else 'missed'}")


def drags(page, lab):
    handle = page.locator(".noUi-handle").nth({"training_clock": 1}.get(lab, 0))
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    way = 1.2 if lab == "depth" else -1.2       # to where the work is larger
    path = [(x + way * k, y) for k in range(61)]
    drag(page, lab, "slider", path)
    if lab in ("descent_on_a_surface", "race", "inside"):
        box = page.locator("img.widget-image").bounding_box()
        path = [(box["x"] + box["width"] * (.12 + .004 * k),
                 box["y"] + box["height"] * (.4 + .002 * k)) for k in range(61)]
        drag(page, lab, "start point", path)


def drag(page, lab, what, path):
    page.mouse.move(*path[0])
    page.mouse.down()
    page.wait_for_timeout(300)
    page.evaluate(MOVES, path[1:])
    page.wait_for_timeout(2500)
    page.mouse.up()
    late, way, span = page.evaluate("""[
        window.pictures.at(-1) - window.moves.at(-1),
        window.pictures.filter(t => t < window.moves.at(-1)).length,
        window.moves.at(-1) - window.moves[0]]""")
    met = late <= 200 and way >= 8
    print(f"{lab:<22} {'drag: ' + what:<30} {way} pictures in {span:.0f} ms, the last {late:.0f} "
          f"after   8 pictures, 200 ms: {'met' if met else 'missed'}")


if __name__ == "__main__":
    main()
