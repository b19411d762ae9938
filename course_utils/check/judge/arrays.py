"""What is said of a function of NumPy arrays, or of numbers: shape, type, numbers, and the mistake that gives them."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from course_utils.check.ask import given
from course_utils.check.exercise import Exercise
from course_utils.check.judge import call_problem, not_reached, passed
from course_utils.check.result import UNANSWERED, Finding

KINDS = {"b": "truth values", "i": "whole numbers", "u": "whole numbers", "f": "floating-point", "c": "complex"}


class Mistake(NamedTuple):
    """A known mistake. message: may name {asked}, the arguments in words. compute: of the arguments, its result."""

    code: str
    message: str
    compute: Callable


class Probe(NamedTuple):
    """step: name of the exercise's step that it belongs to. arguments: in the order of the signature."""

    step: str
    arguments: dict[str, Any]


def function(
    notebook,
    place,
    title,
    steps,
    probes,
    reference=None,
    mistakes=(),
    errors=("ValueError",),
    same_type=False,
    judge=None,
    forbidden=(),
    **more,
):
    """The `Exercise` of a function that takes arrays or numbers and returns an array or a number.

    Args:
        notebook, place, title, steps, more: as of `Exercise`.
        probes: of (rng, seed, hidden), a list of `Probe`; rng is a random.Random of the seed.
        reference: of the arguments of a probe, the right array or number. It raises ValueError where the answer should
            stop with one of `errors` (names of types).
        mistakes: a `Mistake` each, tried where something else comes out than should, the likeliest first.
        same_type: the result has to be of the reference's dtype, not only of its kind.
        judge: in place of reference and mistakes; of (step, arguments, what came out) of all probes, a list of the name
            of a step and the finding for what is wrong there, or None.
        forbidden: names of functions that are not to be handed on, see `ask.calling`.
    """

    def request(seed, hidden):
        made = probes(random.Random(seed), seed, hidden)
        asked = [{"arguments": probe.arguments} for probe in made]
        return {"probes": asked, "steps": [probe.step for probe in made], "forbidden": [*forbidden]}

    def faults(looked):
        return [(step, _fault(*one, reference, mistakes, errors, same_type)) for step, *one in looked]

    def judged(request, evidence):
        asked = [{name: given.made(value) for name, value in one["arguments"].items()} for one in request["probes"]]
        return by_step((judge or faults)([*zip(request["steps"], asked, evidence["probes"], strict=True)]), steps)

    return Exercise(notebook, place, title, steps, "array", request, judged, **more)


def by_step(found, steps):
    """The findings, one a step; a single one if it is not answered.

    found: (name of a step, finding for what is wrong on a probe, or None) of each probe. The first that is wrong in a
    step is told, a mistake only once. A step without points is told only where another passed.
    """
    told, findings = set(), []
    for step in steps:
        fault = next((fault for name, fault in found if name == step.name and fault), None)
        if fault and fault.code == UNANSWERED:
            return [fault]
        if not step.points and not any(finding.passed for finding in findings):
            continue
        if fault is None:
            findings.append(passed(step))
        elif fault.code in told:
            findings.append(not_reached(step))
        else:
            told.add(fault.code)
            findings.append(replace(fault, points=step.points))
    return findings


def words(arguments):
    """ "a of shape (2, 3) and W of shape (3, 4) and type float64", "n=5 and f=3"."""
    parts = [_word(name, value) for name, value in arguments.items()]
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


PLAIN = int | float | str | bool | tuple | None  # of which Python's own words are good enough


def _word(name, value):
    if isinstance(value, list):
        return f"{len(value)} {name}"
    if hasattr(value, "element_spec"):  # a tf.data.Dataset
        return f"{name} of batches of shapes {' and '.join(str(tuple(spec.shape)) for spec in value.element_spec)}"
    if not isinstance(value, np.ndarray):
        return f"{name}={value!r}" if isinstance(value, PLAIN) else name
    return f"{name} of shape {value.shape}" + (f" and type {value.dtype}" if value.dtype != "float32" else "")


def agree(a, b, tolerance=1e-4):
    """Are two arrays of one shape and of the same numbers: up to `tolerance` of the largest of b, integers exactly?"""
    if a.shape != b.shape or a.dtype.kind == "c":
        return False
    if not b.size or b.dtype.kind in "iub":
        return np.array_equal(a, b)
    a, b = np.asarray(a, "float64"), np.asarray(b, "float64")
    return bool(np.all(np.abs(a - b) <= tolerance * np.abs(b).max()))


def _fault(arguments, got, reference, mistakes, errors, same_type):
    """The finding for what is wrong on one probe, or None."""
    asked = words(arguments)
    try:
        expected = np.asarray(reference(**arguments))
    except ValueError:
        return not_refused(got["call"], asked, errors)
    problem = no_numbers(got, asked, expected.ndim)
    if problem:
        return problem
    y = got["y"]
    if y is None or not agree(y, expected):
        explained = _explained(y, arguments, mistakes, asked) or _truncated(y, expected, got, asked)
        return explained or wrong_shape(got, expected.shape, asked) or _other(y, expected, asked)
    return changes(got) or (same_type and other_type(y, expected.dtype, asked)) or _wrong_type(y, expected, got, asked)


