"""Numbers of a rebuilt model: the same for every right way of writing it, others for every mistake."""

import functools
import json

import keras
import numpy as np
import pytest
from block_variants import RIGHT, WRONG
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops

from course_utils.check import numbers
from course_utils.networks import resnet
from course_utils.networks.resnet_basic import BasicBlock

REFERENCE = {
    "identity": lambda x, f, filters, s: resnet.identity_block(x, f, filters, 2, "a"),
    "projection": lambda x, f, filters, s: resnet.convolutional_block(x, f, filters, 2, "a", s),
}
PROBES = {"identity": [(5, (2, 4, 6), 1), (5, (6, 6, 6), 1)], "projection": [(5, (2, 4, 7), 3), (5, (6, 6, 6), 1)]}


def config(build, shape=(9, 8, 6)):
    x = keras.Input(shape)
    return keras.Model(x, build(x)).to_json()


def probe(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


def block(function, values):
    """(outputs, parameters) of a block."""
    text = config(lambda x: function(x, *values))
    return numbers.outputs(text, probe(2, 9, 8, 6)), numbers.rebuild(text).count_params()


@functools.cache
def reference(kind, values):
    return block(REFERENCE[kind], values)


@pytest.mark.parametrize("kind", RIGHT)
def test_right_ways_give_the_same_numbers(kind):
    for values in PROBES[kind]:
        expected, _ = reference(kind, values)
        assert np.std(expected) > 0.1
        for function in RIGHT[kind].values():
            assert numbers.agree(block(function, values)[0], expected, tolerance=1e-6)


@pytest.mark.parametrize("kind", WRONG)
def test_every_mistake_shows_in_the_numbers_or_in_the_count(kind):
    """Layers that are shared compute what their copies would: those the number of parameters tells."""
    for function, code in WRONG[kind].values():
        for values in PROBES[kind]:
            try:
                answer, count = block(function, values)
            except ValueError:  # shapes that cannot be added
                continue
            expected, expected_count = reference(kind, values)
            if code == "layer_shared":
                assert count != expected_count
            else:
                assert not numbers.agree(answer, expected), function.__name__
            break


def resnet50(relu=True, padding="valid"):
    def build(x):
        stem = layers.BatchNormalization()(layers.Conv2D(64, 7, 2)(layers.ZeroPadding2D(3)(x)))
        stem = layers.ReLU()(stem) if relu else stem
        x = resnet._stages(layers.MaxPooling2D(3, 2, padding)(stem))
        return layers.Dense(6, activation="softmax")(layers.GlobalAveragePooling2D()(x))

    return config(build, (64, 64, 3))


def test_deep_network_shows_a_missing_relu_of_the_stem_before_the_softmax():
    x = probe(2, 64, 64, 3)
    expected = numbers.outputs(resnet.ResNet50().to_json(), x)
    assert numbers.agree(numbers.outputs(resnet50(), x), expected, tolerance=1e-5)
    for mistake in ({"relu": False}, {"padding": "same"}):
        assert not numbers.agree(numbers.outputs(resnet50(**mistake), x), expected, tolerance=3e-3)
    # After the softmax nothing of it is left to see.
    saturated = [numbers.outputs(c, x, before_softmax=False) for c in (resnet50(), resnet50(relu=False))]
    assert numbers.agree(*saturated)


def test_library_and_own_resnet_give_the_same_numbers():
    """Other names, other order of making, another epsilon: no weight was carried over."""
    library = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(64, 64, 3))
    x = probe(1, 64, 64, 3)
    own = resnet.resnet50_headless((64, 64, 3)).to_json()
    assert numbers.agree(numbers.outputs(own, x), numbers.outputs(library.to_json(), x), tolerance=1e-5)


def test_epsilon_alone_would_tell_two_right_answers_apart():
    """The trap that EPSILON is there for."""
    x = probe(2, 9, 8, 6)
    models = [keras.Sequential([keras.Input((9, 8, 6)), layers.BatchNormalization(epsilon=e)]) for e in (1e-3, 1e-5)]
    for model in models:
        numbers.seed_weights(model)
    assert not numbers.agree(*([np.asarray(model(x))] for model in models))
    assert numbers.agree(*(numbers.outputs(model.to_json(), x) for model in models), tolerance=1e-7)


