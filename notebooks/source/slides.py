"""Make the slides: python notebooks/source/slides.py [05 ... lecture] [--language sv] [--live]

They are written where the text is that they belong to, in NN-slug.md:

- A Markdown cell `+++ {"deck": "slide", "name": "fair-rate", "minutes": 2}` begins a slide; it is
  in the deck and not in the notebook. `+++ {"deck": "fragment"}` is what the next click adds to
  it, `+++ {"deck": "notes"}` what the lecturer has in front of her (key S).
- What a code cell with `:deck: slide` shows is on the slide above it; with `:deck: code` its code
  is too. Both are in the notebook as well; a cell with `:deck: only` is not.
  `:slide: {presets: [1, 2], controls: [beta], size: [8, 4]}` says more, as descent.slides.fit
  explains it.
- Every other cell isn't in the deck. A code cell that defines a name which these need is run for
  it, unseen; `:deck: setup` has a cell run of which that can't be told by its names.

lecture.md is a deck of its own: its cells, and where it says `+++ {"deck": "take", "chapter":
"05"}` the slides of that chapter whose names follow in a comment, `<!-- ball fair-rate -->`.

Without --live each deck becomes an HTML file that needs no kernel and no network, in slides/, and a
PDF where there is a Chromium. With --live one deck is opened in Voilà, with a kernel; the file is
made beside it, for the previews in the speaker's window.
"""
import argparse
import ast
import base64
import html
import os
import re
import shutil
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import build  # it sets the environment for the kernels, so it comes first
import jinja2
import jupytext
import nbformat
import translate
from descent.language import mark as _
from nbconvert.filters import Highlight2HTML, markdown2html

ROOT = build.NOTEBOOKS.parent
SLIDES = ROOT / "slides"
SHARE = build.SOURCES / "share"
TEMPLATE = SHARE / "voila" / "templates" / "deck"
BEGIN = "from descent import slides\nslides.begin()"
QUICK = BEGIN.replace("()", "(small=False)")     # nobody keeps the page of a live deck
EXTENSIONS = ["@voila-dashboards/widgets-manager8", "@jupyter-widgets/jupyterlab-manager",
              "ipyevents"]
LOADING = _("The kernel is starting and draws the pictures: some seconds …")
HELP = [
    ("← →", _("turn the slides, or move the slider that has the focus (until Esc)")),
    ("Page Up, Page Down", _("turn the slides, always: a remote control")),
    ("1 ... 9", _("set the lab to the preset of this number")),
    ("S", _("the speaker's window: notes, time, the next slide")),
    ("B, .", _("black screen, and back")),
    ("F", _("the whole screen")),
    ("O", _("all slides at once")),
    ("Home, End", _("the first slide, the last slide")),
    ("R", _("after the kernel has died: another one")),
    ("?, F1", _("this list, and away with it")),
]
# What Reveal has in the speaker's window, word for word; deck.js puts in those of the language.
SPEAKER = [_("Upcoming"), _("Time"), _("Click to Reset"), _("Notes"), _("Layout"), _("Default"),
           _("Wide"), _("Tall"), _("Notes only"), _("Pacing – Time to finish current slide")]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


@dataclass
class Slide:
    """A slide, with the cells of its chapter up to it."""

    chapter: str
    name: str
    minutes: float
    cells: list = field(default_factory=list)
    before: list = field(default_factory=list)


class Names(ast.NodeVisitor):
    """The names that a piece of code needs from others, and those that it gives to others."""

    def __init__(self, text="", given=()):
        self.needs, self.gives = set(), set(given)
        self.visit(ast.parse(text))

    def visit_Name(self, node):
        if not isinstance(node.ctx, ast.Load):
            self.gives.add(node.id)
        elif node.id not in self.gives:
            self.needs.add(node.id)

    def visit_alias(self, node):
        self.gives.add((node.asname or node.name).partition(".")[0])

    def visit_Assign(self, node):
        self.all([node.value, *node.targets])

    def visit_AugAssign(self, node):
        self.all([ast.Name(node.target.id, ast.Load())] * isinstance(node.target, ast.Name)
                 + [node.value, node.target])

    def visit_For(self, node):
        self.all([node.iter, node.target, *node.body, *node.orelse])

    def visit_FunctionDef(self, node):
        self.gives.add(node.name)
        self.all([*node.decorator_list, node.args])
        self.inside(node.body, self.parameters(node))

    def visit_Lambda(self, node):
        self.visit(node.args)
        self.inside([node.body], self.parameters(node))

    def visit_ListComp(self, node):
        self.inside([part for one in node.generators for part in (one.iter, one.target, *one.ifs)]
                    + ([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]))

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp

    def parameters(self, node):
        return {arg.arg for arg in ast.walk(node.args) if isinstance(arg, ast.arg)}

    def inside(self, nodes, given=()):
        scope = Names(given=given)
        scope.all(nodes)
        self.needs |= scope.needs - self.gives

    def all(self, nodes):
        for node in nodes:
            self.visit(node)


