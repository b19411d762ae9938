"""The house: what is heavy, what is pinned, what the workflow file says."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from course_utils.files import ROOT, masters


def test_importing_the_package_imports_nothing_heavy():
    code = "import course_utils, course_utils.cli, sys; print(*sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "tensorflow", "keras", "matplotlib", "h5py", "IPython", "nbgrader"} & set(out)


def test_requirements_are_pinned_with_hashes_and_name_no_index():
    text = (ROOT / "requirements.txt").read_text()
    requirements = re.split(r"\n(?=\S)", text.strip())
    assert len(requirements) > 100
    for requirement in requirements:
        assert re.match(r"[\w.\-]+==[\w.+!]+", requirement), requirement
        assert "--hash=sha256:" in requirement, requirement
    assert "://" not in text
    assert "index" not in text


def test_requirements_hold_what_pyproject_asks_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    more = *project["project"]["optional-dependencies"].values(), *project["dependency-groups"].values()
    asked = [*project["project"]["dependencies"], *itertools.chain(*more)]
    names = {re.match(r"[\w\-]+", line)[0].lower().replace("_", "-") for line in asked}
    pinned = set(re.findall(r"^([\w.\-]+)==", (ROOT / "requirements.txt").read_text(), flags=re.M))
    assert names <= pinned


def test_pytorch_is_pinned_beside_them():
    text = (ROOT / "requirements-torch.txt").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[\w.\-]+==[\w.]+", line) for line in lines)
    assert "torch==2.13.0" in lines
    assert "://" not in text
    assert "--" not in text  # no option, such as an index
    pinned = set(re.findall(r"^([\w.\-]+)==", (ROOT / "requirements.txt").read_text(), flags=re.M))
    assert not pinned & {line.split("==")[0] for line in lines}


def test_without_pytorch_its_notebook_is_skipped_by_name(tmp_path):
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.modules['torch'] = None")
    pytest_of_it = ["-m", "pytest", "--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", "-rs"]
    done = subprocess.run(
        [sys.executable, *pytest_of_it, "notebooks/07b_resnet50v2_pytorch.ipynb"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cells = json.loads((ROOT / "notebooks/07b_resnet50v2_pytorch.ipynb").read_text(encoding="utf-8"))["cells"]
    skipped = sum(cell["cell_type"] == "code" for cell in cells)
    assert f"{skipped} skipped" in done.stdout
    assert "passed" not in done.stdout
    assert "07b_resnet50v2_pytorch is skipped, torch is not installed" in done.stdout


def test_the_workflows_are_valid():
    workflows = map(str, sorted(ROOT.glob(".github/workflows/*.yml")))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_version_is_the_same_wherever_it_stands():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.citation-file-format"]
    done = subprocess.run([*command, str(ROOT / "CITATION.cff")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    number = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\nversion: {number}\n" in (ROOT / "CITATION.cff").read_text()
    told = subprocess.run([sys.executable, "-m", "course_utils", "--version"], capture_output=True, text=True)
    assert told.stdout == f"course {number}\n"


def test_jupyter_opens_an_address_and_no_file(tmp_path):
    """A browser in a sandbox, such as Ubuntu's Firefox, may not read the file that Jupyter would have it open."""
    variables = {"JUPYTER_CONFIG_PATH": str(ROOT / "course_utils/jupyter"), "JUPYTER_CONFIG_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "jupyterlab", "--show-config-json"]
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["ServerApp"]["use_redirect_file"] is False


# --- Setting up -----------------------------------------------------------------------------------------------------

ODD = "My Course – Kurs äö 中文 #1 $x it's"
PYTHON = """#!/bin/sh
# A Python of version {version} that makes environments; its pip writes down what it is asked, and can fail.
case "$1 $2" in
"-c import pip"*) test -e .venv/pip || exit 1; exec "{real}" -c "import sys; sys.version_info = {version}; ${{2#*;}}" ;;
"-c "*) exec "{real}" -c "import sys; sys.version_info = {version}; $2" ;;
"-m venv") rm -rf .venv; mkdir -p .venv/bin; cp "$0" .venv/bin/python; test -e interrupted || echo > .venv/pip ;;
"-m pip") echo "$@" >> asked; test ! -e fails || {{ echo "ERROR: No space left on device" >&2; exit 1; }} ;;
"-m course_utils") echo "$@" >> asked ;;
esac
"""


@pytest.fixture
def machine(tmp_path):
    """machine(pythons, uname, cpu): `make` on a machine with these Pythons on the path; (exit status, output)."""
    place, tools = tmp_path / ODD, tmp_path / "bin"
    place.mkdir()
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, place)
    tools.mkdir()
    for name in ("sh", "make", "grep", "cat", "cp", "rm", "mkdir"):
        (tools / name).symlink_to(shutil.which(name))

    def setup(pythons=("python3 3.12",), uname="Linux x86_64", cpu="flags : sse avx avx2", target="setup"):
        for name, version in (python.split() for python in pythons):
            version = tuple(map(int, version.split(".")))
            (tools / name).write_text(PYTHON.format(version=version, real=sys.executable))
            (tools / name).chmod(0o755)
        (tools / "uname").write_text(f"#!/bin/sh\necho {uname}\n")
        (tools / "uname").chmod(0o755)
        (tmp_path / "cpu").write_text(cpu)
        variables = {"PATH": str(tools), "HOME": str(place), "LANG": "C", "LC_ALL": "C"}
        command = ["make", f"CPUINFO={tmp_path / 'cpu'}", target]
        done = subprocess.run(command, cwd=setup.place, env=variables, capture_output=True)
        return done.returncode, (done.stderr + done.stdout).decode()

    setup.place = place
    return setup


