"""Marks as tables: grades.csv, and the files that Canvas and Moodle import."""

import csv
import io
import re
import unicodedata

from course_utils.check import EXERCISES
from course_utils.files import write_text
from course_utils.grading.submissions import all_masters

# What a spreadsheet takes for a formula, with what some Asian versions take for the same signs; behind a semicolon too,
# at which a spreadsheet that is set to European numbers begins a new cell. The quote in front is OWASP's advice
# (owasp.org/www-community/attacks/CSV_Injection).
FORMULA = re.compile(r"(^|;)(\s*)(?=[=+\-@＝＋－＠])")


def write(out, records, stems):
    """Write grades.csv, canvas.csv and moodle.csv into the folder `out`.

    records: of one notebook of one student each, as in OUT/results. stems: the notebooks that were graded, in their
    order. One row a student, sorted; a notebook or exercise without a record counts 0.

    grades.csv: student, one column an exercise, total, max. All three are UTF-8 with commas and "\\n", which csv.reader
    and spreadsheets read. grades.csv has no byte order mark, which a plain csv.reader would take for a part of the word
    "student"; Excel then has to be told that it is UTF-8 (Data > From Text/CSV). The other two, which somebody looks
    through before an import, have the mark: both importers skip it, and Excel opens them as they are.

    canvas.csv: as Canvas' own export (Canvas, lib/gradebook_importer.rb). The importer looks a student up by login,
    then by full name ("Ann Lee" or "Lee, Ann"), so the name stands in both columns; those it cannot find it offers to
    choose by hand. A notebook becomes the assignment of that title, new where there is none.

    moodle.csv: for Grades > Import > CSV file (docs.moodle.org/en/Grade_import, grade/import/csv). Map "student" to
    username, email or ID number, whichever the folders were named by: Moodle cannot look up a full name, and refuses
    the whole file for one student it does not know. Map a grade and its feedback to the same grade item.
    """
    of = {(record["student"], record["notebook"]): record for record in records}
    students = sorted({record["student"] for record in records})
    earned = {key: {found["exercise"]: found["points"] for found in of[key]["exercises"]} for key in of}
    maxima = [all_masters()[stem].points for stem in stems]
    titles = [stem.replace("_", " ") for stem in stems]

    rows = []
    for student in students:
        points = [earned.get((student, stem), {}).get(exercise, 0) for stem in stems for exercise in exercises(stem)]
        rows.append([student, *points, sum(points), sum(maxima)])
    header = ["student", *(exercise for stem in stems for exercise in exercises(stem)), "total", "max"]
    _write(out / "grades.csv", [header, *rows])

    rows = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles],
        ["Points Possible", "", "", "", "", *maxima],
    ]
    for student in students:
        name = student.replace("Points Possible", "Points possible")  # or the row would set everybody's maximum
        rows.append([name, "", "", name, "", *(sum(earned.get((student, stem), {}).values()) for stem in stems)])
    _write(out / "canvas.csv", rows, mark="\ufeff")

    rows = [["student", *(name for title in titles for name in (title, f"{title} feedback"))]]
    for student in students:
        row = [student]
        for stem in stems:
            row += [sum(earned.get((student, stem), {}).values()), _feedback(of.get((student, stem)))]
        rows.append(row)
    _write(out / "moodle.csv", rows, mark="\ufeff")


def exercises(stem):
    """The exercises of the notebook `stem`, in their order."""
    return list(all_masters()[stem].exercises)


def cell(text):
    """Text as it stands in a table: on one line, and never a formula.

    Control characters become spaces: csv.writer leaves a lone carriage return unquoted, at which readers end the row.
    """
    text = "".join(" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in text).strip()
    return FORMULA.sub(r"\1\2'", text)


def _feedback(record):
    """What was found, in a few words for a cell."""
    if record is None or record["status"] == "missing":
        return "No notebook was handed in."
    words = []
    for found in record["exercises"]:
        told = " ".join(dict.fromkeys(f["message"] for f in found["findings"] if not f["passed"]))
        about = EXERCISES[found["exercise"]]
        words.append(f"{about.title}: {found['points']} of {about.points}. {told}".strip())
    return " ".join([*record.get("notes", []), *(words or [f"Not graded: {record['status']}."])])


def _write(path, rows, mark=""):
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([cell(value) if isinstance(value, str) else value for value in row] for row in rows)
    write_text(path, mark + text.getvalue())
