"""Marks as tables: grades.csv, and the files that Canvas and Moodle import."""

import csv
import io
import re
import unicodedata

from course_utils.check import EXERCISES
from course_utils.files import write_text
from course_utils.grading.hand_ins import LAYOUTS
from course_utils.grading.marks import PLAIN, marks, number, worths
from course_utils.grading.submissions import all_masters

# What a spreadsheet takes for a formula, with what some Asian versions take for the same signs; behind a semicolon too,
# at which a spreadsheet that is set to European numbers begins a new cell. The quote in front is OWASP's advice
# (owasp.org/www-community/attacks/CSV_Injection).
FORMULA = re.compile(r"(^|;)(\s*)(?=[=+\-@＝＋－＠])")


def write(out, records, stems, rules=PLAIN):
    """Write grades.csv, canvas.csv and moodle.csv into the folder `out`.

    records: of one notebook of one student each, as in OUT/results or as `marks.corrected` gives them. stems: the
    notebooks that were graded, in their order. rules: of class.toml. One row a student, sorted; a notebook or exercise
    without a record counts 0.

    All three tables are UTF-8 with commas and "\\n", which csv.reader and spreadsheets read. grades.csv has no byte
    order mark, which a plain csv.reader would take for a part of the word "student"; Excel then has to be told that it
    is UTF-8 (Data > From Text/CSV). The other two, which somebody looks through before an import, have the mark: both
    importers skip it, and Excel opens them as they are.
    """
    for name, rows in tables(records, stems, rules).items():
        _write(out / f"{name}.csv", rows, mark="" if name == "grades" else "\ufeff")


def tables(records, stems, rules=PLAIN):
    """{name of a table: rows}, as in `write`; names as they are, also those that look like numbers or formulas."""
    return {
        "grades": grades(records, stems, rules),
        "canvas": _canvas(records, stems, rules),
        "moodle": _moodle(records, stems, rules),
    }


def grades(records, stems, rules):
    """The rows of grades.csv: student, one column an exercise, total, max; behind them notes, if there are any.

    An exercise has the points that it earned, with the teacher's correction; total and max are what counts by `rules`.
    """
    of = {(record["student"], record["notebook"]): record for record in records}
    rows, told = [], []
    for student, mark in marks(records, stems, rules).items():
        mine = {stem: of[student, stem]["exercises"] if (student, stem) in of else [] for stem in stems}
        earned = {one["exercise"]: one["points"] for answers in mine.values() for one in answers}
        points = [earned.get(exercise, 0) for stem in stems for exercise in exercises(stem)]
        rows.append([student, *points, number(mark.points), number(mark.max)])
        told.append("; ".join(_notes(mark, [of[student, stem] for stem in stems if (student, stem) in of]).values()))
    header = ["student", *(exercise for stem in stems for exercise in exercises(stem)), "total", "max"]
    if any(told):
        return [[*header, "notes"], *([*row, words] for row, words in zip(rows, told, strict=True))]
    return [header, *rows]


def _notes(mark, records):
    """{notebook or exercise: what the teacher or the clock has changed, in a few words}."""
    words = {}
    for record in records:
        part = mark.notebooks.get(record["notebook"])
        if record.get("lateness"):
            less = f", {number(part.percent)} % less" if part and part.percent else ""
            words[record["notebook"]] = f"{record['notebook']}: {record['lateness']}{less}"
        for one in record["exercises"]:
            if "correction" in one:
                said = f" ({one['correction']['words']})" if one["correction"]["words"] else ""
                words[one["exercise"]] = f"{one['exercise']}: {_given(one)}{said}"
    return words


def _given(exercise):
    """The points of an exercise that the teacher has corrected, and the machine's if they are others."""
    points, machine = exercise["points"], exercise["correction"]["machine"]
    return f"{points} instead of {machine}" if points != machine else f"{points} as well"


