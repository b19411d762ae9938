"""Ten kinds of things and animals, drawn small: the stand-in for CIFAR-10 where it cannot be had.

Some sprites of each kind are drawn, in units of about half their length: x to the right, y down, (0, 0) their middle.
Each picture shows one of them, turned, mirrored, scaled and moved, before a scene with other things in it and often
behind one; then comes what a camera adds. All pictures are put together at once, in NumPy.
"""

import math

import numpy as np
from PIL import Image, ImageFilter

from course_utils.data.drawing import BLACK, WHITE, Sketch, any_colour, capsule, mix, oval

SIZE, OVERSAMPLE = 32, 2
CLASSES = "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"
TRAIN, TEST = 1000, 200  # pictures of each class
SPRITES, SCENES, OBSTACLES = 100, 300, 40  # sprites of each class
SPRITE = 96  # pixels: canvas of a sprite and of a scene
AT_ONCE = 500  # pictures put together at a time: what fits into the processor's cache is faster

SKY, WATER, STREET, FIELD, ROOM = range(5)
HOMES = (SKY, STREET, FIELD, ROOM, FIELD, ROOM, WATER, FIELD, WATER, STREET)  # where half of each class is seen
FURS = np.array([(196, 152, 98), (120, 78, 48), (62, 50, 44), (226, 218, 206), (142, 136, 130), (208, 132, 66)])
GREENS = np.array([(86, 142, 56), (124, 128, 62), (64, 96, 52), (146, 118, 74)])
GLASS, RUBBER, METAL = np.array([(150, 190, 212.0), (28, 28, 32), (206, 210, 216)])


def draw(seed=0):
    """Draw the set: x_train (10000, 32, 32, 3), y_train (10000,), x_test (2000, 32, 32, 3), y_test (2000,), all uint8.

    Each class is equally frequent, their order is random. The same seed gives the same bytes.
    """
    rng = np.random.default_rng(seed)
    sprites = np.stack([sprite(rng, kind) for kind in range(len(CLASSES)) for _ in range(SPRITES)])
    scenes = np.stack([scene(rng, number % 5) for number in range(SCENES)])
    obstacles = np.stack([obstacle(rng) for _ in range(OBSTACLES)])
    drawn = {}
    for part, count in ("train", TRAIN), ("test", TEST):
        labels = rng.permutation(np.repeat(np.arange(len(CLASSES)), count))
        chunks = np.split(labels, range(AT_ONCE, len(labels), AT_ONCE))
        drawn[f"x_{part}"] = np.concatenate([photos(rng, chunk, sprites, scenes, obstacles) for chunk in chunks])
        drawn[f"y_{part}"] = labels.astype(np.uint8)
    return drawn


# --- From sprites to pictures, many at a time -----------------------------------------------------------------------


