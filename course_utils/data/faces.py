"""Faces that smile or not, drawn: the stand-in for the Happy House photos where those cannot be had.

A face is a handful of parts in units of half a head: x to the right, y down, (0, 0) between eyes and mouth,
the chin at y = 1. Only the mouth knows the answer; cheeks, lids and brows give hints, as they do in life.
"""

import math
from dataclasses import dataclass

import numpy as np
from PIL import ImageOps

from course_utils.data.drawing import (
    BLACK,
    WHITE,
    Sketch,
    any_colour,
    backdrop,
    mix,
    oval,
    photograph,
    skin_tone,
)

CAST, PLACES = 40, 6  # as in the real collection, the same people and places come again and again
TRAIN, TEST = (300, 300), (66, 84)  # pictures that do not smile, that smile

HAIR = [(22, 18, 18), (48, 32, 24), (86, 56, 34), (128, 84, 46), (206, 168, 104), (150, 66, 34), (168, 164, 160)]
HAIRSTYLES = ["bald", "short", "short", "fringe", "parted", "long", "long", "curly", "scarf", "cap", "beanie"]
BEARDS = ["none", "none", "none", "stubble", "moustache", "full"]
GLASSES = ["none", "none", "none", "none", "none", "round", "round", "square", "square", "sun"]
IRIS = [(60, 38, 24), (84, 56, 32), (70, 104, 140), (84, 112, 70)]
LIPS = np.array((168, 62, 66))


@dataclass
class Person:
    """What stays when the expression changes. Lengths in half heads."""

    skin: np.ndarray
    hair: np.ndarray
    hairstyle: str
    forehead: float  # y of the hairline
    parting: float  # how far the hairline slopes
    width: float  # of the head, half
    jaw: float  # 0 round to 0.35 pointed
    eyes: float  # half the distance between them
    iris: np.ndarray
    lips: float  # how much redder than the skin
    beard: str
    glasses: str
    clothes: np.ndarray


@dataclass
class Expression:
    """What the muscles do. Lengths in half heads."""

    lift: float  # how far the corners of the mouth stand above its middle
    width: float  # of the mouth, half
    opening: float  # between the lips
    teeth: bool
    cheeks: float  # 0 flat to 1 raised
    lids: float  # 0 closed to 1 wide open
    brows: float  # negative: lowered and drawn together


def draw(seed=0):
    """Draw the set, in the shape of the real files' contents.

    Returns train_set_x (600, 64, 64, 3) uint8, train_set_y (600,) int64, half of them 1 (smiles);
    test_set_x (150, 64, 64, 3), test_set_y (150,) with 66 zeros and 84 ones; list_classes [0, 1].
    The same seed gives the same bytes.
    """
    rng = np.random.default_rng(seed)
    cast = [somebody(rng) for _ in range(CAST)]
    places = [backdrop(rng) for _ in range(PLACES)]

    def pictures(labels):
        return np.stack([portrait(rng, cast[rng.integers(CAST)], places[rng.integers(PLACES)], y) for y in labels])

    arrays = {"list_classes": np.array([0, 1], np.int64)}
    for name, counts in ("train", TRAIN), ("test", TEST):
        labels = rng.permutation(np.repeat([0, 1], counts)).astype(np.int64)
        arrays |= {f"{name}_set_x": pictures(labels), f"{name}_set_y": labels}
    return arrays


def portrait(rng, person, place, happy):
    """One picture of a person: (64, 64, 3) uint8."""
    mood = smile(rng) if happy else no_smile(rng)
    head = Sketch(
        ImageOps.mirror(place) if rng.random() < 0.5 else place.copy(),
        centre=(rng.uniform(0.4, 0.6), rng.uniform(0.4, 0.56)),
        scale=rng.uniform(0.34, 0.43),
        tilt=rng.normal(0, 0.1),
        mirrored=rng.random() < 0.5,
    )
    front = head.turned((rng.normal(0, 0.05), rng.normal(0, 0.02)))
    sunny_side = np.array([rng.uniform(-0.4, 0.4), rng.uniform(-0.45, 0.1)])

    draw_hair_behind(head, person)
    draw_shoulders(head, person)
    draw_head(head, person, sunny_side)
    draw_cheeks(front, person, mood)
    draw_eyes(front, person, mood, gaze=rng.normal(0, 0.025))
    draw_beard(front, person)
    draw_mouth(front, person, mood)
    draw_nose(front, person, sunny_side)
    draw_hair(front, person)
    draw_glasses(front, person)
    return photograph(head.image, rng)


