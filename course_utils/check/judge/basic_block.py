"""What is said of BasicBlock: four points, one each for building, main path, shortcut and training.

Numbers that are not the reference's are looked up among those of blocks with a known mistake, or with two of them.
ResNet is judged in the same way.
"""

import re
from collections import Counter
from collections.abc import Callable
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
from keras import ops

from course_utils.check import numbers
from course_utils.check.ask.basic_block import behaviour, pictures
from course_utils.check.judge import call_problem, not_reached
from course_utils.check.judge.later import a_class, carries_on
from course_utils.check.result import UNANSWERED, Finding
from course_utils.networks import resnet_basic

STEPS = (
    "builds a layer whose outputs have the right shape",
    "has a main path of two normalised 3x3 convolutions",
    "adds the right shortcut, then takes the ReLU",
    "uses the statistics of the batch in training, and only there",
)
PASSED = (
    ("builds", "It builds, and its outputs have the right shape."),
    ("main_path", "Its main path is right: two normalised 3x3 convolutions."),
    ("shortcut", "It adds the right shortcut, then takes the ReLU."),
    ("training", "In training it uses the statistics of the batch, and moves the averages."),
)


@carries_on("filter_num, stride", "BasicBlock(6)", "BasicBlock(8, stride=2)", more=a_class)
def judge(evidence):
    """The findings for the evidence of `ask`: one a step, in order, then one of the config."""
    first, *others = probes = [_hashable(probe) for probe in evidence["probes"]]
    builds = _stops(first) or _shape_problem(probes)
    stops = next(filter(None, (_stops(probe) for probe in others if not _channels_alone(probe))), None)
    seen = [probe for probe in probes if "predicted" in probe and probe["predicted"].shape == _shape(probe)]
    if "predicted" not in first or not seen:
        return only(builds, STEPS)
    about = About(STEPS, PASSED, 1, MISTAKES, STRUCTURE, _compute, _reference, weights_problem)
    findings = conclude(seen, seen, builds, about)
    if stops and findings[0].passed:  # with this stride it gives no output of any shape
        findings[0] = not_reached(STEPS[0], 1)
    if stops and findings[2].passed:
        findings[2] = stops
    elif findings[2].passed and any(_channels_alone(probe) and "predicted" not in probe for probe in others):
        text = f"{PASSED[2][1]} (Where the stride is 1 and only the channels change, it stops: there, too, it needs a "
        findings[2] = Finding("projection_by_stride", True, f"{text}projection.)", points=1)
    return findings


def _hashable(probe):
    shape, filters, stride = probe["probe"]
    return probe | {"probe": (tuple(shape), filters, stride)}


def _compute(probe, training, **changes):
    shape, filters, stride = probe["probe"]
    return block(pictures(shape, probe["seed"]), filters, stride, probe["seed"], training, **changes)


def _reference(probe):
    return _behaviour(*probe["probe"], probe["seed"])


@lru_cache(128)
def _behaviour(shape, filters, stride, seed):
    return behaviour(resnet_basic.BasicBlock(filters, stride), pictures(shape, seed), seed)