@pytest.mark.parametrize("last", ["softmax", "sigmoid", layers.Softmax(), "linear"])
@pytest.mark.parametrize("where", ["argument", "layer", "operation"])
def test_the_last_activation_is_left_out(last, where):
    def build(x):
        x = layers.Flatten()(x)
        if where == "argument":
            return layers.Dense(3, activation=last)(x)
        if where == "layer":
            return layers.Activation(last)(layers.Dense(3)(x))
        return (ops.sigmoid if last == "sigmoid" else ops.softmax)(layers.Dense(3)(x))

    x = probe(2, 9, 8, 6)
    logits = numbers.outputs(config(lambda x: layers.Dense(3)(layers.Flatten()(x))), x)
    assert numbers.agree(numbers.outputs(config(build), x), logits, tolerance=1e-6)
    if last != "linear":
        assert not numbers.agree(numbers.outputs(config(build), x, before_softmax=False), logits)


# Weights.


def test_weights_depend_on_shape_role_and_seed_only():
    x = keras.Input((9, 8, 6))
    first = layers.Conv2D(6, 3, padding="same")
    second = layers.Conv2D(6, 3, padding="same")
    model = keras.Model(x, layers.BatchNormalization()(second(first(x))))
    numbers.seed_weights(model, 1)
    weights = {w.path: np.asarray(w) for w in model.weights}
    assert np.array_equal(first.kernel, second.kernel)
    values = [v.tobytes() for path, v in weights.items() if "conv" not in path]
    assert len(set(values)) == 4  # gamma, beta and the two moving statistics: one shape, four roles
    assert all(np.unique(v).size > 1 and not np.any(v == 1) and not np.any(v == 0) for v in weights.values())
    assert all(v.min() > 0 for path, v in weights.items() if path.endswith(("gamma", "moving_variance")))
    numbers.seed_weights(model, 2)
    assert not any(np.array_equal(np.asarray(w), weights[w.path]) for w in model.weights)


def test_variance_is_kept_through_the_depth():
    x = inputs = keras.Input((32,))
    for depth in range(60):  # of different widths, and so of different weights
        x = layers.Dense(200 + depth, activation="relu", use_bias=False)(x)
    answer = numbers.outputs(keras.Model(inputs, x).to_json(), probe(50, 32))[0]
    assert 0.1 < np.mean(answer**2) < 10  # of the input: 1


def test_seed_weights_takes_layers_of_ones_own():
    blocks = [BasicBlock(4, stride=2), BasicBlock(4, stride=2)]
    x = probe(1, 8, 8, 3)
    for own in blocks:
        own(x)
        numbers.seed_weights(own)
    assert np.array_equal(blocks[0](x), blocks[1](x))
    assert np.std(blocks[0](x)) > 0.1


def test_agree():
    a = np.array([1.0, 100.0])
    assert numbers.agree([a], [a + 0.005])
    assert not numbers.agree([a], [a + 0.02])
    assert not numbers.agree([a], [a[:1]])
    assert not numbers.agree([a], [a, a])
    assert not numbers.agree([a * np.nan], [a])
    assert not numbers.agree([a], [a * np.nan])
    assert numbers.agree([a * 0], [a * 0])


# What is not rebuilt.


@keras.saving.register_keras_serializable("tests")
class Conv2D(layers.Layer):
    """A class of the student's own that bears a built-in name."""

    def call(self, x):
        raise AssertionError("the answer's code was run")


class NetOfOnesOwn(keras.Model):
    pass


@keras.saving.register_keras_serializable("tests")
def own_activation(x):
    return x


@pytest.mark.parametrize(
    ("build", "why"),
    [
        (lambda x: layers.Lambda(keras.ops.abs)(x), "Lambda"),
        (lambda x: layers.Dense(3, activation=own_activation)(x), "activation"),
        (lambda x: layers.Embedding(9, 2)(layers.Flatten()(x)), "Embedding"),
        (lambda x: ops.linalg.norm(x, axis=-1), "Norm"),
        (lambda x: layers.TimeDistributed(layers.Dense(2))(x), "TimeDistributed"),
    ],
)
def test_only_built_in_layers_are_made(build, why):
    with pytest.raises(numbers.CannotRebuild, match=why):
        numbers.rebuild(config(build))


def test_a_registered_class_is_not_looked_up():
    text = config(lambda x: layers.Conv2D(2, 1)(x))
    own = json.loads(text)
    own["config"]["layers"][1] |= {"module": __name__, "registered_name": "tests>Conv2D"}
    with pytest.raises(numbers.CannotRebuild, match="Conv2D"):
        numbers.rebuild(own)
    assert numbers.rebuild(text).count_params() == 14


