"""What answers are handed: arrays, and what a request can only describe, {"make": "generator", "seed": 3}."""

import numpy as np

SHAPE = 4, 4, 3  # of the pictures of `classifier`


def drawn(shape, seed, dtype="float32"):
    """An array of numbers drawn from a seed: about half of them negative, or 0 to 255 where dtype is an integer."""
    rng = np.random.default_rng([seed, *shape])
    if np.dtype(dtype).kind in "iu":
        return rng.integers(0, 256, shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def generator(seed):
    """The description of a NumPy generator."""
    return {"make": "generator", "seed": seed}


def made(value):
    """What is described, made anew; anything else as it is. Lists are looked through."""
    if isinstance(value, list):
        return [made(one) for one in value]
    if not isinstance(value, dict) or "make" not in value:
        return value
    return MAKERS[value["make"]](**{name: one for name, one in value.items() if name != "make"})


def classifier(classes, seed, activation=None, decay=None):
    """A small model of pictures of SHAPE whose answers differ between training and inference; weights set from the
    seed.

    decay: of the weights of its last layer, which is then part of the loss. Its first convolution is frozen.
    """
    import keras
    from keras import layers

    from course_utils.check.numbers import seed_weights

    x = inputs = keras.Input(SHAPE)
    x = layers.Conv2D(4, 3, padding="same", trainable=False)(x)
    x = layers.Conv2D(5, 3, use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    regularizer = None if decay is None else keras.regularizers.L2(decay)
    x = layers.Dense(classes, activation=activation, kernel_regularizer=regularizer)(layers.Flatten()(x))
    model = keras.Model(inputs, x)
    seed_weights(model, seed)
    return model


def dataset(n, batch_size, classes, seed, one_hot=False):
    """Batches of n pictures and their labels for `classifier(classes, seed)`, which is right about half of them.

    It is right about more of them at the beginning than at the end.
    """
    import tensorflow as tf

    model, x = classifier(classes, seed), drawn((n, *SHAPE), seed)
    rng = np.random.default_rng([seed, n])
    right = np.argmax(model(x, training=False), axis=-1)
    y = np.where(rng.random(n) < np.linspace(0.9, 0.1, n), right, rng.integers(0, classes, n))
    y[-1], y[0] = (right[-1] + 1) % classes, right[0]
    y = np.eye(classes, dtype="float32")[y] if one_hot else y.astype("int64")
    return tf.data.Dataset.from_tensor_slices((x, y)).batch(batch_size)


MAKERS = {"generator": np.random.default_rng, "classifier": classifier, "dataset": dataset}
