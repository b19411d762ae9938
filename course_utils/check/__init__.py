"""Exercises: `check.happy_model(HappyModel)` says what an answer does well and where to look next.

An exercise has two halves. `ask` calls the answer and collects evidence, which is plain data; `judge` sees nothing
but that evidence. `run` does both in one process; grading calls `collect` in a sandbox and `conclude` outside it.
"""

import sys
from importlib import import_module
from typing import NamedTuple

from course_utils.check.result import UNANSWERED, Finding, Result
from course_utils.errors import CourseError

__all__ = ["EXERCISES", "Finding", "NotAnswered", "Result", "collect", "conclude", "run"]


class Exercise(NamedTuple):
    """What the course knows of an exercise: its notebook, points, title, how many further probes grading makes."""

    notebook: str
    points: int
    title: str
    hidden: int


EXERCISES = {
    "conv_output_size": Exercise("01", 1, "conv_output_size", hidden=10),
    "lenet5": Exercise("01", 4, "lenet5", hidden=2),
    "local_response_normalization": Exercise("01", 3, "local_response_normalization", hidden=3),
    "alexnet": Exercise("01", 3, "alexnet", hidden=1),
    "vgg16": Exercise("01", 3, "vgg16", hidden=1),
    "conv1x1": Exercise("02", 2, "conv1x1", hidden=3),
    "multiplications": Exercise("02", 1, "multiplications", hidden=3),
    "inception_module": Exercise("02", 4, "inception_module", hidden=3),
    "inception_network": Exercise("02", 4, "inception_network", hidden=3),
    "happy_model": Exercise("03", 6, "HappyModel", hidden=3),
    "identity_block": Exercise("04", 8, "identity_block", hidden=3),
    "convolutional_block": Exercise("04", 8, "convolutional_block", hidden=3),
    "zero_pad_shortcut": Exercise("04", 3, "zero_pad_shortcut", hidden=3),
    "resnet50": Exercise("05", 8, "ResNet50", hidden=2),
    "recalibrate_batch_norm": Exercise("05", 3, "recalibrate_batch_norm", hidden=3),
    "resnet50_headless": Exercise("06", 4, "resnet50_headless", hidden=2),
    "basic_block": Exercise("06", 4, "BasicBlock", hidden=3),
    "resnet_subclassed": Exercise("06", 4, "ResNet", hidden=2),
    "block2": Exercise("07", 5, "block2", hidden=3),
    "stack2": Exercise("07", 3, "stack2", hidden=2),
    "resnet50v2": Exercise("07", 5, "ResNet50V2", hidden=4),
    "mirror": Exercise("08", 1, "mirror", hidden=2),
    "random_crop": Exercise("08", 1, "random_crop", hidden=1),
    "color_shift": Exercise("08", 1, "color_shift", hidden=1),
    "pca_color_augmentation": Exercise("08", 2, "pca_color_augmentation", hidden=1),
    "ensemble_predict": Exercise("08", 1, "ensemble_predict", hidden=2),
    "ten_crop": Exercise("08", 2, "ten_crop", hidden=2),
    "transfer_model": Exercise("09", 2, "transfer_model", hidden=2),
    "make_pipeline": Exercise("09", 1, "make_pipeline", hidden=2),
    "train_step": Exercise("09", 2, "train_step", hidden=2),
    "evaluate": Exercise("09", 1, "evaluate", hidden=2),
}


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


def run(exercise, answer, hidden=False, seed=0):
    """Check an answer and return its `Result`.

    exercise: a key of EXERCISES. answer: the student's function (or class). hidden: make the further probes of
    grading too. seed: of the probes. Raises CourseError if there is no such exercise.
    """
    return conclude(exercise, collect(exercise, answer, hidden, seed))


def collect(exercise, answer, hidden=False, seed=0):
    """The evidence of an answer: a dict of JSON-able values and NumPy arrays. Runs the student's code."""
    with _settings_of_the_course() as changed:
        found = _half("ask", exercise).ask(answer, hidden=hidden, seed=seed)
    return found | ({"settings": changed} if changed else {})


def conclude(exercise, evidence, seed=None):
    """The `Result` that evidence leads to. Runs no code of the student's.

    seed: with it, evidence has to be that of the probes of grading that are drawn from this seed: whoever forges
    evidence shall not choose what was asked. Raises ValueError if it is not.
    """
    if seed is not None and not fits(evidence, _half("ask", exercise).asked(seed, hidden=True)):
        raise ValueError("evidence of other probes than those that were made")
    half = _half("judge", exercise)
    with _settings_of_the_course():
        findings = half.judge(evidence)
    if findings[0].code != UNANSWERED:
        findings = [*findings, *_settings_changed(evidence.get("settings", []))]
    about = EXERCISES[exercise]
    return Result(exercise, about.points, findings, hidden=about.hidden)


def fits(found, wanted):
    """Does evidence hold what is wanted of it?

    A dict: these keys, and others (none in what was "asked"); a list: as many; a tuple: one of these.
    """
    if isinstance(wanted, tuple):
        return any(fits(found, one) for one in wanted)
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            found.get(key) == value if key == "asked" else fits(found.get(key), value) for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(fits, found, wanted))
    return type(found) is type(wanted) and found == wanted


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


def _half(half, exercise):
    if exercise not in EXERCISES:
        raise UnknownExercise(f"There is no exercise {exercise!r}: choose one of {', '.join(EXERCISES)}.")
    return import_module(f"{__name__}.{half}.{exercise}")


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name not in EXERCISES:
        raise UnknownExercise(f"There is no exercise {name!r}: choose one of {', '.join(EXERCISES)}.")

    def check(*answer):
        if len(answer) != 1:
            raise CourseError(f"check.{name} takes the function itself: check.{name}({EXERCISES[name].title}).")
        from course_utils.check import feedback

        with feedback.patience(name):
            result = run(name, answer[0])
        return feedback.shown(result, answer[0])

    check.__name__ = check.__qualname__ = name
    check.__doc__ = f"Check {EXERCISES[name].title} ({EXERCISES[name].points} points): hand in the function itself."
    return check


def __dir__():
    return [*__all__, *EXERCISES]
