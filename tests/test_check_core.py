"""The core of the checks: calling an answer, telling what happened, showing it."""

import io
import json
import subprocess
import sys
from contextlib import redirect_stdout
from html.parser import HTMLParser

import keras
import pytest
from shells import new_shell

from course_utils import check
from course_utils.check import evidence
from course_utils.check.result import Finding, Result
from course_utils.errors import CourseError

CELL = """\
from keras import layers


def helper(X):
    return layers.Dense(1)(X, 1, 2, three=3)


def HappyModel(input_shape):
    X = layers.Input(input_shape)
    X = layers.Flatten()(X)
    return helper(X)
"""


@pytest.fixture
def shell():
    shell = new_shell()
    shell.run_cell("from course_utils import check")
    return shell


# What a notebook shows.


def test_an_exception_is_shown_with_the_students_own_line(shell):
    shell.run_cell(CELL)
    result = shell.run_cell("check.happy_model(HappyModel)").result
    finding = result.findings[0]
    assert finding.code == "exception"
    assert "in line 5 of helper, `return layers.Dense(1)(X, 1, 2, three=3)`, called in line 11: " in finding.message
    assert finding.message.count("\n") == 0
    assert len(finding.message) < 500


def test_the_evidence_of_an_exception_holds_the_students_frames_only(shell):
    shell.run_cell(CELL)
    error = check.collect("happy_model", shell.user_ns["HappyModel"])["probes"][0]["call"]["error"]
    assert [(line["number"], line["function"]) for line in error["lines"]] == [(11, "HappyModel"), (5, "helper")]


def test_a_stub_is_told_in_one_sentence_where_it_is_called_and_where_it_is_checked(shell):
    shell.run_cell("def HappyModel(input_shape):\n    raise check.NotAnswered()")
    sentence = (
        "This exercise is not answered yet: line 2 of HappyModel still raises check.NotAnswered(). Write your answer "
        "in place of that line: what stands below it never runs."
    )
    result = shell.run_cell("check.happy_model(HappyModel)").result
    assert (result.points, result.status) == (0, "unanswered")
    assert [finding.message for finding in result.findings] == [sentence]
    assert " ".join(str(result).split()) == f"happy_model: 0 of 6 points to do {sentence}"

    shown = io.StringIO()
    with redirect_stdout(shown):
        assert not shell.run_cell("model = HappyModel((64, 64, 3))").success
    assert shown.getvalue().strip() == f"NotAnswered: {sentence}"


def test_a_stub_outside_a_function_and_in_a_class():
    with pytest.raises(CourseError, match="line 1 of its cell still raises"):
        exec("raise check.NotAnswered()", {"check": check})

    class Block:
        def call(self):
            raise check.NotAnswered()

    with pytest.raises(CourseError, match="of Block still raises"):
        Block().call()

    class Answer(keras.Model):
        def call(self, x):
            raise check.NotAnswered()

    assert check.happy_model(Answer).status == "unanswered"


def test_an_interrupted_check_can_be_repeated():
    def HappyModel(input_shape):
        keras.layers.Dense(1).build((None, 3))
        raise KeyboardInterrupt

    add_weight, out = keras.layers.Layer.add_weight, sys.stdout
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            check.happy_model(HappyModel)
    assert (keras.layers.Layer.add_weight, sys.stdout) == (add_weight, out)
    assert check.happy_model(lambda shape: 1).findings[0].code == "not_a_model"


def test_names_that_are_no_exercise_and_calls_without_an_answer():
    with pytest.raises(CourseError, match=r"There is no exercise 'happy_house': choose one of .*happy_model\b.*\."):
        _ = check.happy_house
    with pytest.raises(CourseError, match="There is no exercise"):
        check.run("happy_house", None)
    with pytest.raises(CourseError, match=r"takes the function itself: check.happy_model\(HappyModel\)\."):
        check.happy_model()
    assert not hasattr(check, "happy_house")
    assert "happy_model" in dir(check)


# Calling an answer.


def x_f_filters(x, f, filters):
    return x, f, filters


BLOCK = {"X": 0, "f": 3, "filters": [1], "stage": 2, "block": "a"}


@pytest.mark.parametrize(
    ("answer", "args", "kwargs"),
    [
        (lambda X, f, filters, stage, block: 0, [0, 3, [1], 2, "a"], {}),
        (lambda X, f, filters: 0, [0, 3, [1]], {}),
        (x_f_filters, [0, 3, [1]], {}),
        (lambda filters, f, X, training=None, **more: 0, [[1], 3, 0], {"stage": 2, "block": "a"}),
        (lambda X, *, filters, f: 0, [0], {"filters": [1], "f": 3}),
        (lambda X, training=False, f=3: 0, [0], {"f": 3}),
        (lambda X, /, f, filters: 0, [0, 3, [1]], {}),
        (lambda *args: 0, [0, 3, [1], 2, "a"], {}),
        (lambda **all: 0, [], BLOCK),
        (lambda: 0, [], {}),
        (type("Block", (), {"__init__": lambda self, f, filters, **more: None}), [3, [1]], {}),
        (type("Block", (), {}), [], {}),
    ],
)
def test_an_answer_is_called_with_what_it_accepts(answer, args, kwargs):
    assert evidence.arguments(answer, BLOCK) == (args, kwargs, [])
    answer(*args, **kwargs)


