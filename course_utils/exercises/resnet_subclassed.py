"""resnet_subclassed (notebook 06): a ResNet of BasicBlocks, as a subclassed model.

A small one is asked for its numbers with weights set from seeds, and ResNet-18 for its weights. A mistake of the blocks
is a mistake of the network, too, and said to be one of the blocks.
"""

from functools import lru_cache

import numpy as np

from course_utils.check.exercise import Exercise
from course_utils.check.judge import layers, not_a_model, only
from course_utils.check.judge.later import a_class
from course_utils.check.judge.layers import Mistake, close, convolution, normalised, operation
from course_utils.check.result import Finding, Step
from course_utils.exercises.basic_block import STEPS as STEPS_OF_BLOCK
from course_utils.exercises.basic_block import STRUCTURE, block

SHAPE = (2, 32, 32, 3)
FILTERS = (64, 128, 256, 512)  # of the four stages
STEPS = (
    Step(
        "builds", 1, "builds a model that gives a logit for each class", "It builds, and gives a logit for each class."
    ),
    Step(
        "depth",
        1,
        "has as many blocks as layer_dims says, each with weights of its own",
        "It has as many blocks as layer_dims says, each with weights of its own.",
    ),
    Step(
        "numbers",
        1,
        "computes what a ResNet of these blocks computes",
        "With equal weights it gives the numbers of the reference.",
    ),
    STEPS_OF_BLOCK[3],
)
PROBES = [([1, 3, 1, 1], 7)]  # blocks of each stage, classes
HIDDEN = [([2, 1, 1, 2], 5), ([1, 1, 3, 1], 10)]
COUNTED = ([2, 2, 2, 2], 100)


def _request(seed, hidden):
    asked = [*PROBES, *(HIDDEN if hidden else ()), COUNTED]
    probes = [
        {
            "arguments": {"layer_dims": layer_dims, "num_classes": classes},
            "shape": [*SHAPE],
            "seed": seed,
            "only_weights": (layer_dims, classes) == COUNTED,
        }
        for layer_dims, classes in asked
    ]
    own = "course_utils.networks.resnet_basic:ResNet"
    return {"probes": probes, "spellings": {"num_classes": ["classes"]}, "own": own}


def _judge(request, evidence):
    probes = layers.joined(request, evidence)
    builds = next(filter(None, (_problem(probe) for probe in probes)), None)
    counted = [_as_it_is(probe) for probe in probes if len(probe.get("shape", ())) == 2]
    seen = [probe for probe in counted if "predicted" in probe]
    if not seen:
        return only(builds, STEPS)
    about = layers.About(STEPS, 2, MISTAKES, [], _compute, _reference, _weights_problem)
    return layers.conclude(seen, counted, builds, about, evidence["config"])


def _sizes(probe):
    """(blocks of each stage, classes) of a probe."""
    arguments = probe["asked"]["arguments"]
    return probe.get("sizes") or (arguments["layer_dims"], arguments["num_classes"])


def _as_it_is(probe):
    """The probe, as if it had asked for as many classes as it got."""
    return probe | {"sizes": (_sizes(probe)[0], probe["shape"][1])}


def _problem(probe):
    """The finding for a model that does not build or gives no output of the right shape, or None."""
    layer_dims, classes = _sizes(probe)
    what = f"The model of {layer_dims} blocks and {classes} classes, shown pictures,"
    if probe["call"].get("kind") == "layer":
        return not_a_model(probe["call"], 1)
    found = layers.problem(probe, what, "model")
    if found or probe["shape"][1:] == [classes]:
        return found
    got, expected = (f"({', '.join(map(str, ('n', *shape)))})" for shape in (probe["shape"][1:], [classes]))
    if len(probe["shape"]) != 2:
        text = f"Pictures of {SHAPE[1:]} become outputs of shape {got}. What makes one vector of a feature map?"
        return Finding("output_not_flat", False, text, expected, got, points=1)
    text = f"With num_classes={classes}, {probe['shape'][1]} numbers come out. Where is the argument used?"
    return Finding("classes_ignored", False, text, expected, got, points=1)


