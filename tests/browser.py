"""JupyterLab as a student has it: `course lab` in a folder of its own, and the system's Chromium, led by Playwright."""

import os
import re
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from functools import cache

import psutil
from playwright.sync_api import expect

NAMES = "chromium", "chromium-browser", "google-chrome"
SECONDS = 120  # for what comes at once where nothing else runs
expect.set_options(timeout=1000 * SECONDS)


@cache
def chromium():
    """The path of a Chromium that starts, or None: Ubuntu has a program of that name that only names another one."""
    for path in filter(None, map(shutil.which, NAMES)):
        if subprocess.run([path, "--version"], capture_output=True).returncode == 0:
            return path
    return None


def apart(home):
    """An environment in which programs write to `home` alone, and none of the course's uses the network."""
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    return os.environ | {"HOME": str(home), "TMPDIR": str(home / "tmp"), "COURSE_OFFLINE": "1"}


@contextmanager
def lab(workspace, home):
    """`course lab` in a workspace: the address that it prints. What it has started ends with it."""
    command = [sys.executable, "-m", "course_utils", "lab", "--workspace", str(workspace), "--no-browser", "--port=0"]
    env, log = apart(home), home / "printed.txt"
    with log.open("w") as printed, subprocess.Popen(command, stdout=printed, stderr=printed, env=env) as process:
        try:
            while not (found := re.search(r"http://127\.0\.0\.1:\S+", log.read_text())):
                assert process.poll() is None, log.read_text()
                time.sleep(0.1)
            yield found[0]
        finally:
            started = psutil.Process(process.pid).children(recursive=True)
            process.terminate()
            process.wait()
            for one in started:
                with suppress(psutil.NoSuchProcess):
                    one.kill()


class Notebook:
    """The notebook in front, in a page of JupyterLab, its kernel ready. stem: how its file's name begins."""

    def __init__(self, page, stem):
        self.page = page
        expect(page.locator("#jp-main-dock-panel .lm-TabBar-tab.jp-mod-current")).to_contain_text(stem)
        self.panel = page.locator(".jp-NotebookPanel:visible")
        self.cells = self.panel.locator(".jp-CodeCell")
        expect(self.panel.locator(".jp-Cell:focus")).to_have_count(1)  # keys that are pressed arrive here
        self.idle()

    def idle(self):
        """Wait for the kernel to be there and free: before that, JupyterLab takes a cell and does not run it."""
        expect(self.panel.locator(".jp-KernelName")).to_have_text("Python of this course")
        expect(self.panel.locator(".jp-Notebook-ExecutionIndicator")).to_have_attribute("data-status", "idle")
        expect(self.page.get_by_role("button", name="Python of this course | Idle")).to_be_visible()

    def cell(self, text):
        """The first code cell that holds a text."""
        return self.cells.filter(has=self.page.locator(".cm-content", has_text=text)).first

    def output(self, text):
        """What stands below that cell."""
        return self.cell(text).locator(".jp-OutputArea")

    def write(self, text, source):
        """Put a source in place of what stands in the cell that holds a text."""
        self.cell(text).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def run(self, text):
        """Run the cell that holds a text, and wait for its end. Returns its output."""
        prompt = self.cell(text).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        prompt.click()
        self.page.keyboard.press("Control+Enter")
        expect(prompt).not_to_have_text(before)
        expect(prompt).to_have_text(re.compile(r"\[\d+\]"))
        self.idle()
        return self.output(text)

    def save(self):
        with self.page.expect_response(lambda answer: answer.request.method == "PUT" and ".ipynb" in answer.url):
            self.page.keyboard.press("Control+S")


def choose(page, menu, *entries):
    """Click through a menu."""
    page.locator(".lm-MenuBar-itemLabel", has_text=menu).click()
    for entry in entries:
        page.locator(".lm-Menu-itemLabel", has_text=re.compile(f"^{re.escape(entry)}$")).click()