def changes(got):
    """The finding for an answer that changes what it was given, or None."""
    if not got["changed"]:
        return None
    changed = " and ".join(got["changed"])
    text = f"{got['call']['name']} changes {changed}, which belongs to whoever calls it. Where does that happen?"
    return Finding("changes_arguments", False, text)


def other_type(y, dtype, asked):
    """The finding for an array of another type than `dtype`, or None."""
    if y.dtype == dtype:
        return None
    text = f"Called with {asked}, the result is of type {y.dtype}. Which step makes it so?"
    return Finding("wrong_dtype", False, text, str(dtype), str(y.dtype))


def not_refused(call, asked, errors=("ValueError",)):
    """The finding for a call that should have been refused, or None."""
    name, expected = call.get("name", "the answer"), f"a {errors[0]}"
    if call["outcome"] == "returned":
        text = f"Called with {asked}, {name} says nothing and returns {call['words']}. What should it do instead?"
        return Finding("not_refused", False, text, expected, call["words"])
    if call["outcome"] == "raised" and call["error"]["type"] not in errors:
        got = call["error"]["type"]
        text = f"Called with {asked}, {name} stops with {got}, where {errors[0]} is asked for. Who should raise it?"
        return Finding("wrong_error", False, text, expected, got)
    return None if call["outcome"] == "raised" else call_problem(call, 0)


def no_numbers(got, asked, dimensions):
    """The finding for a call that gave no array of numbers (no number, where there are no dimensions), or None."""
    name = got["call"].get("name", "the answer")
    problem = call_problem(got["call"], 0, f"{name}, called with {asked},")
    if problem or got["shape"] is not None:
        return problem
    wanted = "a NumPy array" if dimensions else "a number"
    if got["call"]["kind"] == "none":
        text = f"{name} returns None. Does its last line return what was computed?"
        return Finding("returned_none", False, text, wanted, "None")
    text = f"{name} returns {got['call']['words']}, where {wanted} should come out. What does its last line return?"
    return Finding("not_an_array" if dimensions else "not_a_number", False, text, wanted, got["call"]["words"])


def _explained(y, arguments, mistakes, asked):
    """The finding for the mistake that would give y, or None."""
    for mistake in mistakes if y is not None else ():
        try:
            with np.errstate(all="ignore"):
                wrong = np.asarray(mistake.compute(**arguments))
        except Exception:  # a mistake that cannot be made with these arguments
            continue
        if agree(y, wrong) or (np.isnan(wrong).any() and np.array_equal(y, wrong, equal_nan=True)):
            return Finding(mistake.code, False, mistake.message.format(asked=asked))
    return None


def _truncated(y, expected, got, asked):
    """The finding for whole numbers where fractions are expected, or None."""
    if y is not None and y.shape == expected.shape and (y.dtype.kind in "iub") and expected.dtype.kind == "f":
        return _wrong_type(y, expected, got, asked)
    return None


def wrong_shape(got, shape, asked):
    """The finding for an array of another shape, or None."""
    if tuple(got["shape"]) == shape:
        return None
    shapes = str(shape) if shape else "one number", str(tuple(got["shape"]))
    text = f"Called with {asked}, it returns an array of shape {shapes[1]}. What should each of its axes count?"
    return Finding("wrong_shape", False, text, *shapes)


def _other(y, expected, asked):
    """The finding for an array, or a number, of the right shape that nothing known explains."""
    if not np.isfinite(y).all():
        text = (
            f"Called with {asked}, it returns NaN or infinity. Where could it divide by zero, or leave numbers unset?"
        )
        return Finding("nan", False, text)
    at = np.unravel_index(np.argmax(np.abs(np.nan_to_num(y) - expected)), expected.shape)
    where = f" at [{', '.join(map(str, at))}]" if expected.ndim else ""
    numbers = [f"{array[at]:,}" if array.dtype.kind in "iu" else f"{array[at]:.4g}" for array in (expected, y)]
    numbers = [f"{array[at]:.10g}" for array in (expected, y)] if numbers[0] == numbers[1] else numbers
    text = f"Called with {asked}, other numbers come out than should. Can you do one of them by hand?"
    text = text if expected.ndim else f"Called with {asked}, another number comes out than should."
    return Finding("other_numbers", False, text, *(number + where for number in numbers))


def _wrong_type(y, expected, got, asked):
    """The finding for the right numbers in a type that cannot hold them all, or None."""
    if KINDS[y.dtype.kind] != KINDS[expected.dtype.kind]:
        text = (
            f"Called with {asked}, the result is of type {y.dtype if y.ndim else got['type']}. Which step makes it so?"
        )
        return Finding("wrong_dtype", False, text, KINDS[expected.dtype.kind], KINDS[y.dtype.kind])
    if y.dtype.kind == "f" and (
        y.dtype.itemsize < expected.dtype.itemsize or not agree(y, expected, _digits(expected))
    ):
        text = f"Called with {asked}, digits are lost on the way. Which step rounds them?"
        return Finding("precision_lost", False, text, f"as exact as {expected.dtype}")
    return None


def _digits(expected):
    return 1e-10 if expected.dtype.itemsize == 8 else 1e-4
