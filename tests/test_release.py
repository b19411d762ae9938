"""Student copies: nothing of the solution in them, and what happens to somebody who has not answered yet."""

import json
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from types import ModuleType, SimpleNamespace

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from shells import new_shell

from course_utils import files, profiles, release
from course_utils.errors import CourseError

MASTERS = files.masters()
SOLUTION = re.compile(r"### BEGIN SOLUTION\n(.*?)### END SOLUTION", re.S)
WITHOUT_EXERCISES = ["07a_birds", "07b_resnet50v2_pytorch"]
ASKING = {stem: path for stem, path in MASTERS.items() if stem not in WITHOUT_EXERCISES}
FEWER = {  # than in quick
    "01_classic_cnns": {"lrn_pictures": 64},
    "04_residual_blocks": {"pictures": 272, "depths": (8,)},
    "08_data_augmentation": {"steps": 8, "test": 100},
}


@pytest.fixture(params=ASKING.values(), ids=list(ASKING))
def master(request):
    return request.param


def run_cells(notebook, stem, folder):
    """Run a notebook's code in an IPython shell here, in `folder`: (status and points of each check, name and text of
    each error). Training takes one step and builds no graph, and pictures are few, so that it takes seconds.
    """
    import keras

    settings = profiles.SETTINGS[stem]["quick"]
    for name in {"seeds", "lrn_seeds", "counts"} & {*settings}:
        settings[name] = settings[name][:1]
    settings |= FEWER.get(stem, {})
    tempfile.tempdir = str(folder)  # such processes end without tidying up
    fit, train_on_batch = keras.Model.fit, keras.Model.train_on_batch

    def fit_one_step(model, *args, **kwargs):
        model.run_eagerly, model.steps_per_execution = True, 1
        return fit(model, *args, **{**kwargs, "epochs": 1, "steps_per_epoch": 1, "validation_steps": 1})

    def train_on_one_batch(model, *args, **kwargs):
        losses.append(losses[0] if losses else train_on_batch(model, *args, **kwargs))
        return losses[-1]

    losses = []
    keras.Model.fit, keras.Model.train_on_batch = fit_one_step, train_on_one_batch
    os.environ["COURSE_OFFLINE"] = "1"
    os.environ.pop("COURSE_DATA_DIR", None)
    os.chdir(folder)
    shell, results, errors = new_shell(), [], []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            done = shell.run_cell(cell.source)
            error = done.error_before_exec or done.error_in_exec
            if error:
                told = error._render_traceback_() if hasattr(error, "_render_traceback_") else [str(error)]
                errors.append((type(error).__name__, told))
            if cell.metadata.get("nbgrader", {}).get("grade"):
                results.append((done.result.to_dict()["status"], done.result.to_dict()["points"]))
    return results, errors


TAUGHT = {"with tf.GradientTape() as tape:"}  # of a solution, and shown in an example before it is asked for


def test_a_student_copy_holds_no_solution_and_no_output(master):
    copy = release.student_copy(master)
    text = nbformat.writes(copy)
    solutions = [found for cell in nbformat.read(master, 4).cells for found in SOLUTION.findall(cell.source)]
    assert solutions
    lines = {line.strip() for solution in solutions for line in solution.splitlines() if len(line.strip()) > 25}
    assert not [line for line in lines - TAUGHT if json.dumps(line)[1:-1] in text]
    assert "BEGIN SOLUTION" not in text
    for cell in copy.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
        if cell.metadata.get("nbgrader", {}).get("solution"):
            assert "raise check.NotAnswered()" in cell.source
            assert '"""' in cell.source  # what is asked stays


@pytest.mark.parametrize("stem", WITHOUT_EXERCISES)
def test_a_copy_without_exercises_is_the_master_without_outputs(stem):
    master, copy = nbformat.read(MASTERS[stem], 4), release.student_copy(MASTERS[stem])
    assert [(cell.id, cell.source) for cell in copy.cells] == [(cell.id, cell.source) for cell in master.cells]
    assert not [cell for cell in copy.cells if cell.get("outputs") or cell.get("execution_count")]
    assert not graded(copy)


