"""grades.csv, canvas.csv and moodle.csv, read back by csv.reader and by the rules of those who import them."""

import csv
import random
import re
import tempfile
import unicodedata
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from grading_records import BLOCKS, HOUSE, STEMS, answer, everything, record
from hypothesis import given
from hypothesis import strategies as st

from course_utils.check import EXERCISES
from course_utils.grading import gradebook, spreadsheet

CLASS = [
    everything("Zoë"),
    everything("Zoë", HOUSE),
    record("Ann Lee", BLOCKS, answer("identity_block", 5), answer("zero_pad_shortcut", 3), notes=["A cell was split."]),
    record("Ann Lee", HOUSE, status="missing", seconds=0),
    record("Bo", "notes.ipynb", status="unreadable", seconds=0),
    record("Bo", BLOCKS, status="unreadable", seconds=0),
]


def read(path, encoding="utf-8", delimiter=","):
    with open(path, encoding=encoding, newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


def written(folder, records, stems=STEMS):
    gradebook.write(folder, records, stems)
    return (
        read(folder / "grades.csv"),
        read(folder / "canvas.csv", "utf-8-sig"),
        read(folder / "moodle.csv", "utf-8-sig"),
    )


def test_grades_hold_every_exercise_and_what_is_absent_counts_0(tmp_path):
    grades, _, _ = written(tmp_path, CLASS)
    most = sum(EXERCISES[name].points for name in grades[0][1:-2])
    assert grades == [
        ["student", "happy_model", "identity_block", "convolutional_block", "zero_pad_shortcut", "total", "max"],
        ["Ann Lee", "0", "5", "0", "3", "8", str(most)],
        ["Bo", "0", "0", "0", "0", "0", str(most)],
        ["Zoë", "6", "8", "8", "3", "25", str(most)],
    ]
    assert most == 25


def test_only_the_notebooks_that_were_graded_have_columns(tmp_path):
    grades, canvas, moodle = written(tmp_path, CLASS, [HOUSE])
    assert grades[0] == ["student", "happy_model", "total", "max"]
    assert grades[-1] == ["Zoë", "6", "6", "6"]
    assert canvas[0][5:] == ["03 happy house"]
    assert moodle[0] == ["student", "03 happy house", "03 happy house feedback"]


def test_files_do_not_depend_on_the_order_of_the_records(tmp_path):
    shuffled = random.Random(1).sample(CLASS, len(CLASS))
    gradebook.write(tmp_path / "a", CLASS, STEMS)
    gradebook.write(tmp_path / "b", shuffled, STEMS)
    for name in ("grades.csv", "canvas.csv", "moodle.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_byte_order_mark_stands_only_where_the_reader_skips_it(tmp_path):
    gradebook.write(tmp_path, CLASS, STEMS)
    starts = {path.name: path.read_bytes()[:4] for path in tmp_path.iterdir()}
    assert starts == {"grades.csv": b"stud", "canvas.csv": b"\xef\xbb\xbfS", "moodle.csv": b"\xef\xbb\xbfs"}


def test_canvas_finds_its_columns(tmp_path):
    """As lib/gradebook_importer.rb of Canvas looks for them."""
    _, (header, points, *students), _ = written(tmp_path, [*CLASS, everything("Points Possible")])
    assert "Student" in header[0]
    assert "ID" in header[1]
    assert re.match(r"SIS\s+User\s+ID", header[2])
    assert re.match(r"SIS\s+Login\s+ID", header[3])
    assert "Section" in header[4]
    assert header[5:] == ["03 happy house", "04 residual blocks"]
    assert "Points Possible" in points[0]
    assert points[5:] == ["6", "19"]
    assert not any("Points Possible" in row[0] for row in students)  # a name, not a second row of maxima
    assert {row[0]: row[5:] for row in students}["Ann Lee"] == ["0", "8"]
    assert all(row[0] == row[3] and row[1] == row[2] == row[4] == "" for row in students)


def test_moodle_gets_a_grade_and_its_feedback_side_by_side(tmp_path):
    _, _, (header, ann, bo, zoe) = written(tmp_path, CLASS)
    assert header == [
        "student",
        *(f"{title}{end}" for title in ("03 happy house", "04 residual blocks") for end in ("", " feedback")),
    ]
    assert ann[:3] == ["Ann Lee", "0", "No notebook was handed in."]
    assert ann[3] == "8"
    assert ann[4].startswith("A cell was split. identity_block: 5 of 8. What should the shortcut carry?")
    assert "builds a block" not in ann[4]
    assert bo[1:] == ["0", "No notebook was handed in.", "0", "Not graded: unreadable."]
    assert zoe[4].endswith("zero_pad_shortcut: 3 of 3.")


def test_canvas_is_told_its_own_numbers(tmp_path):
    leezoe = everything("Zoë") | {"id": "303", "name": "leezoe_LATE_303_901_04.ipynb"}
    moodle = everything("Bo") | {"id": "12", "name": "Bo_12_assignsubmission_file_"}
    anonymous = everything("anon x1y2z") | {"id": "anon_x1y2z", "name": "anon_x1y2z_901_04.ipynb"}
    _, (_, _, *students), _ = written(tmp_path, [leezoe, moodle, anonymous], [BLOCKS])
    assert [row[:4] for row in students] == [
        ["Bo", "", "", "Bo"],
        ["Zoë", "303", "", ""],
        ["anon x1y2z", "", "", "anon x1y2z"],
    ]


NAMES = [
    "Zoë",
    "Family, Given",
    "007",
    "=1+1",
    "a\nb",
    "\"Q\" <&> 'q'",
    "李",
    "\x00\ud800\uffff]]>",
    "1e5",
    "TRUE",
    " x ",
]


def test_a_workbook_keeps_every_name_as_text(tmp_path):
    records = [record(name, BLOCKS, answer("identity_block", 5.5 if name == "007" else 5)) for name in NAMES]
    spreadsheet.write(tmp_path / "x.xlsx", gradebook.tables(records, STEMS))
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(tmp_path / "x.xlsx") as archive:
        assert archive.testzip() is None
        parts = {name: ElementTree.fromstring(archive.read(name)) for name in archive.namelist()}
    assert [sheet.get("name") for sheet in parts["xl/workbook.xml"].iter(f"{space}sheet")] == [
        "grades",
        "canvas",
        "moodle",
    ]
    rows = [list(row) for row in parts["xl/worksheets/sheet1.xml"].iter(f"{space}row")]
    assert [cell.get("t") for cell in rows[1]] == ["inlineStr"] + [None] * 6
    names = ["".join(row[0].itertext()) for row in rows[1:]]
    assert names == [name if "\x00" not in name else "   ]]>" for name in sorted(NAMES)]
    assert [row[2].findtext(f"{space}v") for row in rows[1:]] == [
        "5.5" if name == "007" else "5" for name in sorted(NAMES)
    ]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("=1+1", "'=1+1"),
        ("007", "007"),
        ("Family, Given", "Family, Given"),
        ("Zoë", "Zoë"),
        ("+41 79", "'+41 79"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("\r=1", "'=1"),
        ("  =1", "'=1"),
        ("＝1", "'＝1"),
        ("Ann; =1", "Ann; '=1"),
        ("Jean-Luc", "Jean-Luc"),
        ("O'Hara", "O'Hara"),
        ("a\rb\nc", "a b c"),
    ],
)
def test_no_name_becomes_a_formula(tmp_path, name, found):
    for table in written(tmp_path, [record(name, BLOCKS, answer("identity_block", 5, message=name))]):
        assert table[-1][0] == found


def harmless(name):
    kinds = {unicodedata.category(c) for c in name}
    return (
        name == name.strip()
        and not kinds & {"Cc", "Cs", "Zl", "Zp"}
        and not re.search(r"(^|;)\s*[=+\-@＝＋－＠]", name)
    )


@given(
    st.dictionaries(st.text(st.characters(), min_size=1), st.text(st.characters(), min_size=1), min_size=1, max_size=4)
)
def test_any_names_and_messages_come_back(people):
    records = [record(name, BLOCKS, answer("identity_block", 5, message=text)) for name, text in people.items()]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        tables = written(folder, records)
        split = [line for path in folder.iterdir() for line in read(path, "utf-8-sig", ";")]
    for table, heads in zip(tables, (1, 2, 1), strict=True):
        assert len({len(row) for row in table}) == 1
        assert len(table) == heads + len(people)
        assert {name for name in people if harmless(name)} <= {row[0] for row in table}
    for row in [*(row for table in tables for row in table), *split]:
        assert not any(value.strip().startswith(tuple("=+-@＝＋－＠")) for value in row)
