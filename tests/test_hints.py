"""The hints: two for each exercise, which help without giving the answer away."""

import re

import pytest

from course_utils.check import EXERCISES
from course_utils.grading.submissions import all_masters

WORDS = r"!|\b(simply|just|easy|easily|obviously|great|well done|stub|glasses|loud|judge|probe|master)\b"
CODE = r"`[^`]*[=(\[][^`]*`|\w\("  # an assignment, a call, an index


def plain(code):
    """Code without what makes no difference: spaces, quotes, the marks around it in a text."""
    return re.sub(r"[\s`'\"]", "", code)


def lines(exercise):
    """The lines of the course's answer between the marks that are long enough to tell something."""
    master = next(master for master in all_masters().values() if exercise in master.exercises)
    source = master.cells[master.exercises[exercise][0]]
    solution = "".join(re.findall(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", source, re.DOTALL))
    return [line.strip() for line in solution.splitlines() if len(plain(line)) > 6]


@pytest.mark.parametrize("exercise", EXERCISES)
def test_hints_are_short_and_plain(exercise):
    first, second = EXERCISES[exercise].hints
    for text in (first, second):
        assert 60 <= len(text) <= 400
        assert 1 <= len(re.findall(r"[.?](?= |$)", text)) <= 3
        assert text[-1] in ".?"
        assert not re.search(WORDS, text, re.IGNORECASE)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_first_hint_asks_and_holds_no_code(exercise):
    first = EXERCISES[exercise].hints[0]
    assert "?" in first
    assert not re.search(CODE, first)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_no_hint_holds_a_line_of_the_answer(exercise):
    told = plain("".join(EXERCISES[exercise].hints))
    for line in lines(exercise):
        assert plain(line) not in told
        value = line.removeprefix("return ").split(" = ", 1)[-1]
        assert value.isidentifier() or len(plain(value)) < 8 or plain(value) not in told
    assert lines(exercise)
