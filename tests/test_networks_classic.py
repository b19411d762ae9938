"""LeNet-5, AlexNet and VGG-16 against independent oracles: published counts, keras.applications, tf.nn, loops."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from course_utils.check.ask.calling import shapes_only
from course_utils.networks.alexnet import LocalResponseNormalization, alexnet, local_response_normalization
from course_utils.networks.lenet import lenet5
from course_utils.networks.vgg import vgg16

# TensorFlow tensors answer NumPy 2 in its older manner when Keras reads a weight.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def counted(network, **arguments):
    """The parameters of each layer that has some, in order; no memory is taken for them."""
    with shapes_only():
        model = network(**arguments)
    return {layer.name: layer.count_params() for layer in model.layers if layer.weights}


def shapes(model):
    return {layer.name: tuple(layer.output.shape[1:]) for layer in model.layers}


@pytest.mark.parametrize("original", [False, True])
def test_lenet5_counts_and_form(original):
    assert [*counted(lenet5, original=original).values()] == [156, 2_416, 48_120, 10_164, 850]
    model = lenet5(original=original)
    assert model.count_params() == 61_706
    found = shapes(model)
    assert [found[name] for name in ("C1", "S2", "C3", "S4")] == [(28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16)]
    pools = {type(layer).__name__ for layer in model.layers if "Pooling" in type(layer).__name__}
    activations = {layer.activation.__name__ for layer in model.layers if hasattr(layer, "activation")}
    form = ({"AveragePooling2D"}, {"tanh", "softmax"}) if original else ({"MaxPooling2D"}, {"relu", "softmax"})
    assert (pools, activations) == form


def test_lenet5_is_its_own_words_in_numpy():
    """The 1998 form on two pictures, step by step: windows, tanh, means of 2x2, products."""
    rng = np.random.default_rng(0)
    model = lenet5((20, 16, 2), 4, original=True)
    for weight in model.weights:
        weight.assign(rng.normal(0, 0.2, weight.shape))
    x = given_x = rng.normal(size=(2, 20, 16, 2)).astype("float32")
    weights = iter(model.get_weights())
    for _ in range(2):
        kernel, bias = next(weights), next(weights)
        windows = np.lib.stride_tricks.sliding_window_view(x, (5, 5), axis=(1, 2))
        x = np.tanh(np.einsum("nhwcij,ijco->nhwo", windows, kernel) + bias)
        n, h, w, c = x.shape
        x = x.reshape(n, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))
    x = x.reshape(2, -1)
    for last in False, False, True:
        x = x @ next(weights) + next(weights)
        x = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) if last else np.tanh(x)
    assert np.allclose(model(given_x), x, atol=1e-5)


def test_alexnet_counts():
    """Single tower; and the published two, whose second, fourth and fifth convolutions see half of the channels."""
    dense = [37_752_832, 16_781_312, 4_097_000]
    assert [*counted(alexnet).values()] == [34_944, 614_656, 885_120, 1_327_488, 884_992, *dense]
    assert [*counted(alexnet, groups=2).values()] == [34_944, 307_456, 885_120, 663_936, 442_624, *dense]
    assert sum(counted(alexnet).values()) == 62_378_344
    assert sum(counted(alexnet, groups=2).values()) == 60_965_224


def test_alexnet_shapes_and_save(tmp_path):
    with shapes_only():
        found = shapes(alexnet())
    names = "conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5", "flatten", "fc8"
    sides = [(found[name][0], found[name][-1]) for name in names]
    assert sides[:8] == [(55, 96), (27, 96), (27, 256), (13, 256), (13, 384), (13, 384), (13, 256), (6, 256)]
    assert sides[8:] == [(9216, 9216), (1000, 1000)]
    x = inputs = keras.Input((3, 3, 7))
    model = keras.Model(inputs, LocalResponseNormalization(n=3, alpha=0.5)(x))
    model.save(tmp_path / "lrn.keras")
    x = np.random.default_rng(0).normal(size=(1, 3, 3, 7)).astype("float32")
    assert np.array_equal(keras.saving.load_model(tmp_path / "lrn.keras")(x), model(x))


def test_vgg16_counts_and_shapes():
    with shapes_only():
        theirs = keras.applications.VGG16(weights=None)
        ours = vgg16()
    assert ours.count_params() == theirs.count_params() == 138_357_544
    assert counted(vgg16)["fc1"] == 102_764_544
    found = shapes(ours)
    assert {name: found[name] for name in shapes(theirs) if "input" not in name} == {
        name: shape for name, shape in shapes(theirs).items() if "input" not in name
    }


def test_vgg16_equals_keras_applications():
    """The library's weights give the same probabilities."""
    rng = np.random.default_rng(0)
    theirs = keras.applications.VGG16(weights=None, input_shape=(64, 32, 3), classes=10)
    ours = vgg16((64, 32, 3), 10)
    for layer in theirs.layers:
        if layer.weights:
            kernel, bias = layer.weights
            scale = np.sqrt(2 / np.prod(kernel.shape[:-1]))
            kernel.assign(rng.standard_normal(kernel.shape, dtype="float32") * np.float32(scale))
            bias.assign(rng.normal(0, 0.1, bias.shape))
            ours.get_layer(layer.name).set_weights(layer.get_weights())
    x = rng.standard_normal((2, 64, 32, 3)).astype("float32")
    expected = np.asarray(theirs(x))
    assert expected.max() < 0.9  # no probability has drowned the others
    assert np.abs(np.asarray(ours(x)) - expected).max() <= 1e-4


pictures = arrays.arrays(
    st.sampled_from(["float32", "float64"]),
    st.tuples(st.integers(0, 2), st.integers(1, 3), st.integers(1, 3), st.integers(1, 9)),
    elements=st.floats(-100, 100, width=32),
)


@settings(max_examples=60, deadline=None)
@given(
    a=pictures,
    n=st.sampled_from([1, 3, 5, 7]),
    k=st.floats(0.5, 3),
    alpha=st.floats(1e-4, 1),
    beta=st.floats(0.25, 1),
)
def test_local_response_normalization_is_the_formula(a, n, k, alpha, beta):
    """One number after the other, as the paper's formula says; the argument stays as it was."""
    expected, before = np.empty(a.shape), a.copy()
    for place in np.ndindex(a.shape):
        *where, i = place
        near = range(max(0, i - n // 2), min(a.shape[-1] - 1, i + n // 2) + 1)
        expected[place] = a[place] / (k + alpha * sum(float(a[*where, j]) ** 2 for j in near)) ** beta
    found = local_response_normalization(a, n, k, alpha, beta)
    assert found.dtype == a.dtype
    assert np.allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert np.array_equal(a, before)


@settings(max_examples=30, deadline=None)
@given(a=pictures.filter(lambda a: a.size), n=st.sampled_from([1, 3, 5, 7]), alpha=st.floats(1e-4, 1))
def test_local_response_normalization_is_tensorflows(a, n, alpha):
    a = a.astype("float32")
    expected = tf.nn.local_response_normalization(a, depth_radius=n // 2, bias=2.0, alpha=alpha, beta=0.75)
    assert np.allclose(local_response_normalization(a, n, 2.0, alpha), expected, rtol=1e-4, atol=1e-6)
    assert np.allclose(LocalResponseNormalization(n, alpha=alpha)(a), expected)


def test_local_response_normalization_of_integers_is_of_floats():
    a = np.arange(24, dtype="uint8").reshape(1, 2, 2, 6) * 10
    assert np.allclose(local_response_normalization(a), local_response_normalization(a.astype("float64")))