def test_without_pytorch_its_first_cell_says_in_one_sentence_what_to_type(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.delitem(sys.modules, "course_utils.pytorch", raising=False)
    copy = release.student_copy(MASTERS["07b_resnet50v2_pytorch"])
    first = next(cell for cell in copy.cells if cell.cell_type == "code")
    error = new_shell().run_cell(first.source).error_in_exec
    assert isinstance(error, CourseError)
    shown = capsys.readouterr()
    assert (shown.out + shown.err).strip() == f"CourseError: {error}"
    assert "`make torch`" in str(error)
    assert "pip install -r requirements-torch.txt" in str(error)


def test_cells_keep_what_nbgrader_collects_by(master):
    before = {cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader for cell in graded(nbformat.read(master, 4))}
    after = {cell.metadata.nbgrader.grade_id: cell.metadata.nbgrader for cell in graded(release.student_copy(master))}
    assert before.keys() == after.keys()
    for name, cell in after.items():
        assert cell.schema_version == 3
        assert cell.get("points") == before[name].get("points")
        assert cell.checksum
        assert cell.locked == cell.grade


def graded(notebook):
    return [cell for cell in notebook.cells if "nbgrader" in cell.metadata]


def test_the_master_earned_every_point(master):
    """As its stored outputs have it; that they are what the checks say today is what nbval compares."""
    cells = [cell for cell in graded(nbformat.read(master, 4)) if cell.metadata.nbgrader.grade]
    for cell in cells:
        points = cell.metadata.nbgrader.points
        assert "nbval-check-output" in cell.metadata.tags
        assert f": {points} of {points} point" in cell.outputs[0]["data"]["text/plain"]


@pytest.fixture(scope="module")
def importing_once():
    """A context of multiprocessing whose processes begin with TensorFlow imported."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["course_utils.plots", "IPython.core.interactiveshell", "tensorflow"])
    return context


def test_the_untouched_copy_earns_nothing_and_nothing_of_ours_crashes(master, tmp_path, importing_once):
    # In a process of its own, as in a kernel: what a notebook leaves running, or in memory, ends with it.
    with ProcessPoolExecutor(1, importing_once) as own:
        results, errors = own.submit(run_cells, release.student_copy(master), master.stem, tmp_path).result()
    assert set(results) == {("unanswered", 0)}
    assert errors  # later cells need the answer
    for name, told in errors:
        # A cell that needs the answer says so in one sentence; cells behind it miss what it would have made.
        assert name in ("NotAnswered", "NameError"), told
    name, sentence = errors[0]
    assert name == "NotAnswered"
    assert len(sentence) == 1
    assert "is not answered yet" in sentence[0]


def test_a_release_never_overwrites(tmp_path):
    written = release.release(tmp_path)
    assert [path.name for path in written] == [path.name for path in files.pages().values()]
    before = written[0].read_bytes()
    with pytest.raises(CourseError, match="already holds"):
        release.release(tmp_path)
    assert written[0].read_bytes() == before


@pytest.fixture
def masters(tmp_path, monkeypatch):
    """A course of two notebooks: masters(source, kind="code", **nbgrader) puts that cell into the second."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    monkeypatch.setattr(files, "NOTEBOOKS", folder)

    def write(source, kind="code", **nbgrader):
        for stem in "01_a", "02_b":
            cell = nbformat.v4.new_markdown_cell("a story", id="story")
            nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / f"{stem}.ipynb")
        cell = getattr(nbformat.v4, f"new_{kind}_cell")(source, id="asked")
        defaults = {"schema_version": 3, "grade_id": "block", "solution": True, "grade": False, "locked": False}
        if nbgrader != {"solution": False}:
            cell.metadata["nbgrader"] = defaults | {"task": False} | nbgrader
        notebook = nbformat.read(folder / "02_b.ipynb", 4)
        notebook.cells.append(cell)
        nbformat.write(notebook, folder / "02_b.ipynb")
        return folder / "02_b.ipynb"

    return write


