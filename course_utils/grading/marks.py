"""What the teacher says beside the machine's marks: corrections.csv, late.csv and class.toml.

The records in OUT/results keep the machine's marks. What counts is worked out from them and from these three files
whenever the tables and pages are written, so nothing is lost when a notebook is graded again.
"""

import csv
import io
import re
import tomllib
import unicodedata
from collections import defaultdict
from contextlib import contextmanager
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import NamedTuple

from course_utils.check import EXERCISES
from course_utils.errors import CourseError
from course_utils.grading.spreadsheet import delimiter, text_of
from course_utils.grading.submissions import all_masters


class Rules(NamedTuple):
    """What class.toml says.

    worth: {notebook: points in the total for full marks in it}; None: every notebook counts with its own points.
    maximum: of the total; what the notebooks are worth is scaled to it.
    per_day, cap: how many percent of a notebook's points a late day takes, and late days take at most. grace: days that
    take nothing. rounding: the total is rounded to a multiple of it.
    """

    worth: dict | None = None
    per_day: Fraction = Fraction(0)
    grace: Fraction = Fraction(0)
    cap: Fraction = Fraction(100)
    rounding: Fraction | None = None
    maximum: Fraction | None = None


PLAIN = Rules()  # where there is no class.toml


class Correction(NamedTuple):
    """A line of corrections.csv. place: its file and line. change: are the points added to the machine's, or do they
    replace them?"""

    place: str
    student: str
    exercise: str
    points: Fraction
    change: bool
    words: str


class Said(NamedTuple):
    """All that the teacher says. days: {(student, notebook, or None for all of them): days late}."""

    rules: Rules
    corrections: list
    days: dict


class Part(NamedTuple):
    """What a notebook counts in the total. percent: what was taken from it because it came late."""

    points: Fraction
    max: Fraction
    percent: Fraction


class Mark(NamedTuple):
    """What a student gets. notebooks: {notebook: Part} of those that count."""

    notebooks: dict
    points: Fraction
    max: Fraction


def read(out, rules_file, students, stems):
    """Read corrections.csv and late.csv from the folder `out`, and class.toml; returns what is `Said`.

    rules_file: a path, or None where there is no class.toml. students: (student, the platform's number or "") of all.
    stems: the notebooks of the class. Raises CourseError, with the line, for the first thing that cannot be meant.
    """
    people = names(students)
    rules = read_rules(rules_file) if rules_file else PLAIN
    return Said(rules, _corrections(out / "corrections.csv", people, stems), _late(out / "late.csv", people, stems))


def names(students):
    """{what a student may be called in a table: the student}. students: as in `read`.

    A spreadsheet makes 7 of 007, so this is understood as well, where only one student can be meant.
    """
    ways = defaultdict(set)
    for student, number in students:
        for way in (number, student.lstrip("0") if student.isdigit() else ""):
            ways[way].add(student)
    only = {way: min(ones) for way, ones in ways.items() if way and len(ones) == 1}
    return only | {student: student for student, _ in students}


def student_named(text, people):
    """The student whom a cell of a table, or a word of the command line, names; CourseError where there is none."""
    text = unicodedata.normalize("NFC", text.strip())
    for way in (text, re.sub(r"(^|;)(\s*)'", r"\1\2", text)):  # the quote that keeps a name from being a formula
        if way in people:
            return people[way]
    close = get_close_matches(text, people, 1)
    raise CourseError(f'there is no student "{text}"{f": is it {people[close[0]]}?" if close else "."}')


# --- What counts -----------------------------------------------------------------------------------------------------


def corrected(records, said):
    """The records with the teacher's corrections, and how late each is; the records themselves stay as they are.

    A corrected exercise has a further key "correction": {"machine": its points before, "words": the teacher's}. Every
    record has "days" (late) and "lateness", which is that in words, or "".
    """
    of = {(one.student, one.exercise): one for one in said.corrections}
    found = []
    for record in records:
        student = record["student"]
        exercises = [_corrected(one, of.get((student, one["exercise"]))) for one in record["exercises"]]
        found.append(record | {"exercises": exercises} | _lateness(record, said.days))
    return found


def _corrected(exercise, correction):
    if correction is None:
        return exercise
    points = min(max(_points(exercise, correction), 0), exercise["max_points"])
    about = {"machine": exercise["points"], "words": correction.words}
    return exercise | {"points": number(points), "correction": about}


def _points(exercise, correction):
    return correction.points + (exercise["points"] if correction.change else 0)


def _lateness(record, days):
    if record["status"] == "missing":
        return {"days": 0, "lateness": ""}
    student, stem = record["student"], record["notebook"]
    told = days.get((student, stem), days.get((student, None)))
    if told is None:  # the platform's word says no more
        return {"days": 1, "lateness": "late"} if record.get("late") else {"days": 0, "lateness": ""}
    return {"days": told, "lateness": f"{number(told)} {'day' if told == 1 else 'days'} late" if told else ""}


