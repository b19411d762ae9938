"""A student's first hour in JupyterLab, with a real browser: START, exercises wrong and right, a restart, an update."""

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from browser import SECONDS, Notebook, apart, choose, chromium, expect, lab
from playwright.sync_api import sync_playwright

from course_utils import files
from course_utils.check import EXERCISES
from course_utils.check.feedback import solution
from course_utils.files import IMAGES, NOTEBOOKS
from course_utils.release import lay_workspace
from course_utils.workspace import best

IDENTITY, HAPPY = "def identity_block", "def HappyModel"
LOST = solution("identity_block").replace("[X, X_shortcut]", "[X, X]")
RED = "[data-mime-type='application/vnd.jupyter.stderr'], [data-mime-type='application/vnd.jupyter.error']"
FITS = "shown => shown.scrollWidth <= shown.clientWidth"
# The texts of an element that stand out too little, with their contrast: 4.5 is asked for, and 3 for a sign that stands
# beside a word (WCAG 2.2, 1.4.3 and 1.4.11).
PALE = """shown => {
    const numbers = colour => colour.match(/[\\d.]+/g).map(Number)
    const over = ([r, g, b, a = 1], below) => [r, g, b].map((part, i) => a * part + (1 - a) * below[i])
    const ground = node => node ? over(numbers(getComputedStyle(node).backgroundColor), ground(node.parentElement))
                                : [255, 255, 255]
    const seen = node => node ? getComputedStyle(node).opacity * seen(node.parentElement) : 1
    const linear = part => part > 10 ? ((part / 255 + 0.055) / 1.055) ** 2.4 : part / 255 / 12.92
    const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    const contrast = node => {
        const [r, g, b, a = 1] = numbers(getComputedStyle(node).color)
        const [below, above] = [light(ground(node)), light(over([r, g, b, a * seen(node)], ground(node)))]
        return (Math.max(below, above) + 0.05) / (Math.min(below, above) + 0.05)
    }
    const texts = [...shown.querySelectorAll("*")].filter(
        node => [...node.childNodes].some(child => child.nodeType == 3 && child.textContent.trim()))
    return texts.map(node => [contrast(node), node.textContent])
                .filter(([ratio, text]) => ratio < (text.length == 1 ? 3 : 4.5))
}"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    if not chromium():
        pytest.skip("test_lab: there is no Chromium on the path; on Debian: apt-get install chromium")
    return tmp_path_factory.mktemp("Übung eins")


@pytest.fixture(scope="module")
def address(place):
    with lab(place / "workspace", place / "home") as printed:
        shutil.copytree(place / "workspace", place / "untouched")
        yield printed


@pytest.fixture(scope="module")
def browser(place):
    # A folder with a short name: Chromium lays a socket in it.
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), env=apart(Path(folder)))
        yield started
        started.close()


@pytest.fixture
def workspace(place, address):
    """As it is before a student comes: nothing written, reached or open, the usual theme."""
    folder = place / "workspace"
    for path in *folder.glob("*.ipynb"), *folder.glob(".progress*"):
        path.unlink()
    shutil.copytree(place / "untouched", folder, dirs_exist_ok=True)
    shutil.rmtree(place / "home" / ".jupyter", ignore_errors=True)
    return folder


@pytest.fixture
def page(workspace, browser, address):
    """A page with the course in it. What runs in it ends with it."""
    page = opened(browser, address)
    yield page
    for context in browser.contexts:
        context.close()
    stop_kernels(browser, address)


def opened(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(1000 * SECONDS)
    page.goto(address)
    return page


def stop_kernels(browser, address):
    origin, token = re.fullmatch(r"(http://[^/]+)/.*token=(\w+)", address).groups()
    context = browser.new_context(extra_http_headers={"Authorization": f"token {token}"})
    for session in context.request.get(f"{origin}/api/sessions").json():
        context.request.delete(f"{origin}/api/sessions/{session['id']}")
    context.close()


def begin(page, number):
    """Open a notebook by its link on START, and run its first cell."""
    front(page, "START.ipynb")
    start = Notebook(page, "START")
    start.panel.get_by_role("link", name=number, exact=True).click()
    notebook = Notebook(page, f"{number}_")
    notebook.run("settings(")
    return notebook


def front(page, name):
    """Click on a notebook's tab."""
    page.locator("#jp-main-dock-panel .lm-TabBar-tab", has_text=name).click()


