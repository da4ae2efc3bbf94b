"""The decks: what their sources say of them, without a browser and mostly without a kernel."""
import html
import re

import jupytext
import nbformat
import pytest

import build
import slides
from descent import epoch_length, figures, labs, ledger
from descent import slides as screen
from descent.language import typeset

DECKS = {name: found for name, path in slides.sources().items()
         if path.exists() and (found := slides.slides(path))}
every_deck = pytest.mark.parametrize("name", DECKS)
MOST_WORDS = 60
BESIDE_A_CONTROL = 24       # characters of a heading, where a lab's control stands beside it


def texts(slide, *kinds):
    return [cell.source for cell in slide.cells
            if cell.cell_type == "markdown" and cell.metadata["deck"] in kinds]


def words(text):
    """The words of Markdown text; a formula or a piece of code is one."""
    text = re.sub(r"\$\$.*?\$\$|\$.*?\$|```.*?```|`.*?`", " x ", text, flags=re.S)
    return re.findall(r"\w[\w'’-]*", text)


def faults(slide):
    """What is wrong with a slide, in sentences."""
    said, notes = "\n".join(texts(slide, "slide", "fragment")), "\n".join(texts(slide, "notes"))
    shown = [cell for cell in slide.cells if cell.cell_type == "code"]
    if len(re.findall(r"^#+ ", said, flags=re.M)) != 1 or not re.match("##? ", said):
        yield "it doesn't begin with its one heading"
    if len(words(said)) > MOST_WORDS:
        yield f"{len(words(said))} words"
    if not notes:
        yield "no notes"
    if not 0 < slide.minutes <= 10:
        yield f"{slide.minutes} minutes"
    if re.search(r"\$", notes):
        yield "a formula in the notes, which the speaker's window shows without our styles"
    for cell in shown:
        options = cell.metadata.get("slide", {})
        if set(options) - {"size", "presets", "controls", "methods"}:
            yield f"unknown options {', '.join(options)}"
        if len(options.get("presets", ())) > 5:
            yield "more than five presets"
        heading = said.split("\n")[0].lstrip("# ")
        if len(options.get("controls", ())) == 1 and len(heading) > BESIDE_A_CONTROL:
            yield f"a heading of more than {BESIDE_A_CONTROL} characters beside a control"
    if len(shown) > 2:
        yield "more than two things shown"


@every_deck
def test_each_slide_keeps_the_rules(name):
    said = [f"{slide.name}: {fault}" for slide in DECKS[name] for fault in faults(slide)]
    assert not said, "\n".join(said)


@every_deck
def test_the_deck_has_its_length(name):
    count, minutes = len(DECKS[name]), sum(slide.minutes for slide in DECKS[name])
    if name == "lecture":
        assert 25 <= count <= 40 and 75 <= minutes <= 90
    else:
        assert 12 <= count <= 20 and 20 <= minutes <= 45
    names = [(slide.chapter, slide.name) for slide in DECKS[name]]
    assert len(set(names)) == len(names)


def test_every_chapter_and_the_lecture_have_a_deck():
    assert set(DECKS) >= {"01", "02", "03", "04", "05", "06", "07", "08", "lecture"}


def test_how_a_verdict_comes_about():
    shown = screen.evidence("T3").data
    result = next(result for result in ledger.results() if result.claim.id == "T3")
    assert shown.count("<tr>") == len(result.conditions) == shown.count("✓") + shown.count("✗")
    assert shown.count("✓") == sum(c.passes for c in result.conditions)
    assert typeset(result.verdict) in shown and "100\N{NO-BREAK SPACE}%" in shown


@every_deck
def test_what_the_options_of_labs_name_exists(name):
    """Of the labs that a cell makes by name: presets by number and controls by name."""
    for slide in DECKS[name]:
        for cell in slide.cells:
            made = re.search(r"labs\.(\w+)\(", cell.source)
            options = cell.metadata.get("slide", {})
            if made and set(options) & {"presets", "controls"}:
                lab = getattr(labs, made[1])()
                assert set(options.get("presets", ())) <= set(range(1, len(lab.presets) + 1))
                assert set(options.get("controls", ())) <= set(lab.controls)