def photos(rng, labels, sprites, scenes, obstacles):
    """One picture for each label: (n, 32, 32, 3) uint8."""
    n = len(labels)
    place = np.where(rng.random(n) < 0.5, np.take(HOMES, labels), rng.integers(0, 5, n))
    pixels = warped(rng, scenes[place + 5 * rng.integers(0, SCENES // 5, n)], rng.uniform(0.5, 0.9, n), 0.1, 0.05)
    chosen = sprites[labels * SPRITES + rng.integers(0, SPRITES, n)]
    hiding = obstacles[rng.integers(0, OBSTACLES, n)]
    hiding[rng.random(n) < 0.5] = 0
    for front in (
        warped(rng, chosen, rng.uniform(0.75, 1.45, n), 0.22, 0.15),
        warped(rng, hiding, rng.uniform(0.8, 2, n), 3, 0.45),
    ):
        pixels = np.where(front, front, pixels)  # a sprite covers a pixel or does not
    colours = pixels[..., None].view(np.uint8)[..., :3].astype(np.float32)
    corners = [colours[:, y::OVERSAMPLE, x::OVERSAMPLE] for y in range(OVERSAMPLE) for x in range(OVERSAMPLE)]
    return exposed(rng, sum(corners) / (255 * len(corners)))


def warped(rng, images, width, tilt, shift):
    """Every picture's view of its image (n, SPRITE, SPRITE, 4): (n, 64, 64), a pixel's four bytes in one number.

    width: how much of the image is seen (n,), 1 for all of it; tilt: standard deviation of the turn in radians; shift:
    largest distance from the middle, as a part of the view. Mirrored or not.
    """
    n, side = len(images), SIZE * OVERSAMPLE
    turn, flip = rng.normal(0, tilt, n), rng.choice([-1, 1], n)
    grid = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
    a, b = (width * part * SPRITE for part in (np.cos(turn), np.sin(turn)))
    middle_x, middle_y = (SPRITE * (0.5 + width * part) for part in rng.uniform(-shift, shift, (2, n)))
    a, b, middle_x, middle_y, flip = (
        value.astype(np.float32)[:, None, None] for value in (a, b, middle_x, middle_y, flip)
    )
    x, y = grid * flip, grid[:, None]
    column = np.floor(a * x - b * y + middle_x).astype(np.int32)
    row = np.floor(b * x + a * y + middle_y).astype(np.int32)
    outside = (np.minimum(column, row) < 0) | (np.maximum(column, row) >= SPRITE)
    row, column = np.clip(row, 0, SPRITE - 1), np.clip(column, 0, SPRITE - 1)
    seen = images.view(np.uint32)[np.arange(n)[:, None, None], row, column, 0]
    seen[outside] = 0
    return seen


def exposed(rng, picture):
    """What a camera makes of pictures (n, 32, 32, 3), 0 to 1: focus, light, colour cast, exposure, noise. uint8."""
    n = len(picture)

    def each(values):
        return values.astype(np.float32).reshape(n, 1, 1, -1)

    soft = picture + np.roll(picture, 1, 1) + np.roll(picture, 1, 2) + np.roll(picture, (1, 1), (1, 2))
    picture += each(rng.choice([0, 0.5, 1], n)) * (soft / 4 - picture)
    direction, across = rng.uniform(0, 2 * math.pi, n), np.linspace(-1, 1, SIZE, dtype=np.float32)
    side = each(np.cos(direction)) * across[:, None] + each(np.sin(direction)) * across[:, None, None]
    picture *= 1 + each(rng.uniform(0, 0.35, n)) * side
    picture *= each(rng.normal(1, 0.07, (n, 3)) * rng.uniform(0.6, 1.35, (n, 1)))
    picture = 0.5 + each(rng.uniform(0.7, 1.25, n)) * (picture - 0.5)
    picture += each(rng.uniform(0.005, 0.035, n)) * rng.standard_normal(picture.shape, np.float32)
    return (255 * np.clip(picture, 0, 1)).round().astype(np.uint8)


# --- Where ----------------------------------------------------------------------------------------------------------

PLACES = {  # colours above and below the horizon
    SKY: ([(120, 170, 226), (196, 212, 226), (232, 200, 170)], [(150, 190, 230), (220, 226, 232), (160, 170, 186)]),
    WATER: ([(176, 206, 232), (218, 220, 220), (110, 140, 110)], [(44, 92, 132), (70, 124, 130), (96, 110, 116)]),
    STREET: ([(170, 160, 150), (150, 176, 196), (120, 110, 104)], [(110, 110, 114), (142, 138, 132), (88, 86, 90)]),
    FIELD: ([(70, 104, 60), (168, 196, 216), (108, 120, 76)], [(104, 142, 64), (176, 160, 98), (84, 112, 58)]),
    ROOM: ([(206, 190, 168), (150, 140, 150), (226, 220, 210)], [(150, 104, 70), (120, 116, 120), (176, 70, 62)]),
}


def one_of(rng, colours, vary=14):
    """One of the colours, a little changed."""
    return np.clip(np.asarray(colours[rng.integers(len(colours))]) + rng.normal(0, vary, 3), 0, 255)


def scene(rng, place):
    """A place without anybody: (SPRITE, SPRITE, 4) uint8, opaque."""
    above, below = (one_of(rng, colours) for colours in PLACES[place])
    ramp = 1 / (1 + np.exp(-rng.uniform(5, 60) * (np.linspace(0, 1, SPRITE) - rng.uniform(0.3, 0.7))))
    image = Image.fromarray(np.broadcast_to(mix(above, below, ramp[:, None, None]), (SPRITE, SPRITE, 3)).astype("u1"))
    ground = Sketch(image, (0, 0), 1)
    for _ in range(rng.integers(0, 9)):  # houses, doors, trees, clouds, stones
        x, y, width, height = *rng.uniform(0, 1, 2), *rng.uniform(0.02, 0.2, 2)
        shape = oval(x, y, width, height) if rng.random() < 0.5 else box(x, y, width, height)
        colour = any_colour(rng) if rng.random() < 0.4 else mix(above, below, rng.random()) + rng.normal(0, 25, 3)
        ground.fill(shape, np.clip(colour, 0, 255), rng.uniform(0.4, 1))
    for _ in range(rng.integers(0, 8)):  # waves, branches, stripes
        x, y, width = *rng.uniform(0, 1, 2), rng.uniform(0.1, 0.6)
        end = x + width, y + rng.normal(0, 0.02 if rng.random() < 0.6 else 0.4)
        ground.line([(x, y), end], mix(below, WHITE if rng.random() < 0.5 else BLACK, 0.4), 0.02, rng.uniform(0.3, 0.9))
    tint = Image.new("RGB", image.size, tuple(map(int, any_colour(rng))))
    image = Image.blend(image, tint, rng.uniform(0, 0.35)).filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 3)))
    return np.asarray(image.convert("RGBA"))


