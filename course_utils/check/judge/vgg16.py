"""What is said of vgg16: three points over three steps."""

from course_utils.check.judge.classic import problem_with_defaults
from course_utils.check.judge.later import carries_on
from course_utils.check.judge.models import Step, judge_model
from course_utils.networks import vgg

STEPS = (
    Step("builds", 1, "builds a model", "It builds a new model."),
    Step("layers", 1, "has the layers of the table", "Every layer is in its place, with the settings of the table."),
    Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers."),
)
PROBLEM = problem_with_defaults({"input_shape": [224, 224, 3], "classes": 1000})


@carries_on("input_shape, classes", "vgg16()")
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_model`."""
    return judge_model(evidence, STEPS, PROBLEM, lambda difference: "layers", reference)


def reference(asked):
    return vgg.vgg16(**asked)
