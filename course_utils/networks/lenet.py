"""LeNet-5 (LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998)."""

import keras
from keras import layers


def lenet5(input_shape=(32, 32, 1), classes=10, original=False):
    """LeNet-5: two convolutions, each followed by pooling, then three dense layers.

    input_shape: (height, width, channels), height and width at least 16. original: average pooling and tanh, as in
    1998, instead of max pooling and ReLU, as today; the rest is the same. Returns a keras.Model that gives
    probabilities (batch, classes); 61,706 parameters with the default arguments, in either form.

    Of 1998 three things are left out: pooling with a weight and a bias of its own, a second convolution that sees only
    some of the channels, and an output layer that compares with drawn digits.
    """
    if original:
        return _lenet5(input_shape, classes, layers.AveragePooling2D, "tanh")
    return _lenet5(input_shape, classes, layers.MaxPooling2D, "relu")


def _lenet5(input_shape, classes, pool, activation, c5_convolves=False):
    """c5_convolves: the first dense layer as a 5x5 convolution, which is the same for pictures of 32x32."""
    x = inputs = keras.Input(input_shape)
    x = layers.Conv2D(6, 5, activation=activation, name="C1")(x)
    x = pool(2, name="S2")(x)
    x = layers.Conv2D(16, 5, activation=activation, name="C3")(x)
    x = pool(2, name="S4")(x)
    if c5_convolves:
        x = layers.Conv2D(120, 5, activation=activation, name="C5")(x)
        x = layers.Flatten(name="flatten")(x)
    else:
        x = layers.Flatten(name="flatten")(x)
        x = layers.Dense(120, activation=activation, name="C5")(x)
    x = layers.Dense(84, activation=activation, name="F6")(x)
    x = layers.Dense(classes, activation="softmax", name="output")(x)
    return keras.Model(inputs, x, name="lenet5")
