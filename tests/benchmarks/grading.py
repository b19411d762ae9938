"""How fast a class is graded: `course grade`, nbgrader and otter-grader on the same submissions, side by side.

    python tests/benchmarks/grading.py                     500 submissions, 10 of them for the slow ones
    python tests/benchmarks/grading.py --submissions 2000 --few 0

The submissions are of notebook 04, cut down to the cells that its answers need and their checks (nbgrader and otter
would train networks otherwise): a quarter right, a quarter with one exercise left out, a quarter with a mistake in
each, a quarter untouched. CPU time and memory are the whole machine's, so it should have nothing else to do.
otter-grader gets an environment of its own, made here, that borrows this one's TensorFlow.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
import venv
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook, new_raw_cell
from rich.console import Console
from rich.table import Table

from course_utils.files import masters
from course_utils.grading.submissions import all_masters, pair, parse
from course_utils.release import STUB

STEM = "04_residual_blocks"
OTTER = "otter-grader==7.0.0"
MISTAKES = {  # what is replaced in the master's answer, by what
    "identity_block": ('padding="same"', 'padding="valid"'),
    "convolutional_block": ("strides=s", "strides=1"),
    "zero_pad_shortcut": ("::s, ::s", "1::s, 1::s"),
}


class Machine(threading.Thread):
    """Watches the machine while something runs: wall clock, CPU time of all processes, most memory in use."""

    def __enter__(self):
        self.done, self.peak = threading.Event(), 0
        self.free, self.used, self.began = available(), busy(), time.monotonic()
        self.start()
        return self

    def run(self):
        while not self.done.wait(0.05):
            self.peak = max(self.peak, self.free - available())

    def __exit__(self, *exception):
        self.seconds, self.cpu = time.monotonic() - self.began, busy() - self.used
        self.done.set()
        self.join()


def available():
    """Bytes of memory that are free."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024


def busy():
    """Seconds of CPU time that all processes have taken, in themselves and in the kernel."""
    user, nice, system, *_ = map(int, Path("/proc/stat").read_text().split()[1:8])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def short(master):
    """A notebook cut down to what its answers need, and its checks: the master, or a copy of it."""
    submission = pair("", STEM, parse(masters()[STEM].read_bytes()))
    given = {unit.id for unit in submission.units if not unit.exercise}
    cells = [c for c in master.cells if c.id in given or c.metadata.get("nbgrader")]
    return new_notebook(cells=deepcopy(cells), metadata=master.metadata)


def submissions(folder, count):
    """Write `count` submissions, STUDENT/04_residual_blocks.ipynb; returns the master they were made of."""
    master = short(nbformat.read(masters()[STEM], as_version=4))
    for number in range(count):
        notebook = deepcopy(master)
        for cell in notebook.cells:
            cell.outputs = []
            exercise = cell.metadata.get("nbgrader", {}).get("grade_id")
            if exercise in MISTAKES:
                cell.source = answer(cell.source, exercise, number % 4)
        place = folder / f"s{number:04}" / f"{STEM}.ipynb"
        place.parent.mkdir(parents=True)
        nbformat.write(notebook, place)
    return master


def answer(source, exercise, kind):
    if kind == 3 or (kind == 1 and exercise == "zero_pad_shortcut"):
        head = source[: source.index("### BEGIN SOLUTION")]
        return head + STUB.replace("\n", "\n    ")
    before, after = MISTAKES[exercise]
    assert before in source
    return source.replace(before, after) if kind == 2 else source


def run(*command, cwd=None):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")


def course(folder, count, jobs):
    submissions(folder / "in", count)
    with Machine() as machine:
        run(sys.executable, "-m", "course_utils", "grade", folder / "in", "-o", folder / "out", "--jobs", str(jobs))
    return machine


