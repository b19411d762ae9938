"""ResNet-18 and ResNet-34 by subclassing: a layer of two 3x3 convolutions and a model that stacks it.

He et al. 2015 (arXiv:1512.03385), with the 3x3 stem that small pictures such as CIFAR's need.
"""

import keras
from keras import layers

FILTERS = (64, 128, 256, 512)  # of the four stages; stride 2 opens all but the first


@keras.saving.register_keras_serializable("course_utils")
class BasicBlock(layers.Layer):
    """Two 3x3 convolutions and a shortcut: (batch, height, width, channels) becomes
    (batch, ceil(height / stride), ceil(width / stride), filter_num).

    The shortcut carries the input unchanged where shapes agree, and is a 1x1 projection where they do not.
    """

    def __init__(self, filter_num, stride=1, **kwargs):
        super().__init__(**kwargs)
        self.filter_num = filter_num
        self.stride = stride
        self.conv1 = layers.Conv2D(filter_num, 3, strides=stride, padding="same", use_bias=False)
        self.bn1 = layers.BatchNormalization()
        self.conv2 = layers.Conv2D(filter_num, 3, padding="same", use_bias=False)
        self.bn2 = layers.BatchNormalization()
        self.projection = self.projection_bn = None

    def build(self, input_shape):
        shape = self.compute_output_shape(input_shape)
        self.conv1.build(input_shape)
        self.bn1.build(shape)
        self.conv2.build(shape)
        self.bn2.build(shape)
        if self.stride != 1 or input_shape[-1] != self.filter_num:
            self.projection = layers.Conv2D(self.filter_num, 1, strides=self.stride, use_bias=False)
            self.projection.build(input_shape)
            self.projection_bn = layers.BatchNormalization()
            self.projection_bn.build(shape)

    def call(self, x, training=None):
        h = keras.ops.relu(self.bn1(self.conv1(x), training=training))
        h = self.bn2(self.conv2(h), training=training)
        shortcut = x
        if self.projection:
            shortcut = self.projection_bn(self.projection(x), training=training)
        return keras.ops.relu(h + shortcut)

    def compute_output_shape(self, input_shape):
        return self.conv1.compute_output_shape(input_shape)

    def get_config(self):
        return {**super().get_config(), "filter_num": self.filter_num, "stride": self.stride}


@keras.saving.register_keras_serializable("course_utils")
class ResNet(keras.Model):
    """A 3x3 stem, four stages of BasicBlocks, global average pooling and a dense layer that gives logits.

    layer_dims: blocks of each stage, (2, 2, 2, 2) for ResNet-18 and (3, 4, 6, 3) for ResNet-34, whose parameters
    are 11,229,732 and 21,345,316 for a hundred classes. Pictures are (batch, 32, 32, 3), logits (batch, num_classes).
    """

    def __init__(self, layer_dims, num_classes=100, **kwargs):
        super().__init__(**kwargs)
        self.layer_dims = tuple(layer_dims)
        self.num_classes = num_classes
        self.stem = keras.Sequential(
            [layers.Conv2D(64, 3, padding="same", use_bias=False), layers.BatchNormalization(), layers.ReLU()]
        )
        self.blocks = [
            BasicBlock(filters, stride=2 if stage > 0 and block == 0 else 1)
            for stage, (filters, blocks) in enumerate(zip(FILTERS, self.layer_dims, strict=True))
            for block in range(blocks)
        ]
        self.pool = layers.GlobalAveragePooling2D()
        self.head = layers.Dense(num_classes)

    def call(self, x, training=None):
        x = self.stem(x, training=training)
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(self.pool(x))

    def get_config(self):
        return {**super().get_config(), "layer_dims": self.layer_dims, "num_classes": self.num_classes}
