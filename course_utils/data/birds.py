"""Birds of four kinds, drawn: the stand-in for the bird photos where those cannot be had.

A bird is seen from its side, in units of half its body: x towards its head, y down, (0, 0) the middle of the body.
Plumage and bill tell the kind; ground, light, distance and pose say little about it, and petals, berries and
foam in the picture have the colours of all four.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from course_utils.data.drawing import BLACK, WHITE, Sketch, any_colour, capsule, mix, oval, photograph

SIZE, OVERSAMPLE = 224, 2
CANVAS = SIZE * OVERSAMPLE
PLACES = 60  # the same trees and beaches come again and again
SMALL = 112  # pixels: a blurred place needs no more

YELLOW, ORANGE, RED, GREY = np.array([[238.0, 196, 36], [206, 112, 52], [222, 60, 36], [120, 122, 126]])
LEAVES = [(52, 88, 40), (96, 128, 52), (134, 150, 84), (44, 66, 48)]
SKIES = [(150, 186, 220), (206, 216, 222), (236, 226, 206), (112, 140, 168)]
GROUNDS = [(204, 184, 148), (150, 128, 102), (92, 112, 124), (70, 104, 116), (110, 96, 72)]
BLOSSOMS = [YELLOW, (250, 246, 236), RED, (236, 160, 190), (40, 38, 40), ORANGE]
FEET = 0.12, 0.28  # below the belly, in half bodies


@dataclass(frozen=True)
class Kind:
    """What makes a bird of its kind. Lengths in half bodies."""

    name: str
    count: int  # pictures
    back: np.ndarray
    wing: np.ndarray
    belly: np.ndarray
    head: np.ndarray
    legs: np.ndarray
    depth: float  # of the body, half
    skull: float  # radius of the head
    neck: tuple[float, float]  # where the head sits
    tail: float
    span: float  # of a wing
    flies: float  # how often it is seen in the air


KINDS = (
    Kind(
        name="Bananaquit",
        count=166,
        back=np.array((66, 64, 68.0)),
        wing=np.array((48, 46, 50.0)),
        belly=YELLOW,
        head=np.array((36, 34, 38.0)),
        legs=np.array((50, 46, 46.0)),
        depth=0.55,
        skull=0.36,
        neck=(0.82, -0.5),
        tail=0.75,
        span=1.2,
        flies=0.15,
    ),
    Kind(
        name="Black Skimmer",
        count=111,
        back=np.array((30, 28, 30.0)),
        wing=np.array((26, 24, 26.0)),
        belly=np.array((240, 240, 236.0)),
        head=np.array((28, 26, 28.0)),
        legs=RED,
        depth=0.38,
        skull=0.28,
        neck=(1.0, -0.34),
        tail=0.6,
        span=2.1,
        flies=0.5,
    ),
    Kind(
        name="Black Throated Bushtiti",  # sic: so the folder of the photos is called
        count=122,
        back=np.array((128, 130, 136.0)),
        wing=np.array((104, 104, 110.0)),
        belly=np.array((222, 158, 112.0)),
        head=np.array((236, 232, 226.0)),
        legs=np.array((180, 120, 90.0)),
        depth=0.62,
        skull=0.46,
        neck=(0.66, -0.5),
        tail=1.5,
        span=1.0,
        flies=0.15,
    ),
    Kind(
        name="Cockatoo",
        count=166,
        back=np.array((238, 236, 232.0)),
        wing=np.array((226, 224, 222.0)),
        belly=np.array((246, 244, 240.0)),
        head=np.array((246, 244, 240.0)),
        legs=GREY,
        depth=0.5,
        skull=0.42,
        neck=(0.86, -0.66),
        tail=0.9,
        span=1.6,
        flies=0.25,
    ),
)


def draw(seed=0):
    """Draw the set, sorted by class as a folder is.

    Returns pictures (565, 224, 224, 3) uint8, labels (565,) int64, class_names, a tuple of four names. The same seed
    gives the same bytes.
    """
    rng = np.random.default_rng(seed)
    places = [habitat(rng) for _ in range(PLACES)]
    labels = np.repeat(np.arange(len(KINDS)), [kind.count for kind in KINDS])
    pictures = np.stack([photo(rng, KINDS[label], places[rng.integers(PLACES)]) for label in labels])
    return {"pictures": pictures, "labels": labels, "class_names": tuple(kind.name for kind in KINDS)}


def photo(rng, kind, place):
    """One picture of a bird: (224, 224, 3) uint8."""
    image = view(rng, place)
    for _ in range(2 if rng.random() < 0.1 else 1):
        draw_bird(rng, image, individual(rng, kind), flying=rng.random() < kind.flies)
    draw_twigs(rng, image, rng.integers(0, 4))
    return photograph(image, rng, exposures=(0.5, 1.3), oversample=OVERSAMPLE)


# --- Where ----------------------------------------------------------------------------------------------------------


def one_of(rng, colours, vary=22):
    """One of the colours, a little changed."""
    return np.clip(np.asarray(colours[rng.integers(len(colours))]) + rng.normal(0, vary, 3), 0, 255)


def habitat(rng):
    """A place out of focus, (SMALL, SMALL): leaves, sky, water, sand or a garden."""
    above, below = one_of(rng, SKIES + LEAVES), one_of(rng, GROUNDS + LEAVES)
    horizon, blend = rng.uniform(-0.5, 1.5), rng.uniform(2, 30)
    ramp = 1 / (1 + np.exp(-blend * (np.linspace(0, 1, SMALL) - horizon)))[:, None, None]
    image = Image.fromarray(np.broadcast_to(mix(above, below, ramp), (SMALL, SMALL, 3)).astype(np.uint8))
    ground = Sketch(image, (0, 0), 1)
    grows, streaks = rng.integers(0, 50), rng.integers(0, 20)
    for _ in range(grows):
        x, y, size = *rng.uniform(0, 1, 2), rng.uniform(0.02, 0.16)
        colour = any_colour(rng) if rng.random() < 0.2 else one_of(rng, LEAVES)
        ground.fill(oval(x, y, size, size * rng.uniform(0.4, 1)), colour, rng.uniform(0.3, 0.9))
    for _ in range(streaks):  # waves, ripples in the sand, branches
        x, y, width = *rng.uniform(0, 1, 2), rng.uniform(0.1, 0.6)
        end = (x + width, y + rng.normal(0, 0.02 if rng.random() < 0.7 else 0.4))
        ground.line(
            [(x, y), end], mix(below, BLACK if rng.random() < 0.5 else WHITE, 0.4), 0.012, rng.uniform(0.2, 0.8)
        )
    for _ in range(rng.integers(0, 9)):  # blossoms, berries, foam
        x, y, size = *rng.uniform(0, 1, 2), rng.uniform(0.02, 0.12)
        ground.fill(oval(x, y, size, size), one_of(rng, BLOSSOMS), rng.uniform(0.5, 1))
    return image.filter(ImageFilter.GaussianBlur(rng.uniform(0.7, 4)))


def view(rng, place):
    """A part of a place, mirrored or not, in colours of the hour: a canvas."""
    width = rng.uniform(0.5, 1) * SMALL
    left, top = rng.uniform(0, SMALL - width, 2)
    tint = Image.new("RGB", place.size, tuple(map(int, any_colour(rng))))
    place = Image.blend(ImageOps.mirror(place) if rng.random() < 0.5 else place, tint, rng.uniform(0, 0.4))
    return place.resize((CANVAS, CANVAS), Image.Resampling.BICUBIC, (left, top, left + width, top + width))


def draw_perch(rng, image, x, y):
    """A branch, a rail or a wall under the feet at (x, y), parts of the picture."""
    wood = Sketch(image, (0, 0), 1)
    slope, thick = rng.normal(0, 0.2), rng.uniform(0.012, 0.06)
    y += thick
    colour = mix(one_of(rng, GROUNDS), any_colour(rng), 0.2)
    ends = (-0.1, y - slope * (x + 0.1)), (1.1, y + slope * (1.1 - x))
    wood.fill(capsule(*ends, thick, thick), mix(colour, BLACK, 0.4))
    wood.fill(capsule(*np.subtract(ends, (0, thick * 0.3)), thick * 0.6, thick * 0.5), colour)


def draw_twigs(rng, image, count):
    """Twigs with leaves, blossoms or berries that hang into the picture, before the bird."""
    near = Sketch(image, (0, 0), 1)
    for _ in range(count):
        start, end = rng.uniform(-0.1, 1.1, 2), rng.uniform(0, 1, 2)
        start[rng.integers(2)] = rng.choice([-0.1, 1.1])
        near.line([start, end], mix(one_of(rng, GROUNDS), BLACK, 0.4), 0.012)
        colour = one_of(rng, LEAVES + BLOSSOMS)
        for place in np.linspace(0.3, 1, rng.integers(2, 6))[:, None]:
            x, y = mix(start, end, place) + rng.normal(0, 0.02, 2)
            size = rng.uniform(0.015, 0.045)
            near.solid(oval(x, y, size, size * rng.uniform(0.5, 1), 12), mix(colour, BLACK, 0.3), colour, (x, y), 3)


# --- Who, and in which pose -----------------------------------------------------------------------------------------


def individual(rng, kind):
    """A bird of the kind, stouter or slimmer, paler or darker than others."""

    def vary(colour):
        return np.clip(mix(colour, any_colour(rng), rng.uniform(0, 0.15)) + rng.normal(0, 8, 3), 0, 255)

    return replace(
        kind,
        back=vary(kind.back),
        wing=vary(kind.wing),
        belly=vary(kind.belly),
        head=vary(kind.head),
        depth=kind.depth * rng.uniform(0.88, 1.15),
        skull=kind.skull * rng.uniform(0.92, 1.08),
        tail=kind.tail * rng.uniform(0.85, 1.15),
    )


def draw_bird(rng, image, bird, flying):
    """Draw the bird, perched or in the air, from far away to so near that only a part of it is seen."""
    scale = rng.choice([rng.uniform(0.11, 0.18), rng.uniform(0.16, 0.27), rng.uniform(0.27, 0.4)])
    tilt = rng.normal(0, 0.3) if flying else rng.normal(-0.45, 0.3)  # the head higher than the tail
    mirrored = rng.random() < 0.5
    middle = rng.uniform(0.2, 0.8, 2) if scale < 0.27 else np.add(rng.uniform(0.35, 0.65, 2), (0, 0.1))
    body = Sketch(image, middle, scale, tilt if not mirrored else -tilt, mirrored=mirrored)
    nod = rng.normal(0, 0.08, 2)
    head = np.add(bird.neck, nod)

    if flying:
        draw_wing(rng, body, bird, raised=rng.uniform(-1.2, 1.2), far=True)
    else:
        draw_perch(rng, image, *body.place([np.add(FEET, (0, bird.depth))])[0] / CANVAS)
        draw_legs(body, bird)
    draw_tail(body, bird)
    draw_body(body, bird, head)
    if flying:
        draw_wing(rng, body, bird, raised=rng.uniform(-1.2, 1.2), far=False)
    else:
        draw_folded_wing(body, bird)
    draw_head(rng, body, bird, *head)


# --- The parts, from back to front ----------------------------------------------------------------------------------


def draw_legs(body, bird):
    for x in -0.12, 0.12:
        foot = np.add(FEET, (x, bird.depth))
        body.line(np.add(foot, [(-0.05, -0.4), (0, 0), (0.12, 0.02)]), bird.legs, 0.06)


def draw_tail(body, bird):
    long, thin = 0.75 + bird.tail, 0.35 * bird.depth
    outline = [(-0.6, -thin), (-long, 0.1 - 0.6 * thin), (-long - 0.05, 0.1 + 0.6 * thin), (-0.6, 0.2 + thin)]
    body.fill(outline, mix(bird.wing, BLACK, 0.15))
    edge = WHITE if bird.name != "Cockatoo" else YELLOW  # a pale outer feather, or a yellow lining
    body.line([outline[2], outline[3]], edge, 0.05, 0.8)


def draw_body(body, bird, head):
    """Trunk and neck in the colour of the belly, the back over them."""
    depth, shade = bird.depth, mix(bird.belly, BLACK, 0.3)
    for points in capsule((-0.1, 0.1), head, 0.9 * depth, 0.85 * bird.skull), trunk(depth):
        body.fill(points, shade)
    body.solid(trunk(depth) * 0.97, shade, bird.belly, (0.25, 0.25 * depth), 6)
    body.fill(capsule((0.2, 0.05), head, 0.75 * depth, 0.8 * bird.skull), bird.belly)
    line = np.linspace(-1, 1, 9)
    back = np.column_stack([line, -0.05 * depth + 0.1 * line])
    spine = np.column_stack([line, -depth * np.sqrt(np.clip(1.02 - line**2, 0, 1))])
    body.fill(np.concatenate([back, spine[::-1]]), bird.back)
    nape = np.add(head, np.multiply((-0.4, 0.1), bird.skull))
    body.fill(capsule((0.3, -0.5 * depth), nape, 0.5 * depth, 0.6 * bird.skull), bird.back)


def trunk(depth, n=26):
    """Outline of the trunk: an egg, blunt in front."""
    t = np.linspace(0, 2 * math.pi, n, endpoint=False)
    return np.column_stack([np.cos(t), depth * np.sin(t) * (1 + 0.15 * np.cos(t))])


def draw_folded_wing(body, bird):
    depth = bird.depth
    outline = [
        (0.5, -0.1),
        (0.2, -0.75 * depth),
        (-0.5, -0.6 * depth),
        (-1.25, 0.05),
        (-0.5, 0.5 * depth),
        (0.25, 0.45 * depth),
    ]
    body.fill(outline, mix(bird.wing, BLACK, 0.2))
    body.solid(np.multiply(outline, 0.92), bird.wing, mix(bird.wing, WHITE, 0.15), (0.1, -0.1), 4)
    for y in -0.2, 0.05, 0.3:
        body.line([(0.1, y * depth), (-1.05, 0.05 + 0.3 * y * depth)], mix(bird.wing, BLACK, 0.45), 0.03, 0.6)
    if bird.name == "Bananaquit":  # a white patch
        body.fill(oval(-0.2, 0.3 * depth, 0.12, 0.06, 10), WHITE, 0.9)


def draw_wing(rng, body, bird, raised, far):
    """A wing spread, raised or lowered by that angle, the far one darker."""
    colour = mix(bird.wing, BLACK, 0.3) if far else bird.wing
    span, cos, sin = bird.span, math.cos(raised), math.sin(raised)
    swept = rng.uniform(0.1, 0.5)
    plan = np.array([(0.45, 0), (0.5 - 0.2 * swept, 0.5), (-swept, 1), (-0.3 - swept, 0.8), (-0.55, 0.4), (-0.5, 0)])
    across = span * plan[:, 1] * (1 if far else 0.9)
    outline = np.column_stack([plan[:, 0] + 0.3 * across * (cos - 0.7), -0.25 * bird.depth - across * sin])
    body.fill(outline, mix(colour, BLACK, 0.25))
    body.solid(mix(outline, outline.mean(axis=0), 0.06), colour, mix(colour, WHITE, 0.1), outline.mean(axis=0), 3)
    for tip in np.linspace(0, 1, 5)[:, None]:
        feather = mix(outline[2], outline[4], tip)
        body.line([mix(outline[0], outline[5], 0.5), feather], mix(colour, BLACK, 0.45), 0.03, 0.5)
    trailing = YELLOW if bird.name == "Cockatoo" else WHITE if bird.name == "Black Skimmer" else bird.belly
    body.line(outline[2:5], trailing, 0.07, 0.8)


def draw_head(rng, body, bird, x, y):
    """Head, face, bill and eye of each kind; x, y: the middle of the head."""
    r = bird.skull

    def at(points):
        return np.add(np.multiply(points, r), (x, y))

    if bird.name == "Cockatoo":
        draw_crest(body, at, rng.uniform(0.2, 1))
    body.solid(at(oval(0, 0, 1, 0.95)), mix(bird.head, BLACK, 0.22), bird.head, (x + 0.1, y - 0.3 * r), 5)
    ring, dark = bird.head, mix(bird.head, BLACK, 0.5)
    match bird.name:
        case "Bananaquit":
            body.fill(at([(0.9, 0.2), (0.7, 0.8), (-0.1, 0.95), (0.1, 0.3)]), GREY)
            body.line(at([(0.85, -0.25), (0.3, -0.5), (-0.8, -0.3)]), WHITE, 0.28 * r)
            body.fill(at([(0.85, -0.2), (1.5, 0.05), (1.75, 0.5), (1.3, 0.25), (0.85, 0.3)]), BLACK + 24)
        case "Black Skimmer":
            body.fill(at([(0.95, -0.1), (0.75, 0.75), (-0.3, 0.95), (-0.5, 0.3), (0.4, 0.05)]), bird.belly)
            body.fill(at([(0.8, -0.35), (2.0, 0.25), (2.6, 0.5), (0.85, 0.2)]), RED)
            body.fill(at([(0.85, 0.15), (2.2, 0.5), (3.3, 1.0), (2.0, 0.75), (0.8, 0.5)]), RED)
            body.fill(at([(1.75, 0.4), (2.6, 0.5), (3.3, 1.0), (2.0, 0.75)]), BLACK + 24)
        case "Black Throated Bushtiti":
            body.fill(
                at([(0.7, -0.7), (0.1, -0.98), (-0.6, -0.8), (-0.98, -0.2), (-0.3, -0.4), (0.9, -0.35)]), ORANGE - 30
            )
            body.fill(at([(1, -0.25), (0.4, -0.4), (-0.9, -0.2), (-1, 0.2), (-0.2, 0.15), (0.9, 0.1)]), BLACK + 20)
            body.fill(at(oval(0.45, 0.75, 0.42, 0.3)), BLACK + 20)
            body.line(at([(0.9, 1.05), (0.2, 1.3), (-0.6, 1.3)]), ORANGE, 0.3 * r)
            body.fill(at([(0.95, -0.12), (1.25, 0.06), (0.95, 0.2)]), BLACK + 24)
            ring = YELLOW
        case "Cockatoo":
            body.fill(at(oval(0.3, 0.25, 0.3, 0.25)), mix(bird.head, YELLOW, 0.35))
            body.fill(at([(0.75, -0.3), (1.25, -0.1), (1.35, 0.4), (1.05, 0.75), (0.95, 0.3), (0.7, 0.3)]), GREY - 60)
            body.fill(at([(0.65, 0.35), (1.0, 0.4), (0.95, 0.75), (0.7, 0.7)]), GREY - 30)
            ring = mix(GREY, WHITE, 0.3)
    eye_x, eye_y = 0.42, -0.12
    body.fill(at(oval(eye_x, eye_y, 0.2, 0.2, 12)), ring)
    body.fill(at(oval(eye_x, eye_y, 0.13, 0.13, 10)), dark if bird.name == "Bananaquit" else BLACK + 10)
    body.fill(at(oval(eye_x + 0.05, eye_y - 0.06, 0.05, 0.05, 6)), WHITE)


def draw_crest(body, at, raised):
    """Yellow feathers that stand up behind the forehead, more or less."""
    for number, angle in enumerate(np.linspace(0.35, 1.15, 5) + 0.5 * (1 - raised)):
        tip = (-math.sin(angle) * (1.5 + 0.1 * number), -math.cos(angle) * (1.7 + 0.35 * raised))
        body.fill(
            at([(0.35 - 0.12 * number, -0.75), tip, (0.05 - 0.14 * number, -0.7)]), mix(YELLOW, WHITE, 0.08 * number)
        )