# --- Who, and in which mood -----------------------------------------------------------------------------------------


def somebody(rng):
    skin = skin_tone(rng)
    hairstyle = rng.choice(HAIRSTYLES)
    return Person(
        skin=skin,
        hair=mix(HAIR[rng.integers(len(HAIR))], any_colour(rng), rng.uniform(0, 0.15)),
        hairstyle=hairstyle,
        forehead=-0.38 if hairstyle == "fringe" else rng.uniform(-0.68, -0.5),
        parting=rng.uniform(0.1, 0.22) if hairstyle == "parted" else rng.uniform(-0.05, 0.05),
        width=rng.uniform(0.7, 0.82),
        jaw=rng.uniform(0.0, 0.3),
        eyes=rng.uniform(0.29, 0.36),
        iris=np.array(IRIS[rng.integers(len(IRIS))]),
        lips=rng.uniform(0.25, 0.8),
        beard="none" if hairstyle in ("long", "scarf") else rng.choice(BEARDS),
        glasses=rng.choice(GLASSES),
        clothes=any_colour(rng),
    )


def smile(rng):
    """From a hint, lips closed, to a laugh."""
    strength = rng.uniform(0.3, 1)
    laughs = rng.random() < 0.4 + 0.4 * strength
    return Expression(
        lift=0.14 + 0.15 * strength,
        width=rng.uniform(0.34, 0.4) + 0.06 * strength,
        opening=0.06 + rng.uniform(0.12, 0.26) * strength if laughs else 0.0,
        teeth=laughs,
        cheeks=np.clip(0.2 + strength + rng.normal(0, 0.2), 0, 1),
        lids=np.clip(rng.normal(0.75, 0.1) - 0.3 * strength, 0.15, 1),
        brows=rng.normal(0.2, 0.3),
    )


def no_smile(rng):
    """Calm, sad, cross, surprised or speaking."""
    kind = rng.choice(["calm", "calm", "sad", "cross", "surprised", "speaking", "speaking"])
    lift = {"sad": rng.uniform(-0.22, -0.12), "cross": rng.uniform(-0.15, -0.05)}
    return Expression(
        lift=lift.get(kind, rng.uniform(-0.1, -0.02)),
        width=rng.uniform(0.13, 0.2) if kind == "surprised" else rng.uniform(0.24, 0.34),
        opening={"surprised": rng.uniform(0.16, 0.3), "speaking": rng.uniform(0.1, 0.22)}.get(kind, 0.0),
        teeth=kind == "speaking" and rng.random() < 0.8,
        cheeks=np.clip(rng.normal(0, 0.15), 0, 1),
        lids=np.clip(rng.normal(0.95 if kind == "surprised" else 0.7, 0.15), 0.15, 1),
        brows={"surprised": 1.0, "cross": -1.0}.get(kind, 0.0) + rng.normal(0, 0.3),
    )


# --- The parts, from back to front ----------------------------------------------------------------------------------


def head_outline(person, larger=1.0, n=40):
    """(n, 2) points, clockwise from the left ear over the top; the jaw narrows towards the chin."""
    t = math.pi + np.linspace(0, 2 * math.pi, n, endpoint=False)
    narrowing = 1 - person.jaw * np.clip(np.sin(t), 0, 1) ** 1.5
    return larger * np.column_stack([person.width * narrowing * np.cos(t), np.sin(t)])


def draw_hair_behind(head, person):
    dark = mix(person.hair, BLACK, 0.35)
    if person.hairstyle == "long":
        head.fill(oval(0, -0.2, person.width + 0.22, 0.95), dark)
        head.fill([(-person.width - 0.22, -0.2), (person.width + 0.22, -0.2), (0.95, 1.35), (-0.95, 1.35)], dark)
    elif person.hairstyle == "curly":
        for angle in np.linspace(-0.15, math.pi + 0.15, 13):
            head.fill(oval(-0.85 * math.cos(angle), -0.25 - 0.8 * math.sin(angle), 0.3, 0.3), dark)
    elif person.hairstyle == "scarf":
        head.fill(oval(0, 0.1, person.width + 0.14, 1.2), mix(person.clothes, BLACK, 0.3))


