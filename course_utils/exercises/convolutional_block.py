"""convolutional_block (notebook 04): a bottleneck whose shortcut is a projection of the input."""

from course_utils.check.judge.later import several
from course_utils.check.judge.models import (
    BUILDS_BLOCK,
    NUMBERS,
    block,
    drawn_bottlenecks,
    step_of_block,
)
from course_utils.check.result import Step


def _probe(shape, f, filters, **stride):
    return {"shape": shape, "arguments": {"f": f, "filters": filters, "stage": 2, "block": "a"} | stride}


def _hidden(rng):
    drawn = drawn_bottlenecks(rng, projected=True)
    return [_probe(shape, f, filters, s=rng.randint(1, 3)) for shape, f, filters in drawn]


exercise = block(
    notebook="04",
    place=2,
    title="convolutional_block",
    tensor="X",
    reference="resnet:convolutional_block",
    probes=[
        _probe([11, 9, 5], 5, [4, 6, 10], s=3),
        _probe([6, 8, 5], 3, [4, 6, 10]),  # without s: its default value
    ],
    fallback=[  # of any size, so that nothing is too small or too large to be added; then of equally many channels
        _probe([None, None, 5], 5, [4, 6, 10], s=3),
        _probe([None, None, 6], 5, [6, 4, 6], s=3),
        _probe([None, None, 6], 5, [6, 6, 6], s=3),
    ],
    hidden=_hidden,
    spellings={"s": ["stride", "strides"]},
    steps=(
        BUILDS_BLOCK,
        Step("main_path", 2, "takes the steps of the main path", "The main path takes its steps in the right order."),
        Step(
            "shortcut",
            2,
            "projects its input for the addition",
            "The shortcut is a projection of the input.",
            {"add": 1},
        ),
        Step("addition", 1, "adds, then applies ReLU", "The two are added, and ReLU comes last.", {"add": 1}),
        Step(
            "settings",
            1,
            "uses f, filters and s",
            "Each convolution has the kernel, filters and strides it should have.",
            {"conv": 0.6},
        ),
        NUMBERS,
    ),
    step_of=step_of_block,
    hints=(
        "Begin with your identity block. Its main path changes in one place only: which one? Then compare "
        "shapes: what must the shortcut have in common with the end of the main path?",
        "Give the shortcut a `Conv2D` and a `BatchNormalization` of its own, both called on the shortcut and "
        "not on the main path. The stride `s` goes to two convolutions: the first of each way. The two ways "
        "end with the same number of filters.",
    ),
    arguments="X, f, filters, stage, block, s",
    later=('convolutional_block(X, 3, filters, stage, "a", s=stride)',),
    advice=several,
)