def obstacle(rng):
    """A twig, a pole, a leaf or a fence that may stand before somebody: (SPRITE, SPRITE, 4) uint8."""
    image = Image.new("RGBA", (SPRITE, SPRITE))
    near = Sketch(image, (0.5, 0.5), 0.5)
    colour, dark = any_colour(rng), any_colour(rng, 20, 120)
    match rng.integers(3):
        case 0:
            near.line([(-2, rng.uniform(-0.3, 0.3)), (2, rng.uniform(-0.3, 0.3))], dark, rng.uniform(0.05, 0.14))
        case 1:
            near.fill(oval(0, 0, *rng.uniform(0.15, 0.4, 2)), colour)
        case _:
            for x in np.arange(-0.6, 0.7, rng.uniform(0.3, 0.8)):
                near.line([(x, -2), (x + rng.normal(0, 0.1), 0.2)], dark, 0.06)
    return np.asarray(image)


# --- Who ------------------------------------------------------------------------------------------------------------


def sprite(rng, kind):
    """One drawing of a class: (SPRITE, SPRITE, 4) uint8, transparent around it."""
    image = Image.new("RGBA", (SPRITE, SPRITE))
    body = Sketch(image, (0.5, 0.5), 0.34 * rng.uniform(0.85, 1.1), rng.normal(0, 0.08))
    DRAWERS[kind](rng, body)
    return np.asarray(image)


def box(x, y, width, height):
    """A rectangle around (x, y); width and height are half its sides."""
    return [(x - width, y - height), (x + width, y - height), (x + width, y + height), (x - width, y + height)]


def at(point, x, y):
    """A point beside another one."""
    return point[0] + x, point[1] + y


def wheels(body, places, y, radius):
    for x in places:
        body.fill(oval(x, y, radius, radius), RUBBER)
        body.fill(oval(x, y, 0.5 * radius, 0.5 * radius, 10), METAL * 0.8)


