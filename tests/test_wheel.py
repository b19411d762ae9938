"""The package as pip installs it, with no clone around it: one notebook alone in an empty folder runs."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile

import pytest

from course_utils.files import NOTEBOOKS, ROOT

ALONE = """
import course_utils
from course_utils import check, load, own_picture, progress, recorded, settings
from course_utils.bodies import trained_network
import keras
from keras import layers

def HappyModel(input_shape):
    inputs = layers.Input(input_shape)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(inputs))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))

print(course_utils.__file__)
settings("03_happy_house")
result = check.happy_model(HappyModel)
result._repr_html_()
print(result)
print(progress())
print([own_picture(f"{name}.jpg").shape for name in ("bird", "digit", "hand", "visitor")])
print(len(load("mnist").x_test), trained_network("objects").count_params() > 0)
print(sorted(recorded("07a_birds"))[:1])
"""


LAB = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["lab"]
WITHOUT = f"import sys; sys.modules |= dict.fromkeys({[re.match('[a-z]+', one)[0] for one in LAB]})\n"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds what the wheel brings, and nothing else of the course."""
    folder = tmp_path_factory.mktemp("wheel")
    code = "import sys; from flit_core import buildapi; print(buildapi.build_wheel(sys.argv[1]))"
    done = subprocess.run([sys.executable, "-c", code, folder], cwd=ROOT, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(folder / done.stdout.strip()) as wheel:
        assert sum(one.file_size for one in wheel.infolist()) < 8 << 20
        wheel.extractall(folder / "installed")
    return folder / "installed"


def alone(installed, folder, *command):
    own = {"PYTHONPATH": str(installed), "COURSE_OFFLINE": "1", "COURSE_CACHE_DIR": str(folder / "cache")}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, env=os.environ | own, capture_output=True, text=True, timeout=300
    )


def test_checks_pictures_bodies_and_records_are_there_without_the_clone_and_jupyterlab(installed, tmp_path):
    done = alone(installed, tmp_path, "-c", WITHOUT + ALONE)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(installed))
    assert "6 of 6 points" in done.stdout
    assert "[(64, 64, 3), (64, 64, 3), (64, 64, 3), (64, 64, 3)]" in done.stdout
    assert "297 True" in done.stdout


def test_a_command_that_needs_more_says_so_in_a_sentence(installed, tmp_path):
    code = WITHOUT + "from course_utils.cli import main; main(['run', '03'])"
    done = alone(installed, tmp_path, "-c", code)
    assert done.returncode == 1
    assert done.stderr.startswith("course: this command needs nbformat, which is not here: install the course with its")
    assert done.stderr.count("\n") == 1


def test_a_notebook_alone_in_a_folder_runs(installed, tmp_path):
    (tmp_path / "START.ipynb").write_bytes((NOTEBOOKS / "START.ipynb").read_bytes())
    done = alone(installed, tmp_path, "-m", "nbconvert", "--to", "notebook", "--execute", "START.ipynb", "--inplace")
    assert done.returncode == 0, done.stderr
