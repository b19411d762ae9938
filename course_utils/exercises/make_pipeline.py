"""make_pipeline (notebook 09): whole epochs in batches, shuffled for training only.

Of each pipeline, two epochs are looked at.
"""

import random
import re
from dataclasses import replace

import numpy as np

from course_utils.check.exercise import Exercise
from course_utils.check.judge import call_problem
from course_utils.check.judge.arrays import by_step, not_refused
from course_utils.check.result import Finding, Step

BATCHES, REFUSES = "batches", "refuses"


def _request(seed, hidden):
    rng, keys = random.Random(seed), ("n", "batch_size", "training", "seeds", "one_hot")
    one, other = rng.sample(range(1000), 2)
    probes = [
        (149, 16, True, [3, 3, 4], False),
        (21, 5, False, [0], False),
        (3, 8, False, [0], False),
        (12, 4, True, [0], True),
    ]
    if hidden:
        probes.append((rng.randint(100, 200), rng.randint(9, 16), True, [one, one, other], False))
        probes.append((rng.randint(20, 40), 1, False, [one], False))
    return {"probes": [dict(zip(keys, probe, strict=True)) | {"seed": seed} for probe in probes]}


def _judge(request, evidence):
    found = []
    for probe, came in zip(request["probes"], evidence["probes"], strict=True):
        if probe["one_hot"]:
            asked = f"images and one-hot labels of shape ({probe['n']}, 10)"
            found.append((REFUSES, not_refused(came["call"], asked)))
        else:
            found.append((BATCHES, _fault(probe, came)))
    return by_step(found, exercise.steps)


def _fault(probe, found):
    """The finding for what is wrong with the pipelines of a probe, or None."""
    asked = f"With {probe['n']} pictures, batch_size={probe['batch_size']} and training={probe['training']}"
    from course_utils.check.ask.pipeline import pictures

    images, labels = pictures(probe)
    orders = []
    for pipeline in found["pipelines"]:
        problem = _no_dataset(pipeline, asked)
        for epoch in () if problem else pipeline["epochs"]:
            problem = problem or _not_whole(epoch, probe, images, labels, asked)
            orders.append(None if problem else _order(epoch["x"], images))
        if problem:
            return problem
    return (_of_training if probe["training"] else _of_testing)(orders, probe, asked)


def _no_dataset(pipeline, asked):
    """The finding for a call that gave no dataset, or changed the arrays, or None."""
    call = pipeline["call"]
    name = call.get("name", "the answer")
    problem = call_problem(call, 0)
    if problem or pipeline["dataset"]:
        if not problem and pipeline["changed"]:
            text = f"{name} changes images or labels, which belong to whoever calls it. Where does that happen?"
            problem = Finding("changes_arguments", False, text)
        return problem
    text = f"{name} returns {call['words']}, not a tf.data.Dataset. What does its last line return?"
    code = "returned_none" if call["kind"] == "none" else "not_a_dataset"
    return Finding(code, False, text, "a tf.data.Dataset", call["words"])


