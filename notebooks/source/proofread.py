"""What is wrong with a translation: python notebooks/source/proofread.py sv [02-gradient-descent ...]

Formulas, code, links, placeholders and the form of a text are the same in both languages, its
numbers too; in prose, which questions are too, they are written as the language writes them, and in
what else the program says too, but with a decimal point. A term of the glossary has one translation
everywhere.
"""
import argparse
import re
import string
import sys
from collections import Counter
from functools import cache

from babel.numbers import get_decimal_symbol, get_group_symbol

import translate

PARTS = {   # found in this order, each in what the ones before have left
    "code block": r"^```.*?^```",
    "formula": r"\$\$.*?\$\$",
    "formula in the text": r"\$[^$]+\$",
    "code": r"`[^`\n]+`",
    "link": r"(?<=\])\([^)]*\)",
    "tag or mark": r"<[^>]+>",
}
FORM = {    # what must be there as often, in the same order
    "heading": r"^(#+) ",
    "table": r"(\n?\|)",
    "list": r"^ *(-|\d+\.) ",
    "bold text": r"(\*\*)",
}
NAMED = r"\b(?:(?:arXiv:|Python |CC BY |JupyterLab )\d[\d.]*|\d+\.\d+\.\d+)"    # these are names
SPACES = "[\u00a0\u202f\u2009]"


def parted(text):
    """({part: what there is of it}, the prose that is left)."""
    found = {}
    for name, pattern in PARTS.items():
        found[name] = re.findall(pattern, text, flags=re.M | re.S)
        text = re.sub(pattern, "¤", text, flags=re.M | re.S)
    found["code block"] = [re.sub(" *#.*", "", block) for block in found["code block"]]
    for name in ("formula", "formula in the text"):     # words in a formula are translated
        found[name] = [re.sub(r"\\text\{.*?\}", r"\\text{}", formula) for formula in found[name]]
    return found, re.sub(r"\{\S*?\}+", "¤", text)         # a placeholder is no prose


def numbers(prose, language, prosaic=True):
    """The numbers in a text as a language writes them, as floats; what is printed has a point."""
    group = get_group_symbol(language)
    decimal = re.escape(get_decimal_symbol(language) if prosaic else ".")
    group = SPACES if group.isspace() else re.escape(group)
    found = re.findall(rf"(?<!\w)\d{{1,3}}(?:{group}\d{{3}})+(?:{decimal}\d+)?(?!\d)|"
                       rf"(?<!\w)\d+(?:{decimal}\d+)?", re.sub(NAMED, "", prose))
    return Counter(float(re.sub(decimal, ".", re.sub(group, "", number))) for number in found)


def fields(text):
    """The placeholders {name:.2f} of a text; None if it has a brace that is none."""
    try:
        return {field[1:] for field in string.Formatter().parse(text) if field[1] is not None}
    except ValueError:
        return None


def differences(english, there, language, markdown, prosaic):
    """Where a translated text isn't the same as the English: sentences."""
    (parts, prose), (parts_there, prose_there) = parted(english), parted(there)
    for name in PARTS:
        missing = Counter(parts[name]) - Counter(parts_there[name])
        added = Counter(parts_there[name]) - Counter(parts[name])
        if missing or added:
            yield f"{name}: missing {list(missing)}, added {list(added)}"
    for name, pattern in FORM.items() if markdown else ():
        if re.findall(pattern, prose, flags=re.M) != re.findall(pattern, prose_there, flags=re.M):
            yield f"{name}: not the same form"
    a, b = numbers(prose, "en"), numbers(prose_there, language, prosaic)
    if a != b:
        yield f"numbers: missing {list(a - b)}, added {list(b - a)}"
    if not markdown and fields(english) != fields(there):
        yield f"placeholders: {fields(english)} became {fields(there)}"
    if re.findall(r"^\s*|\s*$", english) != re.findall(r"^\s*|\s*$", there):
        yield "space at the beginning or at the end"
    if there == english and len(re.findall(r"[^\W\d_]{2,}", prose)) > 5:
        yield "still English"


def pattern(words):
    """What finds these English words, in the singular and the plural."""
    found = "|".join(re.escape(word).replace(r"\ ", "[- ]") for word in words)
    return rf"\b(?:{found})(?:s|es)?\b"


@cache
def glossary(language):
    """[(pattern of an English term, its translations)], the longest terms first."""
    return [(pattern(term.split(", ")), translate.translated(term, language, "glossary").split(", "))
            for term in sorted(translate.terms(), key=len, reverse=True)]


def strange_terms(english, there, language):
    """Terms of the English text whose translation isn't in the other."""
    english, there = parted(english)[1], parted(there)[1].lower()
    for pattern, stems in glossary(language):
        english, count = re.subn(pattern, "¤", english, flags=re.I)
        if count and not any(stem.lower() in there for stem in stems):
            yield f"glossary: {' or '.join(stems)} is missing"


def problems(message, language):
    """What is wrong with one entry of the catalogue: sentences."""
    if not translate.finished(message):
        return ["fuzzy: the English has changed" if message.fuzzy else "not translated"]
    english, there = ([text] if isinstance(text, str) else list(text)
                      for text in (message.id, message.string))
    if message.context == "glossary":
        return []
    markdown = bool(message.context)
    prosaic = markdown or not fields(english[0]) and all(
        path.startswith("lib/descent/questions/") for path, _cell in message.locations)
    english += english[-1:] * (len(there) - len(english))
    return [sentence for pair in zip(english, there) for sentence in (
        *differences(*pair, language, markdown, prosaic), *strange_terms(*pair, language))]


def where(message):
    return message.context or ", ".join(sorted({path for path, _cell in message.locations}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("language", choices=translate.languages())
    parser.add_argument("where", nargs="*", help="notebooks, or parts of file names; all if none")
    options = parser.parse_args()
    found = 0
    for message in translate.read(options.language):
        if message.id and (not options.where or any(w in where(message) for w in options.where)):
            for sentence in problems(message, options.language):
                found += 1
                text = message.id if isinstance(message.id, str) else message.id[0]
                print(f"{where(message)}: {text[:60]!r}: {sentence}")
    sys.exit(f"{found} problems" if found else 0)


if __name__ == "__main__":
    main()
