"""What is asked of BasicBlock: its numbers with weights set from seeds, when predicting and when training.

Subclassed layers tell nothing of their inside, so they are judged by what they do. ResNet is asked in the same way.
"""

import math
from collections import Counter

import keras
import numpy as np

from course_utils.check import evidence
from course_utils.check.ask.models import shapes_only, spelling
from course_utils.check.numbers import EPSILON, seed_weights
from course_utils.networks.resnet_basic import BasicBlock

PROBES = (  # shape of the input, filters, stride
    ((2, 6, 7, 4), 4, 1),
    ((2, 7, 8, 3), 5, 2),
    ((2, 6, 6, 4), 4, 2),
    ((2, 5, 6, 3), 6, 1),
)
HIDDEN = (((2, 8, 9, 2), 7, 3), ((3, 4, 5, 8), 16, 2), ((2, 5, 5, 6), 6, 1))


def ask(answer, hidden=False, seed=0):
    """Evidence: of each probe the call and what the layer does."""
    stride = spelling(answer, "stride", "strides", "s")
    probes = []
    for shape, filters, s in _probes(hidden):
        offered = {"filter_num": filters, stride: s}
        found = watch(answer, offered, BasicBlock, behaviour, pictures(shape, seed), seed)
        probes.append(_told(shape, filters, s, seed) | found)
    return {"probes": probes}


def asked(seed, hidden):
    """What evidence says of its probes, as `check.fits` takes it."""
    return {"probes": [_told(*probe, seed) for probe in _probes(hidden)]}


def _probes(hidden):
    return *PROBES, *(HIDDEN if hidden else ())


def _told(shape, filters, s, seed):
    return {"probe": [list(shape), filters, s], "seed": seed}


def pictures(shape, seed):
    """Random numbers around zero: a float32 array."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape, dtype="float32")


def watch(answer, offered, own, look, *args):
    """What an answer makes of the `offered` arguments, and what look(it, *args) tells of that. own: the course's class.

    "call": evidence of the call. "run": of the look. "config": can an equal one be made from its config?
    """
    kept = {name: value[:] for name, value in offered.items() if isinstance(value, list)}
    network, call = evidence.call(answer, offered)
    found = {"call": call}
    if call["outcome"] != "returned" or call["kind"] not in ("layer", "model"):
        return found
    if any(isinstance(layer, own) for layer in network._flatten_layers()):
        call |= {"outcome": "borrowed", "function": f"{own.__module__}.{own.__name__}"}
        return found
    found["changed"] = any(offered[name] != value for name, value in kept.items())
    told, found["run"] = evidence.attempt(look, network, *args)
    found |= told or {}
    _, found["config"] = evidence.attempt(_again, network, args[0][:1])
    return found


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


def _again(network, x):
    """Raise an exception if no equal one can be made from its config."""
    if type(network).__module__.startswith("keras."):  # whose configs are its own affair
        return
    with shapes_only():
        again = type(network).from_config(network.get_config())
        again(keras.Input(batch_shape=x.shape))
        shapes = [sorted(tuple(weight.shape) for weight in one.weights) for one in (network, again)]
    if shapes[0] != shapes[1]:
        raise ValueError("what is made from its config has weights of other shapes")
