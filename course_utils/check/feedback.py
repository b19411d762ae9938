"""What a student is told beside the findings: which version was judged, what comes next, hints, the course's answer.

The last three only in a workspace: see `course_utils.workspace`. COURSE_HELP=0 turns hints and the course's answers
off, for a class with marks.
"""

import ast
import inspect
import json
import os
import re
import textwrap
import threading
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import replace

from course_utils import workspace
from course_utils.check import EXERCISES
from course_utils.files import master

SILENT = 2  # seconds of a check before a line says that it is under way
TRIES = 2  # that fail before the first hint; as many more before the second
_failed = Counter()  # tries of each exercise, since the kernel was started


@contextmanager
def patience(exercise):
    """Inside, a line says after a while that the check is under way; it goes when the block ends."""
    if not (workspace.folder() and _shell()):
        yield
        return
    from IPython.display import HTML, DisplayHandle

    line, begun = DisplayHandle(), threading.Event()

    def tell():
        begun.set()
        line.display(HTML(f"<i>check.{exercise} is looking at your answer ...</i>"))

    timer = threading.Timer(SILENT, tell)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        if begun.is_set():
            line.update(HTML(""))


def shown(result, answer):
    """The result, with what else is to be told of it."""
    notes, folded = [_stale(answer)], []
    if workspace.folder():
        notes.append(workspace.keep(result))
        passed = result.status == "ok"
        notes.append(workspace.next_line(result.exercise) if passed else None)
        _failed[result.exercise] += result.status in ("partial", "failed")
        if os.environ.get("COURSE_HELP") != "0":
            folded = _ours(result.exercise, answer) if passed else _hints(result.exercise)
    return replace(result, notes=tuple(filter(None, notes)), folded=tuple(folded))


def _hints(exercise):
    given = zip(("A hint", "Another hint"), EXERCISES[exercise].hints, strict=True)
    return [(title, text, "") for title, text in given][: _failed[exercise] // TRIES]


# The course's own answer.


def _ours(exercise, answer):
    source = solution(exercise)
    if not source:
        return []
    words = ""
    with suppress(Exception):  # a source that cannot be found, or read
        words = _differs(inspect.getsource(answer), source)
    return [("Compare with ours", words, source)]


def solution(exercise):
    """The course's own answer to an exercise, from its master; None where that is not here."""
    path = master(EXERCISES[exercise].notebook)
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if path else ():
        marks = cell["metadata"].get("nbgrader", {})
        if marks.get("grade_id") == exercise:
            lines = "".join(cell["source"]).splitlines()
            return "\n".join(line for line in lines if "### BEGIN SOLUTION" not in line and "### END" not in line)
    return None


def _differs(own, ours):
    """A sentence on what differs between two answers."""
    mine, theirs = (_about(source) for source in (own, ours))
    words = [f"Yours has {mine[0]} lines of code, ours {theirs[0]}."]
    for whose, names in ("Only ours", theirs[1] - mine[1]), ("Only yours", mine[1] - theirs[1]):
        if names:
            words.append(f"{whose} calls {', '.join(sorted(names)[:6])}.")
    return " ".join(words)


def _about(source):
    """(lines of code, names of what is called)."""
    tree = ast.parse(textwrap.dedent(source))
    for node in ast.walk(tree):  # without docstrings
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body[:1] = []
    calls = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    names = {call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls}
    return len(ast.unparse(tree).splitlines()), names - {""}


# Which version was judged.


def _stale(answer):
    """A sentence if the student has run a newer version of the answer since, which failed; else None."""
    if not (shell := _shell()):
        return None
    name = getattr(answer, "__name__", None)
    code = getattr(inspect.unwrap(answer) if callable(answer) else answer, "__code__", None)
    numbers = getattr(shell.compile, "_filename_map", {})  # Google Colab's IPython has none
    number = numbers.get(code.co_filename) if code else None
    if number is None or not name:
        return None
    defines = re.compile(rf"^(?:def|class) {re.escape(name)}\b", re.MULTILINE)
    later = [i for i, source in enumerate(shell.user_ns["In"]) if i > number and defines.search(source)]
    if not later:
        return None
    return (
        f"Judged was the version of {name} that ran as [{number}]. The latest one, [{later[-1]}], failed: mend it, run "
        "its cell, then this one."
    )


def _shell():
    """IPython's shell, where there is one."""
    with suppress(ImportError):
        from IPython import get_ipython

        return get_ipython()