def too_much(records, corrections):
    """A sentence about each correction that leads to more points than there are, or to fewer than none."""
    found = {(r["student"], one["exercise"]): one for r in records for one in r["exercises"]}
    words = []
    for one in corrections:
        exercise = found.get((one.student, one.exercise))
        if exercise and not 0 <= (points := _points(exercise, one)) <= exercise["max_points"]:
            has = f"{one.student} has {exercise['points']} of {exercise['max_points']} points in {one.exercise}"
            words.append(f"{one.place}: {has}, with this correction it would be {number(points)}: change the line.")
    return words


def marks(records, stems, rules=PLAIN):
    """{student: Mark}, sorted. records: as `corrected` gives them, or as they are; what is absent counts 0."""
    of = {(record["student"], record["notebook"]): record for record in records}
    return {
        student: _mark({stem: of.get((student, stem)) for stem in stems}, rules)
        for student in sorted({student for student, _ in of})
    }


def _mark(of, rules):
    parts = {stem: _part(of[stem], stem, worth, rules) for stem, worth in worths(of, rules).items()}
    points, most = sum(part.points for part in parts.values()), sum(part.max for part in parts.values())
    if rules.rounding:
        points = min(floor(points / rules.rounding + Fraction(1, 2)) * rules.rounding, most)
    return Mark(parts, points, most)


def worths(stems, rules):
    """{notebook: the points in the total for full marks in it} of those that count."""
    worth = rules.worth or {stem: Fraction(all_masters()[stem].points) for stem in stems}
    counted = {stem: worth[stem] for stem in stems if worth.get(stem)}
    scale = rules.maximum / sum(counted.values()) if rules.maximum and counted else 1
    return {stem: scale * points for stem, points in counted.items()}


def _part(record, stem, worth, rules):
    if record is None:
        return Part(Fraction(0), worth, Fraction(0))
    earned = sum(Fraction(str(one["points"])) for one in record["exercises"])
    percent = min(rules.cap, rules.per_day * max(record.get("days", 0) - rules.grace, 0))
    return Part(earned / all_masters()[stem].points * worth * (100 - percent) / 100, worth, percent)


def number(value):
    """A number as it is written: whole, or with at most two decimals, a half rounded up."""
    value = Fraction(floor(Fraction(value) * 100 + Fraction(1, 2)), 100)
    return int(value) if value.denominator == 1 else float(value)


# --- Tables ----------------------------------------------------------------------------------------------------------


def _corrections(path, people, stems):
    """The corrections in a table with the columns student, exercise, points or +/-, words."""
    known = {
        name: exercise for stem in stems for exercise in all_masters()[stem].exercises for name in _called(exercise)
    }
    found = {}
    for line, cells in _table(path, "student,exercise,points,words", {"points": "+/-"}):
        with at(path, line):
            student = student_named(cells["student"], people)
            exercise = known.get(cells["exercise"])
            if exercise is None:
                raise CourseError(
                    f'there is no exercise "{cells["exercise"]}": there are {", ".join(dict.fromkeys(known.values()))}.'
                )
            points, change = _points_told(cells)
            most = EXERCISES[exercise].points
            if abs(points) > most or (points < 0 and not change):
                raise CourseError(f"{exercise} has {most} points, which {number(points)} does not fit.")
            if (student, exercise) in found:
                raise CourseError(f"{student} has a correction of {exercise} already: keep one of the two lines.")
            place = f"{path}, line {line}"
            found[student, exercise] = Correction(place, student, exercise, points, change, cells["words"])
    return [*found.values()]


def _called(exercise):
    return exercise, EXERCISES[exercise].title


def _points_told(cells):
    """(points, are they added to the machine's?)"""
    new, change = cells.get("points", ""), cells.get("+/-", "")
    if bool(new) == bool(change):
        raise CourseError("there should be a number of points, such as 5, +1 or -1.")
    return _number(new or change), bool(change) or new.strip("'")[0] in "+-−"


def _number(text):
    """A number as people and spreadsheets write it: 5, +1, -1, 0.5 or 0,5."""
    plain = text.strip("'").replace("−", "-").replace(",", ".")
    if not re.fullmatch(r"[+-]?\d{1,6}(\.\d{1,6})?", plain, re.ASCII):
        raise CourseError(f'"{text}" is no number: write one such as 5, +1 or -1.')
    return Fraction(plain)


def _late(path, people, stems):
    """How late who was, from a table with the columns student, days and, if it is not for all, notebook."""
    found = {}
    for line, cells in _table(path, "student,days"):
        with at(path, line):
            student = student_named(cells["student"], people)
            stem = _notebook(cells["notebook"]) if cells.get("notebook") else None
            days = _number(cells["days"])
            if days < 0:
                raise CourseError("days are counted from 0.")
            if (student, stem) in found:
                raise CourseError(f"{student} stands there twice: keep one of the two lines.")
            found[student, stem] = days
    return found


