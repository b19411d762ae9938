"""A class graded from end to end, by the command, in real processes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from copy import deepcopy
from functools import cache
from pathlib import Path

import nbformat
import pytest

from course_utils.check import EXERCISES
from course_utils.errors import CourseError
from course_utils.files import masters
from course_utils.grading import grade as grading
from course_utils.grading import sandbox
from course_utils.grading.submissions import all_masters
from course_utils.release import student_copy

STEM = "04_residual_blocks"
pytestmark = pytest.mark.isolation


def course(*words, **more):
    """Run `course grade`; returns the finished process, its output as text."""
    command = [sys.executable, "-m", "course_utils", "grade", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **more)


TOGETHER = """
import json, sys
from course_utils.grading import grade
from course_utils.grading.sandbox import Limits

with grade.warm():
    for words in json.loads(sys.argv[1]):
        grade.grade(**words | {"limits": Limits(**words["limits"])})
"""


def grade_together(*runs, **more):
    """Several runs in one process, where what takes long is imported once: the arguments of `grade` for each."""
    words = [{"jobs": 1, "seed": 7, "limits": {}} | run for run in runs]
    command = [sys.executable, "-W", "ignore", "-c", TOGETHER, json.dumps(words, default=str)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, **more)
    assert run.returncode == 0, run.stderr[-2000:]


def results(out):
    """{(student, notebook): record} of what was graded."""
    found = (json.loads(path.read_text(encoding="utf-8")) for path in Path(out).glob("results/*/*.json"))
    return {(record["student"], record["notebook"]): record for record in found}


def marks(out):
    return {key: [one["points"] for one in record["exercises"]] for key, record in results(out).items()}


def hand_in(folder, student, stem=STEM, name=None, **answers):
    """A student's copy with some of the master's answers; answers: {exercise: source, or True for the master's}."""
    notebook, solutions = unanswered(stem)
    notebook = deepcopy(notebook)
    for cell in notebook.cells:
        answer = answers.get(cell.metadata.get("nbgrader", {}).get("grade_id"))
        if answer:
            cell.source = solutions[cell.id] if answer is True else answer
    path = folder / student / f"{name or stem}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


@cache
def unanswered(stem):
    """(a student's copy, {cell: the master's source})."""
    master = nbformat.read(masters()[stem], as_version=4)
    return student_copy(masters()[stem]), {cell.id: cell.source for cell in master.cells}


RIGHT = {"identity_block": True, "convolutional_block": True, "zero_pad_shortcut": True}
IN_FRONT = """
def zero_pad_shortcut(X, filters, s=2):
    return ops.pad(X[:, ::s, ::s], [[0, 0]] * 3 + [[filters - X.shape[3], 0]])
"""
HALF = {"identity_block": True, "zero_pad_shortcut": IN_FRONT}


@pytest.fixture(scope="module")
def classroom(tmp_path_factory):
    """A class of six: right, half right, twice handed in, unanswered, broken, absent."""
    folder = tmp_path_factory.mktemp("class") / "handed in"
    hand_in(folder, "Ada", name="my notebook", **RIGHT)
    hand_in(folder, "Bob", **HALF)
    hand_in(folder, "Cy")
    hand_in(folder, "Cy", name="04_residual_blocks (2)", identity_block=True)
    hand_in(folder, "Di")
    (folder / "Ed").mkdir()
    (folder / "Ed" / f"{STEM}.ipynb").write_text("<html>")
    (folder / "Flo 'x' <b>").mkdir()
    return folder


EXPECTED = {
    "Ada": [8, 8, 3],
    "Bob": [8, 0, 2],
    "Cy": [8, 0, 0],
    "Di": [0, 0, 0],
    "Ed": [0, 0, 0],
    "Flo 'x' _b_": [0, 0, 0],
}


@pytest.fixture(scope="module")
def graded(classroom, tmp_path_factory):
    """The class, graded once: (the folder of grades, the finished process)."""
    out = tmp_path_factory.mktemp("grades") / "out"
    return out, course(classroom, "-o", out, "--jobs", 1, "--seed", 7)


def test_marks_of_a_class(graded):
    out, run = graded
    assert run.returncode == 0, run.stderr
    assert marks(out) == {(student, STEM): points for student, points in EXPECTED.items()}
    status = {student: record["status"] for (student, _), record in results(out).items()}
    assert status == dict.fromkeys(("Ada", "Bob", "Cy", "Di"), "ok") | {"Ed": "unreadable", "Flo 'x' _b_": "missing"}
    assert f"{STEM} (2).ipynb counts, {STEM}.ipynb does not." in " ".join(run.stdout.split())
    assert "Traceback" not in run.stdout + run.stderr


def test_a_record_is_what_the_contract_says(graded):
    record = results(graded[0])["Bob", STEM]
    assert {"student", "notebook", "status", "seconds", "exercises"} <= set(record)
    assert [one["exercise"] for one in record["exercises"]] == list(all_masters()[STEM].exercises)
    for one in record["exercises"]:
        assert set(one) == {"exercise", "points", "max_points", "status", "findings"}
        assert one["max_points"] == EXERCISES[one["exercise"]].points
        for finding in one["findings"]:
            assert set(finding) == {"code", "passed", "message", "expected", "got"}
    codes = [finding["code"] for one in record["exercises"] for finding in one["findings"] if not finding["passed"]]
    assert codes == ["unanswered", "zeros_in_front"]


def test_what_is_written_for_people(graded):
    out, run = graded
    rows = [line.split(",") for line in (out / "grades.csv").read_text(encoding="utf-8-sig").splitlines()]
    assert rows[0] == ["student", *all_masters()[STEM].exercises, "total", "max"]
    assert [row[-2:] for row in rows[1:]] == [[str(sum(points)), "19"] for _, points in sorted(EXPECTED.items())]
    assert (out / "report.html").exists()
    assert len(list((out / "feedback").glob("*.html"))) == len(EXPECTED)
    assert "report.html" in run.stdout


@pytest.fixture(scope="module")
def others(classroom, tmp_path_factory):
    """The folder of further runs: the class on 2 and on 8 jobs, and "masters", a class of two for every notebook."""
    place = tmp_path_factory.mktemp("others")
    for stem in all_masters():
        hand_in(place / "in", "Bob", stem)
        (place / "in" / "Ada").mkdir(exist_ok=True)
        shutil.copy(masters()[stem], place / "in" / "Ada")
    runs = [{"place": classroom, "out": place / str(jobs), "jobs": jobs} for jobs in (2, 8)]
    grade_together(*runs, {"place": place / "in", "out": place / "masters", "jobs": 2})
    return place


@pytest.mark.parametrize("jobs", [2, 8])
def test_the_same_seed_gives_the_same_grades_on_any_number_of_jobs(graded, others, jobs):
    out, _ = graded
    assert (others / str(jobs) / "grades.csv").read_bytes() == (out / "grades.csv").read_bytes()
    again, before = results(others / str(jobs)), results(out)
    assert {k: r["exercises"] for k, r in again.items()} == {k: r["exercises"] for k, r in before.items()}


def test_another_run_does_not_touch_what_is_there(graded, classroom):
    out, _ = graded
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    run = course(classroom, "-o", out)
    assert run.returncode == 1
    assert run.stderr.strip() == f"course: {out} already holds grades: go on with --resume, or choose another folder."
    run = course(classroom, "-o", out, "--resume", "--seed", 8)
    assert "were begun with --seed 7" in run.stderr
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == before


@pytest.fixture(scope="module")
def ended(classroom, tmp_path_factory):
    """The class, and Abe, whose cell never ends, graded by runs that are ended at moments spread over the work.

    (the folder of grades, what each run left: processes, and when which record was written).
    """
    place = tmp_path_factory.mktemp("ended")
    shutil.copytree(classroom, place / "in")
    hand_in(place / "in", "Abe", identity_block="import time\nname = 'identity_block'\nwhile True:\n    time.sleep(1)")
    out, runs = place / "out", []
    command = [sys.executable, "-m", "course_utils", "grade", str(place / "in"), "-o", str(out)]
    command += ["--jobs", "2", "--seed", "7", "--seconds", "600", "--resume"]
    ours = os.environ | {"TMPDIR": str(place)}  # one that is killed does not tidy up
    for number, enough in (signal.SIGKILL, 1), (signal.SIGINT, 3), (signal.SIGTERM, len(EXPECTED)):
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ours)
        deadline = time.monotonic() + 120
        while len(written(out)) < enough or not any(map(sandboxed, grading_processes(place))):
            if run.poll() is not None or time.monotonic() > deadline:
                run.kill()
                pytest.fail("there is no sandbox to be ended")
            time.sleep(0.01)
        before = grading_processes(place)
        run.send_signal(number)
        run.wait(60)
        while grading_processes(place) and time.monotonic() < deadline:
            time.sleep(0.05)
        runs.append((number, before, grading_processes(place), written(out)))
    return out, runs


