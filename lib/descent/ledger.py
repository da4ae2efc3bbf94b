"""The ledger: every claim of the lecture with its evidence and verdict, to read and to print.

Running all claims takes minutes, so the ledger reads what `python -m descent.claims.sweeps ledger`
stored: the conditions of each claim, seed by seed. A test runs them again and compares.
"""

import html
from pathlib import Path

import ipywidgets as widgets
import numpy as np

from . import claims
from .claims.tuning import stored
from .language import _, say
from .language import mark as N_

GROUPS = (N_("Does not hold as stated"), N_("Holds under a condition"), N_("Holds"))
STYLE = """@page {size: A4 landscape; margin: 9mm} body {font: 8.2pt/1.28 sans-serif; margin: 0}
main {columns: 3; column-gap: 6mm} h1 {font-size: 13pt; margin: 0 0 1mm}
h2 {font-size: 10pt; margin: 2mm 0 1mm; break-after: avoid} p {margin: 0 0 1mm; break-inside: avoid}
@media screen {body {max-width: 75em; margin: 1em auto; font-size: 10pt}}"""


def evidence():
    """What every claim measured, as plain data: {id: [[label, metric, values, ...], ...]}."""
    def short(values):
        return [float(f"{value:.6g}") for value in np.ravel(np.asarray(values, float))]

    return {id: [[c.label, c.metric, short(c.values), c.rule, float(c.threshold), c.form,
                  None if c.theory is None else float(c.theory)]
                 for c in claims.run(id).conditions] for id in claims.catalogue()}


def results():
    """The stored Result of every claim, in the lecture's order."""
    known = stored("ledger")
    return [claims.Result(claim, tuple(claims.Condition(*c) for c in known[id]))
            for id, claim in claims.catalogue().items() if id in known]


def by_verdict(found):
    """The results in three groups: those that do not hold, that hold somewhere, and the rest."""
    groups = [], [], []
    for result in found:
        passed, failed = result.labels
        groups[2 if not failed else 1 if passed else 0].append(result)
    return groups


class Ledger:
    """All claims to look at: by verdict, those that hold folded, or in the lecture's order."""

    def __init__(self):
        self.results = results()
        self.order = widgets.ToggleButtons(options=[(_("by verdict"), False),
                                                    (_("in the lecture's order"), True)],
                                           description=_("Order"))
        self.page = widgets.HTML(self._repr_html_())
        self.order.observe(lambda change: setattr(
            self.page, "value", self.in_order() if change.new else self._repr_html_()), "value")
        self.view = widgets.VBox([self.order, self.page])

    @property
    def summary(self):
        """How many claims there are, and how many of each verdict, in a sentence."""
        no, some, yes = map(len, by_verdict(self.results))
        return _("Of {n} claims, as they stand {yes} hold and {no} not; under a condition {some} "
                 "hold.").format(n=len(self.results), no=no, some=some, yes=yes)

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
        lines = [self.summary]
        for title, group in zip(GROUPS, by_verdict(self.results)):
            lines += ["", _(title)]
            lines += [f"{r.claim.id:4} {': '.join(r.judgement)}" for r in group]
        return "\n".join(lines)

    def _repr_mimebundle_(self, **_options):
        return {**(self.view._repr_mimebundle_() or {}), "text/plain": repr(self),
                "text/html": self._repr_html_()}


def save_page(path):
    """Write the ledger as a page to print, without the numbers: HTML that needs nothing else."""
    def paragraph(result):
        verdict = ": ".join(result.judgement)
        return (f"<p><b>{result.claim.id}</b> {html.escape(_(result.claim.text))} "
                f"<i>→ {html.escape(verdict)}</i></p>")

    book = Ledger()
    title = html.escape(_("What the lecture claims, and what we measured"))
    parts = "".join(f"<h2>{html.escape(_(name))}</h2>" + "".join(map(paragraph, group))
                    for name, group in zip(GROUPS, by_verdict(book.results)))
    Path(path).write_text(f'<!doctype html><meta charset="utf-8"><title>{title}</title>'
                          f"<style>{STYLE}</style><h1>{title}</h1><p>{html.escape(book.summary)}</p>"
                          f"<main>{parts}</main>", encoding="utf-8")
    say("{name} is written, beside this notebook. Open it in a browser and print it.",
        name=Path(path).name)
