"""Sphinx's configuration of the reading edition; book.py adds what a language sets."""
import html

from docutils import nodes
from sphinx.transforms import SphinxTransform

extensions = ["myst_nb"]
exclude_patterns = ["notebooks", "files", "locale"]
locale_dirs = ["locale"]
smartquotes = False             # the words are the notebooks'
html_theme = "sphinx_book_theme"
templates_path = ["templates"]
html_css_files = ["katex/katex.min.css", "book.css"]
html_js_files = [("katex/katex.min.js", {"defer": "defer"}), ("book.js", {"defer": "defer"})]
html_math_renderer = "katex"
html_copy_source = html_show_sphinx = html_show_copyright = html_use_index = False
html_last_updated_fmt = None
myst_enable_extensions = ["dollarmath"]
nb_execution_mode = "off"
nb_ipywidgets_js = {}           # or its script would come from the network


class Addresses(SphinxTransform):
    """A section has one address: that which is written above its heading."""

    default_priority = 300      # after docutils has handed the written one to the section

    def apply(self, **_options):
        for section in self.document.findall(nodes.section):
            section["ids"] = section["ids"][:1]


def formula(translator, node, kind="span"):
    """A formula as it is written, for book.js to draw."""
    translator.body.append(f'<{kind} class="math">{html.escape(node.astext())}</{kind}>')
    raise nodes.SkipNode


def setup(app):
    app.add_transform(Addresses)
    app.add_html_math_renderer("katex", (formula, None), (
        lambda translator, node: formula(translator, node, "div"), None))