def airplane(rng, body):
    """From the side or from below, climbing or not."""
    paint = mix(WHITE, any_colour(rng), rng.uniform(0, 0.6)) * rng.uniform(0.6, 1)
    stripe, dark = any_colour(rng), paint * 0.7
    body = Sketch(body.image, body.centre, body.scale, rng.normal(-0.15, 0.35))
    thick, sweep = rng.uniform(0.11, 0.18), rng.uniform(0.2, 0.6)
    if rng.random() < 0.45:  # from below: both wings
        span = rng.uniform(0.8, 1.15)
        for side in -1, 1:
            body.fill([(0.3, 0), (-0.1, 0), (-sweep, side * span), (-sweep + 0.22, side * span)], dark)
            body.fill([(-0.75, 0), (-1, 0), (-1.1, side * 0.4), (-0.95, side * 0.4)], dark)
            body.fill(oval(0.05 - sweep * 0.3, side * 0.42, 0.16, 0.07, 10), stripe * 0.6)
        body.fill(capsule((0.95, 0), (-1.05, 0), thick, 0.05), paint)
    else:
        body.fill([(-0.75, 0), (-1.15, -0.55), (-0.95, -0.55), (-0.5, -thick)], stripe)
        body.fill([(0.2, -0.02), (-0.15, -0.02), (-sweep - 0.1, -0.45), (-sweep + 0.05, -0.45)], dark * 0.9)
        body.fill(capsule((0.9, 0), (-1.05, -0.06), thick, 0.05), paint)
        body.line([(0.85, -0.02), (-0.95, -0.06)], stripe, 0.05)
        body.fill([(0.3, 0.06), (-0.15, 0.06), (-sweep - 0.3, 0.6), (-sweep - 0.05, 0.6)], dark)
        body.fill(oval(0.02, 0.28, 0.17, 0.08, 12), METAL * 0.6)
    body.fill(oval(0.85, -0.05, 0.09, 0.05, 8), GLASS * 0.5)


def automobile(rng, body):
    """From the side: a low body, a cabin with windows, two wheels."""
    paint, high, roof = any_colour(rng), rng.uniform(0.2, 0.3), rng.uniform(0.24, 0.4)
    back, front = rng.uniform(-0.9, -0.55), rng.uniform(0.3, 0.6)
    base = 0.3
    cabin = np.array([(back, 0), (back + 0.22, -roof), (front - 0.4, -roof), (front, 0)]) + np.array([0, base - high])
    body.fill(cabin, paint * 0.85)
    middle = cabin.mean(axis=0)
    body.fill(mix(middle, cabin, 0.78), GLASS * rng.uniform(0.4, 1))
    body.line([(middle[0], base - high), (middle[0], base - high - roof)], paint * 0.85, 0.07)
    body.fill(capsule((-0.92, base - high / 2), (0.95, base - high / 2 + 0.03), high * 0.72, high * 0.6), paint)
    body.line([(-1.05, base + 0.08), (1.08, base + 0.08)], paint * 0.5, 0.07)
    body.fill(oval(1.06, base - 0.1, 0.06, 0.06, 8), (250, 240, 190))
    body.fill(oval(-1.03, base - 0.1, 0.05, 0.07, 8), (190, 30, 30))
    wheels(body, (-0.62, 0.66), base + 0.1, rng.uniform(0.18, 0.24))


