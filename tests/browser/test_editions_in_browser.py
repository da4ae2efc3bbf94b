"""The editions in a real JupyterLab: a link to a heading, and labels that have room."""
import nbformat
import pytest
from playwright.sync_api import expect

import build
import translate
from test_labs_in_browser import LABS
from test_notebooks_in_browser import KERNEL, SECOND, choose, open_fresh, page  # noqa: F401

ALL_LABS = """import descent
descent.set_language("{language}")
from descent import labs
for lab in {labs}:
    display(getattr(labs, lab)())"""


@pytest.mark.parametrize("language", build.languages())
def test_a_claim_leads_to_its_heading(page, lab_server, language):  # noqa: F811
    folder = "" if language == "en" else f"{language}/"
    page.goto(lab_server.url(f"{folder}02-gradient-descent.ipynb"))
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90 * SECOND)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=90 * SECOND)
    link = page.locator(".jp-OutputArea a", has_text="G1").first
    page.mouse.move(700, 500)
    for _page in range(100):
        if link.count():
            break
        page.mouse.wheel(0, 700)
        page.wait_for_timeout(100)
    link.click()
    heading = page.locator('[data-jupyter-id="Seek-a-minimum,-not-the-minimum"]')
    expect(heading).to_be_in_viewport(timeout=30 * SECOND)


@pytest.mark.parametrize("language", translate.languages())
def test_no_label_is_cut_off(page, lab_server, language):  # noqa: F811
    cell = nbformat.v4.new_code_cell(ALL_LABS.format(language=language, labs=LABS))
    open_fresh(page, lab_server, nbformat.v4.new_notebook(cells=[cell], metadata=KERNEL),
               f"labs-{language}")
    choose(page, "Run", "Run All Cells")
    expect(page.locator("img.widget-image")).to_have_count(len(LABS), timeout=90 * SECOND)
    for more in page.locator("button.widget-toggle-button").all():
        more.click()
    cut = page.locator(".widget-label").evaluate_all("""all => all.filter(
        one => one.clientWidth > 1 && one.scrollWidth > one.clientWidth).map(
        one => one.textContent)""")
    assert cut == []
