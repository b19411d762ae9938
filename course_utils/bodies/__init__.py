"""Networks that ship with the course, trained: `trained_network("photos")` tells eight kinds of pictures apart.

They have learned eight of the ten classes of CIFAR-10, all but deer and horses: notebook 09 borrows their bodies to
learn these two. "photos" has learned from the photos, "objects" from the course's own drawings. `course weights` makes
them anew; datasets/bodies.md is their card.
"""

import hashlib
import json
import time
from pathlib import Path

import numpy as np

from course_utils.errors import CourseError
from course_utils.files import atomic

FOLDER = Path(__file__).parent
NAMES = ("objects", "photos")
LEFT_OUT = ("deer", "horse")
VERSION = 1  # of the file
WIDTH = 24
RECIPE = {  # epochs over the pictures of the eight classes, in batches of 64
    "objects": {"epochs": 14, "pictures": 10_000},
    "photos": {"epochs": 10, "pictures": 50_000},
}


def small_body(width=WIDTH):
    """A small residual network without a head: pictures (n, height, width, 3) in 0..255 become (n, 4 * width) numbers.

    A convolution, three blocks of two, a global average: seven convolutions of 3 x 3, two of 1 x 1 on shortcuts.
    """
    import keras
    from keras import layers

    from course_utils.networks.resnet_basic import BasicBlock

    inputs = layers.Input((None, None, 3))
    x = layers.Rescaling(scale=1 / 127.5, offset=-1)(inputs)
    x = layers.Conv2D(width, 3, strides=2, padding="same", use_bias=False)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    for filters, stride in (width, 1), (2 * width, 2), (4 * width, 2):
        x = BasicBlock(filters, stride)(x)
    return keras.Model(inputs, layers.GlobalAveragePooling2D()(x), name="body")


def with_head(body, classes):
    """A body and a dense layer of `classes` logits, named "head"."""
    import keras

    inputs = keras.Input((None, None, 3))
    return keras.Model(inputs, keras.layers.Dense(classes, name="head")(body(inputs)))


def trained_network(name):
    """A trained network: a keras.Model from pictures (n, height, width, 3) in 0..255 to logits (n, 8).

    Its layer "body" gives (n, 96) numbers; `card(name)["classes"]` names the classes. name: one of NAMES. Raises
    CourseError where its file is missing, damaged, or of another network.
    """
    weights, about = _read(name)
    network = with_head(small_body(), len(about["classes"]))
    if [weight.shape for weight in weights] != [tuple(weight.shape) for weight in network.weights]:
        raise CourseError(f"{_path(name).name} holds the weights of another network: `course weights {name}` makes it.")
    network.set_weights(weights)
    return network


def card(name):
    """What is known of a trained network: its data, classes, recipe, seconds of training and test accuracy."""
    return _read(name)[1]


def _path(name):
    if name not in NAMES:
        raise CourseError(f"There is no trained network {name!r}: choose {' or '.join(NAMES)}.")
    return FOLDER / f"{name}.npz"


def _read(name):
    path = _path(name)
    try:
        with open(path, "rb") as opened, np.load(opened) as file:
            about = json.loads(str(file["about"]))
            weights = [np.float32(file[f"weight_{i}"]) for i in range(len(file.files) - 1)]
    except FileNotFoundError:
        raise CourseError(f"{path.name} is not there: `course weights {name}` makes it.") from None
    except Exception:  # whatever a damaged archive leads to
        raise CourseError(f"{path.name} is damaged: fetch it again, or make it with `course weights {name}`.") from None
    if about.get("version") != VERSION:
        raise CourseError(f"{path.name} is of another version of the course: fetch the one that belongs to it.")
    return weights, about


# --- Training ---------------------------------------------------------------------------------------------------------


def train(name, told=print):
    """Train a network and write its file, with what is to be known of it. Returns the card.

    told: called with a line after each epoch. Raises CourseError where the photos are not to be had.
    """
    import keras

    from course_utils.data import load

    path, recipe, seed = _path(name), RECIPE[name], 0
    data = load("cifar10")
    drawn = data.source.kind == "embedded"
    if drawn != (name == "objects"):
        where = "COURSE_OFFLINE=1 and no COURSE_DATA_DIR" if name == "objects" else "COURSE_DATA_DIR or a network"
        raise CourseError(f"The network {name!r} is trained on other pictures than these: it needs {where}.")
    classes = [one for one in data.class_names if one not in LEFT_OUT]
    x, y = _only(data.x_train, data.y_train, data.class_names, classes, recipe["pictures"])
    x_test, y_test = _only(data.x_test, data.y_test, data.class_names, classes)
    keras.utils.set_random_seed(seed)
    network = with_head(small_body(), len(classes))
    steps = -(-len(x) // 64) * recipe["epochs"]
    rate = keras.optimizers.schedules.CosineDecay(0.0, int(0.9 * steps), warmup_target=2e-3, warmup_steps=steps // 10)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.AdamW(rate, weight_decay=0.02), loss, metrics=["accuracy"], jit_compile=False)
    rng, begun = np.random.default_rng(seed), time.time()
    for epoch in range(recipe["epochs"]):
        history = network.fit(_moved(x, rng), y, batch_size=64, epochs=1, verbose=0).history
        told(f"{name}: epoch {epoch + 1}/{recipe['epochs']}, accuracy {history['accuracy'][-1]:.3f}")
    accuracy = network.evaluate(x_test, y_test, batch_size=500, verbose=0)[1]
    about = {
        "version": VERSION,
        "data": "drawn by the course" if drawn else "CIFAR-10, photos",
        "sha256": hashlib.sha256(x.tobytes()).hexdigest(),
        "classes": classes,
        "pictures": len(x),
        "epochs": recipe["epochs"],
        "seed": seed,
        "seconds": round(time.time() - begun),
        "test_pictures": len(x_test),
        "test_accuracy": round(float(accuracy), 4),
        "parameters": network.count_params(),
        "keras": keras.__version__,
    }
    held = {f"weight_{i}": np.float16(weight) for i, weight in enumerate(network.get_weights())}
    with atomic(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, about=json.dumps(about), **held)
    return about


def _only(x, y, names, classes, most=None):
    """The pictures of some classes, and their labels counted from 0."""
    x, y, numbers = x[:most], y[:most], [names.index(one) for one in classes]
    keep = np.isin(y, numbers)
    return x[keep], np.searchsorted(numbers, y[keep])


def _moved(x, rng, most=3):
    """The pictures, each mirrored or not, and shifted by up to `most` pixels, its edges repeated."""
    x = np.where(rng.random((len(x), 1, 1, 1)) < 0.5, x[:, :, ::-1], x)
    padded = np.pad(x, ((0, 0), (most, most), (most, most), (0, 0)), mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, x.shape[1:3], axis=(1, 2))
    tops, lefts = rng.integers(0, 2 * most + 1, (2, len(x)))
    return windows[np.arange(len(x)), tops, lefts].transpose(0, 2, 3, 1)
