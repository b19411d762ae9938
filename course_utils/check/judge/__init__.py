"""Judging: what the judges of several exercises have in common. Nothing here runs or imports code of the student's.

This module holds what is said of any answer that could not be called, or did not return what it should.
"""

import re

from course_utils.check.judge.old_names import todays_name
from course_utils.check.result import NOT_REACHED, UNANSWERED, Finding

BORROWED = "borrowed"


def passed(step):
    """The finding for a `Step` that is right."""
    return Finding(step.name, True, step.passed, points=step.points)


def not_reached(step):
    """The finding for a `Step` that could not be looked at."""
    return Finding(NOT_REACHED, False, f"Not reached: whether it {step.what}.", points=step.points)


def only(finding, steps):
    """The findings where nothing but the first step could be looked at."""
    if finding.code == UNANSWERED:
        return [finding]
    return [finding, *map(not_reached, steps[1:])]


def call_problem(call, points, what=None):
    """The finding for a call that did not return (evidence of `evidence.call` or `attempt`), or None if it did.

    what: who stopped, where that is not simply the answer.
    """
    outcome, name = call["outcome"], call.get("name", "the answer")
    if outcome == "returned":
        return None
    if outcome == "unanswered":
        return Finding(UNANSWERED, False, call["message"])
    if outcome == BORROWED:
        module, _, function = call["function"].rpartition(".")
        whose = "Keras'" if module.startswith("keras") else "the course's"
        text = (
            f"{name} hands on {whose} own {function}, which earns nothing here. Write it yourself: each step is "
            "described above the exercise."
        )
        return Finding(BORROWED, False, text, "an answer of its own", function, points)
    if outcome == "not a function":
        hint = " That is what the function returns." if call["kind"] == "model" else ""
        return Finding(
            "not_a_function",
            False,
            f"The check calls the function itself, and was handed {call['words']}.{hint} Hand in its name, "
            "without brackets behind it.",
            "a function",
            call["words"],
            points,
        )
    if outcome == "arguments":
        missing, offered = (" and ".join(call[key]) for key in ("missing", "offered"))
        return Finding(
            "arguments",
            False,
            f"{name} also asks for {missing}, which the exercise does not give. Could it do without, or with a "
            "default value?",
            offered,
            f"{offered} and {missing}",
            points,
        )
    if outcome == "too large":
        return too_large(name, points, call["parameters"], call["error"])
    return exception(what or name, call["error"], points)


def exception(what, error, points):
    """The finding for an exception, with the student's own line. what: who stopped."""
    from course_utils.check.judge.slips import slip  # which knows Keras

    line = where(error)
    if error["type"] == "RecursionError":
        return Finding("recursion", False, f"{what} stops{line}: something calls itself without end.", points=points)
    text = f"{error['type']}: {error['text']}" if error["text"] else error["type"]
    text = re.sub(r" \((/|\w:\\)[^()]*\)", "", text)  # of the file of a module, which is no student's
    source = error["lines"][-1]["source"] if error["lines"] else ""
    today = todays_name(error["text"], source, error.get("through"))
    if not today and (meant := slip(error, source)):
        return Finding("exception", False, f"{what} stops{line}: {meant}", points=points)
    return Finding("exception", False, f"{what} stops{line}: {text.rstrip('.')}.{today}", points=points)


def too_large(name, points, parameters, error=None):
    """The finding for more than 20 million parameters, most of them asked for in one line."""
    line = where(error) if error else ""
    return Finding(
        "too_large",
        False,
        f"{name} asks for more than 20 million parameters{line}. What is the shape of the feature map that goes in "
        "there, and how could it be smaller?",
        "at most 20,000,000 parameters",
        f"{parameters:,} so far" if parameters else None,
        points,
    )


def where(error):
    """ " in line 4, `x = ...`" for the student's innermost line, or nothing if there is none.

    Inside a function of the student's own that the answer calls: " in line 4 of helper, `x = ...`, called in line 9".
    """
    if not error["lines"]:
        return ""
    line = error["lines"][-1]
    source = f", `{line['source']}`" if line["source"] else ""
    helper = line["function"]
    caller = next((one for one in error["lines"][::-1] if one["function"] != helper), None)
    if caller is None or helper.startswith("<"):
        return f" in line {line['number']}{source}"
    return f" in line {line['number']} of {helper}{source}, called in line {caller['number']}"


HINTS = {
    "none": "Does its last line return the model? add, compile, fit and summary give nothing back.",
    "tensor": "That is what a layer gives. Which call makes a model of an input and an output?",
    "class": "Which brackets are missing, so that it becomes a model?",
}


def not_a_model(call, points):
    """The finding for an answer that returned something else than a keras.Model, or None if it did not."""
    if call["kind"] == "model":
        return None
    return Finding(
        f"returned_{call['kind']}" if call["kind"] in HINTS else "not_a_model",
        False,
        f"{call['name']} returns {call['words']}, not a model. {HINTS.get(call['kind'], 'What should it return?')}"
        f"{todays_name(call['words'])}",
        "a keras.Model",
        call["words"],
        points,
    )


SETTINGS = {  # of `check.state`: what changes it, and what that is
    "recursion_limit": ("sys.setrecursionlimit", "how deep functions may call one another"),
    "backend": ("keras.config.set_backend", "what Keras computes with"),
    "image_data_format": ("keras.config.set_image_data_format", "where Keras looks for the channels of a picture"),
    "floatx": ("keras.config.set_floatx", "the type of Keras' numbers"),
    "epsilon": ("keras.config.set_epsilon", "the small number that Keras adds to what it divides by"),
    "dtype_policy": ("keras.config.set_dtype_policy", "the type of the numbers in Keras' layers"),
    "max_epochs": ("keras.config.set_max_epochs", "how long fit trains"),
    "max_steps_per_epoch": ("keras.config.set_max_steps_per_epoch", "how long fit trains"),
    "traceback_filtering": ("keras.config.disable_traceback_filtering", "how Keras shows what goes wrong"),
    "session": ("keras.utils.clear_session", "all that Keras remembers"),
    "eager_execution": ("tf.compat.v1.disable_eager_execution", "how TensorFlow computes"),
    "run_functions_eagerly": ("tf.config.run_functions_eagerly", "how fast TensorFlow computes"),
    "debug_mode": ("tf.data.experimental.enable_debug_mode", "how fast TensorFlow reads data"),
    "op_determinism": ("tf.config.experimental.enable_op_determinism", "how TensorFlow computes"),
    "seed": ("keras.utils.set_random_seed", "the random numbers"),
    "floating_point_errors": ("np.seterr", "what NumPy does about a division by zero"),
    "environment": ("os.environ.update", "the environment variables"),
    "folder": ("os.chdir", "the folder in which files are looked for"),
}


def setting_changed(note):
    """The advice for a note of `check.state`: a setting of the whole process that the student's code changes."""
    setter, what = SETTINGS[note["setting"]]
    line, after = note["line"], f"changes {what}, for everything that comes after it"
    if not line:
        value = repr(note["value"]) if note["value"] else ""
        file = ", or the file ~/.keras/keras.json" if note["before"] else ""
        text = f"{setter}({value}) {after}: which line of yours does that{file}?"
    elif note["before"]:
        text = f"Another cell, in `{line['source']}`, {after}. The check is made without it: is it needed?"
    else:
        text = f"Line {line['number']}, `{line['source']}`, {after}. The next check is made without it: is it needed?"
    return Finding(f"{note['setting']}_changed", False, text)
