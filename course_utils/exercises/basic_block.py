"""basic_block (notebook 06): the block of two 3x3 convolutions, as a subclassed layer."""

import re
from functools import lru_cache

import numpy as np

from course_utils.check.exercise import Exercise
from course_utils.check.judge import layers, not_reached, only
from course_utils.check.judge.later import a_class
from course_utils.check.judge.layers import Mistake, convolution, normalised, operation
from course_utils.check.result import Finding, Step

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
    ),
    Step(
        "shortcut",
        1,
        "adds the right shortcut, then takes the ReLU",
        "It adds the right shortcut, then takes the ReLU.",
    ),
    Step(
        "training",
        1,
        "uses the statistics of the batch in training, and only there",
        "In training it uses the statistics of the batch, and moves the averages.",
    ),
)
PROBES = [  # shape of the input, filters, stride
    ([2, 6, 7, 4], 4, 1),
    ([2, 7, 8, 3], 5, 2),
    ([2, 6, 6, 4], 4, 2),
    ([2, 5, 6, 3], 6, 1),
]
HIDDEN = [([2, 8, 9, 2], 7, 3), ([3, 4, 5, 8], 16, 2), ([2, 5, 5, 6], 6, 1)]


def _request(seed, hidden):
    probes = [
        {"arguments": {"filter_num": filters, "stride": s}, "shape": shape, "seed": seed, "only_weights": False}
        for shape, filters, s in PROBES + (HIDDEN if hidden else [])
    ]
    own = "course_utils.networks.resnet_basic:BasicBlock"
    return {"probes": probes, "spellings": {"stride": ["strides", "s"]}, "own": own}


def _judge(request, evidence):
    first, *others = probes = layers.joined(request, evidence)
    builds = _stops(first) or _shape_problem(probes)
    stops = next(filter(None, (_stops(probe) for probe in others if not _channels_alone(probe))), None)
    seen = [probe for probe in probes if "predicted" in probe and probe["predicted"].shape == _shape(probe)]
    if "predicted" not in first or not seen:
        return only(builds, STEPS)
    about = layers.About(STEPS, 1, MISTAKES, STRUCTURE, _compute, _reference, layers.weights_problem)
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


def _compute(probe, training, **changes):
    return _numbers(*_sizes(probe), probe["asked"]["seed"], training, tuple(changes.items()))


@lru_cache(4096)  # each pair of mistakes is looked for in every answer whose numbers nothing else explains
def _numbers(shape, filters, stride, seed, training, changes):
    from course_utils.check.ask.layer import pictures

    return np.asarray(block(pictures(shape, seed), filters, stride, seed, training, **dict(changes)))


def _reference(probe):
    return _behaviour(*_sizes(probe), probe["asked"]["seed"])


@lru_cache(128)
def _behaviour(shape, filters, stride, seed):
    from course_utils.check.ask.layer import behaviour, pictures
    from course_utils.networks import resnet_basic

    return behaviour(resnet_basic.BasicBlock(filters, stride), pictures(shape, seed), seed)


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


# A block with known mistakes.


def _leaky(slope):
    def leaky_relu(x):
        from keras import ops

        return ops.leaky_relu(x, slope)

    return leaky_relu


def block(
    x,
    filters,
    stride,
    seed,
    training=False,
    *,
    inner="relu",
    norms=(True, True),
    turned=False,
    second=False,
    shortcut="input",
    on_shortcut=None,
    before=None,
    end="relu",
    projection_norm=True,
    always=False,
    join="add",
):
    """What a BasicBlock computes from x with weights set from the seed; every argument by name is for a mistake."""

    from keras import ops

    def bn(x, wanted=True):
        return normalised(x, seed, training) if wanted else x

    def act(function, x):
        return operation(function)(x) if function else x

    first, then = (1, stride) if second else (stride, 1)
    h = convolution(x, filters, 3, first, seed)
    h = middle = bn(act(inner, h)) if turned else act(inner, bn(h, norms[0]))
    h = bn(convolution(h, filters, 3, then, seed), norms[1])
    way = {"input": x, "middle": middle, "end": h, "none": ops.zeros_like(h)}[shortcut]
    if shortcut == "input" and (always or stride != 1 or x.shape[-1] != filters):
        way = bn(convolution(x, filters, 1, stride, seed), projection_norm)
    return act(end, operation(join)(act(before, h), act(on_shortcut, way)))


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
        {"on_shortcut": "relu"},
    ),
    *(
        Mistake(
            "relu_before_add",
            2,
            "A ReLU stands between the main path and the addition, so that the block can only add to its shortcut, "
            "never take away. Where does the last ReLU belong?",
            {"before": "relu"} | end,
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
            ("multiplied", "multiply"),
            ("averaged", lambda a, b: (a + b) / 2),
            ("compared, and the larger is kept", "maximum"),
            ("subtracted", "subtract"),
        )
    ),
]
ACTIVATIONS = (
    ("ELU", "elu"),
    ("A leaky ReLU", _leaky(0.3)),
    ("A leaky ReLU", _leaky(0.2)),
    ("A sigmoid", "sigmoid"),
    ("Tanh", "tanh"),
    ("SiLU", "silu"),
    ("GELU", "gelu"),
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
