"""What is asked of ResNet50V2: pictures, classes and endings other than the notebook's.

Feature maps of the last stage are larger than 1x1, so that each way of pooling them gives other numbers.
"""

import random

from course_utils.check.ask import models
from course_utils.check.ask.models import ask_network, redrawn

PROBES = [
    {"input_shape": [40, 67, 1], "classes": 5},
    {"include_top": False, "pooling": "max", "input_shape": [67, 40, 3]},
]
INSTEAD = [{"input_shape": [None, None, 3], "classes": 6}]  # where any two sizes can be added


def ask(answer, hidden=False, seed=0):
    """Evidence: see `ask_network`."""
    return ask_network(answer, _probes(seed, hidden), redrawn(INSTEAD, seed, hidden))


def asked(seed, hidden):
    """See `models.asked`."""
    return models.asked(_probes(seed, hidden), redrawn(INSTEAD, seed, hidden))


def _probes(seed, hidden):
    rng = random.Random(seed)
    shapes = [[rng.randint(37, 68), rng.randint(37, 68), rng.randint(1, 4)] for _ in range(3)]
    further = [
        {},
        {"classes": rng.randint(2, 12), "classifier_activation": None, "input_shape": shapes[0]},
        {"include_top": False, "pooling": "avg", "input_shape": shapes[1]},
        {"include_top": False, "preact": False, "use_bias": False, "input_shape": shapes[2]},
    ]
    return PROBES + (further if hidden else [])
