"""The block of MobileNet (Howard et al. 2017, arXiv:1704.04861)."""

from keras import layers


def depthwise_separable(x, filters, kernel_size=3, strides=1):
    """A depthwise convolution, one kernel per channel, then a 1x1 convolution; each normalised, each with its ReLU.

    x: (batch, height, width, channels). kernel_size, strides: of the depthwise convolution. filters: of the 1x1
    convolution. Returns (batch, height / strides, width / strides, filters), sizes rounded up.
    """
    x = layers.DepthwiseConv2D(kernel_size, strides=strides, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Conv2D(filters, 1, use_bias=False)(x)
    return layers.ReLU()(layers.BatchNormalization()(x))
