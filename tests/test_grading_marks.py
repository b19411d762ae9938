"""The teacher's word over the machine's marks, and what is graded again: records made by hand, nothing is graded."""

import csv
import hashlib
import json
import re
from fractions import Fraction

import pytest
from click.testing import CliRunner
from grading_records import BLOCKS, HOUSE, STEMS, answer, everything, record

from course_utils.cli import main
from course_utils.errors import CourseError
from course_utils.grading import again, marks
from course_utils.grading.grade import grade, settle
from course_utils.grading.hand_ins import Collected, SubmittedFile

PEOPLE = {("Zoë", ""), ("007", "303"), ("=1+1", ""), ("Family, Given", ""), ("Ann", "12"), ("Bo", "8")}
ZOE = record(
    "Zoë", BLOCKS, answer("identity_block", 5), answer("convolutional_block", 8), answer("zero_pad_shortcut", 3)
)
CLASS = [
    ZOE,
    everything("Zoë", HOUSE),
    everything("007") | {"late": True, "id": "303", "name": "bond_LATE_303_901_04.ipynb"},
    everything("=1+1", HOUSE),
]


def folder(tmp_path, records=CLASS, **files):
    """A folder of grades; files: {name, with _ for the dot: text or bytes}."""
    for one in records:
        path = tmp_path / "results" / one["student"] / f"{one['notebook']}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(one), encoding="utf-8")
    for name, data in files.items():
        data = data.encode() if isinstance(data, str) else data
        (tmp_path / name.replace("_", ".")).write_bytes(data)
    return tmp_path


