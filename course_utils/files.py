"""Where the course's own files lie, and writing that leaves nothing half-written."""

import os
import tempfile
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from course_utils.errors import CourseError

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
IMAGES = ROOT / "images"


def masters():
    """The course's notebooks in their order: {file stem: path}. Raises CourseError where there are none."""
    found = {path.stem: path for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb"))}
    if not found:
        raise CourseError("The notebooks are not here: run the course from a clone of its repository.")
    return found


def master(number):
    """The path of the master with this number, such as "04"; None where it is not there."""
    return next(NOTEBOOKS.glob(f"{number}_*.ipynb"), None)


def pages():
    """What is handed out: the page on which the course begins, the masters, the glossary: {file stem: path}."""
    start, glossary = NOTEBOOKS / "START.ipynb", NOTEBOOKS / "GLOSSARY.ipynb"
    paths = [start, *masters().values(), glossary]
    return {path.stem: path for path in paths if path.exists()}


def missing(notebook):
    """The first package that the notebook's metadata require beyond the course's own and that is not here, or None."""
    required = notebook["metadata"].get("course", {}).get("requires", ())
    return next((name for name in required if not find_spec(name)), None)


@contextmanager
def atomic(path):
    """A temporary path beside `path` that takes its place when the block ends well, and vanishes when it does not."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(name)


def write_text(path, text):
    """Write `text` to `path` in UTF-8 with Unix line ends: the whole of it, or nothing."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
