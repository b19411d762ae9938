"""Hands that show 0 to 5 fingers, drawn: the stand-in for the SIGNS photos where those cannot be had.

A hand is drawn in units of its palm, which reaches from the knuckles (y = -0.5) to the wrist (y = 0.5); the
thumb is on the left. Seen from the back it shows nails, from the palm the fingers that are folded.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import ImageOps

from course_utils.data.drawing import (
    BLACK,
    WHITE,
    Sketch,
    any_colour,
    backdrop,
    capsule,
    mix,
    oval,
    photograph,
    skin_tone,
)

TRAIN, TEST = 180, 20  # pictures a class
OWNERS, PLACES = 16, 4  # the same hands and walls come again and again

PALM = (236, 178, 146)  # palms differ less than backs do

# Which fingers are up (thumb, index, middle, ring, little), the frequent ways more than once.
RAISED = [
    [""],
    ["i"],
    ["im"],
    ["tim", "tim", "imr"],
    ["imrl"],
    ["timrl"],
]


@dataclass
class Finger:
    base: tuple[float, float]
    length: float
    lean: float  # radians from straight up, clockwise
    radius: float


FINGERS = {
    "i": Finger((-0.31, -0.42), 0.88, -0.10, 0.115),
    "m": Finger((-0.10, -0.48), 0.98, -0.02, 0.120),
    "r": Finger((0.12, -0.45), 0.90, 0.07, 0.112),
    "l": Finger((0.31, -0.36), 0.70, 0.18, 0.098),
    "t": Finger((-0.34, 0.14), 0.72, -0.85, 0.130),
}


@dataclass
class Owner:
    """Whose hand it is, and how it counts."""

    tone: np.ndarray
    sleeve: np.ndarray
    stoutness: float
    spread: float  # of the fingers, 1 narrow to 3 wide
    ways: list[str]  # for each number, which fingers are raised


@dataclass
class Skin:
    """The colours of a hand, from its edge to where the light falls."""

    edge: np.ndarray
    dark: np.ndarray
    plain: np.ndarray
    bright: np.ndarray


def draw(seed=0):
    """Draw the set, in the shape of the real files' contents.

    Returns train_set_x (1080, 64, 64, 3) uint8, train_set_y (1080,) int64, 180 a class; test_set_x
    (120, 64, 64, 3), test_set_y (120,), 20 a class; list_classes [0 .. 5], the number of fingers shown.
    The same seed gives the same bytes.
    """
    rng = np.random.default_rng(seed)
    owners = [somebody(rng) for _ in range(OWNERS)]
    places = [backdrop(rng, things=2, darkest=215) for _ in range(PLACES)]

    def pictures(labels):
        return np.stack([photo(rng, owners[rng.integers(OWNERS)], places[rng.integers(PLACES)], y) for y in labels])

    arrays = {"list_classes": np.arange(6, dtype=np.int64)}
    for name, each in ("train", TRAIN), ("test", TEST):
        labels = rng.permutation(np.repeat(np.arange(6), each)).astype(np.int64)
        arrays |= {f"{name}_set_x": pictures(labels), f"{name}_set_y": labels}
    return arrays


def somebody(rng):
    return Owner(
        tone=skin_tone(rng),
        sleeve=any_colour(rng),
        stoutness=rng.uniform(0.9, 1.1),
        spread=rng.uniform(1.6, 2.8),
        ways=[rng.choice(ways) for ways in RAISED],
    )


def skin_of(tone):
    return Skin(mix(tone, BLACK, 0.5), mix(tone, BLACK, 0.2), tone, mix(tone, WHITE, 0.15))


def photo(rng, owner, place, number):
    """One picture of a hand that shows `number` fingers: (64, 64, 3) uint8."""
    raised, stoutness = owner.ways[number], owner.stoutness
    folded = [name for name in "lrmi" if name not in raised]
    tilt = np.clip(rng.normal(0, 0.27), -0.5, 0.5)
    hand = Sketch(
        ImageOps.mirror(place) if rng.random() < 0.5 else place.copy(),
        centre=(0.5 - 0.18 * math.sin(tilt) + rng.uniform(-0.12, 0.12), 0.64 + rng.uniform(-0.09, 0.09)),
        scale=rng.uniform(0.32, 0.41),
        tilt=tilt,
        mirrored=rng.random() < 0.5,
    )
    from_palm = rng.random() < 0.6
    skin = skin_of(mix(owner.tone, PALM, 0.5) if from_palm else owner.tone)
    light = rng.uniform(-0.4, 0.4)

    draw_arm(hand, skin, owner.sleeve, stoutness, cuff=rng.uniform(0.75, 1.6))
    for name in raised:
        fan = rng.uniform(0.8, 1.3) if name == "t" else owner.spread * rng.uniform(0.85, 1.15)
        draw_raised(hand, skin, FINGERS[name], stoutness, fan, rng, from_palm)
    draw_palm(hand, skin, stoutness, light, from_palm)
    for name in folded:
        draw_folded(hand, skin, FINGERS[name], stoutness, from_palm)
    if "t" not in raised and from_palm:
        draw_folded_thumb(hand, skin, stoutness, reach=rng.uniform(-0.1, 0.15))
    return photograph(hand.image, rng, exposures=(0.6, 1.05))


# --- The parts, from back to front ----------------------------------------------------------------------------------


def draw_arm(hand, skin, sleeve, stoutness, cuff):
    wrist, elbow = 0.27 * stoutness, 0.36 * stoutness
    hand.fill(capsule((0, 0.4), (0, 3), wrist + 0.03, elbow + 0.03), skin.edge)
    hand.solid(capsule((0, 0.4), (0, 3), wrist, elbow), skin.dark, skin.plain, (0, 1))
    cloth = [(-0.45, cuff), (0.45, cuff), (0.6, 4), (-0.6, 4)]
    hand.solid(np.multiply(cloth, (stoutness, 1)), mix(sleeve, BLACK, 0.3), sleeve, (0, 2))


def draw_palm(hand, skin, stoutness, light, from_palm):
    right = [(0, -0.55), (0.24, -0.5), (0.4, -0.36), (0.42, 0), (0.36, 0.35), (0.25, 0.55), (0, 0.6)]
    left = [(-0.25, 0.55), (-0.38, 0.32), (-0.45, 0.05), (-0.42, -0.36), (-0.24, -0.5)]
    outline = np.multiply(right + left, (stoutness, 1))
    hand.solid(outline, skin.dark, skin.plain, (light * stoutness, -0.05))
    if from_palm:
        hand.solid(oval(-0.22 * stoutness, 0.22, 0.2, 0.26), skin.plain, skin.bright, (-0.25 * stoutness, 0.2))
        for crease in [(-0.4, -0.1), (-0.05, -0.05), (0.05, 0.45)], [(-0.3, -0.28), (0.1, -0.12), (0.38, -0.2)]:
            hand.line(np.multiply(crease, (stoutness, 1)), skin.edge, 0.03, 0.5)
    else:
        for finger in FINGERS.values():
            x, y = finger.base
            hand.line([(x, y + 0.05), (0.6 * x, 0.2)], skin.bright, 0.05, 0.3)


def draw_bones(hand, skin, points, radii, edge=0.9):
    """A chain of bones under one skin: points (n, 2), a radius at each of them; how dark its edge is."""
    layers = (0.035, skin.edge, edge), (0, skin.dark, 1), (-0.035, skin.plain, 1), (-0.075, skin.bright, 0.5)
    for larger, colour, opacity in layers:
        for (a, b), (r, s) in zip(pairwise(points), pairwise(np.add(radii, larger)), strict=True):
            hand.fill(capsule(a, b, r, s), colour, opacity)


def draw_raised(hand, skin, finger, stoutness, spread, rng, from_palm):
    lean = finger.lean * spread + rng.normal(0, 0.03)
    bend, length = rng.normal(0, 0.06), finger.length * rng.uniform(0.95, 1.03)
    points = [np.multiply(finger.base, (stoutness, 1))]
    for part in 0.45, 0.3, 0.25:
        points.append(points[-1] + part * length * np.array([math.sin(lean), -math.cos(lean)]))
        lean += bend
    draw_bones(hand, skin, points, finger.radius * stoutness * np.array([1.05, 1, 0.93, 0.8]))

    along, across = points[3] - points[2], np.array([math.cos(lean), math.sin(lean)])
    if from_palm:
        for joint in points[1:3]:
            hand.line([joint - 0.08 * across, joint + 0.08 * across], skin.edge, 0.03, 0.3)
    else:
        corners = (0.6, -0.05), (1.1, -0.04), (1.1, 0.04), (0.6, 0.05)
        hand.fill(
            [points[2] + up * along + side * across for up, side in corners], mix(skin.bright, (255, 190, 190), 0.5)
        )


def draw_folded(hand, skin, finger, stoutness, from_palm):
    """From the palm the two outer bones lie before it; from the back only the knuckle is left."""
    x, y = finger.base[0] * stoutness, finger.base[1] + 0.02
    end = (0.94 * x, y + 0.3 * finger.length + 0.08) if from_palm else (x, y + 0.08)
    radius = finger.radius * stoutness * 1.05
    draw_bones(hand, skin, [(x, y), end], [radius, radius], edge=0.4)
    if from_palm:
        hand.fill(oval(end[0], end[1] + 0.03, 0.05, 0.06, 10), mix(skin.bright, (255, 190, 190), 0.4), 0.8)


def draw_folded_thumb(hand, skin, stoutness, reach):
    points = np.multiply([(-0.34, 0.2), (-0.2, 0.0), (reach, -0.08)], (stoutness, 1))
    draw_bones(hand, skin, points, stoutness * np.array([0.15, 0.13, 0.11]), edge=0.4)