def changes(out, records, stems, rules):
    """What differs from the grades.csv that is there: (student, column, before, after, why).

    Compared as text, so that what somebody has changed in the file itself is seen as well.
    """
    header, lines = [], []
    if (out / "grades.csv").exists():
        with open(out / "grades.csv", encoding="utf-8-sig", errors="replace", newline="") as file:
            header, *lines = [*csv.reader(file)] or [[]]
    before = {row[0]: dict(zip(header, row, strict=False)) for row in lines if row}
    header, *rows = [[str(_cell(value)) for value in row] for row in grades(records, stems, rules)]
    corrections = [(r["student"], one) for r in records for one in r["exercises"] if "correction" in one]
    words = {(cell(student), one["exercise"]): one["correction"]["words"] for student, one in corrections}
    found, most = [], []
    for student, *row in rows:
        new = dict(zip(header[1:], row, strict=True))
        words[student, "total"], was = new.pop("notes", ""), before.pop(student, None)
        for key in ["total"] if was is None else new:
            old = was.get(key, "") if was else ""
            if old != new[key]:
                to = most if key == "max" else found
                to.append((student, key, old, new[key], words.get((student, key), "")))
    found += [("everybody", *change[1:]) for change in most[:1]]
    return found + [(student, "total", was.get("total", ""), "", "") for student, was in before.items()]


def _canvas(records, stems, rules):
    """Rows as Canvas' own export has them (Canvas, lib/gradebook_importer.rb).

    The importer looks a student up by ID, then login, then full name ("Ann Lee" or "Lee, Ann"). The ID is in the names
    of a download from Canvas; for hand-ins from elsewhere the name stands in both other columns, and those whom it
    cannot find it offers to choose by hand. A notebook becomes the assignment of that title, new where there is none.
    """
    ids = {r["student"]: r["id"] for r in records if _is_canvas(r)}
    every = marks(records, stems, rules)
    counts = worths(stems, rules)
    rows = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *(title(stem) for stem in counts)],
        ["Points Possible", "", "", "", "", *map(number, counts.values())],
    ]
    for student, mark in every.items():
        name = student.replace("Points Possible", "Points possible")  # or the row would set everybody's maximum
        login = "" if student in ids else name
        rows.append([name, ids.get(student, ""), "", login, "", *(number(mark.notebooks[s].points) for s in counts)])
    return rows


def _moodle(records, stems, rules):
    """Rows for Grades > Import > CSV file (docs.moodle.org/en/Grade_import, grade/import/csv).

    Map "student" to username, email or ID number, whichever the folders were named by: Moodle cannot look up a full
    name, and refuses the whole file for one student it does not know. Map a grade and its feedback to the same grade
    item.
    """
    of = {(record["student"], record["notebook"]): record for record in records}
    every = marks(records, stems, rules)
    counts = worths(stems, rules)
    rows = [["student", *(name for stem in counts for name in (title(stem), f"{title(stem)} feedback"))]]
    for student, mark in every.items():
        row = [student]
        for stem in counts:
            row += [number(mark.notebooks[stem].points), _feedback(of.get((student, stem)))]
        rows.append(row)
    return rows


def _is_canvas(record):
    return record.get("id", "").isdigit() and LAYOUTS["Canvas"].fullmatch(record.get("name", ""))


def title(stem):
    return stem.replace("_", " ")


def exercises(stem):
    """The exercises of the notebook `stem`, in their order."""
    return list(all_masters()[stem].exercises)


def cell(text):
    """Text as it stands in a table: on one line, and never a formula.

    Control characters become spaces: csv.writer leaves a lone carriage return unquoted, at which readers end the row.
    """
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text).strip()
    return FORMULA.sub(r"\1\2'", text)


def _cell(value):
    return cell(value) if isinstance(value, str) else value


def _feedback(record):
    """What was found, in a few words for a cell."""
    if record is None or record["status"] == "missing":
        return "No notebook was handed in."
    words = []
    for found in record["exercises"]:
        told = " ".join(dict.fromkeys(f["message"] for f in found["findings"] if not f["passed"]))
        about = EXERCISES[found["exercise"]]
        words.append(f"{about.title}: {found['points']} of {about.points}. {told}".strip())
        if "correction" in found:
            words.append(f"Your teacher gave {_given(found)}. {found['correction']['words']}".strip())
    return " ".join([*record.get("notes", []), *(words or [f"Not graded: {record['status']}."])])


def _write(path, rows, mark=""):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([_cell(value) for value in row] for row in rows)
    write_text(path, mark + text.getvalue())
