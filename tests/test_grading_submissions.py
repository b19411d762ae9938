"""What a notebook that was handed in is, and which of its cells count."""

import json
from functools import cache

import nbformat
import pytest
from jupyter_server.services.contents.largefilemanager import LargeFileManager
from nbformat.v4 import new_code_cell
from test_grading_hand_ins import lay

from course_utils.files import masters
from course_utils.grading.cells import python
from course_utils.grading.hand_ins import collect
from course_utils.grading.submissions import Unreadable, all_masters, pair, parse, recognise
from course_utils.release import student_copy

STEM = "04_residual_blocks"


@cache
def _copy():
    return nbformat.writes(student_copy(masters()[STEM]))


def copy():
    """A student's copy of notebook 04."""
    return nbformat.reads(_copy(), as_version=4)


def data(notebook):
    return nbformat.writes(notebook).encode()


def answer(notebook, exercise):
    return next(c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("grade_id") == exercise)


def paired(notebook, student="Ada"):
    return pair(student, STEM, parse(data(notebook)))


def sources(submission, exercise=None):
    return [unit.source for unit in submission.units if exercise in (None, unit.exercise)]


# Notebooks.


def test_each_master_is_recognised_whatever_it_is_called():
    for stem, master in all_masters().items():
        cells = parse(masters()[stem].read_bytes())
        assert recognise(cells, "solution final.ipynb") == stem
        assert recognise(parse(data(student_copy(masters()[stem]))), "") == stem
        assert master.points > 0


def test_without_marks_the_names_of_functions_tell_it():
    notebook = copy()
    for number, cell in enumerate(notebook.cells):
        cell.metadata, cell.id = {}, f"cell-{number}"
    cells = parse(data(notebook))
    assert recognise(cells, "Untitled.ipynb") == STEM
    submission = pair("Ada", STEM, cells)
    assert {unit.exercise for unit in submission.units if unit.exercise} == set(all_masters()[STEM].exercises)
    assert "The cell of identity_block has lost its mark" in "".join(submission.notes)


def test_the_appendix_is_recognised_and_not_taken_for_another(tmp_path):
    appendix = "07b_resnet50v2_pytorch"
    assert recognise(parse(data(student_copy(masters()[appendix]))), "Untitled.ipynb") == appendix
    assert appendix not in all_masters()
    lay(tmp_path, {"Ada/07b.ipynb": data(student_copy(masters()[appendix])), f"Ada/{STEM}.ipynb": data(copy())})
    found = collect(tmp_path)
    assert [*found.chosen] == [("Ada", STEM)]
    assert [row["why"] for row in found.rows] == ["", "It has no exercises."]


def test_another_course_is_not_recognised():
    notebook = nbformat.v4.new_notebook(cells=[new_code_cell("def solve(x):\n    return x")])
    assert recognise(parse(data(notebook)), STEM + ".ipynb") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\0" * 1000, "is empty"),
        (b"<html>", "a web page and not a notebook"),
        (b"\n<!DOCTYPE html>\n<title>Log in</title>", "a web page and not a notebook"),
        (b'{"cells": [', "cut short"),
        (b'{"cells": [{"cell_type": "code", "source": "x = 1', "cut short"),
        (b'{"cells": []}\n{"cells": []}', "two notebooks, one behind the other"),
        (b'{"cells": []}]', "goes on behind the end"),
        (
            b'{\n<<<<<<< HEAD\n"cells": [],\n=======\n"cells": [1],\n>>>>>>> 1a2b3c\n"nbformat": 4}',
            "git's conflict marks",
        ),
        (b'{"cells": [\n{"id": x}], "metadata": {}, "nbformat": 4}', "see its line 2"),
        (b"PK\3\4\0\0\xff", "not text"),
        (b"print('hello')", "not a notebook"),
        (b"[]", "not a notebook"),
        (b'{"nbformat": 4}', "not a notebook"),
        (b'{"nbformat": 4, "cells": 3}', "not a notebook"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}', "not a notebook"),
        (b'{"nbformat": 99, "cells": []}', "not a notebook"),
        (b"[" * 100_000, "nested too deeply"),
        (b"\xff\xfe\x00\xd8", "not a notebook"),
        (b"\xff\xfe\x00", "not text"),
        (json.dumps({"nbformat": 4, "cells": [{"cell_type": "code", "source": ""}] * 10_000}).encode(), "10,000 cells"),
    ],
)
def test_what_is_no_notebook_is_said_in_a_sentence(content, words):
    with pytest.raises(Unreadable, match=words):
        parse(content)


