"""Running the notebooks from end to end, outside JupyterLab."""

import asyncio
import json
import os
import re
import signal
import subprocess
import tempfile
import time
from copy import deepcopy
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from nbconvert import HTMLExporter
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from course_utils.files import missing, write_text
from course_utils.metrics import FILE as metrics_file
from course_utils.metrics import published


def run(notebooks, profile, out, console):
    """Execute copies of `notebooks` ({stem: path}) one after the other; returns the summary, a list of dicts.

    Each executed notebook and its HTML go to the folder `out`, and `out`/summary.json grows with each:
    {"notebook", "status": "ok" | "failed" | "skipped", "seconds", "data": {set: "real" | "unverified copy" | "drawn"},
    "metrics": {name: number}, "curves": {name: list}}.
    An executed notebook keeps its metrics, too: `metadata.course.metrics`. One that fails does not stop the others.
    """
    out = Path(out)
    summary = []
    with bars(console) as progress:
        for stem, path in notebooks.items():
            notebook = nbformat.read(path, as_version=4)
            entry, reason = run_one(notebook, path, profile, progress.add_task(stem, total=None), progress)
            if entry["metrics"]:
                notebook.metadata.setdefault("course", {})["metrics"] = entry["metrics"]
            save(notebook, path, out)
            summary.append({"notebook": stem, **entry})
            write_text(out / "summary.json", json.dumps(summary, indent=1) + "\n")
            if reason:
                progress.console.print(f"{stem}: {reason}", markup=False, highlight=False)
    return summary


def bars(console):
    """The progress bars for `run_one`: a notebook's name, how many of its cells are done, and for how long it runs."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console)


def run_one(notebook, path, profile, task, progress):
    """Execute `notebook` in place, in a fresh kernel; returns its summary entry and why it did not pass (or None)."""
    if package := missing(notebook):
        return {
            "status": "skipped",
            "seconds": 0.0,
            "data": {},
            "metrics": {},
            "curves": {},
        }, f"skipped, {package} is not installed."
    cells = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    progress.update(task, total=len(cells))
    for index in cells:
        notebook.cells[index].outputs = []
    client = _Client(
        notebook,
        timeout=None,
        coalesce_streams=True,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_executed=lambda cell, cell_index, execute_reply: progress.advance(task),
    )
    started = time.monotonic()
    status, reason = "ok", None
    with tempfile.TemporaryDirectory() as folder:
        metrics = Path(folder) / "metrics"
        environment = {**os.environ, "COURSE_PROFILE": profile, metrics_file: str(metrics)}
        environment.pop("MPLBACKEND", None)  # figures go into the notebook, not into windows
        try:
            # What a kernel has to say of itself is no concern of a reader's; what its cells print is in the notebook.
            asyncio.run(client.async_execute(env=environment, stderr=subprocess.DEVNULL))
        except CellExecutionError as error:
            status, reason = "failed", f"{error.ename}: {error.evalue}"
        except (DeadKernelError, asyncio.CancelledError):
            if client.interrupted:
                raise KeyboardInterrupt from None
            status, reason = "failed", "its kernel died (often for want of memory)."
        seconds = round(time.monotonic() - started, 1)
        numbers, curves = published(metrics)
        entry = {"status": status, "seconds": seconds, "data": loaded(notebook), "metrics": numbers, "curves": curves}
        return entry, reason


# What `load` prints of a set, such as "mnist: 1500 training and 297 test pictures drawn by the course (embedded), ..."
LOADED = re.compile(r"^(\w+): \d+ training and \d+ test pictures .*?\((verified|unverified copy|embedded)\)", re.M)
DATA = {"verified": "real", "unverified copy": "unverified copy", "embedded": "drawn"}


def loaded(notebook):
    """Which data an executed notebook used, by what `load` printed: {"mnist": "real", "unverified copy" or "drawn"}."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    text = "\n".join(output.text for output in outputs if output.output_type == "stream")
    return {name: DATA[word] for name, word in LOADED.findall(text)}


class _Client(NotebookClient):
    """A client that Ctrl-C cancels, so that its kernel is shut down on the way out.

    nbclient's own handler only shuts the kernel down, which looks like a notebook that failed.
    """

    interrupted = False

    async def async_start_new_kernel(self, **kwargs):
        task = asyncio.current_task()

        def stop():
            self.interrupted = True
            task.cancel()

        if os.name == "posix":  # elsewhere asyncio.run turns Ctrl-C into KeyboardInterrupt by itself
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, stop)
        await super().async_start_new_kernel(**kwargs)


def save(notebook, path, out):
    """Write the executed notebook of the master at `path`, and its HTML page with all pictures in it, to `out`."""
    write_text(out / f"{path.stem}.ipynb", nbformat.writes(notebook) + "\n")
    page = deepcopy(notebook)
    for cell in page.cells:
        if cell.cell_type == "markdown":  # nbconvert takes in no picture from outside of the folder it is told
            cell.source = cell.source.replace("](../images/", "](images/")
    course = {"metadata": {"path": str(path.parents[1])}}
    html, _ = HTMLExporter(template_name="lab", embed_images=True).from_notebook_node(page, course)
    write_text(out / f"{path.stem}.html", html)
