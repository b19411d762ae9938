"""What runs in the sandbox: the cells of one submission, and the asking half of its exercises.

It holds no secret, and whatever it says is taken as data: the judging half runs elsewhere.
"""

import inspect
import linecache
import sys
import types

from IPython.core.inputtransformer2 import TransformerManager

from course_utils import check
from course_utils.check import evidence
from course_utils.grading import wire


def answer(connection):
    """Read a request from the socket, run it, and send a frame for each exercise, then one that says it is the last.

    Raises MemoryError in the end if any step did.
    """
    request = wire.unpack(b"".join(iter(lambda: connection.recv(1 << 16), b"")))
    _take_away_answers({*request["given"]})
    notebook = types.ModuleType("__main__")
    notebook.get_ipython = _NoShell
    sys.modules["__main__"] = notebook
    problems, memory = {}, False
    for cell in request["cells"]:
        found = _run(cell, notebook)
        memory |= _of_memory(found)
        if found["outcome"] != "returned" and cell["exercise"]:
            problems.setdefault(cell["exercise"], found)
    for exercise, name in request["exercises"]:
        if name in vars(notebook):
            found = check.collect(exercise, vars(notebook)[name], hidden=True, seed=request["seed"])
            frame = {"exercise": exercise, "evidence": found}
        else:
            frame = {"exercise": exercise, "undefined": name, "problem": problems.get(exercise)}
        memory |= _of_memory(frame)
        connection.sendall(wire.pack(frame))
    connection.sendall(wire.pack({"last": True}))
    if memory:
        raise MemoryError


def _run(cell, notebook):
    """Run one cell as a notebook would, without its magics; what stops it stops nothing else."""

    def execute():
        source = TransformerManager().transform_cell(cell["source"])
        place = f"<cell {cell['id']}>"
        linecache.cache[place] = len(source), None, source.splitlines(keepends=True), place
        code = compile(source, place, "exec", dont_inherit=True)
        exec(code, vars(notebook))

    try:
        return evidence.attempt(execute, max_parameters=MAX_PARAMETERS)[1]
    except BaseException as error:  # such as KeyboardInterrupt, or the refusal to hand on a network of the course's own
        return {"outcome": "raised", "error": {"type": type(error).__name__, "text": "", "lines": []}}


MAX_PARAMETERS = 60_000_000  # of models that a cell builds


class _NoShell:
    """What `get_ipython()` gives here: magics and shell commands do nothing."""

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


def _of_memory(found):
    """Does evidence tell of memory that ran out?"""
    if isinstance(found, dict):
        return found.get("type") in ("MemoryError", "ResourceExhaustedError") or any(map(_of_memory, found.values()))
    return isinstance(found, list) and any(map(_of_memory, found))


# The course's own networks are answers to its exercises. Inside, only those exist that the notebook is given.


def _take_away_answers(given):
    """Leave no code in the functions of `course_utils.networks`, but for those named as given and what they call."""
    from course_utils.check.ask import models

    modules = [module for name, module in sys.modules.items() if name.startswith("course_utils.networks.")]
    kept, waiting = set(), [*given]
    functions = {}
    for module in modules:
        for function in _functions(module):
            functions.setdefault(function.__qualname__.split(".")[0], []).append(function)
    while waiting:
        name = waiting.pop()
        if name in functions and name not in kept:
            kept.add(name)
            waiting += [used for function in functions[name] for used in _names(function.__code__)]
    for name, found in functions.items():
        for function in found if name not in kept else ():
            code = models._refuse.__code__
            about = {"co_name": f"{function.__module__}.{name}", "co_freevars": function.__code__.co_freevars}
            function.__code__ = code.replace(**about)


def _functions(module):
    """The functions of a module and of its classes."""
    for value in [*vars(module).values()]:
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if isinstance(value, type):
            yield from (part for part in vars(value).values() if isinstance(part, types.FunctionType))
        elif callable(value):
            yield inspect.unwrap(value)


def _names(code):
    """The global names that code uses, that of functions inside it included."""
    inner = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    return {*code.co_names, *(name for one in inner for name in _names(one))}
