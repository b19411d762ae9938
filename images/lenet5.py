"""Draws lenet5.svg: the network of LeCun and others 1998 (Gradient-Based Learning Applied to Document Recognition)."""

from drawing import Layer, figure, network

LAYERS = (
    Layer("input", ("input",), (32, 32, 1), 0),
    Layer("conv", ("conv", "5 × 5", "stride 1"), (28, 28, 6), 156),
    Layer("pool", ("pool", "2 × 2", "stride 2"), (14, 14, 6), 0),
    Layer("conv", ("conv", "5 × 5", "stride 1"), (10, 10, 16), 2_416),
    Layer("pool", ("pool", "2 × 2", "stride 2"), (5, 5, 16), 0),
    Layer("dense", ("dense",), (120,), 48_120),
    Layer("dense", ("dense",), (84,), 10_164),
    Layer("dense", ("dense",), (10,), 850),
)
TITLE = "LeNet-5 (1998): the maps shrink, their number grows"
DESCRIPTION = (
    "From left to right: a picture of 32 × 32 × 1; after a 5 × 5 convolution 28 × 28 × 6; after 2 × 2 pooling "
    "14 × 14 × 6; after a 5 × 5 convolution 10 × 10 × 16; after pooling 5 × 5 × 16; then dense layers of 120, 84 and "
    "10 units. Parameters: 156, 2,416, 48,120, 10,164 and 850, together 61,706."
)
DIGIT = '<path class="sign" d="M28 32C34 10 72 12 68 34C66 46 54 48 46 49C62 49 76 58 70 74C64 92 32 90 26 70"/>'


def draw():
    widths = dict.fromkeys(("input", "conv", "pool", "dense"), 81)
    return figure(
        TITLE,
        DESCRIPTION,
        342,
        network(LAYERS, widths, 196, lambda size: 3.2 * size, lambda many: many if many > 16 else 2.5 * many, DIGIT),
    )
