"""What is asked of inception_module: modules of other filters and pictures than the notebook shows."""

import random

from course_utils.check.ask import models
from course_utils.check.ask.models import ask_block, redrawn
from course_utils.networks import inception

FILTERS = "f1", "f3_reduce", "f3", "f5_reduce", "f5", "f_pool"
MODULES = [inception.inception_module, inception.naive_inception_module]
PROBES = [{"shape": [9, 7, 8], "module": [3, 4, 6, 2, 5, 7]}, {"shape": [6, 10, 3], "module": [5, 2, 3, 6, 4, 8]}]
INSTEAD = [  # of any size, so that all branches can be joined; then of equally many channels, along whatever axis
    {"shape": [None, None, 8], "module": [3, 4, 6, 2, 5, 7]},
    {"shape": [9, 7, 8], "module": [4, 3, 4, 2, 4, 4]},
]


def ask(answer, hidden=False, seed=0):
    """Evidence: see `ask_block`."""
    return ask_block(
        answer, _probes(seed, hidden), redrawn(INSTEAD, seed, hidden), _offer, MODULES, together=not hidden
    )


def asked(seed, hidden):
    """See `models.asked`."""
    return models.asked(_probes(seed, hidden), redrawn(INSTEAD, seed, hidden))


def _probes(seed, hidden):
    rng = random.Random(seed)
    further = [
        {"shape": [rng.randint(6, 12), rng.randint(6, 12), rng.randint(1, 9)], "module": rng.sample(range(2, 13), 6)}
        for _ in range(3)
    ]
    return PROBES + (further if hidden else [])


def _offer(answer, x, asked):
    return {"x": x} | dict(zip(FILTERS, asked["module"], strict=True))
