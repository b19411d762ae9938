"""Weights for comparing two networks: as after some training."""

import numpy as np


def randomise(model, rng):
    """Weights and moving statistics as after some training: nothing left at zero or one."""
    for weight in model.weights:
        value = rng.normal(0, 0.1, weight.shape)
        if weight.name == "kernel":
            value = rng.normal(0, np.sqrt(1 / np.prod(weight.shape[:-1])), weight.shape)
        elif weight.name in ("gamma", "moving_variance"):
            value = rng.uniform(0.5, 1.5, weight.shape)
        weight.assign(value.astype("float32"))
