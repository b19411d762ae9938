"""What is said of ResNet50V2: five points, one a step."""

from course_utils.check.judge.block2 import probe_by_probe, with_biases
from course_utils.check.judge.later import carries_on
from course_utils.check.judge.models import STEM, Step, diagnosis_first, judge_model, network_problem, step_of_network
from course_utils.check.result import UNANSWERED
from course_utils.networks import resnet_v2

STEPS = (
    Step("builds", 1, "builds a model", "It builds a new model."),
    STEM,
    Step(
        "stages",
        1,
        "has the four stages",
        "The stages have their blocks, step by step, with filters and strides.",
        {"add": 0.5},
    ),
    Step(
        "end",
        1,
        "ends as include_top, pooling and classes say",
        "It normalises and activates once more, then ends as include_top, pooling and classes say.",
        {"add": 0.5},
    ),
    Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers."),
)


@carries_on(
    "include_top, preact, use_bias, input_shape, pooling, classes, classifier_activation, depths",
    "ResNet50V2(classes=4)",
    "ResNet50V2(depths=depths)",
    "ResNet50V2(input_shape=(96, 96, 3), classes=4)",
)
@diagnosis_first
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_model`."""

    def judged(found):
        findings = judge_model(found, STEPS, network_problem, step_of, reference)
        stem = findings[-1].code != UNANSWERED and findings[1].passed
        return with_biases(found, findings, "stages") if stem else findings

    return probe_by_probe(evidence, judged)


def step_of(difference):
    if difference.code == "wrong_units":
        return "end"
    return {"arguments": "stem", "stem": "stem", "head": "end"}.get(step_of_network(difference), "stages")


def reference(asked):
    return resnet_v2.ResNet50V2(**asked)