def rows(out):
    with open(out / "grades.csv", encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


HEAD = "student,exercise,points,words\n"


@pytest.mark.parametrize(
    ("table", "found"),
    [
        (HEAD + "Zoë,identity_block,6,Nearly.", ("Zoë", "identity_block", 6, False, "Nearly.")),
        (
            HEAD + 'Zoë,identity_block,+1,"two\nlines, one cell"',
            ("Zoë", "identity_block", 1, True, "two\nlines, one cell"),
        ),
        (HEAD + "Zoë,HappyModel,-2,", ("Zoë", "happy_model", -2, True, "")),
        (HEAD + "Zoë,identity_block,−1,", ("Zoë", "identity_block", -1, True, "")),
        (HEAD + "Zoë,identity_block,'+1,", ("Zoë", "identity_block", 1, True, "")),
        (HEAD + "Zoë,identity_block,0,", ("Zoë", "identity_block", 0, False, "")),
        ("Student , exercise,+/-,words\nZoë , identity_block,1,", ("Zoë", "identity_block", 1, True, "")),
        ("words,my own,points,exercise,student\na,b,2,identity_block,Zoë", ("Zoë", "identity_block", 2, False, "a")),
        ("student,exercise,points,+/-,words\nZoë,identity_block,,2,a", ("Zoë", "identity_block", 2, True, "a")),
        ("\ufeff" + HEAD + "Zoë,identity_block,6,a\n", ("Zoë", "identity_block", 6, False, "a")),
        (HEAD.replace(",", ";") + "Zoë;identity_block;6,5;a\r\n;;;\r\n", ("Zoë", "identity_block", 6.5, False, "a")),
        (HEAD.replace(",", "\t") + "Zoë\tidentity_block\t6.5\ta, b", ("Zoë", "identity_block", 6.5, False, "a, b")),
        ((HEAD + "Zoë,identity_block,6,ä").encode("cp1252"), ("Zoë", "identity_block", 6, False, "ä")),
        ((HEAD + "Zoë,identity_block,6,ä").encode("utf-16"), ("Zoë", "identity_block", 6, False, "ä")),
        (HEAD + "Zoe\u0308,identity_block,6,", ("Zoë", "identity_block", 6, False, "")),
        (HEAD + "8,identity_block,6,", ("Bo", "identity_block", 6, False, "")),  # a platform's number
        (HEAD + "303,identity_block,6,", ("007", "identity_block", 6, False, "")),
        (HEAD + "'=1+1,identity_block,6,", ("=1+1", "identity_block", 6, False, "")),
        (HEAD + '"Family, Given",identity_block,6,', ("Family, Given", "identity_block", 6, False, "")),
    ],
)
def test_a_correction_is_read_as_people_and_spreadsheets_write_it(tmp_path, table, found):
    out = folder(tmp_path, [], corrections_csv=table)
    (one,) = marks.read(out, None, PEOPLE, STEMS).corrections
    assert one == (f"{out / 'corrections.csv'}, line 2", found[0], found[1], Fraction(found[2]), *found[3:])


@pytest.mark.parametrize(
    ("written", "student"), [("007", "007"), ("7", "007"), ("08", "08"), ("8", None), ("8.0", None)]
)
def test_a_spreadsheet_makes_a_number_of_a_name(written, student):
    people = marks.names({("007", ""), ("08", ""), ("8_", ""), ("008", "")})
    if student:
        assert marks.student_named(written, people) == student
    else:
        with pytest.raises(CourseError, match=f'no student "{written}"'):
            marks.student_named(written, people)


BAD = [
    ("corrections", "", "line 1: the file is empty: the first line should be student,exercise,points,words."),
    (
        "corrections",
        "student,exercise,words\n",
        'line 1: there is no column "points": the first line should be student,',
    ),
    (
        "corrections",
        "student;exercise;points\n",
        'line 1: there is no column "words": the first line should be student,',
    ),
    ("corrections", HEAD + "\nZoe,identity_block,1,", 'line 3: there is no student "Zoe": is it Zoë?'),
    ("corrections", HEAD + "Nobody Else,identity_block,1,", 'line 2: there is no student "Nobody Else".'),
    ("corrections", HEAD + ",identity_block,1,", 'line 2: there is no student "".'),
    (
        "corrections",
        HEAD + "Zoë,resnet50,1,",
        'line 2: there is no exercise "resnet50": there are happy_model, identity_',
    ),
    ("corrections", HEAD + "Zoë,identity_block,9,", "line 2: identity_block has 8 points, which 9 does not fit."),
    ("corrections", HEAD + "Zoë,identity_block,+9,", "line 2: identity_block has 8 points, which 9 does not fit."),
    (
        "corrections",
        HEAD + "Zoë,identity_block,+4,",
        "line 2: Zoë has 5 of 8 points in identity_block, with this correcti",
    ),
    (
        "corrections",
        HEAD + "Zoë,identity_block,-6,",
        "line 2: Zoë has 5 of 8 points in identity_block, with this correcti",
    ),
    ("corrections", HEAD + "Zoë,identity_block,,", "line 2: there should be a number of points, such as 5, +1 or -1."),
    ("corrections", HEAD + "Zoë,identity_block,two,", 'line 2: "two" is no number: write one such as 5, +1 or -1.'),
    ("corrections", HEAD + "Zoë,identity_block,1e3,", 'line 2: "1e3" is no number'),
    ("corrections", HEAD + "Zoë,identity_block,=1+1,", 'line 2: "=1+1" is no number'),
    (
        "corrections",
        HEAD + "Zoë,identity_block,6,5,a",
        "line 2: there are 5 cells for 4 columns: put quotes around commas.",
    ),
    ("corrections", HEAD + 'Zoë,identity_block,6,"a', "line 2: this is no row of a table (unexpected end of data)."),
    (
        "corrections",
        HEAD + 'Zoë,happy_model,6,"a\nb"\nZoë,HappyModel,5,',
        "line 4: Zoë has a correction of happy_model al",
    ),
    ("late", "student\nZoë", 'line 1: there is no column "days": the first line should be student,days.'),
    ("late", "student,days\nZoë,-1", "line 2: days are counted from 0."),
    ("late", "student,days\nZoë,soon", 'line 2: "soon" is no number'),
    ("late", "student,days\nZoë,1\nZoë,2", "line 3: Zoë stands there twice: keep one of the two lines."),
    (
        "late",
        "student,days,notebook\nZoë,1,05b",
        'line 2: there is no notebook "05b" with exercises: there are 01_class',
    ),
    ("class", "maximum = 100\n\n[late\n", "line 3: this is not written as TOML wants it (Expected ']'"),
    ("class", "rounding = 0,5", "line 1: this is not written as TOML wants it (Expected newline"),
    ("class", 'a = "', "line 1: this is not written as TOML wants it ("),
    (
        "class",
        "# late.per_dya\n[late]\nper_dya = 10",
        'line 3: "late.per_dya" is unknown: there are notebooks, rounding, max',
    ),
    (
        "class",
        "weights = 1",
        'line 1: "weights" is unknown: there are notebooks, rounding, maximum, late.per_day, late.grace',
    ),
    ("class", "late = 3", 'line 1: "late" is unknown'),
    (
        "class",
        "[notebooks]\n04 = 1\n05_resnet = 2",
        'line 3: there is no notebook "05_resnet" with exercises: there are 01_',
    ),
    (
        "class",
        "[notebooks]\n04 = 1\n04_residual_blocks = 2",
        "line 3: 04_residual_blocks stands there twice: keep one of th",
    ),
    ("class", "[notebooks]\n04 = 0", "line 1: no notebook counts: give one of them points."),
    ("class", "\n[notebooks]\n04 = true", "line 3: True does not fit: there should be a number from 0 to 100000."),
    ("class", "maximum = nan", "line 1: NaN does not fit: there should be a number from 0 to 100000."),
    ("class", "maximum = inf", "line 1: Infinity does not fit: there should be a number from 0 to 100000."),
    ("class", "maximum = '100'", "line 1: 100 does not fit: there should be a number from 0 to 100000."),
    ("class", "[late]\nper_day = 120", "line 2: 120 does not fit: there should be a number from 0 to 100."),
    ("class", "[late]\nper_day = 0.1", "line 2: per_day is in percent: write 10 for a tenth of the points."),
]
ENDINGS = {"corrections": "csv", "late": "csv", "class": "toml"}


@pytest.mark.parametrize(("kind", "text", "said"), BAD)
def test_what_cannot_be_meant_is_said_with_its_line(tmp_path, kind, text, said):
    name = f"{kind}_{ENDINGS[kind]}"
    out = folder(tmp_path, **{name: text})
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    done = CliRunner().invoke(main, ["marks", str(out)])
    assert f"course: {out / name.replace('_', '.')}, {said}" in str(done.exception)
    assert (done.exit_code, done.output, str(done.exception).count("\n")) == (1, f"{done.exception}\n", 0)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


RULES = """
maximum = 100
rounding = 0.5
[notebooks]
03 = 30
04_residual_blocks = 70
[late]
per_day = 10
grace = 1
cap = 25
"""


@pytest.mark.parametrize(
    ("rules", "late", "total", "most"),
    [
        ("", "", 22, 25),
        ("", "Zoë,9", 22, 25),  # late days cost what class.toml says
        ("maximum = 100", "", 88, 100),
        ("rounding = 10", "", 20, 25),
        ("rounding = 4", "", 24, 25),  # 22 lies between 20 and 24: a half goes up
        ("rounding = 15", "", 15, 25),
        ("rounding = 21", "", 21, 25),
        ("rounding = 14", "", 25, 25),  # never above what there is
        ("[notebooks]\n04 = 38", "", 32, 38),
        ("[notebooks]\n04 = 1\n03 = 1\n", "", 1.84, 2),  # 16/19 + 1
        ("[notebooks]\n04 = 1\n03 = 0\n", "", 0.84, 1),
        ("[notebooks]\n03 = 1", "", 1, 1),
        ("[notebooks]\n03 = 1\n05 = 1", "", 1, 1),  # nobody has handed in 05
        ("[late]\nper_day = 10", "Zoë,1", 19.8, 25),
        ("[late]\nper_day = 10", "Zoë,0.5", 20.9, 25),
        ("[late]\nper_day = 10\ngrace = 1", "Zoë,1", 22, 25),
        ("[late]\nper_day = 10\ngrace = 1", "Zoë,3", 17.6, 25),
        ("[late]\nper_day = 10\ncap = 30", "Zoë,8", 15.4, 25),
        ("[late]\nper_day = 10", "Zoë,11", 0, 25),
        ("[late]\nper_day = 100\ncap = 0", "Zoë,11", 22, 25),
        (RULES, "", 89, 100),  # 30 + 70 * 16/19 = 88.947
        (RULES, "Zoë,2", 80, 100),
        (RULES, "Zoë,99", 66.5, 100),
    ],
)
def test_what_counts(tmp_path, rules, late, total, most):
    out = folder(tmp_path, class_toml=rules, late_csv=f"student,days\n{late}")
    settle(out)
    assert (rows(out)["Zoë"]["total"], rows(out)["Zoë"]["max"]) == (str(total), str(most))


def test_the_platforms_late_is_one_day_until_it_is_told_better(tmp_path):
    out = folder(tmp_path, class_toml="[late]\nper_day = 10")
    for late, points in ("", "17.1"), ("007,0,", "19"), ("007,2,04", "15.2"), ("303,2,03\n303,3,", "13.3"):
        (out / "late.csv").write_text("student,days,notebook\n" + late)
        settle(out)
        assert rows(out)["007"]["total"] == points
    assert "04_residual_blocks: 3 days late, 30 % less" in (out / "report.html").read_text(encoding="utf-8")
    page = (out / "feedback" / "007.html").read_text(encoding="utf-8")
    assert "It came 3 days late: 30 % less. In the total it counts 13.3 of 19 points." in page


CORRECTIONS = (
    HEAD + "Zoë,identity_block,+1.5,Your idea is <right>.\n=1+1,HappyModel,0,Copied.\n007,happy_model,2,On paper.\n"
)


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """The class, graded, then corrected: (the folder, what was printed, what it had shown before)."""
    out = folder(tmp_path_factory.mktemp("settled"))
    run(out)
    (out / "corrections.csv").write_text(CORRECTIONS, encoding="utf-8")
    before = contents(out)
    shown = run(out, "--dry-run")
    assert contents(out) == before
    return out, run(out), shown


def run(out, *words):
    done = CliRunner().invoke(main, ["marks", str(out), *words], env={"COLUMNS": "160"})
    assert done.exit_code == 0, done.output
    return done.output


def contents(out):
    return {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}


def test_it_is_shown_before_it_is_done(settled):
    _, done, shown = settled
    table = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if line.startswith("│")]
    assert ["Zoë", "identity_block", "5", "6.5", "Your idea is <right>."] in table
    assert ["007", "happy_model", "0", "2", "On paper."] in table
    assert ["007", "total", "19", "21", "happy_model: 2 instead of 0 (On paper.); 04_residual_blocks: late"] in table
    assert len(table) == 6
    assert shown.endswith("Nothing was written.\n")
    assert [line for line in done.splitlines() if line.startswith("│")] == shown.splitlines()[3:9]


