"""ensemble_predict (notebook 08): the mean of the probabilities of several models.

What is asked: small models with a normalisation, for several pictures and for one.
"""

import numpy as np

from course_utils.check.ask.given import SHAPE, drawn
from course_utils.check.judge.arrays import Mistake, Probe, function
from course_utils.check.judge.later import no_tensor
from course_utils.check.result import Step

MEAN = "mean"  # the one step


def probes(rng, seed, hidden):
    """A list of Probe."""
    wanted = [(3, 7, 5), (2, 1, 3)]  # models, pictures, classes
    if hidden:
        wanted += [(1, 4, 2), (4, rng.randint(2, 9), rng.randint(2, 9))]
    return [Probe(MEAN, _arguments(*one, seed)) for one in wanted]


def _arguments(models, pictures, classes, seed):
    return {
        "models": [
            {"make": "classifier", "classes": classes, "seed": seed + i, "activation": "softmax"} for i in range(models)
        ],
        "x": drawn((pictures, *SHAPE), seed),
    }


STEPS = (Step(MEAN, 1, "averages the probabilities", "It gives the mean of the models' probabilities."),)


def reference(models, x):
    return each(models, x).mean(axis=0)


def each(models, x, training=False):
    """What each of the models says: an array (models, n, classes)."""
    from course_utils.check.evidence import weights_kept

    found = []
    for model in models:
        with weights_kept(model):
            found.append(np.asarray(model(x, training=training)))
    return np.stack(found)


def _softmax(y):
    return np.exp(y) / np.exp(y).sum(axis=-1, keepdims=True)


def _votes(models, x):
    y = each(models, x)
    return np.eye(y.shape[-1])[y.argmax(axis=-1)].mean(axis=0)


NOT_AVERAGED = "What comes out has an axis for the models still. Over which axis is the mean taken?"
VOTES = "The models vote for classes, and what they are unsure of is lost. Which step makes classes of probabilities?"
MISTAKES = (
    Mistake(
        "summed",
        "The probabilities are added up, and sum to the number of models. What makes a mean of a sum?",
        lambda models, x: each(models, x).sum(axis=0),
    ),
    Mistake(
        "one_model", "Only the first model is asked. What becomes of the others?", lambda models, x: each(models, x)[0]
    ),
    Mistake(
        "one_model", "Only the last model counts. What becomes of the others?", lambda models, x: each(models, x)[-1]
    ),
    Mistake("votes", VOTES, lambda models, x: reference(models, x).argmax(axis=-1)),
    Mistake("votes", VOTES, _votes),
    Mistake("not_averaged", NOT_AVERAGED, each),
    Mistake("not_averaged", NOT_AVERAGED, lambda models, x: each(models, x).mean(axis=1)),
    Mistake("not_averaged", NOT_AVERAGED, lambda models, x: each(models, x).mean(axis=2)),
    Mistake(
        "over_everything",
        "One number comes out. Over which axis of (models, pictures, classes) should the mean be taken?",
        lambda models, x: each(models, x).mean(),
    ),
    Mistake(
        "training_mode",
        "The models answer in training mode, in which the other pictures of a batch count, too. Who says which it is?",
        lambda models, x: each(models, x, training=True).mean(axis=0),
    ),
    Mistake(
        "largest",
        "The largest of the models' probabilities is taken. Do they still sum to one?",
        lambda models, x: each(models, x).max(axis=0),
    ),
    Mistake(
        "median",
        "The median of the models' probabilities is taken. Do they still sum to one?",
        lambda models, x: np.median(each(models, x), axis=0),
    ),
    Mistake(
        "geometric_mean",
        "The logarithms of the probabilities are averaged. Of what should the mean be taken?",
        lambda models, x: np.exp(np.log(each(models, x)).mean(axis=0)),
    ),
    Mistake(
        "geometric_mean",
        "The logarithms of the probabilities are averaged. Of what should the mean be taken?",
        lambda models, x: _softmax(np.log(each(models, x)).mean(axis=0)),
    ),
    Mistake(
        "softmax_twice",
        "A softmax is taken of what are probabilities already. What do the models give?",
        lambda models, x: _softmax(each(models, x)).mean(axis=0),
    ),
    Mistake(
        "softmax_twice",
        "A softmax is taken of what are probabilities already. What do the models give?",
        lambda models, x: _softmax(reference(models, x)),
    ),
)


exercise = function(
    notebook="08",
    place=5,
    title="ensemble_predict",
    steps=STEPS,
    probes=probes,
    reference=reference,
    mistakes=MISTAKES,
    hints=(
        "Three models answer for 5 pictures and 10 classes. Which shape have all answers together, and which "
        "axis has to vanish?",
        "Collect what the `predict` of each model returns in a list, for all models. `np.mean` takes such a "
        "list; its `axis` says over what the mean is taken.",
    ),
    arguments="models, x",
    later=("ensemble_predict(models, crops)",),
    advice=no_tensor,
)
