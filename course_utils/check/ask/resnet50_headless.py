"""What is asked of resnet50_headless: smaller pictures than the notebook's, and at grading those too."""

import random

from course_utils.check.ask import models
from course_utils.check.ask.models import ask_network, redrawn

PROBES = [{"input_shape": [96, 120, 1]}]
INSTEAD = [{"input_shape": [None, None, 3]}]  # where any two sizes can be added


def ask(answer, hidden=False, seed=0):
    """Evidence: see `ask_network`."""
    return ask_network(answer, _probes(seed, hidden), redrawn(INSTEAD, seed, hidden))


def asked(seed, hidden):
    """See `models.asked`."""
    return models.asked(_probes(seed, hidden), redrawn(INSTEAD, seed, hidden))


def _probes(seed, hidden):
    rng = random.Random(seed)
    further = [{}, {"input_shape": [rng.randint(32, 128), rng.randint(32, 128), 3]}]
    return PROBES + (further if hidden else [])
