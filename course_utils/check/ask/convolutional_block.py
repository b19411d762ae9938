"""What is asked of convolutional_block: kernels, filters, strides and pictures of other sizes than the notebook's."""

from course_utils.check.ask import models
from course_utils.check.ask.models import ask_block, drawn_blocks, redrawn

PROBES = [
    {"shape": [11, 9, 5], "f": 5, "filters": [4, 6, 10], "s": 3},
    {"shape": [6, 8, 5], "f": 3, "filters": [4, 6, 10]},  # without s: its default value
]
INSTEAD = [  # of any size, so that nothing is too small or too large to be added; then of equally many channels
    {"shape": [None, None, 5], "f": 5, "filters": [4, 6, 10], "s": 3},
    {"shape": [None, None, 6], "f": 5, "filters": [6, 4, 6], "s": 3},
    {"shape": [None, None, 6], "f": 5, "filters": [6, 6, 6], "s": 3},
]


def ask(answer, hidden=False, seed=0):
    """Evidence: see `ask_block`."""
    return ask_block(answer, _probes(seed, hidden), redrawn(INSTEAD, seed, hidden), together=not hidden)


def asked(seed, hidden):
    """See `models.asked`."""
    return models.asked(_probes(seed, hidden), redrawn(INSTEAD, seed, hidden))


def _probes(seed, hidden):
    return PROBES + (drawn_blocks(seed, projected=True) if hidden else [])
