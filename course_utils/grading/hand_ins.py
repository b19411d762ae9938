"""What students handed in, found in the folders and zip files that learning platforms write."""

import io
import re
import unicodedata
import zipfile
import zlib
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from itertools import groupby
from pathlib import Path, PurePosixPath

from course_utils.errors import CourseError
from course_utils.grading.submissions import Unreadable

MAX_NOTEBOOK = 50 << 20  # bytes
MAX_FILES = 10_000  # of a zip file
MAX_INNER = 20  # zip files in a student's zip file
MAX_NOTEBOOKS = 100  # of one student
MOODLE = re.compile(r"(.+)_\d+_assignsubmission_\w+_?")
CANVAS = re.compile(r"([^_]+)(?:_LATE)?_\d+_\d+_(.+)")


@dataclass(frozen=True)
class Handed:
    """One file that a student handed in. place: where it lies, for messages and for the order of two of them."""

    student: str
    place: str
    read: object  # () -> bytes


def find(place):
    """All notebooks under a folder or in a zip file: a list of `Handed`, in the order of their names.

    Understood are STUDENT/NOTEBOOK.ipynb, STUDENT/anything/NOTEBOOK.ipynb, STUDENT.zip, the folders of Moodle
    (Name_123_assignsubmission_file_) and the flat files of Canvas (name_123_456_NOTEBOOK.ipynb).
    Raises CourseError where there are none.
    """
    place = Path(place)
    if not place.exists():
        raise CourseError(f"There is no {place}: name the folder that holds one folder a student.")
    found, students = [], set()
    if place.is_dir():  # who has handed in an empty folder is a student as well
        students = {_student((path.name, ""))[0] for path in place.iterdir() if path.is_dir() and path.name[0] != "."}
        students.discard("__MACOSX")
    for parts, read in _files(place):
        student, inner = _student(parts)
        students.add(student)
        if inner.endswith(".ipynb") and ".ipynb_checkpoints" not in inner:
            found.append(Handed(student, _printable(inner), read))
    if not found:
        raise CourseError(f"{place} holds no notebooks: it should hold one folder (or zip file) a student.")
    found.sort(key=lambda handed: (handed.student, natural(handed.place)))
    every = []
    for student, group in groupby(found, key=lambda handed: handed.student):
        *others, first = [*group][-MAX_NOTEBOOKS - 1 :][::-1]
        if len(others) == MAX_NOTEBOOKS:
            words = f"More than {MAX_NOTEBOOKS} notebooks were handed in: the last {MAX_NOTEBOOKS} are read."
            first = Handed(student, first.place, partial(_refuse, words))
        every += [first, *others[::-1]]
    return every, sorted(students)


def _files(place):
    """(the parts of its name, a function that reads it) of every file, inside zip files too."""
    if place.is_file():
        yield from _zipped((), lambda: place, inner_zips=None)
        return
    for path in sorted(place.rglob("*")):
        parts = path.relative_to(place).parts
        if any(part.startswith((".", "__MACOSX")) for part in parts) or path.is_symlink() or not path.is_file():
            continue
        if path.suffix.lower() == ".zip":
            yield from _zipped((*parts[:-1], path.stem), lambda path=path: path)
        else:
            yield parts, lambda path=path: _bounded(path.stat().st_size, path.read_bytes)


def _zipped(before, source, inner_zips=MAX_INNER):
    """The files of a zip file, as if it were a folder of its name; what is no zip file is one unreadable notebook.

    source: a function that gives its path, or its bytes as a file. inner_zips: how many zip files in it are read; None
    for all of them, in the zip file of a class.
    """
    try:
        with zipfile.ZipFile(source()) as archive:
            names = sorted(info.filename for info in archive.infolist() if not info.is_dir())
    except (zipfile.BadZipFile, OSError, Unreadable) as error:
        yield (*before, "damaged.zip.ipynb"), partial(_refuse, f"The zip file is damaged ({error}).")
        return
    zips = {*[name for name in names if name.lower().endswith(".zip")][:inner_zips]}
    for name in names[:MAX_FILES]:
        parts = PurePosixPath(name.replace("\\", "/")).parts
        parts = tuple(part for part in parts if part not in ("/", "..", "."))
        if not parts or any(part.startswith((".", "__MACOSX")) for part in parts):
            continue
        read = partial(_unzipped, source, name)
        if name in zips:
            folder = (*before, *parts[:-1], parts[-1][:-4])
            yield from _zipped(folder, lambda read=read: io.BytesIO(_last_read(read)), inner_zips=0)
        else:
            yield (*before, *parts), read


@lru_cache(1)
def _last_read(read):
    """What `read()` gives: a zip file inside another is not unpacked anew for each of its files."""
    return read()


def _refuse(words):
    raise Unreadable(words)


def _unzipped(source, name):
    try:
        with zipfile.ZipFile(source()) as archive, archive.open(name) as file:
            data = file.read(MAX_NOTEBOOK + 1)  # whatever size it claims
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise Unreadable(f"The zip file cannot be read: {error}.") from None
    return _bounded(len(data), lambda: data)


def _bounded(size, read):
    if size > MAX_NOTEBOOK:
        raise Unreadable(f"The file has more than {MAX_NOTEBOOK >> 20} MB: clear its outputs and hand it in again.")
    return read()


def _student(parts):
    """(student, the rest of the name)."""
    if len(parts) > 1:
        moodle = MOODLE.fullmatch(parts[0])
        return clean(moodle[1] if moodle else parts[0]), "/".join(parts[1:])
    canvas = CANVAS.fullmatch(parts[0])
    return (clean(canvas[1]), canvas[2]) if canvas else (clean(Path(parts[0]).stem), parts[0])


def clean(name):
    """A student's name as it may stand in a path: no slashes, no control characters, at most 120 bytes."""
    name = unicodedata.normalize("NFC", name)
    name = "".join("_" if c in '/\\:*?"<>|' or unicodedata.category(c)[0] == "C" else c for c in name).strip(" .")
    if len(name.encode()) > 120:
        digest = sha256(name.encode()).hexdigest()[:8]
        name = name.encode()[:110].decode(errors="ignore") + "~" + digest
    return name or "_"


def _printable(place):
    """A file's name without what would upset a terminal, or cannot be written as UTF-8."""
    return "".join("_" if unicodedata.category(c)[0] == "C" else c for c in place)


def natural(place):
    """A key that sorts "x 10" behind "x 9", and a copy behind what it is a copy of."""
    stem = place.removesuffix(".ipynb")
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", stem.casefold())]
