"""Feedback pages and the class report, read by a parser as a browser would."""

import tempfile
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from grading_records import BLOCKS, HOUSE, STEMS, answer, everything, record
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.check.result import UNANSWERED
from course_utils.grading import report

VOID = {"meta", "br", "link", "img", "input", "hr", "base"}
INLINE = {"a", "bdi", "code", "small", "span", "strong"}
HARD = {"code": "shortcut_missing", "message": "Which `Add` do you mean?", "expected": "two inputs", "got": "`[h, h]`"}
CLASS = [
    everything("Zoë"),
    everything("Zoë", HOUSE),
    record("Ann Lee", BLOCKS, answer("identity_block", 5, **HARD), answer("zero_pad_shortcut", 3), seconds=60.5),
    record(
        "Ann Lee",
        HOUSE,
        answer("happy_model", 0, UNANSWERED, "This exercise is not answered yet."),
        notes=["The cell `a` was split."],
        seconds=4.5,
    ),
    record(
        "Bo",
        BLOCKS,
        answer("identity_block", 6, **HARD),
        answer("convolutional_block", 0, "exception", "It stops."),
        seconds=5.5,
    ),
    record("Bo", HOUSE, status="timeout", seconds=30),
    record("Cy", BLOCKS, status="missing", seconds=0),
]


