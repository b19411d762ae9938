"""What is said of inception_module: four points, one a step."""

import keras

from course_utils.check.judge.later import carries_on, several
from course_utils.check.judge.models import SETTINGS, Step, block_problem, diagnosis_first, judge_model
from course_utils.networks import inception

STEPS = (
    Step("builds", 1, "builds a module", "It builds a module on the tensor that it is given."),
    Step("branches", 1, "has four branches, joined by channels", "It has the four branches, joined by channels."),
    Step(
        "settings",
        1,
        "uses the six numbers of filters",
        "Each convolution has the kernel and the filters it should.",
        {"conv": 0.6},
    ),
    Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers."),
)


@carries_on("x, f1, f3_reduce, f3, f5_reduce, f5, f_pool", "inception_module(tiny, 2, 3, 4, 2, 3, 3)", more=several)
@diagnosis_first
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_model`."""
    return judge_model(evidence, STEPS, block_problem, _step, reference)


def reference(asked):
    x = keras.Input(asked["shape"])
    return keras.Model(x, inception.inception_module(x, *asked["module"]))


def _step(difference):
    return "settings" if difference.code in SETTINGS else "branches"
