"""What Keras, TensorFlow, NumPy and Python keep for a whole process, such as Keras' data format or the folder.

An answer that changes it touches whatever comes after it. So each exercise is asked, and judged, with the course's own
settings; afterwards everything is as the student had left it. Nothing here knows what is right.
"""

import inspect
import linecache
import os
import random
import re
import sys
import sysconfig
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.common import global_state
from tensorflow.python.data.ops import debug_mode
from tensorflow.python.eager import context
from tensorflow.python.framework import config

COURSE = str(Path(__file__).parent.parent)
NOT_THE_STUDENTS = (
    *(sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    COURSE,
    "<frozen ",
    "<__array_function__",
)


def is_students(file):
    """Is this file, or cell, one that the student wrote?"""
    return not file.startswith(NOT_THE_STUDENTS) and "__autograph_generated_file" not in file


class Setting(NamedTuple):
    """read: gives its value. write: takes one. right: what the course expects, or AS_FOUND. calls: what changes it, to
    look for in a student's lines. told: is it worth a word if it was set before the check?
    """

    read: Callable
    write: Callable
    right: Any
    calls: str
    told: bool = True


AS_FOUND = object()


def _switch(on, off):
    return lambda value: on() if value else off()


def _policy():
    policy = global_state.get_global_attribute("dtype_policy")
    return policy.name if policy else "float32"


def _seed():
    return getattr(context.context(), "_seed", None), getattr(context.context(), "_rng", None)


def _set_seed(value):
    context.context()._seed, context.context()._rng = value


def _enable_eager_execution():
    context.default_execution_mode = context.EAGER_MODE  # without which TensorFlow refuses what follows
    context.context()._thread_local_data.is_eager = True
    tf.compat.v1.enable_v2_behavior()


def _environment():
    return os.environ._data.copy()  # as it is kept: to decode it takes a tenth of the time of a check


def _set_environment(value):
    for name in os.environ._data.keys() - value.keys():
        del os.environ[os.environ.decodekey(name)]
    os.environ.update((os.environ.decodekey(name), os.environ.decodevalue(text)) for name, text in value.items())


def _folder():
    with suppress(OSError):  # it may have been removed
        return os.getcwd()


def _set_folder(value):
    with suppress(OSError):
        os.chdir(value or tempfile.gettempdir())  # in one that was removed Python finds no source


SEED = r"random\.seed"
SETTINGS = {
    "recursion_limit": Setting(sys.getrecursionlimit, sys.setrecursionlimit, AS_FOUND, "setrecursionlimit"),
    "backend": Setting(keras.config.backend, lambda value: None, "tensorflow", "set_backend"),
    "image_data_format": Setting(
        keras.config.image_data_format, keras.config.set_image_data_format, "channels_last", "set_image_data_format"
    ),
    "floatx": Setting(keras.config.floatx, keras.config.set_floatx, "float32", "set_floatx"),
    "epsilon": Setting(keras.config.epsilon, keras.config.set_epsilon, 1e-7, "set_epsilon"),
    "dtype_policy": Setting(
        _policy, keras.config.set_dtype_policy, "float32", "set_dtype_policy|set_global_policy|set_floatx"
    ),
    "max_epochs": Setting(keras.config.max_epochs, keras.config.set_max_epochs, None, "set_max_epochs"),
    "max_steps_per_epoch": Setting(
        keras.config.max_steps_per_epoch, keras.config.set_max_steps_per_epoch, None, "set_max_steps_per_epoch"
    ),
    "traceback_filtering": Setting(
        keras.config.is_traceback_filtering_enabled,
        _switch(keras.config.enable_traceback_filtering, keras.config.disable_traceback_filtering),
        True,
        "disable_traceback_filtering",
    ),
    "eager_execution": Setting(
        lambda: context.default_execution_mode == context.EAGER_MODE,
        _switch(_enable_eager_execution, tf.compat.v1.disable_eager_execution),
        True,
        "disable_eager_execution|disable_v2_behavior",
    ),
    "run_functions_eagerly": Setting(
        tf.config.functions_run_eagerly, tf.config.run_functions_eagerly, False, "run_functions_eagerly"
    ),
    "debug_mode": Setting(
        lambda: debug_mode.DEBUG_MODE, debug_mode.toggle_debug_mode, False, "enable_debug_mode|toggle_debug_mode"
    ),
    "op_determinism": Setting(
        config.is_op_determinism_enabled,
        _switch(config.enable_op_determinism, config.disable_op_determinism),
        False,
        "enable_op_determinism",
        told=False,
    ),
    "seed": Setting(_seed, _set_seed, (None, None), f"set_random_seed|set_seed|{SEED}", told=False),
    "floating_point_errors": Setting(
        np.geterr,
        lambda value: np.seterr(**value),
        {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"},
        "seterr",
    ),
    "environment": Setting(_environment, _set_environment, AS_FOUND, "environ|putenv|unsetenv"),
    "folder": Setting(_folder, _set_folder, AS_FOUND, "chdir"),
}
SESSION = "session"
IGNORED = (  # an answer that calls these is asked as if it did not
    ("backend", keras.config.set_backend),
    ("image_data_format", keras.config.set_image_data_format),
    ("floatx", keras.config.set_floatx),
    ("epsilon", keras.config.set_epsilon),
    ("dtype_policy", keras.config.set_dtype_policy),
    ("traceback_filtering", keras.config.disable_traceback_filtering),
    ("eager_execution", tf.compat.v1.disable_eager_execution),
    ("eager_execution", tf.compat.v1.disable_v2_behavior),
    ("run_functions_eagerly", tf.config.run_functions_eagerly),
    ("op_determinism", config.enable_op_determinism),
)

NAMES = "object_name_uids"
SCOPES = "current_call_ctx", "stateless_scope", "symbolic_scope", "autocast_scope", "name_scope_stack"

TENSORFLOW = os.path.join("tensorflow", "python", "")

_notes = None  # of what answers changed, while one is asked


@contextmanager
def of_the_course():
    """Inside, all is as the course expects it; afterwards, as it was, but that no call of a layer is under way.

    An interrupt in the middle of such a call can leave Keras in it. Each later layer is then called as if it stood in
    the one that was interrupted, with its `training=False`, until the process ends.

    Gives a list that is filled with what differed before, and with what the answers change inside (see `kept`):
    {"setting": its name, "value": in words, "line": {"number", "source"} or None, "before": was it so before?}.
    """
    global _notes
    outer, notes = _notes, []
    session = global_state.GLOBAL_STATE_TRACKER
    before = {name: setting.read() for name, setting in SETTINGS.items()}
    numbers = random.getstate(), np.random.get_state()
    try:
        _notes = notes
        for name, setting in SETTINGS.items():
            if setting.told and setting.right is not AS_FOUND and before[name] != setting.right:
                _note(name, before[name])
        global_state.GLOBAL_STATE_TRACKER = threading.local()  # as keras.utils.clear_session does
        names = getattr(session, NAMES, {})  # but for what is called what: layers made before may be used inside
        global_state.set_global_attribute(NAMES, defaultdict(int, names))
        for setting in SETTINGS.values():
            if setting.right is not AS_FOUND and setting.read() != setting.right:
                setting.write(setting.right)
        if before["folder"] is None:
            _set_folder(None)
        random.seed(0)
        np.random.seed(0)
        yield notes
    finally:
        _notes = outer
        global_state.GLOBAL_STATE_TRACKER = session
        for name, setting in SETTINGS.items():
            if setting.read() != before[name]:
                setting.write(before[name])
        random.setstate(numbers[0])
        np.random.set_state(numbers[1])
        for scope in SCOPES:
            global_state.set_global_attribute(scope, None)


@contextmanager
def kept(function):
    """Whatever a call of the function changes inside, while an exercise is asked, is ignored or put back, and noted.

    Elsewhere nothing is: a cell of a notebook may change what it likes, for the cells below it.
    """
    if _notes is None:
        yield
        return
    with _ignored(), _put_back(function):
        yield


@contextmanager
def _ignored():
    """Inside, the functions of IGNORED do nothing: with another code each is still the same function."""
    codes = [function.__code__ for _, function in IGNORED]
    try:
        for name, function in IGNORED:
            function.__code__ = _ignore.__code__.replace(co_name=name)
        yield
    finally:
        for (_, function), code in zip(IGNORED, codes, strict=True):
            function.__code__ = code


def _ignore(*args, **kwargs):
    import sys  # run with the globals of another module

    from course_utils.check import state

    state._note_call(sys._getframe())


def _note_call(frame):
    """Note a call of an ignored function, if it is the student's, and would change something for good."""
    caller, name = frame.f_back, frame.f_code.co_name
    while TENSORFLOW in caller.f_code.co_filename:  # which has older names for some
        caller = caller.f_back
    if not is_students(caller.f_code.co_filename):
        return
    value = next(iter([*frame.f_locals["args"], *frame.f_locals["kwargs"].values()]), None)
    if isinstance(value, str | bool | int | float) and value == SETTINGS[name].right:  # it puts it back itself
        _notes[:] = [note for note in _notes if note["setting"] != name or note["before"]]
    else:
        source = linecache.getline(caller.f_code.co_filename, caller.f_lineno, caller.f_globals)
        _add(name, value, {"number": caller.f_lineno, "source": source.strip()[:120]}, before=False)


@contextmanager
def _put_back(function):
    """Afterwards each setting is as it was, and what the function changed is noted."""
    session = global_state.GLOBAL_STATE_TRACKER
    before = {name: setting.read() for name, setting in SETTINGS.items()}
    try:
        yield
    finally:
        changed = {}
        if global_state.GLOBAL_STATE_TRACKER is not session:
            global_state.GLOBAL_STATE_TRACKER = session
            changed[SESSION] = None
        for name, setting in SETTINGS.items():
            value = setting.read()
            if value != before[name]:
                setting.write(before[name])
                changed[name] = value
        for name, value in changed.items():
            _note(name, value, function)
        if _uses(function, "seed") and _own_line(function, SEED):  # `of_the_course` puts them back
            _note("seed", None, function)


def _uses(function, name):
    """Does the code of a function, or of a class's methods, hold this name? Much quicker than to read its lines."""
    parts = vars(function).values() if inspect.isclass(function) else [function]
    codes = (getattr(inspect.unwrap(part), "__code__", None) for part in parts)
    return any(name in code.co_names for code in codes if code)


def _note(name, value, function=None):
    """Note a change. function: that made it; without, it was so before."""
    calls = SETTINGS[name].calls if name in SETTINGS else "clear_session|reset_default_graph"
    _add(name, value, _own_line(function, calls) or _any_line(calls), before=function is None)


def _add(name, value, line, before):
    """Add to the notes; a line once, and what has none once."""
    if (line or name) not in [one["line"] or one["setting"] for one in _notes]:
        plain = str(value)[:60] if isinstance(value, str | bool | int | float) else ""
        _notes.append({"setting": name, "value": plain, "line": line, "before": before})


def _own_line(function, calls):
    """The line of a function that calls one of these, or None."""
    try:
        lines, first = inspect.getsourcelines(inspect.unwrap(function))
    except (TypeError, OSError):
        return None
    return _line(lines, max(first, 1), calls)


def _any_line(calls):
    """The latest line of any cell that calls one of these, or None."""
    for file, entry in reversed([*linecache.cache.items()]):
        if is_students(file) and len(entry) == 4 and (line := _line(entry[2], 1, calls)):
            return line
    return None


def _line(lines, first, calls):
    for number, source in enumerate(lines, first):
        if re.search(rf"\b({calls})\b", source.partition("#")[0]):
            return {"number": number, "source": source.strip()[:120]}
    return None
