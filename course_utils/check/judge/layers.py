"""What is said of a subclassed layer or model: its numbers are compared with the reference's.

It tells nothing of its inside. Numbers that are not the reference's are looked up among those of layers with a known
mistake, or with two of them. Evidence is that of `ask.layer`, each probe with what was "asked".
"""

from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np

from course_utils.check import numbers
from course_utils.check.judge import call_problem, not_reached, passed
from course_utils.check.result import Finding, Step


class Mistake(NamedTuple):
    """code, message: of the finding. step: its position among the steps. changes: the arguments of what computes the
    numbers that make it.
    """

    code: str
    step: int
    message: str
    changes: dict


def operation(name):
    """A function of keras.ops by its name; anything else as it is."""
    from keras import ops

    return getattr(ops, name) if isinstance(name, str) else name


def convolution(x, filters, size, stride, seed):
    from keras import ops

    return ops.conv(x, weight("kernel", (size, size, x.shape[-1], filters), seed), strides=stride, padding="same")


def normalised(x, seed, training):
    from keras import ops

    roles = "gamma", "beta", "moving_mean", "moving_variance"
    gamma, beta, mean, variance = (weight(role, (x.shape[-1],), seed) for role in roles)
    if training:
        mean, variance = ops.moments(x, axes=(0, 1, 2))
    return (x - mean) / ops.sqrt(variance + numbers.EPSILON) * gamma + beta


@lru_cache(128)
def weight(role, shape, seed):
    from keras import ops

    return ops.convert_to_tensor(numbers.draw(role, shape, seed))


def explanation(probes, mistakes, pairs, compute):
    """Which mistakes give the numbers of the probes, none, one of `mistakes`, or two of `pairs`?

    compute(probe, training, **changes): the numbers of a network with mistakes. Returns (mistakes, are normalisations
    always in training mode?, does it hold for all probes?), or None if nothing gives those of the first probe.
    """
    pairs = (pair for pair in combinations(pairs, 2) if not pair[0].changes.keys() & pair[1].changes.keys())
    partly = None
    for some, training in [
        ((), False),
        ((), True),
        *(((one,), False) for one in mistakes),
        *((two, False) for two in pairs),
    ]:
        fits = (close(probe["predicted"], compute(probe, training, **changes(some))) for probe in probes)
        if next(fits):
            if all(fits):
                return some, training, True
            partly = partly or (some, training, False)
    return partly


def changes(mistakes):
    return {name: value for one in mistakes for name, value in one.changes.items()}


def close(a, b):
    """Are these the same numbers? b may stand for the first pictures alone."""
    return numbers.agree([a[: len(b)]], [np.asarray(b)], tolerance=1e-3)


def joined(request, evidence):
    """The probes of evidence, each with what was "asked"."""
    both = zip(request["probes"], evidence["probes"], strict=True)
    return [came | {"asked": asked} for asked, came in both]


def problem(probe, what, kind):
    """The finding for an answer that was not called, gave no `kind`, or one that stops, or None. what: who stops."""
    call = probe["call"]
    found = call_problem(call, 1)
    if found:
        return found
    if call["kind"] not in ("layer", "model"):
        text = (
            f"{call['name']} returns {call['words']}, not a {kind}. A class that is derived from one of Keras' gives a "
            f"{kind} when it is called."
        )
        return Finding(f"not_a_{kind}", False, text, f"a keras {kind}", call["words"], points=1)
    if probe["changed"]:
        text = f"{call['name']} changes the list that it is given, which whoever calls may need as it was."
        return Finding("changes_arguments", False, text, points=1)
    error = probe["run"].get("error")
    if error and error["type"] == "NotATensor":
        hint = "Does the last line of call return what was computed?"
        return Finding("not_a_tensor", False, f"{what} gives {error['text']}, not a tensor. {hint}", points=1)
    return call_problem(probe["run"] | {"name": call["name"]}, 1, what)


class About(NamedTuple):
    """What `conclude` has to know of an exercise.

    unknown: the position of the step of numbers that nothing explains. mistakes:
    looked for one by one; pairs: two at a time. compute(probe, training, **changes): the numbers of a network with
    mistakes. reference(probe): the course's. weights_problem(probe, reference): a finding, or None.
    """

    steps: tuple[Step, ...]
    unknown: int
    mistakes: list
    pairs: list
    compute: Callable
    reference: Callable
    weights_problem: Callable


STRUCTURAL = "wrong_depth", "stages_not_called"  # weights that no mistake of the tables makes


