"""Make the reading edition: python notebooks/source/book.py [--output FOLDER]

A static site in book/, English at its top and each other language in a folder of its own. Sphinx
and MyST-NB make it from the notebooks as they are committed, without running them. What is
different on a page that is only read:

- Where a notebook shows a lab, a question or the ledger, the page has what descent.slides draws for
  a reader: of a lab the presets as pictures, each behind a button. For that a kernel runs the cells
  that show them, and what these need; the rest is not run.
- The answer of a prediction is folded, as it is in the notebook.
- Pictures are files, each of them once for all languages.
- A heading has the address of its English heading, so a place has one address in all languages.

Beside the chapters there are a start page, made of the README, and the index of terms of words.py.
Configuration, template, style and script are in share/book; formulas are drawn by the decks' KaTeX.
"""
import argparse
import base64
import hashlib
import html
import io
import os
import re
import shutil
import struct
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import build  # it sets the environment for the kernels, so it comes first
import jupytext
import nbformat
import slides
import translate
import words
from babel import Locale
from babel.messages.mofile import write_mo
from descent.language import mark as _

BOOK = build.NOTEBOOKS.parent / "book"
SHARE = build.SOURCES / "share" / "book"
KATEX = slides.TEMPLATE / "static" / "katex"
BEGIN = "from descent import slides\nslides.begin_reading()"
SHOWN = re.compile(r"""^(\w+)\ =\ (?:labs\.\w+|Ledger)\([^\n]*\)\n\1\Z   # a lab or the ledger
                   |^(?:\w+\ =\ )?(?:ask|predict)\("                  # a question
                   |^save_page\(""", re.M | re.X)
LINK = r'(?:(\d\d-[\w-]+)\.ipynb)?(?:#([^")]*))?'

HOW = _("How to read it")
TO_READ = _("""Nothing runs on these pages, and nothing comes over the network. A lab shows its
presets, each behind a button; while a button has the focus, the keys with the numbers choose, too.
Guess before you open an answer: what we have guessed wrong we remember best. The options of a
question open to say why they are right or wrong, and the solutions of the exercises are folded. For
a word, look into the [index of terms](terms.md).""")
TO_RUN = _("""Every chapter is a notebook in which the sliders move and the exercises answer. Each
page has it to download; it needs the course installed:""")
EDITION = _("Reading edition")
NOTE = _("""Nothing runs on this page. What it says of cells, keys, buttons and menus is meant for the
notebook, {notebook}, which needs [the course installed](index.md#run-it).""")
RUN_IT = _("Run it")
ANSWER = _("Show the answer")
CONTENTS, SEARCH = _("On this page"), _("Search the book")
LANGUAGES = _("This page in other languages")
LICENCE = _("Text and pictures: CC BY 4.0; code: MIT.")
THEME = (   # the theme's words of which it has no Swedish, and those that it never translates
    _("Back to top"), _("Color mode"), _("Dark"), _("Light"), _("System Settings"),
    _("On this page"), _("Section Navigation"), _("Site navigation"), _("Skip to main content"),
    _("Version warning"), _("next"), _("previous"), _("next page"), _("previous page"),
    _("Main"), _("Page"), _("Toggle primary sidebar"), _("Toggle secondary sidebar"))
LEFTOVERS = ("_sources", "objects.inv", ".buildinfo",
             "_static/webpack-macros.html", "_static/sbt-webpack-macros.html")


# What a kernel draws.

def shown(language, folder):
    """{(chapter, code): outputs} of every cell that shows a lab, a question or the ledger.

    What the cells write as files, they write to the folder.
    """
    choose = "" if language == "en" else build.CHOOSE.format(language=language)
    cells, asked = [nbformat.v4.new_code_cell(choose + BEGIN)], {}
    for source in build.sources():
        ready = []              # another chapter may use the same names
        for one in showing(source):
            before = slides.unseen(one, ready)
            ready += [*before, one.cells[0].source]
            cells += [nbformat.v4.new_code_cell(text) for text in ready[-len(before) - 1:]]
            asked[source.stem, one.cells[0].source] = cells[-1]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=build.METADATA)
    with tempfile.TemporaryDirectory() as profile:
        os.environ["IPYTHONDIR"] = profile      # the user's own start-up files would run too
        build.execute(notebook, folder)
    return {place: cell.outputs for place, cell in asked.items()}


def showing(source):
    """The cells of a chapter that show something to a reader, each as a slide of its own."""
    before, found = [], []
    for cell in jupytext.read(source, fmt="md:myst").cells:
        if cell.cell_type == "code":
            if SHOWN.search(cell.source) and cell.metadata.get("deck") != "only":
                found.append(slides.Slide(source.stem, "", 0, [cell], before[:]))
            before.append(cell)
    return found


