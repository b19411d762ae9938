"""Student copies of the notebooks: solutions out, outputs out, pictures beside; and the workspace they are laid in."""

import difflib
import hashlib
import json
import re
import tempfile
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
from course_utils.files import atomic, pages, write_text

STUB = "# Your answer here, in place of the next line.\nraise check.NotAnswered()"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
LAID = ".laid.json"  # in the workspace: what was laid there, so that what a student wrote is told apart
PICTURE = re.compile(r"(!\[[^\]]*\]\()\.\./(images/[^)\s]+\))")
BRANCH = "student"  # of a repository on GitHub: where its student copies lie
IN_COLAB = """# Google Colab lacks the course's package, so this cell installs it there. Elsewhere it does nothing.
try:
    import google.colab
except ImportError:
    pass
else:
    %pip install --quiet git+https://github.com/{}
"""


def student_copy(path, github=None):
    """The master notebook at `path` as a student gets it, by nbgrader's own preprocessors.

    Solution regions become a stub that raises `check.NotAnswered`; cell metadata stay, so that the copy can be
    collected by nbgrader as well; pictures are looked for in the folder `images` beside the copy (JupyterLab shows no
    SVG that is attached to a cell).
    github: OWNER/REPOSITORY, if the copy shall be opened from there. Then pictures are linked, since Colab loses sight
    of the folder once a student has saved a copy, and the cells of `for_colab` are added.
    Raises CourseError for a file that is no notebook, and for marks of a solution of which nbgrader would leave
    something in: misspelt, nested, without their counterpart, or where no answer is due.
    """
    try:
        notebook = nbformat.read(path, as_version=4)
    except (ValueError, nbformat.reader.NotJSONError):
        raise CourseError(f"{path.name} is no notebook, or not all of one: get it again.") from None
    for number, cell in enumerate(notebook.cells, start=1):
        cell.source = cell.source.replace("\r\n", "\n")
        if wrong := _wrong_marks(cell):
            name = cell.metadata.get("nbgrader", {}).get("grade_id", number)
            raise CourseError(f"{path.name}, cell {name}: {wrong}.")
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
    notebook.metadata.get("course", {}).pop("metrics", None)
    place = f"https://raw.githubusercontent.com/{github}/{BRANCH}/" if github else ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = PICTURE.sub(rf"\1{place}\2", cell.source)
    if github:
        for_colab(notebook, path.name, github)
    return notebook


def for_colab(notebook, name, github):
    """Add two cells to a student copy: one installs the package in Google Colab, one says where the copy can be opened.

    name: the copy's file name. github: OWNER/REPOSITORY of the course, whose branch `student` holds the copies.
    """
    first = nbformat.v4.new_code_cell(IN_COLAB.format(github).strip(), id="install")
    opened = nbformat.v4.new_markdown_cell(open_in(name, github), id="open-in")
    notebook.cells[:1] = [first, notebook.cells[0], opened]


def open_in(name, github):
    """Where the student copy with this file name can be opened and worked on, as a line of Markdown."""
    places = {
        "Colab": f"https://colab.research.google.com/github/{github}/blob/{BRANCH}/{name}",
        "Binder": f"https://mybinder.org/v2/gh/{github}/{BRANCH}?urlpath=lab/tree/{name}",
        "Codespaces": f"https://codespaces.new/{github}",
    }
    return "Open in " + " · ".join(f"[{place}]({address})" for place, address in places.items())


