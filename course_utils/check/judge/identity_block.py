"""What is said of identity_block: eight points over six steps."""

import keras

from course_utils.check.judge.later import carries_on, several
from course_utils.check.judge.models import Step, block_problem, diagnosis_first, judge_model, step_of_block
from course_utils.networks import resnet

STEPS = (
    Step("builds", 1, "builds a block", "It builds a block on the tensor that it is given."),
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
    Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers."),
)


@carries_on("X, f, filters, stage, block", "identity_block(X, 3, filters, stage, letter)", more=several)
@diagnosis_first
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_model`."""
    return judge_model(evidence, STEPS, block_problem, step_of_block, reference)


def reference(asked):
    X = keras.Input(asked["shape"])
    return keras.Model(X, resnet.identity_block(X, asked["f"], asked["filters"], 2, "a"))