def test_corrections_count_in_every_table_and_page(settled):
    out, _, _ = settled
    assert {student: row["total"] for student, row in rows(out).items()} == {"Zoë": "23.5", "007": "21", "'=1+1": "0"}
    assert rows(out)["Zoë"]["identity_block"] == "6.5"
    assert rows(out)["Zoë"]["notes"] == "identity_block: 6.5 instead of 5 (Your idea is <right>.)"
    canvas = (out / "canvas.csv").read_text(encoding="utf-8-sig").splitlines()
    assert canvas[2] == "007,303,,,,2,19"
    assert canvas[4] == "Zoë,,,Zoë,,6,17.5"
    moodle = (out / "moodle.csv").read_text(encoding="utf-8-sig")
    assert "Your teacher gave 6.5 instead of 5. Your idea is <right>." in moodle
    page = (out / "feedback" / "Zoë.html").read_text(encoding="utf-8")
    assert re.search(
        r"Your teacher gave 6\.5 instead of 5\.\s*<span class=\"text\">Your idea is &lt;right&gt;\.</span>", page
    )
    assert "<p>23.5 of 25 points.</p>" in page
    report = (out / "report.html").read_text(encoding="utf-8")
    assert report.count(" instead of ") == 3
    assert "Your idea is &lt;right&gt;." in report


