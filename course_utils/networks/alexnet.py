"""AlexNet (Krizhevsky and others, "ImageNet classification with deep convolutional neural networks", NIPS 2012)."""

import keras
import numpy as np
from keras import layers, ops


def local_response_normalization(a, n=5, k=2.0, alpha=1e-4, beta=0.75):
    """Divide each number by a measure of what its neighbours along the channels say (section 3.3 of the paper).

        b_i = a_i / (k + alpha * sum of a_j ** 2) ** beta,  j from max(0, i - n // 2) to min(c - 1, i + n // 2)

    a: array (m, h, w, c). n: channels in a window, odd. Returns an array of the shape of a, of its own floating dtype,
    float64 for integers. `tf.nn.local_response_normalization` calls n // 2 depth_radius and k bias; it has other
    defaults. Some versions, such as PyTorch's, divide alpha by n; the paper does not.
    """
    a = np.asarray(a)
    a = a if np.issubdtype(a.dtype, np.floating) else a.astype("float64")
    side, channels = n // 2, a.shape[-1]
    squares = np.pad(a**2, ((0, 0), (0, 0), (0, 0), (side, side)))
    near = sum(squares[..., shift : shift + channels] for shift in range(2 * side + 1))
    return (a / (k + alpha * near) ** beta).astype(a.dtype)


@keras.saving.register_keras_serializable("course_utils")
class LocalResponseNormalization(layers.Layer):
    """`local_response_normalization` as a layer of a network, without weights."""

    def __init__(self, n=5, k=2.0, alpha=1e-4, beta=0.75, **kwargs):
        super().__init__(**kwargs)
        self.n, self.k, self.alpha, self.beta = n, k, alpha, beta

    def call(self, a):
        side, channels = self.n // 2, a.shape[-1]
        squares = ops.pad(ops.square(a), ((0, 0), (0, 0), (0, 0), (side, side)))
        near = sum(squares[..., shift : shift + channels] for shift in range(2 * side + 1))
        return a * ops.power(self.k + self.alpha * near, -self.beta)

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {**super().get_config(), "n": self.n, "k": self.k, "alpha": self.alpha, "beta": self.beta}


def alexnet(input_shape=(227, 227, 3), classes=1000, groups=1):
    """AlexNet in a single tower: five convolutions, three max poolings, three dense layers.

    input_shape: (height, width, channels), height and width at least 67. groups: with 2 the second, fourth and fifth
    convolutions see half of the channels, as in 2012, when the network was spread over two graphics cards. Returns a
    keras.Model that gives probabilities (batch, classes); 62,378,344 parameters, in two groups 60,965,224.
    """
    return _alexnet(input_shape, classes, groups, after_relu=LocalResponseNormalization)


def _alexnet(input_shape, classes, groups=1, before_relu=layers.Identity, after_relu=layers.Identity):
    """before_relu, after_relu: the layers that normalise the first two convolutions."""
    x = inputs = keras.Input(input_shape)
    x = layers.Conv2D(96, 11, strides=4, name="conv1")(x)
    x = after_relu()(layers.ReLU()(before_relu()(x)))
    x = layers.MaxPooling2D(3, strides=2, name="pool1")(x)
    x = layers.Conv2D(256, 5, padding="same", groups=groups, name="conv2")(x)
    x = after_relu()(layers.ReLU()(before_relu()(x)))
    x = layers.MaxPooling2D(3, strides=2, name="pool2")(x)
    x = layers.Conv2D(384, 3, padding="same", activation="relu", name="conv3")(x)
    x = layers.Conv2D(384, 3, padding="same", groups=groups, activation="relu", name="conv4")(x)
    x = layers.Conv2D(256, 3, padding="same", groups=groups, activation="relu", name="conv5")(x)
    x = layers.MaxPooling2D(3, strides=2, name="pool5")(x)
    x = layers.Flatten(name="flatten")(x)
    for name in "fc6", "fc7":
        x = layers.Dense(4096, activation="relu", name=name)(x)
        x = layers.Dropout(0.5)(x)
    x = layers.Dense(classes, activation="softmax", name="fc8")(x)
    return keras.Model(inputs, x, name="alexnet")
