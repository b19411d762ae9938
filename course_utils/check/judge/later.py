"""What later cells of a notebook need of an answer and no point is for: told as advice, once all points are earned.

Whatever a check passes lets every later cell run, or says what to add so that it does.
"""

import ast
from functools import wraps
from inspect import Parameter, Signature

from course_utils.check.evidence import arguments
from course_utils.check.result import Finding

Kind = type(Parameter.POSITIONAL_ONLY)


def carries_on(names, *calls, more=lambda evidence: ()):
    """Make of a judge one that gives advice at full marks where a later cell could not go on with the answer.

    names: the arguments of the exercise, in order: "n, f, p, s". calls: how later cells call it, in their own words.
    more: of the evidence, further advice.
    """

    def of(judge):
        @wraps(judge)
        def judged(evidence):
            findings, call = judge(evidence), _call(evidence)
            if call["outcome"] != "returned" or any(one.points and not one.passed for one in findings):
                return findings
            return [*findings, *_of_arguments(call, names.split(", "), calls), *more(evidence)]

        return judged

    return of


def advice(code, message, expected=None, got=None):
    return Finding(code, False, message, expected, got)


def _call(evidence):
    """The evidence of the first call of an answer."""
    first = evidence["probes"][0] if "probes" in evidence else evidence
    first = first["pipelines"][0] if "pipelines" in first else first
    return first["call"] if "call" in first else first["tensor"]


def _of_arguments(call, names, calls):
    """The advice on the first of the later calls that a signature does not allow, if there is one."""
    try:
        kinds = {False: None, True: Parameter.empty}
        known = [Parameter(name, Kind[kind], default=kinds[needed]) for name, kind, needed in call["signature"]]
    except (KeyError, TypeError, ValueError):  # of evidence that is none
        return
    signature = Signature(known)
    for text in calls:
        if not _allows(signature, names, ast.parse(text, mode="eval").body):
            message = (
                f"A cell below calls `{text}`, which your arguments do not allow: it will stop there. Take the "
                "arguments of the exercise."
            )
            yield advice("later_call", message, f"({', '.join(names)})", str(signature).replace("=None", "=..."))
            return


def _allows(signature, names, call):
    """Does a call give each parameter what the check gave it?"""

    def stand_in():
        pass

    stand_in.__signature__ = signature
    args, kwargs, _ = arguments(stand_in, {name: name for name in names})
    words = [keyword.arg for keyword in call.keywords]
    places = len(names) if any(isinstance(arg, ast.Starred) for arg in call.args) else len(call.args)
    try:
        given = signature.bind(*args, **kwargs).arguments
        later = signature.bind(*names[:places], **dict(zip(words, words, strict=True))).arguments
    except TypeError:
        return False
    return all(given.get(name) == value for name, value in later.items() if isinstance(value, str))
