"""The labs in a real JupyterLab: every control by keyboard and by mouse, the drag, the restart.

Beside each lab in the browser runs a mirror of it in this process, set to the same values; what
the browser shows must be the mirror's sentence and the mirror's picture.
"""
import base64
import io
import json
import re

import numpy as np
import pytest
from matplotlib.image import imread
from playwright.sync_api import expect

from descent import labs
from descent.language import typeset
from descent.labs.engine import Choice, Number
from descent.labs.heat import RATES, SIZES

LABS = ["first_lab", "training_clock", "descent_on_a_surface", "three_ways", "rate_by_batch",
        "depth", "race", "inside"]
PICTURE = "img.widget-image"
STATUS = ".widget-html-content [role=status]"
SECOND = 1000
BLOB = """async () => {
    const image = document.querySelector("img.widget-image");
    const bytes = new Uint8Array(await (await fetch(image.src)).arrayBuffer());
    return btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), ""));
}"""


class Bench:
    """A lab in the browser and its mirror here."""

    def __init__(self, page, server, name):
        self.page, self.complaints = page, []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda message: message.type == "error" and not ours_not(message.text)
                and self.complaints.append(message.text))
        source = f"from descent import labs\nlab = labs.{name}()\nlab"
        cell = {"cell_type": "code", "id": "lab", "metadata": {}, "source": source, "outputs": [],
                "execution_count": None}
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        (server.folder / f"{name}.ipynb").write_text(json.dumps({
            "cells": [cell], "metadata": {"kernelspec": kernel}, "nbformat": 4,
            "nbformat_minor": 5}))
        page.goto(server.url(f"{name}.ipynb"))
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90 * SECOND)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=90 * SECOND)
        self.run("Run", "Run All Cells")
        self.mirror = getattr(labs, name)()
        self.shows()
        if page.get_by_role("button", name="more").count():
            page.get_by_role("button", name="more").focus()
            page.keyboard.press("Enter")
        for name, part in self.mirror._parts.items():
            if isinstance(part, Number):
                self.handle(name).wait_for(state="visible")

    def run(self, menu, item):
        self.page.locator(f".lm-MenuBar-itemLabel:text-is('{menu}')").click()
        self.page.locator(f".lm-Menu-itemLabel:text-is('{item}')").click()

    def shows(self):
        """Wait until the browser shows the mirror's sentence and picture."""
        expect(self.page.locator(STATUS)).to_have_text(typeset(self.mirror.summary), timeout=60 * SECOND)
        if self.mirror.settings.get("x_axis") == "seconds":     # a picture of this very run
            return
        for _patience in range(60):
            if np.array_equal(pixels(base64.b64decode(self.page.evaluate(BLOB))),
                              pixels(self.mirror.png())):
                return
            self.page.wait_for_timeout(100)
        pytest.fail(f"another picture than that of {self.mirror.settings}")

    def row(self, name):
        """The row of a control: the sliders and fields stand in the mirror's order."""
        return self.page.get_by_label(self.mirror.controls[name].description, exact=True).first

    def handle(self, name):
        numbers = [other for other, part in self.mirror._parts.items() if isinstance(part, Number)]
        shown = [other for row in self.mirror.view.children[1:3] for other in numbers
                 if self.mirror._parts[other].row in row.children]
        return self.page.locator(".noUi-handle").nth(shown.index(name))

    def press(self, control, key, arrived):
        """Press a key on a control, once more if it has not arrived where it should.

        One key in many thousands has been lost in JupyterLab, and we do not know how.
        """
        control.press(key)
        if not arrived(control):
            control.press(key)
        assert arrived(control)

    def slide(self, name, key, place):
        """Press a key on a slider's handle; then it stands at this place of its values."""
        self.press(self.handle(name), key,
                   lambda handle: handle.get_attribute("aria-valuenow") == f"{place:.1f}")

    def clean(self):
        assert self.complaints == []
        for bad in ("application/vnd.jupyter.stderr", "application/vnd.jupyter.error"):
            assert self.page.locator(f"[data-mime-type='{bad}']").count() == 0
        assert self.mirror.error is None


