"""The exercises: one file each, with what is asked, what is right, what earns points, and what each mistake is told.

The folder is the registry: a file NAME.py holds `exercise`, and `check.NAME` checks it. Nothing here is to be read, or
imported, where a student's code runs in grading.
"""

from importlib import import_module
from pathlib import Path

_found = {
    path.stem: import_module(f"{__name__}.{path.stem}").exercise for path in Path(__file__).parent.glob("[a-z]*.py")
}
EXERCISES = dict(sorted(_found.items(), key=lambda item: (item[1].notebook, item[1].place)))  # as in the notebooks
