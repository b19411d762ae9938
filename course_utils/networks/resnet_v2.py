"""Residual networks of pre-activation units (He et al. 2016, arXiv:1603.05027): ResNet50V2, 101V2 and 152V2.

Where a unit of 2015 convolves, normalises, applies ReLU, and applies it once more after the addition, a pre-activation
unit normalises and applies ReLU first and convolves last. Nothing stands on the shortcut or behind the addition, so
that what enters a stack reaches its end unchanged: x_L = x_l + sum of F(x_i).

Layers, their names and their places are those of keras.applications: `conv4_block2_1_conv` is the first convolution of
the second block of stage 4, `_0_conv` a block's projection.
"""

import keras
from keras import layers

EPSILON = 1.001e-5  # of every batch normalisation, as in keras.applications

STACKS = ((64, 2), (128, 2), (256, 2), (512, 1))  # filters, stride of the last block; stages 2 to 5


def block2(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    """A pre-activation bottleneck: normalise and activate, then 1x1, kernel_size x kernel_size, 1x1 convolutions.

    x: (batch, height, width, channels), channels = 4 * filters unless conv_shortcut. kernel_size: odd. stride: of the
    middle convolution and of the shortcut. conv_shortcut: the shortcut is a projection of the activated input, not
    the input itself (every stride-th row and column of it). name: prefix of the layers' names, or None for Keras' own.
    Returns (batch, ceil(height / stride), ceil(width / stride), 4 * filters).
    """

    def named(suffix):
        return name and f"{name}_{suffix}"

    preact = _norm_relu(x, named("preact"))
    if conv_shortcut:
        shortcut = layers.Conv2D(4 * filters, 1, strides=stride, name=named("0_conv"))(preact)
    else:
        shortcut = layers.MaxPooling2D(1, strides=stride)(x) if stride > 1 else x

    x = _residual(preact, filters, kernel_size, stride, use_bias=False, name=name)
    return layers.Add(name=named("out"))([shortcut, x])


def _residual(x, filters, kernel_size, stride, use_bias, name):
    """The main path behind the pre-activation. use_bias: of the convolutions before a batch normalisation."""

    def named(suffix):
        return name and f"{name}_{suffix}"

    x = layers.Conv2D(filters, 1, use_bias=use_bias, name=named("1_conv"))(x)
    x = _norm_relu(x, named("1"))
    x = layers.ZeroPadding2D(kernel_size // 2, name=named("2_pad"))(x)
    x = layers.Conv2D(filters, kernel_size, strides=stride, use_bias=use_bias, name=named("2_conv"))(x)
    x = _norm_relu(x, named("2"))
    return layers.Conv2D(4 * filters, 1, name=named("3_conv"))(x)


def stack2(x, filters, blocks, stride1=2, name=None):
    """A stage: a block with a projection, blocks with identity shortcuts, and a last one that has the stride.

    x: (batch, height, width, channels). blocks: how many, at least two. Returns (batch, ceil(height / stride1),
    ceil(width / stride1), 4 * filters).
    """

    def named(block):
        return name and f"{name}_block{block}"

    x = block2(x, filters, conv_shortcut=True, name=named(1))
    for block in range(2, blocks):
        x = block2(x, filters, name=named(block))
    return block2(x, filters, stride=stride1, name=named(blocks))


def ResNet50V2(
    include_top=True,
    preact=True,
    use_bias=True,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
):
    """ResNet of pre-activation units, 50 layers deep, equal to keras.applications.ResNet50V2.

    include_top: end with average pooling and a dense layer of `classes` and `classifier_activation`; without it the
    last feature maps come out, as they are or after `pooling`: None, "avg" or "max". preact: normalise and activate
    after the last unit; if not, after the first convolution, as the networks of 2015 do. use_bias: of the first
    convolution. input_shape: (height, width, channels), at least 32x32 (None: 224x224x3, or pictures of any size
    without the top). Returns a keras.Model; 25,613,800 parameters at 1000 classes. Raises ValueError for a `pooling`
    that it does not know and for pictures that are too small.
    """
    settings = include_top, preact, use_bias, input_shape, pooling, classes, classifier_activation
    return _resnet_v2((3, 4, 6, 3), "resnet50v2", *settings)


def ResNet101V2(
    include_top=True,
    preact=True,
    use_bias=True,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
):
    """As ResNet50V2, 101 layers deep: 44,675,560 parameters at 1000 classes."""
    settings = include_top, preact, use_bias, input_shape, pooling, classes, classifier_activation
    return _resnet_v2((3, 4, 23, 3), "resnet101v2", *settings)


def ResNet152V2(
    include_top=True,
    preact=True,
    use_bias=True,
    input_shape=None,
    pooling=None,
    classes=1000,
    classifier_activation="softmax",
):
    """As ResNet50V2, 152 layers deep: 60,380,648 parameters at 1000 classes."""
    settings = include_top, preact, use_bias, input_shape, pooling, classes, classifier_activation
    return _resnet_v2((3, 8, 36, 3), "resnet152v2", *settings)


def _resnet_v2(depths, name, include_top, preact, use_bias, input_shape, pooling, classes, classifier_activation):
    if pooling not in (None, "avg", "max"):
        raise ValueError(f"pooling is {pooling!r}: choose None, 'avg' or 'max'")
    if input_shape is None:
        input_shape = (224, 224, 3) if include_top else (None, None, 3)
    if min(size or 32 for size in input_shape[:2]) < 32:
        raise ValueError(f"pictures of {input_shape[0]}x{input_shape[1]} are too small: at least 32x32")
    inputs = keras.Input(input_shape)
    x = layers.ZeroPadding2D(3, name="conv1_pad")(inputs)
    x = layers.Conv2D(64, 7, strides=2, use_bias=use_bias, name="conv1_conv")(x)
    if not preact:
        x = _norm_relu(x, "conv1")
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, (blocks, (filters, stride)) in enumerate(zip(depths, STACKS, strict=True), start=2):
        x = stack2(x, filters, blocks, stride, name=f"conv{stage}")
    if preact:
        x = _norm_relu(x, "post")
    if include_top or pooling == "avg":
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    elif pooling == "max":
        x = layers.GlobalMaxPooling2D(name="max_pool")(x)
    if include_top:
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    return keras.Model(inputs, x, name=name)


def _norm_relu(x, name):
    x = layers.BatchNormalization(epsilon=EPSILON, name=name and f"{name}_bn")(x)
    return layers.Activation("relu", name=name and f"{name}_relu")(x)


# The same network as it was once written out block by block, with its mistakes.

FAULTS = {
    "stem_padding": "one row of zeros around the picture, not three: 110x110 and 55x55 for 112x112 and 56x56",
    "stem_activation": "batch normalisation and ReLU after the stem, which the first block applies again",
    "projections": "a convolution on the shortcut of every block, not of the first of a stage",
    "raw_projections": "projections of what enters a block, not of its pre-activation",
    "five_blocks": "five blocks in stage 4, not six",
    "biases": "a bias in each convolution, also before a batch normalisation, which subtracts it again",
}


def hard_coded_resnet50v2(faults=tuple(FAULTS), input_shape=(224, 224, 3), classes=4):
    """ResNet50V2 with some of the FAULTS, all of them by default; with none it is ResNet50V2.

    faults: names out of FAULTS. input_shape: (height, width, channels). Returns a keras.Model that gives probabilities
    (batch, classes); with all faults 35,969,668 parameters for four classes, 42,496 of them not trainable. Its two
    other mistakes lie in the training: a loss from_logits=True, and pictures left in 0..255. Raises ValueError for a
    fault that it does not know.
    """
    faults = set(faults)
    if unknown := faults - set(FAULTS):
        raise ValueError(f"no such fault: {', '.join(sorted(unknown))}; choose among {', '.join(FAULTS)}")
    plan = {  # filters of a stage: strides of its blocks
        64: (1, 1, 2),
        128: (1, 1, 1, 2),
        256: (1, 1, 1, 1, 2) if "five_blocks" in faults else (1, 1, 1, 1, 1, 2),
        512: (1, 1, 1),
    }
    inputs = keras.Input(input_shape)
    x = layers.ZeroPadding2D(1 if "stem_padding" in faults else 3, name="conv1_pad")(inputs)
    x = layers.Conv2D(64, 7, strides=2, name="conv1_conv")(x)
    if "stem_activation" in faults:
        x = _norm_relu(x, "conv1")
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)
    for stage, (filters, strides) in enumerate(plan.items(), start=2):
        for block, stride in enumerate(strides, start=1):
            x = _hard_coded_block(x, filters, stride, block == 1, faults, f"conv{stage}_block{block}")
    x = _norm_relu(x, "post")
    x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
    x = layers.Dense(classes, activation="softmax", name="predictions")(x)
    return keras.Model(inputs, x, name="hard_coded_resnet50v2")


def _hard_coded_block(x, filters, stride, first, faults, name):
    preact = _norm_relu(x, f"{name}_preact")
    shortcut = preact if first and "raw_projections" not in faults else x
    if "projections" in faults and "raw_projections" not in faults:
        shortcut = preact
    pooled = filters == 256 or "projections" not in faults  # the other projections have the stride themselves
    if stride > 1 and pooled:
        shortcut = layers.MaxPooling2D(1, strides=stride, name=f"{name}_0_pool")(shortcut)
    if first or "projections" in faults:
        strides = 1 if pooled else stride
        shortcut = layers.Conv2D(4 * filters, 1, strides=strides, name=f"{name}_0_conv")(shortcut)

    x = _residual(preact, filters, 3, stride, "biases" in faults, name)
    return layers.Add(name=f"{name}_out")([shortcut, x])
