"""lenet5, alexnet and vgg16: right answers keep every point, each mistake gets its own finding."""

import json
from functools import partial

import keras
import pytest
from answers import no_word_twice
from keras import layers, ops

from course_utils import check
from course_utils.networks.alexnet import LocalResponseNormalization, alexnet
from course_utils.networks.lenet import lenet5
from course_utils.networks.vgg import vgg16

POINTS = {"lenet5": 4, "alexnet": 3, "vgg16": 3}


def conv(filters, f, s=1, padding="valid", activation="relu", **more):
    return layers.Conv2D(filters, f, strides=s, padding=padding, activation=activation, **more)


def dense(units, activation="relu", **more):
    return layers.Dense(units, activation=activation, **more)


def max_pool(f=2, s=None, padding="valid"):
    return layers.MaxPooling2D(f, s, padding=padding)


def average_pool(f=2, s=None):
    return layers.AveragePooling2D(f, s)


# Each network as a list of steps, of which one can be exchanged.


def lenet_steps(classes, activation="relu", pool=max_pool):
    yield from (conv(6, 5, activation=activation), pool(), conv(16, 5, activation=activation), pool())
    yield layers.Flatten()
    yield from (dense(120, activation), dense(84, activation), dense(classes, "softmax"))


def alexnet_steps(classes):
    yield from (conv(96, 11, 4), max_pool(3, 2), conv(256, 5, padding="same"), max_pool(3, 2))
    yield from (conv(filters, 3, padding="same") for filters in (384, 384, 256))
    yield from (max_pool(3, 2), layers.Flatten(), dense(4096), dense(4096), dense(classes, "softmax"))


def vgg_steps(classes, stages=((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))):
    for filters, convolutions in stages:
        yield from (conv(filters, 3, padding="same") for _ in range(convolutions))
        yield max_pool()
    yield from (layers.Flatten(), dense(4096), dense(4096), dense(classes, "softmax"))


STEPS = {"lenet5": lenet_steps, "alexnet": alexnet_steps, "vgg16": vgg_steps}
SHAPES = {"lenet5": (32, 32, 1), "alexnet": (227, 227, 3), "vgg16": (224, 224, 3)}
CLASSES = {"lenet5": 10, "alexnet": 1000, "vgg16": 1000}


def built(exercise, change=lambda steps: steps, shape=None, classes=None, steps=None):
    """An answer: the exercise's steps, changed. change: of the list of steps, the list to be used."""
    steps = steps or STEPS[exercise]
    shape, classes = shape or SHAPES[exercise], classes or CLASSES[exercise]

    def answer(input_shape=shape, classes=classes):
        x = inputs = keras.Input(input_shape)
        made = {}
        for step in change(list(steps(classes))):
            x = made.setdefault(id(step), anew(step))(x)
        return keras.Model(inputs, x)

    answer.__name__ = exercise
    return answer


def anew(step):
    """A layer as it was before it was called: a change is made once, and used by each call of an answer."""
    weighted = isinstance(step, layers.Conv2D | layers.Dense)
    return type(step).from_config(step.get_config()) if weighted else step


def put(*at, **steps):
    """A change: other steps at these places; a list in place of one, [] for none."""

    def change(found):
        new = dict(zip(at, steps["steps"], strict=True))
        return [step for i, old in enumerate(found) for step in (new.get(i, [old]))]

    return change


def in_place(at, *steps):
    return put(at, steps=[list(steps)])


# Right.


def as_written(input_shape=(32, 32, 1), classes=10):
    """The 1998 form with everything named and nothing in brackets."""
    model = keras.Sequential(name="LeNet-5")
    model.add(keras.Input(shape=input_shape))
    for number, filters in enumerate((6, 16), start=1):
        model.add(layers.Conv2D(filters=filters, kernel_size=(5, 5), strides=(1, 1), name=f"C{2 * number - 1}"))
        model.add(layers.Activation("tanh"))
        model.add(layers.AveragePooling2D(pool_size=(2, 2), strides=(2, 2), name=f"S{2 * number}"))
    model.add(layers.Reshape((-1,)))
    model.add(layers.Dense(120, keras.activations.tanh, kernel_initializer="lecun_normal"))
    model.add(layers.Dense(84, layers.Activation("tanh"), kernel_regularizer="l2"))
    model.add(layers.Dense(classes))
    model.add(layers.Softmax())
    model.compile("adam", "sparse_categorical_crossentropy")
    return model


