"""`course new-exercise`: what it writes can be imported, passes the linter, and says what is to be filled in."""

import importlib.util
import subprocess
import sys

import nbformat
import pytest

from course_utils import new_exercise
from course_utils.errors import CourseError
from course_utils.files import ROOT, master


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """A copy of notebook 04, in a folder that stands for the checkout."""
    monkeypatch.setattr(new_exercise, "ROOT", tmp_path)
    path = tmp_path / "notebooks" / "04_residual_blocks.ipynb"
    path.parent.mkdir()
    path.write_bytes(master("04").read_bytes())
    return path


@pytest.mark.parametrize("kind", new_exercise.KINDS)
def test_a_new_exercise_can_be_imported_and_says_what_is_to_be_filled_in(notebook, kind):
    file, table, changed = new_exercise.new_exercise("squeeze", notebook.stem, notebook, kind)
    assert changed == notebook
    spec = importlib.util.spec_from_file_location("squeeze", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    about = module.exercise
    assert (about.notebook, about.place, about.title) == ("04", 4, "squeeze")
    assert len(about.request(0, True)["probes"]) > len(about.request(0, False)["probes"])
    assert "TODO" in file.read_text(encoding="utf-8")
    assert "TODO" in table.read_text(encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "check", "--config", ROOT / "pyproject.toml", file, table]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    cells = nbformat.read(notebook, as_version=4).cells
    marked = [cell.metadata.nbgrader.grade_id for cell in cells if "nbgrader" in cell.metadata]
    assert marked[-2:] == ["squeeze", "squeeze_check"]
    (before,) = [i for i, cell in enumerate(cells) if cell.id == "squeeze-words"]
    assert [cell.id for cell in cells[before : before + 3]] == ["squeeze-words", "squeeze-answer", "squeeze-check"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("identity_block", "There is an exercise identity_block already"),
        ("Squeeze", "is no name"),
        ("a-b", "is no name"),
    ],
)
def test_a_name_that_cannot_be_is_refused_and_nothing_is_written(notebook, name, words):
    before = notebook.read_bytes()
    with pytest.raises(CourseError, match=words):
        new_exercise.new_exercise(name, notebook.stem, notebook, "block")
    assert notebook.read_bytes() == before
    assert [path.name for path in notebook.parents[1].iterdir()] == ["notebooks"]