def conclude(seen, counted, builds, about, config):
    """The findings of all steps, then that of the config.

    seen: the probes with numbers. counted: those with weights. builds: the finding of the first step, or None if it is
    right. config: evidence of making an equal one.
    """
    findings = [builds, None, None, None]
    problems = (about.weights_problem(probe, about.reference(probe)) for probe in counted)
    held = next(filter(None, problems), None)
    if all(close(probe["predicted"], about.reference(probe)["predicted"]) for probe in seen):
        found = (), False, True
    elif held and held.code in STRUCTURAL:
        found = None
    else:
        found = explanation(seen, about.mistakes, about.pairs, about.compute)
    for mistake in found[0] if found else ():
        findings[mistake.step] = findings[mistake.step] or Finding(mistake.code, False, mistake.message, points=1)
    if not found or not found[0]:
        findings[1] = held
    if not found:
        findings[1] = _made_in_call(seen) or findings[1]
        findings[2] = not_reached(about.steps[2])
        if findings[1] is None:
            findings[about.unknown] = OTHER_NUMBERS
    elif not any(findings[1:]) and not found[2]:
        findings[2] = OTHER_NUMBERS
    if findings[1] is None and any(probe["biases"] for probe in seen):
        text = f"{about.steps[1].passed} (Its convolutions have biases, which the normalisations take away again.)"
        findings[1] = Finding("conv_bias", True, text, points=1)
    findings[3] = _training(seen, found, about)
    both = zip(findings, about.steps, strict=True)
    return [finding or passed(step) for finding, step in both] + [_config(config)]


def weights_problem(probe, expected):
    """The finding for weights that are not those of the reference, or None."""
    got, wanted = (Counter({tuple(weight): n for *weight, n in some["weights"]}) for some in (probe, expected))
    missing, extra = wanted - got, got - wanted
    counts = f"{wanted.total()} weights", f"{got.total()} weights"
    if not missing and not extra:
        return None
    same = "predicted" in probe and close(probe["predicted"], expected["predicted"])
    if missing and not extra and same:
        text = (
            f"The numbers are right, but {_names(missing)} of its own is missing: one layer does the work of several, "
            "and in training they would share what they learn. Which one is called more than once?"
        )
        return Finding("layer_shared", False, text, *counts, points=1)
    if missing and not extra:
        text = (
            f"{_names(missing)} is missing among the weights that it knows. Keras finds those of layers that are made "
            "in __init__ or build and kept as attributes. Where are these made, and where kept?"
        )
        return Finding("weights_missing", False, text[0].upper() + text[1:], *counts, points=1)
    if extra and same:
        text = f"The numbers are right, but {_names(extra)} takes no part in them. Which layer is never called?"
        return Finding("weights_unused", False, text, *counts, points=1)
    text = f"It has {_names(extra)}, which does not belong there. Which kernels and filters are asked for?"
    return Finding("wrong_weights", False, text, _names(missing) if missing else None, _names(extra), points=1)


def _names(some):
    """What the first of some weights belongs to, kernels first."""
    role, *shape = min(some, key=lambda weight: (not weight[0].endswith("kernel"), str(weight)))
    if role.endswith("kernel") and len(shape) == 4:
        return f"a {shape[0]}x{shape[1]} convolution from {shape[2]} to {shape[3]} channels"
    if role in ("gamma", "beta", "moving_mean", "moving_variance"):
        return f"a normalisation of {shape[0]} channels"
    return f"a dense layer of {shape[-1]} units" if role.endswith("kernel") else f"a {role} of shape {tuple(shape)}"


OTHER_NUMBERS = Finding(
    "other_numbers",
    False,
    "Its weights have the right shapes, and yet, with equal weights, other numbers come out than from the reference. "
    "Which step is not as described, or in another order?",
    points=1,
)


def _made_in_call(seen):
    """The finding for weights that are new at each call, or None."""
    if all(probe["repeated"] for probe in seen):
        return None
    text = (
        "Shown the same pictures twice, it gives two answers: each time it has new weights. Where are its layers made?"
    )
    return Finding("layers_made_in_call", False, text, points=1)


def _training(seen, found, about):
    """The finding of its behaviour in training, or None if it is right."""

    def fault(code, text):
        return Finding(code, False, text, points=1)

    if any(probe["frozen"] for probe in seen):
        return fault("frozen", "Some of its weights are not trainable. Which layer is frozen?")
    if found and found[1]:
        text = (
            "Even when it predicts, it normalises with the statistics of the batch, so that the answer for a picture "
            "depends on its neighbours. Who tells the normalisations which mode it is?"
        )
        return fault("always_training", text)
    if not found:
        return not_reached(about.steps[3])
    for probe in seen if found[2] else seen[:1]:
        wrong = found[0]
        expected = about.compute(probe, True, **changes(wrong)) if wrong else about.reference(probe)["trained"]
        if close(probe["trained"], expected):
            pass
        elif close(probe["trained"], probe["predicted"]):
            text = (
                "In training it normalises with the running averages, as when it predicts, and they never move. Who "
                "tells the normalisations which mode it is?"
            )
            return fault("never_training", text)
        else:
            text = (
                "When it predicts, its numbers are right, in training they are not. Do all its normalisations know "
                "which mode it is, and does nothing else depend on it?"
            )
            return fault("training_differs", text)
        if np.array_equal(probe["predicted"], probe["afterwards"]) and not close(expected, probe["predicted"]):
            return fault("averages_stay", "In training its running averages do not move. Which layer moves them?")
    return None


def _config(made):
    """The finding of its config, worth nothing: training needs none."""
    if made["outcome"] == "returned":
        return Finding("config", True, "An equal one can be made from its config.")
    text = (
        "It cannot be loaded from a file yet: from_config does not get along with what get_config returns. Which "
        "settings does __init__ ask for, are all of them returned, and does it take Keras' own, such as the name?"
    )
    return Finding("no_config", False, text, "an equal one", made.get("error", {}).get("type"))