def written(out):
    """{record: when it was written}."""
    return {path: path.stat().st_mtime_ns for path in out.glob("results/*/*.json")}


def test_whatever_ends_a_run_no_process_is_left(ended):
    _, runs = ended
    assert {number for number, *_ in runs} == {signal.SIGINT, signal.SIGTERM, signal.SIGKILL}
    for _, before, left, _ in runs:
        assert len(before) >= 4  # fork server, worker, supervisor, runner
        assert left == set()


def test_a_run_that_was_ended_goes_on(ended, graded):
    """In the end the grades are those of one that was not ended, and nobody was graded twice."""
    out, runs = ended
    seen = {}
    for *_, records in runs:
        assert {path: records[path] for path in seen} == seen, "graded twice"
        seen = records
    assert len(seen) == len(EXPECTED), "all but Abe"
    assert course(out.parent / "in", "-o", out, "--resume", "--seconds", 2).returncode == 0
    (last,) = {*written(out)} - {*seen}
    record = results(out)["Abe", STEM]
    assert last.parent.name == "Abe"
    assert record["status"] == "timeout"
    assert 2 <= record["seconds"] < 20, "thirty are the default"
    found = (out / "grades.csv").read_bytes().splitlines()
    assert [row for row in found if not row.startswith(b"Abe,")] == (graded[0] / "grades.csv").read_bytes().splitlines()
    now = written(out)
    assert {path: now[path] for path in seen} == seen
    assert course(out.parent / "in", "-o", out, "--resume").returncode == 0
    assert written(out) == now, "there was nothing left to do"


