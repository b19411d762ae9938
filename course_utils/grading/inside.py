"""What runs in the sandbox: the cells of one submission, and the asking half of its exercises.

It holds no secret, and whatever it says is taken as data: the judging half runs elsewhere.
"""

import inspect
import linecache
import sys
import types
from importlib import import_module

from IPython.core.inputtransformer2 import TransformerManager

from course_utils import check
from course_utils.check import evidence
from course_utils.grading import wire


def answer(connection):
    """Read a request from the socket, run it, and send a frame for each exercise, then one that says it is the last.

    Raises MemoryError in the end if any step did.
    """
    request = wire.unpack(b"".join(iter(lambda: connection.recv(1 << 16), b"")))
    asked = [import_module(f"course_utils.check.ask.{exercise}") for exercise, _ in request["exercises"]]
    keras_given = any(getattr(module, "KERAS_NETWORKS_GIVEN", False) for module in asked)
    _take_away_answers({*request["given"]}, {name for _, name in request["exercises"]}, keras_given)
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
        found = {"problem": problems.get(exercise)}
        if name in vars(notebook):
            found = _asked(exercise, vars(notebook)[name], request["seed"])
        memory |= _of_memory(found)
        connection.sendall(_packed(found, exercise))
    connection.sendall(wire.pack(None, wire.LAST))
    if memory:
        raise MemoryError


def _asked(exercise, answer, seed):
    """Evidence of an answer, or of what stopped the asking: that is no reason not to ask for the next one."""
    try:
        return {"evidence": check.collect(exercise, answer, hidden=True, seed=seed)}
    except BaseException as error:
        return {"stopped": _kind(error)}


def _packed(found, exercise):
    try:
        return wire.pack(found, exercise)
    except BaseException as error:  # evidence of an answer that returns, or raises, things that are not what they say
        return wire.pack({"stopped": _kind(error)}, exercise)


def _kind(error):
    """The name of an exception's class, whatever the class says."""
    return type.__dict__["__name__"].__get__(type(error))[:60]


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
        return {"outcome": "raised", "error": {"type": _kind(error), "text": "", "lines": []}}


MAX_PARAMETERS = 60_000_000  # of models that a cell builds


class _NoShell:
    """What `get_ipython()` gives here: magics and shell commands do nothing."""

    def __getattr__(self, name):
        return lambda *args, **kwargs: None


OUT_OF_MEMORY = "MemoryError", "ResourceExhaustedError"


def _of_memory(found):
    """Does evidence tell of memory that ran out?"""
    if isinstance(found, dict):
        told = found.get("type"), found.get("stopped")
        return any(name in told for name in OUT_OF_MEMORY) or any(map(_of_memory, found.values()))
    return isinstance(found, list) and any(map(_of_memory, found))


# The course's own networks are answers to its exercises, and so are some of Keras'. Inside, only those of the course
# exist that the notebook is given.


def _take_away_answers(given, asked, keras_given=False):
    """Leave no code in the functions of `course_utils.networks`, but for those named as given and what they call, and
    none in those of `keras.applications`, unless they are given. asked: names of functions that stay in no case.
    """
    from course_utils.check.ask import models

    modules = [module for name, module in sys.modules.items() if name.startswith("course_utils.networks.")]
    keras = [module for name, module in sys.modules.items() if name.startswith("keras.src.applications.")]
    kept, waiting = set(), [*given]
    functions = {}
    for module in modules:
        for function in _functions(module):
            functions.setdefault(function.__qualname__.split(".")[0], []).append(function)
    while waiting:
        name = waiting.pop()
        if name in functions and name not in kept | asked:
            kept.add(name)
            waiting += [used for function in functions[name] for used in _names(function.__code__)]
    taken = [function for name, found in functions.items() if name not in kept for function in found]
    keras = [module for module in keras if not keras_given and not module.__name__.endswith("utils")]
    taken += [function for module in keras for function in _functions(module)]
    for function in taken:
        name = f"{function.__module__}.{function.__qualname__.split('.')[0]}"
        about = {"co_name": name, "co_freevars": function.__code__.co_freevars}
        function.__code__ = models._refuse.__code__.replace(**about)


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
