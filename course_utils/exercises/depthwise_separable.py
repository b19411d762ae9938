"""depthwise_separable (notebook 02): MobileNet's block, one kernel per channel and then a 1x1 convolution."""

from course_utils.check.judge.later import several
from course_utils.check.judge.models import (
    BUILDS_BLOCK,
    NUMBERS,
    block,
)
from course_utils.check.result import Step


def _probe(shape, **arguments):
    return {"shape": shape, "arguments": arguments}


def _hidden(rng):
    sizes = [[rng.randint(6, 12), rng.randint(6, 12), rng.randint(3, 9)] for _ in range(2)]
    settings = {"kernel_size": 3, "strides": 3}, {"kernel_size": 7}
    return [_probe(size, filters=rng.randint(2, 12), **more) for size, more in zip(sizes, settings, strict=True)]


exercise = block(
    notebook="02",
    place=5,
    title="depthwise_separable",
    tensor="x",
    reference="mobilenet:depthwise_separable",
    probes=[
        _probe([8, 6, 8], filters=6, kernel_size=5, strides=2),  # even: what comes first decides what is padded
        _probe([6, 8, 5], filters=7),  # without the others: their default values
    ],
    fallback=[_probe([None, None, 8], filters=6, kernel_size=5, strides=2), _probe([9, 7, 6], filters=6)],
    hidden=_hidden,
    spellings={"strides": ["stride", "s"], "kernel_size": ["f", "kernel"]},
    steps=(
        BUILDS_BLOCK,
        Step(
            "layers",
            1,
            "looks around in each channel, then mixes the channels",
            "A depthwise and a 1x1 convolution follow each other, each normalised, each with its ReLU.",
            {"depthwise_conv": 1, "conv": 1},
        ),
        NUMBERS,
    ),
    step_of=lambda difference: "layers",
    hints=(
        "The block has two halves of three layers each. Which half looks around in the picture, and which one mixes "
        "the channels?",
        "`DepthwiseConv2D` takes no number of filters: each channel keeps its own. Kernel size and strides belong to "
        "it alone, and the 1x1 convolution behind it sets how many channels come out.",
    ),
    arguments="x, filters, kernel_size, strides",
    later=("depthwise_separable(x, 32, kernel_size=5)",),
    advice=several,
)
