"""What is said of alexnet: three points over three steps.

The first two convolutions may be normalised or not: by the course's LocalResponseNormalization, which is passed over,
or by a batch normalisation before or after their ReLU.
"""

from functools import partial

from keras import layers

from course_utils.check.judge.classic import nearest, problem_with_defaults
from course_utils.check.judge.later import carries_on
from course_utils.check.judge.models import Step, judge_model
from course_utils.networks.alexnet import _alexnet

STEPS = (
    Step("builds", 1, "builds a model", "It builds a new model."),
    Step("layers", 1, "has the layers of the table", "Every layer is in its place, with the settings of the table."),
    Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers."),
)
PROBLEM = problem_with_defaults({"input_shape": [227, 227, 3], "classes": 1000})


def _reference(asked, **normalisation):
    return _alexnet(**asked, **normalisation)


REFERENCES = [
    partial(_reference),
    partial(_reference, after_relu=layers.BatchNormalization),
    partial(_reference, before_relu=layers.BatchNormalization),
]


@carries_on("input_shape, classes", "alexnet()")
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_model`."""
    return judge_model(evidence, STEPS, PROBLEM, lambda difference: "layers", nearest(evidence, REFERENCES))
