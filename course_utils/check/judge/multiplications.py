"""What is said of multiplications: one point for the count; a word, and no point, on sizes that there cannot be."""

from course_utils.check.ask.multiplications import COUNTS, REFUSES, probes
from course_utils.check.judge.arrays import Mistake, judge_arrays
from course_utils.check.judge.later import carries_on
from course_utils.check.judge.models import Step
from course_utils.networks.inception import multiplications

STEPS = (
    Step(COUNTS, 1, "counts the multiplications", "It counts the multiplications."),
    Step(REFUSES, 0, "refuses what is no size", "It refuses what is no positive whole number."),
)
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


@carries_on("h, w, c_in, f, c_out", "multiplications(28, 28, 192, 5, 32)")
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_arrays`."""
    return judge_arrays(evidence, probes, STEPS, multiplications, MISTAKES)
