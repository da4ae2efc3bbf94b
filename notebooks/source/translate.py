"""Keep the catalogues in step with the sources: python notebooks/source/translate.py

A catalogue, locale/CODE.po, is the whole edition in one file: the terms of the glossary, first as
they are found in texts and then as the index of terms names them, the notebooks (a Markdown cell is
a message with the notebook as its context; what the code says has no context), the library, the
assignments (see grading/grader/assignment.py: a Markdown cell and a rubric have "assignment NN-slug"
as their context, a mistake's name "mistake") with what the grader says to students, and the READMEs,
in this order. Merging keeps every translation whose English is unchanged; a changed text keeps its
old translation but is marked fuzzy and not used; a text that is gone is dropped. What the library and the notebooks' code say is compiled to
lib/descent/locale/CODE, what only the grader says to grading/grader/locale/CODE, which students
don't need. An empty file locale/CODE.po begins a new language.
"""
import ast
import html
import io
import re
from functools import cache
from pathlib import Path

import jupytext
from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileParser, write_po

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LOCALE = HERE / "locale"
LIBRARY = ROOT / "lib" / "descent"
LECTURERS = {"__main__.py", "similarity.py"}  # of the grader: what they say, no student reads
SCRIPTS = [HERE / name for name in ("build.py", "slides.py", "book.py", "words.py")]
KEYWORDS = {"_": None, "N_": None, "mark": None, "say": None, "count": (1, 2), "show": (2,)}


