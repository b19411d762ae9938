"""What is said of resnet50_headless: four points over four steps."""

import json

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
from course_utils.networks import resnet

STEPS = (
    Step("builds", 1, "builds a model", "It builds a new model."),
    STEM,
    Step(
        "stages",
        1,
        "has the four stages and ends with them",
        "The four stages are right, and end the network.",
        {"add": 0.5},
    ),
    Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers."),
)


def _names(evidence):
    """The advice on convolutions and normalisations that are not called as in the library, where the proof looks."""
    asked = json.dumps(evidence["probes"][0]["asked"])
    expected, got = (
        _weighted(found) for found in (json.loads(_config(reference, asked))["config"]["layers"], layers_of(evidence))
    )
    missing = [name for name in expected if name not in got]
    if missing:
        text = (
            f"{len(missing)} of {len(expected)} convolutions and normalisations are not called as in the library, and "
            "the proof below, which finds them by their names, stops there."
        )
        other = [name for name in got if name not in expected]
        yield advice("other_names", text, missing[0], other[0] if other else "no such layer")


def _weighted(layers):
    return [layer["config"]["name"] for layer in layers if layer["class_name"] in ("Conv2D", "BatchNormalization")]


@carries_on("input_shape", "resnet50_headless()", more=_names)
@diagnosis_first
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_model`."""
    return judge_model(evidence, STEPS, network_problem, step_of, reference)


def step_of(difference):
    return "stem" if step_of_network(difference) in ("stem", "arguments") else "stages"


def reference(asked):
    return resnet.resnet50_headless(**asked)
