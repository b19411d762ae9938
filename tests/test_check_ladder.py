"""Points follow evidence: a part of an answer earns what is its own, and nothing for what is not there."""

import keras
import pytest
from answers import no_word_twice
from keras import layers

from course_utils import check
from course_utils.check import EXERCISES


def conv(x, filters, size=1, strides=1, relu=True, **more):
    x = layers.BatchNormalization()(layers.Conv2D(filters, size, strides=strides, **{"padding": "same"} | more)(x))
    return layers.ReLU()(x) if relu else x


def rung_of_a_block(rung, projected):
    """The first `rung` steps of a block: 0 returns X, 1 one layer, 2 a third, 3 two thirds, 4 all but ReLU, 5 all."""

    def block(X, f, filters, stage, block, s=2):
        f1, f2, f3 = filters
        s = s if projected else 1
        if rung < 2:
            return layers.ReLU()(X) if rung else X
        x = conv(X, f1, strides=s)
        x = conv(x, f2, f) if rung > 2 else x
        if rung < 4:
            return x
        shortcut = conv(X, f3, strides=s, relu=False) if projected else X
        x = layers.Add()([conv(x, f3, relu=False), shortcut])
        return layers.ReLU()(x) if rung > 4 else x

    return block


STAGES = ((64, 256, 3), (128, 512, 4), (256, 1024, 6), (512, 2048, 3))


def rung_of_resnet50(rung):
    """0 Flatten and Dense, 1 the stem as well, 2 to 4 one to three stages, 5 all but the head's softmax, 6 all."""

    def ResNet50(input_shape=(64, 64, 3), classes=6):
        x = inputs = keras.Input(input_shape)
        if rung:
            x = conv(layers.ZeroPadding2D(3)(x), 64, 7, 2, padding="valid")
            x = layers.MaxPooling2D(3, strides=2)(x)
        for stage, (narrow, wide, blocks) in enumerate(STAGES[: max(0, rung - 1)]):
            for i in range(blocks):
                strides = 2 if stage and not i else 1
                shortcut = x if i else conv(x, wide, strides=strides, relu=False)
                y = conv(conv(conv(x, narrow, strides=strides), narrow, 3), wide, relu=False)
                x = layers.ReLU()(layers.Add()([y, shortcut]))
        x = layers.Flatten()(layers.AveragePooling2D(2)(x) if rung else x)
        return keras.Model(inputs, layers.Dense(classes, activation=None if rung == 5 else "softmax")(x))

    return ResNet50


def rung_of_lenet5(rung):
    def lenet5(input_shape=(32, 32, 1), classes=10):
        x = inputs = keras.Input(input_shape)
        for filters in (6, 16)[: rung - 1] if rung else ():
            x = layers.MaxPooling2D()(layers.Conv2D(filters, 5, activation="relu")(x))
        x = layers.Flatten()(x)
        for units in (120, 84) if rung > 3 else ():
            x = layers.Dense(units, activation="relu")(x)
        return keras.Model(inputs, layers.Dense(classes, activation="softmax" if rung != 4 else None)(x))

    return lenet5


def rung_of_inception(rung):
    """0 returns x, 1 ReLU, 2 one branch, 3 two branches joined, 4 all but the pooling's projection, 5 all."""

    def inception_module(x, f1, f3_reduce, f3, f5_reduce, f5, f_pool):
        def plain(x, filters, size=1):
            return layers.Conv2D(filters, size, padding="same", activation="relu")(x)

        if rung < 2:
            return layers.ReLU()(x) if rung else x
        branches = [plain(x, f1)]
        branches += [plain(plain(x, f3_reduce), f3, 3)] if rung > 2 else []
        if rung > 3:
            pooled = layers.MaxPooling2D(3, strides=1, padding="same")(x)
            branches += [plain(plain(x, f5_reduce), f5, 5), plain(pooled, f_pool) if rung > 4 else pooled]
        return layers.Concatenate()(branches) if len(branches) > 1 else branches[0]

    return inception_module


def rung_of_a_basic_block(rung):
    """0 returns x, 1 ReLU, 2 the first convolution, 3 both, nothing added, 4 all but the last ReLU, 5 all."""

    class BasicBlock(layers.Layer):
        def __init__(self, filter_num, stride=1, **kwargs):
            super().__init__(**kwargs)
            self.filter_num, self.stride = filter_num, stride

        def build(self, shape):
            f, s, bn = self.filter_num, self.stride, layers.BatchNormalization
            self.first = [layers.Conv2D(f, 3, s, padding="same"), bn(), layers.ReLU()] if rung > 1 else []
            self.second = [layers.Conv2D(f, 3, padding="same"), bn()] if rung > 2 else []
            projects = rung > 3 and (s > 1 or shape[-1] != f)
            self.side = [layers.Conv2D(f, 1, s), bn()] if projects else []

        def call(self, x):
            shortcut = x
            for layer in [*self.first, *self.second]:
                x = layer(x)
            for layer in self.side:
                shortcut = layer(shortcut)
            x = x + shortcut if rung > 3 else x
            return keras.ops.relu(x) if rung in (1, 3, 5) else x

        def get_config(self):
            return {**super().get_config(), "filter_num": self.filter_num, "stride": self.stride}

    return BasicBlock


