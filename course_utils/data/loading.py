"""`load`: the folder in COURSE_DATA_DIR, the cache, the network, the course's own stand-in, in this order."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_utils.data import cache, catalogue, folder, formats, network
from course_utils.errors import CourseError

IS_THERE = {catalogue.File: os.path.isfile, catalogue.Folder: os.path.isdir, catalogue.Archive: os.path.exists}
COPY = re.compile(r"^copy of | ?\(\d+\)(?=\.|$)|(-| - | )copy( ?\(?\d+\)?)?(?=\.|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Source:
    """Where the pictures came from; `str(source)` says it in words.

    kind: "folder" (COURSE_DATA_DIR), "cache", "download" or "embedded" (drawn); paths: the files, for birds the folder
    of class folders, none where nothing could be kept; verified: whether every file has its published checksum, so
    False for what is drawn.
    """

    kind: str
    paths: tuple[Path, ...]
    verified: bool
    words: str

    def __str__(self):
        return self.words


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Pictures and labels: x uint8 (n, 64, 64, 3), for mnist (n, 28, 28), for cifar10 (n, 32, 32, 3), for birds
    (n, 224, 224, 3); y int64 (n,), an index of class_names.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    source: Source

    def __repr__(self):
        return f"<{self}>"

    def __str__(self):
        return f"{self.name}: {len(self.x_train)} training and {len(self.x_test)} test pictures {self.source}"


def load(name):
    """Load the set of that name ("happy", "signs", "mnist", "cifar10", "birds"), and say where it came from, in a line.

    Looks in the folder COURSE_DATA_DIR, the cache and the network (unless COURSE_OFFLINE=1), and draws a stand-in of
    the same shapes where none of them has it. Where the set is a folder of pictures, the folder names the classes, and
    x_test is the fifth that Keras's image_dataset_from_directory holds out with seed 123. Returns a Dataset. Raises
    CourseError for an unknown name and for what lies in COURSE_DATA_DIR and is not what it should be.
    """
    chosen = catalogue.find(name)
    parts, source = _from_folder(chosen) or _from_cache_or_network(chosen)
    fields = {field: array for part in parts for field, array in part.arrays.items()}
    data = Dataset(name=name, **({"class_names": chosen.class_names} | fields), source=source)
    print(data)
    return data


def in_folder(place, chosen):
    """The files of a set in a folder or its subfolder of the set's name: {File: path}, official names first.

    Last come names that browsers and systems make of these for a second copy, such as "train_signs (1).h5".
    """
    folders = [place / chosen.name, place] if place else []
    listed = [path for one in folders if one.is_dir() and os.access(one, os.R_OK) for path in sorted(one.iterdir())]
    found = {}
    for file in chosen.files:
        names = file.name, *file.also
        paths = [one / name for name in names for one in folders]
        paths += [path for path in listed if COPY.sub("", path.name) in names]
        is_there = IS_THERE[type(file)]
        path = next((path for path in paths if is_there(path)), None)
        if path:
            found[file] = path
    return found


def read_path(chosen, file, path):
    """The Part in a file that somebody supplied; raises CourseError with one sentence about what is wrong with it."""
    try:
        content = formats.content_of(file, path)
    except OSError as error:
        raise CourseError(f"{path.name} cannot be read: {error.strerror}.") from None
    arrays = formats.read(chosen, file, content, path.name)
    return cache.Part(arrays, path, formats.is_official(file, content))


def data_dir():
    """The folder that COURSE_DATA_DIR names, or None."""
    named = os.environ.get("COURSE_DATA_DIR")
    return Path(named).expanduser() if named else None


def _from_folder(chosen):
    """The Parts and the Source of a set in COURSE_DATA_DIR, or None where it holds none of it."""
    if not (found := in_folder(data_dir(), chosen)):
        return None
    for file in chosen.files:
        if file not in found:
            there = ", ".join(path.name for path in found.values())
            raise CourseError(f"COURSE_DATA_DIR has {there} without {file.name}: put it there, too.")
    parts = [read_path(chosen, file, path) for file, path in found.items()]
    note = ""
    if isinstance(chosen.files[0], catalogue.Folder):
        (part,) = parts
        note = folder.passed_over(part.path)
        parts = [part._replace(path=folder.as_keras_finds(part.path))]  # for those who read the files themselves
    return parts, _source("folder", parts, "from COURSE_DATA_DIR", note)


def _from_cache_or_network(chosen):
    note = f"; COURSE_DATA_DIR has no {chosen.name}" if data_dir() else ""
    with cache.locked(chosen):
        try:
            parts, kind, problem = _real(chosen)
        except network.Unavailable as why:
            parts, problem = cache.drawn(chosen)
            kind, origin = "embedded", f"{chosen.drawn_by} (embedded), because {why}"
        else:
            origin = "from the cache" if kind == "cache" else "from the network"
    if problem:
        note = f"; not kept, as the cache cannot be written ({problem}){note}"
    return parts, _source(kind, parts, origin, note)


def _real(chosen):
    """The Parts of the real set, the kind of source, and why something could not be kept; raises Unavailable."""
    parts, kind, problem = [], "cache", ""
    for file in chosen.files:
        part = cache.real(chosen, file)
        if part is None:
            kind = "download"
            content = network.download(chosen, file)
            path, problem = cache.keep(chosen, file, content)
            part = cache.Part(formats.read(chosen, file, content, file.name), path, True)
        parts.append(part)
    return parts, kind, problem


def _source(kind, parts, origin, note=""):
    verified = all(part.verified for part in parts)
    if kind != "embedded":
        origin += " (verified)" if verified else " (unverified copy)"
    paths = tuple(part.path for part in parts if part.path)
    return Source(kind, paths, verified, origin + note)