# The builder, on a source of a few lines.

SOURCE = """# A title

Text.

+++ {"deck": "slide", "name": "first", "minutes": 1}

# The first

+++ {"deck": "notes"}

Say it.

```{code-cell} ipython3
a = 1
```

```{code-cell} ipython3
b = 2
c = b + 5
print("not for the slides")
```

+++ {"deck": "slide", "name": "second", "minutes": 2}

## The second

```{code-cell} ipython3
:tags: [answer]
:deck: slide
:slide: {presets: [1]}

def later(x):
    return x * a + sum(b for b in [c])

print(later(3))
```

+++ {"deck": "fragment"}

Ten.

```{code-cell} ipython3
:deck: only

print(9)
```

More text.
"""


@pytest.fixture
def source(tmp_path, monkeypatch):
    path = tmp_path / "90-short.md"
    path.write_text(SOURCE)
    monkeypatch.setattr(slides, "sources", lambda: {"90": path})
    return path


def test_the_notebook_is_the_same_without_the_slides(source, tmp_path):
    def cells(notebook):
        return [(c.cell_type, c.source, c.metadata, c.id) for c in notebook.cells]

    bare = re.sub(r'\+\+\+ \{"deck".*?(?=\n```|\n\+\+\+|\Z)\n', "", SOURCE, flags=re.S)
    bare = re.sub(r"```{code-cell} ipython3\n:deck: only.*?```\n", "", bare, flags=re.S)
    bare = re.sub(r"^:(deck|slide): .*\n", "", bare, flags=re.M)
    assert "deck" not in bare and "More text" in bare
    with_slides = cells(build.parse(source))
    source.write_text(bare)
    assert cells(build.parse(source)) == with_slides
    assert [kind for kind, *_ in with_slides] == ["markdown", "code", "code", "code", "markdown"]


def test_a_deck_runs_what_it_needs_and_shows_what_it_says(source):
    first, second = slides.slides(source)
    assert (first.name, first.minutes, second.name) == ("first", 1, "second")
    assert slides.unseen(first, []) == []
    assert slides.unseen(second, []) == ["a = 1", 'b = 2\nc = b + 5\nprint("not for the slides")']
    deck = slides.deck(source)
    kinds = [cell.metadata.deck.kind for cell in deck.cells]
    assert kinds == ["setup", "slide", "notes", "setup", "setup", "slide", "show", "fragment",
                     "show"]
    assert [k for k, cell in enumerate(deck.cells) if cell.metadata.deck.get("begin")] == [1, 5]
    assert [k for k, cell in enumerate(deck.cells) if cell.metadata.deck.get("end")] == [2, 8]
    assert deck.cells[1].metadata.deck.seconds == 60
    assert deck.cells[6].source.startswith("slides.fit(presets=[1])\n")
    assert deck.metadata.title == "The first"


def test_a_lecture_takes_slides_by_name(source, tmp_path):
    lecture = tmp_path / "lecture.md"
    take = '+++ {"deck": "take", "chapter": "90"}\n\n<!-- %s -->\n\n'
    lecture.write_text('+++ {"deck": "slide", "name": "hello", "minutes": 1}\n\n# Hello\n\n'
                       + take % "second first")
    assert [slide.name for slide in slides.slides(lecture)] == ["hello", "second", "first"]
    kinds = [cell.metadata.deck.kind for cell in slides.deck(lecture).cells]
    assert kinds[:5] == ["setup", "slide", "setup", "setup", "slide"]
    lecture.write_text(take % "third")
    with pytest.raises(ValueError, match="90 has no slide named third; it has first, second"):
        slides.slides(lecture)
    lecture.write_text('+++ {"deck": "notes"}\n\nNowhere.\n')
    with pytest.raises(ValueError, match="on no slide: Nowhere"):
        slides.slides(lecture)


