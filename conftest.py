"""A notebook that needs more than the course installs is skipped, by name, where that is missing."""

import json

import pytest

from course_utils.files import missing


def pytest_collection_modifyitems(items):
    why = {path: _why(path) for path in {item.path for item in items} if path.suffix == ".ipynb"}
    for item in items:
        if why.get(item.path):
            item.add_marker(pytest.mark.skip(reason=why[item.path]))


def _why(path):
    package = missing(json.loads(path.read_text(encoding="utf-8")))
    return f"{path.stem} is skipped, {package} is not installed: `make torch test` runs it" if package else None
