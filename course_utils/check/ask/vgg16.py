"""What is asked of vgg16: pictures too small for many weights, of one channel, and a few classes.

They leave the last pooling with a feature map of 2x2, where a global pooling is not the same as flattening. Each
pooling halves an even length, so that padding changes nothing, as with 224x224.
"""

import random

from course_utils.check.ask import models
from course_utils.check.ask.models import ask_network, defaults, redrawn

PROBES = [{"input_shape": [64, 64, 1], "classes": 7}]
INSTEAD = [{"input_shape": [size, size, 3], "classes": 10} for size in (128, 224)]  # which do not shrink to nothing


def ask(answer, hidden=False, seed=0):
    """Evidence: see `ask_network`. "defaults": of the signature, so that nobody need build a network of 138 million."""
    return ask_network(answer, _probes(seed, hidden), redrawn(INSTEAD, seed, hidden)) | {"defaults": defaults(answer)}


def asked(seed, hidden):
    """See `models.asked`."""
    return models.asked(_probes(seed, hidden), redrawn(INSTEAD, seed, hidden))


def _probes(seed, hidden):
    rng = random.Random(seed)
    shape = [*rng.choice([(64, 64), (64, 96), (96, 64)]), rng.randint(2, 4)]
    return PROBES + ([{"input_shape": shape, "classes": rng.randint(2, 12)}] if hidden else [])
