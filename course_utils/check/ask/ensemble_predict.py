"""What is asked of ensemble_predict: small models with a normalisation, for several pictures and for one."""

import random

from course_utils.check.ask.arrays import Probe, asking, drawn
from course_utils.check.ask.classifier import SHAPE, classifier

MEAN = "mean"  # the one step


def probes(seed, hidden):
    """A list of Probe."""
    rng = random.Random(seed)
    wanted = [(3, 7, 5), (2, 1, 3)]  # models, pictures, classes
    if hidden:
        wanted += [(1, 4, 2), (4, rng.randint(2, 9), rng.randint(2, 9))]
    return [Probe(MEAN, _arguments(*one, seed)) for one in wanted]


ask, asked = asking(probes)


def _arguments(models, pictures, classes, seed):
    return {
        "models": [classifier(classes, seed + number, "softmax") for number in range(models)],
        "x": drawn((pictures, *SHAPE), seed),
    }
