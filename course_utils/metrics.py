"""A notebook publishes its headline numbers; `course run` collects them."""

import json
import os

FILE = "COURSE_METRICS"  # the environment variable in which `course run` names the file that it will read


def record(name, value):
    """Publish the number `value` under `name`. A reader sees nothing of it; outside `course run` nothing happens."""
    value = float(value)
    if FILE in os.environ:
        with open(os.environ[FILE], "a", encoding="utf-8") as file:
            file.write(json.dumps({name: value}) + "\n")


def recorded(path):
    """The numbers that were published to the file at `path`: {name: value}; of one name the last counts."""
    metrics = {}
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                metrics |= json.loads(line)
    return metrics
