"""What is asked of make_pipeline: two epochs for training and for testing, in batches that do not come out even."""

import random
from itertools import islice
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from course_utils.check import evidence


class Probe(NamedTuple):
    """n: how many pictures. seeds: one pipeline is made with each. one_hot: are labels so?"""

    n: int
    batch_size: int
    training: bool
    seeds: tuple[int, ...]
    one_hot: bool = False


PROBES = (
    Probe(149, 16, True, (3, 3, 4)),
    Probe(21, 5, False, (0,)),
    Probe(3, 8, False, (0,)),
    Probe(12, 4, True, (0,), one_hot=True),
)
EPOCHS = 2


def ask(answer, hidden=False, seed=0):
    """Evidence: of each probe what each of its pipelines gave in each epoch."""
    return {"probes": [_probe(answer, probe, seed) for probe in _probes(seed, hidden)]}


def asked(seed, hidden):
    """What evidence says of its probes, as `check.fits` takes it."""
    return {"probes": [{"probe": _told(probe), "seed": seed} for probe in _probes(seed, hidden)]}


def _told(probe):
    return [*probe[:3], list(probe.seeds), probe.one_hot]


def _probes(seed, hidden):
    rng = random.Random(seed)
    one, other = rng.sample(range(1000), 2)
    drawn = [
        Probe(rng.randint(100, 200), rng.randint(9, 16), True, (one, one, other)),
        Probe(rng.randint(20, 40), 1, False, (one,)),
    ]
    return [*PROBES, *(drawn if hidden else ())]


def pictures(probe, seed):
    """(images, labels) of a probe: images uint8 (n, 3, 3, 3), no two of them equal."""
    rng = np.random.default_rng([seed, probe.n])
    images = rng.integers(0, 256, (probe.n, 3, 3, 3)).astype("uint8")
    images[:, 0, 0, 0] = np.arange(probe.n)
    labels = rng.integers(0, 10, probe.n)
    return images, np.eye(10, dtype="float32")[labels] if probe.one_hot else labels


def _probe(answer, probe, seed):
    images, labels = pictures(probe, seed)
    found = {"probe": _told(probe), "seed": seed, "pipelines": []}
    for number in probe.seeds:
        offered = {"images": images.copy(), "labels": labels.copy(), "batch_size": probe.batch_size}
        dataset, call = evidence.call(answer, offered | {"training": probe.training, "seed": number})
        kept = np.array_equal(offered["images"], images) and np.array_equal(offered["labels"], labels)
        pipeline = {"call": call, "changed": not kept, "dataset": isinstance(dataset, tf.data.Dataset), "epochs": []}
        found["pipelines"].append(pipeline)
        if not pipeline["dataset"]:
            break
        for _ in range(EPOCHS):
            epoch, attempt = evidence.attempt(_epoch, dataset, probe)
            pipeline["epochs"].append({"attempt": attempt} | (epoch or {}))
    return found


def _epoch(dataset, probe):
    """The batches of one pass: "batches", their lengths; "x" and "y", all in a row; "ended", did it come to an end?

    What does not come in pairs of arrays of one length is told by "parts", the shapes in one element.
    """
    most = 3 * -(-probe.n // probe.batch_size) + 3
    found = list(islice(dataset, most + 1))
    told = {"ended": len(found) <= most, "batches": [], "parts": None, "x": None, "y": None}
    pairs = [one for one in found if isinstance(one, tuple) and len(one) == 2 and all(map(tf.is_tensor, one))]
    if len(pairs) < len(found) or any(x.ndim == 0 or y.ndim == 0 or len(x) != len(y) for x, y in pairs):
        return told | {"parts": [list(part.shape) for part in tf.nest.flatten(found[0]) if tf.is_tensor(part)]}
    told["batches"] = [len(x) for x, _ in pairs]
    if pairs and len({x.shape[1:] for x, _ in pairs}) == 1 and sum(told["batches"]) < 10 * probe.n + 10:
        told["x"], told["y"] = (np.concatenate([part.numpy() for part in parts]) for parts in zip(*pairs, strict=True))
    return told
