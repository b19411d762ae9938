"""What is said of ResNet50V2: five points, one a step."""

import json

from course_utils.check.judge.block2 import probe_by_probe, with_biases
from course_utils.check.judge.later import advice, carries_on, layers_of
from course_utils.check.judge.models import (
    STEM,
    Step,
    _config,
    diagnosis_first,
    judge_model,
    network_problem,
    step_of_network,
)
from course_utils.check.result import UNANSWERED
from course_utils.networks import resnet_v2

STEPS = (
    Step("builds", 1, "builds a model", "It builds a new model."),
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
    Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers."),
)


@carries_on(
    "include_top, preact, use_bias, input_shape, pooling, classes, classifier_activation, depths",
    "ResNet50V2(classes=4)",
    "ResNet50V2(depths=depths)",
    "ResNet50V2(input_shape=(96, 96, 3), classes=4)",
    more=lambda evidence: _as_in_the_library(evidence),
)
@diagnosis_first
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_model`."""

    def judged(found):
        findings = judge_model(found, STEPS, network_problem, step_of, reference)
        stem = findings[-1].code != UNANSWERED and findings[1].passed
        return with_biases(found, findings, "stages") if stem else findings

    return probe_by_probe(evidence, judged)


def step_of(difference):
    if difference.code == "wrong_units":
        return "end"
    return {"arguments": "stem", "stem": "stem", "head": "end"}.get(step_of_network(difference), "stages")


def reference(asked):
    return resnet_v2.ResNet50V2(**asked)


def _as_in_the_library(evidence):
    """The advice on names and on an order of layers that are not the library's, with which cells below compare."""
    asked = json.dumps(evidence["probes"][0]["asked"])
    got, expected = layers_of(evidence), json.loads(_config(reference, asked))["config"]["layers"]
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
