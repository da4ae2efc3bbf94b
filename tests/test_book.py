"""The reading edition: its index of terms, how a notebook becomes a page, and the whole site, crawled."""
import re
from html.parser import HTMLParser
from urllib.parse import unquote, urlsplit

import nbformat
import pytest

import book as edition
import build
import translate
import words

LANGUAGES = build.languages()
every_language = pytest.mark.parametrize("language", LANGUAGES)
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


# The index of terms.

@every_language
def test_every_term_leads_somewhere(language):
    found = {word: entry for entry in words.entries(language) for word in entry.words}
    assert [term for term in translate.terms() if term.split(", ")[0] not in found] == []
    assert [entry.name for entry in found.values() if not entry.explained + entry.used] == []
    assert [entry.name for entry in found.values() if not all(entry.others.values())] == []
    places = {section.id for section in words.sections(language)}
    assert len(places) == len(words.sections(language))
    assert {place.id for entry in found.values() for place in entry.explained + entry.used} <= places


def test_the_index_is_the_same_in_every_language():
    def where(language):
        return {entry.id: [[place.id for place in places] for places in (entry.explained, entry.used)]
                for entry in words.entries(language)}

    assert all(where(language) == where("en") for language in LANGUAGES)
    assert len(where("en")) == len(words.entries("en")) > len(translate.terms())


def test_some_entries():
    swedish = {entry.name: entry for entry in words.entries("sv")}
    rate = swedish["inlärningshastighet"]
    assert rate.others == {"en": "learning rate"} and "gradienten multipliceras" in rate.meaning
    assert [place.id for place in rate.explained] == ["c00-predict-before-you-look"]
    assert swedish["steg"].lecture == "viktuppdatering, hopp"
    assert swedish["konvex"].others == {"en": "convex"}
    names = list(swedish)
    assert names.index("vikt") < names.index("överanpassning")
    english = {entry.name: entry for entry in words.entries("en")}
    assert english["basin"].others == {"sv": "attraktionsområde"}
    assert english["local, global minimum"].others == {"sv": "lokalt, globalt minimum"}


@every_language
def test_the_lectures_words_lead_to_entries(language):
    page = words.page(language)
    for word in words.LECTURE:
        link = re.search(rf'<i lang="sv">{word}</i>: \[.+?\]\(#(.*?)\)', page)
        assert f"({link[1]})=" in page


# A notebook as a page.

def test_what_runs_is_what_shows_something():
    shown = [one.cells[0].source for source in build.sources() for one in edition.showing(source)]
    assert sum("labs." in code for code in shown) >= 9
    assert sum("predict(" in code for code in shown) >= 25 and "book = Ledger()\nbook" in shown
    assert not [code for code in shown if "basins" in code or "settle" in code or ".twin" in code]


@pytest.mark.parametrize("text, page", [
    ("## See [it](02-two.ipynb#A-place,-or-two)", "(c01-see-it)=\n## See [it](#c02-a-place-or-two)"),
    ('# <span id="One">Ett</span>', "(c01-one)=\n# Ett"),
    ("[here](#Sum-up), [two](02-two.ipynb)", "[here](#c01-sum-up), [two](02-two.ipynb)"),
    ("```\n# no heading\n```", "```\n# no heading\n```"),
    ("<details><summary><b>Seen</b> (when run)</summary>", "<details><summary><b>Seen</b></summary>"),
])
def test_a_text(text, page):
    assert edition.text_of("01-one", text) == page


def test_outputs_that_say_nothing_are_left_out():
    new = nbformat.v4.new_output
    assert [edition.worth(output) for output in (
        new("display_data"), new("stream", text="○ f: not attempted yet.\n"),
        new("stream", text="✗ f: not repaired\n"), new("display_data", data={"text/plain": "1"}),
    )] == [False, False, True, True]


# The site.

