"""Asking for a function of NumPy arrays, or of numbers: what comes out of each probe, as plain data.

An exercise of this kind says its probes in one function of the seed, which the judge calls again; `asking` makes the
rest of its asking half.
"""

import random
from copy import deepcopy
from typing import Any, NamedTuple

import keras
import numpy as np

from course_utils.check import evidence
from course_utils.check.ask.models import call_alone

MAX_NUMBERS = 1_000_000  # that are kept of what comes out; of more only the shape


class Probe(NamedTuple):
    """step: name of the exercise's step that it belongs to. arguments: in the order of the signature."""

    step: str
    arguments: dict[str, Any]


def asking(probes, forbidden=()):
    """The functions `ask` and `asked` of an exercise with these probes, as `check` calls them: see `ask_arrays`."""

    def ask(answer, hidden=False, seed=0):
        return ask_arrays(answer, probes, seed, hidden, forbidden)

    return ask, asked


def ask_arrays(answer, probes, seed, hidden, forbidden=()):
    """Evidence of an answer that takes arrays or numbers and returns an array or a number.

    probes(seed, hidden): a list of Probe. forbidden: the course's functions that it may not hand on. Of each probe:
    "call", "changed" (names of the arrays and models that are not as they were), "type" (of what came out, such as
    "int"), "shape" and "y", a NumPy array (of no dimension for a number); the last two are None where there is no such
    thing.
    """
    found = []
    for number, probe in enumerate(probes(seed, hidden)):
        with evidence.quiet():
            np.random.seed(number)  # what comes from elsewhere than the `rng` of a probe differs between two of them
            random.seed(number)
            found.append(_asked(answer, probe.arguments, forbidden))
    return {"seed": seed, "hidden": hidden, "probes": found}


def asked(seed, hidden):
    """What evidence says of its probes, as `check.fits` takes it: they are drawn again from that."""
    return {"seed": seed, "hidden": hidden}


def drawn(shape, seed, dtype="float32"):
    """An array of numbers drawn from a seed: about half of them negative, or 0 to 255 where dtype is an integer."""
    rng = np.random.default_rng([seed, *shape])
    if np.dtype(dtype).kind in "iu":
        return rng.integers(0, 256, shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def _asked(answer, arguments, forbidden):
    given = {name: deepcopy(one) if isinstance(one, COPIED) else one for name, one in arguments.items()}
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


COPIED = np.ndarray | np.random.Generator  # everything else is a number, or made for this call alone


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
