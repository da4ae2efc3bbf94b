"""Which submissions are alike: for a person to look at, never a score.

Code is compared as runs of tokens, in which names, numbers, texts, comments and layout don't
count; free text as runs of words. What the stubs hold is left out, and a run counts the less the
more of the class have it: short functions have few right forms, and what nearly all write says
nothing. Two submissions are as alike as the rarer one's share of what the two have in common.
"""

import html
import io
import itertools
import keyword
import math
import re
import token
import tokenize
from collections import Counter, defaultdict

from descent.language import _, grouped

from . import course as courses
from .batch import outcomes

RUN = 8  # tokens
PAGE = """<!doctype html><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>body {{ font-family: sans-serif }} section {{ display: flex; gap: 1em }}
pre {{ flex: 1; background: #eee; padding: .6em; white-space: pre-wrap; overflow-wrap: anywhere }}
</style><h1>{title}</h1><p>{what}</p>
"""


def tokens(text):
    """The tokens that are compared; of a text that defines no function, its words."""
    words = re.findall(r"\w+", text.lower())
    if not re.search(r"^\s*def\s", text, re.M):
        return words
    try:
        found = [(t.type, t.string) for t in tokenize.generate_tokens(io.StringIO(text).readline)]
    except (tokenize.TokenError, SyntaxError):
        return words
    kinds = {token.NAME: "name", token.NUMBER: "number", token.OP: None}
    return [string if kinds[kind] is None or keyword.iskeyword(string) else kinds[kind]
            for kind, string in found if kind in kinds]


def runs(text):
    """All runs of RUN tokens of a text."""
    found = tokens(text)
    return {tuple(found[k:k + RUN]) for k in range(len(found) - RUN + 1)}


def alike(texts, given=(), share=0.5, most=50):
    """(share, code, code) of the pairs that have at least this share in common, most alike first.

    texts: code -> {answer: text}; given: texts that everybody has got.
    """
    known = set().union(*map(runs, given))
    prints = {code: {(name, run) for name, text in answers.items() for run in runs(text) - known}
              for code, answers in texts.items()}
    having = defaultdict(list)
    for code in sorted(prints):
        for run in prints[code]:
            having[run].append(code)
    weight = {run: math.log(len(prints) / len(codes)) for run, codes in having.items()}
    whole = {code: sum(sorted(weight[run] for run in found)) for code, found in prints.items()}
    common = Counter()
    for run, codes in having.items():
        if 1 < len(codes) < len(prints):
            for pair in itertools.combinations(codes, 2):
                common[pair] += weight[run]
    pairs = ((round(value / max(whole[a], whole[b]), 3), a, b) for (a, b), value in common.items())
    return sorted((p for p in pairs if p[0] >= share), key=lambda p: (-p[0], *p[1:]))[:most]


def similarity(course, assignment):
    """Write similarity.html and similarity.csv; their folder, and how many pairs they list."""
    done, limits = outcomes(course, assignment), course.config["similarity"]
    given = [text for texts in courses.editions(assignment).values() for text in texts.values()]
    texts = {code: outcome.answers for code, outcome in done.items()}
    pairs = alike(texts, given, limits["share"], limits["pairs"])
    title = _("Submissions that are alike: {name}").format(name=assignment.name)
    page = [PAGE.format(title=html.escape(title), what=html.escape(_(
        "For a person to read; no score depends on it. The share is of what is unusual in the two."
    )))]
    for value, a, b in pairs:
        page.append(f"<h2>{grouped(value, '.0%')}: {a}, {b}</h2>")
        for name in sorted(texts[a].keys() | texts[b].keys()):
            both = "".join(f"<pre>{html.escape(courses.plain(texts[code].get(name, '')))}</pre>"
                           for code in (a, b))
            page.append(f"<h3>{html.escape(name)}</h3><section>{both}</section>")
    folder = course.folder / "export" / assignment.name
    courses.write(folder / "similarity.html", "\n".join(page).encode())
    courses.write_csv(folder / "similarity.csv", [["share", "code", "code"], *map(list, pairs)])
    return folder, len(pairs)
