"""What the course takes: to start, to check, to run a notebook, to grade. `make bench` runs this and networks.py.

    python tests/benchmarks/course.py                           all four
    python tests/benchmarks/course.py checks grading --submissions 10 --submissions 100
    python tests/benchmarks/course.py --into course_utils/recorded/course.json && course results --page

CPU time and memory are the whole machine's, so it should have nothing else to do. Notebooks run in profile quick, on
the photos of COURSE_DATA_DIR where it is set.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import grading
from networks import keep, product_rate
from rich.console import Console
from rich.table import Table

from course_utils.files import masters

PYTHON = sys.executable
FIRST_CHECK = """
from course_utils.quiet import keras
from course_utils import check
check.conv_output_size(lambda n, f, p=0, s=1: (n + 2 * p - f) // s + 1)
"""


def start():
    """The fastest of three, each in a process of its own."""
    ways = {
        "Python alone": ["-c", "pass"],
        "`import course_utils`": ["-c", "import course_utils"],
        "`course --version`": ["-m", "course_utils", "--version"],
        "`import keras`, with TensorFlow": ["-c", "from course_utils.quiet import keras"],
        "the first check": ["-c", FIRST_CHECK],
    }
    rows = []
    for name, words in ways.items():
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            subprocess.run([PYTHON, *words], check=True, capture_output=True)
            seconds.append(time.perf_counter() - began)
        rows.append([name, f"{min(seconds):.2f}"])
    return ["", "seconds"], rows, "The fastest of three, each in a process of its own."


def checks():
    """The course's own answer to each exercise, in one process: the first time, and the median of three more."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from answers import course_answer

    from course_utils import check

    rows = []
    for exercise, about in check.EXERCISES.items():
        answer, seconds = course_answer(exercise), []
        for _ in range(4):
            began = time.perf_counter()
            result = check.run(exercise, answer)
            seconds.append(time.perf_counter() - began)
        assert result.points == about.points, exercise
        rows.append([f"{about.notebook} {exercise}", f"{seconds[0]:.2f}", f"{statistics.median(seconds[1:]):.2f}"])
    note = "The course's own answers in one process, in this order: for the first time, and the median of three more."
    return ["exercise", "first, seconds", "again, seconds"], sorted(rows), note


def notebooks():
    """Each notebook in profile quick, one after the other; without those that need what is not installed."""
    rows = []
    for stem in masters():
        with tempfile.TemporaryDirectory() as folder:
            with grading.Machine() as machine:
                grading.run(PYTHON, "-m", "course_utils", "run", stem, "--out", folder)
            (summary,) = json.loads((Path(folder) / "summary.json").read_text())
        if summary["status"] == "ok":
            rows.append([stem, f"{machine.seconds:.0f}", f"{machine.cpu:.0f}", f"{machine.peak / 2**20:.0f}"])
    data = "photos of COURSE_DATA_DIR" if os.environ.get("COURSE_DATA_DIR") else "the course's drawn pictures"
    note = f"Profile quick, on {data}, one after the other, with the start of a kernel."
    return ["notebook", "seconds", "CPU seconds", "peak memory, MiB"], rows, note


def classes(counts):
    """`course grade` on ever larger classes: see grading.py for what they hand in."""
    rows = []
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            machine = grading.course(Path(folder), count, os.cpu_count())
        each = machine.cpu / count
        numbers = f"{machine.seconds:.1f}", f"{count / machine.seconds:.2f}", f"{each:.2f}"
        rows.append([f"{count:,}", *numbers, f"{machine.peak / 2**20:.0f}"])
    hours = 100_000 * each / 3600
    note = (
        f"Notebook 04, {os.cpu_count()} jobs. On paper, from the last row: 100,000 submissions are {hours:,.0f} hours "
        f"of one core, {hours / 100:.1f} hours on 100."
    )
    return ["submissions", "seconds", "per second", "CPU seconds each", "peak memory, MiB"], rows, note


PARTS = {"start": start, "checks": checks, "notebooks": notebooks, "grading": classes}
TITLES = {"start": "Start-up", "checks": "Checks", "notebooks": "Notebooks", "grading": "Grading"}


@click.command(help=__doc__.partition("\n")[0])
@click.argument("parts", nargs=-1, type=click.Choice([*PARTS]))
@click.option("--submissions", multiple=True, type=int, default=[10, 100, 1000, 5000], help="How many to grade; again.")
@click.option("--into", type=click.Path(path_type=Path), help="A JSON file that keeps the tables.")
def main(parts, submissions, into):
    rate = product_rate(2048, "float32")
    machine = f"{os.cpu_count()} cores; a product of two 2048 x 2048 matrices: {2e-12 * rate:.2f} TFLOP/s."
    for part in parts or PARTS:
        with Console().status(part):
            columns, rows, note = PARTS[part](*([submissions] if part == "grading" else []))
        table = Table(*columns, title=TITLES[part])
        for row in rows:
            table.add_row(*row)
        Console().print(table, f"{note} {machine}")
        if into:
            keep(into, TITLES[part], columns, rows, f"{note} {machine}")


if __name__ == "__main__":
    main()
