"""The pre-activation networks against keras.applications, NumPy, and the parameter counts of their source."""

import json
import math

import keras
import numpy as np
import pytest
from random_weights import randomise

from course_utils import files
from course_utils.check.graph import canonical
from course_utils.grading.submissions import all_masters
from course_utils.networks import resnet_v2
from course_utils.networks.resnet_v2 import (
    EPSILON,
    FAULTS,
    ResNet50V2,
    ResNet101V2,
    ResNet152V2,
    block2,
    hard_coded_resnet50v2,
    stack2,
)

# TensorFlow tensors answer NumPy 2 in its older manner when Keras reads a weight.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

TOPS = [
    {"include_top": True, "classes": 7},
    {"include_top": True, "classes": 7, "classifier_activation": None},
    {"include_top": False, "pooling": None},
    {"include_top": False, "pooling": "avg"},
    {"include_top": False, "pooling": "max"},
]


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def built(build, **settings):
    """A model whose weights are shapes only; Keras counts the names that it makes itself from the beginning."""
    keras.backend.clear_session()
    with keras.StatelessScope(initialize_variables=False):
        model = build(**settings)
    keras.src.backend.common.global_state.set_global_attribute("uninitialized_variables", [])
    return model


def zeroed(build, **settings):
    """A model whose weights are zeros, to be set: Keras draws none of its own, which takes most of the time."""
    model = built(build, **settings)
    for weight in model.weights:
        weight._initializer = keras.initializers.Zeros()
        weight._deferred_initialize()
    return model


def counts(model):
    return [sum(math.prod(w.shape) for w in weights) for weights in (model.weights, model.non_trainable_weights)]


def table(model):
    """model.summary(), line by line: names, kinds, shapes, counts, connections."""
    lines = []
    model.summary(line_length=160, print_fn=lambda text, **_: lines.extend(text.splitlines()))
    return lines


# NumPy, from the paper's words.