def test_the_machines_marks_stay_and_a_further_run_changes_nothing(settled):
    out, _, _ = settled
    kept = {(r["student"], r["notebook"]): r for r in (json.loads(p.read_text()) for p in out.glob("results/*/*.json"))}
    assert kept == {(r["student"], r["notebook"]): r for r in CLASS}
    before = contents(out)
    assert "Nothing changes" in run(out)
    assert contents(out) == before


def test_a_correction_is_kept_when_its_notebook_is_graded_again(tmp_path):
    out = folder(tmp_path, corrections_csv=HEAD + "Zoë,identity_block,+2,a\n")
    settle(out)
    assert rows(out)["Zoë"]["identity_block"] == "7"
    folder(tmp_path, [everything("Zoë")])  # 8 of 8 now
    words = settle(out).words
    assert rows(out)["Zoë"]["identity_block"] == "8"
    assert [line.partition(": ")[2] for line in words] == [
        "Zoë has 8 of 8 points in identity_block, with this correction it would be 10: change the line."
    ]


def test_class_toml_is_looked_for_and_remembered(tmp_path):
    out, place = folder(tmp_path / "grades"), tmp_path / "class.toml"
    place.write_text("maximum = 50")
    again.remember(out, {"seed": 1, "rules": str(place)})
    assert settle(out).rules == place
    assert rows(out)["Zoë"]["max"] == "50"
    assert settle(out, tmp_path / "class.toml").rules == place
    place.unlink()
    with pytest.raises(CourseError, match="is gone: name it with --class"):
        settle(out)
    (out / "class.toml").write_text("maximum = 60")
    assert settle(out).rules == out / "class.toml"
    with pytest.raises(CourseError, match="holds no grades"):
        settle(tmp_path)


