"""Classic convolutional networks and ResNets: what the course's notebooks import.

Nothing heavy is imported before it is needed: TensorFlow takes two seconds.
"""

from importlib import import_module

from course_utils.metrics import record
from course_utils.profiles import settings

_HOMES = {
    "check": "course_utils.check",
    "networks": "course_utils.networks",
    "plots": "course_utils.plots",
    "training": "course_utils.training",
    "load": "course_utils.data:load",
    "own_picture": "course_utils.data.pictures:own_picture",
    "progress": "course_utils.workspace:progress",
    "recorded": "course_utils.results:recorded",
}

__all__ = ["record", "settings", *_HOMES]


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    found = import_module(module)
    return getattr(found, attribute) if attribute else found


def __dir__():
    return __all__
