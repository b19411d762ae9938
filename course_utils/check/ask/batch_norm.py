"""Asking for a recalibration, a function of (model, batches, momentum): a small network whose moving statistics lag.

A request holds "probes", each {"momentum": None leaves it to the answer's default, "sizes": of the batches, "once": do
they come as a generator?, "seed"}; "forbidden" (see `calling`).
"""

import keras
import numpy as np
from keras import layers

from course_utils.check.ask.calling import call_alone
from course_utils.check.numbers import seed_weights

PLACES = ("the model itself", "the model nested in it", "the block inside it")  # where its normalisations stand


def ask(answer, request):
    """Evidence: of each probe the call, the weights afterwards, and what else may have changed."""
    return {"probes": [_probe(answer, probe, request["forbidden"]) for probe in request["probes"]]}


class Block(layers.Layer):
    """A residual block with one normalisation in it."""

    def __init__(self, filters, **kwargs):
        super().__init__(**kwargs)
        self.conv = layers.Conv2D(filters, 3, padding="same")
        self.bn = layers.BatchNormalization(momentum=0.97)

    def build(self, shape):
        self.conv.build(shape)
        self.bn.build(shape)

    def call(self, x):
        return x + keras.ops.relu(self.bn(self.conv(x)))


def network(seed):
    """(model, its normalisations, in the order of PLACES), weights and statistics set from the seed."""
    first, nested_bn = layers.BatchNormalization(momentum=0.99), layers.BatchNormalization(momentum=0.9)
    nested = keras.Sequential([layers.Conv2D(8, 3, strides=2, padding="same"), nested_bn, layers.ReLU()])
    block = Block(8)
    x = inputs = keras.Input((8, 8, 3))
    x = layers.ReLU()(first(layers.Conv2D(6, 3, padding="same")(x)))
    x = layers.GlobalAveragePooling2D()(block(nested(x)))
    model = keras.Model(inputs, layers.Dense(4)(x))
    seed_weights(model, seed)
    return model, [first, nested_bn, block.bn]


def batches(probe):
    """The pictures of a probe, in 0..1, each batch of another brightness: a list of float32 arrays."""
    rng, sizes = np.random.default_rng(probe["seed"]), probe["sizes"]
    return [rng.uniform(0, 0.25 * (1 + i), (size, 8, 8, 3)).astype("float32") for i, size in enumerate(sizes)]


def _probe(answer, probe, forbidden):
    model, norms = network(probe["seed"])
    own, pictures = [norm.momentum for norm in norms], batches(probe)
    given = [batch.copy() for batch in pictures]
    offered = {"model": model, "batches": (batch for batch in given) if probe["once"] else given}
    offered |= {} if probe["momentum"] is None else {"momentum": probe["momentum"]}
    value, found = call_alone(answer, offered, forbidden)
    same = len(given) == len(pictures) and all(np.array_equal(a, b) for a, b in zip(given, pictures, strict=True))
    return {
        "call": found,
        "new_model": found.get("kind") == "model" and value is not model,
        "weights": [weight.numpy() for weight in model.weights],
        "trainable": len(model.trainable_weights),
        "momentum": [[norm.momentum, kept] for norm, kept in zip(norms, own, strict=True)],
        "batches_changed": not same,
    }
