"""One line that tells how far a training is."""

import re

import keras
import numpy as np
from keras import layers

from course_utils.training import Progress


def test_of_several_outputs_the_named_one_is_told(capsys):
    x = keras.Input((3,))
    model = keras.Model(x, [layers.Dense(1, name="main")(x), layers.Dense(1, name="main_2")(x)])
    model.compile("sgd", ["mse", "mse"], metrics=[["mae"], ["mae"]])
    zeros = np.zeros((4, 1))
    model.fit(np.ones((4, 3)), [zeros, zeros], epochs=2, verbose=0, callbacks=[Progress("slow", of="main")])
    *_, line = capsys.readouterr().out.strip().split("\r")
    assert re.fullmatch(r"slow: epoch 2/2 - \d+ s - loss \d+\.\d{3} - mae \d+\.\d{3}", line)
