"""What runs in the sandbox: the cells of one submission, and what asks for its exercises.

It holds no secret, and whatever it says is taken as data: it is judged elsewhere.
"""

import ast
import builtins
import codeop
import getpass
import inspect
import linecache
import os
import re
import resource
import signal
import sys
import types
from functools import partial

import IPython.core.inputtransformer2
import matplotlib.backends.backend_agg  # once, here: each sandbox would import it anew
import matplotlib.pyplot
from IPython.utils.capture import CapturedIO
from IPython.utils.text import SList

from course_utils import check
from course_utils.check import evidence
from course_utils.grading import protocol
from course_utils.grading.cells import NO_PYTHON, python
from course_utils.notebook import makes


def answer(connection):
    """Read a request from the socket, run it, and send a frame for each exercise, then one that says it is the last.

    Raises MemoryError in the end if any step did.
    """
    request = protocol.unpack(b"".join(iter(lambda: connection.recv(1 << 16), b"")))
    keras_given = any(asking["keras_given"] for asking in request["asking"].values())
    _take_away_answers({*request["given"]}, {name for _, name in request["exercises"]}, keras_given)
    notebook = _Notebook(request["untrained"])
    signal.signal(signal.SIGPROF, _too_long)
    functions, answers, problems, memory = dict(request["exercises"]), {}, {}, False
    for cell in request["cells"]:
        found = notebook.run(cell)
        memory |= _of_memory(found)
        exercise = cell["exercise"]
        if exercise and found["outcome"] != "returned":
            problems.setdefault(exercise, found)
        if exercise and functions[exercise] in notebook.names:  # a cell below may give the name to something else
            answers[exercise] = notebook.names[functions[exercise]]
    for exercise, name in functions.items():
        found = {"problem": problems.get(exercise)}
        if exercise in answers or name in notebook.names:
            answer = answers[exercise] if exercise in answers else notebook.names[name]
            found = _asked(answer, request["asking"][exercise], last=exercise == [*functions][-1])
        memory |= _of_memory(found)
        connection.sendall(_packed(found, exercise, notebook.lost))
    connection.sendall(protocol.pack(None, protocol.LAST))
    if memory:
        raise MemoryError


def _asked(answer, asking, last):
    """Evidence of an answer, or of what stopped the asking: that is no reason not to ask for the next one.

    last: is there none? Then this one may take what time is left.
    """
    collect = partial(check.asked, asking["kind"], answer, asking["request"])
    try:
        return {"evidence": collect() if last else _in_time(collect)}
    except BaseException as error:
        return {"stopped": _kind(error)}


def _packed(found, exercise, lost):
    try:
        _blame(found, lost)
        return protocol.pack(found, exercise)
    except BaseException as error:  # evidence of an answer that returns, or raises, things that are not what they say
        return protocol.pack({"stopped": _kind(error)}, exercise)


def _kind(error):
    """The name of an exception's class, whatever the class says."""
    return type.__dict__["__name__"].__get__(type(error))[:60]


def _in_time(function, *args, **kwargs):
    """Call a function, and stop it when it has used up its share of the processor: what comes later shall have its own.

    It is Python that stops, between two steps of its own. Whatever goes on all the same, the sandbox ends.
    """
    share = max(5, resource.getrlimit(resource.RLIMIT_CPU)[0] / 8)  # seconds; the course's own take 2.5 at most
    signal.setitimer(signal.ITIMER_PROF, share, 0.1)  # and soon again, for the next probe that never ends
    try:
        return function(*args, **kwargs)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


class _TooLong(TimeoutError):
    pass


_TooLong.__name__ = "TimeoutError"


def _too_long(*_):
    raise _TooLong("it was stopped, as it takes too long: a loop may never end")


NAME = re.compile(r"name '(\w+)' is not defined")


def _blame(found, lost):
    """Wherever evidence tells of a name that is not there, say why not, as far as that is known."""
    for one in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        _blame(one, lost)
    if isinstance(found, dict) and found.get("type") == "NameError" and (name := NAME.fullmatch(found["text"])):
        found["text"] += f", because {lost[name[1]]}" if name[1] in lost else ""


