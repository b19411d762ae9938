"""What is asked of recalibrate_batch_norm: a small network whose moving statistics lag, before and after."""

from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from course_utils.check.ask.models import call_alone
from course_utils.check.numbers import seed_weights
from course_utils.networks import batch_norm

PLACES = ("the model itself", "the model nested in it", "the block inside it")  # where its normalisations stand


class Probe(NamedTuple):
    """momentum: None leaves it to the answer's default. sizes: of the batches. once: they come as a generator."""

    momentum: float | None
    sizes: tuple[int, ...]
    once: bool


PROBES = (Probe(None, (4, 4, 4), once=False), Probe(0.8, (5, 3, 4, 2), once=True))
HIDDEN = (Probe(0.3, (2, 6), once=False), Probe(0.65, (3, 3, 3), once=True), Probe(0.9, (4,), once=False))


def ask(answer, hidden=False, seed=0):
    """Evidence: of each probe the call, the weights afterwards, and what else may have changed."""
    return {"probes": [_probe(answer, probe, seed + number) for number, probe in _probes(hidden)]}


def asked(seed, hidden):
    """What evidence says of its probes, as `check.fits` takes it."""
    return {"probes": [{"probe": _told(probe), "seed": seed + number} for number, probe in _probes(hidden)]}


def _probes(hidden):
    return enumerate([*PROBES, *(HIDDEN if hidden else ())])


def _told(probe):
    return [probe.momentum, list(probe.sizes), probe.once]


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


def batches(probe, seed):
    """The pictures of a probe, in 0..1, each batch of another brightness: a list of float32 arrays."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(0, 0.25 * (1 + i), (size, 8, 8, 3)).astype("float32") for i, size in enumerate(probe.sizes)]


def _probe(answer, probe, seed):
    model, norms = network(seed)
    own, pictures = [norm.momentum for norm in norms], batches(probe, seed)
    given = [batch.copy() for batch in pictures]
    offered = {"model": model, "batches": (batch for batch in given) if probe.once else given}
    offered |= {} if probe.momentum is None else {"momentum": probe.momentum}
    value, found = call_alone(answer, offered, [batch_norm.recalibrate_batch_norm])
    same = len(given) == len(pictures) and all(np.array_equal(a, b) for a, b in zip(given, pictures, strict=True))
    return {
        "probe": _told(probe),
        "seed": seed,
        "call": found,
        "new_model": found.get("kind") == "model" and value is not model,
        "weights": [weight.numpy() for weight in model.weights],
        "trainable": len(model.trainable_weights),
        "momentum": [[norm.momentum, kept] for norm, kept in zip(norms, own, strict=True)],
        "batches_changed": not same,
    }
