"""An extension of IPython, in the kernels of `course lab`: what has not run, or is not answered, is said calmly.

    %load_ext course_utils.notebook

Keras is imported without TensorFlow's messages. A cell that needs an exercise which is not answered waits: it does not
stop Run All. A cell that needs a name which a cell above it should have made says so.
"""

import ast
import os
import re
from contextlib import contextmanager
from functools import cache
from html import escape

from course_utils.environment import quietly
from course_utils.errors import CourseError

_waiting = {}  # {name that a cell would have made: the exercise that it waits for}
_calm = False  # is the cell that runs now one that waits?


def load_ipython_extension(shell):
    quietly(_loading)
    shell.set_custom_exc((NameError, CourseError), _told)
    shell.events.register("pre_run_cell", _begin)
    shell.events.register("post_run_cell", _goes_on)


@contextmanager
def _loading():
    """In a student's folder a line while TensorFlow is imported; it goes when that is done."""
    if not os.environ.get("COURSE_WORKSPACE"):
        yield
        return
    from IPython.display import HTML, display

    line = display(Line("TensorFlow is being loaded, which takes some seconds ..."), display_id=True)
    yield
    line.update(HTML(""))


def _begin(info):
    global _calm
    _calm = False


def _goes_on(result):
    """A cell that waits is no error for whoever runs all cells."""
    if _calm:
        result.error_in_exec = None


def _told(shell, kind, error, trace, tb_offset=None):
    """What is shown in place of a traceback; IPython calls it."""
    global _calm
    source = shell.user_ns["In"][-1]
    exercise = _exercise(error)
    if exercise:
        _calm = True
        _waiting.update(dict.fromkeys(_makes(source), exercise))
        _show(
            f"This cell waits for {exercise} above, which is not answered yet. Write it, run its cell, then this one."
        )
    elif isinstance(error, CourseError):
        _show(str(error))
    elif isinstance(error, NameError) and (word := _not_there(error.name, shell)):
        _show(word)
    else:
        shell._showtraceback(kind, error, shell.InteractiveTB.structured_traceback(kind, error, trace, tb_offset))


def _exercise(error):
    """The function that an exception says is not answered, or None."""
    from course_utils.check import NotAnswered

    if isinstance(error, NotAnswered):
        return error.function or "the exercise"
    return _waiting.get(error.name) if isinstance(error, NameError) else None


def _not_there(name, shell):
    """Why a name is not there, in a sentence, if a cell of the course's makes it; else None."""
    place = _makers().get(name)
    if place == "set-up":
        return (
            f"`{name}` is not there: the first cell of this notebook has not run since the kernel was started. Choose "
            "Run > Run All Above Selected Cell, then run this cell again."
        )
    if place == "answer":
        return f"`{name}` is not there yet: run the cell above in which you write it, then this one again."
    if place:
        return (
            f"`{name}` is not there: the cell above that makes it has not run since the kernel was started. Choose Run "
            "> Run All Above Selected Cell, then run this cell again."
        )
    return None


@cache
def _makers():
    """{name: "set-up", "answer" or "cell"}: which kind of cell of the course makes it."""
    import json

    from course_utils.files import masters, pages

    found = {}
    for path in (masters() | pages()).values():
        cells = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
        for number, cell in enumerate(cells):
            answer = cell["metadata"].get("nbgrader", {}).get("solution")
            for name in _makes("".join(cell["source"])):
                found.setdefault(name, "answer" if answer else "cell" if number else "set-up")
    return found


def _makes(source):
    """The names that a cell makes."""
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError):  # of magics, too
        return set()
    return {name for statement in statements for name in makes(statement)}


def makes(statement):
    """The names that a statement would make."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    made = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    imports = (node for node in ast.walk(statement) if isinstance(node, ast.Import | ast.ImportFrom))
    return made | {(alias.asname or alias.name).split(".")[0] for node in imports for alias in node.names}


def _show(text):
    from IPython.display import display

    display(Line(text))


class Line:
    """A sentence that looks the same in light and dark, and is no error."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text

    def _repr_html_(self):
        from course_utils.check.result import BOX

        text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(self.text))
        return f'<div style="{BOX}">{text}</div>'
