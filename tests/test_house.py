"""The house: what is heavy, what is pinned, what the workflow file says."""

import itertools
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


def test_the_workflow_is_valid():
    workflow = ROOT / ".github/workflows/test.yml"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(workflow)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