def _not_whole(epoch, probe, images, labels, asked):
    """The finding for an epoch that does not hold every picture with its label once, in batches, or None."""
    n, size = probe["n"], probe["batch_size"]
    problem = call_problem(epoch["attempt"], 0, "The dataset, gone through,")
    if problem:  # TensorFlow names a node of its graph first, and what stopped it last
        text = re.sub(r"\{\{.*?\}\}\s*|\s*Traceback .*", "", problem.message)
        return replace(problem, message=text)
    if epoch["parts"] is not None:
        shapes = " and ".join(str(tuple(shape)) for shape in epoch["parts"]) or "nothing"
        if epoch["parts"] == [[3, 3, 3], []]:
            text = f"{asked}, pictures come one by one. Which method of a dataset makes batches?"
            return Finding("not_batched", False, text)
        text = f"{asked}, an element of the dataset holds arrays of shapes {shapes}. Is it a pair of images and labels?"
        return Finding("not_pairs", False, text, "(images, labels)", shapes)
    batches, whole = epoch["batches"], [size] * (n // size) + [n % size] * (n % size > 0)
    if not epoch["ended"] or sum(batches) > n:
        text = f"{asked}, one pass gives more than {n} pictures. Which method begins the data anew, and who should?"
        got = f"{sum(batches)} pictures" if epoch["ended"] else "no end"
        return Finding("repeated", False, text, f"{n} pictures", got)
    if batches == whole[: n // size] and sum(batches) < n:
        text = f"{asked}, the last {n - sum(batches)} pictures are missing. Which argument of batch drops them?"
        return Finding("last_batch_dropped", False, text, f"{n} pictures", f"{sum(batches)} pictures")
    if batches != whole:
        told = [f"{len(found)} of {' and '.join(map(str, dict.fromkeys(found)))}" for found in (whole, batches)]
        text = f"{asked}, the batches are of other sizes. What is made of batch_size?"
        return Finding("wrong_batches", False, text, *(told if told[0] != told[1] else ()))
    x, y = epoch["x"], epoch["y"]
    if x.dtype != images.dtype or y.dtype.kind not in "iu":
        text = f"{asked}, images and labels come as {x.dtype} and {y.dtype}. Which step changes their type?"
        return Finding("wrong_dtype", False, text, f"{images.dtype} and {labels.dtype}", f"{x.dtype} and {y.dtype}")
    if x.shape != images.shape or y.shape != labels.shape:
        shapes = [f"({', '.join(map(str, ('batch', *one.shape[1:])))})" for one in (images, labels, x, y)]
        text = f"{asked}, images or labels have another shape than they had. Which step adds or takes an axis?"
        return Finding("wrong_shape", False, text, " and ".join(shapes[:2]), " and ".join(shapes[2:]))
    order = _order(x, images)
    if order is None:
        text = f"{asked}, pictures come out that did not go in. Which step changes their numbers?"
        return Finding("other_pictures", False, text)
    if sorted(order) != list(range(n)):
        text = f"{asked}, an epoch shows {len(set(order))} different pictures. How often should each be seen?"
        return Finding("not_every_picture", False, text, f"{n} pictures", f"{len(set(order))}")
    if not np.array_equal(y, labels[order]):
        text = f"{asked}, pictures come with the labels of others. At which step are the two taken apart?"
        return Finding("pairs_broken", False, text)
    return None


def _order(x, images):
    """Which of the images x are, by number; None if one of them is none."""
    number = x[:, 0, 0, 0].astype(int)
    known = (number < len(images)).all() and np.array_equal(x, images[number])
    return number if known else None


def _of_training(orders, probe, asked):
    """The finding for orders, two of each pipeline, that are not shuffled as they should be, or None."""
    one, two = orders[:2]
    inside = np.abs(np.diff(one)) == 1
    if (one == np.arange(probe["n"])).all():
        text = f"{asked}, the pictures come in the order in which they are stored. Which step should mix them?"
        return Finding("not_shuffled", False, text)
    if inside.mean() > 0.5:
        text = f"{asked}, whole batches change places, and their pictures stay together. Which step comes first?"
        return Finding("batches_shuffled", False, text)
    if np.array_equal(one, two):
        text = f"{asked}, every epoch has the same order. Which step keeps what an earlier one has drawn?"
        return Finding("same_each_epoch", False, text)
    reach = np.max(one - np.arange(probe["n"])) + 1
    if probe["n"] >= 90 and reach < probe["n"] / 2:
        text = (
            f"{asked}, the first pictures are always drawn from the first {reach}: the buffer is too small to mix them "
            "all. How large should it be?"
        )
        return Finding("small_buffer", False, text, f"{probe['n']} pictures", f"{reach} pictures")
    if len(probe["seeds"]) == 3:
        if not np.array_equal(orders[:2], orders[2:4]):
            text = f"{asked}, two pipelines of one seed give different orders. Where is seed used?"
            return Finding("not_reproducible", False, text)
        if np.array_equal(orders[:2], orders[4:]):
            text = f"{asked}, every seed gives the same orders. Where is seed used?"
            return Finding("seed_ignored", False, text)
    return None


def _of_testing(orders, probe, asked):
    """The finding for orders that are not those of the data, or None."""
    if all((order == np.arange(probe["n"])).all() for order in orders):
        return None
    text = f"{asked}, the pictures come in another order than they are stored. What is training for?"
    return Finding("test_shuffled", False, text)


exercise = Exercise(
    notebook="09",
    place=2,
    title="make_pipeline",
    steps=(
        Step(BATCHES, 1, "gives each epoch whole and in order", "Every epoch is whole, shuffled for training only."),
        Step(REFUSES, 0, "refuses one-hot labels", "It refuses one-hot labels, where integers are asked for."),
    ),
    ask="pipeline",
    request=_request,
    judge=_judge,
    hints=(
        "Say for each step of your pipeline what it handles: single pictures or whole batches? And how many "
        "pictures does the shuffling have before it when it draws the first?",
        "Begin with `from_tensor_slices` of the pair of arrays. When training, `shuffle` comes before "
        "`batch`, with a buffer for all pictures and the seed. Before all that, `np.ndim` of the labels tells"
        " one-hot labels from whole numbers.",
    ),
    arguments="images, labels, batch_size, training, seed",
    later=(
        "make_pipeline(x_test, y_test, 64, training)",
        "make_pipeline(x, y, s.batch, training=True, seed=epoch)",
    ),
)
