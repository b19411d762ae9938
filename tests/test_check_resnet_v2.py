"""block2, stack2 and resnet50v2: right answers keep every point, each mistake gets its own finding."""

import keras
import pytest
from keras import layers, ops

from course_utils import check
from course_utils.networks import resnet_v2

RIGHT, WRONG = {}, {}


def right(function):
    return RIGHT.setdefault(function.__name__, function)


def wrong(points, *codes):
    """codes: of the findings that are no praise, in order; those not reached are left out."""

    def remember(function):
        WRONG[function.__name__] = (function, points, list(codes))
        return function

    return remember


def faults(result):
    return [finding.code for finding in result.findings if finding.mark == "to do"]


# A block in parts, each of which can be exchanged.


def norm_relu(x):
    return layers.ReLU()(layers.BatchNormalization()(x))


def relu_norm(x):
    return layers.BatchNormalization()(layers.ReLU()(x))


def conv(x, filters, f=1, s=1, padding="valid", bias=False, **more):
    return layers.Conv2D(filters, f, strides=s, padding=padding, use_bias=bias, **more)(x)


def middle(x, filters, f, s):
    return conv(layers.ZeroPadding2D(f // 2)(x), filters, f, s)


def sampled(x, s):
    return layers.MaxPooling2D(1, strides=s)(x) if s > 1 else x


def residual(preact, filters, f=3, s=1, step=norm_relu, middle=middle):
    return conv(step(middle(step(conv(preact, filters)), filters, f, s)), 4 * filters, bias=True)


def shortcut(x, preact, filters, s, projected):
    return conv(preact, 4 * filters, 1, s, bias=True) if projected else sampled(x, s)


# A block, right.


@right
def as_in_keras(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = layers.BatchNormalization(axis=3, epsilon=1.001e-5, name=name + "_preact_bn")(x)
    preact = layers.Activation("relu", name=name + "_preact_relu")(preact)
    if conv_shortcut:
        shortcut = layers.Conv2D(4 * filters, 1, strides=stride, name=name + "_0_conv")(preact)
    else:
        shortcut = layers.MaxPooling2D(1, strides=stride)(x) if stride > 1 else x
    x = layers.Conv2D(filters, 1, strides=1, use_bias=False, name=name + "_1_conv")(preact)
    x = layers.BatchNormalization(axis=3, epsilon=1.001e-5, name=name + "_1_bn")(x)
    x = layers.Activation("relu", name=name + "_1_relu")(x)
    x = layers.ZeroPadding2D(padding=((1, 1), (1, 1)), name=name + "_2_pad")(x)
    x = layers.Conv2D(filters, kernel_size, strides=stride, use_bias=False, name=name + "_2_conv")(x)
    x = layers.BatchNormalization(axis=3, epsilon=1.001e-5, name=name + "_2_bn")(x)
    x = layers.Activation("relu", name=name + "_2_relu")(x)
    x = layers.Conv2D(4 * filters, 1, name=name + "_3_conv")(x)
    return layers.Add(name=name + "_out")([shortcut, x])


@right
def written_briefly(x, filters, kernel_size=3, stride=1, conv_shortcut=False):
    preact = norm_relu(x)
    return residual(preact, filters, kernel_size, stride) + shortcut(x, preact, filters, stride, conv_shortcut)


@right
def functions_of_keras_ops(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None, initializer="zeros"):
    preact = ops.relu(layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(x))
    h = ops.maximum(layers.BatchNormalization()(conv(preact, filters, kernel_initializer=initializer)), 0)
    zeros = (kernel_size - 1) // 2
    h = conv(ops.pad(h, ((0, 0), (zeros, zeros), (zeros, zeros), (0, 0))), filters, kernel_size, (stride, stride))
    h = conv(keras.activations.relu(layers.BatchNormalization(-1)(h)), 4 * filters, bias=True)
    return ops.add(shortcut(x, preact, filters, stride, conv_shortcut), h)


@right
def sampled_by_slices(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    carried = conv(preact, 4 * filters, bias=True)[:, ::stride, ::stride, :] if conv_shortcut else None
    carried = x[:, ::stride, ::stride] if carried is None else carried
    return layers.add([residual(preact, filters, kernel_size, stride), carried])


@right
def sampled_by_average_pooling(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    carried = layers.AveragePooling2D((1, 1), (stride, stride))(preact if conv_shortcut else x)
    carried = conv(carried, 4 * filters, bias=True) if conv_shortcut else carried
    return layers.Add()([carried, residual(preact, filters, kernel_size, stride)])


@right
def pooled_whatever_the_stride(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    carried = conv(preact, 4 * filters, 1, stride, bias=True) if conv_shortcut else layers.MaxPool2D(1, stride)(x)
    return layers.Add()([carried, residual(preact, filters, kernel_size, stride)])


@right
def same_where_the_stride_is_one(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    def middle_(x, n, f, s):
        return conv(x, n, f, 1, "same") if s == 1 else middle(x, n, f, s)

    preact = norm_relu(x)
    h = residual(preact, filters, kernel_size, stride, middle=middle_)
    return h + shortcut(x, preact, filters, stride, conv_shortcut)


@right
def a_model_inside(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    inputs = keras.Input(x.shape[1:])
    preact = norm_relu(inputs)
    outputs = [residual(preact, filters, kernel_size, stride), shortcut(inputs, preact, filters, stride, conv_shortcut)]
    return layers.Add()(keras.Model(inputs, outputs)(layers.Identity()(x)))


@right
def a_branch_built_in_a_loop(x, filters, kernel_size=3, stride=1, conv_shortcut=False, *, name=None):
    h = preact = norm_relu(layers.Dropout(0.0)(x))
    for n, f, s in ((filters, 1, 1), (filters, kernel_size, stride), (4 * filters, 1, 1)):
        last = n != filters
        h = layers.ZeroPadding2D((f - 1) // 2)(h) if f > 1 else h
        h = conv(h, n, f, s, bias=last, kernel_regularizer="l2")
        h = h if last else norm_relu(h)
    return layers.Add()([shortcut(x, preact, filters, stride, conv_shortcut), h])


# A block, wrong.


@wrong(3, "shortcut_before_preactivation")
def projection_of_the_input(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    h = residual(norm_relu(x), filters, kernel_size, stride)
    return h + shortcut(x, x, filters, stride, conv_shortcut)


@wrong(3, "shortcut_too_late")
def identity_of_the_preactivation(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    return residual(preact, filters, kernel_size, stride) + shortcut(preact, preact, filters, stride, conv_shortcut)


@wrong(3, "shortcut_pooling_missing")
def pooling_forgotten(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    carried = shortcut(x, preact, filters, stride, conv_shortcut) if conv_shortcut else x
    return residual(preact, filters, kernel_size, stride) + carried


@wrong(3, "wrong_pooling")
def pooling_of_two(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    carried = layers.MaxPooling2D(2, stride, padding="same")(x) if stride > 1 else x
    carried = shortcut(x, preact, filters, stride, True) if conv_shortcut else carried
    return residual(preact, filters, kernel_size, stride) + carried


@wrong(3, "wrong_strides")
def stride_on_the_first_convolution(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = middle(norm_relu(conv(preact, filters, 1, stride)), filters, kernel_size, 1)
    h = conv(norm_relu(h), 4 * filters, bias=True)
    return h + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(2, "extra_layer", "wrong_strides")
def stride_of_two_always(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    return residual(preact, filters, kernel_size, 2) + shortcut(x, preact, filters, 2, conv_shortcut)


@wrong(3, "wrong_order")
def relu_before_normalisation(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = residual(preact, filters, kernel_size, stride, step=relu_norm)
    return h + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "wrong_order")
def relu_before_the_first_normalisation(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = relu_norm(x)
    return residual(preact, filters, kernel_size, stride) + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "bn_missing")
def without_preactivation(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    return residual(x, filters, kernel_size, stride) + shortcut(x, x, filters, stride, conv_shortcut)


@wrong(3, "relu_missing")
def preactivation_without_relu(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = layers.BatchNormalization()(x)
    return residual(preact, filters, kernel_size, stride) + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "bn_missing")
def no_normalisation_inside(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = residual(preact, filters, kernel_size, stride, step=layers.ReLU())
    return h + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "relu_after_add")
def relu_at_the_end(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    return layers.ReLU()(written_briefly(x, filters, kernel_size, stride, conv_shortcut))


@wrong(3, "extra_layer")
def normalised_before_the_addition(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = layers.BatchNormalization()(residual(preact, filters, kernel_size, stride))
    return h + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(4, "needless_bias")
def biases_everywhere(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = norm_relu(conv(preact, filters, bias=True))
    h = norm_relu(conv(layers.ZeroPadding2D(kernel_size // 2)(h), filters, kernel_size, stride, bias=True))
    return conv(h, 4 * filters, bias=True) + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "wrong_bias")
def no_bias_at_all(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = norm_relu(middle(norm_relu(conv(preact, filters)), filters, kernel_size, stride))
    return conv(h, 4 * filters) + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "kernel_size_ignored")
def kernel_of_three(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    return residual(preact, filters, 3, stride) + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(3, "wrong_padding")
def same_with_a_stride(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = residual(preact, filters, kernel_size, stride, middle=lambda x, n, f, s: conv(x, n, f, s, "same"))
    return h + shortcut(x, preact, filters, stride, conv_shortcut)


@wrong(2, "exception", "wrong_filters")
def four_times_forgotten(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    h = norm_relu(middle(norm_relu(conv(preact, filters)), filters, kernel_size, stride))
    carried = conv(preact, filters, 1, stride, bias=True) if conv_shortcut else sampled(x, stride)
    return conv(h, filters, bias=True) + carried


@wrong(3, "shortcut_missing")
def added_to_itself(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    h = residual(norm_relu(x), filters, kernel_size, stride)
    return h + h


@wrong(3, "projection_missing")
def never_projected(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    return residual(preact, filters, kernel_size, stride) + sampled(x, stride)


@wrong(3, "projection_extra")
def always_projected(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    preact = norm_relu(x)
    return residual(preact, filters, kernel_size, stride) + shortcut(x, preact, filters, stride, True)


@wrong(0, "borrowed")
def of_the_course(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    return resnet_v2.block2(x, filters, kernel_size, stride, conv_shortcut, name)


@wrong(0, "borrowed")
def of_the_library(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    from keras.src.applications import resnet

    return resnet.residual_block_v2(x, filters, kernel_size, stride, conv_shortcut, name)


@wrong(0, "unanswered")
def a_stub(x, filters, kernel_size=3, stride=1, conv_shortcut=False, name=None):
    raise check.NotAnswered()


@pytest.mark.parametrize("name", RIGHT)
def test_right_blocks_keep_every_point(name, capsys):
    result = check.run("block2", RIGHT[name], hidden=True)
    assert result.points == 5, result
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_in_a_block_has_its_own_finding(name):
    answer, points, codes = WRONG[name]
    result = check.block2(answer)
    assert (faults(result), result.points) == (codes, points), result
    for finding in result.findings:
        assert "\n" not in finding.message
        assert len(finding.message) < 400