def asked(machine):
    """What pip was asked to install, in order."""
    return [line.split()[-1] for line in (machine.place / "asked").read_text().splitlines()]


if os.name == "posix":

    def test_setting_up_in_a_folder_of_any_name_happens_once(machine):
        for _ in range(2):
            status, out = machine()
            assert status == 0, out
            assert asked(machine) == ["requirements.txt", "."]
        assert machine(target="lab")[0] == 0
        assert asked(machine) == ["requirements.txt", ".", "lab"]

    def test_a_folder_that_was_moved_is_set_up_anew(machine):
        machine()
        machine.place = machine.place.rename(machine.place.with_name("moved"))
        for _ in range(2):
            assert machine()[0] == 0
            assert asked(machine) == ["requirements.txt", ".", "requirements.txt", "."]

    UNFIT = {
        "3.14 only": ({"pythons": ["python3 3.14"]}, "The course needs Python 3.11, 3.12 or 3.13 (with venv): install"),
        "3.10 only": ({"pythons": ["python3 3.10", "python 3.10"]}, "The course needs Python 3.11, 3.12 or 3.13"),
        "none": ({"pythons": []}, "The course needs Python 3.11, 3.12 or 3.13"),
        "no AVX": ({"cpu": "flags : sse sse2 avxish"}, "TensorFlow needs a processor with AVX, which this one lacks"),
        "Intel Mac": ({"uname": "Darwin x86_64"}, "TensorFlow is no longer made for Macs with an Intel processor"),
    }

    @pytest.mark.parametrize("case", UNFIT)
    def test_what_cannot_work_is_said_before_anything_is_fetched(machine, case):
        options, sentence = UNFIT[case]
        status, out = machine(**options)
        assert status != 0
        error, told = out.splitlines()
        assert told.startswith(sentence)
        assert re.fullmatch(r"make: \*\*\* .*Error 1", error)
        assert {path.name for path in machine.place.iterdir()} == {"Makefile", "requirements.txt", "pyproject.toml"}

    @pytest.mark.parametrize(
        ("pythons", "uname"),
        [
            (["python3 3.14", "python3.12 3.12"], "Linux x86_64"),
            (["python3 3.10", "python3.13 3.13"], "Darwin arm64"),
            (["python 3.11"], "Linux aarch64"),
        ],
    )
    def test_the_python_that_fits_is_found(machine, pythons, uname):
        status, out = machine(pythons, uname, "flags: avx" if uname == "Linux x86_64" else "")
        assert status == 0, out

    def test_an_interrupted_start_goes_on(machine):
        """Stopped while the environment was made, there is a Python without pip; then the disk is full."""
        (machine.place / "interrupted").touch()
        (machine.place / "fails").touch()
        machine()
        assert not (machine.place / ".venv/pip").exists()
        (machine.place / "interrupted").unlink()
        status, out = machine()
        assert status != 0
        assert (machine.place / ".venv/pip").exists(), "made again, with pip"
        assert not (machine.place / ".venv/ready").exists()
        assert out.startswith("ERROR: No space left on device\n")
        assert "\nThe packages are not all there, and pip says above why: they need a network and 3 GB of disk." in out
        (machine.place / "fails").unlink()
        (machine.place / ".venv/kept").touch()
        assert machine()[0] == 0
        assert (machine.place / ".venv/kept").exists(), "what is there stays"


