"""What is in a file: recognised by its checksum, read as a whole or refused in one sentence."""

import hashlib
import io
import os
from contextlib import nullcontext
from pathlib import Path

import h5py
import numpy as np

from course_utils.data import cifar_pickles, folder
from course_utils.data.catalogue import Archive, Folder
from course_utils.errors import CourseError

GZIP, TAR = b"\x1f\x8b", b"ustar"  # how such files begin, the latter at its place 257


def content_of(file, path):
    """What lies at the path: a file's bytes, or the files of a Folder or an Archive, {"Cockatoo/001.jpg": bytes}.

    Raises OSError, and CourseError for a folder that cannot be learned from.
    """
    if isinstance(file, Folder):
        return folder.collect(path)
    if isinstance(file, Archive) and path.is_dir():
        return cifar_pickles.collect(path, file.members)
    return unpacked(file, path.read_bytes(), path.name)


def unpacked(file, content, label):
    """The content of a file, a packed Archive as {name: bytes}; raises CourseError that calls it `label`."""
    if isinstance(file, Archive) and (content.startswith(GZIP) or content[257:262] == TAR):
        return cifar_pickles.unpack(content, file.members, label)
    return content


def digest(content):
    """The sha256 of a file's content, or of a folder's names and contents, in hexadecimal digits."""
    if isinstance(content, dict):
        content = b"".join(os.fsencode(f"{name} {digest(content[name])}\n") for name in sorted(content))
    return hashlib.sha256(content).hexdigest()


def is_official(file, content):
    """Whether this is the published file: by sha256, or by the Git blob id of its address. A Folder never is.

    Of an Archive, the packed one by its sha256, its files by their md5.
    """
    if isinstance(file, Folder):
        return False
    if isinstance(content, dict):
        return file.members == {name: hashlib.md5(content[name], usedforsecurity=False).hexdigest() for name in content}
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    return digest(content) == file.sha256 or blob == file.blob


def other_thing(content):
    """What servers like to send under a data file's name: "a web page", "a Git LFS pointer", or None."""
    start = content[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!", b"<html", b"<head", b"<?xml")):
        return "a web page"
    if start.startswith(b"version https://git-lfs"):
        return "a Git LFS pointer"
    return None


def read(chosen, file, content, label, any_count=False):
    """The arrays in the content of one file of the set `chosen`: {field of Dataset: array}.

    Pictures are uint8 (n, *chosen.shape), labels int64 (n,) from 0; n as published unless `any_count`. A Folder and an
    Archive may have any number of pictures; a Folder gives the field class_names, too.
    Raises CourseError with one sentence that calls the file `label`; nothing is ever half read.
    """
    if isinstance(file, Folder):
        return folder.read(content, chosen.shape, label)
    for name, piece in content.items() if isinstance(content, dict) else [("", content)]:
        if thing := other_thing(piece):
            raise CourseError(f"{label}{name and '/'}{name} is {thing}, not the data: download the file itself.")
    any_count = any_count or isinstance(file, Archive)
    try:
        with _open(file, content, label) as store:
            _refuse_other_file(chosen, file, store, label)
            found = {key: store[key] for key in _keys(file)}  # for HDF5 nothing is read yet
            for pictures, labels in _pairs(file):
                count = chosen.counts[pictures]
                if any_count:
                    count = max(1, found[file.arrays[pictures]].shape[0])
                _refuse_other_shape(found, file.arrays[pictures], (count, *chosen.shape), "uint8", label)
                if found[file.arrays[labels]].shape in ((1, count), (count, 1)):  # as many a course handles them
                    found[file.arrays[labels]] = np.ravel(found[file.arrays[labels]])
                _refuse_other_shape(found, file.arrays[labels], (count,), "whole numbers", label)
            found = {key: array[()] for key, array in found.items()}
    except CourseError:
        raise
    except Exception:  # zipfile, zlib, NumPy and HDF5 each have their own ways to fail on broken bytes
        raise CourseError(f"{label} is damaged or cut short: get it again.") from None

    last = len(chosen.class_names) - 1
    if "list_classes" in found and not np.array_equal(found["list_classes"], np.arange(last + 1)):
        raise CourseError(f"{label} lists other classes than 0 to {last}: it is no file of {chosen.name}.")
    arrays = {field: found[key] for field, key in file.arrays.items()}
    for _, labels in _pairs(file):
        if arrays[labels].min() < 0 or arrays[labels].max() > last:
            raise CourseError(f"{label} holds labels outside 0 to {last}: it is no file of {chosen.name}.")
        arrays[labels] = arrays[labels].astype(np.int64)
    return arrays


def write(file, drawn):
    """The content of a file in its published format (HDF5, npz, Folder), made from the arrays `drawn`, {key: array}.

    HDF5 and npz keep checksums of what they hold here, so that damage shows when it is read.
    """
    if isinstance(file, Folder):
        return folder.encode(drawn)
    buffer = io.BytesIO()
    if _is_npz(file):
        np.savez_compressed(buffer, **{key: drawn[key] for key in _keys(file)})
    else:
        with h5py.File(buffer, "w") as store:
            for key in _keys(file):
                store.create_dataset(key, data=drawn[key], fletcher32=True)
    return buffer.getvalue()


def _is_npz(file):
    return isinstance(file, Archive) or Path(file.name).suffix == ".npz"


def _open(file, content, label):
    """What holds the arrays, {key: array}, as a context."""
    if isinstance(content, dict):
        return nullcontext(cifar_pickles.read(content, label))
    buffer = io.BytesIO(content)
    return np.load(buffer, allow_pickle=False) if _is_npz(file) else h5py.File(buffer, "r")


def _keys(file):
    return [*file.arrays.values()] + ([] if _is_npz(file) else ["list_classes"])


def _pairs(file):
    """The fields of pictures and of their labels that belong together."""
    return [(field, field.replace("x_", "y_")) for field in file.arrays if field.startswith("x_")]


def _refuse_other_file(chosen, file, store, label):
    """Raise CourseError where keys are missing, and say so where the file is really the set's other one."""
    missing = [key for key in _keys(file) if key not in store]
    for other in chosen.files:
        if other == file:
            continue
        has_its_keys = missing and all(key in store for key in _keys(other))
        has_its_counts = not missing and all(
            store[key].shape[:1] == (chosen.counts[field],)
            for key, field in zip(file.arrays.values(), other.arrays, strict=True)
        )
        if has_its_keys or has_its_counts:
            raise CourseError(f"{label} is really {other.name} under another name: put {file.name} in its place.")
    if missing:
        raise CourseError(f"{label} has no {' and no '.join(missing)}: it is not {file.name} of {chosen.name}.")


def _refuse_other_shape(found, key, shape, kind, label):
    array = found[key]
    fits = array.dtype == np.uint8 if kind == "uint8" else array.dtype.kind in "iu"
    if array.shape != shape or not fits:
        raise CourseError(
            f"{label} holds {key} of shape {array.shape} and type {array.dtype}, where {shape} and {kind} are "
            "expected: put the published file in its place."
        )
