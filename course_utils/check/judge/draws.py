"""What is said of a function that changes pictures by random numbers from the generator `rng` that it is given."""

import warnings

import numpy as np

from course_utils.check.judge.arrays import changes, function, no_numbers, not_refused, other_type, words, wrong_shape
from course_utils.check.result import Finding

REFUSES = "refuses"  # the step of probes that should be refused


def drawing(notebook, place, title, steps, probes, faults, shape=lambda images, **more: images.shape, **more):
    """The `Exercise` of a function of (images, ..., rng) that changes pictures.

    Args:
        probes: as of `arrays.function`; the first three differ in their `rng` alone, which is twice of one seed and
            once of another.
        faults: of the arguments of a probe and the array that came out, what is wrong: a finding or None for each of
            the steps with points.
        shape: of the arguments, the shape that should come out, in the type of `images`.
        notebook, place, title, steps, more: as of `Exercise`.
    """
    names = [step.name for step in steps if step.points]

    def judge(looked):
        found, came = [], []
        for step, arguments, got in looked:
            asked = words(arguments)
            if step == REFUSES:
                dark = arguments["images"].max() <= 1
                found.append((REFUSES, not_refused(got["call"], f"{asked}, the pictures in 0..1" if dark else asked)))
                continue
            problem = no_numbers(got, asked, 4) or wrong_shape(got, shape(**arguments), asked)
            problem = problem or changes(got) or other_type(got["y"], arguments["images"].dtype, asked)
            came.append(None if problem else got["y"])
            found += zip(names, [problem] * len(names) if problem else faults(arguments, got["y"]), strict=True)
        if all(y is not None for y in came[:3]):
            found.append((names[0], _generator(*came[:3])))
        return found

    return function(notebook, place, title, steps, probes, judge=judge, **more)


def _generator(once, again, other):
    """The finding for random numbers that do not come from `rng`, or None."""
    if not np.array_equal(once, again):
        text = (
            "Called twice with generators of one seed, it gives different pictures. Which of its random numbers do not "
            "come from rng?"
        )
        return Finding("other_generator", False, text, "equal pictures", "different ones")
    if np.array_equal(once, other):
        text = "Whatever the seed of rng, the same pictures come out. Where is rng used?"
        return Finding("rng_ignored", False, text, "different pictures", "equal ones")
    return None


def shifts(images, y):
    """By how much the pixels of pictures in 0..255 were shifted, where one number was added and the sum clipped.

    Returns (shifts, None), an array (n, channels), the smallest that can be where every pixel was clipped; or (None,
    the finding for what was done instead).
    """
    x, y, whole = np.float64(images), np.float64(y), images.dtype.kind in "iu"
    if not np.isfinite(y).all():
        return None, Finding("nan", False, "NaN or infinity comes out. Where could it divide by zero?")
    if y.min(initial=0) < 0 or y.max(initial=0) > 255:
        text = "Some numbers that come out lie outside 0..255, which no picture can show. Where are they clipped?"
        return None, Finding("not_clipped", False, text, "0 to 255", f"{y.min():.4g} to {y.max():.4g}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pictures in which every pixel was clipped
        found = np.nanmedian(np.where((y > 0) & (y < 255), y - x, np.nan), axis=(1, 2))
    least = np.where((y == 0).all(axis=(1, 2)), -x.max(axis=(1, 2)), 255 - x.min(axis=(1, 2)))
    found = np.where(np.isnan(found), least, found)
    expected = np.clip(x + found[:, None, None], 0, 255)
    if not (np.abs(y - expected) > (1 if whole else 2e-3)).any():  # whole numbers may be rounded or cut off
        return found, None
    return None, _no_shift(x, y, whole)


def _no_shift(x, y, whole):
    """The finding for pictures to which something else was done."""
    if y.max() <= 1:
        text = "What comes out lies in 0..1, what went in in 0..255. Which range do the other pictures have?"
        return Finding("left_in_0_to_1", False, text, "0 to 255", f"{y.min():.2g} to {y.max():.2g}")
    if whole and (np.ptp((y - x) % 256, axis=(1, 2)) <= 1).all():
        text = "Bright pixels have become dark, or dark ones bright: 250 + 10 is 4 in uint8. In which type is it added?"
        return Finding("wraps_around", False, text)
    text = (
        "Within one channel of one picture, pixels are shifted by different numbers. How many numbers should be drawn "
        "for it?"
    )
    return Finding("per_pixel", False, text)
