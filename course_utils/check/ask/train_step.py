"""What is asked of train_step: one or two steps of a small model, with several optimizers and losses."""

import inspect
import random
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from keras.src.backend.tensorflow.trainer import TensorFlowTrainer

from course_utils.check import evidence
from course_utils.check.ask.arrays import drawn
from course_utils.check.ask.classifier import SHAPE, classifier
from course_utils.check.ask.models import call_alone

READY_MADE = [inspect.unwrap(function) for function in (TensorFlowTrainer.fit, TensorFlowTrainer.train_on_batch)]


class Probe(NamedTuple):
    """optimizer: "sgd" or "adam". one_hot: are labels so? sizes: of the batches, one a step. decay: of `classifier`."""

    optimizer: str
    one_hot: bool
    sizes: tuple[int, ...]
    decay: float | None = None


PROBES = (Probe("sgd", True, (6, 5)), Probe("adam", False, (4,)), Probe("sgd", False, (5,), decay=0.2))


def ask(answer, hidden=False, seed=0):
    """Evidence: of each probe the call that failed, or the last; what came out, weights and optimizer afterwards.

    "graph", but for grading: what came of a call within a tf.function, as a later cell makes it.
    """
    found = {"probes": [_probe(answer, probe, seed + number) for number, probe in _probes(seed, hidden)]}
    if not hidden and all(probe["call"]["outcome"] == "returned" for probe in found["probes"]):
        *how, batches = setting(PROBES[0], seed)
        _, found["graph"] = evidence.attempt(tf.function(answer), *how, *batches[0])
    return found


def asked(seed, hidden):
    """What evidence says of its probes, as `check.fits` takes it."""
    return {"probes": [{"probe": told(probe), "seed": seed + number} for number, probe in _probes(seed, hidden)]}


def told(probe):
    return [probe.optimizer, probe.one_hot, list(probe.sizes), probe.decay]


def _probes(seed, hidden):
    rng = random.Random(seed)
    drawn = [Probe("adam", True, (rng.randint(2, 9), 1)), Probe("sgd", False, (rng.randint(2, 9),) * 3)]
    return enumerate([*PROBES, *(drawn if hidden else ())])


def setting(probe, seed):
    """What a probe's steps are taken with, made from the seed: (model, optimizer, loss_fn, list of batches)."""
    classes = 3
    model = classifier(classes, seed, decay=probe.decay)
    sgd = probe.optimizer == "sgd"
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9) if sgd else keras.optimizers.Adam(0.05, epsilon=0.1)
    optimizer.build(model.trainable_variables)
    loss_fn = (keras.losses.CategoricalCrossentropy if probe.one_hot else keras.losses.SparseCategoricalCrossentropy)(
        from_logits=True
    )
    batches = []
    for number, size in enumerate(probe.sizes):
        y = np.random.default_rng([seed, number]).integers(0, classes, size)
        y = np.eye(classes, dtype="float32")[y] if probe.one_hot else y
        batches.append(tuple(map(keras.ops.convert_to_tensor, (drawn((size, *SHAPE), seed + number), y))))
    return model, optimizer, loss_fn, batches


def _probe(answer, probe, seed):
    model, optimizer, loss_fn, batches = setting(probe, seed)
    losses = []
    for x, y in batches:
        offered = {"model": model, "optimizer": optimizer, "loss_fn": loss_fn, "x": x, "y": y}
        value, call = call_alone(answer, offered, READY_MADE)
        if call["outcome"] != "returned":
            break
        losses.append(_number(value))
    return {
        "probe": told(probe),
        "seed": seed,
        "call": call,
        "losses": losses,
        "weights": [weight.numpy() for weight in model.weights],
        "optimizer": [np.array(variable, "float32") for variable in optimizer.variables],
    }


def _number(value):
    """A float, a list of the lengths of an array's axes, or None for what is neither."""
    if not (keras.ops.is_tensor(value) or isinstance(value, np.ndarray | np.number | float)):
        return None
    array = np.asarray(value)
    return float(array) if not array.ndim and array.dtype.kind == "f" else list(array.shape)
