"""Grad-CAM against what it equals where that is known, occlusion against sums; the page of notebook 05 against both."""

import keras
import numpy as np
import pytest
from keras import layers
from scipy.stats import spearmanr

from course_utils import plots
from course_utils.files import masters
from course_utils.gradcam import agreement, feature_maps, grad_cam, occlusion
from course_utils.grading.submissions import all_masters

RNG = np.random.default_rng(0)
PICTURES = RNG.random((5, 9, 7, 3)).astype("float32")
CLASSES = [0, 3, 1, 1, 2]


def pooled(outputs=4, activation="softmax", bias=True):
    """Convolution, global average pooling, dense layer: the network for which CAM was made."""
    keras.utils.set_random_seed(0)
    x = inputs = layers.Input((9, 7, 3))
    x = layers.Conv2D(6, 3, strides=2, padding="same", activation="relu", name="maps")(x)
    x = layers.GlobalAveragePooling2D()(x)
    head = layers.Dense(outputs, activation=activation, use_bias=bias, bias_initializer="ones", name="head")
    return keras.Model(inputs, head(x))


def cam(model, classes):
    """Class activation maps (Zhou et al. 2015, arXiv:1512.04150) in NumPy, without a gradient."""
    maps = np.asarray(keras.Model(model.input, model.get_layer("maps").output)(PICTURES))
    kernel = np.asarray(model.get_layer("head").kernel)
    heat = np.maximum(np.einsum("nhwc,cn->nhw", maps, kernel[:, classes]), 0)
    return heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-12)


@pytest.mark.parametrize("activation", ["softmax", "linear", "sigmoid"])
@pytest.mark.parametrize("bias", [True, False])
def test_over_an_average_it_equals_cam(activation, bias):
    model = pooled(activation=activation, bias=bias)
    found = grad_cam(model, model.get_layer("maps").output, PICTURES, CLASSES)
    assert found.shape == (5, 5, 4)
    np.testing.assert_allclose(found, cam(model, CLASSES), atol=1e-5)


def test_one_output_speaks_for_class_1_and_against_class_0():
    model = pooled(1, "sigmoid")
    maps = model.get_layer("maps").output
    for label, sign in (0, -1), (1, 1):
        two = pooled(2)
        two.set_weights(model.get_weights()[:2] + [np.repeat(sign * w, 2, axis=-1) for w in model.get_weights()[2:]])
        np.testing.assert_allclose(grad_cam(model, maps, PICTURES, [label] * 5), cam(two, [0] * 5), atol=1e-5)


def test_slopes_are_those_of_small_steps():
    """Through a stride, a normalisation and a flattened head: each map's weight is the mean slope of the score."""
    keras.utils.set_random_seed(1)
    x = inputs = layers.Input((9, 7, 3))
    x = maps = layers.Conv2D(2, 3, activation="relu")(x)
    x = layers.BatchNormalization()(layers.Conv2D(3, 2, strides=2, activation="tanh")(x))
    model = keras.Model(inputs, layers.Dense(4, activation="softmax")(layers.Flatten()(x)))
    found = np.asarray(keras.Model(inputs, maps)(PICTURES[:1]), "float64")[0]
    rest = keras.Model(maps, model.layers[-1].input)
    kernel, bias = (np.asarray(w, "float64") for w in model.layers[-1].get_weights())

    def scores(one):
        return (np.asarray(rest(one[None].astype("float32")), "float64") @ kernel + bias)[0]

    step, weights = 1e-2, np.zeros((2, 4))
    for place in np.ndindex(found.shape):
        more, less = found.copy(), found.copy()
        more[place] += step
        less[place] -= step
        weights[place[-1]] += (scores(more) - scores(less)) / (2 * step) / found[..., 0].size
    heats = np.maximum(np.moveaxis(found @ weights, -1, 0), 0)
    heats /= np.maximum(heats.max(axis=(1, 2), keepdims=True), 1e-12)
    assert np.count_nonzero(heats.any(axis=(1, 2))) > 1
    own = grad_cam(model, maps, np.repeat(PICTURES[:1], 4, axis=0), range(4))
    np.testing.assert_allclose(own, heats, atol=1e-3)