def _compute(probe, training, **changes):
    layer_dims, classes = _sizes(probe)
    return _numbers(tuple(layer_dims), classes, probe["asked"]["seed"], training, tuple(changes.items()))


@lru_cache(512)  # as of a block
def _numbers(layer_dims, classes, seed, training, changes):
    from course_utils.check.ask.layer import pictures

    x = pictures(SHAPE, seed)
    return np.asarray(network(x if training else x[:1], layer_dims, classes, seed, training, **dict(changes)))


def _reference(probe):
    layer_dims, classes = _sizes(probe)
    look = _behaviour if "predicted" in probe else _weights
    return look(tuple(layer_dims), classes, probe["asked"]["seed"])


@lru_cache(32)
def _behaviour(layer_dims, classes, seed):
    from course_utils.check.ask.layer import behaviour, pictures
    from course_utils.networks import resnet_basic

    return behaviour(resnet_basic.ResNet(layer_dims, classes), pictures(SHAPE, seed), seed)


@lru_cache(32)
def _weights(layer_dims, classes, seed):
    from course_utils.check.ask.layer import pictures, weights
    from course_utils.networks import resnet_basic

    return weights(resnet_basic.ResNet(layer_dims, classes), pictures(SHAPE, seed)[:1])


def _weights_problem(probe, expected):
    """As `layers.weights_problem`, but a wrong number of blocks is said to be one."""
    layer_dims = list(_sizes(probe)[0])
    depths = [_depth(probe["weights"], filters) for filters in FILTERS]
    same = "predicted" in probe and close(probe["predicted"], expected["predicted"])
    if 0 in depths and ["kernel", FILTERS[-1], _sizes(probe)[1], 1] not in probe["weights"]:
        empty = " and ".join(str(stage) for stage, depth in enumerate(depths, start=1) if not depth)
        text = f"Nothing has passed through stage {empty}: no weights there. Which stage does each line of call name?"
        return Finding("stages_not_called", False, text, f"blocks {layer_dims}", f"blocks {depths}", points=1)
    if depths == layer_dims or 0 in depths or same:
        return layers.weights_problem(probe, expected)
    stage = next(i for i, depth in enumerate(depths) if depth != layer_dims[i])
    if depths == layer_dims[::-1]:
        hint = "the stages have these numbers of blocks from behind. In which order are they used?"
    else:
        blocks = f"{depths[stage]} {'block' if depths[stage] == 1 else 'blocks'}"
        hint = f"stage {stage + 1} has {blocks}. Where is layer_dims[{stage}] used, and for what?"
    text = f"With layer_dims={layer_dims}, {hint}"
    return Finding("wrong_depth", False, text, f"blocks {layer_dims}", f"blocks {depths}", points=1)


