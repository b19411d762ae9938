"""What is said of a classic network: of its right forms, that is the reference from which an answer differs least."""

import json

from course_utils.check import graph
from course_utils.check.difference import differences
from course_utils.check.judge.models import _graph, _wrong_defaults, network_problem
from course_utils.check.result import Finding


def nearest(evidence, references):
    """Of several references, each as `judge_model` takes it, the one from which an answer differs least, or first."""
    probe = next((probe for probe in [*evidence["probes"], evidence["instead"]] if probe and probe.get("config")), None)
    try:
        answer = graph.canonical(probe["config"]) if probe else None
    except graph.UnreadableConfig:
        answer = None
    if answer is None:
        return references[0]
    asked, found = json.dumps(probe["asked"]), []
    for reference in references:
        found.append(len(differences(answer, _graph(reference, asked))))
        if not found[-1]:
            break
    return references[found.index(min(found))]


def problem_with_defaults(wanted):
    """`network_problem`, which also looks at the default values that the signature names: {"classes": 1000}."""

    def problem(evidence, points):
        found = network_problem(evidence, points)
        for wrong in () if found else _wrong_defaults(evidence["defaults"], wanted)[:1]:
            found = Finding(wrong.code, False, wrong.message, wrong.expected, wrong.got, points)
        return found

    return problem
