"""What is asked of block2: filters, strides and pictures of other sizes than the notebook shows, each kind of shortcut.

An addition stretches a side of one: a block with a projection is asked for on one channel, and one with a stride on a
picture that shrinks to 1x1, so that a shortcut of the wrong shape is seen in the graph and raises no error. A kernel of
five is asked for where one zero at each side, as in keras.applications, and two, which keep the size, both serve. There
are never few filters: of a few, ReLU may leave none above zero, and numbers would tell nothing.
"""

import random

from keras.src.applications import resnet as library

from course_utils.check.ask import models
from course_utils.check.ask.models import ask_block
from course_utils.networks import resnet_v2

BLOCKS = [resnet_v2.block2, resnet_v2._residual, resnet_v2.stack2]
BLOCKS += [library.residual_block_v2, library.stack_residual_blocks_v2]
PROBES = [
    {"shape": [7, 9, 1], "settings": {"filters": 6, "stride": 2, "conv_shortcut": True}},
    {"shape": [2, 2, 32], "settings": {"filters": 8, "stride": 2}},
    {"shape": [8, 5, 32], "settings": {"filters": 8}},
    {"shape": [3, 3, 28], "settings": {"filters": 7, "kernel_size": 5, "stride": 3}},
]


def ask(answer, hidden=False, seed=0):
    """Evidence: see `ask_block`."""
    return ask_block(answer, _probes(seed, hidden), _instead(seed, hidden), _offer, BLOCKS, together=not hidden)


def asked(seed, hidden):
    """See `models.asked`."""
    return models.asked(_probes(seed, hidden), _instead(seed, hidden))


def _probes(seed, hidden):
    return PROBES + (_drawn(seed) if hidden else [])


def _drawn(seed):
    rng = random.Random(seed)
    height, width = rng.sample(range(6, 13), 2)
    filters, other, third = rng.sample(range(6, 12), 3)
    s = rng.choice([2, 3])
    return [
        {"shape": [height, width, 1], "settings": {"filters": filters, "stride": s, "conv_shortcut": True}},
        {"shape": [5 - s, 5 - s, 4 * other], "settings": {"filters": other, "stride": 5 - s}},
        {"shape": [width, height, 4 * third], "settings": {"filters": third}},
    ]


def _instead(seed, hidden):
    """Blocks of any size, so that nothing is too small or too large to be added: each kind of shortcut."""
    filters = random.Random(seed).randint(6, 12) if hidden else 8
    shape = [None, None, 4 * filters]
    kinds = {"stride": 2}, {"stride": 2, "conv_shortcut": True}, {}
    return [{"shape": shape, "settings": {"filters": filters} | kind} for kind in kinds]


def _offer(answer, x, asked):
    return {"x": x, **asked["settings"], "name": "block"}
