"""`course submit` on the files of a student, with real kernels; and its zip file, graded."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell
from rich.console import Console
from test_grading import grade_together, marks, unanswered

from course_utils.errors import CourseError
from course_utils.grading.submissions import all_masters, answered, parse
from course_utils.submit import NAME, gather, lay_beside, submit, write

CLASSICS, ONE_BY_ONE, HAPPY, BLOCKS, AUGMENTATION = (
    next(stem for stem in all_masters() if stem.startswith(number)) for number in ("01", "02", "03", "04", "08")
)


def student(path, stem, keep=(), more=(), **answers):
    """A student's notebook, cut down to the cells of `answers` and those in whose source a word of `keep` stands.

    answers: {exercise: source, True for the master's, or None for the stub}. more: cells at the end.
    """
    notebook, solutions = unanswered(stem)
    cells = []
    for cell in notebook.cells:
        exercise = cell.metadata.get("nbgrader", {}).get("grade_id")
        if exercise in answers or any(word in cell.source for word in keep):
            answer = answers.get(exercise)
            cells.append(cell.copy())
            cells[-1].source = solutions[cell.id] if answer is True else answer or cell.source
    own = [new_code_cell(source) for source in more]
    nbformat.write(nbformat.v4.new_notebook(cells=[*cells, *own], metadata=notebook.metadata), path)
    return path


def course(*words, **more):
    command = [sys.executable, "-m", "course_utils", "submit", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **more)


RIGHT = "def mirror(images):\n    return images[:, :, ::-1]"
WRONG_COUNT = "def multiplications(h, w, c_in, f, c_out):\n    return h * w * c_out"
SET_UP = "from course_utils import"


# --- A workspace -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def submitted(tmp_path_factory):
    """(the workspace, the finished process): five notebooks, of which three hold answers and one is half saved."""
    place = tmp_path_factory.mktemp("workspace")
    student(place / f"{CLASSICS}.ipynb", CLASSICS, conv_output_size=True)
    asked = {"conv1x1": True, "multiplications": WRONG_COUNT, "inception_module": None}
    student(place / "my layers.ipynb", ONE_BY_ONE, [SET_UP], ["inception_module(0, 1, 1, 1, 1, 1, 1)"], **asked)
    student(place / f"{HAPPY}.ipynb", HAPPY, happy_model="def HappyModel(input_shape):\n    return ((")
    student(place / f"{BLOCKS}.ipynb", BLOCKS, identity_block=None)
    saved = student(place / f"{AUGMENTATION}.ipynb", AUGMENTATION, mirror=RIGHT)
    saved.write_bytes(saved.read_bytes()[:-200])
    (place / "notes.ipynb").write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    return place, course(cwd=place, env=os.environ | {"COURSE_WORKSPACE": str(place)})


def block(done, name):
    """What is said of a notebook, one line each, in single spaces."""
    text = done.stdout.split(f"\n{name}\n")[1].split("\n\n")[0]
    return [" ".join(line.split()) for line in text.splitlines()]


def test_each_notebook_is_told_in_a_block(submitted):
    done = submitted[1]
    assert done.returncode == 0, done.stdout + done.stderr
    there_not = [f"{name} its cell is not in the notebook" for name in all_masters()[CLASSICS].exercises][1:]
    assert block(done, f"{CLASSICS}.ipynb") == ["conv_output_size 1 of 1", *there_not, "It runs from top to bottom."]
    assert block(done, "my layers.ipynb") == [
        "conv1x1 2 of 2",
        "multiplications 0 of 1",
        "inception_module not answered",
        "inception_network its cell is not in the notebook",
        "depthwise_separable its cell is not in the notebook",
        "It runs, but for the cells that need what is not answered.",
    ]
    exercise, run = block(done, f"{HAPPY}.ipynb")
    assert exercise.startswith("HappyModel 0 of 6: its cell stops with SyntaxError: ")
    assert run.startswith("It does not run from top to bottom. It stops in the cell that begins with `def HappyModel(")


def test_the_end_says_points_what_is_missing_and_what_to_hand_in(submitted):
    place, done = submitted
    most = sum(all_masters()[stem].points for stem in (CLASSICS, ONE_BY_ONE, HAPPY))
    assert f"\n3 of {most} points expected for what you hand in." in done.stdout
    assert re.search(rf"^Not handed in: {BLOCKS}.ipynb, .*{AUGMENTATION}.ipynb", done.stdout, re.MULTILINE)
    assert done.stdout.endswith(f"\nHand in this file: {place / NAME}\n")


def test_a_notebook_that_is_half_saved_is_told_and_stops_nothing(submitted):
    told = [line for line in submitted[1].stdout.splitlines() if line.startswith(f"{AUGMENTATION}.ipynb is not")]
    assert told == [
        f"{AUGMENTATION}.ipynb is not handed in. The file was cut short, so that only a part of the notebook is "
        "there: save it in JupyterLab and type this command again."
    ]


def test_the_zip_file_holds_the_notebooks_under_the_names_of_the_course(submitted):
    place, _ = submitted
    with zipfile.ZipFile(place / NAME) as archive:
        assert archive.namelist() == [f"{stem}.ipynb" for stem in (CLASSICS, ONE_BY_ONE, HAPPY)]
        assert archive.read(f"{ONE_BY_ONE}.ipynb") == (place / "my layers.ipynb").read_bytes()


def test_nothing_else_is_left_in_the_workspace(submitted):
    kept = {f"{stem}.ipynb" for stem in (CLASSICS, HAPPY, BLOCKS, AUGMENTATION)}
    assert {path.name for path in submitted[0].iterdir()} == {*kept, "my layers.ipynb", "notes.ipynb", NAME}


@pytest.mark.isolation
def test_course_grade_reads_the_zip_file_and_gives_the_points_that_were_told(submitted, tmp_path):
    place, done = submitted
    (tmp_path / "in" / "Ada").mkdir(parents=True)
    (tmp_path / "in" / "Ada" / NAME).write_bytes((place / NAME).read_bytes())
    grade_together({"place": tmp_path / "in", "out": tmp_path / "out"})
    told = {CLASSICS: f"{CLASSICS}.ipynb", ONE_BY_ONE: "my layers.ipynb", HAPPY: f"{HAPPY}.ipynb"}
    expected = {}
    for stem, name in told.items():
        lines = block(done, name)[: len(all_masters()[stem].exercises)]
        expected["Ada", stem] = [int(found[1]) if (found := re.search(r" (\d+) of ", line)) else 0 for line in lines]
    assert marks(tmp_path / "out") == expected


# --- One notebook ----------------------------------------------------------------------------------------------------


def test_one_notebook_is_enough_and_a_kernel_that_dies_is_told(tmp_path):
    path = student(tmp_path / "mine.ipynb", AUGMENTATION, mirror=f"import os\nos._exit(9)\n{RIGHT}")
    done = course(path, "-o", tmp_path / "Ada")
    assert done.returncode == 0, done.stdout + done.stderr
    first, *_, last = block(done, "mine.ipynb")
    assert first == "mirror not known: its kernel died (often for want of memory)."
    assert last == (
        "It does not run from top to bottom. It stops in the cell that begins with `import os`: its kernel died (often "
        "for want of memory)."
    )
    assert "Traceback" not in done.stdout + done.stderr
    with zipfile.ZipFile(tmp_path / "Ada.zip") as archive:
        assert archive.namelist() == [f"{AUGMENTATION}.ipynb"]


def test_an_answer_that_never_ends_is_told(tmp_path):
    path = student(tmp_path / "mine.ipynb", AUGMENTATION, mirror=f"{RIGHT}\nwhile True:\n    pass")
    code = "from course_utils import cli, submit; submit.BEGIN = submit.BEGIN.replace(str(submit.LIMIT), '1');"
    command = [sys.executable, "-c", f"{code} submit.LIMIT = 1; cli.main()", "submit", "--no-run", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "top to bottom" not in done.stdout
    assert block(done, "mine.ipynb")[0] == "mirror not known: it has not ended after 1 seconds: does a loop never end?"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("page.ipynb", b"<html>", "page.ipynb is not handed in. The file is a web page and not a notebook"),
        ("empty.ipynb", b"", "The file is empty: save it in JupyterLab and type this command again."),
        ("half.ipynb", b'{"cells": [{"cell_type": "co', "The file was cut short"),
        ("other.ipynb", b'{"cells": [], "nbformat": 4}', "It is no notebook of this course that has exercises."),
        ("script.py", b"print(1)", "The file is not a notebook"),
    ],
)
def test_what_is_no_notebook_is_one_sentence(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    assert words in refused(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_where_nothing_is_answered_no_file_is_written(tmp_path):
    path = student(tmp_path / "mine.ipynb", BLOCKS, identity_block=None)
    assert refused(path) == refused(tmp_path) == ""
    assert [path.name for path in tmp_path.iterdir()] == ["mine.ipynb"]


def refused(place):
    """What is printed before it ends, as there is no answer."""
    console = Console(file=io.StringIO())
    with pytest.raises(CourseError, match="No answer was found, so there is nothing to hand in"):
        submit([place], None, False, console)
    return console.file.getvalue()


# --- Which notebooks, and the zip file -------------------------------------------------------------------------------


def test_a_folder_without_notebooks_or_that_is_not_there_is_told(tmp_path):
    with pytest.raises(CourseError, match="There is no notebook in"):
        gather([tmp_path])
    done = course(env=os.environ | {"COURSE_WORKSPACE": str(tmp_path / "workspace")})
    assert done.returncode == 1
    assert re.fullmatch(r"course: There is no .*workspace: name your notebook, or the folder that .*\n", done.stderr)


def test_of_two_copies_the_one_with_more_answers_counts_then_the_later_one(tmp_path):
    both = {"conv1x1": True, "multiplications": True}
    for number, (name, answers) in enumerate({"b": both, "a": both, "c": {"conv1x1": True}}.items()):
        path = student(tmp_path / f"{name}.ipynb", ONE_BY_ONE, **answers)
        os.utime(path, (number, number))
    chosen, remarks = gather([tmp_path])
    assert [one.path.name for one in chosen] == ["a.ipynb"]
    assert [words.split(",")[0] for words in remarks] == ["c.ipynb is not handed in", "b.ipynb is not handed in"]
    assert remarks[0].endswith("name it: course submit c.ipynb")


def test_notebooks_come_in_the_courses_order(tmp_path):
    paths = [
        student(tmp_path / "x.ipynb", AUGMENTATION, mirror=RIGHT),
        student(tmp_path / "y.ipynb", ONE_BY_ONE, conv1x1=True),
    ]
    assert [one.stem for one in gather(paths)[0]] == [ONE_BY_ONE, AUGMENTATION]


def test_a_file_that_is_there_is_not_overwritten(tmp_path):
    notebooks, _ = gather([student(tmp_path / "mine.ipynb", AUGMENTATION, mirror=RIGHT)])
    (tmp_path / NAME).write_text("mine")
    assert [write(notebooks, tmp_path).name for _ in range(2)] == ["hand_in_2.zip", "hand_in_3.zip"]
    assert (tmp_path / NAME).read_text() == "mine"


@pytest.mark.parametrize(
    ("out", "name"), [("a", "a.zip"), ("a.zip", "a.zip"), ("v1.2", "v1.2.zip"), ("new/a", "a.zip")]
)
def test_the_file_has_the_name_that_was_asked_for(tmp_path, out, name):
    notebooks, _ = gather([student(tmp_path / "mine.ipynb", AUGMENTATION, mirror=RIGHT)])
    written = write(notebooks, tmp_path / out)
    assert written == (tmp_path / out).parent / name
    assert zipfile.is_zipfile(written)


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    notebooks, _ = gather([student(tmp_path / "mine.ipynb", AUGMENTATION, mirror=RIGHT)])
    with pytest.raises(CourseError, match=r"cannot be written \(.*\): choose another place with -o"):
        write(notebooks, tmp_path / "mine.ipynb" / "a.zip")


def test_a_large_notebook_goes_without_its_outputs(tmp_path):
    path = student(tmp_path / "mine.ipynb", AUGMENTATION, mirror=RIGHT)
    notebook = json.loads(path.read_bytes())
    notebook["cells"][0] |= {"outputs": [{"output_type": "stream", "name": "stdout", "text": "x" * (6 << 20)}]}
    path.write_text(json.dumps(notebook))
    notebooks, _ = gather([path])
    with zipfile.ZipFile(write(notebooks, tmp_path)) as archive:
        data = archive.read(f"{AUGMENTATION}.ipynb")
    assert len(data) < 10_000
    assert answered(AUGMENTATION, parse(data)) == 1
    assert Path(path).stat().st_size > 6 << 20


def test_a_notebook_runs_beside_copies_of_what_lies_beside_it(tmp_path):
    place, folder = tmp_path / "mine", tmp_path / "copy"
    for made in (folder, place / "birds"):
        made.mkdir(parents=True)
    for name in ("me.jpg", "a.ipynb", "hand_in.zip", ".progress.json", "birds/owl.jpg"):
        (place / name).write_text(name)
    lay_beside(place / "a.ipynb", folder)
    assert {path.name for path in folder.iterdir()} == {"me.jpg", "birds"}
    (folder / "me.jpg").write_text("new")
    assert (place / "me.jpg").read_text() == "me.jpg"
    assert (folder / "birds" / "owl.jpg").read_text() == "birds/owl.jpg"
