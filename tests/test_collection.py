"""Two processes find the same tests, whatever the time, the place and the order in which Python goes through a set."""

import os
import shutil
import subprocess
import sys

import pytest

from course_utils.files import ROOT

OTHER_CLOCK = (
    "import time, sys; now = time.time; time.time = lambda: now() + 1e7; import pytest; sys.exit(pytest.main())"
)
PLACES = {
    "here": ({"PYTHONHASHSEED": "1", "TZ": "UTC", "LANG": "C"}, ["-m", "pytest"]),
    "elsewhere": ({"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LANG": "C.UTF-8"}, ["-c", OTHER_CLOCK]),
}
# Nothing is run, so that no assertion need be made to tell more: that takes long for so many.
COLLECT = ["--collect-only", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:xdist", "tests"]


@pytest.fixture(scope="module")
def collected(tmp_path_factory):
    """{place: the names of all tests}, by two processes at one time: one here, one in a copy in another folder."""
    copy = tmp_path_factory.mktemp("another folder – äö") / "course"
    kept = shutil.ignore_patterns(".*", "workspace", "out", "cache", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=kept)
    started = {}
    for place, folder in ("here", ROOT), ("elsewhere", copy):
        environment, python = PLACES[place]
        more = {"PYTHONPATH": str(folder), "PYTEST_ADDOPTS": ""} | environment
        started[place] = subprocess.Popen(
            [sys.executable, *python, *COLLECT],
            cwd=folder,
            env=os.environ | more,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    found = {}
    for place, process in started.items():
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said[-3000:]
        found[place] = [line for line in said.splitlines() if "::" in line]
    return found


def test_two_processes_collect_the_same_tests(collected):
    assert len(collected["here"]) > 1000
    assert collected["here"] == collected["elsewhere"]


def test_names_of_tests_are_short_and_readable(collected):
    long = [name for name in collected["here"] if len(name.partition("::")[2]) > 130]
    odd = [name for name in collected["here"] if "\\" in name or not name.isascii() or " object at 0x" in name]
    assert long + odd == []
    assert len({*collected["here"]}) == len(collected["here"])
