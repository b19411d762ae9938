"""Exercises: `check.happy_model(HappyModel)` says what an answer does well and where to look next.

    exercises/NAME.py   what is asked (a request), what is right, what each mistake is told
    ask/KIND.py         calls the answer and collects evidence, which is plain data
    judge/              what the judges of several exercises have in common

`run` asks and judges in one process; grading calls `ask.ask` in a sandbox and `conclude` outside it.
"""

import sys
from functools import cache
from pathlib import Path

from course_utils.check.result import UNANSWERED, Finding, Result
from course_utils.errors import CourseError

__all__ = ["EXERCISES", "Finding", "NotAnswered", "Result", "collect", "conclude", "run"]


class NotAnswered(CourseError):
    """Raised by the stub of a student's copy, `raise check.NotAnswered()`: the message names the function and line.

    function: the name of the function, or "" where it is raised outside of one.
    """

    _keras_call_info_injected = True  # Keras, when it passes through a layer's call, shall leave it as it is
    ag_pass_through = True  # and so shall TensorFlow, when it passes through a tf.function

    def __init__(self):
        frame = sys._getframe(1)
        while frame.f_globals.get("__name__", "").startswith("tensorflow.") and frame.f_back:
            frame = frame.f_back
        name = frame.f_code.co_qualname.rsplit("<locals>.")[-1].split(".")[0].removeprefix("tf__")
        self.function = "" if name == "<module>" else name
        place = self.function or "its cell"
        if "__autograph_generated_file" not in frame.f_code.co_filename:  # which has other lines
            place = f"line {frame.f_lineno} of {place}"
        super().__init__(
            f"This exercise is not answered yet: {place} still raises check.NotAnswered(). Write your answer in place "
            "of that line: what stands below it never runs."
        )


class UnknownExercise(CourseError, AttributeError):
    """A name that is no exercise."""


def run(name, answer, hidden=False, seed=0):
    """Check an answer and return its `Result`.

    name: a key of EXERCISES. answer: the student's function (or class). hidden: make the further probes of grading too.
    seed: of the probes. Raises CourseError if there is no such exercise.
    """
    return conclude(name, collect(name, answer, hidden, seed), hidden, seed)


def collect(name, answer, hidden=False, seed=0):
    """The evidence of an answer: a dict of JSON-able values and NumPy arrays. Runs the student's code."""
    exercise = _exercise(name)
    return asked(exercise.ask, answer, asking(name, hidden, seed))


def asking(name, hidden=False, seed=0):
    """What is asked of an answer, without what its judge alone should know."""
    request = _exercise(name).request(seed, hidden)
    return {key: value for key, value in request.items() if key != "steps"}


def asked(kind, answer, request):
    """The evidence of an answer. kind: the module of `ask` that asks. Needs nothing of the exercise itself."""
    with _settings_of_the_course() as changed:
        from course_utils.check.ask import ask

        found = ask(kind, answer, request)
    return found | ({"settings": changed} if changed else {})


def conclude(name, evidence, hidden=False, seed=0):
    """The `Result` that evidence leads to. Runs no code of the student's.

    What was asked is made anew from the seed: whoever forges evidence does not choose it.
    """
    from course_utils.check.judge.later import advised

    exercise = _exercise(name)
    request = exercise.request(seed, hidden)
    with _settings_of_the_course():
        findings = exercise.judge(request, evidence)
    if findings[0].code != UNANSWERED:
        right = all(finding.passed or not finding.points for finding in findings)
        more = advised(exercise, request, evidence) if right else ()
        findings = [*findings, *more, *_settings_changed(evidence.get("settings", []))]
    return Result(name, exercise.points, findings, hidden=exercise.hidden)


def _settings_of_the_course():
    from course_utils.quiet import keras  # which takes seconds

    if keras.config.backend() != "tensorflow":
        raise CourseError(
            f"Keras runs on {keras.config.backend()} here, and the checks need TensorFlow: type "
            "`unset KERAS_BACKEND`, or take the file ~/.keras/keras.json away, and start again."
        )
    from course_utils.check.state import of_the_course

    return of_the_course()


def _settings_changed(notes):
    from course_utils.check.judge import setting_changed

    return [setting_changed(note) for note in notes[:20]]


@cache
def _names():
    """The names of all exercises, without importing one: none in the sandbox."""
    return sorted(path.stem for path in (Path(__file__).parents[1] / "exercises").glob("[a-z]*.py"))


def _exercise(name):
    if name not in _names():
        raise UnknownExercise(f"There is no exercise {name!r}: choose one of {', '.join(_names())}.")
    from course_utils.exercises import EXERCISES

    return EXERCISES[name]


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "EXERCISES":
        from course_utils.exercises import EXERCISES

        return EXERCISES
    exercise = _exercise(name)

    def check(*answer):
        if len(answer) != 1:
            raise CourseError(f"check.{name} takes the function itself: check.{name}({exercise.title}).")
        from course_utils.check import feedback

        with feedback.patience(name):
            result = run(name, answer[0])
        return feedback.shown(result, answer[0])

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"Check {exercise.title} ({exercise.points} points): hand in the function itself."
    return check


def __dir__():
    return [*__all__, *_names()]
