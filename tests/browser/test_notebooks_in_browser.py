"""The notebooks in a real JupyterLab: run all, and a prediction from the choice to what it says."""
import nbformat
import pytest
from playwright.sync_api import expect

import build
import translate

SECOND = 1000
KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    page.close()


def open_fresh(page, server, notebook, name):
    """Open the notebook without its outputs; the path of the file that JupyterLab saves to."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    path = server.folder / f"fresh-{name}.ipynb"  # a name of its own, so a kernel of its own
    nbformat.write(notebook, path)
    page.goto(server.url(path.name))
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=90 * SECOND)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=90 * SECOND)
    return path


def choose(page, menu, item):
    page.locator(f".lm-MenuBar-itemLabel:text-is('{menu}')").click()
    page.locator(f".lm-Menu-itemLabel:text-is('{item}')").click()


@pytest.mark.parametrize("edition", [
    *((source, "en") for source in build.sources()),
    *((build.sources()[0], language) for language in translate.languages())],
    ids=lambda edition: f"{edition[0].stem}-{edition[1]}")
def test_run_all_in_jupyterlab(page, lab_server, edition):
    path = open_fresh(page, lab_server, nbformat.read(build.built(*edition), as_version=4),
                      f"{edition[0].stem}-{edition[1]}")
    choose(page, "Run", "Run All Cells")
    for _patience in range(120):
        page.wait_for_timeout(SECOND)
        choose(page, "File", "Save Notebook")
        try:
            cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
        except nbformat.reader.NotJSONError:    # just being written
            continue
        if all(cell.execution_count for cell in cells):
            break
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert [o for o in outputs if o.output_type == "error" or o.get("name") == "stderr"] == []
    assert any("application/vnd.jupyter.widget-view+json" in o.get("data", {}) for o in outputs)
    assert page.complaints == []


def test_a_prediction_by_keyboard(page, lab_server):
    cells = [nbformat.v4.new_code_cell(code) for code in (
        'from descent.questions import predict\nguess = predict("longer-step")',
        "guess.settle(3.01)")]
    open_fresh(page, lab_server, nbformat.v4.new_notebook(cells=cells, metadata=KERNEL),
               "prediction")
    choose(page, "Run", "Run All Cells")
    radio, commit = page.get_by_role("radio").first, page.get_by_role("button", name="Commit")
    commit.press("Enter")
    expect(page.get_by_text("Choose an answer first.")).to_be_visible(timeout=30 * SECOND)
    radio.press("Space")
    commit.press("Enter")
    expect(page.locator("[role=status]", has_text="Kept")).to_be_visible(timeout=30 * SECOND)
    for _cell in range(2):                  # the question again, which keeps its answer; then the next
        page.keyboard.press("Shift+Enter")
    said = page.locator(".jp-OutputArea-output", has_text="Measured: 3.01")
    expect(said).to_contain_text("You said", timeout=30 * SECOND)
    assert page.complaints == []


def test_the_ledger_changes_its_order_and_its_links_stay_in_jupyterlab(page, lab_server):
    cell = nbformat.v4.new_code_cell("from descent.ledger import Ledger\nLedger()")
    open_fresh(page, lab_server, nbformat.v4.new_notebook(cells=[cell], metadata={
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}), "ledger")
    choose(page, "Run", "Run All Cells")
    folds, links = (page.locator(f".jp-OutputArea-output {tag}") for tag in ("details", "td a"))
    expect(folds).to_have_count(3, timeout=30 * SECOND)
    first = links.first.inner_text()
    page.get_by_role("button", name="in the lecture's order").click()
    expect(folds).to_have_count(0)
    assert links.first.inner_text() == "T1" != first
    page.evaluate("window.stays = true")
    links.first.click()
    expect(page.locator(".lm-TabBar-tabLabel", has_text="01-terminology.ipynb")).to_be_visible()
    assert page.evaluate("window.stays") and page.complaints == []
