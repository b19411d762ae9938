"""conv1x1 (notebook 02): a dense layer at each pixel, in NumPy.

What is asked: pictures of several sizes and types, an empty batch, and channels that do not fit.
"""

import numpy as np

from course_utils.check.ask.given import drawn
from course_utils.check.judge.arrays import Mistake, Probe, function
from course_utils.check.result import Step

FITS, ANY, REFUSES = "numbers", "any_array", "refuses"  # steps


def probes(rng, seed, hidden):
    """A list of Probe."""
    found = [
        _probe(FITS, (2, 3, 4, 5), 6, seed),
        _probe(FITS, (1, 7, 1, 3), 3, seed),
        _probe(ANY, (3, 5, 2, 2), 2, seed, "float64"),
        _probe(ANY, (2, 4, 3, 3), 2, seed, "uint8"),
        _probe(ANY, (0, 5, 5, 3), 4, seed),
        _probe(REFUSES, (2, 3, 3, 4), 5, seed, rows=3),
        _probe(REFUSES, (2, 3, 3, 1), 5, seed, rows=3),
    ]
    for dtype in ("float32", "float64", "uint8") if hidden else ():
        shape = (rng.randint(1, 4), rng.randint(1, 9), rng.randint(1, 9), rng.randint(1, 7))
        found.append(_probe(FITS if dtype == "float32" else ANY, shape, rng.randint(1, 9), seed, dtype))
    return found


def _probe(step, shape, c_out, seed, dtype="float32", rows=None):
    of_weights = dtype if dtype.startswith("float") else "float32"
    W = drawn((rows or shape[-1], c_out), seed, of_weights)
    return Probe(step, {"a": drawn(shape, seed, dtype), "W": W, "b": drawn((c_out,), seed, of_weights)})


STEPS = (
    Step(FITS, 1, "computes a dense layer at each pixel", "It computes a dense layer at each pixel."),
    Step(ANY, 1, "takes arrays of any size and type", "It takes arrays of any size and type."),
    Step(REFUSES, 0, "refuses channels that do not fit", "It refuses channels that do not fit."),
)


def reference(a, W, b):
    from course_utils.networks.inception import conv1x1

    return conv1x1(a, W, b)


def _first_picture(a, W, b):
    y = reference(a, W, b)
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
        "The filters are added up, so that one number per pixel is left. How many channels should come out?",
        lambda a, W, b: (a @ W + b).sum(-1),
    ),
    Mistake(
        "channels_summed",
        "The filters are added up, so that one number per pixel is left. How many channels should come out?",
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


exercise = function(
    notebook="02",
    place=1,
    title="conv1x1",
    steps=STEPS,
    probes=probes,
    reference=reference,
    mistakes=MISTAKES,
    errors=REFUSALS,
    forbidden=["course_utils.networks.inception:conv1x1"],
    hints=(
        "Write the shapes of a, W and b below each other. Which axis of a is summed with which axis of W? "
        "Which axes stay as they are?",
        "No loop is needed: the matrix product of NumPy (`np.matmul`, or the operator for it) uses the last "
        "axis of a and leaves those in front of it alone. A row of biases that is added to the result goes to"
        " every pixel by itself.",
    ),
    arguments="a, W, b",
    later=("conv1x1(a, shrink.kernel.numpy()[0, 0], shrink.bias.numpy())",),
)
