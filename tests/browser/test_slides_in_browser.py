"""The decks in a browser: every slide, in a file and live; a kernel from its start to its end."""
import os
import re
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import expect

import build
import slides
from conftest import lecture_python, unused
from descent import labs
from descent.language import speaking, typeset

ROOT = Path(__file__).resolve().parents[2]
SECOND = 1000
DECKS = [name for name, path in slides.sources().items() if path.exists() and slides.slides(path)]
SMALLEST = 24               # pixels of a letter on a slide of 1280 x 720
FAULTS = """smallest => {
    const slide = document.querySelector("section.present > .slide"), said = [];
    const seen = one => one.checkVisibility({visibilityProperty: true})
        && one.getClientRects().length;
    const name = one => [one.localName, one.className,
                         (one.textContent || one.alt || "").trim().slice(0, 30)].join(" ");
    const frame = slide.getBoundingClientRect();
    if (slide.scrollHeight > slide.clientHeight + 1 || slide.scrollWidth > slide.clientWidth + 1)
        said.push(`it needs ${slide.scrollWidth} x ${slide.scrollHeight}`);
    const texts = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT), blocks = new Set();
    while (texts.nextNode()) {
        const parent = texts.currentNode.parentElement;
        if (!texts.currentNode.data.trim() || !seen(parent) ||
            parent.closest("script, style, .katex-mathml, .widget-readout")) continue;
        if (!parent.closest(".katex") && parseFloat(getComputedStyle(parent).fontSize) < smallest)
            said.push(`small letters: ${name(parent)}`);
        blocks.add(parent.closest("h1, h2, p, li, dt, dd, td, th, pre, button, figcaption, label, "
                                  + "[role=status], .top > .widget-html, .top > div:not(.keys)")
                   ?? parent);
    }
    for (const image of slide.querySelectorAll("img, input:not([type=hidden]), .noUi-target"))
        if (seen(image)) {
            blocks.add(image);
            if (image.localName !== "img") continue;
            if (!image.naturalWidth) said.push(`no picture: ${name(image)}`);
            if (!(image.alt || image.title)) said.push("a picture without alternative text");
            const twin = image.closest(".lab") ? slide.querySelector(".twin img") : image;
            const letter = twin.dataset.letter * Math.min(image.clientWidth,
                image.clientHeight * image.naturalWidth / image.naturalHeight);
            if (!(letter >= smallest)) said.push(
                `letters of ${letter.toFixed(1)} pixels in the picture ${image.alt.slice(0, 40)}`);
        }
    const box = one => {                // of what is written, not of the line that it stands on
        const range = document.createRange(), own = one.getBoundingClientRect();
        range.selectNodeContents(one);
        return one.matches("h1, h2, p, dt, dd, figcaption") ? range.getBoundingClientRect() : own;
    };
    const boxes = [...blocks].map(one => [one, box(one)]).filter(([, a]) => a.width > 1);
    boxes.forEach(([one, a], k) => {
        if (a.left < frame.left - 1 || a.top < frame.top - 1 || a.right > frame.right + 1
            || a.bottom > frame.bottom + 1) said.push(`cut: ${name(one)}`);
        for (const [other, b] of boxes.slice(k + 1))
            if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 3
                && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3
                && !one.contains(other) && !other.contains(one))
                said.push(`${name(one)} over ${name(other)}`);
    });
    return said;
}"""


def walk(page):
    """What is wrong with each slide, with all that clicks add to it."""
    said = []
    for k in range(page.evaluate("Reveal.getTotalSlides()")):
        page.evaluate(f"Reveal.slide({k}, 0, 99)")
        page.wait_for_timeout(50)
        said += [f"slide {k + 1}: {fault}" for fault in page.evaluate(FAULTS, SMALLEST)]
        said += [f"slide {k + 1}, {fault}" for fault in pressed(page)]
    return said


def pressed(page):
    """What is wrong with a slide's lab at its presets; the picture is to stay in its place."""
    slide, said, places = page.locator("section.present"), [], set()
    for key in slide.locator(".preset:visible").all():
        key.click()
        page.wait_for_function("""number => {
            const slide = document.querySelector("section.present");
            const said = slide.querySelector(`.twin figure[data-key="${number}"] figcaption`);
            const status = slide.querySelector(".lab [role=status]");
            return !status || status.textContent === said.lastChild.textContent;
        }""", arg=key.text_content().split()[0])
        page.wait_for_timeout(50)
        said += [f"{key.text_content()}: {fault}" for fault in page.evaluate(FAULTS, SMALLEST)]
        box = slide.locator("img:visible").last.bounding_box()
        places.add(tuple(round(box[side]) for side in ("x", "y", "width", "height")))
    return said + [f"the picture moves: {places}"] * (len(places) > 1)


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.complaints, page.requests = [], []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.context.on("request", lambda request: page.requests.append(request.url))
    yield page
    page.context.close()


