"""The ledger: every claim of the lecture with its evidence and verdict, to read and to print.

Running all claims takes minutes, so the ledger reads what `python -m descent.claims.sweeps ledger`
stored: the conditions of each claim, seed by seed. A test runs them again and compares.
"""

import html
import re
from pathlib import Path

import ipywidgets as widgets
import numpy as np
from IPython.display import DisplayHandle, display

from . import claims
from .language import _, say
from .language import mark as N_

GROUPS = (N_("Does not hold as stated"), N_("Holds under a condition"), N_("Holds"))
STYLE = """@page {size: A4 landscape; margin: 9mm} body {font: 7.9pt/1.2 sans-serif; margin: 0}
main {columns: 3; column-gap: 6mm} h1 {font-size: 13pt; margin: 0 0 1mm}
h2 {font-size: 10pt; margin: 2mm 0 1mm; break-after: avoid} p {margin: 0 0 1mm; break-inside: avoid}
@media screen {body {max-width: 75em; margin: 1em auto; font-size: 10pt}}"""


def evidence():
    """What every claim measured, as plain data: {id: [[label, metric, values, ...], ...]}."""
    def short(values):
        return [float(f"{value:.12g}") for value in np.ravel(np.asarray(values, float))]

    return {id: [[c.label, c.metric, short(c.values), c.rule, float(c.threshold), c.form,
                  None if c.theory is None else float(c.theory)]
                 for c in claims.run(id).conditions] for id in claims.catalogue()}


def results():
    """The stored Result of every claim, in the lecture's order."""
    return [claims.kept(id) for id in claims.catalogue()]


def by_verdict(found):
    """The results in three groups: those that do not hold, that hold somewhere, and the rest."""
    groups = [], [], []
    for result in found:
        passed, failed = result.labels
        groups[2 if not failed else 1 if passed else 0].append(result)
    return groups


class Ledger:
    """All claims to look at: by verdict, those that hold folded, or in the lecture's order.

    The table is an output of its own below the buttons, not a part of the widget: only there do
    links open in JupyterLab; in a widget they would leave it.
    """

    def __init__(self):
        self.results = results()
        self.order = widgets.ToggleButtons(options=[(_("by verdict"), False),
                                                    (_("in the lecture's order"), True)],
                                           description=_("Order"), style={"button_width": "14em"})
        self.shown = DisplayHandle()
        self.order.observe(lambda _change: self.shown.update(self.page, raw=True), "value")

    @property
    def page(self):
        """What is shown below the buttons, as HTML and as text."""
        return {"text/html": self.in_order() if self.order.value else self._repr_html_(),
                "text/plain": repr(self)}

    def _ipython_display_(self):
        buttons = self.order._repr_mimebundle_() or {}
        display({**buttons, "text/plain": _("Order: by verdict")}, raw=True)
        self.shown.display(self.page, raw=True)

    @property
    def summary(self):
        """How many claims there are, and how many of each verdict, in a sentence."""
        no, some, yes = map(len, by_verdict(self.results))
        return _("Of {n} claims {yes} hold as they stand, {some} under a condition, {no} not."
                 ).format(n=len(self.results), no=no, some=some, yes=yes)

    def in_order(self):
        """The table in the lecture's order, as HTML."""
        return claims.Table(self.results)._repr_html_()

    def _repr_html_(self):
        parts = []
        for title, group in zip(GROUPS, by_verdict(self.results)):
            fold = "" if title == GROUPS[2] else " open"
            parts.append(f"<details{fold}><summary><b>{html.escape(_(title))} ({len(group)})</b>"
                         f"</summary>{claims.Table(group)._repr_html_()}</details>")
        return f"<p>{html.escape(self.summary)}</p>" + "".join(parts)

    def __repr__(self):
        lines = []
        for title, group in zip(GROUPS, by_verdict(self.results)):
            lines += ["", _(title)]
            lines += [f"{r.claim.id:4} {': '.join(r.judgement)}" for r in group]
        return "\n".join(lines[1:])


def save_page(path):
    """Write the ledger as a page to print, without the numbers: HTML that needs nothing else."""
    def paragraph(result):
        verdict = ": ".join(result.judgement)
        text = (f"<p><b>{result.claim.id}</b> {html.escape(_(result.claim.text))} "
                f"<i>→ {html.escape(verdict)}</i></p>")
        return re.sub("(?<=[=×→]) | (?=[=×%])", "\N{NO-BREAK SPACE}", text)

    book = Ledger()
    title = html.escape(_("What the lecture claims, and what we measured"))
    parts = "".join(f"<h2>{html.escape(_(name))}</h2>" + "".join(map(paragraph, group))
                    for name, group in zip(GROUPS, by_verdict(book.results)))
    Path(path).write_text(f'<!doctype html><meta charset="utf-8"><title>{title}</title>'
                          f"<style>{STYLE}</style><h1>{title}</h1><p>{html.escape(book.summary)}</p>"
                          f"<main>{parts}</main>", encoding="utf-8")
    say("{name} is written, beside this notebook. Open it in a browser and print it.",
        name=Path(path).name)