def test_arguments_that_nobody_offers_are_named():
    assert evidence.arguments(lambda a, b, *, c: 0, {"a": 1})[2] == ["b", "c"]


class Unprintable(Exception):
    def __str__(self):
        raise ValueError


def test_exceptions_of_every_kind_become_evidence():
    def loop(n=0):
        return loop(n + 1)

    def fail(error):
        raise error

    told = [
        evidence.attempt(fail, error)[1]["error"] for error in (Unprintable(), SystemExit(3), ValueError("x" * 10**6))
    ]
    told.append(evidence.attempt(loop)[1]["error"])
    assert [error["type"] for error in told] == ["Unprintable", "SystemExit", "ValueError", "RecursionError"]
    assert len(json.dumps(told)) < 5000


def test_what_keras_wraps_around_an_exception_is_left_out():
    class Answer(keras.Model):
        def call(self, x):
            return x.not_there

    message = check.happy_model(Answer).findings[1].message
    assert "`return x.not_there`: AttributeError: " in message
    assert "Exception encountered" not in message
    assert "\x1b" not in message


# Showing a result.


class Text(HTMLParser):
    """The text of a piece of HTML; fails where a tag is opened and not closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.text = [], set(), ""
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_what_a_student_wrote_is_escaped():
    hostile = type("<script>alert(1)</script>", (), {})

    def HappyModel(input_shape):
        return hostile()

    HappyModel.__name__ = "<img src=x onerror=alert(1)>"
    shown = Text(check.happy_model(HappyModel)._repr_html_())
    assert shown.tags <= {"div", "b", "table", "tbody", "tr", "td", "span", "code"}
    assert "<script>alert(1)</script>" in shown.text


RESULT = Result(
    "happy_model",
    3,
    [
        Finding("a", True, "The first is right.", points=1),
        Finding("b", False, "Sizes & shapes: 1 < 2. Where is `x < y`?", "1 & 2", "<b>", points=1),
        Finding("not_reached", False, "Not reached: whether it learns.", points=1),
    ],
    hidden=2,
)


def test_a_result_shows_what_to_do_first_and_what_passed_in_brief():
    assert (
        str(RESULT)
        == repr(RESULT)
        == (
            "happy_model: 1 of 3 points\n"
            "  to do        Sizes & shapes: 1 < 2. Where is `x < y`?\n"
            "               expected: 1 & 2; got: <b>\n"
            "  not reached  whether it learns.\n"
            "  passed       The first is right.\n"
            "  2 hidden checks run at grading, in a course with marks: the same questions with other numbers."
        )
    )
    html = Text(RESULT._repr_html_())
    words = "1 of 3 points", "to do", "Where is x < y?", "got: <b>", "not reached", "passed", "2 hidden checks"
    places = [html.text.index(word) for word in words]
    assert places == sorted(places)


def test_the_record_of_a_result():
    record = RESULT.to_dict()
    assert json.loads(json.dumps(record)) == record
    assert record == {
        "exercise": "happy_model",
        "points": 1,
        "max_points": 3,
        "status": "partial",
        "findings": [
            {"code": "a", "passed": True, "message": "The first is right.", "expected": None, "got": None},
            {
                "code": "b",
                "passed": False,
                "message": "Sizes & shapes: 1 < 2. Where is `x < y`?",
                "expected": "1 & 2",
                "got": "<b>",
            },
            {
                "code": "not_reached",
                "passed": False,
                "message": "Not reached: whether it learns.",
                "expected": None,
                "got": None,
            },
        ],
    }
    assert Result("a", 1, [Finding("a", False, "", points=1)]).status == "failed"


def test_advice_takes_no_points_and_stands_behind_what_is_to_do():
    right, advice = Finding("a", True, "Right.", points=1), Finding("b", False, "Better still.")
    result = Result("a", 1, [right, advice])
    assert (result.status, result.points, advice.mark) == ("ok", 1, "advice")
    todo = Finding("c", False, "Wrong.", points=1)
    marks = [line.split()[0] for line in str(Result("a", 2, [right, advice, todo])).splitlines()[1:]]
    assert marks == ["to", "advice", "passed"]


# Two halves, and nothing heavy before it is needed.


def python(code):
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_check_is_light():
    assert not python("import sys; from course_utils import check; print(*sys.modules)") & {"tensorflow", "numpy"}
    loaded = python("import sys; from course_utils import check; check.happy_model; print(*sys.modules)")
    assert not loaded & {"tensorflow", "keras"}


def test_beside_the_students_code_nothing_of_the_judge_is_loaded():
    kinds = {exercise.ask for exercise in check.EXERCISES.values()}
    loaded = python(
        "import sys; from course_utils.check import asked;"
        f"from course_utils.check.ask import {', '.join(kinds)};"
        "asked('classifier', lambda shape: None, {'arguments': {'input_shape': [8, 8, 3]}, 'probes': [{'seed': 0}]});"
        "print(*sys.modules)"
    )
    assert "course_utils.check.ask.classifier" in loaded
    secret = "course_utils.check.judge", "course_utils.exercises", "course_utils.networks"
    assert not [name for name in loaded if name.startswith(secret)]
