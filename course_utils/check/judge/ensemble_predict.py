"""What is said of ensemble_predict: one point for the mean of the probabilities."""

import numpy as np

from course_utils.check.ask.ensemble_predict import MEAN, probes
from course_utils.check.evidence import weights_kept
from course_utils.check.judge.arrays import Mistake, judge_arrays
from course_utils.check.judge.later import carries_on, no_tensor
from course_utils.check.judge.models import Step

STEPS = (Step(MEAN, 1, "averages the probabilities", "It gives the mean of the models' probabilities."),)


@carries_on("models, x", "ensemble_predict(models, crops)", more=no_tensor)
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_arrays`."""
    return judge_arrays(evidence, probes, STEPS, reference, MISTAKES)


def reference(models, x):
    return each(models, x).mean(axis=0)


def each(models, x, training=False):
    """What each of the models says: an array (models, n, classes)."""
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