class Page(HTMLParser):
    """tags: (name, names of attributes) in order; text: what is read; links: where they lead to."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.open, self.links, self.attributes, self.text = [], [], [], [], ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()
        assert self.open == []
        self.words = " ".join(self.text.split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += attrs
        self.text += "" if tag in INLINE else " "
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data


def written(folder, records, stems=STEMS):
    """(the class report, {student: page})."""
    folder = Path(folder)
    report.write(folder, records, stems)
    pages = {path.stem: Page(path) for path in (folder / "feedback").iterdir()}
    return Page(folder / "report.html"), pages


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    return written(tmp_path_factory.mktemp("pages"), CLASS)


def test_every_student_gets_a_page_and_the_report_leads_there(pages):
    whole, students = pages
    assert set(students) == {"Ann Lee", "Bo", "Cy", "Zoë"}
    assert {unquote(link) for link in whole.links} == {f"feedback/{name}.html" for name in students}


def test_pages_stand_alone_and_run_nothing(pages):
    whole, students = pages
    for page in (whole, *students.values()):
        policy = page.tags.index(("meta", ("http-equiv", "content")))
        assert policy < page.tags.index(("style", ()))
        assert ("content", "default-src 'none'; style-src 'unsafe-inline'; img-src data:") in page.attributes
        assert not {"script", "link", "img", "iframe", "object", "form", "base"} & {tag for tag, _ in page.tags}
        assert not [name for name, _ in page.attributes if name.startswith("on")]
        assert "url(" not in page.source
        assert "@import" not in page.source
        assert "prefers-color-scheme: dark" in page.source
        assert ("name", "viewport") in page.attributes
    assert not any(page.links for page in students.values())


def test_a_student_is_told_everything_that_was_found(pages):
    _, students = pages
    for student, page in students.items():
        for one in (one for one in CLASS if one["student"] == student):
            assert all(note.replace("`", "") in page.words for note in one.get("notes", []))
            for exercise in one["exercises"]:
                assert f"{exercise['points']} of {exercise['max_points']} points" in page.words
                for finding in exercise["findings"]:
                    said = finding["message"].removeprefix("Not reached: ").replace("`", "")
                    assert said in page.words
    ann = students["Ann Lee"]
    assert "expected: two inputs" in ann.words
    assert "got: [h, h]" in ann.words
    assert "<code>Add</code>" in ann.source
    assert "<code>a</code>" in ann.source
    assert "8 of 25 points." in ann.words
    assert "Residual blocks" in ann.words  # the notebook's heading
    assert "the answer to identity_block." in ann.words  # where to look: not where all is right


def test_what_is_to_be_done_comes_first_and_is_not_told_by_colour_alone(pages):
    words = pages[1]["Ann Lee"].words
    start = words.index("identity_block")
    order = [words.index(mark, start) for mark in ("✗ look here", "– not reached", "✓ right")]
    assert order == sorted(order)


def test_what_took_no_points_is_advice(tmp_path):
    one = answer("identity_block", 8)
    one["findings"].append({**one["findings"][0], "code": "slow", "passed": False, "message": "Shorter is possible."})
    _, students = written(tmp_path, [record("Ann", BLOCKS, one)])
    assert "ℹ advice Shorter is possible." in students["Ann"].words
    assert "look here" not in students["Ann"].words


@pytest.mark.parametrize("status", ["timeout", "out-of-memory", "crashed", "no-result", "unreadable", "missing"])
def test_every_status_is_put_into_words_and_into_the_report(tmp_path, status):
    whole, students = written(tmp_path, [everything("Ann"), record("Bo", BLOCKS, status=status)], [BLOCKS])
    told = report.STATUS[status]
    assert told.endswith("?")
    assert told in students["Bo"].words
    assert told not in students["Ann"].words
    assert f"{status} {BLOCKS} 1" in whole.words
    assert f"Bo {BLOCKS}: {status}; no points 0" in whole.words


def test_what_has_no_record_is_missing(pages):
    assert pages[1]["Cy"].words.count(report.STATUS["missing"]) == 2


def test_a_file_that_is_no_notebook_of_the_course_is_named(tmp_path):
    records = [record("Bo", "my notes.ipynb", status="unreadable", seconds=0), everything("Bo")]
    whole, students = written(tmp_path, records, [BLOCKS])
    assert f"my notes.ipynb {report.STATUS['unreadable']}" in students["Bo"].words
    assert "19 of 19 points." in students["Bo"].words
    assert "Bo my notes.ipynb: unreadable 19" in whole.words


def test_no_student_sees_the_name_of_another(pages):
    _, students = pages
    for student, page in students.items():
        assert not [other for other in students if other != student and other in page.source]


def test_the_report_counts(pages):
    words = pages[0].words
    assert "4 students, 2 notebooks. Median 7 of 25 points." in words  # 0, 6, 8 and 25
    assert "took 101.5 s in all, 5.0 s in the median, 60.5 s at most (Ann Lee, 04_residual_blocks)." in words
    label = dict(pages[0].attributes)["aria-label"]
    assert label.split(". ")[1:] == ["From 0 %: 1", "From 20 %: 1", "From 30 %: 1", "From 90 %: 1", ""]
    assert "identity_block 04_residual_blocks mean: 59 % of the points 1 of 4 with all points" in words  # 19 of 32
    assert "HappyModel 03_happy_house mean: 25 % of the points 1 of 4 with all points 1 did not answer Ann Lee" in words


def test_findings_are_counted_by_students_and_the_most_frequent_stands_first(pages):
    words = pages[0].words
    first = words.index("identity_block · shortcut_missing Which Add do you mean? whose Ann Lee, Bo 2")
    assert first < words.index("convolutional_block · exception It stops. whose Bo 1")
    assert "Worth five minutes in the next lecture: identity_block, 2 students. Which Add do you mean?" in words
    assert "not answered yet" not in words
    assert "not_reached" not in words


def test_who_needs_a_hand(pages):
    words = pages[0].words
    part = words[words.index("Who needs a hand") : words.index("Everybody")]
    assert f"Bo {HOUSE}: timeout 6" in part
    assert f"Cy {HOUSE}: missing; {BLOCKS}: missing; no points 0" in part
    assert "Zoë" not in part
    assert "Ann Lee" not in part


def test_an_empty_class_is_a_page_too(tmp_path):
    report.write(tmp_path, [], STEMS)
    assert "0 students" in Page(tmp_path / "report.html").words


def test_two_students_never_share_a_page(tmp_path):
    names = ["Ann", "ann", "A/n", "A:n", "A_n", "100%41 #1"]
    records = [record(name, BLOCKS, answer("identity_block", points)) for points, name in enumerate(names, 1)]
    whole, students = written(tmp_path, records, [BLOCKS])
    assert len({name.casefold() for name in students}) == 6
    for points, name in enumerate(names, 1):
        assert sum(page.words.startswith(f"Feedback for {name} {name} {points} of") for page in students.values()) == 1
    assert {unquote(urlsplit(link).path) for link in whole.links} == {f"feedback/{name}.html" for name in students}


def whose(name):
    """The number by which Moodle (importziplib.php) or Canvas (assignment.rb) takes a file for a student's."""
    parts = name.partition("/")[0].split("_", 4)
    if parts[2:4] == ["assignsubmission", "file"] and parts[1].isdigit():
        return parts[1]
    if parts[0] == "anon":
        return parts[1]
    numbers = [part for part in name.split("_") if part.isdigit()]
    return numbers[0] if len(numbers) > 1 else None


