"""evaluate (notebook 09): the accuracy of a model on a dataset, batch by batch.

What is asked: a small model on batches of which the last is short, and on one-hot labels.
"""

from functools import lru_cache

import numpy as np

from course_utils.check.judge.arrays import Mistake, Probe, function
from course_utils.check.judge.later import no_tensor
from course_utils.check.result import Step

ACCURACY, REFUSES = "accuracy", "refuses"  # steps


def probes(rng, seed, hidden):
    """A list of Probe."""
    wanted = [(21, 8, 5), (13, 12, 3)]  # pictures, batch size, classes
    if hidden:
        wanted += [(7, 1, 4), (rng.randint(20, 40), rng.randint(6, 9), rng.randint(3, 6))]
    found = [Probe(ACCURACY, _arguments(*one, seed)) for one in wanted]
    return [*found, Probe(REFUSES, _arguments(9, 3, 3, seed, one_hot=True))]


def _arguments(n, batch_size, classes, seed, one_hot=False):
    model = {"make": "classifier", "classes": classes, "seed": seed}
    dataset = {"n": n, "batch_size": batch_size, "one_hot": one_hot}
    return {"model": model, "dataset": model | dataset | {"make": "dataset"}}


STEPS = (
    Step(ACCURACY, 1, "gives the accuracy", "It gives the share of all pictures that are classified rightly."),
    Step(REFUSES, 0, "refuses one-hot labels", "It refuses one-hot labels, which it would compare with classes."),
)


def reference(model, dataset):
    return np.float32(np.concatenate(_right(model, dataset)).mean())


@lru_cache(2)  # of the probe at hand
def _right(model, dataset, training=False):
    """For each batch, which of its pictures are classified rightly. Raises ValueError for one-hot labels."""
    from course_utils.check.evidence import weights_kept

    found = []
    with weights_kept(model):
        for x, y in dataset:
            if y.ndim != 1:
                raise ValueError("labels are integers")
            found.append(np.argmax(model(x, training=training), axis=-1) == y.numpy())
    return found


MISTAKES = (
    Mistake(
        "mean_of_batches",
        "The accuracies of the batches are averaged, so that a picture of the short last batch counts more than the "
        "others. What should be counted over all batches?",
        lambda model, dataset: np.mean([batch.mean() for batch in _right(model, dataset)]),
    ),
    Mistake(
        "training_mode",
        "The model runs in training mode: what it says of a picture depends on its batch. Who says which mode it is?",
        lambda model, dataset: np.concatenate(_right(model, dataset, training=True)).mean(),
    ),
    Mistake(
        "training_mode",
        "The model runs in training mode, and batches are averaged. Which mode should it be, and which mean?",
        lambda model, dataset: np.mean([batch.mean() for batch in _right(model, dataset, training=True)]),
    ),
    Mistake(
        "one_batch",
        "Only the first batch is counted. Where does the loop end?",
        lambda model, dataset: _right(model, dataset)[0].mean(),
    ),
    Mistake(
        "one_batch",
        "Only the last batch is counted. What becomes of the sums before it?",
        lambda model, dataset: _right(model, dataset)[-1].mean(),
    ),
    Mistake(
        "last_batch_missing",
        "The last batch, which is shorter, is left out. How many pictures are there?",
        lambda model, dataset: np.concatenate(_right(model, dataset)[:-1]).mean(),
    ),
    Mistake(
        "error_rate",
        "That is the share of pictures that are classified wrongly. Which ones does accuracy count?",
        lambda model, dataset: 1 - reference(model, dataset),
    ),
    Mistake(
        "percent",
        "The accuracy comes in percent. What should 1.0 stand for?",
        lambda model, dataset: 100 * reference(model, dataset),
    ),
    Mistake(
        "counted",
        "That is a number of pictures, not a share of them. By what should it be divided?",
        lambda model, dataset: np.concatenate(_right(model, dataset)).sum(),
    ),
    Mistake(
        "divided_by_batches",
        "The number of pictures classified rightly is divided by the number of batches. How many pictures are there?",
        lambda model, dataset: np.concatenate(_right(model, dataset)).sum() / len(_right(model, dataset)),
    ),
    Mistake(
        "last_batch_taken_for_full",
        "Every batch counts as if it were as large as the first. How many pictures are in the last?",
        lambda model, dataset: np.concatenate(batches := _right(model, dataset)).sum() / len(batches) / len(batches[0]),
    ),
)


exercise = function(
    notebook="09",
    place=4,
    title="evaluate",
    steps=STEPS,
    probes=probes,
    reference=reference,
    mistakes=MISTAKES,
    hints=(
        "Take 5 pictures in batches of 2. Which two numbers must you carry from batch to batch so that each "
        "picture counts the same?",
        "Count the pictures and the right answers in a loop over the batches, with the model called in "
        "inference mode. `np.argmax` along the axis of the classes gives its answers. Divide once, after the "
        "loop.",
    ),
    arguments="model, dataset",
    later=("evaluate(model, test)",),
    advice=no_tensor,
)
