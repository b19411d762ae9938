"""Paper, pencil, light and lens of the drawn picture sets.

A subject (a face, a hand) is drawn in its own units with shapes that are arrays of points; a pose brings the
points to the canvas. The canvas is OVERSAMPLE times larger than the picture, so that reducing it smooths the
edges; `photograph` then adds what a camera adds.
"""

import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

SIZE = 64  # pixels, height and width of a finished picture
OVERSAMPLE = 3
CANVAS = SIZE * OVERSAMPLE
BLACK, WHITE = np.array([0.0, 0, 0]), np.array([255.0, 255, 255])

# From light to dark: a skin tone is a point between two neighbours.
SKIN = np.array([(246, 214, 190), (231, 184, 148), (205, 152, 110), (166, 112, 76), (126, 82, 58), (88, 57, 42)])


def mix(colour, other, amount):
    """The colour `amount` (0 to 1) of the way to the other one."""
    return np.multiply(colour, 1 - amount) + np.multiply(other, amount)


def skin_tone(rng):
    """A skin colour, every tone equally likely, a little redder or yellower."""
    place = rng.uniform(0, len(SKIN) - 1)
    tone = mix(SKIN[int(place)], SKIN[int(place) + 1], place % 1)
    return np.clip(tone + rng.normal(0, 4, 3), 0, 255)


def any_colour(rng, low=20, high=235):
    """Any colour, for clothes and things: grey or vivid, dark or bright."""
    grey = rng.uniform(low, high)
    return np.clip(mix([grey] * 3, rng.uniform(low, high, 3), rng.uniform(0.1, 0.7)), 0, 255)


def oval(x, y, width, height, n=24):
    """Outline of an ellipse: (n, 2) points; width and height are half axes."""
    t = np.linspace(0, 2 * math.pi, n, endpoint=False)
    return np.column_stack([x + width * np.cos(t), y + height * np.sin(t)])


HALF_TURN = np.linspace(math.pi / 2, 3 * math.pi / 2, 9)


def capsule(start, end, start_radius, end_radius):
    """Outline of two discs and what lies between them, such as a bone of a finger: (18, 2) points."""
    start, end = np.asarray(start), np.asarray(end)
    t = math.atan2(end[1] - start[1], end[0] - start[0]) + HALF_TURN
    arc = np.column_stack([np.cos(t), np.sin(t)])
    return np.concatenate([start + start_radius * arc, end - end_radius * arc])


def ink(colour, opacity=1.0):
    """Colour and opacity (0 to 1) as Pillow wants them; it clips to 0..255 itself."""
    return (*map(int, colour), round(255 * opacity))


class Sketch:
    """A canvas under a pose: shapes are given in the subject's units, y pointing down.

    centre: where the subject's origin lies, as a part of the picture (0 to 1); scale: its unit, likewise;
    tilt: turn in radians, clockwise; turn: (x, y) shift of what stands in front, such as a nose when the
    head turns, strongest in the middle and none at distance 1; mirrored: left and right exchanged.
    """

    def __init__(self, image, centre, scale, tilt=0.0, turn=(0.0, 0.0), mirrored=False):
        self.image, self.pen = image, ImageDraw.Draw(image, "RGBA")
        self.centre, self.scale, self.tilt, self.turn, self.mirrored = centre, scale, tilt, turn, mirrored

    def turned(self, turn):
        """The same canvas and pose, for what stands in front of a head that turns."""
        return Sketch(self.image, self.centre, self.scale, self.tilt, turn, self.mirrored)

    def place(self, points):
        """Points in the subject's units -> points on the canvas, both (n, 2)."""
        points = np.asarray(points, float)
        if any(self.turn):
            reach = 1 - np.square(points).sum(axis=1, keepdims=True)
            points = points + np.maximum(reach, 0) * self.turn
        if self.mirrored:
            points = points * (-1, 1)
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        turned = self.scale * points @ np.array([[cos, sin], [-sin, cos]])
        return self.image.width * (np.asarray(self.centre) + turned)

    def fill(self, points, colour, opacity=1.0):
        """Fill the outline with a colour; opacity from 0 to 1."""
        self.pen.polygon(self.place(points).ravel().tolist(), fill=ink(colour, opacity))

    def line(self, points, colour, width, opacity=1.0):
        """Draw an open line, `width` in the subject's units."""
        pixels = max(1, round(width * self.scale * self.image.width))
        self.pen.line(self.place(points).ravel().tolist(), fill=ink(colour, opacity), width=pixels, joint="curve")

    def solid(self, points, dark, bright, highlight, steps=7):
        """Fill the outline so that it looks round: from dark at its edge to bright at the highlight (x, y)."""
        edge, middle = self.place(points), self.place([highlight])
        for step in np.linspace(0, 1, steps):
            ring = mix(edge, middle, 0.85 * step)
            self.pen.polygon(ring.ravel().tolist(), fill=ink(mix(dark, bright, step)))


def backdrop(rng, things=8, darkest=20):
    """A canvas with a blurred room or garden on it: two colours running into each other, and things in front."""
    top, bottom = any_colour(rng, darkest + 20, 255), any_colour(rng, darkest, 230)
    ramp = np.linspace(0, 1, CANVAS)[:, None, None]
    image = Image.fromarray(np.broadcast_to(mix(top, bottom, ramp), (CANVAS, CANVAS, 3)).astype(np.uint8))
    wall = Sketch(image, (0, 0), 1)
    for _ in range(rng.integers(0, things + 1)):
        x, y, width, height = *rng.uniform(-0.1, 1.1, 2), *rng.uniform(0.03, 0.3, 2)
        match rng.integers(3):
            case 0:  # leaves, lamps, heads in the crowd
                shape = oval(x, y, width, height)
            case 1:  # doors, shelves, screens
                shape = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
            case _:  # beams, branches, shadows
                shape = capsule((x, y), rng.uniform(-0.1, 1.1, 2), width / 8, width / 8)
        wall.fill(shape, any_colour(rng, darkest), opacity=rng.uniform(0.3, 1))
    softness = rng.choice([0, 1, 3, 6])
    image.paste(image.filter(ImageFilter.BoxBlur(int(softness))))
    return image


def photograph(image, rng, exposures=(0.8, 1.3), oversample=OVERSAMPLE):
    """What a camera makes of a square canvas: light, colour cast, exposure, focus, noise.

    Returns uint8 (size, size, 3), `oversample` times smaller than the canvas.
    """
    image = image.reduce(oversample)
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.2, 0.7)))
    picture = np.asarray(image, np.float32) / 255

    direction, across = rng.uniform(0, 2 * math.pi), np.linspace(-1, 1, image.width, dtype=np.float32)
    side = math.cos(direction) * across + math.sin(direction) * across[:, None]
    light = 1 + rng.uniform(0, 0.35) * side
    cast = rng.normal(1, 0.04, 3)
    exposure, contrast = rng.uniform(*exposures), rng.uniform(0.9, 1.3)
    picture = picture * light[..., None].astype(np.float32) * (cast * exposure).astype(np.float32)
    picture = 0.5 + contrast * (picture - 0.5)
    picture += rng.normal(0, rng.uniform(0.003, 0.02), picture.shape)
    return (255 * np.clip(picture, 0, 1)).round().astype(np.uint8)