# A notebook as a page.

class Pages:
    """The pages of a language: where they are written, and where their pictures and files are."""

    def __init__(self, language, folder, site):
        self.language, self.folder, self.site = language, folder, site
        self.up = "" if language == "en" else "../"
        self.files = folder / "files"
        self.files.mkdir()
        (site / "pictures").mkdir(parents=True, exist_ok=True)
        self.shown = shown(language, self.files)

    def say(self, text, **values):
        return translate.translated(text, self.language).format(**values)

    def write(self):
        for source in build.sources():
            notebook = nbformat.read(build.built(source, self.language), as_version=4)
            (self.folder / "notebooks").mkdir(exist_ok=True)
            shutil.copy(build.built(source, self.language), self.folder / "notebooks")
            nbformat.write(self.chapter(source.stem, notebook), self.folder / f"{source.stem}.ipynb")
        (self.folder / "index.md").write_text(self.start(), "utf-8")
        (self.folder / "terms.md").write_text(words.page(self.language), "utf-8")

    def chapter(self, stem, notebook):
        """The notebook of a chapter as Sphinx is to read it."""
        for cell in notebook.cells:
            if cell.cell_type == "markdown":
                cell.source = text_of(stem, cell.source)
            else:
                outputs = self.shown.get((stem, cell.source), cell.outputs)
                cell.outputs = [self.output(one) for one in outputs if worth(one)]
                if "answer" in cell.metadata.get("tags", ()) and cell.outputs:
                    cell.outputs = [self.folded(cell.outputs)]
        title, rest = notebook.cells[0].source.split("\n\n", 1)
        download = f"{{download}}`{stem}.ipynb <notebooks/{stem}.ipynb>`"
        note = self.say(NOTE, notebook=download)
        notebook.cells[0].source = (f"{title}\n\n```{{admonition}} {self.say(EDITION)}\n"
                                    f":class: edition\n{note}\n```\n\n{rest}")
        return notebook

    def output(self, output):
        """An output as a page can show it: pictures are files, links lead to pages."""
        if output.output_type == "stream":
            for file in self.files.iterdir():
                if file.name in output.text:
                    link = f'<a href="{file.name}">{file.name}</a>'
                    return as_html(f"<p>{html.escape(output.text).replace(file.name, link)}</p>")
            return output
        data = output.data
        if "image/png" in data:
            alt = html.escape(output.metadata["image/png"]["alt"])
            return as_html(self.with_files(
                f'<img src="data:image/png;base64,{data["image/png"]}" alt="{alt}">'))
        if "text/html" in data:
            return as_html(self.with_files(re.sub(
                f'(?<=href="){LINK}(?=")', lambda found: address(*found.groups()),
                data["text/html"])))
        return nbformat.v4.new_output("display_data", data={"text/plain": re.sub(
            r"^Valid\(value=True.*", "✓", data["text/plain"])})

    def folded(self, outputs):
        """All outputs of an answer as one, to be opened."""
        parts = [one.data["text/html"] if "text/html" in one.get("data", ()) else
                 f"<pre>{html.escape(one.get('text') or one.data['text/plain'])}</pre>"
                 for one in outputs]
        return as_html(f'<details class="answer"><summary>{self.say(ANSWER)}</summary>'
                       f'{"".join(parts)}</details>')

    def with_files(self, text):
        """HTML with its pictures taken out, as files, and with their sizes."""
        def file(found):
            png = base64.b64decode(found[1])
            name = hashlib.sha256(png).hexdigest()[:16] + ".png"
            (self.site / "pictures" / name).write_bytes(png)
            width, height = struct.unpack(">II", png[16:24])
            return (f'src="{self.up}pictures/{name}" width="{width}" height="{height}" '
                    'loading="lazy"')

        return re.sub(r'src="data:image/png;base64,([^"]*)"', file, text)

    def start(self):
        """The start page, made of the README."""
        first, *others = (translate.translated(section, self.language, "README")
                          for section in translate.sections("README"))
        title, _languages, lead, _picture = first.split("\n\n")
        run, course = others[:2]
        table = re.search(r"^\|.*\|$", course, flags=re.M | re.S)[0]
        chapters = re.sub(r"\]\(notebooks/", "](", table)
        listed = "\n".join(f"{number} {name} <{stem}>" for number, name, stem in re.findall(
            r"^\| \[(\d\d) (.*?)\]\((.*?)\.ipynb\)", chapters, flags=re.M))
        run = run.split("\n\n", 1)[1]
        return "\n\n".join([
            title, lead, chapters, f"## {self.say(HOW)}", self.say(TO_READ),
            f"(run-it)=\n## {self.say(RUN_IT)}", self.say(TO_RUN), run,
            f"```{{toctree}}\n:hidden:\n\n{listed}\nterms\n```"]) + "\n"


