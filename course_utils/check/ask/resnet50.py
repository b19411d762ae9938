"""What is asked of ResNet50: pictures of another size and colour, and another number of classes, than the notebook's.

All of them leave the last stage with 2x2 feature maps, where average pooling 2 and global average pooling are one.
"""

import random

from course_utils.check.ask import models
from course_utils.check.ask.models import ask_network, defaults, redrawn

PROBES = [{"input_shape": [56, 48, 1], "classes": 5}]
INSTEAD = [{"input_shape": [224, 224, 3], "classes": 6}]  # which too many strides do not shrink to nothing


def ask(answer, hidden=False, seed=0):
    """Evidence: see `ask_network`. "defaults": of the signature."""
    return ask_network(answer, _probes(seed, hidden), redrawn(INSTEAD, seed, hidden)) | {"defaults": defaults(answer)}


def asked(seed, hidden):
    """See `models.asked`."""
    return models.asked(_probes(seed, hidden), redrawn(INSTEAD, seed, hidden))


def _probes(seed, hidden):
    rng = random.Random(seed)
    shape = [rng.randint(37, 68), rng.randint(37, 68), rng.randint(1, 4)]
    further = [{}, {"input_shape": shape, "classes": rng.randint(2, 12)}]
    return PROBES + (further if hidden else [])
