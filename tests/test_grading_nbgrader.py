"""The masters as nbgrader's own source notebooks: handed out, graded and commented by its commands."""

import csv
import json
import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from benchmarks.grading import short
from test_grading import HALF, STEM, course, hand_in, results

from course_utils.check import Finding, Result
from course_utils.files import masters

COMMANDS = """
import json, os, sys
from nbgrader.apps.nbgraderapp import main

for words in json.loads(sys.argv[1]):
    if not os.fork():
        sys.argv[1:] = words
        main()
        sys.exit()
    if os.wait()[1]:
        sys.exit(f"{words} failed")
"""


@pytest.fixture
def nbgrader(tmp_path):
    """Run nbgrader commands in a course folder of its own, one after the other: forks of a process that imports it."""
    (tmp_path / "nbgrader_config.py").write_text(
        "c = get_config()\n"
        "c.CourseDirectory.course_id = 'cnn'\n"
        "c.ClearSolutions.code_stub = {'python': 'raise check.NotAnswered()'}\n"
    )
    places = {name: str(tmp_path / "jupyter") for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR")}
    places["PATH"] = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # it calls alembic

    def run(*commands):
        words = json.dumps([command.split() for command in commands])
        command = [sys.executable, "-c", COMMANDS, words]
        done = subprocess.run(
            command, cwd=tmp_path, env=os.environ | places, capture_output=True, text=True, timeout=600, check=False
        )
        assert done.returncode == 0, done.stderr

    return run


def test_every_master_can_be_handed_out(nbgrader, tmp_path):
    source = tmp_path / "source" / "all"
    source.mkdir(parents=True)
    for path in masters().values():
        shutil.copy(path, source)
    nbgrader("generate_assignment all --create --force")
    for stem in masters():
        text = (tmp_path / "release" / "all" / f"{stem}.ipynb").read_text(encoding="utf-8")
        assert "SOLUTION" not in text
        nbformat.validate(nbformat.reads(text, as_version=4))


@pytest.mark.isolation
def test_a_submission_gets_the_same_total(nbgrader, tmp_path):
    source = tmp_path / "source" / "blocks"
    source.mkdir(parents=True)
    nbformat.write(short(nbformat.read(masters()[STEM], as_version=4)), source / f"{STEM}.ipynb")
    copy = nbformat.read(hand_in(tmp_path / "handed in", "Bob", **HALF), as_version=4)
    submitted = tmp_path / "submitted" / "Bob" / "blocks" / f"{STEM}.ipynb"
    submitted.parent.mkdir(parents=True)
    nbformat.write(short(copy), submitted)  # nbgrader would train what else there is
    nbgrader("generate_assignment blocks --create", "autograde blocks --create", "generate_feedback blocks", "export")

    run = course(tmp_path / "handed in", "-o", tmp_path / "grades")
    assert run.returncode == 0, run.stderr
    (record,) = results(tmp_path / "grades").values()
    total = sum(one["points"] for one in record["exercises"])
    with open(tmp_path / "grades.csv", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (float(row["score"]), float(row["max_score"])) == (total, 19)
    assert 0 < total < 19
    assert "in front" in (tmp_path / "feedback" / "Bob" / "blocks" / f"{STEM}.html").read_text(encoding="utf-8")


def test_a_result_is_a_number_for_nbgrader_and_words_for_everybody_else(monkeypatch):
    result = Result("mirror", 2, [Finding("a", True, "Right.", points=1), Finding("b", False, "Wrong.", points=1)])
    assert "1 of 2 points" in repr(result)
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    assert float(repr(result)) == 1
    assert "1 of 2 points" in result._repr_html_()
