"""What is handed in: where it lies, what it is, and which of its cells count."""

import io
import json
import zipfile
from functools import cache

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell

from course_utils.errors import CourseError
from course_utils.files import masters
from course_utils.grading import submissions
from course_utils.grading.grade import look
from course_utils.grading.submissions import Unreadable, all_masters, clean, find, pair, parse, recognise
from course_utils.release import student_copy

STEM = "04_residual_blocks"


@cache
def _copy():
    return nbformat.writes(student_copy(masters()[STEM]))


def copy():
    """A student's copy of notebook 04."""
    return nbformat.reads(_copy(), as_version=4)


def data(notebook):
    return nbformat.writes(notebook).encode()


def answer(notebook, exercise):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == exercise)


def paired(notebook, student="Ada"):
    return pair(student, STEM, parse(data(notebook)))


def sources(submission, exercise=None):
    return [unit.source for unit in submission.units if exercise in (None, unit.exercise)]


# Places.


def zipped(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def lay(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def found(place):
    handed, students = find(place)
    return [(one.student, one.place, one.read()) for one in handed], students


LAYOUTS = {
    "folders": {"Ada/04.ipynb": b"1", "Bob/04.ipynb": b"2"},
    "an assignment inside": {"Ada/week 4/04.ipynb": b"1", "Bob/week 4/04.ipynb": b"2"},
    "a zip file a student": {"Ada.zip": zipped({"04.ipynb": b"1"}), "Bob.zip": zipped({"x/04.ipynb": b"2"})},
    "a zip file in a folder": {"Ada/all.zip": zipped({"04.ipynb": b"1"}), "Bob/04.ipynb": b"2"},
    "Moodle": {"Ada_12_assignsubmission_file_/04.ipynb": b"1", "Bob_13_assignsubmission_file/04.ipynb": b"2"},
    "Canvas": {"Ada_1234_567_04.ipynb": b"1", "Bob_LATE_1235_568_04.ipynb": b"2"},
    "single files": {"Ada.ipynb": b"1", "Bob.ipynb": b"2"},
}


@pytest.mark.parametrize("name", LAYOUTS)
@pytest.mark.parametrize("inside", [False, True])
def test_layouts_of_a_class(name, inside, tmp_path):
    files = LAYOUTS[name] | {
        ".DS_Store": b"",
        "Ada/.ipynb_checkpoints/04-checkpoint.ipynb": b"0",
        "__MACOSX/._x.ipynb": b"",
    }
    place = lay(tmp_path, {"class.zip": zipped(files)}) / "class.zip" if inside else lay(tmp_path, files)
    handed, students = found(place)
    assert [(student, content) for student, _, content in handed] == [("Ada", b"1"), ("Bob", b"2")]
    assert students == ["Ada", "Bob"]


def test_a_student_with_an_empty_folder_is_a_student(tmp_path):
    lay(tmp_path, {"Ada/04.ipynb": b"1", "Bob/readme.txt": b"I was ill"})
    assert found(tmp_path)[1] == ["Ada", "Bob"]


def test_a_folder_without_notebooks_is_said(tmp_path):
    for place in tmp_path, lay(tmp_path / "x", {"Ada/readme.txt": b""}):
        with pytest.raises(CourseError, match=r"holds no notebooks: it should hold one folder"):
            find(place)
    with pytest.raises(CourseError, match=r"^There is no .*: name the folder"):
        find(tmp_path / "nowhere")


def test_links_are_not_followed(tmp_path):
    lay(tmp_path, {"class/Ada/04.ipynb": b"1", "secret.ipynb": b"2"})
    (tmp_path / "class/Ada/05.ipynb").symlink_to(tmp_path / "secret.ipynb")
    assert [place for _, place, _ in found(tmp_path / "class")[0]] == ["04.ipynb"]


def test_a_zip_file_cannot_climb(tmp_path):
    names = {"../../Eve/04.ipynb": b"1", "/etc/05.ipynb": b"2", "a\\..\\06.ipynb": b"3"}
    lay(tmp_path, {"Eve.zip": zipped(names)})
    assert {student for student, _, _ in found(tmp_path)[0]} == {"Eve"}


def test_a_zip_bomb_and_a_damaged_zip_cost_nobody_else_anything(tmp_path):
    bomb = zipped({"04.ipynb": bytes(submissions.MAX_NOTEBOOK + 1)})
    assert len(bomb) < 1 << 20
    damaged = zipped({"04.ipynb": b"12345" * 1000})
    lay(
        tmp_path,
        {
            "Ada/04.ipynb": b"1",
            "Bob.zip": bomb,
            "Cy.zip": damaged[:50],
            "Di.zip": b"",
            "Ed.zip": damaged[:40] + b"?" + damaged[41:],
        },
    )
    handed, _ = find(tmp_path)
    words = {}
    for one in handed:
        try:
            words[one.student] = one.read()
        except Unreadable as error:
            words[one.student] = str(error)
    assert words.pop("Ada") == b"1"
    assert "more than 50 MB" in words["Bob"]
    assert [words[name].split(" (")[0].split(":")[0] for name in ("Cy", "Di")] == ["The zip file is damaged"] * 2
    assert words["Ed"].startswith("The zip file cannot be read")


@given(st.text())
def test_a_cleaned_name_is_one_part_of_a_path(name):
    cleaned = clean(name)
    assert cleaned not in (".", "..", "")
    assert not set(cleaned) & set('/\\\0\n:*?"<>|')
    assert len(cleaned.encode()) <= 120
    assert clean(cleaned) == cleaned


def test_long_names_stay_apart():
    assert clean("a" * 300) != clean("a" * 301)
    assert clean("Zoë 🐍 李") == "Zoë 🐍 李"


def test_copies_and_numbers_are_sorted_as_people_do():
    names = ["04.ipynb", "04 (1).ipynb", "04 (2).ipynb", "04 (10).ipynb", "04-Copy1.ipynb"]
    assert sorted({*names}, key=submissions.natural) == names


# Notebooks.


def test_each_master_is_recognised_whatever_it_is_called():
    for stem, master in all_masters().items():
        cells = parse(masters()[stem].read_bytes())
        assert recognise(cells, "solution final.ipynb") == stem
        assert recognise(parse(data(student_copy(masters()[stem]))), "") == stem
        assert master.points > 0


def test_without_marks_the_names_of_functions_tell_it():
    notebook = copy()
    for number, cell in enumerate(notebook.cells):
        cell.metadata, cell.id = {}, f"cell-{number}"
    cells = parse(data(notebook))
    assert recognise(cells, "Untitled.ipynb") == STEM
    submission = pair("Ada", STEM, cells)
    assert {unit.exercise for unit in submission.units if unit.exercise} == set(all_masters()[STEM].exercises)
    assert "The cell of identity_block has lost its mark" in "".join(submission.notes)


def test_the_appendix_is_recognised_and_not_taken_for_another(tmp_path):
    appendix = "07b_resnet50v2_pytorch"
    assert recognise(parse(data(student_copy(masters()[appendix]))), "Untitled.ipynb") == appendix
    assert appendix not in all_masters()
    lay(tmp_path, {"Ada/07b.ipynb": data(student_copy(masters()[appendix])), f"Ada/{STEM}.ipynb": data(copy())})
    found = look(tmp_path)
    assert [*found.chosen] == [("Ada", STEM)]
    assert found.words == ["Ada: 07b.ipynb has no exercises: there is nothing to grade."]


def test_another_course_is_not_recognised():
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell("def solve(x):\n    return x")])
    assert recognise(parse(data(notebook)), STEM + ".ipynb") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a notebook"),
        (b"<html>", "not a notebook"),
        (b'{"cells": [', "or only a part of one"),
        (b"[]", "not a notebook"),
        (b'{"nbformat": 4}', "not a notebook"),
        (b'{"nbformat": 4, "cells": 3}', "not a notebook"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}', "not a notebook"),
        (b'{"nbformat": 99, "cells": []}', "not a notebook"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff\xfe\x00\xd8", "not text"),
        (json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": ""}] * 10_000}).encode(), "10,000 cells"),
    ],
)
def test_what_is_no_notebook_is_said_in_a_sentence(content, words):
    with pytest.raises(Unreadable, match=words):
        parse(content)


