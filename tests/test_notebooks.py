"""Every notebook of every edition is what its source says and keeps the rules of form; nbval
compares its outputs."""
import html
import json
import re
import urllib.parse

import nbformat
import pytest

import build
import translate

EDITIONS = [(source, language) for language in build.languages() for source in build.sources()]
every_edition = pytest.mark.parametrize(
    "edition", EDITIONS, ids=lambda edition: f"{edition[0].stem}-{edition[1]}")
PICTURES = ("image/png", "image/jpeg", "image/svg+xml")
FORBIDDEN = {
    r"\bsys\.path\b": "sys.path",
    r"^\s*[%!]": "a magic or shell command",
    r"\bwarnings\b": "a warnings filter",
    r"\brandom\.seed\b|\bnp\.random\.(?!default_rng|Generator)": "a global random state",
    r"\bpyplot\b": "pyplot",
}
ADDRESS = r"\bat 0x[0-9a-f]+"
WIDGET_REPR = r"^\w+\(.*\b(children|model_id|layout)="
MACHINE = r"(?<![\w.:/<])/(home|Users|root|work|tmp|usr|opt|var|private|mnt)/\w|\b[A-Z]:\\+\w"
MOST_LINES, MOST_BYTES = 12, 4_000_000


def text_of(output):
    """The text that a learner reads in an output."""
    if output.output_type == "stream":
        return output.text
    return "\n".join(text for kind, text in sorted(output.get("data", {}).items())
                     if kind.startswith("text/"))


def lines_of_code(source):
    return [line for line in source.split("\n") if line.strip() and not line.strip().startswith("#")]


def output_faults(cell):
    """What is wrong with the outputs of one code cell, in sentences."""
    if "answer" in cell.metadata.get("tags", ()) and text_of(cell.outputs[0]):
        yield "an answer that JupyterLab shows beside the fold"
    for k, output in enumerate(cell.outputs):
        if output.output_type == "error":
            yield f"an error output: {output.ename}"
        if output.get("name") == "stderr":
            yield f"standard error: {output.text}"
        text, data = text_of(output), output.get("data", {})
        if build.WIDGET in data:
            yield "a stored widget id"
        if re.search(ADDRESS, text) or re.search(WIDGET_REPR, text):
            yield f"the representation of an object, not a sentence: {text[:60]}"
        for kind in set(PICTURES) & set(data):
            alt = output.metadata.get(kind, output.metadata).get("alt", "").strip()
            below = " ".join("".join(map(text_of, cell.outputs[k + 1:])).split())
            if not alt:
                yield "a picture without alt text"
            elif " ".join(alt.split()) not in below:
                yield f"a picture whose finding isn't printed below it: {alt}"


def code_faults(cell):
    if len(lines_of_code(cell.source)) > MOST_LINES:
        yield f"more than {MOST_LINES} lines of code"
    for pattern, name in FORBIDDEN.items():
        if re.search(pattern, cell.source, flags=re.M):
            yield f"{name} in the code"


