"""Evidence of an answer, collected beside the student's code: plain data, whatever the answer does.

Nothing here knows what is right.
"""

import inspect
import linecache
import math
import os
import re
import textwrap
import traceback
from contextlib import contextmanager
from difflib import get_close_matches

import keras
import numpy as np

from course_utils.check import NotAnswered
from course_utils.check.state import COURSE, is_students, kept
from course_utils.environment import quiet

MAX_PARAMETERS = 20_000_000


def call(answer, offered, max_parameters=MAX_PARAMETERS):
    """Call an answer with those of the `offered` arguments (a dict, in order) that it accepts.

    Returns (what it returned, evidence of the call). The evidence's "outcome" is "returned", "raised", "unanswered",
    "too large", "arguments" (it asks for others) or "not a function".
    """
    kind, words = describe(answer)
    if kind in ("model", "layer") or not callable(answer):
        return None, {"outcome": "not a function", "kind": kind, "words": words}
    args, kwargs, missing = arguments(answer, offered)
    name = str(getattr(answer, "__name__", "the function"))[:60]
    if missing:
        return None, {"outcome": "arguments", "name": name, "missing": missing, "offered": list(offered)}
    value, found = attempt(answer, *args, max_parameters=max_parameters, **kwargs)
    if found["outcome"] == "returned":
        found["kind"], found["words"] = describe(value)
        found["class"] = inspect.isclass(answer)
        found["signature"] = [[p.name, p.kind.name, p.default is p.empty] for p in parameters(answer) or []]
    return value, found | {"name": name}


def parameters(answer):
    """The parameters of a function, or of a class without its self; None of a builtin that has no signature."""
    is_class = inspect.isclass(answer)  # of a class its own __init__: Keras' __new__ accepts anything
    try:
        found = list(inspect.signature(answer.__init__ if is_class else answer).parameters.values())
    except (TypeError, ValueError):
        return None
    return found[1:] if is_class else found


