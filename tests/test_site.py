"""The course as a site: built whole and without a warning, all its links lead somewhere, and everybody can read it."""

import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

import axe_playwright_python
import pytest
from browser import apart, chromium
from playwright.sync_api import sync_playwright

from course_utils.files import ROOT, masters, pages

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
AUDIT = """left => axe.run(left ? {exclude: [left]} : document,
                        {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], resultTypes: ["violations"]})"""
BUILT = {"LC_ALL": "C", "GITHUB_REPOSITORY": "someone/course"}


def build(source, out):
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-c", ROOT / "docs", "-d", f"{out}-kept"]
    return subprocess.run([*command, source, out], capture_output=True, text=True, env=os.environ | BUILT)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("site") / "site"
    done = build(ROOT, out)
    assert (done.returncode, done.stderr) == (0, "")
    return out


class Page(HTMLParser):
    """The places, links and images of a page."""

    def __init__(self, path):
        super().__init__()
        self.places, self.links, self.words = {""}, [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.places.add(found.get("id", ""))
        self.links += [found[name] for name in ("href", "src") if found.get(name)]

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def read(site):
    return {path: Page(path) for path in site.rglob("*.html")}


def test_each_notebook_is_a_page_and_every_link_of_the_site_leads_somewhere(site, read):
    assert {path.stem for path in (site / "notebooks").glob("*.html")} == set(pages())
    for path, page in read.items():
        if path.parent.name == "notebooks":
            copy = f"someone/course/blob/student/{path.stem}.ipynb"
            assert f"https://colab.research.google.com/github/{copy}" in page.links
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            aim = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert aim.is_file(), (path.name, link)
            if parts.fragment and aim in read:
                assert unquote(parts.fragment) in read[aim].places, (path.name, link)


def test_a_page_shows_what_the_notebook_holds(site, read):
    for stem, master in masters().items():
        text = " ".join(read[site / "notebooks" / f"{stem}.html"].words)
        cells = json.loads(master.read_text(encoding="utf-8"))["cells"]
        solutions = sum("### BEGIN SOLUTION" in "".join(cell["source"]) for cell in cells)
        assert text.count("Show the course's answer") == solutions, stem  # folded, each of them
        assert "$$" not in text, stem
        assert "course submit" not in text, stem  # how to hand in is said in JupyterLab


def test_everybody_can_read_every_page(site, read):
    """axe-core, WCAG 2.1 AA. Code has the same few colours everywhere: three pages are audited with it, and in dark."""
    if not chromium():
        pytest.skip("test_site: there is no Chromium on the path; on Debian: apt-get install chromium")
    some = {site / "docs/index.html", site / "RESULTS.html", site / "notebooks/04_residual_blocks.html"}
    every = read.keys() - {site / "index.html"}  # which only leads on
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), env=apart(Path(folder)))
        for scheme, paths, left_out in ("light", every - some, ".highlight"), ("light", some, ""), ("dark", some, ""):
            page = browser.new_page(color_scheme=scheme, viewport={"width": 1280, "height": 900})
            for path in sorted(paths):
                page.goto(path.as_uri())
                page.add_script_tag(path=AXE)
                found = page.evaluate(AUDIT, left_out)
                wrong = [(one["id"], one["nodes"][0]["html"][:200]) for one in found["violations"]]
                assert wrong == [], (path.name, scheme)
        phone = browser.new_page(viewport={"width": 390, "height": 844})
        for path in sorted(every):
            phone.goto(path.as_uri())
            assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), path.name
        browser.close()


TITLE = {"cell_type": "markdown", "id": "title", "metadata": {}, "source": "# 01\n\n## A part"}
OUTPUT = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<img src='a.png' alt='A line'>"}}
CODE = {"cell_type": "code", "id": "code", "metadata": {}, "execution_count": 1, "source": "1", "outputs": [OUTPUT]}
WRONG = {
    "a notebook without outputs": (CODE | {"outputs": []}, "01_one has no outputs: store them with `course run 01"),
    "a picture without alt text": (
        CODE | {"outputs": [OUTPUT | {"data": {"text/html": '<img src="a.png">'}}]},
        "01_one has a picture without alt text",
    ),
    "a figure of the text without alt text": (TITLE | {"id": "b", "source": "![](a.png)"}, "without alt text"),
    "a heading that jumps levels": (TITLE | {"id": "b", "source": "#### Deep"}, "Non-consecutive header level"),
    "a link to no page": (TITLE | {"id": "b", "source": "[on](02_two.ipynb)"}, "02_two.ipynb"),
    "a link to no place": (TITLE | {"id": "b", "source": "[on](#nowhere)"}, "nowhere"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_on_a_page_ends_the_build_and_is_named(name, tmp_path):
    cell, words = WRONG[name]
    cells = [TITLE, *([] if cell["id"] == "code" else [CODE]), cell]
    notebook = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    for folder in "docs", "notebooks":
        (tmp_path / "course" / folder).mkdir(parents=True)
    (tmp_path / "course/notebooks/01_one.ipynb").write_text(json.dumps(notebook))
    shutil.copy(ROOT / "course_utils/data/own/bird.jpg", tmp_path / "course/notebooks/a.png")
    index = "# Index\n\n```{toctree}\n../notebooks/01_one\n```\n"
    (tmp_path / "course/docs/index.md").write_text(index)
    done = build(tmp_path / "course", tmp_path / "site")
    assert done.returncode
    assert words in re.sub(r"\s+", " ", done.stderr)
    assert "01_one" in done.stderr
    assert "Traceback" not in done.stderr
