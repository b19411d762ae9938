"""resnet50_headless (notebook 06): ResNet-50 without its head, layer by layer as in keras.applications."""

import json

from course_utils.check.judge.later import advice, layers_of
from course_utils.check.judge.models import (
    BUILDS_MODEL,
    NUMBERS,
    STEM,
    config_of,
    network,
    step_of_network,
)
from course_utils.check.result import Step


def _names(request, evidence):
    """The advice on convolutions and normalisations that are not called as in the library, where the proof looks."""
    expected = json.loads(config_of(_library, json.dumps(request["probes"][0])))["config"]["layers"]
    wanted, got = _weighted(expected), _weighted(layers_of(evidence))
    missing = [name for name in wanted if name not in got]
    if missing:
        text = (
            f"{len(missing)} of {len(wanted)} convolutions and normalisations are not called as in the library, and "
            "the proof below, which finds them by their names, stops there."
        )
        other = [name for name in got if name not in wanted]
        yield advice("other_names", text, missing[0], other[0] if other else "no such layer")


def _library(probe):
    import keras

    return keras.applications.ResNet50(include_top=False, weights=None, **probe["arguments"])


def _weighted(layers):
    return [layer["config"]["name"] for layer in layers if layer["class_name"] in ("Conv2D", "BatchNormalization")]


exercise = network(
    notebook="06",
    place=1,
    title="resnet50_headless",
    reference="resnet:resnet50_headless",
    probes=[{"input_shape": [96, 120, 1]}],
    fallback=[{"input_shape": [None, None, 3]}],  # where any two sizes can be added
    hidden=lambda rng: [{}, {"input_shape": [rng.randint(32, 128), rng.randint(32, 128), 3]}],
    steps=(
        BUILDS_MODEL,
        STEM,
        Step(
            "stages",
            1,
            "has the four stages and ends with them",
            "The four stages are right, and end the network.",
            {"add": 0.5},
        ),
        NUMBERS,
    ),
    step_of=lambda difference: "stem" if step_of_network(difference) in ("stem", "arguments") else "stages",
    hints=(
        "All sixteen blocks have the same main path. What changes from stage to stage, and what is special in"
        " the first block of a stage? Look up epsilon, strides and names in the cells above.",
        "Write a helper for convolution plus normalisation that takes the prefix of the two names, then one "
        "for the main path, then the two kinds of block. In the stem, zeros are added by `ZeroPadding2D` "
        "twice: before the convolution and before the pooling. From stage 3 on the stride belongs to the "
        "first convolution of the first block and to its projection.",
    ),
    arguments="input_shape",
    later=("resnet50_headless()",),
    advice=_names,
)
