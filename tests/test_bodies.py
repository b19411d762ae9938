"""The trained networks that ship with the course: what their cards say, and a wrong file told in a sentence."""

import json
import shutil

import numpy as np
import pytest

from course_utils import bodies
from course_utils.data import load
from course_utils.errors import CourseError
from course_utils.files import ROOT


@pytest.fixture
def folder(tmp_path, monkeypatch):
    shutil.copy(bodies.FOLDER / "objects.npz", tmp_path)
    monkeypatch.setattr(bodies, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", bodies.NAMES)
def test_a_trained_network_is_what_its_card_says(name):
    about, network = bodies.card(name), bodies.trained_network(name)
    assert network.count_params() == about["parameters"]
    assert network.output_shape == (None, len(about["classes"])) == (None, 8)
    assert network.get_layer("body").output_shape == (None, 4 * bodies.WIDTH)
    assert not {*bodies.LEFT_OUT} & {*about["classes"]}
    assert about["epochs"] == bodies.RECIPE[name]["epochs"]
    assert (bodies.FOLDER / f"{name}.npz").stat().st_size < 4 << 20
    card = (ROOT / "datasets/bodies.md").read_text(encoding="utf-8")
    row = next(line for line in card.splitlines() if line.startswith(f"| {name} "))
    for number in about["pictures"], about["epochs"], about["seconds"], about["test_accuracy"], about["test_pictures"]:
        assert f"| {number:,} |" in row, number


def test_the_drawings_are_told_apart_as_the_card_says(monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    data, about = load("cifar10"), bodies.card("objects")
    x, y = bodies._only(data.x_test, data.y_test, data.class_names, about["classes"], 400)
    said = np.argmax(bodies.trained_network("objects").predict(x, batch_size=100, verbose=0), axis=1)
    assert abs(np.mean(said == y) - about["test_accuracy"]) < 0.08


def changed(path, **more):
    with np.load(path) as file:
        held = {name: file[name] for name in file.files} | more
    np.savez(path, **held)


WRONG = {
    "missing": (lambda path: path.unlink(), "is not there: `course weights objects` makes it"),
    "cut short": (lambda path: path.write_bytes(path.read_bytes()[:2000]), "is damaged: fetch it again"),
    "empty": (lambda path: path.write_bytes(b""), "is damaged"),
    "another version": (lambda path: changed(path, about=json.dumps({"version": 0})), "is of another version"),
    "another network": (lambda path: changed(path, weight_0=np.zeros((5, 5))), "holds the weights of another network"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_does_not_serve_is_told_in_a_sentence(folder, name):
    spoil, words = WRONG[name]
    spoil(folder / "objects.npz")
    with pytest.raises(CourseError, match=words) as told:
        bodies.trained_network("objects")
    assert "\n" not in str(told.value)


def test_a_name_that_there_is_not():
    with pytest.raises(CourseError, match="There is no trained network 'birds': choose objects or photos"):
        bodies.trained_network("birds")


def test_it_is_trained_on_the_pictures_of_its_name_alone(folder, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    with pytest.raises(CourseError, match="needs COURSE_DATA_DIR or a network"):
        bodies.train("photos")


def test_training_writes_a_network_that_can_be_loaded(folder, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.delenv("COURSE_DATA_DIR", raising=False)
    monkeypatch.setitem(bodies.RECIPE, "objects", {"epochs": 1, "pictures": 320})
    lines = []
    about = bodies.train("objects", lines.append)
    assert len(lines) == 1
    assert bodies.card("objects") == json.loads(json.dumps(about))
    network = bodies.trained_network("objects")
    assert network(np.zeros((1, 32, 32, 3))).shape == (1, 8)
    assert [path.name for path in folder.iterdir()] == ["objects.npz"]


def test_pictures_are_mirrored_and_moved_and_stay_pictures():
    x = np.arange(2 * 8 * 8 * 3, dtype="uint8").reshape(2, 8, 8, 3)
    moved = bodies._moved(x, np.random.default_rng(0))
    assert (moved.shape, moved.dtype) == (x.shape, x.dtype)
    assert {*np.unique(moved)} <= {*np.unique(x)}
    assert np.array_equal(bodies._moved(x, np.random.default_rng(0)), moved)
