"""How the course's things look on a slide, and on a page that is only read: without a kernel.

The first cell of a deck calls `begin()`. From then on figures are drawn for a slide, questions and
predictions are put to the room as A, B, C, and a lab comes with the presets and controls of its
slide and, as HTML, with its static twin: a picture of each of these presets. notebooks/source/
slides.py writes the decks, book.py the reading edition, which calls `begin_reading()`; the style of
the classes named here is with their templates.
"""

import base64
import html
import io

from IPython import get_ipython
from IPython.display import HTML, display
from matplotlib.text import Text
from PIL import Image

from . import figures, language, ledger, questions
from .labs import engine
from .labs.race import method_names
from .language import _

WIDTH = 1240                # pixels: a picture as wide as a slide of 1280 allows
FIGURE = (8.2, 4.1)         # inches: at WIDTH 12 points are 25 pixels
SMALLEST = 12
TEXT = dict.fromkeys(("font.size", "axes.titlesize", "axes.labelsize"), 12.5)
TICKS = ("xtick.labelsize", "ytick.labelsize")
_next = {"small": True, "methods": ()}     # what the next cell asked for


def begin(small=True):
    """Make this kernel the kernel of a deck, of small pictures or of quick ones."""
    _next["small"] = small
    engine.STYLE.update(TEXT | dict.fromkeys(TICKS, 12.5))     # a lab leaves less room to its picture
    figures.STYLE.update(TEXT | dict.fromkeys(TICKS, SMALLEST), **{"savefig.dpi": 150})
    figures.show = _show
    language.WIDTH = None
    bundles = get_ipython().display_formatter.mimebundle_formatter
    bundles.for_type(engine.Lab, _lab)
    for kind in (questions.Guess, questions.Asked):
        bundles.for_type(kind, lambda shown, **_options: {
            "text/html": _asked(shown.item), "text/plain": _(shown.item.text)})


def begin_reading():
    """Make this kernel one that shows labs, questions and the ledger to a reader, as HTML alone."""
    formatter = get_ipython().display_formatter
    for kind, page in {
            engine.Lab: lambda lab: twin(lab, range(1, len(lab.presets) + 1)),
            questions.Guess: lambda guess: _asked(guess.item),
            questions.Asked: lambda asked: _answered(asked.item)}.items():
        formatter.mimebundle_formatter.for_type(kind, lambda shown, page=page, **_options: {
            "text/html": page(shown), "text/plain": repr(shown)})
    formatter.ipython_display_formatter.for_type(ledger.Ledger, lambda book: display(
        {"text/html": _in_both_orders(book), "text/plain": repr(book)}, raw=True))


def fit(size=None, presets=None, controls=None, methods=()):
    """Say how the next cell is to be shown.

    size: of its figure or lab in inches, FIGURE or the lab's own if not named; it fills the slide,
    so smaller means larger letters. presets: numbers of the lab's presets that are worth showing,
    all if not named. controls: names of the lab's controls, those it always shows if not named.
    methods: whose colours a figure has and doesn't name: gradient_descent, momentum, ...
    """
    _next.update(size=size, presets=presets, controls=controls, methods=methods)


def _show(fig, finding, **values):
    """figures.show on a slide: its finding is the alternative text alone."""
    fig.set_size_inches(_next["size"] or FIGURE)
    for text in fig.findobj(Text):      # what a chapter's own code wrote may be smaller
        text.set_fontsize(max(text.get_fontsize(), SMALLEST))
    alt = html.escape(language.filled(finding, **values))
    source = _source(figures.png(fig))
    display(HTML(_named(_next["methods"])
                 + f'<img class="picture" {_letter(fig)} src="{source}" alt="{alt}">'))


def _named(methods):
    """Which method has which colour, as HTML."""
    words = " &ensp; ".join(f'<span style="color:{figures.COLORS[method]}">■</span>&nbsp;'
                            f'{html.escape(method_names()[method])}' for method in methods)
    return f'<p class="methods">{words}</p>' if words else ""


def _letter(fig):
    """The smallest letters of a figure that is drawn, as a share of its width, to be checked."""
    points = min((text.get_fontsize() for text in fig.findobj(Text)
                  if text.get_visible() and text.get_text()), default=SMALLEST)
    return f'data-letter="{points / 72 / fig.get_figwidth():.5f}"'


