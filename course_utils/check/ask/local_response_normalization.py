"""What is asked of local_response_normalization: arrays of several sizes and types, with and without settings."""

import random

from course_utils.check.ask.arrays import Probe, asking, drawn
from course_utils.networks import alexnet

FORMULA, SETTINGS, ANY = "formula", "settings", "any_array"  # steps


def probes(seed, hidden):
    """A list of Probe. Numbers of the size of 100 make the sum weigh as much as k, with the paper's alpha."""
    rng = random.Random(seed)
    found = [
        Probe(FORMULA, {"a": _large((2, 3, 4, 9), seed)}),
        Probe(FORMULA, {"a": _large((1, 5, 1, 16), seed)}),
        Probe(SETTINGS, {"a": drawn((2, 2, 3, 8), seed), "n": 3, "k": 1.0, "alpha": 0.5, "beta": 0.5}),
        Probe(SETTINGS, {"a": drawn((1, 3, 2, 10), seed), "n": 7, "k": 0.5, "alpha": 0.2, "beta": 1.0}),
        Probe(ANY, {"a": _large((1, 2, 3, 2), seed)}),
        Probe(ANY, {"a": _large((3, 2, 2, 1), seed)}),
        Probe(ANY, {"a": _large((2, 3, 2, 7), seed, "float64")}),
        Probe(ANY, {"a": drawn((2, 2, 3, 6), seed, "uint8")}),
        Probe(ANY, {"a": drawn((0, 4, 4, 6), seed)}),
    ]
    for dtype in ("float32", "float64", "uint8") if hidden else ():
        shape = (rng.randint(1, 3), rng.randint(1, 7), rng.randint(1, 7), rng.randint(1, 11))
        settings = {"n": rng.choice([1, 3, 5, 9]), "k": rng.uniform(0.5, 3), "alpha": rng.uniform(0.01, 1)}
        settings |= {"beta": rng.uniform(0.3, 1)}
        found.append(Probe(SETTINGS if dtype == "float32" else ANY, {"a": drawn(shape, seed, dtype), **settings}))
    return found


ask, asked = asking(probes, [alexnet.local_response_normalization])


def _large(shape, seed, dtype="float32"):
    return 100 * drawn(shape, seed, dtype)
