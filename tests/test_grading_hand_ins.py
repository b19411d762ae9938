"""Where hand-ins lie: the folders and zip files that people and learning platforms make of them."""

import io
import re
import zipfile
from functools import cache

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from course_utils.errors import CourseError
from course_utils.files import masters
from course_utils.grading import hand_ins
from course_utils.grading.hand_ins import clean, collect, find, lay_out, read_roster, write_collected
from course_utils.grading.submissions import Unreadable
from course_utils.release import student_copy


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
    assert "more than 100 MB" in words["Bob"]
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


# Which files count, of whom. The cases are those that teachers report.

L = "04_residual_blocks"


@cache
def notebook(kind):
    """Bytes of a notebook 04: "full" (answered), "other", "below" its stub, "empty" (as handed out), "scratch"."""
    if kind == "scratch":
        cell = new_code_cell("def identity_block(X, f, filters, stage, block):\n    return X")
        return nbformat.writes(new_notebook(cells=[cell])).encode()
    copy = student_copy(masters()[L])
    if kind == "below":
        copy.cells.append(new_code_cell("def identity_block(X, f, filters, stage, block):\n    return X"))
    elif kind != "empty":
        of = {cell.id: cell.source for cell in nbformat.read(masters()[L], as_version=4).cells}
        for cell in copy.cells:
            cell.source = of[cell.id] if "NotAnswered" in cell.source else cell.source
        copy.metadata["title"] = kind
    return nbformat.writes(copy).encode()


def laid(folder, files):
    return lay(folder, {name: notebook(data) if isinstance(data, str) else data for name, data in files.items()})


