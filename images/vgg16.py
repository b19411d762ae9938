"""Draws vgg16.svg: the network of Simonyan and Zisserman 2014 (arXiv:1409.1556), configuration D."""

from drawing import MARGIN, Layer, figure, network, scene, text

LAYERS = (
    Layer("input", ("input",), (224, 224, 3), 0),
    Layer("conv", ("2 × conv", "3 × 3", "same"), (224, 224, 64), 38_720, 2),
    Layer("pool", ("pool",), (112, 112, 64), 0),
    Layer("conv", ("2 × conv", "3 × 3", "same"), (112, 112, 128), 221_440, 2),
    Layer("pool", ("pool",), (56, 56, 128), 0),
    Layer("conv", ("3 × conv", "3 × 3", "same"), (56, 56, 256), 1_475_328, 3),
    Layer("pool", ("pool",), (28, 28, 256), 0),
    Layer("conv", ("3 × conv", "3 × 3", "same"), (28, 28, 512), 5_899_776, 3),
    Layer("pool", ("pool",), (14, 14, 512), 0),
    Layer("conv", ("3 × conv", "3 × 3", "same"), (14, 14, 512), 7_079_424, 3),
    Layer("pool", ("pool",), (7, 7, 512), 0),
    Layer("dense", ("dense",), (4096,), 102_764_544),
    Layer("dense", ("dense",), (4096,), 16_781_312),
    Layer("dense", ("dense",), (1000,), 4_097_000),
)
TITLE = "VGG-16 (2014): one kind of convolution, again and again"
DESCRIPTION = (
    "From left to right: a picture of 224 × 224 × 3; two 3 × 3 convolutions leave 224 × 224 × 64; two 112 × 112 × 128; "
    "three 56 × 56 × 256; three 28 × 28 × 512; three 14 × 14 × 512; behind each of these five stages a 2 × 2 pooling "
    "halves height and width. Then dense layers of 4,096, 4,096 and 1,000 units. Of 138.4 million parameters the first "
    "dense layer alone has 102.8 million."
)
LEGEND = "behind each stage (green): 2 × 2 max pooling, which halves both sides; drawn on a root scale"


def draw():
    widths = {"input": 68, "conv": 62, "pool": 24, "dense": 50}
    return figure(
        TITLE,
        DESCRIPTION,
        374,
        network(LAYERS, widths, 198, lambda size: 7.4 * size**0.5, lambda many: 0.6 * many**0.5, scene()),
        text(MARGIN, 358, LEGEND, "small muted", "start"),
    )
