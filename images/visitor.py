"""Draws data/own/visitor.jpg of course_utils, a face in place of one of the reader's: `python images/visitor.py`."""

import numpy as np
from PIL import Image

from course_utils.data import drawing, faces
from course_utils.data.pictures import OWN

drawing.SIZE, drawing.CANVAS = 480, 480 * drawing.OVERSAMPLE  # larger than the set's, as a camera's picture is

rng = np.random.default_rng(11)
picture = faces.portrait(rng, faces.somebody(rng), drawing.backdrop(rng), happy=True)
Image.fromarray(picture[:400]).save(OWN / "visitor.jpg", quality=85)
