"""Notebooks as they come back: what a student did to them, and the marks that are right. All are graded in one run."""

import json
from copy import deepcopy
from typing import NamedTuple

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell
from test_grading import course, results, unanswered

from course_utils.release import for_colab

pytestmark = pytest.mark.isolation

STEM = "02_one_by_one_convolutions"
SIX = "08_data_augmentation"
CONV = "def conv1x1(a, W, b):\n    return a @ W + b"
COUNT = """def multiplications(h, w, c_in, f, c_out):
    if min(h, w, c_in, f, c_out) < 1 or not all(isinstance(n, int) for n in (h, w, c_in, f, c_out)):
        raise ValueError("no size of a convolution")
    return h * w * c_out * f * f * c_in"""
WRONG = "def conv1x1(a, W, b):\n    return a @ W"
BROKEN = "def conv1x1(a, W, b):\n    return (a @"
STUB = None  # the cell as it is handed out


class Case(NamedTuple):
    """change: what is done to a notebook in which conv1x1 and multiplications are answered; it may return the file.

    points: of these two. words: somewhere in its record.
    """

    change: object
    points: tuple = (2, 1)
    words: str = ""


def place(notebook, exercise="conv1x1"):
    return next(i for i, c in enumerate(notebook.cells) if c.metadata.get("nbgrader", {}).get("grade_id") == exercise)


def wrote(source, exercise="conv1x1"):
    """The answer is this."""

    def change(notebook):
        if source is not STUB:
            notebook.cells[place(notebook, exercise)].source = source

    return change


def cells(*sources, before=(), answer=STUB, kind=new_code_cell, marked=False):
    """Cells above and below that of conv1x1, which holds `answer`. marked: they are copies of it."""

    def change(notebook):
        at = place(notebook)
        own = notebook.cells[at]
        own.source = STUBS["conv1x1"] if answer is STUB else answer
        more = {"metadata": own.metadata} if marked else {}
        notebook.cells[at + 1 : at + 1] = [kind(source or STUBS["conv1x1"], **deepcopy(more)) for source in sources]
        notebook.cells[at:at] = [kind(source or STUBS["conv1x1"], **deepcopy(more)) for source in before]

    return change


def below_the_check(source, answer=STUB):
    def change(notebook):
        notebook.cells[place(notebook)].source = STUBS["conv1x1"] if answer is STUB else answer
        notebook.cells.insert(place(notebook, "conv1x1_check") + 1, new_code_cell(source))

    return change


def in_colab(notebook):
    """The copy that Google Colab opens, answered and saved there."""
    for_colab(notebook, f"{STEM}.ipynb", "someone/course")
    wrote(CONV)(notebook)


def imports(*lines, uses="partial"):
    """The set-up cell begins with these lines; conv1x1 needs what the last one gives."""

    def change(notebook):
        setup = next(cell for cell in notebook.cells if cell.id == "setup")
        setup.source = "\n".join(lines) + "\n" + setup.source
        notebook.cells[place(notebook)].source = f"def conv1x1(a, W, b):\n    {uses}\n    return a @ W + b"

    return change


def turned(kind, answer=CONV):
    """A key was pressed: the cell of conv1x1 is no code any more."""

    def change(notebook):
        at = place(notebook)
        make = {"markdown": new_markdown_cell, "raw": new_raw_cell}[kind]
        notebook.cells[at] = make(
            answer or STUBS["conv1x1"], metadata=notebook.cells[at].metadata, id=notebook.cells[at].id
        )

    return change


def merged(notebook):
    for exercise in "conv1x1", "multiplications":
        notebook.cells[place(notebook, exercise)].source = STUBS[exercise]
    notebook.cells.insert(place(notebook, "multiplications") + 1, new_code_cell(f"{CONV}\n\n\n{COUNT}"))


def as_json(change):
    """The notebook as plain data, for what nbformat does not write."""

    def changed(notebook):
        plain = json.loads(nbformat.writes(notebook))
        return json.dumps(change(plain) or plain).encode()

    return changed


def each_cell(**more):
    def change(plain):
        for cell in plain["cells"]:
            cell |= more

    return change


def stripped(plain):
    for number, cell in enumerate(plain["cells"]):
        cell["id"], cell["metadata"] = f"new-{number}", {}
    plain["metadata"] = {}


def from_colab(plain):
    plain |= {"nbformat_minor": 0, "metadata": {"widgets": {"application/vnd.jupyter.widget-state+json": {"a": {}}}}}
    for cell in plain["cells"]:
        cell["metadata"] |= {"id": cell.pop("id"), "outputId": "3d2f"}
        cell["metadata"] |= {"colab": {"base_uri": "https://localhost:8080/"}}


def same_ids(plain):
    for cell in plain["cells"]:
        cell["id"] = "setup"