BEGIN, END = "    ### BEGIN SOLUTION", "    ### END SOLUTION"
FIRST, LAST = "def block(x):", "    return x"
WRONG_MARKS = {
    "end missing": ([FIRST, BEGIN, LAST], 'each "### BEGIN SOLUTION" needs its "### END SOLUTION" before the next one'),
    "begin missing": ([FIRST, LAST, END], 'each "### BEGIN SOLUTION" needs its "### END SOLUTION" before the next one'),
    "nested": ([FIRST, BEGIN, BEGIN, LAST, END, END], 'each "### BEGIN SOLUTION" needs its'),
    "swapped": ([FIRST, END, LAST, BEGIN], 'each "### BEGIN SOLUTION" needs its'),
    "end misspelt": ([FIRST, BEGIN, LAST, "    ### END SOLUTON"], '"### END SOLUTON" must be "### BEGIN SOLUTION" or'),
    "begin misspelt": ([FIRST, "    ### BEGIN SOULTION", LAST, END], '"### BEGIN SOULTION" must be'),
    "small letters": ([FIRST, "    ### begin solution", LAST, "    ### end solution"], '"### begin solution" must be'),
    "not alone": ([FIRST, BEGIN, LAST + "  ### END SOLUTION"], '"return x  ### END SOLUTION" must be'),
    "none at all": ([FIRST, LAST], 'a cell for an answer needs a line "### BEGIN SOLUTION" and, below'),
}


