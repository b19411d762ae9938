"""lenet5 (notebook 01): LeNet-5 in today's form or in that of 1998; either is right, and a mixture of both is told.

Where the answer takes `original`, it is today's form without it, and the form of 1998 with it. Pictures are larger than
the notebook's, in colour, of other classes; and the default values.
"""

from dataclasses import replace
from functools import partial

from course_utils.check.judge.models import (
    BUILDS_MODEL,
    NUMBERS,
    judge_model,
    nearest,
    network,
    network_problem,
)
from course_utils.check.result import NOT_REACHED, Finding, Step


def _hidden(rng):
    shapes = [[rng.randint(16, 50), rng.randint(16, 50), rng.randint(1, 4)] for _ in range(2)]
    return [{"input_shape": shape, "classes": rng.randint(2, 12)} for shape in shapes]


OF_1998, OF_TODAY = "AveragePooling2D", "MaxPooling2D"


def _reference(probe, pool, activation, c5_convolves):
    from keras import layers

    from course_utils.networks.lenet import _lenet5

    given = probe["arguments"]
    if given.get("original"):
        pool, activation = OF_1998, "tanh"
    size = given.get("input_shape", [32, 32, 1]), given.get("classes", 10)
    return _lenet5(*size, getattr(layers, pool), activation, c5_convolves)


def _forms(pool, activation):
    """One form, its third layer with weights dense, or the 5x5 convolution that it was in 1998."""
    return [partial(_reference, pool=pool, activation=activation, c5_convolves=c5) for c5 in (False, True)]


WHOLE = [*_forms(OF_TODAY, "relu"), *_forms(OF_1998, "tanh"), *_forms(OF_1998, "sigmoid")]
MIXED = [*_forms(OF_TODAY, "tanh"), *_forms(OF_1998, "relu"), *_forms(OF_TODAY, "sigmoid")]


def _judge(evidence, steps):
    probes = evidence["probes"]
    once = {**evidence, "probes": [probe for probe in probes if "original" not in probe["asked"]["arguments"]]}
    two_forms = len(once["probes"]) < len(probes)
    reference = nearest(evidence, (WHOLE[:2] if two_forms else WHOLE) + MIXED)
    findings = judge_model(once, steps, network_problem, _step_of, reference)
    if two_forms:
        both = judge_model(evidence, steps, network_problem, _step_of, reference)
        findings = [_with_original(*pair) for pair in zip(findings, both, strict=True)]
    if reference in MIXED and findings[1:] and findings[1].passed:
        findings[1] = _mixed(reference.keywords)
    return findings


def _with_original(without, finding):
    """The finding of all probes, which says so where the form of 1998 alone is at fault."""
    if without.passed and not finding.passed and finding.code != NOT_REACHED:
        return replace(finding, message=f"With original=True: {finding.message}")
    return finding


def _step_of(difference):
    if difference.code == "wrong_activation":  # a question of the form
        return "features"
    ends = difference.code in ("wrong_units", "output_activation")
    return "classifier" if ends or "dense" in difference.place or "flatten" in difference.place else "features"


def _mixed(form):
    pool = "Max pooling" if form["pool"] == OF_TODAY else "Average pooling"
    activation = {"relu": "ReLU"}.get(form["activation"], form["activation"])
    text = (
        f"{pool} and {activation} are of two times: 1998 took average pooling and tanh, today max pooling and ReLU go "
        "together. Which of the two forms is it to be?"
    )
    wanted = "average pooling and tanh, or max pooling and ReLU"
    return Finding("mixed_forms", False, text, wanted, f"{pool.lower()} and {activation}", points=1)


exercise = network(
    notebook="01",
    place=2,
    title="lenet5",
    probes=[
        {"input_shape": [36, 44, 3], "classes": 7},
        {},
        {"arguments": {"input_shape": [36, 44, 3], "classes": 7, "original": True}, "if": "original"},
    ],
    fallback=[{"input_shape": [64, 64, 1], "classes": 10}],  # which one pooling too many does not shrink to nothing
    hidden=_hidden,
    steps=(
        BUILDS_MODEL,
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
        NUMBERS,
    ),
    judge=_judge,
    hints=(
        "Follow the table row by row and compare its column of outputs with the summary of your model. The "
        "two forms differ in two choices only: which are they, and in which rows do they appear?",
        "Choose the class of the pooling and the name of the activation at the top, by `original`, and use "
        "both in all rows below. Only the last `Dense` keeps its own activation in both forms.",
    ),
    arguments="input_shape, classes, original",
    later=("lenet5()", "lenet5(original=original)"),
)
