"""What a student handed in: read, paired with its master, and cut down to what is graded."""

import ast
import builtins
import json
import re
import symtable
from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import NamedTuple

from course_utils.check import EXERCISES
from course_utils.files import masters
from course_utils.grading.cells import NO_PYTHON, effort, python

MAX_CELLS = 2000
MAX_SOURCE = 300_000  # characters of code: Python takes a kilobyte of memory to read one
MAX_EFFORT = 2_000_000  # characters that IPython looks at, see `effort`: some seconds


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
    """What is graded of a notebook. units: cells to run, in order; notes: what was noticed, for the feedback.

    untrained: {name: line that trains} of what is not there because its cell trains.
    """

    student: str
    notebook: str
    units: list
    notes: list = field(default_factory=list)
    untrained: dict = field(default_factory=dict)

    def request(self, seed):
        """What goes into the sandbox: JSON-able."""
        master = all_masters()[self.notebook]
        return {
            "cells": [{"id": unit.id, "source": unit.source, "exercise": unit.exercise} for unit in self.units],
            "exercises": [[exercise, name] for exercise, (_, name) in master.exercises.items()],
            "given": master.given,
            "untrained": self.untrained,
            "seed": seed,
        }


@dataclass(frozen=True)
class Unit:
    """A cell that may run. exercise: of an answer, else None; own: the student's; changed: a given one, changed."""

    id: str
    source: str
    exercise: str | None = None
    own: bool = False
    changed: bool = False


def parse(data):
    """The cells of a notebook file as (id, kind, source, grade_id). Raises Unreadable."""
    text = _text(data)
    try:
        notebook = json.loads(text)
        if str(notebook["nbformat"]) not in ("4", "4.0", "None"):
            import nbformat  # a second, which notebooks of today need not wait for

            notebook = nbformat.reads(text, as_version=4)
        cells = [_cell(cell) for cell in notebook["cells"] if cell is not None]
    except json.JSONDecodeError as error:
        raise Unreadable(_not_json(text, error)) from None
    except RecursionError:
        raise Unreadable("The file is nested too deeply for a notebook.") from None
    except Exception:  # whatever a wrong structure leads to, here or in nbformat
        raise Unreadable("The file is not a notebook: save it in JupyterLab and hand it in again.") from None
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"The notebook has {len(cells):,} cells, more than the {MAX_CELLS:,} that are read.")
    code = [_code(kind, source) for _, kind, source, _ in cells]
    size = sum(map(len, code))
    if size > MAX_SOURCE:
        raise Unreadable(f"The notebook has {size:,} characters of code, more than the {MAX_SOURCE:,} that are read.")
    if sum(map(effort, code)) > MAX_EFFORT:
        raise Unreadable("The notebook has more magics and shell commands in its cells than are read: take some out.")
    return cells


def _text(data):
    """The text of a file, in whatever encoding an editor may have saved it."""
    data = data.rstrip(b"\0\x1a \r\n\t") if json.detect_encoding(data) == "utf-8" else data
    if not data.strip(b"\0 \r\n\t"):
        raise Unreadable("The file is empty: save the notebook in JupyterLab and hand it in again.")
    for encoding, errors in (json.detect_encoding(data), "surrogatepass"), ("cp1252", "strict"), ("latin-1", "strict"):
        try:
            text = data.decode(encoding, errors)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise Unreadable("The file is not text: save the notebook in JupyterLab and hand it in again.")


