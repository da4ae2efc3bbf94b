"""Questions that answer at once, and predictions to commit to before a cell shows its result.

    ask("zero-gradient")               # an option's reason appears when it is chosen
    guess = predict("cloud-size")      # choose, then commit
    guess.settle(ratio)                # the next cell prints what was measured and what was said

Asked again, a question still shows its answer, and a prediction what was said: a click into
it selects its cell, so the next Shift + Enter runs that cell once more.

The texts are in the files beside this one, one a chapter, each a tuple QUESTIONS.
"""

import html
import math
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec

import ipywidgets as widgets
from IPython.display import display

from ..language import _, typeset, wrapped

# ipywidgets gives an option one line, whatever its length: in a narrow window two would overlap.
STYLE = """<style>.descent-question .widget-radio-box label {display: flex; height: auto;
flex-direction: row-reverse; justify-content: flex-end; align-items: flex-start}</style>"""
CHAPTERS = ("start", "terminology", "gradient_descent", "variants", "gradient_problems", "momentum",
            "rmsprop", "adam", "ledger")


@dataclass(frozen=True)
class Question:
    """A question with one right option. options: pairs (text, why it is right or wrong)."""

    id: str
    text: str
    options: tuple
    right: int  # the right option's number, from 0

    def __post_init__(self):
        _check(self)
        if not 0 <= self.right < len(self.options):
            raise ValueError(f"{self.id}: right must be from 0 to {len(self.options) - 1}, "
                             f"got {self.right}")


@dataclass(frozen=True)
class Prediction:
    """What will be measured? options: pairs (text, value), all values numbers or all strings."""

    id: str
    text: str
    options: tuple

    def __post_init__(self):
        _check(self)
        values = [value for _text, value in self.options]
        if not (self.is_numeric or all(isinstance(value, str) for value in values)):
            raise ValueError(f"{self.id}: values must be all numbers or all strings, got {values}")
        if len(set(values)) < len(values):
            raise ValueError(f"{self.id}: the options must differ in value, got {values}")

    @property
    def is_numeric(self):
        return all(isinstance(value, (int, float)) for _text, value in self.options)

    def nearest(self, measured):
        """The number of the option nearest to a measurement, by ratio if all are positive.

        Raises ValueError for a measurement that is not a finite number, or not one of the strings.
        """
        values = [value for _text, value in self.options]
        if not self.is_numeric:
            if measured not in values:
                raise ValueError(f"{self.id} is settled by {', '.join(values)}; got {measured!r}")
            return values.index(measured)
        if not math.isfinite(measured):
            raise ValueError(f"{self.id} is settled by a finite number, got {measured!r}")
        if min(*values, measured) > 0:
            values, measured = [math.log(value) for value in values], math.log(measured)
        return min(range(len(values)), key=lambda k: abs(values[k] - measured))


@cache
def ask(id):
    """The question as a widget. Raises ValueError if there is no question of this id."""
    return Asked(_find(id, Question))


def predict(id):
    """Show the prediction and return it, to be settled in the next cell. Raises as `ask` does."""
    guess = _guess(id)
    display(guess)
    return guess


@cache
def _guess(id):
    return Guess(_find(id, Prediction))


class _Choice:
    """The text, the options and a line for feedback; without a kernel, the same as plain text."""

    def __init__(self, item):
        self.item = item
        self.radio = widgets.RadioButtons(
            options=[(_(text), k) for k, (text, _value) in enumerate(item.options)], value=None,
            description=_("Your answer"), layout=widgets.Layout(width="auto"))
        self.feedback = widgets.HTML()
        text = widgets.HTML(f'{STYLE}<div style="line-height: 1.5">{_marked_up(_(item.text))}</div>')
        self.view = widgets.VBox([text, self.radio, self.feedback])
        self.view.add_class("descent-question")

    def say(self, text, color="#767676"):
        self.feedback.value = (f'<div role="status" style="border-left: 4px solid {color}; '
                               f'padding-left: 8px; line-height: 1.5">{_marked_up(text)}</div>')

    def __repr__(self):
        return wrapped("\n".join([_(self.item.text),
                                  *("( ) " + _(text) for text, _value in self.item.options)]))

    def _repr_mimebundle_(self, **_options):
        return {**(self.view._repr_mimebundle_() or {}), "text/plain": repr(self)}


class Asked(_Choice):
    """A question on the screen: each option answers with its own reason."""

    def __init__(self, item):
        super().__init__(item)
        self.radio.observe(self._answer, "value")

    def _answer(self, change):
        right = change.new == self.item.right
        self.say(("✓ " if right else "✗ ") + _(self.item.options[change.new][1]),
                 "#3B8E5A" if right else "#D55E00")


class Guess(_Choice):
    """A prediction on the screen: choose, commit, and it is kept, in memory alone."""

    def __init__(self, item):
        super().__init__(item)
        self.said = None  # the number of the option committed to
        self.commit = widgets.Button(description=_("Commit"))
        self.commit.on_click(self._keep)
        self.view.children = (*self.view.children[:2], self.commit, self.feedback)

    def _keep(self, button):
        """The button is never disabled: it would lose a key meanwhile, and the keyboard's focus."""
        if self.radio.value is None:
            return self.say(_("Choose an answer first."))
        if self.said is None:
            self.said = self.radio.value
        self.radio.disabled = True
        button.description = _("Committed")
        self.say(_("Kept. Go on: the measurement will tell."))

    def settle(self, measured, digits=3):
        """Print what was measured, which option that is, and what was said, if anything was.

        measured: a number, of which `digits` significant digits are shown, or an option's string.
        """
        measured = float(measured) if self.item.is_numeric else measured
        right = self.item.nearest(measured)
        option = _("“{option}”").format(option=_(self.item.options[right][0]))
        line = (_("Measured: {value:.{digits}g}. That is {option}.") if self.item.is_numeric else
                _("What happens: {option}.")).format(
                    value=measured, digits=digits, option=option)
        if self.said is not None:
            said = _("“{option}”").format(option=_(self.item.options[self.said][0]))
            line += " " + (_("You said so.") if self.said == right else
                           _("You said {option}.").format(option=said))
        print(_("The answer:"))  # all that JupyterLab shows while the output is folded
        print(wrapped(line))


def _marked_up(text):
    """The text as HTML, typeset, with `code` between backticks."""
    parts = [html.escape(part, quote=False) for part in text.split("`")]
    return "".join(f"<code>{part}</code>" if k % 2 else typeset(part)
                   for k, part in enumerate(parts))


def _check(item):
    if len(item.options) < 2 or any(len(option) != 2 for option in item.options):
        raise ValueError(f"{item.id}: options must be at least two pairs, got {item.options}")


def questions():
    """All questions and predictions by id. Raises ValueError if an id is there twice."""
    found = {}
    for chapter in CHAPTERS:
        if find_spec(f"{__name__}.{chapter}"):
            for item in import_module(f"{__name__}.{chapter}").QUESTIONS:
                if item.id in found:
                    raise ValueError(f"the id {item.id} is there twice: {chapter} has it again")
                found[item.id] = item
    return found


def _find(id, kind):
    known = {name: item for name, item in questions().items() if isinstance(item, kind)}
    if id not in known:
        raise ValueError(f"{kind.__name__.lower()} must be one of {', '.join(known)}; got {id!r}")
    return known[id]
