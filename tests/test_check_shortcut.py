"""zero_pad_shortcut: right answers in many spellings keep every point, each mistake gets its own finding."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf
from answers import no_word_twice
from keras import layers, ops

from course_utils import check
from course_utils.networks import resnet

RIGHT, WRONG = {}, {}


def right(function):
    RIGHT[function.__name__] = function
    return function


def wrong(code, points):
    def keep(function):
        WRONG[function.__name__] = function, code, points
        return function

    return keep


def behind(X, filters, **options):
    return ops.pad(X, ((0, 0), (0, 0), (0, 0), (0, filters - X.shape[-1])), **options)


# Right.


@right
def ops_pad(X, filters, s=2):
    missing = filters - X.shape[-1]
    if missing < 0:
        raise ValueError(f"{X.shape[-1]} channels are more than {filters}")
    return ops.pad(X[:, ::s, ::s, :], [[0, 0], [0, 0], [0, 0], [0, missing]])


@right
def tensorflow_in_a_lambda(x, filters, stride=2):
    missing = filters - x.shape[-1]
    return layers.Lambda(lambda x: tf.pad(x[:, ::stride, ::stride], [[0, 0], [0, 0], [0, 0], [0, missing]]))(x)


@right
def zeros_of_the_picture(X, filters, s=2):
    X = X[:, ::s, ::s]
    missing = filters - X.shape[-1]
    zeros = ops.zeros_like(X[..., :1])
    return layers.Concatenate()([X] + [zeros] * missing) if missing else X


@right
def concatenated_zeros(X, filters, s=2, **more):
    X = layers.MaxPooling2D(1, strides=s)(X)
    shape = *ops.shape(X)[:-1], filters - X.shape[-1]
    return ops.concatenate([X, ops.zeros_like(ops.repeat(X[..., :1], shape[-1], axis=-1))], axis=-1) if shape[-1] else X


@right
def average_of_one(X, filters, *, s=2):
    return behind(layers.AveragePooling2D(pool_size=(1, 1), strides=(s, s), padding="same")(X), filters)


@right
def zero_padding_layer_on_turned_axes(X, filters, s=2):
    X = layers.Permute((3, 1, 2))(layers.MaxPooling2D(1, s)(X))
    X = layers.ZeroPadding2D(((0, filters - X.shape[1]), (0, 0)), data_format="channels_last")(X)
    return layers.Permute((2, 3, 1))(X)


class Shortcut(layers.Layer):
    def __init__(self, filters, s):
        super().__init__()
        self.filters, self.s = filters, s

    def call(self, X):
        return behind(X[:, :: self.s, :: self.s], self.filters)


@right
def a_layer(X, filters, s=2):
    return Shortcut(filters, s)(X)


@right
def rows_by_index(X, filters, s=2):
    X = ops.take(ops.take(X, np.arange(0, X.shape[1], s), axis=1), np.arange(0, X.shape[2], s), axis=2)
    return behind(X, filters) if filters > X.shape[-1] else X


@right
def fixed_convolution(X, filters, s=2):
    """The same by a product with a rectangle of ones and zeros, which is no weight."""
    return ops.matmul(X[:, ::s, ::s], np.eye(X.shape[-1], filters, dtype="float32"))


RIGHT["a_partial_function"] = functools.partial(ops_pad)
RIGHT["with_everything_optional"] = lambda X, filters=4, s=2, training=None: ops_pad(X, filters, s)


@pytest.mark.parametrize("name", RIGHT)
def test_right_ways_keep_every_point(name):
    result = check.run("zero_pad_shortcut", RIGHT[name], hidden=True, seed=1)
    todo = [finding for finding in result.findings if not finding.passed]
    if name in ("fixed_convolution", "zeros_of_the_picture", "rows_by_index"):  # no error where filters are too few
        assert todo.pop().code == "too_few_filters"
    assert todo == []
    assert result.points == 3


def test_a_tensorflow_function_is_told_what_to_take():
    assert "Those of `keras.ops` do." in check.zero_pad_shortcut(tensorflow).findings[2].message
    assert check.zero_pad_shortcut(ops_pad).findings[2].code == "in_a_model"


# Wrong.


@wrong("pooled", 2)
def max_pooling(X, filters, s=2):
    return behind(layers.MaxPooling2D(s, strides=s, padding="same")(X), filters)


@wrong("pooled", 2)
def average_pooling(X, filters, s=2):
    return behind(layers.AveragePooling2D(s, padding="same")(X), filters)


@wrong("pooled", 2)
def pooling_of_three(X, filters, s=2):
    return behind(layers.MaxPooling2D(3, strides=s, padding="same")(X), filters)


@wrong("stride_ignored", 2)
def stride_ignored(X, filters, s=2):
    return behind(X, filters)


@wrong("stride_ignored", 2)
def stride_hard_coded(X, filters, s=2):
    return behind(X[:, ::2, ::2], filters)


@wrong("wrong_size", 0)
def kernel_of_three(X, filters, s=2):
    return behind(layers.MaxPooling2D(3, strides=s + 1)(ops.pad(X, ((0, 0), (1, 1), (1, 1), (0, 0)))), filters)


@wrong("exception", 2)
def offset(X, filters, s=2):
    return behind(X[:, s - 1 :: s, s - 1 :: s], filters) if X.shape[1] % s == 0 else 1 // 0


@wrong("offset", 2)
def offset_of_one(X, filters, s=2):
    size = ops.shape(X[:, ::s, ::s])
    X = ops.pad(X, ((0, 0), (0, s), (0, s), (0, 0)))[:, s - 1 :: s, s - 1 :: s]
    return behind(X[:, : size[1], : size[2]], filters)


@wrong("one_axis", 2)
def rows_only(X, filters, s=2):
    return behind(X[:, ::s], filters)


@wrong("cropped", 2)
def cropped(X, filters, s=2):
    return behind(X[:, : -(-X.shape[1] // s), : -(-X.shape[2] // s)], filters)


@wrong("rounded_down", 2)
def rounded_down(X, filters, s=2):
    return behind(X[:, : X.shape[1] // s * s : s, : X.shape[2] // s * s : s], filters)


@wrong("relu_on_shortcut", 2)
def with_a_relu(X, filters, s=2):
    return ops.relu(behind(X[:, ::s, ::s], filters))


@wrong("zeros_in_front", 2)
def zeros_in_front(X, filters, s=2):
    return ops.pad(X[:, ::s, ::s], ((0, 0), (0, 0), (0, 0), (filters - X.shape[-1], 0)))


@wrong("zeros_on_both_sides", 2)
def both_sides(X, filters, s=2):
    before = (filters - X.shape[-1]) // 2
    return ops.pad(X[:, ::s, ::s], ((0, 0), (0, 0), (0, 0), (before, filters - X.shape[-1] - before)))


@wrong("not_zeros", 2)
def ones(X, filters, s=2):
    return behind(X[:, ::s, ::s], filters, mode="constant", constant_values=1)


@wrong("channels_repeated", 2)
def repeated(X, filters, s=2):
    X = X[:, ::s, ::s]
    return ops.concatenate([X] + [X[..., -1:]] * (filters - X.shape[-1]), axis=-1)


@wrong("no_padding", 2)
def only_sampled(X, filters, s=2):
    return X[:, ::s, ::s]


@wrong("wrong_channels", 2)
def always_doubled(X, filters, s=2):
    return behind(X[:, ::s, ::s], 2 * X.shape[-1])


@wrong("wrong_channels", 2)
def filters_are_added(X, filters, s=2):
    return behind(X[:, ::s, ::s], X.shape[-1] + filters)


@wrong("zeros_around", 2)
def zeros_around_the_picture(X, filters, s=2):
    missing = filters - X.shape[-1]
    return ops.pad(X[:, ::s, ::s], ((0, 0), (0, missing), (0, missing), (0, 0)))


@wrong("stride_ignored", 0)
def nothing_done(X, filters, s=2):
    return X


@wrong("other_numbers", 0)
def projection(X, filters, s=2):
    return layers.Conv2D(filters, 1, strides=s)(X)


@wrong("has_weights", 2)
def convolution_that_copies(X, filters, s=2):
    def copies(shape, dtype):
        return ops.reshape(ops.eye(shape[-1], dtype=dtype), shape)

    same = layers.Conv2D(X.shape[-1], 1, strides=s, use_bias=False, kernel_initializer=copies, trainable=False)
    return behind(same(X), filters)


@wrong("not_in_a_model", 2)
def by_numpy(X, filters, s=2):
    X = np.asarray(X)[:, ::s, ::s]
    return np.pad(X, ((0, 0), (0, 0), (0, 0), (0, filters - X.shape[-1])))


@wrong("not_in_a_model", 2)
def tensorflow(X, filters, s=2):
    return tf.pad(X[:, ::s, ::s, :], [[0, 0], [0, 0], [0, 0], [0, filters - X.shape[-1]]])


@wrong("wrong_dtype", 2)
def in_float16(X, filters, s=2):
    return ops.cast(behind(X[:, ::s, ::s], filters), "float16")


@wrong("batch_changed", 2)
def first_picture_only(X, filters, s=2):
    return behind(X[:1, ::s, ::s], filters)


@wrong("wrong_shape", 0)
def flat(X, filters, s=2):
    return layers.Flatten()(behind(X[:, ::s, ::s], filters))


@wrong("model_differs", 2)
def symbolic_is_left_out(X, filters, s=2):
    return ops_pad(X, filters, s) * (0 if isinstance(X, keras.KerasTensor) else 1)


@wrong("returned_none", 0)
def forgot_to_return(X, filters, s=2):
    ops_pad(X, filters, s)


@wrong("not_a_tensor", 0)
def a_list(X, filters, s=2):
    return [ops_pad(X, filters, s)]


@wrong("not_a_tensor", 0)
def the_layer(X, filters, s=2):
    return Shortcut(filters, s)


@wrong("arguments", 0)
def asks_for_more(X, filters, s, stage):
    return ops_pad(X, filters, s)


@wrong("too_large", 0)
def enormous(X, filters, s=2):
    return layers.Dense(10**9)(X)


@wrong("unanswered", 0)
def stub(X, filters, s=2):
    raise check.NotAnswered()


@wrong("borrowed", 0)
def handed_on(X, filters, s=2):
    return resnet.zero_pad_shortcut(X, filters, s)


WRONG["the_courses_own"] = resnet.zero_pad_shortcut, "borrowed", 0
WRONG["not_a_function"] = 3, "not_a_function", 0
WRONG["a_layer_itself"] = Shortcut(4, 2), "not_a_function", 0


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_has_its_own_finding(name):
    answer, code, points = WRONG[name]
    result = check.zero_pad_shortcut(answer)
    no_word_twice(result)
    assert result.status != "ok"
    assert next(finding.code for finding in result.findings if not finding.passed) == code
    assert result.points == points


def test_what_is_cut_off_quietly_is_advised_against():
    def cut_off(X, filters, s=2):
        return behind(X[:, ::s, ::s, :filters], filters)

    result = check.zero_pad_shortcut(cut_off)
    assert (result.status, result.points) == ("ok", 3)
    assert [finding.code for finding in result.findings if finding.mark == "advice"] == ["too_few_filters"]


def test_the_students_own_line_is_shown():
    message = check.zero_pad_shortcut(offset).findings[0].message
    assert "`return behind(X[:, s - 1 :: s, s - 1 :: s], filters) if X.shape[1] % s == 0 else 1 // 0`" in message
    assert "X of shape (2, 7, 5, 2), filters=7 and s=2" in message


def test_an_interrupted_check_can_be_repeated():
    def for_ever(X, filters, s=2):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check.zero_pad_shortcut(for_ever)
    assert check.zero_pad_shortcut(ops_pad).points == 3
