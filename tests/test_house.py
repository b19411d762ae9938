"""The house: what is heavy, what is pinned, what the workflow file says."""

import itertools
import json
import os
import re
import subprocess
import sys
import tomllib

from course_utils.files import ROOT


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
    asked = [*project["project"]["dependencies"], *itertools.chain(*project["dependency-groups"].values())]
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


def test_the_workflow_is_valid():
    workflow = ROOT / ".github/workflows/test.yml"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(workflow)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
