"""1x1 convolutions and the Inception family (Szegedy et al. 2014, arXiv:1409.4842): modules, networks, GoogLeNet."""

import keras
from keras import layers

GOOGLENET = (  # the modules of the paper's Table 1: name, f1, f3_reduce, f3, f5_reduce, f5, f_pool; None: pooling
    ("3a", 64, 96, 128, 16, 32, 32),
    ("3b", 128, 128, 192, 32, 96, 64),
    None,
    ("4a", 192, 96, 208, 16, 48, 64),
    ("4b", 160, 112, 224, 24, 64, 64),
    ("4c", 128, 128, 256, 24, 64, 64),
    ("4d", 112, 144, 288, 32, 64, 64),
    ("4e", 256, 160, 320, 32, 128, 128),
    None,
    ("5a", 256, 160, 320, 32, 128, 128),
    ("5b", 384, 192, 384, 48, 128, 128),
)
AUXILIARY = ("4a", "4d")  # the modules behind which the paper's auxiliary heads leave


def conv1x1(a, W, b):
    """A 1x1 convolution in NumPy: one dense layer, the same at every pixel (Lin et al. 2013, arXiv:1312.4400).

    a: (m, h, w, c_in). W: (c_in, c_out). b: (c_out,). Returns (m, h, w, c_out). Raises ValueError if the channels of a
    are not as many as the rows of W.
    """
    return a @ W + b


def multiplications(h, w, c_in, f, c_out):
    """How many multiplications a 'same' convolution of stride 1 takes for one picture: an int.

    h, w, c_in: size and channels of what goes in. f: size of the kernels. c_out: their number. Zeros of the padding
    count as numbers do. Raises ValueError if one of the five is not a positive integer.
    """
    numbers = h, w, c_in, f, c_out
    if not all(isinstance(n, int) and n > 0 for n in numbers):
        raise ValueError(f"sizes and channels are positive integers, not {numbers}")
    return h * w * c_out * f * f * c_in


def inception_module(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool, name="inception"):
    """The Inception module with bottlenecks (the paper's Figure 2b); every convolution is followed by ReLU.

    x: (batch, height, width, channels). f1, f3, f5, f_pool: filters of the four branches' last convolutions;
    f3_reduce, f5_reduce: of the 1x1 convolutions before 3x3 and 5x5. Returns (batch, height, width,
    f1 + f3 + f5 + f_pool), the branches in this order. The layers' names begin with `name`.
    """
    branch1 = _conv(x, f1, 1, f"{name}_1x1")
    branch3 = _conv(x, f3_reduce, 1, f"{name}_3x3_reduce")
    branch3 = _conv(branch3, f3, 3, f"{name}_3x3")
    branch5 = _conv(x, f5_reduce, 1, f"{name}_5x5_reduce")
    branch5 = _conv(branch5, f5, 5, f"{name}_5x5")
    pooled = layers.MaxPooling2D(3, strides=1, padding="same", name=f"{name}_pool")(x)
    pooled = _conv(pooled, f_pool, 1, f"{name}_pool_proj")
    return layers.Concatenate(name=f"{name}_output")([branch1, branch3, branch5, pooled])


def inception_network(input_shape=(32, 32, 3), classes=10):
    """A small Inception network with two auxiliary heads, for small pictures.

    input_shape: (height, width, channels), height and width at least 16. Returns a keras.Model with the outputs
    [main, auxiliary, auxiliary], each of them probabilities (batch, classes).
    """
    inputs = keras.Input(input_shape)
    x = _conv(inputs, 32, 3, "conv1")
    x = layers.MaxPooling2D(2, name="pool1")(x)
    x = inception_module(x, 16, 24, 32, 8, 16, 16, name="inception_2a")
    first = _small_head(x, classes, "auxiliary1")
    x = layers.MaxPooling2D(2, name="pool2")(x)
    x = inception_module(x, 32, 32, 48, 8, 24, 24, name="inception_3a")
    second = _small_head(x, classes, "auxiliary2")
    x = inception_module(x, 32, 32, 48, 8, 24, 24, name="inception_3b")
    x = layers.MaxPooling2D(2, name="pool3")(x)
    x = inception_module(x, 48, 48, 64, 12, 32, 32, name="inception_4a")
    return keras.Model(inputs, [_small_head(x, classes, "main"), first, second], name="inception_network")


def GoogLeNet(input_shape=(224, 224, 3), classes=1000, auxiliary=False):
    """GoogLeNet as in the paper's Table 1: 22 layers with weights, 6,998,552 parameters for 1,000 classes.

    input_shape: (height, width, channels), height and width at least 32. auxiliary: with the two auxiliary heads of
    training time, which bring it to 13,378,280 parameters at 224x224. Local response normalisation, which has no
    weights, stands where the paper's Figure 3 has it, left out here. Returns a keras.Model that gives probabilities
    (batch, classes), or [main, auxiliary, auxiliary] of them.
    """
    inputs = keras.Input(input_shape)
    x = _conv(inputs, 64, 7, "conv1", strides=2)
    x = _halve(x, "pool1")
    x = _conv(x, 64, 1, "conv2_reduce")
    x = _conv(x, 192, 3, "conv2")
    x = _halve(x, "pool2")
    heads, pools = [], iter(("pool3", "pool4"))
    for row in GOOGLENET:
        if row is None:
            x = _halve(x, next(pools))
            continue
        name, *filters = row
        x = inception_module(x, *filters, name=f"inception_{name}")
        if auxiliary and name in AUXILIARY:
            heads.append(_auxiliary(x, classes, f"auxiliary_{name}"))
    x = layers.GlobalAveragePooling2D(name="average_pool")(x)
    x = layers.Dropout(0.4, name="dropout")(x)
    main = layers.Dense(classes, activation="softmax", name="main")(x)
    return keras.Model(inputs, [main, *heads] if auxiliary else main, name="GoogLeNet")


def _conv(x, filters, f, name, strides=1):
    return layers.Conv2D(filters, f, strides=strides, padding="same", activation="relu", name=name)(x)


def _halve(x, name):
    return layers.MaxPooling2D(3, strides=2, padding="same", name=name)(x)


def _small_head(x, classes, name):
    x = layers.GlobalAveragePooling2D(name=f"{name}_pool")(x)
    return layers.Dense(classes, activation="softmax", name=name)(x)


def _auxiliary(x, classes, name):
    x = layers.AveragePooling2D(5, strides=3, name=f"{name}_pool")(x)
    x = _conv(x, 128, 1, f"{name}_conv")
    x = layers.Dense(1024, activation="relu", name=f"{name}_fc")(layers.Flatten(name=f"{name}_flatten")(x))
    x = layers.Dropout(0.7, name=f"{name}_dropout")(x)
    return layers.Dense(classes, activation="softmax", name=name)(x)
