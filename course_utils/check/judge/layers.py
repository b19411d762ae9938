"""What is said of a subclassed layer or model: its numbers are compared with the reference's, and where they differ,
what it calls.

The calls are those of the functional model that `ask.symbolic` reads. It explains the numbers only if it gives them
itself, rebuilt. Evidence is that of `ask.layer`, each probe with what was "asked".
"""

import json
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from course_utils.check import graph, numbers
from course_utils.check.difference import differences
from course_utils.check.judge import call_problem, models, not_reached, passed
from course_utils.check.result import Finding, Step
from course_utils.environment import quiet


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

    steps: four; the first is that it builds, the last its behaviour in training. unknown: the position of the step of
    numbers that nothing explains. own: the course's class, "resnet_basic:BasicBlock" of `course_utils.networks`.
    step_of: of a `Difference`, the name of the step that it belongs to. weights_problem(probe, reference): a finding,
    or None. first_stage: as of `differences`.
    """

    steps: tuple[Step, ...]
    unknown: int
    own: str
    step_of: Callable
    weights_problem: Callable
    first_stage: int | None = None


STRUCTURAL = "wrong_depth", "stages_not_called"  # weights that tell more than the graph


def conclude(seen, counted, builds, about, config):
    """The findings of all steps, then that of the config.

    seen: the probes with numbers. counted: those with weights. builds: the finding of the first step, or None if it is
    right. config: evidence of making an equal one.
    """
    steps, findings = about.steps, [builds, None, None, None]
    expected = [reference(about.own, probe) for probe in seen]
    right = [close(probe["predicted"], one["predicted"]) for probe, one in zip(seen, expected, strict=True)]
    problems = (about.weights_problem(probe, reference(about.own, probe)) for probe in counted)
    held = next(filter(None, problems), None)
    mode = "predicted"
    if all(right):
        findings[1] = held
    elif explained := None if held and held.code in STRUCTURAL else _explained(seen, right, about):
        found, graphs, expected, mode = explained
        told = [models.step_finding(step, found, graphs, about.step_of) for step in steps]
        findings = [builds or told[0], *told[1:]]
        if held and told[1].passed and told[2].passed:
            findings[1] = held
    else:
        expected = None
        findings[1], findings[2] = _made_in_call(seen) or held, not_reached(steps[2])
        if findings[1] is None:
            findings[about.unknown] = OTHER_NUMBERS
    if (findings[1] is None or findings[1].passed) and any(probe["biases"] for probe in seen):
        text = f"{steps[1].passed} (Its convolutions have biases, which the normalisations take away again.)"
        findings[1] = Finding("conv_bias", True, text, points=1)
    if expected is None:
        findings[3] = not_reached(steps[3])
    elif findings[3] is None or findings[3].passed:
        findings[3] = _training(seen, expected, mode)
    both = zip(findings, steps, strict=True)
    return [finding or passed(step) for finding, step in both] + [_config(config)]


def reference(own, probe):
    """What `ask.layer` tells of the course's own class, asked the same as a probe."""
    return _reference(own, json.dumps(probe["asked"]))


@lru_cache(128)
def _reference(own, asked):
    from course_utils.check.ask.layer import look

    asked = json.loads(asked)
    return look(models.own(own)(**asked["arguments"]), asked)


@lru_cache
def _functional(own):
    """A function of what was asked that makes the functional model of the course's own class."""

    def build(asked):
        from course_utils.check.ask.symbolic import functional

        return functional(models.own(own)(**asked["arguments"]), asked["shape"])

    return build


def _explained(seen, right, about):
    """(differences, (graph, reference's graph), own numbers of each probe, the key of these that it predicts), or None.

    right: does a probe have the reference's numbers? Then there are no differences, however it is written.
    """
    found, graphs, own = [], [], []
    try:
        for probe, is_right in zip(seen, right, strict=True):
            answer = graph.canonical(probe.get("config") or {})
            expected = models.graph_of(_functional(about.own), json.dumps(probe["asked"]))
            differs = [] if is_right else differences(answer, expected, about.first_stage)
            found.append(models.without_consequences(differs))
            graphs.append((answer, expected))
            own.append(_numbers(probe["config"], json.dumps(probe["asked"])))
    except (graph.UnreadableConfig, numbers.CannotRebuild):
        return None
    for mode in ("predicted", "trained"):
        both = zip(seen, own, strict=True)
        if all(close(probe["predicted"], one[mode]) for probe, one in both):
            return found, graphs, own, mode
    return None


@lru_cache(128)
def _numbers(config, asked):
    """What the model of a config gives for the pictures of a probe: "predicted", and "trained" in training mode."""
    from course_utils.check.ask.layer import pictures

    asked = json.loads(asked)
    x = pictures(asked["shape"], asked["seed"])
    with quiet():
        return {
            key: numbers.outputs(config, x, asked["seed"], before_softmax=False, training=training)[0]
            for key, training in (("predicted", False), ("trained", True))
        }


def close(a, b):
    """Are these the same numbers?"""
    return numbers.agree([a], [np.asarray(b)], tolerance=1e-3)


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


def _training(seen, expected, mode):
    """The finding of its behaviour in training, or None if it is right.

    expected: for each probe what comes out when it predicts and when it is "trained". mode: which of the two it gives
    when it predicts.
    """

    def fault(code, text):
        return Finding(code, False, text, points=1)

    if any(probe["frozen"] for probe in seen):
        return fault("frozen", "Some of its weights are not trainable. Which layer is frozen?")
    if mode == "trained":
        text = (
            "Even when it predicts, it normalises with the statistics of the batch, so that the answer for a picture "
            "depends on its neighbours. Who tells the normalisations which mode it is?"
        )
        return fault("always_training", text)
    for probe, one in zip(seen, expected, strict=True):
        if close(probe["trained"], one["trained"]):
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
        if np.array_equal(probe["predicted"], probe["afterwards"]) and not close(one["trained"], probe["predicted"]):
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
