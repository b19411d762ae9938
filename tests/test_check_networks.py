"""resnet50 and resnet50_headless: right answers keep every point, each mistake gets its own finding."""

import functools
import json

import block_variants
import keras
import pytest
from answers import no_word_twice
from keras import layers, ops

from course_utils import check
from course_utils.networks import resnet
from course_utils.networks.resnet import STAGES, convolutional_block, identity_block

POINTS = {"resnet50": 8, "resnet50_headless": 4}


def faults(result):
    return [finding.code for finding in result.findings if finding.mark == "to do"]


# A network in parts, each of which can be exchanged; the blocks are the course's own, as in notebook 05.


def stem(X, relu=True, zeros=3):
    X = layers.ZeroPadding2D(zeros)(X) if zeros else X
    X = layers.Conv2D(64, (7, 7), strides=(2, 2), padding="valid" if zeros else "same")(X)
    X = layers.BatchNormalization(axis=3)(X)
    return layers.Activation("relu")(X) if relu else X


def unpadded_stem(X):
    return layers.ReLU()(layers.BatchNormalization(axis=3)(layers.Conv2D(64, 7, 2)(X)))


def pool(X, padding="valid", kind=layers.MaxPooling2D):
    return kind((3, 3), strides=(2, 2), padding=padding)(X)


def padded_pool(X):
    return pool(layers.ZeroPadding2D(1)(X))


def stages(X, stages=STAGES, identity=identity_block, projection=convolutional_block):
    for stage, (filters, blocks, s) in enumerate(stages, start=2):
        X = projection(X, 3, filters, stage, "a", s)
        for block in "bcdefghi"[: blocks - 1]:
            X = identity(X, 3, filters, stage, block)
    return X


def head(X, classes, pool=layers.AveragePooling2D, activation="softmax"):
    X = pool(2)(X) if pool else X
    return layers.Dense(classes, activation=activation)(layers.Flatten()(X))


def network(input_shape=(64, 64, 3), classes=6, stem=stem, pool=pool, stages=stages, head=head):
    X_input = keras.Input(input_shape)
    X = stages(pool(stem(X_input)))
    return keras.Model(X_input, head(X, classes) if head else X)


def changed(number, filters=None, blocks=None, stride=None, stages_=STAGES):
    """A function of X: the stages with something changed in one, numbered from two as in the paper."""
    rows = [list(row) for row in stages_]
    for place, value in enumerate((filters, blocks, stride)):
        if value is not None:
            rows[number - 2][place] = value
    return functools.partial(stages, stages=rows)


def full(**parts):
    def ResNet50(input_shape=(64, 64, 3), classes=6):
        return network(input_shape, classes, **parts)

    return ResNet50


def headless(**parts):
    def resnet50_headless(input_shape=(224, 224, 3)):
        return network(input_shape, **{"pool": padded_pool, "head": None} | parts)

    return resnet50_headless


# Right.


def as_source(input_shape=(64, 64, 3), classes=6):
    """Everything written out, with the blocks of another learner."""
    X_input = layers.Input(input_shape)
    X = layers.ZeroPadding2D((3, 3))(X_input)
    X = layers.Conv2D(64, 7, strides=2, name="conv1", kernel_initializer="he_normal", use_bias=False)(X)
    X = layers.BatchNormalization(axis=3, name="bn_conv1", epsilon=1e-5)(X)
    X = layers.MaxPooling2D((3, 3), strides=(2, 2))(ops.relu(X))
    for (F1, F2, F3), blocks, s in STAGES:
        for number in range(blocks):
            stride = 1 if number else s
            shortcut = X if number else block_variants.projection(X, F3, s)
            X = block_variants.relu(block_variants.residual(X, 3, (F1, F2, F3), stride) + shortcut)
    X = layers.AveragePooling2D(pool_size=(2, 2), name="avg_pool")(X)
    X = layers.Flatten()(X)
    X = layers.Dense(classes, activation="softmax", name="fc" + str(classes), kernel_regularizer="l2")(X)
    return keras.Model(inputs=X_input, outputs=X, name="ResNet50")


def global_head(X, classes):
    return layers.Softmax()(layers.Dense(classes)(layers.GlobalAveragePooling2D()(X)))


