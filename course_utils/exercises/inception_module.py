"""inception_module (notebook 02): four branches side by side, joined by their channels."""

from functools import partial

from course_utils.check.judge.later import several
from course_utils.check.judge.models import (
    NETWORKS,
    NUMBERS,
    SETTINGS,
    block,
    redrawn,
)
from course_utils.check.result import Step

FILTERS = "f1", "f3_reduce", "f3", "f5_reduce", "f5", "f_pool"


def _probe(shape, filters):
    return {"shape": shape, "arguments": dict(zip(FILTERS, filters, strict=True))}


def _hidden(rng):
    sizes = ([rng.randint(6, 12), rng.randint(6, 12), rng.randint(1, 9)] for _ in range(3))
    return [_probe(shape, rng.sample(range(2, 13), 6)) for shape in sizes]


exercise = block(
    notebook="02",
    place=3,
    title="inception_module",
    tensor="x",
    reference="inception:inception_module",
    forbidden=[f"{NETWORKS}.inception:inception_module"],
    probes=[_probe([9, 7, 8], [3, 4, 6, 2, 5, 7]), _probe([6, 10, 3], [5, 2, 3, 6, 4, 8])],
    fallback=[  # of any size, so that all branches can be joined; then of equally many channels, along whatever axis
        _probe([None, None, 8], [3, 4, 6, 2, 5, 7]),
        _probe([9, 7, 8], [4, 3, 4, 2, 4, 4]),
    ],
    hidden=_hidden,
    redraw=partial(redrawn, channels=FILTERS),
    steps=(
        Step("builds", 1, "builds a module", "It builds a module on the tensor that it is given."),
        Step("branches", 1, "has four branches, joined by channels", "It has the four branches, joined by channels."),
        Step(
            "settings",
            1,
            "uses the six numbers of filters",
            "Each convolution has the kernel and the filters it should.",
            {"conv": 0.6},
        ),
        NUMBERS,
    ),
    step_of=lambda difference: "settings" if difference.code in SETTINGS else "branches",
    hints=(
        "Draw the four branches on paper and write beside each layer what goes into it. Which layers take x "
        "itself, and which take what another layer gave?",
        "There are six convolutions: a small inner function that takes a tensor, the filters and the kernel "
        "size saves writing padding and ReLU six times. The pooling needs both its stride and its padding, or"
        " its picture has another size than the others. `Concatenate` takes a list of the four ends.",
    ),
    arguments=f"x, {', '.join(FILTERS)}",
    later=("inception_module(tiny, 2, 3, 4, 2, 3, 3)",),
    advice=several,
)