def _not_json(text, error):
    """Why a text is no JSON, in a sentence."""
    start = text.lstrip("\ufeff \r\n\t")
    if start.startswith("<") and not start.startswith("<<<<<<<"):
        return "The file is a web page and not a notebook: download the notebook itself and hand that in."
    if re.search(r"^(<<<<<<<|>>>>>>>)", text, re.MULTILINE):
        return "The file holds git's conflict marks (<<<<<<<): settle the conflict and hand the notebook in again."
    if start[:1] not in "{[":
        return "The file is not a notebook: save it in JupyterLab and hand it in again."
    if error.msg == "Extra data":
        if text[error.pos :].lstrip()[:1] == "{":
            return (
                "The file holds two notebooks, one behind the other: hand in the one that counts in a file of its own."
            )
        return "The file goes on behind the end of its notebook: save it in JupyterLab and hand it in again."
    if error.msg.startswith("Unterminated string") or error.pos >= len(text.rstrip()) - 10:
        return "The file was cut short, so that only a part of the notebook is there: hand it in again."
    return f"The file is not a notebook (see its line {error.lineno}): save it in JupyterLab and hand it in again."


def _cell(cell):
    source, about = cell.get("source") or "", cell.get("metadata")
    about = about if isinstance(about, dict) else {}
    marks = about.get("nbgrader")
    grade_id = marks.get("grade_id") if isinstance(marks, dict) else None
    source = "".join(source).replace("\r\n", "\n").replace("\r", "\n")
    if not source.isascii():  # halves of a character, which no Python reads
        source = source.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    ident = cell.get("id") or about.get("id") or ""  # Colab keeps it among the metadata
    return str(ident)[:80], str(cell.get("cell_type")), source, grade_id if isinstance(grade_id, str) else None


def _code(kind, source):
    """The code of a cell, also of one that was turned to Markdown; "" where there is none."""
    if kind == "code":
        return source
    if len(source) > MAX_SOURCE // 10 or not FUNCTION.search(source):
        return ""
    fenced = FENCED.fullmatch(source)
    return fenced[1] if fenced else source


FUNCTION = re.compile(r"^[ \t]*(?:def|class) \w", re.MULTILINE)
FENCED = re.compile(r"\s*```\w*\n(.*?)\n?```\s*", re.DOTALL)


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

    Cells that the student added or changed stand where they stood, and run only for what the answers need of them.
    """
    master, notes = all_masters()[stem], []
    answers, left_out = _answers(master, cells, notes)
    marked, given = {cell[3] for cell in cells if cell[2].strip()}, {*master.cells.values()}
    checks = {f"{exercise}_check" for exercise in master.exercises}
    left_out |= {i for i, cell in enumerate(cells) if cell[2] in given or cell[3] in checks}
    behind, anchor = {}, None
    for position, (ident, kind, source, grade_id) in enumerate(cells):
        exercise = answers.get(position)
        # An answer in another cell than the marked one stands where it stood, as what it needs may stand before it.
        slot = master.exercises[exercise][0] if exercise and (grade_id == exercise or exercise not in marked) else None
        if slot or ident in master.cells:
            anchor = slot or ident
        if exercise:
            unit = Unit(f"{exercise} {position}", _code(kind, source), exercise, own=True)
            behind.setdefault(anchor, []).append(unit)
        elif kind == "code" and position not in left_out:
            unit = Unit(f"added {position}", source, own=True, changed=ident in master.cells)
            behind.setdefault(anchor, []).append(unit)
    solutions = {ident for ident, _ in master.exercises.values()}
    units = [*behind.get(None, [])]
    for ident in master.cells:
        own = behind.get(ident, [])
        units += own if ident in solutions else [Unit(ident, master.cells[ident]), *own]
    taken = needed(units)
    return Submission(student, stem, taken, notes, _untrained(units, taken))


def _answers(master, cells, notes):
    """({position: exercise} of the cells that answer one, the positions of stubs, which nobody needs).

    An answer is every cell that carries the mark of its exercise, and those behind it that define its function anew, as
    far as the last check of it saw them. A stub counts only where there is nothing else, and text only where there is
    no code.
    """
    answers, left_out, lost = {}, set(), []
    for exercise, (_, name) in master.exercises.items():
        marked = {i for i, cell in enumerate(cells) if cell[3] == exercise and cell[2].strip()}
        written = {i for i, cell in enumerate(cells) if _own(cell, master) and name in _defined(cell, name)}
        stubs = {i for i in marked | written if _is_stub(_code(*cells[i][1:3]))}
        in_code = {i for i in written - stubs if cells[i][1] == "code"}
        text = written - stubs - in_code
        if in_code:
            check = max((i for i, cell in enumerate(cells) if _checks(cell, exercise)), default=len(cells))
            seen = {i for i in in_code if i <= check} or in_code
            parts = {i for i in marked - stubs if cells[i][1] == "code" and (i in seen or i not in in_code)}
            found = parts | {i for i in seen if i > max(parts & seen, default=-1)}
            if in_code - seen:
                notes.append(f"A cell below the last check of {exercise} defines {name} again: it does not count.")
            if marked and max(found & seen) not in marked:
                notes.append(
                    f"The answer to {exercise} was found in a cell that is not its own, by the function's name."
                )
            elif stubs:
                notes.append(
                    f"A cell of {exercise} is still as it was handed out: what counts is the one that is written."
                )
        elif text:
            found = {max(text)}
            notes.append(f"The answer to {exercise} is in a cell that is no code cell: it was read as one.")
        else:
            found, stubs = {i for i in marked or written if cells[i][1] == "code" or i in stubs}, set()
        if found and not marked:
            lost.append(exercise)
        if len(found) > 1:
            notes.append(f"There are several cells of {exercise}: they count as one, in their order.")
        left_out |= stubs
        answers |= dict.fromkeys(found - {*answers}, exercise)
    if lost:
        notes.append(_lost_marks(*lost))
    return answers, left_out - {*answers}


def _lost_marks(first, *others):
    if not others:
        return f"The cell of {first} has lost its mark: its answer was found by the function's name."
    others = " and ".join(filter(None, [", ".join(others[:-1]), others[-1]]))
    return f"The cell of {first} has lost its mark, like {others}: the answers were found by the functions' names."


def _own(cell, master):
    """Is a cell the student's, and not one that the master gives?"""
    return master.cells.get(cell[0]) != cell[2] or cell[3] in master.exercises