def _depth(weights, filters):
    """How many blocks of so many filters the weights make: two 3x3 kernels each, the first one from fewer channels."""
    kernels = {tuple(shape): count for role, *shape, count in weights if role == "kernel"}
    before = {64: None}.get(filters, filters // 2)
    return (kernels.get((3, 3, filters, filters), 0) + kernels.get((3, 3, before, filters), 0)) // 2


# A network with known mistakes.


def network(
    x,
    layer_dims,
    classes,
    seed,
    training=False,
    *,
    strides=(1, 2, 2, 2),
    where=lambda block, blocks: block == 0,
    stem_norm=True,
    stem_relu=True,
    stem_stride=1,
    stem_pool=None,
    pool="mean",
    output=None,
    **changes,
):
    """What a ResNet computes from x with weights set from the seed; every argument by name is for a mistake.

    where: at which blocks of a stage its stride stands. changes: as of `block`.
    """
    from keras import ops

    x = convolution(x, FILTERS[0], 3, stem_stride, seed)
    x = normalised(x, seed, training) if stem_norm else x
    x = ops.relu(x) if stem_relu else x
    x = ops.max_pool(x, stem_pool, strides=2, padding="same") if stem_pool else x
    for filters, blocks, stride in zip(FILTERS, layer_dims, strides, strict=True):
        for i in range(blocks):
            x = block(x, filters, stride if where(i, blocks) else 1, seed, training, **changes)
    x = operation(pool)(x, axis=(1, 2))
    x = ops.matmul(x, layers.weight("kernel", (x.shape[-1], classes), seed))
    x = x + layers.weight("bias", (classes,), seed)
    return operation(output)(x) if output else x


MISTAKES = [
    Mistake(
        "softmax",
        0,
        "What comes out are probabilities. Logits are the numbers in front of the softmax: the loss takes care of it.",
        {"output": "softmax"},
    ),
    *(
        Mistake(
            "output_activation", 0, f"{name} stands at the end. Logits are numbers of any size.", {"output": function}
        )
        for name, function in (("ReLU", "relu"), ("A sigmoid", "sigmoid"), ("Tanh", "tanh"))
    ),
    Mistake(
        "strides_missing",
        2,
        "No stage makes the picture smaller: behind the pooling nothing is seen of it, except in the time it takes. "
        "Where should the size be halved?",
        {"strides": (1, 1, 1, 1)},
    ),
    Mistake(
        "stride_of_stage_1",
        2,
        "Stage 1 halves the picture, too, straight after the stem. Which stages should?",
        {"strides": (2, 2, 2, 2)},
    ),
    *(
        Mistake(
            "stride_missing",
            2,
            f"Stage {stage} does not make the picture smaller. Which blocks should?",
            {"strides": (1, *(1 if i == stage else 2 for i in (2, 3, 4)))},
        )
        for stage in (2, 3, 4)
    ),
    Mistake(
        "stride_in_every_block",
        2,
        "Each block of stages 2 to 4 makes the picture smaller. How many of a stage should?",
        {"where": lambda block, blocks: True},
    ),
    Mistake(
        "stride_at_the_end",
        2,
        "The last block of a stage makes the picture smaller, not the first. Which one opens a stage?",
        {"where": lambda block, blocks: block == blocks - 1},
    ),
    Mistake("stem_relu_missing", 2, "In the stem the last step is missing, the ReLU.", {"stem_relu": False}),
    Mistake("stem_bn_missing", 2, "The convolution of the stem is not normalised.", {"stem_norm": False}),
    *(
        Mistake("stem_stride", 2, "The stem makes the picture smaller already. What should it do to 32x32?", changes)
        for changes in ({"stem_stride": 2}, {"stem_pool": 2}, {"stem_pool": 3})
    ),
    *(
        Mistake("wrong_pooling", 2, f"At the end stands {name}. Which one is asked for?", {"pool": function})
        for name, function in (("the maximum of the feature maps", "max"), ("the sum of the feature maps", "sum"))
    ),
    *(
        Mistake(mistake.code, 2, f"The network is right but for its blocks. {mistake.message}", mistake.changes)
        for mistake in STRUCTURE
    ),
]


exercise = Exercise(
    notebook="06",
    place=3,
    title="ResNet",
    steps=STEPS,
    ask="layer",
    request=_request,
    judge=_judge,
    hints=(
        "How many blocks does layer_dims ask for altogether, and how many does your `__init__` make? For each"
        " of them, write down filters and stride.",
        "Make the blocks in two loops, over the stages and over the blocks of each, and keep them in a list "
        "that is an attribute of self. `call` then goes through stem, list, `GlobalAveragePooling2D` and "
        "`Dense`, and hands `training` on. The last layer has no activation.",
    ),
    arguments="layer_dims, num_classes",
    later=("ResNet((2, 2, 2, 2))", "ResNet((1, 1, 1, 1), num_classes=6)"),
    advice=a_class,
)
