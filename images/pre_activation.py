"""Draws pre_activation.svg: the original residual unit and the one of He et al. 2016 (arXiv:1603.05027)."""

from drawing import arrow, box, column, figure, plus, text

TITLE = "With the activation first, nothing stands in the shortcut's way"
DESCRIPTION = (
    "Left, the original unit of 2015: convolution, batch normalisation, ReLU, convolution, batch normalisation, then "
    "the addition of the input, then a ReLU, which whatever the shortcut carries must pass. Right, the pre-activation "
    "unit of 2016: batch normalisation, ReLU, convolution, batch normalisation, ReLU, convolution, then the addition, "
    "and nothing after it: from unit to unit the shortcut is an unbroken line."
)
CONV, NORM, RELU = ("conv", "conv 3 × 3"), ("plain", "batch norm"), ("plain", "ReLU")


def unit(x, name, year, steps, after, formula):
    """A unit whose shortcut runs straight down at x, its layers to the right; after: a step behind the addition."""
    right = x + 144
    parts, places = column(right, 132, steps, 130)
    top, bottom = places[0][0], places[-1][1]
    addition, end = 384, 466
    fork = top - 26
    parts += [
        text(x - 10, 62, name, "strong", "start"),
        text(x + 144, 62, year, "small muted", "start"),
        text(x - 12, 96, "in", "", "end"),
        text(x - 12, end + 4, "out", "", "end"),
        arrow((x, 84), (x, addition - 13), kind="accent"),
        arrow((x, fork), (right, fork), (right, top)),
        arrow((right, bottom), (right, addition), (x + 12, addition)),
        plus(x, addition),
        text(right + 76, 240, "F", "strong", "start"),
        text(x + 60, 432, formula, "", "start"),
    ]
    if after:
        parts += [
            arrow((x, addition + 11), (x, addition + 31)),
            box(x, addition + 43, 76, 24, after, "plain", 12),
            arrow((x, addition + 55), (x, end + 10)),
        ]
    else:
        parts.append(arrow((x, addition + 11), (x, end + 10), kind="accent"))
    return parts


def draw():
    original = unit(70, "original unit", "2015", (CONV, NORM, RELU, CONV, NORM), "ReLU", "out = ReLU(in + F(in))")
    proposed = unit(400, "pre-activation unit", "2016", (NORM, RELU, CONV, NORM, RELU, CONV), None, "out = in + F(in)")
    return figure(TITLE, DESCRIPTION, 492, original, proposed)
