"""The tables of `tests/answers`: right answers keep every point, each mistake gets its own finding, in both halves."""

from importlib import import_module
from pathlib import Path

import answers
import pytest
from answers import no_word_twice

from course_utils import check
from course_utils.grading import protocol

TABLES = sorted(path.stem for path in Path(answers.__file__).parent.glob("[a-z]*.py"))
RIGHT, WRONG = ({(t, name): one for t in TABLES for name, one in getattr(import_module(f"answers.{t}"), kind).items()}
                for kind in ("RIGHT", "WRONG"))  # fmt: skip


def graded(exercise, answer, seed):
    """The result of an answer as grading makes it: its evidence has gone through the wire."""
    request = protocol.unpack(protocol.json_of(check.asking(exercise, hidden=True, seed=seed)))
    evidence = protocol.json_of(check.asked(check.EXERCISES[exercise].ask, answer, request))
    return check.conclude(exercise, protocol.unpack(evidence), hidden=True, seed=seed)


@pytest.mark.parametrize(("exercise", "name"), RIGHT)
def test_right_answers_keep_every_point(exercise, name):
    for result in (check.run(exercise, RIGHT[exercise, name]), graded(exercise, RIGHT[exercise, name], seed=3)):
        assert result.points == result.max_points, result


@pytest.mark.parametrize(("exercise", "name"), WRONG)
def test_each_mistake_has_its_own_finding(exercise, name):
    function, code, points = WRONG[exercise, name]
    for result in (check.run(exercise, function), graded(exercise, function, seed=3)):
        assert next(finding.code for finding in result.findings if finding.mark == "to do") == code, result
        assert result.points == points, result
        no_word_twice(result)
