"""Asking for a function of NumPy arrays, or of numbers: what comes out of each probe.

A request holds "probes", each {"arguments": {"a": an array}} in the order of the signature, see `given.made`; and
"forbidden" (see `calling`).
"""

import random
from copy import deepcopy

import keras
import numpy as np

from course_utils.check import evidence
from course_utils.check.ask.calling import call_alone
from course_utils.check.ask.given import made

MAX_NUMBERS = 1_000_000  # that are kept of what comes out; of more only the shape


def ask(answer, request):
    """Evidence of an answer that takes arrays or numbers and returns an array or a number.

    Of each probe: "call", "changed" (names of the arrays and models that are not as they were), "type" (of what came
    out, such as "int"), "shape" and "y", a NumPy array (of no dimension for a number); the last two are None where
    there is no such thing.
    """
    found = []
    for number, probe in enumerate(request["probes"]):
        with evidence.quiet():
            np.random.seed(number)  # what comes from elsewhere than the `rng` of a probe differs between two of them
            random.seed(number)
            found.append(_asked(answer, probe["arguments"], request["forbidden"]))
    return {"probes": found}


def _asked(answer, arguments, forbidden):
    given = {name: deepcopy(one) if isinstance(one, np.ndarray) else made(one) for name, one in arguments.items()}
    before = {name: _state(one) for name, one in given.items()}
    value, call = call_alone(answer, given, forbidden)
    if call["outcome"] != "returned":
        return {"call": call}
    changed = [name for name, kept in before.items() if not all(map(_same, _state(given[name]), kept))]
    numbers, _ = evidence.attempt(_numbers, value)
    return {
        "call": call,
        "changed": changed,
        "type": type(value).__name__[:60],
        "shape": None if numbers is None else list(numbers.shape),
        "y": None if numbers is None or numbers.size > MAX_NUMBERS else numbers,
    }


def _state(value):
    """The arrays in an argument that the answer should leave as they are."""
    if isinstance(value, np.ndarray):
        return [value.copy()]
    models = value if isinstance(value, list) else [value]
    return [weight.numpy() for model in models if isinstance(model, keras.Model) for weight in model.variables]


def _same(a, b):
    return a.dtype == b.dtype and np.array_equal(a, b)


def _numbers(value):
    """What came out as a plain NumPy array, or None if it is neither an array, nor a tensor, nor a number."""
    if keras.ops.is_tensor(value):
        value = keras.ops.convert_to_numpy(value)
    if not isinstance(value, np.ndarray | np.number | int | float):
        return None
    array = np.array(value)  # a copy: it may be a view of something that is written to later
    return array if array.dtype.kind in "biufc" else None