def test_a_file_that_was_cut_short_anywhere_is_called_so():
    cell = {"cell_type": "code", "source": ["x = 'é'\n", "y"], "n": None}
    content = json.dumps({"nbformat": 4, "cells": [cell]}, ensure_ascii=False).encode()
    for end in range(1, len(content)):
        with pytest.raises(Unreadable, match="cut short"):
            parse(content[:end])
    for more in b"\n\n", b"\0" * 100:
        assert parse(content + more) == parse(content)


def test_what_would_take_too_long_to_read_is_refused():
    for source, words in ("!ls\n" * 400 + "x = 1\n" * 2000, "more magics"), ("#" * 400_000, "400,000 characters"):
        with pytest.raises(Unreadable, match=words):
            parse(data(nbformat.v4.new_notebook(cells=[new_code_cell(source)])))


@pytest.mark.parametrize(
    "encode",
    [lambda t: t.encode("utf-8-sig"), lambda t: t.encode("utf-16"), lambda t: t.replace("\n", "\r\n").encode()],
)
def test_other_encodings_and_line_ends_are_read(encode):
    assert parse(encode(data(copy()).decode())) == parse(data(copy()))


def test_windows_line_ends_inside_cells():
    notebook = copy()
    answer(notebook, "identity_block").source = "def identity_block(X):\r\n    return X"
    assert sources(paired(notebook), "identity_block") == ["def identity_block(X):\n    return X"]


def test_a_notebook_of_format_three_is_read():
    source = "def identity_block(X, f, filters):\n    return X"
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {"name": ""},
        "worksheets": [
            {
                "metadata": {},
                "cells": [{"cell_type": "code", "language": "python", "metadata": {}, "outputs": [], "input": source}],
            }
        ],
    }
    cells = parse(json.dumps(old).encode())
    assert recognise(cells, "") == STEM
    assert sources(pair("Ada", STEM, cells), "identity_block") == [source]


# Pairing.


def test_answers_stand_in_the_masters_skeleton():
    notebook = copy()
    answer(notebook, "identity_block").source = "MINE"
    submission = paired(notebook)
    assert sources(submission, "identity_block") == ["MINE"]
    assert submission.units[0].id == "setup"
    assert submission.units[0].source == all_masters()[STEM].cells["setup"]
    assert submission.notes == []


def test_the_masters_own_cells_cannot_be_changed():
    notebook = copy()
    setup = next(cell for cell in notebook.cells if cell.id == "setup")
    setup.source = "class check:\n    identity_block = print"
    check = next(cell for cell in notebook.cells if cell.id == "identity-block-check")
    check.source = "CHEAT = 1"
    own = sources(paired(notebook))
    assert setup.source not in own
    assert check.source not in own
    assert all_masters()[STEM].cells["setup"] in own


def test_a_cell_that_was_split_counts_as_one():
    notebook = copy()
    first = answer(notebook, "identity_block")
    first.source = "def helper(x):\n    return x"
    second = new_code_cell("def identity_block(X):\n    return helper(X)", metadata=first.metadata)
    notebook.cells.insert(notebook.cells.index(first) + 1, second)
    submission = paired(notebook)
    assert sources(submission, "identity_block") == [first.source, second.source]
    assert submission.notes == ["There are several cells of identity_block: they count as one, in their order."]


def test_an_answer_that_was_deleted_is_not_the_masters():
    notebook = copy()
    notebook.cells.remove(answer(notebook, "identity_block"))
    submission = paired(notebook)
    assert sources(submission, "identity_block") == []
    assert "BEGIN SOLUTION" not in "".join(sources(submission))


def test_cells_in_another_order_come_back_to_their_places():
    notebook = copy()
    notebook.cells.reverse()
    assert [unit.exercise for unit in paired(notebook).units if unit.exercise] == list(all_masters()[STEM].exercises)


def added(notebook, exercise, *new):
    """Put code cells in front of an answer."""
    place = notebook.cells.index(answer(notebook, exercise))
    notebook.cells[place:place] = [new_code_cell(source) for source in new]


def test_what_a_student_added_runs_where_an_answer_needs_it():
    notebook = copy()
    added(notebook, "identity_block", "import math", "def helper(x):\n    return math.sqrt(x)", "print('hello')", "1/0")
    answer(notebook, "identity_block").source = "def identity_block(X):\n    return helper(X)"
    own = sources(paired(notebook))
    place = own.index("import math")
    assert own[place : place + 3] == [
        "import math",
        "def helper(x):\n    return math.sqrt(x)",
        answer(notebook, "identity_block").source,
    ]
    assert "1/0" not in own


