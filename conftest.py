"""What tests and notebooks have in common: a notebook that needs more than the course installs is skipped, by name."""

import json
import os

import pytest

from course_utils.files import missing

os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as `course` sets it for its kernels


def pytest_collection_modifyitems(items):
    why = {path: _why(path) for path in {item.path for item in items} if path.suffix == ".ipynb"}
    for item in items:
        if why.get(item.path):
            item.add_marker(pytest.mark.skip(reason=why[item.path]))


def _why(path):
    package = missing(json.loads(path.read_text(encoding="utf-8")))
    return f"{path.stem} is skipped, {package} is not installed: `make torch test` runs it" if package else None
