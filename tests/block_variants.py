"""Residual blocks as learners write them: RIGHT and WRONG ones, for the judge to tell apart.

Each is a function of (x, f, filters, s); an identity block has s=1 and as many channels going in as coming out. WRONG
ones come with the code of the finding that they deserve.
"""

import keras
from keras import layers, ops


def conv(x, filters, f=1, s=1, padding="valid", **more):
    return layers.Conv2D(filters, f, strides=s, padding=padding, **more)(x)


def bn(x):
    return layers.BatchNormalization(axis=3)(x)


def relu(x):
    return layers.Activation("relu")(x)


def unit(x, filters, f=1, s=1, padding="valid"):
    return relu(bn(conv(x, filters, f, s, padding)))


def residual(x, f, filters, s=1):
    F1, F2, F3 = filters
    return bn(conv(unit(unit(x, F1, 1, s), F2, f, 1, "same"), F3))


def projection(x, filters, s):
    return bn(conv(x, filters, 1, s))


RIGHT = {"identity": {}, "projection": {}}
WRONG = {"identity": {}, "projection": {}}


def right(kind):
    return lambda function: RIGHT[kind].setdefault(function.__name__, function)


def wrong(kind, code):
    def remember(function):
        WRONG[kind][function.__name__] = (function, code)
        return function

    return remember


# Right: an identity block.


@right("identity")
def add_layer_shortcut_first(x, f, filters, s):
    return layers.ReLU()(layers.Add()([x, residual(x, f, filters)]))


@right("identity")
def plus_and_activation(x, f, filters, s):
    return relu(residual(x, f, filters) + x)


@right("identity")
def functions_of_keras_ops(x, f, filters, s):
    h = ops.relu(layers.BatchNormalization(name="one")(layers.Conv2D(filters[0], (1, 1), name="two")(x)))
    h = keras.activations.relu(layers.BatchNormalization(-1)(layers.Conv2D(filters[1], (f, f), (1, 1), "same")(h)))
    h = layers.BatchNormalization(axis=-1)(layers.Conv2D(kernel_size=1, filters=filters[2], padding="SAME")(h))
    return ops.maximum(ops.add(x, h), 0)


@right("identity")
def other_epsilon_momentum_and_initializers(x, f, filters, s):
    h = x
    for number, (n, k) in enumerate(zip(filters, (1, f, 1), strict=True)):
        start = keras.initializers.RandomUniform(-1, 1, seed=number)
        h = layers.Conv2D(
            n, k, padding="same", kernel_initializer=start, kernel_regularizer="l2", bias_initializer="ones"
        )(h)
        h = layers.BatchNormalization(epsilon=1e-5, momentum=0.9, gamma_initializer="zeros")(h)
        h = h if number == 2 else layers.ReLU()(h)
    return layers.ReLU()(layers.add([h, x]))


