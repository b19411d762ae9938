"""color_shift (notebook 08): each channel of each picture shifted by a random number.

What is asked: many small pictures, from one state of a generator twice and from another.
"""

import numpy as np

from course_utils.check.ask.given import generator
from course_utils.check.judge.arrays import Probe
from course_utils.check.judge.draws import drawing, shifts
from course_utils.check.result import Finding, Step

SHIFTS, REFUSES = "shifts", "refuses"  # steps


def probes(rng, seed, hidden):
    """A list of Probe, the first three with the same pictures: see `judge.draws.drawing`."""
    first, *more = [((200, 5, 6, 3), 40, "uint8"), ((100, 3, 4, 3), 3, "float32"), ((30, 5, 4, 1), 150, "uint8")]
    more.append(((1, 4, 4, 3), 20, "float64"))
    if hidden:
        more.append(((200, 5, 6, rng.randint(2, 4)), rng.randint(25, 60), rng.choice(["uint8", "float32"])))
    found = [_probe(SHIFTS, *first, seed, number) for number in (seed, seed, seed + 1)]
    found += [_probe(SHIFTS, *one, seed, seed) for one in more]
    return [*found, _probe(REFUSES, (2, 4, 4, 3), 20, "float32", seed, seed, brightest=1)]


def _probe(step, shape, max_shift, dtype, seed, number, brightest=255):
    images = pictures(shape, dtype, seed, brightest)
    return Probe(step, {"images": images, "max_shift": max_shift, "rng": generator(number)})


def pictures(shape, dtype, seed, brightest=255):
    """Pictures in 0..brightest, all its numbers equally likely, whole ones if they are bright."""
    numbers = np.random.default_rng([seed, *shape]).uniform(0, brightest, shape)
    return (np.round(numbers) if brightest > 1 else numbers).astype(dtype)


STEPS = (
    Step(SHIFTS, 1, "shifts each channel of each picture", "Each channel of each picture is shifted, and clipped."),
    Step(REFUSES, 0, "refuses pictures in 0..1", "It refuses pictures in 0..1, which such a shift would ruin."),
)


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


exercise = drawing(
    notebook="08",
    place=3,
    title="color_shift",
    steps=STEPS,
    probes=probes,
    faults=lambda arguments, y: [_fault(**arguments, y=y)],
    hints=(
        "How many numbers are drawn for 5 pictures of 3 channels? Which shape must they have so that each is "
        "added to its own channel of its own picture?",
        "`rng.uniform` draws an array of any shape: give it axes of length 1 for height and width. Add while "
        "the numbers are floats, then `np.clip`, and go back to the type of the pictures last. Look at type "
        "and maximum first, for the ValueError.",
    ),
    arguments="images, max_shift, rng",
    later=("color_shift(images, 30, rng)",),
)
