"""Answers to depthwise_separable: right ones, and wrong ones with the finding and the points of each."""

from keras import activations, layers, ops

RIGHT, WRONG = {}, {}


def right(function):
    return RIGHT.setdefault(function.__name__, function)


def wrong(code, points):
    """code: of the first finding that is to do. points: what is earned all the same."""
    return lambda function: WRONG.setdefault(function.__name__, (function, code, points))


def depthwise(x, kernel_size=3, strides=1, **more):
    return layers.DepthwiseConv2D(kernel_size, strides=strides, **{"padding": "same", "use_bias": False} | more)(x)


def pointwise(x, filters, size=1, **more):
    return layers.Conv2D(filters, size, **{"use_bias": False, "padding": "same"} | more)(x)


def bn_relu(x):
    return layers.ReLU()(layers.BatchNormalization()(x))


@right
def as_described(x, filters, kernel_size=3, strides=1):
    return bn_relu(pointwise(bn_relu(depthwise(x, kernel_size, strides)), filters))


@right
def with_biases_and_other_words(x, filters, kernel_size=3, stride=1):
    x = layers.DepthwiseConv2D((kernel_size, kernel_size), (stride, stride), "same")(x)
    x = layers.Activation("relu")(layers.BatchNormalization(axis=-1, epsilon=1e-5)(x))
    return activations.relu(layers.BatchNormalization()(layers.Conv2D(filters, (1, 1))(x)))


@right
def of_operations(x, filters, kernel_size=3, strides=1, name=None):
    x = ops.relu(layers.BatchNormalization()(depthwise(x, kernel_size, strides, depth_multiplier=1)))
    return ops.relu(layers.BatchNormalization()(pointwise(x, filters, padding="valid")))


@wrong("returned_input", 0)
def nothing(x, filters, kernel_size=3, strides=1):
    return x


@wrong("returned_none", 0)
def no_return(x, filters, kernel_size=3, strides=1):
    as_described(x, filters, kernel_size, strides)


@wrong("layer_missing", 1)
def depthwise_alone(x, filters, kernel_size=3, strides=1):
    return bn_relu(depthwise(x, kernel_size, strides))


@wrong("layer_missing", 1)
def pointwise_alone(x, filters, kernel_size=3, strides=1):
    return bn_relu(pointwise(x, filters, strides=strides))


@wrong("bn_missing", 1)
def second_not_normalised(x, filters, kernel_size=3, strides=1):
    return layers.ReLU()(pointwise(bn_relu(depthwise(x, kernel_size, strides)), filters))


@wrong("relu_missing", 1)
def linear_between(x, filters, kernel_size=3, strides=1):
    x = layers.BatchNormalization()(depthwise(x, kernel_size, strides))
    return bn_relu(pointwise(x, filters))


@wrong("final_relu_missing", 1)
def linear_end(x, filters, kernel_size=3, strides=1):
    x = bn_relu(depthwise(x, kernel_size, strides))
    return layers.BatchNormalization()(pointwise(x, filters))


@wrong("wrong_kernel_size", 1)
def always_three(x, filters, kernel_size=3, strides=1):
    return bn_relu(pointwise(bn_relu(depthwise(x, 3, strides)), filters))


@wrong("wrong_strides", 1)
def strides_ignored(x, filters, kernel_size=3, strides=1):
    return bn_relu(pointwise(bn_relu(depthwise(x, kernel_size)), filters))


@wrong("wrong_strides", 1)
def strides_on_the_second(x, filters, kernel_size=3, strides=1):
    return bn_relu(pointwise(bn_relu(depthwise(x, kernel_size)), filters, strides=strides))


@wrong("wrong_filters", 1)
def filters_ignored(x, filters, kernel_size=3, strides=1):
    return bn_relu(pointwise(bn_relu(depthwise(x, kernel_size, strides)), x.shape[-1]))


@wrong("layer_missing", 1)
def a_usual_convolution(x, filters, kernel_size=3, strides=1):
    x = pointwise(x, x.shape[-1], kernel_size, strides=strides)
    return bn_relu(pointwise(bn_relu(x), filters))


@wrong("layer_missing", 1)
def separable_in_one(x, filters, kernel_size=3, strides=1):
    return bn_relu(layers.SeparableConv2D(filters, kernel_size, strides=strides, padding="same", use_bias=False)(x))


@wrong("wrong_order", 1)
def relu_first(x, filters, kernel_size=3, strides=1):
    x = layers.BatchNormalization()(layers.ReLU()(depthwise(x, kernel_size, strides)))
    return bn_relu(pointwise(x, filters))


@wrong("wrong_order", 1)
def mixed_first(x, filters, kernel_size=3, strides=1):
    return bn_relu(depthwise(bn_relu(pointwise(x, filters)), kernel_size, strides))
