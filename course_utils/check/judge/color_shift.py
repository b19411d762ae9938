"""What is said of color_shift: one point for the shifts; a word, and no point, on pictures in 0..1."""

import numpy as np

from course_utils.check.ask.color_shift import REFUSES, SHIFTS, probes
from course_utils.check.judge.draws import judge_draws, shifts
from course_utils.check.judge.later import carries_on
from course_utils.check.judge.models import Step
from course_utils.check.result import Finding

STEPS = (
    Step(SHIFTS, 1, "shifts each channel of each picture", "Each channel of each picture is shifted, and clipped."),
    Step(REFUSES, 0, "refuses pictures in 0..1", "It refuses pictures in 0..1, which such a shift would ruin."),
)


@carries_on("images, max_shift, rng", "color_shift(images, 30, rng)")
def judge(evidence):
    """The findings for the evidence of `ask`."""
    return judge_draws(evidence, probes, STEPS, lambda arguments, y: [_fault(**arguments, y=y)])


def _fault(images, max_shift, rng, y):
    """The finding for what is no shift, or not of the right kind or size, or None."""
    found, problem = shifts(images, y)
    return problem or _kind(found) or _size(found.ravel(), max_shift)


def _kind(found):
    """found: shifts (n, channels)."""
    if len(found) < 2:
        return None
    if not found.any():
        return Finding("not_shifted", False, "The pictures come out as they went in. What becomes of the shift?")
    if found.shape[1] > 1 and np.ptp(found, axis=1).max() < 0.01:
        text = "All channels of a picture are shifted by the same number: it gets brighter, not of another colour."
        return Finding("one_shift_a_picture", False, f"{text} How many numbers does a picture need?")
    if np.ptp(found, axis=0).max() < 0.01:
        text = "Every picture is shifted by the same numbers. How many should be drawn for a batch?"
        return Finding("one_shift_a_batch", False, text)
    return None


def _size(found, most):
    """found: shifts, in one row."""
    asked = f"With max_shift={most}"
    if found.size and np.abs(found).max() > most + 0.01:
        text = f"{asked}, there are larger shifts than that. From which numbers are they drawn?"
        return Finding("too_far", False, text, f"-{most} to {most}", f"{found.min():.4g} to {found.max():.4g}")
    if len(found) < 300:
        return None  # too few to say more
    if found.min() >= 0 or found.max() <= 0:
        way = "brighter" if found.min() >= 0 else "darker"
        text = f"{asked}, pictures only get {way}. From which numbers are the shifts drawn?"
        return Finding("one_direction", False, text, f"-{most} to {most}", f"{found.min():.4g} to {found.max():.4g}")
    if most < 10 and np.allclose(found, np.round(found), atol=1e-3):
        ends = np.round(found.min()), np.round(found.max())
        if ends != (-most, most):
            text = f"{asked}, not every whole number up to it is drawn. Which of the two ends does rng leave out?"
            return Finding("end_missing", False, text, f"-{most} to {most}", f"{ends[0]:g} to {ends[1]:g}")
    elif abs(np.abs(found).mean() / most - 0.5) > 0.1 or abs(found.mean() / most) > 0.2:
        text = f"{asked}, some shifts are more likely than others. Which of rng's methods draws evenly?"
        return Finding("uneven", False, text)
    return None
