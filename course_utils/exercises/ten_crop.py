"""ten_crop (notebook 08): the corners and the centre of a picture, and their mirror images.

What is asked: pictures of several sizes and types, a window as large as the picture, one too large.
"""

from itertools import permutations, product

import numpy as np

from course_utils.check.ask.given import drawn
from course_utils.check.judge.arrays import (
    Probe,
    changes,
    function,
    no_numbers,
    not_refused,
    other_type,
    words,
    wrong_shape,
)
from course_utils.check.result import Finding, Step

CROPS, REFUSES = "crops", "refuses"  # of the first, two steps are made


def probes(rng, seed, hidden):
    """A list of Probe."""
    wanted = [((9, 7, 3), 3, "uint8"), ((8, 11, 3), 5, "float32"), ((6, 5, 1), 5, "float64"), ((4, 4, 3), 4, "uint8")]
    for dtype in ("uint8", "float32") if hidden else ():
        size = rng.randint(2, 6)
        wanted.append(((size + rng.randint(2, 7), size + rng.randint(2, 7), rng.randint(1, 4)), size, dtype))
    wanted.append(((5, 8, 3), 6, "uint8"))
    steps = [CROPS] * (len(wanted) - 1) + [REFUSES]
    asked = [{"image": drawn(shape, seed, dtype), "size": size} for shape, size, dtype in wanted]
    return [Probe(*one) for one in zip(steps, asked, strict=True)]


WINDOWS, MIRRORS, REFUSES = "windows", "mirrors", "refuses"
STEPS = (
    Step(WINDOWS, 1, "cuts out the corners and the centre", "The first five are the corners and the centre."),
    Step(MIRRORS, 1, "adds their mirror images", "The last five are their mirror images."),
    Step(REFUSES, 0, "refuses a window that is too large", "It refuses a window larger than the picture."),
)


def _judge(looked):
    found = []
    for step, arguments, got in looked:
        asked = words(arguments)
        if step == CROPS:
            found += zip((WINDOWS, MIRRORS), _faults(**arguments, got=got, asked=asked), strict=True)
        else:
            found.append((REFUSES, not_refused(got["call"], asked)))
    return found


def _faults(image, size, got, asked):
    """The findings for what is wrong with the windows and with the mirror images, each None where nothing is."""
    shape = 10, size, size, image.shape[-1]
    problem = no_numbers(got, asked, 4)
    if not problem and tuple(got["shape"]) == (5, *shape[1:]):
        text = f"Called with {asked}, five windows come out. Which five are still missing?"
        problem = Finding("mirrors_missing", False, text, str(shape), str(tuple(got["shape"])))
        return _windows(got["y"], image, size), problem
    problem = problem or wrong_shape(got, shape, asked)
    if problem:
        return problem, problem
    y = got["y"]
    order = _order(y, image, size)
    kept = changes(got) or other_type(y, image.dtype, asked)
    return kept or order or _windows(y[:5], image, size), None if order else _mirrors(y)


def five(image, size):
    """The corners and the centre by name, each a list of the windows that are right for it."""
    bottom, right = image.shape[0] - size, image.shape[1] - size
    centres = product({bottom // 2, -(-bottom // 2)}, {right // 2, -(-right // 2)})
    places = {
        "top left corner": [(0, 0)],
        "top right corner": [(0, right)],
        "bottom left corner": [(bottom, 0)],
        "bottom right corner": [(bottom, right)],
        "centre": centres,
    }
    return {name: [image[i : i + size, j : j + size] for i, j in found] for name, found in places.items()}


def _order(y, image, size):
    """The finding for the right windows where others should stand, or None."""
    for code, own, others in (("mirrors_first", y[5:], y[:5]), ("interleaved", y[::2], y[1::2])):
        if not _windows(own, image, size) and _mirrored(own, others) and _windows(y[:5], image, size):
            text = {
                "mirrors_first": "The mirror images come first, the windows behind them. Which five should be first?",
                "interleaved": "Windows and mirror images take turns. Which five should be first?",
            }
            return Finding(code, False, text[code], "five windows, then five mirror images")
    return None


def _windows(y, image, size):
    """The finding for five windows that are not the corners and the centre, or None."""
    right = five(image, size)
    left = [window for window in y if not any(_among(window, found) for found in right.values())]
    missing = [name for name, found in right.items() if not any(_among(window, found) for window in y)]
    if not missing and not left:
        return None
    asked = f"a picture of {image.shape[0]}x{image.shape[1]} and windows of {size}x{size}"
    if not missing:
        text = f"With {asked}, one of the first five is neither a corner nor the centre. Which one?"
        return Finding("other_window", False, text)
    if missing == ["centre"]:
        text = f"With {asked}, the centre is not among the first five. How much of the picture is left on each side?"
        return Finding("centre_missing", False, text)
    text = f"With {asked}, the first five lack the {' and the '.join(missing)}. At which row and column do they begin?"
    return Finding("corner_missing", False, text)


def _among(window, found):
    return any(np.array_equal(window, one) for one in found)


def _mirrored(windows, others):
    """Are the others the mirror images of the windows, in any order?"""
    return any(np.array_equal(others[list(order)], windows[:, :, ::-1]) for order in permutations(range(5)))


def _mirrors(y):
    """The finding for five mirror images that are none, or None."""
    windows, mirrors = y[:5], y[5:]
    if _mirrored(windows, mirrors):
        return None
    if np.array_equal(windows, mirrors):
        text = "The last five are the first five once more. What should become of their first column?"
        return Finding("not_mirrored", False, text)
    if np.array_equal(windows[:, ::-1], mirrors):
        text = "The last five stand upside down. Which axis of a window counts its columns?"
        return Finding("upside_down", False, text)
    text = "The last five are not the mirror images of the first five, left to right. Can you look at a pair of them?"
    return Finding("other_mirrors", False, text)


exercise = function(
    notebook="08",
    place=6,
    title="ten_crop",
    steps=STEPS,
    probes=probes,
    judge=_judge,
    hints=(
        "Write down the row and the column at which each of the five windows begins, for a picture of 6 × 8 "
        "and windows of 4. Which of these numbers come from the height, which from the width?",
        "The last row at which a window can begin is the height minus the size, and the same holds for "
        "columns; the centre begins at half of both. `np.stack` makes one array of five windows. Mirror its "
        "axis of columns, and join both with `np.concatenate`.",
    ),
    arguments="image, size",
    later=("ten_crop(picture, 24)",),
)
