"""block2 (notebook 07): the bottleneck of ResNet V2, which normalises before it convolves, with three shortcuts.

An addition stretches a side of one: a block with a projection is asked for on one channel, and one with a stride on a
picture that shrinks to 1x1, so that a shortcut of the wrong shape is seen in the graph and raises no error. A kernel of
five is asked for where one zero at each side, as in keras.applications, and two, which keep the size, both serve. There
are never few filters: of a few, ReLU may leave none above zero, and numbers would tell nothing.
"""

from functools import partial

from course_utils.check.judge import not_reached
from course_utils.check.judge.later import several
from course_utils.check.judge.models import (
    BLOCKS_V2,
    BUILDS_BLOCK,
    NUMBERS,
    SETTINGS,
    block,
    block_of,
    block_problem,
    judge_model,
    probe_by_probe,
    with_biases,
)
from course_utils.check.result import UNANSWERED, Step

REFERENCE = "resnet_v2:block2"


def _probe(shape, **settings):
    return {"shape": shape, "arguments": settings | {"name": "block"}}


def _hidden(rng):
    height, width = rng.sample(range(6, 13), 2)
    filters, other, third = rng.sample(range(6, 12), 3)
    s = rng.choice([2, 3])
    return [
        _probe([height, width, 1], filters=filters, stride=s, conv_shortcut=True),
        _probe([5 - s, 5 - s, 4 * other], filters=other, stride=5 - s),
        _probe([width, height, 4 * third], filters=third),
    ]


def _redrawn(probe, rng):
    filters = rng.randint(6, 12)
    return {"shape": [None, None, 4 * filters], "arguments": probe["arguments"] | {"filters": filters}}


def _step_of(difference):
    if difference.code in SETTINGS:
        return "settings"
    return "shortcut" if difference.part == "shortcut" or difference.code == "shortcut_missing" else "main_path"


def _of_the_library(probe):
    """The reference as in keras.applications: one zero at each side, whatever the kernel."""
    import keras

    def copied(layer):
        if isinstance(layer, keras.layers.ZeroPadding2D):
            return keras.layers.ZeroPadding2D(1)
        return layer.from_config(layer.get_config())

    return keras.models.clone_model(block_of(REFERENCE)(probe), clone_function=copied)


def _judge(evidence, steps):
    return probe_by_probe(evidence, partial(_judged, steps=steps))


def _judged(evidence, steps):
    """Of the two right paddings that which fits better."""
    references = block_of(REFERENCE), _of_the_library
    ways = [judge_model(evidence, steps, block_problem, _step_of, reference) for reference in references]
    findings = max(ways, key=lambda found: sum(finding.points for finding in found if finding.passed))
    if findings[-1].code == UNANSWERED:
        return findings
    if not all(probe.get("config") for probe in evidence["probes"]):  # one kind of shortcut cannot be built
        both = zip(steps, findings, strict=True)
        return [not_reached(step) if found.code in ("shortcut", "numbers") else found for step, found in both]
    return with_biases(evidence, findings, "settings") if findings[1].passed else findings


exercise = block(
    notebook="07",
    place=1,
    title="block2",
    tensor="x",
    reference=REFERENCE,
    forbidden=[*BLOCKS_V2, "course_utils.networks.resnet_v2:block2", "course_utils.networks.resnet_v2:_residual"],
    probes=[
        _probe([7, 9, 1], filters=6, stride=2, conv_shortcut=True),
        _probe([2, 2, 32], filters=8, stride=2),
        _probe([8, 5, 32], filters=8),
        _probe([3, 3, 28], filters=7, kernel_size=5, stride=3),
    ],
    fallback=[  # of any size, so that nothing is too small or too large to be added: each kind of shortcut
        _probe([None, None, 32], filters=8, stride=2),
        _probe([None, None, 32], filters=8, stride=2, conv_shortcut=True),
        _probe([None, None, 32], filters=8),
    ],
    redraw=_redrawn,
    hidden=_hidden,
    steps=(
        BUILDS_BLOCK,
        Step(
            "main_path",
            1,
            "takes the steps of the main path",
            "Normalisation, ReLU and convolutions follow each other as they should, and nothing stands after the "
            "addition.",
        ),
        Step(
            "shortcut",
            1,
            "carries the input to the addition, as it is or projected",
            "The shortcut carries the input: as it is, every stride-th row and column of it, or projected.",
            {"add": 1},
        ),
        Step(
            "settings",
            1,
            "uses filters, kernel_size and stride",
            "Each convolution has the settings it should have.",
            {"conv": 0.6},
        ),
        NUMBERS,
    ),
    step_of=_step_of,
    judge=_judge,
    hints=(
        "Some ways start from the pre-activation, others from x itself. Go through the table and the list "
        "below it: from which of the two does each start?",
        "Give the pre-activation a name of its own, so that the main path and the projection can both start "
        "from it. The shortcut has three cases, one behind the other: `if`, `elif`, `else`. For the padding, "
        "half the kernel size, rounded down, keeps the size of the picture.",
    ),
    arguments="x, filters, kernel_size, stride, conv_shortcut, name",
    later=(
        "block2(tiny, 2)",
        "block2(tiny, 3, conv_shortcut=True)",
        'block2(inputs, 64, stride=2, name="last")',
    ),
    advice=several,
)
