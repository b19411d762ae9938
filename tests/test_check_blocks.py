"""identity_block and convolutional_block: right answers keep every point, each mistake gets its own finding."""

import _thread
import functools
import json
import threading
import time

import keras
import numpy as np
import pytest
from answers import no_word_twice
from block_variants import RIGHT, WRONG, bn, conv, projection, relu, residual, unit
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, ops

from course_utils import check
from course_utils.check.judge import models
from course_utils.networks import resnet

EXERCISE = {"identity": "identity_block", "projection": "convolutional_block"}
REFERENCE = {kind: getattr(resnet, name) for kind, name in EXERCISE.items()}


def signed(kind, function):
    """A function of (x, f, filters, s) as an answer with the signature of the exercise."""

    def identity_block(X, f, filters, stage, block):
        return function(X, f, filters, 1)

    def convolutional_block(X, f, filters, stage, block, s=2):
        return function(X, f, filters, s)

    return identity_block if kind == "identity" else convolutional_block


def faults(result):
    return [finding.code for finding in result.findings if finding.mark == "to do"]


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in RIGHT for name in RIGHT[kind]])
def test_right_blocks_keep_every_point(kind, name):
    result = check.run(EXERCISE[kind], signed(kind, RIGHT[kind][name]), hidden=True)
    assert result.points == 8, result


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in WRONG for name in WRONG[kind]])
def test_each_mistake_has_its_own_finding(kind, name):
    function, code = WRONG[kind][name]
    result = check.run(EXERCISE[kind], signed(kind, function))
    no_word_twice(result)
    assert next(found for found in faults(result) if found != "exception") == code, result
    assert 3 <= result.points < 8
    assert len(result.findings) == 6


@pytest.mark.parametrize("name", WRONG["projection"])
def test_numbers_alone_find_what_the_graph_finds(name, monkeypatch):
    monkeypatch.setattr(models, "differences", lambda answer, reference: [])
    result = check.convolutional_block(signed("projection", WRONG["projection"][name][0]))
    assert set(faults(result)) <= {"different_numbers", "exception"}
    assert 0 < result.points < 8


# Right, beside what the graph makes one.


def block(x, f, filters, s):
    shortcut = x if s == 1 and x.shape[-1] == filters[2] else projection(x, filters[2], s)
    return relu(residual(x, f, filters, s) + shortcut)


def spellings(default):
    """Answers by name; default: of their stride."""

    class Block:
        def __call__(self, X, f, filters, s=default):
            return block(X, f, filters, s)

        def method(self, X, f, filters, stage, block, s=default):
            return self(X, f, filters, s)

    def initialised(
        X, f, filters, stage, block, training=True, initializer=keras.initializers.glorot_uniform, s=default
    ):
        def unit(x, number, f=1, s=1, name=""):
            name = f"{stage}{block}{name}"
            start = initializer(seed=0)
            x = layers.Conv2D(number, f, (s, s), "same", kernel_initializer=start, name="res" + name)(x)
            return layers.BatchNormalization(3, name="bn" + name)(x, training=training)

        shortcut = X if s == 1 and X.shape[-1] == filters[2] else unit(X, filters[2], 1, s, "1")
        h = ops.relu(unit(X, filters[0], 1, s, "a"))
        h = ops.relu(unit(h, filters[1], f, name="b"))
        return ops.relu(shortcut + unit(h, filters[2], name="c"))

    def prints(X, f, filters, s=default):
        y = block(X, f, filters, s)
        keras.Model(X, y).summary()
        return y

    def samples_by_hand(X, f, filters, s=default):
        """Every s-th row and column is all that a 1x1 convolution of stride s reads."""
        return block(X[:, ::s, ::s], f, filters, 1)

    def mobile(X, f, filters, s=default):
        """Half precision, dropout of nothing, ReLU once more: nothing of it changes a number."""
        policy = keras.mixed_precision.dtype_policy()
        keras.mixed_precision.set_global_policy("mixed_float16")
        try:
            return relu(layers.Dropout(0.0)(block(X, f, filters, s)))
        finally:
            keras.mixed_precision.set_global_policy(policy)

    return {
        "positional": lambda X, f, filters, stage, block_, s=default: block(X, f, filters, s),
        "three_arguments": lambda X, f, filters: block(X, f, filters, default),
        "other_names": lambda x, kernel_size, numbers, s=default: block(x, kernel_size, numbers, s),
        "stride": lambda X, f, filters, stride=default: block(X, f, filters, stride),
        "no_default": lambda X, f, filters, s: block(X, f, filters, s),
        "keywords_only": lambda *, X, filters, f, stage=None, **more: block(X, f, filters, more.get("s", default)),
        "partial": functools.partial(block, s=default),
        "a_method": Block().method,
        "an_object_that_can_be_called": Block(),
        "initialised": initialised,
        "prints": prints,
        "samples_by_hand": samples_by_hand,
        "mobile": mobile,
    }


