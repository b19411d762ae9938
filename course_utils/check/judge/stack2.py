"""What is said of stack2: three points, one a step."""

import keras

from course_utils.check.judge.block2 import probe_by_probe
from course_utils.check.judge.later import carries_on, several
from course_utils.check.judge.models import Step, block_problem, diagnosis_first, judge_model
from course_utils.networks import resnet_v2

STEPS = (
    Step("builds", 1, "builds a stage", "It builds a stage on the tensor that it is given."),
    Step(
        "stack",
        1,
        "has as many blocks as it should, each of its kind",
        "The blocks follow each other: a projection in the first, the stride in the last.",
    ),
    Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers."),
)


@carries_on("x, filters, blocks, stride1, name", "stack2(tiny, 3, blocks, stride1)", more=several)
@diagnosis_first
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_model`."""
    return probe_by_probe(evidence, lambda found: judge_model(found, STEPS, block_problem, _step, reference))


def _step(difference):
    return "stack"


def reference(asked):
    x = keras.Input(asked["shape"])
    return keras.Model(x, resnet_v2.stack2(x, **asked["settings"], name="stack"))