def ours_not(text):
    """Messages of JupyterLab itself: a file it looks for and does not find."""
    return "Failed to load resource" in text


def pixels(png):
    return imread(io.BytesIO(png), format="png")


@pytest.fixture
def bench(browser, lab_server, request):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    try:
        yield Bench(page, lab_server, request.param)
    finally:
        page.close()


every_lab = pytest.mark.parametrize("bench", LABS, indirect=True)


def only(*names):
    return pytest.mark.parametrize("bench", names, indirect=True)


@every_lab
def test_every_control_to_both_ends_by_keyboard(bench):
    for name, part in bench.mirror._parts.items():
        if isinstance(part, Number):
            last = len(part.values) - 1
            for key, place in [("End", last), ("Home", 0), ("ArrowRight", min(1, last)),
                               ("End", last)]:
                bench.slide(name, key, place)
                part.slider.value = place
                bench.shows()
        elif isinstance(part, Choice):
            options = [key for _shown, key in part.field.options]
            for key, place in [("End", len(options) - 1), ("Home", 0)]:
                bench.press(bench.row(name), key, lambda row: place == row.evaluate(
                    "select => select.selectedIndex"))
                part.field.value = options[place]
                bench.shows()
        else:
            for value in (not part.field.value, part.field.value):
                bench.press(bench.row(name), " ", lambda box: box.is_checked() == value)
                part.field.value = value
                bench.shows()
    bench.clean()


@every_lab
def test_every_slider_to_both_ends_by_mouse(bench):
    for name, part in bench.mirror._parts.items():
        if isinstance(part, Number):
            handle = bench.handle(name)
            handle.scroll_into_view_if_needed()
            track = handle.locator("xpath=ancestor::div[contains(@class, 'noUi-base')]")
            left, width = (track.bounding_box()[key] for key in ("x", "width"))
            for end, place in [(left - 20, 0), (left + width + 20, part.slider.max)]:
                box = handle.bounding_box()
                y = box["y"] + box["height"] / 2
                bench.page.mouse.move(box["x"] + box["width"] / 2, y)
                bench.page.mouse.down()
                bench.page.mouse.move(end, y, steps=12)
                bench.page.mouse.up()
                part.slider.value = min(place, part.slider.max)
                bench.shows()
    bench.clean()


