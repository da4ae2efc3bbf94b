"""Every edition computes the same: with the catalogue's messages replaced by their English, all
text outputs are those of the English notebook."""
import nbformat
import pytest

import build
import translate
from test_audit import texts

SAY_ENGLISH = """
import gettext
gettext.translation = lambda *names, english=gettext.NullTranslations(): english
del gettext
"""


def differences(source, language):
    """The cells that say something else in English: (code, the English notebook, the edition)."""
    notebook = build.parse(source, language)
    notebook.cells.insert(0, nbformat.v4.new_code_cell(SAY_ENGLISH))
    said = texts(build.execute(notebook, build.built(source, language).parent))[1:]
    english = nbformat.read(build.built(source), as_version=4)
    codes = [cell.source for cell in english.cells if cell.cell_type == "code"]
    return [found for found in zip(codes, texts(english), said, strict=True) if found[1] != found[2]]


@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
@pytest.mark.parametrize("language", translate.languages())
def test_in_english_an_edition_says_what_the_english_one_says(source, language):
    said = ["\n".join(found) for found in differences(source, language)]
    assert not said, "\n\n".join(said)