class Page(HTMLParser):
    """What a page has, to check: ids, links, pictures, the tags that are open."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.loads, self.images, self.open = [], [], [], [], []
        self.faults, self.text = [], []
        self.language, self.title = None, ""
        self.feed(path.read_text("utf-8"))
        self.close()

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "html":
            self.language = found.get("lang")
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag in ("img", "script", "iframe", "source") and "src" in found:
            self.loads.append(found["src"])
        if tag == "link" and found.get("rel") not in ("search", "next", "prev", "index", "canonical"):
            self.loads.append(found["href"])
        if tag == "img" and not (found.get("alt") or "").strip():
            self.faults.append(f"no alternative text: {found.get('src')}")

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"</{tag}> at line {self.getpos()[0]} closes {self.open[-1:]}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data):
        if "title" in self.open and "svg" not in self.open:
            self.title += data
        if not {"script", "style"} & set(self.open):
            self.text.append(data)


@pytest.fixture(scope="session")
def pages(book):
    """{path: Page} of all pages."""
    return {path: Page(path) for path in sorted(book.rglob("*.html"))
            if path.name != "ledger-to-print.html"}


def test_every_chapter_is_there_in_every_language(book, pages):
    names = [*(f"{source.stem}.html" for source in build.sources()), "index.html", "search.html",
             "terms.html"]
    for language in LANGUAGES:
        folder = book / ("" if language == "en" else language)
        assert [path for path in names if folder / path not in pages] == []
        for name in names:
            page = pages[folder / name]
            assert page.language == language and page.title.strip()
            here = "" if language == "en" else "../"
            assert {f"{here}{'' if other == 'en' else other + '/'}{name}"
                    for other in LANGUAGES if other != language} <= set(page.links)
    titles = [page.title for page in pages.values()]
    assert len(set(titles)) == len(titles)


def test_the_pages_are_sound(pages):
    said = []
    for path, page in pages.items():
        twice = {id for id in page.ids if page.ids.count(id) > 1}
        said += [f"{path.name}: {fault}" for fault in page.faults]
        said += [f"{path.name}: the id {id} is there twice" for id in twice]
        said += [f"{path.name}: {tag} is not closed" for tag in page.open]
    assert said == []


def test_every_link_leads_somewhere(book, pages):
    said, used = [], set()
    for path, page in pages.items():
        for link in page.links + page.loads:
            parts = urlsplit(link)
            if parts.scheme in ("http", "https") and link in page.links:
                continue                                # to read on; nothing is loaded
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if parts.scheme and parts.scheme != "data" or not target.is_file():
                said.append(f"{path.relative_to(book)}: {link}")
            elif parts.fragment and target in pages and (
                    unquote(parts.fragment) not in pages[target].ids):
                said.append(f"{path.relative_to(book)}: no such place: {link}")
            used.add(target)
    assert said == []
    assert not [*book.rglob("jupyter_execute"), *book.parent.glob("jupyter_execute")]
    unused = {*(book / "pictures").iterdir(), *book.rglob("*.ipynb")} - used
    assert unused == set()


@every_language
def test_a_page_says_what_its_notebook_says(book, pages, language):
    for source in build.sources():
        path = book / ("" if language == "en" else language) / f"{source.stem}.html"
        notebook = nbformat.read(build.built(source, language), as_version=4)
        text = "".join(pages[path].text)
        html = path.read_text("utf-8")
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert html.count('<div class="cell_input ') == len(code)
        assert html.count('<details class="answer">') == len(
            [cell for cell in code if "answer" in cell.metadata.get("tags", ())
             and any(map(edition.worth, cell.outputs))])
        pictures = [output.metadata["image/png"]["alt"] for cell in code for output in cell.outputs
                    if "image/png" in output.get("data", {})]
        alts = [dict(found)["alt"] for found in images(html)]
        assert [alt for alt in pictures if alt not in alts] == []
        for cell in code:
            for output in filter(edition.worth, cell.outputs):
                if output.output_type == "stream" and ".html" not in output.text:
                    squeezed = " ".join(output.text.split())
                    assert squeezed in " ".join(text.split()), squeezed
        assert "( ) " not in text and "Valid(value=True" not in text and "<IPython" not in text


def images(text):
    parser = HTMLParser()
    found = []
    parser.handle_starttag = lambda tag, attributes: tag == "img" and found.append(attributes)
    parser.feed(text)
    return found


def test_each_lab_has_its_presets(book):
    from descent import labs
    from descent.language import typeset
    for source in build.sources():
        html = (book / f"{source.stem}.html").read_text("utf-8")
        for one in edition.showing(source):
            made = re.search(r"= labs\.(\w+)\(\)", one.cells[0].source)
            if made:
                lab = getattr(labs, made[1])()
                assert typeset(lab.summary).replace("'", "&#x27;") in html
                for label in lab.labels:
                    assert f">{label}</button>" in html
    assert html.count("<button class=\"preset\"") == len(labs.race().presets) + 2   # the ledger