@every_lab
def test_typed_numbers_and_presets(bench):
    for name, part in bench.mirror._parts.items():
        if isinstance(part, Number):
            for typed in (part.field.min, 1000000, part.values[len(part.values) // 2]):
                field = bench.page.get_by_role(
                    "spinbutton", name=part.field.description, exact=True)
                field.fill(str(typed))
                field.press("Enter")
                part.field.value = type(part.field.value)(min(typed, part.field.max))
                bench.shows()
    for k, settings in enumerate(bench.mirror.presets.values()):
        bench.page.get_by_role("button", name=f"{k + 1} ").first.click()
        bench.mirror.set(**settings)
        bench.shows()
    bench.clean()


@every_lab
def test_what_a_screen_reader_gets(bench):
    for part in bench.mirror._parts.values():
        if isinstance(part, Number):
            assert bench.page.get_by_role(
                "spinbutton", name=part.field.description, exact=True).count() == 1
    assert bench.page.get_by_role("img", name=bench.mirror.image.tooltip).count() == 1
    assert bench.page.locator(STATUS).text_content() == typeset(bench.mirror.summary)
    cut = bench.page.locator(".widget-label").evaluate_all("""all => all.filter(
        one => one.clientWidth > 1 && one.scrollWidth > one.clientWidth).map(
        one => one.textContent)""")
    assert cut == []                    # a label that is cut off is no name either
    assert bench.page.locator(".jupyter-widgets[title=null]").count() == 0


@only("depth", "race")                          # the tallest
def test_a_lab_fits_a_lecturers_screen(bench):
    """A projector of 1280 x 720: JupyterLab leaves the notebook 599 pixels of height."""
    bench.page.get_by_role("button", name="more").click()       # as it was before
    lab = bench.page.locator(PICTURE).locator("xpath=ancestor::*[contains(@class, 'widget-vbox')]")
    bench.page.wait_for_function("lab => lab.getBoundingClientRect().height <= 590",
                                 arg=lab.last.element_handle())


def drag(bench, start, end, steps=60, seconds=1.0):
    """Drag on the picture between two places in the units of the lab's first axes."""
    picture = bench.page.locator(PICTURE)
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    figure = bench.mirror.figure

    def place(point):
        right, up = figure.axes[0].transData.transform(point)
        scale = box["width"] / figure.bbox.width
        return box["x"] + right * scale, box["y"] + (figure.bbox.height - up) * scale

    bench.page.mouse.move(*place(start))
    bench.page.mouse.down()
    for k in range(steps):
        share = (k + 1) / steps
        bench.page.mouse.move(*place(np.array(start) * (1 - share) + np.array(end) * share))
        bench.page.wait_for_timeout(1000 * seconds / steps)
    bench.page.mouse.up()


@only("descent_on_a_surface", "race", "inside")
def test_drag_the_start(bench):
    bench.page.mouse.move(500, 700)             # a hover is no drag
    bench.page.mouse.move(520, 710)
    drag(bench, (-4, 1), (3, -1.5))
    fields = [bench.page.get_by_role("spinbutton", name=name, exact=True)
              for name in ("start θ₁", "start θ₂")]
    expect(fields[0]).to_have_value(re.compile(r"^(2\.9[5-9]|3(\.0[0-4]|$))"))
    expect(fields[1]).to_have_value(re.compile(r"^-1\.(4[5-9]|5([0-4]|$))"))
    bench.mirror.set(start_x=float(fields[0].input_value()),
                     start_y=float(fields[1].input_value()))
    bench.shows()
    bench.page.mouse.move(500, 500, steps=5)    # the button is up: nothing moves any more
    bench.page.wait_for_timeout(300)
    bench.shows()
    bench.clean()


@only("rate_by_batch")
def test_click_a_cell_of_the_heat_map(bench):
    drag(bench, (8, 1), (8, 1), steps=1, seconds=0)
    bench.mirror.set(learning_rate=RATES[8], batch_size=SIZES[1])
    bench.shows()
    bench.clean()


@only("descent_on_a_surface", "training_clock", "depth")
def test_the_newest_event_wins_a_fast_drag(bench):
    bench.page.evaluate("""() => { window.pictures = 0; new MutationObserver(
        () => window.pictures++).observe(document.querySelector("img.widget-image"),
                                         {attributeFilter: ["src"]}); }""")
    handle = bench.handle("learning_rate")
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    bench.page.mouse.move(x, y)
    bench.page.mouse.down()
    for k in range(60):
        bench.page.mouse.move(x - 100 + 80 * np.sin(k / 6), y)
        bench.page.wait_for_timeout(16)
    bench.page.mouse.move(x - 600, y)
    bench.page.mouse.up()
    bench.mirror._parts["learning_rate"].slider.value = 0
    bench.shows()
    assert bench.page.evaluate("window.pictures") > 2       # it moved on the way
    bench.clean()


@only("descent_on_a_surface")
def test_run_all_after_a_restart_brings_the_lab_back(bench):
    slider = bench.mirror._parts["learning_rate"].slider
    bench.slide("learning_rate", "End", slider.max)
    bench.mirror.set(learning_rate=1.0)
    bench.shows()
    bench.run("Kernel", "Restart Kernel and Run All Cells…")
    bench.page.locator(".jp-Dialog button:has-text('Restart')").click()
    bench.mirror = labs.descent_on_a_surface()
    bench.shows()
    bench.slide("learning_rate", "Home", 0)
    bench.mirror.set(learning_rate=1e-4)
    bench.shows()
    bench.clean()
