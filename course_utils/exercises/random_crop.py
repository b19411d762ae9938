"""random_crop (notebook 08): a window of each picture, at a random place.

What is asked: many small pictures, from one state of a generator twice and from another.
"""

import numpy as np

from course_utils.check.ask.given import drawn, generator
from course_utils.check.judge.arrays import Probe
from course_utils.check.judge.draws import drawing
from course_utils.check.judge.later import no_tensor
from course_utils.check.result import Finding, Step

CROPS, REFUSES = "crops", "refuses"  # steps


def probes(rng, seed, hidden):
    """A list of Probe, the first three with the same pictures: see `judge.draws.drawing`."""
    first, *more = [((600, 6, 7, 3), 4, "uint8"), ((40, 5, 9, 1), 5, "float32"), ((1, 8, 8, 3), 3, "float64")]
    if hidden:
        size = rng.randint(3, 5)
        more.append(((400, size + rng.randint(1, 3), size + rng.randint(1, 3), 3), size, "float32"))
    found = [_probe(CROPS, *first, seed, number) for number in (seed, seed, seed + 1)]
    found += [_probe(CROPS, *one, seed, seed) for one in more]
    return [*found, _probe(REFUSES, (2, 6, 7, 3), 7, "uint8", seed, seed)]


def _probe(step, shape, size, dtype, seed, number):
    return Probe(step, {"images": drawn(shape, seed, dtype), "size": size, "rng": generator(number)})


STEPS = (
    Step(CROPS, 1, "cuts windows at random places", "Each picture's window lies at a place of its own, all over it."),
    Step(REFUSES, 0, "refuses a window that is too large", "It refuses a window larger than the picture."),
)


def shape(images, size, rng):
    """That should come out."""
    return len(images), size, size, images.shape[-1]


def _fault(images, size, rng, y):
    """The finding for windows that are none, or lie where they should not, or None."""
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))
    equal = (windows == y.transpose(0, 3, 1, 2)[:, None, None]).all(axis=(3, 4, 5))  # (n, rows, columns)
    strange = np.flatnonzero(~equal.any(axis=(1, 2)))
    if len(strange):
        if (windows == y[strange[0]].transpose(2, 0, 1)).all(axis=(3, 4, 5)).any():
            text = "Some windows are cut from another picture than the one in their place, and have lost their label."
            return Finding("other_picture", False, f"{text} Which picture does each of them come from?")
        text = "What comes out is no window of its picture: its pixels do not stand side by side there. How is it cut?"
        return Finding("not_a_window", False, text)
    if len(images) < 300:
        return None  # too few to say more
    counts = equal.sum(axis=0)
    return _where(counts, f"a picture of {images.shape[1]}x{images.shape[2]} and size={size}")


def _where(counts, asked):
    """The finding for places that are not drawn evenly, or None. counts: (rows, columns) at which windows begin."""
    if np.count_nonzero(counts) == 1:
        text = f"With {asked}, every window lies at the same place of its picture. How often is a place drawn?"
        return Finding("one_place", False, text)
    for axis, name, edge in ((1, "row", "lower"), (0, "column", "right")):
        reached = np.flatnonzero(counts.sum(axis=axis))
        if reached[-1] < counts.shape[1 - axis] - 1:
            text = (
                f"With {asked}, no window reaches the {edge} edge. Which is the last {name} at which one could begin, "
                "and is it among those that are drawn?"
            )
            return Finding("end_missing", False, text, str(counts.shape[1 - axis] - 1), str(reached[-1]))
        if len(reached) < counts.shape[1 - axis]:
            text = f"With {asked}, there is a {name} at which no window begins. From where to where is it drawn?"
            return Finding("place_missing", False, text)
    if not counts.all():
        text = (
            f"With {asked}, some rows never come together with some columns. How many numbers does it take to say "
            "where a window begins?"
        )
        return Finding("row_tied_to_column", False, text)
    for times in counts.sum(axis=0), counts.sum(axis=1), counts.ravel():
        even = times.sum() / times.size
        if ((times - even) ** 2 / even).sum() > 36 + 3 * times.size:  # chi squared: once in 10^9
            text = f"With {asked}, some places are drawn more often than others. How is a whole number drawn evenly?"
            return Finding("uneven", False, text)
    return None


exercise = drawing(
    notebook="08",
    place=2,
    title="random_crop",
    steps=STEPS,
    probes=probes,
    faults=lambda arguments, y: [_fault(**arguments, y=y)],
    shape=shape,
    hints=(
        "At how many places does a window of 24 fit into a row of 32? Can the first and the last of them both"
        " be drawn? And how many places must be drawn for n pictures?",
        "`rng.integers` draws n tops in one call and n lefts in another; the upper limit is not drawn unless "
        "you say `endpoint=True`. Then cut one window out of each picture with two slices, and join them with"
        " `np.stack`.",
    ),
    arguments="images, size, rng",
    later=("random_crop(images, 24, rng)",),
    advice=no_tensor,
)
