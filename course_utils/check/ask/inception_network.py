"""What is asked of inception_network: pictures of another size and colour, and other numbers of classes."""

import random

from course_utils.check.ask import models
from course_utils.check.ask.models import ask_network

PROBES = [{"input_shape": [64, 48, 1], "classes": 7}, {"input_shape": [32, 32, 3], "classes": 10}]


def ask(answer, hidden=False, seed=0):
    """Evidence: see `ask_network`."""
    return ask_network(answer, _probes(seed, hidden))


def asked(seed, hidden):
    """See `models.asked`."""
    return models.asked(_probes(seed, hidden))


def _probes(seed, hidden):
    rng = random.Random(seed)
    drawn = [
        {"input_shape": [rng.randint(32, 64), rng.randint(32, 64), rng.randint(1, 4)], "classes": rng.randint(2, 12)}
        for _ in range(2)
    ]
    return PROBES + ([{}, *drawn] if hidden else [])
