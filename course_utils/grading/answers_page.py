"""A page for the teacher: what a student wrote, beside what was found."""

from collections import defaultdict
from functools import cache, lru_cache
from pathlib import Path

from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from course_utils.files import write_text
from course_utils.grading import report
from course_utils.grading.hand_ins import clean

LONG = 20_000  # characters of an answer: more are shown without colours, which would take seconds
LIGHT, DARK = "xcode", "github-dark"  # of Pygments, on the page's own background


def write(out, student, records, submissions, name=None):
    """Write the page of a student into the folder `out`/answers; returns its path.

    records: the student's, one of each notebook, as in OUT/results. submissions: {notebook: Submission} of those that
    could be read. name: of the file, where two students would have the same one.
    """
    notebooks = [_notebook(record, submissions.get(record["notebook"])) for record in records]
    page = report.PAGES.get_template("answers.html").render(student=student, notebooks=notebooks, styles=_styles())
    path = Path(out) / "answers" / (name or f"{clean(student)}.html")
    write_text(path, page)
    return path


def _notebook(record, submission):
    """What the page shows of a notebook: each exercise with its code, and the further cells that the answers need."""
    cells, further = defaultdict(list), []
    for unit in submission.units if submission else ():
        if unit.exercise:
            cells[unit.exercise].append(code(unit.source))
        elif unit.own:
            further.append(code(unit.source))
    return {
        "stem": record["notebook"],
        "title": report.title(record["notebook"]),
        "status": record["status"],
        "notes": record.get("notes") or [],
        "answers": [{**report._answer(one), "cells": cells[one["exercise"]]} for one in record["exercises"]],
        "further": further,
    }


@lru_cache(2000)  # stubs and cells of the course's own are the same for everybody
def code(source):
    """A cell's code as HTML: escaped, and coloured unless it is very long."""
    text = report.plain(source).rstrip("\n")
    if len(text) > LONG:
        return escape(text)
    return Markup(highlight(text, PythonLexer(stripnl=False), _formatter(LIGHT)).rstrip("\n"))


@cache
def _formatter(style):
    return HtmlFormatter(nowrap=True, style=style, classprefix="p-")


@cache
def _styles():
    """The colours of the code, for light and for dark pages."""
    light, dark = (
        "\n".join(line for line in _formatter(style).get_style_defs(".cell").splitlines() if line.startswith(".cell ."))
        for style in (LIGHT, DARK)
    )
    return Markup(f"{light}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}")