def nbgrader(folder, count):
    master = submissions(folder / "in", count)
    (folder / "nbgrader_config.py").write_text("c = get_config()\nc.CourseDirectory.course_id = 'cnn'\n")
    source = folder / "source" / "blocks"
    source.mkdir(parents=True)
    nbformat.write(master, source / f"{STEM}.ipynb")
    for place in (folder / "in").iterdir():
        shutil.copytree(place, folder / "submitted" / place.name / "blocks")
    os.environ["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    command = [sys.executable, "-m", "nbgrader"]
    run(*command, "generate_assignment", "blocks", "--create", cwd=folder)
    with Machine() as machine:
        run(*command, "autograde", "blocks", "--create", cwd=folder)
    return machine


def otter(folder, count):
    master = submissions(folder / "in", count)
    environment = folder / "environment"
    venv.create(environment, with_pip=True)
    run(environment / "bin" / "pip", "install", "--quiet", OTTER)
    (packages,) = environment.glob("lib/python*/site-packages")
    (packages / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n{Path(__file__).parents[2]}\n")
    write_otter_source(master, folder / "source.ipynb")
    binary = environment / "bin" / "otter"
    run(binary, "assign", "source.ipynb", "made", "--no-run-tests", cwd=folder)
    (grader,) = (folder / "made" / "autograder").glob("*.zip")
    os.environ["PATH"] = os.pathsep.join([str(environment / "bin"), os.environ["PATH"]])
    with Machine() as machine:
        for place in sorted((folder / "in").glob("*/*.ipynb")):
            run(binary, "run", "-a", grader, "-o", place.parent, place, cwd=folder)
    return machine


def write_otter_source(master, path):
    """The short master in otter's format: a question for each exercise, full marks or none."""
    cells = [new_raw_cell("# ASSIGNMENT CONFIG\ninit_cell: false\ncheck_all_cell: false\nexport_cell: false")]
    names = all_masters()[STEM].exercises
    for cell in master.cells:
        exercise = cell.metadata.get("nbgrader", {}).get("grade_id")
        if exercise is None:
            cells.append(new_code_cell(cell.source))
        elif exercise in names:
            points = {c.metadata.nbgrader.grade_id: c.metadata.nbgrader.get("points") for c in marked(master)}
            points = points[f"{exercise}_check"]
            cells += [
                new_raw_cell(f"# BEGIN QUESTION\nname: {exercise}\npoints: {points}"),
                new_raw_cell("# BEGIN SOLUTION"),
                new_code_cell("\n".join(line for line in cell.source.splitlines() if "### " not in line)),
                new_raw_cell("# END SOLUTION"),
                new_raw_cell("# BEGIN TESTS"),
                new_code_cell(f"assert check.{exercise}({names[exercise][1]}).points == {points}"),
                new_raw_cell("# END TESTS"),
                new_raw_cell("# END QUESTION"),
            ]
    nbformat.write(new_notebook(cells=cells, metadata=master.metadata), path)


def marked(notebook):
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--submissions", type=int, default=500)
    parser.add_argument("--few", type=int, default=10, help="submissions for nbgrader and otter; 0 leaves them out")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    chosen = parser.parse_args()
    console, rows = Console(), []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        tools = {"course grade": (course, chosen.submissions, chosen.jobs)}
        if chosen.few:
            tools |= {"nbgrader autograde": (nbgrader, chosen.few), "otter run": (otter, chosen.few)}
        for name, (tool, count, *more) in tools.items():
            with console.status(f"{name}: {count} submissions"):
                (folder / name).mkdir()
                machine = tool(folder / name, count, *more)
            rows.append((name, count, machine.seconds, count / machine.seconds, machine.cpu / count, machine.peak))
    table = Table("", "submissions", "seconds", "a second", "CPU seconds each", "peak memory, MiB", "times slower")
    for name, count, seconds, rate, cpu, peak in rows:
        slower = f"{rows[0][3] / rate:.1f}"
        table.add_row(name, str(count), f"{seconds:.1f}", f"{rate:.2f}", f"{cpu:.2f}", f"{peak / 2**20:.0f}", slower)
    console.print(table)
    print(
        json.dumps([dict(zip(("name", "count", "seconds", "rate", "cpu", "peak"), row, strict=True)) for row in rows])
    )


if __name__ == "__main__":
    main()