def sources():
    """Every source that has slides, by what a deck is called: 05, lecture."""
    found = {path.name[:2]: path for path in build.sources()}
    return {**found, "lecture": build.SOURCES / "lecture.md"}


def slides(source, language="en"):
    """The slides of a source, in order. Raises ValueError for a cell that is on no slide."""
    found, before = [], []
    for cell in jupytext.read(source, fmt="md:myst").cells:
        kind, own = cell.metadata.get("deck"), found and found[-1].chapter == source.stem
        if cell.cell_type == "markdown" and kind:
            cell.source = translate.translated(cell.source, language, source.stem)
        if kind == "take":
            number = cell.metadata["chapter"]
            names = cell.source.removeprefix("<!--").removesuffix("-->").split()
            chapter = {slide.name: slide for slide in slides(sources()[number], language)}
            unknown = ", ".join(name for name in names if name not in chapter)
            if unknown:
                raise ValueError(f"{source.name}: chapter {number} has no slide named {unknown}; "
                                 f"it has {', '.join(chapter)}")
            found += [chapter[name] for name in names]
        elif kind == "slide" and cell.cell_type == "markdown":
            found.append(Slide(source.stem, cell.metadata["name"], cell.metadata["minutes"], [cell],
                               before[:]))
        elif kind and kind != "setup":
            if not own:
                raise ValueError(f"{source.name}: this cell is on no slide: {cell.source[:60]}")
            found[-1].cells.append(cell)
            found[-1].before = before[:]
        if cell.cell_type == "code":
            before.append(cell)
    return found


def unseen(slide, ready):
    """The code of a slide's chapter that has to run before it and isn't `ready`, in order."""
    chosen = {k for k, cell in enumerate(slide.before) if cell.metadata.get("deck") == "setup"}
    asked = [(cell, len(slide.before)) for cell in slide.cells if cell.cell_type == "code"]
    asked = [(cell, slide.before.index(cell) if cell in slide.before else end)
             for cell, end in asked] + [(slide.before[k], k) for k in chosen]
    while asked:
        cell, place = asked.pop()
        for name in Names(cell.source).needs:
            given = [k for k in range(place) if name in Names(slide.before[k].source).gives]
            if given and given[-1] not in chosen:
                chosen.add(given[-1])
                asked.append((slide.before[given[-1]], given[-1]))
    texts = [slide.before[k].source for k in sorted(chosen) if slide.before[k] not in slide.cells]
    return [text for text in texts if text not in ready]


def deck(source, language="en", begin=BEGIN):
    """The notebook of a deck, not executed. Its Markdown is HTML; see the template for the rest."""
    cells = [code(begin if language == "en" else build.CHOOSE.format(language=language) + begin)]
    chapter, ready = None, []
    for slide in slides(source, language):
        if slide.chapter != chapter:        # another chapter may use the same names
            chapter, ready = slide.chapter, []
        before = unseen(slide, ready)
        cells += map(code, before)
        ready += [*before, *(cell.source for cell in slide.cells)]
        first = len(cells)
        cells += [shown(cell) for cell in slide.cells]
        cells[first].metadata.deck.update(begin=True, name=slide.name,
                                          seconds=round(60 * slide.minutes))
        cells[-1].metadata.deck.end = True
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=build.METADATA)
    notebook.metadata.update(
        title=title(notebook), language=language, loading=translate.translated(LOADING, language),
        help=[[key, translate.translated(use, language)] for key, use in HELP],
        speaker={word: translate.translated(word, language) for word in SPEAKER})
    for k, cell in enumerate(notebook.cells):
        cell.id = f"cell-{k}"
    return notebook


def code(text, **deck):
    return nbformat.v4.new_code_cell(text, metadata={"deck": {"kind": "setup", **deck}})


def shown(cell):
    """A cell of a source as a cell of the deck."""
    kind = cell.metadata["deck"]
    if cell.cell_type == "markdown":
        text = re.sub('<a class="anchor-link".*?</a>', "", markdown2html(cell.source).strip())
        return nbformat.v4.new_markdown_cell(text, metadata={"deck": {"kind": kind}})
    fit = ", ".join(f"{name}={value!r}" for name, value in cell.metadata.get("slide", {}).items())
    seen = Highlight2HTML(pygments_lexer="python")(cell.source) if kind == "code" else ""
    return code(f"slides.fit({fit})\n{cell.source}", kind="show", code=seen)


def title(notebook):
    """The first heading of a deck, as plain text."""
    found = re.search(r"<h\d[^>]*>(.*?)<", "\n".join(cell.source for cell in notebook.cells))
    return html.unescape(found[1]) if found else "Slides"


# The file that needs nothing else.

def page(notebook):
    """An executed deck as one HTML page."""
    template = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATE),
                                  extensions=["jinja2.ext.do"]).get_template("index.html.j2")
    return template.render(nb=notebook, live=False, resources={
        "include_css": lambda name: f"<style>{style(TEMPLATE / name)}</style>",
        "include_js": lambda name: f"<script>{(TEMPLATE / name).read_text('utf-8')}</script>"})


