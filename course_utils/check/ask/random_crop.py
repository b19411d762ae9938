"""What is asked of random_crop: many small pictures, from one state of a generator twice and from another."""

import random

import numpy as np

from course_utils.check.ask.arrays import Probe, asking, drawn

CROPS, REFUSES = "crops", "refuses"  # steps


def probes(seed, hidden):
    """A list of Probe, the first three with the same pictures: see `judge.draws.judge_draws`."""
    rng = random.Random(seed)
    first, *more = [((600, 6, 7, 3), 4, "uint8"), ((40, 5, 9, 1), 5, "float32"), ((1, 8, 8, 3), 3, "float64")]
    if hidden:
        size = rng.randint(3, 5)
        more.append(((400, size + rng.randint(1, 3), size + rng.randint(1, 3), 3), size, "float32"))
    found = [_probe(CROPS, *first, seed, number) for number in (seed, seed, seed + 1)]
    found += [_probe(CROPS, *one, seed, seed) for one in more]
    return [*found, _probe(REFUSES, (2, 6, 7, 3), 7, "uint8", seed, seed)]


ask, asked = asking(probes)


def _probe(step, shape, size, dtype, seed, number):
    return Probe(step, {"images": drawn(shape, seed, dtype), "size": size, "rng": np.random.default_rng(number)})