@pytest.mark.parametrize("language", build.languages())
@pytest.mark.parametrize("name", DECKS)
def test_every_slide_of_the_file(page, tmp_path, name, language):
    source = slides.sources()[name]
    path = slides.write(source, language, tmp_path / "deck.html")
    page.context.set_offline(True)
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate("Reveal.getTotalSlides()") == len(slides.slides(source))
    assert walk(page) == []
    assert page.locator(".error, .katex-error").count() == 0
    pdf = slides.printed(path, page).read_bytes()
    assert len(re.findall(rb"/Type /Page\b", pdf)) == len(slides.slides(source))
    assert [url for url in page.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert page.complaints == []


@pytest.mark.parametrize("language", build.languages())
def test_the_speakers_window_of_a_file(page, tmp_path, language):
    path = slides.write(slides.sources()["05"], language, tmp_path / "deck.html")
    page.context.set_offline(True)
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]")
    with page.context.expect_page() as opened:
        page.keyboard.press("s")
    notes = opened.value.locator(".speaker-controls-notes .value")
    expect(notes).to_contain_text({"en": "it is often thought", "sv": "vad många tror"}[language])
    shown = opened.value.locator("body")
    for word in ("Upcoming", "Notes", "Layout", "Click to Reset"):
        expect(shown).to_contain_text(slides.translate.translated(word, language))
    if language != "en":
        opened.value.locator(".speaker-layout-dropdown").select_option("wide")
        for word in slides.SPEAKER:
            other = slides.translate.translated(word, language)
            if other != word:
                expect(shown).not_to_contain_text(re.compile(rf"\b{word}\b"), use_inner_text=True)
        expect(shown).not_to_contain_text(re.compile("[AP]M"), use_inner_text=True)
    for which in ("current", "upcoming"):
        frame = opened.value.frame_locator(f"#{which}-slide iframe")
        expect(frame.locator("section.present h1, section.present h2").first).to_be_visible()
    opened.value.keyboard.press("ArrowRight")
    expect(page.locator("section.present h2")).to_contain_text(
        {"en": "A ball that rolls downhill", "sv": "En boll"}[language])


@pytest.mark.parametrize("language", build.languages())
def test_the_keys_of_a_file(page, tmp_path, language):
    path = slides.write(slides.sources()["05"], language, tmp_path / "deck.html")
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]")
    keys, place = page.locator("#help"), lambda: page.evaluate("Reveal.getIndices().h")
    expect(keys).to_be_hidden()
    page.keyboard.press("?")
    expect(keys).to_be_visible()
    for _key, use in slides.HELP:
        expect(keys).to_contain_text(slides.translate.translated(use, language))
    small = keys.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") < SMALLEST
    assert not small and keys.evaluate("one => one.scrollHeight <= one.clientHeight")
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    page.keyboard.press("F1")
    expect(keys).to_be_visible()
    page.keyboard.press("ArrowRight")
    expect(keys).to_be_hidden()
    assert place() == 1
    for dark in "b.":
        page.keyboard.press(dark)
        assert page.evaluate("Reveal.isPaused()")
        page.keyboard.press("PageDown")             # first the light, then the next slide
        assert (page.evaluate("Reveal.isPaused()"), place()) == (False, 1)
    page.keyboard.press("PageDown")
    page.keyboard.press("End")
    assert place() == page.evaluate("Reveal.getTotalSlides()") - 1
    for k in range(place(), -1, -1):                # digits do nothing where there is no lab
        page.evaluate(f"Reveal.slide({k})")
        for key in "1234567890":
            page.keyboard.press(key)
        assert place() == k
    assert page.complaints == []


# With a kernel.

@pytest.fixture(scope="module")
def python():
    """A Python that has Voilà: this one, or that of `make lecture`."""
    return lecture_python("voila", "the live deck is not tested")


@pytest.fixture
def live(request, python, page, tmp_path):
    """A deck as `make lecture` opens it, in a page; the parameter: which, language, options."""
    name, language, *options = request.param
    with speaking(language), opened([python, ROOT / "notebooks/source/slides.py", name,
                                     "--language", language, "--live", *options], page, tmp_path):
        yield page


@contextmanager
def opened(command, page, tmp_path):
    """The page shows the deck that this command serves, until the block ends."""
    port = unused()
    with open(tmp_path / "log", "w") as log:
        process = subprocess.Popen([*command, f"--port={port}", "--Voila.port_retries=0"],
                                   env={**os.environ, "CI": "1"}, stdout=log, stderr=log)
    try:
        for _patience in range(600):
            if "is running at" in (tmp_path / "log").read_text() or process.poll() is not None:
                break
            page.wait_for_timeout(100)
        assert process.poll() is None, (tmp_path / "log").read_text()
        page.goto(f"http://localhost:{port}/", timeout=180 * SECOND)
        ready(page)
        yield
    finally:
        process.kill()          # while it runs a notebook, a gentler signal ends only that
        process.wait(30)


def ready(page):
    page.wait_for_selector("body[data-ready]", timeout=180 * SECOND)
    page.wait_for_function("[...document.querySelectorAll('.live')].every(one => "
                           "one.querySelector('.lab img')?.naturalWidth)", timeout=60 * SECOND)


@pytest.mark.parametrize("live", [(name, language, "--preheat_kernel=False") for name in DECKS
                                  for language in build.languages() if name != "05"], indirect=True,
                         ids=lambda one: "-".join(one[:2]))
