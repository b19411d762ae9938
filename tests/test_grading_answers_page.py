"""The page that shows a teacher what a student wrote."""

import re

import pytest
from grading_records import BLOCKS, HOUSE, answer, everything, record

from course_utils.grading import answers_page
from course_utils.grading.submissions import Submission, Unit

HARD = {"code": "shortcut_missing", "message": "Which `Add` do you mean?", "expected": "two inputs", "got": "`[h, h]`"}
RECORDS = [
    record("Zoë", BLOCKS, answer("identity_block", 5, **HARD), answer("zero_pad_shortcut", 0), notes=["Late <i>."]),
    record("Zoë", HOUSE, status="unreadable"),
]
UNITS = [
    Unit("imports", "from course_utils.quiet import keras"),
    Unit("added 3", "def helper(x):\n    return x  # mine", own=True),
    Unit(
        "identity_block 4",
        'def identity_block(X):\n    """</pre><script>alert(1)</script>"""',
        "identity_block",
        own=True,
    ),
    Unit("identity_block 5", "again = 'a\u202eb' < 3 & 4", "identity_block", own=True),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    path = answers_page.write(out, "Zoë", RECORDS, {BLOCKS: Submission("Zoë", BLOCKS, UNITS)})
    assert path == out / "answers" / "Zoë.html"
    return path.read_text(encoding="utf-8")


def read(page):
    """What is read of a page, without tags."""
    return re.sub(r"<[^>]+>", "", page.partition("<body>")[2])


def test_code_stands_beside_its_findings(page):
    text = read(page)
    places = [text.index(words) for words in ("def identity_block(X):", "again =", "Which Add do you mean?")]
    assert places == sorted(places)
    assert "expected: two inputs" in text
    assert "There is no answer." in text
    assert f"{HOUSE}, unreadable" in text


def test_what_the_student_added_is_shown_and_what_the_course_gives_is_not(page):
    text = read(page)
    assert text.index("Further cells") < text.index("def helper(x):")
    assert "course_utils.quiet" not in text


def test_it_is_escaped_coloured_and_runs_nothing(page):
    assert "<script" not in page
    assert "&lt;/pre&gt;&lt;script&gt;" in page
    assert "Late &lt;i&gt;." in page
    assert "\u202e" not in page
    assert '<span class="p-k">def</span>' in page
    assert ".cell .p-k" in page
    assert "prefers-color-scheme: dark" in page
    assert not re.search(r"""(src|href)=["']""", page)


def test_a_very_long_answer_is_shown_without_colours():
    text = answers_page.code("x = '<'\n" * 5000)
    assert "<" not in text
    assert text.count("x = &#39;&lt;&#39;") == 5000


def test_the_caller_may_name_the_file(tmp_path):
    path = answers_page.write(tmp_path, "a/b", [everything("a/b")], {}, name="a_b~1.html")
    assert path == tmp_path / "answers" / "a_b~1.html"
    assert answers_page.write(tmp_path, "a/b", [], {}).name == "a_b.html"
