"""What is said of resnet50_headless: four points over four steps."""

from course_utils.check.judge.later import carries_on
from course_utils.check.judge.models import STEM, Step, diagnosis_first, judge_model, network_problem, step_of_network
from course_utils.networks import resnet

STEPS = (
    Step("builds", 1, "builds a model", "It builds a new model."),
    STEM,
    Step(
        "stages",
        1,
        "has the four stages and ends with them",
        "The four stages are right, and end the network.",
        {"add": 0.5},
    ),
    Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers."),
)


@carries_on("input_shape", "resnet50_headless()")
@diagnosis_first
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_model`."""
    return judge_model(evidence, STEPS, network_problem, step_of, reference)


def step_of(difference):
    return "stem" if step_of_network(difference) in ("stem", "arguments") else "stages"


def reference(asked):
    return resnet.resnet50_headless(**asked)
