"""BasicBlock and ResNet: right answers in many spellings keep every point, each mistake gets its own finding."""

import functools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from answers import no_word_twice
from keras import layers, ops

from course_utils import check
from course_utils.check import graph
from course_utils.check.ask import symbolic
from course_utils.check.ask.layer import pictures
from course_utils.check.numbers import EPSILON, outputs, seed_weights
from course_utils.check.result import NOT_REACHED
from course_utils.networks import resnet_basic

RIGHT, WRONG = {"basic_block": {}, "resnet_subclassed": {}}, {"basic_block": {}, "resnet_subclassed": {}}


def right(exercise):
    def keep(answer):
        RIGHT[exercise][answer.__name__] = answer
        return answer

    return keep


def wrong(exercise, code, points):
    def keep(answer):
        WRONG[exercise][answer.__name__] = answer, code, points
        return answer

    return keep


right_block, right_resnet = right("basic_block"), right("resnet_subclassed")
wrong_block, wrong_resnet = functools.partial(wrong, "basic_block"), functools.partial(wrong, "resnet_subclassed")


def conv(filters, size=3, strides=1, **more):
    return layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False, **more)


# Right blocks.


@right_block
class Block(layers.Layer):
    """As the notebook's; the mistakes below change one of its methods."""

    def __init__(self, filter_num, stride=1, **kwargs):
        super().__init__(**kwargs)
        self.filter_num, self.stride = filter_num, stride

    def build(self, shape):
        self.conv1, self.bn1 = self.first(), layers.BatchNormalization()
        self.conv2, self.bn2 = self.second(), layers.BatchNormalization()
        self.downsample = self.shortcut(shape)

    def first(self):
        return conv(self.filter_num, strides=self.stride)

    def second(self):
        return conv(self.filter_num)

    def shortcut(self, shape):
        if self.stride == 1 and shape[-1] == self.filter_num:
            return layers.Identity()
        return self.projection()

    def projection(self):
        return keras.Sequential([conv(self.filter_num, 1, self.stride), layers.BatchNormalization()])

    def main(self, x):
        return self.bn2(self.conv2(self.inner(self.bn1(self.conv1(x)))))

    def inner(self, x):
        return ops.relu(x)

    def call(self, inputs):
        return self.end(self.main(inputs), self.downsample(inputs))

    def end(self, x, shortcut):
        return ops.relu(x + shortcut)

    def get_config(self):
        return {**super().get_config(), "filter_num": self.filter_num, "stride": self.stride}


@right_block
class FromTheSource(layers.Layer):
    """Everything made at once; that a projection is needed is known by the stride alone."""

    def __init__(self, filter_num, stride=1):
        super(FromTheSource, self).__init__()  # noqa: UP008
        self.conv1 = layers.Conv2D(filter_num, (3, 3), strides=stride, padding="same")
        self.bn1 = layers.BatchNormalization()
        self.relu = layers.Activation("relu")
        self.conv2 = layers.Conv2D(filter_num, (3, 3), strides=1, padding="same")
        self.bn2 = layers.BatchNormalization()
        if stride != 1:
            self.downsample = keras.Sequential()
            self.downsample.add(layers.Conv2D(filter_num, (1, 1), strides=stride))
            self.downsample.add(layers.BatchNormalization())
        else:
            self.downsample = lambda x: x

    def call(self, inputs, training=None):
        out = self.conv1(inputs)
        out = self.bn1(out)
        out = self.relu(out)
        out = self.conv2(out)
        out = self.bn2(out)
        identity = self.downsample(inputs)
        output = layers.add([out, identity])
        output = tf.nn.relu(output)
        return output


@right_block
class TrainingHandedOn(Block):
    def call(self, inputs, training=False):
        x = ops.relu(self.bn1(self.conv1(inputs), training=training))
        x = self.bn2(self.conv2(x), training=training)
        return ops.relu(x + self.downsample(inputs, training=training))


@right_block
class OtherSettings(Block):
    def first(self):
        return conv(self.filter_num, (3, 3), (self.stride, self.stride), kernel_initializer="he_normal")

    def build(self, shape):
        super().build(shape)
        self.bn1 = layers.BatchNormalization(axis=3, momentum=0.9, epsilon=1e-5)
        self.bn2 = layers.BatchNormalization(axis=-1, epsilon=1.001e-5, gamma_initializer="zeros")

    def end(self, x, shortcut):
        return layers.ReLU()(layers.Add()([shortcut, x]))


