"""What is asked of ensemble_predict: small models with a normalisation, for several pictures and for one."""

import random

import keras
from keras import layers

from course_utils.check.ask import arrays
from course_utils.check.ask.arrays import Probe, ask_arrays, drawn
from course_utils.check.numbers import seed_weights

MEAN = "mean"  # the one step


def ask(answer, hidden=False, seed=0):
    """Evidence: see `ask_arrays`."""
    return ask_arrays(answer, probes, seed, hidden)


def asked(seed, hidden):
    """See `arrays.asked`."""
    return arrays.asked(seed, hidden)


def probes(seed, hidden):
    """A list of Probe."""
    rng = random.Random(seed)
    wanted = [(3, 7, 5), (2, 1, 3)]  # models, pictures, classes
    if hidden:
        wanted += [(1, 4, 2), (4, rng.randint(2, 9), rng.randint(2, 9))]
    return [Probe(MEAN, _arguments(*one, seed)) for one in wanted]


def _arguments(models, pictures, classes, seed):
    shape = 4, 4, 3
    return {
        "models": [classifier(shape, classes, seed + number) for number in range(models)],
        "x": drawn((pictures, *shape), seed),
    }


def classifier(shape, classes, seed):
    """A small model that gives probabilities, and others in training mode."""
    x = inputs = keras.Input(shape)
    x = layers.BatchNormalization()(layers.Conv2D(4, 3)(x))
    x = layers.Flatten()(layers.ReLU()(x))
    model = keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))
    seed_weights(model, seed)
    return model
