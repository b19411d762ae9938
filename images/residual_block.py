"""Draws residual_block.svg: the two blocks of ResNet50 (He et al. 2015, arXiv:1512.03385)."""

from drawing import arrow, box, column, figure, lines, plus, text

TITLE = "Two residual blocks: the shortcut carries the input as it came, or projected"
DESCRIPTION = (
    "Left, the identity block: the input runs down through a 1 × 1 convolution of F1 filters, batch normalisation and "
    "ReLU, an f × f convolution of F2 filters, batch normalisation and ReLU, a 1 × 1 convolution of F3 filters and "
    "batch normalisation; a shortcut carries the input around all of them to an addition, and a ReLU follows. Right, "
    "the convolutional block: the same, but the first convolution has stride s, and on the shortcut stand a 1 × 1 "
    "convolution of F3 filters and stride s and batch normalisation, without a ReLU."
)


def block(left, name, stride):
    """One block in a panel that begins at `left`; stride: words, or None where the input is added as it is."""
    x, aside = left + 90, left + 254
    steps = (
        ("conv", ("conv 1 × 1, F1", stride or "stride 1")),
        ("plain", "batch norm"),
        ("plain", "ReLU"),
        ("conv", "conv f × f, F2"),
        ("plain", "batch norm"),
        ("plain", "ReLU"),
        ("conv", "conv 1 × 1, F3"),
        ("plain", "batch norm"),
    )
    parts, places = column(x, 122, steps, 144)
    top, bottom = places[0][0], places[-1][1]
    addition, fork = bottom + 30, top - 24
    parts += [
        text(x, 62, name, "strong"),
        text(x, 84, "input X"),
        arrow((x, 90), (x, top)),
        arrow((x, bottom), (x, addition - 11)),
        plus(x, addition),
        text(x - 18, addition + 5, "add", "small", "end"),
        arrow((x, addition + 11), (x, addition + 34)),
        box(x, addition + 46, 144, 24, "ReLU", "plain", 12),
        arrow((x, addition + 58), (x, addition + 80)),
    ]
    shortcut = (x, fork), (aside, fork), (aside, addition), (x + 12, addition)
    if stride:
        projection, norm = 270, 326
        parts += [
            arrow(*shortcut[:2], (aside, projection - 21), kind="accent"),
            box(aside, projection, 130, 42, ("conv 1 × 1, F3", stride), "accent"),
            arrow((aside, projection + 21), (aside, norm - 12), kind="accent", tip=False),
            box(aside, norm, 130, 24, "batch norm", "accent", 12),
            arrow((aside, norm + 12), *shortcut[2:], kind="accent"),
            lines(aside + 10, 366, ("learned,", "no ReLU"), "small muted", "start"),
        ]
    else:
        parts += [
            arrow(*shortcut, kind="accent"),
            lines(aside + 10, 262, ("the input,", "unchanged"), "small", "start"),
        ]
    return parts


def draw():
    return figure(
        TITLE, DESCRIPTION, 572, block(14, "identity block", None), block(344, "convolutional block", "stride s")
    )
