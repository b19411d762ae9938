"""The picture sets that the course draws itself: shaped like the real ones, varied, and not too easy."""

import re

import numpy as np
import pytest
from PIL import Image
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from course_utils import files
from course_utils.data import birds, catalogue, digits, faces, folder, hands, objects

CARDS = {"faces": "happy", "hands": "signs", "birds": "birds"}
PHOTO_SETS = {"faces": (faces, [300, 300], [66, 84]), "hands": (hands, [180] * 6, [20] * 6)}


@pytest.fixture(scope="module")
def drawn():
    return {module.__name__.rpartition(".")[2]: module.draw() for module in (faces, hands, digits, birds, objects)}


def pictures(drawn, name):
    """Pictures for training and for testing."""
    if name == "birds":
        numbers = folder.order(565)
        return drawn["birds"]["pictures"][numbers[:452]], drawn["birds"]["pictures"][numbers[452:]]
    if name == "objects":
        return drawn[name]["x_train"], drawn[name]["x_test"]
    return drawn[name]["train_set_x"], drawn[name]["test_set_x"]


def labels(drawn, name):
    """Labels for training and for testing."""
    if name == "birds":
        numbers = folder.order(565)
        return drawn["birds"]["labels"][numbers[:452]], drawn["birds"]["labels"][numbers[452:]]
    return drawn[name]["train_set_y"], drawn[name]["test_set_y"]


@pytest.mark.parametrize("name", PHOTO_SETS)
def test_arrays_are_those_of_the_real_files(drawn, name):
    _, train, test = PHOTO_SETS[name]
    arrays = drawn[name]
    assert set(arrays) == {"train_set_x", "train_set_y", "test_set_x", "test_set_y", "list_classes"}
    assert arrays["list_classes"].tolist() == list(range(len(train)))
    assert arrays["list_classes"].dtype == np.int64
    for part, counts in ("train", train), ("test", test):
        x, y = arrays[f"{part}_set_x"], arrays[f"{part}_set_y"]
        assert (x.shape, x.dtype) == ((sum(counts), 64, 64, 3), np.uint8)
        assert (y.shape, y.dtype) == ((sum(counts),), np.int64)
        assert np.bincount(y).tolist() == counts
        assert np.abs(np.diff(y)).sum() > len(counts), "sorted by class"


def test_digits_have_the_arrays_of_mnist(drawn):
    arrays = drawn["digits"]
    assert {key: (value.shape, value.dtype) for key, value in arrays.items()} == {
        "x_train": ((1500, 28, 28), np.uint8),
        "y_train": ((1500,), np.uint8),
        "x_test": ((297, 28, 28), np.uint8),
        "y_test": ((297,), np.uint8),
    }
    assert (arrays["x_train"].min(), arrays["x_train"].max()) == (0, 255)
    assert set(np.bincount(arrays["y_test"])) == {29, 30}, "every digit is split alike"


def test_birds_have_the_counts_of_the_real_folder(drawn):
    arrays = drawn["birds"]
    assert set(arrays) == {"pictures", "labels", "class_names"}
    assert (arrays["pictures"].shape, arrays["pictures"].dtype) == ((565, 224, 224, 3), np.uint8)
    assert arrays["class_names"] == ("Bananaquit", "Black Skimmer", "Black Throated Bushtiti", "Cockatoo")
    assert np.bincount(arrays["labels"]).tolist() == [166, 111, 122, 166]


def test_objects_have_the_arrays_of_cifar10(drawn):
    arrays = drawn["objects"]
    assert catalogue.SETS["cifar10"].class_names == objects.CLASSES
    assert {key: (value.shape, value.dtype) for key, value in arrays.items()} == {
        "x_train": ((10_000, 32, 32, 3), np.uint8),
        "y_train": ((10_000,), np.uint8),
        "x_test": ((2000, 32, 32, 3), np.uint8),
        "y_test": ((2000,), np.uint8),
    }
    for part, count in ("train", 1000), ("test", 200):
        assert np.bincount(arrays[f"y_{part}"]).tolist() == [count] * 10
        assert np.count_nonzero(np.diff(arrays[f"y_{part}"].astype(int))) > 8 * count, "sorted by class"


