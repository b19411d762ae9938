"""What is said of conv1x1: a point for the numbers, one for any array; a word on channels that do not fit."""

import numpy as np

from course_utils.check.ask.conv1x1 import ANY, FITS, REFUSES, probes
from course_utils.check.judge.arrays import Mistake, judge_arrays
from course_utils.check.judge.later import carries_on
from course_utils.check.judge.models import Step
from course_utils.networks.inception import conv1x1

STEPS = (
    Step(FITS, 1, "computes a dense layer at each pixel", "It computes a dense layer at each pixel."),
    Step(ANY, 1, "takes arrays of any size and type", "It takes arrays of any size and type."),
    Step(REFUSES, 0, "refuses channels that do not fit", "It refuses channels that do not fit."),
)


def _first_picture(a, W, b):
    y = conv1x1(a, W, b)
    y[1:] = 0
    return y


MISTAKES = (
    Mistake("bias_missing", "The bias is not added. Which of the three arguments is not used?", lambda a, W, b: a @ W),
    Mistake("bias_missing", "The bias is taken away, not added. Which sign belongs there?", lambda a, W, b: a @ W - b),
    Mistake(
        "relu_added",
        "What is below zero becomes zero. A convolution is linear: whose task is the activation?",
        lambda a, W, b: np.maximum(a @ W + b, 0),
    ),
    Mistake(
        "weights_transposed",
        "The weights are used with rows and columns exchanged, which shows where W is square. Which axis of W counts "
        "the channels that go in?",
        lambda a, W, b: a @ W.T + b,
    ),
    Mistake(
        "channels_summed",
        "The filters are added up, so that one number a pixel is left. How many channels should come out?",
        lambda a, W, b: (a @ W + b).sum(-1),
    ),
    Mistake(
        "channels_summed",
        "The filters are added up, so that one number a pixel is left. How many channels should come out?",
        lambda a, W, b: (a @ W + b).sum(-1, keepdims=True),
    ),
    Mistake(
        "averaged",
        "The products are averaged over the channels that go in. What does a dense layer do with them?",
        lambda a, W, b: a @ W / a.shape[-1] + b,
    ),
    Mistake(
        "first_picture_only",
        "Only the first picture of the batch is computed. Which axis counts the pictures?",
        _first_picture,
    ),
    Mistake(
        "first_picture_only",
        "Only the first picture of the batch comes out. Which axis counts the pictures?",
        lambda a, W, b: a[0] @ W + b,
    ),
    Mistake(
        "pixels_summed",
        "All pixels of a picture are added up. A 1x1 convolution sees one pixel at a time: which axes stay?",
        lambda a, W, b: a.sum((1, 2)) @ W + b,
    ),
)
REFUSALS = ("ValueError", "IndexError", "AssertionError", "InvalidArgumentError")


@carries_on("a, W, b", "conv1x1(a, shrink.kernel.numpy()[0, 0], shrink.bias.numpy())")
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_arrays`."""
    return judge_arrays(evidence, probes, STEPS, conv1x1, MISTAKES, REFUSALS)