def _shape(probe):
    (n, h, w, _), filters, s = probe["probe"]
    return n, -(-h // s), -(-w // s), filters


def _channels_alone(probe):
    shape, filters, stride = probe["probe"]
    return stride == 1 and shape[-1] != filters


def _called(probe):
    shape, filters, stride = probe["probe"]
    return f"With stride={stride}, {filters} filters and an input of shape {shape}"


def _shape_problem(probes):
    """The finding for an output of the wrong shape, or None."""
    for probe in probes:
        got, expected = np.shape(probe.get("predicted", ())), _shape(probe)
        if "predicted" not in probe or got == expected:
            continue
        if got[1:3] == probe["probe"][0][1:3] != expected[1:3]:
            code, hint = "stride_ignored", "the picture keeps its size. Which convolutions take the stride?"
        elif got[-1:] == (2 * expected[-1],):
            code = "wrong_merge"
            hint = f"{got[-1]} channels come out: main path and shortcut side by side. How does the paper join them?"
        elif got[-1:] != expected[-1:]:
            code, hint = "filters_ignored", f"{got[-1]} channels come out. Where is filter_num used?"
        else:
            code, hint = "wrong_shape", f"the output has shape {got}. Which step changes the size of the picture?"
        return Finding(code, False, f"{_called(probe)}, {hint}", str(expected), str(got), points=1)
    return None


def _stops(probe):
    """The finding for a block that stops, or None; shapes that meet in an addition tell why."""
    failed = problem(probe, f"{_called(probe)}, it", "layer")
    if failed is None or failed.code != "exception":
        return failed
    error = (probe.get("run") or probe["call"])["error"]
    shapes = [tuple(map(int, found.split(","))) for found in re.findall(r"[\[(](\d+(?:, ?\d+){3})[\])]", error["text"])]
    if len(shapes) != 2:
        return failed
    a, b = shapes
    (n, h, w, c), _, s = probe["probe"]
    expected = _shape(probe)
    words = f"{_called(probe)}, {a} and {b} meet in the addition"
    if (n, h, w, c) in shapes and (n, h, w, c) != expected:
        code, hint = (
            "projection_missing",
            "the shortcut is still as it came in. What gives it the shape of the main path?",
        )
    elif s > 1 and any(shape[:3] == (n, h, w) for shape in shapes):
        code, hint = (
            "stride_missing",
            "one of the two ways keeps the size of the picture. Which convolutions take the stride?",
        )
    elif s == 1 and any(shape[1] < h or shape[2] < w for shape in shapes):
        code, hint = "wrong_padding", "one of the two ways loses its border. Which padding keeps it?"
    elif any(shape[1:3] == (-(-expected[1] // s), -(-expected[2] // s)) for shape in shapes):
        code, hint = (
            "strides_everywhere",
            "one of the two ways shrinks twice. How many convolutions of a way take the stride?",
        )
    else:
        code, hint = "shapes_do_not_add", "which have to be equal. Which of the two is not what it should be?"
    return Finding(code, False, f"{words}: {hint}", f"{expected} twice", f"{a} and {b}", points=1)


# A block with known mistakes.


class Mistake(NamedTuple):
    """code, message: of the finding. step: its position in STEPS. changes: the arguments of `block` that make it."""

    code: str
    step: int
    message: str
    changes: dict


def block(
    x,
    filters,
    stride,
    seed,
    training=False,
    *,
    inner=ops.relu,
    norms=(True, True),
    turned=False,
    second=False,
    shortcut="input",
    on_shortcut=None,
    before=None,
    end=ops.relu,
    projection_norm=True,
    always=False,
    join=ops.add,
):
    """What a BasicBlock computes from x with weights set from the seed; every argument by name is for a mistake."""

    def bn(x, wanted=True):
        return normalised(x, seed, training) if wanted else x

    def act(function, x):
        return function(x) if function else x

    first, then = (1, stride) if second else (stride, 1)
    h = convolution(x, filters, 3, first, seed)
    h = middle = bn(act(inner, h)) if turned else act(inner, bn(h, norms[0]))
    h = bn(convolution(h, filters, 3, then, seed), norms[1])
    way = {"input": x, "middle": middle, "end": h, "none": ops.zeros_like(h)}[shortcut]
    if shortcut == "input" and (always or stride != 1 or x.shape[-1] != filters):
        way = bn(convolution(x, filters, 1, stride, seed), projection_norm)
    return act(end, join(act(before, h), act(on_shortcut, way)))


def convolution(x, filters, size, stride, seed):
    return ops.conv(x, weight("kernel", (size, size, x.shape[-1], filters), seed), strides=stride, padding="same")


def normalised(x, seed, training):
    roles = "gamma", "beta", "moving_mean", "moving_variance"
    gamma, beta, mean, variance = (weight(role, (x.shape[-1],), seed) for role in roles)
    if training:
        mean, variance = ops.moments(x, axes=(0, 1, 2))
    return (x - mean) / ops.sqrt(variance + numbers.EPSILON) * gamma + beta


@lru_cache(128)
def weight(role, shape, seed):
    return ops.convert_to_tensor(numbers._draw(role, shape, seed))


STRUCTURE = [
    Mistake(
        "relu_missing",
        1,
        "Nothing stands between the first normalisation and the second convolution, so that two linear steps follow "
        "each other. What belongs between them?",
        {"inner": None},
    ),
    *(
        Mistake("bn_missing", 1, f"{which} not normalised. What follows a convolution?", {"norms": norms})
        for which, norms in (
            ("The first convolution of the main path is", (False, True)),
            ("The second convolution of the main path is", (True, False)),
            ("The convolutions of the main path are", (False, False)),
        )
    ),
    Mistake(
        "bn_after_relu",
        1,
        "In the middle the ReLU comes first, then the normalisation. Which order is asked for?",
        {"turned": True},
    ),
    Mistake(
        "stride_on_second",
        1,
        "The stride stands on the second convolution. Which of the two should shrink the picture?",
        {"second": True},
    ),
    Mistake(
        "shortcut_missing",
        2,
        "Nothing is added at the end: what entered the block has no short way there. What makes a block residual?",
        {"shortcut": "none"},
    ),
    Mistake(
        "shortcut_missing",
        2,
        "The main path is added to itself: nothing that entered the block reaches its end. What should the shortcut "
        "carry?",
        {"shortcut": "end"},
    ),
    Mistake(
        "shortcut_too_late",
        2,
        "The shortcut skips only part of the block: it leaves after the first ReLU. It should carry what entered the "
        "block. Which name holds that?",
        {"shortcut": "middle"},
    ),
    Mistake(
        "relu_on_shortcut",
        2,
        "The shortcut passes through a ReLU, which cuts off what is below zero. What is its task?",
        {"on_shortcut": ops.relu},
    ),
    *(
        Mistake(
            "relu_before_add",
            2,
            "A ReLU stands between the main path and the addition, so that the block can only add to its shortcut, "
            "never take away. Where does the last ReLU belong?",
            {"before": ops.relu} | end,
        )
        for end in ({}, {"end": None})
    ),
    Mistake("final_relu_missing", 2, "The block ends with the addition; one step is still to come.", {"end": None}),
    Mistake(
        "projection_bn_missing",
        2,
        "The projection on the shortcut is not normalised. What follows every other convolution?",
        {"projection_norm": False},
    ),
    Mistake(
        "projection_extra",
        2,
        "The shortcut has a projection even where the input already has the shape of the output. What should it carry "
        "there?",
        {"always": True},
    ),
    *(
        Mistake("wrong_merge", 2, f"Main path and shortcut are {words}. How does the paper join them?", {"join": join})
        for words, join in (
            ("multiplied", ops.multiply),
            ("averaged", lambda a, b: (a + b) / 2),
            ("compared, and the larger is kept", ops.maximum),
            ("subtracted", ops.subtract),
        )
    ),
]
ACTIVATIONS = (
    ("ELU", ops.elu),
    ("A leaky ReLU", lambda x: ops.leaky_relu(x, 0.3)),
    ("A leaky ReLU", lambda x: ops.leaky_relu(x, 0.2)),
    ("A sigmoid", ops.sigmoid),
    ("Tanh", ops.tanh),
    ("SiLU", ops.silu),
    ("GELU", ops.gelu),
)
MISTAKES = STRUCTURE + [
    Mistake(
        "wrong_activation",
        step,
        f"{name} stands {place}. Which activation is asked for?",
        dict.fromkeys(keys, function),
    )
    for name, function in ACTIVATIONS
    for step, place, keys in (
        (1, "where the ReLUs belong", ("inner", "end")),
        (1, "where the first ReLU belongs", ("inner",)),
        (2, "where the last ReLU belongs", ("end",)),
    )
]


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


# The findings of what was seen, for BasicBlock and for ResNet.


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


def only(finding, steps):
    """The findings where nothing but the first step could be looked at."""
    if finding.code == UNANSWERED:
        return [finding]
    return [finding, *(not_reached(what, 1) for what in steps[1:])]


class About(NamedTuple):
    """What `conclude` has to know of an exercise.

    passed: (code, message) of each step that is right. unknown: the step of numbers that nothing explains. mistakes:
    looked for one by one; pairs: two at a time. compute(probe, training, **changes): the numbers of a network with
    mistakes. reference(probe): the course's. weights_problem(probe, reference): a finding, or None.
    """

    steps: tuple
    passed: tuple
    unknown: int
    mistakes: list
    pairs: list
    compute: Callable
    reference: Callable
    weights_problem: Callable


STRUCTURAL = "wrong_depth", "stages_not_called"  # weights that no mistake of the tables makes


def conclude(seen, counted, builds, about):
    """The findings of all steps, then that of the config.

    seen: the probes with numbers. counted: those with weights. builds: the finding of the first step, or None if it is
    right.
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
        findings[2] = not_reached(about.steps[2], 1)
        if findings[1] is None:
            findings[about.unknown] = OTHER_NUMBERS
    elif not any(findings[1:]) and not found[2]:
        findings[2] = OTHER_NUMBERS
    if findings[1] is None and any(probe["biases"] for probe in seen):
        text = f"{about.passed[1][1]} (Its convolutions have biases, which the normalisations take away again.)"
        findings[1] = Finding("conv_bias", True, text, points=1)
    findings[3] = _training(seen, found, about)
    fine = [Finding(code, True, text, points=1) for code, text in about.passed]
    return [finding or right for finding, right in zip(findings, fine, strict=True)] + [_config(seen[0])]


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
        return not_reached(about.steps[3], 1)
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


def _config(probe):
    """The finding of its config, worth nothing: training needs none."""
    if probe["config"]["outcome"] == "returned":
        return Finding("config", True, "An equal one can be made from its config.")
    text = (
        "It cannot be loaded from a file yet: from_config does not get along with what get_config returns. Which "
        "settings does __init__ ask for, are all of them returned, and does it take Keras' own, such as the name?"
    )
    return Finding("no_config", False, text, "an equal one", probe["config"].get("error", {}).get("type"))
