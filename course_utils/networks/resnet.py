"""Residual networks of bottleneck blocks (He et al. 2015, arXiv:1512.03385): ResNet50 and the blocks it is made of.

Layers are named as in the first published ResNet: `res4c_branch2b` is the second convolution of the third block of
stage 4, `bn4c_branch2b` its batch normalisation, and `branch1` is a block's projection.
"""

import keras
from keras import layers

EPSILON = 1.001e-5  # of every batch normalisation, as in keras.applications

STAGES = (  # filters of the three convolutions of a block, blocks, stride of the first block
    ((64, 64, 256), 3, 1),
    ((128, 128, 512), 4, 2),
    ((256, 256, 1024), 6, 2),
    ((512, 512, 2048), 3, 2),
)


def identity_block(X, f, filters, stage, block):
    """A residual block whose shortcut carries the input unchanged.

    X: (batch, height, width, F3). f: kernel size of the middle convolution. filters: (F1, F2, F3) of the three
    convolutions. stage, block: a number and a letter for the layers' names. Returns a tensor of the shape of X.
    """
    h = _residual(X, f, filters, f"{stage}{block}_branch2")
    return _add_relu(h, X, f"{stage}{block}")


def convolutional_block(X, f, filters, stage, block, s=2):
    """A residual block whose shortcut is a projection, so that stride and channels can change.

    X: (batch, height, width, channels). s: stride of the first convolution and of the projection; the rest as in
    `identity_block`. Returns (batch, ceil(height / s), ceil(width / s), F3).
    """
    h = _residual(X, f, filters, f"{stage}{block}_branch2", s)
    shortcut = _conv_bn(X, filters[-1], 1, f"{stage}{block}_branch1", s)
    return _add_relu(h, shortcut, f"{stage}{block}")


def zero_pad_shortcut(X, filters, s=2):
    """Match a shortcut to its block without weights (option A of the paper).

    X: (batch, height, width, channels). Every s-th row and column is kept, then channels are padded at the end with
    zeros to `filters`. Returns (batch, ceil(height / s), ceil(width / s), filters). Raises ValueError if `filters`
    is smaller than the channels of X.
    """
    missing = filters - X.shape[-1]
    if missing < 0:
        raise ValueError(f"a shortcut of {X.shape[-1]} channels cannot be padded to {filters}")
    return keras.ops.pad(X[:, ::s, ::s, :], ((0, 0), (0, 0), (0, 0), (0, missing)))


def ResNet50(input_shape=(64, 64, 3), classes=6):
    """ResNet50 for small pictures, of 50 layers with weights: stem, four stages of blocks, softmax head.

    input_shape: (height, width, channels), height and width at least 64. Returns a keras.Model that gives
    probabilities (batch, classes); 23,600,006 parameters for six classes.
    """
    X_input = keras.Input(input_shape)
    X = _stem(X_input)
    X = layers.MaxPooling2D(3, strides=2, name="pool1")(X)
    X = _stages(X)
    X = layers.AveragePooling2D(2, name="avg_pool")(X)
    X = layers.Flatten(name="flatten")(X)
    X = layers.Dense(classes, activation="softmax", name=f"fc{classes}")(X)
    return keras.Model(X_input, X, name="ResNet50")


def resnet50_headless(input_shape=(224, 224, 3)):
    """The convolutional part of ResNet50, equal to keras.applications.ResNet50(include_top=False).

    Returns a keras.Model that gives feature maps (batch, height / 32, width / 32, 2048); 23,587,712 parameters.
    """
    X_input = keras.Input(input_shape)
    X = _stem(X_input)
    X = layers.ZeroPadding2D(1, name="pool1_pad")(X)
    X = layers.MaxPooling2D(3, strides=2, name="pool1")(X)
    return keras.Model(X_input, _stages(X), name="resnet50_headless")


def _stem(X):
    X = layers.ZeroPadding2D(3, name="conv1_pad")(X)
    X = layers.Conv2D(64, 7, strides=2, name="conv1")(X)
    X = layers.BatchNormalization(epsilon=EPSILON, name="bn_conv1")(X)
    return layers.ReLU(name="conv1_relu")(X)


def _stages(X):
    for stage, (filters, blocks, s) in enumerate(STAGES, start=2):
        X = convolutional_block(X, 3, filters, stage, "a", s)
        for block in "bcdef"[: blocks - 1]:
            X = identity_block(X, 3, filters, stage, block)
    return X


def _residual(X, f, filters, name, s=1):
    """What a block adds to its shortcut: a 1x1 convolution that narrows, f x f, a 1x1 that widens again."""
    F1, F2, F3 = filters
    X = _conv_bn(X, F1, 1, f"{name}a", s)
    X = layers.ReLU(name=f"res{name}a_relu")(X)
    X = _conv_bn(X, F2, f, f"{name}b")
    X = layers.ReLU(name=f"res{name}b_relu")(X)
    return _conv_bn(X, F3, 1, f"{name}c")


def _conv_bn(X, filters, f, name, s=1):
    X = layers.Conv2D(filters, f, strides=s, padding="same", name=f"res{name}")(X)
    return layers.BatchNormalization(epsilon=EPSILON, name=f"bn{name}")(X)


def _add_relu(h, shortcut, name):
    X = layers.Add(name=f"res{name}")([h, shortcut])
    return layers.ReLU(name=f"res{name}_relu")(X)
