"""The language that a learner reads: one function to translate, one call to choose."""

import gettext
import textwrap
from pathlib import Path

LOCALE = Path(__file__).parent / "locale"
_translation = gettext.NullTranslations()


def set_language(code):
    """Choose the language, "en" or one with a catalogue in `locale`; nothing else ever does.

    Raises ValueError if there is no such catalogue.
    """
    global _translation
    try:
        _translation = (gettext.NullTranslations() if code == "en" else
                        gettext.translation("descent", LOCALE, [code]))
    except OSError:
        there = ["en", *sorted(p.parent.parent.name for p in LOCALE.glob("*/LC_MESSAGES/*.mo"))]
        raise ValueError(f"the course speaks {', '.join(there)}; got {code!r}") from None


def _(text):
    """The text in the chosen language; values are put in afterwards, by name, with format."""
    return _translation.gettext(text)


def count(one, many, n):
    """A number with its noun, count("{n} epoch", "{n} epochs", 1), as the language counts."""
    return _translation.ngettext(one, many, n).format(n=n)


def mark(text):
    """The text itself: tables of texts are marked by `mark as _`, and translated when shown."""
    return text


def wrapped(text):
    """The text with its long lines broken between words; JupyterLab breaks them within."""
    return "\n".join(textwrap.fill(line, 88) for line in text.splitlines())


def say(text, **values):
    """Print a sentence in the chosen language with its values put in, say("η = {lr:.2g}", lr=lr)."""
    print(wrapped(_(text).format(**values)))
