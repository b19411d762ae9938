"""What is said of conv_output_size: one point for the size, and for a ValueError where there can be none."""

import math

from course_utils.check.ask.conv_output_size import SIZE, probes
from course_utils.check.judge.arrays import Mistake, judge_arrays
from course_utils.check.judge.later import carries_on
from course_utils.check.judge.models import Step

STEPS = (Step(SIZE, 1, "gives the size that comes out", "It gives the size, and refuses what cannot be."),)
MISTAKES = (
    Mistake(
        "plus_one_too_early",
        "With {asked}, the one is added before the division. Does the first place of the filter depend on the stride?",
        lambda n, f, p=0, s=1: (n + 2 * p - f + 1) // s,
    ),
    Mistake(
        "plus_one_missing",
        "With {asked}, the size is too small by one. In how many places has a filter been that took one step?",
        lambda n, f, p=0, s=1: (n + 2 * p - f) // s,
    ),
    Mistake(
        "rounded_up",
        "With {asked}, the size is rounded up. What happens to a filter that would stand out over the edge?",
        lambda n, f, p=0, s=1: math.ceil((n + 2 * p - f) / s) + 1,
    ),
    Mistake(
        "rounded_up",
        "With {asked}, the size is rounded to the nearest number. Which way does a filter round that would stand out "
        "over the edge?",
        lambda n, f, p=0, s=1: round((n + 2 * p - f) / s) + 1,
    ),
    Mistake(
        "not_rounded",
        "With {asked}, the size is a fraction. What happens to a filter that would stand out over the edge?",
        lambda n, f, p=0, s=1: (n + 2 * p - f) / s + 1,
    ),
    Mistake(
        "padding_once",
        "With {asked}, the padding is counted once. On how many sides of the picture does it lie?",
        lambda n, f, p=0, s=1: (n + p - f) // s + 1,
    ),
    Mistake(
        "padding_ignored",
        "With {asked}, the size is that of a picture without padding. Where is p used?",
        lambda n, f, p=0, s=1: (n - f) // s + 1,
    ),
    Mistake(
        "stride_ignored",
        "With {asked}, the size is that of stride 1. Where is s used?",
        lambda n, f, p=0, s=1: n + 2 * p - f + 1,
    ),
    Mistake(
        "stride_divides_the_picture",
        "With {asked}, only the picture is divided by the stride. What does the filter have left to walk over?",
        lambda n, f, p=0, s=1: (n + 2 * p) // s - f + 1,
    ),
    Mistake(
        "padding_taken_away",
        "With {asked}, the padding makes the picture smaller. What does it add on each side?",
        lambda n, f, p=0, s=1: (n - 2 * p - f) // s + 1,
    ),
    Mistake(
        "same_size",
        "With {asked}, the size is that of padding 'same'. How much padding does p ask for?",
        lambda n, f, p=0, s=1: math.ceil(n / s),
    ),
)


@carries_on("n, f, p, s", "conv_output_size(*case)", "conv_output_size(n, f=11, s=4)")
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_arrays`."""
    return judge_arrays(evidence, probes, STEPS, reference, MISTAKES)


def reference(n, f, p=0, s=1):
    if p < 0 or s < 1 or f > n + 2 * p:
        raise ValueError(f"there is no place for a filter of {f} with n={n}, p={p} and s={s}")
    return (n + 2 * p - f) // s + 1