@pytest.mark.parametrize(
    "encode",
    [lambda t: t.encode("utf-8-sig"), lambda t: t.encode("utf-16"), lambda t: t.replace("\n", "\r\n").encode()],
)
def test_other_encodings_and_line_ends_are_read(encode):
    assert parse(encode(data(copy()).decode())) == parse(data(copy()))


def test_windows_line_ends_inside_cells():
    notebook = copy()
    answer(notebook, "identity_block").source = "def identity_block(X):\r\n    return X"
    assert sources(paired(notebook), "identity_block") == ["def identity_block(X):\n    return X"]


def test_a_notebook_of_format_three_is_read():
    source = "def identity_block(X, f, filters):\n    return X"
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {
                "metadata": {},
                "cells": [{"cell_type": "code", "language": "python", "metadata": {}, "outputs": [], "input": source}],
            }
        ],
    }
    cells = parse(json.dumps(old).encode())
    assert recognise(cells, "") == STEM
    assert sources(pair("Ada", STEM, cells), "identity_block") == [source]


# Pairing.


def test_answers_stand_in_the_masters_skeleton():
    notebook = copy()
    answer(notebook, "identity_block").source = "MINE"
    submission = paired(notebook)
    assert sources(submission, "identity_block") == ["MINE"]
    assert submission.units[0].id == "setup"
    assert submission.units[0].source == all_masters()[STEM].cells["setup"]
    assert submission.notes == []


