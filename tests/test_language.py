"""One call chooses the language; nothing else does."""

import gettext
import struct

import pytest

from descent import language


@pytest.fixture
def swedish(tmp_path, monkeypatch):
    """A catalogue of three texts, as msgfmt would write it, in a locale folder of our own."""
    texts = {"": "Content-Type: text/plain; charset=UTF-8\n",
             "learning rate": "inlärningshastighet",
             "diverges at iteration {k}": "divergerar vid iteration {k}",
             "1,000": "1\u00a0000"}
    pairs = [(a.encode(), b.encode()) for a, b in sorted(texts.items())]
    start = 28 + 16 * len(pairs)
    tables, body = [b"", b""], b""
    for side in 0, 1:
        for pair in pairs:
            tables[side] += struct.pack("<II", len(pair[side]), start + len(body))
            body += pair[side] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0)
    folder = tmp_path / "sv" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "descent.mo").write_bytes(head + tables[0] + tables[1] + body)
    monkeypatch.setattr(language, "LOCALE", tmp_path)
    yield
    language.set_language("en")


def test_english_says_what_is_written(capsys):
    assert language._("learning rate") == "learning rate"
    language.say("η = {lr:.2g}, {n} steps", lr=0.125, n=3)
    assert capsys.readouterr().out == "η = 0.12, 3 steps\n"


def test_a_chosen_language_and_back(swedish, capsys):
    language.set_language("sv")
    assert language._("learning rate") == "inlärningshastighet"
    assert language._("not in the catalogue") == "not in the catalogue"
    language.say("diverges at iteration {k}", k=17)
    assert capsys.readouterr().out == "divergerar vid iteration 17\n"
    language.set_language("en")
    assert language._("learning rate") == "learning rate"


def test_the_machine_does_not_choose(swedish, monkeypatch):
    for name in "LANGUAGE", "LANG", "LC_ALL", "LC_MESSAGES":
        monkeypatch.setenv(name, "sv")
    language.set_language("en")
    assert language._("learning rate") == "learning rate"
    assert gettext.find("descent", language.LOCALE)  # the variables would have chosen otherwise


@pytest.mark.parametrize("code", ["xx", "", "english", "../sv", "EN"])
def test_a_language_without_a_catalogue(swedish, code):
    language.set_language("sv")
    with pytest.raises(ValueError, match=r"the course speaks en, sv; got "):
        language.set_language(code)
    assert language._("learning rate") == "inlärningshastighet"  # what was chosen stays


def test_a_noun_follows_its_number():
    assert [language.count("{n} epoch", "{n} epochs", n) for n in (1, 2)] == ["1 epoch", "2 epochs"]


def test_another_language_for_a_while(swedish):
    with language.speaking("sv"):
        assert language._("learning rate") == "inlärningshastighet"
        with language.speaking("en"):
            assert language._("learning rate") == "learning rate"
        assert language._("learning rate") == "inlärningshastighet"
        with pytest.raises(ValueError, match="the course speaks"), language.speaking("xx"):
            pass
        assert language._("learning rate") == "inlärningshastighet"
    assert language._("learning rate") == "learning rate"


def test_a_second_catalogue_for_what_the_first_has_not(swedish, tmp_path):
    from babel.messages.catalog import Catalog
    from babel.messages.mofile import write_mo
    more = Catalog("sv")
    more.add("learning rate", "något annat")
    more.add("uphill", "uppför", context="mistake")
    (tmp_path / "more" / "sv" / "LC_MESSAGES").mkdir(parents=True)
    with open(tmp_path / "more" / "sv" / "LC_MESSAGES" / "descent.mo", "wb") as file:
        write_mo(file, more)
    with language.speaking("sv", tmp_path / "more"):
        assert language._("learning rate") == "inlärningshastighet"  # the library's own wins
        assert language.in_context("uphill", "mistake") == "uppför"
        assert language._("uphill") == language.in_context("uphill", "other") == "uphill"
    with language.speaking("sv"):
        assert language.in_context("uphill", "mistake") == "uphill"
    assert language.in_context("uphill", "mistake") == "uphill"
    with pytest.raises(ValueError, match="the course speaks"):
        language.set_language("sv", tmp_path / "nowhere")
    language.set_language("en", tmp_path / "nowhere")  # English needs none


def test_thousands_are_grouped_as_the_language_groups_them(swedish):
    said = language.filled("{n:,} of {x:.3f}, at {k}", n=12345, x=0.5, k="1,5")
    assert said == "12,345 of 0.500, at 1,5"
    with language.speaking("sv"):
        assert language.filled("{n:,.0f} av {x:.3f}", n=12345.0, x=0.5) == "12\u00a0345 av 0.500"
        assert language.grouped(1234567, ",") == "1\u00a0234\u00a0567"


def test_a_percent_sign_has_its_space():
    assert language.filled("{a:.1%} and {b:,.0%}", a=0.1234, b=12) == "12.3\u00a0% and 1,200\u00a0%"


@pytest.mark.parametrize("text, shown", [
    ("at (-0.53, 2), θ-2, x-axis, 1-2", "at (−0.53, 2), θ-2, x-axis, 1-2"),
    ("6.4e-05, 1e+05, -3e-12", "6.4·10⁻⁵, 1·10⁵, −3·10⁻¹²"),
    ("η < 2/λ", "η < 2/\u2060λ"),
    ("η = 0.1: 90 %, 3 × as long", "η\u00a0=\u00a00.1: 90\u00a0%, 3\u00a0×\u00a0as long"),
])
def test_numbers_as_they_are_shown(text, shown):
    assert language.typeset(text) == shown
