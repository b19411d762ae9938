"""What is asked of pca_color_augmentation: many small pictures, in which each colour says something of the others."""

import random

import numpy as np

from course_utils.check.ask.arrays import Probe, asking

SHIFTS, REFUSES = "shifts", "refuses"  # of the first, two steps are made


def probes(seed, hidden):
    """A list of Probe, the first three with the same pictures: see `judge.draws.judge_draws`."""
    rng = random.Random(seed)
    first, *more = [
        ((800, 2, 3, 3), "float64", 0.03),
        ((800, 2, 2, 3), "float32", None),
        ((30, 6, 5, 3), "uint8", 100.0),
    ]
    more.append(((1, 5, 4, 3), "float32", 0.5))
    if hidden:
        more.append(((800, 2, 2, 3), rng.choice(["float32", "float64"]), rng.uniform(0.05, 0.3)))
    found = [_probe(*first, seed, number) for number in (seed, seed, seed + 1)]
    found += [_probe(*one, seed, seed) for one in more]
    dark = pictures((4, 3, 3, 3), "float64", seed) / 255
    return [*found, Probe(REFUSES, {"images": dark.astype("float32"), "rng": np.random.default_rng(seed)})]


ask, asked = asking(probes)


def _probe(shape, dtype, sigma, seed, number):
    asked = {"images": pictures(shape, dtype, seed), "rng": np.random.default_rng(number)}
    return Probe(SHIFTS, asked | ({} if sigma is None else {"sigma": sigma}))


def pictures(shape, dtype, seed):
    """Pictures in 50..205 whose colours lie in a flat cloud, as those of photographs, turned by the seed."""
    rng = np.random.default_rng([seed, *shape])
    turned, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    colours = np.clip(rng.standard_normal(shape), -2, 2) * [21, 11, 6] @ turned.T + 127
    return np.round(colours).astype(dtype) if dtype == "uint8" else colours.astype(dtype)
