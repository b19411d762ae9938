"""What is asked of lenet5: pictures larger than the notebook's, in colour, of other classes; and the default values."""

import random

from course_utils.check.ask.models import ask_network

PROBES = [{"input_shape": [36, 44, 3], "classes": 7}, {}]
INSTEAD = [{"input_shape": [64, 64, 1], "classes": 10}]  # which one pooling too many does not shrink to nothing


def ask(answer, hidden=False, seed=0):
    """Evidence: see `ask_network`."""
    rng = random.Random(seed)
    shapes = [[rng.randint(16, 50), rng.randint(16, 50), rng.randint(1, 4)] for _ in range(2 if hidden else 0)]
    return ask_network(
        answer, PROBES + [{"input_shape": shape, "classes": rng.randint(2, 12)} for shape in shapes], INSTEAD
    )
