"""What is asked of evaluate: a small model on batches of which the last is short, and on one-hot labels."""

import random

import numpy as np
import tensorflow as tf

from course_utils.check.ask.arrays import Probe, asking, drawn
from course_utils.check.ask.classifier import SHAPE, classifier

ACCURACY, REFUSES = "accuracy", "refuses"  # steps


def probes(seed, hidden):
    """A list of Probe."""
    rng = random.Random(seed)
    wanted = [(21, 8, 5), (13, 12, 3)]  # pictures, batch size, classes
    if hidden:
        wanted += [(7, 1, 4), (rng.randint(20, 40), rng.randint(6, 9), rng.randint(3, 6))]
    found = [Probe(ACCURACY, _arguments(*one, seed)) for one in wanted]
    return [*found, Probe(REFUSES, _arguments(9, 3, 3, seed, one_hot=True))]


ask, asked = asking(probes)


def _arguments(n, batch_size, classes, seed, one_hot=False):
    """About half of the labels are right, more of those at the beginning than at the end."""
    model, x = classifier(classes, seed), drawn((n, *SHAPE), seed)
    rng = np.random.default_rng([seed, n])
    right = np.argmax(model(x, training=False), axis=-1)
    y = np.where(rng.random(n) < np.linspace(0.9, 0.1, n), right, rng.integers(0, classes, n))
    y[-1], y[0] = (right[-1] + 1) % classes, right[0]
    y = np.eye(classes, dtype="float32")[y] if one_hot else y.astype("int64")
    return {"model": model, "dataset": tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size)}
