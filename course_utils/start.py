"""The exercise of the notebook START: how a check speaks, tried on a line that is wrong on purpose."""

from course_utils.check.result import UNANSWERED, Finding, Result

ASKED = {"height": 4, "width": 5, "channels": 3}
KNOWN = {  # what comes out: (code, message)
    20: ("channels_ignored", "That is the number of its pixels. Which of the three arguments is not used yet?"),
    12: ("added", "The three are added. How many rows of how many pixels are there?"),
    27: ("added", "The width is added, not multiplied. How many numbers does one row hold?"),
    23: ("added", "The channels are added, not multiplied. How many numbers does one pixel hold?"),
}


def check_numbers_in(answer):
    """Check `numbers_in(height, width, channels)`; counts for nothing. Returns a `Result`."""
    try:
        got = answer(**ASKED)
    except Exception as error:
        text = f"It stops: {type(error).__name__}: {error}."
        return Result("numbers_in", 1, [Finding("exception", False, text, points=1)])
    if got == 60:
        text = "4 rows of 5 pixels with 3 channels hold 60 numbers. This is what a right answer looks like."
        return Result("numbers_in", 1, [Finding("right", True, text, points=1)])
    if got is None:
        return Result("numbers_in", 1, [Finding(UNANSWERED, False, "Nothing comes back: is the last line a return?")])
    code, text = KNOWN.get(got, ("other", "How many numbers does one row hold, and how many rows are there?"))
    text = f"A picture of 4 rows, 5 columns and 3 channels holds 60 numbers. {text}"
    return Result("numbers_in", 1, [Finding(code, False, text, "60", str(got)[:60], points=1)])