class _Notebook:
    """The notebook as it runs here. names: its namespace; lost: {name: why it is not there}, which ends a sentence."""

    def __init__(self, untrained):
        module = types.ModuleType("__main__")
        sys.modules["__main__"] = module
        self.names = vars(module)
        self.compile = codeop.Compile()  # what is imported from __future__ holds for the cells below, too
        self.lost = {
            name: f"`{line}` does not run in grading, where nothing is trained" for name, line in untrained.items()
        }
        _furnish(self.names)

    def run(self, cell):
        """Run one cell as JupyterLab would; what stops it stops nothing else. Returns evidence of that.

        On another machine more may be installed, and other files be there. So a cell that is no answer goes on behind a
        statement that fails, and an answer behind one that misses a module or a file.
        """
        try:
            return _in_time(evidence.attempt, self._execute, cell, max_parameters=MAX_PARAMETERS)[1]
        except BaseException as error:  # such as KeyboardInterrupt, or the refusal to hand on a network of the course's
            return {"outcome": "raised", "error": {"type": _kind(error), "text": "", "lines": []}}

    def _execute(self, cell):
        source, place = python(cell["source"]), f"<cell {cell['id']}>"
        linecache.cache[place] = len(source), None, source.splitlines(keepends=True), place
        self.names["In"].append(source)
        try:
            statements = ast.parse(source, place).body
        except NO_PYTHON as error:
            line = (getattr(error, "text", "") or "its cell").strip()[:80]
            for name in re.findall(r"^(?:def |class |)(\w+)(?: *=[^=]|\(|:)", source, re.MULTILINE):
                self._lose(name, line, error)
            raise
        first = None
        for number, statement in enumerate(statements):
            try:
                exec(self.compile(ast.Module([statement], []), place, "exec"), self.names)
            except BaseException as error:
                goes_on = self._goes_on(error, cell["exercise"])
                line = source.split("\n")[statement.lineno - 1].strip()[:80]
                for lost in [statement] if goes_on else statements[number:]:
                    for name in makes(lost):
                        self._lose(name, line, error)
                if not goes_on:
                    raise
                first = first or error
        if first and cell["exercise"]:  # which is told if that is why there is no answer
            raise first

    def _goes_on(self, error, is_answer):
        if isinstance(error, MemoryError | _TooLong) or _kind(error) in OUT_OF_MEMORY:
            return False
        if is_answer:
            missing = isinstance(error, NameError) and error.name in self.lost
            return missing or isinstance(error, ImportError | FileNotFoundError)
        return isinstance(error, Exception)

    def _lose(self, name, line, error):
        """Keep why a name is not there: the first that failed, of those that failed for each other."""
        why = self.lost.get(error.name) if isinstance(error, NameError) else None
        failed = "leaves the notebook" if isinstance(error, SystemExit) else f"failed in grading ({_in_brief(error)})"
        self.lost.setdefault(name, why or f"`{line}` {failed}")


def _in_brief(error):
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        return f"{_kind(error)}: {' '.join(text.split())[:120]}".removesuffix(": ")
    except Exception:  # a student's own exception may fail to tell what it is
        return _kind(error)


MAX_PARAMETERS = 60_000_000  # of models that a cell builds


# --- What a notebook finds in JupyterLab ------------------------------------------------------------------------------


def _furnish(names):
    """Give a notebook what it finds in JupyterLab, as far as that can be without anybody who looks or types."""
    shell, nothing = _Shell(), _Nothing()
    history, outputs = _History([""]), _Outputs()
    names |= dict.fromkeys(("_", "__", "___"), nothing) | dict.fromkeys(("_i", "_ii", "_iii"), "")
    names |= {"In": history, "_ih": history, "Out": outputs, "_oh": outputs, "_dh": [os.getcwd()]}
    names |= {"display": lambda *args, **kwargs: None, "get_ipython": lambda: shell, "exit": _leave, "quit": _leave}
    shell.user_ns = names
    IPython.get_ipython = IPython.core.getipython.get_ipython = names["get_ipython"]
    builtins.input = getpass.getpass = _nobody_types
    matplotlib.pyplot.switch_backend("agg")
    # Whatever a notebook asks for: there is no screen, and the checks that it calls would miss their other half.
    matplotlib.use = matplotlib.pyplot.switch_backend = matplotlib.pyplot.show = names["display"]
    check.__getattr__ = lambda name: names["display"]


def _leave(*args):
    raise SystemExit


def _nobody_types(*args, **kwargs):
    raise EOFError("nobody is there in grading to type what input() or getpass() waits for")


class _Nothing:
    """Whatever is done with it, nothing comes out: for what was shown earlier, when other cells ran."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return _Nothing()

    def __call__(self, *args, **kwargs):
        return _Nothing()

    def __getitem__(self, key):
        return _Nothing()

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __repr__(self):
        return ""


class _Shell(_Nothing):
    """What `get_ipython()` gives here: magics and shell commands do nothing."""

    def run_line_magic(self, name, line, *args):
        return os.getcwd() if name == "pwd" else None

    def system(self, command):
        pass

    def getoutput(self, command, *args, **kwargs):
        return SList()

    def captured(self):
        return CapturedIO(None, None)


class _History(list):
    """`In`: cells that did not run here are empty."""

    def __getitem__(self, key):
        return "" if isinstance(key, int) and key >= len(self) else super().__getitem__(key)


class _Outputs(dict):
    """`Out`: nothing is kept."""

    def __missing__(self, key):
        return _Nothing()


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
    from course_utils.check.ask.calling import refuse

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
        function.__code__ = refuse.__code__.replace(**about)


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