@pytest.mark.parametrize(("kind", "text", "said"), [bad for bad in BAD if "has 5 of 8" not in bad[2]][::4])
def test_nothing_is_graded_before_it_is_understood(tmp_path, monkeypatch, kind, text, said):
    (tmp_path / "in" / "Zoë").mkdir(parents=True)
    (tmp_path / "in" / "Zoë" / f"{BLOCKS}.ipynb").write_text("<html>")
    (tmp_path / "in" / "Zoë" / f"{HOUSE}.ipynb").write_text("<html>")
    (tmp_path / "out").mkdir()
    folder(tmp_path / "out", [], **{f"{kind}_{ENDINGS[kind]}": text})
    with pytest.raises(CourseError, match=re.escape(said)):
        grade(tmp_path / "in", tmp_path / "out", jobs=1)
    assert len([*(tmp_path / "out").iterdir()]) == 1


# --- Again -----------------------------------------------------------------------------------------------------------


def handed(student, data=b"new", **more):
    return SubmittedFile(student, f"{BLOCKS}.ipynb", lambda: data, **more)


def collected(*ones, broken=()):
    found = Collected(sorted({one.student for one in ones} | {*broken}), [BLOCKS])
    found.chosen = {(one.student, BLOCKS): one for one in ones}
    found.broken = {(student, BLOCKS): "It is cut short." for student in broken}
    found.rows = [
        {"file": f"{one.name}/{one.place}", "student": one.student, "id": one.id, "notebook": BLOCKS} for one in ones
    ]
    return found


def made_of(data, student="Ada", **more):
    about = {"sha256": hashlib.sha256(data).hexdigest(), "course": again.course_of(BLOCKS)}
    return everything(student) | about | {"late": False, "id": "", "name": ""} | more


UNREADABLE = record("Ada", BLOCKS, status="unreadable", notes=["It is cut short."])