def truck(rng, body):
    """From the side: a cab before a high load, two or three wheels."""
    paint, load, base = any_colour(rng), any_colour(rng), 0.34
    top, cab = rng.uniform(-0.75, -0.35), rng.uniform(0.4, 0.6)
    body.fill([(-1.1, base + 0.1), (-1.1, base - 0.05), (1.05, base - 0.05), (1.05, base + 0.1)], RUBBER + 20)
    if rng.random() < 0.75:  # a box
        body.fill([(-1.15, base), (-1.15, top), (1 - cab, top), (1 - cab, base)], load)
        for x in np.linspace(-1.15, 1 - cab, rng.integers(2, 6))[1:-1]:
            body.line([(x, top), (x, base)], load * 0.75, 0.04)
    else:  # open
        body.fill([(-1.2, base), (-1.1, base - 0.4), (0.95 - cab, base - 0.4), (1 - cab, base)], load)
        body.fill(oval(-0.35, base - 0.4, 0.55, 0.2), one_of(rng, FURS))
    roof = max(top, rng.uniform(-0.45, -0.2))
    front = rng.uniform(0.02, 0.25)
    body.fill(
        [(1.05 - cab, base + 0.05), (1.05 - cab, roof), (1.1 - front, roof), (1.12, base - 0.25), (1.12, base)], paint
    )
    body.fill(
        [(1.2 - cab, base - 0.3), (1.2 - cab, roof + 0.1), (1.06 - front, roof + 0.1), (1.06, base - 0.3)], GLASS * 0.7
    )
    wheels(body, [(-0.75, 0.72), (-0.9, -0.48, 0.72)][rng.integers(2)], base + 0.14, rng.uniform(0.17, 0.22))


def ship(rng, body):
    """From the side: a hull with a cabin, a funnel, containers or sails."""
    hull, upper = any_colour(rng, 20, 200), mix(WHITE, any_colour(rng), rng.uniform(0, 0.3))
    deck, keel = 0.1, rng.uniform(0.38, 0.55)
    match rng.integers(3):
        case 0:  # passengers
            for storey in range(rng.integers(2, 4)):
                left, right = -0.75 + 0.12 * storey, 0.6 - 0.15 * storey
                top = deck - 0.2 * (storey + 1)
                body.fill([(left, deck), (left, top), (right, top), (right, deck)], upper * (1 - 0.05 * storey))
                body.line([(left + 0.05, top + 0.1), (right - 0.05, top + 0.1)], GLASS * 0.4, 0.05)
            body.fill(box(-0.2, top - 0.15, 0.1, 0.16), any_colour(rng))
        case 1:  # freight
            body.fill([(-0.95, deck), (-0.95, -0.5), (-0.65, -0.5), (-0.6, deck)], upper)
            body.line([(-0.92, -0.4), (-0.68, -0.4)], GLASS * 0.4, 0.07)
            for x in np.arange(-0.45, 0.75, 0.24):
                body.fill(box(x, deck - 0.12, 0.11, 0.12), any_colour(rng))
                if rng.random() < 0.6:
                    body.fill(box(x, deck - 0.34, 0.11, 0.1), any_colour(rng))
        case _:  # sails
            body.line([(0, deck), (0, -1.05)], RUBBER + 30, 0.06)
            body.fill([(0.06, -1), (0.06, -0.05), (rng.uniform(0.5, 0.8), -0.05)], upper)
            body.fill([(-0.06, -0.9), (-0.06, 0), (rng.uniform(-0.8, -0.5), 0)], upper * 0.9)
    body.fill([(-1.08, deck), (1.2, deck - rng.uniform(0, 0.12)), (0.9, keel), (-0.95, keel)], hull)
    body.line([(-1, keel - 0.07), (0.93, keel - 0.07)], mix(hull, (190, 40, 40), 0.7), 0.08)
    body.line([(-1.4, keel + 0.02), (1.4, keel + 0.02)], one_of(rng, PLACES[WATER][1]), 0.1)


