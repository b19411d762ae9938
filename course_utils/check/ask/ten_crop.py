"""What is asked of ten_crop: pictures of several sizes and types, a window as large as the picture, one too large."""

import random

from course_utils.check.ask.arrays import Probe, asking, drawn

CROPS, REFUSES = "crops", "refuses"  # of the first, two steps are made


def probes(seed, hidden):
    """A list of Probe."""
    rng = random.Random(seed)
    wanted = [((9, 7, 3), 3, "uint8"), ((8, 11, 3), 5, "float32"), ((6, 5, 1), 5, "float64"), ((4, 4, 3), 4, "uint8")]
    for dtype in ("uint8", "float32") if hidden else ():
        size = rng.randint(2, 6)
        wanted.append(((size + rng.randint(2, 7), size + rng.randint(2, 7), rng.randint(1, 4)), size, dtype))
    wanted.append(((5, 8, 3), 6, "uint8"))
    steps = [CROPS] * (len(wanted) - 1) + [REFUSES]
    asked = [{"image": drawn(shape, seed, dtype), "size": size} for shape, size, dtype in wanted]
    return [Probe(*one) for one in zip(steps, asked, strict=True)]


ask, asked = asking(probes)
