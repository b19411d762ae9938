"""Asking for a network, a function that returns a model: its config as evidence.

A request holds "probes", each {"arguments": {"classes": 5}}; "fallback", probes that are tried where the first one
raises; "forbidden" (see `calling`). A probe may say "if": it is made only where the answer has this argument;
"refused": it is only called, as it should raise.
"""

import keras

from course_utils.check import evidence
from course_utils.check.ask.calling import call_on_shapes, defaults, shapes_only

MAX_PARAMETERS = 60_000_000  # of a network in memory
MAX_SHOWN = 150_000_000  # of one whose weights have a shape and no memory: AlexNet has 62 million, VGG-16 138


def ask(answer, request):
    """Evidence of a network.

    "probes": what came of each, None of those that it has no argument for; of the first alone if no model came of it.
    "fallback": as of a block. "same": does a second call return the same model? Asked only if the first is not of the
    shape that was asked for. "defaults": of the signature.
    """
    probe, forbidden = request["probes"][0], request["forbidden"]
    first, model = _network(answer, probe, forbidden)
    found = {"probes": [first], "fallback": None, "same": False, "defaults": defaults(answer)}
    if first["call"]["outcome"] == "raised":
        tried = ([i, _network(answer, probe, forbidden)[0]] for i, probe in enumerate(request["fallback"]))
        found["fallback"] = next((one for one in tried if one[1].get("config")), None)
    elif first["call"].get("kind") == "model":
        if first["model"] and first["model"]["input_shape"] != [None, *probe["arguments"]["input_shape"]]:
            found["same"] = _network(answer, probe, forbidden)[1] is model
        found["probes"] += [_further(answer, one, found["defaults"], forbidden) for one in request["probes"][1:]]
    return found


def _further(answer, probe, known, forbidden):
    if probe.get("refused"):
        with shapes_only():
            _, call = evidence.call(answer, probe["arguments"], max_parameters=MAX_PARAMETERS)
        return {"call": call}
    return _network(answer, probe, forbidden)[0] if probe.get("if", "") in ("", *known) else None


def _network(answer, probe, forbidden):
    """(evidence, model) of one probe."""
    offered = {name: tuple(value) if isinstance(value, list) else value for name, value in probe["arguments"].items()}
    (model, call), _ = call_on_shapes(answer, lambda: offered, forbidden, MAX_SHOWN, MAX_PARAMETERS)
    found = {"call": call}
    if isinstance(model, keras.Sequential) and not model.built:  # it has no Input
        found["unbuilt"] = True
        shape = offered.get("input_shape") or defaults(answer).get("input_shape")
        with shapes_only():
            evidence.attempt(model.build, (None, *(shape or ())))
    if call.get("kind") == "model":
        found["model"], _ = evidence.attempt(evidence.about, model)
        found["config"] = (found["model"] or {}).get("config")
    return found, model
