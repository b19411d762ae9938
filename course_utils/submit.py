"""What a student hands in: looked at as `course grade` will look at it, told in plain words, and put into one zip file.

The file is written before anything runs, so that nothing which runs can be in its way.
"""

import json
import re
import shutil
import tempfile
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from nbformat.v4 import new_code_cell, new_notebook
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from course_utils.check import EXERCISES
from course_utils.errors import CourseError
from course_utils.files import atomic, masters
from course_utils.grading.submissions import Unreadable, all_masters, answered, pair, parse, recognise
from course_utils.run import run_one

NAME = "hand_in.zip"
LARGE = 5 << 20  # bytes of a notebook that is handed in without its outputs: many platforms take no large files


class Notebook(NamedTuple):
    """A notebook to hand in. cells: as `parse` gives them; answered: how many of its exercises are."""

    path: Path
    stem: str
    data: bytes
    cells: list
    answered: int


def submit(places, out, run, console):
    """Write one zip file of the notebooks in `places`, then check each of them and say what was seen.

    places: folders and notebooks. out: where the zip file goes, a file or a folder; None for beside the notebooks.
    run: also run each notebook from top to bottom. Returns the path of the zip file. Raises CourseError where there is
    nothing to hand in, or no room for it.
    """
    notebooks, remarks = gather(places)
    for words in remarks:
        _say(console, words)
    if not any(one.answered for one in notebooks):
        raise CourseError("No answer was found, so there is nothing to hand in: no file was written.")
    target = write(notebooks, out or notebooks[0].path.parent)
    slow = "running one takes a minute or two, --no-run leaves that out, and " if run else ""
    _say(console, f"{target} is written. Now the notebooks are checked: {slow}Ctrl-C ends it.")
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    points = most = 0
    with Progress(*columns, console=console, transient=True) as progress:
        try:
            for one in notebooks:
                words, reached = look_at(one, run, progress)
                for task in progress.task_ids:
                    progress.remove_task(task)
                points, most = points + reached, most + all_masters()[one.stem].points
                _say(console, "\n".join([f"\n{one.path.name}", *(f"  {line}" for line in words)]))
        except KeyboardInterrupt:
            _say(console, f"Stopped. {target} is complete all the same.")
            raise
    left_out = [masters()[stem].name for stem in all_masters() if stem not in {one.stem for one in notebooks}]
    _say(console, f"\n{points} of {most} points expected for what you hand in. Grading asks with other numbers, too.")
    if left_out:
        _say(console, f"Not handed in: {', '.join(left_out)}.")
    _say(console, f"Hand in this file: {target}")
    return target


def _say(console, words):
    console.print(words, markup=False, highlight=False, soft_wrap=True)  # a path in two lines cannot be copied


# --- Which notebooks -------------------------------------------------------------------------------------------------


def gather(places):
    """(the notebooks to hand in, in the course's order; sentences about what is not among them).

    Of a folder those count that hold an answer; of several copies of one notebook that with the most answers, then the
    one that was saved last. Raises CourseError for a place that is not there or holds no notebook.
    """
    found, remarks = {}, []
    for place in places:
        for path in _paths(place):
            try:
                one = read(path)
            except Unreadable as error:
                remarks.append(f"{path.name} is not handed in. {error}")
                continue
            if place.is_dir() and not (one and one.answered):
                continue
            if one is None:
                remarks.append(f"{path.name} is not handed in. It is no notebook of this course that has exercises.")
            else:
                found.setdefault(one.stem, []).append(one)
    chosen = []
    for stem in filter(found.get, all_masters()):
        *others, best = sorted(found[stem], key=lambda one: (one.answered, one.path.stat().st_mtime, one.path.name))
        chosen.append(best)
        for other in others:
            remarks.append(
                f"{other.path.name} is not handed in, but {best.path.name}: it has more answers, or was saved later. "
                f"To hand in the other one, name it: course submit {other.path.name}"
            )
    return chosen, remarks


def _paths(place):
    if place.is_file():
        return [place]
    if not place.is_dir():
        raise CourseError(f"There is no {place}: name your notebook, or the folder that `course lab` made for you.")
    found = [path for path in sorted(place.glob("*.ipynb")) if not path.name.startswith(".")]
    if not found:
        raise CourseError(f"There is no notebook in {place}: name your notebook, or the folder that holds it.")
    return found


def read(path):
    """The Notebook at `path`; None if it is none of the course's that have exercises. Raises Unreadable."""
    try:
        data = path.read_bytes()
        cells = parse(data)
    except OSError as error:
        raise Unreadable(f"The file cannot be read ({error.strerror}).") from None
    except Unreadable as error:  # which speaks to somebody who has handed it in already
        again = re.sub(
            r"(save (it|the notebook) in JupyterLab and )?hand (it|the notebook) in again", AGAIN, str(error)
        )
        raise Unreadable(again) from None
    stem = recognise(cells, path.name)
    return Notebook(path, stem, data, cells, answered(stem, cells)) if stem in all_masters() else None


AGAIN = "save it in JupyterLab and type this command again"


# --- The zip file ----------------------------------------------------------------------------------------------------