def pooled_before_relu(input_shape, classes, *, training=None):
    """A maximum and a ReLU may change places."""
    x = inputs = layers.Input(input_shape)
    for filters in 6, 16:
        x = ops.relu(layers.MaxPooling2D()(layers.Conv2D(filters, 5, padding="VALID")(x)))
    x = layers.Flatten()(x)
    for units in 120, 84:
        x = layers.Dropout(0.2)(layers.ReLU()(layers.Dense(units)(x)))
    return keras.Model(inputs, ops.softmax(layers.Dense(classes)(x)))


def c5_convolves(found):
    return [*found[:4], conv(120, 5, activation="tanh"), layers.Flatten(), *found[6:]]


def zeros_first(found):
    """Padding 'same' as zeros and 'valid'."""
    zeros = {5: 2, 3: 1}
    steps = []
    for step in found:
        if isinstance(step, layers.Conv2D) and step.padding == "same":
            f = step.kernel_size[0]
            steps += [layers.ZeroPadding2D(zeros[f]), conv(step.filters, f)]
        else:
            steps.append(step)
    return steps


def separate(found):
    """Activations as layers of their own, dropout between the dense layers."""
    steps = []
    for step in found:
        steps.append(step)
        if isinstance(step, layers.Dense | layers.Conv2D):
            function = step.activation.__name__
            step.activation = keras.activations.linear
            steps.append(layers.Activation(function))
        if isinstance(step, layers.Dense) and step.units == 4096:
            steps.append(layers.Dropout(0.5))
    return steps


def normalised(layer, places=(1, 4)):
    """A normalisation after the activation of the first two convolutions."""

    def change(found):
        for place in places:
            found.insert(place, layer())
        return found

    return change


def normalised_before(found):
    for at in 0, 4:
        filters, f, s, padding = (getattr(found[at], key) for key in ("filters", "kernel_size", "strides", "padding"))
        unit = [conv(filters, f, s, padding, None, use_bias=False), layers.BatchNormalization(), layers.ReLU()]
        found[at : at + 1] = unit
    return found


def nested(found):
    """The convolutions as a model of their own."""
    at = next(i for i, step in enumerate(found) if isinstance(step, layers.Flatten))
    return [keras.Sequential(found[:at]), *found[at:]]


class Networks:
    build = staticmethod(built("vgg16"))


def both_forms(input_shape=(32, 32, 1), classes=10, original=False):
    form = {"activation": "tanh", "pool": average_pool} if original else {}
    return built("lenet5", steps=partial(lenet_steps, **form))(input_shape, classes)


RIGHT = {
    "lenet_both_forms": ("lenet5", both_forms),
    "lenet_today": ("lenet5", built("lenet5")),
    "lenet_1998": ("lenet5", built("lenet5", steps=partial(lenet_steps, activation="tanh", pool=average_pool))),
    "lenet_sigmoid": ("lenet5", built("lenet5", steps=partial(lenet_steps, activation="sigmoid", pool=average_pool))),
    "lenet_as_written": ("lenet5", as_written),
    "lenet_pooled_before_relu": ("lenet5", pooled_before_relu),
    "lenet_c5_convolves": (
        "lenet5",
        built("lenet5", c5_convolves, steps=partial(lenet_steps, activation="tanh", pool=average_pool)),
    ),
    "lenet_nested": ("lenet5", built("lenet5", nested)),
    "alexnet_plain": ("alexnet", built("alexnet")),
    "alexnet_lrn": ("alexnet", built("alexnet", normalised(LocalResponseNormalization))),
    "alexnet_lrn_after_pooling": ("alexnet", built("alexnet", normalised(LocalResponseNormalization, (2, 5)))),
    "alexnet_bn": ("alexnet", built("alexnet", normalised(layers.BatchNormalization))),
    "alexnet_bn_before_relu": ("alexnet", built("alexnet", normalised_before)),
    "alexnet_zeros_first": ("alexnet", built("alexnet", zeros_first)),
    "alexnet_separate": ("alexnet", built("alexnet", separate)),
    "alexnet_nested": ("alexnet", built("alexnet", nested)),
    "vgg_plain": ("vgg16", built("vgg16")),
    "vgg_separate": ("vgg16", built("vgg16", separate)),
    "vgg_zeros_first": ("vgg16", built("vgg16", zeros_first)),
    "vgg_nested": ("vgg16", built("vgg16", nested)),
    "vgg_method_and_keywords": (
        "vgg16",
        lambda *, input_shape=(224, 224, 3), classes=1000: Networks.build(input_shape, classes),
    ),
    "vgg_without_defaults": ("vgg16", lambda input_shape, classes: built("vgg16")(input_shape, classes)),
}


