"""Where hand-ins lie: the folders and zip files that people and learning platforms make of them."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course_utils.errors import CourseError
from course_utils.grading import hand_ins
from course_utils.grading.hand_ins import clean, find
from course_utils.grading.submissions import Unreadable


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
    bomb = zipped({"04.ipynb": bytes(hand_ins.MAX_NOTEBOOK + 1)})
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
    assert sorted({*names}, key=hand_ins.natural) == names
