"""The index of terms of the reading edition: what each is called, what it means, where it is used.

An entry is a term of locale/terms.txt, or a row of a table of words at the end of a chapter that
has no such term. A section explains a term that stands in it in bold. Which sections use a term is
found in the English text, and is the same in every language.
"""
import html
import re
from dataclasses import dataclass, field
from functools import cache

import build
import nbformat
import proofread
import translate
from descent.language import mark as _

HEADING = re.compile(rf"""{translate.FENCE}|^(\#+\ +)(?:<span\ id="(.*?)">)?(.*?)(?:</span>)?$""",
                     re.M | re.S | re.X)
LECTURE = {     # the lecture's own words -> the words of an entry
    "accelerera konvergensen": "to accelerate convergence",
    "adaptiv learning rate": "adaptive learning rate",
    "backward propagation": "backpropagation",
    "Batch GD": "batch gradient descent",
    "exploding gradient": "exploding gradient",
    "forward propagation": "forward pass",
    "gradient clipping": "gradient clipping",
    "historieparameter": "velocity",
    "hopp": "step",
    "i det globala maxima": "local, global minimum",
    "L2 Regularisering": "L2 regularisation",
    "ny parameter": "hyperparameter",
    "rörelsemängd": "momentum",
    "Stochastic Batch GD": "mini-batch gradient descent",
    "Stochastic Mini-batch GD": "random reshuffling",
    "vanishing gradient": "vanishing gradient",
    "viktuppdatering": "update",
    "överanpassa": "overfitting",
}
ALPHABET = _("abcdefghijklmnopqrstuvwxyz")
TITLE = _("Index of terms")
INTRODUCTION = _("""Each term with its translation, what it means, the section that explains it, and
for each chapter the section that uses it most. The lecture's own words come first.""")
OWN = _("The lecture's own words")
SAYS = _("in the lecture: {words}")
EXPLAINED, USED = _("Explained in {sections}."), _("Used in {sections}.")


@dataclass(frozen=True)
class Section:
    """A section of a chapter: its address, its title in a language, its English text."""

    stem: str
    id: str
    title: str
    text: str


@dataclass
class Entry:
    """An entry of the index: its English words, its name in a language and in the others."""

    words: list
    name: str
    others: dict
    meaning: str = ""
    lecture: str = ""
    explained: list = field(default_factory=list)
    used: list = field(default_factory=list)

    @property
    def id(self):
        return f"term-{slug(self.words[0])}"


def slug(text):
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))


def section_id(stem, anchor):
    """The address of a heading in the book: that of its English, in every language."""
    return f"c{stem[:2]}-{slug(html.unescape(anchor))}"


def headings(text):
    """The headings of a Markdown cell, as matches: (marks, English anchor or None, title)."""
    return [found for found in HEADING.finditer(text) if found[1]]


@cache
def chapter(source, language):
    """What there is to read in a chapter's cells, as pairs (English, in this language).

    Of code that is what it shows, in English alone.
    """
    english, there = (nbformat.read(build.built(source, which), as_version=4).cells
                      for which in ("en", language))
    return [(one.source, two.source) if one.cell_type == "markdown" else (said(one.outputs), "")
            for one, two in zip(english, there)]


def said(outputs):
    """The text of a cell's outputs, without its line ends."""
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
    return " ".join(texts).replace("\n", " ")


def sections(language):
    """Every section of the course, in order."""
    found = []
    for source in build.sources():
        for english, there in chapter(source, language):
            starts = headings(english)
            ends = [*(start.start() for start in starts[1:]), len(english)]
            before = english[:starts[0].start()] if starts else english
            if found:
                found[-1] = extended(found[-1], before)
            found += [Section(source.stem, section_id(source.stem, translate.anchors(start[0])[0]),
                              title[3], english[start.start():end])
                      for start, end, title in zip(starts, ends, headings(there))]
    return found


def extended(section, text):
    return Section(section.stem, section.id, section.title, f"{section.text}\n\n{text}")


def rows(language):
    """The rows of the tables of words: (English cells, cells in this language, in the lecture?)."""
    for source in build.sources():
        for texts in chapter(source, language):
            english, there = (re.findall(r"^\|.*\|$", text, flags=re.M) for text in texts)
            said = None
            for pair in zip(english, there):
                one, two = ([cell.strip() for cell in row.strip("|").split(" | ")] for row in pair)
                if one[0].lower() == "word":
                    said = one[1] == "In the lecture" if one[2].lower() == "meaning" else None
                elif said is not None and not re.fullmatch(r"[|-]+", pair[0]):
                    yield one, two, said


