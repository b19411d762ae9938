"""resnet50v2 (notebook 07): ResNet50V2 with the arguments of keras.applications.

Pictures, classes and endings other than the notebook's. Feature maps of the last stage are larger than 1x1, so that
each way of pooling them gives other numbers.
"""

import json

from course_utils.check.judge.later import advice, layers_of
from course_utils.check.judge.models import (
    BUILDS_MODEL,
    NUMBERS,
    STEM,
    config_of,
    judge_model,
    network,
    network_of,
    network_problem,
    probe_by_probe,
    step_of_network,
    with_biases,
)
from course_utils.check.result import UNANSWERED, Step

REFERENCE = "resnet_v2:ResNet50V2"


def _hidden(rng):
    shapes = [[rng.randint(37, 68), rng.randint(37, 68), rng.randint(1, 4)] for _ in range(3)]
    return [
        {},
        {"classes": rng.randint(2, 12), "classifier_activation": None, "input_shape": shapes[0]},
        {"include_top": False, "pooling": "avg", "input_shape": shapes[1]},
        {"include_top": False, "preact": False, "use_bias": False, "input_shape": shapes[2]},
    ]


def _judge(evidence, steps):
    def judged(found):
        findings = judge_model(found, steps, network_problem, _step_of, network_of(REFERENCE))
        stem = findings[-1].code != UNANSWERED and findings[1].passed
        return with_biases(found, findings, "stages") if stem else findings

    return probe_by_probe(evidence, judged)


def _step_of(difference):
    if difference.code == "wrong_units":
        return "end"
    return {"arguments": "stem", "stem": "stem", "head": "end"}.get(step_of_network(difference), "stages")


def _as_in_the_library(request, evidence):
    """The advice on names and on an order of layers that are not the library's, with which cells below compare."""
    expected = json.loads(config_of(network_of(REFERENCE), json.dumps(request["probes"][0])))["config"]["layers"]
    got = layers_of(evidence)
    if not any(layer["config"]["name"].endswith("_out") for layer in got):
        text = (
            "A cell below finds the blocks by the names of their additions, which end in _out as in the library, and "
            "stops where there are none. Name the layers as it is said above."
        )
        yield advice("other_names", text, "conv2_block1_out", "no name that ends in _out")
    elif _weights(got) != _weights(expected):
        text = (
            "A cell below copies the library's weights in their order, and your layers stand in another one. In the "
            "library the shortcut is made first, and comes first in the addition."
        )
        yield advice("other_order", text)


def _weights(layers):
    """Of the layers with weights, in their order: kind, channels that go in, filters, kernel, bias."""
    kept = "filters", "kernel_size", "use_bias"
    return [
        [layer["class_name"], layer["build_config"]["input_shape"][-1], *(layer["config"].get(key) for key in kept)]
        for layer in layers
        if layer["class_name"] in ("Conv2D", "BatchNormalization", "Dense")
    ]


exercise = network(
    notebook="07",
    place=3,
    title="ResNet50V2",
    probes=[
        {"input_shape": [40, 67, 1], "classes": 5},
        {"include_top": False, "pooling": "max", "input_shape": [67, 40, 3]},
    ],
    fallback=[{"input_shape": [None, None, 3], "classes": 6}],  # where any two sizes can be added
    hidden=_hidden,
    steps=(
        BUILDS_MODEL,
        STEM,
        Step(
            "stages",
            1,
            "has the four stages",
            "The stages have their blocks, step by step, with filters and strides.",
            {"add": 0.5},
        ),
        Step(
            "end",
            1,
            "ends as include_top, pooling and classes say",
            "It normalises and activates once more, then ends as include_top, pooling and classes say.",
            {"add": 0.5},
        ),
        NUMBERS,
    ),
    judge=_judge,
    hints=(
        "Build the network with its default arguments first and compare the table with its summary. Then take"
        " one argument at a time: which rows of the table disappear, and which move?",
        "Settle `input_shape` first, by `include_top`. An inner function for normalisation and ReLU can be "
        "called at one of two places, by `preact`. Global average pooling is needed in two cases, with the "
        'head and with pooling="avg"; the dense layer only with the head.',
    ),
    arguments="include_top, preact, use_bias, input_shape, pooling, classes, classifier_activation, depths",
    later=(
        "ResNet50V2(classes=4)",
        "ResNet50V2(depths=depths)",
        "ResNet50V2(input_shape=(96, 96, 3), classes=4)",
    ),
    advice=_as_in_the_library,
)
