"""A notebook publishes its headline numbers and curves; `course run` and `course results` collect them."""

import json
import os

FILE = "COURSE_METRICS"  # the environment variable in which `course run` names the file that it will read


def record(name, value):
    """Publish `value`, a number or a list of them (a curve, or several runs), under `name`.

    A reader sees nothing of it; outside `course run` and `course results` nothing happens.
    """
    import numpy as np

    if FILE in os.environ:
        value = np.asarray(value, float).tolist()
        with open(os.environ[FILE], "a", encoding="utf-8") as file:
            file.write(json.dumps({name: value}) + "\n")


def published(path):
    """What was published to the file at `path`: ({name: number}, {name: list}); of one name the last counts."""
    found = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                found |= json.loads(line)
    curves = {name: value for name, value in found.items() if isinstance(value, list)}
    return {name: value for name, value in found.items() if name not in curves}, curves