def test_the_masters_own_cells_cannot_be_changed():
    notebook = copy()
    setup = next(cell for cell in notebook.cells if cell.id == "setup")
    setup.source = "class check:\n    identity_block = print"
    check = next(cell for cell in notebook.cells if cell.id == "identity-block-check")
    check.source = "CHEAT = 1"
    own = sources(paired(notebook))
    assert setup.source not in own
    assert check.source not in own
    assert all_masters()[STEM].cells["setup"] in own


def test_a_cell_that_was_split_counts_as_one():
    notebook = copy()
    first = answer(notebook, "identity_block")
    first.source = "def helper(x):\n    return x"
    second = new_code_cell("def identity_block(X):\n    return helper(X)", metadata=first.metadata)
    notebook.cells.insert(notebook.cells.index(first) + 1, second)
    submission = paired(notebook)
    assert sources(submission, "identity_block") == [first.source, second.source]
    assert submission.notes == ["There are several cells of identity_block: they count as one, in their order."]


def test_an_answer_that_was_deleted_is_not_the_masters():
    notebook = copy()
    notebook.cells.remove(answer(notebook, "identity_block"))
    submission = paired(notebook)
    assert sources(submission, "identity_block") == []
    assert "BEGIN SOLUTION" not in "".join(sources(submission))


def test_cells_in_another_order_come_back_to_their_places():
    notebook = copy()
    notebook.cells.reverse()
    assert [unit.exercise for unit in paired(notebook).units if unit.exercise] == list(all_masters()[STEM].exercises)


def added(notebook, exercise, *new):
    """Put code cells in front of an answer."""
    place = notebook.cells.index(answer(notebook, exercise))
    notebook.cells[place:place] = [new_code_cell(source) for source in new]


def test_what_a_student_added_runs_where_an_answer_needs_it():
    notebook = copy()
    added(notebook, "identity_block", "import math", "def helper(x):\n    return math.sqrt(x)", "print('hello')", "1/0")
    answer(notebook, "identity_block").source = "def identity_block(X):\n    return helper(X)"
    own = sources(paired(notebook))
    place = own.index("import math")
    assert own[place : place + 3] == [
        "import math",
        "def helper(x):\n    return math.sqrt(x)",
        answer(notebook, "identity_block").source,
    ]
    assert "1/0" not in own


def test_training_does_not_run():
    notebook = copy()
    added(notebook, "identity_block", "history = model.fit(x, y)", "best = max(history.history)")
    answer(notebook, "identity_block").source = "def identity_block(X):\n    return X * best"
    own = sources(paired(notebook))
    assert "best = max(history.history)" in own
    assert "history = model.fit(x, y)" not in own
    master = paired(nbformat.read(masters()[STEM], as_version=4))
    assert not any(".fit(" in source or "load(" in source for source in sources(master))


def test_a_stars_names_are_unknown_so_it_runs():
    notebook = copy()
    added(notebook, "identity_block", "from math import *", "%matplotlib inline\nroot = sqrt")
    answer(notebook, "identity_block").source = "def identity_block(X):\n    return root(X)"
    assert {"from math import *", "%matplotlib inline\nroot = sqrt"} <= set(sources(paired(notebook)))


def test_names_inside_functions_ask_for_no_cell():
    notebook = copy()
    added(notebook, "identity_block", "local = 3", "wanted = 4")
    answer(notebook, "identity_block").source = "def identity_block(X):\n    local = X\n    return local + wanted"
    own = sources(paired(notebook))
    assert "wanted = 4" in own
    assert "local = 3" not in own