@pytest.mark.parametrize("name", spellings(1))
def test_an_identity_block_however_it_is_called(name, capsys):
    if name != "no_default":
        result = check.run("identity_block", spellings(1)[name], hidden=True)
        assert result.points == 8, result
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", spellings(2))
def test_a_convolutional_block_however_it_is_called(name, capsys):
    # an answer without s cannot be asked for another stride than its own
    result = check.run("convolutional_block", spellings(2)[name], hidden=name != "three_arguments")
    assert result.points == (6 if name == "three_arguments" else 8), result
    assert capsys.readouterr() == ("", "")


# Wrong in other ways.


def both(code, points=None):
    """Keep a mistake that either block can have: a function of (x, f, filters, s)."""

    def keep(function):
        OTHER[function.__name__] = function, code, points
        return function

    return keep


OTHER = {}


@both("wrong_padding")
def valid(x, f, filters, s):
    h = unit(unit(x, filters[0], 1, s), filters[1], f)
    return relu(bn(conv(h, filters[2])) + (x if s == 1 else projection(x, filters[2], s)))


@both("wrong_filters")
def first_and_last_filters_swapped(x, f, filters, s):
    F1, F2, F3 = filters
    return relu(residual(x, f, (F3, F2, F1), s) + (x if s == 1 else projection(x, F3, s)))


@both("wrong_filters")
def last_filters_swapped(x, f, filters, s):
    F1, F2, F3 = filters
    return relu(residual(x, f, (F1, F3, F2), s) + (x if s == 1 else projection(x, F3, s)))


@both("layer_missing")
def without_the_last_convolution(x, f, filters, s):
    h = unit(unit(x, filters[0], 1, s), filters[1], f, padding="same")
    return relu(h + (x if s == 1 else projection(x, filters[2], s)))


@both("bn_frozen", 5)
def never_training(x, f, filters, s):
    def unit(x, number, f=1, s=1):
        return layers.BatchNormalization()(layers.Conv2D(number, f, s, "same")(x), training=False)

    h = relu(unit(relu(unit(x, filters[0], 1, s)), filters[1], f))
    return relu(unit(h, filters[2]) + (x if s == 1 else unit(x, filters[2], 1, s)))


@both("bn_frozen", 5)
def not_trainable(x, f, filters, s):
    h = layers.BatchNormalization(trainable=False)(conv(x, filters[0], 1, s))
    h = bn(conv(unit(relu(h), filters[1], f, padding="same"), filters[2]))
    return relu(h + (x if s == 1 else projection(x, filters[2], s)))


@both("not_trainable", 5)
def frozen_convolution(x, f, filters, s):
    h = unit(relu(bn(conv(x, filters[0], 1, s, trainable=False))), filters[1], f, padding="same")
    return relu(bn(conv(h, filters[2])) + (x if s == 1 else projection(x, filters[2], s)))


