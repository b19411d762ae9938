"""A small network of the check's own, on which functions of models are tried."""

import keras
from keras import layers

from course_utils.check.numbers import seed_weights

SHAPE = 4, 4, 3


def classifier(classes, seed, activation=None, decay=None):
    """A model of pictures of SHAPE whose answers differ between training and inference; weights set from the seed.

    decay: of the weights of its last layer, which is then part of the loss. Its first convolution is frozen.
    """
    x = inputs = keras.Input(SHAPE)
    x = layers.Conv2D(4, 3, padding="same", trainable=False)(x)
    x = layers.Conv2D(5, 3, use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    regularizer = None if decay is None else keras.regularizers.L2(decay)
    x = layers.Dense(classes, activation=activation, kernel_regularizer=regularizer)(layers.Flatten()(x))
    model = keras.Model(inputs, x)
    seed_weights(model, seed)
    return model