KERNEL = """
import nbclient, nbformat
from course_utils.files import ROOT, masters
from course_utils.release import lay_workspace
print(len(lay_workspace(ROOT / "workspace")))
code = "import tiny_set; from course_utils.data import catalogue, load; catalogue.SETS['happy'] = tiny_set.entry()"
cells = [nbformat.v4.new_code_cell(code), nbformat.v4.new_code_cell("print(load('happy').source.paths[0])")]
notebook = nbformat.v4.new_notebook(cells=cells)
resources = {"metadata": {"path": str(ROOT / "workspace")}}
nbclient.NotebookClient(notebook, kernel_name="python3", resources=resources).execute()
print(cells[1].outputs[-1]["text"].splitlines()[-1])
"""


def test_a_checkout_in_a_folder_of_any_name_works(tmp_path):
    """The code itself, with a home of such a name, too, and the plainest locale: a workspace, and a kernel in it."""
    place = tmp_path / ODD
    for name in ("course_utils", "notebooks", "images"):
        shutil.copytree(ROOT / name, place / name, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "pyproject.toml").touch()
    for name in ("datasets", "home"):
        (place / name).mkdir()
    variables = {"HOME": str(place / "home"), "LANG": "C", "LC_ALL": "C", "COURSE_OFFLINE": "1"}
    variables["PYTHONPATH"] = os.pathsep.join([str(place), str(Path(__file__).parent)])
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    done = subprocess.run([sys.executable, "-c", KERNEL], cwd=place, env=kept | variables, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    laid, cached = done.stdout.decode().splitlines()
    assert int(laid) == len([*(place / "workspace").glob("*.ipynb")])
    assert Path(cached).parent == place / "datasets" / "cache" / "happy"


# --- The glossary ---------------------------------------------------------------------------------------------------


def test_the_glossary_is_in_order_and_each_word_stands_in_the_notebook_that_it_names():
    cells = json.loads((ROOT / "notebooks/GLOSSARY.ipynb").read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    words = re.findall(r"^\*\*(.+?)\*\* \[\d\w+\]\((.+?)\): .+\.$", text, re.M)
    assert len(words) == text.count("\n**") > 60
    order = [word.lower().replace("-", "") for word, _ in words]
    assert order == sorted(order)
    for word, name in words:
        cells = json.loads((ROOT / "notebooks" / name).read_text(encoding="utf-8"))["cells"]
        page = " ".join("".join(cell["source"]) for cell in cells).lower()
        for part in word.lower().split(", "):
            assert part in page or part.rstrip("s") in page, (word, name)


def test_each_notebook_leads_to_the_glossary_and_asks_five_questions():
    for stem, path in masters().items():
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        assert "](GLOSSARY.ipynb)" in "".join(cells[0]["source"]), stem
        text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        assert text.count("<details><summary>Answer</summary>\n\n") >= 5, stem
        assert text.count("<details>") == text.count("</details>"), stem


def test_stored_outputs_hold_no_message_of_the_machine():
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            assert not [one for one in cell.get("outputs", []) if one.get("name") == "stderr"], (path.name, cell["id"])
            assert "the course prepares" not in json.dumps(cell.get("outputs", [])), (path.name, cell["id"])
