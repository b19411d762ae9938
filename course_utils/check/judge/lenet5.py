"""What is said of lenet5: four points over four steps; either form is right, and a mixture of both is told.

Where the answer takes `original`, it is today's form without it, and the form of 1998 with it.
"""

from dataclasses import replace
from functools import partial

from keras import layers

from course_utils.check.judge.classic import nearest
from course_utils.check.judge.later import carries_on
from course_utils.check.judge.models import Step, diagnosis_first, judge_model, network_problem
from course_utils.check.result import NOT_REACHED, Finding
from course_utils.networks.lenet import _lenet5

STEPS = (
    Step("builds", 1, "builds a model", "It builds a new model."),
    Step(
        "features",
        1,
        "convolves and pools twice",
        "Two convolutions and two poolings: sizes, filters, activations.",
        {"conv": 0.5},
    ),
    Step(
        "classifier",
        1,
        "ends with the dense layers",
        "The dense layers are right, and give what classes says.",
        {"dense": 0.6},
    ),
    Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers."),
)


def _forms(pool, activation):
    """One form, its third layer with weights dense, or the 5x5 convolution that it was in 1998."""
    return [partial(_reference, pool=pool, activation=activation, c5_convolves=c5) for c5 in (False, True)]


OF_1998, OF_TODAY = layers.AveragePooling2D, layers.MaxPooling2D


def _reference(asked, pool, activation, c5_convolves):
    if asked.get("original"):
        pool, activation = OF_1998, "tanh"
    return _lenet5(asked.get("input_shape", [32, 32, 1]), asked.get("classes", 10), pool, activation, c5_convolves)


WHOLE = [*_forms(OF_TODAY, "relu"), *_forms(OF_1998, "tanh"), *_forms(OF_1998, "sigmoid")]
MIXED = [*_forms(OF_TODAY, "tanh"), *_forms(OF_1998, "relu"), *_forms(OF_TODAY, "sigmoid")]


@carries_on("input_shape, classes, original", "lenet5()", "lenet5(original=original)")
@diagnosis_first
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_model`."""
    once = {**evidence, "probes": [probe for probe in evidence["probes"] if "original" not in probe["asked"]]}
    two_forms = len(once["probes"]) < len(evidence["probes"])
    reference = nearest(evidence, (WHOLE[:2] if two_forms else WHOLE) + MIXED)
    findings = judge_model(once, STEPS, network_problem, step_of, reference)
    if two_forms:
        both = judge_model(evidence, STEPS, network_problem, step_of, reference)
        findings = [_with_original(*pair) for pair in zip(findings, both, strict=True)]
    if reference in MIXED and findings[1:] and findings[1].passed:
        findings[1] = _mixed(reference.keywords)
    return findings


def _with_original(without, finding):
    """The finding of all probes, which says so where the form of 1998 alone is at fault."""
    if without.passed and not finding.passed and finding.code != NOT_REACHED:
        return replace(finding, message=f"With original=True: {finding.message}")
    return finding


def step_of(difference):
    if difference.code == "wrong_activation":  # a question of the form
        return "features"
    ends = difference.code in ("wrong_units", "output_activation")
    return "classifier" if ends or "dense" in difference.place or "flatten" in difference.place else "features"


def _mixed(form):
    pool = "max pooling" if form["pool"] is OF_TODAY else "average pooling"
    activation = {"relu": "ReLU"}.get(form["activation"], form["activation"])
    text = (
        f"{pool} and {activation} are of two times: 1998 took average pooling and tanh, today max pooling and ReLU go "
        "together. Which of the two forms is it to be?"
    )
    wanted = "average pooling and tanh, or max pooling and ReLU"
    return Finding("mixed_forms", False, text[0].upper() + text[1:], wanted, f"{pool} and {activation}", points=1)
