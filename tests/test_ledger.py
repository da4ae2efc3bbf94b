"""The ledger: every claim once, in the groups of the verdicts; to look at and to print."""

import re
from dataclasses import replace

import numpy as np

from descent import claims, ledger
from descent.ledger import Ledger, by_verdict, results, save_page

RESULTS = results()


def test_the_ledger_has_every_claim_in_the_lecture_s_order():
    assert [r.claim.id for r in RESULTS] == list(claims.catalogue())


def test_groups_are_those_of_the_verdicts():
    no, some, yes = by_verdict(RESULTS)
    assert all(r.verdict == "does not hold as stated" for r in no)
    assert all(r.verdict.startswith("holds when ") for r in some)
    assert all(r.verdict == "holds" for r in yes)
    assert len(no) + len(some) + len(yes) == len(RESULTS)


def test_a_changed_measurement_changes_the_group():
    result = by_verdict(RESULTS)[2][0]
    failing = tuple(c._replace(values=np.full(20, np.nan)) for c in result.conditions)
    assert by_verdict([replace(result, conditions=failing)])[0]


def test_the_switch_shows_the_lecture_s_order_and_back(monkeypatch):
    book = Ledger()
    shown = []
    monkeypatch.setattr(book.shown, "update", lambda page, raw: shown.append(page["text/html"]))
    first = book.page["text/html"]
    assert first.count("<details open>") == 2 and first.count("<details>") == 1
    book.order.value = True
    book.order.value = False
    ids = re.findall(r'ipynb#[^"]*">(\w+)</a>', shown[0])
    assert ids == [r.claim.id for r in RESULTS]
    assert shown[1] == first == book._repr_html_()
    assert sorted(re.findall(r'ipynb#[^"]*">(\w+)</a>', first)) == sorted(ids)


def test_what_is_displayed_are_buttons_and_a_table_with_its_text(monkeypatch):
    """The table is no part of the widget: from there a link would leave JupyterLab."""
    book, outputs = Ledger(), []
    monkeypatch.setattr(ledger, "display", lambda bundle, raw: outputs.append(bundle))
    monkeypatch.setattr(book.shown, "display", lambda bundle, raw: outputs.append(bundle))
    book._ipython_display_()
    buttons, table = outputs
    assert buttons["text/plain"] == "Order: by verdict" and "text/html" not in buttons
    assert "<table>" in table["text/html"] and table["text/plain"] == repr(book)
    for r in RESULTS:
        assert f"{r.claim.id:4} {r.verdict}" in table["text/plain"]


def test_the_page_to_print_is_written_whole(tmp_path, capsys):
    save_page(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert re.findall(r"<b>(\w+)</b>", text) == [
        r.claim.id for group in by_verdict(RESULTS) for r in group]
    assert "http" not in text and "<script" not in text
    assert "page.html" in capsys.readouterr().out


def test_the_page_fits_on_two_sides(tmp_path, browser):
    save_page(tmp_path / "page.html")
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    pages = len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True)))
    page.close()
    assert pages <= 2