def _source(png):
    """A picture as the address of itself; a small one has 256 colours."""
    if _next["small"]:
        buffer = io.BytesIO()
        Image.open(io.BytesIO(png)).convert("RGB").quantize(256).save(buffer, "PNG")
        png = buffer.getvalue()
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _lab(lab, **_options):
    """A lab as a widget and, below it, its twin."""
    lab.figure.set_size_inches(_next["size"] or lab.figure.get_size_inches())
    numbers = list(_next["presets"] or range(1, len(lab.presets) + 1))
    return {**lab.projected(numbers, _next["controls"])._repr_mimebundle_(),
            "text/plain": repr(lab), "text/html": twin(lab, numbers)}


def twin(lab, numbers):
    """A lab that stands still, as HTML: a picture of how it begins and of each of these presets."""
    lab.figure.set_dpi(WIDTH / lab.figure.get_figwidth())
    presets, labels = list(lab.presets.values()), ["", *map(html.escape, lab.labels)]
    pictures = lab.pictures({}, *(presets[k - 1] for k in numbers))
    alt = html.escape(lab.image.tooltip)
    return _choices({k: labels[k] for k in numbers}, {
        k: f'<img {_letter(lab.figure)} src="{_source(png)}" alt="{alt}">'
           f'<figcaption><b class="which">{labels[k]}: </b>'
           f'{html.escape(language.typeset(summary))}</figcaption>'
        for k, (summary, png) in zip([0, *numbers], pictures)}, lab.legend)


def _choices(labels, parts, legend=""):
    """Buttons, and the parts of which they show one, by the same numbers."""
    keys = "".join(f'<button class="preset" data-key="{k}">{label}</button>'
                   for k, label in labels.items())
    return (f'<div class="twin"><div class="top"><div class="keys">{keys}</div>{legend}</div>'
            + "".join(f'<figure data-key="{k}">{part}</figure>' for k, part in parts.items())
            + "</div>")


def _asked(item):
    """A question to the room; a click on the remote shows the right option, if there is one."""
    shown, right = 'class="right fragment custom"', getattr(item, "right", None)
    options = "".join(f"<li {shown if k == right else ''}>{questions._marked_up(_(text))}</li>"
                      for k, (text, _why) in enumerate(item.options))
    return _question(item, options)


def _answered(item):
    """A question to a reader: behind each option its reason."""
    return _question(item, "".join(
        f"<li><details><summary>{questions._marked_up(_(text))}</summary>"
        f"<p>{'✓' if k == item.right else '✗'} {questions._marked_up(_(why))}</p></details></li>"
        for k, (text, why) in enumerate(item.options)))


def _question(item, options):
    return (f'<div class="question"><p>{questions._marked_up(_(item.text))}</p>'
            f'<ol type="A">{options}</ol></div>')


def _in_both_orders(book):
    """The ledger, with a button for each of its orders."""
    labels = [_("by verdict"), _("in the lecture's order")]
    return _choices(dict(enumerate(map(html.escape, labels))),
                    dict(enumerate([book._repr_html_(), book.in_order()])))


def verdicts(*ids):
    """What the lecture claims, each with its verdict and what holds instead, as stored."""
    found = {result.claim.id: result for result in ledger.results()}
    return HTML('<dl class="verdicts">' + "".join(_verdict(found[id]) for id in ids) + "</dl>")


def evidence(id):
    """How the verdict of one claim comes about: its conditions, measured and held to a rule."""
    result = next(result for result in ledger.results() if result.claim.id == id)
    rows = [("✓" if c.passes else "✗", _(c.label), f"{_(c.metric)}: {c.effect}", c.needs)
            for c in result.conditions]
    rows = "".join(f"<tr>{''.join(f'<td>{html.escape(text)}</td>' for text in row)}</tr>"
                   for row in rows)
    verdict, *note = map(html.escape, result.judgement)
    text = (f'<p class="claim">{html.escape(_(result.claim.text))}</p>'
            f'<table class="evidence">{rows}</table>'
            f'<p class="claim">{": ".join([f"→ <b>{verdict}</b>", *note])}</p>')
    return HTML(language.typeset(text))


def _verdict(result):
    fails, somewhere, _holds = ([result] == group for group in ledger.by_verdict([result]))
    mark, words = next(found for found, is_so in zip(zip(("✗", "(✓)", "✓"), ledger.GROUPS),
                                                     (fails, somewhere, True)) if is_so)
    note = f": {_(result.claim.note)}" if result.claim.note else ""
    return (f"<dt>{html.escape(_(result.claim.text))}</dt>"
            f"<dd><b>{mark} {html.escape(_(words))}</b>{html.escape(note)}</dd>")
