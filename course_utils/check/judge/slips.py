"""Slips that Keras or Python answers in words of their own: what each was, and how it is meant to be written.

Each of SLIPS takes the evidence of an exception, as `evidence.attempt` tells it, and the line that it stops in. It
gives a sentence or two, or None.
"""

import inspect
import re

import keras

from course_utils.check.evidence import closest

TWO_STEPS = "A layer is made first, with its settings, and then called on a tensor: `{0}(...)(X)`. Which brackets are"


def slip(error, source):
    """What is said of the slip that led to an exception, or None where it is none of these."""
    return next(filter(None, (look(error, source) for look in SLIPS)), None)


def _tensor_for_a_setting(error, source):
    kind, strange = error.get("layer") or (None, {})
    unknown = re.match(r"Unrecognized keyword arguments passed to \w+: \{'\w+': <KerasTensor", error["text"])
    if kind and ("a tensor" in strange.values() or unknown):
        return f"`{kind}` is handed a tensor while it is being made. {TWO_STEPS.format(kind)} missing?"
    found = re.search(r"\b(?!Model|Sequential)([A-Z]\w+)\(", source)
    if found and re.search(r"\.__init__\(\) takes .*positional arguments? but", error["text"]):
        return f"`{found[1]}` is handed more than it has settings. {TWO_STEPS.format(found[1])} missing?"
    return None


def _list_for_a_number(error, source):
    kind, strange = error.get("layer") or (None, {})
    for setting, given in strange.items():
        if given != "a tensor":
            return f"`{setting}` of `{kind}` is one number, and is given {given}. Which of them belongs to this layer?"
    return None


def _layer_for_a_tensor(error, source):
    if not re.match(r"Only input tensors may be passed|All `(in|out)puts` values must be KerasTensors", error["text"]):
        return None
    if found := re.search(r"<(\w+) name=\w+, built=\w+>", error["text"]):
        return (
            f"what is handed on is a layer, `{found[1]}`, and not what it gives: it was made, and called on nothing. "
            f"{TWO_STEPS.format(found[1])} missing?"
        )
    if found := re.search(r"<class '[\w.]+\.(\w+)'>", error["text"]):
        return f"what is handed on is the class `{found[1]}` itself. {TWO_STEPS.format(found[1])} missing?"
    return None


def _training_by_place(error, source):
    if not re.search(r"Only input tensors may be passed.*: (True|False) \(of type <class 'bool'>", error["text"]):
        return None
    return (
        "the mode stands among the tensors of the call. Its name belongs before it: `training=...`. Is it needed? "
        "Without it, Keras itself tells each layer whether it is training."
    )


def _class_for_a_model(error, source):
    found = re.match(r"(Sequential|Model)\.(\w+)\(\) missing \d+ required positional argument", error["text"])
    if not found or found[2] == "__init__" or re.search(rf"\.{found[2]}\(\s*\)", source):
        return None
    return f"`{found[1]}` without brackets is the class, not a model. What makes a model of it?"


def _no_layer(error, source):
    if "Only instances of `keras.Layer` can be added" not in error["text"]:
        return None
    if found := re.search(r"Received: <class '[\w.]+\.(\w+)'>", error["text"]):
        return f"`{found[1]}` without brackets is the class, not a layer. What makes a layer of it?"
    if "Received: <KerasTensor" in error["text"]:
        return (
            "a Sequential model takes layers, and is handed a tensor, which is what a layer gives. The model itself "
            "calls its layers: which brackets are too many?"
        )
    return None


def _no_list(error, source):
    one, several = (
        r"'\w+' object is not iterable",
        r"Expected `trainable` to be a boolean\. Received: trainable=<\w+ name=",
    )
    if "Sequential(" in source and re.match(f"{one}|{several}", error["text"]):
        return "a Sequential model takes its layers as one list. Which brackets make a list of them?"
    merge = re.search(r"\b(add|multiply|average|maximum|minimum|subtract|concatenate)\(", source, re.I)
    if merge and re.search(r"(?<!__init__\(\) )(too many|takes \d+) positional arguments?", error["text"]):
        return f"`{merge[1]}` joins what stands in one list, `[..., ...]`. Which brackets are missing?"
    return None


def _module_called(error, source):
    if error["text"] != "'module' object is not callable":
        return None
    return "what stands before the brackets is a module, which holds layers and functions. Which of them is meant?"


def _nothing_given_back(error, source):
    found = re.match(
        r"'NoneType' object has no attribute '(add|compile|fit|summary|build|layers|input|output)'", error["text"]
    )
    if not found:
        return None
    return (
        f"what stands before `.{found[1]}` is None. add, compile, summary and build change a model and give nothing "
        "back: which line keeps what one of them gives?"
    )


def _misspelt(error, source):
    if not error.get("meant"):
        return None
    wrong = re.search(r"no attribute '(\w+)'|name '(\w+)' is not defined", error["text"])
    return wrong and f"there is no `{wrong[1] or wrong[2]}`. Did you mean `{error['meant']}`?"


def _misspelt_setting(error, source):
    text = error["text"]
    if found := re.match(r"Unrecognized keyword arguments passed to (\w+): \{'(\w+)'", text):
        kind, wrong = found[1], found[2]
    elif found := re.match(r"(\w+)\.__init__\(\) missing \d+ required positional arguments?: '(\w+)'", text):
        kind, wrong = found[1], closest(found[2], re.findall(r"\b(\w+)\s*=", source))
    else:
        return None
    made = getattr(keras.layers, kind, getattr(keras, kind, None))
    settings = inspect.signature(made.__init__).parameters if inspect.isclass(made) else ()
    meant = wrong and closest(wrong, [*settings])
    return meant and f"`{kind}` knows no `{wrong}`. Did you mean `{meant}`?"


def _misspelt_activation(error, source):
    wrong = re.match(r"Could not interpret activation function identifier: (\w+)", error["text"])
    meant = wrong and closest(wrong[1], [name for name in dir(keras.activations) if name.islower()])
    return meant and f"there is no activation '{wrong[1]}'. Did you mean '{meant}'?"


SLIPS = (
    _tensor_for_a_setting,
    _list_for_a_number,
    _layer_for_a_tensor,
    _training_by_place,
    _class_for_a_model,
    _no_layer,
    _no_list,
    _module_called,
    _nothing_given_back,
    _misspelt,
    _misspelt_setting,
    _misspelt_activation,
)
