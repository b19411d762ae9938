"""Asking for a class of layers or models of a student's own: its numbers with weights set from seeds, and its graph.

It is asked what it does, when predicting and when training, and what it calls on its way. A request holds "probes",
each {"arguments": {"filter_num": 4}, "shape": [2, 6, 7, 4], "seed": 0, "only_weights": False}; "spellings", further
names of arguments; "own", the course's class, "package.module:Class".
"""

import math
from collections import Counter
from copy import deepcopy

import keras
import numpy as np

from course_utils.check import evidence
from course_utils.check.ask.calling import shapes_only, spelled
from course_utils.check.ask.symbolic import functional
from course_utils.check.numbers import EPSILON, seed_weights


def ask(answer, request):
    """Evidence: of each probe the call and what the layer does with `pictures`.

    Of each probe: "call"; "run", evidence of the look at it; what `behaviour`, or `weights`, tells; "config", that of
    the functional model which calls the same, if it can be read. "config" of all: can an equal one be made from the
    config of the first that could be looked at?
    """
    found = {"probes": [], "config": None}
    for probe in request["probes"]:
        told, network = _probe(answer, probe, request)
        found["probes"].append(told)
        if not found["config"] and told.get("run", {}).get("outcome") == "returned":
            _, found["config"] = evidence.attempt(_again, network, probe["shape"])
    return found


def pictures(shape, seed):
    """Random numbers around zero: a float32 array."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape, dtype="float32")


def _probe(answer, probe, request):
    """(evidence, what the answer made) of one probe."""
    kept = spelled(answer, probe["arguments"], request["spellings"])
    offered = deepcopy(kept)
    network, call = evidence.call(answer, offered)
    found = {"call": call}
    if call["outcome"] != "returned" or call["kind"] not in ("layer", "model"):
        return found, network
    classes = (one for layer in network._flatten_layers() for one in type(layer).__mro__)
    if any(f"{one.__module__}:{one.__name__}" == request["own"] for one in classes):
        call |= {"outcome": "borrowed", "function": request["own"].replace(":", ".")}
        return found, network
    found["changed"] = offered != kept
    told, found["run"] = evidence.attempt(look, network, probe)
    if told and not probe["only_weights"]:
        found["config"], _ = evidence.attempt(lambda: functional(network, probe["shape"]).to_json())
    return found | (told or {}), network


def look(network, probe):
    """The `weights` of a layer or model, or its whole `behaviour`, as a probe asks."""
    x = pictures(probe["shape"], probe["seed"])
    return weights(network, x[:1]) if probe["only_weights"] else behaviour(network, x, probe["seed"])


def weights(network, x):
    """The weights that a layer or model has once it has seen x.

    "shape": of its output. "weights": [role, *shape, how many there are], but for biases of convolutions, which
    the normalisation behind takes away; "biases": how many numbers these are; "frozen": how many weights do not learn
    that should.
    """
    shape = list(_output(network, x).shape)
    left_out = {id(bias): bias for bias in _biases(network)}
    counts = Counter((w.name, *w.shape) for w in network.weights if id(w) not in left_out)
    return {
        "shape": shape,
        "weights": [[*weight, count] for weight, count in counts.items()],
        "biases": sum(math.prod(bias.shape) for bias in left_out.values()),
        "frozen": sum(not w.trainable and not w.name.startswith("moving_") for w in network.weights),
    }


def behaviour(network, x, seed):
    """What a layer or model does with x: its `weights`, then what comes of weights set from the seed.

    "predicted": its output; "repeated": is it the same when asked again? "trained": its output in training mode;
    "afterwards": its prediction after that.
    """
    found = weights(network, x)
    for layer in network._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.epsilon = EPSILON  # any that the answer chose is right
    seed_weights(network, seed)
    for bias in _biases(network):
        bias.assign(np.zeros(bias.shape, "float32"))
    predicted, again = _output(network, x), _output(network, x)
    return found | {
        "predicted": predicted,
        "repeated": np.array_equal(predicted, again),
        "trained": _output(network, x, training=True),
        "afterwards": _output(network, x),
    }


def _biases(network):
    """The biases of its convolutions."""
    inside = (layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.Conv2D))
    return [layer.bias for layer in inside if layer.use_bias]


class NotATensor(Exception):
    """What an answer gives instead of a tensor, in words."""


def _output(network, x, training=False):
    found = network(x, training=training)
    if not keras.ops.is_tensor(found) and not isinstance(found, np.ndarray):
        raise NotATensor(evidence.describe(found)[1])
    return keras.ops.convert_to_numpy(found)


def _again(network, shape):
    """Raise an exception if no equal one can be made from its config. shape: of what it takes."""
    if type(network).__module__.startswith("keras."):  # whose configs are its own affair
        return
    with shapes_only():
        again = type(network).from_config(network.get_config())
        again(keras.Input(batch_shape=(1, *shape[1:])))
        shapes = [sorted(tuple(weight.shape) for weight in one.weights) for one in (network, again)]
    if shapes[0] != shapes[1]:
        raise ValueError("what is made from its config has weights of other shapes")