def bird(rng, body):
    """Perched or in the air."""
    back, belly = any_colour(rng), mix(any_colour(rng), WHITE, rng.uniform(0.1, 0.7))
    bill = mix((236, 170, 40), BLACK, rng.uniform(0, 0.8))
    flying = rng.random() < 0.4
    body = Sketch(body.image, body.centre, body.scale * 1.1, rng.normal(0, 0.3) - (0 if flying else 0.45))
    head = np.array((0.62, -0.3))
    if flying:
        lift = rng.uniform(-1, 0.9)
        body.fill([(0.3, 0), (-0.1, lift), (-0.5, lift * 0.9), (-0.3, 0)], back * 0.7)
    else:
        for x in -0.05, 0.12:
            body.line([(x, 0.3), (x - 0.15, 0.72), (x, 0.74)], bill, 0.05)
    body.fill([(-0.5, -0.05), (-1.15, 0.05), (-1.12, 0.25), (-0.5, 0.2)], back * 0.8)
    body.fill(oval(0, 0, 0.65, rng.uniform(0.34, 0.44)), belly)
    body.fill(capsule((0.25, -0.05), head, 0.3, 0.2), back)
    body.fill([at(head, 0.15, -0.1), at(head, rng.uniform(0.4, 0.6), 0.04), at(head, 0.15, 0.12)], bill)
    body.fill(oval(*head, 0.24, 0.23), back)
    body.fill(oval(*at(head, 0.08, -0.04), 0.06, 0.06, 8), WHITE)
    body.fill(oval(*at(head, 0.09, -0.04), 0.04, 0.04, 6), BLACK)
    if flying:
        lift = rng.uniform(-1.1, 0.9)
        body.fill([(0.35, -0.05), (-0.05, lift * 1.1), (-0.5, lift), (-0.35, 0.05)], back * 0.85)
    else:
        body.fill([(0.35, -0.1), (-0.1, -0.32), (-0.85, 0.08), (-0.1, 0.22)], back * 0.85)


def frog(rng, body):
    """From the front or the side: wide and low, eyes on top, legs folded."""
    skin = one_of(rng, GREENS, 20)
    pale, dark = mix(skin, WHITE, 0.45), skin * 0.7
    if rng.random() < 0.5:  # from the front
        for side in -1, 1:
            body.fill(oval(side * 0.75, 0.3, 0.32, 0.25), dark)
            body.line([(side * 0.7, 0.45), (side * 1.05, 0.58), (side * 0.55, 0.6)], dark, 0.12)
            body.line([(side * 0.3, 0.2), (side * 0.4, 0.58), (side * 0.25, 0.62)], skin * 0.85, 0.12)
        body.fill(oval(0, 0.15, 0.68, 0.42), skin)
        body.fill(oval(0, 0.3, 0.45, 0.25), pale)
        body.line([(-0.5, 0.05), (0, 0.16), (0.5, 0.05)], dark * 0.6, 0.06)
        eyes = (-0.36, -0.28), (0.36, -0.28)
    else:
        body.fill([(0.85, -0.25), (0.1, -0.45), (-0.8, 0.3), (-0.4, 0.5), (0.6, 0.3), (0.95, 0)], skin)
        body.fill([(0.9, 0), (0.6, 0.3), (-0.2, 0.42), (0.3, 0.1)], pale)
        body.fill(oval(-0.5, 0.3, 0.42, 0.24), dark)
        body.line([(-0.75, 0.4), (-0.1, 0.55), (-0.6, 0.62)], dark, 0.13)
        body.line([(0.4, 0.2), (0.35, 0.55), (0.6, 0.6)], skin * 0.85, 0.13)
        eyes = ((0.5, -0.35),)
    for x, y in eyes:
        body.fill(oval(x, y, 0.19, 0.18), skin * 0.9)
        body.fill(oval(x, y, 0.12, 0.12, 10), (226, 196, 70))
        body.fill(oval(x, y, 0.06, 0.08, 8), BLACK)
    for x, y in rng.uniform((-0.5, -0.1), (0.5, 0.2), (rng.integers(0, 6), 2)):
        body.fill(oval(x, y, 0.07, 0.06, 8), dark)


def stand(rng, body, coat, legs, thick, length, depth):
    """Trunk and four legs of an animal seen from its side; legs: their length below the trunk."""
    for x, shade in (-0.48, 0.7), (0.42, 0.7), (-0.62, 1), (0.56, 1):
        knee, foot = x + rng.normal(0, 0.07), x + rng.normal(0, 0.12)
        points = [(x * length, 0), (knee * length, depth + legs / 2), (foot * length, depth + legs)]
        body.line(points, coat * shade, thick)
    body.fill(capsule((-0.6 * length, 0), (0.5 * length, 0), depth, depth * 1.05), coat)


