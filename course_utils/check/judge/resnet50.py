"""What is said of ResNet50: eight points over seven steps."""

from course_utils.check.judge.later import carries_on, nothing_nested
from course_utils.check.judge.models import Step, diagnosis_first, judge_model, network_problem, step_of_network
from course_utils.networks import resnet

STEPS = (
    Step("builds", 1, "builds a model", "It builds a new model."),
    Step(
        "arguments",
        1,
        "uses input_shape and classes",
        "It takes and gives what input_shape and classes say.",
        {"dense": 1},
    ),
    Step(
        "stem",
        1,
        "begins with the stem",
        "The stem is right: padding, convolution, normalisation, ReLU, pooling.",
        {"conv": 0.01, "max_pool": 0.01},
    ),
    Step(
        "stages",
        2,
        "has the four stages",
        "The stages have their blocks, with the filters and strides they need.",
        {"add": 0.5},
    ),
    Step(
        "blocks",
        1,
        "has the blocks of a residual network",
        "The blocks are residual blocks, step by step.",
        {"add": 0.5},
    ),
    Step("head", 1, "ends with the head", "The head pools, flattens and classifies.", {"dense": 1, "add": 0.5}),
    Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers."),
)
DEFAULTS = {"input_shape": [64, 64, 3], "classes": 6}


@carries_on("input_shape, classes", "ResNet50(input_shape=(64, 64, 3), classes=6)", "ResNet50()", more=nothing_nested)
@diagnosis_first
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_model`."""
    return judge_model(evidence, STEPS, network_problem, step_of_network, reference, DEFAULTS)


def reference(asked):
    return resnet.ResNet50(**asked)
