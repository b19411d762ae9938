"""Draws inception_module.svg: the module 3a of GoogLeNet (Szegedy et al. 2014, arXiv:1409.4842)."""

from drawing import MARGIN, WIDTH, arrow, box, figure, lines, text

F1, F3_REDUCE, F3, F5_REDUCE, F5, F_POOL = FILTERS = 64, 96, 128, 16, 32, 32
SIZE, IN, OUT = 28, 192, F1 + F3 + F5 + F_POOL
TITLE = "An Inception module: four views of the same maps, side by side"
DESCRIPTION = (
    "Maps of 28 × 28 × 192 go four ways, drawn from left to right: a 1 × 1 convolution of 64 filters; a 1 × 1 of 96, "
    "then a 3 × 3 of 128; a 1 × 1 of 16, then a 5 × 5 of 32; a 3 × 3 max pooling of stride 1, then a 1 × 1 of 32. "
    "Height and width stay the same, so that all can be concatenated along the channels: 64 + 128 + 32 + 32 = 256."
)
BRANCHES = (
    (("conv", ("1 × 1", f"{F1} filters")),),
    (("accent", ("1 × 1", f"{F3_REDUCE} filters")), ("conv", ("3 × 3", f"{F3} filters"))),
    (("accent", ("1 × 1", f"{F5_REDUCE} filters")), ("conv", ("5 × 5", f"{F5} filters"))),
    (("pool", ("max pool 3 × 3", "stride 1")), ("conv", ("1 × 1", f"{F_POOL} filters"))),
)


def draw():
    fork, first, second, join, top, step = 128, 217, 371, 456, 78, 58
    middle = top + 1.5 * step
    parts = []
    for row, branch in enumerate(BRANCHES):
        y = top + row * step
        places = (second,) if len(branch) == 1 else (first, second)
        start = (fork, middle), (fork, y), (places[0] - 58, y)
        parts.append(arrow(*(start if y != middle else start[1:])))
        if len(branch) == 2:
            parts.append(arrow((first + 56, y), (second - 58, y)))
        for x, (kind, words) in zip(places, branch, strict=True):
            parts.append(box(x, y, 112, 42, words, kind))
        parts.append(arrow((second + 56, y), (join + 28, y)))
    high = 3 * step + 42
    return figure(
        TITLE,
        DESCRIPTION,
        322,
        lines(MARGIN + 48, middle - 4, ("input", f"{SIZE} × {SIZE} × {IN}")),
        arrow((MARGIN + 102, middle), (fork, middle), tip=False),
        parts,
        box(join + 56, middle, 52, high, "concat"),
        arrow((join + 82, middle), (join + 107, middle)),
        lines(WIDTH - MARGIN - 48, middle - 4, ("output", f"{SIZE} × {SIZE} × {OUT}")),
        text(
            MARGIN,
            306,
            "Every convolution is followed by a ReLU. The 1 × 1 convolutions in orange are the bottlenecks.",
            "small muted",
            "start",
        ),
    )
