"""Draws bottleneck.svg: what a 1 × 1 convolution saves (Szegedy et al. 2014, arXiv:1409.4842)."""

from itertools import pairwise

from drawing import MARGIN, WIDTH, arrow, figure, lines, maps, rect, text

SIZE, IN, NECK, OUT = 28, 192, 16, 32  # height and width of the maps, and their channels
DIRECT = ((5, IN, OUT),)  # kernel, channels in, channels out
THROUGH_A_NECK = ((1, IN, NECK), (5, NECK, OUT))
TITLE = "Through the neck of the bottle: a tenth of the multiplications"
DESCRIPTION = (
    "Above, a 5 × 5 convolution from 28 × 28 × 192 straight to 28 × 28 × 32 takes 120,422,400 multiplications. Below, "
    "a 1 × 1 convolution first brings the 192 channels down to 16, for 2,408,448 multiplications, and the 5 × 5 "
    "convolution from 16 to 32 channels takes 10,035,200: together 12,443,648, 89.7 % less."
)


def multiplications(convolutions):
    return [SIZE * SIZE * many * kernel * kernel * channels for kernel, channels, many in convolutions]


def way(y, convolutions, places):
    """One way from left to right, the middle of its maps at y; below it a bar as long as its multiplications."""
    high, parts = 2.4 * SIZE, []
    costs = multiplications(convolutions)
    for (x, end), (kernel, channels, many), cost in zip(pairwise(places), convolutions, costs, strict=True):
        behind = x + 0.7 * channels + 0.35 * high
        parts += [
            arrow((behind + 6, y), (end - 8, y)),
            lines((behind + end) / 2, y - 28, (f"{kernel} × {kernel}", f"{many} filters"), "small"),
            text((behind + end) / 2, y + 22, f"{cost:,}", "small"),
        ]
    for x, channels in zip(places, (IN, *(many for *_, many in convolutions)), strict=True):
        kind = "accent" if channels == NECK else "conv"
        parts += [
            maps(x, y + high / 2 + 8, 0.7 * channels, high, kind),
            text(x + 0.35 * channels + 10, y + high / 2 + 30, f"{SIZE} × {SIZE} × {channels}", "small"),
        ]
    total = sum(costs)
    long = total / sum(multiplications(DIRECT)) * (WIDTH - 2 * MARGIN - 14)
    words = f"{total:,} multiplications" if len(convolutions) == 1 else f"{total:,} together"
    x, style = (MARGIN + 24, "strong") if long > 300 else (MARGIN + 20 + long, "strong")
    bar = rect(MARGIN + 12, y + 84, long, 26, "conv" if len(convolutions) == 1 else "accent", 3)
    return [parts, bar, text(x, y + 102, words, style, "start")]


def draw():
    return figure(TITLE, DESCRIPTION, 418, way(106, DIRECT, (28, 560)), way(292, THROUGH_A_NECK, (28, 340, 560)))