def arguments(answer, offered):
    """Match the `offered` arguments to a signature, by name and then by place.

    Returns (args, kwargs, missing): missing names the required parameters that nothing is offered for.
    """
    is_class, known = inspect.isclass(answer), parameters(answer)
    if known is None:
        return list(offered.values()), {}, []
    places = [p for p in known if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    named = [p for p in known if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    left = dict(offered)
    given = {p.name: left.pop(p.name) for p in named if p.name in left}
    for p in places:
        if p.name not in given and p.default is p.empty and left:
            given[p.name] = left.pop(next(iter(left)))
    missing = [p.name for p in [*places, *named] if p.name not in given and p.default is p.empty]
    args = []
    for p in places:  # by place as far as they go without a gap: a wrapper may hand on nothing but *args
        if p.name not in given:
            break
        args.append(given.pop(p.name))
    if not is_class and not places and any(p.kind is p.VAR_POSITIONAL for p in known):
        args.extend(left.values())
    elif not is_class and any(p.kind is p.VAR_KEYWORD for p in known):
        given |= left
    return args, given, list(dict.fromkeys(missing))


def attempt(function, *args, max_parameters=MAX_PARAMETERS, **kwargs):
    """Run code that may be the student's: quietly, and with a bound on the weights it makes.

    Returns (value, evidence). A KeyboardInterrupt passes through; everything is left as it was found.
    """
    try:
        with quiet(), _bounded(max_parameters), kept(function):
            value = function(*args, **kwargs)
    except _TooLarge as error:
        return None, {"outcome": "too large", "parameters": error.parameters, "error": _problem(error)}
    except NotAnswered as error:
        return None, {"outcome": "unanswered", "message": str(error)}
    except (Exception, SystemExit) as error:
        return None, {"outcome": "raised", "error": _problem(error)}
    return value, {"outcome": "returned"}


def describe(value):
    """(kind, words) of a returned object, such as ("array", "a NumPy array of shape (3,)").

    kind: "none", "model", "layer", "tensor", "array", "class", "function" or "other".
    """
    name = str(type(value).__name__)[:60]
    if value is None:
        return "none", "None"
    if inspect.isclass(value):
        return "class", f"the class {str(value.__name__)[:60]}"
    if isinstance(value, keras.Model):
        return "model", f"a model ({name})"
    if isinstance(value, keras.layers.Layer):
        return "layer", f"a layer ({name})"
    if isinstance(value, keras.KerasTensor) or keras.ops.is_tensor(value):
        return "tensor", f"a tensor of shape {tuple(value.shape)}"
    if isinstance(value, np.ndarray):
        return "array", f"a NumPy array of shape {value.shape}"
    if inspect.isroutine(value):
        return "function", f"a function ({str(getattr(value, '__name__', name))[:60]})"
    if isinstance(value, tuple | list | dict):
        return "other", f"a {name} of {len(value)}"
    words = f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
    return "other", f"{words} of {OLD_KERAS}" if type(value).__module__.startswith(OLD_KERAS) else words


def about(model):
    """What is to be known of a built model without running it.

    config: the text of `to_json()` for a functional or Sequential model, None for every other kind. Shapes are lists
    (None for an unknown length), or None where the model has none to tell.
    """
    kind = type(model).__name__.lower() if type(model).__module__.startswith("keras.") else "subclassed"
    plain = kind in ("sequential", "functional")  # a subclass of either may do anything
    found = {
        "kind": kind,
        "config": None,
        "input_shape": _told(lambda: _shape(model.input_shape)),
        "output_shape": _told(lambda: _shape(model.output_shape)),
        "parameters": sum(math.prod(w.shape) for w in model.weights),
        "trainable": sum(math.prod(w.shape) for w in model.trainable_weights),
        "dtype": str(model.compute_dtype),
        "loss": _told(lambda: _loss_name(model.loss)) if model.compiled else None,
    }
    if plain:
        with quiet():
            found["config"] = _told(model.to_json)
    return found


def outputs(model, x):
    """What a model says to x in inference mode: a list of arrays (float32 where it is a float), one an output."""
    found = model(x, training=False)
    if isinstance(found, dict):
        found = list(found.values())
    arrays = [keras.ops.convert_to_numpy(y) for y in (found if isinstance(found, list | tuple) else [found])]
    return [array.astype("float32") if array.dtype.kind in "fV" else array for array in arrays]


def share_weights(a, b):
    """Do two models hold a weight in common?"""
    return bool({id(weight) for weight in a.weights} & {id(weight) for weight in b.weights})


@contextmanager
def weights_kept(model):
    """Whatever happens inside, the model has its own weights (and random states) again afterwards."""
    kept = [(variable, variable.numpy()) for variable in model.variables]
    try:
        yield
    finally:
        for variable, value in kept:
            variable.assign(value)


class _TooLarge(BaseException):
    """Not an Exception: neither Keras nor a student's `except` may hold it up."""

    def __init__(self, parameters):
        self.parameters = parameters


@contextmanager
def _bounded(max_parameters):
    """Raise _TooLarge before a layer makes the weight with which there would be more than `max_parameters`."""
    layer = keras.layers.Layer
    original, made, refused = layer.add_weight, 0, None

    def add_weight(self, *args, **kwargs):
        nonlocal made, refused
        shapes = [kwargs.get("shape"), *args]
        made += next((math.prod(shape) for shape in shapes if isinstance(shape, tuple | list)), 1)
        if made > max_parameters:
            refused = refused or _TooLarge(made)
            raise refused
        return original(self, *args, **kwargs)

    layer.add_weight = add_weight
    try:
        yield
    finally:
        layer.add_weight = original
    if refused:
        raise refused


def _problem(error):
    """An exception as plain data: its type, its text in brief, and the student's lines that led to it.

    What Keras and TensorFlow wrap around an exception that passes through them is left out. "through": a package that
    the student's own import cannot be told by otherwise. "meant": see `_meant`. "layer": see `_settings`.
    """
    kind, lines, through, layer = type(error).__name__, [], None, None
    for frame, number in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if is_students(file):
            lines.append(_line(file, number, frame.f_code.co_name, frame.f_globals))
            layer = None
        elif layer is None and frame.f_code.co_name == "__init__":
            layer = _settings(frame)
        elif OLD_KERAS.replace(".", os.sep) in file:
            through = OLD_KERAS
    try:
        text = re.sub(r"\x1b\[\d*m", "", str(error)[:20_000].strip())
        if TRACED.search(text):
            kind, text = _untraced(text, kind, lines)
        parts = text.split("\n\n")
        parts = [part for part in parts if not part.startswith("Exception encountered when calling ")] or parts
        text = " ".join(parts[0].split())
    except Exception:  # a student's own exception may fail to tell what it is
        text = ""
    found = {"type": kind, "text": text[:300], "lines": lines[-5:], "through": through}
    return found | {"meant": _told(lambda: _meant(error, lines[-1]["source"])), "layer": layer}


def _settings(frame):
    """[class, {setting: what is strange about it}] of the layer of Keras that is being made in a frame, or None.

    Strange are a tensor and, for a number, a list.
    """
    layer = frame.f_locals.get("self")
    other = not isinstance(layer, keras.layers.Layer) or isinstance(layer, keras.Model | keras.layers.InputLayer)
    if other or not type(layer).__module__.startswith("keras."):
        return None
    strange = {}
    for name in inspect.signature(type(layer).__init__).parameters:
        value = frame.f_locals.get(name)
        first = value[0] if isinstance(value, tuple | list) and value else value
        if isinstance(first, keras.KerasTensor) or keras.ops.is_tensor(first):
            strange[name] = "a tensor"
        elif name in ("filters", "units") and isinstance(value, tuple | list):
            strange[name] = f"{len(value)} numbers"
    return [type(layer).__name__, strange]


def _meant(error, source):
    """The name that comes nearest to one that is not there, of an attribute or of a variable. source: the line."""
    if isinstance(error, AttributeError):
        names = dir(error.obj)
    elif type(error) is NameError:
        *_, (frame, _) = traceback.walk_tb(error.__traceback__)
        names = [*frame.f_locals, *frame.f_globals]
    else:
        return None
    names = [name for name in names if not name.startswith("_")]
    modules = [name for name in names if name.islower()] if f"{error.name}." in source else names
    return closest(error.name, modules)


def closest(name, names):
    """Of several names the one that is most like another, capitals or not, or None. Pictures have two dimensions."""
    by_letters = {one.lower(): one for one in names if not one.endswith(("1D", "3D"))}
    found = get_close_matches(name.lower(), by_letters, 1, 0.75)
    return by_letters[found[0]] if found else None


OLD_KERAS = "tensorflow.python.keras"  # which TensorFlow still holds, and which does not go with Keras
TRACED = re.compile(r"in user code:\n|Graph execution error:\n")
FRAME = re.compile(r' *File "(.+)", line (\d+), in (\S+).*\n( {8}.*\n)?')


def _untraced(text, kind, lines):
    """(type, text) of an exception in a tf.function, whose text begins with how it came to that; adds to the lines."""
    end = TRACED.search(text).end()
    for frame in FRAME.finditer(text):
        end = frame.end()
        if frame[1].startswith(COURSE):
            lines.clear()  # what led to the check did not lead to the exception
        if is_students(frame[1]):
            lines.append(_line(frame[1], int(frame[2]), frame[3]))
    rest = textwrap.dedent(text[end:].strip("\n"))
    if found := "in user code:" in text and re.match(r"(\w+): ?", rest):
        return found[1], rest[found.end() :]
    rest = re.sub(r"Detected at node .*\n(<stack traces unavailable>\n)?", "", rest.lstrip())
    return kind, rest.partition("\n\t [[")[0].strip()


def _line(file, number, function, names=None):
    source = linecache.getline(file, number, names).strip()[:120]
    return {"number": number, "function": function, "source": source}


def _told(question):
    """The answer to a question about a model, or None: a model need not have every property."""
    try:
        return question()
    except Exception:
        return None


def _shape(shape):
    """A shape, or several of them, as nested lists of int and None."""
    if isinstance(shape, dict):
        shape = list(shape.values())
    return [_shape(n) if isinstance(n, list | tuple | dict) else None if n is None else int(n) for n in shape]


def _loss_name(loss):
    if loss is None or isinstance(loss, str):
        return loss
    return str(getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__))
