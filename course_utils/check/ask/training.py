"""Asking for a step of training, a function of (model, optimizer, loss_fn, x, y): what it leaves.

A request holds "probes", each {"optimizer": "sgd" or "adam", "one_hot": are labels so?, "sizes": of the batches, one
per step, "decay": see `given.classifier`, "seed"}; "graph": is it also called within a tf.function, as a later cell
calls it? "forbidden" (see `calling`).
"""

import keras
import numpy as np
import tensorflow as tf

from course_utils.check import evidence
from course_utils.check.ask.calling import call_alone
from course_utils.check.ask.given import SHAPE, classifier, drawn

CLASSES = 3


def ask(answer, request):
    """Evidence: of each probe the call that failed, or the last; what came out, weights and optimizer afterwards.

    "graph", if asked for: what came of a call within a tf.function.
    """
    found = {"probes": [_probe(answer, probe, request["forbidden"]) for probe in request["probes"]]}
    if request["graph"] and all(probe["call"]["outcome"] == "returned" for probe in found["probes"]):
        *how, batches = setting(request["probes"][0])
        _, found["graph"] = evidence.attempt(tf.function(answer), *how, *batches[0])
    return found


def setting(probe):
    """What a probe's steps are taken with, made from its seed: (model, optimizer, loss_fn, list of batches)."""
    seed = probe["seed"]
    model = classifier(CLASSES, seed, decay=probe["decay"])
    sgd = probe["optimizer"] == "sgd"
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9) if sgd else keras.optimizers.Adam(0.05, epsilon=0.1)
    optimizer.build(model.trainable_variables)
    losses = keras.losses.CategoricalCrossentropy, keras.losses.SparseCategoricalCrossentropy
    batches = []
    for number, size in enumerate(probe["sizes"]):
        y = np.random.default_rng([seed, number]).integers(0, CLASSES, size)
        y = np.eye(CLASSES, dtype="float32")[y] if probe["one_hot"] else y
        batches.append(tuple(map(keras.ops.convert_to_tensor, (drawn((size, *SHAPE), seed + number), y))))
    return model, optimizer, losses[not probe["one_hot"]](from_logits=True), batches


def _probe(answer, probe, forbidden):
    model, optimizer, loss_fn, batches = setting(probe)
    losses = []
    for x, y in batches:
        offered = {"model": model, "optimizer": optimizer, "loss_fn": loss_fn, "x": x, "y": y}
        value, call = call_alone(answer, offered, forbidden)
        if call["outcome"] != "returned":
            break
        losses.append(_number(value))
    return {
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
