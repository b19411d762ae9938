"""What a student is told: findings, points, and how they look in JupyterLab and as text."""

import os
import re
import textwrap
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

NOT_REACHED = "not_reached"  # the code of what could not be looked at, because of another finding
UNANSWERED = "unanswered"


class Step(NamedTuple):
    """A part of an exercise that earns points.

    name: what findings and judges call it. what: completes "whether it ...". passed: what is said where it is right.
    needs: what has to be there to look at, of a model: {kind of node: share of those of the reference}.
    """

    name: str
    points: int
    what: str
    passed: str
    needs: dict = {}  # noqa: RUF012


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    code: what was found, the same for everybody who made the same mistake. message: a sentence or two for the
    student. expected, got: short texts, where they help. points: its share of the exercise's points; what is not
    passed and takes none is advice.
    """

    code: str
    passed: bool
    message: str
    expected: str | None = None
    got: str | None = None
    points: int = 0

    @property
    def mark(self):
        if self.passed:
            return "passed"
        if self.code == NOT_REACHED:
            return "not reached"
        return "to do" if self.points or self.code == UNANSWERED else "advice"


@dataclass(frozen=True, repr=False)
class Result:
    """The outcome of a check: points, status and findings; shows itself as a table in JupyterLab, as text elsewhere.

    status: "ok" (all points), "partial" (some points), "failed" (none), "unanswered" (still the stub).
    hidden: how many further probes are made at grading. notes: further sentences below the findings. folded: pairs of
    a title and a text that JupyterLab shows when the title is clicked.
    """

    exercise: str
    max_points: int
    findings: list[Finding]
    hidden: int = 0
    notes: tuple[str, ...] = ()
    folded: tuple[tuple[str, str, str], ...] = ()

    @property
    def points(self):
        return sum(finding.points for finding in self.findings if finding.passed)

    @property
    def status(self):
        if self.points == self.max_points:
            return "ok"
        if any(finding.code == UNANSWERED for finding in self.findings):
            return "unanswered"
        return "partial" if self.points else "failed"

    def to_dict(self):
        """The record of the result, JSON-able."""
        keys = "code", "passed", "message", "expected", "got"
        return {
            "exercise": self.exercise,
            "points": self.points,
            "max_points": self.max_points,
            "status": self.status,
            "findings": [{key: getattr(finding, key) for key in keys} for finding in self.findings],
        }

    def __str__(self):
        lines = [f"{self.exercise}: {_count(self.points, self.max_points)}"]
        for finding in self._by_mark():
            first, *rest = textwrap.wrap(_message(finding), 90, break_long_words=False, break_on_hyphens=False) or [""]
            lines += [f"  {finding.mark:<12} {first}", *(" " * 15 + line for line in rest)]
            if not finding.passed:
                lines += [" " * 15 + detail for detail in _details(finding)]
        return "\n".join([*lines, *(f"  {note}" for note in self._notes())])

    def __repr__(self):
        if os.environ.get("NBGRADER_EXECUTION") == "autograde":
            return str(self.points)  # anything but a number nbgrader takes for full marks
        return str(self)

    def _repr_html_(self):
        rows = "".join(_row(finding) for finding in self._by_mark())
        notes = "".join(f'<div style="{NOTE}">{escape(note)}</div>' for note in self._notes())
        folded = "".join(map(_folded, self.folded))
        head = f"<b>{escape(self.exercise)}</b> &nbsp; {escape(_count(self.points, self.max_points))}"
        return (
            f'<div style="{BOX}"><div style="padding: 0 0 6px 0">{head}</div>'
            f'<table style="{TABLE}"><tbody>{rows}</tbody></table>{notes}{folded}</div>'
        )

    def _by_mark(self):
        return sorted(self.findings, key=lambda finding: [*MARKS].index(finding.mark))

    def _notes(self):
        if not self.hidden or self.status == "unanswered":
            return self.notes
        runs = "1 hidden check runs" if self.hidden == 1 else f"{self.hidden} hidden checks run"
        return [*self.notes, f"{runs} at grading, in a course with marks: the same questions with other numbers."]


# Colours are JupyterLab's where there are any; text keeps the colour of its surroundings, light or dark.
BOX = (
    "margin: 4px 0; padding: 8px 12px; max-width: 760px; line-height: 1.45; text-align: left; "
    "border-left: 4px solid var(--jp-border-color1, rgba(128, 128, 128, 0.5))"
)
TABLE = "table-layout: auto; border-collapse: collapse; border: none; margin: 0; width: 100%; font-size: inherit"
ROW = "background: transparent; border-top: 1px solid var(--jp-border-color2, rgba(128, 128, 128, 0.3))"
CELL = (
    "text-align: left; vertical-align: top; border: none; padding: 5px 14px 5px 0; white-space: normal; max-width: none"
)
NOTE = "padding: 6px 0 0 0; opacity: 0.75"
MARKS = {
    "to do": ("&#10007;", "var(--jp-error-color1, #d55e00)"),
    "advice": ("&#8505;", "inherit"),
    "not reached": ("&ndash;", "inherit"),
    "passed": ("&#10003;", "var(--jp-success-color1, #009e73)"),
}


def _row(finding):
    sign, colour = MARKS[finding.mark]
    weight = "bold" if finding.mark == "to do" else "normal"
    mark = f'<span style="color: {colour}">{sign}</span> <span style="font-weight: {weight}">{finding.mark}</span>'
    details = [] if finding.passed else _details(finding)
    text = _html(_message(finding))
    text += "".join(f'<div style="opacity: 0.75">{escape(line)}</div>' for line in details)
    earned = finding.points if finding.passed else 0
    share = f"{earned}&thinsp;/&thinsp;{finding.points}" if finding.points else ""
    return (
        f'<tr style="{ROW}"><td style="{CELL}; white-space: nowrap; width: 1%">{mark}</td>'
        f'<td style="{CELL}">{text}</td>'
        f'<td style="{CELL}; padding-right: 0; white-space: nowrap; width: 1%">{share}</td></tr>'
    )


def _folded(one):
    title, text, code = one
    code = f'<pre style="text-align: left; overflow-x: auto">{escape(code)}</pre>' if code else ""
    return f"<details><summary>{escape(title)}</summary><div>{_html(text)}</div>{code}</details>"


def _html(text):
    """A text as HTML, what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _message(finding):
    return finding.message.removeprefix("Not reached: ")  # which the mark says already


def _details(finding):
    """What was expected and what was got, as one line, or none."""
    told = [f"{name}: {text}" for name, text in (("expected", finding.expected), ("got", finding.got)) if text]
    return ["; ".join(told)] if told else []


def _count(points, max_points):
    return f"{points} of {max_points} {'point' if max_points == 1 else 'points'}"