def test_frozen_weights_several_outputs_nested_models_and_whole_numbers_change_nothing():
    model = pooled()
    maps, right = model.get_layer("maps").output, cam(model, CLASSES)
    model.trainable = False
    np.testing.assert_allclose(grad_cam(model, maps, PICTURES, CLASSES), right, atol=1e-5)
    aside = layers.Dense(4)(model.layers[-2].output)
    two = keras.Model(model.input, [model.output, aside])
    np.testing.assert_allclose(grad_cam(two, maps, PICTURES, CLASSES), right, atol=1e-5)
    body, head = keras.Model(model.input, maps), model.layers[-1]  # the head has another input here than there
    pool = layers.GlobalAveragePooling2D()
    whole = keras.Sequential([layers.Input((9, 7, 3)), layers.Rescaling(1 / 255), body, pool, head])
    pixels = np.uint8(255 * PICTURES)
    found = grad_cam(whole, pool.input, pixels, CLASSES)
    np.testing.assert_allclose(found, right, atol=0.02)  # pixels are rounded


@pytest.mark.parametrize("end", [layers.Softmax(), layers.Activation("softmax"), keras.ops.softmax])
def test_the_softmax_may_stand_alone(end):
    model = pooled(activation=None)
    found = grad_cam(keras.Model(model.input, end(model.output)), model.get_layer("maps").output, PICTURES, CLASSES)
    np.testing.assert_allclose(found, cam(model, CLASSES), atol=1e-5)


def test_feature_maps_are_the_last_ones_of_a_height():
    x = inputs = layers.Input((8, 8, 3))
    x = a = layers.Conv2D(2, 3, padding="same")(x)
    x = b = layers.Conv2D(2, 3, strides=2, padding="same")(x)
    inside = layers.Input((4, 4, 2))
    block = keras.Model(inside, layers.Conv2D(5, 1)(inside))
    x = c = block(b)
    x = layers.Conv2D(2, 4)(x)
    model = keras.Model(inputs, layers.Dense(2)(layers.Flatten()(x)))
    assert feature_maps(model) is c
    assert feature_maps(model, 4) is c, "of this model, not of the one inside it"
    assert feature_maps(model, 8) is a
    sequential = keras.Sequential([layers.Input((8, 8, 3)), layers.Conv2D(2, 3), layers.GlobalMaxPooling2D()])
    assert feature_maps(sequential) is sequential.layers[0].output
    with pytest.raises(ValueError, match="no feature maps that are 5 pixels high"):
        feature_maps(model, 5)


def test_where_nothing_speaks_for_a_class_the_map_is_zero():
    model = pooled()
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([-np.abs(kernel), bias])
    assert not grad_cam(model, model.get_layer("maps").output, PICTURES, CLASSES).any()


def test_a_model_with_another_end_is_refused():
    model = keras.Sequential([layers.Input((9, 7, 3)), layers.Conv2D(2, 3), layers.GlobalMaxPooling2D(name="last")])
    with pytest.raises(ValueError, match="ends with last, a GlobalMaxPooling2D: Grad-CAM needs a dense layer there"):
        grad_cam(model, model.layers[0].output, PICTURES, CLASSES)


def of_one_place(y, x):
    """A model whose probability of class 1 is the red of one pixel."""
    inputs = layers.Input((8, 6, 3))
    red = inputs[:, y, x, :1]
    return keras.Model(inputs, layers.Concatenate()([1 - red, red]))