@pytest.mark.parametrize(
    ("name", "back", "number"),
    [
        ("Same Name_11_assignsubmission_file_", "Same Name_11_assignsubmission_file_/feedback.html", "11"),
        ("Zoë Lee_12_assignsubmission_file", "Zoë Lee_12_assignsubmission_file/feedback.html", "12"),
        ("Given Family_77_assignsubmission_file_04.ipynb", "Given Family_77_assignsubmission_file_feedback.html", "77"),
        ("leezoe_303_901_04_residual_blocks.ipynb", "leezoe_303_901_04_residual_blocks.html", "303"),
        ("leezoe_LATE_303_901_homework", "leezoe_LATE_303_901_homework.html", "303"),  # a zip file
        ("anon_aB3dE_901_04_residual_blocks.ipynb", "anon_aB3dE_901_04_residual_blocks.html", "aB3dE"),
        ("Zoë", "Zoë Lee.html", None),
        ("", "Zoë Lee.html", None),
        ("lee\udcff_303_901_04.ipynb", "lee?_303_901_04.html", "303"),
    ],
)
def test_feedback_goes_back_under_the_name_of_the_download(tmp_path, name, back, number):
    report.write(
        tmp_path, [everything("Zoë Lee") | {"name": name}, everything("Zoë Lee", HOUSE) | {"name": name}], STEMS
    )
    with zipfile.ZipFile(tmp_path / "feedback.zip") as archive:
        assert archive.namelist() == [back]
        assert whose(back) == number
        assert archive.read(back) == (tmp_path / "feedback" / "Zoë Lee.html").read_bytes()


def shape(folder, name, text):
    """The elements of both pages, for a student of that name who was told that text; code apart."""
    findings = {"code": text, "message": text, "expected": text, "got": text}
    records = [
        record(name, BLOCKS, answer("identity_block", 5, **findings), notes=[text]),
        record(name, text, status="unreadable"),
    ]
    report.write(Path(folder), records, [BLOCKS])
    (feedback,) = (Path(folder) / "feedback").iterdir()
    pages = [Page(feedback), Page(Path(folder) / "report.html")]
    return [[tag for tag in page.tags if tag[0] != "code"] for page in pages], pages


NASTY = st.sampled_from(
    ["<script>alert(1)</script>", '"><img src=x onerror=x>', "</title><p>", "`<b>`", "{{ 7 * 7 }}", "&lt;", "a`b`<i>`"]
)


@settings(max_examples=60)
@given(st.text(st.characters(), min_size=1) | NASTY, st.text(st.characters(), min_size=1) | NASTY)
def test_no_text_adds_an_element(name, text):
    with tempfile.TemporaryDirectory() as plain, tempfile.TemporaryDirectory() as folder:
        assert shape(folder, name, text)[0] == shape(plain, "Ann", "words")[0]


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "{{ 7 * 7 }}", "&lt;b&gt;", '"><img src=x>', "'"])
def test_text_is_read_as_it_was_written(tmp_path, text):
    for page in shape(tmp_path, text, text)[1]:
        assert page.words.count(text) >= 4


def test_text_cannot_turn_round_or_break_what_stands_behind_it(tmp_path):
    text = "a\u202eb\u2066c\x00d\x1b[31m\ud800e"
    for page in shape(tmp_path, text, text)[1]:
        assert not set("\u202e\u2066\x00\x1b") & set(page.source)
        assert "abc\ufffdd\ufffd[31m\ufffde" in page.words


def test_text_of_any_length_is_held(tmp_path):
    one = record("N" * 10_000, BLOCKS, answer("identity_block", 5, message="m" * 10_000))
    whole, students = written(tmp_path, [one], [BLOCKS])
    (feedback,) = students.values()
    assert "m" * 10_000 in feedback.words
    assert "overflow-wrap: anywhere" in feedback.source
    assert len(whole.source) < 10_000
