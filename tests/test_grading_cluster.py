"""Grading on a Dask cluster: a real scheduler and real workers, as processes, one of which is killed."""

import json
import os
import subprocess
import sys
import time

import pytest
from test_grading import STEM, course, grading_processes, hand_in, results

RIGHT = {"identity_block": True, "zero_pad_shortcut": True}
POISON = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\nidentity_block = os.abort"


@pytest.fixture
def cluster(tmp_path):
    """(the scheduler's address, two workers)."""
    about = tmp_path / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--port", "0", "--no-dashboard"]
    about_it = {"stderr": subprocess.DEVNULL, "cwd": tmp_path, "env": os.environ | {"TMPDIR": str(tmp_path)}}
    started = [subprocess.Popen([*command, "--scheduler-file", str(about)], **about_it)]
    deadline = time.monotonic() + 120
    while not about.exists() or not about.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    address = json.loads(about.read_text())["address"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", address, "--nthreads", "1", "--no-nanny"]
    worker += ["--no-dashboard", "--local-directory", str(tmp_path)]
    for _ in range(2):
        started.append(subprocess.Popen(worker, **about_it))
    yield address, started[1:]
    for process in reversed(started):
        process.terminate()
        process.wait(20)


@pytest.mark.isolation
def test_a_cluster_gives_the_same_grades_even_when_a_worker_is_killed(cluster, tmp_path):
    address, workers = cluster
    folder = tmp_path / "class"
    for number in range(6):
        hand_in(folder, f"s{number:02}", **(RIGHT if number % 2 else {"convolutional_block": True}))
    hand_in(folder, "poison", identity_block=POISON, zero_pad_shortcut=True)
    assert course(folder, "-o", tmp_path / "here", "--seed", 3, "--jobs", 1).returncode == 0

    command = [sys.executable, "-m", "course_utils", "grade", str(folder), "-o", str(tmp_path / "there"), "--seed", "3"]
    run = subprocess.Popen(
        [*command, "--scheduler", address], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 120
    while len(list((tmp_path / "there").glob("results/*/*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    workers[0].kill()
    _, errors = run.communicate(timeout=200)
    assert run.returncode == 0, errors
    assert workers[1].poll() is None, "no submission costs a worker its life"
    assert (tmp_path / "there/grades.csv").read_bytes() == (tmp_path / "here/grades.csv").read_bytes()
    here, there = results(tmp_path / "here"), results(tmp_path / "there")
    assert {key: one["exercises"] for key, one in here.items()} == {key: one["exercises"] for key, one in there.items()}
    assert there["poison", STEM]["status"] == "crashed"

    workers[1].terminate()
    workers[1].wait(20)
    while grading_processes(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert grading_processes(tmp_path) == set(), "a worker's processes end with it"


def test_no_scheduler_is_said(tmp_path):
    hand_in(tmp_path / "class", "Ada")
    run = course(tmp_path / "class", "-o", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:9")
    assert run.returncode == 1
    assert "There is no Dask scheduler at tcp://127.0.0.1:9" in run.stderr
    assert "Traceback" not in run.stderr
