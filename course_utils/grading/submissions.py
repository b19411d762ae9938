"""What a student handed in: read, paired with its master, and cut down to what is graded."""

import ast
import builtins
import json
import re
import symtable
from dataclasses import dataclass, field
from functools import cache, lru_cache

from course_utils.check import EXERCISES
from course_utils.files import masters

MAX_CELLS = 2000
MAX_SOURCE = 300_000  # characters of code: Python takes a kilobyte of memory to read one


class Unreadable(Exception):
    """Not a notebook; the text says why, in a sentence for the student."""


# --- Masters ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Master:
    """A notebook of the course as grading needs it.

    cells: its code cells, (id, source) in order. exercises: {exercise: (id of its cell, name of its function)}.
    given: the names that its own cells import from the course's networks.
    """

    stem: str
    cells: dict
    exercises: dict
    given: list

    @property
    def points(self):
        return sum(EXERCISES[exercise].points for exercise in self.exercises)


@cache
def all_masters():
    """{stem: Master} of the notebooks that have exercises."""
    return {stem: master for stem, master in _every_master().items() if master.exercises}


@cache
def _every_master():
    found = {}
    for stem, path in masters().items():
        cells, exercises, given = {}, {}, []
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            about, source = cell["metadata"].get("nbgrader", {}), "".join(cell["source"])
            if cell["cell_type"] != "code":
                continue
            if about.get("solution"):
                exercises[about["grade_id"]] = cell["id"], None
                cells[cell["id"]] = source
            elif about.get("grade"):  # check.exercise(function)
                call = ast.parse(source).body[-1].value
                exercises[call.func.attr] = exercises[call.func.attr][0], call.args[0].id
            else:
                cells[cell["id"]] = source
                given += re.findall(r"^from course_utils\.networks\.\w+ import (.+)$", source, re.MULTILINE)
        names = [name.strip() for line in given for name in line.split(",")]
        found[stem] = Master(stem, cells, exercises, names)
    return found


# --- Reading and pairing ---------------------------------------------------------------------------------------------


@dataclass
class Submission:
    """What is graded of a notebook. units: cells to run, in order; notes: what was noticed, for the feedback."""

    student: str
    notebook: str
    units: list
    notes: list = field(default_factory=list)

    def request(self, seed):
        """What goes into the sandbox: JSON-able."""
        master = all_masters()[self.notebook]
        return {
            "cells": [{"id": unit.id, "source": unit.source, "exercise": unit.exercise} for unit in self.units],
            "exercises": [[exercise, name] for exercise, (_, name) in master.exercises.items()],
            "given": master.given,
            "seed": seed,
        }


@dataclass(frozen=True)
class Unit:
    """A cell that may run. exercise: of an answer, else None; own: is it the student's?"""

    id: str
    source: str
    exercise: str | None = None
    own: bool = False