def answer(notebook, exercise, cell, source):
    """Write and run an answer, and then its check. Returns what it says."""
    notebook.write(cell, source)
    notebook.run(cell)
    return notebook.run(f"check.{exercise}(")


def test_start_opens_by_itself_and_is_done_with_the_keyboard_alone(page):
    start = Notebook(page, "START")

    def press(*keys):
        for key in keys:
            page.keyboard.press(key)

    press("ArrowDown", "ArrowDown", "Shift+Enter")
    expect(start.output("height * width")).to_contain_text("20")
    press("Shift+Enter", "Shift+Enter", "Shift+Enter", "Shift+Enter")
    told = start.output("check_numbers_in(")
    expect(told).to_contain_text("0 of 1 point")
    expect(told).to_contain_text("Which of the three arguments is not used yet?")
    press("ArrowUp", "ArrowUp", "Enter", "Control+End")
    page.keyboard.type(" * channels")
    press("Escape", "Shift+Enter", "Shift+Enter")
    expect(told).to_contain_text("1 of 1 point")
    press("Shift+Enter", "Shift+Enter", "Shift+Enter", "Shift+Enter")
    progress = start.output("progress()")
    expect(progress).to_contain_text("04_residual_blocks 0 of 19", use_inner_text=True)
    for name in page.locator(".jp-DirListing-itemText").all():
        assert name.evaluate(FITS), "the list of files shows names whole"
    press("Control+B")  # without that list
    page.set_viewport_size({"width": 390, "height": 844})
    assert progress.locator(".jp-RenderedHTML").evaluate(FITS)


def test_an_exercise_is_answered_wrongly_twice_and_then_rightly(page, workspace):
    four = begin(page, "04")
    told = answer(four, "identity_block", IDENTITY, LOST)
    expect(told).to_contain_text("to do")
    expect(told).not_to_contain_text("A hint")
    four.run("check.identity_block(")
    told.get_by_text("A hint").click()
    expect(told.get_by_text(EXERCISES["identity_block"].hints[0])).to_be_visible()
    answer(four, "identity_block", IDENTITY, solution("identity_block"))
    expect(told).to_contain_text("8 of 8 points")
    expect(told).to_contain_text("Notebook 04: 8 of 19 points. Next: convolutional_block.")
    told.get_by_text("Compare with ours").click()
    expect(told.get_by_text("Yours has")).to_be_visible()
    assert best(workspace) == {"identity_block": 8}


def test_run_all_of_an_untouched_notebook_goes_to_its_end(page):
    four = begin(page, "04")
    four.cell("settings(").locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("\ns.pictures, s.depths, s.epochs = 512, (8,), 1  # for a shorter training")
    choose(page, "Run", "Run All Cells")
    done = four.cells.locator(".jp-InputPrompt", has_text=re.compile(r"\[\d+\]"))
    expect(done).to_have_count(four.cells.count(), timeout=3000 * SECONDS)
    expect(four.panel.locator(RED)).to_have_count(0)
    waiting = four.panel.get_by_text("This cell waits for").all_text_contents()
    told = {text.removeprefix("This cell waits for ").partition(" ")[0] for text in waiting}
    assert told == {"identity_block", "convolutional_block", "zero_pad_shortcut"}


def test_a_network_is_drawn_alike_and_whole_with_graphviz_and_without(page, tmp_path):
    four = begin(page, "04")
    answer(four, "identity_block", IDENTITY, solution("identity_block"))
    drawing = four.cell("plots.network(").locator(".cm-content").inner_text()
    dot = shutil.which("dot")
    if not dot:  # one that cannot draw, as with a part of Graphviz missing
        (dot := tmp_path / "dot").write_text("#!/bin/sh\nexit 1\n")
        dot.chmod(0o755)
    seen = []
    for path in Path(dot).parent, tmp_path / "none":
        four.write("plots.network(", f"import os, shutil\nos.environ['PATH'] = {str(path)!r}\n{drawing}")
        picture = four.run("plots.network(").locator("img")
        expect(picture).to_be_visible()
        shown, wide, high = picture.evaluate("shown => [shown.clientWidth, shown.naturalWidth, shown.naturalHeight]")
        assert shown > 0.9 * wide, "its letters are about as large as they are meant to be"
        seen.append((wide, high))
        assert four.output("plots.network(").evaluate(FITS)
    assert seen[0] == seen[1]