MOODLE, PLAIN = "_assignsubmission_file_", f"{L}.ipynb"
FIVE = b'{"cells": [], "nbformat": 4, "metadata": {}, "nbformat_minor": 5}'
CASES = {
    "Moodle, one name twice": (
        {f"Same Name_11{MOODLE}/{PLAIN}": "full", f"Same Name_12{MOODLE}/{PLAIN}": "empty"},
        {"Same Name 11": "full", "Same Name 12": "empty"},
    ),
    "Moodle, anonymous": (
        {f"Participant_{n}{MOODLE}/{PLAIN}": "full" for n in (101, 102, 103)},
        {f"Participant {n}": "full" for n in (101, 102, 103)},
    ),
    "Moodle, one anonymous": ({f"Participant_101{MOODLE}/{PLAIN}": "full"}, {"Participant 101": "full"}),
    "Moodle without folders": (
        {
            f"Given Family_77{MOODLE}{PLAIN}": "full",
            f"Given Family_77{MOODLE}my work-1.zip": {"x/notes.ipynb": FIVE},
            f"Ann Lee_78{MOODLE}my work-1.zip": {f"x/{PLAIN}": "full"},
        },
        {"Given Family": "full", "Ann Lee": "full"},
    ),
    "Moodle, a group": ({f"Group A-Given Family_77{MOODLE}/{PLAIN}": "full"}, {"Group A-Given Family": "full"}),
    "Moodle, an online text beside": (
        {"A B_7_assignsubmission_onlinetext_/onlinetext.html": b"<p>", f"A B_7{MOODLE}/{PLAIN}": "full"},
        {"A B": "full"},
    ),
    "Canvas, late and a zip file": (
        {"familygiven_303_901_homework.zip": {PLAIN: "empty"}, f"familygiven_LATE_303_950_{L}-1.ipynb": "full"},
        {"familygiven": "full"},
    ),
    "Canvas, one name twice": (
        {f"leeann_1_900_{PLAIN}": "full", f"leeann_2_901_{PLAIN}": "empty"},
        {"leeann 1": "full", "leeann 2": "empty"},
    ),
    "Canvas, resubmitted": (
        {f"leeann_1_999_{L}-2.ipynb": "full", f"leeann_1_1000_{L}-10.ipynb": "other"},
        {"leeann": "other"},
    ),
    "Canvas, anonymous": (
        {f"anon_aB3dE_901_{PLAIN}": "full", f"LATE_anon_9xYz1_902_{PLAIN}": "other"},
        {"anon aB3dE": "full", "anon 9xYz1": "other"},
    ),
    "Blackboard": (
        {
            "Blocks_al123_attempt_2026-11-01-09-00-00.txt": b"Name: Ada Lovelace (al123)",
            f"Blocks_al123_attempt_2026-11-01-09-00-00_{PLAIN}": "full",
            f"Blocks_al123_attempt_2026-11-02-09-00-00_{PLAIN}": "other",
            f"Blocks_bb_attempt_2026-11-02-09-00-00_{PLAIN}": "full",
        },
        {"al123": "other", "bb": "full"},
    ),
    "Brightspace": (
        {
            f"12-345 - Ada Lovelace - Nov 9, 2026 1103 PM/{PLAIN}": "other",
            f"12-346 - Ada Lovelace - Nov 10, 2026 903 AM/{PLAIN}": "full",
            f"13-347 - Bob Ross - Nov 10, 2026 903 AM/{PLAIN}": "full",
            "index.html": b"<html>",
        },
        {"Ada Lovelace": "full", "Bob Ross": "full"},
    ),
    "Google Classroom": (
        {f"Ada Lovelace - {PLAIN}": "full", f"Bob Ross - Copy of {PLAIN}": "full"},
        {"Ada Lovelace": "full", "Bob Ross": "full"},
    ),
    "the class's zip file in the folder": (
        {"hw4.zip": {f"leeann_1_900_{PLAIN}": "full", f"rossbob_2_901_{PLAIN}": "full"}},
        {"leeann": "full", "rossbob": "full"},
    ),
    "a zip file of folders": (
        {"hw4.zip": {f"Ada/{PLAIN}": "full", f"Bob/{PLAIN}": "full"}},
        {"Ada": "full", "Bob": "full"},
    ),
    "a folder too many": (
        {f"class/hw4/Ada/{PLAIN}": "full", f"class/hw4/Bob/{PLAIN}": "full", "class/hw4/Cy/readme.txt": b"ill"},
        {"Ada": "full", "Bob": "full", "Cy": None},
    ),
    "a student's folders are no class": (
        {f"Ada/04/{PLAIN}": "full", "Ada/05/05_resnet50_signs.ipynb": FIVE},
        {"Ada": "full"},
    ),
    "scratch beside": ({f"s/{PLAIN}": "full", "s/Untitled.ipynb": "scratch"}, {"s": "full"}),
    "an empty copy (1)": ({f"s/{PLAIN}": "full", f"s/{L} (1).ipynb": "empty"}, {"s": "full"}),
    "an empty Copy1": ({f"s/{PLAIN}": "full", f"s/{L}-Copy1.ipynb": "empty"}, {"s": "full"}),
    "an empty Copy of": ({f"s/{PLAIN}": "full", f"s/Copy of {PLAIN}": "empty"}, {"s": "full"}),
    "the later of two": ({f"s/{L} (9).ipynb": "full", f"s/{L} (10).ipynb": "other"}, {"s": "other"}),
    "answered below its stub": ({f"s/{PLAIN}": "below", f"s/{L}-Copy1.ipynb": "empty"}, {"s": "below"}),
    "as text": ({f"s/{L}.txt": "full"}, {"s": "full"}),
    "as JSON": ({f"s/{L}.json": "full"}, {"s": "full"}),
    "with text behind": ({f"s/{PLAIN}.txt": "full"}, {"s": "full"}),
    "in capitals": ({f"s/{L}.IPYNB": "full"}, {"s": "full"}),
    "without an ending": ({f"s/{L}": "full"}, {"s": "full"}),
    "litter": (
        {
            f"s/{PLAIN}": "full",
            f"s/@eaDir/{PLAIN}": "empty",
            "Thumbs.db": b"",
            f"s/~${PLAIN}": b"",
            "s/desktop.ini": b"",
        },
        {"s": "full"},
    ),
    "a damaged copy": ({f"s/{PLAIN}": "full", f"s/{L} (2).ipynb": b"<!DOCTYPE html>"}, {"s": "full"}),
}