def style(path):
    """A style sheet with the files that it names in it."""
    def inside(found):
        there = path.parent / found[1]
        if not there.is_file():
            return found[0]
        return f"url(data:font/woff2;base64,{base64.b64encode(there.read_bytes()).decode()})"

    return re.sub(r"url\(([^):]+)\)", inside, path.read_text("utf-8"))


def place(source, language="en"):
    """Where a deck's page belongs; the PDF is beside it."""
    return SLIDES / ("" if language == "en" else language) / f"{source.stem}.html"


def write(source, language="en", path=None):
    """Write the page of a deck."""
    path = path or place(source, language)
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = deck(source, language)
    known = dict(notebook.metadata)
    build.execute(notebook, build.NOTEBOOKS).metadata.update(known)
    path.write_text(page(notebook), "utf-8")
    return path


def chromium():
    """The system's Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def browser_page():
    """A page of Chromium, the size of a slide, by Playwright."""
    from playwright.sync_api import sync_playwright
    root = os.name == "posix" and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=[
            "--disable-gpu", "--disable-background-networking", *["--no-sandbox"] * root])
        yield browser.new_page(viewport={"width": 1280, "height": 720})
        browser.close()


def printed(path, page):
    """Print the deck of this path as a PDF beside it, one slide on each sheet."""
    page.goto(f"{path.as_uri()}?print-pdf")
    page.wait_for_selector("body[data-ready] .pdf-page")
    page.pdf(path=path.with_suffix(".pdf"), prefer_css_page_size=True, print_background=True)
    return path.with_suffix(".pdf")


def photographed(path, page, folder):
    """A picture of each slide, with all that clicks add to it: NN-name.png."""
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]")
    for k, name in enumerate(page.locator(".slides > section").evaluate_all(
            "all => all.map(one => one.dataset.name)")):
        page.evaluate(f"Reveal.slide({k}, 0, 99)")
        page.wait_for_timeout(100)
        page.screenshot(path=Path(folder) / f"{k + 1:02}-{name}.png")
    return Path(folder).resolve()


# In the lecture hall.

def live(source, language="en", arguments=()):
    """Open a deck in Voilà; returns when it is stopped."""
    from traitlets.config import Config
    try:
        from voila.app import Voila
    except ImportError:
        sys.exit("Slides with live labs need Voilà: `make lecture` installs it, in .venv-lecture.")
    notebook = SLIDES / "live" / f"{source.stem}-{language}.ipynb"
    notebook.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(deck(source, language, QUICK), notebook)
    later = threading.Timer(20, write, (source, language, notebook.with_suffix(".html")))
    later.daemon = True         # first the kernel, then the previews
    later.start()
    os.environ["JUPYTER_PATH"] = str(SHARE)     # where our template is
    screen = not sys.platform.startswith("linux") or any(
        name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    Voila.launch_instance([str(notebook), *arguments], config=Config({
        "Voila": {"open_browser": screen and "CI" not in os.environ,
                  # or a page that is left cannot say that its kernel may go
                  "tornado_settings": {"disable_check_xsrf": True}},
        "VoilaConfiguration": {
            "template": "deck", "show_tracebacks": True, "file_allowlist": [".*[.]html"],
            "preheat_kernel": True,     # one more is kept ready: after a reload it is there at once
            "extension_allowlist": EXTENSIONS},
        "VoilaExecutor": {"allow_errors": True},    # the other slides are there all the same
        "VoilaKernelManager": {"fill_delay": 10}}))     # seconds, in which the first gets ready


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("decks", nargs="*", help="05 or lecture; all if none is named")
    parser.add_argument("--language", default="en", metavar="|".join(build.languages()))
    parser.add_argument("--live", action="store_true", help="open the first of them in Voilà")
    parser.add_argument("--pictures", metavar="FOLDER", help="write a PNG of each slide instead")
    options, more = parser.parse_known_args()
    if more and not options.live:
        parser.error(f"what is {' '.join(more)}?")
    if options.language not in build.languages():
        sys.exit(f"There are no slides in the language {options.language}; there are in "
                 f"{', '.join(build.languages())}.")
    known = sources()
    decks = [name.zfill(2) if name.isdecimal() else name for name in options.decks]
    for name in decks:
        if name not in known or not slides(known[name]):
            there = ", ".join(name for name, path in known.items() if slides(path))
            sys.exit(f"There are no slides of {name}; there are of {there}.")
    with tempfile.TemporaryDirectory() as profile:
        os.environ["IPYTHONDIR"] = profile  # the user's own start-up files would run too
        if options.live:
            return live(known[(decks or ["lecture"])[0]], options.language, more)
        for name in decks or filter(lambda name: slides(known[name]), known):
            path = write(known[name], options.language)
            print(path, flush=True)
            if chromium():
                with browser_page() as page:
                    print(photographed(path, page, options.pictures) if options.pictures else
                          printed(path, page), flush=True)
        if not chromium():
            print("There is no Chromium or Chrome on this machine, so there are no PDFs.")


if __name__ == "__main__":
    main()
