"""identity_block (notebook 04): a bottleneck whose shortcut carries the input."""

from course_utils.check.judge.later import several
from course_utils.check.judge.models import (
    BUILDS_BLOCK,
    NUMBERS,
    block,
    drawn_bottlenecks,
    step_of_block,
)
from course_utils.check.result import Step


def _probe(shape, f, filters):
    return {"shape": shape, "arguments": {"f": f, "filters": filters, "stage": 2, "block": "a"}}


exercise = block(
    notebook="04",
    place=1,
    title="identity_block",
    tensor="X",
    reference="resnet:identity_block",
    probes=[_probe([9, 7, 10], 5, [4, 6, 10]), _probe([6, 8, 10], 3, [4, 6, 10])],
    fallback=[  # of any size, so that nothing is too small or too large to be added; then of equally many channels
        _probe([None, None, 10], 5, [4, 6, 10]),
        _probe([None, None, 6], 5, [6, 4, 6]),
        _probe([None, None, 6], 5, [6, 6, 6]),
    ],
    hidden=lambda rng: [_probe(shape, f, filters) for shape, f, filters in drawn_bottlenecks(rng, projected=False)],
    steps=(
        BUILDS_BLOCK,
        Step("main_path", 2, "takes the steps of the main path", "The main path takes its steps in the right order."),
        Step(
            "shortcut",
            2,
            "carries its input to the addition",
            "The shortcut carries the input to the addition.",
            {"add": 1},
        ),
        Step("addition", 1, "adds, then applies ReLU", "The two are added, and ReLU comes last.", {"add": 1}),
        Step(
            "settings",
            1,
            "uses f and filters",
            "Each convolution has the kernel and the filters that it should have.",
            {"conv": 0.6},
        ),
        NUMBERS,
    ),
    step_of=step_of_block,
    hints=(
        "The name X means something new after each layer. When you reach the addition, under which name do "
        "you still have what entered the block?",
        "Give the input a second name before the first layer. Then come three groups of `Conv2D` and "
        "`BatchNormalization`, with a ReLU behind the first two groups only. `Add` takes a list of two "
        "tensors, and the last ReLU comes after it.",
    ),
    arguments="X, f, filters, stage, block",
    later=("identity_block(X, 3, filters, stage, letter)",),
    advice=several,
)