@pytest.fixture(scope="module")
def newer(classroom, graded, tmp_path_factory):
    """The class on the next day, graded into the same folder: (the folder, when which record was written, the run)."""
    place = tmp_path_factory.mktemp("newer")
    shutil.copytree(classroom, place / "in")
    out = shutil.copytree(graded[0], place / "out")
    hand_in(place / "in", "Bob", **RIGHT)  # better than before
    hand_in(place / "in", "Gil", name="hw", identity_block=True)
    shutil.rmtree(place / "in" / "Cy")
    rows = [
        "student,exercise,points,words",
        "Bob,zero_pad_shortcut,-1,Copied from Ada.",
        "Di,identity_block,2,On paper.",
    ]
    (out / "corrections.csv").write_text("\n".join(rows), encoding="utf-8")
    (place / "class.toml").write_text("maximum = 38\n", encoding="utf-8")
    before = written(out)
    return out, before, course(place / "in", "-o", out, "--resume", "--jobs", 1)


def test_a_newer_download_grades_what_has_changed(newer):
    out, before, run = newer
    assert run.returncode == 0, run.stderr
    assert {path.parent.name for path, when in written(out).items() if before.get(path) != when} == {"Bob", "Gil"}
    assert marks(out) == {(student, STEM): points for student, points in EXPECTED.items()} | {
        ("Bob", STEM): [8, 8, 3],
        ("Gil", STEM): [8, 0, 0],
    }
    said = " ".join(run.stdout.split())
    assert f"New: Gil ({STEM})." in said
    assert f"Changed since the last time: Bob ({STEM})." in said
    assert f"Not in these hand-ins, the earlier marks stay: Cy ({STEM})." in said
    assert "Bob's zero_pad_shortcut was graded again: look whether your correction should still count" in said
    rows = [line.split(",")[:6] for line in (out / "grades.csv").read_text(encoding="utf-8").splitlines()]
    assert ["Bob", "8", "8", "2", "36", "38"] in rows
    assert ["Cy", "8", "0", "0", "16", "38"] in rows
    assert ["Di", "2", "0", "0", "4", "38"] in rows


