"""Draws data/own/bird.jpg of course_utils, a bird in place of one of the reader's: `python images/bird.py`."""

import numpy as np
from PIL import Image

from course_utils.data import birds
from course_utils.data.pictures import OWN

rng = np.random.default_rng(27)
picture = birds.photo(rng, birds.KINDS[3], birds.habitat(rng))
Image.fromarray(picture).save(OWN / "bird.jpg", quality=90)