LADDERS = {
    "basic_block": ([rung_of_a_basic_block(rung) for rung in range(6)], [0, 0, 1, 3, 3, 4]),
    "identity_block": ([rung_of_a_block(rung, False) for rung in range(6)], [0, 1, 1, 2, 6, 8]),
    "convolutional_block": ([rung_of_a_block(rung, True) for rung in range(6)], [0, 1, 1, 1, 6, 8]),
    "resnet50": ([rung_of_resnet50(rung) for rung in range(7)], [2, 3, 3, 3, 5, 6, 8]),
    "lenet5": ([rung_of_lenet5(rung) for rung in (0, 2, 3, 4, 5)], [1, 1, 2, 2, 4]),
    "inception_module": ([rung_of_inception(rung) for rung in range(6)], [0, 1, 1, 1, 2, 4]),
}


@pytest.mark.parametrize("exercise", LADDERS)
def test_points_rise_with_what_is_there(exercise):
    answers, points = LADDERS[exercise]
    earned = [check.run(exercise, answer).points for answer in answers]
    assert earned == points
    assert earned == sorted(earned)
    assert earned[-1] == EXERCISES[exercise].points
    assert all(found < EXERCISES[exercise].points / 2 for found in earned[: len(earned) // 2])


# What learners hand in, and what each of them should hear.


def alexnet_of_one_size(input_shape=(227, 227, 3), classes=1000):
    return keras.Sequential(
        [
            layers.Input((227, 227, 3)),
            layers.Conv2D(96, 11, strides=4, activation="relu"),
            layers.MaxPooling2D(3, strides=2),
            layers.Conv2D(256, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(3, strides=2),
            layers.Conv2D(384, 3, padding="same", activation="relu"),
            layers.Conv2D(384, 3, padding="same", activation="relu"),
            layers.Conv2D(256, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(3, strides=2),
            layers.Flatten(),
            layers.Dense(4096, activation="relu"),
            layers.Dense(4096, activation="relu"),
            layers.Dense(classes, activation="softmax"),
        ]
    )


def lenet5_of(shape, classes, known=True):
    found = [layers.Input(shape)] if known else []
    for filters in 6, 16:
        found += [layers.Conv2D(filters, 5, activation="relu"), layers.MaxPooling2D()]
    found += [layers.Flatten(), layers.Dense(120, activation="relu"), layers.Dense(84, activation="relu")]
    return keras.Sequential([*found, layers.Dense(classes, activation="softmax")])


def lenet5_of_ten(input_shape=(32, 32, 1), classes=10):
    return lenet5_of(input_shape, 10)


def lenet5_without_input(input_shape=(32, 32, 1), classes=10):
    return lenet5_of(input_shape, classes, known=False)


def vgg16_padded_pooling(input_shape=(224, 224, 3), classes=1000):
    x = inputs = keras.Input(input_shape)
    for filters, count in (64, 2), (128, 2), (256, 3), (512, 3), (512, 3):
        for _ in range(count):
            x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D(2, strides=2, padding="same")(x)
    x = layers.Dense(4096, activation="relu")(layers.Dense(4096, activation="relu")(layers.Flatten()(x)))
    return keras.Model(inputs, layers.Dense(classes, activation="softmax")(x))


def resnet50_pool_of_seven(input_shape=(64, 64, 3), classes=6):
    whole = rung_of_resnet50(6)(input_shape, classes)
    x = layers.AveragePooling2D(7)(whole.layers[-4].output)
    return keras.Model(whole.input, layers.Dense(classes, activation="softmax")(layers.Flatten()(x)))


HEARD = {
    "alexnet": (alexnet_of_one_size, 1, "takes pictures of shape (227, 227, 3), not those it is asked to take"),
    "lenet5": (lenet5_of_ten, 2, "With classes=7: The third dense layer has 10 units"),
    "lenet5, no input": (lenet5_without_input, 3, "does not know its input, and has no weights yet"),
    "resnet50": (resnet50_pool_of_seven, 5, "is taken over the whole feature map, here 7x7"),
    "vgg16": (vgg16_padded_pooling, 3, ""),
}


@pytest.mark.parametrize("case", HEARD)
def test_what_each_of_them_hears(case):
    answer, points, words = HEARD[case]
    for hidden in False, True:
        result = check.run(case.split(",")[0], answer, hidden=hidden)
        no_word_twice(result)
        assert result.points == points, result
        assert words in " ".join(finding.message for finding in result.findings if not finding.passed)
