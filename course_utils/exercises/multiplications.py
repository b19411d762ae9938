"""multiplications (notebook 02): how many multiplications a convolution with padding 'same' takes.

What is asked: convolutions of all sizes, and some that there cannot be.
"""

from course_utils.check.judge.arrays import Mistake, Probe, function
from course_utils.check.result import Step

COUNTS, REFUSES = "counts", "refuses"  # steps


def probes(rng, seed, hidden):
    """A list of Probe."""
    sizes = [(28, 28, 192, 5, 32), (7, 9, 3, 3, 4), (12, 5, 8, 1, 6), (2, 3, 2, 7, 5)]
    if hidden:
        sizes += [[rng.randint(2, 60) for _ in range(5)] for _ in range(3)]
    refused = [(0, 9, 3, 3, 4), (7, 9, 3, -3, 4), (7, 9, 3, 2.5, 4)]
    names = "h", "w", "c_in", "f", "c_out"
    steps = [(COUNTS, numbers) for numbers in sizes] + [(REFUSES, numbers) for numbers in refused]
    return [Probe(step, dict(zip(names, numbers, strict=True))) for step, numbers in steps]


STEPS = (
    Step(COUNTS, 1, "counts the multiplications", "It counts the multiplications."),
    Step(REFUSES, 0, "refuses what is no size", "It refuses what is no positive whole number."),
)


def reference(h, w, c_in, f, c_out):
    from course_utils.networks.inception import multiplications

    return multiplications(h, w, c_in, f, c_out)


MISTAKES = (
    Mistake(
        "input_channels_missing",
        "With {asked}, the count is that of an input with one channel. Over what does a filter sum?",
        lambda h, w, c_in, f, c_out: h * w * c_out * f * f,
    ),
    Mistake(
        "filters_missing",
        "With {asked}, the count is that of a single filter. How often is the picture gone through?",
        lambda h, w, c_in, f, c_out: h * w * f * f * c_in,
    ),
    Mistake(
        "kernel_not_squared",
        "With {asked}, a kernel is counted as a row of f numbers. How many numbers has a kernel in one channel?",
        lambda h, w, c_in, f, c_out: h * w * c_out * f * c_in,
    ),
    Mistake(
        "valid_padding",
        "With {asked}, the count is that of a 'valid' convolution. How large is the output where padding is 'same'?",
        lambda h, w, c_in, f, c_out: max(h - f + 1, 0) * max(w - f + 1, 0) * c_out * f * f * c_in,
    ),
    Mistake(
        "parameters_counted",
        "With {asked}, the count is that of the weights. In how many places is each of them used?",
        lambda h, w, c_in, f, c_out: f * f * c_in * c_out,
    ),
    Mistake(
        "parameters_counted",
        "With {asked}, the count is that of the parameters. In how many places is each of them used?",
        lambda h, w, c_in, f, c_out: (f * f * c_in + 1) * c_out,
    ),
    Mistake(
        "bias_counted",
        "With {asked}, the bias is counted, too. With what is it multiplied?",
        lambda h, w, c_in, f, c_out: h * w * c_out * (f * f * c_in + 1),
    ),
    Mistake(
        "additions_counted",
        "With {asked}, there are twice as many as should be. Are additions counted, too?",
        lambda h, w, c_in, f, c_out: 2 * h * w * c_out * f * f * c_in,
    ),
    Mistake(
        "picture_taken_square",
        "With {asked}, the picture is counted as if it were square. Where is w used?",
        lambda h, w, c_in, f, c_out: h * h * c_out * f * f * c_in,
    ),
)


exercise = function(
    notebook="02",
    place=2,
    title="multiplications",
    steps=STEPS,
    probes=probes,
    reference=reference,
    mistakes=MISTAKES,
    forbidden=["course_utils.networks.inception:multiplications"],
    hints=(
        "Two questions: how many numbers come out, and how many products are added up for each of them? Count"
        " a case by hand: a picture of 2 × 2 with 3 channels, one filter of 1 × 1.",
        "The numbers that come out are pixels times filters. Each is a sum over one whole filter, which has a"
        " height, a width and as many channels as the input. Test the five sizes before, in a loop, with "
        "`isinstance` and a comparison.",
    ),
    arguments="h, w, c_in, f, c_out",
    later=("multiplications(28, 28, 192, 5, 32)",),
)
