"""What is asked of color_shift: many small pictures, from one state of a generator twice and from another."""

import random

import numpy as np

from course_utils.check.ask.arrays import Probe, asking

SHIFTS, REFUSES = "shifts", "refuses"  # steps


def probes(seed, hidden):
    """A list of Probe, the first three with the same pictures: see `judge.draws.judge_draws`."""
    rng = random.Random(seed)
    first, *more = [((200, 5, 6, 3), 40, "uint8"), ((100, 3, 4, 3), 3, "float32"), ((30, 5, 4, 1), 150, "uint8")]
    more.append(((1, 4, 4, 3), 20, "float64"))
    if hidden:
        more.append(((200, 5, 6, rng.randint(2, 4)), rng.randint(25, 60), rng.choice(["uint8", "float32"])))
    found = [_probe(SHIFTS, *first, seed, number) for number in (seed, seed, seed + 1)]
    found += [_probe(SHIFTS, *one, seed, seed) for one in more]
    return [*found, _probe(REFUSES, (2, 4, 4, 3), 20, "float32", seed, seed, brightest=1)]


ask, asked = asking(probes)


def _probe(step, shape, max_shift, dtype, seed, number, brightest=255):
    images = pictures(shape, dtype, seed, brightest)
    return Probe(step, {"images": images, "max_shift": max_shift, "rng": np.random.default_rng(number)})


def pictures(shape, dtype, seed, brightest=255):
    """Pictures in 0..brightest, all its numbers equally likely, whole ones if they are bright."""
    numbers = np.random.default_rng([seed, *shape]).uniform(0, brightest, shape)
    return (np.round(numbers) if brightest > 1 else numbers).astype(dtype)