def test_after_a_restart_in_the_middle_a_check_says_what_to_run(page):
    told = Notebook(page, "START").run("check_numbers_in(")
    expect(told).to_contain_text("numbers_in is not there")
    three = begin(page, "03")
    three.write(HAPPY, solution("happy_model"))
    choose(page, "Kernel", "Restart Kernel…")
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    told = three.run("check.happy_model(")
    expect(told).to_contain_text("the first cell of this notebook has not run since the kernel was started")
    expect(told.locator("code")).to_have_text("check")
    expect(told.locator(RED)).to_have_count(0)
    choose(page, "Run", "Run All Above Selected Cell")
    expect(three.run("check.happy_model(")).to_contain_text("6 of 6 points")


def test_two_notebooks_at_once_and_the_browser_closed_and_opened_again(page, workspace, browser, address):
    three = begin(page, "03")
    expect(answer(three, "happy_model", HAPPY, solution("happy_model"))).to_contain_text("6 of 6 points")
    four = begin(page, "04")
    expect(answer(four, "identity_block", IDENTITY, solution("identity_block"))).to_contain_text("8 of 8 points")
    assert best(workspace) == {"happy_model": 6, "identity_block": 8}
    four.write(IDENTITY, LOST)
    four.save()
    page.context.close()
    page = opened(browser, address.replace("START", "04_residual_blocks"))  # as a browser opens its last pages again
    four = Notebook(page, "04_")
    expect(four.cell(IDENTITY)).to_contain_text("[X, X]")
    expect(four.run("check.identity_block(")).to_contain_text("8 of 8 points")  # the kernel has gone on
    four.run(IDENTITY)
    expect(four.run("check.identity_block(")).to_contain_text("to do")
    assert best(workspace) == {"happy_model": 6, "identity_block": 8}


def test_a_result_can_be_read_in_dark_and_on_a_phone(page):
    four = begin(page, "04")
    answer(four, "identity_block", IDENTITY, LOST)
    told = four.run("check.identity_block(").locator(".jp-RenderedHTML")
    told.get_by_text("A hint").click()
    page.keyboard.press("Control+B")  # without the list of files
    for theme in "JupyterLab Light", "JupyterLab Dark":
        choose(page, "Settings", "Theme", theme)
        expect(page.locator("body")).to_have_attribute("data-jp-theme-name", theme)
        for width in 1280, 390:
            page.set_viewport_size({"width": width, "height": 844})
            assert told.evaluate(PALE) == [], (theme, width)
            assert told.evaluate(FITS), (theme, width)
        page.set_viewport_size({"width": 1280, "height": 844})


def test_a_newer_version_is_laid_beside_what_was_written(page, workspace, tmp_path, monkeypatch):
    four = begin(page, "04")
    four.write(IDENTITY, LOST)
    four.save()
    newer = shutil.copytree(NOTEBOOKS, tmp_path / "notebooks")
    (tmp_path / "images").symlink_to(IMAGES)
    path = newer / "04_residual_blocks.ipynb"
    path.write_text(path.read_text().replace("## Exercise: identity_block", "## The exercise identity_block"))
    monkeypatch.setattr(files, "NOTEBOOKS", newer)
    done = dict(lay_workspace(workspace))
    assert done["04_residual_blocks_version2.ipynb"] == "a newer version, beside your own work"
    page.get_by_role("button", name="Refresh the file browser.").click()
    listed = page.locator(".jp-DirListing-itemName")
    expect(listed.get_by_text("04_residual_blocks.ipynb")).to_be_visible()
    listed.get_by_text("04_residual_blocks_version2.ipynb").dblclick()
    new = Notebook(page, "04_residual_blocks_version2")
    expect(new.panel).to_contain_text("The exercise identity_block")
    expect(new.cell(IDENTITY)).to_contain_text("raise check.NotAnswered()")
    front(page, "04_residual_blocks.ipynb")
    expect(Notebook(page, "04_residual_blocks.ipynb").cell(IDENTITY)).to_contain_text("[X, X]")
