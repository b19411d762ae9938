"""stack2 (notebook 07): a stage of ResNet V2, a projection in its first block and the stride in its last.

Pictures have one channel, which an addition stretches, or as many as a block gives, so that a first block without a
projection is seen in the graph, and raises no error. A stage may be made of the course's own block2: the block is
another exercise.
"""

from course_utils.check.judge.later import several
from course_utils.check.judge.models import (
    BLOCKS_V2,
    NUMBERS,
    block,
    block_of,
    block_problem,
    judge_model,
    probe_by_probe,
)
from course_utils.check.result import Step

REFERENCE = "resnet_v2:stack2"


def _probe(shape, **settings):
    return {"shape": shape, "arguments": settings | {"name": "stack"}}


def _hidden(rng):
    return [
        _probe([rng.randint(6, 12), rng.randint(6, 12), 1], filters=rng.randint(6, 12), blocks=blocks, stride1=stride1)
        for blocks, stride1 in ((2, 2), (rng.randint(5, 7), 3))
    ]


def _redrawn(probe, rng):
    return probe | {"arguments": probe["arguments"] | {"filters": rng.randint(6, 12)}}


def _step_of(difference):
    return "stack"


def _judge(evidence, steps):
    return probe_by_probe(
        evidence, lambda found: judge_model(found, steps, block_problem, _step_of, block_of(REFERENCE))
    )


exercise = block(
    notebook="07",
    place=2,
    title="stack2",
    tensor="x",
    reference=REFERENCE,
    forbidden=BLOCKS_V2,
    probes=[
        _probe([8, 6, 1], filters=8, blocks=3),  # without stride1: its default value
        _probe([7, 9, 24], filters=6, blocks=4, stride1=1),
    ],
    fallback=[_probe([None, None, 1], filters=8, blocks=3)],  # of any size, so that any two can be added
    redraw=_redrawn,
    hidden=_hidden,
    steps=(
        Step("builds", 1, "builds a stage", "It builds a stage on the tensor that it is given."),
        Step(
            "stack",
            1,
            "has as many blocks as it should, each of its kind",
            "The blocks follow each other: a projection in the first, the stride in the last.",
        ),
        NUMBERS,
    ),
    step_of=_step_of,
    judge=_judge,
    hints=(
        "Write down the calls of `block2` for blocks=4: which arguments does the first get, which the last, "
        "and which those between?",
        "Call `block2` once before a loop and once behind it. The loop makes the blocks between, two fewer "
        "than `blocks`. Each call takes what the one before returned, and the number of the block goes into "
        "its name.",
    ),
    arguments="x, filters, blocks, stride1, name",
    later=("stack2(tiny, 3, blocks, stride1)",),
    advice=several,
)