def _table(path, header, instead=None):
    """(line, {column: cell}) of each row of a table, as people and spreadsheets write them; none if there is no file.

    Cells are divided by commas, semicolons or tabs. header: the columns that there must be. instead: {column: another
    which may stand for it}. Further columns are left alone.
    """
    if not path.exists():
        return
    text = text_of(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter(text), strict=True)
    columns = None
    while True:
        line = reader.line_num + 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            break
        except csv.Error as error:
            raise CourseError(f"{path}, line {line}: this is no row of a table ({error}).") from None
        if not any(cells) and columns:
            continue
        with at(path, line):
            if columns is None:
                columns = [cell.casefold() for cell in cells]
                for name in header.split(","):
                    if name not in columns and (instead or {}).get(name) not in columns:
                        raise CourseError(f'there is no column "{name}": the first line should be {header}.')
            elif any(cells[len(columns) :]):
                raise CourseError(f"there are {len(cells)} cells for {len(columns)} columns: put quotes around commas.")
            else:
                yield line, dict(zip(columns, cells + [""] * len(columns), strict=False))
    if columns is None:
        raise CourseError(f"{path}, line 1: the file is empty: the first line should be {header}.")


@contextmanager
def at(place, line=None):
    """Puts a file and a line in front of a CourseError."""
    try:
        yield
    except CourseError as error:
        raise CourseError(f"{place}{f', line {line}' if line else ''}: {error}") from None


# --- class.toml ------------------------------------------------------------------------------------------------------

NUMBERS = {  # what class.toml may say beside [notebooks]: from, to
    "rounding": (0, 1000),
    "maximum": (0, 100_000),
    "late.per_day": (0, 100),
    "late.grace": (0, 1000),
    "late.cap": (0, 100),
}


def rules_path(*folders):
    """The first class.toml in these folders, or None."""
    return next((Path(folder) / "class.toml" for folder in folders if (Path(folder) / "class.toml").is_file()), None)


def read_rules(path):
    """The Rules of a class.toml. Raises CourseError with the line."""
    text = text_of(path)
    try:
        told = tomllib.loads(text, parse_float=Decimal)
    except ValueError as error:  # what tomllib raises, or int for a number without end
        place = re.search(r"\(at line (\d+)", str(error))
        line = place[1] if place else text.count("\n") + 1
        why = str(error).partition(" (at ")[0]
        raise CourseError(f"{path}, line {line}: this is not written as TOML wants it ({why}).") from None
    numbers, worth = {}, {}
    for key, value in _flat(told):
        with at(path, _line(text, key)):
            if key.startswith("notebooks."):
                stem = _notebook(key.removeprefix("notebooks."))
                if stem in worth:
                    raise CourseError(f"{stem} stands there twice: keep one of them.")
                worth[stem] = _within(value, 0, 100_000)
            elif key in NUMBERS:
                numbers[key.removeprefix("late.")] = _within(value, *NUMBERS[key])
            else:
                known = ["notebooks", *NUMBERS]
                raise CourseError(f'"{key}" is unknown: there are {", ".join(known)}.')
    with at(path, _line(text, "late.per_day")):
        if 0 < numbers.get("per_day", 0) < 1:
            raise CourseError("per_day is in percent: write 10 for a tenth of the points.")
    with at(path, _line(text, "notebooks")):
        if "notebooks" in told and not any(worth.values()):
            raise CourseError("no notebook counts: give one of them points.")
    return Rules(
        worth=worth or None, **{key: value for key, value in numbers.items() if value or key in ("cap", "grace")}
    )


def _flat(told):
    """("late.per_day", 10) of {"late": {"per_day": 10}}."""
    for key, value in told.items():
        if key in ("late", "notebooks") and isinstance(value, dict):
            yield from ((f"{key}.{inner}", number) for inner, number in value.items())
        else:
            yield key, value


def _line(text, key):
    """The first line that holds the last word of a key, comments apart."""
    word = re.compile(rf"(?<![\w-]){re.escape(key.rpartition('.')[2])}(?![\w-])")
    lines = enumerate(text.splitlines(), 1)
    return next((number for number, line in lines if word.search(line.partition("#")[0])), 1)


def _within(value, low, high):
    fits = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not fits or value != value or not low <= value <= high:  # TOML knows "nan"
        raise CourseError(f"{value} does not fit: there should be a number from {low} to {high}.")
    return Fraction(value)


def _notebook(name):
    """The notebook that a name or a number means."""
    for stem in all_masters():
        if name.removesuffix(".ipynb") == stem or name.zfill(2) == stem.partition("_")[0]:
            return stem
    raise CourseError(f'there is no notebook "{name}" with exercises: there are {", ".join(all_masters())}.')
