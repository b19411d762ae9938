"""What is said of block2: five points, one a step."""

from dataclasses import replace

import keras
from keras import layers

from course_utils.check import graph
from course_utils.check.judge import not_reached
from course_utils.check.judge.later import carries_on, several
from course_utils.check.judge.models import SETTINGS, Step, block_problem, diagnosis_first, judge_model
from course_utils.check.result import UNANSWERED, Finding
from course_utils.networks import resnet_v2

STEPS = (
    Step("builds", 1, "builds a block", "It builds a block on the tensor that it is given."),
    Step(
        "main_path",
        1,
        "takes the steps of the main path",
        "Normalisation, ReLU and convolutions follow each other as they should, and nothing stands after the addition.",
    ),
    Step(
        "shortcut",
        1,
        "carries the input to the addition, as it is or projected",
        "The shortcut carries the input: as it is, every stride-th row and column of it, or projected.",
        {"add": 1},
    ),
    Step(
        "settings",
        1,
        "uses filters, kernel_size and stride",
        "Each convolution has the settings it should have.",
        {"conv": 0.6},
    ),
    Step("numbers", 1, "computes what the reference does", "With equal weights it gives the reference's numbers."),
)


@carries_on(
    "x, filters, kernel_size, stride, conv_shortcut, name",
    "block2(tiny, 2)",
    "block2(tiny, 3, conv_shortcut=True)",
    'block2(inputs, 64, stride=2, name="last")',
    more=several,
)
@diagnosis_first
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_model`. Of the two right paddings that which fits better."""
    return probe_by_probe(evidence, _judged)


def _judged(evidence):
    ways = (judge_model(evidence, STEPS, block_problem, step_of, way) for way in (reference, of_the_library))
    findings = max(ways, key=lambda found: sum(finding.points for finding in found if finding.passed))
    if findings[-1].code == UNANSWERED:
        return findings
    if not all(probe.get("config") for probe in evidence["probes"]):  # one kind of shortcut cannot be built
        lost = "shortcut", "numbers"
        both = zip(STEPS, findings, strict=True)
        findings = [not_reached(step.what, step.points) if found.code in lost else found for step, found in both]
    return with_biases(evidence, findings, "settings") if findings[1].passed else findings


def probe_by_probe(evidence, judged):
    """judged(evidence); a fault that not every probe shows is told with the arguments of the first that does."""
    findings = judged(evidence)
    faults = {i: finding for i, finding in enumerate(findings) if finding.mark == "to do" and len(findings) > 1}
    alone = [judged({**evidence, "probes": [probe]}) for probe in evidence["probes"]] if faults else []
    for i, fault in faults.items():
        shown = [len(found) > i and found[i].code == fault.code for found in alone]
        if any(shown) and not all(shown) and (words := _arguments(evidence["probes"][shown.index(True)]["asked"])):
            findings[i] = replace(fault, message=f"With {words}: {fault.message}")
    return findings


def _arguments(asked):
    """In words those arguments of a probe that make one of several kinds of blocks or networks, "" if none is given."""
    given = asked.get("settings", asked)
    named = "stride", "stride1", "conv_shortcut", "kernel_size", "include_top", "preact", "pooling"
    return ", ".join(f"{name}={given[name]!r}" for name in named if name in given)


def with_biases(evidence, findings, step):
    """The findings; that of a `step` which is passed becomes one for biases before a batch normalisation, if any.

    Such a bias changes no number, and so no graph: it is counted among the parameters all the same.
    """
    if step not in [finding.code for finding in findings]:
        return findings
    needless = sum(_biases(graph.trace(probe["config"]).calls) for probe in evidence["probes"] if probe.get("config"))
    if not needless:
        return findings
    text = (
        "A convolution has a bias, and the batch normalisation right after it subtracts it again. Which convolutions "
        "can do without?"
    )
    found = Finding("needless_bias", False, text, "no bias before a batch normalisation", "a bias")
    return [replace(found, points=one.points) if one.code == step else one for one in findings]


def _biases(calls):
    """How many convolutions have a bias before a batch normalisation."""
    normalised = {ref.call for call in calls if call.kind == "BatchNormalization" for ref in graph.refs(call.args)}
    return sum(calls[i].kind == "Conv2D" and calls[i].config["use_bias"] for i in normalised)


def step_of(difference):
    if difference.code in SETTINGS:
        return "settings"
    return "shortcut" if difference.part == "shortcut" or difference.code == "shortcut_missing" else "main_path"


def reference(asked):
    x = keras.Input(asked["shape"])
    return keras.Model(x, resnet_v2.block2(x, **asked["settings"], name="block"))


def of_the_library(asked):
    """As in keras.applications: one zero at each side, whatever the kernel."""

    def copied(layer):
        if isinstance(layer, layers.ZeroPadding2D):
            return layers.ZeroPadding2D(1)
        return layer.from_config(layer.get_config())

    return keras.models.clone_model(reference(asked), clone_function=copied)
