"""Draws alexnet.svg: the network of Krizhevsky, Sutskever and Hinton 2012, in a single tower."""

from drawing import MARGIN, Layer, figure, network, scene, text

LAYERS = (
    Layer("input", ("input",), (227, 227, 3), 0),
    Layer("conv", ("conv", "11 × 11", "stride 4"), (55, 55, 96), 34_944),
    Layer("pool", ("pool", "3 × 3", "stride 2"), (27, 27, 96), 0),
    Layer("conv", ("conv", "5 × 5", "same"), (27, 27, 256), 614_656),
    Layer("pool", ("pool", "3 × 3", "stride 2"), (13, 13, 256), 0),
    Layer("conv", ("conv", "3 × 3", "same"), (13, 13, 384), 885_120),
    Layer("conv", ("conv", "3 × 3", "same"), (13, 13, 384), 1_327_488),
    Layer("conv", ("conv", "3 × 3", "same"), (13, 13, 256), 884_992),
    Layer("pool", ("pool", "3 × 3", "stride 2"), (6, 6, 256), 0),
    Layer("dense", ("dense",), (4096,), 37_752_832),
    Layer("dense", ("dense",), (4096,), 16_781_312),
    Layer("dense", ("dense",), (1000,), 4_097_000),
)
TITLE = "AlexNet (2012): 59 of its 62 million parameters are dense"
DESCRIPTION = (
    "From left to right: a picture of 227 × 227 × 3; an 11 × 11 convolution of stride 4 leaves 55 × 55 × 96, pooling "
    "27 × 27 × 96; a 5 × 5 convolution 27 × 27 × 256, pooling 13 × 13 × 256; three 3 × 3 convolutions 384, 384 and "
    "256 maps of 13 × 13, pooling 6 × 6 × 256; then dense layers of 4,096, 4,096 and 1,000 units. The dense layers "
    "have 58.6 of 62.4 million parameters."
)


def draw():
    widths = {"input": 78, "conv": 54, "pool": 53, "dense": 48}
    return figure(
        TITLE,
        DESCRIPTION,
        374,
        network(LAYERS, widths, 198, lambda size: 7.4 * size**0.5, lambda many: 1.5 * many**0.5, scene()),
        text(MARGIN, 358, "heights and lengths are drawn on a root scale", "small muted", "start"),
    )