@pytest.mark.parametrize(
    ("found", "old", "why"),
    [
        (collected(handed("Ada")), None, "new"),
        (collected(handed("Ada")), record("Ada", BLOCKS, status="missing"), "new"),
        (collected(handed("Ada")), made_of(b"new"), None),
        (collected(handed("Ada", late=True)), made_of(b"new"), None),
        (collected(handed("Ada")), made_of(b"old"), "changed"),
        (collected(handed("Ada")), UNREADABLE, "changed"),
        (collected(handed("Ada")), made_of(b"new", course="other checks"), "checks"),
        (collected(handed("Bo"), broken=["Ada"]), made_of(b"old"), "changed"),
        (collected(handed("Bo"), broken=["Ada"]), UNREADABLE, None),
        (Collected(["Ada"], [BLOCKS]), made_of(b"old"), None),  # not in this download
        (Collected(["Ada"], [BLOCKS]), None, "new"),
    ],
)
def test_what_is_graded_again(found, old, why):
    records = {("Ada", BLOCKS): old} if old else {}
    assert again.why(found, records, set()).get(("Ada", BLOCKS)) == why
    assert again.why(found, records, {"Ada"}) == {("Ada", BLOCKS): "again"}
    assert again.why(found, records, {"Bo"}).get(("Ada", BLOCKS)) is None


def test_what_a_platform_says_anew_is_noted_without_grading():
    found = collected(handed("Ada", late=True, id="3", name="ada_LATE_3_4_x.ipynb"), handed("Bo"))
    old = {("Ada", BLOCKS): made_of(b"new"), ("Bo", BLOCKS): made_of(b"new", "Bo"), ("Cy", BLOCKS): made_of(b"x", "Cy")}
    (one,) = again.told_anew(found, old, {})
    assert one == made_of(b"new", late=True, id="3", name="ada_LATE_3_4_x.ipynb")


@pytest.mark.parametrize(
    ("known", "now", "names"),
    [
        ({"Ann": "1"}, {"Ann 1": "1", "Ann 2": "2"}, ["Ann", "Ann 2"]),
        ({"Ann 1": "1", "Ann 2": "2"}, {"Ann": "1"}, ["Ann 1"]),
        ({"Ann": "1"}, {"Ann": "2"}, ["Ann 2"]),
        ({"Ann": ""}, {"Ann": "2"}, ["Ann"]),
        ({"Ann": "1"}, {"Ann": ""}, ["Ann"]),
        ({"Ann": "1"}, {"Anne": "1"}, ["Ann"]),
    ],
)
def test_a_student_keeps_the_name_by_which_the_grades_know_it(known, now, names):
    found = collected(*(handed(name, id=number) for name, number in now.items()))
    again.keep_names(found, {(name, BLOCKS): made_of(b"", name, id=number) for name, number in known.items()})
    assert found.students == names
    assert sorted(name for name, _ in found.chosen) == names
    assert sorted(row["student"] for row in found.rows) == names


def test_what_is_new_is_said():
    ones = [handed(f"S{n:02}") for n in range(22)]
    found = collected(*ones, handed("Ada"), handed("Bo"), handed("Di"))
    old = [made_of(b"old"), made_of(b"new", "Bo"), made_of(b"x", "Cy"), made_of(b"new", "Di", course="x")]
    old = {(one["student"], BLOCKS): one for one in old}
    corrections = [
        marks.Correction(f"line {n}", student, "identity_block", 1, True, "") for n, student in enumerate(("Ada", "Bo"))
    ]
    new, *others = again.news(again.why(found, old, set()), old, found, corrections)
    assert new.startswith(f"New: S00 ({BLOCKS}), ")
    assert new.endswith(f"S19 ({BLOCKS}), and 2 more.")
    assert others == [
        f"Changed since the last time: Ada ({BLOCKS}).",
        f"Graded again, since the course's checks have changed: Di ({BLOCKS}).",
        f"Not in these hand-ins, the earlier marks stay: Cy ({BLOCKS}).",
        "As before: 2 notebooks.",
        "Ada's identity_block was graded again: look whether your correction should still count (line 0).",
    ]
    assert [*again.news({}, {}, found, [])] == []


def test_words_may_come_without_a_change(tmp_path):
    out = folder(tmp_path, corrections_csv=HEAD + "Zoë,identity_block,+0,Well argued.\n")
    settle(out)
    assert rows(out)["Zoë"]["notes"] == "identity_block: 5 as well (Well argued.)"
    page = (out / "feedback" / "Zoë.html").read_text(encoding="utf-8")
    assert re.search(r"Your teacher gave 5 as well\.\s*<span class=\"text\">Well argued\.</span>", page)