@pytest.mark.parametrize("case", CASES)
def test_which_file_counts(case, tmp_path):
    files, right = CASES[case]
    zips = {
        name: zipped({n: notebook(d) if isinstance(d, str) else d for n, d in inner.items()})
        for name, inner in files.items()
        if isinstance(inner, dict)
    }
    collected = collect(laid(tmp_path, files | zips))
    assert collected.students == sorted(right)
    chosen = {student: one.read() for (student, stem), one in collected.chosen.items()}
    assert chosen == {student: notebook(kind) for student, kind in right.items() if kind}


def test_a_single_notebook_is_a_class_of_one(tmp_path):
    laid(tmp_path, {"Ada.ipynb": "full"})
    assert [*collect(tmp_path / "Ada.ipynb").chosen] == [("Ada", L)]


def test_of_each_file_it_is_said_what_became_of_it(tmp_path):
    laid(
        tmp_path,
        {
            f"leeann_LATE_1_900_{PLAIN}": "full",
            f"leeann_1_901_{L}-1.ipynb": "empty",
            "leeann_1_902_notes.pdf": b"%PDF",
            "rossbob_2_903_blocks.html": b"<html>",
            "zuse_3_904_work.rar": b"Rar!",
            "readme.txt": b"for all",
        },
    )
    collected = collect(tmp_path)
    assert collected.students == ["leeann", "rossbob", "zuse"]
    told = {row["file"].split("/")[0]: (row["counts"], row["why"]) for row in collected.rows}
    assert told == {
        f"leeann_LATE_1_900_{PLAIN}": ("yes", ""),
        f"leeann_1_901_{L}-1.ipynb": ("no", f"{PLAIN} counts, which is answered."),
        "leeann_1_902_notes.pdf": ("no", "It is a PDF made of a notebook: the file that ends in .ipynb is wanted."),
        "rossbob_2_903_blocks.html": (
            "no",
            "It is a web page made of a notebook: the file that ends in .ipynb is wanted.",
        ),
        "zuse_3_904_work.rar": (
            "no",
            "It is a RAR archive, which is not read: unpack it: the file that ends in .ipynb is wanted.",
        ),
        "readme.txt": ("no", "It lies beside the students' files."),
    }
    assert collected.notes["leeann", L] == [
        "It was handed in late.",
        f"{PLAIN} counts, which is answered; {L}-1.ipynb does not.",
    ]
    assert "rossbob: nothing counts. blocks.html: It is a web page made of a notebook" in "\n".join(collected.words)


@pytest.mark.parametrize(
    ("code", "name"), [("gb2312", "作业/四.ipynb"), ("cp850", "Bär/Übung.ipynb"), ("utf-8", "Zoë/é.ipynb")]
)
def test_names_in_zip_files_of_older_programs(code, name, tmp_path):
    """They write the bytes of their country, and do not set the flag of UTF-8: zipfile reads them as cp437."""
    lay(tmp_path, {"class.zip": _unflagged({name: notebook("full")}, code)})
    [((student, _), one)] = collect(tmp_path / "class.zip").chosen.items()
    assert (student, one.place) == tuple(name.split("/"))


def _unflagged(files, code):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo("x" * len(name.encode(code)))
            archive.writestr(info, data)
    data = buffer.getvalue()
    for name in files:
        data = data.replace(b"x" * len(name.encode(code)), name.encode(code))
    return data


def test_what_a_zip_file_hides_is_said(tmp_path):
    locked = bytearray(zipped({PLAIN: notebook("full")}))
    odd = bytearray(locked)
    for data, place, value in ((locked, 6, 1), (odd, 8, 9)):  # flags: encrypted; method: Deflate64
        data[place] = value
        directory = data.index(b"PK\x01\x02")
        data[directory + place + 2] = value
    lay(tmp_path, {"Ada.zip": bytes(locked), "Bob.zip": bytes(odd)})
    broken = collect(tmp_path).broken
    assert broken["Ada", L] == "The zip file cannot be read: it is locked with a password. Hand in the notebook itself."
    assert "packed in a way that only some programs read" in broken["Bob", L]


# The roster.

