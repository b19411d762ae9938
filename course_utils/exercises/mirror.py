"""mirror (notebook 08): pictures mirrored left to right.

What is asked: pictures of several sizes and types.
"""

import numpy as np

from course_utils.check.ask.given import drawn
from course_utils.check.judge.arrays import Mistake, Probe, function
from course_utils.check.result import Step

MIRRORS = "mirrors"  # the one step


def probes(rng, seed, hidden):
    """A list of Probe."""
    wanted = [((2, 3, 5, 3), "uint8"), ((3, 4, 4, 3), "float32"), ((1, 2, 6, 1), "float64")]
    for dtype in ("uint8", "float32") if hidden else ():
        wanted.append(([rng.randint(2, 4), rng.randint(2, 9), rng.randint(3, 9), rng.randint(1, 4)], dtype))
    return [Probe(MIRRORS, {"images": drawn(tuple(shape), seed, dtype)}) for shape, dtype in wanted]


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


exercise = function(
    notebook="08",
    place=1,
    title="mirror",
    steps=STEPS,
    probes=probes,
    reference=lambda images: images[:, :, ::-1],
    mistakes=MISTAKES,
    same_type=True,
    hints=(
        "The four axes are picture, row, column and channel. Which of their numbers changes when you go from "
        "left to right in one picture?",
        "A slice can run backwards, with a step of -1, on one axis, while the others stay whole. `np.flip` "
        "does the same for the axis that it is told.",
    ),
    arguments="images",
    later=("mirror(ten)",),
)
