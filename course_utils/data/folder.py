"""Picture files in class folders: found in the order, and split as, keras.utils.image_dataset_from_directory does it.

    bird_photos/Bananaquit/001.jpg
    bird_photos/Cockatoo/001.jpg

Everything is looked at before anything is used: what cannot be learned from is named, file by file.
"""

import io
import os
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image

from course_utils.data import pictures
from course_utils.errors import CourseError

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")  # what Keras takes for pictures
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "WEBP")  # what TensorFlow reads, under any of these names
SYSTEM = ("@eadir", "#recycle", "$recycle.bin", "__macosx", "system volume information", "desktop.ini", "thumbs.db")
SPLIT, SEED = 0.2, 123  # the part that is held out, and the order: validation_split and seed in Keras's words
FEWEST = 5  # pictures: of fewer nothing would be held out

_kept = []  # temporary folders that last as long as the process


def collect(path):
    """The picture files below a folder: {"Cockatoo/001.jpg": bytes}, class by class, each class sorted by name.

    What is hidden, what systems lay beside pictures and files that are no pictures by their name are passed over.
    Raises CourseError for a folder without two classes, a class without pictures, a file that cannot be read and a link
    that leads outside.
    """
    label = Path(os.path.abspath(path)).name
    root = os.path.realpath(path)
    if not os.path.isdir(root):
        raise CourseError(f"{label} is not a folder: name the one that holds a folder of pictures for each class.")
    names = _classes(root)
    if not names:
        raise CourseError(f"{label} holds no class folders: put the pictures of each class into a folder of its name.")
    if len(names) == 1:
        raise CourseError(f"{label} holds one class only, {names[0]}: to tell classes apart takes two or more.")
    content = {}
    for name in names:
        found, others = _below(root, name, label)
        if not found:
            only = f", only {_counted(others)}" if others else ""
            raise CourseError(
                f"{label}/{name} holds no pictures ({', '.join(SUFFIXES)}){only}: add some, or take the folder away."
            )
        content |= {file: _bytes(root, file, label) for file in found}
    if len(content) < FEWEST:
        raise CourseError(f"{label} holds {len(content)} pictures: it takes {FEWEST} or more to hold some out.")
    return content


def passed_over(path):
    """What `collect` passed over in the class folders by its name, as the end of a sentence; "" for nothing."""
    root = os.path.realpath(path)
    others = [file for name in _classes(root) for file in _below(root, name, "")[1]]
    return f"; passed over by their names: {_counted(others)}" if others else ""


def as_keras_finds(path):
    """A folder in which Keras, which looks into hidden folders, too, finds the pictures of `collect` and no others.

    That is `path`, or else a temporary folder, or None where no such folder is to be had.
    """
    root = os.path.realpath(path)
    classes = [entry.name for entry in os.scandir(root) if entry.is_dir() and not entry.name.startswith(".")]
    theirs = sum(
        file.lower().endswith(SUFFIXES)
        for name in classes
        for _, _, files in os.walk(os.path.join(root, name))
        for file in files
    )
    ours = sum(len(_below(root, name, "")[0]) for name in _classes(root))
    return path if len(classes) == len(_classes(root)) and theirs == ours else for_this_process(collect(path))


def read(content, shape, label):
    """Decode the files that `collect` found: {field of Dataset: value}, class_names among them.

    Pictures are uint8 (n, *shape): converted to RGB, the largest centred part with the proportions of `shape`, resized.
    The order is Keras's for seed 123, of which the last fifth is x_test, y_test. Raises CourseError for a file that is
    no picture or a broken one.
    """
    names = list(dict.fromkeys(file.partition("/")[0] for file in content))
    x, y = np.empty((len(content), *shape), np.uint8), np.empty(len(content), np.int64)
    files = list(content)
    for place, number in enumerate(order(len(files))):
        file = files[number]
        x[place] = pictures.read(content[file], shape[:2], f"{label}/{file}", ", or take it out of the folder", FORMATS)
        y[place] = names.index(file.partition("/")[0])
    train = len(x) - int(SPLIT * len(x))
    return {
        "x_train": x[:train],
        "y_train": y[:train],
        "x_test": x[train:],
        "y_test": y[train:],
        "class_names": tuple(names),
    }


def order(count):
    """The order in which Keras's image_dataset_from_directory deals `count` sorted files."""
    numbers = np.arange(count)
    np.random.RandomState(SEED).shuffle(numbers)
    return numbers


def encode(drawn):
    """What `collect` would find if the drawn pictures lay in a folder as JPEG: numbered from 001 in every class."""
    content, number = {}, dict.fromkeys(range(len(drawn["class_names"])), 0)
    for picture, label in zip(drawn["pictures"], drawn["labels"].tolist(), strict=True):
        number[label] += 1
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, "JPEG", quality=90)
        content[f"{drawn['class_names'][label]}/{number[label]:03}.jpg"] = buffer.getvalue()
    return content


def write(path, content):
    """Write the files of `content` below a folder that does not exist yet."""
    for file, picture in content.items():
        target = path / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(picture)


def for_this_process(content):
    """A temporary folder with the files, removed when Python ends; None where no such folder is to be had."""
    try:
        _kept.append(tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True))
        write(Path(_kept[-1].name), content)
    except OSError:
        return None
    return Path(_kept[-1].name)


def _classes(root):
    return sorted(entry.name for entry in os.scandir(root) if entry.is_dir() and not _hidden(entry.name))


def _below(root, name, label):
    """The pictures and the other files of one class, as paths from `root` in Keras's order.

    Raises CourseError for a link that leads out.
    """
    found, others = [], []
    _refuse_link(root, name, label)
    for place, folders, files in os.walk(os.path.join(root, name)):
        folders[:] = [folder for folder in folders if not _hidden(folder)]
        below = Path(place).relative_to(root)
        for folder in folders:
            _refuse_link(root, (below / folder).as_posix(), label)
        visible = [(below / file).as_posix() for file in sorted(files) if not _hidden(file)]
        found.append((place, [file for file in visible if file.lower().endswith(SUFFIXES)]))
        others += [file for file in visible if not file.lower().endswith(SUFFIXES)]
    return [file for _, files in sorted(found) for file in files], others


def _hidden(name):
    return name.startswith(".") or name.lower() in SYSTEM


def _counted(files):
    """How many files there are of each kind that is no picture: "3 .heic, 1 .webp"."""
    kinds = Counter(Path(file).suffix.lower() or "without an ending" for file in files)
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def _refuse_link(root, file, label):
    path = os.path.join(root, file)
    if os.path.islink(path) and not Path(os.path.realpath(path)).is_relative_to(root):
        raise CourseError(f"{label}/{file} is a link that leads out of the folder: put a copy in its place.")


def _bytes(root, file, label):
    _refuse_link(root, file, label)
    path = Path(root, file)
    try:
        if path.is_file():  # neither a broken link nor a pipe, on which reading would wait for ever
            return path.read_bytes()
        why = "it is a link that leads nowhere" if path.is_symlink() else "it is no file"
    except OSError as error:
        why = error.strerror
    raise CourseError(f"{label}/{file} cannot be read ({why}): take it out of the folder.")
