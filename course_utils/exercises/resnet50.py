"""resnet50 (notebook 05): ResNet-50 of the blocks of notebook 04.

Pictures of another size and colour, and another number of classes, than the notebook's. All of them leave the last
stage with 2x2 feature maps, where average pooling 2 and global average pooling are one.
"""

from course_utils.check.judge.later import nothing_nested
from course_utils.check.judge.models import (
    BUILDS_MODEL,
    NUMBERS,
    network,
    step_of_network,
)
from course_utils.check.result import Step


def _hidden(rng):
    shape = [rng.randint(37, 68), rng.randint(37, 68), rng.randint(1, 4)]
    return [{}, {"input_shape": shape, "classes": rng.randint(2, 12)}]


exercise = network(
    notebook="05",
    place=1,
    title="ResNet50",
    reference="resnet:ResNet50",
    probes=[{"input_shape": [56, 48, 1], "classes": 5}],
    fallback=[{"input_shape": [224, 224, 3], "classes": 6}],  # which too many strides do not shrink to nothing
    hidden=_hidden,
    wanted={"input_shape": [64, 64, 3], "classes": 6},
    steps=(
        BUILDS_MODEL,
        Step(
            "arguments",
            1,
            "uses input_shape and classes",
            "It takes and gives what input_shape and classes say.",
            {"dense": 1},
        ),
        Step(
            "stem",
            1,
            "begins with the stem",
            "The stem is right: padding, convolution, normalisation, ReLU, pooling.",
            {"conv": 0.01, "max_pool": 0.01},
        ),
        Step(
            "stages",
            2,
            "has the four stages",
            "The stages have their blocks, with the filters and strides they need.",
            {"add": 0.5},
        ),
        Step(
            "blocks",
            1,
            "has the blocks of a residual network",
            "The blocks are residual blocks, step by step.",
            {"add": 0.5},
        ),
        Step("head", 1, "ends with the head", "The head pools, flattens and classifies.", {"dense": 1, "add": 0.5}),
        NUMBERS,
    ),
    step_of=step_of_network,
    hints=(
        "The blocks are written already, so three parts are left: stem, stages, head. Compare the table's "
        "column of outputs with the summary of your model: which is the first line that differs?",
        "Loop over `STAGES`, with `enumerate` and a start of 2 for the number of the stage. Each stage is one"
        " `convolutional_block` with the letter a and the stride of its line, then an inner loop of identity "
        "blocks for the remaining letters. Each block takes what the one before returned.",
    ),
    arguments="input_shape, classes",
    later=("ResNet50(input_shape=(64, 64, 3), classes=6)", "ResNet50(x_train.shape[1:], classes=6)"),
    advice=nothing_nested,
)
