"""Draws hand.jpg, a hand that stands in for the reader's own: `python images/hand.py`."""

from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.data import drawing, hands

drawing.SIZE, drawing.CANVAS = 480, 480 * drawing.OVERSAMPLE  # larger than the set's, as a camera's picture is

rng = np.random.default_rng(4)
wall = drawing.backdrop(rng, things=2, darkest=215)
picture = hands.photo(rng, hands.somebody(rng), wall, number=3)
Image.fromarray(picture[:, 40:440]).save(Path(__file__).with_suffix(".jpg"), quality=85)
