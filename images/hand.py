"""Draws data/own/hand.jpg of course_utils, a hand in place of one of the reader's: `python images/hand.py`."""

import numpy as np
from PIL import Image

from course_utils.data import drawing, hands
from course_utils.data.pictures import OWN

drawing.SIZE, drawing.CANVAS = 480, 480 * drawing.OVERSAMPLE  # larger than the set's, as a camera's picture is

rng = np.random.default_rng(4)
wall = drawing.backdrop(rng, things=2, darkest=215)
picture = hands.photo(rng, hands.somebody(rng), wall, number=3)
Image.fromarray(picture[:, 40:440]).save(OWN / "hand.jpg", quality=85)
