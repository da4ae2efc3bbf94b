"""Build the notebooks: python notebooks/source/build.py [01 02 ...] [--language sv] [--check]

A source is NN-slug.md in MyST Markdown, as jupytext reads it: `{code-cell}` fences are code,
`+++` parts two Markdown cells. The builder executes it in notebooks/ and writes
notebooks/NN-slug.ipynb with its outputs; never edit that file. Two things are added on the way:

- `:tags: [answer]` on a code cell folds its output until the cell is run: it would give
  away the answer of a prediction.
- A line `<!-- solution: NAME -->` in a Markdown cell becomes the solution of exercise NAME,
  folded, as descent.checks.solution(NAME) gives it: a solution is written once.

Of every language that has a catalogue (see translate.py) there is an edition, for example
notebooks/sv/NN-slug.ipynb: the Markdown is the catalogue's, the code is the same but for the first
cell, which chooses the language. What isn't translated yet stays English. The README.CODE.md of
these languages and the lecturer's guides, grading/README.CODE.md, are written, too.

With --check nothing is built: it says where a notebook and its source disagree.
"""
import argparse
import hashlib
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not the user's own

import jupytext  # noqa: E402
import nbclient  # noqa: E402
import nbformat  # noqa: E402

import translate  # noqa: E402
from descent.language import mark as _  # noqa: E402

SOURCES = Path(__file__).resolve().parent
NOTEBOOKS = SOURCES.parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python",
                      "nbconvert_exporter": "python", "pygments_lexer": "ipython3"},
}
CHOOSE = 'import descent\ndescent.set_language("{language}")\n'
WIDGET = "application/vnd.jupyter.widget-view+json"


def sources(numbers=()):
    """The sources NN-*.md in order, all of them or those whose numbers are named."""
    found = translate.sources()
    unknown = set(numbers) - {path.name[:2] for path in found}
    if unknown:
        raise ValueError(f"there is no source for {', '.join(sorted(unknown))}; there are "
                         f"{', '.join(path.name for path in found) or 'none'}")
    return [path for path in found if not numbers or path.name[:2] in numbers]


def languages():
    """English and every language that has a catalogue."""
    return ["en", *translate.languages()]


def built(source, language="en"):
    """Where a source's notebook belongs."""
    return NOTEBOOKS / ("" if language == "en" else language) / f"{source.stem}.ipynb"


def parse(source, language="en"):
    """The notebook that a source describes, not executed. A cell's id is that of its English."""
    notebook = jupytext.read(source, fmt="md:myst")
    notebook.cells = [cell for cell in notebook.cells if not on_slides_only(cell)]
    notebook.metadata = nbformat.from_dict(METADATA)
    seen = set()
    for cell in notebook.cells:
        english = cell.source
        if cell.cell_type == "markdown":
            cell.source = with_solutions(english)
        if "answer" in cell.metadata.get("tags", ()):
            cell.metadata.jupyter = {"outputs_hidden": True}
        cell.id = cell_id(source.stem, cell, seen)
        if cell.cell_type == "markdown" and language != "en":
            there = translate.markdown(english, language, source.stem)
            cell.source = with_solutions(there, language)
    if language != "en":
        first = next(cell for cell in notebook.cells if cell.cell_type == "code")
        first.source = (CHOOSE.format(language=language)
                        + first.source.removeprefix("import descent\n"))
    return notebook


def on_slides_only(cell):
    """Whether only the slides have this cell; what they want of others (see slides.py) is dropped."""
    deck = cell.metadata.pop("deck", None)
    cell.metadata.pop("slide", None)
    return deck == "only" or deck is not None and cell.cell_type == "markdown"


def with_solutions(text, language="en"):
    """The text with each exercise's solution in the place of its mark."""
    from descent import checks
    title = translate.translated(_("Solution"), language)
    return re.sub(r"^<!-- solution: (\w+) -->$", lambda mark: (
        f"<details><summary>{title}</summary>\n\n"
        f"```python\n{checks.solution(mark[1]).strip()}\n```\n\n</details>"), text, flags=re.M)


def readme(language, name="README"):
    """A README in a language: its links to notebooks and to the guide lead to that language's."""
    text = "\n\n".join(translate.translated(section, language, name)
                       for section in translate.sections(name))
    text = text.replace("](grading/README.md)", f"](grading/README.{language}.md)")
    return re.sub(r"(?<=\]\(notebooks/)(?=[0-9])", f"{language}/", text) + "\n"


