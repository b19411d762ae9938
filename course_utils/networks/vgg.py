"""VGG-16 (Simonyan and Zisserman 2014, arXiv:1409.1556): nothing but 3x3 convolutions and 2x2 poolings."""

import keras
from keras import layers

STAGES = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))  # filters, convolutions


def vgg16(input_shape=(224, 224, 3), classes=1000):
    """VGG-16, equal to keras.applications.VGG16: thirteen convolutions in five stages, three dense layers.

    input_shape: (height, width, channels), height and width at least 32. Layers have the names of keras.applications.
    Returns a keras.Model that gives probabilities (batch, classes); 138,357,544 parameters.
    """
    x = inputs = keras.Input(input_shape)
    for stage, (filters, convolutions) in enumerate(STAGES, start=1):
        for number in range(1, convolutions + 1):
            name = f"block{stage}_conv{number}"
            x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=name)(x)
        x = layers.MaxPooling2D(2, name=f"block{stage}_pool")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(4096, activation="relu", name="fc1")(x)
    x = layers.Dense(4096, activation="relu", name="fc2")(x)
    x = layers.Dense(classes, activation="softmax", name="predictions")(x)
    return keras.Model(inputs, x, name="vgg16")
