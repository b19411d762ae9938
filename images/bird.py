"""Draws bird.jpg, a bird that stands in for the reader's own: `python images/bird.py`."""

from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.data import birds

rng = np.random.default_rng(27)
picture = birds.photo(rng, birds.KINDS[3], birds.habitat(rng))
Image.fromarray(picture).save(Path(__file__).with_suffix(".jpg"), quality=90)