@right_block
class OneSequential(Block):
    def build(self, shape):
        bn, relu = layers.BatchNormalization, layers.ReLU
        self.steps = keras.Sequential([self.first(), bn(), relu(), self.second(), bn()], name="path")
        self.downsample = self.shortcut(shape)

    def main(self, x):
        return self.steps(x)


@right_block
class AsAModel(keras.Model):
    def __init__(self, filter_num, stride=1, name=None, **kwargs):
        super().__init__(name=name, **kwargs)
        self.parts = [conv(filter_num, strides=stride), layers.BatchNormalization()]
        self.parts += [conv(filter_num), layers.BatchNormalization()]
        self.side = [conv(filter_num, 1, stride), layers.BatchNormalization()]
        self.settings = {"filter_num": filter_num, "stride": stride}

    def call(self, x):
        h, shortcut = x, x
        for i, part in enumerate(self.parts):
            h = part(h)
            h = ops.relu(h) if i == 1 else h
        if h.shape[1:] != x.shape[1:]:
            for part in self.side:
                shortcut = part(shortcut)
        return ops.relu(h + shortcut)

    def get_config(self):
        return {**super().get_config(), **self.settings}


@right_block
class DictionaryOfLayers(Block):
    def build(self, shape):
        super().build(shape)
        parts = {"conv1": self.conv1, "bn1": self.bn1, "conv2": self.conv2, "bn2": self.bn2}
        self.inside = parts

    def main(self, x):
        x = self.inside["bn1"](self.inside["conv1"](x))
        return self.inside["bn2"](self.inside["conv2"](keras.activations.relu(x)))