@right("identity")
def zero_padding_and_valid(x, f, filters, s):
    side = ((f - 1) // 2, f // 2)  # as 'same' pads: of an odd number of zeros the last one at the end
    h = layers.ZeroPadding2D((side, side))(unit(x, filters[0]))
    return relu(x + bn(conv(unit(h, filters[1], f), filters[2])))


@right("identity")
def a_sequential_inside(x, f, filters, s):
    path = keras.Sequential(
        [
            layers.Conv2D(filters[0], 1),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(filters[1], f, padding="same"),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(filters[2], 1),
            layers.BatchNormalization(),
        ]
    )
    return relu(path(x) + x)


@right("identity")
def a_model_inside(x, f, filters, s):
    inputs = keras.Input(x.shape[1:])
    path = keras.Model(inputs, residual(inputs, f, filters))
    return relu(layers.Add()([path(x), layers.Identity()(x)]))


@right("identity")
def always_training(x, f, filters, s, training=True):
    h = x
    for number, (n, k) in enumerate(zip(filters, (1, f, 1), strict=True)):
        h = layers.BatchNormalization(axis=3)(layers.Conv2D(n, k, padding="same")(h), training=training)
        h = h if number == 2 else relu(h)
    return relu(h + x)


@right("identity")
def without_bias(x, f, filters, s):
    h = relu(bn(conv(x, filters[0], use_bias=False)))
    h = relu(bn(conv(h, filters[1], f, padding="same", use_bias=False)))
    return relu(x + bn(conv(h, filters[2], use_bias=False)))


@right("identity")
def one_relu_for_all(x, f, filters, s):
    relu = layers.ReLU()
    h = relu(bn(conv(x, filters[0])))
    h = relu(bn(conv(h, filters[1], f, padding="same")))
    return relu(bn(conv(h, filters[2])) + x)


@right("identity")
def activations_as_arguments(x, f, filters, s):
    """A linear activation named, a layer as an activation, dropout that does nothing at inference."""
    h = layers.Activation(layers.ReLU())(bn(conv(x, filters[0], activation="linear")))
    h = layers.Dropout(0.1)(layers.Activation(keras.activations.relu)(bn(conv(h, filters[1], f, padding="same"))))
    return layers.Activation(ops.relu)(bn(conv(h, filters[2], activation=None)) + x)


# Right: a convolutional block.


@right("projection")
def shortcut_first(x, f, filters, s):
    shortcut = projection(x, filters[2], s)
    return relu(layers.Add()([residual(x, f, filters, s), shortcut]))


@right("projection")
def shortcut_last_and_plus(x, f, filters, s):
    h = residual(x, f, filters, s)
    return ops.relu(projection(x, filters[2], s) + h)


@right("projection")
def same_everywhere(x, f, filters, s):
    h = unit(x, filters[0], (1, 1), (s, s), "same")
    h = bn(conv(unit(h, filters[1], (f, f), (1, 1), "same"), filters[2], padding="same"))
    return relu(layers.add([h, bn(conv(x, filters[2], 1, s, "same"))]))


@right("projection")
def zeros_by_hand(x, f, filters, s):
    side = ((f - 1) // 2, f // 2)
    h = ops.pad(unit(x, filters[0], 1, s), ((0, 0), side, side, (0, 0)))
    return relu(bn(conv(unit(h, filters[1], f), filters[2])) + projection(x, filters[2], s))


# Wrong, in either block.


SHORTCUT = {"identity": lambda x, filters, s: x, "projection": lambda x, filters, s: projection(x, filters[2], s)}


for kind in WRONG:
    shortcut = SHORTCUT[kind]

    @wrong(kind, "shortcut_missing")
    def main_path_added_to_itself(x, f, filters, s):
        h = residual(x, f, filters, s)
        return relu(layers.Add()([h, h]))

    @wrong(kind, "shortcut_missing")
    def no_addition(x, f, filters, s):
        return relu(residual(x, f, filters, s))

    @wrong(kind, "relu_before_add")
    def relu_before_and_after(x, f, filters, s, shortcut=shortcut):
        return relu(relu(residual(x, f, filters, s)) + shortcut(x, filters, s))

    @wrong(kind, "relu_before_add")
    def relu_before_instead_of_after(x, f, filters, s, shortcut=shortcut):
        return relu(residual(x, f, filters, s)) + shortcut(x, filters, s)

    @wrong(kind, "relu_on_shortcut")
    def relu_on_shortcut(x, f, filters, s, shortcut=shortcut):
        return relu(residual(x, f, filters, s) + relu(shortcut(x, filters, s)))

    @wrong(kind, "final_relu_missing")
    def no_final_relu(x, f, filters, s, shortcut=shortcut):
        return residual(x, f, filters, s) + shortcut(x, filters, s)

    @wrong(kind, "bn_missing")
    def first_bn_missing(x, f, filters, s, shortcut=shortcut):
        h = unit(relu(conv(x, filters[0], 1, s)), filters[1], f, 1, "same")
        return relu(bn(conv(h, filters[2])) + shortcut(x, filters, s))

    @wrong(kind, "bn_missing")
    def last_bn_missing(x, f, filters, s, shortcut=shortcut):
        h = unit(unit(x, filters[0], 1, s), filters[1], f, 1, "same")
        return relu(conv(h, filters[2]) + shortcut(x, filters, s))

    @wrong(kind, "bn_missing")
    def no_bn_at_all(x, f, filters, s):
        h = relu(conv(relu(conv(x, filters[0], 1, s)), filters[1], f, padding="same"))
        return relu(conv(h, filters[2]) + (x if s == 1 else conv(x, filters[2], 1, s)))

    @wrong(kind, "wrong_order")
    def relu_before_bn(x, f, filters, s, shortcut=shortcut):
        h = unit(bn(relu(conv(x, filters[0], 1, s))), filters[1], f, 1, "same")
        return relu(bn(conv(h, filters[2])) + shortcut(x, filters, s))

    @wrong(kind, "wrong_activation")
    def elu(x, f, filters, s, shortcut=shortcut):
        h = layers.ELU()(bn(conv(unit(x, filters[0], 1, s), filters[1], f, padding="same")))
        return relu(bn(conv(h, filters[2])) + shortcut(x, filters, s))

    @wrong(kind, "wrong_activation")
    def leaky(x, f, filters, s, shortcut=shortcut):
        h = layers.LeakyReLU()(bn(conv(x, filters[0], 1, s)))
        h = layers.LeakyReLU()(bn(conv(h, filters[1], f, padding="same")))
        return layers.LeakyReLU()(bn(conv(h, filters[2])) + shortcut(x, filters, s))

    @wrong(kind, "relu_missing")
    def second_relu_missing(x, f, filters, s, shortcut=shortcut):
        h = bn(conv(unit(x, filters[0], 1, s), filters[1], f, padding="same"))
        return relu(bn(conv(h, filters[2])) + shortcut(x, filters, s))

    @wrong(kind, "kernel_size_ignored")
    def kernel_of_three(x, f, filters, s, shortcut=shortcut):
        return relu(residual(x, 3, filters, s) + shortcut(x, filters, s))

    @wrong(kind, "wrong_kernel_size")
    def kernel_on_the_first(x, f, filters, s, shortcut=shortcut):
        h = unit(unit(x, filters[0], f, s, "same"), filters[1])
        return relu(bn(conv(h, filters[2])) + shortcut(x, filters, s))

    @wrong(kind, "wrong_filters")
    def filters_swapped(x, f, filters, s, shortcut=shortcut):
        F1, F2, F3 = filters
        return relu(residual(x, f, (F2, F1, F3), s) + shortcut(x, filters, s))

    @wrong(kind, "wrong_filters")
    def filters_of_the_first(x, f, filters, s, shortcut=shortcut):
        F1, _, F3 = filters
        return relu(residual(x, f, (F1, F1, F3), s) + shortcut(x, filters, s))

    @wrong(kind, "extra_layer")
    def one_convolution_more(x, f, filters, s, shortcut=shortcut):
        h = unit(unit(unit(x, filters[0], 1, s), filters[1], f, 1, "same"), filters[1], f, 1, "same")
        return relu(bn(conv(h, filters[2])) + shortcut(x, filters, s))

    @wrong(kind, "layer_missing")
    def one_convolution_less(x, f, filters, s, shortcut=shortcut):
        return relu(bn(conv(unit(x, filters[0], 1, s), filters[2])) + shortcut(x, filters, s))

    @wrong(kind, "wrong_merge")
    def averaged(x, f, filters, s, shortcut=shortcut):
        return relu(layers.Average()([residual(x, f, filters, s), shortcut(x, filters, s)]))

    @wrong(kind, "wrong_merge")
    def concatenated(x, f, filters, s, shortcut=shortcut):
        return relu(layers.Concatenate()([residual(x, f, filters, s), shortcut(x, filters, s)]))

    @wrong(kind, "wrong_merge")
    def side_by_side(x, f, filters, s, shortcut=shortcut):
        return relu(layers.Concatenate(axis=1)([residual(x, f, filters, s), shortcut(x, filters, s)]))

    @wrong(kind, "wrong_merge")
    def larger_kept(x, f, filters, s, shortcut=shortcut):
        return relu(ops.maximum(residual(x, f, filters, s), shortcut(x, filters, s)))


@wrong("identity", "shortcut_too_late")
def saved_after_the_first_relu(x, f, filters, s):
    h = shortcut = unit(x, filters[0])
    return relu(bn(conv(unit(h, filters[1], f, 1, "same"), filters[2])) + shortcut)


@wrong("identity", "shortcut_overwrites")
def shortcut_overwritten(x, f, filters, s):
    h = residual(x, f, filters)
    return relu(h + bn(h))


@wrong("identity", "projection_extra")
def projection_in_an_identity_block(x, f, filters, s):
    return relu(residual(x, f, filters) + projection(x, filters[2], s))


@wrong("identity", "extra_layer")
def bn_on_the_shortcut(x, f, filters, s):
    return relu(residual(x, f, filters) + bn(x))


@wrong("identity", "layer_shared")
def one_bn_for_all(x, f, filters, s):
    norm = layers.BatchNormalization()
    h = x
    for _ in range(2):
        h = relu(norm(conv(h, filters[2], f, padding="same")))
    return relu(norm(conv(h, filters[2])) + x)


@wrong("projection", "shortcut_overwrites")
def projection_overwritten(x, f, filters, s):
    h = residual(x, f, filters, s)
    shortcut = conv(x, filters[2], 1, s)
    shortcut = bn(h)
    return relu(h + shortcut)


@wrong("projection", "projection_missing")
def pooling_for_projection(x, f, filters, s):
    h = layers.AveragePooling2D(1, s)(x)
    return relu(residual(x, f, filters, s) + ops.pad(h, [[0, 0], [0, 0], [0, 0], [0, filters[2] - x.shape[-1]]]))


@wrong("projection", "bn_missing")
def no_bn_on_the_projection(x, f, filters, s):
    return relu(residual(x, f, filters, s) + conv(x, filters[2], 1, s))


@wrong("projection", "wrong_kernel_size")
def wide_projection(x, f, filters, s):
    return relu(residual(x, f, filters, s) + bn(conv(x, filters[2], 3, s, "same")))


@wrong("projection", "shortcut_too_late")
def projection_of_the_first_relu(x, f, filters, s):
    h = first = unit(x, filters[0], 1, s)
    return relu(bn(conv(unit(h, filters[1], f, 1, "same"), filters[2])) + projection(first, filters[2], 1))


@wrong("projection", "wrong_strides")
def stride_forgotten(x, f, filters, s):
    return relu(residual(x, f, filters) + projection(x, filters[2], 1))


@wrong("projection", "wrong_strides")
def stride_on_the_second(x, f, filters, s):
    h = unit(unit(x, filters[0]), filters[1], f, s, "same")
    return relu(bn(conv(h, filters[2])) + projection(x, filters[2], s))


@wrong("projection", "wrong_strides")
def stride_of_two_always(x, f, filters, s):
    return relu(residual(x, f, filters, 2) + projection(x, filters[2], 2))


@wrong("projection", "strides_everywhere")
def strides_on_all(x, f, filters, s):
    h = unit(unit(x, filters[0], 1, s), filters[1], f, s, "same")
    return relu(bn(conv(h, filters[2], 1, s)) + projection(x, filters[2], s**3))
