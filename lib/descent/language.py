"""The language that a learner reads: one function to translate, one call to choose."""

import gettext
import re
import string
import textwrap
from contextlib import contextmanager
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
WIDTH = 88  # characters in a printed line; on a slide there is no need to break them
_translation = gettext.NullTranslations()


def set_language(code, folder=None):
    """Choose the language, "en" or one with a catalogue in `locale`; nothing else ever does.

    folder: where a second catalogue of this language is, for what isn't found in the first. Raises
    ValueError if there is no such catalogue.
    """
    global _translation
    try:
        _translation = (gettext.NullTranslations() if code == "en" else
                        gettext.translation("descent", LOCALE, [code]))
        if folder and code != "en":
            _translation.add_fallback(gettext.translation("descent", folder, [code]))
    except OSError:
        there = ["en", *sorted(p.parent.parent.name for p in LOCALE.glob("*/LC_MESSAGES/*.mo"))]
        raise ValueError(f"the course speaks {', '.join(there)}; got {code!r}") from None


@contextmanager
def speaking(code, folder=None):
    """Within it the language is another: set_language(code, folder); afterwards that of before."""
    global _translation
    before = _translation
    try:
        set_language(code, folder)
        yield
    finally:
        _translation = before


def _(text):
    """The text in the chosen language; values are put in afterwards, by name, with format."""
    return _translation.gettext(text)


def in_context(text, context):
    """As `_`, of a text that is translated where it belongs to this context, not elsewhere."""
    return _translation.pgettext(context, text)


def count(one, many, n):
    """A number with its noun, count("{n} epoch", "{n} epochs", 1), as the language counts."""
    return _translation.ngettext(one, many, n).format(n=n)


def grouped(value, spec):
    """format(value, spec), but 1,000 is grouped as the language groups it, and 90 % has its space."""
    said = format(value, spec)
    said = said.replace(",", _("1,000")[1]) if "," in spec else said
    return f"{said[:-1]}\N{NO-BREAK SPACE}%" if spec.endswith("%") else said


class _Values(string.Formatter):
    def format_field(self, value, spec):
        return grouped(value, spec)


def filled(text, **values):
    """The text in the chosen language with its values put in, filled("η = {lr:.2g}", lr=lr)."""
    return _Values().format(_(text), **values)


def typeset(text):
    """The text as it is shown: −2, 3·10⁻⁵, and no line breaks inside η = 0.1, 2/λ, 90 % or 3 × it."""
    text = re.sub(r"(\d)e([+-])0*(\d+)", lambda found: f"{found[1]}·10" + (
        found[2].strip("+") + found[3]).translate(RAISED), text)
    text = re.sub(r"(?<![\w)])-(?=\d)", "−", text).replace("2/λ", "2/\N{WORD JOINER}λ")
    return re.sub(r" (?=[%×=])|(?<=[×=]) ", "\N{NO-BREAK SPACE}", text)


def mark(text):
    """The text itself: tables of texts are marked by `mark as _`, and translated when shown."""
    return text


def wrapped(text):
    """The text with its long lines broken between words; JupyterLab breaks them within."""
    return "\n".join(textwrap.fill(line, WIDTH) for line in text.splitlines()) if WIDTH else text


def say(text, **values):
    """Print a sentence as `filled` fills it."""
    print(wrapped(filled(text, **values)))