@right_block
class PaddedByHand(Block):
    def first(self):
        return keras.Sequential([layers.ZeroPadding2D(1), layers.Conv2D(self.filter_num, 3, use_bias=False)])

    def main(self, x):
        """A stride is a convolution of stride 1 of which only every second number is kept."""
        s = self.stride
        offset = [(s - 1 - (n - 1) % s) // 2 if False else self.offset(n) for n in x.shape[1:3]]
        h = self.conv1(x)[:, offset[0] :: s, offset[1] :: s]
        return self.bn2(self.conv2(ops.relu(self.bn1(h))))

    def offset(self, n):
        padding = max((-(-n // self.stride) - 1) * self.stride + 3 - n, 0) // 2
        return 1 - padding


@right_block
def functional(filter_num, stride=1):
    class Inner(Block):
        pass

    return Inner(filter_num, stride)


@right_block
class MoreArguments(Block):
    def __init__(self, filters, strides=1, *, activation="relu", **kwargs):
        super().__init__(filters, strides, **kwargs)
        self.activation = keras.activations.get(activation)

    def inner(self, x):
        return self.activation(x)

    def get_config(self):
        config = layers.Layer.get_config(self)
        return {**config, "filters": self.filter_num, "strides": self.stride}


# Wrong blocks.


@wrong_block("relu_missing", 3)
class ReluMissing(Block):
    def inner(self, x):
        return x


@wrong_block("wrong_activation", 3)
class Elu(Block):
    def inner(self, x):
        return ops.elu(x)


@wrong_block("wrong_activation", 3)
class LeakyAtTheEnd(Block):
    def end(self, x, shortcut):
        return layers.LeakyReLU()(x + shortcut)


@wrong_block("final_relu_missing", 3)
class FinalReluMissing(Block):
    def end(self, x, shortcut):
        return x + shortcut


@wrong_block("relu_before_add", 3)
class ReluBeforeAdd(Block):
    def end(self, x, shortcut):
        return ops.relu(x) + shortcut


@wrong_block("relu_before_add", 3)
class ReluBeforeAndAfter(Block):
    def end(self, x, shortcut):
        return ops.relu(ops.relu(x) + shortcut)


@wrong_block("relu_on_shortcut", 3)
class ReluOnShortcut(Block):
    def end(self, x, shortcut):
        return ops.relu(x + ops.relu(shortcut))


@wrong_block("shortcut_missing", 3)
class ShortcutMissing(Block):
    def end(self, x, shortcut):
        return ops.relu(x)


@wrong_block("shortcut_missing", 3)
class MainPathTwice(Block):
    def end(self, x, shortcut):
        return ops.relu(x + x)


@wrong_block("shortcut_too_late", 3)
class ShortcutTooLate(Block):
    def call(self, x):
        x = ops.relu(self.bn1(self.conv1(x)))
        return ops.relu(self.bn2(self.conv2(x)) + x)


@wrong_block("wrong_merge", 3)
class Averaged(Block):
    def end(self, x, shortcut):
        return ops.relu(layers.Average()([x, shortcut]))


@wrong_block("wrong_merge", 0)
class SideBySide(Block):
    def end(self, x, shortcut):
        return ops.relu(layers.Concatenate()([x, shortcut]))


@wrong_block("bn_missing", 3)
class ProjectionNotNormalised(Block):
    def projection(self):
        return conv(self.filter_num, 1, self.stride)


@wrong_block("projection_extra", 3)
class AlwaysProjects(Block):
    def shortcut(self, shape):
        return self.projection()


@wrong_block("bn_missing", 3)
class FirstNotNormalised(Block):
    def main(self, x):
        return self.bn2(self.conv2(ops.relu(self.conv1(x))))


@wrong_block("bn_missing", 2)
class NothingNormalised(Block):
    def main(self, x):
        return self.conv2(ops.relu(self.conv1(x)))


@wrong_block("wrong_order", 3)
class NormalisedTooLate(Block):
    def main(self, x):
        return self.bn2(self.conv2(self.bn1(ops.relu(self.conv1(x)))))


@wrong_block("wrong_strides", 3)
class StrideOnSecond(Block):
    def first(self):
        return conv(self.filter_num)

    def second(self):
        return conv(self.filter_num, strides=self.stride)


@wrong_block("bn_missing", 2)
class TwoMistakes(Block):
    def main(self, x):
        return self.conv2(ops.relu(self.bn1(self.conv1(x))))

    def end(self, x, shortcut):
        return x + shortcut


@wrong_block("stride_ignored", 3)
class StrideIgnored(Block):
    def first(self):
        return conv(self.filter_num)

    def projection(self):
        return keras.Sequential([conv(self.filter_num, 1), layers.BatchNormalization()])


@wrong_block("filters_ignored", 3)
class FiltersIgnored(Block):
    def __init__(self, filter_num, stride=1, **kwargs):
        super().__init__(4, stride, **kwargs)


@wrong_block("strides_everywhere", 2)
class StrideOnBoth(Block):
    def second(self):
        return conv(self.filter_num, strides=self.stride)


@wrong_block("stride_missing", 2)
class ShortcutWithoutStride(Block):
    def projection(self):
        return keras.Sequential([conv(self.filter_num, 1), layers.BatchNormalization()])


@wrong_block("projection_missing", 2)
class NoProjection(Block):
    def projection(self):
        return layers.Identity()


@wrong_block("wrong_padding", 0)
class PaddingForgotten(Block):
    def second(self):
        return layers.Conv2D(self.filter_num, 3)


@wrong_block("extra_layer", 3)
class PooledShortcut(Block):
    def projection(self):
        pool = layers.AveragePooling2D(2, self.stride, padding="same")
        return keras.Sequential([pool, conv(self.filter_num, 1), layers.BatchNormalization()])


@wrong_block("wrong_kernel_size", 3)
class KernelOfFive(Block):
    def second(self):
        return conv(self.filter_num, 5)


@wrong_block("layer_shared", 3)
class OneNormalisationForBoth(Block):
    def main(self, x):
        return self.bn1(self.conv2(ops.relu(self.bn1(self.conv1(x)))))

    def build(self, shape):
        super().build(shape)
        self.bn2 = None


@wrong_block("layer_shared", 3)
class OneConvolutionForBoth(Block):
    def __init__(self, filter_num, stride=1, **kwargs):
        super().__init__(filter_num, stride, **kwargs)
        self.conv3 = None

    def build(self, shape):
        super().build(shape)
        if self.stride == 1 and shape[-1] == self.filter_num:
            self.conv2 = self.conv1


@wrong_block("weights_missing", 1)
class OutOfSight(Block):
    def build(self, shape):
        super().build(shape)
        hidden = [conv(self.filter_num)]
        self.conv2 = lambda x: hidden[0](x)


@wrong_block("layers_made_in_call", 1)
class MadeInCall(Block):
    def main(self, x):
        return self.bn2(conv(self.filter_num)(ops.relu(self.bn1(self.conv1(x)))))

    def second(self):
        return None


@wrong_block("weights_unused", 3)
class NeverCalled(Block):
    def build(self, shape):
        super().build(shape)
        self.conv3 = conv(self.filter_num)
        self.conv3.build(shape)


@wrong_block("never_training", 3)
class NeverTraining(Block):
    def main(self, x):
        return self.bn2(self.conv2(ops.relu(self.bn1(self.conv1(x), training=False))), training=False)

    def projection(self):
        frozen = layers.BatchNormalization(trainable=True)
        return lambda x: frozen(self.side(x), training=False)

    def build(self, shape):
        super().build(shape)
        if self.stride != 1 or shape[-1] != self.filter_num:
            self.side, self.side_bn = conv(self.filter_num, 1, self.stride), layers.BatchNormalization()
            self.downsample = lambda x: self.side_bn(self.side(x), training=False)


@wrong_block("always_training", 3)
class AlwaysTraining(Block):
    def call(self, x):
        return self.end(self.main(x), self.always(self.downsample, x))

    def always(self, layer, x):
        return layer(x, training=True)

    def main(self, x):
        x = ops.relu(self.bn1(self.conv1(x), training=True))
        return self.bn2(self.conv2(x), training=True)


@wrong_block("training_differs", 3)
class OneNormalisationNeverTrains(Block):
    def main(self, x):
        return self.bn2(self.conv2(ops.relu(self.bn1(self.conv1(x)))), training=False)


@wrong_block("training_differs", 3)
class WithDropout(Block):
    def end(self, x, shortcut):
        return ops.relu(layers.Dropout(0.5)(x) + shortcut)


@wrong_block("frozen", 3)
class Frozen(Block):
    def first(self):
        return conv(self.filter_num, strides=self.stride, trainable=False)


class NoConfig(Block):
    def __init__(self, filter_num, stride=1):
        super().__init__(filter_num, stride)


@wrong_block("exception", 0)
class Stride(Block):
    def first(self):
        return layers.Conv2D(self.filter_num, 3, stride=self.stride)


@wrong_block("exception", 0)
class Con2(Block):
    def main(self, x):
        return self.bn2(self.con2(ops.relu(self.bn1(self.conv1(x)))))


@wrong_block("not_a_tensor", 0)
class ReturnsAList(Block):
    def end(self, x, shortcut):
        return [x, shortcut]


@wrong_block("not_a_tensor", 0)
class ForgetsToReturn(Block):
    def end(self, x, shortcut):
        ops.relu(x + shortcut)


@wrong_block("unanswered", 0)
class Stub(Block):
    def call(self, x):
        raise check.NotAnswered()


@wrong_block("unanswered", 0)
class StubInInit(layers.Layer):
    def __init__(self, filter_num, stride=1):
        raise check.NotAnswered()


@wrong_block("too_large", 0)
class Enormous(Block):
    def first(self):
        return conv(10**7)


@wrong_block("not_a_layer", 0)
class NotALayer:
    def __init__(self, filter_num, stride=1):
        self.filter_num = filter_num


@wrong_block("arguments", 0)
def as_a_function(inputs, filter_num, stride):
    return Block(filter_num, stride)(inputs)


@wrong_block("not_a_layer", 0)
def gives_the_class(filter_num, stride=1):
    return Block


@wrong_block("borrowed", 0)
class Borrowed(resnet_basic.BasicBlock):
    pass


@wrong_block("borrowed", 0)
class Wrapped(Block):
    def __init__(self, filter_num, stride=1):
        super().__init__(filter_num, stride)
        self.inside = resnet_basic.BasicBlock(filter_num, stride)

    def call(self, x):
        return self.inside(x)


WRONG["basic_block"]["a_layer"] = Block(4), "not_a_function", 0


# Right networks.


@right_resnet
class ResNet(keras.Model):
    """As the notebook's; the mistakes below change one of its methods."""

    block = Block
    strides = 1, 2, 2, 2

    def __init__(self, layer_dims, num_classes=100, **kwargs):
        super().__init__(**kwargs)
        self.layer_dims, self.num_classes = tuple(layer_dims), num_classes
        self.stem = self.make_stem()
        self.stages = [
            self.stage(filters, blocks, stride)
            for filters, blocks, stride in zip((64, 128, 256, 512), self.depths(), self.strides, strict=True)
        ]
        self.pool = layers.GlobalAveragePooling2D()
        self.fc = layers.Dense(self.num_classes)

    def depths(self):
        return self.layer_dims

    def make_stem(self):
        return keras.Sequential([conv(64), layers.BatchNormalization(), layers.ReLU()])

    def stage(self, filters, blocks, stride):
        return keras.Sequential([self.block(filters, stride), *(self.block(filters) for _ in range(blocks - 1))])

    def call(self, x):
        x = self.stem(x)
        for stage in self.stages:
            x = stage(x)
        return self.head(x)

    def head(self, x):
        return self.fc(self.pool(x))

    def get_config(self):
        return {**super().get_config(), "layer_dims": self.layer_dims, "num_classes": self.num_classes}


@right_resnet
class ResNetFromTheSource(keras.Model):
    def __init__(self, layer_dims, num_classes=100):
        super().__init__()
        self.stem = keras.Sequential(
            [
                layers.Conv2D(64, (3, 3), strides=(1, 1), padding="same"),
                layers.BatchNormalization(),
                layers.Activation("relu"),
            ]
        )
        self.layer1 = self.build_resblock(64, layer_dims[0])
        self.layer2 = self.build_resblock(128, layer_dims[1], stride=2)
        self.layer3 = self.build_resblock(256, layer_dims[2], stride=2)
        self.layer4 = self.build_resblock(512, layer_dims[3], stride=2)
        self.avgpool = layers.GlobalAveragePooling2D()
        self.fc = layers.Dense(num_classes)

    def call(self, inputs, training=None):
        x = self.stem(inputs)
        x = self.layer1(x)
        x = self.layer2(x)
        x = self.layer3(x)
        x = self.layer4(x)
        x = self.avgpool(x)
        return self.fc(x)

    def build_resblock(self, filter_num, blocks, stride=1):
        res_blocks = keras.Sequential()
        res_blocks.add(FromTheSource(filter_num, stride))
        for _ in range(1, blocks):
            res_blocks.add(FromTheSource(filter_num, stride=1))
        return res_blocks

    def get_config(self):
        return {"layer_dims": [1, 1, 1, 1]}


@right_resnet
def functional_resnet(layer_dims, num_classes=100):
    x = inputs = keras.Input((32, 32, 3))
    x = layers.ReLU()(layers.BatchNormalization(epsilon=1e-5)(conv(64)(x)))
    for stage, blocks in enumerate(layer_dims):
        filters = 64 * 2**stage
        for i in range(blocks):
            s = 2 if stage and not i else 1
            h = layers.ReLU()(layers.BatchNormalization()(conv(filters, 3, s)(x)))
            h = layers.BatchNormalization()(conv(filters)(h))
            if h.shape != x.shape:
                x = layers.BatchNormalization()(conv(filters, 1, s)(x))
            x = layers.ReLU()(layers.add([x, h]))
    x = layers.Flatten()(layers.AveragePooling2D(4)(x))
    return keras.Model(inputs, layers.Dense(num_classes, activation="linear")(x))


@right_resnet
def sequential(layer_dims, num_classes=100):
    blocks = [TrainingHandedOn(64 * 2**i, 2 if i and not j else 1) for i, n in enumerate(layer_dims) for j in range(n)]
    head = [layers.GlobalAveragePooling2D(), layers.Dense(num_classes)]
    stem = [conv(64), layers.BatchNormalization(), layers.ReLU()]
    return keras.Sequential([layers.Input((32, 32, 3)), *stem, *blocks, *head])


@right_resnet
class TrainingHandedToAll(ResNet):
    block = TrainingHandedOn

    def call(self, x, training=None):
        x = self.stem(x, training=training)
        for stage in self.stages:
            x = stage(x, training=training)
        return self.fc(ops.mean(x, axis=(1, 2)))


@right_resnet
class FlatList(ResNet):
    block = AsAModel

    def stage(self, filters, blocks, stride):
        return [self.block(filters, stride if i == 0 else 1) for i in range(blocks)]

    def call(self, x):
        x = self.stem(x)
        for stage in self.stages:
            for block in stage:
                x = block(x)
        return self.head(x)


@right_resnet
class OtherBlocks(ResNet):
    block = OtherSettings

    def __init__(self, layer_dims, num_classes=100, verbose=False, **kwargs):
        super().__init__(layer_dims, num_classes, **kwargs)


@right_resnet
class BuiltAtOnce(ResNet):
    def __init__(self, layer_dims, num_classes=100, **kwargs):
        super().__init__(layer_dims, num_classes, **kwargs)
        self.build((None, 32, 32, 3))


@right_resnet
class CoursesBlocks(ResNet):
    block = resnet_basic.BasicBlock


# Wrong networks.


@wrong_resnet("wrong_strides", 3)
class NoStrides(ResNet):
    strides = 1, 1, 1, 1


@wrong_resnet("wrong_strides", 3)
class StrideInStage1(ResNet):
    strides = 2, 2, 2, 2


@wrong_resnet("wrong_strides", 3)
class StrideMissing(ResNet):
    strides = 1, 2, 1, 2


@wrong_resnet("wrong_strides", 3)
class StrideInEveryBlock(ResNet):
    def stage(self, filters, blocks, stride):
        return keras.Sequential([self.block(filters, stride) for _ in range(blocks)])


@wrong_resnet("wrong_strides", 3)
class StrideAtTheEnd(ResNet):
    def stage(self, filters, blocks, stride):
        return keras.Sequential([*(self.block(filters) for _ in range(blocks - 1)), self.block(filters, stride)])


@wrong_resnet("output_activation", 3)
class Softmax(ResNet):
    def head(self, x):
        return ops.softmax(super().head(x))


@wrong_resnet("output_activation", 3)
class ReluAtTheEnd(ResNet):
    def head(self, x):
        return ops.relu(super().head(x))


@wrong_resnet("wrong_pooling", 3)
class GlobalMaximum(ResNet):
    def head(self, x):
        return self.fc(ops.max(x, (1, 2)))


@wrong_resnet("relu_missing", 3)
class StemWithoutRelu(ResNet):
    def make_stem(self):
        return keras.Sequential([conv(64), layers.BatchNormalization()])


@wrong_resnet("bn_missing", 3)
class StemNotNormalised(ResNet):
    def make_stem(self):
        return keras.Sequential([conv(64), layers.ReLU()])


@wrong_resnet("extra_layer", 3)
class PooledStem(ResNet):
    def make_stem(self):
        pool = layers.MaxPooling2D(3, 2, padding="same")
        return keras.Sequential([conv(64), layers.BatchNormalization(), layers.ReLU(), pool])


@wrong_resnet("wrong_kernel_size", 3)
class StemOfSeven(ResNet):
    def make_stem(self):
        return keras.Sequential([conv(64, 7), layers.BatchNormalization(), layers.ReLU()])


@wrong_resnet("wrong_depth", 1)
class AlwaysResNet18(ResNet):
    def depths(self):
        return 2, 2, 2, 2


@wrong_resnet("wrong_depth", 1)
class OneBlockMore(ResNet):
    def stage(self, filters, blocks, stride):
        return super().stage(filters, blocks + 1, stride)


@wrong_resnet("wrong_depth", 1)
class FromBehind(ResNet):
    def depths(self):
        return self.layer_dims[::-1]


@wrong_resnet("layer_shared", 3)
class OneBlockAStage(ResNet):
    """The second block of a stage is called again and again."""

    def stage(self, filters, blocks, stride):
        rest = self.block(filters)
        return [self.block(filters, stride), *[rest] * (blocks - 1)]

    def call(self, x):
        x = self.stem(x)
        for stage in self.stages:
            for block in stage:
                x = block(x)
        return self.head(x)


@wrong_resnet("stages_not_called", 1)
class Layer1FourTimes(ResNet):
    def call(self, x):
        x = self.stem(x)
        for _ in self.stages:
            x = self.stages[0](x)
        return self.head(x)


@wrong_resnet("bn_missing", 3)
class BlocksWithoutProjectionBN(ResNet):
    block = ProjectionNotNormalised


@wrong_resnet("relu_before_add", 3)
class BlocksWithReluBeforeAdd(ResNet):
    block = ReluBeforeAdd


@wrong_resnet("classes_ignored", 3)
class ClassesIgnored(ResNet):
    def __init__(self, layer_dims, num_classes=100, **kwargs):
        super().__init__(layer_dims, 100, **kwargs)


@wrong_resnet("output_not_flat", 0)
class WithoutPooling(ResNet):
    def head(self, x):
        return self.fc(x)


@wrong_resnet("never_training", 3)
class NeverTrainingNetwork(ResNet):
    block = TrainingHandedOn

    def call(self, x, training=None):
        x = self.stem(x, training=False)
        for stage in self.stages:
            x = stage(x, training=False)
        return self.head(x)


@wrong_resnet("never_training", 3)
class StemNeverTrains(ResNet):
    """In Keras, what the first layer is told holds for those after it, too."""

    def call(self, x):
        x = self.stem(x, training=False)
        for stage in self.stages:
            x = stage(x)
        return self.head(x)


@wrong_resnet("changes_arguments", 3)
class TakesTheListApart(ResNet):
    def __init__(self, layer_dims, num_classes=100):
        super().__init__([*layer_dims], num_classes)
        while layer_dims:
            layer_dims.pop()


@wrong_resnet("weights_missing", 1)
class OutOfKerasSight(ResNet):
    def stage(self, filters, blocks, stride):
        inside = super().stage(filters, blocks, stride)
        return lambda x: inside(x)


@wrong_resnet("extra_layer", 3)
class OnePlus(ResNet):
    def head(self, x):
        return super().head(x) + 1


class NoConfigNetwork(ResNet):
    def get_config(self):
        return {"classes": self.num_classes}


@wrong_resnet("exception", 0)
class Misspelt(ResNet):
    def head(self, x):
        return self.dense(x)


@wrong_resnet("unanswered", 0)
class StubNetwork(keras.Model):
    def __init__(self, layer_dims, num_classes=100):
        super().__init__()
        raise check.NotAnswered()


@wrong_resnet("too_large", 0)
class EnormousNetwork(ResNet):
    def make_stem(self):
        return keras.Sequential([layers.Flatten(), layers.Dense(10**6)])


@wrong_resnet("not_a_model", 0)
def a_layer(layer_dims, num_classes=100):
    return Block(64)


@wrong_resnet("not_a_model", 0)
def an_array(layer_dims, num_classes=100):
    return np.zeros((2, num_classes))


@wrong_resnet("borrowed", 0)
def borrowed(layer_dims, num_classes=100):
    return resnet_basic.ResNet(layer_dims, num_classes)


WRONG["resnet_subclassed"]["a_number"] = 18, "not_a_function", 0


ADVICE = {  # on what a later cell needs
    "FromTheSource": ["no_config"],
    "ResNetFromTheSource": ["no_config"],
    "MoreArguments": ["later_call"],
    "functional": ["no_class"],
    "functional_resnet": ["no_class"],
    "sequential": ["no_class"],
}


@pytest.mark.parametrize(("exercise", "name"), [(exercise, name) for exercise in RIGHT for name in RIGHT[exercise]])
def test_right_ways_keep_every_point(exercise, name):
    result = check.run(exercise, RIGHT[exercise][name], hidden=exercise == "basic_block", seed=1)
    assert [finding.code for finding in result.findings if not finding.passed] == ADVICE.get(name, [])
    assert result.points == 4


@pytest.mark.parametrize(("exercise", "name"), [(exercise, name) for exercise in WRONG for name in WRONG[exercise]])
def test_each_mistake_has_its_own_finding(exercise, name):
    answer, code, points = WRONG[exercise][name]
    result = check.run(exercise, answer)
    no_word_twice(result)
    assert result.status != "ok"
    faults = [finding.code for finding in result.findings if not finding.passed and finding.code != NOT_REACHED]
    assert faults[0] == code, result
    assert result.points == points, result


@pytest.mark.parametrize(("exercise", "answer"), [("basic_block", NoConfig), ("resnet_subclassed", NoConfigNetwork)])
def test_without_a_config_there_is_advice(exercise, answer):
    result = check.run(exercise, answer)
    assert (result.status, result.points) == ("ok", 4)
    assert [finding.code for finding in result.findings if finding.mark == "advice"] == ["no_config"]


def test_what_is_right_and_worth_a_word():
    codes = [finding.code for finding in check.basic_block(FromTheSource).findings]
    assert codes == ["builds", "conv_bias", "projection_by_stride", "training", "no_config"]
    assert [finding.code for finding in check.basic_block(Block).findings[1:3]] == ["main_path", "shortcut"]


# What is read on a symbolic tensor.


def numbers_of(layer, shape, training):
    """What a layer gives, and what the functional model that is read from it gives, with weights from one seed."""
    x = pictures(shape, 3)
    layer(x)
    seed_weights(layer, 3)
    config = symbolic.functional(layer, shape).to_json()
    own = np.asarray(layer(x, training=training))
    return own, outputs(config, x, 3, before_softmax=False, training=training)[0]


class ByTensorFlow(Block):
    """Each function in its place and none of Keras."""

    def main(self, x):
        x = tf.nn.relu(self.bn1(self.conv1(x)))
        x = tf.nn.leaky_relu(self.bn2(self.conv2(tf.identity(x))), alpha=0.3)
        return tf.multiply(x, tf.reduce_mean(x, axis=[1, 2], keepdims=True))

    def end(self, x, shortcut):
        return tf.nn.swish(tf.concat([tf.add(x, shortcut), tf.nn.softmax(x, axis=-1)], axis=-1))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: resnet_basic.BasicBlock(4), (2, 6, 7, 4)),
        (lambda: resnet_basic.BasicBlock(5, 2), (2, 7, 8, 3)),
        (lambda: resnet_basic.ResNet([1, 2, 1, 1], 7), (2, 16, 16, 3)),
        (lambda: TrainingHandedOn(5, 2), (2, 7, 8, 3)),
        (lambda: PaddedByHand(4, 2), (2, 7, 8, 4)),
        (lambda: ByTensorFlow(4), (2, 6, 7, 4)),
    ],
    ids=["block", "block_projected", "resnet", "training_handed_on", "padded_by_hand", "by_tensorflow"],
)
def test_the_functional_model_computes_what_the_layer_does(make, shape, training):
    layer = make()
    if isinstance(layer, Block):
        layer.build(shape)
        for norm in layer.bn1, layer.bn2:
            norm.epsilon = EPSILON
    own, read = numbers_of(layer, shape, training)
    np.testing.assert_allclose(read, own, rtol=1e-3, atol=1e-3)


def test_keras_is_itself_again_after_a_look_inside():
    before, x = layers.Layer.__call__, keras.Input((6, 7, 4))
    symbolic.functional(ByTensorFlow(4), (2, 6, 7, 4))

    class Stops(Block):
        def call(self, x):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        symbolic.functional(Stops(4), (2, 6, 7, 4))
    assert layers.Layer.__call__ is before
    with pytest.raises(ValueError, match="KerasTensor"):
        tf.nn.relu(x)
    assert type(Block(4)(x)._keras_history.operation) is Block


def test_many_additions_are_read_in_no_time():
    class Sums(layers.Layer):
        def call(self, x):
            for _ in range(60):
                x = x + ops.relu(x)
            return x

    assert graph.canonical(symbolic.functional(Sums(), (1, 4, 4, 2)).to_json()).count("add") == 60


class NotOnSymbols(Block):
    """Right, and only for tensors that hold numbers."""

    def inner(self, x):
        return ops.convert_to_tensor(np.maximum(ops.convert_to_numpy(x), 0))


class NotOnSymbolsAndWrong(NotOnSymbols):
    def end(self, x, shortcut):
        return x + shortcut


class OtherOnSymbols(Block):
    """Reads as a right block and computes another one."""

    def end(self, x, shortcut):
        return super().end(x, shortcut) if isinstance(x, keras.KerasTensor) else x + shortcut


class WrongOnSymbols(Block):
    """Reads as a wrong block and computes the right one."""

    def end(self, x, shortcut):
        return x if isinstance(x, keras.KerasTensor) else super().end(x, shortcut)


@pytest.mark.parametrize(
    ("answer", "codes", "points"),
    [
        (NotOnSymbols, ["no_config"], 4),
        (WrongOnSymbols, [], 4),
        (NotOnSymbolsAndWrong, ["other_numbers", "not_reached", "not_reached", "no_config"], 1),
        (OtherOnSymbols, ["other_numbers", "not_reached", "not_reached"], 1),
    ],
)
def test_numbers_have_the_word_where_the_graph_does_not_give_them(answer, codes, points):
    result = check.basic_block(answer)
    assert [finding.code for finding in result.findings if not finding.passed] == codes, result
    assert result.points == points


def test_a_pooling_on_the_shortcut_is_said_to_be_there():
    told = " ".join(str(check.basic_block(PooledShortcut)).split())
    assert "An average pooling stands at the beginning of the shortcut, where none is expected." in told


def plain(value):
    """What is left of evidence on its way through JSON, arrays apart."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if isinstance(value, np.ndarray) else json.loads(json.dumps(value))


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("zero_pad_shortcut", lambda X, filters, s=2: ops.pad(X[:, ::s], [[0, 0]] * 3 + [[0, filters - X.shape[-1]]])),
        ("recalibrate_batch_norm", lambda model, batches, momentum=0.5: [model(x, training=True) for x in batches]),
        ("basic_block", FromTheSource),
        ("resnet_subclassed", OneBlockMore),
    ],
)
def test_evidence_is_plain_data(exercise, answer):
    hidden = exercise == "basic_block"
    evidence = check.collect(exercise, answer, hidden)
    expected = check.conclude(exercise, evidence, hidden)
    assert check.conclude(exercise, plain(evidence), hidden).to_dict() == expected.to_dict()


def test_an_interrupted_check_can_be_repeated():
    class ForEver(Block):
        def call(self, x):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        check.basic_block(ForEver)
    assert check.basic_block(Block).points == 4


def test_messages_name_the_place():
    told = {
        name: " ".join(str(check.basic_block(WRONG["basic_block"][name][0])).split())
        for name in ("Stride", "Con2", "StrideOnBoth")
    }
    assert "`return layers.Conv2D(self.filter_num, 3, stride=self.stride)`" in told["Stride"]
    assert "'Con2' object has no attribute 'con2'" in told["Con2"]
    assert "(2, 2, 2, 5) and (2, 4, 4, 5) meet in the addition" in told["StrideOnBoth"]