@pytest.mark.parametrize("code, needs, gives", [
    ("x = f(x)", {"f", "x"}, {"x"}),
    ("x = 1\nprint(x)", {"print"}, {"x"}),
    ("total += x", {"total", "x"}, {"total"}),
    ("for k in range(n):\n    s = k", {"range", "n"}, {"k", "s"}),
    ("y = [k * z for k in v if k]", {"v", "z"}, {"y"}),
    ("y = {k: w for k, w in v}", {"v"}, {"y"}),
    ("f = lambda x, y=z: x + y + w", {"z", "w"}, {"f"}),
    ("def f(x, *rest, y=z):\n    t = x\n    return f(t) + w", {"z", "w"}, {"f"}),
    ("import a.b\nfrom c import d as e", set(), {"a", "e"}),
    ("lab.set(rate=1)\nlab", {"lab"}, set()),
])
def test_names(code, needs, gives):
    names = slides.Names(code)
    assert (names.needs, names.gives) == (needs, gives)


def test_the_page_needs_nothing_else(source, tmp_path):
    page = slides.write(source, path=tmp_path / "short.html").read_text("utf-8")
    body = re.sub(r"<script>.*?</script>", "", page, flags=re.S)
    assert not re.search(r"""(?:src|href)=["'](?!data:|#)""", body)
    assert "url(data:font/woff2;base64," in page
    assert '<html lang="en">' in page and "<title>The first</title>" in page
    assert all(use in html.unescape(page) for _key, use in slides.HELP)
    assert re.search('data-name="second" data-timing="120".*<p class="said">10</p>'
                     '.*<div class="fragment"><p>Ten.*<p class="said">9</p>', page, flags=re.S)
    assert "not for the slides" not in page and 'class="error"' not in page


@pytest.mark.parametrize("arguments, words", [
    (["91"], "There are no slides of 91; there are of 90."),
    (["empty"], "There are no slides of empty; there are of 90."),
    (["90", "--language", "xx"], "There are no slides in the language xx; there are in en, "),
])
def test_what_does_not_exist_is_said_in_a_sentence(source, tmp_path, monkeypatch, arguments, words):
    (tmp_path / "empty.md").write_text("# Nothing here\n")
    monkeypatch.setattr(slides, "sources", lambda: {"90": source, "empty": tmp_path / "empty.md"})
    monkeypatch.setattr("sys.argv", ["slides.py", *arguments])
    with pytest.raises(SystemExit) as stopped:
        slides.main()
    assert str(stopped.value).startswith(words)


def test_a_number_needs_no_zero(tmp_path, monkeypatch):
    (tmp_path / "05-a.md").write_text(SOURCE)
    monkeypatch.setattr(slides, "sources", lambda: {"05": tmp_path / "05-a.md"})
    monkeypatch.setattr(slides, "live", lambda source, *rest: opened.append((source.name, *rest)))
    monkeypatch.setattr("sys.argv", ["slides.py", "5", "--live", "--port=1"])
    monkeypatch.setenv("IPYTHONDIR", "")
    opened = []
    slides.main()
    assert opened == [("05-a.md", "en", ["--port=1"])]


