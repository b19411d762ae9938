"""Asking for a binary classifier, a function that returns a model: its answers to some pictures.

A request holds "arguments", {"input_shape": [64, 64, 3]}; "probes", each {"seed": of pictures and weights}, of which
one may say "alone": is a picture answered alone as in a batch?
"""

import numpy as np

from course_utils.check import evidence
from course_utils.check.numbers import seed_weights


def ask(answer, request):
    """Evidence: the call, what the model is, its answers as built and with weights set from seeds."""
    offered = {name: tuple(value) for name, value in request["arguments"].items()}
    shape, seeds = offered["input_shape"], [probe["seed"] for probe in request["probes"] if "alone" not in probe]
    model, call = evidence.call(answer, offered)
    found = {"call": call}
    if call.get("kind") != "model":
        return {"probes": [found]}
    other, found["second_call"] = evidence.call(answer, offered)
    found["same"] = other is model
    if other is model or found["second_call"]["outcome"] != "returned":
        return {"probes": [found]}

    found["built"] = bool(model.built)  # before a picture comes
    first, found["run"] = evidence.attempt(evidence.outputs, model, pictures(shape, seeds[0], scales=[1])[-2:])
    about, found["look"] = evidence.attempt(_look, model, other)
    found |= about or {}
    if found["run"]["outcome"] == "returned":
        found["first"] = first
        if len(first) == 1 and first[0].shape[:1] == (2,):
            alone = [probe["seed"] for probe in request["probes"] if "alone" in probe]
            probed, found["probe"] = evidence.attempt(_probe, model, shape, seeds, alone)
            found |= probed or {}
    return {"probes": [found]}


def pictures(shape, seed, scales=(1, 255)):
    """Pictures on straight lines through the middle grey, in 0..1 and in 0..255: (18, *shape), float32.

    Of each nine: grey, then grey + and - a, + and - b, + (a + b)/2, + (a - b)/2, white, black. a and b are noise in
    coarse and fine grains.
    """
    rng = np.random.default_rng(seed)
    height, width, channels = shape
    coarse = (rng.choice([-1, 1], (4, 4, channels)).repeat(height // 4, 0).repeat(width // 4, 1) for _ in range(2))
    a, b = (0.25 * grains + 0.25 * rng.choice([-1, 1], shape) for grains in coarse)
    nine = np.stack([0 * a, a, -a, b, -b, (a + b) / 2, (a - b) / 2, 0 * a + 0.5, 0 * a - 0.5]) + 0.5
    return np.concatenate([scale * nine for scale in scales]).astype("float32")


def answers(model, shape, seed):
    """The model's answers to `pictures` with weights set from the seed, then with the sign of its head turned.

    Returns an array (2, 18, ...). Should all pictures get the same answer, it may be for this seed's weights (a narrow
    network can die of them), so two other seeds have a try.
    """
    x = pictures(shape, seed)
    for weights in (seed, seed + 1000, seed + 2000):
        found = _answers(model, x, weights)
        if np.ptp(found, axis=1).max() > 1e-6:
            break
    return found


def _answers(model, x, seed):
    """As `answers`, for one seed of weights.

    Biases are zero and kernels are brought to a size at which a sigmoid answers neither 1/2 nor 0 or 1: in a deep
    network a picture would be drowned by the ones and fade or explode by the others. The head is the last kernel with
    as many columns as the model has outputs (or just the last).
    """
    seed_weights(model, seed)
    _multiply([weight for weight in model.weights if weight.name in ("bias", "beta", "moving_mean")], 0)
    kernels = [weight for weight in model.weights if len(weight.shape) > 1]
    units = evidence.outputs(model, x[:1])[0].shape[1:][-1:] or (1,)
    head = ([kernel for kernel in kernels if kernel.shape[-1:] == units] or kernels)[-1:]
    for _ in range(8):
        found = np.stack([evidence.outputs(model, x)[0], _turned(model, head, x)])
        off = np.abs(found[:, : len(x) // 2] - 0.5).max(initial=0)
        if not kernels or not 0 <= found.min() <= found.max() <= 1 or 0.05 < off < 0.48:
            break
        wanted = 1 / 8 if off >= 0.48 else 0.25 / off if off else 1e6
        _multiply(kernels, wanted ** (1 / len(kernels)))
    return found


def _turned(model, head, x):
    _multiply(head, -1)
    found = evidence.outputs(model, x)[0]
    _multiply(head, -1)
    return found


def _multiply(weights, factor):
    for weight in weights:
        weight.assign(weight * factor)


def _look(model, other):
    return {"model": evidence.about(model), "shared": evidence.share_weights(model, other)}


def _probe(model, shape, seeds, alone):
    with evidence.weights_kept(model):
        found = {"answers": [answers(model, shape, seed) for seed in seeds]}
        for seed in alone:  # the first picture alone, in its batch, and in its batch once more
            x = pictures(shape, seed)
            found["alone"] = np.stack([evidence.outputs(model, some)[0][0] for some in (x[:1], x, x)])
    return found