def draw_shoulders(head, person):
    neck = mix(person.skin, BLACK, 0.3)
    head.fill([(-0.36, 0.5), (0.36, 0.5), (0.42, 1.5), (-0.42, 1.5)], neck)
    right = [(0, 1.4), (0.4, 1.15), (1.2, 1.42), (1.6, 2), (1.7, 4)]
    chest = np.concatenate([right, np.multiply(right, (-1, 1))[::-1]])
    cloth = mix(person.clothes, WHITE, 0.4) if person.hairstyle == "scarf" else person.clothes
    head.solid(chest, mix(cloth, BLACK, 0.3), cloth, highlight=(0, 2))


def draw_head(head, person, sunny_side):
    dark, bright = mix(person.skin, BLACK, 0.28), mix(person.skin, WHITE, 0.08)
    if person.hairstyle != "scarf":
        for side in -1, 1:
            x = side * person.width
            head.solid(oval(x, 0, 0.12, 0.2), mix(dark, BLACK, 0.1), person.skin, (x, 0))
    head.solid(head_outline(person), dark, bright, sunny_side, steps=9)


def draw_cheeks(front, person, mood):
    rosy = mix(person.skin, person.skin * (1.25, 0.75, 0.75), 0.7)
    for side in -1, 1:
        for size in 0.2, 0.14, 0.08:
            front.fill(oval(side * 0.4, 0.26 - 0.06 * mood.cheeks, size, size * 0.8), rosy, 0.1 + 0.15 * mood.cheeks)
        if mood.cheeks > 0.35:  # the fold from the nose around a raised cheek
            fold = [(side * 0.17, 0.22), (side * 0.4, 0.36), (side * 0.5, 0.52)]
            front.line(fold, mix(person.skin, BLACK, 0.5), 0.04, 0.5 * mood.cheeks)


def draw_eyes(front, person, mood, gaze):
    dark = mix(person.skin, BLACK, 0.75)
    for side in -1, 1:
        x, y, height = side * person.eyes, -0.12, 0.02 + 0.085 * mood.lids
        front.fill(oval(x, y - 0.01, 0.19, 0.14), mix(person.skin, BLACK, 0.3), 0.4)
        front.fill(oval(x, y, 0.14, height), mix(WHITE, person.skin, 0.12))
        front.fill(oval(x + gaze, y, min(0.07, height + 0.02), height), person.iris)
        front.fill(oval(x + gaze, y, 0.035, min(0.035, height)), BLACK)
        lid = np.linspace(math.pi, 2 * math.pi, 7)
        front.line(np.column_stack([x + 0.15 * np.cos(lid), y + height * np.sin(lid)]), dark, 0.04)
        inner, outer = -0.33 - 0.09 * mood.brows, -0.34 - 0.03 * mood.brows
        brow = [(x - side * 0.16, inner + 0.02), (x, (inner + outer) / 2 - 0.05), (x + side * 0.18, outer + 0.02)]
        colour = mix(person.skin, BLACK, 0.5) if person.hairstyle == "bald" else mix(person.hair, BLACK, 0.2)
        front.line(brow, colour, 0.07, 0.85)


def draw_nose(front, person, sunny_side):
    shade = mix(person.skin, BLACK, 0.45)
    side = -1 if sunny_side[0] > 0 else 1
    front.fill([(0, -0.1), (side * 0.13, 0.22), (0, 0.26)], shade, 0.35)
    front.fill(oval(0, 0.2, 0.1, 0.08), mix(person.skin, WHITE, 0.25), 0.5)
    front.line([(-0.12, 0.22), (-0.08, 0.27), (0, 0.28), (0.08, 0.27), (0.12, 0.22)], shade, 0.04, 0.8)


def draw_beard(front, person):
    if person.beard == "none":
        return
    outline = head_outline(person, 0.97)
    lower = outline[outline[:, 1] > 0.15]
    strip = np.concatenate([lower, lower[::-1] * (0.62, 0.3) + (0, 0.26)])
    if person.beard == "stubble":
        front.fill(strip, person.hair, 0.3)
    if person.beard == "full":
        front.fill(strip, person.hair, 0.9)
    if person.beard in ("full", "moustache"):
        moustache = [(-0.34, 0.46), (-0.1, 0.32), (0.1, 0.32), (0.34, 0.46), (0.1, 0.41), (-0.1, 0.41)]
        front.fill(moustache, person.hair, 0.9)


