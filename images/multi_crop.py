"""Draws multi_crop.svg: ten crops of one picture (Krizhevsky, Sutskever and Hinton 2012)."""

from drawing import MARGIN, figure, rect, scenes, text, tile

TITLE = "One picture, ten crops: the network's answers are averaged"
DESCRIPTION = (
    "Left, a drawn face with five overlapping square frames on it: one in each corner and one in the centre, "
    "numbered 1 to 5. Right, what the frames cut out, in a row, and below each its mirror image: ten pictures. The "
    "network answers to each of them, and the mean of its ten answers counts."
)
CROP = 76  # per cent of the picture's height and width
FRAMES = ((0, 0), (100 - CROP, 0), (0, 100 - CROP), (100 - CROP, 100 - CROP), (50 - CROP / 2, 50 - CROP / 2))
BADGES = (0, 0), (100, 0), (0, 100), (100, 100), (50, 50 - CROP / 2)  # where a frame's number stands, in per cent


def badge(x, y, number):
    return [f'<circle class="accent" cx="{x:.1f}" cy="{y:.1f}" r="10"/>', text(x, y + 4.5, str(number), "small")]


def draw():
    left, top, size, crop, step = MARGIN + 10, 70, 188, 74, 81.5
    scale, start = size / 100, left + size + 48
    parts = [tile(left, top, size)]
    for x, y in FRAMES:
        parts.append(rect(left + x * scale, top + y * scale, CROP * scale, CROP * scale, "accent line"))
    for number, (x, y) in enumerate(BADGES, start=1):
        parts.append(badge(left + x * scale, top + y * scale, number))
    for number, (x, y) in enumerate(FRAMES):
        cut = f"scale({100 / CROP:.4f}) translate({-x:.0f} {-y:.0f})"
        column = start + number * step
        parts += [
            badge(column + crop / 2, top - 4, number + 1),
            tile(column, top + 14, crop, cut),
            tile(column, top + 20 + crop, crop, f"matrix(-1 0 0 1 100 0) {cut}"),
        ]
    words = "above: the crops; below: their mirror images"
    parts.append(text(start, top + 2 * crop + 42, words, "small muted", "start"))
    return figure(TITLE, DESCRIPTION, 284, scenes(), parts)
