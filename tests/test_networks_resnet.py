"""The residual networks against independent oracles: keras.applications, NumPy, published parameter counts."""

import keras
import numpy as np
import pytest
from random_weights import randomise

from course_utils.networks.batch_norm import batch_norm_layers, recalibrate_batch_norm
from course_utils.networks.resnet import (
    EPSILON,
    STAGES,
    ResNet50,
    convolutional_block,
    identity_block,
    resnet50_headless,
    zero_pad_shortcut,
)
from course_utils.networks.resnet_basic import BasicBlock, ResNet

# TensorFlow tensors answer NumPy 2 in its older manner when Keras reads a weight.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# NumPy, from the paper's words.


def conv(x, layer, s=1):
    """A 'same' convolution, one kernel position after the other."""
    kernel = np.asarray(layer.kernel)
    f = kernel.shape[0]
    height, width = (-(-n // s) for n in x.shape[1:3])
    pads = [max((out - 1) * s + f - n, 0) for out, n in zip((height, width), x.shape[1:3], strict=True)]
    x = np.pad(x, ((0, 0), *((p // 2, p - p // 2) for p in pads), (0, 0)))
    result = sum(
        x[:, i : i + s * height : s, j : j + s * width : s][:, :height, :width] @ kernel[i, j]
        for i in range(f)
        for j in range(f)
    )
    return result + (np.asarray(layer.bias) if layer.use_bias else 0)


def norm(x, layer, epsilon=EPSILON):
    gamma, beta, mean, variance = (np.asarray(w) for w in (layer.gamma, layer.beta, *layer.weights[2:]))
    return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta


def relu(x):
    return np.maximum(x, 0)


def residual(x, model, name, s=1):
    for branch in "abc":
        layers = [model.get_layer(f"{kind}{name}_branch2{branch}") for kind in ("res", "bn")]
        x = norm(conv(x, layers[0], s if branch == "a" else 1), layers[1])
        x = relu(x) if branch != "c" else x
    return x


@pytest.mark.parametrize("f", [1, 2, 3, 5])
def test_identity_block_is_the_papers(f, rng):
    x = keras.Input((7, 6, 6))
    model = keras.Model(x, identity_block(x, f, (4, 5, 6), 1, "a"))
    randomise(model, rng)
    x = rng.standard_normal((2, 7, 6, 6)).astype("float32")
    assert np.allclose(model(x), relu(residual(x, model, "1a") + x), atol=1e-5)


@pytest.mark.parametrize(("f", "s"), [(3, 1), (3, 2), (2, 3), (5, 2)])
def test_convolutional_block_is_the_papers(f, s, rng):
    x = keras.Input((7, 6, 3))
    model = keras.Model(x, convolutional_block(x, f, (4, 5, 6), 3, "b", s))
    randomise(model, rng)
    x = rng.standard_normal((2, 7, 6, 3)).astype("float32")
    projection, projection_bn = model.get_layer("res3b_branch1"), model.get_layer("bn3b_branch1")
    shortcut = norm(conv(x, projection, s), projection_bn)
    assert np.allclose(model(x), relu(residual(x, model, "3b", s) + shortcut), atol=1e-5)


@pytest.mark.parametrize(("stride", "filters"), [(1, 5), (2, 5), (2, 8), (1, 8)])
def test_basic_block_is_the_papers(stride, filters, rng):
    block = BasicBlock(filters, stride)
    x = rng.standard_normal((2, 7, 6, 5)).astype("float32")
    block(x)
    randomise(block, rng)
    epsilon = block.bn1.epsilon
    h = norm(conv(relu(norm(conv(x, block.conv1, stride), block.bn1, epsilon)), block.conv2), block.bn2, epsilon)
    shortcut = x
    if stride == 2 or filters == 8:
        shortcut = norm(conv(x, block.projection, stride), block.projection_bn, epsilon)
    assert np.allclose(block(x), relu(h + shortcut), atol=1e-5)
    assert block.compute_output_shape((2, 7, 6, 5)) == h.shape


@pytest.mark.parametrize(("s", "filters"), [(1, 4), (2, 4), (2, 7), (3, 3)])
def test_zero_pad_shortcut_samples_and_pads(s, filters, rng):
    x = rng.standard_normal((2, 5, 6, 3)).astype("float32")
    expected = np.zeros((2, -(-5 // s), -(-6 // s), filters), "float32")
    expected[..., :3] = x[:, ::s, ::s]
    assert np.array_equal(zero_pad_shortcut(x, filters, s), expected)
    inputs = keras.Input((5, 6, 3))
    model = keras.Model(inputs, zero_pad_shortcut(inputs, filters, s))
    assert np.array_equal(model(x), expected)
    assert model.count_params() == 0


def test_zero_pad_shortcut_does_not_drop_channels():
    with pytest.raises(ValueError, match="8 channels"):
        zero_pad_shortcut(np.zeros((1, 4, 4, 8), "float32"), 4)


def counts(model):
    trainable = sum(int(np.prod(w.shape)) for w in model.trainable_weights)
    return model.count_params(), trainable


def test_resnet50_counts():
    model = ResNet50()
    assert counts(model) == (23_600_006, 23_546_886)
    assert model.output_shape == (None, 6)
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(convolutions) == 49 + 4  # with the dense layer fifty in a row, and four projections
    assert model.get_layer("bn5c_branch2c").output.shape == (None, 2, 2, 2048)


def test_headless_equals_keras_applications(rng):
    """The library's weights, moving statistics too, give the same feature maps at any size."""
    assert counts(resnet50_headless()) == (23_587_712, 23_534_592)
    library = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(None, None, 3))
    ours = resnet50_headless((None, None, 3))
    randomise(library, rng)
    names = {"conv1_conv": "conv1", "conv1_bn": "bn_conv1"}
    for stage, (_, blocks, _) in enumerate(STAGES, start=2):
        for block in range(blocks):
            for theirs, own in enumerate(["1", "2a", "2b", "2c"][block > 0 :], start=block > 0):
                for part, kind in (("conv", "res"), ("bn", "bn")):
                    name = f"conv{stage}_block{block + 1}_{theirs}_{part}"
                    names[name] = f"{kind}{stage}{'abcdef'[block]}_branch{own}"
    assert len(names) == 2 * 53
    for theirs, own in names.items():
        ours.get_layer(own).set_weights(library.get_layer(theirs).get_weights())
    for size in (224, 75):
        x = rng.standard_normal((1, size, size, 3)).astype("float32")
        expected = np.asarray(library(x))
        assert np.abs(np.asarray(ours(x)) - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize(("layer_dims", "count"), [((2, 2, 2, 2), 11_229_732), ((3, 4, 6, 3), 21_345_316)])
def test_basic_resnets_count_save_and_load(layer_dims, count, tmp_path, rng):
    model = ResNet(layer_dims)
    x = rng.standard_normal((2, 32, 32, 3)).astype("float32")
    assert model(x).shape == (2, 100)
    assert model.count_params() == count
    seen = np.asarray(model(x))
    assert seen.min() < 0  # logits
    model.save(tmp_path / "resnet.keras")
    assert np.array_equal(keras.saving.load_model(tmp_path / "resnet.keras")(x), seen)
    assert ResNet.from_config(model.get_config()).layer_dims == layer_dims


def test_basic_block_config_round_trip():
    block = BasicBlock.from_config(BasicBlock(7, stride=2, name="b").get_config())
    assert (block.filter_num, block.stride, block.name) == (7, 2, "b")


@pytest.mark.parametrize("pairs", [False, True])
def test_recalibration_is_an_exponential_average(pairs, rng):
    """Moving statistics follow NumPy's average of the batches; nothing else moves, momentum is as before."""
    x = keras.Input((5, 5, 3))
    h = keras.layers.BatchNormalization(name="first")(x)
    model = keras.Model(x, identity_block(h, 3, (2, 2, 3), 2, "a"))
    randomise(model, rng)
    before = [np.array(w) for w in model.weights]
    first = model.get_layer("first")
    mean, variance = np.array(first.moving_mean), np.array(first.moving_variance)
    batches = [rng.normal(3, 2, (6, 5, 5, 3)).astype("float32") for _ in range(4)]
    recalibrate_batch_norm(model, [(b, None) for b in batches] if pairs else batches, momentum=0.3)
    for batch in batches:
        mean = 0.3 * mean + 0.7 * batch.mean((0, 1, 2))
        variance = 0.3 * variance + 0.7 * batch.var((0, 1, 2))
    assert np.allclose(first.moving_mean, mean, atol=1e-4)
    assert np.allclose(first.moving_variance, variance, atol=1e-4)
    moved = {w.path for w, old in zip(model.weights, before, strict=True) if not np.array_equal(np.asarray(w), old)}
    assert moved == {w.path for w in model.weights if w.name.startswith("moving_")}
    assert {layer.momentum for layer in batch_norm_layers(model)} == {0.99}


def test_recalibration_reaches_layers_inside_blocks_and_puts_momentum_back_after_an_error():
    model = ResNet((1, 1, 1, 1), num_classes=2)
    model(keras.Input((8, 8, 3)))
    assert len(batch_norm_layers(model)) == 1 + 4 * 2 + 3
    with pytest.raises(ValueError, match="shape"):
        recalibrate_batch_norm(model, [np.zeros((1, 8, 8, 5), "float32")])
    assert {layer.momentum for layer in batch_norm_layers(model)} == {0.99}
