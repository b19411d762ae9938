"""What later cells of a notebook need of an answer and no point is for: told as advice, once all points are earned.

Whatever a check passes lets every later cell run, or says what to add so that it does. `Exercise.advice` is one of the
functions of this module, or one of its own that is made of them.
"""

import ast
import json
from inspect import Parameter, Signature

from course_utils.check import graph
from course_utils.check.judge import where
from course_utils.check.result import Finding

Kind = type(Parameter.POSITIONAL_ONLY)


def advised(exercise, request, evidence):
    """The advice for an answer that has all points: where a later cell could not go on with it."""
    call = evidence["probes"][0]["call"]
    if call["outcome"] == "returned":
        yield from _of_arguments(call, exercise.arguments.split(", "), exercise.later)
        yield from exercise.advice(request, evidence)


def advice(code, message, expected=None, got=None):
    return Finding(code, False, message, expected, got)


def no_tensor(request, evidence):
    """The advice on a tensor, where later cells take what comes out for an array or a number."""
    if any(probe["call"].get("kind") == "tensor" for probe in evidence["probes"]):
        text = (
            "It returns a tensor. A cell below takes what comes out for a number or an array of NumPy's and stops "
            "there: float() or np.asarray() makes one."
        )
        yield advice("returned_tensor", text, "a number or an array", "a tensor")


def a_class(request, evidence):
    """The advice on a function in place of a class."""
    if not evidence["probes"][0]["call"].get("class", True):
        text = (
            "It is no class. Cells below make an equal one by from_config, or load one from a file: both take a class."
        )
        yield advice("no_class", text, "a class", "a function")


def several(request, evidence):
    """The advice on a block of which no model can hold two."""
    together = evidence.get("together") or {"outcome": "returned"}
    if together["outcome"] == "raised" and "unique" in together["error"]["text"]:
        text = (
            "Two of these blocks cannot stand in one model, as their layers have the same names, and cells below put "
            "several in one. What makes a name another one in each block?"
        )
        yield advice("same_names", text)
    elif together["outcome"] == "raised":
        error = together["error"]
        text = (
            "A cell below calls it without a name, or several times in one model. So called, it stops"
            f"{where(error)}: {error['type']}: {error['text']}"
        )
        yield advice("later_block", text)


def nothing_nested(request, evidence):
    """The advice on a last normalisation that stands in a model within the model."""
    kinds = [layer["class_name"] for layer in layers_of(evidence)]
    held = [kind for kind in kinds if kind in (*graph.MODELS, "BatchNormalization")]
    if held and held[-1] in graph.MODELS:
        text = (
            "Its last normalisation stands in a model within the model. A cell below makes a model that ends there, "
            "and stops. Call the layers themselves on the tensor, without a model around them."
        )
        yield advice("nested_model", text, "layers", "a model among the layers")


def layers_of(evidence):
    """The layers of the model that the first probe gave, as its config has them."""
    return json.loads(evidence["probes"][0]["config"])["config"]["layers"]


def _of_arguments(call, names, calls):
    """The advice on the first of the later calls that a signature does not allow, if there is one."""
    try:
        kinds = {False: None, True: Parameter.empty}
        known = [Parameter(name, Kind[kind], default=kinds[needed]) for name, kind, needed in call["signature"]]
    except (KeyError, TypeError, ValueError):  # of evidence that is none
        return
    signature = Signature(known)
    for text in calls:
        if not _allows(signature, call.get("class"), names, ast.parse(text, mode="eval").body):
            message = (
                f"A cell below calls `{text}`, which your arguments do not allow: it will stop there. Take the "
                "arguments of the exercise."
            )
            yield advice("later_call", message, f"({', '.join(names)})", str(signature).replace("=None", "=..."))
            return


def _allows(signature, is_class, names, call):
    """Does a call give each parameter what the check gave it?"""

    from course_utils.check.evidence import arguments  # which needs Keras

    def stand_in():
        pass

    stand_in.__signature__ = signature
    if is_class:
        itself = Parameter("self", Parameter.POSITIONAL_ONLY)
        stand_in.__signature__ = Signature([itself, *signature.parameters.values()], __validate_parameters__=False)
        stand_in = type("StandIn", (), {"__init__": stand_in})
    args, kwargs, _ = arguments(stand_in, {name: name for name in names})
    words = [keyword.arg for keyword in call.keywords]
    places = len(names) if any(isinstance(arg, ast.Starred) for arg in call.args) else len(call.args)
    try:
        given = signature.bind(*args, **kwargs).arguments
        later = signature.bind(*names[:places], **dict(zip(words, words, strict=True))).arguments
    except TypeError:
        return False
    both = ((given.get(name, {}), value) for name, value in later.items())
    return all(was == now if isinstance(now, str) else _within(now, was) for was, now in both)


def _within(now, was):
    """Does **kwargs, or *args, take no more than the check gave it?"""
    return isinstance(now, tuple) or now.items() <= was.items()
