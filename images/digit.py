"""Draws data/own/digit.jpg of course_utils, a digit in place of one of the reader's: `python images/digit.py`."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter
from scipy.interpolate import make_interp_spline

from course_utils.data.pictures import OWN

SIDE, PEN = 480, 34
STROKES = ((150, 165), (190, 125), (245, 115), (298, 140), (310, 190), (285, 245), (235, 300), (175, 355), (150, 365))
STROKES += ((190, 358), (250, 368), (310, 375), (342, 368))  # a two, written in one go

rng = np.random.default_rng(3)
ink = Image.new("L", (SIDE, SIDE))
draw = ImageDraw.Draw(ink)
for x, y in make_interp_spline(range(len(STROKES)), STROKES)(np.linspace(0, len(STROKES) - 1, 600)):
    draw.ellipse((x - PEN // 2, y - PEN // 2, x + PEN // 2, y + PEN // 2), fill=255)
ink = np.asarray(ink.filter(ImageFilter.GaussianBlur(2)), float)[..., None] / 255
light = 1 - 0.10 * np.add.outer(np.linspace(0, 1, SIDE), np.linspace(0, 1, SIDE))[..., None]  # from the upper left
paper = np.array([243, 239, 228]) * light + rng.normal(0, 2, (SIDE, SIDE, 1))
picture = paper * (1 - ink) + np.array([38, 44, 92]) * ink
Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(OWN / "digit.jpg", quality=85)
