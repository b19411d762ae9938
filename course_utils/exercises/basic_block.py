"""basic_block (notebook 06): the block of two 3x3 convolutions, as a subclassed layer."""

import re

import numpy as np

from course_utils.check.exercise import Exercise
from course_utils.check.judge import layers, models, not_reached, only
from course_utils.check.judge.later import a_class
from course_utils.check.result import Finding, Step

TRAINING = Step(
    "training",
    1,
    "uses the statistics of the batch in training, and only there",
    "In training it uses the statistics of the batch, and moves the averages.",
    {"norm": 0.5},
)
STEPS = (
    Step(
        "builds",
        1,
        "builds a layer whose outputs have the right shape",
        "It builds, and its outputs have the right shape.",
    ),
    Step(
        "main_path",
        1,
        "has a main path of two normalised 3x3 convolutions",
        "Its main path is right: two normalised 3x3 convolutions.",
        {"conv": 0.6},
    ),
    Step(
        "shortcut",
        1,
        "adds the right shortcut, then takes the ReLU",
        "It adds the right shortcut, then takes the ReLU.",
        {"add": 1},
    ),
    TRAINING,
)
PROBES = [  # shape of the input, filters, stride
    ([2, 6, 7, 4], 4, 1),
    ([2, 7, 8, 3], 5, 2),
    ([2, 6, 6, 4], 4, 2),
    ([2, 5, 6, 3], 6, 1),
]
OWN = "resnet_basic:BasicBlock"
HIDDEN = [([2, 8, 9, 2], 7, 3), ([3, 4, 5, 8], 16, 2), ([2, 5, 5, 6], 6, 1)]


def _request(seed, hidden):
    probes = [
        {"arguments": {"filter_num": filters, "stride": s}, "shape": shape, "seed": seed, "only_weights": False}
        for shape, filters, s in PROBES + (HIDDEN if hidden else [])
    ]
    own = f"{models.NETWORKS}.{OWN}"
    return {"probes": probes, "spellings": {"stride": ["strides", "s"]}, "own": own}


def _judge(request, evidence):
    first, *others = probes = layers.joined(request, evidence)
    builds = _stops(first) or _shape_problem(probes)
    stops = next(filter(None, (_stops(probe) for probe in others if not _channels_alone(probe))), None)
    seen = [probe for probe in probes if "predicted" in probe and probe["predicted"].shape == _shape(probe)]
    if "predicted" not in first or not seen:
        return only(builds, STEPS)
    about = layers.About(STEPS, 1, OWN, _step_of, layers.weights_problem)
    findings = layers.conclude(seen, seen, builds, about, evidence["config"])
    if stops and findings[0].passed:  # with this stride it gives no output of any shape
        findings[0] = not_reached(STEPS[0])
    if stops and findings[2].passed:
        findings[2] = stops
    elif findings[2].passed and any(_channels_alone(probe) and "predicted" not in probe for probe in others):
        text = f"{STEPS[2].passed} (Where the stride is 1 and only the channels change, it stops: there, too, it needs "
        findings[2] = Finding("projection_by_stride", True, f"{text}a projection.)", points=1)
    return findings


def _sizes(probe):
    """(shape of the input, filters, stride) of a probe."""
    asked = probe["asked"]
    return tuple(asked["shape"]), asked["arguments"]["filter_num"], asked["arguments"]["stride"]


def _step_of(difference):
    shortcut = difference.part in ("shortcut", "addition") or difference.code == "shortcut_missing"
    return "shortcut" if shortcut else "main_path"


def _shape(probe):
    (n, h, w, _), filters, s = _sizes(probe)
    return n, -(-h // s), -(-w // s), filters


def _channels_alone(probe):
    shape, filters, stride = _sizes(probe)
    return stride == 1 and shape[-1] != filters


def _called(probe):
    shape, filters, stride = _sizes(probe)
    return f"With stride={stride}, {filters} filters and an input of shape {shape}"


def _shape_problem(probes):
    """The finding for an output of the wrong shape, or None."""
    for probe in probes:
        got, expected = np.shape(probe.get("predicted", ())), _shape(probe)
        if "predicted" not in probe or got == expected:
            continue
        if got[1:3] == _sizes(probe)[0][1:3] != expected[1:3]:
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
    failed = layers.problem(probe, f"{_called(probe)}, it", "layer")
    if failed is None or failed.code != "exception":
        return failed
    error = (probe.get("run") or probe["call"])["error"]
    shapes = [tuple(map(int, found.split(","))) for found in re.findall(r"[\[(](\d+(?:, ?\d+){3})[\])]", error["text"])]
    if len(shapes) != 2:
        return failed
    a, b = shapes
    (n, h, w, c), _, s = _sizes(probe)
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


exercise = Exercise(
    notebook="06",
    place=2,
    title="BasicBlock",
    steps=STEPS,
    ask="layer",
    request=_request,
    judge=_judge,
    hints=(
        "Which layers does every block have, and which only some blocks? When does a block learn how many "
        "channels its input has: when it is made, or when it is built?",
        "Make the two convolutions and their normalisations in `__init__`, as attributes of self. In `build`,"
        " compare the channels of the input with filter_num and the stride with 1, and make the projection if"
        " one of them differs. In `call`, hand `training` to each normalisation.",
    ),
    arguments="filter_num, stride",
    later=("BasicBlock(6)", "BasicBlock(8, stride=2)"),
    advice=a_class,
)