def _wrong_marks(cell):
    """What is wrong with the marks of the solution in a cell of a master, or None."""
    marks = [line.strip() for line in cell.source.splitlines() if _like_a_mark(line)]
    answer = cell.cell_type == "code" and cell.metadata.get("nbgrader", {}).get("solution")
    for mark in marks:
        if mark not in (BEGIN, END):
            return f'"{mark}" must be "{BEGIN}" or "{END}", alone in its line'
    if marks and not answer:
        return f'"{marks[0]}" stands in a cell that is not a code cell for an answer'
    if answer and not marks:
        return f'a cell for an answer needs a line "{BEGIN}" and, below the solution, a line "{END}"'
    if marks != [BEGIN, END] * (len(marks) // 2):
        return f'each "{BEGIN}" needs its "{END}" before the next one'
    return None


def _like_a_mark(line):
    words = line.strip(" \t#").upper()
    marks = (BEGIN.strip("# "), END.strip("# "))
    return any(mark in words for mark in marks) or bool(difflib.get_close_matches(words, marks, cutoff=0.8))


def pictures(path):
    """The pictures that the master notebook at `path` shows, as paths relative to the course's folder."""
    cells = nbformat.read(path, as_version=4).cells
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    return sorted({Path(link.rstrip(")")) for _, link in PICTURE.findall(text)})


def release(folder, only=None, github=None):
    """Write the student copies into `folder` under the masters' file names; returns their paths.

    Their pictures go to its folder `images`. github: see `student_copy`; a README.md says where each can be opened.
    Raises CourseError where a notebook of that name, or another picture, is already there (a release never overwrites),
    where a master has wrong marks and where `folder` cannot be written; then nothing is left there.
    """
    folder = Path(folder)
    copies = _copies((path for stem, path in pages().items() if only is None or stem in only), github)
    texts = {path.name: text for path, text in copies.items()}
    if github:
        lines = (f"- {Path(name).stem}: {open_in(name, github)}" for name in texts)
        texts["README.md"] = "\n".join(["# The course's notebooks", "", *lines, ""])
    needed = sorted({picture for path in copies for picture in _pictures_to_lay(path, folder)})
    names = [*texts, *(picture.as_posix() for picture in needed)]
    if taken := [name for name in names if (folder / name).exists()]:
        raise CourseError(f"{folder} already holds {taken[0]}: choose an empty folder, or move it away.")
    try:
        for path in copies:
            _lay_pictures(path, folder)
        for name, text in texts.items():
            write_text(folder / name, text)
    except OSError as error:
        for name in names:
            if (folder / name).is_file():
                (folder / name).unlink()
        raise CourseError(f"{folder} cannot be written ({error.strerror}): choose another folder.") from None
    return [folder / path.name for path in copies]


def lay_workspace(folder):
    """Bring the student's workspace up to date; returns what was done, as (file name, word) pairs.

    A notebook that is absent is laid; if the student has renamed it, the word says so. One that the student has not
    touched is replaced by its newer version; beside one that holds a student's work the newer version is laid under
    another name, once. The pictures that notebooks show are the course's own and simply replaced. Raises CourseError
    where the workspace cannot be written.
    """
    folder, copies = Path(folder), _copies(pages().values())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # else Jupyter is the first to find that it cannot save
            pass
        return _lay(folder, copies)
    except OSError as error:
        raise CourseError(
            f"{folder} cannot be written ({error.strerror}): change that, or name another folder, as in "
            "`course lab --workspace FOLDER`."
        ) from None


def _lay(folder, copies):
    laid, done = _laid(folder / LAID), []
    files = {file.name: _cell_ids(_content(file)) for file in sorted(folder.glob("*.ipynb"))}
    for path, text in copies.items():
        _lay_pictures(path, folder)
        versions, new = laid.setdefault(path.name, []), _digest(text.encode())
        ours = re.compile(rf"{re.escape(path.stem)}(_version\d+)?\.ipynb")
        if new in versions and any(ids and ours.fullmatch(name) for name, ids in files.items()):
            continue
        target, there = folder / path.name, _content(folder / path.name)
        if there is None:
            own = _cell_ids(text.encode())
            renamed = [name for name, ids in files.items() if 2 * len(ids & own) > len(own)]
            word = f"new; your own work is in {renamed[0]}" if renamed else "new"
        elif there == text.encode():
            word = ""  # only the record was lost
        elif _digest(there) in versions:
            word = "brought up to date"
        else:
            target, word = _free_name(folder, path.stem), "a newer version, beside your own work"
            if not files.get(path.name):
                word = f"a new copy, as {path.name} cannot be read"
        if word:
            write_text(target, text)
            done.append((target.name, word))
        versions.append(new)
        write_text(folder / LAID, json.dumps(laid, indent=1))
    return done


def _copies(paths, github=None):
    """The text of each master's student copy, all made before the first is written: {path: text}."""
    return {path: nbformat.writes(student_copy(path, github)) + "\n" for path in paths}


def _laid(record):
    """What was laid in a workspace: {file name: digests of its versions}; nothing where its record cannot be read."""
    try:
        return {name: versions for name, versions in json.loads(record.read_bytes()).items() if type(versions) is list}
    except (OSError, ValueError, AttributeError):  # none, damaged, or of another version of the course
        return {}


def _cell_ids(content):
    """The ids of a notebook's cells, which stay when it is renamed; none of what is half saved or no notebook."""
    try:
        return {cell.get("id", number) for number, cell in enumerate(json.loads(content)["cells"])}
    except (ValueError, KeyError, TypeError, AttributeError):
        return set()


def _content(path):
    """The bytes at a path; None where there is nothing, b"" where it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError:
        return b""


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


def _digest(content):
    return hashlib.sha256(content).hexdigest()


def _free_name(folder, stem):
    number = 2
    while (folder / f"{stem}_version{number}.ipynb").exists():
        number += 1
    return folder / f"{stem}_version{number}.ipynb"