def faults(result):
    return [finding.code for finding in result.findings if finding.mark == "to do"]


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_keep_every_point(name, capsys):
    exercise, answer = RIGHT[name]
    result = check.run(exercise, answer, hidden=name.endswith(("_1998", "_plain")), seed=3)
    assert result.points == POINTS[exercise], result
    assert capsys.readouterr() == ("", "")


# Wrong.


class Subclass(keras.Model):
    def call(self, x):
        return x


def stub():
    raise check.NotAnswered()


MADE = built("lenet5")()


def flag_ignored(input_shape=(32, 32, 1), classes=10, original=False):
    return both_forms(input_shape, classes)


def flag_changes_the_pooling_only(input_shape=(32, 32, 1), classes=10, original=False):
    pool = average_pool if original else max_pool
    return built("lenet5", steps=partial(lenet_steps, pool=pool))(input_shape, classes)


def flag_the_wrong_way_round(input_shape=(32, 32, 1), classes=10, original=False):
    return both_forms(input_shape, classes, not original)


WRONG = {  # exercise, code, points, answer
    "lenet_flag_ignored": ("lenet5", "wrong_activation", 2, flag_ignored),
    "lenet_flag_changes_the_pooling_only": ("lenet5", "wrong_activation", 2, flag_changes_the_pooling_only),
    "lenet_flag_the_wrong_way_round": ("lenet5", "wrong_pooling", 2, flag_the_wrong_way_round),
    "lenet_max_and_tanh": ("lenet5", "mixed_forms", 3, built("lenet5", steps=partial(lenet_steps, activation="tanh"))),
    "lenet_mean_and_relu": ("lenet5", "mixed_forms", 3, built("lenet5", steps=partial(lenet_steps, pool=average_pool))),
    "lenet_one_tanh": ("lenet5", "wrong_activation", 2, built("lenet5", in_place(2, conv(16, 5, activation="tanh")))),
    "lenet_one_mean": ("lenet5", "wrong_pooling", 2, built("lenet5", in_place(3, average_pool()))),
    "lenet_small_kernels": ("lenet5", "wrong_kernel_size", 2, built("lenet5", in_place(0, conv(6, 3)))),
    "lenet_same": ("lenet5", "wrong_padding", 2, built("lenet5", in_place(0, conv(6, 5, padding="same")))),
    "lenet_filters_swapped": (
        "lenet5",
        "wrong_filters",
        2,
        built("lenet5", put(0, 2, steps=[[conv(16, 5)], [conv(6, 5)]])),
    ),
    "lenet_strides": ("lenet5", "wrong_strides", 2, built("lenet5", in_place(2, conv(16, 5, 2)))),
    "lenet_pool_of_three": ("lenet5", "wrong_pooling", 2, built("lenet5", in_place(1, max_pool(3)))),
    "lenet_pool_missing": ("lenet5", "wrong_pooling", 2, built("lenet5", in_place(3))),
    "lenet_relu_missing": ("lenet5", "relu_missing", 2, built("lenet5", in_place(0, conv(6, 5, activation=None)))),
    "lenet_units": ("lenet5", "wrong_units", 2, built("lenet5", in_place(6, dense(80)))),
    "lenet_dense_missing": ("lenet5", "layer_missing", 2, built("lenet5", in_place(6))),
    "lenet_global_pooling": ("lenet5", "extra_layer", 2, built("lenet5", in_place(4, layers.GlobalAveragePooling2D()))),
    "lenet_logits": (
        "lenet5",
        "output_activation",
        2,
        lambda shape, classes: built("lenet5", lambda found: [*found[:-1], dense(classes, None)])(shape, classes),
    ),
    "lenet_sigmoid_outputs": (
        "lenet5",
        "output_activation",
        2,
        lambda shape, classes: built("lenet5", lambda found: [*found[:-1], dense(classes, "sigmoid")])(shape, classes),
    ),
    "lenet_ten_classes": (
        "lenet5",
        "wrong_units",
        2,
        built("lenet5", lambda found: [*found[:-1], dense(10, "softmax")]),
    ),
    "lenet_size_fixed": (
        "lenet5",
        "wrong_input_shape",
        2,
        lambda input_shape, classes: built("lenet5")(classes=classes),
    ),
    "lenet_other_defaults": ("lenet5", "wrong_input_shape", 2, built("lenet5", shape=(28, 28, 1))),
    "lenet_no_bias": ("lenet5", "wrong_bias", 2, built("lenet5", in_place(0, conv(6, 5, use_bias=False)))),
    "lenet_normalised": (
        "lenet5",
        "extra_layer",
        2,
        built("lenet5", in_place(1, layers.BatchNormalization(), max_pool())),
    ),
    "lenet_global_model": ("lenet5", "global_model", 0, lambda input_shape, classes: MADE),
    "lenet_nothing": ("lenet5", "returned_none", 0, lambda input_shape, classes: None),
    "lenet_tensor": ("lenet5", "returned_tensor", 0, lambda shape, classes: built("lenet5")(shape, classes).output),
    "lenet_subclassed": ("lenet5", "subclassed", 0, lambda shape, classes: Subclass()),
    "lenet_lambda": ("lenet5", "lambda_layer", 0, built("lenet5", in_place(1, layers.Lambda(lambda x: x), max_pool()))),
    "lenet_model": ("lenet5", "not_a_function", 0, MADE),
    "lenet_stub": ("lenet5", "unanswered", 0, lambda shape, classes: stub()),
    "lenet_course": ("lenet5", "borrowed", 0, lambda shape, classes: lenet5(shape, classes)),
    "alexnet_stride_of_two": ("alexnet", "wrong_strides", 1, built("alexnet", in_place(0, conv(96, 11, 2)))),
    "alexnet_first_same": ("alexnet", "wrong_padding", 1, built("alexnet", in_place(0, conv(96, 11, 4, "same")))),
    "alexnet_kernel": ("alexnet", "wrong_kernel_size", 1, built("alexnet", in_place(2, conv(256, 3, padding="same")))),
    "alexnet_pool_of_two": ("alexnet", "wrong_pooling", 1, built("alexnet", in_place(1, max_pool(2)))),
    "alexnet_pool_not_overlapping": ("alexnet", "wrong_pooling", 1, built("alexnet", in_place(1, max_pool(3)))),
    "alexnet_average": ("alexnet", "wrong_pooling", 1, built("alexnet", in_place(7, average_pool(3, 2)))),
    "alexnet_extra_pool": (
        "alexnet",
        "extra_layer",
        1,
        built("alexnet", in_place(5, max_pool(3, 1, "same"), conv(384, 3, padding="same"))),
    ),
    "alexnet_filters": ("alexnet", "wrong_filters", 1, built("alexnet", in_place(6, conv(384, 3, padding="same")))),
    "alexnet_conv_missing": ("alexnet", "layer_missing", 1, built("alexnet", in_place(5))),
    "alexnet_tanh": (
        "alexnet",
        "wrong_activation",
        1,
        built("alexnet", in_place(4, conv(384, 3, padding="same", activation="tanh"))),
    ),
    "alexnet_global_pooling": (
        "alexnet",
        "extra_layer",
        1,
        built("alexnet", in_place(8, layers.GlobalAveragePooling2D())),
    ),
    "alexnet_dense_of_1000": (
        "alexnet",
        "wrong_units",
        1,
        built("alexnet", lambda found: [*found[:-1], dense(1000, "softmax")]),
    ),
    "alexnet_two_towers": (
        "alexnet",
        "wrong_setting",
        1,
        built("alexnet", in_place(2, conv(256, 5, padding="same", groups=2))),
    ),
    "alexnet_bn_everywhere": (
        "alexnet",
        "extra_layer",
        1,
        built("alexnet", normalised(layers.BatchNormalization, (1, 4, 7, 9))),
    ),
    "alexnet_other_default": ("alexnet", "wrong_defaults", 2, built("alexnet", shape=(224, 224, 3))),
    "alexnet_lambda": (
        "alexnet",
        "lambda_layer",
        0,
        built("alexnet", in_place(1, layers.Lambda(lambda x: x), max_pool(3, 2))),
    ),
    "alexnet_not_pooled": (
        "alexnet",
        "too_large",
        0,
        lambda shape, classes: built("alexnet", put(1, 3, 7, steps=[[], [], []]))(shape, classes),
    ),
    "alexnet_course": ("alexnet", "borrowed", 0, lambda shape, classes: alexnet(shape, classes)),
    "alexnet_stub": ("alexnet", "unanswered", 0, lambda shape, classes: stub()),
    "vgg_eleven": ("vgg16", "layer_missing", 1, built("vgg16", put(0, 3, 6, 10, 14, steps=[[]] * 5))),
    "vgg_nineteen": (
        "vgg16",
        "extra_layer",
        1,
        built("vgg16", steps=partial(vgg_steps, stages=((64, 2), (128, 2), (256, 4), (512, 4), (512, 4)))),
    ),
    "vgg_wide_kernels": ("vgg16", "wrong_kernel_size", 1, built("vgg16", in_place(4, conv(128, 5, padding="same")))),
    "vgg_valid": ("vgg16", "wrong_padding", 1, built("vgg16", in_place(0, conv(64, 3)))),
    "vgg_valid_everywhere": (
        "vgg16",
        "wrong_padding",
        0,
        built(
            "vgg16",
            lambda found: [conv(step.filters, 3) if isinstance(step, layers.Conv2D) else step for step in found],
        ),
    ),
    "vgg_strides": ("vgg16", "wrong_pooling", 1, built("vgg16", in_place(2, max_pool(3, 2, "same")))),
    "vgg_average": ("vgg16", "wrong_pooling", 1, built("vgg16", in_place(5, average_pool()))),
    "vgg_filters": (
        "vgg16",
        "wrong_filters",
        1,
        built("vgg16", steps=partial(vgg_steps, stages=((64, 2), (128, 2), (256, 3), (512, 3), (1024, 3)))),
    ),
    "vgg_relu_missing": (
        "vgg16",
        "relu_missing",
        1,
        built("vgg16", in_place(8, conv(256, 3, padding="same", activation=None))),
    ),
    "vgg_global_pooling": ("vgg16", "extra_layer", 1, built("vgg16", in_place(18, layers.GlobalAveragePooling2D()))),
    "vgg_one_dense": ("vgg16", "layer_missing", 1, built("vgg16", in_place(20))),
    "vgg_small_dense": ("vgg16", "wrong_units", 1, built("vgg16", in_place(19, dense(1024)))),
    "vgg_shared": ("vgg16", "layer_shared", 1, built("vgg16", lambda found: [*found[:8], found[7], *found[9:]])),
    "vgg_sigmoid": (
        "vgg16",
        "output_activation",
        1,
        lambda shape, classes: built("vgg16", lambda found: [*found[:-1], dense(classes, "sigmoid")])(shape, classes),
    ),
    "vgg_other_classes": ("vgg16", "wrong_defaults", 2, built("vgg16", classes=10)),
    "vgg_frozen": (
        "vgg16",
        "not_trainable",
        1,
        built("vgg16", in_place(0, conv(64, 3, padding="same", trainable=False))),
    ),
    "vgg_channels_pooled": (
        "vgg16",
        "different_numbers",
        2,
        built("vgg16", in_place(5, layers.MaxPooling2D(2, data_format="channels_first"))),
    ),
    "vgg_six_poolings": (
        "vgg16",
        "extra_layer",
        0,
        lambda shape, classes: built("vgg16", in_place(17, max_pool(), max_pool(), max_pool()))(shape, classes),
    ),
    "vgg_library": (
        "vgg16",
        "borrowed",
        0,
        lambda shape, classes: keras.applications.VGG16(weights=None, input_shape=shape, classes=classes),
    ),
    "vgg_course": ("vgg16", "borrowed", 0, vgg16),
    "vgg_stub": ("vgg16", "unanswered", 0, lambda shape, classes: stub()),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_has_its_own_finding(name):
    exercise, code, points, answer = WRONG[name]
    result = check.run(exercise, answer)
    no_word_twice(result)
    found = faults(result)
    assert (found[0] if code == "exception" else next(f for f in found if f != "exception")) == code, result
    assert result.points == points, result
    for finding in result.findings:
        assert "\n" not in finding.message
        assert len(finding.message) < 400


def test_evidence_is_plain_data():
    evidence = check.collect("alexnet", built("alexnet", normalised(LocalResponseNormalization)), hidden=True)
    assert json.loads(json.dumps(evidence)) == evidence
    assert evidence["defaults"] == {"input_shape": [227, 227, 3], "classes": 1000}
    assert max(probe["model"]["parameters"] for probe in evidence["probes"]) < 40_000_000