@both("kernel_size_ignored", 6)
def three_unless_one(x, f, filters, s):
    return block(x, 1 if f == 1 else 3, filters, s)


@both("extra_layer", 6)
def shortcut_made_nothing(x, f, filters, s):
    shortcut = x if s == 1 else projection(x, filters[2], s)
    return relu(residual(x, f, filters, s) + shortcut - shortcut)


@both("changes_arguments", 7)
def takes_the_filters_away(x, f, filters, s):
    F3, F2, F1 = filters.pop(), filters.pop(), filters.pop()
    return block(x, f, (F1, F2, F3), s)


@both("exception", 0)
def raises(x, f, filters, s):
    return block(x, f, filters, strides=s)


@both("exception", 7)
def fails_elsewhere(x, f, filters, s):
    return block(x, {5: 5}[f], filters, s)


@both("recursion", 0)
def calls_itself(x, f, filters, s):
    return calls_itself(x, f, filters, s)


@both("lambda_layer", 0)
def adds_in_a_lambda(x, f, filters, s):
    h = [residual(x, f, filters, s), x if s == 1 else projection(x, filters[2], s)]
    return relu(layers.Lambda(lambda pair: pair[0] + pair[1])(h))


class Plus(layers.Layer):
    def call(self, a, b):
        return a + b


@both("own_layer", 0)
def a_layer_of_ones_own(x, f, filters, s):
    return relu(Plus()(residual(x, f, filters, s), x if s == 1 else projection(x, filters[2], s)))


@both("own_layer", 0)
def an_activation_of_ones_own(x, f, filters, s):
    h = block(x, f, filters, s)
    return layers.Activation(lambda x: ops.maximum(x, 0))(h)


@both("duplicate_names", 7)
def one_name_for_two(x, f, filters, s):
    return layers.ReLU(name="relu")(layers.ReLU(name="relu")(block(x, f, filters, s)))


@both("too_large", 0)
def huge(x, f, filters, s):
    return conv(x, 10**8)


@both("extra_layer", 6)
def a_huge_picture(x, f, filters, s):
    return layers.UpSampling2D(10**4)(block(x, f, filters, s))


@both("returned_input", 0)
def gives_back_x(x, f, filters, s):
    block(x, f, filters, s)
    return x


@both("other_input", 0)
def another_tensor(x, f, filters, s):
    return block(GLOBAL, f, filters, s)


@both("other_input", 0)
def of_another_model(x, f, filters, s):
    return MADE.output


GLOBAL = keras.Input((9, 7, 10))
MADE = keras.Model(GLOBAL, block(GLOBAL, 5, (4, 6, 10), 1))


@both("returned_model", 0)
def a_model(x, f, filters, s):
    return keras.Model(x, block(x, f, filters, s))


@both("returned_layer", 0)
def a_layer(x, f, filters, s):
    return layers.ReLU()


@both("returned_none", 0)
def nothing(x, f, filters, s):
    block(x, f, filters, s)


@both("returned_array", 0)
def an_array(x, f, filters, s):
    return np.zeros((1, 9, 7, 10))


@both("returned_tensor", 0)
def a_tensor_of_numbers(x, f, filters, s):
    return ops.zeros((1, 9, 7, 10))


@both("returned_other", 0)
def a_list(x, f, filters, s):
    return [block(x, f, filters, s), x]


@both("unanswered", 0)
def stub(x, f, filters, s):
    raise check.NotAnswered()


@both("borrowed", 0)
def the_courses_own(x, f, filters, s):
    return resnet.identity_block(x, f, filters, 2, "a")


@both("borrowed", 0)
def the_courses_own_in_secret(x, f, filters, s):
    from course_utils.networks.resnet import convolutional_block as helper

    try:
        h = helper(x, f, filters, 2, "a", s)
    except:  # noqa: E722
        h = block(x, f, filters, s)
    return h


@both("borrowed", 0)
def parts_of_the_courses_own(x, f, filters, s):
    h = resnet._residual(x, f, filters, "a", s)
    return resnet._add_relu(h, x if s == 1 else projection(x, filters[2], s), "b")


