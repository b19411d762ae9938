"""What is asked of conv1x1: pictures of several sizes and types, an empty batch, and channels that do not fit."""

import random

from course_utils.check.ask.arrays import Probe, asking, drawn
from course_utils.networks import inception

FITS, ANY, REFUSES = "numbers", "any_array", "refuses"  # steps


def probes(seed, hidden):
    """A list of Probe."""
    rng = random.Random(seed)
    found = [
        _probe(FITS, (2, 3, 4, 5), 6, seed),
        _probe(FITS, (1, 7, 1, 3), 3, seed),
        _probe(ANY, (3, 5, 2, 2), 2, seed, "float64"),
        _probe(ANY, (2, 4, 3, 3), 2, seed, "uint8"),
        _probe(ANY, (0, 5, 5, 3), 4, seed),
        _probe(REFUSES, (2, 3, 3, 4), 5, seed, rows=3),
        _probe(REFUSES, (2, 3, 3, 1), 5, seed, rows=3),
    ]
    for dtype in ("float32", "float64", "uint8") if hidden else ():
        shape = (rng.randint(1, 4), rng.randint(1, 9), rng.randint(1, 9), rng.randint(1, 7))
        found.append(_probe(FITS if dtype == "float32" else ANY, shape, rng.randint(1, 9), seed, dtype))
    return found


ask, asked = asking(probes, [inception.conv1x1])


def _probe(step, shape, c_out, seed, dtype="float32", rows=None):
    of_weights = dtype if dtype.startswith("float") else "float32"
    W = drawn((rows or shape[-1], c_out), seed, of_weights)
    return Probe(step, {"a": drawn(shape, seed, dtype), "W": W, "b": drawn((c_out,), seed, of_weights)})
