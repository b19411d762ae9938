"""`course run` on small notebooks of its own, with real kernels."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
import tiny_set
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

GOOD = "from course_utils import record, settings\nrecord('answer', 42)\nsettings('03_happy_house').profile"
LOADS = f"""import sys
sys.path.append({str(Path(__file__).parent)!r})
import tiny_set
from course_utils import load
from course_utils.data import catalogue
catalogue.SETS["happy"] = tiny_set.entry()
sets = [load(name) for name in ("happy", "cifar10", "mnist")]
"""
SLOW = "import os, pathlib, time\npathlib.Path('kernel.pid').write_text(str(os.getpid()))\ntime.sleep(60)"


def write(folder, **notebooks):
    """Notebooks in `folder`, one code cell each: {stem: source, or (source, metadata)}."""
    folder.mkdir()
    for stem, source in notebooks.items():
        source, metadata = source if isinstance(source, tuple) else (source, {})
        notebook = new_notebook(cells=[new_markdown_cell("# A story"), new_code_cell(source)], metadata=metadata)
        nbformat.write(notebook, folder / f"{stem}.ipynb")
    return folder


def course(folder, *arguments):
    """The `course` command, as a process, with `folder` in the place of the course's notebooks."""
    code = (
        "import pathlib, sys; from course_utils import cli, files;"
        "files.NOTEBOOKS = pathlib.Path(sys.argv.pop(1)); cli.main()"
    )
    return [sys.executable, "-c", code, str(folder), *map(str, arguments)]


def finished(command, **more):
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **more)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixed")
    notebooks = {
        "01_good": GOOD,
        "02_bad": "record = 1\n1 / 0",
        "03_dies": "import os; os._exit(9)",
        "04_wants_more": (GOOD, {"course": {"requires": ["a_package_that_is_not_there"]}}),
        "05_good": GOOD,
        "06_loads": LOADS,
    }
    write(folder / "notebooks", **notebooks)
    for name, content in tiny_set.published().items():
        (folder / name).write_bytes(content)
    pictures, labels = np.zeros((10, 32, 32, 3), "uint8"), np.arange(10)
    np.savez(folder / "cifar10.npz", x_train=pictures, y_train=labels, x_test=pictures, y_test=labels)
    done = finished(
        course(folder / "notebooks", "run", "--profile", "full", "--out", folder / "out"),
        env=os.environ | {"COURSE_DATA_DIR": str(folder), "COURSE_OFFLINE": "1", "COLUMNS": "140"},
    )
    return done, folder / "out"


def test_one_that_fails_does_not_stop_the_others(mixed):
    done, out = mixed
    summary = json.loads((out / "summary.json").read_text())
    assert [(entry["notebook"], entry["status"]) for entry in summary] == [
        ("01_good", "ok"),
        ("02_bad", "failed"),
        ("03_dies", "failed"),
        ("04_wants_more", "skipped"),
        ("05_good", "ok"),
        ("06_loads", "ok"),
    ]
    assert [entry["metrics"] for entry in summary] == [{"answer": 42.0}, {}, {}, {}, {"answer": 42.0}, {}]
    assert all(isinstance(entry["seconds"], float) for entry in summary)
    assert done.returncode == 1
    assert "ZeroDivisionError: division by zero" in done.stdout
    assert "a_package_that_is_not_there is not installed" in done.stdout
    assert "Traceback" not in done.stderr


def test_which_data_a_notebook_used_stands_beside_its_seconds(mixed):
    done, out = mixed
    *others, entry = json.loads((out / "summary.json").read_text())
    assert entry["data"] == {"happy": "real", "cifar10": "unverified copy", "mnist": "drawn"}
    assert [other["data"] for other in others] == [{}] * 5
    assert re.search(rf"{entry['seconds']} *│ happy real, cifar10 unverified copy, mnist drawn", done.stdout)


def test_each_executed_notebook_and_its_page_are_written(mixed):
    _, out = mixed
    notebook = nbformat.read(out / "01_good.ipynb", as_version=4)
    assert notebook.cells[1].outputs[-1]["data"]["text/plain"] == "'full'"
    assert notebook.metadata.course.metrics == {"answer": 42.0}
    page = (out / "01_good.html").read_text()
    assert "A story" in page
    failed = nbformat.read(out / "02_bad.ipynb", as_version=4)
    assert failed.cells[1].outputs[-1].ename == "ZeroDivisionError"


