"""Inception networks and 1x1 convolutions, held against the paper's numbers and against Keras."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from course_utils.check.ask.calling import shapes_only
from course_utils.networks import inception

SIZES = st.integers(1, 6)


@settings(max_examples=30, deadline=None)
@given(shape=st.tuples(SIZES, SIZES, SIZES, SIZES), c_out=SIZES, seed=st.integers(0, 99))
def test_conv1x1_is_keras_convolution(shape, c_out, seed):
    rng = np.random.default_rng(seed)
    a, W, b = (rng.normal(size=size).astype("float32") for size in (shape, (shape[-1], c_out), (c_out,)))
    layer = layers.Conv2D(c_out, 1)
    layer.build(shape)
    layer.set_weights([W[None, None], b])
    np.testing.assert_allclose(inception.conv1x1(a, W, b), layer(a), atol=1e-5)


def test_conv1x1_refuses_channels_that_do_not_fit():
    with pytest.raises(ValueError, match="mismatch"):
        inception.conv1x1(np.ones((1, 2, 2, 3)), np.ones((4, 5)), np.zeros(5))


@settings(max_examples=50, deadline=None)
@given(SIZES, SIZES, SIZES, st.integers(1, 4), SIZES)
def test_multiplications_are_those_of_the_loops(h, w, c_in, f, c_out):
    """One multiplication for each number of the kernel, at each place, for each filter."""
    kernel, output = np.ones((f, f, c_in, c_out)), np.ones((h, w))
    assert inception.multiplications(h, w, c_in, f, c_out) == sum(kernel.size for _ in output.flat)


def test_the_published_example():
    assert inception.multiplications(28, 28, 192, 5, 32) == 120_422_400
    bottleneck = inception.multiplications(28, 28, 192, 1, 16), inception.multiplications(28, 28, 16, 5, 32)
    assert bottleneck == (2_408_448, 10_035_200)


@pytest.mark.parametrize("sizes", [(0, 1, 1, 1, 1), (1, 1, 1, 1, -2), (28.0, 28, 3, 3, 8)])
def test_no_convolution_has_such_sizes(sizes):
    with pytest.raises(ValueError, match="positive integers"):
        inception.multiplications(*sizes)


def test_a_module_joins_its_branches():
    x = keras.Input((28, 28, 192))
    assert inception.inception_module(x, 64, 96, 128, 16, 32, 32).shape == (None, 28, 28, 256)


def test_each_branch_of_a_module_by_hand():
    """Branch by branch from the layers' own weights, so that order, ReLU and pooling are held."""
    x = keras.Input((7, 5, 3))
    model = keras.Model(x, inception.inception_module(x, 2, 3, 4, 5, 6, 7))
    model.set_weights([np.random.default_rng(len(w.shape)).normal(size=w.shape) for w in model.weights])
    a = np.random.default_rng(0).normal(size=(2, 7, 5, 3)).astype("float32")

    def conv(name, a):
        layer = model.get_layer(f"inception_{name}")
        return keras.ops.relu(keras.ops.conv(a, layer.kernel, padding="same") + layer.bias)

    padded = np.pad(a, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=-np.inf)
    pooled = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2)).max(axis=(-2, -1))
    expected = np.concatenate(
        [
            conv("1x1", a),
            conv("3x3", conv("3x3_reduce", a)),
            conv("5x5", conv("5x5_reduce", a)),
            conv("pool_proj", pooled),
        ],
        axis=-1,
    )
    np.testing.assert_allclose(model(a), expected, rtol=1e-4, atol=1e-4)


def test_the_small_network():
    model = inception.inception_network()
    assert [output.shape for output in model.outputs] == [(None, 10)] * 3
    assert model.count_params() == 129_994
    answers = inception.inception_network((48, 40, 1), 6)(np.random.default_rng(0).random((2, 48, 40, 1)))
    for y in answers:
        np.testing.assert_allclose(np.sum(y, axis=1), 1, atol=1e-5)


# GoogLeNet against the rows of the paper's Table 1.


@pytest.fixture(scope="module")
def googlenet():
    with shapes_only():
        return inception.GoogLeNet()


PUBLISHED = {  # parameters in thousands (of 1,024), where the table and its own rows of filters agree to 6 %
    "conv2": 112, "3a": 159, "3b": 380, "4a": 364, "4b": 437, "4d": 580, "4e": 840, "5a": 1072, "5b": 1388,
    "main": 1000,
}  # fmt: skip


def parameters(model, part):
    prefixes = (f"inception_{part}_", part)
    return sum(layer.count_params() for layer in model.layers if layer.name.startswith(prefixes))


@pytest.mark.parametrize("part", PUBLISHED)
def test_googlenet_has_the_parameters_of_the_table(googlenet, part):
    assert parameters(googlenet, part) / 1024 == pytest.approx(PUBLISHED[part], rel=0.06)


def test_where_the_table_and_its_filters_disagree(googlenet):
    assert parameters(googlenet, "conv1") == 9_472  # 7x7x3x64 and 64 biases; the table says 2.7K
    assert parameters(googlenet, "4c") == 510_104  # the table says 463K


@pytest.mark.parametrize(("layer", "shape"), [
    ("conv1", (112, 112, 64)), ("pool1", (56, 56, 64)), ("conv2", (56, 56, 192)), ("pool2", (28, 28, 192)),
    ("inception_3a_output", (28, 28, 256)), ("inception_3b_output", (28, 28, 480)), ("pool3", (14, 14, 480)),
    ("inception_4a_output", (14, 14, 512)), ("inception_4b_output", (14, 14, 512)),
    ("inception_4c_output", (14, 14, 512)), ("inception_4d_output", (14, 14, 528)),
    ("inception_4e_output", (14, 14, 832)), ("pool4", (7, 7, 832)), ("inception_5a_output", (7, 7, 832)),
    ("inception_5b_output", (7, 7, 1024)), ("average_pool", (1024,)), ("main", (1000,)),
])  # fmt: skip
def test_googlenet_has_the_shapes_of_the_table(googlenet, layer, shape):
    assert googlenet.get_layer(layer).output.shape[1:] == shape


def test_googlenet_in_all(googlenet):
    assert googlenet.count_params() == 6_998_552
    weighted = [layer for layer in googlenet.layers if layer.weights]
    assert len(weighted) == 3 + 9 * 6 + 1  # 22 in depth: 3 in the stem, 2 in each of nine modules, and the last
    with shapes_only():
        trained = inception.GoogLeNet(auxiliary=True)
    assert trained.count_params() == 13_378_280
    assert [output.shape for output in trained.outputs] == [(None, 1000)] * 3
    assert trained.get_layer("auxiliary_4a_pool").output.shape[1:] == (4, 4, 512)
    assert trained.get_layer("auxiliary_4d_pool").output.shape[1:] == (4, 4, 528)