def mean_head(X, classes):
    return ops.softmax(layers.Dense(classes)(ops.mean(X, axis=(1, 2))))


def sequential_stem(X):
    parts = [layers.ZeroPadding2D(3), layers.Conv2D(64, 7, 2), layers.BatchNormalization(), layers.ReLU()]
    return keras.Sequential(parts)(X)


def operations_stem(X):
    X = ops.pad(X, ((0, 0), (3, 3), (3, 3), (0, 0)))
    return keras.activations.relu(layers.BatchNormalization()(layers.Conv2D(64, 7, 2)(X)))


def nested(block):
    """A block as a model of its own."""

    def build(X, f, filters, stage, letter, *s):
        inputs = keras.Input(X.shape[1:])
        return keras.Model(inputs, block(inputs, f, filters, stage, letter, *s))(X)

    return build


NESTED = functools.partial(stages, identity=nested(identity_block), projection=nested(convolutional_block))


def shown_and_compiled(input_shape=(64, 64, 3), classes=6, training=False):
    model = network(input_shape, classes)
    model.summary()
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model


def tried_at_once(shape, n):
    model = network(shape, n)
    assert model.predict(ops.zeros((1, *shape)), verbose=0).shape == (1, n)
    return model


class Networks:
    def build(self, input_shape=(64, 64, 3), classes=6):
        return network(input_shape, classes, head=global_head)


def relu_on_every_shortcut(X, f, filters, stage, block):
    """What enters an identity block has passed a ReLU already."""
    return layers.ReLU()(resnet._residual(X, f, filters, f"{stage}{block}") + layers.ReLU()(X))


