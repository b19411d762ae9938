"""What is said of lenet5: four points over four steps; either form is right, and a mixture of both is told."""

from functools import partial

from keras import layers

from course_utils.check.judge.classic import nearest
from course_utils.check.judge.models import Step, judge_model, network_problem
from course_utils.check.result import Finding
from course_utils.networks.lenet import _lenet5

STEPS = (
    Step("builds", 1, "builds a model", "It builds a new model."),
    Step("features", 1, "convolves and pools twice", "Two convolutions and two poolings: sizes, filters, activations."),
    Step("classifier", 1, "ends with the dense layers", "The dense layers are right, and give what classes says."),
    Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers."),
)


def _forms(pool, activation):
    """One form, its third layer with weights dense, or the 5x5 convolution that it was in 1998."""
    return [partial(_reference, pool=pool, activation=activation, c5_convolves=c5) for c5 in (False, True)]


def _reference(asked, **form):
    return _lenet5(asked.get("input_shape", [32, 32, 1]), asked.get("classes", 10), **form)


OF_1998, OF_TODAY = layers.AveragePooling2D, layers.MaxPooling2D
WHOLE = [*_forms(OF_TODAY, "relu"), *_forms(OF_1998, "tanh"), *_forms(OF_1998, "sigmoid")]
MIXED = [*_forms(OF_TODAY, "tanh"), *_forms(OF_1998, "relu"), *_forms(OF_TODAY, "sigmoid")]


def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_model`."""
    reference = nearest(evidence, WHOLE + MIXED)
    findings = judge_model(evidence, STEPS, network_problem, step_of, reference)
    if reference in MIXED and findings[1:] and findings[1].passed:
        findings[1] = _mixed(reference.keywords)
    return findings


def step_of(difference):
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