@pytest.mark.parametrize(
    "spec",
    [
        {"module": "os", "class_name": "system", "config": "false", "registered_name": None},
        {"class_name": "__lambda__", "config": {"value": ["4wAAAA=="]}},
        {"module": "keras.initializers", "class_name": "Constant", "config": {"value": [[1] * 100]}},
        "not_an_initializer",
    ],
)
def test_initializers_and_regularizers_are_never_made(spec):
    answer = json.loads(config(lambda x: layers.Conv2D(2, 1)(x)))
    for key in ("kernel_initializer", "kernel_regularizer", "kernel_constraint", "dtype"):
        answer["config"]["layers"][1]["config"][key] = spec
    model = numbers.rebuild(answer)
    assert model.layers[1].kernel.dtype == "float32"


def test_subclassed_models_are_judged_by_what_they_do():
    with pytest.raises(numbers.CannotRebuild, match="NetOfOnesOwn"):
        numbers.rebuild(json.dumps({"class_name": "NetOfOnesOwn", "module": "keras", "config": {}}))


def test_training_is_not_taken_from_the_config():
    """BatchNormalization()(x, training=True) is one way of writing; two pictures must not see each other."""
    answer = config(lambda x: layers.BatchNormalization()(x, training=True))
    x = probe(4, 9, 8, 6)
    whole, alone = numbers.outputs(answer, x)[0], numbers.outputs(answer, x[:1])[0]
    assert np.allclose(whole[:1], alone, atol=1e-6)


# Sizes are bounded before anything is allocated.


def shallow(layer, **changes):
    answer = json.loads(config(lambda x: layer(x)))
    answer["config"]["layers"][1]["config"] |= changes
    return answer


@pytest.mark.parametrize(
    "answer",
    [
        shallow(layers.Conv2D(2, 1), filters=10**9),
        shallow(layers.Conv2D(2, 1), kernel_size=[10**5, 10**5], padding="same"),
        shallow(layers.Dense(2), units=10**12),
        shallow(layers.ZeroPadding2D(1), padding=[[10**6, 10**6], [10**6, 10**6]]),
        shallow(layers.UpSampling2D(2), size=[10**5, 10**5]),
        shallow(layers.Conv2D(3, 3), filters=1000, kernel_size=[200, 200], padding="same"),
    ],
    ids=["filters", "kernel", "units", "padding", "upsampling", "multiplications"],
)
def test_what_is_too_large_is_refused_before_it_is_made(answer, monkeypatch):
    def allocate(*_):
        raise AssertionError("memory was asked for")

    monkeypatch.setattr(keras.Variable, "_deferred_initialize", allocate)
    monkeypatch.setattr(keras.Variable, "_initialize", allocate)
    with pytest.raises(numbers.TooLarge):
        numbers.rebuild(answer)
    monkeypatch.undo()
    with keras.StatelessScope():  # Keras allocates on leaving whatever is still waiting
        pass
    assert numbers.rebuild(shallow(layers.Dense(2))).count_params() == 14


def test_max_params_is_the_callers():
    answer = config(lambda x: layers.Dense(100)(x))
    assert numbers.rebuild(answer, max_params=700).count_params() == 700
    with pytest.raises(numbers.TooLarge, match="699 parameters"):
        numbers.rebuild(answer, max_params=699)


def test_shared_layers_are_counted_once_and_shared_again():
    def build(x):
        layer = layers.Dense(6)
        return layer(layer(x))

    assert numbers.rebuild(config(build), max_params=42).count_params() == 42


BLOCK = json.loads(config(lambda x: resnet.convolutional_block(x, 3, (2, 2, 6), 2, "a")))
LEAVES = st.none() | st.booleans() | st.integers(-3, 10**12) | st.text(max_size=5) | st.lists(st.integers(), max_size=3)


def paths(value, path=()):
    yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(item, (*path, key))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(list(paths(BLOCK))[1:]), LEAVES)
def test_a_spoiled_config_is_rebuilt_or_refused(path, leaf):
    answer = json.loads(json.dumps(BLOCK))
    inner = answer
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = leaf
    try:
        result = numbers.outputs(answer, probe(1, 9, 8, 6))
    except numbers.CannotRebuild:
        return
    assert result[0].dtype == np.float32
