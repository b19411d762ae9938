"""Student copies of the notebooks: solutions out, outputs out, pictures beside; and the workspace they are laid in."""

import hashlib
import json
import re
from pathlib import Path

import nbformat
from nbgrader.preprocessors import (
    CheckCellMetadata,
    ClearHiddenTests,
    ClearOutput,
    ClearSolutions,
    ComputeChecksums,
    LockCells,
)

from course_utils.errors import CourseError
from course_utils.files import atomic, masters, write_text

STUB = "# Your answer here, in place of the next line.\nraise check.NotAnswered()"
LAID = ".laid.json"  # in the workspace: what was laid there, so that what a student wrote is told apart
PICTURE = re.compile(r"(!\[[^\]]*\]\()\.\./(images/[^)\s]+\))")


def student_copy(path):
    """The master notebook at `path` as a student gets it, by nbgrader's own preprocessors.

    Solution regions become a stub that raises `check.NotAnswered`; cell metadata stay, so that the copy can be
    collected by nbgrader as well; pictures are looked for in the folder `images` beside the copy (JupyterLab shows no
    SVG that is attached to a cell).
    """
    notebook = nbformat.read(path, as_version=4)
    resources = {}
    for preprocessor in (
        CheckCellMetadata(),
        ClearSolutions(code_stub={"python": STUB}),
        ClearHiddenTests(),
        ClearOutput(),
        LockCells(),
        ComputeChecksums(),
    ):
        notebook, resources = preprocessor.preprocess(notebook, resources)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = PICTURE.sub(r"\1\2", cell.source)
    return notebook


def pictures(path):
    """The pictures that the master notebook at `path` shows, as paths relative to the course's folder."""
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return sorted({Path(link.rstrip(")")) for _, link in PICTURE.findall(text)})


def release(folder, only=None):
    """Write the student copies into `folder` under the masters' file names; returns their paths.

    Their pictures go to its folder `images`. Raises CourseError where a notebook of that name, or another picture, is
    already there: a release never overwrites.
    """
    folder = Path(folder)
    chosen = [path for stem, path in masters().items() if only is None or stem in only]
    taken = [path.name for path in chosen if (folder / path.name).exists()]
    taken += [
        picture.as_posix()
        for path in chosen
        for picture in _pictures_to_lay(path, folder)
        if (folder / picture).exists()
    ]
    if taken:
        raise CourseError(f"{folder} already holds {taken[0]}: choose an empty folder, or move it away.")
    for path in chosen:
        _lay_pictures(path, folder)
        write_text(folder / path.name, nbformat.writes(student_copy(path)) + "\n")
    return [folder / path.name for path in chosen]


def lay_workspace(folder):
    """Bring the student's workspace up to date; returns what was done, as (file name, word) pairs.

    A notebook that is absent is laid; one that the student has not touched is replaced by its newer version;
    beside one that holds a student's work the newer version is laid under another name, once. The pictures that
    notebooks show are the course's own and simply replaced.
    """
    folder = Path(folder)
    record = folder / LAID
    laid = json.loads(record.read_text(encoding="utf-8")) if record.exists() else {}
    done = []
    for path in masters().values():
        _lay_pictures(path, folder)
        text = nbformat.writes(student_copy(path)) + "\n"
        versions = laid.setdefault(path.name, [])
        if _digest(text) in versions and any(folder.glob(f"{path.stem}*.ipynb")):
            continue
        target, word = folder / path.name, "new"
        if target.exists():
            if _digest(target.read_text(encoding="utf-8")) in versions:
                word = "brought up to date"
            else:
                target, word = _free_name(folder, path.stem), "a newer version, beside your own work"
        write_text(target, text)
        versions.append(_digest(text))
        write_text(record, json.dumps(laid, indent=1))
        done.append((target.name, word))
    return done


def _lay_pictures(path, folder):
    for picture in _pictures_to_lay(path, folder):
        with atomic(folder / picture) as temporary:
            temporary.write_bytes((path.parents[1] / picture).read_bytes())


def _pictures_to_lay(path, folder):
    """Those pictures of the notebook at `path` that `folder` lacks or has in another form."""
    course = path.parents[1]
    return [
        picture
        for picture in pictures(path)
        if not (folder / picture).exists() or (folder / picture).read_bytes() != (course / picture).read_bytes()
    ]


def _digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def _free_name(folder, stem):
    number = 2
    while (folder / f"{stem}_version{number}.ipynb").exists():
        number += 1
    return folder / f"{stem}_version{number}.ipynb"
