"""What is asked of transfer_model: other pictures and classes than the notebook's, and at grading those too."""

import random

from course_utils.check import evidence
from course_utils.check.ask import models
from course_utils.check.ask.models import ask_network, shapes_only

KERAS_NETWORKS_GIVEN = True  # in grading, too: without them there is nothing to transfer
PROBES = [{"input_shape": [40, 48, 3], "classes": 7, "weights": None}]
NO_WEIGHTS = "there are no such weights"  # which Keras refuses before it builds anything


def ask(answer, hidden=False, seed=0):
    """Evidence: see `ask_network`; and of a call with weights that there are not."""
    found = ask_network(answer, _probes(seed, hidden), forbidden=[])
    with shapes_only():
        _, call = evidence.call(answer, {"weights": NO_WEIGHTS}, max_parameters=models.MAX_PARAMETERS)
    return found | {"weights": call}


def asked(seed, hidden):
    """See `models.asked`."""
    return models.asked(_probes(seed, hidden))


def _probes(seed, hidden):
    rng = random.Random(seed)
    further = [{}, {"input_shape": [rng.randint(33, 80), rng.randint(33, 80), 3], "classes": rng.randint(2, 20)}]
    return PROBES + (further if hidden else [])
