"""The cache: files that were downloaded, added by hand or drawn once, each known by its name and checked when read.

    CACHE/happy/train_happy-official.h5          downloaded, or added, with the published checksum
    CACHE/happy/train_happy-added-1f3a9c07.h5    another copy that was added; the name holds its sha256
    CACHE/happy/train_happy-drawn-7e0b51d2.h5    the stand-in; the name holds the sha256 of the code that drew it

No published file has such a name, so nothing of anybody else's is ever taken for the cache's, or removed.
"""

import hashlib
import os
from contextlib import contextmanager, suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import platformdirs
from filelock import FileLock

from course_utils.data import formats
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
    paths = {file: _drawn_path(chosen, file) for file in chosen.files}
    parts = [_first_intact(chosen, file, [path]) for file, path in paths.items()]
    if all(parts):
        return parts, ""
    arrays = import_module(chosen.drawing).draw()
    parts, problems = [], []
    for file, path in paths.items():
        content = formats.write(file, arrays)
        problems.append(_write(path, content))
        _remove(old for old in _like(chosen, file, "drawn-*") if old != path)
        fields = formats.read(chosen, file, content, f"the drawn {file.name}", any_count=True)
        parts.append(Part(fields, None if problems[-1] else path, False))
    return parts, max(problems)


def keep(chosen, file, content):
    """Keep the bytes of a checked file instead of earlier copies; returns (path, "") or (None, why not)."""
    official = _official_path(chosen, file)
    path = official if formats.is_official(file, content) else _added_path(chosen, file, content)
    problem = _write(path, content)
    if problem:
        return None, problem
    _remove(old for old in _added_paths(chosen, file) if old != path)
    return path, ""


def paths(chosen, file):
    """Everything that is kept for a file of the set: the published file, added copies, the stand-in."""
    candidates = [_official_path(chosen, file), *_added_paths(chosen, file), _drawn_path(chosen, file)]
    return [path for path in candidates if os.path.exists(path)]


def examine(chosen, file, path):
    """The Part in a file of the cache, or None where the file is damaged or cannot be read."""
    try:
        content = path.read_bytes()
        if path == _official_path(chosen, file):
            intact = formats.is_official(file, content)
        else:
            intact = path in (_added_path(chosen, file, content), _drawn_path(chosen, file))
        if intact:
            drawn = path == _drawn_path(chosen, file)
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
    return _path(chosen, file, f"added-{hashlib.sha256(content).hexdigest()[:8]}")


def _added_paths(chosen, file):
    return _like(chosen, file, "added-*")


def _drawn_path(chosen, file):
    """Where a file of the stand-in is kept; a change in the code that draws it makes another path."""
    sources = [find_spec(module).origin for module in ("course_utils.data.drawing", chosen.drawing)]
    code = hashlib.sha256(b"".join(Path(source).read_bytes() for source in sources)).hexdigest()
    return _path(chosen, file, f"drawn-{code[:8]}")


def _like(chosen, file, mark):
    pattern = _path(chosen, file, mark)
    return sorted(pattern.parent.glob(pattern.name))


def _write(path, content):
    """Write the bytes, whole or not at all; returns why they could not be written, or ""."""
    _remove(path.parent.glob(f".{path.name}.*"))  # left by a process that was killed while it wrote
    try:
        with atomic(path) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        return error.strerror or "it cannot be written"
    return ""


def _remove(unwanted):
    for path in unwanted:
        with suppress(OSError):
            path.unlink()