def deer(rng, body):
    """Slim, on long legs, often with antlers."""
    coat = one_of(rng, FURS[[0, 1, 5]])
    body = Sketch(body.image, np.add(body.centre, (0, 0.02)), body.scale * 0.9, body.tilt)
    head = np.array((0.95, -0.72 if rng.random() < 0.75 else 0.25)) + rng.normal(0, 0.06, 2)
    stand(rng, body, coat, rng.uniform(0.75, 0.95), 0.1, 0.95, 0.24)
    body.fill(oval(-0.78, -0.08, 0.12, 0.14, 10), mix(coat, WHITE, 0.7))
    body.fill(capsule((0.5, -0.05), head, 0.2, 0.11), coat)
    if rng.random() < 0.65:
        for lean in -0.1, 0.3:
            tip = at(head, lean - 0.15, -0.62)
            body.line([at(head, -0.05, -0.1), at(head, lean - 0.3, -0.35), tip], (206, 190, 160), 0.06)
            body.line([at(head, lean - 0.3, -0.35), at(tip, 0.25, 0.1)], (206, 190, 160), 0.05)
    body.fill([at(head, -0.1, -0.08), at(head, -0.38, -0.2), at(head, -0.1, 0.06)], coat * 0.85)
    body.fill(capsule(head, at(head, 0.28, 0.14), 0.14, 0.07), coat)
    body.fill(oval(*at(head, 0.33, 0.15), 0.05, 0.05, 8), BLACK)
    for x, y in rng.uniform((-0.5, -0.15), (0.4, 0.1), (rng.integers(0, 9), 2)):
        body.fill(oval(x, y, 0.05, 0.04, 6), mix(coat, WHITE, 0.7))


def horse(rng, body):
    """Heavy, a long head on a strong neck, mane and tail."""
    coat, hair = one_of(rng, FURS[:5], 18), one_of(rng, [(30, 26, 24), (210, 190, 150), (90, 60, 40)])
    head = np.array((0.98, -0.75 if rng.random() < 0.75 else 0.2)) + rng.normal(0, 0.06, 2)
    stand(rng, body, coat, rng.uniform(0.5, 0.65), 0.15, 1.0, 0.33)
    body.line([(-0.9, -0.15), (-1.12, 0.1), (-1.05, 0.7)], hair, 0.18)
    body.fill(capsule((0.5, -0.08), head, 0.32, 0.17), coat)
    body.line([(0.35, -0.3), at(head, -0.2, 0), at(head, -0.05, -0.18)], hair, 0.16)
    body.fill([at(head, -0.12, -0.1), at(head, -0.05, -0.34), at(head, 0.08, -0.12)], coat)
    body.fill(capsule(head, at(head, 0.28, 0.38), 0.18, 0.11), coat)
    body.fill(oval(*at(head, 0.1, 0.02), 0.04, 0.04, 6), BLACK)


def cat(rng, body):
    """Pointed ears, a flat face, a long tail; stripes or none."""
    coat = one_of(rng, FURS, 18)
    if rng.random() < 0.4:
        head = np.array((0.72, -0.42)) + rng.normal(0, 0.06, 2)
        stand(rng, body, coat, rng.uniform(0.3, 0.45), 0.13, 0.95, 0.26)
        curl = rng.uniform(-0.9, -0.3)
        body.line([(-0.7, -0.1), (-1.05, curl / 2), (-0.95, curl)], coat * 0.9, 0.13)
        size = 0.8
    else:  # sits and looks at us
        head = np.array((0, -0.32)) + rng.normal(0, 0.05, 2)
        side = rng.choice([-1, 1])
        body.line([(side * 0.4, 0.7), (side * 0.9, 0.65), (side * 0.95, 0.25)], coat * 0.85, 0.14)
        body.fill([(-0.3, -0.1), (-0.55, 0.75), (0.55, 0.75), (0.3, -0.1)], coat)
        body.fill(oval(0, 0.25, 0.2, 0.35), mix(coat, WHITE, rng.uniform(0.1, 0.7)))
        size = 1
    if rng.random() < 0.5:
        for x in -0.3, 0, 0.3:
            body.line([(x, 0.05), (x + 0.04, 0.3)], coat * 0.6, 0.07)
    face(rng, body, head, 0.4 * size, coat)
    for x in -1, 1:
        ear = head + np.multiply([(x * 0.36, -0.12), (x * 0.42, -0.62), (x * 0.06, -0.34)], size)
        body.fill(ear, coat)
        body.fill(mix(ear, ear.mean(axis=0), 0.4), (226, 150, 140))
        body.line([at(head, x * 0.1, 0.14), at(head, x * 0.6 * size, 0.08)], WHITE * 0.9, 0.03)


