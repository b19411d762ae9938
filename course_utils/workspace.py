"""The student's folder: the best result of each exercise is kept there, so that one sees how far one has come.

`course lab` says where it is. Where there is none (the masters, grading), nothing is kept.
"""

import json
import os
from contextlib import suppress
from html import escape
from pathlib import Path

from course_utils.check import EXERCISES
from course_utils.files import master, write_text

KEPT, OLD, VERSION = ".progress.json", ".progress.old.json", 1
UNREADABLE = f"What you had reached before cannot be read. It is kept in {OLD}, and counting begins again."
BUSY = 1  # seconds that are waited for another notebook to write


def folder():
    """The workspace's folder, or None."""
    named = os.environ.get("COURSE_WORKSPACE")
    return Path(named) if named and Path(named).is_dir() else None


def best(place=None):
    """{exercise: points of its best result}. place: the workspace, by default the one that is open."""
    place = place or folder()
    return (_read(place) or {}) if place else {}


def keep(result):
    """Keep a result if it is the best of its exercise. Returns a sentence for the student, or None.

    It is never in a check's way: where nothing can be written, nothing is kept.
    """
    place, word = folder(), None
    if place is None:
        return None
    from filelock import FileLock, Timeout

    with suppress(OSError, Timeout), FileLock(place / f"{KEPT}.lock", timeout=BUSY):
        kept = _read(place)
        if kept is None:
            os.replace(place / KEPT, place / OLD)
            kept, word = {}, UNREADABLE
        if word or result.points > kept.get(result.exercise, -1):
            kept[result.exercise] = result.points
            write_text(place / KEPT, json.dumps({"version": VERSION, "points": kept}, indent=1) + "\n")
    return word


def _read(place):
    """What is kept, {} if nothing is yet, None if it cannot be read."""
    try:
        kept = json.loads((place / KEPT).read_text(encoding="utf-8"))
        points = kept["points"] if kept["version"] == VERSION else None
        return {name: int(number) for name, number in points.items() if name in EXERCISES}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def notebooks():
    """{number of a notebook with exercises: its exercises}, in the course's order."""
    found = {}
    for name, about in EXERCISES.items():
        found.setdefault(about.notebook, []).append(name)
    return found


def _standing(names, points):
    """(points reached, points to be had, titles of the exercises that lack some) of these exercises."""
    done, most = (sum(points.get(name, 0) for name in names), sum(EXERCISES[name].points for name in names))
    return done, most, [EXERCISES[name].title for name in names if points.get(name, 0) < EXERCISES[name].points]


def next_line(exercise):
    """What is told below a check that gave all points: how far its notebook is, and what comes next."""
    number = EXERCISES[exercise].notebook
    done, most, left = _standing(notebooks()[number], best())
    later = [f"notebook {other}" for other in notebooks() if other > number]
    next_ = [*left, *later, "hand it in with `course submit`"][0]
    return f"Notebook {number}: {done} of {most} points. Next: {next_}."


class Progress:
    """How far one has come, notebook by notebook: a table in JupyterLab, text elsewhere.

    rows: (file stem, points reached, points to be had, titles of what is left) of each. next: (title, stem), or None.
    """

    def __init__(self, place=None):
        points = best(place)
        self.rows = []
        for number, names in notebooks().items():
            path = master(number)
            self.rows.append((path.stem if path else number, *_standing(names, points)))
        self.done, self.most = (sum(row[i] for row in self.rows) for i in (1, 2))
        self.next = next(((left[0], stem) for stem, _, _, left in self.rows if left), None)

    def __str__(self):
        lines = [f"{stem:<28} {done:>3} of {most:>3}  {_bar(done, most)}" for stem, done, most, _ in self.rows]
        return "\n".join([*lines, f"{'all':<28} {self.done:>3} of {self.most:>3}", self._next()])

    __repr__ = __str__

    def _repr_html_(self):
        name, bar = "text-align: left; overflow-wrap: anywhere", "width: 5em"  # so that it fits on a phone
        rows = "".join(
            f'<tr><td style="{name}"><a href="{escape(stem)}.ipynb">{escape(stem)}</a></td><td>{done} of {most}</td>'
            f'<td><progress style="{bar}" max="{most}" value="{done}">{done}</progress></td></tr>'
            for stem, done, most, _ in self.rows
        )
        total = (
            f"<tr><td style='text-align: left'><b>all</b></td><td><b>{self.done} of {self.most}</b></td><td></td></tr>"
        )
        head = '<tr><th style="text-align: left">notebook</th><th>points</th><th></th></tr>'
        return f"<table><thead>{head}</thead><tbody>{rows}{total}</tbody></table><div>{escape(self._next())}</div>"

    def _next(self):
        if not self.next:
            return "All exercises have all their points. To hand them in, type `course submit` in a terminal."
        if not self.done:
            return "Next: notebook 03 if Keras is new to you, else notebook 01."
        return f"Next: {self.next[0]} in notebook {self.next[1]}."


def _bar(done, most, width=20):
    full = round(width * done / most)
    return "\u2588" * full + "." * (width - full)


def progress():
    """How far you have come in the workspace that is open: a `Progress`, or a line where none is."""
    if folder() is None:
        from course_utils.notebook import Line

        return Line("Your best results are kept where `course lab` has opened the course. Here is no such place.")
    return Progress()
