"""CIFAR-10 as it is published: six Python pickles, each a dict of pictures and labels, in a folder or a tar archive.

A pickle may name any function to be called while it is read. Here it may name NumPy's arrays, or it is refused.
"""

import io
import pickle
import tarfile

import numpy as np

from course_utils.errors import CourseError

_ARRAY = np.zeros(1)
_ALLOWED = {  # what a pickled array consists of, in the words of NumPy 1 and 2
    ("multiarray", "_reconstruct"): _ARRAY.__reduce__()[0],
    ("numeric", "_frombuffer"): _ARRAY.__reduce_ex__(5)[0],
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): lambda text, encoding: text.encode("latin1"),  # bytes, where Python 3 writes for Python 2
}


def collect(path, names):
    """The files of those names in a folder, {name: bytes}; raises OSError, and CourseError where one is missing.

    The folder may hold the one with the files, as in Keras's cache.
    """
    inside = path / "cifar-10-batches-py"
    folder = inside if inside.is_dir() else path
    _refuse_incomplete([file.name for file in folder.iterdir() if file.is_file()], names, path.name)
    return {name: (folder / name).read_bytes() for name in names}


def unpack(content, names, label):
    """The files of those names in the bytes of a tar archive, {name: bytes}; raises CourseError."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            found = {
                member.name.rpartition("/")[2]: archive.extractfile(member).read()
                for member in archive
                if member.isfile()
            }
    except Exception:  # tarfile, gzip and zlib each have their own ways to fail on broken bytes
        raise CourseError(f"{label} is damaged or cut short: get it again.") from None
    _refuse_incomplete(found, names, label)
    return {name: found[name] for name in names}


def _refuse_incomplete(found, names, label):
    missing = [name for name in names if name not in found]
    if not missing:
        return
    for ending, version in ((".bin", "binary"), (".mat", "Matlab")):
        if f"{missing[0]}{ending}" in found:
            raise CourseError(f"{label} is the {version} version of CIFAR-10: get the Python version instead.")
    raise CourseError(f"{label} has no {missing[0]}: it takes {', '.join(names)}.")


def read(content, label):
    """The arrays in {name: bytes}: x_train, y_train of all but the last file, x_test, y_test of the last one.

    Pictures (n, 32, 32, 3) as they are stored, labels (n,). Raises CourseError with one sentence about a bad file.
    """
    parts = [_read(batch, f"{label}/{name}") for name, batch in content.items()]
    pictures, labels = zip(*parts, strict=True)
    return {
        "x_train": np.concatenate(pictures[:-1]),
        "y_train": np.concatenate(labels[:-1]),
        "x_test": pictures[-1],
        "y_test": labels[-1],
    }


def _read(batch, label):
    """The pictures and labels of one batch."""
    try:
        stored = _Unpickler(io.BytesIO(batch), encoding="bytes").load()
        for key in "data", "labels":
            if key.encode() not in stored:
                raise CourseError(f"{label} has no {key}: it is no batch of CIFAR-10.")
        pictures, labels = stored[b"data"], np.asarray(stored[b"labels"])
        fits = pictures.shape == (len(labels), 3072) and pictures.dtype == np.uint8 and labels.dtype.kind in "iu"
        pictures = pictures.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1) if fits else None  # stored red, green, blue
    except CourseError:
        raise
    except _ForeignCode as error:
        raise CourseError(
            f"{label} asks for {error} to be run, which no batch of CIFAR-10 does: get it again."
        ) from None
    except Exception:  # broken bytes make the machine that reads pickles fail in many ways
        raise CourseError(f"{label} is damaged or cut short: get it again.") from None
    if pictures is None or labels.ndim != 1:
        raise CourseError(f"{label} does not hold 32x32x3 bytes and one label for each picture: get it again.")
    return pictures, labels


class _ForeignCode(Exception):
    """A name that a pickle asks for, and no batch does."""


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        key = module.rpartition(".")[2], name
        if module.partition(".")[0] in ("numpy", "_codecs") and key in _ALLOWED:
            return _ALLOWED[key]
        raise _ForeignCode(f"{module}.{name}")