def cell_id(name, cell, seen):
    """An id that follows from the cell's text, so that an insertion changes no other id."""
    copies = 0
    while True:
        text = f"{name}\n{cell.cell_type}\n{cell.source}\n{copies}"
        key = hashlib.sha256(text.encode()).hexdigest()[:12]
        if key not in seen:
            seen.add(key)
            return key
        copies += 1


def execute(notebook, folder=NOTEBOOKS):
    """Run a notebook from top to bottom in a kernel of its own; the outputs are put in place."""
    nbclient.NotebookClient(
        notebook, kernel_name="python3", timeout=600, record_timing=False,
        store_widget_state=False, extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": str(folder)}}).execute()
    notebook.metadata = nbformat.from_dict(METADATA)  # the kernel adds its patch version
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET, None)  # a widget's id: random, and dead without it
            if output.get("name") == "stderr":
                raise ValueError(f"a warning from the cell\n{cell.source}\n{output.text}")
        if "answer" in cell.metadata.get("tags", ()):
            # JupyterLab shows the first line of the first output of a fold: let it be empty
            cell.outputs.insert(0, nbformat.v4.new_output("display_data"))
    return notebook


def joined(outputs):
    """Streams that follow each other as one: where a kernel flushes between them is chance."""
    result = []
    for output in outputs:
        if result and output.output_type == "stream" and output.get("name") == result[-1].get("name"):
            result[-1].text += output.text
        else:
            result.append(output)
    return result


def build(source, language="en"):
    """Write the notebook of a source; where a cell fails or warns, the old one stays."""
    path = built(source, language)
    path.parent.mkdir(exist_ok=True)
    notebook = execute(parse(source, language), path.parent)
    nbformat.validate(notebook)
    nbformat.write(notebook, path)
    return path


def disagreements(source, language="en"):
    """Where a notebook isn't what its source says, or wasn't executed in order: sentences."""
    path = built(source, language)
    if not path.exists():
        return [f"{path.name} is missing"]
    want, have = parse(source, language), nbformat.read(path, as_version=4)
    said = []
    if have.metadata != want.metadata:
        said.append(f"{path.name}: its metadata are not those that the builder writes")
    if len(have.cells) != len(want.cells):
        said.append(f"{path.name} has {len(have.cells)} cells, its source {len(want.cells)}")
    for k, (a, b) in enumerate(zip(want.cells, have.cells)):
        for part in ("cell_type", "source", "metadata", "id"):
            if a[part] != b[part]:
                said.append(f"{path.name}, cell {k}: its {part} is not the source's")
                break
    counts = [cell.execution_count for cell in have.cells if cell.cell_type == "code"]
    if counts != list(range(1, len(counts) + 1)):
        said.append(f"{path.name} was not executed in order: {counts}")
    return said


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("numbers", nargs="*", help="which ones, by number; all if none is named")
    parser.add_argument("--language", choices=languages(), help="all if none is named")
    parser.add_argument("--check", action="store_true", help="say where they disagree, build none")
    options = parser.parse_args()
    try:
        chosen = sources(options.numbers)
    except ValueError as error:
        parser.error(str(error))
    editions = [(source, language) for language in languages() for source in chosen
                if options.language in (None, language)]
    if options.check:
        said = [sentence for edition in editions for sentence in disagreements(*edition)]
        sys.exit("\n".join([*said, "Build again: make notebooks"]) if said else 0)
    with tempfile.TemporaryDirectory() as profile, ThreadPoolExecutor(2) as pool:
        os.environ["IPYTHONDIR"] = profile  # the user's own start-up files would run too
        failed = 0
        for edition, building in [(edition, pool.submit(build, *edition)) for edition in editions]:
            name = built(*edition).relative_to(NOTEBOOKS)
            try:
                print(f"{name}: {building.result().stat().st_size / 1024:.0f} kB", flush=True)
            except (ValueError, nbclient.exceptions.CellExecutionError) as error:
                failed += 1
                print(f"{name} was not built:", re.sub(r"\x1b\[[0-9;]*m", "", str(error)))
    for language in {language for _source, language in editions} - {"en"}:
        for name in translate.readmes():
            path = translate.ROOT / f"{name}.{language}.md"
            path.write_text(readme(language, name), encoding="utf-8")
    sys.exit(failed)


if __name__ == "__main__":
    main()