def test_training_does_not_run():
    notebook = copy()
    added(notebook, "identity_block", "history = model.fit(x, y)", "best = max(history.history)")
    answer(notebook, "identity_block").source = "def identity_block(X):\n    return X * best"
    own = sources(paired(notebook))
    assert "best = max(history.history)" in own
    assert "history = model.fit(x, y)" not in own
    master = paired(nbformat.read(masters()[STEM], as_version=4))
    assert not any(".fit(" in source or "load(" in source for source in sources(master))


def test_what_trains_through_two_functions_does_not_run():
    notebook = copy()
    by_hand = "def by_hand(m):\n    return m.fit(x, y)\n\ndef several(m):\n    return [by_hand(m) for _ in range(3)]"
    added(notebook, "identity_block", by_hand, "best = several(model)")
    answer(notebook, "identity_block").source = "def identity_block(X):\n    return X * best"
    submission = paired(notebook)
    assert "best = several(model)" not in sources(submission)
    assert submission.untrained["best"] == "best = several(model)"


def test_a_stars_names_are_unknown_so_it_runs():
    notebook = copy()
    added(notebook, "identity_block", "from math import *", "%matplotlib inline\nroot = sqrt")
    answer(notebook, "identity_block").source = "def identity_block(X):\n    return root(X)"
    assert {"from math import *", "%matplotlib inline\nroot = sqrt"} <= set(sources(paired(notebook)))


def test_names_inside_functions_ask_for_no_cell():
    notebook = copy()
    added(notebook, "identity_block", "local = 3", "wanted = 4")
    answer(notebook, "identity_block").source = "def identity_block(X):\n    local = X\n    return local + wanted"
    own = sources(paired(notebook))
    assert "wanted = 4" in own
    assert "local = 3" not in own


def test_a_helper_stands_above_its_answer_whatever_the_master_calls_so_below():
    notebook, name = copy(), "plain_curves"
    below = "def plain_curves():\n    return None"
    added(notebook, "identity_block", f"{name} = 3", f"{name} = 4")
    added(notebook, "convolutional_block", below)
    answer(notebook, "identity_block").source = f"def identity_block(X):\n    return X * {name}"
    own = sources(paired(notebook))
    assert {f"{name} = 3", f"{name} = 4"} <= {*own}
    assert below not in own


@pytest.mark.parametrize(
    ("source", "read"),
    [
        ("x = 1", "x = 1"),
        ("%%time\nx = 1", "\nx = 1"),
        ("# why\n\n  %%capture --no-stderr out\nx = 1", "# why\n\nout = get_ipython().captured()\nx = 1"),
        ("%%time\n%%prun -s time\nx = 1", "\n\nx = 1"),
        ("%%bash\nx = 1", ""),
        ("%%HTML\n<b>", ""),
        ("%%!\nls", ""),
        ("\n\nx = 1\nx?", "\n\nx = 1\nget_ipython().run_line_magic('pinfo', 'x')\n"),
        (
            "if x:\n    !ls\n    y = !pwd",
            "if x:\n    get_ipython().system('ls')\n    y = get_ipython().getoutput('pwd')\n",
        ),
        ("%time x = f(1)\ny = %time g()\n", "x = f(1)\ny = g()\n"),
        ("'''\n%d\n!\n'''\n%pwd", "'''\n%d\n!\n'''\nget_ipython().run_line_magic('pwd', '')\n"),
        (">>> x = 1\n... y", "x = 1\ny\n"),
        ("def f(:\n", "def f(:\n"),
    ],
)
def test_cells_are_read_as_ipython_reads_them(source, read):
    assert python(source) == read


@pytest.mark.parametrize("kernel", [None, "gone"])
def test_what_colab_writes_opens_in_jupyter(kernel, tmp_path):
    """Ids in metadata, two of them the same; widgets without their state; a kernel that is not here, or none."""
    notebook = json.loads(data(copy()))
    notebook["nbformat_minor"] = 0
    for cell in notebook["cells"]:
        cell["metadata"] |= {"id": cell.pop("id"), "outputId": "1"}
    notebook["cells"][5]["metadata"]["id"] = notebook["cells"][6]["metadata"]["id"]
    notebook["metadata"] = {"widgets": {"application/vnd.jupyter.widget-state+json": {"1": {"model_module": "x"}}}}
    if kernel:
        notebook["metadata"]["kernelspec"] = {"name": kernel, "display_name": "Python"}
    (tmp_path / "04.ipynb").write_text(json.dumps(notebook))
    opened = LargeFileManager(root_dir=str(tmp_path)).get("04.ipynb")
    assert (opened["type"], opened.get("message")) == ("notebook", None)
    assert len(opened["content"]["cells"]) == len(notebook["cells"])
