"""What is said of mirror: one point for pictures mirrored left to right, of the same type."""

import numpy as np

from course_utils.check.ask.mirror import MIRRORS, probes
from course_utils.check.judge.arrays import Mistake, judge_arrays
from course_utils.check.judge.later import carries_on
from course_utils.check.judge.models import Step

STEPS = (Step(MIRRORS, 1, "mirrors pictures", "It mirrors pictures left to right, and keeps their type."),)
MISTAKES = (
    Mistake(
        "not_mirrored",
        "With {asked}, the pictures come out as they went in. What should become of the first column?",
        lambda images: images,
    ),
    Mistake(
        "upside_down",
        "The pictures stand upside down. Of the four axes, which one counts the columns?",
        lambda images: images[:, ::-1],
    ),
    Mistake(
        "turned",
        "The pictures are turned by 180 degrees: top and bottom have changed places, too. Which axis should stay as "
        "it is?",
        lambda images: images[:, ::-1, ::-1],
    ),
    Mistake(
        "colours_reversed",
        "Red and blue have changed places, and no picture is mirrored. Which axis is the last one?",
        lambda images: images[..., ::-1],
    ),
    Mistake(
        "colours_reversed",
        "The pictures are mirrored, and red and blue have changed places. Which axis should stay as it is?",
        lambda images: images[:, :, ::-1, ::-1],
    ),
    Mistake(
        "pictures_reversed",
        "The pictures come in reverse order, and none is mirrored. Which axis counts the pictures?",
        lambda images: images[::-1],
    ),
    Mistake(
        "pictures_reversed",
        "The pictures are mirrored, and come in another order: they no longer belong to their labels. Which axis "
        "should stay as it is?",
        lambda images: images[::-1, :, ::-1],
    ),
    Mistake(
        "transposed",
        "Rows have become columns: the pictures are mirrored along their diagonal. What should stay in its row?",
        lambda images: images.swapaxes(1, 2),
    ),
    Mistake(
        "added",
        "What comes out are the pictures and their mirror images, twice as many as went in. How many labels are there?",
        lambda images: np.concatenate([images, images[:, :, ::-1]]),
    ),
)


@carries_on("images", "mirror(ten)")
def judge(evidence):
    """The findings for the evidence of `ask`: see `judge_arrays`."""
    return judge_arrays(evidence, probes, STEPS, lambda images: images[:, :, ::-1], MISTAKES, same_type=True)