def test_occlusion_finds_the_one_pixel_that_counts():
    picture = np.ones((8, 6, 3), "float32")
    lost = occlusion(of_one_place(5, 2), picture, 1, side=2, step=2)
    wanted = np.zeros((8, 6))
    wanted[4:6, 2:4] = 0.5  # from 1 to grey
    np.testing.assert_allclose(lost, wanted)
    np.testing.assert_allclose(occlusion(of_one_place(5, 2), picture, 0, side=2, step=2), -wanted)
    assert (picture == 1).all(), "the picture itself is left as it is"


def test_each_pixel_has_the_mean_of_its_squares_and_those_without_have_none():
    lost = occlusion(of_one_place(5, 2), np.ones((8, 6, 3), "float32"), 1, side=3, step=2, grey=0.0)
    # Squares begin at rows 0, 2, 4 and columns 0, 2; those from (4, 0), (4, 2) and, of rows, 4 alone hold pixel (5, 2).
    assert lost[5, 2] == 1
    assert lost[5, 0] == 1
    assert lost[4, 2] == 0.5  # two of its four squares
    assert lost[0, 0] == 0
    assert np.isnan(lost[7]).all()
    assert np.isnan(lost[:, 5]).all()
    assert np.isfinite(lost[:7, :5]).all()


def test_occlusion_takes_one_output_as_class_1_and_of_several_the_first():
    place = of_one_place(5, 2)
    alone = keras.Model(place.input, place.output[:, 1:])
    several = keras.Model(place.input, [place.output, place.output[:, :1]])
    picture = RNG.random((8, 6, 3)).astype("float32")
    wanted = occlusion(place, picture, 1, 2, 1)
    np.testing.assert_allclose(occlusion(alone, picture, 1, 2, 1), wanted, atol=1e-6)
    np.testing.assert_allclose(occlusion(several, picture, 1, 2, 1), wanted)


def test_agreement_is_spearmans_rank_correlation():
    heat, lost = RNG.random((6, 5)).round(1), RNG.random((6, 5)).round(1)  # with ties
    assert agreement(heat, lost) == pytest.approx(spearmanr(heat.ravel(), lost.ravel())[0])
    assert agreement(heat, heat**3) == pytest.approx(1)
    assert agreement(heat, -heat) == pytest.approx(-1)
    lost[2, 3] = np.nan
    known = ~np.isnan(lost)
    assert agreement(heat, lost) == pytest.approx(spearmanr(heat[known], lost[known])[0])
    assert np.isnan(agreement(np.zeros((6, 5)), lost))
    assert agreement(np.eye(2), np.kron(np.eye(2), np.ones((4, 4)))) > 0.8


def test_the_page_of_notebook_05_computes_the_same():
    """What is shown there in short is what the package does, for the networks there."""
    assert "05_resnet50_signs" in masters()
    cells = all_masters()["05_resnet50_signs"].cells
    names = {"keras": keras, "layers": layers, "np": np}
    exec(cells["grad-cam"], names)
    exec(cells["occlusion"], names)
    model = pooled()
    maps = model.get_layer("maps").output
    own = names["grad_cam"](model, maps, PICTURES, CLASSES)
    np.testing.assert_allclose(own, grad_cam(model, maps, PICTURES, CLASSES), atol=1e-6)
    own = names["occlusion"](model, PICTURES[1], 3, side=3, step=2)
    np.testing.assert_allclose(own, occlusion(model, PICTURES[1], 3, side=3, step=2), atol=1e-6)


def test_the_figure_says_where_each_map_is_highest():
    corner, middle = np.zeros((6, 6)), np.zeros((3, 3))
    corner[5, 5], middle[1, 1] = 2, 0.1
    maps = {"Grad-CAM": [corner, 0 * corner], "occlusion": [middle, np.where(middle, middle, np.nan)]}
    told = plots.heat_maps(np.zeros((2, 8, 8, 3), np.uint8), maps, ["a cat", "a dog"], "It looks").data
    assert "It looks. a cat: Grad-CAM highest bottom right, occlusion highest middle; " in told
    assert "a dog: Grad-CAM highest nowhere, occlusion highest middle" in told
