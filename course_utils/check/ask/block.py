"""Asking for a part of a network, a function of a symbolic tensor: models made of it, their configs as evidence.

A request holds "tensor", the name of the argument that is the tensor; "probes", each {"shape": [9, 7, 10], "arguments":
{"f": 5}}; "fallback", probes that are tried where the first one raises; "spellings", further names of arguments;
"forbidden" (see `calling`); "together": are two of them put into one model?
"""

from collections import Counter
from copy import deepcopy
from functools import partial

import keras

from course_utils.check import evidence
from course_utils.check.ask.calling import call_on_shapes, shapes_only, spelled

SEVERAL = {"name": None}, {"stage": 3, "block": "b", "name": "other"}  # as later cells call it, where it knows these


def ask(answer, request):
    """Evidence of a block.

    "probes": what came of each; of the first alone if no model came of it. If the first raises, "fallback" is the
    number of the first of the fallback probes on which a model can be made, and what came of it. "shared": does a block
    share weights with the first? "together", if asked for: what came of two blocks in one model.
    """
    first, model = _block(answer, request["probes"][0], request)
    found = {"probes": [first], "fallback": None, "shared": False}
    if first["call"]["outcome"] == "raised":
        tried = ([number, _block(answer, probe, request)[0]] for number, probe in enumerate(request["fallback"]))
        found["fallback"] = next((one for one in tried if one[1].get("config")), None)
    elif model is not None:
        for probe in request["probes"][1:]:
            came, other = _block(answer, probe, request)
            found["probes"].append(came)
            found["shared"] |= other is not None and evidence.share_weights(model, other)
        if request["together"]:
            several = partial(_together, answer, request)
            several.__wrapped__ = answer  # whose lines are looked at for what changes the process
            with shapes_only():
                _, found["together"] = evidence.attempt(several)
    return found


def _offered(answer, X, probe, request):
    return {request["tensor"]: X} | spelled(answer, deepcopy(probe["arguments"]), request["spellings"])


def _together(answer, request):
    probe = request["probes"][0]
    y = X = keras.Input(probe["shape"])
    for others in SEVERAL:
        offered = _offered(answer, y, probe, request)
        offered |= {name: others[name] for name in others if name in offered}
        args, kwargs, _ = evidence.arguments(answer, offered)
        y = answer(*args, **kwargs)
    keras.Model(X, y)


def _block(answer, probe, request):
    """(evidence, model) of one probe; None where no model can be made."""
    X = keras.Input(probe["shape"])
    (y, call), offered = call_on_shapes(answer, lambda: _offered(answer, X, probe, request), request["forbidden"])
    found = {"call": call}
    if call["outcome"] != "returned":
        return found, None
    kept = spelled(answer, probe["arguments"], request["spellings"])
    found["changed"] = any(offered[name] != value for name, value in kept.items())
    found["returned"] = "input" if y is X else "symbolic" if isinstance(y, keras.KerasTensor) else "other"
    if found["returned"] != "symbolic":
        return found, None
    model, found["joined"] = evidence.attempt(keras.Model, X, y)
    if model is None and renamed(y):
        model, _ = evidence.attempt(keras.Model, X, y)
    if model is not None:
        found["config"], _ = evidence.attempt(model.to_json)
    return found, model


def renamed(y):
    """Give layers of one name, of which no model can be made, names of their own; were there any?

    What the block does can be judged all the same.
    """
    names, operations, calls, waiting = Counter(), set(), set(), [y]
    while waiting:
        operation, node, _ = waiting.pop()._keras_history
        if operation not in operations:
            operations.add(operation)
            names[operation.name] += 1
            if names[operation.name] > 1:
                operation.name = f"{operation.name}_again_{names[operation.name]}"
        if (operation, node) not in calls:
            calls.add((operation, node))
            waiting += operation._inbound_nodes[node].input_tensors
    return max(names.values()) > 1