def test_every_slide_of_a_live_deck(live, page):
    assert walk(page) == []
    assert page.locator(".error, .katex-error").count() == 0
    assert page.complaints == []


@pytest.mark.parametrize("live", [("05", language) for language in build.languages()],
                         indirect=True, ids=lambda one: "-".join(one[:2]))
def test_a_live_deck(live, page):
    assert page.evaluate("Reveal.getTotalSlides()") == len(slides.slides(slides.sources()["05"]))
    assert walk(page) == []
    assert page.locator(".error, .katex-error").count() == 0

    place = [slide.name for slide in slides.slides(slides.sources()["05"])].index("race")
    page.evaluate(f"Reveal.slide({place})")
    slide, mirror = page.locator("section.present"), labs.race(rmsprop=False, adam=False)
    status, presets = slide.locator(".lab [role=status]"), list(mirror.presets.values())

    def here():
        return page.evaluate("Reveal.getIndices().h")

    def shows(**settings):
        mirror.set(**settings)
        expect(status).to_have_text(typeset(mirror.summary), timeout=30 * SECOND)

    page.keyboard.press("1")
    shows(**presets[0])
    page.keyboard.press("2")                        # a preset with a button, and one without
    shows(**presets[1])
    expect(slide.locator(".lab .pressed")).to_have_text(mirror.labels[1])
    page.keyboard.press("3")
    shows(**presets[2])
    handle = slide.locator(".noUi-handle")
    box = handle.bounding_box()                     # by mouse; then the keys are the deck's again
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] - 600, box["y"] + 5, steps=10)
    page.mouse.up()
    shows(learning_rate=1e-4)
    page.keyboard.press("ArrowRight")
    assert here() == place + 1
    page.keyboard.press("ArrowLeft")
    handle.focus()                                  # by keyboard: the arrows are the slider's
    page.keyboard.press("End")
    shows(learning_rate=10)
    page.keyboard.press("ArrowLeft")
    shows(learning_rate=mirror._parts["learning_rate"].values[-2])
    assert here() == place
    page.keyboard.press("2")                        # the digits stay the presets'
    shows(**presets[1])
    page.keyboard.press("b")
    assert page.evaluate("Reveal.isPaused()")
    page.keyboard.press(".")
    assert not page.evaluate("Reveal.isPaused()") and here() == place
    page.keyboard.press("PageDown")                 # a remote control always turns the slides
    assert here() == place + 1
    page.keyboard.press("PageUp")
    handle.focus()
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowLeft")
    assert here() == place - 1
    page.keyboard.press("ArrowRight")
    field = slide.locator(".widget-text input")     # digits in a field are no presets
    field.fill("0.05")
    field.press("Enter")
    shows(learning_rate=0.05)
    page.keyboard.press("1")
    shows(**presets[0])
    assert page.complaints == []

    end_kernel(page)
    expect(page.locator("body.dead #dead")).to_be_visible(timeout=30 * SECOND)
    expect(slide.locator(".lab")).to_be_hidden()
    for key in "29":
        page.keyboard.press(key)
        expect(slide.locator(".twin figure:visible")).to_have_attribute("data-key", key)
        mirror.set(**presets[int(key) - 1])
        expect(slide.locator(".twin figcaption:visible")).to_contain_text(typeset(mirror.summary))
        assert page.evaluate(FAULTS, SMALLEST) == []
    page.wait_for_function(f"location.hash === '#/{place}'")    # Reveal writes it once a second
    page.keyboard.press("r")                        # the reload finds another kernel
    page.wait_for_function("!document.body.matches('.dead')")
    ready(page)
    assert here() == place
    page.keyboard.press("2")
    shows(**presets[1])
    assert [url for url in page.requests
            if not re.match(r"(http|ws)://localhost|data:|blob:", url)] == []


FAILS = """
import sys

sys.path.insert(0, sys.argv.pop(1))
import slides

def fails(*args):
    notebook = whole(*args)
    first = next(c for c in notebook.cells if c.metadata.deck.get("kind") == "show")
    first.source = "1 / 0"
    return notebook

whole, slides.deck = slides.deck, fails
slides.live(slides.sources()["05"], arguments=sys.argv[1:])
"""


def test_a_slide_that_fails_says_so_and_the_others_are_there(python, page, tmp_path):
    (tmp_path / "fails.py").write_text(FAILS)
    with opened([python, tmp_path / "fails.py", build.SOURCES, "--preheat_kernel=False"], page, tmp_path):
        said = page.locator(".error")
        assert said.count() == 1 and "division by zero" in said.text_content()
        assert page.evaluate("Reveal.getTotalSlides()") == len(
            slides.slides(slides.sources()["05"]))
        assert page.locator(".lab img").count() == 1


def end_kernel(page):
    """Kill the kernel of the page as a crash would."""
    name = page.evaluate(
        "JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
    found = subprocess.run(["pgrep", "-f", f"kernel-{name}"], capture_output=True, text=True)
    for process in found.stdout.split():
        os.kill(int(process), signal.SIGKILL)