def _defined(cell, name):
    """What a cell defines; of one that is no code only the functions and classes: the rest may be words."""
    kind, source = cell[1:3]
    about = _about(_code(kind, source))
    return about.defines - about.imports if kind == "code" else about.functions


def _checks(cell, exercise):
    """Does a cell call the check of an exercise?"""
    return cell[1] == "code" and re.search(rf"^[^#\n]*\bcheck\s*\.\s*{exercise}\s*\(", cell[2], re.MULTILINE)


def answered(stem, cells):
    """How many exercises have an answer that is not the stub of the student copies."""
    answers, _ = _answers(all_masters()[stem], cells, [])
    return len({exercise for i, exercise in answers.items() if not _is_stub(_code(*cells[i][1:3]))})


def _is_stub(source):
    """Does a cell still raise what its stub raised, before it returns anything?"""
    if "NotAnswered" not in source:
        return False
    try:
        bodies = [getattr(node, "body", None) for node in ast.walk(ast.parse(python(source)))]
    except NO_PYTHON:
        return False
    for body in bodies:
        for statement in body if isinstance(body, list) else ():
            if isinstance(statement, ast.Return):
                break
            if isinstance(statement, ast.Raise) and "NotAnswered" in ast.dump(statement):
                return True
    return False


def _defined_functions(source):
    """The functions and classes that a cell defines."""
    return _about(source).functions


TRAINING = {".fit", ".evaluate", ".predict", ".train_on_batch"}


