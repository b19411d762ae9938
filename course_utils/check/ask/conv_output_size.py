"""What is asked of conv_output_size: sizes of all kinds, with and without p and s, and some that there cannot be."""

import random

from course_utils.check.ask.arrays import Probe, asking

SIZE = "size"  # the one step

SIZES = (
    {"n": 9, "f": 4, "p": 6, "s": 2},  # each known mistake but one gives another number
    {"n": 32, "f": 5},
    {"n": 227, "f": 11, "p": 0, "s": 4},
    {"n": 13, "f": 3, "p": 1, "s": 1},
    {"n": 10, "f": 3, "p": 2, "s": 2},
    {"n": 7, "f": 4, "p": 1, "s": 3},
    {"n": 5, "f": 5},
    {"n": 4, "f": 8, "p": 2, "s": 3},
    {"n": 9, "f": 1, "s": 2},
)
IMPOSSIBLE = (
    {"n": 4, "f": 7, "p": 1, "s": 1},
    {"n": 8, "f": 3, "p": 0, "s": 0},
    {"n": 8, "f": 3, "p": 0, "s": -1},
    {"n": 8, "f": 3, "p": -1, "s": 1},
)


def probes(seed, hidden):
    """A list of Probe."""
    rng = random.Random(seed)
    sizes, impossible = [*SIZES], [*IMPOSSIBLE]
    for _ in range(5 if hidden else 0):
        f, p = rng.randint(1, 12), rng.randint(0, 5)
        sizes.append({"n": max(f - 2 * p, 1) + rng.randint(0, 300), "f": f, "p": p, "s": rng.randint(1, 7)})
        impossible.append({"n": rng.randint(1, 9), "f": 2 * p + rng.randint(10, 20), "p": p, "s": rng.randint(1, 7)})
    return [Probe(SIZE, asked) for asked in [*sizes, *impossible]]


ask, asked = asking(probes)
