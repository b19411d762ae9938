"""What is asked of mirror: pictures of several sizes and types."""

import random

from course_utils.check.ask.arrays import Probe, asking, drawn

MIRRORS = "mirrors"  # the one step


def probes(seed, hidden):
    """A list of Probe."""
    rng = random.Random(seed)
    wanted = [((2, 3, 5, 3), "uint8"), ((3, 4, 4, 3), "float32"), ((1, 2, 6, 1), "float64")]
    for dtype in ("uint8", "float32") if hidden else ():
        wanted.append(([rng.randint(2, 4), rng.randint(2, 9), rng.randint(3, 9), rng.randint(1, 4)], dtype))
    return [Probe(MIRRORS, {"images": drawn(tuple(shape), seed, dtype)}) for shape, dtype in wanted]


ask, asked = asking(probes)