def needed(units):
    """The answers, and of all other cells those which define names that they use, directly or through each other.

    What a cell finds of a name is what the cells above it made of it, and only where there is none what is made below.
    """
    about = [_about(unit.source) for unit in units]
    training = _training(units)
    given = {name for unit, one in zip(units, about, strict=True) if not unit.own for name in one.defines}
    makers = {}  # of a name
    for i, (unit, one) in enumerate(zip(units, about, strict=True)):
        # What the master gives counts before what a student made of that cell.
        for name in () if training[i] else one.defines - given if unit.changed else one.defines:
            makers.setdefault(name, []).append(i)
    waiting = [i for i, unit in enumerate(units) if unit.exercise] + makers.get("*", [])
    taken, seen = {*waiting}, {}  # seen: {name: how many of its makers are taken}
    while waiting:
        user = waiting.pop()
        for name in about[user].uses & makers.keys():
            count = bisect_left(makers[name], user)
            if not count and name not in about[user].defines:
                count = len(makers[name])
            more = {*makers[name][seen.get(name, 0) : count]} - taken
            seen[name] = max(count, seen.get(name, 0))
            taken |= more
            waiting += more
    return [units[i] for i in sorted(taken)]


def _training(units):
    """For each cell the line that trains when it runs, by itself or by a function of the notebook, or ""."""
    about = [_about(unit.source) for unit in units]
    bodies = [body for one in about for body in one.bodies]
    training, before = {*TRAINING}, None
    while before != training:  # a function that calls one which trains does so, too
        before = {*training}
        training |= {name for name, called in bodies if called & training}
    return [next((line for name, line in one.calls if name in training), "") for one in about]


def _untrained(units, taken):
    """{name: the line for which the cell that makes it does not run} of names that are not there."""
    made = {name for unit in taken for name in _about(unit.source).defines}
    lines = zip(units, _training(units), strict=True)
    return {name: line for unit, line in lines if line for name in sorted(_about(unit.source).defines - made)}


class About(NamedTuple):
    """What is known of a cell without running it: sets of names.

    defines: those that it makes, imports: those of them that it imports, functions: its functions and classes; uses:
    those that it does not make itself. calls: (name, line) of what it calls when it runs. bodies: (name of a function
    of its own, names of what that calls).
    """

    defines: frozenset = frozenset()
    imports: frozenset = frozenset()
    functions: frozenset = frozenset()
    uses: frozenset = frozenset()
    calls: tuple = ()
    bodies: tuple = ()


@lru_cache(4096)
def _about(source):
    source = python(source)
    try:
        tree, table = ast.parse(source), symtable.symtable(source, "cell", "exec")
    except NO_PYTHON:
        functions = frozenset(re.findall(r"^(?:def|class) (\w+)", source, re.MULTILINE))
        return About(defines=functions, functions=functions)
    symbols = table.get_symbols()
    defines = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
    if any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in tree.body):
        defines.add("*")
    uses, tables = set(), [table]
    while tables:
        inner = tables.pop()
        tables += inner.get_children()
        uses |= {s.get_name() for s in inner.get_symbols() if s.is_referenced() and (inner is table or s.is_global())}
    bodies = [
        (node.name, frozenset(name for name, _ in _calls(ast.walk(node))))
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    ]
    lines = source.split("\n")
    return About(
        frozenset(defines),
        frozenset(s.get_name() for s in symbols if s.is_imported()),
        frozenset(s.get_name() for s in symbols if s.is_namespace()),
        frozenset(uses - set(vars(builtins))),
        tuple((name, lines[number - 1].strip()[:80]) for name, number in _calls(_run_at_once(tree))),
        tuple(bodies),
    )


def _calls(nodes):
    """(what is called, in which line) of the calls among the nodes; of `model.fit` the name is ".fit"."""
    for node in nodes:
        called = node.func if isinstance(node, ast.Call) else None
        if isinstance(called, ast.Name | ast.Attribute):
            yield (called.id if isinstance(called, ast.Name) else f".{called.attr}"), node.lineno


def _run_at_once(tree):
    """The nodes of a cell but those inside functions, which run when they are called."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += ast.iter_child_nodes(node)