def conv(x, layer, s=1, zeros=0):
    kernel = np.asarray(layer.kernel)
    f = kernel.shape[0]
    x = np.pad(x, ((0, 0), (zeros, zeros), (zeros, zeros), (0, 0)))
    height, width = ((n - f) // s + 1 for n in x.shape[1:3])
    result = sum(
        x[:, i : i + s * (height - 1) + 1 : s, j : j + s * (width - 1) + 1 : s] @ kernel[i, j]
        for i in range(f)
        for j in range(f)
    )
    return result + (np.asarray(layer.bias) if layer.use_bias else 0)


def norm_relu(x, layer):
    gamma, beta, mean, variance = (np.asarray(w) for w in layer.weights)
    return np.maximum(gamma * (x - mean) / np.sqrt(variance + EPSILON) + beta, 0)


def unit(x, model, name, f, s, projected):
    """The pre-activation unit of a model, computed in NumPy."""
    layer = {part: model.get_layer(f"{name}_{part}") for part in ("preact_bn", "1_conv", "1_bn", "2_conv", "2_bn")}
    preact = norm_relu(x, layer["preact_bn"])
    h = norm_relu(conv(preact, layer["1_conv"]), layer["1_bn"])
    h = norm_relu(conv(h, layer["2_conv"], s, f // 2), layer["2_bn"])
    shortcut = conv(preact, model.get_layer(f"{name}_0_conv"), s) if projected else x[:, ::s, ::s]
    return shortcut + conv(h, model.get_layer(f"{name}_3_conv"))


@pytest.mark.parametrize("projected", [True, False])
@pytest.mark.parametrize(("f", "s"), [(3, 1), (3, 2), (5, 2), (1, 3)])
def test_block2_is_the_papers(f, s, projected, rng):
    x = keras.Input((7, 6, 3 if projected else 8))
    model = keras.Model(x, block2(x, 2, f, s, projected, name="b"))
    randomise(model, rng)
    x = rng.standard_normal((2, *x.shape[1:])).astype("float32")
    assert np.allclose(model(x), unit(x, model, "b", f, s, projected), atol=1e-5)


@pytest.mark.parametrize(("blocks", "stride1"), [(2, 1), (3, 2)])
def test_the_last_block_of_a_stack_has_the_stride(blocks, stride1, rng):
    x = keras.Input((8, 7, 3))
    model = keras.Model(x, stack2(x, 2, blocks, stride1, name="s"))
    randomise(model, rng)
    y = x = rng.standard_normal((2, 8, 7, 3)).astype("float32")
    for block in range(1, blocks + 1):
        y = unit(y, model, f"s_block{block}", 3, stride1 if block == blocks else 1, projected=block == 1)
    assert np.allclose(model(x), y, atol=1e-5)


def test_blocks_without_names_stand_in_one_model():
    x = keras.Input((8, 8, 3))
    model = keras.Model(x, stack2(stack2(x, 2, 2), 3, 2))
    assert model.output_shape == (None, 2, 2, 12)


@pytest.mark.parametrize("top", TOPS, ids=str)
@pytest.mark.parametrize("size", [224, 32])
def test_resnet50v2_is_the_librarys_layer_by_layer(size, top):
    settings = {"input_shape": (size, size, 3), **top}
    assert table(built(ResNet50V2, **settings)) == table(built(keras.applications.ResNet50V2, weights=None, **settings))


@pytest.mark.parametrize(
    ("ours", "library", "count"),
    [
        (ResNet50V2, keras.applications.ResNet50V2, [25_613_800, 45_440]),
        (ResNet101V2, keras.applications.ResNet101V2, [44_675_560, 97_664]),
        (ResNet152V2, keras.applications.ResNet152V2, [60_380_648, 143_744]),
    ],
)
def test_by_default_each_depth_is_the_librarys(ours, library, count):
    model = built(ours)
    assert table(model) == table(built(library, weights=None))
    assert counts(model) == count


def test_the_headless_network_of_101_layers_has_the_published_count():
    model = built(ResNet101V2, include_top=False, input_shape=(32, 32, 3))
    assert counts(model) == [42_626_560, 97_664]
    assert model.output_shape == (None, 1, 1, 2048)
    assert built(ResNet101V2, include_top=False).input_shape == (None, None, None, 3)


def test_resnet50v2_gives_the_librarys_numbers_with_its_weights(rng):
    shape = (32, 32, 3)
    library = zeroed(keras.applications.ResNet50V2, weights=None, input_shape=shape, **TOPS[0])
    randomise(library, rng)
    x = rng.standard_normal((2, *shape)).astype("float32")
    for settings in TOPS[0], *TOPS[2:]:
        theirs = zeroed(keras.applications.ResNet50V2, weights=None, input_shape=shape, **settings)
        ours = zeroed(ResNet50V2, input_shape=shape, **settings)
        for layer in theirs.layers:
            if layer.weights:
                values = library.get_layer(layer.name).get_weights()
                layer.set_weights(values)
                ours.get_layer(layer.name).set_weights(values)
        expected = np.asarray(theirs(x))
        assert np.ptp(expected) > 1e-3
        assert np.abs(np.asarray(ours(x)) - expected).max() <= 1e-4 * np.abs(expected).max()


def test_without_preact_the_stem_is_activated_and_the_end_is_not():
    """As the library's own builder makes it, which no public function calls so."""
    from keras.src.applications import resnet as library

    def stacks(x):
        for stage, (filters, blocks, stride) in enumerate([(64, 3, 2), (128, 4, 2), (256, 6, 2), (512, 3, 1)], 2):
            x = library.stack_residual_blocks_v2(x, filters, blocks, stride, name=f"conv{stage}")
        return x

    settings = {"preact": False, "use_bias": False}
    theirs = built(library.ResNet, stack_fn=stacks, weights=None, name="resnet50v2", **settings)
    assert table(built(ResNet50V2, **settings)) == table(theirs)


@pytest.mark.parametrize(
    ("settings", "message"), [({"pooling": "mean"}, "'mean'"), ({"input_shape": (31, 64, 3)}, "31x64")]
)
def test_settings_that_make_no_network_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ResNet50V2(**settings)


# The hard-coded network.


def test_with_all_faults_the_counts_are_the_sources():
    model = built(hard_coded_resnet50v2)
    assert counts(model) == [35_969_668, 42_496]
    assert counts(model)[0] - counts(model)[1] == 35_927_172
    sizes = [model.get_layer(name).output.shape[1:3] for name in ("conv1_conv", "pool1_pool", "post_relu")]
    assert sizes == [(110, 110), (55, 55), (7, 7)]
    last = [layer for layer in model.layers if layer.name.startswith("conv4_block5_0")]
    assert [type(layer).__name__ for layer in last] == ["MaxPooling2D", "Conv2D"]
    assert [layer.strides for layer in last] == [(2, 2), (1, 1)]


def test_with_all_faults_mended_it_is_resnet50v2():
    model, library = built(hard_coded_resnet50v2, faults=(), classes=7), built(ResNet50V2, classes=7)
    assert counts(model) == counts(library)
    assert canonical(model.to_json()) == canonical(library.to_json())
    theirs = {layer.name: layer for layer in library.layers if layer.weights}
    ours = {layer.name: layer for layer in model.layers if layer.weights}
    assert {name: layer.output.shape for name, layer in ours.items()} == {
        name: layer.output.shape for name, layer in theirs.items()
    }


def test_the_network_on_the_page_of_notebook_07_is_this_one():
    names = {"keras": keras, "layers": keras.layers}
    exec(all_masters()["07_resnet50v2_birds"].cells["found"], names)

    def rows(model):
        """What each layer with weights gives, and the shapes of these: in whichever order the shortcuts are named."""
        return sorted(
            str((layer.output.shape, [w.shape for w in layer.weights])) for layer in model.layers if layer.weights
        )

    assert rows(built(names["found_network"])) == rows(built(hard_coded_resnet50v2))


SHARE = {  # parameters that one fault alone adds to those of ResNet50V2, reckoned by hand
    "stem_padding": 0,
    "stem_activation": 4 * 64,
    "projections": sum(n * (16 * f * f + 4 * f) for f, n in ((64, 2), (128, 3), (256, 5), (512, 2))),
    "raw_projections": 0,
    "five_blocks": -(2 * 1024 * 256 + 9 * 256 * 256 + 1024 + 4 * (1024 + 2 * 256)),
    "biases": sum(n * 2 * f for f, n in ((64, 3), (128, 4), (256, 6), (512, 3))),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_alone_makes_another_network(fault):
    model, library = built(hard_coded_resnet50v2, faults=[fault], classes=7), built(ResNet50V2, classes=7)
    assert counts(model)[0] - counts(library)[0] == SHARE[fault]
    if fault != "biases":  # which compute the same: the mean is subtracted again
        assert canonical(model.to_json()) != canonical(library.to_json())


def test_a_fault_that_is_not_known_is_refused():
    with pytest.raises(ValueError, match="no such fault: softmax"):
        hard_coded_resnet50v2(["softmax"])


@pytest.mark.parametrize("epsilon", [EPSILON, 1e-3])
def test_the_proof_of_notebook_07_finds_what_no_table_shows(epsilon, monkeypatch):
    monkeypatch.setattr(resnet_v2, "EPSILON", epsilon)
    cells = json.loads(files.masters()["07_resnet50v2_birds"].read_text(encoding="utf-8"))["cells"]
    (proof,) = ("".join(cell["source"]) for cell in cells if cell["id"] == "weights-code")
    *steps, last = proof.splitlines()
    names = {"keras": keras, "np": np, "ops": keras.ops, "ResNet50V2": ResNet50V2}
    exec("\n".join(steps), names)
    assert eval(last, names) is (epsilon == EPSILON)