@pytest.mark.parametrize("case", WRONG_MARKS)
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_wrong_marks_are_refused_by_notebook_and_cell_and_nothing_is_written(masters, tmp_path, case, newline):
    lines, sentence = WRONG_MARKS[case]
    masters(newline.join(lines))
    for write in release.release, release.lay_workspace:
        with pytest.raises(CourseError) as caught:
            write(tmp_path / "out")
        assert str(caught.value).startswith(f"02_b.ipynb, cell block: {sentence}")
        assert re.fullmatch(r"[^\n]+\.", str(caught.value))
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["code", "markdown"])
def test_marks_where_no_answer_is_due_are_refused(masters, tmp_path, kind):
    masters("\n".join([FIRST, BEGIN, LAST, END]), kind, solution=False)
    with pytest.raises(CourseError, match=r'^02_b\.ipynb, cell 2: "### BEGIN SOLUTION" stands in a cell that is not'):
        release.release(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_right_marks_give_a_stub_for_each_pair(masters, newline):
    lines = [FIRST, BEGIN, "    x = x + 1", END, "    # at the end of the solution", BEGIN, LAST, END]
    copy = release.student_copy(masters(newline.join(lines)))
    stub = [f"    {line}" for line in release.STUB.splitlines()]
    assert copy.cells[1].source.split("\n") == [FIRST, *stub, "    # at the end of the solution", *stub]


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html>", b'{"cells": ['])
def test_a_master_that_is_no_notebook_is_refused_by_name(masters, tmp_path, content):
    masters("x").write_bytes(content)
    with pytest.raises(CourseError, match=r"^02_b\.ipynb is no notebook, or not all of one: get it again\.$"):
        release.release(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_pictures_of_a_copy_lie_beside_it(tmp_path):
    """Each file that the Markdown of a copy shows is there, as the course has it."""
    shown = 0
    for copy in release.release(tmp_path):
        for cell in nbformat.read(copy, 4).cells:
            if cell.cell_type == "markdown":
                assert not cell.get("attachments")  # JupyterLab shows no SVG among them
                for link in re.findall(r"!\[.+?\]\((.+?)\)", cell.source):
                    shown += 1
                    assert (tmp_path / link).read_bytes() == (files.ROOT / link).read_bytes()
    assert shown
    assert {path.name for path in tmp_path.iterdir()} == {"images", *(path.name for path in files.pages().values())}


def test_a_copy_for_colab_installs_the_course_there_and_does_nothing_elsewhere(tmp_path, monkeypatch):
    (copy,) = release.release(tmp_path, {"03_happy_house"}, "someone/course")
    cells = nbformat.read(copy, 4).cells
    code, typed = TransformerManager().transform_cell(cells[0].source), []
    names = {"get_ipython": lambda: SimpleNamespace(run_line_magic=lambda *words: typed.append(words))}
    exec(code, names)
    assert not typed
    for name in "google", "google.colab":
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    exec(code, names)
    assert typed == [("pip", "install --quiet git+https://github.com/someone/course")]
    assert cells[1].source.startswith("# 03 ")
    opened = "[Colab](https://colab.research.google.com/github/someone/course/blob/student/03_happy_house.ipynb)"
    assert opened in cells[2].source
    assert f"- 03_happy_house: Open in {opened}" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_pictures_of_a_copy_for_colab_are_found_from_anywhere(tmp_path):
    release.release(tmp_path, github="someone/course")
    text = "".join(path.read_text(encoding="utf-8") for path in tmp_path.glob("*.ipynb"))
    links = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    place = "https://raw.githubusercontent.com/someone/course/student/"
    assert links
    assert all(link.startswith(place) and (tmp_path / link.removeprefix(place)).is_file() for link in links)


def test_a_release_overwrites_no_picture(tmp_path):
    first, second = list(MASTERS)[:2]
    release.release(tmp_path, [first])
    release.release(tmp_path, [second])  # pictures that both show are there already
    for path in tmp_path.glob("*.ipynb"):
        path.unlink()
    mine = next(tmp_path.glob("images/*"))
    mine.write_text("my own picture")
    with pytest.raises(CourseError, match=f"already holds images/{mine.name}"):
        release.release(tmp_path)
    assert mine.read_text() == "my own picture"
    assert not list(tmp_path.glob("*.ipynb"))


# --- The workspace --------------------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of one notebook, in versions: course(text) makes the next one and brings the workspace up to date."""
    monkeypatch.setattr(files, "NOTEBOOKS", tmp_path / "notebooks")
    (tmp_path / "notebooks").mkdir()

    def next_version(text):
        cell = nbformat.v4.new_markdown_cell(text, id="story")
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "notebooks" / "01_a.ipynb")
        return release.lay_workspace(tmp_path / "workspace")

    next_version.folder = tmp_path / "workspace"
    return next_version


def told(path):
    return nbformat.read(path, 4).cells[0].source


def test_the_workspace_is_laid_once_and_follows_the_course(course):
    assert course("first") == [("01_a.ipynb", "new")]
    assert course("first") == []
    assert course("second") == [("01_a.ipynb", "brought up to date")]
    assert told(course.folder / "01_a.ipynb") == "second"


def test_what_a_student_wrote_is_never_overwritten(course):
    course("first")
    work = course.folder / "01_a.ipynb"
    work.write_text(work.read_text().replace("first", "my own work"))
    mine = work.read_bytes()
    assert course("first") == []
    assert course("second") == [("01_a_version2.ipynb", "a newer version, beside your own work")]
    assert course("second") == []
    assert course("third") == [("01_a_version3.ipynb", "a newer version, beside your own work")]
    assert work.read_bytes() == mine
    assert told(course.folder / "01_a_version2.ipynb") == "second"


def test_a_notebook_that_was_deleted_comes_back(course):
    course("first")
    (course.folder / "01_a.ipynb").unlink()
    assert course("first") == [("01_a.ipynb", "new")]


def test_a_notebook_that_was_there_before_is_a_students(course):
    course.folder.mkdir()
    (course.folder / "01_a.ipynb").write_text("not even a notebook")
    assert course("first") == [("01_a_version2.ipynb", "a new copy, as 01_a.ipynb cannot be read")]
    assert (course.folder / "01_a.ipynb").read_text() == "not even a notebook"


def test_the_workspace_has_the_pictures_and_follows_them(course, tmp_path):
    (tmp_path / "images").mkdir()
    for text in "<svg/>", "<svg><title>newer</title></svg>":
        (tmp_path / "images" / "block.svg").write_text(text)
        course("![A block](../images/block.svg) ![](x.png)")
        assert (course.folder / "images" / "block.svg").read_text() == text
    assert told(course.folder / "01_a.ipynb") == "![A block](images/block.svg) ![](x.png)"
    assert not list(course.folder.glob("*version2*"))


def test_a_renamed_notebook_stays_and_the_word_says_where(course):
    course("first")
    mine = (course.folder / "01_a.ipynb").rename(course.folder / "1 mine.ipynb")
    mine.write_text(mine.read_text().replace("first", "my own work"))
    before = mine.read_bytes()
    for text in "first", "second":
        assert course(text) == [("01_a.ipynb", "new; your own work is in 1 mine.ipynb")]
        assert told(course.folder / "01_a.ipynb") == text
        assert course(text) == []
        (course.folder / "01_a.ipynb").unlink()
    assert mine.read_bytes() == before
    assert len(list(course.folder.glob("*.ipynb"))) == 1


RECORDS = {
    "missing": None,
    "empty": b"",
    "cut short": b'{"01_a.ipynb": ["',
    "no text": b"\xff\xfe\x00",
    "a list": b"[1, 2]",
    "another version": b'{"version": 2, "01_a.ipynb": {"laid": "today"}}',
}


@pytest.mark.parametrize("record", RECORDS)
def test_a_lost_record_loses_no_work(course, record):
    course("first")
    work, place = course.folder / "01_a.ipynb", course.folder / release.LAID
    untouched = work.read_bytes()

    def lose():
        place.unlink()
        if RECORDS[record] is not None:
            place.write_bytes(RECORDS[record])

    lose()
    assert course("first") == []  # it is what would be laid
    assert course("second") == [("01_a.ipynb", "brought up to date")]
    work.write_bytes(untouched.replace(b"first", b"my own work"))
    lose()
    assert course("second") == [("01_a_version2.ipynb", "a newer version, beside your own work")]
    assert told(work) == "my own work"
    assert course("second") == []


def test_copies_of_a_synchronised_folder_are_left_alone(course):
    course("first")
    work = course.folder / "01_a.ipynb"
    names = ["01_a (conflicted copy 2026-01-02).ipynb", "01_a.sync-conflict-20260102.ipynb", "01_a-Copy1.ipynb"]
    for name in names:
        (course.folder / name).write_text(work.read_text().replace("first", name))
    (course.folder / ".laid (conflicted copy 2026-01-02).json").write_text("{}")
    assert course("second") == [("01_a.ipynb", "brought up to date")]
    work.unlink()
    assert course("second") == [("01_a.ipynb", f"new; your own work is in {names[0]}")]
    assert [told(course.folder / name) for name in names] == names


@pytest.mark.parametrize("content", [b"", b'{"cells": [', b"\xff"])
def test_a_half_saved_notebook_stays_and_a_new_copy_lies_beside(course, content):
    course("first")
    (course.folder / "01_a.ipynb").write_bytes(content)
    assert course("first") == [("01_a_version2.ipynb", "a new copy, as 01_a.ipynb cannot be read")]
    assert course("first") == []
    assert (course.folder / "01_a.ipynb").read_bytes() == content


def test_a_workspace_that_is_a_file_is_said(course):
    course.folder.write_text("mine")
    with pytest.raises(CourseError, match=r"workspace cannot be written \(.+\): change that, or name another"):
        course("first")
    assert course.folder.read_text() == "mine"


ASK = """
import os, pathlib, resource
from course_utils import files, release
files.NOTEBOOKS = pathlib.Path("notebooks")
release.release("before")  # imports what an ordinary user may not be allowed to read
if {full}:
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))  # what a full disk looks like to the one who writes
elif os.geteuid() == 0:
    os.setuid(65534)  # to root every folder is writable
try:
    release.{write}("there")
except release.CourseError as error:
    print(error)
"""

if os.name == "posix":

    @pytest.mark.parametrize("write", ["lay_workspace", "release"])
    @pytest.mark.parametrize("why", ["Permission denied", "File too large"])
    def test_a_folder_that_cannot_be_written_is_said(course, tmp_path, write, why):
        course("first")
        full = why == "File too large"
        (tmp_path / "there").mkdir(mode=0o755 if full else 0o555)
        tmp_path.chmod(0o755)
        command = [sys.executable, "-c", ASK.format(write=write, full=full)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert done.stdout.startswith(f"there cannot be written ({why}): "), done.stderr
        assert list((tmp_path / "there").iterdir()) == []