@pytest.fixture(scope="module")
def passed(tmp_path_factory):
    """(the process, its folder) of a run in which all pass; what it is told of folders is relative."""
    folder = tmp_path_factory.mktemp("passed")
    notebooks = {
        "01_only_a_record": "from course_utils import record\nrecord('accuracy', 0.987654)",
        "02_shows": "import matplotlib.pyplot as plt\nplt.plot([1])",
        "03_where": "import os\nprint(os.environ['COURSE_DATA_DIR'])",
        "04_bad": "1 / 0",
    }
    write(folder / "notebooks", **notebooks)
    notebook = nbformat.read(folder / "notebooks" / "02_shows.ipynb", as_version=4)
    notebook.cells[0].source = PICTURE
    nbformat.write(notebook, folder / "notebooks" / "02_shows.ipynb")
    (folder / "images").mkdir()
    (folder / "images" / "block.svg").write_text("<svg/>")
    command = course(folder / "notebooks", "run", "1", "2", "3", "--out", Path("else") / "where")
    return finished(
        command, cwd=folder, env=os.environ | {"COURSE_DATA_DIR": "pictures", "MPLBACKEND": "TkAgg"}
    ), folder


PICTURE = "![A block](../images/block.svg)"


def test_all_passed_means_exit_code_zero_and_words_choose(passed):
    done, folder = passed
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads((folder / "else/where/summary.json").read_text())
    assert [entry["notebook"] for entry in summary] == ["01_only_a_record", "02_shows", "03_where"]


def test_a_recorded_number_shows_nothing_to_a_reader(passed):
    out = passed[1] / "else" / "where"
    page = (out / "01_only_a_record.html").read_text()
    assert page.count("0.987654") == 1  # in the code, not below it
    assert not nbformat.read(out / "01_only_a_record.ipynb", as_version=4).cells[1].outputs


def test_a_page_has_its_pictures_inside(passed):
    out = passed[1] / "else" / "where"
    assert 'src="data:image/svg+xml;base64,PHN2Zy8+"' in (out / "02_shows.html").read_text()
    notebook = nbformat.read(out / "02_shows.ipynb", as_version=4)
    assert notebook.cells[0].source == PICTURE
    assert "image/png" in notebook.cells[1].outputs[-1].data, (
        "a figure goes into the notebook, whatever MPLBACKEND says"
    )


def test_a_relative_data_folder_means_the_same_in_the_kernel(passed):
    output = nbformat.read(passed[1] / "else/where/03_where.ipynb", as_version=4).cells[1].outputs[0]
    assert output.text.strip() == str(passed[1] / "pictures")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["run", "9"], ["'9'", "01_good"]),
        (["run", "1", "--profile", "medium"], ["medium", "quick", "full"]),
        (["release", "{out}", "--only", "nonsense"], ["'nonsense'", "01_good"]),
        (["data", "verify", "cats"], ["cats", "happy", "signs", "mnist"]),
    ],
)
def test_unknown_names_are_one_sentence_that_says_what_there_is(tmp_path, arguments, names):
    write(tmp_path / "notebooks", **{"01_good": GOOD})
    done = finished(course(tmp_path / "notebooks", *[a.format(out=tmp_path / "out") for a in arguments]))
    assert done.returncode != 0
    assert all(name in done.stderr for name in names), done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_profile_in_the_environment_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", "fast")
    write(tmp_path / "notebooks", **{"01_good": GOOD})
    done = finished(course(tmp_path / "notebooks", "run", "--out", tmp_path / "out"))
    assert done.returncode == 1
    assert done.stderr == "course: There is no profile 'fast': the profiles are quick and full.\n"


@pytest.mark.skipif(os.name != "posix", reason="SIGINT is sent to a process only on POSIX")
def test_ctrl_c_leaves_no_kernel_and_nothing_half_written(tmp_path):
    write(tmp_path / "notebooks", **{"01_good": GOOD, "02_slow": SLOW})
    process = subprocess.Popen(
        course(tmp_path / "notebooks", "run", "--out", tmp_path / "out"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    pid_file = tmp_path / "notebooks" / "kernel.pid"
    for _ in range(600):
        if pid_file.exists() and pid_file.read_text():
            break
        time.sleep(0.1)
    kernel = int(pid_file.read_text())
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert not Path(f"/proc/{kernel}").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"01_good.ipynb", "01_good.html", "summary.json"}
    assert [entry["notebook"] for entry in json.loads((tmp_path / "out/summary.json").read_text())] == ["01_good"]