ROSTERS = {
    "student and id": "student,id\nZoë Lee,1\nBob Ross,2\nAbsent Ann,3\n",
    "semicolons": "\ufeffstudent;id\nZoë Lee;1\nBob Ross;2\nAbsent Ann;3\n",
    "Canvas": "Student,ID,SIS User ID,SIS Login ID,Section\n    Points Possible,,,,\n"
    '"Lee, Zoë",1,,zl,A\n"Ross, Bob",2,,br,A\n"Ann, Absent",3,,aa,A\n"Student, Test",9,,,A\n',
    "Moodle": "First name,Last name,ID number,Email address\nZoë,Lee,,z@x\nBob,Ross,,b@x\nAbsent,Ann,,a@x\n",
    "Moodle, worksheet": "Identifier,Full name,Email address\nParticipant 1,Zoë Lee,z@x\nParticipant 2,Bob Ross,b@x\n"
    "Participant 3,Absent Ann,a@x\n",
}


@pytest.mark.parametrize("kind", ROSTERS)
def test_a_roster_gives_everybody_a_row_and_every_file_an_owner(kind, tmp_path):
    canvas = kind == "Canvas"
    files = {"leezoe_1_900_": "full", "rossbob_2_901_": "empty", "strange_7_902_": "full"}
    moodle = {f"Zoë Lee_1{MOODLE}": "full", f"Bob Ross_2{MOODLE}": "empty", f"strange_7{MOODLE}": "full"}
    laid(tmp_path / "in", {f"{name}{PLAIN}": data for name, data in (files if canvas else moodle).items()})
    roster = tmp_path / "roster.csv"
    roster.write_text(ROSTERS[kind], encoding="utf-8")
    collected = collect(tmp_path / "in", roster)
    right = ["Ann, Absent", "Lee, Zoë", "Ross, Bob"] if canvas else ["Absent Ann", "Bob Ross", "Zoë Lee"]
    assert collected.students == sorted([*right, "strange"])
    assert {student for student, _ in collected.chosen} == {*right[1:], "strange"}
    assert "strange is not on the roster." in collected.words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,points\n1,2\n", "line 1 names no column for students"),
        ("", "line 1 names no column for students"),
        ("student,id\nAda,1\nBob,1\n", "line 3: 1 is the id of Ada already"),
    ],
)
def test_a_roster_that_is_none_is_said_in_a_sentence(text, words, tmp_path):
    (tmp_path / "roster.csv").write_text(text)
    with pytest.raises(CourseError, match=words):
        read_roster(tmp_path / "roster.csv")


# What a teacher looks through.


def test_the_teacher_has_the_last_word(tmp_path):
    laid(tmp_path / "in", {f"s/{PLAIN}": "full", f"s/{L} (2).ipynb": "other", f"t/{PLAIN}": "full"})
    table = tmp_path / "collected.csv"
    write_collected(table, collect(tmp_path / "in"))
    rows = table.read_text().splitlines()
    assert rows[0] == "file,student,id,notebook,counts,why"
    other = {",no,": ",yes,", ",yes,": ",no,"}
    changed = [re.sub(",(no|yes),", lambda m: other[m[0]], row) if row.startswith("s/") else row for row in rows]
    changed = [row.replace("t,,", "Tim,,") if row.startswith("t/") else row for row in changed]
    table.write_text("\n".join(changed) + "\n")
    collected = collect(tmp_path / "in", corrected=table)
    assert collected.students == ["Tim", "s"]
    assert {key: one.place for key, one in collected.chosen.items()} == {("s", L): PLAIN, ("Tim", L): PLAIN}


def test_what_counts_is_laid_in_a_clean_folder(tmp_path):
    laid(tmp_path / "in", {f"leeann_1_900_{L}-3.ipynb": "full", "rossbob_2_901_x.pdf": b""})
    assert lay_out(collect(tmp_path / "in"), tmp_path / "out") == 1
    assert (tmp_path / "out/leeann" / PLAIN).read_bytes() == notebook("full")
    assert (tmp_path / "out/rossbob").is_dir()
    again = collect(tmp_path / "out")
    assert again.students == ["leeann", "rossbob"]
    with pytest.raises(CourseError, match="is not empty"):
        lay_out(again, tmp_path / "out")