def test_a_seed_fixes_every_byte_of_the_objects(monkeypatch):
    for name, value in {"TRAIN": 9, "TEST": 3, "SPRITES": 3, "SCENES": 10, "OBSTACLES": 3}.items():
        monkeypatch.setattr(objects, name, value)
    first, again, other = objects.draw(), objects.draw(), objects.draw(seed=1)
    assert all(np.array_equal(first[key], again[key]) for key in first)
    assert not any(np.array_equal(first[key], other[key]) for key in first)


@pytest.mark.parametrize("module", [faces, hands, digits])
def test_a_seed_fixes_every_byte_and_another_seed_changes_them(module, monkeypatch):
    if module is not digits:  # which only shuffles what scikit-learn has
        few = {faces: ((10, 10), (4, 4)), hands: (6, 2)}[module]
        monkeypatch.setattr(module, "TRAIN", few[0])
        monkeypatch.setattr(module, "TEST", few[1])
    first, again, other = module.draw(), module.draw(), module.draw(seed=1)
    assert all(np.array_equal(first[key], again[key]) for key in first)
    changed = [key for key in first if not np.array_equal(first[key], other[key])]
    assert sorted(changed) == sorted(key for key in first if key != "list_classes")


@pytest.mark.parametrize("name", ["faces", "hands", "digits", "birds", "objects"])
def test_no_picture_occurs_twice(drawn, name):
    x = np.concatenate([value for value in drawn[name].values() if np.ndim(value) > 2])
    assert len({picture.tobytes() for picture in x}) == len(x)


@pytest.mark.parametrize("name", [*PHOTO_SETS, "birds", "objects"])
def test_light_varies_from_black_to_white(drawn, name):
    for x in pictures(drawn, name):
        assert (x.min(), x.max()) == (0, 255)
        assert np.ptp(x.mean(axis=(1, 2, 3))) > 100, "from dark pictures to bright ones"


def small(picture):
    return np.asarray(Image.fromarray(picture).resize((32, 32), Image.Resampling.BOX))


@pytest.mark.parametrize(("name", "bound"), [("faces", 0.8), ("hands", 0.8), ("birds", 0.7)])
def test_a_linear_model_is_not_enough(drawn, name, bound):
    """The pictures are first turned onto the directions that the training pictures span, which changes nothing
    for a model with a squared penalty (the rest of its weights would be zero) and is many times faster."""
    y_train, y_test = labels(drawn, name)
    parts = pictures(drawn, name)
    if name == "birds":
        parts = [np.stack([small(picture) for picture in part]) for part in parts]
    train, test = (x.reshape(len(x), -1).astype(np.float32) / 255 for x in parts)
    scores = []
    for scale in 1, train.std(axis=0):
        a, b = (train - train.mean(axis=0)) / scale, (test - train.mean(axis=0)) / scale
        squares, axes = np.linalg.eigh(np.asarray(a @ a.T, float))
        axes, lengths = axes[:, 1:], np.sqrt(squares[1:])  # the first is the zero left by centring
        with threadpool_limits(1):  # on so few numbers threads only wait for each other
            for C in (1e-2, 1e-1, 1) if name == "birds" else (1e-2, 1e-1):
                model = LogisticRegression(C=C, max_iter=500, tol=1e-2)
                model.fit(axes * lengths, y_train)
                scores.append(model.score(b @ a.T @ axes / lengths, y_test))
    assert max(scores) < bound
    card = " ".join((files.ROOT / "datasets" / f"{CARDS[name]}.md").read_text(encoding="utf-8").split())
    told = float(re.search(r"linear model (?:on \S+ pixels )?reaches (0\.\d+)", card)[1])
    assert abs(told - max(scores)) < 0.02


def test_a_linear_model_is_not_enough_for_the_objects(drawn):
    """Least squares with a squared penalty, from too little of it to too much."""
    (train, test), (y_train, y_test) = (
        [drawn["objects"][f"{axis}_{part}"] for part in ("train", "test")] for axis in "xy"
    )
    train, test = (x.reshape(len(x), -1).astype(np.float32) / 255 for x in (train, test))
    mean = train.mean(axis=0)
    products, target = (train - mean).T @ (train - mean), (train - mean).T @ np.eye(10, dtype=np.float32)[y_train]
    scores = []
    for penalty in 10, 300, 10_000:
        weights = np.linalg.solve(products + penalty * np.eye(len(mean), dtype=np.float32), target)
        scores.append(np.mean(np.argmax((test - mean) @ weights, axis=1) == y_test))
    assert 0.2 < max(scores) < 0.6
    assert scores[1] == max(scores)