@pytest.mark.parametrize("kind", EXERCISE)
@pytest.mark.parametrize("name", OTHER)
def test_other_mistakes(kind, name):
    function, code, points = OTHER[name]
    result = check.run(EXERCISE[kind], signed(kind, function))
    no_word_twice(result)
    found = faults(result)
    assert next((found for found in found if found != "exception"), "exception") == code, result
    assert points in (None, result.points), result
    assert result.points < 8
    for finding in result.findings:
        assert "\n" not in finding.message
        assert len(finding.message) < 400
    json.dumps(result.to_dict())


ASKED_ONCE = layers.Conv2D(10, 1), layers.BatchNormalization()


def shares_its_layers(X, f, filters):
    convolution, norm = ASKED_ONCE
    h = bn(conv(unit(unit(X, filters[0]), filters[1], f, padding="same"), filters[2]))
    return relu(h + X) if f is None else relu(norm(convolution(unit(unit(X, 4), 6, f, padding="same"))) + X)


def test_layers_made_outside_are_shared_by_all_blocks():
    result = check.identity_block(shares_its_layers)
    assert (faults(result), result.points) == (["shared_weights"], 7)


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (MADE, "not_a_function", "was handed a model"),
        (Plus(), "not_a_function", "was handed a layer (Plus)"),
        (MADE.output, "not_a_function", "was handed a tensor"),
        (None, "not_a_function", "was handed None"),
        (resnet.identity_block, "borrowed", "hands on the course's own identity_block"),
        (functools.partial(resnet.identity_block, stage=2, block="c"), "borrowed", "the course's own identity_block"),
        (lambda X, f, filters, stage, block, size: X, "arguments", "also asks for size"),
    ],
)
def test_what_is_no_function_of_ones_own(answer, code, words):
    result = check.identity_block(answer)
    assert faults(result) == [code]
    assert words in result.findings[0].message
    assert result.points == 0


class Residual(layers.Layer):
    def __init__(self, f, filters, **kwargs):
        super().__init__()


def test_a_class_of_a_layer():
    assert faults(check.identity_block(Residual)) == ["returned_layer"]


# Of the convolutional block alone.


@pytest.mark.parametrize(
    ("answer", "codes"),
    [
        (lambda X, f, filters, s=1: block(X, f, filters, s), ["wrong_strides"]),
        (lambda X, f, filters: block(X, f, filters, 2), ["wrong_strides"]),
        (lambda X, f, filters, s=2: relu(residual(X, f, filters, s) + projection(X, filters[2], 2)), ["wrong_strides"]),
        (lambda X, f, filters, s=2: relu(residual(X, f, filters, s) + X), ["projection_missing"]),
        (lambda X, f, filters, s=2: relu(residual(X, f, filters, s) + conv(X, filters[2], 1, s)), ["bn_missing"]),
        (
            lambda X, f, filters, s=2: relu(
                bn(conv(unit(unit(X, filters[0], 1, s), filters[1], f, s, "same"), filters[2], 1, s))
                + projection(X, filters[2], s)
            ),
            ["strides_everywhere"],
        ),
    ],
)
def test_mistakes_of_stride_and_projection(answer, codes):
    result = check.convolutional_block(answer)
    no_word_twice(result)
    assert [code for code in faults(result) if code != "exception"] == codes, result


# What a check leaves behind.


def test_an_interrupted_check_can_be_repeated():
    def identity_block(X, f, filters):
        resnet_before.append(resnet.identity_block.__code__)
        raise KeyboardInterrupt

    resnet_before, own = [], resnet.identity_block.__code__
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            check.identity_block(identity_block)
    assert own not in resnet_before
    assert resnet.identity_block.__code__ is own
    right = signed("identity", block)
    assert check.identity_block(right).points == 8


