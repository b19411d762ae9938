"""One module an exercise: `judge(evidence)` returns findings. Nothing here runs or imports code of the student's.

This module holds what is said of any answer that could not be called, or did not return what it should.
"""

from course_utils.check.result import NOT_REACHED, UNANSWERED, Finding

BORROWED = "borrowed"


def not_reached(what, points):
    """The finding for something that could not be looked at. what: completes "Not reached: whether it ..."."""
    return Finding(NOT_REACHED, False, f"Not reached: whether it {what}.", points=points)


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
    line = where(error)
    if error["type"] == "RecursionError":
        return Finding("recursion", False, f"{what} stops{line}: something calls itself without end.", points=points)
    text = f"{error['type']}: {error['text']}" if error["text"] else error["type"]
    return Finding("exception", False, f"{what} stops{line}: {text.rstrip('.')}.", points=points)


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
    """ " in line 4, `x = ...`" for the student's innermost line, or nothing if there is none."""
    if not error["lines"]:
        return ""
    line = error["lines"][-1]
    source = f", `{line['source']}`" if line["source"] else ""
    return f" in line {line['number']}{source}"


HINTS = {
    "none": "Does its last line return the model? compile, fit and summary give nothing back.",
    "tensor": "That is what a layer gives. Which call makes a model of an input and an output?",
    "class": "Who calls the class, so that it becomes a model?",
}


def not_a_model(call, points):
    """The finding for an answer that returned something else than a keras.Model, or None if it did not."""
    if call["kind"] == "model":
        return None
    return Finding(
        f"returned_{call['kind']}" if call["kind"] in HINTS else "not_a_model",
        False,
        f"{call['name']} returns {call['words']}, not a model. {HINTS.get(call['kind'], 'What should it return?')}",
        "a keras.Model",
        call["words"],
        points,
    )