def draw_mouth(front, person, mood):
    """Two lips and what is seen between them, along a curve whose corners are lifted or not."""
    across = np.linspace(-1, 1, 13)
    x, bulge = mood.width * across, 1 - across**2
    curve = 0.54 - mood.lift * (across**2 - 0.45)
    upper, lower = curve - 0.25 * mood.opening * bulge, curve + 0.75 * mood.opening * bulge
    dark = mix(mix(person.skin, LIPS, 0.4), BLACK, 0.65)

    def between(top, bottom):
        return np.concatenate([np.column_stack([x, top]), np.column_stack([x, bottom])[::-1]])

    front.fill(between(upper - 0.065 * bulge, lower + 0.085 * bulge), mix(person.skin, LIPS, 0.75 * person.lips))
    front.fill(between(upper, lower), dark)
    if mood.teeth:  # the upper row
        front.fill(between(upper, curve + 0.2 * mood.opening * bulge), (240, 236, 226))
    front.line(np.column_stack([x, upper]), dark, 0.045)
    for side in -1, 1:
        front.fill(oval(side * mood.width, curve[0], 0.035, 0.035), dark, 0.6)


def cap(person, height, parting=0.0):
    """What covers the head above the ears, down to `height` in the middle of the forehead: (n, 2) points."""
    outline = head_outline(person, 1.06)
    top = outline[outline[:, 1] < -0.12]
    across = np.linspace(1, -1, 11)
    arch = height + parting * across - (height + 0.15) * across**2
    return np.concatenate([top, np.column_stack([0.9 * person.width * across, arch])])


def draw_hair(front, person):
    match person.hairstyle:
        case "bald":
            front.fill(oval(0.15, -0.75, 0.25, 0.1), WHITE, 0.2)
        case "scarf":
            outer, face = oval(0, 0.06, person.width + 0.13, 1.16, 40), oval(0, 0.12, person.width * 0.92, 0.86, 40)
            front.fill(np.concatenate([outer, outer[:1], face[:1], face[::-1]]), person.clothes)
            front.line(face[20:], mix(person.clothes, BLACK, 0.4), 0.04)
        case "cap" | "beanie":
            draw_hat(front, person)
        case _:
            dark, bright = mix(person.hair, BLACK, 0.25), mix(person.hair, WHITE, 0.2)
            front.solid(cap(person, person.forehead, person.parting), dark, bright, (person.parting, -0.85))
            for side in np.linspace(-0.6, 0.6, 7):
                if person.hairstyle == "curly":
                    front.solid(oval(side, -0.9 + 0.4 * side**2, 0.2, 0.2), dark, person.hair, (side, -0.9))
                else:
                    strand = [(0.5 * side, -0.98), (side, -0.45 + 0.4 * person.forehead + side * person.parting)]
                    front.line(strand, dark, 0.04, 0.4)


def draw_hat(front, person):
    brim, width = -0.44, person.width
    cloth, dark, bright = person.clothes, mix(person.clothes, BLACK, 0.4), mix(person.clothes, WHITE, 0.3)
    front.solid(cap(person, brim) * (1.04, 1.08), dark, cloth, (0, -0.7))
    if person.hairstyle == "cap":
        front.fill(oval(0.1, brim - 0.02, 0.95 * width, 0.13), dark)
    else:
        fold = np.array([(-1.08, 0.02), (0, -0.06), (1.08, 0.02), (1.02, -0.2), (0, -0.28), (-1.02, -0.2)])
        front.fill(fold * (width, 1) + (0, brim), bright)


def draw_glasses(front, person):
    if person.glasses == "none":
        return
    frame = (30, 26, 26)
    for side in -1, 1:
        x, y = side * person.eyes, -0.1
        square = [(x - 0.22, y - 0.15), (x + 0.22, y - 0.15), (x + 0.19, y + 0.16), (x - 0.19, y + 0.16)]
        rim = np.array(square) if person.glasses == "square" else oval(x, y, 0.22, 0.2)
        front.fill(rim, (20, 20, 26) if person.glasses == "sun" else WHITE, 0.9 if person.glasses == "sun" else 0.12)
        front.line(np.concatenate([rim, rim[:2]]), frame, 0.04)
        if person.hairstyle != "scarf":  # it hides the arms
            front.line([(x + side * 0.2, y - 0.04), (side * person.width, y)], frame, 0.04)
    front.line([(-person.eyes + 0.2, -0.12), (0, -0.16), (person.eyes - 0.2, -0.12)], frame, 0.04)