def bare(words):
    """What a cell of a table says, without its brackets."""
    return re.sub(r" *\(.*?\)", "", words).strip()


def plain(words):
    """The words of a cell of a table: without symbols and what is in brackets."""
    return [word.strip() for word in bare(re.sub(r"\$.*?\$", "", words)).split(",")]


def entries(language):
    """All entries, in the order of the language's alphabet."""
    others = [other for other in build.languages() if other != language]
    found = [Entry(term.split(", "), named(term, language), {
        other: named(term, other) for other in others}) for term in translate.terms()]
    for other in others if language == "en" else [language]:
        for english, there, in_lecture in rows(other):
            words = plain(english[0])
            mine = [entry for entry in found
                    if set(map(str.lower, words)) & set(map(str.lower, entry.words))]
            if not mine:
                here, away = (there, english) if other == language else (english, there)
                mine = [Entry(words, bare(here[0]),
                              {"en" if other == language else other: bare(away[0])})]
                found += mine
            said = english[1] if in_lecture and re.match(r"\w", english[1]) else ""
            for entry in mine:
                entry.meaning = entry.meaning or (there if other == language else english)[2]
                entry.lecture = entry.lecture or said
    locate(found, sections(language))
    letters = translate.translated(ALPHABET, language)
    return sorted(found, key=lambda entry: alphabetical(entry.name, letters))


def named(term, language):
    return translate.translated(term.split(", ")[0], language, "index")


def alphabetical(word, letters):
    """A key to sort by."""
    return [letters.find(letter) for letter in word.lower() if letter in letters], word


def locate(found, places):
    """Say of each entry where it is explained and, for each chapter, where it is used most."""
    patterns = [(entry, proofread.pattern([word for word in entry.words if len(word) > 4]
                                          or entry.words[-1:]))
                for entry in sorted(found, key=lambda entry: -max(map(len, entry.words)))]
    for entry, pattern in patterns:
        entry.explained = [place for place in places if any(
            re.fullmatch(pattern, text, flags=re.I)
            for text in re.findall(r"\*\*([^*]+)\*\*", place.text))][:1]
    for within in (False, True):        # words within longer terms count where there are no others
        most = most_used([pair for pair in patterns if not pair[0].used], places, within)
        for entry, _pattern in patterns:
            entry.used = entry.used or [place for place in most.get(entry.id, {}).values()
                                        if place not in entry.explained]


def most_used(patterns, places, within):
    """{entry's id: {chapter: the section where it is most often}}; patterns: the longest first."""
    most, counts = {}, {}
    for place in places:
        prose = proofread.parted(place.text)[1]
        for entry, pattern in patterns:
            left, count = re.subn(pattern, "¤", prose, flags=re.I)
            prose = prose if within else left
            if count > counts.get((entry.id, place.stem), 0):
                counts[entry.id, place.stem] = count
                most.setdefault(entry.id, {})[place.stem] = place
    return most


# The page.

def page(language):
    """The index of terms as Markdown."""
    def say(text, **values):
        return translate.translated(text, language).format(**values)

    all_of_them = entries(language)
    parts = [f"# {say(TITLE)}", say(INTRODUCTION), f"(own-words)=\n## {say(OWN)}", "\n".join(
        f'- <i lang="sv">{word}</i>: {entry_link(english, all_of_them)}'
        for word, english in LECTURE.items())]
    letter = None
    for entry in all_of_them:
        first = re.search(r"\w", entry.name)[0].upper()
        if first != letter:
            letter = first
            parts.append(f"(letter-{ord(letter)})=\n## {letter}")
        names = ", ".join(f'<i lang="{other}">{name}</i>' for other, name in entry.others.items())
        said = [say(SAYS, words=f'<i lang="sv">{entry.lecture}</i>')] if entry.lecture else []
        text = " · ".join([names, *said, *[entry.meaning] * bool(entry.meaning)])
        where = [say(sentence, sections=" · ".join(map(place_link, places)))
                 for sentence, places in ((EXPLAINED, entry.explained), (USED, entry.used)) if places]
        parts.append(f"({entry.id})=\n### {entry.name}\n\n{text}\n\n{' '.join(where)}")
    return "\n\n".join(parts) + "\n"


def place_link(place):
    return f"[{place.stem[:2]} {place.title}](#{place.id})"


def entry_link(word, all_of_them):
    """A link to the entry that has these English words."""
    entry = next(entry for entry in all_of_them if word in entry.words
                 or word == ", ".join(entry.words))
    return f"[{entry.name}](#{entry.id})"