class Catalogue(Catalog):
    """A catalogue whose header says nothing that changes by itself."""

    def _headers(self):
        return [("Language", self.locale_identifier or ""),
                ("MIME-Version", "1.0"), ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Transfer-Encoding", "8bit"), ("Plural-Forms", self.plural_forms)]

    mime_headers = property(_headers, Catalog._set_mime_headers)


def languages():
    """The codes of all languages that have a catalogue."""
    return sorted(path.stem for path in LOCALE.glob("*.po"))


@cache
def read(language):
    """The catalogue of a language."""
    catalogue = Catalogue(language, fuzzy=False)
    with open(LOCALE / f"{language}.po", encoding="utf-8") as file:
        PoFileParser(catalogue, abort_invalid=True).parse(file)
    return catalogue


def finished(message):
    """Whether a message is translated, in every plural form, and not fuzzy."""
    return not message.fuzzy and bool(message.string) and all(
        [message.string] if isinstance(message.string, str) else message.string)


def translated(text, language, context=None):
    """The translation of a text; the English where there is none."""
    message = read(language).get(text, context) if language != "en" else None
    return message.string if message and finished(message) else text


# What there is to translate.

def sources():
    return sorted(HERE.glob("[0-9][0-9]-*.md"))


@cache
def cells(source):
    """The cells of a source as (type, text)."""
    return [(cell.cell_type, cell.source) for cell in jupytext.read(source, fmt="md:myst").cells]


def terms():
    """The terms that have one translation each."""
    lines = (LOCALE / "terms.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def readmes():
    """The READMEs that are translated, as paths without their ending: the lecturer's guide too."""
    return [name for name in ("README", "grading/README") if (ROOT / f"{name}.md").exists()]


def sections(name):
    """A README, parted before its headings."""
    return re.split(r"\n+(?=## )", (ROOT / f"{name}.md").read_text(encoding="utf-8").strip())


def python(code, keywords=KEYWORDS):
    """The messages in Python code, in order: text, or (one, many)."""
    code = re.sub(r"\bb(?=[\"'])", " ", code)  # Babel stumbles over bytes
    found = extract("python", io.BytesIO(code.encode()), keywords, strip_comment_tags=True)
    return [message for _line, message, _comments, _context in found]


def messages():
    """Every message of the course: (text, context, file, cell)."""
    for term in terms():
        yield term, "glossary", LOCALE / "terms.txt", None
    for term in terms():
        yield term.split(", ")[0], "index", LOCALE / "terms.txt", None
    for source in [*sources(), *HERE.glob("lecture.md")]:
        for k, (kind, text) in enumerate(cells(source), start=1):
            if kind == "code":
                yield from ((message, None, source, k) for message in python(text))
            elif re.search(r"[^\W\d_]", re.sub("<!--.*?-->", "", text)):
                yield text, source.stem, source, k
    for path in [*SCRIPTS, *sorted(LIBRARY.rglob("*.py"))]:
        for message in python(path.read_text(encoding="utf-8")):
            yield message, None, path, None
    yield from assignments(ROOT / "grading")
    for name in readmes():
        yield from ((text, name, ROOT / f"{name}.md", None) for text in sections(name))


def assignments(folder):
    """The messages of the assignments and of what the grader says to students."""
    for source in sorted(folder.glob("assignments/[0-9][0-9]-*.md")):
        context, code = f"assignment {source.stem}", source.with_suffix(".py")
        for k, (kind, text) in enumerate(cells(source), start=1):
            if kind == "code":
                said = [*python(text, {"compare": (1,)}), *python(text, {"compare": (3,)})]
                yield from ((word, None, source, k) for word in said if not is_code(word))
            elif re.search(r"[^\W\d_]", re.sub("<!--.*?-->", "", text)):
                yield text, context, source, k
        text = code.read_text(encoding="utf-8")
        for message in python(text, KEYWORDS | {"translated": None}):
            yield message, None, code, None
        for rubric in python(text, {"Question": (3,)}):
            yield rubric, context, code, None
        for name in [*python(text, {"Mistake": (1,)}), *python(text, {"said": (2,)})]:
            yield name, "mistake", code, None
    for path in [*folder.glob("assignments/setup.py"), *sorted(folder.glob("grader/*.py"))]:
        if path.name not in LECTURERS:
            for message in python(path.read_text(encoding="utf-8")):
                yield message, None, path, None


def is_code(text):
    """Whether a text is a Python expression, so that nothing in it is to be translated."""
    try:
        return bool(ast.parse(text, mode="eval"))
    except SyntaxError:
        return False


def template(language):
    """The catalogue of a language, as the sources are, without translations."""
    catalogue = Catalogue(language, header_comment="# See translate.py.", fuzzy=False)
    for text, context, path, cell in messages():
        catalogue.add(text, locations=[(path.relative_to(ROOT).as_posix(), cell)], context=context)
    return catalogue


# What becomes of a Markdown cell.

FENCE = r"^```.*?^```"


def anchors(text):
    """The anchors that JupyterLab gives to headings: their words, with dashes for spaces."""
    text = re.sub(FENCE, "", text, flags=re.M | re.S)
    plain = [re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading)
             for heading in re.findall(r"^#+ +(.*?)\s*$", text, flags=re.M)]
    return [re.sub(r"[*`]", "", heading).replace(" ", "-") for heading in plain]


def markdown(text, language, name):
    """A Markdown cell of a notebook in this language.

    Its headings have the English anchors, so that links are the same in every edition: JupyterLab
    finds no anchor with other letters than ASCII's. What lies beside the English notebooks is one
    folder further away.
    """
    names = iter(anchors(text))

    def heading(found):
        name = html.escape(next(names, "")) if found[1] else ""
        return f'{found[1]}<span id="{name}">{found[2]}</span>' if name else found[0]

    there = re.sub(rf"{FENCE}|^(#+ +)(.*?)$", heading, translated(text, language, name),
                   flags=re.M | re.S)
    return re.sub(r"(?<=\]\()(?![a-z]+:|#|[0-9][0-9]-[\w-]+\.ipynb)", "../", there)


# What is written.

def merged(language):
    """The catalogue of a language, brought up to date with the sources."""
    catalogue = read(language)
    catalogue.update(template(language), update_header_comment=True)
    catalogue.obsolete.clear()
    catalogue.fuzzy = False
    return catalogue


def written(catalogue):
    """A catalogue as the bytes of a .po file."""
    for message in catalogue:
        message.flags.discard("python-format")              # "50 % of" is none
        if message.context:
            message.flags.discard("python-brace-format")    # a formula is none
    file = io.BytesIO()
    write_po(file, catalogue, width=0, ignore_obsolete=True)
    return file.getvalue()


def compiled(language):
    """{path: bytes} of the .mo files: what the library and the notebooks' code say; the grader."""
    library, grader = (Catalogue(language, fuzzy=False) for _twice in range(2))
    for message in read(language):
        if message.id and finished(message):
            graders = [path for path, _cell in message.locations if path.startswith("grading/")]
            in_notebooks = len(graders) < len(message.locations) or any(
                path.endswith((".md", "/setup.py")) for path in graders)
            if in_notebooks and not message.context:
                library.add(message.id, message.string)
            elif graders:
                grader.add(message.id, message.string, context=message.context)
    found = {}
    for folder, catalogue in {LIBRARY: library, ROOT / "grading" / "grader": grader}.items():
        write_mo(file := io.BytesIO(), catalogue)
        found[folder / "locale" / language / "LC_MESSAGES" / "descent.mo"] = file.getvalue()
    return found


def main():
    for language in languages():
        (LOCALE / f"{language}.po").write_bytes(written(merged(language)))
        read.cache_clear()
        for path, data in compiled(language).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        texts = [message for message in read(language) if message.id]
        fuzzy = sum(message.fuzzy for message in texts)
        missing = sum(not message.fuzzy and not finished(message) for message in texts)
        print(f"{language}: {len(texts)} messages, {missing} missing, {fuzzy} fuzzy")


if __name__ == "__main__":
    main()