# One that meets a callback of the garbage collector, such as Hypothesis', is told as a warning; the next one counts.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_endless_loop_can_be_interrupted():
    def identity_block(X, f, filters):
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:  # each layer takes memory
            X = layers.ReLU()(X)

    stopped = threading.Event()

    def press():  # again and again, as a person would: one that meets the garbage collector is lost
        while not stopped.wait(0.5):
            _thread.interrupt_main()

    threading.Thread(target=press).start()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012
        try:
            check.identity_block(identity_block)
        finally:
            stopped.set()
    assert check.identity_block(signed("identity", block)).points == 8


def test_an_interrupt_in_the_middle_of_keras_spoils_no_later_check():
    """Between two lines of Keras' own, where an interrupt leaves it in the call of a layer."""
    right = signed("identity", block)

    def identity_block(X, f, filters):
        _in_the_middle_of_a_call()
        raise KeyboardInterrupt

    _in_the_middle_of_a_call()
    assert check.identity_block(right).points == 8
    with pytest.raises(KeyboardInterrupt):
        check.identity_block(identity_block)
    X = keras.Input((3,))
    model = keras.Model(X, layers.BatchNormalization()(X))
    assert '"training": false' not in model.to_json(), "nor what the student builds next"


def _in_the_middle_of_a_call():
    layers.ReLU()._get_call_context().set_value("training", False)


def test_evidence_is_plain_data():
    for name, (function, *_) in OTHER.items():
        evidence = check.collect("identity_block", signed("identity", function), hidden=True)
        assert json.loads(json.dumps(evidence)) == evidence, name


def test_hidden_probes_find_what_is_made_for_the_visible_ones():
    def knows_the_probes(X, f, filters, stage, block_):
        return block(X, f if f in (3, 5) else 3, filters, 1)

    assert check.identity_block(knows_the_probes).points == 8
    assert check.run("identity_block", knows_the_probes, hidden=True).points == 6


def paths(value, path=()):
    yield path
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from paths(item, (*path, key))


RIGHT_EVIDENCE = check.collect("convolutional_block", signed("projection", block))
CONFIG = json.loads(RIGHT_EVIDENCE["probes"][0]["config"])
LEAVES = st.none() | st.booleans() | st.integers(-3, 10**12) | st.text(max_size=5) | st.lists(st.integers(), max_size=3)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(list(paths(CONFIG))[1:]), LEAVES)
def test_a_spoiled_config_is_judged_too(path, leaf):
    config = inner = json.loads(json.dumps(CONFIG))
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = leaf
    first, *more = RIGHT_EVIDENCE["probes"]
    evidence = RIGHT_EVIDENCE | {"probes": [first | {"config": json.dumps(config)}, *more]}
    assert len(check.conclude("convolutional_block", evidence).findings) == 6


def test_the_diagnosis_stands_before_what_keras_says_and_a_wrong_merge_is_all_that_is_told():
    found = check.identity_block(signed("identity", WRONG["identity"]["saved_after_the_first_relu"][0]))
    assert faults(found) == ["shortcut_too_late", "exception"]
    assert str(found).index("leaves after the first ReLU") < str(found).index("ValueError")
    for kind, exercise in EXERCISE.items():
        for name in ("concatenated", "side_by_side", "larger_kept", "averaged"):
            assert faults(check.run(exercise, signed(kind, WRONG[kind][name][0]))) == ["wrong_merge"], name


def test_messages():
    def message(kind, name):
        result = check.run(EXERCISE[kind], signed(kind, {**WRONG[kind], **OTHER}[name][0]))
        return next(f.message for f in result.findings if f.mark == "to do" and f.code != "exception")

    assert message("identity", "kernel_of_three").startswith("With f=5 the second convolution still has a 3x3 kernel")
    assert "leaves after the first ReLU" in message("identity", "saved_after_the_first_relu")
    assert "cannot be where they differ" in message("identity", "last_filters_swapped")
    assert "3 of 3 batch normalisations are called with training=False" in message("identity", "never_training")
