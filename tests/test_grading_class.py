"""A teacher's week with sixty students: from Canvas' download to what goes back to it, in three commands."""

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from urllib.parse import unquote

import nbformat
import pytest
from test_grading import IN_FRONT, hand_in, results
from test_grading_hand_ins import zipped

pytestmark = pytest.mark.isolation
STEM = "04_residual_blocks"
MINE = {"zero_pad_shortcut": True}  # three points; a class of sixty need not build sixty times eight blocks
POINTS = 3


def course(*words):
    """Run a command of the course; returns the finished process, its output as text."""
    command = [sys.executable, "-m", "course_utils", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def notebook(folder, name, **answers):
    return hand_in(folder, name, **answers).read_bytes()


def web_page(data):
    return b"<!DOCTYPE html><title>" + nbformat.reads(data.decode(), 4).cells[0].source.encode()[:20]


def download(folder):
    """(Canvas' zip file of a class, the roster, {student: points}): sixty who handed in, and two who did not."""
    front = notebook(folder, "front", zero_pad_shortcut=IN_FRONT)
    right, empty = notebook(folder, "right", **MINE), notebook(folder, "empty")
    all_of_it = notebook(folder, "all", identity_block=True, convolutional_block=True, **MINE)
    files, roster, points = {}, [["Student", "ID", "SIS Login ID"], ["    Points Possible", "", ""]], {}
    for number in range(62):
        family, given = f"Family{chr(65 + number % 26)}{number // 26}", f"Given{number}"
        if number in (10, 11, 12):
            family, given = "Lee", "Ann"
        roster.append([f"{family}, {given}", 1000 + number, f"login{number}"])
        student = f"{family}, {given}" + (f" {1000 + number}" if family == "Lee" else "")
        points[student] = POINTS
        late = "LATE_" if number % 8 == 7 else ""
        start = f"{family}{given}".lower() + f"_{late}{1000 + number}_{5000 + number}_"
        again = f"{family}{given}".lower() + f"_{1000 + number}_{6000 + number}_"
        name = f"{STEM}.ipynb"
        if number in (60, 61):
            points[student] = 0
        elif number < 3:  # everything
            files[start + name] = all_of_it
            points[student] = 19
        elif number < 6:  # untouched
            files[start + name] = empty
            points[student] = 0
        elif number in (20, 21, 22):  # resubmitted, the last one right
            files |= {start + name: empty, again + f"{STEM}-1.ipynb": right}
        elif number in (23, 24, 25):  # resubmitted, the last one untouched
            files |= {start + name: right, again + f"{STEM}-1.ipynb": empty}
        elif number in range(40, 48):
            files[start + name] = front
            points[student] = 2
        elif number == 30:
            files[start + f"{STEM}.txt"] = right
        elif number == 31:
            files[start + f"{STEM}.IPYNB"] = right
        elif number == 32:
            files[start + "homework.zip"] = zipped({f"hw/{name}": right, f"__MACOSX/hw/._{name}": b"\x00"})
        elif number == 33:
            files[start + "blocks.pdf"] = b"%PDF-1.7"
            points[student] = 0
        elif number == 34:
            files[start + "blocks.html"] = web_page(right)
            points[student] = 0
        elif number == 35:
            files[start + name] = web_page(right)
            points[student] = 0
        elif number == 36:
            files |= {start + name: right, again + f"{STEM}-1.ipynb": right[: len(right) // 2]}
        elif number == 37:
            files |= {start + "Untitled.ipynb": b'{"cells": [], "nbformat": 4}', again + name: right}
        elif number == 38:
            files[start + "homework.zip"] = zipped({name: right})[:200]
            points[student] = 0
        elif number == 39:
            files[start + name] = right.decode().encode("utf-16")
        else:
            files[start + name] = right
    text = io.StringIO()
    csv.writer(text).writerows(roster)
    return zipped(files), text.getvalue(), points


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    archive, roster, points = download(folder / "made")
    (folder / "submissions.zip").write_bytes(archive)
    (folder / "roster.csv").write_text(roster, encoding="utf-8")
    run = course("grade", folder / "submissions.zip", "-o", folder / "grades", "--roster", folder / "roster.csv")
    assert run.returncode == 0, run.stderr
    return folder, points, run


def table(path):
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def test_everybody_has_a_row_and_the_right_mark(graded):
    folder, points, _ = graded
    assert {row["student"]: int(row["total"]) for row in table(folder / "grades/grades.csv")} == points


def test_what_was_odd_is_named(graded):
    folder, points, run = graded
    words = " ".join(run.stdout.split())
    assert "blocks.pdf: It is a PDF made of a notebook" in words
    assert "blocks.html: It is a web page made of a notebook" in words
    rows = table(folder / "grades/collected.csv")
    assert sum(row["counts"] == "yes" for row in rows) == 60 - 4
    assert all(row["why"] for row in rows if row["counts"] != "yes")
    late = [record["student"] for record in results(folder / "grades").values() if record.get("late")]
    assert len(late) == sum(number % 8 == 7 for number in range(60))
    feedback = {path.stem: path.read_text(encoding="utf-8") for path in (folder / "grades/feedback").glob("*.html")}
    assert len(feedback) == len(points)
    assert "blocks.pdf: It is a PDF made of a notebook" in next(t for name, t in feedback.items() if "Given33" in name)
    assert "counts, which is answered" in next(text for name, text in feedback.items() if "Given23" in name)


def test_the_report_leads_to_the_answers(graded):
    folder, points, _ = graded
    page = (folder / "grades/report.html").read_text(encoding="utf-8")
    words = " ".join(re.sub("<[^>]+>", " ", page).split())
    assert "Worth five minutes in the next lecture: zero_pad_shortcut , 8 students." in words
    links = {unquote(link) for link in re.findall(r'href="(answers/[^"]+)"', page)}
    assert len(links) == len(points)
    assert all((folder / "grades" / link).exists() for link in links)
    shown = (folder / "grades/answers" / next(link for link in links if "Given40" in link).split("/")[1]).read_text()
    assert "zeros" in re.sub("<[^>]+>", "", shown)


def test_the_teachers_word_counts_and_goes_back(graded):
    """The second command shows what a correction would change, the third does it."""
    folder, points, _ = graded
    grades = folder / "grades"
    pdf = next(student for student in points if "Given33" in student)
    (grades / "corrections.csv").write_text(
        f'student,exercise,points,words\n"{pdf}",zero_pad_shortcut,2,"The PDF shows the right answer."\n'
    )
    before = (grades / "grades.csv").read_bytes()
    run = course("marks", grades, "--dry-run")
    assert run.returncode == 0, run.stderr
    assert "Given33" in run.stdout
    assert (grades / "grades.csv").read_bytes() == before
    assert course("marks", grades).returncode == 0
    changed = {row["student"]: int(row["total"]) for row in table(grades / "grades.csv")}
    assert changed == points | {pdf: 2}
    with zipfile.ZipFile(grades / "feedback.zip") as archive:
        names = archive.namelist()
    handed = zipfile.ZipFile(folder / "submissions.zip").namelist()
    back = [name for name in names if name.count("_") > 2]
    assert len(back) >= 60 - 4
    assert all(any(one.startswith(name.removesuffix(".html")) for one in handed) for name in back)
    page = next(path for path in (grades / "feedback").glob("*.html") if "Given33" in path.name)
    assert "The PDF shows the right answer." in page.read_text(encoding="utf-8")


def test_again_nothing_is_graded_twice(graded):
    folder, _, _ = graded
    before = {path: path.stat().st_mtime_ns for path in (folder / "grades/results").glob("*/*.json")}
    run = course(
        "grade", folder / "submissions.zip", "-o", folder / "grades", "--resume", "--roster", folder / "roster.csv"
    )
    assert run.returncode == 0, run.stderr
    assert {path: path.stat().st_mtime_ns for path in (folder / "grades/results").glob("*/*.json")} == before
    assert json.loads((folder / "grades/run.json").read_text())
