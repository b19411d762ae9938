"""The exercises of notebook 08: right answers in many spellings keep every point, each mistake has its own finding."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from answers import no_word_twice
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from course_utils import check
from course_utils.check.judge.draws import shifts
from course_utils.exercises import pca_color_augmentation as pca
from course_utils.exercises.ten_crop import five
from course_utils.grading import protocol

RIGHT, WRONG = {}, {}


def right(exercise):
    def keep(answer):
        RIGHT[answer.__name__] = exercise, answer
        return answer

    return keep


def wrong(exercise, code, points=0):
    def keep(answer):
        WRONG[answer.__name__] = exercise, answer, code, points
        return answer

    return keep


def in_0_to_1(images):
    return images.dtype.kind == "f" and images.max() <= 1


# mirror.


@right("mirror")
def mirror_by_slice(images):
    return images[:, :, ::-1]


@right("mirror")
def mirror_by_flip(images):
    return np.flip(images, axis=-2)


@right("mirror")
def mirror_one_by_one(images):
    found = np.empty_like(images)
    for i, picture in enumerate(images):
        for column in range(picture.shape[1]):
            found[i, :, picture.shape[1] - 1 - column] = picture[:, column]
    return found


@right("mirror")
def mirror_of_tensorflow(images):
    return tf.image.flip_left_right(images)


@right("mirror")
def mirror_of_rows(pictures, axis=2):
    return np.take(pictures, range(pictures.shape[axis])[::-1], axis=axis)


@wrong("mirror", "upside_down")
def mirror_by_fliplr(images):
    return np.fliplr(images)


@wrong("mirror", "pictures_reversed")
def mirror_by_flipud(images):
    return np.flipud(images)


@wrong("mirror", "colours_reversed")
def mirror_of_colours(images):
    return images[..., ::-1]


@wrong("mirror", "turned")
def mirror_turned(images):
    return np.rot90(images, 2, axes=(1, 2))


@wrong("mirror", "transposed")
def mirror_transposed(images):
    return images.transpose(0, 2, 1, 3)


@wrong("mirror", "colours_reversed")
def mirror_by_cv2(images):
    return images[:, :, ::-1, ::-1]


@wrong("mirror", "not_mirrored")
def mirror_forgotten(images):
    images[:, :, ::-1]
    return images


@wrong("mirror", "added")
def mirror_added(images):
    return np.concatenate([images, images[:, :, ::-1]])


@wrong("mirror", "changes_arguments")
def mirror_in_place(images):
    images[:] = images[:, :, ::-1].copy()
    return images


@wrong("mirror", "wrong_dtype")
def mirror_scaled_back(images):
    return (images / 1.0)[:, :, ::-1]


@wrong("mirror", "wrong_dtype")
def mirror_in_int64(images):
    return images.astype("int64")[:, :, ::-1] if images.dtype == "uint8" else images[:, :, ::-1]


@right("mirror")
def mirror_of_each(images):
    return np.stack([picture[:, ::-1] for picture in images])


@wrong("mirror", "returned_none")
def mirror_printed(images):
    print(images[:, :, ::-1])


@wrong("mirror", "unanswered")
def mirror_stub(images):
    raise check.NotAnswered()


# random_crop.

CROP = "random_crop"


def fits(images, size):
    if size > min(images.shape[1:3]):
        raise ValueError(f"no window of {size}")
    return images.shape[1] - size, images.shape[2] - size


@right(CROP)
def crop_in_a_loop(images, size, rng):
    bottom, last = fits(images, size)
    found = np.empty((len(images), size, size, images.shape[-1]), images.dtype)
    for k, picture in enumerate(images):
        i, j = rng.integers(0, bottom + 1), rng.integers(0, last + 1)
        found[k] = picture[i : i + size, j : j + size]
    return found


@right(CROP)
def crop_by_index(images, size, rng):
    bottom, last = fits(images, size)
    i = rng.integers(0, bottom, len(images), endpoint=True)[:, None, None]
    j = rng.integers(0, last, len(images), endpoint=True)[:, None, None]
    window = np.arange(size)
    return images[np.arange(len(images))[:, None, None], i + window[:, None], j + window]


@right(CROP)
def crop_by_choice(images, size, rng):
    bottom, last = fits(images, size)
    return np.array(
        [
            picture[i : i + size, j : j + size]
            for picture in images
            for i, j in [(rng.choice(bottom + 1), rng.choice(last + 1))]
        ]
    )


@right(CROP)
def crop_of_windows(images, size, rng):
    fits(images, size)
    windows = np.lib.stride_tricks.sliding_window_view(images, (size, size), axis=(1, 2))
    windows = windows.reshape(len(images), -1, *windows.shape[3:])
    rows = rng.random(len(images)) * windows.shape[1]
    return np.moveaxis(windows[np.arange(len(images)), rows.astype(int)], 1, -1)


@right(CROP)
def crop_of_tensorflow(images, size, rng):
    bottom, last = fits(images, size)
    places = rng.integers([0, 0], [bottom + 1, last + 1], (len(images), 2))
    batch = tf.constant(images)
    return tf.stack([batch[k, i : i + size, j : j + size] for k, (i, j) in enumerate(places)])


@wrong(CROP, "end_missing")
def crop_exclusive(images, size, rng):
    bottom, last = fits(images, size)
    i = rng.integers(0, max(bottom, 1), len(images))
    j = rng.integers(0, max(last, 1), len(images))
    return np.stack([p[a : a + size, b : b + size] for p, a, b in zip(images, i, j, strict=True)])


@wrong(CROP, "place_missing")
def crop_not_at_the_edge(images, size, rng):
    bottom, last = fits(images, size)
    i = rng.integers(min(1, bottom), bottom + 1, len(images))
    j = rng.integers(0, last + 1, len(images))
    return np.stack([p[a : a + size, b : b + size] for p, a, b in zip(images, i, j, strict=True)])


@wrong(CROP, "one_place")
def crop_once_a_batch(images, size, rng):
    bottom, last = fits(images, size)
    i, j = rng.integers(bottom + 1), rng.integers(last + 1)
    return images[:, i : i + size, j : j + size]


@wrong(CROP, "one_place")
def crop_of_the_centre(images, size, rng):
    bottom, last = fits(images, size)
    return images[:, bottom // 2 : bottom // 2 + size, last // 2 : last // 2 + size]


@wrong(CROP, "row_tied_to_column")
def crop_on_the_diagonal(images, size, rng):
    bottom, last = fits(images, size)
    share = rng.random(len(images))
    places = (share * (bottom + 1)).astype(int), (share * (last + 1)).astype(int)
    return np.stack([p[a : a + size, b : b + size] for p, a, b in zip(images, *places, strict=True)])


@wrong(CROP, "uneven")
def crop_rounded(images, size, rng):
    free = np.array(fits(images, size))
    places = np.round(rng.random((len(images), 2)) * free).astype(int)
    return np.stack([p[a : a + size, b : b + size] for p, (a, b) in zip(images, places, strict=True)])


@wrong(CROP, "other_generator")
def crop_of_numpy(images, size, rng):
    bottom, last = fits(images, size)
    places = [(np.random.randint(bottom + 1), np.random.randint(last + 1)) for _ in images]
    return np.stack([p[a : a + size, b : b + size] for p, (a, b) in zip(images, places, strict=True)])


@wrong(CROP, "other_generator")
def crop_of_a_new_generator(images, size, rng):
    return crop_in_a_loop(images, size, np.random.default_rng())


@wrong(CROP, "rng_ignored")
def crop_of_seed_0(images, size, rng):
    return crop_in_a_loop(images, size, np.random.default_rng(0))


@wrong(CROP, "other_picture")
def crop_in_another_order(images, size, rng):
    return crop_in_a_loop(images, size, rng)[::-1]


@wrong(CROP, "not_a_window")
def crop_of_scattered_rows(images, size, rng):
    fits(images, size)
    i = np.sort(rng.permuted(np.tile(np.arange(images.shape[1]), (len(images), 1)), axis=1)[:, :size])
    return np.stack([p[a, :size] for p, a in zip(images, i, strict=True)])


@wrong(CROP, "wrong_shape")
def crop_of_one(images, size, rng):
    return crop_in_a_loop(images, size, rng)[0]


@wrong(CROP, "wrong_dtype")
def crop_into_zeros(images, size, rng):
    found = np.zeros((len(images), size, size, images.shape[-1]))
    found[:] = crop_in_a_loop(images, size, rng)
    return found


@wrong(CROP, "exception")
def crop_by_the_old_name(images, size, rng):
    i = rng.randint(0, images.shape[1] - size)
    return images[:, i : i + size, i : i + size]


@wrong(CROP, "changes_arguments")
def crop_that_shuffles(images, size, rng):
    found = crop_in_a_loop(images, size, rng)
    rng.shuffle(images)
    return found


@wrong(CROP, "not_refused", 1)
def crop_that_shrinks(images, size, rng):
    return crop_in_a_loop(images, min(size, *images.shape[1:3]), rng)


# color_shift.

COLOR = "color_shift"


@right(COLOR)
def shift_whole(images, max_shift, rng):
    if in_0_to_1(images):
        raise ValueError("these are pictures in 0..1")
    shift = rng.integers(-max_shift, max_shift + 1, (len(images), 1, 1, images.shape[-1]))
    return np.clip(images.astype("float32") + shift, 0, 255).astype(images.dtype)


@right(COLOR)
def shift_uniform(images, max_shift, rng):
    if in_0_to_1(images):
        raise ValueError("these are pictures in 0..1")
    shift = rng.uniform(-max_shift, max_shift, (len(images), 1, 1, images.shape[-1]))
    return np.clip(images + shift, 0, 255).astype(images.dtype)


@right(COLOR)
def shift_rounded(images, max_shift, rng):
    if in_0_to_1(images):
        raise ValueError("these are pictures in 0..1")
    shift = (2 * rng.random((len(images), 1, 1, images.shape[-1])) - 1) * max_shift
    shifted = images.astype(float) + shift
    return np.clip(np.round(shifted) if images.dtype == np.uint8 else shifted, 0, 255).astype(images.dtype)


@right(COLOR)
def shift_in_loops(images, max_shift, rng):
    if in_0_to_1(images):
        raise ValueError("these are pictures in 0..1")
    found = np.array(images, dtype="int64" if images.dtype == np.uint8 else "float64")
    for picture in found:
        for channel in range(found.shape[-1]):
            picture[..., channel] += rng.choice(np.arange(-max_shift, max_shift + 1))
    return np.minimum(np.maximum(found, 0), 255).astype(images.dtype)


@right(COLOR)
def shift_of_tensorflow(images, max_shift, rng):
    if in_0_to_1(images):
        raise ValueError("these are pictures in 0..1")
    shift = rng.uniform(-max_shift, max_shift, (len(images), 1, 1, images.shape[-1])).astype("float32")
    return tf.cast(tf.clip_by_value(tf.cast(images, "float32") + shift, 0, 255), images.dtype)


@wrong(COLOR, "wraps_around")
def shift_in_uint8(images, max_shift, rng):
    shift = rng.integers(-max_shift, max_shift + 1, (len(images), 1, 1, images.shape[-1]))
    return np.clip(images + shift.astype(images.dtype), 0, 255)


@wrong(COLOR, "wraps_around")
def shift_not_clipped(images, max_shift, rng):
    shift = rng.integers(-max_shift, max_shift + 1, (len(images), 1, 1, images.shape[-1]))
    return (images.astype(int) + shift).astype(images.dtype)


@wrong(COLOR, "not_clipped")
def shift_clipped_where_it_is_uint8(images, max_shift, rng):
    shift = rng.integers(-max_shift, max_shift + 1, (len(images), 1, 1, images.shape[-1]))
    shifted = images.astype(float) + shift
    return (np.clip(shifted, 0, 255) if images.dtype == np.uint8 else shifted).astype(images.dtype)


@wrong(COLOR, "one_shift_a_picture")
def shift_of_brightness(images, max_shift, rng):
    shift = rng.integers(-max_shift, max_shift + 1, (len(images), 1, 1, 1))
    return np.clip(images.astype(float) + shift, 0, 255).astype(images.dtype)


@wrong(COLOR, "one_shift_a_batch")
def shift_of_all_alike(images, max_shift, rng):
    shift = rng.integers(-max_shift, max_shift + 1, images.shape[-1])
    return np.clip(images.astype(float) + shift, 0, 255).astype(images.dtype)


@wrong(COLOR, "per_pixel")
def shift_as_noise(images, max_shift, rng):
    shift = rng.integers(-max_shift, max_shift + 1, images.shape)
    return np.clip(images.astype(float) + shift, 0, 255).astype(images.dtype)


@wrong(COLOR, "one_direction")
def shift_upwards(images, max_shift, rng):
    shift = rng.integers(0, max_shift + 1, (len(images), 1, 1, images.shape[-1]))
    return np.clip(images.astype(float) + shift, 0, 255).astype(images.dtype)


@wrong(COLOR, "too_far")
def shift_normal(images, max_shift, rng):
    shift = rng.normal(0, max_shift, (len(images), 1, 1, images.shape[-1]))
    return np.clip(images.astype(float) + shift, 0, 255).astype(images.dtype)


@wrong(COLOR, "uneven")
def shift_mostly_small(images, max_shift, rng):
    shift = max_shift * rng.uniform(-1, 1, (len(images), 1, 1, images.shape[-1])) ** 3
    return np.clip(images.astype(float) + shift, 0, 255).astype(images.dtype)


@wrong(COLOR, "end_missing")
def shift_exclusive(images, max_shift, rng):
    shift = rng.integers(-max_shift, max_shift, (len(images), 1, 1, images.shape[-1]))
    return np.clip(images.astype(float) + shift, 0, 255).astype(images.dtype)


@wrong(COLOR, "left_in_0_to_1")
def shift_of_scaled_pictures(images, max_shift, rng):
    shift = rng.uniform(-max_shift, max_shift, (len(images), 1, 1, images.shape[-1])) / 255
    return np.clip(images / 255 + shift, 0, 1).astype(images.dtype)


@wrong(COLOR, "wrong_dtype")
def shift_into_float(images, max_shift, rng):
    shift = rng.integers(-max_shift, max_shift + 1, (len(images), 1, 1, images.shape[-1]))
    return np.clip(images + shift, 0, 255)


@wrong(COLOR, "not_shifted")
def shift_forgotten(images, max_shift, rng):
    rng.integers(-max_shift, max_shift + 1)
    return images.copy()


@wrong(COLOR, "other_generator")
def shift_of_numpy(images, max_shift, rng):
    shift = np.random.uniform(-max_shift, max_shift, (len(images), 1, 1, images.shape[-1]))
    return np.clip(images + shift, 0, 255).astype(images.dtype)


@wrong(COLOR, "not_refused", 1)
def shift_of_any_range(images, max_shift, rng):
    shift = rng.uniform(-max_shift, max_shift, (len(images), 1, 1, images.shape[-1]))
    return np.clip(images + shift, 0, 255).astype(images.dtype)


# pca_color_augmentation.

COLORS = "pca_color_augmentation"


def of_components(images, P, L, a):
    """a (n, 3): those of each picture."""
    x = images / 255 + ((a * L) @ P.T)[:, None, None]
    return (np.clip(x, 0, 1) * 255).astype(images.dtype)


def components(images):
    L, P = np.linalg.eigh(np.cov(images.reshape(-1, 3).astype(float) / 255, rowvar=False))
    return P, L


@right(COLORS)
def pca_by_eigh(images, rng, sigma=0.1):
    if in_0_to_1(images):
        raise ValueError("these are pictures in 0..1")
    return of_components(images, *components(images), rng.normal(0, sigma, (len(images), 3)))


@right(COLORS)
def pca_by_scikit_learn(images, rng, sigma=0.1):
    if in_0_to_1(images):
        raise ValueError("these are pictures in 0..1")
    found = PCA().fit(images.reshape(-1, 3) / 255)
    a = sigma * rng.standard_normal((len(images), 3))
    return of_components(images, found.components_.T, found.explained_variance_, a)


@right(COLORS)
def pca_by_svd_in_a_loop(images, rng, sigma=0.1):
    if in_0_to_1(images):
        raise ValueError("these are pictures in 0..1")
    pixels = images.reshape(-1, 3) / 255.0
    _, s, Vt = np.linalg.svd(pixels - pixels.mean(axis=0), full_matrices=False)
    found = []
    for picture in images:
        a = rng.normal(0, sigma, 3)
        shift = sum(a[i] * s[i] ** 2 / len(pixels) * Vt[i] for i in range(3))
        found.append(np.round(np.clip(picture + 255 * shift, 0, 255), 6).astype(images.dtype))
    return np.stack(found)


@right(COLORS)
def pca_by_eig_of_a_matrix(images, rng, sigma=0.1):
    """In 0..255, with the eigenvalues brought to 0..1 afterwards; float32 all along."""
    if in_0_to_1(images):
        raise ValueError("these are pictures in 0..1")
    pixels = images.reshape(-1, 3).astype("float32")
    pixels = pixels - pixels.mean(axis=0)
    L, P = np.linalg.eig(pixels.T @ pixels / len(pixels))
    a = rng.normal(scale=sigma, size=(len(images), 3))
    shift = np.einsum("ck,nk->nc", P, a * (L / 255))
    return (
        np.rint(np.clip(images + shift[:, None, None, :], 0, 255)).astype("uint8")
        if images.dtype == "uint8"
        else (np.clip(images + shift[:, None, None, :], 0, 255).astype(images.dtype))
    )


@right(COLORS)
def pca_of_tensorflow(images, rng, sigma=0.1):
    if in_0_to_1(images):
        raise ValueError("these are pictures in 0..1")
    pixels = tf.cast(tf.reshape(images, (-1, 3)), "float64") / 255
    pixels -= tf.reduce_mean(pixels, axis=0)
    L, P = tf.linalg.eigh(tf.transpose(pixels) @ pixels / len(pixels))
    shift = (rng.normal(0, sigma, (len(images), 3)) * L) @ tf.transpose(P)
    y = tf.cast(images, "float64") + 255 * shift[:, None, None]
    return tf.cast(tf.clip_by_value(y, 0, 255), images.dtype)


@wrong(COLORS, "range_of_255", 1)
def pca_in_255(images, rng, sigma=0.1):
    L, P = np.linalg.eigh(np.cov(images.reshape(-1, 3).astype(float).T))
    shift = (rng.normal(0, sigma, (len(images), 3)) * L) @ P.T
    return np.clip(images + shift[:, None, None], 0, 255).astype(images.dtype)


@wrong(COLORS, "left_in_0_to_1", 1)
def pca_not_scaled_back(images, rng, sigma=0.1):
    P, L = components(images)
    shift = (rng.normal(0, sigma, (len(images), 3)) * L) @ P.T
    return np.clip(images + shift[:, None, None], 0, 255).astype(images.dtype)


@wrong(COLORS, "left_in_0_to_1")
def pca_of_scaled_pictures(images, rng, sigma=0.1):
    P, L = components(images)
    shift = (rng.normal(0, sigma, (len(images), 3)) * L) @ P.T
    return np.clip(images / 255 + shift[:, None, None], 0, 1).astype(images.dtype)


@wrong(COLORS, "rows_for_columns", 1)
def pca_of_rows(images, rng, sigma=0.1):
    P, L = components(images)
    return of_components(images, P.T, L, rng.normal(0, sigma, (len(images), 3)))


@wrong(COLORS, "square_root", 1)
def pca_of_deviations(images, rng, sigma=0.1):
    P, L = components(images)
    return of_components(images, P, np.sqrt(L), rng.normal(0, sigma, (len(images), 3)))


@wrong(COLORS, "eigenvalues_missing", 1)
def pca_without_eigenvalues(images, rng, sigma=0.1):
    P, _ = components(images)
    return of_components(images, P, 1, rng.normal(0, sigma, (len(images), 3)))


@wrong(COLORS, "order", 1)
def pca_sorted_by_half(images, rng, sigma=0.1):
    P, L = components(images)
    return of_components(images, P, np.sort(L)[::-1], rng.normal(0, sigma, (len(images), 3)))


@wrong(COLORS, "not_centred", 1)
def pca_around_black(images, rng, sigma=0.1):
    pixels = images.reshape(-1, 3) / 255
    L, P = np.linalg.eigh(pixels.T @ pixels / len(pixels))
    return of_components(images, P, L, rng.normal(0, sigma, (len(images), 3)))


@wrong(COLORS, "sigma_as_variance", 1)
def pca_of_the_variance(images, rng, sigma=0.1):
    return of_components(images, *components(images), rng.normal(0, np.sqrt(sigma), (len(images), 3)))


@wrong(COLORS, "sigma_ignored", 1)
def pca_with_a_constant(images, rng, sigma=0.1):
    return of_components(images, *components(images), rng.normal(0, 0.1, (len(images), 3)))


@wrong(COLORS, "clipped", 1)
def pca_of_the_scatter(images, rng, sigma=0.1):
    P, L = components(images)
    return of_components(images, P, L * (images.size / 3), rng.normal(0, sigma, (len(images), 3)))


@wrong(COLORS, "own_components", 1)
def pca_of_each_picture(images, rng, sigma=0.1):
    a = rng.normal(0, sigma, (len(images), 1, 3))
    return np.concatenate([of_components(p[None], *components(p[None]), b) for p, b in zip(images, a, strict=True)])


@wrong(COLORS, "one_number_a_picture", 1)
def pca_with_one_number(images, rng, sigma=0.1):
    return of_components(images, *components(images), rng.normal(0, sigma, (len(images), 1)))


@wrong(COLORS, "not_normal", 1)
def pca_uniform(images, rng, sigma=0.1):
    a = sigma * np.sqrt(3) * rng.uniform(-1, 1, (len(images), 3))
    return of_components(images, *components(images), a)


@wrong(COLORS, "one_shift_a_batch")
def pca_once(images, rng, sigma=0.1):
    return of_components(images, *components(images), rng.normal(0, sigma, (1, 3)))


@wrong(COLORS, "per_pixel")
def pca_as_noise(images, rng, sigma=0.1):
    P, L = components(images)
    shift = (rng.normal(0, sigma, images.shape) * L) @ P.T
    return np.clip(images + 255 * shift, 0, 255).astype(images.dtype)


@wrong(COLORS, "wraps_around")
def pca_without_clipping(images, rng, sigma=0.1):
    P, L = components(images)
    shift = (rng.normal(0, sigma, (len(images), 3)) * L) @ P.T
    return (
        (images + 255 * shift[:, None, None])
        .astype("int64" if images.dtype == "uint8" else images.dtype)
        .astype(images.dtype)
    )


@wrong(COLORS, "other_generator", 1)
def pca_of_numpy(images, rng, sigma=0.1):
    return of_components(images, *components(images), np.random.normal(0, sigma, (len(images), 3)))


@wrong(COLORS, "wrong_dtype")
def pca_into_float64(images, rng, sigma=0.1):
    return of_components(images.astype(float), *components(images), rng.normal(0, sigma, (len(images), 3)))


@wrong(COLORS, "not_refused", 2)
def pca_of_any_range(images, rng, sigma=0.1):
    return of_components(images, *components(images), rng.normal(0, sigma, (len(images), 3)))


# ten_crop.

TEN = "ten_crop"


def corners(image, size):
    height, width = image.shape[:2]
    if size > min(height, width):
        raise ValueError(f"no window of {size}")
    return height - size, width - size


@right(TEN)
def ten_by_slices(image, size):
    corners(image, size)
    top, left = (image.shape[0] - size) // 2, (image.shape[1] - size) // 2
    crops = [
        image[:size, :size],
        image[:size, -size:],
        image[-size:, :size],
        image[-size:, -size:],
        image[top : top + size, left : left + size],
    ]
    return np.stack(crops + [crop[:, ::-1] for crop in crops])


@right(TEN)
def ten_of_the_mirrored_picture(image, size):
    """As torchvision does it: the five windows of the mirror image, whose corners come in another order."""
    bottom, last = corners(image, size)
    places = [(0, 0), (0, last), (bottom, 0), (bottom, last), (round(bottom / 2), round(last / 2))]
    if last % 2:
        return ten_by_slices(image, size)
    windows = [one[i : i + size, j : j + size] for one in (image, image[:, ::-1]) for i, j in places]
    return np.array(windows)


@right(TEN)
def ten_with_the_centre_first(image, size):
    bottom, last = corners(image, size)
    places = [(bottom - bottom // 2, last - last // 2), (bottom, last), (bottom, 0), (0, last), (0, 0)]
    five = np.stack([image[i : i + size, j : j + size] for i, j in places])
    return np.concatenate([five, np.flip(five, axis=2)], axis=0)


@right(TEN)
def ten_of_tensorflow(image, size):
    bottom, last = corners(image, size)
    places = [(0, 0), (0, last), (bottom, 0), (bottom, last), (bottom // 2, last // 2)]
    five = tf.stack([tf.image.crop_to_bounding_box(image, i, j, size, size) for i, j in places])
    return tf.concat([five, tf.image.flip_left_right(five)], axis=0)


@wrong(TEN, "centre_missing", 1)
def ten_off_centre(image, size):
    y = ten_by_slices(image, size).copy()
    y[4], y[9] = y[0], y[0][:, ::-1]
    return y


@wrong(TEN, "centre_missing", 1)
def ten_from_the_centre_on(image, size):
    bottom, last = corners(image, size)
    top, left = min(image.shape[0] // 2, bottom), min(image.shape[1] // 2, last)
    y = ten_by_slices(image, size).copy()
    y[4] = image[top : top + size, left : left + size]
    y[9] = y[4][:, ::-1]
    return y


@wrong(TEN, "corner_missing", 1)
def ten_with_one_corner_twice(image, size):
    y = ten_by_slices(image, size).copy()
    y[3], y[8] = y[2], y[7]
    return y


@wrong(TEN, "corner_missing", 1)
def ten_one_pixel_short(image, size):
    bottom, last = (max(free - 1, 0) for free in corners(image, size))
    places = [(0, 0), (0, last), (bottom, 0), (bottom, last), (bottom // 2, last // 2)]
    five = np.stack([image[i : i + size, j : j + size] for i, j in places])
    return np.concatenate([five, five[:, :, ::-1]])


@wrong(TEN, "not_mirrored", 1)
def ten_twice_the_same(image, size):
    five = ten_by_slices(image, size)[:5]
    return np.concatenate([five, five])


@wrong(TEN, "upside_down", 1)
def ten_upside_down(image, size):
    five = ten_by_slices(image, size)[:5]
    return np.concatenate([five, five[:, ::-1]])


@wrong(TEN, "other_mirrors", 1)
def ten_of_mirrored_colours(image, size):
    five = ten_by_slices(image, size)[:5]
    return np.concatenate([five, five[:, :, ::-1, ::-1]])


@wrong(TEN, "interleaved", 1)
def ten_in_turns(image, size):
    return ten_by_slices(image, size)[[0, 5, 1, 6, 2, 7, 3, 8, 4, 9]]


@wrong(TEN, "mirrors_first", 1)
def ten_mirrors_first(image, size):
    return np.roll(ten_by_slices(image, size), 5, axis=0)


@wrong(TEN, "mirrors_missing", 1)
def ten_that_are_five(image, size):
    return ten_by_slices(image, size)[:5]


@wrong(TEN, "not_an_array")
def ten_in_a_list(image, size):
    return list(ten_by_slices(image, size))


@wrong(TEN, "wrong_dtype", 1)
def ten_into_zeros(image, size):
    y = np.zeros((10, size, size, image.shape[-1]))
    y[:] = ten_by_slices(image, size)
    return y


@wrong(TEN, "not_refused", 2)
def ten_of_whatever_there_is(image, size):
    return ten_by_slices(image, min(size, *image.shape[:2]))


# ensemble_predict.

ENSEMBLE = "ensemble_predict"


@right(ENSEMBLE)
def ensemble_by_calls(models, x):
    return np.mean([model(x, training=False) for model in models], axis=0)


@right(ENSEMBLE)
def ensemble_by_predict(models, x):
    return sum(model.predict(x) for model in models) / len(models)


@right(ENSEMBLE)
def ensemble_step_by_step(models, x):
    mean = np.zeros((len(x), models[0].output_shape[-1]))
    for model in models:
        mean += model(x).numpy() / len(models)
    return mean


@right(ENSEMBLE)
def ensemble_of_keras(networks, pictures):
    return keras.ops.mean(keras.ops.stack([network(pictures) for network in networks]), axis=0)


@wrong(ENSEMBLE, "summed")
def ensemble_sum(models, x):
    return sum(model(x) for model in models)


@wrong(ENSEMBLE, "one_model")
def ensemble_returned_in_the_loop(models, x):
    for model in models:
        return model(x)


@wrong(ENSEMBLE, "one_model")
def ensemble_overwritten(models, x):
    for model in models:
        y = model(x)
    return y


@wrong(ENSEMBLE, "votes")
def ensemble_of_classes(models, x):
    return ensemble_by_calls(models, x).argmax(axis=1)


@wrong(ENSEMBLE, "not_averaged")
def ensemble_stacked(models, x):
    return np.stack([model(x) for model in models])


@wrong(ENSEMBLE, "not_averaged")
def ensemble_over_the_pictures(models, x):
    return np.mean([model(x) for model in models], axis=1)


@wrong(ENSEMBLE, "over_everything")
def ensemble_mean_of_all(models, x):
    return np.mean([model(x) for model in models])


@wrong(ENSEMBLE, "training_mode")
def ensemble_in_training(models, x):
    return np.mean([model(x, training=True) for model in models], axis=0)


@wrong(ENSEMBLE, "geometric_mean")
def ensemble_of_logarithms(models, x):
    return np.exp(np.mean([np.log(model(x)) for model in models], axis=0))


@wrong(ENSEMBLE, "softmax_twice")
def ensemble_softmax(models, x):
    return keras.ops.softmax(ensemble_by_calls(models, x))


@wrong(ENSEMBLE, "largest")
def ensemble_largest(models, x):
    return np.max([model(x) for model in models], axis=0)


@wrong(ENSEMBLE, "wrong_dtype")
def ensemble_rounded(models, x):
    return np.round(ensemble_by_calls(models, x)).astype(int)


@wrong(ENSEMBLE, "changes_arguments")
def ensemble_that_zeroes(models, x):
    y = ensemble_by_calls(models, x)
    models[-1].set_weights([0 * weight for weight in models[-1].get_weights()])
    return y


def graded(exercise, answer, seed):
    """The result of an answer whose evidence came out of a sandbox."""
    packed = protocol.pack(check.collect(exercise, answer, hidden=True, seed=seed))
    return check.conclude(exercise, protocol.unpack(protocol.frames(packed)[0][1]), hidden=True, seed=seed)


ADVISED = {"crop_of_tensorflow": ["returned_tensor"], "ensemble_of_keras": ["returned_tensor"]}  # others are not


@pytest.mark.parametrize("name", RIGHT)
def test_right_answers_keep_every_point(name, capsys):
    exercise, answer = RIGHT[name]
    for seed in range(2):
        result = graded(exercise, answer, seed)
        assert result.points == result.max_points, result
        assert [one.code for one in result.findings if not one.passed] == ADVISED.get(name, []), result
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("name", WRONG)
def test_each_mistake_has_its_own_finding(name):
    exercise, answer, code, points = WRONG[name]
    result = check.run(exercise, answer, hidden=True, seed=3)
    no_word_twice(result)
    assert next(finding.code for finding in result.findings if finding.mark in ("to do", "advice")) == code, result
    assert result.points == points, result
    for finding in result.findings:
        assert "\n" not in finding.message
        assert "{" not in finding.message
        assert len(finding.message) < 400


def test_random_numbers_of_others_are_left_alone():
    np.random.seed(5)
    wanted = np.random.get_state()[1].copy()
    check.run(CROP, crop_of_numpy)
    assert np.array_equal(np.random.get_state()[1], wanted)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 1))
def test_the_references_components_are_those_of_scikit_learn(seed, sigma):
    images = pca.pictures((30, 3, 4, 3), "float64", seed)
    found = PCA().fit(images.reshape(-1, 3) / 255)
    n = images.size // 3
    P, L = found.components_.T, found.explained_variance_ * (n - 1) / n
    right = pca.mixture(images, sigma)
    np.testing.assert_allclose(right @ right.T, (255 * sigma) ** 2 * P @ np.diag(L**2) @ P.T, rtol=1e-6, atol=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 9), st.integers(0, 6), st.integers(0, 6))
def test_the_five_windows_lie_where_they_should(size, more_rows, more_columns):
    """Row and column of each pixel as its value: the window begins where its first value says."""
    rows, columns = size + more_rows, size + more_columns
    image = np.stack(np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij"), axis=-1)
    found = {name: {tuple(window[0, 0]) for window in windows} for name, windows in five(image, size).items()}
    for i, row in (("top", 0), ("bottom", more_rows)):
        for j, column in (("left", 0), ("right", more_columns)):
            assert found[f"{i} {j} corner"] == {(row, column)}
    for row, column in found["centre"]:
        assert abs(row - (more_rows - row)) <= 1
        assert abs(column - (more_columns - column)) <= 1


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(-300, 300), st.sampled_from(["uint8", "float32", "float64"]))
def test_shifts_are_told_from_the_pixels_that_were_not_clipped(seed, shift, dtype):
    images = np.random.default_rng(seed).integers(0, 256, (2, 4, 3, 1)).astype(dtype)
    y = np.clip(images.astype(float) + shift, 0, 255).astype(dtype)
    found, problem = shifts(images, y)
    assert problem is None
    for one, x, z in zip(found[:, 0], images, y, strict=True):
        if ((z > 0) & (z < 255)).any():
            assert one == pytest.approx(shift, abs=1 if dtype == "uint8" else 1e-3)
        else:
            assert abs(one) <= abs(shift) + 1
            assert np.array_equal(np.clip(x.astype(float) + one, 0, 255), z)
