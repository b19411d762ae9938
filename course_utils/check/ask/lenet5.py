"""What is asked of lenet5: pictures larger than the notebook's, in colour, of other classes; and the default values.

An answer that knows the argument `original` is asked for the form of 1998, too.
"""

import random

from course_utils.check.ask import models
from course_utils.check.ask.models import ask_network, defaults, redrawn

PROBES = [{"input_shape": [36, 44, 3], "classes": 7}, {}]
OF_1998 = [{"input_shape": [36, 44, 3], "classes": 7, "original": True}]
INSTEAD = [{"input_shape": [64, 64, 1], "classes": 10}]  # which one pooling too many does not shrink to nothing


def ask(answer, hidden=False, seed=0):
    """Evidence: see `ask_network`."""
    return ask_network(answer, _probes(seed, hidden, "original" in defaults(answer)), redrawn(INSTEAD, seed, hidden))


def asked(seed, hidden):
    """See `models.asked`."""
    ways = (models.asked(_probes(seed, hidden, original), redrawn(INSTEAD, seed, hidden)) for original in (True, False))
    return tuple(way for two in ways for way in two)


def _probes(seed, hidden, original):
    rng = random.Random(seed)
    shapes = [[rng.randint(16, 50), rng.randint(16, 50), rng.randint(1, 4)] for _ in range(2 if hidden else 0)]
    drawn = [{"input_shape": shape, "classes": rng.randint(2, 12)} for shape in shapes]
    return PROBES + (OF_1998 if original else []) + drawn