def as_bytes(text_to_bytes):
    return lambda notebook: text_to_bytes(nbformat.writes(notebook))


def cp1252(text):
    return text.replace("# ", "# é ", 1).replace("\\u", "u").encode("cp1252", "replace")


TRAINED = "history = model.fit(np.zeros((1, 4)), np.zeros(1))\nbest = 1"
SEABORN = "`import seaborn as sns` failed in grading (ModuleNotFoundError: No module named 'seaborn')"

CASES = {
    # Magics
    "time": Case(wrote(f"%%time\n{CONV}")),
    "time below a comment": Case(wrote(f"# mine\n\n%%time\n{CONV}")),
    "capture": Case(wrote(f"%%capture out\n{CONV}\nout.show()")),
    "capture below a comment": Case(wrote(f"# mine\n%%capture --no-stderr out\n{CONV}\nprint(out)")),
    "magics in a row": Case(wrote(f"%%time\n%%capture\n{CONV}")),
    "timeit": Case(wrote(f"%%timeit -n 1 -r 1\n{CONV}")),
    "prun": Case(wrote(f"%%prun -s cumulative\n{CONV}")),
    "line magics anywhere": Case(
        wrote(f"%matplotlib inline\nimport os\nif os.sep:\n    %time twice = 2\n{CONV}\n%timeit -n1 conv1x1\nconv1x1??")
    ),
    "shell anywhere": Case(
        wrote(f"!pip install seaborn\nfiles = !ls\nhere = %pwd\nlen(files), len(here)\n{CONV}\nnp.pad?")
    ),
    "a copy from Colab": Case(in_colab),
    "a helper below a magic": Case(
        cells(
            before=[
                "%%time\nimport math\ndef helper(x):\n    return math.sqrt(x * x) and x",
                "%time half = helper(0.5)",
            ],
            answer="def conv1x1(a, W, b):\n    return a @ W + b * 2 * half",
        )
    ),
    "a helper beside shell lines": Case(
        cells(
            before=["!ls\nname = !whoami\n%cd ..\none = 1\nnp.dot?"],
            answer="def conv1x1(a, W, b):\n    return a @ W + b * one",
        )
    ),
    "bash": Case(wrote(f"%%bash\n{CONV}"), (0, 1)),
    "writefile": Case(cells(before=["%%writefile conv1x1.py\n" + CONV], answer=WRONG), (0, 1)),
    "prompts": Case(wrote(">>> def conv1x1(a, W, b):\n...     return a @ W + b\n")),
    # JupyterLab's own names
    "display": Case(wrote(f"display(np.zeros(3).shape)\n{CONV}\ndisplay(In, Out, _, __, In[3], Out[3], _.shape)")),
    "display inside": Case(wrote("def conv1x1(a, W, b):\n    display(a.shape)\n    return a @ W + b")),
    "get_ipython": Case(
        wrote(
            f"get_ipython().run_line_magic('matplotlib', 'inline')\nfrom IPython import get_ipython\n"
            f"get_ipython().system('ls')\n{CONV}"
        )
    ),
    "check in the answer's cell": Case(wrote(f"{CONV}\ncheck.conv1x1(conv1x1)")),
    # Where an answer is
    "below the stub": Case(cells(CONV), (2, 1), "found in a cell that is not its own"),
    "above the stub": Case(cells(before=[CONV]), (2, 1), "found in a cell that is not its own"),
    "below the check": Case(below_the_check(CONV), (2, 1), "found in a cell that is not its own"),
    "below the check, beside another": Case(below_the_check(WRONG, CONV), (2, 1), "below the last check"),
    "under another name": Case(cells(f"{CONV.replace('conv1x1', 'mine')}\nconv1x1 = mine"), (2, 1), "not its own"),
    "two in one cell": Case(merged, (2, 1), "not its own"),
    "copied, right above": Case(cells(WRONG, answer=CONV, marked=True), (0, 1), "several cells"),
    "copied, right below": Case(cells(CONV, answer=WRONG, marked=True), (2, 1), "several cells"),
    "copied, broken below": Case(cells(BROKEN, answer=CONV, marked=True), (2, 1), "several cells"),
    "copied, stub below": Case(cells(STUB, answer=CONV, marked=True), (2, 1), "still as it was handed out"),
    "copied, stub above": Case(cells(before=[STUB], answer=CONV, marked=True), (2, 1), "still as it was handed out"),
    "copied, only stubs": Case(cells(STUB, marked=True), (0, 1), "not answered yet"),
    "split in a string": Case(
        cells('more."""\n    return a @ W + b', answer='def conv1x1(a, W, b):\n    """No', marked=True),
        (0, 1),
        "unterminated triple-quoted string",
    ),
    "Markdown": Case(turned("markdown"), (2, 1), "no code cell"),
    "raw": Case(turned("raw"), (2, 1), "no code cell"),
    "Markdown, only the stub": Case(turned("markdown", STUB), (0, 1), "not answered yet"),
    "an emptied cell": Case(cells(CONV, answer=""), (2, 1), "has lost its mark"),
    "Markdown below the stub": Case(cells(f"```python\n{CONV}\n```", kind=new_markdown_cell), (2, 1), "no code cell"),
    "an old answer as raw text": Case(cells(WRONG, answer=CONV, kind=new_raw_cell)),
    "words about it in Markdown": Case(
        cells("conv1x1 is `a @ W + b`\n", kind=new_markdown_cell), (0, 1), "not answered"
    ),
    # Other machines
    "colab": Case(
        imports("from google.colab import drive", "drive.mount('/content/drive')", "from functools import partial")
    ),
    "kaggle": Case(
        imports("import pandas as pd\ndata = pd.read_csv('/kaggle/input/signs.csv')", "from functools import partial")
    ),
    "pip and cd": Case(imports("!pip install seaborn", "%cd /content", "from functools import partial")),
    "colab, in the answer": Case(wrote(f"from google.colab import drive\ndrive.mount('/content')\n{CONV}")),
    "kaggle, in the answer": Case(wrote(f"data = np.load('/kaggle/input/x.npy')\n{CONV}\nconv1x1(data, 1, 2)")),
    "decorated by what is not there": Case(
        wrote(f"from numba import njit\n@njit\n{CONV}"),
        (0, 1),
        "`from numba import njit`: ModuleNotFoundError: No module",
    ),
    "an error before the answer": Case(wrote(f"1 / 0\n{CONV}"), (0, 1), "`1 / 0`: ZeroDivisionError"),
    "seaborn": Case(imports("import seaborn as sns", uses="sns.set_theme()"), (0, 1), SEABORN),
    "seaborn, once removed": Case(
        imports("import seaborn as sns", "palette = sns.color_palette()", uses="palette"), (0, 1), SEABORN
    ),
    "kaggle, used": Case(
        imports("table = np.load('/kaggle/input/table.npy')", uses="table"),
        (0, 1),
        "because `table = np.load('/kaggle/input/table.npy')` failed in grading (FileNotFoundError",
    ),
    "trained": Case(
        cells(before=[TRAINED], answer="def conv1x1(a, W, b):\n    return a @ W + b * best"),
        (0, 1),
        "because `history = model.fit(np.zeros((1, 4)), np.zeros(1))` does not run in grading",
    ),
    "a helper with a slip": Case(
        cells(
            before=["def helper(x):\n    return (x\n\nhalf = 2"],
            answer="def conv1x1(a, W, b):\n    return helper(a @ W + b)",
        ),
        (0, 1),
        "because `return (x` failed in grading (SyntaxError: '(' was never closed)",
    ),
    "a helper that predicts": Case(
        cells(
            before=["def ask(model, x):\n    return model.predict(x)\n\none = 1"],
            answer="def conv1x1(a, W, b):\n    return a @ W + b * one",
        )
    ),
    "another folder": Case(imports("import os; os.chdir('/nowhere')", "os.chdir('/')", uses="own_picture('hand.jpg')")),
    "another folder, and the cache": Case(
        imports("import os; os.chdir('/')", "signs = load('signs')", uses="signs.x_test")
    ),
    "a variable of its name below": Case(below_the_check("conv1x1 = 3\ncheck", CONV), (2, 1), "below the last check"),
    "another folder, by magic": Case(imports("%cd ..", uses="own_picture('bird.jpg')")),
    # Calls that wait, and that leave
    "input": Case(wrote(f"n = int(input())\n{CONV}"), (0, 1), "input()"),
    "getpass": Case(
        wrote("def conv1x1(a, W, b):\n    import getpass\n    getpass.getpass()"), (0, 1), "getpass.getpass()"
    ),
    "exit": Case(wrote(f"{CONV}\nexit()")),
    "quit before it": Case(wrote(f"quit()\n{CONV}"), (0, 1), "`quit()`"),
    "sys.exit inside": Case(wrote("def conv1x1(a, W, b):\n    import sys\n    sys.exit()"), (0, 1), "`sys.exit()`"),
    "exit in a helper": Case(
        cells(before=["one = 1\nexit()\ntwo = 2"], answer="def conv1x1(a, W, b):\n    return a @ W + b * two"),
        (0, 1),
        "because `exit()` leaves the notebook",
    ),
    # Figures
    "TkAgg": Case(wrote(f"import matplotlib\nmatplotlib.use('TkAgg')\n{CONV}")),
    "drawing": Case(
        wrote(
            "def conv1x1(a, W, b):\n    import matplotlib.pyplot as plt\n    plt.rcParams['backend'] = 'TkAgg'\n"
            "    plt.figure()\n    plt.plot([1])\n    plt.show(block=True)\n    plt.close()\n    return a @ W + b"
        )
    ),
    "widget and show": Case(
        wrote(
            f"%matplotlib widget\nimport matplotlib.pyplot as plt\nplt.switch_backend('QtAgg')\n{CONV}\n"
            "plt.plot([1])\nplt.show(block=True)"
        )
    ),
    # Files
    "stripped": Case(as_json(stripped), (2, 1), "The cell of conv1x1 has lost its mark, like multiplications"),
    "from Colab": Case(as_json(from_colab)),
    "ids all the same": Case(as_json(same_ids)),
    "no ids": Case(as_json(lambda plain: [cell.pop("id") for cell in plain["cells"]] and None)),
    "metadata null": Case(as_json(each_cell(metadata=None)), (2, 1), "has lost its mark"),
    "metadata a list": Case(as_json(each_cell(metadata=[1])), (2, 1), "has lost its mark"),
    "marks null": Case(as_json(each_cell(metadata={"nbgrader": None})), (2, 1), "has lost its mark"),
    "another kernel": Case(as_json(lambda plain: plain.update(metadata={"kernelspec": None, "language_info": 3}))),
    "no metadata": Case(as_json(lambda plain: plain.pop("metadata") and None)),
    "cp1252": Case(as_bytes(cp1252)),
    "half a character": Case(wrote(CONV.replace("\n", "  # \N{SMILING FACE WITH OPEN MOUTH}\n", 1))),
    "half a character only": Case(as_bytes(lambda text: text.replace("a @ W + b", "a @ W + b  # \\ud83d").encode())),
    # Too much
    "a text of 5 MB": Case(
        wrote("def conv1x1(a, W, b):\n    raise ValueError('x' * 5_000_000)"), (0, 1), "ValueError: xxx"
    ),
    "stored outputs": Case(
        as_json(
            lambda plain: (
                [
                    cell.update(outputs=[{"output_type": "stream", "name": "stdout", "text": "x" * 500_000}])
                    for cell in plain["cells"]
                    if cell["cell_type"] == "code"
                ]
                and None
            )
        )
    ),
}
ENDLESS = {
    "random_crop": "def random_crop(images, size, rng):\n    while True:\n        print('x' * 1000)",
}
STUBS = {
    exercise: unanswered(STEM)[0].cells[place(unanswered(STEM)[0], exercise)].source
    for exercise in ("conv1x1", "multiplications")
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """({student: record}, the folder of grades)."""
    folder = tmp_path_factory.mktemp("class")
    for name, case in CASES.items():
        notebook = deepcopy(unanswered(STEM)[0])
        wrote(CONV)(notebook)
        wrote(COUNT, "multiplications")(notebook)
        data = case.change(notebook) or nbformat.writes(notebook).encode()
        (folder / "in" / name).mkdir(parents=True)
        (folder / "in" / name / f"{STEM}.ipynb").write_bytes(data)
    notebook, solutions = deepcopy(unanswered(SIX))
    for cell in notebook.cells:
        mark = cell.metadata.get("nbgrader", {}).get("grade_id")
        cell.source = ENDLESS.get(mark) or solutions[cell.id] if "solution" in str(cell.metadata) else cell.source
    (folder / "in" / "endless").mkdir()
    nbformat.write(notebook, folder / "in" / "endless" / f"{SIX}.ipynb")
    run = course(folder / "in", "-o", folder / "out", "--jobs", 2, "--seed", 7, "--seconds", 60)
    assert run.returncode == 0, run.stdout + run.stderr
    return {key: record for key, record in results(folder / "out").items() if record["status"] != "missing"}, folder


@pytest.mark.parametrize("name", CASES)
def test_the_marks_are_right(graded, name):
    record = graded[0][name, STEM]
    told = json.dumps([record["exercises"], record["notes"]], indent=1, ensure_ascii=False)
    assert record["status"] == "ok", told
    assert tuple(one["points"] for one in record["exercises"][:2]) == CASES[name].points, told
    assert CASES[name].words in told.replace('\\"', '"'), told


def test_what_never_ends_takes_no_other_exercise_along(graded):
    record = graded[0]["endless", SIX]
    assert record["status"] == "ok"
    for one in record["exercises"]:
        assert one["points"] == (0 if one["exercise"] in ENDLESS else one["max_points"]), one
        if one["exercise"] in ENDLESS:
            assert "it takes too long" in str(one["findings"])


def test_what_is_written_stays_small(graded):
    for path in (graded[1] / "out").rglob("*"):
        assert path.is_dir() or path.stat().st_size < 300_000, path
