"""conv_output_size (notebook 01): the size of what a convolution gives, and a ValueError where there can be none.

What is asked: sizes of all kinds, with and without p and s, and some that there cannot be.
"""

import math

from course_utils.check.judge.arrays import (
    Mistake,
    Probe,
    function,
)
from course_utils.check.result import Step

SIZE = "size"  # the one step

SIZES = (
    {"n": 9, "f": 4, "p": 6, "s": 2},  # each known mistake but one gives another number
    {"n": 32, "f": 5},
    {"n": 227, "f": 11, "p": 0, "s": 4},
    {"n": 13, "f": 3, "p": 1, "s": 1},
    {"n": 10, "f": 3, "p": 2, "s": 2},
    {"n": 7, "f": 4, "p": 1, "s": 3},
    {"n": 5, "f": 5},
    {"n": 4, "f": 8, "p": 2, "s": 3},
    {"n": 9, "f": 1, "s": 2},
)
IMPOSSIBLE = (
    {"n": 4, "f": 7, "p": 1, "s": 1},
    {"n": 8, "f": 3, "p": 0, "s": 0},
    {"n": 8, "f": 3, "p": 0, "s": -1},
    {"n": 8, "f": 3, "p": -1, "s": 1},
)


def probes(rng, seed, hidden):
    """A list of Probe."""
    sizes, impossible = [*SIZES], [*IMPOSSIBLE]
    for _ in range(5 if hidden else 0):
        f, p = rng.randint(1, 12), rng.randint(0, 5)
        sizes.append({"n": max(f - 2 * p, 1) + rng.randint(0, 300), "f": f, "p": p, "s": rng.randint(1, 7)})
        impossible.append({"n": rng.randint(1, 9), "f": 2 * p + rng.randint(10, 20), "p": p, "s": rng.randint(1, 7)})
    return [Probe(SIZE, asked) for asked in [*sizes, *impossible]]


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


def reference(n, f, p=0, s=1):
    if p < 0 or s < 1 or f > n + 2 * p:
        raise ValueError(f"there is no place for a filter of {f} with n={n}, p={p} and s={s}")
    return (n + 2 * p - f) // s + 1


exercise = function(
    notebook="01",
    place=1,
    title="conv_output_size",
    steps=STEPS,
    probes=probes,
    reference=reference,
    mistakes=MISTAKES,
    hints=(
        "Draw a row of 5 pixels and slide a filter of 3 along it in steps of 2. At how many places has it "
        "been? Do the same with 6 pixels: what happens to the pixel that is left over?",
        "Test the three bad requests first, each with its ValueError. Then compute how far the filter can "
        "walk, divide that by the stride with `//`, which rounds down and gives an int, and count the first "
        "place at the end.",
    ),
    arguments="n, f, p, s",
    later=(
        "conv_output_size(*case)",
        "conv_output_size(n, f=11, s=4)",
    ),
)