def test_one_student_is_graded_again(newer):
    out, _, _ = newer
    before = written(out)
    run = course(out.parent / "in", "-o", out, "--only", "Ada", "--jobs", 1)
    assert run.returncode == 0, run.stderr
    assert {path.parent.name for path, when in written(out).items() if before[path] != when} == {"Ada"}
    assert f"Graded again: Ada ({STEM})." in " ".join(run.stdout.split())
    run = course(out.parent / "in", "-o", out, "--only", "Adda")
    assert run.stderr.strip() == 'course: --only: there is no student "Adda": is it Ada?'


def grading_processes(temporary):
    """The fork server of the run that has its temporary files there (TMPDIR), and what it has forked.

    Other tests may grade at the same time.
    """
    found = set()
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes()
            if b"course_utils.grading.forkserver" in words and os.fsencode(f"{temporary}/course-grade-") in words:
                found.add(place.name)
        except OSError:
            continue
    return found


def sandboxed(process):
    """Is the process in a process namespace of its own?"""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
    numbers = next(line for line in status.splitlines() if line.startswith("NSpid:"))
    return len(numbers.split()) > 2


def test_every_master_gets_every_point_and_every_student_copy_none(others):
    records = results(others / "masters")
    for (student, stem), record in records.items():
        assert record["status"] == "ok"
        for one in record["exercises"]:
            assert one["points"] == (one["max_points"] if student == "Ada" else 0), (stem, one)
            assert one["status"] == ("ok" if student == "Ada" else "unanswered"), (stem, one)
    assert len(records) == 2 * len(all_masters())


def test_the_probes_are_drawn_anew_for_each_run_and_lot():
    runs = [{grading.seed_of(seed, f"student {n}", STEM) for n in range(500)} for seed in (1, 2)]
    assert [len(seeds) for seeds in runs] == [grading.SETS] * 2
    assert not runs[0] & runs[1]
    assert grading.seed_of(1, "Ada", STEM) == grading.seed_of(1, "Ada", STEM)


def test_nothing_to_grade_and_nowhere_to_write(classroom, tmp_path):
    (tmp_path / "empty").mkdir()
    run = course(tmp_path / "empty", "-o", tmp_path / "out")
    assert (run.returncode, run.stderr.count("\n")) == (1, 1)
    assert "holds no notebooks" in run.stderr
    assert not (tmp_path / "out" / "results").exists()


def test_a_full_disk_stops_the_run_and_keeps_what_is_there(classroom, tmp_path):
    """A file system of a few pages, in a mount namespace of its own."""
    small = tmp_path / "small"
    small.mkdir()
    script = f"""
mount -t tmpfs -o size=20k none '{small}'
'{sys.executable}' -m course_utils grade '{classroom}' -o '{small}/out' --seed 7
code=$?
cp -r '{small}/out' '{tmp_path}/kept'
exit $code
"""
    rights = ["--mount"] if os.geteuid() == 0 else ["--user", "--map-root-user", "--mount"]
    command = ["unshare", *rights, "sh", "-c", script]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 1, run
    assert "cannot be written (No space left on device): make room and go on with --resume." in run.stderr
    assert "Traceback" not in run.stderr
    kept = results(tmp_path / "kept")
    assert 0 < len(kept) < len(EXPECTED)


def test_where_nothing_isolates_the_flag_and_the_container_are_named(monkeypatch, classroom, tmp_path):
    monkeypatch.setattr(sandbox.sys, "platform", "darwin")
    with pytest.raises(CourseError, match=r"it needs Linux\. Grade in a container.*--no-isolation\.$"):
        grading.grade(classroom, tmp_path / "out", jobs=1)


def test_without_isolation_the_marks_are_the_same(graded, classroom, tmp_path):
    run = course(classroom, "-o", tmp_path / "out", "--no-isolation", "--seed", 7)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "out/grades.csv").read_bytes() == (graded[0] / "grades.csv").read_bytes()
