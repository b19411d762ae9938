"""Records as `course grade` keeps them, of invented students."""

from course_utils.check import EXERCISES
from course_utils.check.result import NOT_REACHED, UNANSWERED, Finding, Result

HOUSE, BLOCKS = STEMS = ["03_happy_house", "04_residual_blocks"]
HOLDS = {HOUSE: ["happy_model"], BLOCKS: ["identity_block", "convolutional_block", "zero_pad_shortcut"]}


def answer(exercise, points, code="shortcut_missing", message="What should the shortcut carry?", **more):
    """The record of an exercise: what earned `points`, what did not, and what was not reached."""
    rest = EXERCISES[exercise].points - points
    findings = [Finding("builds", True, f"{exercise} builds a block.", points=points)]
    if rest:
        findings.append(Finding(code, False, message, points=rest, **more))
    if rest and code != UNANSWERED:
        findings.append(Finding(NOT_REACHED, False, "Not reached: whether it computes what it should."))
    return Result(exercise, EXERCISES[exercise].points, findings).to_dict()


def record(student, notebook=BLOCKS, *answers, status="ok", seconds=0.5, **more):
    """One notebook of one student."""
    base = {"student": student, "notebook": notebook, "status": status, "seconds": seconds}
    return {**base, "exercises": list(answers), **more}


def everything(student, notebook=BLOCKS):
    """A notebook with all points."""
    return record(student, notebook, *(answer(exercise, EXERCISES[exercise].points) for exercise in HOLDS[notebook]))
