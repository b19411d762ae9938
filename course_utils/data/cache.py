"""The cache: files that were downloaded, added by hand or drawn once, each known by its name and checked when read.

    CACHE/happy/train_happy-official.h5                   downloaded, or added, with the published checksum
    CACHE/happy/train_happy-added-1f3a9c07.h5             another copy that was added; the name holds its sha256
    CACHE/happy/train_happy-drawn-7e0b51d2-90ab12cd.h5    the stand-in: the sha256 of the code that drew it, and its own
    CACHE/cifar10/cifar-10-batches-py-official/           an archive, unpacked
    CACHE/birds/bird_photos-added-5d20c1f8/               a set that is a folder, with a folder for each class

No published file has such a name, so nothing of anybody else's is ever taken for the cache's, or removed.
"""

import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import platformdirs
from filelock import FileLock, Timeout

from course_utils.data import folder as folders
from course_utils.data import formats
from course_utils.data.telling import tell
from course_utils.errors import CourseError
from course_utils.files import ROOT, atomic

LOCK_PATIENCE = 300  # seconds: another process may be downloading


class Part(NamedTuple):
    """One file's share of a set: {field: array}, where the file lies (None: nowhere), whether it is as published."""

    arrays: dict
    path: Path | None
    verified: bool


def folder():
    """COURSE_CACHE_DIR, or datasets/cache in a checkout, or the user's own cache."""
    if named := os.environ.get("COURSE_CACHE_DIR"):
        return Path(named).expanduser()
    if (ROOT / "pyproject.toml").is_file() and (ROOT / "datasets").is_dir():
        return ROOT / "datasets" / "cache"
    return platformdirs.user_cache_path("course-utils")


@contextmanager
def locked(chosen):
    """Keep other processes from filling the cache of this set at the same time.

    Where no lock is to be had (read-only, full, a network drive without locks) the block runs without one: files are
    replaced as a whole, so the worst is a second download.
    """
    lock = FileLock(folder() / chosen.name / ".lock", timeout=LOCK_PATIENCE)
    try:
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=1)
        except Timeout:
            tell(f"{chosen.name}: another process of the course prepares the pictures, which can take half a minute")
            lock.acquire()
    except (OSError, NotImplementedError):
        pass
    try:
        yield
    finally:
        lock.release()


def real(chosen, file):
    """The Part of a set that is kept, the published file before an added one; None where there is none."""
    return _first_intact(chosen, file, [_official_path(chosen, file), *_added_paths(chosen, file)])


def drawn(chosen):
    """The Parts of the set's stand-in, drawn unless they are kept, and why they could not be kept ("" if they are)."""
    parts = [_first_intact(chosen, file, _drawn_paths(chosen, file)) for file in chosen.files]
    if all(parts):
        return parts, ""
    tell(f"{chosen.name}: the course prepares the pictures, once, which can take half a minute")
    arrays = import_module(chosen.drawing).draw()
    parts, problems = [], []
    for file in chosen.files:
        content = formats.write(file, arrays)
        path = _drawn_path(chosen, file, content)
        problems.append(_write(path, content))
        _remove(old for old in _like(chosen, file, "drawn-*") if old != path)
        fields = formats.read(chosen, file, content, f"the drawn {file.name}", any_count=True)
        if problems[-1]:  # what is read from files needs some, even so
            path = folders.for_this_process(content) if isinstance(content, dict) else None
        parts.append(Part(fields, path, False))
    return parts, max(problems)


def keep(chosen, file, content):
    """Keep the content of a checked file instead of earlier copies; returns (path, "") or (None, why not)."""
    official = _official_path(chosen, file)
    path = official if formats.is_official(file, content) else _added_path(chosen, file, content)
    problem = _write(path, content)
    if problem:
        return None, problem
    _remove(old for old in _added_paths(chosen, file) if old != path)
    return path, ""


def paths(chosen, file):
    """Everything that is kept for a file of the set: the published file, added copies, the stand-in."""
    candidates = [_official_path(chosen, file), *_added_paths(chosen, file), *_drawn_paths(chosen, file)]
    return [path for path in candidates if os.path.exists(path)]


def examine(chosen, file, path):
    """The Part in a file of the cache, or None where the file is damaged or cannot be read."""
    try:
        content = formats.content_of(file, path)
        drawn = False
        if path == _official_path(chosen, file):
            intact = formats.is_official(file, content)
        else:
            drawn = path == _drawn_path(chosen, file, content)
            intact = drawn or path == _added_path(chosen, file, content)
        if intact:
            fields = formats.read(chosen, file, content, path.name, any_count=drawn)
            return Part(fields, path, path == _official_path(chosen, file))
    except (OSError, CourseError):
        pass
    return None


def _first_intact(chosen, file, candidates):
    """The first good Part among the paths; damaged ones on the way are removed, with a word."""
    for path in candidates:
        if os.path.exists(path):
            if part := examine(chosen, file, path):
                return part
            _remove([path])
            word = "cannot be removed, and is not used" if os.path.exists(path) else "has been removed"
            print(f"{chosen.name}: {path.name} in the cache was damaged and {word}")
    return None


def _path(chosen, file, mark):
    name = Path(file.name)
    return folder() / chosen.name / f"{name.stem}-{mark}{name.suffix}"


def _official_path(chosen, file):
    return _path(chosen, file, "official")


def _added_path(chosen, file, content):
    return _path(chosen, file, f"added-{formats.digest(content)[:8]}")


def _added_paths(chosen, file):
    return _like(chosen, file, "added-*")


def _drawn_path(chosen, file, content):
    return _path(chosen, file, f"drawn-{_code(chosen)}-{formats.digest(content)[:8]}")


def _drawn_paths(chosen, file):
    return _like(chosen, file, f"drawn-{_code(chosen)}-*")


def _code(chosen):
    """The start of the sha256 of the code that draws the set, so that a change in it makes other paths."""
    sources = [find_spec(module).origin for module in ("course_utils.data.drawing", chosen.drawing)]
    return hashlib.sha256(b"".join(Path(source).read_bytes() for source in sources)).hexdigest()[:8]


def _like(chosen, file, mark):
    pattern = _path(chosen, file, mark)
    return sorted(pattern.parent.glob(pattern.name))


def _write(path, content):
    """Write the content, whole or not at all; returns why it could not be written, or ""."""
    _remove(path.parent.glob(f".{path.name}.*"))  # left by a process that was killed while it wrote
    try:
        if isinstance(content, dict):
            _write_folder(path, content)
        else:
            with atomic(path) as temporary:
                temporary.write_bytes(content)
    except OSError as error:
        return error.strerror or "it cannot be written"
    return ""


def _write_folder(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        folders.write(temporary, content)
        temporary.chmod(0o755)
        _remove([path])
        temporary.rename(path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _remove(unwanted):
    for path in unwanted:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            with suppress(OSError):
                path.unlink()