RIGHT = {
    "as_source": ("resnet50", as_source),
    "global_head": ("resnet50", full(head=global_head)),
    "mean_head": ("resnet50", full(head=mean_head)),
    "sequential_stem": ("resnet50", full(stem=sequential_stem)),
    "nested": ("resnet50", full(stages=NESTED)),
    "shown_and_compiled": ("resnet50", shown_and_compiled),
    "tried_at_once": ("resnet50", tried_at_once),
    "method": ("resnet50", Networks().build),
    "relu_on_every_shortcut": ("resnet50", full(stages=functools.partial(stages, identity=relu_on_every_shortcut))),
    "headless": ("resnet50_headless", headless()),
    "headless_one_argument": ("resnet50_headless", lambda shape: headless()(shape)),
    "headless_sequential_stem": ("resnet50_headless", headless(stem=sequential_stem)),
    "headless_operations_stem": ("resnet50_headless", headless(stem=operations_stem)),
    "headless_nested": ("resnet50_headless", headless(stages=NESTED)),
    "headless_pool": (
        "resnet50_headless",
        headless(pool=lambda X: pool(ops.pad(X, ((0, 0), (1, 1), (1, 1), (0, 0))))),
    ),
    "headless_source": (
        "resnet50_headless",
        headless(stages=lambda X: layers.Identity(name="output")(layers.Dropout(0.1)(stages(X)))),
    ),
    "headless_keywords": ("resnet50_headless", lambda *, input_shape=(224, 224, 3), **more: headless()(input_shape)),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_networks_keep_every_point(name, capsys):
    exercise, answer = RIGHT[name]
    hidden = name in ("as_source", "headless")
    result = check.run(exercise, answer, hidden=hidden)
    assert result.points == POINTS[exercise], result
    assert capsys.readouterr() == ("", "")


# Wrong.


def plain(X, f, filters, stage, block):
    return layers.ReLU()(resnet._residual(X, f, filters, f"{stage}{block}"))


def late(X, f, filters, stage, block):
    h = resnet._residual(X, f, filters, f"{stage}{block}")
    return layers.ReLU()(h + layers.BatchNormalization()(h))


def kernel_of_five(X, f, filters, stage, block):
    return identity_block(X, 5, filters, stage, block)


def relu_before(X, f, filters, stage, block, s):
    h = layers.ReLU()(resnet._residual(X, f, filters, f"{stage}{block}", s))
    return layers.ReLU()(h + block_variants.projection(X, filters[2], s))


def everywhere(X, f, filters, stage, block, s):
    h = block_variants.unit(X, filters[0], 1, s)
    h = block_variants.unit(h, filters[1], f, s, "same")
    h = block_variants.bn(block_variants.conv(h, filters[2], 1, s))
    return layers.ReLU()(h + block_variants.projection(X, filters[2], s**3))


def other_identity(identity):
    return functools.partial(stages, identity=identity)


def frozen(input_shape=(64, 64, 3), classes=6):
    model = network(input_shape, classes)
    model.trainable = False
    return model


class Subclass(keras.Model):
    def call(self, X):
        return X


MADE = keras.Sequential([keras.Input((64, 64, 3)), layers.Flatten(), layers.Dense(6)])
COMMON = {
    "stem_without_relu": ("relu_missing", {"stem": functools.partial(stem, relu=False)}),
    "stem_same": ("wrong_padding", {"stem": functools.partial(stem, zeros=0)}),
    "stem_unpadded": ("wrong_padding", {"stem": unpadded_stem}),
    "stem_little_padding": ("wrong_padding", {"stem": functools.partial(stem, zeros=1)}),
    "average_pool": ("wrong_pooling", {"pool": functools.partial(pool, kind=layers.AveragePooling2D)}),
    "pool_same": ("wrong_pooling", {"pool": functools.partial(pool, padding="same")}),
    "five_blocks_in_stage_4": ("wrong_depth", {"stages": changed(4, blocks=5)}),
    "a_block_too_few_in_each_stage": (
        "wrong_depth",
        {"stages": functools.partial(stages, stages=[(filters, blocks - 1, s) for filters, blocks, s in STAGES])},
    ),
    "a_stage_missing": ("wrong_depth", {"stages": functools.partial(stages, stages=STAGES[:3])}),
    "filters_swapped": ("wrong_filters", {"stages": changed(3, filters=(128, 512, 512))}),
    "stride_one_in_stage_3": ("wrong_strides", {"stages": changed(3, stride=1)}),
    "stride_in_another_stage": (
        "wrong_strides",
        {"stages": changed(2, stride=2, stages_=changed(3, stride=1).keywords["stages"])},
    ),
    "plain": ("shortcut_missing", {"stages": other_identity(plain)}),
    "overwritten": ("shortcut_overwrites", {"stages": other_identity(late)}),
    "kernel_of_five": ("wrong_kernel_size", {"stages": other_identity(kernel_of_five)}),
    "relu_before": ("relu_before_add", {"stages": functools.partial(stages, projection=relu_before)}),
}
OTHER = {
    "dense_of_six": ("resnet50", "wrong_units", 6, full(head=lambda X, classes: head(X, 6))),
    "size_fixed": ("resnet50", "wrong_input_shape", 6, lambda input_shape, classes: network((64, 64, 3), classes)),
    "logits": ("resnet50", "output_activation", 6, full(head=functools.partial(head, activation=None))),
    "sigmoid": ("resnet50", "output_activation", 6, full(head=functools.partial(head, activation="sigmoid"))),
    "max_head": ("resnet50", "wrong_pooling", 6, full(head=functools.partial(head, pool=layers.MaxPooling2D))),
    "no_pooling": ("resnet50", "wrong_pooling", 6, full(head=functools.partial(head, pool=None))),
    "frozen": ("resnet50", "bn_frozen", 6, frozen),
    "channels_pooled": (
        "resnet50",
        "different_numbers",
        7,
        full(pool=lambda X: layers.MaxPooling2D(3, 2, data_format="channels_first")(X)),
    ),
    "strides_everywhere": ("resnet50", "exception", 0, full(stages=functools.partial(stages, projection=everywhere))),
    "global_model": ("resnet50", "global_model", 0, lambda input_shape, classes: MADE),
    "a_tensor": ("resnet50", "returned_tensor", 0, lambda shape, n: network(shape, n).output),
    "nothing": ("resnet50", "returned_none", 0, lambda shape, n: None),
    "a_class": ("resnet50", "returned_class", 0, lambda shape, n: Subclass),
    "a_list": ("resnet50", "not_a_model", 0, lambda shape, n: [network(shape, n)]),
    "subclassed": ("resnet50", "subclassed", 0, lambda shape, n: Subclass()),
    "a_model": ("resnet50", "not_a_function", 0, MADE),
    "lambda": ("resnet50", "lambda_layer", 0, full(stem=lambda X: stem(layers.Lambda(lambda x: x / 255)(X)))),
    "huge": ("resnet50", "too_large", 0, full(head=lambda X, classes: layers.Dense(10**9)(layers.Flatten()(X)))),
    "stub": ("resnet50", "unanswered", 0, full(head=lambda X, classes: stub())),
    "course": ("resnet50", "borrowed", 0, resnet.ResNet50),
    "course_in_secret": ("resnet50", "borrowed", 0, lambda shape, n: resnet.ResNet50(shape, n)),
    "parts_of_the_course": ("resnet50", "borrowed", 0, full(stages=lambda X: resnet._stages(X))),
    "strides_that_cannot_be_added": (
        "resnet50_headless",
        "wrong_strides",
        1,
        headless(
            stages=functools.partial(
                stages,
                projection=lambda X, f, filters, stage, block, s: layers.ReLU()(
                    resnet._residual(X, f, filters, f"{stage}{block}") + block_variants.projection(X, filters[2], s)
                ),
            )
        ),
    ),
    "with_a_head": ("resnet50_headless", "extra_layer", 2, headless(head=head)),
    "pooled_at_the_end": (
        "resnet50_headless",
        "extra_layer",
        2,
        headless(head=lambda X, n: layers.GlobalAveragePooling2D()(X)),
    ),
    "pool_unpadded": ("resnet50_headless", "wrong_pooling", 2, headless(pool=pool)),
    "library": (
        "resnet50_headless",
        "borrowed",
        0,
        lambda shape: keras.applications.ResNet50(include_top=False, weights=None, input_shape=shape),
    ),
    "headless_course": ("resnet50_headless", "borrowed", 0, resnet.resnet50_headless),
}


def stub():
    raise check.NotAnswered()


# To save time, of one network only.
ONCE = {"stem_unpadded", "stem_little_padding", "average_pool", "filters_swapped", "overwritten", "kernel_of_five"}


@pytest.mark.parametrize(
    ("exercise", "name"), [(e, n) for e in POINTS for n in COMMON if e == "resnet50" or n not in ONCE]
)
def test_each_mistake_has_its_own_finding(exercise, name):
    code, parts = COMMON[name]
    result = check.run(exercise, (full if exercise == "resnet50" else headless)(**parts))
    no_word_twice(result)
    assert faults(result) == [code], result
    half = POINTS[exercise] / 2
    assert result.points <= half if name == "plain" else half <= result.points < POINTS[exercise] - 1


def test_zeros_that_are_missing_are_asked_for_as_the_exercise_counts_them():
    (finding,) = (one for one in check.resnet50(full(stem=unpadded_stem)).findings if one.mark == "to do")
    assert "without zeros around it" in finding.message
    assert (finding.expected, finding.got) == ("3 zeros at each side", "padding 'valid'")


@pytest.mark.parametrize("name", OTHER)
def test_other_mistakes(name):
    exercise, code, points, answer = OTHER[name]
    result = check.run(exercise, answer)
    no_word_twice(result)
    assert next(found for found in faults(result) if found != "exception" or code == "exception") == code, result
    assert points in (None, result.points), result
    assert result.points < POINTS[exercise]
    for finding in result.findings:
        assert "\n" not in finding.message
        assert len(finding.message) < 400


def test_an_interrupted_check_leaves_nothing_behind():
    def interrupted(X):
        stem(X)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check.resnet50(full(stem=interrupted))
    dense = layers.Dense(1)
    dense.build((None, 2))
    assert dense.kernel.numpy().shape == (2, 1)
    assert check.resnet50(full()).points == 8


def test_at_grading_the_notebooks_own_size_is_asked_for_too():
    evidence = check.collect("resnet50", full(), hidden=True)
    assert json.loads(json.dumps(evidence)) == evidence
    shown = evidence["probes"][1]["model"]
    assert (shown["input_shape"], shown["output_shape"]) == ([None, 64, 64, 3], [None, 6])
    assert (shown["parameters"], shown["trainable"]) == (23_600_006, 23_546_886)


def test_another_default_counts_alike_in_the_notebook_and_at_grading():
    def ResNet50(input_shape=(64, 64, 3), classes=10):
        return network(input_shape, classes)

    for result in check.resnet50(ResNet50), check.run("resnet50", ResNet50, hidden=True):
        assert (faults(result), result.points) == (["wrong_defaults"], 6)
