"""The course as a site of static pages. `make site` builds it from the notebooks as they are stored; it runs nothing.

Sphinx and MyST-NB make it: Jupyter Book 2 downloads its theme at each build, these come with the other packages. What
would be a fault on a page ends the build and is named: a link that leads nowhere, a heading that jumps levels, a
notebook without its outputs, a picture without alt text.
"""

import json
import os
import re
from pathlib import Path

import latex2mathml.converter
from docutils.nodes import SkipNode
from sphinx.util.logging import getLogger

from course_utils.environment import quietly
from course_utils.release import open_in

quietly()  # TensorFlow, which the package's docstrings are read with

project = "Classic convolutional networks and ResNets"
copyright = "the authors of the course. Text and figures: CC BY 4.0, code: BSD 3-Clause"
root_doc = "docs/index"
include_patterns = ["docs/*.md", "notebooks/*.ipynb", "datasets/*.md", "[A-Z]*.md"]
exclude_patterns = ["README.md"]  # docs/index.md is the site's first page
extensions = ["myst_nb", "sphinx.ext.autodoc"]
nb_execution_mode = "off"
nb_code_prompt_show = "Show the course's answer"
nb_code_prompt_hide = "Hide the course's answer"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"
html_math_renderer = "mathml"
html_theme = "furo"
html_title = "Classic CNNs and ResNets"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_copy_source = html_show_sourcelink = html_show_sphinx = False

ONLY_IN_LAB = {"where-next", "how-far"}  # links and progress, which the site has of its own

FIRST = """<!doctype html>
<html lang="en"><title>The course</title><meta http-equiv="refresh" content="0; url=docs/index.html">
<a href="docs/index.html">The course</a></html>
"""


def page_of(notebook):
    """A master as the site shows it: the course's answers are folded, and what only works in JupyterLab is left out."""
    notebook["cells"] = [cell for cell in notebook["cells"] if cell.get("id") not in ONLY_IN_LAB]
    for cell in notebook["cells"]:
        if "### BEGIN SOLUTION" in "".join(cell["source"]):
            cell["metadata"]["tags"] = [*cell["metadata"].get("tags", []), "hide-input"]
    return notebook


def read(app, name, source):
    if not name.startswith("notebooks/"):
        return
    notebook = json.loads(source[0])
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    if code and not any(cell["outputs"] for cell in code):
        stored = f"course run {Path(name).name.split('_')[0]} --save"
        getLogger("site").warning(f"{name} has no outputs: store them with `{stored}`.")
    page = page_of(notebook)
    if github := os.environ.get("GITHUB_REPOSITORY"):  # where GitHub's workflow builds the site
        line = open_in(f"{Path(name).name}.ipynb", github)
        page["cells"].insert(1, {"cell_type": "markdown", "id": "open-in", "metadata": {}, "source": line})
    source[0] = json.dumps(page)


def docstring(app, what, name, obj, options, lines):
    """The package's docstrings are prose with single backticks, not reStructuredText."""
    text = re.sub(r"([*|_\\])", r"\\\1", "\n".join(lines))
    text = re.sub(r"`([^`]+)`", lambda found: f"``{found[1].replace(chr(92), '')}``", text)
    lines[:] = re.sub(r"^( {4}.*)$", r"| \1", text, flags=re.M).split("\n")


def formula(inline):
    def visit(translator, node):
        display = "inline" if inline else "block"
        translator.body.append(latex2mathml.converter.convert(node.astext(), display=display))
        raise SkipNode

    return visit, None


def finish(app, error):
    """What the theme leaves out for those who read with a keyboard or by ear; and no picture goes without a text."""
    if error:
        return
    Path(app.outdir, "index.html").write_text(FIRST, encoding="utf-8")
    for path in Path(app.outdir).rglob("*.html"):
        page = path.read_text(encoding="utf-8")
        page = page.replace('role="heading">', 'role="heading" aria-level="2">').replace("<pre>", '<pre tabindex="0">')
        page = re.sub(r'<div class="(table|math)-wrapper', r'<div tabindex="0" class="\1-wrapper', page)
        path.write_text(page, encoding="utf-8")
        for picture in re.findall(r"<img\b[^>]*>", page):  # those of a cell's output Sphinx takes as they are
            if not re.search(r'\balt="[^"]+"', picture):
                name = path.relative_to(app.outdir).with_suffix("")
                getLogger("site").warning(f"{name} has a picture without alt text: {picture[:80]}")


def setup(app):
    app.add_html_math_renderer("mathml", formula(inline=True), formula(inline=False))
    app.connect("source-read", read)
    app.connect("autodoc-process-docstring", docstring)
    app.connect("build-finished", finish)
