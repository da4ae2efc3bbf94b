"""The catalogues: complete, in step with the sources, and each translation true to its English."""
import gettext
import io
import re

import nbformat
import pytest
from babel.messages.catalog import Message
from babel.numbers import get_group_symbol

import build
import proofread
import translate
from descent import language as spoken
from test_editions import differences
from test_notebooks import PICTURES

LANGUAGES = translate.languages()
every_language = pytest.mark.parametrize("language", LANGUAGES)


@every_language
def test_every_text_is_translated(language):
    said = [f"{proofread.where(message)}: {message.id!r:.60}: {sentence}"
            for message in translate.read(language) if message.id
            for sentence in proofread.problems(message, language)]
    assert not said, "\n".join(said)


@every_language
def test_the_catalogue_is_in_step_with_the_sources(language):
    assert LANGUAGES
    written = (translate.LOCALE / f"{language}.po").read_bytes()
    translate.read.cache_clear()
    merged = translate.written(translate.merged(language))
    translate.read.cache_clear()
    assert written == merged, "bring it up to date: make translations"
    for path, data in translate.compiled(language).items():
        assert path.read_bytes() == data, "make translations"


@every_language
@pytest.mark.parametrize("name", ["README", "grading/README"])
def test_the_readme_is_what_the_catalogue_says(language, name):
    there = translate.ROOT / f"{name}.{language}.md"
    assert there.read_text(encoding="utf-8") == build.readme(language, name), "make notebooks"


@every_language
@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_an_edition_has_the_english_code_and_pictures(source, language):
    english, there = (nbformat.read(build.built(source, which), as_version=4)
                      for which in ("en", language))
    assert len(english.cells) == len(there.cells)
    pairs = [(a, b) for a, b in zip(english.cells, there.cells) if a.cell_type == "code"]
    codes = [(a.source, b.source) for a, b in pairs]
    first, in_english = codes[0][1], codes[0][0].removeprefix("import descent\n")
    assert first == f'import descent\ndescent.set_language("{language}")\n{in_english}'
    for k, (a, b) in enumerate(pairs):
        assert k == 0 or a.source == b.source
        assert pictures(a) == pictures(b), f"build both again: other pictures of\n{a.source}"


def pictures(cell):
    return [output.data[kind] for output in cell.outputs
            for kind in PICTURES if kind in output.get("data", {})]


