"""Handwritten digits in MNIST's shape: the stand-in for MNIST where it cannot be had.

They are real: the test part of the UCI collection "Optical Recognition of Handwritten Digits" (Alpaydin and
Kaynak, 1998), which comes with scikit-learn. The originals are 8x8; enlarged, they are softer than MNIST's.
"""

import numpy as np
from PIL import Image

SIZE, BOX = 28, 20  # pixels: as in MNIST, a digit fills a box of 20x20 in a picture of 28x28
TEST = 297
CONTRAST = 1.5  # strokes reach white before the grey rim, as those of a pen do


def draw(seed=0):
    """Bring scikit-learn's digits to MNIST's shape, and split them so that every digit is split alike.

    Returns x_train (1500, 28, 28), y_train (1500,), x_test (297, 28, 28), y_test (297,), all uint8, the keys
    and types of Keras's mnist.npz. The same seed gives the same split.
    """
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    small, labels = load_digits(return_X_y=True)
    pictures = np.stack([enlarge(digit) for digit in small.reshape(-1, 8, 8)])
    x_train, x_test, y_train, y_test = train_test_split(
        pictures, labels.astype(np.uint8), test_size=TEST, stratify=labels, random_state=seed
    )
    return {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}


def enlarge(digit):
    """(8, 8), 0 to 16 -> (28, 28) uint8, 0 to 255."""
    large = Image.fromarray(digit.astype(np.float32) / 16).resize((BOX, BOX), Image.Resampling.BICUBIC)
    grey = 0.5 + CONTRAST * (np.asarray(large) - 0.5)
    return np.pad((255 * np.clip(grey, 0, 1)).round().astype(np.uint8), (SIZE - BOX) // 2)
