"""Draws plain_and_residual.svg: the same layers without and with shortcuts (He et al. 2015, arXiv:1512.03385)."""

from drawing import MARGIN, WIDTH, arrow, box, figure, plus, text

TITLE = "The same layers twice: the residual stack adds what came in"
DESCRIPTION = (
    "Two stacks of six convolutions, drawn from left to right. In the plain stack each convolution and its ReLU hand "
    "on to the next, and nothing else. In the residual stack an arc leads around every pair of convolutions, and the "
    "pair's input is added before its last ReLU: the signal, and on its way back the gradient, has a way through that "
    "passes no convolution."
)
START, PAIR = 22, 208  # where the first pair begins, and how long one is


def pair(x, y, shortcut):
    """Two convolutions and their ReLUs, from x to x + PAIR."""
    conv1, relu1, conv2, addition, relu2 = x + 36, x + 78, x + 120, x + 161, x + 196
    parts = [
        arrow((x, y), (conv1 - 18, y)),
        arrow((conv1 + 18, y), (relu1 - 12, y)),
        arrow((relu1 + 12, y), (conv2 - 18, y)),
        arrow((conv2 + 18, y), (addition - 11 if shortcut else relu2 - 12, y)),
        box(conv1, y, 36, 34, "conv", "conv"),
        box(relu1, y, 24, 24, "g", "plain", 12),
        box(conv2, y, 36, 34, "conv", "conv"),
        box(relu2, y, 24, 24, "g", "plain", 12),
    ]
    if shortcut:
        fork, over = x + 5, y - 40
        parts += [
            arrow((addition + 11, y), (relu2 - 12, y)),
            arrow((fork, y), (fork, over), (addition, over), (addition, y - 12), kind="accent"),
            plus(addition, y),
        ]
    return parts


def stack(y, name, formula, shortcut):
    end = START + 3 * PAIR
    return [
        text(MARGIN, y - 58, name, "strong", "start"),
        text(WIDTH - MARGIN, y - 58, formula, "", "end"),
        arrow((MARGIN, y), (START, y), tip=False),
        [pair(START + PAIR * number, y, shortcut) for number in range(3)],
        arrow((end, y), (WIDTH - MARGIN, y)),
    ]


def draw():
    legend = "conv: a 3 × 3 convolution and batch normalisation; g: ReLU; z: what comes out of the second conv"
    return figure(
        TITLE,
        DESCRIPTION,
        290,
        stack(120, "plain", "output of a pair: g(z)", False),
        stack(226, "residual", "output of a pair: g(z + input of the pair)", True),
        text(MARGIN, 274, legend, "small muted", "start"),
    )
