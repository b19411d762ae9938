"""A class in which all but two want a mark that they have not earned, or to spoil everybody else's."""

import json
import os
import time
from pathlib import Path

import pytest
from hostile import SUBMISSIONS
from test_grading import grade_together, grading_processes, hand_in, results

from course_utils.check import EXERCISES, collect, conclude
from course_utils.files import ROOT
from course_utils.grading import protocol
from course_utils.grading.hand_ins import MAX_NOTEBOOKS, find
from course_utils.grading.submissions import Unit, Unreadable, all_masters, needed

pytestmark = pytest.mark.isolation
SECONDS = 20  # on the wall: whoever waits for nothing waits so long, beside all the others
LIMITS = {"seconds": SECONDS, "cpu_seconds": 8, "memory": 1 << 29, "threads": 128, "disk": 8 << 20, "answer": 16 << 20}
HONEST = "Ada", "Zoe"
LONG = "alexnet", "vgg16", "resnet50_headless", "resnet_subclassed"  # which take longer than these limits
# Who may use up whatever CPU time there is, and earns nothing by that: a class of their own, which has less of it.
ENDLESS = [name for name, one in SUBMISSIONS.items() if "timeout" in one.status and not one.marks]
ENDLESS.remove("run sleep")


def honest(folder):
    for student in HONEST:
        for stem in sorted({one.stem for one in SUBMISSIONS.values()}):
            hand_in(folder, student, stem, **{name: True for name in all_masters()[stem].exercises if name not in LONG})


def hostile(folder, names):
    for student in names:
        one = SUBMISSIONS[student]
        student = f"M {student}"
        if one.file:
            name, data = one.file
            target = folder / (f"{student}.zip" if name.endswith(".zip") else f"{student}/{name}")
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(data)
        else:
            hand_in(folder, student, one.stem, **one.answers)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of classes that are graded, in one process: each in "NAME in", its grades in NAME.

    "alone": the honest students among themselves. "crowd": these and the hostile ones. "endless": the endless ones and
    two honest ones, who are soon done. "row": a row of students without notebooks.
    """
    place = tmp_path_factory.mktemp("classes")
    honest(place / "alone in")
    honest(place / "crowd in")
    hostile(place / "crowd in", [name for name in SUBMISSIONS if name not in ENDLESS])
    (place / "crowd in" / "M links").mkdir()
    (place / "crowd in/M links/04_residual_blocks.ipynb").symlink_to(place / "crowd in/Ada/04_residual_blocks.ipynb")
    os.mkfifo(place / "crowd in" / "M links" / "05.ipynb")
    hostile(place / "endless in", ENDLESS)
    for student in HONEST:
        hand_in(place / "endless in", student, zero_pad_shortcut=True)
    for number in range(20):
        (place / "row in" / f"A{number}").mkdir(parents=True)
    hand_in(place / "row in", "Zoe", zero_pad_shortcut=True)
    return place


@pytest.fixture(scope="module")
def graded(place):
    """({class: its records}, what there was before and afterwards)."""
    handed = {path: path.read_bytes() for path in place.glob("* in/**/*") if path.is_file()}
    (place / "tmp").mkdir()
    before = left(place)
    runs = [
        {"place": place / f"{name} in", "out": place / name, "jobs": 4, "limits": LIMITS | more}
        for name, more in {"alone": {}, "crowd": {}, "endless": {"cpu_seconds": 1}, "row": {}}.items()
    ]
    grade_together(*runs, env=os.environ | {"TMPDIR": str(place / "tmp"), "TF_CPP_MIN_LOG_LEVEL": "3"})
    assert {path: path.read_bytes() for path in place.glob("* in/**/*") if path.is_file()} == handed
    return {run["out"].name: results(run["out"]) for run in runs}, (before, left(place))


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
def test_nobody_gains_a_mark(graded, student):
    one = SUBMISSIONS[student]
    record = graded[0]["endless" if student in ENDLESS else "crowd"][f"M {student}", one.stem]
    told = json.dumps(record["exercises"], indent=1)[:4000]
    assert record["status"] in one.status, told
    marks = sum(exercise["points"] for exercise in record["exercises"])
    assert marks == one.marks or (one.marks is None and marks <= 3), told


def test_nobody_else_is_graded_otherwise(graded):
    classes = graded[0]
    for (student, stem), record in classes["alone"].items():
        other = classes["crowd"][student, stem]
        assert {**other, "seconds": 0} == {**record, "seconds": 0}
        assert {one["exercise"] for one in record["exercises"] if one["points"] < one["max_points"]} <= {*LONG}
    assert len(classes["alone"]) == 2 * 5
    for student in HONEST:
        record = classes["endless"][student, "04_residual_blocks"]
        assert record["status"] == "ok"
        assert record["exercises"][-1] == classes["alone"][student, "04_residual_blocks"]["exercises"][-1]


def test_there_is_one_record_and_one_page_for_everybody(graded, place):
    for name, more in ("crowd", {"M links"}), ("endless", set()):
        students = {student for student, _ in graded[0][name]}
        names = {student for student in SUBMISSIONS if (student in ENDLESS) == (name == "endless")}
        assert students == {*HONEST, *more, *(f"M {student}" for student in names)}
        assert {path.stem for path in (place / name / "feedback").glob("*.html")} == students
        pages = [*(place / name).rglob("*.html")]
        assert not any("<script>alert" in page.read_text(encoding="utf-8") for page in pages)
        assert max(path.stat().st_size for path in (place / name).rglob("*.json")) < 100_000


def test_nothing_is_left_behind(graded):
    before, afterwards = graded[1]
    assert afterwards == before
    assert before[0] == set()


def test_time_is_within_the_limits(graded):
    seconds = [record["seconds"] for record in graded[0]["crowd"].values()]
    assert SECONDS < max(seconds) < 2 * SECONDS


def test_a_row_of_students_without_notebooks_ends_nothing(graded):
    assert len(graded[0]["row"]) == 21


# What the class does not show.


@pytest.mark.parametrize("exercise", EXERCISES)
def test_what_is_asked_comes_from_the_seed_and_stays_with_the_judge(exercise):
    """Whatever an answer does: its evidence goes through the wire, and does not say what was asked."""
    about = EXERCISES[exercise]

    def stops(*args, **kwargs):
        raise ValueError

    for answer in stops, lambda *args, **kwargs: None:
        evidence = protocol.unpack(protocol.frames(protocol.pack(collect(exercise, answer, hidden=True, seed=5)))[0][1])
        assert conclude(exercise, evidence, hidden=True, seed=5).points < about.points
        assert not {"probe", "asked", "seed", "arguments", "step"} & {*evidence, *evidence["probes"][0]}
    five, again, six = (protocol.pack(about.request(seed, True)) for seed in (5, 5, 6))
    assert five == again != six
    assert len(about.request(5, True)["probes"]) == len(about.request(5, False)["probes"]) + about.hidden


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
    with pytest.raises(Unreadable, match="More than 100 files"):
        found[0].read()
