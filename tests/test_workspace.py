"""What a workspace keeps of the checks, and what a student is told beside the findings."""

import json
import subprocess
import sys
from collections import Counter

import pytest
from click.testing import CliRunner

from course_utils import check, workspace
from course_utils.check import EXERCISES, feedback
from course_utils.check.result import Finding, Result
from course_utils.cli import main
from course_utils.files import masters
from course_utils.release import student_copy


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_WORKSPACE", str(tmp_path))
    monkeypatch.delenv("COURSE_HELP", raising=False)
    monkeypatch.setattr(feedback, "_failed", Counter())
    return tmp_path


def result(exercise, points):
    most = EXERCISES[exercise].points
    return Result(
        exercise, most, [Finding("a", True, "", points=points), Finding("b", False, "", points=most - points)]
    )


def conv_output_size(n, f, p=0, s=1):
    if f > n + 2 * p or s < 1 or p < 0:
        raise ValueError("too large")
    return (n + 2 * p - f) // s + 1


def wrong(n, f, p=0, s=1):
    return n - f


def test_the_best_result_of_each_exercise_is_kept(place):
    for points in (3, 8, 5):
        assert workspace.keep(result("identity_block", points)) is None
    assert workspace.keep(result("lenet5", 0)) is None
    assert workspace.best() == {"identity_block": 8, "lenet5": 0}


def test_without_a_workspace_nothing_is_kept(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    found = check.conv_output_size(conv_output_size)
    assert (found.notes, found.folded) == ((), ())
    assert not [*tmp_path.iterdir()]
    assert "Here is no such place." in workspace.progress()._repr_html_()


DAMAGED = {
    "empty": "",
    "cut": '{"version": 1, "poi',
    "another version": '{"version": 2, "points": {"lenet5": 4}}',
    "no object": "[1]",
    "no numbers": '{"version": 1, "points": {"lenet5": "four"}}',
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_what_cannot_be_read_is_kept_aside_and_said(place, text):
    (place / workspace.KEPT).write_text(text)
    assert workspace.keep(result("lenet5", 4)) == workspace.UNREADABLE
    assert (place / workspace.OLD).read_text() == text
    assert workspace.best() == {"lenet5": 4}
    assert workspace.keep(result("lenet5", 4)) is None


def test_a_workspace_that_cannot_be_written_is_in_no_checks_way(place, monkeypatch):
    monkeypatch.setenv("COURSE_WORKSPACE", "/proc")  # where not even root writes
    assert check.conv_output_size(conv_output_size).status == "ok"


def test_two_kernels_at_once_lose_nothing(place):
    code = (
        "import sys\nfrom course_utils import workspace\nfrom course_utils.check import EXERCISES\n"
        "from course_utils.check.result import Finding, Result\n"
        "for name in [*EXERCISES][int(sys.argv[1]) :: 2]:\n"
        "    workspace.keep(Result(name, 8, [Finding('a', True, '', points=1)]))\n"
    )
    both = [subprocess.Popen([sys.executable, "-c", code, str(half)]) for half in (0, 1)]
    assert [one.wait() for one in both] == [0, 0]
    assert workspace.best() == dict.fromkeys(EXERCISES, 1)


def test_the_next_exercise_is_named(place):
    assert check.conv_output_size(conv_output_size).notes == ("Notebook 01: 1 of 14 points. Next: lenet5.",)
    for name in ("lenet5", "local_response_normalization", "alexnet", "vgg16"):
        workspace.keep(result(name, EXERCISES[name].points))
    assert workspace.next_line("vgg16") == "Notebook 01: 14 of 14 points. Next: notebook 02."
    for name in ("make_pipeline", "transfer_model", "train_step", "evaluate"):
        workspace.keep(result(name, EXERCISES[name].points))
    assert workspace.next_line("evaluate") == "Notebook 09: 6 of 6 points. Next: hand it in with `course submit`."


def test_hints_come_after_two_failed_tries_each(place):
    told = [[title for title, _, _ in check.conv_output_size(wrong).folded] for _ in range(5)]
    assert told == [[], ["A hint"], ["A hint"], ["A hint", "Another hint"], ["A hint", "Another hint"]]
    found = check.conv_output_size(wrong)
    assert found.folded[0][1] == EXERCISES["conv_output_size"].hints[0]
    assert "<details><summary>A hint</summary>" in found._repr_html_()


def test_a_stub_is_no_failed_try(place):
    def conv_output_size(n, f, p=0, s=1):
        raise check.NotAnswered()

    assert [check.conv_output_size(conv_output_size).folded for _ in range(4)] == [()] * 4


def test_the_courses_own_answer_comes_with_full_marks(place):
    ((title, text, code),) = check.conv_output_size(conv_output_size).folded
    assert title == "Compare with ours"
    assert text.startswith("Yours has 4 lines of code, ours ")
    assert feedback.solution("conv_output_size") == code
    assert "SOLUTION" not in code


def test_the_differences_of_two_answers():
    ours = 'def f(x):\n    """Words."""\n    y = layers.ReLU()(x)\n    return y'
    yours = "def f(x):\n    return keras.ops.relu(x)"
    told = feedback._differs(yours, ours)
    assert told == "Yours has 2 lines of code, ours 3. Only ours calls ReLU. Only yours calls relu."


@pytest.mark.parametrize("exercise", EXERCISES)
def test_each_exercise_has_an_answer_to_compare_with(exercise):
    assert EXERCISES[exercise].title in feedback.solution(exercise)


def test_a_teacher_can_turn_help_off(place, monkeypatch):
    monkeypatch.setenv("COURSE_HELP", "0")
    assert [check.conv_output_size(wrong).folded for _ in range(4)] == [()] * 4
    found = check.conv_output_size(conv_output_size)
    assert found.folded == ()
    assert found.notes


def test_no_copy_of_a_student_holds_hints():
    texts = [text for exercise in EXERCISES.values() for text in exercise.hints]
    for path in masters().values():
        copy = json.dumps(student_copy(path), ensure_ascii=False)
        assert not [text for text in texts if text in copy]


def test_progress_shows_each_notebook_and_what_is_next(place):
    workspace.keep(result("conv_output_size", 1))
    told = CliRunner().invoke(main, ["progress", "--workspace", str(place)]).output
    assert "01_classic_cnns                1 of  14" in told
    assert "all                            1 of 103" in told
    assert told.endswith("Next: lenet5 in notebook 01_classic_cnns.\n")
    shown = workspace.progress()._repr_html_()
    assert '<a href="01_classic_cnns.ipynb">' in shown
    for name, about in EXERCISES.items():
        workspace.keep(result(name, about.points))
    assert "`course submit`" in str(workspace.progress())


def test_the_notebook_of_each_exercise_is_the_one_that_holds_it():
    found = {}
    for stem, path in masters().items():
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if cell["metadata"].get("nbgrader", {}).get("solution"):
                found[cell["metadata"]["nbgrader"]["grade_id"]] = stem.split("_")[0]
    assert found == {name: about.notebook for name, about in EXERCISES.items()}
    assert [*found] == [*EXERCISES]
