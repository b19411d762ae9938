"""What is asked of stack2: stages of other depths, filters and pictures than the notebook shows.

Pictures have one channel, which an addition stretches, or as many as a block gives, so that a first block without a
projection is seen in the graph, and raises no error. A stage may be made of the course's own block2: the block is
another exercise.
"""

import random

from keras.src.applications import resnet as library

from course_utils.check.ask import models
from course_utils.check.ask.models import ask_block
from course_utils.networks import resnet_v2

STACKS = [resnet_v2.stack2, library.residual_block_v2, library.stack_residual_blocks_v2]
PROBES = [
    {"shape": [8, 6, 1], "settings": {"filters": 8, "blocks": 3}},  # without stride1: its default value
    {"shape": [7, 9, 24], "settings": {"filters": 6, "blocks": 4, "stride1": 1}},
]


def ask(answer, hidden=False, seed=0):
    """Evidence: see `ask_block`."""
    return ask_block(answer, _probes(seed, hidden), _instead(seed, hidden), _offer, STACKS, together=not hidden)


def asked(seed, hidden):
    """See `models.asked`."""
    return models.asked(_probes(seed, hidden), _instead(seed, hidden))


def _probes(seed, hidden):
    rng = random.Random(seed)
    further = [
        {
            "shape": [rng.randint(6, 12), rng.randint(6, 12), 1],
            "settings": {"filters": rng.randint(6, 12), "blocks": blocks, "stride1": stride1},
        }
        for blocks, stride1 in ((2, 2), (rng.randint(5, 7), 3))
    ]
    return PROBES + (further if hidden else [])


def _instead(seed, hidden):
    """Stages for pictures of any size, so that nothing is too small or too large to be added."""
    filters = random.Random(seed).randint(6, 12) if hidden else 8
    return [{"shape": [None, None, 1], "settings": {"filters": filters, "blocks": 3}}]


def _offer(answer, x, asked):
    return {"x": x, **asked["settings"], "name": "stack"}
