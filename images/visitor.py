"""Draws visitor.jpg, the picture that stands in for one of the reader's own: `python images/visitor.py`."""

from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.data import drawing, faces

drawing.SIZE, drawing.CANVAS = 480, 480 * drawing.OVERSAMPLE  # larger than the set's, as a camera's picture is

rng = np.random.default_rng(11)
picture = faces.portrait(rng, faces.somebody(rng), drawing.backdrop(rng), happy=True)
Image.fromarray(picture[:400]).save(Path(__file__).with_suffix(".jpg"), quality=85)
