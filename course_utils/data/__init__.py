"""Where pictures come from: `load("happy")`, and `own_picture("me.jpg")` for one of one's own."""

from importlib import import_module

from course_utils.data.catalogue import SETS

_HOMES = {"load": "loading", "Dataset": "loading", "Source": "loading", "own_picture": "pictures"}

NAMES = tuple(SETS)
__all__ = ["NAMES", *_HOMES]


def __getattr__(name):
    """Import h5py and the like only when somebody loads something: `course --help` goes without."""
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
