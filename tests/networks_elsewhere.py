"""Every network on whatever backend Keras runs on: what it answers, and the loss of one training step.

    KERAS_BACKEND=torch python tests/networks_elsewhere.py FILE

Weights and pictures are drawn by NumPy, so that they are the same on each backend.
"""

import sys

import keras
import numpy as np

from course_utils.networks import alexnet, inception, lenet, resnet, resnet_v2, vgg

NETWORKS = {
    "lenet5": lambda: lenet.lenet5(),
    "alexnet": lambda: alexnet.alexnet((67, 67, 3), 10),
    "vgg16": lambda: vgg.vgg16((32, 32, 3), 10),
    "GoogLeNet": lambda: inception.GoogLeNet((64, 64, 3), 10),
    "ResNet50": lambda: resnet.ResNet50(),
    "ResNet50V2": lambda: resnet_v2.ResNet50V2(input_shape=(64, 64, 3), classes=10),
}


def answers(name):
    """(probabilities for two pictures, the loss of a training step on them)."""
    rng = np.random.default_rng(0)
    model = NETWORKS[name]()
    for weight in model.trainable_weights:
        if weight.name == "kernel":
            fan_in = np.prod(weight.shape[:-1])
            weight.assign(rng.standard_normal(weight.shape, dtype="float32") * np.sqrt(2 / fan_in))
    x = rng.random((2, *model.input_shape[1:]), dtype="float32")
    probabilities = keras.ops.convert_to_numpy(model(x, training=False))
    model.compile(keras.optimizers.SGD(0.01), "sparse_categorical_crossentropy")
    for layer in model.layers:
        if isinstance(layer, keras.layers.Dropout):
            layer.rate = 0.0
    return probabilities, float(model.train_on_batch(x, np.arange(2)))


if __name__ == "__main__":
    found = {name: answers(name) for name in NETWORKS}
    losses = np.array([loss for _, loss in found.values()])
    np.savez(sys.argv[1], loss=losses, **{name: probabilities for name, (probabilities, _) in found.items()})