def dog(rng, body):
    """Hanging ears, a muzzle, a raised tail; patches or none."""
    coat = one_of(rng, FURS, 18)
    ears, muzzle = coat * rng.uniform(0.45, 0.85), mix(coat, WHITE, rng.uniform(0.2, 0.8))
    if rng.random() < 0.6:
        head = np.array((0.72, -0.5)) + rng.normal(0, 0.06, 2)
        stand(rng, body, coat, rng.uniform(0.35, 0.6), 0.15, 0.95, 0.28)
        body.line([(-0.75, -0.15), (-1.0, -0.4), (-0.95, -0.7)], coat, 0.12)
        body.fill(capsule((0.45, -0.1), head, 0.24, 0.22), coat)
        body.fill(capsule(head, at(head, 0.42, 0.12), 0.26, 0.14), coat)
        body.fill(capsule(at(head, 0.3, 0.12), at(head, 0.45, 0.14), 0.13, 0.12), muzzle)
        body.fill(oval(*at(head, 0.55, 0.06), 0.07, 0.07, 8), BLACK)
        body.fill(oval(*at(head, 0.12, -0.08), 0.05, 0.05, 6), BLACK)
        body.fill(capsule(at(head, -0.12, -0.1), at(head, -0.18, 0.3), 0.12, 0.14), ears)
    else:  # sits and looks at us
        head = np.array((0, -0.35)) + rng.normal(0, 0.05, 2)
        body.fill(capsule((0, 0.1), (0, 0.5), 0.34, 0.46), coat)
        body.fill(oval(0, 0.3, 0.2, 0.3), muzzle)
        for x in -0.2, 0.2:
            body.line([(x, 0.3), (x, 0.9)], coat * 0.85, 0.17)
        face(rng, body, head, 0.4, coat)
        body.fill(oval(head[0], head[1] + 0.18, 0.2, 0.2), muzzle)
        body.fill(oval(head[0], head[1] + 0.1, 0.09, 0.07, 8), BLACK)
        for x in -1, 1:
            body.fill(capsule(at(head, x * 0.36, -0.2), at(head, x * 0.5, 0.2), 0.12, 0.15), ears)
    if rng.random() < 0.4:
        body.fill(oval(*rng.uniform((-0.3, -0.1), (0.2, 0.2)), 0.2, 0.15), ears)


def face(rng, body, head, size, coat):
    """A round head from the front, with eyes and a nose."""
    body.fill(oval(*head, size, size * 0.88), coat)
    iris = one_of(rng, [(150, 190, 80), (220, 170, 60), (60, 40, 30)])
    for x in -0.4, 0.4:
        body.fill(oval(head[0] + x * size, head[1] - 0.1 * size, 0.2 * size, 0.18 * size, 10), iris)
        body.fill(oval(head[0] + x * size, head[1] - 0.1 * size, 0.1 * size, 0.16 * size, 8), BLACK)
    body.fill(oval(head[0], head[1] + 0.3 * size, 0.12 * size, 0.09 * size, 8), (110, 60, 60))


DRAWERS = airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck
