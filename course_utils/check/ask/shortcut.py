"""Asking for a shortcut without weights, a function of (X, filters, s): on tensors, and as a step of a model.

A request holds "probes", each {"shape": of X, "filters", "s", "seed"}; "fewer", a probe with fewer filters than X has
channels; "forbidden" (see `calling`).
"""

import keras
import numpy as np

from course_utils.check import evidence
from course_utils.check.ask.calling import call_alone, spelled

SPELLINGS = {"s": ["stride", "strides"]}


def ask(answer, request):
    """Evidence: for each probe the call on a tensor and in a model; "fewer": the call with too few filters."""
    probes = [_probe(answer, probe, request["forbidden"]) for probe in request["probes"]]
    fewer = request["fewer"]
    X = keras.ops.convert_to_tensor(picture(fewer["shape"], fewer["seed"]))
    return {"probes": probes, "fewer": evidence.call(answer, _offered(answer, X, fewer))[1]}


def picture(shape, seed):
    """Numbers, half of them negative, none of them zero and no two equal: a float32 array."""
    rng = np.random.default_rng([seed, *shape])
    numbers = rng.permutation(np.arange(1, np.prod(shape) + 1)) * rng.choice([-1, 1], np.prod(shape))
    return (numbers / 8).reshape(shape).astype("float32")


def _offered(answer, X, probe):
    return spelled(answer, {"X": X, "filters": probe["filters"], "s": probe["s"]}, SPELLINGS)


def _probe(answer, probe, forbidden):
    x = picture(probe["shape"], probe["seed"])
    y, call = call_alone(answer, _offered(answer, keras.ops.convert_to_tensor(x), probe), forbidden)
    found = {"call": call}
    if call["outcome"] != "returned":
        return found
    if call["kind"] in ("tensor", "array"):
        call |= {"y": keras.ops.convert_to_numpy(y), "dtype": keras.backend.standardize_dtype(y.dtype)}

    def step(X):
        args, kwargs, _ = evidence.arguments(answer, _offered(answer, X, probe))
        return answer(*args, **kwargs)

    def in_model(step):
        inputs = keras.Input(probe["shape"][1:])
        model = keras.Model(inputs, step(inputs))
        return {"parameters": model.count_params(), "y": evidence.outputs(model, x)[0]}

    found["model"], attempt = evidence.attempt(in_model, step)
    if found["model"] is None:  # TensorFlow's own functions refuse a symbolic tensor, but for inside a layer
        found["model_problem"] = attempt
        found["layer"], _ = evidence.attempt(in_model, keras.layers.Lambda(step))
    return found
