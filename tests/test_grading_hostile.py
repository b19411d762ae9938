"""A class in which all but two want a mark that they have not earned, or to spoil everybody else's."""

import json
import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest
from hostile import SUBMISSIONS
from test_grading import grading_processes, hand_in, results

from course_utils.check import EXERCISES, collect, conclude, fits
from course_utils.files import ROOT
from course_utils.grading import wire
from course_utils.grading.submissions import MAX_NOTEBOOKS, Unit, Unreadable, all_masters, find, needed

pytestmark = pytest.mark.isolation
SECONDS = 20  # on the wall: whoever waits for nothing waits so long, beside all the others
GRADE = f"""
import sys
from course_utils.grading import grade
from course_utils.grading.sandbox import Limits
limits = Limits({SECONDS}, cpu_seconds=3, memory=1 << 29, threads=128, disk=8 << 20, answer=16 << 20)
grade.grade(sys.argv[1], sys.argv[2], jobs=4, seed=7, limits=limits)
"""
HONEST = "Ada", "Zoe"
LONG = "alexnet", "vgg16", "resnet50_headless", "resnet_subclassed"  # which take longer than these limits


def graded(folder, out, temporary):
    """Grade with short limits, temporary files in a folder of their own: the seconds it took."""
    temporary.mkdir(exist_ok=True)
    started = time.monotonic()
    command = [sys.executable, "-W", "ignore", "-c", GRADE, str(folder), str(out)]
    environment = os.environ | {"TMPDIR": str(temporary), "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return time.monotonic() - started


def honest(folder):
    for student in HONEST:
        for stem in sorted({one.stem for one in SUBMISSIONS.values()}):
            hand_in(folder, student, stem, **{name: True for name in all_masters()[stem].exercises if name not in LONG})


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """The records of the honest students, graded among themselves."""
    place = tmp_path_factory.mktemp("honest")
    honest(place / "in")
    graded(place / "in", place / "out", place / "tmp")
    return results(place / "out")


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """(folder, seconds, what there was before and afterwards) of all, graded together."""
    place = tmp_path_factory.mktemp("hostile")
    honest(place / "in")
    for student, one in SUBMISSIONS.items():
        student = f"M {student}"
        if one.file:
            name, data = one.file
            target = place / "in" / (f"{student}.zip" if name.endswith(".zip") else f"{student}/{name}")
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(data)
        else:
            hand_in(place / "in", student, one.stem, **one.answers)
    (place / "in" / "M links").mkdir()
    (place / "in" / "M links" / "04_residual_blocks.ipynb").symlink_to(place / "in/Ada/04_residual_blocks.ipynb")
    os.mkfifo(place / "in" / "M links" / "05.ipynb")
    handed = {path: path.read_bytes() for path in (place / "in").rglob("*") if path.is_file()}
    (place / "tmp").mkdir()
    before = left(place)
    seconds = graded(place / "in", place / "out", place / "tmp")
    assert {path: path.read_bytes() for path in (place / "in").rglob("*") if path.is_file()} == handed
    return place, seconds, (before, left(place))


def left(place):
    """What a run could leave behind: processes, mounts, files."""
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    ours = [line for line in mounts if str(place) in line or str(ROOT) in line]
    return processes(place), ours, [*(place / "tmp").iterdir()]


def processes(place):
    """Those of the run with its temporary files there, once they have had some seconds to end."""
    deadline = time.monotonic() + 20
    while (found := grading_processes(place / "tmp")) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


@pytest.mark.parametrize("student", SUBMISSIONS)
def test_nobody_gains_a_mark(crowd, student):
    one = SUBMISSIONS[student]
    record = results(crowd[0] / "out")[f"M {student}", one.stem]
    told = json.dumps(record["exercises"], indent=1)[:4000]
    assert record["status"] in one.status, told
    marks = sum(exercise["points"] for exercise in record["exercises"])
    assert marks == one.marks or (one.marks is None and marks <= 3), told


def test_nobody_else_is_graded_otherwise(crowd, alone):
    records = results(crowd[0] / "out")
    for (student, stem), record in alone.items():
        other = records[student, stem]
        assert {**other, "seconds": 0} == {**record, "seconds": 0}
        assert {one["exercise"] for one in record["exercises"] if one["points"] < one["max_points"]} <= {*LONG}
    assert len(alone) == 2 * 5


def test_there_is_one_record_and_one_page_for_everybody(crowd):
    students = {student for student, _ in results(crowd[0] / "out")}
    assert students == {*HONEST, "M links", *(f"M {student}" for student in SUBMISSIONS)}
    assert {path.stem for path in (crowd[0] / "out/feedback").glob("*.html")} == students
    pages = [*(crowd[0] / "out").rglob("*.html")]
    assert not any("<script>alert" in page.read_text(encoding="utf-8") for page in pages)
    assert max(path.stat().st_size for path in (crowd[0] / "out").rglob("*.json")) < 100_000


def test_nothing_is_left_behind(crowd):
    before, afterwards = crowd[2]
    assert afterwards == before
    assert before[0] == set()


def test_time_is_within_the_limits(crowd):
    seconds = [record["seconds"] for record in results(crowd[0] / "out").values()]
    assert SECONDS < max(seconds) < 2 * SECONDS


# What the class does not show.


@pytest.mark.parametrize("exercise", EXERCISES)
def test_evidence_is_that_of_the_probes_that_were_made(exercise):
    """Whatever an answer does: evidence fits its own seed, and no other."""
    asked = import_module(f"course_utils.check.ask.{exercise}").asked

    def stops(*args, **kwargs):
        raise ValueError

    for answer in stops, lambda *args, **kwargs: None:
        evidence = wire.unpack(wire.frames(wire.pack(collect(exercise, answer, hidden=True, seed=5)))[0][1])
        assert fits(evidence, asked(5, hidden=True))
        conclude(exercise, evidence, seed=5)
    assert asked(5, hidden=True) != asked(6, hidden=True)


def test_cells_that_need_each_other_take_no_time():
    """A chain of a thousand cells, each with names of its own: looked at once, not once for each other."""
    units = [Unit("a", "def identity_block():\n    return a0", "identity_block", own=True)]
    for i in range(1000):
        units.append(Unit(str(i), f"a{i} = a{i + 1}, {', '.join(f'b{i}_{k}' for k in range(20))}", own=True))
    started = time.monotonic()
    assert needed([*units[1:], units[0]]) == [*units[1:], units[0]]
    assert time.monotonic() - started < 60, "it would take hours"


def test_of_too_many_notebooks_the_last_are_read(tmp_path):
    for number in range(MAX_NOTEBOOKS + 20):
        path = tmp_path / "Ann" / f"{number}.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    found, _ = find(tmp_path)
    assert [one.place for one in found[1:]] == [f"{number}.ipynb" for number in range(20, MAX_NOTEBOOKS + 20)]
    with pytest.raises(Unreadable, match="More than 100 notebooks"):
        found[0].read()


def test_a_row_of_students_without_notebooks_ends_nothing(tmp_path):
    for number in range(20):
        (tmp_path / "in" / f"A{number}").mkdir(parents=True)
    hand_in(tmp_path / "in", "Zoe", zero_pad_shortcut=True)
    graded(tmp_path / "in", tmp_path / "out", tmp_path / "tmp")
    assert len(results(tmp_path / "out")) == 21
