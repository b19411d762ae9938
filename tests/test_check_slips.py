"""Slips that Keras or Python answers in words of their own are told in the check's words, with the student's line."""

import keras
import pytest
from answers import run

from course_utils import check

TWO_STEPS = "A layer is made first, with its settings, and then called on a tensor: `{0}(...)(X)`."
MADE_OF_A_TENSOR = [
    ("layers.Flatten(X)", "Flatten"),
    ("layers.Dense(X)", "Dense"),
    ("layers.Dense(1, X)", "Dense"),
    ("layers.BatchNormalization(X)", "BatchNormalization"),
    ("layers.BatchNormalization(axis=3, X=X)", "BatchNormalization"),
    ("layers.Activation(X)", "Activation"),
    ("layers.Activation('relu', X)", "Activation"),
    ("layers.MaxPooling2D(X)", "MaxPooling2D"),
    ("layers.MaxPooling2D(2, X)", "MaxPooling2D"),
    ("layers.ReLU(X)", "ReLU"),
    ("layers.Conv2D(8, 3, X)", "Conv2D"),
    ("layers.Dropout(X)", "Dropout"),
    ("layers.ZeroPadding2D(X)", "ZeroPadding2D"),
    ("layers.GlobalAveragePooling2D(X)", "GlobalAveragePooling2D"),
    ("layers.Add([X, X])", "Add"),
    ("layers.Dense(1)(layers.Flatten())", "Flatten"),
    ("keras.Model(X, layers.Concatenate([X, X]))", "Concatenate"),
    ("keras.Model(X, layers.Flatten)", "Flatten"),
    ("layers.Add()([X, layers.Flatten])", "Flatten"),
]
MEANT = [
    ("layers.Conv2d(8, 3)(X)", "there is no `Conv2d`. Did you mean `Conv2D`?"),
    ("layers.MaxPool(2)(X)", "there is no `MaxPool`. Did you mean `MaxPool2D`?"),
    ("layers.BatchNormalisation()(X)", "Did you mean `BatchNormalization`?"),
    ("keras.layer.Flatten()(X)", "there is no `layer`. Did you mean `layers`?"),
    ("keras.model(X, X)", "there is no `model`. Did you mean `Model`?"),
    ("layers.Flatten()(Y.shape)", "there is no `Y`. Did you mean `y`?"),
    ("layers.Conv2D(8, 3, paddng='same')(X)", "`Conv2D` knows no `paddng`. Did you mean `padding`?"),
    ("layers.Conv2D(8, 3, stride=2)(X)", "Did you mean `strides`?"),
    ("layers.Conv2D(filter=8, kernel_size=3)(X)", "`Conv2D` knows no `filter`. Did you mean `filters`?"),
    ("layers.Dense(1, activation='Sigmod')(X)", "there is no activation 'Sigmod'. Did you mean 'sigmoid'?"),
]
OTHER = [
    ("layers.Conv2D([4, 6, 10], 3)(X)", "`filters` of `Conv2D` is one number, and is given 3 numbers."),
    ("layers.Dense((4, 6))(X)", "`units` of `Dense` is one number, and is given 2 numbers."),
    ("layers.BatchNormalization()(X, True)", "Its name belongs before it: `training=...`."),
    ("layers.Dropout(0.5)(X, False)", "Its name belongs before it: `training=...`."),
    ("layers.Add()(X, X)", "`Add` joins what stands in one list, `[..., ...]`."),
    ("layers.add(X, X)", "`add` joins what stands in one list, `[..., ...]`."),
    ("keras.layers(X)", "what stands before the brackets is a module"),
    ("keras.Sequential.add(layers.Flatten())", "`Sequential` without brackets is the class, not a model."),
    ("keras.Sequential().add(layers.Flatten)", "`Flatten` without brackets is the class, not a layer."),
    ("keras.Sequential([layers.Flatten, layers.Dense(1)])", "`Flatten` without brackets is the class"),
    ("keras.Sequential().add(layers.Flatten()(X))", "handed a tensor, which is what a layer gives."),
    ("keras.Sequential().add(layers.Flatten()).add(layers.Dense(1))", "what stands before `.add` is None."),
    ("keras.Sequential(layers.Flatten(), layers.Dense(1))", "takes its layers as one list."),
    ("keras.Sequential(layers.Flatten())", "takes its layers as one list."),
]
AS_THEY_ARE = [
    "layers.Conv2D(8)(X)",
    "layers.Conv2D(8, 3, padding='sam')(X)",
    "layers.Dense(1, activation='zebra')(X)",
    "keras.Sequential().add()",
    "X.zebra",
    "zebra(X)",
    "keras.Model(X)",
    "int('Conv2d')",
]


def stops(line):
    """What is said of an answer that stops in a line."""
    names = {"keras": keras, "layers": keras.layers, "y": None}
    run(f"def HappyModel(input_shape):\n    X = layers.Input(input_shape)\n    {line}\n", names, f"<cell {line}>")
    message = check.happy_model(names["HappyModel"]).findings[0].message
    before = f"HappyModel stops in line 3, `{line}`: "
    assert message.startswith(before)
    return message.removeprefix(before)


@pytest.mark.parametrize(("line", "layer"), MADE_OF_A_TENSOR)
def test_a_layer_is_made_first_and_then_called(line, layer):
    assert TWO_STEPS.format(layer) in stops(line)


@pytest.mark.parametrize(("line", "words"), MEANT + OTHER)
def test_a_slip_is_told_in_plain_words(line, words):
    told = stops(line)
    assert words in told
    assert "Error" not in told


@pytest.mark.parametrize("line", AS_THEY_ARE)
def test_nothing_is_made_up(line):
    assert "Error: " in stops(line)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda shape: keras.Sequential, "returns the class Sequential, not a model. Which brackets are missing"),
        (lambda shape: keras.Sequential().add(keras.layers.Flatten()), "returns None, not a model."),
    ],
)
def test_a_model_that_is_none(answer, words):
    assert words in check.happy_model(answer).findings[0].message


def test_an_error_that_tells_no_names_is_told_as_it_is():
    class Sly:
        def __dir__(self):
            raise ValueError

        def __getattr__(self, name):
            raise AttributeError("no")

    def HappyModel(input_shape):
        return Sly().anything

    assert check.happy_model(HappyModel).findings[0].message.endswith("AttributeError: no.")
