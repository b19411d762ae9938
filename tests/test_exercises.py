"""Each exercise's file: complete, and of one mind with its notebook. What is wrong in one is told by its name."""

import json
import random
import re
from pathlib import Path

import pytest
from answers import course_answer
from click.testing import CliRunner

from course_utils import check, exercises
from course_utils.check import EXERCISES
from course_utils.check.messages import files, messages
from course_utils.cli import main
from course_utils.files import master
from course_utils.grading.again import code_of_marks

FOLDER = Path(exercises.__file__).parent


def cells(exercise):
    """{grade_id: (place among the exercises of its notebook, nbgrader's metadata, source)}; the source of all cells."""
    content = json.loads(master(EXERCISES[exercise].notebook).read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in content if cell["cell_type"] == "code"]
    marked = [
        (cell["metadata"]["nbgrader"], "".join(cell["source"])) for cell in code if "nbgrader" in cell["metadata"]
    ]
    checks = [marks["grade_id"] for marks, _ in marked if marks["grade"]]
    found = {marks["grade_id"]: (marks, source) for marks, source in marked}
    return found, checks, ["".join(cell["source"]) for cell in code]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_nothing_is_left_to_fill_in(exercise):
    assert "TODO" not in (FOLDER / f"{exercise}.py").read_text(encoding="utf-8")
    assert "TODO" not in "".join(cells(exercise)[2])


@pytest.mark.parametrize("exercise", EXERCISES)
def test_it_is_the_notebooks(exercise):
    about = EXERCISES[exercise]
    found, checks, _ = cells(exercise)
    assert found[exercise][0]["solution"]
    marks, source = found[f"{exercise}_check"]
    assert marks["points"] == about.points
    assert source == f"check.{exercise}({about.title})"
    assert checks.index(f"{exercise}_check") == about.place - 1


@pytest.mark.parametrize("exercise", EXERCISES)
def test_what_was_graded_with_another_one_is_graded_anew(exercise):
    assert FOLDER / f"{exercise}.py" in code_of_marks()


@pytest.mark.parametrize("exercise", EXERCISES)
def test_its_steps_have_names_of_their_own_and_say_what_they_are(exercise):
    steps = EXERCISES[exercise].steps
    assert len({step.name for step in steps}) == len(steps)
    for step in steps:
        assert re.match(r"[a-z]", step.what), "completes 'whether it ...'"
        assert step.passed[0].isupper()
        assert step.passed.endswith(".")


@pytest.mark.parametrize("exercise", EXERCISES)
def test_what_is_asked_is_drawn_from_the_seed_alone(exercise):
    about = EXERCISES[exercise]
    random.seed(1)
    first = about.request(3, True)
    random.seed(2)
    assert repr(about.request(3, True)) == repr(first)
    assert about.hidden > 0


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_courses_own_answer_earns_all_points_and_no_advice(exercise):
    """In the notebook and in grading; the reference builds, then, on every probe."""
    for hidden in False, True:
        result = check.run(exercise, course_answer(exercise), hidden=hidden, seed=11)
        assert result.points == result.max_points, result
        assert [finding.code for finding in result.findings if not finding.passed] == [], result
        assert {step.name for step in EXERCISES[exercise].steps} <= {finding.code for finding in result.findings}


# What a student can read.

SENTENCES = [(name, line, text) for name, path in files().items() for line, text in messages(path)]


def test_the_sentences_of_every_exercise_are_found():
    assert {*EXERCISES} <= {name for name, _, _ in SENTENCES}
    told = "the shortcut is still as it came in. What gives it the shape of the main path?"
    assert any(text.startswith(told) for name, _, text in SENTENCES if name == "basic_block")
    assert any("{place} is missing" in text for name, _, text in SENTENCES if name == "difference")


def test_sentences_are_short_and_plain():
    for name, line, text in SENTENCES:
        assert len(text) < 420, (name, line)
        assert "  " not in text.strip(), (name, line)
        assert not re.search(r"\b(simply|just|obviously|stub|glasses)\b", text), (name, line)


def test_a_command_lists_them():
    shown = CliRunner().invoke(main, ["exercises", "--messages"]).output.splitlines()
    assert len(shown) >= len(SENTENCES)
    listed = CliRunner().invoke(main, ["exercises"]).output.splitlines()
    assert [line.split()[1] for line in listed] == [*EXERCISES]