def anchors(notebook):
    """Where a link can lead to: the headings, and what has an id; tests/browser tries one."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return {anchor for text in texts for anchor in (
        *translate.anchors(text), *map(html.unescape, re.findall(r'<span id="(.*?)">', text)))}


def link_faults(cell, notebook, folder):
    """Links of a cell or its outputs that lead nowhere. Addresses on the web are not asked."""
    text = "" if cell.cell_type == "code" else cell.source
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", text, flags=re.M | re.S)
    text += "".join(output.get("data", {}).get("text/html", "") for output in cell.get("outputs", ()))
    targets = re.findall(r"\]\(<?([^)\s>]+)", text) + re.findall(r"\b(?:href|src)=\"([^\"]+)", text)
    for target in targets:
        if re.match(r"https://|mailto:", target):
            continue
        path, _, anchor = urllib.parse.unquote(html.unescape(target)).partition("#")
        if path and not (folder / path).is_file():
            yield f"a link to {target}, which does not exist"
        elif anchor:
            there = notebook if not path else nbformat.read(folder / path, as_version=4)
            if anchor not in anchors(there):
                yield f"a link to {target}, where there is no such heading"


def faults(notebook, folder=build.NOTEBOOKS):
    """Everything that breaks a rule of form, as (cell number, sentence)."""
    pictures = 0
    for k, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            pictures += sum(bool(set(PICTURES) & set(o.get("data", {}))) for o in cell.outputs)
            found = [*output_faults(cell), *code_faults(cell)]
        else:
            found = []
        found += link_faults(cell, notebook, folder)
        everything = cell.source + "".join(map(text_of, cell.get("outputs", ())))
        if re.search(MACHINE, everything):
            found.append(f"a path of one machine: {re.search(MACHINE, everything)[0]}")
        yield from ((k, sentence) for sentence in found)
    if not pictures:
        yield "all", "not one picture"
    if sum(len(re.findall(r"^# ", cell.source, flags=re.M)) for cell in notebook.cells
           if cell.cell_type == "markdown") != 1:
        yield "all", "not exactly one title"
    if len(json.dumps(notebook)) > MOST_BYTES:
        yield "all", f"more than {MOST_BYTES} bytes"


@every_edition
def test_notebook_is_what_its_source_says(edition):
    said = build.disagreements(*edition)
    assert not said, "\n".join(said)


@every_edition
def test_notebook_keeps_the_rules_of_form(edition):
    path = build.built(*edition)
    said = [f"cell {k}: {sentence}" for k, sentence in
            faults(nbformat.read(path, as_version=4), path.parent)]
    assert not said, "\n".join(said)


def test_every_notebook_has_a_source():
    assert {build.built(*edition) for edition in EDITIONS} == {
        path for path in build.NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts}


# The rules themselves: a notebook that keeps them, and one that breaks each.

def picture(alt="the loss falls", printed="the loss falls", kind="image/png"):
    return [nbformat.v4.new_output("display_data", {kind: "aGk="}, metadata={kind: {"alt": alt}}),
            nbformat.v4.new_output("stream", text=printed + "\n")]


def notebook_of(code="draw()", outputs=None, markdown="See [below](#The-end) and `[x](y)`."):
    return nbformat.v4.new_notebook(cells=[
        nbformat.v4.new_markdown_cell("# A title"), nbformat.v4.new_markdown_cell(markdown),
        nbformat.v4.new_code_cell(code, outputs=picture() if outputs is None else outputs),
        nbformat.v4.new_markdown_cell("## The end")])


def test_an_answer_must_not_show_beside_its_fold():
    notebook = notebook_of(outputs=picture()[::-1] + picture()[1:])
    assert said(notebook) == ""
    notebook.cells[2].metadata.tags = ["answer"]
    assert "beside the fold" in said(notebook)
    notebook.cells[2].outputs.insert(0, nbformat.v4.new_output("display_data"))
    assert said(notebook) == ""


def said(notebook):
    return " | ".join(sentence for _, sentence in faults(notebook))


def test_a_good_notebook_has_no_faults():
    assert said(notebook_of()) == ""


@pytest.mark.parametrize("words, change", [
    ("without alt", dict(outputs=picture(alt=""))),
    ("isn't printed", dict(outputs=picture(printed="done"))),
    ("not one picture", dict(outputs=[])),
    ("standard error", dict(outputs=[*picture(), nbformat.v4.new_output(
        "stream", name="stderr", text="careful")])),
    ("error output: E", dict(outputs=[nbformat.v4.new_output("error", ename="E")])),
    ("widget id", dict(outputs=[nbformat.v4.new_output("display_data", {build.WIDGET: {}})])),
    ("representation", dict(outputs=[nbformat.v4.new_output(
        "display_data", {"text/plain": "VBox(children=(Image(value=b''),))"})])),
    ("representation", dict(outputs=[nbformat.v4.new_output(
        "display_data", {"text/plain": "<Axes at 0x7f00>"})])),
    ("12 lines", dict(code="x = 1\n" * 13)),
    ("sys.path", dict(code="import sys; sys.path.append('lib')")),
    ("magic", dict(code="%matplotlib inline")),
    ("warnings", dict(code="warnings.simplefilter('ignore')")),
    ("random state", dict(code="np.random.seed(1)")),
    ("random state", dict(code="x = np.random.normal(3)")),
    ("pyplot", dict(code="import matplotlib.pyplot as plt")),
    ("which does not exist", dict(markdown="[there](99-nowhere.ipynb)")),
    ("no such heading", dict(markdown="[there](#Nowhere)")),
    ("no such heading", dict(outputs=[*picture(), nbformat.v4.new_output(
        "display_data", {"text/html": '<a href="#Nowhere">T1</a>'})])),
    ("path of one machine", dict(markdown="It is in /home/me/course.")),
    ("path of one machine", dict(outputs=[*picture(), nbformat.v4.new_output(
        "stream", text="read C:\\Users\\me")])),
    ("one title", dict(markdown="# Another title")),
])
def test_each_fault_is_named(words, change):
    assert words in said(notebook_of(**change))


def test_the_builder_sees_an_edited_notebook(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "NOTEBOOKS", tmp_path)
    source = tmp_path / "00-two.md"
    source.write_text("# Two\n\n```{code-cell}\n:tags: [answer]\n1 + 1\n```\n\nand\n\n"
                      "```{code-cell}\n2 + 2\n```\n")
    assert build.disagreements(source) == ["00-two.ipynb is missing"]
    build.build(source)
    first = build.built(source).read_bytes()
    assert build.disagreements(source) == []
    build.build(source)
    assert build.built(source).read_bytes() == first
    notebook = nbformat.reads(first.decode(), as_version=4)
    assert notebook.cells[1].metadata.jupyter.outputs_hidden
    notebook.cells[3].source = "2 + 3"
    notebook.cells[3].execution_count = 5
    nbformat.write(notebook, build.built(source))
    assert build.disagreements(source) == [
        "00-two.ipynb, cell 3: its source is not the source's",
        "00-two.ipynb was not executed in order: [1, 5]"]


def test_the_builder_keeps_the_order_of_outputs(tmp_path):
    code = ("import sys\nfor word in 'above', 'still above', 'below':\n"
            "    if word == 'below':\n        display(7)\n    print(word)\n    sys.stdout.flush()")
    notebook = build.execute(nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code)]), tmp_path)
    assert list(map(text_of, notebook.cells[0].outputs)) == ["above\nstill above\n", "7", "below\n"]


def test_the_builder_refuses_a_warning(tmp_path):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(
        "import warnings; warnings.warn('careful')")])
    with pytest.raises(ValueError, match="careful"):
        build.execute(notebook, tmp_path)
