"""Draws inception_network.svg: GoogLeNet (Szegedy et al. 2014, arXiv:1409.4842)."""

from drawing import MARGIN, arrow, box, figure, rect, text

STAGES = (  # height and width of the maps, (module, its channels)
    (28, (("3a", 256), ("3b", 480))),
    (14, (("4a", 512), ("4b", 512), ("4c", 512), ("4d", 528), ("4e", 832))),
    (7, (("5a", 832), ("5b", 1024))),
)
AUXILIARY = "4a", "4d"
TITLE = "GoogLeNet (2014): nine modules, and two heads on the way"
DESCRIPTION = (
    "From left to right: a stem of three convolutions and two poolings, from 224 × 224 × 3 to 28 × 28 × 192; Inception "
    "modules 3a and 3b with 256 and 480 channels; pooling to 14 × 14; modules 4a to 4e with 512, 512, 512, 528 and 832 "
    "channels; pooling to 7 × 7; modules 5a and 5b with 832 and 1,024 channels; the mean over each channel; a dense "
    "layer with softmax. Behind 4a and 4d an auxiliary head leaves, with a softmax of its own."
)
MODULE, POOL, GAP = 38, 14, 9


def draw():
    y, x = 186, MARGIN
    parts = [box(x + 38, y, 76, 60, ("stem", "3 conv"), "conv"), text(x + 38, y + 106, "224 × 224", "small muted")]
    x += 76
    for number, (size, modules) in enumerate(STAGES):
        if number:
            parts += [arrow((x, y), (x + GAP, y)), rect(x + GAP, y - 30, POOL, 60, "pool", 4)]
            x += GAP + POOL
        start = x + GAP
        for name, channels in modules:
            centre = x + GAP + MODULE / 2
            high = channels / 8
            parts += [
                arrow((x, y), (x + GAP, y)),
                box(centre, y, MODULE, high, name, "conv"),
                text(centre, y + 84, str(channels), "small"),
            ]
            if name in AUXILIARY:
                behind = centre + MODULE / 2 + 4
                parts += [
                    arrow((behind, y), (behind, 104), kind="accent"),
                    box(behind, 82, 112, 42, ("auxiliary head", "softmax"), "dense"),
                ]
            x += GAP + MODULE
        parts.append(text((start + x) / 2, y + 106, f"{size} × {size}", "small muted"))
    parts += [
        arrow((x, y), (x + GAP, y)),
        rect(x + GAP, y - 30, POOL, 60, "pool", 4),
        arrow((x + GAP + POOL, y), (x + 2 * GAP + POOL, y)),
        box(x + 2 * GAP + POOL + 34, y, 68, 42, ("dense", "softmax"), "dense"),
    ]
    legend = "Green: pooling. A module is as high as it has channels; their number stands below it."
    return figure(TITLE, DESCRIPTION, 340, parts, text(MARGIN, 322, legend, "small muted", "start"))