def luminance(color):
    channels = [int(color[k:k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
                        for c in channels]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(color):
    return 1.05 / (luminance(color) + 0.05)


def test_colours_hold_on_a_projector():
    """Text 7 : 1 on white, what is drawn 3 : 1; grey lines are there to recede."""
    style = (slides.TEMPLATE / "static" / "deck.css").read_text()
    named = dict(re.findall(r"--(\w+): (#\w{6});", style))
    assert named and all(contrast(color) >= 7 for name, color in named.items() if name != "right")
    assert contrast(named["right"]) >= 6
    for name, color in figures.COLORS.items():
        assert contrast(color) >= 3 or name == "quiet", (name, contrast(color))


def numbers(text):
    """The numbers in a text that are more than counts: of two digits, or with a decimal point."""
    text = re.sub(r"(?<=\d),(?=\d{3})|chapter 0\d", "", text).replace("−", "-")
    text = re.sub(r"(\d) *\\cdot *10\^\{(\d+)\}", r"\1e+\2", text)
    found = re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?", text)
    return {float(number) for number in found if len(number) > 1}


def lab_at(make, preset, **settings):
    """The sentence of a lab at a preset and what the notes have moved there."""
    lab = make()
    lab.set(**lab.presets[preset] | settings)
    return lab.summary


READINGS = {                    # where the notes have the lecturer move a lab
    "01": [(labs.training_clock, "an epoch of subsets", {}),
           (labs.training_clock, "full batch", {"iteration": 3}),
           (labs.training_clock, "one at a time", {"iteration": 1797})],
    "02": [(labs.descent_on_a_surface, "good", {"learning_rate": 0.079}),
           (labs.descent_on_a_surface, "diverges", {"learning_rate": 0.089})],
    "03": [(labs.rate_by_batch, "both larger", {})],
    "04": [(labs.depth, "stands still", {})],
}
KNOWN = {"01": {3200, 51200, 0.01},     # 100 updates of 32 and of 512; the preset's rate
         "03": {8192, epoch_length(1797, 32),       # Goyal et al.; batches; claims on the three
                sum(result.claim.chapter in ("batch", "stochastic", "mini_batch")
                    for result in ledger.results())},
         "05": {1.6},                   # the test below
         "08": {45}}                    # degrees, by which the ravine is turned


@pytest.mark.parametrize("name", sorted(set(DECKS) - {"lecture"}))
def test_the_numbers_on_slides_are_those_of_the_notebook(name):
    """Slides and notes are written by hand: what they say was measured is in the built notebook."""
    notebook = nbformat.read(build.built(slides.sources()[name]), as_version=4)
    there = set(KNOWN.get(name, ()))
    for cell in notebook.cells:
        there |= numbers(cell.source)
        for output in cell.get("outputs", ()):
            data = output.get("data", {})
            there |= numbers(output.get("text", "") + data.get("text/plain", "")
                             + data.get("text/html", ""))
    for make, preset, settings in READINGS.get(name, ()):
        there |= numbers(lab_at(make, preset, **settings))
    said = {}
    for slide in DECKS[name]:
        text = "\n".join(texts(slide, "slide", "fragment", "notes"))
        if found := numbers(re.sub(r"\b(19|20)\d\d\b", "", text)) - there:     # years aside
            said[slide.name] = found
    assert not said


@pytest.mark.parametrize("start, momentum, descent", [(1.6, 1, 2), (-1.7, 2, 1)])
def test_where_the_notes_have_the_start_dragged_to(start, momentum, descent):
    said = lab_at(labs.race, "two wells", start_x=start)
    for method, well in ("Momentum", momentum), ("gradient descent", descent):
        assert re.search(rf"{method} \d+ \(minimum {well}\)", said)


def test_a_figure_names_the_methods_whose_colours_it_has(monkeypatch):
    shown = []
    monkeypatch.setattr(screen, "display", shown.append)
    monkeypatch.setitem(screen._next, "size", None)
    for methods in (), ("gradient_descent", "adam"):
        monkeypatch.setitem(screen._next, "methods", methods)
        fig, ax = figures.new()
        ax.plot([1, 2])
        screen._show(fig, "a line")
    plain, named = (html.data for html in shown)
    assert "gradient" not in plain and 0.01 < float(re.search(r'letter="(.*?)"', plain)[1]) < 0.1
    assert named.startswith('<p class="methods"><span style="color:#0072B2">■</span>'
                            '&nbsp;gradient descent') and "Adam" in named