def parse(data):
    """The cells of a notebook file as (id, kind, source, grade_id). Raises Unreadable."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError:
            raise Unreadable("The file is not text: save the notebook in JupyterLab and hand it in again.") from None
    try:
        notebook = json.loads(text)
        if notebook["nbformat"] != 4:
            import nbformat  # a second, which notebooks of today need not wait for

            notebook = nbformat.reads(text, as_version=4)
        cells = [_cell(cell) for cell in notebook["cells"]]
    except json.JSONDecodeError:
        raise Unreadable("The file is not a notebook, or only a part of one: hand it in again.") from None
    except RecursionError:
        raise Unreadable("The file is nested too deeply for a notebook.") from None
    except Exception as error:  # whatever a wrong structure leads to, here or in nbformat
        raise Unreadable(f"The file is not a notebook ({type(error).__name__}): hand it in again.") from None
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"The notebook has {len(cells):,} cells, more than the {MAX_CELLS:,} that are read.")
    size = sum(len(source) for _, kind, source, _ in cells if kind == "code")
    if size > MAX_SOURCE:
        raise Unreadable(f"The notebook has {size:,} characters of code, more than the {MAX_SOURCE:,} that are read.")
    return cells


def _cell(cell):
    source = "".join(cell["source"]).replace("\r\n", "\n")
    about = cell.get("metadata", {}).get("nbgrader") or {}
    grade_id = about.get("grade_id")
    grade_id = grade_id if isinstance(grade_id, str) else None
    return str(cell.get("id", ""))[:80], str(cell["cell_type"]), source, grade_id


def recognise(cells, place=""):
    """The stem of the master that the cells come from, or None: by ids, by names of exercises, by the file's name.

    It may be a master without exercises.
    """
    scores = {}
    for stem, master in _every_master().items():
        ids = {cell[0] for cell in cells} & set(master.cells)
        answers = {cell[3] for cell in cells} & set(master.exercises)
        names = {name for _, name in master.exercises.values()} & {
            name for cell in cells if cell[1] == "code" for name in _defined_functions(cell[2])
        }
        if answers or names or len(ids) > 3:
            scores[stem] = (3 * len(answers) + len(ids) + 2 * len(names), stem == named(place))
    return max(scores, key=scores.get) if scores else None


def named(place):
    """The stem of the master whose name a file bears, or None."""
    return next((stem for stem in all_masters() if stem.split("_", 1)[1] in place.casefold()), None)


def pair(student, stem, cells):
    """Put the answers into the master's skeleton: a `Submission` with the units that the answers need.

    An answer is every cell that carries its grade_id, in order; where none does, the cells that define its function.
    Cells that the student added or changed stand where they stood, and run only for what the answers need of them.
    """
    master, notes = all_masters()[stem], []
    known = {exercise for exercise in master.exercises if any(cell[3] == exercise for cell in cells)}
    answers = {}  # position -> exercise
    for position, (_, kind, source, grade_id) in enumerate(cells):
        if kind != "code":
            continue
        if grade_id in master.exercises:
            answers[position] = grade_id
        else:
            for exercise in master.exercises.keys() - known:
                if master.exercises[exercise][1] in _defined_functions(source):
                    answers[position] = exercise
    for exercise in sorted({*answers.values()} - known):
        notes.append(f"The cell of {exercise} has lost its mark: its answer was found by the function's name.")
    for exercise in sorted(known):
        if sum(found == exercise for found in answers.values()) > 1:
            notes.append(f"There are several cells of {exercise}: they count as one, in their order.")

    order = list(master.cells)
    checks = {f"{exercise}_check" for exercise in master.exercises}
    behind, anchor = {}, None
    for position, (ident, kind, source, grade_id) in enumerate(cells):
        own_cell = master.exercises[answers[position]][0] if position in answers else None
        if own_cell or ident in master.cells:
            anchor = own_cell or ident
        if kind != "code" or grade_id in checks:
            continue
        if position in answers:
            unit = Unit(f"{answers[position]} {position}", source, answers[position], own=True)
            behind.setdefault(anchor, []).append(unit)
        elif master.cells.get(ident) != source:
            behind.setdefault(anchor, []).append(Unit(f"added {position}", source, own=True))
    solutions = {ident for ident, _ in master.exercises.values()}
    units = [*behind.get(None, [])]
    for ident in order:
        own = behind.get(ident, [])
        units += own if ident in solutions else [Unit(ident, master.cells[ident]), *own]
    return Submission(student, stem, needed(units), notes)


TRAINING = {"fit", "evaluate", "predict", "train_on_batch"}


def needed(units):
    """The answers, and of all other cells those which define names that they use, directly or through each other."""
    about = [_names(unit.source) for unit in units]
    given = {name for unit, (defines, _, _) in zip(units, about, strict=True) if not unit.own for name in defines}
    makers = {}  # of a name
    for i, (unit, (defines, _, trains)) in enumerate(zip(units, about, strict=True)):
        # What the master gives counts before what a student made of it.
        for name in () if trains else defines - given if unit.own else defines:
            makers.setdefault(name, []).append(i)
    waiting = [i for i, unit in enumerate(units) if unit.exercise] + makers.get("*", [])
    taken, seen = {*waiting}, set()
    while waiting:
        for name in about[waiting.pop()][1] - seen:
            seen.add(name)
            more = {*makers.get(name, ())} - taken
            taken |= more
            waiting += more
    return [units[i] for i in sorted(taken)]


@lru_cache(4096)
def _names(source):
    """(names that a cell defines, names that it uses and does not make itself, does it train?)."""
    source = "\n".join("pass" if line.startswith(("%", "!")) else line for line in source.splitlines())
    try:
        tree, table = ast.parse(source), symtable.symtable(source, "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(), set(), False
    defines = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in tree.body):
        defines.add("*")
    uses, tables = set(), [table]
    while tables:
        inner = tables.pop()
        tables += inner.get_children()
        uses |= {s.get_name() for s in inner.get_symbols() if s.is_referenced() and (inner is table or s.is_global())}
    calls = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    trains = any(isinstance(call, ast.Attribute) and call.attr in TRAINING for call in calls)
    return defines, uses - set(vars(builtins)), trains


@lru_cache(4096)
def _defined_functions(source):
    """The functions and classes that a cell defines at its top level."""
    try:
        body = ast.parse("\n".join(line for line in source.splitlines() if not line.startswith(("%", "!")))).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set(re.findall(r"^(?:def|class) (\w+)", source, re.MULTILINE))
    return {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
