"""What is asked of multiplications: convolutions of all sizes, and some that there cannot be."""

import random

from course_utils.check.ask.arrays import Probe, asking
from course_utils.networks import inception

COUNTS, REFUSES = "counts", "refuses"  # steps


def probes(seed, hidden):
    """A list of Probe."""
    rng = random.Random(seed)
    sizes = [(28, 28, 192, 5, 32), (7, 9, 3, 3, 4), (12, 5, 8, 1, 6), (2, 3, 2, 7, 5)]
    if hidden:
        sizes += [[rng.randint(2, 60) for _ in range(5)] for _ in range(3)]
    refused = [(0, 9, 3, 3, 4), (7, 9, 3, -3, 4), (7, 9, 3, 2.5, 4)]
    names = "h", "w", "c_in", "f", "c_out"
    steps = [(COUNTS, numbers) for numbers in sizes] + [(REFUSES, numbers) for numbers in refused]
    return [Probe(step, dict(zip(names, numbers, strict=True))) for step, numbers in steps]


ask, asked = asking(probes, [inception.multiplications])