def text_of(stem, text):
    """The Markdown of a cell: its headings have their addresses, its links lead to pages."""
    def heading(found):
        if not found[1]:
            return found[0]
        name = found[2] or translate.anchors(found[0])[0]
        return f"({words.section_id(stem, name)})=\n{found[1]}{found[3]}"

    text = re.sub(r"(<summary><b>.*?</b>) \(.*?\)(?=</summary>)", r"\1", text)
    text = words.HEADING.sub(heading, text)
    return re.sub(rf"\]\({LINK}\)", lambda found: (
        f"](#{words.section_id(found[1] or stem, found[2])})" if found[2] else
        f"]({found[1]}.ipynb)"), text)


def address(stem, anchor):
    """Where a link of a notebook leads in the book."""
    return f"{stem}.html" + (f"#{words.section_id(stem, anchor)}" if anchor else "")


def as_html(text):
    return nbformat.v4.new_output("display_data", data={"text/html": text})


def worth(output):
    """Whether an output says anything to a reader: not that an exercise is yet to be done."""
    if output.output_type == "stream":
        return not output.text.startswith("○ ")
    return bool(output.data)


# The site.

def edition(language, site):
    """Write the pages of a language; what Sphinx complains of is an error."""
    from sphinx.application import Sphinx
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        source.mkdir()
        pages = Pages(language, source, site)
        pages.write()
        shutil.copytree(KATEX, source / "_static" / "katex")
        for name in ("book.css", "book.js"):
            shutil.copy(SHARE / name, source / "_static" / name)
        (source / "locale" / language / "LC_MESSAGES").mkdir(parents=True)
        (source / "locale" / language / "LC_MESSAGES" / "sphinx.mo").write_bytes(theme(language))
        output = Path(folder, "site", "pages")      # MyST-NB writes beside it, too
        app = Sphinx(source, SHARE, output, Path(folder, "doctrees"), "html", status=None,
                     warningiserror=True, confoverrides=configuration(pages))
        app.build()
        if not app.statuscode:
            finish(pages, output)
            shutil.copytree(output, site / ("" if language == "en" else language),
                            dirs_exist_ok=True)
        return app.statuscode


def finish(pages, output):
    """Translate what the theme doesn't, and remove what no page needs."""
    named = "|".join(THEME)
    for page in output.glob("*.html"):
        page.write_text(re.sub(rf'(?<= )(title|aria-label)="({named})"', lambda found: (
            f'{found[1]}="{html.escape(pages.say(found[2]))}"'), page.read_text("utf-8")), "utf-8")
    for name in LEFTOVERS:
        if (output / name).is_dir():
            shutil.rmtree(output / name)
        else:
            (output / name).unlink(missing_ok=True)


def configuration(pages):
    """What conf.py leaves open: what a language sets."""
    course = pages.start().split("\n", 1)[0].lstrip("# ")
    names = {code: Locale(code).get_language_name(code).capitalize() for code in build.languages()}
    others = {code: (name, pages.up + (f"{code}/" if code != "en" else ""))
              for code, name in names.items() if code != pages.language}
    return {
        "language": pages.language, "project": course, "html_title": course,
        "html_short_title": course, "html_extra_path": [str(pages.files)],
        "html_static_path": [str(pages.folder / "_static")],
        "html_context": {"default_mode": "auto", "others": others,
                         "others_title": pages.say(LANGUAGES)},
        "html_theme_options": {
            "search_bar_text": pages.say(SEARCH), "toc_title": pages.say(CONTENTS),
            "extra_footer": f"<p>{pages.say(LICENCE)}</p>", "home_page_in_toc": True,
            "use_download_button": False, "use_fullscreen_button": False, "show_toc_level": 1,
            "navbar_persistent": [], "footer_content_items": ["extra-footer.html"],
            "article_header_end": ["language.html", "article-header-buttons.html"]}}


def theme(language):
    """What the theme says, and has no translation of its own for, as the bytes of a .mo file."""
    catalogue, file = translate.Catalogue(language, fuzzy=False), io.BytesIO()
    for text in THEME:
        catalogue.add(text, translate.translated(text, language))
    write_mo(file, catalogue)
    return file.getvalue()


def write(site=BOOK):
    """Write the site anew, and return its first page."""
    shutil.rmtree(site, ignore_errors=True)
    with ProcessPoolExecutor(2) as pool:
        failed = sum(pool.map(edition, build.languages(), [site] * len(build.languages())))
    if failed:
        sys.exit("The book was not made: see above.")
    return site / "index.html"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=BOOK, help="the folder; it is made anew")
    print(write(parser.parse_args().output.resolve()))


if __name__ == "__main__":
    main()