def write(notebooks, out):
    """Write the notebooks under the course's names to a zip file, never over another one; returns its path."""
    target = out / NAME if out.is_dir() else out.with_name(out.name.removesuffix(".zip") + ".zip")
    free, number = target, 2
    while free.exists():
        free, number = target.with_stem(f"{target.stem}_{number}"), number + 1
    try:
        with atomic(free) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            for one in notebooks:
                data = one.data if len(one.data) < LARGE else _without_outputs(one.data)
                archive.writestr(masters()[one.stem].name, data)
    except OSError as error:
        raise CourseError(f"{free} cannot be written ({error.strerror}): choose another place with -o.") from None
    return free


def _without_outputs(data):
    with suppress(ValueError, TypeError, KeyError, AttributeError):  # an old format, which goes as it is
        notebook = json.loads(data)
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None
        return json.dumps(notebook, indent=1)
    return data


# --- What is in them -------------------------------------------------------------------------------------------------

RUNS = "It runs from top to bottom."
WAITS = "It runs, but for the cells that need what is not answered."
LIMIT = 180  # seconds for the answers of a notebook and their checks
BEGIN = f"""\
import faulthandler, os
faulthandler.dump_traceback_later({LIMIT}, exit=True, file=open(os.devnull, "w"))"""
ASK = """\
import course_utils.check as _check
from IPython.display import JSON as _JSON
_JSON(_check.run("{exercise}", _answer_{exercise}).to_dict())"""


def look_at(one, run, progress):
    """(lines for the student, points expected) of a notebook. run: also run it from top to bottom."""
    submission = pair("", one.stem, one.cells)
    with tempfile.TemporaryDirectory() as folder:
        lay_beside(one.path, Path(folder))
        place = Path(folder) / one.path.name
        results = check(one.stem, submission, place, progress)
        last = [top_to_bottom(one, place, progress)] if run else []
    lines, points = [], 0
    for exercise in all_masters()[one.stem].exercises:
        words = results.get(exercise, "its cell is not in the notebook")
        if isinstance(words, dict):
            points += words["points"]
            told = f"{words['points']} of {words['max_points']}"
            words = "not answered" if words["status"] == "unanswered" else told
        if last == [RUNS] and words == "not answered":
            last = [WAITS]
        lines.append(f"{EXERCISES[exercise].title:<30} {words}")
    return [*lines, *last, *submission.notes], points


def lay_beside(path, folder):
    """Lay into `folder` what a notebook finds beside it: what it writes shall replace no file of the student's."""
    for other in path.absolute().parent.iterdir():
        if other.name.startswith(".") or other.suffix in (".ipynb", ".zip"):
            continue
        with suppress(OSError):
            if other.is_dir():
                (folder / other.name).symlink_to(other)
            elif other.stat().st_size < LARGE:
                shutil.copy(other, folder)


def check(stem, submission, path, progress):
    """{exercise: the record of its check, or a sentence why there is none} of the exercises whose cells are there.

    As in grading, only the answers run, and what they need; here in a kernel, and without grading's further probes.
    """
    functions, cells, asked, answers = all_masters()[stem].exercises, [_cell(BEGIN)], {}, {}
    for unit in submission.units:
        cells.append(_cell(unit.source))
        if unit.exercise:
            answers.setdefault(unit.exercise, []).append(cells[-1])
            name = functions[unit.exercise][1]  # which a cell below may give to something else
            cells.append(_cell(f"_answer_{unit.exercise} = {name}"))
    for exercise in filter(answers.get, functions):
        asked[exercise] = _cell(ASK.format(exercise=exercise))
    task = progress.add_task(f"{stem}: checks", total=None)
    entry, reason = run_one(new_notebook(cells=[*cells, *asked.values()]), path, "quick", task, progress)
    if reason and entry["seconds"] >= LIMIT:
        reason = f"it has not ended after {LIMIT} seconds: does a loop never end?"
    results = {}
    for exercise, cell in asked.items():
        error = next(filter(None, map(_error, answers[exercise])), None)
        shown = [output["data"] for output in cell.outputs if "application/json" in output.get("data", ())]
        none = f"0 of {EXERCISES[exercise].points}:"
        if error:
            words = f"{none} its cell stops with {error}"
        elif _error(cell):
            words = f"{none} its cell makes no {functions[exercise][1]}"
        else:
            words = f"not known: {reason or 'its check shows nothing'}"
        results[exercise] = shown[-1]["application/json"] if shown else words
    return results


def top_to_bottom(one, path, progress):
    """Whether a notebook runs from top to bottom in a fresh kernel, in a sentence. path: in whose folder it runs."""
    notebook = new_notebook(cells=[new_code_cell(source) for _, kind, source, _ in one.cells if kind == "code"])
    task = progress.add_task(f"{one.stem}: from top to bottom", total=None)
    _, reason = run_one(notebook, path, "quick", task, progress)
    if reason is None:
        return RUNS
    begun = [cell.source for cell in notebook.cells if cell.execution_count]
    lines = [line for line in begun[-1].splitlines() if line.strip() and not line.startswith("#")] if begun else []
    place = f". It stops in the cell that begins with `{lines[0][:60]}`:" if lines else ":"
    return f"It does not run from top to bottom{place} {_first_line(reason)}"


def _cell(source):
    return new_code_cell(source, metadata={"tags": ["raises-exception"]})  # what stops it stops no other cell


def _error(cell):
    """The error that a cell stopped with, in a line, or None."""
    error = next((output for output in cell.outputs if output.output_type == "error"), None)
    return _first_line(f"{error.ename}: {error.evalue}") if error else None


def _first_line(text):
    return text.split("\n")[0][:200]
