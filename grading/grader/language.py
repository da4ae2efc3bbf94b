"""What is said to a student, in the language of their notebook: the one place that knows which."""

from functools import partial
from pathlib import Path

from descent import language

LOCALE = Path(__file__).with_name("locale")  # made by notebooks/source/translate.py


def languages():
    """English and every language that has a catalogue."""
    return ["en", *sorted(path.parts[-3] for path in LOCALE.glob("*/LC_MESSAGES/descent.mo"))]


def most_held(texts, editions):
    """The language of which these texts hold most, None where that can't be told.

    editions: {language: {cell id: text}}, see course.editions. No other language can come out,
    whatever a submission says of itself.
    """
    held = {text.strip() for text in texts}
    shares = {language: len(held & {text.strip() for text in released.values()})
              for language, released in editions.items()}
    most = [language for language, share in shares.items() if share == max(shares.values())]
    return most[0] if len(most) == 1 else None


speaking = partial(language.speaking, folder=LOCALE)