@every_language
@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_thousands_in_outputs_are_grouped_as_the_language_does(source, language):
    found = []
    for which in ("en", language):
        outputs = [output for cell in nbformat.read(build.built(source, which), as_version=4).cells
                   for output in cell.get("outputs", ())]
        text = " ".join(output.get("text", "") + output.get("data", {}).get("text/plain", "")
                        + output.get("data", {}).get("text/html", "") for output in outputs)
        found.append(set(re.findall(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?!\d)", text)))
    assert get_group_symbol(language) == "," or not found[0] & found[1]


@every_language
def test_the_first_notebook_in_english_says_what_the_english_one_says(language):
    assert differences(build.sources()[0], language) == []


# What the proofreader finds, in Swedish.

ENGLISH = ("## Walk\n\n**Now** $\\eta = 0.1$ takes 1,797 steps of 0.5 with `lr=0.1`, see "
           "[there](01-a.ipynb#B).\n\n<b>Loss</b>\n\n- one\n\n| a | b |\n|---|---|\n| 1 | 2 |")
SWEDISH = ("## Gå\n\n**Nu** tar $\\eta = 0.1$ 1\u00a0797 steg på 0,5 med `lr=0.1`, se "
           "[där](01-a.ipynb#B).\n\n<b>Förlust</b>\n\n- ett\n\n| a | b |\n|---|---|\n| 1 | 2 |")


def said(english, there, context=None, flags=()):
    return " | ".join(proofread.problems(Message(english, there, flags=flags, context=context), "sv"))


def test_a_good_translation_has_no_problems():
    assert said(ENGLISH, SWEDISH, "01") == ""
    assert said("η = {lr:.2g}: 1,797 in {n} of 0.5", "η = {lr:.2g}: 1\u00a0797 på {n} av 0.5") == ""
    assert said(("{n} layer", "{n} layers"), ("{n} lager", "{n} lager")) == ""
    formula = r"$$\frac{N}{B} \text{ iterations}$$ of %s"
    assert said(formula % "a batch", formula.replace("iterations", "iterationer") % "batchen", "01") == ""


@pytest.mark.parametrize("words, change", [
    ("formula", ("= 0.1$", "= 0.2$")),
    ("code", ("`lr=0.1`", "`lr=0,1`")),
    ("link", ("#B", "#C")),
    ("tag", ("</b>", "")),
    ("heading", ("## ", "### ")),
    ("table", ("| 1 | 2 |", "| 1 2 |")),
    ("list", ("- ett", "ett")),
    ("bold", ("**", "")),
    ("numbers", ("0,5", "0.5")),
    ("numbers", ("1\u00a0797", "1,797")),
    ("numbers", ("1\u00a0797", "1\u00a0798")),
    ("space", ("## Gå", "\n## Gå")),
    ("glossary: steg or hopp", ("steg", "kliv")),
    ("glossary: förlust", ("Förlust", "Fel")),
])
def test_each_problem_is_named(words, change):
    assert words in said(ENGLISH, SWEDISH.replace(*change), "01")


def test_problems_of_what_the_program_says():
    assert "placeholders" in said("{n:.2f} layers", "{n:.3f} lager")
    assert "numbers" in said("half is 0.5 of {n}", "hälften är 0,5 av {n}")
    assert "placeholders" in said(("{n} layer", "{n} layers"), ("ett lager", "{n} lager"))
    assert "not translated" in said(("{n} layer", "{n} layers"), ("{n} lager", ""))
    assert "not translated" in said("layer", "")
    assert "fuzzy" in said("layer", "lager", flags=["fuzzy"])
    assert "still English" in said(*["the long sentence was just copied here"] * 2)


# How the catalogue follows the sources.

@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of one notebook and no library, with a new language; `course()` brings it up to date."""
    (tmp_path / "locale").mkdir()
    (tmp_path / "locale" / "sv.po").touch()
    (tmp_path / "locale" / "terms.txt").write_text("# none\n")
    (tmp_path / "README.md").write_text("# The course\n")
    (tmp_path / "00-one.md").write_text(
        "# One [two](00-one.ipynb#One-two)\n\n![](images/a.png)\n\n"
        "```{code-cell}\nfrom descent import say\nsay('there are {n} '\n    'of them', n=3)\n```\n")
    for name in ("HERE", "ROOT", "LIBRARY"):
        monkeypatch.setattr(translate, name, tmp_path)
    monkeypatch.setattr(translate, "LOCALE", tmp_path / "locale")
    monkeypatch.setattr(translate, "SCRIPTS", [])
    monkeypatch.setattr(spoken, "LOCALE", tmp_path / "locale")

    def up_to_date(**translations):
        forget()
        catalogue = translate.read("sv")
        for message in catalogue:
            for english, there in translations.items():
                if message.id and english in message.id:
                    message.string = there
        (tmp_path / "locale" / "sv.po").write_bytes(translate.written(catalogue))
        forget()
        translate.main()
        return {message.id: message for message in translate.read("sv") if message.id}

    def forget():
        translate.read.cache_clear()
        translate.cells.cache_clear()

    yield up_to_date
    forget()
    spoken.set_language("en")


def test_a_new_language_is_one_file(course, tmp_path, capsys):
    found = course()
    assert list(found) == ["# One [two](00-one.ipynb#One-two)\n\n![](images/a.png)",
                           "there are {n} of them", "# The course"]
    assert [message.locations for message in found.values()] == [
        [("00-one.md", 1)], [("00-one.md", 2)], [("README.md", None)]]
    assert capsys.readouterr().out == "sv: 3 messages, 3 missing, 0 fuzzy\n"
    source = tmp_path / "00-one.md"
    assert build.parse(source, "sv").cells[1].source.startswith(
        'import descent\ndescent.set_language("sv")\nfrom')
    course(there="{n} av dem", One="# Ett [två](00-one.ipynb#One-two)\n\n![](images/a.png)")
    spoken.set_language("sv")
    spoken.say("there are {n} of them", n=3)
    assert capsys.readouterr().out.endswith("1 missing, 0 fuzzy\n3 av dem\n")
    assert build.parse(source, "sv").cells[0].source == (
        '# <span id="One-two">Ett [två](00-one.ipynb#One-two)</span>\n\n![](../images/a.png)')
    assert [cell.id for cell in build.parse(source).cells] == [
        cell.id for cell in build.parse(source, "sv").cells]


def test_a_changed_text_is_fuzzy_and_stays_english(course, tmp_path):
    course()
    course(there="{n} av dem", One="# Ett [two](00-one.ipynb#One-two)\n\n![](images/a.png)")
    before = (tmp_path / "locale" / "sv.po").read_bytes()
    assert not course()["there are {n} of them"].fuzzy
    assert (tmp_path / "locale" / "sv.po").read_bytes() == before
    source = tmp_path / "00-one.md"
    source.write_text(source.read_text().replace("there are", "here are").replace("# One", "# Now"))
    changed = course()
    title = next(text for text in changed if text.startswith("# Now"))
    assert changed[title].fuzzy and changed[title].string == title.replace("Now", "Ett")
    assert "there are {n} of them" not in changed
    assert changed["here are {n} of them"].fuzzy
    assert changed["here are {n} of them"].string == "{n} av dem"
    spoken.set_language("sv")
    assert spoken._("here are {n} of them") == "here are {n} of them"
    assert proofread.problems(changed[title], "sv") == ["fuzzy: the English has changed"]


# What there is to translate of an assignment.

def test_an_assignments_words_and_nothing_that_is_code(tmp_path, monkeypatch):
    monkeypatch.setattr(translate, "ROOT", tmp_path)
    (tmp_path / "assignments").mkdir()
    (tmp_path / "grader").mkdir()
    (tmp_path / "assignments" / "01-a.md").write_text(
        "# Do it <!-- points: f -->\n\n+++\n\n<!-- text: why -->\n\n```{code-cell}\n# sample: f\n"
        "compare('f(2)', f(2), 4)\ncompare('twice: f(2)', f(2), 4)\n"
        "compare('f(0) from (1, 2)', f(0), 'at least 4')\n```\n")
    (tmp_path / "assignments" / "01-a.py").write_text(
        "Mistake('uphill', _('it goes uphill.'), g)\nMistake('in-place', said('h', 'in-place'), g)\n"
        "Question('why', 3, '\\nOne point: why.')\ntext = translated('well')\n")
    (tmp_path / "grader" / "sandbox.py").write_text("_('it stops'); data.count(b'[')\n")
    (tmp_path / "grader" / "__main__.py").write_text("_('for the lecturer')\n")
    assert [(text, context) for text, context, _path, _cell in translate.assignments(tmp_path)] == [
        ("# Do it <!-- points: f -->", "assignment 01-a"), ("twice: f(2)", None),
        ("f(0) from (1, 2)", None), ("at least 4", None), ("it goes uphill.", None), ("well", None),
        ("\nOne point: why.", "assignment 01-a"), ("uphill", "mistake"), ("in-place", "mistake"),
        ("in-place", "mistake"), ("it stops", None)]


@every_language
def test_students_get_what_their_notebooks_say_and_not_what_the_grader_says(language):
    library, grader = (gettext.GNUTranslations(io.BytesIO(data))
                       for data in translate.compiled(language).values())
    for text, in_library, in_grader in (
            ("unstable: convergence_factor(np.array([10.0, 1.0]), 0.3, 0.25)", True, False),
            ("    gives      {mine}\n    should be  {right}", True, False),
            ("no notebook was handed in", False, True),
            ("this takes the smaller root: the larger one lasts.", False, True)):
        assert [c.gettext(text) != text for c in (library, grader)] == [in_library, in_grader]
    assert grader.pgettext("mistake", "uphill") != "uphill" == library.pgettext("mistake", "uphill")
